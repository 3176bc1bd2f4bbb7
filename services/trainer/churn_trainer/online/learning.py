"""A look at what became known: learn it, and every so often publish what has been learned.

The state is written when all that a look found is learned, and again when a release of it is in shadow. Whatever is cut
off in between, the next look does from the state: what it reads again is not learned twice, and a release that was
begun is finished under its version, or found to be there.
"""

from dataclasses import replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from churn import release
from churn.clock import Clock
from churn.errors import PreconditionFailed
from churn.release import Pointer, Release
from churn.split import TEST_SHARE, places
from churn.store.interface import ObjectStore
from churn.tracking.scanning import TableReader, read_anew
from churn_trainer.data.new_labels import new_labels
from churn_trainer.data.tracked import Tracked
from churn_trainer.online import publishing
from churn_trainer.online.errors import CannotLearn
from churn_trainer.online.learner import Learner
from churn_trainer.online.state import State, begun, load, save, until

# Outcomes that are predicted together before they are learned one by one: each is predicted by what at most so many
# fewer have taught, and it takes a tenth of the time.
_AT_ONCE = 25


def learn(store: ObjectStore, pointer: Pointer, clock: Clock) -> list[str]:
    """Learn what became known, and publish it every `publishing.EVERY` outcomes; returns sentences of what was done.

    Raises UnreadableState, StoreUnavailable, and ReleaseRefused where the release in service is damaged.
    """
    champion = release.load(store, pointer.version, pointer.manifest_sha256)
    state, etag = load(store)
    if state is None or state.champion != champion.version:
        state = begun(champion.manifest)
    said = []
    try:
        if state.releasing is None:
            looked = _looked(store, champion, state, until(clock()))
            if looked.learned - looked.published >= publishing.EVERY:
                looked = looked.having(releasing=release.claim(store, clock()))
            if looked.learned > state.learned:
                said.append(_words(looked, looked.learned - state.learned))
            etag, state = save(store, looked, etag), looked
        if state.releasing is not None:
            publishing.publish(store, champion, Learner(champion, state.weights).scorer(), state, clock())
            said.append(publishing.put_into_shadow(store, state.releasing, clock))
            save(store, state.having(releasing=None, published=state.learned), etag)
    except CannotLearn as error:
        # Said as often as it would learn. Nothing is taken: another release may learn from it.
        save(store, state.having(until=until(clock())), etag)
        said.append(error.message)
    except PreconditionFailed:
        said.append("Another trainer has learned from the same outcomes meanwhile.")
    return said


def _looked(store: ObjectStore, champion: Release, state: State, end: datetime) -> State:
    """The state with what became known until `end`."""
    if state.until is not None and state.until >= end:
        return state
    return read_anew(lambda: _with_news(store, champion, state, end))


def _with_news(store: ObjectStore, champion: Release, state: State, end: datetime) -> State:
    learner = Learner(champion, state.weights)
    since, before, taken = state.since, state.taken, dict(state.taken)
    news = new_labels(TableReader(store), champion.schema, lambda month: before.get(month, since), end)
    for month, rows in news:
        # What becomes of the others judges it, and whatever is trained beside it.
        rows = rows.take(places(rows.keys) >= TEST_SHARE)
        rows = replace(rows, weight=_effective(rows.weight))
        for start in range(0, len(rows), _AT_ONCE):
            state = _learned(state, champion, learner, rows.take(np.arange(start, min(start + _AT_ONCE, len(rows)))))
        taken[month] = end
    return state.having(taken=taken, until=end, weights=learner.weights)


def _effective(weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """The weights of n outcomes, shape (n,), in proportion, so that their sum is the effective number of outcomes.

    That is (Σw)² / Σw² (Kish 1965, "Survey Sampling"), n if all are alike. Steps in a world that does not change cost
    E[w²] / E[w] times as much as steps of 1, which is then 1: a few who stand for a thousand each would else ruin it.
    """
    squares = float(weight @ weight)
    return weight * (float(weight.sum()) / squares) if squares else weight


def _learned(state: State, champion: Release, learner: Learner, rows: Tracked) -> State:
    customers, churn, weight = champion.schema.customer(rows.customers), rows.churn, rows.weight
    before = champion.predictor.scorer.probabilities(customers)
    predicted = learner.learn(customers, churn, weight)
    return state.having(
        learned=state.learned + len(rows),
        of_champion=state.of_champion.with_rows(churn, before, weight),
        of_challenger=state.of_challenger.with_rows(churn, predicted, weight),
    )


def _words(state: State, news: int) -> str:
    new, old = (tally.figures()["log_loss"] for tally in (state.of_challenger, state.of_champion))
    return (
        f"The online challenger has learned {news:,} outcomes, {state.learned:,} in all; of these, each predicted "
        f"before it was learned, its log loss is {new:.4f} and that of {state.champion} {old:.4f}."
    )
