"""What a training on request learns from: the declared table, and what tracking and outcomes know."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple

from churn_trainer.data.table import Table
from churn_trainer.data.tracked import Tracked
from churn_trainer.training import window
from churn_trainer.training.window import Window

_EPOCH = date(1970, 1, 1)


class Asked(NamedTuple):
    """A training that was asked for, and the tracked rows whose outcome is known since."""

    day: date
    """The day of the request, by which it is named."""

    reasons: tuple[str, ...]
    tracked: Tracked
    begin_shadow: Callable[[str], str]
    """Puts a version into shadow beside the release in service, and returns this one's; may raise ChurnError."""


class TrainingData(NamedTuple):
    """Where the rows of a table came from, which past was chosen, and why it was trained."""

    table: dict[str, Any]
    """The `declared` and `tracked` of a manifest's `data`; nothing in it is of a single customer."""

    window: Window
    asked: date
    reasons: tuple[str, ...]

    def entry(self) -> dict[str, Any]:
        """What a manifest's `data` has of it."""
        trigger = {"request": self.asked.isoformat(), "reasons": list(self.reasons)}
        return self.table | {"window": self.window.entry(), "trigger": trigger}


def assemble(declared: Table, asked: Asked) -> tuple[Table, TrainingData]:
    """The table of the window that foretells the newest outcomes best, and what is to be said of it."""
    tracked = asked.tracked
    chosen = window.choose(declared, tracked)
    table = window.within(declared, tracked, chosen.months)
    if table is None:
        table, chosen = window.whole(declared, tracked), chosen.given_up()
    return table, TrainingData(_rows(table, tracked), chosen, asked.day, asked.reasons)


def _rows(table: Table, tracked: Tracked) -> dict[str, Any]:
    used = 0 if table.tracked is None else int(table.tracked.sum())
    days = [(_EPOCH + timedelta(days=int(day))).isoformat() for day in tracked.day[[0, -1]]] if len(tracked) else [None]
    return {
        "declared": len(table) - used,
        "tracked": {
            "rows": used,
            "known": len(tracked),
            "since": days[0],
            "until": days[-1],
            "weight": float(tracked.weight.sum()),
            "incomplete": tracked.incomplete,
            "untold_months": tracked.untold,
            "share_of_customers": 1 / tracked.shares,
        },
    }


def sentences(data: dict[str, Any]) -> Iterator[str]:
    """The same for people, from the `data` of any manifest; none if it was trained without a request."""
    if "trigger" not in data:
        return
    tracked, window, trigger = data["tracked"], data["window"], data["trigger"]
    yield f"Trained on the request of {trigger['request']}: {' '.join(trigger['reasons']) or 'no reason was given.'}"
    yield f"{data['declared']:,} rows are the table's, {tracked['rows']:,} predictions whose outcome is known since."
    if tracked["known"]:
        yield (
            f"Such predictions are from {tracked['since']} to {tracked['until']}, and stand for "
            f"{tracked['weight']:,.0f}: who was treated in a campaign is left out, and who was held out stands for him."
        )
    whole = "all of it" if tracked["rows"] or not tracked["known"] else "the table alone, which has no ids"
    past = whole if window["months"] is None else f"the last {window['months']} months of predictions alone"
    yield f"Of this past it learned from {past}: {window['reason']}."
