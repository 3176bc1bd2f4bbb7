"""Valuing and planning for a million customers with three offers within two limits: processor time and memory.

    python -m benchmarks.campaigns [measured]

The customers are made up, and come in parts as a worker reads them. With `measured` the save rates are those that a
campaign learned by risk and contract, else assumed.
"""

import os
import sys
import time
from collections.abc import Iterator

import numpy as np

from churn.campaigns.candidates import Candidates
from churn.campaigns.figures import Terms
from churn.campaigns.planning import plan_customers
from churn.campaigns.plans import Offer, Plan, Saves
from churn.campaigns.rates import Assumed, SaveRates
from churn.campaigns.save_rates import SaveRate, names_of
from scripts.memory import peak_mib, resident_mib

CUSTOMERS, PART = 1_000_000, 65_536
WORDS = ("Month-to-month", "One year", "Two year")
OFFERS = (
    Offer("Call", 10.0, 5.0, 0.0, 0.0, Saves(0.3, "assumed")),
    Offer("Gift", 4.0, 12.0, 30.0, 0.2, Saves(0.5, "assumed")),
    Offer("Letter", 1.0, 0.0, 0.0, 0.0, Saves(0.05, "assumed")),
)
PLAN = Plan(OFFERS, budget=0.3 * CUSTOMERS, minutes=0.09 * CUSTOMERS)

# Of processor time, since the clock is that of a busy machine too; memory in MiB beyond what the customers take.
_MAX_SECONDS, _MAX_MIB = 20.0, 150.0


def main() -> int:
    """Print what planning took; 1 if that is above the limits, or above the plan's."""
    customers = list(_made())
    before, started = resident_mib(os.getpid()), time.process_time()
    planned = plan_customers(lambda: iter(customers), PLAN, _rates(), Terms("$", 3, 0.1))
    seconds, more = time.process_time() - started, peak_mib(os.getpid()) - before
    spend = planned.figures["spend"]
    used = spend["money"] / (PLAN.budget or 1), spend["minutes"] / (PLAN.minutes or 1)
    print(f"{CUSTOMERS:,} customers, {len(OFFERS)} offers: {seconds:.1f} s of the processor, {more:.0f} MiB more")
    print(f"budget used {used[0]:.4%}, minutes {used[1]:.4%}; prices {planned.prices}")
    return int(seconds > _MAX_SECONDS or more > _MAX_MIB or max(used) > 1)


def _made() -> Iterator[Candidates]:
    rng = np.random.default_rng(1)
    for start in range(0, CUSTOMERS, PART):
        count = min(PART, CUSTOMERS - start)
        value = rng.gamma(3.0, 60.0, count)
        segments = {"Contract": (rng.integers(0, len(WORDS), count, np.int8), WORDS)}
        by_window = {1: value * 0.6, 3: value, 6: value * 1.3}
        yield Candidates(rng.beta(1.0, 3.0, count), value, rng.random(count) < 0.9, segments, by_window)


def _rates() -> list[SaveRates]:
    if sys.argv[1:] != ["measured"]:
        return [Assumed(offer.saves.rate or 0.0) for offer in OFFERS]
    names = names_of({"Contract": (np.zeros(1, np.int8), WORDS)})
    rest = np.zeros(len(names) - 1)
    return [
        SaveRate(offer.name, "cam_1", names, np.append(offer.saves.rate or 0.0, rest), np.eye(len(names)) / 400)
        for offer in OFFERS
    ]


if __name__ == "__main__":
    sys.exit(main())
