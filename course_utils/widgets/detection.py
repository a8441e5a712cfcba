"""Explorers for notebook 08: upsampling, overlap and suppression, precision and recall, anchors."""

from __future__ import annotations

import numpy as np

from course_utils.convolution import max_pool2d
from course_utils.detection import average_precision, encode_boxes, iou, make_anchors, match_anchors, nms
from course_utils.segmentation import bed_of_nails, conv_transpose2d, max_unpool2d, upsample_nearest
from course_utils.widgets.controls import Again, Cells, Choice, Points, Slider
from course_utils.widgets.explorer import Explorer
from course_utils.widgets.scene import Panel, Scene, coloured

_WAYS = ("nearest neighbour", "bed of nails", "max unpooling", "transposed convolution")


def _grid(panel: Panel, values: np.ndarray) -> None:
    """Values as coloured cells with their numbers."""
    rows, columns = values.shape
    panel.image(
        coloured(np.append(values, np.full((1, columns), 6.0), axis=0), 6.0)[:rows],
        (0, columns),
        (0, rows),
        opacity=0.45,
    )
    row, column = np.divmod(np.arange(values.size), columns)
    panel.text(column + 0.5, rows - 0.5 - row, [f"{value:.3g}" for value in values.ravel()], size=18 if rows < 5 else 12, dy=5)  # fmt: skip


def upsampling_scene(way: str, kernel: int, small: list[float]) -> Scene:
    """A 4 × 4 map, made larger in one of four ways."""
    x = np.array(small, dtype=float).reshape(1, 1, 4, 4)
    title, note = "press to change", ""
    if way == "nearest neighbour":
        big, note = upsample_nearest(x, 2), "Each value is copied into four places."
    elif way == "bed of nails":
        big, note = bed_of_nails(x, 2), "Each value stands in one corner, zeros around it."
    elif way == "max unpooling":
        pooled, places = max_pool2d(x, 2, return_indices=True)
        big = max_unpool2d(pooled, places, (4, 4))
        title, note = (
            "press to change; pooled to 2 × 2, then back",
            "Each maximum goes back to where it came from; the others are lost.",
        )
    else:
        big = conv_transpose2d(x, np.ones((1, 1, kernel, kernel)), stride=2)
        overlap = kernel % 2 and kernel > 1
        note = f"Each value is multiplied with a {kernel} × {kernel} filter of ones and put down every 2 places; where prints overlap, they add up." + (" The overlaps are uneven: a checkerboard." if overlap else "")  # fmt: skip
    side = big.shape[-1]
    before = Panel(title, (0, 4), (0, 4), bare=True, width=330, height=348, describe="The small map, 4 × 4")
    _grid(before, x[0, 0])
    before.cells(
        "small", 4, 4, [f"row {i // 4 + 1}, column {i % 4 + 1}: {value:g}" for i, value in enumerate(small)]
    )
    after = Panel(f"{way}, {side} × {side}", (0, side), (0, side), bare=True, width=330, height=348, describe="The map that comes out")  # fmt: skip
    _grid(after, big[0, 0])
    return Scene([before, after], f"{note} The sum goes from {x.sum():g} to {big.sum():g}.")


class UpsamplingExplorer(Explorer):
    """Four ways to make a feature map larger."""

    shows = (
        "Four ways up: copy, leave gaps, put maxima back where they were, or print a filter at each place."
    )
    tries = (
        "Set all cells to 1 and use the transposed convolution with filter 3: why is the answer not flat? Which filters give a flat one?",
        "With max unpooling, which of the sixteen numbers can you change without changing the answer?",
    )
    controls = {
        "way": Choice("way", _WAYS, "transposed convolution"),
        "kernel": Slider("filter of the transposed convolution", 1, 5, 3, say="{:d}"),
        "small": Cells((1, 3, 0, 2, 0, 2, 1, 0, 3, 0, 2, 1, 1, 0, 0, 3), (0, 1, 2, 3)),
    }
    scene = staticmethod(upsampling_scene)


_SCORES = np.array([0.95, 0.85, 0.8, 0.6])
_COLOURS = ("first", "second", "third", "fourth")


def suppression_scene(threshold: float, corners: list[list[float]]) -> Scene:
    """Four boxes, how much they overlap, and which of them stay."""
    xy = np.array(corners).reshape(4, 2, 2)
    boxes = np.concatenate([xy.min(axis=1), xy.max(axis=1)], axis=1)
    kept = nms(boxes, _SCORES, threshold).tolist()
    overlaps = iou(boxes, boxes)
    panel = Panel("drag the corners", (0, 100), (100, 0), "x", "y", height=330, describe="Four boxes with their scores; those that stay are solid")  # fmt: skip
    table = Panel("intersection over union", (0, 4), (4, 0), bare=True, width=300, height=318, describe="IoU of each pair of boxes")  # fmt: skip
    for i, (box, color) in enumerate(zip(boxes, _COLOURS, strict=True)):
        stays = i in kept
        panel.bars([box[0]], [box[2]], [box[1]], [box[3]], color, fill=False, dash="" if stays else "4 4", width=3 if stays else 1.5)  # fmt: skip
        panel.text([box[0]], [box[1]], f"{'ABCD'[i]} {_SCORES[i]:.2f}{'' if stays else ' dropped'}", anchor="start", dx=12, dy=15, bold=stays)  # fmt: skip
        panel.handles("corners", corners[2 * i : 2 * i + 2], [f"corner of box {'ABCD'[i]}"] * 2, color, index=(2 * i, 2 * i + 1))  # fmt: skip
    table.image(coloured(overlaps, 1.0), (0, 4), (0, 4), opacity=0.4)
    row, column = np.divmod(np.arange(16), 4)
    table.text(column + 0.5, row + 0.5, [f"{value:.2f}" for value in overlaps.ravel()], size=15, dy=5)
    table.text([0.1, 1.1, 2.1, 3.1], [0.2] * 4, ["A", "B", "C", "D"], anchor="start", bold=True)
    table.text([0.1] * 3, [1.2, 2.2, 3.2], ["B", "C", "D"], anchor="start", bold=True)
    reasons = []
    for i in range(4):
        if i not in kept:
            killer = next(k for k in kept if _SCORES[k] > _SCORES[i] and overlaps[k, i] > threshold)
            reasons.append(
                f"{'ABCD'[i]} goes, it overlaps {'ABCD'[killer]} by {overlaps[killer, i]:.2f} > {threshold:.2f}"
            )
    says = f"IoU of A and B {overlaps[0, 1]:.2f}. " + (
        "; ".join(reasons) + "." if reasons else "All four stay."
    )
    return Scene([panel, table], says)


class SuppressionExplorer(Explorer):
    """Intersection over union, and greedy non-maximum suppression."""

    shows = "The best box stays, and drops whatever overlaps it by more than the threshold; then the best of the rest, and so on."
    tries = (
        "Two people side by side: drag A and B so that both are right and IoU is 0.6. At which threshold do you lose one?",
        "Make B overlap A, and C overlap B but not A: C stays, for a dropped box drops nobody.",
    )
    controls = {
        "threshold": Slider("IoU threshold", 0.0, 1.0, 0.4, step=0.05, say="{:.2f}"),
        "corners": Points(
            [(12, 20), (52, 62), (20, 26), (60, 70), (44, 44), (84, 86), (64, 10), (92, 34)], (1, 99), (1, 99)
        ),
    }
    scene = staticmethod(suppression_scene)


def precision_scene(threshold: float, quality: float, seed: int) -> Scene:
    """A detector's answers by score, and the curve that they make."""
    rng, n_truth = np.random.default_rng(seed), 20
    matches = rng.permutation(np.repeat([True, False], [17, 23]))
    scores = 1 / (1 + np.exp(-(quality * (2 * matches - 1) + rng.normal(size=40))))
    order = np.argsort(-scores)
    hits = np.cumsum(matches[order])
    precision, recall = hits / np.arange(1, 41), hits / n_truth
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    strip = Panel("40 detections by score", (0, 1), (0, 4), "score", height=230, yticks=[(1, "wrong"), (3, "right")],
                  describe="Right and wrong detections along their scores")  # fmt: skip
    for right, level, color, shape in ((True, 3, "first", "circle"), (False, 1, "second", "cross")):
        own = matches == right
        strip.dots(scores[own], np.full(own.sum(), level), color, shape=shape, size=9, opacity=0.8)
    strip.segments([threshold], [0], [threshold], [4], "ink", dash="3 3", name="threshold")
    average = average_precision(scores, matches, n_truth, points=None)
    curve = Panel(f"average precision {average:.1f}", (0, 1.02), (0, 1.05), "recall", "precision", height=280,
                  describe="Precision against recall, with the area under its envelope")  # fmt: skip
    steps_x = np.concatenate([[0], np.repeat(recall, 2)])
    steps_y = np.concatenate([np.repeat(envelope, 2), [envelope[-1]]])
    curve.area(np.concatenate([steps_x, [recall[-1], 0]]), np.concatenate([steps_y, [0, 0]]), "first", name="area = average precision")  # fmt: skip
    curve.line(recall, precision, "first")
    taken = int((scores >= threshold).sum())
    found = int(matches[scores >= threshold].sum())
    if taken:
        curve.dots([found / n_truth], [found / taken], "ink", size=11, name="at the threshold")
    says = (
        f"At threshold {threshold:.2f}: {taken} detections, {found} of them right; precision {found}/{taken}, recall {found}/{n_truth}."
        if taken
        else f"At threshold {threshold:.2f} nothing is detected."
    ) + " Three of the 20 objects are never found, so recall ends at 0.85."
    return Scene([strip, curve], says)


class PrecisionExplorer(Explorer):
    """Precision, recall and average precision."""

    shows = "Lower the threshold and you find more, and more of it is wrong; average precision is the area under the whole trade."
    tries = (
        "Move the threshold: recall can only grow as it falls. Can precision grow too?",
        "Raise the quality: the curve becomes a rectangle. Why does it end at 0.85?",
    )
    controls = {
        "threshold": Slider("score threshold", 0.0, 1.0, 0.5, step=0.02, say="{:.2f}"),
        "quality": Slider("quality of the detector", 0.0, 3.0, 1.0, step=0.1, say="{:.1f}"),
        "seed": Again("draw again"),
    }
    scene = staticmethod(precision_scene)


def anchor_scene(side: float, stride: int, ratios: str, high: float, corners: list[list[float]]) -> Scene:
    """Anchors over a map, those that match the box that is to be found, and what the net would have to say."""
    (x0, y0), (x1, y1) = np.sort(np.array(corners), axis=0)
    box = np.array([[x0, y0, max(x1, x0 + 1), max(y1, y0 + 1)]])
    shapes = {"1": (1.0,), "½, 1, 2": (0.5, 1.0, 2.0)}[ratios]
    cells = 128 // stride
    anchors = make_anchors((cells, cells), stride, [side], shapes)
    matched = match_anchors(anchors, box, high=high, low=min(0.4, high))
    overlaps = iou(anchors, box)[:, 0]
    best = int(overlaps.argmax())
    panel = Panel("drag the corners of the truth", (0, 128), (128, 0), "x (pixels)", "y (pixels)", height=340,
                  describe="Centres of anchors, the true box, and the anchors that match it")  # fmt: skip
    centres = anchors.reshape(-1, len(shapes), 4)[:, 0]
    panel.dots((centres[:, 0] + centres[:, 2]) / 2, (centres[:, 1] + centres[:, 3]) / 2, "quiet", size=3, name="centres of anchors")  # fmt: skip
    for color, own, name in (
        ("quiet", matched == -2, "in between: ignored"),
        ("first", matched >= 0, "matched"),
    ):
        some = anchors[own][:40]
        if len(some):
            panel.bars(some[:, 0], some[:, 2], some[:, 1], some[:, 3], color, fill=False, width=1, dash="3 3" if color == "quiet" else "", name=name)  # fmt: skip
    panel.bars(box[:, 0], box[:, 2], box[:, 1], box[:, 3], "second", fill=False, width=3, name="truth")
    panel.handles("corners", corners, ["corner of the truth"] * 2, "second")
    offsets = encode_boxes(box, anchors[best : best + 1])[0]
    bars = Panel("what the best anchor must answer", (-0.5, 3.5), (-1.5, 1.5), "", "offset", height=240,
                 xticks=list(enumerate(("dx/w", "dy/h", "log w", "log h"))), describe="The four offsets from the best anchor to the truth")  # fmt: skip
    position = np.arange(4)
    bars.bars(position - 0.3, position + 0.3, np.zeros(4), offsets.clip(-1.5, 1.5), "second", opacity=0.8)
    bars.segments([-0.5], [0], [3.5], [0], "ink", width=1)
    says = (
        f"{len(anchors)} anchors; {int((matched >= 0).sum())} match, {int((matched == -1).sum())} are background, "
        f"{int((matched == -2).sum())} ignored. The best overlaps by {overlaps[best]:.2f}: offsets "
        + ", ".join(f"{value:.2f}" for value in offsets)
        + "."
    ).replace("-", "−")
    return Scene([panel, bars], says)


class AnchorExplorer(Explorer):
    """Anchors, which of them match a box, and the offsets from the best."""

    shows = "Anchors are first guesses, the same at every place; a net says which of them hold something, and how to move those."
    tries = (
        "Drag the truth to be long and flat: how many anchors match with ratio 1, how many with ½, 1, 2?",
        "Make it very small: only the best anchor matches, for every object gets at least one.",
    )
    controls = {
        "side": Slider("side of the anchors", 16, 96, 40, step=8, say="{:d}"),
        "stride": Choice("stride", ["8", "16", "32"], "16"),
        "ratios": Choice("height : width", ["1", "½, 1, 2"], "1"),
        "high": Slider("match from IoU", 0.3, 0.9, 0.5, step=0.05, say="{:.2f}"),
        "corners": Points([(38, 44), (82, 88)], (1, 127), (1, 127)),
    }

    @staticmethod
    def scene(side: float, stride: str, ratios: str, high: float, corners: list[list[float]]) -> Scene:
        """See :func:`anchor_scene`."""
        return anchor_scene(side, int(stride), ratios, high, corners)
