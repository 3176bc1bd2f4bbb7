"""What can be wrong with a campaign."""

from churn.errors import ChurnError


class UnknownCampaign(ChurnError):
    """No campaign has this id, or it was deleted or has expired."""

    status = 404

    def __init__(self, campaign_id: str) -> None:
        super().__init__(f"There is no campaign {campaign_id[:40]!r}; GET /campaigns lists those there are.")


class CampaignConflict(ChurnError):
    """The campaign is in a state that does not allow what was asked."""

    status = 409
