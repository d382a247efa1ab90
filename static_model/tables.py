"""What stands beside a model, outside its digest: tables of its assessment, its input files, and the card."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .assessment import Assessed
from .assessment_tables import write_assessment, write_table
from .card import model_card
from .kinds import detection_by_kind, kind_report
from .training.settings import MARGINS

if TYPE_CHECKING:
    from .training.trained import Trained
    from .training.variants import Kinds

FOLDER = "assessment"
Row = Mapping[str, Any]


def write_tables(model: Path, trained: Trained, facts: Mapping[str, Any], sources: Mapping[str, Any]) -> Path:
    """Write `assessment/` and `MODEL_CARD.md` into a model directory that is being made.

    Args:
        model: the directory.
        trained: what was trained.
        facts: the model's description, its digest, and what the parity check found.
        sources: the input files.

    Returns:
        The folder `assessment/`.

    Raises:
        OSError: it can't be written.
    """
    folder = model / FOLDER
    folder.mkdir()
    settings = trained.settings
    write_assessment(
        folder,
        assessed(trained),
        prevalence=settings.prevalence,
        cost_fp=settings.cost_fp,
        cost_fn=settings.cost_fn,
    )
    tables = tables_of(trained)
    for name, rows in tables.items():
        if rows:
            write_table(folder / f"{name}.csv", list(rows[0]), (list(row.values()) for row in rows))
    (folder / "sources.json").write_text(json.dumps(sources, indent=2, ensure_ascii=False) + "\n", "utf-8")
    card = model_card({**facts, **tables, "sources": sources}, trained.dataset)
    (model / "MODEL_CARD.md").write_text(card, "utf-8")
    return folder


def assessed(trained: Trained) -> dict[str, Assessed]:
    """What every algorithm says of the held-out rows that decide."""
    held = trained.held_out
    rows = held.decides
    return {
        name: Assessed(held.labels[rows], scores[rows], trained.thresholds[name][0], name not in MARGINS)
        for name, scores in held.scores.items()
    }


def tables_of(trained: Trained) -> dict[str, Sequence[Row]]:
    """The tables beside the metrics, each as rows of one shape; empty where there is nothing to say."""
    variants = trained.variants
    return {
        "cost": [asdict(cost) for cost in trained.costs],
        "top_features": [{"column": c, "share": share} for c, share in trained.top_features.items()],
        "with_without": variants.with_without,
        "encodings": variants.encodings,
        "kinds_detected": _detected(trained),
        "kinds": _confused(variants.kinds) if variants.kinds else [],
    }


def _detected(trained: Trained) -> list[Row]:
    """Which kinds the kept model finds among the held-out rows that decide."""
    held, (name, threshold) = trained.held_out, trained.kept
    if not held.kinds:
        return []
    rows = np.flatnonzero(held.decides).tolist()
    found = detection_by_kind(
        [held.kinds[row] for row in rows], held.scores[name][rows] > threshold, known=trained.known_kinds
    )
    return [asdict(detection) for detection in found]


def _confused(kinds: Kinds) -> list[Row]:
    """K x K counts with recall, precision and F1: a row for each actual kind, a column for each predicted one."""
    report = kind_report(kinds.actual, kinds.predicted, kinds.names)
    rows: list[Row] = [
        {
            "actual": name,
            **{f"as {other}": int(n) for other, n in zip(report.names, counts, strict=True)},
            "recall": recall,
            "precision": precision,
            "f1": f1,
        }
        for name, counts, recall, precision, f1 in zip(
            report.names, report.counts, report.recall, report.precision, report.f1, strict=True
        )
    ]
    mean = {**dict.fromkeys(rows[0]), "actual": f"macro-F1 of {kinds.algorithm}", "f1": report.macro_f1}
    return [*rows, mean]
