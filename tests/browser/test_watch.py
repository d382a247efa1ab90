"""The live page in a real Chromium, fed by a real duel."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from playwright.sync_api import expect

from analysis.curves_data import dash
from analysis.figures.looks import looks_of
from online.duel import Duel, Stream, run_duel
from producer.dataset import Column, Dataset, Label
from static_model.artifact import Linear, Model, Numeric, save_model

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

pytestmark = pytest.mark.browser

DATASET = Dataset(
    name="tiny",
    label=Label(positive=("1",), negative=("0",)),
    columns=(Column(name="x", type="int"), Column(name="y", type="label")),
)
SIZE, WINDOWS = 100, 30
ARMS = ("static", "periodic:policy=periodic-5,train=last-2,gate=none")
EVIL = "<script>document.title='hit'</script><img src=x onerror=\"document.title='hit'\">"
LOOKS = {"light": (1100, 1500), "dark": (1100, 1500), "narrow": (390, 1400)}


@pytest.fixture
def inputs(tmp_path: Path) -> tuple[Path, Path]:
    """A model, and a stream of 30 windows of 100 that turns round half-way, with markup where a number should be."""
    chosen = np.random.default_rng(1)
    x = chosen.integers(-50, 50, SIZE * WINDOWS)
    noise = chosen.random(len(x)) < 0.1
    y = ((x > 0) ^ noise ^ (np.arange(len(x)) > len(x) // 2)).astype(int)
    lines = [f"{a},{b}" for a, b in zip(x, y, strict=True)]
    lines[250] = EVIL.replace(",", ";") + ",1"
    stream = tmp_path / "stream.csv"
    stream.write_text("x,y\n" + "\n".join(lines) + "\n")
    model = Model(
        DATASET, (Numeric("x"),), Linear(np.array([1.0]), 0.0, {"reg_param": 0.01, "max_iter": 50}), 0.5, 0, 0, {}
    )
    save_model(model, tmp_path / "model")
    return tmp_path / "model", stream


def duel(inputs: tuple[Path, Path], run: Path, *, pause: float = 0.0, **options: object) -> None:
    """A duel into `run` that rests for so many seconds after each window."""

    @contextmanager
    def bar(_: int | None) -> Iterator[Callable[[int], None]]:
        yield lambda _: time.sleep(pause)

    model, file = inputs
    run_duel(Duel(model=model, stream=Stream(file=file), window=SIZE, **({"arms": ARMS} | options)), run=run, bar=bar)


@contextmanager
def watching(run: Path, port: int = 0) -> Iterator[str]:
    """`driftduel watch`, and its address."""
    command = [sys.executable, "-P", "-m", "driftduel", "watch", str(run), "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield process.stdout.readline().strip()
    finally:
        process.send_signal(2)
        assert process.wait(timeout=30) == 0
        process.stdout.close()


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Opens an address as light, dark or narrow; any word on the console is a failure, unless one is expected."""
    said: list[str] = []
    pages = []

    def opened(address: str, look: str = "light", *, quiet: bool = True) -> Page:
        width, height = LOOKS[look]
        scheme = "dark" if look == "dark" else "light"
        page = chromium.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
        if quiet:
            page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(address)
        pages.append(page)
        return page

    yield opened
    for page in pages:
        page.close()
    assert [] == said


def wait_for(page: Page, state: str, windows: int = WINDOWS) -> None:
    """Wait until the page says so."""
    page.wait_for_selector(f"#state[data-state='{state}']", timeout=60_000)
    expect(fact(page, "windows")).to_have_text(str(windows), timeout=60_000)


def fact(page: Page, name: str) -> Locator:
    """The value beside a name, at the head of the page."""
    return page.locator("#facts > div").filter(has=page.get_by_text(name, exact=True)).locator("dd")


def in_file(run: Path, metric: str) -> list[list[str]]:
    """A metric as the page writes it: by window, static first."""
    with (run / "windows.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    by_window = [[row[metric] for row in rows if row["window"] == str(window)] for window in range(WINDOWS)]
    return [[written(value) for value in values] for values in by_window]


def written(value: str) -> str:
    if not value:
        return "undefined"
    return str(int(float(value))) if float(value).is_integer() else f"{float(value):.4f}"


def on_page(page: Page, chart: str) -> list[list[str]]:
    """The values that a chart tells of each window when walked through by keyboard."""
    page.focus(f"#chart-{chart} .dd-plot")
    page.keyboard.press("Home")
    found = []
    for _ in range(WINDOWS):
        found.append(page.locator(f"#chart-{chart} .dd-value").all_inner_texts())
        page.keyboard.press("ArrowRight")
    return found


def test_the_pages_numbers_are_the_runs(inputs, open_page, tmp_path: Path) -> None:
    """Accuracy, F1 and any other metric of every window and arm, and the events, as the run's files hold them."""
    run = tmp_path / "run"
    duel(inputs, run)
    with watching(run) as address:
        page = open_page(address)
        wait_for(page, "finished")
        assert in_file(run, "accuracy") == on_page(page, "accuracy")
        assert in_file(run, "f1") == on_page(page, "f1")
        page.select_option("#metric", "log_loss")
        page.wait_for_timeout(300)
        assert in_file(run, "log_loss") == on_page(page, "other")
        lines = (run / "events.jsonl").read_text().splitlines()
        assert len(lines) == page.locator("#events tr").count() > 0
        expect(fact(page, "scored")).to_have_text("2,999")
        expect(fact(page, "source")).to_have_text("stream.csv")


def test_it_moves_while_a_duel_runs(inputs, open_page, tmp_path: Path) -> None:
    """From before the run begins, through its windows one by one, to its end, without a reload."""
    run = tmp_path / "run"
    with watching(run) as address:
        page = open_page(address)
        page.wait_for_selector("#state[data-state='waiting']")
        running = threading.Thread(target=duel, args=(inputs, run), kwargs={"pause": 0.1})
        running.start()
        seen = set()
        while running.is_alive():
            seen |= set(fact(page, "windows").all_inner_texts())
            page.wait_for_timeout(50)
        wait_for(page, "finished")
        assert in_file(run, "accuracy") == on_page(page, "accuracy")
    assert len(seen) > 5


def test_it_survives_restarts_of_both_sides(inputs, open_page, tmp_path: Path) -> None:
    """A run stopped half-way, the watch gone and back, an arm added at the end: no window is missed or told twice."""
    run = tmp_path / "run"
    duel(inputs, run, max_windows=10)
    with watching(run) as address:
        page = open_page(address, quiet=False)
        wait_for(page, "stopped", 10)
        expect(page.locator("#state")).to_contain_text("stopped at the number of windows that was asked for, and open")
    expect(page.locator("#state")).to_contain_text("the watch has ended")
    with watching(run) as address:
        page = open_page(address, quiet=False)
        wait_for(page, "stopped", 10)
        duel(inputs, run)
        wait_for(page, "finished")
        duel(inputs, run, arms=("also:policy=periodic-7,train=last-2,gate=none",))
        expect(page.locator("#arms tr")).to_have_count(3, timeout=60_000)
        wait_for(page, "finished")
        expect(page.locator("#events tr")).to_have_count(lines(run), timeout=60_000)
        assert in_file(run, "accuracy") == on_page(page, "accuracy")


def lines(run: Path) -> int:
    return len((run / "events.jsonl").read_text().splitlines())


def test_a_lost_connection_comes_back(inputs, open_page, tmp_path: Path) -> None:
    """A watch that is killed and started again on its port is found again by the open page."""
    run = tmp_path / "run"
    duel(inputs, run)
    command = [sys.executable, "-P", "-m", "driftduel", "watch", str(run), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as killed:
        address = killed.stdout.readline().strip()
        page = open_page(address, quiet=False)
        wait_for(page, "finished")
        killed.kill()
    page.wait_for_selector("#state[data-state='lost']", timeout=30_000)
    with watching(run, int(address.strip("/").rsplit(":", 1)[1])):
        wait_for(page, "finished")
        assert lines(run) == page.locator("#events tr").count()


def test_markup_in_a_dead_letter_is_text(inputs, open_page, tmp_path: Path) -> None:
    """What was no record is shown with its reason, and never becomes part of the page."""
    run = tmp_path / "run"
    duel(inputs, run)
    with watching(run) as address:
        page = open_page(address)
        wait_for(page, "finished")
        cells = page.locator("#dead tr").first.locator("td, th").all_inner_texts()
        assert ("250", f"{EVIL},1") == (cells[0], cells[3])
        assert "'x'" in cells[2] or "column" in cells[2]
        assert 0 == page.locator("main script, main img").count()
        assert "hit" != page.title()


def test_an_arm_looks_as_in_the_report(
    inputs: tuple[Path, Path], tmp_path: Path, open_page: Callable[..., Page]
) -> None:
    """Colour and dash of each arm are those that the figures give it, in their order."""
    names = ("static", "dynamic", *(f"a{number}" for number in range(9)))
    duel(inputs, tmp_path / "run", arms=("static", *(f"{name}:policy=never" for name in names[1:])))
    with watching(tmp_path / "run") as address:
        page = open_page(address)
        wait_for(page, "finished")
        drawn = page.locator("#arms line").evaluate_all(
            "lines => lines.map((one) => [one.getAttribute('stroke'), one.getAttribute('stroke-dasharray')])"
        )
        assert list(names) == [name.strip() for name in page.locator("#arms th span").all_inner_texts()]
    expected = [(look.color, dash(look.line)) for look in looks_of(names).values()]
    assert [[color, parts and " ".join(str(2 * part) for part in parts)] for color, parts in expected] == drawn


@pytest.mark.parametrize("look", list(LOOKS))
def test_it_can_be_used_by_everybody(inputs, open_page, tmp_path: Path, look: str) -> None:
    """axe-core finds nothing serious, and nothing is wider than the window; a picture of it is kept."""
    from axe_playwright_python.sync_playwright import Axe

    run = tmp_path / "run"
    duel(inputs, run)
    kept = Path(os.environ.get("DRIFTDUEL_SCREENSHOTS", tmp_path))
    with watching(run) as address:
        page = open_page(address, look)
        wait_for(page, "finished")
        page.wait_for_timeout(300)
        page.screenshot(path=kept / f"watch-{look}.png")
        found = Axe().run(page).response["violations"]
        assert [] == [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in ("serious", "critical")]
        assert LOOKS[look][0] >= page.evaluate("document.documentElement.scrollWidth")


def test_arms_are_switched_off_by_keyboard(inputs, open_page, tmp_path: Path) -> None:
    """A chart's boxes are reached by Tab and switched by Space."""
    run = tmp_path / "run"
    duel(inputs, run)
    with watching(run) as address:
        page = open_page(address)
        wait_for(page, "finished")
        box = page.locator("#chart-accuracy input[type=checkbox]").nth(1)
        box.focus()
        page.keyboard.press("Space")
        assert not box.is_checked()
        assert ["", ""] != on_page(page, "accuracy")[3]
        assert "" == on_page(page, "accuracy")[3][1]


def test_a_token_is_asked_for_once(inputs, open_page, tmp_path: Path) -> None:
    """Beyond loopback the printed address opens the page, the token leaves the address bar, and a reload needs none."""
    run = tmp_path / "run"
    duel(inputs, run)
    command = [sys.executable, "-P", "-m", "driftduel", "watch", str(run), "--port", "0", "--host", "0.0.0.0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        address = process.stdout.readline().strip().replace("0.0.0.0", "127.0.0.1")
        page = open_page(address)
        wait_for(page, "finished")
        assert "token" in address
        assert address.split("?")[0] == page.url
        page.reload()
        wait_for(page, "finished")
        page.close()
        process.send_signal(2)
