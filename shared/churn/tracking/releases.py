"""What a release says about itself, as the figures of what came of its predictions need it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from churn import release
from churn.errors import ObjectNotFound, ReleaseRefused, UnknownRelease
from churn.intervals import wilson
from churn.schema import Schema
from churn.store.interface import ObjectStore
from churn.tracking.figures import Figure
from churn.tracking.reference import REFERENCE, Reference

# Of a release whose declaration says none, or that is not there any more.
ASSUMED_WINDOW = 1

# Its name in the manifest, by that of the figure.
_IN_MANIFEST = {"roc_auc": "roc_auc", "log_loss": "log_loss", "brier": "brier", "lift": "lift_top_decile"}


@dataclass(frozen=True, slots=True)
class About:
    """A release; schema, reference and the rows that it was trained on are None where they are not known."""

    version: str
    model_name: str
    schema: Schema | None
    reference: Reference | None
    rows: int | None
    promised: dict[str, Figure | None]

    @property
    def window(self) -> int:
        """Its label window in months."""
        return (self.schema and self.schema.label_window_months) or ASSUMED_WINDOW

    @property
    def window_is_assumed(self) -> bool:
        """Whether nobody has declared the label window."""
        return not (self.schema and self.schema.label_window_months)


def about(store: ObjectStore, version: str) -> About:
    """What is known of a release, which may be gone. Raises StoreUnavailable."""
    try:
        manifest = release.manifest(store, version)
        schema = release.schema_of(store, manifest)
    except (UnknownRelease, ReleaseRefused):
        return About(version, "unknown", None, None, None, dict.fromkeys(("churn_rate", *_IN_MANIFEST)))
    reference = _reference(store, version, schema) if REFERENCE in manifest.files else None
    tenths = (manifest.model_extra or {}).get("calibration", ())
    rows = manifest.data.get("rows")
    return About(version, manifest.model_name, schema, reference, rows, _promised(manifest.metrics, tenths))


def _reference(store: ObjectStore, version: str, schema: Schema) -> Reference | None:
    try:
        return Reference.from_bytes(store.get(release.folder(version) + REFERENCE).data, schema)
    except (ObjectNotFound, ValueError, KeyError, TypeError):
        return None  # a release with a broken one never serves


def _promised(metrics: Mapping[str, Any], tenths: Any) -> dict[str, Figure | None]:
    """The figures of the test part; its churn rate is that of the tenths of its reliability."""
    values, intervals = metrics.get("test", {}), metrics.get("test_intervals", {})
    promised: dict[str, Figure | None] = {"churn_rate": None}
    if trials := sum(tenth["count"] for tenth in tenths):
        left = sum(tenth["observed"] * tenth["count"] for tenth in tenths)
        low, high = wilson(left, trials)
        promised["churn_rate"] = {"value": left / trials, "low": low, "high": high}
    for name, there in _IN_MANIFEST.items():
        known = there in values and there in intervals
        promised[name] = {"value": values[there], **intervals[there]} if known else None
    return promised
