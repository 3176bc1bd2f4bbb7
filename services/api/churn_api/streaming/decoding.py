"""From the value of a record to what it says."""

from typing import Any

from churn_api.errors import InvalidBody
from churn_api.http.json_body import decoded
from churn_api.predictions.customer_list import ONE_LIMIT, Oversized
from churn_api.streaming.errors import InvalidRecord


def decode(value: bytes) -> Any:
    """Plain Python values, or Oversized for more than /predict takes, which nobody decodes. Raises InvalidRecord."""
    if len(value) > ONE_LIMIT:
        return Oversized(len(value))
    try:
        return decoded(value)
    except InvalidBody as error:
        # What HTTP calls a body is a record here.
        raise InvalidRecord(error.message.replace("The body", "The record's value", 1)) from error
