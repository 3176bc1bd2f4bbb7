"""Cells of any content, and a check that a job judges each row as the customers' own reader does."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from churn.customer.reading import Reading
from churn.customer.spellings import MISSING
from churn.errors import ValidationError
from churn.model.predictor import Predictor
from churn.schema import Schema
from churn_api.jobs.csv import rows
from churn_api.jobs.csv.chunk_scorer import ChunkScorer
from churn_api.jobs.csv.result_files import ERROR_COLUMNS, RESULT_COLUMNS
from churn_api.jobs.plan import Chunk

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
AROUND = st.one_of(st.just(""), st.text(alphabet=CONTROLS + BLANKS, max_size=3))


def cells_of(schema: Schema) -> st.SearchStrategy[str]:
    """Cells with values of the schema's categories, numbers, words and any other text, with something around them."""
    values = [value for field in schema.categories.values() for value in field.names]
    known = st.one_of(NUMERIC, WORDS, st.sampled_from([*values, *schema.missing]), st.text())
    return st.builds(lambda before, value, after: before + value + after, AROUND, known, AROUND)


def written(records: Sequence[Mapping[str, str]]) -> bytes:
    """The rows of a CSV."""
    return "".join(",".join(map(quoted, record.values())) + "\n" for record in records).encode("utf-8", "replace")


def quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if set(cell) & set('",\r\n') else cell


def scored(
    predictor: Predictor, data: bytes, columns: Sequence[str]
) -> tuple[dict[str, Any], dict[str, list[tuple[str, ...]]]]:
    """The results and the errors of rows with these columns, by the number of the row."""
    scorer = ChunkScorer(predictor, data, tuple(columns), Chunk(0, len(data), 1, rows.count(data)))
    faults: dict[str, list[tuple[str, ...]]] = {}
    for line in parsed(b"".join(scorer.errors()), ERROR_COLUMNS):
        faults.setdefault(line["row"], []).append((line["field"], line["code"], line["message"]))
    return {line["row"]: line for line in parsed(scorer.results()[0], RESULT_COLUMNS)}, faults


def parsed(data: bytes, columns: tuple[str, ...]) -> list[dict[str, str]]:
    return [dict(zip(columns, cells, strict=True)) for cells in csv.reader(io.StringIO(data.decode(), newline=""))]


def judged(schema: Schema, columns: Sequence[str], cells: Sequence[str]) -> Reading | list[tuple[str, ...]]:
    """What the schema's reader says of a row: a customer or faults."""
    try:
        return schema.reader.read({name: cell for name, cell in zip(columns, cells, strict=True) if name})
    except ValidationError as error:
        return [(fault.field, fault.code, fault.message) for fault in error.errors]


def check(predictor: Predictor, records: Sequence[Mapping[str, str]]) -> None:
    """Score these rows, all of the same columns, as a chunk; each must become what the reader and the model say."""
    columns = list(records[0])
    data = written(records)
    results, faults = scored(predictor, data, columns)
    oracle = csv.reader(io.StringIO(data.decode(), newline=""))
    cells = [[cell.replace("\r\n", "\n").replace("\r", "\n") for cell in row] for row in oracle]
    assert results.keys().isdisjoint(faults)
    for number, row in enumerate(cells, 1):
        wanted = judged(predictor.schema, columns, row)
        if isinstance(wanted, list):
            assert faults[str(number)] == wanted
        else:
            answer = predictor.predict(wanted, 3)
            found = results[str(number)]
            assert abs(float(found["churn_probability"]) - answer.churn_probability) <= 5.1e-7
            texts = [*(reason.text for reason in answer.reasons), "", "", ""][:3]
            assert [found[f"reason_{rank}"] for rank in (1, 2, 3)] == texts
            assert found["assumed"] == str(len(answer.assumed))
