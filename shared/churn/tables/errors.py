"""What can be wrong with a file that should hold a table."""

from churn.errors import ChurnError


class UnreadableTable(ChurnError):
    """The file is no table, or none that can be read."""

    status = 422


class TableTooLarge(ChurnError):
    """The file holds more, once unpacked, than may be read."""

    status = 413


class TooManyTables(ChurnError):
    """Another workbook is being read, and took too long to wait for."""

    status = 429
    retry_after = 5
