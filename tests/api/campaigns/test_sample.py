"""Customers of a scored file, spread over it, read without polars."""

import csv
import io
from types import SimpleNamespace

import numpy as np
import pytest
from tests.api.jobs.conftest import HEADER, bench, many_customers

from churn import release
from churn.errors import ObjectNotFound
from churn_api.campaigns import sample as sampling
from churn_api.campaigns.sample import read_sample
from churn_api.jobs import paths
from churn_api.jobs.plan import Plan

__all__ = ["bench", "many_customers"]


@pytest.fixture
def predictor(bench):
    return release.load(bench.store, bench.version).predictor


@pytest.fixture
def sampled(bench, predictor):
    """A function that scores a table as a job and samples it."""

    def read(data, place=None):
        job = bench.submit(data)
        bench.drain()
        plan = Plan.from_bytes(bench.store.get(paths.plan(job.id)).data)
        results = csv.DictReader(io.StringIO(bench.file(job, "results").decode()))
        scored = {row["customerID"]: float(row["churn_probability"]) for row in results}
        return read_sample(bench.store, job.id, plan, predictor, place), scored, plan

    return read


def test_customers_come_from_all_over_the_file_and_are_scored_as_the_job_did(sampled, many_customers):
    found, scored, plan = sampled(many_customers(7_000))
    assert len(plan.chunks) > 3
    assert 1_900 < found.rows <= 2_010
    assert found.rows == len(found.ids) == len(found.probability)
    places = np.array([int(name[:7]) for name in found.ids])
    assert np.abs(np.quantile(places, [0.1, 0.5, 0.9]) - [700, 3500, 6300]).max() < 20
    assert [scored[name] for name in found.ids] == pytest.approx(found.probability.tolist(), abs=1e-6)
    assert found.complete.all()


def test_a_short_file_is_read_as_a_whole(sampled, many_customers):
    found, scored, _ = sampled(many_customers(150))
    assert (found.rows, found.refused, found.without_id) == (150, 0, 0)
    assert sorted(found.ids) == sorted(scored)


def test_the_start_of_long_chunks_is_read(sampled, many_customers, monkeypatch):
    monkeypatch.setattr(sampling, "_BYTES", 40_000)
    found, scored, plan = sampled(many_customers(7_000))
    assert found.rows < 600
    assert {int(name[:7]) // (7_000 // len(plan.chunks) + 1) for name in found.ids} == set(range(len(plan.chunks)))
    assert [scored[name] for name in found.ids] == pytest.approx(found.probability.tolist(), abs=1e-6)


def test_refused_rows_and_those_without_an_id_are_counted(sampled, many_customers):
    lines = many_customers(40).splitlines()
    lines[3] = lines[3].replace(lines[3].split(b",")[5], b"-1", 1)
    lines[5] = b"," + lines[5].partition(b",")[2]
    lines[7] = b"too,short"
    found, scored, _ = sampled(b"\n".join(lines))
    assert (found.rows, found.without_id, found.rows - found.refused) == (40, 1, len(scored))
    assert len(found.ids) == len(scored) - 1


def test_absent_fields_are_averaged_as_the_job_does(sampled, many_customers):
    lines = many_customers(30).splitlines()
    place = HEADER.decode().strip().split(",").index("Partner")
    for number in (4, 9):
        cells = lines[number].split(b",")
        lines[number] = b",".join([*cells[:place], b"", *cells[place + 1 :]])
    found, scored, _ = sampled(b"\n".join(lines))
    assert int((~found.complete).sum()) == 2
    assert [scored[name] for name in found.ids] == pytest.approx(found.probability.tolist(), abs=1e-6)
    assert np.isnan(found.customers.Partner[~found.complete]).all()


def test_of_many_that_must_be_averaged_some_stand_for_all(sampled, many_customers, monkeypatch):
    monkeypatch.setattr(sampling, "_ALONE", 10)
    place = HEADER.decode().strip().split(",").index("Partner")
    lines = many_customers(40).splitlines()
    cells = [line.split(b",") for line in lines[1:]]
    found, _, _ = sampled(b"\n".join([lines[0], *(b",".join([*c[:place], b"", *c[place + 1 :]]) for c in cells)]))
    assert found.rows == 10


def test_a_column_of_values_is_read_beside_the_fields(sampled, many_customers):
    lines = many_customers(5).splitlines()
    worth = [b"Worth", b"100", b'"1,250.50 $"', b"", b"n/a", b"7"]
    data = b"\n".join(line + b"," + cell for line, cell in zip(lines, worth, strict=True))
    found, _, _ = sampled(data, place=len(HEADER.split(b",")))
    assert found.given.tolist() == pytest.approx([100, 1250.5, np.nan, np.nan, 7], nan_ok=True)


def test_segments_are_codes_of_words_and_absent_ones_none(predictor):
    schema = predictor.schema
    declared = SimpleNamespace(segments=("Contract", "tenure"), categories=schema.categories, position=schema.position)
    table = [np.array([2.0, np.nan])] * len(schema.fields)
    codes, words = sampling._segments(declared, table).pop("Contract")
    assert (codes.tolist(), words[2]) == ([2, -1], "Two year")


def test_a_file_that_is_gone_is_told(bench, sampled, predictor, many_customers):
    _, _, plan = sampled(many_customers(5))
    with pytest.raises(ObjectNotFound):
        read_sample(bench.store, "job_01JD0000000000000000000000", plan, predictor)
