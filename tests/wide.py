"""A declaration of 57 fields in six groups with all that forms have to show, and a made-up model for it."""

import json
import random
from datetime import UTC, datetime
from typing import Any

import numpy as np

from churn import release
from churn.model.background import Background
from churn.model.predictor import Predictor
from churn.model.scorecard import Scorecard
from churn.schema import load_schema
from churn.store.interface import ObjectStore

HEAD = """
[table]
name = "mobile"
id = "Subscriber No"
outcome = "Left us"
left = ["Yes"]
stayed = ["No"]
currency = "€"
groups = ["The subscriber", "Contract", "Calls", "Data", "Service", "Household"]

[[field]]
name = "Sex"
group = "The subscriber"
type = "category"
values = ["Female", "Male"]
protected = true

[[field]]
name = "Area"
columns = ["Service Area"]
group = "The subscriber"
help = "Where the bills go to."
type = "category"
values = [{areas}]
other = true

[[field]]
name = "Handset"
group = "The subscriber"
help = "The kind of telephone that is on record."
type = "category"
values = ["Feature phone", "Smartphone", "Tablet"]
blank = "value"

[[field]]
name = "Months in Service"
group = "Contract"
help = "Since the first bill."
type = "number"
low = 0
high = 240
whole = true
unit = "months"
words = "Subscriber for {{}} months"
required = true
role = "tenure"

[[field]]
name = "Monthly Revenue"
group = "Contract"
help = "The mean of the last three bills."
type = "number"
low = -50
high = 2000
unit = "€"
words = "A bill of {{}}"
required = true
role = "monthly_value"

[[field]]
name = "Remaining Contract"
group = "Contract"
help = "How long the contract still binds; blank for those without one."
type = "number"
low = 0
high = 24
unit = "months"
words = "{{}} months of contract left"
blank = "value"

[[field]]
name = "Binding"
group = "Contract"
type = "category"
values = ["Monthly", "One year", "Two years"]
required = true

[[field]]
name = "Package"
group = "Data"
type = "category"
values = {{ None = "No data package", Large = "A large data package", Small = "A small data package" }}

[[field]]
name = "Package Speed"
group = "Data"
type = "category"
values = ["Fast", "Slow"]
blank = "value"
implied_by = {{ field = "Package", value = "None", implies = "" }}
"""
MINUTES = """
[[field]]
name = "{title}"
group = "{group}"
type = "number"
low = 0
high = 10000
unit = "{unit}"
words = "{title}: {{}}"
"""
FLAG = """
[[field]]
name = "{title}"
group = "Household"
type = "category"
values = ["No", "Yes"]
"""
AREAS = [f"{letter}{number:03} Town of {letter}" for number, letter in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZ" * 2)]
KINDS = ["Day", "Evening", "Night", "Weekend", "Roaming", "Inbound", "Outbound", "Peak"]
WANTED = 57


def declaration() -> str:
    """The text of the declaration."""
    parts = [HEAD.format(areas=", ".join(f'"{area}"' for area in AREAS))]
    for kind in KINDS:
        parts.append(MINUTES.format(title=f"{kind} Minutes of Use", group="Calls", unit="minutes a month"))
        parts.append(MINUTES.format(title=f"{kind} Calls", group="Calls", unit="calls"))
        parts.append(MINUTES.format(title=f"{kind} Data Volume", group="Data", unit="MB"))
    parts += [MINUTES.format(title=f"{kind} Requests", group="Service", unit="requests") for kind in KINDS]
    missing = WANTED - "".join(parts).count("[[field]]")
    return "".join(parts + [FLAG.format(title=f"Household Trait {number + 1}") for number in range(missing)])


WIDE = load_schema(declaration(), "customer.toml")


def subscriber(chance: random.Random) -> dict[str, Any]:
    """A random customer with every field, as JSON has it."""
    known: dict[str, Any] = {}
    for name, field in WIDE.categories.items():
        known[name] = chance.choice(field.names)
    for name, number in WIDE.numbers.items():
        known[name] = chance.randint(0, int(number.high))
    if known["Package"] == "None":
        known["Package Speed"] = ""
    elif known["Package Speed"] == "":
        known["Package Speed"] = "Fast"
    return known


def publish_wide(store: ObjectStore) -> str:
    """Publish a release with random weights over 60 random customers; returns its version."""
    chance = random.Random(7)
    people = [WIDE.reader.read(subscriber(chance)).customer for _ in range(60)]
    columns = WIDE.features.matrix(WIDE.table_of(people))
    names, averages = WIDE.features.names, columns.mean(axis=0)
    weights = np.random.default_rng(4).normal(size=len(names)) / (np.abs(averages) + 1) / 4
    card = Scorecard(WIDE, -0.5, dict(zip(names, weights, strict=True)), dict(zip(names, averages, strict=True)))
    told = card.to_dict()
    predictor = Predictor(Scorecard.from_dict(WIDE, told), Background(WIDE, people), 0.5)
    version = release.claim(store, datetime.now(UTC))
    files = {
        "model.json": json.dumps(told).encode(),
        "background.json": release.background_file(WIDE, people),
        "examples.json": release.worked_examples(predictor, people[:5]),
    }
    manifest = {
        "model_name": "Made up",
        "kind": "scorecard",
        "timestamp": datetime.now(UTC),
        "threshold": 0.5,
        "metrics": {"cv": {"roc_auc": {"mean": 0.66, "std": 0.01}}, "test": {"roc_auc": 0.65, "accuracy": 0.7}},
        "data": {"source": "file", "sha256": "0" * 64, "rows": 51047},
        "libraries": {},
    }
    release.publish(store, version, manifest, files, WIDE)
    return version
