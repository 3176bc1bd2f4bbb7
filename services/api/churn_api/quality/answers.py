"""The shape of GET /quality. `churn.tracking.quality` computes it; here stands what it means."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

from churn_api.answers import Moment, Probability

Count: TypeAlias = Annotated[int, Meta(ge=0)]
Day: TypeAlias = Annotated[str, Meta(extra_json_schema={"format": "date"})]
Month: TypeAlias = Annotated[str, Meta(pattern=r"^\d{4}-\d{2}$")]
State: TypeAlias = Literal["none", "notice", "alarm"]


class Figure(Struct, frozen=True):
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


class Promised(Struct, frozen=True):
    """What the release was measured to do on the test part of its table."""

    churn_rate: Figure | None
    roc_auc: Figure | None
    log_loss: Figure | None
    brier: Figure | None
    lift: Figure | None


class Expected(Struct, frozen=True):
    """What the probabilities alone say of these customers, with the range in which what comes of them then lies."""

    condition: Annotated[str, Meta(description="Under which this holds: if the world has not changed.")]
    churn_rate: Figure | None
    roc_auc: Figure | None
    log_loss: Figure | None
    brier: Figure | None


class Realised(Struct, frozen=True, kw_only=True):
    """What became of predictions. Customers who were treated in a campaign are left out of every figure."""

    predictions: Annotated[Count, Meta(description="Each customer once a month: the last prediction.")]
    matured: Annotated[Count, Meta(description="Those whose label window and settling days are over.")]
    matched: Annotated[Count, Meta(description="Of these, those whose outcome is known; figures are of them.")]
    unmatched: Annotated[Count, Meta(description="Of these, those whose outcome nobody told.")]
    treated: Annotated[Count, Meta(description="Of these, those who were treated in a campaign.")]
    missing: Annotated[str | None, Meta(description="Why figures are null, if any is.")]
    churn_rate: Figure | None
    roc_auc: Figure | None
    log_loss: Figure | None
    brier: Figure | None
    calibration: Annotated[Figure | None, Meta(description="Those who left, to those who were expected to.")]
    lift: Annotated[Figure | None, Meta(description="The churn rate of the riskiest tenth, to that of all.")]
    expected: Expected | None


class RealisedMonth(Realised, frozen=True, kw_only=True):
    """The same of the predictions of one month."""

    month: Month


class Tenth(Struct, frozen=True):
    """Predicted and observed churn in a tenth of the probability scale; `low` and `high` are those of `observed`."""

    mean_predicted: Probability
    observed: Probability
    low: Probability
    high: Probability
    count: Count


class Verdict(Struct, frozen=True):
    """Whether what became of the predictions is still what they said."""

    state: State
    words: str
    since: Annotated[Month | None, Meta(description="The first month of predictions in which it was not.")]


class DriftBin(Struct, frozen=True):
    """A bin of a field's values, with its share in the training table (`then`) and lately (`now`)."""

    bin: str
    label: str
    then: Probability
    now: Probability


class Shares(Struct, frozen=True):
    """A share in the training table (`then`) and lately (`now`)."""

    then: Probability
    now: Probability


class FieldDrift(Struct, frozen=True):
    """How far the values of a field are from those of the training table."""

    field: str
    title: str
    psi: Annotated[float, Meta(description="The population stability index.")]
    limit: Annotated[float, Meta(description="Above it and above what chance explains, the state is an alarm.")]
    n: Annotated[Count, Meta(description="The predictions that are compared.")]
    state: State
    unseen: Annotated[Probability, Meta(description="The share of values that the training table did not have.")]
    absent: Shares
    bins: list[DriftBin]


class Drift(Struct, frozen=True):
    """How far the customers that are scored are from those that the release was trained on."""

    since: Day
    until: Day
    fields: list[FieldDrift]
    score: FieldDrift | None


class ReleaseQuality(Realised, frozen=True, kw_only=True):
    """What became of the predictions of a release."""

    version: str
    model_name: str
    label_window_months: Annotated[int, Meta(ge=1, description="Within how many months somebody left who did.")]
    in_service: bool
    promised: Promised
    reliability: list[Tenth]
    months: list[RealisedMonth]
    verdict: Verdict
    drift: Drift | None


class NextRipe(Struct, frozen=True):
    """When the next predictions are mature, and how many."""

    date: Day
    predictions: Count


class OutcomeCounts(Struct, frozen=True):
    """The rows of outcomes that are held, and what they say."""

    rows: Count
    customers: Count
    duplicates: Annotated[Count, Meta(description="Rows that came again.")]
    corrections: Annotated[Count, Meta(description="Leavings that a later row takes back.")]
    contradictions: Annotated[Count, Meta(description="Leavings before a day until which the customer had stayed.")]
    unknown: Annotated[Count, Meta(description="Customers of whom no prediction is held.")]
    before: Annotated[Count, Meta(description="Rows that are older than the customer's first prediction.")]


class FaultCount(Struct, frozen=True):
    """How many rows had this fault."""

    field: str
    code: str
    rows: Count


class DataMonth(Struct, frozen=True):
    """The rows that came in a month, with the most frequent faults and the share of values that were absent."""

    month: Month
    rows: Count
    refused: Count
    faults: list[FaultCount]
    absent: Probability | None


class Retraining(Struct, frozen=True):
    """Whether a new training is due, and why."""

    due: bool
    reasons: list[str]
    next: Day | None
    failed: Annotated[
        str | None, Meta(description="What became of the newest request for a training, if that failed.")
    ] = None


class QualityAnswer(Struct, frozen=True):
    """What became of the predictions that matured in so many days, and of those that have yet to."""

    success: Literal[True]
    computed_at: Moment
    days: Annotated[int, Meta(ge=1)]
    tracking: Literal["on", "off"]
    settling_days: Annotated[int, Meta(ge=0, description="Days after the label window in which outcomes come in.")]
    words: Annotated[list[str], Meta(description="What there is, and what to do first.")]
    next_ripe: NextRipe | None
    outcomes: OutcomeCounts
    releases: Annotated[list[ReleaseQuality], Meta(description="Newest first.")]
    data: list[DataMonth]
    retraining: Retraining
