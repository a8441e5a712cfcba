"""Files that are no notebook, or another than was asked for, as a table."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode


@dataclass(frozen=True)
class BrokenFile:
    """One hostile file.

    Parameters
    ----------
    name
        Of the file and of the submission that it becomes.
    tries
        What it is, in one sentence.
    says
        A part of what is said of it.
    write
        Writes it into a folder, made from an honest notebook.
    status
        Of the result.
    earns
        The points that it must get.
    submission
        The name of the submission, if another than ``name``.
    """

    name: str
    tries: str
    says: str
    write: Callable[[Path, NotebookNode], None]
    status: str = "invalid"
    earns: tuple[tuple[str, float], ...] = ()
    submission: str = ""


def _text(name: str, change: Callable[[str], str]) -> Callable[[Path, NotebookNode], None]:
    def write(folder: Path, notebook: NotebookNode) -> None:
        (folder / name).write_bytes(change(nbformat.writes(notebook)).encode("utf-8", "surrogatepass"))

    return write


def _json(name: str, change: Callable[[dict], object]) -> Callable[[Path, NotebookNode], None]:
    def changed(text: str) -> str:
        content = json.loads(text)
        new = change(content)
        return json.dumps(content if new is None else new)

    return _text(name, changed)


def _bytes(name: str, content: bytes) -> Callable[[Path, NotebookNode], None]:
    return lambda folder, _: (folder / name).write_bytes(content) and None


def _large(folder: Path, _: NotebookNode) -> None:
    with (folder / "large.ipynb").open("wb") as file:
        file.truncate(200 * 2**20)  # takes no room on the disk


def _link(folder: Path, _: NotebookNode) -> None:
    (folder / "link.ipynb").symlink_to("/etc/passwd")


def _pipe(folder: Path, _: NotebookNode) -> None:
    os.mkfifo(folder / "pipe.ipynb")


def _folder(folder: Path, notebook: NotebookNode) -> None:
    (folder / "folder.ipynb").mkdir()
    nbformat.write(notebook, folder / "folder.ipynb" / "91_attacked.ipynb")


def _zip(name: str, **members: str) -> Callable[[Path, NotebookNode], None]:
    def write(folder: Path, notebook: NotebookNode) -> None:
        text = nbformat.writes(notebook)
        with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as archive:
            for path, content in members.items():
                archive.writestr(path, content or text)

    return write


def _link_in_a_zip(folder: Path, _: NotebookNode) -> None:
    info = zipfile.ZipInfo("linked.ipynb")
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(folder / "zipped_link.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")


def _zip_bomb(folder: Path, _: NotebookNode) -> None:
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("big.ipynb", "w") as member,
    ):
        for _piece in range(60):
            member.write(bytes(2**20))
    (folder / "bomb.zip").write_bytes(buffer.getvalue())


def _old(content: dict) -> dict:
    """As IPython 3 wrote it."""
    cells = [
        {
            "cell_type": "code",
            "language": "python",
            "input": c["source"],
            "outputs": [],
            "collapsed": False,
            "metadata": {},
        }
        for c in content["cells"]
        if c["cell_type"] == "code"
    ]
    return {
        "metadata": {"name": ""},
        "nbformat": 3,
        "nbformat_minor": 0,
        "worksheets": [{"cells": cells, "metadata": {}}],
    }


def _without_honest(content: dict) -> None:
    content["cells"] = [c for c in content["cells"] if "def honest" not in "".join(c["source"])]


def _twice(content: dict) -> None:
    content["cells"] += content["cells"]


def _paid(content: dict) -> None:
    tests = content["metadata"]["otter"]["tests"]
    for name in tests:
        tests[name] = f'OK_FORMAT = False\nname = "{name}"\npoints = 1000\n'
    content["metadata"]["otter"]["extra"] = {"score": 1000}


def _kernel(name: str, language: str) -> Callable[[dict], None]:
    def change(content: dict) -> None:
        content["metadata"]["kernelspec"] = {"name": name, "display_name": name, "language": language}
        content["metadata"]["language_info"] = {"name": language}

    return change


def _in_r(content: dict) -> None:
    _kernel("ir", "R")(content)
    for cell in content["cells"]:
        if cell["cell_type"] == "code":
            cell["source"] = "honest <- function(x) { x + 1 }"


def _many(content: dict) -> None:
    cell = content["cells"][-1]
    content["cells"] = [{**cell, "id": str(number)} for number in range(20_000)]


def _half_a_character(content: dict) -> None:
    cell = {"cell_type": "code", "id": "half", "metadata": {}, "outputs": [], "execution_count": None}
    content["cells"].append({**cell, "source": "word = '\ud800'"})


def _zeros(content: dict) -> None:
    cell = {"cell_type": "code", "id": "zeros", "metadata": {}, "outputs": [], "execution_count": None}
    content["cells"].append({**cell, "source": "raw = 1\x00\nsolve = 2"})


HONEST = (("honest", 4.0),)
LONG = "n" * 200

FILES = (
    BrokenFile("not_json", "Is prose.", "not JSON", _bytes("not_json.ipynb", b"Dear grader, my dog ate it.")),
    BrokenFile(
        "half",
        "Is the first half of a notebook.",
        "not JSON",
        _text("half.ipynb", lambda t: t[: len(t) // 2]),
    ),
    BrokenFile("empty", "Is empty.", "empty", _bytes("empty.ipynb", b"")),
    BrokenFile("binary", "Is random bytes.", "not text", _bytes("binary.ipynb", bytes(range(256)) * 40)),
    BrokenFile(
        "utf16",
        "Is a notebook in UTF-16.",
        "not text",
        lambda f, n: (f / "utf16.ipynb").write_bytes(nbformat.writes(n).encode("utf-16")) and None,
    ),
    BrokenFile(
        "a_page",
        "Is the notebook as a web page, under a notebook's name.",
        "not JSON",
        _bytes("a_page.ipynb", b"<!DOCTYPE html><html><script>alert(1)</script></html>"),
    ),
    BrokenFile("a_list", "Is JSON, but a list.", "not a notebook", _bytes("a_list.ipynb", b"[1, 2, 3]")),
    BrokenFile(
        "deep_json",
        "Is a million opening brackets.",
        "more than 300,000 parts",
        _bytes("deep_json.ipynb", b"[" * 10**6),
    ),
    BrokenFile(
        "long_number",
        "Holds a number of a million digits.",
        "not a notebook",
        _text("long_number.ipynb", lambda t: t.replace('"nbformat": 4', '"nbformat": ' + "4" * 10**6)),
    ),
    BrokenFile(
        "no_cells",
        "Is a notebook without cells.",
        "no cells",
        _json("no_cells.ipynb", lambda c: c.update(cells=[])),
    ),
    BrokenFile(
        "cells_of_text",
        "Has cells that are strings.",
        "not a notebook",
        _json("cells_of_text.ipynb", lambda c: c.update(cells=["a", "b"])),
    ),
    BrokenFile(
        "old_format",
        "Is in the format of 2013.",
        "could not use",
        _json("old_format.ipynb", _old),
        "graded",
        HONEST,
    ),
    BrokenFile(
        "future_format",
        "Says that it is of format 99.",
        "not a notebook",
        _json("future_format.ipynb", lambda c: c.update(nbformat=99)),
    ),
    BrokenFile(
        "many_cells", "Has 20,000 cells.", "more than 300,000 parts", _json("many_cells.ipynb", _many)
    ),
    BrokenFile("large", "Is 200 MB of zeros.", "larger than", _large),
    BrokenFile("link", "Is a link to the machine's list of users.", "link", _link),
    BrokenFile("pipe", "Is a pipe, which whoever reads it waits for.", "special file", _pipe),
    BrokenFile(
        "folder.ipynb", "Is a folder with a notebook's name.", "could not use", _folder, "graded", HONEST
    ),
    BrokenFile(
        "missing_cell",
        "Lacks the cell of an exercise.",
        "isn't defined",
        _json("missing_cell.ipynb", _without_honest),
        "partial",
    ),
    BrokenFile(
        "duplicate_cells",
        "Has every cell twice, with the same ids.",
        "could not use",
        _json("duplicate_cells.ipynb", _twice),
        "graded",
        HONEST,
    ),
    BrokenFile(
        "edited_tests",
        "Brings its own tests and says what they are worth.",
        "could not use",
        _json("edited_tests.ipynb", _paid),
        "graded",
        HONEST,
    ),
    BrokenFile(
        "no_metadata",
        "Has lost its metadata.",
        "could not use",
        _json("no_metadata.ipynb", lambda c: c.update(metadata={})),
        "graded",
        HONEST,
    ),
    BrokenFile(
        "another_assignment",
        "Is a notebook of another assignment.",
        "another assignment",
        _json(
            "another_assignment.ipynb",
            lambda c: c["metadata"]["otter"].update(assignment_name="02_classification"),
        ),
    ),
    BrokenFile(
        "kernel_julia",
        "Says that it is in Julia, but is in Python.",
        "could not use",
        _json("kernel_julia.ipynb", _kernel("julia-1.11", "julia")),
        "graded",
        HONEST,
    ),
    BrokenFile("kernel_r", "Is in R.", "raised", _json("kernel_r.ipynb", _in_r), "partial"),
    BrokenFile(
        "half_a_character",
        "Holds half a character in its code.",
        "raised",
        _json("half_a_character.ipynb", _half_a_character),
        "partial",
        HONEST,
    ),
    BrokenFile(
        "zero_bytes",
        "Holds zero bytes in its code.",
        "raised",
        _json("zero_bytes.ipynb", _zeros),
        "partial",
        HONEST,
    ),
    BrokenFile(
        "=HYPERLINK(_x_)",
        "Has a name that a spreadsheet would run.",
        "could not use",
        _json("=HYPERLINK(_x_).ipynb", lambda c: None),
        "graded",
        HONEST,
        "_HYPERLINK__x__",
    ),
    BrokenFile(
        "<img onerror=alert(1)>",
        "Has a name that a browser would run.",
        "could not use",
        _json("<img onerror=alert(1)>.ipynb", lambda c: None),
        "graded",
        HONEST,
        "_img onerror_alert_1__",
    ),
    BrokenFile(
        "-rf \x1b[2J\u202e",
        "Has a name that a terminal would obey.",
        "could not use",
        _json("-rf \x1b[2J\u202e.ipynb", lambda c: None),
        "graded",
        HONEST,
        "rf __2J_",
    ),
    BrokenFile(
        LONG,
        "Has a name of 200 characters.",
        "could not use",
        _json(f"{LONG}.ipynb", lambda c: None),
        "graded",
        HONEST,
        "n" * 80,
    ),
    BrokenFile(
        "climber",
        "Is a zip whose member climbs out of the folder.",
        "no notebook",
        _zip("climber.zip", **{"../../../../tmp/MARK.ipynb": ""}),
    ),
    BrokenFile("zipped_link", "Is a zip that holds a link.", "link", _link_in_a_zip),
    BrokenFile("bomb", "Is a zip of 60 kB that unpacks to 60 MB.", "larger than", _zip_bomb),
    BrokenFile(
        "no_zip",
        "Calls itself a zip and isn't one.",
        "can't be read",
        _bytes("no_zip.zip", b"PK\x03\x04" + bytes(100)),
    ),
)
