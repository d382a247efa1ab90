"""The whole exploration: files in, a directory with tables, figures and a page out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa

from online.files import replace_file
from producer.dataset import Dataset
from producer.progress import progress
from static_model.assessment_tables import write_table
from static_model.profile.files import Profiled, profile_files
from static_model.profile.profile import SAMPLE

from .figures.dataset import draw_dataset
from .figures.style import write_captions
from .page import write_page
from .place import check_place, whole_directory
from .story import story_of

FORMAT = 1
MARKER = "explore.json"


@dataclass(frozen=True, slots=True, eq=False)
class Explored:
    """What an exploration found: its tables, its story in sentences, and where the page is."""

    tables: Mapping[str, pa.Table]
    story: Sequence[str]
    page: Path


def explore_files(
    places: Sequence[str],
    dataset: Dataset,
    out: Path,
    *,
    seed: int,
    sample: int = SAMPLE,
    skip_bad_rows: bool = False,
    force: bool = False,
) -> Explored:
    """Explore all records of some files together, with progress on stderr.

    Args:
        places: files as `producer.files.read_blocks` takes them, or Hadoop URIs.
        dataset: the contract.
        out: the new directory: `tables/`, `figures/` with `captions.json`, `index.html` and `explore.json`. It appears
            whole or not at all.
        seed: of the samples, and of the forest that ranks the features.
        sample: as in `static_model.profile.profile.profile`.
        skip_bad_rows: leave out rows that are no records, and count them; else the first one is an error.
        force: replace an exploration that is there.

    Raises:
        UsageError: a file can't be read, or something is in the directory's place.
        ContractError: rows are no records, a header is another one, or no record is left.
        BrokerError: there is no Java for Spark.
        ModelError: Spark doesn't start, or fails.
        RunError: the directory can't be written.
    """
    check_place(out, marker=MARKER, what="exploration", force=force)
    profiled = profile_files(places, dataset, seed=seed, sample=sample, skip_bad_rows=skip_bad_rows)
    story = story_of(profiled.tables, skipped=profiled.staged.dead, headers=profiled.staged.headers)
    with whole_directory(out) as folder, progress("Drawing the figures", None) as advance:
        for name in ("tables", "figures"):
            (folder / name).mkdir()
        _write_tables(profiled.tables, folder / "tables")
        captions = draw_dataset(profiled.tables, folder / "figures", advance=advance)
        write_captions(captions, folder / "figures" / "captions.json")
        files = [source.file for source in profiled.staged.sources]
        write_page(folder, profiled.tables, captions, story, dataset=dataset, files=files)
        _write_marker(folder / MARKER, profiled, dataset, seed=seed, sample=sample)
    return Explored(profiled.tables, story, out / "index.html")


def _write_tables(tables: Mapping[str, pa.Table], folder: Path) -> None:
    for name, table in tables.items():
        columns = [column.to_pylist() for column in table.columns]
        write_table(folder / f"{name}.csv", table.column_names, zip(*columns, strict=True))


def _write_marker(path: Path, profiled: Profiled, dataset: Dataset, *, seed: int, sample: int) -> None:
    staged = profiled.staged
    content = {
        "format": FORMAT,
        "dataset": dataset.name,
        "fingerprint": dataset.fingerprint,
        "features": [column.name for column in dataset.features],
        "seed": seed,
        "sample": sample,
        "files": [asdict(source) for source in staged.sources],
        "dead": staged.dead,
        "headers": staged.headers,
    }
    with replace_file(path) as file:
        file.write(json.dumps(content, indent=1, ensure_ascii=False).encode() + b"\n")
