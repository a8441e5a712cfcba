"""The command `course`: parse the words, call a function, print what it says.

Exit status: 0 all is well, 1 something is wrong with what was looked at, 2 the command was used wrongly.
"""

from __future__ import annotations

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
    unsandboxed: Annotated[
        bool,
        typer.Option(
            "--unsandboxed", help="Run students' code with your own rights. Only for code you trust."
        ),
    ] = False,
) -> None:
    """Grade a class: results.sqlite, grades.csv, feedback/ for the students, report.html for you."""
    from autograder import batch
    from autograder.sandbox.bubblewrap import available

    root = _root()
    _chosen([topic], root)
    for path in paths:
        if not path.exists():
            _fail(f"{path} does not exist.")
    if not unsandboxed and (problem := available()):
        _fail(f"{problem} Or pass --unsandboxed to run the students' code with your own rights.")
    summary = batch.grade(
        topic, paths, out, root=root, workers=workers, timeout=timeout, sandboxed=not unsandboxed
    )
    raise typer.Exit(summary.exit_status)


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
