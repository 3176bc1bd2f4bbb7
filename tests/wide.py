"""A declaration of 57 fields in six groups with all that forms have to show, and a made-up model for it."""

import random
from math import ceil, floor
from typing import Any

from tests.made_up import made_up_predictor, published

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
name = "Years of Age"
group = "The subscriber"
type = "number"
low = 18
high = 110
whole = true
unit = "years"
words = "{{}} years old"
protected = true

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
METRICS = {"cv": {"roc_auc": {"mean": 0.66, "std": 0.01}}, "test": {"roc_auc": 0.65, "accuracy": 0.7}}


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
    known: dict[str, Any] = {name: chance.choice(field.names) for name, field in WIDE.categories.items()}
    known |= {name: chance.randint(ceil(field.low), floor(field.high)) for name, field in WIDE.numbers.items()}
    for name, rule in WIDE.implied.items():
        others = [value for value in WIDE.categories[name].names if value != rule.implies]
        known[name] = rule.implies if known[rule.field] == rule.value else chance.choice(others)
    return known


def publish_made_up(store: ObjectStore) -> str:
    """Publish a release with random weights over 60 random customers of the declaration; returns its version."""
    chance = random.Random(7)
    people = [WIDE.reader.read(subscriber(chance)).customer for _ in range(60)]
    predictor = made_up_predictor(WIDE, people, size=0.25)
    return published(store, people, predictor, promoted=False, metrics=METRICS)
