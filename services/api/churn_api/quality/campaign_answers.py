"""The shape of GET /campaigns/<id>/result. `churn.campaigns.answer` computes it; here stands what it means."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

from churn_api.answers import Band, Moment, Probability
from churn_api.quality.answers import Count, Day

Money: TypeAlias = Annotated[float, Meta(description="In the currency of the declaration.")]


class Arm(Struct, frozen=True):
    """The customers who were drawn for an arm, whatever became of the call, and how many of them left."""

    customers: Annotated[Count, Meta(description="Those who had not left before the start.")]
    known: Annotated[Count, Meta(description="Of these, those whose outcome is known; rates are of them.")]
    left: Count
    churn_rate: Probability | None
    low: Probability | None
    high: Probability | None


class Difference(Struct, frozen=True):
    """The churn rate of the treated less that of the held out, with its 95 % interval: negative where offers keep."""

    value: float | None
    low: float | None
    high: float | None
    interval: Annotated[
        Literal["newcombe", "always_valid"],
        Meta(description="always_valid until the result is final: one may look as often as one likes."),
    ]


class Saved(Struct, frozen=True):
    """How many of the treated would have left and did not, with the 95 % interval."""

    customers: float | None
    low: float | None
    high: float | None


class Earned(Struct, frozen=True):
    """The value of the customers who were saved, less the costs, with its 95 % interval, and what the plan promised."""

    saved: Money | None
    low: Money | None
    high: Money | None
    cost: Annotated[Money, Meta(description="As outcomes tell it, and as planned where they do not.")]
    promised: Money


class SampleRatio(Struct, frozen=True):
    """Whether as many of the known customers are held out as were drawn to be."""

    expected_share: Probability
    share: Probability | None
    p: Probability | None
    suspicious: Annotated[bool, Meta(description="p is below 0.001: outcomes of one arm are missing.")]


class MeasuredSaveRate(Struct, frozen=True):
    """The share of would-be leavers whom an offer kept, of customers of one risk band and segment."""

    offer: str
    band: Band
    segments: Annotated[dict[str, str | None], Meta(description="By declared field, the word of these customers.")]
    treated: Count
    held_out: Count
    rate: Annotated[float, Meta(description="Drawn towards that of all, and to what was assumed.")]
    low: float
    high: float
    raw: Annotated[float | None, Meta(description="1 less the ratio of the arms' churn rates, of these alone.")]


class Accepted(Struct, frozen=True):
    """Of how many treated customers it is known whether they took the offer, and how many did."""

    known: Count
    accepted: Count


class ExperimentResult(Struct, frozen=True):
    """What came of two lists: of the customers on whom they differ, by the list that each was drawn for.

    Figures are the challenger's list's, less the champion's, if all of these customers got what the list says.
    """

    champion: Arm
    challenger: Arm
    difference: Annotated[Difference, Meta(description="Negative where the challenger's list keeps more.")]
    saved: Annotated[Saved, Meta(description="How many more the challenger's list saves.")]
    money: Annotated[Earned, Meta(description="How much more it brings, costs and promises.")]
    sample_ratio: Annotated[SampleRatio, Meta(description="The share is that of the champion's list.")]
    already_left: Count
    unknown: Count
    words: list[str]


class CampaignResult(Struct, frozen=True, kw_only=True):
    """What came of a campaign, by intention to treat: customers count in the arm that they were drawn for."""

    success: Literal[True]
    id: str
    status: Literal["running", "closed"]
    final: Annotated[
        bool, Meta(description="Whether it is closed, all its outcomes are in, and all its list can be read.")
    ]
    computed_at: Moment
    treated: Arm
    held_out: Arm
    difference: Difference
    saved: Saved
    money: Earned
    sample_ratio: SampleRatio
    save_rates: Annotated[list[MeasuredSaveRate], Meta(description="Empty until the result is final.")]
    accepted: Accepted
    already_left: Annotated[Count, Meta(description="Chosen customers who had left by the day of the start.")]
    unknown: Annotated[Count, Meta(description="Customers whose outcome nobody told.")]
    before: Annotated[Count, Meta(description="Of these, those with outcomes from before the start alone.")]
    contradictory: Annotated[
        Count, Meta(description="Customers who are said to have been in the other arm; they count as they were drawn.")
    ]
    ripens: Annotated[Day | None, Meta(description="When all outcomes are in; null once they are.")]
    words: Annotated[
        list[str],
        Meta(
            description="What came of it, in sentences, the most important first; where the sample ratio is "
            "suspicious, the first says so."
        ),
    ]
    experiment: Annotated[
        ExperimentResult | None,
        Meta(description="Where two lists are tried. All other figures are then of customers who are on both lists."),
    ] = None
