"""Write the tables of docs/cost.md from deploy/prices.json and deploy/measured.json. `make docs` calls this."""

import math
import sys
from typing import Any, NamedTuple

from scripts.units import DAYS, ROOT, Units, measured, prices, replaced, table

DOCUMENT = ROOT / "docs" / "cost.md"
JOB_ROWS = 10_000_000
RATES = (10, 100, 1_000)
# The share of a core that predictions may take before another task is started.
BUSY = 0.6
# The bytes of a prediction's answer with its headers.
ANSWER_BYTES = 2_500
# The bytes of an access log line of nginx and one of the API.
LOG_BYTES = 550
JOB_DAYS = 7
# Releases a year, one a week; they are never deleted.
RELEASES = 52
# Two processes look for a release: on the one box every 15 seconds (deploy/aws/box/compose), in a task of the cluster
# every two.
BOX_POLL_SECONDS, POLL_SECONDS, PROCESSES = 15, 2, 2
# The one box looks for lost jobs every minute, the measured worker every ten seconds.
BOX_SWEEPS = 10 / 60
MONTH = DAYS * 86_400
# Each process hands over what it answered once a minute, or 4,096 rows at once. Requests that are written and read, of
# each tidying and for each object that was handed over; bytes and months of a tracked prediction.
HANDOVER_SECONDS, HANDOVER_ROWS = 50, 4_096
TIDY_WRITES, TIDY_READS, HANDOVER_WRITES, HANDOVER_READS = 8, 3, 2.2, 2
TRACKED_BYTES, TRACKED_MONTHS = 22, 14
# The one box tidies as seldom as it looks for lost jobs: every six minutes instead of every one.
BOX_TIDY_SECONDS, TIDY_SECONDS = 360, 60
# Seconds between two looks for jobs whose customers may have to be alerted on, each of which takes a list, and sweeps
# between two tidyings: after each sweep the record of alerts is read for digests that are to be delivered.
ALERTS_SECONDS, TIDY_SWEEPS = 60, 6
# Seconds between two looks of each process for its metrics, whether anybody scrapes them or not: one takes a list of
# campaigns, a read of each that is not closed, and one of what became of predictions; one for the customers at risk, a
# list of the days, and a read of the last two; one as often, of two reads, for the release in shadow.
METRICS_SECONDS, AT_RISK_SECONDS, OPEN_CAMPAIGNS, AT_RISK_READS, SHADOW_READS = 60, 300, 2, 2, 2
# Pages of jobs that are open during working hours: each asks every fifteen seconds, which takes a list, and a read for
# each of the twenty jobs that it shows.
OPEN_PAGES, OFFICE_SECONDS, LOOK_SECONDS, SHOWN_JOBS = 20, 22 * 8 * 3600, 15, 20
# Hours between two looks of the cluster's trainer for a request, by the template's default, and how long each is taken
# to last: the least that Fargate bills.
RETRAINING_HOURS, LEAST_BILLED_SECONDS = 6, 60
# Alarms and custom metrics by the templates, and the metrics of Container Insights for the cluster, its two services
# and its three kinds of task. The latter number is an estimate, because AWS changes their list.
BOX_ALARMS, BOX_METRICS = 3, 2
CLUSTER_ALARMS, CLUSTER_METRICS = 4, 1 + 8 + 2 * 11 + 3 * 6


class Line(NamedTuple):
    """A line of the table: what it is for, and dollars a month."""

    what: str
    dollars: float


def storage(units: Units, rows: float) -> float:
    """GB in the bucket on any day: releases, and jobs that have not expired, at `rows` job rows a month."""
    kept = rows / DAYS * JOB_DAYS * (units.row_bytes_in + units.row_bytes_out)
    return (kept + RELEASES * units.release_bytes) / 1e9


def tracked(rate: float, rows: float) -> float:
    """GB of tracked predictions, at `rate` of them a second and `rows` job rows a month, all with an id."""
    return (rate * MONTH + rows) * TRACKED_BYTES * TRACKED_MONTHS / 1e9


def tracking(rate: float, processes: int, tidy_seconds: float) -> tuple[float, float]:
    """S3's writes and reads a month for keeping `rate` predictions a second that `processes` answer, and for alerts."""
    objects = max(processes * MONTH / HANDOVER_SECONDS, rate * MONTH / HANDOVER_ROWS)
    tidyings = MONTH / tidy_seconds
    writes = tidyings * TIDY_WRITES + objects * HANDOVER_WRITES + MONTH / ALERTS_SECONDS
    return writes, tidyings * (TIDY_READS + TIDY_SWEEPS) + objects * HANDOVER_READS


def metrics(processes: int) -> tuple[float, float]:
    """S3's writes (which are lists) and reads a month for the metrics of so many processes."""
    looks, at_risk = processes * MONTH / METRICS_SECONDS, processes * MONTH / AT_RISK_SECONDS
    return looks + at_risk, looks * (OPEN_CAMPAIGNS + 1) + at_risk * (AT_RISK_READS + SHADOW_READS)


def requests(units: Units, rows: float, processes: int, poll: float, sweeps: float) -> tuple[float, float]:
    """S3's writes (which include LIST) and reads a month.

    `rows` are job rows a month, `processes` look for a release every `poll` seconds, `sweeps` is the number of measured
    workers that look for lost jobs as often.
    """
    chunks = rows * units.row_bytes_in / units.chunk_bytes
    writes = chunks * units.chunk_writes + sweeps * units.sweep_lists_a_second * MONTH
    reads = chunks * units.chunk_reads + processes * MONTH / poll
    return writes, reads


def open_pages(cost: dict[str, Any]) -> float:
    """Dollars a month for S3's requests by pages of jobs that stay open."""
    looks = OPEN_PAGES * OFFICE_SECONDS / LOOK_SECONDS
    return float(looks * (cost["per_unit"]["S3 write"] + SHOWN_JOBS * cost["per_unit"]["S3 read"]))


def watching(cost: dict[str, Any], metrics: int, alarms: int) -> float:
    """Dollars a month for so many metrics and alarms in CloudWatch."""
    monthly = cost["per_month"]
    return float(metrics * monthly["CloudWatch metric"] + alarms * monthly["CloudWatch alarm"])


def box(cost: dict[str, Any], units: Units) -> list[Line]:
    """What one machine costs at 10 predictions a second and JOB_ROWS job rows a month."""
    hours, hourly, unit = cost["hours_a_month"], cost["per_hour"], cost["per_unit"]
    writes, reads = requests(units, JOB_ROWS, PROCESSES, BOX_POLL_SECONDS, BOX_SWEEPS)
    tracked_writes, tracked_reads = tracking(10, PROCESSES, BOX_TIDY_SECONDS)
    metrics_writes, metrics_reads = metrics(PROCESSES)
    out = (10 * MONTH * ANSWER_BYTES + JOB_ROWS * units.row_bytes_out) / 1e9
    charged = max(0.0, out - cost["always_free"]["data out GB"])
    return [
        Line("machine (t3.micro)", hours * hourly["t3.micro"]),
        Line("public address", hours * hourly["public IPv4 address"]),
        Line("disk, 16 GB", 16 * cost["per_month"]["gp3 GB"]),
        Line("S3: kept", (storage(units, JOB_ROWS) + tracked(10, JOB_ROWS)) * cost["per_month"]["S3 standard GB"]),
        Line("S3: requests: tracking, alerts", tracked_writes * unit["S3 write"] + tracked_reads * unit["S3 read"]),
        Line("S3: requests: metrics", metrics_writes * unit["S3 write"] + metrics_reads * unit["S3 read"]),
        Line("S3: other requests", writes * unit["S3 write"] + reads * unit["S3 read"]),
        Line(f"S3: requests of {OPEN_PAGES} open pages of jobs", open_pages(cost)),
        Line("alarms and their figures", watching(cost, BOX_METRICS, BOX_ALARMS)),
        Line("data out", charged * unit["data out GB"]),
    ]


def tasks(units: Units, rate: float) -> int:
    """Tasks of web and API, with a vCPU each, for `rate` predictions a second; at least two, for two zones."""
    return max(2, math.ceil(rate * units.predict / BUSY))


def cluster(cost: dict[str, Any], units: Units, rate: float) -> list[Line]:
    """What the cluster costs at `rate` predictions a second and JOB_ROWS job rows a month."""
    hours, hourly, unit = cost["hours_a_month"], cost["per_hour"], cost["per_unit"]
    task = hours * (hourly["Fargate vCPU"] + 2 * hourly["Fargate GB"])
    api = tasks(units, rate)
    # One worker always runs; more are started for what it cannot do.
    workers = max(1.0, JOB_ROWS * units.job_row / 3600 / hours)
    writes, reads = requests(units, JOB_ROWS, PROCESSES * api, POLL_SECONDS, workers)
    for more_writes, more_reads in (tracking(rate, PROCESSES * api, TIDY_SECONDS), metrics(PROCESSES * api)):
        writes, reads = writes + more_writes, reads + more_reads
    out = (rate * MONTH * ANSWER_BYTES + JOB_ROWS * units.row_bytes_out) / 1e9
    # A capacity unit is 25 new connections a second, 1 GB an hour or 3,000 open connections; here the bytes decide.
    capacity = max(1.0, rate * 3600 * ANSWER_BYTES / 1e9)
    balancer = hours * (hourly["load balancer"] + capacity * hourly["load balancer capacity unit"])
    addresses = 3 * hours * hourly["public IPv4 address"]
    kept = (storage(units, JOB_ROWS) + tracked(rate, JOB_ROWS)) * cost["per_month"]["S3 standard GB"]
    log_gigabytes = rate * MONTH * LOG_BYTES / 1e9
    return [
        Line(f"web and api, {api} tasks", api * task),
        Line("worker, 1 task", workers * task),
        Line("trainer: looks for a request", LEAST_BILLED_SECONDS / 3600 / RETRAINING_HOURS * task),
        Line("two Redis", hours * (hourly["cache.t4g.micro"] + 2 * hourly["cache.t4g.small"])),
        Line("load balancer, three addresses", balancer + addresses),
        Line("NAT gateway, logs through it", hours * hourly["NAT gateway"] + log_gigabytes * unit["NAT gateway GB"]),
        Line(f"S3: requests of {OPEN_PAGES} open pages of jobs", open_pages(cost)),
        Line("S3", kept + writes * unit["S3 write"] + reads * unit["S3 read"]),
        Line("CloudFront: requests, data out", rate * MONTH * unit["CloudFront request"] + out * unit["data out GB"]),
        Line("logs", log_gigabytes * unit["CloudWatch log GB"]),
        Line("Container Insights, alarms", watching(cost, CLUSTER_METRICS, CLUSTER_ALARMS)),
    ]


def function(cost: dict[str, Any], rate: float) -> float:
    """Dollars a month for the function instead of web and API, at 1 GB for 5 ms a request, more than was measured."""
    unit = cost["per_unit"]
    request = unit["Lambda request"] + 0.005 * unit["Lambda GB-second"] + unit["HTTP API request"]
    return float(rate * MONTH * request)


def boxes(cost: dict[str, Any], units: Units) -> str:
    """The table of what one machine costs."""
    lines = box(cost, units)
    rows = [[line.what, f"{line.dollars:.2f}"] for line in lines]
    rows.append(["**a month**", f"**{sum(line.dollars for line in lines):.2f}**"])
    return table(["one box", "US$ a month"], rows)


def clusters(cost: dict[str, Any], units: Units) -> str:
    """The table of what the cluster costs at each rate of RATES."""
    columns = [cluster(cost, units, rate) for rate in RATES]
    names = ["web and api", *[line.what for line in columns[0]][1:]]
    rows = [[name, *[f"{column[at].dollars:,.2f}" for column in columns]] for at, name in enumerate(names)]
    totals = [sum(line.dollars for line in column) for column in columns]
    rows.insert(0, ["tasks of web and api", *[str(tasks(units, rate)) for rate in RATES]])
    rows.append(["**a month**", *[f"**{total:,.2f}**" for total in totals]])
    millions = [total / (rate * MONTH / 1e6) for total, rate in zip(totals, RATES, strict=True)]
    rows.append(["a million predictions", *[f"{dollars:.2f}" for dollars in millions]])
    rows.append(["the function in place of web and api", *[f"{function(cost, rate):,.2f}" for rate in RATES]])
    return table(["cluster, US$ a month", *[f"{rate:,} predictions/s" for rate in RATES]], rows)


def savings(cost: dict[str, Any], units: Units) -> str:
    """The table of what the bucket's lifecycle rules save a month after a year of JOB_ROWS rows a month."""
    gigabyte = cost["per_month"]["S3 standard GB"]
    monthly = JOB_ROWS * (units.row_bytes_in + units.row_bytes_out) / 1e9
    jobs_kept, jobs_ruled = 12 * monthly, monthly / DAYS * JOB_DAYS
    releases = RELEASES * units.release_bytes / 1e9
    # S3 does not move objects below 128 KB to the cheaper class, and a release is smaller.
    rows = [
        [
            "jobs expire after 7 days",
            f"{jobs_kept:.2f}",
            f"{jobs_ruled:.2f}",
            f"{(jobs_kept - jobs_ruled) * gigabyte:.2f}",
        ],
        ["old releases stay", f"{releases:.4f}", f"{releases:.4f}", "0.00"],
    ]
    return table(["rule, after a year", "GB without", "GB with", "US$ saved a month"], rows)


def document(text: str, cost: dict[str, Any], units: Units) -> str:
    """The document's text with all its generated sections written anew."""
    basis = f"Prices of {cost['region']}, taken down {cost['taken']} ({cost['source']}). Work: {units.about}.\n"
    sections = {
        "basis": basis,
        "boxes": boxes(cost, units),
        "clusters": clusters(cost, units),
        "savings": savings(cost, units),
    }
    return replaced(text, sections)


def main() -> int:
    """Write the document."""
    DOCUMENT.write_text(document(DOCUMENT.read_text(), prices(), measured()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
