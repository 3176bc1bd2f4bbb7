"""Stacks of a script's own, before an engine that only writes down what it is asked."""

import json
import os
from pathlib import Path

import pytest

from scripts.stack import PORTS, Stack, override, own_environment, started

DOCKER = """#!/bin/sh
echo "$COMPOSE_PROJECT_NAME $*" >> "$ASKED"
case "$*" in *broken*) echo "no such thing" >&2; exit 1;; *ps*) echo first; echo second;; esac
"""


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of what the engine was asked; the engine is a script in front of the path."""
    docker = tmp_path / "docker"
    docker.write_text(DOCKER)
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("ASKED", str(tmp_path / "asked"))
    return tmp_path / "asked"


@pytest.fixture
def stack(asked: Path, tmp_path: Path) -> Stack:
    return Stack(tmp_path, own_environment("mine", {}))


def test_a_stack_has_a_name_and_ports_of_its_own_and_nothing_of_the_shells(monkeypatch):
    monkeypatch.setenv("COMPOSE_PROFILES", "monitoring")
    monkeypatch.setenv("COMPOSE_PROJECT_NAME", "churn")
    stack = Stack(Path(), own_environment("mine", {"CHURN_CV_FOLDS": "2"}))
    assert stack.project == f"churn-mine-{os.getpid()}"
    assert len({stack.port(name) for name in PORTS}) == len(PORTS)
    assert stack.site == f"http://127.0.0.1:{stack.port('WEB')}"
    assert stack.api == f"http://127.0.0.1:{stack.port('API')}"
    assert stack.environment["CHURN_CV_FOLDS"] == "2"
    assert "COMPOSE_PROFILES" not in stack.environment


def test_a_stack_is_built_and_taken_down_with_its_volumes_though_its_block_fails(stack, asked):
    with pytest.raises(ZeroDivisionError), started(stack):
        raise ZeroDivisionError
    assert asked.read_text().splitlines() == [
        f"{stack.project} compose up --build --detach --wait",
        f"{stack.project} compose down --volumes --remove-orphans --timeout 5",
    ]


def test_a_command_that_fails_ends_the_program_with_its_reason_unless_it_may_fail(stack):
    with pytest.raises(SystemExit, match=r"docker compose broken failed:\nno such thing"):
        stack.compose("broken")
    assert stack.compose("broken", check=False) == ""


def test_a_services_container_is_its_first_one(stack):
    assert stack.container("worker") == "first"


def test_an_override_lies_over_the_local_stacks_files(tmp_path):
    setting = override(tmp_path, {"api": {"image": "other"}})
    first, second, last = setting["COMPOSE_FILE"].split(":")
    assert (first, second) == ("compose.yaml", "compose.local.yaml")
    assert json.loads(Path(last).read_text()) == {"services": {"api": {"image": "other"}}}
