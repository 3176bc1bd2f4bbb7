"""Made-up answers of GET /overview, and of GET /alerts beside it: before anything, after a first run, in full."""

from typing import Any

Json = dict[str, Any]

_BANDS = {"low": (4210, 0, 0.11, 41_380.0), "medium": (1922, 0, 0.44, 66_120.0), "high": (911, 911, 0.71, 58_240.5)}
_RISK_BANDS = [
    {"band": "low", "low": 0.0, "high": 0.3},
    {"band": "medium", "low": 0.3, "high": 0.6},
    {"band": "high", "low": 0.6, "high": 1.0},
]
_CONTRACTS = {
    "Month-to-month": (3875, 871, 0.43, 131_900.5),
    "One year": (1473, 38, 0.11, 20_860.0),
    "Two year": (1695, 2, 0.03, 12_980.0),
}
_INTERNET = {
    "DSL": (2421, 120, 0.19, 38_700.0),
    "Fiber optic": (3096, 780, 0.42, 118_340.5),
    "No": (1526, 11, 0.07, 8_700.0),
}


def empty(tracking: str = "on") -> Json:
    """The answer before anything was scored, or with tracking off."""
    words = (
        "Nothing has been scored yet. Score a file of your customers first (POST /jobs, or the page Batch); how many "
        "and how much is at risk is shown here as soon as that is done."
        if tracking == "on"
        else "Predictions are not tracked, so nothing is summed up. Set CHURN_TRACKING=on for the API and the workers, "
        "and score a file of customers."
    )
    return _answer([words], tracking=tracking, model=_model())


def first() -> Json:
    """The answer after the first run of a table without monthly values: nothing to compare, no campaign, no outcome."""
    run = _run()
    for sums in (run["total"], *run["bands"], *run["segments"][0]["groups"]):
        sums["money"] = None
    run |= {"monthly_value": None, "without_value": 0, "change": None, "filename": None}
    run["segments"] = run["segments"][:1]
    quality = _line(None, "No month is ripe yet, so nothing can be said.")
    words = [
        "Scored just now: 7,043 customers.",
        "The declaration has no monthly value (role = monthly_value), so customers are counted and no money.",
    ]
    return _answer(words, run=run, quality=quality, model=_model())


def full() -> Json:
    """The answer of a service in its second year: a change, two campaigns, a drift alarm and a digest."""
    return _answer(
        ["Scored 3 days ago: 7,043 customers of customers.csv, 12 more refused."],
        run=_run(),
        campaigns=[_campaign("running", saved=None), _campaign("closed")],
        quality=_line(
            "none",
            "What became of the predictions is what they said. The ROC AUC is 0.845 (0.840 to 0.850) over 18,312 known "
            "outcomes.",
        ),
        drift=_line("alarm", "Far from the training table: Contract. Somewhat away from it: Churn probability."),
        model=_model(),
        alerts={
            "id": "alr_0002",
            "created_at": "2026-11-27T06:04:00+00:00",
            "customers": 28,
            "money": 21_480.0,
            "currency": "$",
            "words": "28 customers came to be at risk by the digest of 2026-11-27.",
        },
    )


def alerts() -> Json:
    """The answer of GET /alerts with 25 customers in the last digest, of whom an answer has twenty."""
    rules = {"enabled": True, "enter": 0.6, "leave": 0.5, "rise": 0.1, "cooldown_days": 28, "budget": 50}
    delivery = {"status": "off", "tries": 0, "due_at": None, "sent_at": None}
    counts = {"evaluated": 7043, "high": 911, "entered": 31, "alerted": 28, "budget": 3, "held_out": 0}
    digest = {
        "id": "alr_0002",
        "created_at": "2026-11-27T06:04:00+00:00",
        "job": "job_0002",
        "filename": "customers.csv",
        "model_version": "20261101_120000",
        "scored_at": "2026-11-27T06:00:00+00:00",
        "counts": counts | {"cooldown": 0, "no_rise": 11, "no_history": 2},
        "money_at_risk": {"alerted": 21_480.0, "budget": 810.0},
        "webhook": delivery,
        "email": delivery,
        "list": "/alerts/alr_0002/list",
    }
    return {
        "success": True,
        "object": "alerts",
        "tracking": "on",
        "rules": rules,
        "rules_changed_at": None,
        "defaults": rules,
        "delivery": {"webhook": False, "email": False},
        "evaluated_at": "2026-11-27T06:04:00+00:00",
        "followed": 7043,
        "high": 911,
        "value": {"field": "MonthlyCharges", "months": 12, "currency": "$"},
        "digests": [digest],
        "customers": [_customer(number) for number in range(20)],
        "words": ["911 of 7,043 customers are at risk."],
    }


def _customer(number: int) -> Json:
    probability, value = 0.93 - 0.01 * number, 105.5 - 2.25 * number
    before = probability - 0.31 + 0.005 * number
    return {
        "customerID": f"{7590 + number}-VHVEG",
        "churn_probability": probability,
        "before": before,
        "rise": probability - before,
        "value": value,
        "money_at_risk": probability * value * 12,
    }


def _answer(words: list[str], **others: Any) -> Json:
    answer: Json = {"success": True, "object": "overview", "tracking": "on", "words": words, "run": None}
    answer |= {
        "risk_bands": _RISK_BANDS,
        "campaigns": [],
        "quality": None,
        "drift": None,
        "model": None,
        "challenger": None,
        "alerts": None,
    }
    return answer | others


def _run() -> Json:
    return {
        "job": "job_0002",
        "filename": "customers.csv",
        "scored_at": "2026-11-27T06:00:00+00:00",
        "model_version": "20261101_120000",
        "refused": 12,
        "horizon_months": 12,
        "currency": "$",
        "monthly_value": "Monthly charges",
        "without_value": 0,
        "total": _sums(7043, 911, 0.262, 165_740.5),
        "bands": [{"band": name, **_sums(*sums)} for name, sums in _BANDS.items()],
        "segments": [_segment("Contract", "Contract", _CONTRACTS), _segment("InternetService", "Internet", _INTERNET)],
        "change": {
            "since": "2026-11-20T06:00:00+00:00",
            "job": "job_0001",
            "filename": "customers.csv",
            "customers": -12,
            "at_risk": 41,
            "mean_probability": 0.004,
            "money": 3_120.25,
            "bands": [
                {"band": "low", "customers": -80, "money": -950.5},
                {"band": "medium", "customers": 27, "money": 1_210.25},
                {"band": "high", "customers": 41, "money": 2_860.5},
            ],
            "words": "The sums of this run less those of 2026-11-20 (7,055 customers of customers.csv). Customers who "
            "came, who are no longer in the file and whose risk has changed all count; who moved is not told.",
        },
    }


def _sums(customers: int, at_risk: int, mean: float, money: float) -> Json:
    return {"customers": customers, "at_risk": at_risk, "mean_probability": mean, "money": money}


def _segment(field: str, title: str, groups: dict[str, tuple[int, int, float, float]]) -> Json:
    shown = [{"value": name, "label": name, **_sums(*sums)} for name, sums in groups.items()]
    return {"field": field, "title": title, "groups": shown}


def _line(state: str | None, words: str) -> Json:
    return {"state": state, "words": words, "computed_at": "2026-11-30T08:15:00+00:00"}


def _model() -> Json:
    words = "Logistic Regression, release 20261101_120000, was trained 29 days ago."
    told = {"version": "20261101_120000", "model_name": "Logistic Regression", "age_days": 29, "words": words}
    return told | {"trained_at": "2026-11-01T12:00:00+00:00"}


def _campaign(status: str, **changes: Any) -> Json:
    is_closed = status == "closed"
    campaign = {
        "id": "cam_0001" if is_closed else "cam_0002",
        "name": "Autumn calls" if is_closed else "Winter calls",
        "status": status,
        "started_at": "2026-08-01T08:00:00+00:00" if is_closed else "2026-11-21T08:00:00+00:00",
        "closed_at": "2026-09-01T08:00:00+00:00" if is_closed else None,
        "currency": "$",
        "treat": 1200,
        "hold_out": 300,
        "promised": {"value": 18_432.0, "low": 11_020.0, "high": 25_400.0},
        "saved": {"value": 20_412.0, "low": 7_749.0, "high": 33_264.0},
        "final": is_closed,
    }
    return campaign | changes
