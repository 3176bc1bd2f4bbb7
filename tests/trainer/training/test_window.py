"""Which past is learned from: tried forwards on the newest outcomes."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from tests.trainer.tracked_world import month

from churn.months import months_later
from churn.split import id_hash
from churn.tracking.computed import SETTLING_DAYS
from churn_trainer.data.tracked import Tracked
from churn_trainer.training import window
from churn_trainer.training.training_data import Asked, assemble, sentences
from churn_trainer.training.window import Window, choose, within

EPOCH = date(1970, 1, 1)


def tracked_of(months, label_window=3):
    """What tracking knows of these months, oldest first."""
    ends = [(months_later(each.day, label_window) - EPOCH).days for each in months]
    sizes = [len(each.ids) for each in months]
    return Tracked(
        customers=tuple(np.concatenate(columns) for columns in zip(*(each.customers for each in months), strict=True)),
        churn=np.concatenate([each.left for each in months]).astype(np.int8),
        keys=np.array([id_hash(customer_id) for each in months for customer_id in each.ids], np.uint64),
        day=np.repeat([(each.day - EPOCH).days for each in months], sizes).astype(np.int32),
        ends=np.repeat(ends, sizes).astype(np.int32),
        weight=np.ones(sum(sizes)),
    )


def world(table, turned, count=14):
    """Months of customers, of whom from the month `turned` on others leave than before."""
    months = (months_later(date(2025, 1, 1), number) for number in range(count))
    return tracked_of([month(table, day, number, turned=number >= turned) for number, day in enumerate(months)])


@pytest.mark.parametrize(
    ("turned", "chosen"), [(14, None), (7, (3, 6)), (3, (3, 6, 12))], ids=["never", "lately", "long ago"]
)
def test_the_past_is_as_long_as_the_world_has_been_as_it_is(small_table, turned, chosen):
    table = small_table.take(np.arange(500))
    if turned == 14:  # the table's customers leave as those who are tracked do
        rows = month(small_table, date(2024, 1, 1), 99, rows=700)
        table = within(table.take(np.zeros(500, np.bool)), tracked_of([rows]), None)
    found = choose(table, world(small_table, turned))
    assert found.months in (chosen or (None,)), found
    assert len(found.trials) == 4
    assert found.judged >= 2_000
    best = min(trial.log_loss for trial in found.trials)
    assert [trial.behind for trial in found.trials] == pytest.approx([trial.log_loss - best for trial in found.trials])
    assert "newest outcomes" in found.reason


@pytest.fixture
def trials(monkeypatch):
    """The declared and the tracked rows of each window that is tried."""
    tried = []

    def spied(declared, before, months):
        tried.append((declared, before))
        return within(declared, before, months)

    monkeypatch.setattr(window, "within", spied)
    return tried


@pytest.mark.parametrize("day", [1, 20], ids=["outcomes settle after the next month has begun", "or before"])
def test_a_model_that_is_judged_has_seen_no_outcome_of_the_time_that_it_is_judged_on(small_table, trials, day):
    tracked = tracked_of(
        [month(small_table, months_later(date(2025, 1, day), number), number, rows=1_000) for number in range(8)]
    )
    choose(small_table, tracked)
    assert trials
    first = tracked.day[-2_000]
    for _, before in trials:
        # An outcome is known, and a customer's prediction judged, only when it has settled.
        assert len(before)
        assert (before.ends + SETTLING_DAYS).max() <= first


def test_a_model_that_is_judged_has_seen_no_row_of_the_table_whose_customer_it_is_judged_on(small_table, trials):
    tracked = world(small_table, 14, count=8)
    choose(small_table, tracked)
    judged = tracked.keys[tracked.day >= tracked.day[-2_000]]
    assert np.isin(small_table.keys, judged).any()
    for declared, _ in trials:
        assert len(declared)
        assert not np.isin(declared.keys, judged).any()
    # Without ids nobody is joined, and a key is that of a row.
    trials.clear()
    choose(replace(small_table, identified=False), tracked)
    assert {len(declared) for declared, _ in trials} == {len(small_table)}


def test_a_window_with_too_few_rows_by_now_is_given_up_and_said_to_be(small_table, monkeypatch):
    found = Window(6, "log loss on the 2,000 newest outcomes")
    monkeypatch.setattr(window, "choose", lambda *_: found)
    few = tracked_of([month(small_table, date(2026, 1, 1), rows=400)])
    table, said = assemble(small_table, Asked(date(2026, 5, 1), (), few, lambda _: ""))
    assert len(table) == len(small_table) + 400
    entry = said.entry()["window"]
    assert entry["months"] is None
    assert entry["reason"].startswith(found.reason)
    assert "the last 6 months have too few rows by now, so all there is was taken" in entry["reason"]
    assert entry["reason"] in list(sentences(said.entry()))[-1]


def test_with_few_outcomes_everything_is_learned_from(small_table):
    few = tracked_of([month(small_table, date(2026, 1, 1))])
    found = choose(small_table, few)
    assert (found.months, found.trials) == (None, ())
    assert "too few outcomes" in found.reason
    table = within(small_table, few, None)
    assert (len(table), int(table.tracked.sum())) == (len(small_table) + 700, 700)


@pytest.mark.parametrize("count", [2, 14], ids=["little", "much"])
def test_a_table_without_ids_is_not_mixed_with_what_was_tracked(small_table, count):
    """Its customers, who are keyed by their rows, would be on both sides of the split."""
    table = replace(small_table, identified=False)
    tracked = world(small_table, 0, count)
    whole = within(table, tracked, None)
    assert (len(whole), whole.identified, whole.tracked.any()) == (len(table), False, False)
    found = choose(table, tracked)
    assert "the table alone" in found.reason
    asked = Asked(date(2026, 1, 1), (), tracked, lambda _: "")
    learned_from, said = assemble(table, asked)
    assert learned_from.tracked.all() or not learned_from.tracked.any()
    if found.months is None:
        assert "the table alone" in list(sentences(said.entry()))[-1]


def test_a_window_that_could_not_be_trained_on_is_none(small_table):
    few = tracked_of([month(small_table, date(2026, 1, 1), rows=400)])
    assert within(small_table, few, 3) is None
    loyal = tracked_of([month(small_table, date(2026, 1, 1))._replace(left=np.zeros(700, np.bool))])
    assert within(small_table, loyal, 3) is None
