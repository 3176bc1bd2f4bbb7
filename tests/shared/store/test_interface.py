"""What every kind of store does: keys, conditional writes, lists. Large objects are in test_store_streams.py."""

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from churn.errors import ConfigurationError, InvalidKey, ObjectNotFound, PreconditionFailed, StoreUnavailable
from churn.store.interface import ObjectStore
from churn.store.opening import open_store
from churn.store.s3_parts import PART_BYTES

TEXT = "text/plain"


def keys(store: ObjectStore, prefix: str = "", **limits: object) -> list[str]:
    return [entry.key for entry in store.list(prefix, **limits)]


@pytest.mark.parametrize(
    "key",
    ["a", "a/b/c.json", "a b+c%20d", "é/日本/~!@#$&*()=;:',.[]{}", ".hidden", "a..b", "-", "x" * 255, "a/" * 300 + "b"],
)
def test_what_is_put_under_any_plain_key_is_got(store: ObjectStore, key: str) -> None:
    store.put(key, b"content", content_type=TEXT)
    assert store.get(key).data == b"".join(store.read(key)) == b"content"
    assert keys(store) == [key]
    store.delete([key])
    assert keys(store) == []


@pytest.mark.parametrize(
    "key",
    [
        "", "/", "/etc/passwd", "../secret", "a/../../secret", "a/..", "a/./b", "a//b", "a/", "a\\b", "a\nb", "a\0b",
        "\ud800", "x" * 256, "a/" * 600 + "b",
    ],
)  # fmt: skip
def test_a_key_that_could_leave_the_store_is_refused_everywhere(store: ObjectStore, key: str) -> None:
    calls: list[Callable[[], object]] = [
        lambda: store.get(key),
        lambda: store.head(key),
        lambda: store.read(key),
        lambda: store.put(key, b"", content_type=TEXT),
        lambda: store.write(key, [b""], content_type=TEXT),
        lambda: store.concatenate(key, [], content_type=TEXT),
        lambda: store.concatenate("good", [key], content_type=TEXT),
        lambda: store.delete([key]),
    ]
    for call in calls:
        with pytest.raises(InvalidKey):
            call()


@pytest.mark.parametrize("prefix", ["../", "/etc/", "a//", "a/../"])
def test_a_prefix_that_could_leave_the_store_is_refused(store: ObjectStore, prefix: str) -> None:
    with pytest.raises(InvalidKey):
        store.list(prefix)
    with pytest.raises(InvalidKey):
        store.folders(prefix)
    with pytest.raises(InvalidKey):
        store.folders("half-a-name")


def test_a_missing_object_is_not_found_at_once(store: ObjectStore) -> None:
    store.put("folder/there", b"1", content_type=TEXT)
    for key in ("none", "folder", "folder/there/below"):
        calls: list[Callable[[], object]] = [
            lambda key=key: store.get(key),
            lambda key=key: store.head(key),
            lambda key=key: store.read(key),
            lambda key=key: store.read(key, start=3, end=3),
            lambda key=key: store.fetch(key, start=0, end=3),
            lambda key=key: store.concatenate("joined", ["folder/there", key], content_type=TEXT),
        ]
        for call in calls:
            with pytest.raises(ObjectNotFound, match=key):
                call()
    assert keys(store) == ["folder/there"]


def test_all_ways_to_an_object_tell_the_same_etag_and_size(store: ObjectStore) -> None:
    put = store.put("small", b"12345", content_type=TEXT)
    store.write("large", [b"x" * (PART_BYTES + 1)], content_type=TEXT)
    large = store.head("large")
    assert put == store.get("small").etag == store.head("small").etag
    assert large.etag == store.get("large").etag
    assert large.size == PART_BYTES + 1
    assert [entry[:3] for entry in store.list("")] == [store.head(key)[:3] for key in ("large", "small")]
    assert abs(store.head("small").modified - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_new_content_has_a_new_etag(store: ObjectStore) -> None:
    etags = [store.put("key", bytes([value]), content_type=TEXT) for value in range(30)]
    assert len(set(etags)) == 30
    assert store.head("key").etag == etags[-1]


def test_of_twenty_who_create_one_object_exactly_one_wins(store: ObjectStore) -> None:
    def create(number: int) -> bool:
        try:
            store.put("one", b"%d" % number, content_type=TEXT, if_absent=True)
        except PreconditionFailed:
            return False
        return True

    with ThreadPoolExecutor(20) as pool:
        won = list(pool.map(create, range(20)))
    assert won.count(True) == 1
    assert store.get("one").data == b"%d" % won.index(True)


def test_compare_and_swap_loses_no_update(store: ObjectStore) -> None:
    store.put("counter", b"0", content_type=TEXT)

    def increment(_: int) -> None:
        while True:
            found = store.get("counter")
            try:
                store.put("counter", b"%d" % (int(found.data) + 1), content_type=TEXT, if_match=found.etag)
            except PreconditionFailed:
                continue
            return

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(increment, range(40)))
    assert store.get("counter").data == b"40"


def test_a_write_on_a_version_that_is_gone_is_refused(store: ObjectStore) -> None:
    first = store.put("key", b"1", content_type=TEXT)
    second = store.put("key", b"2", content_type=TEXT, if_match=first)
    with pytest.raises(PreconditionFailed, match="key"):
        store.put("key", b"3", content_type=TEXT, if_match=first)
    store.delete(["key"])
    with pytest.raises(PreconditionFailed, match="key"):
        store.put("key", b"3", content_type=TEXT, if_match=second)
    assert keys(store) == []


def test_lists_are_in_the_order_of_the_keys(store: ObjectStore) -> None:
    names = ["a/b/c", "a-b", "a.b", "a/b", "a", "ab", "A", "é", "a0", "b/1", "b/10", "b/2", "日", "z"]
    names.remove("a")  # a folder cannot hold a file and a folder of one name
    names.remove("a/b")
    for name in names:
        store.put(name, b"", content_type=TEXT)
    assert keys(store) == sorted(names, key=str.encode)


def test_lists_start_after_a_key_and_stop_at_a_limit(store: ObjectStore) -> None:
    names = ["a", "b/1", "b/2", "b/3", "b-", "bc", "c/1"]
    for name in names:
        store.put(name, b"", content_type=TEXT)
    assert keys(store, "b/") == ["b/1", "b/2", "b/3"]
    assert keys(store, "b") == ["b-", "b/1", "b/2", "b/3", "bc"]
    assert keys(store, "b/", after="b/1") == ["b/2", "b/3"]
    assert keys(store, "b/", after="b/1", limit=1) == ["b/2"]
    assert keys(store, "", after="b/2x") == ["b/3", "bc", "c/1"]
    assert keys(store, "", after="b") == ["b-", "b/1", "b/2", "b/3", "bc", "c/1"]
    assert keys(store, "", after="b0", limit=2) == ["bc", "c/1"]
    assert keys(store, "b/", after="a") == ["b/1", "b/2", "b/3"]
    assert keys(store, "none/") == keys(store, "", after="z") == keys(store, "", limit=0) == []


def test_folders_are_named_in_order_and_vanish_with_their_last_object(store: ObjectStore) -> None:
    for name in ("jobs/2/a/b", "jobs/2/c", "jobs/10/a", "jobs/file", "other/x"):
        store.put(name, b"", content_type=TEXT)
    assert list(store.folders("jobs/")) == ["10", "2"]
    assert list(store.folders("")) == ["jobs", "other"]
    store.delete(["jobs/2/a/b", "jobs/10/a"])
    assert list(store.folders("jobs/")) == ["2"]
    assert list(store.folders("jobs/2/")) == list(store.folders("none/")) == []


def test_deleting_what_is_missing_is_fine(store: ObjectStore) -> None:
    store.put("folder/a", b"", content_type=TEXT)
    store.delete(["none", "folder", "folder/a/below", "folder/a", "folder/a"])
    store.delete(iter([]))
    assert keys(store) == []


def test_a_store_that_is_there_answers_and_making_it_again_keeps_it(store: ObjectStore, store_url: str) -> None:
    store.put("key", b"1", content_type=TEXT)
    again = open_store(store_url)
    again.ensure_bucket()
    again.ping()
    assert again.get("key").data == b"1"


def test_a_missing_bucket_or_folder_is_an_unavailable_store(store_url: str) -> None:
    store = open_store(f"{store_url}-missing")
    calls: list[Callable[[], object]] = [
        store.ping,
        lambda: store.get("key"),
        lambda: store.put("key", b"", content_type=TEXT),
        lambda: store.write("key", [b"x" * PART_BYTES], content_type=TEXT),
        lambda: list(store.list("")),
        lambda: list(store.folders("")),
        lambda: store.delete(["key"]),
    ]
    for call in calls:
        with pytest.raises(StoreUnavailable, match=r"there is no such .*CHURN_STORE_URL"):
            call()


@pytest.mark.parametrize(
    "url",
    [
        "", "churn", "/folder", "http://host/bucket", "file://", "file:///", "file://relative/folder",
        "s3://", "s3://bucket/folder", "s3://UPPER", "s3://ab", "s3://bucket?x=1",
    ],
)  # fmt: skip
def test_a_url_that_names_no_store_is_refused_with_the_remedy(url: str) -> None:
    with pytest.raises(ConfigurationError, match="CHURN_STORE_URL"):
        open_store(url)


def test_a_directory_store_loads_no_s3_client(root: Path) -> None:
    code = "import sys; from churn.store.opening import open_store; open_store('file:///tmp')"
    code += "; print('boto3' in sys.modules)"
    environment = os.environ | {"PYTHONPATH": str(root / "shared")}
    output = subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True)
    assert output.stdout.strip() == "False"
