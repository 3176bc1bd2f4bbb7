"""The simulated operator against a stub of the API that answers rightly, and against ones that do not."""

import csv
import io
import json
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from threading import Thread
from typing import Any

import numpy as np
import pytest
from werkzeug import Request, Response
from werkzeug.serving import make_server

from scripts import simulated_operator
from scripts.simulated_operator import Line, faults_of
from scripts.simulation.campaign import Contact
from scripts.simulation.client import Client, Refused
from scripts.simulation.hazard import CATEGORIES, Hazard
from scripts.simulation.oracle import EXPECTED, Oracle
from scripts.simulation.reporting import Outcome
from scripts.simulation.world import Change

RELEASE = "r1"
SMALL = ["--months", "3", "--customers", "300"]


class Stub:
    """The endpoints that the operator uses, with the hazard for a model and the oracle for figures."""

    def __init__(self) -> None:
        self.oracle = Oracle(1)
        self.files: dict[str, str] = {}
        self.asked: list[Request] = []
        self.verdict = "none"
        self.spoil: Callable[[dict[str, Any]], None] = lambda _: None
        self.busy = 0

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        self.asked.append(request)
        if self.busy:
            self.busy -= 1
            return Response(status=429, headers={"Retry-After": "0"})(environ, start_response)
        name = f"{request.method} {request.path}".rsplit("/", request.path.count("/") - 1)[0]
        answers = {
            "GET /schema": lambda _: {"label_window_months": None},
            "POST /jobs": self.job,
            "GET /jobs": lambda request: self.files[request.path],
            "POST /batch_predict": lambda request: {
                "predictions": [{"churn_probability": p} for p in probabilities(request.json["customers"])]
            },
            "POST /outcomes": self.outcomes,
            "GET /quality": lambda _: self.quality(),
        }
        answer = answers[name](request)
        body = answer if isinstance(answer, str) else json.dumps(answer)
        return Response(body)(environ, start_response)

    def job(self, request: Request) -> dict[str, Any]:
        rows = list(csv.DictReader(io.StringIO(request.get_data(as_text=True))))
        scored = dict(zip([row["customerID"] for row in rows], probabilities(rows), strict=True))
        self.oracle.predicted(date.fromisoformat(request.args["as_of"]), RELEASE, scored)
        lines = ["customerID,churn_probability", *(f"{name},{p:.6f}" for name, p in scored.items())]
        self.files["/jobs/j/results"] = "\n".join(lines)
        done = ended("jobs/j", len(rows))
        self.files["/jobs/j"] = json.dumps(done)
        return done | {"status": "running"}

    def outcomes(self, request: Request) -> dict[str, Any]:
        rows = list(csv.DictReader(io.StringIO(request.get_data(as_text=True))))
        self.oracle.reported(outcome(row) for row in rows)
        return ended("outcomes/o", len(rows))

    def quality(self) -> dict[str, Any]:
        releases = self.oracle.releases(datetime.now(UTC).date())
        parts = {name: shown(told) for name, told in releases[RELEASE].items()}
        release = parts.pop("all") | {
            "version": RELEASE,
            "months": [{"month": name} | part for name, part in parts.items()],
            "verdict": {"state": self.verdict},
            "drift": {"fields": [{"field": "tenure", "state": "notice"}]},
        }
        now = datetime.now(UTC).isoformat(timespec="seconds")
        answer = {"computed_at": now, "outcomes": self.oracle.outcomes(), "releases": [release]}
        self.spoil(answer)
        return answer


def probabilities(rows: list[dict[str, Any]]) -> list[float]:
    columns = {name: np.array([str(row[name]) for row in rows]) for name in CATEGORIES}
    for name in ("tenure", "MonthlyCharges"):
        columns[name] = np.array([float(row[name]) for row in rows])
    return Hazard().probability(columns).tolist()


def outcome(row: dict[str, str]) -> Outcome:
    left, stayed = (date.fromisoformat(row[name]) if row[name] else None for name in ("left_at", "stayed_until"))
    arm = "hold_out" if row["arm"] == "hold_out" else "treat"
    contact = Contact(row["campaign"], arm, row["accepted"] == "yes", float(row["cost"])) if row["campaign"] else None
    return Outcome(row["customerID"], left, stayed, contact)


def shown(told: dict[str, float | None]) -> dict[str, Any]:
    parts = {
        name: value if value is None or isinstance(value, int) else {"value": value, "low": value, "high": value}
        for name, value in told.items()
    }
    return parts | {
        "expected": {name.removeprefix(EXPECTED): parts[name] for name in told if name.startswith(EXPECTED)}
    }


def ended(path: str, rows: int) -> dict[str, Any]:
    return {
        "id": "x",
        "status": "completed",
        "error": None,
        "model_version": RELEASE,
        "request_counts": {"total": rows, "completed": rows, "failed": 0},
        "links": {"self": f"/{path}", "results": f"/{path}/results"},
    }


@pytest.fixture
def stub() -> Iterator[Stub]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    stub = Stub()
    server = make_server("127.0.0.1", 0, stub, threaded=True)
    stub.url = f"http://127.0.0.1:{server.server_port}"  # type: ignore[attr-defined]
    Thread(target=server.serve_forever, daemon=True).start()
    yield stub
    server.shutdown()


@pytest.mark.parametrize("more", [[], ["--campaign"], ["--change", "ranking@2"], ["--change", "bills@1"]], ids=" ".join)
def test_nothing_differs_where_the_product_is_right(stub, capsys, tmp_path, more):
    report = tmp_path / "report.json"
    assert simulated_operator.main(["--url", stub.url, *SMALL, "--report", str(report), *more]) == 0
    told = json.loads(report.read_text())
    assert told["faults"] == []
    assert [line["scored"] > 250 for line in told["lines"]] == [True] * 3
    assert told["lines"][-1]["truth"]["roc_auc"] == told["lines"][-1]["realised"]["roc_auc"]
    assert "0 faults." in capsys.readouterr().out
    if "--campaign" in more:
        assert told["lines"][-1]["truth"]["treated"] > 30


def test_the_key_is_sent_and_a_busy_product_is_asked_again(stub):
    stub.busy = 3
    assert simulated_operator.main(["--url", stub.url, "--key", "k", "--months", "1", "--customers", "100"]) == 0
    assert {request.headers["X-API-Key"] for request in stub.asked} == {"k"}


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (lambda answer: answer["releases"][0]["months"][0]["brier"].update(value=0.1), "brier"),
        (lambda answer: answer["releases"][0].update(matched=1), "all: matched is 1"),
        (lambda answer: answer["outcomes"].update(rows=7), "outcomes: rows is 7"),
        (lambda answer: answer["releases"][0]["months"].pop(), "there are the months"),
        (lambda answer: answer["releases"][0].update(version="r2"), "of the releases"),
        (lambda answer: answer["releases"][0].update(roc_auc=None), "roc_auc is None"),
        (lambda answer: answer["releases"][0]["lift"].update(low=99), "outside of its own interval"),
        (lambda answer: answer["releases"][0]["expected"]["brier"].update(value=0.5), "expected brier is 0.5"),
        (lambda answer: answer["releases"][0].update(expected=None), "expected roc_auc is None"),
    ],
    ids=["figure", "count", "outcomes", "month", "release", "none", "interval", "expected", "nothing expected"],
)
def test_what_differs_is_named(stub, capsys, spoil, named):
    stub.spoil = spoil
    assert simulated_operator.main(["--url", stub.url, "--months", "2", "--customers", "300"]) == 1
    assert named in capsys.readouterr().out


def test_an_answer_that_one_cannot_go_on_with_is_named(stub):
    stub.files["/jobs/missing"] = ""
    client = Client(stub.url)
    stub.job = lambda _: ended("jobs/j", 0)  # type: ignore[method-assign]
    with pytest.raises(Refused, match="scored"):
        client.score([{"customerID": "a"}], date(2026, 1, 1))


def lines(*verdicts: str) -> list[Line]:
    return [Line(f"{number}", 1, 1, 0.1, {}, {}, verdict, [], []) for number, verdict in enumerate(verdicts, 1)]


@pytest.mark.parametrize(
    ("verdicts", "change", "faults"),
    [
        (["none", "notice"], None, []),
        (["none", "alarm"], None, ["2: a false alarm"]),
        (["none", "alarm"], Change("rate", 2), []),
        (["alarm", "none"], Change("rate", 2), ["1: a false alarm"]),
        (["none"] * 3, Change("rate", 2), []),
        (["none"] * 4, Change("rate", 2), ["4: the rate changed, and the verdict does not say so"]),
        (["none"] * 4, Change("bills", 2), []),
    ],
    ids=str,
)
def test_the_verdict_is_held_to_what_changed(verdicts, change, faults):
    assert faults_of(lines(*verdicts), change, window_months=1) == faults


@pytest.mark.parametrize("text", ["rate", "rate@0", "rate@x", "wind@3", "@3", ""], ids=repr)
def test_a_change_that_is_none_is_refused(text, capsys):
    with pytest.raises(SystemExit):
        simulated_operator.main(["--change", text])
    assert "is not one of rate, ranking, meaning, bills" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--campaigns"], "needs the --store"),
        (["--campaigns", "--store", "file:///x", "--months", "13"], "at most 11"),
        (["--campaigns", "--campaign"], "not allowed with"),
        (["--world", "flat"], "invalid choice"),
    ],
    ids=["store", "months", "both", "world"],
)
def test_campaigns_that_cannot_be_simulated_are_refused(options, named, capsys):
    with pytest.raises(SystemExit):
        simulated_operator.main(options)
    assert named in capsys.readouterr().err


def test_a_table_to_train_on_is_written(tmp_path):
    assert simulated_operator.main(["--training-table", str(tmp_path / "table.csv")]) == 0
    rows = list(csv.DictReader(io.StringIO((tmp_path / "table.csv").read_text())))
    assert len(rows) > 10_000
    assert 0.1 < sum(row["Churn"] == "Yes" for row in rows) / len(rows) < 0.3
