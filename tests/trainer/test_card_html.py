"""The model card as a page."""

from html.parser import HTMLParser

import pytest

from churn_trainer.card import manifest
from churn_trainer.card_html import page

VOID = {"meta", "img", "rect"}


@pytest.fixture
def card(whole_run):
    return {"version": whole_run.version} | manifest(whole_run.trained, whole_run.moment, "one_standard_error")


class Balanced(HTMLParser):
    """Fails on a tag that is closed out of turn, or never."""

    def __init__(self):
        super().__init__()
        self.open, self.links = [], []

    def handle_starttag(self, tag, attrs):
        self.links += [value for name, value in attrs if name in {"src", "href"}]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert tag in VOID or self.open.pop() == tag


def read(text):
    parser = Balanced()
    parser.feed(text)
    assert parser.open == []
    return parser


def test_the_page_is_well_formed_and_asks_nobody_for_anything(card):
    assert all("//" not in link for link in read(page(card)).links)


def test_the_pictures_are_files_of_the_release(card, whole_run):
    folder = f"models/releases/{whole_run.version}/"
    held = {entry.key.removeprefix(folder) for entry in whole_run.store.list(folder)}
    assert set(read(page(card)).links) <= held


@pytest.mark.parametrize(
    "heading",
    [
        "What it is for",
        "What it must not be used for",
        "Limits",
        "Data",
        "Quality",
        "Calibration and scores on the test part",
        "What goes with leaving",
        "Fairness",
        "Models compared",
        "Gates",
        "Environment",
    ],
)
def test_every_section_is_there(card, heading):
    assert f"<h2>{heading}</h2>" in page(card)


def test_figures_stand_with_their_spread(card):
    auc = card["metrics"]["cv"]["roc_auc"]
    assert f"{auc['mean']:.4f} ± {auc['std']:.4f}" in page(card)


def test_a_sample_is_announced_first(card):
    assert "synthetic sample" not in page(card)
    card["data"] |= {"source": "sample"}
    assert page(card).index("synthetic sample") < page(card).index("<h2>")


def test_a_model_that_failed_a_gate_says_so(card):
    card["gates_passed"] = False
    assert "did not pass every gate" in page(card)


def test_values_are_escaped(card):
    card["data"] |= {"name": "<script>alert(1)</script>"}
    assert "<script>" not in page(card)
