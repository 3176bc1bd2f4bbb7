"""Made-up answers of GET /quality: without anything, of one month, and of two releases over two years."""

import math
from typing import Any

Json = dict[str, Any]

CONDITION = "if the world has not changed"
FIGURES = ("churn_rate", "roc_auc", "log_loss", "brier", "calibration", "lift")
TYPICAL = {"churn_rate": 0.265, "roc_auc": 0.845, "log_loss": 0.415, "brier": 0.136, "calibration": 1.0, "lift": 2.8}
_SPREADS = {"churn_rate": 0.44, "roc_auc": 0.4, "log_loss": 0.45, "brier": 0.19, "calibration": 1.7, "lift": 5.0}
_NOBODY = {"predictions": 0, "matured": 0, "matched": 0, "unmatched": 0, "treated": 0}
_NOTHING_DUE = {"due": False, "reasons": [], "next": None, "failed": None}
_OUTCOMES = ("rows", "customers", "duplicates", "corrections", "contradictions", "unknown", "before")


def empty(tracking: str = "on") -> Json:
    """The answer before anything was predicted, or with tracking off."""
    words = (
        "Nothing has been predicted yet for customers with an id, the last minutes apart. Score a table with their ids "
        "first (POST /jobs, or the page Batch); what becomes of them is reported here."
        if tracking == "on"
        else "Predictions are not tracked, so nothing can be said of what became of them. Set CHURN_TRACKING=on."
    )
    return _answer([words], tracking=tracking)


def month() -> Json:
    """The answer in the first month: nothing is ripe, no outcome, a release without a reference."""
    release = _release("20261101_120000", True, [_month("2026-11", 7043, ripe=False)])
    release["drift"] = None
    return _answer(
        [
            "7,043 predictions are held, and none of them is old enough to be judged; the first are on March 5, 2027.",
            "No outcomes have come in yet. Send who left and who stayed to POST /outcomes.",
            "The release 20261101_120000 carries no reference of its training table, so drift cannot be shown.",
        ],
        releases=[release],
        next_ripe={"date": "2027-03-05", "predictions": 7043},
        data=[_data("2026-11", 7100, 57)],
    )


def two_years() -> Json:
    """Two releases over 24 months: the older one lost its ranking after half a year, the newer one holds."""
    months = [f"{2024 + number // 12}-{number % 12 + 1:02}" for number in range(24)]
    older = [_month(name, 2000 + 40 * number, shift=number >= 8) for number, name in enumerate(months[:12])]
    newer = [_month(name, 2600 + 20 * number, ripe=number < 8) for number, name in enumerate(months[12:])]
    releases = [_release("20241220_030000", True, newer), _release("20231220_030000", False, older)]
    releases[1]["verdict"] = {
        "state": "alarm",
        "words": "The ranking is worse than promised: an AUC of 0.705 for the predictions of 2024-09, where 0.846 was "
        "to be expected. Train again with the outcomes since.",
        "since": "2024-09",
    }
    releases[1]["drift"] = None
    return _answer(
        ["22,880 outcomes are known of 26,640 ripe predictions of 2 releases."],
        releases=releases,
        next_ripe={"date": "2026-01-08", "predictions": 640},
        outcomes=dict(zip(_OUTCOMES, (31_204, 28_011, 412, 37, 6, 210, 18), strict=True)),
        data=[_data(name, 9000 + 31 * number, 40 + number) for number, name in enumerate(months)],
        retraining=_NOTHING_DUE | {"due": True, "reasons": ["2,880 outcomes are known that no release has seen."]},
    )


def _answer(words: list[str], **others: Any) -> Json:
    answer = {
        "success": True,
        "computed_at": "2026-01-02T08:15:00+00:00",
        "days": 90,
        "tracking": "on",
        "settling_days": 7,
        "words": words,
        "next_ripe": None,
        "outcomes": dict.fromkeys(_OUTCOMES, 0),
        "releases": [],
        "data": [],
        "retraining": _NOTHING_DUE,
    }
    return answer | others


def _figure(name: str, value: float, n: int) -> Json:
    reach = 1.96 * _SPREADS[name] / math.sqrt(n)
    return {"value": value, "low": value - reach, "high": value + reach}


def _realised(n: int, *, ripe: bool, shift: bool = False, wobble: float = 0.0) -> Json:
    """The counts and figures of n predictions; `shift` is a world in which the ranking has changed."""
    changes = {"roc_auc": -0.14, "log_loss": 0.11, "brier": 0.04, "lift": -1.0} if shift else {}
    values = {name: value * (1 + wobble) + changes.get(name, 0) for name, value in TYPICAL.items()}
    expected = {name: _figure(name, TYPICAL[name], n) for name in FIGURES[:4]}
    counts = {"predictions": n, "matured": n, "matched": n - n // 7, "unmatched": n // 10, "treated": n // 7 - n // 10}
    return {
        **(counts if ripe else _NOBODY | {"predictions": n}),
        "missing": None if ripe else "0 outcomes are known of ripe predictions; figures want 30.",
        **{name: _figure(name, values[name], n) if ripe else None for name in FIGURES},
        "expected": {"condition": CONDITION, **expected},
    }


def _month(name: str, n: int, *, ripe: bool = True, shift: bool = False) -> Json:
    wobble = 0.012 * math.sin(7 * int(name[-2:]) + n)
    return {"month": name, **_realised(n, ripe=ripe, shift=shift, wobble=wobble)}


def _release(version: str, in_service: bool, months: list[Json]) -> Json:
    ripe = [entry for entry in months if entry["matured"]]
    n = sum(entry["predictions"] for entry in ripe or months)
    realised = _realised(n, ripe=bool(ripe))
    realised |= {name: sum(entry[name] for entry in months) for name in _NOBODY}
    promised = {name: _figure(name, TYPICAL[name], 1409) for name in (*FIGURES[:4], "lift")}
    return {
        "version": version,
        "model_name": "Logistic Regression",
        "label_window_months": 3,
        "in_service": in_service,
        "promised": promised,
        **realised,
        "reliability": [_tenth(number, n) for number in range(10)] if ripe else [],
        "months": months,
        "verdict": {
            "state": "none",
            "words": "What became of the predictions is what they said."
            if ripe
            else "No month is ripe yet, so nothing can be said.",
            "since": None,
        },
        "drift": _drift(),
    }


def _tenth(number: int, n: int) -> Json:
    count = round(n * (0.3, 0.16, 0.12, 0.1, 0.08, 0.08, 0.07, 0.05, 0.03, 0.01)[number])
    predicted = number / 10 + 0.045
    observed = predicted + 0.008 * math.sin(3 * number)
    reach = 1.96 * math.sqrt(observed * (1 - observed) / count)
    low, high = max(observed - reach, 0.0), min(observed + reach, 1.0)
    return {"mean_predicted": predicted, "observed": observed, "low": low, "high": high, "count": count}


def _drift() -> Json:
    contract = {
        "Month-to-month": (0.55, 0.71),
        "One year": (0.21, 0.14),
        "Two year": (0.24, 0.12),
        "absent": (0.0, 0.03),
    }
    tenure = {"0–12": (0.31, 0.33), "13–48": (0.37, 0.36), "49–100": (0.32, 0.31), "absent": (0.0, 0.0)}
    score = {f"{ten}–{ten + 10} %": (0.1, 0.1 + 0.004 * (ten // 10 - 4.5)) for ten in range(0, 100, 10)}
    return {
        "since": "2025-10-04",
        "until": "2026-01-02",
        "fields": [
            _field("Contract", "Contract", contract, psi=0.186, state="alarm", unseen=0.002),
            _field("tenure", "Tenure", tenure, psi=0.004, state="none", unseen=0.0),
        ],
        "score": _field("churn_probability", "Churn probability", score, psi=0.012, state="notice", unseen=0.0),
    }


def _field(
    name: str, title: str, bins: dict[str, tuple[float, float]], *, psi: float, state: str, unseen: float
) -> Json:
    then, now = bins.get("absent", (0.0, 0.0))
    return {
        "field": name,
        "title": title,
        "psi": psi,
        "limit": 0.1,
        "n": 8240,
        "state": state,
        "unseen": unseen,
        "absent": {"then": then, "now": now},
        "bins": [{"bin": key, "label": key, "then": old, "now": new} for key, (old, new) in bins.items()],
    }


def _data(name: str, rows: int, refused: int) -> Json:
    faults = [
        {"field": "tenure", "code": "out_of_range", "rows": refused - 11},
        {"field": "Contract", "code": "not_allowed", "rows": 11},
    ]
    return {"month": name, "rows": rows, "refused": refused, "faults": faults, "absent": 0.021}
