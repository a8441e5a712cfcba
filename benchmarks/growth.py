"""How times grow with size, ours beside what you would use instead: one panel for each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
import scipy.signal
from matplotlib import pyplot as plt
from sklearn.cluster import DBSCAN
from sklearn.linear_model import Ridge
from sklearn.manifold import TSNE

from benchmarks.detection import crowd, nms_loop
from benchmarks.measure import median_seconds
from benchmarks.optimizers import STEPS, adam_one_by_one
from course_utils import convolution, detection, embedding, regression
from course_utils.optimizers import OPTIMIZERS, trajectory
from course_utils.surfaces import SURFACES

Run = Callable[[], object]


@dataclass(frozen=True)
class Panel:
    """``make(size)`` gives our call and the peer's."""

    title: str
    axis: str
    peer: str
    sizes: Sequence[int]
    make: Callable[[int], tuple[Run, Run]]


def _ridge(n: int) -> tuple[Run, Run]:
    rng = np.random.default_rng(0)
    X, y, strengths = rng.normal(size=(n, 50)), rng.normal(size=n), np.logspace(-3, 3, 60)
    return (
        lambda: regression.fit_ridge(X, y, strengths),
        lambda: [Ridge(strength, fit_intercept=False).fit(X, y) for strength in strengths],
    )


def _nms(n: int) -> tuple[Run, Run]:
    boxes, scores = crowd(n)
    return lambda: detection.nms(boxes, scores, 0.5), lambda: nms_loop(boxes, scores, 0.5)


def _tsne(n: int) -> tuple[Run, Run]:
    X = np.random.default_rng(0).normal(size=(n, 30)).astype(np.float32)
    return (
        lambda: embedding.tsne(X, steps=250),
        lambda: TSNE(init="pca", max_iter=250, random_state=0).fit_transform(X),
    )


def _dbscan(n: int) -> tuple[Run, Run]:
    X = np.random.default_rng(0).uniform(0, np.sqrt(n), (n, 2))
    return lambda: embedding.dbscan(X, 0.8), lambda: DBSCAN(eps=0.8).fit_predict(X)


def _adam(n: int) -> tuple[Run, Run]:
    surface = SURFACES["Himmelblau"]
    starts = np.random.default_rng(0).uniform(-4, 4, (n, 2)).astype(np.float32)
    return (
        lambda: trajectory(OPTIMIZERS["adam"], surface.gradient, starts, STEPS),
        lambda: adam_one_by_one(surface, starts),
    )


def _convolve(side: int) -> tuple[Run, Run]:
    rng = np.random.default_rng(0)
    images, kernel = rng.normal(size=(16, side, side)), rng.normal(size=(5, 5))
    return (
        lambda: convolution.convolve2d(images, kernel),
        lambda: [scipy.signal.convolve2d(image, kernel, "valid") for image in images],
    )


PANELS = [
    Panel("Ridge, 60 strengths, 50 features", "samples", "sklearn Ridge, in a loop", (250, 1000, 4000, 16000), _ridge),
    Panel("Adam, 100 steps", "starts", "torch.optim, one by one", (1, 4, 16, 64), _adam),
    Panel("Convolving 16 images with 5 × 5", "pixels a side", "SciPy, in a loop", (16, 64, 256), _convolve),
    Panel("NMS", "boxes", "the loop in torch", (50, 200, 800, 3200), _nms),
    Panel("t-SNE, 250 steps", "samples", "sklearn, Barnes-Hut", (250, 500, 1000, 2000), _tsne),
    Panel("DBSCAN in the plane", "points", "sklearn", (250, 1000, 4000, 16000), _dbscan),
]  # fmt: skip


def plot(path: Path) -> None:
    """Measure every panel, and draw them."""
    mpl.use("Agg")
    figure, axes = plt.subplots(2, 3, figsize=(13, 7), layout="constrained")
    for axis, panel in zip(axes.flat, PANELS, strict=True):
        times = [[median_seconds(run, budget=1.0) for run in panel.make(size)] for size in panel.sizes]
        ours, theirs = 1e3 * np.array(times).T
        axis.loglog(panel.sizes, ours, "o-", color="#0072B2", label="course_utils")
        axis.loglog(panel.sizes, theirs, "s--", color="#D55E00", label=panel.peer)
        axis.set(title=panel.title, xlabel=panel.axis, ylabel="milliseconds")
        axis.set_xticks(panel.sizes, [f"{size:,}" for size in panel.sizes])
        axis.minorticks_off()
        axis.grid(alpha=0.3)
        axis.legend()
    figure.savefig(path, dpi=110, metadata={"Software": None})
