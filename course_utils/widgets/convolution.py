"""Explorers for notebook 07: a filter that you draw, and the size of what comes out."""

from __future__ import annotations

from functools import cache

import numpy as np

from course_utils.convolution import conv_output_size, convolve2d, correlate2d
from course_utils.data import load_photograph
from course_utils.widgets.controls import Cells, Choice, Slider, Toggle
from course_utils.widgets.explorer import Explorer
from course_utils.widgets.scene import Panel, Scene, coloured

_PICTURES = ["chelsea", "coffee", "brick", "rocket", "a single point"]


@cache
def grey(name: str, side: int = 112) -> np.ndarray:
    """A photograph's middle in grey, from 0 to 1; or a white pixel on black."""
    if name == "a single point":
        point = np.zeros((11, 11))
        point[5, 5] = 1
        return point
    picture = load_photograph(name).astype(float).mean(axis=2) / 255
    block = min(picture.shape) // side
    square = picture[: block * side, : block * side]
    return square.reshape(side, block, side, block).mean(axis=(1, 3))  # type: ignore[no-any-return]


def convolution_scene(kernel: list[float], picture: str, flip: bool) -> Scene:
    """The picture, the filter, and what the filter answers."""
    image, weights = grey(picture), np.array(kernel).reshape(3, 3)
    answer = (convolve2d if flip else correlate2d)(image, weights)
    side = len(image)
    before = Panel(
        "the picture",
        (0, side),
        (0, side),
        bare=True,
        width=300,
        height=318,
        describe=f"The picture: {picture}",
    )
    before.image(image, (0, side), (0, side))
    drawn = Panel("press to change the filter", (0, 3), (0, 3), bare=True, width=300, height=318, describe="The filter's nine weights")  # fmt: skip
    drawn.image(coloured(np.append(weights, [[-2.0, 0.0, 2.0]], axis=0), 3.2)[:3], (0, 3), (0, 3))
    row, column = np.divmod(np.arange(9), 3)
    drawn.text(column + 0.5, 2.5 - row, [f"{value:g}".replace("-", "−") for value in kernel], "#111", size=20, bold=True, dy=7)  # fmt: skip
    labels = [
        f"row {r + 1}, column {c + 1}: {value:g}" for r, c, value in zip(row, column, kernel, strict=True)
    ]
    drawn.cells("kernel", 3, 3, labels)
    after = Panel("the answer", (0, side), (0, side), bare=True, width=300, height=318, describe="What the filter answers at each place")  # fmt: skip
    inset = (1, side - 1)
    after.image(coloured(answer), inset, inset)
    total = weights.sum()
    kind = "smooths" if (weights >= 0).all() and total > 0 else "answers to change, and to flat places with 0" if abs(total) < 1e-9 else "does some of both"  # fmt: skip
    symmetric = np.array_equal(weights, weights[::-1, ::-1])
    says = (
        f"The weights sum to {total:g}: the filter {kind}. Answers from {answer.min():.2f} to {answer.max():.2f}. "
        + ("Turned by 180° it is the same, so convolution and correlation agree." if symmetric else "Convolution turns the filter by 180°, correlation doesn't: here they differ.")
    ).replace("-", "−")  # fmt: skip
    return Scene([before, drawn, after], says)


class ConvolutionExplorer(Explorer):
    """A 3 × 3 filter to draw, on a photograph."""

    shows = "One small filter is laid on every place of the picture; where the picture looks like the filter, the answer is large."
    tries = (
        "Press the cells until all nine are 1: what does it do? Then make the middle −2, and the others 0.",
        "Choose the single point, and switch between convolution and correlation: which of them prints the filter, and which prints it turned?",
    )
    controls = {
        "picture": Choice("picture", _PICTURES, "chelsea"),
        "kernel": Cells((-1, 0, 1, -2, 0, 2, -1, 0, 1), (-2, -1, 0, 1, 2)),
        "flip": Toggle("convolution (turn the filter) in place of correlation"),
    }
    scene = staticmethod(convolution_scene)


def output_size_scene(W: int, F: int, S: int, P: int) -> Scene:
    """A row of inputs with its padding, the filter at each place where it stops, and what comes out."""
    padded = W + 2 * P
    whole = padded >= F and (padded - F) % S == 0
    stops = range(0, padded - F + 1, S)
    panel = Panel("a row of the input, and where the filter stops", (-0.5, 28.5), (len(stops) + 2.2, -0.4), bare=True, width=640,
                  height=110 + 15 * len(stops), describe="Input cells with padding, and a bar for each place of the filter")  # fmt: skip
    left = np.arange(padded)
    inside = (left >= P) & (left < P + W)
    panel.bars(
        left[inside],
        left[inside] + 0.9,
        np.full(W, 0.0),
        np.full(W, 0.9),
        "first",
        opacity=0.75,
        name="input",
    )
    if P:
        panel.bars(left[~inside], left[~inside] + 0.9, np.full(2 * P, 0.0), np.full(2 * P, 0.9), "quiet", fill=False, dash="3 2", width=1.2, name="padding")  # fmt: skip
    rows = np.arange(len(stops)) + 1.25
    panel.bars(list(stops), [stop + F - 0.1 for stop in stops], rows, rows + 0.6, "second", opacity=0.8, name="the filter, at each stop")  # fmt: skip
    covered = (stops[-1] + F) if len(stops) else 0
    if not whole and len(stops):
        lost = np.arange(covered, padded)
        panel.text(lost + 0.45, np.full(len(lost), 0.45), ["✗"] * len(lost), "ink", bold=True)
    formula = f"(W − F + 2P)/S + 1 = ({W} − {F} + {2 * P})/{S} + 1 = {(W - F + 2 * P) / S + 1:g}"
    if whole:
        says = f"{formula}: {conv_output_size(W, F, S, P)} outputs, one for each stop."
    elif not len(stops):
        says = f"{formula}: the filter is wider than the padded input."
    else:
        says = f"{formula} is no whole number: the last {padded - covered} of the row would never be seen. The library refuses it."
    return Scene([panel], says)


class OutputSizeExplorer(Explorer):
    """Width, filter, stride and padding, and what comes out."""

    shows = "Count the filter's stops: that is the size of the output."
    tries = (
        "Keep the size: F = 3, S = 1, and which P? And for F = 5, F = 7?",
        "Find two settings with stride 2 that don't fit, and repair each by changing P or W by one.",
    )
    controls = {
        "W": Slider("width W", 5, 20, 9, say="{:d}"),
        "F": Slider("filter F", 1, 7, 3, say="{:d}"),
        "S": Slider("stride S", 1, 4, 2, say="{:d}"),
        "P": Slider("padding P", 0, 4, 1, say="{:d}"),
    }
    scene = staticmethod(output_size_scene)
