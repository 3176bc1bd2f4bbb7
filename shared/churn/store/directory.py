"""An object store in a folder, for one machine: keys are paths below it.

Safe for any number of threads and processes, and against being killed at any point: an object is written to a
temporary file, flushed to the disk and moved into place. Files have no content type, so that argument is left unused.
"""

import fcntl
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from hashlib import file_digest, sha256
from io import BufferedReader, BufferedWriter
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from churn.errors import InvalidKey, ObjectNotFound, PreconditionFailed, StoreUnavailable
from churn.store.interface import Entry, Object, checked_folder, checked_key, checked_prefix, is_plain

# The folder of the lock and of unfinished files. It is on the store's own file system, where a move is atomic.
_PRIVATE = ".churn-store"
_CHUNK_BYTES = 1 << 20
# Writing keeps touching the file, so one that is this old was left by a process that was killed.
_ABANDONED_SECONDS = 24 * 3600
_REMEMBERED_ETAGS = 10_000


class _Written(NamedTuple):
    """A complete temporary file that still has to be moved into place."""

    path: Path
    etag: str
    status: os.stat_result


class DirectoryStore:
    """The ObjectStore over a folder. The etag is the content's SHA-256, cached by the file's identity and time."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._temporary = root / _PRIVATE / "writing"
        self._etags: dict[tuple[int, ...], str] = {}

    def get(self, key: str) -> Object:
        """Read the file at once. Raises ObjectNotFound."""
        with self._open(key) as file, self._translated(key):
            data = file.read()
        return Object(data, sha256(data).hexdigest())

    def put(
        self,
        key: str,
        data: bytes,
        *,
        content_type: str,  # noqa: ARG002
        if_match: str | None = None,
        if_absent: bool = False,
    ) -> str:
        """Write a temporary file, then check the conditions and move it under the lock. Raises PreconditionFailed."""
        path = self._path(key)
        written = self._write_aside([data])
        self._move_into_place(written, path, key, if_match=if_match, if_absent=if_absent)
        return written.etag

    def read(self, key: str, *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Stream the file in chunks of up to 1 MiB; it stays readable if it is replaced meanwhile."""
        file = self._open(key)
        file.seek(start)
        return self._chunks(key, file, None if end is None else max(0, end - start))

    def fetch(self, key: str, *, start: int, end: int) -> bytes:
        """The bytes from `start` up to, but without, `end`. Raises ObjectNotFound."""
        return b"".join(self.read(key, start=start, end=end))

    def write(self, key: str, chunks: Iterable[bytes], *, content_type: str) -> None:  # noqa: ARG002
        """Write a temporary file chunk by chunk, then move it into place."""
        path = self._path(key)
        self._move_into_place(self._write_aside(chunks), path, key)

    def concatenate(self, key: str, parts: Sequence[str], *, content_type: str) -> None:
        """Copy the parts one after another into a new file. Raises ObjectNotFound for a missing part."""
        self.write(key, chain.from_iterable(map(self.read, parts)), content_type=content_type)

    def head(self, key: str) -> Entry:
        """Size, time and etag; the file is read only if its etag is not cached. Raises ObjectNotFound."""
        with self._open(key) as file, self._translated(key):
            status = os.fstat(file.fileno())
            return Entry(key, status.st_size, self._etag(file), datetime.fromtimestamp(status.st_mtime, UTC))

    def list(self, prefix: str, *, after: str = "", limit: int | None = None) -> Iterator[Entry]:
        """Walk the folders in the order of keys; objects that are deleted meanwhile are left out."""
        checked_prefix(prefix)
        self._require_root()
        return islice(self._entries(prefix, after), limit)

    def folders(self, prefix: str) -> Iterator[str]:
        """The folders right below `prefix` that have an object somewhere below them."""
        checked_folder(prefix)
        self._require_root()
        names = (name for name, is_folder in self._names(prefix) if is_folder)
        return (name for name in names if any(self._keys(f"{prefix}{name}/", "", "")))

    def delete(self, keys: Iterable[str]) -> None:
        """Remove the files, and the folders that become empty."""
        for key in keys:
            path = self._path(key)
            with self._translated(key), self._locked():
                self._remove(path)

    def ping(self) -> None:
        """Raises StoreUnavailable unless the folder is there and this user may read and write it."""
        self._require_root()
        if not os.access(self._root, os.R_OK | os.W_OK | os.X_OK):
            raise StoreUnavailable(str(self._root), "the folder may not be read and written by this user")

    def ensure_bucket(self, *, wait: float = 60.0) -> None:  # noqa: ARG002
        """Make the folder, which needs no waiting, and remove what killed processes have left unfinished."""
        with self._translated():
            self._root.mkdir(parents=True, exist_ok=True)
        self.ping()
        self._sweep()

    def _path(self, key: str) -> Path:
        if checked_key(key).partition("/")[0] == _PRIVATE:
            raise InvalidKey(key)
        return self._root / key

    def _require_root(self) -> None:
        if not self._root.is_dir():
            raise StoreUnavailable(str(self._root), "there is no such folder")

    @contextmanager
    def _translated(self, key: str | None = None) -> Iterator[None]:
        """Turn errors of the file system into the store's; `key` is the object that may be missing."""
        try:
            yield
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
            self._require_root()
            if key is None:
                raise StoreUnavailable(str(self._root), str(error.strerror)) from error
            raise ObjectNotFound(key) from error
        except OSError as error:
            raise StoreUnavailable(str(self._root), str(error.strerror)) from error

    def _open(self, key: str) -> BufferedReader:
        path = self._path(key)
        with self._translated(key):
            return path.open("rb")

    def _chunks(self, key: str, file: BufferedReader, remaining: int | None) -> Iterator[bytes]:
        with file:
            while remaining is None or remaining > 0:
                with self._translated(key):
                    chunk = file.read(_CHUNK_BYTES if remaining is None else min(_CHUNK_BYTES, remaining))
                if not chunk:
                    return
                remaining = None if remaining is None else remaining - len(chunk)
                yield chunk

    def _write_aside(self, chunks: Iterable[bytes]) -> _Written:
        """Write a temporary file and flush it to the disk; it is removed if `chunks` raises."""
        self._prepare()
        path = self._temporary / uuid4().hex
        try:
            with self._translated():
                file = path.open("xb")
            try:
                return self._fill(file, path, chunks)
            finally:
                # Closing writes what is still buffered, which fails on a full disk.
                with self._translated():
                    file.close()
        except BaseException:
            path.unlink(missing_ok=True)
            raise

    def _fill(self, file: BufferedWriter, path: Path, chunks: Iterable[bytes]) -> _Written:
        digest = sha256()
        # Only errors of the file are the store's; those of `chunks` are the caller's.
        for chunk in chunks:
            with self._translated():
                file.write(chunk)
            digest.update(chunk)
        with self._translated():
            file.flush()
            # Many kernels stamp files in steps of milliseconds; the clock's nanoseconds tell two versions apart.
            os.utime(file.fileno(), ns=(time.time_ns(), time.time_ns()))
            os.fsync(file.fileno())
            status = os.fstat(file.fileno())
        return _Written(path, self._remember(status, digest.hexdigest()), status)

    def _move_into_place(
        self, written: _Written, path: Path, key: str, *, if_match: str | None = None, if_absent: bool = False
    ) -> None:
        try:
            with self._translated(), self._locked():
                self._check(key, if_match, if_absent)
                path.parent.mkdir(parents=True, exist_ok=True)
                written.path.replace(path)
            with self._translated():
                self._sync_folders(path)
        finally:
            written.path.unlink(missing_ok=True)

    def _check(self, key: str, if_match: str | None, if_absent: bool) -> None:
        if if_match is None and not if_absent:
            return
        try:
            found = self.head(key).etag
        except ObjectNotFound:
            found = None
        if (if_absent and found is not None) or (if_match is not None and found != if_match):
            raise PreconditionFailed(key)

    def _sync_folders(self, path: Path) -> None:
        """Flush the folders that lead to a file, so that it is found after a power cut."""
        for folder in path.parents:
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            if folder == self._root:
                return

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the store's lock, across threads and processes; the system releases it when its holder dies."""
        self._prepare()
        with (self._temporary.parent / "lock").open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _prepare(self) -> None:
        self._require_root()
        with self._translated():
            self._temporary.mkdir(parents=True, exist_ok=True)

    def _sweep(self) -> None:
        """Remove the temporary files of processes that were killed while writing."""
        self._prepare()
        for path in self._temporary.iterdir():
            with suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > _ABANDONED_SECONDS:
                    path.unlink()

    def _remove(self, path: Path) -> None:
        try:
            path.unlink()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return
        for folder in path.parents:
            if folder == self._root or any(folder.iterdir()):
                return
            folder.rmdir()

    def _entries(self, prefix: str, after: str) -> Iterator[Entry]:
        for key in self._keys(prefix[: prefix.rfind("/") + 1], prefix, after):
            try:
                yield self.head(key)
            except (ObjectNotFound, InvalidKey):
                continue  # deleted since its folder was read, or put there by hand under too long a path

    def _keys(self, folder: str, prefix: str, after: str) -> Iterator[str]:
        """The keys below a folder ("" or ending with "/"), in order: Python orders text as UTF-8 orders its bytes."""
        for name, is_folder in self._names(folder):
            key = f"{folder}{name}/" if is_folder else f"{folder}{name}"
            overlaps = key.startswith(prefix) or prefix.startswith(key)
            if is_folder and overlaps and (key > after or after.startswith(key)):
                yield from self._keys(key, prefix, after)
            elif not is_folder and key.startswith(prefix) and key > after:
                yield key

    def _names(self, folder: str) -> Sequence[tuple[str, bool]]:
        """The names right below a folder, each with whether it is a folder, in the order of keys; [] if it is gone."""
        try:
            with self._translated(folder), os.scandir(self._root / folder) as entries:
                found = [(e.name, e.is_dir(follow_symlinks=False)) for e in entries if is_plain(e.name)]
        except ObjectNotFound:
            return []
        if not folder:
            found = [entry for entry in found if entry[0] != _PRIVATE]
        return sorted(found, key=lambda entry: entry[0] + "/" * entry[1])

    def _etag(self, file: BufferedReader) -> str:
        status = os.fstat(file.fileno())
        return self._etags.get(_identity(status)) or self._remember(status, file_digest(file, "sha256").hexdigest())

    def _remember(self, status: os.stat_result, etag: str) -> str:
        if len(self._etags) >= _REMEMBERED_ETAGS:
            self._etags.clear()
        self._etags[_identity(status)] = etag
        return etag


def _identity(status: os.stat_result) -> tuple[int, ...]:
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size
