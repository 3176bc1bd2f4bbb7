"""Which mutants are drawn, which tests are asked about them, and what becomes of them."""

import pytest

from scripts import mutate
from scripts.mutations import Mutant

MUTANT = Mutant("shared/churn/model/scoring.py", 3, "0 -> 1", "")


def test_the_same_seed_draws_the_same_mutants():
    first = mutate.draw(["shared/churn/model/scoring.py"], 5, 1, set())
    assert [m.name for m in first] == [m.name for m in mutate.draw(["shared/churn/model/scoring.py"], 5, 1, set())]
    assert len({(m.line, m.change) for m in first}) == 5
    assert first != mutate.draw(["shared/churn/model/scoring.py"], 5, 2, set())


def test_what_is_known_to_change_nothing_is_not_drawn():
    every = {mutant.name for mutant in mutate.draw(["shared/churn/model/scoring.py"], 10_000, 1, set())}
    one = sorted(every)[0]
    left = {mutant.name for mutant in mutate.draw(["shared/churn/model/scoring.py"], 10_000, 1, {one})}
    assert left == every - {one}


def test_every_mutant_that_is_left_out_is_left_out_for_a_reason():
    lines = mutate.EQUIVALENT.read_text().splitlines() if mutate.EQUIVALENT.exists() else []
    assert [line for line in lines if line and not line.startswith("#") and "  # " not in line] == []


@pytest.mark.parametrize(
    ("path", "tests"),
    [
        ("shared/churn/model/scoring.py", ["tests/shared/model/test_scoring.py"]),
        ("services/api/churn_api/jobs/plan.py", ["tests/api/jobs/test_plan.py"]),
        ("services/web/public/assets/charts/lines.js", ["tests/web/test_charts.py"]),
        ("shared/churn/no_such_module.py", []),
    ],
)
def test_the_mirrored_tests_are_asked_first(path, tests, root):
    assert mutate.mirrored(path) == [name for name in tests if (root / name).exists()]


def test_a_test_takes_as_long_as_all_its_cases(tmp_path, monkeypatch):
    cases = [("a[1]", "0.5"), ("a[2 [x]]", "0.25"), ("b", "2")]
    rows = "".join(f'<testcase classname="tests.api.test_x" name="{name}" time="{time}"/>' for name, time in cases)
    (tmp_path / "durations.xml").write_text(f"<testsuites><testsuite>{rows}</testsuite></testsuites>")
    monkeypatch.setattr(mutate, "DURATIONS", tmp_path / "durations.xml")
    mutate.durations.cache_clear()
    assert mutate.durations() == {"tests/api/test_x.py::a": 0.75, "tests/api/test_x.py::b": 2.0}
    mutate.durations.cache_clear()


def test_a_line_is_found_among_the_bits_that_coverage_keeps():
    bits = bytes([0b0000_0010, 0b1000_0000])
    assert [line for line in range(20) if mutate.has_line(bits, line)] == [1, 15]


@pytest.mark.parametrize(
    ("body", "killed"), [("assert x() == 1", True), ("assert True", False), ("assert x() == 3", False)]
)
def test_a_mutant_is_killed_by_a_failing_test_and_leaves_the_copy_as_it_was(tmp_path, monkeypatch, body, killed):
    (tmp_path / "m.py").write_text("def x():\n    return 1\n")
    (tmp_path / "test_m.py").write_text(
        f"import pytest\nfrom m import x\n\n@pytest.mark.parametrize('_', ['a b - c'])\ndef test(_):\n    {body}\n"
    )
    (tmp_path / "pytest.ini").write_text("[pytest]\npythonpath = .\n")
    monkeypatch.setattr(mutate, "tests_of", lambda _: iter([["test_m.py"]]))
    mutant = Mutant("m.py", 2, "1 -> 2", "def x():\n    return 2\n")
    assert mutate.verdict(tmp_path, mutant).killed is killed
    assert (tmp_path / "m.py").read_text() == "def x():\n    return 1\n"
