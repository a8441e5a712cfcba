"""What students write in 08_detection. The name of each function is the mistake."""

import numpy as np
import torch

from autograder.wrong_answers import wrong
from course_utils import detection

# --- localisation_loss ---------------------------------------------------------------------------------------


@wrong("localisation_loss", says="You took the mean over the four coordinates")
def mean_over_coordinates(scores, boxes, labels, truth, weight):
    rows = np.arange(len(scores))
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    entropy = -np.log((p / p.sum(axis=1, keepdims=True))[rows, labels])
    own = boxes[rows, labels] if boxes.shape[1] > 1 else boxes[:, 0]
    return np.mean(entropy + weight * np.mean((own - truth) ** 2, axis=1))


@wrong("localisation_loss", says="not that of the largest score")
def box_of_the_largest_score(scores, boxes, labels, truth, weight):
    rows = np.arange(len(scores))
    top = scores.max(axis=1, keepdims=True)
    log_p = scores - top - np.log(np.exp(scores - top).sum(axis=1, keepdims=True))
    own = boxes[rows, scores.argmax(axis=1)] if boxes.shape[1] > 1 else boxes[:, 0]
    return np.mean(-log_p[rows, labels] + weight * np.sum((own - truth) ** 2, axis=1))


@wrong("localisation_loss", says="only the true class's should")
def all_boxes_learn(scores, boxes, labels, truth, weight):
    rows = np.arange(len(scores))
    top = scores.max(axis=1, keepdims=True)
    log_p = scores - top - np.log(np.exp(scores - top).sum(axis=1, keepdims=True))
    return np.mean(-log_p[rows, labels] + weight * np.sum((boxes - truth[:, None]) ** 2, axis=(1, 2)))


@wrong("localisation_loss", says="the loss is their mean")
def sum_over_pictures(scores, boxes, labels, truth, weight):
    rows = np.arange(len(scores))
    top = scores.max(axis=1, keepdims=True)
    log_p = scores - top - np.log(np.exp(scores - top).sum(axis=1, keepdims=True))
    own = boxes[rows, labels] if boxes.shape[1] > 1 else boxes[:, 0]
    return np.sum(-log_p[rows, labels] + weight * np.sum((own - truth) ** 2, axis=1))


@wrong("localisation_loss", says="You always used the first box")
def always_the_first_box(scores, boxes, labels, truth, weight):
    rows = np.arange(len(scores))
    top = scores.max(axis=1, keepdims=True)
    log_p = scores - top - np.log(np.exp(scores - top).sum(axis=1, keepdims=True))
    return np.mean(-log_p[rows, labels] + weight * np.sum((boxes[:, 0] - truth) ** 2, axis=1))


@wrong("localisation_loss", says="look for a division by zero, a log of zero, or an overflow")
def softmax_that_overflows(scores, boxes, labels, truth, weight):
    rows = np.arange(len(scores))
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    own = boxes[rows, labels] if boxes.shape[1] > 1 else boxes[:, 0]
    return np.mean(-np.log(p[rows, labels]) + weight * np.sum((own - truth) ** 2, axis=1))


@wrong("localisation_loss", says="The weight belongs to the box")
def weighed_the_class(scores, boxes, labels, truth, weight):
    rows = np.arange(len(scores))
    top = scores.max(axis=1, keepdims=True)
    log_p = scores - top - np.log(np.exp(scores - top).sum(axis=1, keepdims=True))
    own = boxes[rows, labels] if boxes.shape[1] > 1 else boxes[:, 0]
    return np.mean(-weight * log_p[rows, labels] + np.sum((own - truth) ** 2, axis=1))


@wrong("localisation_loss", says="raised an IndexError")
def always_a_box_for_each_class(scores, boxes, labels, truth, weight):
    rows = np.arange(len(scores))
    top = scores.max(axis=1, keepdims=True)
    log_p = scores - top - np.log(np.exp(scores - top).sum(axis=1, keepdims=True))
    return np.mean(-log_p[rows, labels] + weight * np.sum((boxes[rows, labels] - truth) ** 2, axis=1))


# --- iou -----------------------------------------------------------------------------------------------------


@wrong("iou", says="clamp width and height at 0 before you multiply")
def negative_lengths_multiplied(a, b):
    size = np.minimum(a[:, None, 2:], b[:, 2:]) - np.maximum(a[:, None, :2], b[:, :2])
    shared = size[..., 0] * size[..., 1]
    return shared / (detection.box_area(a)[:, None] + detection.box_area(b) - shared)


@wrong("iou", says="clamp each at 0 before you multiply, not the product")
def clamped_the_product(a, b):
    size = np.minimum(a[:, None, 2:], b[:, 2:]) - np.maximum(a[:, None, :2], b[:, :2])
    shared = np.maximum(0, size[..., 0] * size[..., 1])
    return shared / (detection.box_area(a)[:, None] + detection.box_area(b) - shared)


@wrong("iou", says="Coordinates are edges, not pixels")
def one_pixel_more(a, b):
    size = np.maximum(0, np.minimum(a[:, None, 2:], b[:, 2:]) - np.maximum(a[:, None, :2], b[:, :2]) + 1)
    shared = size[..., 0] * size[..., 1]
    area_a, area_b = ((boxes[:, 2] - boxes[:, 0] + 1) * (boxes[:, 3] - boxes[:, 1] + 1) for boxes in (a, b))
    return shared / (area_a[:, None] + area_b - shared)


@wrong("iou", says="The union counts the shared area twice")
def union_as_a_sum(a, b):
    size = np.maximum(0, np.minimum(a[:, None, 2:], b[:, 2:]) - np.maximum(a[:, None, :2], b[:, :2]))
    return size[..., 0] * size[..., 1] / (detection.box_area(a)[:, None] + detection.box_area(b))


@wrong("iou", says="You divided by the smaller box")
def divided_by_the_smaller(a, b):
    size = np.maximum(0, np.minimum(a[:, None, 2:], b[:, 2:]) - np.maximum(a[:, None, :2], b[:, :2]))
    return size[..., 0] * size[..., 1] / np.minimum(detection.box_area(a)[:, None], detection.box_area(b))


@wrong("iou", says="is Dice's measure, not IoU")
def dice_of_boxes(a, b):
    shared = detection.iou(a, b)
    return 2 * shared / (1 + shared)


@wrong("iou", says="transposed")
def rows_for_b(a, b):
    return detection.iou(b, a)


# --- nms -----------------------------------------------------------------------------------------------------


@wrong("nms", says="A dropped box drops nobody")
def compared_with_all_better_boxes(boxes, scores, threshold):
    order, overlap = np.argsort(-scores, kind="stable"), detection.iou(boxes, boxes)
    return np.array(
        [i for k, i in enumerate(order) if not np.any(overlap[i, order[:k]] > threshold)], dtype=int
    )


@wrong("nms", says="You began with the lowest score")
def worst_box_first(boxes, scores, threshold):
    return detection.nms(boxes, -scores, threshold)


@wrong("nms", says="at just the threshold it stays")
def dropped_at_the_threshold(boxes, scores, threshold):
    overlap, kept = detection.iou(boxes, boxes), []
    for i in np.argsort(-scores, kind="stable"):
        if np.all(overlap[i, kept] < threshold):
            kept.append(i)
    return np.array(kept, dtype=int)


@wrong("nms", says="list them from the best score down")
def in_the_order_of_the_input(boxes, scores, threshold):
    return np.sort(detection.nms(boxes, scores, threshold))


@wrong("nms", says="Of equal scores the first in the input counts as better")
def reversed_an_ascending_sort(boxes, scores, threshold):
    overlap, kept = detection.iou(boxes, boxes), []
    for i in np.argsort(scores, kind="stable")[::-1]:
        if np.all(overlap[i, kept] <= threshold):
            kept.append(i)
    return np.array(kept, dtype=int)


@wrong("nms", says="return numbers of the input")
def places_in_the_sorted_list(boxes, scores, threshold):
    return np.sort(detection.nms(boxes[np.argsort(-scores)], np.sort(scores)[::-1], threshold))


@wrong("nms", says="Those are the boxes that go")
def returned_the_dropped(boxes, scores, threshold):
    kept = detection.nms(boxes, scores, threshold)
    return np.array([i for i in np.argsort(-scores, kind="stable") if i not in kept], dtype=int)


# --- average_precision ---------------------------------------------------------------------------------------


def _curve(right):
    precision = np.cumsum(right) / np.arange(1, len(right) + 1)
    return precision, np.maximum.accumulate(precision[::-1])[::-1]


def _first(ranked):
    return np.array([m >= 0 and m not in ranked[:k] for k, m in enumerate(ranked)], dtype=bool)


@wrong("average_precision", says="the second one on the same thing is wrong")
def a_thing_found_twice(scores, matches, n_truth):
    right = matches[np.argsort(-scores, kind="stable")] >= 0
    return 100 * np.sum(_curve(right)[1][right]) / n_truth


@wrong("average_precision", says="isn't left out: it counts as wrong")
def second_hits_left_out(scores, matches, n_truth):
    ranked = matches[np.argsort(-scores, kind="stable")]
    ranked = ranked[_first(ranked) | (ranked < 0)]
    return 100 * np.sum(_curve(ranked >= 0)[1][ranked >= 0]) / n_truth


@wrong("average_precision", says="The envelope is missing")
def without_the_envelope(scores, matches, n_truth):
    right = _first(matches[np.argsort(-scores, kind="stable")])
    return 100 * np.sum(_curve(right)[0][right]) / n_truth


@wrong("average_precision", says="Sort by score first")
def not_sorted(scores, matches, n_truth):
    right = _first(matches)
    return 100 * np.sum(_curve(right)[1][right]) / n_truth


@wrong("average_precision", says="those that were missed count as 0")
def mean_over_what_was_found(scores, matches, n_truth):
    right = _first(matches[np.argsort(-scores, kind="stable")])
    return 100 * np.mean(_curve(right)[1][right]) if right.any() else 0.0


@wrong("average_precision", says="You averaged over all detections")
def mean_over_detections(scores, matches, n_truth):
    right = _first(matches[np.argsort(-scores, kind="stable")])
    return 100 * np.mean(_curve(right)[1]) if len(right) else 0.0


@wrong("average_precision", says="sort before you look for the first")
def first_in_the_input(scores, matches, n_truth):
    right = _first(matches)[np.argsort(-scores, kind="stable")]
    return 100 * np.sum(_curve(right)[1][right]) / n_truth


@wrong("average_precision", says="multiply by 100")
def as_a_share(scores, matches, n_truth):
    right = _first(matches[np.argsort(-scores, kind="stable")])
    return np.sum(_curve(right)[1][right]) / n_truth


# --- roi_pool ------------------------------------------------------------------------------------------------


def _pool(features, rows, columns, how=np.max):
    return np.array([[[how(f[a:b, c:d]) for c, d in columns] for a, b in rows] for f in features])


def _parts(start, end, size):
    length = end - start
    return [(start + p * length // size, start + int(np.ceil((p + 1) * length / size))) for p in range(size)]


@wrong("roi_pool", says="you took the mean")
def mean_of_each_part(features, box, size):
    return _pool(features, _parts(box[1], box[3], size), _parts(box[0], box[2], size), np.mean)


@wrong("roi_pool", says="x and y are swapped")
def x_and_y_swapped(features, box, size):
    return _pool(features, _parts(box[0], box[2], size), _parts(box[1], box[3], size))


@wrong("roi_pool", says="The end of a part is rounded up")
def ends_rounded_down(features, box, size):
    rows, columns = (
        [
            (a + p * (b - a) // size, a + max((p + 1) * (b - a) // size, p * (b - a) // size + 1))
            for p in range(size)
        ]
        for a, b in ((box[1], box[3]), (box[0], box[2]))
    )
    return _pool(features, rows, columns)


@wrong("roi_pool", says="the last cells of the region are lost")
def whole_steps(features, box, size):
    rows, columns = (
        [(a + p * ((b - a) // size), a + (p + 1) * ((b - a) // size)) for p in range(size)]
        for a, b in ((box[1], box[3]), (box[0], box[2]))
    )
    return _pool(features, rows, columns)


@wrong("roi_pool", says="add the box's own start")
def from_the_corner_of_the_map(features, box, size):
    return _pool(features, _parts(0, box[3] - box[1], size), _parts(0, box[2] - box[0], size))


@wrong("roi_pool", says="cut the box out of it")
def pooled_the_whole_map(features, box, size):
    return _pool(features, _parts(0, features.shape[1], size), _parts(0, features.shape[2], size))


# --- make_anchors --------------------------------------------------------------------------------------------


def _anchors(size, stride, shapes, shift=0.5):
    middles = [((j + shift) * stride, (i + shift) * stride) for i in range(size[0]) for j in range(size[1])]
    return np.array([[x - w / 2, y - h / 2, x + w / 2, y + h / 2] for x, y in middles for w, h in shapes])


@wrong("make_anchors", says="yours is upside down")
def ratio_upside_down(size, stride, sides, ratios):
    return _anchors(size, stride, [(s * r**0.5, s / r**0.5) for s in sides for r in ratios])


@wrong("make_anchors", says="it enters as a square root")
def no_square_root(size, stride, sides, ratios):
    return _anchors(size, stride, [(s / r, s * r) for s in sides for r in ratios])


@wrong("make_anchors", says="the width shrinks by its root")
def only_the_height_follows(size, stride, sides, ratios):
    return _anchors(size, stride, [(s, s * r) for s in sides for r in ratios])


@wrong("make_anchors", says="you used its corner")
def corner_of_the_cell(size, stride, sides, ratios):
    return _anchors(size, stride, [(s / r**0.5, s * r**0.5) for s in sides for r in ratios], shift=0)


@wrong("make_anchors", says="x changes first, then y")
def column_by_column(size, stride, sides, ratios):
    shapes = [(s / r**0.5, s * r**0.5) for s in sides for r in ratios]
    by_row = _anchors(size, stride, shapes).reshape(*size, -1, 4)
    return by_row.swapaxes(0, 1).reshape(-1, 4)


@wrong("make_anchors", says="for each side all ratios")
def ratios_outside(size, stride, sides, ratios):
    return _anchors(size, stride, [(s / r**0.5, s * r**0.5) for r in ratios for s in sides])


@wrong("make_anchors", says="half the side goes to each side")
def whole_size_to_each_side(size, stride, sides, ratios):
    return _anchors(size, stride, [(2 * s / r**0.5, 2 * s * r**0.5) for s in sides for r in ratios])


# --- encode_boxes --------------------------------------------------------------------------------------------


def _middle_size(boxes):
    return (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]


@wrong("encode_boxes", says="the logarithm of their ratio: it is missing")
def no_logarithm(boxes, anchors):
    (m, s), (ma, sa) = _middle_size(boxes), _middle_size(anchors)
    return np.concatenate([(m - ma) / sa, s / sa], axis=1)


@wrong("encode_boxes", says="Compare middles, not corners")
def corners_for_middles(boxes, anchors):
    (_, s), (_, sa) = _middle_size(boxes), _middle_size(anchors)
    return np.concatenate([(boxes[:, :2] - anchors[:, :2]) / sa, np.log(s / sa)], axis=1)


@wrong("encode_boxes", says="Divide the move of the middle")
def moves_in_pixels(boxes, anchors):
    (m, s), (ma, sa) = _middle_size(boxes), _middle_size(anchors)
    return np.concatenate([m - ma, np.log(s / sa)], axis=1)


@wrong("encode_boxes", says="You divided by the box's size")
def divided_by_the_box(boxes, anchors):
    (m, s), (ma, sa) = _middle_size(boxes), _middle_size(anchors)
    return np.concatenate([(m - ma) / s, np.log(s / sa)], axis=1)


@wrong("encode_boxes", says="your signs are reversed")
def from_box_to_anchor(boxes, anchors):
    (m, s), (ma, sa) = _middle_size(boxes), _middle_size(anchors)
    return np.concatenate([(ma - m) / sa, np.log(sa / s)], axis=1)


# --- decode_boxes --------------------------------------------------------------------------------------------


@wrong("decode_boxes", says="take the exponential")
def no_exponential(offsets, anchors):
    m, s = _middle_size(anchors)
    m, s = m + offsets[:, :2] * s, s * offsets[:, 2:]
    return np.concatenate([m - s / 2, m + s / 2], axis=1)


@wrong("decode_boxes", says="moves the middle of the anchor, not its corner")
def moved_the_corner(offsets, anchors):
    s = anchors[:, 2:] - anchors[:, :2]
    corner = anchors[:, :2] + offsets[:, :2] * s
    return np.concatenate([corner, corner + s * np.exp(offsets[:, 2:])], axis=1)


@wrong("decode_boxes", says="it isn't in pixels")
def moved_by_pixels(offsets, anchors):
    m, s = _middle_size(anchors)
    m, s = m + offsets[:, :2], s * np.exp(offsets[:, 2:])
    return np.concatenate([m - s / 2, m + s / 2], axis=1)


@wrong("decode_boxes", says="not middle and size")
def middle_and_size(offsets, anchors):
    m, s = _middle_size(anchors)
    return np.concatenate([m + offsets[:, :2] * s, s * np.exp(offsets[:, 2:])], axis=1)


@wrong("decode_boxes", says="your boxes are twice too large")
def size_not_halved(offsets, anchors):
    m, s = _middle_size(anchors)
    m, s = m + offsets[:, :2] * s, s * np.exp(offsets[:, 2:])
    return np.concatenate([m - s, m + s], axis=1)


# --- match_anchors -------------------------------------------------------------------------------------------


@wrong("match_anchors", says="the best anchor of each box finds it in any case")
def small_boxes_without_anchor(anchors, truth, high=0.5, low=0.4):
    if len(truth) == 0:
        return np.full(len(anchors), -1)
    overlap = detection.iou(anchors, truth)
    best = overlap.max(axis=1)
    return np.where(best >= high, overlap.argmax(axis=1), np.where(best >= low, -2, -1))


@wrong("match_anchors", says="compare with >=")
def strictly_above(anchors, truth, high=0.5, low=0.4):
    return detection.match_anchors(anchors, truth, high + 1e-12, low + 1e-12)


@wrong("match_anchors", says="yours are swapped")
def background_and_ignored_swapped(anchors, truth, high=0.5, low=0.4):
    matched = detection.match_anchors(anchors, truth, high, low)
    return np.where(matched < 0, -3 - matched, matched)


@wrong("match_anchors", says="an anchor is ignored, not background")
def nothing_ignored(anchors, truth, high=0.5, low=0.4):
    return detection.match_anchors(anchors, truth, high, high)


@wrong("match_anchors", says="A box that no anchor touches stays without one")
def rescued_what_nothing_touches(anchors, truth, high=0.5, low=0.4):
    matched = detection.match_anchors(anchors, truth, high, low)
    for j in range(len(truth)):
        matched[detection.iou(anchors, truth)[:, j].argmax()] = j
    return matched


@wrong("match_anchors", says="raised a ValueError")
def no_thought_of_empty_scenes(anchors, truth, high=0.5, low=0.4):
    detection.iou(anchors, truth).argmax(axis=1)
    return detection.match_anchors(anchors, truth, high, low)


@wrong("match_anchors", says="the thresholds are arguments")
def fixed_thresholds(anchors, truth, high=0.5, low=0.4):
    return detection.match_anchors(anchors, truth)


@wrong("match_anchors", says="Every anchor found its best box")
def everything_finds_something(anchors, truth, high=0.5, low=0.4):
    return detection.iou(anchors, truth).argmax(axis=1)


# --- decode_grid ---------------------------------------------------------------------------------------------


def _grid(output, B, C):
    rows, columns, _ = output.shape
    five = output[..., : 5 * B].reshape(rows, columns, B, 5)
    row, column = (np.arange(k) for k in (rows, columns))
    classes = np.repeat(output[..., 5 * B :].reshape(-1, C), B, axis=0)
    return five, row[:, None, None], column[None, :, None], classes


def _edges(x, y, w, h):
    return np.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], axis=-1).reshape(-1, 4)


@wrong("decode_grid", says="Add the cell's own place")
def forgot_the_cell(output, B, C):
    five, _, _, classes = _grid(output, B, C)
    x, y, w, h, confidence = np.moveaxis(five, -1, 0)
    boxes = _edges(x / output.shape[1], y / output.shape[0], w, h)
    return boxes, confidence.reshape(-1, 1) * classes


@wrong("decode_grid", says="x goes with the column and y with the row")
def row_and_column_swapped(output, B, C):
    five, row, column, classes = _grid(output, B, C)
    x, y, w, h, confidence = np.moveaxis(five, -1, 0)
    boxes = _edges((row + x) / output.shape[1], (column + y) / output.shape[0], w, h)
    return boxes, confidence.reshape(-1, 1) * classes


@wrong("decode_grid", says="w and h are shares of the whole picture")
def sizes_in_cells(output, B, C):
    five, row, column, classes = _grid(output, B, C)
    x, y, w, h, confidence = np.moveaxis(five, -1, 0)
    rows, columns, _ = output.shape
    boxes = _edges((column + x) / columns, (row + y) / rows, w / columns, h / rows)
    return boxes, confidence.reshape(-1, 1) * classes


@wrong("decode_grid", says="the confidence is missing")
def classes_without_confidence(output, B, C):
    five, row, column, classes = _grid(output, B, C)
    x, y, w, h, _ = np.moveaxis(five, -1, 0)
    return _edges((column + x) / output.shape[1], (row + y) / output.shape[0], w, h), classes


@wrong("decode_grid", says="both boxes of the first cell come first")
def all_first_boxes_first(output, B, C):
    five, row, column, classes = _grid(output, B, C)
    x, y, w, h, confidence = np.moveaxis(five, -1, 0)
    boxes = _edges((column + x) / output.shape[1], (row + y) / output.shape[0], w, h)
    order = np.arange(len(boxes)).reshape(-1, B).T.ravel()
    return boxes[order], (confidence.reshape(-1, 1) * classes)[order]


@wrong("decode_grid", says="half the size goes to each side")
def corner_for_middle(output, B, C):
    five, row, column, classes = _grid(output, B, C)
    x, y, w, h, confidence = np.moveaxis(five, -1, 0)
    x, y = (column + x) / output.shape[1], (row + y) / output.shape[0]
    return _edges(x + w / 2, y + h / 2, w, h), confidence.reshape(-1, 1) * classes


@wrong("decode_grid", says="The classes stand at the end of the cell")
def classes_after_the_first_box(output, B, C):
    five, row, column, _ = _grid(output, B, C)
    x, y, w, h, confidence = np.moveaxis(five, -1, 0)
    boxes = _edges((column + x) / output.shape[1], (row + y) / output.shape[0], w, h)
    return boxes, confidence.reshape(-1, 1) * np.repeat(output[..., 5 : 5 + C].reshape(-1, C), B, axis=0)


# --- focal_loss ----------------------------------------------------------------------------------------------


@wrong("focal_loss", says="γ is an exponent of 1 − p")
def multiplied_by_gamma(logits, targets, gamma, alpha):
    log_p = -np.logaddexp(0, np.where(targets == 1, -logits, logits))
    return np.mean(-np.where(targets == 1, alpha, 1 - alpha) * (1 - np.exp(log_p)) * gamma * log_p)


@wrong("focal_loss", says="yours are swapped")
def alpha_on_the_background(logits, targets, gamma, alpha):
    log_p = -np.logaddexp(0, np.where(targets == 1, -logits, logits))
    return np.mean(-np.where(targets == 1, 1 - alpha, alpha) * (1 - np.exp(log_p)) ** gamma * log_p)


@wrong("focal_loss", says="p^γ forgets what is hard")
def p_to_the_gamma(logits, targets, gamma, alpha):
    log_p = -np.logaddexp(0, np.where(targets == 1, -logits, logits))
    return np.mean(-np.where(targets == 1, alpha, 1 - alpha) * np.exp(log_p) ** gamma * log_p)


@wrong("focal_loss", says="The logit isn't a probability")
def logit_as_probability(logits, targets, gamma, alpha):
    p = np.abs(np.where(targets == 1, logits, 1 - logits))
    return np.mean(-np.where(targets == 1, alpha, 1 - alpha) * (1 - p) ** gamma * np.log(p))


@wrong("focal_loss", says="look for a division by zero, a log of zero, or an overflow")
def log_of_zero(logits, targets, gamma, alpha):
    p = 1 / (1 + np.exp(np.where(targets == 1, -logits, logits)))
    return np.mean(-np.where(targets == 1, alpha, 1 - alpha) * (1 - p) ** gamma * np.log(p))


@wrong("focal_loss", says="the factor (1 − p)^γ is missing")
def only_weighted_cross_entropy(logits, targets, gamma, alpha):
    log_p = -np.logaddexp(0, np.where(targets == 1, -logits, logits))
    return np.mean(-np.where(targets == 1, alpha, 1 - alpha) * log_p)


@wrong("focal_loss", says="for target 0 that is 1 − σ(z)")
def as_if_all_were_objects(logits, targets, gamma, alpha):
    p = 1 / (1 + np.exp(-logits))
    return np.mean(-np.where(targets == 1, alpha, 1 - alpha) * (1 - p) ** gamma * np.log(p))


# --- upsample_nearest ----------------------------------------------------------------------------------------


@wrong("upsample_nearest", says="You repeated the map, not each value")
def tiled_the_map(x, scale):
    return np.tile(x, (1, 1, scale, scale))


@wrong("upsample_nearest", says="You stretched the width alone")
def width_alone(x, scale):
    return np.repeat(x, scale, axis=3)


@wrong("upsample_nearest", says="Zeros belong to the bed of nails")
def zeros_between(x, scale):
    y = np.zeros((*x.shape[:2], scale * x.shape[2], scale * x.shape[3]))
    y[:, :, ::scale, ::scale] = x
    return y


@wrong("upsample_nearest", says="each copy keeps the whole value")
def shared_out(x, scale):
    return np.kron(x, np.ones((scale, scale))) / scale**2


# --- bed_of_nails --------------------------------------------------------------------------------------------


@wrong("bed_of_nails", says="you repeated it")
def repeated_the_value(x, scale):
    return np.kron(x, np.ones((scale, scale)))


@wrong("bed_of_nails", says="The value stands in the upper left corner of its square.")
def lower_right_corner(x, scale):
    y = np.zeros((*x.shape[:2], scale * x.shape[2], scale * x.shape[3]))
    y[:, :, scale - 1 :: scale, scale - 1 :: scale] = x
    return y


@wrong("bed_of_nails", says="you put the whole map into one corner")
def padded_the_map(x, scale):
    y = np.zeros((*x.shape[:2], scale * x.shape[2], scale * x.shape[3]))
    y[:, :, : x.shape[2], : x.shape[3]] = x
    return y


@wrong("bed_of_nails", says="yours is upper right")
def upper_right_corner(x, scale):
    y = np.zeros((*x.shape[:2], scale * x.shape[2], scale * x.shape[3]))
    y[:, :, ::scale, scale - 1 :: scale] = x
    return y


# --- max_unpool ----------------------------------------------------------------------------------------------


def _placed(values, rows, columns, size):
    y = np.zeros((*values.shape[:2], *size))
    n, c = np.ogrid[: values.shape[0], : values.shape[1]]
    y[n[..., None, None], c[..., None, None], rows % size[0], columns % size[1]] = values
    return y


@wrong("max_unpool", says="You put every value into the first corner")
def always_the_first_corner(values, places, size):
    y = np.zeros((*values.shape[:2], *size))
    scale = size[0] // values.shape[2], size[1] // values.shape[3]
    y[:, :, :: scale[0], :: scale[1]][:, :, : values.shape[2], : values.shape[3]] = values
    return y


@wrong("max_unpool", says="you divided by its number of rows")
def divided_by_the_rows(values, places, size):
    return _placed(values, *np.divmod(places, size[0]), size)


@wrong("max_unpool", says="you divided by the width of the small one")
def width_of_the_small_map(values, places, size):
    return _placed(values, *np.divmod(places, values.shape[3]), size)


@wrong("max_unpool", says="Assign, don't add")
def added_twice(values, places, size):
    y = np.zeros((*values.shape[:2], size[0] * size[1]))
    n, c = np.ogrid[: values.shape[0], : values.shape[1]]
    np.add.at(
        y,
        (n[..., None], c[..., None], places.reshape(*values.shape[:2], -1)),
        values.reshape(*values.shape[:2], -1),
    )
    return y.reshape(*values.shape[:2], *size)


@wrong("max_unpool", says="zeros stand where no maximum was")
def repeated_the_maxima(values, places, size):
    scale = size[0] // values.shape[2], size[1] // values.shape[3]
    return np.kron(values, np.ones(scale))


# --- conv_transpose ------------------------------------------------------------------------------------------


def _stamped(x, w, stride, step=None, overwrite=False):
    (n, _, h, wide), (_, k, U, V), step = x.shape, w.shape, step or stride
    y = np.zeros((n, k, (h - 1) * stride + U, (wide - 1) * stride + V))
    for i in range(h):
        for j in range(wide):
            window = y[:, :, i * step : i * step + U, j * step : j * step + V]
            window[:] = np.einsum("nc,ckuv->nkuv", x[:, :, i, j], w) + (0 if overwrite else window)
    return y


@wrong("conv_transpose", says="the later one overwrote the earlier")
def overlaps_overwritten(x, w, stride):
    return _stamped(x, w, stride, overwrite=True)


@wrong("conv_transpose", says="yours is mirrored")
def mirrored_filter(x, w, stride):
    return _stamped(x, w[:, :, ::-1, ::-1], stride)


@wrong("conv_transpose", says="yours lie one apart")
def stride_left_out(x, w, stride):
    return _stamped(x, w, 1)


@wrong("conv_transpose", says="but the stamps lie one apart")
def stride_only_in_the_size(x, w, stride):
    return _stamped(x, w, stride, step=1)


@wrong("conv_transpose", says="you summed over the wrong one")
def filters_channels_swapped(x, w, stride):
    return _stamped(x, w.swapaxes(0, 1), stride)


@wrong("conv_transpose", says="The last stamps are cut off")
def stride_times_the_size(x, w, stride):
    return _stamped(x, w, stride)[:, :, : x.shape[2] * stride, : x.shape[3] * stride]


# --- unet_block ----------------------------------------------------------------------------------------------


def _cut(across, larger):
    h, w = larger.shape[2:]
    top, left = (across.shape[2] - h) // 2, (across.shape[3] - w) // 2
    return across[:, :, top : top + h, left : left + w]


@wrong("unet_block", says="What comes from across stands first")
def enlarged_first(below, across, grow, mix):
    larger = grow(below)
    return mix(torch.cat([larger, _cut(across, larger)], dim=1))


@wrong("unet_block", says="you added the maps")
def added_the_maps(below, across, grow, mix):
    larger = grow(below)
    return mix(_cut(across, larger) + larger)


@wrong("unet_block", says="you took the upper left corner")
def upper_left_of_across(below, across, grow, mix):
    larger = grow(below)
    return mix(torch.cat([across[:, :, : larger.shape[2], : larger.shape[3]], larger], dim=1))


@wrong("unet_block", says="it is missing")
def not_mixed(below, across, grow, mix):
    larger = grow(below)
    return torch.cat([_cut(across, larger), larger], dim=1)


@wrong("unet_block", says="raised a RuntimeError")
def nothing_cut_out(below, across, grow, mix):
    return mix(torch.cat([across, grow(below)], dim=1))


@wrong("unet_block", says="The way across is missing")
def nothing_from_across(below, across, grow, mix):
    return mix(grow(below))


@wrong("unet_block", says="you stacked the batch")
def joined_along_the_batch(below, across, grow, mix):
    larger = grow(below)
    return mix(torch.cat([_cut(across, larger), larger], dim=0))


# --- changes to a solution that change nothing ---------------------------------------------------------------

_LAST_TWO = "a box has four numbers: the last two are those from the second on"
_LAST_AXIS = "the array has two axes: the last is the second"
_ANY_NEGATIVE = "reshape takes any negative number for the size that follows from the others"
_PAIR = "of two things the last is the second"

EQUIVALENT_MUTANTS = {
    ("localisation_loss", "shifted = scores - scores.max(axis=-1, keepdims=True)"): _LAST_AXIS,
    (
        "localisation_loss",
        "own = boxes[rows, labels] if boxes.shape[1] > 1 else boxes[:, -1]",
    ): "with one box the last is the first",
    (
        "localisation_loss",
        "log_p = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))",
    ): _LAST_AXIS,
    (
        "localisation_loss",
        "return np.mean(-log_p[rows, labels] + weight * np.sum((truth - own) ** 2, axis=1))",
    ): "a square doesn't see the sign",
    (
        "localisation_loss",
        "return np.mean(-log_p[rows, labels] + weight * np.sum((own - truth) ** 2, axis=-1))",
    ): _LAST_AXIS,
    ("iou", "upper_left = np.maximum(a[:, None, :-2], b[None, :, :2])"): _LAST_TWO,
    ("iou", "upper_left = np.maximum(a[:, None, :2], b[None, :, :-2])"): _LAST_TWO,
    ("iou", "lower_right = np.minimum(a[:, None, -2:], b[None, :, 2:])"): _LAST_TWO,
    ("iou", "lower_right = np.minimum(a[:, None, 2:], b[None, :, -2:])"): _LAST_TWO,
    ("iou", "area_a = (a[:, -2] - a[:, 0]) * (a[:, 3] - a[:, 1])"): _LAST_TWO,
    ("iou", "area_b = (b[:, -2] - b[:, 0]) * (b[:, 3] - b[:, 1])"): _LAST_TWO,
    ("nms", "return np.array(kept)"): "where nothing is kept the answer is empty; its dtype isn't compared",
    ("nms", "if np.all(overlap[kept, i] <= threshold):"): "IoU is symmetric",
    ("average_precision", "right[np.unique(ranked, return_index=True)[-1]] = True"): _PAIR,
    (
        "roi_pool",
        "pooled[:, p, q] = features[:, top:bottom, left:right].max(axis=(2, 1))",
    ): "the largest over two axes doesn't depend on their order",
    ("make_anchors", "for column in range(size[-1]):"): _PAIR,
    (
        "encode_boxes",
        "return np.concatenate([(middle - anchor_middle) / anchor_size, np.log(size / anchor_size)], axis=-1)",
    ): _LAST_AXIS,
    (
        "encode_boxes",
        "size, anchor_size = (boxes[:, -2:] - boxes[:, :2], anchors[:, 2:] - anchors[:, :2])",
    ): _LAST_TWO,
    (
        "encode_boxes",
        "size, anchor_size = (boxes[:, 2:] - boxes[:, :-2], anchors[:, 2:] - anchors[:, :2])",
    ): _LAST_TWO,
    (
        "encode_boxes",
        "size, anchor_size = (boxes[:, 2:] - boxes[:, :2], anchors[:, -2:] - anchors[:, :2])",
    ): _LAST_TWO,
    (
        "encode_boxes",
        "size, anchor_size = (boxes[:, 2:] - boxes[:, :2], anchors[:, 2:] - anchors[:, :-2])",
    ): _LAST_TWO,
    (
        "encode_boxes",
        "middle, anchor_middle = ((boxes[:, :-2] + boxes[:, 2:]) / 2, (anchors[:, :2] + anchors[:, 2:]) / 2)",
    ): _LAST_TWO,
    (
        "encode_boxes",
        "middle, anchor_middle = ((boxes[:, :2] + boxes[:, -2:]) / 2, (anchors[:, :2] + anchors[:, 2:]) / 2)",
    ): _LAST_TWO,
    (
        "encode_boxes",
        "middle, anchor_middle = ((boxes[:, :2] + boxes[:, 2:]) / 2, (anchors[:, :-2] + anchors[:, 2:]) / 2)",
    ): _LAST_TWO,
    (
        "encode_boxes",
        "middle, anchor_middle = ((boxes[:, :2] + boxes[:, 2:]) / 2, (anchors[:, :2] + anchors[:, -2:]) / 2)",
    ): _LAST_TWO,
    ("decode_boxes", "return np.concatenate([middle - half, middle + half], axis=-1)"): _LAST_AXIS,
    ("decode_boxes", "anchor_size = anchors[:, -2:] - anchors[:, :2]"): _LAST_TWO,
    ("decode_boxes", "anchor_size = anchors[:, 2:] - anchors[:, :-2]"): _LAST_TWO,
    (
        "decode_boxes",
        "middle = (anchors[:, :2] + anchors[:, 2:]) / 2 + offsets[:, :-2] * anchor_size",
    ): _LAST_TWO,
    (
        "decode_boxes",
        "middle = (anchors[:, :-2] + anchors[:, 2:]) / 2 + offsets[:, :2] * anchor_size",
    ): _LAST_TWO,
    (
        "decode_boxes",
        "middle = (anchors[:, :2] + anchors[:, -2:]) / 2 + offsets[:, :2] * anchor_size",
    ): _LAST_TWO,
    ("decode_boxes", "half = anchor_size * np.exp(offsets[:, -2:]) / 2"): _LAST_TWO,
    ("match_anchors", "best = overlap.max(axis=-1)"): _LAST_AXIS,
    (
        "match_anchors",
        "matched = np.where(best >= high, overlap.argmax(axis=-1), np.where(best >= low, -2, -1))",
    ): _LAST_AXIS,
    ("decode_grid", "for x, y, w, h, confidence in cell[:5 * B].reshape(B, -5):"): _ANY_NEGATIVE,
    (
        "max_unpool",
        "np.put_along_axis(flat, places.reshape(n, c, -2), values.reshape(n, c, -1), axis=2)",
    ): _ANY_NEGATIVE,
    (
        "max_unpool",
        "np.put_along_axis(flat, places.reshape(n, c, -1), values.reshape(n, c, -2), axis=2)",
    ): _ANY_NEGATIVE,
    ("max_unpool", "flat = np.zeros((n, c, size[0] * size[-1]))"): _PAIR,
    (
        "unet_block",
        "height, width = larger.shape[-2:]",
    ): "maps have four axes: counted from the end or from the front, they are the same",
    (
        "unet_block",
        "top, left = ((across.shape[-2] - height) // 2, (across.shape[3] - width) // 2)",
    ): "maps have four axes: counted from the end or from the front, they are the same",
}
