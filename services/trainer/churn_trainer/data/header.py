"""Checking the header of a customer table: every needed column is there once, and none gives the outcome away."""

from collections.abc import Callable, Sequence

from churn.customer.columns import fold
from churn.schema import Schema
from churn_trainer.data import outcome
from churn_trainer.data.declared import is_built_in
from churn_trainer.data.outcome import Outcome
from churn_trainer.errors import BrokenTable, draft_of

# A line with so many of them in its only cell is a header, but not of the fields by which separators are recognised.
_OTHER_DELIMITERS = (";", "\t", "|")
_FEW_CELLS = 3

# A table of IBM's customers may lack so many columns; one that lacks more is another table.
_MOST_MISSING = 3

# How many names a message lists, and how long a name may be there, so that wide tables get readable messages too.
_MOST_NAMES = 20
_MAX_CHARACTERS = 60

# The byte order mark; joined exports can have two of them.
_OUTER = "\ufeff"


def check(cells: list[str], table: str, repair: Callable[[str], None], schema: Schema) -> list[str]:
    """The schema's name of each column, empty for a column that is left out.

    `repair` is called with a sentence for each thing that was read differently than written. Raises BrokenTable with
    every fault; `table` is the table's name in it.
    """
    names = [cell.strip().strip(_OUTER).strip() for cell in cells]
    if not any(names):
        raise BrokenTable(table, ["It is empty; a header row and customers are needed."])
    found = outcome.find(names, schema)
    known = [schema.column_names.field_of(name) or "" for name in names]
    if found.column is not None:
        known[found.column] = schema.outcome
    faults = _shape_faults(names) or _other_table(names, known, found, schema, table)
    faults = faults or [
        *_leaks(found, schema),
        *_missing(names, known, found, schema, table),
        *_outcome_faults(found, schema),
        *_repeated(names, known),
    ]
    if faults:
        raise BrokenTable(table, faults)
    _tell(cells, names, known, repair, schema)
    return known


def _tell(cells: list[str], names: list[str], known: list[str], repair: Callable[[str], None], schema: Schema) -> None:
    if names != cells:
        repair("header: outer blanks removed")
    if turned := [f"{_shown(old)} as {new}" for old, new in zip(names, known, strict=True) if new not in ("", old)]:
        repair(f"header: {_listed(turned)}")
    declared = {fold(column) for column in schema.leave_out}
    left_out, extra = list[str](), list[str]()
    for place, (name, new) in enumerate(zip(names, known, strict=True), 1):
        if not new:
            (left_out if fold(name) in declared else extra).append(_shown(name) or f"column {place}, which has no name")
    if left_out:
        repair(f"columns left out as declared: {_listed(left_out)}")
    if extra:
        repair(f"extra columns left out: {_listed(extra)}")


def _shown(name: str) -> str:
    """A name as it stands in a message: in one line and shortened."""
    text = " ".join(name.split())
    return text if len(text) <= _MAX_CHARACTERS else text[: _MAX_CHARACTERS - 1] + "…"


def _listed(texts: Sequence[str], between: str = ", ") -> str:
    rest = len(texts) - _MOST_NAMES
    return between.join(texts[:_MOST_NAMES]) + (f" and {rest:,} more" if rest > 0 else "")


def _shape_faults(names: list[str]) -> list[str]:
    if names[0].startswith("<<<<<<<"):
        return ["It holds both sides of a merge conflict: its first line is “<<<<<<<”. Resolve the conflict first."]
    return []


def _other_table(names: list[str], known: list[str], found: Outcome, schema: Schema, table: str) -> list[str]:
    """A sentence about a table whose customers are not those of the schema, with the remedy; empty if they may be.

    Those of the shipped schema are IBM's. Of another schema some field is there, or it is the wrong table.
    """
    lacking = [name for name in schema.fields if name not in known]
    likely = any(schema.column_names.likely(name) in schema.fields for name in names)
    shown = next((names[0].split(mark) for mark in _OTHER_DELIMITERS if names[0].count(mark) >= _FEW_CELLS), names)
    columns = f"its {len(shown):,} columns ({_listed([*map(_shown, shown)])})"
    if not likely and (len(shown) == 1 or any(map(_is_number, names))):
        wanted = ",".join((schema.id, *schema.fields, schema.outcome))
        return [f"It has no header row with the data set's names; the first line must be {wanted}."]
    if is_built_in(schema):
        there, certain = len(schema.fields) - len(lacking), found.column is not None
        told = f"It is not IBM's table: {there} of the {len(schema.fields)} fields of that one are among {columns}"
        outcomes = [*map(_shown, [names[found.column]] if found.column is not None else found.candidates)]
        told += f", {_listed(outcomes, ' or ')} says who left" if outcomes else ""
        return [f"{told}; {draft_of(table)}."] if len(lacking) > _MOST_MISSING * certain else []
    told = f"It is not the table that {schema.name} declares: none of the fields is among {columns}"
    return [] if likely else [f"{told}; put that one in its place, or {draft_of(table)}."]


def _leaks(found: Outcome, schema: Schema) -> list[str]:
    """A sentence about columns that would give a model the answer, other than the outcome itself."""
    remedy = "remove them" if found.column is not None else f"once there is a column {schema.outcome}, remove them"
    names = _listed([*map(_shown, found.leaks)])
    return [f"It has columns that give the answer away ({names}): {remedy}."] if found.leaks else []


def _missing(names: list[str], known: list[str], found: Outcome, schema: Schema, table: str) -> list[str]:
    likely = schema.column_names.likely
    missing = [name for name in (*schema.fields, schema.outcome) if name not in known]
    if not missing:
        return []
    meant = {
        name: [other for other, of in zip(names, known, strict=True) if not of and likely(other) == name]
        for name in schema.fields
    }
    meant[schema.outcome] = found.candidates
    hints = ", ".join(f"{name}{_hint(meant[name])}" for name in missing)
    told = f"Missing columns: {hints}."
    if not is_built_in(schema):
        remedy = "Write the names that they have here among the columns of their fields, or take the fields out."
        return [f"{told} {remedy}"]
    if any(meant[name] for name in missing):
        told += " Rename what is meant."
    return [told if missing == [schema.outcome] else f"{told} If it is not IBM's table, {draft_of(table)}."]


def _hint(meant: list[str]) -> str:
    quoted = [f"'{_shown(name)}'" for name in meant]
    return f" (is it {_listed(quoted, ' or ')}?)" if quoted else ""


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()


def _outcome_faults(found: Outcome, schema: Schema) -> list[str]:
    """A sentence where the outcome is there, but reversed or in more than one column."""
    if found.column is not None:
        return []
    if found.turned and not found.candidates:
        name = _shown(found.turned[0])
        return [
            f"“{name}” says who stayed, not who left: make a column {schema.outcome} of it, with Yes where it is No."
        ]
    if len(found.candidates) > 1:
        names = _listed([*map(_shown, found.candidates)])
        remedy = f"keep one, called {schema.outcome}, and remove the others."
        return [f"More than one column may say who left ({names}): {remedy}"]
    return []


def _repeated(names: list[str], known: list[str]) -> list[str]:
    repeated = []
    for name in sorted({name for name in known if name and known.count(name) > 1}):
        spelled = [_shown(other) for other, of in zip(names, known, strict=True) if of == name]
        repeated.append(name if set(spelled) == {name} else f"{name} ({_listed(spelled)})")
    return [f"Repeated columns: {', '.join(repeated)}; keep one of each."] if repeated else []
