"""Which customers are fitted on and which are kept for the test.

A customer's part follows from a hash of the id alone. Other customers, the order of rows and later tables do not move
it, so a release of today can be judged next year on customers that it was not fitted on.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from churn.split import SCHEME, TEST_SHARE, Hashes, places, spares_test_part
from churn_trainer.data.table import Table

# The share of the validation part, in the published proportion of 60/20/20.
VALIDATION_SHARE = 0.2

Rows = NDArray[np.intp]


class Split(NamedTuple):
    """Row numbers of the parts, disjoint, each in the order of the hashes: the same for any order of the table.

    `repeated` are customers of the test part who equal one of the other parts in every field. A model would recognise
    them, so they are used neither for fitting nor for judging.
    """

    train: Rows
    validation: Rows
    test: Rows
    repeated: Rows

    @property
    def development(self) -> Rows:
        """The row numbers of train and validation: all customers that a model may see before it is tested."""
        return np.concatenate([self.train, self.validation])


def split_table(table: Table, groups: Hashes) -> Split:
    """The parts of a table; `groups` has one number per row, the same for customers who are taken for one."""
    # Rows without an id can share a key: group and outcome then settle their order, whatever the order of the table.
    order = np.lexsort((table.churn, groups, table.keys))
    place = places(table.keys[order])
    test, validation = place < TEST_SHARE, (place >= TEST_SHARE) & (place < TEST_SHARE + VALIDATION_SHARE)
    repeated = test & np.isin(groups[order], groups[order[~test]])
    parts = (~test & ~validation, validation, test & ~repeated, repeated)
    return Split(*(order[part] for part in parts))


def scheme(table: Table) -> dict[str, Any]:
    """The `split` entry of a manifest, which `churn.split.spares_test_part` reads.

    Two releases of the same scheme and key were both fitted on no customer of a table's test part.
    """
    return {
        "scheme": SCHEME,
        "key": _key(table),
        "test_share": TEST_SHARE,
        "validation_share": VALIDATION_SHARE,
        "fitted_on": ["train", "validation"],
    }


def judged_alike(split: object, table: Table) -> bool:
    """Whether a release with this `split` entry in its manifest was fitted on no customer of the table's test part."""
    return spares_test_part(split, _key(table))


def _key(table: Table) -> str:
    return "id" if table.identified else "row"
