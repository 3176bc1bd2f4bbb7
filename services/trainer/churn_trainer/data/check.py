"""Whether a table as a whole is fit to train on: enough customers, both outcomes, few faulty rows."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from churn.schema import Schema
from churn_trainer.data.declared import is_built_in
from churn_trainer.data.prepare import Prepared
from churn_trainer.data.table import Findings, Table
from churn_trainer.errors import BrokenTable
from churn_trainer.settings import TrainerSettings

# In a smaller table, the customers of a fold would be too few to tell models apart.
MIN_ROWS = 500

# Each outcome has to be in every part of the split and in every fold, several times over.
MIN_CUSTOMERS_PER_OUTCOME = 50

# Customers of each outcome in the test part and in each fold. An AUC on fewer is luck, and without any it is undefined.
MIN_TESTED = 5

# An outcome of IBM's customers that is rarer than this comes from a broken export rather than from churn. In a table of
# one's own it may be those who left within a month.
MIN_SHARE = 0.01

# A few faulty rows are set aside and reported; more of them mean that the export itself is broken.
MAX_FAULTY_SHARE = 0.01

# More kinds of fault than this would make a message too long to read.
MAX_KINDS = 5


def check(table: Table, findings: Findings, name: str) -> None:
    """Raises BrokenTable with every reason not to train on the table; otherwise counts rows set aside as repairs.

    `name` is the table's in messages.
    """
    # With many faulty rows, the size and outcomes of the remaining rows say nothing about the table.
    faults = list(_row_faults(findings)) or [
        *_size_faults(table, findings),
        *_outcome_faults(table),
        *_constant_columns(table),
    ]
    if faults:
        raise BrokenTable(name, faults)
    if findings.faulty_rows:
        findings.repair("rows with faults set aside", findings.faulty_rows)
    _note_uninformative(table, findings)


def check_parts(prepared: Prepared, settings: TrainerSettings, name: str) -> None:
    """Raises BrokenTable if the test part or a fold of the comparison has too few customers of an outcome."""
    faults = [*_test_faults(prepared), *_fold_faults(prepared, settings)]
    if faults:
        raise BrokenTable(name, faults)


def _test_faults(prepared: Prepared) -> Iterator[str]:
    split, schema = prepared.split, prepared.table.schema
    for label, count in _outcomes(prepared.churn[split.test], schema):
        if count < MIN_TESTED:
            repeated = f" {len(split.repeated):,} more equal a customer of the other parts: is each exported once?"
            yield (
                f"Of the {len(split.test):,} customers that are kept for the test {count:,} have {schema.outcome} "
                f'"{label}"; at least {MIN_TESTED} are needed.{repeated if len(split.repeated) else ""}'
            )


def _fold_faults(prepared: Prepared, settings: TrainerSettings) -> Iterator[str]:
    rows, schema = prepared.compared(settings.cv_max_rows), prepared.table.schema
    names, group = np.unique(prepared.groups(rows), return_inverse=True)
    # As folds are stratified: who ever left counts as one who left.
    churned = np.bincount(group, weights=prepared.churn[rows]) > 0
    for label, count in _outcomes(churned.astype(np.int8), schema):
        if count < MIN_TESTED * settings.cv_folds:
            yield (
                f'{schema.outcome} is "{label}" for {count:,} of the {len(names):,} different customers that models '
                f"are compared on; {settings.cv_folds} folds need {MIN_TESTED * settings.cv_folds}. "
                "Lower CHURN_CV_FOLDS, or raise CHURN_CV_MAX_ROWS."
            )


def _outcomes(churn: NDArray[np.int8], schema: Schema) -> Iterator[tuple[str, int]]:
    yield schema.stayed[0], int(np.count_nonzero(churn == 0))
    yield schema.left[0], int(np.count_nonzero(churn == 1))


def _row_faults(findings: Findings) -> Iterator[str]:
    if findings.faulty_rows > MAX_FAULTY_SHARE * findings.rows:
        share = findings.faulty_rows / findings.rows
        allowed = f"{MAX_FAULTY_SHARE:.0%} may be set aside"
        yield f"{findings.faulty_rows:,} of {findings.rows:,} rows ({share:.1%}) have faults; {allowed}."
        worst = sorted(findings.faults.values(), key=lambda fault: -fault.count)
        yield from (fault.sentence() for fault in worst[:MAX_KINDS])
        if len(worst) > MAX_KINDS:
            yield f"And {len(worst) - MAX_KINDS} other kinds of fault."


def _size_faults(table: Table, findings: Findings) -> Iterator[str]:
    if len(table) < MIN_ROWS:
        others = f" of {findings.rows:,}" if findings.rows > len(table) else ""
        yield f"It has {len(table):,} usable rows{others}; at least {MIN_ROWS} are needed."


def _outcome_faults(table: Table) -> Iterator[str]:
    share = MIN_SHARE if is_built_in(table.schema) else 0
    for label, count in _outcomes(table.churn, table.schema):
        if count == 0:
            yield f'{table.schema.outcome} is never "{label}"; customers of both kinds are needed.'
        elif count < max(MIN_CUSTOMERS_PER_OUTCOME, share * len(table)):
            least = f"at least {MIN_CUSTOMERS_PER_OUTCOME}{f' and {share:.0%}' if share else ''} are needed"
            yield f'{table.schema.outcome} is "{label}" in {count:,} of {len(table):,} rows; {least}.'


def _constant(table: Table) -> Iterator[str]:
    for name, column in zip(table.schema.fields, table.customers, strict=True):
        if len(column) and np.array_equal(column, np.full_like(column, column[0]), equal_nan=True):
            yield name


def _constant_columns(table: Table) -> Iterator[str]:
    """A sentence if a number never changes, which is a broken export; a category may have one value in a company."""
    constant = [name for name in _constant(table) if name in table.schema.numbers]
    if constant:
        remedy = "" if is_built_in(table.schema) else ", or take it out of the fields"
        yield f"The same value in every row: {', '.join(constant)}; check how the table was exported{remedy}."


def _note_uninformative(table: Table, findings: Findings) -> None:
    for name in _constant(table):
        findings.repair(f"{name}: one value only, nothing to learn from", 0)
