"""The API behind nginx: two of it beside each other, one that dies, one that moves."""

import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from tests.web.test_nginx import Server

# For so long a process of the API that stops still answers on connections that were kept.
STOPPING_SECONDS = 2


@pytest.fixture
def upstream() -> Iterator[Server]:
    server = Server()
    yield server
    server.shutdown()


@pytest.fixture
def dying() -> Iterator[str]:
    """An API that takes a request and dies over it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def take() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                connection.recv(65536)
                connection.close()

        Thread(target=take, daemon=True).start()
        yield f"127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)


def pair(first: str, second: str, **changes: str) -> dict[str, str]:
    """The template with two addresses in place of one, as the name of two containers has them."""
    return {f"server {first} ": f"server {second} max_fails=0; server {first} ", **changes}


@pytest.mark.parametrize("path", ["/predict", "/batch_predict"])
def test_a_prediction_whose_process_dies_is_asked_of_another_one(start_nginx, upstream, dying, path):
    site = start_nginx(upstream.address, changes=pair(upstream.address, dying))
    assert [requests.post(f"{site}{path}", data=b"[]", timeout=20).status_code for _ in range(6)] == [200] * 6


def test_a_job_is_never_handed_in_twice(start_nginx, upstream, dying):
    site = start_nginx(upstream.address, changes=pair(upstream.address, dying))
    answers = [requests.post(f"{site}/jobs", data=b"a,b", timeout=20).status_code for _ in range(4)]
    assert answers.count(200) == len(upstream.seen)
    assert 502 in answers


def test_an_address_whose_container_is_gone_costs_a_second_and_no_request(start_nginx, upstream):
    # TEST-NET: nobody answers from there.
    site = start_nginx(upstream.address, changes=pair(upstream.address, "192.0.2.1:8000"))
    for _ in range(3):
        began = time.monotonic()
        assert requests.post(f"{site}/predict", data=b"{}", timeout=20).ok
        assert time.monotonic() - began < 2.5


def test_no_connection_is_used_again_at_the_moment_in_which_the_api_closes_it(root):
    template = (root / "services" / "web" / "nginx" / "templates" / "site.conf.template").read_text()
    [upstream] = re.findall(r"^upstream api \{(.*?)^\}", template, re.DOTALL | re.MULTILINE)
    assert int(re.search(r"keepalive_timeout (\d+)s;", upstream)[1]) < STOPPING_SECONDS


def test_headers_that_never_end_hold_a_connection_for_ten_seconds(start_nginx, upstream):
    parts = urlsplit(start_nginx(upstream.address))
    with socket.create_connection((parts.hostname, parts.port), timeout=15) as connection:
        began = time.monotonic()
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: a\r\n")
        with suppress(ConnectionResetError):
            while connection.recv(4096):
                pass
        assert 5 < time.monotonic() - began < 13


def test_nginx_keeps_a_connection_longer_than_any_balancer_in_front_of_it(root, aws_idle_seconds):
    text = (root / "services" / "web" / "nginx" / "nginx.conf").read_text()
    assert int(re.search(r"keepalive_timeout (\d+)s;", text)[1]) > max(aws_idle_seconds) > 30


@pytest.fixture
def aws_idle_seconds(root) -> list[int]:
    """After how long the load balancers of the deployment close a connection that nothing comes over."""
    cluster = (root / "deploy" / "aws" / "cluster.yaml").read_text()
    ingress = (root / "deploy" / "kubernetes" / "overlays" / "aws" / "ingress.yaml").read_text()
    found = [
        re.search(r"idle_timeout.timeout_seconds, Value: \"(\d+)\"", cluster),
        re.search(r"idle_timeout.timeout_seconds=(\d+)", ingress),
    ]
    return [int(each[1]) for each in found if each]


@pytest.fixture
def follow(root, tmp_path):
    """A function that starts the image's follower: `names` is what getent says, `told` what nginx was told."""
    names, told, asked = tmp_path / "names", tmp_path / "told", tmp_path / "asked"
    names.write_text("10.0.0.1 STREAM api\n")
    told.touch()
    asked.touch()
    program = tmp_path / "getent"
    program.write_text(f"#!/bin/sh\necho asked >>{asked}\ngrep . {names}\n")
    program.chmod(0o755)
    listener = f"trap 'echo hup >>{told}' HUP; echo $$ >{tmp_path}/pid; while :; do sleep 0.1; done"
    processes = []
    # A shell traps no signal that it was started to ignore, as nohup has everything below it ignore this one.
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)

    def start(address: str) -> tuple[Any, Any]:
        environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "CHURN_API_ADDRESS": address, "FOLLOW_SECONDS": "0.2"}
        environment |= {"NGINX_PID": str(tmp_path / "pid")}
        command = [str(root / "services" / "web" / "follow-api.sh"), "sh", "-c", listener]
        processes.append(subprocess.Popen(command, env=environment, start_new_session=True))
        # Only then has it noted the first answer; of an address it asks nothing.
        end = time.monotonic() + (10 if address[0].isalpha() else 0.6)
        while time.monotonic() < end and asked.read_text().count("asked") < 2:
            time.sleep(0.05)
        return names, told

    yield start
    signal.signal(signal.SIGHUP, before)
    for process in processes:
        subprocess.run(["kill", "-KILL", "--", f"-{process.pid}"], check=True)
        assert process.wait(timeout=5) == -signal.SIGKILL


def test_nginx_is_told_where_the_apis_addresses_change_and_not_where_the_name_is_gone(follow):
    names, told = follow("api:8000")
    assert told.read_text() == ""
    names.write_text("10.0.0.1 STREAM api\n10.0.0.2 STREAM api\n")
    assert told_in_time(told, "hup\n")
    names.write_text("")
    time.sleep(1)
    assert told.read_text() == "hup\n"
    names.write_text("10.0.0.2 STREAM api\n")
    assert told_in_time(told, "hup\nhup\n")


def told_in_time(told: Path, words: str) -> bool:
    """Whether the file says so within ten seconds, for a busy machine starts programs late."""
    end = time.monotonic() + 10
    while time.monotonic() < end and told.read_text() != words:
        time.sleep(0.1)
    return told.read_text() == words


def test_an_address_is_not_followed(follow):
    names, told = follow("127.0.0.1:8000")
    names.write_text("10.0.0.2 STREAM api\n")
    time.sleep(1)
    assert told.read_text() == ""
