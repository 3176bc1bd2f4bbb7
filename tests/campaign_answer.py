"""Made-up answers of /campaigns: planning, planned, running, closed, failed; results of each; a preview; refusals."""

import math
from datetime import date
from typing import Any

from churn.campaigns import findings, list_findings

Json = dict[str, Any]

ID = "cam_00000000000000000000000000000001"
NAME = "Autumn calls"
_AT = "2026-11-30T09:00:00+00:00"
_MOMENTS = ("planned_at", "started_at", "closed_at")
_LINKED = ("list", "start", "close", "result")
_ERROR = "The release that scored this job is no longer kept. Score the file again."
_PLANNED = ("planned", "running", "closed")
_FIGURES = (
    *("customers", "expected", "spend", "prices", "versus_top_by_risk", "offers", "holdout", "sensitivity", "curve"),
    *("promises", "words", "experiment"),
)


def plan(**changes: Any) -> Json:
    """A plan as the API took it, with the defaults filled in: what the page's form says before anybody types."""
    taken: Json = {
        "offers": [offer()],
        "budget": 15_000.0,
        "minutes": None,
        "margin": 0.3,
        "horizon_months": 12,
        "discount": 0.1,
        "holdout": "auto",
        "not_within_days": 60,
        "value": None,
    }
    return taken | changes


def offer(name: str = "Call", **changes: Any) -> Json:
    """An offer as the API took it."""
    base = {"name": name, "contact_cost": 10.0, "minutes": 5.0, "incentive": 0.0, "accepts": 0.0}
    return base | {"saves": {"rate": 0.3, "source": "assumed"}} | changes


def figures(*offers: str, budget: float | None = 15_000.0) -> Json:
    """What a plan comes to: 1,500 of 6,950 customers are chosen, of whom 300 are held out."""
    names = offers or ("Call",)
    return {
        "customers": {
            "rows": 7043,
            "refused": 11,
            "without_id": 4,
            "repeated": 2,
            "opted_out": 31,
            "treated_lately": 45,
            "in_another_campaign": 0,
            "considered": 6950,
            "chosen": 1500,
            "treat": 1200,
            "hold_out": 300,
        },
        "expected": {"money": 18_432.0, "low": 14_120.0, "high": 22_870.0},
        "spend": {"money": 12_000.0, "minutes": 6000.0},
        "prices": {"money": 1.9 if budget else 0.0, "minute": 0.0},
        "versus_top_by_risk": {"money": 2310.0, "low": 960.0, "high": 3540.0},
        "offers": [_offer(name, 1200 // len(names), measured=number > 0) for number, name in enumerate(names)],
        "holdout": {"share": 0.2, "smallest_save_rate": 0.18, "costs": 4608.0},
        "sensitivity": [
            {"save_rates": scale, "label_window_months": months, "money": 18_432.0 * scale * worth, "chosen": chosen}
            for months, worth, chosen in ((1, 0.42, 610), (3, 1.0, 1500), (12, 1.9, 2980))
            for scale in (0.5, 1.0, 1.5)
        ],
        "curve": [_point(173.75 * number) for number in range(41)],
        "promises": {"customers": 412, "promised": 196.4, "came": 191, "low": 172.0, "high": 210.0},
        "words": [
            "Contacting 1,200 of 6,950 customers is expected to bring $18,400 ($14,100 to $22,900) over 12 months.",
            "That is $2,310 more than contacting those at the highest risk; it lies between $960 and $3,540.",
            *(["Another $1,000 of budget would bring about $1,900."] if budget else []),
            "300 chosen customers are left alone to compare with: this shows save rates of 18\xa0% and more.",
        ],
        "experiment": None,
    }


def tried() -> Json:
    """The figures of two lists that are tried: 200 of 245 on whom they differ are drawn."""
    counts = {"both": 1280, "champion_alone": 118, "challenger_alone": 121, "other_offer": 6}
    return {
        **counts,
        "randomised": 200,
        "treat": 103,
        "left_off": 45,
        "smallest_difference": 38.0,
        "by_champion": {"saved": -9.0, "money": -1240.0},
        "by_challenger": {"saved": 14.0, "money": 1830.0},
        "costs": 610.0,
    }


def _offer(name: str, customers: int, *, measured: bool) -> Json:
    saves = {"rate": 0.3, "low": None, "high": None, "source": "assumed", "campaign": None}
    if measured:
        saves = {"rate": 0.22, "low": 0.12, "high": 0.31, "source": "measured", "campaign": ID}
    spend = {"spend": 10.0 * customers, "minutes": 5.0 * customers, "expected": 15.36 * customers}
    return {"name": name, "customers": customers, **spend, "saves": saves}


def _point(customers: float) -> Json:
    """A profit curve that rises to its top at a quarter of the customers and falls below zero at the end."""
    share = customers / 6950
    money = 88_000 * (1 - math.exp(-6 * share)) * 0.36 - 33_000 * share
    return {"customers": round(customers), "money": money, "money_by_risk": money - 9000 * share * (1 - share)}


def preview(*offers: str, budget: float | None = 15_000.0) -> Json:
    """The answer of POST /campaigns/preview."""
    head = {"success": True, "object": "campaign_preview", "sampled": 2000, "plan": plan(budget=budget)}
    return head | {"currency": "$", "label_window_months": 3} | figures(*offers, budget=budget)


def campaign(status: str = "planned", **changes: Any) -> Json:
    """The answer of GET /campaigns/<id> in a state."""
    reached = _PLANNED.index(status) + 1 if status in _PLANNED else 0
    shown: Json = figures() if reached else dict.fromkeys(_FIGURES)
    done = {"planning": 3000, "failed": 3000}.get(status, 7043)
    return {
        "success": True,
        "object": "campaign",
        "id": ID,
        "name": NAME,
        "status": status,
        "created_at": _AT,
        **{name: f"2026-12-0{at}T09:00:00+00:00" if at <= reached else None for at, name in enumerate(_MOMENTS, 1)},
        "expires_at": "2026-12-07T09:00:00+00:00" if reached < 2 else "2028-01-06T09:00:00+00:00",
        "error": _ERROR if status == "failed" else None,
        "links": {"self": f"/campaigns/{ID}", **{rest: f"/campaigns/{ID}/{rest}" for rest in _LINKED}},
        "source": {"job": "job_0001", "filename": "customers.csv", "model_version": "20261101_120000"},
        "progress": {"total": 7043, "completed": done, "failed": 11 if reached else 0},
        "plan": plan(),
        "currency": "$",
        "label_window_months": 3,
        **shown,
    } | changes


def listed(*campaigns: Json, has_more: bool = False) -> Json:
    """The answer of GET /campaigns: each campaign without the figures of its plan, closed ones with their result."""
    last = campaigns[-1]["id"] if campaigns else None
    shown = [_entry(entry) for entry in campaigns]
    return {"success": True, "object": "list", "data": shown, "has_more": has_more, "last_id": last}


def _entry(entry: Json) -> Json:
    left_out = {"success", "plan", "currency", "label_window_months", *_FIGURES} - {"customers", "expected"}
    shown = {name: value for name, value in entry.items() if name not in left_out}
    summary = {name: value for name, value in result().items() if name in ("final", "saved", "money")}
    return shown | {"result": summary if entry["status"] == "closed" else None}


def result(*, final: bool = True, **changes: Any) -> Json:
    """The answer of GET /campaigns/<id>/result: 38 % of 1,200 called left, 47 % of 300 not called."""
    reach = 1.0 if final else 1.7
    interval = "newcombe" if final else "always_valid"
    low, high = 108 - 67 * reach, 108 + 68 * reach
    answer: Json = {
        "success": True,
        "id": ID,
        "status": "closed" if final else "running",
        "final": final,
        "computed_at": "2027-03-12T08:00:00+00:00",
        "treated": _arm(1200, 456, 0.38),
        "held_out": _arm(300, 141, 0.47),
        "difference": {"value": -0.09, "low": -high / 1200, "high": -low / 1200, "interval": interval},
        "saved": {"customers": 108.0, "low": low, "high": high},
        "money": {"saved": 20_412.0, "low": 7749.0, "high": 33_264.0, "cost": 12_000.0, "promised": 18_432.0},
        "sample_ratio": {"expected_share": 0.2, "share": 0.2, "p": 0.97, "suspicious": False},
        "save_rates": [_save_rate(*row) for row in _SAVE_RATES],
        "accepted": {"known": 1100, "accepted": 310},
        "already_left": 6,
        "unknown": 0,
        "before": 0,
        "contradictory": 0,
        "ripens": None if final else "2027-03-09",
        "experiment": None,
    } | changes
    return {"words": [*findings.sentences(answer, "$", date(2027, 3, 2))]} | answer


def tried_result(*, final: bool = True, **changes: Any) -> Json:
    """What came of two lists: of 100 by the champion's 46 left, of 100 by the challenger's 39."""
    reach = 1.0 if final else 1.7
    interval = "newcombe" if final else "always_valid"
    low, high = 14 - 27 * reach, 14 + 27 * reach
    answer: Json = {
        "champion": _arm(100, 46, 0.46),
        "challenger": _arm(100, 39, 0.39),
        "difference": {"value": -0.07, "low": -high / 200, "high": -low / 200, "interval": interval},
        "saved": {"customers": 14.0, "low": low, "high": high},
        "money": {"saved": 2650.0, "low": -2480.0, "high": 7780.0, "cost": -120.0, "promised": -310.0},
        "sample_ratio": {"expected_share": 0.5, "share": 0.5, "p": 1.0, "suspicious": False},
        "already_left": 0,
        "unknown": 0,
    } | changes
    return {**answer, "words": [*list_findings.sentences(answer, "$", final=final)]}


_SAVE_RATES = (
    ("high", "Month-to-month", 800, 200, 0.24, 0.11),
    ("high", "One year", 150, 38, 0.17, 0.19),
    ("medium", "Month-to-month", 250, 62, 0.12, 0.16),
)


def _save_rate(band: str, contract: str, treated: int, held_out: int, rate: float, reach: float) -> Json:
    counts = {"treated": treated, "held_out": held_out}
    estimate = {"rate": rate, "low": rate - reach, "high": rate + reach, "raw": rate - 0.02}
    return {"offer": "Call", "band": band, "segments": {"Contract": contract}, **counts, **estimate}


def _arm(customers: int, left: int, rate: float) -> Json:
    reach = 1.96 * math.sqrt(rate * (1 - rate) / customers)
    bounds = {"churn_rate": rate, "low": rate - reach, "high": rate + reach}
    return {"customers": customers, "known": customers, "left": left, **bounds}


def early() -> Json:
    """The result on the first days: nothing is known yet of anybody."""
    unknown = dict.fromkeys(("churn_rate", "low", "high"))
    nobody = {"known": 0, "left": 0} | unknown
    none = dict.fromkeys(("low", "high"))
    return result(
        final=False,
        treated={"customers": 1200, **nobody},
        held_out={"customers": 300, **nobody},
        difference={"value": None, **none, "interval": "always_valid"},
        saved={"customers": None, **none},
        money={"saved": None, **none, "cost": 12_000.0, "promised": 18_432.0},
        save_rates=[],
        accepted={"known": 0, "accepted": 0},
        already_left=0,
        unknown=1500,
    )


def call_list(rows: int = 30) -> str:
    """The CSV of GET /campaigns/<id>/list; every fifth customer is held out."""
    head = "row,customerID,churn_probability,value,offer,expected_value,arm,reason_1,reason_2,reason_3"
    lines = [
        f"{number},{1000 + number:04d}-CUST,{0.93 - 0.004 * number:.3f},{420 - 3 * number:.2f},Call,"
        f"{95 - number:.2f},{'hold_out' if number % 5 == 0 else 'treat'},Month-to-month contract,Short tenure,"
        f'"Fiber optic, without online security"'
        for number in range(1, rows + 1)
    ]
    return "\r\n".join([head, *lines, ""])


def refused(**messages: str) -> Json:
    """A 422 whose faults are named by their paths, with `__` for a dot."""
    errors = [
        {
            "field": path.replace("__", "."),
            "code": "not_allowed",
            "message": message,
        }
        for path, message in messages.items()
    ]
    return {"success": False, "error": "The plan has faults.", "error_type": "ValidationError", "errors": errors}
