"""ONNX's ensembles of trees, read as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from static_model.estimators import Boosted, Estimator, Forest

from .columns import Features
from .graph import Answer, Classifier, Node, Reading, Table
from .trees import Arrays, send_missing_left, with_first_leaf

MAX_NODES = 2**21
CLOSE = 1e-5
"""How far shares of single precision may be from what they would be exactly."""


def tree_ensemble(node: Node, reading: Reading) -> None:
    """A `TreeEnsembleClassifier`: a forest whose leaves vote, or boosted trees whose sum goes through a logistic."""
    table = reading.table(node)
    compares: Literal["float64", "float32"] = "float64" if table.type == "float64" else "float32"
    order, arrays, left = _arrays(node, table)
    arrays, features = send_missing_left(arrays, _compared(table), left)
    weights = _weights(node, order, len(arrays["feature"]))
    transform = node.text("post_transform", "NONE")
    classes = node.labels()
    base = node.floats("base_values")
    start = 0.0 if base is None or not base.size else float(base[0])
    if weights.shape[1] == 1 and transform == "LOGISTIC" and (weights < 0).any():
        values = weights[:, 0]

        def estimator(upright: bool) -> Estimator:
            return _boosted(arrays, values, start, sign=0.5 if upright else -0.5, compares=compares)
    else:
        votes = _votes(node, arrays, weights, transform, base)

        def estimator(upright: bool) -> Estimator:
            chosen = votes if upright else np.ascontiguousarray(votes[:, ::-1])
            return Forest(**arrays, votes=chosen, compares=compares, parameters={})

    reading.classify(node, Classifier(node.op, features, estimator, classes))
    reading.values[node.outputs[0]] = Answer("label")
    reading.values[node.outputs[1]] = Answer("scores")


def _compared(table: Table) -> Features:
    """What the trees look at; they round it to single precision themselves, so that a last rounding can be left out."""
    if table.type == "float64":
        return table.features
    last = ("float32", None)
    return tuple(
        replace(f, operations=f.operations[:-1]) if f.operations[-1:] == (last,) else f for f in table.features
    )


def _boosted(arrays: Arrays, values: npt.NDArray[np.float64], start: float, *, sign: float, compares: Any) -> Boosted:
    """Boosted trees; half of each weight, as the score doubles the margin."""
    trees = len(arrays["roots"])
    whole: dict[str, Any] = with_first_leaf(arrays)
    return Boosted(
        **whole,
        values=np.append(start, values),
        weights=np.full(trees + 1, sign),
        compares=compares,
        parameters={},
    )


def _votes(
    node: Node, arrays: Arrays, weights: npt.NDArray[np.float64], transform: str, base: Any
) -> npt.NDArray[np.float64]:
    """Each leaf's votes for both classes: what all trees' leaves say must sum to 1."""
    share = 1.0 / len(arrays["roots"])
    leaves = arrays["feature"] < 0
    if weights.shape[1] == 1:
        weights = np.column_stack([np.maximum(share - weights[:, 0], 0.0), weights[:, 0]])
    wrong = np.abs(weights[leaves].sum(axis=1) - share) > CLOSE * share
    if transform != "NONE" or (base is not None and base.any()) or (weights[leaves] < 0).any() or wrong.any():
        raise node.refuse(
            f"its leaves hold neither the shares of two classes nor margins for a logistic (post_transform {transform})"
        )
    return np.where(leaves[:, None], weights, 0.0)


def _arrays(node: Node, table: Table) -> tuple[dict[tuple[int, int], int], Arrays, npt.NDArray[np.bool_]]:
    """Where each node stands, the arrays of the trees with parents before their children, and where NaN goes."""
    fields = _fields(node)
    order, roots = _order(node, fields)
    at = np.array([fields["index"][key] for key in order], np.int64)
    place = {key: number for number, key in enumerate(order)}
    modes = [fields["modes"][index] for index in at]
    inner = np.array([mode != "LEAF" for mode in modes])
    feature = np.where(inner, fields["featureids"][at], -1)
    if feature.max(initial=-1) >= len(table.features) or (feature[inner] < 0).any():
        raise node.refuse(f"it uses feature {feature.max()}, the graph makes {len(table.features)}")
    children = {
        side: np.array(
            [
                place[tree, int(fields[name][i])] if branch else -1
                for (tree, _), i, branch in zip(order, at, inner, strict=True)
            ],
            np.int32,
        )
        for side, name in (("left", "truenodeids"), ("right", "falsenodeids"))
    }
    threshold = np.where(inner, _thresholds(fields["values"][at], modes, table), 0.0)
    found = {"feature": feature.astype(np.int32), "threshold": threshold, "roots": np.array(roots, np.int32)}
    return place, {**found, **children}, fields["tracks_true"][at]


def _fields(node: Node) -> Mapping[str, Any]:
    """The nodes' attributes, checked for length."""
    names = ("treeids", "nodeids", "featureids", "truenodeids", "falsenodeids")
    fields: dict[str, Any] = {name: np.asarray(node.attributes[f"nodes_{name}"], np.int64) for name in names}
    count = len(fields["treeids"])
    fields["values"] = node.floats("nodes_values")
    fields["modes"] = [mode.decode("utf-8") for mode in node.attributes["nodes_modes"]]
    tracks = node.attributes.get("nodes_missing_value_tracks_true")
    fields["tracks_true"] = np.zeros(count, bool) if tracks is None or not len(tracks) else np.asarray(tracks) != 0
    odd = set(fields["modes"]) - {"BRANCH_LEQ", "BRANCH_LT", "LEAF"}
    if odd or not 1 <= count <= MAX_NODES:
        raise node.refuse(f"it has {count:,} nodes, of modes {', '.join(sorted(odd)) or 'that are known'}")
    if any(values is None or len(values) != count for values in fields.values()):
        raise node.refuse("its nodes' attributes are of several lengths")
    keys = zip(fields["treeids"].tolist(), fields["nodeids"].tolist(), strict=True)
    fields["index"] = {key: number for number, key in enumerate(keys)}
    if len(fields["index"]) != count:
        raise node.refuse("it has a node twice")
    return fields


def _order(node: Node, fields: Mapping[str, Any]) -> tuple[list[tuple[int, int]], list[int]]:
    """The nodes, tree by tree and parents before their children, and where each tree begins."""
    first: dict[int, int] = {}
    for tree, number in fields["index"]:
        first.setdefault(tree, number)
    order: list[tuple[int, int]] = []
    roots = []
    for tree, root in first.items():
        roots.append(len(order))
        waiting = [root]
        while waiting:
            key = (tree, waiting.pop())
            index = fields["index"][key]
            order.append(key)
            if len(order) > len(fields["modes"]):
                raise node.refuse("one of its trees goes round in a circle")
            if fields["modes"][index] != "LEAF":
                waiting += [int(fields["falsenodeids"][index]), int(fields["truenodeids"][index])]
    if len(set(order)) != len(fields["modes"]):
        raise node.refuse("one of its trees has a node that no other leads to, or that several do")
    return order, roots


def _thresholds(values: npt.NDArray[np.float64], modes: list[str], table: Table) -> npt.NDArray[np.float64]:
    """`x < t` is `x <= t'`, where t' is the next number below t of the precision that is compared."""
    single = table.type != "float64"
    below = np.nextafter(values.astype(np.float32), np.float32(-np.inf)) if single else np.nextafter(values, -np.inf)
    return np.where(np.array(modes) == "BRANCH_LT", below.astype(np.float64), values)


def _weights(node: Node, place: Mapping[tuple[int, int], int], count: int) -> npt.NDArray[np.float64]:
    """What each leaf gives: float64[nodes, 1] if all of it is for one class, else float64[nodes, 2]."""
    values = node.floats("class_weights")
    ids, trees, nodes = (
        np.asarray(node.attributes[f"class_{name}"]).tolist() for name in ("ids", "treeids", "nodeids")
    )
    if values is None or not len(values) == len(ids) == len(trees) == len(nodes) or not set(ids) <= {0, 1}:
        raise node.refuse("its leaves' weights aren't those of two classes")
    single = len(set(ids)) == 1
    weights = np.zeros((count, 1 if single else 2))
    for class_id, tree, leaf, value in zip(ids, trees, nodes, values.tolist(), strict=True):
        weights[place[tree, leaf], 0 if single else class_id] += value
    return weights
