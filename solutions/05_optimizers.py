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
# name: 05_optimizers
# init_cell: false
# export_cell: false
# run_tests: false
# generate: true
# tests:
#   files: false
#   ok_format: false

# %% [markdown]
# # 05 · Optimizers
#
# Two people train the same network on the same data. After five minutes one has a loss of 0.3, the other has NaN. They differ in one number, the learning rate, and in one line, the optimizer. Which line would you choose, and which number?
#
# In this notebook you write seven optimizers, each of two to six lines, and watch them walk over surfaces that you can see. Then you let them train a network, whose surface nobody can see, and find that another one wins.
#
# **You will be able to**
#
# - say which learning rates converge, and why one too large diverges;
# - write mini-batches, momentum, Nesterov's momentum, AdaGrad, RMSprop, Adam and Newton's method from their formulas;
# - say what each of them remembers, and what trouble that cures;
# - explain why saddle points matter more than local minima when there are many weights;
# - search hyperparameters in the right scale, and see from the weights whether the learning rate is sensible.
#
# **Time:** about 4 hours · **Needs:** gradients and Hessians, matrix products, cross-entropy · **Points:** 44, of which 40 by checks and 4 for a written answer
#
# **How it works.** Write your answer where you see `...`, run the cell, then run the check under it. A check tells you what kind of mistake it sees. Stars show how hard an exercise is. Hints are folded away: open them when you are stuck, one at a time.

# %%
import matplotlib.pyplot as plt
import numpy as np

from course_utils import data, optimizers, plotting, regression
from course_utils.checks import Grader, solved
from course_utils.surfaces import SURFACES
from course_utils.widgets import NewtonExplorer, OptimizerPlayground, SaddleExplorer

plotting.use_course_style()
BLUE, ORANGE, GREEN, RED, SKY = (plotting.PALETTE[name] for name in ("blue", "orange", "green", "red", "sky"))
grader = Grader("05_optimizers.ipynb")

# %% [markdown]
# ## 5.1 Downhill
#
# The gradient $\nabla L(w)$ points where the loss grows fastest. **Gradient descent** takes a step the other way:
#
# $$w \leftarrow w - \alpha \nabla L(w).$$
#
# The **learning rate** α decides everything. Too small, and you never arrive. Too large, and you don't merely overshoot: you get farther away with every step.
#
# Where is the border? Look at one direction in which the loss is a parabola with curvature λ, $L = \tfrac{\lambda}{2} w^2$. A step makes $w$ into $w - \alpha\lambda w = (1 - \alpha\lambda)\,w$. The distance to the minimum shrinks only if $|1 - \alpha\lambda| < 1$, that is, if
#
# $$\alpha < \frac{2}{\lambda}.$$
#
# The steepest direction sets the limit for all of them. The surface below, $L = \tfrac12 (w_1^2 + 40\, w_2^2)$, is a **ravine**: curvature 1 along it, 40 across it.

# %%
ravine = SURFACES["ravine"]
fig, ax = plt.subplots()
for rate, color, ls in ((0.005, BLUE, "-"), (0.045, GREEN, "--"), (0.051, RED, "-.")):
    path = optimizers.trajectory(
        optimizers.gradient_descent, ravine.gradient, [-2.6, 1.1], 100, learning_rate=rate
    )
    ax.plot(ravine(path), color=color, ls=ls, label=f"α = {rate}")
ax.set(
    yscale="log",
    xlabel="step",
    ylabel="loss",
    title="Curvature 40 across: beyond α = 2/40 every step leads farther away",
)
ax.legend()
plt.show()

# %% [markdown]
# With α just below the limit the walk zigzags across the ravine and creeps along it. The number of steps grows with the **condition number**, here $40/1$. Most of this notebook is about that trouble.
#
# ### One contract for all optimizers
#
# Every optimizer here is a function that takes one step:
#
# `step(w, gradient, state, *, learning_rate, …) -> (w, state)`
#
# - `gradient` is a **function**: call it at the weights where you want the gradient. One call a step: each costs a pass over the batch.
# - `state` is a **dict** with what the optimizer remembers. It is empty, `{}`, before the first step. You choose the names in it. `state.get("p", 0.0)` reads a value, or 0 when there is none yet.
# - Return new weights and a **new** dict. Leave the ones that you were given as they are.
# - Arguments after the `*` are passed by name.

# %% [raw]
# # BEGIN QUESTION
# name: sgd
# points: 3

# %% [markdown]
# ### Exercise 5.1 · sgd · ★☆☆ · 5 minutes
#
# Take one step of gradient descent, $w \leftarrow w - \alpha \nabla L(w)$. There is nothing to remember: return the state as it came.
#
# The same function is *stochastic* gradient descent, SGD, when `gradient` comes from a few samples only. That is section 5.2.
#
# **Shapes:** `w` of any shape, `gradient(w)` in the same shape → `(w, state)`.
#
# **Worked:** $L = w^2$, so $\nabla L = 2w$. From $w = 3$ with $\alpha = 0.25$: $3 - 0.25 \cdot 6 = 1.5$.
#
# <details><summary>Hint 1</summary>The gradient at w is <code>gradient(w)</code>.</details>
# <details><summary>Hint 2</summary>Return two things: <code>return ..., state</code>.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>TypeError about a function:</b> you multiplied by <code>gradient</code> itself. Call it.</li>
# <li><b>Changes its input in place:</b> <code>w -= …</code> overwrites the array that you were given. Write <code>w - …</code>.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def sgd(w, gradient, state, *, learning_rate=0.1):
    """Return the weights after one step of gradient descent, and the state."""
    # BEGIN SOLUTION
    return w - learning_rate * gradient(w), state
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_three_steps_down_a_bowl(sgd):
    import numpy as np
    from course_utils import optimizers
    from course_utils.checks import check_steps

    check_steps(
        sgd,
        lambda w: np.array([1.0, 3.0, 0.5]) * w,
        np.array([1.5, -2.0, 0.7]),
        3,
        learning_rate=0.25,
        expected=optimizers.gradient_descent,
        mistakes={
            "You climb: subtract the gradient.": lambda w, g, s, **_: (w + 0.25 * g(w), s),
            "The learning rate makes no difference in your answer: multiply the gradient by it.": (
                lambda w, g, s, **_: (w - g(w), s)
            ),
            "You kept only the sign of the gradient: its size counts too.": (
                lambda w, g, s, **_: (w - 0.25 * np.sign(g(w)), s)
            ),
            "You divided the gradient by its length: its size counts too.": (
                lambda w, g, s, **_: (w - 0.25 * g(w) / np.linalg.norm(g(w)), s)
            ),
        },
    )


# %%
# HIDDEN
def test_weights_of_any_shape_and_the_default_rate(sgd):
    import numpy as np
    from course_utils import optimizers
    from course_utils.checks import check_steps

    rng = np.random.default_rng(501)
    for shape in ((5, 3), (1,), (2, 3, 7)):
        scale, centre = rng.uniform(0.3, 2, shape), rng.normal(size=shape)
        check_steps(
            sgd,
            lambda w, scale=scale, centre=centre: scale * (w - centre),
            rng.normal(2, 3, shape),
            4,
            expected=optimizers.gradient_descent,
            mistakes={
                "You climb: subtract the gradient.": lambda w, g, s: (w + 0.1 * g(w), s),
            },
        )


# %%
# HIDDEN
def test_a_loss_that_is_no_parabola(sgd):
    import numpy as np
    from course_utils import optimizers
    from course_utils.checks import check_steps
    from course_utils.surfaces import SURFACES

    check_steps(
        sgd,
        SURFACES["Rosenbrock"].gradient,
        np.array([-1.2, 1.0]),
        7,
        learning_rate=0.001,
        expected=optimizers.gradient_descent,
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# Now play. Gradient descent walks down the ravine. Drag the start, press play, move the sliders. The table says how many steps it took.
#
# 1. Raise "all learning rates ×" slowly. At which α, to two digits, does it stop arriving? Which of the two curvatures explains the number?
# 2. Choose the bowl, press "suggested settings", and put the start anywhere. How do the steps to the bottom depend on the place? Why is the ravine different?

# %%
OptimizerPlayground(surface="ravine", shown=["gradient descent"], steps=60)

# %% [markdown]
# <details><summary>What you may have found</summary>At about 0.05 = 2/40: the larger curvature decides. On the bowl the number of steps is the same from everywhere: one rate fits all directions, and each step multiplies the distance by the same factor. In the ravine a rate that suits the steep direction is far too small for the flat one.</details>
#
# ## 5.2 Small batches
#
# The loss is a mean over $N$ samples, and so is its gradient. Computing it exactly costs a pass over all the data, for a single step. A **mini-batch** of $m$ samples gives an estimate: right on average, noisy, and $N/m$ times cheaper. In one pass over the data you take $N/m$ steps instead of one.
#
# Below, logistic regression on 398 biopsies, always with the same α. Each line has seen the same number of samples at the same place.

# %%
cancer = data.load_breast_cancer_split()
X = np.hstack([cancer.X_train, np.ones((len(cancer.X_train), 1))])
y = cancer.y_train


def descend_by_passes(m, passes, rate, seed=0):
    """Return the loss on all samples after each pass over the data in batches of m."""
    rng, w, losses = np.random.default_rng(seed), np.zeros(X.shape[1]), [np.log(2)]
    for _ in range(passes):
        order = rng.permutation(len(X))
        for first in range(0, len(X), m):
            rows = order[first : first + m]
            w = w - rate * regression.logistic_gradient(w, X[rows], y[rows])
        losses.append(regression.binary_cross_entropy(X @ w, y))
    return losses


fig, ax = plt.subplots()
for m, color, ls in ((len(X), BLUE, "-"), (64, ORANGE, "--"), (8, GREEN, "-.")):
    ax.plot(
        descend_by_passes(m, 10, 0.05),
        color=color,
        ls=ls,
        marker="o",
        label=f"batches of {m}: {-(-len(X) // m)} steps a pass",
    )
ax.set(
    xlabel="passes over the data",
    ylabel="mean cross-entropy, all samples",
    title="More steps from the same samples: small batches get down sooner",
)
ax.legend()
plt.show()

# %% [raw]
# # BEGIN QUESTION
# name: minibatches
# points: 4

# %% [markdown]
# ### Exercise 5.2 · minibatches · ★☆☆ · 8 minutes
#
# Divide the numbers $0, \dots, n-1$ into batches for one pass over the data.
#
# - Shuffle first, with `rng`, a NumPy random generator: batches from sorted data would hold one class each.
# - Every number occurs exactly once. Each batch has $m$ numbers; the last one has what is left over and may be shorter.
#
# You return **row numbers**, not samples: `X[rows]` and `y[rows]` then stay together.
#
# **Shapes:** `n`, `m` whole numbers → a list of integer arrays, $\lceil n/m \rceil$ of them.
#
# **Worked:** $n = 7$, $m = 3$, and `rng` shuffles to $(4, 0, 6, 2, 5, 1, 3)$: batches $(4, 0, 6)$, $(2, 5, 1)$, $(3)$.
#
# <details><summary>Hint 1</summary><code>rng.permutation(n)</code> returns the numbers below n in random order.</details>
# <details><summary>Hint 2</summary><code>range(0, n, m)</code> runs over the places where batches begin; a slice may reach past the end.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Some samples never appear:</b> you made <code>n // m</code> batches, or drew with replacement.</li>
# <li><b>The batches have other sizes:</b> <code>np.array_split</code> makes them equal; here all but the last have m.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def minibatches(n, m, rng):
    """Return a list of arrays of row numbers: 0 … n − 1 in random order, m at a time."""
    # BEGIN SOLUTION
    order = rng.permutation(n)
    return [order[first : first + m] for first in range(0, n, m)]
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_every_number_once(minibatches):
    import numpy as np
    from course_utils.checks import check_true, checked_call

    answer = checked_call(minibatches, 17, 5, np.random.default_rng(3))
    check_true(isinstance(answer, (list, tuple)), "Return a list of arrays, one for each batch.")
    batches = [np.asarray(batch) for batch in answer]
    told = f"got {[batch.tolist() for batch in batches]}"
    check_true(
        all(batch.ndim == 1 and batch.dtype.kind in "iu" for batch in batches),
        "Each batch should be a flat array of whole numbers: the rows that it takes.",
        told,
    )
    rows = np.concatenate(batches)
    check_true(
        rows.size == 0 or (rows.min() >= 0 and rows.max() < 17),
        "Row numbers run from 0 to n − 1.",
        told,
    )
    check_true(
        len(np.unique(rows)) == len(rows),
        "Some samples appear twice in one pass: shuffle, instead of drawing with replacement.",
        told,
    )
    check_true(
        len(rows) == 17,
        "Some samples never appear: the last, shorter batch belongs to the pass too.",
        told,
    )
    sizes = [len(batch) for batch in batches]
    check_true(
        sizes[:3] == [5, 5, 5] or sorted(sizes) != sorted([5, 5, 5, 2]),
        "The short batch should be the last one.",
        told,
    )
    check_true(
        sizes == [5, 5, 5, 2],
        "All batches but the last have m numbers; the last has what is left over.",
        told,
    )


# %%
def test_the_order_is_random_and_comes_from_rng(minibatches):
    import numpy as np
    from course_utils.checks import check_true, checked_call

    def order(seed):
        answer = checked_call(minibatches, 60, 10, np.random.default_rng(seed))
        return np.concatenate([np.asarray(batch) for batch in answer])

    first, again, other = order(1), order(1), order(2)
    check_true(
        not np.array_equal(first, np.arange(60)),
        "The rows come in the order of the data: shuffle them first.",
    )
    check_true(
        not all(np.array_equal(first[i : i + 10] - first[i], np.arange(10)) for i in range(0, 60, 10)),
        "You shuffle the batches, but each holds neighbours: shuffle the samples.",
    )
    check_true(
        not all(np.ptp(first[i : i + 10]) == 9 for i in range(0, 60, 10)),
        "You shuffle within each batch only: a sample can land in any batch.",
    )
    check_true(
        np.array_equal(first, again),
        "The same generator state gives another order: draw from `rng`, not from NumPy's global generator.",
    )
    check_true(
        not np.array_equal(first, other),
        "Every pass has the same order: draw from `rng` as it is, don't seed a generator of your own.",
    )


# %%
# HIDDEN
def test_other_sizes(minibatches):
    import numpy as np
    from course_utils.checks import check_true, checked_call

    rng = np.random.default_rng(502)
    for n, m in ((12, 4), (3, 7), (1, 1), (101, 13), (6, 1)):
        batches = [np.asarray(batch) for batch in checked_call(minibatches, n, m, rng)]
        expected = [m] * (n // m) + ([n % m] if n % m else [])
        check_true(
            0 not in [len(batch) for batch in batches],
            "There is an empty batch where m divides n.",
        )
        check_true(
            np.array_equal(np.sort(np.concatenate(batches)), np.arange(n)),
            "Each number below n belongs to exactly one batch.",
        )
        check_true(
            [len(batch) for batch in batches] == expected,
            "All batches but the last have m numbers; the last has what is left over.",
        )


# %%
# HIDDEN
def test_every_sample_can_come_first(minibatches):
    import numpy as np
    from course_utils.checks import check_true, checked_call

    firsts = [checked_call(minibatches, 5, 2, np.random.default_rng(seed))[0][0] for seed in range(100)]
    counts = np.bincount(firsts, minlength=5)
    check_true(
        counts.min() >= 5, "Some samples come first far too rarely: all orders should be equally likely."
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# ### What noise does
#
# Noise costs something: with a constant α the weights never come to rest. They dance around the minimum, the wider the larger α is. The cure is to let α shrink: a **schedule**.
#
# Noise can also help. On the saddle below the start lies exactly on the ridge, $w_2 = 0$. There the gradient points straight at the saddle point, and nothing ever pushes to either side.
#
# 1. Where does gradient descent end? Now give the slider "noise" its smallest value above 0. How many steps until it is at a lowest point?
# 2. Choose the bowl, set noise to 0.2 and "all learning rates ×" to 0.3. Compare the loss at the end for the schedules constant and cosine.

# %%
OptimizerPlayground(surface="saddle", start=(-2.4, 0), shown=["gradient descent"])

# %% [markdown]
# <details><summary>What you may have found</summary>Without noise it stops at the saddle, where the gradient is 0. The smallest push is enough: after about ten steps it is in one of the two valleys. On the bowl a schedule that falls to 0 ends several times lower than the constant rate, because the dance dies down with α.</details>
#
# ## 5.3 Newton's method
#
# Gradient descent knows the slope. If you also know the **curvature**, you know how far to go. In one dimension, replace $f$ by the parabola with the same slope and curvature at $x$, and jump to where that parabola is flat:
#
# $$x \leftarrow x - \frac{f'(x)}{f''(x)}.$$

# %%
f = {
    0: lambda x: np.log(np.cosh(x)) + 0.1 * x**2,
    1: lambda x: np.tanh(x) + 0.2 * x,
    2: lambda x: 1 / np.cosh(x) ** 2 + 0.2,
}
fig, ax = plt.subplots()
xs = np.linspace(-2, 2, 201)
ax.plot(xs, f[0](xs), color="black", ls="-", label="f")
x = 1.0
for number, (color, ls) in enumerate(((BLUE, "--"), (ORANGE, "-.")), 1):
    parabola = f[0](x) + f[1](x) * (xs - x) + f[2](x) / 2 * (xs - x) ** 2
    ax.plot(xs, parabola, color=color, ls=ls, lw=1.5, label=f"parabola of step {number}, from x = {x:.2f}")
    ax.plot(x, f[0](x), "o", color=color)
    x = x - f[1](x) / f[2](x)
ax.plot(x, f[0](x), "*", color=RED, ms=12, label=f"after two steps, x = {x:.3f}")
ax.set(
    ylim=(-0.4, 1.8),
    xlabel="x",
    ylabel="f(x)",
    title="Newton jumps to the bottom of the local parabola",
)
ax.legend(loc="lower right", fontsize=9)
plt.show()

# %% [markdown]
# With many weights the slope is the gradient and the curvature is the **Hessian** $H$, the matrix of second derivatives:
#
# $$w \leftarrow w - \alpha\, H(w)^{-1} \nabla L(w), \qquad \alpha = 1.$$
#
# On a quadratic loss the local parabola *is* the loss: one step is enough, however narrow the ravine. In code you **solve** $H s = \nabla L$ for the step $s$. Inverting $H$ costs more and loses digits.

# %% [raw]
# # BEGIN QUESTION
# name: newton
# points: 4

# %% [markdown]
# ### Exercise 5.3 · newton · ★★☆ · 10 minutes
#
# Take one Newton step, $w \leftarrow w - \alpha H^{-1} \nabla L(w)$, by solving a linear system. `hessian` is a function too: `hessian(w)` is the matrix $H$ at $w$. You may assume that it can be inverted. Return the state as it came.
#
# **Shapes:** `w` $(d,)$, `gradient(w)` $(d,)$, `hessian(w)` $(d, d)$ → `(w, state)`.
#
# **Worked:** $w = (0, 0)$, $\nabla L = (4, 7)$, $H = \begin{pmatrix}2&1\\1&3\end{pmatrix}$. The step $s = (1, 2)$ solves $Hs = \nabla L$, so $w$ becomes $(-1, -2)$.
#
# <details><summary>Hint 1</summary><code>np.linalg.solve(H, g)</code> returns the s with H s = g.</details>
# <details><summary>Hint 2</summary>The learning rate multiplies the whole step s.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Right only when H is diagonal:</b> <code>1 / H</code> divides entry by entry. That is no inverse.</li>
# <li><b>A shape that doesn't fit:</b> the step has the shape of w, (d,).</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def newton(w, gradient, state, *, hessian, learning_rate=1.0):
    """Return the weights, (d,), after one step of Newton's method, and the state."""
    # BEGIN SOLUTION
    step = np.linalg.solve(hessian(w), gradient(w))
    return w - learning_rate * step, state
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_one_step_to_the_bottom_of_a_slanted_bowl(newton):
    import numpy as np
    from course_utils import optimizers
    from course_utils.checks import check_steps

    H, bottom = np.array([[5.0, 2.0, -1.0], [2.0, 3.0, 0.5], [-1.0, 0.5, 2.0]]), np.array([1.0, -2.0, 0.5])
    check_steps(
        newton,
        lambda w: H @ (w - bottom),
        np.array([3.0, 1.0, -2.0]),
        1,
        hessian=lambda w: H,
        expected=optimizers.newton,
        mistakes={
            "1/H entry by entry is no inverse: solve H s = g for the step.": (
                lambda w, g, s, hessian: (w - (1 / hessian(w)) @ g(w), s)
            ),
            "You climb: subtract the step.": (
                lambda w, g, s, hessian: (w + np.linalg.solve(hessian(w), g(w)), s)
            ),
            "You divided by the diagonal of H alone: the other entries say how weights go together.": (
                lambda w, g, s, hessian: (w - g(w) / np.diag(hessian(w)), s)
            ),
            "You multiplied by H: Newton's method divides by the curvature, so solve H s = g.": (
                lambda w, g, s, hessian: (w - hessian(w) @ g(w), s)
            ),
            "H makes no difference in your answer: that is gradient descent.": (
                lambda w, g, s, hessian: (w - g(w), s)
            ),
        },
    )


# %%
def test_half_steps_where_the_curvature_changes(newton):
    import numpy as np
    from course_utils import optimizers
    from course_utils.checks import check_steps
    from course_utils.surfaces import SURFACES

    surface = SURFACES["Rosenbrock"]
    check_steps(
        newton,
        surface.gradient,
        np.array([-1.2, 1.0]),
        4,
        hessian=surface.hessian,
        learning_rate=0.5,
        rtol=1e-6,
        expected=optimizers.newton,
        mistakes={
            "The learning rate makes no difference in your answer: multiply the step by it.": (
                lambda w, g, s, hessian, **_: (w - np.linalg.solve(hessian(w), g(w)), s)
            ),
            "You climb: subtract the step.": (
                lambda w, g, s, hessian, **_: (w + 0.5 * np.linalg.solve(hessian(w), g(w)), s)
            ),
        },
    )


# %%
# HIDDEN
def test_random_quadratics_of_any_size(newton):
    import numpy as np
    from course_utils import optimizers
    from course_utils.checks import check_steps

    rng = np.random.default_rng(503)
    for d in (1, 2, 5, 11):
        A = rng.normal(size=(d, d))
        H, bottom = A @ A.T + np.eye(d), rng.normal(size=d)
        check_steps(
            newton,
            lambda w, H=H, bottom=bottom: H @ (w - bottom),
            rng.normal(3, 2, d),
            2,
            hessian=lambda w, H=H: H,
            expected=optimizers.newton,
            atol=1e-7,
        )


# %%
# HIDDEN
def test_towards_a_saddle(newton):
    import numpy as np
    from course_utils import optimizers
    from course_utils.checks import check_steps
    from course_utils.surfaces import SURFACES

    surface = SURFACES["saddle"]
    check_steps(
        newton,
        surface.gradient,
        np.array([-1.5, 0.6]),
        3,
        hessian=surface.hessian,
        rtol=1e-6,
        atol=1e-7,
        expected=optimizers.newton,
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# Why is Newton's method so quick near a minimum? The local parabola gets better the closer you are, so the error is *squared* with each step: the number of right digits doubles. Gradient descent only gains the same factor each time.

# %%
himmelblau = SURFACES["Himmelblau"]
bottom = np.array([3.0, 2.0])
fig, ax = plt.subplots()
for name, step, hyper, color, ls in (
    ("gradient descent", optimizers.gradient_descent, {"learning_rate": 0.01}, BLUE, "-"),
    ("Newton", optimizers.newton, {"hessian": himmelblau.hessian}, RED, "--"),
):
    path = optimizers.trajectory(step, himmelblau.gradient, [3.6, 2.5], 12, **hyper)
    distance = np.linalg.norm(path - bottom, axis=1)
    ax.plot(np.maximum(distance, 1e-16), color=color, ls=ls, marker="o", label=name)
ax.set(
    yscale="log",
    xlabel="step",
    ylabel="distance to the minimum",
    title="Newton doubles the right digits, down to rounding",
)
ax.legend()
plt.show()

# %% [markdown]
# Two things keep it out of deep learning.
#
# **Size.** For $d$ weights, $H$ has $d^2$ entries and solving costs about $d^3$ operations. A million weights would need a matrix of a million million numbers.
#
# **Saddles.** Newton looks for where the gradient is *zero*, not for where the loss is low. Where the curvature is negative it walks uphill. It is drawn to a saddle, or to a maximum, as gladly as to a minimum.
#
# 1. Choose the bowl, then the ravine. How many steps does Newton need on each? And gradient descent?
# 2. Choose the saddle and put the start near its middle. Where does each of the two go?

# %%
NewtonExplorer()

# %% [markdown]
# <details><summary>What you may have found</summary>One step on both: they are quadratic. Gradient descent needs a few on the bowl and dozens in the ravine. Near the saddle Newton goes to the saddle point itself; gradient descent slides off into a valley.</details>
#
# ## 5.4 What the landscape looks like
#
# At a **stationary point** the gradient is zero. Which kind it is, the eigenvalues of the Hessian say, one for each direction: all positive, a minimum; all negative, a maximum; both signs, a **saddle**.
#
# In one dimension you meet minima and maxima. In a million, a minimum needs a million positive eigenvalues. Suppose that a Hessian were a random symmetric matrix. How often is a stationary point what you hope for?

# %%
rng = np.random.default_rng(0)
dimensions = np.arange(1, 9)
kinds = {"minimum": [], "maximum": [], "saddle": []}
for d in dimensions:
    A = rng.normal(size=(20_000, d, d))
    eigenvalues = np.linalg.eigvalsh(A + A.swapaxes(1, 2))  # (20000, d), ascending
    kinds["minimum"].append(np.mean(eigenvalues[:, 0] > 0))
    kinds["maximum"].append(np.mean(eigenvalues[:, -1] < 0))
    kinds["saddle"].append(1 - kinds["minimum"][-1] - kinds["maximum"][-1])
fig, ax = plt.subplots()
bottoms = np.zeros(len(dimensions))
for (kind, shares), color, hatch in zip(kinds.items(), (BLUE, ORANGE, "0.8"), ("//", "..", ""), strict=True):
    ax.bar(dimensions, shares, bottom=bottoms, color=color, hatch=hatch, edgecolor="white", label=kind)
    bottoms += shares
ax.set(
    xlabel="dimensions",
    ylabel="share of 20,000 random Hessians",
    title="From five dimensions on, nearly every stationary point is a saddle",
)
ax.legend(loc="lower right", framealpha=0.9, frameon=True)
plt.show()

# %% [markdown]
# The share of *positive eigenvalues* is one half in every dimension. That **all** are positive becomes rarer than any coin would suggest, because eigenvalues of one matrix keep their distance from each other.
#
# A real loss isn't a random matrix. But one thing carries over: high up, where curvatures of both signs are equally common, stationary points are saddles. Minima are found low down, where most curvatures are positive.
#
# 1. Draw again several times at 2 dimensions, then at 6. How often do you see a minimum?
# 2. Go to 10 dimensions, and raise the mean curvature. From which value on do minima come back?

# %%
SaddleExplorer()

# %% [markdown]
# <details><summary>What you may have found</summary>At 2 dimensions about one time in seven; at 6 hardly ever. With a mean curvature near 1 most draws are minima again: on the floor of the landscape, what is stationary is mostly a minimum.</details>
#
# ### And the local minima that remain?
#
# In a small network a bad start ends in a bad minimum. As networks grow, the minima that training finds come closer to each other and to the global one. Below, networks with one hidden layer learn the same 60 points, 40 times each from random weights. A dot is the loss at which one training ended.

# %%
rng = np.random.default_rng(1)
inputs = rng.uniform(-2, 2, (60, 2))
outputs = np.sin(2 * inputs[:, 0]) * np.cos(1.5 * inputs[:, 1])


def final_losses(width, starts=40, steps=1500):
    """Train `starts` networks of 2 inputs, `width` tanh units and 1 output, all at once; return their losses."""

    def predict(w):
        W, b, v = w[:, : 2 * width].reshape(-1, 2, width), w[:, 2 * width : 3 * width], w[:, 3 * width :]
        hidden = np.tanh(inputs @ W + b[:, None])  # (starts, 60, width)
        return hidden, v, (hidden @ v[:, :, None])[..., 0]  # … (starts, 60)

    def gradient(w):
        hidden, v, predicted = predict(w)
        error = 2 * (predicted - outputs) / len(outputs)
        back = error[..., None] * v[:, None] * (1 - hidden**2)
        parts = [inputs.T @ back, back.sum(axis=1), (error[..., None] * hidden).sum(axis=1)]
        return np.concatenate([part.reshape(starts, -1) for part in parts], axis=1)

    w = np.random.default_rng(width).normal(size=(starts, 4 * width))
    path = optimizers.trajectory(
        optimizers.adam,
        gradient,
        w,
        steps,
        learning_rate=0.03,
        schedule=optimizers.SCHEDULES["cosine"],
    )
    return np.mean((predict(path[-1])[2] - outputs) ** 2, axis=1)


fig, ax = plt.subplots()
widths = (2, 4, 8, 16)
for place, width in enumerate(widths):
    losses = final_losses(width)
    ax.plot(place + np.linspace(-0.3, 0.3, len(losses)), losses, "o", color=BLUE, alpha=0.6)
    ax.hlines(
        np.median(losses),
        place - 0.35,
        place + 0.35,
        color=RED,
        ls="-",
        label="median" if place == 0 else None,
    )
ax.set_xticks(range(len(widths)), widths)
ax.set(
    xlabel="hidden units",
    ylabel="loss at the end of training",
    title="The wider the network, the less it matters where you start",
)
ax.legend()
plt.show()

# %% [markdown]
# With two units some starts end much higher than others. With sixteen, all end at nearly the same low loss. So in large networks the trouble is seldom a bad minimum. It is **slow progress**: ravines, plateaus, saddles and noise. The rest of this notebook is about speed.
