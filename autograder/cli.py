"""The command `course`: parse the words, call a function, print what it says.

Exit status: 0 all is well, 1 something is wrong with what was looked at, 2 the command was used wrongly.
"""

from __future__ import annotations

from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from autograder.sandbox import Level

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Topics = Annotated[
    list[str] | None, typer.Argument(help="Topics such as 01_regression; all of them if none is named.")
]


HandedInTopic = Annotated[str, typer.Argument(help="The topic that was handed in, such as 01_regression.")]
GivenBefore = Annotated[list[Path], typer.Argument(help="What `course grade` was given.")]
Workers = Annotated[
    int | None, typer.Option(min=1, help="Submissions graded at once; one for each core if not given.")
]
Timeout = Annotated[float, typer.Option(min=1, help="Seconds that one submission may take.")]
Unsandboxed = Annotated[
    bool,
    typer.Option("--unsandboxed", help="Run students' code with your own rights. Only for code you trust."),
]


def _fail(message: str) -> NoReturn:
    typer.secho(message, err=True, fg=typer.colors.RED)
    raise typer.Exit(2)


def _root() -> Path:
    from autograder import build

    try:
        return build.find_root()
    except FileNotFoundError as error:
        _fail(str(error))


def _chosen(topics: list[str] | None, root: Path) -> list[str]:
    from autograder import build

    known = build.topics(root)
    if not known:
        _fail("There are no masters (solutions/) here: this is the students' copy of the course.")
    unknown = sorted(set(topics or []) - set(known))
    if unknown:
        _fail(f"There is no topic {', '.join(unknown)}. There are: {', '.join(known)}.")
    return topics or known


def _existing(paths: list[Path]) -> None:
    for path in paths:
        if not path.exists():
            _fail(f"{path} does not exist.")


@app.command()
def lab(
    folder: Annotated[
        Path | None, typer.Argument(help="What to open; the course's notebooks/ if not given.")
    ] = None,
    port: Annotated[int, typer.Option(help="Where the server listens; the next free one if taken.")] = 8888,
    browser: Annotated[bool, typer.Option(help="Open a browser window.")] = True,
) -> None:
    """Open the course in JupyterLab."""
    from autograder.lab import open_lab

    folder = folder or _root() / "notebooks"
    if not folder.is_dir():
        _fail(f"{folder} is not a folder.")
    raise typer.Exit(open_lab(folder, port=port, browser=browser))


@app.command()
def doctor() -> None:
    """Look at this machine: Python, packages, torch, JupyterLab, widgets, sandbox; each problem with its cure."""
    from autograder.doctor import main as run_doctor

    raise typer.Exit(run_doctor())


@app.command("build")
def build_command(
    topics: Topics = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 and name what is stale.")
    ] = False,
) -> None:
    """Make from the masters: notebooks, executed solutions, and what otter, Gradescope and nbgrader grade by."""
    from dataclasses import astuple

    from autograder import build

    root = _root()
    names = _chosen(topics, root)
    if check:
        stale = dict.fromkeys(path for name in names for path in build.stale(name, root))
        for path in stale:
            typer.echo(f"{path.relative_to(root)} is not what its master builds: run `course build`.")
        raise typer.Exit(1 if stale else 0)
    _lint(names, root)
    for name in names:
        built = build.build_topic(name, root)
        for path in astuple(built):
            typer.echo(str(path.relative_to(root)))


@app.command()
def new(topic: Annotated[str, typer.Argument(help="Its name, such as 11_transformers.")]) -> None:
    """Begin a topic: a master with one exercise, its tests and its wrong answers, to be changed from there."""
    from autograder.build.new import new_topic

    root = _root()
    try:
        made = new_topic(topic, root)
    except ValueError as error:
        _fail(str(error))
    for path in made:
        typer.echo(str(path.relative_to(root)))
    typer.echo(f"Change them, then run `course build {topic}` and `course mutants {topic}`.")


def _lint(names: list[str], root: Path) -> None:
    from autograder import build

    problems = [problem for name in names for problem in build.lint(name, root)]
    for problem in problems:
        typer.echo(f"{problem.path.relative_to(root)}:{problem.line}: {problem.message}", err=True)
    if problems:
        raise typer.Exit(1)


@app.command()
def lint(topics: Topics = None) -> None:
    """Look for faults in the masters, each with its file and line."""
    root = _root()
    _lint(_chosen(topics, root), root)


@app.command()
def mutants(topics: Topics = None) -> None:
    """Break each solution on purpose; list the changes that the tests did not notice."""
    from autograder.mutants import main as run_mutants

    root = _root()
    raise typer.Exit(run_mutants(_chosen(topics, root), root))


def _sandbox() -> Level:
    """The best level of this machine, and a word about it if a better one exists.

    What students' code is started from has then begun to import, beside what this process is going to import.
    """
    from autograder.sandbox import Level, SandboxFault, best_walls
    from autograder.sandbox.warm import warm_parent

    try:
        level = best_walls()
        warm_parent().start()
    except SandboxFault as fault:
        _fail(f"{fault} Or pass --unsandboxed to run the students' code with your own rights.")
    if level is not Level.BUBBLEWRAP:
        typer.echo(
            f"Sandbox: {level}. `course doctor` says what it leaves open. {Level.BUBBLEWRAP.problem}",
            err=True,
        )
    return level


@app.command()
def rubric(
    topic: HandedInTopic,
    paths: GivenBefore,
    out: Annotated[Path, typer.Option(help="The folder that `course grade` writes to.")],
    port: Annotated[int, typer.Option(help="Where the page is served; any free port if not given.")] = 0,
    browser: Annotated[bool, typer.Option(help="Open a browser window.")] = True,
) -> None:
    """Mark the written answers of a class: side by side, without names, by keyboard."""
    from autograder.written.serve import main as serve

    root = _root()
    _chosen([topic], root)
    _existing(paths)
    raise typer.Exit(serve(topic, paths, out, root=root, port=port, browser=browser))


@app.command()
def similar(
    topic: HandedInTopic,
    paths: GivenBefore,
    out: Annotated[Path, typer.Option(help="The folder for similar.html and similar.csv.")],
) -> None:
    """Show which answers of a class are alike: likeness, not guilt."""
    from autograder.similar.report import main as show_similar

    root = _root()
    _chosen([topic], root)
    _existing(paths)
    show_similar(topic, paths, out, root=root)


@app.command()
def grade(
    topic: HandedInTopic,
    paths: Annotated[
        list[Path], typer.Argument(help="Notebooks, folders, zips; Canvas and Gradescope downloads too.")
    ],
    out: Annotated[Path, typer.Option(help="The folder for grades, feedback and report.")],
    workers: Workers = None,
    timeout: Timeout = 300.0,
    repeat: Annotated[
        int, typer.Option(min=1, help="Grade each submission so often, and report those whose score changes.")
    ] = 1,
    scheduler: Annotated[
        str | None, typer.Option(help="Grade on the Dask cluster at this address, such as tcp://host:8786.")
    ] = None,
    resources: Annotated[
        str,
        typer.Option(help="What a submission takes of a cluster's worker, such as GPU=1 or SLOT=1,GPU=1."),
    ] = "",
    unsandboxed: Unsandboxed = False,
) -> None:
    """Grade a class: results.sqlite, grades.csv, feedback/ for the students, report.html for you."""
    import sqlite3

    from autograder.sandbox import Level

    _existing(paths)
    taken = _resources(resources)
    if taken and scheduler is None:
        _fail("--resources is for a cluster: give its --scheduler.")
    if scheduler is not None and find_spec("distributed") is None:
        _fail("--scheduler needs Dask: pip install 'deep-learning-notebooks[cluster]'.")
    # A cluster's workers find out for themselves what their machines give.
    level = Level.NONE if unsandboxed else None if scheduler is not None else _sandbox()
    root = _root()
    _chosen([topic], root)
    from autograder import batch

    try:
        summary = batch.grade(
            topic,
            paths,
            out,
            root=root,
            workers=workers,
            timeout=timeout,
            level=level,
            repeat=repeat,
            scheduler=scheduler,
            resources=taken,
        )
    except (OSError, sqlite3.Error) as error:
        typer.secho(f"Grading stopped: {error}", err=True, fg=typer.colors.RED)
        typer.echo(f"Nothing that was graded is lost: run again with the same --out {out}.", err=True)
        raise typer.Exit(1) from error
    raise typer.Exit(summary.exit_status)


def _resources(text: str) -> dict[str, float]:
    """What ``NAME=NUMBER,NAME=NUMBER`` says."""
    try:
        pairs = (entry.split("=") for entry in text.split(",") if entry)
        return {name: float(number) for name, number in pairs}
    except ValueError:
        _fail(f"--resources is NAME=NUMBER, such as GPU=1, and not {text}.")


@app.command()
def regrade(
    topic: Annotated[str, typer.Argument(help="The topic whose tests were corrected.")],
    paths: GivenBefore,
    out: Annotated[Path, typer.Option(help="The folder that `course grade` wrote.")],
    write: Annotated[bool, typer.Option("--write", help="Put the new results in place of the old.")] = False,
    workers: Workers = None,
    timeout: Timeout = 300.0,
    unsandboxed: Unsandboxed = False,
) -> None:
    """See whose score a corrected test changes, by how much and why; then write it."""
    from autograder.sandbox import Level

    _existing(paths)
    level = Level.NONE if unsandboxed else _sandbox()
    root = _root()
    _chosen([topic], root)
    from autograder.batch.regrade import regrade as run_regrade

    try:
        found = run_regrade(
            topic,
            paths,
            out,
            root=root,
            write=write,
            workers=workers,
            timeout=timeout,
            level=level,
        )
    except FileNotFoundError as error:
        _fail(str(error))
    raise typer.Exit(1 if write and not found.written else 0)


class Format(StrEnum):
    """What reads the grades."""

    plain = "plain"
    canvas = "canvas"
    gradescope = "gradescope"
    nbgrader = "nbgrader"


@app.command()
def export(
    topics: Annotated[
        list[str],
        typer.Argument(
            help='Topics, each with the title that your gradebook has for it if that differs: 01_regression="Homework 1".'
        ),
    ],
    graded: Annotated[
        Path,
        typer.Option(
            help="What `course grade` wrote, or the folder of such folders, each named after its topic."
        ),
    ],
    form: Annotated[Format, typer.Option("--format", help="What reads the grades.")] = Format.plain,
    roster: Annotated[
        Path | None, typer.Option(help="A CSV with name, email, id; or the gradebook that Canvas exports.")
    ] = None,
    late: Annotated[Path | None, typer.Option(help="The late policy, a TOML.")] = None,
    times: Annotated[
        Path | None,
        typer.Option(help="A CSV with student, time and perhaps topic: when things were handed in."),
    ] = None,
    to: Annotated[
        Path | None, typer.Option(help="The file to write; one in the graded folder if not given.")
    ] = None,
) -> None:
    """Write grades for a gradebook: automatic and written points, less what being late costs."""
    from autograder.report.export import main as run_export

    root = _root()
    titles = {topic: title or topic for topic, _, title in (word.partition("=") for word in topics)}
    _chosen(list(titles), root)
    try:
        run_export(titles, graded, form.value, roster=roster, late=late, times=times, to=to, root=root)
    except (ValueError, OSError) as error:
        _fail(str(error))


@app.command()
def release(
    students: Annotated[
        bool,
        typer.Option("--students/--instructors", help="Without solutions and hidden tests, or with all."),
    ],
    out: Annotated[Path, typer.Option(help="The folder for the zip.")] = Path("dist"),
) -> None:
    """Make the zip that students get, or the one for instructors."""
    from autograder.release import release as make_release

    root = _root()
    _lint(_chosen(None, root), root)
    typer.echo(str(make_release(root, out, students=students)))


@app.command()
def demo(
    out: Annotated[
        Path | None,
        typer.Option(help="Where the class and its grades go; a new temporary folder if not given."),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Submissions graded at once.")] = 2,
) -> None:
    """Make a class of twelve, honest and hostile, grade it, and show what came of it."""
    level = _sandbox()
    from autograder.demo import main as run_demo

    raise typer.Exit(run_demo(out, workers=workers, root=_root(), level=level))


def main() -> None:
    """Run the command line."""
    app()
