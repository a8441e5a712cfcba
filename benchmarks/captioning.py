"""Attention beside torch's own kernel, which doesn't say where it looked."""

from __future__ import annotations

import torch

from benchmarks.measure import Row
from course_utils import captioning


def rows() -> list[Row]:
    query, keys, values = torch.randn(32, 12, 128), torch.randn(32, 64, 128), torch.randn(32, 64, 128)
    peer = torch.nn.functional.scaled_dot_product_attention
    attention = torch.nn.MultiheadAttention(128, 1, batch_first=True)
    arguments = query, keys, values
    return [
        Row("attention, 32 × 12 questions, 64 places", captioning.attend, arguments, "scaled_dot_product_attention",
            lambda: peer(*arguments), note="returns the weights too, and refuses NaN; the kernel keeps them to itself"),
        Row("the same", captioning.attend, arguments, "nn.MultiheadAttention, one head, with weights",
            lambda: attention(*arguments)),
    ]  # fmt: skip
