"""Make a small class, and draw the pages for written answers and for alike answers into ``docs/images``."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
from playwright.sync_api import Browser

from autograder import build
from autograder.demo import replace_answer
from autograder.similar import compare
from autograder.similar.report import main as write_similar
from docs.pictures import IMAGES, chromium

TOPIC = "08_detection"
ANSWERS = [
    "",
    "",
    "R-CNN, because it is the most accurate.",
    "A single shot on one coarse map, because it is the fastest.\n\n- Suppression deletes bees in a crowd.\n- I would lower their scores"
    " instead: $s_i \\leftarrow s_i (1 - \\mathrm{IoU})$, which is slower.\n\nNo: the error of the count.",
    "A single shot with a pyramid: 20 pictures a second on a small computer leave time for **one** pass, and a bee of 15 pixels is less than a cell"
    " at stride 16.\n\nOf two bees that overlap the weaker one is lost. A higher threshold keeps both, but finds some bees twice.\n\nmAP ranks boxes. The"
    " keeper wants counts: I'd measure the error of the count a minute, in the crowd and when it is quiet.",
    "A pyramid. Suppression may take one bee for two. mAP is fine because it is the standard measure.",
    "Faster R-CNN. Suppression is needed, or each bee counts twice.",
    "Single shot, pyramid; boxes along the bee's direction, for which we need new labels.",
]


def make_class(folder: Path, root: Path) -> None:
    """Notebooks with those answers; the last student hands in the code of the one before under other names."""
    stub = build.student_notebook(TOPIC, root)
    solution, handed_out = build.solution_notebook(TOPIC, root), set(build.handed_out(TOPIC, root))
    solved = compare.answers(solution, handed_out, list(build.test_sources(TOPIC, root)))
    for number, text in enumerate(ANSWERS):
        notebook = nbformat.from_dict(stub)
        if number >= len(ANSWERS) - 2:
            for name in ("make_anchors", "iou"):
                bare = ast.unparse(ast.parse(solved[name]))
                mine = bare if number % 2 else re.sub(r"\b(row|column|x|y|side)\b", r"my_\1", bare)
                notebook = replace_answer(notebook, name, mine)
        next(cell for cell in notebook.cells if cell.source.startswith("_Type your answer")).source = text
        nbformat.write(notebook, folder / f"student_{number + 1}.ipynb")


def shoot_rubric(browser: Browser, handed_in: Path, out: Path) -> None:
    """Mark three answers, and draw the page."""
    command = [sys.executable, "-m", "autograder", "rubric", TOPIC, handed_in, "--out", out, "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        match = re.search(r"http://\S+", server.stdout.readline())
        assert match is not None
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.goto(match[0])
        page.locator("body[data-ready]").wait_for()
        for part, keys in {"the weaker one": "123", "coarse map": "11223", "Nothing was": "0"}.items():
            page.locator(".answer", has_text=part).click()
            for key in keys:
                page.keyboard.press(key)
        page.locator(".answer", has_text="coarse map").click()
        page.evaluate("scrollTo(0, 0)")
        page.get_by_text("4 of 16 marked").wait_for()
        page.screenshot(path=IMAGES / "rubric.png")
        server.terminate()


def main() -> None:
    """Draw both pages."""
    with tempfile.TemporaryDirectory() as temporary, chromium() as browser:
        handed_in, out, root = Path(temporary, "in"), Path(temporary, "out"), build.find_root()
        handed_in.mkdir()
        make_class(handed_in, root)
        shoot_rubric(browser, handed_in, out)
        write_similar(TOPIC, [handed_in], out, root=root)
        page = browser.new_page(viewport={"width": 1200, "height": 900})
        page.goto((out / "similar.html").as_uri())
        page.screenshot(path=IMAGES / "similar.png")


if __name__ == "__main__":
    main()
