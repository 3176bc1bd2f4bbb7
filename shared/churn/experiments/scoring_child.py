"""The process that loads a release and scores customers with it, within limits.

`python -m churn.experiments.scoring_child FOLDER VERSION SHA256`, where the folder is a store with the release's
files. It writes a line of JSON with what the release costs. Then it reads rows, n of them each time: a line with n, the
n × fields values as float64 and which of them are absent as bytes; and writes the n probabilities as float64. Its last
line of errors is a JSON object that says why it ended before.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from churn.confinement import confine

# What Python, numpy and ONNX Runtime reserve, which is twice what they touch, and a release as large as any that a
# trainer makes. Where a container has less, the kernel kills this process first.
MEMORY_BYTES = 208 << 20

# Processor time, and time by the clock: for so long it may keep a worker from other steps.
PROCESSOR_SECONDS, SECONDS = 50, 60

# Predictions whose time is taken, one by one and all at once, with as many reasons as a caller gets by default.
_SINGLES, _BATCH, _REASONS = 200, 2_000, 5


def main(folder: str, version: str, manifest_sha256: str) -> int:
    """Serve standard input to its end; returns 0, or 1 with the reason on the error stream."""
    confine(MEMORY_BYTES, PROCESSOR_SECONDS, SECONDS)
    # Else numpy reserves memory for a thread on each processor.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    try:
        _serve(folder, version, manifest_sha256)
    except Exception as error:  # a release can raise anything; it is told by its name, as a message may quote customers
        detail = getattr(error, "reason", "")
        print(json.dumps({"error": type(error).__name__, "detail": detail}), file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _serve(folder: str, version: str, manifest_sha256: str) -> None:
    from churn import release
    from churn.store.opening import open_store

    before = _memory()
    store = open_store(f"file://{folder}")
    loaded = release.load(store, version, manifest_sha256)
    examples = json.loads(store.get(f"{release.folder(version)}examples.json").data)
    cost = _speed(loaded, examples) | {"memory_mib": (_memory() - before) / 2**20}
    target = sys.stdout.buffer
    target.write(json.dumps(cost).encode() + b"\n")
    target.flush()
    source, fields = sys.stdin.buffer, len(loaded.schema.fields)
    while line := source.readline():
        count = int(line)
        values, absent = source.read(8 * count * fields), source.read(count * fields)
        target.write(_probabilities(loaded.predictor, values, absent, (count, fields)).tobytes())
        target.flush()


def _memory() -> int:
    """Bytes that this process has needed at most so far; 0 where the system does not say."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM:")), 0)


def _speed(loaded: Any, examples: list[dict[str, Any]]) -> dict[str, float]:
    """Milliseconds of a single prediction, the median and the 99th percentile, and microseconds of one in a batch."""
    import numpy as np

    predictor, reader = loaded.predictor, loaded.schema.reader
    readings = [reader.read(example["customer"]) for example in examples]
    milliseconds = np.empty(_SINGLES)
    for number in range(_SINGLES):
        start = time.perf_counter()
        predictor.predict(readings[number % len(readings)], _REASONS)
        milliseconds[number] = 1e3 * (time.perf_counter() - start)
    sample = predictor.background.table
    table = loaded.schema.customer(np.resize(column, _BATCH) for column in sample)
    start = time.perf_counter()
    predictor.scorer.probabilities(table)
    batch = 1e6 * (time.perf_counter() - start) / _BATCH
    p50, p99 = map(float, np.quantile(milliseconds, (0.5, 0.99)))
    return {"single_p50_ms": p50, "single_p99_ms": p99, "batch_us": batch}


def _probabilities(predictor: Any, values: bytes, absent: bytes, shape: tuple[int, int]) -> Any:
    """The probabilities of n customers, shape (n,); absent fields are averaged, as for callers."""
    import numpy as np

    held = np.frombuffer(values).reshape(shape)
    lacking = np.frombuffer(absent, np.bool_).reshape(shape)
    customer = predictor.schema.customer
    found = np.empty(len(held))
    complete = ~lacking.any(axis=1)
    if complete.any():
        found[complete] = predictor.scorer.probabilities(customer(held[complete].T.copy()))
    for row in np.flatnonzero(~complete):
        known = customer(None if gone else value for value, gone in zip(held[row], lacking[row], strict=True))
        found[row] = predictor.scorer.probabilities(predictor.background.completions(known)).mean()
    if not np.isfinite(found).all():
        raise ArithmeticError
    return found


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
