"""/customers over HTTP: what is held of a customer is told, and nothing is held once he is erased."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from flask.testing import FlaskClient
from tests.api.jobs.conftest import Bench
from tests.api.tracking.test_erasing import NAMES, OTHERS, ask, fill, hand_over, held, table
from tests.broken_files import with_a_damaged_body
from tests.telco import FIELDS

from churn import release
from churn.alerts import layout as alerts
from churn.store.directory import DirectoryStore
from churn.tracking import erasure
from churn.tracking.layout import OUTCOMES, PREDICTIONS, month_of
from churn.tracking.tables import PREDICTIONS as TABLE
from churn_api.app import create_app
from churn_api.jobs.release_cache import ReleaseCache
from churn_api.jobs.repository import JobRepository
from churn_api.settings import ApiSettings
from churn_api.tracking import compaction, customers
from churn_api.tracking.erasing import Erasing
from churn_api.tracking.parquet import PARQUET, to_bytes


class Worker:
    """The queue, and a worker who does each step at once, or none while it is `away`."""

    def __init__(self, store: DirectoryStore) -> None:
        self._erasing = Erasing(JobRepository(store), ReleaseCache(store))
        self.away = False
        self.sent = 0

    def send_tracking(self, step: str) -> bool:
        assert step == "erase"
        self.sent += 1
        if not self.away:
            self._erasing.erase()
        return not self.away


@pytest.fixture
def bench(store: DirectoryStore, publish: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(compaction, "FEW", 2)
    bench = Bench(store, publish(store))
    bench.clock.now = datetime.now(UTC)
    return bench


@pytest.fixture
def worker(store: DirectoryStore) -> Worker:
    return Worker(store)


@pytest.fixture
def client(settings: ApiSettings, worker: Worker) -> FlaskClient:
    app = create_app(settings)
    app.extensions["churn"].customers._queue = worker
    return app.test_client()


def path(name: str) -> Any:
    return "/customers/" + name.replace('"', "%22").replace(" ", "%20").replace("ü", "%C3%BC")


def test_what_is_held_of_a_customer_is_told_by_the_names_of_his_fields(client: FlaskClient, bench: Bench) -> None:
    fill(bench)
    answer = client.get(path(NAMES[1]))
    assert answer.status_code == 200, answer.json
    told = answer.json
    assert (told["success"], told["customerID"]) == (True, NAMES[1])
    assert [each["source"] for each in told["predictions"]].count("job") == 2
    assert {each["release"] for each in told["predictions"]} == {bench.version}
    moments = [each["scored_at"] for each in told["predictions"]]
    assert moments == sorted(moments)
    [first, *_] = [each for each in told["predictions"] if each["source"] == "job"]
    assert set(first["fields"]) == set(FIELDS)
    assert first["fields"]["Contract"] in ("Month-to-month", "One year", "Two year")
    assert type(first["fields"]["tenure"]) is int
    assert type(first["fields"]["SeniorCitizen"]) is int
    left = [outcome["left_at"] for outcome in told["outcomes"]]
    assert sorted(left) == ["2026-01-03", bench.clock.now.date().isoformat()]
    assert {name for outcome in told["outcomes"] for name in outcome} == {"received_at", "left_at"}


def test_absent_fields_are_left_out(client: FlaskClient, bench: Bench) -> None:
    header, row = table(NAMES[:1]).decode().splitlines()
    cells = row.split(",")
    cells[header.split(",").index("PaymentMethod")] = ""
    bench.submit(f"{header}\n{','.join(cells)}\n".encode())
    bench.drain()
    [told] = client.get(path(NAMES[0])).json["predictions"]
    assert set(told["fields"]) == set(FIELDS) - {"PaymentMethod"}
    assert told["assumed"] == 1


def test_the_fields_of_a_release_that_is_gone_are_null(client: FlaskClient, bench: Bench) -> None:
    bench.submit(table(NAMES[:1]))
    bench.drain()
    bench.store.delete([release.manifest_key(bench.version)])
    [told] = client.get(path(NAMES[0])).json["predictions"]
    assert told["fields"] is None
    assert 0 < told["probability"] < 1


def test_all_is_told_although_files_are_made_one_meanwhile(
    client: FlaskClient, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        bench.submit(table(NAMES))
        bench.drain()
        bench.clock.pass_by(seconds=1)
    # As files of jobs that are to be looked at for alerts are left alone.
    bench.store.delete([entry.key for entry in bench.store.list(alerts.DUE)])
    store = client.application.extensions["churn"].store
    get, folder = store.get, f"{PREDICTIONS}{month_of(bench.clock.now)}"
    later, once = bench.clock.now + timedelta(hours=2), iter([True])

    def made_one_before(key: str) -> Any:
        if key.startswith(PREDICTIONS) and next(once, False):
            compaction.Compaction(bench.store, lambda: later).compact(folder)
        return get(key)

    monkeypatch.setattr(store, "get", made_one_before)
    assert len(client.get(path(NAMES[0])).json["predictions"]) == 3
    assert len(list(store.list(folder))) == 1


def test_of_nobody_nothing_is_held(client: FlaskClient, bench: Bench) -> None:
    answer = client.get("/customers/nobody")
    assert answer.status_code == 404
    assert "'nobody'" in answer.json["error"] or '"nobody"' in answer.json["error"]


@pytest.mark.parametrize("name", ["x" * 65, "a%09b", "%20"])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_what_is_no_id_is_refused(client: FlaskClient, bench: Bench, name: str, method: str) -> None:
    answer = client.open(f"/customers/{name}", method=method)
    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"] == "customerID"


@pytest.mark.parametrize("name", NAMES)
def test_an_erased_customer_is_held_nowhere(client: FlaskClient, bench: Bench, name: str) -> None:
    fill(bench)
    answer = client.delete(path(name))
    assert (answer.status_code, answer.data) == (204, b"")
    assert held(bench, name) == []
    assert client.get(path(name)).status_code == 404
    assert client.get(path(OTHERS[0])).status_code == 200
    assert client.delete(path(name)).status_code == 204, "asking again is no mistake"


def test_an_erasure_that_takes_long_goes_on_after_the_answer(
    client: FlaskClient, bench: Bench, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(customers, "PATIENCE_SECONDS", 0.5)
    monkeypatch.setattr(customers, "_SEND_SECONDS", 0.1)
    fill(bench)
    worker.away = True
    answer = client.delete(path(NAMES[0]))
    assert (answer.status_code, answer.headers["Retry-After"]) == (202, "10")
    assert "goes on" in answer.json["message"]
    assert worker.sent > 1
    worker.away = False
    assert client.delete(path(NAMES[0])).status_code == 204
    assert held(bench, NAMES[0]) == []


def test_who_asks_again_while_it_takes_longer_than_he_waits_sees_its_end_and_has_it_done_once_more(
    client: FlaskClient, bench: Bench, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(customers, "PATIENCE_SECONDS", 0.1)
    worker.away = True
    assert client.delete(path(NAMES[0])).status_code == 202
    (taken,) = erasure.under_way(bench.store)
    assert client.delete(path(NAMES[0])).status_code == 202
    assert not erasure.end(bench.store, taken, erasure.PARTS)
    assert client.delete(path(NAMES[0])).status_code == 204
    assert erasure.is_any_under_way(bench.store), "what came in since is erased too"


def test_who_finds_others_waiting_is_told_at_once(client: FlaskClient, bench: Bench, worker: Worker) -> None:
    worker.away = True
    waiting = client.application.extensions["churn"].customers._waiting
    while waiting.acquire(blocking=False):
        pass
    assert client.delete(path(NAMES[0])).status_code == 202
    assert erasure.under_way(bench.store)


def test_what_cannot_be_looked_up_within_the_limits_is_a_503(client: FlaskClient, bench: Bench) -> None:
    # A few kilobytes in the file; in memory a dict for each row of the customer.
    rows = pl.DataFrame({"customer_id": pl.repeat(NAMES[0], 2_000_000, eager=True)})
    rows = rows.with_columns(pl.lit(None, kind).alias(name) for name, kind in TABLE.items() if name != "customer_id")
    bench.store.put(f"{PREDICTIONS}month=2026-11/bomb.parquet", to_bytes(rows, {"version": "1"}), content_type=PARQUET)
    answer = client.get(path(NAMES[0]))
    assert answer.status_code == 503
    assert answer.json["error_type"] == "LookUpFailed"


def test_what_is_no_table_stops_no_look_and_no_erasure_is_done_before_it_is_read(
    client: FlaskClient, bench: Bench, worker: Worker, caplog: pytest.LogCaptureFixture
) -> None:
    fill(bench)
    told = client.get(path(NAMES[0])).json
    keys = [
        f"{root}month=2026-11/{name}.parquet"
        for root in (PREDICTIONS, OUTCOMES)
        for name in ("torn", "damaged", "foreign")
    ]
    for key in keys:
        data = to_bytes(pl.DataFrame({"customer_id": [1]}), {})
        data = data[:-9] if "torn" in key else with_a_damaged_body(data) if "damaged" in key else data
        bench.store.put(key, data, content_type=PARQUET)
    assert client.get(path(NAMES[0])).json == told
    assert all(f"{key} is passed over. Delete it, or replace it by a copy" in caplog.text for key in keys)
    caplog.clear()
    for _ in range(2):
        answer = client.delete(path(NAMES[0]))
        assert answer.status_code == 202, "he may be in what cannot be read"
    unreadable = sorted(key for key in keys if "foreign" not in key)
    assert f"{', '.join(unreadable)}. Delete it, or replace it by a copy" in answer.json["message"]
    assert all(f"{key} cannot be read: nobody is erased" in caplog.text for key in unreadable)
    caplog.clear()
    worker._erasing.erase()
    assert "cannot be read" not in caplog.text, "it was said once"
    bench.store.delete(unreadable[1:])
    copy = pl.DataFrame({"customer_id": [NAMES[0], OTHERS[0]]})
    bench.store.put(unreadable[0], to_bytes(copy, {"version": "1"}), content_type=PARQUET)
    worker._erasing.erase()
    assert not erasure.is_any_under_way(bench.store), "what waited ends by itself"
    assert held(bench, NAMES[0]) == []
    assert unreadable[0] in held(bench, OTHERS[0])
    assert client.delete(path(NAMES[0])).status_code == 204


def test_customers_come_back_only_with_what_is_new(client: FlaskClient, bench: Bench) -> None:
    hand_over(bench, [NAMES[0]], bench.clock.now)
    ask(bench, NAMES[0])
    assert client.delete(path(NAMES[0])).status_code == 204
    bench.clock.pass_by(minutes=10)
    bench.submit(table(NAMES[:1]))
    bench.drain()
    assert len(client.get(path(NAMES[0])).json["predictions"]) == 1
