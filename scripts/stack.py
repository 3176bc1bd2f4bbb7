"""Stacks of one's own under Docker Compose: under a project name and on ports that no other stack has."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from scripts.processes import free_port

ROOT = Path(__file__).resolve().parents[1]
PORTS = ("WEB", "API", "S3", "S3_CONSOLE")


@dataclass(frozen=True)
class Stack:
    """A Compose project: the folder of its compose.yaml, and the environment that its commands run in."""

    folder: Path
    environment: dict[str, str]

    @property
    def project(self) -> str:
        """The project's name, which its images, networks and volumes begin with."""
        return self.environment["COMPOSE_PROJECT_NAME"]

    @property
    def site(self) -> str:
        """The URL of nginx, without a slash at its end."""
        return f"http://127.0.0.1:{self.port('WEB')}"

    @property
    def api(self) -> str:
        """The URL of gunicorn, which compose.local.yaml publishes."""
        return f"http://127.0.0.1:{self.port('API')}"

    def port(self, name: str) -> int:
        """The port of the loopback that CHURN_<name>_PORT publishes."""
        return int(self.environment[f"CHURN_{name}_PORT"])

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command in the project's folder and environment; with `check`, exit with its stderr when it fails."""
        done = subprocess.run(command, cwd=self.folder, env=self.environment, capture_output=True, text=True)
        if check and done.returncode:
            raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
        return done

    def compose(self, *arguments: str, check: bool = True) -> str:
        """Run `docker compose` with these arguments; returns its standard output."""
        return self.run("docker", "compose", *arguments, check=check).stdout

    def container(self, service: str) -> str:
        """The id of the service's first running container."""
        return self.compose("ps", "--quiet", service).split()[0]


AnyStack = TypeVar("AnyStack", bound=Stack)


def own_environment(name: str, settings: Mapping[str, str], ports: Sequence[str] = PORTS) -> dict[str, str]:
    """This process's environment with a project name of its own, free ports and `settings`, for one new stack.

    What the caller's shell tells Compose (COMPOSE_FILE, COMPOSE_PROFILES, …) is left out.
    """
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("COMPOSE_")}
    published = {f"CHURN_{port}_PORT": str(free_port()) for port in ports}
    return inherited | published | {"COMPOSE_PROJECT_NAME": f"churn-{name}-{os.getpid()}", **settings}


def override(folder: Path, services: dict[str, Any]) -> dict[str, str]:
    """Write a Compose file that changes these services; returns the setting by which Compose reads it too."""
    path = folder / "override.yaml"
    path.write_text(json.dumps({"services": services}))
    return {"COMPOSE_FILE": f"compose.yaml:compose.local.yaml:{path}"}


@contextmanager
def started(stack: AnyStack) -> Iterator[AnyStack]:
    """Build and start a stack, wait until it is healthy, and take it down with its volumes at the end of the block.

    A SIGTERM takes it down as Ctrl-C does.
    """
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        stack.compose("up", "--build", "--detach", "--wait")
        yield stack
    finally:
        stack.compose("down", "--volumes", "--remove-orphans", "--timeout", "5", check=False)
        signal.signal(signal.SIGTERM, before)
