"""Health for load balancers and people, metrics for Prometheus."""

from flask import Blueprint, Response, request

from churn_api.answers import HealthAnswer, respond
from churn_api.auth.api_keys import ADMIN
from churn_api.health.dependencies import FAILING
from churn_api.http.authorization import NOBODY, wants
from churn_api.service import service

blueprint = Blueprint("health", __name__)

# The share of failed prediction requests from which on the service calls itself degraded.
DEGRADED_FROM = 0.05


@blueprint.get("/health")
@wants(NOBODY)
def health() -> Response:
    tally = service().counters.tally()
    checks = service().checks.report()
    degraded = tally.error_rate >= DEGRADED_FROM or FAILING in checks.values()
    mean_ms = 1000 * tally.seconds / tally.prediction_requests if tally.prediction_requests else 0.0
    return respond(
        HealthAnswer(
            "degraded" if degraded else "healthy",
            round(tally.uptime_seconds, 3),
            tally.error_rate,
            tally.predictions_served,
            round(mean_ms, 3),
            checks,
        )
    )


@blueprint.get("/health/live")
@wants(NOBODY)
def live() -> Response:
    return respond({"status": "alive"})


@blueprint.get("/health/ready")
@wants(NOBODY)
def ready() -> Response:
    """Ready once a release serves; without one, the answer says what is missing."""
    return respond({"status": "ready", "version": service().releases.serving.release.version})


@blueprint.get("/metrics")
@wants(ADMIN)
def metrics() -> Response:
    text, content_type = service().metrics.text(request.headers.get("Accept", ""))
    return Response(text, content_type=content_type)
