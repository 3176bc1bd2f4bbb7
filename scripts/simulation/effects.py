"""What an offer does to the customers of a simulated world, in the six ways of scripts.validation.campaigns."""

import numpy as np

from scripts.simulation.world import World
from scripts.validation._worlds import CONTRACTS, WORLDS

EFFECTS = {
    "same": WORLDS["is the same for all"],
    "falls": WORLDS["falls with risk"],
    "rises": WORLDS["rises with risk"],
    "backfires": WORLDS["drives the loyal away"],
    "nought": WORLDS["is nought"],
    "contract": WORLDS["differs by contract"],
}
"""The save rate by the probability of leaving within the label window and the number of the contract."""


def save_rates(effect: str, world: World, window_months: int) -> dict[str, float]:
    """The save rate of each of today's customers, by id, as long as a contact works: see World.advance."""
    risk = 1 - (1 - world.risk()) ** window_months
    contract = np.array([CONTRACTS.index(word) for word in world.columns["Contract"].tolist()])
    return dict(zip(world.ids, EFFECTS[effect](risk, contract).tolist(), strict=True))
