"""A model's card: what it is, what it was made of, how good it is and where it ends (Mitchell et al., FAT* 2019)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from producer.dataset import Dataset

SHOWN = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "mcc": "MCC",
    "roc_auc": "ROC-AUC",
    "pr_auc": "PR-AUC",
    "pr_baseline": "PR-AUC of a guess",
    "recall_at_1pct_fpr": "recall at 1 % false positives",
    "brier": "Brier score",
    "ece": "calibration error",
    "log_loss": "log loss",
    "precision_at_prevalence": "precision at the prevalence",
    "expected_cost": "expected cost per record",
}
"""The metrics in words, in the order of reports."""

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~])")

LIMITS = """\
- The figures are those of the held-out rows above: another network, month or attack tool may give others. \
That is what `driftduel evaluate` is for.
- A score is the share of votes or a fitted curve, not a promise; see the calibration before using it as a probability.
- The model isn't meant to decide alone about people or to block traffic without anybody looking."""

USE = """\
```console
$ driftduel predict FILE --model MODEL --out predictions.csv
$ driftduel evaluate --model MODEL --file STREAM --run RUN
```

```python
from pyspark.ml import PipelineModel
PipelineModel.load("MODEL/spark").transform(frame)  # plain Spark, without this project
```"""


def model_card(facts: Mapping[str, Any], dataset: Dataset) -> str:
    """The card as Markdown; whatever comes from data is escaped.

    Args:
        facts: what `description.describe` gives, and `digest`, `parity`, `sources`, `with_without`, `encodings`,
            `kinds_detected`; what isn't there is left out of the card.
        dataset: the contract.
    """
    training, settings = facts["training"], facts["settings"]
    parts = [
        f"# {escape(dataset.name)}: {_words(facts['algorithm'])}",
        f"A binary classifier of records of the contract *{escape(dataset.name)}*: is a record an attack "
        f"({_listed(dataset.label.positive)}) or not ({_listed(dataset.label.negative)})? Digest `{facts['digest']}`.",
        "## Data",
        _data(training, settings, facts.get("sources") or {}),
        "## Features",
        _features(dataset, facts),
        "## How it was chosen",
        f"Kept: {_words(facts['algorithm'])}. Why: {facts['selection']['reason']}. Rule: {facts['selection']['rule']}.",
        _spreads(facts["selection"]["mcc"]),
        f"Threshold: {facts['threshold_rule']}.",
        "## How good it is",
        facts["which_metric"],
        _comparison(facts),
        *_optional("With and without a column", facts.get("with_without")),
        *_optional("What each encoding of words is worth", facts.get("encodings")),
        *_optional("Kinds of attack", facts.get("kinds_detected")),
        "## Limits",
        LIMITS,
        "## How to use it",
        USE,
        "## Made with",
        table(("what", "version"), facts["versions"].items()),
        facts["parity"],
    ]
    return "\n\n".join(parts) + "\n"


def escape(text: object) -> str:
    r"""Text from data as Markdown that means only itself, on one line.

    >>> print(escape("<b>|_x_"))
    \<b\>\|\_x\_
    """
    return _SPECIAL.sub(r"\\\1", " ".join(str(text).split()))


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A Markdown table; numbers with four digits, None as nothing."""
    lines = [columns, ["---"] * len(columns), *([_cell(value) for value in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else escape(value)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _listed(words: Sequence[str]) -> str:
    return ", ".join(f"*{escape(word)}*" for word in words)


def _data(training: Mapping[str, Any], settings: Mapping[str, Any], sources: Mapping[str, Any]) -> str:
    files = [
        (role, file["file"], f"{file['sha256'][:16]}...", part["dead"])
        for role, part in sources.items()
        for file in part["files"]
    ]
    counts = [
        (name, *(training[key][label] for label in "01"))
        for name, key in (
            ("all", "class_counts"),
            ("training part", "training_class_counts"),
            ("after balancing", "fitted_class_counts"),
            ("held out", "held_out_class_counts"),
        )
        if key in training
    ]
    refitted = (
        "The kept algorithm was fitted again on all rows, so the figures below are those of a model that had fewer."
        if training["refitted"]
        else "The held-out rows were never fitted on."
    )
    return "\n\n".join(
        [
            table(("part", "file", "SHA-256", "rows left out"), files),
            table(("rows", "class 0", "class 1"), counts),
            _doubles(training, settings),
            f"{refitted} Balance: {settings['balance']}. Digest of the rows: `{training['rows_digest']}`.",
        ]
    )


def _doubles(training: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    return (
        f"{training['duplicates_across_split']:,} of {training['held_out_looked_at']:,} held-out rows looked at have "
        f"an exact duplicate (in all columns) in the training part; {training['held_out_deciding']:,} rows decide "
        f"(duplicates: {settings['duplicates']})."
    )


def _features(dataset: Dataset, facts: Mapping[str, Any]) -> str:
    top = {row["column"]: row["share"] for row in facts.get("top_features") or ()}
    used = [(c.name, c.type, c.note, top.get(c.name)) for c in dataset.features]
    used.sort(key=lambda row: -(row[3] or 0.0))
    names = {c.name for c in dataset.features} | {dataset.label_name}
    left_out = [(c.name, c.note) for c in dataset.columns if c.name not in names]
    parts = [table(("feature", "type", "what", "importance"), used)]
    if left_out:
        parts += ["Left out:", table(("column", "why"), left_out)]
    return "\n\n".join(parts)


def _spreads(spreads: Mapping[str, Mapping[str, Any]]) -> str:
    rows = [(_words(name), s["mean"], s["low"], s["high"]) for name, s in spreads.items()]
    return table(("algorithm", "mean MCC", "95 % from", "to"), rows)


def _comparison(facts: Mapping[str, Any]) -> str:
    found, whole = facts["comparison"], facts["comparison_with_duplicates"]
    kept = facts["algorithm"]
    names = [f"{_words(name)}{' (kept)' if name == kept else ''}" for name in found]
    rows = [
        (words, *(values[metric] for values in found.values()), whole[kept][metric])
        for metric, words in SHOWN.items()
        if metric in found[kept]
    ]
    return table(("metric", *names, "kept, with duplicates"), rows)


def _optional(title: str, rows: Sequence[Mapping[str, Any]] | None) -> list[str]:
    return [f"### {title}", table(list(rows[0]), (list(row.values()) for row in rows))] if rows else []
