"""What a draft says and leaves to a person, in sentences for the terminal."""

from collections.abc import Iterator

from churn_trainer.inspect.draft import Table
from churn_trainer.inspect.fields import Draft

MARK = "???"
"""What stands in a comment on every line of a draft that wants a person."""


def sentences(table: Table, notes: list[str], file: str) -> Iterator[str]:
    """What was found in the table, then what a person has to decide."""
    yield f"{file}: {table.rows:,} customers. {_outcome(table)}"
    yield (
        f'Each customer is known by "{table.id.name}".'
        if table.id
        else "No column is a customer's id; answers have none."
    )
    yield from notes
    if table.unread:
        yield f"Columns that cannot be read, as they have no name of their own: {', '.join(table.unread)}."
        if any(name.endswith("(again)") for name in table.unread):
            yield "Give each field a name of its own before the table is trained on."
    if others := [name for name in table.left_out if name not in table.leaks]:
        yield "Left out:"
        yield from (f'  "{name}": {table.left_out[name]}.' for name in others)
    questions = list(_questions(table))
    yield f"A person has to decide ({len(questions)}):"
    yield from (f"  {number}. {question}" for number, question in enumerate(questions, 1))


def _outcome(table: Table) -> str:
    found, gone = table.outcome, table.outcome.gone
    if found.column is None or found.doubt or gone is None:
        return "Who of them left is not clear."
    counted = found.counted
    told = f'{gone[counted].mean():.1%} left: "{found.column.name}" is {" or ".join(found.meaning.left)}.'
    if found.meaning.set_aside:
        aside = int((~counted & ~found.column.blank).sum())
        told += f" {aside:,} neither left nor stayed ({', '.join(found.meaning.set_aside)})."
    return told


def _faults(field: Draft) -> Iterator[str]:
    """What a training cannot read in the column of a number."""
    unclear = int(field.column.unclear.sum()) if field.is_number else 0
    if unclear:
        yield (
            f'"{field.name}": in {unclear:,} rows, as in {_unclear(field)}, is the comma a decimal one, or does it '
            "part thousands? Write the numbers without it, and draft again."
        )
    if others := int(field.faulty.sum()) - unclear:
        yield (
            f'"{field.name}" is no number, or not between {field.low:g} and {field.high:g}, in {others:,} rows, which '
            "are set aside: how is it there?"
        )


def _unclear(field: Draft) -> str:
    return str(field.column.texts[int(field.column.codes[int(field.column.unclear.argmax())])])


def _questions(table: Table) -> Iterator[str]:
    if table.outcome.doubt:
        yield f"{table.outcome.doubt} Until then nothing can be trained; OUTCOME= names the column for another draft."
    yield from (
        f'"{name}" is left out: {table.left_out[name]}. If it was known before the customer left, make it a field.'
        for name in table.leaks
    )
    if table.outcome.column is not None and (share := table.outcome.column.blank_share) > 0:
        name = table.outcome.column.name
        yield f'"{name}" is blank in {share:.1%} of the rows, which cannot be trained on; more than 1% stop it.'
    if table.id is not None and (again := int(table.id.counts.sum()) - len(table.id.texts)):
        yield f'"{table.id.name}" is in {again:,} rows again: a training takes one row for each customer, so keep one.'
    for field in table.fields:
        yield from _faults(field)
        yield from (
            f'"{field.name}": {question}.'.replace("?.", "?") for key, question in field.marks.items() if key != "high"
        )
    if table.outcome.meaning.set_aside:
        aside = ", ".join(table.outcome.meaning.set_aside)
        yield f"Whether {aside} is neither left nor stayed (`set_aside`): these rows are not trained on."
    yield "Within how many months those who left did so (`label_window_months`): that is what a probability is about."
    ranges = [field.name for field in table.fields if field.is_number]
    if ranges:
        yield f"The range of each number ({', '.join(ranges)}): it was rounded up from what was seen."
    if any(field.money for field in table.fields):
        yield "The currency of the amounts (`currency`)."
    if protected := [field.name for field in table.fields if field.protected]:
        yield (
            f"Whether people may be told apart by {', '.join(protected)}: the model card compares their groups "
            "(`protected`)."
        )
    required = [field.name for field in table.fields if field.required]
    yield f"Which fields every caller must send: now {', '.join(required) or 'none'}."
    yield "What may be offered to keep a customer (`offers`): now nothing."
    yield "Titles, groups and words: they are made from the names of the columns."
