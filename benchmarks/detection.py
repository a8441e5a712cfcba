"""Boxes and precision beside the loop that people write in torch, and beside COCO's own evaluation."""

from __future__ import annotations

import numpy as np
import torch
from faster_coco_eval import COCO, COCOeval_faster

from benchmarks.measure import Row
from course_utils import data, detection
from course_utils.detection import Detections


def nms_loop(boxes: torch.Tensor, scores: torch.Tensor, iou_threshold: float) -> torch.Tensor:
    """Take the best, compare it with all that are left, go on with those it leaves."""
    left, kept = scores.argsort(descending=True), []
    while len(left):
        best, left = left[0], left[1:]
        kept.append(best)
        corner = torch.maximum(boxes[best, :2], boxes[left, :2])
        shared = (torch.minimum(boxes[best, 2:], boxes[left, 2:]) - corner).clamp(min=0).prod(dim=1)
        areas = (boxes[left, 2:] - boxes[left, :2]).prod(dim=1) + (boxes[best, 2:] - boxes[best, :2]).prod()
        left = left[shared / (areas - shared) <= iou_threshold]
    return torch.stack(kept)


def crowd(n: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Boxes as a detector gives them: many around each thing, each with a score."""
    generator = torch.Generator().manual_seed(0)
    centres = 512 * torch.rand(50, 2, generator=generator)
    centres = centres[torch.randint(50, (n,), generator=generator)] + 6 * torch.randn(
        n, 2, generator=generator
    )
    sides = 30 + 20 * torch.rand(n, 2, generator=generator)
    return torch.cat([centres - sides / 2, centres + sides / 2], dim=1), torch.rand(n, generator=generator)


def found_and_true(images: int) -> tuple[list[Detections], list[Detections]]:
    """Scenes, and ten detections in each: the true boxes moved a little, and some out of the air."""
    rng, scenes = np.random.default_rng(0), data.make_scenes(images, seed=0)
    truth = [
        Detections(boxes[labels >= 0], labels[labels >= 0])
        for boxes, labels in zip(scenes.boxes, scenes.labels, strict=True)
    ]
    found = []
    for there in truth:
        near = np.repeat(there.boxes, 2, axis=0) + rng.normal(0, 2, (2 * len(there.boxes), 4))
        corner = 40 * rng.random((10 - len(near), 2))
        boxes = np.concatenate([near, np.concatenate([corner, corner + 16], axis=1)])
        labels = np.concatenate([np.repeat(there.labels, 2), rng.integers(0, 3, 10 - len(near))])
        found.append(Detections(boxes, labels, rng.random(10)))
    return found, truth


def coco_of(detections: list[Detections]) -> list[dict[str, object]]:
    """COCO's annotations or results."""
    entries: list[dict[str, object]] = []
    for image, some in enumerate(detections):
        scores = some.scores if some.scores is not None else np.ones(len(some.labels))
        for (x1, y1, x2, y2), label, score in zip(some.boxes.tolist(), some.labels.tolist(), scores.tolist(), strict=True):  # fmt: skip
            entry = {
                "id": len(entries) + 1,
                "image_id": image,
                "category_id": label + 1,
                "iscrowd": 0,
                "score": score,
            }
            entries.append({**entry, "bbox": [x1, y1, x2 - x1, y2 - y1], "area": (x2 - x1) * (y2 - y1)})
    return entries


def coco_precision(found: list[Detections], truth: list[Detections]) -> None:
    """mAP at COCO's ten thresholds, from the same detections."""
    ground = COCO(
        {
            "images": [{"id": image, "width": 64, "height": 64} for image in range(len(truth))],
            "annotations": coco_of(truth),
            "categories": [{"id": label + 1, "name": str(label)} for label in range(3)],
        }
    )
    evaluation = COCOeval_faster(ground, ground.loadRes(coco_of(found)), iouType="bbox")
    evaluation.evaluate()
    evaluation.accumulate()


def rows() -> list[Row]:
    some, few = crowd(2000), crowd(200)
    found, truth = found_and_true(500)
    generator = torch.Generator().manual_seed(0)
    anchors = torch.rand(20_000, 2, generator=generator) * 100
    anchors = torch.cat([anchors, anchors + 20], dim=1)
    logits, targets = torch.randn(100_000), (torch.rand(100_000) < 0.01).float()

    def pairwise_in_a_loop() -> None:
        for box in anchors[:50]:
            corner = torch.maximum(box[:2], anchors[:, :2])
            shared = (torch.minimum(box[2:], anchors[:, 2:]) - corner).clamp(min=0).prod(dim=1)
            shared / (800 - shared)

    def focal_by_the_formula() -> None:
        p = logits.sigmoid()
        p_t = torch.where(targets == 1, p, 1 - p)
        weight = torch.where(targets == 1, 0.25, 0.75)
        (-weight * (1 - p_t) ** 2 * p_t.clamp(min=1e-12).log()).mean()

    return [
        Row("NMS of 2,000 boxes", lambda b, s: detection.nms(b, s, 0.5), some, "the loop in torch",
            lambda: nms_loop(*some, 0.5)),
        Row("NMS of 200 boxes", lambda b, s: detection.nms(b, s, 0.5), few, "the loop in torch",
            lambda: nms_loop(*few, 0.5)),
        Row("IoU of 50 with 20,000 boxes", lambda b: detection.iou(b[:50], b), (anchors,), "a loop over the 50",
            pairwise_in_a_loop),
        Row("focal loss of 100,000 logits", detection.focal_loss, (logits, targets), "its formula in torch",
            focal_by_the_formula, note="finite for any logit, and the targets are checked; the peer is neither"),
        Row("mAP, ten thresholds, 500 images", lambda f, t: detection.mean_average_precision(f, t, detection.COCO_THRESHOLDS),
            (found, truth), "faster-coco-eval (C++)", lambda: coco_precision(found, truth), gpu=False,
            note="NumPy beside compiled code"),
    ]  # fmt: skip
