"""What becomes of a version once it is published: in service, in shadow, or held back with the reason."""

import logging

from churn import release
from churn.errors import ChurnError, PreconditionFailed, StoreUnavailable
from churn.release import Pointer
from churn.store.interface import ObjectStore
from churn_trainer.console import Console
from churn_trainer.publishing import releases, states
from churn_trainer.publishing.card import Trained
from churn_trainer.settings import TrainerSettings
from churn_trainer.training.training_data import Asked

log = logging.getLogger(__name__)


class Releasing:
    """Decides over versions of one store; it reports to `console`."""

    def __init__(self, settings: TrainerSettings, store: ObjectStore, console: Console) -> None:
        self._settings = settings
        self._store = store
        self._console = console

    def release(self, trained: Trained, version: str, expected: Pointer | None, asked: Asked | None = None) -> str:
        """Put the new version into service, unless it failed a gate, declares other customers or comes too late.

        It is too late if another trainer has released meanwhile. `expected` is the pointer that the version was judged
        against. Returns what became of it, as a sentence.
        """
        for gate in trained.gates:
            if gate.remark:
                self._console.say(f"  Remark: {gate.detail}; {gate.remark}.")
        if not trained.passes:
            for gate in trained.gates:
                if not gate.passed:
                    self._console.say(f"  Does not hold: {gate.name}: {gate.detail}.")
            shut = releases.shut_gates(release.manifest(self._store, version))
            self._hold_back(version, shut)
            self._console.step(
                f"{version} is published, but not released. `promote {version}` would release it nevertheless."
            )
            return f"{version} is held back by its gates: {shut}."
        reason = releases.declares_others(self._store, trained.prepared.table.schema.hash, expected)
        if reason:
            self._hold_back(version, reason)
            return self._told(
                f"{version} is published, but not released: {reason}. `promote {version}` puts it into service."
            )
        if asked is not None and releases.can_serve_now(self._store):
            return self._told(self._shadow(version, asked))
        try:
            releases.move(self._store, self._settings, version, expected, "it passed its gates")
        except PreconditionFailed:
            if not releases.is_in_service(self._store, version):
                self._hold_back(version, "another trainer was quicker")
                return self._told(
                    f"Another trainer has released in the meantime; {version} is published, but not released."
                )
        words = self._told(f"Released {version}: {trained.choice.name}.")
        self._console.say(f"  {trained.succession.reason}")
        log.info("released", extra={"version": version})
        return words

    def finish(self, version: str, asked: Asked) -> str:
        """The same for a version that a killed run has published, whose recorded state is up to date."""
        state = states.last(self._store, version)
        if state is not None and state.name != states.PUBLISHED:
            reason = f": {state.reason}" if state.reason else ""
            return self._told(f"{version}, which an earlier attempt made, is {state.name}{reason}.")
        if releases.can_serve_now(self._store):
            return self._told(self._shadow(version, asked))
        releases.move(
            self._store,
            self._settings,
            version,
            releases.replaceable(self._store),
            "a run broke off before its last step",
        )
        return self._told(f"Released {version}.")

    def _told(self, sentence: str) -> str:
        self._console.step(sentence)
        return sentence

    def _shadow(self, version: str, asked: Asked) -> str:
        """Have the version watched beside the release in service, which goes on serving; a sentence of it."""
        try:
            champion = asked.begin_shadow(version)
        except StoreUnavailable:
            raise
        except ChurnError as error:  # as where another release has come into service meanwhile
            self._hold_back(version, error.message)
            return f"{version} is published, but not in shadow: {error.message}"
        states.note(self._store, version, states.HELD_BACK, f"it went into shadow beside {champion}")
        return f"{version} passed its gates and is in shadow beside {champion}, which goes on serving."

    def _hold_back(self, version: str, reason: str) -> None:
        states.note(self._store, version, states.HELD_BACK, reason)
        log.warning("not released", extra={"version": version, "reason": reason})
