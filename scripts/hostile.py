"""Requests of hostile or broken clients, which try to cost the service more than they cost the client.

`make fuzz` sends every kind of them once; `make soak` sends all of them all the time, beside honest clients that must
not notice.
"""

import http.client
import itertools
import json
import random
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urlsplit

from churn.schema import built_in
from churn_trainer.data import sample

TELCO = built_in("telco")

# Seconds that a slow client goes on; no service waits this long for the rest of a request.
SLOW_SECONDS = 25.0
# Answers that tell a client to send less, something else, or later. Other statuses from 500 on are the service's fault.
EXPECTED = frozenset({200, 202, 400, 401, 404, 408, 409, 413, 414, 415, 422, 429, 431, 503})
# Stands for a connection that was closed without an answer, as is right for an unfinished request.
CLOSED = 0

_CUSTOMER = {"gender": "Female", "SeniorCitizen": 0, "tenure": 24, "Contract": "One year", "MonthlyCharges": 65.5}
_JSON = {"Content-Type": "application/json"}
_FORM = {"Content-Type": "multipart/form-data; boundary=b"}
_CSV = {"Content-Type": "text/csv"}
_CONTROLS = [chr(code) for code in (*range(32), 0x7F, 0x85, 0x2028, 0x202E, 0xFEFF, 0xD800)]


@dataclass(frozen=True)
class Target:
    """The site or API to send requests to: its URL, and the headers that every request has, such as the key."""

    url: str
    headers: dict[str, str] = field(default_factory=dict)

    def connect(self) -> socket.socket:
        """An open TCP connection. Raises OSError."""
        address = urlsplit(self.url)
        return socket.create_connection((address.hostname, address.port), timeout=SLOW_SECONDS)

    def send(self, method: str, path: str, body: bytes = b"", **headers: str) -> int:
        """Send a request; returns the status of the answer, or CLOSED if there is none."""
        address = urlsplit(self.url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=120)
        try:
            connection.request(method, path, body, self.headers | headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status
        except (OSError, http.client.HTTPException):
            return CLOSED
        finally:
            connection.close()

    def head(self, request: str, **headers: str) -> bytes:
        """A request's first line and headers as bytes, without the blank line that ends them."""
        lines = [f"{name}: {value}" for name, value in ({"Host": "churn"} | self.headers | headers).items()]
        return "\r\n".join([request, *lines]).encode()


class Kind(NamedTuple):
    """A kind of hostile request: `ask` sends it and returns the status; `pause` is the seconds until the next one."""

    name: str
    pause: float
    ask: Callable[[Target, random.Random], int]


def many_names(target: Target, _: random.Random) -> int:
    """A customer with 150,000 unknown fields."""
    body = "[{" + ",".join(f'"{number:x}":0' for number in range(150_000)) + "}]"
    return target.send("POST", "/batch_predict", body.encode(), **_JSON)


def all_at_fault(target: Target, _: random.Random) -> int:
    """A thousand customers, each with a different wrong text in every required field."""
    numbers = itertools.count()
    customers = [{name: f"wrong {next(numbers)}" for name in TELCO.required} for _ in range(1000)]
    return target.send("POST", "/batch_predict", json.dumps(customers).encode(), **_JSON)


def control_characters(target: Target, rng: random.Random) -> int:
    """A customer whose tenure is followed by a control character."""
    strange = {name: f"{value}{rng.choice(_CONTROLS)}" for name, value in _CUSTOMER.items()}
    return target.send("POST", "/predict", json.dumps(_CUSTOMER | {"tenure": strange["tenure"]}).encode(), **_JSON)


def control_characters_in_a_file(target: Target, rng: random.Random) -> int:
    """A small file with a control character in each row."""
    head, *rows = sample.csv_bytes().splitlines()[:200]
    spoiled = [row.replace(b",", rng.choice(_CONTROLS[:32]).encode() + b",", 6) for row in rows]
    return target.send("POST", "/jobs", b"\n".join([head, *spoiled]), **_CSV)


def shifted_columns(target: Target, _: random.Random) -> int:
    """A file whose cells are shifted by a column, so that nearly every field of every row is wrong."""
    head, *rows = sample.csv_bytes().splitlines()
    return target.send("POST", "/jobs", b"\n".join([head, *(row.partition(b",")[2] + b"," for row in rows)]), **_CSV)


def endless_part_header(target: Target, _: random.Random) -> int:
    """A form whose first part has a header of 20 MB."""
    return target.send("POST", "/jobs", b"--b\r\nX-Filler: " + b"a" * 20_000_000, **_FORM)


def empty_parts(target: Target, _: random.Random) -> int:
    """A form of 40,000 empty parts."""
    part = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n'
    return target.send("POST", "/jobs", part * 40_000, **_FORM)


def no_boundary(target: Target, _: random.Random) -> int:
    """A form of 20 MB in which the boundary never comes."""
    return target.send("POST", "/jobs", b"a" * 20_000_000, **_FORM)


def thousands_of_digits(target: Target, _: random.Random) -> int:
    """A query parameter with a number of 5,000 digits."""
    return target.send("POST", f"/predict?reasons={'9' * 5000}", json.dumps(_CUSTOMER).encode(), **_JSON)


def a_wrong_key(target: Target, rng: random.Random) -> int:
    """A request with a different unknown API key each time."""
    stranger = Target(target.url, target.headers | {"X-API-Key": f"{rng.getrandbits(128):032x}"})
    return stranger.send("GET", "/model_info")


def slow_upload(target: Target, _: random.Random) -> int:
    """A file of 90 kB of which a byte comes every second."""
    return _slowly(target, target.head("POST /jobs HTTP/1.1", **_CSV, **{"Content-Length": "90000"}))


def slow_prediction(target: Target, _: random.Random) -> int:
    """A customer of 9 kB of which a byte comes every second."""
    return _slowly(target, target.head("POST /predict HTTP/1.1", **_JSON, **{"Content-Length": "9000"}))


def half_a_header(target: Target, _: random.Random) -> int:
    """A header of which a byte comes every second, and which never ends."""
    return _slowly(target, target.head("GET /health HTTP/1.1"), ended=False)


def nothing_at_all(target: Target, _: random.Random) -> int:
    """A connection that is opened and not used, as browsers open them in advance."""
    with suppress(OSError), target.connect() as connection:
        time.sleep(SLOW_SECONDS / 2)
        connection.settimeout(0.1)
        connection.recv(1)
    return CLOSED


def slow_reader(target: Target, _: random.Random) -> int:
    """A request for a large answer, which is then read at a kilobyte a second."""
    end = time.monotonic() + SLOW_SECONDS
    with suppress(OSError), target.connect() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(target.head("GET /openapi.json HTTP/1.1") + b"\r\n\r\n")
        while time.monotonic() < end and connection.recv(512):
            time.sleep(0.5)
    return CLOSED


def _slowly(target: Target, head: bytes, *, ended: bool = True) -> int:
    """Send a request's head, then a byte a second, until an answer comes or SLOW_SECONDS are over."""
    end = time.monotonic() + SLOW_SECONDS
    with suppress(OSError), target.connect() as connection:
        connection.sendall(head + (b"\r\n\r\n" if ended else b"\r\nX-Slow: "))
        connection.settimeout(1.0)
        while time.monotonic() < end:
            with suppress(TimeoutError):
                answer = connection.recv(4096)
                return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/") else CLOSED
            connection.sendall(b"x")
    return CLOSED


KINDS = (
    Kind("many names", 5.0, many_names),
    Kind("all at fault", 5.0, all_at_fault),
    Kind("control characters", 0.2, control_characters),
    Kind("control characters in a file", 10.0, control_characters_in_a_file),
    Kind("shifted columns", 30.0, shifted_columns),
    Kind("endless part header", 10.0, endless_part_header),
    Kind("empty parts", 10.0, empty_parts),
    Kind("no boundary", 10.0, no_boundary),
    Kind("thousands of digits", 1.0, thousands_of_digits),
    Kind("a wrong key", 0.2, a_wrong_key),
    Kind("slow upload", 0.5, slow_upload),
    Kind("slow prediction", 0.5, slow_prediction),
    Kind("half a header", 0.5, half_a_header),
    Kind("nothing at all", 0.5, nothing_at_all),
    Kind("slow reader", 0.5, slow_reader),
)
"""Every kind, with the pace at which `make soak` sends it."""


def fault(kind: Kind, status: int) -> str | None:
    """What is wrong with the answer to a hostile request, in words; None if it is as it should be."""
    if status == CLOSED or status in EXPECTED:
        return None
    return f"{kind.name}: answered {status}"


def ask_all(url: str, seed: int) -> list[str]:
    """Send every kind once; returns what is wrong with the answers, one line each."""
    rng = random.Random(seed)  # noqa: S311  # no secret
    found = (fault(kind, kind.ask(Target(url), rng)) for kind in KINDS)
    return [line for line in found if line is not None]
