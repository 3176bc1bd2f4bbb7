"""Reading the customers of a batch in steps, none of which keeps the process's other threads waiting for long."""

import json
import re
from typing import Any, NamedTuple

from churn_api.errors import RequestTooLarge
from churn_api.http.json_body import decoded, list_in, no_json, refusing, require_text

ONE_LIMIT = 64 * 1024
"""Bytes of a body with one customer; characters of one in a list."""

# A decoder lets no other thread run until it is done. What holds more values than a thousand customers have is decoded
# customer by customer instead, so that the interpreter may change threads in between.
_MAX_COMMAS = 32 * 1024

_step = json.JSONDecoder().raw_decode
_skip_blanks = re.compile(r"[ \t\n\r]*").match
_brackets = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[][{}]', re.DOTALL).finditer


class Oversized(NamedTuple):
    """What stands for a customer of more than ONE_LIMIT characters, which nobody decodes."""

    characters: int


def read_customers(body: bytes, most: int, advice: str) -> list[Any]:
    """The customers of a bare array or of {"customers": [...]}, as plain values or Oversized.

    Raises InvalidBody, ValidationError, or, where there are more than `most`, RequestTooLarge with `advice`.
    """
    in_steps = body.count(b",") > _MAX_COMMAS
    customers = list_in(_in_steps(body, most, advice) if in_steps else decoded(body), "customers")
    if len(customers) > most:
        raise _too_many(most, advice)
    return customers


def _too_many(most: int, advice: str) -> RequestTooLarge:
    return RequestTooLarge(f"There are more customers than the {most:,} that this address takes.{advice}")


def _in_steps(body: bytes, most: int, advice: str) -> Any:
    """What `decoded` gives, with each customer decoded alone; of an object, its customers without the rest."""
    with refusing():
        text = body.decode("utf-8-sig")
    value: Any
    at = _after_blanks(text, 0)
    if text.startswith("[", at):
        value, at = _list(text, at, most, advice)
    elif text.startswith("{", at):
        value, at = _object(text, at, most, advice)
    else:
        return decoded(body)
    if (at := _after_blanks(text, at)) < len(text):
        raise no_json("Extra data", text, at)
    return value


def _list(text: str, at: int, most: int, advice: str) -> tuple[list[Any], int]:
    """The customers of the list that begins here, and where it ends; raises RequestTooLarge at one too many."""
    customers: list[Any] = []
    at, closed = _first(text, at, "]")
    while not closed:
        customer, at = _next(text, at)
        customers.append(customer)
        if len(customers) > most:
            raise _too_many(most, advice)
        at, closed = _following(text, at, "]")
    return customers, at


def _object(text: str, at: int, most: int, advice: str) -> tuple[dict[str, Any], int]:
    """The customers of the object that begins here, by their name, and where it ends."""
    value: Any
    found: dict[str, Any] = {}
    at, closed = _first(text, at, "}")
    while not closed:
        if not text.startswith('"', at):
            raise no_json("Expecting property name enclosed in double quotes", text, at)
        name, at = _next(text, at)
        at = _after_blanks(text, at)
        if not text.startswith(":", at):
            raise no_json("Expecting ':' delimiter", text, at)
        start = _after_blanks(text, at + 1)
        is_list = name == "customers" and text.startswith("[", start)
        value, at = _list(text, start, most, advice) if is_list else _next(text, start)
        if name == "customers":
            # Of what is no list no more is told than its kind.
            found[name] = ({} if text[start] == "{" else "") if isinstance(value, Oversized) else value
        at, closed = _following(text, at, "}")
    return found, at


def _first(text: str, at: int, closing: str) -> tuple[int, bool]:
    """Where the first item begins of what begins here, or where it ends, and whether it has none."""
    at = _after_blanks(text, at + 1)
    return (at + 1, True) if text.startswith(closing, at) else (at, False)


def _following(text: str, at: int, closing: str) -> tuple[int, bool]:
    """Where the item after this one begins, or where all end, and whether there is none."""
    at = _after_blanks(text, at)
    if text.startswith(closing, at):
        return at + 1, True
    if not text.startswith(",", at):
        raise no_json("Expecting ',' delimiter", text, at)
    return _after_blanks(text, at + 1), False


def _next(text: str, at: int) -> tuple[Any, int]:
    """The value that begins here, and where it ends."""
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
