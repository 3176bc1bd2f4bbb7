"""What a release promised of its test customers, and what came."""

import numpy as np
import pytest

from churn.campaigns.promises import promises
from churn_trainer.model_metrics import reliability


@pytest.fixture
def tested() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    probability = rng.beta(1, 2, 4_000)
    return (rng.random(4_000) < probability).astype(np.int8), probability


@pytest.mark.parametrize(("lowest", "first"), [(0.0, 0.0), (0.34, 0.3), (0.3, 0.3), (0.97, 0.9), (1.0, 0.9)])
def test_the_promise_is_what_was_said_of_the_customers_at_the_chosen_risk(tested, lowest, first):
    churn, probability = tested
    rows = probability >= first
    found = promises({"calibration": reliability(churn, probability)}, lowest)
    assert found["customers"] == rows.sum()
    assert found["promised"] == pytest.approx(probability[rows].sum())
    assert found["came"] == churn[rows].sum()
    assert found["low"] < found["came"] < found["high"]


@pytest.mark.parametrize(
    ("manifest", "lowest"),
    [
        ({}, 0.2),
        ({"calibration": None}, 0.2),
        ({"calibration": []}, 0.2),
        ({"calibration": [{"mean_predicted": 0.1, "observed": 0.1, "count": 9}]}, 0.2),
        ({"calibration": [{"mean_predicted": 0.1, "observed": 0.1, "count": 9}]}, None),
    ],
    ids=["an old release", "nothing", "no tenths", "nobody at that risk", "nobody chosen"],
)
def test_there_is_no_promise_where_nothing_is_known_of_it(manifest, lowest):
    assert promises(manifest, lowest) is None
