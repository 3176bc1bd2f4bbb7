"""Small changes to a program's text."""

import pytest

from scripts.mutations import mutants_of


def changes(tmp_path, name: str, text: str) -> set[str]:
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text(text)
    return {mutant.change for mutant in mutants_of(tmp_path, name)}


@pytest.mark.parametrize(
    ("line", "change"),
    [
        ("x = a < b", "a < b -> a <= b"),
        ("x = a in b", "a in b -> a not in b"),
        ("x = a and b", "a and b -> a or b"),
        ("x = a + b", "a + b -> a - b"),
        ("x = not a", "not a -> not not a"),
        ("x = True", "True -> False"),
        ("x = 41", "41 -> 42"),
        ("if a:\n    b()", "b() -> None"),
        ("def f(a):\n    return a", "return a -> return None"),
    ],
)
def test_a_line_of_python_is_changed(tmp_path, line, change):
    assert change in changes(tmp_path, "a.py", line + "\n")


def test_the_condition_of_an_if_is_turned_round(tmp_path):
    (tmp_path / "a.py").write_text("if a:\n    b = 1\n")
    assert "if not a:\n    b = 1" in {mutant.text for mutant in mutants_of(tmp_path, "a.py")}


@pytest.mark.parametrize("line", ['x = "text"', "def f(a: int = b) -> None: ...", "x: int", "import os"])
def test_what_says_nothing_to_a_program_is_left_alone(tmp_path, line):
    assert changes(tmp_path, "a.py", line + "\n") == set()


@pytest.mark.parametrize(
    ("line", "change"),
    [
        ("if (a === b) c();", "if (a === b) c(); -> if (a !== b) c();"),
        ("if (a) b = true;", "if (a) b = true; -> if (!a) b = true;"),
        ("  this.draw();", "this.draw(); -> nothing"),
    ],
)
def test_a_line_of_a_script_is_changed(tmp_path, line, change):
    assert change in changes(tmp_path, "a.js", line + "\n")


def test_a_directive_of_nginx_is_dropped(tmp_path):
    text = "server {\n    # limits\n    limit_conn uploads 20;\n}\n"
    assert changes(tmp_path, "nginx/site.conf.template", text) == {"limit_conn uploads 20; -> nothing"}


def test_a_mutant_is_the_same_one_when_lines_come_above_it(tmp_path):
    (tmp_path / "a.py").write_text("x = 1 < y\n")
    first = {mutant.name for mutant in mutants_of(tmp_path, "a.py")}
    (tmp_path / "a.py").write_text("import os\n\nx = 1 < y\n")
    assert {mutant.name for mutant in mutants_of(tmp_path, "a.py")} == first
