"""A campaign as callers see it."""

from typing import Annotated, Any, Literal, TypeAlias

from msgspec import Meta, Struct

from churn.campaigns import layout
from churn_api.answers import Moment, Probability
from churn_api.campaigns.campaign import STATUSES, Campaign, Source
from churn_api.jobs.csv.result_files import CUSTOMER_ID
from churn_api.jobs.stored_json import converted

LIST_COLUMNS = (
    "row",
    CUSTOMER_ID,
    "churn_probability",
    "value",
    "offer",
    "expected_value",
    "arm",
    "reason_1",
    "reason_2",
    "reason_3",
)
"""The columns of the list of whom to contact."""

Count: TypeAlias = Annotated[int, Meta(ge=0)]
Money: TypeAlias = Annotated[float, Meta(description="In the campaign's currency.")]
Status: TypeAlias = Annotated[str, Meta(extra_json_schema={"enum": list(STATUSES)})]


class ProgressAnswer(Struct, frozen=True):
    """Rows of the file: in all, scored for the campaign so far, and refused."""

    total: Count
    completed: Count
    failed: Count


class CampaignCustomers(Struct, frozen=True):
    """What became of the file's rows: each is refused, left out for one of five reasons, or considered."""

    rows: Count
    refused: Count
    without_id: Count
    repeated: Annotated[Count, Meta(description="Of rows with one id, the one with the highest probability counts.")]
    opted_out: Count
    treated_lately: Annotated[Count, Meta(description="Treated in a campaign within `not_within_days`.")]
    in_another_campaign: Annotated[Count, Meta(description="In one that runs.")]
    considered: Count
    chosen: Count
    treat: Count
    hold_out: Count


class ExpectedMoney(Struct, frozen=True):
    """Money that is expected, with the interval in which it lies in 95 of 100 cases, if the save rates are right."""

    money: Money
    low: Money | None
    high: Money | None


class CampaignSpend(Struct, frozen=True):
    """What the treated use at most, if everybody takes his offer: never more than the limits."""

    money: Money
    minutes: float


class CampaignPrices(Struct, frozen=True):
    """What one more unit of money, and one more minute, would bring; 0 where the limit does not bind."""

    money: float
    minute: float


class OfferSaves(Struct, frozen=True):
    """The share of would-be leavers whom an offer keeps: as assumed, or as a campaign has measured it."""

    rate: float | None
    low: float | None
    high: float | None
    source: Annotated[str, Meta(extra_json_schema={"enum": ["assumed", "measured"]})]
    campaign: str | None


class OfferFigures(Struct, frozen=True):
    """What a plan makes of an offer; `customers` are those who are treated."""

    name: str
    customers: Count
    spend: Money
    minutes: float
    expected: Money
    saves: OfferSaves


class HoldoutFigures(Struct, frozen=True):
    """Who is left alone to see what the campaign does."""

    share: Annotated[Probability, Meta(description="Of the chosen customers.")]
    smallest_save_rate: Annotated[
        float | None, Meta(description="What the campaign can tell from nothing, with 80 % power; null if nothing.")
    ]
    costs: Money


class SensitivityFigures(Struct, frozen=True):
    """What the campaign would bring if the save rates were so many times as high, or the label window another one."""

    save_rates: float
    label_window_months: int | None
    money: Money
    chosen: Count


class CurvePoint(Struct, frozen=True):
    """What so many contacts bring, chosen by expected money and by risk alone."""

    customers: Count
    money: Money
    money_by_risk: Money


class PromiseFigures(Struct, frozen=True):
    """Of the release's own test customers as risky as the chosen: the leavers it promised, and those who came."""

    customers: Count
    promised: float
    came: float
    low: float
    high: float


class ListsDifference(Struct, frozen=True):
    """How many customers more the challenger's list is expected to save than the champion's, and how much money."""

    saved: float
    money: Money


class ExperimentFigures(Struct, frozen=True):
    """Whom two lists differ on that are tried on a campaign, and what that can show; all counts are of customers."""

    both: Annotated[Count, Meta(description="On both lists with the same offer.")]
    champion_alone: Count
    challenger_alone: Count
    other_offer: Annotated[Count, Meta(description="On both lists with different offers.")]
    randomised: Annotated[Count, Meta(description="Drawn, half of them for what either list says.")]
    treat: Annotated[Count, Meta(description="Of those who are drawn, whom the drawn list contacts.")]
    left_off: Annotated[Count, Meta(description="On whom the lists differ, who are held out or the odd one of a kind.")]
    smallest_difference: Annotated[
        float | None, Meta(description="The saved customers that it tells from nothing, with 80 % power; null if none.")
    ]
    by_champion: Annotated[ListsDifference, Meta(description="As the champion's scores and save rates have it.")]
    by_challenger: ListsDifference
    costs: Annotated[Money, Meta(description="What the champion's list alone would be expected to bring more.")]


class FiguresAnswer(Struct, frozen=True):
    """The figures of a plan."""

    customers: CampaignCustomers
    expected: ExpectedMoney
    spend: CampaignSpend
    prices: CampaignPrices
    versus_top_by_risk: Annotated[
        ExpectedMoney, Meta(description="The difference to contacting as many customers by risk alone.")
    ]
    offers: list[OfferFigures]
    holdout: HoldoutFigures
    sensitivity: list[SensitivityFigures]
    curve: list[CurvePoint]
    promises: PromiseFigures | None
    words: Annotated[list[str], Meta(description="What a manager reads.")]
    experiment: Annotated[
        ExperimentFigures | None, Meta(description="Where the plan names a challenger; null otherwise.")
    ] = None


class _Entry(Struct, frozen=True, kw_only=True):
    """What campaigns are shown with everywhere."""

    object: Literal["campaign"] = "campaign"
    id: str
    name: str
    status: Status
    created_at: Moment
    planned_at: Moment | None
    started_at: Moment | None
    closed_at: Moment | None
    expires_at: Annotated[Moment, Meta(description="Until when it can be started; once it is, until when it is kept.")]
    error: str | None
    source: Source
    progress: ProgressAnswer | None
    links: dict[str, str]


class ListedCampaign(_Entry, frozen=True, kw_only=True):
    """A campaign among others."""

    customers: CampaignCustomers | None
    expected: ExpectedMoney | None
    result: Annotated[dict[str, Any] | None, Meta(description="A summary of what came of it, once it was computed.")]


class CampaignAnswer(_Entry, frozen=True, kw_only=True):
    """A campaign; the figures of its plan are null until it is planned."""

    success: Literal[True] = True
    plan: Annotated[dict[str, Any], Meta(description="As it was asked for, with all defaults filled in.")]
    currency: str | None
    label_window_months: int | None
    customers: CampaignCustomers | None = None
    expected: ExpectedMoney | None = None
    spend: CampaignSpend | None = None
    prices: CampaignPrices | None = None
    versus_top_by_risk: ExpectedMoney | None = None
    offers: list[OfferFigures] | None = None
    holdout: HoldoutFigures | None = None
    sensitivity: list[SensitivityFigures] | None = None
    curve: list[CurvePoint] | None = None
    promises: PromiseFigures | None = None
    words: list[str] | None = None
    experiment: ExperimentFigures | None = None


class CampaignPage(Struct, frozen=True, kw_only=True):
    """Some of the campaigns, newest first."""

    success: Literal[True] = True
    object: Literal["list"] = "list"
    data: list[ListedCampaign]
    has_more: bool
    last_id: Annotated[str | None, Meta(description="What to give as `after` for the next page.")]


class OptOutsAnswer(Struct, frozen=True, kw_only=True):
    """How many customers no campaign contacts, and when that was last changed."""

    success: Literal[True] = True
    object: Literal["opt_outs"] = "opt_outs"
    customers: Count
    changed_at: Moment | None


def links(campaign_id: str) -> dict[str, str]:
    """The addresses of a campaign."""
    path = f"/campaigns/{campaign_id}"
    return {"self": path, **{name: f"{path}/{name}" for name in ("list", "start", "close", "result")}}


def entry(campaign: Campaign) -> dict[str, Any]:
    """What a campaign that is planned is shown with everywhere."""
    rows, refused = campaign.customers.get("rows", 0), campaign.customers.get("refused", 0)
    return {
        "id": campaign.id,
        "name": campaign.name,
        "status": campaign.status,
        "created_at": campaign.created_at,
        "planned_at": campaign.planned_at,
        "started_at": campaign.started_at,
        "closed_at": campaign.closed_at,
        "expires_at": campaign.expires_at,
        "error": None,
        "source": campaign.source,
        "progress": ProgressAnswer(rows, rows - refused, refused),
        "links": links(campaign.id),
    }


def listed(campaign: Campaign) -> ListedCampaign:
    """A campaign that is planned, among others. Raises UnreadableObject."""
    key = layout.record(campaign.id)
    return ListedCampaign(
        **entry(campaign),
        customers=converted(dict(campaign.customers), CampaignCustomers, key),
        expected=converted(dict(campaign.expected), ExpectedMoney, key),
        result=dict(campaign.result) if campaign.result is not None else None,
    )


def whole(campaign: Campaign, figures: FiguresAnswer) -> CampaignAnswer:
    """A campaign that is planned, with its figures."""
    told = {name: getattr(figures, name) for name in figures.__struct_fields__}
    return CampaignAnswer(
        **entry(campaign),
        plan=dict(campaign.plan),
        currency=campaign.currency,
        label_window_months=campaign.label_window_months,
        **told,
    )
