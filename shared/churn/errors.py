"""The product's errors: each has an HTTP status, a type, a sentence with its remedy, and the same form of body."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

# A longer list of faults helps nobody; the sentence above the list says how many there are.
MAX_LISTED = 50


@dataclass(frozen=True, slots=True)
class FieldError:
    """One fault of one field. `code` is missing, unknown, wrong_type, out_of_range, not_allowed or contradiction."""

    field: str
    code: str
    message: str


class ChurnError(Exception):
    """The base class of the product's errors; `status` is the HTTP status that the API answers with."""

    status = 500

    def __init__(self, message: str, errors: Sequence[FieldError] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.errors = tuple(errors)

    @property
    def error_type(self) -> str:
        """The name of the error's class, which clients can tell errors apart by."""
        return type(self).__name__

    @property
    def public_message(self) -> str:
        """The sentence for a caller, who may be anybody. `message` is for the operator's log and may say more."""
        return self.message


def attention(count: int, listed: int) -> str:
    """The sentence above a list of faults that ends after `listed` of them."""
    noun = "field needs" if count == 1 else "fields need"
    return f"{count} {noun} attention{f'; the first {listed} are listed' if count > listed else ''}."


class BrokenDeclaration(ChurnError):
    """A file that does not declare a customer; each of `faults` is a sentence with the line, key, value and remedy."""

    def __init__(self, name: str, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__(f"{name} does not declare a customer. {' '.join(self.faults)}")


class ValidationError(ChurnError):
    """A customer, or a request's parameters, with one or more faulty fields; `errors` has the first MAX_LISTED faults.

    `count` is the number of all faults.
    """

    status = 422

    def __init__(self, errors: Iterable[FieldError], others: int = 0) -> None:
        """`others` is the number of further faults, which were counted but not described."""
        faults = tuple(errors)
        listed = faults[:MAX_LISTED]
        super().__init__(attention(len(faults) + others, len(listed)), listed)
        self.count = len(faults) + others


class ConfigurationError(ChurnError):
    """Settings that are missing or unsafe; `faults` are sentences. The process does not start."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("The settings need attention: " + " ".join(faults))


class StoreUnavailable(ChurnError):
    """The object store at `where` cannot be reached, or refuses to serve, for `reason`."""

    status = 503

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(
            f"The object store at {where} is not available ({reason}). "
            "Check CHURN_STORE_URL, AWS_ENDPOINT_URL_S3 and the credentials, then try again."
        )

    @property
    def public_message(self) -> str:
        """A sentence without the bucket and its address."""
        return "The object store is not available; try again in a few seconds. The service's log says more."


class ObjectNotFound(ChurnError):
    """The store has no object under this key."""

    status = 404

    def __init__(self, key: str) -> None:
        super().__init__(f"The store holds no object {key!r}.")
        self.key = key


class InvalidKey(ChurnError):
    """A key that no object can have: it is empty, too long, not printable, or leaves the store."""

    status = 404

    def __init__(self, key: str) -> None:
        super().__init__(
            f"{key[:80]!r} is no key of the store: keys are relative paths of printable segments, without '.', '..', "
            "empty segments or backslashes."
        )


class PreconditionFailed(ChurnError):
    """A conditional write failed: the object exists already, or is no longer the version that was read."""

    status = 409

    def __init__(self, key: str) -> None:
        super().__init__(f"The object {key!r} was changed by someone else in the meantime; read it again and retry.")
        self.key = key


class NoRelease(ChurnError):
    """Nothing has been released yet, so nothing can be predicted."""

    status = 503

    def __init__(self) -> None:
        super().__init__("No model has been released yet. Run the trainer (`make train`), then try again.")


class UnknownRelease(ChurnError):
    """A release was named that the store does not hold."""

    status = 404

    def __init__(self, version: str) -> None:
        super().__init__(f"There is no release {version!r}; `make releases` lists those there are.")


class ReleaseRefused(ChurnError):
    """A release failed one of its checks and may not serve."""

    status = 503

    def __init__(self, version: str, reason: str) -> None:
        super().__init__(f"Release {version} is refused: {reason}.")
        self.version = version
        self.reason = reason

    @property
    def public_message(self) -> str:
        """A sentence without the reason, which may quote one of the release's examples, and those are customers."""
        return "The model that was released cannot serve; the service's log says why. Train again, or roll back."


def error_body(error: ChurnError, request_id: str) -> dict[str, Any]:
    """The body of every failed answer, as JSON holds it."""
    return {
        "success": False,
        "error": error.public_message,
        "error_type": error.error_type,
        "errors": [asdict(fault) for fault in error.errors],
        "request_id": request_id,
        "timestamp": datetime.now(UTC).isoformat(),
    }
