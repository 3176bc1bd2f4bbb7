"""Keys: how they are written, and how they change under a running service."""

import logging
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from churn_api.keys import LOOK_SECONDS, SCOPES, Key, Keyring, read_keys

FIRST, SECOND, THIRD = "9f86d081884c7d659a2f", "feaa0c55ad015a3bf4f1", "4355a46b19d348dc2f57"


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "keys"
    path.write_text(f"{FIRST}\n")
    return path


@pytest.fixture
def ring(file: Path) -> tuple[Keyring, Callable[[str], None]]:
    """A ring over the file, and a function that writes the file anew, a while later."""
    clock = Clock()
    keyring = Keyring(lambda: read_keys(file.read_text().splitlines()), file, strict=True, clock=clock)

    def write(text: str) -> None:
        file.write_text(text)
        stat = file.stat()
        os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1_000_000))
        clock.now += LOOK_SECONDS + 1

    return keyring, write


def test_a_line_is_a_key_for_everything_or_a_name_with_scopes_and_a_key() -> None:
    keys = read_keys(["# of the call center", "", FIRST, f"  crm score,jobs  {SECOND} "])
    assert [(key.name, key.scopes, key.secret) for key in keys] == [
        ("line-3", SCOPES, FIRST),
        ("crm", {"score", "jobs"}, SECOND),
    ]


@pytest.mark.parametrize("line", [f"crm {FIRST}", f"crm score jobs {FIRST}", f"crm everything {FIRST}"])
def test_any_other_line_is_refused_by_its_number_and_never_shown(line: str) -> None:
    with pytest.raises(ValueError, match="Line 2 of CHURN_API_KEYS_FILE") as refused:
        read_keys([SECOND, line])
    assert FIRST not in str(refused.value)


@pytest.mark.parametrize("secret", ["short", "a" * 30, "change-me-change-me-now"])
def test_a_key_that_can_be_guessed_is_weak(secret: str) -> None:
    assert Key("crm", SCOPES, secret).weak
    assert not Key("crm", SCOPES, FIRST).weak


def test_a_key_does_not_show_its_secret() -> None:
    assert FIRST not in repr(Key("crm", SCOPES, FIRST))


def test_a_key_is_replaced_without_a_restart(ring: tuple[Keyring, Callable[[str], None]]) -> None:
    keys, write = ring
    assert keys.find(FIRST)
    write(f"{FIRST}\ncrm score {SECOND}\n")
    assert keys.find(FIRST)
    assert (keys.find(SECOND) or Key("", frozenset(), "")).name == "crm"
    write(f"crm score {SECOND}\n")
    assert keys.find(FIRST) is None
    assert keys.find(SECOND)


@pytest.mark.parametrize(
    "text", ["", "# none\n", "a broken line\n", "short\n"], ids=["empty", "only a comment", "broken", "weak"]
)
def test_a_slip_of_the_pen_leaves_the_keys_as_they_were(
    ring: tuple[Keyring, Callable[[str], None]], caplog: pytest.LogCaptureFixture, text: str
) -> None:
    keys, write = ring
    write(text)
    assert keys.find(FIRST)
    assert keys.find("short") is None
    assert any("stay as they were" in record.message for record in caplog.records)
    write(f"{SECOND}\n")
    assert keys.find(FIRST) is None


def test_no_key_is_ever_logged(ring: tuple[Keyring, Callable[[str], None]], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    keys, write = ring
    write(f"crm score {SECOND}\n")
    keys.find(THIRD)
    keys.find(SECOND)
    assert "crm" in caplog.text
    assert not any(secret in caplog.text for secret in (FIRST, SECOND, THIRD))


def test_a_file_that_goes_away_leaves_the_keys_as_they_were(
    ring: tuple[Keyring, Callable[[str], None]], file: Path
) -> None:
    keys, write = ring
    write(f"{FIRST}\n{SECOND}\n")
    assert keys.find(SECOND)
    file.unlink()
    assert keys.find(FIRST)
