"""A fixed number of features for regions of any size. Feature maps are (n, c, h, w), NumPy arrays or torch tensors."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from course_utils._arrays import Array, as_arrays, require, require_axes
from course_utils.detection.boxes import as_boxes


def _regions(
    features: Array, boxes: Array, image: Array, size: int
) -> tuple[ModuleType, Array, Array, Array]:
    xp, (features,) = as_arrays(features=features)
    require_axes("features", features, "(n, c, h, w)")
    _, boxes = as_boxes("boxes", boxes)
    require(boxes.ndim == 2, "boxes", "shape (r, 4)", f"shape {tuple(boxes.shape)}")
    image = xp.asarray(image, device=features.device)
    require(
        image.shape == boxes.shape[:1], "image", f"shape ({boxes.shape[0]},)", f"shape {tuple(image.shape)}"
    )
    inside = bool(xp.all((image >= 0) & (image < features.shape[0])))
    require(inside, "image", f"numbers from 0 to {features.shape[0] - 1}", "others")
    require(size >= 1, "size", "at least 1", size)
    return xp, features, xp.astype(boxes, features.dtype), xp.astype(image, xp.int64)


def roi_pool(features: Array, boxes: Array, image: Array, size: int, scale: float = 1.0) -> Array:
    """Region-of-interest pooling: the largest value in each of size × size parts of a box, rounded to whole cells.

    Parameters
    ----------
    features
        (n, c, h, w).
    boxes
        Regions (r, 4), in pixels of the image.
    image
        Which of the n maps each region is of, (r,) integers.
    size
        Parts along each axis of a region.
    scale
        Cells of the map for each pixel, 1 / stride.

    Returns
    -------
    array
        (r, c, size, size); 0 for parts outside the map.

    References
    ----------
    Girshick, *Fast R-CNN* (2015), section 2.1; rounded as in ``torchvision.ops.roi_pool``.

    Examples
    --------
    >>> import numpy as np
    >>> roi_pool(np.arange(16.0).reshape(1, 1, 4, 4), [[0.0, 0.0, 3.0, 3.0]], [0], size=2)
    array([[[[ 5.,  7.],
             [13., 15.]]]])
    """
    xp, features, boxes, image = _regions(features, boxes, image, size)
    corners = xp.floor(boxes * scale + 0.5)
    first, last = corners[:, :2], xp.maximum(corners[:, 2:], corners[:, :2])
    if not isinstance(features, np.ndarray):
        return _roi_pool_torch(features, first.long(), last.long(), image, size)
    pooled = np.zeros((len(boxes), features.shape[1], size, size), features.dtype)
    for region, (x1, y1), (x2, y2), i in zip(pooled, first.astype(int), last.astype(int), image, strict=True):
        rows, columns = _parts(y1, y2, size, features.shape[2]), _parts(x1, x2, size, features.shape[3])
        for p, (top, bottom) in enumerate(rows):
            for q, (left, right) in enumerate(columns):
                if bottom > top and right > left:
                    region[:, p, q] = features[i, :, top:bottom, left:right].max(axis=(1, 2))
    return pooled


def _parts(first: int, last: int, size: int, cells: int) -> list[tuple[int, int]]:
    """Where each of ``size`` parts of the cells first … last starts and ends; parts may share a cell."""
    length = last - first + 1
    edges = [(first + p * length // size, first - (-(p + 1) * length // size)) for p in range(size)]
    return [(max(0, start), min(cells, end)) for start, end in edges]


def _roi_pool_torch(features: Any, first: Any, last: Any, image: Any, size: int) -> Any:
    """The same by torch's adaptive pooling, whose parts are these; beyond the map there is minus infinity."""
    import torch
    from torch.nn import functional

    if not len(first):
        return features.new_zeros((0, features.shape[1], size, size))
    h, w = features.shape[2:]
    margin = max(0, -int(first.min()), int(last[:, 0].max()) - w + 1, int(last[:, 1].max()) - h + 1)
    padded = functional.pad(features, (margin,) * 4, value=-float("inf"))
    corners = torch.cat([first, last], dim=1) + margin
    pooled = torch.stack(
        [
            functional.adaptive_max_pool2d(padded[i, :, y1 : y2 + 1, x1 : x2 + 1], size)
            for i, (x1, y1, x2, y2) in zip(image.tolist(), corners.tolist(), strict=True)
        ]
    )
    return torch.where(pooled.isinf(), torch.zeros_like(pooled), pooled)


def roi_align(
    features: Array, boxes: Array, image: Array, size: int, scale: float = 1.0, samples: int = 2
) -> Array:
    """Region features without rounding: the mean of bilinear samples in each of size × size parts of a box.

    Parameters
    ----------
    features, boxes, image, size, scale
        As in :func:`roi_pool`.
    samples
        Along each axis of a part.

    Returns
    -------
    array
        (r, c, size, size).

    References
    ----------
    He, Gkioxari, Dollár and Girshick, *Mask R-CNN* (2017), section 3; half a pixel's shift as in
    ``torchvision.ops.roi_align(aligned=True)``.

    Examples
    --------
    >>> import numpy as np
    >>> roi_align(np.arange(16.0).reshape(1, 1, 4, 4), [[0.0, 0.0, 4.0, 4.0]], [0], size=2)
    array([[[[ 2.5,  4.5],
             [10.5, 12.5]]]])
    """
    xp, features, boxes, image = _regions(features, boxes, image, size)
    require(samples >= 1, "samples", "at least 1", samples)
    scaled = boxes * scale - 0.5  # a cell's value stands at its middle
    places = (xp.arange(size * samples, dtype=features.dtype, device=features.device) + 0.5) / (
        size * samples
    )
    weights = []
    for low, cells in ((1, features.shape[2]), (0, features.shape[3])):
        at = scaled[:, low, None] + places * (
            scaled[:, low + 2, None] - scaled[:, low, None]
        )  # (r, size·samples)
        weights.append(_bilinear(xp, at, cells))
    rows, columns = weights  # (r, size·samples, cells)
    fine = rows[:, None] @ features[image] @ xp.matrix_transpose(columns)[:, None]
    r, c = fine.shape[:2]
    return xp.mean(xp.reshape(fine, (r, c, size, samples, size, samples)), axis=(3, 5))


def _bilinear(xp: ModuleType, at: Array, cells: int) -> Array:
    """How much each of the cells counts at places (…): (…, cells). 0 beyond one cell outside the map."""
    there = (at >= -1) & (at <= cells)
    clipped = xp.clip(at, 0, cells - 1)
    k: Any = xp.arange(cells, dtype=at.dtype, device=at.device)
    weights = xp.clip(1 - xp.abs(clipped[..., None] - k), min=0)
    return xp.where(there[..., None], weights, xp.zeros_like(weights))


def crop(images: Array, boxes: Array, image: Array, size: int) -> Array:
    """Parts of pictures (n, c, h, w), each scaled to (c, size, size): what R-CNN looks at one by one.

    Parameters
    ----------
    images, boxes, image, size
        As in :func:`roi_align`, which does it, on pixels.
    """
    return roi_align(images, boxes, image, size, samples=1)
