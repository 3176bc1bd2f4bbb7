"""Whether reasons and drivers hold still, and whether the drivers' intervals are as wide as they say."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from churn.model.scorecard import Scorecard
from churn.schema import built_in
from churn_trainer.data import sources
from churn_trainer.data.prepare import Prepared, prepare, scaler_of
from churn_trainer.data.split import Rows
from churn_trainer.data.table import load
from churn_trainer.evaluation.drivers import drivers
from churn_trainer.evaluation.stability import first_reasons, stability
from churn_trainer.training.attribution import explained_shares
from churn_trainer.training.candidates import CANDIDATES, SEED
from churn_trainer.training.export import scorecard
from churn_trainer.training.refits import refits
from churn_trainer.training.train import fit_whole, search

TELCO = built_in("telco")

LOGISTIC = CANDIDATES[0]
PENALTIES = (0.1, 1.0, 10.0)

# How many tables are drawn for the mean of an estimate, how many of them get intervals, and by how many refits.
TABLES, WITH_INTERVALS, REFITS = 60, 10, 40

Key = tuple[str, Any, Any]


def results(table: Path) -> Iterator[tuple[str, str, str, bool]]:
    """Prices of services, the choice of the penalty, first reasons over refits, and the drivers' intervals."""
    with threadpool_limits(1):
        prepared = prepare(load(sources.source_of("file", str(table), lambda: table.open("rb")), TELCO)[0])
        yield _price_of_services(prepared)
        yield _no_internet(prepared)
        yield _penalties(prepared)
        yield from _first_reasons(prepared)
        yield _coverage(prepared)


def _price_of_services(prepared: Prepared) -> tuple[str, str, str, bool]:
    share = explained_shares(prepared, prepared.split.development)["MonthlyCharges"]
    return "the bill is the sum of the services' prices: R²", f"{share:.4f}", "at least 0.998", share >= 0.998


def _no_internet(prepared: Prepared) -> tuple[str, str, str, bool]:
    cards = [_regression(prepared, penalty) for penalty in PENALTIES]
    ratios = [_odds(prepared, card, [card, card])["InternetService", "Fiber optic", "No"][0] for card in cards]
    ratios = [float(np.exp(ratio)) for ratio in ratios]
    seen = ", ".join(f"{ratio:.3f}" for ratio in ratios)
    what = "odds ratio of no internet instead of fiber, with its price, for C = 0.1, 1, 10"
    return what, seen, "within a quarter of each other", max(ratios) / min(ratios) <= 1.25


def _penalties(prepared: Prepared) -> tuple[str, str, str, bool]:
    rng = np.random.default_rng(SEED)
    chosen: Counter[float] = Counter()
    for _ in range(20):
        rows = rng.choice(prepared.split.development, 3_000, replace=False)
        found = search(LOGISTIC.estimator(TELCO), LOGISTIC).fit(prepared.scaled(rows), prepared.churn[rows])
        chosen[found.best_params_["C"]] += 1
    seen = ", ".join(f"{count} × C = {penalty}" for penalty, count in sorted(chosen.items()))
    return "the penalty chosen on 20 random halves of the customers", seen, "the same", len(chosen) == 1


def _first_reasons(prepared: Prepared) -> Iterator[tuple[str, str, str, bool]]:
    rows, unseen = prepared.split.development, prepared.table.take(prepared.split.test).customers
    model = _whole(prepared, rows)
    found = stability(model, refits(LOGISTIC, prepared, 100, len(rows), scorecard), len(rows), unseen)
    seen = f"{found.first_reason_kept:.1%} (lowest {found.lowest:.1%})"
    yield f"customers whose first reason stays over {found.refits} refits", seen, "at least 90 %", found.passed
    plain = Scorecard.from_dict(TELCO, model.to_dict() | {"slopes": {}})
    shift = np.abs(plain.effects_table(unseen).sum(axis=1) - model.effects_table(unseen).sum(axis=1)).max()
    moved = (first_reasons(plain.effects_table(unseen)) != first_reasons(model.effects_table(unseen))).mean()
    what = f"sharing out the charges changes the first reason of {moved:.1%}, and the sum of reasons by"
    yield what, f"{shift:.0e}", "at most 1e-9", bool(shift <= 1e-9)


def _coverage(prepared: Prepared) -> tuple[str, str, str, bool]:
    """How often intervals contain the mean over tables drawn from the real one, which is what they estimate."""
    rng = np.random.default_rng(SEED)
    rows = prepared.split.development
    tables = [_of(prepared, rng.choice(rows, len(rows))) for _ in range(TABLES)]
    cards = [_whole(drawn, drawn.split.development) for drawn in tables]
    odds = [_odds(prepared, card, [card, card]) for card in cards]
    # The quartiles, and which of two about equally common values is the commoner, change from table to table.
    common = set[Key].intersection(*map(set, odds))
    means = {key: float(np.mean([effects[key][0] for effects in odds])) for key in common}
    covered: list[bool] = []
    for drawn, card in zip(tables[:WITH_INTERVALS], cards, strict=False):
        refitted = refits(LOGISTIC, drawn, REFITS, len(rows), scorecard)
        intervals = _odds(prepared, card, refitted)
        covered += [low <= means[key] <= high for key, (_, low, high) in intervals.items() if key in common]
    share = float(np.mean(covered))
    what = f"95 % intervals of drivers that hold the mean over {TABLES} drawn tables ({len(covered)} intervals)"
    return what, f"{share:.1%}", "90 % to 99 %", 0.9 <= share <= 0.99


def _odds(prepared: Prepared, card: Scorecard, refitted: list[Scorecard]) -> dict[Key, tuple[float, float, float]]:
    """Log-odds with their interval by field and values."""
    found = drivers(card, refitted, len(prepared.split.development), prepared)["fields"]
    return {
        (row["field"], row["from"], row["to"]): (row["log_odds"], *np.log((row["low"], row["high"])).tolist())
        for row in found
    }


def _of(prepared: Prepared, rows: Rows) -> Prepared:
    """The table of these rows, some of them several times."""
    split = prepared.split._replace(train=rows, validation=rows[:0])
    return replace(prepared, split=split, scaler=scaler_of(prepared.table, rows))


def _whole(prepared: Prepared, rows: Rows) -> Scorecard:
    model = fit_whole(LOGISTIC, TELCO, prepared.scaled(rows), prepared.churn[rows])
    return scorecard(model, prepared, rows)


def _regression(prepared: Prepared, penalty: float) -> Scorecard:
    rows = prepared.split.development
    model = LOGISTIC.estimator(TELCO).set_params(C=penalty).fit(prepared.scaled(rows), prepared.churn[rows])
    return scorecard(model, prepared, rows)
