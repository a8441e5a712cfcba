"""Make the book: ``python -m docs.book``, or ``make book``.

Its source is put together in ``dist/book-source`` from the pages of ``docs/``, the notebooks with their outputs, and pages that are
made of the syllabus and of the packages; Sphinx makes ``dist/book`` of it. A file is written only when it has changed, so
that Sphinx reads only that again.
"""

from __future__ import annotations

import hashlib
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from sphinx.cmd.build import main as sphinx_build

from autograder import build
from course_utils.widgets._face import alone
from docs import pages
from docs.notebooks import book_page

ROOT = Path(__file__).parents[1]
SOURCE, BOOK = ROOT / "dist" / "book-source", ROOT / "dist" / "book"
WORKERS = 2  # notebooks that run at once


def main() -> int:
    """Run what is stale, assemble, build; the exit status is Sphinx's, which takes each warning for an error."""
    begin = time.monotonic()
    topics = build.topics(ROOT)
    with ProcessPoolExecutor(WORKERS) as pool:
        list(pool.map(prepare, topics))
    print(f"notebooks: {time.monotonic() - begin:.0f} s", flush=True)
    assemble(topics)
    options = ["--fail-on-warning", "--keep-going", "--quiet", "-d", f"{BOOK}-doctrees"]
    status = sphinx_build([*options, f"-Dmade_of={_code()}", str(SOURCE), str(BOOK)])
    size = sum(path.stat().st_size for path in BOOK.rglob("*") if path.is_file()) / 1e6
    print(f"{BOOK.relative_to(ROOT)}/index.html: {size:.0f} MB, {time.monotonic() - begin:.0f} s")
    return status


def prepare(topic: str) -> None:
    """Put the notebook of ``topic`` into the source, run and with widgets that play, unless it is there as it should be."""
    page = SOURCE / "topics" / f"{topic}.ipynb"
    notebook = build.executed_student(topic, ROOT)
    made_of = (notebook, ROOT / "docs" / "notebooks.py", ROOT / "docs" / "players.py")
    if not page.exists() or page.stat().st_mtime < max(path.stat().st_mtime for path in made_of):
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(book_page(notebook, topic, SOURCE / "_static"), encoding="utf-8")


def assemble(topics: list[str]) -> None:
    """Put all else that the book is made of into its source, and remove what no longer belongs there."""
    docs = ROOT / "docs"
    files = {
        path.relative_to(docs): path for path in docs.rglob("*") if path.suffix in (".svg", ".png", ".css")
    }
    files |= {Path("benchmarks", path.name): path for path in (ROOT / "benchmarks").glob("*.png")}
    made = {place: path.read_bytes() for place, path in files.items()}
    texts = {Path("conf.py"): (docs / "conf.py").read_text(encoding="utf-8")}
    texts[Path("_static", "book.js")] = alone() + (docs / "_static" / "book.js").read_text(encoding="utf-8")
    texts |= pages.written(ROOT) | pages.generated(ROOT)
    made |= {place: text.encode() for place, text in texts.items()}
    kept = {SOURCE / "topics" / f"{topic}.ipynb" for topic in topics} | {SOURCE / place for place in made}
    for path in SOURCE.rglob("*"):
        if path.is_file() and path not in kept and not path.is_relative_to(SOURCE / "_static"):
            path.unlink()
    for place, content in made.items():
        path = SOURCE / place
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_bytes() != content:
            path.write_bytes(content)


def _code() -> str:
    """A hash of the code that pages are made by and document."""
    folders = (ROOT / "docs", ROOT / "course_utils", ROOT / "autograder")
    paths = sorted(path for folder in folders for path in folder.rglob("*") if path.suffix in (".py", ".js"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
