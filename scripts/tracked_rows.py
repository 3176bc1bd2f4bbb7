"""Which predictions and outcomes the store has to hold of a stack that was disturbed, and which it holds."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, NamedTuple

import polars as pl

from churn.errors import ObjectNotFound, StoreUnavailable
from churn.store.interface import ObjectStore
from churn.tracking.layout import INCOMING, OUTCOMES, PREDICTIONS
from churn_api.tracking.compaction import UNDER_WAY

# Seconds for which a process of the API may hold what it has answered, and by which that takes longer each time that
# the store is away, beside the time for which it is: it starts, and is tried again after a pause.
HELD_SECONDS, RETRIED_SECONDS = 60.0, 10.0

# Seconds in which all that was answered has to be in the table, and between two looks at it.
PATIENCE, PAUSE = 180.0, 5.0

# The source of predictions by jobs.
_JOB = "job"


class Span(NamedTuple):
    """From when to when, in seconds of the clock by which answers are noted."""

    start: float
    end: float


@dataclass
class Sent:
    """What a stack has taken of rows with ids of their own, each of which contains `run`.

    `answered` are the moments at which single and batch predictions were answered, by id. `killed` are the spans within
    which the API's processes were killed, and `away` those in which the store was away.
    """

    run: str
    scored: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    answered: dict[str, float] = field(default_factory=dict)
    killed: list[Span] = field(default_factory=list)
    away: list[Span] = field(default_factory=list)

    def may_be_lost(self, moment: float) -> bool:
        """Whether what was answered at this moment may have been lost with a process that had not handed it over."""
        return any(
            moment <= kill.end and kill.start - moment <= HELD_SECONDS + self._held_up(Span(moment, kill.start))
            for kill in self.killed
        )

    def _held_up(self, span: Span) -> float:
        return sum(
            away.end - away.start + RETRIED_SECONDS
            for away in self.away
            if away.start <= span.end and away.end + RETRIED_SECONDS >= span.start
        )


def lost(store: ObjectStore, sent: Sent, patience: float = PATIENCE) -> int:
    """How many answered predictions were lost with killed processes, once all others are in the table.

    Exits with what is not as it should be if it stays so for `patience` seconds.
    """
    gone = 0

    def faults() -> list[str]:
        nonlocal gone
        found, gone = _compared(store, sent)
        return found

    settle(faults, patience)
    return gone


def settle(faults: Callable[[], list[str]], patience: float = PATIENCE) -> None:
    """Look for faults until there are none, and a store that is away is one.

    Exits with them if they stay for `patience` seconds.
    """
    end = time.monotonic() + patience
    while True:
        try:
            found = faults()
        except (ObjectNotFound, StoreUnavailable) as error:
            found = [error.message]
        if not found:
            return
        if time.monotonic() > end:
            raise SystemExit("\n".join(found))
        time.sleep(PAUSE)


def _compared(store: ObjectStore, sent: Sent) -> tuple[list[str], int]:
    """What is not as it should be, as sentences, and how many predictions were lost with killed processes."""
    waiting = sum(sent.run.encode() in store.get(entry.key).data for entry in store.list(INCOMING))
    faults = [f"{waiting} objects below {INCOMING} have not been taken in."] if waiting else []
    if any(store.list(UNDER_WAY)):
        faults.append("Files are being merged.")
    predictions = held(store, PREDICTIONS, sent.run, {"customer_id": pl.String, "source": pl.String})
    by_jobs = pl.col("source") == _JOB
    faults += differences(PREDICTIONS, sent.scored, predictions.filter(by_jobs))
    faults += differences(OUTCOMES, sent.told, held(store, OUTCOMES, sent.run, {"customer_id": pl.String}))
    live = set(predictions.filter(~by_jobs)["customer_id"])
    missing = [name for name in sent.answered if name not in live]
    due = [name for name in missing if not sent.may_be_lost(sent.answered[name])]
    if due:
        faults.append(f"{len(due)} answered predictions are not in {PREDICTIONS}, such as {due[0]}.")
    return faults, len(missing) - len(due)


def held(store: ObjectStore, folder: str, run: str, columns: Mapping[str, Any]) -> pl.DataFrame:
    """The rows below a folder whose ids contain `run`, with these columns by their types."""
    is_own = pl.col("customer_id").str.contains(run, literal=True)
    tables = [pl.DataFrame(schema=columns)]
    for entry in store.list(folder):
        data = BytesIO(store.get(entry.key).data)
        tables.append(pl.read_parquet(data, columns=list(columns)).filter(is_own).select(list(columns)))
    return pl.concat(tables)


def differences(folder: str, accepted: Sequence[str], held: pl.DataFrame) -> list[str]:
    """What keeps the rows that are held from being those that were accepted, each exactly once."""
    wanted = pl.DataFrame({"customer_id": accepted}, schema={"customer_id": pl.String})
    found = {
        "accepted rows are not": wanted.join(held, on="customer_id", how="anti"),
        "rows that were not accepted are": held.join(wanted, on="customer_id", how="anti"),
        "rows are more than once": held.filter(pl.col("customer_id").is_duplicated()),
    }
    return [
        f"{rows.height} {words} in {folder}, such as {rows['customer_id'][0]}."
        for words, rows in found.items()
        if rows.height
    ]
