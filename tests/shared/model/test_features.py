"""The 45 columns, for one customer and for whole tables."""

import math

import numpy as np
import pytest
from tests.telco import ADD_ONS, COLUMNS, FEATURES, FIELDS, Customer, features, matrix, read, table_of

from churn.customer.features import Feature


def columns_of(**changes: object) -> dict[str, float]:
    base = {
        "gender": "Female",
        "SeniorCitizen": 0,
        "Partner": "Yes",
        "Dependents": "No",
        "tenure": 24,
        "PhoneService": "Yes",
        "MultipleLines": "No",
        "InternetService": "Fiber optic",
        **dict.fromkeys(ADD_ONS, "No"),
        "Contract": "Month-to-month",
        "PaperlessBilling": "Yes",
        "PaymentMethod": "Electronic check",
        "MonthlyCharges": 70.0,
        "TotalCharges": 1500.0,
    }
    return dict(zip(COLUMNS, map(float, features(read(base | changes).customer)), strict=True))


def test_there_are_45_columns_each_with_its_owners() -> None:
    assert len(COLUMNS) == len(set(COLUMNS)) == 45
    for feature in FEATURES:
        assert feature.fields
        assert set(feature.fields) <= set(FIELDS), feature.name


def test_one_row_and_a_table_agree(customers: list[Customer]) -> None:
    rows = np.array([features(customer) for customer in customers], float)
    assert np.abs(matrix(table_of(customers)) - rows).max() <= 1e-12


GROUPS = [(0, None), (1, None), (12, None), (13, "1-2"), (24, "1-2"), (25, "2-4"), (48, "2-4"), (49, "4+"), (100, "4+")]


@pytest.mark.parametrize(("months", "group"), GROUPS)
def test_every_tenure_belongs_to_one_group(months: int, group: str | None) -> None:
    columns = columns_of(tenure=months)
    ones = {name for name in COLUMNS if name.startswith("TenureGroup_") and columns[name]}
    assert ones == ({f"TenureGroup_{group} Years"} if group else set())


CASES = [
    ({}, "AvgChargePerMonth", 60.0),
    ({}, "LogTenure", math.log(25)),
    ({}, "MtMxLogTenure", math.log(25)),
    ({"Contract": "Two year"}, "MtMxLogTenure", 0),
    ({"Contract": "Two year"}, "TwoYearxLogTenure", math.log(25)),
    ({"tenure": 1}, "TenureLE1", 1),
    ({"tenure": 2}, "TenureLE1", 0),
    ({}, "ChargeDrift", 7.5),
    ({"tenure": 0, "TotalCharges": 0}, "ChargeDrift", 0),
    ({"tenure": 0, "TotalCharges": 50}, "ChargeDrift", 0),
    ({}, "NoSecNoSupport", 1),
    ({"TechSupport": "Yes"}, "NoSecNoSupport", 0),
    ({"InternetService": "No"}, "NoSecNoSupport", 0),
    ({"StreamingTV": "Yes"}, "StreamNoProt", 1),
    ({"StreamingTV": "Yes", "OnlineBackup": "Yes"}, "StreamNoProt", 0),
    ({}, "StreamNoProt", 0),
    ({"StreamingTV": "Yes", "StreamingMovies": "Yes"}, "StreamxFiber", 2),
    ({"StreamingTV": "Yes", "InternetService": "DSL"}, "StreamxFiber", 0),
    ({"MultipleLines": "Yes"}, "MultiLinesxFiber", 1),
    ({"TechSupport": "Yes", "StreamingTV": "Yes"}, "NumAddOns", 2),
    ({"PaymentMethod": "Credit card (automatic)"}, "AutoPay", 1),
    ({"PaymentMethod": "Bank transfer (automatic)"}, "AutoPay", 1),
    ({"PaymentMethod": "Mailed check"}, "AutoPay", 0),
    ({"InternetService": "No"}, "OnlineBackup_No Internet Service", 1),
    ({"PhoneService": "No"}, "MultipleLines_No Phone Service", 1),
    ({"SeniorCitizen": 1}, "SeniorCitizen_Yes", 1),
]


@pytest.mark.parametrize(("changes", "column", "wanted"), CASES)
def test_a_column_follows_its_definition(changes: dict[str, object], column: str, wanted: float) -> None:
    if changes.get("InternetService") == "No":
        changes = changes | dict.fromkeys(ADD_ONS, None)
    assert columns_of(**changes)[column] == pytest.approx(wanted, abs=1e-12)


OWNERS = {
    "AvgChargePerMonth": {"TotalCharges", "tenure"},
    "TenureGroup_1-2 Years": {"tenure"},
    "TenureGroup_2-4 Years": {"tenure"},
    "TenureGroup_4+ Years": {"tenure"},
    "LogTenure": {"tenure"},
    "MtMxLogTenure": {"Contract", "tenure"},
    "TenureLE1": {"tenure"},
    "TwoYearxLogTenure": {"Contract", "tenure"},
    "NoSecNoSupport": {"OnlineSecurity", "TechSupport"},
    "StreamNoProt": set(ADD_ONS),
    "StreamxFiber": {"InternetService", "StreamingTV", "StreamingMovies"},
    "MultiLinesxFiber": {"InternetService", "MultipleLines"},
    "NumAddOns": set(ADD_ONS),
    "AutoPay": {"PaymentMethod"},
    "ChargeDrift": {"MonthlyCharges", "TotalCharges", "tenure"},
}


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.name)
def test_the_effect_of_a_column_goes_to_the_fields_that_it_is_about(feature: Feature) -> None:
    """What a customer without a service cannot have is about that service."""
    name = feature.name
    if name.endswith("_No Internet Service"):
        wanted = {"InternetService"}
    elif name.endswith("_No Phone Service"):
        wanted = {"PhoneService"}
    else:
        wanted = OWNERS.get(name, {name.partition("_")[0]})
    assert set(feature.fields) == wanted
