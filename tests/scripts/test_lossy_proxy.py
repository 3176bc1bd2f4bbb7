"""A proxy that loses answers to writes."""

import asyncio
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from urllib.parse import urlsplit

import pytest

from churn.errors import PreconditionFailed, StoreUnavailable
from churn.store.opening import open_store
from scripts.lossy_proxy import LossyProxy

TEXT = "text/plain"


@contextmanager
def running(proxy: LossyProxy, port: int) -> Iterator[None]:
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever, daemon=True)
    thread.start()
    # The loop runs in its own thread from the start: the browser's tests may have left one that runs in this.
    server = asyncio.run_coroutine_threadsafe(asyncio.start_server(proxy.handle, "127.0.0.1", port), loop).result()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


class Unlucky(random.Random):
    """Draws what it is told to, then nothing that is lost."""

    def __init__(self, *drawn: float) -> None:
        super().__init__()
        self._drawn = list(drawn)

    def random(self) -> float:
        return self._drawn.pop(0) if self._drawn else 1.0


@pytest.fixture
def proxied(s3_server, s3_url, monkeypatch, free_port: Callable[[], int]):
    """A function that gives a store behind a proxy that loses by what is drawn."""
    address = urlsplit(s3_server.url)

    @contextmanager
    def open_behind(*drawn: float):
        port = free_port()
        proxy = LossyProxy("127.0.0.1", address.port, 0.5, Unlucky(*drawn))
        with running(proxy, port), pytest.MonkeyPatch.context() as patch:
            patch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{port}")
            yield open_store(s3_url), proxy

    return open_behind


def test_what_is_not_lost_passes_unchanged(proxied):
    with proxied() as (store, proxy):
        store.write("key", [b"x" * 9_000_000], content_type=TEXT)
        assert b"".join(store.read("key")) == b"x" * 9_000_000
        assert proxy.lost == 0


def test_a_write_whose_answer_is_lost_has_been_done_and_is_found_to_be_ones_own(proxied):
    with proxied(0.0) as (store, proxy):
        etag = store.put("key", b"1", content_type=TEXT, if_absent=True)
        assert (store.get("key").data, store.head("key").etag, proxy.lost) == (b"1", etag, 1)
        with pytest.raises(PreconditionFailed):
            store.put("key", b"2", content_type=TEXT, if_absent=True)


def test_whoever_loses_every_answer_is_told_that_the_store_is_away(proxied):
    with proxied(0.0, 0.0, 0.0) as (store, proxy):
        with pytest.raises(StoreUnavailable):
            store.put("key", b"1", content_type=TEXT)
        assert proxy.lost == 3


def test_answers_to_reads_are_never_lost(proxied):
    with proxied(1.0, 0.0, 0.0) as (store, proxy):
        store.put("key", b"1", content_type=TEXT)
        assert [store.get("key").data for _ in range(5)] == 5 * [b"1"]
        assert proxy.lost == 0
