"""What the simulated operator reports of its customers, month by month, with the slips of a real one.

Some leavers are reported late: first as customers who stayed, a month later as gone. Some customers are reported as
gone by mistake, which is corrected a month later. Some rows are sent twice.
"""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple

from scripts.simulation.campaign import Contact, share_of
from scripts.simulation.world import Month

# The shares of leavers who are reported late, of customers who are reported as gone by mistake, and of rows sent twice.
LATE, MISTAKEN, TWICE = 0.02, 0.005, 0.01

HEADER = ("customerID", "left_at", "stayed_until", "campaign", "arm", "accepted", "cost")


class Outcome(NamedTuple):
    """A row of POST /outcomes: exactly one of the dates is there."""

    customer_id: str
    left_at: date | None = None
    stayed_until: date | None = None
    contact: Contact | None = None

    @property
    def day(self) -> date:
        """The date that is there."""
        return self.left_at or self.stayed_until or date.min

    def cells(self) -> list[str]:
        """The row as a CSV file has it, in the order of HEADER."""
        left, stayed = (day.isoformat() if day else "" for day in (self.left_at, self.stayed_until))
        if self.contact is None:
            return [self.customer_id, left, stayed, "", "", "", ""]
        campaign, arm, accepted, cost = self.contact
        return [self.customer_id, left, stayed, campaign, arm, "yes" if accepted else "no", f"{cost:.2f}"]


@dataclass
class Clerk:
    """Makes the rows of each month; `owed` are those that are to be reported a month later than they should be."""

    careful: bool = False
    owed: list[Outcome] = field(default_factory=list)

    def report(self, month: Month, contacts: Mapping[str, Contact]) -> list[Outcome]:
        """The rows of a month, in the order in which they are sent. One who is careful makes no slips."""
        rows, self.owed = self.owed, []
        for customer_id, day in month.left.items():
            rows.append(self._left(customer_id, day, month.until, contacts.get(customer_id)))
        for customer_id in month.stayed:
            rows.append(self._stayed(customer_id, month.until, contacts.get(customer_id)))
        rows += [Outcome(customer_id, left_at=day) for customer_id, day in month.fleeting.items()]
        return [row for row in rows for _ in range(2 if self._slips("twice", row.customer_id, row.day, TWICE) else 1)]

    def _left(self, customer_id: str, day: date, until: date, contact: Contact | None) -> Outcome:
        row = Outcome(customer_id, left_at=day, contact=contact)
        if not self._slips("late", customer_id, until, LATE):
            return row
        self.owed.append(row)
        return Outcome(customer_id, stayed_until=until, contact=contact)

    def _stayed(self, customer_id: str, until: date, contact: Contact | None) -> Outcome:
        row = Outcome(customer_id, stayed_until=until, contact=contact)
        if not self._slips("mistaken", customer_id, until, MISTAKEN):
            return row
        self.owed.append(row)
        return Outcome(customer_id, left_at=until - timedelta(1), contact=contact)

    def _slips(self, kind: str, customer_id: str, day: date, share: float) -> bool:
        return not self.careful and share_of(kind, customer_id, day.isoformat()) < share


def to_csv(rows: list[Outcome]) -> bytes:
    """The rows as the CSV file that is sent."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(row.cells() for row in rows)
    return text.getvalue().encode()
