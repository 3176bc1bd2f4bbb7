"""From a customer as read to the answer: probability, band, reasons and recommendations."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from churn.customer.declaration import Customer
from churn.customer.fields import Field, Number, Offer
from churn.customer.reading import Reading
from churn.model.averages import Averages
from churn.model.background import Background
from churn.model.scorecard import Scorecard
from churn.model.scoring import FloatArray, Scorer
from churn.schema import Schema

RISK_BANDS = (("low", 0.3), ("medium", 0.6), ("high", 1.0))
"""Each band with the probability below which it ends; the last one includes 1."""

# An agent on the telephone cannot use a longer list.
MAX_RECOMMENDATIONS = 5


class _Offered(NamedTuple):
    """An offer of the field `name`, at `position`, in the form that is compared with a customer.

    It is made to those who have one of the codes `held`, and whose field at the position `needed` is known, if there is
    one; `code` is what the field becomes.
    """

    position: int
    needed: int | None
    held: frozenset[int]
    code: int
    name: str
    offer: Offer


def _offered(schema: Schema, name: str, offer: Offer) -> _Offered:
    """The offer in that form; `needed` is the position of the field that implies this one, or None."""
    field, position = schema.categories[name], schema.position
    needed = position[schema.implied[name].field] if name in schema.implied else None
    return _Offered(position[name], needed, frozenset(map(field.code, offer.held)), field.code(offer.to), name, offer)


_Teller = tuple[str, Callable[[Any], tuple[Any, str]]]
"""A field's name, and a function from a code or number to the value as the data set spells it, and to its words."""


def _teller(name: str, field: Field) -> _Teller:
    if isinstance(field, Number):
        phrase = field.phrase
        if field.blank_is_value:
            # Only a NaN, which is a blank, differs from itself.
            return name, lambda held: (held if held == held else None, phrase(held))
        return name, lambda held: (held, phrase(held))
    return name, tuple(zip(field.json_values, field.values.values(), strict=True)).__getitem__


class Reason(NamedTuple):
    """What one field of the customer adds to the log-odds, compared with the average customer.

    For a field that was computed from others, `value` is None, and the text says so.
    """

    field: str
    value: Any
    effect: float
    direction: str
    text: str


class Recommendation(NamedTuple):
    """A change that goes with a lower probability: an association in the data, not a promised effect."""

    field: str
    to: str
    text: str
    churn_probability_after: float


class Prediction(NamedTuple):
    """The answer for one customer.

    `assumed` lists absent fields. `probability_range` holds the 10 % and the 90 % quantile of the probabilities over
    the background customers that complete them, None if no field is absent.
    """

    prediction: str
    churn_probability: float
    confidence: float
    risk_band: str
    assumed: tuple[str, ...]
    probability_range: tuple[float, float] | None
    reasons: tuple[Reason, ...]
    recommendations: tuple[Recommendation, ...]


def risk_band(probability: float) -> str:
    """The band of a probability: low below 0.3, medium below 0.6, else high."""
    return next((band for band, end in RISK_BANDS if probability < end), RISK_BANDS[-1][0])


class Predictor:
    """Answers for customers, from a scorer, its background sample and its threshold."""

    def __init__(self, scorer: Scorer, background: Background, threshold: float) -> None:
        self.schema = schema = background.schema
        self.scorer = scorer
        self.background = background
        self.threshold = threshold
        tabulated = scorer.tabulated if isinstance(scorer, Scorecard) else None
        self._averages = Averages(tabulated, background) if tabulated is not None else None
        self._make = schema.customer_type._make
        self._tellers = tuple(_teller(name, field) for name, field in schema.fields.items())
        self._offers = tuple(
            _offered(schema, name, offer) for name, field in schema.categories.items() for offer in field.offers
        )

    def predict(self, reading: Reading, reasons: int | None = 5) -> Prediction:
        """Answer for one customer with the `reasons` largest reasons; None leaves out reasons and recommendations."""
        customer, assumed = reading.customer, reading.assumed
        table = self.background.completions(customer) if assumed else None
        probability, spread = self._probability(customer, table)
        return Prediction(
            prediction="Yes" if probability >= self.threshold else "No",
            churn_probability=probability,
            confidence=max(probability, 1 - probability),
            risk_band=risk_band(probability),
            assumed=assumed,
            probability_range=spread,
            reasons=() if reasons is None else self._reasons(reading, table, reasons),
            recommendations=() if reasons is None else self._recommendations(customer, table, probability),
        )

    def explain(self, reading: Reading, reasons: int) -> tuple[float, tuple[Reason, ...]]:
        """The probability and the largest reasons, which take a small part of the time of a whole answer."""
        customer = reading.customer
        if reading.assumed and self._averages:
            probability, means = self._averages.explained(customer)
            return probability, self._largest(reading, means.tolist(), reasons)
        table = self.background.completions(customer) if reading.assumed else self.schema.table_of([customer])
        probabilities, effects = self.scorer.explained(table)
        return float(probabilities.mean()), self._largest(reading, effects.mean(axis=0).tolist(), reasons)

    def _probability(self, customer: Customer, table: Customer | None) -> tuple[float, tuple[float, float] | None]:
        if table is None:
            return self.scorer.probability(customer), None
        probabilities: FloatArray = self.scorer.probabilities(table)
        low, high = np.quantile(probabilities, (0.1, 0.9))
        return float(probabilities.mean()), (float(low), float(high))

    def _reasons(self, reading: Reading, table: Customer | None, count: int) -> tuple[Reason, ...]:
        """The known fields with the largest effects; with a table of completions, by their mean effects over it."""
        customer = reading.customer
        effects = (
            self.scorer.effects(customer) if table is None else self.scorer.effects_table(table).mean(axis=0).tolist()
        )
        return self._largest(reading, effects, count)

    def _recommendations(
        self, customer: Customer, table: Customer | None, probability: float
    ) -> tuple[Recommendation, ...]:
        """The offers that lower the probability, the lowest first.

        With absent fields it is the mean over the same completions as before, since an offer makes nobody another
        customer.
        """
        helpful = []
        for position, needed, held, code, name, offer in self._offers:
            if customer[position] in held and (needed is None or customer[needed] is not None):
                after = (
                    self.scorer.probability(self._with(customer, position, code))
                    if table is None
                    else self._mean(self._with(table, position, np.full_like(table[position], code)))
                )
                if after < probability:
                    helpful.append(Recommendation(name, offer.to, offer.words, after))
        return tuple(sorted(helpful, key=lambda each: each.churn_probability_after)[:MAX_RECOMMENDATIONS])

    def _mean(self, table: Customer) -> float:
        return float(self.scorer.probabilities(table).mean())

    def _with(self, customer: Customer, position: int, value: Any) -> Customer:
        changed: Customer = self._make((*customer[:position], value, *customer[position + 1 :]))
        return changed

    def _largest(self, reading: Reading, effects: list[float], count: int) -> tuple[Reason, ...]:
        """The known fields with the largest effects, given in the fields' order, as reasons."""
        known = [
            (teller, held, effect)
            for teller, held, effect in zip(self._tellers, reading.customer, effects, strict=True)
            if held is not None
        ]
        known.sort(key=lambda one: -abs(one[2]))
        return tuple(self._reason(teller, held, effect, reading) for teller, held, effect in known[:count])

    def _reason(self, teller: _Teller, held: Any, effect: float, reading: Reading) -> Reason:
        name, tell = teller
        direction = "raises" if effect > 0 else "lowers"
        if name in reading.derived and self.schema.product:
            return Reason(name, None, effect, direction, self.schema.product[1].words)
        value, text = tell(held)
        return Reason(name, value, effect, direction, text)
