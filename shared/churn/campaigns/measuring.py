"""The save rates that a campaign measures, from the outcomes of its treated and of its held-out customers.

The model's probabilities p say who of the treated would have left; those held out say how far p is true. Of a customer
with the columns x of `save_rates.columns_of`

    chance to leave, held out = p(1 + x·γ),    treated = p(1 + x·γ − x·β),

x·γ being how far p is wrong, and x·β the save rate s. Both are estimated together, as a linear Gaussian model with a
normal prior (Lindley & Smith 1972): γ near 0, and β near the rate that was assumed, so loosely that some hundred
treated customers outweigh it, or measured before. How much rates differ with risk and with segments, and whether the
scores still hold, is itself learnt: the posterior is the average over _BY_RISK, _BY_SEGMENT and _ERRORS, weighted by
how well each foretells the outcomes (empirical Bayes; Hoeting et al. 1999, "Bayesian model averaging"). So rates of
segments are drawn to the measured trend over risk as far as they are not seen to differ from it.

How far p is wrong cannot be told from how much is saved but by the hold-out, and that is small: of 800 customers half
of whom leave, it says by a standard error of .035 how many more leave than p says, and each save rate has that error
if nothing else is known of p. Hence the average over _ERRORS (a spike and a slab; Mitchell & Beauchamp 1988, "Bayesian
variable selection in linear regression"): scores that the hold-out agrees with are taken as right, and then the many
treated say what was saved; where it does not, the hold-out alone does. Scores that are wrong by less than a hold-out
can see shift the rates by up to as much.

What a plan expects at estimated rates is a little too much even if these are right on average, as customers are chosen
by them. That is in proportion to the variance, and counts where the money is little beside what the contacts cost;
rates are not lowered for it, since a lower rate would choose worse.
"""

import itertools
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from churn.campaigns.contacts import SEGMENT
from churn.campaigns.holdout import HOLD_OUT, TREAT
from churn.campaigns.save_rates import ASSUMED_DEVIATION, SaveRate, Segments, columns_of, names_of, variances

Floats = NDArray[np.float64]

# What is tried for the standard deviation of the rate from one end of risk to the other, and for that between the words
# of a segment: none to speak of, or much. Something between would draw the few words of a segment to each other.
_BY_RISK, _BY_SEGMENT = (0.01, 0.2, 0.4, 0.8), (0.01, 0.4)

# The standard deviations of the relative error of p, over all and from one risk or segment to another: of scores that
# are as right as when they were released, and of those that have aged, over all rather than apart.
_ERRORS = ((0.01, 0.01), (0.2, 0.03))

# A chance outside this range is taken to vary as at its ends.
_VARIES = (0.02, 0.98)

MAX_ROWS = 200
"""As many save rates a result shows; what is measured is not cut."""

# Customers who are looked at together.
_ROWS = 20_000


class _Sums(NamedTuple):
    """What the outcomes say: XᵀWX and XᵀW(p − y) of the columns of −γ and β."""

    gram: Floats
    moment: Floats
    treated: int
    held_out: int


def measure(observed: pl.DataFrame, campaign: str, priors: Mapping[str, SaveRate]) -> dict[str, SaveRate]:
    """What is known of each offer's save rate after the campaign of this id.

    `observed` is what `results.observed` answers, of which probability, offer, arm, left and the segments are needed.
    `priors` is what the plan was made with, by offer. Held-out customers of all offers tell how far p is
    true. An offer with nobody treated keeps its prior.
    """
    known = observed.filter(pl.col("left").is_not_null())
    segments = segments_of(known)
    return {offer: _measured(known, segments, campaign, prior) for offer, prior in priors.items()}


def segments_of(contacts: pl.DataFrame) -> Segments:
    """The segments of contacts, as `save_rates` reads them."""
    found = {}
    for name in contacts.columns:
        if name.startswith(SEGMENT):
            column = contacts[name].cast(pl.String).fill_null("")
            words = sorted(column.unique())
            found[name.removeprefix(SEGMENT)] = (column.cast(pl.Enum(words)).to_physical().to_numpy(), words)
    return found


def _measured(known: pl.DataFrame, segments: Segments, campaign: str, prior: SaveRate) -> SaveRate:
    meant = (known["arm"] == HOLD_OUT) | (known["offer"] == prior.offer)
    rows = known.with_row_index("place").filter(meant)
    if not (rows["arm"] == TREAT).any():
        return prior
    names = tuple(dict.fromkeys((*names_of(segments), *prior.names)))
    sums = _sums(rows, segments, names)
    mean = np.zeros(2 * len(names))
    mean[len(names) :] = _aligned(prior, names)
    weights, means, covariances = [], [], []
    for precision in _precisions(prior, names):
        likelihood, posterior, covariance = _posterior(sums, mean, precision)
        weights.append(likelihood)
        means.append(posterior[len(names) :])
        covariances.append(covariance[len(names) :, len(names) :])
    chance = np.exp(np.array(weights) - max(weights))
    chance /= chance.sum()
    average = chance @ np.array(means)
    apart = np.array(means) - average
    spread = np.einsum("i,ijk->jk", chance, np.array(covariances)) + np.einsum("i,ij,ik->jk", chance, apart, apart)
    return SaveRate(prior.offer, campaign, names, average, spread, sums.treated, sums.held_out)


def _sums(rows: pl.DataFrame, segments: Segments, names: tuple[str, ...]) -> _Sums:
    """`rows` are some of the customers whose segments are given, as their `place` says."""
    size = 2 * len(names)
    gram, moment = np.zeros((size, size)), np.zeros(size)
    ratio = {arm: _ratio(rows.filter(pl.col("arm") == arm)) for arm in (TREAT, HOLD_OUT)}
    for start in range(0, rows.height, _ROWS):
        piece = rows.slice(start, _ROWS)
        place = piece["place"].to_numpy()
        p = piece["probability"].to_numpy()
        treated = (piece["arm"] == TREAT).to_numpy()
        missing = p - piece["left"].cast(pl.Float64).to_numpy()
        x = p[:, None] * columns_of(
            names, p, {field: (codes[place], words) for field, (codes, words) in segments.items()}
        )
        columns = np.hstack([-x, x * treated[:, None]])
        expected = np.clip(p * np.where(treated, ratio[TREAT], ratio[HOLD_OUT]), *_VARIES)
        weighted = columns / (expected * (1 - expected))[:, None]
        gram += columns.T @ weighted
        moment += missing @ weighted
    treated_count = int((rows["arm"] == TREAT).sum())
    return _Sums(gram, moment, treated_count, rows.height - treated_count)


def _ratio(rows: pl.DataFrame) -> float:
    """Actual leavers to expected ones."""
    expected = float(rows["probability"].sum())
    return float(rows["left"].sum()) / expected if expected else 1.0


def _aligned(prior: SaveRate, names: tuple[str, ...]) -> Floats:
    """The prior's mean, 0 for what it does not know."""
    mean = dict(zip(prior.names, prior.mean.tolist(), strict=True))
    return np.array([mean.get(name, 0.0) for name in names])


def _precisions(prior: SaveRate, names: tuple[str, ...]) -> Iterator[Floats]:
    """The precisions of γ and β to be tried, each of shape (2k, 2k); those of β are one if it has been measured."""
    size = len(names)
    places = [names.index(name) for name in prior.names]
    tried = itertools.product(_BY_RISK, _BY_SEGMENT) if prior.campaign is None else [(_BY_RISK[1], _BY_SEGMENT[1])]
    for (error, apart), (by_risk, by_segment) in itertools.product(_ERRORS, tried):
        covariance = np.diag(
            [
                *variances(names, error, apart, apart),
                *variances(names, ASSUMED_DEVIATION, by_risk, by_segment),
            ]
        )
        block = np.ix_([size + place for place in places], [size + place for place in places])
        covariance[block] = prior.covariance
        yield np.linalg.inv(covariance)


def _posterior(sums: _Sums, mean: Floats, precision: Floats) -> tuple[float, Floats, Floats]:
    """The logarithm of the likelihood of the outcomes, but for a constant, and the posterior's mean and covariance."""
    joint = precision + sums.gram
    covariance = np.linalg.inv(joint).astype(np.float64)
    posterior = covariance @ (sums.moment + precision @ mean)
    fit = posterior @ joint @ posterior - mean @ precision @ mean
    return float(np.linalg.slogdet(precision)[1] - np.linalg.slogdet(joint)[1] + fit) / 2, posterior, covariance


def rows(observed: pl.DataFrame, measured: Mapping[str, SaveRate]) -> list[dict[str, Any]]:
    """The save rates that GET /campaigns/<id>/result shows: of each offer by band and segments, the most treated first.

    Where there are more than MAX_ROWS cells, those with the fewest treated are left out.

    `rate`, `low` and `high` are of the would-be leavers of the cell; `raw` is 1 less the ratio of the arms' churn
    rates, None where one of them has no outcome or nobody was to leave.
    """
    known = observed.filter(pl.col("left").is_not_null())
    fields = [name for name in known.columns if name.startswith(SEGMENT)]
    found = []
    for (offer, band, *words), cell in known.group_by("offer", "band", *fields, maintain_order=True):
        rate, low, high = measured[offer].over(cell["probability"].to_numpy(), segments_of(cell))
        treated, held_out = (cell.filter(pl.col("arm") == arm) for arm in (TREAT, HOLD_OUT))
        named = {name.removeprefix(SEGMENT): word for name, word in zip(fields, words, strict=True)}
        counts = {"treated": treated.height, "held_out": held_out.height}
        found.append(
            {
                "offer": offer,
                "band": band,
                "segments": named,
                **counts,
                "rate": rate,
                "low": low,
                "high": high,
                "raw": _raw(treated, held_out),
            }
        )
    return sorted(found, key=lambda row: -row["treated"])[:MAX_ROWS]


def _raw(treated: pl.DataFrame, held_out: pl.DataFrame) -> float | None:
    left, would_leave = (int(arm["left"].sum()) for arm in (treated, held_out))
    return 1 - left / treated.height / (would_leave / held_out.height) if treated.height and would_leave else None
