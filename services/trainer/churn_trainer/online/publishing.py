"""Publishing what the online challenger has become, as a release like any other, and putting it into shadow."""

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

from churn import release
from churn.clock import Clock
from churn.experiments import starting
from churn.experiments.errors import ExperimentConflict
from churn.experiments.reconciliation import reconcile
from churn.experiments.repository import ExperimentRepository
from churn.model.predictor import Predictor
from churn.model.scorecard import Scorecard
from churn.model.terms import Terms
from churn.release import Manifest, Release, worked_examples
from churn.split import spares_test_part
from churn.store.interface import ObjectStore
from churn.tracking.reference import REFERENCE, TENTHS, Reference, score_name
from churn_trainer.gates.evidence import Gate
from churn_trainer.online.state import State
from churn_trainer.publishing import states
from churn_trainer.publishing.fingerprint import libraries

EVERY = 500
"""Outcomes between two releases: fewer change little, and each is scored in shadow for all that is tracked."""

# In a world that does not change it stays within so much of the champion's log loss: beyond it something is wrong.
_MARGIN = 0.002

# What the champion's manifest says that holds for what began at it.
_COPIED = ("threshold", "explanation", "intended_use", "limits", "nearest", "fields")

# What it says of its data that is of its own training: why that was done, and on which past.
_OF_ITS_TRAINING = {"trigger", "window"}


def publish(store: ObjectStore, champion: Release, scorer: Scorecard | Terms, state: State, moment: datetime) -> None:
    """Publish it as `state.releasing`, unless that is done already. Raises StoreUnavailable."""
    version = str(state.releasing)
    if version in release.versions(store):
        return
    states.note(store, version, states.PUBLISHED, f"it learns from outcomes beside {champion.version}", state.champion)
    release.publish(
        store, version, _manifest(champion.manifest, state, moment), _files(store, champion, scorer, state),
        champion.schema,
    )  # fmt: skip


def put_into_shadow(store: ObjectStore, version: str, clock: Clock) -> str:
    """Have it watched beside the release in service, unless another has its place; a sentence of what became of it."""
    reconcile(ExperimentRepository(store, clock))
    try:
        words = f"it went into shadow beside {starting.start(store, version, 'online', clock).champion}"
    except ExperimentConflict as error:
        words = error.message.rstrip(".")
    states.note(store, version, states.HELD_BACK, words)
    return f"{version} is published; {words}."


def _files(store: ObjectStore, champion: Release, scorer: Scorecard | Terms, state: State) -> dict[str, bytes]:
    folder = release.folder(champion.version)
    background = champion.predictor.background
    predictor = Predictor(scorer, background, champion.manifest.threshold)
    read = champion.schema.reader.read
    examples = [read(example["customer"]).customer for example in json.loads(store.get(f"{folder}examples.json").data)]
    files = {
        "model.json": json.dumps(scorer.to_dict()).encode(),
        "background.json": store.get(f"{folder}background.json").data,
        "examples.json": worked_examples(predictor, examples),
    }
    if champion.reference is not None:
        files[REFERENCE] = _reference(champion, champion.reference, state).to_bytes()
    return files


def _reference(champion: Release, reference: Reference, state: State) -> Reference:
    """The champion's, for the customers are those that it was trained on, with the challenger's scores."""
    name = score_name(champion.schema)
    counts = (*state.of_challenger.counts(len(TENTHS) + 1), 0)
    return Reference({**reference.fields, name: replace(reference.fields[name], counts=counts)})


def _manifest(champion: Manifest, state: State, moment: datetime) -> dict[str, Any]:
    """What the release says of itself: its figures are of outcomes, each predicted before it was learned."""
    said = champion.model_extra or {}
    split = said.get("split")
    of_champion, of_challenger = state.of_champion.figures(), state.of_challenger.figures()
    gate = _gate(champion, state)
    return {
        "model_name": _name(champion),
        "kind": champion.kind,
        "timestamp": moment,
        "origin": "online",
        **{name: value for name, value in ({"threshold": champion.threshold} | said).items() if name in _COPIED},
        "metrics": {
            "test": of_challenger,
            "prequential": {
                "outcomes": state.of_challenger.rows,
                "champion": {"version": champion.version, **of_champion},
                "challenger": of_challenger,
            },
        },
        "gates": [gate.entry()],
        "gates_passed": gate.passed,
        # It has learned by ids: of a champion whose test part goes by rows nothing can be said.
        **({"split": split} if spares_test_part(split) else {}),
        "reference": {"becomes": False, "reason": "It was judged by outcomes, and not on the table's test part."},
        "data": _data(champion, state),
        "libraries": libraries(),
    }


def _data(champion: Manifest, state: State) -> dict[str, Any]:
    """The champion's, without why and on which past it was trained, and what was learned since."""
    until = state.until.date().isoformat() if state.until else None
    rows = champion.data.get("tracked", {}).get("rows", 0) + state.learned
    began = {name: value for name, value in champion.data.items() if name not in _OF_ITS_TRAINING}
    return began | {
        "until": until,
        "tracked": {"rows": rows},
        "online": {
            "champion": champion.version,
            "learned": state.learned,
            "effective": round(state.of_challenger.weight),
            "since": state.since.isoformat(),
            "until": until,
            "taken": {month: moment.isoformat() for month, moment in state.taken.items()},
        },
    }


def _gate(champion: Manifest, state: State) -> Gate:
    new, old = (tally.figures()["log_loss"] for tally in (state.of_challenger, state.of_champion))
    words = f"log loss {new:.4f} against {old:.4f} of {champion.version}"
    detail = f"{words} on {state.of_challenger.rows:,} outcomes, each predicted before it was learned"
    return Gate("No worse than the champion while it learned", new <= old + _MARGIN, detail)


def _name(champion: Manifest) -> str:
    added = "" if champion.kind == "scorecard" else ", recalibrated"
    return champion.model_name if champion.model_name.endswith(added) else champion.model_name + added
