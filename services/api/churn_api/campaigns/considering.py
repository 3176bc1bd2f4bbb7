"""Which of a file's customers a campaign may choose."""

from collections.abc import Callable
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from churn.errors import PreconditionFailed
from churn_api.campaigns import members
from churn_api.campaigns.opt_outs import OptOuts
from churn_api.campaigns.repository import CampaignRepository
from churn_api.campaigns.running import Running
from churn_api.jobs import paths
from churn_api.jobs.digests import Digests, are_in

Flags = NDArray[np.bool_]
Reasons = NDArray[np.uint8]

CONSIDERED, REPEATED, OPTED_OUT, IN_ANOTHER, TREATED_LATELY = range(5)
"""What becomes of a customer: he may be chosen, or the reason why not."""

_BINARY = "application/octet-stream"


def considered(
    repository: CampaignRepository, job_id: str, days: int, held: Callable[[], tuple[Digests, NDArray[np.float64]]]
) -> Reasons:
    """What becomes of each of n customers, shape (n,), as it was decided when it was first asked.

    `days` is for how long a treated customer is left alone, and `held` gives the digests and the probabilities.
    Whoever does a step again must come to the same plan, although others have opted out or were treated meanwhile.
    """
    key = paths.considered(job_id)
    store = repository.store
    if not any(store.list(key, limit=1)):
        found = reasons_of(repository, days, *held())
        try:
            store.put(key, found.tobytes(), content_type=_BINARY, if_absent=True)
        except PreconditionFailed:
            pass  # another worker was faster
        else:
            return found
    return np.frombuffer(store.get(key).data, np.uint8)


def reasons_of(repository: CampaignRepository, days: int, ids: Digests, probability: NDArray[np.float64]) -> Reasons:
    """What becomes of each of n customers as of now, shape (n,)."""
    found = np.zeros(len(ids), np.uint8)
    found[_repeated(ids, probability)] = REPEATED
    _exclude(found, ids, OptOuts(repository.store).digests(), OPTED_OUT)
    since = repository.clock() - timedelta(days=days)
    for campaign in Running(repository).campaigns():
        _exclude(found, ids, members.read(repository.store, campaign.id), IN_ANOTHER)
    # Looked up last: one that is closed meanwhile is seen here.
    for campaign in repository.started_since(since):
        _exclude(found, ids, members.read(repository.store, campaign.id, ("treat",)), TREATED_LATELY)
    return found


def _exclude(found: Reasons, ids: Digests, known: Digests, reason: int) -> None:
    found[(found == CONSIDERED) & are_in(ids, known)] = reason


def _repeated(ids: Digests, probability: NDArray[np.float64]) -> NDArray[np.intp]:
    """The rows of a customer who has another row with a higher probability, or with the same one and before it."""
    order = np.lexsort((-probability, ids))
    again = ids[order[1:]] == ids[order[:-1]]
    rows: NDArray[np.intp] = order[1:][again]
    return rows
