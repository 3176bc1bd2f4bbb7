"""Cross-validates the candidates, LightGBM and CatBoost on the tables of CHURN_DATA_DIR; times a pairwise release."""

import argparse
import json
import os
import subprocess
import tempfile
import timeit
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.serving.__main__ import alternative_environment
from benchmarks.serving.servers import ROOT
from churn.schema import Schema, built_in, load_schema
from churn_trainer.data.prepare import prepare
from churn_trainer.data.sources import source_of
from churn_trainer.data.table import Table, load
from churn_trainer.training.candidates import CANDIDATES, PAIRWISE_BOOSTING
from churn_trainer.training.compare import Data, Design, compare, data_of, grouped_folds
from churn_trainer.training.export import serve
from churn_trainer.training.threads import one_thread
from churn_trainer.training.train import fit_whole

RESULT = ROOT / "benchmarks" / "results" / "models.json"
DECLARATIONS = ROOT / "tests" / "operators"

# As many customers as a training compares models on.
_MOST_ROWS = 20_000

# The rows of the table whose time is measured, about as many as a chunk of a job has.
_ROWS = 10_000


def main() -> None:
    """Measure everything, print it, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="*", help="names of declarations, such as bank; all tables without one")
    parser.add_argument("--no-rivals", action="store_true", help="without LightGBM and CatBoost")
    options = parser.parse_args()
    python = None if options.no_rivals else alternative_environment()
    results = {}
    with one_thread():
        for name, schema, path in _tables(Path(os.environ.get("CHURN_DATA_DIR", "data"))):
            if not options.tables or name in options.tables:
                results[name] = _measured(name, load(_source(path), schema)[0], python)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(results, indent=1) + "\n")
    print(f"Everything is in {RESULT.relative_to(ROOT)}.")


def _tables(folder: Path) -> Iterator[tuple[str, Schema, Path]]:
    """The tables there are: each one's name, declaration and file."""
    declared = {file.stem: load_schema(file.read_text(), file.name) for file in sorted(DECLARATIONS.glob("*.toml"))}
    files = {"telco": folder / built_in("telco").file} | {
        name: folder / "operators" / f"{name}.csv" for name in declared
    }
    for name, schema in ({"telco": built_in("telco")} | declared).items():
        if files[name].is_file():
            yield name, schema, files[name]


def _source(path: Path) -> Any:
    return source_of("file", path.name, lambda: path.open("rb"))


def _measured(name: str, table: Table, python: Path | None) -> dict[str, Any]:
    prepared = prepare(table)
    rows, design = prepared.compared(_MOST_ROWS), Design(folds=5, repeats=1, jobs=1)
    data = data_of(prepared, rows)
    comparison = compare(data, design, lambda *_: None)
    figures = {one: [comparison.mean(one, figure) for figure in ("roc_auc", "log_loss")] for one in comparison.figures}
    if python:
        figures |= _rivals(python, data, design)
    print(f"\n{name}: {len(table):,} customers, {len(table.schema.fields)} fields, five folds of {len(rows):,}")
    for one, (auc, loss) in figures.items():
        print(f"  {one:22} AUC {auc:.4f}  log loss {loss:.4f}", flush=True)
    pairwise = next(candidate for candidate in CANDIDATES if candidate.name == PAIRWISE_BOOSTING)
    development = prepared.split.development
    model = fit_whole(pairwise, table.schema, prepared.fed("fields", development), prepared.churn[development])
    served = serve(model, prepared)
    times = _times(served.predictor.scorer, table)
    print("  pairwise release: " + ", ".join(f"{what} {took:.2f} µs" for what, took in times.items()))
    print(f"  model.json: {len(served.files['model.json']):,} bytes", flush=True)
    return {"figures": figures, "microseconds": times, "bytes": len(served.files["model.json"])}


def _rivals(python: Path, data: Data, design: Design) -> dict[str, list[float]]:
    """The AUC and log loss of LightGBM and CatBoost on the same folds, in an environment of their own."""
    with tempfile.TemporaryDirectory(prefix="churn-bench-") as folder:
        file = Path(folder) / "data.npz"
        fold = np.empty(len(data.churn), np.int64)
        for number, (_, test) in enumerate(grouped_folds(data.churn, data.groups, design)):
            fold[test] = number
        categories = [data.schema.position[name] for name in data.schema.categories]
        np.savez(file, fields=data.fed.of("fields"), churn=data.churn, fold=fold, categories=categories)
        command = [str(python), str(Path(__file__).parent / "rivals.py"), str(file)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    figures: dict[str, list[float]] = json.loads(done.stdout.splitlines()[-1])
    return figures


def _times(scorer: Any, table: Table) -> dict[str, float]:
    """Microseconds for one customer with all effects, and for a row of a table with all effects; the least of many."""
    many = table.take(np.resize(np.arange(len(table)), _ROWS)).customers
    numbers = scorer.schema.numbers
    customer = tuple(
        float(column[0]) if field in numbers else int(column[0])
        for field, column in zip(scorer.schema.fields, many, strict=True)
    )
    return {
        "one customer with all effects": min(timeit.repeat(lambda: scorer.effects(customer), number=500)) / 500 * 1e6,
        "a row with all effects": min(timeit.repeat(lambda: scorer.explained(many), number=3)) / 3 / _ROWS * 1e6,
    }


if __name__ == "__main__":
    main()
