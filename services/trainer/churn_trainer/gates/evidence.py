"""What a gate is, and the evidence that gates judge by."""

from dataclasses import asdict, dataclass
from typing import Any

from churn.model.predictor import Predictor
from churn.model.scoring import FloatArray
from churn_trainer.data.prepare import Prepared
from churn_trainer.data.table import Table
from churn_trainer.evaluation.stability import Stability
from churn_trainer.gates.rivals import Rival
from churn_trainer.training.compare import Comparison, PermutedCheck


@dataclass(frozen=True, slots=True)
class Gate:
    """A condition of release: whether it holds, and the figures that say so.

    `remark` is what a person has to consider although it holds, as the end of a sentence; empty if there is nothing.
    """

    name: str
    passed: bool
    detail: str
    remark: str = ""

    def entry(self) -> dict[str, Any]:
        """The gate's entry in a manifest."""
        return {name: value for name, value in asdict(self).items() if value or name != "remark"}


@dataclass(frozen=True, slots=True)
class Evidence:
    """The champion as it would serve, and what is known about it.

    `unseen` are the customers of the test part, on whom nothing was fitted, and `probability` is what the champion
    predicts for each of them. `stability` is that of its reasons. `rivals` are the releases that it is judged against,
    and `absent` are the figures of churn_trainer.evaluation.absent_fields.
    """

    champion: str
    predictor: Predictor
    prepared: Prepared
    comparison: Comparison
    permuted: PermutedCheck
    rivals: tuple[Rival, ...]
    stability: Stability
    unseen: Table
    probability: FloatArray
    absent: dict[str, Any]
