"""Dependencies: declared with a reason, pinned with hashes, and without the address of an index."""

import re
from pathlib import Path

import pytest

NAMES = ("api", "trainer", "cluster", "run", "redis", "dev", "lambda", "deploy")
# An environment of its own, which nothing of the product is installed into.
APART = {"deploy"}


def declared(path: Path) -> set[str]:
    """The packages that a .in file and those that it includes ask for."""
    found: set[str] = set()
    for line in path.read_text().splitlines():
        if line.startswith("-r "):
            found |= declared(path.parent / line[3:])
        elif line and not line.startswith("#"):
            found.add(re.split(r"[\[<>=~!; ]", line)[0])
    return found


def pinned(path: Path) -> dict[str, str]:
    """Each pinned package with the text of its entry."""
    entries = re.split(r"^(?=[a-z0-9])", path.read_text(), flags=re.MULTILINE)[1:]
    return {re.split(r"[\[=]", entry)[0]: entry for entry in entries}


@pytest.mark.parametrize("name", NAMES)
def test_everything_that_is_asked_for_is_pinned(root, name):
    assert declared(root / "requirements" / f"{name}.in") <= set(pinned(root / "requirements" / f"{name}.txt"))


@pytest.mark.parametrize("name", NAMES)
def test_every_pin_is_exact_and_has_hashes(root, name):
    pins = pinned(root / "requirements" / f"{name}.txt")
    assert [package for package, entry in pins.items() if "==" not in entry or "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("name", NAMES)
def test_no_pin_file_names_an_index(root, name):
    assert "://" not in (root / "requirements" / f"{name}.txt").read_text()


def test_all_pin_files_agree_on_versions(root):
    version = re.compile(r"^[^=]+==(\S+)")
    files = [pinned(root / "requirements" / f"{name}.txt") for name in NAMES if name not in APART]
    for package in set.union(*map(set, files)):
        assert len({match[1] for file in files if package in file and (match := version.match(file[package]))}) == 1, (
            package
        )


@pytest.mark.parametrize("name", NAMES)
def test_every_dependency_has_its_line_in_the_readme(root, name):
    text = (root / "README.md").read_text()
    rows = "\n".join(line.split("|")[1] for line in text.splitlines() if line.startswith("| `"))
    assert {
        package for package in declared(root / "requirements" / f"{name}.in") if f"`{package}`" not in rows
    } == set()


def test_the_readme_lists_no_dependency_that_is_gone(root):
    table = (root / "README.md").read_text().partition("## Dependencies")[2].partition("## What it must not")[0]
    named = {
        name
        for line in table.splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`([a-z0-9-]+)`", line.split("|")[1])
    }
    files = ("dev", "run", "lambda", "deploy")
    assert named <= set().union(*(declared(root / "requirements" / f"{name}.in") for name in files))
