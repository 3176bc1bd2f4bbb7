"""What a caller chooses for a job, by the query of POST /jobs."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from churn.customer.reading import echo
from churn.errors import FieldError, ValidationError
from churn_api.jobs.plan import NewerPlan


class JobOptions(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The options of a job.

    Each is a field with a default, and with its bounds and meaning in msgspec's Meta, from which its reading and its
    documentation are made.
    """

    reasons: Annotated[
        int, Meta(ge=0, le=3, description="How many columns of reasons the results have, the largest reason first.")
    ] = 3

    @classmethod
    def from_query(cls, query: Mapping[str, Sequence[str]]) -> "JobOptions":
        """Of a name that a query repeats the first value counts. Raises ValidationError."""
        chosen = {name: query[name][0] for name in cls.__struct_fields__ if name in query}
        try:
            return msgspec.convert(chosen, cls, strict=False)
        except msgspec.ValidationError as error:
            fault, _, name = str(error).rstrip("`").partition(" - at `$.")
            message = f"{name}: {fault}; got {echo(chosen[name])}."
            raise ValidationError([FieldError(name, "not_allowed", message)]) from error

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


DEFAULTS = JobOptions()
