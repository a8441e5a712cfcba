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
# name: 06_training
# init_cell: false
# export_cell: false
# run_tests: false
# generate: true
# tests:
#   files: false
#   ok_format: false

# %% [markdown]
# # 06 · Training deep networks
#
# You stack ten layers, start the training, and the loss stands at 2.303. It stood there after one pass over the data, and it stands there after twenty. No error, no warning: the net has ten classes, $\log 10 = 2.303$, and it is guessing.
#
# What is wrong? The code is right. One number in the settings isn't. In this notebook you learn what keeps a deep net alive while it trains, build it yourself, and at the end find that number by measuring.
#
# **You will be able to**
#
# - start a net's weights so that signals survive its depth, and say why;
# - write batch normalisation forwards and backwards, and use it right after training;
# - write both kinds of dropout, and say what they do on average;
# - combine several nets by averaging predictions, and know when averaging parameters works;
# - train two tasks on shared weights;
# - find out, by measuring, why a net doesn't learn.
#
# **Time:** about 3 hours · **Needs:** notebooks 04 and 05, variances of sums · **Points:** 43, of which 39 by checks and 4 for a written answer
#
# **How it works.** Write your answer where you see `...`, run the cell, then run the check under it. A check tells you what kind of mistake it sees. Exercises don't depend on each other: where a later cell needs one that you haven't solved, it says so, and waits or takes the finished version. Hints are folded away: open them when you are stuck, one at a time.

# %%
import copy
import itertools

import matplotlib.pyplot as plt
import numpy as np
import torch

from course_utils import activations, classification, data, device, ensembles, layers, plotting, training
from course_utils.checks import Grader, own_or_finished, solved
from course_utils.widgets import BatchNormExplorer, InitialisationExplorer

plotting.use_course_style()
BLUE, ORANGE, GREEN, RED = (plotting.PALETTE[name] for name in ("blue", "orange", "green", "red"))
grader = Grader("06_training.ipynb")

# %% [markdown]
# ## 6.1 How to start: the size of the weights
#
# All weights 0 is no start: every unit of a layer would compute the same and get the same gradient for ever. So weights are drawn at random. How large should they be?
#
# Follow the signal through one layer, $z_j = \sum_{i=1}^n w_{ji} h_i$. If the weights are independent with mean 0, then
#
# $$\operatorname{Var}[z_j] = n \cdot \operatorname{Var}[w] \cdot \mathbb E[h^2].$$
#
# Each layer multiplies the signal's variance by $n \operatorname{Var}[w]$, and ten layers do it ten times. Below, one batch of 500 samples goes through ten tanh layers of 100 units, with weights of three sizes.

# %%
depth, width = 10, 100


def signals(std):
    """Activations of each tanh layer, and the size of the gradient at each, for weights N(0, std²)."""
    rng = np.random.default_rng(0)
    h, kept, weights = rng.normal(size=(500, width)), [], []
    for _ in range(depth):
        weights.append(std * rng.normal(size=(width, width)))
        h = np.tanh(h @ weights[-1].T)
        kept.append(h)
    gradient, sizes = rng.normal(size=h.shape), []
    for h, W in zip(kept[::-1], weights[::-1], strict=True):
        gradient = gradient * (1 - h**2)
        sizes.append(np.sqrt(np.mean(gradient**2)))
        gradient = gradient @ W
    return kept, np.array(sizes[::-1])


fig, axes = plt.subplots(1, 4, figsize=(14, 3.6))
numbers = np.arange(1, depth + 1)
styles = ((0.02, BLUE, "-", "o"), (0.1, ORANGE, "--", "s"), (1.0, GREEN, ":", "^"))
words = ("too small: gone", "√(1/100): alive", "too large: saturated")
for ax, (std, color, line, marker), word in zip(axes, styles, words, strict=False):
    kept, sizes = signals(std)
    bins = np.linspace(-1, 1, 42)
    counts = np.stack([np.histogram(h, bins)[0] / h.size for h in kept], axis=1)
    ax.imshow(np.sqrt(counts), aspect="auto", origin="lower", extent=(0.5, depth + 0.5, -1, 1))
    ax.grid(visible=False)
    ax.set(xlabel="layer", title=f"{std}, {word}")
    axes[3].plot(numbers, sizes / sizes[-1], color=color, ls=line, marker=marker, label=f"{std}")
axes[0].set(ylabel="activation (light: frequent)")
axes[3].set(yscale="log", xlabel="layer", ylabel="gradient, last layer = 1", title="Going back")
axes[3].set(ylim=(1e-11, 1e5))
axes[3].legend(title="std of the weights", loc="lower right")
fig.suptitle("One size lets both the signal and its gradient through ten layers")
plt.show()
for std, *_ in styles:
    h = signals(std)[0][-1]
    print(
        f"weights {std:4}: last layer's spread {h.std():.1e}, {np.mean(np.abs(h) > 0.97):3.0%} of its units saturated"
    )

# %% [markdown]
# - **Too small:** activations shrink from layer to layer. The gradient of a weight is a product of an activation and a signal from above: both are nearly 0, and nothing is learnt.
# - **Too large:** tanh saturates. Most activations are close to −1 or +1, where its slope is almost 0: these units pass no gradient back and don't learn. The few that aren't saturated pass it back through weights that are too large, and it explodes. No step size suits both.
# - **In between:** choose $n \operatorname{Var}[w] = 1$, so $\operatorname{Var}[w] = 1/n$. That is **Xavier** initialisation.
#
# Go through all sizes in between, with twenty layers of 128 units.
#
# **Try:** (1) With tanh, find the size at which the last layer's spread is about that of the layers before it; compare with $\sqrt{1/128}$. (2) Choose ReLU. Does the same size still work? Which does?

# %%
InitialisationExplorer()

# %% [markdown]
# (1) Near 0.088. tanh shrinks a little, so a slightly larger size carries further. (2) With 0.088 the signal of a ReLU net fades, to about a thousandth after twenty layers. It needs about 0.125 $= \sqrt{2/128}$; you will see why in a moment.

# %% [raw]
# # BEGIN QUESTION
# name: xavier_normal
# points: 4

# %% [markdown]
# ### Exercise 6.1 · xavier_normal · ★☆☆ · 8 minutes
#
# Draw weights from a normal distribution with mean 0 and variance
#
# $$\operatorname{Var}[w] = \frac1n,$$
#
# where $n$ is the number of **inputs** of one unit. As in torch, the first axis of `shape` counts outputs; $n$ is the product of all others.
#
# Draw them from `rng`, a NumPy random generator: `rng.normal(size=...)` gives normal numbers with variance 1.
#
# **Shapes:** `shape` a tuple, (outputs, inputs) or for a filter bank (outputs, maps, height, width) → an array of that shape.
#
# **Worked:** `shape` $(7, 100)$: $n = 100$, standard deviation $0.1$. `shape` $(8, 4, 5, 5)$: $n = 4 \cdot 5 \cdot 5 = 100$ again.
#
# <details><summary>Hint 1</summary><code>np.prod(shape[1:])</code> is n.</details>
# <details><summary>Hint 2</summary>Multiplying by s multiplies the variance by s². So divide by the root of n.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Far too small:</b> 1/n is the variance. The standard deviation is its root.</li>
# <li><b>No negative weights:</b> <code>rng.random</code> is uniform on [0, 1). You want <code>rng.normal</code>.</li>
# <li><b>Other numbers each time:</b> <code>np.random.randn</code> doesn't draw from <code>rng</code>, so nobody can repeat your run.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def xavier_normal(shape, rng):
    """Return weights of the given shape (outputs, inputs, …) from N(0, 1/n), drawn from the generator rng."""
    # BEGIN SOLUTION
    return rng.normal(size=shape) / np.sqrt(np.prod(shape[1:]))
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_the_spread_follows_the_inputs(xavier_normal):
    import numpy as np
    from course_utils.checks import check_true, checked_call

    outputs, n = 301, 53
    W = checked_call(xavier_normal, (outputs, n), np.random.default_rng(1))
    check_true(np.shape(W) == (outputs, n), "The weights must have the shape that was asked for.")
    check_true(
        np.min(W) < 0, "No weight is negative: draw from a normal distribution, not uniformly from 0 to 1."
    )
    wrong = {
        "1/n is the variance, and you took it as the standard deviation: take its root.": 1 / n,
        "The spread follows the inputs of a unit, yours the outputs: n is the product of all axes but the first.": outputs**-0.5,
        "You didn't scale the weights: their variance must be 1/n.": 1.0,
        "Twice the variance is He's, for ReLU: Xavier's is 1/n.": (2 / n) ** 0.5,
        "You divide by the mean of inputs and outputs, as torch does: here only the inputs count.": (2 / (n + outputs)) ** 0.5,
        "You multiplied by the root of n: divide by it.": n**0.5,
    }  # fmt: skip
    for sentence, std in wrong.items():
        check_true(abs(np.std(W) / std - 1) > 0.04, sentence)
    check_true(abs(np.std(W) * n**0.5 - 1) < 0.04, "The spread of your weights isn't the root of 1/n.")
    check_true(abs(np.mean(W)) < 6 / n / outputs**0.5, "Your weights don't have mean 0.")


# %%
def test_the_numbers_come_from_rng(xavier_normal):
    import numpy as np
    from course_utils.checks import check_true, checked_call

    first, again, other = (
        checked_call(xavier_normal, (7, 5), np.random.default_rng(seed)) for seed in (3, 3, 4)
    )
    check_true(
        np.array_equal(first, again),
        "Two generators of one seed gave different weights: draw from rng, not from np.random.",
    )
    check_true(
        not np.array_equal(first, other),
        "Two different generators gave the same weights: draw from rng, don't make a generator of your own.",
    )
    check_true(np.unique(first).size == 35, "Some weights are equal: draw one number for each.")


# %%
# HIDDEN
def test_filters_and_long_rows(xavier_normal):
    import numpy as np
    from course_utils.checks import check_true, checked_call

    for shape, n in (((101, 5, 7, 3), 105), ((2003, 2), 2), ((11, 997), 997), ((503, 3, 11), 33)):
        W = checked_call(xavier_normal, shape, np.random.default_rng(n))
        check_true(np.shape(W) == shape, "The weights must have the shape that was asked for.")
        check_true(
            shape[1] == n or abs(np.std(W) * shape[1] ** 0.5 - 1) > 0.1,
            "A filter's n counts all its weights: maps times height times width.",
        )
        check_true(
            abs(np.std(W) * n**0.5 - 1) < 0.06, "The spread of your weights isn't the root of 1/n, n inputs."
        )


# %%
# HIDDEN
def test_the_weights_are_normal(xavier_normal):
    import numpy as np
    from course_utils.checks import check_true, checked_call
    from scipy import stats

    W = checked_call(xavier_normal, (199, 101), np.random.default_rng(9))
    z = np.ravel(W) * 101**0.5
    check_true(
        np.max(np.abs(z)) > 2.5,
        "Your weights end abruptly: draw from a normal distribution, not a uniform one.",
    )
    check_true(
        stats.kstest(z, "norm").pvalue > 1e-6, "Your weights aren't normal with mean 0 and variance 1/n."
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# **ReLU** sets half of its inputs to 0. If $z$ has mean 0 and is symmetric, then $\mathbb E[\max(0, z)^2] = \frac12 \operatorname{Var}[z]$. So each layer multiplies the variance by $\frac12 n \operatorname{Var}[w]$, and to keep it you need $\operatorname{Var}[w] = 2/n$. That is **He** initialisation.

# %% [raw]
# # BEGIN QUESTION
# name: he_normal
# points: 3

# %% [markdown]
# ### Exercise 6.2 · he_normal · ★☆☆ · 4 minutes
#
# Draw weights from a normal distribution with mean 0 and variance
#
# $$\operatorname{Var}[w] = \frac2n,$$
#
# with $n$ inputs of one unit: the product of all axes of `shape` but the first.
#
# **Shapes:** as in exercise 6.1.
#
# **Worked:** `shape` $(7, 50)$: $n = 50$, variance $0.04$, standard deviation $0.2$.
#
# <details><summary>Hint 1</summary>What is the standard deviation of a variable whose variance is 2/n?</details>
# <details><summary>Hint 2</summary><code>np.sqrt(2 / n)</code>: the 2 stands under the root.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>√2 too small:</b> that is Xavier's.</li>
# <li><b>√2 too large:</b> the 2 belongs under the root.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def he_normal(shape, rng):
    """Return weights of the given shape (outputs, inputs, …) from N(0, 2/n), drawn from the generator rng."""
    # BEGIN SOLUTION
    return rng.normal(size=shape) * np.sqrt(2 / np.prod(shape[1:]))
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_twice_the_variance(he_normal):
    import numpy as np
    from course_utils.checks import check_true, checked_call

    outputs, n = 307, 59
    W = checked_call(he_normal, (outputs, n), np.random.default_rng(2))
    check_true(np.shape(W) == (outputs, n), "The weights must have the shape that was asked for.")
    check_true(
        np.min(W) < 0, "No weight is negative: draw from a normal distribution, not uniformly from 0 to 1."
    )
    wrong = {
        "He's 2 is missing: ReLU lets only half of the signal through.": n**-0.5,
        "2/n is the variance, and you took it as the standard deviation: take its root.": 2 / n,
        "The 2 belongs under the root: the variance doubles, not the standard deviation.": 2 * n**-0.5,
        "The root covers n as well: the standard deviation is the root of 2/n.": 2**0.5 / n,
        "The spread follows the inputs of a unit, yours the outputs: n is the product of all axes but the first.": (2 / outputs) ** 0.5,
        "You halved the variance: ReLU takes half away, so give twice as much.": (0.5 / n) ** 0.5,
    }  # fmt: skip
    for sentence, std in wrong.items():
        check_true(abs(np.std(W) / std - 1) > 0.04, sentence)
    check_true(
        abs(np.std(W) * (n / 2) ** 0.5 - 1) < 0.04, "The spread of your weights isn't the root of 2/n."
    )
    again = checked_call(he_normal, (outputs, n), np.random.default_rng(2))
    check_true(
        np.array_equal(W, again),
        "Two generators of one seed gave different weights: draw from rng, not from np.random.",
    )


# %%
# HIDDEN
def test_filters_and_normal_numbers(he_normal):
    import numpy as np
    from course_utils.checks import check_true, checked_call
    from scipy import stats

    for shape, n in (((103, 7, 5, 3), 105), ((2003, 2), 2), ((13, 997), 997), ((503, 11, 3), 33)):
        W = checked_call(he_normal, shape, np.random.default_rng(n))
        check_true(np.shape(W) == shape, "The weights must have the shape that was asked for.")
        check_true(
            shape[1] == n or abs(np.std(W) * (shape[1] / 2) ** 0.5 - 1) > 0.1,
            "A filter's n counts all its weights: maps times height times width.",
        )
        z = np.ravel(W) * (n / 2) ** 0.5
        check_true(abs(np.std(z) - 1) < 0.06, "The spread of your weights isn't the root of 2/n, n inputs.")
        check_true(
            np.max(np.abs(z)) > 2.5,
            "Your weights end abruptly: draw from a normal distribution, not a uniform one.",
        )
        check_true(
            stats.kstest(z, "norm").pvalue > 1e-6, "Your weights aren't normal with mean 0 and variance 2/n."
        )


# %%
# HIDDEN
def test_only_rng_is_asked(he_normal):
    import numpy as np
    from course_utils.checks import check_true, checked_call

    first, other = (checked_call(he_normal, (7, 5), np.random.default_rng(seed)) for seed in (5, 6))
    check_true(
        not np.array_equal(first, other),
        "Two different generators gave the same weights: draw from rng, don't make a generator of your own.",
    )
    check_true(np.unique(first).size == 35, "Some weights are equal: draw one number for each.")


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# Send a batch through thirty ReLU layers, once with each:

# %%
if solved(xavier_normal, he_normal):
    fig, ax = plt.subplots()
    for draw, color, line, name in (
        (xavier_normal, BLUE, "-", "xavier_normal"),
        (he_normal, ORANGE, "--", "he_normal"),
    ):
        rng = np.random.default_rng(0)
        h, spreads = rng.normal(size=(500, width)), []
        for _ in range(30):
            h = activations.relu(h @ draw((width, width), rng).T)
            spreads.append(np.sqrt(np.mean(h**2)))
        ax.plot(np.arange(1, 31), spreads, color=color, ls=line, marker=".", label=name)
    ax.plot(np.arange(1, 31), 0.5 ** (np.arange(1, 31) / 2), color="black", ls=":", lw=1, label="√½ a layer")
    ax.set(
        yscale="log",
        xlabel="layer",
        ylabel="root of the mean squared activation",
        title="With ReLU, Xavier's weights lose half of the variance in each layer",
    )
    ax.legend()
    plt.show()

# %% [markdown]
# ## 6.2 Batch normalisation
#
# A good start keeps the signal's size right at step 0. What keeps it right at step 1,000? **Batch normalisation** doesn't hope: after each linear layer it measures mean and variance of every unit over the batch, and sets them.
#
# $$\hat x = \frac{x - \mathbb E[x]}{\sqrt{\operatorname{Var}[x] + \varepsilon}}, \qquad y = \gamma \hat x + \beta.$$
#
# - Mean and variance are those of **one unit over the batch**: one pair for each column of $x$.
# - $\gamma$ and $\beta$ are learnt, one each for a unit. With them the net can choose any mean and spread, even undo the normalisation.
# - $\varepsilon = 10^{-5}$ stops a constant unit from dividing by 0.
#
# **After training** a prediction must not depend on who else is in the batch, and a batch may hold one sample. So training keeps **running averages** of mean and variance, and evaluation uses those:
#
# $$\text{running} \leftarrow 0.9 \cdot \text{running} + 0.1 \cdot \text{batch}.$$

# %%
rng = np.random.default_rng(1)
batch = rng.normal(size=(200, 2)) @ np.array([[2.0, 0.0], [1.5, 0.4]]) + np.array([6.0, -3.0])
normalised, _ = layers.batch_norm(batch, np.ones(2), np.zeros(2))
moved, _ = layers.batch_norm(batch, np.array([0.5, 2.0]), np.array([-4.0, 3.0]))
fig, ax = plt.subplots(figsize=(7, 4.4))
for cloud, color, marker, name in (
    (batch, BLUE, "o", "before"),
    (normalised, ORANGE, "s", "normalised, x̂"),
    (moved, GREEN, "^", "γ = (½, 2), β = (−4, 3)"),
):
    ax.scatter(*cloud.T, s=12, color=color, marker=marker, alpha=0.6, label=name)
ax.axhline(0, color="black", lw=0.8)
ax.axvline(0, color="black", lw=0.8)
ax.set(
    xlabel="unit 1",
    ylabel="unit 2",
    title="Each unit gets mean 0 and variance 1, then what γ and β say",
)
ax.legend()
plt.show()

# %% [markdown]
# The cloud keeps its tilt: units are normalised one by one, not together.

# %% [raw]
# # BEGIN QUESTION
# name: batch_norm_forward
# points: 5

# %% [markdown]
# ### Exercise 6.3 · batch_norm_forward · ★★☆ · 20 minutes
#
# Return `out, cache` with
#
# $$\hat x = \frac{x - \mu}{s}, \qquad s = \sqrt{\sigma^2 + 10^{-5}}, \qquad \texttt{out} = \gamma\hat x + \beta, \qquad \texttt{cache} = (\hat x, s, \gamma).$$
#
# The cache is what the way back needs: a tuple of these three arrays, in this order.
#
# - `training` is true: $\mu$ and $\sigma^2$ are mean and variance of each column of `x`, the variance **divided by** $n$. Also put the new running averages into the dict `state`:
#   `state["mean"]` becomes 0.9 times itself plus 0.1 times $\mu$; `state["variance"]` likewise with the batch's variance **divided by** $n - 1$, as in torch.
# - `training` is false: $\mu$ and $\sigma^2$ are `state["mean"]` and `state["variance"]`, which stay as they are.
#
# `state` is the one argument that you may change. Everything else stays.
#
# **Shapes:** `x` $(n, d)$, `gamma`, `beta`, `state["mean"]`, `state["variance"]` $(d,)$ → `out` and $\hat x$ $(n, d)$, $s$ $(d,)$.
#
# **Worked:** $x = (1, 3, 8)$ in one column, $\gamma = 2$, $\beta = 1$: $\mu = 4$, $\sigma^2 = \frac{26}{3}$, $s = 2.9439$, $\hat x = (-1.0190, -0.3397, 1.3587)$, `out` $= (-1.0381, 0.3206, 3.7174)$. Running averages that stood at 0 and 1 move to $0.4$ and $0.9 + 0.1 \cdot 13 = 2.2$.
#
# <details><summary>Hint 1</summary>Choose <code>mean</code> and <code>variance</code> first, by <code>if training: ... else: ...</code>. What follows is the same for both.</details>
# <details><summary>Hint 2</summary><code>x.var(axis=0)</code> divides by n, <code>x.var(axis=0, ddof=1)</code> by n − 1. Put a new array into the dict: <code>state["mean"] = 0.9 * state["mean"] + ...</code></details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Another sample changes the answer in evaluation:</b> you used the batch's statistics where the running ones belong.</li>
# <li><b>NaN for a constant column:</b> ε belongs under the root, beside the variance.</li>
# <li><b>The running mean jumps to each batch:</b> 0.9 and 0.1 are swapped.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def batch_norm_forward(x, gamma, beta, state, training):
    """Return out (n, d) and the cache (x_hat, s, gamma) of x (n, d).

    state is a dict of running averages, "mean" (d,) and "variance" (d,): renewed in training, used otherwise.
    """
    # BEGIN SOLUTION
    if training:
        mean, variance = x.mean(axis=0), x.var(axis=0)
        state["mean"] = 0.9 * state["mean"] + 0.1 * mean
        state["variance"] = 0.9 * state["variance"] + 0.1 * x.var(axis=0, ddof=1)
    else:
        mean, variance = state["mean"], state["variance"]
    s = np.sqrt(variance + 1e-5)
    x_hat = (x - mean) / s
    return gamma * x_hat + beta, (x_hat, s, gamma)
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_each_unit_is_normalised_over_the_batch(batch_norm_forward):
    import numpy as np
    from course_utils.checks import check_call

    x = np.array(
        [[0.010, 2.0, 4.0], [0.014, -1.0, 9.0], [0.005, 0.5, 6.5], [0.021, 3.0, 1.0], [0.016, 4.5, 3.0]]
    )
    gamma, beta = np.array([2.0, 0.5, 3.0]), np.array([1.0, -2.0, 0.7])
    state = {"mean": np.array([0.5, 1.0, -1.0]), "variance": np.array([2.0, 0.3, 4.0])}
    mu, var = x.mean(axis=0), x.var(axis=0)

    def answer(mean, s, g=gamma, b=beta):
        x_hat = (x - mean) / s
        return g * x_hat + b, (x_hat, s, gamma)

    s = np.sqrt(var + 1e-5)
    out, cache = answer(mu, s)
    check_call(
        batch_norm_forward,
        x,
        gamma,
        beta,
        state,
        True,
        expected=(out, cache),
        may_change=("state",),
        sizes={"n": 5, "d": 3},
        mistakes={
            "ε stands outside the root: it belongs beside the variance.": answer(mu, np.sqrt(var) + 1e-5),
            "ε is missing beside the variance.": answer(mu, np.sqrt(var)),
            "To normalise, the batch's variance divides by n; n − 1 is for the running average alone.": answer(
                mu, np.sqrt(x.var(axis=0, ddof=1) + 1e-5)
            ),
            "The root is missing: divide by the standard deviation, not the variance.": answer(
                mu, var + 1e-5
            ),
            "You took one variance of the whole array: each unit (column) has its own.": answer(
                mu, np.sqrt(x.var() + 1e-5)
            ),
            "You took one mean and one variance of the whole array: each unit (column) has its own.": answer(
                x.mean(), np.sqrt(x.var() + 1e-5)
            ),
            "You normalised each sample over its units: batch norm goes over the batch, axis 0.": answer(
                x.mean(axis=1, keepdims=True), np.sqrt(x.var(axis=1, keepdims=True) + 1e-5)
            ),
            "You used the running averages in training: use the batch's own.": answer(
                state["mean"], np.sqrt(state["variance"] + 1e-5)
            ),
            "γ and β are missing in your output.": (cache[0], cache),
            "γ and β are swapped: γ multiplies, β is added.": (beta * cache[0] + gamma, cache),
            "You multiplied β as well: γ x̂ first, then add β.": (gamma * (cache[0] + beta), cache),
            "Your cache isn't what was asked: (x̂, s, γ), in this order.": (out, None),
        },
    )


# %%
def test_the_running_averages(batch_norm_forward):
    import numpy as np
    from course_utils.checks import check_call, checked_call

    x = np.array([[1.0, 20.0], [4.0, 26.0], [9.0, 22.0], [2.0, 31.0], [7.0, 24.0]])
    gamma, beta = np.array([2.0, 0.5]), np.array([1.0, -2.0])
    state = {"mean": np.array([0.5, 10.0]), "variance": np.array([2.0, 30.0])}
    checked_call(batch_norm_forward, x, gamma, beta, state, True, may_change=("state",))

    def state_after(x, gamma, beta, state, training):
        batch_norm_forward(x, gamma, beta, state, training)
        return state

    unbiased = x.var(axis=0, ddof=1)

    def moved(a=0.1, variance=unbiased):
        return {
            "mean": (1 - a) * state["mean"] + a * x.mean(axis=0),
            "variance": (1 - a) * state["variance"] + a * variance,
        }

    check_call(
        state_after,
        x,
        gamma,
        beta,
        state,
        True,
        expected=moved(),
        may_change=("state",),
        mistakes={
            "Your running averages follow the batch nine times too fast: 0.9 belongs to the old, 0.1 to the new.": moved(
                0.9
            ),
            "The state is as it was: in training put the new running averages into it.": state,
            "Your state holds this batch alone: mix it with what was there.": moved(1.0),
            "The running variance takes the batch's variance divided by n − 1, yours by n.": moved(
                0.1, x.var(axis=0)
            ),
            "Your running variance mixes in a standard deviation.": moved(0.1, x.std(axis=0, ddof=1)),
            "You added the batch without shrinking the old averages to nine tenths.": {
                "mean": state["mean"] + 0.1 * x.mean(axis=0),
                "variance": state["variance"] + 0.1 * x.var(axis=0, ddof=1),
            },
            "Only the running mean moves: the variance must as well.": moved()
            | {"variance": state["variance"]},
        },
    )


# %%
def test_evaluation_uses_the_running_averages(batch_norm_forward):
    import numpy as np
    from course_utils.checks import check_call, checked_call

    x = np.array([[1.0, 20.0], [4.0, 26.0], [9.0, 22.0], [2.0, 31.0], [7.0, 24.0]])
    gamma, beta = np.array([2.0, 0.5]), np.array([1.0, -2.0])
    state = {"mean": np.array([3.0, 21.0]), "variance": np.array([2.0, 30.0])}
    checked_call(batch_norm_forward, x, gamma, beta, state, False, may_change=("state",))

    def run(x, gamma, beta, state, training):
        out, _ = batch_norm_forward(x, gamma, beta, state, training)
        return out, state

    def answer(mean, variance):
        return gamma * (x - mean) / np.sqrt(variance + 1e-5) + beta, state

    right = answer(state["mean"], state["variance"])
    own = answer(x.mean(axis=0), x.var(axis=0))
    changed = {
        "mean": 0.9 * state["mean"] + 0.1 * x.mean(axis=0),
        "variance": 0.9 * state["variance"] + 0.1 * x.var(axis=0, ddof=1),
    }
    sentence = "In evaluation the state must stay as it is."
    check_call(
        run,
        x,
        gamma,
        beta,
        state,
        False,
        expected=right,
        may_change=("state",),
        mistakes={
            "You used the batch's own statistics in evaluation: use the running averages.": own,
            sentence: (right[0], changed),
            "You used the batch's own statistics in evaluation, and changed the state: use the running averages as they are.": (
                own[0],
                changed,
            ),
            "The running variance is a variance: take its root.": (
                gamma * (x - state["mean"]) / (state["variance"] + 1e-5) + beta,
                state,
            ),
        },
    )


# %%
# HIDDEN
def test_random_batches_one_after_another(batch_norm_forward):
    import numpy as np
    from course_utils import layers
    from course_utils.checks import check_call, checked_call

    rng = np.random.default_rng(603)
    for n, d in ((7, 3), (13, 5), (2, 11)):
        gamma, beta = rng.normal(size=d), rng.normal(size=d)
        batches = [rng.normal(2, 3, (n, d)) for _ in range(3)]
        checked_call(
            batch_norm_forward,
            batches[0],
            gamma,
            beta,
            {"mean": np.zeros(d), "variance": np.ones(d)},
            True,
            may_change=("state",),
        )

        def run(batches, gamma, beta):
            state = {"mean": np.zeros(len(gamma)), "variance": np.ones(len(gamma))}
            outs = [batch_norm_forward(x, gamma, beta, state, True)[0] for x in batches]
            return outs, batch_norm_forward(batches[0], gamma, beta, state, False)[0], state

        state, right, fast = None, [], None
        for x in batches:
            out, state = layers.batch_norm(x, gamma, beta, state)
            _, fast = layers.batch_norm(x, gamma, beta, fast, momentum=0.9)
            right.append(out)
        after = {"mean": state.mean, "variance": state.variance}
        own = layers.batch_norm(batches[0], gamma, beta)[0]
        check_call(
            run,
            batches,
            gamma,
            beta,
            expected=(right, layers.batch_norm(batches[0], gamma, beta, state, training=False)[0], after),
            sizes={"n": n, "d": d},
            mistakes={
                "You used the batch's own statistics in evaluation: use the running averages.": (
                    right,
                    own,
                    after,
                ),
                "Your running averages follow the batch nine times too fast: 0.9 belongs to the old, 0.1 to the new.": (
                    right,
                    layers.batch_norm(batches[0], gamma, beta, fast, training=False)[0],
                    {"mean": fast.mean, "variance": fast.variance},
                ),
            },
        )


# %%
# HIDDEN
def test_a_constant_unit_and_a_single_sample(batch_norm_forward):
    import numpy as np
    from course_utils.checks import check_call

    x = np.array([[3.0, 1.0], [3.0, 2.0], [3.0, 6.0]])
    gamma, beta = np.array([2.0, 1.0]), np.array([0.25, -1.0])
    state = {"mean": np.array([1.0, 5.0]), "variance": np.array([0.0, 4.0])}
    s = np.sqrt(x.var(axis=0) + 1e-5)
    x_hat = (x - x.mean(axis=0)) / s
    check_call(
        batch_norm_forward,
        x,
        gamma,
        beta,
        state,
        True,
        expected=(gamma * x_hat + beta, (x_hat, s, gamma)),
        may_change=("state",),
    )
    one, s = np.array([[1.5, -2.0]]), np.sqrt(np.array([0.0, 4.0]) + 1e-5)
    x_hat = (one - state["mean"]) / s
    check_call(
        batch_norm_forward,
        one,
        gamma,
        beta,
        state,
        False,
        expected=(gamma * x_hat + beta, (x_hat, s, gamma)),
        may_change=("state",),
        mistakes={
            "A single sample got β: in evaluation use the running averages, not the batch's own.": (
                beta[None],
                (np.zeros((1, 2)), np.full(2, np.sqrt(1e-5)), gamma),
            )
        },
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# Mean and variance move when $x$ moves, so they are part of the gradient. A loss $L$ reaches $x_i$ by three ways: directly, through $\mu$ and through $\sigma^2$. Write $g = \partial L/\partial \texttt{out}$, and $\overline{\phantom{x}}$ for the mean over the batch. Adding up the three ways gives
#
# $$\frac{\partial L}{\partial x_i} = \frac{\gamma}{s}\left( g_i - \overline{g} - \hat x_i\, \overline{g\hat x} \right), \qquad \frac{\partial L}{\partial \gamma} = \sum_i g_i \hat x_i, \qquad \frac{\partial L}{\partial \beta} = \sum_i g_i.$$
#
# Read it: from the gradient is taken whatever would only shift the batch, and whatever would only stretch it. Both would be undone by the normalisation, so neither can change the loss.

# %% [raw]
# # BEGIN QUESTION
# name: batch_norm_backward
# points: 4

# %% [markdown]
# ### Exercise 6.4 · batch_norm_backward · ★★★ · 15 minutes
#
# Return `dx, dgamma, dbeta`, the gradients of a loss through batch norm **in training**, by the three formulas above, for each column by itself.
#
# `dout` is $g$. `cache` is the tuple $(\hat x, s, \gamma)$ of exercise 6.3; the checks bring their own, so you can write this one first.
#
# **Shapes:** `dout` and $\hat x$ $(n, d)$, $s$ and $\gamma$ $(d,)$ → `dx` $(n, d)$, `dgamma` and `dbeta` $(d,)$.
#
# **Worked:** one column, $\hat x = (-\sqrt{1.5}, 0, \sqrt{1.5})$, $s = 2$, $\gamma = 3$, $g = (1, 0, 0)$. Then $\overline g = \frac13$, $\overline{g\hat x} = -\frac{\sqrt{1.5}}{3}$, so `dx` $= \frac32\,(1 - \frac13 - \frac12,\ -\frac13,\ -\frac13 + \frac12) = (\frac14, -\frac12, \frac14)$; `dgamma` $= -\sqrt{1.5}$, `dbeta` $= 1$.
#
# <details><summary>Hint 1</summary>Unpack: <code>x_hat, s, gamma = cache</code>. Means and sums are over axis 0.</details>
# <details><summary>Hint 2</summary><code>(dout * x_hat).mean(axis=0)</code> is one number for each column; multiply it with <code>x_hat</code>.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Columns of dx don't sum to 0:</b> the way through the mean is missing.</li>
# <li><b>dx·x̂ doesn't sum to 0:</b> the way through the variance is missing.</li>
# <li><b>dγ and dβ n times too small:</b> they are sums. The loss has divided by n already.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def batch_norm_backward(dout, cache):
    """Return dx (n, d), dgamma (d,) and dbeta (d,) for dout (n, d) and cache = (x_hat, s, gamma)."""
    # BEGIN SOLUTION
    x_hat, s, gamma = cache
    along = (dout * x_hat).mean(axis=0)
    dx = gamma / s * (dout - dout.mean(axis=0) - x_hat * along)
    return dx, (dout * x_hat).sum(axis=0), dout.sum(axis=0)
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_all_three_ways(batch_norm_backward):
    import numpy as np
    from course_utils.checks import check_call

    x = np.array([[1.0, 2.0, 4.0], [1.4, -1.0, 9.0], [0.5, 0.5, 6.5], [2.1, 3.0, 1.0], [1.6, 4.5, 3.0]])
    dout = np.array([[0.3, 1.0, -0.5], [2.0, 0.4, 1.5], [-1.0, 0.7, 0.2], [0.6, -2.0, 0.9], [1.1, 0.8, -1.2]])
    gamma, s = np.array([2.0, 0.5, 3.0]), np.sqrt(x.var(axis=0) + 1e-5)
    x_hat = (x - x.mean(axis=0)) / s
    direct, shift, stretch = dout, dout.mean(axis=0), x_hat * (dout * x_hat).mean(axis=0)
    dgamma, dbeta = (dout * x_hat).sum(axis=0), dout.sum(axis=0)
    inner = direct - shift - stretch
    check_call(
        batch_norm_backward,
        dout,
        (x_hat, s, gamma),
        expected=(gamma / s * inner, dgamma, dbeta),
        sizes={"n": 5, "d": 3},
        mistakes={
            "Mean and variance depend on x too: both of their ways are missing in dx.": (
                gamma / s * direct,
                dgamma,
                dbeta,
            ),
            "The columns of your dx don't sum to 0: the way through the mean is missing.": (
                gamma / s * (direct - stretch),
                dgamma,
                dbeta,
            ),
            "The way through the variance is missing in dx: subtract x̂ times the mean of g·x̂.": (
                gamma / s * (direct - shift),
                dgamma,
                dbeta,
            ),
            "γ is missing in dx.": (inner / s, dgamma, dbeta),
            "You multiplied dx by s: divide by it.": (gamma * s * inner, dgamma, dbeta),
            "dγ and dβ are sums over the batch, not means: the loss has divided already.": (
                gamma / s * inner,
                dgamma / 5,
                dbeta / 5,
            ),
            "dx subtracts means over the batch, not sums.": (
                gamma / s * (direct - 5 * shift - 5 * stretch),
                dgamma,
                dbeta,
            ),
            "You divided by n where nothing is left to average: dx holds means already.": (
                gamma / s * inner / 5,
                dgamma,
                dbeta,
            ),
            "dγ and dβ are swapped: dγ is the sum of g·x̂.": (gamma / s * inner, dbeta, dgamma),
            "Keep the batch out of dγ and dβ: sum over the samples, one number for each unit.": (
                gamma / s * inner,
                dout * x_hat,
                dout,
            ),
        },
    )


# %%
# HIDDEN
def test_random_batches_against_the_reference(batch_norm_backward):
    import numpy as np
    from course_utils import layers
    from course_utils.checks import check_call

    rng = np.random.default_rng(604)
    for n, d in ((7, 3), (13, 5), (3, 11)):
        x, dout = rng.normal(2, 3, (n, d)), rng.normal(0.5, 1, (n, d))
        gamma, s = rng.normal(size=d), np.sqrt(x.var(axis=0) + 1e-5)
        x_hat = (x - x.mean(axis=0)) / s
        dx, dgamma, dbeta = layers.batch_norm_backward(dout, x, gamma)
        check_call(
            batch_norm_backward,
            dout,
            (x_hat, s, gamma),
            expected=(dx, dgamma, dbeta),
            sizes={"n": n, "d": d},
            mistakes={
                "Mean and variance depend on x too: both of their ways are missing in dx.": (
                    gamma / s * dout,
                    dgamma,
                    dbeta,
                ),
            },
        )


# %%
# HIDDEN
def test_against_torch(batch_norm_backward):
    import numpy as np
    import torch
    from course_utils.checks import check_call

    rng = np.random.default_rng(614)
    x, gamma, beta = (
        torch.tensor(rng.normal(size=shape), requires_grad=True) for shape in ((11, 3), (3,), (3,))
    )
    dout = rng.normal(1, 2, (11, 3))
    out = torch.nn.functional.batch_norm(x, None, None, gamma, beta, training=True, eps=1e-5)
    out.backward(torch.tensor(dout))
    values = x.detach().numpy()
    s = np.sqrt(values.var(axis=0) + 1e-5)
    cache = ((values - values.mean(axis=0)) / s, s, gamma.detach().numpy())
    right = tuple(part.grad.numpy() for part in (x, gamma, beta))
    check_call(batch_norm_backward, dout, cache, expected=right, sizes={"n": 11, "d": 3})


# %%
# HIDDEN
def test_two_samples_and_a_constant_unit(batch_norm_backward):
    import numpy as np
    from course_utils.checks import check_call

    # a unit that never changes: x̂ = 0, s = √ε
    s = np.array([np.sqrt(1e-5), 2.0])
    x_hat = np.array([[0.0, -np.sqrt(1.5)], [0.0, 0.0], [0.0, np.sqrt(1.5)]])
    dout = np.array([[1.0, 1.0], [2.0, 0.0], [6.0, 0.0]])
    dx = np.stack([np.array([-2.0, -1.0, 3.0]) / s[0], np.array([0.25, -0.5, 0.25])], axis=1)
    check_call(
        batch_norm_backward,
        dout,
        (x_hat, s, np.array([1.0, 3.0])),
        expected=(dx, np.array([0.0, -np.sqrt(1.5)]), np.array([9.0, 1.0])),
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# Now look at one unit, and at what a small batch does to it.
#
# **Try:** (1) Move shift and scale of the input. What of it is left after the norm? (2) Lower the batch to 2. Which two values can the output take? Put $\hat x = (-1, 1)$ into the formula for $\partial L/\partial x$: what gradient gets through?

# %%
BatchNormExplorer()

# %% [markdown]
# (1) Nothing, apart from ε: what comes out has mean β and spread γ. (2) β − γ and β + γ, and the gradient is 0: with two samples, $g - \overline g$ is $\pm\frac12(g_1 - g_2)$, and the last term takes all of it away. From batches of 2, the layers below a batch norm learn nothing. From batches of 8 they do, with noise: a sample's output depends on its company. That noise regularises a little, which is why nets with batch norm often need less dropout.
#
# ## 6.3 Ten layers, from your own parts
#
# Here is a plain net with ReLU and, if you like, batch norm before each ReLU. It runs on **your** `batch_norm_forward` and `batch_norm_backward`. Read it once: it is notebook 04 in a loop.


# %%
def finished_forward(x, gamma, beta, state, training):
    running = layers.BatchNormState(state["mean"], state["variance"])
    out, new = layers.batch_norm(x, gamma, beta, running, training)
    state.update(mean=new.mean, variance=new.variance)
    mean, variance = (x.mean(axis=0), x.var(axis=0)) if training else running
    s = np.sqrt(variance + 1e-5)
    return out, ((x - mean) / s, s, gamma)


def finished_backward(dout, cache):
    x_hat, s, gamma = cache
    return layers.batch_norm_backward(dout, x_hat * s, gamma)


norm_forward = own_or_finished(batch_norm_forward, finished_forward)
norm_backward = own_or_finished(batch_norm_backward, finished_backward)


def make_net(sizes, std, batch_norm=False, seed=0):
    """Weights N(0, std²), for std = None He's; biases 0; with batch norm also γ = 1, β = 0 and running averages."""
    rng = np.random.default_rng(seed)
    net = {"W": [], "b": [], "gamma": [], "beta": [], "state": []}
    for d, k in itertools.pairwise(sizes):
        net["W"].append((np.sqrt(2 / d) if std is None else std) * rng.normal(size=(k, d)))
        net["b"].append(np.zeros(k))
    for k in sizes[1:-1] if batch_norm else ():
        net["gamma"].append(np.ones(k))
        net["beta"].append(np.zeros(k))
        net["state"].append({"mean": np.zeros(k), "variance": np.ones(k)})
    return net


def forward(net, x, training=False, mask=None):
    """Scores, and a tape of what the way back needs. mask(h) says what dropout multiplies activations with."""
    tape, last = [], len(net["W"]) - 1
    for layer, (W, b) in enumerate(zip(net["W"], net["b"], strict=True)):
        step = {"x": x}
        x = x @ W.T + b
        if layer < last:
            if net["state"]:
                x, step["cache"] = norm_forward(
                    x, net["gamma"][layer], net["beta"][layer], net["state"][layer], training
                )
            step["slope"] = (x > 0) * (mask(x) if mask else 1.0)
            x = x * step["slope"]
        tape.append(step)
    return x, tape


def backward(net, tape, dx):
    """Gradients of all parameters, in the net's own order."""
    gradients = {name: [None] * len(net[name]) for name in ("W", "b", "gamma", "beta")}
    for layer in reversed(range(len(tape))):
        step = tape[layer]
        if "slope" in step:
            dx = dx * step["slope"]
        if "cache" in step:
            dx, gradients["gamma"][layer], gradients["beta"][layer] = norm_backward(dx, step["cache"])
        gradients["W"][layer], gradients["b"][layer] = dx.T @ step["x"], dx.sum(axis=0)
        dx = dx @ net["W"][layer]
    return gradients


def train(net, x, loss, epochs, learning_rate, batch_size=64, weight_decay=0.0, mask=None, seed=0):
    """SGD. loss(scores, rows) returns the batch's mean loss and its gradient. Mean loss of each epoch; inf if it diverges."""
    rng, history = np.random.default_rng(seed), []
    for _ in range(epochs):
        order, losses = rng.permutation(len(x)), []
        for start in range(0, len(x) - batch_size + 1, batch_size):
            rows = order[start : start + batch_size]
            scores, tape = forward(net, x[rows], True, mask)
            if not np.abs(scores).max() < 1e6:
                return np.array(history + [np.inf] * (epochs - len(history)))
            value, gradient = loss(scores, rows)
            losses.append(value)
            for name, parts in backward(net, tape, gradient).items():
                for w, dw in zip(net[name], parts, strict=True):
                    w -= learning_rate * (dw + (weight_decay * w if name == "W" else 0))
        history.append(np.mean(losses))
    return np.array(history)


def cross_entropy_with(y):
    """A loss for train: the mean cross-entropy of scores with the labels y, and its gradient."""

    def loss(scores, rows):
        gradient = classification.softmax(scores)
        gradient[np.arange(len(rows)), y[rows]] -= 1
        return classification.cross_entropy(scores, y[rows]), gradient / len(rows)

    return loss


def standardise(x_train, x_test):
    """Rows of pixels with mean 0 and spread near 1, by the training part's statistics."""
    x_train, x_test = (part.reshape(len(part), -1).astype(float) for part in (x_train, x_test))
    mean, spread = x_train.mean(axis=0), x_train.std(axis=0) + 0.05
    return (x_train - mean) / spread, (x_test - mean) / spread


digits = data.load_digits()
X, X_test = standardise(digits.x_train, digits.x_test)
y, y_test = digits.y_train, digits.y_test
deep = (64, *[100] * 9, 10)  # ten layers of weights

# %% [markdown]
# Ten layers, 1,347 handwritten digits of 8 × 8 pixels, five epochs. First with weights of different sizes, then with He's weights and different learning rates, each time with and without batch norm. The loss of guessing is $\log 10$.

# %%
stds, rates = (0.02, 0.05, 0.1, 0.14, 0.2, 0.3), (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4), sharey=True)
for normed, color, line, marker, name in (
    (False, BLUE, "-", "o", "plain"),
    (True, ORANGE, "--", "s", "batch norm"),
):
    by_std = [
        train(make_net(deep, std, normed), X, cross_entropy_with(y), 5, learning_rate=0.05)[-1]
        for std in stds
    ]
    by_rate = [
        train(make_net(deep, None, normed), X, cross_entropy_with(y), 5, learning_rate=rate)[-1]
        for rate in rates
    ]
    for ax, values, losses in ((left, stds, by_std), (right, rates, by_rate)):
        shown = np.minimum(losses, 3.3)
        ax.plot(values, shown, color=color, ls=line, marker=marker, label=name)
        gone = shown == 3.3
        ax.plot(np.array(values)[gone], shown[gone], "x", color=RED, ms=10, mew=2)
for ax in (left, right):
    ax.axhline(np.log(10), color="black", ls=":", lw=1)
    ax.set(xscale="log", ylim=(0, 3.5))
left.text(0.3, np.log(10) + 0.05, "guessing", ha="right")
left.axvline(np.sqrt(2 / 100), color="black", ls=":", lw=1)
left.text(np.sqrt(2 / 100), 0.1, " He", ha="left")
left.set(
    xlabel="standard deviation of the weights",
    ylabel="training loss in epoch 5",
    title="Batch norm doesn't care how large the weights are",
)
left.set_xticks(stds, [str(s) for s in stds])
left.minorticks_off()
right.set(xlabel="learning rate", title="… and bears higher learning rates")
left.legend(loc="center left")
right.plot([], [], "x", color=RED, ms=10, mew=2, label="diverged, or off the scale")
right.legend()
plt.show()

# %% [markdown]
# The plain net learns in a narrow window around He's size. With batch norm all of these sizes work, because scaling the weights of a layer scales mean and spread of what it computes, and the normalisation takes both out again. On the right, the plain net diverges at rates at which the normalised one still learns well. At small learning rates the plain net is ahead: batch norm isn't faster at the same rate, it allows a higher one.
#
# Why it helps is still argued about. The first explanation was that layers see inputs whose distribution doesn't drift. Later work found that drift matters little, and that the loss surface becomes smoother.
#
# ## 6.4 Dropout
#
# A net with many weights can lean on a few units that happen to fit the training set. **Dropout** forbids it: in each training step every unit is set to 0 with probability $1 - p$, and kept with probability $p$. Whatever must be known has to be known redundantly.

# %%
rng = np.random.default_rng(0)
fig, axes = plt.subplots(1, 3, figsize=(11, 3.2))
for ax, p in zip(axes, (0.9, 0.5, 0.2), strict=True):
    ax.imshow(rng.random((12, 24)) < p, aspect="auto", cmap="gray", vmin=0, vmax=1)
    ax.grid(visible=False)
    ax.set(xlabel="unit", title=f"p = {p}")
axes[0].set(ylabel="sample")
fig.suptitle("Masks (white: kept): every sample loses other units")
plt.show()

# %% [markdown]
# After training nothing is dropped. But then each unit of the next layer receives more than it was used to: on average a unit passed on $p \cdot x$ in training. So at test time, scale: pass on $p \cdot x$.

# %% [raw]
# # BEGIN QUESTION
# name: dropout
# points: 5

# %% [markdown]
# ### Exercise 6.5 · dropout · ★☆☆ · 10 minutes
#
# Return, for a keep probability $p$ = `keep`,
#
# $$\begin{cases} m \odot x, \quad m_{ij} = 1 \text{ with probability } p, \text{ otherwise } 0 & \text{if } \texttt{training} \\ p\, x & \text{otherwise.}\end{cases}$$
#
# Each entry of $x$ has its own $m_{ij}$, drawn from the generator `rng`.
#
# **Shapes:** `x` of any shape, `keep` one number in $(0, 1]$ → the shape of `x`.
#
# **Worked:** $x = (10, 20)$, $p = 0.8$. In training one of $(10, 20), (10, 0), (0, 20), (0, 0)$, with probabilities $0.64, 0.16, 0.16, 0.04$; their average is $(8, 16)$. In evaluation always $(8, 16)$.
#
# <details><summary>Hint 1</summary><code>rng.random(x.shape)</code> is uniform on [0, 1). With which probability is it below p?</details>
# <details><summary>Hint 2</summary>A comparison gives True and False, which multiply as 1 and 0.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Too much is dropped:</b> p is the probability to <i>keep</i>. torch's p is the probability to drop.</li>
# <li><b>Whole columns vanish:</b> each sample needs its own mask. Draw as many numbers as x has entries.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def dropout(x, keep, rng, training):
    """Return x with entries kept with probability keep in training, and keep times x otherwise."""
    # BEGIN SOLUTION
    if not training:
        return keep * x
    return x * (rng.random(x.shape) < keep)
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_training_keeps_with_probability_keep(dropout):
    import numpy as np
    from course_utils.checks import check_true, checked_call

    keep = 0.8
    x = 1 + np.arange(211 * 101.0).reshape(211, 101)
    out = np.asarray(checked_call(dropout, x, keep, np.random.default_rng(1), True))
    check_true(out.shape == x.shape, "The output must have the shape of x.")
    left = out != 0
    check_true(not np.all(left), "Nothing is dropped in training.")
    check_true(
        not np.allclose(out[left], x[left] / keep),
        "You divided by keep: that is inverted dropout. Here what is kept stays as it is.",
    )
    check_true(
        not np.allclose(out[left], x[left] * keep),
        "You scaled in training: what is kept stays as it is, and evaluation scales.",
    )
    check_true(np.allclose(out[left], x[left]), "What is kept must stay as it is.")
    check_true(
        not np.all(left == left[:1]),
        "All samples share one mask: each needs its own, so draw for every entry.",
    )
    check_true(
        not np.all(left == left[:, :1]), "A sample is kept or dropped as a whole: draw for every entry."
    )
    check_true(
        abs(left.mean() - (1 - keep)) > 0.02,
        "You keep with the probability of dropping: an entry stays with probability keep.",
    )
    check_true(abs(left.mean() - keep) < 0.02, "The share of entries that you keep isn't keep.")


# %%
def test_evaluation_scales(dropout):
    import numpy as np
    from course_utils.checks import check_call

    x = np.array([[1.0, -2.0, 3.0], [0.5, 4.0, -6.0]])
    keep = 0.8
    check_call(
        dropout,
        x,
        keep,
        np.random.default_rng(1),
        False,
        expected=keep * x,
        mistakes={
            "Evaluation must scale by keep: units of the next layer are used to less.": x,
            "You scaled by the probability of dropping: scale by what is kept.": (1 - keep) * x,
            "You divided by keep: in evaluation more arrives than in training, so multiply.": x / keep,
            "You scaled by one half whatever keep is.": x / 2,
        },
    )


# %%
def test_the_mask_comes_from_rng(dropout):
    import numpy as np
    from course_utils.checks import check_true, checked_call

    x = np.ones((13, 7))
    first, again, other = (
        checked_call(dropout, x, 0.5, np.random.default_rng(seed), True) for seed in (3, 3, 4)
    )
    check_true(
        np.array_equal(first, again),
        "Two generators of one seed gave different masks: draw from rng, not from np.random.",
    )
    check_true(
        not np.array_equal(first, other),
        "Two different generators gave the same mask: draw from rng, don't make a generator of your own.",
    )


# %%
# HIDDEN
def test_other_probabilities_and_shapes(dropout):
    import numpy as np
    from course_utils.checks import check_call, check_true, checked_call

    rng = np.random.default_rng(605)
    for keep, shape in ((0.3, (20011,)), (0.95, (41, 11, 31)), (0.5, (211, 97)), (0.11, (5, 3001))):
        x = rng.normal(size=shape)
        out = np.asarray(checked_call(dropout, x, keep, np.random.default_rng(7), True))
        left = out != 0
        check_true(np.allclose(out[left], x[left]), "What is kept must stay as it is.")
        check_true(abs(left.mean() - keep) < 0.025, "The share of entries that you keep isn't keep.")
        mistakes = {
            "You scaled by the probability of dropping: scale by what is kept.": (1 - keep) * x,
            "You scaled by one half whatever keep is.": x / 2,
        }
        check_call(dropout, x, keep, rng, False, expected=keep * x, mistakes=mistakes)


# %%
# HIDDEN
def test_keeping_everything_and_the_average(dropout):
    import numpy as np
    from course_utils.checks import check_call, check_true, checked_call

    x = np.array([[1.0, -2.0, 5.0, 11.0]])
    for mode in (True, False):
        check_call(
            dropout,
            x,
            1.0,
            np.random.default_rng(1),
            mode,
            expected=x,
            mistakes={"With nothing dropped your output is 0: scale by what is kept.": 0 * x},
        )
    many = np.repeat(x, 4001, axis=0)
    mean = np.asarray(checked_call(dropout, many, 0.7, np.random.default_rng(2), True)).mean(axis=0)
    check_true(
        np.all(np.abs(mean / (0.7 * x[0]) - 1) < 0.07), "Training on average must be what evaluation returns."
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# It is a nuisance that the finished net must remember $p$. **Inverted dropout** does the scaling while it trains: it divides by $p$ what is kept. On average a unit then passes on $\frac{1}{p} \cdot p \cdot x = x$, and evaluation has nothing left to do. This is what libraries use.

# %% [raw]
# # BEGIN QUESTION
# name: inverted_dropout
# points: 4

# %% [markdown]
# ### Exercise 6.6 · inverted_dropout · ★☆☆ · 5 minutes
#
# Return, for a keep probability $p$ = `keep`,
#
# $$\begin{cases} \dfrac{m \odot x}{p}, \quad m_{ij} = 1 \text{ with probability } p, \text{ otherwise } 0 & \text{if } \texttt{training} \\ x & \text{otherwise.}\end{cases}$$
#
# **Shapes:** as in exercise 6.5.
#
# **Worked:** $x = (10, 20)$, $p = 0.8$. In training one of $(12.5, 25), (12.5, 0), (0, 25), (0, 0)$; their average is $(10, 20)$. In evaluation $(10, 20)$.
#
# <details><summary>Hint 1</summary>Only two places differ from exercise 6.5.</details>
# <details><summary>Hint 2</summary>The way back multiplies the gradient with the same m/p: what forward divides by p, backward divides too.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Evaluation is p times too small:</b> it must not scale any more.</li>
# <li><b>Kept values are far too large:</b> you divided by the probability of dropping.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def inverted_dropout(x, keep, rng, training):
    """Return x with entries kept with probability keep and divided by keep in training, and x itself otherwise."""
    # BEGIN SOLUTION
    if not training:
        return x
    return x * (rng.random(x.shape) < keep) / keep
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_training_divides_what_is_kept(inverted_dropout):
    import numpy as np
    from course_utils.checks import check_true, checked_call

    keep = 0.8
    x = 1 + np.arange(211 * 101.0).reshape(211, 101)
    out = np.asarray(checked_call(inverted_dropout, x, keep, np.random.default_rng(1), True))
    check_true(out.shape == x.shape, "The output must have the shape of x.")
    left = out != 0
    check_true(not np.all(left), "Nothing is dropped in training.")
    wrong = {
        "What is kept must be divided by keep: the average then stays what it was.": 1.0,
        "You multiplied by keep: divide what is kept by it.": keep,
        "You divided by the probability of dropping: divide by the probability of keeping.": 1 / (1 - keep),
        "You divided by keep twice.": 1 / keep**2,
    }
    for sentence, factor in wrong.items():
        check_true(not np.allclose(out[left], factor * x[left]), sentence)
    check_true(np.allclose(out[left], x[left] / keep), "What is kept must be x divided by keep.")
    check_true(
        not np.all(left == left[:1]),
        "All samples share one mask: each needs its own, so draw for every entry.",
    )
    check_true(
        not np.all(left == left[:, :1]), "A sample is kept or dropped as a whole: draw for every entry."
    )
    check_true(
        abs(left.mean() - (1 - keep)) > 0.02,
        "You keep with the probability of dropping: an entry stays with probability keep.",
    )
    check_true(abs(left.mean() - keep) < 0.02, "The share of entries that you keep isn't keep.")


# %%
def test_evaluation_changes_nothing(inverted_dropout):
    import numpy as np
    from course_utils.checks import check_call

    x, keep = np.array([[1.0, -2.0, 3.0], [0.5, 4.0, -6.0]]), 0.8
    check_call(
        inverted_dropout,
        x,
        keep,
        np.random.default_rng(1),
        False,
        expected=x,
        mistakes={
            "You scaled in training and again in evaluation: once is enough, in training.": keep * x,
            "You divided in evaluation as well: there x stays as it is.": x / keep,
        },
    )


# %%
# HIDDEN
def test_other_probabilities_and_the_average(inverted_dropout):
    import numpy as np
    from course_utils.checks import check_call, check_true, checked_call

    rng = np.random.default_rng(606)
    for keep, shape in ((0.3, (20011,)), (0.95, (41, 11, 31)), (0.5, (211, 97)), (0.11, (5, 3001))):
        x = rng.normal(size=shape)
        out = np.asarray(checked_call(inverted_dropout, x, keep, np.random.default_rng(7), True))
        left = out != 0
        check_true(np.allclose(out[left], x[left] / keep), "What is kept must be x divided by keep.")
        check_true(abs(left.mean() - keep) < 0.025, "The share of entries that you keep isn't keep.")
        check_call(inverted_dropout, x, keep, rng, False, expected=x)
    many = np.full((4001, 3), 2.0)
    mean = np.asarray(checked_call(inverted_dropout, many, 0.7, np.random.default_rng(2), True)).mean(axis=0)
    check_true(np.all(np.abs(mean / 2 - 1) < 0.07), "Training on average must be x itself.")


# %%
# HIDDEN
def test_rng_decides_and_one_keeps_everything(inverted_dropout):
    import numpy as np
    from course_utils.checks import check_call, check_true, checked_call

    x = np.ones((13, 7))
    first, again, other = (
        checked_call(inverted_dropout, x, 0.5, np.random.default_rng(seed), True) for seed in (3, 3, 4)
    )
    check_true(
        np.array_equal(first, again),
        "Two generators of one seed gave different masks: draw from rng, not from np.random.",
    )
    check_true(
        not np.array_equal(first, other),
        "Two different generators gave the same mask: draw from rng, don't make a generator of your own.",
    )
    for mode in (True, False):
        check_call(inverted_dropout, 3 * x, 1.0, np.random.default_rng(1), mode, expected=3 * x)


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# Does it help? Take a case where there is much to overfit: 500 training pictures of clothes (14 × 14 pixels) and a net with 43,000 weights. Train it with different keep probabilities, each from two starts, and judge it on 1,000 other pictures.

# %%
own_inverted = own_or_finished(
    inverted_dropout,
    lambda x, keep, rng, training: layers.inverted_dropout(x, keep, training, seed=int(rng.integers(2**32))),
)


def mask_with(keep, seed):
    """A mask for train: inverted dropout of ones, with a generator of its own."""
    rng = np.random.default_rng(seed)
    return lambda h: own_inverted(np.ones(h.shape), keep, rng, True)


def halve(images):
    """Pictures of half the width and height: means of 2 × 2 pixels."""
    n, _, h, w = images.shape
    return images.reshape(n, h // 2, 2, w // 2, 2).mean(axis=(2, 4))


fashion = data.load_fashion()
clothes, clothes_test = standardise(halve(fashion.x_train), halve(fashion.x_test))
kind, kind_test = fashion.y_train, fashion.y_test
keeps, dropped_nets, results = (1.0, 0.8, 0.6, 0.4, 0.25), {}, []
for keep in keeps:
    row = []
    for seed in (0, 1):
        chosen = np.random.default_rng(seed).permutation(len(clothes))[:500]
        net = make_net((196, 128, 128, 10), None, seed=seed)
        train(
            net,
            clothes[chosen],
            cross_entropy_with(kind[chosen]),
            50,
            0.05,
            batch_size=50,
            mask=mask_with(keep, seed),
            seed=seed,
        )
        dropped_nets[keep] = net
        for inputs, labels in ((clothes[chosen], kind[chosen]), (clothes_test, kind_test)):
            scores = forward(net, inputs)[0]
            row += [classification.cross_entropy(scores, labels), np.mean(scores.argmax(axis=1) == labels)]
    results.append(np.reshape(row, (2, 2, 2)))
losses, shares = np.moveaxis(results, -1, 0)  # each (keeps, starts, training or test)
fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4))
for ax, values in ((left, losses), (right, 100 * shares)):
    for part, color, line, marker, name in (
        (0, BLUE, "-", "o", "training"),
        (1, ORANGE, "--", "s", "test"),
    ):
        ax.plot(keeps, values[:, :, part].mean(axis=1), color=color, ls=line, label=name)
        ax.plot(np.repeat(keeps, 2), values[:, :, part].ravel(), marker, color=color, ls="", alpha=0.6)
    ax.set(xlabel="keep probability p (1: no dropout)")
    ax.legend()
left.set(ylabel="cross-entropy", title="Dropout narrows the gap between training and test")
right.set(ylabel="right answers (%)", title="… and gives up training accuracy for it")
plt.show()
best = keeps[int(np.argmin(losses[:, :, 1].mean(axis=1)))]
print(
    f"test cross-entropy: {losses[0, :, 1].mean():.3f} without dropout, {losses[keeps.index(best), :, 1].mean():.3f} with p = {best}"
)
print(
    f"test accuracy:      {shares[0, :, 1].mean():.1%} without dropout, {shares[keeps.index(best), :, 1].mean():.1%} with p = {best}"
)

# %% [markdown]
# The cross-entropy gains clearly, the accuracy little: a net without dropout is mostly *too sure*. Drop too much, and what is left is too small a net.
#
# **Another way to see it.** With $u$ units there are $2^u$ masks, each a smaller net, and all share their weights. Training picks one of them for each sample; the scaled net at test time stands in for the average of all. How good a stand-in is it? Average the predictions of more and more masks of one net, and compare.

# %%
net, counts = dropped_nets[0.6], np.arange(1, 61)
masks = mask_with(0.6, seed=5)
sums = np.cumsum([classification.softmax(forward(net, clothes_test, mask=masks)[0]) for _ in counts], axis=0)
rows = np.arange(len(kind_test))
averaged = [
    -np.mean(np.log(total[rows, kind_test] / count)) for total, count in zip(sums, counts, strict=True)
]
scaled = classification.cross_entropy(forward(net, clothes_test)[0], kind_test)
fig, ax = plt.subplots()
ax.plot(counts, averaged, color=BLUE, ls="-", label="predictions of that many masks, averaged")
ax.axhline(scaled, color=ORANGE, ls="--", label="no mask: one pass")
ax.set(
    xlabel="masks",
    ylabel="test cross-entropy",
    title="A net with dropout is many nets; one pass nearly gives their average",
)
ax.legend()
plt.show()

# %% [markdown]
# ## 6.5 Ensembles: averaging predictions
#
# If masks of one net profit from being averaged, nets that were trained independently should profit more: they make *different* mistakes. Average their probabilities:
#
# $$\bar P = \frac1M \sum_{m=1}^M P_m.$$
#
# For the cross-entropy that can't go wrong. $-\log$ is convex, so by Jensen's inequality $-\log \bar P_i \le \frac1M \sum_m -\log P_{m,i}$: the ensemble's loss is **never above the mean loss of its members**. It may be above that of the *best* member. For accuracy there is no such guarantee, but it helps nearly always.

# %% [raw]
# # BEGIN QUESTION
# name: average_predictions
# points: 3

# %% [markdown]
# ### Exercise 6.7 · average_predictions · ★☆☆ · 3 minutes
#
# Return the mean of the models' probabilities, $\frac1M \sum_m P_m$.
#
# **Shapes:** `probabilities` an array $(M, n, k)$, or a list of $M$ arrays $(n, k)$ → $(n, k)$; each row still sums to 1.
#
# **Worked:** two models, one sample: $(0.9, 0.1)$ and $(0.4, 0.6)$ → $(0.65, 0.35)$.
#
# <details><summary>Hint 1</summary>Over which axis do the models stand?</details>
# <details><summary>Hint 2</summary><code>np.mean</code> takes a list of arrays too.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Only 0 and 1 come out:</b> you averaged, or counted, labels. A model that is 51 % sure then counts as much as one that is 99 % sure.</li>
# <li><b>Rows don't sum to 1:</b> you summed, or averaged over classes.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def average_predictions(probabilities):
    """Return the mean over models of probabilities (models, n, k): shape (n, k)."""
    # BEGIN SOLUTION
    return np.mean(probabilities, axis=0)
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_the_mean_over_models(average_predictions):
    import numpy as np
    from course_utils.checks import check_call

    P = np.array(
        [
            [[0.9, 0.1, 0.0], [0.2, 0.5, 0.3]],
            [[0.4, 0.35, 0.25], [0.1, 0.3, 0.6]],
            [[0.45, 0.5, 0.05], [0.7, 0.1, 0.2]],
            [[0.3, 0.6, 0.1], [0.25, 0.4, 0.35]],
            [[0.2, 0.7, 0.1], [0.05, 0.9, 0.05]],
        ]
    )
    votes = np.eye(3)[P.argmax(axis=2)].mean(axis=0)
    with np.errstate(divide="ignore"):
        geometric = np.exp(np.log(P).mean(axis=0))
    check_call(
        average_predictions,
        P,
        expected=P.mean(axis=0),
        sizes={"M": 5, "n": 2, "k": 3},
        mistakes={
            "You counted votes: average the probabilities, so that a sure model counts for more.": votes,
            "You averaged logarithms: average the probabilities themselves.": geometric,
            "You averaged logarithms: average the probabilities themselves, not scores.": geometric
            / geometric.sum(axis=1, keepdims=True),
            "You returned labels: return probabilities.": P.mean(axis=0).argmax(axis=1),
            "You averaged over classes: average over models, axis 0.": P.mean(axis=2),
            "You averaged over samples: average over models, axis 0.": P.mean(axis=1),
            "You took the surest model: average over all of them.": P.max(axis=0),
            "Your rows sum to the number of models: divide by it.": P.sum(axis=0),
            "You took the median: average.": np.median(P, axis=0),
        },
    )


# %%
# HIDDEN
def test_random_models_and_lists(average_predictions):
    import numpy as np
    from course_utils import ensembles
    from course_utils.checks import check_call

    rng = np.random.default_rng(607)
    for models, n, k in ((3, 7, 5), (11, 2, 3), (2, 13, 7)):
        P = rng.dirichlet(np.ones(k), size=(models, n))
        right = ensembles.average_predictions(P)
        check_call(average_predictions, P, expected=right, sizes={"M": models, "n": n, "k": k})
        check_call(average_predictions, list(P), expected=right, sizes={"M": models, "n": n, "k": k})


# %%
# HIDDEN
def test_one_model_stays_as_it_is(average_predictions):
    import numpy as np
    from course_utils.checks import check_call

    P = np.array([[[0.9, 0.1], [0.3, 0.7], [0.55, 0.45]]])
    check_call(average_predictions, P, expected=P[0])


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# Train four nets on the clothes, from four different starts. On the way, keep a copy of the first net's weights after each epoch: you will need these **snapshots** in a moment.

# %%
best_device = device.best_device()
pictures, pictures_test = (
    torch.tensor(part.reshape(len(part), -1), device=best_device)
    for part in (fashion.x_train, fashion.x_test)
)
labels = torch.tensor(kind, device=best_device)


def make_model(seed):
    torch.manual_seed(seed)
    return torch.nn.Sequential(
        torch.nn.Linear(784, 100),
        torch.nn.ReLU(),
        torch.nn.Linear(100, 100),
        torch.nn.ReLU(),
        torch.nn.Linear(100, 10),
    ).to(best_device)


def parameters_of(model):
    """A dict of the model's parameters as NumPy arrays."""
    return {name: value.detach().cpu().double().numpy() for name, value in model.state_dict().items()}


def predict(parameters):
    """Probabilities (n, k) of the test pictures, for a dict of parameters."""
    model = make_model(0)
    model.load_state_dict({name: torch.tensor(value) for name, value in parameters.items()})
    with torch.no_grad():
        return model(pictures_test).double().softmax(dim=1).cpu().numpy()


def judge(probabilities):
    """Accuracy, and mean cross-entropy, on the test pictures."""
    right = probabilities[np.arange(len(kind_test)), kind_test]
    return np.mean(probabilities.argmax(axis=1) == kind_test), -np.mean(np.log(right + 1e-12))


runs = []  # for each start, the parameters after each epoch
for seed in range(4):
    snapshots = []

    def keep_snapshot(model, snapshots=snapshots):
        snapshots.append(parameters_of(model))
        return len(snapshots)

    training.fit(
        make_model(seed),
        training.cross_entropy,
        (pictures, labels),
        score=keep_snapshot,
        epochs=10,
        batch_size=128,
        learning_rate=5e-3,
        seed=seed,
        device=best_device,
        progress=False,
    )
    runs.append(snapshots)
members = [predict(snapshots[-1]) for snapshots in runs]
for number, member in enumerate(members, 1):
    print("net {}: {:.1%} right, cross-entropy {:.3f}".format(number, *judge(member)))

# %%
if solved(average_predictions):
    ensemble = judge(average_predictions(members))
    print("mean of the four:       {:.1%} right, cross-entropy {:.3f}".format(*np.mean([judge(m) for m in members], axis=0)))  # fmt: skip
    print("averaged predictions:   {:.1%} right, cross-entropy {:.3f}".format(*ensemble))

# %% [markdown]
# ## 6.6 Averaging parameters
#
# An ensemble of four needs four times the computing whenever it is asked. Why not average the four sets of *weights* into one net?
#
# Think of two nets as two points in the space of all weights. Their average lies halfway between. Whether it is any good depends on what lies between them.

# %% [raw]
# # BEGIN QUESTION
# name: average_parameters
# points: 3

# %% [markdown]
# ### Exercise 6.8 · average_parameters · ★★☆ · 8 minutes
#
# Return one dict with the mean of the models' parameters: for each name, the mean over models of the array of that name.
#
# **Shapes:** `models` a list of dicts with the same names; the arrays of one name have one shape → a dict with the same names and shapes.
#
# **Worked:** `[{"w": [1, 2], "b": [0]}, {"w": [3, 6], "b": [1]}]` → `{"w": [2, 4], "b": [0.5]}`.
#
# <details><summary>Hint 1</summary>A dict comprehension over <code>models[0]</code> goes through the names.</details>
# <details><summary>Hint 2</summary>For one name, <code>[model[name] for model in models]</code> is the list to average, with <code>axis=0</code>.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>One number for each name:</b> <code>np.mean</code> without <code>axis=0</code> averages the entries of an array as well.</li>
# <li><b>"changes its input":</b> <code>average = models[0]</code> doesn't copy; adding to it adds to the first model.</li>
# <li><b>The last model counts for half:</b> halving after each addition weights later models more. Add all, then divide once.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def average_parameters(models):
    """Return a dict with the mean over models, a list of dicts of arrays with the same names."""
    # BEGIN SOLUTION
    return {name: np.mean([model[name] for model in models], axis=0) for name in models[0]}
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_name_by_name(average_parameters):
    import numpy as np
    from course_utils.checks import check_call

    models = [
        {"W": np.array([[1.0, 2.0, -1.0], [0.5, 3.0, 4.0]]), "b": np.array([0.0, 7.0])},
        {"W": np.array([[2.0, -2.0, 5.0], [1.5, 0.2, 1.0]]), "b": np.array([1.0, 2.0])},
        {"W": np.array([[6.0, 1.0, 0.3], [-3.0, 0.4, 2.0]]), "b": np.array([5.0, -3.0])},
    ]
    Ws, bs = [m["W"] for m in models], [m["b"] for m in models]
    check_call(
        average_parameters,
        models,
        expected={"W": sum(Ws) / 3, "b": sum(bs) / 3},
        sizes={"M": 3},
        mistakes={
            "You summed: divide by the number of models.": {"W": sum(Ws), "b": sum(bs)},
            "Halving after each addition lets the last model count for half: add all, then divide once.": {
                "W": ((Ws[0] + Ws[1]) / 2 + Ws[2]) / 2,
                "b": ((bs[0] + bs[1]) / 2 + bs[2]) / 2,
            },
            "You averaged the entries of an array as well: average over models only, axis 0.": {
                "W": np.mean(Ws),
                "b": np.mean(bs),
            },
            "You averaged within each model's array: average over models, axis 0.": {
                "W": np.mean(Ws, axis=1),
                "b": np.mean(bs, axis=1),
            },
            "You returned the first model: average over all of them.": models[0],
            "You returned the last model: average over all of them.": models[-1],
            "Only the first two models count in your answer.": {
                "W": (Ws[0] + Ws[1]) / 2,
                "b": (bs[0] + bs[1]) / 2,
            },
            "The first model counts twice in your answer: start from 0, or from the second.": {
                "W": (sum(Ws) + Ws[0]) / 3,
                "b": (sum(bs) + bs[0]) / 3,
            },
        },
    )


# %%
# HIDDEN
def test_random_models(average_parameters):
    import numpy as np
    from course_utils import ensembles
    from course_utils.checks import check_call

    rng = np.random.default_rng(608)
    for count in (2, 5, 7):
        models = [
            {
                "0.weight": rng.normal(size=(5, 3)),
                "scale": rng.normal(size=(1,)),
                "2.weight": rng.normal(size=(2, 3, 7, 5)),
            }
            for _ in range(count)
        ]
        models[1] = dict(reversed(models[1].items()))
        check_call(
            average_parameters, models, expected=ensembles.average_parameters(models), sizes={"M": count}
        )


# %%
# HIDDEN
def test_one_model_and_whole_numbers(average_parameters):
    import numpy as np
    from course_utils.checks import check_call

    one = {"w": np.array([1.5, -2.0]), "b": np.array([0.25])}
    check_call(average_parameters, [one], expected=one)
    whole = [{"w": np.array([1, 2])}, {"w": np.array([2, 5])}]
    check_call(average_parameters, whole, expected={"w": np.array([1.5, 3.5])})


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# Measure all three: predictions of the four independent nets, parameters of the four independent nets, and parameters of the last five snapshots of **one** run, for each of the four runs. Then walk in a straight line from one net to another, and look at the loss on the way.

# %%
own_parameters = own_or_finished(average_parameters, ensembles.average_parameters)
own_predictions = own_or_finished(average_predictions, ensembles.average_predictions)
last = [snapshots[-5:] for snapshots in runs]
single = np.mean([judge(predict(p)) for snapshots in last for p in snapshots], axis=0)
table = {
    "a single net (mean of 20)": single,
    "4 nets, predictions averaged": judge(own_predictions(members)),
    "4 nets, parameters averaged": judge(predict(own_parameters([s[-1] for s in runs]))),
    "5 snapshots, parameters averaged (mean of 4 runs)": np.mean(
        [judge(predict(own_parameters(snapshots))) for snapshots in last], axis=0
    ),
    "5 snapshots, predictions averaged (mean of 4 runs)": np.mean(
        [judge(own_predictions([predict(p) for p in snapshots])) for snapshots in last], axis=0
    ),
}
for name, (share, loss) in table.items():
    print(f"{name:52s} {share:6.1%} right, cross-entropy {loss:.3f}")

steps = np.linspace(-0.25, 1.25, 31)


def along(a, b):
    """Test cross-entropy on the straight line from parameters a (t = 0) to b (t = 1)."""
    return [judge(predict({name: (1 - t) * a[name] + t * b[name] for name in a}))[1] for t in steps]


between_nets, between_snapshots = along(runs[0][-1], runs[1][-1]), along(runs[0][-4], runs[0][-1])
fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4))
left.plot(steps, between_nets, color=BLUE, ls="-", marker="o", markevery=[5, 25], label="net 1 to net 2")
for ax in (left, right):
    ax.plot(
        steps,
        between_snapshots,
        color=ORANGE,
        ls="--",
        marker="s",
        markevery=[5, 25],
        label="one run, three epochs apart",
    )
    ax.set(xlabel="position on the line, ends at 0 and 1", ylabel="test cross-entropy")
left.set(title="Between two nets lies a mountain", ylim=(0, None))
left.legend()
right.set(title="Between snapshots lies a valley (note the scale)")
plt.show()


def distance(a, b):
    """How far apart two dicts of parameters lie."""
    return np.sqrt(sum(np.sum((a[name] - b[name]) ** 2) for name in a))


print(f"distance between nets 1 and 2: {distance(runs[0][-1], runs[1][-1]):.1f}")
print(f"distance between the snapshots: {distance(runs[0][-4], runs[0][-1]):.1f}")
print(f"how far net 1 moved from its first snapshot: {distance(runs[0][0], runs[0][-1]):.1f}")

# %% [markdown]
# - **Predictions of independent nets:** better than a single net, in accuracy and in cross-entropy.
# - **Parameters of independent nets:** worthless. Number the hidden units of a net differently and it computes the same, with its parameters elsewhere in space. Two runs number their units differently, so the average mixes a unit that looks for sleeves with one that looks for heels.
# - **Parameters of snapshots of one run:** about as good as averaging the snapshots' predictions, at the price of one net. They lie close together, around the middle of one valley, and their average lies nearer to that middle than each of them.
#
# One caution: with batch norm, the averaged net needs its running averages measured anew, by a pass over training data.
#
# ## 6.7 Two tasks, one net
#
# Labels are expensive, and seldom of the kind you want. Say that **200** pictures carry the label you need: which of the ten kinds of clothing is it? **2,000 others** carry a cheaper one: worn where? On the upper body, the legs, the feet, and so on.
#
# Both tasks look at the same pictures and need the same edges and shapes. So let them **share** all layers but the last. The cheap task then trains layers that the other one uses, and the other way round. The loss is a weighted sum over tasks:
#
# $$L = \sum_{t} \omega_t\, \frac{1}{n_t} \sum_{i\,:\,y_{ti} \ne -1} -\log P_t(y_{ti} \mid x_i).$$
#
# A label $-1$ says: not known. Task $t$ averages over its $n_t$ samples *with* a label.

# %% [raw]
# # BEGIN QUESTION
# name: multitask_loss
# points: 4

# %% [markdown]
# ### Exercise 6.9 · multitask_loss · ★★★ · 20 minutes
#
# Return `loss, gradients`: the number $L$ above, and a list with its gradient with respect to each task's scores. For task $t$, with $P$ the softmax of its scores,
#
# $$\frac{\partial L}{\partial f_{ij}} = \begin{cases} \dfrac{\omega_t}{n_t} \left(P_{ij} - [j = y_{ti}]\right) & \text{if } y_{ti} \ne -1, \\ 0 & \text{otherwise.} \end{cases}$$
#
# A task without any label in the batch adds 0 to the loss; its gradient is all 0. You may call `classification.softmax(scores)` and `classification.cross_entropy(scores, y)`, the mean cross-entropy of scores $(n, k)$.
#
# **Shapes:** `scores` a list of arrays $(n, k_t)$, `labels` a list of integer arrays $(n,)$, `weights` a list of numbers, all with one entry a task → a number, and a list of arrays $(n, k_t)$.
#
# **Worked:** two samples, two tasks with two classes, all scores 0, so that all $P = \frac12$. Labels $(0, 1)$ and $(1, -1)$, weights $1$ and $3$. Loss: $\log 2 + 3 \log 2 = 2.7726$. Gradients: $\frac12 (-\frac12, \frac12)$ and $\frac12 (\frac12, -\frac12)$ for the first task; $3\,(\frac12, -\frac12)$ and $(0, 0)$ for the second.
#
# <details><summary>Hint 1</summary>Loop over tasks with <code>zip(scores, labels, weights)</code>. <code>known = y >= 0</code> marks the rows that count.</details>
# <details><summary>Hint 2</summary>Start from <code>np.zeros(f.shape)</code> and fill only the rows of <code>known</code>: <code>gradient[known] = ...</code>. <code>f[known]</code> and <code>y[known]</code> are a batch without gaps.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>The last class gets a gradient it shouldn't:</b> label −1 used as an index means the last column.</li>
# <li><b>Too small where labels are missing:</b> divide by the number of labels that are known, not by the size of the batch.</li>
# <li><b>NaN or an error:</b> a task without labels has nothing to average. Skip it.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def multitask_loss(scores, labels, weights):
    """Return the weighted sum of the tasks' mean cross-entropies, and its gradients, one (n, k) for each task.

    scores are arrays (n, k), labels integer arrays (n,) with -1 where unknown, weights numbers, one of each for a task.
    """
    # BEGIN SOLUTION
    loss, gradients = 0.0, []
    for f, y, weight in zip(scores, labels, weights, strict=True):
        gradient, known = np.zeros(f.shape), np.flatnonzero(y >= 0)
        if len(known) > 0:
            loss += weight * classification.cross_entropy(f[known], y[known])
            gradient[known] = classification.softmax(f[known])
            gradient[known, y[known]] -= 1
            gradient *= weight / len(known)
        gradients.append(gradient)
    return loss, gradients
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_two_tasks_with_all_labels(multitask_loss):
    import numpy as np
    from course_utils import classification
    from course_utils.checks import check_call

    scores = [
        np.array([[0.2, 1.0, -1.0], [2.0, 0.5, 3.0], [-1.0, -2.0, 0.3], [0.1, 0.2, 0.7], [1.5, -0.6, 0.4]]),
        np.array([[0.5, 1.1], [-0.3, 0.8], [2.0, 0.1], [0.7, -1.2], [0.4, 0.9]]),
    ]
    labels, weights = [np.array([1, 0, 2, 2, 0]), np.array([1, 0, 0, 1, 0])], [0.7, 2.5]
    parts = [classification.cross_entropy(f, y) for f, y in zip(scores, labels, strict=True)]
    slopes = [
        (classification.softmax(f) - np.eye(f.shape[1])[y]) / 5 for f, y in zip(scores, labels, strict=True)
    ]

    def answer(a, b, c=None, d=None):
        return a * parts[0] + b * parts[1], [(a if c is None else c) * slopes[0], (b if d is None else d) * slopes[1]]  # fmt: skip

    check_call(
        multitask_loss,
        scores,
        labels,
        weights,
        expected=answer(0.7, 2.5),
        sizes={"n": 5},
        mistakes={
            "The weights make no difference in your answer.": answer(1, 1),
            "The gradients must be weighted as the loss is.": answer(0.7, 2.5, 1, 1),
            "The loss must be weighted as the gradients are.": answer(1, 1, 0.7, 2.5),
            "You divided by the sum of the weights: add the weighted losses as they are.": answer(
                0.7 / 3.2, 2.5 / 3.2
            ),
            "You averaged over tasks: add them up.": answer(0.35, 1.25),
            "Average over the samples of a task, don't sum.": answer(3.5, 12.5),
            "Your gradients are sums over samples: divide by the number of labels, as the loss does.": answer(
                0.7, 2.5, 3.5, 12.5
            ),
            "The sign of your gradients is reversed: predicted minus wanted.": answer(0.7, 2.5, -0.7, -2.5),
            "Your loss holds one task only: add up all of them.": (2.5 * parts[1], answer(0.7, 2.5)[1]),
        },
    )


# %%
def test_unknown_labels_do_not_count(multitask_loss):
    import numpy as np
    from course_utils import classification
    from course_utils.checks import check_call

    f = np.array([[0.2, 1.0, -1.0], [2.0, 0.5, 3.0], [-1.0, -2.0, 0.3], [0.1, 0.2, 0.7], [1.5, -0.6, 0.4]])
    y = np.array([1, -1, 2, -1, 0])
    known, p = y >= 0, classification.softmax(f)
    losses = -np.log(p[np.arange(5), y])
    slopes = p - np.eye(3)[y]
    right = 2.0 * losses[known].mean(), [2.0 / 3 * slopes * known[:, None]]
    check_call(
        multitask_loss,
        [f],
        [y],
        [2.0],
        expected=right,
        sizes={"n": 5},
        mistakes={
            "Label −1 as an index means the last class: leave samples without a label out.": (
                2.0 * losses.mean(),
                [2.0 / 5 * slopes],
            ),
            "You divided by the size of the batch: divide by the number of labels that are known.": (
                right[0] * 3 / 5,
                [right[1][0] * 3 / 5],
            ),
            "Your gradient divides by the size of the batch: divide by the number of labels that are known.": (
                right[0],
                [right[1][0] * 3 / 5],
            ),
            "Samples without a label get a gradient from you: theirs is 0.": (right[0], [2.0 / 3 * slopes]),
            "Samples without a label get a gradient from you: theirs must be 0, not their probabilities.": (
                right[0],
                [2.0 / 3 * (p - np.eye(3)[y] * known[:, None])],
            ),
            "Your gradient holds only the rows with a label: keep all rows, with 0 in the others.": (
                right[0],
                [right[1][0][known]],
            ),
        },
    )


# %%
# HIDDEN
def test_against_torch(multitask_loss):
    import numpy as np
    import torch
    from course_utils.checks import check_call

    rng = np.random.default_rng(609)
    for n, ks in ((7, (3, 5)), (13, (2, 7, 4)), (5, (11,))):
        weights = [float(w) for w in rng.uniform(0.2, 3, len(ks))]
        scores = [torch.tensor(rng.normal(0, 2, (n, k)), requires_grad=True) for k in ks]
        labels = [rng.integers(0, k, n) for k in ks]
        for task, y in enumerate(labels):
            y[rng.permutation(n)[: 1 + task]] = -1
        loss = sum(
            w * torch.nn.functional.cross_entropy(f, torch.tensor(y), ignore_index=-1)
            for f, y, w in zip(scores, labels, weights, strict=True)
        )
        loss.backward()
        check_call(
            multitask_loss,
            [f.detach().numpy() for f in scores],
            labels,
            weights,
            expected=(loss.item(), [f.grad.numpy() for f in scores]),
            sizes={"n": n},
        )


# %%
# HIDDEN
def test_a_task_without_labels_and_one_label(multitask_loss):
    import numpy as np
    from course_utils.checks import check_call

    f = np.array([[0.0, np.log(3.0)], [1000.0, -1000.0], [5.0, 2.0]])
    none, one = np.array([-1, -1, -1]), np.array([0, -1, -1])
    check_call(
        multitask_loss,
        [f, f],
        [none, one],
        [1.5, 2.0],
        expected=(2 * np.log(4.0), [np.zeros((3, 2)), np.array([[-1.5, 1.5], [0.0, 0.0], [0.0, 0.0]])]),
    )
    check_call(multitask_loss, [f], [none], [3.0], expected=(0.0, [np.zeros((3, 2))]))
    check_call(
        multitask_loss,
        [f],
        [np.array([-1, 1, -1])],
        [0.5],
        expected=(1000.0, [np.array([[0.0, 0.0], [0.5, -0.5], [0.0, 0.0]])]),
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# Now measure. Three nets with the same shape, from the same start and with the same number of steps: one sees only the 200 labels of kinds, one only the 2,000 labels of places, one sees both. Four times over, each time with other pictures.


# %%
def finished_multitask(scores, labels, weights):
    tasks = [torch.tensor(f, requires_grad=True) for f in scores]
    loss = sum(
        w * torch.nn.functional.cross_entropy(f, torch.tensor(y), ignore_index=-1, reduction="sum") / max(1, (y >= 0).sum())
        for f, y, w in zip(tasks, labels, weights, strict=True)
    )  # fmt: skip
    loss.backward()
    return loss.item(), [f.grad.numpy() for f in tasks]


own_multitask = own_or_finished(multitask_loss, finished_multitask)
# upper body, legs, all of it (dress), over everything (coat), feet, in the hand (bag)
place_of = np.array([0, 1, 0, 2, 3, 4, 0, 4, 5, 4])


def train_on(tasks, chosen, kinds, places, seed, steps=1000):
    """Train a net with 10 + 6 scores on both tasks, weighted by tasks; return the accuracies on the test pictures."""

    def loss(scores, rows):
        value, gradients = own_multitask(np.split(scores, [10], axis=1), [kinds[rows], places[rows]], tasks)
        return value, np.concatenate(gradients, axis=1)

    useful = np.flatnonzero((kinds >= 0) * tasks[0] + (places >= 0) * tasks[1])
    chosen, kinds, places = chosen[useful], kinds[useful], places[useful]
    net = make_net((196, 64, 64, 16), None, seed=seed)
    epochs = round(steps * 50 / len(chosen))
    train(net, clothes[chosen], loss, epochs, 0.05, batch_size=50, seed=seed)
    scores = forward(net, clothes_test)[0]
    return (
        np.mean(scores[:, :10].argmax(axis=1) == kind_test),
        np.mean(scores[:, 10:].argmax(axis=1) == place_of[kind_test]),
    )


few, many = 200, 2000  # labels of kinds, labels of places


def draw_labels(seed):
    """The pictures of a repeat, with a label for one task each, -1 for the other."""
    chosen = np.random.default_rng(seed).permutation(len(clothes))[: few + many]
    kinds, places = kind[chosen].copy(), place_of[kind[chosen]]
    kinds[few:], places[:few] = -1, -1
    return chosen, kinds, places


alone = np.array(
    [
        [train_on((1.0, 0.0), *draw_labels(seed), seed)[0], train_on((0.0, 1.0), *draw_labels(seed), seed)[1]]
        for seed in range(4)
    ]
)

# %%
both = np.array([train_on((1.0, 1.0), *draw_labels(seed), seed) for seed in range(4)])
fig, axes = plt.subplots(1, 2, figsize=(10, 3.8))
for task, (ax, name) in enumerate(zip(axes, (f"kind, {few} labels", f"place, {many:,} labels"), strict=True)):
    for seed in range(4):
        ax.plot([0, 1], 100 * np.array([alone[seed, task], both[seed, task]]), "-", color="0.7", lw=1.2)
    for position, values, color, marker in ((0, alone, BLUE, "o"), (1, both, ORANGE, "s")):
        ax.plot(np.full(4, position), 100 * values[:, task], marker, color=color)
    ax.set(xlim=(-0.4, 1.4), ylabel="right answers (%)", title=name)
    ax.set_xticks([0, 1], ["alone", "both tasks"])
fig.suptitle("The task with few labels gains from the other (four repeats, 1,000 test pictures)")
plt.show()
for task, name in enumerate(("kind", "place")):
    gain = both[:, task] - alone[:, task]
    print(
        f"{name:6s} alone {alone[:, task].mean():.1%}, with both {both[:, task].mean():.1%}; better in {np.sum(gain > 0)} of 4 repeats"
    )

# %% [markdown]
# Each line is one repeat. The poor task gains in all of them, or nearly. The rich one ends about where it was: 200 more pictures have little to add to 2,000. Sharing **can** help both, most easily where neither task has many labels: set `few, many = 300, 300` and run both cells again. It helps most where labels are few and the tasks related. Two tasks that want different features can also get in each other's way, and then one gives each more layers of its own.
#
# ## 6.8 The net that doesn't learn
#
# Back to the net of the opening. Ten layers, no batch norm, the digits. Here are its settings, and its loss. All four numbers look harmless. **One of them is to blame.**

# %%
patient = {"width": 100, "std": 0.05, "learning_rate": 0.05, "keep": 0.95, "weight_decay": 1e-4}


def net_of(settings, batch_norm=False):
    return make_net((64, *[settings["width"]] * 9, 10), settings["std"], batch_norm)


def treat(settings, epochs=15, batch_norm=False):
    """Train a net with these settings; return it and its training loss after each epoch."""
    net = net_of(settings, batch_norm)
    mask = mask_with(settings["keep"], 0)
    with np.errstate(all="ignore"):
        history = train(
            net,
            X,
            cross_entropy_with(y),
            epochs,
            settings["learning_rate"],
            weight_decay=settings["weight_decay"],
            mask=mask,
        )
    return net, history


_, history = treat(patient)
print("loss after each epoch:", " ".join(f"{value:.3f}" for value in history))

# %% [markdown]
# Don't guess, measure. Each suspect leaves its own trace:
#
# | suspect | if it is to blame | where to look |
# |---|---|---|
# | `std` | the signal grows or shrinks from layer to layer, before any training | size of the activations, layer by layer |
# | `learning_rate` | healthy gradients, but steps far too small or too large | update divided by weight, layer by layer; about $10^{-3}$ is usual |
# | `keep` | masks change the activations by more than their own size | change of the activations by dropout, relative to their size |
# | `weight_decay` | the weights melt away faster than the gradient feeds them | length of the weights, epoch by epoch |


# %%
def examine(settings):
    """Four measurements: activations, updates, dropout's disturbance, and the length of the weights."""
    net, mask = net_of(settings), mask_with(settings["keep"], 1)
    sizes, disturbance = [], []
    h = masked = X[:256]
    for W in net["W"][:-1]:
        h, masked = activations.relu(h @ W.T), activations.relu(masked @ W.T)
        masked = masked * mask(masked)
        sizes.append(np.sqrt(np.mean(h**2)))
        disturbance.append(np.linalg.norm(masked - h) / np.linalg.norm(h))
    scores, tape = forward(net, X[:256], True)
    gradients = backward(net, tape, cross_entropy_with(y)(scores, np.arange(256))[1])
    updates = [
        settings["learning_rate"] * np.linalg.norm(dW) / np.linalg.norm(W)
        for W, dW in zip(net["W"], gradients["W"], strict=True)
    ]
    steps = len(X) // 64
    lengths = (1 - settings["learning_rate"] * settings["weight_decay"]) ** (steps * np.arange(16))
    return sizes, updates, disturbance, lengths


def show_examination(cases):
    """The measurements of up to three settings by name, side by side."""
    fig, axes = plt.subplots(1, 4, figsize=(15, 3.8))
    names = (
        ("layer", "size of the activations", "std?"),
        ("layer", "update / weight, step 1", "learning_rate? (grey: usual)"),
        ("layer", "relative change by dropout", "keep?"),
        ("epoch", "weights left by decay", "weight_decay?"),
    )
    for (name, settings), color, line, marker in zip(
        cases.items(), (BLUE, ORANGE, GREEN), ("-", "--", ":"), "os^", strict=False
    ):
        for ax, values in zip(axes, examine(settings), strict=True):
            start = 0 if ax is axes[3] else 1
            ax.plot(
                np.arange(start, start + len(values)), values, color=color, ls=line, marker=marker, label=name
            )
    for ax, (x, label, title) in zip(axes, names, strict=True):
        ax.set(xlabel=x, ylabel=label, title=title)
    for ax in axes[:2]:
        ax.set(yscale="log")
    axes[1].axhspan(3e-4, 3e-3, color="0.9")
    axes[2].axhline(1, color="black", ls=":", lw=1)
    axes[2].set(ylim=(0, None))
    axes[3].set(ylim=(0, 1.05))
    axes[3].legend(loc="lower left")
    fig.suptitle("Four suspects, four measurements")
    plt.show()


show_examination({"patient": patient})

# %% [markdown]
# Two of the pictures look alarming. Only one can be the cause; the other is its consequence. To tell them apart, ask which of the two quantities can depend on which. Then try: change **one** setting, examine again, and train.
#
# **Try:** (1) `keep` at 1, as below. Which picture changes? Does the loss? (2) A learning rate of 5, a hundred times larger. Does the second picture look healthy now? Does the net learn? (3) 50?

# %%
trial = {**patient, "keep": 1.0}  # change one setting here, and run this cell again
show_examination({"patient": patient, "trial": trial})
print("loss after each epoch:", " ".join(f"{value:.3f}" for value in treat(trial, epochs=5)[1]))

# %% [raw]
# # BEGIN QUESTION
# name: repair
# points: 4

# %% [markdown]
# ### Exercise 6.10 · repair · ★★☆ · 20 minutes
#
# Return a copy of `settings` in which **exactly one** of the four entries has another value, one with which the ten ReLU layers train. The width stays. Your function is also asked about nets of other widths with the same disease, so compute the new value if it should depend on the width.
#
# **Shapes:** `settings` a dict of numbers with the entries `"width"`, `"std"`, `"learning_rate"`, `"keep"`, `"weight_decay"` → a new dict with the same entries.
#
# **Worked:** `{**settings, "keep": 1.0}` is a copy with another `"keep"`. (It is not the cure.)
#
# <details><summary>Hint 1</summary>Which picture shows a fault before the first step, in a net that hasn't seen a gradient, a mask or a decay?</details>
# <details><summary>Hint 2</summary>By which factor does the signal shrink in each layer? Which of your exercises was about that, with ReLU?</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>The check calls a setting innocent:</b> look at its picture again. Is it really out of the ordinary, or only starved of gradient?</li>
# <li><b>Right at width 100 only:</b> compute the value from <code>settings["width"]</code>.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def repair(settings):
    """Return a copy of settings with exactly one of std, learning_rate, keep and weight_decay changed."""
    # BEGIN SOLUTION
    return {**settings, "std": np.sqrt(2 / settings["width"])}
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_the_patient(repair):
    from course_utils.checks import check_true, checked_call

    patient = {"width": 100, "std": 0.05, "learning_rate": 0.05, "keep": 0.95, "weight_decay": 1e-4}
    got = checked_call(repair, patient)
    check_true(
        isinstance(got, dict) and set(got) == set(patient),
        "Return a dict with the same entries as settings.",
    )
    innocent = {
        "width": "The width must stay as it is.",
        "learning_rate": "The learning rate is innocent: the steps are small because hardly any gradient arrives. Put it back.",
        "keep": "The keep probability is innocent: it disturbs the signal a little and doesn't stop it. Put it back.",
        "weight_decay": "The weight decay is innocent: it hardly shortens the weights. Put it back.",
    }
    for name, sentence in innocent.items():
        check_true(got[name] == patient[name], sentence)
    check_true(got["std"] != patient["std"], "Nothing is different: change the one setting that is to blame.")
    ratio = got["std"] * 50**0.5
    check_true(
        abs(ratio - 0.5**0.5) > 0.02,
        "That is Xavier's size: ReLU lets half of the variance through, so after ten layers little is left.",
    )
    check_true(
        abs(got["std"] - 0.02) > 1e-3,
        "You used the variance as the standard deviation: take its root.",
    )
    check_true(ratio > 0.8, "The weights are still too small: the signal shrinks in each layer.")
    check_true(ratio < 1.25, "The weights are too large now: the signal grows in each layer.")


# %%
# HIDDEN
def test_other_widths(repair):
    from course_utils.checks import check_true, checked_call

    for width in (31, 211, 499):
        settings = {
            "width": width,
            "std": 0.3 / width**0.5,
            "learning_rate": 0.03,
            "keep": 0.85,
            "weight_decay": 3e-4,
        }
        got = checked_call(repair, settings)
        check_true(
            all(got[name] == settings[name] for name in settings if name != "std"),
            "Exactly one setting may change, the one to blame.",
        )
        check_true(
            not 0.11 < got["std"] < 0.18,
            "Your cure fits one width only: compute it from the width.",
        )
        ratio = got["std"] * (width / 2) ** 0.5
        check_true(ratio > 0.8, "The weights are still too small: the signal shrinks in each layer.")
        check_true(ratio < 1.25, "The weights are too large now: the signal grows in each layer.")


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
if solved(repair):
    cures = {
        "patient": treat(patient),
        "repaired": treat(repair(patient)),
        "patient with batch norm": treat(patient, batch_norm=True),
    }
    fig, ax = plt.subplots()
    for (name, (_, history)), color, line, marker in zip(
        cures.items(), (BLUE, ORANGE, GREEN), ("-", "--", ":"), "os^", strict=True
    ):
        ax.plot(np.arange(1, 16), history, color=color, ls=line, marker=marker, label=name)
    ax.set(
        xlabel="epoch",
        ylabel="training loss, with dropout",
        ylim=(0, None),
        title="One number was wrong; batch norm would have forgiven it",
    )
    ax.legend()
    plt.show()
    for name, (net, _) in cures.items():
        share = np.mean(forward(net, X_test)[0].argmax(axis=1) == y_test)
        print(f"{name:24s} {share:.1%} of the 450 test digits right")

# %% [markdown]
# The same disease, two cures: treat the cause, or build a net that doesn't catch it. With batch norm even this start is no trouble. Digits of 8 × 8 pixels hardly need ten layers. Photographs do, and there the difference is whether the net learns at all.

# %% [raw]
# # BEGIN QUESTION
# name: which_evidence
# points: 4
# manual: true

# %% [markdown]
# ### Question 6.11 · What convicts, and what only looks bad? · ★★☆ · 10 minutes
#
# A colleague looks at your examination of the patient and says: "The updates are a millionth of the weights or less. The learning rate is much too small."
#
# 1. Which measurement contradicts that, and **why** can the learning rate not be the cause of what it shows?
# 2. What happens if your colleague raises the learning rate a hundredfold or a thousandfold? Say what you measured, or what you expect and why.
# 3. Name the measurement that clears `keep`, and the one that clears `weight_decay`, each with what it would have looked like had that setting been to blame.
#
# Four to eight sentences.

# %% [raw]
# # BEGIN SOLUTION

# %% [markdown]
# **Rubric (4 points):** one point for each of 1 and 2, one for each half of 3.
#
# 1. The activations shrink from layer to layer *before the first step*. A forward pass of an untrained net doesn't use the learning rate. Small activations and small weights make small gradients, so small updates are a consequence. (Both halves needed: the measurement and why it is prior.)
# 2. Measured: at 5 (a hundredfold) the loss still stands near log 10, though updates are larger; at 50 it diverges. Or a sound expectation: larger steps don't bring the signal through; the gradient grows by orders of magnitude as soon as the weights do, so no rate is right for long.
# 3. *keep*: two passes with different masks the activations change by a fraction of their size; had keep been too small, the change would exceed the signal itself (√((1 − p)/p) in one layer, and more with depth). *weight_decay*: the length of the weights falls by well under a percent; had decay been to blame, it would fall to a small fraction within a few epochs. Training with keep = 1, or decay = 0, and seeing no change, earns the point for that setting.
#
# An answer that names the guilty setting without evidence earns nothing for part 1.

# %% [raw]
# # END SOLUTION

# %% [raw]
# # END QUESTION

# %% [markdown]
# ## Challenge, beyond the grade: give the units their numbers back
#
# Averaging the parameters of two independent nets fails because their hidden units stand in different orders. So reorder the units of one net to match the other's, *then* average. Reordering doesn't change what a net computes: permute the rows of a layer's weights and biases, and the columns of the next layer's weights, alike.
#
# Take nets with **one** hidden layer. For each pair of units, one from each net, measure how alike they are. Then find the assignment with the largest total; `scipy.optimize.linear_sum_assignment` does that. Which measure would you take: incoming weights, outgoing weights, both, or activations on data?


# %%
def align(a, b):
    """Return net b, a dict from make_net with two layers, with its hidden units reordered to match those of net a."""
    ...


# %%
if solved(align):
    a, b = (make_net((196, 200, 10), None, seed=seed) for seed in (1, 2))
    for seed, net in enumerate((a, b)):
        train(net, clothes, cross_entropy_with(kind), 12, 0.05, seed=seed)

    def share_right(net):
        return np.mean(forward(net, clothes_test)[0].argmax(axis=1) == kind_test)

    def halfway(a, b):
        middle = copy.deepcopy(a)
        for name in ("W", "b"):
            middle[name] = [(u + v) / 2 for u, v in zip(a[name], b[name], strict=True)]
        return middle

    moved = align(a, b)
    print(
        "the reordered net computes the same:",
        np.allclose(forward(b, clothes_test)[0], forward(moved, clothes_test)[0]),
    )
    print(f"nets: {share_right(a):.1%} and {share_right(b):.1%}")
    print(
        f"their average: {share_right(halfway(a, b)):.1%}; after aligning: {share_right(halfway(a, moved)):.1%}"
    )

# %% [markdown]
# ## What you take with you
#
# - A layer multiplies the signal's variance by $n \operatorname{Var}[w]$, ReLU halves it. So **Xavier** $1/n$, **He** $2/n$, with $n$ inputs.
# - **Batch norm** measures and sets mean and spread of each unit, over the batch in training, by running averages afterwards. It forgives a bad start and bears high learning rates.
# - **Dropout** trains many nets that share weights. Scale by $p$ at test time, or divide by $p$ in training, never both.
# - Averaging **predictions** of independent nets helps. Averaging their **parameters** doesn't. For **snapshots** of one run it often does.
# - Tasks that need the same features can **share** weights. Missing labels are left out, not counted as a class.
# - When a net doesn't learn: measure layer by layer, look for what comes first, change one thing.
#
# ## Test yourself
#
# Answer first, then unfold.
#
# <details><summary>1. A ReLU layer has 800 inputs and 50 outputs. What standard deviation does He give, and does the 50 matter?</summary>√(2/800) = 0.05. The 50 doesn't matter for the signal on its way forward.</details>
# <details><summary>2. Your net predicts well in batches of 64, and nonsense for a single picture. What was forgotten?</summary>Batch norm is still in training mode: it normalises with the batch's own statistics, and a single sample is its own mean. Switch to evaluation.</details>
# <details><summary>3. You multiply all weights of a layer before batch norm by 10. What happens to the output, and to the gradient of these weights?</summary>The output stays, apart from ε. The gradient is ten times smaller: s, by which the way back divides, is ten times larger.</details>
# <details><summary>4. keep is 0.25. By what does inverted dropout multiply a unit that is kept, and what is the unit's expected value?</summary>By 4. It is kept a quarter of the time, so its expected value is the unit itself.</details>
# <details><summary>5. Three nets give the true class 0.9, 0.6 and 0.3. What is the ensemble's cross-entropy, and what the mean of theirs?</summary>−log 0.6 = 0.511; the mean is (0.105 + 0.511 + 1.204)/3 = 0.607. Jensen's inequality says that the first is never larger.</details>
#
# **Further reading.** Glorot and Bengio, *Understanding the Difficulty of Training Deep Feedforward Neural Networks* (2010). He, Zhang, Ren and Sun, *Delving Deep into Rectifiers* (2015). Ioffe and Szegedy, *Batch Normalization* (2015). Santurkar, Tsipras, Ilyas and Madry, *How Does Batch Normalization Help Optimization?* (2018). Srivastava and others, *Dropout* (2014). Izmailov and others, *Averaging Weights Leads to Wider Optima and Better Generalization* (2018). Ainsworth, Hayase and Srinivasa, *Git Re-Basin: Merging Models modulo Permutation Symmetries* (2023). Caruana, *Multitask Learning* (1997).
#
# ## Hand in
#
# Save the notebook (Ctrl+S), then run this cell. It writes the file that you hand in and shows what isn't done yet.

# %%
grader.hand_in()
