"""What a start does before it trains: it finishes what a run or a command that broke off has left."""

from typing import NamedTuple

from churn.store.interface import ObjectStore
from churn_trainer.publishing import layout, releases, states
from churn_trainer.publishing.releases import Listed
from churn_trainer.settings import TrainerSettings


class Known(NamedTuple):
    """A release that was made from the same data, code and settings as a run would make.

    `lacks_service`: it may serve, and a run that broke off or a release that was damaged has kept it from that."""

    version: str
    state: states.State
    lacks_service: bool


def finish(store: ObjectStore, settings: TrainerSettings) -> list[Listed]:
    """Bring every release's written state up to date, and the copies of the layout to the release in service.

    Returns the releases that cannot be read, which are passed over."""
    found = releases.listed(store)
    for one in found:
        if one.manifest is not None:
            states.note(store, one.version, one.state.name, one.state.reason, one.state.against)
    pointer = releases.replaceable(store)
    if pointer is not None and pointer.version and not layout.is_of(store, pointer):
        releases.follow(store, settings, pointer)
    return [one for one in found if one.manifest is None]


def known(store: ObjectStore, fingerprint: str) -> Known | None:
    """The newest release of these ingredients, where training again would change nothing.

    While the one in service can serve, any counts: one that a gate held back, one that was rolled back from. While it
    cannot, or there is none, only one that can serve counts, and it is to be put into service."""
    found = [one for one in releases.listed(store) if _made_from(one, fingerprint)]
    serving = releases.can_serve_now(store)
    for one in found:
        if one.in_service:
            if serving:
                return Known(one.version, one.state, lacks_service=False)
        elif serving and one.state.name != states.PUBLISHED:
            return Known(one.version, one.state, lacks_service=False)
        elif one.state.name != states.HELD_BACK and releases.can_serve(store, one.version):
            return Known(one.version, one.state, lacks_service=True)
    return None


def _made_from(found: Listed, fingerprint: str) -> bool:
    return found.manifest is not None and (found.manifest.model_extra or {}).get("fingerprint") == fingerprint
