"""Starting again, training again, going back: nothing is lost and nothing is done twice."""

import re

import requests


def version(stack) -> str:
    return requests.get(f"{stack.site}/model_info", timeout=10).json()["version"]


def releases(stack) -> set[str]:
    listed = stack.s3().list_objects_v2(Bucket="churn", Prefix="models/releases/", Delimiter="/")
    return {folder["Prefix"] for folder in listed["CommonPrefixes"]}


def test_a_second_start_trains_nothing(stack):
    before, known = version(stack), releases(stack)
    stack.compose("up", "--detach", "--wait")
    assert version(stack) == before
    assert stack.containers()["trainer"]["State"]["ExitCode"] == 0
    assert releases(stack) == known


def test_down_and_up_keep_jobs_and_releases(stack):
    customer = (
        "gender,SeniorCitizen,Partner,Dependents,tenure,PhoneService,MultipleLines,InternetService,OnlineSecurity,"
    )
    customer += "OnlineBackup,DeviceProtection,TechSupport,StreamingTV,StreamingMovies,Contract,PaperlessBilling,"
    customer += "PaymentMethod,MonthlyCharges,TotalCharges\nFemale,0,,,3,,,,,,,,,,One year,,,50,\n"
    headers = {"Content-Type": "text/csv"}
    job = requests.post(f"{stack.site}/jobs", data=customer, headers=headers, timeout=30).json()
    before = version(stack)
    stack.compose("down")
    stack.compose("up", "--detach", "--wait")
    assert version(stack) == before
    assert requests.get(f"{stack.site}/jobs/{job['id']}", timeout=10).json()["id"] == job["id"]


def test_training_again_releases_a_new_version_which_serves_within_seconds(stack, eventually):
    before = version(stack)
    stack.make("train", "FORCE=1")
    eventually(lambda: version(stack) != before, seconds=15)
    listed = stack.make("releases")
    assert {before, version(stack)} <= set(re.findall(r"\d{8}_\d{6}", listed))


def test_a_rollback_serves_the_release_before_within_seconds(stack, eventually):
    newest = version(stack)
    stack.make("rollback")
    eventually(lambda: version(stack) != newest, seconds=15)
    older = version(stack)
    assert older < newest
    stack.make("rollback", f"VERSION={newest}")
    eventually(lambda: version(stack) == newest, seconds=15)
