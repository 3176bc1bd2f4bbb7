"""Keys: how they are written, and how they change under a running service."""

import logging
import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from churn_api.auth.api_keys import LOOK_SECONDS, SCOPES, Key, Keyring, read_keys, unnamed
from churn_api.errors import KeysUnavailable

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
        (f"unnamed {sha256(FIRST.encode()).hexdigest()[:8]}", SCOPES, FIRST),
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


def names(keys: Keyring, sent: str) -> str | None:
    """The name of the caller who sent this, if any."""
    key = keys.find(sent)
    return key.name if key else None


def test_a_key_is_replaced_without_a_restart(ring: tuple[Keyring, Callable[[str], None]]) -> None:
    keys, write = ring
    assert keys.find(FIRST)
    write(f"{FIRST}\ncrm score {SECOND}\n")
    assert keys.find(FIRST)
    assert names(keys, SECOND) == "crm"
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


def test_a_key_that_is_replaced_by_one_as_long_is_seen(ring: tuple[Keyring, Callable[[str], None]], file: Path) -> None:
    keys, write = ring
    size = file.stat().st_size
    write(f"{SECOND}\n")
    assert file.stat().st_size == size
    assert keys.find(FIRST) is None
    assert keys.find(SECOND)


def test_a_copy_that_keeps_size_and_time_is_seen(ring: tuple[Keyring, Callable[[str], None]], file: Path) -> None:
    keys, write = ring
    write(f"{FIRST}\n")
    assert keys.find(FIRST)
    before = file.stat()
    write(f"{SECOND}\n")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert keys.find(FIRST) is None


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ([f"crm score {FIRST}", f"crm jobs {SECOND}"], "other scopes"),
        ([f"crm score {FIRST}", f"night jobs {FIRST}"], "holds a key that a line before it holds"),
        ([FIRST, FIRST], "holds a key that a line before it holds"),
    ],
    ids=["two callers of a name", "two callers of a key", "a key twice"],
)
def test_what_would_take_two_callers_for_one_is_refused(lines: list[str], why: str) -> None:
    with pytest.raises(ValueError, match=f"Line 2 .*{why}"):
        read_keys(lines)


def test_a_caller_may_have_two_keys_while_one_replaces_the_other() -> None:
    assert [key.name for key in read_keys([f"crm score {FIRST}", f"crm score {SECOND}"])] == ["crm", "crm"]


def test_a_key_without_a_name_is_called_the_same_wherever_it_stands_and_as_no_other() -> None:
    [alone] = read_keys([FIRST])
    named, below = read_keys([f"key-1 score {SECOND}", FIRST])
    assert alone.name == below.name == unnamed(FIRST).name != named.name
    assert FIRST[:6] not in alone.name


@pytest.mark.parametrize("text", ["", "crm scroe {key}\n"], ids=["emptied", "broken"])
def test_a_process_that_starts_while_the_file_is_broken_takes_what_is_in_force(
    tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    file, memory, clock = tmp_path / "keys", tmp_path / "memory", Clock()

    def ring() -> Keyring:
        def read() -> tuple[Key, ...]:
            return read_keys(file.read_text().splitlines())

        return Keyring(read, file, strict=True, memory=memory, clock=clock)

    file.write_text(f"crm score {FIRST}\nnight jobs {SECOND}\n")
    running = ring()
    file.write_text(f"crm score {FIRST}\nnew score {THIRD}\n")
    clock.now += LOOK_SECONDS + 1
    assert names(running, THIRD) == "new"
    file.write_text(text.format(key=SECOND))
    started = ring()
    assert [names(started, key) for key in (FIRST, SECOND, THIRD)] == ["crm", None, "new"]
    assert any("stay as they were" in record.message for record in caplog.records)
    assert memory.stat().st_mode & 0o777 == 0o600
    assert not any(key in memory.read_text() for key in (FIRST, SECOND, THIRD))
    file.write_text(f"night jobs {SECOND}\n")
    clock.now += LOOK_SECONDS + 1
    assert [names(started, key) for key in (FIRST, SECOND, THIRD)] == [None, "night", None]


def test_without_any_keys_to_go_by_nobody_is_served(tmp_path: Path) -> None:
    clock = Clock()
    file = tmp_path / "keys"
    file.write_text("")
    keys = Keyring(lambda: read_keys(file.read_text().splitlines()), file, strict=False, clock=clock)
    with pytest.raises(KeysUnavailable):
        keys.find(FIRST)
    file.write_text(FIRST)
    clock.now += LOOK_SECONDS + 1
    assert keys.find(FIRST)


def test_a_file_that_stays_broken_is_logged_once(
    ring: tuple[Keyring, Callable[[str], None]], caplog: pytest.LogCaptureFixture
) -> None:
    keys, write = ring
    for _ in range(5):
        write("a broken line\n")
        keys.find(FIRST)
    assert sum("stay as they were" in record.message for record in caplog.records) == 1
