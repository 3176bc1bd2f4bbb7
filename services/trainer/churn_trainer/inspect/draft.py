"""Drafting a whole declaration: outcome, id, what is left out and why, and the fields."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from churn_trainer.data.outcome import folded_name
from churn_trainer.inspect import (
    blanks,
    column_auc,
    fields,
    identity,
    implied,
    leaks,
    names,
    outcome,
    redundant,
    useless,
)
from churn_trainer.inspect.column import Column, cleaned
from churn_trainer.inspect.fields import Draft
from churn_trainer.inspect.outcome import Outcome
from churn_trainer.inspect.reading import Sheet

# A declaration may have as many fields.
_MOST_FIELDS = 64

# How many of the fields that tell most every caller has to send, besides those with a role.
_STRONGEST = 2

# A total is the product of two numbers if it differs from that by less for half of the customers.
_NEAR = 0.1

_MONTHLY, _TWO_YEARS = ("monthtomonth", "monthly", "month"), ("twoyear", "twoyears", "2year", "2years", "24months")


@dataclass(slots=True)
class Table:
    """A drafted declaration. `left_out` has the reason by column; of `leaks` a person should look at it.

    `aucs` says how well each column alone tells the outcome; empty without one. `unread` are columns that no
    declaration can name, as they have no name of their own.
    """

    outcome: Outcome
    id: Column | None
    rows: int
    fields: list[Draft] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    leaks: list[str] = field(default_factory=list)
    aucs: dict[str, float] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    expect: tuple[str, str, str] | None = None

    @property
    def faulty_share(self) -> float:
        """The share of the rows, 0 to 1, that a training would set aside as faulty; 0 without an outcome."""
        faulty = np.zeros(self.rows, np.bool_)
        for one in self.fields:
            unknown = not one.blank_is_value and not one.product
            faulty |= one.faulty | (one.column.blank & unknown)
        if self.id is not None:
            known = ~self.id.blank
            again = np.ones(self.rows, np.bool_)
            again[np.unique(self.id.codes, return_index=True)[1]] = False
            faulty |= again & known
        outcome = self.outcome.column
        return float(((faulty & self.outcome.counted) | outcome.blank).mean()) if outcome else 0.0


def draft(sheet: Sheet, named: str | None = None) -> Table:
    """The draft of the table's declaration; `named` is the outcome's column, if a person has named it."""
    columns, unread = _distinct([cleaned(column) for column in sheet.columns])
    found = outcome.find(columns, named)
    others = [column for column in columns if column is not found.column]
    customer_id = identity.find([column for column in others if column.name not in found.same])
    table = Table(found, customer_id, sheet.rows, unread=unread)
    kept = _useful([column for column in others if column is not customer_id], table)
    for name, reason in redundant.find(kept).items():
        table.left_out[name] = reason
    _draft_fields([column for column in kept if column.name not in table.left_out], table)
    return table


def _distinct(columns: Sequence[Column]) -> tuple[list[Column], list[str]]:
    """The columns with a name of their own, but for case and separators, and what to call the others."""
    seen: set[str] = set()
    kept, unread = [], []
    for place, column in enumerate(columns, 1):
        name = folded_name(column.name) if column.name.isprintable() else ""
        if not name or name in seen:
            unread.append(f'"{column.name}" (again)' if name else f"column {place}, which has no name")
        else:
            kept.append(column)
        seen.add(name)
    return kept, unread


def _useful(columns: Sequence[Column], table: Table) -> list[Column]:
    """The columns that may be fields; the reasons against the others are put into `table`."""
    gone = table.outcome.gone
    counted = table.outcome.counted if gone is not None else np.ones(table.rows, np.bool_)
    kept = []
    for column in columns:
        leak = None
        if gone is not None:
            part = column if counted.all() else column.taken(counted)
            table.aucs[column.name] = column_auc.auc(part, gone[counted])
            leak = leaks.reason(part, gone[counted], table.aucs[column.name])
        if column.name in table.outcome.same:
            leak = f"the outcome once more ({table.outcome.column.name})" if table.outcome.column else None
        reason = leak or useless.reason(column)
        if leak:
            table.leaks.append(column.name)
        if reason:
            table.left_out[column.name] = reason
        else:
            kept.append(column)
    return kept


def _draft_fields(columns: Sequence[Column], table: Table) -> None:
    for column in columns:
        drafted = fields.draft(column)
        if isinstance(drafted, str):
            table.left_out[column.name] = drafted
        else:
            table.fields.append(drafted)
    _keep_strongest(table)
    _imply(table.fields)
    _give_roles(table.fields)
    blanks.decide(table.fields)
    _require(table)
    table.expect = _expectation(table)


def _keep_strongest(table: Table) -> None:
    """Leave out the fields that tell least, if there are more than a declaration may have."""
    ranked = sorted(table.fields, key=lambda one: -table.aucs.get(one.name, 0))
    for weak in ranked[_MOST_FIELDS:]:
        figure = f" (AUC {table.aucs[weak.name]:.2f} alone)" if weak.name in table.aucs else ""
        table.left_out[weak.name] = f"one of the weakest; there is room for {_MOST_FIELDS} fields{figure}"
    table.fields = [one for one in table.fields if one.name not in table.left_out]


def _imply(drafts: Sequence[Draft]) -> None:
    by_name = {one.name: one for one in drafts}
    for name, rule in implied.find([one.column for one in drafts]).items():
        child, parent = by_name[name], by_name[rule.field]
        value = rule.value.removesuffix(".0") if parent.flag else rule.value
        if child.is_number:
            child.marks["blank"] = f"it is blank exactly where {rule.field} is {value}"
        elif not parent.is_number and value in parent.values and (not rule.implies or rule.implies in child.values):
            child.rule = rule._replace(value=value)


def _give_roles(drafts: Sequence[Draft]) -> None:
    """Give the roles by name, each to the first number that has it and is known for nearly everybody."""
    by_role: dict[str, Draft] = {}
    for role, is_named in names.ROLES.items():
        for one in drafts:
            known = one.is_number and not one.protected and one.column.blank_share <= blanks.MOST
            if known and is_named(folded_name(one.name)) and role not in by_role:
                by_role[role], one.role, one.group = one, role, fields.BILLS
    if "tenure" in by_role and by_role["tenure"].low <= -1:  # nobody is a customer for less than no time
        by_role["tenure"].begin_with(0.0)
    if len(by_role) == len(names.ROLES) and _is_product(*by_role.values()):
        tenure, monthly, total = by_role.values()
        total.product = (tenure.name, monthly.name)


def _is_product(first: Draft, second: Draft, total: Draft) -> bool:
    expected, amounts = first.column.amounts * second.column.amounts, total.column.amounts
    known = ~np.isnan(expected) & ~np.isnan(amounts) & (amounts > 0)
    return bool(known.any()) and float(np.median(np.abs(expected[known] / amounts[known] - 1))) < _NEAR


def _require(table: Table) -> None:
    """Require the numbers with a role and the strongest fields, if they are never blank."""
    never_blank = [
        one
        for one in table.fields
        if not one.column.blank.any() and not one.rule and not one.product and not one.protected
    ]
    ranked = sorted(never_blank, key=lambda one: -table.aucs.get(one.name, 0))
    for one in never_blank:
        one.required = one.role is not None or (one in ranked[:_STRONGEST] and one.name in table.aucs)


def _expectation(table: Table) -> tuple[str, str, str] | None:
    """A field with contracts by the month and for two years, and the two values, if the customers agree with it."""
    gone = table.outcome.gone
    if gone is None or not table.outcome.meaning.left:
        return None
    counted = table.outcome.counted
    for one in table.fields:
        ends = [
            next((value for value in one.values if folded_name(value) in words), None)
            for words in (_MONTHLY, _TWO_YEARS)
        ]
        if ends[0] and ends[1]:
            texts = list(one.column.texts)
            short, long = (gone[counted & (one.column.codes == texts.index(value))].mean() for value in ends if value)
            if long < short:
                return one.name, ends[0], ends[1]
    return None
