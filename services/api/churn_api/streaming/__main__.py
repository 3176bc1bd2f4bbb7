"""A member that reads streams: `python -m churn_api.streaming`."""

import sys

from churn import logs
from churn.errors import ConfigurationError
from churn_api.streaming.member import run
from churn_api.streaming.opening import open_source
from churn_api.streaming.settings import StreamSettings


def main() -> int:
    """Read until told to stop. Exits with the faults of the settings, if they have any."""
    settings = StreamSettings.load_or_exit()
    logs.configure(settings, "stream")
    try:
        run(settings, open_source)
    except ConfigurationError as error:
        raise SystemExit(error.message) from None
    return 0


if __name__ == "__main__":
    sys.exit(main())
