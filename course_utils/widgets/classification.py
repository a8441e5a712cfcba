"""Explorers for notebook 02: margins and hinge loss; generative against discriminative."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from course_utils.classification import GaussianNaiveBayes, fit_svm, hinge_loss
from course_utils.regression import add_bias, fit_logistic
from course_utils.widgets.controls import Again, Points, Slider
from course_utils.widgets.explorer import Explorer
from course_utils.widgets.scene import Panel, Scene

_POSITIVE = [(1.4, 2.2), (2.6, 1.1), (2.2, 2.9), (3.2, 2.3), (1.1, 0.6), (3.0, 0.2)]
_NEGATIVE = [(-1.2, -1.9), (-2.5, -0.6), (-0.6, -0.7), (-2.9, -2.4), (-1.8, 0.9), (0.3, -2.6)]
_Y = np.repeat([1.0, -1.0], 6)


def margin_scene(points: list[list[float]], lam: float) -> Scene:
    """The widest street between twelve points, and each point's place on the hinge."""
    X = np.array(points)
    w, b = fit_svm(X, _Y, lam)
    scores = X @ w + b
    agreement = _Y * scores
    length = float(np.hypot(*w))
    street = Panel("drag the points", (-4, 4), (-4, 4), "x₁", "x₂", height=330,
                   describe="Two classes of points, the boundary between them and the margins on both sides")  # fmt: skip
    along = np.array([-w[1], w[0]]) / max(length, 1e-9) * 20
    for level, dash, name in ((0, "", "f(x) = 0"), (1, "6 4", "f(x) = ±1"), (-1, "6 4", "")):
        foot = w * (level - b) / max(length, 1e-9) ** 2
        ends = np.array([foot - along, foot + along])
        street.line(ends[:, 0], ends[:, 1], "ink", dash=dash, name=name)
    on = agreement <= 1 + 1e-6
    street.dots(X[on, 0], X[on, 1], "quiet", size=24, opacity=0.35, name="support vectors")
    street.dots([], [], "first", name="y = +1")
    street.dots([], [], "second", shape="square", name="y = −1")
    for own, color, shape, sign in (
        (range(6), "first", "circle", "+1"),
        (range(6, 12), "second", "square", "−1"),
    ):
        labels = [f"point {i + 1}, class {sign}" for i in own]
        street.handles("points", X[own.start : own.stop], labels, color, shape=shape, index=own)
    losses = hinge_loss(scores, _Y, reduction="none")
    hinge = Panel("the hinge loss", (-2.5, 4), (-0.2, 3.6), "y f(x)", "max(0, 1 − y f(x))", height=330,
                  describe="The hinge, with a dot for each point")  # fmt: skip
    hinge.line([-2.5, 1, 4], [3.5, 0, 0], "ink")
    for label, color, shape in ((1, "first", "circle"), (-1, "second", "square")):
        own_class = label == _Y
        hinge.dots(
            agreement[own_class].clip(-2.5, 4), losses[own_class].clip(max=3.5), color, shape=shape, size=9
        )
    hinge.segments([1], [-0.2], [1], [3.6], "quiet", dash="3 3")
    wrong = int((agreement < 0).sum())
    says = (
        f"Margin width 2/‖w‖ = {2 / length:.2f}. {int(on.sum())} of 12 points are support vectors, {wrong} on the wrong side. "
        f"Mean hinge loss {losses.mean():.3f}."
    )
    return Scene([street, hinge], says)


class MarginExplorer(Explorer):
    """A support vector machine on points that can be dragged.

    Examples
    --------
    >>> MarginExplorer(lam=0.01).values["lam"]
    0.01
    """

    shows = "Only the points on the street's edges, or in it, hold it in place; λ says how dear a narrow street is."
    tries = (
        "Drag a point that is not a support vector: nothing moves until it touches the margin.",
        "Drag one point deep into the other class, then raise λ: the street gets wider, and ignores it.",
    )
    controls = {
        "lam": Slider("λ", 1e-2, 100.0, 1e-1, step=10**0.125, log=True),
        "points": Points(_POSITIVE + _NEGATIVE, (-3.9, 3.9), (-3.9, 3.9)),
    }
    scene = staticmethod(margin_scene)


_SIZES = (20, 30, 50, 80, 130, 220, 400, 1000)


@lru_cache(maxsize=64)
def learning_curves(correlation: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Test error of naive Bayes and of logistic regression at each size, mean of 12 draws: (2, sizes); and the best possible."""
    rng, d = np.random.default_rng(seed), 8
    covariance = np.full((d, d), correlation) + (1 - correlation) * np.eye(d)
    root, mean = np.linalg.cholesky(covariance), np.linspace(0.9, 0.1, d)

    def draw(n: int) -> tuple[np.ndarray, np.ndarray]:
        y = np.arange(n) % 2
        return rng.normal(size=(n, d)) @ root.T + np.where(y[:, None] == 1, mean, -mean) / 1.6, y

    X_test, y_test = draw(4000)
    errors = np.zeros((2, len(_SIZES)))
    for column, n in enumerate(_SIZES):
        for _ in range(12):
            X, y = draw(n)
            bayes = GaussianNaiveBayes(smoothing=1e-3).fit(X, y).predict(X_test)
            w = fit_logistic(add_bias(X), y.astype(float), lam=1e-4)
            errors[:, column] += [(bayes != y_test).mean(), ((add_bias(X_test) @ w > 0) != y_test).mean()]
    direction = np.linalg.solve(covariance, mean)
    return errors / 12, np.array(((X_test @ direction > 0) != y_test).mean())


def learning_curves_scene(correlation: float, seed: int) -> Scene:
    """Which learns faster, and which gets further."""
    (bayes, logistic), best = learning_curves(correlation, seed)
    panel = Panel("learning curves", (18, 1100), (0, 0.45), "training samples", "test error", xlog=True, width=560, height=300,
                  xticks=[(n, str(n)) for n in (20, 50, 100, 300, 1000)],
                  describe="Test error against the number of samples for naive Bayes and logistic regression")  # fmt: skip
    panel.line(_SIZES, bayes, "first", name="naive Bayes (generative)")
    panel.dots(_SIZES, bayes, "first")
    panel.line(_SIZES, logistic, "second", dash="7 3", name="logistic regression (discriminative)")
    panel.dots(_SIZES, logistic, "second", shape="square")
    panel.line([20, 1000], [best, best], "quiet", dash="2 3", name="the best possible")
    ahead = "naive Bayes" if bayes[-1] < logistic[-1] else "logistic regression"
    says = (
        f"With {_SIZES[0]} samples naive Bayes errs on {bayes[0]:.0%}, logistic regression on {logistic[0]:.0%}; "
        f"with 1,000 on {bayes[-1]:.1%} and {logistic[-1]:.1%}: {ahead} is ahead."
    )
    return Scene([panel], says)


class LearningCurvesExplorer(Explorer):
    """Naive Bayes beside logistic regression while the number of samples grows."""

    shows = "A model that assumes more learns faster; where its assumption is wrong, it ends further from the best."
    tries = (
        "Set the correlation to 0: naive Bayes' assumption holds, and it is never behind.",
        "Raise the correlation: the curves cross with fewer and fewer samples. Why?",
    )
    controls = {
        "correlation": Slider("correlation of the features", 0.0, 0.8, 0.3, step=0.1, say="{:.1f}"),
        "seed": Again("draw again"),
    }
    scene = staticmethod(learning_curves_scene)
