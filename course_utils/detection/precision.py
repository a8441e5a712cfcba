"""Average precision: how good a detector is, in one number from 0 to 100.

NumPy arrays or torch tensors; the counting is done in NumPy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from course_utils._arrays import Array, require
from course_utils.detection.boxes import iou

COCO_THRESHOLDS = tuple(np.linspace(0.5, 0.95, 10).round(2).tolist())


class Detections(NamedTuple):
    """What is found in one image, or what is there.

    Parameters
    ----------
    boxes
        (n, 4).
    labels
        (n,) integers.
    scores
        (n,); not needed for what is there.
    """

    boxes: Array
    labels: Array
    scores: Array | None = None


def average_precision(scores: Array, matches: Array, n_truth: int, points: int | None = 101) -> float:
    """Mean precision over all recalls, as detections are added from the highest score down.

    After k detections with t true ones among them the precision is t / k, the recall t / n. At each recall the best
    precision at that or any higher recall counts.

    Parameters
    ----------
    scores
        Of the detections (n,).
    matches
        Whether each found an object that nobody had found before (n,).
    n_truth
        How many objects there are, at least 1.
    points
        Average over so many equally spaced recalls: 101 as COCO does, 11 as PASCAL did until 2009; ``None`` for the
        area under the curve, as PASCAL does since.

    Returns
    -------
    float
        From 0 to 100.

    References
    ----------
    Everingham and others, *The PASCAL Visual Object Classes Challenge*, IJCV 88 (2010); Lin and others, *Microsoft COCO*
    (2014).

    Examples
    --------
    >>> average_precision([0.9, 0.8, 0.7], [True, False, True], n_truth=2, points=None)  # (1 + 2/3) / 2
    83.33333333333333
    """
    scores, matches = _numpy(scores).astype(float), _numpy(matches).astype(bool)
    require(scores.ndim == 1, "scores", "shape (n,)", f"shape {scores.shape}")
    require(matches.shape == scores.shape, "matches", f"shape {scores.shape}", f"shape {matches.shape}")
    require(n_truth >= 1, "n_truth", "at least 1", n_truth)
    require(
        matches.sum() <= n_truth, "matches", f"at most n_truth = {n_truth} that are true", int(matches.sum())
    )
    require(points is None or points >= 2, "points", "at least 2, or None", points)
    found = np.cumsum(matches[np.argsort(-scores, kind="stable")])
    recall, precision = found / n_truth, found / np.arange(1, len(found) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    if points is None:
        return float(100 * np.sum(np.diff(recall, prepend=0.0) * best))
    place = np.searchsorted(recall, np.linspace(0, 1, points))
    return float(100 * np.append(best, 0.0)[place].mean())


def mean_average_precision(
    predictions: Sequence[Detections],
    truth: Sequence[Detections],
    thresholds: float | Sequence[float] = 0.5,
    points: int | None = 101,
) -> float:
    """:func:`average_precision` of each class that there is, and their mean; over several IoU thresholds their mean too.

    In each image detections of a class are taken from the highest score down; each finds the object of its class that
    it overlaps most among those nobody found before, if by at least the threshold.

    Parameters
    ----------
    predictions, truth
        For each image; predictions with scores.
    thresholds
        IoU from which an object counts as found: 0.5 as PASCAL does, or :data:`COCO_THRESHOLDS`.
    points
        As in :func:`average_precision`.

    Returns
    -------
    float
        From 0 to 100.

    Raises
    ------
    ValueError
        If the numbers of images differ, nothing is there to be found, or predictions have no scores.

    Examples
    --------
    >>> there = [Detections([[0.0, 0.0, 4.0, 4.0]], [1])]
    >>> mean_average_precision([Detections([[0.0, 0.0, 4.0, 3.0]], [1], [0.7])], there)
    100.0
    >>> mean_average_precision([Detections([[0.0, 0.0, 4.0, 3.0]], [1], [0.7])], there, COCO_THRESHOLDS)
    60.0
    """
    require(
        len(predictions) == len(truth),
        "predictions",
        f"as many images as truth ({len(truth)})",
        len(predictions),
    )
    levels = np.atleast_1d(np.asarray(thresholds, dtype=float))
    require(bool(np.all((levels > 0) & (levels <= 1))), "thresholds", "numbers in (0, 1]", thresholds)
    there = [_numpy(image.labels).astype(int) for image in truth]
    classes = np.unique(np.concatenate(there)) if there else np.array([])
    require(len(classes) > 0, "truth", "at least one object", "none")
    scores: dict[int, list[np.ndarray]] = {label: [] for label in classes.tolist()}
    matches: dict[int, list[np.ndarray]] = {label: [] for label in classes.tolist()}
    for prediction, image, labels in zip(predictions, truth, there, strict=True):
        require(
            prediction.scores is not None or len(prediction.labels) == 0,
            "predictions",
            "detections with scores",
            "none",
        )
        said = _numpy(prediction.labels).astype(int)
        if not len(said):
            continue
        score = _numpy(prediction.scores).astype(float)
        overlap = (
            _numpy(iou(_numpy(prediction.boxes), _numpy(image.boxes)))
            if len(labels)
            else np.zeros((len(said), 0))
        )
        for label in set(said.tolist()) & scores.keys():
            mine = np.flatnonzero(said == label)
            mine = mine[np.argsort(-score[mine], kind="stable")]
            scores[label].append(score[mine])
            matches[label].append(_greedy(overlap[np.ix_(mine, np.flatnonzero(labels == label))], levels))
    counts = dict(zip(*np.unique(np.concatenate(there), return_counts=True), strict=True))
    results = [
        average_precision(
            np.concatenate(scores[label]),
            np.concatenate(matches[label])[:, level],
            int(counts[label]),
            points,
        )
        if scores[label]
        else 0.0
        for label in classes.tolist()
        for level in range(len(levels))
    ]
    return float(np.mean(results))


def _greedy(overlap: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Which of the detections (n, m), best first, find something new, at each threshold: (n, levels)."""
    n, m = overlap.shape
    hits = np.zeros((n, len(levels)), bool)
    if m == 0:
        return hits
    free = np.ones((len(levels), m), bool)
    for i in range(n):
        candidates = np.where(free, overlap[i], -1.0)
        best = (
            candidates.shape[1] - 1 - candidates[:, ::-1].argmax(axis=1)
        )  # of equals the last, as COCO does
        hits[i] = candidates[np.arange(len(levels)), best] >= levels - 1e-10
        free[np.flatnonzero(hits[i]), best[hits[i]]] = False
    return hits


def _numpy(array: Any) -> np.ndarray:
    return array.detach().cpu().numpy() if hasattr(array, "detach") else np.asarray(array)
