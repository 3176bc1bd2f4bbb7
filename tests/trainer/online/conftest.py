"""A world in which a regression serves, months of predictions are tracked, and outcomes come in."""

from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from tests.made_up import published
from tests.telco import TELCO
from tests.trainer.tracked_world import Month, month, track

from churn import release
from churn.model.background import Background
from churn.model.predictor import Predictor
from churn.model.scorecard import Scorecard
from churn.model.scoring import logits, sigmoids
from churn.months import months_later
from churn.release import Pointer
from churn.split import TEST_SHARE, id_hash, places
from churn.store.interface import ObjectStore
from churn_trainer.data.prepare import Prepared
from churn_trainer.data.split import scheme
from churn_trainer.evaluation.drift_reference import drift_reference
from churn_trainer.online.learning import learn
from churn_trainer.online.state import State, load
from churn_trainer.training.export import background_rows, customers, scorecard

BEGUN = datetime(2025, 12, 31, 8, tzinfo=UTC)
WINDOW = TELCO.label_window_months
FIRST = date(2026, 1, 10)


@pytest.fixture(scope="session")
def card(prepared: Prepared) -> Scorecard:
    """A regression that was fitted on the small table."""
    rows = prepared.split.development
    model = LogisticRegression().fit(prepared.fed("columns", rows), prepared.churn[rows])
    return scorecard(model, prepared, rows)


class World(NamedTuple):
    """The store, and the release in service."""

    store: ObjectStore
    prepared: Prepared
    card: Scorecard
    version: str

    def predicted(
        self, number: int, rows: int = 700, *, turned: bool = False, prefix: str = "C", fitted: bool = True
    ) -> Month:
        """Track a month of predictions: `number` months after the first; they are right, or `turned` around.

        Without `fitted` some of the customers are of the test part.
        """
        table = self.prepared.table
        scored = month(table, months_later(FIRST, number), 50 + number, rows=rows, prefix=prefix)
        if fitted:
            scored = scored._replace(ids=[_fitted(customer_id) for customer_id in scored.ids])
        odds = logits(self.card.probabilities(table.schema.customer(scored.customers)))
        risk = sigmoids(-1.4 - (odds - odds.mean())) if turned else sigmoids(odds)
        left = np.random.default_rng(100 + number).random(rows) < risk
        track(self.store, TELCO, self.version, scored._replace(left=left))
        return scored._replace(left=left)

    def learns(self, now: datetime, store: ObjectStore | None = None) -> list[str]:
        """What is said of a look at this moment."""
        pointer = release.current(self.store)
        assert isinstance(pointer, Pointer)
        return learn(store or self.store, pointer, Clock(now))

    @property
    def state(self) -> State:
        """What it has learned."""
        state, _ = load(self.store)
        assert state is not None
        return state


def _fitted(customer_id: str) -> str:
    """An id that is not of the test part."""
    return customer_id if places(np.array([id_hash(customer_id)])) >= TEST_SHARE else _fitted(f"{customer_id}-")


class Clock:
    """A clock that advances by a second with each look."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        self.moment += timedelta(seconds=1)
        return self.moment


def known_on(number: int) -> datetime:
    """A moment at which the outcomes of a month are all there and may be learned."""
    end = months_later(FIRST, number + WINDOW) + timedelta(days=9)
    return datetime(end.year, end.month, end.day, 12, tzinfo=UTC)


@pytest.fixture
def world(store: ObjectStore, prepared: Prepared, card: Scorecard) -> World:
    table = prepared.table
    people = customers(table, background_rows(table, prepared.split.development))
    reference = drift_reference(prepared, card.probabilities(table.customers))
    predictor = Predictor(card, Background(table.schema, people), 0.5)
    version = published(store, people, predictor, reference=reference, moment=BEGUN, split=scheme(table))
    return World(store, prepared, card, version)
