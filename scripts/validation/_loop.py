"""The loop over an operator's months: it scores, judges, asks for trainings, trains, tries in shadow and promotes.

Rules, records and the fit are the product's own, in a store of its own; what it reads from tracked files is here in
memory, and of the trainer's candidates the regression alone competes.
"""

from calendar import monthrange
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from types import SimpleNamespace
from typing import cast

import numpy as np

from churn import release
from churn.experiments import computed, starting
from churn.experiments.computed import Computed
from churn.experiments.errors import ExperimentConflict
from churn.experiments.evaluation import _conclude as conclude
from churn.experiments.evidence import MOST_PAIRS
from churn.experiments.experiment import Experiment
from churn.experiments.paired_differences import Pairs
from churn.experiments.reconciliation import reconcile
from churn.experiments.repository import ExperimentRepository
from churn.experiments.verdict import verdict
from churn.months import months_later
from churn.release import Release
from churn.split import TEST_SHARE, places
from churn.store.interface import ObjectStore
from churn.tracking import change
from churn.tracking.change import Evidence
from churn.tracking.computed import SETTLING_DAYS
from churn.tracking.figures import Sample, figures
from churn.tracking.releases import About
from churn.tracking.retraining import past, retraining
from churn.training import requests
from churn.training.requests import DONE, Request
from churn_trainer.data.prepare import prepare
from churn_trainer.data.split import scheme
from churn_trainer.data.table import Table
from churn_trainer.data.tracked import Tracked
from churn_trainer.gates import evidence as gating
from churn_trainer.gates.calibration import calibrated
from churn_trainer.gates.judge import expectations, no_worse
from churn_trainer.gates.rivals import Rival
from churn_trainer.model_metrics import THRESHOLD
from churn_trainer.online import publishing
from churn_trainer.online.learner import Learner
from churn_trainer.online.learning import _learned as learned
from churn_trainer.online.state import State, begun
from churn_trainer.training.candidates import CANDIDATES, LOGISTIC_REGRESSION
from churn_trainer.training.export import serve
from churn_trainer.training.training_data import Asked, assemble
from scripts.validation._history import FIRST, TELCO, WINDOW, Floats, Month
from scripts.validation._made import Made, Promotion

# The day of a month on which all is looked at: what matures in it has settled.
_DAY = 15
_EPOCH = date(1970, 1, 1)
# Outcomes that are predicted before any of them is learned: more than in the product, which changes no weight.
_AT_ONCE = 200
_REGRESSION = next(candidate for candidate in CANDIDATES if candidate.name == LOGISTIC_REGRESSION)


class Loop:
    """The loop of one operator; `serving` has by month the version that scored, `made` all releases by version."""

    def __init__(self, table: Table, months: Sequence[Month], store: ObjectStore) -> None:
        """Train a first release on the declared table alone."""
        self._table, self._months, self._store = table, months, store
        self._now = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC) - timedelta(days=1)
        self._repository = ExperimentRepository(store, self._clock)
        self.made: dict[str, Made] = {}
        self.serving: list[str] = []
        self._scores: dict[tuple[str, int], Floats] = {}
        self._state: State | None = None
        self._loaded: Release | None = None
        release.promote(store, self._publish(table, None, None), None, "It is the first one.")

    def run(self) -> "Loop":
        """Live all months: as a look of the product's, the online challenger learns before anything is trained."""
        for month in self._months:
            self._now = datetime(month.first.year, month.first.month, _DAY, 12, tzinfo=UTC)
            self.serving.append(self._in_service())
            if running := reconcile(self._repository):
                self._look(running)
                reconcile(self._repository)
            self._learn()
            self._retrain()
        return self

    def promotions(self) -> list[Promotion]:
        """What came into service, the first release apart."""
        return [
            Promotion(place, version, former, version in self.serving[:place])
            for place, (former, version) in enumerate(zip(self.serving, self.serving[1:], strict=False), 1)
            if version != former
        ]

    def requests(self) -> list[Request]:
        """All that were asked for, the newest first."""
        return requests.listed(self._store)

    def scores(self, version: str, place: int) -> Floats:
        """What a release says of the customers of a month."""
        if (version, place) not in self._scores:
            made = self.made[version].scorer.probabilities(self._months[place].customers)
            self._scores[version, place] = made
        return self._scores[version, place]

    def _clock(self) -> datetime:
        return self._now

    def _in_service(self) -> str:
        pointer = release.current(self._store)
        return pointer.version if pointer else ""

    def _look(self, running: Experiment) -> None:
        told = verdict(self._pairs(running), running.challenger)
        found = {
            "computed_at": self._now.isoformat(timespec="seconds"),
            "disagreement": None,
            "verdict": told,
            "costs": {"champion": None, "challenger": None},
        }
        computed.save(self._store, running.id, Computed(found))
        conclude(self._repository, running, told, "when_better")

    def _pairs(self, running: Experiment) -> Pairs:
        """Evidence as `churn.experiments.evidence` has it."""
        after, parts = self.made[running.challenger].trained, []
        for place, month in self._matured(running.champion, after):
            judges = month.first > after or places(month.keys) < TEST_SHARE
            mine, other = (self.scores(version, place) for version in (running.champion, running.challenger))
            columns = (month.left.astype(np.float64), mine, other, month.number)
            parts.append([column[np.broadcast_to(judges, len(column))] for column in columns])
        outcome, mine, other, number = (
            np.concatenate([part[place] for part in parts])[:MOST_PAIRS] if parts else np.empty(0) for place in range(4)
        )
        customer = np.unique(number, return_inverse=True)[1]
        return Pairs(outcome, mine, other, np.ones(len(outcome)), customer)

    def _matured(self, version: str, after: date) -> Iterator[tuple[int, Month]]:
        """The months that a release has scored, whose outcomes have settled since a day."""
        for place, (scored_by, month) in enumerate(zip(self.serving, self._months, strict=False)):
            if scored_by == version and after < _settled(month.first) <= self._now.date():
                yield place, month

    def _learn(self) -> None:
        """Have the online challenger learn what became known, and publish what it has learned where it has a place."""
        champion = self._champion()
        if self._state is None or self._state.champion != champion.version:
            self._state = begun(champion.manifest)
        learner, state = Learner(champion, self._state.weights), self._state
        for month in self._known_since(state):
            rows = self._rows([month])
            rows = rows.take(places(rows.keys) >= TEST_SHARE)
            for start in range(0, len(rows), _AT_ONCE):
                some = np.arange(start, min(start + _AT_ONCE, len(rows)))
                state = learned(state, champion, learner, rows.take(some))
            state = state.having(taken=state.taken | {_folder(month): self._now})
        self._state = state = state.having(until=self._now, weights=learner.weights)
        if state.learned - state.published >= publishing.EVERY:
            self._state = state.having(published=state.learned)
            if self._is_held():
                return
            version = release.claim(self._store, self._now)
            publishing.publish(self._store, champion, learner.scorer(), state.having(releasing=version), self._now)
            self.made[version] = self.made[champion.version]._replace(
                scorer=learner.scorer(), trained=self._now.date(), promised={"roc_auc": None}, online=True
            )
            publishing.put_into_shadow(self._store, version, self._clock)

    def _champion(self) -> Release:
        """The release in service, read when it comes into service."""
        version = self._in_service()
        if self._loaded is None or self._loaded.version != version:
            self._loaded = release.load(self._store, version)
        return self._loaded

    def _known_since(self, state: State) -> Iterator[Month]:
        """The months whose outcomes the online challenger has not learned."""
        for month in self._months:
            settled = datetime.combine(_settled(month.first), time(), UTC)
            if state.taken.get(_folder(month), state.since) < settled <= self._now:
                yield month

    def _retrain(self) -> None:
        """Ask for a training if one is due, and do it."""
        version = self._in_service()
        made = self.made[version]
        about = About(version, LOGISTIC_REGRESSION, TELCO, None, made.rows, made.promised)
        trainings = past(about, self.requests(), self._now.date())
        evidence = list(self._ripe(version))
        promised = made.promised["roc_auc"]
        told = change.verdict(evidence, promised["low"] if promised else None)
        numbers = [month.number for _, month in self._matured(version, trainings.last)]
        customers = len(np.unique(np.concatenate(numbers))) if numbers else 0
        entry = {"in_service": True, "verdict": told, "drift": None}
        found = retraining(about, [entry], trainings, customers, self._now.date(), shadow_is_held=self._is_held())
        if found["due"] and requests.ask(self._store, found["reasons"], self._now):
            self._train()

    def _is_held(self) -> bool:
        running = next(self._repository.running(), None)
        return bool(running and starting.holds_shadow(self._store, running))

    def _ripe(self, version: str) -> Iterator[Evidence]:
        first = self.serving.index(version) if version in self.serving else 0
        for place, month in self._matured(version, date.min):
            last = month.first.replace(day=monthrange(month.first.year, month.first.month)[1])
            if _settled(last) <= self._now.date():
                outcome, probability = month.left.astype(np.float64), self.scores(version, place)
                sample = Sample(outcome, probability, np.ones(len(outcome)), np.arange(len(outcome)))
                yield Evidence(f"{month.first:%Y-%m}", place - first + 1, sample)

    def _train(self) -> None:
        taken = requests.take(self._store, self._clock)
        if taken is None:
            return
        if self._is_held():  # what comes of it would be held back, and never looked at again
            taken.finish(DONE, "The place in shadow is taken.", release.claim(self._store, self._now))
            return

        def begin_shadow(version: str) -> str:
            return starting.start(self._store, version, "retraining", self._clock).champion

        known = [month for month in self._months if _settled(month.first) <= self._now.date()]
        asked = Asked(taken.request.day, taken.request.reasons, self._rows(known), begin_shadow)
        table, said = assemble(self._table, asked)
        version = self._publish(table, said.window.months, self._in_service())
        words = f"{version} is held back by its gates."
        if all(gate.passed for gate in self.made[version].gates):
            try:
                words = f"{version} is in shadow beside {begin_shadow(version)}."
            except ExperimentConflict as error:
                words = error.message
        taken.finish(DONE, words, version)

    def _rows(self, months: Sequence[Month]) -> Tracked:
        """What tracking and outcomes know of these months."""
        sizes = [len(month.number) for month in months]
        days = np.array([(month.first - _EPOCH).days for month in months], np.int32)
        ends = np.array([(months_later(month.first, WINDOW) - _EPOCH).days for month in months], np.int32)
        return Tracked(
            tuple(np.concatenate(columns) for columns in zip(*(month.customers for month in months), strict=True)),
            np.concatenate([month.left for month in months]).astype(np.int8),
            np.concatenate([month.keys for month in months]),
            np.repeat(days, sizes),
            np.repeat(ends, sizes),
            np.ones(sum(sizes)),
        )

    def _publish(self, table: Table, months: int | None, champion: str | None) -> str:
        """Fit the regression as the trainer does, judge it by the gates that move here, and publish it."""
        prepared = prepare(table)
        rows = prepared.split.development
        model = _REGRESSION.estimator(TELCO).fit(prepared.fed("columns", rows), prepared.churn[rows])
        served = serve(model, prepared)
        unseen = table.take(prepared.split.test)
        probability = served.predictor.scorer.probabilities(unseen.customers)
        rival = [Rival("the release in service", champion, False, self.made[champion].scorer)] if champion else []
        seen = SimpleNamespace(unseen=unseen, probability=probability, rivals=tuple(rival), predictor=served.predictor)
        gates = [gate for check in (expectations, calibrated, no_worse) for gate in check(cast(gating.Evidence, seen))]
        clusters = np.arange(len(unseen)) if unseen.clusters is None else unseen.clusters
        promised = figures(Sample(unseen.churn.astype(np.float64), probability, np.ones(len(unseen)), clusters))
        version = release.claim(self._store, self._now)
        self.made[version] = Made(
            served.predictor.scorer, self._now.date(), len(table), months, {"roc_auc": promised["roc_auc"]}, gates
        )
        about = {
            "model_name": LOGISTIC_REGRESSION,
            "kind": served.kind,
            "timestamp": self._now,
            "threshold": THRESHOLD,
            "split": scheme(table),
            "metrics": {},
            "gates_passed": all(gate.passed for gate in gates),
            "data": {"rows": len(table)},
            "libraries": {},
        }
        release.publish(self._store, version, about, served.files, TELCO)
        return version


def _settled(day: date) -> date:
    """When what became of a prediction of that day is known."""
    return months_later(day, WINDOW) + timedelta(days=SETTLING_DAYS)


def _folder(month: Month) -> str:
    return f"month={month.first:%Y-%m}"
