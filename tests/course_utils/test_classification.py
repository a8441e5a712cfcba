"""Classifiers against scikit-learn and torch, on every backend."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import SVC

from course_utils import classification as c

F = torch.nn.functional


def blobs(seed, n=60, d=3, k=4, spread=1.0):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % k
    return rng.normal(size=(k, d))[y] * 2 + spread * rng.normal(size=(n, d)), y


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_losses_are_torchs(backend, reduction):
    rng = np.random.default_rng(1)
    scores, y = rng.normal(0, 3, (7, 5)), rng.integers(0, 5, 7)
    scores[0] = [1000, -1000, 0, 3, 1000]
    oracle = F.cross_entropy(torch.tensor(scores), torch.tensor(y), reduction=reduction)
    ours = c.cross_entropy(backend.array(scores), backend.array(y), reduction)
    backend.check(ours, oracle)
    # torch divides its multi-class margin loss by the number of classes.
    oracle = 5 * F.multi_margin_loss(torch.tensor(scores), torch.tensor(y), reduction=reduction)
    backend.check(c.multiclass_hinge_loss(backend.array(scores), backend.array(y), reduction), oracle)
    signs = np.where(y > 2, 1, -1)
    oracle = np.maximum(0, 1 - signs * scores[:, 1])
    oracle = oracle if reduction == "none" else getattr(oracle, reduction)()
    backend.check(c.hinge_loss(backend.array(scores[:, 1]), backend.array(signs), reduction), oracle)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_softmax_is_torchs_for_scores_of_any_size(backend, axis):
    scores = np.array([[1000.0, 0.0, -1000.0], [1.0, 2.0, 1001.0]])
    backend.check(c.softmax(backend.array(scores), axis), torch.softmax(torch.tensor(scores), axis))


@pytest.mark.parametrize(("lam", "spread"), [(1.0, 1.0), (0.05, 2.0), (10.0, 1.0)])
def test_the_svm_is_sklearns(backend, lam, spread):
    X, classes = blobs(2, k=2, spread=spread)
    y = 2.0 * classes - 1
    w, b = c.fit_svm(backend.array(X), backend.array(y), lam)
    oracle = SVC(kernel="linear", C=1 / (2 * lam), tol=1e-10).fit(X, y)

    def objective(w, b):
        return np.sum(np.maximum(0, 1 - y * (X @ w + b))) + lam * w @ w

    ours, theirs = objective(backend.numpy(w), float(b)), objective(oracle.coef_[0], oracle.intercept_[0])
    assert ours <= theirs * (1 + backend.rtol)
    np.testing.assert_allclose(ours, theirs, rtol=1e-4)
    backend.check(w, oracle.coef_[0], rtol=5e-3)  # libsvm's is the less exact


def test_the_svm_balances_the_pulls_of_its_samples(backend):
    # The subgradient of the objective holds 0: for lam → 0 on separable data, the widest margin's known solution.
    X = np.array([[0.0, 0.0], [0.0, 5.0], [2.0, 0.0], [3.0, 7.0]])
    w, b = c.fit_svm(backend.array(X), backend.array([-1, -1, 1, 1]), 1e-3)
    backend.check(w, [1.0, 0.0], rtol=2e-3)
    backend.check(b, -1.0, rtol=2e-3)


def test_softmax_regression_is_sklearns(backend):
    X, y = blobs(3)
    W = c.fit_softmax(backend.array(X), backend.array(y), lam=0.05)
    oracle = LogisticRegression(C=1 / (0.05 * len(X)), fit_intercept=False, tol=1e-10, max_iter=5000).fit(
        X, y
    )
    backend.check(W, oracle.coef_, rtol=1e-4)


class TestNaiveBayes:
    def test_it_is_sklearns(self, backend):
        X, y = blobs(4)
        model = c.GaussianNaiveBayes().fit(backend.array(X), backend.array(y))
        oracle = GaussianNB().fit(X, y)
        backend.check(model.mean, oracle.theta_)
        backend.check(model.variance, oracle.var_)
        new = np.random.default_rng(5).normal(0, 3, (20, 3))
        backend.check(model.predict_proba(backend.array(new)), oracle.predict_proba(new))
        np.testing.assert_array_equal(backend.numpy(model.predict(backend.array(new))), oracle.predict(new))

    def test_many_features_do_not_underflow(self, backend):
        X, y = blobs(6, d=500)
        probabilities = backend.numpy(
            c.GaussianNaiveBayes().fit(backend.array(X), backend.array(y)).predict_proba(backend.array(X))
        )
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)

    def test_samples_have_the_models_moments(self, backend):
        X, y = blobs(7, k=3)
        model = c.GaussianNaiveBayes().fit(backend.array(X), backend.array(y))
        new, labels = (backend.numpy(part) for part in model.sample(60_000, seed=1))
        np.testing.assert_allclose(np.bincount(labels) / len(labels), backend.numpy(model.prior), atol=0.01)
        for label in range(3):
            np.testing.assert_allclose(
                new[labels == label].mean(axis=0), backend.numpy(model.mean)[label], atol=0.05
            )
            np.testing.assert_allclose(
                new[labels == label].var(axis=0), backend.numpy(model.variance)[label], rtol=0.06
            )


def test_one_vs_rest_and_one_vs_one_tell_separate_classes_apart(backend):
    X, y = blobs(8, n=80, spread=0.3)
    for make, columns in ((c.one_vs_rest, 4), (c.one_vs_one, 4)):
        predict = make(lambda X, t: c.fit_svm(X, t, 0.1), backend.array(X), backend.array(y))
        result = backend.numpy(predict(backend.array(X)))
        assert result.shape == (80, columns)
        assert np.mean(result.argmax(axis=1) == y) > 0.97
    np.testing.assert_array_equal(result.sum(axis=1), 6)  # four classes, six duels


@given(st.integers(0, 2**32 - 1), st.integers(1, 8), st.integers(2, 6))
def test_equal_scores_cost_log_k_and_k_minus_1(seed, n, k):
    rng = np.random.default_rng(seed)
    scores, y = np.full((n, k), rng.normal()), rng.integers(0, k, n)
    np.testing.assert_allclose(c.cross_entropy(scores, y), np.log(k))
    np.testing.assert_allclose(c.multiclass_hinge_loss(scores, y), k - 1)


X, Y = blobs(9)
BAD = [
    (lambda: c.hinge_loss([1.0], [0]), "y: expected labels −1 and"),
    (lambda: c.hinge_loss([1.0, 2.0], [1]), "y: expected shape"),
    (lambda: c.cross_entropy([[1.0, 2.0]], [2]), "y: expected integers from 0 to 1"),
    (lambda: c.cross_entropy([1.0, 2.0], [0]), "scores: expected shape"),
    (lambda: c.cross_entropy([[1.0, 2.0]], [0], "average"), "reduction: expected"),
    (lambda: c.cross_entropy([[1.0, 2.0]], [0, 1]), "y: expected as many rows as scores"),
    (lambda: c.fit_svm(X, np.ones(60)), "y: expected labels −1 and"),
    (lambda: c.fit_svm(X, np.where(Y > 1, 1, -1), lam=0.0), "lam: expected a number > 0"),
    (lambda: c.fit_svm(X, np.where(Y > 1, 1, -1), max_steps=1), "max_steps"),
    (lambda: c.fit_softmax(X, Y + 1), "y: expected every class"),
    (lambda: c.fit_softmax(X, Y, lam=0.0), "lam: expected a number > 0"),
    (lambda: c.fit_softmax(X, Y, max_steps=1), "max_steps"),
    (lambda: c.one_vs_rest(c.fit_svm, X, np.zeros(60)), "y: expected at least two classes"),
    (lambda: c.GaussianNaiveBayes().fit(X, Y).predict(X[:, :2]), "X: expected 3 columns, got 2"),
    (lambda: c.GaussianNaiveBayes().fit(X, Y).sample(-1), "n: expected a number"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
