"""Trajectories from many starts at once beside a loop over torch.optim."""

from __future__ import annotations

import numpy as np
import torch

from benchmarks.measure import Row
from course_utils.optimizers import OPTIMIZERS, trajectory
from course_utils.surfaces import SURFACES, Surface

STARTS, STEPS, LOOPED = 65_536, 100, 16


def adam_one_by_one(surface: Surface, starts: np.ndarray) -> None:
    """What one writes without batches: an optimizer and a loop for each start."""
    for start in starts:
        w = torch.tensor(start, requires_grad=True)
        optimizer = torch.optim.Adam([w], lr=0.1)
        for _ in range(STEPS):
            optimizer.zero_grad()
            surface(w).backward()
            optimizer.step()


def rows() -> list[Row]:
    surface = SURFACES["Himmelblau"]
    start = np.random.default_rng(0).uniform(-4, 4, (STARTS, 2)).astype(np.float32)

    def batched_adam() -> list[torch.Tensor]:
        w = torch.tensor(start, requires_grad=True)
        optimizer, path = torch.optim.Adam([w], lr=0.1), [w.detach().clone()]
        for _ in range(STEPS):
            optimizer.zero_grad()
            surface(w).sum().backward()
            optimizer.step()
            path.append(w.detach().clone())
        return path

    def ours(start: np.ndarray) -> object:
        return trajectory(OPTIMIZERS["adam"], surface.gradient, start, STEPS)

    return [
        Row(
            f"Adam, {STEPS} steps from {STARTS:,} starts",
            ours,
            (start,),
            "torch.optim.Adam and autograd, all starts at once",
            batched_adam,
        ),
        Row(
            f"Adam, {STEPS} steps from {LOOPED} starts",
            ours,
            (start[:LOOPED],),
            "torch.optim.Adam, one start after another",
            lambda: adam_one_by_one(surface, start[:LOOPED]),
            gpu=False,
        ),
    ]
