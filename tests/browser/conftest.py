"""One real Chromium for the session: Debian's, installed where it is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NAMES = ("chromium", "chromium-browser", "google-chrome")
INSTALL = (("apt-get", "update", "-qq"), ("apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A running Chromium, or a loud skip where none can be had."""
    from playwright.sync_api import sync_playwright

    place = _found() or _installed()
    if place is None:
        # In CI a page that nobody has looked at is a failure.
        absent = pytest.fail if os.environ.get("CI") else pytest.skip
        absent("PAGES NOT TESTED: no Chromium is there, and none can be installed; as root: apt-get install chromium")
    with sync_playwright() as playwright:
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=place, args=sandbox)
        yield browser
        browser.close()


def _found() -> str | None:
    return next(filter(None, map(shutil.which, NAMES)), None)


def _installed() -> str | None:
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return None
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in INSTALL:
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=900, env=quiet)
        if done.returncode:
            print(f"{' '.join(command)}: {done.stderr.strip()[-300:]}")
    return _found()
