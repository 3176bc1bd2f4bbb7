"""Finding the customer table."""

import hashlib
import io
import json
import urllib.error
import urllib.request

import pytest
from tests.failing_store import FailingStore
from tests.telco import TELCO

from churn.errors import ObjectNotFound, StoreUnavailable
from churn.store.interface import ObjectStore
from churn_trainer.data import provenance, sample, sources
from churn_trainer.errors import DataNotFound, DataNotReadable, TableChanged
from churn_trainer.settings import TrainerSettings

NAME, KEY = TELCO.file, sources.key_of(TELCO)
TABLE = b"customerID,tenure\n1,2\n"


@pytest.fixture
def no_network(monkeypatch):
    """No download in tests: the answer is what a machine without network gets."""
    asked = []

    def refuse(url: str, timeout: float) -> None:
        asked.append((url, timeout))
        raise urllib.error.URLError("no network")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    return asked


def automatic(settings: TrainerSettings, source: str = "auto") -> TrainerSettings:
    return settings.model_copy(update={"data_source": source})


def test_the_file_comes_first(settings, store, tmp_path):
    (tmp_path / NAME).write_bytes(TABLE)
    store.put(KEY, b"another", content_type="text/csv")
    found = sources.find(automatic(settings), store, TELCO)
    assert (found.kind, found.sha256) == ("file", hashlib.sha256(TABLE).hexdigest())
    assert found.open().read() == TABLE


def test_without_a_file_the_store_is_asked(settings, store):
    store.put(KEY, TABLE, content_type="text/csv")
    found = sources.find(automatic(settings), store, TELCO)
    assert (found.kind, found.sha256) == ("store", hashlib.sha256(TABLE).hexdigest())


def test_the_stores_table_can_be_read_in_small_pieces_and_more_than_once(settings, store):
    store.put(KEY, TABLE * 1000, content_type="text/csv")
    found = sources.find(automatic(settings, "store"), store, TELCO)
    for _ in range(2):
        with found.open() as file:
            assert b"".join(iter(lambda: file.read(7), b"")) == TABLE * 1000


def test_without_both_the_public_copy_is_downloaded(settings, store, monkeypatch):
    monkeypatch.setattr(urllib.request, "urlopen", lambda *_, **__: io.BytesIO(TABLE))
    monkeypatch.setattr(sources, "PUBLIC_SHA256", hashlib.sha256(TABLE).hexdigest())
    found = sources.find(automatic(settings), store, TELCO)
    assert (found.kind, found.open().read()) == ("download", TABLE)


def test_a_download_that_is_another_file_is_refused(settings, store, monkeypatch):
    monkeypatch.setattr(urllib.request, "urlopen", lambda *_, **__: io.BytesIO(TABLE))
    with pytest.raises(DataNotFound, match="something else than IBM's table"):
        sources.find(automatic(settings, "download"), store, TELCO)


def test_a_download_that_hangs_is_given_up_in_time(settings, store, monkeypatch):
    monkeypatch.setattr(sources, "DOWNLOAD_SECONDS", 0.05)
    monkeypatch.setattr(sources, "_fetch", lambda _: None)
    with pytest.raises(DataNotFound, match="no answer within"):
        sources.find(automatic(settings, "download"), store, TELCO)


def test_without_anything_there_is_a_sample(settings, store, no_network):
    found = sources.find(automatic(settings), store, TELCO)
    assert (found.kind, found.open().read()) == ("sample", sample.csv_bytes())
    assert no_network == [(sources.PUBLIC_URL, sources.DOWNLOAD_SECONDS)]


def test_a_sample_that_an_earlier_run_left_in_the_store_is_still_called_one(settings, store, no_network):
    sources.keep(sources.find(automatic(settings), store, TELCO), store, TELCO)
    assert sources.find(automatic(settings), store, TELCO).kind == "sample"
    assert len(no_network) == 1


@pytest.mark.parametrize("kind", ["file", "store", "download"])
def test_a_source_that_is_forced_and_missing_is_an_error_with_its_remedy(settings, store, no_network, kind):
    with pytest.raises(DataNotFound, match=f"CHURN_DATA_SOURCE={kind} has no data"):
        sources.find(automatic(settings, kind), store, TELCO)


def test_a_forced_sample_is_taken_although_there_is_a_file(settings, store, tmp_path):
    (tmp_path / NAME).write_bytes(TABLE)
    assert sources.find(automatic(settings, "sample"), store, TELCO).kind == "sample"


def stored(store: ObjectStore) -> bytes:
    return store.get(KEY).data


def test_the_table_is_kept_in_the_store(settings, store, tmp_path):
    (tmp_path / NAME).write_bytes(TABLE)
    store.put(KEY, b"older", content_type="text/csv")
    assert sources.keep(sources.find(settings, store, TELCO), store, TELCO) is None
    assert stored(store) == TABLE


def test_a_sample_never_replaces_real_data(settings, store):
    store.put(KEY, TABLE, content_type="text/csv")
    remark = sources.keep(sources.find(automatic(settings, "sample"), store, TELCO), store, TELCO)
    assert "left as it is" in (remark or "")
    assert stored(store) == TABLE


@pytest.mark.parametrize("forced", ["auto", "file"])
def test_a_table_that_is_there_and_may_not_be_read_is_never_passed_over(settings, store, tmp_path, no_network, forced):
    (tmp_path / NAME).mkdir()
    with pytest.raises(DataNotReadable, match=f"{NAME} is a folder"):
        sources.find(automatic(settings, forced), store, TELCO)
    assert no_network == []


def test_a_table_of_another_name_is_named_where_another_is_taken(settings, store, tmp_path, no_network):
    (tmp_path / "customers.csv").write_bytes(TABLE)
    assert f"{tmp_path} holds customers.csv, but" in sources.find(automatic(settings), store, TELCO).passed_over
    with pytest.raises(DataNotFound, match=r"holds customers\.csv, but .* rename yours"):
        sources.find(automatic(settings, "file"), store, TELCO)


def test_beside_the_expected_table_others_are_none_of_our_business(settings, store, tmp_path):
    (tmp_path / "customers.csv").write_bytes(TABLE)
    (tmp_path / NAME).write_bytes(TABLE)
    assert sources.find(automatic(settings), store, TELCO).passed_over == ""


def read_all(source):
    with source.open() as file:
        return file.read()


@pytest.mark.parametrize("change", ["replaced", "written over", "cut off", "longer"])
def test_a_table_that_changes_between_two_readings_is_told(settings, store, tmp_path, change):
    (tmp_path / NAME).write_bytes(TABLE)
    source = sources.find(settings, store, TELCO)
    assert read_all(source) == TABLE
    if change == "replaced":
        (tmp_path / "new").write_bytes(TABLE.replace(b"2", b"3"))
        (tmp_path / "new").rename(tmp_path / NAME)
    else:
        data = {"written over": TABLE.replace(b"2", b"3"), "cut off": TABLE[:-1], "longer": TABLE * 2}[change]
        (tmp_path / NAME).write_bytes(data)
    with pytest.raises(TableChanged, match="was changed while it was read"):
        read_all(source)
    with pytest.raises(TableChanged):
        sources.keep(source, store, TELCO)
    with pytest.raises(ObjectNotFound):
        store.get(KEY)


def test_a_server_that_sends_more_than_the_public_table_is_not_listened_to_for_long(settings, store, monkeypatch):
    asked = []

    class Endless(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            asked.append(size)
            return b"x" * 10

    monkeypatch.setattr(urllib.request, "urlopen", lambda *_, **__: Endless())
    with pytest.raises(DataNotFound, match="something else"):
        sources.find(automatic(settings, "download"), store, TELCO)
    assert asked == [4_000_000]


def noted(store):
    return json.loads(store.get(provenance.KEY).data)


def test_what_is_kept_is_marked_by_its_kind(settings, store, tmp_path, no_network):
    sources.keep(sources.find(automatic(settings), store, TELCO), store, TELCO)
    assert noted(store) == {"source": "sample", "sha256": hashlib.sha256(sample.csv_bytes()).hexdigest()}
    (tmp_path / NAME).write_bytes(TABLE)
    sources.keep(sources.find(settings, store, TELCO), store, TELCO)
    assert noted(store) == {"source": "file", "sha256": hashlib.sha256(TABLE).hexdigest()}
    assert sources.find(automatic(settings, "store"), store, TELCO).kind == "store"


def test_a_sample_of_another_version_is_still_called_one(settings, store, monkeypatch, no_network):
    """With its mark by whatever ids it has, and without one by its ids."""
    with monkeypatch.context() as patch:
        patch.setattr(sample, "_SEED", 1)
        patch.setattr(sample, "_ID_END", "-OTHER")
        sources.keep(sources.find(automatic(settings), store, TELCO), store, TELCO)
        other = stored(store)
    assert other != sample.csv_bytes()
    assert sources.find(automatic(settings), store, TELCO)[:2] == ("sample", KEY)
    store.put(KEY, other.replace(b"-OTHER", b"-SAMPL"), content_type="text/csv")
    assert sources.find(automatic(settings), store, TELCO)[:2] == ("sample", KEY)
    store.put(KEY, other, content_type="text/csv")
    store.put(provenance.KEY, b"{", content_type="application/json")
    assert sources.find(automatic(settings), store, TELCO).kind == "store"


def test_a_sample_whose_columns_no_longer_fit_is_drawn_anew(settings, store, no_network):
    store.put(KEY, sample.csv_bytes().replace(b"gender", b"sex", 1), content_type="text/csv")
    with pytest.raises(DataNotFound, match="is a sample of other columns"):
        sources.find(automatic(settings, "store"), store, TELCO)
    found = sources.find(automatic(settings), store, TELCO)
    assert (found.kind, found.open().read()) == ("sample", sample.csv_bytes())
    assert sources.keep(found, store, TELCO) is None
    assert stored(store) == sample.csv_bytes()


@pytest.mark.parametrize("kind", ["sample", "file"])
def test_a_mark_and_its_table_never_contradict_each_other_however_far_writing_came(
    settings, store, tmp_path, no_network, kind
):
    sources.keep(sources.find(automatic(settings, "sample"), store, TELCO), store, TELCO)
    if kind == "sample":
        store.put(KEY, sample.csv_bytes().replace(b"gender", b"sex", 1), content_type="text/csv")
    else:
        (tmp_path / NAME).write_bytes(TABLE)
    source = sources.find(automatic(settings, kind), store, TELCO)
    for failing in (1, 2):
        with pytest.raises(StoreUnavailable):
            sources.keep(source, FailingStore(store, failing), TELCO)
        is_sample = stored(store) != TABLE
        assert provenance.is_sample(store, hashlib.sha256(stored(store)).hexdigest(), stored(store)[:4096]) == is_sample
