"""Copies API keys from AWS's Parameter Store into a file that the API reads again when it changes.

`python -m churn_api.auth.parameter_store PARAMETER FILE` looks for changed keys until it is stopped.
"""

import logging
import sys
import time
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

log = logging.getLogger(__name__)

# With this pause, and the API's own look at the file, a revoked key is useless after a minute.
SECONDS_BETWEEN_LOOKS = 20.0


def fetch(parameter: str, file: Path) -> None:
    """Write the keys of the parameter into the file, if they have changed.

    Raises botocore's BotoCoreError and ClientError.
    """
    found = boto3.client("ssm").get_parameter(Name=parameter, WithDecryption=True)
    keys = found["Parameter"]["Value"] + "\n"
    if not file.exists() or file.read_text() != keys:
        file.write_text(keys)


def refresh(parameter: str, file: Path) -> None:
    """Do the same as `fetch`, but log its errors and keep the file as it is."""
    try:
        fetch(parameter, file)
    except (BotoCoreError, ClientError) as error:
        log.error("The keys stay as they were: Parameter Store answered %s.", type(error).__name__)


def main() -> None:
    """Fetch the keys, which raises what `fetch` raises, then refresh them for ever."""
    parameter, file = sys.argv[1], Path(sys.argv[2])
    fetch(parameter, file)
    while True:
        time.sleep(SECONDS_BETWEEN_LOOKS)
        refresh(parameter, file)


if __name__ == "__main__":
    main()
