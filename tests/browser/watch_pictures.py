"""Makes the pictures of the live page in docs/: a real duel, stopped half-way.

    python tests/browser/watch_pictures.py MODEL FILE FOLDER

MODEL is a model directory, FILE a stream of its contract with 40 windows of 1,000 or more.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from online.duel import Duel, Stream, run_duel

ARMS = ("static", "dynamic", "periodic:policy=periodic-10,train=last-5,gate=none")
LOOKS = {"light": (1000, 1520), "dark": (1000, 1520), "narrow": (390, 1240)}
HALF = 40
DRAWN = (
    "() => document.querySelectorAll('#arms tr').length === 3 && document.querySelectorAll('.dd-chart').length === 3"
)


def main(model: Path, file: Path, folder: Path) -> None:
    """Write watch-light.png, watch-dark.png and watch-narrow.png."""
    half, go_on = threading.Event(), threading.Event()

    @contextmanager
    def bar(_: int | None) -> Iterator[Callable[[int], None]]:
        done: list[int] = []

        def advance(records: int) -> None:
            done.append(records)
            if len(done) == HALF:
                half.set()
                go_on.wait()

        yield advance

    with tempfile.TemporaryDirectory() as place:
        run = Path(place) / file.name.partition(".")[0]
        duel = threading.Thread(
            target=run_duel,
            args=(Duel(model=model, stream=Stream(file=file), arms=ARMS),),
            kwargs={"run": run, "bar": bar},
        )
        duel.start()
        half.wait()
        command = [sys.executable, "-P", "-m", "driftduel", "watch", str(run), "--port", "0"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watch, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            address = watch.stdout.readline().strip()
            for look in LOOKS:
                take(browser, address, look, folder / f"watch-{look}.png")
            watch.terminate()
        go_on.set()
        duel.join()


def take(browser: Browser, address: str, look: str, path: Path) -> None:
    """One picture, with the values under the cursor in the first chart."""
    width, height = LOOKS[look]
    scheme = "dark" if look == "dark" else "light"
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    page.goto(address)
    page.wait_for_function(DRAWN)
    page.wait_for_timeout(1500)
    page.focus("#chart-accuracy .dd-plot")
    for key in ("End", "PageDown", *["ArrowLeft"] * 12):
        page.keyboard.press(key)
    page.evaluate("() => document.activeElement.blur()")
    page.wait_for_timeout(300)
    page.screenshot(path=path)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
