"""The shape of GET /quality, and the made-up answers that the site's tests show."""

import msgspec
import pytest
from tests import quality_answer

from churn_api.quality.answers import QualityAnswer


@pytest.mark.parametrize(
    "answer",
    [quality_answer.empty(), quality_answer.empty("off"), quality_answer.month(), quality_answer.two_years()],
    ids=["empty", "off", "month", "two years"],
)
def test_made_up_answers_have_the_declared_shape(answer):
    assert msgspec.to_builtins(msgspec.convert(answer, QualityAnswer)) == answer
