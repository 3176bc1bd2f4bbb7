"""What is too large or no HTTP, asked of the whole product: nginx and gunicorn refuse it in one shape."""

import pytest
import requests
from tests.web.test_nginx import assert_error

# What the API answers by itself, tests/api holds; here it is what both make of it together.
pytestmark = pytest.mark.usefixtures("nginx_binary")

MANY = {f"X-{number}": "1" for number in range(101)}


@pytest.mark.parametrize(
    ("path", "headers", "status", "name"),
    [
        ("", MANY, 431, "HeadersTooLarge"),
        ("", {f"X-{number}": "x" * 100 for number in range(5_000)}, 431, "HeadersTooLarge"),
        ("", {"X-Large": "x" * 8_300}, 431, "HeadersTooLarge"),
        ("", {f"X-{number}": "x" * 8_000 for number in range(5)}, 431, "HeadersTooLarge"),
        ("?" + "x" * 8_200, {}, 414, "URITooLong"),
    ],
    ids=["many", "very many", "one that is large", "large together", "an address"],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_headers_and_addresses_that_are_too_large_are_refused_in_the_one_body(
    site, method, path, headers, status, name
):
    body = b"x" * 60_000 if method == "POST" else None
    for _ in range(5):
        answer = requests.request(method, f"{site}/predict{path}", headers=headers, data=body, timeout=10)
        assert_error(answer, status, name)


def test_as_many_headers_as_anybody_sends_are_taken(site):
    headers = dict(list(MANY.items())[:80])
    assert requests.get(f"{site}/health", headers=headers, timeout=10).status_code == 200
