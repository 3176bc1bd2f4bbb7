"""The floor: a Flask app that decodes JSON and answers a constant, which any Flask service has to do at least."""

import json

from flask import Flask, Response, request

ANSWER = json.dumps({"success": True, "prediction": "No", "churn_probability": 0.234}).encode()


def create_app() -> Flask:
    """The app with its only endpoint, POST /predict."""
    app = Flask(__name__)

    @app.post("/predict")
    def predict() -> Response:
        json.loads(request.get_data())
        return Response(ANSWER, mimetype="application/json")

    return app
