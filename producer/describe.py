"""A first draft of a contract, from a file that nobody has described yet.

The file is read twice in constant memory: once for what its cells look like, which gives types, cleaning and the
label, and once as records of that contract, for how its columns stand to the label.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from .columns import Clean, Column, Label
from .dataset import Dataset
from .errors import ContractError
from .labelling import Found, find_label
from .lines import shorten
from .looks import Look, Looks, look_at
from .reasons import SUSPECTED, may_be_kind, why_no_feature
from .traits import Trait, Traits, study

LITTLE = 0.05
"""Up to this share of other words, a column of numbers stays one."""
VARIED = 10
"""So many different numbers, or more, make a column one of numbers that holds a little text; fewer are codes."""
UNITS = {"k": 1024.0, "K": 1024.0, "M": 1024.0**2, "G": 1024.0**3, "T": 1024.0**4, "P": 1024.0**5}


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided about a column.

    Attributes:
        column: as it stands in the draft; its note says why it is no feature.
        facts: what was counted, in words.
        checks: what only the user can know.
    """

    column: Column
    facts: tuple[str, ...]
    checks: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """A contract to be corrected, with what it was made from.

    Attributes:
        dataset: the contract.
        decisions: one for each of its columns.
        label: how the label was found.
        class_counts: the records of class 0 and 1.
        dead: lines that are no records of the contract.
        first_dead: file, line and reason of the first of them, or "".
        files: the files' names, without their folders.
    """

    dataset: Dataset
    decisions: tuple[Decision, ...]
    label: Found
    class_counts: tuple[int, int]
    dead: int
    first_dead: str
    files: tuple[str, ...]

    @property
    def rows(self) -> int:
        """How many records there are."""
        return sum(self.class_counts)


def describe(
    paths: Sequence[Path],
    *,
    label: str | None = None,
    name: str | None = None,
    advance: Callable[[int], None] = lambda n: None,
) -> Draft:
    """Draft the contract of some files with the same columns.

    Args:
        paths: as `producer.files.read_blocks` takes them.
        label: the label's column; found by names and words if left out.
        name: the contract's name; the first file's without its endings if left out.
        advance: told how many more lines were read; every line is read twice.

    Raises:
        UsageError: a file can't be read, or has no column of the label's name.
        ContractError: a file is no table, has no label, or no column is left as a feature.
    """
    looks = look_at(paths, advance=advance)
    found = find_label(looks.columns, label, where=str(paths[0]))
    columns = tuple(_typed(look, found) for look in looks.columns)
    plain = Dataset(name=name or stem(paths[0]), label=found.label, columns=columns)
    traits = study(paths, plain, advance=advance)
    kind = _kind(looks, traits)
    decisions = tuple(
        _decide(look, column, traits, found, kind) for look, column in zip(looks.columns, columns, strict=True)
    )
    decisions = _with_features(decisions, paths[0])
    words = Label(positive=found.label.positive, negative=found.label.negative, kind=kind)
    dataset = Dataset(name=plain.name, label=words, columns=tuple(each.column for each in decisions))
    files = tuple(path.name for path in paths)
    return Draft(dataset, decisions, found, traits.class_counts, traits.dead, traits.first_dead, files)


def stem(path: Path) -> str:
    """A file's name without the endings that tell its form."""
    name = path.name
    for ending in (".gz", ".csv", ".tsv", ".txt", ".parquet"):
        name = name.removesuffix(ending)
    return name or path.name


def _typed(look: Look, found: Found) -> Column:
    if look.name == found.name:
        return Column(name=look.name, type="label")
    kind = _type(look)
    return Column(name=look.name, type=kind, clean=_clean(look, kind))


def _type(look: Look) -> Literal["int", "float", "string"]:
    known = look.numbers + look.words
    varied = look.values is None or len(look.values) >= VARIED
    if not look.numbers or (look.words and (look.words > LITTLE * known or not varied)):
        return "string"
    return "float" if look.kinds["float"] or look.kinds["unit"] else "int"


def _clean(look: Look, kind: str) -> Clean:
    if kind == "string":
        # Among words, "nan" and "none" may be words; signs and nothing at all aren't.
        return Clean(missing=tuple(sorted(word for word in look.missing if word in ("", "-", "--", "?"))))
    units = {unit: UNITS[unit[0]] for unit in sorted(look.units)}
    text: Literal["refuse", "missing"] = "missing" if look.words else "refuse"
    return Clean(missing=tuple(sorted(look.missing)), units=units, blanks=look.blanks > 0, text=text)


def _kind(looks: Looks, traits: Traits) -> str | None:
    """The column that says which kind of attack a record is: the one of most words, should there be several."""
    fitting = [
        (traits.columns[look.name].sample.distinct, look.name)
        for look in looks.columns
        if look.name in traits.columns and may_be_kind(look, traits.columns[look.name], traits.class_counts[0])
    ]
    return max(fitting)[1] if fitting else None


def _decide(look: Look, column: Column, traits: Traits, found: Found, kind: str | None) -> Decision:
    if column.type == "label":
        positive, negative = (", ".join(words) for words in (found.label.positive, found.label.negative))
        note = f"class 1 is {shorten(positive)[1:-1]}, class 0 is {shorten(negative)[1:-1]}"
        told = column.model_copy(update={"note": note})
        return Decision(told, (f"the label, found {found.why}",), _label_checks(look, found))
    trait = traits.columns[look.name]
    note = why_no_feature(look, trait, rows=traits.class_counts, kind=kind)
    decided = column.model_copy(update={"feature": not note, "note": note})
    return Decision(decided, _facts(look, trait), _checks(look, column))


def _label_checks(look: Look, found: Found) -> tuple[str, ...]:
    unsure = () if found.sure else ("the words don't say which of them means an attack: the rarer one was taken",)
    words = {*found.label.positive, *found.label.negative}
    missing = sum(times for word, times in look.missing.items() if word not in words)
    return (*unsure, *([f"{missing:,} rows have no label, and are no records"] if missing else []))


def _facts(look: Look, trait: Trait) -> tuple[str, ...]:
    about = "about " if trait.sample.level else ""
    distinct = f"{about}{trait.sample.distinct:,} different {'numbers' if trait.numeric else 'words'}"
    if trait.numeric and trait.sample.counts:
        distinct += f", {min(trait.low):.6g} to {max(trait.high):.6g}"
    elif look.examples:
        distinct += f", for example {', '.join(map(repr, (word[:30] for word in list(look.examples)[:3])))}"
    return (distinct, *([f"{trait.nulls:,} missing"] if trait.nulls else []))


def _checks(look: Look, column: Column) -> tuple[str, ...]:
    clean = column.clean
    checks = []
    if clean.units:
        checks.append(f"{sum(look.units.values()):,} numbers have a unit: K = 1024 was taken; is it 1000?")
    if clean.text == "missing":
        words = ", ".join(map(repr, (word[:30] for word in look.examples)))
        checks.append(f"{look.words:,} cells hold text ({words}), taken for missing")
    if column.type == "string" and look.numbers and look.words:
        checks.append(f"{look.numbers:,} cells are numbers, {look.words:,} are not: words, or dirty numbers?")
    if column.type == "string" and set(look.missing) - set(clean.missing):
        words = ", ".join(map(repr, sorted(set(look.missing) - set(clean.missing))))
        checks.append(f"it holds {words}: words, or missing? Then name them in clean.missing")
    return tuple(checks)


def _with_features(decisions: tuple[Decision, ...], path: Path) -> tuple[Decision, ...]:
    """The decisions; where they leave no feature, the suspected columns are features, marked to be checked."""
    if any(each.column.feature and each.column.type != "label" for each in decisions):
        return decisions
    if any(each.column.note.startswith(SUSPECTED) for each in decisions):
        return tuple(_acquit(each) for each in decisions)
    told = "; ".join(f"{each.column.name}: {each.column.note}" for each in decisions if each.column.type != "label")
    raise ContractError(f"no column of {path} is left to learn from. {told}")


def _acquit(decision: Decision) -> Decision:
    column = decision.column
    if not column.note.startswith(SUSPECTED):
        return decision
    checks = (*decision.checks, f"{column.note}; it stayed one, as nothing else is left")
    return replace(decision, column=column.model_copy(update={"feature": True, "note": ""}), checks=checks)
