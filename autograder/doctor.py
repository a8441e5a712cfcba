"""Look at this machine and say what is missing, each with its cure."""

from __future__ import annotations

import importlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from rich.console import Console

EVERYONE, INSTRUCTORS = "everyone", "instructors"
_PROJECT = "deep-learning-notebooks"
_INSTALL = "in the course's folder, run: pip install -c constraints.txt -e ."
_MODULES = {
    "markdown-it-py": "markdown_it",
    "otter-grader": "otter",
    "pillow": "PIL",
    "scikit-learn": "sklearn",
}  # not named like their package
_LAB_EXTENSIONS = {"anywidget": "anywidget", "@jupyter-widgets/jupyterlab-manager": "jupyterlab_widgets"}
_LITTLE_DISK = 2**30
_LITTLE_MEMORY = 4 * 2**30
_BUBBLEWRAP_SAYS = "bubblewrap, which can't protect against faults of the kernel"
_LANDLOCK_SAYS = (
    "Landlock: students' code can't read or change files or reach the network; but it can ask whether a file exists, how large and how "
    "old it is; its disk and processes are watched, not bounded; it has no shared memory for worker processes; and faults of the "
    "kernel are not held back"
)


@dataclass(frozen=True)
class Finding:
    """What there is to say about one thing.

    Parameters
    ----------
    what
        The thing.
    says
        How it is.
    cure
        What to do about it; empty if all is well.
    needed
        Whether the course doesn't work without the cure.
    whom
        Whom it matters to.
    """

    what: str
    says: str
    cure: str = ""
    needed: bool = False
    whom: str = EVERYONE

    @property
    def broken(self) -> bool:
        """Whether something that is needed is missing."""
        return self.needed and bool(self.cure)


def examine(what: str, check: Callable[[], Finding]) -> Finding:
    """What a check finds; that it can't be made is a finding too."""
    try:
        return check()
    except Exception as error:
        return Finding(what, f"{type(error).__name__}: {error}", _INSTALL, needed=True)


def main() -> int:
    """Print what was found; return 1 if something that is needed is broken."""
    console, broken = Console(highlight=False, soft_wrap=True), False
    for what, check in CHECKS.items():
        finding = examine(what, check)
        broken |= finding.broken
        mark, style = (
            ("broken", "red") if finding.broken else ("note", "yellow") if finding.cure else ("ok", "green")
        )
        console.print(f"[{style}]{mark:8}[/]", end="")
        console.print(f"{finding.what:12}{finding.says}  ({finding.whom})", markup=False)
        if finding.cure:
            console.print(f"{'':20}cure: {finding.cure}", markup=False)
    return int(broken)


# --- the checks ----------------------------------------------------------------------------------------------


def _python() -> Finding:
    here = ".".join(map(str, sys.version_info[:3]))
    wanted = SpecifierSet(str(metadata.metadata(_PROJECT)["Requires-Python"]))
    cure = "" if here in wanted else f"install Python {wanted} and make a new virtual environment with it."
    return Finding("Python", f"{here} in {sys.prefix}", cure, needed=True)


def _packages() -> Finding:
    wanted = [Requirement(text) for text in metadata.requires(_PROJECT) or ()]
    wanted = [package for package in wanted if package.marker is None or package.marker.evaluate()]
    problems = [problem for package in wanted if (problem := _problem_of(package))]
    says = "; ".join(problems) or f"all {len(wanted)} are there"
    return Finding("packages", says, _INSTALL if problems else "", needed=True)


def _problem_of(package: Requirement) -> str | None:
    try:
        version = metadata.version(package.name)
    except metadata.PackageNotFoundError:
        return f"{package.name} is not installed"
    if not package.specifier.contains(version, prereleases=True):
        return f"{package.name} is {version}, not {package.specifier}"
    try:
        importlib.import_module(_MODULES.get(package.name, package.name.replace("-", "_")))
    except Exception as error:
        return f"{package.name} can't be imported ({type(error).__name__}: {error})"
    return None


def _torch() -> Finding:
    import torch

    from course_utils.device import best_device

    device = best_device()
    says = f"{torch.__version__} computes on {device.type}"
    if device.type == "cuda":
        says += f" ({torch.cuda.get_device_name(device)})"
    try:
        right = float((torch.ones(3, 3, device=device) @ torch.ones(3, 3, device=device)).sum()) == 27
    except Exception as error:
        cure = "install the build of torch for this machine's driver, or hide the device: export CUDA_VISIBLE_DEVICES="
        return Finding("torch", f"{says}, which fails: {error}", cure, needed=True)
    return Finding("torch", says, "" if right else _INSTALL, needed=True)


def _lab() -> Finding:
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    version = metadata.version("jupyterlab")
    cure = f"run: {sys.executable} -m ipykernel install --sys-prefix --name python3"
    try:
        program = Path(KernelSpecManager().get_kernel_spec("python3").argv[0])
    except NoSuchKernel:
        return Finding("JupyterLab", f"{version}, but there is no kernel python3", cure, needed=True)
    if program.is_absolute() and program.parent != Path(sys.executable).parent:
        return Finding("JupyterLab", f"{version}, but its kernel python3 is {program}", cure, needed=True)
    return Finding("JupyterLab", f"{version} with the kernel of this Python", needed=True)


def _widgets() -> Finding:
    from jupyter_core.paths import jupyter_path

    from course_utils import widgets

    count = sum(bool(getattr(widgets, name)._esm) for name in widgets.__all__)  # each reads its face
    folders = [Path(folder) for folder in jupyter_path("labextensions")]
    for extension, package in _LAB_EXTENSIONS.items():
        if not any((folder / extension / "package.json").is_file() for folder in folders):
            says = f"JupyterLab has not got the extension {extension}"
            return Finding("widgets", says, f"run: pip install --force-reinstall {package}", needed=True)
    return Finding("widgets", f"{count}, and JupyterLab can show them", needed=True)


def _sandbox() -> Finding:
    from autograder.sandbox import Level, best_level

    level = best_level()
    if level is Level.BUBBLEWRAP:
        return Finding("sandbox", _BUBBLEWRAP_SAYS, whom=INSTRUCTORS, needed=True)
    says = _LANDLOCK_SAYS if level is Level.LANDLOCK else str(Level.LANDLOCK.problem)
    cure = str(Level.BUBBLEWRAP.problem)
    return Finding("sandbox", says, cure, needed=level is Level.NONE, whom=INSTRUCTORS)


def _plots() -> Finding:
    import matplotlib as mpl

    folder = Path(mpl.get_cachedir())
    lasting = not folder.is_relative_to(tempfile.gettempdir()) or "MPLCONFIGDIR" in os.environ
    if lasting and os.access(folder, os.W_OK):
        return Finding("plots", f"matplotlib keeps its list of fonts in {folder}")
    says = "matplotlib can't keep its list of fonts, and looks through the system each time it starts"
    return Finding("plots", says, "set MPLCONFIGDIR to a folder that can be written to.")


def _disk() -> Finding:
    places = {Path.cwd(), Path(tempfile.gettempdir())}
    free, place = min((shutil.disk_usage(place).free, place) for place in places)
    cure = (
        "make room: a class's grades and the temporary folders of its submissions must fit."
        if free < _LITTLE_DISK
        else ""
    )
    return Finding("disk", f"{free / 2**30:.1f} GiB free in {place}", cure)


def _machine() -> Finding:
    import psutil

    cores, memory = os.cpu_count() or 1, psutil.virtual_memory().total
    cure = (
        "close other programs, and grade with --workers 1: training needs room."
        if memory < _LITTLE_MEMORY
        else ""
    )
    return Finding("machine", f"{cores} cores, {memory / 2**30:.1f} GiB of memory", cure)


CHECKS: dict[str, Callable[[], Finding]] = {
    "Python": _python,
    "packages": _packages,
    "torch": _torch,
    "JupyterLab": _lab,
    "widgets": _widgets,
    "plots": _plots,
    "disk": _disk,
    "machine": _machine,
    "sandbox": _sandbox,
}
