"""One thread for linear algebra and for trees, so that the same table and code give the same bytes on any machine.

A sum of floating-point numbers depends on how it was shared out among threads. BLAS keeps one number of threads for
the whole process, so that only the whole run may set it: what sets it in one of several threads lifts it for the
others when it leaves. OpenMP keeps one for each thread that calls it.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from threadpoolctl import threadpool_limits

_PLUGIN = "churn-one-thread"


def one_thread() -> AbstractContextManager[Any]:
    """The limit of a whole run: BLAS in this process, and OpenMP where this thread calls it."""
    limit: AbstractContextManager[Any] = threadpool_limits(1)
    return limit


def own_thread() -> AbstractContextManager[Any]:
    """The limit of work in a thread of its own: OpenMP where that thread calls it."""
    limit: AbstractContextManager[Any] = threadpool_limits(1, user_api="openmp")
    return limit


@contextmanager
def one_thread_on(client: Any) -> Iterator[None]:
    """The same limit of BLAS for each worker of a Dask cluster, those that join later included."""
    from distributed import WorkerPlugin  # an optional part that only a cluster needs

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
