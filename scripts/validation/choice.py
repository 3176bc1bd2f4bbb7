"""Choice of the champion, intervals, calibration and the riskiest pairs.

Models are fitted with the settings that their search chooses once on the whole table; folds fit them anew. Outcomes
that are drawn here have known rates, so that what holds can be counted.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from joblib import Parallel, cpu_count, delayed
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from churn.model.scoring import logits, sigmoids
from churn.schema import built_in
from churn_trainer.data.prepare import Fed
from churn_trainer.data.sources import source_of
from churn_trainer.data.table import Findings, Table, load
from churn_trainer.evaluation.calibration import recalibration
from churn_trainer.evaluation.intervals import intervals
from churn_trainer.exploration.explore import explore
from churn_trainer.gates.calibration import calibration_gate
from churn_trainer.model_metrics import calibration_error_floor, expected_calibration_error, measure
from churn_trainer.training.candidates import CANDIDATES, LOGISTIC_REGRESSION, MEMBERS, STACK, Candidate
from churn_trainer.training.choice import choose
from churn_trainer.training.compare import Comparison, corrected_error, loss_error, stack_scores
from churn_trainer.training.threads import one_thread, own_thread
from churn_trainer.training.train import fit

TELCO = built_in("telco")

Result = tuple[str, str, str, bool]
Scores = NDArray[np.float64]

_SEEDS = 20
_SHUFFLES = 8
_DRAWS = 200
# The customers of a test part and of a fold of the real table.
_TEST, _FOLD = 1_409, 1_127


class Folds(NamedTuple):
    """A repeat of a cross-validation: its folds, and for each model the test customers' probabilities in each fold."""

    folds: list[tuple[NDArray[np.intp], NDArray[np.intp]]]
    scores: dict[str, list[Scores]]


def results(table: Path) -> Iterator[Result]:
    """The choice of the champion over seeds, floors and intervals by simulation, the calibration gate, the pairs."""
    customers = load(source_of("file", table.name, lambda: table.open("rb")), TELCO)[0]
    with one_thread():
        models = _tuned(customers)
        five, two = ([_scored(models, customers, folds, seed) for seed in range(_SEEDS)] for folds in (5, 2))
        yield _champions("five folds once", five, customers)
        yield _champions("two folds once", two, customers)
        yield _paired(two, customers)
        scores = _outside(five[0], LOGISTIC_REGRESSION)
        yield from _floors(scores)
        yield from _coverage(scores, customers.churn)
        yield from _gates(scores)
        yield _pairs(customers)


def _tuned(table: Table) -> dict[str, Pipeline]:
    fed = _fed(table)
    scaled = fed._replace(columns=StandardScaler().fit_transform(fed.columns))

    def tuned(candidate: Candidate) -> Pipeline:
        model = candidate.estimator(TELCO)
        model = clone(fit(model, candidate, scaled.of(candidate.inputs), table.churn)[0])
        return make_pipeline(StandardScaler(), model) if candidate.inputs == "columns" else make_pipeline(model)

    return {candidate.name: tuned(candidate) for candidate in CANDIDATES}


def _fed(table: Table) -> Fed:
    fields = np.column_stack([np.asarray(column, np.float64) for column in table.customers])
    return Fed(TELCO.features.matrix(table.customers, np.float32), fields)


def _scored(models: dict[str, Pipeline], table: Table, folds: int, seed: int) -> Folds:
    """Each model fitted in each fold, and the stack of its members."""
    fed = {candidate.name: _fed(table).of(candidate.inputs) for candidate in CANDIDATES}
    parts = list(StratifiedKFold(folds, shuffle=True, random_state=seed).split(table.churn, table.churn))
    work = [(name, part) for name in models for part in parts]
    found = Parallel(n_jobs=cpu_count(), prefer="threads")(
        delayed(_fold)(models[name], fed[name], table.churn, *part) for name, part in work
    )
    scores = {
        name: found[place : place + folds] for place, name in zip(range(0, len(work), folds), models, strict=True)
    }
    members = [scores[name] for name in MEMBERS]
    return Folds(parts, scores | {STACK.name: stack_scores(table.churn, parts, members, folds)})


def _fold(
    model: Pipeline,
    columns: NDArray[np.float32],
    churn: NDArray[np.int8],
    train: NDArray[np.intp],
    test: NDArray[np.intp],
) -> Scores:
    with own_thread():
        fitted = clone(model).fit(columns[train], churn[train])
        return np.asarray(fitted.predict_proba(columns[test])[:, 1], np.float64)


def _comparison(found: Folds, churn: NDArray[np.int8]) -> Comparison:
    figures, errors = {}, {}
    for name, scores in found.scores.items():
        measured = [measure(churn[test], score) for (_, test), score in zip(found.folds, scores, strict=True)]
        figures[name] = {"log_loss": np.array([fold["log_loss"] for fold in measured])}
        errors[name] = loss_error(churn, found.folds, scores)
    return Comparison(figures, errors, len(found.folds), 1, len(churn))


def _champions(design: str, repeats: list[Folds], table: Table) -> Result:
    chosen = Counter(choose(_comparison(found, table.churn), "one_standard_error").name for found in repeats)
    words = ", ".join(f"{name} {count}" for name, count in chosen.most_common())
    return f"the champion by {design}, {_SEEDS} seeds of the folds", words, "one champion", len(chosen) == 1


def _paired(repeats: list[Folds], table: Table) -> Result:
    """The champions by a rule that is not used, for comparison."""
    chosen: Counter[str] = Counter()
    for found in repeats:
        comparison = _comparison(found, table.churn)
        losses = {name: figures["log_loss"] for name, figures in comparison.figures.items()}
        best = min(losses, key=lambda name: float(losses[name].mean()))
        gaps = {name: losses[name] - losses[best] for name in losses}
        folds = len(found.folds)
        chosen[next(name for name in gaps if gaps[name].mean() <= corrected_error(gaps[name], folds))] += 1
    words = ", ".join(f"{name} {count}" for name, count in chosen.most_common())
    rule = "the champion by the paired error over two folds, which is not the rule"
    return rule, words, "more than one, or the rule could be the simpler one", len(chosen) > 1


def _outside(found: Folds, name: str) -> Scores:
    """Each customer's probability by a model that has not seen the customer."""
    scores = np.empty(sum(len(test) for _, test in found.folds))
    for (_, test), score in zip(found.folds, found.scores[name], strict=True):
        scores[test] = score
    return scores


def _drawn(scores: Scores, size: int, rng: np.random.Generator) -> tuple[NDArray[np.int8], Scores]:
    """The outcomes and scores of `size` random customers whose scores are exactly right."""
    taken = scores[rng.integers(len(scores), size=size)]
    return (rng.uniform(size=size) < taken).astype(np.int8), taken


def _floors(scores: Scores) -> Iterator[Result]:
    rng = np.random.default_rng(1)
    for size in (_FOLD, _TEST):
        drawn = [_drawn(scores, size, rng) for _ in range(_DRAWS)]
        seen = float(np.mean([expected_calibration_error(churn, taken) for churn, taken in drawn]))
        floor = float(np.mean([calibration_error_floor(taken) for _, taken in drawn]))
        what = f"the calibration error of scores that are right, on {size:,} customers"
        yield what, f"{seen:.4f}", f"{floor:.4f}, as is published, to 5 %", abs(floor / seen - 1) <= 0.05


def _coverage(scores: Scores, churn: NDArray[np.int8]) -> Iterator[Result]:
    """How often the intervals of a test part contain the figure of all customers that it is drawn from."""
    rng = np.random.default_rng(2)
    whole, covered = measure(churn, scores), Counter[str]()
    for _ in range(_DRAWS):
        rows = rng.integers(len(churn), size=_TEST)
        for name, ends in intervals(churn[rows], scores[rows]).items():
            covered[name] += ends["low"] <= whole[name] <= ends["high"]
    for name, count in covered.items():
        yield f"95 % intervals that hold the {name}", f"{count / _DRAWS:.1%}", "91 % to 99 %", _about(count / _DRAWS)
    for name, right in (("slope", 1.0), ("intercept", 0.0)):
        found = [recalibration(*_drawn(scores, _TEST, rng))[name] for _ in range(_DRAWS)]
        share = float(np.mean([ends["low"] <= right <= ends["high"] for ends in found]))
        yield f"95 % intervals that hold the {name} of calibration", f"{share:.1%}", "91 % to 99 %", _about(share)


def _about(share: float) -> bool:
    """Whether a share of _DRAWS intervals is within two and a half standard errors of 95 %."""
    return 0.91 <= share <= 0.99


def _gates(scores: Scores) -> Iterator[Result]:
    rng = np.random.default_rng(3)
    drawn = [_drawn(scores, _TEST, rng) for _ in range(_DRAWS)]
    for words, factor, shift, most in (
        ("right", 1.0, 0.0, 0.0),
        ("twice too bold", 2.0, 0.0, 1.0),
        ("twice too timid", 0.5, 0.0, 1.0),
        ("too high by half a log-odds", 1.0, 0.5, 1.0),
    ):
        shut = [not calibration_gate(churn, sigmoids(factor * logits(taken) + shift)).passed for churn, taken in drawn]
        share, wanted = float(np.mean(shut)), "at most 2 %" if most == 0 else "at least 95 %"
        holds = share <= 0.02 if most == 0 else share >= 0.95
        yield f"the gate on calibration shuts on scores that are {words}", f"{share:.1%}", wanted, holds


def _pairs(table: Table) -> Result:
    """The riskiest pair in tables with shuffled churn, where no pair is really riskier than another."""
    above = 0
    for seed in range(_SHUFFLES):
        churn = np.random.default_rng(seed).permutation(table.churn)
        report = explore(replace(table, churn=churn), Findings(rows=len(churn)))
        above += report["segments"][0]["low"] > report["churn"]["rate"]
    what = "tables with churn by lot whose riskiest pair lies above the base rate"
    return what, f"{above} of {_SHUFFLES}", "at most 1", above <= 1
