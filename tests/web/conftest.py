"""The real nginx over any upstream, the real API over a real release, and a browser page that must stay silent."""

import contextlib
import csv
import io
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, Page
from tests.conftest import answered, find_program, wait_for

from churn_trainer.data import sample

ROOT = Path(__file__).resolve().parents[2]
WEB = ROOT / "services" / "web"
PATHS = f"{ROOT}/shared{os.pathsep}{ROOT}/services/api{os.pathsep}{ROOT}/services/trainer"


@pytest.fixture(scope="session")
def public() -> Path:
    """The folder with the site's files."""
    return WEB / "public"


@pytest.fixture(scope="session")
def nginx_binary() -> str:
    if path := find_program("nginx"):
        return path
    pytest.skip("no nginx on this machine (Debian: apt-get install nginx-light)")


def wait_for_port(port: int) -> None:
    """Until something listens there."""
    for _ in range(400):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise AssertionError(f"nothing listens on port {port}")


def trust(folder: Path, proxies: str) -> subprocess.CompletedProcess[str]:
    """What the image's entrypoint does with CHURN_TRUSTED_PROXIES."""
    environment = {"PATH": os.defpath, "NGINX_ENVSUBST_OUTPUT_DIR": str(folder), "CHURN_TRUSTED_PROXIES": proxies}
    return subprocess.run([WEB / "trusted-proxies.sh"], env=environment, capture_output=True, text=True, check=False)


def configure(folder: Path, port: int, upstream: str, upload_mb: int, trusted: str, changes: dict[str, str]) -> Path:
    """The image's configuration in a folder of its own; what it replaces must be there to be replaced."""
    shutil.copytree(WEB / "nginx" / "snippets", folder / "snippets")
    (folder / "conf.d").mkdir()
    trust(folder / "conf.d", trusted).check_returncode()
    shutil.copy("/etc/nginx/mime.types", folder)
    everywhere = {"/tmp/": f"{folder}/", "/dev/stdout": f"{folder}/access.log"}
    main = replaced((WEB / "nginx" / "nginx.conf").read_text(), everywhere)
    values = {
        "${CHURN_API_ADDRESS}": upstream,
        "${CHURN_MAX_UPLOAD_MB}": str(upload_mb),
        "listen 8080": f"listen 127.0.0.1:{port}",
        "/usr/share/nginx/html": str(WEB / "public"),
    }
    site = replaced((WEB / "nginx" / "templates" / "site.conf.template").read_text(), values)
    (folder / "conf.d" / "site.conf").write_text(replaced(site, changes))
    (folder / "nginx.conf").write_text(main)
    return folder / "nginx.conf"


def replaced(text: str, changes: dict[str, str]) -> str:
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


@pytest.fixture(scope="session")
def start_nginx(
    nginx_binary: str, tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]
) -> Iterator[Callable[..., str]]:
    """A function that starts nginx before `upstream` (host:port) and returns the site's URL."""
    with ExitStack() as stack:

        def start(upstream: str, upload_mb: int = 1, trusted: str = "", **changes: str) -> str:
            folder, port = tmp_path_factory.mktemp("nginx"), free_port()
            changed: dict[str, str] = changes.get("changes", {})  # type: ignore[assignment]
            config = configure(folder, port, upstream, upload_mb, trusted, changed)
            # As in the image, its processes are of one user: this one, who may write to the folder.
            user = "user root;" if os.geteuid() == 0 else ""
            command = [nginx_binary, "-e", "stderr", "-c", str(config), "-g", f"daemon off; {user}"]
            process = stack.enter_context(subprocess.Popen(command, stderr=(folder / "log").open("wb")))
            stack.callback(process.terminate)
            wait_for_port(port)
            return f"http://127.0.0.1:{port}"

        yield start


@pytest.fixture(scope="session")
def trained_store(made_once: Callable[[str, Callable[[Path], object]], Path]) -> str:
    """The URL of a store with a release that the real trainer made of its own sample, compared in few folds."""

    def train(folder: Path) -> None:
        quick = {"CHURN_DATA_SOURCE": "sample", "CHURN_CV_FOLDS": "2", "CHURN_CV_REPEATS": "1"}
        environment = os.environ | quick | {"PYTHONPATH": PATHS, "CHURN_STORE_URL": folder.as_uri()}
        command = [sys.executable, "-m", "churn_trainer", "train"]
        subprocess.run(command, env=environment, check=True, capture_output=True)

    return made_once("trained", train).as_uri()


@pytest.fixture(scope="session")
def start_api(
    tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]
) -> Iterator[Callable[..., tuple[str, str]]]:
    """A function that starts the API with the site's files and one worker; returns its URL and its address."""
    with ExitStack() as stack:

        def start(**settings: str) -> tuple[str, str]:
            folder, port = tmp_path_factory.mktemp("api"), free_port()
            base = {"PYTHONPATH": PATHS, "CHURN_SITE_DIR": str(WEB / "public"), "CHURN_CACHE": "off"}
            environment = os.environ | base | settings
            log = stack.enter_context((folder / "log").open("wb"))
            gunicorn = ["gunicorn", "--config", f"{ROOT}/services/api/gunicorn.conf.py", "--bind", f"127.0.0.1:{port}"]
            for command in (gunicorn, ["celery", "--app", "churn_api.worker.app", "worker"]):
                process = subprocess.Popen([sys.executable, "-m", *command], env=environment, stderr=log, stdout=log)
                stack.callback(stop, process)
            wait_for_port(port)
            return f"http://127.0.0.1:{port}", f"127.0.0.1:{port}"

        yield start


def stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(timeout=40)


@pytest.fixture(scope="session")
def site(
    start_api: Callable[..., tuple[str, str]],
    start_redis: Callable[..., str],
    free_port: Callable[[], int],
    trained_store: str,
    request: pytest.FixtureRequest,
) -> str:
    """The URL of the whole product: nginx before the API, or without an nginx the API with the site's files."""
    port = free_port()
    start_redis("--port", str(port))
    settings = {"CHURN_STORE_URL": trained_store, "CHURN_QUEUE_URL": f"redis://127.0.0.1:{port}/0"}
    # Small chunks, so that a long job can be watched, and stopped, on any machine.
    url, address = start_api(**settings, CHURN_JOB_CHUNK_MB="0.25")
    if find_program("nginx"):
        url = request.getfixturevalue("start_nginx")(address, upload_mb=200)
    wait_for(lambda: answered(f"{url}/health/ready", 200), seconds=120)
    return url


@pytest.fixture(scope="session")
def table() -> list[list[str]]:
    """The header and 1,000 rows that the trainer makes up."""
    return list(csv.reader(io.StringIO(sample.csv_bytes().decode())))[:1001]


@pytest.fixture(scope="session")
def submit(site: str) -> Callable[[Path], dict[str, Any]]:
    """A function that has the API score a file and returns the completed job."""

    def score_file(file: Path) -> dict[str, Any]:
        job = requests.post(f"{site}/jobs", files={"file": file.open("rb")}, timeout=30).json()
        for _ in range(300):
            job = requests.get(f"{site}{job['links']['self']}", timeout=10).json()
            if job["status"] == "completed":
                return job
            time.sleep(0.1)
        raise AssertionError(job)

    return score_file


class Visits:
    """Pages of the site, each in a context of its own, and what the browser complained of in them."""

    def __init__(self, browser: Browser, site: str) -> None:
        self.browser = browser
        self.site = site
        self.complaints: list[str] = []
        self.contexts: list[BrowserContext] = []

    def open(
        self, fragment: str = "#/customer", base: str = "", patience: Sequence[str] = (), **options: object
    ) -> Page:
        """A page (options as Playwright's `new_context`); complaints that hold a word of `patience` are not noted."""
        base = base or self.site
        context = self.browser.new_context(base_url=base, **options)  # type: ignore[arg-type]
        self.contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on(
            "console", lambda said: any(word in said.text for word in patience) or self.complaints.append(said.text)
        )
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda asked: foreign(asked.url, base) and self.complaints.append(asked.url))
        page.goto(f"/{fragment}")
        return page

    def end(self) -> None:
        for context in self.contexts:
            context.close()
        assert self.complaints == []


@pytest.fixture
def open_page(browser: Browser, site: str) -> Iterator[Callable[..., Page]]:
    """A function that opens a page of the site.

    Whatever the browser complains of, and any request to another origin, fails the test, but for what the test says it
    provokes: of an answer that is an error, the browser always says something.
    """
    visits = Visits(browser, site)
    yield visits.open
    visits.end()


@pytest.fixture(scope="module")
def module_page(browser: Browser, site: str) -> Iterator[Page]:
    """The customer page, opened once for a module whose tests leave no trace in it."""
    visits = Visits(browser, site)
    page = visits.open()
    page.locator("customer-result").wait_for()
    yield page
    visits.end()


def until(page: Page, condition: str | Callable[[], bool], arg: Any = None) -> None:
    """
    Wait for what a page shows, or for what it has asked a made-up service.

    A string is evaluated in the page, whose policy forbids the strings that Playwright's own waiting evaluates.
    """
    for _ in range(100):
        if page.evaluate(condition, arg) if isinstance(condition, str) else condition():
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"This never came true: {condition}")


def until_drawn(page: Page) -> None:
    """Wait until the charts have taken notice of a new width: observers of sizes are told before a frame is painted."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def foreign(url: str, base: str) -> bool:
    return not url.startswith((base, "blob:"))


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    """The customer page, as a first visitor sees it."""
    return open_page()


@pytest.fixture
def cut_off() -> Callable[[Page], list[str]]:
    """A function that names the visible tables of a page that are wider than their places, on a laptop's screen."""

    def names(page: Page) -> list[str]:
        page.set_viewport_size({"width": 1280, "height": 800})
        wide: list[str] = page.evaluate(
            "[...document.querySelectorAll('.scroll')]"
            ".filter((place) => place.checkVisibility() && place.scrollWidth > place.clientWidth)"
            ".map((place) => place.innerText.split('\\n')[0])"
        )
        return wide

    return names
