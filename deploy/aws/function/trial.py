"""Start the function as Lambda does, call it, and print what that took as JSON. Run it in the unpacked package."""

import json
import resource
import statistics
import sys
import time
from pathlib import Path

EVENTS = 500


def main() -> None:
    """Import the handler, send it the event that the first argument names EVENTS times, and print the figures."""
    event = json.loads(Path(sys.argv[1]).read_text())
    started = time.perf_counter()
    from entry import handler

    start = time.perf_counter() - started
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = []
    for _ in range(EVENTS):
        began = time.perf_counter()
        answer = handler(event, None)
        seconds.append(time.perf_counter() - began)
        if answer["statusCode"] != 200:
            raise SystemExit(f"The function answered {answer}.")
    found = {
        "start_seconds": round(start, 3),
        "start_cpu_seconds": round(used.ru_utime + used.ru_stime, 3),
        "first_seconds": round(seconds[0], 5),
        "later_seconds": round(statistics.median(seconds[1:]), 6),
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }
    print(json.dumps(found))  # noqa: T201 - it is what the program is for


if __name__ == "__main__":
    main()
