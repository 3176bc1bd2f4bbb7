"""Accepting campaigns: what is asked for is checked as a whole, and the customers are copied from a scored job."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from churn.campaigns.plans import Offer, Plan, Saves, read_plan
from churn.customer.echo import echo
from churn.errors import FieldError, ObjectNotFound, ValidationError
from churn.job_states import QUEUED
from churn.json_members import unknown_members
from churn.tracking import erasure
from churn_api.campaigns.errors import CampaignConflict
from churn_api.campaigns.measured import measured
from churn_api.campaigns.repository import CampaignRepository
from churn_api.campaigns.source import ScoredJob, Sources
from churn_api.errors import InvalidBody
from churn_api.jobs import ids, paths
from churn_api.jobs.acceptance import Acceptance, Accepted, check_key, expiry
from churn_api.jobs.campaign_request import CampaignRequest, Source
from churn_api.jobs.job import Job
from churn_api.jobs.job_metrics import JobMetrics
from churn_api.jobs.plan import CHUNK_ROWS, WITH_OPTIONS, Cutter
from churn_api.jobs.plan import Plan as JobPlan
from churn_api.jobs.queue import Queue
from churn_api.jobs.repository import JSON, JobRepository
from churn_api.jobs.submission import Limits

MAX_NAME_LENGTH = 64

_SHAPES = {"name": '"name": …', "source": '"source": {"job": …}', "plan": '"plan": {…}'}
_MEMBERS = tuple(_SHAPES)

# How often customers are copied while others are being erased.
_COPIES = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """What a campaign is to be planned from and by; `rates` are those of offers whose rates were measured.

    `challenger_rates` are the same of the challenger's own offers.
    """

    source: ScoredJob
    plan: Plan
    rates: dict[str, Any]
    place: int | None
    challenger_rates: dict[str, Any] = field(default_factory=dict)


class CampaignSubmissions:
    """Accepts campaigns as jobs that plan them."""

    def __init__(
        self,
        jobs: JobRepository,
        queue: Queue,
        metrics: JobMetrics,
        limits: Limits,
    ) -> None:
        """`limits` are those of jobs: a campaign that is not started lives as long."""
        self._jobs, self._store = jobs, jobs.store
        self._campaigns = CampaignRepository(jobs.store, jobs.clock)
        self._acceptance = Acceptance(jobs, queue, metrics)
        self._sources = Sources(jobs)
        self._limits = limits

    def accept(self, body: Any, key: str | None, caller: str | None) -> Accepted:
        """Begin to plan a campaign, or find the one that was begun with this Idempotency-Key of the caller's.

        Raises ValidationError with all faults of the body, CampaignConflict, and what Acceptance raises.
        """
        check_key(key)
        claim = paths.claim(key, caller, ids.CAMPAIGN) if key is not None else None
        digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
        if (earlier := self._acceptance.earlier(claim, lambda: digest)) is not None:
            return earlier
        name, faults = _name(body)
        asked = self.read(body, faults)
        job = self._new(name, asked, claim, digest)
        return self._acceptance.create(job, lambda new: self._store_input(new, asked))

    def read(self, body: Any, faults: list[FieldError], members: tuple[str, ...] = _MEMBERS) -> Asked:
        """The source and the plan of a body with these members, `faults` being those of its others.

        Raises InvalidBody for what is no object, ValidationError with all faults, and CampaignConflict.
        """
        if not isinstance(body, dict):
            shapes = ", ".join(_SHAPES[name] for name in members)
            raise InvalidBody(f"The body must be {{{shapes}}}.")
        faults += unknown_members(body, members)
        job_id, more = _job_id(body)
        faults += more
        if body.get("plan") is None:
            faults.append(FieldError("plan", "missing", "plan is missing; give an object with offers."))
        if job_id is None or body.get("plan") is None:
            raise ValidationError(faults)
        source = self._sources.find(job_id)
        plan, more = read_plan(body["plan"], source.schema)
        if plan is None or faults:
            raise ValidationError([*faults, *more])
        return self._complete(source, plan)

    def _complete(self, source: ScoredJob, plan: Plan) -> Asked:
        """Look up what the plan refers to."""
        faults: list[FieldError] = []
        offers, rates = self._looked_up(plan.offers, "plan", faults)
        place, challenger, others = None, plan.challenger, dict[str, Any]()
        if plan.value is not None and plan.value.column is not None:
            place, fault = self._sources.column(source, plan.value.column)
            faults += [fault] if fault else []
        if challenger is not None:
            fault = self._sources.challenger(source, challenger.release) if challenger.release else None
            faults += [fault] if fault else []
            own, others = self._looked_up(challenger.offers, "plan.challenger", faults)
            challenger = replace(challenger, offers=own)
        if faults:
            raise ValidationError(faults)
        return Asked(source, replace(plan, offers=offers, challenger=challenger), rates, place, others)

    def _looked_up(
        self, offers: Iterable[Offer], path: str, faults: list[FieldError]
    ) -> tuple[tuple[Offer, ...], dict[str, Any]]:
        """The offers with the campaigns that measured them, and what these measured, by the offers' names."""
        rates: dict[str, Any] = {}
        named = []
        for number, offer in enumerate(offers):
            if offer.saves.source == "measured":
                found = measured(self._campaigns, offer.name, offer.saves.campaign)
                if found is None:
                    faults.append(_not_measured(f"{path}.offers[{number}].saves", offer.name, offer.saves.campaign))
                    continue
                rates[offer.name] = found
                offer = replace(offer, saves=Saves(None, "measured", found.get("campaign") or offer.saves.campaign))
            named.append(offer)
        return tuple(named), rates

    def _new(self, name: str, asked: Asked, claim: str | None, digest: str) -> Job:
        moment, source = self._jobs.clock(), asked.source.job
        request = CampaignRequest(
            name,
            Source(source.id, source.filename, source.model_version),
            asked.plan.to_json(),
            asked.place,
        )
        return Job(
            id=ids.new_id(moment, ids.CAMPAIGN),
            status=QUEUED,
            filename=source.filename,
            created_at=moment.isoformat(),
            expires_at=expiry(moment, self._limits.ttl_days).isoformat(),
            model_version=source.model_version,
            total=source.total,
            chunks=source.chunks,
            size=source.size,
            sha256=digest,
            claim=claim,
            notified=not self._limits.announced,
            options=request.to_record(),
        )

    def _store_input(self, job: Job, asked: Asked) -> Job:
        """Store what the campaign is planned from: the customers, and the measured save rates as they are now."""
        job = self._copy(job, asked.source)
        for key, rates in ((paths.rates, asked.rates), (paths.challenger_rates, asked.challenger_rates)):
            if rates:
                self._store.put(key(job.id), json.dumps(rates).encode(), content_type=JSON)
        return job

    def _copy(self, job: Job, source: ScoredJob) -> Job:
        """Copy the customers, so that the source may be deleted, but none who are erased meanwhile.

        Whoever is to be erased from now on is found in the copy, since it is there.
        """
        for _ in range(_COPIES):
            erased = erasure.recent(self._store)
            try:
                self._store.concatenate(paths.upload(job.id), [paths.upload(source.job.id)], content_type="text/csv")
            except ObjectNotFound as error:
                raise CampaignConflict(
                    f"Job {source.job.id} was deleted meanwhile; score the file again, and plan with the new job."
                ) from error
            if erasure.recent(self._store) == erased:
                break
        else:
            raise CampaignConflict("Customers are being erased at this very moment; try again in a minute.")
        size = self._store.head(paths.upload(job.id)).size
        plan = source.plan if size == source.job.size else self._cut(job.id, source.plan)
        self._store.put(paths.plan(job.id), plan.to_bytes(WITH_OPTIONS), content_type=JSON)
        return replace(job, size=size, total=plan.rows, chunks=len(plan.chunks))

    def _cut(self, job_id: str, plan: JobPlan) -> JobPlan:
        """The plan of a file from which rows were erased since it was cut; its header is as it was."""
        start = plan.chunks[0].start if plan.chunks else 0
        cutter = Cutter(start, self._limits.chunk_bytes, CHUNK_ROWS)
        for block in self._store.read(paths.upload(job_id), start=start):
            cutter.feed(block)
        return replace(plan, chunks=cutter.finish())


def _name(body: Any) -> tuple[str, list[FieldError]]:
    """The name of a campaign, and what is wrong with it; of what is no object, nothing."""
    name = body.get("name") if isinstance(body, dict) else ""
    if name is None:
        return "", [FieldError("name", "missing", "name is missing; give the campaign one.")]
    if not isinstance(name, str):
        return "", [FieldError("name", "wrong_type", f"name must be a text; got {echo(name)}.")]
    if not name.strip() or len(name.strip()) > MAX_NAME_LENGTH or not name.strip().isprintable():
        message = f"name must be 1 to {MAX_NAME_LENGTH} printable characters; got {echo(name)}."
        return "", [FieldError("name", "not_allowed", message)]
    return name.strip(), []


def _job_id(body: dict[str, Any]) -> tuple[str | None, list[FieldError]]:
    """The id of the source's job, and what is wrong with it."""
    source = body.get("source")
    if source is None:
        return None, [FieldError("source", "missing", 'source is missing; give {"job": "job_…"}.')]
    if not isinstance(source, dict):
        return None, [FieldError("source", "wrong_type", f"source must be a JSON object; got {echo(source)}.")]
    faults = [*unknown_members(source, ("job",), "source")]
    job_id = source.get("job")
    if job_id is None:
        faults.append(FieldError("source.job", "missing", "source.job is missing; give the id of a scored job."))
    elif not isinstance(job_id, str):
        faults.append(FieldError("source.job", "wrong_type", f"source.job must be a text; got {echo(job_id)}."))
    return (job_id if isinstance(job_id, str) else None), faults


def _not_measured(where: str, offer: str, campaign: str | None) -> FieldError:
    by = f"campaign {echo(campaign)} has not" if campaign else "no closed campaign has"
    message = f'{where}: {by} measured the offer {echo(offer)}; assume a rate: {{"rate": 0.3, "source": "assumed"}}.'
    return FieldError(where, "not_allowed", message)
