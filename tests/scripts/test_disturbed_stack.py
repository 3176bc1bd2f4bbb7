"""What is noted of the parts of a stack that are killed."""

import pytest

from scripts import disturbed_stack
from scripts.disturbed_stack import Target
from scripts.tracked_rows import Span


@pytest.fixture
def stack(monkeypatch) -> Target:
    """A stack without an engine, in which each command of Compose takes a second, and no other time passes."""
    now = [100.0]

    def take(seconds: float) -> None:
        now[0] += seconds

    monkeypatch.setattr(disturbed_stack.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(disturbed_stack.time, "sleep", take)
    monkeypatch.setattr(Target, "compose", lambda *_, **__: take(1.0))
    return Target(disturbed_stack.ROOT, {})


def test_processes_of_the_api_may_have_answered_until_they_were_killed(stack):
    stack.kill("api", 5.0)
    assert (stack.sent.killed, stack.sent.away) == ([Span(100, 101)], [])


def test_the_store_is_away_until_it_is_started_again(stack):
    stack.kill("minio", 5.0)
    assert (stack.sent.killed, stack.sent.away) == ([], [Span(100, 107)])


def test_of_other_parts_no_answer_may_be_lost(stack):
    for service in ("worker", "queue", "cache"):
        stack.kill(service, 5.0)
    stack.wipe_queue()
    assert (stack.sent.killed, stack.sent.away) == ([], [])
    assert stack.killed == ["worker", "queue", "cache", "queue's data"]
