"""Telling a step that waits for its turn from one whose message has been lost."""

from collections.abc import Callable, Hashable, Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from churn_api.jobs.job import Job

# What changed so recently may be on its way from the hands of one process into those of another.
GRACE = timedelta(seconds=10)

# What nobody has begun for so long is taken for lost, however many other steps wait.
FORGOTTEN = timedelta(minutes=5)


class _Seen(NamedTuple):
    """How a job stood, and since when."""

    state: Hashable
    since: datetime


class Watch:
    """Remembers since when each job has stood still, by this process's own clock: no two clocks are compared.

    Where nothing waits in the queue, what has been sent and not begun is lost. Where something does, it may be this:
    it is given time, and the more the longer the job has waited already, so that a queue which is hours long is not
    filled with what it holds."""

    def __init__(self, clock: Callable[[], datetime], grace: timedelta) -> None:
        self._clock = clock
        self._grace = grace
        self._seen: dict[str, _Seen] = {}

    def keep(self, job_ids: Iterable[str]) -> None:
        """Forget all jobs but these."""
        self._seen = {job_id: self._seen[job_id] for job_id in job_ids if job_id in self._seen}

    def is_stuck(self, job: Job, progress: Hashable, idle: bool) -> bool:
        """Whether a job's steps that nobody has begun must be sent again; `idle` where none waits in the queue."""
        moment = self._clock()
        state = (job.status, job.sent_at, progress)
        seen = self._seen.get(job.id)
        if seen is None or seen.state != state:
            seen = self._seen[job.id] = _Seen(state, moment)
        waited = moment - seen.since
        if idle and (waited > self._grace or (job.sent_at is None and waited >= self._grace)):
            return True
        return waited > max(FORGOTTEN, self._waited_before(job))

    def _waited_before(self, job: Job) -> timedelta:
        """How long a job had waited when its steps were last sent again."""
        if job.sent_at is None:
            return timedelta(0)
        return datetime.fromisoformat(job.sent_at) - datetime.fromisoformat(job.created_at)
