"""The gates that the champion has to pass before it serves."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from churn_trainer.gates import absent_fields
from churn_trainer.gates.calibration import calibrated
from churn_trainer.gates.evidence import Evidence, Gate
from churn_trainer.gates.leaks import implausible_model, made_of_outcome, repeats, single_field
from churn_trainer.gates.rivals import MARGINS, standings
from churn_trainer.model_metrics import measure


def permuted_labels(evidence: Evidence) -> Iterator[Gate]:
    """That the AUC on shuffled labels is chance: it is higher only if a fit sees the labels of its test customers."""
    permuted = evidence.permuted
    detail = f"AUC {permuted.roc_auc:.3f} on shuffled labels, 0.5 ± {permuted.limit:.3f} allowed"
    yield Gate("the pipeline sees no test labels", permuted.passed, detail)


def expectations(evidence: Evidence) -> Iterator[Gate]:
    """That each declared expectation holds: the mean probability is no higher with `after` for everyone than `before`.

    The shipped declaration expects it of a two-year contract in place of a monthly one.
    """
    for expected in evidence.unseen.schema.expectations:
        before, after = (_mean_risk(evidence, expected.field, value) for value in (expected.before, expected.after))
        words = f"with {expected.after_words} for all, {before:.3f} {expected.before_words}"
        name = f"{expected.after_words} does not raise the risk"
        yield Gate(name, after <= before, f"mean probability {after:.3f} {words}")


def _mean_risk(evidence: Evidence, field: str, value: str) -> float:
    schema, customers = evidence.unseen.schema, evidence.unseen.customers
    column = np.full_like(customers[schema.position[field]], schema.categories[field].code(value))
    everyone = schema.replaced(customers, {field: column})
    return float(evidence.predictor.scorer.probabilities(everyone).mean())


def row_order(evidence: Evidence) -> Iterator[Gate]:
    """That a customer's score does not depend on the other rows of a table, nor on their order."""
    customer = evidence.unseen.schema.customer
    few = customer(column[:100] for column in evidence.unseen.customers)
    backwards = customer(column[::-1] for column in few)
    score = evidence.predictor.scorer.probabilities
    gap = float(np.abs(score(few) - score(backwards)[::-1]).max())
    yield Gate("the order of a table is irrelevant", gap <= 1e-9, f"largest difference {gap:.1e}")


def steady_reasons(evidence: Evidence) -> Iterator[Gate]:
    """That enough customers keep their first reason when the model is fitted again."""
    found = evidence.stability
    kept = f"the same first reason for {found.first_reason_kept:.1%} of customers over {found.refits} refits"
    yield Gate("reasons hold still", found.passed, f"{kept}, at least {found.limit:.0%} wanted")


def leaks_and_repeats(evidence: Evidence) -> Iterator[Gate]:
    """That neither the table nor the model is too good to be true."""
    prepared = evidence.prepared
    yield single_field(prepared.table)
    yield made_of_outcome(prepared.table)
    yield implausible_model(evidence.comparison.mean(evidence.champion, "roc_auc"), prepared.table.schema)
    yield repeats(prepared.row_groups, prepared.table)


def no_worse(evidence: Evidence) -> Iterator[Gate]:
    """That the champion is not inferior to any rival by more than a fixed margin, on the same customers."""
    new = measure(evidence.unseen.churn, evidence.probability)
    customers = f"{len(evidence.unseen):,} customers that neither was fitted on"
    for rival, old in standings(evidence.rivals, evidence.unseen):
        for margin in MARGINS:
            side = "below" if margin.more_is_better else "above"
            name = f"{margin.name} is at most {margin.worse} {side} that of {rival.role}"
            # Figures of the same model may differ in the last digits, with the order in which its sums are computed.
            passed = margin.shortfall(new, old) <= margin.worse + 1e-9
            figures = f"{new[margin.figure]:.4f} against {old[margin.figure]:.4f} of {rival.version}"
            yield Gate(name, passed, f"{figures}, on {customers}")


# Every check, in the order in which a card shows its gates. A new check is a line here.
CHECKS: tuple[Callable[[Evidence], Iterable[Gate]], ...] = (
    permuted_labels,
    expectations,
    row_order,
    calibrated,
    steady_reasons,
    leaks_and_repeats,
    absent_fields.gates,
    no_worse,
)


def gates(evidence: Evidence) -> list[Gate]:
    """Every gate, passed or not, judged on customers that the champion has never seen."""
    return [gate for check in CHECKS for gate in check(evidence)]
