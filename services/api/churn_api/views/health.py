"""Health for load balancers and people, metrics for Prometheus."""

from flask import Response, request

from churn_api.answers import HealthAnswer, StateAnswer, respond
from churn_api.auth.api_keys import ADMIN
from churn_api.health.dependencies import FAILING
from churn_api.http.endpoint import NOBODY, TEXT, Endpoints
from churn_api.service import service

endpoints = Endpoints("Health")

# The share of failed prediction requests from which on the service calls itself degraded.
DEGRADED_FROM = 0.05


@endpoints.add("GET /health", NOBODY, answer=HealthAnswer)
def health() -> Response:
    """How the service is."""
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


@endpoints.add("GET /health/live", NOBODY, answer=StateAnswer)
def live() -> Response:
    """Whether the process answers."""
    return respond(StateAnswer("alive"))


@endpoints.add("GET /health/ready", NOBODY, answer=StateAnswer, failures=(503,))
def ready() -> Response:
    """Whether it can predict.

    It can once a release serves; without one, the answer says what is missing.
    """
    return respond(StateAnswer("ready", service().releases.serving.release.version))


@endpoints.add("GET /metrics", ADMIN, answer={"text/plain": {"schema": TEXT}})
def metrics() -> Response:
    """Prometheus metrics over all processes."""
    text, content_type = service().metrics.text(request.headers.get("Accept", ""))
    return Response(text, content_type=content_type)
