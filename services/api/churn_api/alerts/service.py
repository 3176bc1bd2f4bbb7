"""The answers of GET /alerts, and the operator's own rules."""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from churn.alerts import layout, rules
from churn.alerts.rules import Rules
from churn.store.interface import ObjectStore
from churn_api.alerts import record as records
from churn_api.alerts.record import AlertValue, CustomerAtRisk, Digest, Record
from churn_api.answers import Moment
from churn_api.errors import NotFound
from churn_api.jobs.errors import UnreadableObject
from churn_api.stored_file import StoredFile, first_of

log = logging.getLogger(__name__)

SHOWN = 20
"""Digests in an answer, and customers of the newest that has any."""


class RulesAnswer(Struct, frozen=True):
    """Who is alerted on."""

    enabled: bool
    enter: Annotated[float, Meta(description="The probability from which on a customer is at risk who was not.")]
    leave: Annotated[float, Meta(description="The probability below which he no longer is.")]
    rise: Annotated[float, Meta(description="By how much it exceeds the mean of his own last four weeks at least.")]
    cooldown_days: Annotated[int, Meta(description="Days after an alert without another one on the same customer.")]
    budget: Annotated[int, Meta(description="Customers in a digest at most: those with the most money at risk.")]


class AlertChannels(Struct, frozen=True):
    """On which channels digests are delivered."""

    webhook: bool
    email: bool


class DigestAnswer(Digest, frozen=True, kw_only=True):
    """Whom one scoring job was the reason to alert on, and how far the news of it has come."""

    list: str


class AlertsAnswer(Struct, frozen=True, kw_only=True):
    """Alerts on customers."""

    success: Literal[True] = True
    object: Literal["alerts"] = "alerts"
    tracking: Literal["on", "off"]
    rules: RulesAnswer
    rules_changed_at: Annotated[Moment | None, Meta(description="null while they are the built-in ones.")]
    defaults: RulesAnswer
    delivery: AlertChannels
    evaluated_at: Moment | None
    followed: Annotated[int, Meta(description="Customers of whom it is remembered how probable it lately was.")]
    high: Annotated[int, Meta(description="Of these, those who are at risk.")]
    value: AlertValue
    digests: Annotated[list[DigestAnswer], Meta(description=f"The last {SHOWN}, the newest first.")]
    customers: Annotated[list[CustomerAtRisk], Meta(description="The first ones of the newest digest that has any.")]
    words: Annotated[list[str], Meta(description="The same in sentences.")]


class AlertsService:
    """Answers for alerts; `tracked` is whether anything is tracked, without which nobody is alerted on."""

    def __init__(self, store: ObjectStore, channels: AlertChannels, *, tracked: bool) -> None:
        self._store, self._channels, self._tracked = store, channels, tracked

    def answer(self) -> AlertsAnswer:
        """All that is to be said. Raises StoreUnavailable and UnreadableObject."""
        record = records.load(self._store)
        in_force, changed_at = rules.load(self._store)
        latest = next((digest for digest in record.digests if digest.counts.alerted), None)
        customers = self._customers(latest.id)[:SHOWN] if latest else []
        return AlertsAnswer(
            tracking="on" if self._tracked else "off",
            rules=_shown(in_force),
            rules_changed_at=changed_at,
            defaults=_shown(rules.DEFAULTS),
            delivery=self._channels,
            evaluated_at=record.evaluated_at,
            followed=record.followed,
            high=record.high,
            value=record.value,
            digests=[_described(digest) for digest in record.digests[:SHOWN]],
            customers=customers,
            words=_sentences(record, in_force, self._channels, tracked=self._tracked),
        )

    def _customers(self, digest_id: str) -> list[CustomerAtRisk]:
        """Those in a digest; none where they cannot be read, since all else that is to be said can be."""
        try:
            return records.customers(self._store, digest_id)
        except UnreadableObject as error:
            log.error("%s Nobody in this digest is shown.", error.message)
            return []

    def change_rules(self, members: Mapping[str, Any], moment: datetime) -> None:
        """Put rules in force. Raises ValidationError and StoreUnavailable."""
        rules.save(self._store, rules.read(members), moment.isoformat(timespec="seconds"))

    def list_of(self, digest_id: str) -> StoredFile:
        """The list of a digest. Raises NotFound and UnreadableObject."""
        keys = [layout.digest_list(digest.id) for digest in records.load(self._store).digests if digest.id == digest_id]
        gone = NotFound(f"There is no digest {digest_id[:40]!r}; GET /alerts lists those there are.")
        return first_of(self._store, keys, None, gone)


def _shown(in_force: Rules) -> RulesAnswer:
    return RulesAnswer(**{name: getattr(in_force, name) for name in rules.NAMES})


def _described(digest: Digest) -> DigestAnswer:
    members = {name: getattr(digest, name) for name in Digest.__struct_fields__}
    return DigestAnswer(**members, list=f"/alerts/{digest.id}/list")


def _sentences(record: Record, in_force: Rules, channels: AlertChannels, *, tracked: bool) -> list[str]:
    sentences = []
    if not tracked:
        sentences.append("Predictions are not tracked, so nobody is alerted on. Set CHURN_TRACKING=on.")
    elif not in_force.enabled:
        sentences.append("Alerts are switched off by the rules; probabilities are remembered all the same.")
    elif record.evaluated_at is None:
        sentences.append(
            "No scoring job has ended yet whose customers have ids. From the second week on there are alerts: a rise "
            "is one over the customer's own last four weeks."
        )
    else:
        sentences.append(f"{record.high:,} of {record.followed:,} customers are at risk.")
        if record.value.field is None:
            sentences.append(
                "The declaration has no monthly value, so customers are ranked by probability: no money is counted."
            )
        sentences += _latest(record)
    if not (channels.webhook or channels.email):
        sentences.append("Digests are only kept: set CHURN_WEBHOOK_URL or CHURN_SMTP_URL to have them delivered.")
    return sentences


def _latest(record: Record) -> list[str]:
    if not record.digests:
        return ["Nobody has been alerted on yet."]
    digest = record.digests[0]
    counts = digest.counts
    why = {"the budget": counts.budget, "the cool-down": counts.cooldown, "a hold-out": counts.held_out}
    left_out = ", ".join(f"{count:,} by {what}" for what, count in why.items() if count)
    sentence = f"In the digest of {digest.created_at[:10]} are {counts.alerted:,} of {counts.entered:,} newly at risk"
    return [f"{sentence}{'; left out are ' + left_out if left_out else ''}."]
