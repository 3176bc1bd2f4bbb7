"""API keys: how they are written, what each may do, and the ring of those that are valid now."""

import hmac
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from threading import Lock
from time import monotonic

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


def read_keys(lines: Iterable[str]) -> tuple[Key, ...]:
    """The keys of a file: a line is a key that may do everything, or a name, its scopes with commas between them, and
    a key. Raises ValueError for a line that is neither, without showing it."""
    return tuple(
        _read_key(number, line.split())
        for number, line in enumerate(lines, 1)
        if line.strip() and not line.lstrip().startswith("#")
    )


def _read_key(number: int, words: list[str]) -> Key:
    if len(words) == 1:
        return Key(f"line-{number}", SCOPES, words[0])
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


class Keyring:
    """The valid keys, by `read`, looked at again when `file` has changed.

    Keys that cannot be read, that are weak where that is refused, or that are none at all, leave those before them in
    force: a slip of the pen neither opens the service nor shuts everybody out.
    """

    def __init__(
        self,
        read: Callable[[], tuple[Key, ...]],
        file: Path | None,
        *,
        strict: bool,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._read = read
        self._file = file
        self._strict = strict
        self._clock = clock
        self._lock = Lock()
        self._state = self._look()
        self._looked = clock()
        self._keys = _digested(read())

    def __bool__(self) -> bool:
        return bool(self._keys)

    def find(self, sent: str) -> Key | None:
        """The key that was sent, if it is one."""
        self._renew()
        digest = _digest(sent)
        found = None
        # Every key is compared, and in constant time, so that the time taken tells nothing of any of them.
        for held, key in self._keys:
            if hmac.compare_digest(digest, held):
                found = key
        return found

    def _renew(self) -> None:
        if self._file is None or self._clock() - self._looked < LOOK_SECONDS or not self._lock.acquire(blocking=False):
            return
        try:
            self._looked = self._clock()
            state = self._look()
            if state != self._state:
                self._state = state
                self._take()
        finally:
            self._lock.release()

    def _take(self) -> None:
        try:
            keys = self._read()
        except ValueError as error:
            log.error("The keys stay as they were: %s", error)
            return
        weak = [key.name for key in keys if key.weak] if self._strict else []
        if weak or not keys:
            log.error(
                "The keys stay as they were: %s.", f"{', '.join(weak)} can be guessed" if weak else "none is left"
            )
            return
        self._keys = _digested(keys)
        log.info("Keys of %s are in force.", ", ".join(key.name for key in keys))

    def _look(self) -> tuple[int, int, int] | None:
        """What changes when the file does."""
        try:
            found = self._file.stat() if self._file else None
        except OSError:
            return None
        return (found.st_ino, found.st_size, found.st_mtime_ns) if found else None


def _digested(keys: Iterable[Key]) -> tuple[tuple[bytes, Key], ...]:
    return tuple((_digest(key.secret), key) for key in keys)


def _digest(key: str) -> bytes:
    return sha256(key.encode("utf-8", "surrogateescape")).digest()
