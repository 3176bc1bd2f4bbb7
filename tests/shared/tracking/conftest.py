"""A reference of the made-up customers, and what they are given as."""

import numpy as np
import pytest
from tests.telco import TELCO, Customer, table_of

from churn.model.predictor import Predictor
from churn.tracking.reference import Reference
from churn_trainer.evaluation.drift_reference import reference_of


@pytest.fixture(scope="session")
def probabilities(predictor: Predictor, customers: list[Customer]) -> np.ndarray:
    return predictor.scorer.probabilities(table_of(customers))


@pytest.fixture(scope="session")
def reference(customers: list[Customer], probabilities: np.ndarray) -> Reference:
    """The reference of a release that was fitted on these customers."""
    return reference_of(TELCO, table_of(customers), probabilities)
