"""What is held of one customer, and his erasure, as the API's processes see to them."""

import json
import logging
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache, partial
from threading import Semaphore
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from churn import release as releases
from churn.clock import now
from churn.confinement import alone, confined
from churn.errors import ChurnError, ObjectNotFound, ReleaseRefused, UnknownRelease
from churn.overlap import overlapped
from churn.schema import Schema
from churn.store.interface import Object, ObjectStore
from churn.tracking import erasure, layout
from churn.tracking.erasure import Erasure
from churn.tracking.lookup import OUTCOMES, PREDICTIONS, UNREADABLE
from churn_api.answers import Moment, Probability
from churn_api.celery_queue import CeleryQueue
from churn_api.errors import TooManyRequests

log = logging.getLogger(__name__)

# Seconds for which a request waits for an erasure, between two looks, and between two times that the step is sent.
PATIENCE_SECONDS = 25.0
_LOOK_SECONDS = 0.25
_SEND_SECONDS = 5.0

# Requests of a process that wait for erasures at a time; others are told at once that theirs goes on.
_WAITING = 2

_AT_ONCE = 4
# Times that files are listed and read, until all that were listed are there.
_TRIES = 3
_RELEASES = 64
# What the names of fields begin with in a file of predictions.
_FIELD = "field."


class HeldPrediction(Struct, frozen=True):
    """A prediction that is tracked."""

    scored_at: Moment
    release: str
    source: Annotated[str, Meta(extra_json_schema={"enum": ["single", "batch", "job", "stream"]})]
    probability: Probability
    assumed: Annotated[int, Meta(description="How many fields were averaged.")]
    fields: Annotated[
        dict[str, Any] | None,
        Meta(description="As they were read, without those that were absent; null where the release is gone."),
    ]


class HeldOutcome(Struct, frozen=True, omit_defaults=True):
    """An outcome that came in; what it did not tell is left out."""

    received_at: Moment
    left_at: str | None = None
    stayed_until: str | None = None
    campaign: str | None = None
    arm: str | None = None
    accepted: bool | None = None
    cost: float | None = None


class HeldCustomer(Struct, frozen=True):
    """All that is tracked of a customer, the oldest first."""

    success: Literal[True]
    customerID: str  # noqa: N815  # its name in every answer
    predictions: list[HeldPrediction]
    outcomes: list[HeldOutcome]


class LookUpFailed(ChurnError):
    """What is held of a customer could not be read within the limits on memory and time."""

    status = 503

    def __init__(self) -> None:
        super().__init__("Looking the customer up takes more memory or time than there is; try again in a minute.")


class Customers:
    """Looks customers up, and has them erased."""

    def __init__(self, store: ObjectStore, queue: CeleryQueue) -> None:
        self._store, self._queue = store, queue
        self._waiting = Semaphore(_WAITING)
        self._schema_of = lru_cache(_RELEASES)(self._read_schema)

    def erase(self, customer_id: str) -> Erasure | None:
        """Have a customer erased; returns None if that is done by now, and else the erasure, which goes on.

        Whoever asks again and again to see its end has it done once more each time. Where that takes longer than he
        waits, it counts as done once it was for his first request; what came in since is erased all the same.
        """
        erasure.ask(self._store, customer_id, now())
        self._queue.send_tracking("erase")
        if self._waiting.acquire(blocking=False):
            try:
                found = self._awaited(customer_id)
            finally:
                self._waiting.release()
        else:
            found = erasure.find(self._store, customer_id)
        return None if found and found.was_done and not found.unreadable else found

    def _awaited(self, customer_id: str) -> Erasure | None:
        start = sent = time.monotonic()
        while (found := erasure.find(self._store, customer_id)) is not None:
            moment = time.monotonic()
            if found.unreadable or moment - start > PATIENCE_SECONDS:
                return found
            if moment - sent > _SEND_SECONDS:
                # Whoever took it may have found another worker at it.
                self._queue.send_tracking("erase")
                sent = moment
            time.sleep(_LOOK_SECONDS)
        return None

    def look_up(self, customer_id: str) -> HeldCustomer:
        """What is held of a customer. Raises TooManyRequests and LookUpFailed."""
        found = self._found(customer_id)
        for key, reason in found[UNREADABLE]:
            log.error("%s is passed over. Delete it, or replace it by a copy: %s", key, reason)
        predictions = sorted(found[PREDICTIONS], key=lambda row: str(row["scored_at"]))
        outcomes = sorted(found[OUTCOMES], key=lambda row: (str(row["received_at"]), row["row"]))
        return HeldCustomer(True, customer_id, list(map(self._prediction, predictions)), list(map(_outcome, outcomes)))

    def _found(self, customer_id: str) -> dict[str, list[Any]]:
        for _ in range(_TRIES):
            with suppress(ObjectNotFound):  # made one with others since it was listed: their rows are in a new file
                return self._read(customer_id)
        raise LookUpFailed

    def _read(self, customer_id: str) -> dict[str, list[Any]]:
        busy = TooManyRequests("Another customer or table is being read; try again in a few seconds.", retry_after=5)
        with alone(busy), confined("churn.tracking.lookup", source=subprocess.PIPE) as child:
            if child.stdin is None or child.stdout is None:
                raise RuntimeError("The process was started without pipes.")
            with suppress(BrokenPipeError):  # it has ended, and its status says why
                child.stdin.write(json.dumps(customer_id).encode() + b"\n")
                for table, key, stored in self._files():
                    child.stdin.write(json.dumps([table, key, len(stored.data)]).encode() + b"\n")
                    child.stdin.write(stored.data)
                child.stdin.close()
            written = child.stdout.read()
            if child.wait() != 0:
                log.error("The process that looks a customer up has ended with %d.", child.returncode)
                raise LookUpFailed
            return json.loads(written)  # type: ignore[no-any-return]

    def _files(self) -> Iterator[tuple[str, str, Object]]:
        tables = ((PREDICTIONS, layout.PREDICTIONS), (OUTCOMES, layout.OUTCOMES))
        calls = [
            partial(self._file, table, entry.key)
            for table, folder in tables
            for entry in self._store.list(folder)
            if entry.key.endswith(".parquet")
        ]
        return overlapped(calls, _AT_ONCE)

    def _file(self, table: str, key: str) -> tuple[str, str, Object]:
        return table, key, self._store.get(key)

    def _prediction(self, row: dict[str, Any]) -> HeldPrediction:
        try:
            schema = self._schema_of(row["release"])
        except (UnknownRelease, ReleaseRefused):
            fields = None
        else:
            held = {name.removeprefix(_FIELD): value for name, value in row.items() if name.startswith(_FIELD)}
            fields = {name: _value(schema, name, value) for name, value in held.items() if name in schema.fields}
        told = {name: row[name] for name in HeldPrediction.__struct_fields__ if name != "fields"}
        return HeldPrediction(**told, fields=fields)

    def _read_schema(self, version: str) -> Schema:
        return releases.schema_of(self._store, releases.manifest(self._store, version))


def _value(schema: Schema, name: str, held: Any) -> Any:
    """A value as JSON has it, of a code or a number; None for a blank that is a value."""
    category = schema.categories.get(name)
    if category is not None:
        return category.json_values[held]
    return int(held) if held is not None and schema.numbers[name].whole else held


def _outcome(row: dict[str, Any]) -> HeldOutcome:
    return HeldOutcome(**{name: row[name] for name in HeldOutcome.__struct_fields__ if name in row})
