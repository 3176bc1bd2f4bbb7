"""Real customers, carried by a release, that stand in for what is not known of another."""

import numpy as np

from churn.customer import CATEGORIES, FIELDS, IMPLIED, Customer
from churn.scoring import table_of


class Background:
    """A sample of real, complete customers."""

    def __init__(self, customers: list[Customer]) -> None:
        """Raises ValueError where the sample lacks customers who have the services that others' fields depend on."""
        self.table = table_of(customers)
        for rule in IMPLIED.values():
            if not np.any(self._has_service(rule.field)):
                raise ValueError(
                    f"the background sample holds no customer whose {rule.field} is other than {rule.value!r}"
                )

    def _has_service(self, parent: str) -> np.ndarray[tuple[int], np.dtype[np.bool]]:
        return np.asarray(getattr(self.table, parent) != CATEGORIES[parent].code("No"))

    def completions(self, customer: Customer) -> Customer:
        """The customer with every absent field taken from one background customer after another, as a table.

        Only background customers that contradict nothing known are used: one without internet cannot lend his add-ons
        to a customer who has it.
        """
        held = customer._asdict()
        rows = np.ones(len(self.table.tenure), bool)
        for name, rule in IMPLIED.items():
            parent_known = held[rule.field] is not None
            if (parent_known and held[name] is None) or held[name] == CATEGORIES[name].code("Yes"):
                rows &= self._has_service(rule.field)
        count = int(rows.sum())
        filled = {
            name: getattr(self.table, name)[rows] if held[name] is None else np.full(count, held[name], float)
            for name in FIELDS
        }
        for name, rule in IMPLIED.items():
            without = filled[rule.field] == CATEGORIES[rule.field].code(rule.value)
            filled[name][without] = CATEGORIES[name].code(rule.implies)
        return Customer(**filled)
