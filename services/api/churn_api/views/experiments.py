"""/experiments: a release in shadow beside the one in service, the verdict on it, and its promotion."""

from flask import Response, request

from churn.errors import FieldError, ValidationError
from churn.json_members import unknown_members
from churn_api.answers import respond
from churn_api.auth.api_keys import ADMIN
from churn_api.errors import InvalidBody
from churn_api.experiments.answers import ExperimentAnswer, ExperimentsAnswer
from churn_api.http.endpoint import ANY_KEY, TEXT, Endpoints, Json
from churn_api.http.json_body import BODY_BYTES, kind_of, read_json
from churn_api.limits.concurrency import Pace
from churn_api.service import service

endpoints = Endpoints("Experiments")

_CHALLENGER = "challenger"
_BODY: Json = {
    "type": "object",
    "additionalProperties": False,
    "required": [_CHALLENGER],
    "properties": {_CHALLENGER: {**TEXT, "description": "The version of a release: GET /model_info lists them."}},
}


@endpoints.add(
    "GET /experiments",
    ANY_KEY,
    pace=Pace.QUICK,
    description="The last 50, as a worker last looked at them: at most every five minutes while somebody asks, and "
    "once an hour. The challenger scores tracked predictions; no caller waits for it, and none is answered by it.",
    answer=ExperimentsAnswer,
)
def experiments() -> Response:
    """Champion and challenger, the verdict so far, and trainings that were asked for."""
    return respond(service().experiments.answer())


@endpoints.add(
    "POST /experiments",
    ADMIN,
    pace=Pace.QUICK,
    description="An experiment that runs is ended by it. The release must declare the same customers as the one in "
    "service; whether it passed its gates is told and not asked.",
    body={"application/json": {"schema": _BODY, "example": {_CHALLENGER: "20261130_090000"}}},
    most_bytes=BODY_BYTES,
    answer=ExperimentAnswer,
    status=201,
    failures=(404, 409, 503),
)
def start_experiment() -> tuple[Response, int]:
    """Put a release into shadow."""
    return respond(ExperimentAnswer(True, service().experiments.start(_challenger()))), 201


@endpoints.add("GET /experiments/<experiment_id>", ANY_KEY, pace=Pace.QUICK, answer=ExperimentAnswer)
def experiment(experiment_id: str) -> Response:
    """One experiment."""
    return respond(ExperimentAnswer(True, service().experiments.entry(experiment_id)))


@endpoints.add("DELETE /experiments/<experiment_id>", ADMIN, pace=Pace.QUICK, answer=ExperimentAnswer)
def end_experiment(experiment_id: str) -> Response:
    """End an experiment: nothing is in shadow then. One that is over stays as it is."""
    return respond(ExperimentAnswer(True, service().experiments.end(experiment_id)))


@endpoints.add(
    "POST /experiments/<experiment_id>/promote",
    ADMIN,
    pace=Pace.QUICK,
    description="Whatever the verdict is; the answer's words say it. From then on the release that served before is in "
    "shadow, and promoting that one goes back. A 409 if another release was put into service meanwhile.",
    answer=ExperimentAnswer,
    failures=(409,),
)
def promote_challenger(experiment_id: str) -> Response:
    """Put the challenger into service."""
    return respond(ExperimentAnswer(True, service().experiments.promote(experiment_id)))


def _challenger() -> str:
    members = read_json(request, BODY_BYTES)
    if not isinstance(members, dict):
        raise InvalidBody(f"The body must be a JSON object with {_CHALLENGER!r}; got {kind_of(members)}.")
    faults = [*unknown_members(members, (_CHALLENGER,))]
    version = members.get(_CHALLENGER)
    if not isinstance(version, str):
        code = "wrong_type" if _CHALLENGER in members else "missing"
        words = f"{_CHALLENGER} must be the version of a release, such as 20261130_090000."
        faults.append(FieldError(_CHALLENGER, code, words))
    if faults:
        raise ValidationError(faults)
    return str(version)
