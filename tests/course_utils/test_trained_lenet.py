"""LeNet that learns to read digits, and zip codes."""

import time

import pytest
import torch

from course_utils import data
from course_utils.architectures import LeNet5
from course_utils.training import accuracy, cross_entropy, evaluate, fit


def shifted(x, y):
    """Each batch moved by up to two pixels."""
    dy, dx = torch.randint(-2, 3, (2,)).tolist()
    return x.roll((dy, dx), dims=(2, 3)), y


@pytest.mark.slow
def test_lenet_reads_digits_and_zip_codes():
    digits = data.load_mnist()
    train = torch.tensor(digits.x_train), torch.tensor(digits.y_train)
    test = torch.tensor(digits.x_test), torch.tensor(digits.y_test)
    torch.manual_seed(0)
    net, start = LeNet5(), time.perf_counter()
    fit(
        net,
        cross_entropy,
        train,
        epochs=10,
        batch_size=32,
        learning_rate=4e-3,
        one_cycle=True,
        augment=shifted,
        device="cpu",
        progress=False,
    )
    seconds = time.perf_counter() - start
    score = evaluate(net, accuracy, test)
    images, codes = data.make_zip_codes(200, part="test", seed=1)
    places = torch.tensor(images).unfold(3, 28, 24)[
        :, :, 2:30, :, :
    ]  # (n, 1, 28, 5, 28): five cuts side by side
    cuts = places.permute(0, 3, 1, 2, 4).flatten(0, 1)
    with torch.no_grad():
        read = net(cuts).argmax(dim=1).reshape(200, 5)
    right = (read == torch.tensor(codes)).float().mean().item()
    print(f"LeNet: {100 * score:.1f} % of digits after {seconds:.0f} s, {100 * right:.1f} % in zip codes")
    assert score >= 0.96
    assert right > 0.7
