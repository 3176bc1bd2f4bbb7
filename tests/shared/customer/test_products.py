"""A number that is declared to be a product where it is absent."""

import pytest
from tests.bank import HEAD

from churn.schema import load_schema

FIELDS = """
[[field]]
name = "Months"
type = "number"
low = 0
high = 100
whole = true
words = "Customer for {} months"

[[field]]
name = "Bill"
type = "number"
low = -10
high = 200
words = "{} a month"

[[field]]
name = "Billed"
type = "number"
low = 0
high = 10_000
words = "{} in all"
when_absent = { product = ["Months", "Bill"], words = "As billed so far" }
"""

SCHEMA = load_schema(HEAD + FIELDS, "customer.toml")
ABSENT = ("Card Kind", "Limit Kind")


@pytest.mark.parametrize(
    ("months", "bill", "billed", "assumed"),
    [(10, 50, 500, ()), (0, -4, 0, ()), (40, -4, None, ("Billed",)), (100, 150, None, ("Billed",))],
)
def test_a_product_that_the_number_cannot_be_is_not_known(
    months: int, bill: int, billed: float | None, assumed: tuple[str, ...]
) -> None:
    reading = SCHEMA.reader.read({"Balance": 5, "Months": months, "Bill": bill})
    assert reading.customer[SCHEMA.position["Billed"]] == billed
    assert reading.assumed == (*ABSENT, *assumed)
    assert reading.derived == (() if assumed else ("Billed",))
