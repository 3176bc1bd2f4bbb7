"""The document as a whole."""

from typing import Any

from churn_api.settings import ApiSettings


def document(settings: ApiSettings) -> dict[str, Any]:
    return {"openapi": "3.1.0"}
