"""Batches that are decoded customer by customer are read as those that are decoded at once."""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from churn.errors import ValidationError
from churn_api.errors import InvalidBody, RequestTooLarge
from churn_api.http.json_body import list_in
from churn_api.predictions import customer_list
from churn_api.predictions.customer_list import ONE_LIMIT, Oversized, read_customers

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@pytest.fixture(autouse=True)
def every_body_in_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(customer_list, "_MAX_COMMAS", -1)


def in_steps(body: str | bytes, most: int = 1_000) -> list[Any]:
    return read_customers(body if isinstance(body, bytes) else body.encode(), most, "")


@given(st.lists(values, max_size=6), st.booleans(), st.sampled_from([None, 1]))
def test_the_same_customers_are_read(customers: list[Any], named: bool, indent: int | None) -> None:
    body = json.dumps({"customers": customers} if named else customers, indent=indent)
    assert json.dumps(in_steps(body)) == json.dumps(customers)


@pytest.mark.parametrize("wrapped", ["[%s]", '{"customers": [%s]}', '\ufeff { "customers" :\r\n[ %s ]\t}\n'])
def test_who_is_too_large_spoils_nobody_beside(wrapped: str) -> None:
    body = json.dumps({f"{number:x}": "]}" for number in range(9_000)})
    assert len(body) > ONE_LIMIT
    assert in_steps(wrapped % f'{{"a": 1}}, {body}, 2') == [{"a": 1}, Oversized(len(body)), 2]


@pytest.mark.parametrize(
    "body",
    [
        '{"source": "crm", "customers": [1, 2], "more": {"a": [1, 2]}}',
        '{"customers": 7, "customers": [1, 2]}',
        '{"long": "%s", "customers": [1, 2]}' % ("x," * ONE_LIMIT),
        '{\n"\\u0063ustomers" : [1, 2] , "none": null}',
    ],
    ids=["others beside", "named twice", "a long one beside", "spelled by escapes"],
)
def test_an_object_may_hold_more_than_its_customers(body: str) -> None:
    assert in_steps(body) == [1, 2]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("{}", "customers is required"),
        ('{"more": [1]}', "customers is required"),
        ('{"customers": 7}', "got a number"),
        ('{"customers": "%s"}' % ("x," * ONE_LIMIT), "got text"),
        ('{"customers": {"a": "%s"}}' % ("x," * ONE_LIMIT), "got an object"),
    ],
)
def test_what_an_object_lacks_is_told_as_of_a_small_body(body: str, says: str) -> None:
    with pytest.raises(ValidationError) as error:
        in_steps(body)
    assert says in error.value.errors[0].message
    with pytest.raises(ValidationError) as small:
        list_in(json.loads(body), "customers")
    assert small.value.errors == error.value.errors


def test_who_is_too_large_is_refused_under_its_number(client: FlaskClient, whole: dict[str, Any]) -> None:
    answer = client.post("/batch_predict", json=[whole, whole | {"note": "x" * ONE_LIMIT}, whole])
    assert answer.status_code == 200
    rows = answer.get_json()["predictions"]
    assert [row["success"] for row in rows] == [True, False, True]
    (fault,) = rows[1]["errors"]
    assert (fault["field"], fault["code"]) == ("customer", "out_of_range")
    assert fault["message"].startswith("A customer takes at most 64 KiB; got 6")


@pytest.mark.parametrize("size", [ONE_LIMIT - 1, ONE_LIMIT, ONE_LIMIT + 1])
def test_the_limit_of_one_is_exact(size: int) -> None:
    body = "x" * (size - 2)
    assert in_steps(f'[1, "{body}"]') == [1, body if size <= ONE_LIMIT else Oversized(size)]


def test_no_more_are_read_than_are_taken() -> None:
    assert len(in_steps("[" + ",".join("0" * 5) + "]", 5)) == 5
    with pytest.raises(RequestTooLarge, match="more customers than the 5 "):
        in_steps("[" + ",".join("0" * 1_000_000) + "no JSON", 5)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("[1,\n 2 3]", "Expecting ',' delimiter at line 2, column 4"),
        ("[1,]", "Expecting value at line 1, column 4"),
        ("[,1]", "Expecting value at line 1, column 2"),
        ("[1", "Expecting ',' delimiter at line 1, column 3"),
        ("[", "Expecting value at line 1, column 2"),
        ('[1, {"a": 1,}]', "line 1, column"),
        ("[1] 2", "Extra data at line 1, column 5"),
        ('{"customers": [1]', "Expecting ',' delimiter at line 1, column 18"),
        ("[1]}", "Extra data at line 1, column 4"),
        ('{"customers": [1],}', "Expecting property name enclosed in double quotes at line 1, column 19"),
        ('{"customers" [1]}', "Expecting ':' delimiter at line 1, column 14"),
        ("{7: [1]}", "Expecting property name enclosed in double quotes at line 1, column 2"),
        ("7", "must be .* got a number"),
        ("[" + '{"a":' * 5_000, "line 1, column 25002|nested"),
        ('["\\ud800"]', "UTF-8"),
        ("[" + "9" * 5_000 + "]", "digits"),
        ('["' + "x" * ONE_LIMIT, "Unterminated string"),
        (b'["\xff"]', "UTF-8"),
    ],
)
def test_what_is_no_list_is_refused_with_its_place(body: str | bytes, says: str) -> None:
    with pytest.raises(InvalidBody, match=says):
        in_steps(body)


def names(first: int, count: int, value: str = "0") -> str:
    return "{" + ",".join(f'"{number:x}":{value}' for number in range(first, first + count)) + "}"


@pytest.mark.parametrize(
    "hostile",
    [
        f"[{names(0, 209_000)}]",
        "[" + ",".join(names(10_000 * row, 5_000) for row in range(32)) + "]",
        f"[{names(0, 150_000, 'NaN')}, ]",
        "[" + ",".join("[]" for _ in range(700_000)) + "]",
        names(0, 209_000),
    ],
    ids=["one of many names", "large ones", "no JSON", "many", "no list"],
)
def test_another_thread_gets_its_turns(hostile: str) -> None:
    """Against decoding at once, in the same run: the longest time that another thread waits."""
    body = hostile.encode()
    # Other programs let a thread wait too, though not each time: by turns, so that both have the same neighbours.
    waits = [[longest_wait(work, body) for work in (in_steps, json.loads)] for _ in range(3)]
    steps, at_once = map(min, zip(*waits, strict=True))
    assert steps < max(at_once / 2, 0.03)


def longest_wait(work: Callable[[bytes], Any], body: bytes) -> float:
    def worked() -> None:
        with suppress(InvalidBody, RequestTooLarge, ValidationError, ValueError):
            work(body)

    waits, last, working = [], time.perf_counter(), True
    thread = Thread(target=worked)
    thread.start()
    while working:  # once more after its end, which may have come before this thread's first turn
        working = thread.is_alive()
        time.sleep(0.0005)
        last, before = time.perf_counter(), last
        waits.append(last - before)
    return max(waits)
