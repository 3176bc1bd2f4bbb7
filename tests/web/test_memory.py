"""nginx within the memory of its container: what all requests together may hold, added up and tried."""

import re
import socket
import time
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
import yaml
from tests.web.test_nginx import Server

KIB, MIB = 1 << 10, 1 << 20
UNITS = {"k": KIB, "m": MIB}
# A connection's structures, and a request's first pool and the first part of its headers.
CONNECTION, REQUEST = 1 * KIB, 6 * KIB
# What zlib keeps beside its window and its hash.
DEFLATE_STATE = 8 * KIB
# A master and two workers with the configuration, as measured by their private memory, the shell beside them, and as
# much again for workers that end their requests after a reload.
PROCESSES = 24 * MIB
# What limits predictions, whose answers are never packed.
SMALL = {"all_predictions", "predictions", "predictions_of_keys"}


@pytest.fixture(scope="module")
def upstream():
    server = Server()
    yield server
    server.shutdown()


@pytest.fixture(scope="module")
def configuration(root) -> str:
    return "\n".join(path.read_text() for path in sorted((root / "services" / "web" / "nginx").rglob("*.*")))


def size(text: str) -> int:
    number, unit = re.fullmatch(r"(\d+)([km]?)", text).groups()
    return int(number) * UNITS.get(unit, 1)


def given(configuration: str, name: str) -> list[str]:
    """The arguments of a directive that is given once, or the same each time."""
    [found] = set(re.findall(rf"^ *{name} +([^;]+);", configuration, re.MULTILINE))
    return found.split()


def buffers(configuration: str, name: str) -> int:
    number, each = given(configuration, name)
    return int(number) * size(each)


def test_all_that_the_limits_allow_together_fits_the_containers_memory(root, configuration):
    service = yaml.safe_load((root / "compose.yaml").read_text())["services"]["web"]
    headers = CONNECTION + REQUEST + buffers(configuration, "large_client_header_buffers")
    body = size(given(configuration, "client_body_buffer_size")[0])
    answer = size(given(configuration, "proxy_buffer_size")[0]) + buffers(configuration, "proxy_buffers")
    window, hashes = (size(given(configuration, name)[0]) for name in ("gzip_window", "gzip_hash"))
    gzip = 4 * window + 2 * hashes + DEFLATE_STATE + buffers(configuration, "gzip_buffers")
    places = int(given(configuration, "worker_processes")[0]) * int(given(configuration, "worker_connections")[0])
    proxied = int(re.search(r"limit_conn everybody (\d+);", configuration)[1])
    predictions = int(re.search(r"limit_conn all_predictions (\d+);", configuration)[1])
    # A proxied request has a connection at either side; what is left may send headers that never end.
    active = proxied * (headers + body + answer + gzip + CONNECTION)
    active += predictions * (headers + body + answer + CONNECTION)
    others = (places - 2 * (proxied + predictions)) * headers
    assert others >= 0
    zones = sum(size(each) for each in re.findall(r"zone=\w+:(\d+[km])", configuration))
    folders = sum(size(re.search(r"size=(\w+)", each)[1]) for each in service["tmpfs"])
    assert active + others + zones + folders + PROCESSES <= size(service["mem_limit"])


def test_every_proxied_place_counts_everybody_together(configuration):
    template = configuration[configuration.index("\nserver {") :]
    for place in re.findall(r"\n    location [^{]+\{(.*?)\n    \}", template, re.DOTALL):
        own = set(re.findall(r"limit_conn (\w+)", place))
        is_small = "gzip off;" in place
        assert not own or (SMALL if is_small else {"everybody", "addresses", "keys"}) <= own


def test_no_address_and_no_key_takes_half_of_the_places_for_predictions(configuration):
    [most] = {int(each) for each in re.findall(r"limit_conn all_predictions (\d+);", configuration)}
    of_one = re.findall(r"limit_conn predictions(?:_of_keys)? (\d+);", configuration)
    assert set(map(int, of_one)) == {256}
    assert most > 2 * 256


def test_no_address_and_no_key_takes_all_places_or_half_of_them(configuration):
    [everybody] = {int(each) for each in re.findall(r"limit_conn everybody (\d+);", configuration)}
    assert {int(each) for each in re.findall(r"limit_conn (?:addresses|keys) (\d+);", configuration)} == {
        everybody // 4
    }


def private_bytes(folder: Path) -> int:
    """What the processes of the nginx in this folder hold and share with nobody."""
    master = int((folder / "nginx.pid").read_text())
    children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    found = 0
    for pid in (master, *map(int, children)):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text()
        found += sum(int(each) for each in re.findall(r"^Private_\w+: +(\d+) kB", lines, re.MULTILINE))
    return found * KIB


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="only Linux tells a process's own memory")
def test_large_bodies_that_are_never_finished_take_no_memory_to_speak_of(start_nginx, upstream, tmp_path_factory):
    """Forty batches of 2 MiB less a byte, from two addresses, as a proxy tells."""
    site = start_nginx(upstream.address, trusted="127.0.0.1")
    folder = max(tmp_path_factory.getbasetemp().glob("nginx*"), key=lambda path: path.stat().st_mtime)
    before = private_bytes(folder)
    parts, almost = urlsplit(site), (2 << 20) - 1
    with ExitStack() as stack:
        for number in range(40):
            one = stack.enter_context(socket.create_connection((parts.hostname, parts.port), timeout=10))
            who = f"X-Forwarded-For: 203.0.113.{number % 2}"
            one.sendall(
                f"POST /batch_predict HTTP/1.1\r\nHost: a\r\n{who}\r\nContent-Length: {2 << 20}\r\n\r\n".encode()
            )
            one.sendall(b"x" * almost)
        time.sleep(0.5)
        taken = private_bytes(folder) - before
        other = {"X-Forwarded-For": "203.0.113.9"}
        assert requests.post(f"{site}/batch_predict", data=b"x" * (2 << 20), headers=other, timeout=10).ok
    assert taken < 4 * MIB, f"{taken / MIB:.1f} MiB"
