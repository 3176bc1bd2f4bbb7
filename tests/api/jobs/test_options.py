"""A job's options: read, kept, part of what an Idempotency-Key stands for, and followed where chunks are scored."""

import csv
import io
import json
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Literal

import pytest
from msgspec import Meta, to_builtins

from churn.errors import ValidationError
from churn_api.jobs import paths
from churn_api.jobs.options import DEFAULTS, JobOptions
from churn_api.jobs.plan import NewerPlan

Make = Callable[[int], bytes]


class Options(JobOptions, frozen=True):
    """As a program has them that knows two options."""

    depth: Annotated[int, Meta(ge=0, le=3, description="How deep.")] = 3
    order: Annotated[Literal["input", "risk"], Meta(description="Of the rows.")] = "input"


@pytest.mark.parametrize(
    ("query", "options"),
    [
        ({}, Options()),
        ({"depth": ["0"]}, Options(depth=0)),
        ({"depth": ["1", "2"], "order": ["risk"], "colour": ["red"]}, Options(depth=1, order="risk")),
    ],
    ids=["nothing", "one", "the first of two, and what is no option"],
)
def test_options_are_read_from_the_query(query: dict[str, list[str]], options: Options) -> None:
    assert Options.from_query(query) == options


@pytest.mark.parametrize(("name", "value"), [("depth", "4"), ("depth", "deep"), ("depth", ""), ("order", "<script>")])
def test_an_option_that_cannot_be_is_a_422_that_names_it(name: str, value: str) -> None:
    with pytest.raises(ValidationError) as raised:
        Options.from_query({"order": ["risk"], name: [value]})
    [fault] = raised.value.errors
    assert (fault.field, fault.code) == (name, "not_allowed")
    assert fault.message.startswith(f"{name}: ")
    assert repr(value) in fault.message or value in fault.message


def test_a_day_is_read_and_kept_as_it_is_written() -> None:
    options = JobOptions.from_query({"as_of": ["2026-03-01"]})
    assert options.as_of == date(2026, 3, 1)
    assert to_builtins(options) == {"as_of": "2026-03-01"}
    assert JobOptions.from_record({"as_of": "2026-03-01"}) == options


@pytest.mark.parametrize("as_of", ["2026-11-23", "2025-10-19", None], ids=["today", "the first that is kept", "none"])
def test_a_day_whose_predictions_are_kept_is_taken(as_of: str | None) -> None:
    options = JobOptions.from_query({"as_of": [as_of]} if as_of else {})
    options.check(date(2026, 11, 23), 400)


@pytest.mark.parametrize(
    ("as_of", "days", "code", "words"),
    [
        ("2026-11-24", 400, "out_of_range", "to today, 2026-11-23; got 2026-11-24."),
        ("2025-10-18", 400, "out_of_range", "as_of must be a day from 2025-10-19, since predictions are kept for 400"),
        ("2026-11-23", None, "not_allowed", "CHURN_TRACKING is off; leave it out; got 2026-11-23."),
    ],
    ids=["in the future", "too old", "nothing is tracked"],
)
def test_a_day_whose_predictions_are_not_kept_is_refused(as_of: str, days: int | None, code: str, words: str) -> None:
    options = JobOptions.from_query({"as_of": [as_of]})
    with pytest.raises(ValidationError) as raised:
        options.check(date(2026, 11, 23), days)
    [fault] = raised.value.errors
    assert (fault.field, fault.code) == ("as_of", code)
    assert words in fault.message


@pytest.mark.parametrize("as_of", ["", "1 March 2026", "2026-13-01", "2026-03-01T00:00:00"])
def test_what_is_no_day_is_refused(as_of: str) -> None:
    with pytest.raises(ValidationError) as raised:
        JobOptions.from_query({"as_of": [as_of]})
    [fault] = raised.value.errors
    assert (fault.field, fault.message) == ("as_of", f'as_of: Expected a day such as 2026-03-01; got "{as_of}".')


def test_a_record_holds_what_is_not_a_default_and_is_read_again() -> None:
    assert to_builtins(Options()) == to_builtins(DEFAULTS) == {}
    options = Options(depth=1)
    assert to_builtins(options) == {"depth": 1}
    assert Options.from_record({"depth": 1}) == options


@pytest.mark.parametrize("members", [{"weight": 1}, {"depth": 9}, {"order": "name"}])
def test_what_only_a_newer_program_can_have_written_is_told_apart(members: dict[str, Any]) -> None:
    with pytest.raises(NewerPlan):
        Options.from_record(members)


def test_a_default_is_the_same_request_as_none_and_another_option_is_not() -> None:
    queries = [{}, {"depth": ["3"]}, {"depth": ["2"]}, {"depth": ["2"], "x": ["y"]}, {"x": ["y"]}]
    digested = [Options.from_query(query).digested(query) for query in queries]
    assert digested[0] == digested[1] == b""
    assert len(set(digested)) == 4


def test_a_query_without_options_is_digested_as_older_programs_do() -> None:
    query = {"sheet": ["2"], "made_up": ["1", "2"]}
    assert DEFAULTS.digested(query) == json.dumps(query, sort_keys=True).encode()


@pytest.mark.parametrize("reasons", [0, 1, 3])
@pytest.mark.parametrize("rows", [5, 0])
def test_the_results_of_a_job_have_as_many_reasons_as_were_asked_for(
    bench: Any, many_customers: Make, rows: int, reasons: int
) -> None:
    data = many_customers(rows) if rows else many_customers(1).splitlines(keepends=True)[0]
    job = bench.submit(data, options=JobOptions(reasons=reasons))
    bench.drain()
    lines = list(csv.reader(io.StringIO(bench.file(job, "results").decode())))
    names = [f"reason_{rank}" for rank in range(1, reasons + 1)]
    assert lines[0] == ["row", "customerID", "prediction", "churn_probability", "risk_band", *names, "assumed"]
    assert [len(line) for line in lines] == [len(lines[0])] * (1 + rows)


def test_a_job_with_an_option_that_is_not_known_waits_for_a_newer_worker(
    bench: Any, many_customers: Make, caplog: pytest.LogCaptureFixture
) -> None:
    job = bench.submit(many_customers(5))
    key = paths.record(job.id)

    def choose(**options: Any) -> None:
        record = json.loads(bench.store.get(key).data) | {"options": options}
        bench.store.put(key, json.dumps(record).encode(), content_type="application/json")

    choose(weight=1)
    bench.drain()
    assert bench.status(job) == "in_progress"
    assert f"Step 000000 of {job.id} is left to a newer worker." in caplog.messages
    assert json.loads(bench.store.get(key).data)["options"] == {"weight": 1}, "whoever changes the record keeps them"
    choose()  # which stands for a worker that knows it
    while not bench.queue.steps:
        bench.clock.pass_by(minutes=1)
        bench.sweeper.sweep()
    bench.drain()
    assert bench.status(job) == "completed"
