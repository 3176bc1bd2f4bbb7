"""/overview: what there is to see at a glance."""

from flask import Response

from churn_api.answers import respond
from churn_api.auth.api_keys import JOBS
from churn_api.http.endpoint import Endpoints
from churn_api.limits.concurrency import Pace
from churn_api.overview.answers import OverviewAnswer
from churn_api.overview.service import HELD
from churn_api.service import service

endpoints = Endpoints("Overview")


@endpoints.add(
    "GET /overview",
    JOBS,
    pace=Pace.QUICK,
    description="Put together from what workers have written down: the sums of the last job that scored customers, the "
    f"last answer of GET /quality, and the records of campaigns. At most {HELD.seconds} seconds old.",
    answer=OverviewAnswer,
)
def overview() -> Response:
    """Customers and money at risk as of the last run, its change, campaigns, quality, drift and the model's age."""
    return respond(service().overview.answer())
