"""What a word of one's own most likely means: the words that names are compared by."""

import pytest

from churn.customer.likeness import Likeness, fold, words


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


SPORTS = Likeness(
    {"Ball": (), "Table tennis": ("ping pong",), "Swimming": (), "Skimming": (), "Chess": (), "Water polo TV": ()},
    fillers=("the",),
    others=("finis",),
    unguessed=("Chess",),
)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("TABLE-TENNIS", "Table tennis"),
        ("tennis, table", "Table tennis"),
        ("the table tennis", "Table tennis"),
        ("Ping Pong", "Table tennis"),
        ("table tenis", "Table tennis"),
        ("table tenniis", "Table tennis"),
        ("table tenins", "Table tennis"),
        ("tabletenins", "Table tennis"),
        ("swimmnig", "Swimming"),
        # A slip in a short word, in its first letter, in two letters or of two letters makes another word.
        ("bell", None),
        ("fable tennis", None),
        ("table tnenis", "Table tennis"),
        ("table tnneis", None),
        ("tableten", None),
        ("table tennises", None),
        # One that may be two of the list, one that is unguessed, one of another list.
        ("szimming", None),
        ("ches", None),
        ("chess", "Chess"),
        ("table finis", None),
        ("water polo TB", None),
        ("waterpoloTB", None),
        ("", None),
    ],
)
def test_one_slip_in_a_long_word_is_understood_and_nothing_that_may_mean_another(text: str, meant: str | None) -> None:
    assert SPORTS.of(text) == meant


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
