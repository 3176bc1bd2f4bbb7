"""The folder that people put their table into: whether the table is there and readable, or under another name."""

import os
import stat
from pathlib import Path

from churn_trainer.errors import DataNotReadable, draft_of

# Endings of the files that people save tables as.
_TABLES = (".csv", ".tsv", ".txt", ".xlsx", ".xls", ".parquet", ".gz", ".zip")

# How many names a message lists.
_MOST_NAMES = 5


def is_readable(path: Path) -> bool:
    """Whether there is a file. Raises DataNotReadable with the remedy if there is one that cannot be read."""
    try:
        kind = path.stat().st_mode
        if not stat.S_ISREG(kind):
            raise DataNotReadable(str(path), "is a folder, not a file" if stat.S_ISDIR(kind) else "is no file", _BOUND)
        with path.open("rb") as file:
            file.read(1)
    except (FileNotFoundError, NotADirectoryError):
        if path.is_symlink():
            target = path.readlink()
            raise DataNotReadable(str(path), f"is a link to {target}, which is not there", "Mend the link.") from None
        return False
    except PermissionError as error:
        raise _denied(path) from error
    except OSError as error:
        reason = f"cannot be read ({error.strerror or type(error).__name__})"
        raise DataNotReadable(str(path), reason, "Check the disk, or what it is mounted from.") from error
    return True


_BOUND = "Docker makes a folder where it is told to bind a file that is not there: put the table in its place."


def tables_beside(path: Path, *, drafted: bool) -> str:
    """A sentence about tables with other names in the folder of `path`, with the remedy; empty if there are none.

    `drafted` is whether the remedy may be a declaration of such a table, which is for a run without one.
    """
    folder = path.parent
    try:
        names = sorted(entry.name for entry in os.scandir(folder) if _is_table(entry, path.name))
    except OSError:  # no such folder, or no permission, which `is_readable` reports
        return ""
    if not names:
        return ""
    shown = ", ".join(names[:_MOST_NAMES]) + (" and others" if len(names) > _MOST_NAMES else "")
    told = f"{folder} holds {shown}, but a table is only read there by the name of {path.name}: rename yours"
    if drafted:
        return f"{told}, or, if it is not IBM's table, {draft_of(str(folder / names[0]))}."
    return f"{told}, or write its name as file in the declaration."


def _is_table(entry: "os.DirEntry[str]", expected: str) -> bool:
    name = entry.name.lower()
    return entry.name != expected and not name.startswith("readme") and name.endswith(_TABLES) and entry.is_file()


def _denied(path: Path) -> DataNotReadable:
    """The error that names what this process may not read: the file, or a folder above it."""
    for folder in reversed(path.parents):
        if not _may(folder, os.X_OK):
            reason = f"may not be entered by {_user()}{_owned(folder)}, so {path.name} in it cannot be read"
            return DataNotReadable(str(folder), reason, f"Open it: chmod o+rx {folder}")
    if not _may(path, os.R_OK):
        return DataNotReadable(
            str(path), f"may not be read by {_user()}{_owned(path)}", f"Let it be read: chmod o+r {path}"
        )
    return DataNotReadable(
        str(path),
        f"may not be read by {_user()}, although its mode allows it",
        "Where SELinux is on, bind its folder with :z (CHURN_DATA_DIR in compose.yaml).",
    )


def _may(path: Path, mode: int) -> bool:
    return os.access(path, mode, effective_ids=os.access in os.supports_effective_ids)


def _user() -> str:
    return f"user {os.geteuid()}"


def _owned(path: Path) -> str:
    about = path.stat()
    return f" (owner {about.st_uid}, mode {stat.S_IMODE(about.st_mode):03o})"
