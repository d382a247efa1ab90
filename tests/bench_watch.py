"""What the live page costs a duel, and how soon it shows a window. Reported, never asserted.

`make bench` runs it. Each round is the same duel alone, with `watch` following it, and with a page open in Chromium,
too (where there is one); the figures are ratios of the duel's own CPU time, and of its wall time, within a round.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

RECORDS, ROUNDS = 200_000, 5
QUICK = ("--algorithm", "random_forest", "--folds", 0, "--repeats", 1)
DRIFTDUEL = Path(sys.executable).with_name("driftduel")
CHROMIUM = shutil.which("chromium")
SEEN = """() => {
  window.seen = [];
  new MutationObserver(() => {
    for (const pair of document.querySelectorAll('#facts > div'))
      if (pair.children[0].textContent === 'windows') {
        const shown = Number(pair.children[1].textContent.replaceAll(',', ''));
        while (window.seen.length < shown) window.seen.push(Date.now() / 1000);
      }
  }).observe(document.getElementById('facts'), {subtree: true, childList: true, characterData: true});
}"""
"""Notes when the page first says so many windows; it says so after it has drawn them."""


def main() -> None:
    """Measure everything in a temporary folder and print one line per figure."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run("generate", "dns-exfil", "--records", 10_000, "--seed", 1, "--out", folder / "static.csv")
        run("generate", "dns-exfil", "--records", RECORDS, "--seed", 2, "--out", folder / "stream.csv")
        run("train", folder / "static.csv", "--dataset", "dns-exfil", "--out", folder / "model", *QUICK)
        alone, followed, seen, late = [], [], [], []
        for number in range(ROUNDS):
            alone.append(duel(folder, f"alone{number}"))
            with watched(folder / f"followed{number}"):
                followed.append(duel(folder, f"followed{number}"))
            if CHROMIUM:
                with watched(folder / f"seen{number}") as address, shown(address) as times:
                    seen.append(duel(folder, f"seen{number}"))
                    late += lateness(folder / f"seen{number}", times)
        told("the duel with watch", followed, alone)
        if CHROMIUM:
            told("the duel with watch and a page in Chromium", seen, alone)
            print(f"from commit to the page: {statistics.median(late):.2f} s, at most {max(late):.2f} s")


def duel(folder: Path, name: str) -> tuple[float, float]:
    """CPU and wall seconds of one duel in a process of its own."""
    command = [
        DRIFTDUEL,
        "evaluate",
        "--model",
        folder / "model",
        "--file",
        folder / "stream.csv",
        "--run",
        folder / name,
    ]
    began = time.monotonic()
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    assert status == 0
    return usage.ru_utime + usage.ru_stime, time.monotonic() - began


@contextmanager
def watched(path: Path) -> Iterator[str]:
    """`driftduel watch`, and its address."""
    with subprocess.Popen([DRIFTDUEL, "watch", path, "--port", "0"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.terminate()


@contextmanager
def shown(address: str) -> Iterator[Callable[[], list[float]]]:
    """A page in Chromium; gives a function that tells when each window was there."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"] * (os.geteuid() == 0))
        page = browser.new_page()
        page.goto(address)
        page.wait_for_selector("#facts dd")
        page.evaluate(SEEN)
        yield lambda: list(page.evaluate("window.seen"))
        browser.close()


def lateness(path: Path, times: Callable[[], list[float]]) -> list[float]:
    """Seconds from each segment's rename to the page."""
    segments = sorted((path / "segments").glob("*.arrow"))
    while len(times()) < len(segments):
        time.sleep(0.2)
    return [seen - segment.stat().st_ctime for seen, segment in zip(times(), segments, strict=True)]


def run(*arguments: object) -> None:
    """One console command, quietly."""
    subprocess.run([DRIFTDUEL, *map(str, arguments)], check=True, capture_output=True)


def told(what: str, these: Sequence[tuple[float, float]], those: Sequence[tuple[float, float]]) -> None:
    """One line: the median ratios to the duel alone, and their ranges."""
    for kind, at in (("CPU", 0), ("wall", 1)):
        ratios = [this[at] / that[at] for this, that in zip(these, those, strict=True)]
        print(f"{what}, {kind}: {statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})")


if __name__ == "__main__":
    main()
