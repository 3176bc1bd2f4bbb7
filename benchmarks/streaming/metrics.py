"""Metrics of a member that are read while it works."""

import urllib.request

PREDICTED, LOST = 'churn_stream_records_total{result="predicted"}', "churn_tracking_lost_total"


def value(address: str, name: str) -> float:
    """A metric of the member with its metrics at this host and port, 0 while it shows none. Raises OSError."""
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return next((float(line.removeprefix(f"{name} ")) for line in lines if line.startswith(f"{name} ")), 0.0)
