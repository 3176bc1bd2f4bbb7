"""Which customers are fitted on and which are kept for the test.

A customer's part follows from a hash of the id, so that no other customer, no order of rows and no later table moves
it: a release of today can be judged next year on customers that it was not fitted on.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from churn_trainer.data.hashes import Hashes
from churn_trainer.data.table import Table

# The shares of the test part and of the validation part, in the published proportion of 60/20/20.
TEST_SHARE, VALIDATION_SHARE = 0.2, 0.2

# Named anew when a customer's part would follow from anything else than before.
SCHEME = "sha256-1"

Rows = NDArray[np.intp]


class Split(NamedTuple):
    """Row numbers of the parts, disjoint, each in the order of the hashes: the same for any order of the table.

    `repeated` are customers of the test part who equal one of the others in every field: a model would recognise them,
    so that they are neither fitted on nor judged by.
    """

    train: Rows
    validation: Rows
    test: Rows
    repeated: Rows

    @property
    def development(self) -> Rows:
        """The train and the validation part: all customers that a model may see before it is tested."""
        return np.concatenate([self.train, self.validation])


def split_table(table: Table, groups: Hashes) -> Split:
    """The parts of a table; `groups` are the same number for customers alike in every field."""
    # Whoever has the same key, for want of an id, still has one place whatever the order of the table.
    order = np.lexsort((table.churn, groups, table.keys))
    place = table.keys[order] / 2.0**64
    test, validation = place < TEST_SHARE, (place >= TEST_SHARE) & (place < TEST_SHARE + VALIDATION_SHARE)
    repeated = test & np.isin(groups[order], groups[order[~test]])
    parts = (~test & ~validation, validation, test & ~repeated, repeated)
    return Split(*(order[part] for part in parts))


def scheme(table: Table) -> dict[str, Any]:
    """What a manifest says of the split: two releases of the same scheme and key were fitted on none of the customers
    that a table has in its test part."""
    return {
        "scheme": SCHEME,
        "key": "id" if table.identified else "row",
        "test_share": TEST_SHARE,
        "validation_share": VALIDATION_SHARE,
        "fitted_on": ["train", "validation"],
    }


def judged_alike(told: object, table: Table) -> bool:
    """Whether a release whose manifest says this of its split was fitted on none of the table's test part.

    Customers who were not in the table of that release are in the test part by the same hash, and fitted on by neither.
    """
    ours = scheme(table)
    if not isinstance(told, dict) or "test" in told.get("fitted_on", ["test"]):
        return False
    return all(told.get(name) == ours[name] for name in ("scheme", "key", "test_share"))
