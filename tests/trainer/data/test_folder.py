"""The folder that people put their table into."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.telco import TELCO

from churn_trainer.data.folder import is_readable, tables_beside
from churn_trainer.errors import DataNotReadable

NAME, STRANGER = TELCO.file, 65_534


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that everybody may enter, with a table in it."""
    path = Path(tempfile.mkdtemp(prefix="table-"))
    path.chmod(0o755)
    (path / NAME).write_bytes(b"customerID\n")
    yield path
    path.chmod(0o755)
    shutil.rmtree(path)


@contextmanager
def stranger() -> Iterator[int]:
    """As somebody whom no mode is waived for: tests may be run by root."""
    if os.geteuid():
        yield os.geteuid()
        return
    os.seteuid(STRANGER)
    try:
        yield STRANGER
    finally:
        os.seteuid(0)


def told(path: Path) -> str:
    with stranger(), pytest.raises(DataNotReadable) as error:
        is_readable(path)
    return error.value.message


def test_a_file_that_may_be_read_is_there(folder):
    assert is_readable(folder / NAME)


@pytest.mark.parametrize("path", ["other.csv", "nowhere/other.csv", f"{NAME}/other.csv"])
def test_a_file_that_is_not_there_is_none(folder, path):
    assert not is_readable(folder / path)


@pytest.mark.parametrize("mode", [0o600, 0o200, 0o000])
def test_a_file_that_may_not_be_read_is_told_with_user_mode_and_remedy(folder, mode):
    path = folder / NAME
    path.chmod(mode & 0o277 if os.geteuid() else mode)
    message = told(path)
    user = STRANGER if os.geteuid() == 0 else os.geteuid()
    assert message.startswith(f"{path} may not be read by user {user} (owner {path.stat().st_uid}, mode ")
    assert f"mode {path.stat().st_mode & 0o777:03o})" in message
    assert message.endswith(f"Let it be read: chmod o+r {path}")


def test_a_closed_folder_is_told_with_user_mode_and_remedy(folder):
    folder.chmod(0o600 if os.geteuid() else 0o700)
    message = told(folder / NAME)
    folder.chmod(0o755)
    assert message.startswith(f"{folder} may not be entered by user ")
    assert f"so {NAME} in it cannot be read. Open it: chmod o+rx {folder}" in message


def test_a_file_that_something_else_than_its_mode_closes_is_told_of_selinux(folder, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(DataNotReadable, match=r"although its mode allows it.*SELinux.*:z"):
        is_readable(folder / NAME)


def test_a_disk_that_fails_is_told(folder, monkeypatch):
    def fail(*_, **__):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "open", fail)
    with pytest.raises(DataNotReadable, match=r"cannot be read \(Input/output error\)"):
        is_readable(folder / NAME)


def test_a_folder_in_the_tables_place_is_told(folder):
    (folder / "other.csv").mkdir()
    with pytest.raises(DataNotReadable, match=r"is a folder, not a file\. Docker makes a folder"):
        is_readable(folder / "other.csv")


def test_a_pipe_is_not_waited_for(folder):
    os.mkfifo(folder / "other.csv")
    with pytest.raises(DataNotReadable, match="is no file"):
        is_readable(folder / "other.csv")


def test_a_link_to_nowhere_is_told(folder):
    (folder / "other.csv").symlink_to(folder / "gone.csv")
    with pytest.raises(DataNotReadable, match=r"is a link to .*gone\.csv, which is not there"):
        is_readable(folder / "other.csv")


@pytest.mark.parametrize("name", ["customers.csv", "Telco-Customer-Churn.csv", "data.xlsx", "x.parquet", f"{NAME}.txt"])
def test_a_table_of_another_name_is_named(folder, name):
    (folder / NAME).unlink()
    (folder / name).write_bytes(b"x")
    assert tables_beside(folder / NAME, drafted=False) == (
        f"{folder} holds {name}, but a table is only read there by the name of {NAME}: rename yours, or write its name "
        "as file in the declaration."
    )


def test_of_many_tables_the_first_five_are_named(folder):
    for number in range(6):
        (folder / f"{number}.csv").write_bytes(b"x")
    assert "holds 0.csv, 1.csv, 2.csv, 3.csv, 4.csv and others, but" in tables_beside(folder / NAME, drafted=False)


def test_what_is_no_table_is_not_named(folder):
    (folder / "README.txt").write_bytes(b"x")
    (folder / "notes.md").write_bytes(b"x")
    (folder / "old.csv").mkdir()
    assert tables_beside(folder / NAME, drafted=False) == ""


def test_a_folder_that_is_not_there_holds_nothing(folder):
    assert tables_beside(folder / "nowhere" / NAME, drafted=False) == ""
