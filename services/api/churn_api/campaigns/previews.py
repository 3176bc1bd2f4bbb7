"""Trying a plan on a sample of a scored file's customers, at once and in this process."""

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from contextlib import suppress
from functools import lru_cache, partial
from threading import Lock
from typing import Any, NamedTuple, TypeVar

import numpy as np
from cachetools import LRUCache, TTLCache

from churn.campaigns import promises
from churn.campaigns.candidates import Candidates
from churn.campaigns.holdout import places_of
from churn.campaigns.list_experiment import Side, plan_two_lists
from churn.campaigns.planning import Planned, Terms, holdout_share, plan_customers
from churn.campaigns.plans import Plan
from churn.campaigns.rates import SaveRates
from churn.campaigns.value import values, values_by_window
from churn.errors import ObjectNotFound, ReleaseRefused, UnknownRelease
from churn.release import Release, load
from churn.schema import Schema
from churn.store.interface import ObjectStore
from churn_api.campaigns.considering import CONSIDERED, IN_ANOTHER, OPTED_OUT, TREATED_LATELY, Reasons, reasons_of
from churn_api.campaigns.errors import CampaignConflict
from churn_api.campaigns.rates import rates_of, rates_of_both
from churn_api.campaigns.repository import CampaignRepository
from churn_api.campaigns.sample import Flags, Floats, Sample, read_sample
from churn_api.campaigns.submission import Asked
from churn_api.jobs.digests import digests
from churn_api.releases.watcher import Releases

Json = dict[str, Any]
Kept = TypeVar("Kept")

# Samples and values of jobs that somebody is planning with, of some hundred kilobytes each.
_JOBS, _VALUED = 8, 16

# Seconds after which is looked again who has opted out or is in another campaign.
_FRESH = 30.0


def loader(store: ObjectStore, releases: Releases) -> Callable[[str], Release]:
    """A function that gives the release of a version: the one in service, or one of the last two others.

    A plan that tries a second list asks for two in turn, of which neither need be in service.
    """
    other = lru_cache(2)(partial(load, store))

    def release_of(version: str) -> Release:
        return releases.serving.release if releases.version == version else other(version)

    return release_of


class _Valued(NamedTuple):
    """What the customers of a sample are worth, and under other label windows by months; arrays of shape (n,)."""

    value: Floats
    by_window: dict[int, Floats]


class Previews:
    """Figures of plans that are being made; `release_of` gives the release of a version."""

    def __init__(self, repository: CampaignRepository, release_of: Callable[[str], Release]) -> None:
        self._repository, self._release_of = repository, release_of
        self._lock = Lock()
        self._samples: LRUCache[Any, Sample] = LRUCache(_JOBS)
        self._valued: LRUCache[Any, _Valued] = LRUCache(_VALUED)
        self._reasons: TTLCache[Any, Reasons] = TTLCache(_JOBS, _FRESH)

    def preview(self, asked: Asked) -> Json:
        """The figures of a plan, scaled up from the sample to the file.

        Raises CampaignConflict where the file or its release is gone, and StoreUnavailable.
        """
        job, plan = asked.source.job, asked.plan
        try:
            release = self._release_of(job.model_version)
            sample = self._sample(asked, release)
            other = self._challenger(asked, sample)
        except (UnknownRelease, ReleaseRefused) as error:
            raise CampaignConflict(f"{error.message} Score the file again, and plan with the new job.") from error
        except ObjectNotFound as error:
            raise CampaignConflict(
                f"Job {job.id} was deleted meanwhile; score the file again, and plan with the new job."
            ) from error
        reasons = self._left_out(asked, sample)
        scale = job.total / sample.rows if sample.rows else 1.0
        tried = _Tried(sample, self._worth(asked, sample, release), reasons == CONSIDERED, release.schema, scale)
        planned, lowest = tried.planned(asked, other)
        schema = release.schema
        return {
            "success": True,
            "object": "campaign_preview",
            "sampled": sample.rows,
            "plan": plan.to_json(),
            "currency": schema.currency,
            "label_window_months": schema.label_window_months,
            **planned.figures,
            "customers": _customers(asked, sample, reasons, scale) | planned.figures["customers"],
            "promises": promises.promises(release.manifest.model_dump(), lowest),
        }

    def _sample(self, asked: Asked, release: Release) -> Sample:
        job = asked.source.job
        return self._kept(
            self._samples,
            (job.id, asked.place, release.manifest.version),
            lambda: read_sample(self._repository.store, job.id, asked.source.plan, release.predictor, asked.place),
        )

    def _challenger(self, asked: Asked, own: Sample) -> "_Scored":
        """The same customers by the release of a second list, where the plan names one; their own scores otherwise."""
        version = asked.plan.challenger.release if asked.plan.challenger else None
        release = self._release_of(version or asked.source.job.model_version)
        sample = self._sample(asked, release) if version else own
        return _Scored(sample.probability, self._worth(asked, sample, release).value)

    def _worth(self, asked: Asked, sample: Sample, release: Release) -> _Valued:
        plan = asked.plan
        key = (sample, plan.value, plan.margin, plan.horizon_months, plan.discount)
        return self._kept(self._valued, key, lambda: _valued(sample, plan, release))

    def _left_out(self, asked: Asked, sample: Sample) -> Reasons:
        days = asked.plan.not_within_days
        return self._kept(
            self._reasons,
            (sample, days),
            lambda: reasons_of(self._repository, days, digests(sample.ids), sample.probability),
        )

    def _kept(self, held: MutableMapping[Any, Kept], key: Any, make: Callable[[], Kept]) -> Kept:
        """What is held under a key, made if there is none; two who ask at once may both make it."""
        # Not looked for first: what is there then may be too old a moment later.
        with self._lock, suppress(KeyError):
            return held[key]
        made = make()
        with self._lock:
            held[key] = made
        return made


def _valued(sample: Sample, plan: Plan, release: Release) -> _Valued:
    predictor, schema = release.predictor, release.schema
    table, probability = sample.customers, sample.probability
    windows = dict(values_by_window(predictor, table, probability, plan, complete=sample.complete))
    if windows and schema.label_window_months:
        return _Valued(windows[schema.label_window_months], windows)
    return _Valued(values(predictor, table, probability, plan, given=sample.given), {})


class _Scored(NamedTuple):
    """What a release says of a sample's customers, shapes (n,): how likely they leave, and what they are worth."""

    probability: Floats
    value: Floats


class _Tried(NamedTuple):
    """A sample on which a plan is tried; `considered` are those of it whom the plan may choose."""

    sample: Sample
    valued: _Valued
    considered: Flags
    schema: Schema
    scale: float

    def planned(self, asked: Asked, other: _Scored) -> tuple[Planned, float | None]:
        """The plan for the considered customers, and the lowest probability that is chosen.

        `other` is what the release of a second list says of the sample, if the plan tries one.
        """
        plan = asked.plan
        everybody = self._candidates(_Scored(self.sample.probability, self.valued.value), self.valued.by_window)
        rates = list(rates_of(plan.offers, asked.rates))
        share = holdout_share(everybody, plan, rates, self.scale)
        treat = ~_spread(everybody.probability * everybody.value, share)
        terms = Terms(self.schema.currency, self.schema.label_window_months, share)
        if plan.challenger is None:
            candidates = everybody.replaced(treat=treat)
            planned = plan_customers(lambda: iter([candidates]), plan, rates, terms, self.scale)
        else:
            own, others = rates_of_both(plan, asked.rates, asked.challenger_rates)
            sides = _side(everybody, own), _side(self._candidates(other, {}), others)
            places = places_of(asked.source.job.id, self.sample.ids)[self.considered]
            planned, _ = plan_two_lists(sides, plan, terms, treat, places, self.scale)
        chosen = everybody.probability[planned.offers >= 0]
        return planned, float(chosen.min()) if len(chosen) else None

    def _candidates(self, scored: _Scored, by_window: Mapping[int, Floats]) -> Candidates:
        everybody = np.ones(len(self.sample.ids), np.bool_)
        found = Candidates(scored.probability, scored.value, everybody, self.sample.segments, by_window)
        return found.take(self.considered)


def _side(candidates: Candidates, rates: Sequence[SaveRates]) -> Side:
    return Side(lambda treat: lambda: iter([candidates.replaced(treat=treat)]), rates)


def _spread(order: Floats, share: float) -> Flags:
    """Whom to hold out of n customers: this share of any run of them in the order of these numbers, shape (n,).

    Who is held out of the campaign follows from its id, which it does not have yet. Among the few of a sample who are
    chosen, a share that is drawn at random may be half as much again.
    """
    counts = np.floor(np.arange(len(order) + 1) * share)
    held_out = np.empty(len(order), np.bool_)
    held_out[np.argsort(order, kind="stable")] = np.diff(counts) > 0
    return held_out


def _customers(asked: Asked, sample: Sample, reasons: Reasons, scale: float) -> dict[str, int]:
    """What becomes of the file's rows. Of rows with one id a sample has seldom two, so none counts as repeated."""
    job = asked.source.job
    counts = {name: round(float((reasons == reason).sum()) * scale) for name, reason in _REASONS.items()}
    without_id = round(sample.without_id * scale)
    return {"rows": job.total, "refused": job.failed, "without_id": without_id, "repeated": 0, **counts}


_REASONS = {"opted_out": OPTED_OUT, "treated_lately": TREATED_LATELY, "in_another_campaign": IN_ANOTHER}
