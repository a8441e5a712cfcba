"""The tape beside torch's autograd and beside a tape of single numbers."""

from __future__ import annotations

import numpy as np
import torch

from benchmarks.measure import Row
from course_utils.autograd import Tensor, numerical_gradient


def rows() -> list[Row]:
    rng = np.random.default_rng(0)
    X, W1, W2 = rng.normal(size=(256, 64)), rng.normal(size=(64, 128)), rng.normal(size=(128, 10))

    def ours() -> None:
        a, b = Tensor(W1, requires_grad=True), Tensor(W2, requires_grad=True)
        ((X @ a).tanh() @ b).mean().backward()

    def torchs() -> None:
        a, b = (torch.tensor(W, requires_grad=True) for W in (W1, W2))
        ((torch.tensor(X) @ a).tanh() @ b).mean().backward()

    w = rng.normal(size=20)

    def numbers() -> None:
        # What a tape of single numbers does for w·w: a node for each product and sum.
        nodes = [Tensor(float(value), requires_grad=True) for value in w]
        total = nodes[0] * nodes[0]
        for node in nodes[1:]:
            total = total + node * node
        total.backward()

    def arrays() -> None:
        v = Tensor(w, requires_grad=True)
        (v * v).sum().backward()

    def differences() -> None:
        numerical_gradient(lambda v: (v * v).sum(), w)

    return [
        Row(
            "two-layer net, 256 × 64, forward and backward",
            ours,
            (),
            "torch",
            torchs,
            gpu=False,
            note="a Python object and a closure for each operation",
        ),
        Row("w · w, 20 weights", arrays, (), "a node for each number", numbers, gpu=False),
        Row("w · w, 20 weights", arrays, (), "numerical_gradient", differences, gpu=False),
    ]
