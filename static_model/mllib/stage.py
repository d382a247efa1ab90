"""One stage of a pipeline that Spark saved: its class, its parameters, its fitted values."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from producer.errors import ModelError

MAX_SIZE = 2**24
"""Numbers of a sparse vector or matrix."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One saved stage: its class without the package, its place (1 is the first; 2.1 inside another), its values."""

    name: str
    place: str
    metadata: Mapping[str, Any]
    directory: Path

    def parameter(self, name: str) -> Any:
        """A parameter as set, else its default, else None."""
        return {**self.metadata.get("defaultParamMap", {}), **self.metadata["paramMap"]}.get(name)

    def columns(self, direction: str) -> tuple[str, ...]:
        """The stage's `input` or `output` columns, whether it was given one or several."""
        several = self.metadata["paramMap"].get(f"{direction}Cols")
        return tuple(several) if several is not None else (self.parameter(f"{direction}Col"),)

    def table(self, folder: str = "data") -> pa.Table:
        """The fitted values, all part files together."""
        return pq.read_table(self.directory / folder).combine_chunks()

    @property
    def title(self) -> str:
        """How messages name the stage."""
        return f"{self.name} (stage {self.place})"

    def refuse(self, why: str) -> ModelError:
        """The error that names this stage."""
        return ModelError(f"stage {self.place} of the Spark pipeline, {self.name}, can't be read: {why}")


def stages_in(directory: Path, place: str = "") -> Iterator[Stage]:
    """The stages in order; those of a pipeline inside the pipeline stand in its place."""
    (part,) = sorted((directory / "metadata").glob("part-*"))
    metadata = json.loads(part.read_text("utf-8"))
    name = metadata["class"].rpartition(".")[2]
    if name != "PipelineModel":
        yield Stage(name, place or "1", metadata, directory)
        return
    folders = {int(path.name.partition("_")[0]): path for path in (directory / "stages").iterdir() if path.is_dir()}
    for index in range(len(metadata["paramMap"]["stageUids"])):
        yield from stages_in(folders[index], f"{place}.{index + 1}" if place else str(index + 1))


def vector(saved: dict[str, Any]) -> npt.NDArray[np.float64]:
    """A Spark vector: type 1 is dense, type 0 sparse (also a dense one that was mostly zeros)."""
    if saved["type"] == 1:
        return np.array(saved["values"], np.float64)
    vector = np.zeros(_bounded(saved["size"]))
    vector[saved["indices"]] = saved["values"]
    return vector


def matrix(saved: dict[str, Any]) -> npt.NDArray[np.float64]:
    """A Spark matrix: type 1 is dense, type 0 sparse; each by columns or, transposed, by rows."""
    rows, columns, transposed = saved["numRows"], saved["numCols"], saved["isTransposed"]
    lines, length = (rows, columns) if transposed else (columns, rows)
    if saved["type"] == 1:
        found = np.array(saved["values"], np.float64).reshape(lines, length)
    else:
        _bounded(lines * length)
        found = np.zeros((lines, length))
        found[np.repeat(np.arange(lines), np.diff(saved["colPtrs"])), saved["rowIndices"]] = saved["values"]
    return found if transposed else np.ascontiguousarray(found.T)


def _bounded(size: int) -> int:
    """A size that a sparse vector or matrix states, which nothing but this keeps from filling the memory."""
    if not 0 <= size <= MAX_SIZE:
        raise ValueError(f"a sparse vector or matrix of {size:,} numbers; at most {MAX_SIZE:,} are read")
    return size
