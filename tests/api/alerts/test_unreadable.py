"""An object of alerts that nobody can read keeps nothing else from being tidied, or told."""

from datetime import timedelta

import pytest
from tests.api.alerts.conftest import UNREADABLE, Alerts

from churn.alerts import layout
from churn_api.alerts.digest_files import expire
from churn_api.alerts.service import AlertChannels, AlertsService
from churn_api.jobs.release_cache import ReleaseCache
from churn_api.tracking.tidying import Tidying

CALM = dict.fromkeys(("anna", "bertha"), 0.2)


@pytest.mark.parametrize("record", UNREADABLE, ids=["half", "no UTF-8"])
def test_an_unreadable_record_keeps_nothing_else_from_being_tidied(alerts: Alerts, record: bytes) -> None:
    alerts.store.put(layout.RECORD, record, content_type="")
    alerts.store.put("campaigns/cam_01JD0000000000000000000000/list.csv", b"left", content_type="")
    Tidying(alerts.store, ReleaseCache(alerts.store), 400, clock=alerts.clock).tidy()
    assert not list(alerts.store.list("campaigns/cam_"))
    assert alerts.store.get(layout.RECORD).data == record


def test_digests_expire(alerts: Alerts) -> None:
    alerts.week(CALM)
    alerts.week(dict.fromkeys(CALM, 0.8))
    assert len(alerts.digests) == 1
    expire(alerts.store, alerts.clock() + timedelta(days=1))
    assert alerts.digests == ()


@pytest.mark.parametrize("digest", [b"{", b'[{"customerID":"\xff"}]'], ids=["half", "no UTF-8"])
def test_a_digest_whose_customers_cannot_be_read_is_told_without_them(alerts: Alerts, digest: bytes) -> None:
    alerts.week(CALM)
    (digest_id,) = alerts.week(dict.fromkeys(CALM, 0.8))
    told = AlertsService(alerts.store, AlertChannels(webhook=False, email=False), tracked=True)
    assert {each.customerID for each in told.answer().customers} == set(CALM)
    alerts.store.put(layout.digest(digest_id), digest, content_type="")
    assert [each.id for each in told.answer().digests] == [digest_id]
    assert told.answer().customers == []
