"""What a release was made from, as one hash: the data, the code, the settings that count, and the libraries."""

import hashlib
import importlib.metadata
import json
import platform
from modulefinder import ModuleFinder
from pathlib import Path

import churn
import churn_trainer
from churn_trainer.settings import TrainerSettings

# Those whose numbers end up in a model.
LIBRARIES = ("numpy", "scipy", "scikit-learn", "pandas", "joblib", "onnx", "onnxruntime", "matplotlib")

# Modules that a run imports and that can change no number, with the reason; another version of them retrains nothing.
WITHOUT_NUMBERS = {
    "churn.logs": "writes lines about what was done",
    "churn.store.interface": "hands bytes over as they are",
    "churn.store": "hands bytes over as they are",
    "churn.store.address": "hands bytes over as they are",
    "churn.store.directory": "hands bytes over as they are",
    "churn.store.opening": "hands bytes over as they are",
    "churn.store.s3": "hands bytes over as they are",
    "churn.store.s3_client": "hands bytes over as they are",
    "churn.store.s3_parts": "hands bytes over as they are",
    "churn.job_states": "tells which releases jobs still need",
    "churn_trainer.console": "writes lines about what was done",
}

# What a run's process starts with, and the one that reads a workbook or Parquet for it.
_BEGINNINGS = ("churn_trainer.__main__", "churn.tables.conversion")

# Settings that say where and how things run, but change no number.
_IRRELEVANT = {"env", "store_url", "log_level", "log_dir", "data_dir", "data_source", "dask_scheduler"}


def libraries() -> dict[str, str]:
    """The versions of Python and of the libraries, by name."""
    return {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in LIBRARIES}


def modules() -> dict[str, Path]:
    """Every module of the product that a run can import, by name, in order; found by following imports from where its
    processes begin, those inside functions among them."""
    finder = ModuleFinder([str(Path(str(package.__file__)).parents[1]) for package in (churn, churn_trainer)])
    for name in _BEGINNINGS:
        finder.import_hook(name)
    paths = {name: getattr(module, "__file__", None) for name, module in sorted(finder.modules.items())}
    return {name: Path(path) for name, path in paths.items() if path}


def code_hash() -> str:
    """SHA-256 over the source of what a run can import and what can change a number."""
    digest = hashlib.sha256()
    for name, path in modules().items():
        if name not in WITHOUT_NUMBERS:
            digest.update(name.encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def fingerprint(data_sha256: str, settings: TrainerSettings) -> str:
    relevant = settings.model_dump(mode="json", exclude=_IRRELEVANT)
    parts = [data_sha256, code_hash(), relevant, libraries()]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
