"""What the product does with a file, in one process on one core: plan, validate, score, explain and write."""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

os.sched_setaffinity(0, {0})

from churn.release import load  # noqa: E402
from churn.store.opening import open_store  # noqa: E402
from churn_api.jobs.csv.chunk_scorer import ChunkScorer  # noqa: E402
from churn_api.jobs.csv.reason_texts import ReasonTexts  # noqa: E402
from churn_api.jobs.csv.result_files import ERROR_COLUMNS, RESULT_COLUMNS, header  # noqa: E402
from churn_api.jobs.csv.upload_check import UploadCheck  # noqa: E402


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(1 << 18):
            yield block


def score(store_url: str, version: str, table: Path, answer: Path) -> tuple[float, float]:
    """Score a table with a release; returns the seconds by the clock and of processor time."""
    predictor = load(open_store(store_url), version).predictor
    start = time.perf_counter(), time.process_time()
    check = UploadCheck(predictor.schema, 10_000)
    for _ in check.passing(_blocks(table)):
        pass
    plan, words = check.plan(), ReasonTexts(predictor.schema)
    with table.open("rb") as source, answer.open("wb") as results, answer.with_suffix(".errors").open("wb") as errors:
        results.write(header(RESULT_COLUMNS))
        errors.write(header(ERROR_COLUMNS))
        for chunk in plan.chunks:
            source.seek(chunk.start)
            data = source.read(chunk.end - chunk.start)
            words = ReasonTexts(predictor.schema) if words.full else words
            scorer = ChunkScorer(predictor, data, plan.columns, chunk, words)
            errors.writelines(scorer.errors())
            results.write(scorer.results()[0])
    return time.perf_counter() - start[0], time.process_time() - start[1]


store_url, version, table, answer = sys.argv[1:]
print(*score(store_url, version, Path(table), Path(answer)))
