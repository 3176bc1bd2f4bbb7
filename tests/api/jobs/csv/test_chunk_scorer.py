"""Scoring a chunk, held to the scalar reading and the predictor row by row."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.telco import FIELDS, ID, read

from churn.customer.reading import Reading
from churn.errors import ValidationError
from churn.model.predictor import Predictor
from churn_api.jobs.csv import rows
from churn_api.jobs.csv.chunk_scorer import ChunkScorer
from churn_api.jobs.csv.result_files import ERROR_COLUMNS, RESULT_COLUMNS
from churn_api.jobs.job import Progress
from churn_api.jobs.plan import Chunk

COLUMNS = (ID, *FIELDS, "Churn")

WHOLE = {
    "customerID": "7590-VHVEG",
    "gender": "Female",
    "SeniorCitizen": "0",
    "Partner": "Yes",
    "Dependents": "No",
    "tenure": "1",
    "PhoneService": "No",
    "MultipleLines": "No phone service",
    "InternetService": "DSL",
    "OnlineSecurity": "No",
    "OnlineBackup": "Yes",
    "DeviceProtection": "No",
    "TechSupport": "No",
    "StreamingTV": "No",
    "StreamingMovies": "No",
    "Contract": "Month-to-month",
    "PaperlessBilling": "Yes",
    "PaymentMethod": "Electronic check",
    "MonthlyCharges": "29.85",
    "TotalCharges": "29.85",
    "Churn": "No",
}


@pytest.fixture(scope="module")
def predictor(model: Any) -> Predictor:
    return model.predictor  # type: ignore[no-any-return]


Table = list[dict[str, str]]


def scored(predictor: Predictor, data: bytes, columns: tuple[str, ...] = COLUMNS) -> tuple[Table, Table, Progress]:
    scorer = ChunkScorer(predictor, data, columns, Chunk(0, len(data), 1, rows.count(data)))
    errors = b"".join(scorer.errors())
    results, _ = scorer.results()
    return as_rows(results, RESULT_COLUMNS), as_rows(errors, ERROR_COLUMNS), scorer.progress


def as_rows(data: bytes, columns: tuple[str, ...]) -> Table:
    return [
        dict(zip(columns, row, strict=True)) for row in csv.reader(io.StringIO(data.decode(), newline=""), strict=True)
    ]


def line(**cells: str) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow((WHOLE | cells).values())
    return buffer.getvalue().encode()


def judged(record: dict[str, str]) -> tuple[list[tuple[str, str, str]], Reading | None]:
    """What the scalar reading says: faults, or a customer."""
    try:
        return [], read(record)
    except ValidationError as error:
        return [(fault.field, fault.code, fault.message) for fault in error.errors], None


def check(predictor: Predictor, record: dict[str, str], results: Table, errors: Table) -> None:
    """Whether a row's lines are what the scalar reading and the predictor say of it."""
    faults, reading = judged(record)
    assert [(line["field"], line["code"], line["message"]) for line in errors] == faults
    if reading is None:
        assert results == []
        return
    (found,) = results
    wanted = predictor.predict(reading, 3)
    assert found["customerID"].lstrip("'") == (reading.customer_id or "").lstrip("'")
    assert abs(float(found["churn_probability"]) - wanted.churn_probability) <= 5.1e-7
    assert len(found["churn_probability"].partition(".")[2]) >= 6
    assert (found["prediction"], found["risk_band"]) == (wanted.prediction, wanted.risk_band)
    assert [found[f"reason_{rank}"] for rank in (1, 2, 3)] == [reason.text for reason in wanted.reasons]
    assert found["assumed"] == str(len(wanted.assumed))


def test_a_whole_table_is_scored_as_its_customers_are(predictor: Predictor, customers_csv: bytes) -> None:
    head, _, body = customers_csv.partition(b"\n")
    results, errors, progress = scored(predictor, body, tuple(head.decode().split(",")))
    records = list(csv.DictReader(io.StringIO(customers_csv.decode())))
    assert progress == Progress(len(records), 0)
    assert errors == []
    for number, (record, found) in enumerate(zip(records, results, strict=True), 1):
        assert found["row"] == str(number)
        if number % 7 == 0:
            check(predictor, record, [found], [])


SPELLINGS = {
    name: st.sampled_from(
        [*getattr(field, "values", ()), "yes", "NO", " No ", "", " ", "maybe", "1", "No internet service", '"', "é"]
    )
    for name, field in FIELDS.items()
}
AMOUNTS = st.one_of(
    st.floats(-5, 250, allow_nan=False).map(repr),
    st.integers(-3, 20_050).map(str),
    st.sampled_from(["", " ", "nan", "inf", "-inf", "1e2", "1e400", "+5", ".5", "5.", "1_0", "0x1", "1,5", " 7 ", "7x"])
    | st.text(alphabet="0123456789.+-eE_ infa", max_size=6),
)
IDS = st.one_of(st.text(max_size=70), st.text(alphabet="=+-@\t\r\n, '\"a", max_size=5), st.just("0001-ABCDE"))


@st.composite
def records(draw: st.DrawFn) -> dict[str, str]:
    """A customer with a few cells changed to whatever people put into them."""
    changed = draw(st.sets(st.sampled_from(list(FIELDS)), max_size=4))
    cells = {
        name: draw(AMOUNTS if name in ("tenure", "MonthlyCharges", "TotalCharges") else SPELLINGS[name])
        for name in sorted(changed)
    }
    return WHOLE | cells | {ID: draw(IDS)}


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(records(), min_size=1, max_size=8))
def test_every_row_is_judged_as_the_scalar_reading_judges_it(
    predictor: Predictor, customers: list[dict[str, str]]
) -> None:
    # Line ends inside of quotes are read as \n, and customers have none in any field.
    customers = [{name: cell.replace("\r\n", "\n").replace("\r", "\n") for name, cell in c.items()} for c in customers]
    results, errors, progress = scored(predictor, b"".join(line(**customer) for customer in customers))
    assert progress == Progress(len(results), len({line["row"] for line in errors}))
    for number, record in enumerate(customers, 1):
        own = [[found for found in table if found["row"] == str(number)] for table in (results, errors)]
        check(predictor, record, *own)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(AMOUNTS)
def test_the_fast_reader_takes_no_number_that_the_scalar_one_refuses(predictor: Predictor, amount: str) -> None:
    amount = amount.replace(",", "")
    results, errors, _ = scored(predictor, line(MonthlyCharges=amount))
    check(predictor, WHOLE | {"MonthlyCharges": amount}, results, errors)


def test_rows_of_a_wrong_shape_fail_alone(predictor: Predictor) -> None:
    cells = line().strip()
    data = b"\n".join([cells, b"1,2", cells + b",9", cells, cells.rpartition(b",")[0], b",x", cells]) + b"\n"
    results, errors, progress = scored(predictor, data)
    assert [found["row"] for found in results] == ["1", "4", "7"]
    assert [(found["row"], found["field"], found["code"]) for found in errors] == [
        (row, "row", "wrong_shape") for row in ("2", "3", "5", "6")
    ]
    assert progress == Progress(3, 4)
    assert "2 cells where the header has 21" in errors[0]["message"]


def test_every_fault_of_a_row_is_told(predictor: Predictor) -> None:
    _, errors, _ = scored(predictor, line(gender="x", tenure="", MonthlyCharges="999", OnlineBackup="No phone"))
    assert [(found["field"], found["code"]) for found in errors] == [
        ("gender", "not_allowed"),
        ("tenure", "missing"),
        ("OnlineBackup", "not_allowed"),
        ("MonthlyCharges", "out_of_range"),
    ]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t"])
def test_cells_that_a_spreadsheet_would_run_are_defused(predictor: Predictor, start: str) -> None:
    formula = f"{start}HYPERLINK(1)"
    results, _, _ = scored(predictor, line(customerID=formula))
    _, errors, _ = scored(predictor, line(customerID=formula, gender="x"))
    shown = formula.strip()
    assert [table[0]["customerID"] for table in (results, errors)] == [
        f"'{shown}" if shown.startswith(("=", "+", "-", "@")) else shown
    ] * 2


def test_an_absent_field_takes_the_mean_over_the_background(predictor: Predictor) -> None:
    record = WHOLE | {"Partner": "", "PaymentMethod": " "}
    results, _, _ = scored(predictor, line(**record))
    assert read(record).assumed == ("Partner", "PaymentMethod")
    check(predictor, record, results, [])


def test_a_cell_of_ten_megabytes_fails_its_row_alone(predictor: Predictor) -> None:
    data = line() + line(gender="x" * 10_000_000) + line(customerID="y" * 10_000_000) + line()
    results, errors, _ = scored(predictor, data)
    assert [found["row"] for found in results] == ["1", "4"]
    assert [(found["row"], found["code"]) for found in errors] == [("2", "not_allowed"), ("3", "out_of_range")]
    assert all(len(found["message"]) < 200 and len(found["customerID"]) < 80 for found in errors)


def test_a_number_without_end_costs_no_more_than_reading_it(predictor: Predictor) -> None:
    _, errors, _ = scored(predictor, line(MonthlyCharges="1" * 1_000_000 + "x", tenure=" " * 1_000_000))
    assert [(found["field"], found["code"]) for found in errors] == [
        ("tenure", "missing"),
        ("MonthlyCharges", "wrong_type"),
    ]


def test_a_byte_order_mark_inside_the_file_is_no_part_of_an_id(predictor: Predictor) -> None:
    results, errors, _ = scored(predictor, "\ufeff".encode() + line())
    assert (results, [found["field"] for found in errors]) == ([], ["customerID"])


def test_no_row_is_both_scored_and_refused(predictor: Predictor, many_customers: Callable[[int], bytes]) -> None:
    head, _, body = many_customers(20_000).partition(b"\n")
    body = body.replace(b"Electronic check", b"Electronic chick", 3_000)
    results, errors, progress = scored(predictor, body, tuple(head.decode().split(",")))
    accepted, refused = {found["row"] for found in results}, {found["row"] for found in errors}
    assert accepted.isdisjoint(refused)
    assert len(accepted | refused) == 20_000
    assert progress == Progress(17_000, 3_000)


@pytest.mark.parametrize("cell", ["DSL\x1fNo", "\x1f", "DSL\x1f"])
def test_the_fast_readers_own_separator_in_a_cell_is_judged_as_any_text(predictor: Predictor, cell: str) -> None:
    results, errors, _ = scored(predictor, line(InternetService=cell))
    check(predictor, WHOLE | {"InternetService": cell}, results, errors)
