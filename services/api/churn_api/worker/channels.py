"""The channels on which the worker tells the operator: of the ends of jobs, and of customers at risk."""

from churn.clock import now
from churn.store.interface import ObjectStore
from churn_api.alerts.delivery import Channel, Deliveries
from churn_api.alerts.mail import MailChannel
from churn_api.alerts.webhook import WebhookChannel
from churn_api.jobs.webhook import Webhook
from churn_api.metrics.jobs import RedisJobMetrics
from churn_api.settings import ApiSettings


def announcer(settings: ApiSettings) -> Webhook | None:
    """Where the ends of jobs are announced, if anywhere."""
    if settings.webhook_url is None or settings.webhook_secret is None:
        return None
    secret = settings.webhook_secret.get_secret_value()
    return Webhook(settings.webhook_url, secret, allow_private=settings.webhook_allow_private)


def channels_of(settings: ApiSettings) -> dict[str, Channel]:
    """The channels on which digests of alerts go, by name."""
    channels: dict[str, Channel] = {}
    if (webhook := announcer(settings)) is not None:
        channels["webhook"] = WebhookChannel(webhook)
    if (server := settings.mail_server()) is not None:
        channels["email"] = MailChannel(server, settings.alert_from or settings.alert_to[0], settings.alert_to)
    return channels


def deliveries(settings: ApiSettings, store: ObjectStore) -> Deliveries:
    """What delivers digests of alerts on these channels."""
    return Deliveries(store, channels_of(settings), RedisJobMetrics(settings.queue_url).count_alerts, now)
