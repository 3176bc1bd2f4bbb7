"""The two files that a job ends with: their columns, and how many faults they list."""

from collections.abc import Sequence

from churn_api.jobs.options import DEFAULTS, JobOptions

CSV = "text/csv; charset=utf-8"

CUSTOMER_ID = "customerID"
"""The name of the id in every answer, whatever its name in the declaration and in the file."""


def result_columns(options: JobOptions) -> tuple[str, ...]:
    """The columns of the results of a job with these options."""
    reasons = (f"reason_{rank}" for rank in range(1, options.reasons + 1))
    return ("row", CUSTOMER_ID, "prediction", "churn_probability", "risk_band", *reasons, "assumed")


RESULT_COLUMNS = result_columns(DEFAULTS)
ERROR_COLUMNS = ("row", CUSTOMER_ID, "field", "code", "message")

FAULTS_OF_A_ROW = 10
"""Lines that a refused row has at most; its last one says how many faults more there are."""

ROWS_IN_FULL = 5_000
"""How many refused rows of a chunk have all their faults listed. If there are more, they mostly have the same faults,
such as shifted columns, and only the first fault of each further row is listed; otherwise the errors would be ten times
as large as the file."""


def header(columns: Sequence[str]) -> bytes:
    """The header row of a CSV file with these columns."""
    return ",".join(columns).encode() + b"\n"
