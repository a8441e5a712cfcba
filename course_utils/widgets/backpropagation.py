"""Explorers for notebook 04: a graph forwards and backwards, and where gradients die."""

from __future__ import annotations

import math

import numpy as np

from course_utils import activations
from course_utils.widgets.controls import Choice, Slider
from course_utils.widgets.explorer import Explorer
from course_utils.widgets.scene import Panel, Scene

_NODES = {  # where each node of the graph stands
    "x": (0.0, 2.0), "w": (0.0, 1.0), "b": (1.0, 0.2), "q = w·x": (1.0, 1.5), "s = q + b": (2.0, 1.0), "p = σ(s)": (3.0, 1.0),
    "L = (p − 1)²": (4.0, 1.0),
}  # fmt: skip
_EDGES = [("x", "q = w·x"), ("w", "q = w·x"), ("q = w·x", "s = q + b"), ("b", "s = q + b"), ("s = q + b", "p = σ(s)"), ("p = σ(s)", "L = (p − 1)²")]  # fmt: skip
_FORWARD = ["q = w·x", "s = q + b", "p = σ(s)", "L = (p − 1)²"]
_BACKWARD = [["L = (p − 1)²"], ["p = σ(s)"], ["s = q + b"], ["q = w·x", "b"], ["x", "w"]]


def backprop_values(
    x: float, w: float, b: float
) -> tuple[dict[str, float], dict[str, float], dict[str, str]]:
    """Each node's value, its gradient dL/dnode, and the rule that gave the gradient."""
    q, s = w * x, w * x + b
    p = 1 / (1 + math.exp(-s))
    dp = 2 * (p - 1)
    ds = dp * p * (1 - p)
    values = dict(zip(_NODES, (x, w, b, q, s, p, (p - 1) ** 2), strict=True))
    gradients = dict(zip(_NODES, (ds * w, ds * x, ds, ds, ds, dp, 1.0), strict=True))
    rules = dict(zip(_NODES, (
        "dL/dx = dL/dq · w", "dL/dw = dL/dq · x", "a sum hands its gradient on to both", "a sum hands its gradient on to both",
        "dL/ds = dL/dp · p(1 − p)", "dL/dp = 2(p − 1)", "dL/dL = 1: here it begins",
    ), strict=True))  # fmt: skip
    return values, gradients, rules


def products(layers: int, width: int) -> tuple[int, int]:
    """Multiplications for a scalar loss after ``layers`` square Jacobians: input first, and output first."""
    forwards = (layers - 1) * width**3 + width**2
    return forwards, layers * width**2


def backprop_scene(step: int, x: float, w: float, b: float, width: int) -> Scene:
    """Values go forwards, then gradients come back, one node a step."""
    values, gradients, rules = backprop_values(x, w, b)
    known = {"x", "w", "b", *_FORWARD[:step]}
    back = [name for names in _BACKWARD[: max(0, step - 4)] for name in names]
    active = _FORWARD[step - 1 : step] if step <= 4 else _BACKWARD[step - 5]
    graph = Panel("the graph", (-0.5, 4.55), (-0.25, 2.5), bare=True, width=640, height=260,
                  describe="The graph with the values and gradients known so far")  # fmt: skip
    for start, end in _EDGES:
        (x0, y0), (x1, y1) = _NODES[start], _NODES[end]
        reach = 0.33 / math.hypot(x1 - x0, y1 - y0)
        gap = 0.41 / math.hypot(x1 - x0, y1 - y0)
        graph.segments([x0 + reach * (x1 - x0)], [y0 + reach * (y1 - y0)], [x1 - gap * (x1 - x0)], [y1 - gap * (y1 - y0)], "quiet", arrow=True)  # fmt: skip
    for name, (nx, ny) in _NODES.items():
        here = name in active
        graph.bars([nx - 0.4], [nx + 0.4], [ny - 0.33], [ny + 0.33], "second" if here and step > 4 else "first", fill=False, width=3 if here else 1)  # fmt: skip
        graph.text([nx], [ny], name, bold=True, dy=-9)
        graph.text([nx], [ny], f"{values[name]:.3f}" if name in known else "?", "first", dy=6)
        if name in back:
            graph.text([nx], [ny], f"dL: {gradients[name]:.3f}", "second", dy=20)
    layers = np.arange(2, 11)
    counts = np.array([products(int(each), width) for each in layers])
    cost = Panel(f"multiplications, layers of width {width}", (1.5, 10.5), (10, 1e8), "layers", "multiplications", ylog=True, width=640, height=200,
                 describe="Multiplications against layers for both orders")  # fmt: skip
    cost.line(layers, counts[:, 0], "first", name="input first: matrix times matrix")
    cost.dots(layers, counts[:, 0], "first")
    cost.line(layers, counts[:, 1], "second", dash="7 3", name="output first: row times matrix")
    cost.dots(layers, counts[:, 1], "second", shape="square")
    if step == 0:
        told = "The inputs are given."
    elif step <= 4:
        told = f"Forwards: {active[0]} gives {values[active[0]]:.3f}."
    else:
        told = "Backwards: " + "; ".join(f"{rules[name]} → {gradients[name]:.3f}" for name in active) + "."
    ratio = counts[-1, 0] / counts[-1, 1]
    return Scene([graph, cost], f"{told} With ten layers, output first saves a factor {ratio:.0f}.")


class BackpropExplorer(Explorer):
    """Backpropagation on a graph, one node a step, and what its order saves."""

    shows = "Each node turns the gradient that comes back into one for each of its inputs; what is shared is computed once."
    tries = (
        "Play it through. Then set b to 6: p is close to 1, and hardly any gradient gets past σ.",
        "Raise the width: the order from the input pays with the cube, the order from the loss with the square.",
    )
    controls = {
        "step": Slider("step", 0, 9, 9, say="{:d}", play=True, pause=900),
        "x": Slider("x", -3, 3, 1.5, step=0.1, say="{:.1f}"),
        "w": Slider("w", -3, 3, -0.8, step=0.1, say="{:.1f}"),
        "b": Slider("b", -6, 6, 0.5, step=0.5, say="{:.1f}"),
        "width": Slider("width of a layer", 4, 128, 32, step=2, log=True, say="{:.0f}"),
    }

    @staticmethod
    def scene(step: int, x: float, w: float, b: float, width: float) -> Scene:
        """See :func:`backprop_scene`."""
        return backprop_scene(step, x, w, b, round(width))


_KINDS = {
    "sigmoid": (activations.sigmoid, activations.sigmoid_derivative),
    "tanh": (activations.tanh, activations.tanh_derivative),
    "ReLU": (activations.relu, activations.relu_derivative),
    "leaky ReLU": (activations.leaky_relu, activations.leaky_relu_derivative),
    "ELU": (activations.elu, activations.elu_derivative),
}
_DEPTH = 15


def gradient_through_layers(kind: str, gain: float, shift: float, width: int = 64) -> np.ndarray:
    """Root mean square of the gradient at each layer's sums, relative to that at the last: (depth,)."""
    rng = np.random.default_rng(0)
    f, derivative = _KINDS[kind]
    h, slopes, weights = rng.normal(size=(200, width)), [], []
    for _ in range(_DEPTH):
        W = rng.normal(size=(width, width)) * gain / math.sqrt(width)
        z = h @ W + shift
        slopes.append(derivative(z))
        weights.append(W)
        h = f(z)
    g, sizes = rng.normal(size=h.shape), []
    for slope, W in zip(reversed(slopes), reversed(weights), strict=True):
        g = g * slope
        sizes.append(float(np.sqrt((g**2).mean())))
        g = g @ W.T
    return np.array(sizes[::-1]) / max(sizes[0], 1e-300)


def activation_scene(kind: str, gain: float, shift: float) -> Scene:
    """The function and its slope under the sums that reach it, and what is left of a gradient after many layers."""
    f, derivative = _KINDS[kind]
    z = np.linspace(-6, 6, 241)
    sums = shift + gain * np.random.default_rng(1).normal(size=4000)
    slopes = derivative(sums)
    curve = Panel(kind, (-6, 6), (-1.4, 2.4), "sum z", "", height=280, describe=f"{kind}, its derivative, and how the sums are spread")  # fmt: skip
    counts, edges = np.histogram(sums, 48, (-6, 6))
    curve.bars(edges[:-1], edges[1:], np.full(48, -1.4), -1.4 + 1.2 * counts / counts.max(), "third", opacity=0.45, name="sums z")  # fmt: skip
    curve.line(z, f(z).clip(-5, 5), "first", name="f(z)")
    curve.line(z, derivative(z), "second", dash="7 3", name="f′(z)")
    sizes = gradient_through_layers(kind, gain, shift)
    layers = np.arange(1, _DEPTH + 1)
    panel = Panel(f"gradient through {_DEPTH} layers", (0.5, _DEPTH + 0.5), (1e-12, 1e3), "layer", "size, last layer = 1", ylog=True, height=280,
                  describe="Size of the gradient at each layer")  # fmt: skip
    panel.line(layers, sizes.clip(1e-14), "second", dash="7 3")
    panel.dots(layers, sizes.clip(1e-14), "second", shape="square", size=8)
    dead = float((np.abs(slopes) < 0.05).mean())
    says = (
        f"{dead:.0%} of the sums fall where |f′| < 0.05. Of a gradient of 1 at layer {_DEPTH}, {sizes[0]:.1e} reaches layer 1. "
        f"Mean output {float(f(sums).mean()):.2f}."
    )
    return Scene([curve, panel], says)


class ActivationExplorer(Explorer):
    """Activations, their slopes, and the gradient that is left after fifteen layers."""

    shows = "A gradient is multiplied by f′ at every layer; where f is flat, or the weights small, little of it is left."
    tries = (
        "Compare sigmoid with ReLU at gain 1.4: whose gradient reaches layer 1?",
        "Shift the sums to −4: ReLU is dead, leaky ReLU is not.",
    )
    controls = {
        "gain": Slider("gain of the weights", 0.2, 4.0, 1.4, step=0.2, say="{:.1f}"),
        "kind": Choice("activation", list(_KINDS), "sigmoid"),
        "shift": Slider("shift of the sums", -4, 4, 0.0, step=0.5, say="{:.1f}"),
    }
    scene = staticmethod(activation_scene)
