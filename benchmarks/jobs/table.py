"""A file with any number of customers, each with a different id and different bills."""

import random
from pathlib import Path

from churn_trainer.data import sample


def write_table(path: Path, rows: int) -> None:
    """Write a CSV file of this many rows; the same bytes for the same number."""
    chance = random.Random(1)
    head, *lines = sample.csv_bytes().decode().splitlines()
    customers = [line.split(",")[1:-3] for line in lines]
    tenure = head.split(",").index("tenure") - 1
    with path.open("w") as file:
        file.write(head.rpartition(",")[0] + "\n")
        for number in range(rows):
            cells = chance.choice(customers)
            monthly = chance.randrange(1825, 11875) / 100
            total = round(monthly * int(cells[tenure]), 2)
            file.write(f"{number:07d}-BENCH,{','.join(cells)},{monthly},{total}\n")
