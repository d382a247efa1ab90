"""Pieces of a page: everything that comes from data is escaped here, and nothing here knows what it means."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from .tabular import Tabular

_PROLOG = re.compile(r"^.*?(?=<svg)", re.DOTALL)
_FOREIGN = re.compile(r"\s*<metadata>.*?</metadata>|\s*<style type=\"text/css\">.*?</style>", re.DOTALL)
_NAMESPACE = re.compile(r"\s(?:xmlns(?::\w+)?|version|width|height)=\"[^\"]*\"")
_ID = re.compile(r"\bid=\"")
_LINK = re.compile(r"(?:xlink:)?href=\"#")
_USE = re.compile(r"url\(#")
_STYLE = re.compile(r"\sstyle=\"([^\"]*)\"")


def text(value: object) -> str:
    """Words for HTML, escaped; letters that HTML can't hold are shown as such.

    >>> text('<b>"&"')
    '&lt;b&gt;&quot;&amp;&quot;'
    """
    shown = "".join(c if c.isprintable() or c in " \n\t" else "\N{REPLACEMENT CHARACTER}" for c in str(value))
    return html.escape(shown, quote=True)


def paragraphs(sentences: Sequence[str]) -> str:
    """A paragraph for each."""
    return "\n".join(f"<p>{text(sentence)}</p>" for sentence in sentences)


def table(found: pa.Table, caption: str, *, name: str) -> str:
    """A table whose first column heads its rows.

    Args:
        found: the rows.
        caption: what they are.
        name: of the CSV file with the same rows.
    """
    numeric = [pa.types.is_integer(field.type) or pa.types.is_floating(field.type) for field in found.schema]
    marks = [' class="n"' if number and place else "" for place, number in enumerate(numeric)]
    titles = [text(name.replace("_", " ")) for name in found.column_names]
    head = "".join(f'<th scope="col"{mark}>{title}</th>' for mark, title in zip(marks, titles, strict=True))
    body = "\n".join(_row(list(row.values())) for row in found.to_pylist())
    link = f'<a href="tables/{name}.csv">{name}.csv</a>'
    return _framed(caption, f"{text(caption)} ({link})", head, body)


def words_table(shown: Tabular, caption: str) -> str:
    """A table of words and numbers as words; its first column heads its rows.

    Args:
        shown: the table.
        caption: what it is.
    """
    words = [place <= shown.left for place in range(len(shown.headings))]
    marks = ["" if word else ' class="n"' for word in words]
    titles = [text(title.replace("\n", " ")) for title in shown.headings]
    head = "".join(f'<th scope="col"{mark}>{title}</th>' for mark, title in zip(marks, titles, strict=True))
    body = "\n".join(
        f'<tr><th scope="row">{text(row[0])}</th>'
        + "".join(f"<td{mark}>{text(cell)}</td>" for mark, cell in zip(marks[1:], row[1:], strict=True))
        + "</tr>"
        for row in shown.rows
    )
    return _framed(caption, text(caption), head, body)


def _framed(label: str, caption: str, head: str, body: str) -> str:
    """A table that scrolls by itself, by keyboard too, where it is wider than the page."""
    return (
        f'<div class="wide" role="group" aria-label="{text(label)}" tabindex="0"><table>\n'
        f"<caption>{caption}</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>"
    )


def _row(values: Sequence[Any]) -> str:
    first, *others = values
    cells = "".join(f"<td{_kind(value)}>{text(_shown(value))}</td>" for value in others)
    return f'<tr><th scope="row">{text(_shown(first))}</th>{cells}</tr>'


def _kind(value: object) -> str:
    return ' class="n"' if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _shown(value: object) -> str:
    """Numbers as people write them; what is undefined is empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if 1e4 <= abs(value) < 1e9 else f"{value:.4g}"
    return str(value)


def figure(
    svg: str,
    *,
    name: str,
    title: str,
    caption: str,
    endings: Sequence[str] = ("svg", "png", "pdf"),
    above: str = "",
    file: str | None = None,
) -> str:
    """A figure with its caption, and links to its files.

    Args:
        svg: as matplotlib writes it.
        name: of the figure within the page: ids are made of it, so that none occurs twice; and of its files ...
        title: in a few words.
        caption: in sentences; it is also what a screen reader says of the picture.
        endings: of the files, each linked once.
        above: markup that stands above the picture.
        file: ... unless they are called this.
    """
    place = f"figures/{file or name}"
    links = ", ".join(f'<a href="{place}.{ending}">{ending.upper()}</a>' for ending in dict.fromkeys(endings))
    return (
        f'<figure id="{name}">\n{above}{inline(svg, name=name, title=title, caption=caption)}\n'
        f"<figcaption><strong>{text(title)}.</strong> {text(caption)} {links}</figcaption>\n</figure>"
    )


def inline(svg: str, *, name: str, title: str, caption: str) -> str:
    """The drawing as a part of the page: nothing in it points outside, and a screen reader can tell what it is."""
    bare = _STYLE.sub(_attributes, _FOREIGN.sub("", _PROLOG.sub("", svg)))
    start, rest = bare.split(">", 1)
    start = _NAMESPACE.sub("", start)
    rest = _USE.sub(f"url(#{name}-", _LINK.sub(f'href="#{name}-', _ID.sub(f'id="{name}-', rest)))
    told = f'<title id="{name}-title">{text(title)}</title>\n<desc id="{name}-desc">{text(caption)}</desc>'
    return f'{start} role="img" aria-labelledby="{name}-title {name}-desc">\n{told}{rest.rstrip()}'


def _attributes(style: re.Match[str]) -> str:
    """What a style says, as attributes: a page that admits no style but its own would ignore it."""
    pairs = (part.partition(":") for part in style[1].split(";") if part.strip())
    return "".join(f' {name.strip()}="{value.strip()}"' for name, _, value in pairs)
