"""What the API answers is handed over: by whichever way, exactly once, and only if the operator wants it."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import requests
from flask import Flask

from churn.store.interface import ObjectStore
from churn_api.settings import ApiSettings
from churn_api.tracking.buffer import Answered
from churn_api.tracking.incoming import Handover
from churn_api.tracking.recorder import Recorder

Written = Callable[[], list[Handover]]
Make = Callable[[ApiSettings], Flask]


def ask(app: Flask, whole: dict[str, Any], partial: dict[str, Any]) -> list[Answered]:
    """Four customers alone and six in batches; three of them are refused, and two of the others have no id.

    Returns what an observer has seen by the end of the process.
    """
    service, client = app.extensions["churn"], app.test_client()
    seen: list[Answered] = []
    service.recorder.observe(seen.append)
    service.watch()
    for record in (whole, partial, whole | {"customerID": "alone"}, whole | {"tenure": -1}):
        client.post("/predict", json=record)
    client.post("/batch_predict", json=[whole | {"customerID": f"plain {number}"} for number in range(2)])
    named = [{**partial, "customerID": "judged"}, partial, {"tenure": "many"}, 7]
    client.post("/batch_predict", json=named)
    service.end()
    return seen


def test_every_answer_is_handed_over_once(
    make_app: Make, settings: ApiSettings, whole: Any, partial: Any, written: Written
) -> None:
    app = make_app(settings)
    seen = ask(app, whole, partial)
    service = app.extensions["churn"]
    (handover,) = written()
    tracked = {rows.source: set(rows.ids) for rows in handover.rows if rows.source == "single"}
    assert tracked == {"single": {whole["customerID"], "alone"}}
    batches = [set(rows.ids) for rows in handover.rows if rows.source == "batch"]
    assert batches == [{"plain 0", "plain 1"}, {"judged"}]
    assert {rows.release for rows in handover.rows} == {service.releases.version}
    assert (handover.refusals.rows, handover.refusals.refused) == (10, 3)
    assert handover.refusals.faults["tenure:out_of_range"] == 1
    assert sum(len(answered.ids) for answered in seen) == 7
    # The row that was read as absent in places is kept as it was read.
    (judged,) = [rows for rows in handover.rows if rows.ids == ["judged"]]
    position = service.schema.position
    assert (judged.customers[position["tenure"]], judged.customers[position["OnlineBackup"]]) == ([24], [None])
    assert judged.assumed[0] > 3


def test_nothing_is_written_while_tracking_is_off_but_all_is_counted(
    make_app: Make, settings: ApiSettings, whole: Any, partial: Any, written: Written
) -> None:
    seen = ask(make_app(settings.model_copy(update={"tracking": "off"})), whole, partial)
    assert written() == []
    assert sum(len(answered.ids) for answered in seen) == 7


def test_nothing_ends_the_thread(
    make_app: Make, settings: ApiSettings, whole: Any, eventually: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("churn_api.tracking.recorder.PAUSE_SECONDS", 0.01)
    app = make_app(settings)
    service = app.extensions["churn"]
    seen: list[int] = []

    def observer(answered: Answered) -> None:
        seen.append(len(answered.ids))
        raise RuntimeError("unforeseen")

    service.recorder.observe(observer)
    service.watch()
    for _ in range(2):
        before = len(seen)
        app.test_client().post("/predict", json=whole)
        eventually(lambda before=before: len(seen) > before, seconds=5)
    monkeypatch.setattr(Recorder, "_take", lambda _: None)
    service.end()


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_process_that_is_told_to_end_hands_over_what_is_left(
    serve: Callable[..., Any],
    store: ObjectStore,
    publish: Callable[..., str],
    whole: Any,
    written: Written,
    eventually: Callable[..., Any],
    ending: signal.Signals,
) -> None:
    publish(store)
    server = serve(CHURN_API_WORKERS="2")
    for number in range(20):
        answer = requests.post(f"{server.url}/predict", json=whole | {"customerID": f"c{number}"}, timeout=5)
        assert answer.status_code == 200
    assert written() == []
    server.process.send_signal(ending)
    tracked = eventually(lambda: len(found := [n for h in written() for r in h.rows for n in r.ids]) >= 20 and found)
    assert sorted(tracked) == sorted(f"c{number}" for number in range(20))


PROCESS = """
import json, sys
from churn_api.app import create_app
from churn_api.settings import ApiSettings

app = create_app(ApiSettings(store_url=sys.argv[1]))
app.extensions["churn"].watch()
assert app.test_client().post("/batch_predict", json=[json.loads(sys.argv[2])]).status_code == 200
app.extensions["churn"].end()
print("polars" in sys.modules)
"""


def test_a_process_of_the_api_never_loads_polars(
    settings: ApiSettings, store: ObjectStore, publish: Callable[..., str], whole: Any, written: Written
) -> None:
    """It would take as much memory as all the rest of the process."""
    publish(store)
    command = [sys.executable, "-c", PROCESS, settings.store_url, json.dumps(whole)]
    assert subprocess.run(command, capture_output=True, check=True, text=True).stdout == "False\n"
    assert len(written()) == 1
