"""Model selection against scikit-learn, and the laws it must obey."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold, cross_val_score

from course_utils import model_selection as m
from course_utils.regression import fit_ridge


@given(st.integers(2, 40).flatmap(lambda n: st.tuples(st.just(n), st.integers(2, n))), st.integers(0, 99))
def test_folds_partition_the_samples_into_sklearns_sizes(n_and_k, seed):
    n, k = n_and_k
    folds = m.kfold(n, k, seed)
    assert sorted(np.concatenate([test for _, test in folds])) == list(range(n))
    for (train, test), (_, oracle) in zip(folds, KFold(k).split(np.zeros(n)), strict=True):
        assert len(test) == len(oracle)
        assert sorted([*train, *test]) == list(range(n))


def test_folds_in_order_are_sklearns():
    for ours, theirs in zip(m.kfold(23, 5, seed=None), KFold(5).split(np.zeros(23)), strict=True):
        np.testing.assert_array_equal(ours[0], theirs[0])
        np.testing.assert_array_equal(ours[1], theirs[1])


def test_the_seed_decides_the_folds():
    first, again, other = (m.kfold(50, 5, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first[0][1], again[0][1])
    assert not np.array_equal(first[0][1], other[0][1])


def test_cross_validation_is_sklearns(backend):
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(47, 5)), rng.normal(size=47)
    oracle = -cross_val_score(
        Ridge(alpha=2.0, fit_intercept=False), X, y, cv=KFold(4), scoring="neg_mean_squared_error"
    )
    ours = m.cross_validate(
        lambda X, y: fit_ridge(X, y, 2.0),
        lambda A, X: X @ A,
        backend.array(X),
        backend.array(y),
        k=4,
        seed=None,
    )
    backend.check(ours, oracle)


def test_the_held_out_set_is_never_fitted():
    seen = []

    def fit(X, y):
        seen.append(set(X[:, 0].tolist()))
        return

    X = np.arange(11.0)[:, None]

    def predict(model, X):
        assert not seen[-1] & set(X[:, 0].tolist())
        return X[:, 0]

    np.testing.assert_array_equal(m.cross_validate(fit, predict, X, X[:, 0], k=3), np.zeros(3))


def test_error_is_squared_bias_plus_variance(backend):
    rng = np.random.default_rng(2)
    predictions, truth = rng.normal(3, 2, (31, 4, 5)), rng.normal(size=(4, 5))
    bias, variance, error = m.bias_variance(backend.array(predictions), backend.array(truth))
    backend.check(bias, predictions.mean(axis=0) - truth)
    backend.check(variance, predictions.var(axis=0))
    backend.check(error, backend.numpy(bias) ** 2 + backend.numpy(variance), rtol=1e-3)


def test_noise_adds_its_variance_to_the_error():
    rng = np.random.default_rng(3)
    predictions, truth = rng.normal(size=(7, 1)), np.array([0.5])
    noisy = truth + rng.normal(0, 2, (400_000, 1))
    measured = np.mean((predictions[:, None] - noisy) ** 2)
    np.testing.assert_allclose(measured, m.bias_variance(predictions, truth).error[0] + 4, rtol=0.01)


def test_the_first_round_of_a_search_is_log_uniform():
    trials = m.random_search(lambda rate: rate, {"rate": (1e-6, 1e2)}, rounds=1, samples=20_000)
    exponents = np.log10([trial.hyper["rate"] for trial in trials])
    np.testing.assert_allclose(np.histogram(exponents, bins=8, range=(-6, 2))[0] / 20_000, 1 / 8, atol=0.01)
    assert np.log10(trials[0].hyper["rate"]) == exponents.max()  # higher is better


def test_later_rounds_search_ever_closer_within_the_space():
    space = {"a": (1e-4, 1.0), "b": (1.0, 1e3)}
    trials = m.random_search(
        lambda a, b: -((math.log10(a) + 4) ** 2) - (math.log10(b) - 1) ** 2, space, rounds=6, samples=12
    )
    spread = [np.std([math.log(t.hyper["b"]) for t in trials if t.round == number]) for number in (0, 5)]
    assert spread[1] < spread[0] / 8
    for trial in trials:
        for name, (low, high) in space.items():
            assert low * (1 - 1e-9) <= trial.hyper[name] <= high * (1 + 1e-9)
    best = trials[0].hyper
    assert best["a"] < 1.5e-4
    assert 8 < best["b"] < 12


def test_a_setting_that_diverges_is_the_worst():
    trials = m.random_search(lambda a: math.nan if a > 1 else -a, {"a": (0.1, 10.0)}, seed=4)
    assert trials[0].hyper["a"] < 1
    assert trials[-1].score == -math.inf


BAD = [
    (lambda: m.kfold(5, 1), "k: expected a number from 2 to n = 5, got 1"),
    (lambda: m.kfold(5, 6), "k: expected a number from 2 to n = 5, got 6"),
    (lambda: m.cross_validate(None, None, [1.0], [1.0]), r"X: expected shape \(n, d\)"),
    (lambda: m.cross_validate(None, None, [[1.0]], [1.0, 2.0]), "y: expected as many rows"),
    (lambda: m.bias_variance([[1.0, 2.0]], [1.0]), r"predictions: expected shape \(models, 1\)"),
    (lambda: m.random_search(abs, {"rate": (0.0, 1.0)}), r"space\['rate'\]: expected numbers 0 < low"),
    (lambda: m.random_search(abs, {"rate": (2.0, 1.0)}), r"space\['rate'\]"),
    (lambda: m.random_search(abs, {}, rounds=0), "rounds: expected at least 1"),
    (lambda: m.random_search(abs, {}, samples=0), "samples: expected at least 1"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
