"""Rows whose outcome became known since somebody looked last, each once, and late ones too.

When an outcome became known does not change (`churn.tracking.label_arrival`), so a moment for each month of predictions
says what was taken, with nothing of a customer. A month waits while its outcomes are known of less than a half, and is
then taken from where it was left. Like `tracked_rows` it is imported by the process that reads alone.
"""

from collections.abc import Callable, Iterator
from datetime import datetime

import polars as pl

from churn.schema import Schema
from churn.tracking.known import known
from churn.tracking.label_arrival import LabelArrivals, known_since, label_arrivals
from churn.tracking.layout import PREDICTIONS
from churn.tracking.scanning import TableReader
from churn_trainer.data.tracked import Tracked
from churn_trainer.data.tracked_rows import Collecting

# Bytes of a month's files, of which as many customers are joined at a time: about a hundred thousand rows with fields.
_SHARE_BYTES = 4 << 20


def new_labels(
    reader: TableReader, schema: Schema, taken: Callable[[str], datetime], until: datetime
) -> Iterator[tuple[str, Tracked]]:
    """The rows of each month's folder that became known after `taken` of it, and by `until`, in parts.

    Months come in their order, and the rows of a part in that of their days, which is the order in which they mature; a
    large month comes in parts of other customers each. Raises StoreUnavailable, and ObjectNotFound where files changed
    meanwhile.
    """
    told, _ = known(reader)
    if told.customers["stayed_until"].is_null().all():  # all would seem to leave
        return
    received = label_arrivals(reader)
    collecting = Collecting(reader, schema, told, until.date())
    for folder in collecting.folders():
        after = taken(folder)
        size = sum(entry.size for entry in reader.store.list(f"{PREDICTIONS}{folder}/"))
        shares = max(1, -(-size // _SHARE_BYTES))
        # The first pass reads no fields: mostly there is nothing new.
        if _has_news(collecting, folder, shares, received, after, until):
            for share in range(shares):
                judged = collecting.judged(folder, shares, share)
                if judged is not None:
                    rows = collecting.complete(_new(judged, received, after, until))
                    yield folder, collecting.tracked([rows], shares)


def _has_news(
    collecting: Collecting, folder: str, shares: int, received: LabelArrivals, after: datetime, until: datetime
) -> bool:
    """Whether something became known of a month of which as many outcomes are known as not."""
    mature = known = new = 0
    for share in range(shares):
        judged = collecting.judged(folder, shares, share, with_fields=False)
        if judged is not None:
            mature += judged.height
            known += judged["outcome"].count()
            new += _new(judged, received, after, until).height
    return new > 0 and 2 * known >= mature


def _new(judged: pl.DataFrame, received: LabelArrivals, after: datetime, until: datetime) -> pl.DataFrame:
    """The rows whose outcome became known between these moments, the second included."""
    matched = judged.filter(pl.col("outcome").is_not_null())
    return known_since(matched, received).filter((pl.col("known_at") > after) & (pl.col("known_at") <= until))
