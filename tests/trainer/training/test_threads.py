"""How many threads arithmetic takes."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sklearn.utils._openmp_helpers import _openmp_effective_n_threads
from tests.telco import TELCO
from threadpoolctl import threadpool_info, threadpool_limits

from churn_trainer import run
from churn_trainer.errors import SchedulerUnavailable
from churn_trainer.run import Run
from churn_trainer.training.threads import one_thread, own_thread


def threads(api):
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == api}


@pytest.fixture
def two_threads():
    """Two threads, as on two cores, wherever the test runs."""
    with threadpool_limits(2):
        yield


def test_a_run_takes_one_thread_and_leaves_as_many_as_it_found(two_threads):
    with one_thread():
        assert (threads("blas"), threads("openmp")) == ({1}, {1})
    assert (threads("blas"), threads("openmp")) == ({2}, {2})


def test_a_thread_that_is_done_lifts_the_limit_of_none_that_works(two_threads):
    """The first to leave must not give the others more threads, nor the last one leave the process with fewer."""
    with one_thread(), ThreadPoolExecutor(2) as pool:
        first, second = own_thread(), pool.submit(lambda: (own_thread(), threads("openmp")))
        assert second.result()[1] == {1}
        first.restore_original_limits()
        assert threads("blas") == {1}
        assert pool.submit(lambda: threads("blas")).result() == {1}
    assert threads("blas") == {2}


def test_what_grows_trees_in_a_thread_of_its_own_takes_one_thread(monkeypatch):
    def grown():
        with own_thread():
            return _openmp_effective_n_threads(None)

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(grown).result() == 1


def test_the_whole_run_is_under_the_limit(settings, store, two_threads, monkeypatch):
    seen = []

    def look(_):
        seen.extend(threads("blas"))
        raise SchedulerUnavailable("tcp://scheduler:8786", "none is needed here")

    monkeypatch.setattr(run, "cluster", look)
    with pytest.raises(SchedulerUnavailable):
        Run(settings, store, None).train(None, TELCO, "")
    assert set(seen) == {1}
