"""Days of a simulation: it moves from the first of a month to the first of the next one."""

from datetime import date, timedelta


def add_months(day: date, months: int) -> date:
    """The same day so many calendar months later; the last day of a month that is too short for it."""
    years, month = divmod(day.month - 1 + months, 12)
    first = date(day.year + years, month + 1, 1)
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return min(first.replace(day=1) + timedelta(day.day - 1), following - timedelta(1))


def first_day(today: date, months: int) -> date:
    """The first of a month, from which so many months lie before today."""
    return add_months(today.replace(day=1), -months)
