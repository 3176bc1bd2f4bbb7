"""What is the directory store's own: several processes, processes that are killed, and a disk that says no."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from churn.errors import InvalidKey, StoreUnavailable
from churn.store.interface import ObjectStore
from churn.store.opening import open_store

TEXT = "text/plain"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "a store"


@pytest.fixture
def store(folder: Path) -> ObjectStore:
    store = open_store(folder.as_uri())
    store.ensure_bucket()
    return store


def start(code: str, folder: Path, root: Path) -> subprocess.Popen[str]:
    """A process of its own with `store` at hand."""
    begin = "import sys\nfrom churn.errors import *\nfrom churn.store.opening import open_store\n"
    begin += "store = open_store(sys.argv[1])\n"
    environment = os.environ | {"PYTHONPATH": str(root / "shared")}
    return subprocess.Popen(
        [sys.executable, "-c", begin + code, folder.as_uri()], env=environment, stdout=subprocess.PIPE, text=True
    )


INCREMENT = """
for _ in range(50):
    while True:
        found = store.get("counter")
        try:
            store.put("counter", b"%d" % (int(found.data) + 1), content_type="text/plain", if_match=found.etag)
        except PreconditionFailed:
            continue
        break
"""


def test_no_update_is_lost_among_processes(store: ObjectStore, folder: Path, root: Path) -> None:
    store.put("counter", b"0", content_type=TEXT)
    processes = [start(INCREMENT, folder, root) for _ in range(3)]
    assert [process.wait(timeout=60) for process in processes] == [0, 0, 0]
    assert store.get("counter").data == b"150"


CREATE = """
won = 0
for number in range(100):
    try:
        store.put(f"{number}", b"x", content_type="text/plain", if_absent=True)
        won += 1
    except PreconditionFailed:
        pass
print(won)
"""


def test_each_object_is_created_by_one_process(store: ObjectStore, folder: Path, root: Path) -> None:
    processes = [start(CREATE, folder, root) for _ in range(3)]
    assert sum(int(process.communicate(timeout=60)[0]) for process in processes) == 100
    assert len(list(store.list(""))) == 100


CHURN = """
import random
print("ready", flush=True)
while True:
    key, size = f"folder/{random.randrange(5)}/object", random.randrange(1, 300_000)
    if random.random() < 0.3:
        store.delete([key])
    store.write(key, [b"%06d" % size, b"x" * size, b"end"], content_type="text/plain")
"""


def test_a_process_killed_at_any_point_leaves_whole_objects_and_no_lock(
    store: ObjectStore, folder: Path, root: Path
) -> None:
    chance = random.Random(5)
    for _ in range(8):
        process = start(CHURN, folder, root)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(chance.uniform(0, 0.2))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        for entry in store.list("folder/"):
            data = store.get(entry.key).data
            assert data.endswith(b"xend")
            assert len(data) == entry.size == int(data[:6]) + 9
        store.put("after", b"1", content_type=TEXT)


def test_what_killed_processes_were_writing_is_removed_after_a_day(store: ObjectStore, folder: Path) -> None:
    old, young = (folder / ".churn-store" / "writing" / name for name in ("old", "young"))
    for path in (old, young):
        path.write_bytes(b"half")
    yesterday = time.time() - 25 * 3600
    os.utime(old, (yesterday, yesterday))
    store.ensure_bucket()
    assert not old.exists()
    assert young.exists()
    assert list(store.list("")) == []
    assert list(store.folders("")) == []


def test_the_store_s_own_files_are_out_of_reach(store: ObjectStore) -> None:
    for key in (".churn-store/lock", ".churn-store", ".churn-store/writing/x"):
        with pytest.raises(InvalidKey):
            store.put(key, b"", content_type=TEXT)


def test_files_put_there_by_hand_are_objects(store: ObjectStore, folder: Path) -> None:
    (folder / "data").mkdir()
    (folder / "data" / "table.csv").write_bytes(b"1")
    (folder / "data" / "no\nkey").write_bytes(b"1")
    first = store.head("data/table.csv")
    assert list(store.list("")) == [first]
    (folder / "data" / "table.csv").write_bytes(b"two")
    assert store.head("data/table.csv").etag == store.get("data/table.csv").etag != first.etag


def test_versions_of_one_size_written_at_once_are_told_apart(
    store: ObjectStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As on a disk so fast that several versions fall into one tick of the file system's clock.
    monkeypatch.setattr(os, "fsync", lambda _: None)
    reader = open_store(folder.as_uri())
    for value in range(300):
        written = store.put("key", b"%03d" % value, content_type=TEXT)
        assert reader.head("key").etag == written
    # Many kernels stamp files in such ticks, so the stamp must be the clock's own.
    monkeypatch.setattr(time, "time_ns", lambda: 1_700_000_000_123_456_789)
    store.put("key", b"last", content_type=TEXT)
    assert (folder / "key").stat().st_mtime_ns == 1_700_000_000_123_456_789


def test_an_empty_folder_is_none(store: ObjectStore, folder: Path) -> None:
    (folder / "jobs" / "empty" / "deep").mkdir(parents=True)
    store.put("jobs/full/a", b"", content_type=TEXT)
    assert list(store.folders("jobs/")) == ["full"]


def test_deleting_the_last_object_of_a_folder_removes_the_folder(store: ObjectStore, folder: Path) -> None:
    store.put("jobs/1/chunks/a", b"", content_type=TEXT)
    store.put("jobs/2", b"", content_type=TEXT)
    store.delete(["jobs/1/chunks/a"])
    assert [path.name for path in (folder / "jobs").iterdir()] == ["2"]


def test_an_object_in_the_place_of_a_folder_is_refused_with_the_reason(store: ObjectStore) -> None:
    store.put("a/b", b"1", content_type=TEXT)
    with pytest.raises(StoreUnavailable, match="Is a directory"):
        store.put("a", b"", content_type=TEXT)
    with pytest.raises(StoreUnavailable, match="File exists"):
        store.put("a/b/c", b"", content_type=TEXT)
    assert [entry.key for entry in store.list("")] == ["a/b"]


def test_a_full_disk_is_an_unavailable_store_and_leaves_nothing(store: ObjectStore, folder: Path) -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    # The system's limit on the size of a file fails a write just as a full disk does.
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    try:
        with pytest.raises(StoreUnavailable, match="File too large"):
            store.write("key", [b"x" * 6_000] * 3, content_type=TEXT)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert list(store.list("")) == []
    assert list((folder / ".churn-store" / "writing").iterdir()) == []


def test_a_missing_folder_is_an_unavailable_store(folder: Path) -> None:
    with pytest.raises(StoreUnavailable, match="there is no such folder"):
        open_store(folder.as_uri()).put("key", b"", content_type=TEXT)


def test_what_is_written_is_on_the_disk_before_its_name_is_and_the_name_before_it_is_told(
    store: ObjectStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut keeps what was flushed, and nothing else."""
    happened: list[tuple[str, int]] = []
    flush, move = os.fsync, Path.replace

    def flushed(descriptor: int) -> None:
        happened.append(("flushed", os.fstat(descriptor).st_ino))
        flush(descriptor)

    def moved(path: Path, target: Path) -> Path:
        happened.append(("moved", path.stat().st_ino))
        return move(path, target)

    monkeypatch.setattr(os, "fsync", flushed)
    monkeypatch.setattr(Path, "replace", moved)
    store.put("jobs/one/job.json", b"{}", content_type=TEXT)
    path = folder / "jobs" / "one" / "job.json"
    written = path.stat().st_ino
    folders = [("flushed", parent.stat().st_ino) for parent in (path.parent, path.parent.parent, folder)]
    assert happened == [("flushed", written), ("moved", written), *folders]
