"""A declaration of an internet provider's customers, with all that the shipped one leaves out."""

from churn.schema import load_schema

TEXT = """
[table]
name = "provider"
outcome = "Customer Status"
left = ["Churned"]
stayed = ["Stayed"]
set_aside = ["Joined"]
file = "provider.csv"
missing = ["NA", "n.v."]
segments = ["Region"]

[leave_out]
"Churn Reason" = "only known once a customer has left"

[[field]]
name = "tenure"
columns = ["Tenure in Months"]
type = "number"
low = 1
high = 100
whole = true
bands = [1, 12, 48, 100]
words = "Customer for {} months"
required = true
role = "tenure"

[[field]]
name = "Remaining Contract"
columns = ["reamining_contract"]
type = "number"
low = 0
high = 3
bands = [0, 1, 2.5, 3]
words = "{} years of the contract left"
required = true
blank = "value"

[[field]]
name = "Region"
type = "category"
values = ["North", "South"]
other = true
example = "South"

[[field]]
name = "Plan"
title = "Tariff"
type = "category"
values = { Flat = "A flat rate", OTHER = "Another tariff" }
other = true
blank = "value"

[[field]]
name = "Internet"
type = "category"
values = ["No", "Yes"]
required = true

[[field]]
name = "Internet Type"
type = "category"
values = ["Cable", "Fiber"]
blank = "value"
implied_by = { field = "Internet", value = "No", implies = "" }

[[field]]
name = "Download Limit"
type = "category"
values = { 0 = "No limit", 1 = "A limit" }
blank = "value"
protected = true

[[field]]
name = "Area"
type = "category"
values = ["3", "45", "Unknown"]
other = true
required = true
"""

PROVIDER = load_schema(TEXT, "customer.toml")

COMPLETE = {
    "tenure": 5,
    "Remaining Contract": 1.5,
    "Region": "North",
    "Plan": "Flat",
    "Internet": "Yes",
    "Internet Type": "Fiber",
    "Download Limit": 0,
    "Area": "3",
}
"""A customer of the provider with every field."""
