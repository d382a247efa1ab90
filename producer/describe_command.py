"""What `driftduel describe` does: drafts a contract, writes it, and shows what was decided and what to do next."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from pathlib import Path

import click
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from .dataset import parse_dataset
from .describe import Decision, Draft, describe
from .draft import draft_toml
from .errors import DriftduelError, UsageError
from .output import whole
from .progress import progress


@dataclass(frozen=True, slots=True)
class Order:
    """The arguments of `describe`, as given."""

    files: tuple[Path, ...]
    out: Path
    label: str | None
    name: str | None
    force: bool


def run(order: Order, *, as_json: bool) -> None:
    """Draft the contract, write it, and print what was decided.

    Raises:
        UsageError: `out` is there already.
        DriftduelError: as `describe`; or `out` can't be written.
    """
    if order.out.exists() and not order.force:
        raise UsageError(f"{order.out} is there already; choose another name, or replace it with --force")
    with progress("Reading lines, twice", None) as advance:
        draft = describe(order.files, label=order.label, name=order.name, advance=advance)
    text = draft_toml(draft)
    assert parse_dataset(text, str(order.out)) == draft.dataset
    _write(order.out, text)
    if as_json:
        click.echo(json.dumps(_summary(order, draft), indent=2))
    else:
        _print(order, draft)


def _write(out: Path, text: str) -> None:
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with whole(out) as part:
            part.write_text(text, "utf-8")
    except OSError as error:
        raise DriftduelError(f"{out} can't be written ({error.strerror or error}); choose another place") from None


def _summary(order: Order, draft: Draft) -> dict[str, object]:
    return {
        "contract": str(order.out),
        "rows": draft.rows,
        "class_counts": {"0": draft.class_counts[0], "1": draft.class_counts[1]},
        "dead": draft.dead,
        "label": {"column": draft.label.name, "found": draft.label.why, "sure": draft.label.sure},
        "kind": draft.dataset.label.kind,
        "columns": [_column(each) for each in draft.decisions],
    }


def _column(decision: Decision) -> dict[str, object]:
    column = decision.column
    told = {"name": column.name, "type": column.type, "feature": _is_feature(decision), "note": column.note}
    return {**told, "facts": decision.facts, "checks": decision.checks}


def _is_feature(decision: Decision) -> bool:
    return decision.column.feature and decision.column.type != "label"


def _print(order: Order, draft: Draft) -> None:
    _print_table(draft)
    words = draft.dataset.label
    click.echo(
        f"Label: {draft.label.name}, found {draft.label.why}. Class 1 is {', '.join(words.positive)} "
        f"({draft.class_counts[1]:,} of {draft.rows:,} rows), class 0 is {', '.join(words.negative)}."
    )
    if draft.dead:
        click.echo(f"{draft.dead:,} rows are no records; the first: {draft.first_dead}")
    checks = sum(len(each.checks) for each in draft.decisions) + bool(draft.dead)
    marked = f" (look for the {checks} lines with CHECK)" if checks > 1 else " (look for CHECK)" if checks else ""
    click.echo(f"Draft: {order.out}. Read and correct it{marked}, then:")
    files = shlex.join(map(str, order.files))
    click.echo(f"  driftduel train {files} --dataset {shlex.quote(str(order.out))} --out MODEL")


def _print_table(draft: Draft) -> None:
    table = Table(title=f"The columns of {', '.join(draft.files)}", box=box.SIMPLE, title_justify="left")
    for name in ("column", "type", "feature", "why not, or what was found"):
        table.add_column(name, overflow="fold")
    for each in draft.decisions:
        why = each.column.note or "; ".join(each.facts)
        feature = "" if each.column.type == "label" else "yes" if each.column.feature else "no"
        table.add_row(*(escape(text) for text in (each.column.name, each.column.type, feature, why)))
    Console().print(table)
