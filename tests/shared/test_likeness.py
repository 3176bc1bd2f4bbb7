"""What a word of one's own most likely means: the words that names are compared by."""

import pytest

from churn.likeness import fold, words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("MonthlyCharges", ["monthly", "charge"]),
        ("tenure_months", ["tenure", "month"]),
        ("TenureMonths", ["tenure", "month"]),
        ("Paperless", ["paperless"]),
        ("business", ["business"]),
        ("his", ["his"]),
        ("yes", ["yes"]),
        ("days", ["day"]),
        ("StreamingTV", ["streaming", "tv"]),
        ("2 years", ["two", "year"]),
        ("# Dependents", ["#", "dependent"]),
    ],
)
def test_a_name_is_its_words_in_lower_case_and_in_the_singular(text: str, found: list[str]) -> None:
    assert words(text) == found


@pytest.mark.parametrize(
    ("text", "letters"),
    [
        (" Monthly-Charges ", "monthlycharges"),
        ("Monthly Charges ($)", "monthlycharges"),
        ("!Churn", "!churn"),
        ("Churn %", "churn%"),
        ("\ufeffChurn", "churn"),
    ],
)
def test_blanks_separators_and_currencies_mean_nothing_and_other_signs_do(text: str, letters: str) -> None:
    assert fold(text) == letters
