"""Choosing the champion, and the gates it has to pass before it serves."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from churn.customer import CATEGORIES, Customer
from churn.scoring import FloatArray
from churn_trainer.candidates import CANDIDATES, SEED, VOTING
from churn_trainer.compare import Comparison
from churn_trainer.evidence import Evidence, Gate
from churn_trainer.metrics import measure

# Enough resamples for a standard error that is right to a tenth.
_RESAMPLES = 100

# Beyond this many standard errors a difference is taken as more than noise (one side, 2.5 %).
_NOISE = 1.96

# What is compared with the release in service: its name, and whether more is better.
_GUARDED = {"roc_auc": ("AUC", True), "brier": ("Brier score", False), "ece": ("Calibration error", False)}


@dataclass(frozen=True, slots=True)
class Choice:
    """The champion's name, and in one sentence why it is the champion."""

    name: str
    reason: str


def choose(comparison: Comparison, rule: str) -> Choice:
    """The best model by mean AUC, or the simplest one that is within one standard error of it."""
    best = max(comparison.figures, key=lambda name: comparison.mean(name, "roc_auc"))
    auc = f"mean AUC {comparison.mean(best, 'roc_auc'):.4f}"
    if rule == "best":
        return Choice(best, f"{best} has the best {auc}.")
    for candidate in sorted((*CANDIDATES, VOTING), key=lambda one: one.complexity):
        behind = comparison.difference(best, candidate.name)
        if candidate.name == best:
            return Choice(best, f"{best} has the best {auc}, and no simpler model is within one standard error of it.")
        if behind.mean <= behind.error:
            detail = f"{behind.mean:.4f} behind {best} ({auc}), within one standard error ({behind.error:.4f})"
            return Choice(
                candidate.name, f"{candidate.name} is the simplest model that is not clearly worse: {detail}."
            )
    raise AssertionError("the best is among the candidates")


def permuted_labels(evidence: Evidence) -> Iterator[Gate]:
    """Only a pipeline that hands the labels of a fold's test customers to its fit gets past chance here."""
    permuted = evidence.permuted
    detail = f"AUC {permuted.roc_auc:.3f} on shuffled labels, 0.5 ± {permuted.limit:.3f} allowed"
    yield Gate("the pipeline sees no test labels", permuted.passed, detail)


def two_year_contract(evidence: Evidence) -> Iterator[Gate]:
    contract = CATEGORIES["Contract"]
    monthly, two_year = (_mean_risk(evidence, contract.code(value)) for value in ("Month-to-month", "Two year"))
    detail = f"mean probability {two_year:.3f} with a two-year contract for all, {monthly:.3f} month-to-month"
    yield Gate("a two-year contract does not raise the risk", two_year <= monthly, detail)


def _mean_risk(evidence: Evidence, code: int) -> float:
    customers = evidence.unseen.customers
    everyone = customers._replace(Contract=np.full_like(customers.Contract, code))
    return float(evidence.predictor.scorer.probabilities(everyone).mean())


def row_order(evidence: Evidence) -> Iterator[Gate]:
    """A customer's score must not depend on who stands next to it, nor a table's on the order of its rows."""
    few = Customer(*(column[:100] for column in evidence.unseen.customers))
    backwards = Customer(*(column[::-1] for column in few))
    score = evidence.predictor.scorer.probabilities
    gap = float(np.abs(score(few) - score(backwards)[::-1]).max())
    yield Gate("the order of a table is irrelevant", gap <= 1e-9, f"largest difference {gap:.1e}")


def release_in_service(evidence: Evidence) -> Iterator[Gate]:
    if evidence.incumbent is None:
        return
    churn, new = evidence.unseen.churn, evidence.probability
    old = evidence.incumbent.scorer.probabilities(evidence.unseen.customers)
    gaps = _resampled_gaps(new, old, churn)
    figures, held = measure(churn, new), measure(churn, old)
    for figure, (name, more_is_better) in _GUARDED.items():
        worse = (held[figure] - figures[figure]) * (1 if more_is_better else -1)
        allowed = _NOISE * float(gaps[figure].std(ddof=1))
        detail = f"{figures[figure]:.4f} against {held[figure]:.4f}, {allowed:.4f} worse is allowed as noise"
        yield Gate(f"{name} is no worse than the release in service", worse <= allowed + 1e-12, detail)


def _resampled_gaps(new: FloatArray, old: FloatArray, churn: NDArray[np.int8]) -> dict[str, NDArray[Any]]:
    """The differences of the guarded figures over bootstrap samples of the same customers."""
    chance = np.random.default_rng(SEED)
    gaps: dict[str, list[float]] = {figure: [] for figure in _GUARDED}
    for _ in range(_RESAMPLES):
        rows = chance.integers(len(churn), size=len(churn))
        first, second = measure(churn[rows], new[rows]), measure(churn[rows], old[rows])
        for figure, held in gaps.items():
            held.append(first[figure] - second[figure])
    return {figure: np.array(held) for figure, held in gaps.items()}


# Every check, in the order in which a card shows its gates. Whoever tests one thing more adds a line.
CHECKS: tuple[Callable[[Evidence], Iterable[Gate]], ...] = (
    permuted_labels,
    two_year_contract,
    row_order,
    release_in_service,
)


def gates(evidence: Evidence) -> list[Gate]:
    """Every gate, passed or not, judged on customers that the new model has never seen."""
    return [gate for check in CHECKS for gate in check(evidence)]
