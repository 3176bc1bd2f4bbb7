"""Which tracked rows `make chaos` misses, and which it lets go."""

import io

import polars as pl
import pytest

from churn.errors import StoreUnavailable
from churn.store.directory import DirectoryStore
from churn.tracking.layout import INCOMING, OUTCOMES, PREDICTIONS
from churn_api.tracking.compaction import UNDER_WAY
from scripts import tracked_rows
from scripts.tracked_rows import HELD_SECONDS, RETRIED_SECONDS, Sent, Span, lost

RUN = "chaos-1"
JOB, SINGLE = f"0-{RUN}-job", f"0-{RUN}-live"
PARQUET = "application/vnd.apache.parquet"
KILLED = Span(1000, 1001)


@pytest.fixture
def store(tmp_path) -> DirectoryStore:
    store = DirectoryStore(tmp_path)
    write(store, f"{PREDICTIONS}month=2026-11/job.parquet", {"customer_id": [JOB, "other"], "source": ["job", "job"]})
    write(store, f"{PREDICTIONS}month=2026-11/live.parquet", {"customer_id": [SINGLE], "source": ["single"]})
    write(store, f"{OUTCOMES}month=2026-11/told.parquet", {"customer_id": [JOB, "other"], "left_at": [None, None]})
    return store


def write(store: DirectoryStore, key: str, columns: dict[str, list]) -> None:
    data = io.BytesIO()
    pl.DataFrame(columns).write_parquet(data)
    store.put(key, data.getvalue(), content_type=PARQUET)


def sent(**told) -> Sent:
    return Sent(RUN, **{"scored": [JOB], "told": [JOB], "answered": {SINGLE: 5.0}} | told)


def test_what_is_there_as_it_was_sent_is_fine_whatever_else_there_is(store):
    assert lost(store, sent(), patience=0) == 0


def test_a_stack_that_took_nothing_holds_nothing(tmp_path):
    assert lost(DirectoryStore(tmp_path), Sent(RUN), patience=0) == 0


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"scored": [JOB, f"1-{RUN}"]}, f"1 accepted rows are not in {PREDICTIONS}, such as 1-{RUN}."),
        ({"told": [JOB, f"1-{RUN}"]}, f"1 accepted rows are not in {OUTCOMES}, such as 1-{RUN}."),
        ({"scored": []}, f"1 rows that were not accepted are in {PREDICTIONS}, such as {JOB}."),
        ({"told": []}, f"1 rows that were not accepted are in {OUTCOMES}, such as {JOB}."),
        ({"answered": {f"1-{RUN}": 5.0}}, f"1 answered predictions are not in {PREDICTIONS}, such as 1-{RUN}."),
    ],
)
def test_what_is_missing_or_was_never_accepted_is_named(store, told, words):
    with pytest.raises(SystemExit, match=words):
        lost(store, sent(**told), patience=0)


@pytest.mark.parametrize("folder", [PREDICTIONS, OUTCOMES])
def test_a_row_that_is_there_twice_is_named(store, folder):
    write(store, f"{folder}month=2026-12/again.parquet", {"customer_id": [JOB], "source": ["job"]})
    with pytest.raises(SystemExit, match=f"2 rows are more than once in {folder}, such as {JOB}"):
        lost(store, sent(), patience=0)


def test_what_has_not_been_taken_in_is_waited_for(store, monkeypatch):
    key = f"{INCOMING}20261129T210000-1.json"
    store.put(key, f'["{SINGLE}"]'.encode(), content_type="application/json")
    with pytest.raises(SystemExit, match=f"1 objects below {INCOMING} have not been taken in"):
        lost(store, sent(), patience=0)
    monkeypatch.setattr(tracked_rows.time, "sleep", lambda _: store.delete([key]))
    assert lost(store, sent()) == 0


def test_what_others_have_handed_over_is_not(store):
    store.put(f"{INCOMING}20261129T210000-1.json", b'["other"]', content_type="application/json")
    assert lost(store, sent(), patience=0) == 0


def test_a_merge_is_waited_for(store):
    store.put(UNDER_WAY, b"{}", content_type="application/json")
    with pytest.raises(SystemExit, match="Files are being merged"):
        lost(store, sent(), patience=0)


def test_a_store_that_is_away_is_asked_again(store, monkeypatch):
    away = [StoreUnavailable("here", "a test")]
    get = store.get
    monkeypatch.setattr(tracked_rows.time, "sleep", lambda _: away.clear())

    def unsteady(key: str):
        if away:
            raise away[0]
        return get(key)

    monkeypatch.setattr(store, "get", unsteady)
    assert lost(store, sent()) == 0


@pytest.mark.parametrize(
    ("moment", "away", "may"),
    [
        (KILLED.start - HELD_SECONDS, [], True),
        (KILLED.end, [], True),
        (KILLED.end + 0.1, [], False),
        (KILLED.start - HELD_SECONDS - 0.1, [], False),
        (KILLED.start - HELD_SECONDS - RETRIED_SECONDS - 2, [Span(990, 992)], True),
        (KILLED.start - HELD_SECONDS - RETRIED_SECONDS - 2.1, [Span(990, 992)], False),
        (KILLED.start - HELD_SECONDS - 0.1, [Span(1002, 1004)], False),
        (KILLED.start - HELD_SECONDS - 0.1, [Span(920, 925)], False),
    ],
)
def test_only_what_a_killed_process_may_have_held_may_be_lost(store, moment, away, may):
    name = f"1-{RUN}-live"
    told = sent(answered={SINGLE: 5.0, name: moment}, killed=[KILLED], away=away)
    if may:
        assert lost(store, told, patience=0) == 1
    else:
        with pytest.raises(SystemExit, match=f"1 answered predictions are not in {PREDICTIONS}, such as {name}"):
            lost(store, told, patience=0)
