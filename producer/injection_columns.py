"""Which columns of a contract an injection changes, and which of them change places."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from .columns import Column
from .dataset import Dataset
from .errors import UsageError, nearest
from .injection import Injection

SUITED: dict[str, tuple[str, ...]] = {
    "permutation": ("int", "float", "string"),
    "missing": ("int", "float", "string"),
    "scaling": ("int", "float"),
    "category": ("string",),
}


def columns_of(injection: Injection, dataset: Dataset) -> tuple[Column, ...]:
    """The columns that an injection changes, in the contract's order; none for the kinds that change no column.

    Raises:
        UsageError: a name is unknown, or its column can't be changed so; or there is no column to change.
    """
    if injection.kind not in SUITED:
        return ()
    for name in injection.features:
        _check_column(name, injection, dataset)
    named = set(injection.features) or {column.name for column in dataset.features} - _repaired(dataset)
    suited = tuple(c for c in dataset.columns if c.name in named and c.type in SUITED[injection.kind])
    if injection.kind == "permutation":
        groups = [_alike(column, suited) for column in suited]
        suited = tuple(column for column, group in zip(suited, groups, strict=True) if len(group) > 1)
    if not suited:
        what = "two alike" if injection.kind == "permutation" else f"of type {' or '.join(SUITED[injection.kind])}"
        raise UsageError(
            f"drift {injection}: no columns {what} among {'those named' if injection.features else 'the features'} of "
            f"dataset '{dataset.name}'; name one that isn't a feature, or plant another kind"
        )
    return suited


def _check_column(name: str, injection: Injection, dataset: Dataset) -> None:
    if name not in dataset.names:
        raise UsageError(
            f"drift {injection}: no column '{name}' in dataset '{dataset.name}'{nearest(name, dataset.names)}; "
            f"it has: {', '.join(dataset.names)}"
        )
    column = dataset.columns[dataset.names.index(name)]
    if column.type == "label":
        raise UsageError(f"drift {injection}: '{name}' is the label; its kinds are label-swap and prior")
    if column.type not in SUITED[injection.kind]:
        suited = " or ".join(SUITED[injection.kind])
        raise UsageError(
            f"drift {injection}: '{name}' is a column of type {column.type}; {injection.kind} is for {suited}"
        )
    if name in _repaired(dataset):
        raise UsageError(
            f"drift {injection}: '{name}' takes part in a repair of the contract, which would undo the change"
        )


def _repaired(dataset: Dataset) -> set[str]:
    return {name for repair in dataset.repairs for name in (repair.column, repair.plus_of)}


def _alike(column: Column, columns: Iterable[Column]) -> list[Column]:
    """Those among the columns whose cells it can hold."""
    return [other for other in columns if (other.type, other.clean) == (column.type, column.clean)]


def cycle(columns: Sequence[Column], draws: npt.NDArray[np.float64]) -> dict[str, str]:
    """From which column each gets its cells: one cycle for all that are alike, so that none keeps its own."""
    rank = {column.name: draw for column, draw in zip(columns, draws.tolist(), strict=True)}
    sources = {}
    for column in columns:
        ring = sorted((other.name for other in _alike(column, columns)), key=rank.__getitem__)
        sources[column.name] = ring[ring.index(column.name) - 1]
    return sources
