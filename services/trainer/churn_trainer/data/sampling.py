"""Which customers of a very large table are trained on: as many as a run has memory for."""

import numpy as np

from churn_trainer.data.table import Findings, Table

# The cells, customers times columns, that fit into a run of one gigabyte: those of 660,000 customers with IBM's 45
# columns, or of 62,000 with the 480 of a table of 57 fields. More customers than that change no digit that is shown. It
# is reckoned, not measured: with 60 million cells a run took 1,140 MiB, of which 270 are a small run's, so about 15
# bytes a cell, the scaled columns and the copies that folds and fits make of them; with half the cells that is 700 MiB.
# Reading comes before and has every customer: 8 bytes a number, 1 a category, and 140 for id and hashes, which for a
# million customers of 57 numbers is 570 MiB.
MOST_CELLS = 30_000_000

# These bits of a customer's hash choose; the split goes by the others, so it does not see the choice.
_BITS = np.uint64(2**32 - 1)


def sampled(table: Table, findings: Findings) -> Table:
    """The table, or of a larger one as many customers as there is memory for, which is counted as a repair.

    They are chosen by the hashes of their ids, so that the same ones are chosen again, whatever the table's order.
    """
    most = MOST_CELLS // max(len(table.schema.features.names), len(table.schema.fields))
    if len(table) <= most:
        return table
    findings.repair("customers left out, as there is memory for the others alone", len(table) - most)
    return table.take(np.sort(np.argsort(table.keys & _BITS, kind="stable")[:most]))
