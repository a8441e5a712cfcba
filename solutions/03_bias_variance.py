# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [raw]
# # ASSIGNMENT CONFIG
# name: 03_bias_variance
# init_cell: false
# export_cell: false
# run_tests: false
# generate: true
# tests:
#   files: false
#   ok_format: false

# %% [markdown]
# # 03 · Bias and variance
#
# A decision tree predicts how the diabetes of 309 patients will progress, and it gets all 309 exactly right. A linear model is off by more than 50 points on the same patients. Which of the two would you ask about patient 310?
#
# You can't tell from these numbers. In this notebook you find out why, and what to do about it: take the error of a model apart, estimate it honestly, and combine many models into one that is better than each of them.
#
# **You will be able to**
#
# - split the expected error into bias, variance and noise, and tell overfitting from underfitting;
# - estimate the risk by cross-validation, and choose a model with it;
# - lower the variance by bagging, and the bias by boosting;
# - say how a dishonest choice makes a model look better and do worse.
#
# **Time:** about 3 hours · **Needs:** notebook 01, a little probability (mean and variance) · **Points:** 40, of which 36 by checks and 4 for a written answer
#
# **How it works.** Write your answer where you see `...`, run the cell, then run the check under it. A check tells you what kind of mistake it sees. Stars show how hard an exercise is. Hints are folded away: open them when you are stuck, one at a time.

# %%
import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor
from sklearn.tree import DecisionTreeRegressor

from course_utils import data, ensembles, model_selection, plotting, regression
from course_utils.checks import Grader, solved
from course_utils.widgets import BiasVarianceExplorer, CrossValidationExplorer

plotting.use_course_style()
BLUE, ORANGE, GREEN, RED = (plotting.PALETTE[name] for name in ("blue", "orange", "green", "red"))
grader = Grader("03_bias_variance.ipynb")

# %% [markdown]
# ## 3.1 Where the error comes from
#
# To see what a model gets wrong, you need to know the truth. So make some up: a curve $f$, and samples of noisy points on it,
#
# $$y = f(x) + \varepsilon, \qquad \mathbb{E}[\varepsilon] = 0, \quad \operatorname{Var}[\varepsilon] = \sigma^2.$$
#
# Now imagine that 200 people each draw their own sample of 24 points and fit the same kind of polynomial. Each gets another curve $\hat f$.


# %%
def truth(x):
    """The curve that is to be learnt."""
    return np.sin(3 * x) + 0.4 * x


def draw_samples(count, n, noise, rng):
    """Many samples of n noisy points on the curve, one in each of n equal slices: x and y, each (count, n)."""
    x = -1 + 2 * (np.arange(n) + rng.random((count, n))) / n
    return x, truth(x) + noise * rng.normal(size=x.shape)


def fit_polynomials(x, y, degree, at, lam=1e-6):
    """What a polynomial fitted to each sample says at the points `at`: (count, points). A tiny λ keeps it solvable."""
    powers = np.arange(degree + 1)
    V = x[:, :, None] ** powers  # (count, n, degree + 1)
    penalty = lam * np.diag(powers > 0)  # the constant goes free
    w = np.linalg.solve(V.swapaxes(1, 2) @ V + penalty, V.swapaxes(1, 2) @ y[:, :, None])
    return (at[:, None] ** powers @ w)[:, :, 0]


grid = np.linspace(-1, 1, 81)
SIGMA = 0.4
x, y = draw_samples(200, 24, SIGMA, np.random.default_rng(0))
fig, axes = plt.subplots(1, 3, figsize=(12, 3.8), sharey=True)
for ax, degree in zip(axes, (1, 4, 12), strict=True):
    curves = fit_polynomials(x, y, degree, grid)
    ax.plot(grid, curves[:30].T, color="0.8", lw=0.8, ls="-")
    ax.plot(grid, truth(grid), color=GREEN, ls="-", label="the truth f")
    ax.plot(grid, curves.mean(axis=0), color=ORANGE, ls="--", label="mean of 200 fits")
    ax.set(xlabel="x", ylim=(-2.4, 2.4), title=f"degree {degree}")
axes[0].set_ylabel("y")
axes[0].legend(loc="upper left")
fig.suptitle("Grey: 30 fits of 200. A stiff model is wrong on average, a free one is different each time")
plt.show()

# %% [markdown]
# Two things can go wrong at a point $x$, and they have names:
#
# - **Bias**: even the average fit misses the truth. $\quad\text{Bias} = \mathbb{E}[\hat f(x)] - f(x)$.
# - **Variance**: each fit misses the average fit. $\quad\text{Variance} = \mathbb{E}\big[(\hat f(x) - \mathbb{E}\hat f(x))^2\big]$.
#
# The expectation is over *samples*: over the people, not over $x$. Write $\hat f - f = (\hat f - \mathbb{E}\hat f) + (\mathbb{E} \hat f - f)$ and square it. The mixed term vanishes on average, because $\mathbb{E}[\hat f - \mathbb{E}\hat f] = 0$. What remains is
#
# $$\mathbb{E}\big[(\hat f(x) - f(x))^2\big] = \text{Bias}^2 + \text{Variance}.$$
#
# In real life you don't have $f$. You compare with new noisy targets $y$, whose noise is independent of $\hat f$. Then $\sigma^2$ comes on top, and no model can remove it:
#
# $$\mathbb{E}\big[(\hat f(x) - y)^2\big] = \text{Bias}^2 + \text{Variance} + \sigma^2.$$

# %% [raw]
# # BEGIN QUESTION
# name: bias_variance
# points: 4
# forbids: [course_utils.model_selection.bias_variance]

# %% [markdown]
# ### Exercise 3.1 · bias_variance · ★☆☆ · 10 minutes
#
# Several models were fitted to samples of their own. Given what each predicts at each of $p$ points, return three arrays `bias`, `variance`, `error`: for each point the bias (with its sign, **not** squared), the variance, and the mean squared distance from the truth. Expectations are means over the models.
#
# **Shapes:** `predictions` $(m, p)$, one row a model; `truth` $(p,)$ → three arrays $(p,)$.
#
# **Worked:** at one point three models say $1, 3, 5$ and the truth is $2$. The mean is $3$: bias $1$. Variance $\frac13(4 + 0 + 4) = \frac83$. Error $\frac13(1 + 1 + 9) = \frac{11}3$, which is $1^2 + \frac83$.
#
# <details><summary>Hint 1</summary>The mean over models is <code>predictions.mean(axis=0)</code>: one number a point.</details>
# <details><summary>Hint 2</summary>The variance measures from that mean, the error from the truth. Both are means over axis 0 of squares.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>bias² + variance isn't the error:</b> one of them divides by m − 1, or goes over the points instead of the models.</li>
# <li><b>The bias has the wrong sign:</b> it is prediction minus truth.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def bias_variance(predictions, truth):
    """Return bias, variance and mean squared error at each point, three arrays (p,).

    predictions is (m, p), one row a model; truth is (p,).
    """
    # BEGIN SOLUTION
    mean = predictions.mean(axis=0)
    variance = np.mean((predictions - mean) ** 2, axis=0)
    error = np.mean((predictions - truth) ** 2, axis=0)
    return mean - truth, variance, error
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_a_few_models(bias_variance):
    import numpy as np
    from course_utils.checks import check_call

    predictions = np.array(
        [[1.0, 4.0, 0.5], [3.0, 2.0, -1.0], [5.0, 7.0, 2.0], [0.0, 6.0, 1.5], [2.0, 5.0, 4.0]]
    )
    truth = np.array([2.5, 4.0, 2.0])
    bias, variance = predictions.mean(axis=0) - truth, predictions.var(axis=0)
    error = np.mean((predictions - truth) ** 2, axis=0)
    check_call(
        bias_variance,
        predictions,
        truth,
        expected=(bias, variance, error),
        sizes={"m": 5, "p": 3},
        mistakes={
            "Your bias has the wrong sign: it is the mean prediction minus the truth.": (
                -bias,
                variance,
                error,
            ),
            "You squared the bias: here it keeps its sign.": (bias**2, variance, error),
            "You took the size of the bias: here it keeps its sign.": (np.abs(bias), variance, error),
            "Your variance divides by m − 1: divide by the number of models, or the parts don't add up.": (
                bias,
                variance * 5 / 4,
                error,
            ),
            "You returned the standard deviation: the variance is its square.": (
                bias,
                np.sqrt(variance),
                error,
            ),
            "Your variance measures from the truth: measure from the mean of the models.": (
                bias,
                error,
                error,
            ),
            "The error is bias squared plus variance: you added the bias itself.": (
                bias,
                variance,
                bias + variance,
            ),
            "The error is a mean of squares: don't take its root.": (bias, variance, np.sqrt(error)),
        },
    )


# %%
def test_means_go_over_the_models(bias_variance):
    import numpy as np
    from course_utils.checks import check_call

    predictions = np.array([[1.0, 5.0, 2.0], [4.0, 4.5, 7.0], [0.0, 9.0, 3.0]])  # as many models as points
    truth = np.array([2.0, 6.0, 3.5])
    along = predictions.mean(axis=1)
    check_call(
        bias_variance,
        predictions,
        truth,
        expected=(
            predictions.mean(axis=0) - truth,
            predictions.var(axis=0),
            np.mean((predictions - truth) ** 2, axis=0),
        ),
        mistakes={
            "You averaged over the points of each model: the variance is across models at the same point.": (
                along - truth,
                predictions.var(axis=1),
                np.mean((predictions - truth) ** 2, axis=1),
            ),
            "Your variance is the spread of one curve along its points: take it across models at the same point.": (
                predictions.mean(axis=0) - truth,
                predictions.var(axis=1),
                np.mean((predictions - truth) ** 2, axis=0),
            ),
        },
    )


# %%
# HIDDEN
def test_random_shapes(bias_variance):
    import numpy as np
    from course_utils import model_selection
    from course_utils.checks import check_call

    rng = np.random.default_rng(301)
    for m, p in ((11, 5), (5, 17), (101, 3)):
        truth = rng.normal(size=p)
        predictions = truth + rng.normal(0.7, 2, size=(m, p))
        bias, variance, error = model_selection.bias_variance(predictions, truth)
        check_call(
            bias_variance,
            predictions,
            truth,
            expected=(bias, variance, error),
            sizes={"m": m, "p": p},
            mistakes={
                "Your bias has the wrong sign: it is the mean prediction minus the truth.": (
                    -bias,
                    variance,
                    error,
                ),
                "You squared the bias: here it keeps its sign.": (bias**2, variance, error),
                "Your variance divides by m − 1: divide by the number of models, or the parts don't add up.": (
                    bias,
                    variance * m / (m - 1),
                    error,
                ),
                "Your variance measures from the truth: measure from the mean of the models.": (
                    bias,
                    error,
                    error,
                ),
                "The error is bias squared plus variance: you added the bias itself.": (
                    bias,
                    variance,
                    bias + variance,
                ),
            },
        )


# %%
# HIDDEN
def test_one_model_and_one_point(bias_variance):
    import numpy as np
    from course_utils.checks import check_call

    check_call(
        bias_variance,
        np.array([[3.0, -1.0]]),
        np.array([1.0, 2.0]),
        expected=(np.array([2.0, -3.0]), np.zeros(2), np.array([4.0, 9.0])),
        mistakes={
            "Your variance divides by m − 1: divide by the number of models, or the parts don't add up.": (
                np.array([2.0, -3.0]),
                np.full(2, np.nan),
                np.array([4.0, 9.0]),
            )
        },
    )
    check_call(
        bias_variance,
        np.array([[1.0], [3.0], [5.0]]),
        np.array([2.0]),
        expected=(np.array([1.0]), np.array([8 / 3]), np.array([11 / 3])),
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# Take polynomials of every degree apart with it. Black crosses are the test of the formula: the error on new *noisy* targets, with $\sigma^2$ taken off. They should lie on the sum.

# %%
degrees = np.arange(13)
if solved(bias_variance):
    rng = np.random.default_rng(1)
    x, y = draw_samples(1000, 24, SIGMA, rng)
    parts = [bias_variance(fit_polynomials(x, y, degree, grid), truth(grid)) for degree in degrees]
    bias2 = np.array([np.mean(bias**2) for bias, _, _ in parts])
    variance = np.array([np.mean(part) for _, part, _ in parts])
    new = truth(grid) + SIGMA * rng.normal(size=(1000, len(grid)))
    noisy = [np.mean((fit_polynomials(x, y, degree, grid) - new) ** 2) for degree in degrees]
    fig, ax = plt.subplots()
    ax.plot(degrees, bias2, color=BLUE, ls="-", marker="o", label="bias²")
    ax.plot(degrees, variance, color=ORANGE, ls="--", marker="s", label="variance")
    ax.plot(degrees, bias2 + variance, color=GREEN, ls="-.", label="bias² + variance")
    ax.plot(degrees, np.array(noisy) - SIGMA**2, "x", color="black", label="error on noisy targets, minus σ²")
    ax.set(
        xlabel="degree of the polynomial",
        ylabel="squared error, mean over x",
        yscale="log",
        title="Bias falls, variance rises, and their sum has a lowest point",
    )
    ax.legend()
    plt.show()

# %% [markdown]
# The scale is logarithmic: from degree 3 on there is next to no bias left, and every further power adds more variance than it takes off bias². (What is left of bias² on the right is chance: a mean over 1,000 fits isn't quite the expectation.) Look at the steps of bias², too. $f$ is an odd function, $f(-x) = -f(x)$, so the even powers have nothing to offer and still cost variance.
#
# ## 3.2 Overfitting and underfitting
#
# - **Underfitting**: bias² ≫ variance. The model is too stiff. A larger sample won't help; a richer model will.
# - **Overfitting**: variance ≫ bias². The model follows the noise of *your* sample. A larger sample helps, and so does a stiffer model.
#
# You can't see either in the training error. It falls with each degree, for a richer model contains the poorer one. Only new data show the other half of the story.

# %%
rng = np.random.default_rng(2)
x, y = draw_samples(300, 24, SIGMA, rng)
training, fresh = [], []
for degree in degrees:
    own = np.array(
        [fit_polynomials(a[None], b[None], degree, a)[0] for a, b in zip(x[:100], y[:100], strict=True)]
    )
    training.append(np.mean((own - y[:100]) ** 2))
    fresh.append(np.mean((fit_polynomials(x, y, degree, grid) - truth(grid)) ** 2) + SIGMA**2)
fig, ax = plt.subplots()
ax.plot(degrees, training, color=BLUE, ls="-", marker="o", label="on the sample that was fitted")
ax.plot(degrees, fresh, color=ORANGE, ls="--", marker="s", label="on new data")
ax.axhline(SIGMA**2, color="black", lw=1, ls=":", label="noise σ²: the floor on new data")
ax.set(
    xlabel="degree of the polynomial",
    ylabel="mean squared error",
    ylim=(0, 1.1),
    title="The training error only falls: it can't tell you where to stop",
)
ax.text(0.6, 0.98, "← underfitting")
ax.text(11.9, 0.62, "overfitting ↗", ha="right")
ax.legend(loc="upper right")
plt.show()

# %% [markdown]
# Now you. The left picture shows the fits, the right one what each degree gives. (Here the points fall anywhere, at random. Where there is a gap, a polynomial of high degree runs wild: the variance is larger than above.) Try:
#
# 1. Move the degree from 0 to 12. From which degree on is the variance larger than bias²?
# 2. Stay at degree 12 and raise the number of points. Which of the two parts falls? Do the same at degree 1.
#
# Where does it say *least of all degrees*? And does that degree move when you make the noise larger?

# %%
BiasVarianceExplorer()

# %% [markdown]
# Other kinds of models have their place on the same scale. Here six of them are fitted to 30 samples each. A **tree** asks yes-no questions about $x$ and predicts the mean target of the leaf it ends in; a full tree goes on asking until each leaf holds one sample. The **network** has two hidden layers of 50 units, far more weights than there are points: deep networks are models of low bias and high variance. What keeps them usable is more data, and regularisation. (This one is stopped after 100 steps, which already tames it.)


# %%
def fit_many(fit, x, y):
    """Predictions on the grid, (count, points), of fit(X, y) -> predict for each sample."""
    return np.array([fit(a[:, None], b)(grid[:, None]) for a, b in zip(x, y, strict=True)])


def fit_network(X, y):
    network = MLPRegressor(
        hidden_layer_sizes=(50, 50), solver="lbfgs", alpha=1e-6, max_iter=100, random_state=0
    )
    with warnings.catch_warnings():  # it is stopped before it has converged, on purpose
        warnings.simplefilter("ignore", ConvergenceWarning)
        return network.fit(X, y).predict


models = {
    "always the mean": lambda X, y: lambda new: np.full(len(new), y.mean()),
    "straight line": lambda X, y: np.poly1d(np.polyfit(X[:, 0], y, 1)),
    "tree with 3 leaves": lambda X, y: DecisionTreeRegressor(max_leaf_nodes=3).fit(X, y).predict,
    "cubic polynomial": lambda X, y: np.poly1d(np.polyfit(X[:, 0], y, 3)),
    "full tree": lambda X, y: DecisionTreeRegressor().fit(X, y).predict,
    "network, 50 + 50 units": fit_network,
}
x, y = draw_samples(30, 24, SIGMA, np.random.default_rng(3))
fig, ax = plt.subplots(figsize=(8, 3.6))
for row, fit in enumerate(models.values()):
    predictions = fit_many(fit, x, y).reshape(len(x), -1)
    bias, variance, _ = model_selection.bias_variance(predictions, truth(grid))
    b, v = np.mean(bias**2), np.mean(variance)
    ax.barh(row, b, color=BLUE, label="bias²" if row == 0 else None)
    ax.barh(
        row, v, left=b, color=ORANGE, hatch="//", edgecolor="white", label="variance" if row == 0 else None
    )
ax.set_yticks(range(len(models)), list(models))
ax.invert_yaxis()
ax.grid(axis="y", visible=False)
ax.set(xlabel="squared error, mean over x", title="Stiff models err by bias, free ones by variance")
ax.legend(loc="lower right")
plt.show()

# %% [markdown]
# ## 3.3 Regularisation: less variance for some bias
#
# There is another way to make a model stiffer than to take powers away. Keep all twelve and charge for large weights, $\lambda \sum_j w_j^2$, as in notebook 01. The larger $\lambda$, the less the fit follows its own sample: variance falls. And the less it follows the truth: bias rises.

# %%
lams = np.logspace(-6, 3, 28)
x, y = draw_samples(500, 24, SIGMA, np.random.default_rng(4))
bias2, variance = [], []
for lam in lams:
    b, v, _ = model_selection.bias_variance(fit_polynomials(x, y, 12, grid, lam), truth(grid))
    bias2.append(np.mean(b**2))
    variance.append(np.mean(v))
total = np.add(bias2, variance)
fig, ax = plt.subplots()
ax.plot(lams, bias2, color=BLUE, ls="-", label="bias²")
ax.plot(lams, variance, color=ORANGE, ls="--", label="variance")
ax.plot(lams, total, color=GREEN, ls="-.", label="bias² + variance")
ax.axvline(lams[np.argmin(total)], color="black", lw=1, ls=":")
ax.set(
    xscale="log",
    yscale="log",
    ylim=(2e-3, None),
    xlabel="λ",
    ylabel="squared error, mean over x",
    title="Degree 12: a larger λ buys less variance with more bias",
)
ax.legend()
plt.show()
print(f"degree 12, best λ of these:  error {total.min():.3f}")
for degree in (3, 6, 12):
    b, v, _ = model_selection.bias_variance(fit_polynomials(x, y, degree, grid), truth(grid))
    print(f"degree {degree:2d}, hardly any λ:     error {np.mean(b**2) + np.mean(v):.3f}")

# %% [markdown]
# One number, λ, has brought degree 12 from hopeless to usable. Degree 3 is still better, for it happens to suit this curve; but you don't know the curve. Other ways to the same end: fewer features, a shallower tree, stopping the training early, dropout (notebook 06). Each makes a model less able to follow its sample. The widget once more, set to degree 12. Try:
#
# 1. Raise λ slowly. At which λ is the error smallest? Which part makes it grow after that?
# 2. Take the best λ, then set the noise to 0. Is that λ still a good one? Why is the best λ smaller now?

# %%
BiasVarianceExplorer(degree=12)

# %% [markdown]
# ## 3.4 Cross-validation
#
# With a real question there is no $f$ and only one sample. Keep a part of it aside, and you know the error on new data. But a small part gives a noisy answer, and a large part is missed in training.
#
# **k-fold cross-validation** has it both ways. Partition the sample into $k$ sets, the *folds*. Hold each out in turn: fit on the other $k - 1$, measure on the one. Every sample is used for testing once, and never by a model that has seen it. The mean of the $k$ losses estimates the risk; their spread says how well.

# %% [raw]
# # BEGIN QUESTION
# name: kfold_indices
# points: 4
# forbids: [course_utils.model_selection.kfold, sklearn.*]

# %% [markdown]
# ### Exercise 3.2 · kfold_indices · ★★☆ · 12 minutes
#
# Partition the rows $0, \dots, n - 1$ at random into $k$ folds whose sizes differ by one at the most. Return a list of $k$ pairs `(train, test)`: `test` holds the rows of one fold, `train` all others. All chance comes from the NumPy generator `rng`.
#
# **Shapes:** `n`, `k` integers with $2 \le k \le n$, `rng` a `np.random.Generator` → list of $k$ pairs of integer arrays. The order within each array doesn't matter.
#
# **Worked:** $n = 5$, $k = 2$, and the rows come out shuffled as $3, 0, 4, 1, 2$. The folds are $\{3, 0, 4\}$ and $\{1, 2\}$, so the pairs are $(\{1, 2\}, \{3, 0, 4\})$ and $(\{3, 0, 4\}, \{1, 2\})$.
#
# <details><summary>Hint 1</summary>Shuffle once: <code>rng.permutation(n)</code>. Then cut the shuffled rows into k pieces.</details>
# <details><summary>Hint 2</summary><code>np.array_split</code> cuts into k pieces even if k doesn't divide n. <code>np.setdiff1d(np.arange(n), fold)</code> is everything else.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Some rows are never tested:</b> <code>n // k</code> rows a fold leave a remainder.</li>
# <li><b>Some are tested twice:</b> you shuffle anew for each fold.</li>
# <li><b>Another result each time:</b> use <code>rng</code>, not <code>np.random</code>.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def kfold_indices(n, k, rng):
    """Return k pairs (train, test) of row numbers; the k test parts are a random partition of 0, …, n − 1."""
    # BEGIN SOLUTION
    folds = np.array_split(rng.permutation(n), k)
    return [(np.setdiff1d(np.arange(n), fold), fold) for fold in folds]
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_every_sample_is_tested_once(kfold_indices):
    import numpy as np
    from course_utils.checks import check_true, checked_call

    folds = checked_call(kfold_indices, 29, 5, np.random.default_rng(1))
    pairs = isinstance(folds, list | tuple) and all(
        isinstance(f, list | tuple) and len(f) == 2 for f in folds
    )
    check_true(pairs, "Return a list of pairs (train, test).")
    check_true(len(folds) == 5, "Return one pair for each of the k folds.")
    tests = [np.asarray(test) for _, test in folds]
    check_true(
        all(t.dtype.kind in "iu" and t.ndim == 1 for t in tests), "Return row numbers: arrays of integers."
    )
    told = f"n = 29, k = 5, sizes of your test parts: {[len(t) for t in tests]}"
    check_true(
        not all(len(test) > len(train) for train, test in folds),
        "Your pairs are swapped: (train, test), and the test part is the small one.",
        told,
    )
    rows = np.concatenate(tests)
    check_true(rows.min() >= 0 and rows.max() < 29, "Row numbers run from 0 to n − 1.", told)
    times = np.bincount(rows, minlength=29)
    check_true(
        times.max() == 1,
        "Some samples are tested more than once: shuffle once, before splitting, and cut without overlap.",
        told,
    )
    check_true(
        times.min() == 1, "Some samples are in no test fold: spread the remainder of n over the folds.", told
    )
    sizes = [len(t) for t in tests]
    check_true(
        max(sizes) - min(sizes) <= 1,
        "Your folds differ in size by more than one: spread the remainder, one sample a fold.",
        told,
    )


# %%
def test_the_training_part_is_all_the_rest(kfold_indices):
    import numpy as np
    from course_utils.checks import check_true, checked_call

    for train, test in checked_call(kfold_indices, 13, 3, np.random.default_rng(2)):
        train, test = np.asarray(train), np.asarray(test)
        told = f"n = 13, k = 3\ntrain {train}\ntest  {test}"
        check_true(
            not np.intersect1d(train, test).size,
            "Samples that are tested are in the training part too: take them out.",
            told,
        )
        check_true(
            np.array_equal(np.union1d(train, test), np.arange(13)),
            "Your training part lacks samples: train on all that are not held out.",
            told,
        )
        check_true(len(train) + len(test) == 13, "Your training part holds some samples twice.", told)


# %%
def test_all_chance_comes_from_rng(kfold_indices):
    import numpy as np
    from course_utils.checks import check_true, checked_call

    first, again, other = (
        [np.sort(test) for _, test in checked_call(kfold_indices, 31, 4, np.random.default_rng(seed))]
        for seed in (3, 3, 4)
    )

    def equal(a, b):
        return all(np.array_equal(s, t) for s, t in zip(a, b, strict=True))

    in_order = all(np.array_equal(fold, np.arange(fold[0], fold[0] + len(fold))) for fold in first)
    check_true(
        not in_order,
        "Your folds follow the order of the rows: shuffle first, or sorted data are never mixed.",
    )
    check_true(equal(first, again), "The same seed gave other folds: shuffle with rng, not with np.random.")
    check_true(
        not equal(first, other), "Another seed gave the same folds: shuffle with the rng that you are given."
    )


# %%
# HIDDEN
def test_other_sizes(kfold_indices):
    import numpy as np
    from course_utils.checks import check_true, checked_call

    for n, k in ((12, 4), (7, 7), (2, 2), (31, 2), (101, 10), (11, 7)):
        folds = checked_call(kfold_indices, n, k, np.random.default_rng(n))
        check_true(len(folds) == k, "Return one pair for each of the k folds.")
        tested = np.sort(np.concatenate([np.asarray(test) for _, test in folds]))
        check_true(
            len(tested) >= n, "Some samples are in no test fold: spread the remainder of n over the folds."
        )
        check_true(
            np.array_equal(tested, np.arange(n)),
            "Some samples are tested more than once: shuffle once, before splitting, and cut without overlap.",
        )
        sizes = [len(test) for _, test in folds]
        check_true(
            max(sizes) - min(sizes) <= 1,
            "Your folds differ in size by more than one: spread the remainder, one sample a fold.",
        )
        for train, test in folds:
            check_true(
                np.array_equal(np.sort(train), np.setdiff1d(np.arange(n), test)),
                "The training part is all that is not held out, and nothing else.",
            )


# %%
# HIDDEN
def test_any_two_samples_may_meet(kfold_indices):
    import numpy as np
    from course_utils.checks import check_true, checked_call

    met = np.zeros((6, 6))
    for seed in range(60):
        for _, test in checked_call(kfold_indices, 6, 3, np.random.default_rng(seed)):
            met[np.ix_(test, test)] += 1
    # Each pair meets with probability 1/5, in 60 draws 12 times; none or more than half has odds below one in 10,000.
    apart = met[~np.eye(6, dtype=bool)]
    check_true(
        apart.min() > 0 and apart.max() < 30,
        "Some samples always land in the same fold, or never: every partition should be equally likely.",
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
if solved(kfold_indices):
    held = np.zeros((5, 29))
    for row, (_, test) in enumerate(kfold_indices(29, 5, np.random.default_rng(0))):
        held[row, test] = 1
    fig, ax = plt.subplots(figsize=(9, 2.6))
    ax.pcolormesh(held, cmap="cividis", edgecolor="white", lw=1)
    ax.invert_yaxis()
    ax.set(
        xlabel="sample",
        ylabel="round",
        yticks=np.arange(5) + 0.5,
        yticklabels=range(1, 6),
        title="Your folds: yellow is held out. Every column has one yellow cell",
    )
    ax.grid(visible=False)
    plt.show()

# %% [raw]
# # BEGIN QUESTION
# name: cross_validate
# points: 4
# forbids: [course_utils.model_selection.cross_validate, sklearn.*]

# %% [markdown]
# ### Exercise 3.3 · cross_validate · ★★☆ · 15 minutes
#
# Return the mean squared error on each of $k$ folds, each by a model that was fitted to all other folds. Two functions are handed to you:
#
# - `fit(X, y)` returns a model, whatever that is;
# - `predict(model, X)` returns its predictions, one number a row.
#
# Partition at random as in exercise 3.2, but don't call your `kfold_indices`: each exercise stands alone. Call `predict` on held-out rows only.
#
# **Shapes:** `X` $(n, d)$, `y` $(n,)$, `k` an integer, `rng` a generator → array $(k,)$ of losses.
#
# **Worked:** the model is the mean of the targets, $y = (1, 2, 6)$, $k = 3$. Held out alone, $1$ is predicted as $\frac{2 + 6}2 = 4$: loss $9$. For $2$ the loss is $(3.5 - 2)^2 = 2.25$, for $6$ it is $(1.5 - 6)^2 = 20.25$.
#
# <details><summary>Hint 1</summary>A loop over the folds with four steps: who is left, fit, predict, mean of the squares. Collect the losses in a list.</details>
# <details><summary>Hint 2</summary><code>np.array_split(rng.permutation(n), k)</code> makes the folds, <code>np.delete(X, fold, axis=0)</code> is X without the rows of one.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Too good:</b> the model has seen what it is tested on. Fit anew for each fold, on the other folds only.</li>
# <li><b>Still too good:</b> whatever learns from the data (scaling, selecting features) belongs in <code>fit</code>. Done before the split, it has seen the held-out part.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def cross_validate(fit, predict, X, y, k, rng):
    """Return k mean squared errors, each on a random fold that the model was not fitted to.

    fit(X, y) returns a model, predict(model, X) its predictions; X is (n, d), y is (n,).
    """
    # BEGIN SOLUTION
    losses = []
    for fold in np.array_split(rng.permutation(len(y)), k):
        model = fit(np.delete(X, fold, axis=0), np.delete(y, fold))
        losses.append(np.mean((predict(model, X[fold]) - y[fold]) ** 2))
    return np.array(losses)
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_the_model_has_not_seen_what_it_is_tested_on(cross_validate):
    import numpy as np
    from course_utils.checks import check_true, checked_call, compare

    fits = []

    def fit(_, y):
        fits.append(len(y))
        return float(np.mean(y))

    def predict(model, X):
        return np.full(len(X), model)

    X, y = np.arange(14.0).reshape(7, 2), np.array([1.0, 2.0, 6.0, 4.0, 9.0, 3.5, 7.0])
    losses = checked_call(cross_validate, fit, predict, X, y, 7, np.random.default_rng(1))
    check_true(len(fits) > 1, "You fitted one model: fit anew for each fold.")
    check_true(np.shape(losses) != (), "Return the k losses, one for each fold, not their mean.")
    without = np.array([np.delete(y, i).mean() for i in range(7)])
    compare(
        np.sort(losses),
        np.sort((y - without) ** 2),
        sizes={"k": 7},
        mistakes={
            "The model has seen the sample that it is tested on: fit on the other folds only.": np.sort(
                (y - y.mean()) ** 2
            ),
            "You took the absolute errors: the loss is the mean squared error.": np.sort(np.abs(y - without)),
            "You measured on the training part: measure on the fold that was held out.": np.sort(
                [np.delete(y, i).var() for i in range(7)]
            ),
        },
    )


# %%
def test_who_is_fitted_and_who_is_held_out(cross_validate):
    import numpy as np
    from course_utils.checks import check_true, checked_call, compare

    rng = np.random.default_rng(5)
    X, y = rng.normal(size=(11, 2)) + 3, rng.normal(size=11) + 5
    fitted, held, losses, complaints = [], [], [], []

    def rows_of(Z):
        Z = np.asarray(Z)
        same = (
            np.all(np.isclose(Z[:, None], X), axis=2)
            if Z.ndim == 2 and Z.shape[1] == 2
            else np.zeros((1, 11))
        )
        if not np.all(same.sum(axis=1) == 1):
            complaints.append(
                "What you hand to fit or predict aren't rows of X: hand the rows on as they are; scaling belongs into fit."
            )
        return same.argmax(axis=1)

    def fit(Z, t):
        fitted.append(rows_of(Z))
        if np.shape(t) != (len(Z),) or not np.allclose(t, y[fitted[-1]]):
            complaints.append(
                "The targets that fit gets belong to other rows than X: select both by the same fold."
            )
        return len(fitted) - 1

    def predict(model, Z):
        rows = rows_of(Z)
        held.append((model, rows))
        predictions = 4.5 + 0.5 * X[rows, 0] + 0.1 * model
        losses.append(np.mean((predictions - y[rows]) ** 2))
        return predictions

    got = checked_call(cross_validate, fit, predict, X, y, 3, np.random.default_rng(2))
    check_true(not complaints, complaints[0] if complaints else "")
    check_true(len(fitted) == 3 and len(held) == 3, "Fit once and predict once for each of the k folds.")
    seen = any(np.intersect1d(fitted[model], rows).size for model, rows in held)
    check_true(not seen, "The model has seen the sample that it is tested on: fit on the other folds only.")
    check_true(
        np.array_equal(np.sort(np.concatenate([rows for _, rows in held])), np.arange(11)),
        "Every sample should be held out once: partition all n rows, with the remainder.",
    )
    check_true(all(len(rows) >= 7 for rows in fitted), "Fit on all the other folds, not on a part of them.")
    check_true(
        sorted(len(rows) for _, rows in held) == [3, 4, 4], "The sizes of folds differ by one at the most."
    )
    counts, losses = np.array([len(rows) for _, rows in held]), np.array(losses)
    check_true(np.shape(got) != (), "Return the k losses, one for each fold, not their mean.")
    compare(
        np.asarray(got),
        losses,
        sizes={"k": 3},
        mistakes={
            "You summed over the samples of a fold: take their mean.": losses * counts,
            "You took the root: the loss is the mean squared error.": np.sqrt(losses),
            "You divided by k: each loss is a mean over its fold.": losses * counts / 3,
            "You divided by n: each loss is a mean over its fold.": losses * counts / 11,
        },
    )


# %%
def test_all_chance_comes_from_rng(cross_validate):
    import numpy as np
    from course_utils.checks import check_true, checked_call

    X = np.arange(26.0).reshape(13, 2)
    y = np.array([1.0, 4.0, 2.0, 8.0, 5.0, 7.0, 3.0, 6.5, 9.0, 0.5, 2.5, 8.5, 6.0])
    folds = []

    def predict(model, Z):
        folds.append(np.sort(np.asarray(Z)[:, 0]))
        return np.full(len(Z), model)

    first, again, other = (
        np.asarray(
            checked_call(
                cross_validate, lambda _, t: float(np.mean(t)), predict, X, y, 3, np.random.default_rng(seed)
            )
        )
        for seed in (1, 1, 2)
    )
    check_true(
        not all(np.all(np.diff(fold) == 2) for fold in folds),
        "Your folds follow the order of the rows: shuffle first, or sorted data are never mixed.",
    )
    check_true(
        np.array_equal(first, again), "The same seed gave other losses: shuffle with rng, not with np.random."
    )
    check_true(
        not np.array_equal(np.sort(first), np.sort(other)),
        "Another seed gave the same losses: shuffle with the rng that you are given.",
    )


# %%
# HIDDEN
def test_with_a_real_model(cross_validate):
    import numpy as np
    from course_utils.checks import check_true, checked_call, compare

    rng = np.random.default_rng(303)
    for n, d, k in ((23, 3, 5), (12, 1, 4), (9, 2, 2)):
        X = rng.normal(size=(n, d))
        y = X.sum(axis=1) + rng.normal(size=n)
        held = []

        def predict(w, Z):
            held.append(np.asarray(Z))
            return held[-1] @ w

        got = checked_call(
            cross_validate,
            lambda Z, t: np.linalg.lstsq(Z, t, rcond=None)[0],
            predict,
            X,
            y,
            k,
            np.random.default_rng(n),
        )
        check_true(len(held) == k, "Fit once and predict once for each of the k folds.")
        rows = [np.isclose(Z[:, None, 0], X[:, 0]).argmax(axis=1) for Z in held]
        check_true(
            np.array_equal(np.sort(np.concatenate(rows)), np.arange(n)),
            "Every sample should be held out once: partition all n rows, with the remainder.",
        )
        expected = []
        for fold in rows:
            keep = np.setdiff1d(np.arange(n), fold)
            w = np.linalg.pinv(X[keep]) @ y[keep]
            expected.append(np.mean((X[fold] @ w - y[fold]) ** 2))
        compare(got, np.array(expected), rtol=1e-6, sizes={"k": k})


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# Now see it work where the truth is known. Try:
#
# 1. Follow the training error to the right: it never rises. Which error rises, and where?
# 2. Set k to 2, then to 20 (leaving one out at a time). With which is the blue curve further above the true error at high degrees? How many samples does each fit get?

# %%
CrossValidationExplorer()

# %% [markdown]
# How many folds? With $k = 2$ each model gets half of the sample, so the estimate is too pessimistic. With $k = n$ you fit $n$ models, all nearly the same. Five or ten is the usual compromise.
#
# ### Which model then?
#
# The losses are noisy, and the lowest mean may win by luck. The **one-standard-error rule** asks for a reason to be complicated: take the simplest model whose mean loss is within one standard error of the best one's,
#
# $$\bar\ell_j \le \bar\ell_{\text{best}} + \frac{s_{\text{best}}}{\sqrt k}, \qquad s^2 = \frac1{k - 1}\sum_{i=1}^k (\ell_i - \bar\ell)^2.$$

# %% [raw]
# # BEGIN QUESTION
# name: one_standard_error
# points: 4

# %% [markdown]
# ### Exercise 3.4 · one_standard_error · ★★☆ · 10 minutes
#
# Rows of `losses` are models, from the simplest to the most complex; columns are folds. Return the row number of the first model whose mean is at most the lowest mean plus the standard error *of that best model*. Here $s$ divides by $k - 1$. If two models share the lowest mean, the simpler is the best.
#
# **Shapes:** `losses` (models, $k$) → one integer.
#
# **Worked:** losses $\begin{pmatrix}9&9\\4&5\\2&6\end{pmatrix}$: means $9, 4.5, 4$. The best is row 2, with $s = \sqrt{(2^2 + 2^2)/1} = 2.83$ and standard error $2.83/\sqrt2 = 2$. The limit is $4 + 2 = 6$, and row 1 is the first below it: answer $1$.
#
# <details><summary>Hint 1</summary><code>best = means.argmin()</code>. Only its row is needed for the standard error: <code>np.std(…, ddof=1)</code>.</details>
# <details><summary>Hint 2</summary><code>np.argmax(means &lt;= limit)</code> is the first place where that is true.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Too simple a model:</b> the standard <i>deviation</i> isn't divided by √k yet.</li>
# <li><b>Always the lowest mean:</b> you returned the best one itself.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def one_standard_error(losses):
    """Return the row of the simplest model within one standard error of the best; losses is (models, k)."""
    # BEGIN SOLUTION
    means = losses.mean(axis=1)
    best = losses[means.argmin()]
    limit = best.mean() + best.std(ddof=1) / np.sqrt(len(best))
    return int(np.argmax(means <= limit))
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_eleven_models(one_standard_error):
    import numpy as np
    from course_utils.checks import check_call

    losses = np.array(
        [
            [9.3, 10.5, 9.3, 9.1, 10.8],
            [7.1, 7.7, 7.2, 8.2, 8.3],
            [5.4, 5.9, 7.3, 6.6, 6.2],
            [4.1, 6.1, 5.3, 6.8, 5.2],
            [6.0, 5.4, 6.3, 4.0, 5.3],
            [5.0, 4.7, 4.5, 4.8, 4.3],
            [5.0, 5.4, 6.6, 2.8, 2.9],
            [6.6, 3.3, 5.8, 5.6, 1.2],
            [6.2, 1.0, 6.1, 6.3, 3.1],
            [4.3, 6.7, 5.5, 3.8, 5.4],
            [8.2, 5.4, 7.4, 6.9, 6.4],
        ]
    )
    check_call(
        one_standard_error,
        losses,
        expected=4,
        mistakes={
            "You returned the model with the lowest mean: a simpler one is within one standard error of it.": 7,
            "You used the standard deviation: a standard error divides it by √k.": 2,
            "Your standard deviation divides by k: here it divides by k − 1.": 5,
            "You took each model's own standard error: the limit comes from the best model alone.": 6,
            "You took the most complex model within the limit: take the simplest.": 9,
        },
    )


# %%
def test_the_worked_example(one_standard_error):
    import numpy as np
    from course_utils.checks import check_call

    check_call(
        one_standard_error,
        np.array([[9.0, 9.0], [4.0, 5.0], [2.0, 6.0]]),
        expected=1,
        mistakes={
            "You returned the model with the lowest mean: a simpler one is within one standard error of it.": 2
        },
    )


# %%
# HIDDEN
def test_random_losses(one_standard_error):
    import numpy as np
    from course_utils.checks import check_call
    from scipy.stats import sem

    rng = np.random.default_rng(304)
    for _ in range(25):
        count, k = int(rng.integers(2, 13)), int(rng.integers(2, 11))
        middle = 3 + (np.arange(count) - rng.uniform(2, 10)) ** 2 / 20
        losses = middle[:, None] + rng.normal(size=(count, k))
        means = losses.mean(axis=1)
        limit = means.min() + sem(losses, axis=1)[means.argmin()]
        check_call(
            one_standard_error,
            losses,
            expected=int(np.flatnonzero(means <= limit)[0]),
            mistakes={
                "You returned the model with the lowest mean: a simpler one is within one standard error of it.": int(
                    means.argmin()
                )
            },
        )


# %%
# HIDDEN
def test_no_spread_ties_and_one_model(one_standard_error):
    import numpy as np
    from course_utils.checks import check_call

    strict = "A model exactly at the limit counts, above all the best one itself: use ≤."
    flat = np.array([[5.0, 5.0, 5.0], [3.0, 3.0, 3.0], [4.0, 4.0, 4.0]])
    check_call(one_standard_error, flat, expected=1, mistakes={strict: 0})
    tied = np.array([[4.0, 4.0], [3.0, 3.0], [1.0, 5.0]])
    later = {
        "Of two models that share the lowest mean the simpler is the best, and gives the standard error.": 0
    }
    check_call(one_standard_error, tied, expected=1, mistakes=later)
    check_call(one_standard_error, np.array([[2.0, 7.0, 1.0]]), expected=0)


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# Use your last two functions on the 309 patients. The model is about the simplest there is: predict the mean of the $m$ **nearest neighbours**, the most similar patients. Its complexity is *one* number. With $m = 1$ it copies the nearest patient: low bias, high variance. With many neighbours it is nearly the mean of all: low variance, high bias.


# %%
def fit_neighbours(X, y):
    """A model of nearest neighbours is its data; scaling them is learning too, so it belongs in here."""
    mean, scale = X.mean(axis=0), X.std(axis=0)
    return mean, scale, (X - mean) / scale, y


def predict_neighbours(m):
    """A function predict(model, X): the mean target of the m nearest samples."""

    def predict(model, X):
        mean, scale, X_train, y_train = model
        X = (X - mean) / scale
        squared = (X**2).sum(axis=1)[:, None] - 2 * X @ X_train.T + (X_train**2).sum(axis=1)
        return y_train[np.argsort(squared, axis=1)[:, :m]].mean(axis=1)

    return predict


diabetes = data.load_diabetes_split()
neighbours = np.array([200, 150, 100, 70, 50, 35, 25, 18, 12, 8, 5, 3, 2, 1])  # from simple to complex
if solved(cross_validate, one_standard_error):
    X, y = diabetes.X_train, diabetes.y_train
    losses = np.array(
        [
            cross_validate(fit_neighbours, predict_neighbours(m), X, y, 10, np.random.default_rng(0))
            for m in neighbours
        ]
    )
    means, errors = losses.mean(axis=1), losses.std(axis=1, ddof=1) / np.sqrt(10)
    chosen, lowest = one_standard_error(losses), means.argmin()
    training = [np.mean((predict_neighbours(m)(fit_neighbours(X, y), X) - y) ** 2) for m in neighbours]
    fig, ax = plt.subplots(figsize=(8, 4))
    ax.errorbar(
        neighbours, means, errors, color=BLUE, ls="-", marker="o", capsize=3, label="cross-validation"
    )
    ax.plot(neighbours, training, color=ORANGE, ls="--", marker="s", label="training")
    ax.axhline(means[lowest] + errors[lowest], color="black", lw=1, ls=":", label="lowest + 1 standard error")
    ax.plot(neighbours[chosen], means[chosen], "*", color=RED, ms=16, label="the rule's choice")
    ax.set(
        xscale="log",
        xlabel="neighbours m, from complex to simple",
        ylabel="mean squared error",
        title="Cross-validation finds the valley; the training error sees none",
        ylim=(0, None),
    )
    ax.set_xticks([1, 2, 5, 12, 35, 100, 200], ["1", "2", "5", "12", "35", "100", "200"])
    ax.minorticks_off()
    ax.legend(loc="lower right")
    plt.show()
    print(
        f"lowest mean: {neighbours[lowest]} neighbours; one-standard-error rule: {neighbours[chosen]} neighbours"
    )

# %% [markdown]
# ## 3.5 Bagging: average the variance away
#
# A full tree has little bias and much variance. If you had 100 samples, you could fit 100 trees and average them: the bias stays, and the variance is divided by 100. You have one sample. So pretend: draw $n$ rows from it **with replacement**. That is a **bootstrap** sample. Some rows come twice or more, others not at all. Fit a model to each of many bootstrap samples, then average (numbers) or vote (labels). That is **b**ootstrap **agg**regat**ing**, bagging.
#
# A row is missed by one draw with probability $1 - \frac1n$, by all $n$ draws with $(1 - \frac1n)^n \to e^{-1} \approx 0.368$. So a bootstrap sample holds about 63 % of the rows. The other 37 % are *out of bag*: new data for that model, for free.

# %% [raw]
# # BEGIN QUESTION
# name: bootstrap
# points: 4
# forbids: [course_utils.ensembles.Bagging, sklearn.*]

# %% [markdown]
# ### Exercise 3.5 · bootstrap · ★☆☆ · 6 minutes
#
# Draw $n$ rows with replacement, each equally likely, and return them with their targets. All chance comes from `rng`.
#
# **Shapes:** `X` $(n, d)$, `y` $(n,)$, `rng` a generator → the pair $(n, d)$, $(n,)$.
#
# **Worked:** $n = 3$, and the row numbers drawn are $2, 0, 2$. The new sample is rows 2, 0, 2 of `X` and entries 2, 0, 2 of `y`.
#
# <details><summary>Hint 1</summary><code>rng.integers(0, n, n)</code> draws n numbers from 0 to n − 1.</details>
# <details><summary>Hint 2</summary>Draw the row numbers once, and use them for both X and y.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Every row appears once:</b> that is a shuffle. Draw with replacement.</li>
# <li><b>The labels have come off:</b> X and y were drawn separately.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def bootstrap(X, y, rng):
    """Return n rows of X (n, d) and their entries of y (n,), drawn with replacement."""
    # BEGIN SOLUTION
    rows = rng.integers(0, len(X), len(X))
    return X[rows], y[rows]
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_rows_repeat_and_keep_their_targets(bootstrap):
    import numpy as np
    from course_utils.checks import check_true, checked_call

    X = np.column_stack([np.arange(101.0), np.arange(101.0) ** 2, -np.arange(101.0)])
    y = 1000 + np.arange(101.0)
    answer = checked_call(bootstrap, X, y, np.random.default_rng(1))
    check_true(isinstance(answer, tuple | list) and len(answer) == 2, "Return the pair X, y.")
    Z, t = (np.asarray(part) for part in answer)
    check_true(Z.shape[1:] == (3,), "Draw rows of X: its columns stay as they are.", f"shape {Z.shape}")
    check_true(
        len(Z) == 101,
        "A bootstrap sample has as many rows as the original: draw n times.",
        f"rows drawn: {len(Z)}, n = 101",
    )
    check_true(t.shape == (101,), "Return one target for each drawn row.", f"shape {t.shape}")
    rows = Z[:, 0].astype(int)
    check_true(
        rows.min() >= 0 and rows.max() <= 100 and np.array_equal(Z, X[rows]),
        "Your rows aren't rows of X: don't mix or change them.",
    )
    check_true(
        np.array_equal(t, y[rows]), "The targets have come off their rows: draw row numbers once, for both."
    )
    distinct = len(np.unique(rows))
    check_true(
        distinct < 101,
        "Every row appears once: a bootstrap repeats some and misses a third. Draw with replacement.",
    )
    check_true(
        50 <= distinct <= 77,
        "A bootstrap sample holds about 63 % of the rows: draw each row with equal chance.",
        f"distinct rows: {distinct} of 101",
    )


# %%
def test_all_chance_comes_from_rng(bootstrap):
    import numpy as np
    from course_utils.checks import check_true, checked_call

    X, y = np.arange(62.0).reshape(31, 2), np.arange(31.0)
    first, again, other = (
        checked_call(bootstrap, X, y, np.random.default_rng(seed))[1] for seed in (1, 1, 2)
    )
    check_true(
        np.array_equal(first, again), "The same seed gave other rows: draw with rng, not with np.random."
    )
    check_true(
        not np.array_equal(first, other),
        "Another seed gave the same rows: draw with the rng that you are given.",
    )


# %%
# HIDDEN
def test_every_row_is_equally_likely(bootstrap):
    import numpy as np
    from course_utils.checks import check_true, checked_call
    from scipy.stats import chisquare

    X, y = np.arange(7.0)[:, None], 10 + np.arange(7.0)
    drawn = []
    for seed in range(100):
        Z, t = checked_call(bootstrap, X, y, np.random.default_rng(seed))
        check_true(
            np.array_equal(np.asarray(Z)[:, 0] + 10, t),
            "The targets have come off their rows: draw row numbers once, for both.",
        )
        drawn.append(np.asarray(Z)[:, 0].astype(int))
    counts = np.bincount(np.concatenate(drawn), minlength=7)
    check_true(counts[0] > 0, "The first row is never drawn.")
    check_true(counts[-1] > 0, "The last row is never drawn: the upper end of rng.integers isn't included.")
    check_true(chisquare(counts).pvalue > 1e-6, "Some rows are drawn more often than others.")
    distinct = np.mean([len(np.unique(rows)) for rows in drawn]) / 7
    check_true(
        0.59 < distinct < 0.73, "Rows should be drawn independently of each other, with replacement."
    )  # 1 − (6/7)^7 = 0.66 on average


# %%
# HIDDEN
def test_one_row(bootstrap):
    import numpy as np
    from course_utils.checks import check_call

    check_call(
        bootstrap,
        np.array([[3.0, 4.0]]),
        np.array([5.0]),
        np.random.default_rng(0),
        expected=(np.array([[3.0, 4.0]]), np.array([5.0])),
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [raw]
# # BEGIN QUESTION
# name: bagging_predict
# points: 4
# forbids: [course_utils.ensembles.Bagging, sklearn.*]

# %% [markdown]
# ### Exercise 3.6 · bagging_predict · ★★☆ · 12 minutes
#
# `models` is a list of functions; each takes `X` and returns its prediction for every row. Combine them: return the mean of their numbers, or, with `vote=True`, for each row the label that most models say. Between equally many votes the smallest label wins.
#
# **Shapes:** `models` a list of functions $(n, d) \to (n,)$, `X` $(n, d)$ → $(n,)$.
#
# **Worked:** for one row three models say $0, 2, 2$. The mean is $\frac43$; the vote is $2$.
#
# <details><summary>Hint 1</summary>Collect all answers in one array, (models, n): <code>np.array([model(X) for model in models])</code>.</details>
# <details><summary>Hint 2</summary>For the vote, count for each label of <code>np.unique(answers)</code> how many models say it. <code>argmax</code> over the labels takes the first of equals.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>A vote of 1 where nobody said 1:</b> you rounded the mean. Labels are names, not quantities.</li>
# <li><b>One number a model instead of a row:</b> the mean goes over the models, axis 0.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def bagging_predict(models, X, vote=False):
    """Return the mean of what the models say of each row of X (n, d), or the label that most say: (n,).

    Each model is a function of X that returns (n,).
    """
    # BEGIN SOLUTION
    answers = np.array([model(X) for model in models])
    if not vote:
        return answers.mean(axis=0)
    labels = np.unique(answers)
    votes = np.array([np.sum(answers == label, axis=0) for label in labels])
    return labels[votes.argmax(axis=0)]
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_the_mean_of_numbers(bagging_predict):
    import numpy as np
    from course_utils.checks import check_call

    X = np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 4.0], [2.0, 2.5], [-1.0, 0.0]])
    models = [
        lambda X: X[:, 0],
        lambda X: 2 * X[:, 1] + 1,
        lambda X: X[:, 0] * X[:, 1] + 7,
    ]
    answers = np.array([model(X) for model in models])
    check_call(
        bagging_predict,
        models,
        X,
        expected=answers.mean(axis=0),
        sizes={"n": 5, "models": 3},
        mistakes={
            "You added the answers: divide by the number of models.": answers.sum(axis=0),
            "You averaged over the rows: average over the models.": answers.mean(axis=1),
            "You averaged over everything: one prediction a row is asked.": answers.mean(),
            "Only the last model counts in your answer: collect all of them.": answers[-1],
            "Only the first model counts in your answer: collect all of them.": answers[0],
            "You took the median: numbers are averaged.": np.median(answers, axis=0),
            "You divided by the number of rows: divide by the number of models.": answers.sum(axis=0) / 5,
        },
    )


# %%
def test_the_vote_of_labels(bagging_predict):
    import numpy as np
    from course_utils.checks import check_call

    said = np.array(
        [
            [0, 3, 1, 2, 0, 1, 3],
            [2, 3, 0, 0, 3, 2, 0],
            [2, 1, 1, 0, 0, 3, 1],
            [0, 1, 3, 3, 3, 3, 2],
            [2, 3, 1, 0, 0, 1, 1],
        ]
    )
    models = [lambda X, row=row: row[X[:, 0].astype(int)] for row in said]
    winner = np.array([2, 3, 1, 0, 0, 1, 1])
    votes = np.array([(said == label).sum(axis=0) for label in range(4)])
    check_call(
        bagging_predict,
        models,
        np.arange(7.0)[:, None],
        vote=True,
        expected=winner,
        mistakes={
            "You rounded the mean: labels are names, count the votes for each.": np.round(said.mean(axis=0)),
            "You returned the mean: with vote=True count the votes for each label.": said.mean(axis=0),
            "You took the median: labels are names, count the votes for each.": np.median(said, axis=0),
            "You returned the number of votes: return the label that has them.": votes.max(axis=0),
            "Between equally many votes the smallest label wins.": 3 - votes[::-1].argmax(axis=0),
            "You counted the votes of each model over the rows: count over the models for each row.": np.array(
                [np.bincount(row, minlength=4).argmax() for row in said]
            ),
        },
    )


# %%
# HIDDEN
def test_random_answers(bagging_predict):
    import numpy as np
    from course_utils.checks import check_call
    from scipy.stats import mode

    rng = np.random.default_rng(306)
    for count, n, labels in ((3, 5, 2), (11, 7, 3), (2, 13, 5)):
        X = np.arange(n, dtype=float)[:, None]
        numbers = rng.normal(size=(count, n))
        models = [lambda X, row=row: row[X[:, 0].astype(int)] for row in numbers]
        check_call(
            bagging_predict,
            models,
            X,
            expected=numbers.mean(axis=0),
            mistakes={"You added the answers: divide by the number of models.": numbers.sum(axis=0)},
        )
        said = rng.integers(0, labels, size=(count, n))
        models = [lambda X, row=row: row[X[:, 0].astype(int)] for row in said]
        counts = np.array([(said == label).sum(axis=0) for label in range(labels)])
        check_call(
            bagging_predict,
            models,
            X,
            vote=True,
            expected=mode(said, axis=0).mode,
            mistakes={
                "You rounded the mean: labels are names, count the votes for each.": np.round(
                    said.mean(axis=0)
                ),
                "Between equally many votes the smallest label wins.": labels
                - 1
                - counts[::-1].argmax(axis=0),
            },
        )


# %%
# HIDDEN
def test_one_model_and_labels_that_are_not_counted_from_zero(bagging_predict):
    import numpy as np
    from course_utils.checks import check_call

    X = np.array([[2.0], [5.0], [3.0]])
    check_call(bagging_predict, [lambda X: X[:, 0] - 1], X, expected=np.array([1.0, 4.0, 2.0]))
    said = [np.array([-1, 1, 1]), np.array([1, 1, -1]), np.array([-1, 1, -1])]
    models = [lambda _, row=row: row for row in said]
    check_call(
        bagging_predict,
        models,
        X,
        vote=True,
        expected=np.array([-1, 1, -1]),
        mistakes={
            "You returned the place of a label in the list of labels: return the label itself.": np.array(
                [0, 1, 0]
            ),
        },
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# Bag full trees with your two functions. On the left, one tree and the mean of 50 on the same sample. On the right, what bagging does to bias and variance, for full trees and for straight lines.


# %%
def fit_tree(X, y):
    return DecisionTreeRegressor(random_state=0).fit(X, y).predict


def fit_straight_line(X, y):
    return np.poly1d(np.polyfit(X[:, 0], y, 1))


if solved(bootstrap, bagging_predict):
    rng = np.random.default_rng(5)

    def fit_bag(fit, count):
        """Like fit, but the mean of `count` models that were fitted to bootstrap samples."""

        def fit_all(X, y):
            models = [fit(*bootstrap(X, y, rng)) for _ in range(count)]
            return lambda new: bagging_predict(models, new)

        return fit_all

    x, y = draw_samples(40, 40, SIGMA, rng)
    fig, (left, right) = plt.subplots(1, 2, figsize=(12, 4), width_ratios=(1.2, 1))
    left.plot(x[0], y[0], "o", color="0.6", label="a sample of 40 points")
    left.plot(grid, truth(grid), color=GREEN, ls="-", label="the truth f")
    left.step(
        grid,
        fit_tree(x[0][:, None], y[0])(grid[:, None]),
        color=ORANGE,
        ls=":",
        where="mid",
        label="one full tree",
    )
    bag = fit_bag(fit_tree, 50)(x[0][:, None], y[0])
    left.plot(grid, bag(grid[:, None]), color=BLUE, ls="--", label="mean of 50 trees")
    left.set(xlabel="x", ylabel="y", title="The mean of many jagged trees is smoother", ylim=(-2.6, 2.6))
    left.legend(loc="upper left", fontsize=9)
    kinds = {
        "full tree": fit_tree,
        "25 full trees": fit_bag(fit_tree, 25),
        "straight line": fit_straight_line,
        "25 straight lines": fit_bag(fit_straight_line, 25),
    }
    for row, fit in enumerate(kinds.values()):
        predictions = fit_many(fit, x, y).reshape(len(x), -1)
        bias, variance, _ = model_selection.bias_variance(predictions, truth(grid))
        b, v = np.mean(bias**2), np.mean(variance)
        right.barh(row, b, color=BLUE, label="bias²" if row == 0 else None)
        right.barh(
            row,
            v,
            left=b,
            color=ORANGE,
            hatch="//",
            edgecolor="white",
            label="variance" if row == 0 else None,
        )
    right.set_yticks(range(len(kinds)), list(kinds))
    right.invert_yaxis()
    right.grid(axis="y", visible=False)
    right.set(
        xlabel="squared error, mean over x",
        title="Bagging saves variance where there is some",
        xlim=(0, 0.3),
    )
    right.legend(loc="upper right")
    plt.show()

# %% [markdown]
# Bagging pays for models of low bias and **high variance**, such as full trees. For a straight line there is hardly any variance to save, and its bias stays. The variance isn't divided by 25, because bootstrap samples of one sample overlap: with a correlation $\rho$ between two models, the mean of $B$ has the variance $\rho s^2 + \frac{1 - \rho}{B} s^2$. A random forest lowers $\rho$ by letting each split see only some of the features.
#
# No model waits for another, so they can be fitted in parallel.
#
# ## 3.6 Boosting: one after the other
#
# Bagging can't help a model with a large bias. **Boosting** can. It starts from the opposite end: a model so stiff that it is hardly better than guessing, such as a **stump**, a tree with a single question. Then it adds a second one that works on what the first got wrong, a third on what both got wrong, and so on.
#
# | | bagging | boosting |
# |---|---|---|
# | base models | free: full trees | stiff: stumps, shallow trees |
# | order | independent, in parallel | one after the other |
# | each is fitted to | a bootstrap sample | what is still wrong |
# | lowers | variance | bias (sometimes variance too) |
# | too many models | do no harm | can overfit |
#
# Below, a slanted border separates two classes, and a stump can only cut straight across or straight up. Three of them share the work out. The size of a point is its weight: how much the stump cares about it. The shading is what the stump says.


# %%
def scatter_labels(ax, X, y, size):
    for label, color, marker in ((1, BLUE, "o"), (-1, ORANGE, "^")):
        mine = y == label
        s = size[mine] if np.ndim(size) else size
        ax.scatter(*X[mine].T, s=s, color=color, marker=marker, edgecolor="white", lw=0.5)
    ax.set(xlabel="$x_1$", ylabel="$x_2$", aspect="equal", xlim=(-2.1, 2.1), ylim=(-2.1, 2.1))


def shade(ax, scores):
    ax.contourf(
        side, side, np.sign(scores).reshape(101, 101), levels=[-2, 0, 2], colors=[ORANGE, BLUE], alpha=0.18
    )


side = np.linspace(-2, 2, 101)
plane = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
X = np.random.default_rng(1).uniform(-2, 2, (60, 2))
y = np.where(X.sum(axis=1) > 0, 1.0, -1.0)
boosted = ensembles.AdaBoost(3).fit(X, y)
fig, axes = plt.subplots(1, 4, figsize=(14, 4), sharey=True)
for number, (ax, stump) in enumerate(zip(axes, boosted.stumps, strict=False)):
    weights = np.exp(-y * boosted.staged_scores(X)[number])
    weights = weights / weights.sum()
    shade(ax, stump.predict(plane))
    scatter_labels(ax, X, y, 2400 * weights)
    ax.set_title(f"stump {number + 1}: {weights[stump.predict(X) != y].sum():.0%} of the weight wrong")
shade(axes[3], boosted.scores(plane))
scatter_labels(axes[3], X, y, 40)
axes[3].set_title(f"their vote: {np.mean(boosted.predict(X) != y):.0%} of the points wrong")
fig.suptitle("Each stump looks hardest at what the others got wrong. Blue circles: +1, orange triangles: −1")
plt.show()

# %% [markdown]
# And the claim that boosting lowers bias? Here are 100 samples of the curve from section 3.1. To each, stumps are fitted one after the other, by the method of section 3.8.

# %%
x, y = draw_samples(100, 24, SIGMA, np.random.default_rng(7))
stages = np.array(
    [
        ensembles.GradientBoosting(100, 0.2).fit(a[:, None], b).staged_scores(grid[:, None])
        for a, b in zip(x, y, strict=True)
    ]
)  # (samples, rounds + 1, points)
bias, variance, error = model_selection.bias_variance(stages, np.tile(truth(grid), (101, 1)))
fig, ax = plt.subplots()
ax.plot((bias**2).mean(axis=1), color=BLUE, ls="-", label="bias²")
ax.plot(variance.mean(axis=1), color=ORANGE, ls="--", label="variance")
ax.plot(error.mean(axis=1), color=GREEN, ls="-.", label="bias² + variance")
ax.set(
    xlabel="stumps added",
    ylabel="squared error, mean over x",
    title="Each further stump takes off bias and adds some variance",
    ylim=(0, None),
)
ax.legend()
plt.show()

# %% [markdown]
# ## 3.7 AdaBoost
#
# Two classes, labels $y_i \in \{-1, +1\}$. Every sample has a weight $w_i$; at first all are equal, and their sum is always 1. In each round:
#
# 1. Fit a stump $h$ to the weighted samples. It says $h(x_i) \in \{-1, +1\}$.
# 2. Its error is the *weight* of its mistakes, $\varepsilon = \sum_{i:\, h(x_i) \ne y_i} w_i$.
# 3. It gets a say of $\alpha = \frac12 \log\frac{1 - \varepsilon}{\varepsilon}$: none for guessing ($\varepsilon = \frac12$), more the better it is.
# 4. Reweigh, $w_i \leftarrow w_i \exp(-\alpha\, y_i h(x_i))$, and divide by the sum. Where $h$ is right, $y_i h(x_i) = 1$ and the weight shrinks; where it is wrong, it grows.
#
# In the end all stumps vote, each with its say: $\hat y = \operatorname{sign} \sum_t \alpha_t h_t(x)$.

# %%
epsilon = np.linspace(0.01, 0.99, 99)
alpha = 0.5 * np.log((1 - epsilon) / epsilon)
fig, ax = plt.subplots(figsize=(7, 3.2))
ax.plot(epsilon, alpha, color=BLUE, ls="-")
ax.axhline(0, color="black", lw=1, ls=":")
ax.axvline(0.5, color="black", lw=1, ls=":")
ax.set(
    xlabel="weighted error ε",
    ylabel="say α",
    title="Guessing has no say; a stump that is mostly wrong counts against itself",
)
plt.show()

# %% [raw]
# # BEGIN QUESTION
# name: adaboost_round
# points: 4
# forbids: [course_utils.ensembles.AdaBoost, sklearn.*]

# %% [markdown]
# ### Exercise 3.7 · adaboost_round · ★★☆ · 12 minutes
#
# Do steps 2 to 4 of one round: return $\alpha$ and the new weights, which sum to 1. So that a stump without mistakes doesn't divide by zero, keep $\varepsilon$ between $10^{-12}$ and $1 - 10^{-12}$.
#
# **Shapes:** `weights` $(n,)$ with sum 1, `y` $(n,)$ and `h` $(n,)$ of $-1$ and $+1$ → a number and an array $(n,)$.
#
# **Worked:** weights $(\frac14, \frac14, \frac14, \frac14)$, $y = (1, 1, -1, -1)$, $h = (1, 1, -1, 1)$. Only the last is wrong: $\varepsilon = \frac14$, $\alpha = \frac12 \log 3 \approx 0.549$. The wrong one is multiplied by $\sqrt3$, the others are divided by it. After normalising: $(\frac16, \frac16, \frac16, \frac12)$.
#
# <details><summary>Hint 1</summary><code>weights[h != y].sum()</code> is ε, and <code>np.clip</code> keeps it in bounds.</details>
# <details><summary>Hint 2</summary>A check for yourself: after the update, exactly half of the weight lies on the mistakes.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>The mistakes lose weight:</b> the sign in the exponent.</li>
# <li><b>α is twice too large:</b> the ½ is missing. Then the mistakes get more than half of the weight.</li>
# <li><b>ε counts samples:</b> after the first round the weights differ; add the weights of the mistakes.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def adaboost_round(weights, y, h):
    """Return α and the new weights (n,), which sum to 1; y and h are (n,), −1 or +1."""
    # BEGIN SOLUTION
    error = np.clip(weights[h != y].sum(), 1e-12, 1 - 1e-12)
    alpha = 0.5 * np.log((1 - error) / error)
    new = weights * np.exp(-alpha * y * h)
    return alpha, new / new.sum()
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_the_first_round(adaboost_round):
    import numpy as np
    from course_utils.checks import check_call

    w, y = np.full(7, 1 / 7), np.array([1.0, -1.0, 1.0, 1.0, -1.0, -1.0, 1.0])
    h = np.array([1.0, -1.0, -1.0, 1.0, 1.0, -1.0, 1.0])
    error = 2 / 7
    alpha = 0.5 * np.log((1 - error) / error)
    raw = w * np.exp(-alpha * y * h)
    new = raw / raw.sum()
    doubled = w * np.exp(-2 * alpha * y * h)
    raised = w * np.exp(alpha * y * h)
    only_wrong = np.where(h != y, w * np.exp(alpha), w)
    check_call(
        adaboost_round,
        w,
        y,
        h,
        expected=(alpha, new),
        sizes={"n": 7},
        mistakes={
            "The ½ in front of the logarithm is missing.": (2 * alpha, doubled / doubled.sum()),
            "The sign of the exponent is wrong: the weight of a mistake grows.": (
                alpha,
                raised / raised.sum(),
            ),
            "Your weights are not normalised: divide them by their sum.": (alpha, raw),
            "ε and 1 − ε are swapped: a good stump has a positive α.": (-alpha, raised / raised.sum()),
            "You used the logarithm to base 2: α takes the natural one.": (
                alpha / np.log(2),
                w * np.exp(-alpha / np.log(2) * y * h) / np.sum(w * np.exp(-alpha / np.log(2) * y * h)),
            ),
            "You raised the weights of the mistakes only: those of the right ones shrink as well.": (
                alpha,
                only_wrong / only_wrong.sum(),
            ),
            "The weights haven't changed: multiply them by exp(−α y h).": (alpha, w),
        },
    )


# %%
def test_a_later_round(adaboost_round):
    import numpy as np
    from course_utils.checks import check_call

    w = np.array([0.05, 0.3, 0.1, 0.25, 0.2, 0.1])
    y, h = np.array([1.0, -1.0, -1.0, 1.0, 1.0, -1.0]), np.array([1.0, -1.0, 1.0, 1.0, -1.0, -1.0])

    def answer(error, start=w, factor=1.0):
        alpha = 0.5 * np.log((1 - error) / error)
        new = start * np.exp(-factor * alpha * y * h)
        return alpha, new / new.sum()

    alpha, new = answer(0.3)
    check_call(
        adaboost_round,
        w,
        y,
        h,
        expected=(alpha, new),
        sizes={"n": 6},
        mistakes={
            "You counted the mistakes: ε is the sum of their weights.": answer(1 / 3),
            "You averaged the weights of the mistakes: ε is their sum.": answer(0.15),
            "You divided the weights of the mistakes by n: ε is their sum.": answer(0.3 / 6),
            "The new weights forget the old ones: multiply the old ones.": answer(0.3, np.ones(6)),
            "The sign of the exponent is wrong: the weight of a mistake grows.": answer(0.3, factor=-1.0),
            "Your weights are not normalised: divide them by their sum.": (alpha, w * np.exp(-alpha * y * h)),
            "ε and 1 − ε are swapped: a good stump has a positive α.": answer(0.7),
        },
    )


# %%
# HIDDEN
def test_random_rounds(adaboost_round):
    import numpy as np
    from course_utils.checks import check_call

    rng = np.random.default_rng(307)
    for n in (5, 11, 31):
        w = rng.dirichlet(np.ones(n))
        y = rng.choice([-1.0, 1.0], n)
        h = np.where(rng.random(n) < 0.3, -y, y)
        h[0], h[1] = -y[0], y[1]
        error = w[h != y].sum()
        # Half of the new weight lies on the mistakes, half on the rest.
        new = np.where(h != y, w / (2 * error), w / (2 * (1 - error)))
        alpha = np.arctanh(1 - 2 * error)
        count = np.mean(h != y)
        check_call(
            adaboost_round,
            w,
            y,
            h,
            expected=(alpha, new),
            sizes={"n": n},
            mistakes={
                "Your weights are not normalised: divide them by their sum.": (
                    alpha,
                    w * np.exp(-alpha * y * h),
                ),
                "You counted the mistakes: ε is the sum of their weights.": (
                    np.arctanh(1 - 2 * count),
                    w
                    * np.exp(-np.arctanh(1 - 2 * count) * y * h)
                    / np.sum(w * np.exp(-np.arctanh(1 - 2 * count) * y * h)),
                ),
            },
        )


# %%
# HIDDEN
def test_no_mistakes_and_nothing_but_mistakes(adaboost_round):
    import numpy as np
    from course_utils.checks import check_call

    w, y = np.array([0.2, 0.5, 0.3]), np.array([1.0, -1.0, 1.0])
    most = 0.5 * np.log(1e12)
    zero = "A stump without mistakes divides by zero: keep ε at 1e-12 or above."
    check_call(
        adaboost_round, w, y, y, expected=(most, w), rtol=1e-6, mistakes={zero: (np.inf, np.full(3, np.nan))}
    )
    one = "A stump that is always wrong takes the logarithm of zero: keep ε at 1 − 1e-12 or below."
    check_call(
        adaboost_round,
        w,
        y,
        -y,
        expected=(-most, w),
        rtol=1e-4,
        mistakes={one: (-np.inf, np.full(3, np.nan))},
    )
    check_call(
        adaboost_round,
        np.array([0.25, 0.25, 0.5]),
        y,
        np.array([1.0, -1.0, -1.0]),
        expected=(0.0, np.array([0.25, 0.25, 0.5])),
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [raw]
# # BEGIN QUESTION
# name: fit_adaboost
# points: 4
# forbids: [course_utils.ensembles.AdaBoost, sklearn.*]

# %% [markdown]
# ### Exercise 3.8 · fit_adaboost · ★★★ · 20 minutes
#
# Put the rounds together. `fit_stump(X, y, weights)` returns a function $h$; `h(X)` says $-1$ or $+1$ for each row. Start from equal weights, run at most `rounds` rounds, and return a list of pairs `(alpha, h)`.
#
# - If a stump has $\varepsilon \ge \frac12$, it is no better than guessing: stop, without adding it.
# - If it has $\varepsilon = 0$, add it with $\varepsilon = 10^{-12}$, and stop: nothing is left to learn.
#
# Don't call your `adaboost_round` here; write its lines again, so that each exercise stands alone.
#
# **Shapes:** `X` $(n, d)$, `y` $(n,)$ of $-1$ and $+1$ → list of pairs (number, function).
#
# **Worked:** with the numbers of exercise 3.7, the first round adds $(0.549, h)$, and the second stump is fitted with the weights $(\frac16, \frac16, \frac16, \frac12)$.
#
# <details><summary>Hint 1</summary>A loop: fit, error, perhaps break, α, append, new weights.</details>
# <details><summary>Hint 2</summary>Hand <code>fit_stump</code> the weights <i>of this round</i>, and normalise after every round.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>All stumps are the same:</b> the weights don't change, or aren't handed over.</li>
# <li><b>A negative α:</b> you added a stump that is worse than guessing.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def fit_adaboost(X, y, rounds, fit_stump):
    """Return a list of at most `rounds` pairs (α, h); the ensemble says sign Σ α h(x).

    fit_stump(X, y, weights) returns a function h, and h(X) is −1 or +1 for each row; y is (n,), −1 or +1.
    """
    # BEGIN SOLUTION
    weights, ensemble = np.full(len(y), 1 / len(y)), []
    for _ in range(rounds):
        h = fit_stump(X, y, weights)
        said = h(X)
        error = weights[said != y].sum()
        if error >= 0.5:
            break
        alpha = 0.5 * np.log((1 - error) / max(error, 1e-12))
        ensemble.append((alpha, h))
        if error == 0:
            break
        weights = weights * np.exp(-alpha * y * said)
        weights = weights / weights.sum()
    return ensemble
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_the_weights_of_each_round(fit_adaboost):
    import numpy as np
    from course_utils.checks import check_true, checked_call, compare

    X = np.arange(6.0)[:, None]
    y = np.array([1.0, -1.0, -1.0, 1.0, 1.0, -1.0])
    said = np.array(
        [
            [1.0, -1.0, -1.0, 1.0, -1.0, 1.0],
            [1.0, -1.0, 1.0, 1.0, 1.0, -1.0],
            [-1.0, -1.0, -1.0, 1.0, 1.0, -1.0],
        ]
    )
    given, labels = [], []

    def fit_stump(_, t, weights):
        labels.append(np.array_equal(t, y))
        given.append(np.array(weights, dtype=float))
        row = said[len(given) - 1]
        return lambda Z: row[np.asarray(Z)[:, 0].astype(int)]

    ensemble = checked_call(fit_adaboost, X, y, 3, fit_stump)
    check_true(all(labels), "fit_stump should get the labels y as they are.")
    pairs = isinstance(ensemble, list | tuple) and all(
        isinstance(pair, list | tuple) and len(pair) == 2 for pair in ensemble
    )
    check_true(pairs, "Return a list of pairs (alpha, h).")
    check_true(given and np.isclose(given[0].sum(), 1), "Your first weights don't sum to 1: start from 1/n.")
    check_true(
        all(np.isclose(w.sum(), 1) for w in given),
        "Your weights are not normalised: divide them by their sum after each round.",
    )
    check_true(
        len(given) == 3 and len(ensemble) == 3,
        "Add one pair a round: fit as many stumps as there are rounds.",
    )

    def walk(factor=1.0, sign=1.0):
        w, alphas, weights = np.full(6, 1 / 6), [], []
        for h in said:
            weights.append(w)
            error = w[h != y].sum()
            alphas.append(factor * 0.5 * np.log((1 - error) / error))
            w = w * np.exp(-sign * alphas[-1] * y * h)
            w = w / w.sum()
        return np.array(alphas), np.array(weights)

    alphas, weights = walk()
    flat = np.full((3, 6), 1 / 6)
    compare(
        np.array(given),
        weights,
        sizes={"n": 6},
        mistakes={
            "The weights never change: give fit_stump those of this round.": flat,
            "The ½ in front of the logarithm is missing.": walk(factor=2.0)[1],
            "The sign of the exponent is wrong: the weight of a mistake grows.": walk(sign=-1.0)[1],
        },
    )
    compare(
        np.array([alpha for alpha, _ in ensemble], dtype=float),
        alphas,
        mistakes={
            "The α of your pairs are twice too large: the ½ is missing.": 2 * alphas,
            "You kept the errors where the α belong.": 1 / (1 + np.exp(2 * alphas)),
            "All stumps have the same say in your answer: each has its own α.": np.full(3, alphas[-1]),
        },
    )


# %%
def test_a_disc_that_no_stump_can_separate(fit_adaboost):
    import numpy as np
    from course_utils import ensembles
    from course_utils.checks import check_true, checked_call, compare

    rng = np.random.default_rng(11)
    X = rng.uniform(-1, 1, (23, 2))
    y = np.where((X**2).sum(axis=1) < 0.7, 1.0, -1.0)
    ensemble = checked_call(
        fit_adaboost, X, y, 5, lambda X, y, w: ensembles.DecisionStump(signs=True).fit(X, y, w).predict
    )
    reference = ensembles.AdaBoost(5).fit(X, y)
    check_true(
        len(ensemble) == len(reference.alphas),
        "Add one pair a round: fit as many stumps as there are rounds.",
    )
    check_true(
        all(callable(h) for _, h in ensemble), "Return pairs (alpha, h), and h is what fit_stump returned."
    )
    new = rng.uniform(-1, 1, (7, 2))
    compare(sum(alpha * h(new) for alpha, h in ensemble), reference.scores(new), rtol=1e-6)


# %%
def test_when_to_stop(fit_adaboost):
    import numpy as np
    from course_utils.checks import check_true, checked_call

    X = np.arange(4.0)[:, None]
    y = np.array([1.0, -1.0, 1.0, 1.0])

    def always(*answers):
        row = np.array(answers)
        return lambda *_: lambda Z: row[np.asarray(Z)[:, 0].astype(int)]

    ensemble = checked_call(fit_adaboost, X, y, 5, always(1.0, 1.0, -1.0, -1.0))
    check_true(
        len(ensemble) == 0,
        "A stump whose error is above one half was added: stop, for it is worse than guessing.",
    )
    ensemble = checked_call(fit_adaboost, X, y, 5, always(1.0, 1.0, -1.0, 1.0))
    check_true(
        len(ensemble) == 0,
        "A stump whose error is exactly one half was added: stop, for it is no better than guessing.",
    )
    ensemble = checked_call(fit_adaboost, X, y, 5, always(1.0, -1.0, 1.0, 1.0))
    check_true(len(ensemble) > 0, "A stump without mistakes should be added before you stop.")
    check_true(
        np.isfinite(ensemble[0][0]),
        "A stump without mistakes has an infinite say: put 1e-12 in the place of ε = 0.",
    )
    check_true(len(ensemble) == 1, "After a stump without mistakes nothing is left to learn: stop.")
    check_true(
        np.isclose(ensemble[0][0], 0.5 * np.log(1e12), rtol=1e-6),
        "The say of a stump without mistakes is that of ε = 1e-12.",
    )


# %%
# HIDDEN
def test_random_data(fit_adaboost):
    import numpy as np
    from course_utils import ensembles
    from course_utils.checks import checked_call, compare

    rng = np.random.default_rng(308)
    for n, d, rounds in ((19, 1, 3), (31, 3, 7), (13, 2, 1)):
        X = rng.normal(size=(n, d))
        y = np.where(X[:, 0] ** 2 + rng.normal(0, 0.5, n) < 0.5, 1.0, -1.0)
        y[:2] = 1.0, -1.0
        ensemble = checked_call(
            fit_adaboost,
            X,
            y,
            rounds,
            lambda X, y, w: ensembles.DecisionStump(signs=True).fit(X, y, w).predict,
        )
        reference = ensembles.AdaBoost(rounds).fit(X, y)
        alphas = np.array(reference.alphas)
        compare(
            np.array([alpha for alpha, _ in ensemble], dtype=float),
            alphas,
            rtol=1e-6,
            mistakes={"The α of your pairs are twice too large: the ½ is missing.": 2 * alphas},
        )
        new = rng.normal(size=(5, d))
        compare(sum(alpha * h(new) for alpha, h in ensemble), reference.scores(new), rtol=1e-6)


# %%
# HIDDEN
def test_no_rounds_and_one_flawless_stump_later(fit_adaboost):
    import numpy as np
    from course_utils.checks import check_true, checked_call

    X = np.arange(5.0)[:, None]
    y = np.array([1.0, -1.0, 1.0, 1.0, -1.0])
    said = [np.array([1.0, -1.0, 1.0, -1.0, -1.0]), y, y, y]
    fitted = []

    def fit_stump(*_):
        fitted.append(1)
        row = said[len(fitted) - 1]
        return lambda Z: row[np.asarray(Z)[:, 0].astype(int)]

    check_true(
        len(checked_call(fit_adaboost, X, y, 0, fit_stump)) == 0, "With rounds = 0 return an empty list."
    )
    fitted.clear()
    ensemble = checked_call(fit_adaboost, X, y, 4, fit_stump)
    check_true(len(ensemble) == 2, "After a stump without mistakes nothing is left to learn: stop.")
    check_true(
        np.allclose([alpha for alpha, _ in ensemble], [0.5 * np.log(4), 0.5 * np.log(1e12)], rtol=1e-6),
        "The say of a stump without mistakes is that of ε = 1e-12.",
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# Let it loose on a harder problem: a disc in a square, and one label in ten is flipped. Each stump cuts along one axis; together they fence the disc in.


# %%
def make_disc(n, flipped, rng):
    """Points in a square, X (n, 2); +1 inside a disc, −1 outside; a share of the labels is flipped."""
    X = rng.uniform(-2, 2, (n, 2))
    y = np.where((X**2).sum(axis=1) < 2, 1.0, -1.0)
    return X, np.where(rng.random(n) < flipped, -y, y)


if solved(fit_adaboost):

    def fit_stump(X, y, weights):
        return ensembles.DecisionStump(signs=True).fit(X, y, weights).predict

    rng = np.random.default_rng(8)
    X, y = make_disc(150, 0.1, rng)
    X_new, y_new = make_disc(2000, 0.1, rng)
    ensemble = fit_adaboost(X, y, 300, fit_stump)

    def errors(X, y):
        scores = np.cumsum([alpha * h(X) for alpha, h in ensemble], axis=0)
        return np.mean(np.sign(scores) != y, axis=1)

    fig, axes = plt.subplots(1, 4, figsize=(15, 4), width_ratios=(1, 1, 1, 1.3))
    for ax, rounds in zip(axes, (1, 10, 300), strict=False):
        shade(ax, sum(alpha * h(plane) for alpha, h in ensemble[:rounds]))
        scatter_labels(ax, X, y, 14)
        ax.set_title(f"{rounds} stump{'s' if rounds > 1 else ''}")
    axes[3].plot(np.arange(1, len(ensemble) + 1), errors(X, y), color=BLUE, ls="-", label="training")
    axes[3].plot(
        np.arange(1, len(ensemble) + 1), errors(X_new, y_new), color=ORANGE, ls="--", label="new data"
    )
    axes[3].axhline(0.1, color="black", lw=1, ls=":", label="flipped labels: 10 %")
    axes[3].set(
        xscale="log",
        xlabel="stumps",
        ylabel="share of wrong labels",
        ylim=(0, None),
        title="More stumps, fewer mistakes in training",
    )
    axes[3].legend()
    fig.suptitle("Stumps that vote draw a closed border, and in the end little islands for flipped labels")
    plt.show()

# %% [markdown]
# The training error goes on falling: AdaBoost puts ever more weight on samples that are simply labelled wrong. On new data the gain comes early, and then nothing is won, or something lost. How many rounds? Cross-validate.
#
# ## 3.8 Gradient boosting
#
# There is a simpler way to say "what is still wrong". Let $\hat f$ be the sum of the models so far, with the loss $\frac12 \sum_i (y_i - \hat f(x_i))^2$. How should its predictions change? Along the negative gradient with respect to them:
#
# $$-\frac{\partial}{\partial \hat f(x_i)} \tfrac12 \big(y_i - \hat f(x_i)\big)^2 = y_i - \hat f(x_i),$$
#
# the **residual**. So fit the next model $h$ to the residuals, and add a small step of it. Start from the mean:
#
# $$\hat f_0 = \bar y, \qquad \hat f_{t} = \hat f_{t-1} + \eta\, h_t, \quad h_t \text{ fitted to } y - \hat f_{t-1}(X).$$
#
# It is gradient descent, with functions in the place of weights, and $\eta$ is its learning rate (elsewhere in this course it is called $\alpha$, which AdaBoost has taken). For another loss, take that loss's negative gradient.

# %% [raw]
# # BEGIN QUESTION
# name: gradient_boost
# points: 4
# forbids: [course_utils.ensembles.GradientBoosting, sklearn.*]

# %% [markdown]
# ### Exercise 3.9 · gradient_boost · ★★★ · 20 minutes
#
# Run `rounds` rounds of gradient boosting for the squared loss, and return a **function** `predict`: `predict(X)` gives $\hat f$ for the rows of any `X`. `fit_base(X, targets)` returns a function $h$; `h(X)` gives its predictions.
#
# **Shapes:** `X` $(n, d)$, `y` $(n,)$, `lr` is $\eta$ → a function $(n', d) \to (n',)$.
#
# **Worked:** $y = (1, 2, 6)$, $\eta = 0.5$. Start from the mean $3$: residuals $(-2, -1, 3)$. Suppose the first model fits them exactly. Then $\hat f_1 = (3 - 1,\; 3 - 0.5,\; 3 + 1.5) = (2, 2.5, 4.5)$, and the next residuals are half as large.
#
# <details><summary>Hint 1</summary>Keep the current predictions for the training rows in an array; collect the models in a list.</details>
# <details><summary>Hint 2</summary>Define <code>predict</code> inside the function. It adds up the mean of y and lr times each model.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Every prediction is off by the same amount:</b> the mean is left out when predicting.</li>
# <li><b>It runs away:</b> the residual is target minus prediction; or the learning rate is left out.</li>
# <li><b>More rounds change nothing but the scale:</b> you fit y again and again instead of the residual.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def gradient_boost(X, y, rounds, fit_base, lr):
    """Return a function predict(X) -> (n,): the mean of y plus lr times each of `rounds` models.

    fit_base(X, targets) returns a function h, and h(X) is its prediction for each row.
    """
    # BEGIN SOLUTION
    start, models = y.mean(), []
    f = np.full(len(y), start)
    for _ in range(rounds):
        models.append(fit_base(X, y - f))
        f = f + lr * models[-1](X)

    def predict(X):
        return np.full(len(X), start) + sum(lr * h(X) for h in models)

    return predict
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_what_each_model_is_fitted_to(gradient_boost):
    import numpy as np
    from course_utils.checks import check_true, checked_call, compare

    X = np.array([[0.0], [1.0], [2.0], [3.0], [4.0]])
    y = np.array([1.0, 2.0, 6.0, 4.0, 9.5])
    targets = []

    def fit_base(_, t):
        targets.append(np.array(t, dtype=float))
        line = np.polyfit(X[:, 0], targets[-1], 1)
        return lambda Z: np.polyval(0.8 * line, np.asarray(Z)[:, 0])

    checked_call(gradient_boost, X, y, 3, fit_base, 0.3)

    def walk(start, sign=1.0, lr=0.3):
        f, seen = np.full(5, start), []
        for _ in range(3):
            seen.append(sign * (y - f))
            f = f + lr * np.polyval(0.8 * np.polyfit(X[:, 0], seen[-1], 1), X[:, 0])
        return np.array(seen)

    check_true(len(targets) == 3, "Fit one model a round.")
    compare(
        np.array(targets),
        walk(y.mean()),
        mistakes={
            "You fit y again and again: fit each model to the residual, what is left over.": np.tile(
                y, (3, 1)
            ),
            "The residuals never change: subtract the predictions of all models so far.": np.tile(
                y - y.mean(), (3, 1)
            ),
            "The sign is reversed: the residual is target minus prediction.": walk(y.mean(), -1.0),
            "You start from zero: start from the mean of y.": walk(0.0),
            "You add each model in full: multiply it by the learning rate.": walk(y.mean(), lr=1.0),
            "You start from the median: for the squared loss it is the mean.": walk(np.median(y)),
        },
    )


# %%
def test_the_prediction_for_new_rows(gradient_boost):
    import numpy as np
    from course_utils import ensembles
    from course_utils.checks import check_call, check_true, checked_call

    rng = np.random.default_rng(12)
    X, new = rng.normal(size=(13, 2)), rng.normal(size=(7, 2))
    y = X[:, 0] ** 2 + X[:, 1] + 3

    def fit_base(X, t):
        return ensembles.DecisionStump().fit(X, t).predict

    predict = checked_call(gradient_boost, X, y, 4, fit_base, 0.4)
    check_true(callable(predict), "Return a function that predicts, not the predictions.")
    reference = ensembles.GradientBoosting(4, 0.4).fit(X, y)
    right, start = reference.predict(new), y.mean()
    whole = start + (right - start) / 0.4
    check_call(
        predict,
        new,
        expected=right,
        rtol=1e-6,
        sizes={"n": 13},
        mistakes={
            "Every prediction is off by the mean of y: add the start, too.": right - start,
            "The learning rate is left out when predicting.": whole,
            "Both the mean of y and the learning rate are left out when predicting.": whole - start,
            "Only the last model counts in your prediction: add all of them.": start
            + 0.4 * reference.models[-1].predict(new),
            "You return the mean of y only: add the models.": np.full(7, start),
            "You averaged the models: add them up.": start + (right - start) / 4,
        },
    )


# %%
# HIDDEN
def test_random_data(gradient_boost):
    import numpy as np
    from course_utils import ensembles
    from course_utils.checks import check_call, check_true, checked_call

    rng = np.random.default_rng(309)
    for n, d, rounds, lr in ((11, 1, 3, 0.1), (23, 3, 6, 0.7), (7, 2, 1, 1.0)):
        X, new = rng.normal(size=(n, d)), rng.normal(size=(5, d))
        y = rng.normal(2, 3, size=n)
        predict = checked_call(
            gradient_boost, X, y, rounds, lambda X, t: ensembles.DecisionStump().fit(X, t).predict, lr
        )
        check_true(callable(predict), "Return a function that predicts, not the predictions.")
        right, start = ensembles.GradientBoosting(rounds, lr).fit(X, y).predict(new), y.mean()
        check_call(
            predict,
            new,
            expected=right,
            rtol=1e-6,
            sizes={"n": n},
            mistakes={
                "Every prediction is off by the mean of y: add the start, too.": right - start,
                "The learning rate is left out when predicting.": start + (right - start) / lr,
            },
        )


# %%
# HIDDEN
def test_no_rounds_and_one_sample(gradient_boost):
    import numpy as np
    from course_utils.checks import check_call, check_true, checked_call

    def fit_base(_, t):
        level = float(np.mean(t))
        return lambda Z: np.full(len(Z), level)

    predict = checked_call(gradient_boost, np.array([[1.0], [2.0]]), np.array([3.0, 5.0]), 0, fit_base, 0.5)
    check_true(callable(predict), "Return a function that predicts, not the predictions.")
    check_call(predict, np.zeros((3, 1)), expected=np.full(3, 4.0))
    predict = checked_call(gradient_boost, np.array([[1.0, 2.0]]), np.array([7.0]), 2, fit_base, 0.5)
    check_call(predict, np.ones((2, 2)), expected=np.full(2, 7.0))


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# Watch your function learn the curve, one stump at a time. In the last picture three learning rates are compared on new data.


# %%
def fit_stump_to_numbers(X, targets):
    return ensembles.DecisionStump().fit(X, targets).predict


if solved(gradient_boost):
    rng = np.random.default_rng(9)
    x, y = (part[0] for part in draw_samples(1, 60, SIGMA, rng))
    x_new, y_new = (part[0] for part in draw_samples(1, 2000, SIGMA, rng))
    fig, axes = plt.subplots(1, 4, figsize=(15, 3.8), width_ratios=(1, 1, 1, 1.4))
    for ax, rounds in zip(axes, (1, 10, 200), strict=False):
        predict = gradient_boost(x[:, None], y, rounds, fit_stump_to_numbers, 0.3)
        ax.plot(x, y, "o", color="0.7", ms=4)
        ax.plot(grid, truth(grid), color=GREEN, ls="-")
        ax.step(grid, predict(grid[:, None]), color=BLUE, ls="--", where="mid")
        ax.set(xlabel="x", ylim=(-2.4, 2.4), title=f"{rounds} stump{'s' if rounds > 1 else ''}, η = 0.3")
    axes[0].set_ylabel("y")
    counts = np.array([1, 2, 4, 8, 16, 32, 64, 128, 256])
    for lr, color, style in ((1.0, RED, ":"), (0.3, BLUE, "--"), (0.05, ORANGE, "-")):
        losses = [
            np.mean(
                (gradient_boost(x[:, None], y, count, fit_stump_to_numbers, lr)(x_new[:, None]) - y_new) ** 2
            )
            for count in counts
        ]
        axes[3].plot(counts, losses, color=color, ls=style, marker="o", label=f"η = {lr}")
    axes[3].axhline(SIGMA**2, color="black", lw=1, ls="-.", label="noise σ²")
    axes[3].set(
        xscale="log",
        ylim=(0, None),
        xlabel="stumps",
        ylabel="mean squared error, new data",
        title="Small steps: slower, and later to overfit",
    )
    axes[3].legend()
    fig.suptitle("Green: the truth. Blue: the sum of stumps")
    plt.show()

# %% [markdown]
# ## 3.9 Choose honestly
#
# Now choose the complexity of a model on real data, in the right way and in two wrong ones. You have 100 patients to learn from, and 20 more to test on. The other 322 of the 442 play the future: in real life you wouldn't have them. The model is the mean of the $m$ nearest neighbours; which $m$?
#
# - **By the training error.** Take the $m$ with the smallest error on the 100, and report that error.
# - **By peeking.** Try every $m$ on the 20 test patients, take the best, and report its test error. It looks like testing.
# - **By cross-validation** on the 100. Test the chosen $m$ once on the 20, and report that.
#
# Each way is repeated on 100 random divisions of the patients.

# %%
if solved(cross_validate):
    X, y = np.vstack([diabetes.X_train, diabetes.X_test]), np.concatenate([diabetes.y_train, diabetes.y_test])
    candidates = neighbours[neighbours <= 70]
    ways = ("training error", "peeking", "cross-validation")
    claimed, real = {way: [] for way in ways}, {way: [] for way in ways}
    for seed in range(100):
        order = np.random.default_rng(seed).permutation(len(y))
        learn, test, future = order[:100], order[100:120], order[120:]
        model = fit_neighbours(X[learn], y[learn])
        on = {
            name: np.array(
                [np.mean((predict_neighbours(m)(model, X[rows]) - y[rows]) ** 2) for m in candidates]
            )
            for name, rows in (("learn", learn), ("test", test), ("future", future))
        }
        folds = [
            cross_validate(
                fit_neighbours, predict_neighbours(m), X[learn], y[learn], 10, np.random.default_rng(seed)
            ).mean()
            for m in candidates
        ]
        for way, choice, report in zip(
            ways,
            (np.argmin(on["learn"]), np.argmin(on["test"]), np.argmin(folds)),
            ("learn", "test", "test"),
            strict=True,
        ):
            claimed[way].append(on[report][choice])
            real[way].append(on["future"][choice])
    fig, (left, right) = plt.subplots(1, 2, figsize=(12, 4))
    for name, color, marker, style, label in (
        ("learn", ORANGE, "s", "--", "the 100 themselves"),
        ("test", RED, "^", ":", "20 test patients"),
        ("future", "black", ".", "-", "322 patients of the future"),
    ):
        left.plot(candidates, np.sqrt(on[name]), color=color, marker=marker, ls=style, label=label)
    left.plot(
        candidates, np.sqrt(folds), color=BLUE, marker="o", ls="-.", label="cross-validation on the 100"
    )
    left.set(
        xscale="log",
        xlabel="neighbours m",
        ylabel="root of the mean squared error",
        ylim=(0, None),
        title="One division: 20 patients make a bumpy curve",
    )
    left.set_xticks([1, 2, 5, 12, 25, 70], ["1", "2", "5", "12", "25", "70"])
    left.minorticks_off()
    left.legend(fontsize=9)
    for offset, values, color, hatch, label in (
        (-0.2, claimed, "0.7", "", "what is reported"),
        (0.2, real, BLUE, "//", "what it is in the future"),
    ):
        heights = [np.sqrt(np.mean(values[way])) for way in ways]
        bars = right.bar(
            np.arange(3) + offset, heights, 0.4, color=color, hatch=hatch, edgecolor="white", label=label
        )
        right.bar_label(bars, fmt="%.1f", padding=2)
    right.set_xticks(range(3), ways)
    right.grid(axis="x", visible=False)
    right.set(
        ylabel="root of the mean squared error",
        ylim=(0, 110),
        title="100 divisions: dishonest choice looks better, does worse",
    )
    right.legend(loc="upper right")
    plt.show()
    print("Squared errors, mean ± standard error over the 100 divisions")
    for way in ways[1:]:
        gap = np.subtract(claimed[way], real[way])
        print(f"  {way}: reported − future = {gap.mean():.0f} ± {gap.std() / 10:.0f}")
    gap = np.subtract(real["peeking"], real["cross-validation"])
    print(f"  in the future, peeking − cross-validation = {gap.mean():.0f} ± {gap.std() / 10:.0f}")

# %% [markdown]
# Honest reading: the training error reports zero and chooses the worst model. Peeking reports several points less than the future brings: of eleven noisy numbers the smallest was chosen, and part of why it is small is luck. And because luck had a say in the choice, the model is slightly worse than the one chosen by cross-validation (last line above). What cross-validation chose is tested by patients that had no say. Its report is right on average (± is a standard error), and no single report is very exact: 20 patients are few.
#
# The difference in what you *get* is small here. The difference in what you *believe* isn't.
#
# ### Predicting a coin
#
# A far worse kind of peeking hides in the preparation. Take 50 people with 2,000 random numbers each, and toss a coin for every label. Nothing can be learnt: on new people every classifier is wrong half of the time. Now keep the 20 columns that go best with the labels, and put a simple classifier on them, the nearest class mean. The only question is whether the columns are chosen **before** the cross-validation, on everybody, or **inside** it, on the training folds alone.


# %%
def best_columns(X, y):
    """The 20 columns that go together best with y."""
    return np.argsort(-np.abs((X - X.mean(axis=0)).T @ (y - y.mean())))[:20]


def fit_class_means(X, y):
    return X[y < 0].mean(axis=0), X[y > 0].mean(axis=0)


def predict_class_means(model, X):
    lower, upper = (np.sum((X - mean) ** 2, axis=1) for mean in model)
    return np.where(upper < lower, 1.0, -1.0)


def fit_chosen(X, y):
    columns = best_columns(X, y)
    return columns, fit_class_means(X[:, columns], y)


def predict_chosen(model, X):
    columns, means = model
    return predict_class_means(means, X[:, columns])


if solved(cross_validate):
    before, inside = [], []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        X, y = rng.normal(size=(50, 2000)), rng.choice([-1.0, 1.0], 50)
        # Labels are ±1, so the squared error of a mistake is 4.
        few = X[:, best_columns(X, y)]
        before.append(cross_validate(fit_class_means, predict_class_means, few, y, 5, rng).mean() / 4)
        inside.append(cross_validate(fit_chosen, predict_chosen, X, y, 5, rng).mean() / 4)
    fig, ax = plt.subplots(figsize=(8, 3.4))
    bins = np.arange(-0.01, 0.9, 0.02)
    ax.hist(
        before, bins, color=ORANGE, hatch="//", edgecolor="white", label="columns chosen before, on everybody"
    )
    ax.hist(inside, bins, color=BLUE, alpha=0.85, label="columns chosen inside each fit")
    ax.axvline(0.5, color="black", ls=":", lw=1.5, label="the truth: a coin")
    ax.set(
        xlabel="error rate by 5-fold cross-validation",
        ylabel="experiments (of 60)",
        title="Choose columns before splitting, and coins look predictable",
    )
    ax.legend()
    plt.show()
    print(f"mean error rate: chosen before {np.mean(before):.1%}, chosen inside {np.mean(inside):.1%}")

# %% [markdown]
# Choosing columns is learning from the labels. Whatever learns belongs in `fit`. Results of exactly this kind have been published about genes, with real patients in place of coins.
#
# ### Patient 310
#
# Back to the question at the top. All choices are made on the 309 training patients with your functions: the number of neighbours and of stumps by cross-validation with the one-standard-error rule. Then, once, the 133 test patients.

# %%
if solved(cross_validate, one_standard_error, bootstrap, bagging_predict, gradient_boost):
    X, y = diabetes.X_train, diabetes.y_train

    def fit_boosted(rounds):
        return lambda X, y: gradient_boost(X, y, rounds, fit_stump_to_numbers, 0.1)

    rounds = np.array([5, 10, 20, 40, 80, 160])
    losses = np.array(
        [
            cross_validate(fit_boosted(r), lambda predict, X: predict(X), X, y, 5, np.random.default_rng(0))
            for r in rounds
        ]
    )
    stumps = rounds[one_standard_error(losses)]
    losses = np.array(
        [
            cross_validate(fit_neighbours, predict_neighbours(m), X, y, 5, np.random.default_rng(0))
            for m in neighbours
        ]
    )
    m = neighbours[one_standard_error(losses)]
    rng = np.random.default_rng(10)
    trees = [fit_tree(*bootstrap(X, y, rng)) for _ in range(100)]
    near = fit_neighbours(X, y)
    A = regression.fit_least_squares(regression.add_bias(X), y)
    contestants = {
        "always the mean": lambda X: np.full(len(X), y.mean()),
        "one full tree": fit_tree(X, y),
        "100 bagged full trees": lambda X: bagging_predict(trees, X),
        f"{stumps} boosted stumps": fit_boosted(stumps)(X, y),
        f"{m} nearest neighbours": lambda X: predict_neighbours(m)(near, X),
        "linear model": lambda X: regression.add_bias(X) @ A,
    }
    errors = {
        name: [
            np.sqrt(np.mean((predict(features) - target) ** 2))
            for features, target in ((X, y), (diabetes.X_test, diabetes.y_test))
        ]
        for name, predict in contestants.items()
    }
    fig, ax = plt.subplots(figsize=(8, 4.4))
    rows = np.arange(len(errors))
    for offset, column, color, hatch, label in (
        (-0.2, 0, "0.7", "", "309 training patients"),
        (0.2, 1, BLUE, "//", "133 test patients"),
    ):
        bars = ax.barh(
            rows + offset,
            [e[column] for e in errors.values()],
            0.4,
            color=color,
            hatch=hatch,
            edgecolor="white",
            label=label,
        )
        ax.bar_label(bars, fmt="%.1f", padding=3)
    ax.set_yticks(rows, list(errors))
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
    ax.set(
        xlabel="root of the mean squared error", xlim=(0, 125), title="Don't ask the tree about patient 310"
    )
    ax.legend(loc="lower right")
    plt.show()

# %% [markdown]
# Honest reading: the tree that knew all 309 answers is no better on new patients than always saying the mean. Averaging a hundred such trees mends most of it. Bagged trees, boosted stumps, neighbours and the linear model end close together, and with 133 test patients small differences in this list are not to be trusted. Where a straight line nearly does the job, clever models have little to win.

# %% [raw]
# # BEGIN QUESTION
# name: honest_estimate
# points: 4
# manual: true

# %% [markdown]
# ### Question 3.10 · What would you ask? · ★★☆ · 10 minutes
#
# A colleague wants to predict from 5,000 gene activities which of **80 patients** will relapse. Her report: "We standardised the data, kept the 30 genes that differ most between the two groups, and compared eight kinds of models with several settings each, 60 in all, by 5-fold cross-validation. The best one has an accuracy of 91 %. When we fit it to all 80 patients, it is right for 80 of 80."
#
# Name **two different** reasons why 91 % is probably too high. For **each**, say how you would do it instead. Then say what the 80 of 80 tell you about bias and variance. Five to eight sentences.

# %% [raw]
# # BEGIN SOLUTION

# %% [markdown]
# **Rubric (4 points):** one point for each of two reasons, half a point for each matching remedy, one point for the 80 of 80.
#
# - [1] *The genes were chosen on all 80 patients.* The held-out patients took part in choosing. Remedy: choose the genes inside `fit`, anew for each fold.
# - [1] *The best of 60 was reported.* The highest of many noisy numbers is high partly by luck. Remedy: test the chosen model once on patients that took no part; or nest: choose by an inner cross-validation within each outer training part, and report the outer losses.
# - [1] *Few patients.* Each fold has 16 patients, and 80 in all: the standard error of an accuracy near 90 % is about 3 points. It makes the number uncertain rather than too high: accept it as a reason only together with the choice among 60.
# - [1] *Standardising on everybody* leaks too, but little, for it doesn't look at labels. Worth the point if said with the remedy (into `fit`).
# - [1] *Imbalance:* if most patients don't relapse, a high accuracy may be that of the commoner class. Worth a point with a baseline as remedy.
# - [1] *Remedies:* one that matches for each of the two reasons. Half of the item for one.
# - [1] *80 of 80:* the training error says nothing about new patients. It shows a low bias, or rather the freedom to fit anything; with 30 genes chosen from 5,000 and 80 patients a high variance is to be expected: overfitting.
#
# "Use more data" alone is no remedy for a leak.

# %% [raw]
# # END SOLUTION

# %% [raw]
# # END QUESTION

# %% [markdown]
# ## Challenge, beyond the grade: testing for free
#
# Each bootstrap sample misses about 37 % of the rows. So every row has models that never saw it. Average *their* predictions for it, and you have an honest estimate of the error of bagging, without holding anything out: the **out-of-bag error**. Write it. You need the row numbers, so draw them yourself.


# %%
def out_of_bag_error(fit, X, y, count, rng):
    """Return the mean squared error of the mean of those of `count` models that didn't see the row.

    fit(X, y) returns a function of X. Rows that every model has seen are left out.
    """
    ...


# %%
if solved(out_of_bag_error):
    X, y = diabetes.X_train, diabetes.y_train
    estimate = out_of_bag_error(fit_tree, X, y, 200, np.random.default_rng(0))
    bag = ensembles.Bagging(fit_tree, lambda tree, X: tree(X), models=200, seed=0).fit(X, y)
    print(f"your out-of-bag error:    {np.sqrt(estimate):.1f}")
    print(f"the course library's:     {np.sqrt(np.mean((bag.out_of_bag - y) ** 2)):.1f}")
    print(
        f"on the 133 test patients: {np.sqrt(np.mean((bag.predict(diabetes.X_test) - diabetes.y_test) ** 2)):.1f}"
    )

# %% [markdown]
# ## What you take with you
#
# - Expected error = **bias²** + **variance** + noise. The expectation is over samples, so one fit shows you neither.
# - **Underfitting** is bias, **overfitting** is variance. Regularisation buys less variance with some bias; more data lowers the variance alone.
# - The training error can't choose. **Cross-validation** can: every sample is tested once, by a model that hasn't seen it.
# - **Bagging** averages free models and lowers the variance. **Boosting** adds stiff ones, each fitted to what is still wrong, and lowers the bias.
# - Everything that learns from the data belongs in `fit`. Whatever had a say in the choice can't be the judge.
#
# ## Test yourself
#
# Answer first, then unfold.
#
# <details><summary>1. Your training error is 2, your validation error 50, and the noise about 1. Would more data help? Would a richer model?</summary>The gap is variance: more data helps, and so does regularisation. A richer model makes it worse.</details>
# <details><summary>2. Training and validation error are both 50, the noise is about 1. What now?</summary>That is bias. A richer model, better features, or boosting; neither more data nor bagging.</details>
# <details><summary>3. You average 10 models with variance 4 each and the same bias 1. What is the error if their mistakes are independent? And if they are all equal?</summary>Independent: 1² + 4/10 = 1.4. Equal: 1² + 4 = 5, nothing is gained.</details>
# <details><summary>4. After one round of AdaBoost, what share of the weight lies on the samples that the stump got wrong?</summary>Exactly one half, whatever ε was between 0 and 1: seen with the new weights, that stump is a coin.</details>
# <details><summary>5. You standardise all features with the mean and spread of the whole data set, then cross-validate. Is that cheating?</summary>A little: the held-out samples have taken part. It rarely matters much, because no labels were looked at. Selecting features by their labels before splitting matters enormously.</details>
#
# **Further reading.** Hastie, Tibshirani and Friedman, *The Elements of Statistical Learning* (2009), chapters 7, 10 and 15 and section 8.7. Geman, Bienenstock and Doursat, *Neural Networks and the Bias/Variance Dilemma* (1992). Breiman, *Bagging Predictors* (1996). Freund and Schapire, *A Decision-Theoretic Generalization of On-Line Learning and an Application to Boosting* (1997). Friedman, *Greedy Function Approximation: A Gradient Boosting Machine* (2001). Ambroise and McLachlan, *Selection Bias in Gene Extraction on the Basis of Microarray Gene-Expression Data* (2002). Cawley and Talbot, *On Over-fitting in Model Selection and Subsequent Selection Bias in Performance Evaluation* (2010).
#
# ## Hand in
#
# Save the notebook (Ctrl+S), then run this cell. It writes the file that you hand in and shows what isn't done yet.

# %%
grader.hand_in()
