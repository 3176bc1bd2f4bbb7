"""Reading the customers of a batch in steps, none of which keeps the process's other threads waiting for long."""

import json
import re
from typing import Any, NamedTuple

from churn.errors import FieldError, ValidationError
from churn_api.errors import InvalidBody, RequestTooLarge
from churn_api.http.json_body import decoded, kind_of, no_json, refusing, require_text

ONE_LIMIT = 64 * 1024
"""Bytes of a body with one customer; characters of one in a list."""

# A decoder lets no other thread run until it is done. What holds more values than a thousand customers have is decoded
# customer by customer instead, so that the interpreter may change threads in between.
_MAX_COMMAS = 32 * 1024

_step = json.JSONDecoder().raw_decode
_skip_blanks = re.compile(r"[ \t\n\r]*").match
_opening = re.compile(r'[ \t\n\r]*(\{[ \t\n\r]*"customers"[ \t\n\r]*:[ \t\n\r]*)?\[[ \t\n\r]*').match
_brackets = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[][{}]', re.DOTALL).finditer


class Oversized(NamedTuple):
    """What stands for a customer of more than ONE_LIMIT characters, which nobody decodes."""

    characters: int


def read_customers(body: bytes, most: int, advice: str) -> list[Any]:
    """The customers of a bare array or of {"customers": [...]}, as plain values or Oversized.

    Raises InvalidBody, ValidationError, or, where there are more than `most`, RequestTooLarge with `advice`.
    """
    in_steps = body.count(b",") > _MAX_COMMAS
    customers = _in_steps(body, most) if in_steps else _list_in(decoded(body))
    if len(customers) > most:
        raise RequestTooLarge(f"There are more customers than the {most:,} that this address takes.{advice}")
    return customers


def _list_in(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    if not isinstance(value, dict):
        message = f'The body must be {{"customers": [...]}} or a JSON array of customers; got {kind_of(value)}.'
        raise InvalidBody(message)
    if "customers" not in value:
        raise ValidationError([FieldError("customers", "missing", "customers is required: an array of customers.")])
    if not isinstance(value["customers"], list):
        message = f"customers must be an array of customers; got {kind_of(value['customers'])}."
        raise ValidationError([FieldError("customers", "wrong_type", message)])
    return value["customers"]


def _in_steps(body: bytes, most: int) -> list[Any]:
    """No more than `most` and one, which are enough to know that there are more."""
    with refusing():
        text = body.decode("utf-8-sig")
    opening = _opening(text)
    if opening is None:
        raise InvalidBody('So large a body must be {"customers": [...]} alone or an array of customers.')
    customers: list[Any] = []
    at = opening.end()
    while customers or not text.startswith("]", at):
        customer, at = _next(text, at)
        customers.append(customer)
        at = _after_blanks(text, at)
        if text.startswith("]", at) or len(customers) > most:
            break
        if not text.startswith(",", at):
            raise no_json("Expecting ',' delimiter", text, at)
        at = _after_blanks(text, at + 1)
    if len(customers) <= most and text[at + 1 :].strip(" \t\n\r") != ("}" if opening[1] else ""):
        raise no_json("Nothing may follow the customers", text, at + 1)
    return customers


def _next(text: str, at: int) -> tuple[Any, int]:
    """The customer that begins here, and where it ends."""
    part = text[at : at + ONE_LIMIT]
    with refusing():
        try:
            value, length = _step(part)
        except json.JSONDecodeError as error:
            end = _end_of(text, at) if len(part) == ONE_LIMIT else at
            if end <= at + ONE_LIMIT:
                raise no_json(error.msg, text, at + error.pos) from error
            return Oversized(end - at), end
        require_text(value)
    return value, at + length


def _end_of(text: str, at: int) -> int:
    """Where the object, array or text ends that begins here; here if it does not."""
    depth = 0
    for each in _brackets(text, at):
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(each[0], 0)
        if depth <= 0:
            return each.end()
    return at


def _after_blanks(text: str, at: int) -> int:
    return _skip_blanks(text, at).end()  # type: ignore[union-attr]  # it matches anywhere
