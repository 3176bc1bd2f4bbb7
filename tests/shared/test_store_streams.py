"""What every kind of store does with objects that are too large for memory, or read in part."""

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from churn.store.interface import ObjectStore
from churn.store.s3_parts import MIN_PART_BYTES, PART_BYTES

TEXT = "text/plain"


def content(store: ObjectStore, key: str, **limits: int | None) -> bytes:
    return b"".join(store.read(key, **limits))


def keys(store: ObjectStore, prefix: str = "") -> list[str]:
    return [entry.key for entry in store.list(prefix)]


def raising(chunks: list[bytes]) -> Iterator[bytes]:
    yield from chunks
    raise OSError("the upload broke off")


@pytest.mark.parametrize("size", [0, 1, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 2 * PART_BYTES + 12345])
def test_a_stream_of_any_size_and_cut_arrives_whole(store: ObjectStore, size: int) -> None:
    data = random.Random(size).randbytes(size)
    cuts = [0, *sorted(random.Random(1).randrange(size + 1) for _ in range(7)), size]
    store.write("key", (data[a:b] for a, b in pairwise(cuts)), content_type=TEXT)
    assert store.head("key").size == size
    assert content(store, "key") == data


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (0, None, b"0123456789"), (3, None, b"3456789"), (0, 4, b"0123"), (3, 4, b"3"), (3, 3, b""), (4, 3, b""),
        (0, 0, b""), (8, 99, b"89"), (10, None, b""), (99, None, b""), (99, 100, b""),
    ],
)  # fmt: skip
def test_any_range_of_an_object_is_read(store: ObjectStore, start: int, end: int | None, expected: bytes) -> None:
    store.put("key", b"0123456789", content_type=TEXT)
    assert content(store, "key", start=start, end=end) == expected
    if end is not None:
        assert store.fetch("key", start=start, end=end) == expected


def test_a_stream_that_breaks_off_leaves_nothing(store: ObjectStore) -> None:
    store.put("old", b"old", content_type=TEXT)
    for chunks in ([b"x"], [b"x" * PART_BYTES, b"x"], []):
        for key in ("old", "new"):
            with pytest.raises(OSError, match="the upload broke off"):
                store.write(key, raising(chunks), content_type=TEXT)
    assert keys(store) == ["old"]
    assert store.get("old").data == b"old"


_STREAMING = """
import resource, sys
from churn.store.opening import open_store

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

store = open_store(sys.argv[1])
store.write("warm", [b"x" * (9 << 20)], content_type="text/plain")
before = peak()
store.write("large", (b"x" * (1 << 20) for _ in range(80)), content_type="text/plain")
store.concatenate("twice", ["warm", "large"], content_type="text/plain")
assert (store.head("large").size, store.head("twice").size) == (80 << 20, 89 << 20)
assert sum(map(len, store.read("large"))) == 80 << 20
print((peak() - before) // 1024)
"""


def test_large_objects_are_streamed_in_bounded_memory(store: ObjectStore, store_url: str, root: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(root / "shared")}
    command = [sys.executable, "-c", _STREAMING, store_url]
    output = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    assert int(output) < 40, f"{output} MiB more than a small object takes"
    store.delete(["warm", "large", "twice"])


@pytest.mark.parametrize(
    "sizes",
    [
        [], [0], [3], [3, 0, 5], [MIN_PART_BYTES], [3, MIN_PART_BYTES, 4], [2 << 20] * 6,
        [MIN_PART_BYTES + 1, 2, MIN_PART_BYTES + 3, 5], [PART_BYTES - 1, MIN_PART_BYTES],
        [MIN_PART_BYTES - 1, MIN_PART_BYTES, 1],
    ],
)  # fmt: skip
def test_objects_are_joined_in_order(store: ObjectStore, sizes: list[int]) -> None:
    parts = {f"parts/{i} é+%": random.Random(i).randbytes(size) for i, size in enumerate(sizes)}
    for key, data in parts.items():
        store.write(key, [data], content_type=TEXT)
    store.concatenate("joined é+%", list(parts), content_type=TEXT)
    assert store.head("joined é+%").size == sum(sizes)
    assert content(store, "joined é+%") == b"".join(parts.values())
    assert keys(store, "parts/") == list(parts)
