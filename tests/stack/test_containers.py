"""The containers as the engine really runs them: confined, small, and sick when they are sick."""

import re
import socket
import subprocess
import sys
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest
import requests

STAYING = ("web", "api", "worker", "cache", "queue")
TRAINER_LIMIT = 1024**3


@pytest.mark.parametrize("service", [*STAYING, "trainer", "minio", "minio-setup"])
def test_a_container_runs_as_a_numbered_user_without_capabilities_on_a_read_only_root(stack, service):
    container = stack.containers()[service]
    host = container["HostConfig"]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", container["Config"]["User"])
    assert host["ReadonlyRootfs"]
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert "no-new-privileges:true" in host["SecurityOpt"]
    assert host["Memory"] > 0
    assert host["PidsLimit"] > 0


@pytest.mark.parametrize("service", ["api", "worker"])
def test_a_service_can_write_nothing_but_its_tmpfs(stack, service):
    attempt = (
        "for d in /app /opt/venv /etc /var/tmp; do touch $d/x 2>/dev/null && echo $d; done; touch /tmp/x && echo /tmp"
    )
    assert stack.compose("exec", "-T", service, "sh", "-c", attempt).split() == ["/tmp"]


@pytest.mark.parametrize("service", ["api", "trainer"])
def test_an_image_has_neither_installer_nor_compiler(stack, service):
    look = "for tool in pip gcc cc make git curl; do command -v $tool; done; python -c 'import pip' && echo pip"
    done = stack.run(
        "docker",
        "run",
        "--rm",
        "--network",
        "none",
        "--entrypoint",
        "sh",
        f"{stack.project}-{service}",
        "-c",
        look,
        check=False,
    )
    assert done.stdout.splitlines()[-1] == "ModuleNotFoundError: No module named 'pip'"
    assert not re.search(r"^(/|pip$)", done.stdout, re.MULTILINE)


def test_the_serving_image_has_neither_pandas_nor_scikit_learn(stack):
    look = "import importlib.util as u; print([m for m in ('pandas', 'sklearn', 'matplotlib') if u.find_spec(m)])"
    assert stack.compose("exec", "-T", "api", "python", "-c", look).strip() == "[]"


@pytest.mark.parametrize("service", ["web", "api", "cache", "queue"])
def test_a_health_check_fails_when_the_service_hangs(stack, service):
    container = stack.containers()[service]
    kind, *command = container["Config"]["Healthcheck"]["Test"]
    check = ["sh", "-c", *command] if kind == "CMD-SHELL" else command
    ask = ["docker", "exec", container["Id"], "timeout", "4", *check]
    assert stack.run(*ask, check=False).returncode == 0
    with stack.hanging(service):
        assert stack.run(*ask, check=False).returncode != 0


def test_the_workers_health_check_fails_when_its_heart_stops(stack, eventually):
    container = stack.containers()["worker"]
    ask = ["docker", "exec", container["Id"], "sh", "-c", *container["Config"]["Healthcheck"]["Test"][1:]]
    assert stack.run(*ask, check=False).returncode == 0
    with stack.hanging("worker"):
        eventually(lambda: stack.run(*ask, check=False).returncode != 0, seconds=60)


def test_the_site_reaches_the_api_and_nothing_else(stack):
    # All at once, since a name that nobody knows takes a quarter of a minute.
    ask = "{ getent hosts $host >/dev/null && echo $host; } &"
    look = f"for host in api cache queue worker minio; do {ask} done; wait"
    assert stack.compose("exec", "-T", "web", "sh", "-c", look).split() == ["api"]


@pytest.mark.parametrize("service", [*STAYING, "minio"])
def test_no_process_of_a_container_is_roots(stack, service):
    users = stack.run("docker", "top", stack.containers()[service]["Id"], "-eo", "pid,uid").stdout.splitlines()[1:]
    assert users
    assert [line for line in users if line.split()[1] == "0"] == []


REACHED = """
import socket, sys
for place in sys.argv[1:]:
    host, _, port = place.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=3).close()
        print(place)
    except OSError:
        pass
"""


def test_from_where_the_site_stands_there_is_no_way_but_to_the_api(stack):
    """A container of the site's two networks, with a program that tries."""
    image, networks = f"{stack.project}-api", [f"{stack.project}_site", f"{stack.project}_front"]
    # A cloud's metadata, a public resolver, and the services that the site has no business with.
    places = ["169.254.169.254:80", "1.1.1.1:53", "minio:9000", "queue:6379", "cache:6379", "api:8000"]
    command = ["--network", networks[0], "--entrypoint", "python", image, "-c", REACHED, *places]
    probe = stack.run("docker", "create", *command).stdout.strip()
    try:
        stack.run("docker", "network", "connect", networks[1], probe)
        assert stack.run("docker", "start", "--attach", probe).stdout.split() == ["api:8000"]
    finally:
        stack.run("docker", "rm", "--force", probe)


@pytest.fixture
def behind_a_proxy(stack):
    """The stack's site, which believes what is said of callers' addresses; afterwards it believes nobody again."""
    stack.having(CHURN_TRUSTED_PROXIES="172.16.0.0/12,192.168.0.0/16").compose("up", "--detach", "--wait", "web")
    yield stack
    stack.compose("up", "--detach", "--wait", "web")


def test_large_bodies_of_two_addresses_that_are_never_finished_kill_nothing(behind_a_proxy):
    """Twenty at a time is what an address may; both are told by a proxy that is trusted: whoever comes to the port."""
    stack, site = behind_a_proxy, behind_a_proxy.site
    with ExitStack() as held:
        parts = urlsplit(site)
        for number in range(40):
            one = held.enter_context(socket.create_connection((parts.hostname, parts.port), timeout=20))
            who = f"X-Forwarded-For: 203.0.113.{number % 2}"
            one.sendall(
                f"POST /batch_predict HTTP/1.1\r\nHost: a\r\n{who}\r\nContent-Length: {2 << 20}\r\n\r\n".encode()
            )
            one.sendall(b"x" * ((2 << 20) - 1))
        assert requests.get(f"{site}/health/live", timeout=10).ok
        web = stack.containers()["web"]
        assert not web["State"]["OOMKilled"]
        assert web["RestartCount"] == 0
        assert "exited on signal" not in stack.compose("logs", "--tail", "200", "web")


def test_the_trainers_peak_memory_is_far_below_its_limit(stack, capsys):
    # Where control groups of the second kind keep the figure, and those of the first.
    peaks = "/sys/fs/cgroup/memory.peak /sys/fs/cgroup/memory/memory.max_usage_in_bytes"
    script = f"python -m churn_trainer train --force >&2; cat {peaks} 2>/dev/null | head -1"
    done = subprocess.run(
        ["docker", "compose", "run", "--rm", "-T", "--entrypoint", "sh", "trainer", "-c", script],
        cwd=stack.folder, env=stack.environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    peak = int(done.stdout.split()[-1])
    with capsys.disabled():
        sys.stdout.write(f"\nthe trainer's peak, as its control group accounts it: {peak / 2**20:.0f} MiB\n")
    assert peak < TRAINER_LIMIT * 0.6
