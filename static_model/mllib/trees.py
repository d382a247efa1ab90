"""Spark's saved trees, from the tables in which it saves them to plain arrays."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from static_model.estimators import Boosted, Forest
from static_model.steps import Step

from .splits import Listed, Splits, translate
from .stage import Stage

Steps = tuple[Step, ...]


def read_forest(stage: Stage, steps: Steps) -> tuple[Steps, Forest]:
    """A random forest, or a single tree as a forest of one; its votes are the training rows of each class."""
    nodes, splits, roots = _trees(stage, steps)
    votes = _votes(stage, nodes["impurityStats"])
    forest = Forest(
        feature=splits.feature,
        threshold=splits.threshold,
        left=splits.left,
        right=splits.right,
        votes=np.where(splits.feature[:, None] >= 0, 0.0, votes),
        roots=roots,
        compares="float64",
        parameters=_parameters(stage, roots),
    )
    return splits.steps, forest


def read_boosted(stage: Stage, steps: Steps) -> tuple[Steps, Boosted]:
    """Gradient-boosted trees of a classifier."""
    return _added(stage, steps, output="probability")


def read_boosted_regressor(stage: Stage, steps: Steps) -> tuple[Steps, Boosted]:
    """Gradient-boosted trees fitted on labels 0 and 1 as numbers."""
    return _added(stage, steps, output="sum")


def read_forest_regressor(stage: Stage, steps: Steps) -> tuple[Steps, Boosted]:
    """A forest of regression trees, or a single one, fitted on labels 0 and 1 as numbers."""
    return _added(stage, steps, output="mean")


def _added(stage: Stage, steps: Steps, *, output: Literal["probability", "sum", "mean"]) -> tuple[Steps, Boosted]:
    nodes, splits, roots = _trees(stage, steps)
    parameters = _parameters(stage, roots)
    if output != "mean":
        parameters["step_size"] = float(stage.parameter("stepSize"))
    boosted = Boosted(
        feature=splits.feature,
        threshold=splits.threshold,
        left=splits.left,
        right=splits.right,
        values=np.where(splits.feature >= 0, 0.0, nodes["prediction"].to_numpy()),
        weights=np.ones(len(roots)) if output == "mean" else _weights(stage),
        roots=roots,
        compares="float64",
        parameters=parameters,
        output=output,
    )
    return splits.steps, boosted


def _weights(stage: Stage) -> npt.NDArray[np.float64]:
    """The trees' weights, which stand in a table beside the nodes, in the third column."""
    table = stage.table("treesMetadata")
    weights: npt.NDArray[np.float64] = table.column(2).to_numpy().astype(np.float64)
    return weights[np.argsort(table.column(0).to_numpy())]


def _parameters(stage: Stage, roots: npt.NDArray[np.int32]) -> dict[str, int | float | str]:
    return {
        "trees": len(roots),
        "max_depth": int(stage.parameter("maxDepth")),
        "min_instances": int(stage.parameter("minInstancesPerNode")),
    }


def _trees(stage: Stage, steps: Steps) -> tuple[dict[str, pa.Array], Splits, npt.NDArray[np.int32]]:
    """The nodes' fields, what they compare, and where each tree begins; tree by tree."""
    trees, nodes = _nodes(stage.table())
    split = dict(zip(_names(nodes["split"]), nodes["split"].flatten(), strict=True))
    roots = np.flatnonzero(np.append(True, np.diff(trees) != 0))
    start = roots[np.cumsum(np.append(0, np.diff(trees) != 0))]
    inner = nodes["leftChild"].to_numpy() >= 0
    left, right = (
        np.where(inner, nodes[name].to_numpy() + start, -1).astype(np.int32) for name in ("leftChild", "rightChild")
    )
    feature = np.where(inner, split["featureIndex"].to_numpy(), -1).astype(np.int32)
    lists = split["leftCategoriesOrThreshold"]
    listed = Listed(
        values=lists.flatten().to_numpy(),
        lengths=pc.list_value_length(lists).to_numpy(),
        sizes=split["numCategories"].to_numpy(),
    )
    splits = translate(stage, steps, feature=feature, listed=listed, left=left, right=right)
    return nodes, splits, roots.astype(np.int32)


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


def _votes(stage: Stage, stats: pa.ListArray) -> npt.NDArray[np.float64]:
    if (pc.list_value_length(stats).to_numpy() != 2).any():
        raise stage.refuse("it has more than two classes")
    votes: npt.NDArray[np.float64] = stats.flatten().to_numpy().reshape(-1, 2)
    return votes
