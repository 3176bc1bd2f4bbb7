"""API keys of AWS's Parameter Store, in a file that the API reads again when it changes.

`python -m churn_api.auth.parameter_store PARAMETER FILE` looks for changed keys until it is ended.
"""

import logging
import sys
import time
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

log = logging.getLogger(__name__)

# A key that is revoked opens nothing after a minute, the API's own look at the file included.
SECONDS_BETWEEN_LOOKS = 20.0


def fetch(parameter: str, file: Path) -> None:
    """Write the keys of the parameter into the file, if they are others. Raises what AWS's client raises."""
    found = boto3.client("ssm").get_parameter(Name=parameter, WithDecryption=True)
    keys = found["Parameter"]["Value"] + "\n"
    if not file.exists() or file.read_text() != keys:
        file.write_text(keys)


def refresh(parameter: str, file: Path) -> None:
    """As `fetch`, but keys that cannot be asked for stay as they were."""
    try:
        fetch(parameter, file)
    except (BotoCoreError, ClientError) as error:
        log.error("The keys stay as they were: Parameter Store answered %s.", type(error).__name__)


def main() -> None:
    parameter, file = sys.argv[1], Path(sys.argv[2])
    fetch(parameter, file)
    while True:
        time.sleep(SECONDS_BETWEEN_LOOKS)
        refresh(parameter, file)


if __name__ == "__main__":
    main()
