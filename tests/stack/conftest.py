"""Real stacks, built and started as a newcomer does, under project names and on ports of their own."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from mypy_boto3_s3 import S3Client

from scripts import stack as stacks

PORTS = (*stacks.PORTS, "PROMETHEUS", "ALERTMANAGER")


class Stack(stacks.Stack):
    """One running Compose project, as its tests look at it."""

    def having(self, **settings: str) -> "Stack":
        """The same project, as a shell with these settings sees it."""
        return replace(self, environment=self.environment | settings)

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command in the project's folder with the stack's ports; its output is what both streams said."""
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert not check or done.returncode == 0, f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}"
        return done

    def make(self, *arguments: str) -> str:
        return self.run("make", "--no-print-directory", *arguments).stdout

    def containers(self) -> dict[str, dict[str, Any]]:
        """What the engine knows of each service's container, ended ones too."""
        ids = self.compose("ps", "--all", "--quiet").split()
        found = json.loads(self.run("docker", "inspect", *ids).stdout)
        return {container["Config"]["Labels"]["com.docker.compose.service"]: container for container in found}

    def pids(self, service: str) -> list[int]:
        """The processes of a service, as the host numbers them."""
        container = self.containers()[service]["Id"]
        return [int(pid) for pid in self.run("docker", "top", container, "-eo", "pid").stdout.split()[1:]]

    @contextmanager
    def hanging(self, service: str) -> Iterator[None]:
        """A service that is there and does nothing. Signals sent through the engine would end its restart policy."""
        frozen = self.pids(service)
        self._signal(frozen, signal.SIGSTOP)
        try:
            yield
        finally:
            self._signal(frozen, signal.SIGCONT)

    @staticmethod
    def _signal(pids: Iterable[int], number: signal.Signals) -> None:
        for pid in pids:
            with suppress(ProcessLookupError):  # a check of its health that was running has ended
                os.kill(pid, number)

    def s3(self) -> S3Client:
        return boto3.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{self.port('S3')}",
            region_name="us-east-1",
            aws_access_key_id="churn-local",
            aws_secret_access_key="churn-local-secret",
        )


# The first test of all waits for images to be built and for a model to be trained.
LONGEST_SECONDS = 1800


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.stack)
            item.add_marker(pytest.mark.timeout(LONGEST_SECONDS), append=False)


@pytest.fixture(scope="session", autouse=True)
def terminated_is_interrupted() -> None:
    """A SIGTERM ends the session as Ctrl-C does: what was started is taken down."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.fixture(scope="session")
def engine() -> None:
    if not shutil.which("docker") or subprocess.run(["docker", "info"], capture_output=True).returncode:
        pytest.skip("no Docker engine on this machine")


@pytest.fixture(scope="session")
def new_stack(root, engine) -> Callable[..., Any]:
    """A function that makes a context: a stack that is built, started as the README says, and taken down at its end."""

    @contextmanager
    def make(name: str, **settings: str) -> Iterator[Stack]:
        made = Stack(root, stacks.own_environment(f"test-{name}", settings, PORTS))
        try:
            yield made
        except BaseException:
            sys.stderr.write(made.compose("logs", "--no-color", "--tail", "200", check=False))
            raise
        finally:
            made.compose("--profile", "*", "down", "--volumes", "--remove-orphans", "--timeout", "5", check=False)
            images = [f"{made.project}-{name}" for name in ("api", "trainer", "web")]
            made.run("docker", "image", "rm", *images, check=False)

    return make


@pytest.fixture(scope="session")
def quick() -> dict[str, str]:
    """Settings for a training that only has to end."""
    return {"CHURN_CV_REPEATS": "1", "CHURN_CV_FOLDS": "2"}


@pytest.fixture(scope="session")
def new_folder(tmp_path_factory) -> Callable[[str], Path]:
    """A function that makes a folder that any user may look into."""

    def make(name: str) -> Path:
        folder: Path = tmp_path_factory.mktemp(name)
        for parent in (folder, *folder.parents[:2]):
            parent.chmod(0o755)
        return folder

    return make


@pytest.fixture(scope="session")
def empty_folder(new_folder) -> Path:
    """A data folder with nothing in it."""
    return new_folder("data")


@pytest.fixture(scope="session")
def data_folder(request, empty_folder) -> Path:
    try:
        return request.getfixturevalue("telco_csv").parent
    except pytest.skip.Exception:
        return empty_folder


@pytest.fixture(scope="session")
def stack(new_stack, data_folder, quick, tmp_path_factory) -> Iterator[Stack]:
    """The local stack, trained on the real data where that is here; in how many folds, no test looks at."""
    with new_stack("local", CHURN_DATA_DIR=str(data_folder), **quick) as stack:
        stack.compose("build", "--quiet")
        stack.compose("up", "--detach", "--wait")
        yield stack
        # Whoever looks for the reason of a failure finds the containers' last words here.
        logs = tmp_path_factory.getbasetemp() / "stack.log"
        logs.write_text(stack.compose("logs", "--no-color", "--timestamps"))


@pytest.fixture(scope="session")
def eventually() -> Callable[..., None]:
    """A function that waits until something holds; the last of its failures is raised if it never does."""

    def wait(holds: Callable[[], object], seconds: float = 30) -> None:
        deadline = time.monotonic() + seconds
        while True:
            try:
                assert holds()
            except (AssertionError, requests.RequestException):
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.3)
            else:
                return

    return wait
