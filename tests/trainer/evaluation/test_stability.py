"""Whether reasons hold still."""

from functools import partial

import numpy as np
import pytest
from tests.telco import FIELDS

from churn_trainer.evaluation.stability import Stability, first_reasons, stability
from churn_trainer.training.candidates import CANDIDATES
from churn_trainer.training.export import scorer_of, serve
from churn_trainer.training.refits import refits


class Told:
    """A scorer whose effects are given, field by field for each customer."""

    def __init__(self, *effects, additive=True):
        self.additive = additive
        self._effects = np.array([[row.get(name, 0.0) for name in FIELDS] for row in effects])

    def effects_table(self, _):
        return self._effects


MODEL = Told({"Contract": -2, "tenure": 1}, {"tenure": 1.5}, {"gender": 0.1}, {"Contract": 0.5, "tenure": -0.4})


def test_the_first_reason_is_the_largest_effect_by_size_with_its_direction():
    positions = [list(FIELDS).index(name) + 1 for name in ("Contract", "tenure", "gender", "Contract")]
    assert first_reasons(MODEL.effects_table(None)).tolist() == [-positions[0], *positions[1:]]


def test_the_share_is_the_mean_over_refits_of_the_customers_whose_first_reason_stays():
    same = Told({"Contract": -1}, {"tenure": 0.1}, {"gender": 9}, {"Contract": 0.1})
    other_direction = Told({"Contract": 1}, {"tenure": 1}, {"gender": 1}, {"Contract": 1})
    other_field = Told({"Contract": -1}, {"gender": 1}, {"tenure": 1}, {"Contract": 0.3, "tenure": -0.4})
    found = stability(MODEL, [same, other_direction, other_field], 5_000, None)
    assert found == Stability(pytest.approx((1 + 0.75 + 0.25) / 3), 0.25, 3, 4, 0.9)


@pytest.mark.parametrize(
    ("kept", "additive", "fitted_on", "hand_made", "passes"),
    [
        (0.90, True, 2_500, True, True),
        (0.89, True, 2_500, True, False),
        (0.89, True, 2_499, True, True),
        (0.59, True, 2_499, True, False),
        (0.60, False, 9_999, True, True),
        (0.59, False, 9_999, True, False),
        (0.60, True, 9_999, False, True),
        (0.59, True, 9_999, False, False),
    ],
)
def test_nearly_all_first_reasons_of_an_additive_model_have_to_stay_and_most_of_others(
    kept, additive, fitted_on, hand_made, passes
):
    customers = 100
    model = Told(*[{"tenure": 1}] * customers, additive=additive)
    stays = round(kept * customers)
    refit = Told(*[{"tenure": 1}] * stays, *[{"Contract": 1}] * (customers - stays))
    found = stability(model, [refit], fitted_on, None, hand_made=hand_made)
    assert found.passed == passes
    assert found.first_reason_kept == pytest.approx(kept)


def test_a_tree_whose_reasons_change_with_its_customers_is_not_released(fitted, prepared):
    predictor = serve(fitted["Decision Tree"].model, prepared).predictor
    tree = next(candidate for candidate in CANDIDATES if candidate.name == "Decision Tree")
    few = prepared.table.take(prepared.split.test[:100]).customers
    as_served = partial(scorer_of, background=predictor.background)
    found = stability(predictor.scorer, refits(tree, prepared, 3, 20_000, as_served), 900, few)
    assert not found.passed


def test_it_is_told_in_words():
    words = Stability(0.924, 0.831, 100, 1409, 0.9).meaning
    assert "92.4% of 1,409 customers" in words
    assert "83.1%" in words
    assert "100 resamples" in words
