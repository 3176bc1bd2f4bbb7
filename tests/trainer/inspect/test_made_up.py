"""Whatever a table holds, its draft is a declaration that loads, or names what is in doubt."""

import csv
import io
import random

import pytest

from churn.schema import load_schema
from churn_trainer.inspect import summary, toml
from churn_trainer.inspect.draft import draft
from churn_trainer.inspect.reading import read

NAMES = [
    *("tenure", "MonthlyCharges", "Total Charges", "total_charges", "Gender", "Age", "Contract", "id", "CustomerID"),
    *("customer id", "", "Ünï", "a,b", "{x}", "Name", "Churn score", "Exited", "target", "Zip Code", "Lat", "Other"),
    *("other", "Row", "Phone number", 'x"y', "tab\tname", "1", "Offer"),
]
CELLS = [
    lambda chance: chance.randint(0, 3),
    lambda chance: chance.randint(-5, 100),
    lambda chance: round(chance.gauss(0, 1e3), 3),
    lambda chance: chance.randint(10**15, 10**17),
    lambda chance: f"€{chance.uniform(0, 1000):,.2f}",
    lambda chance: chance.choice(["Yes", "No", "YES", " no "]),
    lambda chance: chance.choice(["other", "Other", "x", "None", "Unknown"]),
    lambda chance: chance.choice(["nan", "NA", "-", "1", "2"]),
    lambda chance: chance.choice(["1e5", "inf", "1.0", "0.0"]),
    lambda chance: chance.choice(["a\nb", 'c"d', "e,f", "ü\u200b", "x" * 300]),
    lambda chance: f"k{chance.random()}",
    lambda chance: f"2024-0{chance.randint(1, 9)}-11",
    lambda chance: f"v{chance.randint(0, 60)}",
    lambda _: "same",
]


@pytest.mark.parametrize("seed", range(40))
def test_a_draft_of_any_table_loads_or_says_what_is_in_doubt(as_file, seed):
    chance = random.Random(seed)
    rows = chance.choice([1, 2, 40, 600])
    names = [*chance.choices(NAMES, k=chance.randint(2, 10)), "Churned"]
    makers = [*chance.choices(CELLS, k=len(names) - 1), lambda chance: chance.choice(["Yes", "No"])]
    blank = [chance.choice([0, 0.005, 0.02, 0.5]) for _ in names]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(names)
    for _ in range(rows):
        cells = zip(blank, makers, strict=True)
        writer.writerow(["" if chance.random() < share else make(chance) for share, make in cells])
    sheet = read(as_file(text.getvalue()))
    table = draft(sheet)
    assert all(summary.sentences(table, sheet.notes, "customers.csv"))
    written = toml.text(table, "customers.csv")
    if table.outcome.doubt:
        assert "left = []" in written
    elif table.fields:
        schema = load_schema(written, "customer.toml")
        assert list(schema.fields) == [field.name for field in table.fields]
