"""Who is in a campaign, as sorted digests: two campaigns of a million customers each are compared in a second."""

from collections.abc import Iterable
from contextlib import suppress

import numpy as np

from churn.errors import ObjectNotFound
from churn.store.interface import ObjectStore
from churn_api.campaigns import paths
from churn_api.campaigns.paths import ARMS, Arm
from churn_api.jobs.digests import Digests, from_bytes, to_bytes

_BINARY = "application/octet-stream"


def write(store: ObjectStore, campaign_id: str, arm: Arm, held: Digests) -> None:
    """Keep the chosen customers of an arm."""
    store.put(paths.members(campaign_id, arm), to_bytes(held), content_type=_BINARY)


def read(store: ObjectStore, campaign_id: str, arms: Iterable[Arm] = ARMS) -> Digests:
    """The chosen customers of these arms, in rising order."""
    held = []
    for arm in arms:
        with suppress(ObjectNotFound):
            held.append(from_bytes(store.get(paths.members(campaign_id, arm)).data))
    return np.unique(np.concatenate(held)) if held else np.empty(0, np.uint64)
