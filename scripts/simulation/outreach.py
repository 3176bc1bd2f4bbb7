"""Whom the simulated operator contacts in a month, and what that does to them."""

from collections.abc import Mapping
from typing import Protocol

from scripts.simulation.campaign import SAVE_RATE, Contact, contacts, treated
from scripts.simulation.client import Scored
from scripts.simulation.world import Month, World


class Outreach(Protocol):
    """A way to contact customers, month by month."""

    def begin(self, world: World, scored: Scored) -> list[str]:
        """Choose among the customers who were just scored; returns what is not as it ought to be."""

    def save_rates(self) -> Mapping[str, float]:
        """What the contacts do in this month, by id: see World.advance."""

    def contacts(self, past: Month) -> Mapping[str, Contact]:
        """Those of the month that is over, by id, to be reported."""

    def differences(self) -> list[str]:
        """What the product says of what came of the contacts, where the oracle knows better."""


class Nobody:
    """Implements Outreach without any contact."""

    def begin(self, world: World, scored: Scored) -> list[str]:
        """Nothing to choose."""
        del world, scored
        return []

    def save_rates(self) -> Mapping[str, float]:
        """None."""
        return {}

    def contacts(self, past: Month) -> Mapping[str, Contact]:
        """None."""
        del past
        return {}

    def differences(self) -> list[str]:
        """None."""
        return []


class OwnCampaigns(Nobody):
    """Implements Outreach by the operator's own campaigns, of which the product knows what outcomes tell."""

    def __init__(self) -> None:
        self._chosen: dict[str, Contact] = {}

    def begin(self, world: World, scored: Scored) -> list[str]:
        """Choose the riskiest."""
        self._chosen = contacts(f"{world.today:%Y-%m}", scored.probabilities)
        return []

    def save_rates(self) -> Mapping[str, float]:
        """The same for all."""
        return dict.fromkeys(treated(self._chosen), SAVE_RATE)

    def contacts(self, past: Month) -> Mapping[str, Contact]:
        """All of the month's."""
        del past
        return self._chosen
