"""Scoring a span: neighbouring chunks in turn, the next one being read and the one before being written meanwhile."""

import math
from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

from churn.overlap import overlapped
from churn.predict import Predictor
from churn_api.jobs import keys
from churn_api.jobs.ledger import Ledger
from churn_api.jobs.loaded import LoadedReleases
from churn_api.jobs.meter import Meter, Tally
from churn_api.jobs.plan import Plan
from churn_api.jobs.record import IN_PROGRESS, Job, Progress
from churn_api.jobs.scoring import ERROR_COLUMNS, RESULT_COLUMNS, ChunkScorer, header
from churn_api.jobs.words import Words

CSV = "text/csv; charset=utf-8"

# Enough for reading and writing to be hidden behind scoring, but for the first chunk and the last.
_LONGEST = 16


class _Scored(NamedTuple):
    """A chunk's lines of both files."""

    number: int
    errors: bytes
    results: bytes
    progress: Progress
    tally: Tally


def length(predictor: Predictor, chunks: int) -> int:
    """How many of a job's chunks a worker takes at a time: no more than leave as many to another one, and a single one
    where scoring takes so long that nothing else counts."""
    return min(_LONGEST, math.ceil(chunks / 2) or 1) if predictor.scorer.additive else 1


class SpanScorer:
    """Scores chunks and marks them as done; for one thread."""

    def __init__(self, ledger: Ledger, releases: LoadedReleases, meter: Meter) -> None:
        self._ledger = ledger
        self._store = ledger.store
        self._releases = releases
        self._meter = meter
        self._words = Words()

    def score(self, job: Job, plan: Plan, numbers: Sequence[int]) -> None:
        """Score these chunks, until the job is no longer in progress. Raises UnknownJob where it has been deleted."""
        for in_progress in overlapped(
            partial(self._keep, job.id, scored) for scored in self._scored(job, plan, numbers)
        ):
            if not in_progress:
                return

    def _scored(self, job: Job, plan: Plan, numbers: Sequence[int]) -> Iterator[_Scored]:
        predictor = self._releases.get(job.model_version).predictor
        reads = overlapped(partial(self._read, job.id, plan, number) for number in numbers)
        for number, data in zip(numbers, reads, strict=True):
            yield self._score(predictor, plan, number, data)

    def _read(self, job_id: str, plan: Plan, number: int) -> bytes:
        chunk = plan.chunks[number]
        return self._store.fetch(keys.upload(job_id), start=chunk.start, end=chunk.end)

    def _score(self, predictor: Predictor, plan: Plan, number: int, data: bytes) -> _Scored:
        self._words = Words() if self._words.full else self._words
        scorer = ChunkScorer(predictor, data, plan.columns, plan.chunks[number], self._words)
        errors = b"".join([*_head(number, ERROR_COLUMNS), *scorer.errors()])
        results = b"".join([*_head(number, RESULT_COLUMNS), *scorer.results()])
        return _Scored(number, errors, results, scorer.progress, scorer.tally)

    def _keep(self, job_id: str, scored: _Scored) -> bool:
        """Write a chunk's lines, then its mark; whether the job is still in progress."""
        for kind, lines in (("errors", scored.errors), ("results", scored.results)):
            if lines:
                self._store.put(keys.chunk(job_id, scored.number, kind), lines, content_type=CSV)
        if self._ledger.mark_done(job_id, scored.number, scored.progress):
            self._meter.count_chunk(scored.progress, scored.tally)
        return self._ledger.load(job_id).status == IN_PROGRESS


def _head(number: int, columns: tuple[str, ...]) -> list[bytes]:
    """The header, if it is the first chunk's: not even as an empty piece would a megabyte be joined without a copy."""
    return [header(columns)] if number == 0 else []
