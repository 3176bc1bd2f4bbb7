"""A stack whose parts are killed, as a caller sees it who does not give up."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from churn.store.interface import ObjectStore
from churn.store.opening import open_store
from scripts.stack import ROOT, Stack, override, own_environment
from scripts.tracked_rows import Sent, Span

LOST_SHARE = 0.1

# Seconds that an answer, or a job, may take once everything is up again.
PATIENCE = 300.0


@dataclass(frozen=True)
class Target(Stack):
    """The stack that is disturbed: what was done to it in this round, and what it has taken in all."""

    killed: list[str] = field(default_factory=list)
    sent: Sent = field(default_factory=lambda: Sent(f"chaos-{time.time_ns():x}"))

    def kill(self, service: str, down: float) -> None:
        """Kill a service's containers and start them again after `down` seconds."""
        self.killed.append(service)
        start = time.monotonic()
        self.compose("kill", service, check=False)
        if service == "api":
            self.sent.killed.append(Span(start, time.monotonic()))
        time.sleep(down)
        self.compose("start", service)
        if service == "minio":
            self.sent.away.append(Span(start, time.monotonic()))

    def wipe_queue(self) -> None:
        """Delete everything in the queue's Redis."""
        self.killed.append("queue's data")
        self.compose("exec", "-T", "queue", "redis-cli", "flushall", check=False)

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        """Send a request until its answer is not one from 500 on, which killed parts cause; exits after PATIENCE."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                answer = requests.request(method, self.api + path, timeout=60, **options)
                if answer.status_code < 500:
                    return answer
            except requests.RequestException:
                pass
            time.sleep(0.3)
        raise SystemExit(f"{method} {path} got no answer within {PATIENCE:.0f} s")

    def submit(self, data: bytes, key: str, path: str = "/jobs") -> str:
        """Submit a file and return the path of its job; the key keeps a lost answer from making a second one."""
        headers = {"Content-Type": "text/csv", "Idempotency-Key": key}
        answer = self.ask("POST", path, data=data, headers=headers)
        if answer.status_code != 202:
            raise SystemExit(f"A file was refused by {path}: {answer.status_code} {answer.text}")
        return f"{path}/{answer.json()['id']}"

    def completed(self, path: str) -> dict[str, Any]:
        """The record of a job once it has completed; exits after PATIENCE seconds, or if it ends otherwise."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            job: dict[str, Any] = self.ask("GET", path).json()
            if job["finished_at"]:
                if job["status"] != "completed":
                    raise SystemExit(f"A job did not complete: {job}")
                return job
            time.sleep(0.3)
        raise SystemExit(f"{path} is not finished after {PATIENCE:.0f} s: {job}")

    def store(self) -> ObjectStore:
        """The store of the local stack; this process's variables for AWS name it from then on."""
        os.environ |= {
            "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{self.port('S3')}",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "churn-local",
            "AWS_SECRET_ACCESS_KEY": "churn-local-secret",
            "AWS_SESSION_TOKEN": "",
        }
        return open_store("s3://churn")


def lossy_store(seed: int) -> dict[str, Any]:
    """The changes to services that put a proxy, which loses answers, between the store and those that use it."""
    proxy = {
        # The API's image, but built here too: Compose would look for it in a registry before it builds the API's.
        "build": {"context": str(ROOT), "dockerfile": "services/api/Dockerfile"},
        "entrypoint": ["python", "/lossy_proxy.py", "9000", "minio:9000", "--share", str(LOST_SHARE)],
        "command": ["--seed", str(seed)],
        "volumes": [f"{ROOT / 'scripts' / 'lossy_proxy.py'}:/lossy_proxy.py:ro,z"],
        "networks": ["store"],
        "healthcheck": {"test": ["CMD", "bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/9000"], "interval": "1s"},
        "restart": "unless-stopped",
    }
    behind = {
        "environment": {"AWS_ENDPOINT_URL_S3": "http://lossy:9000"},
        "depends_on": {"lossy": {"condition": "service_healthy"}},
    }
    return {"lossy": proxy, "api": behind, "worker": behind, "stream": behind}


def own_stack(folder: Path, seed: int, services: Mapping[str, Any] | None = None, **settings: str) -> Target:
    """A stack of this program's own, which is not started yet; its Compose file is written into `folder`.

    `services` are further changes to services.
    """
    told = {"CHURN_JOB_CHUNK_MB": "1", "CHURN_DATA_SOURCE": "sample", "CHURN_CV_REPEATS": "1"} | settings
    changed = override(folder, lossy_store(seed) | dict(services or {}))
    return Target(ROOT, own_environment("chaos", told | changed))


def running_stack() -> Target:
    """The stack that the shell's COMPOSE_PROJECT_NAME, CHURN_API_PORT and CHURN_S3_PORT name."""
    return Target(ROOT, {"CHURN_API_PORT": "5000", "CHURN_S3_PORT": "9000", **os.environ})
