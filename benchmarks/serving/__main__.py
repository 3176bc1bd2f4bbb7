"""Measures serving side by side; prints ratios and writes `benchmarks/results/serving.json`."""

import argparse
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import tempfile
import venv
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.serving.caching import modes, outage
from benchmarks.serving.claims import tables
from benchmarks.serving.comparison import compare
from benchmarks.serving.footprint import footprint
from benchmarks.serving.load import require_wrk
from benchmarks.serving.servers import ROOT, cache
from benchmarks.serving.stage import prepare

RESULT = ROOT / "benchmarks" / "results" / "serving.json"
ENVIRONMENT = ROOT / ".run" / "bench"
LIBRARIES = ("flask", "gunicorn", "msgspec", "numpy", "onnxruntime", "prometheus-client", "redis", "scikit-learn")


def main() -> None:
    """Measure everything, print ratios, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3, help="of each run")
    options = parser.parse_args()
    require_wrk()
    python = alternative_environment()
    with tempfile.TemporaryDirectory(prefix="churn-bench-") as name:
        folder = Path(name)
        stage = prepare(folder)
        with cache() as redis:
            compared = compare(stage, folder, python, options.rounds, options.seconds, redis.url)
        result = {
            "moment": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": machine(),
            "comparison": compared,
            "cache": modes(stage, folder, options.rounds, options.seconds),
            "outage": outage(stage, folder, 2 * options.seconds),
            "first version": tables(stage, folder, options.seconds),
            "footprint": footprint(stage, folder),
        }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=1) + "\n")
    print(f"Everything is in {RESULT.relative_to(ROOT)}.")


def alternative_environment() -> Path:
    """The Python of a virtual environment with the alternative's libraries, installed once for each pin file."""
    pins, python = ROOT / "requirements" / "bench.txt", ENVIRONMENT / "bin" / "python"
    installed = ENVIRONMENT / "requirements.txt"
    if not installed.is_file() or installed.read_bytes() != pins.read_bytes():
        print("Installing the alternative (once) ...", flush=True)
        venv.create(ENVIRONMENT, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", pins], check=True)
        installed.write_bytes(pins.read_bytes())
    return python


def machine() -> dict[str, Any]:
    """The machine, its load, and the libraries' versions, which the results are recorded with."""
    models = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return {
        "processor": models[0].partition(":")[2].strip() if models else platform.processor(),
        "cores": os.cpu_count(),
        "load_average": os.getloadavg(),
        "system": platform.platform(),
        "python": sys.version.split()[0],
        "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES},
    }


if __name__ == "__main__":
    main()
