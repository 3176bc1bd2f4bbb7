"""The pictures, as far as a machine can look at them."""

import io

import numpy as np
import pytest
from PIL import Image
from tests.telco import TELCO

from churn_trainer.data.table import Findings
from churn_trainer.exploration import plots
from churn_trainer.exploration.explore import explore, frame_of


@pytest.fixture(scope="module")
def frame(small_table):
    return frame_of(small_table)


@pytest.fixture(scope="module")
def report(small_table):
    return explore(small_table, Findings(rows=len(small_table)))


def opened(png):
    return Image.open(io.BytesIO(png)).convert("RGB")


def candidate(name, auc, champion=False):
    return {
        "model_name": name,
        "champion": champion,
        "cv": {"roc_auc": {"mean": auc, "std": 0.01}, "log_loss": {"mean": 0.41, "std": 0.005}},
    }


def colours(image):
    return {tuple(int(part) for part in colour) for colour in np.unique(np.asarray(image).reshape(-1, 3), axis=0)}


def rgb(code):
    return tuple(int(code[place : place + 2], 16) for place in (1, 3, 5))


def test_the_dashboard_is_one_page_in_colours_that_everybody_can_tell_apart(frame, report):
    image = opened(plots.dashboard(frame, report, TELCO))
    assert image.size == (1760, 1320)
    assert {rgb(plots.BLUE), rgb(plots.ORANGE)} < colours(image)


def test_the_heat_map_is_drawn(frame):
    assert opened(plots.correlation_heatmap(frame, TELCO)).size == (1210, 990)


def test_the_comparison_shows_the_champion_in_its_own_colour():
    drawn = opened(plots.model_comparison([candidate("One", 0.8), candidate("Two", 0.85, champion=True)], "5 × 5"))
    alone = opened(plots.model_comparison([candidate("One", 0.8)], "5 × 5"))
    assert rgb(plots.ORANGE) in colours(drawn)
    assert rgb(plots.ORANGE) not in colours(alone)


def test_a_column_of_one_value_is_drawn_as_no_correlation(frame):
    never = frame.assign(tenure=1)
    assert plots.correlation_heatmap(never, TELCO) != plots.correlation_heatmap(frame, TELCO)


def test_the_same_picture_is_the_same_bytes(frame):
    assert plots.correlation_heatmap(frame, TELCO) == plots.correlation_heatmap(frame, TELCO)
