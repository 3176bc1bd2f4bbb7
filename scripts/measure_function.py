"""Measure the Lambda function's package and its start, and add them to deploy/measured.json. `make measure` calls this.

The package is built as for Lambda, and runs under the Python that Lambda has, in a container with a function's memory.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from scripts.measure_units import train
from scripts.units import MEASURED, ROOT

IMAGE = "python:3.13-slim-trixie"
EVENT = ROOT / "tests" / "api" / "events" / "v2.json"


def main() -> int:
    """Build, measure, and write the figures into deploy/measured.json."""
    found = json.loads(MEASURED.read_text())
    with tempfile.TemporaryDirectory(prefix="function-") as folder:
        found["function"] = package(Path(folder)) | trial(Path(folder)) | {"command": "`make measure`"}
    MEASURED.write_text(json.dumps(found, indent=2) + "\n")
    print(json.dumps(found["function"], indent=2))
    return 0


def package(folder: Path) -> dict[str, int]:
    """Build the package and unpack it into folder/package; returns its sizes in bytes."""
    command: list[str | Path] = [ROOT / "deploy" / "aws" / "function" / "package", folder / "function.zip", "x86_64"]
    tools = {"PYTHON": sys.executable, "UV": str(Path(sys.executable).with_name("uv"))}
    done = subprocess.run(command, env=os.environ | tools, stdout=subprocess.PIPE, text=True, check=True)
    subprocess.run([sys.executable, "-m", "zipfile", "-e", folder / "function.zip", folder / "package"], check=True)
    zipped, unpacked = re.findall(r": (\d+) bytes, (\d+) unpacked", done.stdout)[0]
    return {"zip_bytes": int(zipped), "unpacked_bytes": int(unpacked)}


def trial(folder: Path) -> dict[str, float]:
    """Start the function with a release of the trainer's sample and send it a recorded event; returns its figures."""
    store = folder / "store"
    train(os.environ | {"CHURN_STORE_URL": store.as_uri(), "TMPDIR": str(folder)})
    event = json.loads(EVENT.read_text())
    settings = {
        "CHURN_ENV": "production",
        "CHURN_CACHE": "off",
        "CHURN_API_KEYS": event["headers"]["x-api-key"],
        "CHURN_STORE_URL": "file:///store",
        "CHURN_LOG_LEVEL": "ERROR",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    options = [word for name, value in settings.items() for word in ("--env", f"{name}={value}")]
    folders = {folder / "package": "/var/task", store: "/store", EVENT: "/event.json"}
    mounts = [word for here, there in folders.items() for word in ("--volume", f"{here}:{there}:ro")]
    limits = [
        "--memory",
        "1024m",
        "--memory-swap",
        "1024m",
        "--cpus",
        "1",
        "--network",
        "none",
        "--workdir",
        "/var/task",
    ]
    command = ["docker", "run", "--rm", *limits, *options, *mounts, IMAGE, "python3", "trial.py", "/event.json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    sys.exit(main())
