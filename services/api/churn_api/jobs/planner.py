"""What jobs need of whoever plans a campaign once all of its customers are scored."""

from collections.abc import Mapping
from typing import Protocol

from churn_api.jobs.job import Job, Progress


class Planner(Protocol):
    """Plans campaigns."""

    def plan(self, job: Job, done: Mapping[int, Progress]) -> None:
        """Make a campaign of the parts that a job's chunks, all of which are done, have left.

        It may be cut off anywhere, and be done again. Raises UnknownJob if the job has been deleted.
        """
