"""The customer's id is what has another value in each row and is no number of the row."""

import pytest

from churn_trainer.inspect.identity import find

CASES = {
    "beside a row number": ({"RowNumber": [1, 2, 3], "CustomerId": [15, 11, 19]}, "CustomerId"),
    "a telephone number": (
        {"area code": [415, 415, 408], "phone number": ["382-4657", "371-7191", "358-1921"]},
        "phone number",
    ),
    "that counts up": ({"CustomerID": [50001, 50002, 50003], "plan": ["a", "b", "a"]}, "CustomerID"),
    "without a telling name": ({"who": ["7590-VHVEG", "5575-GNVDE", "3668-QPYBK"]}, "who"),
    "an index alone": ({"": [0, 1, 2], "Bill": [1.5, 2.5, 3.5]}, None),
    "a surname": ({"Surname": ["Hill", "Onio", "Boni"]}, None),
    "not for everybody": ({"who": ["a", "b", ""]}, None),
    "twice, but called an id": ({"Customer ID": ["a", "b", "a"]}, "Customer ID"),
    "for nearly nobody, but called as in answers": ({"customer_id": ["", "", "", "", "", "", "a"]}, "customer_id"),
    "twice": ({"who": ["a", "b", "a"]}, None),
    "texts": ({"Remark": ["calls often", "never calls", "moved away"]}, None),
    "days": ({"Joined": ["2024-01-01", "2024-01-02", "2024-01-03"]}, None),
}


@pytest.mark.parametrize("case", CASES)
def test_the_id_is_found(column, case):
    cells, name = CASES[case]
    found = find([column(named, texts) for named, texts in cells.items()])
    assert (found.name if found else None) == name
