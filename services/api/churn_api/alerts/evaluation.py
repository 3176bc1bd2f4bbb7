"""The worker's step that looks whom to alert on; it can be cut off anywhere, and be done again.

What an evaluation writes lies under names of its own and counts from the moment at which the record names it, with the
job, the digest and the new state together. So a job is the reason for one digest at most, however often it is tried.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, suppress
from datetime import datetime, timedelta
from functools import cache, partial
from secrets import token_hex
from typing import NamedTuple

import msgspec
import polars as pl

from churn.alerts import layout, rules
from churn.alerts.rules import Rules
from churn.alerts.state import CANDIDATE, mark_alerted, update_state
from churn.errors import ChurnError, ObjectNotFound, StoreUnavailable
from churn.job_states import CANCELLED, FAILED
from churn.tracking import erasure
from churn_api.alerts import record as records
from churn_api.alerts.delivery import CHANNELS
from churn_api.alerts.digest_files import clear, write_digest
from churn_api.alerts.due import Due, read_due
from churn_api.alerts.held_out import held_out
from churn_api.alerts.record import (
    AlertCounts,
    AlertDelivery,
    AlertValue,
    CustomerAtRisk,
    Digest,
    MoneyAtRisk,
    Part,
    Record,
)
from churn_api.alerts.rows import PARQUET, JobRows, packed, parts_of, state_part
from churn_api.jobs.errors import UnknownJob, UnreadableObject
from churn_api.jobs.release_cache import ReleaseCache
from churn_api.jobs.repository import JobRepository

log = logging.getLogger(__name__)

# Whoever scores as of an earlier day brings up what was, and is not told of it.
_NEWS = timedelta(days=7)

# After so long a pass begins with no further job: it has a whole worker, and other steps wait for that.
_PASS_SECONDS = 5.0


class Pass(NamedTuple):
    """What one pass led to: the ids of new digests, and whether there is more to do at once."""

    digests: list[str]
    more: bool = False


class _Found(NamedTuple):
    """What one job led to: parts of the state as files, with how many are in them, those alerted on, counts, money."""

    states: dict[int, bytes]
    parts: dict[int, Part]
    alerted: pl.DataFrame
    counts: AlertCounts
    money: MoneyAtRisk


class Evaluation:
    """Looks at the customers of each job that has been completed since; `channels` are those on which digests go.

    `turn` says whether it is this process's turn to change what is tracked; `count` counts customers by what became of
    them.
    """

    def __init__(
        self,
        repository: JobRepository,
        releases: ReleaseCache,
        turn: Callable[[], AbstractContextManager[bool]],
        channels: Iterable[str],
        count: Callable[[Mapping[str, int]], None],
    ) -> None:
        self._repository, self._store, self._clock = repository, repository.store, repository.clock
        self._releases, self._turn, self._channels, self._count = releases, turn, frozenset(channels), count

    def evaluate(self) -> Pass:
        """One pass of a few seconds, unless another worker is at it or there is nothing to do.

        Raises StoreUnavailable.
        """
        if any(self._store.list(layout.DUE, limit=1)):
            # Whoever was overtaken leaves everything to the others, also the marks of what it has settled.
            with self._turn() as is_own, suppress(_Overtaken):
                if is_own:
                    return self._pass()
        return Pass([])

    def _pass(self) -> Pass:
        try:
            records.load(self._store)
        except UnreadableObject as error:
            log.error("%s Nobody is alerted on. Delete it: alerts begin anew then.", error.message)
            return Pass([])
        out = cache(partial(held_out, self._store))
        # No more than the record remembers: their marks are deleted at the end, to which a pass need not come.
        waiting = [entry.key for entry in self._store.list(layout.DUE, limit=records.JOBS_KEPT)]
        more = len(waiting) == records.JOBS_KEPT
        digests, settled = list[str](), list[str]()
        end = time.monotonic() + _PASS_SECONDS
        for key in waiting:
            made = self._look_at(key, out)
            if made is not None:
                digests += made
                settled.append(key)
            if time.monotonic() > end:
                more |= key != waiting[-1]
                break
        if settled:
            clear(self._store)
            # Last of all: as long as they are there, whatever was cut off is done again.
            self._store.delete(settled)
        # A pass that came to nothing waits for jobs to end, and is not to be followed by another at once.
        return Pass(digests, more and bool(settled))

    def _look_at(self, key: str, out: Callable[[], pl.Series]) -> list[str] | None:
        """The ids of the digests of a job that is settled with that; None of one that is to be looked at later.

        `out` gives whom running campaigns hold out.
        """
        try:
            due, record = read_due(self._store, key), records.load(self._store)
            if due.job not in record.jobs and self._is_over(due.job):
                return self._evaluate(due, record, out)
        except (ObjectNotFound, _NotYet):
            return None
        except StoreUnavailable:
            raise
        except (ChurnError, ValueError, TypeError, LookupError, pl.exceptions.PolarsError) as error:
            # Whatever is wrong with one job must not keep the customers of later ones from being looked at.
            log.error("Nobody is alerted on because of %s: %r", key, error)
        return []

    def _is_over(self, job_id: str) -> bool:
        """Whether a job is completed; one that is deleted was. Raises _NotYet while it runs."""
        try:
            job = self._repository.look(job_id)
        except UnknownJob:
            return True
        if not job.finished:
            raise _NotYet
        return job.status not in (CANCELLED, FAILED)

    def _evaluate(self, due: Due, record: Record, out: Callable[[], pl.Series]) -> list[str]:
        rules_now, _ = rules.load(self._store)
        declared = self._releases.get(due.model_version).schema
        value = AlertValue(declared.role("monthly_value"), currency=declared.currency)
        now = self._clock()
        silent = not rules_now.enabled or now - due.moment > _NEWS
        found = self._found(due, record, rules_now, value, out(), silent=silent)
        generation = f"{records.generation_of(now)}-{token_hex(8)}"
        digests, written = [], [layout.state(generation, number) for number in found.states]
        for key, data in zip(written, found.states.values(), strict=True):
            self._store.put(key, data, content_type=PARQUET)
        if found.counts.alerted or found.counts.budget:
            digests = [self._digest(due, found)]
            write_digest(self._store, digests[0].id, _customers(found.alerted))
            written += [layout.digest(digests[0].id), layout.digest_list(digests[0].id)]
        ended = Record(
            generation,
            record.version + 1,
            now.isoformat(),
            tuple(
                msgspec.structs.replace(found.parts[number], generation=generation) if number in found.parts else part
                for number, part in enumerate(record.parts)
            ),
            value,
            (due.job, *record.jobs)[: records.JOBS_KEPT],
        )
        if not self._commit(record.version, ended, digests):
            # An erasure that overtook this one has not seen these files, which nobody needs.
            self._store.delete(written)
            raise _Overtaken
        self._count({"listed": found.counts.alerted, **_left_out(found.counts)})
        log.info("Of %d customers of %s, %d are alerted on.", found.counts.evaluated, due.job, found.counts.alerted)
        return [digest.id for digest in digests]

    def _commit(self, began: int, ended: Record, digests: list[Digest]) -> bool:
        """Make it count, unless another process or an erasure has changed what it was made of."""

        def step(now: Record) -> Record:
            if now.version != began:
                return now
            kept = (*digests, *now.digests)[: records.DIGESTS_KEPT]
            return msgspec.structs.replace(ended, digests=kept)

        return records.change(self._store, step).record.generation == ended.generation

    def _found(
        self, due: Due, record: Record, rules_now: Rules, value: AlertValue, out: pl.Series, *, silent: bool
    ) -> _Found:
        rows = JobRows(self._store, due.prefix, value.field, erasure.recent(self._store))
        states, counts, best, left, at_stake = dict[int, bytes](), Counter[str](), _NOBODY, Counter[int](), 0.0
        for number in rows.parts:
            state = state_part(self._store, record.parts[number].generation, number)
            update = update_state(state, rows.part(number), due.moment, rules_now, out, silent=silent)
            counts += update.counts
            states[number] = packed(update.state)
            some = _with_money(update.candidates, value)
            left[number], at_stake = some.height, at_stake + _sum(some)
            best = _first(pl.concat([best, some]), rules_now.budget)
        left.subtract(parts_of(best["customer_id"]))
        return _settled(states, best, due.moment, counts, left, at_stake)

    def _digest(self, due: Due, found: _Found) -> Digest:
        webhook, email = (
            AlertDelivery("pending" if channel in self._channels and found.counts.alerted else "off")
            for channel in CHANNELS
        )
        return Digest(
            id=records.new_id(self._clock()),
            created_at=self._clock().isoformat(),
            job=due.job,
            filename=due.filename,
            model_version=due.model_version,
            scored_at=due.moment.isoformat(),
            counts=found.counts,
            money_at_risk=found.money,
            webhook=webhook,
            email=email,
        )


class _NotYet(Exception):
    """A job is not over yet: a later pass sees to it."""


class _Overtaken(Exception):
    """Another process took this one for dead, and has had its turn."""


_NOBODY = pl.DataFrame(schema=dict(zip((*CANDIDATE, "money"), (pl.String, *(pl.Float64,) * 4), strict=True)))


def _with_money(candidates: pl.DataFrame, value: AlertValue) -> pl.DataFrame:
    """Candidates with what is at risk: a year's value times the probability, or the latter alone."""
    at_risk = pl.col("probability") if value.field is None else pl.col("probability") * pl.col("value") * value.months
    return candidates.with_columns(money=at_risk)


def _first(candidates: pl.DataFrame, most: int) -> pl.DataFrame:
    """Those with the most at risk; those of whom nobody knows come last."""
    order = ["money", "probability", "customer_id"]
    return candidates.sort(order, descending=[True, True, False], nulls_last=True).head(most)


def _settled(
    states: dict[int, bytes],
    best: pl.DataFrame,
    moment: datetime,
    counts: Counter[str],
    left: Counter[int],
    at_stake: float,
) -> _Found:
    """The end of an evaluation, where it is known whom to alert on of all candidates; `left` are the others by part."""
    parts = {}
    for number, data in states.items():
        state = mark_alerted(pl.read_parquet(data), best["customer_id"], moment)
        states[number] = packed(state)
        # Those whom the budget leaves out are remembered as not at risk, so that they are candidates again.
        parts[number] = Part("", state.height, int(state["high"].sum()) + left[number])
    counts["alerted"], counts["budget"] = best.height, left.total()
    names = ("alerted", "budget", "cooldown", "held_out", "no_rise", "no_history")
    counts["entered"] = sum(counts[name] for name in names)
    sums = MoneyAtRisk(_sum(best), max(0.0, at_stake - _sum(best)))
    told = AlertCounts(**{name: counts[name] for name in AlertCounts.__struct_fields__})
    return _Found(states, parts, best, told, sums)


def _sum(candidates: pl.DataFrame) -> float:
    return float(candidates["money"].to_numpy(allow_copy=True)[candidates["money"].is_not_null().to_numpy()].sum())


def _customers(alerted: pl.DataFrame) -> list[CustomerAtRisk]:
    return [
        CustomerAtRisk(name, probability, before, probability - before, value, money)
        for name, probability, before, value, money in alerted.iter_rows()
    ]


def _left_out(counts: AlertCounts) -> dict[str, int]:
    return {"budget": counts.budget, "cooldown": counts.cooldown, "held_out": counts.held_out}
