"""Exploring a table that is not IBM's: blanks that are values, no roles, more fields than a picture has room for."""

import io
import json

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

from churn.schema import load_schema
from churn_trainer.data.table import Findings, Table
from churn_trainer.exploration import plots
from churn_trainer.exploration.explore import explore, frame_of, strongest

HEAD = """
[table]
name = "ours"
id = "no"
outcome = "gone"
left = ["1"]
stayed = ["0"]
"""
CATEGORY = """
[[field]]
name = "plan"
type = "category"
values = ["A", "B", "C"]
blank = "value"
"""
NUMBER = """
[[field]]
name = "number {}"
type = "number"
low = -10
high = 10
bands = [-10, 0, 5, 10]
whole = true
words = "{{}} times"
blank = "value"
"""
ROWS = 1_000


@pytest.fixture(scope="module", params=[2, 40], ids=["few fields", "many fields"])
def table(request) -> Table:
    """Who has no first number leaves, whatever else."""
    schema = load_schema(HEAD + CATEGORY + "".join(NUMBER.format(place) for place in range(request.param)), "ours.toml")
    rng = np.random.default_rng(7)
    numbers = [rng.integers(-10, 11, ROWS).astype(float) for _ in range(request.param)]
    for column in numbers:
        column[rng.random(ROWS) < 0.3] = np.nan
    churn = np.where(np.isnan(numbers[0]), 1, rng.random(ROWS) < 0.1).astype(np.int8)
    customers = schema.customer([rng.integers(4, size=ROWS).astype(np.int8), *numbers])
    return Table(schema, customers, churn, np.arange(ROWS, dtype=np.uint64), identified=True)


def test_a_blank_is_a_group_of_its_own_and_counted_apart(table):
    report = explore(table, Findings(rows=ROWS))
    assert json.loads(json.dumps(report, allow_nan=False)).keys() == report.keys()
    blank = report["churn_by_field"]["number 0"][-1]
    assert (blank["value"], blank["rate"]) == ("blank", 1.0)
    assert report["numbers"]["number 0"]["blank"] == blank["customers"] == np.isnan(table.column("number 0")).sum()
    assert any(
        sentence.startswith("number 0: 100.0 % of customers with no value left") for sentence in report["findings"]
    )


def test_the_field_that_tells_most_comes_first(table):
    assert strongest(table.schema, frame_of(table))[0] == "number 0"


@pytest.mark.parametrize("longest", [0.97, 12.8, 72.0, 500.0])
def test_every_tenure_is_in_the_picture_of_when_customers_leave(longest):
    number = NUMBER.format(0).replace('blank = "value"', 'role = "tenure"').replace("whole = true\n", "")
    number = number.replace("low = -10\nhigh = 10\nbands = [-10, 0, 5, 10]", "low = 0\nhigh = 500")
    schema = load_schema(HEAD + CATEGORY + number, "ours.toml")
    tenures = np.linspace(0.01, longest, ROWS)
    frame = pd.DataFrame({"number 0": tenures, "gone": np.arange(ROWS) % 2})
    place = Figure().subplots()
    plots._tenures(place, frame, schema, "number 0")
    assert sum(patch.get_height() for patch in place.patches) == ROWS


def test_the_pictures_are_drawn(table):
    report, frame = explore(table, Findings(rows=ROWS)), frame_of(table)
    for picture in (plots.dashboard(frame, report, table.schema), plots.correlation_heatmap(frame, table.schema)):
        assert Image.open(io.BytesIO(picture)).width > 1_000
