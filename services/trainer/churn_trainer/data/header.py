"""Checking the header of a customer table: every needed column is there once, and none gives the outcome away."""

from collections.abc import Callable, Sequence

from churn.schema import Schema
from churn_trainer.data import outcome
from churn_trainer.data.outcome import Outcome
from churn_trainer.errors import BrokenTable

_OTHER_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars"}

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
    faults = _shape_faults(names, schema) or [
        *_leaks(found, schema),
        *_missing(names, known, found, schema),
        *_outcome_faults(found, schema),
        *_repeated(names, known),
    ]
    if faults:
        raise BrokenTable(table, faults)
    _tell(cells, names, known, repair)
    return known


def _tell(cells: list[str], names: list[str], known: list[str], repair: Callable[[str], None]) -> None:
    if names != cells:
        repair("header: outer blanks removed")
    if turned := [f"{_shown(old)} as {new}" for old, new in zip(names, known, strict=True) if new not in ("", old)]:
        repair(f"header: {_listed(turned)}")
    extra = [
        _shown(name) or f"column {place}, which has no name"
        for place, (name, new) in enumerate(zip(names, known, strict=True), 1)
        if not new
    ]
    if extra:
        repair(f"extra columns left out: {_listed(extra)}")


def _shown(name: str) -> str:
    """A name as it stands in a message: in one line and shortened."""
    text = " ".join(name.split())
    return text if len(text) <= _MAX_CHARACTERS else text[: _MAX_CHARACTERS - 1] + "…"


def _listed(texts: Sequence[str], between: str = ", ") -> str:
    rest = len(texts) - _MOST_NAMES
    return between.join(texts[:_MOST_NAMES]) + (f" and {rest:,} more" if rest > 0 else "")


def _shape_faults(names: list[str], schema: Schema) -> list[str]:
    if names[0].startswith("<<<<<<<"):
        return ["It holds both sides of a merge conflict: its first line is “<<<<<<<”. Resolve the conflict first."]
    if len(names) > 1:
        return []
    for delimiter, words in _OTHER_DELIMITERS.items():
        if names[0].count(delimiter) >= len(schema.fields):
            return [f"Its cells are separated by {words}; save it with commas."]
    return []


def _leaks(found: Outcome, schema: Schema) -> list[str]:
    """A sentence about columns that would give a model the answer, other than the outcome itself."""
    remedy = "remove them" if found.column is not None else f"once there is a column {schema.outcome}, remove them"
    names = _listed([*map(_shown, found.leaks)])
    return [f"It has columns that give the answer away ({names}): {remedy}."] if found.leaks else []


def _missing(names: list[str], known: list[str], found: Outcome, schema: Schema) -> list[str]:
    likely = schema.column_names.likely
    missing = [name for name in (*schema.fields, schema.outcome) if name not in known]
    if not missing:
        return []
    meant = {
        name: [other for other, of in zip(names, known, strict=True) if not of and likely(other) == name]
        for name in schema.fields
    }
    meant[schema.outcome] = found.candidates
    if not any(name in known for name in schema.fields) and not any(meant[name] for name in schema.fields):
        return [_of_another_kind(names, schema)]
    hints = [f"{name}{_hint(meant[name])}" for name in missing]
    rename = " Rename what is meant." if any(meant[name] for name in missing) else ""
    return [f"Missing columns: {', '.join(hints)}.{rename}"]


def _hint(meant: list[str]) -> str:
    quoted = [f"'{_shown(name)}'" for name in meant]
    return f" (is it {_listed(quoted, ' or ')}?)" if quoted else ""


def _of_another_kind(names: list[str], schema: Schema) -> str:
    wanted = ",".join((schema.id, *schema.fields, schema.outcome))
    if len(names) > 1 and not any(_is_number(name) for name in names):
        return (
            f"It is a table of another kind: none of the fields that are needed is among its {len(names):,} columns "
            f"({_listed([*map(_shown, names)])}). The first line must be {wanted}."
        )
    return f"It has no header row with the data set's names; the first line must be {wanted}."


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
