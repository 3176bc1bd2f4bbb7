"""The rules by which customers are alerted on: their defaults, and the reading of an operator's own."""

import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from churn.alerts.layout import RULES
from churn.customer.echo import echo
from churn.errors import FieldError, ObjectNotFound, ValidationError
from churn.json_members import unknown_members
from churn.store.compare_and_swap import JSON
from churn.store.interface import ObjectStore

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rules:
    """Who is alerted on. The defaults come from a simulation, which `scripts/validation/alerts.py` repeats."""

    enabled: bool = True
    """Whether anybody is; if not, what customers' probabilities were is remembered all the same."""
    enter: float = 0.6
    """The probability from which on a customer is at risk who was not."""
    leave: float = 0.5
    """The probability below which a customer is at risk no longer. What lies between the two changes nothing."""
    rise: float = 0.1
    """By how much the probability must exceed the mean of the customer's own last four weeks."""
    cooldown_days: int = 30
    """Days after an alert in which there is no second one on the same customer."""
    budget: int = 20
    """Customers in one digest at most: those with the most money at risk."""


DEFAULTS = Rules()


class Bounds(NamedTuple):
    """The least and the most that a rule may be, and whether it is a whole number."""

    low: float
    high: float
    is_whole: bool = False

    def __str__(self) -> str:
        return f"a {'whole ' if self.is_whole else ''}number from {self.low} to {self.high}"


BOUNDS = {
    "enter": Bounds(0.01, 0.99),
    "leave": Bounds(0.01, 0.99),
    "rise": Bounds(0, 0.99),
    "cooldown_days": Bounds(0, 365, is_whole=True),
    "budget": Bounds(1, 1000, is_whole=True),
}
NAMES = tuple(member.name for member in fields(Rules))

_SYNONYMS: dict[str, tuple[str, ...]] = {"cooldown_days": ("cooldown",)}


def load(store: ObjectStore) -> tuple[Rules, str | None]:
    """The rules in force, and when they were changed, None for the built-in ones. Raises StoreUnavailable.

    The built-in ones are in force where those in the store cannot be read.
    """
    try:
        held = json.loads(store.get(RULES).data)
        return read(held["rules"]), str(held["changed_at"])
    except ObjectNotFound:
        pass
    except (ValueError, LookupError, TypeError, AttributeError, ValidationError) as error:
        log.error("%s holds no rules, so the built-in ones hold: put rules in force anew: %r", RULES, error)
    return DEFAULTS, None


def save(store: ObjectStore, rules: Rules, moment: str) -> None:
    """Put rules in force. Raises StoreUnavailable."""
    data = json.dumps({"rules": {name: getattr(rules, name) for name in NAMES}, "changed_at": moment})
    store.put(RULES, data.encode(), content_type=JSON)


def read(members: Mapping[str, Any]) -> Rules:
    """The rules of a JSON object; what is absent has its default. Raises ValidationError with all that is wrong."""
    faults = [*unknown_members(members, NAMES, synonyms=_SYNONYMS), *_wrong(members)]
    if not faults:
        rules = Rules(**members)
        if rules.leave <= rules.enter:
            return rules
        message = (
            f"leave must be at most enter; got {echo(rules.leave)} and {echo(rules.enter)}. "
            "Lower leave, or raise enter."
        )
        faults = [FieldError("leave", "contradiction", message)]
    raise ValidationError(faults)


def _wrong(members: Mapping[str, Any]) -> Iterator[FieldError]:
    if "enabled" in members and not isinstance(members["enabled"], bool):
        yield FieldError("enabled", "wrong_type", f"enabled must be true or false; got {echo(members['enabled'])}.")
    for name, bounds in BOUNDS.items():
        if name in members:
            value, wanted = members[name], int if bounds.is_whole else int | float
            message = f"{name} must be {bounds}; got {echo(value)}."
            if isinstance(value, bool) or not isinstance(value, wanted):
                yield FieldError(name, "wrong_type", message)
            elif not bounds.low <= value <= bounds.high:
                yield FieldError(name, "out_of_range", message)
