"""Reads a scikit-learn pipeline that skops saved. The only file that knows skops.

A .skops file is a zip of a JSON description and NumPy arrays. Nothing is loaded before its sizes are known to be
bounded, and every type in it to be one that skops trusts, or one of `TRUSTED`. What is loaded then is read as values
and never asked to compute anything: a tree that a stranger has made may point outside of its own arrays.
"""

from __future__ import annotations

import io
import json
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from producer.dataset import Dataset
from producer.errors import ModelError
from producer.lines import shorten

from .files import read_bounded
from .part import Foreign, damaged
from .sk_pipeline import read_object

TRUSTED = ("sklearn.tree._tree.Tree", "numpy.dtype")
"""Types beyond skops' own: trees, whose arrays are checked before they are walked; and the types of arrays, as a fitted
`SimpleImputer` keeps the type of the values that it was fitted on. Such a type is saved as an empty array, which is
checked like any other and gives its type alone: no object is made by a name in the file."""

DESCRIPTION = "schema.json"

MAX_ENTRIES = 100_000
MAX_BYTES = 2**30
"""What a file may unpack to, each array counted as often as it is referred to."""
MAX_DESCRIPTION = 64 * 2**20


def read_skops(path: Path, dataset: Dataset) -> Foreign:
    """Read a pipeline or a bare classifier.

    Args:
        path: a `.skops` file.
        dataset: the contract of the records.

    Raises:
        ModelError: it's damaged, too large, holds a type that isn't trusted, a step that isn't supported, or doesn't
            fit the contract; a step is named by its class and place.
    """
    content = read_bounded(path)
    try:
        _check_sizes(content, path)
        loaded = _load(content, path)
        return read_object(loaded, dataset)
    except Exception as error:
        raise damaged(f"{path} is no readable .skops file", error, "save it again with skops.io.dump") from error


def _load(content: bytes, path: Path) -> Any:
    import skops.io

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of another version of scikit-learn: what can't be read is refused below
        foreign = [name for name in skops.io.get_untrusted_types(data=content) if name not in TRUSTED]
        if foreign:
            raise ModelError(
                f"{path} holds types that aren't trusted: {', '.join(foreign)}; save a pipeline without them"
            )
        return skops.io.loads(content, trusted=list(TRUSTED))


def _check_sizes(content: bytes, path: Path) -> None:
    """Bound what loading will take, from the zip's directory and the arrays' headers, before anything is unpacked."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
        strange = [name for name in sizes if name != DESCRIPTION and not name.endswith(".npy")]
        if strange:  # an .npz is a zip of its own, whose sizes nobody has bounded
            raise ModelError(
                f"{path} holds {shorten(strange[0])}, which is neither its description nor a plain array; "
                "save a pipeline without sparse matrices or other files"
            )
        if len(sizes) > MAX_ENTRIES or sum(sizes.values()) > MAX_BYTES or sizes[DESCRIPTION] > MAX_DESCRIPTION:
            raise ModelError(f"{path} unpacks to more than a model may have ({MAX_BYTES:,} bytes); save a smaller one")
        references = list(_references(json.loads(archive.read(DESCRIPTION))))
        if sum(sizes.get(name, 0) for name in references) > MAX_BYTES:
            raise ModelError(
                f"{path} refers to the same arrays too often: {len(references):,} times; save a smaller one"
            )
        for name in sizes:
            if name != DESCRIPTION:
                _check_array(archive, name, sizes[name])


def _references(node: Any) -> Iterator[str]:
    """The files that a description refers to, as often as it does."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            if isinstance(node.get("file"), str):
                yield node["file"]
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node


def _check_array(archive: zipfile.ZipFile, name: str, size: int) -> None:
    """An array is as long as its header says: memory is taken by the header, before the content is read."""
    with archive.open(name) as file:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(file)
        if dtype.hasobject or file.tell() + int(np.prod(shape, dtype=object)) * dtype.itemsize != size:
            raise ValueError(f"the array {name} isn't as long as it says")
