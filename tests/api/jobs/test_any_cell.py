"""Whatever a cell holds, its row is judged as the customer's own reading judges it, and no other row notices."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.api.jobs.csv.differential import cells_of, check, scored, written
from tests.telco import CATEGORIES, FIELDS, ID, NOT_STATED, TELCO

from churn.model.predictor import Predictor

COLUMNS = (ID, *FIELDS)
WHOLE = {ID: "7590-VHVEG"} | {
    name: str(field.names[0]) if name in CATEGORIES else str(field.example) for name, field in FIELDS.items()
}
WHOLE |= {"MultipleLines": "No phone service", "MonthlyCharges": "55.2", "TotalCharges": "1324.8"}
NUMBERS = [name for name in FIELDS if name not in CATEGORIES]


@pytest.fixture(scope="module")
def predictor(model: Any) -> Predictor:
    return model.predictor  # type: ignore[no-any-return]


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.dictionaries(st.sampled_from(COLUMNS), cells_of(TELCO), max_size=4), min_size=1, max_size=6))
def test_any_text_in_any_cell_is_judged_as_the_customers_own_reading_judges_it(
    predictor: Predictor, changes: list[dict[str, str]]
) -> None:
    check(predictor, [WHOLE | change for change in changes])


@pytest.mark.parametrize("name", NUMBERS)
def test_every_ascii_character_beside_a_number_leaves_the_other_rows_alone(predictor: Predictor, name: str) -> None:
    number = WHOLE[name]
    texts = [text for char in map(chr, range(128)) for text in (char + number, number + char, number[:1] + char)]
    check(predictor, [WHOLE | {name: text} for text in texts if "\n" not in text and "\r" not in text])


@pytest.mark.parametrize("name", COLUMNS)
def test_any_byte_in_any_cell_leaves_the_other_rows_alone(predictor: Predictor, name: str) -> None:
    place = COLUMNS.index(name)
    whole = list(written([WHOLE]).rstrip(b"\n").split(b","))
    lines = []
    for byte in set(range(256)) - set(b',"\r\n'):
        cells = whole.copy()
        cells[place] += bytes([byte])
        lines.append(b",".join(cells))
    results, faults = scored(predictor, b"\n".join(lines) + b"\n", COLUMNS)
    assert results.keys().isdisjoint(faults)
    assert len(results) + len(faults) == len(lines)


SAME = [
    ("SeniorCitizen", ["0", "0.0", "No", "FALSE", "false", "F", "N", "n"]),
    ("SeniorCitizen", ["1", "1.0", "Yes", "TRUE", "true", "T", "Y", "y"]),
    ("Partner", ["No", "0", "0.0", "FALSE", "N"]),
    ("gender", ["Female", "F", "f", "FEMALE"]),
    ("MonthlyCharges", ["55.2", "$55.20", "55.20 USD", "55.2000", "+55.2"]),
    ("tenure", ["24", "24.0", "24\x1f", " 24 ", "24 months"]),
    ("TotalCharges", ["", "NA", "NULL", "NaN", r"\N", "<NA>", "None", "n/a", "-", "#N/A"]),
    ("Partner", ["", "NA", "NULL", "NaN", r"\N", "<NA>", "None", "n/a", "-", "#N/A"]),
]


@pytest.mark.parametrize(("name", "texts"), SAME, ids=lambda value: value if isinstance(value, str) else value[0])
def test_spellings_of_one_value_are_scored_alike(predictor: Predictor, name: str, texts: list[str]) -> None:
    results, faults = scored(predictor, written([WHOLE | {name: text} for text in texts]), COLUMNS)
    assert faults == {}
    assert len({tuple(line.values())[1:] for line in results.values()}) == 1


@pytest.mark.parametrize("change", [{}, {"gender": "F"}, {"Partner": ""}], ids=["columns", "row by row", "averaged"])
def test_a_total_that_nobody_stated_is_no_amount_in_the_reasons(predictor: Predictor, change: dict[str, str]) -> None:
    tenures = [str(months) for months in range(1, 100)]
    records = [WHOLE | change | {"TotalCharges": "", "tenure": months} for months in tenures]
    results, _ = scored(predictor, written(records), COLUMNS)
    told = {line[f"reason_{rank}"] for line in results.values() for rank in (1, 2, 3)}
    assert NOT_STATED["TotalCharges"] in told
    assert not [text for text in told if "billed so far" in text and "$" in text]
    check(predictor, records)


def test_a_point_that_may_stand_between_thousands_is_asked_about(predictor: Predictor) -> None:
    _, faults = scored(predictor, written([WHOLE | {"TotalCharges": "1.324"}, WHOLE]), COLUMNS)
    assert [(row, code) for row, told in faults.items() for _, code, _ in told] == [("1", "wrong_type")]
