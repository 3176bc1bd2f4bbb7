"""The declaration of the customer."""

from tests.telco import CATEGORIES, FIELDS, IMPLIED, REQUIRED, Customer, value_of, words_for

from churn.customer.fields import Number


def test_the_nineteen_fields_stand_in_the_data_sets_order() -> None:
    assert ",".join(FIELDS) == (
        "gender,SeniorCitizen,Partner,Dependents,tenure,PhoneService,MultipleLines,InternetService,OnlineSecurity,"
        "OnlineBackup,DeviceProtection,TechSupport,StreamingTV,StreamingMovies,Contract,PaperlessBilling,PaymentMethod,"
        "MonthlyCharges,TotalCharges"
    )


def test_five_fields_are_required() -> None:
    assert REQUIRED == ("gender", "SeniorCitizen", "tenure", "Contract", "MonthlyCharges")


def test_values_stand_in_alphabetical_order_so_that_the_first_level_is_the_baseline() -> None:
    for name, field in CATEGORIES.items():
        titled = [value.title() for value in field.names]
        assert titled == sorted(titled), name


def test_ranges_are_those_of_the_contract() -> None:
    numbers = {
        name: (field.low, field.high, field.whole) for name, field in FIELDS.items() if isinstance(field, Number)
    }
    assert numbers == {
        "tenure": (0, 100, True),
        "MonthlyCharges": (0, 200, False),
        "TotalCharges": (0, 20_000, False),
    }


def test_rules_name_values_that_exist() -> None:
    assert len(IMPLIED) == 7
    for name, rule in IMPLIED.items():
        assert rule.value in CATEGORIES[rule.field].names
        assert rule.implies in CATEGORIES[name].names


def test_offers_change_a_value_that_exists_into_another_one() -> None:
    for name, field in CATEGORIES.items():
        for offer in field.offers:
            assert offer.to in field.names, name
            assert offer.to not in offer.held, name
            assert set(offer.held) <= set(field.names), name


def test_every_value_has_words_an_agent_can_say(customers: list[Customer]) -> None:
    said = {words_for(name, customer) for customer in customers for name in FIELDS}
    assert {"Two-year contract", "No internet service", "New customer", "Customer for 1 month"} <= said
    assert all(words[0].isupper() or words[0] == "$" for words in said)


def test_a_value_is_told_as_the_data_set_spells_it(customers: list[Customer]) -> None:
    customer = customers[0]._replace(SeniorCitizen=1, Contract=2, tenure=3)
    assert [value_of(name, customer) for name in ("SeniorCitizen", "Contract", "tenure")] == [1, "Two year", 3]
