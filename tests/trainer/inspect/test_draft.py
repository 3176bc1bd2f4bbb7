"""What is decided about each column of a table: type, range, blanks, rules, roles, and why it is left out."""

import random

import pytest

from churn.schema import load_schema
from churn_trainer.inspect import toml
from churn_trainer.inspect.implied import Rule
from churn_trainer.inspect.summary import sentences

ROWS = range(400)
CHANCE = random.Random(5)
NOISE = [round(CHANCE.uniform(20, 100), 2) for _ in ROWS]


def field(table, name):
    return next((one for one in table.fields if one.name == name), None)


LEFT_OUT = {
    "constant": ("Country", ["United States"] * 400, "the same in every row (United States)"),
    "constant but for blanks": ("Country", ["US"] * 399 + [""], "the same in every row (US)"),
    "blank": ("Notes", [""] * 400, "blank in every row"),
    "dates": ("Since", [f"2024-01-{row % 28 + 1:02}" for row in ROWS], "a date: make it months before the export"),
    "dates of another country": (
        "Since",
        [f"{row % 28 + 1}.3.2024 10:00" for row in ROWS],
        "a date: make it months before the export",
    ),
    "dates as numbers": ("Since", [20240101 + row % 28 for row in ROWS], "a date: make it months before the export"),
    "surnames": ("Surname", [f"Name{row % 90}" for row in ROWS], "tells who the customer is: no field"),
    "addresses": ("E-mail", [f"a{row}@b.c" for row in ROWS], "tells who the customer is: no field"),
    "row numbers": ("RowNumber", list(ROWS), "counts the rows"),
    "another id": (
        "Account Number",
        [row * 7919 % 1009 + 5000 for row in ROWS],
        "another number that customers are known by",
    ),
    "coordinates": ("Latitude", [33 + row % 50 / 7 for row in ROWS], "a place on the map: a region says it better"),
    "free text": ("Remark", [f"called {row} times and then was quiet" for row in range(100)] * 4, "a free text"),
    "names": (
        "Shop",
        [f"shop{row % 300}" for row in ROWS],
        "a name or a free text: nearly every customer has another one",
    ),
    "lines": ("Note", ["a\nb", "c\nd"] * 200, "its values have line ends"),
    "too many values": ("Zip Code", [90_000 + row % 390 * 7 for row in ROWS], "390 values, and only "),
}


@pytest.mark.parametrize("case", LEFT_OUT)
def test_what_is_no_field_is_left_out_with_the_reason(drafted, case):
    name, cells, reason = LEFT_OUT[case]
    table = drafted({name: cells, "Bill": NOISE})
    assert table.left_out[name].startswith(reason)
    assert table.leaks == []
    assert field(table, name) is None


KINDS = {
    "a number": ("Bill", NOISE, "number", None),
    "a flag": ("HasCard", [row % 2 for row in ROWS], "category", None),
    "two codes": ("Tariff", [1 + row % 2 for row in ROWS], "category", None),
    "how many": (
        "Products",
        [1 + row % 4 for row in ROWS],
        "number",
        'it has 4 values (1, 2, 3, 4): a number, or a code, so type = "category"?',
    ),
    "numbers far apart": (
        "Package",
        [(408, 415, 510)[row % 3] for row in ROWS],
        "category",
        'its 3 numbers (408, 415, 510) look like a code; is it type = "number"?',
    ),
    "a code by its name": (
        "Area code",
        [100 + row % 12 for row in ROWS],
        "category",
        'its numbers look like a code; if they are amounts, make it type = "number"',
    ),
    "a few words among numbers": ("Bill", [*NOISE[:-2], "n/a", "free"], "number", None),
}


@pytest.mark.parametrize("case", KINDS)
def test_the_type_is_found_and_asked_about_where_it_is_in_doubt(drafted, case):
    name, cells, kind, question = KINDS[case]
    found = field(drafted({name: cells}), name)
    assert (found.kind, found.marks.get("type")) == (kind, question)


def test_a_flag_as_floats_is_declared_as_0_and_1(drafted):
    found = field(drafted({"female": [f"{row % 2}.0" for row in ROWS]}), "female")
    assert (found.values, found.flag, found.protected) == (["0", "1"], True, True)


def test_of_many_values_the_commonest_are_listed_and_the_others_are_one(drafted):
    found = field(drafted({"State": [f"S{min(row % 41, row % 31)}" for row in ROWS]}), "State")
    assert (len(found.values), found.other) == (20, True)
    assert found.marks["other"] == "31 values; the 20 commonest are listed, the others are one"


def test_values_that_differ_by_letter_case_are_one(drafted):
    cells = ["Basic" if row % 3 else "BASIC" for row in ROWS]
    cells[0] = "gold plan"
    cells[1:4] = ["Gold  Plan"] * 3
    assert field(drafted({"Plan": cells}), "Plan").values == ["Basic", "Gold  Plan"]


@pytest.mark.parametrize("word", ["None", "Unknown"])
def test_a_frequent_word_for_nothing_is_a_value_and_a_rare_one_is_blank(drafted, word):
    frequent = field(drafted({"Offer": [word if row % 4 == 0 else f"Offer {row % 3}" for row in ROWS]}), "Offer")
    rare = field(drafted({"Offer": [word if row == 0 else f"Offer {row % 3}" for row in ROWS]}), "Offer")
    assert word in frequent.values
    assert word not in rare.values
    assert rare.column.blank.sum() == 1


def test_the_range_is_rounded_away_from_what_was_seen_and_the_bands_cover_it(drafted):
    found = field(drafted({"Monthly bill": [*NOISE[:-1], -3.5]}), "Monthly bill")
    assert (found.low, found.high, found.whole, found.money) == (-4, 100, False, True)
    assert (found.bands[0], found.bands[-1], len(found.bands)) == (-4, 100, 9)
    assert found.bands == sorted(set(found.bands))
    assert "what is possible?" in found.marks["high"]


@pytest.mark.parametrize("sign", ["€", "£"])
def test_amounts_with_a_sign_are_money_of_that_currency(drafted, sign):
    table = drafted({"Use": [f"{sign}{noise:.2f}" for noise in NOISE]})
    assert field(table, "Use").money
    schema = load_schema(toml.text(table, "customers.csv"), "customer.toml")
    assert (schema.currency, schema.fields["Use"].unit) == (sign, sign)
    assert schema.reader.read({"Use": f"{sign}25.50"}).customer[0] == 25.5


@pytest.mark.parametrize(("written", "unit"), [("{}.5%", "%"), ("{} %", "%"), ("{} months", "months")])
def test_a_number_with_its_unit_beside_it_is_a_number(drafted, written, unit):
    (found,) = drafted({"Share used": [written.format(row % 90) for row in ROWS]}).fields
    assert (found.kind, found.unit, found.money) == ("number", unit, False)
    assert not found.faulty.any()


def test_terms_in_months_are_values_and_no_amounts(drafted):
    (found,) = drafted({"Term": [("1 month", "12 months", "24 months")[row % 3] for row in ROWS]}).fields
    assert (found.kind, found.values) == ("category", ["1 month", "12 months", "24 months"])


def test_bands_of_a_number_that_is_mostly_0_are_those_of_the_others(drafted):
    found = field(drafted({"Refunds": [row % 17 if row % 10 == 0 else 0 for row in ROWS]}), "Refunds")
    assert (found.low, found.high, found.whole) == (0, 20, True)
    assert len(found.bands) > 3


REPEATS = {
    "a charge that is minutes times a rate": (
        "Charge",
        [round(0.17 * noise, 2) for noise in NOISE],
        "always in proportion to Minutes",
    ),
    "codes of the same values": ("Gender Encoded", [int(row % 3 == 0) for row in ROWS], "says the same as Sex"),
    "a number cut into groups": (
        "Kind",
        ["low" if noise < 50 else "high" if noise < 80 else "top" for noise in NOISE],
        "says more roughly what Minutes says",
    ),
    "groups of a number that are several ranges": (
        "AgeGroup",
        ["others" if row % 40 < 10 or row % 40 > 30 else "middle" for row in ROWS],
        "says more roughly what Age says",
    ),
}


@pytest.mark.parametrize("case", REPEATS)
def test_a_column_that_repeats_another_one_is_left_out(drafted, case):
    name, cells, reason = REPEATS[case]
    sexes = ["f" if row % 3 else "m" for row in ROWS]
    table = drafted(
        {name: cells, "Minutes": NOISE, "Sex": sexes, "Age": [20 + row % 40 * (1 + row % 2) for row in ROWS]}
    )
    if case == "a charge that is minutes times a rate":  # of two numbers the first one stays
        assert table.left_out["Minutes"] == "always in proportion to Charge"
    elif "AgeGroup" not in name:
        assert table.left_out[name] == reason


def test_a_yes_and_no_for_any_of_a_number_stays(drafted):
    cells = [row % 20 if row % 3 else 0 for row in ROWS]
    assert field(
        drafted({"Has gigabytes": ["Yes" if cell else "No" for cell in cells], "Gigabytes": cells}), "Has gigabytes"
    )


def test_implied_values_are_found_whether_words_or_blanks(drafted):
    online = ["No" if row % 5 == 0 else "DSL" if row % 2 else "Fiber" for row in ROWS]
    backup = ["No internet service" if net == "No" else CHANCE.choice(["Yes", "No"]) for net in online]
    movies = ["" if net == "No" else CHANCE.choice(["Yes", "No"]) for net in online]
    amount = ["" if net == "No" else noise for net, noise in zip(online, NOISE, strict=True)]
    table = drafted({"Backup": backup, "Internet": online, "Movies": movies, "Gigabytes": amount})
    assert field(table, "Backup").rule == Rule("Internet", "No", "No internet service")
    assert field(table, "Movies").rule == Rule("Internet", "No", "")
    assert field(table, "Movies").blank_is_value
    assert field(table, "Internet").rule is None
    assert field(table, "Gigabytes").blank_is_value
    assert field(table, "Gigabytes").marks["blank"] == "it is blank exactly where Internet is No"


def test_a_rule_with_one_exception_is_none(drafted):
    online = ["No" if row % 5 == 0 else "DSL" for row in ROWS]
    movies = ["" if net == "No" else CHANCE.choice(["Yes", "No"]) for net in online]
    movies[0] = "Yes"
    assert field(drafted({"Internet": online, "Movies": movies}), "Movies").rule is None


def blanks(count: int, start: int = 0) -> list[object]:
    return ["" if start <= row < start + count else noise for row, noise in zip(ROWS, NOISE, strict=True)]


def test_a_blank_is_a_value_where_more_than_one_in_a_hundred_is_blank(drafted):
    table = drafted({"Bill": blanks(3), "Age": blanks(5, 3)})
    assert [(one.name, one.blank_is_value) for one in table.fields] == [("Bill", False), ("Age", True)]


def test_blanks_are_values_until_fewer_than_one_row_in_a_hundred_would_be_set_aside(drafted):
    """Of three numbers with 1, 2 and 3 blanks in rows of their own, the one with most would be too many."""
    cells = {
        name: [one if one == "" else one * factor + row % factor for row, one in enumerate(blanks(count, start))]
        for name, count, start, factor in [("a", 3, 0, 2), ("b", 2, 3, 3), ("c", 1, 5, 5)]
    }
    table = drafted(cells)
    assert {one.name: one.blank_is_value for one in table.fields} == {"a": True, "b": False, "c": False}


def test_roles_are_given_by_name_but_not_where_a_blank_is_a_value(drafted):
    months = [1 + row % 70 for row in ROWS]
    totals = [round(month * bill, 2) for month, bill in zip(months, NOISE, strict=True)]
    table = drafted({"tenure": months, "charges_monthly": NOISE, "charges_total": ["", *totals[1:]]})
    assert [one.role for one in table.fields] == ["tenure", "monthly_value", "total_value"]
    assert field(table, "charges_total").product == ("tenure", "charges_monthly")
    assert [one.required for one in table.fields] == [True, True, False]
    half = drafted({"tenure": ["" if row % 2 else month for row, month in enumerate(months)], "Bill": NOISE})
    assert field(half, "tenure").role is None


def test_nobody_is_a_customer_for_less_than_no_time(drafted):
    found = field(drafted({"tenure": [-9, *NOISE[1:]]}), "tenure")
    assert (found.low, found.bands[0], found.faulty.sum()) == (0, 0, 1)


@pytest.mark.parametrize("name", ["gender", "Senior Citizen", "Married", "Dependents", "Partner", "female", "AgeGroup"])
def test_traits_of_people_are_protected(drafted, name):
    assert field(drafted({name: [f"v{row % 3}" for row in ROWS]}), name).protected


@pytest.mark.parametrize("name", ["Age", "customer_age", "Age in years", "Birth Year"])
def test_numbers_that_are_traits_of_people_are_protected(drafted, name):
    table = drafted({name: NOISE, "Bill": NOISE[::-1]})
    fields = load_schema(toml.text(table, "customers.csv"), "customer.toml").fields
    assert [bool(fields[one].protected) for one in (name, "Bill")] == [True, False]
    assert f"Whether people may be told apart by {name}: the model card compares" in "\n".join(
        sentences(table, [], "customers.csv")
    )


@pytest.mark.parametrize("name", ["subscription_age", "download_over_limit", "Package", "Sextant", "Manager"])
def test_what_only_sounds_like_one_is_not(drafted, name):
    assert not field(drafted({name: [f"v{row % 3}" for row in ROWS]}), name).protected


def test_the_contract_is_expected_to_bind_if_the_customers_agree(drafted, gone):
    cells = ["Month-to-month" if left or row % 2 else "Two year" for row, left in enumerate(gone)]
    assert drafted({"Contract": cells}).expect == ("Contract", "Month-to-month", "Two year")
    turned = {"Two year": "Month-to-month", "Month-to-month": "Two year"}
    assert drafted({"Contract": [turned[cell] for cell in cells]}).expect is None


def test_columns_without_a_name_of_their_own_are_not_read(drafted):
    table = drafted({"Bill": NOISE, "": list(ROWS), "bill ": NOISE[::-1]})
    assert table.unread == ["column 4, which has no name", '"bill " (again)']
    assert [one.name for one in table.fields] == ["Bill"]


def test_the_weakest_of_too_many_fields_are_left_out(drafted, gone):
    cells = {f"x{place}": [CHANCE.choice("abc") for _ in ROWS] for place in range(70)}
    table = drafted({"strong": [left ^ (row % 5 == 0) for row, left in enumerate(gone)], **cells})
    assert len(table.fields) == 64
    assert field(table, "strong")
    assert sum(reason.startswith("one of the weakest") for reason in table.left_out.values()) == 7
