"""Activations against torch's, and their derivatives against its autograd."""

import numpy as np
import pytest
import torch

from course_utils import activations

X = np.array([[-1000.0, -40.0, -3.0, -0.5, 0.0], [1e-9, 0.3, 2.0, 40.0, 1000.0]])
F = torch.nn.functional
PAIRS = {
    "sigmoid": (torch.sigmoid, {}),
    "tanh": (torch.tanh, {}),
    "relu": (F.relu, {}),
    "leaky_relu": (F.leaky_relu, {"negative_slope": 0.2}),
    "elu": (F.elu, {"alpha": 0.7}),
}


@pytest.mark.parametrize("name", PAIRS)
def test_value_and_slope_are_torchs(name, backend):
    oracle, options = PAIRS[name]
    leaf = torch.tensor(X, requires_grad=True)
    value = oracle(leaf, **options)
    (slope,) = torch.autograd.grad(value.sum(), leaf)
    x = backend.array(X)
    for ours, theirs in (
        (getattr(activations, name), value),
        (getattr(activations, f"{name}_derivative"), slope),
    ):
        backend.check(ours(x, **options), theirs)


@pytest.mark.parametrize("channels", [1, 3])
def test_prelu_and_both_its_slopes_are_torchs(backend, channels):
    rng = np.random.default_rng(1)
    x, a = rng.normal(size=(4, 3, 5)), rng.uniform(0.1, 0.9, channels)
    leaf, slopes = torch.tensor(x, requires_grad=True), torch.tensor(a, requires_grad=True)
    value = F.prelu(leaf, slopes)
    dx, da = torch.autograd.grad(value.sum(), (leaf, slopes))
    ours = backend.array(x), backend.array(a)
    backend.check(activations.prelu(*ours), value)
    by_x, by_a = activations.prelu_derivative(*ours)
    backend.check(by_x, dx)
    axes = (0, 2) if channels == 3 else (0, 1, 2)
    np.testing.assert_allclose(np.ravel(backend.numpy(by_a).sum(axis=axes)), da, rtol=backend.rtol)


def test_maxout_is_the_largest_piece_and_its_jacobian_autograds(backend):
    rng = np.random.default_rng(2)
    x, W, b = rng.normal(size=(6, 3)), rng.normal(size=(4, 5, 3)), rng.normal(size=(4, 5))
    ours = [backend.array(array) for array in (x, W, b)]
    backend.check(activations.maxout(*ours), (np.einsum("pkd,nd->pnk", W, x) + b[:, None]).max(axis=0))
    J = backend.numpy(activations.maxout_derivative(*ours))
    for i, row in enumerate(torch.tensor(x)):
        oracle = torch.autograd.functional.jacobian(
            lambda v: (torch.tensor(W) @ v + torch.tensor(b)).amax(dim=0), row
        )
        np.testing.assert_allclose(J[i], oracle, rtol=backend.rtol)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: activations.prelu([1.0], [0.1]), "x: expected shape"),
        (lambda: activations.prelu([[1.0, 2.0]], [0.1, 0.2, 0.3]), "a: expected shape"),
        (lambda: activations.maxout([1.0], [[[1.0]]], [[0.0]]), "x: expected shape"),
        (lambda: activations.maxout([[1.0]], [[1.0]], [[0.0]]), "W: expected shape"),
        (lambda: activations.maxout([[1.0]], [[[1.0]]], [0.0]), "b: expected shape"),
        (lambda: activations.relu([np.nan]), "x: expected finite numbers"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
