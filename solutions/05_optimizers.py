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
# In this notebook you write seven optimizers, each of one to seven lines, and watch them walk over surfaces that you can see. Then you let them train a network, whose surface nobody can see, and find them in another order.
#
# **You will be able to**
#
# - say which learning rates converge, and why one too large diverges;
# - write mini-batches, momentum, Nesterov's momentum, AdaGrad, RMSprop, Adam and Newton's method from their formulas;
# - say what each of them remembers, and what trouble that cures;
# - explain why saddle points matter more than local minima when there are many weights;
# - search hyperparameters on the right scale, and see from the weights whether the learning rate is sensible.
#
# **Time:** about 4 hours · **Needs:** notebook 01 (gradients, eigenvalues, cross-entropy), Hessians, matrix products · **Points:** 40, of which 36 by checks and 4 for a written answer
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
# forbids: [course_utils.optimizers.gradient_descent, torch.optim.*]

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
        label=f"batches of {m}, steps a pass: {-(-len(X) // m)}",
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
        rows = np.concatenate([np.zeros(0, int), *batches])
        check_true(
            np.array_equal(np.sort(rows), np.arange(n)),
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
ax.legend(loc="upper center", fontsize=9)
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
# forbids: [course_utils.optimizers.newton, scipy.optimize.*]

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
    title="From four dimensions on, nearly every stationary point is a saddle",
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
# <details><summary>What you may have found</summary>At 2 dimensions about one time in seven; at 6 hardly ever. In 10 dimensions minima come back at a mean curvature of about 0.7, and at 1 nearly nine draws of ten are minima: on the floor of the landscape, what is stationary is mostly a minimum.</details>
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

# %% [markdown]
# ## 5.5 Momentum
#
# In a ravine the gradient across changes its sign at every step, and the one along keeps it. So remember a running sum of steps, a **velocity** $p$. What changes its sign cancels; what keeps it adds up:
#
# $$p \leftarrow \mu p - \alpha \nabla L(w), \qquad w \leftarrow w + p.$$
#
# The momentum constant $\mu \in [0, 1)$ says how much of the velocity survives a step. Think of a heavy ball: $\mu = 0$ is gradient descent again. Under a constant gradient $g$ the velocity settles where $p = \mu p - \alpha g$, that is, at
#
# $$p = -\frac{\alpha}{1 - \mu}\, g.$$
#
# With $\mu = 0.9$ that is ten times gradient descent's step. A heavy ball has a price: it doesn't stop at the bottom. It **overshoots**.

# %%
ravine = SURFACES["ravine"]
U, V = np.meshgrid(np.linspace(-3, 3, 121), np.linspace(-1.5, 1.5, 61))
heights = ravine(np.stack([U, V], axis=-1))
fig, axes = plt.subplots(1, 2, figsize=(11, 3.6), sharey=True)
for ax, (name, step, hyper, color) in zip(
    axes,
    (
        ("gradient descent", optimizers.gradient_descent, {"learning_rate": 0.045}, BLUE),
        ("momentum, μ = 0.6", optimizers.momentum, {"learning_rate": 0.05, "mu": 0.6}, RED),
    ),
    strict=True,
):
    path = optimizers.trajectory(step, ravine.gradient, [-2.6, 1.1], 25, **hyper)
    ax.contour(
        U, V, heights, levels=np.geomspace(0.1, 40, 10), cmap="cividis", linewidths=0.8, linestyles="-"
    )
    ax.plot(*path.T, color=color, ls="-", marker="o", ms=4)
    ax.plot(0, 0, "*", color="black", ms=12)
    ax.set(xlabel="$w_1$", title=f"{name}: after 25 steps, loss {ravine(path[-1]):.2g}")
axes[0].set_ylabel("$w_2$")
plt.show()

# %% [raw]
# # BEGIN QUESTION
# name: momentum
# points: 3
# forbids: [course_utils.optimizers.momentum, torch.optim.*]

# %% [markdown]
# ### Exercise 5.4 · momentum · ★☆☆ · 8 minutes
#
# Take one step of $p \leftarrow \mu p - \alpha \nabla L(w)$, $w \leftarrow w + p$. Keep the velocity $p$ in the state; before the first step it is 0.
#
# **Shapes:** `w`, $p$ and `gradient(w)` all have one shape, any shape → `(w, state)`.
#
# **Worked:** $L = w^2$, $\alpha = 0.1$, $\mu = 0.5$, from $w = 1$. Step 1: $p = -0.1 \cdot 2 = -0.2$, $w = 0.8$. Step 2: $p = 0.5 \cdot (-0.2) - 0.1 \cdot 1.6 = -0.26$, $w = 0.54$.
#
# <details><summary>Hint 1</summary><code>state.get("p", 0.0)</code> is the velocity, or 0 in the first step.</details>
# <details><summary>Hint 2</summary>Return a new dict: <code>{"p": p}</code>.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Right for one step only:</b> the velocity isn't kept. It must be in the state that you return.</li>
# <li><b>Steps too small by the factor 1 − μ:</b> some books average the gradients. Here they are added up.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def momentum(w, gradient, state, *, learning_rate=0.1, mu=0.9):
    """Return the weights and the state after one step of momentum."""
    # BEGIN SOLUTION
    p = mu * state.get("p", 0.0) - learning_rate * gradient(w)
    return w + p, {"p": p}
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_five_steps(momentum):
    import numpy as np
    from course_utils import optimizers
    from course_utils.checks import check_steps

    def with_(factor):
        """Momentum with the gradient multiplied by a factor."""

        def step(w, g, s, *, learning_rate, mu):
            p = mu * s.get("p", 0.0) - factor * learning_rate * g(w)
            return w + p, {"p": p}

        return step

    def late(w, g, s, *, learning_rate, mu):
        old = s.get("p", 0.0 * w)
        return w + old, {"p": mu * old - learning_rate * g(w)}

    check_steps(
        momentum,
        lambda w: np.array([1.0, 3.0, 0.5]) * w,
        np.array([1.5, -2.0, 0.7]),
        5,
        learning_rate=0.2,
        mu=0.7,
        expected=optimizers.momentum,
        mistakes={
            "Your velocity is 1 − μ times ours: there is no 1 − μ in this convention.": with_(1 - 0.7),
            "Your velocity isn't kept: it must be in the state that you return, and read from it.": (
                lambda w, g, s, **_: (w - 0.2 * g(w), s)
            ),
            "You climb: the velocity loses α times the gradient.": with_(-1.0),
            "μ brakes the old velocity only, not the gradient that comes in now.": with_(0.7),
            "You keep μ, but the learning rate makes no difference: multiply the gradient by it.": with_(5.0),
            "The velocity doesn't fade: μ times the old one, plus the new step.": (
                lambda w, g, s, *, learning_rate, mu: optimizers.momentum(
                    w, g, s, learning_rate=learning_rate, mu=1.0
                )
            ),
            "You move with the velocity of the step before: first update p, then add it.": late,
        },
    )


# %%
# HIDDEN
def test_weights_of_any_shape_and_the_defaults(momentum):
    import numpy as np
    from course_utils import optimizers
    from course_utils.checks import check_steps

    rng = np.random.default_rng(505)
    for shape in ((5, 3), (1,), (2, 3, 7)):
        scale, centre = rng.uniform(0.3, 2, shape), rng.normal(size=shape)
        check_steps(
            momentum,
            lambda w, scale=scale, centre=centre: scale * (w - centre),
            rng.normal(2, 3, shape),
            6,
            expected=optimizers.momentum,
        )


# %%
# HIDDEN
def test_without_momentum_and_on_a_curved_valley(momentum):
    import numpy as np
    from course_utils import optimizers
    from course_utils.checks import check_steps
    from course_utils.surfaces import SURFACES

    for mu in (0.0, 0.95):
        check_steps(
            momentum,
            SURFACES["Rosenbrock"].gradient,
            np.array([-1.2, 1.0]),
            11,
            learning_rate=0.0005,
            mu=mu,
            expected=optimizers.momentum,
        )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# 1. Move μ from 0 to 0.99. Which value, roughly, brings the ball there in the fewest steps? What happens at 0.99?
# 2. Choose Rosenbrock, with 300 steps. Its valley is curved. How far along it do the two get?

# %%
OptimizerPlayground(surface="ravine", shown=["gradient descent", "momentum"])

# %% [markdown]
# <details><summary>What you may have found</summary>About 0.9. With less it creeps; at 0.99 it shoots past the minimum and swings back many times. In Rosenbrock's valley momentum gets nearly to the end while gradient descent has gone a small part of the way.</details>
#
# ## 5.6 Nesterov: look ahead, then correct
#
# The heavy ball takes the gradient where it stands, though it knows already that the velocity will carry it to about $w + \mu p$. **Nesterov's momentum** takes the gradient *there*:
#
# $$p \leftarrow \mu p - \alpha \nabla L(w + \mu p), \qquad w \leftarrow w + p.$$
#
# If the ball is about to climb the other side, the gradient at $w + \mu p$ says so one step earlier. It brakes in time.

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(11, 3.8))
ws = np.linspace(-2.2, 2.2, 101)
w, p = -0.6, 1.5
left.plot(ws, ws**2 / 2, color="black", ls="-")
left.annotate("", (w + p, w**2 / 2), (w, w**2 / 2), arrowprops={"arrowstyle": "->", "color": "0.4", "lw": 2})
left.text(w + p / 2, w**2 / 2 + 0.08, "velocity μp", ha="center", color="0.3")
for place, color, marker, says in (
    (w, BLUE, "o", "momentum looks at the dot:\n“still downhill”"),
    (w + p, RED, "s", "Nesterov looks at the square:\n“uphill by now”"),
):
    slope = np.array([-0.45, 0.45])
    left.plot(place + slope, place**2 / 2 + place * slope, color=color, ls="-", lw=3)
    left.plot(place, place**2 / 2, marker, color=color, ms=8)
    left.text(0, 1.8 if place < 0 else 1.1, says, color=color, ha="center")
left.set(xlabel="w", ylabel="loss", ylim=(-0.3, 2.4), title="Same ball, the gradient taken at two places")

for name, step, color, ls in (
    ("momentum", optimizers.momentum, BLUE, "-"),
    ("Nesterov", optimizers.nesterov, RED, "--"),
):
    path = optimizers.trajectory(
        step, SURFACES["ravine"].gradient, [-2.6, 1.1], 120, learning_rate=0.015, mu=0.95
    )
    right.plot(path[:, 0], color=color, ls=ls, label=name)
right.axhline(0, color="black", lw=1, ls="-")
right.set(xlabel="step", ylabel="$w_1$, along the ravine", title="μ = 0.95: Nesterov swings less")
right.legend()
plt.show()

# %% [raw]
# # BEGIN QUESTION
# name: nesterov
# points: 3
# forbids: [course_utils.optimizers.nesterov, torch.optim.*]

# %% [markdown]
# ### Exercise 5.5 · nesterov · ★★☆ · 8 minutes
#
# Take one step of Nesterov's momentum, as above. Keep $p$ in the state; before the first step it is 0.
#
# **Shapes:** as in Exercise 5.4.
#
# **Worked:** $L = w^2$, $\alpha = 0.1$, $\mu = 0.5$, from $w = 1$. Step 1: $p = -0.2$, $w = 0.8$. Step 2: look at $0.8 + 0.5 \cdot (-0.2) = 0.7$, where the gradient is $1.4$; $p = -0.1 - 0.14 = -0.24$, $w = 0.56$.
#
# <details><summary>Hint 1</summary>The gradient is a function: call it at <code>w + mu * p</code>, with the old p.</details>
# <details><summary>Hint 2</summary>The look-ahead is for the gradient alone. The new p is added to w, not to the look-ahead.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>The same as momentum:</b> you took the gradient at w.</li>
# <li><b>Too far:</b> μp is in the new p already; it must not be added twice.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def nesterov(w, gradient, state, *, learning_rate=0.1, mu=0.9):
    """Return the weights and the state after one step of Nesterov's momentum."""
    # BEGIN SOLUTION
    carried = mu * state.get("p", 0.0)
    p = carried - learning_rate * gradient(w + carried)
    return w + p, {"p": p}
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_five_steps(nesterov):
    import numpy as np
    from course_utils import optimizers
    from course_utils.checks import check_steps

    def looking(ahead, kept=0.0, lost=False):
        """Nesterov's step with the gradient at w + ahead·p, and kept·p added to w besides."""

        def step(w, g, s, *, learning_rate, mu):
            old = s.get("p", 0.0)
            p = mu * old - learning_rate * g(w + ahead * old)
            return w + p + kept * old, {} if lost else {"p": p}

        return step

    check_steps(
        nesterov,
        lambda w: np.array([1.0, 3.0, 0.5]) * w,
        np.array([1.5, -2.0, 0.7]),
        5,
        learning_rate=0.2,
        mu=0.7,
        expected=optimizers.nesterov,
        mistakes={
            "That is plain momentum: first look ahead to w + μp, then take the gradient there.": looking(0.0),
            "You look ahead by p: only μ times the velocity will be left.": looking(1.0),
            "You look back: the gradient belongs at w plus μp.": looking(-0.7),
            "You move twice by μp: the look-ahead is for the gradient alone, the new p is added to w.": (
                looking(0.7, kept=0.7)
            ),
            "Your velocity isn't kept: it must be in the state that you return, and read from it.": (
                looking(0.7, lost=True)
            ),
            "You climb: the velocity loses α times the gradient.": (
                lambda w, g, s, *, learning_rate, mu: optimizers.nesterov(
                    w, g, s, learning_rate=-learning_rate, mu=mu
                )
            ),
        },
    )


# %%
# HIDDEN
def test_weights_of_any_shape_and_the_defaults(nesterov):
    import numpy as np
    from course_utils import optimizers
    from course_utils.checks import check_steps

    rng = np.random.default_rng(506)
    for shape in ((5, 3), (1,), (2, 3, 7)):
        scale, centre = rng.uniform(0.3, 2, shape), rng.normal(size=shape)
        check_steps(
            nesterov,
            lambda w, scale=scale, centre=centre: scale * (w - centre),
            rng.normal(2, 3, shape),
            6,
            expected=optimizers.nesterov,
            mistakes={
                "That is plain momentum: first look ahead to w + μp, then take the gradient there.": (
                    optimizers.momentum
                )
            },
        )


# %%
# HIDDEN
def test_on_a_curved_valley(nesterov):
    import numpy as np
    from course_utils import optimizers
    from course_utils.checks import check_steps
    from course_utils.surfaces import SURFACES

    for mu in (0.0, 0.95):
        check_steps(
            nesterov,
            SURFACES["Rosenbrock"].gradient,
            np.array([-1.2, 1.0]),
            11,
            learning_rate=0.0005,
            mu=mu,
            expected=optimizers.nesterov,
        )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# 1. Below, μ is 0.95 on a slanted bowl. How many steps does each need? Raise μ to 0.99: which of the two suffers more?
# 2. Set μ to 0. What is left of the difference, and why?

# %%
OptimizerPlayground(surface="Booth", shown=["momentum", "nesterov"], mu=0.95, steps=200)

# %% [markdown]
# <details><summary>What you may have found</summary>Momentum swings for dozens of steps; Nesterov is there in a handful. At 0.99 momentum needs more than twice as many, Nesterov no more than before. With μ = 0 nothing is left: there is no velocity to look ahead with, and both are gradient descent.</details>
#
# ## 5.7 AdaGrad: a rate for every weight
#
# In a ravine no single α suits both directions. So give each weight its own. **AdaGrad** adds up the squared gradients of each weight and divides by the root of the sum:
#
# $$c \leftarrow c + g^2, \qquad w \leftarrow w - \frac{\alpha\, g}{\sqrt c + \varepsilon}, \qquad g = \nabla L(w),$$
#
# all entry by entry. A small ε, such as $10^{-8}$, keeps the first division finite where $g = 0$.
#
# Two consequences. The **size of the gradient cancels**: multiply the loss by 1,000, and the steps stay as they are. That helps where gradients are of very different size, as with rare words or pixels. And the sum only grows, so **steps shrink**. With a constant gradient, $c = t g^2$ after $t$ steps, and the step is $\alpha/\sqrt t$.
#
# One rate for each *weight* is not one for each *direction*. Turn the ravine by 45 degrees, and both weights see gradients of about the same size: the weights depend on each other, and AdaGrad has nothing to divide by.

# %%
turn = np.array([[1.0, -1.0], [1.0, 1.0]]) / np.sqrt(2)
straight = np.diag([1.0, 40.0])
fig, axes = plt.subplots(1, 2, figsize=(11, 3.8), sharey=True)
for ax, H, says in (
    (axes[0], straight, "Along the axes: AdaGrad walks straight down"),
    (axes[1], turn @ straight @ turn.T, "Turned by 45°: nothing left to divide by"),
):
    start = np.array([-2.6, 1.1]) if H is straight else turn @ [-2.6, 1.1]
    for name, step, rate, color, ls in (
        ("gradient descent, α = 0.045", optimizers.gradient_descent, 0.045, BLUE, "-"),
        ("AdaGrad, α = 0.5", optimizers.adagrad, 0.5, ORANGE, "--"),
    ):
        path = optimizers.trajectory(step, lambda w, H=H: w @ H, start, 60, learning_rate=rate)
        ax.plot(np.einsum("ti,ij,tj->t", path, H, path) / 2, color=color, ls=ls, label=name)
    ax.set(yscale="log", xlabel="step", title=says)
    ax.legend()
axes[0].set_ylabel("loss")
plt.show()

# %% [raw]
# # BEGIN QUESTION
# name: adagrad
# points: 3
# forbids: [course_utils.optimizers.adagrad, torch.optim.*]

# %% [markdown]
# ### Exercise 5.6 · adagrad · ★★☆ · 8 minutes
#
# Take one step of AdaGrad. Keep $c$ in the state; before the first step it is 0. Note where ε stands: outside the root.
#
# **Shapes:** `w`, $c$ and $g$ all have one shape, any shape → `(w, state)`.
#
# **Worked:** $L = w^2$, $\alpha = 0.5$, ε = 0, from $w = 1$. Step 1: $g = 2$, $c = 4$, $w = 1 - 0.5 \cdot 2/2 = 0.5$. Step 2: $g = 1$, $c = 5$, $w = 0.5 - 0.5/\sqrt5 \approx 0.276$.
#
# <details><summary>Hint 1</summary>Call the gradient once and keep it: <code>g = gradient(w)</code>.</details>
# <details><summary>Hint 2</summary>First update c, then divide by the new c.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Every step has length α:</b> c isn't kept from step to step.</li>
# <li><b>A huge first step:</b> you divided by the old c, which is 0.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def adagrad(w, gradient, state, *, learning_rate=0.5, eps=1e-8):
    """Return the weights and the state after one step of AdaGrad."""
    # BEGIN SOLUTION
    g = gradient(w)
    c = state.get("c", 0.0) + g**2
    return w - learning_rate * g / (np.sqrt(c) + eps), {"c": c}
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_five_steps(adagrad):
    import numpy as np
    from course_utils import optimizers
    from course_utils.checks import check_steps

    def with_(add=np.square, divisor=lambda c, eps: np.sqrt(c) + eps, sign=-1, lost=False, late=False):
        """AdaGrad with one of its parts replaced."""

        def step(w, g, s, *, learning_rate, eps):
            old, g = s.get("c", np.zeros_like(w)), g(w)
            c = old + add(g)
            return w + sign * learning_rate * g / divisor(old if late else c, eps), {} if lost else {"c": c}

        return step

    check_steps(
        adagrad,
        lambda w: np.array([1.0, 30.0, 0.5]) * w,
        np.array([1.5, -2.0, 0.7]),
        5,
        learning_rate=0.4,
        eps=0.3,
        expected=optimizers.adagrad,
        mistakes={
            "ε stands inside your root: it is √c + ε, not √(c + ε).": with_(
                divisor=lambda c, eps: np.sqrt(c + eps)
            ),
            "The root is missing: divide by √c + ε.": with_(divisor=lambda c, eps: c + eps),
            "c isn't kept: it must be in the state that you return, and read from it.": with_(lost=True),
            "You climb: subtract the step.": with_(sign=1),
            "You divide by the old c: first add g², then divide by the root of the new c.": with_(late=True),
            "You added up the gradients' sizes: add their squares.": with_(
                add=np.abs, divisor=lambda c, eps: c + eps
            ),
            "All weights share one c in your answer: each weight has its own.": with_(
                add=lambda g: np.full_like(g, np.sum(g**2))
            ),
            "You averaged the squares over the weights: each weight has its own c.": with_(
                add=lambda g: np.full_like(g, np.mean(g**2))
            ),
        },
    )


# %%
# HIDDEN
def test_weights_of_any_shape_and_the_defaults(adagrad):
    import numpy as np
    from course_utils import optimizers
    from course_utils.checks import check_steps

    rng = np.random.default_rng(507)
    for shape in ((5, 3), (1,), (2, 3, 7)):
        scale, centre = rng.uniform(0.01, 20, shape), rng.normal(size=shape)
        check_steps(
            adagrad,
            lambda w, scale=scale, centre=centre: scale * (w - centre),
            rng.normal(2, 3, shape),
            6,
            expected=optimizers.adagrad,
        )


# %%
# HIDDEN
def test_gradients_that_are_zero_or_as_small_as_epsilon(adagrad):
    import numpy as np
    from course_utils import optimizers
    from course_utils.checks import check_steps

    check_steps(
        adagrad,
        lambda w: np.array([0.0, 3e-8, 1e-9, 5e-7]) * w,
        np.array([1.0, 1.5, -2.0, 0.7]),
        4,
        learning_rate=0.2,
        expected=optimizers.adagrad,
        mistakes={
            "Where the gradient is zero you divide 0 by 0: ε belongs in the divisor.": (
                lambda w, g, s, *, learning_rate: optimizers.adagrad(
                    w, g, s, learning_rate=learning_rate, eps=0.0
                )
            ),
        },
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# 1. How many steps does each need in the ravine? Now choose Booth, a slanted bowl, where the weights depend on each other. Who is ahead?
# 2. Back in the ravine, set "all learning rates ×" to 3, then to 10. Who diverges? Why can't AdaGrad?

# %%
OptimizerPlayground(surface="ravine", shown=["gradient descent", "adagrad"])

# %% [markdown]
# <details><summary>What you may have found</summary>In the ravine AdaGrad needs a third of gradient descent's steps; on Booth's slanted bowl it needs more. At 3 times its rate gradient descent diverges. AdaGrad's first step has length α in each weight, however steep it is, and the later ones are shorter.</details>
#
# ## 5.8 RMSprop: forget
#
# AdaGrad never forgets. If gradients were large at the beginning, steps stay small for ever, even where the surface has become flat. **RMSprop** replaces the sum by a running average, in which old squares fade:
#
# $$s \leftarrow \beta s + (1 - \beta)\, g^2, \qquad w \leftarrow w - \frac{\alpha\, g}{\sqrt s + \varepsilon}, \qquad \beta \in [0, 1).$$
#
# β sets the memory: about $1/(1-\beta)$ steps. Below, a gradient is 10 for fifty steps and then falls to 0.1.

# %%
sizes = np.where(np.arange(150) < 50, 10.0, 0.1)
steps_taken = {}
for name, step, hyper in (
    ("AdaGrad", optimizers.adagrad, {}),
    ("RMSprop, β = 0.9", optimizers.rmsprop, {"beta": 0.9}),
    ("RMSprop, β = 0.99", optimizers.rmsprop, {"beta": 0.99}),
):
    w, state, steps_taken[name] = np.zeros(1), {}, []
    for g in sizes:
        moved, state = step(w, lambda w, g=g: np.full(1, g), state, learning_rate=1.0, **hyper)
        steps_taken[name].append(float(w[0] - moved[0]))
        w = moved
fig, ax = plt.subplots()
for (name, taken), color, ls in zip(
    steps_taken.items(), (ORANGE, GREEN, SKY), ("-", "--", "-."), strict=True
):
    ax.plot(np.arange(1, 151), taken, color=color, ls=ls, label=name)
ax.axvline(50.5, color="black", lw=1, ls=":")
ax.text(52, 0.3, "here the gradient\nfalls from 10 to 0.1", va="center")
ax.set(
    yscale="log",
    xlabel="step",
    ylabel="length of the step, in units of α",
    ylim=(5e-4, 30),
    title="AdaGrad never forgets the large gradients; RMSprop does",
)
ax.legend(loc="upper right")
plt.show()

# %% [markdown]
# With β = 0.9 RMSprop is back at steps of length α within a hundred steps; with β = 0.99 it would take ten times as long. AdaGrad stays hundreds of times shorter. Look at the first step too: with β = 0.99 it is ten times too long, because the average starts at 0. Adam will repair that.

# %% [raw]
# # BEGIN QUESTION
# name: rmsprop
# points: 3
# forbids: [course_utils.optimizers.rmsprop, torch.optim.*]

# %% [markdown]
# ### Exercise 5.7 · rmsprop · ★★☆ · 6 minutes
#
# Take one step of RMSprop. Keep $s$ in the state; before the first step it is 0.
#
# **Shapes:** `w`, $s$ and $g$ all have one shape, any shape → `(w, state)`.
#
# **Worked:** $L = w^2$, $\alpha = 0.1$, $\beta = 0.75$, ε = 0, from $w = 1$. Step 1: $g = 2$, $s = 0.25 \cdot 4 = 1$, $w = 1 - 0.1 \cdot 2/1 = 0.8$. Step 2: $g = 1.6$, $s = 0.75 \cdot 1 + 0.25 \cdot 2.56 = 1.39$, $w = 0.8 - 0.16/\sqrt{1.39} \approx 0.664$.
#
# <details><summary>Hint 1</summary>Your AdaGrad, with another line for what is remembered.</details>
# <details><summary>Hint 2</summary>β belongs to the old average, 1 − β to the new square.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>The first step is wrong by a constant factor:</b> 1 − β is missing, or exchanged with β.</li>
# <li><b>Right for one step only:</b> the average isn't kept.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def rmsprop(w, gradient, state, *, learning_rate=0.05, beta=0.9, eps=1e-8):
    """Return the weights and the state after one step of RMSprop."""
    # BEGIN SOLUTION
    g = gradient(w)
    s = beta * state.get("s", 0.0) + (1 - beta) * g**2
    return w - learning_rate * g / (np.sqrt(s) + eps), {"s": s}
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_five_steps(rmsprop):
    import numpy as np
    from course_utils import optimizers
    from course_utils.checks import check_steps

    def with_(old=0.7, new=0.3, divisor=lambda s, eps: np.sqrt(s) + eps, sign=-1, lost=False, power=2):
        """RMSprop with one of its parts replaced; the test's β is 0.7."""

        def step(w, g, s, *, learning_rate, beta, eps):
            g, t = g(w), s.get("t", 0) + 1
            average = old * s.get("s", 0.0) + new * np.abs(g) ** power
            w = w + sign * learning_rate * g / divisor(average, eps)
            return w, {} if lost else {"s": average, "t": t}

        return step

    def corrected(w, g, s, *, learning_rate, beta, eps):
        return optimizers.adam(w, g, s, learning_rate=learning_rate, beta1=0.0, beta2=beta, eps=eps)

    check_steps(
        rmsprop,
        lambda w: np.array([1.0, 30.0, 0.5]) * w,
        np.array([1.5, -2.0, 0.7]),
        5,
        learning_rate=0.1,
        beta=0.7,
        eps=0.2,
        expected=optimizers.rmsprop,
        mistakes={
            "β and 1 − β are exchanged: β belongs to the old average.": with_(0.3, 0.7),
            "1 − β is missing: without it s is no average.": with_(new=1.0),
            "Nothing is forgotten: β must multiply the old average.": with_(old=1.0),
            "ε stands inside your root: it is √s + ε, not √(s + ε).": with_(
                divisor=lambda s, eps: np.sqrt(s + eps)
            ),
            "The root is missing: divide by √s + ε.": with_(divisor=lambda s, eps: s + eps),
            "s isn't kept: it must be in the state that you return, and read from it.": with_(lost=True),
            "You averaged the gradients' sizes: average their squares.": with_(
                power=1, divisor=lambda s, eps: s + eps
            ),
            "You corrected the average for its start: that is Adam's idea, RMSprop doesn't.": corrected,
            "You climb: subtract the step.": with_(sign=1),
            "That is AdaGrad: squares are averaged here, not added up.": with_(old=1.0, new=1.0),
        },
    )


# %%
# HIDDEN
def test_weights_of_any_shape_and_the_defaults(rmsprop):
    import numpy as np
    from course_utils import optimizers
    from course_utils.checks import check_steps

    rng = np.random.default_rng(508)
    for shape in ((5, 3), (1,), (2, 3, 7)):
        scale, centre = rng.uniform(0.01, 20, shape), rng.normal(size=shape)
        check_steps(
            rmsprop,
            lambda w, scale=scale, centre=centre: scale * (w - centre),
            rng.normal(2, 3, shape),
            6,
            expected=optimizers.rmsprop,
        )


# %%
# HIDDEN
def test_small_gradients_and_no_memory(rmsprop):
    import numpy as np
    from course_utils import optimizers
    from course_utils.checks import check_steps

    for beta in (0.0, 0.95):
        check_steps(
            rmsprop,
            lambda w: np.array([0.0, 3e-8, 1e-9, 5e-7]) * w,
            np.array([1.0, 1.5, -2.0, 0.7]),
            4,
            learning_rate=0.2,
            beta=beta,
            expected=optimizers.rmsprop,
        )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# 1. Set β to 0: what does each step do now? Where does the walk end, and how far from the minimum?
# 2. With β = 0.9 and 300 steps, compare the loss at the end for the schedules constant and cosine. Why does RMSprop need a schedule even without noise, and AdaGrad not?

# %%
OptimizerPlayground(surface="ravine", shown=["adagrad", "rmsprop"])

# %% [markdown]
# <details><summary>What you may have found</summary>With β = 0 only the sign of the gradient is left: each weight moves by α, up or down, and jumps about the minimum at that distance for ever. With β = 0.9 steps are of about that size too, because near the minimum gradients shrink and so does their average. Only a falling α brings it to rest. AdaGrad's divisor grows, so its steps shrink by themselves.</details>
#
# ## 5.9 Adam
#
# **Adam** is momentum divided by RMSprop's root: a running average $p$ of gradients and one, $s$, of their squares,
#
# $$p \leftarrow \beta_1 p + (1 - \beta_1)\, g, \qquad s \leftarrow \beta_2 s + (1 - \beta_2)\, g^2.$$
#
# Unlike the velocity of 5.5, $p$ is an average here: hence $1 - \beta_1$. Both start at 0 and are therefore too small at first. Under a constant gradient, $p = (1 - \beta_1^t)\, g$ after $t$ steps. So divide by that:
#
# $$\hat p = \frac{p}{1 - \beta_1^t}, \qquad \hat s = \frac{s}{1 - \beta_2^t}, \qquad w \leftarrow w - \frac{\alpha\, \hat p}{\sqrt{\hat s} + \varepsilon}.$$
#
# The first step is $t = 1$. The corrected $\hat p$ and $\hat s$ serve this step only: what is kept are $p$ and $s$.
#
# Does the correction matter? Below, the gradient is constant, so that every step should have length α.

# %%
t = np.arange(1, 1001)
fig, ax = plt.subplots()
ax.plot(t, (1 - 0.9**t) / np.sqrt(1 - 0.999**t), color=RED, ls="--", label="without correction")
ax.plot(t, np.ones_like(t), color=BLUE, ls="-", label="with correction")
ax.set(
    xscale="log",
    ylim=(0, 7.5),
    xlabel="step t",
    ylabel="length of the step, in units of α",
    title="Uncorrected, Adam's first steps are several times too long",
)
ax.legend()
plt.show()

# %% [raw]
# # BEGIN QUESTION
# name: adam
# points: 5
# forbids: [course_utils.optimizers.adam, course_utils.optimizers.adamw, torch.optim.*]

# %% [markdown]
# ### Exercise 5.8 · adam · ★★★ · 15 minutes
#
# Take one step of Adam. The state holds $p$, $s$ and the number of steps $t$.
#
# **Shapes:** `w`, $p$, $s$ and $g$ all have one shape, any shape; $t$ is a whole number → `(w, state)`.
#
# **Worked:** $L = w^2$, $\alpha = 0.1$, $\beta_1 = 0.5$, $\beta_2 = 0.75$, ε = 0, from $w = 1$. Step 1: $g = 2$, $p = 1$, $s = 1$; $\hat p = 1/0.5 = 2$, $\hat s = 1/0.25 = 4$; $w = 1 - 0.1 \cdot 2/2 = 0.9$. Step 2: $g = 1.8$, $p = 1.4$, $s = 1.56$; $\hat p = 1.4/0.75$, $\hat s = 1.56/0.4375$; $w \approx 0.801$.
#
# <details><summary>Hint 1</summary>Count first: <code>t = state.get("t", 0) + 1</code>.</details>
# <details><summary>Hint 2</summary>Use two names, such as <code>p</code> and <code>p_hat</code>. Only <code>p</code> goes into the state.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>NaN in the first step:</b> with t = 0 the correction divides by 0.</li>
# <li><b>Right in the first step only:</b> you kept the corrected averages, or your t doesn't grow.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def adam(w, gradient, state, *, learning_rate=0.1, beta1=0.9, beta2=0.999, eps=1e-8):
    """Return the weights and the state after one step of Adam."""
    # BEGIN SOLUTION
    g = gradient(w)
    t = state.get("t", 0) + 1
    p = beta1 * state.get("p", 0.0) + (1 - beta1) * g
    s = beta2 * state.get("s", 0.0) + (1 - beta2) * g**2
    p_hat = p / (1 - beta1**t)
    s_hat = s / (1 - beta2**t)
    return w - learning_rate * p_hat / (np.sqrt(s_hat) + eps), {"p": p, "s": s, "t": t}
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_the_first_step_has_length_alpha(adam):
    import numpy as np
    from course_utils import optimizers
    from course_utils.checks import check_steps

    def uncorrected(w, g, s, *, learning_rate, beta1=0.9, beta2=0.999, eps=1e-8):
        g = g(w)
        return w - learning_rate * (1 - beta1) * g / (np.sqrt((1 - beta2) * g**2) + eps), s

    def from_zero(w, g, s, *, learning_rate):
        with np.errstate(all="ignore"):
            p, root = 0.1 * g(w) / (1 - 0.9**0), np.sqrt(0.001 * g(w) ** 2 / (1 - 0.999**0))
            return w - learning_rate * p / (root + 1e-8), s

    check_steps(
        adam,
        lambda w: np.array([1.0, 30.0, -0.5]) * w,
        np.array([1.5, -2.0, 0.7]),
        1,
        learning_rate=0.2,
        expected=optimizers.adam,
        mistakes={
            "The averages start at zero and are too small at first: divide them by 1 − β₁ᵗ and 1 − β₂ᵗ.": uncorrected,
            "Your steps are counted from 0, and the correction divides by 0: the first step is t = 1.": from_zero,
        },
    )


# %%
def test_five_steps(adam):
    import numpy as np
    from course_utils import optimizers
    from course_utils.checks import check_steps

    def with_(
        correct_p=True,
        correct_s=True,
        keep_hats=False,
        count=True,
        root=lambda s, eps: np.sqrt(s) + eps,
        **change,
    ):
        """Adam with one of its parts replaced."""

        def step(w, g, s, *, learning_rate, beta1, beta2, eps):
            b1, b2 = change.get("b1", beta1), change.get("b2", beta2)
            g, t = g(w), s.get("t", 0) + 1
            p = b1 * s.get("p", 0.0) + change.get("new1", 1 - b1) * g
            q = b2 * s.get("s", 0.0) + change.get("new2", 1 - b2) * g**2
            p_hat = p / (1 - b1**t) if correct_p else p
            q_hat = q / (1 - b2**t) if correct_s else q
            kept = (p_hat, q_hat) if keep_hats else (p, q)
            state = {"p": kept[0], "s": kept[1], "t": t if count else 0}
            sign = change.get("sign", -1)
            return w + sign * learning_rate * p_hat / root(q_hat, eps), {} if change.get("lost") else state

        return step

    check_steps(
        adam,
        lambda w: np.array([1.0, 30.0, 0.5]) * w,
        np.array([1.5, -2.0, 0.7]),
        5,
        learning_rate=0.2,
        beta1=0.6,
        beta2=0.8,
        eps=0.1,
        expected=optimizers.adam,
        mistakes={
            "The averages start at zero and are too small at first: divide them by 1 − β₁ᵗ and 1 − β₂ᵗ.": with_(
                correct_p=False, correct_s=False
            ),
            "Only p is corrected: s starts at zero too.": with_(correct_s=False),
            "Only s is corrected: p starts at zero too.": with_(correct_p=False),
            "You kept the corrected averages: p̂ and ŝ are for this step, the state holds p and s.": with_(
                keep_hats=True
            ),
            "Your count of steps stays at 1: keep t in the state.": with_(count=False),
            "β₁ and β₂ are exchanged: β₁ belongs to the gradients, β₂ to their squares.": with_(
                b1=0.8, b2=0.6
            ),
            "ε stands inside your root: it is √ŝ + ε.": with_(root=lambda s, eps: np.sqrt(s + eps)),
            "The root is missing: divide by √ŝ + ε.": with_(root=lambda s, eps: s + eps),
            "1 − β₁ is missing: p is an average of gradients here.": with_(new1=1.0),
            "1 − β₂ is missing: s is an average of squares.": with_(new2=1.0),
            "Nothing is kept: p, s and t must be in the state that you return, and read from it.": with_(
                lost=True
            ),
            "You climb: subtract the step.": with_(sign=1),
        },
    )


# %%
# HIDDEN
def test_weights_of_any_shape_and_the_defaults(adam):
    import numpy as np
    from course_utils import optimizers
    from course_utils.checks import check_steps

    rng = np.random.default_rng(509)
    for shape in ((5, 3), (1,), (2, 3, 7)):
        scale, centre = rng.uniform(0.01, 20, shape), rng.normal(size=shape)
        check_steps(
            adam,
            lambda w, scale=scale, centre=centre: scale * (w - centre),
            rng.normal(2, 3, shape),
            7,
            expected=optimizers.adam,
        )


# %%
# HIDDEN
def test_small_gradients_and_other_memories(adam):
    import numpy as np
    from course_utils import optimizers
    from course_utils.checks import check_steps

    for beta1, beta2 in ((0.0, 0.5), (0.7, 0.0), (0.95, 0.99)):
        check_steps(
            adam,
            lambda w: np.array([0.0, 3e-8, 1e-9, 5e-7]) * w,
            np.array([1.0, 1.5, -2.0, 0.7]),
            4,
            learning_rate=0.2,
            beta1=beta1,
            beta2=beta2,
            expected=optimizers.adam,
        )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# If you have written `adam`, it walks below as "yours", beside the others. (If not, only the library's do.)
#
# 1. In the ravine, move "all learning rates ×" from 0.1 to 10. Which optimizers survive a rate ten times too large, and what have they in common?
# 2. Choose Rosenbrock with 400 steps. Which two get to the end of the valley? What do those two have that RMSprop and AdaGrad lack?

# %%
OptimizerPlayground(mine=adam if solved(adam) else None, surface="ravine")

# %% [markdown]
# <details><summary>What you may have found</summary>Gradient descent and momentum diverge. AdaGrad, RMSprop and Adam divide by the size of the gradient, so their steps stay bounded. Along Rosenbrock's valley momentum and Adam arrive: both have a velocity.</details>
#
# %% [markdown]
# ## 5.10 Hyperparameters
#
# α, μ, β and their kind aren't trained. You choose them, on **validation data** that takes no part in training.
#
# From here on a real network: handwritten digits of 14 × 14 pixels, 32 ReLU units, 10 classes. (The originals have 28 × 28. A quarter of the pixels lets you train hundreds of networks in a minute.) All its 6,634 weights are one flat vector, so that your optimizers fit as they are. The gradient comes from backpropagation in a few lines of NumPy.

# %%
digits = data.load_mnist()
pixels, X_test = (
    part.reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4), dtype=float).reshape(-1, 196)
    for part in (digits.x_train, digits.x_test)
)
X_fit, y_fit, X_val, y_val = pixels[:3000], digits.y_train[:3000], pixels[3000:], digits.y_train[3000:]
y_test = digits.y_test
SHAPES = ((196, 32), (32,), (32, 10), (10,))
ENDS = np.cumsum([np.prod(shape) for shape in SHAPES])


def layers(w):
    """Cut the flat vector into W1, b1, W2, b2."""
    return [part.reshape(shape) for part, shape in zip(np.split(w, ENDS[:-1]), SHAPES, strict=True)]


def initial_weights(seed):
    rng = np.random.default_rng(seed)
    W1, W2 = rng.normal(size=SHAPES[0]) * np.sqrt(2 / 196), rng.normal(size=SHAPES[2]) * np.sqrt(2 / 32)
    return np.concatenate([W1.ravel(), np.zeros(32), W2.ravel(), np.zeros(10)])


def forward(w, X):
    """Return the hidden units and the logarithms of the ten probabilities."""
    W1, b1, W2, b2 = layers(w)
    hidden = np.maximum(X @ W1 + b1, 0)
    scores = hidden @ W2 + b2
    scores = scores - scores.max(axis=1, keepdims=True)
    return hidden, scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))


def loss(w, X, y):
    return -np.mean(forward(w, X)[1][np.arange(len(y)), y])


def loss_gradient(w, X, y):
    hidden, log_p = forward(w, X)
    d_scores = np.exp(log_p)
    d_scores[np.arange(len(y)), y] -= 1
    d_scores /= len(y)
    d_hidden = d_scores @ layers(w)[2].T * (hidden > 0)
    parts = X.T @ d_hidden, d_hidden.sum(axis=0), hidden.T @ d_scores, d_scores.sum(axis=0)
    return np.concatenate([part.ravel() for part in parts])


def accuracy(w, X, y):
    return np.mean(forward(w, X)[1].argmax(axis=1) == y)


def train(step, passes=4, seed=0, watch=None, **hyper):
    """Train the network by an optimizer, in batches of 32; `watch(before, after)` sees every step. Return the weights."""
    rng, w, state = np.random.default_rng(seed), initial_weights(seed), {}
    with np.errstate(all="ignore"):  # a rate that is too large may overflow
        for _ in range(passes):
            for rows in minibatches(len(X_fit), 32, rng):
                after, state = step(
                    w, lambda v, rows=rows: loss_gradient(v, X_fit[rows], y_fit[rows]), state, **hyper
                )
                if watch:
                    watch(w, after)
                w = after
    return w


fig, axes = plt.subplots(1, 10, figsize=(10, 1.4))
for k, ax in enumerate(axes):
    ax.imshow(X_fit[y_fit == k][0].reshape(14, 14), cmap="gray_r")
    ax.axis("off")
fig.suptitle("3,000 digits to train on, 1,000 to choose by, 1,000 to judge by")
plt.show()

# %% [markdown]
# ### The right scale is the logarithm
#
# Is α = 0.001 or 0.1 better? Nobody knows before trying; sensible values spread over orders of magnitude. Draw α **uniformly** from 0.0001 to 1, and nine of ten draws lie above 0.1. Draw its **exponent** uniformly instead, and every decade gets its share:
#
# $$\alpha = e^{u}, \qquad u \sim \mathcal U(\log \text{low}, \log \text{high}).$$

# %%
rng = np.random.default_rng(0)
fig, axes = plt.subplots(1, 2, figsize=(11, 3.2), sharey=True)
edges = np.logspace(-4, 0, 13)
for ax, draws, color, says in (
    (axes[0], rng.uniform(1e-4, 1, 1000), RED, "uniform: nearly all in the top decade"),
    (axes[1], np.exp(rng.uniform(np.log(1e-4), 0, 1000)), BLUE, "log-uniform: every decade gets its share"),
):
    ax.hist(draws, edges, color=color, edgecolor="white")
    ax.set(xscale="log", xlabel="learning rate α", title=says)
axes[0].set_ylabel("of 1,000 draws")
plt.show()

# %% [markdown]
# And draw at **random** rather than from a grid. With several hyperparameters, of which only one or two matter, a grid of 3 × 3 tries three values of each; nine random settings try nine.
#
# Then go **coarse to fine**: search the whole range with few tries, and look closer around the best.

# %% [raw]
# # BEGIN QUESTION
# name: random_search
# points: 6
# forbids: [course_utils.model_selection.random_search, sklearn.*]

# %% [markdown]
# ### Exercise 5.9 · random_search · ★★★ · 20 minutes
#
# Search hyperparameters at random, coarse to fine.
#
# - `space` is a dict: name → (low, high), both positive. `train(**setting)` takes one value for each name and returns a score on validation data. Higher is better. NaN means that training diverged: count it as $-\infty$.
# - In each round, draw `samples` settings, **log-uniformly and independently** for each name, and train each once.
# - Round 1 draws from the whole range. After every round, **halve the width** of each range, in logarithms, and centre it at the best setting found in **any** round so far. What sticks out of `space` is cut off.
# - Return all trials as a list of pairs `(score, setting)`, the best first. A setting is a dict.
#
# **Shapes:** `rounds`, `samples` whole numbers, `rng` a NumPy random generator → a list of `rounds · samples` pairs.
#
# **Worked:** `space = {"rate": (1e-4, 1)}`: four decades. The best of round 1 is at $10^{-3}$. Round 2 searches two decades, from $10^{-4}$ to $10^{-2}$; if its best is $10^{-2.5}$ and better than before, round 3 searches one decade, from $10^{-3}$ to $10^{-2}$. Had the best of round 1 been at $10^{-0.5}$, round 2 would run from $10^{-1.5}$ to $10^{0}$ only.
#
# <details><summary>Hint 1</summary>Work with logarithms throughout: limits, centre, and half the width, as arrays with one entry a name. Take the exponential just before training.</details>
# <details><summary>Hint 2</summary>The range of a round runs from <code>np.maximum(low, centre - reach)</code> to <code>np.minimum(high, centre + reach)</code>, with <code>reach</code> half the width. <code>rng.uniform(a, b, (samples, k))</code> draws them all.</details>
# <details><summary>Hint 3</summary><code>max(trials, key=lambda trial: trial[0])</code> finds the best; <code>sorted(trials, key=..., reverse=True)</code> puts it first. Make NaN <code>-np.inf</code> before you store it.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Nearly all rates are large:</b> you drew the rate, not its logarithm.</li>
# <li><b>The best is NaN:</b> NaN compares as neither larger nor smaller. Replace it.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def random_search(train, space, rounds, rng, samples=10):
    """Return a list of (score, setting), best first, of a log-uniform search from coarse to fine."""
    # BEGIN SOLUTION
    low, high = np.log(list(space.values())).T
    centre, reach, trials = (low + high) / 2, (high - low) / 2, []
    for _ in range(rounds):
        bounds = np.maximum(low, centre - reach), np.minimum(high, centre + reach)
        for values in np.exp(rng.uniform(*bounds, (samples, len(space)))):
            setting = dict(zip(space, values.tolist(), strict=True))
            score = train(**setting)
            trials.append((-np.inf if np.isnan(score) else score, setting))
        best = max(trials, key=lambda trial: trial[0])[1]
        centre, reach = np.log(list(best.values())), reach / 2
    return sorted(trials, key=lambda trial: trial[0], reverse=True)
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_one_round_is_log_uniform(random_search):
    import numpy as np
    from course_utils.checks import check_true, checked_call

    space = {"rate": (1e-4, 1.0), "decay": (1e-7, 1e-2)}
    seen = []

    def train(**setting):
        seen.append(setting)
        return 0.0

    checked_call(random_search, train, space, 1, np.random.default_rng(7), samples=150)
    check_true(len(seen) == 150, "Train once for each setting that you draw.", f"trained {len(seen)} times")
    check_true(
        all(set(setting) == set(space) for setting in seen),
        "Give `train` one value for each name in the space, by name: `train(**setting)`.",
    )
    logs = np.log10([[setting["rate"], setting["decay"]] for setting in seen])
    share = (logs - [-4, -7]) / [4, 5]  # of the range
    check_true(
        share.min() > -1e-9 and share.max() < 1 + 1e-9, "A setting lies outside the limits of the space."
    )
    check_true(
        np.mean(share > 0.75) < 0.7,
        "Nearly all of your settings lie near the top: draw the exponent uniformly, not the value.",
    )
    check_true(
        len(np.unique(np.round(share[:, 0], 9))) > 100,
        "Your settings repeat, as on a grid: draw each one anew.",
    )
    check_true(
        abs(np.corrcoef(share.T)[0, 1]) < 0.5,
        "All hyperparameters move together: draw a number of its own for each.",
    )
    quarters = np.stack([np.histogram(column, 4, (0, 1))[0] for column in share.T]) / 150
    check_true(
        quarters.min() > 0.1 and quarters.max() < 0.42,
        "Every part of the range should get its share, in logarithms.",
        f"shares of the four quarters: {np.round(quarters, 2).tolist()}",
    )


# %%
def test_what_comes_back(random_search):
    import numpy as np
    from course_utils.checks import check_true, checked_call, compare

    seen = []

    def train(**setting):
        seen.append(setting)
        return -abs(np.log10(setting["rate"]) + 2.3)

    answer = checked_call(random_search, train, {"rate": (1e-5, 1.0)}, 3, np.random.default_rng(8), samples=4)
    check_true(
        isinstance(answer, (list, tuple)) and all(isinstance(trial, (list, tuple)) for trial in answer),
        "Return a list of pairs (score, setting).",
        f"got {answer!r:.200}",
    )
    check_true(
        len(answer) == 12,
        "Return all trials of all rounds.",
        f"got {len(answer)} trials after {len(seen)} trainings",
    )
    check_true(
        all(len(trial) == 2 and isinstance(trial[1], dict) for trial in answer),
        "Each trial is a pair: the score, then the setting, a dict.",
        f"got {answer[0]!r:.200}",
    )
    expected = sorted(
        ((-abs(np.log10(setting["rate"]) + 2.3), setting) for setting in seen), key=lambda trial: -trial[0]
    )
    compare(
        list(answer),
        expected,
        mistakes={
            "The best trial comes first: sort by score, the highest first.": expected[::-1],
            "The trials are in the order in which they ran: sort them, the best first.": [
                (-abs(np.log10(setting["rate"]) + 2.3), setting) for setting in seen
            ],
        },
    )


# %%
def test_later_rounds_look_closer(random_search):
    import numpy as np
    from course_utils.checks import check_true, checked_call

    space, samples, seen = {"rate": (1e-4, 1.0), "decay": (1e-6, 1e-1)}, 31, []
    low, width = np.array([-4.0, -6.0]), np.array([4.0, 5.0])
    # The best of all is found in round 1; round 3 must still look around it.
    scores = {3: 10.0, samples + 5: 5.0, 2 * samples + 2: 7.0}

    def train(rate, decay):
        seen.append(np.log10([rate, decay]))
        return scores.get(len(seen) - 1, 0.0)

    checked_call(random_search, train, space, 3, np.random.default_rng(9), samples=samples)
    check_true(
        len(seen) == 3 * samples,
        "Each round draws and trains `samples` settings.",
        f"trained {len(seen)} times",
    )
    points = np.array(seen)
    best, last = points[3], points[samples + 5]

    def inside(number, centre):
        """Whether a round stays in the range that belongs to it and fills it."""
        reach = width / 2 ** (number + 1)
        lowest, highest = np.maximum(low, centre - reach), np.minimum(low + width, centre + reach)
        own = points[number * samples : (number + 1) * samples]
        return bool(
            np.all(own >= lowest - 1e-6)
            and np.all(own <= highest + 1e-6)
            and np.all(np.ptp(own, axis=0) > 0.6 * (highest - lowest))
        )

    spread = [np.ptp(points[i * samples : (i + 1) * samples], axis=0) / width for i in range(3)]
    told = f"width of the ranges in rounds 1, 2, 3, as shares of the whole: {np.round(spread, 2).tolist()}"
    check_true(
        np.all(spread[1] < 0.8),
        "The second round is as wide as the first: halve the ranges after each round.",
        told,
    )
    check_true(
        not (inside(1, best) and inside(2, last) and not inside(2, best)),
        "Round 3 looks around the best of round 2: the best of any round so far counts.",
    )
    check_true(
        not inside(1, low + width / 2),
        "You halve the range around its middle: centre it at the best setting.",
    )
    check_true(
        np.all(points >= low - 1e-6) and np.all(points <= low + width + 1e-6),
        "Later rounds leave the limits of the space: cut off what sticks out.",
    )
    check_true(
        inside(1, best),
        "Round 2 should search half the width, in logarithms, centred at the best setting and cut off at the limits.",
        told,
    )
    check_true(
        inside(2, best),
        "Round 3 should search a quarter of the width, centred at the best setting of any round.",
        told,
    )


# %%
# HIDDEN
def test_training_that_diverges_counts_as_worst(random_search):
    import numpy as np
    from course_utils.checks import check_true, checked_call

    seen = []

    def train(rate):
        seen.append(rate)
        return float("nan") if len(seen) in (1, 4) else -float(len(seen))

    answer = checked_call(
        random_search, train, {"rate": (1e-3, 1e3)}, 2, np.random.default_rng(10), samples=12
    )
    check_true(
        not any(np.isnan(trial[0]) for trial in answer),
        "A training that diverged must not win: NaN counts as minus infinity.",
    )
    check_true(
        answer[0][0] == -2.0 and np.isclose(answer[0][1]["rate"], seen[1]),
        "The first trial isn't the best of all that were trained.",
    )
    check_true(
        [trial[0] for trial in answer[-2:]] == [-np.inf] * 2 and len(answer) == 24,
        "Trials that diverged belong to the list, with the score minus infinity.",
    )
    centre, later = np.log10(seen[1]), np.log10(seen[12:])
    check_true(
        np.all(np.abs(later - centre) <= 1.5 + 1e-6),
        "After a training that diverged, the second round isn't centred at the best setting.",
    )


# %%
# HIDDEN
def test_the_best_at_the_edge_and_one_sample_a_round(random_search):
    import numpy as np
    from course_utils.checks import check_true, checked_call

    seen = []

    def train(rate, decay):
        seen.append((rate, decay))
        return rate / decay

    checked_call(
        random_search,
        train,
        {"rate": (2.0, 700.0), "decay": (1e-3, 0.3)},
        5,
        np.random.default_rng(11),
        samples=23,
    )
    logs = np.log(seen)
    low, high = np.log([2.0, 1e-3]), np.log([700.0, 0.3])
    check_true(
        np.all(logs >= low - 1e-9) and np.all(logs <= high + 1e-9),
        "Later rounds leave the limits of the space: cut off what sticks out.",
    )
    for number in range(1, 5):
        before = max(seen[: 23 * number], key=lambda pair: pair[0] / pair[1])
        own, reach = logs[23 * number : 23 * (number + 1)], (high - low) / 2 ** (number + 1)
        floor, top = np.maximum(low, np.log(before) - reach), np.minimum(high, np.log(before) + reach)
        check_true(
            np.all(own >= floor - 1e-6)
            and np.all(own <= top + 1e-6)
            and np.all(np.ptp(own, axis=0) > 0.5 * (top - floor)),
            "A later round doesn't search its range: half the width of the round before, around the best, cut off at the limits.",
        )
    count = []
    checked_call(
        random_search,
        lambda rate: float(count.append(rate) or len(count)),
        {"rate": (0.1, 10.0)},
        3,
        np.random.default_rng(12),
        samples=1,
    )
    check_true(len(count) == 3, "With one sample a round there is one training a round.")


# %%
# HIDDEN
def test_ten_samples_by_default_and_log_uniform_draws_from_rng(random_search):
    import numpy as np
    from course_utils.checks import check_true, checked_call

    def rates(seed):
        answer = checked_call(
            random_search, lambda rate: -rate, {"rate": (1e-3, 1.0)}, 2, np.random.default_rng(seed)
        )
        return [trial[1]["rate"] for trial in answer]

    check_true(len(rates(1)) == 20, "Without `samples`, ten settings are tried in each round.")
    check_true(
        rates(1) == rates(1) and rates(1) != rates(2),
        "Draw from `rng`: the same generator state gives the same search, another one another.",
    )
    one_round = checked_call(
        random_search, lambda rate: 0.0, {"rate": (1e-6, 1e2)}, 1, np.random.default_rng(3), samples=150
    )
    below = np.mean([trial[1]["rate"] < 1e-2 for trial in one_round])
    check_true(
        0.3 < below < 0.7,
        "Half of the settings should lie in the lower half of the range, in logarithms: draw the exponent, not the value.",
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# Your search at work: momentum on the digits, two passes a try, two hyperparameters. μ lies close to 1, so its **distance from 1** is what has orders of magnitude.

# %%
if solved(minibatches, momentum, random_search):
    tried = []

    def try_momentum(learning_rate, friction):
        tried.append((learning_rate, friction))
        w = train(momentum, passes=2, learning_rate=learning_rate, mu=1 - friction)
        return -loss(w, X_val, y_val)

    space = {"learning_rate": (1e-4, 1.0), "friction": (0.01, 1.0)}
    trials = random_search(try_momentum, space, 3, np.random.default_rng(0), samples=8)
    score_of = {(s["learning_rate"], s["friction"]): score for score, s in trials}
    fig, ax = plt.subplots()
    for number, marker in enumerate("os^"):
        part = np.array(tried[8 * number : 8 * (number + 1)])
        losses = np.array([-score_of[tuple(setting)] for setting in part])
        dots = ax.scatter(
            *part.T,
            c=np.clip(losses, 0.3, 1.2),
            vmin=0.3,
            vmax=1.2,
            cmap="cividis",
            marker=marker,
            s=60,
            edgecolors="black",
            label=f"round {number + 1}",
        )
    fig.colorbar(dots, label="loss on validation data, at most 1.2")
    ax.set(
        xscale="log",
        yscale="log",
        xlabel="learning rate α",
        ylabel="1 − μ",
        title="Coarse to fine: each round looks closer around the best",
    )
    ax.legend()
    plt.show()
    best_score, best = trials[0]
    print(f"best: α = {best['learning_rate']:.3g}, μ = {1 - best['friction']:.3g}, loss {-best_score:.3f}")
    print(f"worst: loss {-trials[-1][0]:.3f}; always saying 1/10: {np.log(10):.3f}")

# %% [markdown]
# Read the picture: a large α goes badly with a small $1 - \mu$. What counts is about $\alpha/(1 - \mu)$, the speed under a constant gradient: too large in the lower right corner, too small towards the left. If the best setting lies at an edge of `space`, the space was too small. Then widen it and search again.
#
# ## 5.11 How large are your steps?
#
# You don't always have time for a search. Look at the weights themselves: how far does one step move them, compared with their size?
#
# $$r = \frac{\lVert w_\text{after} - w_\text{before} \rVert}{\lVert w_\text{before} \rVert}$$
#
# A rule of thumb says that $r$ should be near $10^{-3}$ for the weights of a layer. Far less, and you waste time; far more, and the weights are thrown about.

# %% [raw]
# # BEGIN QUESTION
# name: update_ratio
# points: 2

# %% [markdown]
# ### Exercise 5.10 · update_ratio · ★☆☆ · 4 minutes
#
# Return $r$ as above. The norm $\lVert w \rVert$ is the root of the sum of the squares of **all** entries, also for a matrix.
#
# **Shapes:** `w_before`, `w_after` of one shape, any shape → one number.
#
# **Worked:** $w$ moves from $(3, 4)$ to $(3, 4.5)$: $\lVert (0, 0.5) \rVert / \lVert (3, 4) \rVert = 0.5/5 = 0.1$.
#
# <details><summary>Hint 1</summary><code>np.linalg.norm(w)</code>.</details>
# <details><summary>Hint 2</summary>Subtract first, then take the norm.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Nearly 0 when weights turn without growing:</b> you subtracted the norms.</li>
# <li><b>Wrong for matrices only:</b> <code>np.linalg.norm(W, 2)</code> is the largest singular value.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def update_ratio(w_before, w_after):
    """Return the length of the change divided by the length of the weights before it."""
    # BEGIN SOLUTION
    return np.linalg.norm(w_after - w_before) / np.linalg.norm(w_before)
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_a_matrix(update_ratio):
    import numpy as np
    from course_utils.checks import check_call

    before = np.array([[1.0, -2.0, 0.5], [3.0, 1.5, -1.0]])
    after = np.array([[1.2, -2.1, 0.7], [2.9, 1.1, -1.3]])
    change = after - before
    norm = np.linalg.norm
    check_call(
        update_ratio,
        before,
        after,
        expected=np.sqrt(np.sum(change**2) / np.sum(before**2)),
        mistakes={
            "Divide by the length of the weights before the step, not after it.": norm(change) / norm(after),
            "You took the difference of the lengths: take the length of the difference.": abs(
                norm(after) - norm(before)
            )
            / norm(before),
            "You averaged the ratios of the entries: take one length above and one below.": np.mean(
                np.abs(change / before)
            ),
            "You compared the largest entries: the length counts all of them.": np.max(np.abs(change))
            / np.max(np.abs(before)),
            "That is the largest singular value of a matrix: the length is the root of all squares.": norm(
                change, 2
            )
            / norm(before, 2),
            "The root is missing: a length is the root of the sum of squares.": norm(change) ** 2
            / norm(before) ** 2,
            "Your ratio is upside down: the change stands above.": norm(before) / norm(change),
            "You added up absolute values: a length is the root of the sum of squares.": np.sum(
                np.abs(change)
            )
            / np.sum(np.abs(before)),
            "That is the ratio of the lengths: subtract the weights first.": norm(after) / norm(before),
        },
    )


# %%
# HIDDEN
def test_any_shape(update_ratio):
    import numpy as np
    import torch
    from course_utils.checks import check_call

    rng = np.random.default_rng(511)
    for shape in ((7,), (1,), (5, 3), (2, 3, 5, 7)):
        before = rng.normal(size=shape)
        after = before + 0.03 * rng.normal(size=shape)
        lengths = [torch.linalg.vector_norm(torch.tensor(part)).item() for part in (after - before, before)]
        check_call(
            update_ratio,
            before,
            after,
            expected=lengths[0] / lengths[1],
            mistakes={
                "Divide by the length of the weights before the step, not after it.": lengths[0]
                / np.linalg.norm(after)
            },
        )
    check_call(update_ratio, np.array([3.0, 4.0]), np.array([3.0, 4.0]), expected=0.0)


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# Is the rule true for our network? Below, every dot is a training: momentum and Adam, each with seven learning rates, for 3 passes and for 12. Its place says how large the steps were, as a median over all steps, and where the validation loss ended.

# %%
if solved(minibatches, momentum, adam, update_ratio):
    fig, axes = plt.subplots(1, 2, figsize=(11, 4), sharey=True)
    for ax, passes in zip(axes, (3, 12), strict=True):
        for name, step, rates, color, marker in (
            ("momentum", momentum, np.logspace(-3.5, -0.5, 7), RED, "o"),
            ("Adam", adam, np.logspace(-4.5, -1.5, 7), BLUE, "s"),
        ):
            medians, ends = [], []
            for rate in rates:
                ratios = []
                w = train(
                    step,
                    passes,
                    watch=lambda before, after, ratios=ratios: ratios.append(
                        update_ratio(before[: ENDS[0]], after[: ENDS[0]])
                    ),
                    learning_rate=rate,
                )
                medians.append(np.median(ratios))
                ends.append(loss(w, X_val, y_val))
            ax.plot(medians, ends, color=color, marker=marker, ls="-", label=name)
            best = int(np.argmin(ends))
            print(
                f"{passes:2d} passes, {name:8s}: best α {rates[best]:.1e}, steps of {medians[best]:.1e} of the weights"
            )
        ax.set(
            xscale="log",
            xlabel="update ratio of the first layer, median",
            title=f"{passes} passes",
        )
        ax.legend()
    axes[0].set_ylabel("loss on validation data")
    fig.suptitle("Two optimizers need different rates, and do best at nearly the same ratio")
    plt.show()

# %% [markdown]
# The best learning rates of the two optimizers differ, with 12 passes by a factor of ten. The update ratios at which they do best are close together: that is what makes the ratio worth looking at. The value itself depends on how long you train. In a hurry, larger steps pay; with more passes the best ratio falls from about a hundredth to a few thousandths. Read the rule of thumb as an order of magnitude, not as a number.
#
# ## 5.12 The race
#
# Six optimizers of yours, twice: on a surface of two weights, and on the network of 6,634. To be fair, each gets a learning rate of its own, from your `random_search`, with equal numbers of tries. All other hyperparameters keep their defaults.
#
# **First race: Rosenbrock's valley**, narrow and curved, 200 steps. The score of a try is minus the logarithm of the mean loss over the last 50 steps: one lucky last step doesn't pay. Newton's method takes part too; it needs no search.

# %%
LOOKS = {
    "SGD": (BLUE, "-"),
    "momentum": (RED, "--"),
    "Nesterov": (SKY, "-."),
    "AdaGrad": (ORANGE, ":"),
    "RMSprop": (GREEN, (0, (5, 1))),
    "Adam": ("black", (0, (3, 1, 1, 1))),
    "Newton": ("0.5", "-"),
}
MINE = {
    "SGD": sgd,
    "momentum": momentum,
    "Nesterov": nesterov,
    "AdaGrad": adagrad,
    "RMSprop": rmsprop,
    "Adam": adam,
}
if solved(*MINE.values(), newton, random_search):
    valley = SURFACES["Rosenbrock"]

    def walk(step, steps=200, **hyper):
        def gradient(w):
            return valley.gradient(np.clip(w, -9, 9))  # a walk that diverges stays finite

        return valley(optimizers.trajectory(step, gradient, [-1.2, 1.0], steps, **hyper))

    on_valley = {}
    for name, step in MINE.items():
        trials = random_search(
            lambda learning_rate, step=step: -np.log(np.mean(walk(step, learning_rate=learning_rate)[-50:])),
            {"learning_rate": (1e-5, 10.0)},
            3,
            np.random.default_rng(1),
            samples=12,
        )
        on_valley[name] = walk(step, **trials[0][1])
        print(
            f"{name:9s} α = {trials[0][1]['learning_rate']:.2e}, loss after 200 steps {on_valley[name][-1]:.1e}"
        )
    on_valley["Newton"] = walk(newton, hessian=valley.hessian)
    fig, ax = plt.subplots()
    for name, losses in on_valley.items():
        ax.plot(np.maximum(losses, 1e-9), color=LOOKS[name][0], ls=LOOKS[name][1], label=name)
    ax.set(
        yscale="log",
        ylim=(1e-4, 1e5),
        xlabel="step",
        ylabel="loss",
        title="In a curved valley, velocity wins; Newton arrives in a few steps",
    )
    ax.legend(ncols=3, fontsize=9, loc="upper right")
    plt.show()

# %% [markdown]
# The three with a velocity, momentum, Nesterov and Adam, end far below the three without. Newton needs a handful of steps, one of them far uphill.
#
# AdaGrad doesn't walk down the valley at all. Its first ten steps throw it across, and from where it lands it creeps. At $\alpha = 1.74$, which this search missed, it happens to land beside the minimum and ends as low as momentum: one walk from one start proves little.
#
# Watch it. Your Nesterov is "yours" below, with the playground's rate, which was set by rule, not by search. (Put any other of your optimizers in its place: `mine=adagrad`, with a rate of its own.)
#
# 1. In the table, give "yours" the rate that your search has found. After how many steps has it gone 99 % of the way?
# 2. Make that rate twice as large. How wide is the margin between the best rate and disaster?

# %%
OptimizerPlayground(
    mine=nesterov if solved(nesterov) else None,
    surface="Rosenbrock",
    steps=200,
    shown=["momentum", "nesterov", "adam", "yours"],
    rates={"yours": 0.0004},
)

# %% [markdown]
# <details><summary>What you may have found</summary>With the rate of the search it is there in some forty steps; with the playground's it isn't after 200. Twice that rate diverges: the best rate lies close to the largest that converges. That is why a search pays, and why it should be fine in the end.</details>
#
# %% [markdown]
# **Second race: the digits.** The same search again, now on validation loss after 6 passes.

# %%
if solved(*MINE.values(), minibatches, random_search):
    best_rates = {}
    for name, step in MINE.items():
        trials = random_search(
            lambda learning_rate, step=step: (
                -loss(train(step, passes=6, learning_rate=learning_rate), X_val, y_val)
            ),
            {"learning_rate": (1e-4, 1.0)},
            2,
            np.random.default_rng(2),
            samples=6,
        )
        best_rates[name] = trials[0][1]["learning_rate"]
        print(f"{name:9s} α = {best_rates[name]:.1e}, validation loss {-trials[0][0]:.3f}")

# %% [markdown]
# With its own rate, each now trains from five different starts; the band runs from the lowest to the highest of the five. The test set is used once, at the end. Newton has to stay at home: its Hessian would hold $6{,}634^2$ numbers, 44 million, to be computed and solved with at every step.

# %%
if solved(*MINE.values(), newton, minibatches, random_search):
    fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2))
    print("optimizer  loss: training  validation   accuracy on the test set")
    on_digits = {}
    for name, step in MINE.items():
        curves, tests = [], []
        for seed in range(5):
            walked = []
            w = train(
                step,
                passes=6,
                seed=seed,
                watch=lambda before, after, walked=walked: walked.append(after),
                learning_rate=best_rates[name],
            )
            ends = walked[93::94]  # the weights after each pass of 94 batches
            curves.append([[loss(v, X_fit, y_fit), loss(v, X_val, y_val)] for v in ends])
            tests.append(accuracy(w, X_test, y_test))
        curves = np.array(curves)  # (5, passes, 2)
        on_digits[name] = curves[:, -1].mean(axis=0)
        passes = np.arange(1, curves.shape[1] + 1)
        for ax, part in ((left, curves[..., 0]), (right, curves[..., 1])):
            ax.plot(passes, part.mean(axis=0), color=LOOKS[name][0], ls=LOOKS[name][1], label=name)
            ax.fill_between(passes, part.min(axis=0), part.max(axis=0), color=LOOKS[name][0], alpha=0.12)
        print(f"{name:9s}  {on_digits[name][0]:14.3f}  {on_digits[name][1]:10.3f}   {np.mean(tests):.1%}")
    left.set(yscale="log", xlabel="passes over the data", ylabel="cross-entropy", title="Training data")
    right.set(xlabel="passes over the data", title="Validation data: closer together")
    left.legend(fontsize=9)
    plt.show()
    common = np.bincount(y_fit).argmax()
    print(f"\nalways the commonest class: {np.mean(y_test == common):.1%}")
    for title, order in (
        ("Rosenbrock", sorted(MINE, key=lambda name: on_valley[name][-1])),
        ("digits, training", sorted(MINE, key=lambda name: on_digits[name][0])),
        ("digits, validation", sorted(MINE, key=lambda name: on_digits[name][1])),
    ):
        print(f"{title:19s} {' < '.join(order)}")

# %% [markdown]
# Read the numbers with care. (If your search draws its numbers in another order, yours differ from these: a finding in itself.)
#
# - On **training** data momentum and Nesterov lead. Adam, ahead of Nesterov in the valley, no longer keeps up with them, and AdaGrad, which was far behind, is ahead of Adam.
# - On **validation** data the order is another one again, and the six are closer together. Bands overlap: other starts may give another order.
# - On the **test** set most neighbours in the list differ by less than chance allows to tell apart. With 1,000 images and about 91 % right, the standard error of one accuracy is $\sqrt{0.91 \cdot 0.09/1000} \approx 0.9\,\%$.
# - Twelve tries don't find the best rate. A good part of what looks like a difference between optimizers is a difference between rates.
#
# So once each has a decent learning rate, the choice of the optimizer matters less here than the rate itself: the worst setting of your search in 5.10 was worse than guessing.

# %% [raw]
# # BEGIN QUESTION
# name: why_the_ranking_differs
# points: 4
# manual: true

# %% [markdown]
# ### Question 5.11 · Why does the ranking differ? · ★★☆ · 10 minutes
#
# In Rosenbrock's valley AdaGrad was far behind momentum and Adam. On the digits it was not.
#
# Give **two** differences between the two tasks that can explain it, and say for each **why** it helps or harms which optimizer. Then name **one** reason why the order on the validation data need not be the order on the training data. Last, say what **one** experiment would convince you that one optimizer is really better than another on the digits. Four to eight sentences.

# %% [raw]
# # BEGIN SOLUTION

# %% [markdown]
# **Rubric (4 points):** one point for each of two differences with its reason, one for validation against training, one for the experiment.
#
# - [1] *Dependent weights against sparse gradients.* In the valley the two weights depend strongly on each other, and a rate for each weight can't follow a slanted direction. In the network many gradients are of very different size (pixels at the border are hardly ever ink), and there a rate for each weight helps.
# - [1] *Noise.* The valley's gradients are exact: a velocity adds up hundreds of equal small steps along its floor. Gradients of batches of 32 are noisy, and the noise limits all methods alike; steps that shrink, as AdaGrad's, then help.
# - [1] *Shape and dimension.* One long curved valley with a high condition number asks for speed along it. With 6,634 weights there are many directions down, and no need to follow one to its end.
# - [1] *Length.* 200 steps of one walk against some 560 steps in which a few per cent of the way suffice.
# - [1] *Validation:* the network can fit the training data ever better without predicting better (overfitting); the one that is fastest in training overfits first. Also: the rates were chosen on validation loss, not on training loss.
# - [1] *Experiment:* many seeds (start, order of batches) for each, rates tuned with equal effort, intervals for the mean difference; or a larger test set. One run with another seed isn't enough.
#
# An answer that only says "the network is more complicated" earns nothing for that sentence.

# %% [raw]
# # END SOLUTION

# %% [raw]
# # END QUESTION

# %% [markdown]
# ## Challenge, beyond the grade: Newton without fear of saddles
#
# Newton is drawn to saddles because a negative curvature turns its step around. **Saddle-free Newton** keeps the scale of every direction and gives the sign back: with the eigenvectors $Q$ and eigenvalues $\Lambda$ of $H = Q \Lambda Q^\top$,
#
# $$w \leftarrow w - \alpha\, |H|^{-1} \nabla L(w), \qquad |H| = Q\, |\Lambda|\, Q^\top.$$
#
# Write it. Then find out what happens exactly *on* the saddle point, and why.


# %%
def saddle_free_newton(w, gradient, state, *, hessian, learning_rate=1.0):
    """Return the weights, (d,), after one step of saddle-free Newton, and the state."""
    ...


# %%
if solved(saddle_free_newton, newton):
    saddle = SURFACES["saddle"]
    for step in (newton, saddle_free_newton):
        path = optimizers.trajectory(step, saddle.gradient, [-1.0, 0.3], 20, hessian=saddle.hessian)
        print(f"{step.__name__:19s} ends at {np.round(path[-1], 4)}, loss {saddle(path[-1]):.3f}")

# %% [markdown]
# ## What you take with you
#
# - **Gradient descent** converges if $\alpha < 2/\lambda$ for the largest curvature λ. Its number of steps grows with the condition number.
# - **Mini-batches** buy many cheap noisy steps for one exact one. Noise gets you off saddles; a falling α brings you to rest.
# - **Newton** divides by the curvature: one step on a quadratic, too costly for networks, drawn to saddles.
# - In many dimensions **saddles** are the rule. In wide networks the minima that training finds are about equally good.
# - **Momentum** adds up what keeps its direction; **Nesterov** looks where it will be before it corrects.
# - **AdaGrad** gives every weight its rate, **RMSprop** forgets, **Adam** adds velocity and corrects for the start at zero. Dividing doesn't help against weights that depend on each other.
# - **Tune on validation data**, log-uniformly, coarse to fine. Look at the update ratio.
#
# ## Test yourself
#
# Answer first, then unfold.
#
# <details><summary>1. The curvatures of a quadratic loss are 2, 5 and 50. Which learning rates converge?</summary>Those below 2/50 = 0.04: the largest curvature decides.</details>
# <details><summary>2. You multiply the loss by 100. For which optimizers must you change the learning rate?</summary>For gradient descent, momentum and Nesterov: divide it by 100. In AdaGrad, RMSprop and Adam the factor cancels, but for ε. Newton's step doesn't change either: gradient and Hessian grow alike.</details>
# <details><summary>3. μ = 0.99. By which factor is a step under a constant gradient longer than gradient descent's in the end?</summary>1/(1 − μ) = 100.</details>
# <details><summary>4. Someone's Adam, with β₁ = 0.9, corrects s but not p. How long is its first step?</summary>α/10: p is (1 − β₁) g, and the corrected root is |g|.</details>
# <details><summary>5. The best learning rate of your search is 0.98, and you searched from 0.0001 to 1. What do you do?</summary>The best lies at the edge: widen the space upwards and search again.</details>
#
# **Further reading.** Polyak, *Some methods of speeding up the convergence of iteration methods* (1964). Duchi, Hazan and Singer, *Adaptive Subgradient Methods for Online Learning and Stochastic Optimization* (2011). Kingma and Ba, *Adam: A Method for Stochastic Optimization* (2015). Sutskever, Martens, Dahl and Hinton, *On the importance of initialization and momentum in deep learning* (2013). Dauphin and others, *Identifying and attacking the saddle point problem in high-dimensional non-convex optimization* (2014). Choromanska and others, *The Loss Surfaces of Multilayer Networks* (2015). Bergstra and Bengio, *Random Search for Hyper-Parameter Optimization* (2012). Wilson and others, *The Marginal Value of Adaptive Gradient Methods in Machine Learning* (2017). Goodfellow, Bengio and Courville, *Deep Learning* (2016), chapter 8.
#
# ## Hand in
#
# Save the notebook (Ctrl+S), then run this cell. It writes the file that you hand in and shows what isn't done yet.

# %%
grader.hand_in()
