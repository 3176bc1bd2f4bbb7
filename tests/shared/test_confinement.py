"""Child processes within limits."""

import subprocess

import pytest

from churn.confinement import alone, confined


def test_a_child_that_ends_before_it_has_read_everything_is_told_by_its_status() -> None:
    with confined("churn.no_such_module", source=subprocess.PIPE) as child:
        assert child.stdin is not None
        assert child.wait() == 1
        child.stdin.write(b"what waits in the buffer")


def test_a_block_is_run_by_one_at_a_time_and_blocks_of_other_names_beside_it() -> None:
    busy = RuntimeError("busy")
    with alone(busy, "a test", wait=0):
        with alone(busy, "another test", wait=0):
            pass
        with pytest.raises(RuntimeError, match="busy"), alone(busy, "a test", wait=0.1):
            pass
    with alone(busy, "a test", wait=0):
        pass
