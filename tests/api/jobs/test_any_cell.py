"""Whatever a cell holds, its row is judged as the customer's own reading judges it, and no other row notices."""

import csv
import io
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.telco import CATEGORIES, FIELDS, ID, NOT_STATED, read

from churn.customer.reading import Reading
from churn.customer.spellings import MISSING
from churn.errors import ValidationError
from churn.model.predictor import Predictor
from churn_api.jobs.csv import rows
from churn_api.jobs.csv.chunk_scorer import ChunkScorer
from churn_api.jobs.csv.result_files import ERROR_COLUMNS, RESULT_COLUMNS
from churn_api.jobs.plan import Chunk

COLUMNS = (ID, *FIELDS)
WHOLE = {ID: "7590-VHVEG"} | {
    name: str(field.names[0]) if name in CATEGORIES else str(field.example) for name, field in FIELDS.items()
}
WHOLE |= {"MultipleLines": "No phone service", "MonthlyCharges": "55.2", "TotalCharges": "1324.8"}
NUMBERS = [name for name in FIELDS if name not in CATEGORIES]

CONTROLS = "".join(map(chr, [*range(32), 127, *range(128, 160)]))
BLANKS = " \t\x1c\x1d\x1e\x1f\x85\xa0\u2009\u202f\u3000\ufeff\u200b"
NUMERIC = st.one_of(
    st.text(alphabet="0123456789.,'’ -+()$€eE", max_size=9),
    st.from_regex(r"[1-9][0-9]{0,2}[.,][0-9]{3}", fullmatch=True),
    st.sampled_from(["24", "55.2", "1324.8", "0", "-0", "1e2", "nan", "inf", "NaN", "0x10", "1_0", "٣", "24 months"]),
)
WORDS = st.sampled_from(
    sorted(MISSING | {"TRUE", "false", "Y", "n", "1.0", "0.0", "1", "0", "F", "m", "None", "1 year"})
)
VALUES = st.one_of(
    NUMERIC, WORDS, st.sampled_from([value for field in CATEGORIES.values() for value in field.names]), st.text()
)
AROUND = st.one_of(st.just(""), st.text(alphabet=CONTROLS + BLANKS, max_size=3))
CELLS = st.builds(lambda before, value, after: before + value + after, AROUND, VALUES, AROUND)


@pytest.fixture(scope="module")
def predictor(model: Any) -> Predictor:
    return model.predictor  # type: ignore[no-any-return]


def written(records: list[dict[str, str]]) -> bytes:
    return "".join(",".join(map(quoted, record.values())) + "\n" for record in records).encode("utf-8", "replace")


def quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if set(cell) & set('",\r\n') else cell


def scored(predictor: Predictor, data: bytes) -> tuple[dict[str, Any], dict[str, list[tuple[str, ...]]]]:
    """The results and the errors, by the number of the row."""
    scorer = ChunkScorer(predictor, data, COLUMNS, Chunk(0, len(data), 1, rows.count(data)))
    faults: dict[str, list[tuple[str, ...]]] = {}
    for line in parsed(b"".join(scorer.errors()), ERROR_COLUMNS):
        faults.setdefault(line["row"], []).append((line["field"], line["code"], line["message"]))
    return {line["row"]: line for line in parsed(scorer.results()[0], RESULT_COLUMNS)}, faults


def parsed(data: bytes, columns: tuple[str, ...]) -> list[dict[str, str]]:
    return [dict(zip(columns, cells, strict=True)) for cells in csv.reader(io.StringIO(data.decode(), newline=""))]


def judged(cells: list[str]) -> Reading | list[tuple[str, ...]]:
    try:
        return read(dict(zip(COLUMNS, cells, strict=True)))
    except ValidationError as error:
        return [(fault.field, fault.code, fault.message) for fault in error.errors]


def check(predictor: Predictor, records: list[dict[str, str]]) -> None:
    data = written(records)
    results, faults = scored(predictor, data)
    oracle = csv.reader(io.StringIO(data.decode(), newline=""))
    cells = [[cell.replace("\r\n", "\n").replace("\r", "\n") for cell in row] for row in oracle]
    assert results.keys().isdisjoint(faults)
    for number, row in enumerate(cells, 1):
        wanted = judged(row)
        if isinstance(wanted, list):
            assert faults[str(number)] == wanted
        else:
            answer = predictor.predict(wanted, 3)
            found = results[str(number)]
            assert abs(float(found["churn_probability"]) - answer.churn_probability) <= 5.1e-7
            assert [found[f"reason_{rank}"] for rank in (1, 2, 3)] == [reason.text for reason in answer.reasons]


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.dictionaries(st.sampled_from(COLUMNS), CELLS, max_size=4), min_size=1, max_size=6))
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
    results, faults = scored(predictor, b"\n".join(lines) + b"\n")
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
    results, faults = scored(predictor, written([WHOLE | {name: text} for text in texts]))
    assert faults == {}
    assert len({tuple(line.values())[1:] for line in results.values()}) == 1


@pytest.mark.parametrize("change", [{}, {"gender": "F"}, {"Partner": ""}], ids=["columns", "row by row", "averaged"])
def test_a_total_that_nobody_stated_is_no_amount_in_the_reasons(predictor: Predictor, change: dict[str, str]) -> None:
    tenures = [str(months) for months in range(1, 100)]
    records = [WHOLE | change | {"TotalCharges": "", "tenure": months} for months in tenures]
    results, _ = scored(predictor, written(records))
    told = {line[f"reason_{rank}"] for line in results.values() for rank in (1, 2, 3)}
    assert NOT_STATED["TotalCharges"] in told
    assert not [text for text in told if "billed so far" in text and "$" in text]
    check(predictor, records)


def test_a_point_that_may_stand_between_thousands_is_asked_about(predictor: Predictor) -> None:
    _, faults = scored(predictor, written([WHOLE | {"TotalCharges": "1.324"}, WHOLE]))
    assert [(row, code) for row, told in faults.items() for _, code, _ in told] == [("1", "wrong_type")]
