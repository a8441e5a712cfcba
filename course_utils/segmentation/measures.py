"""How well two maps of classes agree. NumPy arrays or torch tensors of integers."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
from array_api_compat import array_namespace

from course_utils._arrays import Array, require


def mean_iou(predictions: Array, targets: Array, classes: int) -> float:
    """Intersection over union of each class over all pixels, averaged over the classes that occur in either map.

    Parameters
    ----------
    predictions, targets
        Integers from 0 to classes − 1, of one shape.
    classes
        How many there are.

    Returns
    -------
    float
        From 0 to 1.

    References
    ----------
    Everingham and others, *The PASCAL Visual Object Classes Challenge*, IJCV 111 (2015).

    Examples
    --------
    >>> mean_iou([0, 0, 1, 1], [0, 1, 1, 1], 2)  # (1/2 + 2/3) / 2
    0.5833333333333333
    """
    counts = _confusion(predictions, targets, classes)
    union = counts.sum(axis=0) + counts.sum(axis=1) - counts.diagonal()
    there = union > 0
    return float((counts.diagonal()[there] / union[there]).mean())


def dice(predictions: Array, targets: Array, classes: int) -> float:
    """Dice's coefficient ``2 |A ∩ B| / (|A| + |B|)`` of each class, averaged over the classes that occur in either map.

    Parameters
    ----------
    predictions, targets, classes
        As in :func:`mean_iou`.

    References
    ----------
    Dice, *Measures of the Amount of Ecologic Association Between Species*, Ecology 26 (1945).

    Examples
    --------
    >>> dice([0, 0, 1, 1], [0, 1, 1, 1], 2)  # (2/3 + 4/5) / 2
    0.7333333333333334
    """
    counts = _confusion(predictions, targets, classes)
    sizes = counts.sum(axis=0) + counts.sum(axis=1)
    there = sizes > 0
    return float((2 * counts.diagonal()[there] / sizes[there]).mean())


def _confusion(predictions: Array, targets: Array, classes: int) -> np.ndarray:
    """How many pixels of class i were said to be j, (classes, classes)."""
    require(classes >= 1, "classes", "at least 1", classes)
    xp, predictions = _integers("predictions", predictions, classes)
    other, targets = _integers("targets", targets, classes)
    require(xp is other, "targets", "an array of the same library", type(targets).__name__)
    require(
        targets.shape == predictions.shape,
        "targets",
        f"shape {tuple(predictions.shape)}",
        f"shape {tuple(targets.shape)}",
    )
    pairs = xp.reshape(targets * classes + predictions, (-1,))
    counts: Any = xp.bincount(pairs, minlength=classes**2)
    counts = counts if isinstance(counts, np.ndarray) else counts.cpu().numpy()
    return np.asarray(counts.reshape(classes, classes))


def _integers(name: str, array: Array, classes: int) -> tuple[ModuleType, Array]:
    array = np.asarray(array) if isinstance(array, (list, tuple)) else array
    xp = array_namespace(array)
    require(0 not in array.shape, name, "at least one pixel", f"shape {tuple(array.shape)}")
    whole = xp.isdtype(array.dtype, ("integral", "bool"))
    require(whole, name, "integers", f"dtype {array.dtype}")
    array = xp.astype(array, xp.int64)
    right = bool(xp.all((array >= 0) & (array < classes)))
    require(right, name, f"classes from 0 to {classes - 1}", "others")
    return xp, array
