"""What every part's tests share: real Redis servers, free ports, a real browser."""

import fcntl
import logging
import os
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Lock, Thread
from typing import Any
from urllib.request import Request, urlopen
from uuid import uuid4

import pytest
import redis
import requests
from hypothesis import HealthCheck, settings
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from playwright.sync_api import Browser, expect, sync_playwright
from werkzeug.serving import make_server

from scripts import processes
from scripts.run import redis_binary

ROOT = Path(__file__).resolve().parents[1]
# How long an example takes says more about the machine than about what is tried.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

# A busy machine is slow to show what it shows in the end.
expect.set_options(timeout=20_000)

DATA = (ROOT / os.environ.get("CHURN_DATA_DIR", "data") / "telco_customer_churn.csv").resolve()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Whoever runs the tests learns at their end what could not be tried on this machine, and what would let it be."""
    reasons = Counter(_reason(report) for report in terminalreporter.stats.get("skipped", []))
    if reasons:
        terminalreporter.section("not tried on this machine")
        for reason, count in reasons.most_common():
            terminalreporter.line(f"{count:5} of the tests: {reason}")


def _reason(report: Any) -> str:
    # A skipped test's report is where it is, and why.
    place = report.longrepr
    return str(place[2] if isinstance(place, tuple) else place).removeprefix("Skipped: ")


def answered(url: str, status: int) -> requests.Response | None:
    """The answer at an address if it has this status; a program that starts may refuse, hang or be late."""
    try:
        answer = requests.get(url, timeout=5)
    except requests.RequestException:
        return None
    return answer if answer.status_code == status else None


def wait_for(ask: Callable[[], Any], *, seconds: float = 40) -> Any:
    """What `ask` returns, once that is something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := ask():
            return found
        time.sleep(0.05)
    raise AssertionError(f"nothing within {seconds} s")


def find_program(*names: str) -> str | None:
    """The first of these programs on the path, or in the folder of system programs beside one on the path."""
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    beside = [str(Path(folder).with_name("sbin")) for folder in folders if Path(folder).name == "bin"]
    path = os.pathsep.join([*folders, *beside])
    return next((found for name in names if (found := shutil.which(name, path=path))), None)


@pytest.fixture
def logging_as_before() -> Iterator[None]:
    """Logs go where they went before the test once it ends: an app that other tests share has its handler again."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    for handler in [handler for handler in root.handlers if handler not in handlers]:
        handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's folder."""
    return ROOT


@pytest.fixture(scope="session", autouse=True)
def clean_environment() -> Iterator[None]:
    """A developer's own settings and AWS credentials never reach a test."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("CHURN_", "AWS_"))]:
            patch.delenv(name)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield


@pytest.fixture(scope="session")
def telco_csv() -> Path:
    """The real customer table, where CHURN_DATA_DIR (or ./data) holds it."""
    if not DATA.is_file():
        pytest.skip("the real data is not here (CHURN_DATA_DIR=the folder of telco_customer_churn.csv make test)")
    return DATA


@pytest.fixture(scope="session")
def free_port() -> Callable[[], int]:
    """A function that names a TCP port of the loopback that nobody listens on."""
    return processes.free_port


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], object]], Path]:
    """A function that returns a copy of a folder which the first of the test processes that asks for it has filled."""
    own = tmp_path_factory.getbasetemp()
    # Those of pytest-xdist's processes lie side by side.
    common = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own

    def copied(name: str, fill: Callable[[Path], object]) -> Path:
        with (common / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (filled := common / name).exists():
                fill(begun := tmp_path_factory.mktemp(name))
                begun.rename(filled)
        return shutil.copytree(filled, own / f"{name}-copy")

    return copied


@pytest.fixture(scope="session")
def start_redis() -> Iterator[Callable[..., str]]:
    """A function that starts one more Redis (options as on its command line) and returns its URL.

    Its folder is a short one: the path of a unix socket may have 107 bytes at most.
    """
    with ExitStack() as stack:

        def start(*options: str) -> str:
            if not redis_binary():
                pytest.skip("no redis-server on this machine (Debian: apt-get install redis-server)")
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="redis-")))
            return stack.enter_context(processes.redis_server(folder, *options)).url

        yield start


@pytest.fixture(scope="session")
def redis_url(start_redis: Callable[..., str]) -> str:
    """The session's Redis, shared by all tests: empty it with `empty_redis`."""
    return start_redis()


@pytest.fixture
def empty_redis(redis_url: str) -> str:
    """The session's Redis, emptied for this test."""
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
    return redis_url


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of Debian's (or any other) Chromium."""
    if path := find_program("chromium", "chromium-browser", "google-chrome"):
        return path
    pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """One headless browser for the session; open a context of its own per test."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield browser
        browser.close()


class S3Server:
    """Moto's S3 on a free port of the loopback.

    It answers one request after the other, so that a conditional write is atomic, as S3's is. `lost` is how many
    answers to writes still get lost on their way: the write is done, and the client is told 503. `loses` tells which
    requests that may happen to."""

    def __init__(self) -> None:
        self._application = DomainDispatcherApplication(create_backend_app)
        self._lock = Lock()
        self._server = make_server("127.0.0.1", 0, self, threaded=True, request_handler=MotoRequestHandler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.environment = {
            "AWS_ENDPOINT_URL_S3": self.url,
            "AWS_ACCESS_KEY_ID": "tester",
            "AWS_SECRET_ACCESS_KEY": "tester-secret",
        }
        self.lost = 0
        Thread(target=self._server.serve_forever, daemon=True).start()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        with self._lock:
            if not self.lost or not self.loses(environ):
                return list(self._application(environ, start_response))
            self.lost -= 1
            list(self._application(environ, lambda *_: None))
            start_response("503 Service Unavailable", [])
            return []

    def loses(self, environ: dict[str, Any]) -> bool:
        return bool(environ["REQUEST_METHOD"] == "PUT")

    def new_bucket(self) -> str:
        """The store URL of a new bucket; asked for without an S3 client, which takes longer to make than most tests."""
        name = f"test-{uuid4().hex}"
        with urlopen(Request(f"{self.url}/{name}", method="PUT")):  # noqa: S310
            return f"s3://{name}"

    def close(self) -> None:
        self._server.shutdown()


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    """An S3 server in this process; use it by `s3_url`."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = S3Server()
    yield server
    server.close()


@pytest.fixture
def s3_url(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """The store URL of a new bucket in the S3 server, with the environment that leads there."""
    for name, value in s3_server.environment.items():
        monkeypatch.setenv(name, value)
    return s3_server.new_bucket()
