"""The two files that a job ends with: their columns, and how much is said in them."""

from collections.abc import Sequence

from churn_api.jobs.options import DEFAULTS, JobOptions

CSV = "text/csv; charset=utf-8"

CUSTOMER_ID = "customerID"
"""What the id is called in every answer, whatever the declaration and the file call it."""


def result_columns(options: JobOptions) -> tuple[str, ...]:
    """The columns of the results of a job with these options."""
    reasons = (f"reason_{rank}" for rank in range(1, options.reasons + 1))
    return ("row", CUSTOMER_ID, "prediction", "churn_probability", "risk_band", *reasons, "assumed")


RESULT_COLUMNS = result_columns(DEFAULTS)
ERROR_COLUMNS = ("row", CUSTOMER_ID, "field", "code", "message")

FAULTS_OF_A_ROW = 10
"""Lines that a refused row has at most; its last one says how many faults more there are."""

ROWS_IN_FULL = 5_000
"""Refused rows of a chunk whose faults are all listed. Where there are more, they are mostly wrong in the same way,
such as by columns that are shifted, and of each further row the first fault is listed: else the errors would be ten
times as large as the file."""


def header(columns: Sequence[str]) -> bytes:
    return ",".join(columns).encode() + b"\n"
