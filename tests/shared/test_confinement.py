"""Child processes within limits."""

import subprocess

from churn.confinement import confined


def test_a_child_that_ends_before_it_has_read_everything_is_told_by_its_status() -> None:
    with confined("churn.no_such_module", source=subprocess.PIPE) as child:
        assert child.stdin is not None
        assert child.wait() == 1
        child.stdin.write(b"what waits in the buffer")
