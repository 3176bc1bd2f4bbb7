"""A declaration of a bank's customers, which shares no field with the shipped one, and a made-up model for them."""

import random
from typing import Any

import numpy as np

from churn.model.background import Background
from churn.model.predictor import Predictor
from churn.model.scorecard import Scorecard
from churn.schema import load_schema

HEAD = """
[table]
name = "bank"
id = "Client No"
outcome = "Exited"
left = ["1"]
stayed = ["0"]
currency = "€"

[[field]]
name = "Balance"
type = "number"
low = -1000
high = 300000
unit = "€"
words = "{} on the account"
required = true

[[field]]
name = "Card Kind"
type = "category"
values = { Blue = "A blue card", Gold = "A golden card", None = "No card" }

[[field]]
name = "Limit Kind"
type = "category"
values = { High = "A high limit", Low = "A low limit", Missing = "No limit" }
implied_by = { field = "Card Kind", value = "None", implies = "Missing" }
"""
PRODUCT = """
[[field]]
name = "Product {number}"
type = "category"
values = {{ No = "No {number}", Yes = "Has {number}" }}
"""

BANK = load_schema(HEAD + "".join(PRODUCT.format(number=number) for number in range(40)), "customer.toml")


def client(chance: random.Random) -> dict[str, Any]:
    """A random customer of the bank with every field, as JSON has it."""
    kind = chance.choice(["Blue", "Gold", "None"])
    limit = "Missing" if kind == "None" else chance.choice(["High", "Low"])
    products = {f"Product {number}": chance.choice(["No", "Yes"]) for number in range(40)}
    return {"Balance": round(chance.uniform(-1000, 300_000), 2), "Card Kind": kind, "Limit Kind": limit, **products}


def bank_predictor() -> Predictor:
    """A scorecard with random weights over 60 random customers, the same on every call."""
    chance = random.Random(3)
    people = [BANK.reader.read(client(chance)).customer for _ in range(60)]
    columns = BANK.features.matrix(BANK.table_of(people))
    names, averages = BANK.features.names, columns.mean(axis=0)
    weights = np.random.default_rng(4).normal(size=len(names)) / (np.abs(averages) + 1)
    card = Scorecard(BANK, 0.1, dict(zip(names, weights, strict=True)), dict(zip(names, averages, strict=True)))
    return Predictor(Scorecard.from_dict(BANK, card.to_dict()), Background(BANK, people), 0.5)
