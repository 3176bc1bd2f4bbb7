"""One thread for linear algebra and for trees, so that the same table and code give the same bytes on any machine.

A sum of floating-point numbers depends on how it is divided among threads. BLAS has one limit for the whole process, so
it must be set once around the whole run: a worker thread that restored the limit when it finished would lift it for the
others. OpenMP has a separate limit for each thread that calls it.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from threadpoolctl import threadpool_limits

_PLUGIN = "churn-one-thread"


def one_thread() -> AbstractContextManager[Any]:
    """Limit BLAS in this process, and OpenMP in this thread, to one thread while the context is open."""
    limit: AbstractContextManager[Any] = threadpool_limits(1)
    return limit


def own_thread() -> AbstractContextManager[Any]:
    """Limit OpenMP in the calling thread to one thread; for work in a worker thread."""
    limit: AbstractContextManager[Any] = threadpool_limits(1, user_api="openmp")
    return limit


@contextmanager
def one_thread_on(client: Any) -> Iterator[None]:
    """Apply `one_thread` on each worker of a Dask cluster, also on those that join later."""
    from distributed import WorkerPlugin  # an optional dependency

    class OneThread(WorkerPlugin):
        def setup(self, worker: Any) -> None:
            worker.one_thread = one_thread()

        def teardown(self, worker: Any) -> None:
            worker.one_thread.restore_original_limits()

    client.register_plugin(OneThread(), name=_PLUGIN)
    try:
        yield
    finally:
        client.unregister_worker_plugin(_PLUGIN)
