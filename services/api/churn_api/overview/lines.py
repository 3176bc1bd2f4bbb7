"""A line each on quality, drift, the model, its challenger, campaigns and alerts, of what others have kept."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import msgspec

from churn.campaigns import computed as results
from churn.experiments import computed as experiments
from churn.experiments.shadow import in_shadow
from churn.store.interface import ObjectStore
from churn.tracking import computed
from churn_api.alerts import record as alerts
from churn_api.campaigns.campaign import CLOSED, RUNNING, Campaign
from churn_api.campaigns.repository import CampaignRepository
from churn_api.campaigns.running import Running
from churn_api.jobs.errors import UnreadableObject
from churn_api.overview.answers import CampaignLine, ChallengerLine, DigestLine, ModelLine, StateLine
from churn_api.releases.watcher import Releases

# Campaigns among which the one that was closed last is looked for, the newest first.
_LOOKED_AT = 20

# Fields that are named in a line.
_NAMED = 3

_MOVED = {"alarm": "Far from the training table", "notice": "Somewhat away from it"}

Json = dict[str, Any]


def model_line(releases: Releases, now: datetime) -> ModelLine | None:
    """The release in service, if any."""
    if not releases.ready:
        return None
    manifest = releases.serving.manifest
    days = max((now - manifest.timestamp).days, 0)
    age = {0: "today", 1: "yesterday"}.get(days, f"{days:,} days ago")
    words = f"{manifest.model_name}, release {manifest.version}, was trained {age}."
    return ModelLine(manifest.version, manifest.model_name, manifest.timestamp.isoformat(), days, words)


def challenger_line(store: ObjectStore) -> ChallengerLine | None:
    """The release in shadow, if a worker found it to be better the last time it looked. Raises StoreUnavailable."""
    named = in_shadow(store)
    figures = experiments.load(store, named.experiment).figures if named else None
    if named is None or figures is None or figures["verdict"]["state"] != "better":
        return None
    return ChallengerLine(named.version, figures["verdict"]["words"], figures["computed_at"])


def quality_lines(store: ObjectStore) -> tuple[StateLine | None, StateLine | None]:
    """What the last answer of GET /quality says of the release in service: of what came true, and of drift.

    None where nobody has computed one, and where there is nothing to compare. Raises StoreUnavailable.
    """
    held = computed.load(store, computed.DEFAULT_DAYS)
    if held is None:
        return None, None
    try:
        moment = held.answer["computed_at"]
        release = next((entry for entry in held.answer["releases"] if entry["in_service"]), None)
        if release is None or not release["predictions"]:
            return None, None
        return _quality(release, moment), _drift(release["drift"], moment)
    except (LookupError, TypeError, ValueError):
        return None, None  # by a program that wrote it otherwise


def _quality(release: Json, moment: str) -> StateLine:
    words = release["verdict"]["words"]
    if figure := release["roc_auc"]:
        words += (
            f" The ROC AUC is {figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f}) over "
            f"{release['matched']:,} known outcomes."
        )
    state = release["verdict"]["state"]
    judged = state if figure or state != "none" else None
    return msgspec.convert({"state": judged, "words": words, "computed_at": moment}, StateLine)


def _drift(drift: Json | None, moment: str) -> StateLine | None:
    if drift is None:
        return None
    entries = [*drift["fields"], *([drift["score"]] if drift["score"] else [])]
    by_state = {state: [each["title"] for each in entries if each["state"] == state] for state in ("alarm", "notice")}
    state = next((state for state, titles in by_state.items() if titles), "none")
    words = [f"{_MOVED[state]}: {_named(titles)}." for state, titles in by_state.items() if titles]
    told = words or [f"None of {len(drift['fields'])} fields has moved more than chance explains."]
    return msgspec.convert({"state": state, "words": " ".join(told), "computed_at": moment}, StateLine)


def _named(titles: list[str]) -> str:
    more = len(titles) - _NAMED
    return ", ".join(titles[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def campaign_lines(store: ObjectStore) -> list[CampaignLine]:
    """The campaigns that run, the newest first, and the one that was closed last. Raises StoreUnavailable."""
    campaigns = CampaignRepository(store)
    found = {campaign.id: campaign for campaign in Running(campaigns).campaigns()}
    others = [campaign_id for campaign_id in campaigns.newest(_LOOKED_AT) if campaign_id not in found]
    found |= {campaign.id: campaign for campaign in campaigns.those(others)}
    # An id begins with the moment it was made at.
    chosen = _chosen((found[each] for each in sorted(found, reverse=True)), store)
    return [line for campaign, result in chosen if (line := _line(campaign, result))]


def _chosen(campaigns: Iterable[Campaign], store: ObjectStore) -> Iterator[tuple[Campaign, Json]]:
    closed: Campaign | None = None
    for campaign in campaigns:
        if campaign.status == RUNNING:
            yield campaign, _result(store, campaign.id)
        elif campaign.status == CLOSED and (closed is None or (campaign.closed_at or "") > (closed.closed_at or "")):
            closed = campaign
    if closed:
        yield closed, _result(store, closed.id)


def _result(store: ObjectStore, campaign_id: str) -> Json:
    """What came of a campaign, as it was last computed; empty where nobody has."""
    held = results.load(store, campaign_id)
    return held.answer if held else {}


def _line(campaign: Campaign, result: Json) -> CampaignLine | None:
    try:
        saved = result.get("money")
        members = {
            "id": campaign.id,
            "name": campaign.name,
            "status": campaign.status,
            "started_at": campaign.started_at,
            "closed_at": campaign.closed_at,
            "currency": campaign.currency,
            "treat": campaign.customers.get("treat", 0),
            "hold_out": campaign.customers.get("hold_out", 0),
            "promised": _estimate(campaign.expected, "money"),
            "saved": _estimate(saved, "saved") if isinstance(saved, dict) else None,
            "final": result.get("final") is True,
        }
        return msgspec.convert(members, CampaignLine)
    except (AttributeError, TypeError, ValueError):
        return None  # by a program that wrote it otherwise


def digest_line(store: ObjectStore) -> DigestLine | None:
    """The newest digest of customers who came to be at risk, if any. Raises StoreUnavailable."""
    try:
        record = alerts.load(store)
    except UnreadableObject:
        return None
    digest = next((each for each in record.digests if each.counts.alerted), None)
    if digest is None:
        return None
    customers, has_money = digest.counts.alerted, record.value.field is not None
    counted = "1 customer" if customers == 1 else f"{customers:,} customers"
    return DigestLine(
        id=digest.id,
        created_at=digest.created_at,
        customers=customers,
        money=digest.money_at_risk.alerted if has_money else None,
        currency=record.value.currency if has_money else None,
        words=f"{counted} came to be at risk by the digest of {digest.created_at[:10]}.",
    )


def _estimate(members: Any, name: str) -> Json | None:
    """The amount of this name with its interval; None unless all three are known."""
    held = [members.get(each) for each in (name, "low", "high")]
    if not all(isinstance(each, int | float) for each in held):
        return None
    return dict(zip(("value", "low", "high"), held, strict=True))
