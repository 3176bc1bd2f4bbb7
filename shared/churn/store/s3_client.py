"""How S3 is reached: a client with bounded waits, and botocore's errors in the store's own words."""

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

# What botocore reads of S3 and of AWS's endpoints is most of a client's memory: all sessions share it.
_loader = create_loader()

_PROBING = Patience(connect=2, read=3, attempts=1)
_MISSING = frozenset({"NoSuchKey", "404"})
# S3 says "conflict" where two conditional writes overlap and it will not tell who came first: neither did, for one.
_LOST = frozenset({"PreconditionFailed", "412", "ConditionalRequestConflict"})


class Clients(NamedTuple):
    """Two clients that share a session, which holds most of their memory.

    `working` is as patient as its caller asks; `probing` tries once and gives up within five seconds, because who looks
    whether the store is there wants to hear of one that hangs."""

    working: "S3Client"
    probing: "S3Client"


# Made by `prepare`, for whoever comes first in a process.
_prepared: dict[Patience, Clients] = {}


def own_endpoint() -> str | None:
    """The S3 endpoint of one's own, by AWS's variables; None means AWS."""
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")


def new_clients(patience: Patience) -> Clients:
    """Clients by AWS's own variables for credentials, region and endpoint: those that were prepared, or new ones.
    Raises ConfigurationError for an endpoint that is no URL."""
    # Taken away, since their connections are the caller's alone from now on.
    return _prepared.pop(patience, None) or _made(patience)


def prepare(patience: Patience) -> None:
    """Make clients before processes part ways. Each of these takes them without a connection, and all share the memory
    of what they are made of: making them anew would write to nearly all of it."""
    with suppress(BotoCoreError, ConfigurationError):  # what is wrong is told where a client is needed
        _prepared[patience] = _made(patience)


def _made(patience: Patience) -> Clients:
    descriptions = botocore.session.get_session()
    descriptions.register_component("data_loader", _loader)
    session = Session(botocore_session=descriptions)
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
            # A server of one's own rarely has a host name for every bucket.
            "addressing_style": "path" if own_endpoint() else "auto",
            # Hashing every body, at both ends, is a twentieth of a job. TLS keeps bodies from being changed; without it
            # whoever could change them could change the answers as well, which are never signed.
            "payload_signing_enabled": False,
        },
        # Checksums beyond those that S3 demands are what other servers most often do not know.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )


def place(bucket: str) -> str:
    """The bucket and its endpoint for an error message, without what may be secret in a URL."""
    endpoint = own_endpoint()
    if endpoint is None:
        return f"s3://{bucket}"
    return f"s3://{bucket} ({urlsplit(endpoint).netloc.rpartition('@')[2]})"


def by_proxy() -> str:
    """Which variable leads to the store by way of a proxy, in words; empty where none does. Not the proxy itself, whose
    address may hold a password."""
    url = own_endpoint() or "https://s3.amazonaws.com"
    scheme, host = urlsplit(url).scheme, urlsplit(url).hostname
    if scheme not in get_environ_proxies(url):
        return ""
    variable = f"{scheme.upper()}_PROXY"
    name = variable.lower() if variable.lower() in os.environ else variable
    return f"; it is asked by way of the proxy in {name}: if it is not beyond that, add {host} to NO_PROXY"


def error_code(error: ClientError) -> str:
    """S3's own name for what went wrong; the HTTP status where an answer has none."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", "unknown")
    return str(error.response.get("Error", {}).get("Code") or status)


@contextmanager
def translated(bucket: str, key: str | None = None) -> Iterator[None]:
    """Turn botocore's errors into the store's; `key` is the object that may be missing or changed."""
    try:
        yield
    except ClientError as error:
        raise _answered(bucket, key, error) from error
    except BotoCoreError as error:
        raise StoreUnavailable(place(bucket), f"{_unanswered(error)}{by_proxy()}") from error


def was_retried(error: ChurnError) -> bool:
    """Whether S3 refused a second attempt, or a third: an earlier one may have been done, and its answer lost."""
    cause = error.__cause__
    return isinstance(cause, ClientError) and bool(cause.response["ResponseMetadata"]["RetryAttempts"])


def is_final(error: StoreUnavailable) -> bool:
    """Whether waiting cannot help: the credentials are missing or refused."""
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
    # Only the name: S3's sentences may hold account numbers, and this message is answered to callers. A number alone
    # is no name of S3's, and may be a proxy's.
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
