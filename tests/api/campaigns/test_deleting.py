"""What is kept of a closed campaign that is deleted: whom it has treated, and nothing else of its list."""

from collections.abc import Callable
from io import BytesIO

import polars as pl
import pytest
from tests.api.campaigns.conftest import Desk
from tests.broken_files import with_a_damaged_body

from churn.campaigns import layout
from churn.errors import ObjectNotFound
from churn.tracking import erasure
from churn.tracking.contacted import contacted
from churn.tracking.scanning import TableReader
from churn_api.campaigns import members
from churn_api.campaigns.cleaning import clean
from churn_api.campaigns.errors import CampaignConflict, UnknownCampaign
from churn_api.jobs.job import Job
from churn_api.jobs.release_cache import ReleaseCache
from churn_api.tracking.erasing import Erasing

TREATMENTS = pl.DataFrame(schema={"key": pl.UInt64, "campaign": pl.String, "arm": pl.String, "day": pl.Date})


@pytest.fixture
def few(desk: Desk, many_customers: Callable[[int], bytes]) -> Job:
    return desk.scored(many_customers(400))


def deleted(desk: Desk, job: Job) -> str:
    """A campaign that was closed and is deleted."""
    made = desk.planned(job).id
    desk.service.start(made)
    desk.service.close(made)
    desk.service.delete(made)
    return made


def drawn(desk: Desk) -> list[list[int]]:
    """The keys of the treated and of those held out, by campaign, as tracking reads them."""
    found, _ = contacted(TableReader(desk.store), TREATMENTS)
    return [keys.tolist() for each in found for keys in (each.treated, each.held_out)]


def test_nobody_whom_it_treated_is_treated_again_too_early(desk: Desk, few: Job) -> None:
    waiting = desk.planned(few)
    made = deleted(desk, few)
    treated = len(members.read(desk.store, made, ("treat",)))
    with pytest.raises(CampaignConflict, match="of the chosen customers were treated within"):
        desk.service.start(waiting.id)
    again = desk.planned(few)
    assert again.customers is not None
    assert again.customers.treated_lately == treated


def test_its_customers_are_kept_with_their_arms_and_nothing_else_until_it_expires(desk: Desk, few: Job) -> None:
    made = desk.planned(few).id
    desk.service.start(made)
    desk.service.close(made)
    before = drawn(desk)
    desk.service.delete(made)
    assert drawn(desk) == before
    for _ in range(2):
        clean(desk.bench.repository)
        assert drawn(desk) == before
    names = {key.removeprefix(layout.folder(made)) for key in desk.kept(made)}
    assert names == {"campaign.json", "treat.members", "hold_out.members", "contacts/000000.drawn.parquet"}
    data = desk.store.get(layout.contacts(made) + "000000.drawn.parquet").data
    assert pl.read_parquet_schema(BytesIO(data)) == {"customer_id": pl.String, "arm": pl.String}
    assert desk.service.page(20, None).data == []
    for call in (desk.service.get, desk.service.list_of, desk.service.start, desk.service.delete):
        with pytest.raises(UnknownCampaign):
            call(made)
    desk.clock.pass_by(days=401)
    clean(desk.bench.repository)
    assert desk.kept(made) == {}


@pytest.mark.parametrize("broken", [lambda _: b"PAR1", with_a_damaged_body], ids=["torn", "a damaged body"])
def test_a_table_that_cannot_be_read_is_deleted(
    desk: Desk, few: Job, caplog: pytest.LogCaptureFixture, broken: Callable[[bytes], bytes]
) -> None:
    made = deleted(desk, few)
    part = layout.contacts_part(made, 0)
    desk.store.put(part, broken(desk.store.get(part).data), content_type="x/y")
    clean(desk.bench.repository)
    assert "cannot be read, and is deleted with its campaign" in caplog.text
    assert not list(desk.store.list(layout.contacts(made)))


@pytest.mark.parametrize("reduced", [False, True])
def test_whoever_is_erased_is_erased_from_what_is_kept(desk: Desk, few: Job, reduced: bool) -> None:
    made = desk.planned(few).id
    name = desk.listed(made)[0]["customerID"]
    desk.service.start(made)
    desk.service.close(made)
    desk.service.delete(made)
    if reduced:
        clean(desk.bench.repository)
    count = len(members.read(desk.store, made))
    erasure.ask(desk.store, name, desk.clock())
    Erasing(desk.bench.repository, ReleaseCache(desk.store)).erase()
    assert len(members.read(desk.store, made)) == count - 1
    tables = [desk.store.get(entry.key).data for entry in desk.store.list(layout.contacts(made))]
    assert sum(pl.read_parquet(BytesIO(data)).height for data in tables) == count - 1
    assert not any(name in pl.read_parquet(BytesIO(data))["customer_id"].to_list() for data in tables)


def test_one_that_was_never_started_leaves_nothing(desk: Desk, few: Job) -> None:
    made = desk.planned(few).id
    desk.service.delete(made)
    assert desk.kept(made) == {}
    with pytest.raises(ObjectNotFound):
        desk.store.get(layout.record(made))
