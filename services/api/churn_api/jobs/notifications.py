"""Announcing the ends of jobs: at least once, tried again with growing pauses, given up after a day.

What is still to be announced, and when, is kept in the job's record, so that neither a lost queue nor a restart
forgets it. A try is written down before it is made, by compare-and-swap: of all who know that one is due, one makes it,
and it counts whatever becomes of it.
"""

import logging
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from churn.errors import ChurnError
from churn.job_states import EXPIRED
from churn_api.jobs import answers
from churn_api.jobs.errors import UnknownJob
from churn_api.jobs.job import Job
from churn_api.jobs.repository import JobRepository

log = logging.getLogger(__name__)

# The pauses double: 10 s, 20 s, …; fourteen of them are about 23 hours with the longest at 4 hours.
MAX_TRIES = 15
_FIRST_PAUSE = timedelta(seconds=10)
_LONGEST_PAUSE = timedelta(hours=4)


class AnnouncementFailed(ChurnError):
    """The receiver did not take an announcement."""


class Announcer(Protocol):
    """Where announcements go."""

    def announce(self, job: answers.Announced) -> None:
        """Deliver one, as callers see the job or the campaign. Raises AnnouncementFailed."""


def announce(repository: JobRepository, announcer: Announcer | None, job_id: str) -> None:
    """Announce a finished job, unless it has been done, is not due, or nobody wants to know any more."""
    with suppress(UnknownJob):
        job, due = repository.change(job_id, lambda now: _tried(repository, now))
        if due and (announcer is None or _try(repository, announcer, job) or job.announced_tries >= MAX_TRIES):
            repository.change(job_id, _settled)
            repository.retire(job_id)


def is_due(repository: JobRepository, job: Job) -> bool:
    """Whether a job is still to be announced, and now."""
    return (
        job.finished
        and job.status != EXPIRED
        and not job.notified
        and (job.announce_at is None or datetime.fromisoformat(job.announce_at) <= repository.clock())
    )


def _tried(repository: JobRepository, job: Job) -> Job:
    """The record with one more try, unless none is due."""
    if not is_due(repository, job):
        return job
    tries = job.announced_tries + 1
    return replace(job, announced_tries=tries, announce_at=(repository.clock() + pause_after(tries)).isoformat())


def pause_after(tries: int) -> timedelta:
    """How long to wait after so many tries."""
    doubled: timedelta = _FIRST_PAUSE * 2 ** (tries - 1)
    return min(doubled, _LONGEST_PAUSE)


def _settled(job: Job) -> Job:
    return job if job.status == EXPIRED else replace(job, notified=True)


def _try(repository: JobRepository, announcer: Announcer, job: Job) -> bool:
    try:
        announcer.announce(answers.announced(job, repository.progress(job)))
    except AnnouncementFailed as error:
        log.warning("The end of %s could not be announced: %s", job.id, error.message)
        return False
    except Exception:  # whatever it is, it is this try that has failed, and only this
        log.exception("The end of %s could not be announced", job.id)
        return False
    return True
