"""What a release was made from as one hash: the data, the code, the libraries, and the settings that change numbers."""

import hashlib
import importlib.metadata
import json
import platform
from modulefinder import ModuleFinder
from pathlib import Path

import churn
import churn_trainer
from churn.schema import BUILT_IN, Schema, built_in
from churn_trainer.settings import TrainerSettings

# The libraries that compute a model's numbers.
LIBRARIES = ("numpy", "scipy", "scikit-learn", "pandas", "joblib", "onnx", "onnxruntime", "matplotlib")

# Modules that a run imports but that cannot change a number, with the reason. Changing them does not cause a training.
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

# The entry points of a run's own process, and of the one that converts a workbook or Parquet file for it.
_ENTRY_POINTS = ("churn_trainer.command_line", "churn.tables.conversion")

# Settings of where and how a run takes place, which change no number.
_IRRELEVANT = {"env", "store_url", "log_level", "log_dir", "data_dir", "data_source", "declaration", "dask_scheduler"}


def libraries() -> dict[str, str]:
    """The installed versions of Python and of LIBRARIES, by name."""
    return {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in LIBRARIES}


def modules() -> dict[str, Path]:
    """The files of the product's modules that a run can import, by module name, in order of the names.

    They are found by following imports from the entry points, imports inside functions included.
    """
    finder = ModuleFinder([str(Path(str(package.__file__)).parents[1]) for package in (churn, churn_trainer)])
    for name in _ENTRY_POINTS:
        finder.import_hook(name)
    paths = {name: getattr(module, "__file__", None) for name, module in sorted(finder.modules.items())}
    return {name: Path(path) for name, path in paths.items() if path}


def code_hash() -> str:
    """SHA-256 over the source of every module that a run can import, except for WITHOUT_NUMBERS.

    The shipped declarations of customers are included, as columns are made of them.
    """
    digest = hashlib.sha256()
    for name, path in modules().items():
        if name not in WITHOUT_NUMBERS:
            digest.update(name.encode())
            digest.update(path.read_bytes())
    for name in BUILT_IN:
        digest.update(built_in(name).source.encode())
    return digest.hexdigest()


def fingerprint(data_sha256: str, settings: TrainerSettings, schema: Schema) -> str:
    """SHA-256 over data, code, libraries, declaration and settings: two runs with the same one make the same release.

    Of the settings only the relevant ones count, and of the declaration its text, wherever it came from.
    """
    relevant = settings.model_dump(mode="json", exclude=_IRRELEVANT)
    parts = [data_sha256, code_hash(), relevant, libraries(), schema.source]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
