"""The models that compete."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.preprocessing import StandardScaler
from tests.telco import TELCO

from churn.model.scoring import sigmoids
from churn.schema import load_schema
from churn.tracking.figures import log_losses
from churn_trainer.data.prepare import Fed
from churn_trainer.training.candidates import CANDIDATES, MEMBERS, STACK


def test_the_first_versions_four_models_are_among_them():
    models = {candidate.name: candidate.estimator(TELCO).get_params() for candidate in CANDIDATES}
    logistic, tree, forest = (models[name] for name in ("Logistic Regression", "Decision Tree", "Random Forest"))
    assert (logistic["solver"], logistic["max_iter"]) == ("newton-cholesky", 500)
    assert tree["max_depth"] == 10
    assert (forest["n_estimators"], forest["max_depth"], forest["n_jobs"]) == (50, 10, 1)
    assert "Gaussian Naive Bayes" in models


def test_names_and_complexities_are_unique():
    everyone = (*CANDIDATES, STACK)
    assert len({one.name for one in everyone}) == len({one.complexity for one in everyone}) == len(everyone)


def test_every_source_of_chance_is_fixed():
    members = [member.estimator for member in STACK.estimator(TELCO).members]
    for model in (*(candidate.estimator(TELCO) for candidate in CANDIDATES), *members):
        chances = [value for name, value in model.get_params().items() if name.endswith("random_state")]
        assert None not in chances, model


def test_every_grid_names_settings_that_the_model_has():
    for candidate in CANDIDATES:
        for name, values in candidate.grid.items():
            for value in values:
                clone(candidate.estimator(TELCO)).set_params(**{name: value})


# For each setting, whether a larger value makes the simpler, more strongly smoothed model.
LARGER_IS_SIMPLER = {"C": False, "var_smoothing": True, "min_samples_leaf": True, "learning_rate": False}


def test_every_grid_begins_with_the_simplest_setting():
    for candidate in CANDIDATES:
        for name, values in candidate.grid.items():
            assert list(values) == sorted(values, reverse=LARGER_IS_SIMPLER[name]), candidate.name


@pytest.mark.parametrize("candidate", [CANDIDATES[-1], STACK], ids=lambda one: one.name)
def test_a_sorted_table_makes_no_worse_model(candidate):
    """Who is far from the middle leaves, so that no third of a sorted table foretells the others."""
    number = (
        '[[field]]\nname = "use"\ntype = "number"\nlow = -9\nhigh = 9\nbands = [-9, -1, 0, 1, 9]\nwords = "{} GB"\n'
    )
    head = '[table]\nname = "ours"\noutcome = "gone"\nleft = ["1"]\nstayed = ["0"]\n'
    schema = load_schema(head + number, "ours.toml")
    rng = np.random.default_rng(1)
    use = rng.normal(size=2_000)
    churn = (rng.random(len(use)) < sigmoids(2 * np.abs(use) - 1.5)).astype(np.int8)
    losses = []
    for order in (np.arange(len(use)), np.argsort(use)):
        columns = schema.features.matrix(schema.customer([use[order]]), np.float32)
        fed = Fed(StandardScaler().fit_transform(columns), use[order, None])
        model = candidate.estimator(schema).fit(fed.of(candidate.inputs), churn[order])
        losses.append(log_losses(churn[order], model.predict_proba(fed.of(candidate.inputs))[:, 1]).mean())
    assert losses[1] == pytest.approx(losses[0], abs=0.01)


def test_the_stack_is_of_candidates():
    assert set(MEMBERS) < {candidate.name for candidate in CANDIDATES}
