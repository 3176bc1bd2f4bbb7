"""What `deploy/upgrade` replaces, by what it asks of an engine that is made up."""

import os
import subprocess

import pytest

# What is asked about a container is answered as by one that is well.
DOCKER = """#!/bin/bash
echo "$*" >>"$RECORD"
case "$*" in
  *"ps --quiet api") echo first ;;
  *"ps --quiet retrainer") echo "$RETRAINER" ;;
  *"ps --quiet stream") printf "$MEMBERS" ;;
  *"run --detach"*) echo second ;;
  inspect*Networks*) echo '{"churn_front": {}}' ;;
  inspect*) echo healthy ;;
esac
"""


@pytest.fixture
def upgraded(root, tmp_path):
    """A function that upgrades a stack in which these containers run, and returns what the engine was told."""

    def upgrade(**running: str) -> list[str]:
        for name, text in {"docker": DOCKER, "sleep": "#!/bin/sh\n"}.items():
            (tmp_path / name).write_text(text)
            (tmp_path / name).chmod(0o755)
        record = tmp_path / "record"
        environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "RECORD": str(record)}
        environment |= {"RETRAINER": "", "MEMBERS": "", "COMPOSE": "docker compose", "CHURN_IMAGE_PREFIX": ""} | running
        done = subprocess.run(
            ["deploy/upgrade"], cwd=root, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return record.read_text().splitlines()

    return upgrade


@pytest.mark.parametrize("retrainer", ["", "third"], ids=["without", "with"])
def test_the_retrainer_is_replaced_where_one_runs(upgraded, retrainer):
    replaced = "compose --profile retraining up --detach --no-build --no-deps retrainer"
    assert (replaced in upgraded(RETRAINER=retrainer)) == bool(retrainer)


@pytest.mark.parametrize("members", [0, 1, 3])
def test_as_many_members_of_the_stream_as_run_are_replaced(upgraded, members):
    started = [line for line in upgraded(MEMBERS="id\\n" * members) if "--profile streaming up" in line]
    replaced = f"compose --profile streaming up --detach --no-build --no-deps --scale stream={members} stream"
    assert started == [replaced] * bool(members)
