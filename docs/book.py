"""Make the book: ``python -m docs.book``, or ``make book``.

Its source is put together in ``dist/book-source`` from the pages of ``docs/``, the notebooks with their outputs, and pages that are
made of the syllabus and of the packages; Sphinx makes ``dist/book`` of it. A file is written only when it has changed, so
that Sphinx reads only that again.
"""

from __future__ import annotations

import shutil
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from sphinx.cmd.build import main as sphinx_build

from autograder import build
from course_utils.widgets._face import alone
from docs import pages
from docs.notebooks import book_page

ROOT = Path(__file__).parents[1]
WORKERS = 2  # notebooks that run at once


def main() -> int:
    """Run what is stale, assemble, build; the exit status is Sphinx's, which takes each warning for an error."""
    begin = time.monotonic()
    source, made = ROOT / "dist" / "book-source", ROOT / "dist" / "book"
    names = build.topics(ROOT)
    with ProcessPoolExecutor(WORKERS) as pool:
        executed = dict(zip(names, pool.map(partial(build.executed_student, root=ROOT), names), strict=True))
    print(f"notebooks have their outputs: {time.monotonic() - begin:.0f} s", flush=True)
    assemble(source, executed)
    print(f"source is put together: {time.monotonic() - begin:.0f} s", flush=True)
    status = sphinx_build(
        ["--fail-on-warning", "--keep-going", "--quiet", "-d", f"{made}-doctrees", str(source), str(made)]
    )
    size = sum(path.stat().st_size for path in made.rglob("*") if path.is_file()) / 1e6
    print(f"{made.relative_to(ROOT)}/index.html: {size:.0f} MB, {time.monotonic() - begin:.0f} s")
    return status


def assemble(source: Path, executed: dict[str, Path]) -> None:
    """Put the source of the book together in the folder ``source``.

    Parameters
    ----------
    source
        Where to; what is there and no longer belongs to it goes.
    executed
        Of each topic the student's notebook with its outputs.
    """
    docs = ROOT / "docs"
    files = {
        path.relative_to(docs): path for path in docs.rglob("*") if path.suffix in (".svg", ".png", ".css")
    }
    files |= {Path("benchmarks", path.name): path for path in (ROOT / "benchmarks").glob("*.png")}
    texts = {Path("conf.py"): (docs / "conf.py").read_text(encoding="utf-8")}
    texts[Path("_static", "book.js")] = alone() + (docs / "_static" / "book.js").read_text(encoding="utf-8")
    texts |= pages.written(ROOT) | pages.generated(ROOT)
    widgets = source / "_static" / "widgets"
    notebooks = [Path("topics", f"{name}.ipynb") for name in executed]
    wanted = {source / path for path in (*files, *texts, *notebooks)}
    for path in source.rglob("*"):
        if (
            path.is_file()
            and path not in wanted
            and not path.is_relative_to(widgets)
            and path.name != "face.css"
        ):
            path.unlink()
    for path, original in files.items():
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        if not (source / path).exists() or (source / path).read_bytes() != original.read_bytes():
            shutil.copyfile(original, source / path)
    for path, text in texts.items():
        _write(source / path, text)
    for name, notebook in executed.items():
        path = source / "topics" / f"{name}.ipynb"
        if not path.exists() or path.stat().st_mtime < notebook.stat().st_mtime:
            _write(path, book_page(notebook, name, source / "_static"))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
