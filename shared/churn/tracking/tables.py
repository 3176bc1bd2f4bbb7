"""The columns that every file of the tracked tables has; those who only read them need no more than these."""

from typing import Any

import polars as pl

MOMENT = pl.Datetime("us", "UTC")

PREDICTIONS: dict[str, Any] = {
    "customer_id": pl.String,
    "scored_at": MOMENT,
    "release": pl.String,
    "source": pl.String,  # single, batch, job or stream
    "probability": pl.Float64,
    "assumed": pl.UInt8,  # how many fields were averaged
}
"""Those of the fields follow them."""

OUTCOMES: dict[str, Any] = {
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
