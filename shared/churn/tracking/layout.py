"""The keys of tracked predictions and outcomes in the store; a month is the one in UTC, written YYYY-MM."""

from datetime import datetime

ROOT = "tracking/"

PREDICTIONS = f"{ROOT}predictions/"
"""Predictions by the month in which they were made, as `churn.tracking.predictions` writes them."""

OUTCOMES = f"{ROOT}outcomes/"
"""Outcomes by the month in which they came in, as `churn.tracking.outcomes` writes them."""

INCOMING = f"{ROOT}incoming/"
"""What the API's processes have answered in the last minute, as JSON: the workers make Parquet of it."""

REFUSED = f"{ROOT}refused/"
"""How many rows were read and refused, and why, by month."""

ERASED = f"{ROOT}erased/"
"""The SHA-256 of ids whose customers were erased lately, so that nothing of them comes back."""

ERASING = f"{ROOT}erasures/"
"""The ids that are being erased, each until nothing is held of it any more, with the parts that are done."""

ERASING_FORMERLY = f"{ROOT}erasing/"
"""The same as releases write and delete it which know no parts: they must not end an erasure that others began."""

DAILY = f"{ROOT}daily/"
"""The sums of customers at risk by day, as `churn.tracking.daily` writes them."""

QUALITY = f"{ROOT}quality/"
"""The figures of GET /quality by the number of days that they look back, as they were last computed."""


def month_of(moment: datetime) -> str:
    """The folder of a month below PREDICTIONS, OUTCOMES or REFUSED: "month=2026-11/"."""
    return f"month={moment:%Y-%m}/"
