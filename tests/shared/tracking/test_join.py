"""Predictions joined with outcomes, against the oracle of the simulated operator, which shares no code with them."""

import io
import json
import random
import tempfile
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from churn.campaigns import contacts
from churn.campaigns import layout as layout_of_campaigns
from churn.store.opening import open_store
from churn.tracking import known as reading
from churn.tracking import layout, outcomes, predictions
from churn.tracking.figures import Sample, figures
from churn.tracking.join import join
from churn.tracking.scanning import TableReader
from scripts.simulation.campaign import Contact
from scripts.simulation.oracle import Oracle, Started
from scripts.simulation.reporting import Outcome

TODAY = date(2026, 11, 20)
ALL = 100_000


@pytest.fixture
def store(tmp_path):
    return open_store(f"file://{tmp_path}")


def put(store, key, rows, columns):
    target = io.BytesIO()
    pl.DataFrame(rows, schema=columns, orient="row").write_parquet(target)
    store.put(key, target.getvalue(), content_type="application/octet-stream")


def predict(store, rows, name="job"):
    """Rows of customer id, day or moment, release, probability."""
    months = {}
    for customer_id, moment, release, probability in rows:
        at = moment if isinstance(moment, datetime) else datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
        months.setdefault(layout.month_of(at), []).append((customer_id, at, release, "job", probability, 0))
    for month, held in months.items():
        put(store, f"{layout.PREDICTIONS}{month}{name}.parquet", held, predictions.COLUMNS)


def report(store, rows, received=datetime(2026, 11, 19, tzinfo=UTC)):
    """Outcomes as the simulated operator has them."""
    table = [
        (row.customer_id, row.left_at, row.stayed_until, *(row.contact or (None,) * 4), received, number)
        for number, row in enumerate(rows, 1)
    ]
    put(store, f"{layout.OUTCOMES}month=2026-11/{received:%d%H}.parquet", table, outcomes.COLUMNS)


def joined(store, window=1, today=TODAY, days=ALL):
    return join(TableReader(store), reading.known(TableReader(store))[0], lambda _: window, today, days)


def life(seed):
    """Some customers, whose predictions and outcomes fall out any way they like."""
    chance = random.Random(seed)
    ids = [f"C{number}" for number in range(chance.choice((8, 60, 150)))]
    start = date(2026, 1, 1)
    made = {
        (name, start + timedelta(chance.randrange(315)), chance.choice("AB"))
        for name in ids[3:]
        for _ in range(chance.randrange(9))
    }
    contacts = [
        None,
        None,
        *(Contact(*pair, True, 1.0) for pair in (("X", "treat"), ("X", "hold_out"), ("Y", "treat"))),
    ]
    told = []
    for name in ids[:-3]:
        for _ in range(chance.randrange(4)):
            day, contact = start + timedelta(chance.randrange(320)), chance.choice(contacts)
            dates = {"left_at": day} if chance.random() < 0.4 else {"stayed_until": day}
            told.append(Outcome(name, **dates, contact=contact))
    if not any(row.contact and row.contact.arm == "hold_out" for row in told):
        told.append(Outcome(ids[0], stayed_until=start, contact=contacts[3]))
    chance.shuffle(told)
    return [(*each, chance.random()) for each in sorted(made)], told + told[:2]


def begin(store, campaign):
    """Write a campaign's record and list as planning and starting it does; it is closed where it ends early."""
    closed = None if campaign.until == date.max else f"{campaign.until}T09:00:00+00:00"
    record = {"name": campaign.name, "started_at": f"{campaign.begins}T08:00:00+00:00", "closed_at": closed}
    record = json.dumps(record | {"label_window_months": 1}).encode()
    store.put(layout_of_campaigns.record(campaign.id), record, content_type="application/json")
    arms = [(name, "treat") for name in campaign.treated] + [(name, "hold_out") for name in campaign.held_out]
    table = pl.DataFrame(arms, {"customer_id": pl.String, "arm": pl.String}, orient="row")
    others = {name: pl.lit(None, kind).alias(name) for name, kind in contacts.COLUMNS.items()}
    table = table.with_columns(kind for name, kind in others.items() if name not in table.columns)
    for number, part in enumerate((table[:5], table[5:])):
        store.put(layout_of_campaigns.contacts_part(campaign.id, number), contacts.to_bytes(part), content_type="x/y")


def campaigns_of(seed):
    """Two campaigns of one name, the first of them closed before the second begins; outcomes name either, or none."""
    chance = random.Random(seed)
    ids = [f"C{number}" for number in range(chance.choice((20, 150)))]
    first, second = chance.sample(ids, len(ids) // 2), chance.sample(ids, len(ids) // 3)
    return [
        Started("cam_1", "X", date(2026, 3, 10), date(2026, 4, 20), set(first[4:]), set(first[:4])),
        Started("cam_2", "X", date(2026, 6, 10), date.max, set(second[3:]), set(second[:3])),
    ]


@pytest.mark.parametrize("campaigns", [(), (0,), (0, 1)], ids=["none", "one", "two"])
@pytest.mark.parametrize("window", [1, 3])
@pytest.mark.parametrize("seed", range(8))
def test_the_join_finds_what_the_oracle_finds(store, seed, window, campaigns):
    made, told = life(seed)
    started = [campaigns_of(seed)[number] for number in campaigns]
    oracle = Oracle(window, started=started)
    for name, day, release, probability in made:
        oracle.predicted(day, release, {name: probability})
    oracle.reported(told)
    for campaign in started:
        begin(store, campaign)
    predict(store, made)
    report(store, told)
    known, counts = reading.known(TableReader(store))
    found = join(TableReader(store), known, lambda _: window, TODAY, ALL)
    assert counts | {"unknown": found.unknown, "before": found.before} == oracle.outcomes()
    wanted = oracle.releases(TODAY)
    assert {(part.release, part.month) for part in found.parts} == {
        (release, month) for release in wanted for month in wanted[release] if month != "all"
    }
    for part in found.parts:
        there = wanted[part.release][part.month]
        got = {"predictions": len(part.probability), "matured": part.matured, "matched": part.matched}
        got |= {"unmatched": part.unmatched, "treated": part.treated}
        assert got == {name: there[name] for name in got}
        for name, figure in figures(part.sample).items():
            assert (figure and figure["value"]) == (there[name] and pytest.approx(there[name], abs=1e-12))


def test_outcomes_that_are_read_in_parts_are_the_same(store, monkeypatch):
    _, told = life(2)
    report(store, told[::2])
    report(store, told[1::2], datetime(2026, 11, 18, tzinfo=UTC))
    whole, counts = reading.known(TableReader(store))
    monkeypatch.setattr(reading, "_ROWS", 20)
    monkeypatch.setattr(reading, "_READ", 7)
    parts, same = reading.known(TableReader(store))
    assert counts == same
    assert whole.customers.equals(parts.customers)
    order = ["customer", "day"]
    assert whole.days.sort(order).equals(parts.days.sort(order))
    assert whole.touched.sort(pl.all()).equals(parts.touched.sort(pl.all()))


def test_outcomes_need_no_room_on_a_disk(store, tmp_path, monkeypatch):
    _, told = life(2)
    report(store, told)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "full"))
    assert reading.known(TableReader(store))[1]["rows"] == len(told)


@pytest.mark.parametrize("limit", [{"_ROWS": 7}, {"_SHARE_BYTES": 1_000}])
def test_predictions_that_are_read_in_pieces_are_the_same(store, monkeypatch, limit):
    made, told = life(2)
    predict(store, made[::2], "one")
    predict(store, made[1::2], "two")
    report(store, told)
    whole = joined(store)
    for name, value in limit.items():
        monkeypatch.setattr(f"churn.tracking.join.{name}", value)
    pieces = joined(store)
    for part, other in zip(whole.parts, pieces.parts, strict=True):
        assert (part.release, part.month, part.matured) == (other.release, other.month, other.matured)
        assert sorted(part.probability) == sorted(other.probability)
        assert sorted(zip(*part.sample, strict=True)) == sorted(zip(*other.sample, strict=True))
    assert (whole.unknown, whole.before, whole.first_months) == (pieces.unknown, pieces.before, pieces.first_months)


@pytest.mark.parametrize(
    ("outcome", "wanted"),
    [
        ({"left_at": date(2026, 1, 31)}, None),
        ({"left_at": date(2026, 2, 1)}, 1),
        ({"left_at": date(2026, 2, 28)}, 1),
        ({"left_at": date(2026, 3, 1)}, 0),
        ({"stayed_until": date(2026, 2, 27)}, None),
        ({"stayed_until": date(2026, 2, 28)}, 0),
    ],
    ids=str,
)
def test_a_window_of_a_month_from_the_31st_ends_with_a_short_month(store, outcome, wanted):
    predict(store, [("C", datetime(2026, 1, 31, 15, tzinfo=UTC), "A", 0.5)])
    report(store, [Outcome("C", **outcome)])
    part = joined(store).parts[0]
    assert (part.matured, part.sample.outcome.tolist()) == (1, [] if wanted is None else [wanted])


@pytest.mark.parametrize(("today", "mature"), [(date(2026, 3, 6), False), (date(2026, 3, 7), True)])
def test_a_prediction_matures_seven_days_after_its_window(store, today, mature):
    predict(store, [("C", date(2026, 1, 31), "A", 0.5)])
    report(store, [Outcome("C", stayed_until=date(2026, 11, 1))])
    found = joined(store, today=today)
    assert found.parts[0].matured == mature
    assert found.ripening == ({} if mature else {date(2026, 3, 7): 1})


def test_days_look_back_on_what_has_matured_since(store):
    made = [(f"C{month}", date(2026, month, 1), "A", 0.5) for month in range(1, 12)]
    predict(store, made)
    found = joined(store, days=90)
    assert [part.month for part in found.parts] == ["2026-08", "2026-09", "2026-10", "2026-11"]
    assert [part.matured for part in found.parts] == [1, 1, 1, 0]
    assert found.first_months == {"A": "2026-01"}


def test_the_last_prediction_of_a_month_counts_and_each_release_for_itself(store):
    rows = [("C", datetime(2026, 1, 3, hour, tzinfo=UTC), "A", hour / 100) for hour in (7, 9, 8)]
    predict(store, [*rows, ("C", date(2026, 1, 2), "B", 0.4)])
    assert {part.release: part.probability.tolist() for part in joined(store).parts} == {"A": [0.09], "B": [0.4]}


def test_held_out_customers_stand_for_all_who_were_chosen(store):
    names = [f"C{number}" for number in range(10)]
    predict(store, [(name, date(2026, 1, 5), "A", 0.5) for name in [*names, "other"]])
    arms = ["treat"] * 8 + ["hold_out"] * 2
    rows = [
        Outcome(name, stayed_until=date(2026, 2, 5), contact=Contact("X", arm, False, 0.0))
        for name, arm in zip(names, arms, strict=True)
    ]
    report(store, [*rows, Outcome("other", left_at=date(2026, 2, 1))])
    part = joined(store).parts[0]
    assert (part.matured, part.matched, part.treated, part.unmatched) == (11, 3, 8, 0)
    assert sorted(part.sample.weight) == [1, 5, 5]


@pytest.mark.parametrize("told", [False, True], ids=["no outcome names the campaign", "all outcomes name it"])
def test_the_list_of_a_started_campaign_says_who_was_treated(store, told):
    """As the simulated operator reports it, and as one does who forgets the campaign: the figures are the same."""
    names = [f"C{number}" for number in range(10)]
    predict(store, [(name, date(2026, 1, 5), "A", 0.5) for name in [*names, "other", "unheard of"]])
    begin(store, Started("cam_1", "X", date(2026, 1, 7), date.max, {*names[:8], "unheard of"}, set(names[8:])))
    arms = ["treat"] * 8 + ["hold_out"] * 2
    rows = [
        Outcome(name, stayed_until=date(2026, 2, 5), contact=Contact("X", arm, False, 0.0) if told else None)
        for name, arm in zip(names, arms, strict=True)
    ]
    report(store, [*rows, Outcome("other", left_at=date(2026, 2, 1))])
    part = joined(store).parts[0]
    assert (part.matured, part.matched, part.treated, part.unmatched) == (12, 3, 9, 0)
    assert sorted(part.sample.weight) == [1, 5.5, 5.5]


def test_who_was_treated_though_held_out_does_not_count_as_untreated(store):
    predict(store, [(name, date(2026, 1, 5), "A", 0.5) for name in "abcd"])
    begin(store, Started("cam_1", "X", date(2026, 1, 7), date.max, {"a", "b"}, {"c", "d"}))
    contact = Contact("cam_1", "treat", True, 1.0)
    report(store, [Outcome(name, stayed_until=date(2026, 2, 5), contact=contact) for name in "abc"])
    report(store, [Outcome("d", left_at=date(2026, 1, 9))], datetime(2026, 11, 18, tzinfo=UTC))
    part = joined(store).parts[0]
    assert (part.treated, part.sample.weight.tolist(), part.sample.outcome.tolist()) == (3, [4], [1])


def test_nothing_at_all_is_joined_to_nothing(store):
    found = joined(store)
    assert (found.parts, found.unknown, found.before, found.ripening) == ([], 0, 0, {})
    assert reading.known(TableReader(store))[1]["rows"] == 0


def test_predictions_without_outcomes_are_unmatched(store):
    predict(store, [("C", date(2026, 1, 5), "A", 0.5)])
    part = joined(store).parts[0]
    assert (part.matured, part.unmatched) == (1, 1)
    assert isinstance(part.sample, Sample)
