"""Whose word nginx takes for a caller's address and scheme."""

import pytest
import requests
from tests.web.conftest import trust
from tests.web.test_nginx import Server

TLS = "Strict-Transport-Security"


@pytest.fixture(scope="module")
def upstream():
    server = Server()
    yield server
    server.shutdown()


@pytest.fixture(scope="module")
def alone(start_nginx, upstream):
    """A site that nothing stands in front of."""
    return start_nginx(upstream.address)


@pytest.fixture(scope="module")
def behind(start_nginx, upstream):
    """A site behind a proxy on this machine, which stands behind another one."""
    return start_nginx(upstream.address, trusted="127.0.0.1, 10.0.0.0/8,2001:db8::/32")


def ask(site: str, upstream: Server, **claims: str) -> tuple[requests.Response, dict[str, str]]:
    """The answer, and the headers that the API saw."""
    headers = {name.replace("_", "-"): claim for name, claim in claims.items()}
    answer = requests.get(f"{site}/health", headers=headers, timeout=20)
    return answer, upstream.seen[-1][0]


def test_a_stranger_is_believed_neither_an_address_nor_a_scheme(alone, upstream):
    answer, seen = ask(alone, upstream, X_Forwarded_For="198.51.100.7", X_Forwarded_Proto="https", Forwarded="for=a")
    assert (seen["X-Forwarded-For"], seen["X-Forwarded-Proto"]) == ("127.0.0.1", "http")
    assert "Forwarded" not in seen
    assert TLS not in answer.headers


@pytest.mark.parametrize(
    "told",
    ["203.0.113.9", "203.0.113.9, 10.1.2.3", "198.51.100.7, 203.0.113.9", "127.0.0.1, 203.0.113.9, 10.1.2.3"],
    ids=["one proxy", "two proxies", "a claim before", "a claim to be a proxy"],
)
def test_a_caller_is_the_last_address_that_no_trusted_proxy_has(behind, upstream, told):
    _, seen = ask(behind, upstream, X_Forwarded_For=told)
    assert seen["X-Forwarded-For"] == "203.0.113.9"


def test_callers_behind_a_trusted_proxy_are_limited_one_by_one(start_nginx, upstream):
    slow = {"rate=200r/s": "rate=1r/s", "burst=400": "burst=1"}
    site = start_nginx(upstream.address, trusted="127.0.0.1", changes=slow)
    assert [ask(site, upstream, X_Forwarded_For="203.0.113.9")[0].status_code for _ in range(4)][-1] == 429
    assert ask(site, upstream, X_Forwarded_For="203.0.113.10")[0].status_code == 200


def test_a_browser_is_told_to_stay_on_tls_where_a_trusted_proxy_says_that_there_is_tls(behind, upstream):
    answer, seen = ask(behind, upstream, X_Forwarded_Proto="https")
    assert seen["X-Forwarded-Proto"] == "https"
    assert answer.headers[TLS] == "max-age=31536000"


@pytest.mark.parametrize("told", ["http", "https, http", "javascript", ""])
def test_any_other_word_for_the_scheme_is_no_tls(behind, upstream, told):
    answer, seen = ask(behind, upstream, X_Forwarded_Proto=told)
    assert (seen["X-Forwarded-Proto"], answer.headers.get(TLS)) == ("http", None)


@pytest.mark.parametrize(
    "entry",
    ["proxy.example", "10.0.0.0/33", "256.1.1.1", "10.0.0.0/0", "0.0.0.0/0", "::/0", ":::", "1;} server {", "10.0.0"],
)
def test_what_is_no_address_and_no_network_keeps_the_site_from_starting_and_is_named(tmp_path, entry):
    refused = trust(tmp_path, f"192.0.2.1,{entry}")
    assert refused.returncode != 0
    assert refused.stderr.startswith(f"CHURN_TRUSTED_PROXIES holds '{entry.split()[0]}'. Write addresses and networks")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("entry", ["192.0.2.1", "192.0.2.0/24", "2001:db8::/32", "::1", "fe80::1:2", ""])
def test_addresses_and_networks_are_taken_and_nothing_is_taken_for_nobody(tmp_path, entry):
    assert trust(tmp_path, entry).returncode == 0
    assert (f"set_real_ip_from {entry};" in (tmp_path / "trusted_proxies.conf").read_text()) == bool(entry)
