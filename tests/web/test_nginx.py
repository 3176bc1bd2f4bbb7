"""What nginx answers by itself, and what it passes on and how."""

import gzip
import json
import re
import socket
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from churn_api.app import ENDPOINTS
from churn_api.http.endpoint import Endpoint
from churn_api.views import pages

PROTECTION = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "object-src 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Upstream(BaseHTTPRequestHandler):
    """Stands in for the API: remembers what arrives, answers what the path asks for."""

    protocol_version = "HTTP/1.1"
    server: "Server"

    def handle_any(self) -> None:
        self.server.seen.append((dict(self.headers), self.client_address[1]))
        length = int(self.headers.get("Content-Length") or 0)
        while length > 0 and (piece := self.rfile.read1(65536)):
            length -= len(piece)
            self.server.arrived.put(piece)
        if self.path == "/refused":
            self.answer(503, b'{"success": false, "error_type": "ValidationError"}', [("Retry-After", "7")])
        else:
            self.answer(200, b'{"answer": "' + b"x" * 2000 + b'"}', [])

    do_GET = do_POST = do_PUT = do_DELETE = handle_any  # noqa: N815

    def answer(self, status: int, body: bytes, headers: list[tuple[str, str]]) -> None:
        self.send_response(status)
        own = [("X-Request-ID", "the-upstream's"), ("X-Content-Type-Options", "nosniff"), ("Cache-Control", "no-store")]
        for name, value in [*headers, *own, ("Content-Type", "application/json"), ("Content-Length", str(len(body)))]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Nothing: a test's output is its own."""


class Server(ThreadingHTTPServer):
    # A crowd connects at once, and who is not let in waits a second before trying again.
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Upstream)
        self.seen: list[tuple[dict[str, str], int]] = []
        self.arrived: Queue[bytes] = Queue()
        self.address = f"127.0.0.1:{self.server_port}"
        Thread(target=self.serve_forever, daemon=True).start()


@pytest.fixture(scope="module")
def upstream() -> Iterator[Server]:
    server = Server()
    yield server
    server.shutdown()


@pytest.fixture(scope="module")
def proxy(start_nginx: Callable[..., str], upstream: Server) -> str:
    return start_nginx(upstream.address)


@pytest.fixture(scope="module")
def lonely(start_nginx: Callable[..., str], free_port: Callable[[], int]) -> str:
    """A site whose API is away."""
    return start_nginx(f"127.0.0.1:{free_port()}")


def raw(url: str, request: bytes) -> bytes:
    """The answer to bytes that no HTTP library would send."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as connection:
        connection.sendall(request)
        received = b""
        while piece := connection.recv(65536):
            received += piece
        return received


def assert_error(answer: requests.Response, status: int, error_type: str) -> None:
    """The contract's body, complete and of one piece with the headers."""
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    body = answer.json()
    assert body["success"] is False
    assert body["error_type"] == error_type
    assert body["errors"] == []
    assert body["error"].endswith((".", "/campaigns/opt-outs a file of up to 1 MB."))
    assert body["request_id"] == answer.headers["X-Request-ID"]
    moment = datetime.fromisoformat(body["timestamp"])
    assert moment.utcoffset() is not None
    assert abs(datetime.now(moment.tzinfo) - moment) < timedelta(minutes=1)
    for name, value in PROTECTION.items():
        assert answer.headers[name] == value


def test_an_upload_gets_a_connection_of_its_own_and_a_poll_one_that_is_kept(proxy, upstream):
    before = len(upstream.seen)
    with requests.Session() as session:
        for _ in range(3):
            assert session.post(f"{proxy}/jobs", data=b"a,b", headers={"Content-Type": "text/csv"}).status_code == 200
            assert session.get(f"{proxy}/jobs/job_1").status_code == 200
    ports = [port for _, port in upstream.seen[before:]]
    assert len(set(ports[::2])) == 3
    assert len(set(ports[1::2])) < 3


@pytest.mark.parametrize(
    "path", ["/", "/index.html", "/assets/app.js", "/assets/styles/base.css", "/favicon.ico", "/robots.txt"]
)
def test_the_sites_files_come_from_nginx_and_are_checked_again_each_time(proxy, path):
    answer = requests.get(f"{proxy}{path}", timeout=20)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-cache"
    again = requests.get(f"{proxy}{path}", headers={"If-None-Match": answer.headers["ETag"]}, timeout=20)
    assert again.status_code == 304


@pytest.mark.parametrize("path", ["/", "/assets/app.js", "/health", "/metrics", "/refused"])
def test_every_answer_is_protected_once_and_tells_no_version(proxy, path):
    answer = requests.get(f"{proxy}{path}", timeout=20)
    for name, value in PROTECTION.items():
        assert answer.headers[name] == value
    assert answer.headers["Server"] == "nginx"
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["X-Request-ID"])


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/assets/app.js", "application/javascript; charset=utf-8"),
        ("/assets/styles/base.css", "text/css; charset=utf-8"),
        ("/health", "application/json"),
    ],
)
def test_text_travels_compressed(proxy, path, kind):
    answer = requests.get(f"{proxy}{path}", headers={"Accept-Encoding": "gzip"}, stream=True, timeout=20)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Content-Type"] == kind
    assert gzip.decompress(answer.raw.read())


@pytest.mark.parametrize(
    ("method", "path", "status", "error_type"),
    [
        ("GET", "/assets/none.js", 404, "NotFound"),
        ("GET", "/assets/", 403, "Forbidden"),
        ("GET", "/metrics", 404, "NotFound"),
        ("POST", "/", 405, "MethodNotAllowed"),
        ("DELETE", "/assets/app.js", 405, "MethodNotAllowed"),
    ],
)
def test_refusals_of_nginx_itself_carry_the_apis_error_body(proxy, method, path, status, error_type):
    answer = requests.request(method, f"{proxy}{path}", timeout=20)
    assert_error(answer, status, error_type)
    if status == 405:
        assert answer.headers["Allow"] == "GET, HEAD"


def address(endpoint: Endpoint) -> str:
    """A path that is the endpoint's."""
    return re.sub(r"<[\w:]+>", "some", endpoint.path)


def ask(site: str, endpoint: Endpoint) -> requests.Response:
    return requests.request(
        endpoint.method, f"{site}{address(endpoint)}", data=b"x" if endpoint.body else b"", timeout=5
    )


def name(endpoint: Endpoint) -> str:
    return f"{endpoint.method} {endpoint.path}"


OWN = [endpoint for endpoint in ENDPOINTS if endpoint.view in (pages.index, pages.asset)]
HIDDEN = [endpoint for endpoint in ENDPOINTS if endpoint.path == "/metrics"]
PASSED_ON = [endpoint for endpoint in ENDPOINTS if endpoint not in [*OWN, *HIDDEN]]


@pytest.mark.parametrize("endpoint", PASSED_ON, ids=name)
def test_what_is_neither_the_sites_nor_the_operators_is_asked_of_the_api(proxy, upstream, endpoint):
    seen = len(upstream.seen)
    assert ask(proxy, endpoint).status_code == 200
    assert len(upstream.seen) == seen + 1


@pytest.mark.parametrize("endpoint", OWN, ids=name)
def test_the_sites_files_are_never_asked_of_the_api(proxy, upstream, endpoint):
    seen = len(upstream.seen)
    assert ask(proxy, endpoint).status_code in (200, 404)
    assert len(upstream.seen) == seen


def test_whatever_is_asked_of_the_api_is_limited(start_nginx, upstream):
    site = start_nginx(upstream.address, changes={"rate=200r/s": "rate=1r/m", "burst=400": "burst=1"})
    while requests.get(f"{site}/health", timeout=20).status_code == 200:
        pass
    assert {name(endpoint): ask(site, endpoint).status_code for endpoint in PASSED_ON} == {
        name(endpoint): 429 for endpoint in PASSED_ON
    }


SPELLINGS = ["", "/", "//", "%2F", "/.", "/../metrics", "/x", ";a", "?a=b"]


def spellings(path: str) -> Iterator[str]:
    """Ways to write a path."""
    yield from (f"{path}{rest}" for rest in SPELLINGS)
    yield from (f"/{path}", f"/.{path}", f"/%{ord(path[1]):x}{path[2:]}")


@pytest.mark.parametrize("path", [way for endpoint in HIDDEN for way in spellings(endpoint.path)])
def test_the_metrics_are_reached_under_no_spelling(proxy, upstream, path):
    seen = len(upstream.seen)
    answer = raw(proxy, f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 404")
    assert len(upstream.seen) == seen


# In bytes, of what a setting limits: start_nginx says one megabyte.
SETTING = 1 << 20
# What nginx lets through of more than the endpoint takes, which then says so itself.
ROOM = {"/jobs/check": 2 << 20, "/outcomes/check": 2 << 20}
LIMITS = [
    (endpoint.path + end, endpoint.most_bytes or SETTING, ROOM.get(endpoint.path, endpoint.most_bytes or SETTING))
    for endpoint in ENDPOINTS
    for end in ("", "/")
    if endpoint.body
]


@pytest.mark.parametrize(("path", "largest", "passed"), LIMITS)
def test_a_body_may_be_as_large_as_the_endpoint_says_and_no_larger(proxy, upstream, path, largest, passed):
    assert requests.post(f"{proxy}{path}", data=b"x" * largest, timeout=10).status_code == 200
    seen = len(upstream.seen)
    assert_error(requests.post(f"{proxy}{path}", data=b"x" * (passed + 1), timeout=10), 413, "RequestTooLarge")
    assert len(upstream.seen) == seen


def test_another_version_of_http_is_refused_in_the_same_shape(proxy):
    host, port = proxy.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(b"GET / HTTP/9.9\r\n\r\n")
        head, _, body = connection.recv(65536).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 505")
    assert json.loads(body)["error_type"] == "HttpVersionNotSupported"


def test_an_address_that_is_too_long_is_refused_in_the_same_shape(proxy):
    assert_error(requests.get(f"{proxy}/{'x' * 20_000}", timeout=20), 414, "URITooLong")


def test_headers_that_are_too_large_are_refused_in_the_same_shape(proxy):
    assert_error(requests.get(proxy, headers={"X-Large": "x" * 20_000}, timeout=20), 431, "HeadersTooLarge")


def test_an_api_that_is_away_is_a_502_with_a_time_to_come_back(lonely):
    answer = requests.get(f"{lonely}/health", timeout=10)
    assert_error(answer, 502, "BadGateway")
    assert answer.headers["Retry-After"] == "5"
    assert requests.get(lonely, timeout=20).status_code == 200


def test_an_api_that_does_not_answer_is_a_504(start_nginx):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        url = start_nginx(address, changes={"proxy_read_timeout 120s;": "proxy_read_timeout 1s;"})
        assert_error(requests.get(f"{url}/jobs", timeout=10), 504, "GatewayTimeout")


def test_a_flood_from_one_address_is_a_429_with_a_time_to_come_back(start_nginx, upstream):
    slow = {"rate=200r/s": "rate=1r/s", "burst=400": "burst=2"}
    url = start_nginx(upstream.address, changes=slow)
    answers = [requests.get(f"{url}/health", timeout=20) for _ in range(5)]
    assert [answer.status_code for answer in answers[:3]] == [200, 200, 200]
    assert_error(answers[4], 429, "TooManyRequests")
    assert answers[4].headers["Retry-After"] == "1"


def test_the_apis_own_errors_pass_untouched(proxy):
    answer = requests.get(f"{proxy}/refused", timeout=20)
    assert answer.status_code == 503
    assert answer.json() == {"success": False, "error_type": "ValidationError"}
    assert answer.headers["Retry-After"] == "7"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("given", ["abc-123", "A.b_c", "x" * 64])
def test_a_callers_request_id_goes_through(proxy, upstream, given):
    answer = requests.get(f"{proxy}/health", headers={"X-Request-ID": given}, timeout=20)
    assert answer.headers["X-Request-ID"] == upstream.seen[-1][0]["X-Request-ID"] == given


@pytest.mark.parametrize("given", ['"}{', "x" * 65, "a b", ""])
def test_a_request_id_that_could_do_harm_is_replaced(proxy, upstream, given):
    answer = requests.get(f"{proxy}/health", headers={"X-Request-ID": given}, timeout=20)
    assert answer.headers["X-Request-ID"] == upstream.seen[-1][0]["X-Request-ID"] != given


def test_the_api_learns_who_asks_and_for_what_host(proxy, upstream):
    requests.get(f"{proxy}/health", timeout=20)
    headers, _ = upstream.seen[-1]
    assert (headers["X-Forwarded-For"], headers["X-Forwarded-Proto"]) == ("127.0.0.1", "http")
    assert f"http://{headers['Host']}" == proxy


def test_connections_to_the_api_are_kept_and_used_again(proxy, upstream):
    start = len(upstream.seen)
    with requests.Session() as session:
        for _ in range(5):
            session.get(f"{proxy}/health", timeout=20)
    assert len({port for _, port in upstream.seen[start:]}) < 5


def test_an_upload_reaches_the_api_while_it_is_still_being_sent(proxy, upstream):
    while not upstream.arrived.empty():
        upstream.arrived.get()
    parts = urlsplit(proxy)
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as connection:
        connection.sendall(b"POST /jobs HTTP/1.1\r\nHost: site\r\nContent-Length: 20\r\n\r\nfirst half")
        assert upstream.arrived.get(timeout=5) == b"first half"
        connection.sendall(b" and other")
        assert b"200 OK" in connection.recv(4096)


def test_what_is_no_http_gets_a_plain_refusal(proxy):
    answer = raw(proxy, b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error_type"] == "BadRequest"


def test_the_log_names_no_customer(proxy: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    for path in ("/customers/7590-VHVEG", "//customers/7590-VHVEG/x", "/customers/7590%2DVHVEG", "/health"):
        requests.delete(proxy + path, timeout=10)
    logs = [log.read_text() for log in tmp_path_factory.getbasetemp().glob("nginx*/access.log")]
    assert any("DELETE /customers/" in log and "DELETE /health" in log for log in logs)
    assert not any("VHVEG" in log for log in logs)


def test_the_log_of_what_fails_names_no_customer(lonely: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    for path in ("/customers/7590-VHVEG", "//customers/7590-VHVEG/x", "/./customers/7590%2DVHVEG", "/health"):
        assert requests.delete(lonely + path, timeout=10).status_code in {502, 503}
    logs = [log.read_text(errors="replace") for log in tmp_path_factory.getbasetemp().glob("nginx*/log")]
    assert any("DELETE /health" in log for log in logs)
    assert not any("VHVEG" in log for log in logs)
