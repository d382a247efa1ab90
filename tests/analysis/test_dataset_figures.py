"""Figures of a data set, and how all figures are saved."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

from analysis.figures import curves
from analysis.figures import dataset as drawing
from analysis.figures.curves import draw_curves
from analysis.figures.dataset import draw_dataset
from analysis.figures.style import Caption, canvas, plain, save, write_captions
from static_model.assessment import Assessed
from static_model.assessment_tables import write_assessment
from static_model.profile.tables import table_of


def texts(figure: Figure) -> str:
    return "\n".join(text.get_text() for ax in figure.axes for text in ax.findobj(matplotlib.text.Text))


def test_there_is_a_figure_of_each_kind(small_profile, tmp_path: Path) -> None:
    """Every figure is there as SVG, PNG and PDF, and has a caption that warns and says what it rests on."""
    captions = draw_dataset(small_profile(), tmp_path)
    names = [
        *("balance", "distribution-numbers", "distribution-words"),
        *("missing", "correlation", "importance", "over-time"),
    ]
    assert names == [caption.name for caption in captions]
    assert {f"{name}.{end}" for name in names for end in ("svg", "png", "pdf")} == {
        path.name for path in tmp_path.iterdir()
    }
    assert "50 rows, chosen at random with seed 0" in captions[4].text
    assert "fitted on 80 rows" in captions[5].text
    assert all("all rows" in caption.text for caption in captions if caption.name != "correlation")


def test_what_there_is_nothing_of_has_no_figure(small_profile, tmp_path: Path) -> None:
    """Without a gap, a time or a kind there is no figure of them, and one class is no error."""
    tables = small_profile(gaps=False, times=False, kinds=False, one_class=True)
    names = {caption.name for caption in draw_dataset(tables, tmp_path)}
    assert {"balance", "distribution-numbers", "distribution-words", "correlation", "importance"} == names


def test_many_columns_are_several_pages(small_profile, tmp_path: Path) -> None:
    """Forty columns of numbers stand on four pages of a dozen, each captioned with its number."""
    tables = small_profile()
    columns = [f"n{i}" for i in range(40)]
    numbers = tables["numbers"]
    tables["numbers"] = numbers.take([0] * 40).set_column(0, numbers.schema.field(0), [columns])
    tables["correlation"] = tables["correlation"].slice(0, 0)
    captions = draw_dataset(tables, tmp_path)
    pages = [caption for caption in captions if caption.name.startswith("distribution-numbers")]
    assert [f"distribution-numbers-{i}" for i in (1, 2, 3, 4)] == [page.name for page in pages]
    assert "Numbers by class (4 of 4)" == pages[-1].title
    assert pages[-1].text.startswith("Page 4 of 4. ")


def test_of_many_columns_the_strongest_correlations_are_drawn(small_profile) -> None:
    """Three hundred columns make no larger a figure than forty: those that hang together, and it says so."""
    columns = [f"n{i}" for i in range(300)]
    weak = [(a, b, 0.1, None) for i, a in enumerate(columns) for b in columns[i + 1 :]]
    strong = [(f"n{i}", f"n{i + 1}", None if i % 4 else -0.9, 0.8 if i % 4 else None) for i in range(210, 250, 2)]
    known = {(a, b) for a, b, _, _ in strong}
    pairs = [row for row in weak if row[:2] not in known] + strong
    tables = {**small_profile(), "correlation": table_of("correlation", pairs)}
    tables["numbers"] = tables["numbers"].take([0] * 300).set_column(0, tables["numbers"].schema.field(0), [columns])
    [(figure, caption)] = drawing.draw_correlation(tables)
    assert max(figure.get_size_inches()) < 12
    assert columns[210:250] == [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert caption.text.endswith(
        "Of the 300 columns of numbers, the 40 are shown that have the strongest correlations with another one."
    )


def test_bars_are_the_counts(small_profile) -> None:
    """The balance shows each class and kind with its count and share."""
    figure, _ = drawing.draw_balance(small_profile())
    shown = texts(figure)
    for expected in ("class 1 (Attack)", "40 (40.0%)", "dos", "30 (30.0%)", "(none or rarer)", "70 (70.0%)"):
        assert expected in shown
    assert [60, 40] == [bar.get_width() for bar in figure.axes[0].patches]


def test_words_from_data_are_drawn_as_they_are() -> None:
    """Dollars are no formula, letters without a glyph are a box, and long names are cut."""
    figure = canvas(1.0)
    figure.text(0, 0, plain("a$b$c\x07\u4e2d"))
    assert r"a\$b\$c□□" == figure.texts[0].get_text()
    assert "xxx…" == plain("x" * 50, most=4)


SCRIPT = """
import hashlib, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from analysis.figures.dataset import draw_dataset
from profiles import small
draw_dataset(small(), Path(sys.argv[1]))
"""


def test_the_bytes_repeat(tmp_path: Path) -> None:
    """The same tables give the same bytes in another process with other hashes, in each of the three formats."""
    digests = []
    for seed in ("1", "2"):
        folder = tmp_path / seed
        folder.mkdir()
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", SCRIPT, str(folder), str(Path(__file__).parent)]
        subprocess.run(command, check=True, env=environment, cwd=Path(__file__).parents[2])
        files = sorted(folder.iterdir())
        digests.append({path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files})
    assert 21 == len(digests[0])
    assert digests[0] == digests[1]


def test_files_say_nothing_of_when_and_by_what(tmp_path: Path) -> None:
    """No date and no version is in them, the PDF embeds its font, and the SVG draws letters as outlines."""
    figure = canvas(1.0)
    figure.text(0.5, 0.5, "words")
    before = dict(matplotlib.rcParams)
    svg, png, pdf = (path.read_bytes() for path in save(figure, tmp_path, "f"))
    for content in (svg, png, pdf):
        assert not re.search(rb"20\d\d-\d\d|CreationDate|[Mm]atplotlib \D*\d", content)
    assert b"/FontFile2" in pdf
    assert b"<text" not in svg
    assert before == dict(matplotlib.rcParams)


def test_captions_are_written_for_others(tmp_path: Path) -> None:
    """The captions stand in a JSON file by the figures' names."""
    write_captions([Caption("a", "Title", "Words.")], tmp_path / "c.json")
    assert {"a": {"title": "Title", "text": "Words."}} == json.loads((tmp_path / "c.json").read_text())


@pytest.fixture
def assessment(tmp_path: Path) -> Path:
    """Tables of two algorithms on the same rows, one of which has scores that are no probabilities."""
    random = np.random.default_rng(0)
    labels = (random.random(400) < 0.25).astype(np.int8)
    scores = np.clip(labels * 0.3 + random.random(400) * 0.7, 0, 1)
    folder = tmp_path / "assessment"
    folder.mkdir()
    found = {"random_forest": Assessed(labels, scores, 0.5), "linear_svc": Assessed(labels, scores - 0.5, 0.0, False)}
    write_assessment(folder, found)
    return folder


def test_curves_of_all_algorithms_share_an_axis(assessment: Path, tmp_path: Path, monkeypatch) -> None:
    """ROC, precision and recall show both algorithms beside chance or the share of class 1; calibration one."""
    kept: list[Figure] = []
    real = curves.save

    def keep(figure, *arguments):
        kept.append(figure)
        return real(figure, *arguments)

    monkeypatch.setattr(curves, "save", keep)
    paths = draw_curves(assessment, tmp_path)
    assert [f"{n}.{e}" for n in ("roc", "pr", "calibration") for e in ("svg", "png", "pdf")] == [p.name for p in paths]
    named = [[line.get_label() for line in figure.axes[0].lines] for figure in kept]
    labels = np.loadtxt(assessment / "confusion.csv", delimiter=",", skiprows=1, usecols=(1, 3), max_rows=4)
    share = labels[labels[:, 0] == 1, 1].sum() / labels[:, 1].sum()
    assert ["chance", "random forest", "linear svc"] == named[0]
    assert [f"all rows called 1 ({share:.3f})", "random forest", "linear svc"] == named[1]
    assert ["perfectly calibrated", "random forest"] == named[2]
    assert [share, share] == list(kept[1].axes[0].lines[0].get_ydata())
    assert {"roc", "pr", "calibration"} == json.loads((tmp_path / "captions.json").read_text()).keys()


def test_one_class_has_no_curves(tmp_path: Path) -> None:
    """With one class there is no curve and no figure, and no error."""
    write_assessment(tmp_path, {"random_forest": Assessed(np.zeros(9, np.int8), np.linspace(0, 1, 9), 0.5)})
    assert [] == draw_curves(tmp_path, tmp_path)
