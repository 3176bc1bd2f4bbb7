"""What the online challenger has learned, and from what: one object, changed by compare-and-swap only.

Nothing in it is of a customer: weights, sums, and for each month of predictions until when outcomes were taken. It is
written when all that was learned at a look is in it, so whatever is killed before has learned nothing.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from pydantic import AwareDatetime, BaseModel, ConfigDict
from pydantic import ValidationError as MalformedDocument

from churn.errors import ObjectNotFound
from churn.release import Manifest, moment_of
from churn.store.compare_and_swap import JSON
from churn.store.interface import ObjectStore
from churn_trainer.online.errors import UnreadableState
from churn_trainer.online.figures import Tally

KEY = "training/online/state.json"

# Of a state that nothing is read from.
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class Weights(NamedTuple):
    """Of the standardised columns, and the intercept."""

    columns: tuple[float, ...]
    intercept: float


class State(BaseModel):
    """The state; moments are in UTC."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    champion: str
    """The release in service whose weights it began at; empty where it is to begin anew."""

    since: AwareDatetime
    """Outcomes that became known until then are not learned: the champion may have seen them."""

    until: AwareDatetime | None = None
    """Outcomes were looked for that became known until then."""

    taken: dict[str, AwareDatetime] = {}
    """By month of predictions, until when its outcomes were taken, where that is not `since`."""

    weights: Weights | None = None
    learned: int = 0
    """How many outcomes it has learned."""

    published: int = 0
    """How many it had learned when it was published last."""

    releasing: str | None = None
    """The version under which it is being published, until that is through."""

    of_champion: Tally = Tally()
    of_challenger: Tally = Tally()

    def having(self, **changes: Any) -> "State":
        """The same state with other members."""
        return self.model_copy(update=changes)


def begun(champion: Manifest) -> State:
    """The state of a challenger that begins at a release.

    What this one was trained on was known before the moment of its version. If it has learned from each outcome itself,
    it says until when.
    """
    online = champion.data.get("online")
    if isinstance(online, dict):
        return State(champion=champion.version, since=online["since"], taken=online["taken"])
    return State(champion=champion.version, since=moment_of(champion.version))


def load(store: ObjectStore) -> tuple[State | None, str | None]:
    """The state and its etag; None of both where nothing was learned yet. Raises UnreadableState."""
    try:
        stored = store.get(KEY)
    except ObjectNotFound:
        return None, None
    try:
        return State.model_validate_json(stored.data), stored.etag
    except MalformedDocument as error:
        raise UnreadableState(KEY) from error


def save(store: ObjectStore, state: State, etag: str | None) -> str:
    """Write the state in place of the one with this etag; returns the new etag. Raises PreconditionFailed."""
    data = state.model_dump_json(indent=1).encode()
    return store.put(KEY, data, content_type=JSON, if_match=etag, if_absent=etag is None)


def reset(store: ObjectStore) -> None:
    """Forget what was learned; the next look begins at the release in service.

    Whatever the object is, it is replaced, as the trainer's role may not delete. A look that goes on meanwhile finds
    another state than it began with, and counts for nothing.
    """
    store.put(KEY, State(champion="", since=_BEGINNING).model_dump_json().encode(), content_type=JSON)


# A table of outcomes is received at the moment at which it is sent, and is there when a worker has read it.
_READING = timedelta(hours=6)


def until(now: datetime) -> datetime:
    """Until when everything that became known is there to be read: once a day there is something new."""
    return (now.astimezone(UTC) - _READING).replace(hour=0, minute=0, second=0, microsecond=0)
