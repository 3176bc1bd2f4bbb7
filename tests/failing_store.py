"""A store that breaks off at one of a run's writes, as a store that fails does, or a process that is killed."""

from typing import Any

from churn.errors import StoreUnavailable
from churn.store.interface import ObjectStore

WRITES = {"put", "write", "concatenate", "delete"}


class Killed(BaseException):
    """No handler of the program's gets this, as none gets a SIGKILL."""


class FailingStore:
    """The store, until the n-th write (from 1) or that of a key, which is not done; 0 never fails. `killed`: by the
    process's end."""

    def __init__(self, store: ObjectStore, failing: int | str = 0, *, killed: bool = False) -> None:
        self._store = store
        self._failing = failing
        self._killed = killed
        self.writes: list[str] = []

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        return self._counted(method) if name in WRITES else method

    def _counted(self, method: Any) -> Any:
        def write(first: Any, *arguments: Any, **options: Any) -> Any:
            self.writes.append(str(first))
            if self._failing in (len(self.writes), str(first)):
                raise Killed if self._killed else StoreUnavailable("s3://churn", "it does not answer")
            return method(first, *arguments, **options)

        return write
