"""Predictions kept, outcomes taken back and customers erased on the real stack."""

import io
from datetime import UTC, datetime, timedelta

import polars as pl
import requests

from churn_trainer.data import sample

HEAD, *ROWS = sample.csv_bytes().decode().splitlines()
# So long ago that what was predicted then is ripe: a quarter is the window of the shipped declaration.
SCORED = datetime.now(UTC).date() - timedelta(days=200)
CSV = {"Content-Type": "text/csv"}
BUCKET = "churn"
FORGOTTEN = "track-7"


def own(number: int, row: str) -> str:
    """The row as that of a customer whom no other test knows."""
    return f"track-{number},{row.partition(',')[2]}"


def taken_in(stack, path: str, data: str, eventually) -> dict:
    answer = requests.post(f"{stack.site}{path}", data=data.encode(), headers=CSV, timeout=60)
    assert answer.status_code == 202, answer.text
    address = stack.site + answer.json()["links"]["self"]
    eventually(lambda: requests.get(address, timeout=30).json()["finished_at"], seconds=120)
    return requests.get(address, timeout=30).json()


def contents(stack, folder: str):
    """Every object of the store's folder by key, with Parquet as its columns."""
    s3 = stack.s3()
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=folder):
        for entry in page.get("Contents", []):
            try:
                data = s3.get_object(Bucket=BUCKET, Key=entry["Key"])["Body"].read()
            except s3.exceptions.NoSuchKey:
                continue  # tidied up meanwhile
            yield entry["Key"], pl.read_parquet(io.BytesIO(data)).write_csv().encode() if data[:4] == b"PAR1" else data


def holding(stack, customer: str, folder: str = "") -> set[str]:
    """The folders in which objects hold the customer's id; with a `folder`, of those in it."""
    return {
        "/".join(key.split("/")[:2])
        for key, data in contents(stack, folder)
        if f"{customer}," in f"{key},{data.decode(errors='replace')}"
    }


def test_what_came_true_of_a_month_is_told_and_a_customer_can_be_erased(stack, eventually):
    customers = [own(number, row) for number, row in enumerate(ROWS[:200])]
    job = taken_in(stack, f"/jobs?as_of={SCORED}", "\n".join([HEAD, *customers]), eventually)
    assert (job["status"], job["request_counts"]["completed"]) == ("completed", 200)
    left = {number for number in range(200) if ROWS[number].endswith("Yes")}
    soon, later = SCORED + timedelta(days=20), SCORED + timedelta(days=120)
    rows = [f"track-{number},{soon}," if number in left else f"track-{number},,{later}" for number in range(200)]
    outcomes = taken_in(stack, "/outcomes", "\n".join(["customerID,left_at,stayed_until", *rows]), eventually)
    assert (outcomes["status"], outcomes["request_counts"]["completed"]) == ("completed", 200)

    def is_told() -> bool:
        quality = requests.get(f"{stack.site}/quality?days=365", timeout=60)
        quality.raise_for_status()  # 503 while a worker is at it
        return any(release["matched"] >= 200 for release in quality.json()["releases"])

    eventually(is_told, seconds=900)
    assert holding(stack, FORGOTTEN, "tracking/") >= {"tracking/predictions", "tracking/outcomes"}
    held = requests.get(f"{stack.site}/customers/{FORGOTTEN}", timeout=30).json()
    assert (len(held["predictions"]), len(held["outcomes"])) == (1, 1)

    eventually(
        lambda: requests.delete(f"{stack.site}/customers/{FORGOTTEN}", timeout=60).status_code == 204, seconds=120
    )
    assert holding(stack, FORGOTTEN) == set()
    assert "tracking/predictions" in holding(stack, "track-8", "tracking/")


def test_a_single_prediction_is_kept_within_a_minute_or_so(stack, eventually):
    fields = dict(zip(HEAD.split(","), own(999, ROWS[0]).split(","), strict=True))
    assert requests.post(f"{stack.site}/predict", json=fields, timeout=30).status_code == 200
    eventually(lambda: holding(stack, "track-999", "tracking/predictions/"), seconds=150)
