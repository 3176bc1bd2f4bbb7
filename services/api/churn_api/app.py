"""The Flask application."""

from flask import Flask

from churn import logs
from churn_api import access, auth, handlers, security
from churn_api.service import build
from churn_api.settings import ApiSettings
from churn_api.views import docs, health, jobs, model, predict, site


def create_app(settings: ApiSettings | None = None) -> Flask:
    """One process's application; `settings` are those of the environment unless they are given.

    The release, the cache and the queue are looked at once. `app.extensions["churn"].watch()` goes on looking.
    Raises ConfigurationError.
    """
    settings = settings or ApiSettings.load()
    logs.configure(settings, "api")
    app = Flask("churn_api", static_folder=None)
    app.url_map.strict_slashes = False
    service = app.extensions["churn"] = build(settings)
    access.install(app, service)
    security.install(app, settings.cors_origins)
    handlers.install(app)
    auth.install(app, settings)
    for views in (predict, jobs, health, model, docs, site):
        app.register_blueprint(views.blueprint)
    service.refresh()
    return app
