"""What the API does with experiments. Workers compute; it loads a challenger only to put it into service."""

from contextlib import suppress
from functools import partial
from itertools import islice

import msgspec
import redis

from churn.clock import Clock, now
from churn.experiments import computed
from churn.experiments.computed import Computed
from churn.experiments.errors import ExperimentConflict
from churn.experiments.experiment import PROMOTED, RUNNING, Experiment, PromotionRule
from churn.experiments.promotion import promote
from churn.experiments.reconciliation import reconcile
from churn.experiments.repository import ExperimentRepository
from churn.experiments.starting import start
from churn.overlap import overlapped
from churn.store.interface import ObjectStore
from churn.tracking import computed as quality
from churn.tracking.computed import DEFAULT_DAYS
from churn.training import requests
from churn_api.celery_queue import CeleryQueue
from churn_api.experiments.answers import (
    Costs,
    Disagreement,
    ExperimentEntry,
    ExperimentsAnswer,
    ExperimentVerdict,
    RetrainingState,
    TrainingRequest,
    described,
)

# Of either, in a list.
_SHOWN = 50
_READ_AT_ONCE = 8

# While somebody looks again and again, a worker is asked for newer figures once in so many seconds.
_ASK_SECONDS = 30

OFF = (
    "Predictions are not tracked, so there is nothing to score with a challenger. Set CHURN_TRACKING=on for the API "
    "and the workers."
)
NONE = (
    "No release is in shadow. One that is scores what is tracked, without a caller waiting for it or hearing of it, "
    "until outcomes say whether it is better. Put one there from the history of releases (POST /experiments, or the "
    "page Model)."
)


class ExperimentsService:
    """Starts, shows, ends and promotes; `rule` is CHURN_PROMOTE, `tracked` whether anything is tracked."""

    def __init__(
        self,
        store: ObjectStore,
        queue: CeleryQueue,
        rule: PromotionRule,
        *,
        tracked: bool,
        clock: Clock = now,
    ) -> None:
        self._store, self._queue, self._rule, self._tracked, self._clock = store, queue, rule, tracked, clock
        self._repository = ExperimentRepository(store, clock)

    def answer(self) -> ExperimentsAnswer:
        """All experiments as they were last looked at; a worker is asked to look again. Raises StoreUnavailable."""
        experiments = list(islice(self._repository.all(), _SHOWN))
        calls = (partial(computed.load, self._store, experiment.id) for experiment in experiments)
        entries = list(map(self._described, experiments, overlapped(calls, _READ_AT_ONCE)))
        running = next((entry for entry in entries if entry.status == RUNNING), None)
        words = [] if self._tracked else [OFF]
        return ExperimentsAnswer(
            True, self._rule, words or ([] if running else [NONE]), running, entries, self._retraining()
        )

    def entry(self, experiment_id: str) -> ExperimentEntry:
        """One experiment. Raises UnknownExperiment and StoreUnavailable."""
        return self._entry(self._repository.load(experiment_id))

    def start(self, challenger: str) -> ExperimentEntry:
        """Put a release into shadow. Raises what `churn.experiments.starting.start` raises."""
        if not self._tracked:
            raise ExperimentConflict(OFF)
        experiment = start(self._store, challenger, "person", self._clock)
        self._queue.send_tracking("experiments")
        return self._entry(experiment)

    def end(self, experiment_id: str) -> ExperimentEntry:
        """End an experiment; one that is over stays as it is. Raises UnknownExperiment and StoreUnavailable."""
        ended = self._repository.close(experiment_id, "A person ended it.")
        reconcile(self._repository)
        return self._entry(ended)

    def promote(self, experiment_id: str) -> ExperimentEntry:
        """Put the challenger into service. Raises what `churn.experiments.promotion.promote` raises.

        Not before a worker's child has loaded it, since this process loads it too.
        """
        experiment = self._repository.load(experiment_id)
        if experiment.status == PROMOTED:
            return self._entry(experiment)
        held = computed.load(self._store, experiment.id)
        if held.figures is None:
            raise ExperimentConflict(
                "No worker has scored with the challenger yet, so nobody knows whether it can serve; try again in "
                "a minute."
            )
        promoted = promote(
            self._store, experiment_id, f"A person promoted it. {held.figures['verdict']['words']}", self._clock
        )
        self._queue.send_tracking("experiments")
        return self._entry(promoted)

    def _entry(self, experiment: Experiment) -> ExperimentEntry:
        return self._described(experiment, computed.load(self._store, experiment.id))

    def _described(self, experiment: Experiment, held: Computed) -> ExperimentEntry:
        if experiment.status == RUNNING and not held.holds(self._clock()):
            self._have_computed()
        figures = held.figures or {}
        return ExperimentEntry(
            id=experiment.id,
            champion=experiment.champion,
            challenger=experiment.challenger,
            origin=experiment.origin,
            status=experiment.status,
            started_at=experiment.started_at.isoformat(),
            ended_at=experiment.ended_at.isoformat() if experiment.ended_at else None,
            reason=experiment.reason or None,
            computed_at=figures.get("computed_at"),
            words=self._words(experiment, held),
            verdict=described(figures.get("verdict"), ExperimentVerdict),
            disagreement=described(figures.get("disagreement"), Disagreement),
            costs=described(figures.get("costs"), Costs),
        )

    def _have_computed(self) -> None:
        with suppress(redis.RedisError):
            if self._tracked and self._queue.is_first("experiments-asked", _ASK_SECONDS):
                self._queue.send_tracking("experiments")

    def _words(self, experiment: Experiment, held: Computed) -> list[str]:
        if experiment.status != RUNNING:
            return [experiment.reason] if experiment.reason else []
        words = []
        if held.failure and held.tries:
            words.append(f"It could not be scored with {held.tries} times in a row: {held.failure}.")
        if held.figures is None:
            return words or ["A worker is about to score with it."]
        verdict = held.figures["verdict"]
        words.append(verdict["words"])
        if experiment.origin == "former" and verdict["state"] == "better":
            words.append("It served before, and does better than what replaced it. Promote it to go back to it.")
        elif verdict["promotable"] and self._rule == "by_hand":
            words.append("It waits for somebody to promote it.")
        return words

    def _retraining(self) -> RetrainingState:
        asked = [
            TrainingRequest(
                request.day.isoformat(),
                request.status,
                list(request.reasons),
                request.attempts,
                request.release,
                request.words,
            )
            for request in requests.listed(self._store, _SHOWN)
        ]
        return msgspec.structs.replace(self._due(), requests=asked)

    def _due(self) -> RetrainingState:
        """Whether a training is due, as GET /quality was last computed; not where that was written otherwise."""
        held = quality.load(self._store, DEFAULT_DAYS)
        with suppress(LookupError, TypeError, msgspec.ValidationError):
            if held is not None:
                return msgspec.convert({**held.answer["retraining"], "requests": []}, RetrainingState)
        return RetrainingState(False, [], None, [])
