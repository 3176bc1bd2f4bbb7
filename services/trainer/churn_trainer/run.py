"""One training run, from the table to the release."""

import gc
import logging
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple

from joblib import cpu_count

from churn import release
from churn.model.scorecard import Scorecard
from churn.model.scoring import Scorer
from churn.release import Pointer
from churn.schema import Schema
from churn.store.interface import ObjectStore
from churn_trainer import memory
from churn_trainer.console import Console, Progress
from churn_trainer.data import sources
from churn_trainer.data.check import check, check_parts
from churn_trainer.data.prepare import Prepared, prepare
from churn_trainer.data.sampling import sampled
from churn_trainer.data.sources import Source
from churn_trainer.data.table import Findings, Table, load
from churn_trainer.evaluation.absent_fields import absent_fields
from churn_trainer.evaluation.drift_reference import drift_reference
from churn_trainer.evaluation.drivers import drivers
from churn_trainer.evaluation.quality import quality
from churn_trainer.evaluation.stability import Stability, stability
from churn_trainer.exploration import plots
from churn_trainer.exploration.explore import explore, frame_of
from churn_trainer.gates import rivals
from churn_trainer.gates.evidence import Evidence
from churn_trainer.gates.judge import gates
from churn_trainer.gates.rivals import Rival
from churn_trainer.model_metrics import measure
from churn_trainer.publishing import layout, publish, releases
from churn_trainer.publishing.card import Trained
from churn_trainer.releasing import Releasing
from churn_trainer.settings import TrainerSettings
from churn_trainer.training.candidates import CANDIDATES, LOGISTIC_REGRESSION, STACK, Candidate
from churn_trainer.training.choice import Choice, choose
from churn_trainer.training.cluster import cluster
from churn_trainer.training.compare import Comparison, Design, PermutedCheck, compare, data_of, permuted_check
from churn_trainer.training.export import Served, regression_scorer, require_look_up, scorecard, scorer_of, serve
from churn_trainer.training.onnx_export import require_form
from churn_trainer.training.refits import MEASURED_REFITS, REFITS_PER_REPEAT, refits
from churn_trainer.training.threads import one_thread
from churn_trainer.training.train import Fitted, fit_all
from churn_trainer.training.training_data import Asked, TrainingData, assemble

log = logging.getLogger(__name__)

_PERMUTED = "Shuffled labels"

# The customers whose reasons are compared over refits, whatever their number: measured effects take a millisecond each.
_EXPLAINED = 2_000

# The figures of each model that a person sees, in the order of the table's columns.
_SHOWN = {"roc_auc": "AUC", "log_loss": "Log loss", "brier": "Brier", "ece": "ECE", "accuracy": "Accuracy"}


class Trial(NamedTuple):
    """What came of a training: the version, and what became of it, as a sentence."""

    version: str
    words: str


class Run:
    """A run over one store: reading, exploring, comparing, publishing, releasing; it reports to `console`."""

    def __init__(self, settings: TrainerSettings, store: ObjectStore, console: Console) -> None:
        self._settings = settings
        self._store = store
        self._console = console

    def train(self, source: Source, schema: Schema, fingerprint: str, asked: Asked | None = None) -> Trial:
        """Train on the table and release the champion if it passes its gates; `fingerprint` goes into its manifest.

        If it was asked for, it learns from what was tracked as well, and where a release serves, the champion is put
        into shadow beside it.

        Raises BrokenTable, TableChanged, SchedulerUnavailable, NoExport, NoLookUp and OtherModel before it publishes.
        """
        require_look_up(schema)
        for candidate in (*CANDIDATES, STACK):
            require_form(candidate.estimator(schema), candidate.inputs)
        with one_thread(), cluster(self._settings):
            return self._train(source, fingerprint, schema, asked)

    def finish(self, version: str, asked: Asked) -> Trial:
        """Do what a training on request has left undone that was killed once it had published this version."""
        return Trial(version, Releasing(self._settings, self._store, self._console).finish(version, asked))

    def _train(self, source: Source, fingerprint: str, schema: Schema, asked: Asked | None) -> Trial:
        expected = releases.replaceable(self._store)
        self._console.step(f"Reading {source.name} ({source.kind}).")
        table, findings = load(source, schema)
        table, from_tracking = (table, None) if asked is None else self._assembled(table, asked)
        check(table, findings, source.name)
        table = sampled(table, findings)
        self._tell_repairs(table, findings)
        prepared = prepare(table)
        check_parts(prepared, self._settings, source.name)
        explored = self._explore(source, table, findings)
        trained = self._trained(source, findings, prepared, fingerprint, expected)
        trained = replace(trained, training_data=from_tracking)
        moment = datetime.now(UTC).replace(microsecond=0)
        against = expected.version if expected else None
        version = publish.results(trained, explored, self._settings, self._store, moment, against)
        self._tell_results(trained, version)
        words = Releasing(self._settings, self._store, self._console).release(trained, version, expected, asked)
        self._console.step(f"Done. Peak memory {memory.peak() / 2**20:.0f} MiB{_container_peak()}.")
        return Trial(version, words)

    def _assembled(self, declared: Table, asked: Asked) -> tuple[Table, TrainingData]:
        table, found = assemble(declared, asked)
        rows = found.table
        tracked = f"{rows['tracked']['rows']:,} of predictions whose outcome is known"
        self._console.step(f"{rows['declared']:,} rows of the table, {tracked}.")
        self._console.say(f"  Which past to learn from: {found.window.reason}.")
        return table, found

    def _explore(self, source: Source, table: Table, findings: Findings) -> dict[str, bytes]:
        remark = sources.keep(source, self._store, table.schema)
        if remark:
            self._console.step(remark)
        frame, report = frame_of(table), explore(table, findings)
        pictures = {
            layout.DASHBOARD: plots.dashboard(frame, report, table.schema),
            layout.HEATMAP: plots.correlation_heatmap(frame, table.schema),
        }
        for sentence in report["findings"]:
            self._console.say(f"  {sentence}")
        self._console.step("Explored the table.")
        return publish.explored(report, pictures)

    def _trained(
        self, source: Source, findings: Findings, prepared: Prepared, fingerprint: str, expected: Pointer | None
    ) -> Trained:
        fitted = self._fit(prepared)
        comparison, choice, permuted = self._compare(prepared)
        served = serve(fitted[choice.name].model, prepared)
        test = prepared.table.take(prepared.split.test)
        probability = served.predictor.scorer.probabilities(test.customers)
        regressions, champions = self._refits(prepared, choice, served)
        reasons = _stability(served.predictor.scorer, champions, prepared)
        evidence = Evidence(
            champion=choice.name,
            predictor=served.predictor,
            prepared=prepared,
            comparison=comparison,
            permuted=permuted,
            rivals=self._rivals(expected, prepared.table),
            stability=reasons,
            unseen=test,
            probability=probability,
            absent=absent_fields(served.predictor, prepared),
        )
        return Trained(
            source=source,
            findings=findings,
            prepared=prepared,
            fitted=fitted,
            comparison=comparison,
            choice=choice,
            permuted=permuted,
            served=served,
            quality=quality(test.churn, probability, test) | {"absent_fields": evidence.absent},
            drivers=self._drivers(fitted[LOGISTIC_REGRESSION], regressions, prepared),
            stability=reasons,
            gates=gates(evidence),
            rivals=evidence.rivals,
            succession=rivals.succession(evidence.rivals, test, measure(test.churn, probability)),
            reference=drift_reference(prepared, probability),
            fingerprint=fingerprint,
        )

    def _fit(self, prepared: Prepared) -> dict[str, Fitted]:
        fitted = {}
        for candidate_fit in fit_all(prepared):
            fitted[candidate_fit.candidate.name] = candidate_fit
            self._console.step(f"Fitted {candidate_fit.candidate.name} in {candidate_fit.seconds:.1f} s.")
        return fitted

    def _compare(self, prepared: Prepared) -> tuple[Comparison, Choice, PermutedCheck]:
        settings = self._settings
        rows = prepared.compared(settings.cv_max_rows)
        data = data_of(prepared, rows)
        design = Design(settings.cv_folds, settings.cv_repeats, None if settings.dask_scheduler else cpu_count())
        words = f"{settings.cv_repeats} × {settings.cv_folds}-fold cross-validation on {len(rows):,} customers"
        self._console.step(f"Comparing the models by {words}.")
        costs = {candidate.name: candidate.cost for candidate in (*CANDIDATES, STACK)}
        progress = Progress(self._console, costs | {_PERMUTED: costs[LOGISTIC_REGRESSION] / settings.cv_repeats})
        comparison = compare(data, design, progress)
        choice = choose(comparison, settings.selection)
        permuted = permuted_check(
            _simple(choice.name), data, design, lambda _, done, total: progress(_PERMUTED, done, total)
        )
        gc.collect()
        return comparison, choice, permuted

    def _refits(self, prepared: Prepared, choice: Choice, served: Served) -> tuple[list[Scorecard], list[Scorer]]:
        """Refits of the logistic regression, for the drivers, and of the champion, for its reasons."""
        settings, background = self._settings, served.predictor.background
        count = REFITS_PER_REPEAT * settings.cv_repeats
        self._console.step(f"Fitting again on {count} resamples, to see how certain drivers and reasons are.")
        regressions = refits(CANDIDATES[0], prepared, count, settings.cv_max_rows, scorecard)
        if choice.name == LOGISTIC_REGRESSION:
            return regressions, [regression_scorer(card) for card in regressions]
        champion = next(candidate for candidate in (*CANDIDATES, STACK) if candidate.name == choice.name)
        few = min(count, MEASURED_REFITS)
        as_served = partial(scorer_of, background=background)
        return regressions, refits(champion, prepared, few, settings.cv_max_rows, as_served)

    def _drivers(self, regression: Fitted, refitted: list[Scorecard], prepared: Prepared) -> dict[str, object]:
        rows = prepared.split.development
        refitted_rows = min(len(rows), self._settings.cv_max_rows)
        return drivers(scorecard(regression.model, prepared, rows), refitted, refitted_rows, prepared)

    def _rivals(self, expected: Pointer | None, table: Table) -> tuple[Rival, ...]:
        """The releases to judge the new model against; reports those that it cannot be compared with."""
        found = rivals.find(self._store, expected, table)
        for rival in found:
            if rival.scorer is None:
                self._console.step(f"Not compared with {rival.role}: {rival.reason}")
        return found

    def _tell_repairs(self, table: Table, findings: Findings) -> None:
        self._console.step(f"{len(table):,} customers, {table.churn.mean():.1%} of whom left.")
        for kind, count in findings.repairs.items():
            self._console.say(f"  Repaired: {kind}" + (f" ({count:,})" if count else ""))
        if findings.faulty_rows:
            for fault in findings.faults.values():
                self._console.say(f"  Set aside: {fault.sentence()}")

    def _tell_results(self, trained: Trained, version: str) -> None:
        comparison = trained.comparison
        head = ("Model", *_SHOWN.values(), "Seconds", "MiB", "KiB")
        rows = [
            (
                f"{name} ★" if name == trained.choice.name else name,
                *(_spread(comparison.summary(name)[figure]) for figure in _SHOWN),
                f"{fitted.seconds:.1f}",
                f"{fitted.memory / 2**20:.0f}",
                f"{fitted.size / 1024:.0f}",
            )
            for name, fitted in trained.fitted.items()
        ]
        self._console.table(head, rows)
        test = ", ".join(_tested(trained.quality, figure, name) for figure, name in _SHOWN.items())
        customers = len(trained.prepared.split.test)
        self._console.say(f"  {trained.choice.reason}")
        self._console.say(f"  On the test part, {customers:,} customers that nothing was fitted on: {test}.")
        places = f"{release.folder(version)}, data/, models/, outputs/"
        self._console.say(f"  Everything is under {self._settings.store_url}: {places}.")


def _stability(scorer: Scorer, champions: list[Scorer], prepared: Prepared) -> Stability:
    few = prepared.table.take(prepared.split.test[:_EXPLAINED])
    hand_made = few.schema.derived_columns is not None
    return stability(scorer, champions, len(prepared.split.development), few.customers, hand_made=hand_made)


def _simple(name: str) -> Candidate:
    """The candidate by name; for the stack, which has no folds of its own, its first member."""
    return next((candidate for candidate in CANDIDATES if candidate.name == name), CANDIDATES[0])


def _tested(quality: dict[str, Any], figure: str, name: str) -> str:
    ends = quality["test_intervals"].get(figure)
    interval = f" ({ends['low']:.4f} to {ends['high']:.4f})" if ends else ""
    return f"{name} {quality['test'][figure]:.4f}{interval}"


def _spread(figure: dict[str, float]) -> str:
    return f"{figure['mean']:.4f} ± {figure['std']:.4f}"


def _container_peak() -> str:
    """The container's own peak as text, which counts the file cache as well; empty without a memory limit."""
    peak = memory.container_peak()
    return "" if peak is None else f" (the container's own accounting: {peak / 2**20:.0f} MiB)"
