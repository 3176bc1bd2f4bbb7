"""The online challenger's step of `retrain`: nothing is imported, and little is read, while there is nothing to learn.

What it reads and learns with takes memory that a training needs, so a process of its own does it.
"""

import logging
from concurrent.futures.process import BrokenProcessPool

from churn import logs, release
from churn.clock import now
from churn.errors import ChurnError
from churn.release import Pointer
from churn.store.interface import ObjectStore
from churn.store.opening import open_store
from churn_trainer.child_process import in_child_process
from churn_trainer.console import Console
from churn_trainer.online.state import load, until
from churn_trainer.settings import TrainerSettings

log = logging.getLogger(__name__)


def step(settings: TrainerSettings, store: ObjectStore, console: Console) -> None:
    """Have what became known learned, if it was not looked for since; what keeps it from this keeps nothing else."""
    try:
        pointer = release.current(store)
        if pointer is None or not _is_due(store, pointer):
            return
        said = in_child_process(_learn, settings, pointer)
    except Exception as error:  # whatever it is: a training that was asked for does not need this step
        said = [_logged(error)]
    for sentence in said:
        console.say(sentence)


def _is_due(store: ObjectStore, pointer: Pointer) -> bool:
    state, _ = load(store)
    if state is None or state.champion != pointer.version or state.releasing is not None:
        return True
    return state.until is None or state.until < until(now())


def _learn(settings: TrainerSettings, pointer: Pointer) -> list[str]:
    from churn_trainer.online.learning import learn

    try:
        return learn(open_store(settings.store_url), pointer, now)
    except Exception as error:  # told here, as another process sees the traceback only in a text that quotes values
        logs.configure(settings, "trainer")
        return [_logged(error)]


def _logged(error: Exception) -> str:
    """Log what keeps the challenger from learning, and say it without what an error may quote of a customer."""
    foreseen = isinstance(error, ChurnError | BrokenProcessPool)
    if isinstance(error, ChurnError):
        words = error.message
    elif foreseen:
        words = "The online challenger's process was ended, as where memory runs out."
    else:
        words = f"The online challenger ended by {type(error).__name__}, a fault of this program; its log tells where."
    log.warning("the online challenger learns nothing", extra={"error": words}, exc_info=None if foreseen else error)
    return words
