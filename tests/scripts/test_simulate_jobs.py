"""The model of jobs on workers: cases that one can work out by hand, and what was measured."""

import pytest

from scripts.simulate_jobs import Job, Shares, Steps, a_day, measured_run, modelled_seconds, simulate

# How far the model may be from what was measured.
TOLERANCE = 0.15
JOB = Job(arrives=0.0, plan=1.0, chunks=4, chunk=2.0, finish=0.5)


@pytest.mark.parametrize(("workers", "seconds"), [(1, 9.5), (2, 5.5), (3, 5.5), (4, 3.5), (100, 3.5)])
def test_a_lone_job_takes_its_plan_its_rounds_of_chunks_and_its_end(workers, seconds):
    assert simulate([JOB], workers) == [pytest.approx(seconds)]


def test_a_second_job_waits_for_the_first_ones_chunks():
    first, second = simulate([JOB, JOB._replace(arrives=0.1)], 1)
    assert second > first


def test_jobs_that_come_apart_do_not_meet():
    assert simulate([JOB, JOB._replace(arrives=100.0)], 1) == [pytest.approx(9.5)] * 2


def test_a_larger_job_has_more_chunks_of_the_same_size():
    steps = Steps(rows=100, chunks=2, plan=1.0, chunk=3.0, finish=0.5)
    assert steps.job(1_000) == Job(0.0, 10.0, 20, 3.0, 5.0)


@pytest.mark.parametrize(("cores", "seconds"), [(4.0, 5.5), (2.0, 5.5), (1.0, 9.5), (0.5, 19.0)])
def test_two_workers_on_too_few_cores_slow_each_other_down(cores, seconds):
    assert simulate([JOB], 2, cores) == [pytest.approx(seconds)]


def test_steps_that_wait_for_something_else_share_a_core_without_loss():
    assert simulate([JOB], 2, cores=1.0, shares=Shares(1, 0.5, 1)) == simulate([JOB], 2)


def test_a_step_that_is_alone_again_takes_up_its_pace():
    both = [Job(0.0, 1.0, 1, 2.0, 0.0), Job(1.0, 1.0, 1, 1.0, 0.0)]
    assert simulate(both, 2, cores=1.0) == [pytest.approx(5.0), pytest.approx(4.0)]


@pytest.mark.parametrize("workers", [1, 2])
def test_the_model_tells_what_was_measured(workers):
    assert modelled_seconds(workers) == pytest.approx(measured_run(workers).seconds, rel=TOLERANCE)


def test_more_workers_never_make_a_day_longer():
    steps = Steps(rows=1_000, chunks=2, plan=5.0, chunk=20.0, finish=5.0)
    late = [a_day(steps, 1_000_000, 1_000, workers)[1] for workers in (1, 2, 4)]
    assert late == sorted(late, reverse=True)
