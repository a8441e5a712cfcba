"""Upsampling against torch, measures against scikit-learn and by hand, the U-Net's shapes and gradients."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score, jaccard_score

from course_utils import segmentation as s
from course_utils.convolution import conv2d_backward, max_pool2d

F = torch.nn.functional
seeds = st.integers(0, 2**32 - 1)


@given(seeds, st.integers(1, 3), st.integers(1, 4), st.integers(1, 4), st.integers(1, 4))
def test_nearest_neighbours_are_torchs_and_nails_are_their_corners(backend, seed, n, h, w, scale):
    x = np.random.default_rng(seed).normal(size=(n, 2, h, w))
    expected = F.interpolate(torch.tensor(x), scale_factor=scale, mode="nearest").numpy()
    backend.check(s.upsample_nearest(backend.array(x), scale), expected)
    nails = np.zeros_like(expected)
    nails[:, :, ::scale, ::scale] = x
    backend.check(s.bed_of_nails(backend.array(x), scale), nails)


@given(seeds, st.integers(1, 3), st.integers(1, 3))
def test_unpooling_is_torchs(backend, seed, kernel, steps):
    x = np.random.default_rng(seed).normal(size=(2, 3, kernel * steps, kernel * (steps + 1)))
    pooled, indices = F.max_pool2d(torch.tensor(x), kernel, return_indices=True)
    expected = F.max_unpool2d(pooled, indices, kernel, output_size=x.shape[2:])
    small, places = max_pool2d(backend.array(x), kernel, return_indices=True)
    backend.check(s.max_unpool2d(small, places, x.shape[2:]), expected)


shapes = st.tuples(
    seeds, st.integers(1, 3), st.integers(1, 3), st.integers(1, 4), st.integers(1, 4), st.integers(1, 4),
    st.integers(1, 3), st.integers(0, 1),
)  # fmt: skip


@given(shapes, st.booleans())
def test_transposed_convolution_is_torchs(backend, case, biased):
    seed, n, c, k, rows, columns, stride, padding = case
    rng = np.random.default_rng(seed)
    x, w, b = rng.normal(size=(n, c, 3, 4)), rng.normal(size=(c, k, rows, columns)), rng.normal(size=k)
    expected = F.conv_transpose2d(
        torch.tensor(x), torch.tensor(w), torch.tensor(b) if biased else None, stride, padding
    )
    ours = [backend.array(array) for array in (x, w, b)]
    backend.check(
        s.conv_transpose2d(ours[0], ours[1], ours[2] if biased else None, stride, padding), expected
    )


@given(shapes)
def test_transposed_convolution_is_the_way_back_through_a_convolution(backend, case):
    seed, n, c, k, rows, columns, stride, _ = case
    rng = np.random.default_rng(seed)
    dy, w = rng.normal(size=(n, k, 3, 4)), rng.normal(size=(k, c, rows, columns))
    x = np.zeros((n, c, 2 * stride + rows, 3 * stride + columns))
    dx, _, _ = conv2d_backward(*(backend.array(array) for array in (dy, x, w)), stride)
    backend.check(s.conv_transpose2d(backend.array(dy), backend.array(w), stride=stride), dx)


@given(seeds, st.integers(1, 5), st.integers(1, 40))
def test_measures_are_sklearns(backend, seed, classes, n):
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, classes, (2, n))
    there = sorted({*a, *b})
    ours = backend.array(a), backend.array(b)
    assert s.mean_iou(*ours, classes) == pytest.approx(
        jaccard_score(b, a, labels=there, average="macro", zero_division=0)
    )
    assert s.dice(*ours, classes) == pytest.approx(
        f1_score(b, a, labels=there, average="macro", zero_division=0)
    )


def test_a_class_that_occurs_nowhere_does_not_count():
    assert s.mean_iou([0, 0], [0, 0], 7) == 1
    assert s.dice([[0, 3]], [[0, 3]], 7) == 1


@pytest.mark.parametrize(("depth", "size"), [(1, (4, 6)), (2, (8, 12)), (3, (64, 48))])
def test_a_unet_gives_every_pixel_its_scores(depth, size):
    net = s.UNet(classes=5, channels=2, width=4, depth=depth)
    scores = net(torch.zeros(2, 2, *size))
    assert scores.shape == (2, 5, *size)
    scores.sum().backward()
    assert all(parameter.grad is not None for parameter in net.parameters())


def test_details_cross_the_bridges():
    # With nothing coming up from below, a change in one pixel must still reach that pixel's scores.
    torch.manual_seed(0)
    net = s.UNet(classes=2, width=4).eval()
    for larger in net.larger:
        torch.nn.init.zeros_(larger.weight)
        torch.nn.init.zeros_(larger.bias)
    x = torch.rand(1, 3, 16, 16)
    other = x.clone()
    other[0, :, 5, 9] += 1
    assert (net(other) - net(x)).abs()[0, :, 5, 9].max() > 1e-4


def test_the_loss_is_least_for_certain_right_scores():
    targets = torch.randint(0, 3, (2, 8, 8), generator=torch.Generator().manual_seed(1))
    right = 50.0 * F.one_hot(targets, 3).movedim(-1, 1)
    assert s.segmentation_loss(right, targets) < 1e-3
    assert s.segmentation_loss(-right, targets) > 20
    assert s.segmentation_loss(torch.zeros_like(right), targets) == pytest.approx(
        np.log(3) + 1 - 1 / 3, abs=0.1
    )


X, W = np.ones((1, 2, 3, 3)), np.ones((2, 1, 2, 2))
BAD = [
    (lambda: s.upsample_nearest(X, 0), "scale: expected at least 1"),
    (lambda: s.bed_of_nails(X[0], 2), "x: expected shape"),
    (lambda: s.max_unpool2d(X, np.zeros((1, 2, 3, 2), int), (6, 6)), "indices: expected shape"),
    (lambda: s.max_unpool2d(X, np.full((1, 2, 3, 3), 36), (6, 6)), "indices: expected places from 0 to 35"),
    (lambda: s.conv_transpose2d(X, W[:1]), "w: expected filters from 2 maps"),
    (lambda: s.conv_transpose2d(X, W, [1.0, 2.0]), "b: expected shape"),
    (lambda: s.conv_transpose2d(X, W, stride=0), "stride: expected at least 1"),
    (lambda: s.conv_transpose2d(X, W, padding=2), "padding: expected one that leaves"),
    (lambda: s.mean_iou([0], [0, 1], 2), "targets: expected shape"),
    (lambda: s.mean_iou([2], [0], 2), "predictions: expected classes from 0 to 1"),
    (lambda: s.dice([0.5], [0], 2), "predictions: expected integers"),
    (lambda: s.dice([], [], 2), "predictions: expected at least one pixel"),
    (lambda: s.dice([0], torch.tensor([0]), 1), "targets: expected an array of the same library"),
    (lambda: s.mean_iou([0], [0], 0), "classes: expected at least 1"),
    (lambda: s.UNet(2, depth=0), "depth: expected at least 1"),
    (lambda: s.UNet(2)(torch.zeros(1, 3, 60, 64)), "x: expected shape .* multiples of 8"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
