"""The same attacks against this grader, stock otter and nbgrader, as a page of the docs: ``python -m tests.attacks.compare``.

Stock otter and nbgrader run students' code with the rights of whoever grades. Here they run in a box that sees the system read-only,
has no network and a process tree of its own; what would harm the machine even so isn't tried.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder import batch, build
from autograder.build.nbgrader import CONFIG, nbgrader_notebook
from tests.attacks import assignment
from tests.attacks.table import ATTACKS, Attack

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "attacks.md"
WORKERS = 4
SECONDS = 120  # that another grader gets for one submission
HARMFUL = "not tried: it would harm the machine"

Scores = dict[str, float] | None  # points for each exercise; None if there is no result


_WALLS = (
    "bwrap --ro-bind / / --dev /dev --proc /proc --tmpfs /tmp --tmpfs /dev/shm"
    " --unshare-all --die-with-parent --new-session"
)
_LIMITS = 'ulimit -u 400; ulimit -v 30000000; ulimit -f 200000; exec "$@"'


def in_a_box(folder: Path, *words: str) -> str | None:
    """What Python prints, or ``None`` if it fails or doesn't end; it can write to ``folder`` alone."""
    box = [*_WALLS.split(), "--bind", str(folder), str(folder), "--chdir", str(folder)]
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    box += ["--setenv", "HOME", str(folder), "--setenv", "PATH", path]
    command = [*box, "bash", "-c", _LIMITS, "bash", sys.executable, "-W", "ignore", *words]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return None
    return done.stdout if done.returncode == 0 else None


# --- otter ------------------------------------------------------------------------------------------------------


def otter(folder: Path, notebook: NotebookNode, root: Path) -> Scores:
    """The points that ``otter run`` gives."""
    nbformat.write(notebook, folder / "a.ipynb")
    (folder / "tests.zip").write_bytes(build.autograder_zip(assignment.TOPIC, root).read_bytes())
    in_a_box(folder, "-m", "otter", "run", "-a", "tests.zip", "-o", ".", "--no-logo", "a.ipynb")
    try:
        tests = json.loads((folder / "results.json").read_text())["tests"]
        return {
            name: sum(_points(test) for test in tests if test["name"].split(" ")[0] == name)
            for name in assignment.EXERCISES
        }
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _points(test: dict) -> float:
    return float(test.get("score") or 0)


# --- nbgrader ---------------------------------------------------------------------------------------------------

_COURSE = """
import json
from pathlib import Path
from traitlets.config.loader import PyFileConfigLoader
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
config = PyFileConfigLoader("nbgrader_config.py", ".").load_config()
config.CourseDirectory.root = str(Path.cwd())
config.Execute.timeout = 20
api = NbGraderAPI(config=config)
"""
_GENERATE = f"""{_COURSE}
made = api.generate_assignment({assignment.TOPIC!r})
assert made["success"], made
"""
_AUTOGRADE = f"""{_COURSE}
api.autograde({assignment.TOPIC!r}, "student")
with Gradebook("sqlite:///gradebook.db") as book:
    notebook = book.find_submission_notebook({assignment.TOPIC!r}, {assignment.TOPIC!r}, "student")
    print("scores", json.dumps([[grade.name, grade.auto_score] for grade in notebook.grades]))
"""


def nbgraders_course(root: Path) -> Path:
    """A course folder of nbgrader's in which the assignment is released."""
    course = root / "nbgrader"
    (course / "source" / assignment.TOPIC).mkdir(parents=True)
    source = nbgrader_notebook(assignment.TOPIC, root)
    nbformat.write(source, course / "source" / assignment.TOPIC / f"{assignment.TOPIC}.ipynb")
    (course / "nbgrader_config.py").write_text(CONFIG)
    if in_a_box(course, "-c", _GENERATE) is None:
        raise RuntimeError("nbgrader doesn't release the assignment")
    return course


def released(root: Path) -> NotebookNode:
    """What students get from nbgrader, with an honest answer to ``honest``."""
    path = root / "nbgrader" / "release" / assignment.TOPIC / f"{assignment.TOPIC}.ipynb"
    return assignment.honestly(nbformat.read(path, as_version=4))


def nbgrader(folder: Path, notebook: NotebookNode, root: Path) -> Scores:
    """The points that ``nbgrader autograde`` gives."""
    shutil.copytree(root / "nbgrader", folder, dirs_exist_ok=True)
    submitted = folder / "submitted" / "student" / assignment.TOPIC
    submitted.mkdir(parents=True)
    nbformat.write(notebook, submitted / f"{assignment.TOPIC}.ipynb")
    said = in_a_box(folder, "-c", _AUTOGRADE) or ""
    for line in said.splitlines():
        if line.startswith("scores "):
            grades = json.loads(line.removeprefix("scores "))
            if all(score is None for _, score in grades):
                return None
            return {
                name: sum(score or 0 for grade, score in grades if grade.startswith(name))
                for name in assignment.EXERCISES
            }
    return None


# --- the comparison ---------------------------------------------------------------------------------------------


def theirs(
    grader: Callable[[Path, NotebookNode, Path], Scores], notebook: NotebookNode, root: Path
) -> Scores:
    """What another grader gives for a notebook, in a folder that is thrown away."""
    with tempfile.TemporaryDirectory(prefix="attack-", ignore_cleanup_errors=True) as folder:
        return grader(Path(folder), notebook, root)


def ours(notebooks: dict[str, NotebookNode], root: Path, folder: Path) -> dict[str, Scores]:
    """What this grader gives for all of them."""
    (folder / "in").mkdir()
    for name, notebook in notebooks.items():
        nbformat.write(notebook, folder / "in" / f"{name}.ipynb")
    summary = batch.grade(
        assignment.TOPIC, [folder / "in"], folder / "out", root=root, workers=2, timeout=120
    )
    return {r.submission: {q.name: q.score for q in r.questions} for r in summary.results}


def verdict(scores: Scores, attack: Attack) -> str:
    """What came of an attack, in words."""
    if scores is None:
        return "**no result at all**"
    due = dict(attack.earns)
    stolen = sum(max(score - due.get(name, 0), 0) for name, score in scores.items())
    lost = max(due.get("honest", 0) - scores["honest"], 0)
    words = ([f"**{stolen:g} of 20 stolen**"] if stolen else []) + (
        [f"**{lost:g} honest points lost**"] if lost else []
    )
    return ", ".join(words) or "held"


def main() -> None:
    """Run all attacks against all three and write the page."""
    with tempfile.TemporaryDirectory(prefix="attacks-") as place:
        root = assignment.make(Path(place) / "course")
        honest = assignment.half_solved(root)
        nbgraders_course(root)
        from_nbgrader = released(root)
        notebooks = {a.name: assignment.attacked(honest, a.source, a.exercises) for a in ATTACKS}
        table = {name: {"ours": scores} for name, scores in ours(notebooks, root, Path(place)).items()}

        def run(attack: Attack) -> None:
            if not attack.harmful:
                theirs_too = assignment.attacked(from_nbgrader, attack.source, attack.exercises)
                table[attack.name]["otter"] = theirs(otter, notebooks[attack.name], root)
                table[attack.name]["nbgrader"] = theirs(nbgrader, theirs_too, root)
            print(attack.name, table[attack.name], flush=True)

        for control, grader, notebook in (("otter", otter, honest), ("nbgrader", nbgrader, from_nbgrader)):
            scores = theirs(grader, notebook, root)
            if scores is None or {k: v for k, v in scores.items() if v} != {"honest": 4.0}:
                raise RuntimeError(f"{control} doesn't grade the honest notebook: {scores}")
        with ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(run, ATTACKS))
    PAGE.write_text(page(table), encoding="utf-8")


def page(table: dict[str, dict[str, Scores]]) -> str:
    """The table as Markdown."""
    verdicts = {
        attack.name: [
            HARMFUL if attack.harmful and grader != "ours" else verdict(table[attack.name][grader], attack)
            for grader in ("ours", "otter", "nbgrader")
        ]
        for attack in ATTACKS
    }
    counts = [Counter(_kind(words[i]) for words in verdicts.values()) for i in range(3)]
    lines = [
        *INTRODUCTION.splitlines(),
        "",
        "| | this grader | otter-grader 7.0.0 | nbgrader 0.9.6 |",
        "|---|---:|---:|---:|",
    ]
    for kind in ("held", "points stolen", "honest points lost", "no result", "not tried"):
        lines.append(f"| {kind} | " + " | ".join(str(count[kind]) for count in counts) + " |")
    for family in dict.fromkeys(attack.family for attack in ATTACKS):
        lines += [
            "",
            f"## {family.capitalize()}",
            "",
            "| what it tries | this grader | otter | nbgrader |",
            "|---|---|---|---|",
        ]
        lines += [
            f"| {a.tries} | " + " | ".join(verdicts[a.name]) + " |" for a in ATTACKS if a.family == family
        ]
    return "\n".join(lines) + "\n"


def _kind(words: str) -> str:
    for kind, part in (
        ("points stolen", "stolen"),
        ("honest points lost", "lost"),
        ("no result", "no result"),
    ):
        if part in words:
            return kind
    return "not tried" if words == HARMFUL else "held"


INTRODUCTION = f"""# Attacks

{len(ATTACKS)} hostile notebooks, each handed in with one honest answer (4 points) and four exercises (20 points) that it tries to get without
one. The same notebooks, the same hidden tests, three graders: this one, `otter run`, and `nbgrader autograde` on the source
notebook that `course build` makes. The table is written by `python -m tests.attacks.compare`; what must come of each attack
here is tested by `tests/attacks`, behind both kinds of walls, together with files that are broken on purpose.

How to read it. The other two ran one notebook at a time with {SECONDS} seconds for each and their own settings otherwise, but for nbgrader's time for a
cell, which was 20 seconds, in a box without network and with the system read-only; attacks that would harm the machine even so weren't tried. A few attacks
are aimed at the way this grader works, such as writing to the socket of its agent: elsewhere they hit the kernel's own sockets. Otter can't
be told what an exercise forbids to call; the cells that `course build` writes for nbgrader watch for it themselves. "No result at all" means that nothing was graded, the honest answer included.

**Held**: no point for what isn't an honest answer, and the honest answer keeps its own where it can be asked for. An answer from a table
that knows the public checks keeps the points of those checks, here as everywhere: set `all_or_nothing` on a question where that matters.
"""


if __name__ == "__main__":
    main()
