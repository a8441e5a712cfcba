"""The detectors' story, trained: how well each finds the things in scenes that it has not seen."""

import time

import pytest
import torch

from course_utils import data
from course_utils import detection as d
from course_utils.training import fit


def trained_score(detector, epochs, learning_rate):
    """mAP@0.5 on 200 scenes after training on 1,500 others."""
    train, held_out = data.make_scenes(1500, seed=1), data.make_scenes(200, seed=2)
    torch.manual_seed(0)
    net, start = detector(classes=3), time.perf_counter()
    fit(
        net,
        lambda net, *batch: net.loss(*batch),
        tuple(torch.tensor(part) for part in (train.images, train.boxes, train.labels)),
        epochs=epochs,
        batch_size=16,
        learning_rate=learning_rate,
        one_cycle=True,
        device="cpu",
        progress=False,
    )
    seconds = time.perf_counter() - start
    truth = [
        d.Detections(boxes[labels >= 0], labels[labels >= 0])
        for boxes, labels in zip(held_out.boxes, held_out.labels, strict=True)
    ]
    score = d.mean_average_precision(net.detect(torch.tensor(held_out.images)), truth)
    print(f"{detector.__name__}: mAP@0.5 {score:.1f} after {seconds:.0f} s")
    return score


@pytest.mark.slow
def test_a_single_shot_finds_the_things():
    assert trained_score(d.SingleShotDetector, epochs=12, learning_rate=6e-3) >= 85


@pytest.mark.slow
def test_faster_rcnn_and_retinanet_are_above_the_rcnn_they_came_from():
    baseline = trained_score(d.RCNN, epochs=2, learning_rate=3e-3)
    assert baseline > 60  # a baseline worth beating
    assert trained_score(d.FasterRCNN, epochs=5, learning_rate=4e-3) > baseline
    assert trained_score(d.RetinaNet, epochs=7, learning_rate=5e-3) > baseline
