"""What a gate is, and what every gate may look at."""

from dataclasses import dataclass

from churn.predict import Predictor
from churn.scoring import FloatArray
from churn_trainer.compare import Comparison, PermutedCheck
from churn_trainer.prepare import Prepared
from churn_trainer.table import Table


@dataclass(frozen=True, slots=True)
class Gate:
    """A condition of release: whether it holds, and the figures that say so."""

    name: str
    passed: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """The champion as it would serve, and what is known of it.

    `unseen` are the customers of the test part, on whom nothing was fitted, and `probability` is what the champion
    predicts for each of them. `incumbent` is the release in service, None where there is none to compare with.
    """

    champion: str
    predictor: Predictor
    prepared: Prepared
    comparison: Comparison
    permuted: PermutedCheck
    incumbent: Predictor | None
    unseen: Table
    probability: FloatArray
