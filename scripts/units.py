"""Unit costs: recorded prices, and what one unit of work was measured to take."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PRICES = ROOT / "deploy" / "prices.json"
MEASURED = ROOT / "deploy" / "measured.json"
# Days in a month of 730 hours, as AWS counts.
DAYS = 730 / 24


@dataclass(frozen=True)
class Units:
    """What one unit of work takes, by deploy/measured.json.

    `predict`, `batch_row` and `job_row` are seconds of processor time; the others are bytes and numbers of requests.
    `about` says when and where they were measured.
    """

    predict: float
    batch_row: float
    job_row: float
    row_bytes_in: float
    row_bytes_out: float
    chunk_bytes: float
    release_bytes: float
    chunk_writes: float
    chunk_reads: float
    chunk_redis: float
    sweep_lists_a_second: float
    about: str


def measured(path: Path = MEASURED) -> Units:
    """The unit costs computed from the measurements in a file."""
    found = json.loads(path.read_text())
    jobs, requests = found["jobs"], found["requests"]
    alone, job = jobs["workers"]["1"], requests["job"]
    # These counts include looking for releases and for lost jobs, which is little beside the requests of many chunks.
    writes = sum(job["s3"].get(kind, 0) for kind in ("PUT", "POST", "LIST"))
    reads = sum(job["s3"].get(kind, 0) for kind in ("GET", "HEAD"))
    idle = requests["api_process_and_idle_worker_30_seconds"]
    return Units(
        predict=found["api"]["predict_cpu_seconds"],
        batch_row=found["api"]["batch_row_cpu_seconds"],
        job_row=alone["cpu_seconds"]["worker"] / jobs["rows"],
        row_bytes_in=jobs["bytes"] / jobs["rows"],
        row_bytes_out=jobs["result_bytes"] / jobs["rows"],
        chunk_bytes=jobs["bytes"] / alone["chunks"],
        release_bytes=found["release"]["bytes"],
        chunk_writes=writes / job["chunks"],
        chunk_reads=reads / job["chunks"],
        chunk_redis=job["redis"] / job["chunks"],
        sweep_lists_a_second=idle["s3"].get("LIST", 0) / 30,
        about=f"measured {found['measured']} by `{found['command']}` on {found['machine']}; the load average was "
        f"{found['load_average']:.2f} as it began, and while jobs ran other programs took "
        f"{alone['others_cores']:.2f} of its cores",
    )


def prices(path: Path = PRICES) -> dict[str, Any]:
    """The recorded prices: per hour, per month and per unit, with their date, region and source."""
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table with its first column aligned to the left, the others to the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def replaced(text: str, sections: dict[str, str]) -> str:
    """A document's text with new sections between its marks `<!-- name -->` and `<!-- end of name -->`.

    Exits if the document lacks a mark.
    """
    for name, content in sections.items():
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->)", re.DOTALL)
        found = pattern.search(text)
        if not found:
            raise SystemExit(f"The document lacks the marks <!-- {name} --> and <!-- end of {name} -->.")
        text = text[: found.end(1)] + content + text[found.start(2) :]
    return text
