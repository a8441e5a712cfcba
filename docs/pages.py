"""The pages of the book: those written in Markdown, and those made of the syllabus, the notebooks and the packages."""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import re
import tomllib
from pathlib import Path
from typing import Any

from mdit_py_plugins.anchors.index import slugify

import autograder
import course_utils
from autograder import build

# Pages from outside docs/, and where they are in the book.
_ADOPTED = {
    Path("CONTRIBUTING.md"): Path("contributing.md"),
    Path("benchmarks/results.md"): Path("benchmarks/results.md"),
}
_LINK = re.compile(r"(?P<text>\[[^\]]*\])\((?P<target>[^)\s#]+)(?P<anchor>#[^)]*)?\)")
_GUIDES = ("student", "instructor", "author")
_OWN_PLACE = ("index", "notation")


def written(root: Path) -> dict[Path, str]:
    """The Markdown pages of ``docs/`` and a few others, with links that hold in the book."""
    docs = root / "docs"
    origins = {path.relative_to(docs): path for path in docs.rglob("*.md")}
    origins |= {place: root / path for path, place in _ADOPTED.items()}
    return {
        place: _relinked(path.read_text(encoding="utf-8"), place, path, root)
        for place, path in origins.items()
    }


def _relinked(text: str, place: Path, path: Path, root: Path) -> str:
    """The text of a page, in which a link to another page of the book leads there, and one to other files is only text."""

    def moved(match: re.Match[str]) -> str:
        target = (path.parent / match["target"]).resolve()
        from_docs = path.is_relative_to(root / "docs")
        if (
            "://" in match["target"]
            or not target.exists()
            or (from_docs and target.is_relative_to(root / "docs"))
        ):
            return match[0]  # a broken one stays, for Sphinx to find
        inside = target.relative_to(root)
        if inside.parts[0] == "docs":
            inside = inside.relative_to("docs")
        elif inside.parts[0] == "notebooks" and inside.suffix:
            inside = Path("topics", inside.name)
        elif inside in _ADOPTED:
            inside = _ADOPTED[inside]
        elif inside.name == "README.md":
            inside = Path("index.md")
        elif inside.suffix != ".png":
            return match["text"][1:-1]
        return f"{match['text']}({os.path.relpath(inside, place.parent)}{match['anchor'] or ''})"

    return _LINK.sub(moved, text)


def generated(root: Path) -> dict[Path, str]:
    """Contents, where things are taught, and the reference."""
    docs = root / "docs"
    guides = sorted(
        (path.stem for path in (docs / "guides").glob("*.md")), key=lambda name: _rank(name, _GUIDES)
    )
    inside = sorted(
        {path.stem for path in docs.glob("*.md")} - set(_OWN_PLACE),
        key=lambda name: _rank(name, ("architecture",)),
    )
    return {
        Path("topics/index.md"): _topics(root),
        Path("topics/table.txt"): _table(root),
        Path("where.md"): _where(root),
        Path("guides/index.md"): _contents(
            "Guides", "For those who learn, teach and write with this course.", guides
        ),
        Path("inside.md"): _contents(
            "How it is built",
            "What is behind the notebooks, and what it was measured to do.",
            [*inside, "benchmarks/results", "contributing"],
        ),
        **_reference(),
    }


def _rank(name: str, first: tuple[str, ...]) -> tuple[int, str]:
    return (first.index(name) if name in first else len(first), name)


def _contents(title: str, lead: str, names: list[str]) -> str:
    return f"# {title}\n\n{lead}\n\n```{{toctree}}\n:maxdepth: 1\n\n" + "\n".join(names) + "\n```\n"


def _notebook(topic: str, root: Path) -> tuple[str, dict[str, Any]]:
    """The text of a notebook, and the notebook."""
    notebook = json.loads((root / "notebooks" / f"{topic}.ipynb").read_text(encoding="utf-8"))
    texts = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "markdown"]
    return "\n\n".join(texts), notebook


def _table(root: Path) -> str:
    """The notebooks at a glance."""
    rows = ["| notebook | exercises | interactive figures | time |", "|---|---|---|---|"]
    for name in build.topics(root):
        text, notebook = _notebook(name, root)
        code = "\n".join("".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code")
        figures = len(re.findall(r"^(?:\w+Explorer|OptimizerPlayground)\(", code, re.MULTILINE))
        hours = " and ".join(re.findall(r"\*\*Time:\*\* about ([^.·\n]*\w)", text))
        exercises = len(notebook["metadata"].get("otter", {}).get("tests", {}))
        rows.append(f"| [{_title(text)}](topics/{name}.ipynb) | {exercises} | {figures} | {hours} |")
    return "\n".join(rows) + "\n"


def _title(text: str) -> str:
    match = re.search(r"^# (.*)$", text, re.MULTILINE)
    return match[1] if match else ""


def _topics(root: Path) -> str:
    """The notebooks, each with what one will be able to do."""
    names = build.topics(root)
    parts = [
        "# Topics\n\nEach is one notebook. They build on one another, and each says at its top what it needs."
    ]
    for name in names:
        text, _ = _notebook(name, root)
        able = re.search(r"\*\*You will be able to\*\*\n\n((?:- .*\n)+)", text)
        time = re.search(r"^\*\*Time:\*\*.*$", text, re.MULTILINE)
        parts.append(f"## [{_title(text)}]({name}.ipynb)")
        parts += [match[group] for match, group in ((able, 1), (time, 0)) if match]
    contents = "\n".join(names)
    return "\n\n".join(parts) + f"\n\n```{{toctree}}\n:hidden:\n\n{contents}\n```\n"


def _where(root: Path) -> str:
    """One table a topic, from the index of the syllabus."""
    index = tomllib.loads((root / "solutions" / "syllabus.toml").read_text(encoding="utf-8"))
    parts = [
        "# Where is it taught?\n\nEach idea of the course: its section, the exercise, the function of the library, the interactive figure."
    ]
    for topic, concepts in index.items():
        text, _ = _notebook(topic, root)
        parts.append(f"## {_title(text)}")
        rows = ["| idea | section | exercise | library | widget |", "|---|---|---|---|---|"]
        for entry in concepts.values():
            exercises = [_exercise_link(name, topic, text) for name in _named(entry, "exercise")]
            references = [_library_link(name, name) for name in _named(entry, "reference")]
            widgets = [_library_link(name, f"widgets.{name}") for name in _named(entry, "widget")]
            cells = [entry["title"], _heading_link(entry["section"], topic)]
            cells += [", ".join(links) or "–" for links in (exercises, references, widgets)]
            rows.append(f"| {' | '.join(cells)} |")
        parts.append("\n".join(rows))
    return "\n\n".join(parts) + "\n"


def _named(entry: dict[str, Any], what: str) -> list[str]:
    names = entry.get(what, [])
    return names if isinstance(names, list) else [names]


def _heading_link(heading: str, topic: str, text: str | None = None) -> str:
    return f"[{text or heading}](topics/{topic}.ipynb#{slugify(heading)})"


def _exercise_link(name: str, topic: str, text: str) -> str:
    heading = re.search(rf"^### (Exercise .* · {name} · .*)$", text, re.MULTILINE)
    return _heading_link(heading[1], topic, f"`{name}`") if heading else f"`{name}`"


def _library_link(text: str, name: str) -> str:
    return f"{{py:obj}}`{text} <course_utils.{name}>`"


def _reference() -> dict[Path, str]:
    """One page for each public module of the library and each package of the grader."""
    modules = {
        package: [
            name
            for info in pkgutil.iter_modules(package.__path__, f"{package.__name__}.")
            if not (name := info.name).rpartition(".")[2].startswith("_")
        ]
        for package in (course_utils, autograder)
    }
    made = {}
    for package, names in modules.items():
        modules[package] = names = [
            name for name in names if package is course_utils or _says_what_is_public(name)
        ]
        for name in names:
            made[Path("api", f"{name}.md")] = f"# {name}\n\n```{{eval-rst}}\n.. automodule:: {name}\n```\n"
    lists = [
        f"```{{toctree}}\n:caption: {package.__name__}\n:maxdepth: 1\n\n" + "\n".join(names) + "\n```"
        for package, names in modules.items()
    ]
    made[Path("api/index.md")] = (
        "# Library reference\n\nWhat the notebooks import, and the parts of the grader, from their own docstrings.\n\n"
        + "\n\n".join(lists)
        + "\n"
    )
    return made


def _says_what_is_public(name: str) -> bool:
    return hasattr(importlib.import_module(name), "__all__")
