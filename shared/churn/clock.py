"""The clock that whatever depends on the moment is given, so that a test can give it another one."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def now() -> datetime:
    """The current moment in UTC."""
    return datetime.now(UTC)
