"""Why a record is refused, in addition to the faults of its fields."""

from churn.errors import ChurnError


class InvalidRecord(ChurnError):
    """The record's value is not JSON, or not JSON of the expected kind."""

    status = 400


class UnreadableRecord(ChurnError):
    """Whatever nobody foresaw happened to this record alone; the log says what, under the record's id."""

    def __init__(self) -> None:
        super().__init__("Something went wrong with this record alone; the log of the service tells what, by its id.")


class AnswerTooLarge(ChurnError):
    """The broker takes no result as large as the answer to this record."""

    def __init__(self) -> None:
        super().__init__(
            "The answer is larger than the broker takes; ask for fewer reasons, or raise the topic's max.message.bytes."
        )
