"""A synthetic customer table for when there is no other: good for trying things out, not for deciding anything.

The customers are invented. Their churn follows odds ratios of the size that published studies of telephone companies
report: long contracts keep customers, the first months are the riskiest, fiber and electronic checks go with leaving,
online security and tech support with staying. The table is the same bytes on every machine.
"""

import csv
import io
import math
import random

from churn.schema import Schema, built_in

ROWS = 6_000

# The end of every id in a sample, in all versions of this program.
_ID_END = "-SAMPL"

# Any fixed number will do, since the sample only has to be the same on every run.
_SEED = 19_720_401

_FIBER, _DSL, _OFFLINE = "Fiber optic", "DSL", "No"

# Log-odds of churning, as differences from a month-to-month customer with DSL, automatic payment and paper bills.
_LOG_ODDS = {
    "base": 0.65,
    "log_tenure": -0.62,
    "first_month": 0.35,
    "One year": -0.85,
    "Two year": -1.75,
    "fiber": 0.95,
    "offline": -0.75,
    "Electronic check": 0.42,
    "PaperlessBilling": 0.32,
    "OnlineSecurity": -0.45,
    "TechSupport": -0.42,
    "OnlineBackup": -0.15,
    "StreamingMovies": 0.2,
    "SeniorCitizen": 0.25,
    "Dependents": -0.2,
    "charge_per_10": 0.06,
}

# Monthly prices of the line and of the services on it, in dollars.
_LINE, _SECOND_LINE, _DSL_PRICE, _FIBER_PRICE = 20.0, 5.0, 25.0, 50.0
_ADD_ONS = {
    "OnlineSecurity": 5.0,
    "OnlineBackup": 5.0,
    "DeviceProtection": 5.0,
    "TechSupport": 5.0,
    "StreamingTV": 10.0,
    "StreamingMovies": 10.0,
}


def csv_bytes() -> bytes:
    """The whole sample of ROWS customers as CSV, with the columns of the data set."""
    chance = random.Random(_SEED)  # noqa: S311 - no secret: it has to be repeatable
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    schema = _schema()
    writer.writerow(_header(schema))
    for number in range(ROWS):
        customer = _customer(chance)
        churned = chance.random() < _churn_probability(customer)
        writer.writerow(
            [f"{number:04d}{_ID_END}", *(customer[name] for name in schema.fields), "Yes" if churned else "No"]
        )
    return text.getvalue().encode()


def _schema() -> Schema:
    """The schema of the sample's customers: the shipped one, whatever table a model is trained on."""
    return built_in("telco")


def _header(schema: Schema) -> tuple[str, ...]:
    return (schema.id, *schema.fields, schema.outcome)


def has_its_ids(start: bytes) -> bool:
    """Whether the table that begins with these bytes has a sample's ids; `start` has to reach into the first row."""
    lines = start.decode(errors="replace").splitlines()
    return len(lines) > 1 and any(cell.endswith(_ID_END) for cell in lines[1].split(","))


def has_its_columns(start: bytes) -> bool:
    """Whether the table that begins with these bytes has the columns of this version's sample."""
    return start.startswith((",".join(_header(_schema())) + "\n").encode())


def _customer(chance: random.Random) -> dict[str, str]:
    customer = _household(chance)
    contract = chance.choices(("Month-to-month", "One year", "Two year"), (55, 21, 24))[0]
    customer["Contract"] = contract
    customer |= _services(chance)
    customer |= _billing(chance, contract)
    customer |= _charges(chance, customer, _tenure(chance, contract))
    return customer


def _household(chance: random.Random) -> dict[str, str]:
    partner = chance.random() < 0.48
    return {
        "gender": chance.choice(("Female", "Male")),
        "SeniorCitizen": "1" if chance.random() < 0.16 else "0",
        "Partner": _yes(partner),
        "Dependents": _yes(chance.random() < (0.52 if partner else 0.09)),
    }


def _services(chance: random.Random) -> dict[str, str]:
    internet = chance.choices((_DSL, _FIBER, _OFFLINE), (34, 44, 22))[0]
    # Fiber and no internet at all are only sold with a phone line.
    phone = internet != _DSL or chance.random() < 0.72
    lines = _yes(chance.random() < (0.6 if internet == _FIBER else 0.36)) if phone else "No phone service"
    return {
        "InternetService": internet,
        "PhoneService": _yes(phone),
        "MultipleLines": lines,
        **{name: _add_on(chance, name, internet) for name in _ADD_ONS},
    }


def _add_on(chance: random.Random, name: str, internet: str) -> str:
    if internet == _OFFLINE:
        return "No internet service"
    wanted = 0.5 if name.startswith("Streaming") else 0.46 if internet == _DSL else 0.36
    return _yes(chance.random() < wanted)


def _billing(chance: random.Random, contract: str) -> dict[str, str]:
    methods = ("Bank transfer (automatic)", "Credit card (automatic)", "Electronic check", "Mailed check")
    weights = (15, 15, 47, 23) if contract == "Month-to-month" else (30, 30, 17, 23)
    return {
        "PaperlessBilling": _yes(chance.random() < (0.67 if contract == "Month-to-month" else 0.5)),
        "PaymentMethod": chance.choices(methods, weights)[0],
    }


def _tenure(chance: random.Random, contract: str) -> int:
    """Whole months, 0 to 72; customers with long contracts have stayed longer."""
    if chance.random() < 0.0015:
        return 0
    shape = {"Month-to-month": (0.75, 2.2), "One year": (2.0, 1.5), "Two year": (2.6, 0.9)}[contract]
    return 1 + round(71 * chance.betavariate(*shape))


def _charges(chance: random.Random, customer: dict[str, str], tenure: int) -> dict[str, str]:
    """The bills. A customer in month 0 has not been billed yet, so the total is blank, as in the real table."""
    price = {_DSL: _DSL_PRICE, _FIBER: _FIBER_PRICE, _OFFLINE: 0.0}[customer["InternetService"]]
    price += _LINE if customer["PhoneService"] == "Yes" else 0.0
    price += _SECOND_LINE if customer["MultipleLines"] == "Yes" else 0.0
    price += sum(extra for name, extra in _ADD_ONS.items() if customer[name] == "Yes")
    monthly = round(20 * max(price + chance.gauss(0, 1.0), 18.25)) / 20
    total = round(tenure * monthly * (1 + chance.gauss(0, 0.03)), 2) if tenure > 1 else monthly
    return {
        "tenure": str(tenure),
        "MonthlyCharges": f"{monthly:.2f}",
        "TotalCharges": f"{total:.2f}" if tenure else " ",
    }


def _churn_probability(customer: dict[str, str]) -> float:
    tenure = int(customer["tenure"])
    log_odds = _LOG_ODDS["base"] + _LOG_ODDS["log_tenure"] * math.log1p(tenure)
    log_odds += _LOG_ODDS["first_month"] * (tenure <= 1)
    log_odds += _LOG_ODDS.get(customer["Contract"], 0.0) + _LOG_ODDS.get(customer["PaymentMethod"], 0.0)
    log_odds += {_FIBER: _LOG_ODDS["fiber"], _OFFLINE: _LOG_ODDS["offline"], _DSL: 0.0}[customer["InternetService"]]
    log_odds += _LOG_ODDS["SeniorCitizen"] * (customer["SeniorCitizen"] == "1")
    log_odds += _LOG_ODDS["charge_per_10"] * (float(customer["MonthlyCharges"]) - 65) / 10
    for name in ("PaperlessBilling", "OnlineSecurity", "TechSupport", "OnlineBackup", "StreamingMovies", "Dependents"):
        log_odds += _LOG_ODDS[name] * (customer[name] == "Yes")
    return 1 / (1 + math.exp(-log_odds))


def _yes(is_so: bool) -> str:
    return "Yes" if is_so else "No"
