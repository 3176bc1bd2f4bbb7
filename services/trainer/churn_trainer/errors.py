"""What stops a training run, beyond what the shared library already names."""

from collections.abc import Sequence

from churn.errors import ChurnError


class DataNotFound(ChurnError):
    """The data source that the settings force has no data."""

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(f"CHURN_DATA_SOURCE={source} has no data: {reason}")


class BrokenTable(ChurnError):
    """A customer table that is beyond repair; carries every fault that was found, each a sentence with its remedy."""

    def __init__(self, name: str, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__(f"{name} cannot be trained on. " + " ".join(self.faults))


class NothingOlder(ChurnError):
    """There is no release to roll back to."""

    status = 404

    def __init__(self, version: str | None) -> None:
        words = f"No release older than {version} can serve" if version else "Nothing has been released yet"
        super().__init__(f"{words}; `list` shows what there is, and `promote VERSION` or `rollback VERSION` names one.")
