"""Which customers are fitted on and which are kept for the test.

A customer's part follows from a hash of the id alone. Other customers, the order of rows and later tables do not move
it, so a release of today can be judged next year on customers that it was not fitted on.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from churn_trainer.data.hashes import Hashes
from churn_trainer.data.table import Table

# The shares of the test part and of the validation part, in the published proportion of 60/20/20.
TEST_SHARE, VALIDATION_SHARE = 0.2, 0.2

# Change the name whenever a customer's part is computed differently.
SCHEME = "sha256-1"

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
    place = table.keys[order] / 2.0**64
    test, validation = place < TEST_SHARE, (place >= TEST_SHARE) & (place < TEST_SHARE + VALIDATION_SHARE)
    repeated = test & np.isin(groups[order], groups[order[~test]])
    parts = (~test & ~validation, validation, test & ~repeated, repeated)
    return Split(*(order[part] for part in parts))


def scheme(table: Table) -> dict[str, Any]:
    """The `split` entry of a manifest, which `judged_alike` reads.

    Two releases of the same scheme and key were both fitted on no customer of a table's test part.
    """
    return {
        "scheme": SCHEME,
        "key": "id" if table.identified else "row",
        "test_share": TEST_SHARE,
        "validation_share": VALIDATION_SHARE,
        "fitted_on": ["train", "validation"],
    }


def judged_alike(split: object, table: Table) -> bool:
    """Whether a release with this `split` entry in its manifest was fitted on no customer of the table's test part.

    True for the same scheme, key and share. Customers who joined after that release was trained cannot have been
    fitted on.
    """
    ours = scheme(table)
    if not isinstance(split, dict) or "test" in split.get("fitted_on", ["test"]):
        return False
    return all(split.get(name) == ours[name] for name in ("scheme", "key", "test_share"))
