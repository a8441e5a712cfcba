"""Maps and clusters against scikit-learn and SciPy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from sklearn import cluster, decomposition, manifold
from sklearn.datasets import load_digits
from sklearn.manifold._t_sne import _joint_probabilities, _kl_divergence
from sklearn.metrics import adjusted_rand_score

from course_utils import embedding as e
from course_utils.autograd import numerical_gradient

shapes = st.tuples(st.integers(0, 2**32 - 1), st.integers(2, 30), st.integers(1, 6))


@given(shapes, st.integers(1, 9))
def test_distances_are_scipys(backend, shape, m):
    seed, n, d = shape
    rng = np.random.default_rng(seed)
    X, Y = rng.normal(size=(n, d)), rng.normal(size=(m, d))
    backend.check(
        e.pairwise_squared_distances(backend.array(X), backend.array(Y)),
        cdist(X, Y) ** 2,
        rtol=10 * backend.rtol,
    )
    own = e.pairwise_squared_distances(backend.array(X))
    backend.check(own, cdist(X, X) ** 2, rtol=10 * backend.rtol)
    assert np.all(backend.numpy(own).diagonal() == 0)


def test_distances_far_from_the_origin_keep_their_digits():
    X = np.array([[1e6, 1e6], [1e6 + 1e-3, 1e6]])
    assert e.pairwise_squared_distances(X)[0, 1] == pytest.approx(1e-6, rel=1e-4)


@given(shapes)
def test_principal_components_are_sklearns(backend, shape):
    seed, n, d = shape
    k = min(n, d)
    X = np.random.default_rng(seed).normal(size=(n, d)) * np.arange(1, d + 1) ** 2
    ours = e.pca(backend.array(X), k)
    oracle = decomposition.PCA(k, svd_solver="full").fit(X)
    tolerance = 1e-2 if backend.dtype == "float32" else 1e-6
    size = np.abs(X).max()
    np.testing.assert_allclose(
        backend.numpy(ours.variance), oracle.explained_variance_, rtol=tolerance, atol=1e-5 * size**2
    )
    # A component without variance points anywhere.
    kept = oracle.explained_variance_ > 1e-3 * size**2
    gaps = np.abs(np.diff(oracle.explained_variance_, append=0, prepend=np.inf))
    kept &= np.minimum(gaps[:-1], gaps[1:]) > 1e-2 * size**2
    backend.check(ours.components[backend.array(kept)], oracle.components_[kept], rtol=tolerance)
    np.testing.assert_allclose(
        backend.numpy(ours.scores)[:, kept], oracle.transform(X)[:, kept], atol=tolerance * size
    )


@pytest.mark.parametrize("perplexity", [2.0, 5.0, 20.0])
def test_affinities_are_sklearns(backend, perplexity):
    X = np.random.default_rng(1).normal(size=(60, 4)) * [1, 5, 0.1, 2]
    oracle = _joint_probabilities((cdist(X, X) ** 2).astype(np.float32), perplexity, 0)
    from scipy.spatial.distance import squareform

    P = e.affinities(backend.array(X), perplexity)
    backend.check(P, squareform(oracle), rtol=2e-3, atol=1e-6)
    assert float(P.sum()) == pytest.approx(1, abs=1e-5)


def test_affinities_of_clusters_far_apart_do_not_underflow():
    X = np.concatenate(
        [np.random.default_rng(2).normal(size=(10, 2)), np.random.default_rng(3).normal(size=(10, 2)) + 1e4]
    )
    P = e.affinities(X, 5.0)
    assert np.isfinite(P).all()
    assert P[:10, 10:].sum() < 1e-12


def test_the_gradient_is_that_of_the_divergence():
    rng = np.random.default_rng(4)
    P, Y = e.affinities(rng.normal(size=(12, 3)), 4.0), rng.normal(size=(12, 2))
    xp = e.as_arrays(P=P)[0]
    expected = numerical_gradient(lambda Y: e._divergence(xp, P, Y), Y)
    np.testing.assert_allclose(e._kl_gradient(xp, P, Y), expected, rtol=1e-6, atol=1e-9)
    from scipy.spatial.distance import squareform

    kl, gradient = _kl_divergence(Y.ravel(), squareform(P, checks=False), 1, 12, 2)
    assert e._divergence(xp, P, Y) == pytest.approx(kl, rel=1e-6)
    np.testing.assert_allclose(e._kl_gradient(xp, P, Y).ravel(), gradient, rtol=1e-6, atol=1e-9)


def test_the_map_is_as_good_as_sklearns(backend):
    X = load_digits().data[:300] / 16
    ours = e.tsne(backend.array(X), 20, steps=500)
    oracle = manifold.TSNE(perplexity=20, method="exact", init="pca", max_iter=500, random_state=0).fit(X)
    assert ours.divergence < 1.05 * oracle.kl_divergence_
    Y = backend.numpy(ours.embedding)
    assert manifold.trustworthiness(X, Y, n_neighbors=8) > 0.97
    assert Y.dtype == backend.dtype


def test_the_seed_decides_and_snapshots_lead_to_the_end():
    X = np.random.default_rng(5).normal(size=(20, 3))
    a, b = (e.tsne(X, 5, steps=60, seed=1, every=20) for _ in range(2))
    np.testing.assert_array_equal(a.embedding, b.embedding)
    assert a.snapshots.shape == (3, 20, 2)
    np.testing.assert_array_equal(a.snapshots[-1], a.embedding)
    assert e.tsne(X, 5, steps=5).snapshots.shape == (0, 20, 2)


def test_one_feature_and_equal_samples_are_no_trouble():
    assert np.isfinite(e.tsne(np.arange(8.0)[:, None], 3, steps=50).embedding).all()
    assert np.isfinite(e.tsne(np.ones((8, 3)), 3, steps=50).embedding).all()


@settings(max_examples=60)
@given(shapes, st.floats(0.05, 3), st.integers(1, 8), st.booleans())
def test_clusters_are_sklearns(backend, shape, eps, min_samples, on_a_grid):
    seed, n, d = shape
    X = np.random.default_rng(seed).normal(size=(4 * n, d))
    if on_a_grid:
        X, eps = X.round(), 1.0  # many equal points, and distances of exactly eps
    X = X.astype(backend.dtype)
    ours = backend.numpy(e.dbscan(backend.array(X), eps, min_samples))
    oracle = cluster.DBSCAN(eps=eps, min_samples=min_samples, algorithm="brute").fit(X.astype(float)).labels_
    exact = cdist(X, X)
    if np.abs(exact - eps).min() > 1e-5 or on_a_grid:
        np.testing.assert_array_equal(ours, oracle)


def test_a_long_chain_is_one_cluster(backend):
    X = np.random.default_rng(6).permutation(3000)[:, None].astype(float)
    labels = backend.numpy(e.dbscan(backend.array(X), 1.0, 2))
    assert set(labels) == {0}


@pytest.mark.slow
def test_digits_fall_into_their_classes():
    digits = load_digits()
    X = (digits.data / 16).astype(np.float32)
    Y = e.tsne(X).embedding
    labels = e.dbscan(Y, 3.0)
    score = adjusted_rand_score(digits.target, labels)
    print(f"t-SNE, then DBSCAN: adjusted Rand index {score:.3f}, {labels.max() + 1} clusters")
    assert score > 0.8


X = np.zeros((6, 2)) + np.arange(6)[:, None]
BAD = [
    (lambda: e.pairwise_squared_distances([1.0]), "X: expected shape"),
    (lambda: e.pairwise_squared_distances(X, [[1.0]]), "Y: expected shape"),
    (lambda: e.pca(X[:1], 1), "X: expected at least two samples"),
    (lambda: e.pca(X, 3), "k: expected a number from 1 to 2, got 3"),
    (lambda: e.tsne(X, 5), "perplexity: expected a number above 1 and below n − 1 = 5"),
    (lambda: e.tsne(X, 1), "perplexity: expected"),
    (lambda: e.tsne(X, 3, steps=0), "steps: expected at least 1"),
    (lambda: e.tsne(X, 3, every=-1), "every: expected"),
    (lambda: e.dbscan(X, 0), "eps: expected a number > 0"),
    (lambda: e.dbscan(X, 1, 0), "min_samples: expected at least 1"),
    (lambda: e.dbscan([1.0], 1), "X: expected shape"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
