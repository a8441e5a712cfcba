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


@pytest.mark.parametrize("per_class", [False, True])
def test_the_localizer_finds_one_thing(per_class):
    torch.manual_seed(2)
    made, batch = scenes(6, seed=4, least=1, most=1)
    net = d.Localizer(classes=3, per_class=per_class, width=8)
    fit(
        net,
        lambda m, *b: m.loss(*b),
        batch,
        epochs=120,
        batch_size=6,
        learning_rate=3e-3,
        device="cpu",
        progress=False,
    )
    for found, box, label in zip(net.detect(batch[0]), made.boxes, made.labels, strict=True):
        assert found.labels.tolist() == label.tolist()
        assert d.iou(found.boxes.numpy(), box)[0, 0] > 0.5


def test_proposals_find_most_things():
    made, (images, _, _) = scenes(60, seed=5)
    best = []
    for proposed, boxes, labels in zip(contrasts(images), made.boxes, made.labels, strict=True):
        assert len(proposed) <= 24
        best += d.iou(proposed.numpy(), boxes[labels >= 0]).max(axis=0).tolist()
    assert np.mean(np.array(best) > 0.5) > 0.75


def test_regions_to_train_on_know_what_they_show():
    boxes = torch.tensor([[[10.0, 10.0, 20.0, 20.0], [0.0, 0.0, 0.0, 0.0]]])
    labels = torch.tensor([[2, -1]])
    proposals = [torch.tensor([[10.0, 10.0, 20.0, 19.0], [40.0, 40.0, 50.0, 50.0]])]
    regions, shown, aims = region_targets(proposals, boxes, labels, classes=3)
    assert shown.tolist() == [2, 2, 3]
    np.testing.assert_allclose(regions[0][2], [40, 40, 50, 50])
    np.testing.assert_allclose(aims[0], d.encode_boxes(boxes[0, :1], proposals[0][:1])[0])
    np.testing.assert_allclose(aims[1], 0, atol=1e-6)


def test_costs_count_what_runs():
    images = torch.rand(2, 3, 64, 64)
    rows = d.costs({make.__name__: make(classes=3) for make in DETECTORS}, images, runs=1)
    by_name = {row.name: row for row in rows}
    assert by_name["RCNN"].multiply_adds > 4 * by_name["FastRCNN"].multiply_adds  # a network for every region
    assert all(row.seconds > 0 and row.parameters > 0 for row in rows)
    # The single shot's cost by hand: its network runs once, whatever is in the image.
    from torch.utils.flop_counter import FlopCounterMode

    net = d.SingleShotDetector(3).eval()
    with FlopCounterMode(display=False) as counter:
        net(images)
    assert d.costs({"net": net}, images, runs=1)[0].multiply_adds == counter.get_total_flops() // 4


BAD = [
    (lambda: Backbone()(torch.zeros(1, 3, 60, 64)), "images: expected shape .* multiples of 16"),
    (lambda: d.RCNN(0), "classes: expected at least 1"),
    (lambda: d.costs({}, torch.zeros(0, 3, 64, 64)), "images: expected at least one"),
    (lambda: d.costs({}, torch.zeros(1, 3, 64, 64), runs=0), "runs: expected at least 1"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
