"""Made-up answers of GET /experiments: nothing yet, a challenger without outcomes, alike, better, worse, failed."""

from typing import Any

from churn.experiments.scoring_child import MEMORY_BYTES
from churn_api.experiments import service

Json = dict[str, Any]

CHAMPION = "20261101_120000"
CHALLENGER = "20261120_030000"
ID = "exp_01KBA4Y8000000000000000001"
FIGURES = ("log_loss", "brier", "roc_auc")
_STARTED = "2026-11-20T04:00:00+00:00"
_VERSIONS = ("20261011_030000", "20260914_030000", "20260812_030000")


def answer(running: Json | None = None, *ended: Json, **changes: Any) -> Json:
    """The answer with this experiment running, and these that do no longer."""
    base: Json = {
        "success": True,
        "promote": "by_hand",
        "words": [] if running else [service.NONE],
        "running": running,
        "experiments": [*([running] if running else []), *ended],
        "retraining": retraining(),
    }
    return base | changes


def off() -> Json:
    """The answer where nothing is tracked."""
    return answer(words=[service.OFF])


def experiment(**changes: Any) -> Json:
    """An experiment that a worker has not looked at yet."""
    base: Json = {
        "id": ID,
        "champion": CHAMPION,
        "challenger": CHALLENGER,
        "origin": "retraining",
        "status": "running",
        "started_at": _STARTED,
        "ended_at": None,
        "reason": None,
        "computed_at": None,
        "words": ["A worker is about to score with it."],
        "verdict": None,
        "disagreement": None,
        "costs": None,
    }
    return base | changes


def one(entry: Json) -> Json:
    """The answer of whatever starts, ends or promotes an experiment."""
    return {"success": True, "experiment": entry}


def _looked_at(judged: Json, **changes: Any) -> Json:
    """An experiment with this verdict."""
    figures = {
        "computed_at": "2026-11-29T08:15:00+00:00",
        "words": [judged["words"]],
        "verdict": judged,
        "disagreement": {"customers": 7043, "sides": 0.041, "call_list": 0.118, "mean_difference": 0.0183},
        "costs": {
            "champion": {"single_p50_ms": 0.21, "single_p99_ms": 0.44, "batch_us": 3.1, "memory_mib": 9.4},
            "challenger": {"single_p50_ms": 0.83, "single_p99_ms": 1.92, "batch_us": 12.4, "memory_mib": 31.2},
        },
    }
    return experiment(**figures | changes)


def early() -> Json:
    """An experiment of which no outcome is known."""
    words = (
        f"Nothing can be said of the challenger {CHALLENGER} yet: the outcomes are known of 0 customers who left and 0 "
        "who stayed, and 30 of either are needed."
    )
    return _looked_at(verdict("alike", words, outcomes=0, gains=None))


def alike() -> Json:
    """An experiment whose outcomes do not tell yet."""
    words = (
        f"Alike so far: over 1,840 outcomes the log loss of the challenger {CHALLENGER} is 0.0032 lower; at the "
        "present difference about 2,900 more outcomes would tell."
    )
    gains = {"log_loss": (0.0032, 0.0061), "brier": (0.0009, 0.0024), "roc_auc": (0.0051, 0.0142)}
    return _looked_at(verdict("alike", words, more=2900, outcomes=1840, gains=gains))


def better() -> Json:
    """An experiment whose challenger may be promoted."""
    words = (
        f"The challenger {CHALLENGER} is better: over 6,120 outcomes its log loss is 0.0098 lower (95 % sure of 0.0057 "
        "to 0.0139 at every look). That is sure enough to promote it."
    )
    gains = {"log_loss": (0.0098, 0.0041), "brier": (0.0031, 0.0016), "roc_auc": (0.0122, 0.0104)}
    judged = verdict("better", words, outcomes=6120, gains=gains, promotable=True)
    return _looked_at(judged, words=[words, "It waits for somebody to promote it."])


def worse() -> Json:
    """An experiment whose challenger is worse."""
    words = (
        f"The challenger {CHALLENGER} is worse: over 3,020 outcomes its log loss is 0.0121 higher (95 % sure of 0.0060 "
        "to 0.0182 at every look)."
    )
    gains = {"log_loss": (-0.0121, 0.0061), "brier": (-0.0036, 0.0025), "roc_auc": (-0.0043, 0.0150)}
    return _looked_at(verdict("worse", words, outcomes=3020, gains=gains), origin="person")


def failed() -> Json:
    """An experiment whose challenger could not be scored."""
    reason = f"It could not be scored with 3 times: it needs more than {MEMORY_BYTES >> 20} MiB."
    return experiment(status="failed", ended_at="2026-11-20T07:00:00+00:00", reason=reason, words=[reason])


def past(number: int) -> list[Json]:
    """So many experiments that are over, the newest first: replaced, promoted, ended by hand, and again."""
    ends = (
        ("ended", "retraining", f"Replaced by {CHALLENGER} ({ID})."),
        ("promoted", "person", "It was better: over 7,210 outcomes its log loss was 0.0081 lower (0.0040 to 0.0122)."),
        ("ended", "online", "A person ended it."),
    )
    return [
        experiment(
            id=f"exp_01KBA4Y80000000000000001{99 - at}",
            challenger=_VERSIONS[at % 3],
            champion=_VERSIONS[(at + 1) % 3],
            status=ends[at % 3][0],
            origin=ends[at % 3][1],
            reason=ends[at % 3][2],
            words=[ends[at % 3][2]],
            started_at=f"2026-{10 - at % 8:02}-02T04:00:00+00:00",
            ended_at=f"2026-{10 - at % 8:02}-19T04:00:00+00:00",
        )
        for at in range(number)
    ]


def verdict(
    state: str, words: str, *, outcomes: int, gains: Any, more: int | None = None, promotable: bool = False
) -> Json:
    """A verdict; `gains` are values with how far their intervals reach, by figure."""
    differences = {
        name: {"value": gains[name][0], "low": gains[name][0] - gains[name][1], "high": gains[name][0] + gains[name][1]}
        if gains
        else None
        for name in FIGURES
    }
    head = {"state": state, "words": words, "more": more, "outcomes": outcomes}
    return head | {"promotable": promotable, "differences": differences}


def retraining(**changes: Any) -> Json:
    """Nothing is due, and nothing was asked for."""
    return {"due": False, "reasons": [], "next": None, "requests": []} | changes


def due() -> Json:
    """A training that is due, and requests in every status."""
    reason = "The outcomes of 2,880 customers are known that the release in service was not trained on."
    states = (
        ("2026-11-29", "open", 0, None, None),
        ("2026-11-20", "training", 2, None, None),
        ("2026-11-08", "done", 1, CHALLENGER, f"{CHALLENGER} was trained, and is in shadow."),
        ("2026-10-11", "failed", 3, None, "The training was broken off 3 times, as if it had been killed."),
    )
    names = ("day", "status", "attempts", "release", "words")
    requests = [dict(zip(names, state, strict=True)) | {"reasons": [reason]} for state in states]
    return retraining(due=True, reasons=[reason], requests=requests)
