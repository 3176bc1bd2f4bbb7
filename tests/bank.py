"""A declaration of a bank's customers, which shares no field with the shipped one, and a made-up model for them."""

import random
from typing import Any

from tests.made_up import made_up_predictor

from churn.customer.declaration import Customer
from churn.model.predictor import Predictor
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


def clients() -> list[Customer]:
    """Sixty random customers of the bank, the same on every call."""
    chance = random.Random(3)
    return [BANK.reader.read(client(chance)).customer for _ in range(60)]


def bank_predictor() -> Predictor:
    """A made-up model over these customers."""
    return made_up_predictor(BANK, clients())
