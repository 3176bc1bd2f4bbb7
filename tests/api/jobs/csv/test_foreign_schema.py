"""A job of customers with many fields and large numbers gives each row what the predictor says of it alone."""

import csv
import io
import random

from tests.bank import BANK, bank_predictor, client

from churn_api.jobs.csv.chunk_scorer import ChunkScorer
from churn_api.jobs.csv.result_files import RESULT_COLUMNS
from churn_api.jobs.plan import Chunk


def test_each_row_is_what_the_predictor_says_of_it() -> None:
    chance, predictor = random.Random(6), bank_predictor()
    people = [client(chance) | {"Client No": str(number)} for number in range(200)]
    for number in (3, 50):
        people[number] |= {"Limit Kind": "", "Product 7": ""}
    people[60]["Balance"] = 400_000
    text = io.StringIO()
    csv.DictWriter(text, columns := ["Client No", *BANK.fields], lineterminator="\n").writerows(people)
    data = text.getvalue().encode()
    scorer = ChunkScorer(predictor, data, tuple(columns), Chunk(0, len(data), 1, len(people)))
    errors = b"".join(scorer.errors()).decode()
    rows = list(csv.DictReader(io.StringIO(scorer.results()[0].decode()), RESULT_COLUMNS))
    assert errors.startswith("61,60,Balance,out_of_range,")
    assert [row["customerID"] for row in rows] == [person["Client No"] for person in people if person is not people[60]]
    for row in rows:
        reading = BANK.reader.read({name: cell for name, cell in people[int(row["row"]) - 1].items() if cell != ""})
        probability, reasons = predictor.explain(reading, 3)
        assert abs(float(row["churn_probability"]) - probability) < 1e-6
        assert [row[f"reason_{rank}"] for rank in (1, 2, 3)] == [reason.text for reason in reasons]
