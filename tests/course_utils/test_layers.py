"""Layers against torch's, forwards, and against its autograd, backwards."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from course_utils import layers
from course_utils.autograd import numerical_gradient

F = torch.nn.functional
seeds = st.integers(0, 2**32 - 1)


def leaf(array):
    return torch.tensor(array, requires_grad=True)


@given(seeds, st.sampled_from([(3,), (7, 3), (2, 5, 3)]), st.booleans())
def test_linear_and_its_gradients_are_torchs(backend, seed, shape, biased):
    rng = np.random.default_rng(seed)
    x, W, b = rng.normal(size=shape), rng.normal(size=(4, 3)), rng.normal(size=4)
    leaves = [leaf(x), leaf(W), leaf(b)]
    y = F.linear(leaves[0], leaves[1], leaves[2] if biased else None)
    ours = [backend.array(array) for array in (x, W, b)]
    backend.check(layers.linear(ours[0], ours[1], ours[2] if biased else None), y)
    dy = rng.normal(size=tuple(y.shape))
    y.backward(torch.tensor(dy))
    for got, expected in zip(layers.linear_backward(backend.array(dy), *ours[:2]), leaves, strict=True):
        if expected.grad is not None:
            backend.check(got, expected.grad)


@given(seeds, st.sampled_from([(7, 3), (5, 3, 4), (2, 3, 4, 5)]))
def test_batch_norm_and_its_gradients_are_torchs(backend, seed, shape):
    rng = np.random.default_rng(seed)
    x, gamma, beta = rng.normal(2, 3, shape), rng.normal(size=3), rng.normal(size=3)
    leaves = [leaf(x), leaf(gamma), leaf(beta)]
    mean, variance = torch.zeros(3).double(), torch.ones(3).double()
    state = None
    ours = [backend.array(array) for array in (x, gamma, beta)]
    for _ in range(2):  # the running statistics move twice
        y = F.batch_norm(leaves[0], mean, variance, *leaves[1:], training=True)
        got, state = layers.batch_norm(*ours, state)
    tolerance = 1e-3 if backend.dtype == "float32" else 1e-8
    backend.check(got, y, rtol=tolerance)
    backend.check(state.mean, mean, rtol=tolerance)
    backend.check(state.variance, variance, rtol=tolerance)
    later, same = layers.batch_norm(*ours, state, training=False)
    backend.check(later, F.batch_norm(leaves[0], mean, variance, *leaves[1:], training=False), rtol=tolerance)
    assert same is state
    dy = rng.normal(size=shape)
    y.backward(torch.tensor(dy))
    for result, expected in zip(
        layers.batch_norm_backward(backend.array(dy), *ours[:2]), leaves, strict=True
    ):
        backend.check(result, expected.grad, rtol=5e-3 if backend.dtype == "float32" else 1e-7)


def test_the_gradient_of_batch_norm_is_that_of_differences():
    rng = np.random.default_rng(1)
    x, gamma, beta, dy = (
        rng.normal(size=(6, 2)),
        rng.normal(size=2),
        rng.normal(size=2),
        rng.normal(size=(6, 2)),
    )
    expected = numerical_gradient(lambda x: (layers.batch_norm(x, gamma, beta)[0] * dy).sum(), x)
    np.testing.assert_allclose(layers.batch_norm_backward(dy, x, gamma)[0], expected, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("keep", [0.2, 0.5, 1.0])
def test_both_ways_of_dropout_agree_on_average(backend, keep):
    x = np.random.default_rng(2).uniform(1, 2, 40_000)
    for drop, average in ((layers.dropout, keep), (layers.inverted_dropout, 1.0)):
        trained = backend.numpy(drop(backend.array(x), keep, seed=3))
        kept = trained != 0
        assert kept.mean() == pytest.approx(keep, abs=0.01)
        np.testing.assert_allclose(trained[kept], (x * average / keep)[kept], rtol=1e-5)
        backend.check(drop(backend.array(x), keep, training=False), x * average)
        assert trained.mean() == pytest.approx(x.mean() * average, rel=0.02)


def test_the_seed_decides_what_is_dropped(backend):
    x = backend.array(np.ones(100))
    first, again, other = (backend.numpy(layers.dropout(x, 0.5, seed=seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(("make", "gain"), [(layers.xavier_normal, 1), (layers.he_normal, 2)])
@pytest.mark.parametrize("shape", [(200, 300), (40, 16, 5, 5)])
def test_weights_have_the_variance_of_their_rule(backend, make, gain, shape):
    weights = make(shape, seed=4, like=backend.array([1.0]))
    backend.check(weights, make(shape, seed=4))
    values = backend.numpy(weights)
    n = np.prod(shape[1:])
    assert values.var() == pytest.approx(gain / n, rel=0.05)
    assert abs(values.mean()) < 0.02 / np.sqrt(n)


def test_signals_keep_their_size_through_twenty_layers():
    x = np.random.default_rng(5).normal(size=(500, 256))
    for depth in range(20):
        x = np.maximum(0, layers.linear(x, layers.he_normal((256, 256), seed=depth)))
    assert 0.3 < np.sqrt((x**2).mean()) < 3


ONE = np.ones((1, 2))
BAD = [
    (lambda: layers.linear([[1.0]], [[1.0, 2.0]]), r"x: expected shape \(…, 2\)"),
    (lambda: layers.linear([[1.0]], [1.0]), r"weight: expected shape \(k, d\)"),
    (lambda: layers.linear([[1.0]], [[1.0]], [1.0, 2.0]), "bias: expected shape"),
    (lambda: layers.linear_backward([[1.0, 2.0]], [[1.0]], [[1.0]]), "dy: expected shape"),
    (lambda: layers.batch_norm([1.0], [1.0], [1.0]), "x: expected shape"),
    (lambda: layers.batch_norm(ONE, [1.0], [1.0, 1.0]), "gamma: expected shape"),
    (lambda: layers.batch_norm(ONE, [1.0, 1.0], [1.0]), "beta: expected shape"),
    (lambda: layers.batch_norm(ONE, [1.0, 1.0], [1.0, 1.0]), "x: expected more than one value"),
    (lambda: layers.batch_norm_backward(np.ones((2, 2)), np.ones((3, 2)), [1.0, 1.0]), "dy: expected shape"),
    (lambda: layers.dropout([1.0], 0), "keep: expected a probability"),
    (lambda: layers.inverted_dropout([1.0], 1.5), "keep: expected a probability"),
    (lambda: layers.xavier_normal((3,)), "shape: expected"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
