"""A job of customers with many fields, values and large numbers gives each row what the predictor says of it alone."""

import csv
import io
import random
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from tests.bank import HEAD, bank_predictor, client
from tests.made_up import made_up_predictor

from churn.model.predictor import Predictor
from churn.schema import load_schema
from churn_api.jobs.csv.chunk_scorer import ChunkScorer
from churn_api.jobs.csv.result_files import RESULT_COLUMNS
from churn_api.jobs.plan import Chunk

WIDE = HEAD.replace("required = true", "") + "".join(
    f"""
[[field]]
name = "{name}"
type = "category"
values = {[f"{name[:1]}{value}" for value in range(100)]}
{rule}
"""
    for name, rule in (
        ("Parent", ""),
        ("Child", 'implied_by = { field = "Parent", value = "P0", implies = "C0" }'),
        ("Alone", ""),
    )
)


def scored(
    predictor: Predictor, people: Sequence[Mapping[str, Any]], caplog: pytest.LogCaptureFixture
) -> tuple[list[dict[str, str]], str]:
    """The results of a job of these people, and the errors; nothing unforeseen may happen."""
    text = io.StringIO()
    columns = [predictor.schema.id, *predictor.schema.fields]
    csv.DictWriter(text, columns, lineterminator="\n").writerows(people)
    data = text.getvalue().encode()
    scorer = ChunkScorer(predictor, data, tuple(columns), Chunk(0, len(data), 1, len(people)))
    errors = b"".join(scorer.errors()).decode()
    rows = list(csv.DictReader(io.StringIO(scorer.results()[0].decode()), RESULT_COLUMNS))
    assert caplog.messages == []
    for row in rows:
        person = people[int(row["row"]) - 1]
        reading = predictor.schema.reader.read({name: cell for name, cell in person.items() if cell != ""})
        probability, reasons = predictor.explain(reading, 3)
        assert abs(float(row["churn_probability"]) - probability) < 1e-6
        assert [row[f"reason_{rank}"] for rank in (1, 2, 3)] == [reason.text for reason in reasons]
    return rows, errors


def test_each_row_is_what_the_predictor_says_of_it(caplog: pytest.LogCaptureFixture) -> None:
    chance = random.Random(6)
    people = [client(chance) | {"Client No": str(number)} for number in range(200)]
    for number in (3, 50):
        people[number] |= {"Limit Kind": "", "Product 7": ""}
    people[60]["Balance"] = 400_000
    rows, errors = scored(bank_predictor(), people, caplog)
    assert errors.startswith("61,60,Balance,out_of_range,")
    assert [row["customerID"] for row in rows] == [person["Client No"] for person in people if person is not people[60]]


def test_fields_of_a_hundred_values_and_rules_between_them(caplog: pytest.LogCaptureFixture) -> None:
    """Neither codes nor places of texts are bytes, and a rule's table has ten thousand entries."""
    schema, chance = load_schema(WIDE, "customer.toml"), random.Random(7)
    people: list[dict[str, Any]] = []
    for number in range(600):
        parent = chance.randrange(100)
        person = {"Client No": str(number), "Balance": number, "Card Kind": "Gold", "Limit Kind": "Low"}
        child = chance.randrange(1, 100) if parent else 0
        people.append(person | {"Parent": f"P{parent}", "Child": f"C{child}", "Alone": f"A{chance.randrange(100)}"})
    predictor = made_up_predictor(schema, [schema.reader.read(person).customer for person in people[:80]])
    for number, child in ((90, "C0"), (91, "C77")):
        people[number] |= {"Parent": "P0" if child == "C77" else "P99", "Child": child}
    rows, errors = scored(predictor, people, caplog)
    assert [line.split(",")[0] for line in errors.splitlines()] == ["91", "92"]
    assert len(rows) == 598
