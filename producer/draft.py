"""A drafted contract as TOML, with comments that say what was decided, why, and what to check."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import tomli_w

from .columns import Column
from .describe import Decision, Draft
from .lines import shorten


def draft_toml(draft: Draft) -> str:
    """The text of the contract file. `parse_dataset` makes `draft.dataset` of it again."""
    return "\n".join([*_head(draft), *_label(draft), *(line for each in draft.decisions for line in _column(each))])


def _head(draft: Draft) -> Iterator[str]:
    yield _comment(f"A draft, made by `driftduel describe` from {', '.join(map(shorten, draft.files))}.")
    yield _comment(f"It reads {draft.rows:,} rows as records, {draft.class_counts[1]:,} of them of class 1.")
    if draft.dead:
        yield _comment(f"CHECK: {draft.dead:,} rows are no records; the first: {draft.first_dead}")
    yield _comment("Correct what it can't know: which words mean class 1, what is known before a prediction, what")
    yield _comment("a column means (`note`). `feature = false` keeps a column out of the models.")
    yield f"format = {_value(draft.dataset.format)}"
    yield f"name = {_value(draft.dataset.name)}"
    yield f"wire = {_value(draft.dataset.wire)}  # how records travel over Kafka: csv, json-csv or json"
    yield ""


def _label(draft: Draft) -> Iterator[str]:
    yield "[label]"
    yield f"positive = {_value(draft.dataset.label.positive)}"
    yield f"negative = {_value(draft.dataset.label.negative)}"
    if draft.dataset.label.kind is not None:
        yield f"kind = {_value(draft.dataset.label.kind)}  # the column that says which kind of attack it was"
    yield ""


def _column(decision: Decision) -> Iterator[str]:
    column = decision.column
    yield _comment("; ".join(decision.facts))
    yield from (_comment(f"CHECK: {check}") for check in decision.checks)
    yield "[[columns]]"
    yield f"name = {_value(column.name)}"
    yield f"type = {_value(column.type)}"
    if not column.feature:
        yield "feature = false"
    if column.note:
        yield f"note = {_value(column.note)}"
    if column.clean.needed:
        yield f"clean = {_value(_clean(column))}"
    yield ""


def _clean(column: Column) -> dict[str, object]:
    """What differs from no cleaning at all."""
    return column.clean.model_dump(exclude_defaults=True)


def _value(value: object) -> str:
    """A value on one line, as TOML."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {_value(each)}" for key, each in value.items()) + " }"
    if isinstance(value, tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return tomli_w.dumps({"v": value}).removeprefix("v = ").rstrip("\n")


def _key(key: str) -> str:
    return tomli_w.dumps({key: 0}).removesuffix(" = 0\n")


def _comment(text: str) -> str:
    """A comment, whatever the file's words hold: what isn't printable is escaped."""
    plain = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
    return f"# {plain}"
