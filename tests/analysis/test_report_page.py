"""The page of a report: what stands in it, in which order, and that nothing in it can run."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.curves_data import METRICS, curves
from analysis.document import Section, data_block, document
from analysis.loaded import LoadedRun, load_run
from analysis.markup import text, words_table
from analysis.report import write_report
from analysis.report_origin import arms_table, commands, facts
from analysis.report_page import report_page, report_sections
from analysis.report_quality import books_table, doubles, examples_table, quality_content, reasons_table
from analysis.report_tables import more_tables, result_table
from analysis.report_words import EVENTS, compared_table, events_table, planted_table, verdict_content, windows_table
from analysis.tabular import tabular

EVIL = ["<script>alert(1)</script>", "=cmd|calc!A0", '"\' onload="x', "a\u202eb", "n\x00ul", "</td></table>", "&lt;"]


class Parts(HTMLParser):
    """The elements of some markup with their attributes, and its text."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One element."""
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Text between elements."""
        self.words += data


@pytest.fixture
def loaded(drifting: Path) -> LoadedRun:
    return load_run(drifting)


@pytest.fixture
def page(loaded: LoadedRun) -> str:
    return report_page(loaded, {})


def test_the_verdict_comes_first(loaded: LoadedRun, page: str) -> None:
    """Before all else the page says what was found, in the words of the summary."""
    main = page.partition("<main>")[2]
    assert main.lstrip().startswith('<section id="verdict">')
    verdict = main.partition("</section>")[0]
    assert text(loaded.summary["verdicts"]["dynamic"]) in verdict
    assert "dynamic: fewer errors than static" in verdict


def test_every_table_of_the_terminal_is_there(loaded: LoadedRun, page: str) -> None:
    """Each row that the terminal shows stands in the page, cell by cell."""
    shown = [result_table(loaded.summary), *(table for _, table in more_tables(loaded.summary))]
    assert len(shown) > 4
    rows = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in re.findall(r"<tr>(.*?)</tr>", page)]
    cells = [[unescape(cell) for cell in row] for row in rows]
    assert all(list(row) in cells for table in shown for row in table.rows)


def test_the_sections_stand_in_order(loaded: LoadedRun) -> None:
    """From what was found to how it is run again."""
    names = [section.name for section in report_sections(loaded, {}, endings=())]
    assert ["verdict", "arms", "curves-section", "cost", "over-time"] == names[:5]
    assert ["quality", "origin", "again"] == names[-3:]


def test_the_page_admits_its_own_scripts_and_styles_only(page: str) -> None:
    """The policy holds the digest of each, no attribute holds a style or a handler, nothing is fetched."""
    policy = unescape(re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1])
    for kind, found in (("style", re.findall(r"<style>(.*?)</style>", page, re.DOTALL)),):
        digests = [base64.b64encode(sha256(one.encode()).digest()).decode() for one in found]
        assert f"{kind}-src " + " ".join(f"'sha256-{digest}'" for digest in digests) in policy
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert 4 == len(scripts)
    assert all(base64.b64encode(sha256(one.encode()).digest()).decode() in policy for one in scripts)
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    attributes = {name for _, found in Parts(page).elements for name in found}
    assert set() == {name for name in attributes if name.startswith("on") or name in ("style", "src")}


@pytest.mark.parametrize("evil", EVIL)
def test_words_of_data_are_never_markup(evil: str) -> None:
    """Whatever an arm, a reason or a topic is called, it is shown as text, without hidden letters."""
    letter = {"seq": 1, "reason": evil, "topic": evil, "bytes": base64.b64encode(evil.encode()).decode()}
    verdicts = {"verdicts": {evil: evil}, "notes": [evil]}
    tables = [
        tabular([evil, evil], [[evil, evil]]),
        reasons_table([letter]),
        examples_table([letter]),
        arms_table({evil: {"policy": {"kind": evil, "value": evil}, "training_sets": [{"kind": evil}]}}),
    ]
    markup = "".join(words_table(table, evil) for table in tables) + verdict_content(verdicts)
    parts = Parts(markup)
    allowed = {"div", "table", "caption", "thead", "tbody", "tr", "th", "td", "article", "p", "ul", "li"}
    assert set() == {tag for tag, _ in parts.elements} - allowed
    assert set() == {name for _, found in parts.elements for name in found if name.startswith("on")}
    assert not set(parts.words) & {"\u202e", "\x00"}
    assert evil.replace("\u202e", "\ufffd").replace("\x00", "\ufffd") in parts.words


@pytest.mark.parametrize("evil", [*EVIL, "<!--<script>", "]]>"])
def test_values_for_scripts_cannot_end_their_element(evil: str) -> None:
    """Embedded JSON holds no letter that HTML would act upon, and reads back as it was."""
    block = data_block("found", {"name": evil})
    inner = block.removeprefix('<script type="application/json" id="found">').removesuffix("</script>")
    assert not set("<>&") & set(inner)
    assert {"name": evil} == json.loads(inner)


def test_titles_are_text() -> None:
    """A page's title and headings are escaped; a section without content is left out, and so is its link."""
    page = document("<b>", [Section("a", "<i>", "x"), Section("b", "empty", "")])
    assert ["&lt;b&gt;", "&lt;i&gt;"] == [re.search(rf"<{tag}>(.*?)</{tag}>", page)[1] for tag in ("title", "h2")]
    assert "empty" not in page


def test_the_chart_has_the_runs_own_values(loaded: LoadedRun, crowded: Path) -> None:
    """Every value is the tracker's, with its events and where drift was planted."""
    tracker = pd.read_csv(crowded / "windows.csv")
    for metric, chart in zip(METRICS, curves(load_run(crowded).run)["charts"], strict=True):
        for series in chart["series"]:
            rows = tracker[tracker["arm"] == series["name"]]
            assert rows[metric].round(6).tolist() == pytest.approx(series["values"], abs=1e-9)
    found = curves(loaded.run)
    assert {"window": 4, "arm": "dynamic", "kind": "drift", "text": "alarm: alarm"} in found["marks"]
    assert [{"start": 3.5, "end": 3.5, "text": "encoding (abrupt)"}] == found["spans"]


def test_what_is_undefined_is_a_gap(make_run: Callable[..., Path]) -> None:
    """A metric that a window doesn't have is null in the chart and empty in the table, never 0."""
    both, one = np.array([0, 1] * 50, dtype=np.int8), np.ones(100, dtype=np.int8)
    run = load_run(make_run([both, one], {"static": [both, one]})).run
    chart = next(chart for chart in curves(run)["charts"] if chart["unit"] == "F1")
    assert [1.0, None] == chart["series"][0]["values"]
    assert (("0", "1.0000"), ("1", "")) == windows_table(run, "f1").rows


def test_dead_letters_are_counted_by_reason(loaded: LoadedRun) -> None:
    """The bytes that a reason quotes don't make it another reason; some are shown with their place."""
    letters = [
        {"seq": seq, "reason": f"1 columns instead of 2: b'{seq}'", "bytes": "PGI+", "file": "f.csv", "offset": seq}
        for seq in range(7)
    ]
    run = replace(loaded.run, dead_letters=(*letters, {"seq": 9, "reason": "too long", "bytes": "?", "topic": "t"}))
    shown = quality_content(LoadedRun(run))
    assert (("1 columns instead of 2", "7"), ("too long", "1")) == reasons_table(run.dead_letters).rows
    assert ("0", "1 columns instead of 2: b'0'", "'<b>'", "f.csv", "", "0") == examples_table(letters).rows[0]
    assert 5 == shown.count("&lt;b&gt;")


def test_the_books_balance(loaded: LoadedRun) -> None:
    """What was scored, lost and set aside adds up to the numbers; what isn't known is said to be so."""
    summary = {"records": 90, "labelled": 80, "dead": 4, "set_aside": 1, "missing": 5}
    counts = {row[0]: row[2] for row in books_table(summary, None).rows}
    assert {"numbers": "100", "without a label": "10", "doubles": "not known"}.items() <= counts.items()
    assert doubles(loaded.run.path / "nowhere") is None


def test_a_cut_file_of_positions_gives_the_last_whole_line(tmp_path: Path) -> None:
    """A line that a dying process left unfinished is passed over."""
    (tmp_path / "positions.jsonl").write_text('{"doubles": 3}\n{"doub')
    assert 3 == doubles(tmp_path)


def test_what_is_missing_is_said_before_the_verdict(loaded: LoadedRun) -> None:
    """A run directory that isn't whole is reported with a list of what isn't there."""
    run = replace(loaded.run, missing=("events.jsonl is cut <here>.",))
    verdict = report_sections(LoadedRun(run), {}, endings=())[0].content
    assert verdict.startswith('<div class="warning">')
    assert "events.jsonl is cut &lt;here&gt;." in verdict


def test_commands_can_be_pasted(loaded: LoadedRun) -> None:
    """Names are quoted for a shell; an unfinished run is told how to go on."""
    (loaded.run.path / "experiment.toml").write_text('model = "my model; rm"\n[[stream]]\nfile = "a b.csv"\n')
    told = dict(commands(replace(loaded.run, finished=False)))
    evaluate = f"driftduel evaluate --model 'my model; rm' --file 'a b.csv' --run {loaded.run.path}"
    assert evaluate == told["Go on with the run, which isn't finished:"]
    assert f"driftduel rerun {loaded.run.path}" in told.values()


def test_a_run_says_where_it_came_from() -> None:
    """Topic, offsets, digests and seed, as far as they are known; a damaged manifest breaks nothing."""
    manifest = {"identity": {"source": {"topic": "t"}, "seed": 0, "model": "abc"}, "ends": {"0": 1000}}
    known = facts(manifest, {"stream": [{"topic": "t", "wire": "csv"}]})
    expected = {("topic", "t"), ("end offset of partition 0", "1,000"), ("seed", "0"), ("its digest", "abc")}
    assert expected <= set(known)
    assert [] == facts({}, {})


def test_many_exploratory_arms_are_folded_away() -> None:
    """Primary arms come first, in full; the others are behind a line that says how many there are."""
    one = {"finding": "better", "estimate": None, "p_holm": None, "more_of_the_same": {"finding": "identical"}}
    comparisons = {name: {**one, "primary": name == "e"} for name in "abcde"}
    shown = verdict_content({"verdicts": {name: f"About {name}." for name in "abcde"}, "comparisons": comparisons})
    assert shown.index("About e.") < shown.index("Of 4 exploratory arms") < shown.index("About a.")
    assert 5 == len(compared_table(comparisons).rows)


def test_many_events_end_in_words(loaded: LoadedRun) -> None:
    """A page lists so many events, and says how many more there are."""
    run = replace(loaded.run, events=loaded.run.events[:1] * (EVENTS + 2))
    assert ("", "", "and 2 more, in events.jsonl") == events_table(run).rows[-1]


def test_planted_drift_is_listed(loaded: LoadedRun) -> None:
    """Kind, shape and place; nothing where the truth isn't known."""
    assert (("encoding", "abrupt", "400", "400"),) == planted_table(loaded.run).rows
    assert planted_table(replace(loaded.run, truth=None)) is None


def test_a_report_without_a_page(drifting: Path) -> None:
    """Whoever asks for no page gets none, and the figures of metrics only."""
    assert write_report(drifting, page=False).page is None
    assert not (drifting / "report.html").exists()


def test_the_page_is_written_beside_the_summary(drifting: Path) -> None:
    """With each figure as a part of it, which says what it shows."""
    page = write_report(drifting).page
    assert drifting / "report.html" == page
    written = page.read_text("utf-8")
    figures = {file.stem for file in (drifting / "figures").glob("*.svg")}
    assert {"accuracy", "f1", "difference"} <= figures
    assert all(f'<figure id="figure-{name}">' in written for name in figures)
    assert " style=" not in written.partition("<body>")[2].partition("<script")[0]  # the policy would ignore them
