"""Maps and clusters beside scikit-learn and openTSNE."""

from __future__ import annotations

import numpy as np
import openTSNE
from sklearn.cluster import DBSCAN
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

from benchmarks.measure import Row
from course_utils import embedding


def rows() -> list[Row]:
    digits = (load_digits().data[:1000] / 16).astype(np.float32)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(5000, 50))
    plane = np.concatenate([rng.normal(centre, 0.5, (1500, 2)) for centre in ((0, 0), (4, 0), (2, 4))])

    def tsne(X: np.ndarray) -> object:
        return embedding.tsne(X, steps=1000)

    exact = "exact, in O(n²): from some thousand samples on the peer's approximation is faster"
    return [
        Row(
            "t-SNE, 1,000 digits, 1,000 steps",
            tsne,
            (digits,),
            "sklearn TSNE, Barnes-Hut",
            lambda: TSNE(init="pca", max_iter=1000, random_state=0).fit_transform(digits),
            note=exact,
        ),
        Row(
            "t-SNE, 1,000 digits, 1,000 steps",
            tsne,
            (digits,),
            "openTSNE",
            lambda: openTSNE.TSNE(early_exaggeration_iter=250, n_iter=750, random_state=0).fit(digits),
            note=exact,
        ),
        Row(
            "PCA, 5,000 × 50, 10 components",
            lambda X: embedding.pca(X, 10),
            (X,),
            "sklearn PCA",
            lambda: PCA(10).fit_transform(X),
            note="by singular values, exact for tiny variances too; the peer squares X here",
        ),
        Row(
            "DBSCAN, 4,500 points in the plane",
            lambda X: embedding.dbscan(X, 0.2),
            (plane,),
            "sklearn DBSCAN",
            lambda: DBSCAN(eps=0.2).fit_predict(plane),
        ),
    ]
