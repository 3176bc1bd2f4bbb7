"""Reading a customer's id."""

from typing import Any

from churn.customer.echo import echo
from churn.customer.fast_reading import MAX_ID_LENGTH
from churn.errors import FieldError, ValidationError


class Fault(Exception):
    """What is wrong with one value: the code of a FieldError, and its message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def read_id(name: str, raw: Any) -> str | None:
    """The id in a field of this name, without outer blanks; None for a blank one. Raises Fault."""
    if type(raw) is int and raw.bit_length() <= 4 * MAX_ID_LENGTH:
        raw = str(raw)
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return None
    if not isinstance(raw, str):
        raise Fault("wrong_type", f"{name} must be text or a whole number; got {echo(raw)}.")
    if len(raw.strip()) > MAX_ID_LENGTH:
        raise Fault("out_of_range", f"{name} must have at most {MAX_ID_LENGTH} characters; got {len(raw.strip())}.")
    if not raw.strip().isprintable():
        raise Fault("not_allowed", f"{name} must consist of printable characters; got {echo(raw)}.")
    return raw.strip()


def required_id(name: str, raw: Any, remedy: str) -> str:
    """The same where there must be one. Raises ValidationError; `remedy` ends what is said of a blank one."""
    try:
        found = read_id(name, raw)
    except Fault as fault:
        raise ValidationError([FieldError(name, fault.code, str(fault))]) from fault
    if found is None:
        raise ValidationError([FieldError(name, "missing", f"{name} is blank; {remedy}.")])
    return found
