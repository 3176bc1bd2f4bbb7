"""What is put into the store; that all of it is there is in test_run."""

import csv
import hashlib
import io
import json

import joblib
import numpy as np
import pytest

from churn_trainer.publishing import layout, publish


@pytest.fixture
def info(whole_run):
    return json.loads(whole_run.store.get(f"models/trained/micro_best_model_info_{whole_run.version}.json").data)


def test_the_info_file_vouches_for_the_pickles_and_names_the_libraries(whole_run, info):
    assert info["keys"] == {
        "model": f"models/trained/micro_best_model_{whole_run.version}.pkl",
        "feature_scaler": f"models/trained/micro_feature_scaler_{whole_run.version}.pkl",
        "label_encoder": f"models/trained/micro_label_encoder_{whole_run.version}.pkl",
    }
    assert info["sha256"] == {
        name: hashlib.sha256(whole_run.store.get(key).data).hexdigest() for name, key in info["keys"].items()
    }
    assert {"python", "scikit-learn", "numpy"} < set(info["libraries"])


def test_the_model_file_is_the_bare_model_on_scaled_columns(whole_run):
    store = whole_run.store
    model = joblib.load(io.BytesIO(store.get(f"models/trained/micro_best_model_{whole_run.version}.pkl").data))
    rows = list(csv.reader(io.StringIO(store.get("data/processed/X_test.csv").data.decode())))[1:]
    labels = [int(line) for line in store.get("data/processed/y_test.csv").data.decode().split()[1:]]
    right = (model.predict(np.array(rows, np.float32)) == np.array(labels)).mean()
    assert right == pytest.approx(whole_run.trained.quality["test"]["accuracy"], abs=0.005)


def test_the_label_encoder_knows_no_and_yes(whole_run):
    encoder = joblib.load(io.BytesIO(whole_run.store.get("models/encoders/label_encoder.pkl").data))
    assert encoder.transform(["No", "Yes"]).tolist() == [0, 1]


def test_the_experiments_tell_what_every_model_cost(whole_run):
    key = f"outputs/experiments/micro_model_comparison_{whole_run.version}.json"
    costs = json.loads(whole_run.store.get(key).data)["costs"]
    assert [one["model_name"] for one in costs] == list(whole_run.trained.fitted)
    assert all(one["training_seconds"] > 0 for one in costs)


def test_pictures_are_in_the_outputs_and_in_the_release(whole_run):
    folder = f"models/releases/{whole_run.version}/"
    for name in (layout.DASHBOARD, layout.HEATMAP):
        picture = whole_run.store.get(f"outputs/plots/{name}").data
        assert picture.startswith(b"\x89PNG")
        assert whole_run.store.get(folder + name).data == picture
    comparison = whole_run.store.get(f"outputs/plots/micro_model_comparison_{whole_run.version}.png").data
    assert whole_run.store.get(folder + publish.COMPARISON).data == comparison


def test_the_card_is_the_manifest_with_its_version(whole_run):
    folder = f"models/releases/{whole_run.version}/"
    card, manifest = (json.loads(whole_run.store.get(folder + name).data) for name in ("card.json", "manifest.json"))
    assert card["version"] == manifest["version"]
    assert card["metrics"] == manifest["metrics"]


def test_two_versions_of_one_moment_get_names_of_their_own(copied_run, settings, store):
    again = publish.results(copied_run.trained, {}, settings, store, copied_run.moment)
    assert again > copied_run.version
