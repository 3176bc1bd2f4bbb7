"""Errors of requests, in addition to those of the core."""

from churn.errors import ChurnError


class HttpError(ChurnError):
    """A failure of HTTP itself, such as NotFound, under the name that the web framework has for it."""

    def __init__(self, status: int, name: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.name = name

    @property
    def error_type(self) -> str:
        """The web framework's name of the error."""
        return self.name


class TooLate(HttpError):
    """The request did not arrive within its time limit."""

    def __init__(self, message: str = "The request took too long to arrive; send it again.") -> None:
        super().__init__(408, "RequestTimeout", message)


class ConditionFailed(HttpError):
    """The resource is not the version that the request's condition names."""

    def __init__(self) -> None:
        message = "A condition of the request does not hold; fetch the resource again."
        super().__init__(412, "PreconditionFailed", message)


class TrackingOff(ChurnError):
    """What needs outcomes was asked of a service that keeps none."""

    status = 409

    def __init__(
        self,
        message: str = "Outcomes are not kept, because tracking is off. Set CHURN_TRACKING=on and send them again.",
    ) -> None:
        super().__init__(message)


class InvalidBody(ChurnError):
    """The body is not JSON, or not JSON of the expected kind."""

    status = 400


class RequestTooLarge(ChurnError):
    """The body is larger, or has more rows, than this route accepts."""

    status = 413


class UnsupportedMediaType(ChurnError):
    """The body is not declared as something that this route reads."""

    status = 415


class NotFound(ChurnError):
    """There is nothing at this address."""

    status = 404


class Unauthorized(ChurnError):
    """No key was sent where one is needed, or, if `sent`, one that is not the service's."""

    status = 401

    def __init__(self, *, sent: bool) -> None:
        fault = "This API key is not one of the service's" if sent else "An API key is needed"
        super().__init__(f"{fault}: send one of CHURN_API_KEYS as `Authorization: Bearer <key>` or `X-API-Key: <key>`.")


class Forbidden(ChurnError):
    """The key called `name` is the service's, but lacks the `scope` for this request."""

    status = 403

    def __init__(self, name: str, scope: str) -> None:
        super().__init__(f"The key {name} may not do this; it wants one with the scope {scope}.")


class KeysUnavailable(ChurnError):
    """A key is needed, but the service cannot read its keys, so it cannot say whether the caller's is valid."""

    status = 503

    def __init__(self) -> None:
        super().__init__("The service cannot read its API keys at the moment; its log says why. Try again in a minute.")


class TooManyRequests(ChurnError):
    """The caller, or all callers together, send too many requests; `retry_after` is in whole seconds."""

    status = 429

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ServerError(ChurnError):
    """An unexpected failure; the log has its details, the caller only the request id."""

    def __init__(self) -> None:
        super().__init__("Something went wrong on our side; the log tells what, under this request id.")
