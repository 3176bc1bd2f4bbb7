"""Computing predictions: one by one, or as a table if a probability is all that is needed."""

from collections.abc import Container, Sequence
from typing import NamedTuple

from churn.customer.declaration import Customer
from churn.customer.reading import Reading
from churn.model.predictor import Prediction, Predictor, risk_band


class Question(NamedTuple):
    """All that a prediction depends on, beside the release; `reasons` is None for neither reasons nor advice."""

    customer: Customer
    assumed: tuple[str, ...]
    reasons: int | None
    derived: tuple[str, ...] = ()

    @property
    def tabled(self) -> bool:
        """Whether it needs no more than a row of a table: a complete customer, and no reasons."""
        return not self.assumed and self.reasons is None


def compute(predictor: Predictor, questions: Sequence[Question], known: Container[int]) -> dict[int, Prediction]:
    """The predictions, by place, for the questions whose place is not known."""
    open_places = [place for place in range(len(questions)) if place not in known]
    tabled = [place for place in open_places if len(open_places) > 1 and questions[place].tabled]
    computed: dict[int, Prediction] = {}
    if tabled:
        predictions = from_table(predictor, predictor.schema.table_of([questions[place].customer for place in tabled]))
        computed.update(zip(tabled, predictions, strict=True))
    for place in open_places:
        if place not in computed:
            computed[place] = compute_one(predictor, questions[place])
    return computed


def compute_one(predictor: Predictor, question: Question) -> Prediction:
    """The prediction for one question."""
    return predictor.predict(Reading(question.customer, None, question.assumed, question.derived), question.reasons)


def from_table(predictor: Predictor, table: Customer) -> list[Prediction]:
    """The predictions without reasons for a table of complete customers."""
    return [
        Prediction(
            prediction="Yes" if probability >= predictor.threshold else "No",
            churn_probability=probability,
            confidence=max(probability, 1 - probability),
            risk_band=risk_band(probability),
            assumed=(),
            probability_range=None,
            reasons=(),
            recommendations=(),
        )
        for probability in predictor.scorer.probabilities(table).tolist()
    ]
