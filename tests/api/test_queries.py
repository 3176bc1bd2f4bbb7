"""No query, whatever it holds, is more than a fault of whoever sends it."""

from typing import Any
from urllib.parse import quote, quote_from_bytes

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

ADDRESSES = [
    ("POST", "/predict"),
    ("POST", "/batch_predict"),
    ("GET", "/jobs"),
    ("GET", "/jobs/job_01JD0000000000000000000000/results"),
    ("GET", "/jobs/job_01JD0000000000000000000000/errors"),
    ("GET", "/model_info"),
    ("GET", "/releases"),
    ("GET", "/health"),
    ("GET", "/openapi.json"),
]
NAMES = st.sampled_from(["reasons", "limit", "after", "raw", "excel"])
NUMBERS = st.one_of(
    st.integers(-(10**30), 10**30).map(str),
    st.integers(4_000, 7_000).map(lambda digits: "9" * digits),
    st.sampled_from(["0x10", "1e3", "1_0", "+1", "-0", "\u0661", "\u00b2", " 1", "NaN", "all", "none", ""]),
)
VALUES = st.one_of(NUMBERS.map(quote), st.text(max_size=40).map(lambda text: quote(text, errors="replace")))
RAW = st.one_of(VALUES, st.binary(max_size=40).map(quote_from_bytes), st.text("%&=;+ abz019", max_size=40))


@pytest.mark.parametrize(("method", "path"), ADDRESSES, ids=lambda part: part)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=NAMES, value=RAW)
@example(name="reasons", value="9" * 5_000)
@example(name="limit", value="9" * 5_000)
def test_no_query_is_a_failure_of_the_service(
    client: FlaskClient, whole: dict[str, Any], method: str, path: str, name: str, value: str
) -> None:
    body: dict[str, Any] = {"json": whole if path == "/predict" else [whole]} if method == "POST" else {}
    answer = client.open(f"{path}?{name}={value}", method=method, **body)
    assert answer.status_code in (200, 404, 409, 422)
    if answer.status_code == 422:
        assert all(
            fault["field"] in ("reasons", "limit", "after", "raw", "excel") for fault in answer.get_json()["errors"]
        )
