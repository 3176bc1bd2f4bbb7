"""What a caller chooses for a job, by the query of POST /jobs."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from churn.customer.reading import echo
from churn.errors import FieldError, ValidationError
from churn_api.jobs.plan import NewerPlan

_PLAINER = {"Invalid RFC3339 encoded date": "Expected a day such as 2026-03-01"}
"""What msgspec says, in words that name the remedy."""


class JobOptions(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The options of a job.

    Each is a field with a default, and with its bounds and meaning in msgspec's Meta, from which its reading and its
    documentation are made.
    """

    reasons: Annotated[
        int, Meta(ge=0, le=3, description="How many columns of reasons the results have, the largest reason first.")
    ] = 3
    as_of: Annotated[
        date | None,
        Meta(
            description="The day (YYYY-MM-DD) on which the customers were as the file has them: their predictions are "
            "tracked as of its beginning in UTC. Not set: as of the moment at which the job starts."
        ),
    ] = None

    @classmethod
    def from_query(cls, query: Mapping[str, Sequence[str]]) -> "JobOptions":
        """Of a name that a query repeats the first value counts. Raises ValidationError."""
        chosen = {name: query[name][0] for name in cls.__struct_fields__ if name in query}
        try:
            return msgspec.convert(chosen, cls, strict=False)
        except msgspec.ValidationError as error:
            fault, _, name = str(error).rstrip("`").partition(" - at `$.")
            message = f"{name}: {_PLAINER.get(fault, fault)}; got {echo(chosen[name])}."
            raise ValidationError([FieldError(name, "not_allowed", message)]) from error

    def check(self, today: date, tracking_days: int | None) -> None:
        """Raises ValidationError for a day that is in the future, or whose predictions are not kept.

        Predictions are kept for `tracking_days`; None if none are.
        """
        if self.as_of is None:
            return
        if tracking_days is None:
            raise _fault(
                "not_allowed",
                f"as_of is for tracked predictions, and CHURN_TRACKING is off; leave it out; got {self.as_of}.",
            )
        first = today - timedelta(days=tracking_days)
        if not first <= self.as_of <= today:
            raise _fault(
                "out_of_range",
                f"as_of must be a day from {first}, since predictions are kept for {tracking_days} days "
                f"(CHURN_TRACKING_DAYS), to today, {today}; got {self.as_of}.",
            )

    @classmethod
    def from_record(cls, members: Mapping[str, Any]) -> "JobOptions":
        """Raises NewerPlan for what only a newer program can have written."""
        try:
            return msgspec.convert(members, cls)
        except msgspec.ValidationError as error:
            raise NewerPlan from error

    def digested(self, query: Mapping[str, Sequence[str]]) -> bytes:
        """What an Idempotency-Key stands for beside the content: the options, and what else the query held."""
        others = {name: values for name, values in query.items() if name not in self.__struct_fields__}
        told = others | msgspec.to_builtins(self)
        return json.dumps(told, sort_keys=True).encode() if told else b""


def _fault(code: str, message: str) -> ValidationError:
    return ValidationError([FieldError("as_of", code, message)])


DEFAULTS = JobOptions()
