"""The detectors' contract: what all must do, untrained; and that one image is enough to learn by heart."""

import numpy as np
import pytest
import torch

from course_utils import data
from course_utils import detection as d
from course_utils.detection.parts import Backbone, contrasts, region_targets
from course_utils.training import fit

DETECTORS = [d.RCNN, d.FastRCNN, d.FasterRCNN, d.SingleShotDetector, d.RetinaNet]


def scenes(n, seed=0, **options):
    made = data.make_scenes(n, seed=seed, **options)
    return made, tuple(torch.tensor(part) for part in (made.images, made.boxes, made.labels))


@pytest.fixture(params=DETECTORS, ids=lambda make: make.__name__)
def detector(request):
    torch.manual_seed(0)
    return request.param(classes=3, width=4)


def test_detections_are_boxes_within_the_image_surest_first(detector):
    _, (images, _, _) = scenes(3)
    detector.eval()
    for found in detector.detect(images):
        n = len(found.labels)
        assert found.boxes.shape == (n, 4)
        assert found.scores.shape == (n,)
        assert bool(((found.boxes >= 0) & (found.boxes <= 64)).all())
        assert bool((found.boxes[:, 2:] >= found.boxes[:, :2]).all())
        assert bool(((found.labels >= 0) & (found.labels < 3)).all())
        assert bool((found.scores.diff() <= 0).all())
        assert not found.boxes.requires_grad


def test_every_parameter_learns(detector):
    _, batch = scenes(4, seed=1, least=3)
    detector.loss(*batch).backward()
    silent = [name for name, p in detector.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    # Maps above the one that a detector looks at are computed for those that look there.
    unused = [name for name in silent if name.startswith(("backbone.sixteenth", "backbone.eighth"))]
    assert set(silent) == set(unused)


def test_images_without_anything_are_background(detector):
    _, (images, boxes, labels) = scenes(2)
    loss = detector.loss(images, 0 * boxes, torch.full_like(labels, -1))
    assert torch.isfinite(loss)
    loss.backward()


def test_other_sizes_than_squares_will_do(detector):
    images = torch.rand(1, 3, 48, 80)
    assert len(detector.eval().detect(images)) == 1


def test_a_detector_can_learn_two_scenes_by_heart(detector):
    torch.manual_seed(1)
    made, batch = scenes(2, seed=3, least=2, most=2)
    net = type(detector)(classes=3, width=8)
    many = tuple(part.repeat(8, *[1] * (part.ndim - 1)) for part in batch)
    fit(
        net,
        lambda m, *b: m.loss(*b),
        many,
        epochs=100 if isinstance(net, d.RetinaNet) else 40,  # its anchors are four times as many
        batch_size=8,
        learning_rate=3e-3,
        device="cpu",
        progress=False,
    )
    truth = [d.Detections(box, label) for box, label in zip(made.boxes, made.labels, strict=True)]
    assert d.mean_average_precision(net.detect(batch[0]), truth) > 60  # untrained: below 35
