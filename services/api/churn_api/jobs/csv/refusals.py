"""The lines of refused rows: a line per fault, and of a file that is wrong throughout no more than help."""

import csv
import io
from collections import Counter
from collections.abc import Sequence

from churn.customer.reading import MAX_ID_LENGTH, echo
from churn.errors import FieldError
from churn_api.jobs.csv.output import defused
from churn_api.jobs.csv.result_files import FAULTS_OF_A_ROW, ROWS_IN_FULL

UNFORESEEN = FieldError(
    "row", "wrong_type", "The row holds something that cannot be read; write its values as the other rows have them."
)
"""The fault of a row that nobody foresaw."""

FIRST_ALONE = "So many rows are refused that of each only the first fault is listed."


class Refusals:
    """Writes the lines of one chunk's refused rows, in their order; `raw` leaves ids as they came."""

    def __init__(self, first_row: int, *, raw: bool = False) -> None:
        """`first_row` is the number of the chunk's first row."""
        self._first_row = first_row
        self._raw = raw
        self._rows = 0
        self.faults: Counter[tuple[str, str]] = Counter()
        """By field and code, as far as they were looked for."""
        self.altered = False
        """Whether any id was written otherwise than it came."""

    @property
    def in_full(self) -> bool:
        """Whether the next row's faults are all listed, as far as a row's are."""
        return self._rows < ROWS_IN_FULL

    def lines(self, row: int, customer_id: str, faults: Sequence[FieldError]) -> str:
        """The lines of a row, which is named by its place in the chunk."""
        listed = _listed(faults) if self.in_full else _first(faults)
        self._rows += 1
        self.faults.update((fault.field, fault.code) for fault in faults)
        known = self._written(customer_id)
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        for fault in listed:
            writer.writerow((row + self._first_row, known, defused(fault.field), fault.code, defused(fault.message)))
        return buffer.getvalue()

    def _written(self, customer_id: str) -> str:
        fine = len(customer_id) <= MAX_ID_LENGTH and customer_id.isprintable()
        known = customer_id if fine else echo(customer_id)
        safe = defused(known)
        self.altered |= safe != known
        return known if self._raw else safe


def _listed(faults: Sequence[FieldError]) -> Sequence[FieldError]:
    """The first faults; the last of them says how many are left out."""
    if len(faults) <= FAULTS_OF_A_ROW:
        return faults
    *whole, last = faults[:FAULTS_OF_A_ROW]
    more = len(faults) - FAULTS_OF_A_ROW
    words = (
        "1 more field of this row needs attention." if more == 1 else f"{more} more fields of this row need attention."
    )
    return [*whole, FieldError(last.field, last.code, f"{last.message} {words}")]


def _first(faults: Sequence[FieldError]) -> Sequence[FieldError]:
    """The first fault, which says that there may be others."""
    return [FieldError(faults[0].field, faults[0].code, f"{faults[0].message} {FIRST_ALONE}")]
