"""Blanks that are values, values that nobody declared, and spellings of what is missing: by columns as row by row."""

import random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.api.jobs.csv.differential import cells_of, check, scored, written
from tests.made_up import made_up_predictor, made_up_terms
from tests.provider import COMPLETE, PROVIDER

from churn.model.predictor import Predictor
from churn.schema import load_schema
from churn_api.jobs.csv import chunk_scorer, column_reader
from churn_api.jobs.csv.column_reader import read_table
from churn_api.jobs.csv.header import read_header
from churn_api.jobs.csv.reader import ChunkReader
from churn_api.jobs.errors import InvalidUpload

COLUMNS = (PROVIDER.id, *PROVIDER.fields)
WHOLE = {PROVIDER.id: "A-1"} | {name: str(value) for name, value in COMPLETE.items()}

LITTLE = """
[table]
name = "little"
outcome = "Churned"
left = ["1"]
stayed = ["0"]

[[field]]
name = "Age"
type = "number"
low = 0
high = 10
words = "{} years old"

[[field]]
name = "Plan"
type = "category"
values = ["Flat", "Metered"]
"""
"""Two fields, neither of which a customer needs to have."""


def subscriber(chance: random.Random) -> dict[str, str]:
    """A random customer of the provider, as a file has it; many cells are blank."""
    internet = chance.choice(["No", "Yes"])
    return WHOLE | {
        "tenure": str(chance.randint(1, 100)),
        "Remaining Contract": chance.choice(["", "", str(chance.randint(0, 300) / 100)]),
        "Region": chance.choice(["North", "South", "Nowhere", "Atlantis"]),
        "Plan": chance.choice(["Flat", "", "Metered"]),
        "Internet": internet,
        "Internet Type": "" if internet == "No" else chance.choice(["Cable", "Fiber", ""]),
        "Download Limit": chance.choice(["0", "1", ""]),
        "Area": chance.choice(["3", "45.0", "unknown", "Elsewhere"]),
    }


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    chance = random.Random(1)
    people = (subscriber(chance) for _ in range(400))
    held = [PROVIDER.reader.read(person).customer for person in people if sound(person)]
    return made_up_predictor(PROVIDER, held[:80])


def sound(person: dict[str, str]) -> bool:
    return person["Internet"] == "No" or person["Internet Type"] != ""


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.dictionaries(st.sampled_from(COLUMNS), st.one_of(st.just(""), cells_of(PROVIDER)), max_size=5),
        min_size=1,
        max_size=6,
    )
)
def test_any_cell_is_judged_as_the_customers_own_reader_judges_it(
    predictor: Predictor, changes: list[dict[str, str]]
) -> None:
    check(predictor, [WHOLE | change for change in changes])


@pytest.mark.parametrize(
    "absent", [(), ("Remaining Contract",), ("Plan", "Download Limit"), ("Internet Type", "Region")]
)
def test_a_column_that_is_not_there_is_unknown_in_every_row_and_a_blank_cell_is_a_value(
    predictor: Predictor, absent: tuple[str, ...]
) -> None:
    chance = random.Random(2)
    people = [subscriber(chance) for _ in range(60)]
    check(predictor, [{name: cell for name, cell in person.items() if name not in absent} for person in people])


def test_rows_with_blanks_and_unknown_values_are_read_as_columns() -> None:
    """And not each by itself, which takes ten times as long."""
    chance = random.Random(3)
    people = [person for person in (subscriber(chance) for _ in range(500)) if sound(person)]
    table = read_table(PROVIDER, ChunkReader(written(people), COLUMNS, len(people)), COLUMNS)
    assert table.sure.all()
    customers = [PROVIDER.reader.read(person).customer for person in people]
    for held, wanted in zip(table.customers, zip(*customers, strict=True), strict=True):
        assert np.array_equal(held, np.array(wanted, np.float64), equal_nan=True)


@pytest.mark.parametrize("text", ["NA", "n.v.", " na ", ""])
def test_what_is_declared_as_missing_is_a_blank(predictor: Predictor, text: str) -> None:
    blank = dict.fromkeys(("Remaining Contract", "Plan", "Download Limit"), "")
    people = [WHOLE | blank, WHOLE | dict.fromkeys(blank, text)]
    results, faults = scored(predictor, written(people), COLUMNS)
    assert faults == {}
    assert len({tuple(line.values())[1:] for line in results.values()}) == 1
    assert results["2"]["assumed"] == "0"
    check(predictor, people)


@pytest.mark.parametrize("blank", ["unknown", "value"])
def test_a_number_that_is_declared_as_missing_is_a_blank(blank: str) -> None:
    """Otherwise nobody would notice how far a model takes somebody of 999 years."""
    text = LITTLE.replace("[[field]]", f'missing = ["9.0", "1E1", "-1"]\n\n[[field]]\nblank = "{blank}"', 1)
    schema = load_schema(text, "little.toml")
    people = [schema.customer((float(number), number % 2)) for number in range(11)]
    records = [{"Age": age, "Plan": "Flat"} for age in ("9", "9.0", " 9.0", "1e1", "1E1", "10", "-1", "-1.0", "", "3")]
    check(made_up_terms(schema, people), records)


def test_long_texts_of_a_field_that_takes_any_are_not_remembered(predictor: Predictor) -> None:
    column_reader._run_codes.cache_clear()
    people = [WHOLE | {"Region": f"{number}" * 10_000} for number in range(5)]
    check(predictor, people)
    assert column_reader._run_codes.cache_info().currsize < 5 + len(COLUMNS)


def test_of_a_customer_of_whom_little_is_known_there_are_fewer_reasons() -> None:
    """Nor is one of them told three times."""
    schema = load_schema(LITTLE, "little.toml")
    people = [schema.customer((float(number), number % 2)) for number in range(11)]
    for predictor in (made_up_predictor(schema, people), made_up_terms(schema, people)):
        cells = [("3", "Flat"), ("", "Flat"), ("4", ""), ("", "")]
        check(predictor, [{schema.id: "A-1", "Age": age, "Plan": plan} for age, plan in cells])


def test_names_of_fields_are_no_formulas_and_may_look_like_places() -> None:
    schema = load_schema(LITTLE.replace('"Age"', '"=Age"').replace('"Plan"', '"-1"'), "little.toml")
    people = [schema.customer((float(number), number % 2)) for number in range(11)]
    results, faults = scored(
        made_up_predictor(schema, people), b"Flat,ignored,3\nFlat,ignored,old\n", ("-1", "", "=Age")
    )
    assert list(results) == ["1"]
    assert faults["2"][0][:2] == ("'=Age", "wrong_type")


def test_rows_that_are_read_alone_are_still_scored_together(
    predictor: Predictor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(chunk_scorer, "read_table", lambda *_: 1 / 0)
    check(predictor, [WHOLE, WHOLE | {"Region": "South"}])
    (record,) = caplog.records
    assert record.getMessage().count(" in ") == 1, "nothing else went wrong"


@pytest.mark.parametrize("line", [b"Name,Town", b'"",""', b"1,2,3", b"customerID,Churned"])
def test_a_header_without_any_field_is_none(line: bytes) -> None:
    with pytest.raises(InvalidUpload, match=r"^Line 1: this is no header with the columns of a customer table;"):
        read_header(load_schema(LITTLE, "little.toml"), line + b"\n")


def test_a_blank_is_told_as_a_reason(predictor: Predictor) -> None:
    chance = random.Random(4)
    people = [person for person in (subscriber(chance) for _ in range(300)) if sound(person)]
    results, _ = scored(predictor, written(people), COLUMNS)
    assert "Remaining Contract: blank" in {line[f"reason_{rank}"] for line in results.values() for rank in (1, 2, 3)}
