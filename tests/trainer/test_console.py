"""What a person at a terminal sees."""

import io

import pytest

from churn_trainer import console as console_module
from churn_trainer.console import Console, Progress


@pytest.fixture
def clock(monkeypatch):
    """The time, to be moved on by hand."""
    now = [100.0]
    monkeypatch.setattr(console_module.time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def stream():
    return io.StringIO()


def test_steps_carry_the_seconds_since_the_start(clock, stream):
    console = Console(stream)
    clock[0] += 12.34
    console.step("Explored.")
    assert stream.getvalue() == "[ 12.3 s] Explored.\n"


def test_columns_of_a_table_line_up(clock, stream):
    Console(stream).table(("Model", "AUC"), [("One", "0.8"), ("Another", "0.81")])
    lines = stream.getvalue().splitlines()
    assert lines[0] == "  Model     AUC"
    assert lines[3] == "  Another  0.81"
    assert len({len(line) for line in lines}) == 1


def test_progress_tells_the_time_left_by_the_costs_of_the_parts(clock, stream):
    progress = Progress(Console(stream), {"quick": 1.0, "slow": 3.0})
    clock[0] += 10
    progress("quick", 5, 5)
    assert "quick: fold 5 of 5; about 30 s left" in stream.getvalue()


def test_progress_is_told_every_few_seconds_and_at_the_end_of_a_part(clock, stream):
    progress = Progress(Console(stream), {"one": 1.0})
    for done in range(1, 11):
        clock[0] += 1
        progress("one", done, 10)
    assert len(stream.getvalue().splitlines()) == 2
    assert "fold 5 of 10; about 5 s left" in stream.getvalue()


def test_at_the_end_no_time_is_left_in_whatever_order_costs_are_added(clock, stream):
    costs = {"one": 0.3, "two": 0.2, "three": 0.1}
    progress = Progress(Console(stream), costs)
    for name in reversed(costs):  # 0.1 + 0.2 + 0.3 is more than 0.3 + 0.2 + 0.1
        clock[0] += 10
        progress(name, 5, 5)
    assert stream.getvalue().splitlines()[-1].endswith("about 0 s left")
