"""Converting the champion for serving: to a scorecard or to terms if it is additive, else to an ONNX graph."""

import json
import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from churn.customer.declaration import Customer
from churn.customer.fields import Field, Number
from churn.model.background import Background
from churn.model.lookup import require_tabulated
from churn.model.onnx_model import OnnxModel
from churn.model.predictor import Predictor
from churn.model.scorecard import Scorecard
from churn.model.scoring import Scorer
from churn.model.terms import Terms
from churn.release import background_file, worked_examples
from churn.schema import Schema
from churn_trainer.data.prepare import Inputs, Prepared
from churn_trainer.data.split import Rows
from churn_trainer.data.table import Table
from churn_trainer.errors import NoLookUp, OtherModel
from churn_trainer.model_metrics import THRESHOLD
from churn_trainer.training.attribution import slopes_of
from churn_trainer.training.candidates import SEED
from churn_trainer.training.stack import Stack
from churn_trainer.training.terms_export import attributed, boosting_terms, is_pairwise, regression_terms

# Enough for any customer to find similar ones. Drawing them anew moves the probability of a customer with the required
# fields alone by a standard deviation of 1.2 percentage points (make validate).
BACKGROUND_CUSTOMERS = 500

# At least this many customers are drawn for each value of a category, or all there are, because customers with absent
# fields borrow values from them, rare ones too.
_OF_EACH_VALUE = 10

# The number of worked examples with complete customers, and with customers who have the required fields alone.
COMPLETE_EXAMPLES, SPARSE_EXAMPLES = 12, 4

# By how much a served probability may differ from the fitted model's. Single precision rounds a hundred times less.
_LARGEST_GAP = 1e-3


class Served(NamedTuple):
    """The champion ready to serve: the release's kind of model, the predictor, and the files that it is loaded from."""

    kind: str
    predictor: Predictor
    files: dict[str, bytes]


def require_look_up(schema: Schema) -> None:
    """Raises NoLookUp if the columns do not allow a scorecard to be served from look-up tables."""
    try:
        require_tabulated(schema)
    except ValueError as error:
        raise NoLookUp(str(error)) from error


def serve(model: ClassifierMixin, prepared: Prepared) -> Served:
    """The fitted model with a background sample and worked examples drawn from the development rows.

    Raises NoExport if the model has no form for serving, and OtherModel if what would serve answers otherwise.
    """
    shuffled = np.random.default_rng(SEED).permutation(prepared.split.development)
    schema, rows = prepared.table.schema, background_rows(prepared.table, shuffled)
    sample = customers(prepared.table, rows)
    examples = customers(prepared.table, shuffled[-COMPLETE_EXAMPLES:])
    examples += [_sparse(schema, customer) for customer in examples[:SPARSE_EXAMPLES]]
    background = Background(schema, sample)
    scorer = scorer_of(model, prepared, prepared.split.development, background)
    _require_same(scorer, model, prepared, rows)
    kind, files = _files(scorer, model, prepared.scaler)
    predictor = Predictor(scorer, background, THRESHOLD)
    files |= {"background.json": background_file(schema, sample), "examples.json": worked_examples(predictor, examples)}
    return Served(kind, predictor, files)


def _require_same(scorer: Scorer, model: ClassifierMixin, prepared: Prepared, rows: Rows) -> None:
    inputs: Inputs = "both" if isinstance(model, Stack) else "fields" if is_pairwise(model) else "columns"
    wanted = model.predict_proba(prepared.fed(inputs, rows))[:, 1]
    gap = float(np.abs(scorer.probabilities(prepared.table.take(rows).customers) - wanted).max())
    if not gap <= _LARGEST_GAP:
        raise OtherModel(type(model).__name__, gap)


def background_rows(table: Table, shuffled: NDArray[np.intp]) -> NDArray[np.intp]:
    """The first BACKGROUND_CUSTOMERS of the shuffled rows, and enough others to have every value of each category."""
    chosen = np.zeros(len(shuffled), np.bool)
    chosen[:BACKGROUND_CUSTOMERS] = True
    for name, field in table.schema.categories.items():
        column = table.column(name)[shuffled]
        for code in range(len(field.names)):
            chosen[np.flatnonzero(column == code)[:_OF_EACH_VALUE]] = True
    return shuffled[chosen]


def customers(table: Table, rows: NDArray[np.intp]) -> list[Customer]:
    """The rows of a table as customers of plain int and float values."""
    fields = table.schema.fields.values()
    columns = [_plain(field, column[rows]) for field, column in zip(fields, table.customers, strict=True)]
    return [table.schema.customer(values) for values in zip(*columns, strict=True)]


def scorer_of(model: ClassifierMixin, prepared: Prepared, rows: Rows, background: Background) -> Scorer:
    """The model, fitted on these rows, as it would serve; measured effects are measured over `background`."""
    schema = prepared.table.schema
    if isinstance(model, LogisticRegression):
        return regression_scorer(scorecard(model, prepared, rows))
    if is_pairwise(model):
        return attributed(boosting_terms(schema, model), prepared.table, rows)
    from churn_trainer.training.onnx_export import to_onnx  # onnx costs 20 MB that an additive champion does not need

    scaler = prepared.scaler
    return OnnxModel(
        to_onnx(model), scaler.mean_.tolist(), scaler.scale_.tolist(), background, _terms_in(schema, model)
    )


def regression_scorer(card: Scorecard) -> Scorer:
    """A logistic regression as it would serve: as a scorecard of columns written by hand, else as terms."""
    return card if card.schema.derived_columns else regression_terms(card)


def scorecard(model: LogisticRegression, prepared: Prepared, rows: Rows) -> Scorecard:
    """The regression on scaled columns, fitted on these rows, as weights of the unscaled columns."""
    schema, scaler = prepared.table.schema, prepared.scaler
    weights = model.coef_[0].astype(np.float64) / scaler.scale_
    intercept = float(model.intercept_[0]) - float(weights @ scaler.mean_)
    names = schema.features.names
    averages = dict(zip(names, scaler.mean_.tolist(), strict=True))
    return Scorecard(
        schema, intercept, dict(zip(names, weights.tolist(), strict=True)), averages, slopes_of(prepared, rows)
    )


def _terms_in(schema: Schema, model: ClassifierMixin) -> Terms | None:
    """The terms whose log-odds the model's graph takes: those of a stack's member over fields."""
    members = model.members_ if isinstance(model, Stack) else ()
    return next((boosting_terms(schema, one.estimator) for one in members if one.inputs == "fields"), None)


def _files(scorer: Scorer, model: ClassifierMixin, scaler: StandardScaler) -> tuple[str, dict[str, bytes]]:
    """The release's kind of model and the files that hold it."""
    if isinstance(scorer, Scorecard):
        return "scorecard", {"model.json": json.dumps(scorer.to_dict(), indent=1).encode()}
    if isinstance(scorer, Terms):
        return "terms", {"model.json": json.dumps(scorer.to_dict(), separators=(",", ":")).encode()}
    from churn_trainer.training.onnx_export import to_onnx

    terms = _terms_in(scorer.schema, model)
    held = {"means": scaler.mean_.tolist(), "scales": scaler.scale_.tolist()}
    held |= {"terms": terms.to_dict()} if terms else {}
    return "onnx", {"model.onnx": to_onnx(model), "model.json": json.dumps(held).encode()}


def _plain(field: Field, column: NDArray[np.generic]) -> list[float]:
    whole = not isinstance(field, Number) or field.whole
    # A blank that is a value is the same object everywhere, and no whole number.
    return [math.nan if value != value else int(value) if whole else float(value) for value in column]


def _sparse(schema: Schema, customer: Customer) -> Customer:
    return schema.replaced(customer, dict.fromkeys(schema.fields.keys() - set(schema.required)))
