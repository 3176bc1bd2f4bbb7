"""Reading JSON bodies: limited, declared, and kindly explained where they are not JSON."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Timer
from typing import Any

import msgspec
from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge

from churn.errors import FieldError, ValidationError
from churn_api.errors import InvalidBody, RequestTooLarge, TooLate, UnsupportedMediaType

# Smaller bodies have arrived before a thread is given to their request.
BODY_BYTES = 64 * 1024
# Seconds in which a larger one has to arrive: two megabytes over a slow line.
BODY_SECONDS = 30.0

_decode = msgspec.json.Decoder().decode


def read_json(request: Request, limit: int, advice: str = "") -> Any:
    """The request's body as plain Python values; `limit` is in bytes, `advice` what to do with more.

    Of a name that an object repeats the last value counts, as in JavaScript. Raises UnsupportedMediaType,
    RequestTooLarge, InvalidBody or TooLate.
    """
    return decoded(received(request, limit, advice))


def received(request: Request, limit: int, advice: str = "") -> bytes:
    """The body of a request that declares JSON. Raises UnsupportedMediaType, RequestTooLarge or TooLate."""
    _check_type(request)
    length = request.content_length
    if length is not None and length < min(BODY_BYTES, limit):
        body: bytes = request.environ["wsgi.input"].read(length)  # the same for less than half of get_data's price
        return body
    request.max_content_length = limit
    try:
        with _arriving_in_time(request):
            return request.get_data(cache=False)
    except RequestEntityTooLarge as error:
        message = f"The body is larger than the {limit // 1024} KiB that this address takes.{advice}"
        raise RequestTooLarge(message) from error


def decoded(body: bytes) -> Any:
    """Plain Python values. Raises InvalidBody."""
    try:
        return _decode(body)
    except (ValueError, RecursionError):  # msgspec's own errors are ValueErrors
        return _explained(body)


@contextmanager
def _arriving_in_time(request: Request) -> Iterator[None]:
    """Read what comes piece by piece for BODY_SECONDS at most: a byte now and then would keep its thread for ever.

    Raises TooLate.
    """
    connection = request.environ.get("gunicorn.socket")
    if connection is None or (request.content_length or BODY_BYTES) < BODY_BYTES:
        yield
        return
    late = Event()

    def cut() -> None:
        late.set()
        connection.shutdown(socket.SHUT_RD)  # the read that waits finds the body's end

    timer = Timer(BODY_SECONDS, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
    if late.is_set():
        message = f"The body took more than {BODY_SECONDS:.0f} seconds to arrive; send fewer customers at a time."
        raise TooLate(message)


def list_in(value: Any, name: str) -> list[Any]:
    """The list of a bare array, or of an object that has it under this name. Raises InvalidBody and ValidationError."""
    if isinstance(value, list):
        return value
    if not isinstance(value, dict):
        message = f'The body must be {{"{name}": [...]}} or a JSON array of {name}; got {kind_of(value)}.'
        raise InvalidBody(message)
    if name not in value:
        raise ValidationError([FieldError(name, "missing", f"{name} is required: an array of {name}.")])
    found = value[name]
    if not isinstance(found, list):
        message = f"{name} must be an array of {name}; got {kind_of(found)}."
        raise ValidationError([FieldError(name, "wrong_type", message)])
    return found


def kind_of(value: Any) -> str:
    """What a decoded value is, in JSON's words."""
    kinds = {dict: "an object", list: "an array", str: "text", bool: "a boolean", type(None): "null"}
    return kinds.get(type(value), "a number")


def is_json(request: Request) -> bool:
    """Whether the body is declared as JSON."""
    kind = request.mimetype
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


def _check_type(request: Request) -> None:
    """Whether the body is declared as JSON in UTF-8; a form post from a foreign page never is."""
    coding = request.environ.get("HTTP_CONTENT_ENCODING", "identity")
    if coding.strip().lower() != "identity":
        raise UnsupportedMediaType(f"Send the body as it is; got the Content-Encoding {coding[:40]!r}.")
    declared = request.environ.get("CONTENT_TYPE", "")
    if declared == "application/json":
        return
    charset = request.mimetype_params.get("charset", "utf-8")
    if not is_json(request):
        raise UnsupportedMediaType(f"Send the body with Content-Type: application/json; got {declared[:80]!r}.")
    if charset.lower() not in ("utf-8", "utf8"):
        raise UnsupportedMediaType(f"Send the body in UTF-8; got the charset {charset[:40]!r}.")


def _explained(body: bytes) -> Any:
    """What the strict decoder refuses: read once more by the patient one, which knows where a fault is.

    It lets NaN and infinity through, which the field's own check then names.
    """
    with refusing():
        # Of bytes, json.loads would guess that they are UTF-16 or UTF-32.
        text = body.decode("utf-8-sig")
        try:
            value = json.loads(text)
        except json.JSONDecodeError as error:
            raise (
                no_json(error.msg, text, error.pos) if body else InvalidBody("The body is empty; send JSON.")
            ) from error
        require_text(value)
    return value


@contextmanager
def refusing() -> Iterator[None]:
    """Raises InvalidBody for what the patient decoder raises beside where it found no JSON."""
    try:
        yield
    except UnicodeError as error:
        raise InvalidBody("The body is not text in UTF-8.") from error
    except RecursionError as error:
        raise InvalidBody("The body is nested too deeply.") from error
    except ValueError as error:
        raise InvalidBody("The body holds a number with too many digits.") from error


def require_text(value: Any) -> None:
    """Raises UnicodeError where half a character was escaped."""
    json.dumps(value, ensure_ascii=False).encode()


def no_json(says: str, text: str, at: int) -> InvalidBody:
    """What is wrong, and where in the body."""
    where = json.JSONDecodeError(says, text, at)
    return InvalidBody(f"The body is not JSON: {where.msg} at line {where.lineno}, column {where.colno}.")
