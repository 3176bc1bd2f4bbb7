"""The shapes of campaigns, and the made-up answers that the site's tests show."""

import msgspec
import pytest
from tests import campaign_answer

from churn_api.campaigns.answers import CampaignAnswer, CampaignPage
from churn_api.campaigns.preview_answers import CampaignPreview

STATES = ("planning", "planned", "running", "closed", "failed")


@pytest.mark.parametrize("status", STATES)
def test_made_up_campaigns_have_the_declared_shape(status):
    answer = campaign_answer.campaign(status)
    assert msgspec.to_builtins(msgspec.convert(answer, CampaignAnswer)) == answer


def test_made_up_lists_of_campaigns_have_the_declared_shape():
    answer = campaign_answer.listed(*map(campaign_answer.campaign, STATES))
    assert msgspec.to_builtins(msgspec.convert(answer, CampaignPage)) == answer


def test_made_up_previews_have_the_declared_shape():
    answer = campaign_answer.preview()
    assert msgspec.to_builtins(msgspec.convert(answer, CampaignPreview)) == answer
