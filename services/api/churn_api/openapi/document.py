"""The document as a whole."""

from collections.abc import Iterable
from typing import Any

from churn.schema import Schema
from churn_api.http.endpoint import TAGS, Endpoint
from churn_api.openapi.operations import operation, path
from churn_api.openapi.schemas import schemas
from churn_api.settings import ApiSettings

DESCRIPTION = """Who is about to leave, why, and what goes with staying.

Customers have the fields that the release in service declares; `GET /schema` tells all of them. Values are read kindly
(any letter case; numbers as text, with a decimal comma, thousands in groups or a currency too; yes and no as 1 and 0,
true and false, Y and N; words such as NA as absent, where a field may be) and strictly (unknown fields, booleans as
numbers, contradictions and what can mean two things are refused). A customer has at most 64 names; of a name that a
JSON object repeats the last value counts. At most 50 faults of a customer are listed, and 10,000 of a batch. Every
answer carries `X-Request-ID`, and every failure has the one body `Error`. Reasons and recommendations are associations
in the data, not promised effects."""


def document(settings: ApiSettings, endpoints: Iterable[Endpoint], schema: Schema) -> dict[str, Any]:
    """OpenAPI 3.1 of these endpoints, with this service's own limits and the schema's customers."""
    listed = [endpoint for endpoint in endpoints if endpoint.listed]
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in listed:
        paths.setdefault(path(endpoint), {})[endpoint.method.lower()] = operation(endpoint, settings, schema)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Churn prediction API", "version": "1.0.0", "description": DESCRIPTION},
        "servers": [{"url": "/", "description": "This service."}],
        "tags": [{"name": name, "description": description} for name, description in TAGS.items()],
        # Without keys in the settings, none is asked for: {} stands for that.
        "security": [{"bearer": []}, {"header": []}] if settings.wants_keys else [{}],
        "paths": paths,
        "components": {
            "schemas": schemas(schema, (kind for endpoint in listed for kind in (endpoint.answer, endpoint.goes_on))),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            },
        },
    }
