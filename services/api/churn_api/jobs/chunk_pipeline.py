"""Doing a span: neighbouring chunks in turn, the next one being read and the one before being written meanwhile."""

import math
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import NamedTuple

from churn.job_states import IN_PROGRESS
from churn.overlap import overlapped
from churn_api.jobs import paths, tracking
from churn_api.jobs.campaign_request import CampaignRequest
from churn_api.jobs.csv.campaign_chunk import CampaignChunk
from churn_api.jobs.csv.chunk_scorer import ChunkScorer
from churn_api.jobs.csv.outcome_chunk import OutcomeChunk
from churn_api.jobs.csv.reason_texts import ReasonTexts
from churn_api.jobs.csv.result_files import CSV, ERROR_COLUMNS, header, result_columns
from churn_api.jobs.errors import UnknownJob
from churn_api.jobs.ids import CAMPAIGN, JOB, OUTCOMES, kind_of
from churn_api.jobs.job import Job, Progress
from churn_api.jobs.job_metrics import ChunkStats, JobMetrics
from churn_api.jobs.options import JobOptions
from churn_api.jobs.plan import Plan
from churn_api.jobs.release_cache import ReleaseCache
from churn_api.jobs.repository import JobRepository

# With so many chunks, reading and writing overlap with scoring, except for the first read and the last write.
_LONGEST = 16

# Error lines up to so many bytes are written while the next chunk is scored. If there are more, because a whole file is
# wrong, they go into the store as they come, since they can be larger than the file.
_HELD_BYTES = 1 << 20

# A chunk whose rows all lack different fields takes about 15 seconds. After so many seconds a smaller job need not wait
# for its end: scoring is interrupted, and later goes on where it was left.
_PATIENCE_SECONDS = 2.0

# What is left of an interrupted chunk, up to 32 MB, is kept for no longer: a worker that is so busy with small jobs may
# have left the chunk to another one long ago.
_KEPT_SECONDS = 600.0


class _Interrupted(Exception):
    """A smaller job is waiting, and this chunk takes long."""


class _Left(NamedTuple):
    """A chunk that was interrupted, with its scorer. Another worker may have started it anew meanwhile."""

    job_id: str
    number: int
    scorer: ChunkScorer | OutcomeChunk
    moment: float


class _Scored(NamedTuple):
    """A chunk that has been scored or taken in, with what is still to be written of it.

    `lines` are those of the job's files, by kind, and `table` is the Parquet file of what is tracked, or planned from.
    """

    number: int
    lines: Mapping[str, bytes]
    table: bytes | None
    progress: Progress
    tally: ChunkStats


def length(chunks: int, *, fast: bool) -> int:
    """How many of a job's chunks a worker takes at a time.

    It is at most half of them, so that as many are left for another worker. It is one unless chunks are done so fast
    that reading and writing matter.
    """
    return min(_LONGEST, math.ceil(chunks / 2) or 1) if fast else 1


class ChunkPipeline:
    """Scores chunks and marks them as done; for one thread."""

    def __init__(
        self, repository: JobRepository, releases: ReleaseCache, metrics: JobMetrics, *, tracked: bool = True
    ) -> None:
        """Whether the predictions of customers with an id are kept is `tracked`."""
        self._tracked = tracked
        self._repository = repository
        self._store = repository.store
        self._releases = releases
        self._metrics = metrics
        self._words: ReasonTexts | None = None
        self._left: _Left | None = None

    def score(
        self, job: Job, plan: Plan, numbers: Sequence[int], enough: Callable[[], bool] = lambda: False
    ) -> list[int]:
        """Score these chunks, after one of the job that was interrupted; returns the numbers of those that are done.

        It ends early if the job is no longer in progress, or if `enough` returns True, which is called before each
        chunk but the first, and within a chunk that takes long. Another step then does the rest. Raises UnknownJob if
        the job has been deleted.
        """
        self._tidy()
        if self._left is not None and self._left.job_id == job.id and self._left.number not in numbers:
            # It comes first: two chunks of a job that give way to small ones in turns would never be done.
            numbers = [self._left.number, *numbers]
        done = []
        kept = overlapped(partial(self._keep, job.id, scored) for scored in self._scored(job, plan, numbers, enough))
        for number, in_progress in zip(numbers, kept, strict=False):
            done.append(number)
            if not in_progress:
                break
        return done

    def _tidy(self) -> None:
        """Forget the interrupted chunk if it is too old, or done elsewhere, or its job is no longer in progress."""
        if self._left is not None and (
            time.monotonic() - self._left.moment > _KEPT_SECONDS or not self._is_open(self._left)
        ):
            self._left = None

    def _is_open(self, left: _Left) -> bool:
        try:
            in_progress = self._repository.load(left.job_id).status == IN_PROGRESS
        except UnknownJob:
            return False
        return in_progress and left.number not in self._repository.done(left.job_id)

    def _scored(self, job: Job, plan: Plan, numbers: Sequence[int], enough: Callable[[], bool]) -> Iterator[_Scored]:
        reads = overlapped(partial(self._read, job.id, plan, number) for number in numbers)
        for number, data in zip(numbers, reads, strict=True):
            if number != numbers[0] and enough():
                return
            try:
                scored = self._score(job, plan, number, data, enough)
            except _Interrupted:
                return
            yield scored
            del scored  # megabytes, which would be kept while the next is scored

    def _read(self, job_id: str, plan: Plan, number: int) -> bytes:
        chunk = plan.chunks[number]
        return self._store.fetch(paths.upload(job_id), start=chunk.start, end=chunk.end)

    def _score(self, job: Job, plan: Plan, number: int, data: bytes, enough: Callable[[], bool]) -> _Scored:
        scorer = self._resumed(job.id, number) or self._scorer(job, plan, number, data)
        # One chunk is kept at most. While it is, one of another job goes to its end: if both gave way to each other,
        # neither would ever be done as long as small jobs keep coming.
        patience = _PATIENCE_SECONDS if self._left is None else math.inf
        try:
            errors = _interruptible(scorer, enough, patience)
            if isinstance(scorer, CampaignChunk):
                deque(errors, maxlen=0)
                return _Scored(number, {}, scorer.part(), scorer.progress, scorer.tally)
            lines = {"errors": self._first_lines(job.id, number, "errors", ERROR_COLUMNS, errors)}
        except _Interrupted:
            self._left = _Left(job.id, number, scorer, time.monotonic())
            raise
        if scorer.altered_errors:
            raw = self._first_lines(job.id, number, paths.raw("errors"), ERROR_COLUMNS, scorer.raw_errors())
            lines[paths.raw("errors")] = raw
        if isinstance(scorer, OutcomeChunk):
            return _Scored(number, lines, scorer.table(), scorer.progress, scorer.tally)
        results, raw_results = scorer.results(self._releases.get(job.model_version).reference)
        scorer.tally.release = job.model_version
        head = _head(number, result_columns(JobOptions.from_record(job.options)))
        lines["results"] = b"".join([*head, results])
        if raw_results is not None:
            lines[paths.raw("results")] = b"".join([*head, raw_results])
        tracked = scorer.tracked(job.model_version, tracking.moment_of(job)) if self._tracked else None
        return _Scored(number, lines, tracked, scorer.progress, scorer.tally)

    def _resumed(self, job_id: str, number: int) -> ChunkScorer | OutcomeChunk | None:
        """The scorer of this chunk if it was interrupted, else None."""
        left = self._left
        if left is None or (left.job_id, left.number) != (job_id, number):
            return None
        self._left = None
        return left.scorer

    def _scorer(self, job: Job, plan: Plan, number: int, data: bytes) -> ChunkScorer | OutcomeChunk:
        if job.kind == OUTCOMES:
            return OutcomeChunk(data, plan.columns, plan.chunks[number], tracking.moment_of(job))
        predictor = self._releases.get(job.model_version).predictor
        words = self._words
        if words is None or words.full or words.schema is not predictor.schema:
            words = self._words = ReasonTexts(predictor.schema)
        rows = data, plan.columns, plan.chunks[number], words
        if job.kind == CAMPAIGN:
            request = CampaignRequest.from_record(job.options)
            challenger = self._releases.get(request.challenger).predictor if request.challenger else None
            return CampaignChunk(predictor, *rows, request, challenger)
        return ChunkScorer(predictor, *rows, JobOptions.from_record(job.options))

    def _first_lines(
        self, job_id: str, number: int, kind: str, columns: tuple[str, ...], pieces: Iterable[bytes]
    ) -> bytes:
        """All lines if they are few. Otherwise they are written as they come, and the result is empty."""
        held, size = _head(number, columns), 0
        remaining = iter(pieces)
        for piece in remaining:
            held.append(piece)
            size += len(piece)
            if size > _HELD_BYTES:
                self._store.write(paths.chunk(job_id, number, kind), chain(held, remaining), content_type=CSV)
                return b""
        return b"".join(held)

    def _keep(self, job_id: str, scored: _Scored) -> bool:
        """Write what has come of a chunk, then mark it as done; returns whether the job is still in progress."""
        for kind, lines in scored.lines.items():
            if lines:
                self._store.put(paths.chunk(job_id, scored.number, kind), lines, content_type=CSV)
        kind = kind_of(job_id)
        if kind == CAMPAIGN:
            if scored.table is not None:
                self._store.put(paths.scored(job_id, scored.number), scored.table, content_type=tracking.PARQUET)
        elif self._tracked or kind == OUTCOMES:
            tracking.keep_chunk(self._store, job_id, scored.number, scored.table, scored.tally)
        if self._repository.mark_done(job_id, scored.number, scored.progress):
            if kind == OUTCOMES:
                self._metrics.count_outcomes(scored.progress)
            elif kind == JOB:  # what a campaign scores again has been counted
                self._metrics.count_chunk(scored.progress, scored.tally)
        return self._repository.load(job_id).status == IN_PROGRESS


def _interruptible(scorer: ChunkScorer | OutcomeChunk, enough: Callable[[], bool], patience: float) -> Iterator[bytes]:
    """The error lines of a chunk in pieces, each for some thousands of rows.

    Raises _Interrupted if `enough` returns True after `patience` seconds in which some rows have been scored.
    """
    end, before = time.monotonic() + patience, scorer.scored
    for piece in scorer.errors():
        yield piece
        if time.monotonic() > end and scorer.scored > before and enough():
            raise _Interrupted


def _head(number: int, columns: tuple[str, ...]) -> list[bytes]:
    """The header in a list if this is the first chunk, else an empty list.

    It is no empty piece, because joining one piece alone makes no copy of its megabytes.
    """
    return [header(columns)] if number == 0 else []
