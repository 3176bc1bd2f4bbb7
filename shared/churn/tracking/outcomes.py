"""The table of outcomes: a row for each outcome that came in, in Parquet, in the order in which they came in."""

from typing import Any

import polars as pl

from churn.tracking.predictions import MOMENT

VERSION = "1"

COLUMNS: dict[str, Any] = {
    "customer_id": pl.String,
    "left_at": pl.Date,  # the day on which the customer left; null where he is known to have stayed
    "stayed_until": pl.Date,  # the last day on which he is known to have been a customer; null where he left
    "campaign": pl.String,  # in which he was treated or held out; null without one
    "arm": pl.String,  # treat or hold_out; null without a campaign
    "accepted": pl.Boolean,  # whether he took the offer; null where nobody knows, or none was made
    "cost": pl.Float64,  # of the contact and what he took, in the table's currency; null where nobody knows
    "received_at": MOMENT,  # of two rows of a customer that contradict each other the later one counts
    "row": pl.UInt32,  # of the file that it came in, from 1: the order within one moment
}
