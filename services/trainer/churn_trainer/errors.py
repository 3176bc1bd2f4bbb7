"""What stops a training run, beyond what the shared library already names."""

from collections.abc import Sequence

from churn.errors import ChurnError


class DataNotFound(ChurnError):
    """The data source that the settings force has no data."""

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(f"CHURN_DATA_SOURCE={source} has no data: {reason}")


class DataNotReadable(ChurnError):
    """A customer table is there, and may not or cannot be read."""

    def __init__(self, name: str, reason: str, remedy: str) -> None:
        super().__init__(f"{name} {reason}. {remedy}")


class TableChanged(ChurnError):
    """A customer table became another one while a run was reading it."""

    status = 409

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} was changed while it was read, so nothing was released. Train again when it is whole."
        )


class NoExport(ChurnError):
    """A candidate could win that nothing but scikit-learn could serve."""

    def __init__(self, model: str) -> None:
        super().__init__(f"{model} has no ONNX form here; write one in churn_trainer.training.onnx_export.")


class NoLookUp(ChurnError):
    """A column mixes what the look-up tables of an additive model hold apart."""

    def __init__(self, trouble: str) -> None:
        remedy = "write it of fields of one group (churn.customer.declaration), or regroup them (churn.model.lookup)"
        super().__init__(f"No additive model can be served with the columns as they are: {trouble}; {remedy}.")


class SchedulerUnavailable(ChurnError):
    """The Dask scheduler that the settings name cannot be reached."""

    status = 503

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(
            f"The Dask scheduler at {address} is not available ({reason}), and nothing was written. "
            "Start it, or unset CHURN_DASK_SCHEDULER to train here."
        )


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
