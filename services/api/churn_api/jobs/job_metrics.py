"""What jobs count. Whoever measures implements this; counting never fails a job."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from churn.tracking.daily import AtRisk
from churn.tracking.reference import Counts
from churn_api.jobs.job import Progress


@dataclass
class ChunkStats:
    """One chunk's counts: faults by field and code, what fields held, and the probabilities that were answered."""

    fault_names: frozenset[str] = frozenset()
    """The names under which faults are counted; any other name is counted as "other"."""

    faults: Counter[tuple[str, str]] = field(default_factory=Counter)
    probabilities: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    leaving: int = 0
    release: str = ""
    """The version of the release that scored the chunk."""

    values: Counts = field(default_factory=dict)
    """What the fields of the scored rows held; empty where the release has nothing to compare it with."""

    at_risk: AtRisk | None = None
    """The sums of the customers that were scored; None of outcomes."""


class JobMetrics(Protocol):
    """Where counts go."""

    def count_job(self, status: str, seconds: float | None = None) -> None:
        """One job entered a state; `seconds` from its acceptance to its end, if it ended."""

    def count_chunk(self, progress: Progress, tally: ChunkStats) -> None:
        """One chunk is finished."""

    def count_outcomes(self, progress: Progress) -> None:
        """One chunk of outcomes is finished."""

    def set_active(self, jobs: int) -> None:
        """So many jobs are not finished."""
