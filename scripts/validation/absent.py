"""Customers of whom not all is known.

The test customers are asked about with fields withheld. What they are told is held against what became of them, against
what they are told with all fields, and against completions drawn without regard to what is known.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from churn.customer.declaration import Customer
from churn.intervals import wilson
from churn.model.background import Background
from churn.model.predictor import Predictor
from churn.model.scoring import FloatArray
from churn.schema import built_in
from churn_trainer.data import sources
from churn_trainer.data.prepare import Prepared, prepare
from churn_trainer.data.table import load
from churn_trainer.evaluation.absent_fields import absent_fields
from churn_trainer.gates.absent_fields import MAX_LOSS, MIN_COVERAGE
from churn_trainer.model_metrics import THRESHOLD
from churn_trainer.training.candidates import SEED
from churn_trainer.training.export import background_rows, customers, scorecard

TELCO = built_in("telco")

Row = tuple[str, str, str, bool]

BACKGROUNDS = 30

# The spread that churn_trainer.training.export mentions, with room for another draw of thirty backgrounds.
MAX_SPREAD = 0.014

# Enough customers for a spread that is right to a twentieth.
_SPREAD_OVER = 300

_MONTHLY = 0  # the code of a month-to-month contract
BILLS = ((18, 30), (30, 60), (60, 80), (80, 120))


def results(table: Path) -> Iterator[Row]:
    """Predictions with absent fields against outcomes, against whole records, and with another background."""
    source = sources.source_of("file", table.name, lambda: table.open("rb"))
    prepared = prepare(load(source, TELCO)[0])
    predictor = _predictor(prepared, SEED)
    yield from _masked(absent_fields(predictor, prepared))
    yield from _by_bill(predictor, prepared)
    yield _spread(prepared)
    sample = [TELCO.customer(row) for row in zip(*predictor.background.table, strict=True)]
    everyone = Predictor(predictor.scorer, Background(TELCO, sample, nearest=None), THRESHOLD)
    yield _far(absent_fields(everyone, prepared))


def _predictor(prepared: Prepared, seed: int) -> Predictor:
    rows = prepared.split.development
    model = LogisticRegression(C=0.1, solver="liblinear", random_state=SEED)
    model.fit(prepared.scaled(rows), prepared.churn[rows])
    return Predictor(scorecard(model, prepared, rows), _background(prepared, seed), THRESHOLD)


def _background(prepared: Prepared, seed: int) -> Background:
    shuffled = np.random.default_rng(seed).permutation(prepared.split.development)
    return Background(TELCO, customers(prepared.table, background_rows(prepared.table, shuffled)))


def _masked(absent: dict[str, dict[str, float]]) -> Iterator[Row]:
    required, reference = absent["required"], absent["reference"]
    for figure, sign in (("roc_auc", -1), ("log_loss", 1)):
        loss = sign * (required[figure] - reference[figure])
        wanted = f"within {MAX_LOSS} of {reference[figure]:.4f}, a regression on these fields"
        yield f"{figure}, required fields alone", f"{required[figure]:.4f}", wanted, loss <= MAX_LOSS
    for kind in ("required", "random"):
        slope, share = absent[kind]["calibration_slope"], absent[kind]["range_coverage"]
        yield f"calibration slope, {kind} fields", f"{slope:.3f}", "0.8 to 1.25", 0.8 <= slope <= 1.25
        wanted = f"at least {MIN_COVERAGE:.0%}; 80 % is told"
        yield f"the range holds the whole record, {kind} fields", f"{share:.1%}", wanted, share >= MIN_COVERAGE
    gain = absent["random"]["roc_auc"] - required["roc_auc"]
    yield "roc_auc, random fields above required ones", f"{gain:+.4f}", "more than 0", gain > 0


def _by_bill(predictor: Predictor, prepared: Prepared) -> Iterator[Row]:
    test = prepared.table.take(prepared.split.test)
    predicted = _predicted(predictor, customers(prepared.table, prepared.split.test))
    means = []
    for low, high in BILLS:
        bill, contract = test.column("MonthlyCharges"), test.column("Contract")
        group = (contract == _MONTHLY) & (bill >= low) & (bill < high)
        mean, left = float(predicted[group].mean()), test.churn[group]
        least, most = wilson(int(left.sum()), len(left))
        seen = f"predicted {mean:.1%}, {left.mean():.1%} of {len(left)} left"
        within = least - 0.03 <= mean <= most + 0.03
        yield f"month to month at ${low} to ${high}", seen, f"{least - 0.03:.1%} to {most + 0.03:.1%}", within
        means.append(mean)
    rising = means[0] < means[-1]
    yield "month to month, the lowest bills against the highest", f"{means[0]:.1%}, {means[-1]:.1%}", "rising", rising


def _predicted(predictor: Predictor, people: list[Customer]) -> FloatArray:
    records = ({name: TELCO.value_of(name, person) for name in TELCO.required} for person in people)
    return np.array([predictor.predict(TELCO.reader.read(record), None).churn_probability for record in records])


def _spread(prepared: Prepared) -> Row:
    people = customers(prepared.table, prepared.split.test[:_SPREAD_OVER])
    scorer = _predictor(prepared, SEED).scorer
    drawn = [Predictor(scorer, _background(prepared, seed), THRESHOLD) for seed in range(BACKGROUNDS)]
    predicted = np.array([_predicted(predictor, people) for predictor in drawn])
    spread = float(np.sqrt(predicted.var(axis=0, ddof=1).mean()))
    what = f"standard deviation over {BACKGROUNDS} backgrounds, required fields"
    return what, f"{spread:.2%}", f"at most {MAX_SPREAD:.1%}", spread <= MAX_SPREAD


def _far(absent: dict[str, dict[str, float]]) -> Row:
    seen, wanted = absent["required"]["roc_auc"], absent["reference"]["roc_auc"] - MAX_LOSS
    what = "roc_auc, completions without regard to the bill: the gate can fail"
    return what, f"{seen:.4f}", f"below {wanted:.4f}", seen < wanted
