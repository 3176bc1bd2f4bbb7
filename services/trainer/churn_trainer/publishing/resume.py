"""What a start does before it trains: it finishes what an interrupted run or command has left undone."""

from typing import NamedTuple

from churn import release
from churn.store.interface import ObjectStore
from churn_trainer.publishing import layout, releases, states
from churn_trainer.publishing.releases import Listed
from churn_trainer.settings import TrainerSettings


class Known(NamedTuple):
    """A release made from the same data, code and settings as a run would use now.

    `lacks_service` is whether it has to be put into service: an interrupted run, or a damaged release in its place, has
    kept it from that.
    """

    version: str
    state: states.State
    lacks_service: bool


def finish(store: ObjectStore, settings: TrainerSettings) -> list[Listed]:
    """Bring every release's recorded state up to date, and make the layout's copies those of the release in service.

    Returns the releases that cannot be read, which are skipped.
    """
    found = releases.listed(store)
    for listed in found:
        if listed.manifest is not None:
            states.note(store, listed.version, listed.state.name, listed.state.reason, listed.state.against)
    pointer = releases.replaceable(store)
    if pointer is not None and pointer.version and not layout.is_of(store, pointer):
        releases.follow(store, settings, pointer)
    return [listed for listed in found if listed.manifest is None]


def known(store: ObjectStore, fingerprint: str) -> Known | None:
    """The newest release with this fingerprint, where training again would change nothing.

    While the release in service can serve, any release counts, also one that a gate held back or that was rolled back
    from. While it cannot, or there is none, only a release that can serve counts, and it has to be put into service.
    """
    found = [listed for listed in releases.listed(store) if _made_from(listed, fingerprint)]
    serving = releases.can_serve_now(store)
    for listed in found:
        if listed.in_service:
            if serving:
                return Known(listed.version, listed.state, lacks_service=False)
        elif serving and listed.state.name != states.PUBLISHED:
            return Known(listed.version, listed.state, lacks_service=False)
        elif listed.state.name != states.HELD_BACK and releases.can_serve(store, listed.version):
            return Known(listed.version, listed.state, lacks_service=True)
    return None


def learned_since(store: ObjectStore, data_sha256: str, schema_hash: str) -> str | None:
    """The version of the release in service, if it can serve and was trained for this table and on outcomes since.

    The table alone, which it knows, would make one that knows less.
    """
    pointer = releases.replaceable(store)
    if pointer is None or not releases.can_serve_now(store):
        return None
    manifest = release.manifest(store, pointer.version)
    is_of_both = manifest.data.get("sha256") == data_sha256 and "tracked" in manifest.data
    return pointer.version if is_of_both and manifest.schema_hash == schema_hash else None


def _made_from(found: Listed, fingerprint: str) -> bool:
    return found.manifest is not None and (found.manifest.model_extra or {}).get("fingerprint") == fingerprint
