"""What containers take of memory at most, by their control groups."""

import subprocess
import time
from contextlib import suppress

from scripts.stack import Stack


def output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def peak(container: str) -> float:
    """The MiB that a running container has had at most, by its control group of the second or the first kind."""
    peaks = "/sys/fs/cgroup/memory.peak /sys/fs/cgroup/memory/memory.max_usage_in_bytes"
    return int(output("docker", "exec", container, "sh", "-c", f"cat {peaks} 2>/dev/null; true")) / 2**20


def peak_of_trainer(box: Stack, command: list[str]) -> float:
    """Run a command that trains; the trainer's peak, which ends with its container and so is asked for all the time."""
    labels = {"project": box.environment["COMPOSE_PROJECT_NAME"], "service": "trainer"}
    filters = [f"--filter=label=com.docker.compose.{name}={value}" for name, value in labels.items()]
    most = 0.0
    with subprocess.Popen(command, cwd=box.folder, env=box.environment) as training:
        while training.poll() is None:
            for container in output("docker", "ps", "--quiet", *filters).split():
                with suppress(subprocess.CalledProcessError, ValueError):
                    most = max(most, peak(container))
            time.sleep(0.2)
    assert training.returncode == 0
    return most
