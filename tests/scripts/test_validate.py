"""The command that tries the published numbers, with made-up simulations in place of the minutes' long ones."""

import re
import sys
from types import ModuleType

import pytest

from scripts import validate


@pytest.fixture
def simulations(monkeypatch, tmp_path):
    """A function that puts a module of simulations in the place of the real ones; the document goes aside."""
    (tmp_path / "modules").mkdir()
    (tmp_path / "docs").mkdir()
    (tmp_path / validate.TABLE).write_text("customerID\n")
    monkeypatch.setattr(validate, "ROOT", tmp_path)
    monkeypatch.setattr(validate, "MODULES", tmp_path / "modules")
    monkeypatch.setattr(validate, "DOCUMENT", tmp_path / "docs" / "quality.md")

    def add(name, results, doc="A title.\n\nMore of it."):
        module = ModuleType(f"scripts.validation.{name}", doc)
        module.results = results
        monkeypatch.setitem(sys.modules, module.__name__, module)
        (tmp_path / "modules" / f"{name}.py").touch()

    return add


@pytest.fixture
def run(tmp_path):
    return lambda *arguments: validate.main(["--data", str(tmp_path), *arguments])


def good(table):
    yield "rows read", str(len(table.read_text().splitlines())), "1", True


def bad(table):
    yield from good(table)
    yield "a share | of rows", "0.4", "at least\n0.9", False


def broken(table):
    yield from good(table)
    raise ValueError("no such fold")


def test_all_that_holds_is_written_and_ends_well(simulations, run, tmp_path, capsys):
    simulations("b", good, "Of b.")
    simulations("a", good, "Of a.")
    assert run() == 0
    text = (tmp_path / "docs" / "quality.md").read_text()
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Of a", "Of b"]
    assert text.count("| rows read | 1 | 1 | yes |\n") == 2
    assert "`make validate ONLY=a`" in text
    assert text.endswith("\n")
    said = capsys.readouterr().out
    assert "  holds: rows read: 1 (wanted: 1)\n" in said
    assert said.endswith("0 of 2 do not hold.\n")


def test_one_that_does_not_hold_fails_the_command_and_is_written(simulations, run, tmp_path, capsys):
    simulations("a", bad)
    simulations("b", good)
    assert run() == 1
    assert "| a share \\| of rows | 0.4 | at least 0.9 | **no** |\n" in (tmp_path / "docs" / "quality.md").read_text()
    assert capsys.readouterr().out.endswith("1 of 3 do not hold.\n")


def test_one_that_breaks_off_has_failed_and_takes_no_other_with_it(simulations, run, tmp_path):
    simulations("a", broken)
    simulations("b", good)
    assert run() == 1
    text = (tmp_path / "docs" / "quality.md").read_text()
    assert "| the simulation comes to its end | ValueError: no such fold | no error | **no** |\n" in text
    assert text.count("| rows read | 1 | 1 | yes |\n") == 2


def test_the_same_results_make_the_same_page(simulations, run, tmp_path):
    simulations("a", bad)
    pages = []
    for _ in range(2):
        run()
        pages.append((tmp_path / "docs" / "quality.md").read_bytes())
    assert pages[0] == pages[1]


def test_named_modules_are_tried_alone_and_nothing_is_written(simulations, run, tmp_path, capsys):
    simulations("a", bad)
    simulations("b", good)
    assert run("b") == 0
    assert not (tmp_path / "docs" / "quality.md").exists()
    assert capsys.readouterr().out.endswith("0 of 1 do not hold.\n")


def test_without_the_real_table_nothing_is_tried(simulations, run, tmp_path, capsys):
    simulations("a", good)
    (tmp_path / validate.TABLE).unlink()
    assert run() == 2
    assert "set CHURN_DATA_DIR" in capsys.readouterr().out


def test_the_document_is_of_modules_that_are_there_and_nothing_in_it_fails(root):
    text = (root / "docs" / "model-quality.md").read_text()
    named = re.findall(r"^`make validate ONLY=(\w+)`$", text, re.MULTILINE)
    assert set(named) <= set(validate.module_names(root / "scripts" / "validation"))
    assert "**no**" not in text
