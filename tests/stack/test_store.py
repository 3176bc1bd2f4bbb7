"""The store's own suite against the stack's S3 server."""

import os
import subprocess
import sys


def test_the_stack_s_s3_server_does_all_that_a_store_must(stack) -> None:
    url = f"http://churn-local:churn-local-secret@127.0.0.1:{stack.port('S3')}"
    suite = [
        "tests/shared/store/test_interface.py",
        "tests/shared/test_store_streams.py",
        "-k",
        "server",
        "-p",
        "no:cacheprovider",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-qx", "--tb=short", *suite],
        cwd=stack.folder,
        env=os.environ | {"CHURN_TEST_S3_URL": url},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    assert "skipped" not in done.stdout
