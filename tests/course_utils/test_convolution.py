"""Convolution and pooling against SciPy and torch, their gradients against autograd and differences."""

import numpy as np
import pytest
import scipy.signal
import torch
from hypothesis import given
from hypothesis import strategies as st

from course_utils import convolution as c
from course_utils.autograd import numerical_gradient

F = torch.nn.functional
seeds = st.integers(0, 2**32 - 1)


@given(
    seeds, st.tuples(st.integers(5, 9), st.integers(5, 9)), st.tuples(st.integers(1, 5), st.integers(1, 5))
)
@pytest.mark.parametrize("mode", ["valid", "same", "full"])
def test_sliding_a_kernel_is_scipys(backend, mode, seed, size, kernel):
    rng = np.random.default_rng(seed)
    image, h = rng.normal(size=(2, *size)), rng.normal(size=kernel)
    for ours, theirs in ((c.convolve2d, scipy.signal.convolve2d), (c.correlate2d, scipy.signal.correlate2d)):
        expected = np.stack([theirs(part, h, mode) for part in image])
        backend.check(ours(backend.array(image), backend.array(h), mode), expected)


def conv_cases(seed, n, channels, filters, rows, columns, stride, padding, steps):
    rng = np.random.default_rng(seed)
    h, w = (max(1, size + stride * steps - 2 * padding) for size in (rows, columns))
    if (
        (h - rows + 2 * padding) % stride
        or (w - columns + 2 * padding) % stride
        or h + 2 * padding < rows
        or w + 2 * padding < columns
    ):
        h, w = rows + stride * steps, columns + stride * steps
        padding = 0
    x, weight = rng.normal(size=(n, channels, h, w)), rng.normal(size=(filters, channels, rows, columns))
    return x, weight, rng.normal(size=filters), padding


sizes = st.tuples(
    seeds, st.integers(1, 3), st.integers(1, 3), st.integers(1, 4), st.integers(1, 4), st.integers(1, 4),
    st.integers(1, 3), st.integers(0, 2), st.integers(0, 3),
)  # fmt: skip


@given(sizes, st.booleans())
def test_a_layer_and_its_gradients_are_torchs(backend, case, biased):
    x, w, b, padding = conv_cases(*case)
    stride = case[6]
    leaves = [torch.tensor(array, requires_grad=True) for array in (x, w, b)]
    y = F.conv2d(leaves[0], leaves[1], leaves[2] if biased else None, stride, padding)
    ours = [backend.array(array) for array in (x, w, b)]
    backend.check(c.conv2d(ours[0], ours[1], ours[2] if biased else None, stride, padding), y)
    dy = np.random.default_rng(1).normal(size=tuple(y.shape))
    y.backward(torch.tensor(dy))
    gradients = c.conv2d_backward(backend.array(dy), *ours[:2], stride, padding)
    for got, leaf in zip(gradients, leaves, strict=True):
        if leaf.grad is not None:
            backend.check(got, leaf.grad)


def test_the_gradients_are_those_of_differences():
    rng = np.random.default_rng(2)
    x, w, b, dy = (rng.normal(size=s) for s in [(2, 2, 5, 7), (3, 2, 3, 3), (3,), (2, 3, 3, 4)])
    dx, dw, db = c.conv2d_backward(dy, x, w, 2, 1)
    for got, at, f in [
        (dx, x, lambda v: (c.conv2d(v, w, b, 2, 1) * dy).sum()),
        (dw, w, lambda v: (c.conv2d(x, v, b, 2, 1) * dy).sum()),
        (db, b, lambda v: (c.conv2d(x, w, v, 2, 1) * dy).sum()),
    ]:
        np.testing.assert_allclose(got, numerical_gradient(f, at), rtol=1e-6, atol=1e-8)


@given(sizes)
def test_patches_are_torchs_unfold(backend, case):
    x, w, _, padding = conv_cases(*case)
    kernel, stride = tuple(w.shape[2:]), case[6]
    expected = F.unfold(torch.tensor(x), kernel, padding=padding, stride=stride)
    backend.check(c.im2col(backend.array(x), kernel, stride, padding), expected)


@given(seeds, st.integers(1, 3), st.integers(1, 3), st.integers(0, 3), st.booleans())
def test_pooling_and_its_gradients_are_torchs(backend, seed, kernel, stride, steps, equal_values):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(2, 3, kernel + stride * steps, kernel + stride * (steps + 1)))
    if equal_values:
        x = x.round()
    ours = backend.array(x)
    leaf = torch.tensor(x, requires_grad=True)
    y, indices = F.max_pool2d(leaf, kernel, stride, return_indices=True)
    backend.check(c.max_pool2d(ours, kernel, stride), y)
    got, places = c.max_pool2d(ours, kernel, stride, return_indices=True)
    backend.check(got, y)
    np.testing.assert_array_equal(backend.numpy(places), indices.numpy())
    dy = rng.normal(size=tuple(y.shape))
    y.backward(torch.tensor(dy))
    backend.check(c.max_pool2d_backward(backend.array(dy), ours, kernel, stride), leaf.grad)
    leaf.grad = None
    mean = F.avg_pool2d(leaf, kernel, stride)
    mean.backward(torch.tensor(dy))
    backend.check(c.avg_pool2d(ours, kernel, stride), mean)
    backend.check(c.avg_pool2d_backward(backend.array(dy), ours, kernel, stride), leaf.grad)


@given(st.integers(1, 60), st.integers(1, 12), st.integers(1, 5), st.integers(0, 4))
def test_the_output_size_is_what_torch_makes_or_an_error(W, size, S, P):
    room = W - size + 2 * P
    if room < 0 or room % S:
        with pytest.raises(ValueError, match="S: expected" if room >= 0 else "F: expected at most"):
            c.conv_output_size(W, size, S, P)
    else:
        expected = F.conv1d(torch.zeros(1, 1, W), torch.zeros(1, 1, size), stride=S, padding=P).shape[2]
        assert c.conv_output_size(W, size, S, P) == expected


@pytest.mark.parametrize(("n", "m", "R", "K"), [(11, 11, 3, 96), (1, 3, 5, 7), (5, 5, 1, 6)])
def test_the_parameter_count_is_torchs(n, m, R, K):
    layer = torch.nn.Conv2d(R, K, (n, m))
    assert c.conv_parameter_count(n, m, R, K) == sum(parameter.numel() for parameter in layer.parameters())


X, W = np.ones((1, 2, 5, 5)), np.ones((3, 2, 2, 2))
BAD = [
    (lambda: c.convolve2d(X, np.ones(3)), "kernel: expected shape"),
    (lambda: c.convolve2d(np.ones(3), np.ones((1, 1))), "image: expected shape"),
    (lambda: c.correlate2d(np.ones((2, 2)), np.ones((3, 3))), "kernel: expected one that fits"),
    (lambda: c.correlate2d(X, np.ones((2, 2)), "center"), "mode: expected 'valid'"),
    (
        lambda: c.conv2d(X, W, stride=2),
        "S: expected S dividing W − F \\+ 2P = 3, as with W = 4 or 6, got S = 2",
    ),
    (lambda: c.conv2d(X[0], W), "x: expected shape"),
    (lambda: c.conv2d(X, W[0]), "w: expected shape"),
    (lambda: c.conv2d(X[:, :1], W), "w: expected filters over 1 maps"),
    (lambda: c.conv2d(X, W, [1.0]), "b: expected shape"),
    (lambda: c.conv2d(X, W, padding=-1), "P: expected at least 0"),
    (lambda: c.conv2d_backward(X, X, W), "dy: expected shape"),
    (lambda: c.max_pool2d(X, 2), "S: expected"),
    (lambda: c.max_pool2d(torch.ones(1, 1, 5, 5), 2), "S: expected"),
    (lambda: c.avg_pool2d(X, 6), "F: expected at most"),
    (lambda: c.max_pool2d_backward(X, X, 5), "dy: expected shape"),
    (lambda: c.avg_pool2d_backward(X, X, 5), "dy: expected shape"),
    (lambda: c.conv_output_size(0, 1), "W: expected at least 1"),
    (lambda: c.conv_parameter_count(3, 3, 0, 1), "R: expected at least 1"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
