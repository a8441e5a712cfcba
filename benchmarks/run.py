"""Time this library and its grader against what you would use instead; print Markdown tables.

Only ratios count: both sides run in the same process, in turns, on the same data, one thread each.
"""

from __future__ import annotations

import importlib
import platform
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import torch

from benchmarks import grading, growth, widgets
from benchmarks.measure import Row, median_seconds

HERE = Path(__file__).parent
ROOT = HERE.parent


def modules() -> list[ModuleType]:
    """The files beside this one that have rows, by name."""
    names = sorted(
        path.stem
        for path in HERE.glob("*.py")
        if path.stem not in ("run", "measure", "grading", "growth", "widgets", "__init__")
    )
    return [importlib.import_module(f"benchmarks.{name}") for name in names]


def on_gpu(row: Row) -> Callable[[], object]:
    """The same call with all arrays on the GPU, until it has finished there."""
    arguments = [
        torch.as_tensor(argument).cuda() if isinstance(argument, (np.ndarray, torch.Tensor)) else argument
        for argument in row.arguments
    ]

    def run() -> None:
        row.ours(*arguments)
        torch.cuda.synchronize()

    return run


def table(rows: list[Row]) -> None:
    """Print a line for each row, as soon as it is measured."""
    gpu = torch.cuda.is_available()
    print(
        "| reference | ours, ms | instead of | theirs, ms | theirs / ours |" + " GPU, ms | CPU / GPU |" * gpu
    )
    print("|---|---|---|---|---|" + "---|---|" * gpu)
    for row in rows:
        mine, other = median_seconds(lambda row=row: row.ours(*row.arguments)), median_seconds(row.theirs)
        cells = [row.what, f"{1e3 * mine:.2f}", row.peer, f"{1e3 * other:.2f}", f"{other / mine:.1f} ×"]
        if mine > 1.5 * other:
            cells[-1] += f" ({row.note})"
        if gpu and row.gpu:
            fast = median_seconds(on_gpu(row))
            cells += [f"{1e3 * fast:.2f}", f"{mine / fast:.0f} ×"]
        print("|", " | ".join(cells), "|", flush=True)


def main() -> None:
    """Print every table, or those of the modules named as arguments."""
    torch.set_num_threads(1)
    versions = f"NumPy {np.__version__}, torch {torch.__version__}"
    device = f", {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ""
    print(f"Python {platform.python_version()}, {versions}, {platform.machine()}{device}")
    wanted = sys.argv[1:]
    for module in modules():
        name = module.__name__.removeprefix("benchmarks.")
        if not wanted or name in wanted:
            print(f"\n### {name}\n\n{(module.__doc__ or '').strip()}\n")
            table(module.rows())
    if not wanted or "growth" in wanted:
        growth.plot(HERE / "growth.png")
        print("\n### growth\n\n![Times over sizes, ours and the peers'](growth.png)")
    if not wanted or "widgets" in wanted:
        print(f"\n### widgets\n\n{(widgets.__doc__ or '').strip()}\n")
        widgets.report()
    if not wanted or "grading" in wanted:
        print(f"\n### grading\n\n{(grading.__doc__ or '').strip()}\n")
        grading.report()


if __name__ == "__main__":
    main()
