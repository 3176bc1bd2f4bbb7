"""What a release was made from, as one hash: the data, the code, the settings that count, and the libraries."""

import hashlib
import importlib.metadata
import json
import platform
from pathlib import Path

import churn
import churn_trainer
from churn_trainer.settings import TrainerSettings

# Those whose numbers end up in a model.
LIBRARIES = ("numpy", "scipy", "scikit-learn", "pandas", "joblib", "onnx", "onnxruntime", "matplotlib")

# The modules of the shared library that make a release what it is; another way to log or to store retrains nothing.
SHARED = (
    "background",
    "columns",
    "customer",
    "features",
    "fields",
    "numbers",
    "onnx",
    "predict",
    "reading",
    "release",
    "schema",
    "scorecard",
    "scoring",
    "spellings",
)

# Settings that say where and how things run, but change no number.
_IRRELEVANT = {"env", "store_url", "log_level", "log_dir", "data_dir", "data_source", "dask_scheduler"}


def libraries() -> dict[str, str]:
    """The versions of Python and of the libraries, by name."""
    return {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in LIBRARIES}


def code_hash() -> str:
    """SHA-256 over the source of the trainer and of what it takes from the shared library."""
    folder, own = (Path(str(package.__file__)).parent for package in (churn, churn_trainer))
    digest = hashlib.sha256()
    for path in (*(folder / f"{name}.py" for name in SHARED), *sorted(own.rglob("*.py"))):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def fingerprint(data_sha256: str, settings: TrainerSettings) -> str:
    relevant = settings.model_dump(mode="json", exclude=_IRRELEVANT)
    parts = [data_sha256, code_hash(), relevant, libraries()]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
