"""The README's commands are the Makefile's, and what it shows is there."""

import re
import shutil
import subprocess
import sys

import pytest


@pytest.fixture(scope="module")
def readme(root) -> str:
    return (root / "README.md").read_text()


@pytest.fixture(scope="module")
def targets(root) -> set[str]:
    return set(re.findall(r"^([a-z-]+):.*## ", (root / "Makefile").read_text(), re.MULTILINE)) - {"help"}


def test_the_readmes_table_lists_every_target(readme, targets):
    assert set(re.findall(r"^\| `make ([a-z-]+)` \|", readme, re.MULTILINE)) == targets


def test_no_document_names_a_target_that_is_not_there(root, targets):
    paths = [*root.glob("*.md"), *root.glob("docs/**/*.md"), root / "Makefile", root / ".ci" / "run"]
    named = {
        target
        for path in paths
        for target in re.findall(r"(?:`|^|; |\t)make ([a-z][a-z-]+)", path.read_text(), re.MULTILINE)
    }
    assert named <= targets


def test_make_alone_lists_every_target_with_a_line_each(root, targets):
    printed = subprocess.run(
        ["make", "--no-print-directory"], cwd=root, capture_output=True, text=True, check=True
    ).stdout
    assert set(re.findall(r"^  make ([a-z-]+) +\S", printed, re.MULTILINE)) == targets | {"help"}


def test_what_a_rollback_does_is_said_in_the_same_words_everywhere(root):
    words = "(?i)go(es)? back to the newest older release that has served, after a promotion to the former champion"
    places = ["Makefile", "README.md", "docs/experiments.md", "docs/runbook.md"]
    places.append("services/trainer/churn_trainer/command_line.py")
    texts = {place: " ".join((root / place).read_text().split()) for place in places}
    assert [place for place, text in texts.items() if not re.search(words, text)] == []


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (["train"], "docker compose run --rm trainer train"),
        (["train", "FORCE=1"], "docker compose run --rm trainer train --force"),
        (["retrain"], "docker compose run --rm trainer retrain"),
        (["retrain", "FORCE=1"], "docker compose run --rm trainer retrain --force"),
        (["releases"], "docker compose run --rm trainer list"),
        (["promote", "VERSION=20261123_140301"], "docker compose run --rm trainer promote 20261123_140301"),
        (["rollback"], "docker compose run --rm trainer rollback"),
        (["rollback", "VERSION=20261123_140301"], "docker compose run --rm trainer rollback 20261123_140301"),
        (["inspect"], ".run/venv/bin/python -m churn_trainer inspect"),
        (["inspect", "FILE=customers.csv"], '.run/venv/bin/python -m churn_trainer inspect "customers.csv"'),
        (
            ["inspect", "FILE=my table.csv", "OUT=mine.toml", "OUTCOME=Left", "FORCE=1"],
            '.run/venv/bin/python -m churn_trainer inspect "my table.csv" --out "mine.toml" --outcome "Left" --force',
        ),
    ],
    ids=" ".join,
)
def test_a_target_calls_the_trainer(root, arguments, command):
    command_line = ["make", "--dry-run", "--no-print-directory", *arguments]
    shown = subprocess.run(command_line, cwd=root, capture_output=True, text=True, check=True)
    assert shown.stdout.split("\n")[-2].split() == command.split()


def test_everything_is_tried_first_as_on_a_machine_that_has_python_and_make_alone(root):
    text = (root / ".ci" / "run").read_text()
    steps = re.findall(
        r"^say .*?$|^PATH=\$bare/bin make test\b.*$|^.*install_tools$|make test ARGS=.*$", text, re.MULTILINE
    )
    bare, tools, rest = (
        next(at for at, step in enumerate(steps) if word in step)
        for word in ("bare/bin", "install_tools", "WANT_TOOLS")
    )
    assert bare < tools < rest
    for program in ("nginx", "chromium", "node", "go", "docker"):
        assert re.search(rf"^OPTIONAL='.*\b{program}\b", text, re.MULTILINE)


def test_what_is_skipped_on_such_a_machine_is_run_once_the_tools_are_there(root):
    """Those of the deployment by make deploy-check, and those of the stack by make test-stack."""
    wants = re.compile(r'pytest\.skip\(f?"[^"]*\((?:Debian: apt-get|docker)|^def \w+\(browser\b', re.MULTILINE)
    files = {
        path.relative_to(root).as_posix()
        for path in (root / "tests").rglob("test_*.py")
        if wants.search(path.read_text())
    }
    listed = re.search(r"^WANT_TOOLS='(.*)'$", (root / ".ci" / "run").read_text(), re.MULTILINE)[1].split()
    assert {"tests/api/test_docs.py", "tests/project/test_compose.py"} <= files
    assert [file for file in files if not file.startswith(("tests/deploy/", "tests/stack/", *listed))] == []
    assert [place for place in listed if not (root / place).exists()] == []


@pytest.mark.parametrize("name", ["nginx", "chromium", "docker"])
def test_a_test_that_is_skipped_names_the_command_that_would_let_it_run(root, name):
    files = [path.read_text() for path in (root / "tests").rglob("*.py")]
    reasons = [reason for text in files for reason in re.findall(r'pytest\.skip\(f?"([^"]+)"\)', text)]
    assert len(reasons) > 5
    assert [
        reason for reason in reasons if name in reason.lower() and "(" not in reason and "Docker" not in reason
    ] == []


def test_the_end_of_a_run_tells_what_could_not_be_tried(root, tmp_path):
    """pytest itself is asked, with the project's own hooks."""
    (tmp_path / "test_it.py").write_text('import pytest\n\ndef test_a():\n    pytest.skip("no abacus (buy one)")\n')
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-q", "--rootdir", str(tmp_path), str(tmp_path)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert "not tried on this machine" in done.stdout
    assert "    1 of the tests: no abacus (buy one)" in done.stdout


def test_every_picture_and_file_that_the_readme_links_is_there(root, readme):
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", readme)
    assert links
    assert [link for link in links if not (root / link).exists()] == []


def test_every_shell_block_of_the_readme_is_a_shell_script(readme):
    for block in re.findall(r"```sh\n(.*?)```", readme, re.DOTALL):
        subprocess.run([shutil.which("bash") or "sh", "-n"], input=block, text=True, check=True)


@pytest.mark.parametrize("name", ["python3", "python3.11", "python3.13", "python3.14"])
def test_make_finds_the_one_python_that_there_is(root, tmp_path, name):
    (tmp_path / name).symlink_to(sys.executable)
    (tmp_path / "sh").symlink_to(shutil.which("sh") or "")
    asked = f'include {root / "Makefile"}\nshow: ; @echo "found $(PYTHON)"\n'
    make, environment = shutil.which("make") or "", {"PATH": str(tmp_path)}
    done = subprocess.run(
        [make, "-s", "-f", "-", "show"], input=asked, env=environment, cwd=tmp_path, capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == (f"found {name}\n", "")
