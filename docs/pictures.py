"""Draw every widget as it first shows itself, light and dark, into ``docs/images/widgets``."""

from __future__ import annotations

import tempfile
from pathlib import Path
from shutil import which

from playwright.sync_api import sync_playwright

import course_utils.widgets as widgets
from course_utils.widgets._face import standalone

FOLDER = Path(__file__).parent / "images" / "widgets"


def main() -> None:
    """One PNG for each widget and theme, 900 pixels wide."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    chromium = which("chromium") or which("google-chrome")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 900, "height": 300})
        for name in widgets.__all__:
            widget = getattr(widgets, name)()
            for theme in ("light", "dark"):
                path = Path(folder, "page.html")
                path.write_text(standalone(widget, dark=theme == "dark"), encoding="utf-8")
                page.goto(path.as_uri())
                page.wait_for_selector("[data-ready]")
                page.screenshot(path=FOLDER / f"{name}-{theme}.png", full_page=True)
        browser.close()


if __name__ == "__main__":
    main()
