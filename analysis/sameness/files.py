"""The files of two runs: their models, and what was exported from their ledgers."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from online.identity import differences

from .difference import Difference

EXPORTS = ("windows.csv", "events.jsonl", "dead_letters.jsonl")
PLACES = ("partition", "offset", "topic", "file")
"""Where a dead letter came from; that may change while the record stays the same."""

Row = Mapping[str, Any]


def model_differences(
    then: Path, now: Path, models: Mapping[str, tuple[int, str | None]], *, whole: bool
) -> Iterator[Difference]:
    """Models whose files differ.

    Args:
        then: the run.
        now: the repeat.
        models: for each, the first window that speaks of it, and the arm.
        whole: False for a run that was interrupted, whose recipes may be older than its last window.
    """
    for model, (window, arm) in models.items():
        was, is_now = (_content(run / "models" / model) for run in (then, now))
        for name in sorted({*was, *is_now}):
            if was.get(name) == is_now.get(name) or (name == "recipe.json" and not whole):
                continue
            states = ["there" if name in files else "missing" for files in (was, is_now)]
            both = states == ["there", "there"]
            said = (f"{model}/{name}", "") if both else (f"{model}/{name} {states[0]}", states[1])
            yield Difference(what="models", window=window, arm=arm, unit="model", was=said[0], now=said[1])
            break


def _content(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def export_differences(then: Path, now: Path, *, whole: bool) -> Iterator[Difference]:
    """Exports that differ; of an unfinished run, only rows that the repeat doesn't have.

    An interrupted run's exports may be older than its ledger: then they lack rows, but none may be another.
    """
    for name in EXPORTS:
        file = then / name
        if file.is_file():
            yield from _rows_apart(name, _rows(file), _rows(now / name), whole=whole)
        elif whole:
            yield Difference(what=name, unit="file", was="missing", now="there")


def _rows(file: Path) -> list[Row]:
    lines = file.read_text("utf-8", "replace").split("\n")
    if file.suffix == ".csv":
        names = lines[0].split(",")
        rows: list[Row] = [dict(zip(names, line.split(","), strict=False)) for line in lines if line]
        return [{**row, "width": line.count(",")} for row, line in zip(rows, filter(None, lines), strict=True)]
    return [_parsed(line) for line in lines if line]


def _parsed(line: str) -> Row:
    try:
        row = json.loads(line)
        return {key: value for key, value in row.items() if key not in PLACES}
    except (ValueError, AttributeError):
        return {"line": line}


def _rows_apart(name: str, then: list[Row], now: list[Row], *, whole: bool) -> Iterator[Difference]:
    was, is_now = Counter(map(_key, then)), Counter(map(_key, now))
    lost, added = was - is_now, is_now - was  # here: for each row anew they would take hours over a long run
    gone = [row for row in then if _key(row) in lost]
    new = [row for row in now if _key(row) in added]
    if gone or (new and whole):
        first = (gone or new)[0]
        other = next((row for row in (new if gone else []) if _same_place(row, first)), None)
        yield Difference(**_where(name, first), count=max(len(gone), len(new) * whole), **_values(first, other, gone))
    elif whole and then != now:
        yield Difference(what=name, unit="row", count=len(then), was="in another order")


def _key(row: Row) -> str:
    return json.dumps(row, sort_keys=True)


def _same_place(row: Row, other: Row) -> bool:
    return all(row.get(key) == other.get(key) for key in ("window", "arm", "seq", "event"))


def _where(name: str, row: Row) -> dict[str, Any]:
    window, arm = str(row.get("window", "")), row.get("arm")
    placed = window.isdecimal()  # a head is not
    return {
        "what": name,
        "window": int(window) if placed else None,
        "arm": arm if placed and isinstance(arm, str) else None,
        "unit": "row",
    }


def _values(row: Row, other: Row | None, gone: list[Row]) -> dict[str, Any]:
    if other is None:
        return {"was": "a row of its own", "now": "none"} if gone else {"was": "no row", "now": "one"}
    place, was, now = next(iter(differences(row, other)))
    return {"was": f"{place} {was}", "now": now}
