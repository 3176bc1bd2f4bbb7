"""The worker's step that plans a campaign over the parts of its chunks; it can be cut off anywhere, and be done again.

Whom it may choose is decided once and written down (`churn_api.campaigns.considering`), and everything else follows
from that and from the parts: who does it again writes the same. The campaign's record comes last. No more than a part
of some ten thousand customers is in memory beside a few bytes of each.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from io import BytesIO
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from churn.campaigns import layout
from churn.campaigns.candidates import Candidates
from churn.campaigns.contacts import SEGMENT
from churn.campaigns.holdout import Places, held_out_at, places_of
from churn.campaigns.list_experiment import Side, plan_two_lists
from churn.campaigns.planning import Planned, Terms, holdout_share, plan_customers
from churn.campaigns.plans import Offer, Plan, plan_of
from churn.campaigns.promises import promises
from churn.campaigns.rates import SaveRates
from churn.campaigns.sampling import sample_of
from churn.campaigns.save_rates import Segments
from churn.errors import ObjectNotFound
from churn.overlap import overlapped
from churn.release import Release
from churn.schema import Schema
from churn_api.campaigns.campaign import Campaign
from churn_api.campaigns.considering import CONSIDERED, IN_ANOTHER, OPTED_OUT, REPEATED, TREATED_LATELY, considered
from churn_api.campaigns.contact_list import Chosen, write_chosen
from churn_api.campaigns.rates import rates_of, rates_of_both
from churn_api.campaigns.repository import CampaignRepository
from churn_api.jobs import paths
from churn_api.jobs.campaign_request import CampaignRequest
from churn_api.jobs.csv.scored_part import CHALLENGER, WINDOW
from churn_api.jobs.digests import Digests
from churn_api.jobs.errors import UnknownJob
from churn_api.jobs.job import Job, Progress
from churn_api.jobs.release_cache import ReleaseCache
from churn_api.jobs.repository import JSON, JobRepository, total
from churn_api.jobs.stored_json import decoded

Flags = NDArray[np.bool_]

# What the names of the columns begin with that planning reads again and again.
_NEEDED = "probability", "value", SEGMENT, CHALLENGER


class _Draw(NamedTuple):
    """The share that is held out, and by part whether each considered customer is treated.

    Where two lists are tried, `places` are the customers' in the draw.
    """

    share: float
    treat: list[Flags]
    places: list[Places]


class Planning:
    """Implements churn_api.jobs.planner.Planner."""

    def __init__(self, jobs: JobRepository, releases: ReleaseCache) -> None:
        self._jobs, self._releases = jobs, releases
        self._campaigns = CampaignRepository(jobs.store, jobs.clock)

    def plan(self, job: Job, done: Mapping[int, Progress]) -> None:
        """Write the campaign that a job asks for, unless it is written. Raises UnknownJob."""
        if self._campaigns.exists(job.id):
            return
        try:
            self._write(job, done)
            self._jobs.load(job.id)
        except UnknownJob:  # deleted meanwhile: nobody else knows of what has just been written
            self._campaigns.remove(job.id)
            raise

    def _write(self, job: Job, done: Mapping[int, Progress]) -> None:
        try:
            _Plan(job, done, self._campaigns, self._releases.get(job.model_version)).write()
        except ObjectNotFound:  # the parts of a job that is deleted go after its record
            self._jobs.load(job.id)
            raise


class _Plan:
    """One campaign that is planned."""

    def __init__(self, job: Job, done: Mapping[int, Progress], campaigns: CampaignRepository, release: Release) -> None:
        self._job, self._done, self._campaigns, self._release = job, done, campaigns, release
        self._store = campaigns.store
        self._request = CampaignRequest.from_record(job.options)
        self._terms: Plan = plan_of(self._request.plan, release.schema)
        self._rates = list(rates_of(self._terms.offers, self._measured()))
        held = {entry.key for entry in self._store.list(paths.chunks(job.id))}
        self._numbers = [number for number in sorted(done) if paths.scored(job.id, number) in held]

    def write(self) -> None:
        """Plan, and write everything; the record last."""
        reasons = considered(self._campaigns, self._job.id, self._terms.not_within_days, self._everybody)
        may = list(self._by_part(reasons == CONSIDERED))
        draw = self._draw(may)
        terms = Terms(self._release.schema.currency, self._release.schema.label_window_months, draw.share)
        planned, chosen = (self._two_lists if self._terms.challenger else self._one_list)(may, draw, terms)
        lowest = write_chosen(self._store, self._job.id, self._numbers, chosen)
        figures = self._figures(planned.figures, reasons, lowest)
        data = json.dumps(figures).encode()
        self._store.put(layout.figures(self._job.id), data, content_type=JSON)
        self._campaigns.add(self._campaign(figures))

    def _one_list(self, may: Sequence[Flags], draw: _Draw, terms: Terms) -> tuple[Planned, Chosen]:
        planned = plan_customers(partial(self._candidates, may, draw.treat), self._terms, self._rates, terms)
        return planned, Chosen(self._terms, may, draw.treat, planned.offers, planned.expected)

    def _two_lists(self, may: Sequence[Flags], draw: _Draw, terms: Terms) -> tuple[Planned, Chosen]:
        """The same where a second list is tried beside the plan's own."""
        plan, lengths = self._terms, [len(treat) for treat in draw.treat]

        def by_part(flags: Flags) -> list[Flags]:
            return np.split(flags, np.cumsum(lengths)[:-1]) if lengths else []

        def side(rates: Sequence[SaveRates], prefix: str) -> Side:
            return Side(lambda treat: partial(self._candidates, may, by_part(treat), prefix), rates)

        prefix = CHALLENGER if plan.challenger and plan.challenger.release else ""
        own, others = rates_of_both(plan, self._measured(), self._challenger_measured())
        sides = side(own, ""), side(others, prefix)
        treat = np.concatenate([np.empty(0, np.bool_), *draw.treat])
        places = np.concatenate([np.empty(0, np.uint64), *draw.places])
        planned, drawn = plan_two_lists(sides, plan, terms, treat, places)
        every = replace(plan, offers=plan.every_offer)
        return planned, Chosen(every, may, by_part(drawn.treat), drawn.offers, planned.expected, drawn.lists)

    def _measured(self) -> dict[str, Any]:
        """The save rates that were measured, by the offers' names, as they were when the campaign was asked for."""
        return self._kept_rates(self._terms.offers, paths.rates(self._job.id))

    def _challenger_measured(self) -> dict[str, Any]:
        """The same of the challenger's own offers."""
        offers = self._terms.challenger.offers if self._terms.challenger else ()
        return self._kept_rates(offers, paths.challenger_rates(self._job.id))

    def _kept_rates(self, offers: Sequence[Offer], key: str) -> dict[str, Any]:
        is_any = any(offer.saves.source == "measured" for offer in offers)
        return decoded(self._store.get(key).data, key) if is_any else {}

    def _everybody(self) -> tuple[Digests, NDArray[np.float64]]:
        """The digest and the probability of every customer, in the order of the rows."""
        parts = [
            (part["digest"].to_numpy(), part["probability"].to_numpy())
            for part in self._parts(["digest", "probability"])
        ]
        if not parts:
            return np.empty(0, np.uint64), np.empty(0)
        ids, probabilities = zip(*parts, strict=True)
        return np.concatenate(ids), np.concatenate(probabilities)

    def _by_part(self, flags: Flags) -> Iterator[Flags]:
        start = 0
        for part in self._parts(["row"]):
            yield flags[start : start + part.height]
            start += part.height

    def _draw(self, may: Sequence[Flags]) -> _Draw:
        """Draw who is held out; how many follows from a sample where the plan does not say it."""
        share = self._terms.holdout
        if isinstance(share, str):
            everybody = [np.ones(np.count_nonzero(flags), np.bool_) for flags in may]
            sample, scale = sample_of(partial(self._candidates, may, everybody))
            share = holdout_share(sample, self._terms, self._rates, scale)
        parts = zip(self._parts(["customer_id"]), may, strict=True)
        draw = _Draw(share, [], [])
        for part, flags in parts:
            places = places_of(self._job.id, part["customer_id"].filter(flags))
            draw.treat.append(~held_out_at(places, share))
            if self._terms.challenger:
                draw.places.append(places)
        return draw

    def _candidates(self, may: Sequence[Flags], treat: Sequence[Flags], prefix: str = "") -> Iterator[Candidates]:
        """The considered customers, part by part; with a prefix, as the columns say whose names begin with it."""
        window = self._release.schema.label_window_months
        others = self._terms.challenger.offers if self._terms.challenger else ()
        measured = any(offer.saves.source == "measured" for offer in (*self._terms.offers, *others))
        for part, flags, treated in zip(self._parts(), may, treat, strict=True):
            rows = part.filter(pl.Series(flags))
            names = [name for name in rows.columns if name.startswith(WINDOW) and not prefix]
            by_window = {int(name.removeprefix(WINDOW)): rows[name].cast(pl.Float64).to_numpy() for name in names}
            values = rows[prefix + "value"].to_numpy()
            yield Candidates(
                rows[prefix + "probability"].to_numpy(),
                values,
                treated,
                _segments(rows, self._release.schema) if measured else {},
                by_window | ({window: values} if window in by_window else {}),
            )

    def _parts(self, columns: list[str] | None = None) -> Iterator[pl.DataFrame]:
        """What the chunks have left, without reasons and ids unless these columns are asked for."""
        reads = (partial(self._store.get, paths.scored(self._job.id, number)) for number in self._numbers)
        for found in overlapped(reads):
            if columns is None:
                names = pl.read_parquet_schema(BytesIO(found.data))
                wanted = [name for name in names if name.startswith(_NEEDED)]
            yield pl.read_parquet(BytesIO(found.data), columns=columns or wanted)

    def _figures(self, planned: Mapping[str, Any], reasons: NDArray[np.uint8], lowest: float | None) -> dict[str, Any]:
        rows = total(self._done.values())
        counts = np.bincount(reasons, minlength=TREATED_LATELY + 1).tolist()
        customers = {
            "rows": self._job.total,
            "refused": rows.failed,
            "without_id": rows.completed - len(reasons),
            "repeated": counts[REPEATED],
            "opted_out": counts[OPTED_OUT],
            "treated_lately": counts[TREATED_LATELY],
            "in_another_campaign": counts[IN_ANOTHER],
            **planned["customers"],
        }
        held = promises(self._release.manifest.model_dump(), lowest)
        return {**planned, "customers": customers, "promises": held}

    def _campaign(self, figures: Mapping[str, Any]) -> Campaign:
        job, schema = self._job, self._release.schema
        return Campaign(
            id=job.id,
            name=self._request.name,
            source=self._request.source,
            plan=self._terms.to_json(),
            currency=schema.currency,
            label_window_months=schema.label_window_months or 0,
            segments=tuple(name for name in schema.segments if name in schema.categories),
            created_at=job.created_at,
            planned_at=self._campaigns.moment(),
            expires_at=job.expires_at,
            customers=figures["customers"],
            expected=figures["expected"],
        )


def _segments(rows: pl.DataFrame, schema: Schema) -> Segments:
    """The codes of the words in the segments, -1 where one is absent."""
    found = {}
    for name in schema.segments:
        if name in schema.categories:
            words = schema.categories[name].names
            codes = rows[SEGMENT + name].cast(pl.Enum(words)).to_physical().cast(pl.Int16).fill_null(-1)
            found[name] = codes.to_numpy(), words
    return found
