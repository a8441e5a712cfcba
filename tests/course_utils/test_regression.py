"""The regression references against scikit-learn, SciPy and torch, on random shapes and edge cases."""

import re

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge

from course_utils import regression

DEVICES = [
    "numpy",
    "cpu",
    pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")),
]
DTYPES = [("float32", 1e-3), ("float64", 1e-9)]


def put(array, where, dtype="float64"):
    """The array as NumPy, or as a tensor on a device."""
    array = np.asarray(array, dtype)
    return array if where == "numpy" else torch.tensor(array, device=where)


def back(array):
    return array if isinstance(array, (np.ndarray, np.generic)) else array.cpu().numpy()


def samples(seed, n, d, k):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)), rng.normal(size=(n, k))


sizes = st.tuples(st.integers(0, 2**32 - 1), st.integers(1, 30), st.integers(1, 6), st.integers(1, 4))


def test_the_gradient_of_cross_entropy_is_right_at_zero_too():
    z = torch.tensor([0.0, 0.0, 3.0, -1000.0], requires_grad=True)
    y = torch.tensor([1.0, 0.0, 1.0, 1.0])
    regression.binary_cross_entropy(z, y, "sum").backward()
    np.testing.assert_allclose(z.grad, expit(back(z.detach())) - back(y), rtol=1e-6)


@pytest.mark.parametrize("where", DEVICES)
@pytest.mark.parametrize(("dtype", "tolerance"), DTYPES)
class TestOnEveryBackend:
    def same_kind(self, result, where, dtype):
        assert str(result.dtype).removeprefix("torch.") == dtype
        if where != "numpy":
            assert result.device.type == where

    def test_fit_line_is_linear_regression(self, where, dtype, tolerance):
        X, Y = samples(1, 23, 1, 1)
        a, b = regression.fit_line(put(X[:, 0], where, dtype), put(Y[:, 0], where, dtype))
        oracle = LinearRegression().fit(X, Y)
        self.same_kind(a, where, dtype)
        np.testing.assert_allclose(
            [float(a), float(b)], [oracle.coef_[0, 0], oracle.intercept_[0]], rtol=tolerance
        )

    def test_fit_line_fits_many_data_sets_in_one_call(self, where, dtype, tolerance):
        rng = np.random.default_rng(2)
        x, y = rng.normal(size=(2, 3, 17)), rng.normal(size=(2, 3, 17))
        a, b = regression.fit_line(put(x, where, dtype), put(y, where, dtype))
        for i in np.ndindex(2, 3):
            np.testing.assert_allclose(
                [float(a[i]), float(b[i])], np.polyfit(x[i], y[i], 1), rtol=tolerance, atol=tolerance
            )

    def test_least_squares_is_linear_regression(self, where, dtype, tolerance):
        X, Y = samples(3, 31, 4, 3)
        A = regression.fit_least_squares(put(X, where, dtype), put(Y, where, dtype))
        self.same_kind(A, where, dtype)
        oracle = LinearRegression(fit_intercept=False).fit(X, Y).coef_
        np.testing.assert_allclose(back(A), oracle, rtol=10 * tolerance, atol=tolerance)

    def test_ridge_is_sklearns_for_every_lambda(self, where, dtype, tolerance):
        X, Y = samples(4, 13, 5, 2)
        lams = np.array([[0.1, 1.0], [10.0, 500.0]])
        A = regression.fit_ridge(put(X, where, dtype), put(Y, where, dtype), put(lams, where, dtype))
        assert tuple(A.shape) == (2, 2, 2, 5)
        self.same_kind(A, where, dtype)
        for i in np.ndindex(2, 2):
            oracle = Ridge(alpha=lams[i], fit_intercept=False).fit(X, Y).coef_
            np.testing.assert_allclose(back(A[i]), oracle, rtol=10 * tolerance, atol=tolerance)

    def test_gradient_is_autograds(self, where, dtype, tolerance):
        X, Y = samples(5, 11, 3, 2)
        A = np.random.default_rng(6).normal(size=(2, 3))
        leaf = torch.tensor(A, requires_grad=True)
        ((torch.tensor(X) @ leaf.T - torch.tensor(Y)) ** 2).sum(dim=1).mean().backward()
        result = regression.squared_error_gradient(*(put(array, where, dtype) for array in (A, X, Y)))
        self.same_kind(result, where, dtype)
        np.testing.assert_allclose(back(result), leaf.grad.numpy(), rtol=10 * tolerance, atol=tolerance)

    @pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
    def test_cross_entropy_is_torchs(self, where, dtype, tolerance, reduction):
        z = np.array([-1000.0, 1000.0, 0.0, 3.0, -40.0, 40.0])
        y = np.array([1.0, 1.0, 0.0, 0.3, 0.0, 0.0])
        oracle = torch.nn.functional.binary_cross_entropy_with_logits(
            torch.tensor(z), torch.tensor(y), reduction=reduction
        )
        result = regression.binary_cross_entropy(put(z, where, dtype), put(y, where, dtype), reduction)
        np.testing.assert_allclose(back(result), oracle.numpy(), rtol=tolerance, atol=1e-12)

    def test_sigmoid_is_scipys(self, where, dtype, tolerance):
        z = np.array([[-1000.0, -745.0, -30.0], [0.0, 2.0, 1000.0]])
        np.testing.assert_allclose(
            back(regression.sigmoid(put(z, where, dtype))), expit(z), rtol=tolerance, atol=1e-30
        )

    def test_logistic_regression_is_sklearns(self, where, dtype, tolerance):
        X, _ = samples(7, 101, 3, 1)
        y = (X @ [1.0, -2.0, 0.5] + np.random.default_rng(8).logistic(size=101) > 0).astype(float)
        for lam in (0.0, 0.1):
            w = regression.fit_logistic(put(X, where, dtype), put(y, where, dtype), lam)
            C = 1 / (lam * 101) if lam else np.inf
            oracle = LogisticRegression(C=C, fit_intercept=False, tol=1e-10, max_iter=1000).fit(X, y)
            np.testing.assert_allclose(back(w), oracle.coef_[0], rtol=max(100 * tolerance, 1e-4))

    def test_features_are_added_in_kind(self, where, dtype, tolerance):
        x = put([2.0, 3.0, 5.0], where, dtype)
        powers = regression.polynomial_features(x, 3)
        self.same_kind(powers, where, dtype)
        np.testing.assert_array_equal(
            back(regression.add_bias(powers)), [[2, 4, 8, 1], [3, 9, 27, 1], [5, 25, 125, 1]]
        )


@given(sizes)
def test_the_gradient_vanishes_at_least_squares(shape):
    X, Y = samples(*shape)
    A = regression.fit_least_squares(X, Y)
    np.testing.assert_allclose(regression.squared_error_gradient(A, X, Y), 0, atol=1e-8)


@given(sizes)
def test_least_squares_is_the_solution_of_least_norm(shape):
    X, Y = samples(*shape)
    np.testing.assert_allclose(
        regression.fit_least_squares(X, Y), np.linalg.lstsq(X, Y, rcond=None)[0].T, atol=1e-6
    )


@given(sizes, st.floats(1e-3, 1e4))
def test_ridge_solves_its_own_equation(shape, lam):
    X, Y = samples(*shape)
    A = regression.fit_ridge(X, Y, lam)
    np.testing.assert_allclose(A @ (X.T @ X + lam * np.eye(X.shape[1])), Y.T @ X, atol=1e-8 * max(lam, 1))


@given(st.integers(0, 2**32 - 1), st.integers(1, 8), st.integers(0, 8))
def test_a_matrix_times_its_transpose_is_semidefinite_and_plus_identity_definite(seed, d, rank):
    B = np.random.default_rng(seed).normal(size=(d, rank))
    M = B @ B.T
    assert regression.is_positive_semidefinite(M)
    assert regression.is_positive_definite(M + 0.1 * np.eye(d))
    assert not regression.is_positive_semidefinite(M - (np.linalg.eigvalsh(M).max() + 0.1) * np.eye(d))
    if rank < d:
        assert not regression.is_positive_definite(M, tol=1e-9)


def test_an_asymmetric_matrix_is_neither():
    M = np.array([[2.0, 1.0], [0.0, 2.0]])
    assert not regression.is_positive_semidefinite(M)
    assert not regression.is_positive_definite(M)


def test_flat_targets_give_flat_answers():
    X, Y = samples(9, 7, 3, 2)
    assert regression.fit_ridge(X, Y[:, 0], 1.0).shape == (3,)
    assert regression.fit_ridge(X, Y[:, 0], [1.0, 2.0]).shape == (2, 3)
    assert regression.fit_least_squares(X, Y[:, 0]).shape == (3,)


def test_the_arrays_passed_in_are_left_alone():
    X, Y = samples(10, 7, 3, 2)
    before = X.copy(), Y.copy()
    regression.fit_ridge(X, Y, 1.0)
    regression.fit_least_squares(X, Y)
    regression.squared_error_gradient(np.ones((2, 3)), X, Y)
    np.testing.assert_array_equal(X, before[0])
    np.testing.assert_array_equal(Y, before[1])


def test_another_implementation_of_the_array_standard_works():
    strict = pytest.importorskip("array_api_strict")
    X, Y = samples(11, 9, 3, 2)
    A = regression.fit_ridge(strict.asarray(X), strict.asarray(Y), 2.0)
    np.testing.assert_allclose(np.asarray(A), regression.fit_ridge(X, Y, 2.0))


X, Y = np.ones((5, 2)), np.ones((5, 3))
BAD = [
    (
        regression.mean_squared_error,
        (np.ones(3), np.ones((3, 1))),
        "targets: expected shape (3,), got shape (3, 1)",
    ),
    (regression.fit_line, (np.ones(5), np.ones(4)), "y: expected shape (5,)"),
    (regression.fit_line, (np.ones(5), np.ones(5)), "x: expected at least two different values"),
    (regression.fit_line, (1.0, 1.0), "x: expected shape (…, n)"),
    (regression.fit_least_squares, (X, Y[:4]), "Y: expected as many rows as X (5), got 4"),
    (regression.fit_least_squares, (X[0], Y), "X: expected shape (n, d)"),
    (regression.fit_ridge, (X, Y, 0.0), "lam: expected numbers > 0"),
    (regression.fit_ridge, (X, Y, [1.0, -1.0]), "lam: expected numbers > 0"),
    (regression.fit_ridge, (X * np.nan, Y, 1.0), "X: expected finite numbers, got NaN or infinity"),
    (regression.fit_ridge, (X[:0], Y[:0], 1.0), "X: expected at least one number"),
    (
        regression.squared_error_gradient,
        (np.ones((2, 3)), X, Y),
        "A: expected shape (3, 2), got shape (2, 3)",
    ),
    (
        regression.binary_cross_entropy,
        (np.ones(3), np.array([0.0, 1.0, -1.0])),
        "y: expected labels from 0 to 1",
    ),
    (regression.binary_cross_entropy, (np.ones(3), np.ones(3), "average"), "reduction: expected"),
    (regression.fit_logistic, (X, np.array([0.0, 1, 2, 0, 1])), "y: expected labels 0 and 1"),
    (regression.fit_logistic, (X, np.ones((5, 1))), "y: expected shape (n,)"),
    (
        regression.logistic_gradient,
        (np.ones(3), X, np.ones(5)),
        "w: expected as many weights as X has columns (2)",
    ),
    (regression.is_positive_definite, (np.ones((2, 3)),), "M: expected a square matrix"),
    (regression.polynomial_features, (np.ones(3), 0), "degree: expected at least 1"),
    (
        regression.add_bias,
        ([[1.0], [2.0, 3.0]],),
        "X: expected an array of numbers, got rows of different lengths",
    ),
    (regression.sigmoid, ("z",), "z: expected an array of numbers, got str"),
    (regression.mean_squared_error, (np.ones(3), torch.ones(3)), "expected arrays of one library"),
]


@pytest.mark.parametrize(("function", "arguments", "message"), BAD)
def test_bad_input_is_told_which_argument_and_what_was_expected(function, arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        function(*arguments)


def test_separable_data_have_no_minimum_without_a_penalty():
    X = np.array([[-2.0], [-1.0], [1.0], [2.0]])
    y = np.array([0.0, 0.0, 1.0, 1.0])
    with pytest.raises(ValueError, match="separable"):
        regression.fit_logistic(X, y)
    assert np.isfinite(regression.fit_logistic(X, y, lam=0.01)).all()
