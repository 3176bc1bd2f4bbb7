"""What can be wrong with a request, beyond what the core knows of."""

from churn.errors import ChurnError


class HttpError(ChurnError):
    """A failure of HTTP itself, such as NotFound, under the name that the web framework has for it."""

    def __init__(self, status: int, name: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.name = name

    @property
    def error_type(self) -> str:
        return self.name


class TooLate(HttpError):
    """The request did not arrive in the time that it may take."""

    def __init__(self, message: str = "The request took too long to arrive; send it again.") -> None:
        super().__init__(408, "RequestTimeout", message)


class ConditionFailed(HttpError):
    """The caller wants what it has got to be what is there, and it is not."""

    def __init__(self) -> None:
        message = "A condition of the request does not hold; fetch the resource again."
        super().__init__(412, "PreconditionFailed", message)


class InvalidBody(ChurnError):
    """The body is no JSON, or no JSON of the kind that is wanted."""

    status = 400


class RequestTooLarge(ChurnError):
    """The body is larger, or has more rows, than this route takes."""

    status = 413


class UnsupportedMediaType(ChurnError):
    """The body is not declared as something that this route reads."""

    status = 415


class NotFound(ChurnError):
    """What the address names is not there."""

    status = 404


class Unauthorized(ChurnError):
    """No key was sent where one is needed, or one that is none of the service's."""

    status = 401

    def __init__(self, *, sent: bool) -> None:
        fault = "This API key is not one of the service's" if sent else "An API key is needed"
        super().__init__(f"{fault}: send one of CHURN_API_KEYS as `Authorization: Bearer <key>` or `X-API-Key: <key>`.")


class Forbidden(ChurnError):
    """The key is one of the service's, but not for this."""

    status = 403

    def __init__(self, name: str, scope: str) -> None:
        super().__init__(f"The key {name} may not do this; it wants one with the scope {scope}.")


class KeysUnavailable(ChurnError):
    """Keys are wanted, and the service could not read any: whoever asks may well have a good one."""

    status = 503

    def __init__(self) -> None:
        super().__init__("The service cannot read its API keys at the moment; its log says why. Try again in a minute.")


class TooManyRequests(ChurnError):
    """More was asked for than one caller may have, or than there is room for; `retry_after` in whole seconds."""

    status = 429

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ServerError(ChurnError):
    """Something failed that nobody foresaw; the log has it, the caller only the request id."""

    def __init__(self) -> None:
        super().__init__("Something went wrong on our side; the log tells what, under this request id.")
