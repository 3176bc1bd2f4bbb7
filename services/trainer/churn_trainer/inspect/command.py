"""The command that drafts a declaration from a table, writes it, and lists what a person has to decide."""

import sys
from pathlib import Path

from churn.schema import built_in, load_schema
from churn_trainer.console import Console
from churn_trainer.data.declared import NAME
from churn_trainer.errors import BrokenTable, DraftNotWritten
from churn_trainer.inspect import blanks, summary, toml
from churn_trainer.inspect.draft import Table, draft
from churn_trainer.inspect.reading import Sheet, read


def inspect(file: Path, out: str | None, outcome: str | None, console: Console, *, force: bool) -> None:
    """Draft the declaration of the table in `file`.

    It is written to `out`, "-" for standard output, else beside the table; a file that is there is replaced only with
    `force`. `outcome` names the outcome's column. What was found and what a person has to decide is told on `console`.
    """
    target = Path(out).expanduser() if out else file.parent / NAME
    if out != "-" and target.exists() and not force:
        raise DraftNotWritten(str(target), "is there already", "Name another file (OUT=), or replace it (FORCE=1).")
    sheet = read(file)
    table = draft(sheet, outcome)
    text = toml.text(table, file.name)
    for sentence in summary.sentences(table, sheet.notes, file.name):
        console.say(sentence)
    if not table.fields:
        raise BrokenTable(file.name, ["No column is left that can be a field of a customer; the reasons stand above."])
    if out == "-":
        Console(sys.stdout).say(text.removesuffix("\n"))
    else:
        _write(target, text)
    _conclude(console, sheet, table, text, "standard output" if out == "-" else str(target))


def _write(target: Path, text: str) -> None:
    try:
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise DraftNotWritten(
            str(target), f"cannot be written ({error.strerror})", "Name another file (OUT=)."
        ) from error


def _conclude(console: Console, sheet: Sheet, table: Table, text: str, target: str) -> None:
    """Say where the draft is and what to do next."""
    told = f"The draft is in {target}; lines with {summary.MARK} want a person."
    if table.outcome.doubt:
        console.say(f"{told} A training refuses it until its outcome is written.")
    else:
        load_schema(text, target)
        share = table.faulty_share
        taken = f"would set aside {share:.1%} of the rows and refuses the table: answer what is asked above first"
        taken = taken if share > blanks.MOST else "takes it as it is, and makes do with what it guesses"
        console.say(f"{told} A training {taken}.")
    if _is_built_in(sheet):
        console.say(
            "This is IBM's table, which the built-in declaration reads: without a customer.toml it is trained on."
        )


def _is_built_in(sheet: Sheet) -> bool:
    telco = built_in("telco")
    known = {telco.column_names.field_of(column.name) for column in sheet.columns}
    return {*telco.fields, telco.id, telco.outcome} <= known
