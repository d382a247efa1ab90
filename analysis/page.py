"""The page of an exploration: one HTML file that needs no network, no script and no other file to be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from producer.dataset import Dataset

from .figures.style import Caption
from .markup import figure, paragraphs, table, text

STYLE = """
:root { color-scheme: light dark; --ink: #1b1b1b; --paper: #fff; --line: #d5d5d5; --soft: #f4f4f4; --link: #00527e; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8e8e8; --paper: #16181a; --line: #44484c; --soft: #212427; --link: #7cc4f0; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 1.5rem 1rem 4rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .3rem; }
h2 { font-size: 1.25rem; margin: 2.6rem 0 .6rem; border-bottom: 1px solid var(--line); padding-bottom: .2rem; }
p { max-width: 46rem; }
a { color: var(--link); }
nav ul { display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; list-style: none; padding: 0; }
.wide { overflow-x: auto; margin: 1rem 0 1.6rem; }
table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding-bottom: .35rem; font-weight: 600; white-space: nowrap; }
th, td { text-align: left; vertical-align: top; padding: .22rem .7rem .22rem 0; border-bottom: 1px solid var(--line);
  overflow-wrap: break-word; max-width: 34rem; }
thead th { background: var(--soft); vertical-align: bottom; }
tbody th { font-weight: 500; }
td.n { white-space: nowrap; }
td.n, thead th.n { text-align: right; }
figure { margin: 1.2rem 0 2rem; }
figure svg { display: block; width: 100%; height: auto; background: #fff; border: 1px solid var(--line);
  border-radius: 4px; padding: .5rem; }
figure svg * { stroke-linejoin: round; stroke-linecap: butt; }
figcaption { max-width: 46rem; font-size: .9rem; margin-top: .5rem; }
@media print {
  :root { --ink: #000; --paper: #fff; --line: #bbb; --soft: #fff; --link: #000; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  nav { display: none; }
  .wide { overflow: visible; }
  caption { white-space: normal; }
  table { font-size: 7.5pt; }
  figure, tr { break-inside: avoid; }
  h2 { break-after: avoid; }
}
"""


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
        OSError: it can't be written, or a figure can't be read.
    """
    shown = {**tables, **_views(tables["selection"])}
    made = [(section.name, section.title, _content(folder, shown, captions, section)) for section in SECTIONS]
    sections = [(name, title, content) for name, title, content in made if content]
    links = "".join(f'<li><a href="#{name}">{title}</a></li>' for name, title, _ in sections)
    body = "\n".join(
        f'<section id="{name}">\n<h2>{title}</h2>\n{content}\n</section>' for name, title, content in sections
    )
    heading = f"Exploration of {', '.join(files)}"
    page = _page(text(heading), text(dataset.name), links, paragraphs(story), body)
    (folder / "index.html").write_text(page, "utf-8")


def _page(heading: str, dataset: str, links: str, story: str, body: str) -> str:
    """The page around its content, all of which is markup already."""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{heading}</title>
<style>{STYLE}</style>
</head>
<body>
<header>
<h1>{heading}</h1>
<p>Dataset {dataset}, by driftduel</p>
<nav aria-label="Sections"><ul>{links}</ul></nav>
</header>
<main>
<section id="story">
<h2>In short</h2>
{story}
</section>
{body}
</main>
</body>
</html>
"""


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
