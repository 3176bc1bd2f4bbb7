"""Who is fitted on, who is judged by, and whether the gates of a release can fail."""

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.metrics import roc_auc_score

from churn.customer.declaration import Customer
from churn.model.scoring import FloatArray
from churn.schema import built_in
from churn_trainer.data import sources
from churn_trainer.data.check import check_parts
from churn_trainer.data.hashes import row_hashes
from churn_trainer.data.prepare import Prepared, prepare
from churn_trainer.data.table import Table, load
from churn_trainer.errors import BrokenTable
from churn_trainer.gates.evidence import Gate
from churn_trainer.gates.leaks import implausible_model, made_of_outcome, repeats, single_field
from churn_trainer.gates.rivals import MARGINS, Rival, succession
from churn_trainer.model_metrics import measure
from churn_trainer.settings import TrainerSettings
from churn_trainer.training.candidates import CANDIDATES, SEED
from churn_trainer.training.compare import Design, data_of, grouped_folds, permuted_check

TELCO = built_in("telco")

# What is measured, what was seen, what is wanted, and whether that holds.
Row = tuple[str, str, str, bool]
Figures = dict[str, float]

_ORDERS = 40
_REFITS = {"Logistic Regression": 40, "Random Forest": 20}
_RELEASES = 20
_DESIGN = Design(folds=3, repeats=1, jobs=1)


def results(table: Path) -> Iterator[Row]:
    """Reorderings, refits, a chain of falling releases, planted leaks, repeated customers and shuffled labels."""
    whole, _ = load(sources.source_of("file", table.name, lambda: table.open("rb")), TELCO)
    prepared = prepare(whole)
    yield _reorderings(whole, prepared)
    for name, count in _REFITS.items():
        yield from _refits(prepared, name, count)
    yield from _falling(prepared)
    yield from _leaks(whole)
    yield from _repeats(whole)
    yield from _shuffled(prepared)


def _reorderings(whole: Table, prepared: Prepared) -> Row:
    rng = np.random.default_rng(SEED)
    old, released = _figures(_fit("Logistic Regression", prepared), prepared), 0
    for _ in range(_ORDERS):
        again = prepare(whole.take(rng.permutation(len(whole))))
        released += _passes(_figures(_fit("Logistic Regression", again), again), old)
    wanted = math.ceil(0.95 * _ORDERS)
    what = "the same customers in another order, fitted anew: released"
    return what, f"{released} of {_ORDERS}", f"{wanted} or more", released >= wanted


def _refits(prepared: Prepared, name: str, count: int) -> Iterator[Row]:
    """A release fitted on all customers, and new models fitted without a random tenth of them."""
    rng = np.random.default_rng(SEED)
    old = _figures(_fit(name, prepared), prepared)
    development = prepared.split.development
    new = []
    for _ in range(count):
        rows = development[rng.random(len(development)) < 0.9]
        new.append(_figures(_fit(name, prepared, rows), prepared))
    released, wanted = sum(_passes(figures, old) for figures in new), math.ceil(0.95 * count)
    what = f"{name}, a tenth of the customers gone: released"
    yield what, f"{released} of {count}", f"{wanted} or more", released >= wanted
    for margin in MARGINS:
        spread = float(np.std([figures[margin.figure] for figures in new], ddof=1))
        what = f"{name}, the same: standard deviation of the {margin.name}"
        yield what, f"{spread:.5f}", f"half of the margin {margin.worse} or less", spread <= margin.worse / 2


class _Fixed:
    """A scorer of the test customers alone, whose probabilities are given."""

    def __init__(self, probability: FloatArray) -> None:
        self._probability = probability

    def probabilities(self, _table: Customer) -> FloatArray:
        return self._probability


def _falling(prepared: Prepared) -> Iterator[Row]:
    """Releases that each lose 0.003 of AUC, judged against the last one alone, and against the reference as well."""
    unseen = prepared.table.take(prepared.split.test)
    chain = list(_fading(prepared))
    first = measure(unseen.churn, chain[0])
    alone = kept = 0
    old, reference, in_service = first, chain[0], first
    for probability in chain[1:]:
        new = measure(unseen.churn, probability)
        alone, old = alone + _passes(new, old), new
        rival = Rival("the reference release", "reference", True, _Fixed(reference))  # type: ignore[arg-type]
        if _passes(new, in_service) and _passes(new, measure(unseen.churn, reference)):
            kept, in_service = kept + 1, new
            if succession((rival,), unseen, new).becomes:
                reference = probability
    lost = first["roc_auc"] - old["roc_auc"]
    what = f"{_RELEASES} releases, each a bit worse, against the last one alone: released"
    yield (
        what,
        f"{alone}, {lost:.3f} of AUC lost",
        f"{_RELEASES}: a margin alone does not stop them",
        alone == _RELEASES,
    )
    lost = first["roc_auc"] - in_service["roc_auc"]
    wanted = MARGINS[0].worse
    what = "the same against the reference as well: released"
    yield what, f"{kept}, {lost:.4f} of AUC lost", f"at most {wanted} lost", 0 < kept < _RELEASES and lost <= wanted


def _fading(prepared: Prepared) -> Iterator[FloatArray]:
    """The regression's probabilities with more and more of the same noise in their log-odds."""
    scaled = prepared.scaled(prepared.split.test)
    probability = _fit("Logistic Regression", prepared).predict_proba(scaled)[:, 1].astype(np.float64)
    odds, noise = np.log(probability / (1 - probability)), np.random.default_rng(SEED).normal(size=len(probability))
    churn = prepared.churn[prepared.split.test]
    auc, size = float(roc_auc_score(churn, odds)), 0.0
    yield probability
    for step in range(1, _RELEASES + 1):
        while roc_auc_score(churn, odds + size * noise) > auc - 0.003 * step:
            size += 0.01
        yield 1 / (1 + np.exp(-odds - size * noise))


def _leaks(whole: Table) -> Iterator[Row]:
    rng = np.random.default_rng(SEED)
    field = TELCO.categories["PaperlessBilling"]
    codes = np.array([field.code("No"), field.code("Yes")], np.int8)
    left = whole.churn == 1
    known = np.where(rng.random(len(whole)) < 0.8, whole.churn, rng.integers(2, size=len(whole)))
    stopped = np.where(left & (rng.random(len(whole)) < 0.1), 0.0, whole.column("MonthlyCharges"))
    yield _holds("the real table", single_field(whole))
    yield _holds("the real table", made_of_outcome(whole))
    yield _fails("paperless billing is the outcome", single_field(_with(whole, PaperlessBilling=codes[whole.churn])))
    yield _fails("the same for four customers of five", single_field(_with(whole, PaperlessBilling=codes[known])))
    yield _fails("a tenth of those who left have a bill of 0", made_of_outcome(_with(whole, MonthlyCharges=stopped)))
    yield _holds(
        "the real table, regression", implausible_model(_cross_validated("Logistic Regression", whole), whole.schema)
    )
    leaking = _with(whole, PaperlessBilling=codes[known])
    yield _fails(
        "the outcome for four of five, regression",
        implausible_model(_cross_validated("Logistic Regression", leaking), leaking.schema),
    )


def _repeats(whole: Table) -> Iterator[Row]:
    rng = np.random.default_rng(SEED)
    few = whole.take(rng.choice(len(whole), 1_500, replace=False))
    four, more = (_renamed(few.take(np.arange(rows) % 1_500), rng) for rows in (6_000, 1_800))
    yield _holds("the real table", repeats(row_hashes(whole.customers), whole))
    yield _fails("300 of 1,500 customers twice", repeats(row_hashes(more.customers), more))
    yield _refused("1,500 customers four times under new ids", four)
    once, again = (_cross_validated("Random Forest", table) for table in (few, four))
    what = "the same: AUC of a forest, against that of each customer once"
    yield what, f"{again:.3f} against {once:.3f}", "at most 0.02 above", again <= once + 0.02


def _shuffled(prepared: Prepared) -> Iterator[Row]:
    rows = prepared.split.development
    data = data_of(prepared, rows)
    honest = prepared.unscaled(rows)
    peeking = honest.copy()
    peeking[:, 0] = np.random.default_rng(SEED).permutation(data.churn)
    for what, columns, passes in (("fitted as it should be", honest, True), ("that sees them", peeking, False)):
        found = permuted_check(
            CANDIDATES[0], data._replace(fed=data.fed._replace(columns=columns)), _DESIGN, lambda *_: None
        )
        wanted = f"{'within' if passes else 'beyond'} 0.5 ± {found.limit:.3f}"
        yield f"labels shuffled, a pipeline {what}: AUC", f"{found.roc_auc:.3f}", wanted, found.passed is passes


def _refused(what: str, table: Table) -> Row:
    try:
        check_parts(prepare(table), TrainerSettings(store_url="file:///nowhere"), "customers.csv")
    except BrokenTable as error:
        return what, error.faults[0], "refused", True
    return what, "trained", "refused", False


def _holds(what: str, gate: Gate) -> Row:
    return f"{what}: {gate.name}", gate.detail, "holds", gate.passed


def _fails(what: str, gate: Gate) -> Row:
    return f"{what}: {gate.name}", gate.detail, "does not hold", not gate.passed


def _passes(new: Figures, old: Figures) -> bool:
    return all(margin.shortfall(new, old) <= margin.worse for margin in MARGINS)


def _fit(name: str, prepared: Prepared, rows: NDArray[np.intp] | None = None) -> ClassifierMixin:
    """A candidate with the first settings of its grid, fitted on the rows, or on all but the test part."""
    rows = prepared.split.development if rows is None else rows
    return _candidate(name).fit(prepared.scaled(rows), prepared.churn[rows])


def _candidate(name: str) -> ClassifierMixin:
    """The model with the first settings of its grid."""
    candidate = next(candidate for candidate in CANDIDATES if candidate.name == name)
    return candidate.estimator(TELCO).set_params(**{key: values[0] for key, values in candidate.grid.items()})


def _figures(model: ClassifierMixin, prepared: Prepared) -> Figures:
    probability = model.predict_proba(prepared.scaled(prepared.split.test))[:, 1].astype(np.float64)
    return measure(prepared.churn[prepared.split.test], probability)


def _cross_validated(name: str, table: Table) -> float:
    """The mean AUC of a candidate over folds that keep customers alike in every field together."""
    prepared = prepare(table)
    rows = np.arange(len(table))
    columns, churn = prepared.scaled(rows), table.churn
    aucs = []
    for train, test in grouped_folds(churn, prepared.groups(rows), _DESIGN):
        model = _candidate(name).fit(columns[train], churn[train])
        aucs.append(roc_auc_score(churn[test], model.predict_proba(columns[test])[:, 1]))
    return float(np.mean(aucs))


def _with(table: Table, **columns: NDArray[Any]) -> Table:
    return replace(table, customers=TELCO.replaced(table.customers, columns))


def _renamed(table: Table, rng: np.random.Generator) -> Table:
    """The table with a new id for every row."""
    return replace(table, keys=rng.integers(2**64 - 1, size=len(table), dtype=np.uint64))
