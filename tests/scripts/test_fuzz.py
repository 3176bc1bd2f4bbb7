"""What a fuzzing run compares before and after."""

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


def test_it_looks_at_the_apis_memory_the_number_of_series_and_answers_of_500(address):
    assert fuzz.look(address) == fuzz.State(memory_mib=100, series=5, failures=2)
