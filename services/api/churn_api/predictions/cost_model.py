"""What a prediction costs to compute with the release in service: half of the question whether to ask Redis."""

from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple

from churn.customer.declaration import FIELDS
from churn.customer.reading import read
from churn.model.predictor import Predictor
from churn.model.scoring import table_of
from churn_api.predictions.compute import Question

# Seconds that one measurement may take; an expensive model is measured twice, a cheap one until it is steady.
BUDGET = 0.02
MOST_RUNS, LEAST_RUNS = 25, 2
TABLE_ROWS = 200


class Costs(NamedTuple):
    """Seconds to compute one answer, by whether fields are absent and whether reasons are wanted.

    `row` is that of one complete customer without reasons among many, scored as a table.
    """

    complete: float
    complete_with_reasons: float
    assumed: float
    assumed_with_reasons: float
    row: float

    def of(self, question: Question, *, many: bool) -> float:
        """What it costs to answer; `many` if it is one of many questions that come together."""
        if many and question.tabled:
            return self.row
        return self[2 * bool(question.assumed) + (question.reasons is not None)]


def measure(predictor: Predictor) -> Costs:
    """Measure by predicting for the example customer, whole and with the required fields alone."""
    whole = read({name: field.example for name, field in FIELDS.items()})
    partial = read({name: field.example for name, field in FIELDS.items() if field.required})
    customers = [whole.customer] * TABLE_ROWS
    return Costs(
        complete=_seconds(lambda: predictor.predict(whole, None)),
        complete_with_reasons=_seconds(lambda: predictor.predict(whole, len(FIELDS))),
        assumed=_seconds(lambda: predictor.predict(partial, None)),
        assumed_with_reasons=_seconds(lambda: predictor.predict(partial, len(FIELDS))),
        row=_seconds(lambda: predictor.scorer.probabilities(table_of(customers))) / TABLE_ROWS,
    )


def _seconds(compute: Callable[[], Any]) -> float:
    """The median time of several runs, the first of which only warms up."""
    runs: list[float] = []
    compute()
    while len(runs) < LEAST_RUNS or (len(runs) < MOST_RUNS and sum(runs) < BUDGET):
        start = perf_counter()
        compute()
        runs.append(perf_counter() - start)
    return median(runs)
