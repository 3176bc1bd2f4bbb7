"""/campaigns over HTTP: what is asked for wrongly is refused by name, and a planned campaign is there to be had."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from tests.api.campaigns.conftest import PLAN
from tests.api.jobs.conftest import SAMPLE, ListMeter, ListQueue

from churn.store.interface import ObjectStore
from churn_api.app import create_app
from churn_api.campaigns.planning import Planning
from churn_api.jobs.release_cache import ReleaseCache
from churn_api.jobs.repository import JobRepository
from churn_api.jobs.steps import Steps
from churn_api.settings import ApiSettings

ROWS = 400
CUSTOMERS = b"\n".join(SAMPLE.splitlines()[: ROWS + 1]) + b"\n"


class Site:
    """The API, and a worker that works when the test says so."""

    def __init__(self, app: Flask, store: ObjectStore) -> None:
        self.client, self.store = app.test_client(), store
        self._queue = ListQueue()
        repository, releases = JobRepository(store), ReleaseCache(store)
        planner = Planning(repository, releases)
        self._steps = Steps(repository, self._queue, releases, ListMeter(), planner=planner)

    def work(self, job_id: str) -> None:
        self._queue.steps.append(("start", job_id, None))
        while self._queue.steps:
            step, name, number = self._queue.steps.pop(0)
            if step != "notify":
                getattr(self._steps, step)(name, *([] if number is None else [number]))

    def scored(self) -> str:
        answer = self.client.post("/jobs", data={"file": (io.BytesIO(CUSTOMERS), "customers.csv")})
        self.work(answer.json["id"])
        return str(answer.json["id"])

    def ask(self, body: Any, **headers: str) -> Any:
        return self.client.post("/campaigns", json=body, headers=headers)

    def fetch(self, path: str, **headers: str) -> Any:
        """A file, whose body is at its end: until then its request holds a place."""
        with self.client.get(path, headers=headers) as answer:
            assert answer.data
            return answer

    def planned(self, job_id: str, **plan: Any) -> str:
        answer = self.ask(asked(job_id, **plan))
        assert answer.status_code == 202, answer.json
        self.work(answer.json["id"])
        return str(answer.json["id"])


def asked(job_id: str, **plan: Any) -> dict[str, Any]:
    return {"name": "Spring", "source": {"job": job_id}, "plan": PLAN | plan}


@pytest.fixture
def site(make_app: Callable[[ApiSettings], Flask], settings: ApiSettings, store: ObjectStore) -> Site:
    return Site(make_app(settings), store)


def test_a_campaign_is_asked_for(site: Site) -> None:
    job_id = site.scored()
    answer = site.ask(asked(job_id), **{"Idempotency-Key": "spring"})
    assert answer.status_code == 202
    campaign_id = answer.json["id"]
    path = f"/campaigns/{campaign_id}"
    assert answer.headers["Location"] == answer.json["links"]["self"] == path
    assert (answer.json["success"], answer.json["object"], answer.json["status"]) == (True, "campaign", "planning")
    source = answer.json["source"]
    assert (source["job"], source["filename"]) == (job_id, "customers.csv")
    assert answer.json["progress"] == {"total": ROWS, "completed": 0, "failed": 0}
    assert "Idempotent-Replayed" not in answer.headers
    again = site.ask(asked(job_id), **{"Idempotency-Key": "spring"})
    assert (again.headers["Idempotent-Replayed"], again.json["id"]) == ("true", campaign_id)
    assert site.ask(asked(job_id, budget=1), **{"Idempotency-Key": "spring"}).status_code == 409
    for early in ("start", "close"):
        assert site.client.post(f"{path}/{early}").status_code == 409
    assert site.client.get(f"{path}/list").status_code == 409


def test_a_campaign_that_is_planned_has_its_figures(site: Site) -> None:
    campaign_id = site.planned(site.scored())
    planned = site.client.get(f"/campaigns/{campaign_id}").json
    assert planned["status"] == "planned"
    assert planned["customers"]["rows"] == ROWS
    assert planned["progress"] == {"total": ROWS, "completed": ROWS, "failed": 0}
    wanted = {"money", "low", "high"}
    assert planned["expected"].keys() == planned["versus_top_by_risk"].keys() == wanted
    assert planned["spend"].keys() == {"money", "minutes"}
    assert [offer["name"] for offer in planned["offers"]] == ["10 % off", "a call"]
    assert 2 <= len(planned["curve"]) <= 41
    assert {each["save_rates"] for each in planned["sensitivity"]} >= {0.5, 1, 1.5}
    shown = site.client.get("/campaigns").json
    assert (shown["success"], shown["object"], shown["has_more"], shown["last_id"]) == (
        True,
        "list",
        False,
        campaign_id,
    )
    assert shown["data"][0]["expected"] == planned["expected"]
    assert "words" not in shown["data"][0]


def test_the_list_is_downloaded_as_files_of_jobs_are(site: Site) -> None:
    path = f"/campaigns/{site.planned(site.scored())}"
    listed = site.fetch(f"{path}/list?excel=1")
    assert listed.data.startswith(b"\xef\xbb\xbfrow,customerID,")
    assert listed.headers["Content-Disposition"] == 'attachment; filename="Spring_list.csv"'
    assert len(listed.data.splitlines()) == site.client.get(path).json["customers"]["chosen"] + 1
    whole = site.fetch(f"{path}/list")
    part = site.fetch(f"{path}/list", Range="bytes=0-2")
    assert (part.status_code, part.data, part.headers["ETag"]) == (206, b"row", whole.headers["ETag"])
    assert site.client.get(f"{path}/list?raw=perhaps").status_code == 422


def test_a_campaign_is_started_closed_and_deleted(site: Site) -> None:
    path = f"/campaigns/{site.planned(site.scored())}"
    assert site.client.post(f"{path}/close").status_code == 409
    assert site.client.post(f"{path}/start").json["status"] == "running"
    assert site.client.delete(path).status_code == 409
    assert site.client.post(f"{path}/close").json["status"] == "closed"
    assert site.client.delete(path).status_code == 204
    assert site.client.get(path).status_code == 404


FAULTS: list[tuple[Callable[[dict[str, Any]], Any], int, list[str], str]] = [
    (lambda _: [], 400, [], "The body must be"),
    (lambda body: body | {"sources": 1}, 422, ["sources"], "did you mean source?"),
    (lambda body: body | {"name": ""}, 422, ["name"], "1 to 64 printable"),
    (lambda body: body | {"name": "x" * 65, "source": {"job": 5}}, 422, ["name", "source.job"], "must be a text"),
    (lambda body: body | {"name": None, "plan": None}, 422, ["name", "plan"], "plan is missing"),
    (lambda body: body | {"name": 5}, 422, ["name"], "must be a text"),
    (lambda body: body | {"source": None}, 422, ["source"], "source is missing"),
    (lambda body: body | {"source": "job"}, 422, ["source"], "must be a JSON object"),
    (lambda body: body | {"source": {"job": body["source"]["job"], "jobs": 1}}, 422, ["source.jobs"], "source.job?"),
    (lambda body: body | {"source": {}}, 422, ["source.job"], "is missing"),
    (lambda body: body | {"plan": []}, 422, ["plan", "plan.offers"], "must be a JSON object"),
    (
        lambda body: body | {"plan": PLAN | {"budget": -1, "ofers": 1, "horizon_months": 0.5}},
        422,
        ["plan.ofers", "plan.budget", "plan.horizon_months"],
        "must be a whole number",
    ),
    (
        lambda body: body | {"plan": {"offers": [PLAN["offers"][0] | {"saves": {"rate": 2, "source": "assumed"}}]}},
        422,
        ["plan.offers[0].saves.rate"],
        "at most 1",
    ),
    (
        lambda body: body | {"plan": PLAN | {"value": {"column": "monthly charge"}}},
        422,
        ["plan.value.column"],
        "MonthlyCharges",
    ),
    (
        lambda body: body | {"plan": {"offers": [PLAN["offers"][0] | {"saves": {"source": "measured"}}]}},
        422,
        ["plan.offers[0].saves"],
        "no closed campaign has measured",
    ),
    (lambda body: body | {"source": {"job": "job_01JD0000000000000000000000"}}, 409, [], "Score the file first"),
    (lambda body: body | {"source": {"job": ""}}, 409, [], "Score the file first"),
]


def test_what_is_asked_for_wrongly_is_refused_by_name(site: Site) -> None:
    job_id = site.scored()
    for change, status, fields, words in FAULTS:
        answer = site.ask(change(asked(job_id)))
        assert answer.status_code == status, (words, answer.json)
        assert [fault["field"] for fault in answer.json["errors"]] == fields, words
        assert words in json.dumps(answer.json, ensure_ascii=False), answer.json
    assert site.client.get("/campaigns").json["data"] == []
    assert not list(site.store.list("campaigns/"))


def test_what_is_no_json_or_too_much_of_it_is_refused(site: Site) -> None:
    assert site.client.post("/campaigns", data=b"{", content_type="application/json").status_code == 400
    assert site.client.post("/campaigns", data=b"{}", content_type="text/csv").status_code == 415
    assert site.client.post("/campaigns", json={"name": "x" * 70_000}).status_code == 413
    assert site.ask(asked("x"), **{"Idempotency-Key": ""}).status_code in (409, 422)


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "after=job_01JD0000000000000000000000", "after=x"])
def test_a_page_that_is_none_is_refused(site: Site, query: str) -> None:
    assert site.client.get(f"/campaigns?{query}").status_code == 422


@pytest.mark.parametrize("name", ["x", "cam_01JD0000000000000000000000", "job_01JD0000000000000000000000"])
def test_an_unknown_campaign_is_404(site: Site, name: str) -> None:
    for method, path in (("GET", ""), ("GET", "/list"), ("POST", "/start"), ("POST", "/close"), ("DELETE", "")):
        answer = site.client.open(f"/campaigns/{name}{path}", method=method)
        assert answer.status_code == 404, path
        assert "GET /campaigns" in answer.json["error"]


def test_a_job_is_no_campaign_and_a_campaign_no_job(site: Site) -> None:
    campaign_id = site.planned(site.scored())
    for path in (f"/jobs/{campaign_id}", f"/outcomes/{campaign_id}"):
        assert site.client.get(path).status_code == 404
    assert [job["id"][:4] for job in site.client.get("/jobs").json["data"]] == ["job_"]


def test_without_tracking_no_campaign_is_planned(settings: ApiSettings) -> None:
    client = create_app(settings.model_copy(update={"tracking": "off"})).test_client()
    answer = client.post("/campaigns", json=asked("job_01JD0000000000000000000000"))
    assert answer.status_code == 409
    assert "CHURN_TRACKING=on" in answer.json["error"]


class TestOptOuts:
    @pytest.fixture
    def client(self, settings: ApiSettings) -> FlaskClient:
        return create_app(settings).test_client()

    def test_they_are_replaced_by_json_or_by_a_table(self, client: FlaskClient, store: ObjectStore) -> None:
        assert client.get("/campaigns/opt-outs").json == {
            "success": True,
            "object": "opt_outs",
            "customers": 0,
            "changed_at": None,
        }
        answer = client.put("/campaigns/opt-outs", json={"customers": ["A", 7, 'b, "c"']})
        assert (answer.status_code, answer.json["customers"]) == (200, 3)
        assert answer.json["changed_at"]
        assert store.get("campaigns/opt-outs.csv").data == b'customerID\nA\n7\n"b, ""c"""\n'
        data = "\ufeffCustomer ID;weather\nD;sun\n\n E ;rain\n".encode()
        assert client.put("/campaigns/opt-outs", data=data, content_type="text/csv").json["customers"] == 2
        assert store.get("campaigns/opt-outs.csv").data == b"customerID\nD\nE\n"
        form = client.put("/campaigns/opt-outs", data={"file": (io.BytesIO(b"customerID\n"), "none.csv")})
        assert form.json["customers"] == 0 == client.get("/campaigns/opt-outs").json["customers"]

    @pytest.mark.parametrize(
        ("body", "status", "field"),
        [
            ({"customers": ["A", True, "", "x" * 65]}, 422, ["customers[1]", "customers[2]", "customers[3]"]),
            ({"customer": []}, 422, ["customers"]),
            ("A", 400, []),
            (b"name\nA\n", 422, ["customerID"]),
            (b"", 422, ["file"]),
            (b"customerID,x\nA,1\n,2\n" + b"y" * 65 + b",3\n", 422, ["Row 2", "Row 3"]),
        ],
    )
    def test_what_is_no_list_of_ids_is_refused_and_changes_nothing(
        self, client: FlaskClient, store: ObjectStore, body: Any, status: int, field: list[str]
    ) -> None:
        client.put("/campaigns/opt-outs", json=["A"])
        sent = {"data": body, "content_type": "text/csv"} if isinstance(body, bytes) else {"json": body}
        answer = client.put("/campaigns/opt-outs", **sent)
        assert answer.status_code == status
        assert [fault["field"] for fault in answer.json["errors"]] == field
        assert store.get("campaigns/opt-outs.csv").data == b"customerID\nA\n"

    def test_more_than_a_million_are_refused(self, client: FlaskClient) -> None:
        data = b"customerID\n" + b"".join(b"%d\n" % number for number in range(1_000_001))
        answer = client.put("/campaigns/opt-outs", data=data, content_type="text/csv")
        assert answer.status_code == 413
        assert client.get("/campaigns/opt-outs").json["customers"] == 0
        data = data[: data.rindex(b"\n", 0, -1) + 1]
        assert client.put("/campaigns/opt-outs", data=data, content_type="text/csv").json["customers"] == 1_000_000
