"""What jobs need of a queue of steps. It may lose all it holds: the sweep finds out and sends the steps again."""

from typing import Literal, Protocol

Step = Literal["start", "chunk", "finish", "settle", "notify"]


class Queue(Protocol):
    """Where the steps of jobs wait for a worker."""

    def send(self, step: Step, job_id: str, number: int | None = None, chunks: int = 0) -> bool:
        """Send a step to the workers; False if the queue does not answer, which is not an error.

        `chunks` is the number of the job's chunks: chunks of small jobs come before those of large ones, and all other
        steps before chunks.
        """

    def smaller_waits(self, chunks: int) -> bool:
        """Whether a step waits that comes before the chunks of a job of so many."""

    def is_idle(self) -> bool:
        """Whether no step waits. A queue that is away is not idle."""
