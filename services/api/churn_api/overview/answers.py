"""The shape of GET /overview, and what it means."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

from churn_api.answers import Band, Moment, Probability, RiskBand
from churn_api.quality.answers import Count, State

Money: TypeAlias = Annotated[
    float | None,
    Meta(
        description="The sum of churn probability times monthly value times `horizon_months`, without any margin; null "
        "where the declaration has no monthly value."
    ),
]


class SumsAtRisk(Struct, frozen=True, kw_only=True):
    """Customers that were scored, and what is at risk with them."""

    customers: Count
    at_risk: Annotated[Count, Meta(description="Of these, those of the risk band high.")]
    mean_probability: Probability
    money: Money


class BandAtRisk(SumsAtRisk, frozen=True, kw_only=True):
    """The customers of a risk band."""

    band: Band


class GroupAtRisk(SumsAtRisk, frozen=True, kw_only=True):
    """The customers who have this value of a segment field."""

    value: Annotated[
        str | None, Meta(description="As the data set spells it; null where it is absent, and for the rest of many.")
    ]
    label: str


class SegmentAtRisk(Struct, frozen=True):
    """The customers by a field that the declaration names in `segments`."""

    field: str
    title: str
    groups: list[GroupAtRisk]


class BandChange(Struct, frozen=True):
    """By how much the sums of a risk band differ."""

    band: Band
    customers: int
    money: float | None


class RunChange(Struct, frozen=True, kw_only=True):
    """The sums of the last run less those of the run before, which is the last one of an earlier day."""

    since: Moment
    job: str
    filename: str | None
    customers: int
    at_risk: int
    mean_probability: float
    money: Annotated[float | None, Meta(description="null where either run has none, or in another currency.")]
    bands: list[BandChange]
    words: Annotated[str, Meta(description="What this is a change of.")]


class LastRun(Struct, frozen=True, kw_only=True):
    """The last job that scored customers; one of less than a tenth of those of the run before does not count."""

    job: str
    filename: str | None
    scored_at: Moment
    model_version: str
    refused: Count
    horizon_months: int
    currency: str
    monthly_value: Annotated[str | None, Meta(description="The title of the field that money is counted by.")]
    without_value: Annotated[Count, Meta(description="Customers whose monthly value is not known; they have no money.")]
    total: SumsAtRisk
    bands: list[BandAtRisk]
    segments: list[SegmentAtRisk]
    change: RunChange | None


class Estimate(Struct, frozen=True):
    """An amount of money with its interval."""

    value: float
    low: float
    high: float


class CampaignLine(Struct, frozen=True, kw_only=True):
    """A campaign that runs, or the last one that was closed: what was promised, and what came of it so far."""

    id: str
    name: str
    status: Literal["running", "closed"]
    started_at: Moment | None
    closed_at: Moment | None
    currency: str
    treat: Count
    hold_out: Count
    promised: Estimate | None
    saved: Annotated[Estimate | None, Meta(description="null until a result was computed.")]
    final: Annotated[bool, Meta(description="Whether what is saved will not change any more.")]


class StateLine(Struct, frozen=True):
    """One line of the last answer of GET /quality."""

    state: Annotated[State | None, Meta(description="null where nothing can be judged yet.")]
    words: str
    computed_at: Moment


class ModelLine(Struct, frozen=True):
    """The release in service."""

    version: str
    model_name: str
    trained_at: Moment
    age_days: Count
    words: str


class ChallengerLine(Struct, frozen=True):
    """The release in shadow, if its verdict was `better` when a worker last looked; its words say if that is enough."""

    version: str
    words: str
    computed_at: Moment


class DigestLine(Struct, frozen=True, kw_only=True):
    """The last digest that GET /alerts tells of."""

    id: str
    created_at: Moment
    customers: Count
    money: float | None
    currency: str | None
    words: str


class OverviewAnswer(Struct, frozen=True, kw_only=True):
    """Sums as of the last run, and in a line each what else there is to know; what there is none of is null."""

    success: Literal[True] = True
    object: Literal["overview"] = "overview"
    tracking: Literal["on", "off"]
    words: Annotated[list[str], Meta(description="How fresh this is, and what to do first.")]
    risk_bands: Annotated[list[RiskBand], Meta(description="The lowest first; at_risk counts those of the last one.")]
    run: LastRun | None
    campaigns: Annotated[list[CampaignLine], Meta(description="Those that run, and the one that was closed last.")]
    quality: StateLine | None
    drift: StateLine | None
    model: ModelLine | None
    challenger: ChallengerLine | None
    alerts: DigestLine | None
