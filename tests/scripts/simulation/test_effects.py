"""What offers do in the simulated worlds."""

from datetime import date

import pytest

from scripts.simulation.effects import EFFECTS, save_rates
from scripts.simulation.world import World
from scripts.validation._worlds import WORLDS


def test_they_are_those_of_the_validation():
    assert sorted(map(id, EFFECTS.values())) == sorted(map(id, WORLDS.values()))


def test_each_customer_has_a_rate_by_his_risk_and_contract():
    world = World(1, 300, date(2025, 1, 1))
    risk = dict(zip(world.ids, (1 - (1 - world.risk()) ** 3).tolist(), strict=True))
    contract = {record["customerID"]: record["Contract"] for record in world.records()}
    rates = {effect: save_rates(effect, world, 3) for effect in EFFECTS}
    assert set(rates["same"].values()) == {0.3}
    assert set(rates["nought"].values()) == {0.0}
    assert min(rates["backfires"].values()) < 0 < max(rates["backfires"].values())
    for name in world.ids:
        assert rates["falls"][name] == pytest.approx(0.6 - 0.5 * risk[name])
        assert rates["contract"][name] == (0.25 if contract[name] == "Month-to-month" else 0.65)
