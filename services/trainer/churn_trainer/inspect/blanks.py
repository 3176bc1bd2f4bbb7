"""What a blank means in each field: a value of its own, or one that is not known, whose row cannot be trained on."""

from collections.abc import Sequence

import numpy as np

from churn_trainer.inspect.fields import Draft

# Where more are blank, being blank says something; and more rows than this may not be set aside.
MOST = 0.01


def decide(fields: Sequence[Draft]) -> None:
    """Set for each field whether a blank is a value.

    It is where more than 1 % is blank. Of the other fields, those with the fewest blanks keep them unknown as long as
    fewer than 1 % of the rows have any.
    """
    for field in fields:
        field.blank_is_value = field.column.blank_share > MOST or (field.rule is not None and not field.rule.implies)
    _drop_roles(fields)
    lost = np.zeros(len(fields[0].column) if fields else 0, np.bool_)
    for field in fields:
        lost |= field.faulty
    unknown = [field for field in fields if not field.blank_is_value and field.column.blank.any() and not field.product]
    for field in sorted(unknown, key=lambda one: (one.role is None, one.column.blank_share)):
        more = lost | field.column.blank
        if more.mean() < MOST:
            lost = more
        else:
            field.blank_is_value = True
            _drop_roles([field])


def _drop_roles(fields: Sequence[Draft]) -> None:
    """A number that the product reckons with is never blank."""
    for field in fields:
        if field.blank_is_value and field.role is not None:
            field.marks["blank"] = f"as a {field.role} it would have to be known for nearly everybody"
            field.role = None
