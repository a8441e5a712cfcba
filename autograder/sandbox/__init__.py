"""Runs a student's code where it can harm nothing and find nothing.

``Kernel``, ``Limits``, ``CellResult``, ``SandboxFault``, ``SubmissionTimeout``, ``Level``, ``best_level`` and ``best_walls`` may be imported from
here; they load when first used, for the agent inside the sandbox imports this package too and needs none of them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograder.sandbox.kernel import Kernel
    from autograder.sandbox.level import Level, best_level, best_walls
    from autograder.sandbox.limits import CellResult, Limits, SandboxFault, SubmissionTimeout

__all__ = [
    "CellResult",
    "Kernel",
    "Level",
    "Limits",
    "SandboxFault",
    "SubmissionTimeout",
    "best_level",
    "best_walls",
]

_HOMES = {"Kernel": "kernel", "Level": "level", "best_level": "level", "best_walls": "level"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'limits')}"), name)
