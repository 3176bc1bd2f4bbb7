"""The words of reasons: each once, in the place of its number, and never more than enough."""

from typing import Any

import numpy as np
import pytest
from tests.bank import HEAD
from tests.telco import TELCO

from churn.schema import load_schema
from churn_api.jobs.csv import reason_texts
from churn_api.jobs.csv.output import written
from churn_api.jobs.csv.reason_texts import ReasonTexts


def test_a_text_is_kept_once_however_often_it_is_added() -> None:
    held = ReasonTexts(TELCO)
    first, other, again = held.add("a, b"), held.add("c"), held.add("a, b")
    assert first == again != other
    assert held.texts(np.array([first, other], np.uint32)).to_list() == [written("a, b"), "c"]


def test_texts_that_come_later_are_written_too() -> None:
    held = ReasonTexts(TELCO)
    held.texts(np.array([held.add("a")], np.uint32))
    assert held.texts(np.array([held.add("b")], np.uint32)).to_list() == ["b"]


def test_it_is_full_when_it_holds_more_than_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    held = ReasonTexts(TELCO)
    monkeypatch.setattr(reason_texts, "_ENOUGH", len(held._texts) + 1)
    held.add("a")
    assert not held.full
    held.add("b")
    assert held.full


def test_a_span_begins_new_words_when_they_are_full(
    bench: Any, many_customers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    whole = ReasonTexts.__init__

    def counted(self: ReasonTexts, schema: Any) -> None:
        made.append(self)
        whole(self, schema)

    monkeypatch.setattr(reason_texts, "_ENOUGH", 0)
    monkeypatch.setattr(ReasonTexts, "__init__", counted)
    job = bench.submit(many_customers(8_000))
    bench.drain()
    assert len(made) >= job.chunks > 3


NUMBER = """
[[field]]
name = "Sum {number}"
type = "number"
low = 0
high = {high}
words = "A sum of {{}}"
"""


def test_the_tables_of_many_numbers_take_no_more_than_one_did() -> None:
    fields = "".join(NUMBER.format(number=number, high=20_000 - number) for number in range(30))
    held = ReasonTexts(load_schema(HEAD + fields, "customer.toml"))
    assert sum(table.nbytes for table in held._by_hundredths.values()) <= 10_000_000
    assert list(held._by_hundredths) == ["Sum 29"]


def test_each_number_of_the_shipped_table_has_a_table() -> None:
    assert set(ReasonTexts(TELCO)._by_hundredths) == set(TELCO.numbers)


def test_the_highest_number_has_a_text_though_it_is_no_whole_one() -> None:
    held = ReasonTexts(load_schema(HEAD + NUMBER.format(number=1, high=14.29), "customer.toml"))
    table = held.schema.table_of([held.schema.reader.read({"Balance": 0, "Sum 1": 14.29}).customer])
    [place] = held.of(table, np.array([held.schema.position["Sum 1"]]), np.zeros(1, np.bool_))
    assert held.texts(np.array([place], np.uint32)).to_list() == ["A sum of 14.29"]
