"""What the product is made of, and who may touch it on the way."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

# Joined here, so that the search for secrets does not find it in this file.
SOMEBODYS_KEY = "AKIA" + "IOSFODNN7QUIZZES"


@pytest.fixture(scope="module")
def workflow(root: Path) -> dict[str, Any]:
    return yaml.safe_load((root / ".github" / "workflows" / "ci.yml").read_text())


def steps(workflow: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def pins(root: Path) -> set[tuple[str, str]]:
    """Name and version of what is pinned for the images; some differ from one Python to another."""
    text = "".join((root / "requirements" / f"{name}.txt").read_text() for name in ("api", "trainer"))
    return set(re.findall(r"^([a-z0-9._-]+)(?:\[[a-z,]+\])?==(\S+) ", text, re.MULTILINE))


def test_every_action_is_pinned_to_a_commit(workflow):
    used = [step["uses"] for step in steps(workflow) if "uses" in step]
    assert used
    assert [action for action in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action)] == []


def test_the_workflow_may_only_read_the_repository(workflow):
    assert workflow["permissions"] == {}
    assert all(job["permissions"] == {"contents": "read"} for job in workflow["jobs"].values())


def test_a_checkout_leaves_no_credentials_behind(workflow):
    checkouts = [step for step in steps(workflow) if step.get("uses", "").startswith("actions/checkout@")]
    assert len(checkouts) == len(workflow["jobs"])
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_the_workflow_runs_the_commands_that_a_developer_runs(root, workflow):
    run = {step["run"].removeprefix("make ") for step in steps(workflow) if step.get("run", "").startswith("make ")}
    assert run == {"lint", "licenses", "deploy-check", "test", "test-stack", "sbom"}
    assert run <= set(re.findall(r"^([a-z-]+):.*## ", (root / "Makefile").read_text(), re.MULTILINE))


def test_the_list_of_licences_names_what_is_pinned(root):
    listed = re.findall(r"^\| (\S+) +\| (\S+) +\|", (root / "docs" / "licenses.md").read_text(), re.MULTILINE)[1:]
    held = {(name.lower().replace("_", "-"), version) for name, version in listed}
    assert held - pins(root) == set(), "run `make licenses`"
    assert len(held) > 50


def hook(root: Path) -> list[str]:
    """The search for secrets in everything but the tests, as `make lint` calls it."""
    shown = subprocess.run(["make", "--dry-run", "lint"], cwd=root, capture_output=True, text=True, check=True).stdout
    (line,) = [line for line in shown.splitlines() if "detect-secrets-hook" in line and "':!tests'" in line]
    arguments = line.partition("detect-secrets-hook ")[2]
    return ["sh", "-c", f'{root}/.venv/bin/detect-secrets-hook {arguments} "$@"', "sh"]


@pytest.mark.parametrize(
    ("content", "found"),
    [(f"key = '{SOMEBODYS_KEY}'\n", 1), ("password = 'correct-horse-battery'\n", 1), ("nothing = 'here'\n", 0)],
    ids=["a cloud key", "a password", "nothing"],
)
def test_a_secret_that_is_left_in_a_file_is_found(root, tmp_path, content, found):
    if not (root / ".venv" / "bin" / "detect-secrets-hook").exists():
        pytest.skip("the project's own virtual environment is not here (make lint)")
    path = tmp_path / "settings.py"
    path.write_text(content)
    done = subprocess.run([*hook(root), str(path)], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == found, done.stdout


def test_the_workflow_has_no_fault_that_actionlint_knows(root):
    built = sorted((root / ".run").glob("actionlint-*/actionlint"))
    if not built:
        pytest.skip("no actionlint here, which Go builds (Debian: apt-get install golang-go && make lint)")
    subprocess.run([built[-1], "-shellcheck", ""], cwd=root, check=True)
