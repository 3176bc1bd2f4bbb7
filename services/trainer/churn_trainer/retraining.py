"""`python -m churn_trainer retrain`: the training that was asked for, if one was and nobody else does it."""

import hashlib
import logging
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from threading import Event, Thread
from typing import TYPE_CHECKING

from churn import release
from churn.clock import now
from churn.errors import ChurnError, ReleaseRefused, StoreUnavailable, UnknownRelease
from churn.experiments import starting
from churn.schema import Schema
from churn.store.interface import ObjectStore
from churn.training import requests
from churn.training.requests import DONE, FAILED, LEASE, Request, Taken
from churn_trainer.child_process import in_child_process
from churn_trainer.console import Console
from churn_trainer.data import declared, sources
from churn_trainer.data.tracked import Tracked
from churn_trainer.errors import INPUT, BrokenTable
from churn_trainer.online import step
from churn_trainer.publishing import resume
from churn_trainer.publishing.fingerprint import fingerprint
from churn_trainer.settings import TrainerSettings

if TYPE_CHECKING:
    from churn_trainer.run import Run, Trial

log = logging.getLogger(__name__)

_BY_HAND = "A person asked for it."

# What `run` imports takes seconds and hundreds of megabytes, which only a training needs.
Importing = Callable[[], "type[Run]"]


def retrain(
    settings: TrainerSettings, store: ObjectStore, console: Console, importing: Importing, *, force: bool
) -> None:
    """Do the training that is asked for, or with `force` ask for one first; the online challenger learns before it.

    Whatever ends it early, other than a fault of the table or the settings, has it tried again. Raises what the
    training raises.
    """
    with _stoppable():
        step.step(settings, store, console)
    if force:
        requests.demand(store, _BY_HAND, now())
    taken = requests.take(store, now)
    if taken is None:
        console.say("Nothing to do: no training is asked for, or another trainer does it.")
        return
    console.step(f"Training on the request of {taken.request.day}, attempt {taken.request.attempts}.")
    for reason in taken.request.reasons:
        console.say(f"  {reason}")
    with _renewed(taken), _stoppable():
        trial = _answered(taken, lambda: _train(settings, store, console, importing, taken))
    if not taken.finish(DONE, trial.words, trial.version):
        console.say("Another trainer has taken the request over meanwhile.")


def _train(
    settings: TrainerSettings, store: ObjectStore, console: Console, importing: Importing, taken: Taken
) -> "Trial":
    schema = declared.find(settings)
    source = sources.find(settings, store, schema)
    for damaged in resume.finish(store, settings):
        console.say(f"Passed over: {damaged.refusal}")
    rows = _tracked(settings, schema)
    both = hashlib.sha256(f"{source.sha256} {rows.sha256}".encode()).hexdigest()
    print_of = fingerprint(both, settings, schema)
    run = importing()
    from churn_trainer.training.training_data import Asked

    def begin_shadow(version: str) -> str:
        return starting.start(store, version, "retraining", now).champion

    asked = Asked(taken.request.day, taken.request.reasons, rows, begin_shadow)
    if version := _made_before(store, taken.request, print_of):
        return run(settings, store, console).finish(version, asked)
    return run(settings, store, console).train(source, schema, print_of, asked)


def _made_before(store: ObjectStore, request: Request, fingerprint: str) -> str | None:
    """The release that an earlier training for it made of the same, ended before it could say so; None if none."""
    if request.attempts + request.stops < 2:  # one that was stopped is no attempt, and may have made it too
        return None
    for version in sorted(release.versions(store), reverse=True):
        with suppress(ReleaseRefused, UnknownRelease):  # damaged, or deleted since
            manifest = release.manifest(store, version)
            made = (manifest.model_extra or {}).get("fingerprint"), manifest.data.get("trigger", {}).get("request")
            moment = release.moment_of(version)
            is_since = request.asked_at is None or moment >= request.asked_at.replace(microsecond=0)
            if made == (fingerprint, request.day.isoformat()) and is_since:
                return version
    return None


def _tracked(settings: TrainerSettings, schema: Schema) -> Tracked:
    """What tracking and outcomes know, read by a process of its own: what it takes is given back when it ends."""
    return in_child_process(_read, settings.store_url, schema.source, now().date())


def _read(store_url: str, declaration: str, today: date) -> Tracked:
    from churn_trainer.data.tracked_rows import read

    return read(store_url, declaration, today)


def _answered(taken: Taken, work: Callable[[], "Trial"]) -> "Trial":
    """What the work returns; if it raises, the request says so, without what an error quotes of a table.

    If the store is away by then, that is no other error: the request is tried again once its lease has run out.
    """
    try:
        return work()
    except INPUT as error:
        many = isinstance(error, BrokenTable)
        with suppress(StoreUnavailable):
            taken.finish(FAILED, "The table cannot be trained on; `train` tells its faults." if many else error.message)
        raise
    except KeyboardInterrupt:
        with suppress(StoreUnavailable):
            taken.stop("It was stopped, and is tried again.")
        raise
    except Exception as error:  # whatever it is: the request must not wait for its lease to run out
        with suppress(StoreUnavailable):
            words = error.error_type if isinstance(error, ChurnError) else type(error).__name__
            taken.give_back(f"It ended by {words}; the trainer's log tells more.")
        raise


@contextmanager
def _renewed(taken: Taken) -> Iterator[None]:
    """A block during which the request says that its training lives."""
    over = Event()

    def renew() -> None:
        while not over.wait(LEASE.total_seconds() / 3):
            try:
                if not taken.renew():
                    log.warning("another trainer has taken the request over")
                    return
            except ChurnError as error:
                log.warning("the lease is not renewed", extra={"error": error.message})

    thread = Thread(target=renew, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def _stoppable() -> Iterator[None]:
    """A block in which being told to stop raises KeyboardInterrupt, as Ctrl-C does."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
