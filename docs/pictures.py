"""Draw every widget as it first shows itself, light and dark, into ``docs/images/widgets``."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which

from playwright.sync_api import Browser, Page, sync_playwright

import course_utils.widgets as widgets
from course_utils.widgets._face import standalone

IMAGES = Path(__file__).parent / "images"
FOLDER = IMAGES / "widgets"


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser that all pictures are drawn with."""
    path = which("chromium") or which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


def main() -> None:
    """One PNG for each widget and theme, 900 pixels wide; then the playground for the README."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        page = browser.new_page(viewport={"width": 900, "height": 300})
        for name in widgets.__all__:
            widget = getattr(widgets, name)()
            for theme in ("light", "dark"):
                path = Path(folder, "page.html")
                path.write_text(standalone(widget, dark=theme == "dark"), encoding="utf-8")
                page.goto(path.as_uri())
                page.wait_for_selector("[data-ready]")
                page.screenshot(path=FOLDER / f"{name}-{theme}.png", full_page=True)
        playground(page, Path(folder))


def playground(page: Page, folder: Path) -> None:
    """The playground at the end of a race."""
    path = folder / "playground.html"
    path.write_text(standalone(widgets.OptimizerPlayground(), dark=False), encoding="utf-8")
    page.goto(path.as_uri())
    page.wait_for_selector("[data-ready]")
    page.get_by_role("slider", name="step").first.press("End")
    page.wait_for_timeout(500)
    page.screenshot(path=IMAGES / "playground.png", full_page=True)


if __name__ == "__main__":
    main()
