"""The answer of GET /quality: what came of the predictions of each release, in figures and in words."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from churn import release
from churn.experiments import starting
from churn.experiments.repository import ExperimentRepository
from churn.months import days_of
from churn.store.interface import ObjectStore
from churn.tracking import computed, summary
from churn.tracking.change import Evidence, verdict
from churn.tracking.computed import SETTLING_DAYS, matures_on
from churn.tracking.figures import NOBODY, Sample, expected, figures, pooled, reliability
from churn.tracking.join import Joined, Known, Part, join
from churn.tracking.known import known
from churn.tracking.layout import REFUSED
from churn.tracking.releases import About, about
from churn.tracking.retraining import Past, past, retraining
from churn.tracking.scanning import TableReader, read_anew
from churn.tracking.windows import drifts
from churn.training import requests

Json = dict[str, Any]

CONDITION = "if the world has not changed"

_FAULTS = 5

_EPOCH = date(1970, 1, 1)

_COUNTS = ("matured", "matched", "unmatched", "treated")


@dataclass(frozen=True, slots=True)
class _Tracked:
    """All that is known at the moment of an answer."""

    releases: Mapping[str, About]
    known: Known
    joined: Joined
    today: date
    days: int

    @property
    def stays(self) -> bool:
        """Whether anybody is known to have stayed: those who left alone would all be leavers."""
        return bool(self.known.customers["stayed_until"].is_not_null().any())


def compute(store: ObjectStore, now: datetime, days: int) -> Json:
    """The answer as of `now`, in UTC, computed and kept unless the last one holds. Raises StoreUnavailable."""
    held = computed.load(store, days)
    if held is None or not held.holds(store, now):
        held = _computed(store, now, days)
        computed.save(store, days, held)
    return held.answer


def _computed(store: ObjectStore, now: datetime, days: int) -> computed.Computed:
    return read_anew(lambda: computed.Computed(state=computed.state_of(store), answer=quality(store, now, days)))


def quality(store: ObjectStore, now: datetime, days: int) -> Json:
    """The answer as of `now`, in UTC, of what matured within `days` and what has yet to. Raises StoreUnavailable."""
    releases: dict[str, About] = {}

    def about_release(version: str) -> About:
        if version not in releases:
            releases[version] = about(store, version)
        return releases[version]

    pointer = release.current(store)
    in_service = about_release(pointer.version) if pointer else None
    reader = TableReader(store)
    told, counts = known(reader)
    joined = join(reader, told, lambda version: about_release(version).window, now.date(), days)
    tracked = _Tracked(releases, told, joined, now.date(), days)
    drift = drifts(reader, releases, now.date())
    shown = {part.release for part in joined.parts} | ({in_service.version} if in_service else set())
    entries = [
        _release(tracked, version, drift[version], in_service=in_service is not None and version == in_service.version)
        for version in sorted(shown, reverse=True)
    ]
    ripening = sorted(joined.ripening.items())
    return {
        "success": True,
        "computed_at": now.isoformat(timespec="seconds"),
        "days": days,
        "tracking": "on",
        "settling_days": SETTLING_DAYS,
        "words": [
            *reader.words(),
            *summary.sentences(joined, entries, releases, counts, now.date(), stays=tracked.stays),
        ],
        "next_ripe": {"date": ripening[0][0].isoformat(), "predictions": ripening[0][1]} if ripening else None,
        "outcomes": counts | {"unknown": joined.unknown, "before": joined.before},
        "releases": entries,
        "data": list(_data(store, tracked, in_service)),
        "retraining": _retraining(store, tracked, in_service, entries),
    }


def _retraining(store: ObjectStore, tracked: _Tracked, in_service: About | None, entries: Sequence[Json]) -> Json:
    today = tracked.today
    asked = requests.listed(store)
    trainings = past(in_service, asked, today) if in_service else None
    running = next(ExperimentRepository(store).running(), None)
    is_held = bool(running and starting.holds_shadow(store, running))
    customers = _customers(tracked, in_service, trainings)
    found = retraining(in_service, entries, trainings, customers, today, shadow_is_held=is_held)
    return found | {"failed": requests.failure(asked)}


def _release(tracked: _Tracked, version: str, drift: Json | None, *, in_service: bool) -> Json:
    release_about = tracked.releases[version]
    parts = [part for part in tracked.joined.parts if part.release == version]
    promised = release_about.promised["roc_auc"]
    evidence = [
        Evidence(part.month, _number(part.month, tracked.joined.first_months[version]), part.sample)
        for part in parts
        if tracked.stays and part.is_mostly_known and _is_ripe(part.month, release_about.window, tracked)
    ]
    sample = pooled([part.sample for part in parts]) if parts and tracked.stays else NOBODY
    return {
        "version": version,
        "model_name": release_about.model_name,
        "label_window_months": release_about.window,
        "in_service": in_service,
        "promised": release_about.promised,
        **_realised(parts, sample, stays=tracked.stays),
        "reliability": reliability(sample),
        "months": [
            {"month": part.month, **_realised([part], part.sample if tracked.stays else NOBODY, stays=tracked.stays)}
            for part in parts
        ],
        "verdict": verdict(evidence, promised["low"] if promised else None),
        "drift": drift,
    }


def _customers(tracked: _Tracked, in_service: About | None, trainings: Past | None) -> int:
    """Of how many customers the outcome is known of a prediction of the release in service, since the last training."""
    if in_service is None or trainings is None or not tracked.stays:
        return 0
    found = np.zeros(tracked.known.customers.height, np.bool)
    last = (trainings.last - _EPOCH).days
    for part in tracked.joined.parts:
        if part.release == in_service.version:
            found[part.sample.customer[part.matures > last]] = True
    return int(found.sum())


def _realised(parts: Sequence[Part], sample: Sample, *, stays: bool) -> Json:
    """The counts and figures of some parts together, of which `sample` has the rows that figures are of."""
    counts = {name: sum(getattr(part, name) for part in parts) for name in _COUNTS}
    found = figures(sample)
    probability = np.concatenate([part.probability for part in parts]) if parts else np.empty(0)
    return {
        "predictions": len(probability),
        **counts,
        "missing": summary.missing(counts["matched"], found, stays=stays),
        **found,
        "expected": {"condition": CONDITION, **expected(probability)} if parts else None,
    }


def _number(month: str, first: str) -> int:
    """Of a month since the first one, from 1."""
    year, number = map(int, month.split("-"))
    first_year, first_number = map(int, first.split("-"))
    return (year - first_year) * 12 + number - first_number + 1


def _is_ripe(month: str, window: int, tracked: _Tracked) -> bool:
    """Whether all predictions of a month are mature, and all are looked at: a part of it would be a further test."""
    begins, ends = (matures_on(day, window) for day in days_of(month))
    return begins > tracked.today - timedelta(days=tracked.days) and ends <= tracked.today


def _data(store: ObjectStore, tracked: _Tracked, in_service: About | None) -> Iterator[Json]:
    """The rows that came in each month, refused ones included, as those who read them have counted."""
    since = f"{tracked.today - timedelta(days=tracked.days):%Y-%m}"
    fields = len(in_service.schema.fields) if in_service and in_service.schema else 0
    for folder in store.folders(REFUSED):
        month = folder.removeprefix("month=")
        if month < since:
            continue
        rows, refused, faults = 0, 0, Counter[str]()
        for entry in store.list(f"{REFUSED}{folder}/"):
            told = json.loads(store.get(entry.key).data)
            rows, refused = rows + told["rows"], refused + told["refused"]
            faults.update(told["faults"])
        assumed, scored = tracked.joined.assumed.get(month, (0, 0))
        yield {
            "month": month,
            "rows": rows,
            "refused": refused,
            "faults": [_fault(name, count) for name, count in faults.most_common(_FAULTS)],
            "absent": assumed / (scored * fields) if scored and fields else None,
        }


def _fault(name: str, rows: int) -> Json:
    # A field's name may have colons of its own.
    field, _, code = name.rpartition(":")
    return {"field": field, "code": code, "rows": rows}
