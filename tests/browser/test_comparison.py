"""The page that compares runs, in a real browser: opened from disk, without a network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from analysis.comparison_report import write_comparison
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
LONG = "W" * 40
ARMS = ("static", "dynamic", f"{LONG}:policy=periodic(3),gate=none")
WINDOWS = {"first": 100, "second": 100, "set-apart": 50}
LOOKS = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "narrow": {"color_scheme": "light", "viewport": {"width": 360, "height": 740}},
    "narrow and dark": {"color_scheme": "dark", "viewport": {"width": 360, "height": 740}},
}


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seeds of a stream whose labels swap half-way, and a run with other windows, which is set apart."""
    folder = tmp_path_factory.mktemp("compared")
    generator = np.random.default_rng(0)
    x = generator.integers(-50, 50, size=1000)
    y = (x > 0) ^ (np.arange(1000) >= 500) ^ (generator.random(1000) < 0.05)
    lines = [f"{one},{int(label)}" for one, label in zip(x, y, strict=True)]
    (folder / "stream.csv").write_text("\n".join(["x,y", *lines, ""]))
    save_model(Model(DATASET, (Numeric("x"),), Linear(np.array([1.0]), 0.0, FITTED), 0.5, 0, 0, {}), folder / "model")
    stream = Stream(file=folder / "stream.csv")
    for seed, (name, size) in enumerate(WINDOWS.items()):
        run_duel(Duel(model=folder / "model", stream=stream, arms=ARMS, window=size, seed=seed), run=folder / name)
    write_comparison([folder / name for name in WINDOWS], out=folder / "out", metrics=["accuracy"], formats=["svg"])
    return folder / "out/report.html"


@pytest.fixture
def opened(chromium: Browser, compared: Path, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The page; at the end, whatever the console said or asked for is an error."""
    context = chromium.new_context(offline=True, **request.param)
    page = context.new_page()
    said: list[str] = []
    requested: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda one: requested.append(one.url))
    page.goto(compared.as_uri())
    yield page
    assert ([], [compared.as_uri()]) == (said, requested)
    context.close()


@pytest.mark.parametrize("opened", LOOKS.values(), ids=LOOKS, indirect=True)
def test_everybody_can_read_it(opened: Page) -> None:
    """axe-core finds nothing wrong, and the page never scrolls sideways, however long an arm's name."""
    from axe_playwright_python.sync_playwright import Axe

    for details in opened.locator("summary").all():
        details.click()
    assert LONG in opened.locator("main").inner_text()
    found = [(one["id"], one["impact"], one["nodes"][0]["html"]) for one in Axe().run(opened).response["violations"]]
    assert [] == found
    width = opened.viewport_size["width"] if opened.viewport_size else 0
    assert opened.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("opened", [{"java_script_enabled": False}], indirect=True)
def test_each_run_is_one_step_away(opened: Page, compared: Path) -> None:
    """Without scripts, too, every run's own verdict unfolds, and the way to its report leads to one."""
    for name in WINDOWS:
        part = opened.locator("details", has=opened.get_by_text(name, exact=True))
        part.locator("summary").click()
        link = part.get_by_role("link", name=f"The report of {name}").get_attribute("href")
        assert (compared.parent / str(link)).is_file()
        assert "static" in part.inner_text()
    assert opened.locator("figure > svg").is_visible()
