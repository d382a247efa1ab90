"""The record contract: which columns a record has, what they hold, and how it travels.

A contract is a TOML file. Presets ship with the package; `load_dataset` takes a preset's name or a path.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Literal, Self

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from .columns import Clean, Column, Label, Repair
from .errors import ContractError, UsageError
from .opening import read_small

__all__ = ["Clean", "Column", "Dataset", "Label", "Repair", "Wire", "load_dataset", "parse_dataset", "preset_names"]

Wire = Literal["csv", "json-csv", "json"]
"""How a record travels: a CSV line, a JSON string that holds a CSV line, or a JSON object."""

ARROW_TYPES = {"int": pa.int64(), "float": pa.float64(), "string": pa.string(), "label": pa.int8()}


class Dataset(BaseModel):
    """A record contract. Columns stand in the order in which they stand in the file and on the wire."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    name: str = Field(min_length=1)
    wire: Wire = "csv"
    label: Label
    columns: tuple[Column, ...] = Field(min_length=2)
    repairs: tuple[Repair, ...] = Field(default=(), exclude_if=lambda repairs: not repairs)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        doubled = [name for name, times in Counter(self.names).items() if times > 1]
        if doubled:
            raise ValueError(f"columns named twice: {', '.join(doubled)}")
        reserved = [name for name in self.names if name.startswith("#")]
        if reserved:
            raise ValueError(f"column names that begin with '#' are kept for the ledger: {', '.join(reserved)}")
        if [column.type for column in self.columns].count("label") != 1:
            raise ValueError("exactly one column must have type 'label'")
        if not self.features:
            raise ValueError("no column is a feature")
        problem = self._wrong_clean() or self._wrong_kind() or self._wrong_repair()
        if problem:
            raise ValueError(problem)
        both = set(self.label.positive) & set(self.label.negative)
        if both:
            raise ValueError(f"label values both positive and negative: {', '.join(sorted(both))}")
        return self

    def _wrong_clean(self) -> str:
        for column in self.columns:
            if column.type == "label" and column.clean.needed:
                return f"the label '{column.name}' can't be cleaned; list its words under positive and negative"
            numeric = column.clean.model_copy(update={"missing": ()}).needed
            if column.type == "string" and numeric:
                return f"'{column.name}' is a string: units, blanks and text are for numbers"
            if any(not suffix.strip() for suffix in column.clean.units):
                return f"'{column.name}' has an empty suffix among its units"
        return ""

    def _wrong_kind(self) -> str:
        kind = self.label.kind
        if kind is None:
            return ""
        found = [column for column in self.columns if column.name == kind]
        if not found or found[0].type != "string" or found[0].feature:
            return f"label.kind names '{kind}', which must be a column of type string with feature = false"
        return ""

    def _wrong_repair(self) -> str:
        numbers = {column.name for column in self.columns if column.type in ("int", "float")}
        for repair in self.repairs:
            for name in (repair.column, repair.plus_of):
                if name not in numbers:
                    return f"a repair names '{name}', which is no column of numbers"
        return ""

    @property
    def names(self) -> tuple[str, ...]:
        """The column names in wire order, the label included."""
        return tuple(column.name for column in self.columns)

    @property
    def label_name(self) -> str:
        """The name of the label column.

        Raises:
            ContractError: the contract is that of unlabelled records.
        """
        found = [column.name for column in self.columns if column.type == "label"]
        if not found:
            raise ContractError(f"the records of dataset '{self.name}' have no label here; labelled ones are needed")
        return found[0]

    @property
    def label_column(self) -> Column:
        """The label's column.

        Raises:
            ContractError: as `label_name`.
        """
        return self.columns[self.names.index(self.label_name)]

    @property
    def labelled(self) -> bool:
        """Whether its records have the label (see `unlabelled`)."""
        return any(column.type == "label" for column in self.columns)

    @property
    def kind_name(self) -> str | None:
        """The name of the column that says which kind of attack a record is; None without one."""
        return self.label.kind if self.label.kind in self.names else None

    def unlabelled(self) -> Dataset:
        """The contract of the same records before anybody knows their label: without it, and without the kind."""
        gone = {self.label.kind, *(column.name for column in self.columns if column.type == "label")}
        return self.model_copy(update={"columns": tuple(c for c in self.columns if c.name not in gone)})

    @property
    def features(self) -> tuple[Column, ...]:
        """The columns that a model may use, in wire order."""
        return tuple(column for column in self.columns if column.feature and column.type != "label")

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema of decoded records; the label is int8, 0 or 1. Only a nullable column has nulls."""
        return pa.schema([pa.field(c.name, ARROW_TYPES[c.type], nullable=c.nullable) for c in self.columns])

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of what a record is: names, types, label values, cleaning and repairs, in order.

        Which columns are features, the name and the wire format are no part of it: they change
        neither the records nor their meaning.
        """
        content: list[Any] = [[[c.name, c.type] for c in self.columns], self.label.positive, self.label.negative]
        cleans = {column.name: column.clean.model_dump() for column in self.columns if column.clean.needed}
        if cleans or self.repairs:  # else nothing is added: a contract's fingerprint outlives new features
            content.append([sorted(cleans.items()), [repair.model_dump() for repair in self.repairs]])
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()

    def with_features(self, names: Iterable[str]) -> Dataset:
        """The same contract with the named columns as features too.

        Raises:
            UsageError: a name is no column, or is the label.
        """
        asked = tuple(names)
        for name in asked:
            if name not in self.names:
                raise UsageError(f"no column '{name}' in dataset '{self.name}'; it has: {', '.join(self.names)}")
            if name == self.label_name:
                raise UsageError(f"'{name}' is the label of dataset '{self.name}'; it can't be a feature")
        columns = tuple(c.model_copy(update={"feature": c.feature or c.name in asked}) for c in self.columns)
        return self.model_copy(update={"columns": columns})

    def without_features(self, names: Iterable[str]) -> Dataset:
        """The same contract with the named columns kept out of the features.

        Raises:
            UsageError: a name is no feature, or no feature would be left.
        """
        gone, features = set(names), [column.name for column in self.features]
        for name in sorted(gone - set(features)):
            raise UsageError(f"'{name}' is no feature of dataset '{self.name}'; its features: {', '.join(features)}")
        if gone == set(features):
            raise UsageError(f"no feature of dataset '{self.name}' would be left; leave out fewer columns")
        columns = tuple(c.model_copy(update={"feature": c.feature and c.name not in gone}) for c in self.columns)
        return self.model_copy(update={"columns": columns})

    def check_header(self, names: Sequence[str], where: str) -> None:
        """Hold a file's header against the contract.

        Raises:
            ContractError: a column is missing, doubled, unknown or out of place; the message names it.
        """
        found = tuple(names)
        if found == self.names:
            return
        doubled = [name for name, times in Counter(found).items() if times > 1]
        missing = [name for name in self.names if name not in found]
        unknown = [name for name in found if name not in self.names]
        problems = [
            f"{what} {', '.join(repr(name) for name in which)}"
            for what, which in (("missing", missing), ("doubled", doubled), ("not in the contract", unknown))
            if which
        ] or ["the columns stand in another order"]
        raise ContractError(
            f"{where} doesn't fit dataset '{self.name}': {'; '.join(problems)}. "
            f"Expected the columns: {', '.join(self.names)}"
        )


def preset_names() -> tuple[str, ...]:
    """The names of the contracts that ship with the package."""
    folder = resources.files("producer") / "datasets"
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml")))


def load_dataset(name_or_path: str | Path) -> Dataset:
    """The contract of that preset name, or in that TOML file.

    Raises:
        UsageError: there is no such preset and no such file.
        ContractError: the file is no valid contract; the message says where and why.
    """
    name = str(name_or_path)
    if name in preset_names():
        return parse_dataset((resources.files("producer") / "datasets" / f"{name}.toml").read_text("utf-8"), name)
    try:
        return parse_dataset(read_small(Path(name)), name)
    except OSError as error:
        raise UsageError(
            f"no dataset '{name}': neither a preset ({', '.join(preset_names())}) nor a readable contract file "
            f"({error.strerror})"
        ) from None
    except UnicodeDecodeError:
        raise ContractError(f"the contract {name} is no UTF-8 text; a contract is a TOML file") from None


def parse_dataset(text: str, where: str) -> Dataset:
    """The contract in a TOML text; `where` names it in messages.

    Raises:
        ContractError: the text is no TOML, or no valid contract.
    """
    try:
        return Dataset.model_validate(tomllib.loads(text))
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in e['loc']) or 'contract'}: {e['msg'].removeprefix('Value error, ')}"
            for e in error.errors()
        )
        raise ContractError(f"the contract {where} isn't valid: {problems}") from None
    except (ValueError, RecursionError) as error:  # also of a number with thousands of digits, or too deep a nesting
        raise ContractError(f"the contract {where} is no valid TOML: {error}") from None
