"""What a release says of customers, found out by a child process: nothing of the release comes into this one."""

import json
import logging
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from typing import IO, Any, NamedTuple

import numpy as np

from churn import release
from churn.confinement import confined
from churn.errors import ObjectNotFound
from churn.experiments.evidence import Rows
from churn.experiments.scoring_child import MEMORY_BYTES, SECONDS
from churn.model.files import needed
from churn.store.compare_and_swap import JSON
from churn.store.interface import ObjectStore
from churn.store.opening import open_store
from churn.tracking.figures import Floats
from churn.tracking.reference import REFERENCE

log = logging.getLogger(__name__)

MODULE = "churn.experiments.scoring_child"

# Rows that are sent at a time, and for how long: a slow release scores as many as it can until then, and is told so.
_BATCH = 1_000
_SENDING_SECONDS = 40.0

# Of all files that it is made of. In a container they lie in memory.
_MOST_BYTES = 32 << 20

_SIGNALS: dict[int, str] = {
    signal.SIGALRM: f"it had not ended after {SECONDS} seconds",
    signal.SIGXCPU: f"it took more processor time than it has in {SECONDS} seconds",
    signal.SIGKILL: "it was killed, as the system does where memory runs out",
}
_NO_MEMORY = f"it needs more than {MEMORY_BYTES >> 20} MiB"
_WITHOUT_MEMORY = ("MemoryError", "_ArrayMemoryError")


class ScoringFailed(Exception):
    """The release raised, hung, or took more than its limits; the message says which, and quotes no customer."""


class Scores(NamedTuple):
    """The probabilities of the first rows, as many as there was time for, and what the release costs."""

    probability: Floats
    cost: dict[str, float]


def scores(store: ObjectStore, version: str, manifest_sha256: str, rows: Rows) -> Scores:
    """Score customers with a release of their schema, whose manifest has this checksum.

    Raises ScoringFailed and StoreUnavailable.
    """
    with tempfile.TemporaryDirectory(prefix="churn-shadow-") as folder:
        try:
            _copy(store, version, folder)
        except ObjectNotFound as error:
            raise ScoringFailed(f"{error.key} is missing") from error
        with confined(MODULE, folder, version, manifest_sha256, source=subprocess.PIPE) as child:
            if child.stdin is None or child.stdout is None or child.stderr is None:
                raise RuntimeError("The process was started without pipes.")
            found = None
            with suppress(BrokenPipeError, ValueError):  # it has ended, and its status says why
                found = _asked(child.stdin, child.stdout, rows)
            if found is None or child.wait() != 0:
                child.stdout.close()
                raise ScoringFailed(_reason(version, child.wait(), child.stderr.read()))
            return found


def _copy(store: ObjectStore, version: str, folder: str) -> None:
    """Copy what a predictor is made of."""
    about = release.manifest(store, version)
    names = {release.DECLARATION, REFERENCE, *needed(about.kind)} & about.files.keys()
    if sum(about.files[name].size for name in names) > _MOST_BYTES:
        raise ScoringFailed(f"its files are larger than {_MOST_BYTES >> 20} MiB")
    target = open_store(f"file://{folder}")
    for name in names:
        key = release.folder(version) + name
        target.put(key, store.get(key).data, content_type=release.content_type(name))
    manifest = store.get(release.manifest_key(version)).data
    target.put(release.manifest_key(version), manifest, content_type=JSON)


def _asked(source: IO[bytes], target: IO[bytes], rows: Rows) -> Scores | None:
    """What the child answers; None if it ends before."""
    line = target.readline()
    if not line.endswith(b"\n"):
        return None
    found = list[Floats]()
    end = time.monotonic() + _SENDING_SECONDS
    for start in range(0, len(rows.values), _BATCH):
        if time.monotonic() > end:
            break
        values, absent = (part[start : start + _BATCH] for part in rows)
        source.write(b"%d\n" % len(values))
        source.write(np.ascontiguousarray(values).data)
        source.write(np.ascontiguousarray(absent).data)
        source.flush()
        answer = target.read(8 * len(values))
        if len(answer) < 8 * len(values):
            return None
        found.append(np.frombuffer(answer))
    source.close()
    return Scores(np.concatenate(found) if found else np.empty(0), json.loads(line))


def _reason(version: str, status: int, errors: bytes) -> str:
    told: dict[str, Any] = {}
    with suppress(ValueError, IndexError):
        told = dict(json.loads(errors.splitlines()[-1]))
    name = str(told.get("error", ""))
    log.error("Release %s cannot be scored with (status %d, %s): %s", version, status, name, told.get("detail", ""))
    if name in _WITHOUT_MEMORY:
        return _NO_MEMORY
    if name == "ReleaseRefused":
        return "its files fail their checks; the worker's log says which"
    if name:
        return f"it raises {name}"
    return _SIGNALS.get(-status, f"it ended with {status}")
