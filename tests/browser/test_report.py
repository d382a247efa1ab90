"""The report's page in a real browser: opened from disk, without a network, with and without scripts."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from analysis.report import write_report
from online.duel import Duel, Stream, run_duel
from producer.dataset import Column, Dataset, Label
from static_model.artifact import Linear, Model, Numeric, save_model

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

DATASET = Dataset(
    name="tiny",
    label=Label(positive=("1",), negative=("0",)),
    columns=(Column(name="x", type="int"), Column(name="y", type="label")),
)
FITTED = {"reg_param": 0.01, "elastic_net_param": 0.0, "max_iter": 50}
ARMS = ("static", "dynamic", "periodic:policy=periodic(3),gate=none")
STRANGE = ["<script>alert(1)</script>", "=cmd|calc!A0,1,2", "x\u202e<img src=x onerror=alert(1)>\x00"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty windows of 100 whose labels swap half-way, with three dead letters, reported."""
    folder = tmp_path_factory.mktemp("reported")
    generator = np.random.default_rng(0)
    x = generator.integers(-50, 50, size=2000)
    y = (x > 0) ^ (np.arange(2000) >= 1000) ^ (generator.random(2000) < 0.05)
    lines = [f"{one},{int(label)}" for one, label in zip(x, y, strict=True)]
    for place, line in zip((30, 60, 90), STRANGE, strict=True):
        lines[place] = line
    (folder / "stream.csv").write_text("\n".join(["x,y", *lines, ""]))
    drift = {"kind": "label-swap", "shape": "abrupt", "start": 1000, "end": 1000}
    (folder / "truth.json").write_text(json.dumps({"format": 1, "records": 2000, "drifts": [drift]}))
    save_model(Model(DATASET, (Numeric("x"),), Linear(np.array([1.0]), 0.0, FITTED), 0.5, 0, 0, {}), folder / "model")
    stream = Stream(file=folder / "stream.csv", truth=folder / "truth.json")
    run_duel(Duel(model=folder / "model", stream=stream, arms=ARMS, window=100), run=folder / "run")
    write_report(folder / "run")
    return folder / "run"


@pytest.fixture
def opened(chromium: Browser, run: Path, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The page, opened from disk without a network; at the end, whatever the console said or asked for is an error."""
    asked: dict[str, Any] = getattr(request, "param", {})
    context = chromium.new_context(offline=True, **asked)
    page = context.new_page()
    said: list[str] = []
    requested: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda one: requested.append(one.url))
    page.goto((run / "report.html").as_uri())
    yield page
    assert ([], [(run / "report.html").as_uri()]) == (said, requested)
    context.close()


def tracked(run: Path, window: int) -> dict[str, str]:
    """The accuracy of every arm in a window, as windows.csv has it, with four decimals."""
    with (run / "windows.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["window"] == str(window)]
    return {row["arm"]: f"{float(row['accuracy']):.4f}" for row in rows}


def read(page: Page) -> dict[str, str]:
    """The values that the chart shows, by arm."""
    names = page.locator(".dd-arm label span").all_inner_texts()
    return dict(zip(names, page.locator(".dd-value").all_inner_texts(), strict=True))


def place_of_curves(page: Page) -> dict[str, float]:
    """Where the curves are, in view."""
    curves = page.locator("#chart .u-over")
    curves.scroll_into_view_if_needed()
    box = curves.bounding_box()
    assert box is not None
    return dict(box)


def test_the_values_under_the_pointer_are_the_runs_own(opened: Page, run: Path) -> None:
    """Pointing at a window shows what windows.csv holds of every arm there, and what happened."""
    box = place_of_curves(opened)
    opened.mouse.move(box["x"] + box["width"] * 12.5 / 20, box["y"] + 20)
    assert tracked(run, 12) == read(opened)
    assert opened.locator(".dd-told").inner_text().startswith("Window 12")


def test_the_keyboard_reads_windows_aloud(opened: Page, run: Path) -> None:
    """Arrow keys move from window to window, and a screen reader is told the values."""
    opened.locator(".dd-plot").focus()
    opened.keyboard.press("End")
    opened.keyboard.press("ArrowLeft")
    assert tracked(run, 18) == read(opened)
    told = opened.locator("[aria-live]").inner_text()
    assert all(f"{arm} {value}" in told for arm, value in tracked(run, 18).items())
    assert "window 18" == opened.locator(".dd-plot").get_attribute("aria-valuetext")


def test_what_happened_is_told_with_its_window(opened: Page) -> None:
    """In the window where the planted drift begins, and in no other, the chart says what was planted."""
    opened.locator(".dd-plot").focus()
    for key in ("Home", "PageUp"):
        opened.keyboard.press(key)
    assert "planted drift: label-swap (abrupt)" in opened.locator(".dd-told").inner_text()
    opened.keyboard.press("ArrowLeft")
    assert "planted drift" not in opened.locator(".dd-told").inner_text()


def test_an_arm_switched_off_disappears(opened: Page) -> None:
    """Its curve and its values go, and the others stay."""
    opened.locator(".dd-plot").focus()
    opened.keyboard.press("End")
    before = opened.locator("#chart .dd-plot").screenshot()
    opened.get_by_role("checkbox", name="periodic").uncheck()
    assert before != opened.locator("#chart .dd-plot").screenshot()
    assert ("", False) == (read(opened)["periodic"], read(opened)["static"] == "")
    opened.get_by_role("checkbox", name="periodic").check()
    assert "" != read(opened)["periodic"]


def test_a_span_is_chosen_by_keyboard(opened: Page) -> None:
    """Two numbers zoom to a span of windows, within which the keys move; a button leads back."""
    opened.get_by_label("from", exact=True).fill("5")
    opened.get_by_label("to", exact=True).fill("8")
    opened.keyboard.press("Tab")
    opened.locator(".dd-plot").focus()
    opened.keyboard.press("End")
    assert opened.locator(".dd-told").inner_text().startswith("Window 8")
    opened.get_by_role("button", name="All windows").press("Enter")
    assert "19" == opened.get_by_label("to", exact=True).input_value()


def test_dragging_zooms(opened: Page) -> None:
    """The windows between press and release fill the chart."""
    box = place_of_curves(opened)
    opened.mouse.move(box["x"] + box["width"] * 5.5 / 20, box["y"] + 20)
    opened.mouse.down()
    opened.mouse.move(box["x"] + box["width"] * 10.5 / 20, box["y"] + 30, steps=4)
    opened.mouse.up()
    ends = [opened.get_by_label(name, exact=True).input_value() for name in ("from", "to")]
    assert ["5", "10"] == ends


def test_another_metric_is_chosen(opened: Page, run: Path) -> None:
    """The same chart shows F1, and its values."""
    opened.get_by_label("Show").select_option("F1")
    opened.locator(".dd-plot").focus()
    opened.keyboard.press("End")
    with (run / "windows.csv").open() as file:
        last = [row for row in csv.DictReader(file) if row["window"] == "19"]
    assert {row["arm"]: f"{float(row['f1']):.4f}" for row in last} == read(opened)


@pytest.mark.parametrize("opened", [{"java_script_enabled": False}], indirect=True)
def test_it_is_complete_without_scripts(opened: Page, run: Path) -> None:
    """The verdict, every figure as a drawing, every table, and the values of every window are there."""
    summary = json.loads((run / "summary.json").read_text())
    main = opened.locator("main").inner_text()
    assert all(words in main for words in summary["verdicts"].values())
    drawings = opened.locator("figure > svg")
    assert drawings.count() >= 1
    assert all(drawings.nth(place).is_visible() for place in range(drawings.count()))
    cells = opened.locator("#curves-section details tbody tr").nth(12).locator("th, td").all_text_contents()
    assert ["12", *tracked(run, 12).values()] == cells


def test_what_a_stranger_sent_is_text(opened: Page) -> None:
    """A dead letter that would be markup or a formula is shown letter by letter."""
    shown = opened.locator("#quality").inner_text()
    assert "<script>alert(1)</script>" in shown
    assert "=cmd|calc!A0" in shown
    assert "\u202e" not in shown
    assert 0 == opened.locator("#quality img, #quality script").count()


LOOKS = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "narrow": {"color_scheme": "light", "viewport": {"width": 360, "height": 740}},
    "narrow and dark": {"color_scheme": "dark", "viewport": {"width": 360, "height": 740}},
}


@pytest.mark.parametrize("opened", LOOKS.values(), ids=LOOKS, indirect=True)
def test_everybody_can_read_it(opened: Page) -> None:
    """axe-core finds nothing wrong, and the page never scrolls sideways."""
    from axe_playwright_python.sync_playwright import Axe

    for details in opened.locator("summary").all():
        details.click()
    found = [(one["id"], one["impact"]) for one in Axe().run(opened).response["violations"]]
    assert [] == found
    width = opened.viewport_size["width"] if opened.viewport_size else 0
    assert opened.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("opened", [LOOKS["narrow"]], indirect=True)
def test_captions_of_long_names_never_make_it_scroll_sideways(opened: Page) -> None:
    """A caption names arms, each as long as an arm's name may be: 40 letters without a gap."""
    opened.locator("figcaption").first.evaluate("(caption) => { caption.textContent = 'W'.repeat(40) }")
    assert opened.evaluate("document.documentElement.scrollWidth") <= 360


def test_it_follows_the_readers_light(opened: Page) -> None:
    """Where light turns to dark while the page is open, the chart turns, too."""
    opened.emulate_media(color_scheme="light")
    before = opened.locator("#chart .dd-plot").screenshot()
    opened.emulate_media(color_scheme="dark")
    opened.wait_for_timeout(100)
    assert before != opened.locator("#chart .dd-plot").screenshot()
