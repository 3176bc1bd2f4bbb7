"""Errors that stop a training run or a command, in addition to those of `churn.errors`."""

from collections.abc import Sequence
from pathlib import Path

from churn.errors import BrokenDeclaration, ChurnError


class DataNotFound(ChurnError):
    """The data source that CHURN_DATA_SOURCE forces has no data."""

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(f"CHURN_DATA_SOURCE={source} has no data: {reason}")


class DeclarationNotFound(ChurnError):
    """CHURN_SCHEMA names neither a declaration that is built in nor a file."""

    def __init__(self, named: str, built_in: Sequence[str], path: Path) -> None:
        super().__init__(
            f"CHURN_SCHEMA is {named!r}, but only {', '.join(built_in)} is built in, and there is no {path}. Mend it, "
            f"unset it, or {draft_of('FILE')}."
        )


def draft_of(file: str) -> str:
    """The remedy, within a sentence, for a table without a declaration; `file` is the table's."""
    return (
        f"draft its declaration by `make inspect FILE={file}` "
        f"(in Docker `docker compose run --rm --no-deps -T trainer inspect {file} --out - > customer.toml`)"
    )


class DataNotReadable(ChurnError):
    """A customer table is there, but cannot be read; `remedy` is a sentence that says what to do."""

    def __init__(self, name: str, reason: str, remedy: str) -> None:
        super().__init__(f"{name} {reason}. {remedy}")


class DraftNotWritten(ChurnError):
    """The draft of a declaration cannot be written to where it should be; `remedy` is a sentence."""

    def __init__(self, name: str, reason: str, remedy: str) -> None:
        super().__init__(f"{name} {reason}. {remedy}")


class TableChanged(ChurnError):
    """A customer table was changed while a run was reading it."""

    status = 409

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} was changed while it was read, so nothing was released. Train again when it is whole."
        )


class NoExport(ChurnError):
    """A candidate has no `form`, such as an ONNX graph, so it could not be served if it won."""

    def __init__(self, model: str, form: str, module: str) -> None:
        super().__init__(
            f"{model} has no {form} here, so it could not be served; write it in churn_trainer.training.{module}, "
            "or take the model out of churn_trainer.training.candidates."
        )


class OtherModel(ChurnError):
    """What would serve a champion answers otherwise than the champion; `gap` is between two probabilities."""

    def __init__(self, model: str, gap: float) -> None:
        super().__init__(
            f"{model} as it would be served differs from the fitted model, in a probability by {gap:.1e}, so nothing "
            "was released. This is a fault of churn_trainer.training.export; without the model in "
            "churn_trainer.training.candidates, the best of the others is released."
        )


class NoLookUp(ChurnError):
    """A column mixes fields that the look-up tables of an additive model keep apart."""

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
    """A customer table that cannot be trained on; `faults` are sentences, each with its remedy."""

    def __init__(self, name: str, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__(f"{name} cannot be trained on. " + " ".join(self.faults))


INPUT = (BrokenTable, BrokenDeclaration, DataNotFound, DataNotReadable, DeclarationNotFound)
"""Errors that will come again until somebody changes the table or its declaration."""


class NothingOlder(ChurnError):
    """There is no release of the same customers older than `version` to go back to, or, with None, none at all."""

    status = 404

    def __init__(self, version: str | None) -> None:
        words = (
            f"No release older than {version} of the same customers can serve"
            if version
            else "Nothing has been released yet"
        )
        super().__init__(f"{words}; `list` shows what there is, and `promote VERSION` or `rollback VERSION` names one.")
