"""What detectors cost: products for each image, and seconds."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from course_utils._arrays import require
from course_utils.architectures import count_parameters


@dataclass(frozen=True)
class Cost:
    """Of one detector.

    Parameters
    ----------
    name
        As it was given.
    parameters
        That it learnt.
    multiply_adds
        In all its convolutions and linear layers for one image, crops and proposals included.
    seconds
        For one image, the median of several runs on this machine.
    """

    name: str
    parameters: int
    multiply_adds: int
    seconds: float


def costs(detectors: Mapping[str, nn.Module], images: torch.Tensor, runs: int = 5) -> list[Cost]:
    """Count and time ``detect`` of each detector on the same images, in evaluation mode.

    Parameters
    ----------
    detectors
        By the names that the result should have.
    images
        (n, 3, h, w), on the detectors' device.
    runs
        Timed runs, after one to count and warm up.

    Examples
    --------
    >>> from course_utils.detection import RetinaNet, SingleShotDetector
    >>> nets = {"single shot": SingleShotDetector(3), "RetinaNet": RetinaNet(3)}
    >>> single, retina = costs(nets, torch.rand(2, 3, 64, 64), runs=1)
    >>> single.multiply_adds < retina.multiply_adds
    True
    """
    require(len(images) > 0, "images", "at least one", 0)
    require(runs >= 1, "runs", "at least 1", runs)
    results = []
    for name, detector in detectors.items():
        was_training = detector.training
        detector.eval()
        products = _products(detector, images)
        times = []
        for _ in range(runs):
            _finish(images)
            start = time.perf_counter()
            detector.detect(images)  # type: ignore[operator]
            _finish(images)
            times.append(time.perf_counter() - start)
        detector.train(was_training)
        seconds = sorted(times)[len(times) // 2] / len(images)
        results.append(Cost(name, count_parameters(detector), products // len(images), seconds))
    return results


def _finish(images: torch.Tensor) -> None:
    if images.is_cuda:
        torch.cuda.synchronize()


def _products(detector: nn.Module, images: torch.Tensor) -> int:
    """Products in everything that really runs."""
    total = 0

    def count(layer: nn.Module, _: Any, output: torch.Tensor) -> None:
        nonlocal total
        if isinstance(layer, nn.Conv2d):
            total += output.numel() * layer.in_channels // layer.groups * math.prod(layer.kernel_size)
        elif isinstance(layer, nn.Linear):
            total += output.numel() * layer.in_features

    hooks = [layer.register_forward_hook(count) for layer in detector.modules()]
    try:
        detector.detect(images)  # type: ignore[operator]
    finally:
        for hook in hooks:
            hook.remove()
    return total
