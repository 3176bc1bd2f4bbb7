"""How much nginx lets one caller ask for at a time."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

import pytest
import requests
from tests.web.test_nginx import Server, assert_error


@pytest.fixture(scope="module")
def upstream() -> Iterator[Server]:
    server = Server()
    yield server
    server.shutdown()


@contextmanager
def held(site: str, path: str, times: int, *headers: str) -> Iterator[None]:
    """So many requests that have been let through, and whose bodies are never finished."""
    parts = urlsplit(site)
    lines = (f"POST {path} HTTP/1.1", "Host: site", "Content-Length: 9", "Expect: 100-continue", *headers)
    with ExitStack() as stack:
        for _ in range(times):
            one = stack.enter_context(socket.create_connection((parts.hostname, parts.port), timeout=20))
            one.sendall("\r\n".join([*lines, "", ""]).encode())
            assert one.recv(4096).startswith(b"HTTP/1.1 100")
        yield


def ask(site: str, path: str, key: str = "") -> requests.Response:
    return requests.post(f"{site}{path}", data=b"[]", headers={"X-API-Key": key} if key else {}, timeout=20)


@pytest.mark.parametrize(("path", "most"), [("/predict", 256), ("/health", 96), ("/batch_predict", 20), ("/jobs", 20)])
def test_an_address_may_ask_for_much_at_a_time_but_not_for_everything(start_nginx, upstream, path, most):
    site = start_nginx(upstream.address)
    with held(site, path, most):
        refused = ask(site, path)
        assert_error(refused, 429, "TooManyRequests")
        assert refused.headers["Retry-After"] == "1"
        assert requests.get(f"{site}/health", timeout=20).status_code == (429 if most == 96 else 200)


@pytest.mark.parametrize("path", ["/predict", "/batch_predict", "/jobs"])
@pytest.mark.parametrize("sent", ["X-API-Key: mine", "Authorization: Bearer mine", "Authorization: bearer   mine"])
def test_a_key_is_counted_however_it_is_sent_and_no_other_one_suffers(start_nginx, upstream, path, sent):
    site = start_nginx(
        upstream.address, changes={"limit_conn keys 96;": "limit_conn keys 2;", "of_keys 256;": "of_keys 2;"}
    )
    with held(site, path, 2, sent):
        assert_error(ask(site, path, "mine"), 429, "TooManyRequests")
        assert ask(site, path, "another's").status_code == 200
        assert ask(site, path).status_code == 200


def test_whoever_sends_no_key_is_counted_by_the_address_alone(start_nginx, upstream):
    site = start_nginx(
        upstream.address, changes={"limit_conn keys 96;": "limit_conn keys 2;", "of_keys 256;": "of_keys 2;"}
    )
    with held(site, "/predict", 5):
        assert ask(site, "/predict").status_code == 200
