"""Errors of files that should contain a table."""

from churn.errors import ChurnError


class UnreadableTable(ChurnError):
    """The file is not a table, or not one that can be read."""

    status = 422


class TableTooLarge(ChurnError):
    """The file is larger, packed or unpacked, than is allowed."""

    status = 413


class TooManyTables(ChurnError):
    """Another workbook is being read, and it has not ended in time; `retry_after` is in seconds."""

    status = 429
    retry_after = 5
