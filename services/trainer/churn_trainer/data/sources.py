"""Finding the customer table: a file, the store's copy, IBM's public copy, or a synthetic sample, in this order.

The last two have the shipped declaration's customers, so for another declaration there are only the first two.
The table is streamed from where it is, so that even a large one takes little memory and no temporary file.
"""

import hashlib
import http.client
import io
import queue
import threading
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from churn.errors import ObjectNotFound
from churn.schema import Schema
from churn.store.interface import ObjectStore
from churn_trainer.data import provenance, sample
from churn_trainer.data.declared import is_built_in
from churn_trainer.data.folder import is_readable, tables_beside
from churn_trainer.errors import DataNotFound, TableChanged
from churn_trainer.settings import TrainerSettings

PUBLIC_URL = "https://raw.githubusercontent.com/IBM/telco-customer-churn-on-icp4d/master/data/Telco-Customer-Churn.csv"
PUBLIC_SHA256 = "16320c9c1ec72448db59aa0a26a0b95401046bef5d02fd3aeb906448e3055e91"

# The contract promises an answer within this time, network or not.
DOWNLOAD_SECONDS = 10

# IBM's file has just under 1 MB, so a server that sends more than this is not sending it.
_MAX_DOWNLOAD_BYTES = 4_000_000
_CHUNK_BYTES = 1 << 20

# Enough for the header and the first row of a sample.
_START_BYTES = 4096


class Source(NamedTuple):
    """A table that can be read more than once, where it came from (file, store, download or sample) and its SHA-256.

    Reading what `open` returns to its end raises TableChanged if the bytes are not those of the checksum. `passed_over`
    is a sentence about tables with other names where this one was looked for; empty if there are none.
    """

    kind: str
    name: str
    sha256: str
    open: Callable[[], BinaryIO]
    passed_over: str = ""


def key_of(schema: Schema) -> str:
    """The key of the table's copy in the store."""
    return f"data/raw/{schema.file}"


def find(settings: TrainerSettings, store: ObjectStore, schema: Schema) -> Source:
    """The first source that has a table of the schema's customers, or the one that the settings force.

    Raises DataNotFound if a forced source has none, or none has, and DataNotReadable if there is a table that cannot be
    read: to train on another one instead would hide the mistake.
    """
    path, shipped = settings.data_dir / schema.file, is_built_in(schema)
    finders: dict[str, Callable[[], Source]] = {
        "file": lambda: _from_file(path, shipped),
        "store": lambda: _from_store(store, key_of(schema)),
        "download": lambda: _from_download(schema),
        "sample": lambda: _from_sample(schema),
    }
    if settings.data_source != "auto":
        return finders[settings.data_source]()
    for finder in finders.values():
        try:
            source = finder()
        except DataNotFound:
            continue
        passed_over = "" if source.kind == "file" else tables_beside(path, drafted=shipped)
        return source._replace(passed_over=passed_over)
    raise DataNotFound("auto", f"{schema.name} is declared, but {_no_file(path, shipped)}")


def keep(source: Source, store: ObjectStore, schema: Schema) -> str | None:
    """Copy the table to data/raw in the store, unless it is there already.

    A sample never replaces real data, which may be the only copy; then a remark for the user is returned.
    """
    key = key_of(schema)
    stored = _stored_sha256(store, key)
    if stored == source.sha256:
        return None
    is_sample = source.kind == "sample"
    if is_sample and stored is not None and not provenance.is_sample(store, stored, _start(store, key)):
        return f"{key} holds another table and is left as it is."
    # In this order an interruption can never leave a sample without its note, nor real data with a sample's.
    if is_sample:
        provenance.note(store, source.kind, source.sha256)
    with source.open() as file:
        store.write(key, chunks(file), content_type="text/csv")
    if not is_sample:
        provenance.note(store, source.kind, source.sha256)
    return None


def _from_file(path: Path, shipped: bool) -> Source:
    if not is_readable(path):
        raise DataNotFound("file", _no_file(path, shipped))
    return source_of("file", str(path), lambda: path.open("rb"))


def _no_file(path: Path, shipped: bool) -> str:
    remedy = tables_beside(path, drafted=shipped) or f"Put {path.name} there or set CHURN_DATA_DIR to its folder."
    return f"there is no {path}. {remedy}"


def _from_store(store: ObjectStore, key: str) -> Source:
    if _stored_sha256(store, key) is None:
        raise DataNotFound("store", f"the store holds no {key}. Upload the table there.")
    source = source_of("store", key, lambda: io.BufferedReader(Chunks(store.read(key)), _CHUNK_BYTES))
    if not provenance.is_sample(store, source.sha256, start := _start(store, key)):
        return source
    if not sample.has_its_columns(start):
        raise DataNotFound("store", f"{key} is a sample of other columns. Upload a table there.")
    return source._replace(kind="sample")


def _start(store: ObjectStore, key: str) -> bytes:
    """The first bytes of the store's table, header and first row included."""
    return store.fetch(key, start=0, end=_START_BYTES)


def _require_shipped(kind: str, schema: Schema) -> None:
    if not is_built_in(schema):
        reason = f"it has IBM's customers, not those of {schema.name}. Put {schema.file} into CHURN_DATA_DIR."
        raise DataNotFound(kind, reason)


def _from_download(schema: Schema) -> Source:
    _require_shipped("download", schema)
    data = _download(schema.file)
    source = source_of("download", PUBLIC_URL, lambda: io.BytesIO(data))
    if source.sha256 != PUBLIC_SHA256:
        raise DataNotFound("download", f"{PUBLIC_URL} sent something else than IBM's table (SHA-256 {source.sha256}).")
    return source


def _from_sample(schema: Schema) -> Source:
    _require_shipped("sample", schema)
    data = sample.csv_bytes()
    return source_of("sample", "the synthetic sample", lambda: io.BytesIO(data))


def source_of(kind: str, name: str, opener: Callable[[], BinaryIO]) -> Source:
    """A source that `opener` opens; reads it once for the checksum that every later reading is compared with."""
    with opener() as file:
        sha256 = _sha256(chunks(file))
    return Source(kind, name, sha256, lambda: io.BufferedReader(Chunks(_proved(opener, name, sha256)), _CHUNK_BYTES))


def _proved(opener: Callable[[], BinaryIO], name: str, sha256: str) -> Iterator[bytes]:
    """The table's chunks. Raises TableChanged after the last one if they do not have the checksum."""
    digest = hashlib.sha256()
    with opener() as file:
        for chunk in chunks(file):
            digest.update(chunk)
            yield chunk
    if digest.hexdigest() != sha256:
        raise TableChanged(name)


def _download(name: str) -> bytes:
    """The public copy; `name` is that of a file in its place. Raises DataNotFound if it is late or does not come."""
    answers: queue.SimpleQueue[bytes | Exception] = queue.SimpleQueue()
    # In a separate thread, because urllib's timeout covers neither a silent name server nor a body that trickles in.
    threading.Thread(target=_fetch, args=(answers,), daemon=True).start()
    try:
        answer = answers.get(timeout=DOWNLOAD_SECONDS)
    except queue.Empty:
        answer = TimeoutError(f"no answer within {DOWNLOAD_SECONDS} s")
    if isinstance(answer, Exception):
        reason = getattr(answer, "reason", answer)
        raise DataNotFound(
            "download", f"{PUBLIC_URL} could not be read ({reason}). Set CHURN_DATA_DIR to a folder with {name}."
        )
    return answer


def _fetch(answers: "queue.SimpleQueue[bytes | Exception]") -> None:
    try:
        with urllib.request.urlopen(PUBLIC_URL, timeout=DOWNLOAD_SECONDS) as answer:
            answers.put(answer.read(_MAX_DOWNLOAD_BYTES))
    except (OSError, http.client.HTTPException) as error:
        answers.put(error)


class Chunks(io.RawIOBase):
    """An iterator of byte chunks as a readable binary file."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def readable(self) -> bool:
        """True, as io.RawIOBase asks of a file that can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer, or as much of it as the next chunk can; returns the number of bytes, 0 at the end."""
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = chunk
        taken = self._rest[: len(buffer)]
        buffer[: len(taken)] = taken
        self._rest = self._rest[len(taken) :]
        return len(taken)


def _stored_sha256(store: ObjectStore, key: str) -> str | None:
    try:
        return _sha256(store.read(key))
    except ObjectNotFound:
        return None


def chunks(file: BinaryIO) -> Iterator[bytes]:
    """A file's content in chunks of up to 1 MiB."""
    while chunk := file.read(_CHUNK_BYTES):
        yield chunk


def _sha256(chunks: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()
