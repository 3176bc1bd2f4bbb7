"""API keys: how they are written, what each may do, and the ring of those that are valid now."""

import hmac
import logging
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from threading import Lock
from time import monotonic

import msgspec

from churn_api.errors import KeysUnavailable

log = logging.getLogger(__name__)

SCORE, JOBS, ADMIN = "score", "jobs", "admin"
SCOPES = frozenset({SCORE, JOBS, ADMIN})

# Short keys can be guessed; this is what `openssl rand -hex 16` gives half of.
SHORTEST_KEY = 16
# What stands in examples and manuals is no secret, whatever its length.
WELL_KNOWN = ("change", "example", "default", "secret", "password", "your-", "your_", "12345678", "test")

# Seconds between two looks at the file: a key that was taken away works no longer than that.
LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Key:
    """One caller's key; `name` may stand in logs, `secret` never does."""

    name: str
    scopes: frozenset[str]
    secret: str = field(repr=False)

    @property
    def weak(self) -> bool:
        """Whether it can be guessed, or stands in a manual."""
        key = self.secret
        return len(key) < SHORTEST_KEY or len(set(key)) < 6 or any(word in key.lower() for word in WELL_KNOWN)


class Accepted(msgspec.Struct, frozen=True):
    """A valid key as it is compared and kept in memory: not itself, but `digest`, its SHA-256."""

    name: str
    scopes: frozenset[str]
    digest: bytes


def unnamed(secret: str) -> Key:
    """A key that may do everything, and whose caller has no name of its own.

    It is called by the beginning of its digest, which stays what it is wherever the key is written. The blank keeps
    this name apart from all that a file can give.
    """
    return Key(f"unnamed {_digest(secret).hex()[:8]}", SCOPES, secret)


def read_keys(lines: Iterable[str]) -> tuple[Key, ...]:
    """The keys in the lines of a file.

    A line is a key with all scopes, or a name, its scopes separated by commas, and a key. Two keys with the same name
    belong to one caller, as while one replaces the other, and must have the same scopes. Raises ValueError for any
    other line, without quoting it.
    """
    keys: dict[str, Key] = {}
    scopes: dict[str, frozenset[str]] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        key = _read_key(number, line.split())
        if key.secret in keys:
            raise ValueError(f"Line {number} of CHURN_API_KEYS_FILE holds a key that a line before it holds too.")
        if scopes.setdefault(key.name, key.scopes) != key.scopes:
            raise ValueError(
                f"Line {number} of CHURN_API_KEYS_FILE gives {key.name} other scopes than a line before it; give "
                "another caller another name."
            )
        keys[key.secret] = key
    return tuple(keys.values())


def _read_key(number: int, words: list[str]) -> Key:
    if len(words) == 1:
        return unnamed(words[0])
    if len(words) != 3:
        raise ValueError(f"Line {number} of CHURN_API_KEYS_FILE is neither a key nor a name, its scopes and a key.")
    name, scopes, secret = words
    unknown = set(scopes.split(",")) - SCOPES
    if unknown:
        raise ValueError(
            f"Line {number} of CHURN_API_KEYS_FILE gives {name} a scope that there is not; there are "
            f"{', '.join(sorted(SCOPES))}."
        )
    return Key(name, frozenset(scopes.split(",")), secret)


def check(keys: Iterable[Key], *, strict: bool) -> None:
    """Raises ValueError, with the names of whose keys can be guessed, where that is refused, or if there are none."""
    named = tuple(keys)
    if not named:
        raise ValueError("CHURN_API_KEYS_FILE holds no key, so that nobody could be served.")
    if weak := [key.name for key in named if strict and key.weak]:
        raise ValueError(f"The keys of {', '.join(weak)} can be guessed. Make others with: openssl rand -hex 24.")


class Keyring:
    """The valid keys, by `read`, looked at again when `file` has changed.

    Keys that cannot be read, that are weak where that is refused, or that are none at all, leave those before them in
    force: a slip of the pen neither opens the service nor shuts everybody out. What is in force is left at `memory`
    too, without the secrets: from there a process takes it that starts while the file is broken.
    """

    def __init__(
        self,
        read: Callable[[], tuple[Key, ...]],
        file: Path | None,
        *,
        strict: bool,
        memory: Path | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._read = read
        self._file = file
        self._strict = strict
        self._memory = memory
        self._clock = clock
        self._lock = Lock()
        self._said = ""
        self._state = self._look()
        self._looked = clock()
        self._keys: tuple[Accepted, ...] = ()
        if not self._take():
            self._keys = self._remembered()

    def find(self, sent: str) -> Accepted | None:
        """The key that was sent, if it is one. Raises KeysUnavailable where no keys could be read yet."""
        self._renew()
        if not self._keys:
            raise KeysUnavailable
        digest = _digest(sent)
        found = None
        # Every key is compared, and in constant time, so that the time taken tells nothing of any of them.
        for key in self._keys:
            if hmac.compare_digest(digest, key.digest):
                found = key
        return found

    def _renew(self) -> None:
        if self._file is None or self._clock() - self._looked < LOOK_SECONDS or not self._lock.acquire(blocking=False):
            return
        try:
            self._looked = self._clock()
            state = self._look()
            # What was refused is read again even so: it may have been read as it was being written.
            if state != self._state or self._said:
                self._state = state
                self._take()
        finally:
            self._lock.release()

    def _take(self) -> bool:
        """Put into force what can be read now; whether that was possible."""
        try:
            keys = self._read()
            check(keys, strict=self._strict)
        except ValueError as error:
            if str(error) != self._said:
                log.error("The keys stay as they were: %s", error)
                self._said = str(error)
            return False
        accepted = tuple(Accepted(key.name, key.scopes, _digest(key.secret)) for key in keys)
        if accepted != self._keys:
            log.info("Keys of %s are in force.", ", ".join(key.name for key in keys))
        self._keys, self._said = accepted, ""
        self._remember()
        return True

    def _remember(self) -> None:
        if self._memory is None or self._file is None:
            return
        own = self._memory.with_name(f"{self._memory.name}.{os.getpid()}")
        with suppress(OSError):  # memory that is full keeps nobody from being served
            with os.fdopen(os.open(own, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(msgspec.json.encode(self._keys))
            own.replace(self._memory)

    def _remembered(self) -> tuple[Accepted, ...]:
        try:
            return msgspec.json.decode(self._memory.read_bytes(), type=tuple[Accepted, ...]) if self._memory else ()
        except OSError:
            return ()

    def _look(self) -> tuple[int, ...] | None:
        """What changes when the file does; the last of these even where a copy keeps the time of the other."""
        try:
            found = self._file.stat() if self._file else None
        except OSError:
            return None
        return (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns) if found else None


def _digest(key: str) -> bytes:
    return sha256(key.encode("utf-8", "surrogateescape")).digest()
