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
# name: 04_backpropagation
# init_cell: false
# export_cell: false
# run_tests: false
# generate: true
# tests:
#   files: false
#   ok_format: false

# %% [markdown]
# # 04 · Backpropagation
#
# A net with a million weights has just mistaken a 4 for a 9. Which of the weights are to blame, and by how much?
#
# You could nudge each weight and watch the loss. That takes two million runs of the net for one step of learning. There is a way that takes about as long as **three**. It is called backpropagation, it is the chain rule in the right order, and at the end of this notebook you will have built it and trained a net with it.
#
# **You will be able to**
#
# - check any derivative by nudging, and say how exact such a check can be;
# - write down a layer's two Jacobians: by its input and by its parameters;
# - count what a chain of derivatives costs from either end, and choose the end;
# - build a tape that differentiates whatever you compute;
# - choose an activation function by how it treats the gradient.
#
# **Time:** about 4 hours · **Needs:** the chain rule, matrix products, softmax and cross-entropy (notebook 02), Python classes · **Points:** 44, of which 40 by checks and 4 for a written answer
#
# **How it works.** Write your answer where you see `...`, run the cell, then run the check under it. A check tells you what kind of mistake it sees. Exercises don't depend on each other: where a later cell needs one that you haven't solved, it says so and waits. Hints are folded away: open them when you are stuck, one at a time.

# %%
import math

import matplotlib.pyplot as plt
import numpy as np
import torch

from course_utils import activations, autograd, data, device, plotting, regression
from course_utils.checks import Grader, solved
from course_utils.widgets import ActivationExplorer, BackpropExplorer

plotting.use_course_style()
BLUE, ORANGE, GREEN, RED = (plotting.PALETTE[name] for name in ("blue", "orange", "green", "red"))
grader = Grader("04_backpropagation.ipynb")

# %% [markdown]
# ## 4.1 Tensors
#
# Everything in a net is an array with some number of axes: a loss has none, a bias one, a weight matrix two, a batch of pictures four. Arrays with any number of axes are loosely called **tensors**. (In mathematics the word means more.)
#
# In memory every array is one long row of numbers. Two short tuples say how to read it:
#
# - the **shape**: how long each axis is;
# - the **strides**: how far to jump in memory for one step along each axis. Entry $(i, j)$ lies at $i \cdot s_0 + j \cdot s_1$. (NumPy's `strides` count bytes; the jumps below count numbers.)
#
# To transpose, swap the strides. No number moves. **Broadcasting** is a stride of 0: one step along the axis, no step in memory, so the same numbers come again. Shapes are compared from the *right*; an axis that is missing, or has length 1, is repeated.

# %%
A = np.arange(12).reshape(4, 3)
b = np.arange(3)
views = {"A": A, "A.T": A.T, "b, broadcast to 4 rows": np.broadcast_to(b, (4, 3))}
fig, axes = plt.subplots(1, 3, figsize=(10, 3.6))
for ax, (name, view) in zip(axes, views.items(), strict=True):
    jumps = tuple(stride // view.itemsize for stride in view.strides)
    ax.imshow(view, vmin=0, vmax=11, cmap="cividis")
    for (i, j), place in np.ndenumerate(view):
        ax.text(j, i, place, ha="center", va="center", color="white" if place < 6 else "black")
    ax.set(title=f"{name}\nshape {view.shape}, jumps {jumps}", xticks=[], yticks=[])
    ax.grid(visible=False)
fig.suptitle("Where each entry lies in memory: three views, no copies")
plt.show()
print("A + b has shape", (A + b).shape, "because (4, 3) and (3,) agree from the right")

# %% [markdown]
# Remember the third picture. There, one entry of `b` takes part in four results. Whatever flows back from those four must be **added up**: the backward of a broadcast is a sum.
#
# ## 4.2 Nudge and look
#
# The derivative of $f$ by $x_i$ is a limit. Stop short of the limit and you have an estimate. With $e_i$ the vector that is 1 at place $i$ and 0 elsewhere:
#
# $$\text{one-sided: } \frac{f(x + h e_i) - f(x)}{h}, \qquad \text{centred: } \frac{f(x + h e_i) - f(x - h e_i)}{2h}.$$
#
# The one-sided estimate is wrong by something like $h$, the centred one by something like $h^2$. So make $h$ tiny? Look first.

# %%
x = 0.7
true = np.cos(x) * np.exp(np.sin(x))


def curve(x):
    return np.exp(np.sin(x))


steps = np.logspace(-14, 0, 57)
one_sided = np.abs((curve(x + steps) - curve(x)) / steps - true) / true
centred = np.abs((curve(x + steps) - curve(x - steps)) / (2 * steps) - true) / true
fig, ax = plt.subplots()
ax.loglog(steps, one_sided + 1e-17, color=BLUE, ls="--", label="one-sided")
ax.loglog(steps, centred + 1e-17, color=RED, ls="-", label="centred")
ax.axvline(1e-5, color="black", ls=":", lw=1)
ax.set(
    xlabel="step h",
    ylabel="relative error of the derivative",
    title="A step near 1e-5 is best; a smaller one drowns in rounding",
)
ax.legend()
plt.show()

# %% [markdown]
# On the right the formula errs. On the left the two values of $f$ agree in almost all their digits, so their difference is mostly rounding. In between, centred differences are good to about ten digits. That is a check for gradients, not a replacement for them.
#
# To compare two gradients, use the **relative error** $\frac{|a - b|}{|a| + |b|}$: below $10^{-7}$ they agree, above $10^{-2}$ one is wrong. In between, look for a kink such as ReLU's.

# %% [raw]
# # BEGIN QUESTION
# name: numerical_gradient
# points: 4
# forbids: [course_utils.autograd.numerical_gradient, course_utils.autograd.jacobian, scipy.optimize.*, torch.*]

# %% [markdown]
# ### Exercise 4.1 · numerical_gradient · ★☆☆ · 10 minutes
#
# Estimate the gradient of $f$ at $x$ by centred differences. `f` takes an array like `x` and returns one number.
#
# $$g_i = \frac{f(x + h e_i) - f(x - h e_i)}{2h}$$
#
# **Shapes:** `x` any shape, integers or floats; `h` a number → an array of floats in the shape of `x`.
#
# **Worked:** $f(x) = x_0^2 x_1$ at $(1, 2)$ with $h = 0.1$: $\frac{1.1^2 \cdot 2 - 0.9^2 \cdot 2}{0.2} = 4$ and $\frac{2.1 - 1.9}{0.2} = 1$, so $(4, 1)$.
#
# <details><summary>Hint 1</summary><code>for index in np.ndindex(x.shape)</code> visits every entry, whatever the number of axes.</details>
# <details><summary>Hint 2</summary>Make an array of zeros, set one entry to h, and call f on x plus it and on x minus it. Then nothing has to be put back.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>All zeros:</b> <code>up = x</code> makes no copy; up and down are one array. Or x holds integers, which can't hold h.</li>
# <li><b>The first entry is right, the next ones aren't:</b> you changed an entry and didn't put it back.</li>
# <li><b>Twice too large:</b> from x − h to x + h it is 2h.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def numerical_gradient(f, x, h=1e-5):
    """Return the gradient of f at x, in the shape of x, by centred differences with step h.

    f takes an array of the shape of x and returns one number.
    """
    # BEGIN SOLUTION
    x = np.asarray(x, dtype=float)
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        nudge = np.zeros_like(x)
        nudge[index] = h
        gradient[index] = (f(x + nudge) - f(x - nudge)) / (2 * h)
    return gradient
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_a_large_step_tells_formulas_apart(numerical_gradient):
    import numpy as np
    from course_utils.checks import check_call

    def f(x):
        return x[0] ** 3 * x[1] + 2 * x[2] ** 3

    x, h = np.array([1.5, 2.0, -0.5]), 0.25
    steps = h * np.eye(3)
    ahead, behind = (np.array([f(x + sign * step) for step in steps]) for sign in (1, -1))
    centred, moved, cumulative = (ahead - behind) / (2 * h), x.copy(), np.zeros(3)
    for i in range(3):
        moved[i] += h
        up = f(moved)
        moved[i] -= 2 * h
        cumulative[i] = (up - f(moved)) / (2 * h)
    check_call(
        numerical_gradient,
        f,
        x,
        h,
        expected=centred,
        mistakes={
            "That is a one-sided difference: go h ahead and h back.": (ahead - f(x)) / h,
            "That is a one-sided difference, backwards: go h ahead as well.": (f(x) - behind) / h,
            "The two points lie 2h apart: divide by 2h, not by h.": 2 * centred,
            "You forgot to divide by the distance of the two points.": 2 * h * centred,
            "The sign is reversed: take ahead minus behind.": -centred,
            "You moved all entries at once: move one at a time.": np.full(3, (f(x + h) - f(x - h)) / (2 * h)),
            "You changed an entry and didn't put it back before the next one.": cumulative,
            "x plus and x minus are one and the same array: copy before you change it.": np.zeros(3),
            "Your step isn't the h that you are given.": np.array(
                [3 * x[0] ** 2 * x[1], x[0] ** 3, 6 * x[2] ** 2]
            ),
        },
        rtol=1e-6,
    )


# %%
def test_a_matrix_of_integers(numerical_gradient):
    import numpy as np
    from course_utils.checks import check_call

    x = np.array([[2, 4], [1, 3], [5, -2]])
    weights = np.array([[1.0, -0.5], [2.0, 0.3], [0.7, 1.1]])
    right = 2 * weights * x
    check_call(
        numerical_gradient,
        lambda x: float((weights * x**2).sum()),
        x,
        expected=right,
        rtol=1e-6,
        mistakes={
            "x holds integers, and so does everything copied from it: a small step is rounded away. Make it float first.": np.zeros(
                (3, 2)
            ),
            "x holds integers: x + h and x − h were cut off to whole numbers. Make it float first.": weights
            * (np.trunc(x + 1e-5) ** 2 - np.trunc(x - 1e-5) ** 2)
            / 2e-5,
            "Your result holds integers: the decimals of the gradient were cut off.": np.trunc(right),
            "Your gradient is flat: it has the shape of x.": right.ravel(),
        },
    )


# %%
# HIDDEN
def test_random_functions(numerical_gradient):
    import numpy as np
    from course_utils import autograd
    from course_utils.checks import check_call

    rng = np.random.default_rng(401)
    for shape, h in (((7,), 0.1), ((2, 3), 0.2), ((1, 2, 5), 0.05)):
        x, weights = rng.normal(size=shape), rng.normal(size=shape)

        def f(x):
            return float(np.tanh((weights * x).sum()) + (weights * x**3).sum())

        centred = autograd.numerical_gradient(f, x, h)
        one_sided = np.zeros(shape)
        for index in np.ndindex(shape):
            ahead = x.copy()
            ahead[index] += h
            one_sided[index] = (f(ahead) - f(x)) / h
        check_call(
            numerical_gradient,
            f,
            x,
            h,
            expected=centred,
            rtol=1e-6,
            mistakes={
                "That is a one-sided difference: go h ahead and h back.": one_sided,
                "The two points lie 2h apart: divide by 2h, not by h.": 2 * centred,
                "The sign is reversed: take ahead minus behind.": -centred,
                "x plus and x minus are one and the same array: copy before you change it.": np.zeros(shape),
                "Your step isn't the h that you are given.": weights * (1 - np.tanh((weights * x).sum()) ** 2)
                + 3 * weights * x**2,
            },
        )


# %%
# HIDDEN
def test_the_default_step_and_one_entry(numerical_gradient):
    import numpy as np
    from course_utils.checks import check_call

    tiny = {"Your default step is so small that rounding decides: it is given in the signature.": 0.0}
    check_call(
        numerical_gradient,
        lambda x: float(np.exp(np.sin(x[0]))),
        np.array([0.7]),
        expected=np.array([np.cos(0.7) * np.exp(np.sin(0.7))]),
        rtol=1e-8,
        mistakes={sentence: np.array([value]) for sentence, value in tiny.items()},
    )
    check_call(
        numerical_gradient,
        lambda x: float(x**3),
        np.array(2.0),
        1.0,
        expected=np.array(13.0),
        mistakes={
            "That is a one-sided difference: go h ahead and h back.": np.array(19.0),
            "Your step isn't the h that you are given.": np.array(12.0),
        },
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# ## 4.3 Jacobians, two kinds
#
# A layer has many outputs. Its derivatives fill a matrix, the **Jacobian**: one row for each output, one column for each input.
#
# $$J_{ji} = \frac{\partial f_j}{\partial x_i}$$
#
# Its pattern tells you what a layer does. Below: a linear layer, an activation, and the softmax.

# %%
rng = np.random.default_rng(0)
W, x = rng.normal(size=(5, 5)), rng.normal(size=5)


def softmax(x):
    return np.exp(x) / np.exp(x).sum()


layers = {"linear: W itself": lambda x: W @ x, "tanh: a diagonal": np.tanh, "softmax: full": softmax}
fig, axes = plt.subplots(1, 3, figsize=(10.5, 3.8))
for ax, (name, layer) in zip(axes, layers.items(), strict=True):
    J = autograd.jacobian(layer, x)
    image = ax.imshow(J, cmap="RdBu", vmin=-abs(J).max(), vmax=abs(J).max())
    fig.colorbar(image, ax=ax, shrink=0.75)
    ax.set(title=name, xlabel="input i", ylabel="output j", xticks=range(5), yticks=range(5))
    ax.grid(visible=False)
fig.suptitle("Three Jacobians: who acts on whom")
plt.show()

# %% [markdown]
# An activation acts on each number by itself, so only the diagonal is left: never build that matrix, multiply entry by entry. In the softmax every score acts on every probability, and each row sums to 0, because adding the same number to all scores changes nothing.

# %% [raw]
# # BEGIN QUESTION
# name: jacobian
# points: 4
# forbids: [course_utils.autograd.numerical_gradient, course_utils.autograd.jacobian, scipy.optimize.*, torch.*]

# %% [markdown]
# ### Exercise 4.2 · jacobian · ★☆☆ · 8 minutes
#
# Estimate the Jacobian of $f$ at $x$ by centred differences. `f` takes $(d,)$ and returns $(k,)$.
#
# $$J_{ji} = \frac{f_j(x + h e_i) - f_j(x - h e_i)}{2h}$$
#
# **Shapes:** `x` $(d,)$ → $(k, d)$: outputs are rows, inputs are columns. With one output it is $(1, d)$.
#
# **Worked:** $f(x) = (x_0 x_1,\ x_1^2)$ at $(2, 3)$: $J = \begin{pmatrix} 3 & 2 \\ 0 & 6 \end{pmatrix}$.
#
# <details><summary>Hint 1</summary>Nudging one input gives one whole <i>column</i>.</details>
# <details><summary>Hint 2</summary>The rows of <code>h * np.eye(d)</code> are the nudges. Collect the columns in a list and use <code>np.stack(columns, axis=1)</code>.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Transposed:</b> <code>np.array(columns)</code> lays the columns down as rows.</li>
# <li><b>Shape (d,):</b> you summed over the outputs. Keep each by itself.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def jacobian(f, x, h=1e-5):
    """Return the (k, d) Jacobian of f at x by centred differences with step h.

    f takes an array (d,) and returns an array (k,).
    """
    # BEGIN SOLUTION
    columns = []
    for nudge in h * np.eye(len(x)):
        columns.append((f(x + nudge) - f(x - nudge)) / (2 * h))
    return np.stack(columns, axis=1)
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_outputs_are_rows(jacobian):
    import numpy as np
    from course_utils.checks import check_call

    def f(x):
        return np.array([x[0] * x[1], x[1] ** 2, x[0] + 2 * x[2], x[2] * x[0], 3 * x[2] ** 2])

    x, h = np.array([2.0, 3.0, -1.0]), 0.1
    J = np.array([[3.0, 2, 0], [0, 6, 0], [1, 0, 2], [-1, 0, 2], [0, 0, -6]])
    one_sided = J + h * np.array([[0, 0, 0], [0, 1, 0], [0, 0, 0], [0, 0, 0], [0, 0, 3]])
    check_call(
        jacobian,
        f,
        x,
        h,
        expected=J,
        sizes={"k": 5, "d": 3},
        mistakes={
            "Your Jacobian is transposed: outputs are rows, inputs are columns.": J.T,
            "That is a one-sided difference: go h ahead and h back.": one_sided,
            "The two points lie 2h apart: divide by 2h, not by h.": 2 * J,
            "You added the outputs up: each has a row of its own.": J.sum(axis=0),
            "You moved all inputs at once: each has a column of its own.": J.sum(axis=1),
        },
    )


# %%
def test_softmax_is_no_diagonal(jacobian):
    import numpy as np
    from course_utils.checks import check_call

    x = np.array([0.5, -1.0, 2.0, 0.1, 1.2])
    p = np.exp(x) / np.exp(x).sum()
    check_call(
        jacobian,
        lambda x: np.exp(x) / np.exp(x).sum(),
        x,
        expected=np.diag(p) - np.outer(p, p),
        rtol=1e-6,
        mistakes={
            "Only the diagonal is right. Each input acts on every output: raising one score lowers the other probabilities.": np.diag(
                p * (1 - p)
            ),
            "You returned the diagonal alone: each input acts on every output.": p * (1 - p),
        },
    )


# %%
# HIDDEN
def test_random_layers(jacobian):
    import numpy as np
    from course_utils import autograd
    from course_utils.checks import check_call

    rng = np.random.default_rng(402)
    for d, k, h in ((3, 7, 0.2), (5, 2, 0.1), (2, 11, 0.3)):
        W, x = rng.normal(size=(k, d)), rng.normal(size=d)

        def f(x):
            return np.tanh(W @ x) + x.prod()

        J = autograd.jacobian(f, x, h)
        check_call(
            jacobian,
            f,
            x,
            h,
            expected=J,
            sizes={"k": k, "d": d},
            rtol=1e-6,
            mistakes={
                "Your Jacobian is transposed: outputs are rows, inputs are columns.": J.T,
                "That is a one-sided difference: go h ahead and h back.": np.stack(
                    [(f(x + step) - f(x)) / h for step in h * np.eye(d)], axis=1
                ),
                "The two points lie 2h apart: divide by 2h, not by h.": 2 * J,
                "You added the outputs up: each has a row of its own.": J.sum(axis=0),
                "Your step isn't the h that you are given.": autograd.jacobian(f, x),
            },
        )


# %%
# HIDDEN
def test_one_output_one_input_and_the_default_step(jacobian):
    import numpy as np
    from course_utils.checks import check_call

    gradient = np.array([12.0, 16.0, 24.0])
    check_call(
        jacobian,
        lambda x: np.array([x.prod() * 2]),
        np.array([4.0, 3.0, 2.0]),
        expected=gradient[None],
        rtol=1e-7,
        mistakes={"With one output the Jacobian still has a row: its shape is (1, d).": gradient},
    )
    check_call(
        jacobian,
        lambda x: np.array([x[0] ** 2, np.exp(x[0]), 5.0]),
        np.array([1.5]),
        expected=np.array([[3.0], [np.exp(1.5)], [0.0]]),
        rtol=1e-7,
        mistakes={
            "With one input the Jacobian still has a column: its shape is (k, 1).": np.array(
                [3.0, np.exp(1.5), 0.0]
            )
        },
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# ### The data path and the model path
#
# A layer $y = W x + b$ has **two kinds** of inputs: the data $x$ and its own parameters $W$ and $b$. So it has two kinds of Jacobians, and the gradient that comes back from the loss splits:
#
# - **the data path**, $\frac{\partial L}{\partial x} = \frac{\partial L}{\partial y} \frac{\partial y}{\partial x}$, goes on to the layer before;
# - **the model path**, $\frac{\partial L}{\partial W}$ and $\frac{\partial L}{\partial b}$, ends here: this is what the layer learns from.
#
# With samples in rows, $Y = X W^\top + b$. Write $G = \partial L / \partial Y$ for what comes back, with the shape of $Y$. Entry by entry:
#
# $$\frac{\partial L}{\partial X_{si}} = \sum_j G_{sj} W_{ji}, \qquad \frac{\partial L}{\partial W_{ji}} = \sum_s G_{sj} X_{si}, \qquad \frac{\partial L}{\partial b_j} = \sum_s G_{sj}.$$
#
# The sums over samples $s$ are there because all samples share $W$ and $b$. And $b$ was broadcast: its gradient is a sum.
#
# How large would these Jacobians be, written out? For a small layer of 100 inputs, 50 outputs and a batch of 32:

# %%
n, d, k = 32, 100, 50
sizes = {
    "Y by X, full": (n * k) * (n * d),
    "Y by W, full": (n * k) * (k * d),
    "gradient by X": n * d,
    "gradient by W": k * d,
}
fig, ax = plt.subplots(figsize=(7, 2.8))
bars = ax.barh(
    list(sizes), list(sizes.values()), color=[BLUE, ORANGE, BLUE, ORANGE], hatch=["", "", "//", "//"]
)
ax.bar_label(bars, fmt="{:,.0f}", padding=3)
ax.set(
    xscale="log",
    xlim=(1e3, 1e9),
    xlabel="numbers to store",
    title="Never build the Jacobian: go straight to the product",
)
ax.invert_yaxis()
ax.grid(axis="y", visible=False)
plt.show()

# %% [raw]
# # BEGIN QUESTION
# name: linear_backward
# points: 4
# forbids: [course_utils.layers.linear_backward, torch.*]

# %% [markdown]
# ### Exercise 4.3 · linear_backward · ★★☆ · 12 minutes
#
# For $Y = X W^\top + b$ and a loss $L$ you are given `dout`, which is $G = \partial L / \partial Y$. Return three gradients **in this order**: first the data path, then the model path,
#
# $$\left( \frac{\partial L}{\partial X},\ \frac{\partial L}{\partial W},\ \frac{\partial L}{\partial b} \right).$$
#
# **Shapes:** `dout` $(n, k)$, `X` $(n, d)$, `W` $(k, d)$ → $(n, d)$, $(k, d)$, $(k,)$. Each gradient has the shape of what it belongs to.
#
# **Worked:** $X = (1\ \ 2)$, $W = (3\ \ 4)$, `dout` $= (2)$: $\partial L/\partial X = (6\ \ 8)$, $\partial L/\partial W = (2\ \ 4)$, $\partial L/\partial b = (2)$.
#
# <details><summary>Hint 1</summary>Let the shapes lead you: which product of (n, k) and (k, d) is (n, d)? Which of (n, k) and (n, d) is (k, d)?</details>
# <details><summary>Hint 2</summary>One is <code>dout @ W</code>. The next is <code>dout.T @ X</code>. The last sums over samples only.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>n times too small:</b> if the loss is a mean, it has divided by n already. Don't do it again.</li>
# <li><b>One number for b:</b> <code>dout.sum()</code> adds up outputs as well. Give it an axis.</li>
# <li><b>A product that doesn't fit:</b> you used <code>*</code>, or forgot a transpose.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def linear_backward(dout, X, W):
    """Return the gradients by X (n, d), W (k, d) and b (k,) of a loss, in this order, for Y = X Wᵀ + b.

    dout is the gradient by Y, (n, k).
    """
    # BEGIN SOLUTION
    return dout @ W, dout.T @ X, dout.sum(axis=0)
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_seven_samples(linear_backward):
    import numpy as np
    from course_utils.checks import check_call

    rng = np.random.default_rng(41)
    dout, X, W = rng.normal(size=(7, 5)), rng.normal(size=(7, 3)), rng.normal(size=(5, 3))
    dX, dW, db = dout @ W, dout.T @ X, dout.sum(axis=0)
    check_call(
        linear_backward,
        dout,
        X,
        W,
        expected=(dX, dW, db),
        sizes={"n": 7, "d": 3, "k": 5},
        mistakes={
            "The model path comes first in your answer: the data path (gradient by X) is asked first.": (
                dW,
                db,
                dX,
            ),
            "The order is X, W, b: you swapped the first two.": (dW, dX, db),
            "The gradient by W is transposed: it has the shape of W.": (dX, dW.T, db),
            "The loss has divided by n already: here you add up over samples.": (dX, dW / 7, db / 7),
            "The loss has divided by n already: don't divide any of the three.": (dX / 7, dW / 7, db / 7),
            "The gradient by b is a mean: b took part in every sample, so its gradients add up.": (
                dX,
                dW,
                db / 7,
            ),
            "You summed the gradient by b to one number: sum over samples only.": (dX, dW, dout.sum()),
            "The gradient by b isn't summed over samples: all of them share one b.": (dX, dW, dout),
            "You summed the gradient by b over outputs: sum over samples, axis 0.": (
                dX,
                dW,
                dout.sum(axis=1),
            ),
        },
    )


# %%
def test_square_matrices_hide_a_missing_transpose(linear_backward):
    import numpy as np
    from course_utils.checks import check_call

    dout = np.array([[1.0, 2.0, -1.0], [0.5, -1.0, 3.0], [2.0, 1.5, 0.0]])
    X = np.array([[2.0, -1.0, 0.5], [1.0, 3.0, -2.0], [0.0, 1.0, 4.0]])
    W = np.array([[1.0, 0.0, 2.0], [-3.0, 1.0, 0.5], [2.0, -1.0, 1.5]])
    dX, dW, db = dout @ W, dout.T @ X, dout.sum(axis=0)
    check_call(
        linear_backward,
        dout,
        X,
        W,
        expected=(dX, dW, db),
        mistakes={
            "The gradient by X needs W itself, not its transpose: outputs meet outputs.": (
                dout @ W.T,
                dW,
                db,
            ),
            "The gradient by W is transposed: it has the shape of W, outputs in rows.": (dX, dW.T, db),
            "The gradient by W sums over samples: transpose dout before you multiply.": (dX, dout @ X, db),
            "You multiplied entry by entry: rows meet columns, use @.": (dout * W, dout * X, db),
            "You multiplied entry by entry: rows meet columns, with @, for X and for W.": (dout * W, dW, db),
            "You summed the gradient by b over outputs: sum over samples, axis 0.": (
                dX,
                dW,
                dout.sum(axis=1),
            ),
        },
    )


# %%
# HIDDEN
def test_random_shapes(linear_backward):
    import numpy as np
    from course_utils import layers
    from course_utils.checks import check_call

    rng = np.random.default_rng(403)
    for n, d, k in ((11, 2, 5), (3, 7, 2), (13, 5, 3)):
        dout, X, W = rng.normal(size=(n, k)), rng.normal(size=(n, d)), rng.normal(size=(k, d))
        dX, dW, db = layers.linear_backward(dout, X, W)
        check_call(
            linear_backward,
            dout,
            X,
            W,
            expected=(dX, dW, db),
            sizes={"n": n, "d": d, "k": k},
            mistakes={
                "The gradient by W is transposed: it has the shape of W.": (dX, dW.T, db),
                "The loss has divided by n already: here you add up over samples.": (dX, dW / n, db / n),
                "The gradient by b is a mean: b took part in every sample, so its gradients add up.": (
                    dX,
                    dW,
                    db / n,
                ),
                "You summed the gradient by b to one number: sum over samples only.": (dX, dW, db.sum()),
                "The order is X, W, b: you swapped the first two.": (dW, dX, db),
            },
        )


# %%
# HIDDEN
def test_one_sample_and_one_output(linear_backward):
    import numpy as np
    from course_utils.checks import check_call

    check_call(
        linear_backward,
        np.array([[2.0, -1.0]]),
        np.array([[1.0, 3.0, 5.0]]),
        np.array([[1.0, 0.0, 2.0], [4.0, 1.0, -1.0]]),
        expected=(
            np.array([[-2.0, -1.0, 5.0]]),
            np.array([[2.0, 6.0, 10.0], [-1.0, -3.0, -5.0]]),
            np.array([2.0, -1.0]),
        ),
        mistakes={},
    )
    check_call(
        linear_backward,
        np.array([[2.0], [3.0], [-1.0]]),
        np.array([[1.0], [4.0], [2.0]]),
        np.array([[0.5]]),
        expected=(np.array([[1.0], [1.5], [-0.5]]), np.array([[12.0]]), np.array([4.0])),
        sizes={"n": 3},
        mistakes={
            "Keep the axis of outputs in the gradient by b, even if there is only one.": (
                np.array([[1.0], [1.5], [-0.5]]),
                np.array([[12.0]]),
                np.array(4.0),
            )
        },
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# A gradient you wrote, and a nudge that you trust. The loss below is $L = \sum_{sj} C_{sj} Y_{sj}$ with fixed $C$, whose gradient by $Y$ is just $C$.

# %%
if solved(linear_backward, numerical_gradient):
    rng = np.random.default_rng(1)
    X, W, C = rng.normal(size=(7, 3)), rng.normal(size=(5, 3)), rng.normal(size=(7, 5))
    b = rng.normal(size=5)
    for_x, for_w, for_b = linear_backward(C, X, W)
    nudged = {
        "X": (for_x, numerical_gradient(lambda X: np.sum(C * (X @ W.T + b)), X)),
        "W": (for_w, numerical_gradient(lambda W: np.sum(C * (X @ W.T + b)), W)),
        "b": (for_b, numerical_gradient(lambda b: np.sum(C * (X @ W.T + b)), b)),
    }
    for name, (yours, numerical) in nudged.items():
        print(f"by {name}: largest relative error {autograd.relative_error(yours, numerical):.1e}")

# %% [markdown]
# ## 4.4 From the loss backwards
#
# A net is a chain of layers, so the Jacobian of the loss by the input is a product:
#
# $$\frac{\partial L}{\partial x} = J_L \, J_{L-1} \cdots J_2 \, J_1,$$
#
# with $J_1$ next to the input and $J_L$ next to the loss (as an index, $L$ is the number of layers). The product is the same in whichever order you multiply. The work isn't. Play the graph through, first forwards, then backwards.

# %%
BackpropExplorer()

# %% [markdown]
# **Try:**
# 1. Step from 4 to 9. Which two nodes get the same gradient as `s`, and why?
# 2. Set b to 6, then to −6. In both cases hardly any gradient gets past σ. Why is that fine in one of them and bad news in the other?
#
# The curve below the graph shows why one goes backwards. The loss is **one number**, so its Jacobian $J_L$ is a single row. Begin at that end and every product is a row times a matrix, which is a row again. Begin at the input and you multiply whole matrices. And there is a second gain: the row that arrives at a layer is all that its parameters need, so **one sweep serves all layers**. What they share is computed once.

# %% [raw]
# # BEGIN QUESTION
# name: chain_cost
# points: 4

# %% [markdown]
# ### Exercise 4.4 · chain_cost · ★★☆ · 12 minutes
#
# Count the multiplications of numbers in $J_L \cdots J_2 J_1$.
#
# - `"forward"` begins at the input: $J_2 J_1$ first, then $J_3$ times that, and so on.
# - `"reverse"` begins at the loss: $J_L J_{L-1}$ first, then that times $J_{L-2}$, and so on.
#
# A product of $(a, b)$ and $(b, c)$ takes $a \cdot b \cdot c$ multiplications. Count no additions.
#
# **Shapes:** `shapes` is a list of pairs (rows, columns), from the input's $J_1$ to the loss's $J_L$; `order` is `"forward"` or `"reverse"` → one whole number. A single Jacobian costs 0.
#
# **Worked:** shapes $(3, 4), (2, 3), (1, 2)$. Forward: $J_2 J_1$ costs $2 \cdot 3 \cdot 4 = 24$ and is $(2, 4)$; $J_3$ times that costs $1 \cdot 2 \cdot 4 = 8$; together 32. Reverse: $J_3 J_2$ costs $1 \cdot 2 \cdot 3 = 6$ and is $(1, 3)$; that times $J_1$ costs $1 \cdot 3 \cdot 4 = 12$; together 18.
#
# <details><summary>Hint 1</summary>Write down the shape of what you have after each product. One of its two numbers never changes. Which?</details>
# <details><summary>Hint 2</summary>Forward, the running product always has as many columns as J₁. Reverse, it always has as many rows as J_L.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>A little too much:</b> L matrices make L − 1 products.</li>
# <li><b>Far too little:</b> you counted entries of the matrices. Every entry is used once for each row, or column, of the running product.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def chain_cost(shapes, order):
    """Return the number of multiplications in J_L ⋯ J_2 J_1, beginning at the input or at the loss.

    shapes lists (rows, columns) from J_1 to J_L; order is "forward" or "reverse".
    """
    # BEGIN SOLUTION
    if order == "forward":
        kept, others = shapes[0][1], shapes[1:]
    else:
        kept, others = shapes[-1][0], shapes[:-1]
    return sum(kept * rows * columns for rows, columns in others)
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_from_the_input(chain_cost):
    from course_utils.checks import check_call

    shapes = [(7, 3), (5, 7), (2, 5)]
    check_call(
        chain_cost,
        shapes,
        "forward",
        expected=5 * 7 * 3 + 2 * 5 * 3,
        mistakes={
            "That is the cost from the loss: forward begins at the input.": 2 * 5 * 7 + 2 * 7 * 3,
            "You counted the first matrix too: three matrices make two products.": 7 * 3 * 3
            + 5 * 7 * 3
            + 2 * 5 * 3,
            "You counted additions as well: count multiplications only.": 2 * (5 * 7 * 3 + 2 * 5 * 3),
            "You counted entries: each is used once for every column of the running product.": 5 * 7 + 2 * 5,
            "You counted entries: each is used once for every column of the running product, and the first matrix costs nothing.": 7
            * 3
            + 5 * 7
            + 2 * 5,
            "The running product keeps the columns of the first matrix, not its rows.": 7 * 5 * 7 + 7 * 2 * 5,
            "Only the last product is counted: add up over the chain.": 2 * 5 * 3,
            "You multiplied neighbours only: the second product takes what the first one gave.": 5 * 7 * 3
            + 2 * 5 * 7,
        },
    )


# %%
def test_from_the_loss(chain_cost):
    from course_utils.checks import check_call

    shapes = [(7, 3), (5, 7), (2, 5)]
    check_call(
        chain_cost,
        shapes,
        "reverse",
        expected=2 * 5 * 7 + 2 * 7 * 3,
        mistakes={
            "That is the cost from the input: reverse begins at the loss.": 5 * 7 * 3 + 2 * 5 * 3,
            "You counted the matrix of the loss too: three matrices make two products.": 2 * 2 * 5
            + 2 * 5 * 7
            + 2 * 7 * 3,
            "You counted additions as well: count multiplications only.": 2 * (2 * 5 * 7 + 2 * 7 * 3),
            "You counted entries: each is used once for every row of the running product.": 5 * 7 + 7 * 3,
            "The running product keeps the rows of the last matrix, not its columns.": 5 * 5 * 7 + 5 * 7 * 3,
            "Only the last product is counted: add up over the chain.": 2 * 7 * 3,
            "You multiplied neighbours only: the second product takes what the first one gave.": 2 * 5 * 7
            + 5 * 7 * 3,
        },
    )


# %%
# HIDDEN
def test_random_chains(chain_cost):
    import numpy as np
    from course_utils.checks import check_call

    def count(matrices):
        """Multiply and count; each matrix acts on what is there so far."""
        first, *others = matrices
        total = 0
        for matrix in others:
            total += matrix.shape[0] * first.size
            first = matrix @ first
        return total

    rng = np.random.default_rng(404)
    for length in (2, 5, 11):
        sizes = [int(size) for size in rng.integers(2, 50, length + 1)]
        shapes = list(zip(sizes[1:], sizes[:-1], strict=True))
        matrices = [np.zeros(shape) for shape in shapes]
        forward, reverse = count(matrices), count([matrix.T for matrix in reversed(matrices)])
        for order, right, other in (("forward", forward, reverse), ("reverse", reverse, forward)):
            check_call(
                chain_cost,
                shapes,
                order,
                expected=right,
                mistakes={
                    "The two orders are swapped: forward begins at the input, reverse at the loss.": other,
                    "You counted additions as well: count multiplications only.": 2 * right,
                },
            )


# %%
# HIDDEN
def test_one_matrix_and_one_input(chain_cost):
    from course_utils.checks import check_call

    counted = {"One matrix alone needs no product: the cost is 0.": 35}
    for order in ("forward", "reverse"):
        check_call(chain_cost, [(5, 7)], order, expected=0, mistakes=counted)
    shapes = [(101, 1), (53, 101), (1009, 53)]
    check_call(chain_cost, shapes, "forward", expected=53 * 101 + 1009 * 53)
    check_call(chain_cost, shapes, "reverse", expected=1009 * 53 * 101 + 1009 * 101)


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# Is backwards always the cheap way? Count it, for ten layers of width 64 with 64 inputs and more and more outputs.

# %%
if solved(chain_cost):
    outputs = np.array([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024])
    chains = [[(64, 64)] * 9 + [(int(m), 64)] for m in outputs]
    fig, ax = plt.subplots()
    for order, colour, style in (("forward", BLUE, "--"), ("reverse", RED, "-")):
        ax.loglog(
            outputs,
            [chain_cost(chain, order) for chain in chains],
            color=colour,
            ls=style,
            marker="o",
            label=order,
        )
    ax.set(
        xlabel="outputs of the chain (a loss has 1)",
        ylabel="multiplications",
        title="Begin at the narrow end: for a loss, that is the loss",
    )
    ax.legend()
    plt.show()
    saved = chain_cost(chains[0], "forward") / chain_cost(chains[0], "reverse")
    print(f"For one loss, forward takes {saved:.0f} times as many multiplications as reverse.")

# %% [markdown]
# The curves meet where there are as many outputs as inputs. Training has a million parameters and one loss, which is as lopsided as it gets. The price of going backwards is **memory**: the forward values must be kept until the gradient comes by.
#
# ## 4.5 A tape
#
# Now let a machine do it. The idea fits in a sentence: **while you compute, write down for each result what it was made of and how strongly it depends on each part; then play the tape back.**
#
# Here is such a record, drawn by the tape of `course_utils`. Each box has an operation, its value and, after the way back, its gradient.

# %%
a = autograd.Tensor(0.5, requires_grad=True, name="a")
b = autograd.Tensor(-0.6, requires_grad=True, name="b")
loss = (a * b + b).tanh()
loss.backward()
loss

# %% [markdown]
# You build the same for single numbers. Every result keeps its **parents** and, for each parent, the **slope**: the derivative of the result by that parent, as a number. For $c = ab$ the parents are $(a, b)$ and the slopes are $(b, a)$.
#
# On the way back a node with gradient $g$ gives each parent $g$ times the slope, and the parent **adds it up**, for it may have several children:
#
# $$\frac{\partial L}{\partial p} = \sum_{c \,\in\, \text{children of } p} \frac{\partial L}{\partial c} \cdot \frac{\partial c}{\partial p}.$$
#
# The sum must be complete before $p$ hands anything on. So a node's turn comes after the turns of all its children. One way to get that order: let each node know its **depth**, one more than the largest of its parents' (0 for what you made yourself). A child is always deeper than its parents, so sort by depth, deepest first.

# %% [raw]
# # BEGIN QUESTION
# name: Value
# points: 8
# forbids: [course_utils.autograd.Tensor, torch.*]

# %% [markdown]
# ### Exercise 4.5 · Value · ★★★ · 45 minutes
#
# Write a class of numbers that remember how they were computed. Checks use `Value(2.0)`, the attributes `data` and `grad` (floats), the operations below, and `backward()`. How you store the graph is your business; parents, slopes and depth as above are a good way.
#
# | result | slopes |
# |---|---|
# | `a + b`, `a - b` | $1, 1$ and $1, -1$ |
# | `a * b`, `a / b` | $b, a$ and $1/b, -a/b^2$ |
# | `a ** p`, with $p$ a plain number | $p\, a^{p-1}$ |
# | `a.exp()`, `a.log()` | $e^a$ and $1/a$ |
# | `a.tanh()`, `a.relu()` | $1 - \tanh^2 a$ and $1$ for $a > 0$, otherwise $0$ |
#
# - The other number of `+ - * /` may be a plain one: `a + 1`, `2 * a`. (A plain number on the *left* of `-` and `/` needs two more methods; leave it.)
# - `backward()` computes the gradient of this number by every number that it was made of, **afresh**: a second call gives the same gradients, not twice as much. (torch adds them up instead; there you call `zero_grad`.)
# - It must survive a chain of 1,500 nodes. Python lets functions call themselves only about 1,000 deep, so go through the graph with a loop.
#
# **Worked:** $L = ab + a$ at $a = 2$, $b = 3$: `data` is 8, `a.grad` is $b + 1 = 4$, `b.grad` is 2. And this is a complete `+`, to begin with:
#
# ```python
# def __init__(self, data, parents=(), slopes=()):
#     self.data, self.grad = float(data), 0.0
#     self.parents, self.slopes = parents, slopes
#     self.depth = 1 + max((parent.depth for parent in parents), default=-1)
#
# def __add__(self, other):
#     if not isinstance(other, Value):
#         other = Value(other)
#     return Value(self.data + other.data, (self, other), (1.0, 1.0))
# ```
#
# <details><summary>Hint 1</summary>Each operation is one line like that of <code>+</code>: a new Value with its number, its parents, its slopes. Use <code>math.exp</code>, <code>math.log</code>, <code>math.tanh</code>.</details>
# <details><summary>Hint 2</summary>In <code>backward</code>, first collect all nodes, each once: begin with the list <code>[self]</code> and go through it with <code>for</code>, appending parents you haven't <code>seen</code> (a set). A list may grow while you go through it.</details>
# <details><summary>Hint 3</summary>Then set all grads to 0 and <code>self.grad</code> to 1, sort the nodes by depth, deepest first, and let each give its parents <code>slope * node.grad</code>, with <code>+=</code>.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>a + a has gradient 1:</b> you wrote <code>=</code> where <code>+=</code> belongs.</li>
# <li><b>Simple expressions are right, nested ones aren't:</b> a node handed on its gradient before all of it had come in. Look at the order.</li>
# <li><b>AttributeError for an int:</b> wrap plain numbers before you ask for their <code>data</code>.</li>
# <li><b>Not sure which operation is wrong?</b> Nudge: compare with <code>(f(a + h) - f(a - h)) / (2 * h)</code> on plain numbers.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
class Value:
    """A number that remembers how it was computed: data, and after backward() its gradient, grad."""

    def __init__(self, data, parents=(), slopes=()):
        """Keep a number, the Values it was made of, and its derivative by each of them."""
        # BEGIN SOLUTION
        self.data, self.grad = float(data), 0.0
        self.parents, self.slopes = parents, slopes
        self.depth = 1 + max((parent.depth for parent in parents), default=-1)
        # END SOLUTION

    def __add__(self, other):
        """Return self + other, a Value; other is a Value or a plain number."""
        # BEGIN SOLUTION
        if not isinstance(other, Value):
            other = Value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0))
        # END SOLUTION

    __radd__ = __add__  # 1 + a

    def __sub__(self, other):
        """Return self - other."""
        # BEGIN SOLUTION
        if not isinstance(other, Value):
            other = Value(other)
        return Value(self.data - other.data, (self, other), (1.0, -1.0))
        # END SOLUTION

    def __mul__(self, other):
        """Return self * other."""
        # BEGIN SOLUTION
        if not isinstance(other, Value):
            other = Value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data))
        # END SOLUTION

    __rmul__ = __mul__  # 2 * a

    def __truediv__(self, other):
        """Return self / other."""
        # BEGIN SOLUTION
        if not isinstance(other, Value):
            other = Value(other)
        quotient = self.data / other.data
        return Value(quotient, (self, other), (1 / other.data, -quotient / other.data))
        # END SOLUTION

    def __pow__(self, power):
        """Return self ** power; power is a plain number."""
        # BEGIN SOLUTION
        return Value(self.data**power, (self,), (power * self.data ** (power - 1),))
        # END SOLUTION

    def exp(self):
        """Return e to the power of self."""
        # BEGIN SOLUTION
        y = math.exp(self.data)
        return Value(y, (self,), (y,))
        # END SOLUTION

    def log(self):
        """Return the natural logarithm of self."""
        # BEGIN SOLUTION
        return Value(math.log(self.data), (self,), (1 / self.data,))
        # END SOLUTION

    def tanh(self):
        """Return the hyperbolic tangent of self."""
        # BEGIN SOLUTION
        y = math.tanh(self.data)
        return Value(y, (self,), (1 - y**2,))
        # END SOLUTION

    def relu(self):
        """Return self if it is positive, otherwise 0."""
        # BEGIN SOLUTION
        slope = float(self.data > 0)
        return Value(self.data * slope, (self,), (slope,))
        # END SOLUTION

    def backward(self):
        """Set grad of this number to 1, and of all that it was made of to the derivative of this number by it."""
        # BEGIN SOLUTION
        nodes, seen = [self], {self}
        for node in nodes:  # the list grows on the way
            node.grad = 0.0
            new = [parent for parent in node.parents if parent not in seen]
            seen.update(new)
            nodes.extend(dict.fromkeys(new))
        self.grad = 1.0
        for node in sorted(nodes, key=lambda node: -node.depth):
            for parent, slope in zip(node.parents, node.slopes, strict=True):
                parent.grad += slope * node.grad
        # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_arithmetic(Value):
    from course_utils.checks import check_call, on_tape

    def case(data, a, b=None):
        return {"data": data, "a.grad": a} | ({} if b is None else {"b.grad": b})

    a, b = 2.5, -4.0
    check_call(on_tape(Value), "a + b", a=a, b=b, expected=case(-1.5, 1.0, 1.0))
    check_call(
        on_tape(Value),
        "a - b",
        a=a,
        b=b,
        expected=case(6.5, 1.0, -1.0),
        mistakes={
            "In a − b the slope of b is −1: when b grows, the difference shrinks.": case(6.5, 1.0, 1.0)
        },
    )
    check_call(
        on_tape(Value),
        "a * b",
        a=a,
        b=b,
        expected=case(-10.0, b, a),
        mistakes={
            "In a product the slope of each factor is the other one: yours are swapped.": case(-10.0, a, b)
        },
    )
    check_call(
        on_tape(Value),
        "a / b",
        a=a,
        b=b,
        expected=case(-0.625, -0.25, -2.5 / 16),
        mistakes={
            "In a / b the slope of b is negative: −a/b².": case(-0.625, -0.25, 2.5 / 16),
            "In a / b the numerator belongs to the slope of b: −a/b².": case(-0.625, -0.25, -1 / 16),
            "In a / b the denominator of b's slope is squared: −a/b².": case(-0.625, -0.25, 2.5 / 4),
            "In a / b the slope of a is 1/b, not b.": case(-0.625, b, -2.5 / 16),
        },
    )
    check_call(
        on_tape(Value),
        "a ** 3",
        a=a,
        expected=case(15.625, 18.75),
        mistakes={
            "The power comes down as a factor: p·aᵖ⁻¹.": case(15.625, 6.25),
            "The power goes down by one in the slope: p·aᵖ⁻¹.": case(15.625, 46.875),
        },
    )


# %%
def test_plain_numbers(Value):
    from course_utils.checks import check_call, on_tape

    for expression, value, slope in (
        ("a + 3", 5.0, 1.0),
        ("a - 3", -1.0, 1.0),
        ("a * 3", 6.0, 3.0),
        ("a / 4", 0.5, 0.25),
        ("3 + a", 5.0, 1.0),
        ("2.5 * a", 5.0, 2.5),
    ):
        check_call(on_tape(Value), expression, a=2.0, expected={"data": value, "a.grad": slope})


# %%
def test_a_number_that_is_used_twice(Value):
    from course_utils.checks import check_call, on_tape

    def case(data, a, b):
        return {"data": data, "a.grad": a, "b.grad": b}

    overwritten = "a is used twice: its gradients add up. Use += where you have =."
    early = "A node handed on its gradient before all of it had come in: its turn comes after the turns of all its children."
    again = "A node handed on its gradient twice, and the second time with the first share in it: each node has one turn, after all its children."
    check_call(
        on_tape(Value),
        "a + a + b",
        a=2.0,
        b=3.0,
        expected=case(7.0, 2.0, 1.0),
        mistakes={overwritten: case(7.0, 1.0, 1.0)},
    )
    check_call(
        on_tape(Value),
        "a * b + a",
        a=2.0,
        b=3.0,
        expected=case(8.0, 4.0, 2.0),
        mistakes={
            overwritten: case(8.0, 1.0, 2.0),
            "a is used twice, and its last gradient replaced the first: write += where you have =.": case(
                8.0, 3.0, 2.0
            ),
        },
    )
    check_call(
        on_tape(Value),
        "(c := a * b) + c",
        a=2.0,
        b=3.0,
        expected=case(12.0, 6.0, 4.0),
        mistakes={
            again: case(12.0, 9.0, 6.0),
            "c is used twice: its gradients add up. Use += where you have =.": case(12.0, 3.0, 2.0),
        },
    )
    check_call(
        on_tape(Value),
        "(c := a * b) + c * b",
        a=2.0,
        b=3.0,
        expected=case(24.0, 12.0, 14.0),
        mistakes={
            early: case(24.0, 3.0, 8.0),
            again: case(24.0, 15.0, 16.0),
        },
    )
    check_call(
        on_tape(Value),
        "(c := a * b) * b + c",
        a=2.0,
        b=3.0,
        expected=case(24.0, 12.0, 14.0),
        mistakes={
            early: case(24.0, 9.0, 12.0),
            again: case(24.0, 21.0, 20.0),
            "A node handed on its gradient too soon: it waits until all its children have had their turn.": case(
                24.0, 3.0, 8.0
            ),
        },
    )


# %%
def test_functions(Value):
    import math

    from course_utils.checks import check_call, on_tape

    def check(expression, a, data, slope, mistakes):
        check_call(
            on_tape(Value),
            expression,
            a=a,
            expected={"data": data, "a.grad": slope},
            mistakes={told: {"data": value, "a.grad": wrong} for told, (value, wrong) in mistakes.items()},
        )

    a, e, t = 1.5, math.exp(1.5), math.tanh(1.5)
    check(
        "a.exp()",
        a,
        e,
        e,
        {"The slope of exp is exp itself; no power comes down here.": (e, a * math.exp(0.5))},
    )
    check(
        "a.log()",
        a,
        math.log(a),
        1 / a,
        {
            "log is the natural logarithm, not the one to base 10.": (math.log10(a), 1 / a),
            "The slope of log is one over the input, not over the output.": (math.log(a), 1 / math.log(a)),
        },
    )
    check(
        "a.tanh()",
        a,
        t,
        1 - t**2,
        {
            "You squared the input: the slope of tanh is 1 − output².": (t, 1 - a**2),
            "The output is squared in the slope of tanh: 1 − output².": (t, 1 - t),
            "You took tanh of the output again: the slope is 1 − output².": (t, 1 - math.tanh(t) ** 2),
        },
    )
    check("a.relu()", a, a, 1.0, {"For a positive input ReLU's slope is 1, not the input.": (a, a)})
    check(
        "a.relu()",
        -1.5,
        0.0,
        0.0,
        {
            "For a negative input ReLU's slope is 0: nothing gets through.": (0.0, 1.0),
            "ReLU of a negative number is 0.": (-1.5, 1.0),
            "ReLU takes the sign away: that is the absolute value.": (1.5, -1.0),
        },
    )


# %%
# HIDDEN
def test_random_expressions(Value):
    import numpy as np
    import torch
    from course_utils.checks import check_call, on_tape

    def torch_number(x):
        return torch.tensor(x, dtype=torch.float64, requires_grad=True)

    rng = np.random.default_rng(405)
    for expression in (
        "(a * b + c).tanh() * a - b / c",
        "((a - b) ** 2 + 1).log() + (c * a).exp() * 0.1",
        "(d := (a + b).relu() + 1) * d / (c ** 2 + d) - (a - c).relu() * d",
        "((d := a * b) + (e := d.tanh() + c) * d) * e + d ** 3",
        "sum([(a * k + b).tanh() * c for k in range(7)]) / (a ** 2 + b ** 2)",
    ):
        for _ in range(3):
            numbers = {name: float(rng.uniform(0.3, 1.7) * rng.choice([-1, 1])) for name in "abc"}
            expected = on_tape(torch_number)(expression, **numbers)
            check_call(
                on_tape(Value),
                expression,
                **numbers,
                expected={name: float(value) for name, value in expected.items()},
                rtol=1e-9,
            )


# %%
# HIDDEN
def test_corners_and_powers(Value):
    from course_utils.checks import check_call, on_tape

    at_zero = {"At exactly 0 ReLU's slope is taken as 0.": {"data": 0.0, "a.grad": 1.0}}
    check_call(on_tape(Value), "a.relu()", a=0.0, expected={"data": 0.0, "a.grad": 0.0}, mistakes=at_zero)
    for expression, a, value, slope in (
        ("a ** 2", 0.0, 0.0, 0.0),
        ("a ** -1", 4.0, 0.25, -0.0625),
        ("a ** 0.5", 9.0, 3.0, 1 / 6),
        ("a ** 1", -3.0, -3.0, 1.0),
        ("a / a", -3.0, 1.0, 0.0),
        ("a - a", 5.0, 0.0, 0.0),
        ("a * 0", 5.0, 0.0, 0.0),
        ("a", 5.0, 5.0, 1.0),
        ("(a * 0).exp()", 700.0, 1.0, 0.0),
        ("a.tanh()", -400.0, -1.0, 0.0),
        ("a.relu().relu()", -2.0, 0.0, 0.0),
        ("a.relu()", 0.03, 0.03, 1.0),
    ):
        check_call(on_tape(Value), expression, a=a, expected={"data": value, "a.grad": slope})


# %%
# HIDDEN
def test_long_chains_and_many_ways(Value):
    from course_utils.checks import check_call, on_tape

    check_call(
        on_tape(Value),
        "sum([a] * 1500, b)",
        a=0.5,
        b=1.0,
        expected={"data": 751.0, "a.grad": 1500.0, "b.grad": 1.0},
        mistakes={
            "a is used many times: its gradients add up. Use += where you have =.": {
                "data": 751.0,
                "a.grad": 1.0,
                "b.grad": 1.0,
            }
        },
    )
    check_call(
        on_tape(Value),
        "(c := a, [c := c + c for _ in range(13)][-1])[1]",
        a=0.5,
        expected={"data": 4096.0, "a.grad": 8192.0},
        mistakes={
            "A node that both parents are: its gradients add up. Use += where you have =.": {
                "data": 4096.0,
                "a.grad": 1.0,
            }
        },
    )


# %%
# HIDDEN
def test_a_second_call_begins_afresh(Value):
    from course_utils.checks import check_true, checked_call

    a, b = checked_call(Value, 2.0), checked_call(Value, 3.0)
    check_true(float(a.grad) == 0, "Before backward() a gradient is 0.")
    c = a * b
    L = c + a
    L.backward()
    first = [float(node.grad) for node in (L, c, a, b)]
    check_true(
        first == [1.0, 1.0, 4.0, 2.0],
        "All nodes get their gradient, those in between and the last one too; the last one's is 1.",
    )
    L.backward()
    second = [float(node.grad) for node in (L, c, a, b)]
    check_true(
        second[2] != 2 * first[2],
        "A second call of backward() added to the first: begin with all gradients at 0.",
    )
    check_true(
        second == first,
        "A second call of backward() gives other gradients: set those in between to 0 as well before you begin.",
    )
    c.backward()
    check_true(
        [float(node.grad) for node in (c, a, b)] == [1.0, 3.0, 2.0],
        "backward() from another node begins afresh too: old gradients were left over.",
    )
    check_true(
        [float(node.data) for node in (L, c, a, b)] == [8.0, 6.0, 2.0, 3.0],
        "backward() must not change any data.",
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# You can now differentiate whatever you can compute, loops and branches included: the tape records what *happened*. Two trials. First a loop with a branch in it. Then forty doublings, $c \leftarrow c + c$: there are $2^{40}$ ways from the end back to $a$, a million million. A tape that followed each of them would need days. Yours visits each node once.

# %%
if solved(Value):
    points = np.linspace(-3, 3, 121)
    heights, slopes = [], []
    for point in points:
        x = Value(point)
        y = (x - 1.5).relu()
        for k in range(-2, 3):
            wave = ((x - k) * 3).tanh()
            y = y + wave if k % 2 == 0 else y - wave
        y.backward()
        heights.append(y.data)
        slopes.append(x.grad)
    fig, ax = plt.subplots()
    ax.plot(points, heights, color=BLUE, ls="-", label="what the loop computes")
    ax.plot(points, slopes, color=RED, ls="--", label="its slope, from your tape")
    ax.set(
        xlabel="x",
        ylabel="y, dy/dx",
        title="One way back for each point gives the slope, the kink at 1.5 included",
    )
    ax.legend()
    plt.show()

    a = Value(1.0)
    c = a
    for _ in range(40):
        c = c + c
    c.backward()
    print(f"forty doublings: slope {a.grad:,.0f}")

# %% [markdown]
# ## 4.6 Sigmoid, tanh and ReLU
#
# Between two linear layers there must be something that isn't linear, or the two are one. That something has one more duty: the gradient must get back through it. On the way back it is **multiplied by the slope**, at every layer.
#
# | | formula | slope | outputs | centred on 0? | flat where? |
# |---|---|---|---|---|---|
# | sigmoid | $\sigma(x) = \frac{1}{1+e^{-x}}$ | $\sigma(1-\sigma) \le \frac14$ | $(0, 1)$ | no | both sides |
# | tanh | $\tanh x = 2\sigma(2x) - 1$ | $1 - \tanh^2 x \le 1$ | $(-1, 1)$ | yes | both sides |
# | ReLU | $\max(0, x)$ | 1 if $x > 0$, else 0 | $[0, \infty)$ | no | $x < 0$ |

# %%
z = np.linspace(-5, 5, 401)
kinds = {
    "sigmoid": (activations.sigmoid, activations.sigmoid_derivative),
    "tanh": (activations.tanh, activations.tanh_derivative),
    "ReLU": (activations.relu, activations.relu_derivative),
}
fig, axes = plt.subplots(1, 3, figsize=(10.5, 3.4), sharey=True)
for ax, (name, (f, slope)) in zip(axes, kinds.items(), strict=True):
    ax.plot(z, f(z), color=BLUE, ls="-", label="value")
    ax.plot(z, slope(z), color=RED, ls="--", label="slope")
    ax.fill_between(z, -1.2, 2.2, where=slope(z) < 0.05, color="0.88", label="slope below 0.05")
    ax.set(title=name, xlabel="input x", ylim=(-1.2, 2.2))
axes[0].set_ylabel("value and slope")
axes[2].legend(loc="lower right", fontsize=9)
fig.suptitle("Grey: saturated, hardly any gradient gets back")
plt.show()

# %% [markdown]
# - **Sigmoid** reads as a probability, or as a switch from 0 to 1: good for gates, smooth control and logical functions. In a deep image net it is a poor choice. Its slope is at most ¼, so ten layers leave at most $4^{-10}$ of a gradient that meets weights of size one. And its outputs are all positive, so on each sample all weights of a unit in the next layer get gradients of one sign, and must move up together or down together.
# - **Tanh** is the same curve, stretched and moved: centred on 0, with slope 1 in the middle. Good for bounded values with a sign. It still saturates.
# - **ReLU** doesn't saturate for $x > 0$: however large the input, the slope is 1. Nets with it learn faster. The price: a unit whose input is negative for *every* sample has slope 0 everywhere and never moves again. It is **dead**.
#
# Fifteen layers, and what is left of the gradient at the first:

# %%
ActivationExplorer()

# %% [markdown]
# **Try:**
# 1. Set the gain to 1.4 and compare sigmoid, tanh and ReLU. How much of the gradient reaches layer 1? Can another gain rescue the sigmoid?
# 2. Shift the sums to −4. How many layers back can you still see a gradient with ReLU, and with leaky ReLU, whose slope there is 0.01?

# %% [raw]
# # BEGIN QUESTION
# name: activation_forward_backward
# points: 4
# forbids: [course_utils.activations.*, torch.*]

# %% [markdown]
# ### Exercise 4.6 · activation_forward_backward · ★★☆ · 12 minutes
#
# For `name` one of `"sigmoid"`, `"tanh"` and `"relu"`, return the pair of the output $y = f(x)$ and the gradient by the input,
#
# $$y = f(x), \qquad \frac{\partial L}{\partial x} = \frac{\partial L}{\partial y} \odot f'(x).$$
#
# `dout` is $\partial L / \partial y$. At exactly 0 take ReLU's slope as 0. Inputs may be as large as ±1000: nothing may become NaN.
#
# **Shapes:** `x` and `dout` of one shape, any → two arrays of that shape.
#
# **Worked:** tanh at $x = 0.5$ with `dout` $= 2$: $y = 0.4621$, slope $1 - 0.4621^2 = 0.7864$, gradient $1.5729$.
#
# <details><summary>Hint 1</summary>Compute y first. The slopes of sigmoid and tanh follow from y: y(1 − y) and 1 − y².</details>
# <details><summary>Hint 2</summary>e<sup>1000</sup> overflows, e<sup>−1000</sup> is just 0. For the sigmoid use e = <code>np.exp(-np.abs(x))</code>: 1/(1 + e) where x ≥ 0, and e/(1 + e) elsewhere.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Slightly off for small x, hugely for large:</b> you squared the input in 1 − tanh².</li>
# <li><b>Off by factors that change from entry to entry:</b> is <code>dout</code> in your answer at all?</li>
# <li><b>ReLU lets the wrong entries through:</b> the sign of <i>x</i> decides, not that of <code>dout</code>.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def activation_forward_backward(name, x, dout):
    """Return f(x) and the gradient by x, for f "sigmoid", "tanh" or "relu"; dout is the gradient by f(x)."""
    # BEGIN SOLUTION
    if name == "sigmoid":
        e = np.exp(-np.abs(x))
        y = np.where(x > 0, 1, e) / (1 + e)
        slope = y * (1 - y)
    elif name == "tanh":
        y = np.tanh(x)
        slope = 1 - y**2
    else:
        y = np.maximum(x, 0)
        slope = x > 0
    return y, dout * slope
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_tanh_and_sigmoid(activation_forward_backward):
    import numpy as np
    from course_utils.checks import check_call

    x = np.array([[-2.0, -0.3, 0.4], [1.2, 2.5, 0.01]])
    dout = np.array([[0.5, -2.0, 3.0], [1.5, -0.7, 4.0]])
    y = np.tanh(x)
    check_call(
        activation_forward_backward,
        "tanh",
        x,
        dout,
        expected=(y, dout * (1 - y**2)),
        mistakes={
            "You squared the input: the slope of tanh is 1 − output².": (y, dout * (1 - x**2)),
            "The output is squared in the slope of tanh: 1 − output².": (y, dout * (1 - y)),
            "You took tanh of the output again: the slope is 1 − output².": (y, dout * (1 - np.tanh(y) ** 2)),
            "That slope belongs to the sigmoid: for tanh it is 1 − y².": (y, dout * y * (1 - y)),
            "You returned the slope alone: multiply it by dout.": (y, 1 - y**2),
            "You multiplied dout by the output: it is multiplied by the slope.": (y, dout * y),
            "Your gradient is dout unchanged: multiply it by the slope.": (y, dout),
        },
    )
    s = 1 / (1 + np.exp(-x))
    again = 1 / (1 + np.exp(-s))
    check_call(
        activation_forward_backward,
        "sigmoid",
        x,
        dout,
        expected=(s, dout * s * (1 - s)),
        mistakes={
            "You put the input into y(1 − y): the slope of the sigmoid needs its output.": (
                s,
                dout * x * (1 - x),
            ),
            "You took the sigmoid of the output again: the slope is y(1 − y).": (
                s,
                dout * again * (1 - again),
            ),
            "That slope belongs to tanh: for the sigmoid it is y(1 − y).": (s, dout * (1 - s**2)),
            "You returned the slope alone: multiply it by dout.": (s, s * (1 - s)),
            "You multiplied dout by the output: it is multiplied by the slope.": (s, dout * s),
            "The exponent has the wrong sign: it is −x.": (1 - s, dout * s * (1 - s)),
        },
    )


# %%
def test_relu(activation_forward_backward):
    import numpy as np
    from course_utils.checks import check_call

    x = np.array([-2.0, 0.0, 3.0, 0.5, -0.1, 4.0, -3.0])
    dout = np.array([1.0, 5.0, -2.0, 3.0, -4.0, 0.7, 2.0])
    y = np.maximum(x, 0)
    check_call(
        activation_forward_backward,
        "relu",
        x,
        dout,
        expected=(y, dout * (x > 0)),
        mistakes={
            "The sign of x decides what gets through, not the sign of dout.": (y, np.maximum(dout, 0)),
            "Both signs decide in your answer: only that of x does.": (y, np.maximum(dout, 0) * (x > 0)),
            "At exactly 0 the slope is taken as 0 here.": (y, dout * (x >= 0)),
            "You returned the slope alone: multiply it by dout.": (y, 1.0 * (x > 0)),
            "You multiplied dout by the output: it is multiplied by the slope.": (y, dout * y),
            "Your gradient is dout unchanged: where x is negative nothing gets through.": (y, dout),
            "The gradient gets through on the wrong side: where x is positive, it does.": (
                y,
                dout * (x <= 0),
            ),
        },
    )


# %%
# HIDDEN
def test_random_shapes(activation_forward_backward):
    import numpy as np
    from course_utils import activations
    from course_utils.checks import check_call

    rng = np.random.default_rng(406)
    for name in ("sigmoid", "tanh", "relu"):
        f, slope = getattr(activations, name), getattr(activations, f"{name}_derivative")
        for shape in ((11,), (3, 7), (2, 3, 5)):
            x, dout = rng.normal(0, 2, shape), rng.normal(size=shape)
            y, d = f(x), slope(x)
            check_call(
                activation_forward_backward,
                name,
                x,
                dout,
                expected=(y, dout * d),
                mistakes={
                    "You returned the slope alone: multiply it by dout.": (y, d),
                    "Your slope is that of the output put in again: it is taken once, at the input.": (
                        y,
                        dout * slope(y),
                    ),
                    "You multiplied dout by the output: it is multiplied by the slope.": (y, dout * y),
                },
            )


# %%
# HIDDEN
def test_huge_inputs_and_integers(activation_forward_backward):
    import numpy as np
    from course_utils.checks import check_call

    x, dout = np.array([-1000.0, 1000.0, 0.0]), np.array([3.0, -5.0, 2.0])
    nothing = np.zeros(2)
    for name, y, middle in (
        ("sigmoid", [0.0, 1.0, 0.5], 0.5),
        ("tanh", [-1.0, 1.0, 0.0], 2.0),
    ):
        check_call(
            activation_forward_backward,
            name,
            x,
            dout,
            expected=(np.array(y), np.append(nothing, middle)),
            mistakes={},
        )
    check_call(
        activation_forward_backward,
        "relu",
        x,
        dout,
        expected=(np.array([0.0, 1000.0, 0.0]), np.array([0.0, -5.0, 0.0])),
        mistakes={
            "At exactly 0 the slope is taken as 0 here.": (
                np.array([0.0, 1000.0, 0.0]),
                np.array([0.0, -5.0, 2.0]),
            )
        },
    )
    check_call(
        activation_forward_backward,
        "sigmoid",
        np.array([2, -1]),
        np.array([1.0, 10.0]),
        expected=(
            1 / (1 + np.exp([-2.0, 1.0])),
            np.array([1, 10]) / (2 + np.exp([2.0, -1.0]) + np.exp([-2.0, 1.0])),
        ),
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# Does it matter in practice? Three nets with five hidden layers of 32 units, on pictures of handwritten digits. They start from the same weights and see the same samples; only the activation differs.

# %%
digits = data.load_digits()
where = device.best_device()
inputs = torch.tensor(digits.x_train.reshape(len(digits.x_train), -1)).to(where)
inputs = (inputs - inputs.mean()) / inputs.std()
labels = torch.tensor(digits.y_train).to(where)
fig, ax = plt.subplots()
looks = {torch.nn.Sigmoid: (BLUE, "--"), torch.nn.Tanh: (GREEN, "-."), torch.nn.ReLU: (RED, "-")}
for kind, (colour, style) in looks.items():
    torch.manual_seed(0)
    modules = [torch.nn.Linear(64, 32), kind()]
    for _ in range(4):
        modules += [torch.nn.Linear(32, 32), kind()]
    net = torch.nn.Sequential(*modules, torch.nn.Linear(32, 10)).to(where)
    for linear in net[::2]:
        torch.nn.init.kaiming_normal_(linear.weight)  # why this: notebook 06
        torch.nn.init.zeros_(linear.bias)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.02)
    generator = torch.Generator().manual_seed(0)
    losses = []
    for _ in range(20):
        total = 0.0
        for batch in torch.randperm(len(inputs), generator=generator).split(64):
            loss = torch.nn.functional.cross_entropy(net(inputs[batch.to(where)]), labels[batch.to(where)])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
        losses.append(total / len(inputs))
    ax.plot(range(1, 21), losses, color=colour, ls=style, label=kind.__name__)
ax.axhline(np.log(10), color="black", ls=":", lw=1, label="guessing, log 10")
ax.set(
    xlabel="times through the training set",
    ylabel="mean cross-entropy on training data",
    title="Five layers deep, the sigmoid net hasn't begun to learn",
    xticks=[1, 5, 10, 15, 20],
)
ax.legend()
plt.show()

# %% [markdown]
# Honest reading: the sigmoid is the big story. Its net guesses from beginning to end, because no gradient worth the name reaches the first layers. ReLU's lead over tanh is small, and this is one run: at five times the learning rate tanh keeps up. Try it.
#
# ## 4.7 Something must come through
#
# Four answers to the dead unit. All of them keep $x$ for $x > 0$, or generalise it.
#
# | | for $x \le 0$ | slope there |
# |---|---|---|
# | leaky ReLU | $\alpha x$ with a small fixed $\alpha$ | $\alpha$ |
# | PReLU | $a x$ with $a$ **learnt** | $a$; and $\partial y / \partial a = x$ |
# | ELU | $a (e^x - 1)$ | $a e^x$ |
# | maxout | $\max(w_1^\top x + b_1,\ w_2^\top x + b_2)$ everywhere | that of the piece that wins |
#
# For $0 \le \alpha \le 1$ leaky ReLU is simply $\max(\alpha x, x)$. ELU is smooth at 0 for $a = 1$ and saturates at $-a$, which pulls the mean output towards 0. Maxout is itself a layer: it learns its own shape from straight pieces, at the price of **twice the parameters**.

# %%
z = np.linspace(-4, 4, 401)
column = z[:, None]
pieces = np.array([[[-0.6]], [[0.2]], [[1.0]]]), np.array([[-1.2], [0.2], [-0.8]])
curves = {
    "leaky ReLU and PReLU": {
        "α = 0.1": (activations.leaky_relu(z, 0.1), BLUE, "-"),
        "a learnt to 0.4": (activations.prelu(column, np.array([0.4]))[:, 0], RED, "--"),
        "a learnt to −0.3": (activations.prelu(column, np.array([-0.3]))[:, 0], GREEN, "-."),
    },
    "ELU": {
        "a = 1": (activations.elu(z, 1.0), BLUE, "-"),
        "a = 2: a kink at 0": (activations.elu(z, 2.0), RED, "--"),
    },
    "maxout": {
        "two pieces: |x|": (
            activations.maxout(column, np.array([[[1.0]], [[-1.0]]]), np.zeros((2, 1)))[:, 0],
            BLUE,
            "-",
        ),
        "three pieces": (activations.maxout(column, *pieces)[:, 0], RED, "--"),
    },
}
fig, axes = plt.subplots(1, 3, figsize=(11, 3.6), sharey=True)
for ax, (title, lines) in zip(axes, curves.items(), strict=True):
    for label, (y, colour, style) in lines.items():
        ax.plot(z, y, color=colour, ls=style, label=label)
    ax.set(title=title, xlabel="input x", ylim=(-2.5, 4.2))
    ax.legend(loc="upper center" if title == "maxout" else "upper left", fontsize=9)
axes[0].set_ylabel("output")
fig.suptitle("On the left there is a slope, so a unit can come back")
plt.show()
print(
    f"parameters of a layer with 100 inputs and 50 outputs: {50 * 101:,}; as maxout of two: {2 * 50 * 101:,}"
)

# %% [raw]
# # BEGIN QUESTION
# name: leaky_forward_backward
# points: 4
# forbids: [course_utils.activations.*, torch.*]

# %% [markdown]
# ### Exercise 4.7 · leaky_forward_backward · ★☆☆ · 10 minutes
#
# For `name` `"leaky_relu"` or `"elu"`, return the output and the gradient by the input. `a` is leaky ReLU's $\alpha$ or ELU's $a$. At exactly 0 take the slope from the left: $a$ for both.
#
# $$\text{leaky: } y = \begin{cases} x & x > 0 \\ a x & x \le 0\end{cases} \qquad \text{ELU: } y = \begin{cases} x & x > 0 \\ a (e^x - 1) & x \le 0\end{cases}$$
#
# **Shapes:** `x` and `dout` of one shape, any; `a` a number → two arrays of that shape.
#
# **Worked:** leaky ReLU at $x = -2$ with $a = 0.1$, `dout` $= 3$: $y = -0.2$, gradient $0.3$. ELU at $x = -1$ with $a = 2$, `dout` $= 3$: $y = 2(e^{-1} - 1) = -1.2642$, gradient $3 \cdot 2 e^{-1} = 2.2073$.
#
# <details><summary>Hint 1</summary><code>np.where(x > 0, one, other)</code> chooses entry by entry, for the value and again for the slope.</details>
# <details><summary>Hint 2</summary><code>np.where</code> computes both sides everywhere. For ELU use <code>np.exp(np.minimum(x, 0))</code>, or large x overflow.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Zeros on the left:</b> that is ReLU. At x = −2 the slope is a.</li>
# <li><b>ELU jumps at 0:</b> the −1 is missing. Its slope has no −1, though.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def leaky_forward_backward(name, x, dout, a):
    """Return f(x) and the gradient by x, for f "leaky_relu" or "elu" with parameter a; dout is the gradient by f(x)."""
    # BEGIN SOLUTION
    if name == "leaky_relu":
        below, slope = a * x, a
    else:
        e = np.exp(np.minimum(x, 0))
        below, slope = a * (e - 1), a * e
    return np.where(x > 0, x, below), dout * np.where(x > 0, 1, slope)
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_leaky_relu(leaky_forward_backward):
    import numpy as np
    from course_utils.checks import check_call

    x = np.array([-2.0, 0.0, 3.0, 0.5, -0.1, 4.0, -3.0])
    dout = np.array([1.0, 5.0, -2.0, 3.0, -4.0, 0.7, 2.0])
    y, slope = np.where(x > 0, x, 0.2 * x), np.where(x > 0, 1, 0.2)
    check_call(
        leaky_forward_backward,
        "leaky_relu",
        x,
        dout,
        0.2,
        expected=(y, dout * slope),
        mistakes={
            "At negative x the slope is a, not 0: that was ReLU's.": (y, dout * (x > 0)),
            "That is ReLU: for negative x the output is a·x.": (np.maximum(x, 0), dout * (x > 0)),
            "a is on the wrong side: it shrinks what is negative.": (
                np.where(x > 0, 0.2 * x, x),
                dout * np.where(x > 0, 0.2, 1),
            ),
            "In your slope a is on the wrong side: it belongs to negative x.": (
                y,
                dout * np.where(x > 0, 0.2, 1),
            ),
            "At exactly 0 the slope from the left, a, is asked.": (y, dout * np.where(x >= 0, 1, 0.2)),
            "You returned the slope alone: multiply it by dout.": (y, slope),
            "For negative x you return the output as its slope: the slope is a.": (
                y,
                dout * np.where(x > 0, 1, 0.2 * x),
            ),
            "The sign of x decides which slope applies, not the sign of dout.": (
                y,
                dout * np.where(dout > 0, 1, 0.2),
            ),
        },
    )


# %%
def test_elu(leaky_forward_backward):
    import numpy as np
    from course_utils.checks import check_call

    x = np.array([[-2.0, 0.0, 3.0], [0.5, -0.1, -4.0]])
    dout = np.array([[1.0, 5.0, -2.0], [3.0, -4.0, 0.7]])
    e = np.exp(x)
    y, slope = np.where(x > 0, x, 1.5 * (e - 1)), np.where(x > 0, 1, 1.5 * e)
    check_call(
        leaky_forward_backward,
        "elu",
        x,
        dout,
        1.5,
        expected=(y, dout * slope),
        mistakes={
            "The −1 is missing: ELU is a(eˣ − 1) for negative x.": (
                np.where(x > 0, x, 1.5 * e),
                dout * slope,
            ),
            "a multiplies the whole bracket: a(eˣ − 1), not a·eˣ − 1.": (
                np.where(x > 0, x, 1.5 * e - 1),
                dout * slope,
            ),
            "a is missing: ELU is a(eˣ − 1) for negative x, its slope a·eˣ.": (
                np.where(x > 0, x, e - 1),
                dout * np.where(x > 0, 1, e),
            ),
            "The slope of ELU for negative x is a·eˣ: a is missing.": (y, dout * np.where(x > 0, 1, e)),
            "The −1 is a constant: it drops out of the slope, which is a·eˣ.": (
                y,
                dout * np.where(x > 0, 1, 1.5 * (e - 1)),
            ),
            "For negative x the slope of ELU is a·eˣ, not a: that was leaky ReLU's.": (
                y,
                dout * np.where(x > 0, 1, 1.5),
            ),
            "You returned the slope alone: multiply it by dout.": (y, slope),
            "At exactly 0 the slope from the left, a, is asked.": (y, dout * np.where(x >= 0, 1, 1.5 * e)),
        },
    )


# %%
# HIDDEN
def test_random_shapes(leaky_forward_backward):
    import numpy as np
    from course_utils import activations
    from course_utils.checks import check_call

    rng = np.random.default_rng(407)
    for shape, a in (((11,), 0.3), ((3, 7), 0.01), ((2, 3, 5), 1.7)):
        x, dout = rng.normal(0, 2, shape), rng.normal(size=shape)
        for name in ("leaky_relu", "elu"):
            y = getattr(activations, name)(x, a)
            slope = getattr(activations, f"{name}_derivative")(x, a)
            check_call(
                leaky_forward_backward,
                name,
                x,
                dout,
                a,
                expected=(y, dout * slope),
                mistakes={
                    "You returned the slope alone: multiply it by dout.": (y, slope),
                    "At negative x the slope is not 0: that was ReLU's.": (y, dout * (x > 0)),
                    "Your a is fixed: take the one that you are given.": (
                        getattr(activations, name)(x, 0.1),
                        dout * getattr(activations, f"{name}_derivative")(x, 0.1),
                    ),
                },
            )


# %%
# HIDDEN
def test_huge_inputs_and_a_slope_above_one(leaky_forward_backward):
    import numpy as np
    from course_utils.checks import check_call

    x, dout = np.array([-1000.0, 1000.0, 0.0]), np.array([3.0, -5.0, 2.0])
    check_call(
        leaky_forward_backward,
        "elu",
        x,
        dout,
        0.5,
        expected=(np.array([-0.5, 1000.0, 0.0]), np.array([0.0, -5.0, 1.0])),
    )
    steep = {
        "max(ax, x) is leaky ReLU only for a up to 1: decide by the sign of x.": (
            np.array([-1000.0, 1500.0, 0.0]),
            np.array([3.0, -7.5, 2.0]),
        ),
        "max(ax, x) is leaky ReLU only for a up to 1: choose the output by the sign of x.": (
            np.array([-1000.0, 1500.0, 0.0]),
            np.array([4.5, -5.0, 3.0]),
        ),
    }
    check_call(
        leaky_forward_backward,
        "leaky_relu",
        x,
        dout,
        1.5,
        expected=(np.array([-1500.0, 1000.0, 0.0]), np.array([4.5, -5.0, 3.0])),
        mistakes=steep,
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# PReLU has a model path as well: a parameter that learns. Each feature (channel) has a slope of its own, and all samples share it.

# %% [raw]
# # BEGIN QUESTION
# name: prelu_forward_backward
# points: 4
# forbids: [course_utils.activations.*, torch.*]

# %% [markdown]
# ### Exercise 4.8 · prelu_forward_backward · ★★☆ · 10 minutes
#
# $$y_{sj} = \begin{cases} x_{sj} & x_{sj} > 0 \\ a_j x_{sj} & x_{sj} \le 0\end{cases} \qquad \frac{\partial L}{\partial a_j} = \sum_{s:\, x_{sj} \le 0} \frac{\partial L}{\partial y_{sj}}\, x_{sj}$$
#
# Return the output, the gradient by $x$ and the gradient by $a$, in this order.
#
# **Shapes:** `x` and `dout` $(n, d)$, `a` $(d,)$ → $(n, d)$, $(n, d)$, $(d,)$.
#
# **Worked:** one feature, $x = (-2, 3)$, $a = 0.25$, `dout` $= (4, 5)$: $y = (-0.5, 3)$, gradient by $x$ $(1, 5)$, gradient by $a$ $4 \cdot (-2) = -8$.
#
# <details><summary>Hint 1</summary><code>a</code> has shape (d,) and broadcasts over the samples, so its gradient is a sum over samples.</details>
# <details><summary>Hint 2</summary>For a, only entries with x ≤ 0 count, and each counts dout · x.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>One number for a:</b> each feature has its own. Sum over axis 0 only.</li>
# <li><b>Too much in the gradient of a:</b> where x is positive, a plays no part.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def prelu_forward_backward(x, a, dout):
    """Return y, the gradient by x and the gradient by a of PReLU; x and dout are (n, d), a is (d,)."""
    # BEGIN SOLUTION
    negative = x <= 0
    y = np.where(negative, a * x, x)
    dx = dout * np.where(negative, a, 1)
    da = np.sum(dout * x * negative, axis=0)
    return y, dx, da
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_each_feature_has_its_slope(prelu_forward_backward):
    import numpy as np
    from course_utils.checks import check_call

    x = np.array(
        [[-2.0, 1.0, 0.5], [3.0, -1.5, -0.3], [-1.0, 2.0, -4.0], [0.7, -0.2, 1.1], [-0.6, -3.0, 0.0]]
    )
    dout = np.array([[1.0, 2.0, -1.0], [0.5, -3.0, 2.0], [4.0, 1.5, 0.3], [-2.0, 0.8, 1.0], [0.9, -0.4, 5.0]])
    a = np.array([0.1, 0.5, -0.2])
    negative = x <= 0
    y, dx = np.where(negative, a * x, x), dout * np.where(negative, a, 1)
    terms = dout * x * negative
    da = terms.sum(axis=0)
    check_call(
        prelu_forward_backward,
        x,
        a,
        dout,
        expected=(y, dx, da),
        sizes={"n": 5, "d": 3},
        mistakes={
            "The gradient by a counts positive x too: there a plays no part.": (
                y,
                dx,
                (dout * x).sum(axis=0),
            ),
            "The gradient by a misses dout.": (y, dx, (x * negative).sum(axis=0)),
            "The gradient by a misses x: the output is a·x there, so its slope by a is x.": (
                y,
                dx,
                (dout * negative).sum(axis=0),
            ),
            "The gradient by a must have one number for each feature: sum over samples only.": (
                y,
                dx,
                terms.sum(),
            ),
            "You summed the gradient by a over features: sum over samples, axis 0.": (
                y,
                dx,
                terms.sum(axis=1),
            ),
            "The gradient by a isn't summed over samples: all of them share one a.": (y, dx, terms),
            "The gradient by a is a mean: it is a sum over samples.": (y, dx, terms.mean(axis=0)),
            "The gradient by x is 0 for negative x in your answer: the slope there is a.": (
                y,
                dout * ~negative,
                da,
            ),
            "At exactly 0 the slope from the left, a, is asked.": (y, dout * np.where(x < 0, a, 1), da),
            "The order is y, gradient by x, gradient by a.": (y, da, dx),
        },
    )


# %%
# HIDDEN
def test_random_shapes_against_torch(prelu_forward_backward):
    import numpy as np
    import torch
    from course_utils.checks import check_call

    rng = np.random.default_rng(408)
    for n, d in ((11, 2), (3, 7), (13, 5)):
        x, a, dout = rng.normal(size=(n, d)), rng.normal(size=d), rng.normal(size=(n, d))
        tensors = [torch.tensor(value, requires_grad=True) for value in (x, a)]
        output = torch.nn.functional.prelu(*tensors)
        output.backward(torch.tensor(dout))
        y, dx, da = output.detach().numpy(), *(tensor.grad.numpy() for tensor in tensors)
        check_call(
            prelu_forward_backward,
            x,
            a,
            dout,
            expected=(y, dx, da),
            sizes={"n": n, "d": d},
            mistakes={
                "The gradient by a counts positive x too: there a plays no part.": (
                    y,
                    dx,
                    (dout * x).sum(axis=0),
                ),
                "The gradient by a must have one number for each feature: sum over samples only.": (
                    y,
                    dx,
                    da.sum(),
                ),
                "The gradient by a is a mean: it is a sum over samples.": (y, dx, da / n),
                "The gradient by x is 0 for negative x in your answer: the slope there is a.": (
                    y,
                    dout * (x > 0),
                    da,
                ),
            },
        )


# %%
# HIDDEN
def test_one_sample_and_no_negative(prelu_forward_backward):
    import numpy as np
    from course_utils.checks import check_call

    check_call(
        prelu_forward_backward,
        np.array([[-3.0, 2.0]]),
        np.array([0.5, 0.25]),
        np.array([[2.0, -1.0]]),
        expected=(np.array([[-1.5, 2.0]]), np.array([[1.0, -1.0]]), np.array([-6.0, 0.0])),
    )
    check_call(
        prelu_forward_backward,
        np.array([[1.0], [2.0], [4.0]]),
        np.array([0.5]),
        np.array([[2.0], [-1.0], [3.0]]),
        expected=(np.array([[1.0], [2.0], [4.0]]), np.array([[2.0], [-1.0], [3.0]]), np.array([0.0])),
    )
    check_call(
        prelu_forward_backward,
        np.array([[0.0, -0.0]]),
        np.array([0.5, -2.0]),
        np.array([[2.0, 3.0]]),
        expected=(np.array([[0.0, 0.0]]), np.array([[1.0, -6.0]]), np.array([0.0, 0.0])),
        mistakes={
            "At exactly 0 the slope from the left, a, is asked.": (
                np.array([[0.0, 0.0]]),
                np.array([[2.0, 3.0]]),
                np.array([0.0, 0.0]),
            )
        },
    )


# %%
# HIDDEN
def test_the_gradient_is_the_slope_of_the_loss(prelu_forward_backward):
    import numpy as np
    from course_utils import autograd
    from course_utils.checks import check_true, checked_call

    rng = np.random.default_rng(418)
    x, a, dout = rng.normal(size=(5, 3)), rng.uniform(0.1, 0.5, 3), rng.normal(size=(5, 3))
    answer = checked_call(prelu_forward_backward, x, a, dout)
    check_true(
        isinstance(answer, (tuple, list)) and len(answer) == 3,
        "Return y, the gradient by x and the gradient by a.",
    )

    def loss(x, a):
        return np.sum(dout * np.where(x > 0, x, a * x))

    for place, name, numerical in (
        (1, "x", autograd.numerical_gradient(lambda x: loss(x, a), x)),
        (2, "a", autograd.numerical_gradient(lambda a: loss(x, a), a)),
    ):
        check_true(
            np.shape(answer[place]) == numerical.shape
            and np.allclose(answer[place], numerical, rtol=1e-6, atol=1e-8),
            f"A nudge of {name} changes the loss by something else than your gradient says.",
        )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# Maxout is a layer and an activation in one. Its gradient follows the winner: only the piece that gave the maximum gets any.

# %% [raw]
# # BEGIN QUESTION
# name: maxout_forward_backward
# points: 4
# forbids: [course_utils.activations.*, torch.*]

# %% [markdown]
# ### Exercise 4.9 · maxout_forward_backward · ★★★ · 20 minutes
#
# Each of the $k$ outputs is the largest of $m$ linear pieces (above, $m = 2$):
#
# $$z_{psj} = \sum_i W_{pji}\, x_{si} + b_{pj}, \qquad y_{sj} = \max_p z_{psj}.$$
#
# Return the output and the gradients by $x$, $W$ and $b$, in this order. If two pieces tie, the first one wins.
#
# **Shapes:** `x` $(n, d)$, `W` $(m, k, d)$, `b` $(m, k)$, `dout` $(n, k)$ → $(n, k)$, $(n, d)$, $(m, k, d)$, $(m, k)$.
#
# **Worked:** one sample $x = 2$; pieces $W = (1, -1)$, $b = (0, 5)$; `dout` $= 4$. The pieces are $2$ and $3$, so $y = 3$ and the second wins. Gradients: by $x$ $4 \cdot (-1) = -4$, by $W$ $(0,\ 4 \cdot 2) = (0, 8)$, by $b$ $(0, 4)$.
#
# <details><summary>Hint 1</summary>Compute z (m, n, k) as <code>x @ W.transpose(0, 2, 1) + b[:, None]</code>. Then build dz of the same shape: dout where the piece has won, otherwise 0. From dz on, each piece is a linear layer as in exercise 4.3.</details>
# <details><summary>Hint 2</summary><code>np.argmax(z, axis=0)</code> gives the number of the winner, and the first one at a tie. Compare it with <code>np.arange(m)[:, None, None]</code>.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Every piece gets a gradient:</b> mask dout by the winner first.</li>
# <li><b>The gradient by x has an axis too many:</b> x goes into all pieces, so add over them.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def maxout_forward_backward(x, W, b, dout):
    """Return y and the gradients by x, W and b of maxout.

    x is (n, d), W is (m, k, d), b is (m, k), dout is (n, k).
    """
    # BEGIN SOLUTION
    z = x @ W.transpose(0, 2, 1) + b[:, None]
    won = np.argmax(z, axis=0) == np.arange(len(W))[:, None, None]
    dz = won * dout
    dx = (dz @ W).sum(axis=0)
    dW = dz.transpose(0, 2, 1) @ x
    return z.max(axis=0), dx, dW, dz.sum(axis=1)
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_only_the_winner_learns(maxout_forward_backward):
    import numpy as np
    from course_utils.checks import check_call

    rng = np.random.default_rng(49)
    n, d, k, m = 7, 3, 5, 2
    x, W, b, dout = (
        rng.normal(size=(n, d)),
        rng.normal(size=(m, k, d)),
        rng.normal(size=(m, k)),
        rng.normal(size=(n, k)),
    )
    z = np.einsum("si,pji->psj", x, W) + b[:, None]

    def gradients(dz):
        return np.einsum("psj,pji->si", dz, W), np.einsum("psj,si->pji", dz, x), dz.sum(axis=1)

    y = z.max(axis=0)
    dz = dout * (z == y)
    dx, dW, db = gradients(dz)
    check_call(
        maxout_forward_backward,
        x,
        W,
        b,
        dout,
        expected=(y, dx, dW, db),
        sizes={"n": n, "d": d, "k": k, "m": m},
        mistakes={
            "Every piece gets the gradient: only the one that won may.": (
                y,
                *gradients(np.broadcast_to(dout, z.shape)),
            ),
            "The first piece gets everything: the winner differs from sample to sample.": (
                y,
                *gradients(dout * (np.arange(m)[:, None, None] == 0) * np.ones_like(z)),
            ),
            "You took the smallest piece: maxout takes the largest.": (
                z.min(axis=0),
                *gradients(dout * (z == z.min(axis=0))),
            ),
            "The loser gets the gradient: mask with the winner.": (y, *gradients(dout * (z != y))),
            "You cut off at 0 as well: maxout needs no ReLU.": (np.maximum(y, 0), *gradients(dz * (y > 0))),
            "The gradients miss dout.": (y, *gradients(1.0 * (z == y))),
            "The gradients by W and b are means: they are sums over samples.": (y, dx, dW / n, db / n),
            "The gradient by b is a mean: it is a sum over samples.": (y, dx, dW, db / n),
            "The gradient by b is summed over outputs too: each has its own b.": (
                y,
                dx,
                dW,
                dz.sum(axis=(1, 2)),
            ),
            "The gradient by x must be added up over the pieces.": (
                y,
                np.einsum("psj,pji->psi", dz, W),
                dW,
                db,
            ),
            "The order is y, then the gradients by x, W and b.": (y, dW, db, dx),
        },
    )


# %%
def test_two_pieces_make_an_absolute_value(maxout_forward_backward):
    import numpy as np
    from course_utils.checks import check_call

    x, dout = np.array([[-2.0], [3.0], [0.5]]), np.array([[1.0], [10.0], [-4.0]])
    W, b = np.array([[[1.0]], [[-1.0]]]), np.zeros((2, 1))
    check_call(
        maxout_forward_backward,
        x,
        W,
        b,
        dout,
        expected=(np.abs(x), dout * np.sign(x), np.array([[[28.0]], [[-2.0]]]), np.array([[6.0], [1.0]])),
        mistakes={
            "You cut off at 0, as ReLU does: the second piece wins where the first is negative.": (
                np.maximum(x, 0),
                dout * (x > 0),
                np.array([[[28.0]], [[0.0]]]),
                np.array([[6.0], [0.0]]),
            )
        },
    )


# %%
# HIDDEN
def test_random_shapes_against_torch(maxout_forward_backward):
    import numpy as np
    import torch
    from course_utils.checks import check_call

    rng = np.random.default_rng(409)
    for n, d, k, m in ((11, 2, 3, 2), (5, 7, 2, 3), (1, 3, 5, 2), (3, 5, 1, 7)):
        x, W, b = rng.normal(size=(n, d)), rng.normal(size=(m, k, d)), rng.normal(size=(m, k))
        dout = rng.normal(size=(n, k))
        tensors = [torch.tensor(value, requires_grad=True) for value in (x, W, b)]
        z = torch.einsum("si,pji->psj", tensors[0], tensors[1]) + tensors[2][:, None]
        output = z.amax(dim=0)
        output.backward(torch.tensor(dout))
        y, (dx, dW, db) = output.detach().numpy(), (tensor.grad.numpy() for tensor in tensors)
        check_call(
            maxout_forward_backward,
            x,
            W,
            b,
            dout,
            expected=(y, dx, dW, db),
            sizes={"n": n, "d": d, "k": k, "m": m},
            mistakes={
                "The gradients by W and b are means: they are sums over samples.": (y, dx, dW / n, db / n)
            },
        )


# %%
# HIDDEN
def test_a_tie_and_a_single_piece(maxout_forward_backward):
    import numpy as np
    from course_utils.checks import check_call

    x, dout = np.array([[1.0, 2.0]]), np.array([[3.0]])
    W, b = np.array([[[2.0, 0.0]], [[0.0, 1.0]]]), np.array([[0.0], [0.0]])
    y = np.array([[2.0]])
    check_call(
        maxout_forward_backward,
        x,
        W,
        b,
        dout,
        expected=(
            y,
            np.array([[6.0, 0.0]]),
            np.array([[[3.0, 6.0]], [[0.0, 0.0]]]),
            np.array([[3.0], [0.0]]),
        ),
        mistakes={
            "At a tie both pieces get the gradient: only the first may, or it counts twice.": (
                y,
                np.array([[6.0, 3.0]]),
                np.array([[[3.0, 6.0]], [[3.0, 6.0]]]),
                np.array([[3.0], [3.0]]),
            ),
            "At a tie the first piece wins, not the last.": (
                y,
                np.array([[0.0, 3.0]]),
                np.array([[[0.0, 0.0]], [[3.0, 6.0]]]),
                np.array([[0.0], [3.0]]),
            ),
        },
    )
    W, b = np.array([[[2.0, -1.0], [0.5, 3.0]]]), np.array([[1.0, -2.0]])
    x, dout = np.array([[1.0, 2.0], [-1.0, 0.5], [3.0, 0.0]]), np.array([[1.0, 2.0], [-3.0, 0.5], [2.0, 1.0]])
    check_call(
        maxout_forward_backward,
        x,
        W,
        b,
        dout,
        expected=(x @ W[0].T + b[0], dout @ W[0], (dout.T @ x)[None], dout.sum(axis=0)[None]),
        sizes={"n": 3},
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# ## 4.8 A net on your own tape
#
# Everything together. **Is a handwritten digit even or odd?** No straight cut tells all of them apart: even and odd digits don't lie on two sides of a plane. Each picture is reduced to six numbers, its coordinates along the six directions in which the training pictures differ most.
#
# The net has six inputs, six hidden units with tanh, and one score $s$; with $t = +1$ for even and $-1$ for odd, the loss of a sample is the cross-entropy $\log(1 + e^{-ts})$. Every single number of it is a `Value` of yours. Beside it, torch trains the same net from the same weights on the same batches.

# %%
flat = [pictures.reshape(len(pictures), -1).astype(float) for pictures in (digits.x_train, digits.x_test)]
mean = flat[0].mean(axis=0)
directions = np.linalg.svd(flat[0] - mean, full_matrices=False)[2][:6]
scale = ((flat[0] - mean) @ directions.T).std(axis=0)
X_train, X_test = ((pixels - mean) @ directions.T / scale for pixels in flat)
t_train, t_test = (np.where(y % 2 == 0, 1.0, -1.0) for y in (digits.y_train, digits.y_test))
rng = np.random.default_rng(0)
start = {
    "W": rng.normal(size=(6, 6)) / np.sqrt(6),
    "b": np.zeros(6),
    "v": rng.normal(size=6) / np.sqrt(6),
    "c": np.zeros(1),
}
batches = [rng.integers(len(X_train), size=20) for _ in range(400)]
print(
    f"{len(X_train)} pictures for training, {len(X_test)} for testing, {sum(p.size for p in start.values())} parameters"
)

# %% [markdown]
# First torch, as you would write it anywhere else:

# %%
weights = {name: torch.tensor(value, requires_grad=True) for name, value in start.items()}
X, t = torch.tensor(X_train), torch.tensor(t_train)
torch_losses = []
for batch in batches:
    scores = torch.tanh(X[batch] @ weights["W"].T + weights["b"]) @ weights["v"] + weights["c"]
    loss = torch.log(1 + torch.exp(-t[batch] * scores)).mean()
    for weight in weights.values():
        weight.grad = None
    loss.backward()
    with torch.no_grad():
        for weight in weights.values():
            weight -= weight.grad
    torch_losses.append(loss.item())
print(f"torch: mean loss of the last 50 batches {np.mean(torch_losses[-50:]):.3f}")

# %% [markdown]
# And now yours. The learning rate is 1, so a step subtracts the gradient itself.

# %%
if solved(Value):
    W = [[Value(w) for w in row] for row in start["W"]]
    b, v, c = ([Value(w) for w in start[name]] for name in ("b", "v", "c"))
    parameters = [*(w for row in W for w in row), *b, *v, *c]

    def score(x):
        hidden = [
            sum([w * xi for w, xi in zip(row, x, strict=True)], bias).tanh()
            for row, bias in zip(W, b, strict=True)
        ]
        return sum([w * h for w, h in zip(v, hidden, strict=True)], c[0])

    losses = []
    for batch in batches:
        loss = sum([((score(X_train[i]) * -t_train[i]).exp() + 1).log() for i in batch], Value(0)) / len(
            batch
        )
        loss.backward()
        for p in parameters:
            p.data -= p.grad
        losses.append(loss.data)
    print(f"your tape: mean loss of the last 50 batches {np.mean(losses[-50:]):.3f}")
    mine = np.array([p.data for p in parameters])
    theirs = np.concatenate([weights[name].detach().numpy().ravel() for name in ("W", "b", "v", "c")])
    apart = np.abs(mine - theirs).max()
    print(f"after {len(batches)} steps no weight differs from torch's by more than {apart:.0e}")

# %% [markdown]
# So your tape computes what torch computes, to the last digits. What is left to ask is whether the net is any good. Two rivals: always the commoner kind, and logistic regression, which is the same net without the hidden layer.

# %%
if solved(Value):
    with_one = [np.column_stack([X, np.ones(len(X))]) for X in (X_train, X_test)]
    linear = regression.fit_logistic(with_one[0], (t_train > 0).astype(float))
    hidden_weights = np.array([[w.data for w in row] for row in W])
    net_scores = np.tanh(X_test @ hidden_weights.T + [u.data for u in b]) @ [u.data for u in v] + c[0].data
    right = {
        "commoner kind": max(np.mean(t_test > 0), np.mean(t_test < 0)),
        "logistic regression": np.mean((with_one[1] @ linear > 0) == (t_test > 0)),
        "your net": np.mean((net_scores > 0) == (t_test > 0)),
    }
    fig, (left, right_ax) = plt.subplots(1, 2, figsize=(11, 3.8))
    smooth = np.ones(20) / 20
    left.plot(np.convolve(losses, smooth, "valid"), color=BLUE, ls="-", lw=3, label="your tape")
    left.plot(np.convolve(torch_losses, smooth, "valid"), color=ORANGE, ls="--", label="torch")
    left.set(xlabel="step", ylabel="loss, mean of 20 steps", title="Two tapes, one curve")
    left.legend()
    bars = right_ax.barh(list(right), [100 * share for share in right.values()], color=["0.6", ORANGE, BLUE])
    right_ax.bar_label(bars, fmt="%.1f %%", padding=3)
    right_ax.invert_yaxis()
    right_ax.grid(axis="y", visible=False)
    right_ax.set(
        xlabel="test pictures told right, %",
        xlim=(0, 115),
        title="Six hidden units see what a straight cut can't",
    )
    plt.show()

# %% [markdown]
# Honest reading: the hidden layer is worth about ten points over a straight cut, from six numbers a picture. It is no record: a net that sees all the pixels does better. And your tape takes many times as long as torch, for every `+` makes a Python object. The idea is the same; torch's tape holds whole tensors.

# %% [raw]
# # BEGIN QUESTION
# name: which_end_first
# points: 4
# manual: true

# %% [markdown]
# ### Question 4.10 · Which end first? · ★★☆ · 10 minutes
#
# An engineer has a simulation of a bridge: 3 settings go in, 50,000 stresses come out, through many smooth steps in between. She wants the Jacobian of all stresses by all settings. A friend who trains neural nets tells her: "Use backpropagation, it's always the efficient way."
#
# Is the friend right? Say **which order** you would use and **why**, with a rough count of sweeps for both. Then say **why training a net is the opposite case**, and name **one cost** of going backwards that a count of multiplications doesn't show. Four to eight sentences.

# %% [raw]
# # BEGIN SOLUTION

# %% [markdown]
# **Rubric (4 points):** one point for each.
#
# - [1] *Order:* the friend is wrong here; go forward, from the narrow end, which is the input.
# - [1] *Count,* with a reason: forward needs one sweep for each input (3; the running product keeps 3 columns), reverse one for each output (50,000; it keeps 50,000 rows).
# - [1] *Training* has many parameters (inputs) and one loss (output), so its Jacobian is a single row: one backward sweep gives the derivative by all parameters, where forward would take one for each parameter.
# - [1] *Cost:* going backwards needs the values of the forward pass kept until then (memory that grows with the length of the chain); or recomputed; or that the whole forward pass must be finished first.
#
# Finite differences instead of forward mode, with 3 or 6 extra runs, earn the first two points if their error is mentioned.

# %% [raw]
# # END SOLUTION

# %% [raw]
# # END QUESTION

# %% [markdown]
# ## Challenge, beyond the grade: forwards, without a tape
#
# Forward mode needs no tape at all. A **dual number** carries its value and its slope by *one* chosen input, and every operation updates both: $(u, u')(w, w') = (uw,\ u'w + uw')$. Start with slope 1 for the chosen input and 0 for the others.
#
# Write it. Then: how many runs do you need for the gradient by all 49 parameters of your net? And how much memory?


# %%
class Dual:
    """A number with its slope by one input: data and slope."""

    def __init__(self, data, slope=0.0):
        """Keep the number and its slope."""
        ...

    def __add__(self, other):
        """Return self + other, a Dual; other is a Dual or a plain number."""
        ...

    def __mul__(self, other):
        """Return self * other."""
        ...

    def tanh(self):
        """Return the hyperbolic tangent of self."""
        ...


# %%
if solved(Dual):
    x, w = Dual(0.7, 1.0), Dual(-1.3)
    y = (x * w + x * x + 2).tanh()
    print(
        "agrees with the formula:", np.isclose(y.slope, (1 - np.tanh(-0.91 + 0.49 + 2) ** 2) * (-1.3 + 1.4))
    )

# %% [markdown]
# ## What you take with you
#
# - **Nudge** to check, never to train: centred differences, a step near $10^{-5}$, relative error.
# - A layer has **two Jacobians**. The data path goes on to the layer before, the model path ends in the parameters. Build neither: go straight to the product.
# - **Begin at the narrow end.** A loss is one number, so gradients travel backwards, one row at a time; the price is memory.
# - A **tape** keeps parents and slopes. A node that is used twice adds up its gradients. Its turn comes after all its children's.
# - The gradient is multiplied by the **slope of every activation** on its way. Sigmoid and tanh go flat, ReLU can die, and leaky ReLU, PReLU, ELU and maxout leave a way back.
#
# ## Test yourself
#
# Answer first, then unfold.
#
# <details><summary>1. Your gradient check finds a relative error of 1e-3 at exactly one entry, next to a ReLU. Is your gradient wrong?</summary>Perhaps not. If that input lies within h of 0, the nudge crosses the kink and the difference mixes two slopes. Move the point a little and check again.</details>
# <details><summary>2. X is (32, 100), W is (50, 100), Y = X Wᵀ + b. What are the shapes of the three gradients, and which of them do you hand to the layer before?</summary>(32, 100), (50, 100) and (50,). The first, the one by X.</details>
# <details><summary>3. For y = x·x a tape gives x.grad as x instead of 2x. What was written?</summary>= instead of +=. Both parents are x; the second gradient replaced the first.</details>
# <details><summary>4. Ten sigmoid layers, all weights 1, one unit each. How much of the gradient reaches the input at most?</summary>¼ to the power of ten, about one millionth.</details>
# <details><summary>5. All inputs of a ReLU unit have become negative, on every sample. Why does training never repair it, and what would PReLU do?</summary>Its slope is 0 on every sample, so neither its weights nor its bias get any gradient. With PReLU the slope there is a, the gradient gets through, and a itself learns too.</details>
#
# **Further reading.** Rumelhart, Hinton and Williams, *Learning Representations by Back-propagating Errors* (1986). Baydin, Pearlmutter, Radul and Siskind, *Automatic Differentiation in Machine Learning: a Survey* (2018). Nair and Hinton, *Rectified Linear Units Improve Restricted Boltzmann Machines* (2010). Goodfellow and others, *Maxout Networks* (2013). He and others, *Delving Deep into Rectifiers* (2015), for PReLU. Clevert, Unterthiner and Hochreiter, *Fast and Accurate Deep Network Learning by Exponential Linear Units* (2016). Goodfellow, Bengio and Courville, *Deep Learning* (2016), chapter 6.
#
# ## Hand in
#
# Save the notebook (Ctrl+S), then run this cell. It writes the file that you hand in and shows what isn't done yet.

# %%
grader.hand_in()
