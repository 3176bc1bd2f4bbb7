"""The customer, declared once: fields, types, ranges, allowed values, cross-field rules, titles, words and examples.

Reading, the JSON schema, the web form, the checks of a CSV and the trainer's columns are all derived from here. It is a
table of its own and no pydantic model: values are read kindly (any letter case, numeric text, aliases), every fault is
reported under codes of our own, and the same table makes the code tables of whole columns.
"""

from typing import Annotated, Any, NamedTuple, TypeAlias, get_args, get_type_hints

from churn.customer.fields import Category, Field, ImpliedBy, Number, Offer

Code: TypeAlias = Any
"""A value's place in its category's list: an int for one customer, an integer array for a column, None when absent."""

Amount: TypeAlias = Any
"""A number: an int or float for one customer, a float array for a column, None when absent."""

WHO, SERVICES, ACCOUNT = "Who they are", "Services", "Contract and bills"
GROUPS = (WHO, SERVICES, ACCOUNT)

NO_INTERNET, NO_PHONE = "No internet service", "No phone service"

_CHECKS = ("Electronic check", "Mailed check")


def _yes_no(no: str, yes: str) -> dict[str, str]:
    return {"No": no, "Yes": yes}


def _words_for(no: str, yes: str) -> dict[Any, str]:
    """What programs write for a yes and a no; digits mean them only where there are no other values."""
    return {"n": no, "f": no, "false": no, "no": no, "y": yes, "t": yes, "true": yes, "yes": yes}


_YES_OR_NO = _words_for("No", "Yes")
_EITHER = _YES_OR_NO | {0: "No", 1: "Yes"}


def _add_on(title: str, description: str, *, offer: str | None = None) -> Category:
    word = title[0].lower() + title[1:]
    return Category(
        title,
        SERVICES,
        description,
        {"No": f"No {word}", NO_INTERNET: f"No internet, so no {word}", "Yes": f"Has {word}"},
        example="No",
        aliases=_YES_OR_NO,
        offers=(Offer("Yes", offer, held=("No",)),) if offer else (),
        implied_by=ImpliedBy("InternetService", "No", NO_INTERNET),
    )


def _tenure_phrase(months: float) -> str:
    if months == 0:
        return "New customer"
    return f"Customer for {months:.0f} month{'' if months == 1 else 's'}"


class Customer(NamedTuple):
    """One customer, or, with arrays of equal length in place of numbers, a table of customers.

    Categories are held as codes, SeniorCitizen as 0 or 1, charges in the currency of the bills; None is absent.
    """

    gender: Annotated[
        Code,
        Category(
            "Gender",
            WHO,
            "As recorded by the operator.",
            {"Female": "Female", "Male": "Male"},
            "Female",
            required=True,
            aliases={"f": "Female", "m": "Male"},
        ),
    ]
    SeniorCitizen: Annotated[
        Code,
        Category(
            "Senior citizen",
            WHO,
            "Whether the customer is 65 or older.",
            {"0": "Not a senior citizen", "1": "Senior citizen"},
            "0",
            required=True,
            aliases=_words_for("0", "1") | {0: "0", 1: "1"},
        ),
    ]
    Partner: Annotated[
        Code,
        Category(
            "Partner",
            WHO,
            "Whether the customer lives with a partner.",
            _yes_no("No partner", "Has a partner"),
            "Yes",
            aliases=_EITHER,
        ),
    ]
    Dependents: Annotated[
        Code,
        Category(
            "Dependents",
            WHO,
            "Whether children or others depend on the customer.",
            _yes_no("No dependents", "Has dependents"),
            "No",
            aliases=_EITHER,
        ),
    ]
    tenure: Annotated[
        Amount,
        Number(
            "Tenure",
            ACCOUNT,
            "Whole months with the company.",
            "months",
            0,
            100,
            _tenure_phrase,
            24,
            required=True,
            whole=True,
        ),
    ]
    PhoneService: Annotated[
        Code,
        Category(
            "Phone service",
            SERVICES,
            "Whether there is a phone line.",
            _yes_no(NO_PHONE, "Phone service"),
            "Yes",
            aliases=_EITHER,
        ),
    ]
    MultipleLines: Annotated[
        Code,
        Category(
            "Multiple lines",
            SERVICES,
            "Whether there is more than one phone line.",
            {"No": "A single phone line", NO_PHONE: "No phone, so no second line", "Yes": "Multiple phone lines"},
            "No",
            aliases=_YES_OR_NO,
            implied_by=ImpliedBy("PhoneService", "No", NO_PHONE),
        ),
    ]
    InternetService: Annotated[
        Code,
        Category(
            "Internet service",
            SERVICES,
            "The kind of internet connection.",
            {"DSL": "DSL internet", "Fiber optic": "Fiber optic internet", "No": NO_INTERNET},
            "DSL",
            none="No",
        ),
    ]
    OnlineSecurity: Annotated[
        Code, _add_on("Online security", "Add-on to the internet service.", offer="Offer online security")
    ]
    OnlineBackup: Annotated[
        Code, _add_on("Online backup", "Add-on to the internet service.", offer="Offer online backup")
    ]
    DeviceProtection: Annotated[
        Code, _add_on("Device protection", "Add-on to the internet service.", offer="Offer device protection")
    ]
    TechSupport: Annotated[Code, _add_on("Tech support", "Add-on to the internet service.", offer="Offer tech support")]
    StreamingTV: Annotated[Code, _add_on("Streaming TV", "Whether the connection is used to stream television.")]
    StreamingMovies: Annotated[Code, _add_on("Streaming movies", "Whether the connection is used to stream films.")]
    Contract: Annotated[
        Code,
        Category(
            "Contract",
            ACCOUNT,
            "The term of the contract.",
            {
                "Month-to-month": "Month-to-month contract",
                "One year": "One-year contract",
                "Two year": "Two-year contract",
            },
            "One year",
            required=True,
            offers=(
                Offer("One year", "Offer a one-year contract", held=("Month-to-month",)),
                Offer("Two year", "Offer a two-year contract", held=("Month-to-month", "One year")),
            ),
        ),
    ]
    PaperlessBilling: Annotated[
        Code,
        Category(
            "Paperless billing",
            ACCOUNT,
            "Whether bills are sent electronically.",
            _yes_no("Bills on paper", "Paperless billing"),
            "Yes",
            aliases=_EITHER,
            offers=(Offer("No", "Offer bills on paper", held=("Yes",)),),
        ),
    ]
    PaymentMethod: Annotated[
        Code,
        Category(
            "Payment method",
            ACCOUNT,
            "How the bills are paid.",
            {
                "Bank transfer (automatic)": "Pays by automatic bank transfer",
                "Credit card (automatic)": "Pays by automatic credit card",
                "Electronic check": "Pays by electronic check",
                "Mailed check": "Pays by mailed check",
            },
            "Electronic check",
            offers=(
                Offer("Bank transfer (automatic)", "Offer automatic payment by bank transfer", held=_CHECKS),
                Offer("Credit card (automatic)", "Offer automatic payment by credit card", held=_CHECKS),
            ),
        ),
    ]
    MonthlyCharges: Annotated[
        Amount,
        Number(
            "Monthly charges",
            ACCOUNT,
            "The latest monthly bill.",
            "$",
            0,
            200,
            "Monthly bill of ${:,.2f}".format,
            65.5,
            required=True,
        ),
    ]
    TotalCharges: Annotated[
        Amount,
        Number(
            "Total charges",
            ACCOUNT,
            "All that was billed so far; when absent, tenure times monthly charges.",
            "$",
            0,
            20_000,
            "${:,.2f} billed so far".format,
            1572.0,
        ),
    ]


FIELDS: dict[str, Field] = {
    name: get_args(hint)[1] for name, hint in get_type_hints(Customer, include_extras=True).items()
}
"""The nineteen fields by name, in the data set's order."""

CATEGORIES: dict[str, Category] = {name: field for name, field in FIELDS.items() if isinstance(field, Category)}

IMPLIED: dict[str, ImpliedBy] = {name: field.implied_by for name, field in CATEGORIES.items() if field.implied_by}
"""The cross-field rules, by the field that is implied."""

REQUIRED = tuple(name for name, field in FIELDS.items() if field.required)

ID, LABEL = "customerID", "Churn"
"""Two columns of the data set that are no fields: the first is echoed, the second ignored."""


def value_of(name: str, customer: Customer) -> Any:
    """The customer's value of the field as the data set spells it: text, a number, or 0/1 for SeniorCitizen."""
    held = getattr(customer, name)
    field = FIELDS[name]
    if held is None or isinstance(field, Number) or name == "SeniorCitizen":
        return held
    return field.names[held]


NOT_STATED = {"TotalCharges": "Amount billed so far not given, taken as tenure times monthly charges"}
"""The words for fields that were computed from others because nobody stated them: no amount is told as a fact."""


def words_for(name: str, customer: Customer) -> str:
    """The customer's value of the field in the words an agent would say."""
    held = getattr(customer, name)
    field = FIELDS[name]
    return field.phrase(held) if isinstance(field, Number) else field.values[field.names[held]]
