"""Explorers for notebook 06: initialisation through twenty layers, and batch norm."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from course_utils.activations import relu, relu_derivative, tanh, tanh_derivative
from course_utils.layers import batch_norm
from course_utils.widgets.controls import Choice, Slider, Toggle
from course_utils.widgets.explorer import Explorer
from course_utils.widgets.scene import Panel, Scene, coloured

_LAYERS, _WIDTH = 20, 128
_KINDS = {"tanh": (tanh, tanh_derivative), "ReLU": (relu, relu_derivative)}


@lru_cache(maxsize=64)
def signals(kind: str, std: float, normalised: bool = False) -> tuple[list[np.ndarray], np.ndarray]:
    """Activations of each layer (256, width) and the gradient's root mean square at each, for weights N(0, std²)."""
    rng = np.random.default_rng(0)
    f, derivative = _KINDS[kind]
    h, kept, slopes, weights = rng.normal(size=(256, _WIDTH)), [], [], []
    for _ in range(_LAYERS):
        W = std * rng.normal(size=(_WIDTH, _WIDTH))
        z = h @ W
        scale = 1.0
        if normalised:
            scale = 1 / np.sqrt(
                z.var(axis=0) + 1e-5
            )  # what the gradient is multiplied with on its way back, about
            z, _ = batch_norm(z, np.ones(_WIDTH), np.zeros(_WIDTH))
        h = f(z)
        kept.append(h)
        slopes.append(derivative(z) * scale)
        weights.append(W)
    g, sizes = rng.normal(size=h.shape), []
    for slope, W in zip(reversed(slopes), reversed(weights), strict=True):
        g = g * slope
        sizes.append(np.sqrt((g**2).mean()))
        g = g @ W.T
    return kept, np.array(sizes[::-1])


def initialisation_scene(std: float, kind: str, normalised: bool) -> Scene:
    """Histograms of each layer's activations, and the size of signals and gradients."""
    kept, sizes = signals(kind, std, normalised)
    edges = np.linspace(-1.02, 1.02, 52) if kind == "tanh" else np.linspace(-0.04, 4, 52)
    counts = np.stack([np.histogram(h.clip(edges[0], edges[-1]), edges)[0] for h in kept], axis=1)
    low, high = float(edges[0]), float(edges[-1])
    histograms = Panel("activations, a histogram a layer", (0.5, _LAYERS + 0.5), (low, high), "layer", "activation", height=290,
                       describe="Each column is the histogram of one layer's activations; light is frequent")  # fmt: skip
    histograms.image(coloured(np.sqrt(counts / counts.max(axis=0)))[::-1], (0.5, _LAYERS + 0.5), (low, high))
    spread = np.array([h.std() for h in kept])
    layers = np.arange(1, _LAYERS + 1)
    panel = Panel("size, layer by layer", (0.5, _LAYERS + 0.5), (1e-9, 1e9), "layer", "", ylog=True, height=290,
                  describe="Standard deviation of activations and of gradients, layer by layer")  # fmt: skip
    panel.line(layers, spread.clip(1e-12, 1e12), "first", name="activations (std)")
    panel.line(
        layers, (sizes / sizes[-1]).clip(1e-12, 1e12), "second", dash="7 3", name="gradients, last layer = 1"
    )
    names = {"Xavier, √(1/n)": np.sqrt(1 / _WIDTH), "He, √(2/n)": np.sqrt(2 / _WIDTH)}
    near = [name for name, value in names.items() if abs(np.log(std / value)) < 0.09]
    outcome = (
        "the signal dies" if spread[-1] < 1e-3 else "the signal explodes" if spread[-1] > 1e3
        else "most units are saturated" if kind == "tanh" and (np.abs(kept[-1]) > 0.97).mean() > 0.5
        else "the signal stays alive"
    )  # fmt: skip
    says = (
        f"Weights of standard deviation {std:.3g}{f' ({near[0]})' if near else ''}: {outcome}. Last layer's standard deviation "
        f"{spread[-1]:.2g}; the gradient at layer 1 is {sizes[0] / sizes[-1]:.2g} of that at the last."
    )
    return Scene([histograms, panel], says)


class InitialisationExplorer(Explorer):
    """Signals and gradients through twenty layers of 128 units, for weights of any size."""

    shows = "Each layer multiplies the signal by about √n times the weights' standard deviation, halved by ReLU's zeros; twenty layers do it twenty times."
    tries = (
        "With tanh find where the signal lives: at 0.088 = √(1/128). Then choose ReLU, and find 0.125 = √(2/128).",
        "Choose the worst size you can find, then switch batch norm on.",
    )
    controls = {
        "std": Slider("weights' standard deviation", 0.01, 1.0, 0.02, step=10**0.05, log=True),
        "kind": Choice("activation", list(_KINDS), "tanh"),
        "normalised": Toggle("batch norm"),
    }
    scene = staticmethod(initialisation_scene)


def batch_norm_scene(shift: float, scale: float, batch: int, gamma: float, beta: float) -> Scene:
    """What comes in, what goes out, and how much a sample's output depends on its company."""
    rng = np.random.default_rng(3)
    x = shift + scale * rng.normal(size=(5000, 1))
    edges = np.linspace(-8, 8, 81)

    def normalised(values: np.ndarray) -> np.ndarray:
        return batch_norm(values, np.array([gamma]), np.array([beta]))[0]  # type: ignore[no-any-return]

    y = normalised(x)
    before = Panel("one unit, 5,000 samples", (-8, 8), (0, 0.6), "value", "density", height=280, describe="Histograms before and after batch norm")  # fmt: skip
    for values, color, name in ((x, "first", "before"), (y, "second", "after, γx̂ + β")):
        density, _ = np.histogram(values, edges, density=True)
        before.bars(edges[:-1], edges[1:], np.zeros(80), density, color, opacity=0.35)
        before.line(np.repeat(edges, 2)[1:-1], np.repeat(density, 2), color, dash="" if color == "first" else "7 3", width=1.5, name=name)  # fmt: skip
    fixed = shift + scale * 1.0
    # The same sample among other ones, 400 times over.
    company = shift + scale * rng.normal(size=(batch - 1, 400))
    together = np.concatenate([np.full((1, 400), fixed), company])
    outputs = batch_norm(together, np.full(400, gamma), np.full(400, beta))[0][0]
    spread = Panel("one sample's output in 400 batches", (-4, 8), (0, 1.05), "output", "share, largest = 1", height=280,
                   describe="Histogram of one sample's output over batches, and its output at test time")  # fmt: skip
    counts, bins = np.histogram(outputs.clip(-4, 8), np.linspace(-4, 8, 121))
    spread.bars(
        bins[:-1], bins[1:], np.zeros(120), counts / counts.max(), "second", opacity=0.6, name="training"
    )
    test = float(gamma + beta)
    spread.segments([test], [0], [test], [1.05], "ink", dash="3 3", name="test, by running averages")
    says = (
        f"Before: mean {x.mean():.2f}, standard deviation {x.std():.2f}. After: {y.mean():.2f} and {y.std():.2f}. "
        f"In batches of {batch} the same sample's output varies by ±{outputs.std():.2f}."
    ).replace("-", "−")
    return Scene([before, spread], says)


class BatchNormExplorer(Explorer):
    """Batch norm of one unit, and the noise that small batches bring."""

    shows = "Whatever mean and spread come in, β and γ decide what goes out; in training a sample's output depends on the rest of its batch."
    tries = (
        "Move shift and scale: does anything change after the norm?",
        "Lower the batch to 2: every output is β − γ or β + γ. What would a net learn from that?",
    )
    controls = {
        "shift": Slider("shift of the input", -4, 4, 2.0, step=0.5, say="{:.1f}"),
        "scale": Slider("scale of the input", 0.25, 4, 1.5, step=0.25, say="{:.2f}"),
        "batch": Slider("batch size", 2, 128, 8, say="{:d}"),
        "gamma": Slider("γ", 0.25, 3, 1.0, step=0.25, say="{:.2f}"),
        "beta": Slider("β", -3, 3, 0.0, step=0.5, say="{:.1f}"),
    }
    scene = staticmethod(batch_norm_scene)
