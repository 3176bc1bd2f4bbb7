"""Scoring a chunk for a campaign: each of its rows that is accepted and has an id may be chosen."""

import csv
import io
import math
from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from churn.campaigns import value
from churn.campaigns.contacts import SEGMENT
from churn.campaigns.plans import Plan, plan_of
from churn.customer.reading import Reading
from churn.model.predictor import Predictor
from churn_api.jobs.campaign_request import CampaignRequest
from churn_api.jobs.csv import rows
from churn_api.jobs.csv.amounts import amount
from churn_api.jobs.csv.chunk_scorer import ChunkScorer, check
from churn_api.jobs.csv.reason_texts import ReasonTexts
from churn_api.jobs.csv.scored_part import CHALLENGER, WINDOW, to_bytes
from churn_api.jobs.digests import digests
from churn_api.jobs.plan import Chunk

Rows = NDArray[np.intp]


class CampaignChunk(ChunkScorer):
    """Scores one chunk: first take all `errors`, which scores the rows and of which nothing is kept, then `part`."""

    def __init__(
        self,
        predictor: Predictor,
        data: bytes,
        columns: tuple[str, ...],
        chunk: Chunk,
        words: ReasonTexts,
        request: CampaignRequest,
        challenger: Predictor | None = None,
    ) -> None:
        """`data` is the chunk's part of the input; `request` is the job's, whose plan says what a customer is worth.

        `challenger` is another release's, by which a second list is made.
        """
        super().__init__(predictor, data, columns, chunk, words)
        self._challenger = challenger
        self._by_challenger = np.empty(len(self._accepted))
        self._plan: Plan = plan_of(request.plan, predictor.schema)
        self._given = None if request.place is None else _amounts(rows.tidy(data, chunk.rows), request.place)

    def part(self) -> bytes | None:
        """The rows that may be chosen, as Parquet; None if there are none."""
        which = np.flatnonzero(self._accepted & self._written_ids.is_not_null().to_numpy())
        if not len(which):
            return None
        columns = [
            pl.Series("row", which + self._first_row, pl.UInt32),
            self._written_ids[which].alias("customer_id"),
            pl.Series("digest", digests(self._written_ids[which])),
            pl.Series("probability", self._probabilities[which]),
            *self._values(which),
            *self._challenged(which),
            *self._segments(which),
            *(self._reason(rank, which) for rank in range(len(self._reasons))),
        ]
        return to_bytes(pl.DataFrame(columns))

    def _values(self, which: Rows) -> Iterator[pl.Series]:
        """What the customers are worth by the plan, and under other label windows where that follows from the bill."""
        table = self._schema.customer(column[which] for column in self._table.customers)
        probability, complete = self._probabilities[which], self._assumed[which] == 0
        given = None if self._given is None else self._given[which]
        windows = value.values_by_window(self._predictor, table, probability, self._plan, complete=complete)
        if windows:
            yield pl.Series("value", windows[self._schema.label_window_months or 0])
        else:
            yield pl.Series("value", value.values(self._predictor, table, probability, self._plan, given=given))
        for months, worth in windows.items():
            yield pl.Series(f"{WINDOW}{months}", worth, pl.Float32)

    def _score_columns(self, which: slice | Rows) -> None:
        super()._score_columns(which)
        if self._challenger is not None:
            table = self._schema.customer(column[which] for column in self._table.customers)
            probabilities = self._challenger.scorer.probabilities(table)
            check(probabilities)
            self._by_challenger[which] = probabilities

    def _explain(self, row: int, reading: Reading) -> None:
        """By the challenger as well: whom one of the two releases cannot score is refused, and no other is."""
        super()._explain(row, reading)
        if self._challenger is not None:
            probability, _ = self._challenger.explain(reading, 0)
            check(probability)
            self._by_challenger[row] = probability

    def _challenged(self, which: Rows) -> Iterator[pl.Series]:
        """How likely the challenger says that the customers leave, and what they are worth then."""
        if (predictor := self._challenger) is None:
            return
        table = self._schema.customer(column[which] for column in self._table.customers)
        complete, probability = self._assumed[which] == 0, self._by_challenger[which]
        given = None if self._given is None else self._given[which]
        worth = value.values(predictor, table, probability, self._plan, complete=complete, given=given)
        yield pl.Series(CHALLENGER + "probability", probability)
        yield pl.Series(CHALLENGER + "value", worth)

    def _segments(self, which: Rows) -> Iterator[pl.Series]:
        """The values of the fields by which save rates are learned, as the data set spells them; null where absent."""
        table = dict(zip(self._schema.fields, self._table.customers, strict=True))
        held = self._absent.without(self._schema, self._table.customers, which)
        absent = {name: column.is_null() for name, column in zip(self._schema.fields, held, strict=True)}
        for name in self._schema.segments:
            if name in self._schema.categories:
                names = pl.Series(self._schema.categories[name].names, dtype=pl.String)
                codes = pl.Series(np.maximum(table[name][which], 0).astype(np.uint32))
                yield names.gather(codes).set(absent[name], None).alias(SEGMENT + name)

    def _reason(self, rank: int, which: Rows) -> pl.Series:
        """A column of reasons, without the quotes that a text of commas has in a CSV."""
        texts = self._words.texts(self._reasons[rank][which]).alias(f"reason_{rank + 1}")
        quoted = texts.unique().to_list()
        plain = {text: next(csv.reader([text]))[0] for text in quoted if text.startswith('"')}
        return texts.replace(plain) if plain else texts


def _amounts(data: bytes, place: int) -> NDArray[np.float64]:
    """The numbers of a column, shape (rows,), NaN where there is none."""
    csv.field_size_limit(2 * rows.MAX_ROW_BYTES)
    cells = csv.reader(io.StringIO(data.decode("utf-8", "replace"), newline=""))
    return np.array([amount(row[place]) if place < len(row) else math.nan for row in cells], np.float64)
