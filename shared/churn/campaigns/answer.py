"""The answer of GET /campaigns/<id>/result: what came of a campaign, in figures and in words."""

import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import polars as pl

from churn.campaigns import computed, findings, layout, list_findings, measured, measuring, started
from churn.campaigns.computed import Computed
from churn.campaigns.contacts import LIST
from churn.campaigns.holdout import HOLD_OUT
from churn.campaigns.outcomes import with_outcomes
from churn.campaigns.results import Terms, compared, observed, result
from churn.campaigns.save_rates import SaveRate
from churn.campaigns.started import Started
from churn.campaigns.two_lists import BOTH
from churn.errors import ObjectNotFound
from churn.store.interface import ObjectStore
from churn.tracking.computed import SETTLING_DAYS
from churn.tracking.scanning import TableReader, read_anew

Json = dict[str, Any]

_KEPT = (
    "A part of the list of its customers can no longer be read, so this is the final result from before that. The "
    "worker's log names what to replace by a copy."
)


class _Moment(NamedTuple):
    """When a result is computed: `ripens` is the day on which all its outcomes are in."""

    now: datetime
    ripens: date

    @property
    def is_ripe(self) -> bool:
        """Whether they are."""
        return self.now.date() >= self.ripens


class _Found(NamedTuple):
    """A result, and the save rates that a final one has measured; none where it is not final."""

    computed: Computed
    rates: Mapping[str, SaveRate]
    is_whole: bool = True
    """Whether all of the campaign's list could be read; else the result is not final."""


def compute(store: ObjectStore, now: datetime, campaign_id: str) -> Json | None:
    """Compute a result as of `now`, in UTC, and keep it, unless the last one holds; None if it was not started.

    The save rates of a final one are kept as well, for the next plan. A final one stays where less is known by now than
    it was made of. Raises StoreUnavailable.
    """
    campaign = started.load(store, campaign_id)
    if campaign is None:
        return None
    held = computed.load(store, campaign_id)
    if held and held.holds(store, campaign, now):
        return held.answer
    found = _found(store, campaign, now)
    if held and _knows_more(held.answer, found):
        found = _kept(held.answer, found)
    if started.load(store, campaign_id) is None:
        return None  # deleted meanwhile: nothing of it may come back
    if found.rates:
        measured.save(store, campaign_id, found.rates)
    computed.save(store, campaign_id, found.computed)
    return found.computed.answer


def _knows_more(held: Json, found: _Found) -> bool:
    """Whether a final result was made of more outcomes than are kept by now, or of more customers than can be read."""
    return bool(held["final"] and (not found.is_whole or held["unknown"] < found.computed.answer["unknown"]))


def _kept(held: Json, found: _Found) -> _Found:
    """The final result that there is, as that of now, without new save rates."""
    words = [sentence for sentence in held["words"] if sentence != _KEPT]
    changes = {"computed_at": found.computed.answer["computed_at"], "words": words + [_KEPT] * (not found.is_whole)}
    return _Found(Computed(held | changes, found.computed.state), {})


def _found(store: ObjectStore, campaign: Started, now: datetime) -> _Found:
    return read_anew(lambda: _judged(store, campaign, now))


def _judged(store: ObjectStore, campaign: Started, now: datetime) -> _Found:
    state, moment = computed.state_of(store, campaign), _Moment(now, campaign.ends + timedelta(days=SETTLING_DAYS))
    reader = TableReader(store)
    everybody, told = with_outcomes(reader, campaign)
    is_whole = not any(key.startswith(layout.contacts(campaign.id)) for key in reader.left_out)
    final = campaign.closed is not None and moment.is_ripe and is_whole
    # What one of two lists says of a customer is drawn otherwise than who is held out.
    contacts = everybody.filter(pl.col(LIST) == BOTH) if LIST in everybody.columns else everybody
    offers = measured.offers_of(campaign.record["plan"])
    share = _share(store, campaign, contacts)
    terms = Terms(offers, share, campaign.begins, campaign.ends)
    found = result(contacts, terms, final=final)
    rows = observed(contacts, terms, final=True) if final else None
    rates = measuring.measure(rows, campaign.id, measured.priors(store, offers)) if rows is not None else {}
    answer = {
        "success": True,
        "id": campaign.id,
        "status": "running" if campaign.closed is None else "closed",
        "final": final,
        "computed_at": now.isoformat(timespec="seconds"),
        **found,
        "save_rates": measuring.rows(rows, rates) if rows is not None else [],
        "contradictory": told.contradictory,
        "before": told.before,
        "ripens": None if moment.is_ripe else moment.ripens.isoformat(),
    }
    if LIST in everybody.columns:
        answer["experiment"] = _experiment(everybody.filter(pl.col(LIST) != BOTH), campaign, terms, answer)
    words = [*findings.sentences(answer, campaign.record["currency"], campaign.ends), *reader.words()]
    return _Found(Computed(answer | {"words": words}, state), rates, is_whole)


def _experiment(contacts: pl.DataFrame, campaign: Started, terms: Terms, answer: Json) -> Json:
    """What came of the two lists that were tried on the campaign."""
    offers = measured.every_offer_of(campaign.record["plan"])
    found = compared(contacts, terms._replace(offers=offers), final=answer["final"])
    return {**found, "words": [*list_findings.sentences(found, campaign.record["currency"], final=answer["final"])]}


def _share(store: ObjectStore, campaign: Started, contacts: pl.DataFrame) -> float:
    """The share that was to be held out; where the figures of the plan cannot be read, that which was."""
    try:
        return float(json.loads(store.get(layout.figures(campaign.id)).data)["holdout"]["share"])
    except (ObjectNotFound, ValueError, KeyError, TypeError):
        return float((contacts["arm"] == HOLD_OUT).mean() or 0.0)  # type: ignore[arg-type]  # of booleans it is a float
