"""What columns' names mean: for certain, likely, or nothing at all rather than something wrong."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.telco import KNOWN, field_of, likely

from churn.customer.columns import fold
from churn.customer.likeness import MAX_LENGTH

CERTAIN = {
    "Tenure": "tenure",
    " tenure ": "tenure",
    "TENURE": "tenure",
    "ｔｅｎｕｒｅ": "tenure",
    "\ufefftenure": "tenure",
    "Senior Citizen": "SeniorCitizen",
    "senior_citizen": "SeniorCitizen",
    "senior-citizen": "SeniorCitizen",
    "Monthly.Charges": "MonthlyCharges",
    "MonthlyCharges ($)": "MonthlyCharges",
    "streaming_tv": "StreamingTV",
    "Customer ID": "customerID",
    "customer_id": "customerID",
    "churn": "Churn",
    "CHURN": "Churn",
    "Churn?": "Churn",
}

LIKELY = {
    "Tenure in Months": "tenure",
    "tenure_months": "tenure",
    "TenureMonths": "tenure",
    "Tenureinmonths ": "tenure",
    "tenure (months)": "tenure",
    "customer.tenure": "tenure",
    "Charges.Monthly": "MonthlyCharges",
    "charges_monthly": "MonthlyCharges",
    "account_Charges_Monthly": "MonthlyCharges",
    "Monthly Charge": "MonthlyCharges",
    "MonthlyCharges_USD": "MonthlyCharges",
    "Charges per month": "MonthlyCharges",
    "charges_total": "TotalCharges",
    "Total Charge": "TotalCharges",
    "internet.OnlineSecurity": "OnlineSecurity",
    "Device Protection Plan": "DeviceProtection",
    "Premium Tech Support": "TechSupport",
    "TV Streaming": "StreamingTV",
    "Contract Type": "Contract",
    "Dependants": "Dependents",
    "sex": "gender",
    "is_senior": "SeniorCitizen",
    "tenuer": "tenure",
    "Tenur": "tenure",
    "tennure": "tenure",
    "tenire": "tenure",
    "Monthly Charegs": "MonthlyCharges",
    "monthlycharegs": "MonthlyCharges",
    "Churned": "Churn",
    "did_churn": "Churn",
    "Churn Label": "Churn",
    "customer_churn": "Churn",
}

OTHERS = [
    *("Quarter", "tenure_group", "tenure_years", "Tenure in Years", "tenure2", "Internet Type", "Contact", "contacts"),
    *("Contact Type", "Contract Length", "Pattern", "Total Refunds", "Total Revenue", "Avg Monthly Charges", "Phone"),
    *(
        "TotalChanges",
        "monthlychanges",
        "Total Long Distance Charges",
        "Number of Dependents",
        "No partner",
    ),
    *("Churn_Yes", "Churn_No", "!Churn", "Churn %", "Churn Score", "Churn Reason", "churn_probability", "Married"),
    *(
        "gender_Male",
        "SeniorCitizen_1",
        "Contract_Two year",
        "Customer IP",
        "customerIP",
        "Streaming Music",
        "Partner.1",
    ),
    *(
        "Customer Status",
        "customer",
        "Service",
        "Months",
        "",
        "   ",
        "???",
        "\x00",
        "-",
        "tenure" * 50,
        "x" * 2_000_000,
    ),
]


@pytest.mark.parametrize(("name", "known"), CERTAIN.items())
def test_the_same_letters_are_the_same_name(name: str, known: str) -> None:
    assert (field_of(name), likely(name)) == (known, known)


@pytest.mark.parametrize(("name", "known"), LIKELY.items())
def test_the_same_words_or_a_synonym_are_likely_but_not_certain(name: str, known: str) -> None:
    assert (field_of(name), likely(name)) == (None, known)


@pytest.mark.parametrize("name", OTHERS, ids=lambda name: repr(name[:30]))
def test_a_name_that_means_something_else_means_nothing(name: str) -> None:
    assert (field_of(name), likely(name)) == (None, None)


def test_a_name_of_a_hundred_characters_is_the_longest_that_is_looked_at() -> None:
    longest = "tenure" + " " * (MAX_LENGTH - len("tenure.")) + "."
    assert len(longest) == MAX_LENGTH
    assert (field_of(longest), likely(longest)) == ("tenure", "tenure")
    assert (field_of(f"{longest}."), likely(f"{longest}.")) == (None, None)
    fillers = "tenure of the" + " " * (MAX_LENGTH - len("tenure of thecustomer")) + "customer"
    assert len(fillers) == MAX_LENGTH
    assert likely(fillers) == "tenure"
    assert likely(fillers.replace(" ", "  ", 1)) is None
    # Blanks around a name are no part of it.
    assert field_of(" " * MAX_LENGTH + "Tenure") == "tenure"


@pytest.mark.parametrize("name", KNOWN)
def test_a_known_name_means_itself(name: str) -> None:
    assert field_of(name) == likely(name) == name


@given(st.text())
def test_no_name_fails(name: str) -> None:
    assert isinstance(fold(name), str)
    assert field_of(name) in {None, *KNOWN}
    assert likely(name) in {None, *KNOWN}


def test_a_name_takes_no_longer_than_a_fraction_of_a_millisecond() -> None:
    started = time.process_time()
    for number in range(1000):
        likely(f"MonthlyTenurePartner {number}")
    assert time.process_time() - started < 1
