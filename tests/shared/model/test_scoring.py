"""The arithmetic that all models share."""

import numpy as np
import pytest

from churn.model.scoring import logits, sigmoid, sigmoids

LOG_ODDS = [-745.0, -40.0, -1.0, 0.0, 1.0, 40.0, 745.0]


@pytest.mark.parametrize(
    ("probability", "wanted"),
    [
        (0.0, -13.815509557963773),
        (1e-9, -13.815509557963773),
        (1e-3, -6.906754778648554),
        (0.5, 0.0),
        (0.999, 6.906754778648554),
        (1.0, 13.815509557963773),
    ],
)
def test_log_odds_are_kept_finite_a_millionth_from_certainty_and_exact_up_to_there(probability, wanted):
    assert logits([probability])[0] == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize("log_odds", LOG_ODDS)
def test_a_probability_overflows_at_neither_end(log_odds):
    with np.errstate(all="raise", under="ignore"):
        assert sigmoid(log_odds) == pytest.approx(float(sigmoids(np.array([log_odds]))[0]), abs=1e-15)
    assert 0 <= sigmoid(log_odds) <= 1
    assert sigmoid(log_odds) + sigmoid(-log_odds) == pytest.approx(1, abs=1e-15)
