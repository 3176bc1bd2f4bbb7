"""Finding the customer table: a file, the store's copy, IBM's public copy, or a synthetic sample, in this order.

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
from churn.store.interface import ObjectStore
from churn_trainer.data import provenance, sample
from churn_trainer.data.folder import NAME, is_readable, tables_beside
from churn_trainer.errors import DataNotFound, TableChanged
from churn_trainer.settings import TrainerSettings

KEY = f"data/raw/{NAME}"

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


def find(settings: TrainerSettings, store: ObjectStore) -> Source:
    """The first source that has a table, or the one that the settings force.

    Raises DataNotFound if a forced source has none, and DataNotReadable if there is a table that cannot be read: to
    train on another one instead would hide the mistake.
    """
    finders: dict[str, Callable[[], Source]] = {
        "file": lambda: _from_file(settings.data_dir / NAME),
        "store": lambda: _from_store(store),
        "download": _from_download,
        "sample": _from_sample,
    }
    if settings.data_source != "auto":
        return finders[settings.data_source]()
    for finder in finders.values():
        try:
            source = finder()
        except DataNotFound:
            continue
        return source if source.kind == "file" else source._replace(passed_over=tables_beside(settings.data_dir))
    raise AssertionError("the sample is always there")


def keep(source: Source, store: ObjectStore) -> str | None:
    """Copy the table to data/raw in the store, unless it is there already.

    A sample never replaces real data, which may be the only copy; then a remark for the user is returned.
    """
    stored = _stored_sha256(store)
    if stored == source.sha256:
        return None
    is_sample = source.kind == "sample"
    if is_sample and stored is not None and not provenance.is_sample(store, stored, _start(store)):
        return f"{KEY} holds another table and is left as it is."
    # In this order an interruption can never leave a sample without its note, nor real data with a sample's.
    if is_sample:
        provenance.note(store, source.kind, source.sha256)
    with source.open() as file:
        store.write(KEY, chunks(file), content_type="text/csv")
    if not is_sample:
        provenance.note(store, source.kind, source.sha256)
    return None


def _from_file(path: Path) -> Source:
    if not is_readable(path):
        remedy = tables_beside(path.parent) or f"Put {NAME} there or set CHURN_DATA_DIR to its folder."
        raise DataNotFound("file", f"there is no {path}. {remedy}")
    return source_of("file", str(path), lambda: path.open("rb"))


def _from_store(store: ObjectStore) -> Source:
    if _stored_sha256(store) is None:
        raise DataNotFound("store", f"the store holds no {KEY}. Upload the table there.")
    source = source_of("store", KEY, lambda: io.BufferedReader(Chunks(store.read(KEY)), _CHUNK_BYTES))
    if not provenance.is_sample(store, source.sha256, start := _start(store)):
        return source
    if not sample.has_its_columns(start):
        raise DataNotFound("store", f"{KEY} is a sample of other columns. Upload a table there.")
    return source._replace(kind="sample")


def _start(store: ObjectStore) -> bytes:
    """The first bytes of the store's table, header and first row included."""
    return store.fetch(KEY, start=0, end=_START_BYTES)


def _from_download() -> Source:
    data = _download()
    source = source_of("download", PUBLIC_URL, lambda: io.BytesIO(data))
    if source.sha256 != PUBLIC_SHA256:
        raise DataNotFound("download", f"{PUBLIC_URL} sent something else than IBM's table (SHA-256 {source.sha256}).")
    return source


def _from_sample() -> Source:
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


def _download() -> bytes:
    """The public copy. Raises DataNotFound if it has not arrived within DOWNLOAD_SECONDS."""
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
            "download", f"{PUBLIC_URL} could not be read ({reason}). Set CHURN_DATA_DIR to a folder with {NAME}."
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


def _stored_sha256(store: ObjectStore) -> str | None:
    try:
        return _sha256(store.read(KEY))
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
