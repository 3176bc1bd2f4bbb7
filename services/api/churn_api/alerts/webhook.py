"""Digests by the operator's webhook."""

from typing import Any

import msgspec

from churn.alerts import layout
from churn_api.alerts.delivery import Message
from churn_api.jobs.webhook import Webhook

EVENT = "customers.at_risk"


class WebhookChannel:
    """Implements churn_api.alerts.delivery.Channel."""

    def __init__(self, webhook: Webhook) -> None:
        self._webhook = webhook

    def deliver(self, message: Message) -> None:
        """Send a digest, signed as the ends of jobs are; its id names it. Raises AnnouncementFailed."""
        members: dict[str, Any] = msgspec.to_builtins(
            {
                "type": EVENT,
                "event": EVENT,
                "id": message.digest.id,
                "created_at": message.digest.created_at,
                "job": message.digest.job,
                "model_version": message.digest.model_version,
                "scored_at": message.digest.scored_at,
                "counts": message.digest.counts,
                "money_at_risk": message.digest.money_at_risk,
                "value": message.value,
                "customers": message.customers,
            }
        )
        self._webhook.send(message.digest.id.replace(layout.DIGEST, "msg_"), members)
