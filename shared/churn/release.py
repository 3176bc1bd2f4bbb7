"""A release: a model with everything that serving it needs, verified before it serves, and the pointer to the current.

A release is a folder of objects, models/releases/<version>/, and complete once it has a manifest. The pointer is one
object, models/current.json, which is moved by compare-and-swap.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic import ValidationError as MalformedDocument

from churn.errors import (
    BrokenDeclaration,
    ChurnError,
    ObjectNotFound,
    PreconditionFailed,
    ReleaseRefused,
    UnknownRelease,
)
from churn.model.files import MALFORMED, needed, predictor_of
from churn.model.files import background_file as background_file
from churn.model.files import worked_examples as worked_examples
from churn.model.predictor import Predictor
from churn.pointer import POINTER as POINTER
from churn.pointer import Pointer as Pointer
from churn.pointer import current as current
from churn.schema import Schema, built_in, load_schema
from churn.store.interface import ObjectStore
from churn.tracking.reference import REFERENCE, Reference

# The format that is written, and those that are read. In format 1 every customer of the background completes any other.
# Before format 3 a release carries no declaration, and its customers are those of the shipped one.
FORMAT = 3
_FORMATS = (1, 2, FORMAT)
_UNDECLARED = (1, 2)
DECLARATION = "customer.toml"
ROOT = "models/releases/"
VERSION_FORMAT = "%Y%m%d_%H%M%S"

# How far a worked example may be from its recorded probability. Scorecards and terms are the same arithmetic
# everywhere; ONNX is float32, whose sums depend on the processor's vector width.
TOLERANCE = {"scorecard": 1e-9, "terms": 1e-9, "onnx": 1e-6}


class File(BaseModel):
    """A file of a release: the SHA-256 of its content, and its size in bytes."""

    sha256: str
    size: int


class Manifest(BaseModel):
    """What a release says about itself. The trainer adds further fields; /model_info shows all of them."""

    model_config = ConfigDict(extra="allow", frozen=True)

    format: int
    version: str
    model_name: str
    kind: str
    timestamp: datetime
    threshold: float
    schema_hash: str
    columns: list[str]
    metrics: dict[str, Any]
    data: dict[str, Any]
    libraries: dict[str, str]
    files: dict[str, File]


@dataclass(frozen=True, slots=True)
class Release:
    """A verified release, ready to serve; one that is older than drift is has no reference to notice it by."""

    manifest: Manifest
    predictor: Predictor
    reference: Reference | None

    @property
    def version(self) -> str:
        """The release's version, YYYYMMDD_HHMMSS in UTC."""
        return self.manifest.version

    @property
    def schema(self) -> Schema:
        """The declaration of the customers that it scores."""
        return self.predictor.schema


def folder(version: str) -> str:
    """The key prefix of a release's objects."""
    return f"{ROOT}{version}/"


def manifest_key(version: str) -> str:
    """The key of a release's manifest."""
    return f"{folder(version)}manifest.json"


def claim(store: ObjectStore, moment: datetime) -> str:
    """Reserve a version named after the moment; if two trainers want the same one, the later gets the next second."""
    while True:
        version = moment.astimezone(UTC).strftime(VERSION_FORMAT)
        try:
            store.put(f"{folder(version)}claim.json", b"{}", content_type="application/json", if_absent=True)
        except PreconditionFailed:
            moment += timedelta(seconds=1)
        else:
            return version


def moment_of(version: str) -> datetime:
    """The moment in UTC by which a version is named. Raises ValueError for what is none."""
    return datetime.strptime(version, VERSION_FORMAT).replace(tzinfo=UTC)


def publish(
    store: ObjectStore, version: str, manifest: Mapping[str, Any], files: Mapping[str, bytes], schema: Schema
) -> Manifest:
    """Write the files by name and the declaration, then the manifest with their checksums; returns the manifest.

    Raises PreconditionFailed if the version is published already.
    """
    files = {**files, DECLARATION: schema.source.encode()}
    listed = {name: File(sha256=_sha256(data), size=len(data)) for name, data in files.items()}
    columns = list(schema.features.names)
    whole = Manifest(**manifest, format=FORMAT, version=version, schema_hash=schema.hash, columns=columns, files=listed)
    for name, data in files.items():
        store.put(folder(version) + name, data, content_type=content_type(name))
    body = whole.model_dump_json(indent=1).encode()
    store.put(manifest_key(version), body, content_type="application/json", if_absent=True)
    return whole


def content_type(name: str) -> str:
    """The media type of a file by its ending; application/octet-stream for an unknown one."""
    kinds = {"json": "application/json", "html": "text/html; charset=utf-8", "png": "image/png"}
    return kinds.get(name.rpartition(".")[2], "application/octet-stream")


def versions(store: ObjectStore) -> Iterator[str]:
    """The published versions, the oldest first."""
    for version in store.folders(ROOT):
        try:
            store.head(manifest_key(version))
        except ObjectNotFound:
            continue  # claimed, but never completed
        yield version


def manifest(store: ObjectStore, version: str) -> Manifest:
    """The manifest as published, unverified. Raises UnknownRelease, or ReleaseRefused if it is malformed."""
    return _parsed(version, _manifest_bytes(store, version))


def manifest_sha256(store: ObjectStore, version: str) -> str:
    """The checksum of a release's manifest, which vouches for those of its files. Raises UnknownRelease."""
    return _sha256(_manifest_bytes(store, version))


def passed_gates(about: Manifest) -> bool:
    """Whether the release passed every gate; true for a manifest from before there were gates."""
    return bool((about.model_extra or {}).get("gates_passed", True))


def promote(store: ObjectStore, version: str, expected: Pointer | None, reason: str = "") -> Pointer:
    """Put a release into service if the pointer is still the expected one; returns the new pointer.

    The pointer keeps the reason, so that whoever records it can do so after any interruption.

    Raises UnknownRelease, ReleaseRefused if the release fails its checks, and PreconditionFailed if the pointer was
    moved in the meantime.
    """
    load(store, version)
    body = {
        "version": version,
        "manifest_sha256": manifest_sha256(store, version),
        "released_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "previous": expected.version if expected else None,
        "reason": reason,
    }
    etag = store.put(
        POINTER,
        json.dumps(body).encode(),
        content_type="application/json",
        if_match=expected.etag if expected else None,
        if_absent=expected is None,
    )
    moved = str(body["manifest_sha256"]), str(body["released_at"])
    return Pointer(version, *moved, etag, reason, expected.version if expected else "")


def load(store: ObjectStore, version: str, manifest_sha256: str | None = None) -> Release:
    """Read a release and verify it: format, schema, columns, checksums and worked examples.

    `manifest_sha256` is the checksum that the pointer has for the manifest; it is not checked if absent. Raises
    UnknownRelease if there is no such release, ReleaseRefused if a check fails, and StoreUnavailable.
    """
    body = _manifest_bytes(store, version)
    if manifest_sha256 and _sha256(body) != manifest_sha256:
        raise ReleaseRefused(version, "its manifest is not the one that was released")
    about = _parsed(version, body)
    _check_format(about, version)
    schema = schema_of(store, about)
    _check_fit(about, schema)
    names = [*needed(about.kind), *([REFERENCE] if REFERENCE in about.files else [])]
    files = {name: _checked(store, version, name, about.files.get(name)) for name in names}
    try:
        reference = Reference.from_bytes(files[REFERENCE], schema) if REFERENCE in files else None
        release = Release(about, predictor_of(schema, about.kind, about.threshold, files), reference)
        _reproduce(release, json.loads(files["examples.json"]))
    except MALFORMED as error:
        raise ReleaseRefused(version, f"its files cannot be read ({error!r})") from error
    return release


def _manifest_bytes(store: ObjectStore, version: str) -> bytes:
    try:
        return store.get(manifest_key(version)).data
    except ObjectNotFound as error:
        raise UnknownRelease(version) from error


def _parsed(version: str, body: bytes) -> Manifest:
    try:
        return Manifest.model_validate_json(body)
    except MalformedDocument as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ReleaseRefused(version, f"its manifest is malformed at {where or 'its start'}: {first['msg']}") from error


def _check_format(about: Manifest, version: str) -> None:
    """Raises ReleaseRefused unless this program reads releases of this format and kind."""
    if about.format not in _FORMATS:
        read = ", ".join(map(str, _FORMATS))
        raise ReleaseRefused(version, f"its format is {about.format}, this program reads formats {read}")
    if about.version != version:
        raise ReleaseRefused(version, f"its manifest names version {about.version}")
    if about.kind not in TOLERANCE:
        raise ReleaseRefused(version, f"its model is of the unknown kind {about.kind!r}")


def schema_of(store: ObjectStore, about: Manifest) -> Schema:
    """The schema that the release carries, or the shipped one. Raises ReleaseRefused if its declaration is broken."""
    if about.format in _UNDECLARED:
        return built_in("telco")
    data = _checked(store, about.version, DECLARATION, about.files.get(DECLARATION))
    try:
        return load_schema(data.decode(), DECLARATION)
    except (BrokenDeclaration, UnicodeDecodeError) as error:
        raise ReleaseRefused(about.version, f"it carries no declaration: {error}") from error


def _check_fit(about: Manifest, schema: Schema) -> None:
    """Raises ReleaseRefused unless this program understands customers as the one that published the release did."""
    if about.schema_hash != schema.hash or tuple(about.columns) != schema.features.names:
        raise ReleaseRefused(about.version, "it was trained for other fields or columns; train again with this program")


def _checked(store: ObjectStore, version: str, name: str, listed: File | None) -> bytes:
    if listed is None:
        raise ReleaseRefused(version, f"its manifest does not list {name}")
    try:
        data = store.get(folder(version) + name).data
    except ObjectNotFound as error:
        raise ReleaseRefused(version, f"{name} is missing") from error
    if _sha256(data) != listed.sha256:
        raise ReleaseRefused(version, f"the checksum of {name} does not match its manifest")
    return data


def _reproduce(release: Release, examples: list[dict[str, Any]]) -> None:
    if not examples:
        raise ReleaseRefused(release.version, "it carries no worked examples")
    predictor = release.predictor
    for number, example in enumerate(examples, 1):
        try:
            reading = release.schema.reader.read(example["customer"])
            # As a single prediction computes it, and as a job's row does.
            got = predictor.predict(reading, None).churn_probability, predictor.explain(reading, 0)[0]
        except ChurnError as error:
            # Without the messages of the faults: an example is a customer, and this error is logged.
            faults = ", ".join(f"{fault.field} {fault.code}" for fault in error.errors)
            raise ReleaseRefused(release.version, f"its worked example {number} is refused: {faults}") from error
        wanted = example["churn_probability"]
        for probability in got:
            if not abs(probability - wanted) <= TOLERANCE[release.manifest.kind]:
                raise ReleaseRefused(
                    release.version, f"its worked example {number} gives {probability!r} where {wanted!r} is recorded"
                )


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
