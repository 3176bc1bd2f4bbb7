"""The model card as a page."""

from copy import deepcopy
from html import escape
from html.parser import HTMLParser

import pytest

from churn_trainer.publishing.card_html import page

VOID = {"meta", "img", "rect"}


@pytest.fixture
def card(whole_run, run_manifest):
    return {"version": whole_run.version} | deepcopy(run_manifest)


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


class Tables(HTMLParser):
    """The rows of each table by its caption, as texts; a bar is shown as its share of the whole width."""

    def __init__(self, text):
        super().__init__()
        self.tables, self.caption, self.cell = {}, "", None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag in {"caption", "th", "td"}:
            self.cell = ""
        elif tag == "tr":
            self.row = []
        elif tag == "rect":
            self.cell += f"[{float(dict(attrs)['width']) / 120:.2f}]"

    def handle_data(self, data):
        if self.cell is not None:
            self.cell += data

    def handle_endtag(self, tag):
        if tag == "caption":
            self.caption, self.tables[self.cell] = self.cell, []
        elif tag in {"th", "td"}:
            self.row.append(self.cell)
        elif tag == "tr":
            self.tables[self.caption].append(self.row)
        if tag in {"caption", "th", "td"}:
            self.cell = None


def table(card, beginning):
    return next(rows for caption, rows in Tables(page(card)).tables.items() if caption.startswith(beginning))


def test_figures_stand_with_their_spread_and_interval(card):
    cv, test, ends = (card["metrics"][name] for name in ("cv", "test", "test_intervals"))
    names = {
        "AUC": "roc_auc",
        "PR-AUC": "pr_auc",
        "Accuracy": "accuracy",
        "Precision": "precision",
        "Recall": "recall",
        "F1": "f1",
        "Lift in the top tenth": "lift_top_decile",
        "Brier score": "brier",
        "Log loss": "log_loss",
        "Calibration error (ECE)": "ece",
        "of which chance alone": "ece_floor",
    }
    head, *rows = table(card, "1 × 2-fold cross-validation")
    assert head == ["Figure", "Cross-validation", "Test", "95 % interval"]
    assert [row[0] for row in rows] == list(names)
    for name, spread, tested, interval in rows:
        figure = names[name]
        assert spread == f"{cv[figure]['mean']:.4f} ± {cv[figure]['std']:.4f}"
        assert tested == f"{test[figure]:.4f}"
        end = ends.get(figure)
        assert interval == (f"{end['low']:.4f} to {end['high']:.4f}" if end else "")


def test_always_no_is_right_for_those_who_stayed(card):
    card["data"] |= {"churn_rate": 0.265}
    assert "Always answering No would be right for 73.5% of them." in page(card)


def test_the_line_of_calibration_is_told(card):
    card["recalibration"] = {
        "slope": {"value": 0.9, "low": 0.8, "high": 1.01},
        "intercept": {"value": -0.1, "low": -0.25, "high": 0.05},
    }
    text = page(card)
    assert "Slope of calibration 0.90 (0.80 to 1.01): 1 is right" in text
    assert "Intercept -0.10 (-0.25 to 0.05): 0 is right" in text


def test_the_points_of_calibration_stand_with_bars_and_intervals(card):
    card["calibration"] = [{"mean_predicted": 0.15, "observed": 0.25, "low": 0.2, "high": 0.31, "count": 1200}]
    assert table(card, "Predicted against observed")[1:] == [["15.0%", "25.0% [0.25]", "20.0% to 31.0%", "1,200"]]


def test_customers_by_score_have_bars_against_the_longest(card):
    card["score_distribution"] = {"edges": [0, 0.5, 1], "stayed": [40, 10], "churned": [5, 20]}
    assert table(card, "Customers by score")[1:] == [
        ["0%–50%", "40 [1.00]", "5 [0.12]"],
        ["50%–100%", "10 [0.25]", "20 [0.50]"],
    ]


def test_each_groups_rates_stand_in_their_columns(card):
    def share(value):
        return {"value": value, "low": value - 0.01, "high": value + 0.01}

    group = {
        "field": "SeniorCitizen",
        "group": "Senior",
        "customers": 1234,
        "observed": share(0.41),
        "mean_predicted": 0.42,
        "flagged_rate": share(0.43),
        "false_positive_rate": share(0.21),
        "recall": share(0.61),
        "precision": share(0.71),
    }
    gap = {"field": "SeniorCitizen", "rate": "recall", "highest": "Senior", "lowest": "Not senior"}
    card["fairness"] = {"groups": [group], "gaps": [gap | share(0.12)]}
    head = "Group,Customers,Left,Predicted,Flagged,False alarms,Recall,Precision"
    assert table(card, "At threshold 0.5")[0] == head.split(",")
    assert table(card, "At threshold 0.5")[1] == [
        "SeniorCitizen: Senior",
        "1,234",
        "41.0% (40.0% to 42.0%)",
        "42.0%",
        "43.0% (42.0% to 44.0%)",
        "21.0% (20.0% to 22.0%)",
        "61.0% (60.0% to 62.0%)",
        "71.0% (70.0% to 72.0%)",
    ]
    assert table(card, "The widest gap")[1] == [
        "SeniorCitizen",
        "Recall",
        "Senior above Not senior",
        "12.0% (11.0% to 13.0%)",
    ]


def test_each_candidates_figures_stand_in_their_columns(card):
    head, *rows = table(card, "Cross-validated; intervals of paired differences")
    assert head == [
        "Model",
        "Log loss",
        "AUC",
        "Brier",
        "ECE",
        "Log loss against ★ (95 %)",
        "AUC against ★ (95 %)",
        "Test log loss",
        "Test AUC",
        "Interpretability",
    ]
    for row, one in zip(rows, card["comparison"]["candidates"], strict=True):
        against, ends = one["against_champion"], one["test_intervals"]["roc_auc"]
        assert row == [
            one["model_name"] + (" ★" if one["champion"] else ""),
            *(
                f"{one['cv'][figure]['mean']:.4f} ± {one['cv'][figure]['std']:.4f}"
                for figure in ("log_loss", "roc_auc", "brier", "ece")
            ),
            f"{against['log_loss']['low']:+.4f} to {against['log_loss']['high']:+.4f}",
            f"{against['low']:+.4f} to {against['high']:+.4f}",
            f"{one['test']['log_loss']:.4f}",
            f"{one['test']['roc_auc']:.4f} ({ends['low']:.4f} to {ends['high']:.4f})",
            one["interpretability"],
        ]


def test_each_candidate_but_the_champion_is_told_why_it_was_not_chosen(card):
    others = [one for one in card["comparison"]["candidates"] if not one["champion"]]
    assert len(others) == len(card["comparison"]["candidates"]) - 1
    for one in others:
        assert escape(f"{one['model_name']}: {one['why_not']}") in page(card)


def test_conditions_of_release_say_whether_they_hold(card):
    card["gates"] = [
        {"name": "one", "passed": True, "detail": "1 of 1"},
        {"name": "two", "passed": False, "detail": "0 of 1"},
    ]
    assert table(card, "Conditions of release")[1:] == [["one", "yes", "1 of 1"], ["two", "no", "0 of 1"]]


def test_odds_ratios_stand_with_their_interval(card):
    one = {"title": "Contract", "text": "two-year contract", "odds_ratio": 0.25, "low": 0.125, "high": 0.5}
    card["drivers"]["fields"] = [one]
    assert table(card, "Odds ratios")[1:] == [["Contract", "two-year contract", "0.25", "0.12 to 0.50"]]


def test_the_stability_of_reasons_and_the_refits_of_intervals_are_told(card):
    assert f"<p>{card['stability']['meaning']}</p>" in page(card)
    assert "95 % interval by 20 refits" in page(card)


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


def test_the_card_says_whom_the_model_was_fitted_on(run_manifest):
    assert "The model is fitted on train and validation." in page(run_manifest | {"version": "20261123_140301"})
