"""Boxes: area, overlap, anchors, offsets, and which of many to keep.

A box is (x1, y1, x2, y2) with x1 ≤ x2 and y1 ≤ y2, in pixels. NumPy arrays or torch tensors; there may be no boxes at all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from types import ModuleType

import numpy as np
from array_api_compat import array_namespace, is_array_api_obj

from course_utils._arrays import Array, require

_MOST = math.log(
    1000 / 16
)  # an offset of a size is cut off here: exp of more would overflow, and no box grows so much


def as_boxes(name: str, boxes: Array) -> tuple[ModuleType, Array]:
    """The library of boxes (…, 4), and the boxes as floating-point numbers; ``ValueError`` if they aren't boxes."""
    boxes = boxes if is_array_api_obj(boxes) else np.asarray(boxes, dtype=float)
    if boxes.shape == (0,):
        boxes = boxes.reshape(0, 4)
    xp = array_namespace(boxes)
    boxes = boxes if xp.isdtype(boxes.dtype, "real floating") else xp.astype(boxes, xp.asarray(0.0).dtype)
    require(
        boxes.ndim >= 1 and boxes.shape[-1] == 4, name, "boxes of shape (…, 4)", f"shape {tuple(boxes.shape)}"
    )
    right = xp.all((boxes[..., 2] >= boxes[..., 0]) & (boxes[..., 3] >= boxes[..., 1]))
    require(bool(right), name, "finite boxes with x1 <= x2 and y1 <= y2", "others")
    return xp, boxes


def box_area(boxes: Array) -> Array:
    """Area ``(x2 − x1)(y2 − y1)`` of each box.

    Parameters
    ----------
    boxes
        (…, 4).

    Returns
    -------
    array
        (…).

    Examples
    --------
    >>> box_area([[0.0, 0.0, 2.0, 3.0], [1.0, 1.0, 1.0, 5.0]])
    array([6., 0.])
    """
    _, boxes = as_boxes("boxes", boxes)
    return _area(boxes)


def _area(boxes: Array) -> Array:
    return (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])


def iou(a: Array, b: Array) -> Array:
    """Intersection over union of each box of a with each of b; 0 where neither has an area.

    Parameters
    ----------
    a, b
        (n, 4) and (m, 4).

    Returns
    -------
    array
        (n, m), from 0 to 1.

    References
    ----------
    Everingham and others, *The PASCAL Visual Object Classes Challenge*, IJCV 88 (2010).

    Examples
    --------
    >>> iou([[0.0, 0.0, 2.0, 2.0]], [[1.0, 0.0, 3.0, 2.0], [5.0, 5.0, 6.0, 6.0]]).round(4)
    array([[0.3333, 0.    ]])
    """
    xp, a = as_boxes("a", a)
    _, b = as_boxes("b", b)
    for name, boxes in (("a", a), ("b", b)):
        require(boxes.ndim == 2, name, "shape (n, 4)", f"shape {tuple(boxes.shape)}")
    return _iou(xp, a, b)


def _iou(xp: ModuleType, a: Array, b: Array) -> Array:
    width = xp.minimum(a[:, None, 2], b[:, 2]) - xp.maximum(a[:, None, 0], b[:, 0])
    height = xp.minimum(a[:, None, 3], b[:, 3]) - xp.maximum(a[:, None, 1], b[:, 1])
    shared = xp.clip(width, min=0) * xp.clip(height, min=0)
    union = _area(a)[:, None] + _area(b) - shared
    return shared / xp.where(union > 0, union, xp.ones_like(union))


def nms(boxes: Array, scores: Array, iou_threshold: float, labels: Array | None = None) -> Array:
    """Greedy non-maximum suppression: take the best box, drop all that overlap it too much, go on with the rest.

    Parameters
    ----------
    boxes
        (n, 4).
    scores
        (n,); of equal ones the earlier counts as better.
    iou_threshold
        A box is dropped when it overlaps a better one by more than this.
    labels
        Classes (n,): boxes of different classes don't suppress one another. All are of one class by default.

    Returns
    -------
    array
        Numbers of the boxes that stay, best first, int64.

    References
    ----------
    Girshick and others, *Rich feature hierarchies for accurate object detection* (2014); arguments as in torchvision.

    Examples
    --------
    >>> nms([[0.0, 0.0, 10.0, 10.0], [1.0, 0.0, 11.0, 10.0], [20.0, 0.0, 30.0, 10.0]], [0.8, 0.9, 0.5], 0.5)
    array([1, 2])
    """
    xp, boxes = as_boxes("boxes", boxes)
    scores = xp.asarray(scores, dtype=boxes.dtype, device=boxes.device)
    require(boxes.ndim == 2, "boxes", "shape (n, 4)", f"shape {tuple(boxes.shape)}")
    require(
        scores.shape == boxes.shape[:1],
        "scores",
        f"shape ({boxes.shape[0]},)",
        f"shape {tuple(scores.shape)}",
    )
    require(0 <= iou_threshold <= 1, "iou_threshold", "a number from 0 to 1", iou_threshold)
    order = xp.argsort(-scores, stable=True)
    if labels is not None and boxes.shape[0]:
        labels = xp.astype(xp.asarray(labels, device=boxes.device), boxes.dtype)
        require(
            labels.shape == scores.shape,
            "labels",
            f"shape ({boxes.shape[0]},)",
            f"shape {tuple(labels.shape)}",
        )
        # Each class on an island of its own: no box reaches another's.
        reach = xp.max(boxes) - xp.min(boxes) + 1
        boxes = boxes + (labels * reach)[:, None]
    # Which box goes depends on which stayed before it: this is done on the CPU, a block of the best boxes at a time.
    ranked = boxes[order] if isinstance(boxes, np.ndarray) else boxes[order].cpu().numpy()
    kept = _suppress(ranked.astype(np.float64), iou_threshold)
    return order[xp.asarray(kept, device=boxes.device)]


def _suppress(boxes: np.ndarray, threshold: float, block: int = 256) -> np.ndarray:
    """Numbers of boxes (n, 4), best first, that no better one that stays overlaps by more than the threshold."""
    alive = np.ones(len(boxes), bool)
    kept: list[int] = []
    for start in range(0, len(boxes), block):
        rows = start + np.flatnonzero(alive[start : start + block])
        if not len(rows):
            continue
        overlap = _iou(np, boxes[rows], boxes[rows]) > threshold
        stays: list[int] = []
        gone = np.zeros(len(rows), bool)
        for i in range(len(rows)):
            if not gone[i]:
                stays.append(i)
                gone |= overlap[i]
        chosen = rows[stays]
        kept.extend(chosen.tolist())
        rest = start + block + np.flatnonzero(alive[start + block :])
        if len(rest):
            alive[rest] = ~(_iou(np, boxes[rest], boxes[chosen]) > threshold).any(axis=1)
    return np.array(kept, dtype=np.int64)


def make_anchors(
    size: tuple[int, int],
    stride: int,
    sides: Sequence[float],
    ratios: Sequence[float] = (1.0,),
    like: Array | None = None,
) -> Array:
    """Boxes of some sizes and shapes around the middle of every cell of a feature map.

    Parameters
    ----------
    size
        (height, width) of the map, in cells.
    stride
        Pixels of the image for each cell.
    sides
        Sides of the squares with the anchors' areas, in pixels.
    ratios
        Height over width; a box of ratio r and side s is ``s √r`` high and ``s / √r`` wide.
    like
        An array whose library, device and dtype the anchors get; NumPy's float64 by default.

    Returns
    -------
    array
        (height · width · A, 4) with A = len(sides) · len(ratios): cell by cell, row by row, for each side all ratios.

    References
    ----------
    Ren, He, Girshick and Sun, *Faster R-CNN* (2015), section 3.1.1.

    Examples
    --------
    >>> make_anchors((1, 2), stride=8, sides=[4])
    array([[ 2.,  2.,  6.,  6.],
           [10.,  2., 14.,  6.]])
    """
    require(min(size) >= 1, "size", "(height, width) of at least 1", size)
    require(stride >= 1, "stride", "at least 1", stride)
    for name, numbers in (("sides", sides), ("ratios", ratios)):
        require(len(numbers) > 0 and min(numbers) > 0, name, "numbers > 0", list(numbers))
    shapes = np.array(
        [(side / math.sqrt(r), side * math.sqrt(r)) for side in sides for r in ratios]
    )  # (A, 2)
    x, y = ((np.arange(cells) + 0.5) * stride for cells in reversed(size))
    centres = np.stack(np.meshgrid(x, y), axis=-1)[:, :, None]  # (height, width, 1, 2)
    anchors = np.concatenate([centres - shapes / 2, centres + shapes / 2], axis=-1).reshape(-1, 4)
    if like is None:
        return anchors
    xp = array_namespace(like)
    return xp.asarray(anchors, dtype=like.dtype, device=like.device)


def _centred(boxes: Array) -> tuple[Array, Array, Array, Array]:
    width, height = boxes[..., 2] - boxes[..., 0], boxes[..., 3] - boxes[..., 1]
    return boxes[..., 0] + width / 2, boxes[..., 1] + height / 2, width, height


def encode_boxes(boxes: Array, anchors: Array) -> Array:
    """Offsets that lead from anchors to boxes: ``tx = (x − x_a) / w_a``, ``ty`` alike, ``tw = log(w / w_a)``, ``th`` alike.

    Parameters
    ----------
    boxes, anchors
        (…, 4), both with an area; x and y are middles, w and h sizes.

    Returns
    -------
    array
        (tx, ty, tw, th), (…, 4).

    References
    ----------
    Girshick and others, *Rich feature hierarchies for accurate object detection* (2014), appendix C.

    Examples
    --------
    >>> encode_boxes([[2.0, 0.0, 6.0, 4.0]], [[0.0, 0.0, 4.0, 4.0]])
    array([[0.5, 0. , 0. , 0. ]])
    """
    xp, boxes = as_boxes("boxes", boxes)
    _, anchors = as_boxes("anchors", anchors)
    for name, each in (("boxes", boxes), ("anchors", anchors)):
        require(bool(xp.all(_area(each) > 0)), name, "boxes with an area", "some without")
    x, y, w, h = _centred(boxes)
    xa, ya, wa, ha = _centred(anchors)
    return xp.stack([(x - xa) / wa, (y - ya) / ha, xp.log(w / wa), xp.log(h / ha)], axis=-1)


def decode_boxes(offsets: Array, anchors: Array) -> Array:
    """Boxes at given offsets from anchors, the inverse of :func:`encode_boxes`.

    Parameters
    ----------
    offsets
        (tx, ty, tw, th), (…, 4); tw and th count up to log(1000 / 16), so that nothing overflows.
    anchors
        (…, 4).

    Examples
    --------
    >>> decode_boxes([[0.5, 0.0, 0.0, 0.0]], [[0.0, 0.0, 4.0, 4.0]])
    array([[2., 0., 6., 4.]])
    """
    xp, anchors = as_boxes("anchors", anchors)
    offsets = offsets if is_array_api_obj(offsets) else xp.asarray(offsets, dtype=anchors.dtype)
    require(offsets.shape[-1:] == (4,), "offsets", "shape (…, 4)", f"shape {tuple(offsets.shape)}")
    xa, ya, wa, ha = _centred(anchors)
    x, y = xa + offsets[..., 0] * wa, ya + offsets[..., 1] * ha
    w, h = (size * xp.exp(xp.clip(offsets[..., i], max=_MOST)) / 2 for i, size in ((2, wa), (3, ha)))
    return xp.stack([x - w, y - h, x + w, y + h], axis=-1)


def match_anchors(anchors: Array, truth: Array, high: float = 0.5, low: float = 0.4) -> Array:
    """Say for each anchor which true box it should find.

    An anchor that overlaps its best box by at least ``high`` is to find it, below ``low`` it is background, between
    them it is ignored in training. The best anchor of each box is to find it in any case.

    Parameters
    ----------
    anchors
        (n, 4).
    truth
        (m, 4), perhaps none.
    high, low
        IoU, with 0 <= low <= high <= 1.

    Returns
    -------
    array
        (n,) int64: the number of a true box, −1 for background, −2 to be ignored.

    References
    ----------
    Ren, He, Girshick and Sun, *Faster R-CNN* (2015), section 3.1.2.

    Examples
    --------
    >>> match_anchors([[0.0, 0.0, 4.0, 4.0], [0.0, 0.0, 4.0, 2.0], [8.0, 8.0, 9.0, 9.0]], [[0.0, 0.0, 4.0, 4.2]])
    array([ 0, -2, -1])
    """
    require(0 <= low <= high <= 1, "low, high", "0 <= low <= high <= 1", (low, high))
    xp, anchors = as_boxes("anchors", anchors)
    _, truth = as_boxes("truth", truth)
    n, m = anchors.shape[0], truth.shape[0]
    if m == 0:
        return xp.full((n,), -1, dtype=xp.int64, device=anchors.device)
    overlap = iou(anchors, truth)  # (n, m)
    best = xp.max(overlap, axis=1)
    matched = xp.astype(xp.argmax(overlap, axis=1), xp.int64)
    matched = xp.where(best < high, -2, matched)
    matched = xp.where(best < low, -1, matched)
    favourite = xp.argmax(overlap, axis=0)  # (m,)
    reached = xp.max(overlap, axis=0) > 0
    matched[favourite[reached]] = xp.arange(m, device=anchors.device)[reached]
    return matched
