"""A simulated operator, who uses the product month by month and knows what it ought to say.

    python -m scripts.simulated_operator --url http://127.0.0.1:8080 --months 24 --customers 2000 --change ranking@12
    python -m scripts.simulated_operator --campaigns --world falls --store file:///data/store --months 9
    python -m scripts.simulated_operator --training-table data/telco_customer_churn.csv

Each month he has his customers scored as they were on its first day, contacts some of them if there is a campaign, and
reports at its end who left and who stayed. Then he compares what GET /quality says with what he knows, and with
--campaigns, by which the product itself plans a campaign each month, what it says of these. The months lie
in the past, the last one before this one. A model that was trained on the world's own table is right until something
changes; any other one only ranks its customers sensibly. The exit code is 0 if nothing differed.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from churn.schema import built_in
from churn.store.opening import open_store
from scripts.simulation import campaign_table, reporting
from scripts.simulation.calendar import first_day
from scripts.simulation.client import Client
from scripts.simulation.comparison import differences
from scripts.simulation.effects import EFFECTS
from scripts.simulation.oracle import Oracle
from scripts.simulation.outreach import Nobody, Outreach, OwnCampaigns
from scripts.simulation.planned_campaigns import FARTHEST_DAYS, PlannedCampaigns
from scripts.simulation.world import KINDS, Change, World, training_table

# Rows of the table to train on; its world has another seed than the customers who are scored.
TRAINING_ROWS, OTHER_SEED = 12_000, 1_000_003
# Differences of a month that are printed.
LISTED = 5

_COLUMNS = f"{'month':8}{'scored':>7}{'left':>7}{'risk':>8}{'truth':>8}{'realised':>9}{'AUC':>7}{'realised':>9}  "


@dataclass
class Line:
    """What a month showed: `risk` is the mean of the hazards without any contact.

    `truth`, the oracle's, and `realised` are of the newest month that has figures.
    """

    month: str
    scored: int
    left: int
    risk: float
    truth: dict[str, float | None]
    realised: dict[str, float | None]
    verdict: str
    drift: list[str]
    differences: list[str]

    def __str__(self) -> str:
        """The line of the table."""
        told = [
            _number(side.get(name), width)
            for name, width in (("churn_rate", 8), ("roc_auc", 7))
            for side, width in ((self.truth, width), (self.realised, 9))
        ]
        end = f"verdict {self.verdict}, drift {','.join(self.drift) or 'none'}, {len(self.differences)} differences"
        return f"{self.month:8}{self.scored:7}{self.left:7}{self.risk:8.4f}{''.join(told)}  {end}"


@dataclass
class Run:
    """A simulation, of which every month is driven through the API."""

    client: Client
    world: World
    outreach: Outreach
    oracle: Oracle
    today: date
    clerk: reporting.Clerk = field(default_factory=reporting.Clerk)
    lines: list[Line] = field(default_factory=list)

    def month(self) -> Line:
        """Score, contact, report, ask, and compare."""
        world, first = self.world, self.world.today
        scored = self.client.score(world.records(), first)
        self.oracle.predicted(first, scored.release, scored.probabilities)
        risk = float(world.risk().mean())
        found = self.outreach.begin(world, scored)
        past = world.advance(self.outreach.save_rates())
        rows = self.clerk.report(past, self.outreach.contacts(past))
        self.client.report(reporting.to_csv(rows))
        self.oracle.reported(rows)
        line = self._compared(scored.release, f"{first:%Y-%m}", len(scored.probabilities), len(past.left), risk)
        line.differences += [*found, *self.outreach.differences()]
        self.lines.append(line)
        return line

    def _compared(self, version: str, month: str, scored: int, left: int, risk: float) -> Line:
        quality = self.client.quality((self.today - self.world.first).days + 1)
        wanted = self.oracle.releases(self.today)
        found = differences(quality, self.oracle.outcomes(), wanted)
        release: dict[str, Any] = next((one for one in quality["releases"] if one["version"] == version), {})
        newest = max((name for name, told in wanted[version].items() if name != "all" and told["matched"]), default="")
        told: dict[str, Any] = next((one for one in release.get("months", []) if one["month"] == newest), {})
        realised = {
            name: figure["value"] for name, figure in told.items() if isinstance(figure, dict) and "value" in figure
        }
        drift = [one["field"] for one in (release.get("drift") or {"fields": []})["fields"] if one["state"] == "alarm"]
        verdict = release.get("verdict", {"state": "missing"})["state"]
        return Line(month, scored, left, risk, wanted[version].get(newest, {}), realised, verdict, drift, found)


def faults_of(lines: Sequence[Line], change: Change | None, window_months: int) -> list[str]:
    """Where figures differed, or where the verdict was wrong.

    It was where it rang before a change can have shown, or did not ring though a change of what bills do not explain
    has shown for two months.
    """
    found = [f"{line.month}: {difference}" for line in lines for difference in line.differences]
    shows = change.month if change else len(lines) + 1
    found += [f"{line.month}: a false alarm" for line in lines[: shows - 1] if line.verdict == "alarm"]
    ripe = lines[shows + window_months :] if change and change.kind != "bills" else []
    if ripe and not any(line.verdict == "alarm" for line in lines[shows - 1 :]):
        found.append(f"{ripe[-1].month}: the {change.kind if change else ''} changed, and the verdict does not say so")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the simulation, or write the table to train on; returns 1 if anything differed."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.training_table:
        window = built_in("telco").label_window_months or 1
        options.training_table.write_bytes(training_table(options.seed + OTHER_SEED, TRAINING_ROWS, window))
        return 0
    today = datetime.now(UTC).date()
    world = World(options.seed, options.customers, first_day(today, options.months), options.change)
    if options.campaigns and not options.store:
        parser.error("--campaigns needs the --store of the product")
    if options.campaigns and (today - world.first).days >= FARTHEST_DAYS:
        parser.error("--campaigns reaches no farther back than a plan looks: give fewer --months, at most 11")
    client = Client(options.url, options.key)
    oracle = Oracle(client.window_months())
    outreach = _outreach(options, client, oracle, today)
    run = Run(client, world, outreach, oracle, today)
    print(_COLUMNS, flush=True)
    for _ in range(options.months):
        line = run.month()
        print(line, *line.differences[:LISTED], sep="\n    ", flush=True)
    planned = outreach if isinstance(outreach, PlannedCampaigns) else None
    if planned:
        print(*campaign_table.lines(planned.planned, planned.untreated), sep="\n")
    faults = faults_of(run.lines, options.change, oracle.window_months)
    if options.report:
        told = {"lines": [asdict(line) for line in run.lines], "faults": faults}
        told["campaigns"] = [campaign_table.as_dict(campaign) for campaign in planned.planned] if planned else []
        options.report.write_text(json.dumps(told, indent=1) + "\n")
    print(f"{len(faults)} faults.", *faults[-LISTED:], sep="\n  ")
    return 1 if faults else 0


def _outreach(options: argparse.Namespace, client: Client, oracle: Oracle, today: date) -> Outreach:
    if options.campaigns:
        return PlannedCampaigns(client, open_store(options.store), options.world, oracle, today)
    return OwnCampaigns() if options.campaign else Nobody()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8080", help="where the product answers")
    parser.add_argument("--key", default="", help="an API key that may do everything, where there are keys")
    parser.add_argument("--months", type=int, default=6, help="CHURN_TRACKING_DAYS has to reach one month further back")
    parser.add_argument("--customers", type=int, default=1_000, help="customers of a month, more or less")
    parser.add_argument("--seed", type=int, default=1)
    kinds = "|".join(KINDS)
    parser.add_argument("--change", type=change_of, metavar=f"{kinds}@MONTH", help="what changes, months from 1")
    contacting = parser.add_mutually_exclusive_group()
    contacting.add_argument("--campaign", action="store_true", help="a campaign each month, with a hold-out")
    contacting.add_argument("--campaigns", action="store_true", help="the same, planned and judged by the product")
    parser.add_argument("--world", choices=EFFECTS, default="same", help="how save rates differ in --campaigns")
    parser.add_argument("--store", help="CHURN_STORE_URL: --campaigns are moved back there")
    parser.add_argument("--report", type=Path, help="write every number to this JSON file")
    parser.add_argument("--training-table", type=Path, help="write a table of the world to train on here, and end")
    return parser


def change_of(text: str) -> Change:
    """A change as the command line has it. Raises argparse's error for what is none."""
    kind, _, month = text.partition("@")
    for known in KINDS:
        if kind == known and month.isdecimal() and int(month) >= 1:
            return Change(known, int(month))
    raise argparse.ArgumentTypeError(f"{text!r} is not one of {', '.join(KINDS)} with @ and a month from 1")


def _number(value: float | None, width: int) -> str:
    return f"{'-':>{width}}" if value is None else f"{value:{width}.4f}"


if __name__ == "__main__":
    sys.exit(main())
