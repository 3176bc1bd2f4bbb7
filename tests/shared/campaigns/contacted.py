"""Contacts of campaigns with a known effect, made up by seed."""

from datetime import date

import numpy as np
import polars as pl
from tests.shared.campaigns.made_up_campaign import offer

from churn.campaigns.contacts import SEGMENT
from churn.campaigns.holdout import HOLD_OUT, TREAT, held_out
from churn.campaigns.results import Terms

STARTED, DURING, ENDS, AFTER = date(2026, 1, 1), date(2026, 2, 1), date(2026, 4, 1), date(2026, 4, 2)


TERMS = Terms((offer("call"),), share=0.2, started=STARTED, ends=ENDS)


def contacted(count: int, seed: int, saves=lambda _p, _contract: 0.3, error: float = 1.0) -> pl.DataFrame:
    """Customers of whom treatment keeps `saves` of those who would leave, which is `error` · probability of them."""
    rng = np.random.default_rng([count, seed])
    p, value = rng.uniform(0.1, 0.9, count), rng.uniform(100, 500, count)
    contract = rng.choice(["Month-to-month", "One year", "Two year"], count)
    arm = np.where(held_out(f"cam_{seed}", map(str, range(count)), TERMS.share), HOLD_OUT, TREAT)
    saved = np.broadcast_to(saves(p, contract), count)
    left = rng.random(count) < error * p * np.where(arm == TREAT, 1 - saved, 1.0)
    return pl.DataFrame(
        {
            "probability": p,
            "value": value,
            "offer": "call",
            "expected_value": 0.3 * p * value - 10,
            "arm": arm,
            "band": np.select([p < 0.3, p < 0.6], ["low", "medium"], "high"),
            f"{SEGMENT}Contract": contract,
            "left_at": pl.Series([DURING if one else None for one in left], dtype=pl.Date),
            "stayed_until": pl.Series([None if one else AFTER for one in left], dtype=pl.Date),
            "accepted": pl.Series([None] * count, dtype=pl.Boolean),
            "cost": pl.Series([None] * count, dtype=pl.Float64),
        }
    )
