"""The shapes of the addresses under /experiments, and what they mean."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from churn.experiments.experiment import PromotionRule
from churn_api.answers import Moment, Probability
from churn_api.quality.answers import Count, Day, Figure

_HIGHER = "The 95 % interval holds at all looks together; null with too few outcomes."
_EVIDENCE = (
    "Predictions of the champion that matured after the challenger's data ended, of customers from whom it cannot have "
    "learned: of the test part by the hash of the id, or predicted after its data ended."
)


class Differences(Struct, frozen=True):
    """Gains of the challenger, positive where it is better, on the same customers."""

    log_loss: Annotated[Figure | None, Meta(description=_HIGHER)]
    brier: Annotated[Figure | None, Meta(description=_HIGHER)]
    roc_auc: Annotated[Figure | None, Meta(description=_HIGHER)]


class ExperimentVerdict(Struct, frozen=True):
    """What the outcomes say of the challenger."""

    state: Literal["better", "worse", "alike"]
    words: str
    outcomes: Annotated[Count, Meta(description=_EVIDENCE)]
    more: Annotated[Count | None, Meta(description="How many more outcomes would tell, at the present difference.")]
    promotable: Annotated[bool, Meta(description="Whether it is sure enough to be promoted by rule.")]
    differences: Differences


class Disagreement(Struct, frozen=True):
    """How differently the two see the customers of the last 31 days."""

    customers: Count
    sides: Annotated[
        Probability, Meta(description="Who would leave by one and not by the other, each at its threshold.")
    ]
    call_list: Annotated[Probability, Meta(description="Of the champion's riskiest tenth, who is not in the other's.")]
    mean_difference: Annotated[Probability, Meta(description="The mean absolute difference of the probabilities.")]


class Cost(Struct, frozen=True):
    """What a release costs, measured in a process of its own."""

    single_p50_ms: Annotated[float, Meta(description="A prediction with its reasons, without HTTP: the median.")]
    single_p99_ms: float
    batch_us: Annotated[float, Meta(description="A customer of two thousand that are scored at once.")]
    memory_mib: Annotated[float, Meta(description="What loading it and predicting adds to a process.")]


class Costs(Struct, frozen=True):
    """What both releases cost."""

    champion: Cost | None
    challenger: Cost | None


class ExperimentEntry(Struct, frozen=True, kw_only=True):
    """A release in shadow beside the one in service, and what is known of it."""

    id: str
    champion: Annotated[str, Meta(description="The release in service.")]
    challenger: Annotated[str, Meta(description="The release in shadow.")]
    origin: Annotated[
        str,
        Meta(
            description="Who put it there: person, retraining, online, or former, which is the champion before a "
            "promotion, watched after it."
        ),
    ]
    status: Annotated[str, Meta(description="running, ended, promoted or failed.")]
    started_at: Moment
    ended_at: Moment | None
    reason: Annotated[str | None, Meta(description="Why it runs no longer.")]
    computed_at: Annotated[Moment | None, Meta(description="When a worker looked last; null before the first time.")]
    words: Annotated[list[str], Meta(description="What is known of it, and what to do.")]
    verdict: ExperimentVerdict | None
    disagreement: Annotated[Disagreement | None, Meta(description="Null if nobody was scored in the last 31 days.")]
    costs: Costs | None


class ExperimentAnswer(Struct, frozen=True):
    """One experiment."""

    success: Literal[True]
    experiment: ExperimentEntry


class TrainingRequest(Struct, frozen=True):
    """A request for a training."""

    day: Day
    status: str
    reasons: list[str]
    attempts: Count
    release: Annotated[str | None, Meta(description="The version that came of it, in service or not.")]
    words: str | None


class RetrainingState(Struct, frozen=True):
    """Whether a new training is due, and those that were asked for, the newest first."""

    due: bool
    reasons: list[str]
    next: Day | None
    requests: list[TrainingRequest]


class ExperimentsAnswer(Struct, frozen=True):
    """The experiments, the newest first, and the trainings that were asked for."""

    success: Literal[True]
    promote: Annotated[
        PromotionRule,
        Meta(description="CHURN_PROMOTE: whether a challenger that is better goes into service by itself."),
    ]
    words: list[str]
    running: ExperimentEntry | None
    experiments: list[ExperimentEntry]
    retraining: RetrainingState


def described(members: dict[str, Any] | None, kind: type[Any]) -> Any:
    """A part of a worker's figures in its shape; None where there is none."""
    return None if members is None else msgspec.convert(members, kind)
