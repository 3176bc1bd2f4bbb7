"""The customers of the measurements."""

import csv
import io
import itertools
from collections.abc import Iterator

from churn_trainer.data import sample


def customers() -> Iterator[dict[str, str]]:
    """The sample's customers again and again, each time under other ids."""
    rows = list(csv.DictReader(io.StringIO(sample.csv_bytes().decode())))
    for turn in itertools.count():
        for row in rows:
            customer = {name: value for name, value in row.items() if name != "Churn"}
            yield customer | {"customerID": f"{row['customerID']}-{turn}"}
