"""Which run is kept as that of a day, and how sums are put together."""

from typing import Any

import pytest

from churn.store.directory import DirectoryStore
from churn.tracking import daily
from churn.tracking.daily import Group


def group(label: str, customers: int) -> Group:
    return {
        "value": label,
        "label": label,
        "customers": customers,
        "at_risk": 1,
        "probability": customers / 4,
        "money": 10.0 * customers,
    }


def run(at: str, customers: int = 1000, job: str = "job_1") -> Any:
    total = {"customers": customers, "at_risk": 9, "probability": customers / 4, "money": 1.5}
    return {"job": job, "at": f"2026-11-{at}:00+00:00", "total": total}


@pytest.fixture
def kept(store: DirectoryStore) -> Any:
    """A function that keeps runs one after the other, and returns the jobs of the days that there are then."""

    def keep(*runs: Any) -> list[str]:
        for each in runs:
            daily.keep(store, each)
        return [found["job"] for name in daily.keys(store) if (found := daily.load(store, name))]

    return keep


def test_a_day_has_its_last_run(kept: Any) -> None:
    assert kept(run("23T08:00", job="a"), run("23T09:00", job="b")) == ["b"]
    assert kept(run("23T08:30", job="c")) == ["b"], "one that ended late, and began before, is none"


def test_of_two_runs_of_one_moment_the_same_is_kept_whoever_comes_first(kept: Any) -> None:
    day = "2026-03-01T00:00:00+00:00"
    first, second = (run("01T00:00", job=name) | {"at": day} for name in "ab")
    assert kept(second, first) == kept(first, second) == ["b"]


def test_keeping_a_run_again_writes_nothing(store: DirectoryStore, kept: Any) -> None:
    kept(run("23T08:00"))
    [before] = store.list("tracking/daily/")
    kept(run("23T08:00"))
    assert list(store.list("tracking/daily/")) == [before]


@pytest.mark.parametrize("small", ["23T07:00", "23T09:00"], ids=["before", "after"])
def test_a_few_customers_stand_for_nobody_of_a_day_with_many(kept: Any, small: str) -> None:
    few, many = run(small, 99, "few"), run("23T08:00", 1000, "many")
    assert kept(few, many) == kept(many, few) == ["many"]


def test_a_few_customers_are_no_run_of_another_day_while_the_last_one_is_recent(kept: Any) -> None:
    assert kept(run("02T08:00", 1000, "all"), run("10T08:00", 99, "few")) == ["all"]
    assert kept(run("11T08:00", 100, "tenth")) == ["all", "tenth"]


def test_fewer_customers_count_when_the_last_run_is_long_ago(kept: Any) -> None:
    old = run("01T08:00", 1000, "old") | {"at": "2026-09-01T08:00:00+00:00"}
    assert kept(old, run("23T08:00", 5, "new")) == ["old", "new"]


def test_nobody_is_no_run(kept: Any) -> None:
    assert kept(run("23T08:00", 0)) == []


def test_what_cannot_be_read_is_replaced(store: DirectoryStore, kept: Any) -> None:
    for text in (b"{", b"[]", b'{"at": "yesterday"}', b'{"at": "2026-11-23", "total": {"customers": null}}'):
        store.put("tracking/daily/2026-11-23.json", text, content_type="application/json")
        assert daily.load(store, "tracking/daily/2026-11-23.json") is None
        assert kept(run("23T08:00")) == ["job_1"]


def test_days_before_the_first_one_that_is_kept_are_named(store: DirectoryStore, kept: Any) -> None:
    kept(run("02T08:00"), run("03T08:00"), run("04T08:00"))
    oldest = daily.day_of(run("03T23:59"))
    assert daily.expired(store, oldest) == ["tracking/daily/2026-11-02.json"]


def test_many_groups_are_the_largest_and_one_of_the_others() -> None:
    groups = [group(f"v{number:02}", 100 - number if number % 2 else number) for number in range(30)]
    [segment] = daily.shortened([{"field": "city", "title": "City", "groups": groups}])
    found = segment["groups"]
    assert len(found) == daily.MOST_GROUPS + 1
    assert [each["label"] for each in found] == [f"v{number:02}" for number in range(1, 24, 2)] + ["Other"]
    assert found[-1]["value"] is None
    for name in ("customers", "at_risk", "probability", "money"):
        assert sum(each[name] for each in found) == sum(each[name] for each in groups if each["customers"])  # type: ignore[literal-required]


def test_groups_without_customers_are_left_out() -> None:
    groups = [group("a", 0), group("b", 2)]
    assert daily.shortened([{"field": "x", "title": "X", "groups": groups}])[0]["groups"] == groups[1:]


def test_no_part_has_no_sums() -> None:
    assert daily.merged([]) is None
