"""A U-Net that learns to segment scenes."""

import time

import pytest
import torch

from course_utils import data
from course_utils.segmentation import UNet, mean_iou, segmentation_loss
from course_utils.training import fit


@pytest.mark.slow
def test_a_unet_segments_scenes():
    train, held_out = data.make_scenes(800, size=48, seed=1), data.make_scenes(200, size=48, seed=2)
    torch.manual_seed(0)
    net = UNet(classes=4, width=12, depth=2)
    start = time.perf_counter()
    fit(
        net,
        lambda net, x, y: segmentation_loss(net(x), y),
        (torch.tensor(train.images), torch.tensor(train.semantic)),
        epochs=25,
        batch_size=16,
        learning_rate=1e-2,
        one_cycle=True,
        device="cpu",
        progress=False,
    )
    seconds = time.perf_counter() - start
    with torch.no_grad():
        predictions = net(torch.tensor(held_out.images)).argmax(dim=1)
    score = mean_iou(predictions, torch.tensor(held_out.semantic), 4)
    print(f"U-Net: mean IoU {score:.3f} after {seconds:.0f} s")
    assert score >= 0.9
