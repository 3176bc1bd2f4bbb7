"""/customers: what is held of one customer, and his erasure."""

from typing import Literal

from flask import Response
from msgspec import Struct

from churn.customer.echo import echo
from churn.customer.ids import required_id
from churn_api.answers import respond
from churn_api.auth.api_keys import JOBS
from churn_api.errors import NotFound
from churn_api.http.endpoint import Endpoints
from churn_api.jobs.csv.result_files import CUSTOMER_ID
from churn_api.limits.concurrency import Pace
from churn_api.service import service
from churn_api.tracking.customers import HeldCustomer

endpoints = Endpoints("Customers")

_RETRY_SECONDS = 10

# Files that a message names.
_NAMED = 5


class ErasureGoesOn(Struct, frozen=True):
    """The customer is not erased everywhere yet."""

    success: Literal[True]
    message: str


@endpoints.add(
    "GET /customers/<path:customer_id>",
    JOBS,
    pace=Pace.BODIES,
    description="The tracked predictions and outcomes of the customer with this id, but for those of the last minutes. "
    "Files of jobs hold customers as well; they are deleted with their jobs.",
    answer=HeldCustomer,
    failures=(422,),
)
def customer(customer_id: str) -> Response:
    """What is held of a customer."""
    name = required_id(CUSTOMER_ID, customer_id, "give an id")
    held = service().customers.look_up(name)
    if not (held.predictions or held.outcomes):
        raise NotFound(f"Nothing is tracked of a customer {echo(name)}.")
    return respond(held)


@endpoints.add(
    "DELETE /customers/<path:customer_id>",
    JOBS,
    pace=Pace.BODIES,
    description="The customer's rows are dropped from everything that is tracked, from alerts, from the files of "
    "jobs, from campaigns and those who have opted out of them, and from the tables that models were trained on. 202 "
    "where that goes on: it takes long, or a job that runs, or a campaign that is being planned, holds the "
    "customer, or a file in which he may be cannot be read: the message names it. Ask again then, until it is 204. "
    "What comes in of the customer later is kept.",
    status=204,
    goes_on=ErasureGoesOn,
    failures=(422,),
)
def erase_customer(customer_id: str) -> Response:
    """Erase a customer everywhere."""
    erasure = service().customers.erase(required_id(CUSTOMER_ID, customer_id, "give an id"))
    if erasure is None:
        return Response(status=204)
    if erasure.unreadable:
        message = (
            f"The erasure goes on: the customer may be in what cannot be read, {', '.join(erasure.unreadable[:_NAMED])}"
            f"{' and others' if len(erasure.unreadable) > _NAMED else ''}. Delete it, or replace it by a copy, and ask "
            "again."
        )
    else:
        message = (
            "The erasure goes on, and ends by itself; a job that runs may hold the customer. Ask again to see its end."
        )
    response = respond(ErasureGoesOn(True, message), 202)
    response.headers["Retry-After"] = str(_RETRY_SECONDS)
    return response
