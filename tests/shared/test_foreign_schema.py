"""Customers who share no field with the shipped ones are read, described and scored as they are declared."""

import random

import numpy as np
import pytest
from tests.bank import BANK, bank_predictor, client

from churn.errors import ValidationError
from churn.model.predictor import Predictor
from churn.schema import Schema, built_in


@pytest.fixture(scope="module")
def bank() -> Schema:
    return BANK


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return bank_predictor()


def test_reasons_add_up_to_the_log_odds(bank: Schema, predictor: Predictor) -> None:
    reading = bank.reader.read(client(random.Random(5)))
    answer = predictor.predict(reading, len(bank.fields))
    scorer = predictor.scorer
    log_odds = np.log(answer.churn_probability / (1 - answer.churn_probability))
    assert sum(reason.effect for reason in answer.reasons) + scorer.average_log_odds == pytest.approx(log_odds)
    assert {reason.field for reason in answer.reasons} == set(bank.fields)


def test_what_is_absent_is_averaged_over_those_who_contradict_nothing(bank: Schema, predictor: Predictor) -> None:
    reading = bank.reader.read({"Balance": "1.234,50 €", "Limit Kind": "low", "Client No": 7})
    assert reading.customer_id == "7"
    assert len(reading.assumed) == 41
    answer = predictor.predict(reading)
    assert answer.probability_range is not None
    assert predictor.explain(reading, 3)[0] == pytest.approx(answer.churn_probability)
    table = predictor.background.completions(reading.customer)
    assert bank.categories["Card Kind"].code("None") not in table[bank.position["Card Kind"]]


def test_an_absent_service_follows_from_what_goes_with_it(bank: Schema) -> None:
    reading = bank.reader.read({"Balance": 5, "Limit Kind": "Missing"})
    assert bank.value_of("Card Kind", reading.customer) == "None"
    with pytest.raises(ValidationError, match="1 field"):
        bank.reader.read({"Balance": 5, "Card Kind": "Blue", "Limit Kind": "Missing"})


def test_fields_of_the_shipped_customers_are_unknown_to_it(bank: Schema) -> None:
    with pytest.raises(ValidationError) as caught:
        bank.reader.read({"Balance": 5, "tenure": 3})
    assert [(fault.field, fault.code) for fault in caught.value.errors] == [("tenure", "unknown")]
    assert bank.hash != built_in("telco").hash
    assert list(bank.json_schema["properties"])[:2] == ["Client No", "Balance"]


def test_a_negative_amount_that_can_mean_two_is_read_as_a_positive_one_is(bank: Schema) -> None:
    assert bank.reader.read({"Balance": "-1.234"}).customer[0] == -1.234
    with pytest.raises(ValidationError) as caught:
        bank.reader.read({"Balance": "-1,234"})
    assert "can be read as -1,234 or as -1.234" in caught.value.errors[0].message
    assert bank.reader.read({"Balance": "-999,5"}).customer[0] == -999.5
