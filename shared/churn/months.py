"""Calendar months, in which label windows are counted, and days in words."""

from calendar import monthrange
from datetime import date


def months_later(day: date, months: int) -> date:
    """The same day so many calendar months later; the last day of a month that is too short for it."""
    year, number = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, number + 1, min(day.day, monthrange(year, number + 1)[1]))


def days_of(month: str) -> tuple[date, date]:
    """The first and the last day of a month, which is written YYYY-MM."""
    year, number = map(int, month.split("-"))
    return date(year, number, 1), date(year, number, monthrange(year, number)[1])


def day_in_words(day: date) -> str:
    """A day as sentences for people have it: March 8, 2027."""
    return f"{day:%B} {day.day}, {day.year}"
