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
# name: 01_regression
# init_cell: false
# export_cell: false
# run_tests: false
# generate: true
# tests:
#   files: false
#   ok_format: false

# %% [markdown]
# # 01 · Regression
#
# A doctor measures ten things about a patient today. How far will the diabetes have progressed in a year? Another doctor looks at cells under a microscope. Is this lump malignant?
#
# Both questions ask for a prediction from numbers. In this notebook you build the two oldest answers that still work, **linear** and **logistic** regression, from their formulas. Every later notebook is made of the same parts: a model, a loss, a gradient.
#
# **You will be able to**
#
# - say what we want from a prediction, what we minimise instead, and when the two come apart;
# - fit a straight line, a matrix of weights and a ridge regression in closed form;
# - compute a gradient and check that it is right;
# - turn a score into a probability, and fit it with a loss that is numerically safe;
# - judge honestly whether a model is any good.
#
# **Time:** about 3 hours · **Needs:** NumPy arrays, derivatives, matrix products, eigenvalues · **Points:** 40, of which 36 by checks and 4 for a written answer
#
# **How it works.** Write your answer where you see `...`, run the cell, then run the check under it. A check tells you what kind of mistake it sees. Stars show how hard an exercise is. Hints are folded away: open them when you are stuck, one at a time.

# %%
import matplotlib.pyplot as plt
import numpy as np

from course_utils import data, plotting, regression
from course_utils.checks import Grader, solved
from course_utils.widgets import RidgeExplorer

plotting.use_course_style()
BLUE, ORANGE, GREEN, RED = (plotting.PALETTE[name] for name in ("blue", "orange", "green", "red"))
grader = Grader("01_regression.ipynb")

# %% [markdown]
# ## 1.1 What should a prediction be good at?
#
# A **loss** measures how far one prediction $\hat y$ is from its target $y$. The squared error $(\hat y - y)^2$ is the usual one for numbers: it is never negative, and being off by 2 costs four times as much as being off by 1.
#
# You don't care about the loss on patients whose outcome you already know. You care about the *next* patient. The expected loss on new data is the **risk**:
#
# $$R = \mathbb{E}\left[(\hat y - y)^2\right]$$
#
# You can't compute it: it averages over everyone who might walk in. So you average over the $n$ samples you have. That is the **empirical risk**:
#
# $$\hat R = \frac1n \sum_{i=1}^{n} (\hat y_i - y_i)^2$$
#
# How good a stand-in is it? Below, we always predict 0 for targets from a normal distribution with mean 0 and variance 1, so the risk is exactly 1. Each line is one person drawing more and more samples.

# %%
rng = np.random.default_rng(0)
counts = np.arange(1, 1001)
fig, ax = plt.subplots()
for person in range(5):
    targets = rng.normal(size=1000)
    ax.plot(counts, np.cumsum((0 - targets) ** 2) / counts, lw=1.5, label=f"person {person + 1}")
ax.axhline(1, color="black", ls="-", lw=1, label="the risk")
ax.set(
    xscale="log",
    xlabel="samples seen, n",
    ylabel="empirical risk",
    title="The empirical risk settles on the risk, slowly",
)
ax.legend(ncols=2)
plt.show()

# %% [markdown]
# With 10 samples people disagree by a factor of two; with 1,000 by less than a tenth. The gap to the risk shrinks like $1/\sqrt n$.

# %% [raw]
# # BEGIN QUESTION
# name: empirical_risk
# points: 4
# forbids: [course_utils.regression.mean_squared_error, sklearn.*]

# %% [markdown]
# ### Exercise 1.1 · empirical_risk · ★☆☆ · 5 minutes
#
# Compute the empirical risk under squared error,
#
# $$\hat R = \frac1n \sum_{i=1}^{n} (\hat y_i - y_i)^2.$$
#
# **Shapes:** `predictions` $(n,)$, `targets` $(n,)$ → one number.
#
# **Worked:** predictions $(1, 4)$, targets $(3, 3)$: errors $-2$ and $1$, squares $4$ and $1$, mean $2.5$.
#
# <details><summary>Hint 1</summary>Subtract the two arrays. NumPy does it entry by entry.</details>
# <details><summary>Hint 2</summary>Square first, then average: <code>np.mean(... ** 2)</code>. The other order lets errors of opposite sign cancel.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>n times too large:</b> you summed. Divide by the number of samples.</li>
# <li><b>Zero where it shouldn't be:</b> you averaged the errors before squaring them.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def empirical_risk(predictions, targets):
    """Return the mean squared difference of two arrays of shape (n,)."""
    # BEGIN SOLUTION
    return np.mean((predictions - targets) ** 2)
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_the_mean_of_the_squares(empirical_risk):
    import numpy as np
    from course_utils.checks import check_call

    predictions = np.array([1.0, 4.0, 2.0, 8.0, 5.0, 7.0, 3.0])
    targets = np.array([2.0, 1.0, 2.5, 6.0, 9.0, 7.5, 1.0])
    errors = predictions - targets
    check_call(
        empirical_risk,
        predictions,
        targets,
        expected=np.mean(errors**2),
        sizes={"n": 7},
        mistakes={
            "You took the absolute errors: this loss squares them.": np.mean(np.abs(errors)),
            "You took the root at the end: the empirical risk is the mean of the squares itself.": np.sqrt(
                np.mean(errors**2)
            ),
            "You averaged before squaring, so errors of opposite sign cancel: square first.": np.mean(errors)
            ** 2,
            "You took the median, but the risk is a mean.": np.median(errors**2),
        },
    )


# %%
def test_errors_of_opposite_sign_do_not_cancel(empirical_risk):
    import numpy as np
    from course_utils.checks import check_call

    predictions, targets = np.array([5.0, 1.0, 3.0]), np.array([3.0, 3.0, 3.0])
    check_call(
        empirical_risk,
        predictions,
        targets,
        expected=8 / 3,
        sizes={"n": 3},
        mistakes={"You averaged before squaring, so errors of opposite sign cancel: square first.": 0.0},
    )


# %%
# HIDDEN
def test_random_sizes(empirical_risk):
    import numpy as np
    from course_utils import regression
    from course_utils.checks import check_call

    rng = np.random.default_rng(101)
    for n in (5, 13, 31):
        predictions, targets = rng.normal(size=n), rng.normal(2, 3, size=n)
        errors = predictions - targets
        check_call(
            empirical_risk,
            predictions,
            targets,
            expected=float(regression.mean_squared_error(predictions, targets)),
            sizes={"n": n},
            mistakes={
                "You took the absolute errors: this loss squares them.": np.mean(np.abs(errors)),
                "You took the root at the end: the empirical risk is the mean of the squares itself.": np.sqrt(
                    np.mean(errors**2)
                ),
                "You averaged before squaring, so errors of opposite sign cancel: square first.": np.mean(
                    errors
                )
                ** 2,
                "You took the median, but the risk is a mean.": np.median(errors**2),
            },
        )


# %%
# HIDDEN
def test_one_sample_and_large_errors(empirical_risk):
    import numpy as np
    from course_utils.checks import check_call

    check_call(
        empirical_risk,
        np.array([2.5]),
        np.array([-1.0]),
        expected=12.25,
        mistakes={
            "You took the absolute errors: this loss squares them.": 3.5,
            "With one sample the mean divides by 1, not by n − 1.": np.inf,
        },
    )
    check_call(
        empirical_risk,
        np.array([1e6, 0.0, 1.0]),
        np.array([0.0, 2.0, 4.0]),
        expected=(1e12 + 13) / 3,
        sizes={"n": 3},
        rtol=1e-12,
        mistakes={
            "You averaged before squaring, so errors of opposite sign cancel: square first.": ((1e6 - 5) / 3)
            ** 2
        },
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# ### When a small empirical risk misleads
#
# The average is taken over *your* sample. If the sample is small, chance decides. If it is **biased**, more of it doesn't help.
#
# Below, a rule is fitted to people who came to a gym, then used on everyone. On its own sample the rule looks excellent.

# %%
rng = np.random.default_rng(1)
age = rng.uniform(18, 80, 2000)
pulse = 62 + 0.012 * (age - 40) ** 2 + rng.normal(0, 3, age.size)  # resting pulse against age
at_the_gym = (age > 20) & (age < 45)
few = rng.choice(np.flatnonzero(at_the_gym), 60, replace=False)

slope, offset = np.polyfit(age[few], pulse[few], 1)
inside = np.mean((slope * age[few] + offset - pulse[few]) ** 2)
outside = np.mean((slope * age + offset - pulse) ** 2)
fig, ax = plt.subplots()
ax.scatter(age, pulse, s=5, color="0.75", label="everyone")
ax.scatter(age[few], pulse[few], s=22, color=BLUE, label="the sample: gym-goers")
ages = np.array([18, 80])
ax.plot(ages, slope * ages + offset, color=RED, ls="-", label="line fitted to the sample")
ax.set(
    xlabel="age, years",
    ylabel="resting pulse, beats per minute",
    title=f"Empirical risk {inside:.0f}, risk on everyone {outside:.0f}",
)
ax.legend()
plt.show()

# %% [markdown]
# The line isn't badly fitted. It is fitted to the wrong people. Keep this picture for the written question at the end.
#
# ## 1.2 A straight line
#
# Start with one input $x$ and one output, $\hat y = ax + b$. We want the $a$ and $b$ with the least squared error
#
# $$L(a, b) = \sum_{i=1}^n (a x_i + b - y_i)^2.$$
#
# At the minimum both partial derivatives are zero. The one for $b$ reads
#
# $$\frac{\partial L}{\partial b} = 2\sum_i (a x_i + b - y_i) = 0 \quad\Longrightarrow\quad b = \bar y - a \bar x,$$
#
# so the line passes through the centre of the data. Put that into the one for $a$ and you get
#
# $$a = \frac{\operatorname{cov}(x, y)}{\operatorname{var}(x)} = \frac{\sum_i (x_i - \bar x)(y_i - \bar y)}{\sum_i (x_i - \bar x)^2}.$$

# %% [raw]
# # BEGIN QUESTION
# name: fit_line
# points: 4
# forbids: [course_utils.regression.fit_line, course_utils.regression.fit_least_squares, numpy.polyfit, numpy.linalg.lstsq, scipy.stats.*, sklearn.*]

# %% [markdown]
# ### Exercise 1.2 · fit_line · ★☆☆ · 8 minutes
#
# Fit a straight line by least squares: return the pair $(a, b)$, slope and intercept.
#
# **Shapes:** `x` $(n,)$, `y` $(n,)$ → two numbers.
#
# **Worked:** $x = (0, 1, 2)$, $y = (1, 3, 5)$. Means $1$ and $3$; $\sum(x-\bar x)(y - \bar y) = 4$, $\sum (x - \bar x)^2 = 2$; so $a = 2$, $b = 3 - 2\cdot 1 = 1$.
#
# <details><summary>Hint 1</summary>Centre both arrays first: <code>dx = x - x.mean()</code>.</details>
# <details><summary>Hint 2</summary><code>a</code> is the sum of <code>dx * dy</code> over the sum of <code>dx ** 2</code>; <code>b</code> follows from the means.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>The slope is n/(n − 1) times too large:</b> <code>np.cov</code> divides by n − 1, <code>np.var</code> by n. Use one divisor for both, or none.</li>
# <li><b>The intercept is the mean of y:</b> the line passes through the centre, which isn't at x = 0.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def fit_line(x, y):
    """Return slope a and intercept b of the least-squares line through points x, y of shape (n,)."""
    # BEGIN SOLUTION
    dx, dy = x - x.mean(), y - y.mean()
    a = np.sum(dx * dy) / np.sum(dx**2)
    return a, y.mean() - a * x.mean()
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_points_on_a_line(fit_line):
    import numpy as np
    from course_utils.checks import check_call

    x = np.array([-1.0, 0.5, 2.0, 3.0, 7.0])
    y = 3.0 - 2.0 * x
    check_call(
        fit_line,
        x,
        y,
        expected=(-2.0, 3.0),
        sizes={"n": 5},
        mistakes={
            "The intercept is not the mean of y: subtract slope times the mean of x.": (-2.0, y.mean()),
            "You fitted x from y: the slope divides by the variance of x.": (-0.5, 1.5),
            "np.cov divides by n − 1, np.var by n: use one divisor for both.": (
                -2.5,
                y.mean() + 2.5 * x.mean(),
            ),
        },
    )


# %%
def test_scattered_points(fit_line):
    import numpy as np
    from course_utils.checks import check_call

    x = np.array([1.0, 2.0, 4.0, 8.0, 9.0, 3.0, 6.0])
    y = np.array([2.0, 1.0, 5.0, 3.0, 7.0, 4.0, 4.5])
    a = np.cov(x, y)[0, 1] / np.var(x, ddof=1)
    mixed, through_zero, swapped = 7 / 6 * a, x @ y / (x @ x), np.cov(x, y)[0, 1] / np.var(y, ddof=1)
    correlation = np.corrcoef(x, y)[0, 1]
    b = y.mean() - a * x.mean()
    check_call(
        fit_line,
        x,
        y,
        expected=(a, b),
        sizes={"n": 7},
        mistakes={
            "np.cov divides by n − 1, np.var by n: use one divisor for both.": (
                mixed,
                y.mean() - mixed * x.mean(),
            ),
            "The intercept is not the mean of y: subtract slope times the mean of x.": (a, y.mean()),
            "The intercept has the wrong sign in it: it is ȳ minus slope times x̄.": (
                a,
                y.mean() + a * x.mean(),
            ),
            "You forced the line through the origin: centre x and y first.": (
                through_zero,
                y.mean() - through_zero * x.mean(),
            ),
            "You fitted x from y: the slope divides by the variance of x.": (
                swapped,
                y.mean() - swapped * x.mean(),
            ),
            "That slope is the correlation: divide the covariance by var(x), not by both spreads.": (
                correlation,
                y.mean() - correlation * x.mean(),
            ),
        },
    )


# %%
# HIDDEN
def test_random_points(fit_line):
    import numpy as np
    from course_utils import regression
    from course_utils.checks import check_call

    rng = np.random.default_rng(102)
    for n in (5, 17, 101):
        x, y = rng.normal(3, 2, n), rng.normal(-1, 4, n)
        a, b = (float(value) for value in regression.fit_line(x, y))
        mixed, swapped = n / (n - 1) * a, a * np.var(x) / np.var(y)
        check_call(
            fit_line,
            x,
            y,
            expected=(a, b),
            sizes={"n": n},
            mistakes={
                "np.cov divides by n − 1, np.var by n: use one divisor for both.": (
                    mixed,
                    y.mean() - mixed * x.mean(),
                ),
                "The intercept is not the mean of y: subtract slope times the mean of x.": (a, y.mean()),
                "The intercept has the wrong sign in it: it is ȳ minus slope times x̄.": (
                    a,
                    y.mean() + a * x.mean(),
                ),
                "You fitted x from y: the slope divides by the variance of x.": (
                    swapped,
                    y.mean() - swapped * x.mean(),
                ),
            },
        )


# %%
# HIDDEN
def test_two_points_and_a_flat_line(fit_line):
    import numpy as np
    from course_utils.checks import check_call

    check_call(
        fit_line,
        np.array([2.0, 5.0]),
        np.array([1.0, 7.0]),
        expected=(2.0, -3.0),
        sizes={"n": 2},
        mistakes={
            "np.cov divides by n − 1, np.var by n: use one divisor for both.": (4.0, -10.0),
            "The intercept is not the mean of y: subtract slope times the mean of x.": (2.0, 4.0),
            "You fitted x from y: the slope divides by the variance of x.": (0.5, 2.25),
        },
    )
    check_call(
        fit_line,
        np.array([1.0, 2.0, 4.0]),
        np.array([6.0, 6.0, 6.0]),
        expected=(0.0, 6.0),
        mistakes={"You forced the line through the origin: centre x and y first.": (2.0, 2 / 3)},
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# Now a real question: **how far will the disease have progressed, judging from the body-mass index alone?** The data are 442 patients; 309 of them are for training. The other 133 are kept aside: nobody looks at them before a model is to be judged.

# %%
diabetes = data.load_diabetes_split()
bmi = diabetes.X_train[:, diabetes.feature_names.index("bmi")]
if solved(fit_line):
    a, b = fit_line(bmi, diabetes.y_train)
    ends = np.array([bmi.min(), bmi.max()])
    fig, ax = plt.subplots()
    ax.scatter(bmi, diabetes.y_train, s=12, color="0.6", label="309 patients")
    ax.plot(ends, a * ends + b, color=BLUE, ls="-", label=f"your line: slope {a:.1f}, intercept {b:.1f}")
    ax.set(
        xlabel="body-mass index, standard deviations from the mean",
        ylabel="progression after a year",
        title="Heavier patients tend to fare worse, with a wide spread",
    )
    ax.legend(loc="lower right")
    plt.show()

# %% [markdown]
# The scale of the target has no unit; it runs from 25 to 346. Because the input is standardised, the slope reads: one standard deviation more BMI goes with about 46 points more.
#
# ## 1.3 Many inputs, many outputs
#
# A patient has ten features, not one. Collect the inputs of one sample in $x \in \mathbb{R}^d$ and let a matrix $A$ predict $k$ outputs at once:
#
# $$\hat y = A x, \qquad A \in \mathbb{R}^{k \times d}.$$
#
# Setting the derivative of $\sum_i \lVert A x_i - y_i \rVert^2$ to zero gives $A \sum_i x_i x_i^\top = \sum_i y_i x_i^\top$. With
#
# $$M_{xx} = \sum_i x_i x_i^\top \in \mathbb{R}^{d\times d}, \qquad M_{yx} = \sum_i y_i x_i^\top \in \mathbb{R}^{k \times d}$$
#
# the solution is
#
# $$A = M_{yx} M_{xx}^{-1}.$$
#
# In code, samples are **rows**: `X` is $(n, d)$, `Y` is $(n, k)$. Then $M_{xx} = X^\top X$, $M_{yx} = Y^\top X$, and all predictions at once are $X A^\top$. An intercept is just one more feature that is always 1.

# %% [raw]
# # BEGIN QUESTION
# name: fit_least_squares
# points: 4
# forbids: [course_utils.regression.fit_least_squares, course_utils.regression.fit_ridge, numpy.linalg.lstsq, scipy.linalg.*, sklearn.*]

# %% [markdown]
# ### Exercise 1.3 · fit_least_squares · ★★☆ · 12 minutes
#
# Return $A = M_{yx} M_{xx}^{-1}$. You may assume that $M_{xx}$ can be inverted. Don't invert it, though: *solve* a linear system with it. That is quicker and loses fewer digits.
#
# **Shapes:** `X` $(n, d)$, `Y` $(n, k)$ → $(k, d)$.
#
# **Worked:** $X = \begin{pmatrix}1&0\\0&2\end{pmatrix}$, $Y = \begin{pmatrix}3\\4\end{pmatrix}$: $M_{xx} = \operatorname{diag}(1, 4)$, $M_{yx} = (3, 8)$, $A = (3, 2)$.
#
# <details><summary>Hint 1</summary><code>np.linalg.solve(M, B)</code> returns the S with M S = B. You have A M = B. Transpose both sides.</details>
# <details><summary>Hint 2</summary>M_xx is symmetric, so Aᵀ solves M_xx Aᵀ = M_yxᵀ = Xᵀ Y.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Transposed:</b> outputs are rows of A, inputs are columns.</li>
# <li><b>A shape that doesn't fit:</b> write the shape of every product beside it: <code>X.T @ Y</code> is (d, n)(n, k) = (d, k).</li>
# <li><b>Singular matrix:</b> two features say the same thing. Ridge regression, below, is the cure.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def fit_least_squares(X, Y):
    """Return the (k, d) matrix A with the least sum of ‖A xᵢ − yᵢ‖².

    X is (n, d), Y is (n, k): one sample a row.
    """
    # BEGIN SOLUTION
    return np.linalg.solve(X.T @ X, X.T @ Y).T
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_exact_data(fit_least_squares):
    import numpy as np
    from course_utils.checks import check_call

    X = np.array([[1.0, 2.0], [0.0, 1.0], [3.0, -1.0], [2.0, 2.0], [-1.0, 4.0]])
    A = np.array([[2.0, -1.0], [0.5, 3.0], [1.0, 0.0]])
    Y = X @ A.T
    check_call(
        fit_least_squares,
        X,
        Y,
        expected=A,
        sizes={"n": 5, "d": 2, "k": 3},
        mistakes={
            "Your matrix is transposed: outputs are its rows, inputs its columns.": A.T,
            "You fitted X from Y: the inverse belongs to M_xx.": np.linalg.pinv(Y).dot(X).T,
            "M_xx is missing: you returned M_yx alone.": Y.T @ X,
        },
    )


# %%
def test_noisy_data(fit_least_squares):
    import numpy as np
    from course_utils.checks import check_call

    rng = np.random.default_rng(3)
    X, Y = rng.normal(size=(7, 3)) + 1, rng.normal(size=(7, 5))
    A = np.linalg.lstsq(X, Y, rcond=None)[0].T
    check_call(
        fit_least_squares,
        X,
        Y,
        expected=A,
        sizes={"n": 7, "d": 3, "k": 5},
        rtol=1e-6,
        mistakes={
            "Your matrix is transposed: outputs are its rows, inputs its columns.": A.T,
            "You centred the data, which adds an intercept that the formula doesn't have.": np.linalg.lstsq(
                X - X.mean(0), Y - Y.mean(0), rcond=None
            )[0].T,
            "M_xx is not diagonal: dividing by its diagonal alone ignores how features go together.": Y.T
            @ X
            / np.diag(X.T @ X),
            "M_xx is missing: you returned M_yx alone.": Y.T @ X,
        },
    )


# %%
# HIDDEN
def test_random_shapes(fit_least_squares):
    import numpy as np
    from course_utils import regression
    from course_utils.checks import check_call

    rng = np.random.default_rng(103)
    for n, d, k in ((11, 3, 2), (23, 5, 7), (13, 7, 3)):
        X, Y = rng.normal(size=(n, d)) - 0.5, rng.normal(size=(n, k))
        A = regression.fit_least_squares(X, Y)
        check_call(
            fit_least_squares,
            X,
            Y,
            expected=A,
            sizes={"n": n, "d": d, "k": k},
            rtol=1e-6,
            atol=1e-8,
            mistakes={
                "Your matrix is transposed: outputs are its rows, inputs its columns.": A.T,
                "You centred the data, which adds an intercept that the formula doesn't have.": np.linalg.lstsq(
                    X - X.mean(0), Y - Y.mean(0), rcond=None
                )[0].T,
                "M_xx is not diagonal: dividing by its diagonal alone ignores how features go together.": Y.T
                @ X
                / np.diag(X.T @ X),
                "You fitted X from Y: the inverse belongs to M_xx.": np.linalg.pinv(Y).dot(X).T,
                "M_xx is missing: you returned M_yx alone.": Y.T @ X,
            },
        )


# %%
# HIDDEN
def test_one_feature_one_output_and_as_many_samples_as_features(fit_least_squares):
    import numpy as np
    from course_utils import regression
    from course_utils.checks import check_call

    X, Y = np.array([[1.0], [2.0], [4.0]]), np.array([[3.0], [1.0], [5.0]])
    check_call(
        fit_least_squares,
        X,
        Y,
        expected=np.array([[25 / 21]]),
        sizes={"n": 3},
        mistakes={
            "You fitted X from Y: the inverse belongs to M_xx.": np.array([[25 / 35]]),
            "M_xx is missing: you returned M_yx alone.": np.array([[25.0]]),
        },
    )
    rng = np.random.default_rng(113)
    X, Y = rng.normal(size=(5, 5)) + 3 * np.eye(5), rng.normal(size=(5, 2))
    check_call(
        fit_least_squares,
        X,
        Y,
        expected=regression.fit_least_squares(X, Y),
        rtol=1e-6,
        atol=1e-8,
        sizes={"d": 5, "k": 2},
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# ## 1.4 The gradient
#
# You could solve for $A$ because its loss is a simple bowl. Most losses aren't. What always helps is to know which way is downhill.
#
# The **gradient** $\nabla L$ collects the partial derivatives of $L$. It points where $L$ grows fastest. Two facts to see, not only to read:
#
# - The gradient is **orthogonal to the contour**. Along a contour $L$ doesn't change, so no part of the gradient lies along it.
# - Where $\nabla L = 0$ the surface is flat: a **stationary point**. That can be a minimum, a maximum, or a saddle: down one way, up another.

# %%
u = np.linspace(-2, 2, 101)
U, V = np.meshgrid(u, u)
surfaces = {
    "a bowl: minimum": (U**2 + 2.5 * V**2 + U * V, lambda p, q: (2 * p + q, 5 * q + p)),
    "a saddle: flat, but no minimum": (U**2 - V**2, lambda p, q: (2 * p, -2 * q)),
}
fig, axes = plt.subplots(1, 2, figsize=(9, 4.4))
for ax, (title, (L, gradient)) in zip(axes, surfaces.items(), strict=True):
    contours = ax.contour(U, V, L, levels=12, cmap="cividis", linestyles="-", linewidths=1.2)
    for p, q in ((1.2, 0.5), (-1.0, 1.1), (-0.9, -1.2), (1.1, -1.0)):
        g = np.array(gradient(p, q))
        ax.quiver(
            p,
            q,
            *(0.7 * g / np.linalg.norm(g)),
            color=RED,
            angles="xy",
            scale_units="xy",
            scale=1,
            width=0.012,
        )
    ax.plot(0, 0, "o", color="black")
    ax.set(xlabel="first weight", ylabel="second weight", title=title, aspect="equal")
fig.suptitle("Red: the direction of the gradient, always across the contours")
plt.show()

# %% [markdown]
# For the mean squared error of a linear model,
#
# $$L(A) = \frac1n \sum_{i=1}^n \lVert A x_i - y_i \rVert^2,$$
#
# each entry is $\dfrac{\partial L}{\partial A_{pq}} = \dfrac2n \sum_i (A x_i - y_i)_p \, (x_i)_q$. In one line:
#
# $$\nabla L(A) = \frac2n \left(A X^\top - Y^\top\right) X.$$

# %% [raw]
# # BEGIN QUESTION
# name: squared_error_gradient
# points: 4
# forbids: [course_utils.regression.squared_error_gradient, torch.*]

# %% [markdown]
# ### Exercise 1.4 · squared_error_gradient · ★★☆ · 12 minutes
#
# Return $\nabla L(A)$ for the **mean** squared error above.
#
# **Shapes:** `A` $(k, d)$, `X` $(n, d)$, `Y` $(n, k)$ → $(k, d)$, the shape of `A`.
#
# **Worked:** one feature, one output, $A = 1$, $x = (1, 2)$, $y = (0, 0)$: errors $1, 2$; $\nabla L = \frac22 (1\cdot 1 + 2 \cdot 2) = 5$.
#
# <details><summary>Hint 1</summary>First the errors, one row a sample: <code>X @ A.T - Y</code>, shape (n, k).</details>
# <details><summary>Hint 2</summary>Errors (n, k) and inputs (n, d) must become (k, d): transpose the errors and multiply.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Half:</b> the 2 from the square is missing. <b>n times too large:</b> the loss is a mean.</li>
# <li><b>Wrong sign:</b> it is prediction minus target.</li>
# <li><b>Not sure?</b> Change one entry of A by 1e-6 and see by how much the loss changes. The cell after this exercise does that for you.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def squared_error_gradient(A, X, Y):
    """Return the gradient, (k, d), of the mean of ‖A xᵢ − yᵢ‖² with respect to A.

    A is (k, d), X is (n, d), Y is (n, k).
    """
    # BEGIN SOLUTION
    errors = X @ A.T - Y
    return 2 / len(X) * errors.T @ X
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_a_small_case(squared_error_gradient):
    import numpy as np
    from course_utils.checks import check_call

    A = np.array([[1.0, -2.0]])
    X = np.array([[1.0, 2.0], [3.0, 0.0], [-1.0, 1.0]])
    Y = np.array([[0.5], [-1.0], [2.0]])
    errors = X @ A.T - Y
    gradient = 2 / 3 * errors.T @ X
    check_call(
        squared_error_gradient,
        A,
        X,
        Y,
        expected=gradient,
        sizes={"n": 3},
        mistakes={
            "The 2 from differentiating the square is missing.": gradient / 2,
            "The loss is a mean over samples, not a sum: divide by n.": 3 * gradient,
            "The sign is reversed: the error is prediction minus target.": -gradient,
            "Your gradient is transposed: it has the shape of A.": gradient.T,
            "Only the last sample counts: add up over all of them.": 2 / 3 * errors[-1:].T @ X[-1:],
        },
    )


# %%
def test_several_outputs(squared_error_gradient):
    import numpy as np
    from course_utils.checks import check_call

    rng = np.random.default_rng(4)
    A, X, Y = rng.normal(size=(5, 3)), rng.normal(size=(7, 3)), rng.normal(size=(7, 5))
    errors = X @ A.T - Y
    gradient = 2 / 7 * errors.T @ X
    check_call(
        squared_error_gradient,
        A,
        X,
        Y,
        expected=gradient,
        sizes={"n": 7, "d": 3, "k": 5},
        mistakes={
            "The 2 from differentiating the square is missing.": gradient / 2,
            "The loss is a mean over samples, not a sum: divide by n.": 7 * gradient,
            "You averaged over outputs as well: divide by n only.": gradient / 5,
            "You divided by the number of features: average over samples (rows).": gradient * 7 / 3,
            "The sign is reversed: the error is prediction minus target.": -gradient,
            "Your gradient is transposed: it has the shape of A.": gradient.T,
            "Only the last sample counts: add up over all of them.": 2 / 7 * errors[-1:].T @ X[-1:],
        },
    )


# %%
# HIDDEN
def test_random_shapes(squared_error_gradient):
    import numpy as np
    from course_utils import regression
    from course_utils.checks import check_call

    rng = np.random.default_rng(104)
    for n, d, k in ((11, 2, 3), (5, 7, 2), (13, 3, 7)):
        A, X, Y = rng.normal(size=(k, d)), rng.normal(size=(n, d)), rng.normal(size=(n, k))
        gradient = regression.squared_error_gradient(A, X, Y)
        errors = X @ A.T - Y
        check_call(
            squared_error_gradient,
            A,
            X,
            Y,
            expected=gradient,
            sizes={"n": n, "d": d, "k": k},
            mistakes={
                "The 2 from differentiating the square is missing.": gradient / 2,
                "The loss is a mean over samples, not a sum: divide by n.": n * gradient,
                "You averaged over outputs as well: divide by n only.": gradient / k,
                "You divided by the number of features: average over samples (rows).": gradient * n / d,
                "The sign is reversed: the error is prediction minus target.": -gradient,
                "Your gradient is transposed: it has the shape of A.": gradient.T,
                "Only the last sample counts: add up over all of them.": 2 / n * errors[-1:].T @ X[-1:],
            },
        )


# %%
# HIDDEN
def test_one_sample_and_the_minimum(squared_error_gradient):
    import numpy as np
    from course_utils import regression
    from course_utils.checks import check_call, check_true

    A, X, Y = np.array([[2.0, 1.0, -1.0]]), np.array([[1.0, 3.0, 2.0]]), np.array([[5.0]])
    gradient = np.array([[-4.0, -12.0, -8.0]])
    check_call(
        squared_error_gradient,
        A,
        X,
        Y,
        expected=gradient,
        mistakes={
            "The 2 from differentiating the square is missing.": gradient / 2,
            "The sign is reversed: the error is prediction minus target.": -gradient,
            "Your gradient is transposed: it has the shape of A.": gradient.T,
            "You divided by the number of features: average over samples (rows).": gradient / 3,
        },
    )
    rng = np.random.default_rng(114)
    X, Y = rng.normal(size=(17, 3)), rng.normal(size=(17, 2))
    best = regression.fit_least_squares(X, Y)
    at_minimum = squared_error_gradient(best, X, Y)
    check_true(np.shape(at_minimum) == (2, 3), "Your gradient should have the shape of A.")
    check_true(
        np.allclose(at_minimum, 0, atol=1e-8),
        "At the least-squares solution the gradient should be zero, and yours is not.",
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# Never trust a gradient you haven't checked. Nudge one entry by $\pm h$ and compare: the centred difference $\frac{L(A + h) - L(A - h)}{2h}$ is accurate to $h^2$.

# %%
if solved(squared_error_gradient, empirical_risk):
    rng = np.random.default_rng(5)
    A, X, Y = rng.normal(size=(1, 3)), rng.normal(size=(7, 3)), rng.normal(size=(7, 1))
    h, numerical = 1e-5, np.zeros_like(A)
    for j in range(3):
        nudge = np.zeros_like(A)
        nudge[0, j] = h
        up, down = (empirical_risk((X @ (A + s * nudge).T)[:, 0], Y[:, 0]) for s in (1, -1))
        numerical[0, j] = (up - down) / (2 * h)
    print("yours:    ", squared_error_gradient(A, X, Y))
    print("numerical:", numerical)

# %% [markdown]
# ## 1.5 Bowls: positive definite matrices
#
# When is a stationary point a minimum? Look at a quadratic $q(v) = v^\top M v$ with a symmetric matrix $M$.
#
# - $M$ is **positive definite** if $v^\top M v > 0$ for every $v \neq 0$: a bowl, one lowest point.
# - $M$ is **positive semi-definite** if $v^\top M v \ge 0$ for every $v$: never below zero, but it may have a flat valley.
#
# Both can be read off the **eigenvalues**: all $> 0$, or all $\ge 0$. Along an eigenvector the quadratic is just its eigenvalue times $\lVert v \rVert^2$.
#
# $M_{xx} = \sum_i x_i x_i^\top$ is always positive semi-definite, because $v^\top M_{xx} v = \sum_i (x_i^\top v)^2$ is a sum of squares. It is flat along $v$ if no sample has a component along $v$. Adding $\lambda I$ with $\lambda > 0$ lifts every eigenvalue by $\lambda$: now it is positive definite, and can be inverted.

# %%
matrices = {
    "eigenvalues 3, 1: a bowl": np.array([[2.0, 1.0], [1.0, 2.0]]),
    "eigenvalues 2, 0: a valley": np.array([[1.0, 1.0], [1.0, 1.0]]),
    "eigenvalues 3, −1: a saddle": np.array([[1.0, 2.0], [2.0, 1.0]]),
}
fig, axes = plt.subplots(1, 3, figsize=(11, 3.8), subplot_kw={"projection": "3d"})
for ax, (title, M) in zip(axes, matrices.items(), strict=True):
    height = M[0, 0] * U**2 + 2 * M[0, 1] * U * V + M[1, 1] * V**2
    ax.plot_surface(U, V, height, cmap="cividis", linewidth=0, rcount=40, ccount=40)
    ax.set(xlabel="$v_1$", ylabel="$v_2$", title=title, xticks=[-2, 0, 2], yticks=[-2, 0, 2])
fig.suptitle("$v^\\top M v$: all three matrices have only positive entries")
plt.show()

# %% [markdown]
# Two traps. Positive *entries* say nothing: the matrix on the right has only positive ones, and a saddle. And a positive *determinant* doesn't either: $-I$ in two dimensions has determinant $+1$.

# %% [raw]
# # BEGIN QUESTION
# name: is_positive_semidefinite
# points: 4
# forbids: [course_utils.regression.is_positive_semidefinite, course_utils.regression.is_positive_definite]

# %% [markdown]
# ### Exercise 1.5 · is_positive_semidefinite · ★★☆ · 10 minutes
#
# Return `True` if the square matrix $M$ is symmetric and positive semi-definite, otherwise `False`.
#
# Rounding turns an exact 0 into something like $-10^{-16}$ times the largest eigenvalue. Accept that: call an eigenvalue negative only if it is below $-10^{-10}$ times the largest absolute eigenvalue. A matrix that isn't symmetric gets `False`; two entries count as equal if they differ by at most $10^{-10}$ times the largest absolute entry.
#
# **Shapes:** `M` $(d, d)$ → `True` or `False`.
#
# **Worked:** $\begin{pmatrix}1&2\\2&1\end{pmatrix}$ has the eigenvalues $3$ and $-1$: `False`. $\begin{pmatrix}1&1\\1&1\end{pmatrix}$ has $2$ and $0$: `True`.
#
# <details><summary>Hint 1</summary><code>np.linalg.eigvalsh</code> returns the eigenvalues of a symmetric matrix. It looks at one triangle only, so test the symmetry yourself, first.</details>
# <details><summary>Hint 2</summary>The tolerance grows with the matrix: compare with <code>-1e-10 * np.abs(values).max()</code>.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>[[1, 2], [2, 1]] comes out True:</b> you looked at entries or at the determinant, not at eigenvalues.</li>
# <li><b>A true valley comes out False:</b> no tolerance, or one that doesn't grow with the matrix.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def is_positive_semidefinite(M):
    """Return whether the (d, d) matrix M is symmetric with no eigenvalue below zero, up to rounding."""
    # BEGIN SOLUTION
    if np.abs(M - M.T).max() > 1e-10 * np.abs(M).max():
        return False
    values = np.linalg.eigvalsh(M)
    return bool(values.min() >= -1e-10 * np.abs(values).max())
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_entries_and_determinants_do_not_decide(is_positive_semidefinite):
    import numpy as np
    from course_utils.checks import check_call

    entries = {
        "Its entries are positive, yet it has a negative eigenvalue: look at eigenvalues, not entries.": True
    }
    determinant = {
        "Its determinant is positive, yet both eigenvalues are negative: look at eigenvalues.": True
    }
    negative_entry = {"A negative entry doesn't make an eigenvalue negative.": False}
    check_call(
        is_positive_semidefinite, np.array([[2.0, -1.0], [-1.0, 2.0]]), expected=True, mistakes=negative_entry
    )
    check_call(is_positive_semidefinite, np.array([[1.0, 2.0], [2.0, 1.0]]), expected=False, mistakes=entries)
    check_call(
        is_positive_semidefinite, np.array([[-1.0, 0.0], [0.0, -1.0]]), expected=False, mistakes=determinant
    )


# %%
def test_a_valley_counts_and_asymmetry_does_not(is_positive_semidefinite):
    import numpy as np
    from course_utils.checks import check_call

    B = np.array([[1.0, 2.0], [0.1, -1.0], [3.0, 0.7], [-2.0, 1.3], [0.3, 0.9]])
    valley = {"Its smallest eigenvalues are 0 up to rounding, which is allowed: leave a tolerance.": False}
    asymmetric = {"This matrix is not symmetric: test that first.": True}
    check_call(is_positive_semidefinite, B @ B.T, expected=True, mistakes=valley)
    check_call(
        is_positive_semidefinite, np.array([[2.0, 1.0], [0.0, 2.0]]), expected=False, mistakes=asymmetric
    )


# %%
# HIDDEN
def test_random_matrices(is_positive_semidefinite):
    import numpy as np
    from course_utils.checks import check_call

    rng = np.random.default_rng(105)
    for d in (2, 3, 5, 7):
        B = rng.normal(size=(d, d - 1))
        orthogonal = np.linalg.qr(rng.normal(size=(d, d)))[0]
        values = np.linspace(1, 2, d)
        saddle = orthogonal @ np.diag(np.where(np.arange(d) == d - 1, -0.5, values)) @ orthogonal.T
        saddle = (saddle + saddle.T) / 2
        check_call(
            is_positive_semidefinite,
            B @ B.T,
            expected=True,
            mistakes={
                "Its smallest eigenvalues are 0 up to rounding, which is allowed: leave a tolerance.": False
            },
        )
        check_call(
            is_positive_semidefinite,
            saddle,
            expected=False,
            mistakes={"This matrix has one negative eigenvalue, which is enough to make a saddle.": True},
        )
        check_call(
            is_positive_semidefinite,
            -saddle @ saddle,
            expected=False,
            mistakes={"All eigenvalues of this matrix are negative.": True},
        )


# %%
# HIDDEN
def test_tolerance_and_extremes(is_positive_semidefinite):
    import numpy as np
    from course_utils.checks import check_call

    scaled = {"The tolerance must grow and shrink with the matrix: this one is small, and indefinite.": True}
    large = {
        "The tolerance must grow with the matrix: this one is large, and its negative eigenvalues are rounding.": False
    }
    slight = {
        "A negative eigenvalue a million times smaller than the largest is still more than rounding.": True
    }
    asymmetric = {"This matrix is not symmetric: test that first.": True}
    rounded = {"Allow for rounding when you test the symmetry.": False}
    B = np.random.default_rng(115).normal(size=(7, 2))
    cases = [
        (1e-13 * np.array([[1.0, 2.0], [2.0, 1.0]]), False, scaled),
        (1e9 * (B @ B.T), True, large),
        (np.diag([1.0, -1e-6]), False, slight),
        (np.diag([2.0, -1e-12]), True, large),
        (np.array([[3.0, 1e-4], [0.0, 3.0]]), False, asymmetric),
        (np.array([[3.0, 1e-6], [0.0, 3.0]]), False, asymmetric),
        (1e-12 * np.array([[3.0, 1.0], [0.0, 3.0]]), False, asymmetric),
        (np.array([[0.3, 0.1 + 0.2, 0.0], [0.3, 0.4, 0.0], [0.0, 0.0, 1.0]]), True, rounded),
        (np.array([[3.0, 1e-12], [0.0, 3.0]]), True, rounded),
        (np.zeros((3, 3)), True, {"The zero matrix is a (very flat) valley.": False}),
        (np.array([[5.0]]), True, {}),
        (np.array([[-5.0]]), False, {}),
    ]
    for M, expected, mistakes in cases:
        check_call(is_positive_semidefinite, M, expected=expected, mistakes=mistakes)


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# ## 1.6 Ridge regression: trading bias for variance
#
# With many features and few samples, least squares chases noise: the weights that fit *your* sample best are wild. Ridge regression charges a price for large weights:
#
# $$L(A) = \sum_i \lVert A x_i - y_i \rVert^2 + \lambda \sum_{ij} A_{ij}^2 \qquad\Longrightarrow\qquad A = M_{yx} (M_{xx} + \lambda I)^{-1}.$$
#
# The $\lambda I$ also makes the matrix positive definite, so the inverse exists even with more features than samples.
#
# - **Small λ:** you follow the sample closely. Another sample would give quite another $A$: high **variance**.
# - **Large λ:** all weights shrink towards 0, whatever the sample says: high **bias**.

# %% [raw]
# # BEGIN QUESTION
# name: fit_ridge
# points: 4
# forbids: [course_utils.regression.fit_ridge, sklearn.*]

# %% [markdown]
# ### Exercise 1.6 · fit_ridge · ★★☆ · 8 minutes
#
# Return $A = M_{yx} (M_{xx} + \lambda I)^{-1}$. Here the data term is the **sum** over samples, not the mean.
#
# **Shapes:** `X` $(n, d)$, `Y` $(n, k)$, `lam` a number $> 0$ → $(k, d)$.
#
# **Worked:** $X = \begin{pmatrix}1&0\\0&2\end{pmatrix}$, $Y = \begin{pmatrix}3\\4\end{pmatrix}$, $\lambda = 1$: $M_{xx} + I = \operatorname{diag}(2, 5)$, $A = (1.5, 1.6)$.
#
# <details><summary>Hint 1</summary>One term more than in exercise 1.3.</details>
# <details><summary>Hint 2</summary>λI is <code>lam * np.eye(d)</code>. Adding the number <code>lam</code> alone adds it to every entry.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>λ is n times too strong or too weak:</b> you averaged one of the two terms and not the other.</li>
# <li><b>Every entry of M_xx grew:</b> NumPy added the number λ everywhere. It belongs on the diagonal.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def fit_ridge(X, Y, lam):
    """Return the (k, d) matrix A with the least Σ ‖A xᵢ − yᵢ‖² + lam Σ Aᵢⱼ².

    X is (n, d), Y is (n, k), lam is a positive number.
    """
    # BEGIN SOLUTION
    M = X.T @ X + lam * np.eye(X.shape[1])
    return np.linalg.solve(M, X.T @ Y).T
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_the_penalty_belongs_on_the_diagonal(fit_ridge):
    import numpy as np
    from course_utils.checks import check_call

    X = np.array([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]])
    Y = np.array([[3.0], [4.0], [-1.0]])
    M, B, identity = X.T @ X, X.T @ Y, np.eye(2)
    check_call(
        fit_ridge,
        X,
        Y,
        0.5,
        expected=np.linalg.solve(M + 0.5 * identity, B).T,
        sizes={"n": 3, "d": 2},
        mistakes={
            "You added λ to every entry: λI changes the diagonal only.": np.linalg.solve(M + 0.5, B).T,
            "λ makes no difference in your answer: it is plain least squares.": np.linalg.solve(M, B).T,
            "Your matrix is transposed: outputs are its rows, inputs its columns.": np.linalg.solve(
                M + 0.5 * identity, B
            ),
            "Your λ is n times too strong: you averaged XᵀX but not λI.": np.linalg.solve(
                M + 1.5 * identity, B
            ).T,
            "Your λ is n times too weak: here both terms are sums.": np.linalg.solve(
                M + 0.5 / 3 * identity, B
            ).T,
            "λ has the wrong sign: it is added.": np.linalg.solve(M - 0.5 * identity, B).T,
            "λ is not squared in the penalty.": np.linalg.solve(M + 0.25 * identity, B).T,
        },
    )


# %%
def test_several_outputs(fit_ridge):
    import numpy as np
    from course_utils.checks import check_call

    rng = np.random.default_rng(6)
    X, Y, lam = rng.normal(size=(7, 3)), rng.normal(size=(7, 5)), 2.5
    M, B, identity = X.T @ X, X.T @ Y, np.eye(3)
    check_call(
        fit_ridge,
        X,
        Y,
        lam,
        expected=np.linalg.solve(M + lam * identity, B).T,
        sizes={"n": 7, "d": 3, "k": 5},
        mistakes={
            "You added λ to every entry: λI changes the diagonal only.": np.linalg.solve(M + lam, B).T,
            "λ makes no difference in your answer: it is plain least squares.": np.linalg.solve(M, B).T,
            "Your λ is n times too strong: you averaged XᵀX but not λI.": np.linalg.solve(
                M + 7 * lam * identity, B
            ).T,
            "Your λ is n times too weak: here both terms are sums.": np.linalg.solve(
                M + lam / 7 * identity, B
            ).T,
            "λ has the wrong sign: it is added.": np.linalg.solve(M - lam * identity, B).T,
            "You left the last feature unpenalised: here every weight pays.": np.linalg.solve(
                M + lam * np.diag([1.0, 1.0, 0.0]), B
            ).T,
        },
    )


# %%
# HIDDEN
def test_random_shapes(fit_ridge):
    import numpy as np
    from course_utils import regression
    from course_utils.checks import check_call

    rng = np.random.default_rng(106)
    for n, d, k, lam in ((11, 3, 2, 0.1), (5, 7, 3, 1.5), (13, 2, 5, 30.0)):
        X, Y = rng.normal(size=(n, d)) + 0.5, rng.normal(size=(n, k))
        M, B, identity = X.T @ X, X.T @ Y, np.eye(d)
        check_call(
            fit_ridge,
            X,
            Y,
            lam,
            expected=regression.fit_ridge(X, Y, lam),
            sizes={"n": n, "d": d, "k": k},
            mistakes={
                "You added λ to every entry: λI changes the diagonal only.": np.linalg.lstsq(
                    M + lam, B, rcond=None
                )[0].T,
                "λ makes no difference in your answer: it is plain least squares.": np.linalg.lstsq(
                    M, B, rcond=None
                )[0].T,
                "Your λ is n times too strong: you averaged XᵀX but not λI.": np.linalg.solve(
                    M + n * lam * identity, B
                ).T,
                "Your λ is n times too weak: here both terms are sums.": np.linalg.solve(
                    M + lam / n * identity, B
                ).T,
                "You left the last feature unpenalised: here every weight pays.": np.linalg.lstsq(
                    M + lam * np.diag([1.0] * (d - 1) + [0.0]), B, rcond=None
                )[0].T,
            },
        )


# %%
# HIDDEN
def test_tiny_and_huge_penalties(fit_ridge):
    import numpy as np
    from course_utils import regression
    from course_utils.checks import check_call

    rng = np.random.default_rng(116)
    X, Y = rng.normal(size=(11, 1)), rng.normal(size=(11, 2))
    check_call(
        fit_ridge,
        X,
        Y,
        1e-12,
        expected=regression.fit_least_squares(X, Y),
        rtol=1e-6,
        sizes={"n": 11, "k": 2},
    )
    M, B = X.T @ X, X.T @ Y
    check_call(
        fit_ridge,
        X,
        Y,
        1e8,
        expected=(B / (M + 1e8)).T,
        atol=1e-16,
        rtol=1e-6,
        sizes={"n": 11, "k": 2},
        mistakes={"Your λ is n times too strong: you averaged XᵀX but not λI.": (B / (M + 11e8)).T},
    )
    twin = np.hstack([X, X])  # singular without the penalty
    check_call(
        fit_ridge,
        twin,
        Y,
        0.3,
        expected=regression.fit_ridge(twin, Y, 0.3),
        rtol=1e-6,
        sizes={"n": 11},
        mistakes={
            "λ makes no difference in your answer: it is plain least squares.": regression.fit_least_squares(
                twin, Y
            )
        },
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# See the trade. Below, **your** `fit_ridge` is fitted to 200 small samples of 25 patients, for each of many λ. Each thin line follows one sample's weight for BMI. The band is their spread.

# %%
if solved(fit_ridge):
    rng = np.random.default_rng(7)
    lams = np.logspace(-1, 4, 26)
    centred = diabetes.y_train[:, None] - diabetes.y_train.mean()
    draws = [rng.choice(len(centred), 25, replace=False) for _ in range(200)]
    column = diabetes.feature_names.index("bmi")
    weights = np.array(
        [[fit_ridge(diabetes.X_train[d], centred[d], lam)[0, column] for lam in lams] for d in draws]
    )
    fig, ax = plt.subplots()
    ax.plot(lams, weights[:30].T, color="0.75", lw=0.8, ls="-")
    ax.fill_between(
        lams, *np.percentile(weights, [10, 90], axis=0), color=BLUE, alpha=0.25, label="80 % of the samples"
    )
    ax.plot(lams, weights.mean(axis=0), color=BLUE, ls="-", label="average over samples")
    full = fit_ridge(diabetes.X_train, centred, 1e-6)[0, column]
    ax.axhline(full, color="black", lw=1, ls="--", label="least squares on all 309 patients")
    ax.set(
        xscale="log",
        xlabel="λ",
        ylabel="weight of BMI",
        title="Small λ: wide spread (variance). Large λ: pulled to 0 (bias)",
        ylim=(-35, 95),
    )
    ax.legend(loc="upper right")
    plt.show()

# %% [markdown]
# Now move λ yourself. In the first widget a polynomial of high degree is fitted to a few noisy points. Drag the slider, or select it and use the arrow keys.
#
# 1. Start at the far left. The curve passes near every point. What is the training error? And the test error?
# 2. Move right until the test error is smallest. What happened to the coefficients on the way?
# 3. Go on to the far right. Which two errors agree now, and why is that no comfort?

# %%
RidgeExplorer()

# %% [markdown]
# The same on the diabetes data, where you can't see a curve. Predicted is drawn against true; on the dashed diagonal they agree.

# %%
RidgeExplorer(
    diabetes.X_train, diabetes.y_train, diabetes.X_test, diabetes.y_test, feature_names=diabetes.feature_names
)

# %% [markdown]
# One warning. The widget shows the *test* error for every λ, so that you can see the trade. If you choose λ by it, the test set has become part of the training, and its error no longer tells you the risk. In section 1.10 you choose λ on a separate **validation** set.
#
# ## 1.7 From a score to a probability
#
# Is this lump malignant? The answer is yes or no, so a straight line won't do. But a linear **score** (or *logit*) $z = w^\top x$ is still a good start. Squash it into $(0, 1)$ and read it as a probability:
#
# $$P(y = 1 \mid x) = \sigma(w^\top x), \qquad \sigma(z) = \frac{1}{1 + e^{-z}}.$$
#
# $\sigma(0) = \tfrac12$, and $\sigma(-z) = 1 - \sigma(z)$. A logit is the logarithm of the odds: $z = \log\frac{p}{1-p}$.

# %%
z = np.linspace(-8, 8, 201)
fig, ax = plt.subplots(figsize=(7, 3.2))
ax.plot(z, 1 / (1 + np.exp(-z)), color=BLUE, ls="-")
ax.axvline(0, color="black", lw=1, ls=":")
ax.set(
    xlabel="score z", ylabel="probability σ(z)", title="A score of 0 means even odds; ±4 is all but certain"
)
plt.show()

# %% [raw]
# # BEGIN QUESTION
# name: sigmoid
# points: 4
# forbids: [course_utils.regression.sigmoid, torch.*]

# %% [markdown]
# ### Exercise 1.7 · sigmoid · ★★☆ · 8 minutes
#
# Compute $\sigma(z)$ for every entry of an array. It must be right for $z = \pm 1000$ too: $e^{1000}$ is too large for a float, so the formula you choose matters. NaN is never right.
#
# **Shapes:** `z` of any shape → the same shape.
#
# **Worked:** $\sigma(0) = 0.5$; $\sigma(\log 3) = \frac{1}{1 + 1/3} = 0.75$.
#
# <details><summary>Hint 1</summary><code>np.exp</code> of a large <i>negative</i> number is simply 0. Only large positive ones overflow.</details>
# <details><summary>Hint 2</summary>Let e = exp(−|z|), which never overflows. Then σ(z) is 1/(1 + e) for z ≥ 0 and e/(1 + e) for z &lt; 0. <code>np.where</code> chooses between them.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>You get 1 − σ(z):</b> the sign in the exponent.</li>
# <li><b>NaN at 1000:</b> you divided infinity by infinity.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def sigmoid(z):
    """Return 1 / (1 + exp(−z)) for every entry of z, of any shape, without NaN at ±1000."""
    # BEGIN SOLUTION
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_known_values(sigmoid):
    import numpy as np
    from course_utils.checks import check_call

    z = np.array([0.0, np.log(3), -np.log(3), 2.0, -5.0])
    s = 1 / (1 + np.exp(-z))
    check_call(
        sigmoid,
        z,
        expected=s,
        mistakes={
            "You computed 1 − σ(z): the exponent is −z.": 1 - s,
            "That is tanh, which runs from −1 to 1: σ runs from 0 to 1.": np.tanh(z),
            "That is tanh(z/2): shift it up by 1 and halve it.": np.tanh(z / 2),
            "That is the derivative of σ.": s * (1 - s),
            "A ratio of exponentials over the whole array is the softmax; here each entry stands alone.": np.exp(
                z
            )
            / np.exp(z).sum(),
            "The 1 in the denominator is missing.": np.exp(z),
        },
    )


# %%
def test_large_scores(sigmoid):
    import numpy as np
    from course_utils.checks import check_call

    overflow = "exp(1000) is infinite, and infinity over infinity is NaN: use exp(−|z|)."
    check_call(
        sigmoid,
        np.array([1000.0, -1000.0, 50.0]),
        expected=np.array([1.0, 0.0, 1.0]),
        mistakes={
            overflow: np.array([np.nan, 0.0, 1.0]),
            "exp(−z) is infinite at z = −1000, and infinity over infinity is NaN: use exp(−|z|).": np.array(
                [1.0, np.nan, 1.0]
            ),
            "You computed 1 − σ(z): the exponent is −z.": np.array([0.0, 1.0, 0.0]),
        },
    )


# %%
# HIDDEN
def test_random_shapes(sigmoid):
    import numpy as np
    from scipy.special import expit
    from course_utils.checks import check_call

    rng = np.random.default_rng(107)
    for shape in ((7,), (3, 5), (2, 3, 5), (1,)):
        z = rng.normal(0, 4, size=shape)
        check_call(
            sigmoid,
            z,
            expected=expit(z),
            mistakes={
                "You computed 1 − σ(z): the exponent is −z.": expit(-z),
                "That is tanh, which runs from −1 to 1: σ runs from 0 to 1.": np.tanh(z),
                "That is tanh(z/2): shift it up by 1 and halve it.": np.tanh(z / 2),
                "That is the derivative of σ.": expit(z) * expit(-z),
            },
        )


# %%
# HIDDEN
def test_the_extremes(sigmoid):
    import numpy as np
    from course_utils.checks import check_call

    z = np.array([[-1000.0, 1000.0, 710.0], [-745.0, 0.0, 36.0]])
    s = np.array([[0.0, 1.0, 1.0], [0.0, 0.5, 1 / (1 + np.exp(-36.0))]])
    nan = np.array([[0.0, np.nan, np.nan], [0.0, 0.5, s[1, 2]]])
    check_call(
        sigmoid,
        z,
        expected=s,
        mistakes={
            "exp(1000) is infinite, and infinity over infinity is NaN: use exp(−|z|).": nan,
            "You computed 1 − σ(z): the exponent is −z.": 1 - s,
        },
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# ## 1.8 The loss of a probability
#
# Which loss suits a probability? Ask how likely the labels were, according to the model. With $p_i = \sigma(z_i)$, the model gave label $y_i \in \{0, 1\}$ the probability $p_i$ if $y_i = 1$ and $1 - p_i$ if $y_i = 0$. For all of them to be right, multiply; to get a loss, take the negative logarithm:
#
# $$L = -\sum_{i=1}^n \left[\, y_i \log p_i + (1 - y_i) \log (1 - p_i) \,\right].$$
#
# This is the **cross-entropy**. In general, $-\sum_c y_c \log \hat y_c$ compares a target distribution $y$ with the model's $\hat y$; here there are two classes. It is never negative, and a confident mistake is very expensive: giving the truth a probability of 1 % costs $-\log 0.01 \approx 4.6$.
#
# Computed as written it breaks. $\sigma(40)$ is exactly 1 in floating point, so $\log(1 - p) = -\infty$. Write the loss of one sample in terms of the logit and simplify:
#
# $$\ell(z, y) = \max(z, 0) - y z + \log\left(1 + e^{-|z|}\right).$$

# %%
z = np.linspace(-6, 6, 201)
fig, ax = plt.subplots(figsize=(7, 3.4))
ax.plot(z, np.logaddexp(0, -z), color=BLUE, ls="-", label="label 1: −log σ(z)")
ax.plot(z, np.logaddexp(0, z), color=RED, ls="--", label="label 0: −log (1 − σ(z))")
ax.set(
    xlabel="score z", ylabel="loss of one sample", title="Wrong and sure of it: the loss grows with the score"
)
ax.legend()
plt.show()

# %% [raw]
# # BEGIN QUESTION
# name: binary_cross_entropy
# points: 4
# forbids: [course_utils.regression.binary_cross_entropy, sklearn.*, torch.*]

# %% [markdown]
# ### Exercise 1.8 · binary_cross_entropy · ★★★ · 15 minutes
#
# Return the **sum** of the losses over the samples, from the logits. It must be exact for logits of ±1000.
#
# **Shapes:** `logits` $(n,)$, `y` $(n,)$ of 0 and 1 → one number.
#
# **Worked:** logits $(0, \log 3)$, labels $(1, 0)$: $p = (0.5, 0.75)$, $L = -\log 0.5 - \log 0.25 = \log 8 \approx 2.079$.
#
# <details><summary>Hint 1</summary>Start from −log σ(z) = log(1 + e⁻ᶻ) and −log(1 − σ(z)) = log(1 + eᶻ).</details>
# <details><summary>Hint 2</summary>Use the last formula above, with <code>np.maximum</code>, <code>np.abs</code> and <code>np.log1p</code>. Then sum.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Infinity or NaN at ±1000:</b> you went through the probability. Compute from the logit.</li>
# <li><b>Negative:</b> a cross-entropy never is. The 1 − belongs inside the logarithm.</li>
# <li><b>Much too large:</b> a row met a column and every label was paired with every prediction.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def binary_cross_entropy(logits, y):
    """Return the summed cross-entropy of labels y, 0 or 1, under the logits; both (n,).

    Exact at logits of ±1000 too.
    """
    # BEGIN SOLUTION
    return np.sum(np.maximum(logits, 0) - y * logits + np.log1p(np.exp(-np.abs(logits))))
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_ordinary_logits(binary_cross_entropy):
    import numpy as np
    from course_utils.checks import check_call

    logits = np.array([0.0, 1.2, -0.7, 2.5, -3.0, 0.4, 1.9])
    y = np.array([1.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0])
    p = 1 / (1 + np.exp(-logits))
    q = 1 / (1 + np.exp(-p))
    loss = -np.sum(y * np.log(p) + (1 - y) * np.log(1 - p))
    check_call(
        binary_cross_entropy,
        logits,
        y,
        expected=loss,
        sizes={"n": 7},
        mistakes={
            "You averaged: here the loss is the sum over samples.": loss / 7,
            "You applied the sigmoid twice: the inputs are logits.": -np.sum(
                y * np.log(q) + (1 - y) * np.log(1 - q)
            ),
            "Half is missing: samples with label 0 cost −log(1 − p).": -np.sum(y * np.log(p)),
            "The 1 − belongs inside the logarithm: log(1 − p), not 1 − log p.": -np.sum(
                y * np.log(p) + (1 - y) * (1 - np.log(p))
            ),
            "You used the logarithm to base 2: this loss takes the natural one.": loss / np.log(2),
            "The labels are swapped: label 1 costs −log p.": -np.sum((1 - y) * np.log(p) + y * np.log(1 - p)),
            "The minus sign in front is missing: a cross-entropy is never negative.": -loss,
            "You paired every label with every prediction; only matching pairs belong in the sum.": -np.sum(
                np.outer(y, np.log(p)) + np.outer(1 - y, np.log(1 - p))
            ),
        },
    )


# %%
def test_logits_of_a_thousand(binary_cross_entropy):
    import numpy as np
    from course_utils.checks import check_call

    logits, y = np.array([1000.0, -1000.0, 1000.0, 0.0]), np.array([1.0, 0.0, 0.0, 1.0])
    loss = 1000 + np.log(2)

    def cut(eps):
        p = np.clip([1.0, 0.0, 1.0, 0.5], eps, 1 - eps)
        return -np.sum(y * np.log(p) + (1 - y) * np.log(1 - p))

    mistakes = {
        "σ(40) is exactly 1 in floating point, and log 0 is infinite: compute from the logit.": np.inf,
        "σ(40) is exactly 1 in floating point, and 0 times log 0 is NaN: compute from the logit.": np.nan,
        "You averaged: here the loss is the sum over samples.": loss / 4,
    }
    for eps in (1e-15, 1e-12, 1e-10, 1e-8, 1e-7):
        mistakes[
            f"A cut-off at {eps:g} keeps the logarithm finite, but makes the loss wrong: compute from the logit."
        ] = cut(eps)
    check_call(binary_cross_entropy, logits, y, expected=loss, sizes={"n": 4}, mistakes=mistakes)


# %%
# HIDDEN
def test_random_logits(binary_cross_entropy):
    import numpy as np
    from course_utils import regression
    from course_utils.checks import check_call

    rng = np.random.default_rng(108)
    for n in (5, 11, 101):
        logits, y = rng.normal(0, 3, n), (rng.random(n) < 0.4).astype(float)
        y[:2] = 0, 1
        loss = float(regression.binary_cross_entropy(logits, y, reduction="sum"))
        p = regression.sigmoid(logits)
        q = regression.sigmoid(p)
        check_call(
            binary_cross_entropy,
            logits,
            y,
            expected=loss,
            sizes={"n": n},
            mistakes={
                "You averaged: here the loss is the sum over samples.": loss / n,
                "You applied the sigmoid twice: the inputs are logits.": -np.sum(
                    y * np.log(q) + (1 - y) * np.log(1 - q)
                ),
                "Half is missing: samples with label 0 cost −log(1 − p).": -np.sum(y * np.log(p)),
                "The 1 − belongs inside the logarithm: log(1 − p), not 1 − log p.": -np.sum(
                    y * np.log(p) + (1 - y) * (1 - np.log(p))
                ),
                "You used the logarithm to base 2: this loss takes the natural one.": loss / np.log(2),
                "The labels are swapped: label 1 costs −log p.": -np.sum(
                    (1 - y) * np.log(p) + y * np.log(1 - p)
                ),
                "The minus sign in front is missing: a cross-entropy is never negative.": -loss,
                "You paired every label with every prediction; only matching pairs belong in the sum.": -np.sum(
                    np.outer(y, np.log(p)) + np.outer(1 - y, np.log(1 - p))
                ),
            },
        )


# %%
# HIDDEN
def test_extreme_logits_one_at_a_time(binary_cross_entropy):
    import numpy as np
    from course_utils.checks import check_call

    infinite = "σ(40) is exactly 1 in floating point, and log 0 is infinite: compute from the logit."
    for logit, label, loss in (
        (1000.0, 0.0, 1000.0),
        (-1000.0, 1.0, 1000.0),
        (1000.0, 1.0, 0.0),
        (-1000.0, 0.0, 0.0),
        (40.0, 0.0, 40.0),
    ):
        check_call(
            binary_cross_entropy,
            np.array([logit]),
            np.array([label]),
            expected=loss,
            mistakes={
                infinite: np.inf,
                "σ(40) is exactly 1 in floating point, and 0 times log 0 is NaN: compute from the logit.": np.nan,
            },
        )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# ## 1.9 Logistic regression
#
# No formula solves for the weights this time. So walk downhill. For the **mean** cross-entropy of the logits $Xw$ the gradient is remarkably plain:
#
# $$\nabla L(w) = \frac1n X^\top \left(\sigma(Xw) - y\right),$$
#
# probability minus label, times input: the same form as for the straight line. **Gradient descent** starts somewhere and repeats
#
# $$w \leftarrow w - \alpha \nabla L(w)$$
#
# with a small **learning rate** $\alpha$. We use the mean, not the sum, so that a good $\alpha$ doesn't depend on how many samples there are.

# %% [raw]
# # BEGIN QUESTION
# name: fit_logistic
# points: 4
# forbids: [course_utils.regression.fit_logistic, sklearn.*]

# %% [markdown]
# ### Exercise 1.9 · fit_logistic · ★★★ · 15 minutes
#
# Start from $w = 0$, take exactly `steps` steps of gradient descent on the mean cross-entropy, and return $w$. Use `regression.sigmoid` of the course library, so that this exercise doesn't depend on yours.
#
# **Shapes:** `X` $(n, d)$, `y` $(n,)$ of 0 and 1 → `w` $(d,)$.
#
# **Worked:** one step on $X = \begin{pmatrix}1\\2\end{pmatrix}$, $y = (1, 0)$, $\alpha = 1$: $\sigma(0) = 0.5$, $\nabla L = \frac12 (1 \cdot (0.5 - 1) + 2 \cdot (0.5 - 0)) = 0.25$, so $w = -0.25$.
#
# <details><summary>Hint 1</summary>A loop of three lines: probabilities, gradient, update. <code>regression.sigmoid</code> gives the probabilities.</details>
# <details><summary>Hint 2</summary>Shapes: <code>X @ w</code> is (n,), <code>X.T @ (p - y)</code> is (d,).</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>The weights run away:</b> you add the gradient, or use y − p with a minus sign.</li>
# <li><b>Too fast by n or n/d:</b> average over samples (rows), not features, and don't sum.</li>
# <li><b>The same weights for any number of steps?</b> Look where the <code>return</code> stands.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def fit_logistic(X, y, learning_rate=0.5, steps=500):
    """Return the weights (d,) after `steps` steps of gradient descent from zero.

    The loss is the mean cross-entropy of the logits X w; X is (n, d), y is (n,), 0 or 1.
    """
    # BEGIN SOLUTION
    w = np.zeros(X.shape[1])
    for _ in range(steps):
        gradient = X.T @ (regression.sigmoid(X @ w) - y) / len(X)
        w = w - learning_rate * gradient
    return w
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_the_first_step(fit_logistic):
    import numpy as np
    from course_utils.checks import check_call

    X = np.array(
        [
            [1.0, 2.0, -1.0],
            [0.5, -1.0, 3.0],
            [2.0, 0.0, 1.0],
            [-1.0, 1.5, 0.7],
            [0.3, 2.2, -2.0],
            [1.1, -0.4, 0.6],
            [-2.0, 1.0, 1.3],
        ]
    )
    y = np.array([1.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0])
    w = 0.8 * X.T @ (y - 0.5) / 7
    check_call(
        fit_logistic,
        X,
        y,
        0.8,
        1,
        expected=w,
        sizes={"n": 7, "d": 3},
        mistakes={
            "You climb instead of descending: subtract the gradient of probability minus label.": -w,
            "You summed over samples: the gradient of a mean divides by n.": 7 * w,
            "You divided by the number of features: average over samples (rows).": 7 / 3 * w,
            "The learning rate makes no difference in your answer.": w / 0.8,
            "You took the score itself as the probability: the sigmoid is missing.": 0.8 * X.T @ y / 7,
            "You took no step: with steps = 1 the weights move once.": 0 * w,
        },
    )


# %%
def test_a_few_steps(fit_logistic):
    import numpy as np
    from course_utils import regression
    from course_utils.checks import check_call

    rng = np.random.default_rng(9)
    X, y = rng.normal(size=(11, 3)), np.array([0.0, 1, 1, 0, 1, 0, 0, 1, 1, 1, 0])

    def walk(steps, factor=1.0):
        w = np.zeros(3)
        for _ in range(steps):
            w = w - 0.7 * factor * regression.logistic_gradient(w, X, y)
        return w

    check_call(
        fit_logistic,
        X,
        y,
        0.7,
        5,
        expected=walk(5),
        sizes={"n": 11, "d": 3},
        mistakes={
            "You take one step too few.": walk(4),
            "You take one step too many.": walk(6),
            "You climb instead of descending: subtract the gradient of probability minus label.": walk(5, -1),
            "You summed over samples: the gradient of a mean divides by n.": walk(5, 11),
            "You divided by the number of features: average over samples (rows).": walk(5, 11 / 3),
            "The learning rate makes no difference in your answer.": walk(5, 1 / 0.7),
            "Each step starts again from zero: use the weights of the step before.": walk(1),
        },
    )


# %%
# HIDDEN
def test_random_data(fit_logistic):
    import numpy as np
    from course_utils import regression
    from course_utils.checks import check_call

    rng = np.random.default_rng(109)
    for n, d, rate, steps in ((17, 2, 0.3, 7), (13, 5, 1.1, 23), (31, 1, 0.05, 2)):
        X, y = rng.normal(size=(n, d)), (rng.random(n) < 0.6).astype(float)
        y[:2] = 0, 1

        def walk(count, factor=1.0):
            w = np.zeros(d)
            for _ in range(count):
                w = w - rate * factor * regression.logistic_gradient(w, X, y)
            return w

        check_call(
            fit_logistic,
            X,
            y,
            rate,
            steps,
            expected=walk(steps),
            sizes={"n": n, "d": d},
            mistakes={
                "You take one step too few.": walk(steps - 1),
                "You take one step too many.": walk(steps + 1),
                "You climb instead of descending: subtract the gradient of probability minus label.": walk(
                    steps, -1
                ),
                "You summed over samples: the gradient of a mean divides by n.": walk(steps, n),
                "You divided by the number of features: average over samples (rows).": walk(steps, n / d),
                "The learning rate makes no difference in your answer.": walk(steps, 1 / rate),
                "Each step starts again from zero: use the weights of the step before.": walk(1),
            },
        )


# %%
# HIDDEN
def test_defaults_no_steps_and_the_minimum(fit_logistic):
    import numpy as np
    from course_utils import regression
    from course_utils.checks import check_call

    rng = np.random.default_rng(119)
    X = rng.normal(size=(101, 3))
    y = (X @ np.array([1.0, -0.5, 0.2]) + rng.logistic(size=101) > 0).astype(float)
    best = regression.fit_logistic(X, y)
    climbed = {"You climb instead of descending: subtract the gradient of probability minus label.": -best}
    check_call(
        fit_logistic,
        X,
        y,
        2.0,
        100,
        expected=best,
        rtol=1e-5,
        atol=1e-6,
        sizes={"n": 101, "d": 3},
        mistakes=climbed,
    )
    first = {"With steps = 0 the weights stay at zero: start there.": 2.0 * X.T @ (y - 0.5) / 101}
    check_call(fit_logistic, X, y, 2.0, 0, expected=np.zeros(3), mistakes=first)
    X = 0.1 * X
    w = np.zeros(3)
    for _ in range(500):
        w = w - 0.5 * X.T @ (1 / (1 + np.exp(-X @ w)) - y) / 101
    check_call(fit_logistic, X, y, expected=w, sizes={"n": 101, "d": 3})


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# ## 1.10 Is your model any good?
#
# Everything so far was checked on numbers made for the purpose. Now use your own functions on the real questions. Two rules keep you honest:
#
# - **Compare with a baseline** that knows nothing: always predict the mean, or always the commoner class.
# - **Choose on validation data, judge on test data.** The test set is used once, at the end.
#
# ### How far will the diabetes have progressed?
#
# Split the training patients again: fit on 209, choose λ on the other 100. Then judge once on the 133 test patients.

# %%
if solved(empirical_risk, fit_line, fit_least_squares, fit_ridge):
    X_fit, X_val = diabetes.X_train[:209], diabetes.X_train[209:]
    y_fit, y_val = diabetes.y_train[:209], diabetes.y_train[209:]
    centre = y_fit.mean()

    def risk_of(A, X, y):
        return empirical_risk(X @ A[0] + centre, y)

    lams = np.logspace(-2, 5, 71)
    fits = [fit_ridge(X_fit, y_fit[:, None] - centre, lam) for lam in lams]
    training, validation = (
        np.array([risk_of(A, X, y) for A in fits]) for X, y in ((X_fit, y_fit), (X_val, y_val))
    )
    chosen = lams[np.argmin(validation)]

    mean = diabetes.y_train.mean()
    a, b = fit_line(bmi, diabetes.y_train)
    bmi_test = diabetes.X_test[:, diabetes.feature_names.index("bmi")]
    target = diabetes.y_train[:, None] - mean
    predictions = {
        "always the mean": np.full_like(diabetes.y_test, mean),
        "line on BMI": a * bmi_test + b,
        "least squares, 10 features": diabetes.X_test @ fit_least_squares(diabetes.X_train, target)[0] + mean,
        f"ridge, λ = {chosen:.3g}": diabetes.X_test @ fit_ridge(diabetes.X_train, target, chosen)[0] + mean,
    }
    fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4))
    left.plot(lams, np.sqrt(training), color=BLUE, ls="-", label="training")
    left.plot(lams, np.sqrt(validation), color=ORANGE, ls="--", label="validation")
    left.axvline(chosen, color="black", lw=1, ls=":")
    left.set(
        xscale="log",
        xlabel="λ",
        ylabel="root of the mean squared error",
        title="λ is chosen on the validation set",
    )
    left.legend()
    errors = [np.sqrt(empirical_risk(p, diabetes.y_test)) for p in predictions.values()]
    bars = right.barh(list(predictions), errors, color=["0.6", BLUE, ORANGE, GREEN])
    right.bar_label(bars, fmt="%.1f", padding=3)
    right.invert_yaxis()
    right.grid(axis="y", visible=False)
    right.set(
        xlabel="root of the mean squared error, test set",
        title="133 patients nobody had looked at",
        xlim=(0, 1.15 * max(errors)),
    )
    plt.show()
    share = 1 - (errors[-1] / errors[0]) ** 2
    print(f"Ridge explains {share:.0%} of the variance among the test patients.")

# %% [markdown]
# Honest reading: the model is much better than nothing, and far from knowing. A typical error is still above 50 points, where always saying the mean is off by 74. Ridge gains hardly anything over least squares here: with ten features and 309 patients there is little variance to save. It would be different with 25 patients, as the picture with your 200 small samples showed.
#
# ### Is this lump malignant?
#
# Thirty measurements of cell nuclei, 569 biopsies. Here a miss (a malignant lump called benign) is far worse than a false alarm. So don't look at accuracy alone.

# %%
cancer = data.load_breast_cancer_split()
if solved(sigmoid, binary_cross_entropy, fit_logistic):
    with_bias = [np.hstack([X, np.ones((len(X), 1))]) for X in (cancer.X_train, cancer.X_test)]
    w = fit_logistic(with_bias[0], cancer.y_train, learning_rate=0.5, steps=500)
    logits = with_bias[1] @ w
    probability = sigmoid(logits)
    malignant = cancer.y_test == 1
    majority = max(malignant.mean(), 1 - malignant.mean())
    print(
        f"accuracy: {np.mean((probability > 0.5) == malignant):.1%}; always the commoner class: {majority:.1%}"
    )
    print(f"mean cross-entropy: {binary_cross_entropy(logits, cancer.y_test) / len(logits):.3f}; ", end="")
    print(
        f"always saying {malignant.mean():.0%}: {-(malignant.mean() * np.log(malignant.mean()) + (1 - malignant.mean()) * np.log(1 - malignant.mean())):.3f}\n"
    )

    thresholds = np.linspace(0.01, 0.99, 99)
    missed = [np.sum(malignant & (probability <= t)) for t in thresholds]
    alarms = [np.sum(~malignant & (probability > t)) for t in thresholds]
    fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4))
    bins = np.linspace(0, 1, 21)
    left.hist(
        [probability[~malignant], probability[malignant]],
        bins,
        stacked=True,
        color=[BLUE, RED],
        label=["benign", "malignant"],
    )
    left.set(
        xlabel="predicted probability of malignant",
        ylabel="biopsies in the test set",
        title="Most biopsies are clear cases",
    )
    left.legend()
    right.step(thresholds, missed, color=RED, ls="-", label=f"malignant, missed (of {malignant.sum()})")
    right.step(
        thresholds, alarms, color=BLUE, ls="--", label=f"benign, false alarm (of {(~malignant).sum()})"
    )
    right.set(
        xlabel="call it malignant above this probability",
        ylabel="biopsies",
        title="Where you cut is a medical decision, not a mathematical one",
    )
    right.legend()
    plt.show()
    for t in (0.5, 0.1):
        print(
            f"cut at {t}: {np.sum(malignant & (probability <= t))} missed, {np.sum(~malignant & (probability > t))} false alarms"
        )

# %% [markdown]
# Honest reading: this model is good, and one hospital's data made it so. 37 % of these biopsies are malignant. Among women who are merely screened it is well below 1 %, and there the same model would raise far more false alarms than true ones.

# %% [raw]
# # BEGIN QUESTION
# name: misleading_risk
# points: 4
# manual: true

# %% [markdown]
# ### Question 1.10 · When does a small empirical risk mislead? · ★★☆ · 10 minutes
#
# A start-up reports: "Our model predicts the progression of diabetes with an error of 12 points on 60 patients of our clinic." Your own model's error is above 50.
#
# Name **two different** reasons why their number may say little about the risk on new patients. For **each**, say what you would ask or do to find out. Four to eight sentences.

# %% [raw]
# # BEGIN SOLUTION

# %% [markdown]
# **Rubric (4 points):** one point for each reason, one for each matching remedy. A reason alone earns half of its item.
#
# - [2] *Measured on the training sample.* With many parameters and 60 patients the empirical risk can be driven to almost nothing. Ask for the error on patients that took no part in fitting **or in choosing** the model; or cross-validate.
# - [2] *Small sample.* Even on held-out data, the average over few patients has a wide spread (it shrinks like 1/√n). Ask for a confidence interval, or bootstrap it.
# - [2] *Biased sample.* One clinic's patients may differ from those the model will meet; more of them wouldn't help. Test on another clinic, compare the distributions of age, BMI, treatment.
# - [2] *Selection.* The best of many models, or of many splits, was reported. Ask how many were tried; judge the chosen one once on untouched data.
# - [2] *Leakage.* A feature knows the answer, or patients appear in both parts. Look at what is measured when; split by patient.
#
# Two versions of one reason count once. A remedy earns its point only if it would reveal that reason.

# %% [raw]
# # END SOLUTION

# %% [raw]
# # END QUESTION

# %% [markdown]
# ## Challenge, beyond the grade: leave one out, for the price of one
#
# To estimate the risk you could fit $n$ models, each without one sample, and test each on the sample it hasn't seen. For ridge regression one fit is enough. With the hat matrix $H = X (X^\top X + \lambda I)^{-1} X^\top$, the error that the model without sample $i$ makes on sample $i$ is
#
# $$\frac{y_i - \hat y_i}{1 - H_{ii}}.$$
#
# Write it, then prove it (hint: the Sherman–Morrison formula removes one $x_i x_i^\top$ from $X^\top X$).


# %%
def leave_one_out_errors(X, y, lam):
    """Return the n errors y_i − ŷ_i of ridge regression, each by the model fitted without sample i."""
    ...


# %%
if solved(leave_one_out_errors, fit_ridge):
    X, y = diabetes.X_train[:50], diabetes.y_train[:50] - diabetes.y_train[:50].mean()
    others = [np.arange(50) != i for i in range(50)]
    slow = np.array(
        [y[i] - X[i] @ fit_ridge(X[keep], y[keep, None], 3.0)[0] for i, keep in enumerate(others)]
    )
    print("agrees with 50 separate fits:", np.allclose(leave_one_out_errors(X, y, 3.0), slow))

# %% [markdown]
# ## What you take with you
#
# - You want a small **risk**; you can only minimise the **empirical** one. They part when the sample is small, biased, or has been used to choose.
# - Linear models have a formula: $A = M_{yx} M_{xx}^{-1}$. Solve, don't invert.
# - The **gradient** points uphill, across the contours. Check it with centred differences.
# - $M_{xx}$ is positive semi-definite; $+\lambda I$ makes it positive definite. **λ** trades variance for bias.
# - A probability deserves the **cross-entropy**, computed from the **logit**.
# - Baseline first. Choose on validation data. Judge once on test data.
#
# **Further reading.** Hastie, Tibshirani and Friedman, *The Elements of Statistical Learning* (2009), chapters 2–4 and 7. Goodfellow, Bengio and Courville, *Deep Learning* (2016), chapter 5. Efron and others, *Least Angle Regression*, Annals of Statistics 32 (2004), the source of the diabetes data.
#
# ## Hand in
#
# Save the notebook (Ctrl+S), then run this cell. It writes the file that you hand in and shows what isn't done yet.

# %%
grader.hand_in()
