"""The house rules that a machine can check."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

CODE = ("shared", "services", "scripts", "benchmarks", "tests")
LARGEST_FILE, LARGEST_FUNCTION = 300, 40
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}


def python_files(root: Path) -> Iterator[Path]:
    return (path for folder in CODE for path in (root / folder).rglob("*.py"))


def own_lines(function: ast.FunctionDef) -> int:
    """A function's lines without those of the functions inside it, which are counted by themselves."""
    inside = [node for node in ast.walk(function) if isinstance(node, ast.FunctionDef) and node is not function]
    return sum(
        sign * ((node.end_lineno or 0) - node.lineno + 1) for sign, node in [(1, function), *((-1, n) for n in inside)]
    )


@pytest.fixture(scope="module")
def texts(root) -> dict[Path, str]:
    """Every text file that git keeps, or would."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout (git clone)")
    paths = [root / line for line in listed.splitlines() if (root / line).is_file()]
    return {path: text for path in paths if "\0" not in (text := path.read_bytes().decode(errors="replace"))}


def test_no_file_is_longer_than_a_reader_likes(root):
    """Tables of cases may be long; what they test may not."""
    code = [path for path in python_files(root) if "tests" not in path.relative_to(root).parts]
    assert [path for path in code if len(path.read_text().splitlines()) > LARGEST_FILE] == []


def test_no_function_is_longer_than_a_reader_likes(root):
    functions = [
        f"{path.relative_to(root)}:{node.lineno} {node.name}"
        for path in python_files(root)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and own_lines(node) > LARGEST_FUNCTION
    ]
    assert functions == []


def test_no_module_has_a_name_that_says_nothing(root):
    assert [path for path in python_files(root) if path.stem in VAGUE] == []


MIRRORED = {
    "shared": "shared/churn",
    "api": "services/api/churn_api",
    "api/jobs": "services/api/churn_api/jobs",
    "trainer": "services/trainer/churn_trainer",
    "web": "services/web",
    "scripts": "scripts",
    "deploy": "deploy",
}


@pytest.mark.parametrize(("tests", "code"), MIRRORED.items())
def test_the_tests_lie_as_the_code_lies(root, tests, code):
    files = list((root / "tests" / tests).rglob("test_*.py"))
    assert files
    folders = {path.parent.relative_to(root / "tests" / tests) for path in files}
    assert [str(folder) for folder in folders if not (root / code / folder).is_dir()] == []


def test_no_file_names_a_folder_of_the_machine_it_was_written_on(texts, root):
    private = [f"{folder}/" for folder in (root, Path.home()) if len(folder.parts) > 1]
    named = {str(path.relative_to(root)) for path, text in texts.items() if any(folder in text for folder in private)}
    assert named == set()


def test_no_build_names_a_package_index_or_a_registry(texts):
    builds = [
        path
        for path in texts
        if path.name in {"Dockerfile", "Makefile", "run"} or path.suffix in {".in", ".txt", ".yaml"}
    ]
    assert builds
    for path in builds:
        assert not re.search(r"index-url (?!emit)\S+://|--find-links|--trusted-host|registry[.=]", texts[path]), path


def test_no_build_frontend_is_fetched(texts):
    assert [path for path, text in texts.items() if path.name == "Dockerfile" and "# syntax=" in text] == []


def test_text_files_end_with_a_line_end_and_hold_no_tabs_but_makefiles(texts):
    for path, text in texts.items():
        assert not text or text.endswith("\n"), path
        assert "\t" not in text or path.name == "Makefile" or path.suffix in {".svg", ".js", ".html", ".py"}, path


@pytest.mark.parametrize(
    "phrase",
    [
        r"task_always_eager",
        r"verify=False",
        r"shell=True",
        r"\bpickle\.loads?\(",
        r"\b(?:TODO|FIXME)\b",
        r"NotImplementedError",
    ],
)
def test_the_code_has_none_of_the_shortcuts(root, phrase):
    found = [path for path in python_files(root) if re.search(phrase, path.read_text()) and path != Path(__file__)]
    assert found == []


def test_every_broad_except_says_why(root):
    broad = re.compile(r"^ *except(?: Exception)?(?: as \w+)?:(?! *#)[^\n]*\n(?! *#)", re.MULTILINE)
    assert [path for path in python_files(root) if broad.search(path.read_text())] == []
