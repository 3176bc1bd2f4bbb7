"""/customers: what is held of one customer, and his erasure."""

from typing import Literal

from flask import Response
from msgspec import Struct

from churn.customer.echo import echo
from churn.customer.ids import Fault, read_id
from churn.errors import FieldError, ValidationError
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
    name = _read(customer_id)
    held = service().customers.look_up(name)
    if not (held.predictions or held.outcomes):
        raise NotFound(f"Nothing is tracked of a customer {echo(name)}.")
    return respond(held)


@endpoints.add(
    "DELETE /customers/<path:customer_id>",
    JOBS,
    pace=Pace.BODIES,
    description="The customer's rows are dropped from everything that is tracked, from the files of jobs and from the "
    "tables that models were trained on. 202 where that goes on: it takes long, or a job that runs holds the customer. "
    "Ask again then, until it is 204. What comes in of the customer later is kept.",
    status=204,
    goes_on=ErasureGoesOn,
    failures=(422,),
)
def erase_customer(customer_id: str) -> Response:
    """Erase a customer everywhere."""
    if service().customers.erase(_read(customer_id)):
        return Response(status=204)
    message = (
        "The erasure goes on, and ends by itself; a job that runs may hold the customer. Ask again to see its end."
    )
    response = respond(ErasureGoesOn(True, message), 202)
    response.headers["Retry-After"] = str(_RETRY_SECONDS)
    return response


def _read(customer_id: str) -> str:
    try:
        name = read_id(CUSTOMER_ID, customer_id)
    except Fault as fault:
        raise ValidationError([FieldError(CUSTOMER_ID, fault.code, str(fault))]) from fault
    if name is None:
        raise ValidationError([FieldError(CUSTOMER_ID, "missing", f"{CUSTOMER_ID} is required.")])
    return name
