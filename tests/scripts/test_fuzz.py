"""What a fuzzing run compares before and after."""

from argparse import Namespace
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from scripts import fuzz

TEXT = """\
# HELP churn_memory_bytes Memory in use that cannot be dropped.
churn_memory_bytes{host="a",service="api"} 1.048576e+08
churn_memory_bytes{host="b",service="worker"} 9e+08
churn_http_requests_total{method="POST",route="/predict",status="200"} 7.0
churn_http_requests_total{method="POST",route="/predict",status="500"} 2.0
churn_http_requests_total{method="GET",route="/health/ready",status="503"} 9.0
"""


@pytest.fixture
def address():
    """A server whose metrics are the text above."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(TEXT.encode())

        def log_message(self, *arguments):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_it_looks_at_each_services_memory_the_series_and_what_was_asked_and_failed(address):
    memory = {"api": 100, "worker": pytest.approx(858, abs=1)}
    assert fuzz.look(address) == fuzz.State(memory, series=5, failures=2, requests=18)


BEFORE = fuzz.State({"api": 100, "worker": 200}, series=500, failures=0, requests=1_000)


@pytest.mark.parametrize(
    ("after", "faults"),
    [
        ({}, []),
        ({"memory_mib": {"api": 148, "worker": 248, "new": 900}, "series": 560}, []),
        ({"memory_mib": {"api": 100, "worker": 249}}, ["worker has grown by 49 MiB."]),
        ({"series": 561}, ["There are more metric series than before."]),
        ({"failures": 1}, ["There were answers of 500."]),
        ({"requests": 20_999}, ["Fewer than 20000 requests were made."]),
    ],
)
def test_what_must_not_be_is_named(after, faults):
    assert fuzz.compare(BEFORE, BEFORE._replace(requests=21_000)._replace(**after), 20_000) == faults


def test_it_goes_on_with_further_seeds_until_enough_was_asked(monkeypatch):
    asked = iter([9_000, 17_000, 21_001])
    monkeypatch.setattr(fuzz, "fuzz", lambda *_: 0)
    monkeypatch.setattr(fuzz, "look", lambda _: BEFORE._replace(requests=next(asked)))
    options = Namespace(url="", cases=10, total=20_000, seconds=60, seed=7)
    assert fuzz.rounds(options, BEFORE) == (False, [7, 8, 9])


def test_it_ends_with_what_it_has_found(monkeypatch):
    monkeypatch.setattr(fuzz, "fuzz", lambda *_: 1)
    monkeypatch.setattr(fuzz, "look", lambda _: BEFORE)
    assert fuzz.rounds(Namespace(url="", cases=10, total=20_000, seconds=60, seed=7), BEFORE) == (True, [7])
