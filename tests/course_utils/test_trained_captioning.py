"""A model that learns to describe scenes in whole sentences."""

import time

import pytest
import torch

from course_utils import data
from course_utils.captioning import CaptionModel, Words
from course_utils.training import fit


@pytest.mark.slow
def test_captions_are_right_word_for_word():
    train = data.make_scenes(4000, least=2, most=2, seed=1)
    held_out = data.make_scenes(300, least=2, most=2, seed=2)
    words = Words(train.captions)
    torch.manual_seed(0)
    net, start = CaptionModel(len(words), channels=48), time.perf_counter()
    fit(
        net,
        lambda net, x, tokens: net.loss(x, tokens),
        (torch.tensor(train.images), words.encode(train.captions)),
        epochs=10,
        batch_size=32,
        learning_rate=2.5e-3,
        one_cycle=True,
        max_norm=1.0,
        device="cpu",
        progress=False,
    )
    seconds = time.perf_counter() - start
    tokens, _ = net.describe(torch.tensor(held_out.images))
    said = [words.decode(row.tolist()) for row in tokens]
    right = sum(a == b for a, b in zip(said, held_out.captions, strict=True)) / len(said)
    print(f"Captions: {100 * right:.1f} % exact after {seconds:.0f} s")
    assert right >= 0.85
