"""What the loop makes: releases, and what becomes of them."""

from datetime import date
from typing import Any, NamedTuple

from churn.model.scoring import Scorer
from churn_trainer.gates.evidence import Gate


class Made(NamedTuple):
    """A release: what it predicts by, the day of its training, and the figures and gates that its manifest has."""

    scorer: Scorer
    trained: date
    rows: int
    months: int | None
    promised: dict[str, Any]
    gates: list[Gate]
    online: bool = False


class Promotion(NamedTuple):
    """In which month, counted from 0, which release came into service in place of which, and whether as a way back."""

    month: int
    version: str
    former: str
    back: bool
