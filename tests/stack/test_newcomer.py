"""What a newcomer does first: start it, look at it, ask it, give it a file."""

import csv
import io
import re
import time

import joblib
import numpy as np
import pytest
import requests
from sklearn.pipeline import make_pipeline

from churn.schema import built_in

SEVEN_FIELDS = {
    "gender": "Female",
    "SeniorCitizen": 0,
    "Partner": "Yes",
    "tenure": 24,
    "Contract": "One year",
    "MonthlyCharges": 65.50,
    "TotalCharges": "1572.00",
}
LAYOUT = [
    r"data/raw/telco_customer_churn\.csv",
    *(
        rf"data/processed/{name}\.csv"
        for name in ("X_train", "X_val", "X_test", "y_train", "y_val", "y_test", "feature_names")
    ),
    r"models/trained/micro_best_model_\d{8}_\d{6}\.pkl",
    r"models/trained/micro_best_model_info_\d{8}_\d{6}\.json",
    r"models/encoders/label_encoder\.pkl",
    r"models/encoders/feature_scaler\.pkl",
    r"outputs/plots/telco_churn_dashboard\.png",
    r"outputs/plots/correlation_heatmap\.png",
    r"outputs/plots/micro_model_comparison_\d{8}_\d{6}\.png",
    r"outputs/reports/exploration_report\.json",
    r"outputs/experiments/micro_model_comparison_\d{8}_\d{6}\.json",
    r"outputs/experiments/micro_final_test_results_\d{8}_\d{6}\.json",
    r"config/aws_config\.json",
    r"models/releases/\d{8}_\d{6}/manifest\.json",
    r"models/current\.json",
]


@pytest.fixture(scope="module")
def model_info(stack):
    return requests.get(f"{stack.site}/model_info", timeout=10).json()


@pytest.fixture(scope="module")
def table(stack) -> bytes:
    """The raw customer table as the trainer left it in the store."""
    return stack.s3().get_object(Bucket="churn", Key="data/raw/telco_customer_churn.csv")["Body"].read()


@pytest.fixture(scope="module")
def job(stack, table):
    """A finished job over the whole table."""
    upload = {"file": ("customers.csv", table, "text/csv")}
    accepted = requests.post(f"{stack.site}/jobs", files=upload, timeout=60)
    assert accepted.status_code == 202, accepted.text
    address = (
        f"{stack.site}{accepted.headers['Location']}"
        if accepted.headers["Location"].startswith("/")
        else accepted.headers["Location"]
    )
    deadline = time.monotonic() + 120
    while (job := requests.get(address, timeout=10).json())["status"] not in {"completed", "failed", "cancelled"}:
        assert time.monotonic() < deadline, job
        time.sleep(0.5)
    return job


def test_everything_is_up_and_healthy_and_the_trainer_is_done(stack):
    containers = stack.containers()
    assert set(containers) == {"web", "api", "worker", "trainer", "cache", "queue", "minio", "minio-setup"}
    for name in ("trainer", "minio-setup"):
        once = containers.pop(name)["State"]
        assert (once["Status"], once["ExitCode"]) == ("exited", 0)
    assert {name: one["State"]["Health"]["Status"] for name, one in containers.items()} == dict.fromkeys(
        containers, "healthy"
    )


def test_the_site_answers(stack):
    page = requests.get(f"{stack.site}/", timeout=10)
    assert page.status_code == 200
    assert page.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("way", ["site", "api"])
def test_the_seven_field_customer_gets_a_prediction_with_reasons(stack, way):
    answer = requests.post(f"{getattr(stack, way)}/predict", json=SEVEN_FIELDS, timeout=10)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["prediction"] in {"Yes", "No"}
    assert body["churn_probability"] + body["no_churn_probability"] == pytest.approx(1)
    assert len(body["reasons"]) == 5
    assert "TotalCharges" not in body["assumed"]
    assert "InternetService" in body["assumed"]


def test_health_is_healthy(stack):
    assert requests.get(f"{stack.site}/health", timeout=10).json()["status"] == "healthy"
    assert requests.get(f"{stack.site}/health/ready", timeout=10).status_code == 200


def test_the_model_has_learned_from_the_file(telco_csv, model_info):
    assert model_info["data"]["source"] in {"file", "store"}
    assert model_info["data"]["rows"] == 7043


def test_the_models_test_auc_is_as_good_as_this_data_allows(telco_csv, model_info):
    assert 0.84 <= model_info["metrics"]["test"]["roc_auc"] <= 0.87


def test_the_store_holds_every_object_of_the_layout(stack):
    pages = stack.s3().get_paginator("list_objects_v2").paginate(Bucket="churn")
    keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
    assert [pattern for pattern in LAYOUT if not any(re.fullmatch(pattern, key) for key in keys)] == []


def test_a_job_over_the_whole_table_scores_every_row(table, job):
    rows = table.count(b"\n") - (0 if table.endswith(b"\n") else -1) - 1
    assert job["status"] == "completed", job
    assert job["request_counts"] == {"total": rows, "completed": rows, "failed": 0}


def test_a_jobs_results_are_the_rows_in_their_order(stack, job):
    results = requests.get(f"{stack.site}{job['links']['results']}", timeout=30)
    rows = list(csv.DictReader(io.StringIO(results.text)))
    assert [int(row["row"]) for row in rows] == list(range(1, job["request_counts"]["total"] + 1))
    assert all(0 <= float(row["churn_probability"]) <= 1 for row in rows)


def test_one_customer_gets_the_same_number_alone_in_a_batch_and_in_a_job(stack, table, job):
    customers = list(csv.DictReader(io.StringIO(table.decode())))[:20]
    results = requests.get(f"{stack.site}{job['links']['results']}", timeout=30).text
    by_job = [float(row["churn_probability"]) for row in csv.DictReader(io.StringIO(results))][:20]
    batch = requests.post(f"{stack.site}/batch_predict", json={"customers": customers}, timeout=30).json()
    alone = [
        requests.post(f"{stack.site}/predict", json=one, timeout=10).json()["churn_probability"] for one in customers
    ]
    assert [row["churn_probability"] for row in batch["predictions"]] == pytest.approx(alone, abs=1e-12)
    assert by_job == pytest.approx(alone, abs=1e-6)


def published(stack, key: str):
    return joblib.load(io.BytesIO(stack.s3().get_object(Bucket="churn", Key=key)["Body"].read()))


@pytest.mark.slow
def test_predict_says_of_every_customer_what_the_published_pipeline_says(stack, telco_csv, model_info):
    scaler = published(stack, "models/encoders/feature_scaler.pkl")
    model = published(stack, f"models/trained/micro_best_model_{model_info['version']}.pkl")
    customers = list(csv.DictReader(telco_csv.read_text().splitlines()))
    telco = built_in("telco")
    columns = telco.features.matrix(telco.table_of([telco.reader.read(customer).customer for customer in customers]))
    wanted = make_pipeline(scaler, model).predict_proba(columns)[:, 1]
    with requests.Session() as session:
        got = [
            session.post(f"{stack.api}/predict?reasons=none", json=customer, timeout=10).json()["churn_probability"]
            for customer in customers
        ]
    assert len(got) == 7043
    assert np.abs(np.array(got) - wanted).max() < 1e-6
