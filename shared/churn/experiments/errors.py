"""What can be wrong with an experiment."""

from churn.errors import ChurnError


class UnknownExperiment(ChurnError):
    """No experiment has this id."""

    status = 404

    def __init__(self, experiment_id: str) -> None:
        super().__init__(f"There is no experiment {experiment_id[:40]!r}; GET /experiments lists those there are.")


class ExperimentConflict(ChurnError):
    """The experiment, or a release, is in a state that does not allow what was asked."""

    status = 409


class UnreadableExperiment(ChurnError):
    """A record is not what this program, or any version of it, has written."""

    def __init__(self, key: str) -> None:
        super().__init__(f"The object {key!r} cannot be read; replace it by a copy, or delete it.")
        self.key = key
