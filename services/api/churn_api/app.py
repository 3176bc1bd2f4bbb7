"""The Flask application."""

from collections.abc import Callable
from typing import Any

from flask import Flask, Request
from flask.sessions import NullSession, SessionInterface
from werkzeug.routing import MapAdapter

from churn import logs
from churn_api.http import authorization, endpoint, error_handlers, middleware, security_headers
from churn_api.metrics.registry import shared_folder
from churn_api.service import build
from churn_api.settings import ApiSettings
from churn_api.views import (
    alerts,
    campaign_results,
    campaigns,
    customers,
    experiments,
    health,
    jobs,
    model,
    opt_outs,
    outcomes,
    overview,
    pages,
    predict,
    quality,
)

ENDPOINTS = (
    *predict.endpoints,
    *jobs.endpoints,
    *customers.endpoints,
    *outcomes.endpoints,
    *opt_outs.endpoints,
    *campaigns.endpoints,
    *campaign_results.endpoints,
    *model.endpoints,
    *quality.endpoints,
    *experiments.endpoints,
    *alerts.endpoints,
    *overview.endpoints,
    *health.endpoints,
    *pages.endpoints,
)
"""All that the service answers."""


class NoSessions(SessionInterface):
    """The one empty session of everybody: an API knows its callers by their keys."""

    nobody = NullSession()

    def open_session(self, app: Flask, request: Request) -> NullSession:
        """The same empty session for every request."""
        del app, request
        return self.nobody

    def is_null_session(self, obj: object) -> bool:
        """True for that session, so that Flask never saves it."""
        return obj is self.nobody


class Api(Flask):
    """Flask without what fixed addresses on any host have no use for, which took half of its own time."""

    session_interface = NoSessions()

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """No view and no hook is a coroutine."""
        return func

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Addresses are matched by path and method alone."""
        if request is None:
            return None
        # Werkzeug takes several slashes in front for one; nothing stands behind the dot.
        path = f"/.{request.path}" if request.environ["PATH_INFO"].startswith("//") else request.path
        return self.url_map.bind("", path_info=path, default_method=request.method)


def create_app(settings: ApiSettings | None = None) -> Flask:
    """One process's application; `settings` are those of the environment unless they are given.

    The release, the cache and the queue are looked at once. `app.extensions["churn"].watch()` goes on looking.
    Raises ConfigurationError.
    """
    settings = settings or ApiSettings.load()
    logs.configure(settings, "api")
    app = Api("churn_api", static_folder=None)
    # One address for one thing: //predict and /metrics/ are none, nor led to another.
    app.url_map.merge_slashes = app.url_map.redirect_defaults = False
    service = app.extensions["churn"] = build(settings)
    middleware.install(app, service)
    security_headers.install(app, settings.cors_origins)
    error_handlers.install(app)
    endpoint.install(app, ENDPOINTS)
    authorization.install(app, settings, shared_folder())
    service.refresh()
    return app
