"""Work in a process of its own."""

import os
import signal
from concurrent.futures.process import BrokenProcessPool
from threading import Event, Thread, main_thread

import pytest

from churn_trainer.child_process import in_child_process
from churn_trainer.retraining import _stoppable


def test_the_work_is_done_by_another_process_whose_answer_and_errors_come_back():
    assert in_child_process(os.getpid) != os.getpid()
    with pytest.raises(ZeroDivisionError):
        in_child_process(divmod, 1, 0)
    with pytest.raises(BrokenProcessPool):
        in_child_process(os._exit, 1)


def test_a_process_does_not_outlive_being_told_to_stop(tmp_path):
    pipe, is_over, ended = tmp_path / "pipe", Event(), []
    os.mkfifo(pipe)

    def stop():
        with pipe.open("wb"):  # opens once the process reads, which it does until this is closed
            signal.pthread_kill(main_thread().ident, signal.SIGTERM)
            ended.append(is_over.wait(10))

    stopping = Thread(target=stop)
    stopping.start()
    with _stoppable(), pytest.raises(KeyboardInterrupt):
        in_child_process(pipe.read_bytes)
    is_over.set()
    stopping.join()
    assert ended == [True]
