"""Fitted models that are sums over one field or two, compiled into terms: the same numbers to rounding.

A logistic regression over plain columns is one, because each of these is made of one field. So is boosting with at most
two fields on the way to a leaf: a leaf is then a rectangle over two fields, and its value is added to their table.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.ensemble import HistGradientBoostingClassifier

from churn.customer.features import SLOPES, Shape
from churn.model.bins import Bins, Cuts, bins_of
from churn.model.scorecard import Scorecard
from churn.model.scoring import FloatArray
from churn.model.terms import SlopeTerm, TableTerm, Terms
from churn.schema import Schema
from churn_trainer.data.prepare import BLOCK
from churn_trainer.data.split import Rows
from churn_trainer.data.table import Table

# Passes over both fields of a pair, which leave less than a thousandth of what each adds alone in its table.
_SWEEPS = 25

# The bins of some fields, by position, that lead to a leaf.
_Masks = Mapping[int, NDArray[np.bool]]


def regression_terms(card: Scorecard) -> Terms:
    """A regression on plain columns. Its slopes between columns, which move effects between fields, are left out."""
    shapes: dict[str, list[tuple[Shape, float, float]]] = {name: [] for name in card.schema.fields}
    for feature, weight, average in zip(card.schema.features.features, card.weights, card.averages, strict=True):
        if feature.shape is None:
            raise ValueError(f"column {feature.name} is not made of one field in a way that terms have")
        shapes[feature.shape.field].append((feature.shape, weight, average))
    tables = [_table_of(card.schema, name, columns) for name, columns in shapes.items()]
    slopes = [
        SlopeTerm(name, shape.kind, weight, weight * average)
        for name, columns in shapes.items()
        for shape, weight, average in columns
        if shape.kind in SLOPES
    ]
    return Terms(card.schema, card.intercept, [table for table in tables if table.entries.any()], slopes)


def _table_of(schema: Schema, name: str, columns: list[tuple[Shape, float, float]]) -> TableTerm:
    """The table of a field's columns other than its slopes."""
    cuts = tuple(sorted(float(shape.at) for shape, _, _ in columns if shape.kind == "step"))
    # A value from each bin.
    held = np.array([*cuts, np.inf, np.nan] if name in schema.numbers else range(len(schema.categories[name].names)))
    parts = [(_ones(shape, held), weight, mean) for shape, weight, mean in columns if shape.kind not in SLOPES]
    entries = np.zeros(len(held))
    for ones, weight, _ in parts:
        entries += weight * ones
    return TableTerm((name,), (cuts,), entries, sum(weight * mean for _, weight, mean in parts))


def _ones(shape: Shape, held: FloatArray) -> NDArray[np.bool]:
    """For which values of its field a column is 1."""
    return np.isnan(held) if shape.kind == "blank" else held > shape.at if shape.kind == "step" else held == shape.at


def boosting_terms(schema: Schema, model: HistGradientBoostingClassifier) -> Terms:
    """A boosting over customers' fields, fitted with `interaction_cst="pairwise"`.

    Raises ValueError if it asks about more than two fields on the way to a leaf.
    """
    trees = _Trees(schema, model)
    intercept = float(model._baseline_prediction.item())
    tables: dict[tuple[int, ...], FloatArray] = {}
    for masks, value in trees.leaves():
        places = tuple(sorted(masks))
        if len(places) > 2:
            raise ValueError("a boosting with more than two fields on the way to a leaf is no sum over pairs of fields")
        if not places:
            intercept += value
            continue
        if places not in tables:
            tables[places] = np.zeros([trees.sizes[place] for place in places])
        tables[places][np.ix_(*(masks[place] for place in places))] += value
    fields = tuple(schema.fields)
    return Terms(
        schema,
        intercept,
        [
            _narrowed(tuple(fields[place] for place in places), tuple(trees.cuts[place] for place in places), entries)
            for places, entries in sorted(tables.items())
        ],
    )


def is_pairwise(model: ClassifierMixin) -> bool:
    """Whether the model is a boosting that `boosting_terms` takes."""
    return isinstance(model, HistGradientBoostingClassifier) and model.interaction_cst == "pairwise"


def attributed(terms: Terms, table: Table, rows: Rows) -> Terms:
    """The same model, its effects measured from these rows of the table: what belongs to one field counts for it alone.

    A pair's table holds what its fields do together, and, as trees happen to ask about them, some of what each does
    alone. The latter, the weighted least squares fit of a sum over one field and the other, is moved into the tables of
    single fields (Lengerich, Tan, Chang, Hooker and Caruana 2020, "Purifying interaction effects with the functional
    ANOVA"). So a reason does not name a field because it was asked about beside another.
    """
    blocks = [rows[start : start + BLOCK] for start in range(0, len(rows), BLOCK)]
    terms = _purified(terms, table, blocks)
    sums = [terms.sums(table.take(block).customers) for block in blocks]
    return terms.measured_from(np.sum(sums, axis=0) / len(rows))


def _purified(terms: Terms, table: Table, blocks: list[Rows]) -> Terms:
    schema = terms.schema
    alone = [(term.fields[0], term.cuts[0], term.entries) for term in terms.tables if len(term.fields) == 1]
    pairs = []
    counts = _counts(terms, table, blocks)
    for term in terms.tables:
        if len(term.fields) > 1:
            one, other, rest = _parts(term.entries, counts[term.fields])
            alone += zip(term.fields, term.cuts, (one, other), strict=True)
            pairs.append(term._replace(entries=rest))
    bins = Bins(schema, ((field, cuts) for field, cuts, _ in alone))
    sums = {field: np.zeros(size) for field, size in zip(schema.fields, bins.sizes, strict=True)}
    for field, cuts, entries in alone:
        sums[field] += entries[bins.own(field, cuts)]
    singles = [
        TableTerm((field,), (bins.cuts[field],), sums[field]) for field in dict.fromkeys(each[0] for each in alone)
    ]
    return Terms(schema, terms.intercept, [*singles, *pairs], terms.slopes)


def _counts(terms: Terms, table: Table, blocks: list[Rows]) -> dict[tuple[str, ...], FloatArray]:
    """How many of the rows are in each bin of each pair's table, by fields."""
    schema, pairs = terms.schema, [term for term in terms.tables if len(term.fields) > 1]
    counts = {term.fields: np.zeros(term.entries.shape) for term in pairs}
    for block in blocks:
        people = table.take(block)
        for term in pairs:
            one, other = (
                bins_of(schema, field, cuts, people.column(field))
                for field, cuts in zip(term.fields, term.cuts, strict=True)
            )
            shape = term.entries.shape
            found = np.bincount(one * shape[1] + other, minlength=term.entries.size)
            counts[term.fields] += found.reshape(shape)
    return counts


def _parts(entries: FloatArray, counts: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """What a pair's first and second field add alone, by bin, and the rest, whose weighted means over both are 0."""
    alone, rest = [np.zeros(size) for size in entries.shape], entries.copy()
    for _ in range(_SWEEPS):
        for axis in (0, 1):
            weights = counts.sum(axis=1 - axis)
            means = (rest * counts).sum(axis=1 - axis) / np.maximum(weights, 1)
            alone[axis] += means
            rest -= np.expand_dims(means, 1 - axis)
    return alone[0], alone[1], rest


class _Trees:
    """The trees of a boosting, read as regions of the fields' bins.

    `cuts` and `sizes` are the cuts and the number of bins of each field, by position. The attributes of the model that
    start with an underscore are private to scikit-learn; its version is pinned, and tests compare the terms with the
    model.
    """

    def __init__(self, schema: Schema, model: HistGradientBoostingClassifier) -> None:
        self._trees = [tree for (tree,) in model._predictors]
        categories = [schema.position[name] for name in schema.categories]
        numbers = [schema.position[name] for name in schema.numbers]
        # The model moves categories to the front, if there are any, and numbers the codes that it has seen from 0.
        self._places = [*categories, *numbers]
        encoder = model._preprocessor.named_transformers_["encoder"] if categories else None
        self._known = dict(zip(categories, encoder.categories_, strict=True)) if encoder else {}
        self.cuts: dict[int, Cuts] = dict.fromkeys(categories, ()) | {
            place: tuple(sorted(self._thresholds(place))) for place in numbers
        }
        self.sizes = [
            len(schema.categories[name].names) if name in schema.categories else len(self.cuts[place]) + 2
            for place, name in enumerate(schema.fields)
        ]

    def _thresholds(self, place: int) -> set[float]:
        feature = self._places.index(place)
        nodes = (
            tree.nodes[(tree.nodes["is_leaf"] == 0) & (tree.nodes["feature_idx"] == feature)] for tree in self._trees
        )
        # An infinite one parts the blanks from all others.
        return {cut for each in nodes for cut in each["num_threshold"].tolist() if np.isfinite(cut)}

    def leaves(self) -> Iterator[tuple[_Masks, float]]:
        """Each leaf: the bins that lead to it of the fields that are asked about, by position, and its value."""
        for tree in self._trees:
            yield from self._below(tree, 0, {})

    def _below(self, tree: Any, number: int, masks: _Masks) -> Iterator[tuple[_Masks, float]]:
        node = tree.nodes[number]
        if node["is_leaf"]:
            yield masks, float(node["value"])
            return
        place = self._places[node["feature_idx"]]
        left = self._left(tree, node, place)
        held = masks.get(place, np.ones(self.sizes[place], np.bool))
        yield from self._below(tree, int(node["left"]), {**masks, place: held & left})
        yield from self._below(tree, int(node["right"]), {**masks, place: held & ~left})

    def _left(self, tree: Any, node: Any, place: int) -> NDArray[np.bool]:
        """The bins of a field that a node sends to the left."""
        left = np.full(self.sizes[place], bool(node["missing_go_to_left"]))
        if node["is_categorical"]:
            # Codes that it has not seen go where missing values go.
            known = self._known[place].astype(np.intp)
            words = tree.raw_left_cat_bitsets[node["bitset_idx"]]
            numbers = np.arange(len(known))
            left[known] = (words[numbers // 32] >> (numbers % 32).astype(words.dtype)) & 1
        else:
            left[:-1] = np.array([*self.cuts[place], np.inf]) <= node["num_threshold"]
        return left


def _narrowed(fields: tuple[str, ...], cuts: tuple[Cuts, ...], entries: FloatArray) -> TableTerm:
    """The table without the cuts on both sides of which its entries are equal."""
    kept = list(cuts)
    for axis, every in enumerate(cuts):
        if every:
            by_bin = np.moveaxis(entries, axis, 0)
            needed = [number for number in range(len(every)) if (by_bin[number] != by_bin[number + 1]).any()]
            kept[axis] = tuple(every[number] for number in needed)
            entries = entries.take([*needed, len(every), len(every) + 1], axis=axis)
    return TableTerm(fields, tuple(kept), entries)
