"""Six real tables, and IBM's: outcome, meaning, id and every column that gives the outcome away are found."""

import os
import time
from pathlib import Path

import pytest
from tests.operators.test_declarations import rows_of

from churn.errors import ValidationError
from churn.schema import Schema, load_schema
from churn_trainer.inspect import toml
from churn_trainer.inspect.draft import draft
from churn_trainer.inspect.reading import read

DATA = Path(os.environ.get("CHURN_DATA_DIR", "data"))

# By table: id, outcome, left, what is set aside, what gives the outcome away, and what else is left out.
TABLES = {
    "operators/bank": (
        "CustomerId",
        "Exited",
        "1",
        (),
        [],
        ["RowNumber", "Surname", "Gender Encoded", "IsHighValueCustomer", "AgeGroup"],
    ),
    "operators/bigml_telecom": (
        "phone number",
        "churn",
        "True",
        (),
        [],
        [f"total {part} charge" for part in ("day", "eve", "night", "intl")],
    ),
    "operators/ibm_33_columns": (
        "CustomerID",
        "Churn Label",
        "Yes",
        (),
        ["Churn Value", "Churn Score", "CLTV", "Churn Reason"],
        ["Count", "Country", "State", "Lat Long", "Latitude", "Longitude", "Zip Code"],
    ),
    "operators/internet_provider": ("id", "churn", "1", (), ["remaining_contract"], []),
    "operators/maven_telecom": (
        "Customerid",
        "Customerstatus",
        "Churned",
        ("Joined",),
        ["Churncategory", "Churnreason"],
        ["Latitude", "Longitude", "Zipcode"],
    ),
    "operators/telecom_x": (None, "churn", "Yes", (), [], ["feature_citizen"]),
    "telco_customer_churn": ("customerID", "Churn", "Yes", (), [], []),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_real_table_is_understood(name):
    file = DATA / f"{name}.csv"
    if not file.exists():
        pytest.skip(f"no {file} (CHURN_DATA_DIR names the folder of data sets)")
    customer_id, outcome, left, aside, leaks, others = TABLES[name]
    started = time.monotonic()
    sheet = read(file)
    table = draft(sheet)
    assert time.monotonic() - started < 30
    assert (table.id.name if table.id else None) == customer_id
    assert table.outcome.column is not None
    assert (table.outcome.column.name, table.outcome.doubt) == (outcome, "")
    assert (table.outcome.meaning.left, table.outcome.meaning.set_aside) == ((left,), aside)
    assert sorted(table.leaks) == sorted(leaks)
    assert sorted(table.left_out) == sorted([*leaks, *others])
    schema = load_schema(toml.text(table, file.name), "customer.toml")
    assert lost(schema, file) < 0.01 * sheet.rows
    assert len(schema.fields) + len(table.left_out) + 1 + (table.id is not None) == len(sheet.columns)


def lost(schema: Schema, file: Path) -> int:
    """How many rows a training would set aside for faults and blanks of the fields."""
    return sum(not is_complete(schema, row) for row in rows_of(file))


def is_complete(schema: Schema, row: dict[str, str]) -> bool:
    try:
        return not schema.reader.read({name: cell for name, cell in row.items() if name in schema.fields}).assumed
    except ValidationError:
        return False
