"""The keys of experiments in the store."""

from collections.abc import Iterator

from churn.store.interface import ObjectStore

EXPERIMENTS = "experiments/"
"""Everything of experiments, each in a folder of its own, which is named by its id."""

ID = "exp_"
"""What an experiment's id begins with."""

SHADOW = "models/shadow.json"
"""Which release is in shadow, beside the pointer to the one in service; absent or empty while none is."""


def folder(experiment_id: str) -> str:
    """The prefix of everything of an experiment."""
    return f"{EXPERIMENTS}{experiment_id}/"


def record(experiment_id: str) -> str:
    """The experiment's state."""
    return f"{folder(experiment_id)}experiment.json"


def figures(experiment_id: str) -> str:
    """What a worker computed last of it."""
    return f"{folder(experiment_id)}figures.json"


def ids(store: ObjectStore) -> Iterator[str]:
    """The ids of all experiments with a folder, the oldest first. Raises StoreUnavailable."""
    return (name for name in store.folders(EXPERIMENTS) if name.startswith(ID))
