"""Recurrent layers beside torch's, and beside a loop as people write it."""

from __future__ import annotations

import numpy as np
import torch

from benchmarks.measure import Row
from course_utils import recurrent


def rows() -> list[Row]:
    rng = np.random.default_rng(0)
    n, T, d, k = 32, 50, 64, 128
    x, h0 = rng.normal(size=(n, T, d)).astype(np.float32), np.zeros((n, k), np.float32)
    plain = [rng.normal(0, 0.1, s).astype(np.float32) for s in [(k, d), (k, k), (k,)]]
    gated = [rng.normal(0, 0.1, s).astype(np.float32) for s in [(4 * k, d), (4 * k, k), (4 * k,)]]
    tensors = [torch.tensor(array) for array in (x, h0, h0, *gated)]
    lstm, stack = torch.nn.LSTM(d, k, batch_first=True), recurrent.LSTM(d, k)
    tx = tensors[0]

    def loop() -> None:
        W_xh, W_hh, b = plain
        for one in range(n):
            h = h0[one]
            for t in range(T):
                h = np.tanh(W_xh @ x[one, t] + W_hh @ h + b)

    def trained(net: torch.nn.Module) -> None:
        net(tx)[0].sum().backward()

    def torch_forward() -> None:
        with torch.no_grad():
            lstm(tx)

    return [
        Row(
            "rnn_forward, NumPy, 32 × 50 × 64, 128 units",
            recurrent.rnn_forward,
            (x, h0, *plain),
            "a loop over samples and steps",
            loop,
        ),
        Row(
            "lstm_forward, torch tensors, the same",
            recurrent.lstm_forward,
            tuple(tensors),
            "nn.LSTM",
            torch_forward,
        ),
        Row(
            "lstm_forward, NumPy, the same",
            recurrent.lstm_forward,
            (x, h0, h0, *gated),
            "nn.LSTM",
            torch_forward,
            note="step by step in NumPy against a fused kernel",
        ),
        Row(
            "LSTM, forward and backward",
            lambda: trained(stack),
            (),
            "nn.LSTM",
            lambda: trained(lstm),
            gpu=False,
        ),
    ]
