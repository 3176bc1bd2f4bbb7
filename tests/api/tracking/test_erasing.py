"""Erasing: nothing that the store holds names the customer any more, and his neighbours are as they were."""

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import polars as pl
import pytest
from tests.api.jobs.conftest import HEADER, SAMPLE, Bench
from tests.api.jobs.test_tracking import CALLS, Cut, Killed
from tests.telco import FIELDS

from churn.store.directory import DirectoryStore
from churn.tracking import erasure, outcomes
from churn.tracking.layout import INCOMING, OUTCOMES, PREDICTIONS
from churn.tracking.outcome_schema import OutcomeSchema
from churn_api.jobs import ids, paths
from churn_api.jobs.ids import new_id
from churn_api.jobs.release_cache import ReleaseCache
from churn_api.tracking import compaction, incoming
from churn_api.tracking.erasing import Erasing
from churn_api.tracking.incoming import Handover, Refusals, Rows
from churn_api.tracking.parquet import PARQUET
from churn_api.tracking.tidying import Tidying

NAMES = ["7590-VHVEG", '=a "b", c/ü', "12"]
OTHERS = ["7590-VHVEG2", "x7590-VHVEG", "120", "left"]


@pytest.fixture
def bench(store: DirectoryStore, publish: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(compaction, "FEW", 2)
    bench = Bench(store, publish(store))
    bench.clock.now = datetime.now(UTC)
    return bench


@pytest.fixture
def erasing(bench: Bench) -> Erasing:
    return Erasing(bench.repository, ReleaseCache(bench.store))


def table(names: list[str], *faulty: str) -> bytes:
    """A CSV of customers with these ids, in quotes where they need them; the rows of some are `faulty`."""
    row = HEADER.decode().strip().split(",")
    lines = SAMPLE.decode().splitlines()[1:]
    cells = [line.split(",") for line in lines[: len(names)]]
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\r\n")
    writer.writerow(row)
    for name, line in zip(names, cells, strict=True):
        if name in faulty:
            line[row.index("tenure")] = "999"
        writer.writerow([name, *line[1:]])
    return target.getvalue().encode()


def contents(bench: Bench) -> dict[str, Any]:
    """Every object: a Parquet file as its columns, anything else as its bytes."""
    found: dict[str, Any] = {}
    for entry in bench.store.list(""):
        data = bench.store.get(entry.key).data
        found[entry.key] = pl.read_parquet(io.BytesIO(data)) if entry.key.endswith(".parquet") else data
    return found


def held(bench: Bench, name: str) -> list[str]:
    """The keys of all objects that hold an id as a whole cell."""
    found = []
    quoted = name.replace('"', '""')
    for key, content in contents(bench).items():
        if isinstance(content, pl.DataFrame):
            if name in content["customer_id"].to_list():
                found.append(key)
        elif key.endswith(".csv"):
            rows = list(csv.reader(io.StringIO(content.decode(), newline="")))
            if any(name in (cell, cell.removeprefix("'")) for row in rows for cell in row[:2]):
                found.append(key)
        elif len(name) > 2 and (name.encode() in content or quoted.encode() in content):
            found.append(key)
    return found


def hand_over(bench: Bench, names: list[str], moment: datetime) -> None:
    columns = [[0] * len(names) for _ in FIELDS]
    count = len(names)
    moments = [int(moment.timestamp() * 1e6)] * count
    rows = Rows(bench.version, "single", names, moments, [0.5] * count, [0] * count, columns)
    data = msgspec.json.encode(Handover(incoming.VERSION, [rows], Refusals()))
    bench.store.put(incoming.new_key(moment), data, content_type="application/json")


def outcome_file(bench: Bench, names: list[str]) -> str:
    day = bench.clock.now.date()
    rows = pl.DataFrame(
        [
            {"customer_id": name, "left_at": day, "received_at": bench.clock.now, "row": number}
            for number, name in enumerate(names, 1)
        ],
        schema=outcomes.COLUMNS,
    )
    target = io.BytesIO()
    rows.write_parquet(target, metadata={"version": outcomes.VERSION})
    key = f"{OUTCOMES}month=2026-11/{'a' * 64}.parquet"
    bench.store.put(key, target.getvalue(), content_type=PARQUET)
    return key


def told(names: list[str]) -> bytes:
    """A CSV of outcomes, of which every other is refused."""
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(["left_at", "customerID"])
    writer.writerows([["2026-01-03" if number % 2 else "soon", name] for number, name in enumerate(names)])
    return target.getvalue().encode()


def fill(bench: Bench) -> None:
    """Rows of everybody in every place."""
    for _ in range(2):
        bench.submit(table([*NAMES, *OTHERS], NAMES[0], OTHERS[0]))
        bench.submit(table([*OTHERS[:2], *NAMES], NAMES[1]))
        bench.drain()
    for minute in range(4):
        hand_over(bench, [*NAMES, *OTHERS], bench.clock.now - timedelta(minutes=minute))
    Tidying(bench.store, ReleaseCache(bench.store), 400, clock=bench.clock).tidy()
    hand_over(bench, [*NAMES, *OTHERS], bench.clock.now)
    outcome_file(bench, [*NAMES, *OTHERS])
    schema = OutcomeSchema(bench.clock.now.date())
    bench.submissions.accept([told([*NAMES, *OTHERS])], "left.csv", None, "", schema, kind=ids.OUTCOMES)
    bench.drain()
    bench.store.put("data/raw/telco_customer_churn.csv", table([*OTHERS, *NAMES]), content_type="text/csv")


def ask(bench: Bench, *names: str) -> None:
    for name in names:
        erasure.ask(bench.store, name, bench.clock.now)


def test_no_object_holds_the_erased_and_the_others_are_as_they_were(bench: Bench, erasing: Erasing) -> None:
    fill(bench)
    assert len({key.partition("/")[0] for key in held(bench, NAMES[0])}) == 3
    assert any("merged" in key for key in held(bench, NAMES[0]))
    before = contents(bench)
    ask(bench, *NAMES)
    erasing.erase()
    assert [held(bench, name) for name in NAMES] == [[], [], []]
    assert not erasure.under_way(bench.store)
    after = contents(bench)
    for key, content in before.items():
        if isinstance(content, pl.DataFrame):
            rest = content.filter(~pl.col("customer_id").is_in(NAMES))
            assert after[key].equals(rest), key
        elif key.startswith(("jobs/job_", "jobs/out_")) and key.endswith(".csv"):
            gone = [line for line in content.splitlines(keepends=True) if line not in after[key]]
            kept = [line for line in content.splitlines(keepends=True) if line in after[key]]
            assert b"".join(kept) == after[key]
            assert all(any(name.split('"')[0].encode() in line for name in NAMES) for line in gone)
        elif not key.startswith((INCOMING, "data/raw", "tracking/tidying")):
            assert after[key] == content, key
    [fresh] = [key for key in after.keys() - before.keys() if key.startswith(PREDICTIONS)]
    assert after[fresh]["customer_id"].to_list() == OTHERS
    assert after["data/raw/telco_customer_churn.csv"] == table(OTHERS)


def test_files_without_the_customer_are_not_written_again(bench: Bench, erasing: Erasing) -> None:
    fill(bench)
    before = {entry.key: entry.modified for entry in bench.store.list("") if not entry.key.startswith(INCOMING)}
    ask(bench, "nobody")
    erasing.erase()
    after = {entry.key: entry.modified for entry in bench.store.list("")}
    assert [key for key, moment in before.items() if after[key] != moment] == ["tracking/tidying.json"]


def test_an_erasure_waits_for_the_end_of_a_job_that_holds_the_customer(bench: Bench, erasing: Erasing) -> None:
    job = bench.submit(table([*NAMES, *OTHERS]))
    bench.take()
    bench.clock.pass_by(seconds=1)
    ask(bench, NAMES[0], "nobody")
    erasing.erase()
    assert [each.customer_id for each in erasure.under_way(bench.store)] == [NAMES[0]]
    bench.drain()
    assert bench.status(job) == "completed"
    erasing.erase()
    assert not erasure.under_way(bench.store)
    assert held(bench, NAMES[0]) == []
    assert held(bench, OTHERS[0])


def test_a_job_that_is_accepted_later_holds_nothing_back(bench: Bench, erasing: Erasing) -> None:
    ask(bench, NAMES[0])
    bench.clock.pass_by(seconds=1)
    bench.submit(table([*NAMES, *OTHERS]))
    erasing.erase()
    assert not erasure.under_way(bench.store)


def test_what_a_cancelled_job_left_is_erased_too(bench: Bench, erasing: Erasing) -> None:
    job = bench.submit(table([*NAMES, *OTHERS]))
    bench.take()
    bench.job_service.cancel(job.id)
    bench.drain()
    bench.store.put(paths.chunk(job.id, 0, "results"), table(NAMES), content_type="text/csv")
    ask(bench, *NAMES)
    erasing.erase()
    assert [held(bench, name) for name in NAMES] == [[], [], []]


def test_a_job_whose_record_cannot_be_read_holds_nobody_back(bench: Bench, erasing: Erasing) -> None:
    job = bench.submit(table([*NAMES, *OTHERS]))
    bench.drain()
    bench.store.put(paths.record(job.id), b"{", content_type="application/json")
    bench.clock.pass_by(seconds=1)
    ask(bench, *NAMES)
    erasing.erase()
    assert not erasure.under_way(bench.store)
    assert [held(bench, name) for name in NAMES] == [[], [], []]


def test_nothing_of_a_job_that_is_deleted_meanwhile_is_written_again(
    bench: Bench, erasing: Erasing, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = bench.submit(table([*NAMES, *OTHERS]))
    bench.drain()
    bench.clock.pass_by(seconds=1)
    ask(bench, NAMES[0])
    write = bench.store.write

    def deleted_before(key: str, blocks: Any, **options: Any) -> Any:
        data = b"".join(blocks)
        if key == paths.file(job.id, "results"):
            bench.job_service.delete(job.id)
        return write(key, [data], **options)

    monkeypatch.setattr(bench.store, "write", deleted_before)
    erasing.erase()
    assert not erasure.under_way(bench.store)
    assert bench.held() == []


def test_an_upload_that_became_no_job_is_erased_once_it_never_will(bench: Bench, erasing: Erasing) -> None:
    orphan = new_id(bench.clock.now)
    bench.store.put(paths.upload(orphan), table(NAMES), content_type="text/csv")
    ask(bench, NAMES[0])
    erasing.erase()
    assert erasure.under_way(bench.store)
    bench.clock.pass_by(hours=2)
    erasing.erase()
    assert not erasure.under_way(bench.store)
    assert held(bench, NAMES[0]) == []


@pytest.mark.parametrize("number", range(0, 60, 4))
def test_an_erasure_that_is_cut_off_goes_on(
    bench: Bench, erasing: Erasing, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr("churn.store.directory.os.fsync", lambda _: None)
    fill(bench)
    ask(bench, *NAMES)
    cut = Cut(number, Killed(), done=number % 8 == 0)
    with monkeypatch.context() as patch:
        for name in CALLS:
            patch.setattr(bench.store, name, cut.over(getattr(bench.store, name)))
        try:
            erasing.erase()
        except Killed:
            assert erasure.under_way(bench.store)
    erasing.erase()
    assert [held(bench, name) for name in NAMES] == [[], [], []]
