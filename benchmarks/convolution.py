"""Convolution and pooling beside SciPy and torch."""

from __future__ import annotations

import numpy as np
import scipy.ndimage
import scipy.signal
import torch

from benchmarks.measure import Row
from course_utils import convolution, layers


def rows() -> list[Row]:
    rng = np.random.default_rng(0)
    image, kernel = rng.normal(size=(512, 512)), rng.normal(size=(5, 5))
    many = rng.normal(size=(64, 28, 28))
    x, w, b = (rng.normal(size=s).astype(np.float32) for s in [(32, 16, 28, 28), (32, 16, 3, 3), (32,)])
    tx, tw, tb = map(torch.tensor, (x, w, b))
    dy = rng.normal(size=(32, 32, 28, 28)).astype(np.float32)

    def torch_backward() -> None:
        leaves = [tensor.clone().requires_grad_() for tensor in (tx, tw, tb)]
        torch.nn.functional.conv2d(*leaves, padding=1).backward(torch.tensor(dy))

    compiled = "NumPy against compiled loops: patches are copied before one matrix product"
    gamma = np.ones(16, np.float32)
    return [
        Row(
            "convolve2d, 512 × 512 with 5 × 5",
            convolution.convolve2d,
            (image, kernel),
            "scipy.signal.convolve2d",
            lambda: scipy.signal.convolve2d(image, kernel, "valid"),
        ),
        Row(
            "correlate2d, 512 × 512 with 5 × 5",
            convolution.correlate2d,
            (image, kernel),
            "scipy.ndimage.correlate",
            lambda: scipy.ndimage.correlate(image, kernel, mode="constant"),
            note=compiled,
        ),
        Row(
            "correlate2d, 64 images of 28 × 28",
            convolution.correlate2d,
            (many, kernel),
            "scipy.signal.correlate2d in a loop",
            lambda: [scipy.signal.correlate2d(one, kernel, "valid") for one in many],
        ),
        Row(
            "conv2d, NumPy, 32 × 16 × 28 × 28, 32 filters",
            lambda x, w, b: convolution.conv2d(x, w, b, padding=1),
            (x, w, b),
            "torch",
            lambda: torch.nn.functional.conv2d(tx, tw, tb, padding=1),
            note=compiled,
        ),
        Row(
            "conv2d, torch tensors, the same",
            lambda x, w, b: convolution.conv2d(x, w, b, padding=1),
            (tx, tw, tb),
            "torch",
            lambda: torch.nn.functional.conv2d(tx, tw, tb, padding=1),
        ),
        Row(
            "conv2d_backward, NumPy, the same",
            lambda dy, x, w: convolution.conv2d_backward(dy, x, w, padding=1),
            (dy, x, w),
            "torch, forward and backward",
            torch_backward,
            note=compiled,
        ),
        Row(
            "max_pool2d, NumPy, 2 × 2",
            lambda x: convolution.max_pool2d(x, 2),
            (x,),
            "torch",
            lambda: torch.nn.functional.max_pool2d(tx, 2),
            note=compiled,
        ),
        Row(
            "batch_norm, NumPy, 32 × 16 × 28 × 28",
            lambda x: layers.batch_norm(x, gamma, gamma)[0],
            (x,),
            "torch",
            lambda: torch.nn.functional.batch_norm(tx, None, None, training=True),
            note="NumPy reads the array once for each step of the formula",
            gpu=False,
        ),
    ]
