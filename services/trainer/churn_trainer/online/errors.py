"""What can keep the online challenger from learning."""

from churn.errors import ChurnError


class CannotLearn(ChurnError):
    """The release in service has no weights to begin at."""

    status = 409

    def __init__(self, version: str, kind: str) -> None:
        super().__init__(
            f"No challenger learns from each outcome beside {version}: its model is of the kind {kind}, a graph that "
            "is no sum over fields, so there are no weights to begin at and no terms to recalibrate. Retraining "
            "(`retrain`) learns from the same outcomes; a scorecard or terms in service can learn from each."
        )


class UnreadableState(ChurnError):
    """What the challenger has learned is not what this program, or any version of it, has written."""

    def __init__(self, key: str) -> None:
        super().__init__(f"The object {key!r} cannot be read; replace it by a copy, or start anew by `reset-online`.")
