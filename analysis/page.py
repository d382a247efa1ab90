"""The page of an exploration: one HTML file that needs no network, no script and no other file to be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from online.files import replace_file
from producer.dataset import Dataset

from .document import Section, document
from .figures.style import Caption
from .markup import figure, paragraphs, table, text


@dataclass(frozen=True, slots=True)
class _Section:
    """Figures by how their names begin, and tables with their captions; one that has neither is left out."""

    name: str
    title: str
    figures: tuple[str, ...]
    tables: tuple[tuple[str, str], ...]


SECTIONS = (
    _Section(
        "rows",
        "Rows and classes",
        ("balance",),
        (
            ("overview", "What was read, and what rests on how many rows"),
            ("classes", "Rows of each class"),
            ("kinds", "Rows of each kind; without a name: no kind, or a rarer one"),
            ("duplicates", "Rows that occur before"),
            ("ceiling", "The best accuracy that is possible on these rows"),
        ),
    ),
    _Section(
        "features",
        "Which features to use",
        ("importance",),
        (
            ("verdicts", "Each feature, and why it is recommended or not"),
            ("selection", "What each method says of it: figures and ranks; p-values after Holm's correction"),
            ("agreement", "How the methods' rankings correlate (Spearman)"),
            ("redundant", "Features that say the same"),
        ),
    ),
    _Section(
        "columns",
        "The columns",
        ("distribution-numbers", "distribution-words", "missing"),
        (
            ("columns", "All columns"),
            (
                "numbers",
                "Columns of numbers; kurtosis in excess of a normal distribution's, outliers by Tukey's fences",
            ),
            ("strings", "Columns of words"),
            ("top_words", "Their ten most frequent words"),
        ),
    ),
    _Section("together", "Columns together", ("correlation",), ()),
    _Section("time", "Over time", ("over-time",), ()),
)


def write_page(
    folder: Path,
    tables: Mapping[str, pa.Table],
    captions: Sequence[Caption],
    story: Sequence[str],
    *,
    dataset: Dataset,
    files: Sequence[str],
) -> None:
    """Write `index.html`.

    Args:
        folder: has the figures as SVG in `figures/`, and the tables as CSV in `tables/`.
        tables: of `static_model.profile.profile.profile`.
        captions: of the figures.
        story: sentences, to be read first.
        dataset: the contract.
        files: the names of the files that were explored.

    Raises:
        RunError: it can't be written.
        OSError: a figure can't be read.
    """
    shown = {**tables, **_views(tables["selection"])}
    sections = [
        Section("story", "In short", paragraphs(story)),
        *(Section(one.name, one.title, _content(folder, shown, captions, one)) for one in SECTIONS),
    ]
    lead = f"<p>Dataset {text(dataset.name)}, by driftduel</p>"
    page = document(f"Exploration of {', '.join(files)}", sections, lead=lead)
    with replace_file(folder / "index.html") as file:
        file.write(page.encode())


def _views(selection: pa.Table) -> dict[str, pa.Table]:
    """The table of features in two: the verdicts in words, and the figures, which are too many to stand beside them."""
    verdicts = selection.select(["column", "recommended", "mean_rank", "reason"])
    order = [("recommended", "descending"), ("mean_rank", "ascending")]
    return {"verdicts": verdicts.sort_by(order), "selection": selection.drop_columns(["recommended", "reason"])}


def _content(folder: Path, tables: Mapping[str, pa.Table], captions: Sequence[Caption], section: _Section) -> str:
    files = {"verdicts": "selection"}
    shown = [
        table(tables[name], caption, name=files.get(name, name))
        for name, caption in section.tables
        if tables[name].num_rows
    ]
    drawn = [
        figure(
            (folder / "figures" / f"{caption.name}.svg").read_text("utf-8"),
            name=caption.name,
            title=caption.title,
            caption=caption.text,
        )
        for caption in captions
        if section.figures and caption.name.startswith(section.figures)
    ]
    return "\n".join([*shown, *drawn])
