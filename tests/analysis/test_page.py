"""The page of an exploration, and its story."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest

from analysis.figures.dataset import draw_dataset
from analysis.markup import figure, inline, table
from analysis.page import write_page
from analysis.story import story_of
from producer.dataset import load_dataset
from static_model.profile.tables import table_of


class Elements(HTMLParser):
    """Every element of a page, and whether they are closed in order."""

    VOID = ("meta", "br", "link", "use", "path")

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One that closes itself."""
        self.found.append((tag, dict(attrs)))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One that holds others."""
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """The end of the innermost one."""
        assert self.open.pop() == tag


@pytest.fixture
def page(small_profile, tmp_path: Path) -> str:
    (tmp_path / "figures").mkdir()
    tables = small_profile()
    captions = draw_dataset(tables, tmp_path / "figures")
    story = story_of(tables, skipped=2, headers=1)
    files = ["<img src=x onerror=alert(1)>.csv"]
    write_page(tmp_path, tables, captions, story, dataset=load_dataset("dns-exfil"), files=files)
    return (tmp_path / "index.html").read_text("utf-8")


def test_nothing_from_data_is_markup(page: str) -> None:
    """Names of files and columns, and words, are shown letter by letter: no element comes of them."""
    elements = Elements(page)
    assert [] == elements.open
    assert {"script", "img", "b"} & {tag for tag, _ in elements.found} == set()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "&lt;img src=x onerror=alert(1)&gt;.csv" in page
    assert "\x07" not in page


def test_the_page_needs_nothing_else(page: str) -> None:
    """No address of another host is in it, and links lead to the files beside it or into the page."""
    assert not re.search(r"https?:|//\w|@import|url\((?!#)", page)
    links = {attrs["href"] for tag, attrs in Elements(page).found if tag == "a"}
    assert all(re.fullmatch(r"#[\w-]+|(tables|figures)/[\w-]+\.(csv|svg|png|pdf)", link) for link in links)


def test_every_id_is_there_once_and_is_found(page: str) -> None:
    """Drawings that stand in one page don't share an id, and what they refer to is their own."""
    ids = Counter(attrs["id"] for _, attrs in Elements(page).found if attrs.get("id"))
    assert [] == [name for name, times in ids.items() if times > 1]
    referred = set(re.findall(r"(?:href=\"|url\()#([^\")]+)", page))
    assert referred <= set(ids)


def test_figures_and_tables_can_be_heard(page: str) -> None:
    """Each drawing has a role, a title and a description; each table a caption, and heads for columns and rows."""
    found = Elements(page).found
    drawings = [attrs for tag, attrs in found if tag == "svg"]
    tags = Counter(tag for tag, _ in found)
    assert 7 == len(drawings)
    assert {"img"} == {attrs["role"] for attrs in drawings}
    assert all(f'id="{name}"' in page for attrs in drawings for name in (attrs["aria-labelledby"] or "").split())
    assert tags["table"] == tags["caption"]
    assert {"col", "row"} == {attrs.get("scope") for tag, attrs in found if tag == "th"}
    assert "prefers-color-scheme: dark" in page
    assert "@media print" in page


def test_a_drawing_becomes_part_of_the_page() -> None:
    """Prolog, metadata, style and sizes go; ids and references get the figure's name."""
    svg = (
        '<?xml version="1.0"?>\n<!DOCTYPE svg PUBLIC "x">\n<svg xmlns="http://a" xmlns:xlink="http://b" width="9pt" '
        'viewBox="0 0 1 1" height="9pt" version="1.1">\n <metadata>http://c</metadata>\n <defs>\n  <style '
        'type="text/css">*{a: b}</style>\n </defs>\n <g id="p" clip-path="url(#q)"><use xlink:href="#r"/></g>\n</svg>\n'
    )
    expected = (
        '<svg viewBox="0 0 1 1" role="img" aria-labelledby="n-title n-desc">\n<title id="n-title">T&amp;</title>\n'
        '<desc id="n-desc">D</desc>\n <defs>\n </defs>\n '
        '<g id="n-p" clip-path="url(#n-q)"><use href="#n-r"/></g>\n</svg>'
    )
    assert expected == inline(svg, name="n", title="T&", caption="D")


def test_a_format_that_is_asked_for_twice_is_linked_once() -> None:
    """The same file twice would tell nobody anything."""
    drawn = figure("<svg/>", name="n", title="T", caption="C", endings=("png", "png", "csv"))
    assert drawn.count("<a href=") == 2


def test_cells_are_written_as_people_write_them() -> None:
    """Thousands are parted, undefined is empty, and numbers stand to the right."""
    found = table(table_of("columns", [("a<b", "int", True, 12345, None, 3)]), "All", name="columns")
    assert '<th scope="row">a&lt;b</th><td>int</td><td>yes</td><td class="n">12,345</td><td></td>' in found
    assert '<a href="tables/columns.csv">columns.csv</a>' in found


def test_the_story_says_what_was_found(small_profile) -> None:
    """Sizes, classes, kinds, gaps, constants, doubles, ceilings and features stand in sentences, in that order."""
    story = story_of(small_profile(), skipped=2, headers=1)
    for sentence, expected in zip(
        story,
        (
            "100 rows of 4 columns, of which 4 are features. 2 rows that are no record were left out. "
            "1 repeated header line was set aside.",
            "60 (60.0%) of class 0 and 40 (40.0%) of class 1: imbalanced, 1.50 rows of the larger class for each of "
            "the smaller.",
            "Kinds: dos 30.",
            "Values are missing in 2 columns: cost $1_$2 (100.0%), <b>bold</b> (5.0%).",
            "No row has a value in cost $1_$2. Constant, and so of no use: constant.",
            "0 rows (0.0%) repeat an earlier row in all columns, and 10 (10.0%) in all features and the label.",
            "10 rows have features that also occur with the other label, so that on these rows no model can be right "
            "more often than 0.9500 with the 3 features. It would be 1 with ts (a leak).",
            "Recommended are 2 of 3 features: size, <b>bold</b>. 1 is dropped; the table says why.",
            "The five methods' rankings correlate by 0.90 on average",
        ),
        strict=True,
    ):
        assert sentence.startswith(expected)


def test_one_class_is_said_to_be(small_profile) -> None:
    """With one class the story says that nothing can be learned here, and what to do."""
    story = story_of(small_profile(one_class=True, gaps=False), skipped=0, headers=0)
    assert (
        "All rows are of class 0 (Normal): nothing here can say what tells the classes apart. Explore files that hold "
        "both." == story[1]
    )
