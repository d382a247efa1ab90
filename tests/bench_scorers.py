"""The candidates for walking a saved forest: how long 1,000 rows take, and whether the scores are the exact ones.

`make bench` runs it. The forest is that of `dns_exf_static` (with DRIFTDUEL_DATA, else of synthetic DNS queries),
50 trees of depth 10, once on the 12 columns of numbers and once with the two words as categories. Everything runs on
one thread. A candidate is exact if its score is this project's on every row, values exactly at thresholds among them;
that this one is Spark's, bit for bit, is what `train` checks and the tests of parity show.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from static_model.estimators import Forest

Floats = npt.NDArray[np.float64]
Score = Callable[[Floats], Floats]
ROUNDS = 30
DRIFTDUEL = Path(sys.executable).with_name("driftduel")


def main() -> None:
    """Train both forests and print one line for each candidate."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = os.environ.get("DRIFTDUEL_DATA")
        static = Path(data) / "dns_exf_static.csv.gz" if data else folder / "static.csv.gz"
        if not data:
            run("generate", "dns-exfil", "--records", 76_842, "--seed", 1, "--out", static)
        words = ("--feature", "sld", "--feature", "longest_word", "--encode", "index")
        for title, options in (("12 numbers", ()), ("12 numbers, 2 words as categories", words)):
            quick = ("--algorithm", "random_forest", "--folds", 0, "--repeats", 1, "--force")
            run("train", static, "--dataset", "dns-exfil", "--out", folder / "model", *quick, *options)
            compare(folder / "model", static, title)


def run(*arguments: object) -> None:
    """One console command, quietly."""
    subprocess.run([DRIFTDUEL, *map(str, arguments)], check=True, capture_output=True)


def compare(directory: Path, static: Path, title: str) -> None:
    """Time and check every candidate on the forest of one model."""
    from itertools import islice

    from producer.codec import decode
    from producer.files import read_lines
    from static_model.artifact import load_model
    from static_model.mllib import read_pipeline
    from static_model.scorer import Scorer, featurise

    reading = seconds(lambda: read_pipeline(directory / "spark"), rounds=3)
    model = load_model(directory)
    forest = model.estimator
    assert isinstance(forest, Forest)
    records = decode(list(islice(read_lines(static, model.dataset), 20_000)), model.dataset, wire="csv").records
    features = featurise(model.steps, records)
    rows, expected = at_thresholds(features, forest), None
    print(f"\nforest of {title}: {len(forest.roots)} trees, {len(forest.feature):,} nodes; read in {reading:.2f} s")
    featuring = seconds(lambda: featurise(model.steps, records.slice(0, 1000)))
    print(f"  features of 1,000 records: {1000 * featuring:.2f} ms")
    for name, make in CANDIDATES.items():
        score = make(forest)
        time_, found = seconds(lambda score=score: score(features[:1000])), score(rows)
        expected = found if expected is None else expected
        apart = np.abs(found - expected)
        said = "exact" if not apart.any() else f"{(apart > 1e-9).sum():,} of {len(rows):,} rows differ by over 1e-9"
        if apart.any() and not (apart > 1e-9).any():
            said = f"within {apart.max():.0e}"
        print(f"  {name}: {1000 * time_:.2f} ms for 1,000 records; {said}")
    assert Scorer(forest).score(rows).tolist() == expected.tolist()


def at_thresholds(features: Floats, forest: Forest) -> Floats:
    """The rows, and as many again in which one value stands exactly at a threshold of the forest, or a hair above."""
    random = np.random.default_rng(0)
    inner = np.flatnonzero(forest.feature >= 0)
    nodes = random.choice(inner, len(features))
    moved = features.copy()
    values = forest.threshold[nodes]
    moved[np.arange(len(moved)), forest.feature[nodes]] = np.where(
        random.random(len(nodes)) < 0.5, values, np.nextafter(values, np.inf)
    )
    return np.vstack([features, moved])


def seconds(work: Callable[[], object], *, rounds: int = ROUNDS) -> float:
    """The median time of a call, after one that isn't counted."""
    work()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def ours(forest: Forest) -> Score:
    """The project's scorer: ranks instead of values, scikit-learn's compiled walk, votes in float64."""
    from static_model.scorer import Scorer

    return Scorer(forest).score


def in_numpy(forest: Forest) -> Score:
    """All trees level by level in NumPy; the plainest exact way."""
    shares = forest.votes[:, 1] / np.maximum(forest.votes.sum(axis=1), 1e-300)
    inner = forest.feature >= 0

    def score(features: Floats) -> Floats:
        at = np.broadcast_to(forest.roots, (len(features), len(forest.roots))).copy()
        rows = np.arange(len(features))[:, None]
        while inner[at].any():
            goes_left = features[rows, forest.feature[at]] <= forest.threshold[at]
            at = np.where(inner[at], np.where(goes_left, forest.left[at], forest.right[at]), at)
        return shares[at].mean(axis=1)

    return score


def by_treelite(forest: Forest) -> Score:
    """Treelite's general tree inference library, with float64 thresholds."""
    import treelite
    from treelite.model_builder import Metadata, ModelBuilder, PostProcessorFunc, TreeAnnotation

    count = len(forest.roots)
    builder = ModelBuilder(
        threshold_type="float64",
        leaf_output_type="float64",
        metadata=Metadata(
            num_feature=int(forest.feature.max()) + 1,
            task_type="kBinaryClf",
            average_tree_output=True,
            num_target=1,
            num_class=[1],
            leaf_vector_shape=(1, 1),
        ),
        tree_annotation=TreeAnnotation(num_tree=count, target_id=[0] * count, class_id=[0] * count),
        postprocessor=PostProcessorFunc(name="identity"),
        base_scores=[0.0],
    )
    ends = np.append(forest.roots[1:], len(forest.feature))
    for start, end in zip(forest.roots.tolist(), ends.tolist(), strict=True):
        builder.start_tree()
        for node in range(start, end):
            builder.start_node(node - start)
            if forest.feature[node] < 0:
                builder.leaf(float(forest.votes[node, 1] / forest.votes[node].sum()))
            else:
                builder.numerical_test(
                    feature_id=int(forest.feature[node]),
                    threshold=float(forest.threshold[node]),
                    default_left=False,
                    opname="<=",
                    left_child_key=int(forest.left[node]) - start,
                    right_child_key=int(forest.right[node]) - start,
                )
            builder.end_node()
        builder.end_tree()
    model = builder.commit()
    width = int(forest.feature.max()) + 1
    return lambda features: treelite.gtil.predict(model, np.ascontiguousarray(features[:, :width]), nthread=1).ravel()


def by_onnx(double: bool) -> Callable[[Forest], Score]:
    """ONNX Runtime's TreeEnsemble of operator set 5, in float64 or in float32."""

    def make(forest: Forest) -> Score:
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        session = ort.InferenceSession(onnx_bytes(forest, double=double), options, providers=["CPUExecutionProvider"])
        width = int(forest.feature.max()) + 1

        def score(features: Floats) -> Floats:
            given = features[:, :width].astype(np.float64 if double else np.float32)
            return session.run(None, {"x": given})[0].ravel().astype(np.float64)

        return score

    return make


def onnx_bytes(forest: Forest, *, double: bool) -> bytes:
    """The forest as an ONNX graph: inner nodes and leaves are numbered apart there."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    kind = np.float64 if double else np.float32
    inner, leaf = np.flatnonzero(forest.feature >= 0), np.flatnonzero(forest.feature < 0)
    at = np.zeros(len(forest.feature), np.int64)
    at[inner], at[leaf] = np.arange(len(inner)), np.arange(len(leaf))
    shares = forest.votes[leaf, 1] / forest.votes[leaf].sum(axis=1) / len(forest.roots)
    is_leaf = forest.feature < 0

    def tensor(name: str, values: npt.NDArray[Any], dtype: Any) -> Any:
        return numpy_helper.from_array(values.astype(dtype), name)

    node = helper.make_node(
        "TreeEnsemble",
        ["x"],
        ["y"],
        domain="ai.onnx.ml",
        aggregate_function=1,
        n_targets=1,
        post_transform=0,
        tree_roots=at[forest.roots].tolist(),
        nodes_featureids=forest.feature[inner].tolist(),
        nodes_splits=tensor("splits", forest.threshold[inner], kind),
        nodes_modes=tensor("modes", np.zeros(len(inner)), np.uint8),
        nodes_truenodeids=at[forest.left[inner]].tolist(),
        nodes_falsenodeids=at[forest.right[inner]].tolist(),
        nodes_trueleafs=is_leaf[forest.left[inner]].astype(int).tolist(),
        nodes_falseleafs=is_leaf[forest.right[inner]].astype(int).tolist(),
        leaf_targetids=[0] * len(leaf),
        leaf_weights=tensor("weights", shares, kind),
    )
    which = TensorProto.DOUBLE if double else TensorProto.FLOAT
    ends = [helper.make_tensor_value_info(name, which, [None, None]) for name in ("x", "y")]
    graph = helper.make_graph([node], "forest", ends[:1], ends[1:])
    sets = [helper.make_opsetid("ai.onnx.ml", 5), helper.make_opsetid("", 21)]
    return onnx.ModelProto.SerializeToString(helper.make_model(graph, opset_imports=sets, ir_version=10))


CANDIDATES: Mapping[str, Callable[[Forest], Score]] = {
    "this project's (ranks, scikit-learn's compiled walk)": ours,
    "NumPy, level by level": in_numpy,
    "Treelite's GTIL": by_treelite,
    "ONNX Runtime in float64": by_onnx(double=True),
    "ONNX Runtime in float32": by_onnx(double=False),
}

if __name__ == "__main__":
    main()
