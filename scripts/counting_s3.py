"""An S3 server in this process that counts its requests."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from threading import Lock, Thread
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server


class CountingS3:
    """moto's S3 on a free port of the loopback, while the context is open; `environment` leads clients there."""

    def __init__(self) -> None:
        self._application = DomainDispatcherApplication(create_backend_app)
        self._lock = Lock()
        self._counts: Counter[str] = Counter()
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True)
        self.environment = {
            "AWS_ACCESS_KEY_ID": "nobody",
            "AWS_SECRET_ACCESS_KEY": "nothing",
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{self._server.server_port}",
            "CHURN_STORE_URL": "s3://churn",
        }

    def __enter__(self) -> "CountingS3":
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()

    def during(self, work: Callable[[], object]) -> dict[str, int]:
        """The number of requests by method while `work` runs; a GET that lists keys counts as LIST."""
        with self._lock:
            self._counts.clear()
        work()
        with self._lock:
            return dict(sorted(self._counts.items()))

    def _answer(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"]
        if method == "GET" and "list-type" in environ["QUERY_STRING"]:
            method = "LIST"
        with self._lock:
            self._counts[method] += 1
            return list(self._application(environ, start_response))
