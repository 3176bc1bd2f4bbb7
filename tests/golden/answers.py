"""The answers of a fixed model in short form: texts and bytes as SHA-256 digests, numbers as sums, some rows in full.

`python -m tests.golden.answers` writes the answers of the program as it is into golden.json, and `test_golden.py`
compares those of later programs with them. The model is a scorecard that was fitted on the trainer's sample and is kept
beside this file, so that the answers do not depend on the library or the machine that fits one.
"""

import csv
import hashlib
import io
import json
import math
import os
import random
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tests.telco import TELCO, read, read_guarded

from churn.errors import ValidationError
from churn.model.background import Background
from churn.model.predictor import Prediction, Predictor
from churn.model.scorecard import Scorecard
from churn_api.jobs.csv.chunk_scorer import ChunkScorer
from churn_api.jobs.plan import Chunk
from churn_trainer.data import sample

FOLDER = Path(__file__).parent
BACKGROUND, BROKEN, SPARSE, SHOWN = 500, 500, 300, 5

Record = dict[str, Any]

_WHOLE = {"SeniorCitizen", "tenure"}
_AMOUNTS = {"MonthlyCharges", "TotalCharges"}
_REQUIRED = {"gender", "SeniorCitizen", "tenure", "Contract", "MonthlyCharges"}

# Values that are put in place of right ones: some are read in another spelling, most are faults.
_WRONG: tuple[Any, ...] = (
    *(
        "",
        " ",
        "maybe",
        "Yess",
        "yes",
        "NO",
        "None",
        "n/a",
        "-",
        "1.324",
        "1,324",
        "$ 70.5",
        "EUR 1.234,50",
        "twelve",
        "m2m",
    ),
    *("fibre", "(12)", "3 months", "no internet", "e-check", "two year", "1e3", "x" * 90, "0.0", "2"),
    *(-1, 0, 1, 2, 0.5, 1e9, float("nan"), True, False, None, [], {}, ["a", 1], {"a": 1}, 10**40),
)
_NAMES = ("Tenure", "monthly_charges", "Churn", "customer id", "Contrat", "colour", "Total Charges", "StreamingTB")


def records(table: bytes) -> list[Record]:
    """The rows of a CSV file as JSON objects: numbers as numbers, and blank cells left out."""
    rows = csv.DictReader(io.StringIO(table.decode()))
    return [{name: _value(name, cell) for name, cell in row.items() if cell.strip()} for row in rows]


def _value(name: str, cell: str) -> Any:
    return int(cell) if name in _WHOLE else float(cell) if name in _AMOUNTS else cell


def predictor(customers: list[Record]) -> Predictor:
    """The kept model with the first BACKGROUND customers as its background sample."""
    model = Scorecard.from_dict(TELCO, json.loads((FOLDER / "model.json").read_text()))
    known = [read(record).customer for record in customers[:BACKGROUND]]
    return Predictor(model, Background(TELCO, known), 0.5)


def golden(table: bytes, *, rows: bool) -> Record:
    """Everything that is compared for one table; `rows` adds some in full, which is for made-up customers only."""
    customers = records(table)
    model = predictor(customers)
    chance = random.Random(17)
    broken = [_broken(chance, record) for record in customers[:BROKEN]]
    answered = [model.predict(read(record)) for record in customers]
    sparse = [model.predict(read(_sparse(record))) for record in customers[:SPARSE]]
    refused = [_faults(record) for record in broken]
    job = _job(model, _lines([*customers[SPARSE:], *map(_sparse, customers[:SPARSE]), *broken]))
    shown = {"prediction": answered[:1], "sparse": sparse[:1], "refused": refused[:SHOWN]} if rows else {}
    return {
        "predictions": {"texts": _digest(map(_texts, answered)), "numbers": _sums(map(_numbers, answered))},
        "sparse": {"texts": _digest(map(_texts, sparse)), "numbers": _sums(map(_numbers, sparse))},
        "refused": _digest(refused),
        "job": {name: hashlib.sha256(data).hexdigest() for name, data in job.items()},
        "shown": json.loads(json.dumps(shown)),
    }


def declared() -> Record:
    """The digest of the JSON schema, and the schema's hash; they depend on no table."""
    return {"schema": _digest([TELCO.json_schema]), "hash": TELCO.hash}


def _broken(chance: random.Random, record: Record) -> Record:
    changed = dict(record)
    for name in chance.sample(sorted(record), chance.randint(1, 4)):
        if chance.random() < 0.2:
            del changed[name]
        else:
            changed[name] = chance.choice(_WRONG)
    if chance.random() < 0.3:
        changed[chance.choice(_NAMES)] = chance.choice(_WRONG)
    return changed


def _sparse(record: Record) -> Record:
    return {name: value for name, value in record.items() if name in _REQUIRED}


def _faults(record: Record) -> Any:
    try:
        reading = read_guarded(record)
    except ValidationError as error:
        return [[fault.field, fault.code, fault.message] for fault in error.errors]
    return [list(reading.customer), reading.customer_id, reading.assumed, reading.derived]


def _lines(customers: list[Record]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(customers[0]), extrasaction="ignore", lineterminator="\n")
    writer.writerows(customers)
    return out.getvalue().encode()


def _job(model: Predictor, data: bytes) -> dict[str, bytes]:
    columns = tuple(next(csv.reader(io.StringIO(sample.csv_bytes().decode()))))
    scorer = ChunkScorer(model, data, columns, Chunk(0, len(data), 1, data.count(b"\n")))
    errors = b"".join(scorer.errors())
    return {"errors": errors, "results": scorer.results()[0]}


def _texts(answer: Prediction) -> Any:
    reasons = [[reason.field, reason.value, reason.direction, reason.text] for reason in answer.reasons]
    advice = [[each.field, each.to, each.text] for each in answer.recommendations]
    return [answer.prediction, answer.risk_band, answer.assumed, reasons, advice]


def _numbers(answer: Prediction) -> Iterator[float]:
    yield answer.churn_probability
    yield from answer.probability_range or ()
    yield from (reason.effect for reason in answer.reasons)
    yield from (each.churn_probability_after for each in answer.recommendations)


def _digest(values: Iterable[Any]) -> str:
    return hashlib.sha256(json.dumps(list(values)).encode()).hexdigest()


def _sums(rows: Iterable[Iterable[float]]) -> list[float]:
    """The count of all numbers, their sum, the sum of their absolute values, and a sum weighted by position.

    The weights differ from one position to the next, so numbers that change places change the last sum.
    """
    numbers = [number for row in rows for number in row]
    placed = math.fsum(number * (place * 0.6180339887498949 % 1) for place, number in enumerate(numbers))
    return [len(numbers), math.fsum(numbers), math.fsum(map(abs, numbers)), placed]


def main() -> None:
    """Write golden.json from the sample and from the real table in CHURN_DATA_DIR."""
    written: Record = {"declared": declared(), "sample": golden(sample.csv_bytes(), rows=True)}
    real = Path(os.environ.get("CHURN_DATA_DIR", "data")) / "telco_customer_churn.csv"
    written["telco"] = golden(real.read_bytes(), rows=False)
    (FOLDER / "golden.json").write_text(json.dumps(written, indent=1) + "\n")


if __name__ == "__main__":
    main()
