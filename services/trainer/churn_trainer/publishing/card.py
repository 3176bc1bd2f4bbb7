"""The manifest of a release: everything that it says about itself. /model_info and the site show these entries.

model_name, timestamp, kind, threshold, parameters, fitted_on
split          scheme, key (id or row), test_share, validation_share, fitted_on: whom it may be judged on later
metrics        cv (figure → mean, std), test (figure → value), test_intervals (figure → low, high); figures are those of
               model_metrics.measure, intervals are of 95 %
comparison     folds, repeats, rows, candidates (one row per model), selection (rule, figure, errors, reason),
               permuted_labels; an error is that of a model's mean figure over customers
calibration    [{mean_predicted, observed, low, high, count}] on the test part
recalibration  {slope, intercept: {value, low, high}} on the test part; 1 and 0 where probabilities are right
score_distribution {edges, stayed, churned} on the test part
thresholds     [{threshold, flagged, caught, false_alarms, missed, intervals}] per 1,000 customers of the test part
absent_fields  customers, complete, required, random, reference (each roc_auc, log_loss, brier, calibration_slope,
               calibration_intercept; of the partial ones range_coverage), loss: see evaluation.absent_fields
drivers        {model, meaning, refits, fields: [{field, title, from, to, text, odds_ratio, low, high, direction}],
               columns}
stability      {first_reason_kept, lowest, refits, customers, limit, meaning}: whether reasons hold still over refits
explained      by column of charges, how much of its variance the services and the tenure explain
fairness       {threshold, part, groups: [{field, group, customers, false_positive_rate: {value, low, high}, ...}],
               gaps: [{field, rate, highest, lowest, value, low, high}]}
gates          [{name, passed, detail}], gates_passed (whether they all hold)
rivals         [{role, version, is_reference, compared, reason}]: the releases it was judged against, or why it was not
reference      becomes, reason: whether it becomes the reference once it is in service
data           source, name, sha256, rows, churn_rate, repairs, split (train, validation, test, repeated). Of one on
               request the first three and `declared`, a number of the rows, are of the declared table; further
               tracked: {rows, known, since, until, weight, incomplete, untold_months, share_of_customers}: the rows
               that are predictions with their outcomes; how many are known, of which days, and for how many customers
               they stand; what was left out: rows with an absent field, months whose outcomes are mostly unknown, and
               customers for whom there is no memory
               window: {months, reason, judged, trials: [{months, rows, log_loss, behind, error}]}: which past was
               learned from (null: all), by how well each foretold the newest outcomes
               trigger: {request, reasons}: the day of the request, and why it was asked for
libraries, explanation, intended_use, limits, fingerprint
nearest        for a declaration of one's own, the titles of the fields by which similar customers are found
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from churn.customer.fields import Number
from churn.schema import Schema
from churn.tracking.reference import Reference
from churn_trainer.data.declared import is_built_in
from churn_trainer.data.prepare import Prepared
from churn_trainer.data.sources import Source
from churn_trainer.data.split import scheme
from churn_trainer.data.table import Findings
from churn_trainer.evaluation.intervals import intervals
from churn_trainer.evaluation.stability import Stability
from churn_trainer.gates.evidence import Gate
from churn_trainer.gates.reference import Succession
from churn_trainer.gates.rivals import Rival
from churn_trainer.model_metrics import THRESHOLD
from churn_trainer.publishing.fingerprint import libraries
from churn_trainer.training.attribution import explained_shares
from churn_trainer.training.choice import FIGURE, Choice, why_not
from churn_trainer.training.compare import Comparison, PermutedCheck
from churn_trainer.training.export import Served
from churn_trainer.training.train import Fitted, figures_on, scores
from churn_trainer.training.training_data import TrainingData

INTENDED_USE = (
    "Ranking {whose} customers by how likely they are to leave, for people who decide whom to call.",
    "Explaining a single customer's score to the person who talks to the customer.",
)
MISUSE = (
    "Refusing service, setting prices or anything else that is to a customer's disadvantage.",
    "Predicting what an offer will achieve: the data holds no trial, only who left.",
    "Other industries, or customers unlike those of the table it was trained on.",
)
LIMITS = (
    "The table is one moment's picture without dates: the model cannot know how churn changes over time.",
    "Its probabilities are right on average, not for a single person.",
    "Some customers alike in every field decided differently: no model of these fields can tell them apart.",
    "Reasons and recommendations are associations, not effects.",
)
# Whose customers a model ranks: those of IBM's table are a telephone company's, of others only their name is known.
_SHIPPED, _DECLARED = "a telephone company's", "{name}'s"
_EXPLANATIONS = {
    "scorecard": "each field's part of the log-odds against the average customer; the parts add up exactly. What "
    "services and tenure explain of the charges counts for these, and only the rest for the charges",
    "terms": "each field's part of the log-odds against the average customer; the parts add up exactly. What a pair of "
    "fields adds counts half for each of them, and an implied value counts for its own field",
    "onnx": "measured: the log-odds less their mean when the field takes the values it has among real customers "
    "(centred individual conditional expectation); the parts need not add up",
}


@dataclass(frozen=True, slots=True)
class Trained:
    """Everything that a run has found out about its table, its models and its champion."""

    source: Source
    findings: Findings
    prepared: Prepared
    fitted: dict[str, Fitted]
    comparison: Comparison
    choice: Choice
    permuted: PermutedCheck
    served: Served
    quality: dict[str, Any]
    drivers: dict[str, Any]
    stability: Stability
    gates: Sequence[Gate]
    rivals: Sequence[Rival]
    succession: Succession
    reference: Reference
    fingerprint: str
    training_data: TrainingData | None = None
    """What a training on request has learned from; None for any other one."""

    @property
    def passes(self) -> bool:
        """Whether the champion passes every gate."""
        return all(gate.passed for gate in self.gates)

    @property
    def champion(self) -> Fitted:
        """The fit of the chosen candidate."""
        return self.fitted[self.choice.name]


def manifest(trained: Trained, timestamp: datetime, rule: str) -> dict[str, Any]:
    """The manifest without what `release.publish` adds: format, version, columns and checksums.

    `timestamp` is the moment of the run in UTC, `rule` the setting CHURN_SELECTION.
    """
    champion, quality, schema = trained.champion, dict(trained.quality), trained.prepared.table.schema
    cv = trained.comparison.summary(trained.choice.name)
    return {
        "model_name": trained.choice.name,
        "kind": trained.served.kind,
        "timestamp": timestamp,
        "threshold": THRESHOLD,
        "parameters": champion.parameters,
        "fitted_on": "train and validation",
        "split": scheme(trained.prepared.table),
        "metrics": {"cv": cv, "test": quality.pop("test"), "test_intervals": quality.pop("test_intervals")},
        "comparison": _comparison(trained, rule),
        **quality,
        "drivers": trained.drivers,
        "stability": asdict(trained.stability) | {"meaning": trained.stability.meaning},
        "explained": explained_shares(trained.prepared, trained.prepared.split.development),
        "gates": [gate.entry() for gate in trained.gates],
        "gates_passed": trained.passes,
        "rivals": [rival.entry() for rival in trained.rivals],
        "reference": trained.succession._asdict(),
        "data": _data(trained),
        "libraries": libraries(),
        "explanation": _EXPLANATIONS[trained.served.kind],
        "intended_use": {"for": _uses(schema), "not_for": MISUSE},
        "limits": [*LIMITS, *_set_aside(schema)],
        **_nearest(schema),
        "fields": list(schema.fields),
        "fingerprint": trained.fingerprint,
    }


def _uses(schema: Schema) -> list[str]:
    whose = _SHIPPED if is_built_in(schema) else _DECLARED.format(name=schema.name)
    return [sentence.format(whose=whose) for sentence in INTENDED_USE]


def _set_aside(schema: Schema) -> list[str]:
    if not schema.set_aside:
        return []
    values = ", ".join(schema.set_aside)
    return [f"Customers with {schema.outcome} {values} were set aside: neither their past nor their like was learnt."]


def _nearest(schema: Schema) -> dict[str, str]:
    """By what customers resemble each other who lend absent fields, in words; the shipped schema's are well known."""
    if is_built_in(schema):
        return {}
    fields = schema.fields.items()
    by = [f.title for _, f in fields if f.required and (f.role if isinstance(f, Number) else not f.protected)]
    return {"nearest": ", ".join(by)}


def costs(trained: Trained) -> list[dict[str, Any]]:
    """What fitting each model cost. It differs from run to run, so it is not part of the manifest."""
    return [
        {
            "model_name": name,
            "training_seconds": round(fitted.seconds, 3),
            "memory_mib": round(fitted.memory / 2**20, 1),
            "model_bytes": fitted.size,
        }
        for name, fitted in trained.fitted.items()
    ]


def _comparison(trained: Trained, rule: str) -> dict[str, Any]:
    comparison = trained.comparison
    return {
        "folds": comparison.folds,
        "repeats": comparison.repeats,
        "rows": comparison.rows,
        "candidates": [_candidate(trained, name, rule) for name in comparison.figures],
        "selection": {
            "rule": rule,
            "figure": FIGURE,
            "errors": comparison.errors,
            "reason": trained.choice.reason,
        },
        "permuted_labels": asdict(trained.permuted) | {"passed": trained.permuted.passed},
    }


def _candidate(trained: Trained, name: str, rule: str) -> dict[str, Any]:
    """A model's row of the comparison: figures, difference from the champion, settings, complexity, why not chosen."""
    fitted, prepared = trained.fitted[name], trained.prepared
    champion = trained.choice.name
    return {
        "model_name": name,
        "champion": name == champion,
        "why_not": None if name == champion else why_not(trained.comparison, rule, champion, name),
        "cv": trained.comparison.summary(name),
        "against_champion": _gap(trained, name, "roc_auc") | {FIGURE: _gap(trained, name, FIGURE)},
        "test": figures_on(prepared.split.test, fitted, prepared),
        "test_intervals": _test_intervals(fitted, prepared),
        "parameters": fitted.parameters,
        "interpretability": fitted.candidate.interpretability,
        "complexity": fitted.candidate.complexity,
        "model_bytes": fitted.size,
    }


def _test_intervals(fitted: Fitted, prepared: Prepared) -> dict[str, Any]:
    rows = prepared.split.test
    return intervals(prepared.churn[rows], scores(rows, fitted, prepared), prepared.table.take(rows).clusters)


def _gap(trained: Trained, name: str, figure: str) -> dict[str, Any]:
    """By how much a model's figure is above the champion's, with the standard error and the 95 % interval."""
    gap = trained.comparison.difference(name, trained.choice.name, figure)
    low, high = gap.interval
    return {"mean": gap.mean, "error": gap.error, "low": low, "high": high}


def _data(trained: Trained) -> dict[str, Any]:
    source, prepared = trained.source, trained.prepared
    split = prepared.split
    return {
        "source": source.kind,
        "name": source.name.rpartition("/")[2],
        "sha256": source.sha256,
        "rows": len(prepared.table),
        "churn_rate": float(prepared.churn.mean()),
        "repairs": trained.findings.repairs,
        "split": {part: len(rows) for part, rows in split._asdict().items()},
        **(trained.training_data.entry() if trained.training_data else {}),
    }
