"""Pictures of a report for the documentation, light, dark and narrow.

python tests/browser/screenshots.py RUN/report.html docs
"""

from __future__ import annotations

import sys
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

LOOKS = {
    "light": ("light", {"width": 1000, "height": 1600}),
    "dark": ("dark", {"width": 1000, "height": 1600}),
    "narrow": ("light", {"width": 360, "height": 1600}),
}


def shoot(browser: Browser, page: Path, name: str) -> Image.Image:
    """From the title to the end of the chart, with the cursor on a window in which something happened."""
    scheme, viewport = LOOKS[name]
    opened = browser.new_page(viewport=viewport, color_scheme=scheme)
    opened.goto(page.resolve().as_uri())
    opened.locator(".dd-plot").focus()
    for key in ["Home", *["PageUp"] * 4]:
        opened.keyboard.press(key)
    opened.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    box = opened.locator("#chart").bounding_box()
    clip = {"x": 0, "y": 0, "width": viewport["width"], "height": box["y"] + box["height"] + 20}
    return Image.open(BytesIO(opened.screenshot(full_page=True, clip=clip)))


def main(page: Path, folder: Path) -> None:
    """Write report-light.png, report-dark.png and report-narrow.png, in 256 colours each."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for name in LOOKS:
            picture = shoot(browser, page, name).convert("RGB").quantize(256)
            picture.save(folder / f"report-{name}.png", optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
