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
# Of a task: one core for web and api, two processes that look for a release every two seconds.
PROCESSES, POLL_SECONDS = 2, 2
# What S3 takes a second under one prefix, by its documentation; and what one Redis does, cautiously.
S3_WRITES, S3_READS, REDIS_COMMANDS = 3_500, 5_500, 50_000
# 10 Gbit/s of one machine.
NETWORK_BYTES = 1.25e9


class Part(NamedTuple):
    """One part: what it does at the goal, what one of it can do, and in which unit."""

    name: str
    load: float
    one: float
    unit: str

    @property
    def needed(self) -> int:
        return max(1, math.ceil(self.load / self.one))

    @property
    def full_at(self) -> float:
        """The share of the goal at which one of it is full."""
        return self.one / self.load


def parts(units: Units) -> list[Part]:
    """Every part at RATE predictions a second and ROWS_A_DAY job rows, the first to be full first."""
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
    rows = [
        [part.name, f"{part.load:,.3g} {part.unit}", f"{part.one:,.3g}", f"{part.needed:,}", f"{part.full_at:,.3g} ×"]
        for part in parts(units)
    ]
    return table(["part", "at the goal", "one of it does", "needed", "one is full at … of the goal"], rows)


def unit_costs(units: Units) -> str:
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
    """The simulation beside what was measured."""
    steps = measured_steps()
    rows = []
    for workers in (1, 2):
        told, (took, cores, _) = modelled_seconds(workers), measured_run(workers)
        rows.append([f"{workers}", f"{cores:.2f}", f"{took:.2f} s", f"{told:.2f} s", f"{told / took - 1:+.0%}"])
    head = [f"workers, a job of {steps.rows:,} rows", "cores that others left", "measured", "model", "difference"]
    return table(head, rows)


def day() -> str:
    """A day of jobs with ever more workers."""
    steps = measured_steps()
    rows = []
    busy = ROWS_A_DAY / steps.rows * (steps.plan + steps.chunks * steps.chunk + steps.finish) / 86_400
    least = math.ceil(1.05 * busy)
    for workers in (least, 2 * least, 4 * least, 8 * least):
        middle, late = a_day(steps, ROWS_A_DAY, ROWS_A_JOB, workers)
        rows.append([f"{workers}", f"{busy / workers:.0%}", f"{middle:,.0f} s", f"{late:,.0f} s"])
    return table(["workers", "busy", "half of the jobs within", "95 % within"], rows)


def function() -> str:
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
    DOCUMENT.write_text(document(DOCUMENT.read_text(), measured()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
