"""The page of the evidence: from what the modules returned to Markdown. No number in it is typed by hand."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from evidence_claims import CLAIMS, Claim
from evidence_tables import Table

DOCS = Path(__file__).parents[2] / "docs"
HEAD = """# Evidence

Written by `make evidence`, which runs the long forms (hours on two cores; `python tests/evidence NAME` runs one of them
anew). Every number comes from `docs/evidence.json`, which the same command writes. CI runs a seeded short form of each.
"""


def page(results: Mapping[str, Any]) -> str:
    """The whole page; what hasn't been run is said loudly."""
    return "\n".join([HEAD, *(part for claim in CLAIMS for part in section(claim, results.get(claim.module)))])


def section(claim: Claim, result: Any) -> Iterable[str]:
    """A claim: its title, what was asked, the command, a table or several, and a sentence."""
    yield f"## {claim.number}. {claim.title}\n"
    yield f"Asked: {claim.asked}\n"
    yield f"Command: `python tests/evidence {claim.module}`\n"
    if result is None:
        yield f"**NOT RUN YET**: the module `{claim.module}` has no result in `docs/evidence.json`.\n"
        return
    for table in claim.tables(result):
        yield markdown(table)
    yield f"{claim.sentence(result)}\n"


def markdown(table: Table) -> str:
    """A table as Markdown, with its title above it if it has one.

    >>> print(markdown(Table(("a", "b"), [(1, 0.25), (None, True)])))
    | a | b |
    | --- | --- |
    | 1 | 0.25 |
    |  | yes |
    <BLANKLINE>
    """
    lines = [f"{table.title}\n"] if table.title else []
    lines += [_line(table.columns), _line(["---"] * len(table.columns)), *(_line(map(cell, row)) for row in table.rows)]
    return "\n".join([*lines, ""])


def cell(value: object) -> str:
    """A value as it stands in a table: four digits that count, thousands apart, nothing for None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.2g}" if 0 < abs(value) < 0.001 else f"{value:.4g}"
    return str(value)


def _line(cells: Iterable[object] | Sequence[object]) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


def stored() -> dict[str, Any]:
    """What the modules returned, by their names."""
    path = DOCS / "evidence.json"
    return dict(json.loads(path.read_text("utf-8"))) if path.exists() else {}


def store(name: str, result: dict[str, Any]) -> None:
    """Keep one module's result beside the others."""
    text = json.dumps({**stored(), name: result}, indent=1, ensure_ascii=False, allow_nan=False)
    (DOCS / "evidence.json").write_text(text + "\n", encoding="utf-8")
