"""Whether a training is asked for: ends with 0 if a request of a day up to today, in UTC, in this folder is not over.

What is no request, by its name or its content, asks for none: the trainer passes it over too
(shared/churn/training/requests.py), so that it would be looked at for ever. It runs where there is no product, but
Debian's Python.
"""

import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

_is_day = re.compile(r"\d{4}-\d{2}-\d{2}\.json").fullmatch


def _asks(path: Path, today: str) -> bool:
    try:
        request = {name: value for name, value in json.loads(path.read_bytes()).items() if value is not None}
        for name in ("asked_at", "lease_until"):
            datetime.fromisoformat(request.get(name, today))
        tuple(request.get("reasons", ()))
        datetime.fromisoformat(path.stem)
    except (ValueError, TypeError, AttributeError):
        return False
    if any(type(request.get(name, 0)) is not int for name in ("attempts", "stops")):
        return False
    return path.stem <= today and request.get("status", "open") in ("open", "training")


def main(folder: str) -> int:
    """Look through the folder."""
    today = datetime.now(UTC).date().isoformat()
    return 0 if any(_is_day(path.name) and _asks(path, today) for path in Path(folder).iterdir()) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
