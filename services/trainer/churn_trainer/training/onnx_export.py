"""Models that are not additive as ONNX graphs over scaled columns, equal to scikit-learn to about 1e-7.

The graphs are written here because the general converter, skl2onnx, supports neither the current histogram boosting nor
a vote over it, and makes trees compare in single precision, where a customer at a threshold can fall to the other side.
Here trees compare in double precision; ONNX still adds their leaves up in single precision.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper
from sklearn.base import ClassifierMixin
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier

from churn.model.scoring import LEAST_DOUBT
from churn_trainer.data.prepare import Inputs
from churn_trainer.errors import NoExport
from churn_trainer.training.neural_network import NeuralNetwork
from churn_trainer.training.stack import Stack
from churn_trainer.training.terms_export import is_pairwise

# Fixed, so that the same model gives the same bytes, and old enough for any onnxruntime of recent years.
_OPSETS = {"": 17, "ai.onnx.ml": 3}
_IR_VERSION = 9

INPUT, OUTPUT = "columns", "probabilities"


class Trees(NamedTuple):
    """Binary trees as flat arrays with an entry per node: a customer goes left if the feature is at most the threshold.

    `tree` and `node` number the trees, and the nodes within each. A leaf adds its `value` to the sum.
    """

    tree: NDArray[np.int64]
    node: NDArray[np.int64]
    feature: NDArray[np.int64]
    threshold: NDArray[np.float64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    is_leaf: NDArray[np.bool]
    value: NDArray[np.float64]


class Graph:
    """The nodes and constants of an ONNX graph while it is being built; `columns` are the scaled columns."""

    def __init__(self) -> None:
        self.columns = INPUT
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []

    def add(self, kind: str, inputs: Sequence[str], **attributes: Any) -> str:
        """Add a node of an ONNX operator and return the name of its output."""
        name = f"v{len(self.nodes)}"
        domain = "ai.onnx.ml" if kind.startswith("Tree") else ""
        self.nodes.append(helper.make_node(kind, inputs, [name], domain=domain, **attributes))
        return name

    def constant(self, value: Any, dtype: type[np.generic] = np.float64) -> str:
        """Add a constant tensor and return its name."""
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name


def to_onnx(model: ClassifierMixin) -> bytes:
    """The fitted model as a serialized graph.

    It goes from scaled rows, shape (n, columns), to probabilities of staying and churning, shape (n, 2). That of a
    stack takes the log-odds of its member over fields as a further column. Raises NoExport for a model that has no form
    here.
    """
    graph = Graph()
    churned = _probability(graph, model)
    stayed = graph.add("Sub", [graph.constant([[1.0]]), churned])
    graph.nodes.append(helper.make_node("Concat", [stayed, churned], [OUTPUT], axis=1))
    return bytes(_model(graph, _width(model)).SerializeToString(deterministic=True))


def _width(model: ClassifierMixin) -> int:
    """How many columns the graph of a model takes."""
    if isinstance(model, Stack):
        return 1 + next(int(one.estimator.n_features_in_) for one in model.members_ if one.inputs == "columns")
    return int(model.n_features_in_)


def _model(graph: Graph, columns: int) -> ModelProto:
    whole = helper.make_graph(
        graph.nodes,
        "churn",
        [helper.make_tensor_value_info(INPUT, TensorProto.DOUBLE, [None, columns])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.DOUBLE, [None, 2])],
        graph.constants,
    )
    opsets = [helper.make_opsetid(domain, version) for domain, version in _OPSETS.items()]
    return helper.make_model(whole, opset_imports=opsets, ir_version=_IR_VERSION)


def require_form(model: ClassifierMixin, inputs: Inputs = "columns") -> None:
    """Raises NoExport for a model, fitted or not, that could not be served when it is fed these inputs."""
    if isinstance(model, Stack):
        for member in model.members:
            require_form(member.estimator, member.inputs)
    elif inputs != "columns":
        if not is_pairwise(model):
            raise NoExport(f"{type(model).__name__} over fields", "terms", "terms_export")
    elif type(model) not in _FORMS:
        raise NoExport(type(model).__name__, "ONNX form", "onnx_export")


def _probability(graph: Graph, model: ClassifierMixin) -> str:
    """Add the model's churn probability, shape (n, 1), to the graph; returns its name."""
    require_form(model)
    return _FORMS[type(model)](graph, model)


def _logistic_regression(graph: Graph, model: LogisticRegression) -> str:
    return _logistic_regression_on(graph, graph.columns, model)


def _logistic_regression_on(graph: Graph, columns: str, model: LogisticRegression) -> str:
    linear = graph.add("MatMul", [columns, graph.constant(model.coef_.T)])
    return graph.add("Sigmoid", [graph.add("Add", [linear, graph.constant(model.intercept_)])])


def _naive_bayes(graph: Graph, model: GaussianNB) -> str:
    return graph.add("Sigmoid", [_naive_bayes_log_odds(graph, model)])


def _decision_tree(graph: Graph, model: DecisionTreeClassifier) -> str:
    return _tree_sum(graph, _single_precision(graph), _forest([model]), 0.0)


def _random_forest(graph: Graph, model: RandomForestClassifier) -> str:
    return _tree_sum(graph, _single_precision(graph), _forest(model.estimators_), 0.0)


def _boosting(graph: Graph, model: HistGradientBoostingClassifier) -> str:
    # Both attributes are private to scikit-learn. Its version is pinned, and a test compares the graph with the model.
    start = float(model._baseline_prediction.item())
    trees = _boosted(model._predictors)
    return graph.add("Sigmoid", [_tree_sum(graph, _single_precision(graph), trees, start)])


def _neural_network(graph: Graph, model: NeuralNetwork) -> str:
    (weights, last), (biases, bias) = model.network_.coefs_, model.network_.intercepts_
    units = graph.add("Add", [graph.add("MatMul", [graph.columns, graph.constant(weights)]), graph.constant(biases)])
    sums = graph.add("MatMul", [graph.add("Relu", [units]), graph.constant(last * model.slope_)])
    return graph.add("Sigmoid", [graph.add("Add", [sums, graph.constant(bias * model.slope_ + model.intercept_)])])


def _stack(graph: Graph, model: Stack) -> str:
    """The weighed log-odds of the members. Those over fields are terms, whose log-odds follow the columns."""
    count = _width(model) - 1
    graph.columns = _part(graph, 0, count)
    terms = graph.add("Sigmoid", [_part(graph, count, count + 1)])
    members = [terms if one.inputs == "fields" else _probability(graph, one.estimator) for one in model.members_]
    log_odds = graph.add("Concat", [_log_odds(graph, member) for member in members], axis=1)
    return _logistic_regression_on(graph, log_odds, model.regression_)


def _part(graph: Graph, start: int, end: int) -> str:
    """The columns of the input from `start` to before `end`."""
    bounds = [graph.constant([each], np.int64) for each in (start, end, 1)]
    return graph.add("Slice", [INPUT, *bounds])


def _log_odds(graph: Graph, probability: str) -> str:
    """What `churn.model.scoring.logits` makes of a probability."""
    low, high = graph.constant(LEAST_DOUBT), graph.constant(1 - LEAST_DOUBT)
    churned = graph.add("Clip", [probability, low, high])
    stayed = graph.add("Sub", [graph.constant([[1.0]]), churned])
    return graph.add("Log", [graph.add("Div", [churned, stayed])])


_FORMS: dict[type, Callable[[Graph, Any], str]] = {
    LogisticRegression: _logistic_regression,
    GaussianNB: _naive_bayes,
    DecisionTreeClassifier: _decision_tree,
    RandomForestClassifier: _random_forest,
    HistGradientBoostingClassifier: _boosting,
    NeuralNetwork: _neural_network,
    Stack: _stack,
}
"""The function that adds each kind of model to a graph."""


def _naive_bayes_log_odds(graph: Graph, model: GaussianNB) -> str:
    """The log-odds of two classes of independent normal columns, from squared distances to each class's means.

    Expanding the squares would be cheaper, but would lose six digits where a column hardly varies within a class.
    """
    stayed, churned = (
        graph.add("MatMul", [_squared_distance(graph, mean), graph.constant(0.5 / variance[:, None])])
        for mean, variance in zip(model.theta_, model.var_.astype(np.float64), strict=True)
    )
    # In the precision that scikit-learn fitted in, because these sums round visibly.
    constants = np.log(model.class_prior_) - 0.5 * np.log(2.0 * np.pi * model.var_).sum(axis=1)
    difference = float(constants[1]) - float(constants[0])
    return graph.add("Add", [graph.add("Sub", [stayed, churned]), graph.constant([difference])])


def _squared_distance(graph: Graph, mean: NDArray[np.float64]) -> str:
    distance = graph.add("Sub", [graph.columns, graph.constant(mean)])
    return graph.add("Mul", [distance, distance])


def _single_precision(graph: Graph) -> str:
    """The columns rounded to single precision, as models were fitted on them, as doubles for the comparison.

    Thresholds can be values of the data, so that a customer at one of them would fall to the other side without it.
    """
    single = graph.add("Cast", [graph.columns], to=TensorProto.FLOAT)
    return graph.add("Cast", [single], to=TensorProto.DOUBLE)


def _tree_sum(graph: Graph, columns: str, trees: Trees, start: float) -> str:
    leaves = trees.is_leaf
    name = graph.add(
        "TreeEnsembleRegressor",
        [columns],
        n_targets=1,
        nodes_treeids=trees.tree,
        nodes_nodeids=trees.node,
        nodes_featureids=trees.feature,
        nodes_modes=np.where(leaves, "LEAF", "BRANCH_LEQ").tolist(),
        nodes_values_as_tensor=numpy_helper.from_array(trees.threshold, "thresholds"),
        nodes_truenodeids=trees.left,
        nodes_falsenodeids=trees.right,
        target_treeids=trees.tree[leaves],
        target_nodeids=trees.node[leaves],
        target_ids=np.zeros(np.count_nonzero(leaves), np.int64),
        target_weights_as_tensor=numpy_helper.from_array(trees.value[leaves], "values"),
    )
    total = graph.add("Cast", [name], to=TensorProto.DOUBLE)
    return graph.add("Add", [total, graph.constant([[start]])])


def _forest(models: Sequence[DecisionTreeClassifier]) -> Trees:
    """The trees of a forest, whose probability is the mean over the trees of the share of churners in the leaf."""
    return _joined(_one(model.tree_, len(models)) for model in models)


def _one(tree: Any, count: int) -> dict[str, NDArray[Any]]:
    is_leaf = tree.children_left < 0
    share = tree.value[:, 0, 1] / tree.value[:, 0, :].sum(axis=1)
    return {
        "feature": np.where(is_leaf, 0, tree.feature),
        "threshold": np.where(is_leaf, 0.0, tree.threshold),
        "left": np.where(is_leaf, 0, tree.children_left),
        "right": np.where(is_leaf, 0, tree.children_right),
        "is_leaf": is_leaf,
        "value": share / count,
    }


def _boosted(rounds: Sequence[Sequence[Any]]) -> Trees:
    """The trees of a boosted model, whose log-odds are the sum of the leaves."""
    return _joined(
        {
            "feature": nodes["feature_idx"],
            "threshold": nodes["num_threshold"],
            "left": nodes["left"],
            "right": nodes["right"],
            "is_leaf": nodes["is_leaf"].astype(bool),
            "value": nodes["value"],
        }
        for nodes in (predictor.nodes for (predictor,) in rounds)
    )


def _joined(trees: Iterator[dict[str, NDArray[Any]]]) -> Trees:
    listed = list(trees)
    sizes = [len(tree["feature"]) for tree in listed]
    whole = {name: np.concatenate([tree[name] for tree in listed]) for name in listed[0]}
    return Trees(
        tree=np.repeat(np.arange(len(listed)), sizes),
        node=np.concatenate([np.arange(size) for size in sizes]),
        feature=whole["feature"].astype(np.int64),
        threshold=whole["threshold"].astype(np.float64),
        left=whole["left"].astype(np.int64),
        right=whole["right"].astype(np.int64),
        is_leaf=whole["is_leaf"],
        value=whole["value"].astype(np.float64),
    )
