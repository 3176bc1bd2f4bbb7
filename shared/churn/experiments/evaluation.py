"""What is known of a running experiment, and what follows of it; a worker's step."""

import logging
from contextlib import suppress
from datetime import date, datetime
from typing import Any

import numpy as np

from churn import release
from churn.clock import Clock
from churn.confinement import alone
from churn.errors import ReleaseRefused, StoreUnavailable, UnknownRelease
from churn.experiments import computed
from churn.experiments.computed import Computed
from churn.experiments.disagreement import disagreement
from churn.experiments.errors import ExperimentConflict
from churn.experiments.evidence import Rows, Tracked, Wanted, rows_of, tracked
from churn.experiments.experiment import FAILED, Experiment, PromotionRule
from churn.experiments.paired_differences import Pairs
from churn.experiments.promotion import promote
from churn.experiments.reconciliation import reconcile
from churn.experiments.repository import ExperimentRepository
from churn.experiments.scoring import Scores, ScoringFailed, scores
from churn.experiments.shadow import in_shadow, settle
from churn.experiments.verdict import MATTERS, verdict
from churn.release import Manifest, passed_gates
from churn.schema import Schema
from churn.split import spares_test_part
from churn.store.interface import ObjectStore
from churn.tracking.known import known
from churn.tracking.releases import ASSUMED_WINDOW
from churn.tracking.scanning import TableReader, read_anew

log = logging.getLogger(__name__)

Json = dict[str, Any]
MOST_TRIES = 3
"""A release that could not be scored with so often has failed: once may be a machine that had no memory left."""

WATCHED = 10_000
"""Outcomes after which the watch over a promotion is over, if the former champion was not better until then."""


class Busy(Exception):
    """Another process of this machine scores already."""


def evaluate(store: ObjectStore, clock: Clock, rule: PromotionRule) -> bool:
    """Compute the figures of the experiment that runs, unless those there are are new, and do what follows of them.

    Returns whether it is to be tried again at once. A release that cannot be scored with takes SECONDS at most, and is
    tried MOST_TRIES times. Raises StoreUnavailable.
    """
    repository = ExperimentRepository(store, clock)
    running = reconcile(repository)
    if running is None:
        return False
    try:
        with alone(Busy(), "shadow", wait=0):
            return _evaluate(repository, running, rule)
    except Busy:
        return False


def _evaluate(repository: ExperimentRepository, running: Experiment, rule: PromotionRule) -> bool:
    store = repository.store
    attempt = computed.begin(store, running.id, repository.clock())
    if attempt is None:
        return False
    if attempt.tries >= MOST_TRIES:
        _fail(repository, running, f"It could not be scored with {attempt.tries} times: {attempt.failure}.")
        return False
    try:
        figures = _figures(store, running, repository.clock(), attempt.figures)
        computed.save(store, running.id, Computed(figures))
    except ScoringFailed as error:
        log.error("Experiment %s, try %d: %s.", running.id, attempt.tries + 1, error)
        computed.end(store, running.id, attempt, str(error))
        return True
    except (UnknownRelease, ReleaseRefused) as error:
        _fail(repository, running, error.message)
        return False
    except Exception:  # whatever it is, such as a store that is away: the release is not to blame
        with suppress(StoreUnavailable):
            computed.end(store, running.id, attempt)
        raise
    _conclude(repository, running, figures["verdict"], rule)
    return False


def _fail(repository: ExperimentRepository, running: Experiment, reason: str) -> None:
    repository.close(running.id, reason, FAILED)
    settle(repository)


def _figures(store: ObjectStore, running: Experiment, now: datetime, before: Json | None) -> Json:
    champion, challenger = (release.manifest(store, version) for version in (running.champion, running.challenger))
    schema = release.schema_of(store, champion)
    wanted = Wanted(
        running.champion,
        schema,
        schema.label_window_months or ASSUMED_WINDOW,
        _seen_until(challenger),
        spares_test_part((challenger.model_extra or {}).get("split")),
    )
    found = _read(store, wanted, now.date())
    lately, matured = (rows_of(table, schema) for table in found)
    values, absent = (np.concatenate(parts) for parts in zip(lately, matured, strict=True))
    told = scores(store, running.challenger, _checksum(store, running), Rows(values, absent.astype(np.bool_)))
    return {
        "computed_at": now.isoformat(timespec="seconds"),
        "disagreement": _disagreement(found, told, (champion, challenger)),
        "verdict": verdict(_pairs(found, told), running.challenger),
        "costs": {"champion": _champions_cost(store, running, schema, before), "challenger": told.cost},
    }


def _checksum(store: ObjectStore, running: Experiment) -> str:
    """That which the challenger's manifest had when it was put into shadow."""
    named = in_shadow(store)
    if named is None or named.experiment != running.id:  # another one was put there just now
        return release.manifest_sha256(store, running.challenger)
    return named.manifest_sha256


def _seen_until(manifest: Manifest) -> date:
    """Until when outcomes may have taught the release: its data's last day, else that of its training."""
    with suppress(KeyError, TypeError, ValueError):
        return date.fromisoformat(manifest.data["until"])
    return release.moment_of(manifest.version).date()


def _read(store: ObjectStore, wanted: Wanted, today: date) -> Tracked:
    def read() -> Tracked:
        reader = TableReader(store)
        return tracked(reader, known(reader)[0], wanted, today)

    return read_anew(read)


def _disagreement(found: Tracked, told: Scores, manifests: tuple[Manifest, Manifest]) -> Json | None:
    champion = found.lately["probability"].to_numpy()
    challenger = told.probability[: len(champion)]
    thresholds = manifests[0].threshold, manifests[1].threshold
    return disagreement(champion[: len(challenger)], challenger, thresholds)


def _pairs(found: Tracked, told: Scores) -> Pairs:
    """Those that there was time to score: a sample by the hash of the ids."""
    challenger = told.probability[found.lately.height :]
    matured = found.matured.head(len(challenger))
    outcome, champion, weight, customer = (
        matured[name].to_numpy() for name in ("outcome", "probability", "weight", "customer")
    )
    return Pairs(outcome, champion, challenger, weight, customer)


def _champions_cost(store: ObjectStore, running: Experiment, schema: Schema, before: Json | None) -> Json | None:
    """Measured once: it does not change."""
    if before and before["costs"]["champion"]:
        return dict(before["costs"]["champion"])
    nobody = Rows(np.empty((0, len(schema.fields))), np.empty((0, len(schema.fields)), np.bool_))
    with suppress(ScoringFailed):
        return scores(store, running.champion, release.manifest_sha256(store, running.champion), nobody).cost
    return None


def _conclude(repository: ExperimentRepository, running: Experiment, told: Json, rule: PromotionRule) -> None:
    """End the experiment if the challenger is worse, or promote it where the rule and the verdict say so."""
    if told["state"] == "worse":
        repository.close(running.id, told["words"])
        settle(repository)
    elif running.origin == "former" and _stands(told):
        repository.close(running.id, f"The promotion stands. {told['words']}")
        settle(repository)
    elif rule == "when_better" and _is_due(repository, running, told):
        try:
            promote(repository.store, running.id, told["words"], repository.clock)
        except (ExperimentConflict, ReleaseRefused) as error:
            log.warning("%s is not promoted: %s", running.challenger, error.message)


def _stands(told: Json) -> bool:
    """Whether the watch over a promotion has seen enough: the former champion is not better by what matters."""
    gain = told["differences"]["log_loss"]
    is_small = gain is not None and gain["high"] < MATTERS
    return bool(told["state"] != "better" and (is_small or told["outcomes"] >= WATCHED))


def _is_due(repository: ExperimentRepository, running: Experiment, told: Json) -> bool:
    """Whether to promote without a person: going back to the former champion takes less than a new release does."""
    if running.origin == "former":
        return bool(told["state"] == "better")
    return (
        bool(told["promotable"])
        and passed_gates(release.manifest(repository.store, running.challenger))
        and running.challenger not in repository.rolled_back()
    )
