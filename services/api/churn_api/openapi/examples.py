"""Customers and failures to show; the answers to them are tested against the schemas."""

from typing import Any

from churn.customer.declaration import FIELDS

WHOLE: dict[str, Any] = {"customerID": "7590-VHVEG", **{name: field.example for name, field in FIELDS.items()}}

PARTIAL: dict[str, Any] = {
    "gender": "Female",
    "SeniorCitizen": 0,
    "Partner": "Yes",
    "tenure": 24,
    "Contract": "One year",
    "MonthlyCharges": 65.5,
    "TotalCharges": "1572.00",
}

FAULTY = PARTIAL | {"tenure": 500, "Contract": "Weekly"}

CUSTOMER = {
    "whole": {"summary": "Every field", "value": WHOLE},
    "partial": {"summary": "Seven fields; what is absent is averaged over real customers", "value": PARTIAL},
}

BATCH = {
    "named": {"summary": "By name, with a customer at fault", "value": {"customers": [WHOLE, FAULTY]}},
    "bare": {"summary": "A bare array", "value": [PARTIAL]},
}

CSV = f"{','.join(WHOLE)}\n{','.join(map(str, WHOLE.values()))}\n"
