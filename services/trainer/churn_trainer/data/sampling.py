"""Which customers of a very large table are trained on: as many as a run has memory for."""

import numpy as np

from churn_trainer.data.table import Findings, Table

# The cells, customers times columns, that fit into a run of one gigabyte: those of 444,000 customers with IBM's 45
# columns, or of 67,000 with the 298 of a table of 57 fields. More customers than that change no digit that is shown. A
# run on a million customers of 57 fields took 973 MiB with so many cells, and 1,038 MiB with half as many again, in the
# fits; reading, which comes before and has every customer, took 770 MiB.
MOST_CELLS = 20_000_000

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
