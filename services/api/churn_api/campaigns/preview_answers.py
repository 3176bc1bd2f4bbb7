"""The shape of POST /campaigns/preview."""

from typing import Annotated, Any, Literal

from msgspec import Meta

from churn_api.campaigns.answers import Count, FiguresAnswer


class CampaignPreview(FiguresAnswer, frozen=True, kw_only=True):
    """The figures that a campaign would have, by a sample of its customers."""

    success: Literal[True]
    object: Literal["campaign_preview"]
    sampled: Annotated[Count, Meta(description="The rows that were looked at; figures are scaled up to all.")]
    plan: Annotated[dict[str, Any], Meta(description="As it was asked for, with all defaults filled in.")]
    currency: str
    label_window_months: int
