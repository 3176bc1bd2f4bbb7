"""A clock that steps, as clocks of small machines do when they first hear of the right time."""

import pytest

from churn_api.metrics.shared_counters import SharedCounters

HOUR, FIVE_MINUTES = 3_600, 300


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("step", [-HOUR, HOUR], ids=["back", "forward"])
def test_the_error_rate_recovers_from_a_clock_that_steps(step):
    clock = Clock()
    counters = SharedCounters(clock=clock)
    for _ in range(10):
        counters.count_request(0.01, failed=True)
    clock.now += step
    for _ in range(FIVE_MINUTES):
        counters.count_request(0.01, failed=False)
        clock.now += 1
    assert counters.tally().error_rate == 0
    assert counters.tally().prediction_requests == 10 + FIVE_MINUTES


@pytest.mark.parametrize("step", [-HOUR, HOUR], ids=["back", "forward"])
def test_failures_after_a_step_are_seen_at_once(step):
    clock = Clock()
    counters = SharedCounters(clock=clock)
    clock.now += step
    for failed in (True, False):
        counters.count_request(0.01, failed=failed)
    assert counters.tally().error_rate == 0.5
