"""The command `course`: parse the words, call a function, print what it says.

Exit status: 0 all is well, 1 something is wrong with what was looked at, 2 the command was used wrongly.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, NoReturn

import typer

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Topics = Annotated[
    list[str] | None, typer.Argument(help="Topics such as 01_regression; all of them if none is named.")
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


@app.command("build")
def build_command(
    topics: Topics = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 and name what is stale.")
    ] = False,
) -> None:
    """Make notebooks, executed solutions and autograder zips from the masters."""
    from autograder import build

    root = _root()
    names = _chosen(topics, root)
    if check:
        stale = [path for name in names for path in build.stale(name, root)]
        for path in stale:
            typer.echo(f"{path.relative_to(root)} is not what its master builds: run `course build`.")
        raise typer.Exit(1 if stale else 0)
    _lint(names, root)
    for name in names:
        built = build.build_topic(name, root)
        for path in (built.student, built.solution, built.autograder_zip):
            typer.echo(str(path.relative_to(root)))


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


@app.command()
def grade(
    topic: Annotated[str, typer.Argument(help="The topic that was handed in, such as 01_regression.")],
    paths: Annotated[
        list[Path], typer.Argument(help="Notebooks, folders, zips; Canvas and Gradescope downloads too.")
    ],
    out: Annotated[Path, typer.Option(help="The folder for grades, feedback and report.")],
    workers: Annotated[
        int | None, typer.Option(min=1, help="Submissions graded at once; one for each core if not given.")
    ] = None,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds that one submission may take.")] = 300.0,
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
    unsandboxed: Annotated[
        bool,
        typer.Option(
            "--unsandboxed", help="Run students' code with your own rights. Only for code you trust."
        ),
    ] = False,
) -> None:
    """Grade a class: results.sqlite, grades.csv, feedback/ for the students, report.html for you."""
    import sqlite3

    from autograder import batch
    from autograder.sandbox.bubblewrap import available

    root = _root()
    _chosen([topic], root)
    taken = _resources(resources)
    if taken and scheduler is None:
        _fail("--resources is for a cluster: give its --scheduler.")
    if scheduler is not None and find_spec("distributed") is None:
        _fail("--scheduler needs Dask: pip install 'deep-learning-notebooks[cluster]'.")
    for path in paths:
        if not path.exists():
            _fail(f"{path} does not exist.")
    if scheduler is None and not unsandboxed and (problem := available()):
        _fail(f"{problem} Or pass --unsandboxed to run the students' code with your own rights.")
    try:
        summary = batch.grade(
            topic,
            paths,
            out,
            root=root,
            workers=workers,
            timeout=timeout,
            sandboxed=not unsandboxed,
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
    from autograder.demo import main as run_demo

    raise typer.Exit(run_demo(out, workers=workers, root=_root()))


def main() -> None:
    """Run the command line."""
    app()
