"""Boxes and regions against plain loops, precision against COCO's own evaluation."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from course_utils import detection as d

seeds = st.integers(0, 2**32 - 1)


def random_boxes(seed, n, whole=False):
    rng = np.random.default_rng(seed)
    corners = np.sort(rng.uniform(0, 20, (n, 2, 2)), axis=1)
    corners[:, 1] += 0.5
    boxes = corners.reshape(n, 4)
    return boxes.round() + np.array([0, 0, 1, 1]) if whole else boxes


def iou_by_hand(a, b):
    w = max(0, min(a[2], b[2]) - max(a[0], b[0]))
    h = max(0, min(a[3], b[3]) - max(a[1], b[1]))
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - w * h
    return w * h / union if union else 0.0


@given(seeds, st.integers(0, 6), st.integers(0, 6))
def test_overlap_is_what_a_loop_counts(backend, seed, n, m):
    a, b = random_boxes(seed, n), random_boxes(seed + 1, m)
    expected = np.array([iou_by_hand(x, y) for x in a for y in b]).reshape(n, m)
    got = d.iou(backend.array(a), backend.array(b))
    assert tuple(got.shape) == (n, m)
    backend.check(got, expected)
    backend.check(d.box_area(backend.array(a)), np.prod(a[:, 2:] - a[:, :2], axis=1))


def test_boxes_without_area_overlap_nothing():
    assert d.iou([[1.0, 1.0, 1.0, 1.0]], [[1.0, 1.0, 1.0, 1.0]])[0, 0] == 0


def nms_by_hand(boxes, scores, threshold):
    order, kept = sorted(range(len(boxes)), key=lambda i: (-scores[i], i)), []
    for i in order:
        if all(iou_by_hand(boxes[i], boxes[k]) <= threshold for k in kept):
            kept.append(i)
    return kept


@given(seeds, st.integers(0, 40), st.sampled_from([0.0, 0.3, 0.5, 1.0]), st.booleans())
def test_suppression_is_what_a_loop_leaves(backend, seed, n, threshold, equal_scores):
    boxes = random_boxes(seed, n).astype(np.float32).astype(float)
    scores = np.random.default_rng(seed).uniform(size=n).astype(np.float32)
    if equal_scores:
        scores = scores.round(1)
    kept = d.nms(backend.array(boxes.reshape(n, 4)), backend.array(scores), threshold)
    np.testing.assert_array_equal(backend.numpy(kept), nms_by_hand(boxes, scores, threshold))


def test_suppression_in_blocks_is_the_same(backend):
    boxes = random_boxes(5, 1500).astype(np.float32)
    scores = np.random.default_rng(6).permutation(1500) / 1500
    kept = d.nms(backend.array(boxes), backend.array(scores), 0.4)
    np.testing.assert_array_equal(backend.numpy(kept), nms_by_hand(boxes.astype(float), scores, 0.4))


@given(seeds, st.integers(0, 30))
def test_classes_do_not_suppress_one_another(backend, seed, n):
    boxes = random_boxes(seed, n).astype(np.float32)
    rng = np.random.default_rng(seed)
    scores, labels = rng.permutation(n) / max(n, 1), rng.integers(0, 3, n)
    kept = backend.numpy(d.nms(backend.array(boxes), backend.array(scores), 0.3, backend.array(labels)))
    expected = [
        np.flatnonzero(labels == label)[i]
        for label in range(3)
        for i in nms_by_hand(boxes[labels == label].astype(float), scores[labels == label], 0.3)
    ]
    assert sorted(kept) == sorted(expected)
    assert np.all(np.diff(scores[kept]) <= 0)


def test_nms_keeps_the_earlier_of_two_equal_boxes():
    box = [[0.0, 0.0, 2.0, 2.0]]
    np.testing.assert_array_equal(d.nms(box * 3, [0.5, 0.5, 0.5], 0.9), [0])


@given(seeds, st.integers(1, 8))
def test_offsets_lead_there_and_back(backend, seed, n):
    boxes, anchors = random_boxes(seed, n), random_boxes(seed + 1, n)
    offsets = d.encode_boxes(backend.array(boxes), backend.array(anchors))
    for row, box, anchor in zip(backend.numpy(offsets), boxes, anchors, strict=True):
        size, other = box[2:] - box[:2], anchor[2:] - anchor[:2]
        middle = (box[:2] + box[2:] - anchor[:2] - anchor[2:]) / 2
        np.testing.assert_allclose(row, [*(middle / other), *np.log(size / other)], rtol=1e-3, atol=1e-4)
    backend.check(
        d.decode_boxes(offsets, backend.array(anchors)),
        boxes,
        rtol=1e-3 if backend.dtype == "float32" else 1e-9,
    )


def test_absurd_offsets_do_not_overflow(backend):
    boxes = d.decode_boxes(backend.array([[0.0, 0.0, 1e6, -1e6]]), backend.array([[0.0, 0.0, 16.0, 16.0]]))
    assert np.isfinite(backend.numpy(boxes)).all()


def test_anchors_stand_around_the_middle_of_their_cells(backend):
    anchors = backend.numpy(
        d.make_anchors((3, 4), 8, sides=[10, 20], ratios=[0.5, 1, 2], like=backend.array([1.0]))
    )
    assert anchors.shape == (3 * 4 * 6, 4)
    expected = []
    for row, column in itertools.product(range(3), range(4)):
        for side, ratio in itertools.product([10, 20], [0.5, 1, 2]):
            x, y, w, h = 8 * column + 4, 8 * row + 4, side / ratio**0.5, side * ratio**0.5
            expected.append([x - w / 2, y - h / 2, x + w / 2, y + h / 2])
    np.testing.assert_allclose(anchors, expected, rtol=1e-5)


@given(seeds, st.integers(1, 12), st.integers(0, 4))
def test_anchors_match_as_the_rules_say(backend, seed, n, m):
    anchors, truth = random_boxes(seed, n), random_boxes(seed + 1, m)
    matched = backend.numpy(d.match_anchors(backend.array(anchors), backend.array(truth), 0.5, 0.3))
    overlap = np.array([[iou_by_hand(a, t) for t in truth] for a in anchors]).reshape(n, m)
    if m == 0:
        assert np.all(matched == -1)
        return
    favourites = {int(overlap[:, j].argmax()) for j in range(m) if overlap[:, j].max() > 0}
    for i in range(n):
        if i in favourites:
            assert overlap[:, matched[i]].argmax() == i
        elif overlap[i].max() >= 0.5:
            assert matched[i] == overlap[i].argmax()
        else:
            assert matched[i] == (-1 if overlap[i].max() < 0.3 else -2)


def pooled_by_hand(features, box, size, scale):
    h, w = features.shape[1:]
    x1, y1, x2, y2 = np.floor(np.asarray(box) * scale + 0.5)
    tall, wide = max(y2 - y1 + 1, 1) / size, max(x2 - x1 + 1, 1) / size
    result = np.zeros((len(features), size, size))
    for i, j in itertools.product(range(size), range(size)):
        rows = slice(
            *(int(np.clip(v, 0, h)) for v in (np.floor(i * tall) + y1, np.ceil((i + 1) * tall) + y1))
        )
        columns = slice(
            *(int(np.clip(v, 0, w)) for v in (np.floor(j * wide) + x1, np.ceil((j + 1) * wide) + x1))
        )
        part = features[:, rows, columns]
        result[:, i, j] = part.max(axis=(1, 2)) if part.size else 0
    return result


@given(seeds, st.integers(0, 4), st.integers(1, 4), st.sampled_from([1.0, 0.5, 0.25]))
def test_region_pooling_is_what_a_loop_finds(backend, seed, r, size, scale):
    rng = np.random.default_rng(seed)
    features, boxes = rng.normal(size=(2, 3, 9, 11)), random_boxes(seed, r, whole=True)
    image = rng.integers(0, 2, r)
    got = d.roi_pool(
        backend.array(features), backend.array(boxes.reshape(r, 4)), backend.array(image), size, scale
    )
    assert tuple(got.shape) == (r, 3, size, size)
    for row, box, i in zip(backend.numpy(got), boxes, image, strict=True):
        np.testing.assert_allclose(row, pooled_by_hand(features[i], box, size, scale), rtol=1e-5)


def bilinear_by_hand(features, y, x):
    h, w = features.shape[1:]
    if not (-1 <= y <= h and -1 <= x <= w):
        return np.zeros(len(features))
    y, x = np.clip(y, 0, h - 1), np.clip(x, 0, w - 1)
    total = 0
    for i in {int(np.floor(y)), min(int(np.floor(y)) + 1, h - 1)}:
        for j in {int(np.floor(x)), min(int(np.floor(x)) + 1, w - 1)}:
            total = total + max(0, 1 - abs(y - i)) * max(0, 1 - abs(x - j)) * features[:, i, j]
    return total


@given(seeds, st.integers(0, 3), st.integers(1, 3), st.sampled_from([1.0, 0.5]), st.integers(1, 2))
def test_region_alignment_is_what_a_loop_samples(backend, seed, r, size, scale, samples):
    rng = np.random.default_rng(seed)
    features, boxes, image = rng.normal(size=(2, 2, 7, 9)), random_boxes(seed, r), rng.integers(0, 2, r)
    got = d.roi_align(
        backend.array(features),
        backend.array(boxes.reshape(r, 4)),
        backend.array(image),
        size,
        scale,
        samples,
    )
    for row, box, which in zip(backend.numpy(got), boxes, image, strict=True):
        x1, y1, x2, y2 = box * scale - 0.5
        places = (np.arange(size * samples) + 0.5) / (size * samples)
        fine = np.array(
            [
                [bilinear_by_hand(features[which], y1 + p * (y2 - y1), x1 + q * (x2 - x1)) for q in places]
                for p in places
            ]
        )
        expected = fine.reshape(size, samples, size, samples, 2).mean(axis=(1, 3)).transpose(2, 0, 1)
        np.testing.assert_allclose(row, expected, rtol=1e-3, atol=1e-4)


def test_gradients_flow_through_regions():
    features = torch.rand(1, 2, 6, 6, requires_grad=True)
    for pool in (d.roi_pool, d.roi_align):
        (gradient,) = torch.autograd.grad(
            pool(features, torch.tensor([[1.0, 1.0, 4.0, 4.0]]), torch.tensor([0]), 2).sum(), features
        )
        assert gradient.abs().sum() > 0


@given(seeds, st.floats(0, 5), st.floats(0, 1))
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_focal_loss_is_its_formula_on_torchs_cross_entropy(backend, reduction, seed, gamma, alpha):
    rng = np.random.default_rng(seed)
    logits, targets = rng.normal(0, 3, (3, 4)), rng.integers(0, 2, (3, 4))
    z, y = torch.tensor(logits), torch.tensor(targets).double()
    ce = torch.nn.functional.binary_cross_entropy_with_logits(z, y, reduction="none")
    p = torch.sigmoid(z) * y + (1 - torch.sigmoid(z)) * (1 - y)
    expected = (alpha * y + (1 - alpha) * (1 - y)) * (1 - p) ** gamma * ce
    expected = expected if reduction == "none" else getattr(expected, reduction)()
    backend.check(
        d.focal_loss(backend.array(logits), backend.array(targets), gamma, alpha, reduction), expected
    )


def test_focal_loss_stands_huge_logits_and_has_a_gradient():
    losses = d.focal_loss([-1000.0, 1000.0], [1.0, 1.0], reduction="none")
    np.testing.assert_allclose(losses, [250, 0])
    z = torch.tensor([0.3, -1000.0, 1000.0], requires_grad=True)
    d.focal_loss(z, torch.tensor([1.0, 0.0, 0.0])).backward()
    assert torch.isfinite(z.grad).all()


def scenes(seed, images=12, classes=3):
    rng = np.random.default_rng(seed)
    truth, predictions = [], []
    for _ in range(images):
        m = int(rng.integers(0, 5))
        boxes = random_boxes(int(rng.integers(1e9)), m) * 10
        labels = rng.integers(0, classes, m)
        truth.append(d.Detections(boxes.reshape(m, 4), labels))
        near = boxes + rng.normal(0, 6, boxes.shape)
        extra = random_boxes(int(rng.integers(1e9)), int(rng.integers(0, 4))) * 10
        both = np.concatenate([near, extra]).reshape(-1, 4)
        both[:, 2:] = np.maximum(both[:, 2:], both[:, :2] + 1)
        said = np.concatenate(
            [
                np.where(rng.random(m) < 0.8, labels, rng.integers(0, classes, m)),
                rng.integers(0, classes, len(extra)),
            ]
        )
        predictions.append(
            d.Detections(both, said.astype(int), rng.permutation(len(both)) / 10 + rng.random() / 100)
        )
    return predictions, truth


def coco(predictions, truth, thresholds):
    """mean average precision by faster-coco-eval."""
    from faster_coco_eval import COCO, COCOeval_faster

    annotations, results = [], []
    for image, there in enumerate(truth):
        for box, label in zip(there.boxes, there.labels, strict=True):
            x1, y1, x2, y2 = map(float, box)
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image,
                    "category_id": int(label) + 1,
                    "bbox": [x1, y1, x2 - x1, y2 - y1],
                    "area": (x2 - x1) * (y2 - y1),
                    "iscrowd": 0,
                }
            )
    for image, found in enumerate(predictions):
        for box, label, score in zip(found.boxes, found.labels, found.scores, strict=True):
            x1, y1, x2, y2 = map(float, box)
            results.append(
                {
                    "image_id": image,
                    "category_id": int(label) + 1,
                    "bbox": [x1, y1, x2 - x1, y2 - y1],
                    "score": float(score),
                }
            )
    categories = sorted({a["category_id"] for a in annotations})
    ground = COCO(
        {
            "images": [{"id": i, "width": 300, "height": 300} for i in range(len(truth))],
            "annotations": annotations,
            "categories": [{"id": c, "name": str(c)} for c in categories],
        }
    )
    evaluation = COCOeval_faster(
        ground, ground.loadRes([r for r in results if r["category_id"] in categories]), iouType="bbox"
    )
    evaluation.params.iouThrs = np.array(thresholds)
    evaluation.params.maxDets = [1, 10, 1000]
    evaluation.evaluate()
    evaluation.accumulate()
    precision = evaluation.eval["precision"][:, :, :, 0, -1]
    return 100 * precision[precision > -1].mean()


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("thresholds", [(0.5,), d.COCO_THRESHOLDS], ids=["PASCAL", "COCO"])
def test_mean_average_precision_is_cocos(seed, thresholds):
    predictions, truth = scenes(seed)
    assert d.mean_average_precision(predictions, truth, thresholds) == pytest.approx(
        coco(predictions, truth, thresholds), abs=1e-6
    )


def test_tensors_are_judged_as_arrays_are():
    predictions, truth = scenes(3)
    as_tensors = [
        [
            d.Detections(*(None if part is None else torch.as_tensor(part) for part in image))
            for image in images
        ]
        for images in (predictions, truth)
    ]
    assert d.mean_average_precision(*as_tensors) == d.mean_average_precision(predictions, truth)


@given(seeds, st.integers(0, 12), st.integers(0, 4))
def test_average_precision_is_the_area_under_the_best_precision(seed, n, missed):
    rng = np.random.default_rng(seed)
    scores, matches = rng.permutation(n) / max(n, 1), rng.random(n) < 0.5
    total = int(matches.sum()) + missed
    if total == 0:
        return
    area, hits = 0.0, matches[np.argsort(-scores)]
    for i in np.flatnonzero(hits):
        area += max(hits[: k + 1].sum() / (k + 1) for k in range(i, n)) / total
    assert d.average_precision(scores, matches, total, points=None) == pytest.approx(100 * area)


def test_a_perfect_and_a_blind_detector():
    _, truth = scenes(1)
    perfect = [d.Detections(image.boxes, image.labels, np.ones(len(image.labels))) for image in truth]
    assert d.mean_average_precision(perfect, truth, d.COCO_THRESHOLDS) == 100
    nothing = [d.Detections(np.zeros((0, 4)), np.zeros(0, int), np.zeros(0))] * len(truth)
    assert d.mean_average_precision(nothing, truth) == 0


def test_finding_the_same_thing_twice_is_a_mistake():
    box = [[0.0, 0.0, 4.0, 4.0]]
    twice = [d.Detections(box * 2, [0, 0], [0.9, 0.8])]
    both = [d.Detections([*box, [8.0, 8.0, 9.0, 9.0]], [0, 0])]
    assert d.mean_average_precision(twice, both, points=None) == 50


BOX = [[0.0, 0.0, 1.0, 1.0]]
MAP = np.zeros((1, 1, 4, 4))
BAD = [
    (lambda: d.box_area([[1.0, 2.0, 3.0]]), "boxes: expected boxes of shape"),
    (lambda: d.iou([[2.0, 0.0, 1.0, 1.0]], BOX), "a: expected finite boxes with x1 <= x2"),
    (lambda: d.iou(BOX, [[np.nan, 0.0, 1.0, 1.0]]), "b: expected finite boxes"),
    (lambda: d.iou(BOX, BOX[0]), r"b: expected shape \(n, 4\)"),
    (lambda: d.nms(BOX, [1.0, 2.0], 0.5), "scores: expected shape"),
    (lambda: d.nms(BOX, [1.0], 2), "iou_threshold: expected"),
    (lambda: d.nms(BOX, [1.0], 0.5, [1, 2]), "labels: expected shape"),
    (lambda: d.make_anchors((0, 1), 8, [4]), "size: expected"),
    (lambda: d.make_anchors((1, 1), 0, [4]), "stride: expected"),
    (lambda: d.make_anchors((1, 1), 8, []), "sides: expected numbers > 0"),
    (lambda: d.make_anchors((1, 1), 8, [4], [0]), "ratios: expected numbers > 0"),
    (lambda: d.encode_boxes([[0.0, 0.0, 0.0, 1.0]], BOX), "boxes: expected boxes with an area"),
    (lambda: d.decode_boxes([1.0, 2.0], BOX), "offsets: expected shape"),
    (lambda: d.match_anchors(BOX, BOX, 0.3, 0.5), "low, high: expected"),
    (lambda: d.roi_pool(MAP[0], BOX, [0], 2), "features: expected shape"),
    (lambda: d.roi_pool(MAP, BOX, [0, 0], 2), "image: expected shape"),
    (lambda: d.roi_pool(MAP, BOX, [1], 2), "image: expected numbers from 0 to 0"),
    (lambda: d.roi_align(MAP, BOX, [0], 0), "size: expected at least 1"),
    (lambda: d.roi_align(MAP, BOX, [0], 2, samples=0), "samples: expected at least 1"),
    (lambda: d.focal_loss([1.0], [0.5]), "targets: expected 0 and 1"),
    (lambda: d.focal_loss([1.0], [1.0, 0.0]), "targets: expected shape"),
    (lambda: d.focal_loss([1.0], [1.0], gamma=-1), "gamma: expected"),
    (lambda: d.focal_loss([1.0], [1.0], alpha=2), "alpha: expected"),
    (lambda: d.focal_loss([1.0], [1.0], reduction="all"), "reduction: expected"),
    (lambda: d.average_precision([0.5], [True], 0), "n_truth: expected at least 1"),
    (lambda: d.average_precision([0.5], [True, False], 1), "matches: expected shape"),
    (lambda: d.average_precision([0.5, 0.4], [True, True], 1), "matches: expected at most"),
    (lambda: d.average_precision([0.5], [True], 1, points=1), "points: expected"),
    (lambda: d.mean_average_precision([], [d.Detections(BOX, [0])]), "predictions: expected as many images"),
    (lambda: d.mean_average_precision([], []), "truth: expected at least one object"),
    (lambda: d.mean_average_precision([d.Detections(BOX, [0])], [d.Detections(BOX, [0])]), "predictions: expected detections with scores"),
    (lambda: d.mean_average_precision([d.Detections(BOX, [0], [1.0])], [d.Detections(BOX, [0])], 0), "thresholds: expected"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
