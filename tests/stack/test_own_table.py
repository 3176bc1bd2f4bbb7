"""Another operator's table on the real stack: trained, promoted by name under load, served, and taken back."""

import random
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest
import requests
from playwright.sync_api import expect
from tests.stack.test_jobs import HEAD, ROWS, finished, submit
from tests.stack.test_lifecycle import releases, version
from tests.stack.test_newcomer import SEVEN_FIELDS

DECLARATION = Path(__file__).parents[1] / "operators" / "bank.toml"
ROWS_IN_FLIGHT = 50_000
BANK_CUSTOMER = {
    "Geography": "France",
    "Age": 40,
    "Tenure": 3,
    "Balance": 1200.5,
    "NumOfProducts": "2",
    "IsActiveMember": "1",
}
CUSTOMERS = {"telco": SEVEN_FIELDS, "bank": BANK_CUSTOMER}


@pytest.fixture(scope="module")
def bank_folder(data_folder, tmp_path_factory) -> Path:
    """A folder with the bank's table and declaration, as its owner would lay them down."""
    table = data_folder / "operators" / "bank.csv"
    if not table.exists():
        pytest.skip(f"no {table}")
    folder = tmp_path_factory.mktemp("bank")
    for parent in (folder, *folder.parents[:2]):
        parent.chmod(0o755)
    shutil.copy(DECLARATION, folder / "customer.toml")
    shutil.copy(table, folder / "bank.csv")
    return folder


@pytest.fixture(scope="module")
def bank_version(stack, bank_folder) -> str:
    """The release trained on the bank's table: published, and not in service."""
    before, serving = releases(stack), version(stack)
    own = stack.having(CHURN_DATA_DIR=str(bank_folder))
    said = own.compose("run", "--rm", "trainer", "train")
    (made,) = {prefix.rstrip("/").rpartition("/")[2] for prefix in releases(stack) - before}
    assert version(stack) == serving, said
    return made


@pytest.fixture(scope="module")
def bank_rows(bank_folder) -> list[bytes]:
    return (bank_folder / "bank.csv").read_bytes().splitlines()


@contextmanager
def asking(site: str) -> Iterator[Counter]:
    """Predictions of customers of both kinds all the time; how many of each were answered with each status, or not."""
    seen: Counter = Counter()
    stop = Event()

    def ask(kind: str) -> None:
        while not stop.is_set():
            try:
                seen[kind, requests.post(f"{site}/predict", json=CUSTOMERS[kind], timeout=10).status_code] += 1
            except requests.RequestException as fault:
                seen[kind, repr(fault)] += 1
            stop.wait(0.1)

    threads = [Thread(target=ask, args=(kind,)) for kind in CUSTOMERS]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@contextmanager
def in_flight(stack, rows: list[bytes]) -> Iterator[dict]:
    """A job that is accepted and stays unfinished within the block, because the worker stands still."""
    with stack.hanging("worker"):
        job = submit(stack, b"\n".join(rows) + b"\n").json()
        yield job
        assert requests.get(f"{stack.site}/jobs/{job['id']}", timeout=30).json()["finished_at"] is None


def promote(stack, name: str, eventually) -> None:
    """Promote a release and wait until it serves; every process of the API looks for itself."""
    stack.make("promote", f"VERSION={name}")
    eventually(lambda: all(version(stack) == name for _ in range(10)), seconds=15)


def test_a_swap_to_another_table_and_back_under_load_loses_nothing(stack, bank_version, bank_rows, eventually, browser):
    telco = version(stack)
    own = [b"%d-" % number + random.choice(ROWS) for number in range(ROWS_IN_FLIGHT)]
    telco_hash = requests.get(f"{stack.site}/schema", timeout=10).json()["hash"]
    with browser.new_context(base_url=stack.site) as context, asking(stack.site) as seen:
        page = context.new_page()
        page.goto("/#/customer")
        expect(page.get_by_label("Internet service", exact=True)).to_be_visible()
        with in_flight(stack, [HEAD, *own]) as first:
            promote(stack, bank_version, eventually)
        served = requests.get(f"{stack.site}/schema", timeout=10).json()
        assert (served["name"], served["hash"] != telco_hash) == ("bank", True)
        customer = {field["name"]: field["example"] for field in served["fields"]}
        answer = requests.post(f"{stack.site}/predict", json=customer, timeout=10).json()
        reasons = {reason["field"] for reason in answer["reasons"]}
        assert reasons
        assert reasons <= customer.keys()
        expect(page.get_by_label("Balance", exact=True)).to_be_visible(timeout=30_000)
        with in_flight(stack, bank_rows) as second:
            promote(stack, telco, eventually)
        expect(page.get_by_label("Internet service", exact=True)).to_be_visible(timeout=30_000)
        jobs = [finished(stack, job["id"], eventually) for job in (first, second)]
    assert [job["status"] for job in jobs] == ["completed", "completed"]
    assert [job["model_version"] for job in jobs] == [telco, bank_version]
    assert jobs[0]["request_counts"] == {"total": ROWS_IN_FLIGHT, "completed": ROWS_IN_FLIGHT, "failed": 0}
    counts = jobs[1]["request_counts"]
    assert counts["total"] == counts["completed"] + counts["failed"] == len(bank_rows) - 1
    assert {"RowNumber", "Surname"} <= set(jobs[1]["ignored_columns"])
    assert set(seen) == {(kind, status) for kind in CUSTOMERS for status in (200, 422)}, seen
