"""Announcing the ends of jobs: at least once, tried again with growing pauses, given up after a day.

What is still to be announced, and when, is kept in the job's record, so that neither a lost queue nor a restart
forgets it.
"""

import logging
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any, Protocol

from churn.errors import ChurnError
from churn_api.jobs.errors import UnknownJob
from churn_api.jobs.ledger import Ledger
from churn_api.jobs.record import Job, public

log = logging.getLogger(__name__)

# The pauses double: 10 s, 20 s, …; fourteen of them are about 23 hours with the longest at 4 hours.
MAX_TRIES = 15
_FIRST_PAUSE = timedelta(seconds=10)
_LONGEST_PAUSE = timedelta(hours=4)


class AnnouncementFailed(ChurnError):
    """The receiver did not take an announcement."""


class Announcer(Protocol):
    """Where announcements go."""

    def announce(self, job: dict[str, Any]) -> None:
        """Deliver one, as callers see the job. Raises AnnouncementFailed."""


def announce(ledger: Ledger, announcer: Announcer | None, job_id: str) -> None:
    """Announce a finished job, unless it has been done, is not due, or nobody wants to know any more."""
    with suppress(UnknownJob):
        job = ledger.load(job_id)
        if job.finished and is_due(ledger, job):
            settled = announcer is None or _try(ledger, announcer, job)
            tries = job.announced_tries + 1
            if not settled and tries < MAX_TRIES:
                pause = min(_FIRST_PAUSE * 2 ** (tries - 1), _LONGEST_PAUSE)
                due = (ledger.clock() + pause).isoformat()
                ledger.change(job_id, lambda now: replace(now, announced_tries=tries, announce_at=due))
            else:
                ledger.change(job_id, lambda now: replace(now, notified=True))
                ledger.retire(job_id)


def is_due(ledger: Ledger, job: Job) -> bool:
    """Whether a job is still to be announced, and now."""
    return not job.notified and (job.announce_at is None or job.announce_at <= ledger.moment())


def _try(ledger: Ledger, announcer: Announcer, job: Job) -> bool:
    try:
        announcer.announce(public(job, ledger.progress(job)))
    except AnnouncementFailed as error:
        log.warning("The end of %s could not be announced: %s", job.id, error.message)
        return False
    return True
