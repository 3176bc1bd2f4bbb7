"""What came of a campaign, by intention to treat: customers are compared as drawn, whatever became of the call.

Money is in the currency of the declaration.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from churn.campaigns.differences import Arms, Interval, always_valid, at_one_look, sample_ratio
from churn.campaigns.holdout import HOLD_OUT, TREAT
from churn.campaigns.plans import Offer
from churn.campaigns.two_lists import CHALLENGER, CHAMPION
from churn.intervals import wilson

Floats = NDArray[np.float64]

# Customers whose costs are computed at a time.
_ROWS = 50_000


class Terms(NamedTuple):
    """What a campaign was drawn and started with; `share` is that of the hold-out, `ends` started + label window."""

    offers: Sequence[Offer]
    share: float
    started: date
    ends: date


def result(contacts: pl.DataFrame, terms: Terms, *, final: bool) -> dict[str, Any]:
    """What GET /campaigns/<id>/result shows, without what is not computed here: id, status, moments, save rates, words.

    `contacts` has the columns of `churn.campaigns.contacts`, and of each customer's outcome left_at and stayed_until
    (pl.Date), accepted (pl.Boolean) and cost (pl.Float64), null where they are not known. `final` is whether the
    campaign is closed and its outcomes are in: then the intervals are Newcombe's, else those of a confidence sequence.
    Figures that nobody can know yet are None.
    """
    rows = observed(contacts, terms, final=final)
    treated, held_out = rows.filter(arm=TREAT), rows.filter(arm=HOLD_OUT)
    known = rows["left"].is_not_null()
    cost = float(sum(costs(piece, terms.offers).sum() for piece in treated.iter_slices(_ROWS)))
    return {
        "treated": _arm(treated),
        "held_out": _arm(held_out),
        **_differences(rows, treated, cost, float(treated["expected_value"].sum()), final=final),
        "sample_ratio": sample_ratio(_known(treated), _known(held_out), terms.share),
        "accepted": _accepted(treated),
        "already_left": contacts.height - rows.height,
        "unknown": int((~known).sum()),
    }


def compared(contacts: pl.DataFrame, terms: Terms, *, final: bool) -> dict[str, Any]:
    """What the challenger's list does more than the champion's, as GET /campaigns/<id>/result shows it, without words.

    `contacts` are those on whom the lists differ, as `result` has them, with `list`: half of them were drawn for what
    either list says. Figures are those of all of them, if they got what the one list says and not what the other does;
    what both lists say of others is no part of the difference.
    """
    rows = observed(contacts, terms, final=final)
    champion, challenger = (rows.filter(pl.col("list") == name) for name in (CHAMPION, CHALLENGER))
    costs, promises = zip(*(_uses(each, rows.height, terms.offers) for each in (champion, challenger)), strict=True)
    # They are compared as those who are treated are with the held out.
    of_challenger = pl.when(pl.col("list") == CHALLENGER)
    arms = rows.with_columns(arm=of_challenger.then(pl.lit(TREAT)).otherwise(pl.lit(HOLD_OUT)))
    return {
        "champion": _arm(champion),
        "challenger": _arm(challenger),
        **_differences(arms, rows, costs[1] - costs[0], promises[1] - promises[0], final=final),
        "sample_ratio": sample_ratio(_known(challenger), _known(champion), 0.5),
        "already_left": contacts.height - rows.height,
        "unknown": int(rows["left"].is_null().sum()),
    }


def _uses(drawn: pl.DataFrame, count: int, offers: Sequence[Offer]) -> tuple[float, float]:
    """What a list costs and promises if so many customers are treated as those who were drawn for it."""
    treated, each = drawn.filter(pl.col("arm") == TREAT), count / max(drawn.height, 1)
    return float(costs(treated, offers).sum()) * each, float(treated["expected_value"].sum()) * each


def observed(contacts: pl.DataFrame, terms: Terms, *, final: bool) -> pl.DataFrame:
    """The contacts with `left` (pl.Boolean): whether each left after the start and until a day, null if not known.

    Whoever left on the day of the start or before is dropped. The day is the end of the label window, and while that is
    not over the last one until which most of those who did not leave are known to have stayed: leavers are told of at
    once, and those who stay later, so of the last days only those who left are known.
    """
    is_there = (contacts["left_at"] > terms.started).fill_null(value=True)
    rows = contacts if is_there.all() else contacts.filter(is_there)
    day = terms.ends if final else _known_until(rows, terms)
    if day <= terms.started:
        return rows.with_columns(left=pl.lit(None, pl.Boolean))
    left, stayed = pl.col("left_at"), pl.col("stayed_until")
    return rows.with_columns(
        left=pl.when(left.is_not_null()).then(left <= day).when(stayed >= day).then(statement=False)
    )


def _known_until(rows: pl.DataFrame, terms: Terms) -> date:
    stayed = rows.filter(pl.col("left_at").is_null())["stayed_until"].fill_null(terms.started).sort(descending=True)
    return min(stayed[len(stayed) // 2], terms.ends) if len(stayed) else terms.ends


def _known(rows: pl.DataFrame) -> int:
    return int(rows["left"].is_not_null().sum())


def _arm(rows: pl.DataFrame) -> dict[str, Any]:
    known, left = _known(rows), int(rows["left"].sum() or 0)
    low, high = wilson(left, known)
    rate = left / known if known else None
    bounds = (low, high) if known else (None, None)
    return {"customers": rows.height, "known": known, "left": left, "churn_rate": rate, **_bounds(bounds)}


def _bounds(bounds: tuple[float | None, float | None]) -> dict[str, float | None]:
    return {"low": bounds[0], "high": bounds[1]}


def _differences(
    rows: pl.DataFrame, those: pl.DataFrame, cost: float, promised: float, *, final: bool
) -> dict[str, Any]:
    """The difference, and the saved customers and the money of `those`; values are None while an arm has no outcome."""
    kind = "newcombe" if final else "always_valid"
    nothing = {"value": None, **_bounds((None, None))}
    by_number, by_value = _compared(rows, final=final, weighted=False), _compared(rows, final=final, weighted=True)
    if by_number is None:
        saved = {"customers": None, **_bounds((None, None))}
        money = {"saved": None, **_bounds((None, None)), "cost": cost, "promised": promised}
        return {"difference": {**nothing, "interval": kind}, "saved": saved, "money": money}
    difference, (low, high) = by_number
    # Nothing is lost with customers who are worth nothing.
    worth, (worth_low, worth_high) = by_value or (0.0, (0.0, 0.0))
    value, count = float(those["value"].sum()), those.height
    saved = {"customers": -difference * count, **_bounds((-high * count, -low * count))}
    bounds = _bounds((-worth_high * value - cost, -worth_low * value - cost))
    money = {"saved": -worth * value - cost, **bounds, "cost": cost, "promised": promised}
    return {
        "difference": {"value": difference, "low": low, "high": high, "interval": kind},
        "saved": saved,
        "money": money,
    }


def _compared(rows: pl.DataFrame, *, final: bool, weighted: bool) -> tuple[float, Interval] | None:
    """The difference and its interval: of customers, or, weighted, of the value that left with them.

    The latter is the saved leavers' own mean value, whatever offers do to the valuable and to others, where the mean
    over all who might have left would take the save rate to be the same for both.
    """
    rows = rows.select("arm", "left", "value", "probability")
    known = rows.filter(pl.col("left").is_not_null())
    counts = [_effective(known.filter(arm=arm), weighted=weighted) for arm in (TREAT, HOLD_OUT)]
    if not all(count for count, _ in counts):
        return None
    arms = Arms(*counts[0], *counts[1])
    if final:
        return arms.difference, at_one_look(arms)
    drawn = [_effective(rows.filter(arm=arm), weighted=weighted)[0] for arm in (TREAT, HOLD_OUT)]
    churn = float(rows["probability"].mean() or 0.0)  # type: ignore[arg-type]
    return arms.difference, always_valid(arms, 1 / sum(1 / count for count in drawn), churn)


def _effective(rows: pl.DataFrame, *, weighted: bool) -> tuple[float, float]:
    """The effective numbers of customers and of leavers (Kish 1965): of equal weights, these numbers themselves."""
    left = rows["left"].cast(pl.Float64).fill_null(0.0).to_numpy()
    weight = rows["value"].to_numpy() if weighted else np.ones(rows.height)
    total = float(weight.sum())
    if total <= 0:
        return 0.0, 0.0
    count = total**2 / float(weight @ weight)
    return count, count * float(weight @ left) / total


def costs(treated: pl.DataFrame, offers: Sequence[Offer]) -> Floats:
    """What each treated customer has cost, shape (n,): as reported, else what was planned.

    Planned are the contact, and the incentive if he took it; where that is not known, with the chance that he does,
    which is p·s + (1 − p)·a. Since his expected value is p·s·(V − D) − (1 − p)·a·D − c, that follows from it.
    """
    terms = pl.DataFrame(
        [(offer.name, offer.contact_cost, offer.incentive, offer.accepts) for offer in offers],
        schema={"offer": pl.String, "c": pl.Float64, "d": pl.Float64, "a": pl.Float64},
        orient="row",
    )
    p, v, c, d = (pl.col(name) for name in ("probability", "value", "c", "d"))
    loyal = (1 - p) * pl.col("a")
    saved = ((pl.col("expected_value") + c + loyal * d) / (v - d)).clip(0, p)
    taken = pl.coalesce(pl.col("accepted").cast(pl.Float64), pl.when(v > d).then(saved).otherwise(0.0) + loyal)
    named = treated.with_columns(pl.col("offer").cast(pl.String))
    joined = named.join(terms, on="offer", how="left", maintain_order="left")
    return joined.select(pl.coalesce("cost", c + d * taken)).to_series().to_numpy()


def _accepted(treated: pl.DataFrame) -> dict[str, int]:
    told = treated["accepted"].drop_nulls()
    return {"known": len(told), "accepted": int(told.sum())}
