"""How many reasons a caller asks for."""

from churn.errors import FieldError, ValidationError

# A number of reasons with leading zeros and all; Python refuses to read one of thousands of digits.
_MOST_DIGITS = 10


def read_reasons(wanted: str, most: int) -> int | None:
    """The number that a text asks for, `most` for all of them, None for neither reasons nor recommendations.

    Raises ValidationError.
    """
    if wanted in ("all", "none"):
        return most if wanted == "all" else None
    if wanted.isascii() and wanted.isdigit() and len(wanted) <= _MOST_DIGITS and int(wanted) <= most:
        return int(wanted)
    message = f'reasons must be a number from 0 to {most}, "all" or "none".'
    raise ValidationError([FieldError("reasons", "not_allowed", message)])
