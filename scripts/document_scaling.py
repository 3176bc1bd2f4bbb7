"""Write the tables of docs/scaling.md from deploy/measured.json. `make docs` calls this."""

import json
import math
import sys
from typing import NamedTuple

from scripts.simulate_jobs import a_day, measured_run, measured_steps, modelled_seconds
from scripts.units import MEASURED, ROOT, Units, measured, replaced, table

DOCUMENT = ROOT / "docs" / "scaling.md"
RATE, ROWS_A_DAY = 100_000, 1_000_000_000
ROWS_A_JOB = 1_000_000
BUSY = 0.6
ANSWER_BYTES = 2_500
# A task of the API has one core, and two processes that look for a release every two seconds.
PROCESSES, POLL_SECONDS = 2, 2
# Requests a second that S3 takes under one prefix, by its documentation, and commands that one Redis surely does.
S3_WRITES, S3_READS, REDIS_COMMANDS = 3_500, 5_500, 50_000
# 10 Gbit/s of one machine.
NETWORK_BYTES = 1.25e9


class Part(NamedTuple):
    """A part of the platform: its load at the goal and the capacity `one` of a single instance, both in `unit`."""

    name: str
    load: float
    one: float
    unit: str

    @property
    def needed(self) -> int:
        """How many instances the goal needs, at least one."""
        return max(1, math.ceil(self.load / self.one))

    @property
    def full_at(self) -> float:
        """The share of the goal at which a single instance is full."""
        return self.one / self.load


def parts(units: Units) -> list[Part]:
    """Every part at RATE predictions a second and ROWS_A_DAY job rows; the one that is full first comes first."""
    rows = ROWS_A_DAY / 86_400
    chunks = rows * units.row_bytes_in / units.chunk_bytes
    api = math.ceil(RATE * units.predict / BUSY)
    workers = math.ceil(rows * units.job_row / BUSY)
    found = [
        Part("api: cores", RATE * units.predict, BUSY, "cores"),
        Part("workers: cores", rows * units.job_row, BUSY, "cores"),
        Part("answers: bytes through one machine", RATE * ANSWER_BYTES, NETWORK_BYTES, "B/s"),
        Part("S3: looks for a release", api * PROCESSES / POLL_SECONDS, S3_READS, "reads/s"),
        Part(
            "S3: jobs' writes",
            chunks * units.chunk_writes + workers * units.sweep_lists_a_second,
            S3_WRITES,
            "writes/s",
        ),
        Part("S3: jobs' reads", chunks * units.chunk_reads, S3_READS, "reads/s"),
        Part("queue: commands", chunks * units.chunk_redis, REDIS_COMMANDS, "commands/s"),
    ]
    return sorted(found, key=lambda part: part.full_at)


def capacity(units: Units) -> str:
    """The table of parts: their load at the goal, and how many instances that takes."""
    rows = [
        [part.name, f"{part.load:,.3g} {part.unit}", f"{part.one:,.3g}", f"{part.needed:,}", f"{part.full_at:,.3g} ×"]
        for part in parts(units)
    ]
    return table(["part", "at the goal", "one of it does", "needed", "one is full at … of the goal"], rows)


def unit_costs(units: Units) -> str:
    """The table of what a prediction, a row, a chunk and a release take."""
    rows = [
        ["a prediction with reasons, api", f"{1e6 * units.predict:.0f} µs of a core"],
        ["a row of a batch request, api", f"{1e6 * units.batch_row:.1f} µs of a core"],
        ["a row of a job, worker", f"{1e6 * units.job_row:.1f} µs of a core"],
        ["a row of a job, stored", f"{units.row_bytes_in:.0f} B in, {units.row_bytes_out:.0f} B out"],
        ["a release", f"{units.release_bytes / 1024:,.0f} KiB"],
        ["a chunk, S3", f"{units.chunk_writes:.1f} writes and lists, {units.chunk_reads:.1f} reads"],
        ["a chunk, queue", f"{units.chunk_redis:.0f} commands"],
        ["a prediction, S3 and Redis", "nothing: the release is in memory, and a table is quicker than asking"],
    ]
    return table(["work", "takes"], rows)


def model() -> str:
    """The table of the simulated job's duration beside the measured one, with one and with two workers."""
    steps = measured_steps()
    rows = []
    for workers in (1, 2):
        modelled, (took, cores, _) = modelled_seconds(workers), measured_run(workers)
        difference = f"{modelled / took - 1:+.0%}"
        rows.append([f"{workers}", f"{cores:.2f}", f"{took:.2f} s", f"{modelled:.2f} s", difference])
    head = [f"workers, a job of {steps.rows:,} rows", "cores that others left", "measured", "model", "difference"]
    return table(head, rows)


def day() -> str:
    """The table of how long jobs take on a simulated day, with just enough workers and with more."""
    steps = measured_steps()
    rows = []
    busy = ROWS_A_DAY / steps.rows * (steps.plan + steps.chunks * steps.chunk + steps.finish) / 86_400
    least = math.ceil(1.05 * busy)
    for workers in (least, 2 * least, 4 * least, 8 * least):
        middle, late = a_day(steps, ROWS_A_DAY, ROWS_A_JOB, workers)
        rows.append([f"{workers}", f"{busy / workers:.0%}", f"{middle:,.0f} s", f"{late:,.0f} s"])
    return table(["workers", "busy", "half of the jobs within", "95 % within"], rows)


def function() -> str:
    """The table of what was measured of the Lambda function."""
    found = json.loads(MEASURED.read_text())["function"]
    rows = [
        [
            "package",
            f"{found['zip_bytes'] / 1e6:.1f} MB zipped, {found['unpacked_bytes'] / 1e6:.1f} MB unpacked of 250",
        ],
        [
            "start: imports, keys, release",
            f"{found['start_seconds']:.2f} s of which {found['start_cpu_seconds']:.2f} s on a core",
        ],
        ["first event", f"{1000 * found['first_seconds']:.1f} ms"],
        ["later events, median", f"{1000 * found['later_seconds']:.2f} ms"],
        ["memory at most", f"{found['peak_mib']:.0f} MiB of 1,024"],
    ]
    return table([f"the function, {found['command']}", "measured"], rows)


def document(text: str, units: Units) -> str:
    """The document's text with all its generated sections written anew."""
    first = parts(units)[0]
    verdict = (
        f"First to be full is **{first.name}**: one at {first.full_at:.3g} of the goal; {first.needed:,} are needed.\n"
    )
    sections = {
        "basis": f"Work: {units.about}.\n",
        "units": unit_costs(units),
        "capacity": capacity(units),
        "verdict": verdict,
        "model": model(),
        "day": day(),
        "function": function(),
    }
    return replaced(text, sections)


def main() -> int:
    """Write the document."""
    DOCUMENT.write_text(document(DOCUMENT.read_text(), measured()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
