"""S3 clients with bounded waits, and the translation of botocore's errors into the store's."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

import botocore.session
from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
    ResponseStreamingError,
)
from botocore.exceptions import (
    ConnectionError as BotoConnectionError,
)
from botocore.loaders import create_loader
from botocore.utils import get_environ_proxies

from churn.errors import ChurnError, ConfigurationError, ObjectNotFound, PreconditionFailed, StoreUnavailable
from churn.store.interface import Patience

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# botocore's descriptions of S3 and of AWS's endpoints are most of a client's memory, so all sessions share them.
_loader = create_loader()

_PROBING = Patience(connect=2, read=3, attempts=1)
_MISSING = frozenset({"NoSuchKey", "404"})
# S3 answers "conflict" to one of two overlapping conditional writes, which then has not been done.
_LOST = frozenset({"PreconditionFailed", "412", "ConditionalRequestConflict"})


class Clients(NamedTuple):
    """Two clients that share a session, which has most of their memory.

    `working` is as patient as its caller asks. `probing` tries once and gives up within five seconds, so that a health
    check notices a store that hangs.
    """

    working: "S3Client"
    probing: "S3Client"


# Clients that `prepare` has made, for the first caller in a process.
_prepared: dict[Patience, Clients] = {}


def own_endpoint() -> str | None:
    """The endpoint of an S3 server other than AWS, by AWS's variables; None for AWS."""
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")


def new_clients(patience: Patience) -> Clients:
    """Clients with credentials, region and endpoint by AWS's variables: those that were prepared, or new ones.

    Raises ConfigurationError for an endpoint that is not a URL.
    """
    # Prepared clients are handed out once, because their connections belong to the caller.
    return _prepared.pop(patience, None) or _made(patience)


def prepare(patience: Patience) -> None:
    """Make clients before the process forks, so that its children share their memory.

    Each child takes them before they have any connection. New clients in each child would need memory of their own.
    """
    with suppress(BotoCoreError, ConfigurationError):  # reported when a client is needed
        _prepared[patience] = _made(patience)


def new_session() -> Session:
    """A session of AWS's that shares what is known of its services with all others."""
    descriptions = botocore.session.get_session()
    descriptions.register_component("data_loader", _loader)
    return Session(botocore_session=descriptions)


def _made(patience: Patience) -> Clients:
    session = new_session()
    try:
        return Clients(
            working=session.client("s3", config=_config(patience)),
            probing=session.client("s3", config=_config(_PROBING)),
        )
    except ValueError as error:
        raise ConfigurationError(
            ["AWS_ENDPOINT_URL_S3 is not a URL; write http://host:port or https://host."]
        ) from error


def _config(patience: Patience) -> Config:
    return Config(
        connect_timeout=patience.connect,
        read_timeout=patience.read,
        retries={"mode": "standard", "total_max_attempts": patience.attempts},
        s3={
            # Servers other than AWS rarely have a host name for every bucket.
            "addressing_style": "path" if own_endpoint() else "auto",
            # Hashing every body at both ends takes a twentieth of a job's time. TLS protects bodies already; without it
            # an attacker could change the answers as well, which are never signed.
            "payload_signing_enabled": False,
        },
        # Many S3 servers do not know the checksums that S3 does not require.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )


def place(bucket: str) -> str:
    """The bucket and its endpoint for an error message, without the user and password that a URL may have."""
    endpoint = own_endpoint()
    if endpoint is None:
        return f"s3://{bucket}"
    return f"s3://{bucket} ({urlsplit(endpoint).netloc.rpartition('@')[2]})"


def by_proxy() -> str:
    """A hint that names the variable which routes requests to the store through a proxy; empty if none does.

    It does not name the proxy, whose address may contain a password.
    """
    url = own_endpoint() or "https://s3.amazonaws.com"
    scheme, host = urlsplit(url).scheme, urlsplit(url).hostname
    if scheme not in get_environ_proxies(url):
        return ""
    variable = f"{scheme.upper()}_PROXY"
    name = variable.lower() if variable.lower() in os.environ else variable
    return f"; it is asked by way of the proxy in {name}: if it is not beyond that, add {host} to NO_PROXY"


def error_code(error: ClientError) -> str:
    """S3's own code for the error; the HTTP status if the answer has none."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", "unknown")
    return str(error.response.get("Error", {}).get("Code") or status)


@contextmanager
def translated(bucket: str, key: str | None = None) -> Iterator[None]:
    """Raise the store's errors for botocore's; `key` is the object that may be missing or changed."""
    try:
        yield
    except ClientError as error:
        raise _answered(bucket, key, error) from error
    except BotoCoreError as error:
        raise StoreUnavailable(place(bucket), f"{_unanswered(error)}{by_proxy()}") from error


def was_retried(error: ChurnError) -> bool:
    """Whether S3 refused a second or later attempt: an earlier one may have succeeded and its answer been lost."""
    cause = error.__cause__
    return isinstance(cause, ClientError) and bool(cause.response["ResponseMetadata"]["RetryAttempts"])


def is_final(error: StoreUnavailable) -> bool:
    """Whether waiting cannot help, because the credentials are missing or refused."""
    cause = error.__cause__
    if isinstance(cause, ClientError):
        return cause.response["ResponseMetadata"]["HTTPStatusCode"] in (401, 403)
    return isinstance(cause, NoCredentialsError | PartialCredentialsError)


def _answered(bucket: str, key: str | None, error: ClientError) -> ChurnError:
    code = error_code(error)
    if key is not None and code in _MISSING:
        return ObjectNotFound(key)
    if key is not None and code in _LOST:
        return PreconditionFailed(key)
    if code in ("NoSuchBucket", "404"):
        return StoreUnavailable(place(bucket), "there is no such bucket")
    # Only the code is shown, because S3's messages may contain account numbers. A number is not a code of S3's and may
    # come from a proxy.
    hint = by_proxy() if code.isdigit() else ""
    return StoreUnavailable(place(bucket), f"S3 answered {code} to {error.operation_name}{hint}")


def _unanswered(error: BotoCoreError) -> str:
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return "no complete AWS credentials were found"
    if isinstance(error, IncompleteReadError | ResponseStreamingError):
        return "its answer broke off"
    if isinstance(error, HTTPClientError | BotoConnectionError):
        return "it does not answer"
    return type(error).__name__
