"""Explorers for notebook 10: t-SNE as it runs, and DBSCAN."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from course_utils.data import load_digits
from course_utils.embedding import affinities, dbscan, pairwise_squared_distances, tsne
from course_utils.widgets.controls import Again, Choice, Slider
from course_utils.widgets.explorer import Explorer
from course_utils.widgets.scene import Panel, Scene, span

# Ten colours that stay apart for most eyes (after Petroff, 2021); the digit is written beside.
TEN = (
    "#3f90da",
    "#d98e00",
    "#bd1f01",
    "#94a4a2",
    "#832db6",
    "#a96b59",
    "#e76300",
    "#8f8a3c",
    "#717581",
    "#3d9aa8",
)
_EVERY, _STEPS = 20, 600


@lru_cache(maxsize=8)
def _maps(perplexity: float, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Maps of 360 digits, one after every 20 steps; their labels; the divergence after each."""
    digits = load_digits()
    X = digits.x_train.reshape(len(digits.x_train), -1)
    chosen = np.random.default_rng(seed).permutation(len(X))[:360]
    result = tsne(X[chosen], perplexity=perplexity, steps=_STEPS, seed=seed, every=_EVERY)
    P = affinities(X[chosen], perplexity)
    return result.snapshots, digits.y_train[chosen], np.array([_divergence(P, Y) for Y in result.snapshots])


def _divergence(P: np.ndarray, Y: np.ndarray) -> float:
    """How far the map's neighbourhoods are from the data's, KL(P‖Q)."""
    near = 1 / (1 + pairwise_squared_distances(Y))
    np.fill_diagonal(near, 0)
    Q = near / near.sum()
    return float((P * np.log(np.maximum(P, 1e-12) / np.maximum(Q, 1e-12))).sum())


def tsne_scene(step: int, perplexity: float, seed: int) -> Scene:
    """The map after so many steps."""
    history, labels, divergence = _maps(perplexity, seed)
    Y = history[min(step // _EVERY, len(history)) - 1]
    reach = span(Y)
    panel = Panel(f"after {step} steps", reach, reach, height=400, width=415, describe="360 digits on the map, each written as what it is")  # fmt: skip
    for digit in range(10):
        own = labels == digit
        panel.text(Y[own, 0], Y[own, 1], [str(digit)] * int(own.sum()), TEN[digit], size=11, bold=True)
    distances = ((Y[:, None] - Y[None]) ** 2).sum(axis=2)
    np.fill_diagonal(distances, np.inf)
    agreement = float((labels[distances.argmin(axis=1)] == labels).mean())
    curve = Panel("divergence of Q from P", (0, _STEPS), (0, 1.1 * float(divergence.max())), "step", "KL(P‖Q)", height=250,
                  describe="The divergence against steps")  # fmt: skip
    curve.line(np.arange(_EVERY, _STEPS + 1, _EVERY), divergence, "first")
    curve.segments([step], [0], [step], [1.1 * float(divergence.max())], "quiet", dash="3 3")
    curve.segments([_STEPS / 4], [0], [_STEPS / 4], [1.1 * float(divergence.max())], "second", dash="2 4", name="exaggeration ends")  # fmt: skip
    says = (
        f"After {step} steps {agreement:.0%} of the digits have a neighbour of their own kind next to them. Labels were not used. "
        "Distances between clusters, and their sizes, mean nothing."
    )
    return Scene([panel, curve], says)


class TsneExplorer(Explorer):
    """t-SNE of handwritten digits, while it runs."""

    shows = "Points that are neighbours in 64 dimensions pull each other together on the map; all others push each other away."
    tries = (
        "Play it. What changes when exaggeration ends?",
        "Try perplexity 3, then 60: what does each do to small groups? Would you call them clusters?",
    )
    controls = {
        "step": Slider("step", 20, _STEPS, 300, step=20, say="{:d}", play=True, pause=80),
        "perplexity": Slider("perplexity", 3, 60, 20, step=3, say="{:.0f}"),
        "seed": Again("other digits"),
    }
    scene = staticmethod(tsne_scene)


def clouds(name: str, seed: int) -> np.ndarray:
    """Points of one of four kinds, (n, 2) within [−2, 2]²."""
    rng = np.random.default_rng(seed)
    if name == "two moons":
        turn = rng.uniform(0, np.pi, 150)
        upper = np.stack([np.cos(turn), np.sin(turn)], axis=1) - [0.5, 0.2]
        lower = np.stack([-np.cos(turn), -np.sin(turn)], axis=1) + np.array([0.5, 0.2])
        X = np.concatenate([upper, lower]) * 1.1 + rng.normal(0, 0.08, (300, 2))
    elif name == "ring and core":
        turn = rng.uniform(0, 2 * np.pi, 200)
        ring = 1.5 * np.stack([np.cos(turn), np.sin(turn)], axis=1)
        X = np.concatenate([ring, np.zeros((100, 2))]) + rng.normal(0, 0.1, (300, 2))
    elif name == "unequal density":
        X = np.concatenate([rng.normal(0, 0.12, (150, 2)) - [1, 0], rng.normal(0, 0.5, (120, 2)) - [-0.8, 0]])
    else:
        X = rng.uniform(-2, 2, (270, 2))
    return np.concatenate([X, rng.uniform(-2, 2, (20, 2))])


def dbscan_scene(eps: float, min_samples: int, name: str, seed: int) -> Scene:
    """Clusters, noise, and the neighbourhood of the densest point."""
    X = clouds(name, seed)
    labels = dbscan(X, eps, min_samples)
    distances = np.sqrt(((X[:, None] - X[None]) ** 2).sum(axis=2))
    neighbours = (distances <= eps).sum(axis=1)
    core = neighbours >= min_samples
    panel = Panel(name, (-2.2, 2.2), (-2.2, 2.2), "x₁", "x₂", height=360, width=400, describe="Points in their clusters' colours; noise as crosses")  # fmt: skip
    for label in range(labels.max() + 1):
        color = TEN[label % 10]
        own = (labels == label) & core
        panel.dots(X[own, 0], X[own, 1], color, size=8)
        edge = (labels == label) & ~core
        panel.dots(X[edge, 0], X[edge, 1], color, size=5)
    panel.dots([], [], "ink", size=8, name="core points")
    panel.dots([], [], "ink", size=5, name="border points")
    panel.dots(X[labels == -1, 0], X[labels == -1, 1], "quiet", shape="cross", size=8, name="noise")
    turn = np.linspace(0, 2 * np.pi, 61)
    centre = X[neighbours.argmax()]
    panel.line(centre[0] + eps * np.cos(turn), centre[1] + eps * np.sin(turn), "ink", width=1.5, dash="3 2", name="ε around the densest")  # fmt: skip
    nearest = np.sort(np.sort(distances, axis=1)[:, min_samples - 1])
    knee = Panel(f"distance to the {min_samples}th nearest, sorted", (0, len(X)), (0, max(1.0, 1.1 * eps)), "point", "distance", height=250,
                 describe="Sorted distances; a knee suggests ε")  # fmt: skip
    knee.line(range(len(X)), nearest, "first")
    knee.line([0, len(X)], [eps, eps], "second", dash="7 3", name="ε")
    says = (
        f"{labels.max() + 1} clusters; {int(core.sum())} core points, {int((~core & (labels >= 0)).sum())} border points, "
        f"{int((labels == -1).sum())} noise."
    )
    return Scene([panel, knee], says)


class DbscanExplorer(Explorer):
    """Clusters of any shape, by density."""

    shows = "A point with enough neighbours within ε is a core; cores within ε of each other, and what they reach, are one cluster."
    tries = (
        "Find the range of ε in which the two moons are two clusters. What happens below, and above?",
        "Choose unequal density: is there an ε that finds both groups and calls the rest noise?",
    )
    controls = {
        "eps": Slider("ε", 0.05, 1.0, 0.2, step=0.025, say="{:.3f}"),
        "min_samples": Slider("enough neighbours", 2, 20, 5, say="{:d}"),
        "name": Choice(
            "points", ["two moons", "ring and core", "unequal density", "nothing at all"], "two moons"
        ),
        "seed": Again("draw again"),
    }
    scene = staticmethod(dbscan_scene)
