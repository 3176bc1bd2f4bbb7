"""The declarations of six operators' tables, as a person finished what was drafted: they load and read every row."""

import csv
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from churn.errors import ValidationError
from churn.schema import load_schema

FILES = sorted(Path(__file__).parent.glob("*.toml"))
DATA = Path(os.environ.get("CHURN_DATA_DIR", "data")) / "operators"

# Customers of each table, and of these how many left and how many did neither.
COUNTS = {
    "bank": (10_000, 2_037, 0),
    "bigml_telecom": (3_333, 483, 0),
    "ibm_33_columns": (7_043, 1_869, 0),
    "internet_provider": (72_274, 40_050, 0),
    "maven_telecom": (7_043, 1_869, 454),
    "telecom_x": (7_043, 1_869, 0),
}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_finished_declaration_is_taken_and_leaves_nothing_to_decide(file):
    text = file.read_text()
    assert load_schema(text, file.name).fields
    assert "???" not in text


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_row_of_the_table_is_read(file):
    table = DATA / f"{file.stem}.csv"
    if not table.exists():
        pytest.skip(f"no {table} (CHURN_DATA_DIR names the folder of data sets)")
    schema = load_schema(file.read_text(), file.name)
    faults, unknown, counts = {}, 0, [0, 0, 0]
    for number, row in enumerate(rows_of(table), 1):
        fields = {
            schema.column_names.field_of(name): cell for name, cell in row.items() if name not in schema.leave_out
        }
        outcome = fields.pop(schema.outcome)
        assert fields.keys() == {*schema.fields, schema.id if schema.id in row else next(iter(schema.fields))}
        counts = [counts[0] + 1, counts[1] + (outcome in schema.left), counts[2] + (outcome in schema.set_aside)]
        try:
            unknown += bool(schema.reader.read(fields).assumed)
        except ValidationError as error:
            faults[number] = error.errors
    assert faults == {}
    assert tuple(counts) == COUNTS[file.stem]
    assert unknown < 0.01 * counts[0]


def rows_of(table: Path) -> Iterator[dict[str, str]]:
    with table.open(encoding="utf-8-sig", newline="") as lines:
        rows = csv.reader(lines)
        names = [name.strip() for name in next(rows)]
        for cells in rows:
            yield dict(zip(names, cells, strict=True))
