"""The tables of docs/ name tests, and each of them is there."""

import ast
import re
from pathlib import Path

import pytest

TEST = re.compile(r"`(tests/[\w/.]+\.py)(?:::(\w+))?`")


def functions(path: Path) -> set[str]:
    return {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)}


def rows(text: str) -> list[str]:
    """The rows of all tables, without their heads."""
    return [line for line in text.splitlines() if line.startswith("| ") and not line.startswith("| what fails")]


@pytest.mark.parametrize("name", ["faults", "security"])
def test_every_test_that_a_document_names_is_there(root, name):
    named = TEST.findall((root / "docs" / f"{name}.md").read_text())
    assert named
    missing = [
        f"{file}::{test}"
        for file, test in named
        if not (root / file).is_file() or (test and test not in functions(root / file))
    ]
    assert missing == []


def test_every_fault_is_shown_by_a_test(root):
    faults = rows((root / "docs" / "faults.md").read_text())
    assert len(faults) > 20
    assert [row for row in faults if not TEST.search(row)] == []


def test_each_of_the_ten_risks_has_a_defence_and_a_test(root):
    text = (root / "docs" / "security.md").read_text()
    risks = {match[1]: match[0] for match in re.finditer(r"^\| (API\d+):2023.*$", text, re.MULTILINE)}
    assert list(risks) == [f"API{number}" for number in range(1, 11)]
    assert [risk for risk, row in risks.items() if not TEST.search(row)] == []


def test_every_file_and_folder_that_the_architecture_names_is_there(root):
    text = (root / "docs" / "architecture.md").read_text()
    named = set(re.findall(r"`([\w./*-]+/[\w./*-]*|[\w-]+\.py)`", text)) - {"/openapi.json"}
    assert len(named) > 80
    folders = [root, *(root / "services" / service / f"churn_{service}" for service in ("api", "trainer"))]
    modules = {path.name for folder in ("shared", "services") for path in (root / folder).rglob("*.py")}
    missing = [name for name in named if name not in modules and not any([*folder.glob(name)] for folder in folders)]
    assert missing == []


def test_every_folder_of_the_services_is_in_the_architecture(root):
    text = (root / "docs" / "architecture.md").read_text()
    packages = (path.parent for folder in ("shared", "services") for path in (root / folder).rglob("__init__.py"))
    assert [str(path.relative_to(root)) for path in packages if f"/{path.name}" not in text] == []
