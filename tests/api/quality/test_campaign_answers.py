"""The shape of GET /campaigns/<id>/result, and the made-up answers that the site's tests show."""

import msgspec
import pytest
from tests import campaign_answer

from churn_api.quality.campaign_answers import CampaignResult


@pytest.mark.parametrize(
    "answer",
    [campaign_answer.result(), campaign_answer.result(final=False), campaign_answer.early()],
    ids=["final", "so far", "early"],
)
def test_made_up_results_have_the_declared_shape(answer):
    assert msgspec.to_builtins(msgspec.convert(answer, CampaignResult)) == answer
