"""Spark's fitted classifiers, from the tables in which it saves them to plain arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from producer.errors import ModelError

from .estimators import Forest, Linear

Parameters = Callable[[str], Any]
Refuse = Callable[[str], ModelError]


def read_linear(table: pa.Table, parameter: Parameters, binary: Sequence[bool], refuse: Refuse) -> Linear:
    """A binomial logistic regression from its one row.

    Args:
        table: `numClasses, numFeatures, interceptVector, coefficientMatrix, isMultinomial`.
        parameter: the stage's parameters by name.
        binary: one entry for each feature of the pipeline (only their number matters here).
        refuse: makes the error that names the stage.
    """
    (row,) = table.to_pylist()
    if row["isMultinomial"] or row["numClasses"] != 2:
        raise refuse("it is multinomial; fit it with family='binomial' on two classes")
    if row["numFeatures"] != len(binary):
        raise refuse(f"it was fitted on {row['numFeatures']} features, its pipeline makes {len(binary)}")
    return Linear(
        coefficients=_one_row_matrix(row["coefficientMatrix"]),
        intercept=float(_vector(row["interceptVector"])[0]),
        parameters={"reg_param": float(parameter("regParam")), "max_iter": int(parameter("maxIter"))},
    )


def _vector(saved: dict[str, Any]) -> npt.NDArray[np.float64]:
    """A Spark vector: type 1 is dense, type 0 sparse (also a dense one that was mostly zeros)."""
    if saved["type"] == 1:
        return np.array(saved["values"], np.float64)
    vector = np.zeros(saved["size"])
    vector[saved["indices"]] = saved["values"]
    return vector


def _one_row_matrix(saved: dict[str, Any]) -> npt.NDArray[np.float64]:
    """A Spark matrix of one row: type 1 is dense; type 0 sparse by columns or, transposed, by rows."""
    if saved["numRows"] != 1:
        raise ValueError(f"{saved['numRows']} rows of coefficients, expected 1")
    if saved["type"] == 1:
        return np.array(saved["values"], np.float64)
    row = np.zeros(saved["numCols"])
    if saved["isTransposed"]:
        places = np.array(saved["rowIndices"], np.int64)
    else:
        places = np.repeat(np.arange(saved["numCols"]), np.diff(saved["colPtrs"]))
    row[places] = saved["values"]
    return row


def read_forest(table: pa.Table, parameter: Parameters, binary: Sequence[bool], refuse: Refuse) -> Forest:
    """A random forest, or a single tree as a forest of one; its votes are the training rows of each class.

    Args:
        table: one row for each node: `treeID, nodeData{...}`, or for a single tree the node's fields themselves.
        parameter: the stage's parameters by name.
        binary: for each feature whether it is always 0 or 1; only there a categorical split has an exact counterpart.
        refuse: makes the error that names the stage.
    """
    trees, nodes = _nodes(table)
    split = dict(zip(_names(nodes["split"]), nodes["split"].flatten(), strict=True))
    left, inner = nodes["leftChild"].to_numpy(), nodes["leftChild"].to_numpy() >= 0
    feature = np.where(inner, split["featureIndex"].to_numpy(), -1).astype(np.int32)
    if feature.max(initial=-1) >= len(binary):
        raise refuse(f"it uses feature {feature.max()}, its pipeline makes {len(binary)}")
    threshold, swapped = _thresholds(split, feature, np.array(binary, bool), refuse)
    roots = np.flatnonzero(np.append(True, np.diff(trees) != 0))
    start = roots[np.cumsum(np.append(0, np.diff(trees) != 0))]
    children = [np.where(inner, child + start, -1).astype(np.int32) for child in (left, nodes["rightChild"].to_numpy())]
    return Forest(
        feature=feature,
        threshold=threshold,
        left=np.where(swapped, children[1], children[0]),
        right=np.where(swapped, children[0], children[1]),
        votes=np.where(inner[:, None], 0.0, _votes(nodes["impurityStats"], refuse)),
        roots=roots.astype(np.int32),
        compares="float64",
        parameters={
            "trees": len(roots),
            "max_depth": int(parameter("maxDepth")),
            "min_instances": int(parameter("minInstancesPerNode")),
        },
    )


def _nodes(table: pa.Table) -> tuple[npt.NDArray[np.int64], dict[str, pa.Array]]:
    """The tree of each node and the nodes' fields, sorted by tree and node: part files come in any order."""
    if "nodeData" in table.column_names:
        data = table["nodeData"].combine_chunks()
        fields = dict(zip(_names(data), data.flatten(), strict=True))
        tree = table["treeID"].to_numpy().astype(np.int64)
    else:
        fields = {name: table[name].combine_chunks() for name in table.column_names}
        tree = np.zeros(table.num_rows, np.int64)
    identity = fields["id"].to_numpy()
    order = np.lexsort((identity, tree))
    return tree[order], {name: values.take(pa.array(order)) for name, values in fields.items()}


def _names(struct: pa.StructArray) -> list[str]:
    return [struct.type.field(index).name for index in range(struct.type.num_fields)]


def _thresholds(
    split: dict[str, pa.Array], feature: npt.NDArray[np.int32], binary: npt.NDArray[np.bool_], refuse: Refuse
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """The thresholds, and where left and right must be swapped.

    Spark sends a feature's listed categories left. Where the feature is 0 or 1, `{0}` is `x <= 0.5`, and `{1}` is
    the same with the children swapped.
    """
    inner = feature >= 0
    lists, sizes = split["leftCategoriesOrThreshold"], split["numCategories"].to_numpy()
    lengths = pc.list_value_length(lists).to_numpy()
    categorical = inner & (sizes >= 0)
    if (categorical & ~((sizes == 2) & binary[feature])).any() or (lengths[inner] != 1).any():
        raise refuse("it splits on categories; one-hot encode the words and use numbers as numbers")
    first = np.zeros(len(feature))
    first[inner] = lists.flatten().to_numpy()[(np.cumsum(lengths) - lengths)[inner]]
    return np.where(categorical, 0.5, first), categorical & (first == 1.0)


def _votes(stats: pa.ListArray, refuse: Refuse) -> npt.NDArray[np.float64]:
    if (pc.list_value_length(stats).to_numpy() != 2).any():
        raise refuse("it has more than two classes")
    votes: npt.NDArray[np.float64] = stats.flatten().to_numpy().reshape(-1, 2)
    return votes
