"""Judging a new model against the release in service and the reference, on customers that none was fitted on."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from churn import release
from churn.errors import ReleaseRefused, UnknownRelease
from churn.model.scoring import Scorer
from churn.release import Pointer
from churn.store.interface import ObjectStore
from churn_trainer.data.split import judged_alike
from churn_trainer.data.table import Table
from churn_trainer.gates import reference
from churn_trainer.gates.reference import Reference, Succession
from churn_trainer.model_metrics import measure


class Margin(NamedTuple):
    """By how much a figure may be worse without the model counting as worse."""

    figure: str
    name: str
    worse: float
    more_is_better: bool

    def shortfall(self, new: dict[str, float], old: dict[str, float]) -> float:
        """By how much the new figure is worse; negative if it is better."""
        gap = old[self.figure] - new[self.figure]
        return gap if self.more_is_better else -gap


# At least twice the standard deviation of the least stable model over refits without a tenth of the customers, which
# `make validate` measures. The margins are fixed, because a number of standard errors would let more pass on a smaller
# table.
MARGINS = (Margin("roc_auc", "AUC", 0.005, True), Margin("brier", "Brier score", 0.002, False))


@dataclass(frozen=True, slots=True)
class Rival:
    """A release that a new one is judged against; `scorer` is None where it cannot be compared with, for `reason`."""

    role: str
    version: str
    is_reference: bool
    scorer: Scorer | None
    reason: str = ""

    def entry(self) -> dict[str, Any]:
        """The rival's entry in a manifest."""
        return {
            "role": self.role,
            "version": self.version,
            "is_reference": self.is_reference,
            "compared": self.scorer is not None,
            "reason": self.reason,
        }


class Standing(NamedTuple):
    """A rival's figures of `model_metrics.measure` on customers that nothing was fitted on."""

    rival: Rival
    figures: dict[str, float]


def find(store: ObjectStore, pointer: Pointer | None, table: Table) -> tuple[Rival, ...]:
    """The release in service and the reference, as far as they exist; one rival if they are the same release."""
    kept, found = reference.read(store), []
    if pointer is not None and pointer.version:
        named = Reference(pointer.version, pointer.manifest_sha256)
        is_reference = kept is not None and kept.version == named.version
        found.append(_rival(store, "the release in service", named, is_reference, table))
    if kept is not None and not any(rival.is_reference for rival in found):
        found.append(_rival(store, "the reference release", kept, True, table))
    return tuple(found)


def _rival(store: ObjectStore, role: str, named: Reference, is_reference: bool, table: Table) -> Rival:
    try:
        found = release.load(store, named.version, named.manifest_sha256)
    except (ReleaseRefused, UnknownRelease) as error:
        return Rival(role, named.version, is_reference, None, error.message)
    if found.schema.hash != table.schema.hash:
        declared = f"other customers, or another outcome, ({found.schema.name})"
        reason = f"Release {named.version} declares {declared} that this one does not know."
        return Rival(role, named.version, is_reference, None, reason)
    if judged_alike((found.manifest.model_extra or {}).get("split"), table):
        return Rival(role, named.version, is_reference, found.predictor.scorer)
    reason = f"Release {named.version} does not say which customers it was fitted on, or not in the way of this one."
    return Rival(role, named.version, is_reference, None, reason)


def standings(rivals: tuple[Rival, ...], unseen: Table) -> Iterator[Standing]:
    """The figures of every rival that can be compared with, on the customers of the test part."""
    for rival in rivals:
        if rival.scorer is not None:
            probability = rival.scorer.probabilities(unseen.customers)
            yield Standing(rival, measure(unseen.churn, probability))


def succession(rivals: tuple[Rival, ...], unseen: Table, figures: dict[str, float]) -> Succession:
    """Whether a new model with these figures on the test part becomes the reference."""
    kept = next((rival for rival in rivals if rival.is_reference), None)
    if kept is None:
        return Succession(True, "There was no reference.")
    standing = next(standings((kept,), unseen), None)
    if standing is None:
        return Succession(True, f"The reference before it, {kept.version}, cannot be compared with: {kept.reason}")
    worse = [margin.name for margin in MARGINS if margin.shortfall(figures, standing.figures) > 0]
    if worse:
        return Succession(False, f"{kept.version} stays the reference: it has the better {' and '.join(worse)}.")
    return Succession(True, f"It is at least as good as the reference before it, {kept.version}.")
