"""The save rates that a campaign measures; scripts/validation/campaigns.py tries what the next plan earns with them."""

import json

import numpy as np
import polars as pl
import pytest
from tests.shared.campaigns.contacted import TERMS, contacted
from tests.shared.campaigns.made_up_campaign import CALL, plan

from churn.campaigns.candidates import Candidates
from churn.campaigns.choice import choose
from churn.campaigns.measuring import measure, rows, segments_of
from churn.campaigns.money import expected_money
from churn.campaigns.rates import rates_of
from churn.campaigns.results import observed
from churn.campaigns.save_rates import ASSUMED_DEVIATION, SaveRate, assumed, columns_of, from_json, variances
from churn.intervals import NORMAL_95

SEEDS = 20


def measured(count: int, seed: int, *made, stated: float = 0.3, **how) -> SaveRate:
    seen = observed(contacted(count, seed, *made, **how), TERMS, final=True)
    return measure(seen, f"cam_{seed}", {"call": assumed("call", stated)})["call"]


def by_contract(_p: np.ndarray, contract: np.ndarray) -> np.ndarray:
    return np.where(contract == "Month-to-month", 0.5, 0.0)


def by_risk(p: np.ndarray, _contract: np.ndarray) -> np.ndarray:
    return 0.6 - 0.6 * p


@pytest.mark.parametrize("rate", [0.3, 0.0, -0.2, 0.6])
def test_a_rate_that_is_the_same_for_all_is_found(rate):
    found = [measured(6_000, seed, lambda _p, _c: rate).over(np.array([0.5]), {}) for seed in range(SEEDS)]
    assert np.mean([middle for middle, _, _ in found]) == pytest.approx(rate, abs=0.04)
    assert sum(low <= rate <= high for _, low, high in found) >= SEEDS - 3


def test_a_wrong_model_is_told_from_an_effect():
    """All leave a fifth less than the model says, whoever is treated."""
    found = [
        measured(12_000, seed, lambda _p, _c: 0.0, error=0.8).over(np.array([0.5]), {})[0] for seed in range(SEEDS)
    ]
    assert np.mean(found) == pytest.approx(0, abs=0.06)


def test_what_was_stated_does_not_matter_once_it_is_measured():
    p = np.linspace(0.1, 0.9, 9)
    of_nothing, of_much = (measured(6_000, 1, lambda _p, _c: 0.15, stated=stated).rates(p, {}) for stated in (0.0, 0.8))
    assert of_much == pytest.approx(of_nothing, abs=0.01)


def test_scores_that_a_hold_out_agrees_with_are_taken_as_right():
    """Else each rate has the error of the hold-out, whose customers are the fewest."""
    p = np.array([0.5])
    errors = [measured(6_000, seed, lambda _p, _c: 0.3).over(p, {})[0] - 0.3 for seed in range(SEEDS)]
    held_out_alone = 0.7 * np.sqrt((1 - 0.5) / (0.5 * 6_000 * TERMS.share))
    assert np.std(errors) < 0.9 * held_out_alone


@pytest.mark.parametrize(
    "saves",
    [
        lambda p, _c: np.full(len(p), 0.15),
        lambda p, _c: np.full(len(p), 0.6),
        lambda p, _c: 0.4 - 0.4 * p,
        lambda p, _c: 0.4 * p,
        lambda p, _c: np.where(p < 0.4, -0.2, 0.3),
        lambda _p, contract: np.where(contract == "Month-to-month", 0.15, 0.6),
    ],
    ids=["less", "more", "falling", "rising", "backfiring", "by contract"],
)
def test_the_next_campaign_earns_and_keeps_what_it_promises_however_wrong_the_first_was(saves):
    """The stated rate is .3; of ten pairs of campaigns together."""
    best = earned = promised = 0.0
    for seed in range(10):
        rate = measured(12_000, seed, saves)
        table = contacted(6_000, seed + 100)
        p, value = (table[name].to_numpy() for name in ("probability", "value"))
        customers = Candidates(p, value, np.ones(len(p), np.bool_), segments_of(table))
        truth = expected_money(customers, [CALL], saves(p, table["segment:Contract"].to_numpy())[None])[0]
        chosen = choose(customers, plan(CALL), [rate]).offers >= 0
        best += truth[truth > 0].sum()
        earned += truth[chosen].sum()
        promised += expected_money(customers, [CALL], rates_of(customers, [rate]))[0][chosen].sum()
    assert earned >= 0.95 * best
    assert promised == pytest.approx(earned, rel=0.05)


def test_rates_that_differ_by_segment_are_found():
    found = measured(20_000, 1, by_contract)
    p, words = np.full(2, 0.5), ["Month-to-month", "Two year"]
    rate = found.rates(p, {"Contract": (np.arange(2), words)})
    assert rate == pytest.approx([0.5, 0.0], abs=0.12)
    for code, truth in enumerate((0.5, 0.0)):
        middle, low, high = found.over(p[:1], {"Contract": (np.array([code]), words)})
        assert middle == pytest.approx(rate[code])
        assert low < truth < high


def test_rates_that_differ_by_risk_are_found():
    p = np.array([0.2, 0.5, 0.8])
    assert measured(40_000, 1, by_risk).rates(p, {}) == pytest.approx(0.6 - 0.6 * p, abs=0.12)


def test_a_rate_is_less_certain_where_nothing_was_measured():
    found = measured(6_000, 1)
    bounds = [found.over(np.array([probability]), {})[1:] for probability in (0.5, 0.01)]
    often, seldom = (high - low for low, high in bounds)
    assert often < seldom
    assert -1 <= min(low for low, _ in bounds) < max(high for _, high in bounds) <= 1


def test_a_rate_is_the_assumed_one_until_it_is_measured():
    prior = assumed("call", 0.25)
    rate = prior.rates(np.linspace(0, 1, 50_000), {})
    assert rate.shape == (50_000,)
    assert set(rate) == {0.25}
    rate, _, high = prior.over(np.empty(0), {})
    assert (rate, high) == (0.25, pytest.approx(min(0.25 + NORMAL_95 * ASSUMED_DEVIATION, 1.0)))
    nobody = observed(contacted(100, 1), TERMS, final=True).with_columns(left=pl.lit(None, pl.Boolean))
    assert measure(nobody, "cam_1", {"call": prior})["call"] is prior


def test_the_next_campaign_adds_to_what_the_last_one_measured():
    first = measured(6_000, 1)
    second = observed(contacted(6_000, 2), TERMS, final=True)
    both = measure(second, "cam_2", {"call": first})["call"]
    assert both.campaign == "cam_2"
    everybody = second["probability"].to_numpy(), segments_of(second)
    widths = [high - low for _, low, high in (rate.over(*everybody) for rate in (first, both))]
    assert widths[1] < 0.85 * widths[0]


def test_each_offer_is_measured_by_itself_with_the_held_out_of_all():
    strong, weak = contacted(8_000, 1, lambda _p, _c: 0.5), contacted(8_000, 2, lambda _p, _c: 0.0)
    both = pl.concat([strong, weak.with_columns(offer=pl.lit("mail"))])
    seen = observed(both, TERMS, final=True)
    found = measure(seen, "cam_1", {name: assumed(name, 0.3) for name in ("call", "mail", "visit")})
    assert found["call"].over(np.array([0.5]), {})[0] == pytest.approx(0.5, abs=0.1)
    assert found["mail"].over(np.array([0.5]), {})[0] == pytest.approx(0.0, abs=0.1)
    assert found["call"].held_out == found["mail"].held_out == seen.filter(arm="hold_out").height
    assert found["visit"].campaign is None


def test_what_is_stored_is_what_was_measured():
    found = measured(2_000, 1)
    read = from_json(json.loads(json.dumps(found.to_json())))
    segments = segments_of(contacted(50, 3))
    assert [*read.rates(np.linspace(0, 1, 50), segments)] == [*found.rates(np.linspace(0, 1, 50), segments)]
    assert read.to_json() == found.to_json()


def test_columns_may_be_enums_and_categories():
    plain = observed(contacted(2_000, 1), TERMS, final=True)
    categories = plain.with_columns(
        pl.col("arm").cast(pl.Enum(["treat", "hold_out"])), pl.col("band", "segment:Contract").cast(pl.Categorical)
    )
    priors = {"call": assumed("call", 0.3)}
    found, same = (measure(table, "cam_1", priors) for table in (plain, categories))
    assert found["call"].to_json() == same["call"].to_json()
    assert rows(plain, found) == rows(categories, same)


def test_the_prior_is_a_rate_a_trend_a_walk_beside_it_and_words():
    names = ["rate", "trend", "risk:0.0", "risk:0.1", "segment:Contract=One year"]
    assert variances(names, 0.2, 0.4, 0.1) == pytest.approx([0.04, 0.16, 0.0128, 0.0128, 0.01])


def test_the_trend_turns_about_the_middle_of_the_risks():
    """So that the prior of the rate is one of customers in the middle, whatever that of the trend."""
    assert columns_of(["rate", "trend"], np.array([0.0, 0.5, 1.0]), {}).tolist() == [[1, -0.5], [1, 0], [1, 0.5]]


@pytest.mark.parametrize(
    "fault", [{"version": 2}, {"names": ["rate"]}, {"mean": [1.0]}, {"covariance": [[1.0]]}, {"mean": "many"}]
)
def test_what_is_no_save_rate_is_refused(fault):
    with pytest.raises((ValueError, KeyError, TypeError)):
        from_json(measured(500, 1).to_json() | fault)


def test_rows_are_by_offer_band_and_segments():
    seen = observed(contacted(6_000, 1), TERMS, final=True)
    found = rows(seen, measure(seen, "cam_1", {"call": assumed("call", 0.3)}))
    assert len(found) == 9
    assert sum(row["treated"] + row["held_out"] for row in found) == seen.height
    first = found[0]
    assert first["treated"] == max(row["treated"] for row in found)
    cell = seen.filter(pl.col("segment:Contract") == first["segments"]["Contract"], band=first["band"])
    treated, held_out = (cell.filter(arm=arm)["left"].mean() for arm in ("treat", "hold_out"))
    assert first["raw"] == pytest.approx(1 - treated / held_out)
    assert first["low"] < first["rate"] < first["high"]


def test_a_result_shows_the_largest_cells(monkeypatch):
    seen = observed(contacted(2_000, 1), TERMS, final=True)
    found = measure(seen, "cam_1", {"call": assumed("call", 0.3)})
    largest = rows(seen, found)[:4]
    monkeypatch.setattr("churn.campaigns.measuring.MAX_ROWS", 4)
    assert rows(seen, found) == largest


def test_a_cell_without_a_held_out_leaver_has_no_raw_rate():
    seen = observed(contacted(40, 1), TERMS, final=True).with_columns(left=pl.col("arm") == "treat")
    assert {row["raw"] for row in rows(seen, {"call": assumed("call", 0.3)})} == {None}
