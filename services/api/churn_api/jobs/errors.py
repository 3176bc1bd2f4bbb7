"""What can be wrong with a job or an upload."""

from collections.abc import Sequence

from churn.errors import ChurnError, FieldError
from churn_api.jobs.ids import CAMPAIGN, JOB, OUTCOMES, Kind, kind_of

_WORDS: dict[Kind, tuple[str, str]] = {
    JOB: ("is no job", "/jobs"),
    OUTCOMES: ("are no outcomes", "/outcomes"),
    CAMPAIGN: ("is no campaign", "/campaigns"),
}
"""How it is said of each kind that there is none, and the address that lists them."""


class UnknownJob(ChurnError):
    """No job has this id, or it was deleted or has expired."""

    status = 404

    def __init__(self, job_id: str, kind: Kind | None = None) -> None:
        """`kind` is the one that was asked for, where that is not the id's own."""
        there, address = _WORDS[kind or kind_of(job_id)]
        super().__init__(f"There {there} {job_id[:40]!r}; GET {address} lists those there are.")


class JobConflict(ChurnError):
    """The job is in a state that does not allow what was asked."""

    status = 409


class UnreadableObject(ChurnError):
    """What stands under a key of the store is not what this program, or any version of it, has written there."""

    def __init__(self, key: str) -> None:
        super().__init__(f"The object {key!r} cannot be read; it is damaged, or of a version that is not known here.")
        self.key = key


class IdempotencyConflict(JobConflict):
    """An Idempotency-Key was used again with other content or options."""

    def __init__(self) -> None:
        super().__init__(
            "This Idempotency-Key belongs to a job with other content or options; send the same again or choose "
            "another key."
        )


class InvalidUpload(ChurnError):
    """The upload is no CSV of what it is to hold."""

    status = 422

    def __init__(self, message: str, errors: Sequence[FieldError] = ()) -> None:
        super().__init__(message, errors or (FieldError("file", "wrong_type", message),))


class UploadTooLarge(ChurnError):
    """The upload is larger than CHURN_MAX_UPLOAD_MB."""

    status = 413

    def __init__(self, limit_mb: int) -> None:
        super().__init__(f"The file is larger than {limit_mb} MB; split it, or raise CHURN_MAX_UPLOAD_MB.")


class UnpackedTooLarge(ChurnError):
    """What the upload unpacks to is larger than may be read."""

    status = 413
