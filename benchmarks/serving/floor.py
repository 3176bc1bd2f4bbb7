"""The floor: Flask that decodes JSON and answers a constant. What this takes, every Flask service takes."""

import json

from flask import Flask, Response, request

ANSWER = json.dumps({"success": True, "prediction": "No", "churn_probability": 0.234}).encode()


def create_app() -> Flask:
    app = Flask(__name__)

    @app.post("/predict")
    def predict() -> Response:
        json.loads(request.get_data())
        return Response(ANSWER, mimetype="application/json")

    return app
