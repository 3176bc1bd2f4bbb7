"""A Dask cluster that runs the fits."""

from collections.abc import Iterator
from contextlib import contextmanager

from joblib import parallel_config

from churn.errors import ConfigurationError
from churn_trainer.errors import SchedulerUnavailable
from churn_trainer.settings import TrainerSettings
from churn_trainer.training.threads import one_thread_on

# Seconds that the scheduler may take to answer. The run stops then, before it has written anything.
_SCHEDULER_SECONDS = 10


@contextmanager
def cluster(settings: TrainerSettings) -> Iterator[None]:
    """Make a Dask cluster joblib's backend during the block, if the settings name a scheduler.

    Raises SchedulerUnavailable if it does not answer, and ConfigurationError if Dask is not installed.
    """
    if settings.dask_scheduler is None:
        yield
        return
    try:
        from distributed import Client  # an optional dependency
    except ImportError as error:
        raise ConfigurationError(
            ["CHURN_DASK_SCHEDULER needs Dask: build the trainer's image with --build-arg REQUIREMENTS=cluster."]
        ) from error
    try:
        client = Client(settings.dask_scheduler, timeout=_SCHEDULER_SECONDS)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise SchedulerUnavailable(settings.dask_scheduler, reason) from error
    with client, one_thread_on(client), parallel_config("dask", client=client):
        yield
