"""Columns that give the outcome away: they tell it alone, by being blank, or by what they are called."""

from churn_trainer.data.outcome import folded_name
from churn_trainer.inspect import column_auc, identity, names
from churn_trainer.inspect.column import Column
from churn_trainer.inspect.column_auc import Mask

# No field that is known beforehand tells the outcome as well alone.
_ALONE = 0.9
_BLANK = 0.8


def reason(column: Column, left: Mask, auc: float) -> str | None:
    """Why the column may not be known before the outcome, with the figure that says so; None if nothing says so.

    `auc` is that of the column alone for the outcome `left` of the same rows.
    """
    if identity.counts_up(column):
        return None
    by_blank = column_auc.auc_of_blanks(column, left)
    if by_blank >= _BLANK:
        return f"whether it is blank tells the outcome (AUC {by_blank:.2f} alone)"
    if auc >= _ALONE:
        return f"it tells the outcome alone (AUC {auc:.2f})"
    if names.KNOWN_AFTERWARDS(folded_name(column.name)):
        return f"by its name it is known only afterwards, or another model's (AUC {auc:.2f} alone)"
    return None
