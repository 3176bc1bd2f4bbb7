"""The lines of refused rows: a line per fault, and of a file that is wrong throughout no more than help."""

import csv
import io
from collections import Counter
from collections.abc import Sequence

from churn.errors import FieldError
from churn.reading import MAX_ID_LENGTH, echo
from churn_api.jobs.cells import defused
from churn_api.jobs.files import FAULTS_OF_A_ROW, ROWS_IN_FULL

UNFORESEEN = FieldError(
    "row", "wrong_type", "The row holds something that cannot be read; write its values as the other rows have them."
)
"""The fault of a row that nobody foresaw."""


class Refusals:
    """Writes the lines of one chunk's refused rows, in their order; `raw` leaves ids as they came."""

    def __init__(self, first_row: int, *, raw: bool = False) -> None:
        """`first_row` is the number of the chunk's first row."""
        self._first_row = first_row
        self._raw = raw
        self._rows = 0
        self.faults: Counter[tuple[str, str]] = Counter()
        """By field and code, those that are not listed included."""
        self.altered = False
        """Whether any id was written otherwise than it came."""

    def lines(self, row: int, customer_id: str, faults: Sequence[FieldError]) -> str:
        """The lines of a row, which is named by its place in the chunk."""
        self._rows += 1
        self.faults.update((fault.field, fault.code) for fault in faults)
        known = self._written(customer_id)
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        for fault in _listed(faults, FAULTS_OF_A_ROW if self._rows <= ROWS_IN_FULL else 1):
            writer.writerow((row + self._first_row, known, fault.field, fault.code, defused(fault.message)))
        return buffer.getvalue()

    def _written(self, customer_id: str) -> str:
        fine = len(customer_id) <= MAX_ID_LENGTH and customer_id.isprintable()
        known = customer_id if fine else echo(customer_id)
        safe = defused(known)
        self.altered |= safe != known
        return known if self._raw else safe


def _listed(faults: Sequence[FieldError], most: int) -> Sequence[FieldError]:
    """The first faults; the last of them says how many are left out."""
    if len(faults) <= most:
        return faults
    *whole, last = faults[:most]
    more = len(faults) - most
    rest = f"{last.message} {more} more {'field' if more == 1 else 'fields'} of this row {_needs(more)} attention."
    return [*whole, FieldError(last.field, last.code, rest)]


def _needs(count: int) -> str:
    return "needs" if count == 1 else "need"
