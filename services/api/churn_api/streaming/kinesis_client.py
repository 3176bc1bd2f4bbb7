"""A client of Kinesis with bounded waits, and what its errors mean."""

import random
from typing import TYPE_CHECKING

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

from churn.errors import ConfigurationError
from churn.store.s3_client import new_session

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

# Seconds. An answer may have 10 MB.
_CONNECT, _READ = 3, 15

# Too much was asked for at once, which passes.
_THROTTLED = frozenset(
    {
        "KMSThrottlingException",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
    }
)
_REMEDIES = {
    "AccessDeniedException": "Let this service's role do it, as docs/streams.md says",
    "ExpiredTokenException": "Renew the credentials",
    "InvalidSignatureException": "Check the credentials in AWS's variables, and this machine's clock",
    "UnrecognizedClientException": "Check the credentials in AWS's variables",
}

# Seconds: the first pause may have so many, each further one twice as many as the one before.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0


def new_client(region: str) -> "KinesisClient":
    """A client with credentials and endpoint by AWS's variables, as for S3. It tries everything once.

    Raises ConfigurationError for an endpoint that is not a URL.
    """
    # Whoever asks knows better than botocore what else there is to do before the next attempt.
    config = Config(connect_timeout=_CONNECT, read_timeout=_READ, retries={"mode": "standard", "total_max_attempts": 1})
    try:
        return new_session().client("kinesis", region_name=region, config=config)
    except ValueError as error:
        raise ConfigurationError(
            ["AWS_ENDPOINT_URL_KINESIS is not a URL; write https://host, or http://host:port for a test."]
        ) from error


def code_of(error: Exception) -> str:
    """Kinesis's own code for an error; empty where it has not answered."""
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""


def is_throttled(code: str) -> bool:
    """Whether this code says that too much was asked for at once."""
    return code in _THROTTLED


def sentence(error: ClientError | BotoCoreError, stream: str) -> str:
    """What is wrong, and what to do about it."""
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return "No complete AWS credentials were found; set AWS's variables or give this machine a role."
    if not isinstance(error, ClientError):
        return f"Kinesis does not answer ({type(error).__name__}); check the network and AWS_ENDPOINT_URL_KINESIS."
    code = code_of(error)
    if code == "ResourceNotFoundException":
        return f"There is no stream {stream}; create it: aws kinesis create-stream --stream-name {stream}."
    # Only the code is shown, because the messages may contain account numbers.
    remedy = _REMEDIES.get(code, "It is tried again")
    return f"Kinesis answered {code} to {error.operation_name} of the stream {stream}. {remedy}."


def pause(failures: int) -> float:
    """Seconds to wait after so many failures in a row, at random, so that members do not come back all at once."""
    longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(failures, 10))
    return random.uniform(longest / 2, longest)  # noqa: S311
