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
# name: 07_cnns
# init_cell: false
# export_cell: false
# run_tests: false
# generate: true
# tests:
#   files: false
#   ok_format: false

# %% [markdown]
# # 07 · Convolutional networks
#
# A letter comes in. A machine must read the five digits of its zip code and send it to the right city. In 1989 a small convolutional network learned this from real mail; its successor of 1998 read millions of bank cheques. Phones, cars and microscopes still see with the same idea: look at small patches, with the same small filters everywhere.
#
# You build that network here from its parts, follow it through the fourteen years that it took to win and the three in which it grew deep, and borrow a trained one for a task with almost no pictures.
#
# **You will be able to**
#
# - compute a convolution and a correlation, and say which of the two "convolutional" layers do;
# - tell the size and the number of parameters of any convolutional layer before you run it;
# - write the layer forwards and backwards, with loops and as one matrix product, and do the same for pooling;
# - explain what LeNet, AlexNet, VGG, GoogLeNet and ResNet each added, with numbers that you count yourself;
# - reuse a trained network when you have few pictures, and judge whether that was worth it.
#
# **Time:** about 3½ hours · **Needs:** notebooks 04 and 06 (gradients through layers, batch norm), `torch.nn.Sequential` · **Points:** 54, of which 50 by checks and 4 for a written answer
#
# **How it works.** Write your answer where you see `...`, run the cell, then run the check under it. A check tells you what kind of mistake it sees. Exercises don't depend on each other: where a later cell needs one that you haven't solved, it says so and waits. Hints are folded away: open them when you are stuck, one at a time.

# %%
import time

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn

from course_utils import architectures, convolution, data, plotting, training
from course_utils.checks import Grader, own_or_finished, solved
from course_utils.widgets import ConvolutionExplorer, OutputSizeExplorer

plotting.use_course_style()
BLUE, ORANGE, GREEN, RED = (plotting.PALETTE[name] for name in ("blue", "orange", "green", "red"))
grader = Grader("07_cnns.ipynb")

# %%
zips, zip_digits = data.make_zip_codes(4, part="test", seed=3)
fig, axes = plt.subplots(2, 2, figsize=(9, 2.8))
for ax, picture in zip(axes.flat, zips[:, 0], strict=True):
    ax.imshow(picture, cmap="gray_r")
    ax.set_axis_off()
fig.suptitle("By the end a network made of your own functions reads these")
plt.show()

# %% [markdown]
# ## 7.1 A filter slides over a picture
#
# A fully connected layer looks at all pixels at once. Two things are wrong with that. A digit that moves by one pixel is an entirely new input. And the number of weights explodes, as you will count below.
#
# So let a small **filter** $h$ (also called kernel) look at one small patch at a time, and slide it over the picture $f$. Where the patch looks like the filter, the sum of products is large:
#
# $$\text{correlation:}\quad (h \star f)(x, y) = \sum_{i}\sum_{j} h(i, j)\, f(x + i,\ y + j).$$
#
# The **convolution** of mathematics has minus signs, which turns the filter by 180° before it slides:
#
# $$\text{convolution:}\quad (h * f)(x, y) = \sum_{i}\sum_{j} h(i, j)\, f(x - i,\ y - j).$$
#
# **What deep learning calls convolution is correlation.** The filter is learned, so turning it changes nothing but how it is written down. It matters when you compare with SciPy, or with a signal-processing book.

# %%
cat = data.load_photograph("chelsea").mean(axis=2) / 255
filters = {
    "bright right, dark left": np.array([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]),
    "bright below, dark above": np.array([[-1.0, -2.0, -1.0], [0.0, 0.0, 0.0], [1.0, 2.0, 1.0]]),
    "the mean of 9 × 9": np.full((9, 9), 1 / 81),
}
fig, axes = plt.subplots(1, 4, figsize=(12, 2.7))
axes[0].imshow(cat, cmap="gray")
axes[0].set_title("the picture")
for ax, (title, kernel) in zip(axes[1:], filters.items(), strict=True):
    answer = convolution.correlate2d(cat, kernel)
    limit = np.abs(answer).max()
    ax.imshow(answer, cmap="gray", vmin=-limit if kernel.min() < 0 else 0, vmax=limit)
    ax.set_title(title)
for ax in axes:
    ax.set_axis_off()
fig.suptitle("Each filter answers where the picture looks like it (white: large, grey: 0)")
plt.show()

# %% [markdown]
# Draw your own.
#
# **Try:** 1. Press the cells until all nine are 1: what does it do? Then set the middle to −2 and the others to 0. 2. Choose "a single point" and switch between convolution and correlation: which of them prints the filter, and which prints it turned?

# %%
ConvolutionExplorer()

# %% [raw]
# # BEGIN QUESTION
# name: correlate2d
# points: 4

# %% [markdown]
# ### Exercise 7.1 · correlate2d · ★☆☆ · 10 minutes
#
# Slide the kernel over the image, at every place where it lies **within** the image:
#
# $$g(x, y) = \sum_{i=0}^{a-1}\sum_{j=0}^{b-1} h(i, j)\, f(x + i,\ y + j).$$
#
# Don't call a library's correlation. A loop over the places is fine.
#
# **Shapes:** `image` f $(H, W)$, `kernel` h $(a, b)$ → $(H - a + 1,\ W - b + 1)$.
#
# **Worked:** image $(1, 2, 4, 8)$ in one row, kernel $(1, 3)$: $1\cdot1 + 3\cdot2 = 7$, $2 + 12 = 14$, $4 + 24 = 28$. Three answers from four pixels.
#
# <details><summary>Hint 1</summary>How many places are there? Start with <code>np.zeros((H - a + 1, W - b + 1))</code>.</details>
# <details><summary>Hint 2</summary>At place (x, y): <code>np.sum(kernel * image[x : x + a, y : y + b])</code>.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>A row and a column are missing:</b> a kernel of a rows fits at H − a + 1 places, not at H − a.</li>
# <li><b>Wrong only for unsymmetric kernels:</b> you turned the kernel. That is the next exercise.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def correlate2d(image, kernel):
    """Return the correlation of an image (H, W) with a kernel (a, b), shape (H − a + 1, W − b + 1)."""
    # BEGIN SOLUTION
    a, b = kernel.shape
    answer = np.zeros((image.shape[0] - a + 1, image.shape[1] - b + 1))
    for x, y in np.ndindex(answer.shape):
        answer[x, y] = np.sum(kernel * image[x : x + a, y : y + b])
    return answer
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_a_kernel_without_symmetry(correlate2d):
    import numpy as np
    from course_utils import convolution
    from course_utils.checks import check_call

    image = np.array([[1.0, 2.0, 0.0, 5.0, 3.0], [4.0, 1.0, 7.0, 2.0, 6.0], [3.0, 8.0, 2.0, 9.0, 1.0]])
    kernel = np.array([[1.0, 2.0, -1.0], [0.5, 3.0, -2.0]])
    right = convolution.correlate2d(image, kernel)
    check_call(
        correlate2d,
        image,
        kernel,
        expected=right,
        sizes={"H − a + 1": 2, "W − b + 1": 3},
        mistakes={
            "You turned the kernel, which makes it a convolution: correlation leaves it as it is.": convolution.convolve2d(
                image, kernel
            ),
            "A row and a column are missing: the kernel fits at one place more in each direction.": right[
                :-1, :-1
            ],
            "You averaged the products: correlation adds them up.": right / kernel.size,
            "Your answer is as large as the image: let the kernel stop only where all of it lies within.": convolution.correlate2d(
                image, kernel, "same"
            ),
        },
    )


# %%
def test_one_row(correlate2d):
    import numpy as np
    from course_utils.checks import check_call

    check_call(
        correlate2d,
        np.array([[1.0, 2.0, 4.0, 8.0]]),
        np.array([[1.0, 3.0]]),
        expected=np.array([[7.0, 14.0, 28.0]]),
        mistakes={
            "You turned the kernel, which makes it a convolution: correlation leaves it as it is.": np.array(
                [[5.0, 10.0, 20.0]]
            ),
            "You averaged the products: correlation adds them up.": np.array([[3.5, 7.0, 14.0]]),
        },
    )


# %%
# HIDDEN
def test_random_shapes(correlate2d):
    import numpy as np
    from scipy import signal
    from course_utils.checks import check_call

    rng = np.random.default_rng(701)
    for H, W, a, b in ((7, 11, 3, 2), (5, 13, 2, 7), (11, 5, 5, 3)):
        image, kernel = rng.normal(size=(H, W)), rng.normal(size=(a, b))
        right = signal.correlate2d(image, kernel, mode="valid")
        check_call(
            correlate2d,
            image,
            kernel,
            expected=right,
            mistakes={
                "You turned the kernel, which makes it a convolution: correlation leaves it as it is.": signal.convolve2d(
                    image, kernel, mode="valid"
                ),
                "A row and a column are missing: the kernel fits at one place more in each direction.": right[
                    :-1, :-1
                ],
                "You averaged the products: correlation adds them up.": right / kernel.size,
                "Your answer is as large as the image: let the kernel stop only where all of it lies within.": signal.correlate2d(
                    image, kernel, mode="same"
                ),
            },
        )


# %%
# HIDDEN
def test_one_pixel_and_one_place(correlate2d):
    import numpy as np
    from course_utils.checks import check_call

    rng = np.random.default_rng(711)
    image = rng.normal(size=(3, 5))
    check_call(correlate2d, image, np.array([[2.5]]), expected=2.5 * image)
    kernel = rng.normal(size=(3, 5))
    check_call(
        correlate2d,
        image,
        kernel,
        expected=np.array([[np.sum(image * kernel)]]),
        mistakes={
            "You turned the kernel, which makes it a convolution: correlation leaves it as it is.": np.array(
                [[np.sum(image * kernel[::-1, ::-1])]]
            ),
            "A kernel as large as the image fits at one place: your answer is empty.": np.zeros((0, 0)),
        },
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# Now the other one. You could turn the kernel and do the same again. There is another way, quicker and closer to the formula: a kernel has few entries, an image many. So loop over the **kernel**, and let each entry $h(i, j)$ add the whole image, moved by $(i, j)$.

# %% [raw]
# # BEGIN QUESTION
# name: convolve2d
# points: 4

# %% [markdown]
# ### Exercise 7.2 · convolve2d · ★★☆ · 10 minutes
#
# Compute $(h * f)(x, y) = \sum_{i,j} h(i, j)\, f(x - i, y - j)$ at every place where the kernel lies within the image. The first such place is $x = a - 1,\ y = b - 1$; it becomes entry $[0, 0]$ of your answer.
#
# **Shapes:** `image` f $(H, W)$, `kernel` h $(a, b)$ → $(H - a + 1,\ W - b + 1)$.
#
# **Worked:** image $(1, 2, 4, 8)$ in one row, kernel $(1, 3)$: the first place is $y = 1$: $1 \cdot f(1) + 3 \cdot f(0) = 2 + 3 = 5$; then $4 + 6 = 10$ and $8 + 12 = 20$. (Correlation gave $7, 14, 28$.)
#
# <details><summary>Hint 1</summary>Entry h(0, 0) meets the part of the image that ends in the lower right corner, h(a − 1, b − 1) the part that begins in the upper left.</details>
# <details><summary>Hint 2</summary>With M = H − a + 1 rows of answer, h(i, j) meets the rows <code>a - 1 - i : a - 1 - i + M</code>. The columns go the same way.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>You get the correlation:</b> the image part must move against i, not with it.</li>
# <li><b>Right for one row, wrong for a picture:</b> both axes are turned, not one.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def convolve2d(image, kernel):
    """Return the convolution of an image (H, W) with a kernel (a, b), shape (H − a + 1, W − b + 1)."""
    # BEGIN SOLUTION
    a, b = kernel.shape
    M, N = image.shape[0] - a + 1, image.shape[1] - b + 1
    answer = np.zeros((M, N))
    for i, j in np.ndindex(a, b):
        top, left = a - 1 - i, b - 1 - j
        answer += kernel[i, j] * image[top : top + M, left : left + N]
    return answer
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_a_kernel_without_symmetry(convolve2d):
    import numpy as np
    from course_utils import convolution
    from course_utils.checks import check_call

    image = np.array([[1.0, 2.0, 0.0, 5.0, 3.0], [4.0, 1.0, 7.0, 2.0, 6.0], [3.0, 8.0, 2.0, 9.0, 1.0]])
    kernel = np.array([[1.0, 2.0, -1.0], [0.5, 3.0, -2.0]])
    correlate = convolution.correlate2d
    check_call(
        convolve2d,
        image,
        kernel,
        expected=convolution.convolve2d(image, kernel),
        sizes={"H − a + 1": 2, "W − b + 1": 3},
        mistakes={
            "This is the correlation: convolution turns the kernel.": correlate(image, kernel),
            "You turned the kernel's rows only: its columns are reversed, too.": correlate(
                image, kernel[::-1]
            ),
            "You turned the kernel's columns only: its rows are reversed, too.": correlate(
                image, kernel[:, ::-1]
            ),
            "Your answer is as large as the image: let the kernel stop only where all of it lies within.": convolution.convolve2d(
                image, kernel, "same"
            ),
            "Your answer has every place where kernel and image overlap: keep those where the kernel lies within.": convolution.convolve2d(
                image, kernel, "full"
            ),
        },
    )


# %%
def test_one_row(convolve2d):
    import numpy as np
    from course_utils.checks import check_call

    check_call(
        convolve2d,
        np.array([[1.0, 2.0, 4.0, 8.0]]),
        np.array([[1.0, 3.0]]),
        expected=np.array([[5.0, 10.0, 20.0]]),
        mistakes={"This is the correlation: convolution turns the kernel.": np.array([[7.0, 14.0, 28.0]])},
    )


# %%
# HIDDEN
def test_random_shapes(convolve2d):
    import numpy as np
    from scipy import signal
    from course_utils.checks import check_call

    rng = np.random.default_rng(702)
    for H, W, a, b in ((7, 11, 3, 2), (5, 13, 2, 7), (11, 5, 5, 3)):
        image, kernel = rng.normal(size=(H, W)), rng.normal(size=(a, b))
        check_call(
            convolve2d,
            image,
            kernel,
            expected=signal.convolve2d(image, kernel, mode="valid"),
            mistakes={
                "This is the correlation: convolution turns the kernel.": signal.correlate2d(
                    image, kernel, mode="valid"
                ),
                "You turned the kernel's rows only: its columns are reversed, too.": signal.correlate2d(
                    image, kernel[::-1], mode="valid"
                ),
                "You turned the kernel's columns only: its rows are reversed, too.": signal.correlate2d(
                    image, kernel[:, ::-1], mode="valid"
                ),
                "Your answer is as large as the image: let the kernel stop only where all of it lies within.": signal.convolve2d(
                    image, kernel, mode="same"
                ),
                "Your answer has every place where kernel and image overlap: keep those where the kernel lies within.": signal.convolve2d(
                    image, kernel, mode="full"
                ),
            },
        )


# %%
# HIDDEN
def test_one_pixel_and_one_place(convolve2d):
    import numpy as np
    from course_utils.checks import check_call

    rng = np.random.default_rng(712)
    image, kernel = rng.normal(size=(3, 5)), rng.normal(size=(3, 5))
    check_call(convolve2d, image, np.array([[2.5]]), expected=2.5 * image)
    check_call(
        convolve2d,
        image,
        kernel,
        expected=np.array([[np.sum(image * kernel[::-1, ::-1])]]),
        mistakes={
            "This is the correlation: convolution turns the kernel.": np.array([[np.sum(image * kernel)]]),
            "A kernel as large as the image fits at one place: your answer is empty.": np.zeros((0, 0)),
        },
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# Convolution has one property that correlation lacks: it doesn't matter how you group, $h_1 * (h_2 * f) = (h_1 * h_2) * f$. Two filters in a row are one larger filter. A network that stacked filters with nothing between them would gain nothing, which is why a non-linearity follows each.

# %%
if solved(convolve2d):
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(3, 3)), rng.normal(size=(3, 3))
    padded = np.pad(first, 2)  # zeros around it, so that no overlap is lost
    one_filter = convolve2d(padded, second)
    twice = convolve2d(convolve2d(cat, first), second)
    print(
        "one filter of", one_filter.shape, "does the same:", np.allclose(convolve2d(cat, one_filter), twice)
    )

# %% [markdown]
# ## 7.2 How large is what comes out?
#
# Count the places where a filter of width $F$ can stop on a row of width $W$.
#
# - With **padding** $P$, zeros are added on **both** sides: the row is $W + 2P$ wide.
# - With **stride** $S$, the filter moves by $S$ at a time.
# - The first stop is at 0, the last at $W + 2P - F$ at the most. So the number of stops, the width of the output, is
#
# $$\frac{W - F + 2P}{S} + 1.$$
#
# The height goes the same way, and the depth of the output is the number of filters, $K$. If $S$ doesn't divide $W - F + 2P$, the filter never sees the last columns. Many libraries round down and say nothing. In this course that is an **error**.
#
# **Try:** 1. Keep the size with stride 1: which $P$ does $F = 3$ need? $F = 5$? $F = 7$? 2. Find two settings with stride 2 that don't fit, and repair each by changing $P$ or $W$ by one.

# %%
OutputSizeExplorer()

# %%
fig, ax = plt.subplots()
for F, P, style, marker, color in (
    (3, 0, "-", "o", BLUE),
    (5, 0, "--", "s", ORANGE),
    (7, 0, "-.", "^", GREEN),
    (3, 1, ":", "D", RED),
):
    widths = [32]
    while len(widths) < 12 and widths[-1] - F + 2 * P >= 0:
        widths.append(convolution.conv_output_size(widths[-1], F, 1, P))
    ax.plot(widths, ls=style, marker=marker, color=color, label=f"F = {F}, P = {P}")
ax.set(
    xlabel="convolutions, stride 1",
    ylabel="width of the output, pixels",
    ylim=(0, 34),
    title="Without padding a 32-pixel image is soon used up",
)
ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
plt.show()

# %% [raw]
# # BEGIN QUESTION
# name: conv_output_size
# points: 4

# %% [markdown]
# ### Exercise 7.3 · conv_output_size · ★☆☆ · 6 minutes
#
# Return the width of the output, $\dfrac{W - F + 2P}{S} + 1$, as an `int`. Raise a `ValueError` if
#
# - it isn't an integer, that is, $S$ doesn't divide $W - F + 2P$; or
# - the filter doesn't fit, that is, $W - F + 2P < 0$.
#
# **Inputs:** four integers: width `W`, filter `F`, stride `S` $\ge 1$, padding `P` $\ge 0$ → an integer.
#
# **Worked:** AlexNet's first layer: $W = 227$, $F = 11$, $S = 4$, $P = 0$: $216/4 + 1 = 55$. With $W = 224$, as its paper says, $213/4$ is no integer: an error.
#
# <details><summary>Hint 1</summary><code>room % S</code> is the remainder, <code>room // S</code> the integer part.</details>
# <details><summary>Hint 2</summary>Check first, with <code>raise ValueError("...")</code>. Then return <code>room // S + 1</code>.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>One too few:</b> the filter also stops at its start: + 1.</li>
# <li><b>P too few:</b> padding is on both sides.</li>
# <li><b>No error:</b> <code>//</code> and <code>int()</code> round without a word. Look at the remainder.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def conv_output_size(W, F, S, P):
    """Return (W − F + 2P)/S + 1; raise a ValueError if that is no integer or the filter doesn't fit."""
    # BEGIN SOLUTION
    room = W - F + 2 * P
    if room < 0 or room % S != 0:
        raise ValueError("the filter doesn't fit, or its stride leaves the border out")
    return room // S + 1
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_sizes_that_fit(conv_output_size):
    import numpy as np
    from course_utils.checks import check_call, check_true

    for W, F, S, P in ((227, 11, 4, 0), (32, 5, 1, 0), (13, 3, 2, 4), (29, 7, 3, 4)):
        answer = check_call(
            conv_output_size,
            W,
            F,
            S,
            P,
            expected=(W - F + 2 * P) // S + 1,
            mistakes={
                "One too few: the filter also stops at its start, so add 1.": (W - F + 2 * P) // S,
                "Padding is added on both sides: 2P.": (W - F + P) / S + 1,
                "Padding is added on both sides: 2P, and the division rounds your slip away.": (W - F + P)
                // S
                + 1,
                "The stride makes no difference in your answer: divide by S.": W - F + 2 * P + 1,
                "The 1 is added after the division, not before.": (W - F + 2 * P + 1) / S,
            },
        )
        check_true(
            isinstance(answer, (int, np.integer)),
            "Your answer is a float, which can't be a size: divide with //.",
        )


# %%
def test_what_does_not_fit_is_an_error(conv_output_size):
    from course_utils.checks import check_raises

    for W, F, S, P in ((224, 11, 4, 0), (10, 3, 2, 0)):
        check_raises(
            conv_output_size,
            W,
            F,
            S,
            P,
            error="ValueError",
            sentence="The stride doesn't divide here, and your function returns a rounded size: raise a ValueError.",
        )


# %%
# HIDDEN
def test_random_sizes(conv_output_size):
    import numpy as np
    from course_utils import convolution
    from course_utils.checks import check_call, check_raises, check_true

    rng = np.random.default_rng(703)
    fits = fails = 0
    while fits < 12 or fails < 12:
        W, F, S, P = (int(rng.integers(*span)) for span in ((5, 60), (1, 12), (1, 5), (0, 4)))
        try:
            right = convolution.conv_output_size(W, F, S, P)
        except ValueError:
            fails += 1
            if W - F + 2 * P > 0:
                check_raises(
                    conv_output_size,
                    W,
                    F,
                    S,
                    P,
                    error="ValueError",
                    sentence="The stride doesn't divide here, and your function returns a rounded size: raise a ValueError.",
                )
            continue
        fits += 1
        once, short = (W - F + P) / S + 1, right - 1
        mistakes = {"The 1 is added after the division, not before.": (W - F + 2 * P + 1) / S}
        if int(once) != short:  # where both mistakes give one number, neither is named
            mistakes["One too few: the filter also stops at its start, so add 1."] = short
            mistakes["Padding is added on both sides: 2P."] = once
            mistakes["Padding is added on both sides: 2P, and the division rounds your slip away."] = int(
                once
            )
        if S > 1:
            mistakes["The stride makes no difference in your answer: divide by S."] = W - F + 2 * P + 1
        answer = check_call(conv_output_size, W, F, S, P, expected=right, mistakes=mistakes)
        check_true(
            isinstance(answer, (int, np.integer)),
            "Your answer is a float, which can't be a size: divide with //.",
        )


# %%
# HIDDEN
def test_filters_as_large_as_the_input_and_larger(conv_output_size):
    from course_utils.checks import check_call, check_raises

    for W, F, S, P in ((5, 5, 1, 0), (5, 5, 3, 0), (3, 7, 2, 2), (1, 1, 4, 0)):
        check_call(
            conv_output_size,
            W,
            F,
            S,
            P,
            expected=1,
            mistakes={"One too few: the filter also stops at its start, so add 1.": 0},
        )
    for W, F, S, P in ((3, 5, 1, 0), (4, 5, 1, 0), (3, 5, 2, 0), (2, 7, 3, 1), (4, 7, 5, 1)):
        check_raises(
            conv_output_size,
            W,
            F,
            S,
            P,
            error="ValueError",
            sentence="The filter is larger than the padded input, and your function returns a size: raise a ValueError.",
        )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# ## 7.3 How many parameters?
#
# A filter looks at a patch of $n \times m$ pixels in **all** $R$ maps of its input: for a colour photograph, $R = 3$. It has $n \cdot m \cdot R$ weights and one bias. With $K$ filters:
#
# $$(n \cdot m \cdot R + 1) \cdot K.$$
#
# The weights are one array of shape $C_\text{out} \times C_\text{in} \times F_h \times F_w = (K, R, n, m)$. The size of the image is nowhere in the formula: the filter is **shared** by all places. A fully connected layer from $n$ inputs to $m$ outputs has $(n + 1)\, m$.

# %%
sides = np.array([16, 32, 64, 128, 227])
dense = (3 * sides**2 + 1) * 96
fig, ax = plt.subplots()
ax.plot(sides, dense, color=RED, ls="--", marker="s", label="fully connected, 96 outputs")
ax.axhline(convolution.conv_parameter_count(11, 11, 3, 96), color=BLUE, ls="-", label="96 filters of 11 × 11")
ax.set(
    yscale="log",
    xlabel="side of the colour image, pixels",
    ylabel="parameters",
    title="Filters are shared by all places: their number doesn't grow with the image",
)
ax.legend()
plt.show()

# %% [markdown]
# And those 96 outputs are single numbers. The 96 filters give 96 whole maps.

# %% [raw]
# # BEGIN QUESTION
# name: conv_parameter_count
# points: 3

# %% [markdown]
# ### Exercise 7.4 · conv_parameter_count · ★☆☆ · 4 minutes
#
# Return the number of parameters of $K$ filters of $n \times m$ over $R$ maps, biases included.
#
# **Inputs:** four positive integers `n`, `m`, `R`, `K` → an integer.
#
# **Worked:** AlexNet's first layer: $11 \times 11$ over 3 colours, 96 filters: $(11 \cdot 11 \cdot 3 + 1) \cdot 96 = 364 \cdot 96 = 34{,}944$.
#
# <details><summary>Hint 1</summary>Count one filter first: its weights, and its bias.</details>
# <details><summary>Hint 2</summary>Then there are K of them.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>K − 1 too few:</b> each filter has a bias of its own.</li>
# <li><b>K(R − 1) too many:</b> a filter has one bias, not one for each map that it reads.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def conv_parameter_count(n, m, R, K):
    """Return the number of weights and biases of K filters of n × m over R maps."""
    # BEGIN SOLUTION
    return (n * m * R + 1) * K
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_a_small_layer(conv_parameter_count):
    from course_utils.checks import check_call

    for n, m, R, K in ((3, 5, 2, 7), (11, 11, 3, 96)):
        check_call(
            conv_parameter_count,
            n,
            m,
            R,
            K,
            expected=(n * m * R + 1) * K,
            mistakes={
                "There is one bias for each filter, not one for the whole layer.": n * m * R * K + 1,
                "A filter has one bias, not one for each map that it reads.": (n * m + 1) * R * K,
                "The biases are missing.": n * m * R * K,
                "Each filter reads all R maps, with weights of its own for each.": (n * m + 1) * K,
                "You counted filters as n × n: they have m columns.": (n * n * R + 1) * K,
                "You counted a bias for each map that comes in: there is one for each filter.": n * m * R * K
                + R,
            },
        )


# %%
# HIDDEN
def test_random_layers(conv_parameter_count):
    import numpy as np
    from torch import nn
    from course_utils.architectures import count_parameters
    from course_utils.checks import check_call

    rng = np.random.default_rng(704)
    for _ in range(5):
        n, m, R, K = (int(v) for v in rng.choice([2, 3, 5, 7, 11, 13], 4, replace=False))
        check_call(
            conv_parameter_count,
            n,
            m,
            R,
            K,
            expected=count_parameters(nn.Conv2d(R, K, (n, m))),
            mistakes={
                "There is one bias for each filter, not one for the whole layer.": n * m * R * K + 1,
                "A filter has one bias, not one for each map that it reads.": (n * m + 1) * R * K,
                "The biases are missing.": n * m * R * K,
                "Each filter reads all R maps, with weights of its own for each.": (n * m + 1) * K,
                "You counted filters as n × n: they have m columns.": (n * n * R + 1) * K,
                "You counted a bias for each map that comes in: there is one for each filter.": n * m * R * K
                + R,
            },
        )


# %%
# HIDDEN
def test_a_fully_connected_layer_is_a_convolution_of_one_pixel(conv_parameter_count):
    from course_utils.checks import check_call

    for R, K in ((4096, 1000), (7, 1), (1, 5)):
        check_call(
            conv_parameter_count,
            1,
            1,
            R,
            K,
            expected=(R + 1) * K,
            mistakes={
                "There is one bias for each filter, not one for the whole layer.": R * K + 1,
                "A filter has one bias, not one for each map that it reads.": 2 * R * K,
                "The biases are missing.": R * K,
                "Each filter reads all R maps, with weights of its own for each.": 2 * K,
            },
        )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# ## 7.4 The convolutional layer
#
# Put it together. A batch of $n$ images with $c$ maps meets $k$ filters that each read all $c$ maps, then a bias is added:
#
# $$y_{n,k,i,j} = b_k + \sum_{c}\sum_{u}\sum_{v} w_{k,c,u,v}\; \tilde x_{n,\,c,\,S i + u,\,S j + v},$$
#
# where $\tilde x$ is $x$ with $P$ zeros around it. This is correlation, over all maps at once, at every $S$-th place.

# %% [raw]
# # BEGIN QUESTION
# name: conv2d_naive
# points: 4

# %% [markdown]
# ### Exercise 7.5 · conv2d_naive · ★★☆ · 15 minutes
#
# Compute $y$ with plain loops over the places of the output. Use `np.pad` for the zeros. Sizes always fit here.
#
# **Shapes:** `x` $(n, c, H, W)$, `w` $(k, c, a, b)$, `b` $(k,)$, `stride` and `padding` numbers → $(n, k, H', W')$, with $H' = (H - a + 2P)/S + 1$ and $W' = (W - b + 2P)/S + 1$.
#
# **Worked:** one image, one map, one row $(1, 2, 4, 8, 16)$, one filter $(1, 3)$ over that row, bias $0.5$, stride 3, no padding: the filter stops at $0$ and $3$: $1 + 6 + 0.5 = 7.5$ and $8 + 48 + 0.5 = 56.5$.
#
# <details><summary>Hint 1</summary><code>np.pad(x, ((0, 0), (0, 0), (P, P), (P, P)))</code> pads height and width only.</details>
# <details><summary>Hint 2</summary>The window for output (i, j) starts at row <code>i * stride</code>. Give it an axis for the filters, <code>window[:, None]</code> (n, 1, c, a, b), multiply with w, and sum over the last three axes.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Right for stride 1 only:</b> the window starts at i·stride, not at i.</li>
# <li><b>An error for images that aren't square:</b> height and width are swapped somewhere.</li>
# <li><b>Bias too large:</b> it is added once to each output, outside the sum.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def conv2d_naive(x, w, b, stride, padding):
    """Return a convolutional layer's output (n, k, H', W').

    x is (n, c, H, W), w is (k, c, a, b), b is (k,); stride and padding are the same in both directions.
    """
    # BEGIN SOLUTION
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    k, _, rows, columns = w.shape
    height = (x.shape[2] - rows) // stride + 1
    width = (x.shape[3] - columns) // stride + 1
    y = np.zeros((len(x), k, height, width))
    for i, j in np.ndindex(height, width):
        top, left = i * stride, j * stride
        window = x[:, None, :, top : top + rows, left : left + columns]  # (n, 1, c, rows, columns)
        y[:, :, i, j] = np.sum(window * w, axis=(2, 3, 4)) + b
    return y
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_one_step_at_a_time(conv2d_naive):
    import numpy as np
    from course_utils import convolution
    from course_utils.checks import check_call

    rng = np.random.default_rng(75)
    x, w, b = rng.normal(size=(2, 3, 5, 7)), rng.normal(size=(4, 3, 2, 3)), np.array([1.0, -2.0, 0.5, 3.0])
    right = convolution.conv2d(x, w, b)
    each = b[:, None, None]
    check_call(
        conv2d_naive,
        x,
        w,
        b,
        1,
        0,
        expected=right,
        mistakes={
            "The bias is missing.": right - each,
            "Your bias counts many times, because it stands inside the sum: add it once to each output.": right
            + (3 * 2 * 3 - 1) * each,
            "Your bias counts once for each map: add it once to each output.": right + 2 * each,
            "You turned the filters: a convolutional layer correlates.": convolution.conv2d(
                x, w[:, :, ::-1, ::-1], b
            ),
            "Only the first map is read: add up over all of them.": convolution.conv2d(x[:, :1], w[:, :1], b),
            "Only the first image is right: each image of the batch has its own windows.": np.repeat(
                right[:1], 2, axis=0
            ),
        },
    )


# %%
def test_stride_and_padding(conv2d_naive):
    import numpy as np
    from course_utils import convolution
    from course_utils.checks import check_call

    rng = np.random.default_rng(76)
    x, w, b = rng.normal(size=(2, 3, 5, 11)), rng.normal(size=(5, 3, 3, 3)), rng.normal(size=5)
    for stride, padding in ((2, 0), (2, 1), (1, 2)):
        right = convolution.conv2d(x, w, b, stride, padding)
        height, width = right.shape[2:]
        zeroless = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)), mode="edge")
        check_call(
            conv2d_naive,
            x,
            w,
            b,
            stride,
            padding,
            expected=right,
            mistakes={
                "With a larger stride your windows still move by 1: they start at i · stride.": convolution.conv2d(
                    x, w, b, 1, padding
                )[:, :, :height, :width],
                "The stride makes no difference in your answer.": convolution.conv2d(x, w, b, 1, padding),
                "The padding makes no difference in your answer.": convolution.conv2d(x, w, b, stride, 0),
                "Pad with zeros, not with copies of the border.": convolution.conv2d(zeroless, w, b, stride),
            },
        )


# %%
# HIDDEN
def test_random_shapes_against_torch(conv2d_naive):
    import numpy as np
    import torch
    from torch.nn import functional
    from course_utils.checks import check_call

    rng = np.random.default_rng(705)
    shapes = (
        (2, 3, 7, 11, 5, 3, 3, 2, 1),
        (3, 2, 13, 7, 4, 5, 3, 1, 2),
        (1, 5, 8, 11, 2, 2, 5, 3, 0),
        (2, 1, 5, 5, 3, 1, 1, 2, 0),
    )
    for n, c, H, W, k, rows, columns, stride, padding in shapes:
        x, w, b = rng.normal(size=(n, c, H, W)), rng.normal(size=(k, c, rows, columns)), rng.normal(size=k)
        tx, tw, tb = (torch.tensor(part) for part in (x, w, b))
        right = functional.conv2d(tx, tw, tb, stride, padding).numpy()
        each = b[:, None, None]
        height, width = right.shape[2:]
        check_call(
            conv2d_naive,
            x,
            w,
            b,
            stride,
            padding,
            expected=right,
            mistakes={
                "The bias is missing.": right - each,
                "Your bias counts many times, because it stands inside the sum: add it once to each output.": right
                + (c * rows * columns - 1) * each,
                "Your bias counts once for each map: add it once to each output.": right + (c - 1) * each,
                "You turned the filters: a convolutional layer correlates.": functional.conv2d(
                    tx, tw.flip(2, 3), tb, stride, padding
                ).numpy(),
                "With a larger stride your windows still move by 1: they start at i · stride.": functional.conv2d(
                    tx, tw, tb, 1, padding
                ).numpy()[:, :, :height, :width],
                "Only the first map is read: add up over all of them.": functional.conv2d(
                    tx[:, :1], tw[:, :1], tb, stride, padding
                ).numpy(),
            },
        )


# %%
# HIDDEN
def test_one_place_only(conv2d_naive):
    import numpy as np
    from course_utils.checks import check_call

    rng = np.random.default_rng(715)
    x, w, b = rng.normal(size=(1, 2, 3, 5)), rng.normal(size=(1, 2, 3, 5)), np.array([0.7])
    total = np.sum(x * w)
    check_call(
        conv2d_naive,
        x,
        w,
        b,
        2,
        0,
        expected=np.full((1, 1, 1, 1), total + 0.7),
        mistakes={
            "The bias is missing.": np.full((1, 1, 1, 1), total),
            "Your bias counts many times, because it stands inside the sum: add it once to each output.": np.full(
                (1, 1, 1, 1), total + 30 * 0.7
            ),
        },
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# ### From loops to one matrix product
#
# Loops in Python are slow; matrix products are what computers do best. So copy every patch into a **column** of a matrix. Write each filter as a row. Then the whole layer is one product:
#
# $$\underbrace{Y}_{k \times \text{places}} = \underbrace{W}_{k \times (c\,F\,F)} \; \underbrace{X_\text{col}}_{(c\,F\,F) \times \text{places}} + b.$$
#
# The trick is called **im2col**. It copies each pixel up to $F^2$ times: memory for speed.

# %%
small = np.arange(1.0, 17.0).reshape(1, 1, 4, 4)
columns = convolution.im2col(small, 2, 1)[0]
fig, (left, right) = plt.subplots(1, 2, figsize=(10, 3.2), gridspec_kw={"width_ratios": [1, 2.2]})
for ax, values in ((left, small[0, 0]), (right, columns)):
    ax.imshow(values, cmap="cividis", vmin=-4)
    for (i, j), value in np.ndenumerate(values):
        ax.text(j, i, f"{value:.0f}", ha="center", va="center", color="white" if value < 9 else "black")
    ax.grid(visible=False)
left.set(title="an image, 4 × 4", xticks=[], yticks=[])
right.set(
    title="its 2 × 2 patches, one a column",
    xlabel="place of the filter",
    ylabel="entry of the filter",
    xticks=range(9),
    yticks=range(4),
)
plt.show()

# %% [raw]
# # BEGIN QUESTION
# name: im2col
# points: 3

# %% [markdown]
# ### Exercise 7.6 · im2col · ★★☆ · 12 minutes
#
# Return all patches of size $F \times F$ as columns. In a column the entries go map by map, within a map row by row: the order of `patch.reshape(-1)`. Places go row by row, too. Padding `P` and stride `S` as before; sizes always fit.
#
# **Shapes:** `x` $(n, c, H, W)$ → $(n,\ c F F,\ H' W')$.
#
# **Worked:** in the picture above the first column is $(1, 2, 5, 6)$, the second $(2, 3, 6, 7)$, and the fourth, where the filter has moved down, $(5, 6, 9, 10)$.
#
# <details><summary>Hint 1</summary>One patch of all images: <code>x[:, :, i : i + F, j : j + F].reshape(n, -1)</code>, shape (n, cFF).</details>
# <details><summary>Hint 2</summary>Collect them in a list, i in the outer loop, j in the inner one, each over <code>range(0, H - F + 1, S)</code> of the padded size. Then <code>np.stack(patches, axis=2)</code>.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Places and entries are swapped:</b> patches are columns: the new axis is the last.</li>
# <li><b>Wrong with several maps only:</b> the order in a column is map, row, column.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def im2col(x, F, S, P):
    """Return the F × F patches of images x (n, c, H, W) as columns, shape (n, c·F·F, places)."""
    # BEGIN SOLUTION
    x = np.pad(x, ((0, 0), (0, 0), (P, P), (P, P)))
    tops = range(0, x.shape[2] - F + 1, S)
    lefts = range(0, x.shape[3] - F + 1, S)
    patches = [x[:, :, i : i + F, j : j + F].reshape(len(x), -1) for i in tops for j in lefts]
    return np.stack(patches, axis=2)
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_the_order_of_entries_and_places(im2col):
    import numpy as np
    from course_utils import convolution
    from course_utils.checks import check_call

    rng = np.random.default_rng(77)
    x = rng.normal(size=(2, 3, 3, 5))
    right = convolution.im2col(x, 2)
    across = right.reshape(2, 12, 2, 4).transpose(0, 1, 3, 2).reshape(2, 12, 8)
    check_call(
        im2col,
        x,
        2,
        1,
        0,
        expected=right,
        mistakes={
            "Patches are your rows: they should be columns, with the places along the last axis.": right.transpose(
                0, 2, 1
            ),
            "In a column the order is map by map, then row by row: yours has the maps innermost.": right.reshape(
                2, 3, 4, 8
            )
            .transpose(0, 2, 1, 3)
            .reshape(2, 12, 8),
            "Your places go column by column: let the row be the outer loop.": across,
            "Within a patch you go column by column: the order is row by row.": right.reshape(2, 3, 2, 2, 8)
            .transpose(0, 1, 3, 2, 4)
            .reshape(2, 12, 8),
        },
    )


# %%
def test_stride_and_padding(im2col):
    import numpy as np
    from course_utils import convolution
    from course_utils.checks import check_call

    rng = np.random.default_rng(78)
    x = rng.normal(size=(2, 2, 5, 11))
    for F, S, P in ((3, 2, 0), (3, 2, 1), (5, 1, 1)):
        right = convolution.im2col(x, F, S, P)
        check_call(
            im2col,
            x,
            F,
            S,
            P,
            expected=right,
            mistakes={
                "The stride makes no difference in your answer.": convolution.im2col(x, F, 1, P),
                "The padding makes no difference in your answer.": convolution.im2col(x, F, S, 0),
                "Patches are your rows: they should be columns, with the places along the last axis.": right.transpose(
                    0, 2, 1
                ),
                "Pad with zeros, not with copies of the border.": convolution.im2col(
                    np.pad(x, ((0, 0), (0, 0), (P, P), (P, P)), mode="edge"), F, S
                ),
            },
        )


# %%
# HIDDEN
def test_random_shapes_against_torch(im2col):
    import numpy as np
    import torch
    from torch.nn import functional
    from course_utils.checks import check_call

    rng = np.random.default_rng(706)
    for n, c, H, W, F, S, P in (
        (2, 3, 7, 11, 3, 2, 1),
        (3, 2, 13, 7, 5, 1, 2),
        (1, 5, 8, 11, 2, 3, 0),
        (2, 2, 3, 3, 3, 2, 0),
        (3, 2, 5, 3, 1, 2, 0),
    ):
        x = rng.normal(size=(n, c, H, W))
        right = functional.unfold(torch.tensor(x), F, padding=P, stride=S).numpy()
        places = right.shape[2]
        check_call(
            im2col,
            x,
            F,
            S,
            P,
            expected=right,
            mistakes={
                "Patches are your rows: they should be columns, with the places along the last axis.": right.transpose(
                    0, 2, 1
                ),
                "In a column the order is map by map, then row by row: yours has the maps innermost.": right.reshape(
                    n, c, F * F, places
                )
                .transpose(0, 2, 1, 3)
                .reshape(n, -1, places),
                "Within a patch you go column by column: the order is row by row.": right.reshape(
                    n, c, F, F, places
                )
                .transpose(0, 1, 3, 2, 4)
                .reshape(n, -1, places),
                "Your places go column by column: let the row be the outer loop.": right.reshape(
                    n, right.shape[1], (H - F + 2 * P) // S + 1, -1
                )
                .transpose(0, 1, 3, 2)
                .reshape(n, -1, places),
            },
        )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# The same layer twice. How much does the matrix product save?

# %%
if solved(conv2d_naive, im2col):
    rng = np.random.default_rng(1)
    x, w, b = rng.normal(size=(16, 6, 28, 28)), rng.normal(size=(16, 6, 5, 5)), rng.normal(size=16)

    def as_matrix_product(x, w, b):
        columns = im2col(x, 5, 1, 0)  # (n, c·5·5, places)
        y = w.reshape(len(w), -1) @ columns + b[:, None]
        return y.reshape(len(x), len(w), 24, 24)

    seconds = {}
    for name, layer in {
        "your loops": lambda: conv2d_naive(x, w, b, 1, 0),
        "your im2col": lambda: as_matrix_product(x, w, b),
        "torch": lambda: nn.functional.conv2d(*(torch.tensor(part) for part in (x, w, b))).numpy(),
    }.items():
        layer()  # the first call warms up
        start = time.perf_counter()
        answer = layer()
        seconds[name] = time.perf_counter() - start
        print(f"{name:12s} {1000 * seconds[name]:7.1f} ms, first output {answer[0, 0, 0, 0]:.6f}")
    fig, ax = plt.subplots(figsize=(7, 2.2))
    bars = ax.barh(list(seconds), [1000 * s for s in seconds.values()], color=[RED, ORANGE, BLUE])
    ax.bar_label(bars, fmt="%.1f", padding=3)
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
    ax.set(
        xlabel="milliseconds for 16 images",
        title="The same numbers, in very different times",
        xlim=(0, 1150 * max(seconds.values())),
    )
    plt.show()

# %% [markdown]
# ### Backwards
#
# The loss $L$ sends back $\partial L/\partial y$, an array `dout` of the shape of $y$. One output is one sum, $y_{n,k,i,j} = b_k + \sum w_k \odot \text{window}_{i,j}$. So one entry $d$ of `dout` does three things, the same as in any linear layer:
#
# - the bias $b_k$ gets $d$;
# - the filter $w_k$ gets $d \cdot \text{window}$;
# - the window gets $d \cdot w_k$.
#
# A weight is used at every place and in every image, so it **adds up** over all of them. A pixel lies in several windows, so it **adds up**, too. Padding gets a gradient as well, which nobody wants: cut it off.

# %% [raw]
# # BEGIN QUESTION
# name: conv2d_backward
# points: 6

# %% [markdown]
# ### Exercise 7.7 · conv2d_backward · ★★★ · 20 minutes
#
# Return `(dx, dw, db)`, the gradients for `x`, `w` and `b`, in their shapes.
#
# **Shapes:** `dout` $(n, k, H', W')$, `x` $(n, c, H, W)$, `w` $(k, c, a, b)$ → $(n, c, H, W)$, $(k, c, a, b)$, $(k,)$.
#
# **Worked:** one row $x = (1, 2, 4)$, one filter $w = (1, 3)$, no padding, stride 1, `dout` $= (10, 1)$: $db = 11$; $dw = 10\,(1, 2) + 1\,(2, 4) = (12, 24)$; $dx = (10, 30, 0) + (0, 1, 3) = (10, 31, 3)$.
#
# <details><summary>Hint 1</summary>Pad x, make zeros for the padded dx and for dw, and loop over the places (i, j) of the output as in the forward pass. <code>d = dout[:, :, i, j]</code> is (n, k).</details>
# <details><summary>Hint 2</summary><code>np.tensordot(d, window, axes=(0, 0))</code> sums d · window over the batch: (k, c, a, b). <code>np.tensordot(d, w, axes=1)</code> sums d · w over the filters: (n, c, a, b). Add them with <code>+=</code>.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>dx is too large:</b> the padding is still on it.</li>
# <li><b>dx is right at some pixels only:</b> windows overlap: add with <code>+=</code>, don't assign.</li>
# <li><b>n times too small:</b> gradients add up over the batch. If the loss is a mean, <code>dout</code> has its 1/n already.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def conv2d_backward(dout, x, w, stride, padding):
    """Return the gradients (dx, dw, db) of a convolutional layer, given dout (n, k, H', W')."""
    # BEGIN SOLUTION
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    dx, dw = np.zeros_like(padded), np.zeros_like(w)
    rows, columns = w.shape[2:]
    for i, j in np.ndindex(dout.shape[2:]):
        top, left = i * stride, j * stride
        window = np.s_[:, :, top : top + rows, left : left + columns]
        d = dout[:, :, i, j]  # (n, k)
        dw += np.tensordot(d, padded[window], axes=(0, 0))
        dx[window] += np.tensordot(d, w, axes=1)
    height, width = x.shape[2:]
    dx = dx[:, :, padding : padding + height, padding : padding + width]
    return dx, dw, np.sum(dout, axis=(0, 2, 3))
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_the_worked_example(conv2d_backward):
    import numpy as np
    from course_utils.checks import check_call

    x, w, dout = np.array([1.0, 2.0, 4.0]), np.array([1.0, 3.0]), np.array([10.0, 1.0])
    x, w, dout = (part.reshape(1, 1, 1, -1) for part in (x, w, dout))
    dx, dw, db = np.array([10.0, 31.0, 3.0]), np.array([12.0, 24.0]), np.array([11.0])
    dx, dw = dx.reshape(1, 1, 1, 3), dw.reshape(1, 1, 1, 2)
    check_call(
        conv2d_backward,
        dout,
        x,
        w,
        1,
        0,
        expected=(dx, dw, db),
        mistakes={
            "Windows overlap: add to dx with +=, don't overwrite what an earlier window left.": (
                np.array([10.0, 1.0, 3.0]).reshape(dx.shape),
                dw,
                db,
            ),
            "dw keeps the last window only: add up over all places.": (
                dx,
                np.array([2.0, 4.0]).reshape(dw.shape),
                db,
            ),
            "You turned the filter in dx: a window gets d · w as it stands.": (
                np.array([30.0, 13.0, 1.0]).reshape(dx.shape),
                dw,
                db,
            ),
        },
    )


# %%
def test_batch_stride_and_padding(conv2d_backward):
    import numpy as np
    from course_utils import convolution
    from course_utils.checks import check_call

    rng = np.random.default_rng(79)
    for stride, padding in ((1, 0), (2, 1)):
        x, w = rng.normal(size=(3, 2, 5, 7)), rng.normal(size=(4, 2, 3, 3))
        shape = convolution.conv2d(x, w, None, stride, padding).shape
        dout = rng.normal(size=shape)
        dx, dw, db = convolution.conv2d_backward(dout, x, w, stride, padding)
        framed = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
        uncut = convolution.conv2d_backward(dout, framed, w, stride)[0]
        turned = convolution.conv2d_backward(dout, x, w[:, :, ::-1, ::-1], stride, padding)[0]
        last = convolution.conv2d_backward(dout[-1:], x[-1:], w, stride, padding)
        check_call(
            conv2d_backward,
            dout,
            x,
            w,
            stride,
            padding,
            expected=(dx, dw, db),
            mistakes={
                "The padding is still on dx: cut it off.": (uncut, dw, db),
                "You turned the filter in dx: a window gets d · w as it stands.": (turned, dw, db),
                "You averaged over the batch: gradients of weights add up.": (dx, dw / 3, db / 3),
                "dw and db see the last image only: add up over the batch.": (dx, last[1], last[2]),
                "db is still one for each image: add up over the batch and over all places.": (
                    dx,
                    dw,
                    dout.sum(axis=(2, 3)),
                ),
                "db averages over the places: it adds up over the batch and over all places.": (
                    dx,
                    dw,
                    dout.mean(axis=(2, 3)).sum(axis=0),
                ),
            },
        )


# %%
# HIDDEN
def test_random_shapes_against_torch(conv2d_backward):
    import numpy as np
    import torch
    from torch.nn import functional
    from course_utils.checks import check_call

    rng = np.random.default_rng(707)
    shapes = (
        (2, 3, 7, 11, 5, 3, 3, 2, 1),
        (3, 2, 13, 7, 4, 5, 3, 1, 2),
        (1, 5, 8, 11, 2, 2, 5, 3, 0),
        (2, 3, 3, 5, 2, 3, 5, 1, 0),
        (2, 1, 5, 5, 3, 1, 1, 2, 0),
    )
    for n, c, H, W, k, rows, columns, stride, padding in shapes:
        x = torch.tensor(rng.normal(size=(n, c, H, W)), requires_grad=True)
        w = torch.tensor(rng.normal(size=(k, c, rows, columns)), requires_grad=True)
        b = torch.zeros(k, dtype=torch.float64, requires_grad=True)
        y = functional.conv2d(x, w, b, stride, padding)
        dout = torch.tensor(rng.normal(size=y.shape))
        dx, dw, db = (part.numpy() for part in torch.autograd.grad(y, (x, w, b), dout))
        y = functional.conv2d(x, w.flip(2, 3), b, stride, padding)
        turned = torch.autograd.grad(y, x, dout)[0].numpy()
        framed = functional.pad(x.detach(), (padding,) * 4).requires_grad_()
        uncut = torch.autograd.grad(functional.conv2d(framed, w, b, stride), framed, dout)[0].numpy()
        check_call(
            conv2d_backward,
            dout.numpy(),
            x.detach().numpy(),
            w.detach().numpy(),
            stride,
            padding,
            expected=(dx, dw, db),
            mistakes={
                "The padding is still on dx: cut it off.": (uncut, dw, db),
                "You turned the filter in dx: a window gets d · w as it stands.": (turned, dw, db),
                "You averaged over the batch: gradients of weights add up.": (dx, dw / n, db / n),
                "db is still one for each image: add up over the batch and over all places.": (
                    dx,
                    dw,
                    dout.numpy().sum(axis=(2, 3)),
                ),
            },
        )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# Where does a pixel's gradient come from? Let every output send back 1. Then $dx$ counts how often each pixel is used, weighted with the filter.

# %%
if solved(conv2d_backward):
    ones = np.ones((1, 1, 9, 9))
    fig, axes = plt.subplots(1, 3, figsize=(10, 3.3))
    for ax, (F, S, P) in zip(axes, ((3, 1, 0), (3, 2, 0), (3, 2, 1)), strict=True):
        size = convolution.conv_output_size(9, F, S, P)
        dx, _, _ = conv2d_backward(np.ones((1, 1, size, size)), ones, np.ones((1, 1, F, F)), S, P)
        ax.imshow(dx[0, 0], cmap="cividis", vmin=0, vmax=9)
        for (i, j), value in np.ndenumerate(dx[0, 0]):
            ax.text(j, i, f"{value:.0f}", ha="center", va="center", color="white" if value < 5 else "black")
        ax.set(title=f"F = {F}, S = {S}, P = {P}", xticks=[], yticks=[])
        ax.grid(visible=False)
    fig.suptitle("How many windows see each pixel: without padding, the border counts least")
    plt.show()

# %% [markdown]
# ## 7.5 Pooling
#
# After a filter has found something, its exact place often doesn't matter. **Pooling** keeps one number for each window, in each map by itself:
#
# - **max pooling** keeps the largest: *is it there?*
# - **average pooling** keeps the mean: *how much of it is there?*
#
# Nothing is learned: pooling has **no parameters**. It makes the maps smaller, so that the next filters see a larger part of the picture.

# %%
rng = np.random.default_rng(2)
spots = (rng.random((1, 1, 24, 24)) < 0.03).astype(float)
moved = np.roll(spots, 1, axis=3)
fig, axes = plt.subplots(2, 3, figsize=(9, 5.6))
for row, picture in zip(axes, (spots, moved), strict=True):
    for ax, maps in zip(
        row, (picture, convolution.max_pool2d(picture, 4), convolution.avg_pool2d(picture, 4)), strict=True
    ):
        ax.imshow(maps[0, 0], cmap="gray_r", vmin=0, vmax=1)
        ax.set(xticks=[], yticks=[])
        ax.grid(visible=False)
stays = [
    np.sum(one(spots) * one(moved)) / np.sum(one(spots))
    for one in (lambda picture: picture, lambda picture: convolution.max_pool2d(picture, 4))
]
for ax, title in zip(axes[0], ("found: 24 × 24", "largest of 4 × 4", "mean of 4 × 4"), strict=True):
    ax.set_title(title)
axes[0, 0].set_ylabel("as it was")
axes[1, 0].set_ylabel("moved by one pixel")
fig.suptitle(
    f"Moved by a pixel, {stays[0]:.0%} of the spots are where they were, and {stays[1]:.0%} of the largest values"
)
plt.show()

# %% [raw]
# # BEGIN QUESTION
# name: max_pool
# points: 3

# %% [markdown]
# ### Exercise 7.8 · max_pool · ★☆☆ · 10 minutes
#
# Return the largest value of each window of `size` × `size`, one window every `stride` pixels, for each map by itself. Windows may overlap. Sizes always fit.
#
# **Shapes:** `x` $(n, c, H, W)$ → $(n, c, H', W')$ with $H' = (H - \text{size})/\text{stride} + 1$, and $W'$ likewise.
#
# **Worked:** one map $\begin{pmatrix}1&2&0\\5&-1&3\\0&4&-2\end{pmatrix}$, size 2, stride 1: $\begin{pmatrix}5&3\\5&4\end{pmatrix}$.
#
# <details><summary>Hint 1</summary>Loop over the places of the output, as in the naive convolution, for all images and maps at once.</details>
# <details><summary>Hint 2</summary><code>x[:, :, top : top + size, left : left + size].max(axis=(2, 3))</code> is (n, c).</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Zeros where everything is negative:</b> your maximum starts at 0.</li>
# <li><b>Right only when stride = size:</b> the window starts at i·stride and is size wide.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def max_pool(x, size, stride):
    """Return the largest value of each size × size window of x (n, c, H, W), for each map by itself."""
    # BEGIN SOLUTION
    n, c, height, width = x.shape
    y = np.zeros((n, c, (height - size) // stride + 1, (width - size) // stride + 1))
    for i, j in np.ndindex(y.shape[2:]):
        top, left = i * stride, j * stride
        y[:, :, i, j] = x[:, :, top : top + size, left : left + size].max(axis=(2, 3))
    return y
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_windows_side_by_side(max_pool):
    import numpy as np
    from course_utils import convolution
    from course_utils.checks import check_call

    x = np.random.default_rng(80).normal(size=(2, 3, 4, 10)) - 1
    right = convolution.max_pool2d(x, 2)
    check_call(
        max_pool,
        x,
        2,
        2,
        expected=right,
        mistakes={
            "This is the average: max pooling keeps the largest.": convolution.avg_pool2d(x, 2),
            "Your maximum starts at 0, so negative values are lost.": np.maximum(right, 0),
            "You took the largest over all maps: each map is pooled by itself.": np.repeat(
                right.max(axis=1, keepdims=True), 3, axis=1
            ),
            "You merged the maps: each map is pooled by itself.": right.max(axis=1),
            "You kept the smallest.": -convolution.max_pool2d(-x, 2),
            "You kept the largest by magnitude: the sign counts.": np.abs(
                convolution.max_pool2d(np.abs(x), 2)
            ),
        },
    )


# %%
def test_windows_that_overlap(max_pool):
    import numpy as np
    from course_utils import convolution
    from course_utils.checks import check_call

    x = np.random.default_rng(81).normal(size=(2, 2, 7, 5))
    right = convolution.max_pool2d(x, 3, 2)
    check_call(
        max_pool,
        x,
        3,
        2,
        expected=right,
        mistakes={
            "Your windows move by their size: they move by the stride.": np.stack(
                [
                    np.stack([x[:, :, i : i + 3, j : j + 3].max(axis=(2, 3)) for j in (0, 3)], axis=-1)
                    for i in (0, 3, 6)
                ],
                axis=-2,
            ),
            "Your windows are as large as the stride: size and stride are two things.": convolution.max_pool2d(
                x[:, :, :6, :4], 2
            ),
            "Your windows move by 1: they start at i · stride.": convolution.max_pool2d(x, 3, 1)[
                :, :, :3, :2
            ],
            "The stride makes no difference in your answer.": convolution.max_pool2d(x, 3, 1),
            "This is the average: max pooling keeps the largest.": convolution.avg_pool2d(x, 3, 2),
        },
    )


# %%
# HIDDEN
def test_random_shapes_against_torch(max_pool):
    import numpy as np
    import torch
    from torch.nn import functional
    from course_utils.checks import check_call

    rng = np.random.default_rng(708)
    for n, c, H, W, size, stride in (
        (2, 3, 7, 11, 3, 2),
        (3, 2, 8, 5, 2, 3),
        (1, 5, 11, 13, 5, 1),
        (2, 2, 3, 3, 3, 2),
        (2, 2, 5, 3, 1, 2),
    ):
        x = rng.normal(size=(n, c, H, W)) - 1
        right = functional.max_pool2d(torch.tensor(x), size, stride).numpy()
        check_call(
            max_pool,
            x,
            size,
            stride,
            expected=right,
            mistakes={
                "This is the average: max pooling keeps the largest.": functional.avg_pool2d(
                    torch.tensor(x), size, stride
                ).numpy(),
                "Your maximum starts at 0, so negative values are lost.": np.maximum(right, 0),
                "You merged the maps: each map is pooled by itself.": right.max(axis=1),
                "Your windows move by 1: they start at i · stride.": functional.max_pool2d(
                    torch.tensor(x), size, 1
                ).numpy()[:, :, : right.shape[2], : right.shape[3]],
            },
        )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# Backwards, the largest value of a window gets **all** of its gradient: had any other pixel moved a little, the output wouldn't have changed. If two are equally large, we give it to the first, row by row, as torch does. Average pooling gives each of its $N$ pixels $1/N$. Where windows overlap, gradients add up.

# %%
x = np.random.default_rng(4).integers(0, 10, (1, 1, 6, 6)).astype(float)
sent = np.arange(1.0, 5.0).reshape(1, 1, 2, 2)
fig, axes = plt.subplots(1, 3, figsize=(10.5, 3.6))
for ax, values, title in zip(
    axes,
    (
        x,
        convolution.max_pool2d_backward(sent, x, 3),
        convolution.avg_pool2d_backward(sent, x, 3),
    ),
    ("a map and its four windows", "max: to the largest", "average: to all, 1/9 each"),
    strict=True,
):
    ax.imshow(values[0, 0], cmap="cividis")
    middle = (values.min() + values.max()) / 2
    for (i, j), value in np.ndenumerate(values[0, 0]):
        ax.text(j, i, f"{value:.2g}", ha="center", va="center", color="white" if value < middle else "black")
    ax.axhline(2.5, color="white", lw=3)
    ax.axvline(2.5, color="white", lw=3, ls="-")
    ax.set(title=title, xticks=[], yticks=[])
    ax.grid(visible=False)
fig.suptitle("The windows send back 1, 2, 3 and 4: who gets it?")
plt.show()

# %% [raw]
# # BEGIN QUESTION
# name: max_pool_backward
# points: 4

# %% [markdown]
# ### Exercise 7.9 · max_pool_backward · ★★☆ · 15 minutes
#
# Return the gradient for `x`: each entry of `dout` goes to the place of the largest value of its window, to the first of equals (row by row). Gradients of overlapping windows add up.
#
# **Shapes:** `dout` $(n, c, H', W')$, `x` $(n, c, H, W)$ → $(n, c, H, W)$.
#
# **Worked:** $x = \begin{pmatrix}1&2&0\\5&-1&3\\0&4&-2\end{pmatrix}$, size 2, stride 1, `dout` $= \begin{pmatrix}10&1\\20&2\end{pmatrix}$: the 5 is the largest of two windows, so it gets $10 + 20$; the 3 gets 1; the 4 gets 2: $\begin{pmatrix}0&0&0\\30&0&1\\0&2&0\end{pmatrix}$.
#
# <details><summary>Hint 1</summary>Flatten each window to (n, c, size·size): <code>argmax(axis=2)</code> finds the first of the largest, and <code>np.divmod(place, size)</code> turns it into a row and a column.</details>
# <details><summary>Hint 2</summary><code>images, maps = np.indices(x.shape[:2])</code> lets you write <code>dx[images, maps, top + row, left + column] += dout[:, :, i, j]</code>.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Too much where values are equal:</b> comparing with the maximum finds all of them. Only the first gets it.</li>
# <li><b>Wrong only when windows overlap:</b> <code>+=</code>, not <code>=</code>.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def max_pool_backward(dout, x, size, stride):
    """Return the gradient, (n, c, H, W), of max pooling with respect to x, given dout (n, c, H', W')."""
    # BEGIN SOLUTION
    dx = np.zeros_like(x)
    images, maps = np.indices(x.shape[:2])
    for i, j in np.ndindex(dout.shape[2:]):
        top, left = i * stride, j * stride
        window = x[:, :, top : top + size, left : left + size]
        row, column = np.divmod(window.reshape(*x.shape[:2], -1).argmax(axis=2), size)
        dx[images, maps, top + row, left + column] += dout[:, :, i, j]
    return dx
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_the_worked_example(max_pool_backward):
    import numpy as np
    from course_utils.checks import check_call

    x = np.array([[1.0, 2.0, 0.0], [5.0, -1.0, 3.0], [0.0, 4.0, -2.0]])[None, None]
    dout = np.array([[10.0, 1.0], [20.0, 2.0]])[None, None]
    right = np.array([[0.0, 0.0, 0.0], [30.0, 0.0, 1.0], [0.0, 2.0, 0.0]])[None, None]
    overwritten, first = right.copy(), np.zeros_like(right)
    overwritten[0, 0, 1, 0] = 20
    first[0, 0, 1, 0] = 10
    check_call(
        max_pool_backward,
        dout,
        x,
        2,
        1,
        expected=right,
        mistakes={
            "Windows overlap: add with +=, don't overwrite what an earlier window left.": overwritten,
            "Only the first window gets gradient: is a return inside the loop?": first,
            "You sent each gradient to where the largest value stands, multiplied by that value: send the gradient alone.": right
            * x,
            "You spread the gradient evenly, as average pooling does: the largest gets all of it.": np.array(
                [[2.5, 2.75, 0.25], [7.5, 8.25, 0.75], [5.0, 5.5, 0.5]]
            )[None, None],
        },
    )


# %%
def test_the_first_of_equals(max_pool_backward):
    import numpy as np
    from course_utils.checks import check_call

    x = np.array(
        [[[[0.0, 7.0, 1.0, 1.0], [7.0, 7.0, 1.0, 1.0]], [[2.0, 0.0, 3.0, 5.0], [2.0, 1.0, 5.0, 4.0]]]]
    )
    dout = np.array([[[[3.0, 5.0]], [[2.0, 11.0]]]])
    first, every, last = (np.zeros_like(x) for _ in range(3))
    first[0, 0, 0, 1:3] = 3, 5
    first[0, 1, 0, 0], first[0, 1, 0, 3] = 2, 11
    every[0, 0] = [[0, 3, 5, 5], [3, 3, 5, 5]]
    every[0, 1] = [[2, 0, 0, 11], [2, 0, 11, 0]]
    last[0, 0, 1, 1], last[0, 0, 1, 3] = 3, 5
    last[0, 1, 1, 0], last[0, 1, 1, 2] = 2, 11
    shared = every / [[[[3], [3]], [[2], [2]]]]
    shared[0, 0, :, 2:] = 5 / 4
    check_call(
        max_pool_backward,
        dout,
        x,
        2,
        2,
        expected=first,
        mistakes={
            "Every one of the equal values gets the whole gradient: only the first should.": every,
            "Equal values share the gradient: here the first of them gets it all.": shared,
            "The last of the equal values gets the gradient: it belongs to the first.": last,
            "You spread the gradient evenly, as average pooling does: the largest gets all of it.": np.repeat(
                np.repeat(dout / 4, 2, axis=2), 2, axis=3
            ),
        },
    )


# %%
# HIDDEN
def test_random_shapes_against_torch(max_pool_backward):
    import numpy as np
    import torch
    from torch.nn import functional
    from course_utils.checks import check_call

    rng = np.random.default_rng(709)
    for n, c, H, W, size, stride in (
        (2, 3, 7, 11, 3, 2),
        (3, 2, 8, 5, 2, 3),
        (1, 5, 11, 13, 5, 1),
        (2, 2, 3, 3, 3, 2),
        (2, 3, 5, 3, 1, 2),
    ):
        x = torch.tensor(rng.normal(size=(n, c, H, W)) - 1, requires_grad=True)
        y = functional.max_pool2d(x, size, stride)
        dout = torch.tensor(rng.normal(size=y.shape))
        right = torch.autograd.grad(y, x, dout)[0].numpy()
        mean = torch.autograd.grad(functional.avg_pool2d(x, size, stride), x, dout)[0].numpy()
        overwritten, first = np.zeros_like(right), np.zeros_like(right)
        at = functional.max_pool2d(x, size, stride, return_indices=True)[1].numpy()
        for i, k in np.ndindex(n, c):
            np.put(overwritten[i, k], at[i, k], dout[i, k].numpy())
            np.put(first[i, k], at[i, k, 0, 0], dout[i, k, 0, 0].numpy())
        check_call(
            max_pool_backward,
            dout.numpy(),
            x.detach().numpy(),
            size,
            stride,
            expected=right,
            mistakes={
                "Windows overlap: add with +=, don't overwrite what an earlier window left.": overwritten,
                "Only the first window gets gradient: is a return inside the loop?": first,
                "You spread the gradient evenly, as average pooling does: the largest gets all of it.": mean,
            },
        )


# %%
# HIDDEN
def test_equal_values_in_windows_that_overlap(max_pool_backward):
    import numpy as np
    from course_utils import convolution
    from course_utils.checks import check_call

    rng = np.random.default_rng(719)
    x = rng.integers(-3, 0, (2, 2, 7, 5)).astype(float)
    dout = rng.normal(size=(2, 2, 3, 2))
    every = np.zeros_like(x)
    for i, j in np.ndindex(3, 2):
        window = x[:, :, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3]
        largest = window == window.max(axis=(2, 3), keepdims=True)
        every[:, :, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3] += largest * dout[:, :, i : i + 1, j : j + 1]
    check_call(
        max_pool_backward,
        dout,
        x,
        3,
        2,
        expected=convolution.max_pool2d_backward(dout, x, 3, 2),
        mistakes={"Every one of the equal values gets the whole gradient: only the first should.": every},
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# ## 7.6 LeNet reads zip codes
#
# You have all the parts. In 1998 LeCun, Bottou, Bengio and Haffner stacked them: convolution, pooling, convolution, pooling, convolution, and two fully connected layers on top. The network is called **LeNet-5**. All its filters are $5 \times 5$, with stride 1 and without padding.
#
# | layer | output for a 32 × 32 image |
# |---|---|
# | 6 filters 5 × 5, ReLU | 6 × 28 × 28 |
# | max pooling 2 × 2, stride 2 | 6 × 14 × 14 |
# | 16 filters 5 × 5, ReLU | 16 × 10 × 10 |
# | max pooling 2 × 2, stride 2 | 16 × 5 × 5 |
# | 120 filters 5 × 5, ReLU | 120 × 1 × 1 |
# | flatten, fully connected, ReLU | 84 |
# | fully connected: the scores | classes |
#
# This is today's version: the original averaged where we take the largest, had a scaled tanh where we have ReLU, and didn't connect all maps of its second convolution.

# %% [raw]
# # BEGIN QUESTION
# name: lenet
# points: 3

# %% [markdown]
# ### Exercise 7.10 · lenet · ★★☆ · 12 minutes
#
# Return the network of the table as an `nn.Sequential`. It ends with the scores: no softmax, for the cross-entropy works on scores.
#
# **Shapes:** the network takes images $(n, \text{channels}, 32, 32)$ and returns scores $(n, \text{classes})$.
#
# **Worked:** for 1 channel and 10 classes the parameters are $156 + 2{,}416 + 48{,}120 + 10{,}164 + 850 = 61{,}706$. The second number: $(5 \cdot 5 \cdot 6 + 1) \cdot 16$.
#
# <details><summary>Hint 1</summary><code>nn.Conv2d(maps_in, maps_out, 5)</code>, <code>nn.ReLU()</code>, <code>nn.MaxPool2d(2)</code>, <code>nn.Flatten()</code>, <code>nn.Linear(numbers_in, numbers_out)</code>.</details>
# <details><summary>Hint 2</summary>What one layer gives, the next must take: 6, then 16, then 120, then 84.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>"mat1 and mat2 shapes cannot be multiplied":</b> the sizes before a linear layer aren't what you told it. Is there padding where none belongs, or a pooling layer missing?</li>
# <li><b>All is fine, but the scores never are negative:</b> the last layer has no ReLU.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def lenet(channels, classes):
    """Return LeNet-5 as an nn.Sequential, from images (n, channels, 32, 32) to scores (n, classes)."""
    # BEGIN SOLUTION
    return nn.Sequential(
        nn.Conv2d(channels, 6, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 120, 5),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(120, 84),
        nn.ReLU(),
        nn.Linear(84, classes),
    )
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_shape_and_parameters(lenet):
    import torch
    from course_utils.checks import check_true, checked_call, compare

    for channels, classes in ((1, 10), (3, 7)):
        net = checked_call(lenet, channels, classes)
        check_true(
            callable(net) and hasattr(net, "parameters"), "Return a network: an nn.Sequential of the layers."
        )
        counts = [p.numel() for p in net.parameters()]
        wanted = [150 * channels, 6, 2400, 16, 48000, 120, 10080, 84, 84 * classes, classes]
        check_true(
            len(counts) == len(wanted),
            "There should be five layers with weights and biases: three convolutions and two linear ones.",
            f"got arrays of {counts} parameters",
        )
        compare(
            counts,
            wanted,
            mistakes={
                "Your filters are 3 × 3 in the first layer: LeNet's are 5 × 5.": [54 * channels, *counts[1:]],
                "The first layer has one input map for each channel of the image.": [150, *wanted[1:]],
            },
        )
        scores = checked_call(net, torch.zeros(2, channels, 32, 32))
        check_true(
            tuple(scores.shape) == (2, classes),
            "Your network should turn n images into scores of shape (n, classes).",
            f"got shape {tuple(scores.shape)}",
        )


# %%
def test_what_it_computes(lenet):
    import torch
    from torch.nn import functional
    from course_utils.checks import check_true, checked_call, compare

    rng = torch.Generator().manual_seed(710)
    net = checked_call(lenet, 2, 5)
    w = [p.detach() for p in net.parameters()]
    check_true(len(w) == 10, "There should be five layers with weights and biases.")

    def run(x, act=torch.relu, pool=functional.max_pool2d, top=torch.relu, end=lambda s: s):
        x = pool(act(functional.conv2d(x, w[0], w[1])), 2)
        x = pool(act(functional.conv2d(x, w[2], w[3])), 2)
        x = act(functional.conv2d(x, w[4].reshape(120, 16, 5, 5), w[5]))[:, :, 0, 0]
        return end(functional.linear(top(functional.linear(x, w[6], w[7])), w[8], w[9]))

    def nothing(x):
        return x

    x = 3 * torch.randn(3, 2, 32, 32, generator=rng)
    got = checked_call(net, x)
    compare(
        got,
        run(x),
        rtol=1e-4,
        atol=1e-5,
        mistakes={
            "There is no ReLU in your network, so all of it is one linear map (but for pooling).": run(
                x, act=nothing, top=nothing
            ),
            "The ReLU between the two linear layers is missing.": run(x, top=nothing),
            "The convolutions have no ReLU behind them.": run(x, act=nothing),
            "Your scores are rectified: the last layer has no ReLU, for scores may be negative.": run(
                x, end=torch.relu
            ),
            "Your network ends with a softmax: return the scores, for the loss takes the softmax itself.": run(
                x, end=lambda s: s.softmax(dim=1)
            ),
            "You average in the pooling layers: take the largest.": run(x, pool=functional.avg_pool2d),
            "You use tanh, as the original did: here it is ReLU.": run(x, act=torch.tanh, top=torch.tanh),
        },
    )


# %%
# HIDDEN
def test_against_the_reference(lenet):
    import torch
    from course_utils.architectures import LeNet5
    from course_utils.checks import check_true, checked_call, compare

    rng = torch.Generator().manual_seed(720)
    for channels, classes in ((1, 3), (4, 13)):
        net, reference = checked_call(lenet, channels, classes), LeNet5(classes, channels, size=32)
        own = [p.detach() for p in net.parameters()]
        theirs = list(reference.parameters())
        check_true(
            [p.numel() for p in own] == [p.numel() for p in theirs],
            "A layer of your network has another number of parameters than LeNet's.",
        )
        with torch.no_grad():
            for p, q in zip(theirs, own, strict=True):
                p.copy_(q.reshape(p.shape))
        x = 3 * torch.randn(2, channels, 32, 32, generator=rng)
        compare(
            checked_call(net, x),
            reference(x).detach(),
            rtol=1e-4,
            atol=1e-5,
            mistakes={
                "Your scores are rectified: the last layer has no ReLU, for scores may be negative.": torch.relu(
                    reference(x)
                ).detach(),
                "Your network ends with a softmax: return the scores, for the loss takes the softmax itself.": reference(
                    x
                )
                .softmax(dim=1)
                .detach(),
            },
        )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
architectures.summarize(lambda: architectures.LeNet5(size=32), (1, 32, 32))

# %% [markdown]
# Most of the work is in the first two convolutions, most of the parameters in the third. Keep that in mind: it will be the story of the next fifteen years.
#
# Now train it. The zip codes are made of real handwritten digits, and a code is cut into five windows of 32 × 32, one every 24 pixels. The windows are not as tidy as the training set: digits sit a little too high or too far left, and a piece of the neighbour looks in. So train two copies, on the same 4,000 training digits and for equally many steps: one on **tidy** digits, each in the middle of its window, and one on **windows** cut from zip codes that are made of these digits. The test codes are made of digits that neither has seen.


# %%
def windows_of(images, digits):
    """Cut zip codes (n, 1, 32, 128) into windows (5 n, 1, 32, 32), the digits of a code one after the other."""
    cut = np.stack([images[:, :, :, 24 * i : 24 * i + 32] for i in range(5)], axis=1)
    return torch.tensor(cut.reshape(-1, 1, 32, 32)), torch.tensor(digits.reshape(-1))


mnist = data.load_mnist()
tidy = (
    torch.tensor(np.pad(mnist.x_train, ((0, 0), (0, 0), (2, 2), (2, 2)))),
    torch.tensor(mnist.y_train),
)
untidy = windows_of(*data.make_zip_codes(1600, part="train", seed=0))
test_codes, test_digits = data.make_zip_codes(200, part="test", seed=1)
test_windows = windows_of(test_codes, test_digits)

make_lenet = own_or_finished(lenet, lambda inputs, classes: architectures.LeNet5(size=32))
nets, losses = {}, {}


def train_lenet(name, examples, epochs):
    torch.manual_seed(0)
    net = nets[name] = make_lenet(1, 10)
    settings = {"epochs": epochs, "learning_rate": 4e-3, "one_cycle": True, "progress": False}
    history = training.fit(net, training.cross_entropy, examples, **settings)
    losses[name] = np.arange(1, epochs + 1) * len(examples[0]) / 1000, history.loss


train_lenet("tidy digits", tidy, epochs=8)

# %%
train_lenet("windows of zip codes", untidy, epochs=4)


def codes_read(net):
    """Which of the test codes were read without a mistake, (200,)."""
    with torch.no_grad():
        scores = net.cpu()(test_windows[0])
    return (scores.argmax(dim=1) == test_windows[1]).reshape(-1, 5).all(dim=1)


fig, (left, right) = plt.subplots(1, 2, figsize=(11, 3.6))
for (name, (seen, loss)), style, color in zip(losses.items(), ("-", "--"), (BLUE, ORANGE), strict=True):
    left.plot(seen, loss, ls=style, marker="o", color=color, label=name)
left.set(
    xlabel="pictures seen in training, thousands",
    ylabel="training loss",
    yscale="log",
    title="Both learn to read what they are shown",
)
left.legend()
digit_share = [training.evaluate(net, training.accuracy, test_windows) for net in nets.values()]
code_share = [codes_read(net).float().mean().item() for net in nets.values()]
place = np.arange(2)
for shift, shares, color, hatch, label in (
    (-0.2, digit_share, BLUE, "", "digits read"),
    (0.2, code_share, ORANGE, "//", "whole codes read"),
):
    bars = right.bar(place + shift, shares, 0.38, color=color, hatch=hatch, label=label, edgecolor="white")
    right.bar_label(bars, fmt="{:.0%}")
right.set(
    xticks=place,
    xticklabels=[f"trained on\n{name}" for name in nets],
    ylabel="share of the test set",
    ylim=(0, 1.3),
    title="Train on what you will meet",
)
right.legend(loc="upper center", ncols=2)
plt.show()

# %% [markdown]
# Honest reading: a code is right only if all five digits are. A net that is right on 19 digits of 20 reads only about $0.95^5 \approx 77\,\%$ of the codes. A sorting machine doesn't accept that. It sends to a person what the network is unsure about, and so will yours in a moment.
#
# What has it learned? Here is one digit on its way through the first two convolutions.

# %%
reader = nets["windows of zip codes"].cpu()
children = [m for m in reader.modules() if not list(m.children())]
with torch.no_grad():
    first_eight = int(torch.nonzero(test_windows[1] == 8)[0])
    x, stages = test_windows[0][first_eight : first_eight + 1], []
    for layer in children[:6]:
        x = layer(x)
        if isinstance(layer, nn.ReLU):
            stages.append(x[0])
fig, axes = plt.subplots(2, 9, figsize=(12, 3), gridspec_kw={"width_ratios": [1.4] + 8 * [1]})
axes[0, 0].imshow(test_windows[0][first_eight, 0], cmap="gray_r")
axes[0, 0].set_title("a window")
for row, maps in zip(axes, stages, strict=True):
    for ax, one in zip(row[1:], maps[:8], strict=False):
        ax.imshow(one, cmap="cividis")
axes[0, 1].set_title("6 maps of the first convolution", loc="left")
axes[1, 1].set_title("8 of the 16 maps of the second", loc="left")
for ax in axes.flat:
    ax.set_axis_off()
plt.show()

# %% [markdown]
# The first maps still look like the digit: its edges, seen from different sides. The second ones look like nothing in particular. They say *where* a piece of a digit was found.
#
# ## 7.7 AlexNet and VGG: larger, then deeper
#
# For fourteen years convolutional networks stayed with small pictures. Then came a million labelled photographs (ImageNet), graphics cards, and in 2012 **AlexNet** (Krizhevsky, Sutskever and Hinton). It looks like a grown LeNet: $227 \times 227 \times 3$ in; [convolution, pooling, normalisation] × 2; convolution × 3; pooling; three fully connected layers. (Versions differ in whether they normalise before or after pooling.) What was new:
#
# - **ReLU** in place of tanh: the gradient doesn't fade where a unit is strongly on;
# - **two GPUs**, each with half of the filters. The first layer has $96 = 2 \times 48$ filters of $11 \times 11$, stride 4;
# - **dropout** in the fully connected layers, and training pictures that were shifted and mirrored.

# %%
alexnet = architectures.summarize(architectures.AlexNet, (3, 227, 227))
print(alexnet)
first = alexnet.rows[0]
print(
    f"\nfirst layer: {first.parameters:,} parameters, {first.multiply_adds:,} multiplications for one photograph"
)

# %% [markdown]
# Read two columns of that table against each other. The convolutions hold few parameters and do most of the work. The fully connected layers hold nearly all of the parameters and do little.
#
# **VGG** (Simonyan and Zisserman, 2014) asked one question: what if there is nothing but $3 \times 3$? VGG-16 is [conv, conv, pool] × 2, [conv, conv, conv, pool] × 3, and three fully connected layers. Why would small filters be enough? Stack them: a pixel of the second layer sees $3 \times 3$ pixels of the first, which together see $5 \times 5$ of the picture. Three layers see $7 \times 7$.

# %%
maps = 256
stacks = np.arange(1, 6)
seen = 2 * stacks + 1
stacked = [count * convolution.conv_parameter_count(3, 3, maps, maps) for count in stacks]
single = [convolution.conv_parameter_count(F, F, maps, maps) for F in seen]
fig, ax = plt.subplots()
ax.plot(seen, np.array(single) / 1e6, color=RED, ls="--", marker="s", label="one filter of that size")
ax.plot(seen, np.array(stacked) / 1e6, color=BLUE, ls="-", marker="o", label="3 × 3 filters, stacked")
ax.set(
    xticks=seen,
    xlabel="side of the square that one output sees, pixels",
    ylabel="parameters, millions (256 maps to 256)",
    title="Stacked 3 × 3 filters see as much, for less, with a ReLU between them",
    ylim=(0, None),
)
ax.legend()
plt.show()

# %%
vgg = architectures.summarize(architectures.VGG16, (3, 224, 224))
print(vgg)


# %%
def split(summary):
    """Parameters in convolutions and in fully connected layers, and the multiplications of both."""
    kinds = [[r for r in summary.rows if r.kind == kind] for kind in ("Conv2d", "Linear")]
    return [
        [sum(getattr(r, what) for r in rows) for rows in kinds] for what in ("parameters", "multiply_adds")
    ]


fig, axes = plt.subplots(1, 2, figsize=(11, 2.6))
for ax, index, what in zip(axes, (0, 1), ("parameters", "multiplications"), strict=True):
    for row, summary in enumerate((alexnet, vgg)):
        counts = np.array(split(summary)[index])
        shares = counts / counts.sum()
        ax.barh(row, shares[0], color=BLUE, label="convolutions" if row == 0 else None)
        ax.barh(
            row,
            shares[1],
            left=shares[0],
            color=ORANGE,
            hatch="//",
            edgecolor="white",
            label="fully connected layers" if row == 0 else None,
        )
        ax.text(1.02, row, f"{counts.sum() / 1e6:,.0f} million", va="center")
    ax.set(yticks=[0, 1], yticklabels=["AlexNet", "VGG-16"], xlabel=f"share of all {what}", xlim=(0, 1.35))
    ax.grid(axis="y", visible=False)
    ax.set_xticks([0, 0.5, 1])
axes[0].set_title("Parameters are in the fully connected layers …")
axes[1].set_title("… the work is in the convolutions")
axes[0].legend(loc="lower center", bbox_to_anchor=(0.4, 1.12), ncols=2)
plt.show()

# %% [markdown]
# VGG-16 has 138,357,544 parameters, and 102,764,544 of them belong to **one** layer: the first fully connected one, which reads all $512 \cdot 7 \cdot 7$ numbers of the last maps.
#
# ## 7.8 GoogLeNet: wider, and twenty times lighter
#
# How large should a filter be? **GoogLeNet** (Szegedy and others, 2014) takes all: $1 \times 1$, $3 \times 3$, $5 \times 5$ and pooling side by side, joined along the channels. That is an **inception module**. Done plainly it would be dear. The cure is the **bottleneck**: a $1 \times 1$ convolution, which mixes channels and looks at no neighbours, first reduces the channels.
#
# | way | layers |
# |---|---|
# | one | 1 × 1 to `one` maps |
# | three | 1 × 1 down to `to_three` maps, then 3 × 3 to `three` maps |
# | five | 1 × 1 down to `to_five` maps, then 5 × 5 to `five` maps |
# | pooled | 3 × 3 max pooling, then 1 × 1 to `pooled` maps |
#
# And instead of a fully connected layer on top of the last maps, it takes the **mean** of each map. Count what that saves.

# %% [raw]
# # BEGIN QUESTION
# name: inception_parameters
# points: 4

# %% [markdown]
# ### Exercise 7.11 · inception_parameters · ★★☆ · 8 minutes
#
# Return the number of parameters of an inception module with `inputs` maps coming in, biases included.
#
# **Inputs:** seven positive integers, in the order of the table → an integer.
#
# **Worked:** all seven numbers are 1. The six convolutions have: one ($1{+}1$), to three ($1{+}1$), three ($9{+}1$), to five ($1{+}1$), five ($25{+}1$), pooled ($1{+}1$): $2 + 2 + 10 + 2 + 26 + 2 = 44$.
#
# <details><summary>Hint 1</summary>Six convolutions. Each has (F · F · maps in + 1) · maps out parameters.</details>
# <details><summary>Hint 2</summary>The 3 × 3 filters read <code>to_three</code> maps, not <code>inputs</code>. A little function inside yours saves writing.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Far too many:</b> the large filters read the bottleneck's maps, not the input's.</li>
# <li><b>A little too few:</b> pooling has no parameters, but the 1 × 1 behind it has.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def inception_parameters(inputs, one, to_three, three, to_five, five, pooled):
    """Return the number of weights and biases of an inception module."""

    # BEGIN SOLUTION
    def conv(F, maps_in, maps_out):
        return (F * F * maps_in + 1) * maps_out

    way_three = conv(1, inputs, to_three) + conv(3, to_three, three)
    way_five = conv(1, inputs, to_five) + conv(5, to_five, five)
    return conv(1, inputs, one) + way_three + way_five + conv(1, inputs, pooled)
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_small_modules(inception_parameters):
    from course_utils.checks import check_call

    def conv(F, R, K):
        return (F * F * R + 1) * K

    for sizes in ((1, 1, 1, 1, 1, 1, 1), (7, 2, 3, 5, 4, 6, 9)):
        inputs, one, to_three, three, to_five, five, pooled = sizes
        parts = [
            conv(1, inputs, one),
            conv(1, inputs, to_three),
            conv(3, to_three, three),
            conv(1, inputs, to_five),
            conv(5, to_five, five),
            conv(1, inputs, pooled),
        ]
        right = sum(parts)
        check_call(
            inception_parameters,
            *sizes,
            expected=right,
            mistakes={
                "The 1 × 1 convolution behind the pooling is missing.": right - parts[5],
                "The two bottlenecks, which reduce the maps, have parameters, too.": right
                - parts[1]
                - parts[3],
                "The large filters read the bottleneck's maps, not all that come in.": right
                - parts[2]
                - parts[4]
                + conv(3, inputs, three)
                + conv(5, inputs, five),
                "The biases are missing.": right - one - to_three - three - to_five - five - pooled,
                "The 1 × 1 convolution behind the pooling is counted as 3 × 3: only the pooling window is.": right
                - parts[5]
                + conv(3, inputs, pooled),
                "Each convolution has a bias for every filter, not one.": right
                - (one + to_three + three + to_five + five + pooled)
                + 6,
            },
        )


# %%
# HIDDEN
def test_against_the_reference(inception_parameters):
    from course_utils.architectures import Inception, count_parameters
    from course_utils.checks import check_call

    def conv(F, R, K):
        return (F * F * R + 1) * K

    for sizes in (
        (192, 64, 96, 128, 16, 32, 32),
        (832, 384, 192, 384, 48, 128, 128),
        (5, 3, 2, 11, 7, 13, 1),
    ):
        inputs, one, to_three, three, to_five, five, pooled = sizes
        right = count_parameters(Inception(*sizes))
        check_call(
            inception_parameters,
            *sizes,
            expected=right,
            mistakes={
                "The 1 × 1 convolution behind the pooling is missing.": right - conv(1, inputs, pooled),
                "The two bottlenecks, which reduce the maps, have parameters, too.": right
                - conv(1, inputs, to_three)
                - conv(1, inputs, to_five),
                "The large filters read the bottleneck's maps, not all that come in.": right
                + 9 * (inputs - to_three) * three
                + 25 * (inputs - to_five) * five,
                "The biases are missing.": right - one - to_three - three - to_five - five - pooled,
                "The 1 × 1 convolution behind the pooling is counted as 3 × 3: only the pooling window is.": right
                + 8 * inputs * pooled,
            },
        )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
module = (192, 64, 96, 128, 16, 32, 32)
with_bottlenecks = architectures.count_parameters(architectures.Inception(*module))
without = sum(
    convolution.conv_parameter_count(F, F, 192, K) for F, K in ((1, 64), (3, 128), (5, 32), (1, 32))
)
googlenet = architectures.summarize(architectures.GoogLeNet, (3, 224, 224))
fig, (left, right) = plt.subplots(1, 2, figsize=(11, 2.6))
bars = left.barh(["without", "with"], [without / 1e3, with_bottlenecks / 1e3], color=[RED, BLUE])
left.set(xlabel="parameters, thousands", title="Bottlenecks more than halve its first module", xlim=(0, 480))
left.bar_label(bars, fmt="%.0f", padding=3)
names = ["AlexNet", "VGG-16", "GoogLeNet"]
bars = right.barh(names, [s.parameters / 1e6 for s in (alexnet, vgg, googlenet)], color=[RED, ORANGE, BLUE])
right.bar_label(bars, fmt="%.1f", padding=3)
right.set(xlabel="parameters, millions", title="No large fully connected layers", xlim=(0, 165))
for ax in (left, right):
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
plt.show()
print(
    f"GoogLeNet: {googlenet.parameters:,} parameters, {split(googlenet)[0][1]:,} of them in its one linear layer"
)

# %% [markdown]
# You will read "5 million parameters" in many places. Count: it is about 7 million with the 1,000 scores of ImageNet.

# %% [markdown]
# ## 7.9 ResNet: let it through
#
# More layers should never hurt: a deeper net could leave its extra layers at "do nothing" and be just as good. In practice plain deep nets were **worse, even on their own training data**. Doing nothing is hard to learn for a stack of convolutions.
#
# **ResNet** (He, Zhang, Ren and Sun, 2015) makes it the starting point. A block computes a correction $F(x)$ and adds it to its input:
#
# $$y = \operatorname{ReLU}\bigl(F(x) + x\bigr), \qquad F(x) = w_2 \star \operatorname{ReLU}(w_1 \star x).$$
#
# Backwards, $\partial (F(x) + x)/\partial x = F'(x) + I$: the $I$ lets the gradient pass, whatever $F$ does. The added $x$ is called a **skip connection**. There are 152 layers in the largest net of the paper, with batch norm after every convolution and no dropout. Where the block changes the shape, the skip has a $1 \times 1$ convolution, a **projection**.
#
# The deeper ResNets (from 50 layers on) use **bottleneck** blocks: $1 \times 1$ down, $3 \times 3$, $1 \times 1$ up to four times as many maps.

# %% [raw]
# # BEGIN QUESTION
# name: residual_block
# points: 4

# %% [markdown]
# ### Exercise 7.12 · residual_block · ★★☆ · 10 minutes
#
# Return $\operatorname{ReLU}\bigl(F(x) + s(x)\bigr)$, without biases and without batch norm, to keep it short:
#
# - $F$: a $3 \times 3$ convolution with filters `w1`, padding 1 and the given `stride`; ReLU; a $3 \times 3$ convolution with `w2`, padding 1 and stride 1;
# - $s(x) = x$ if `projection` is `None`; otherwise a $1 \times 1$ convolution with the filters `projection`, no padding, and the same `stride`.
#
# Use the library's `convolution.conv2d(x, w, None, stride, padding)`.
#
# **Shapes:** `x` $(n, c, H, W)$, `w1` $(k, c, 3, 3)$, `w2` $(k, k, 3, 3)$, `projection` $(k, c, 1, 1)$ → $(n, k, H', W')$.
#
# **Worked:** one pixel $x = -2$, $w_1$ and $w_2$ with middle entries $-3$ and $0.5$: $F = 0.5 \cdot \operatorname{ReLU}(6) = 3$, $y = \operatorname{ReLU}(3 - 2) = 1$.
#
# <details><summary>Hint 1</summary>ReLU in NumPy: <code>np.maximum(0, a)</code>. There are two of them, one inside F, one at the very end.</details>
# <details><summary>Hint 2</summary>The stride belongs to the first convolution and to the projection.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Never smaller than x:</b> you rectified F before the sum, so the block can only add.</li>
# <li><b>"operands could not be broadcast":</b> the skip must have the shape of F(x): use the projection, with the stride.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def residual_block(x, w1, w2, projection=None, stride=1):
    """Return ReLU(F(x) + s(x)), (n, k, H', W'), where s is the identity or a 1 × 1 convolution."""
    # BEGIN SOLUTION
    inner = np.maximum(0, convolution.conv2d(x, w1, None, stride, 1))
    correction = convolution.conv2d(inner, w2, None, 1, 1)
    skip = x if projection is None else convolution.conv2d(x, projection, None, stride, 0)
    return np.maximum(0, correction + skip)
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_the_identity_skip(residual_block):
    import numpy as np
    from course_utils import convolution
    from course_utils.checks import check_call

    rng = np.random.default_rng(85)
    x, w1, w2 = rng.normal(size=(2, 3, 5, 4)), rng.normal(size=(3, 3, 3, 3)), rng.normal(size=(3, 3, 3, 3))
    w1, w2 = w1 / 4, w2 / 4

    def conv(a, w):
        return convolution.conv2d(a, w, None, 1, 1)

    inner = conv(x, w1)
    F = conv(np.maximum(0, inner), w2)
    check_call(
        residual_block,
        x,
        w1,
        w2,
        expected=np.maximum(0, F + x),
        mistakes={
            "You rectify before the sum, so the block can only add: add first, then ReLU.": np.maximum(0, F)
            + x,
            "The ReLU at the end is missing.": F + x,
            "The ReLU between the two convolutions is missing.": np.maximum(0, conv(inner, w2) + x),
            "The skip is missing: add x.": np.maximum(0, F),
            "The skip carries x as it is, negative values too: only the sum is rectified.": np.maximum(
                0, F + np.maximum(0, x)
            ),
            "You rectify both before and after the sum: F may take away, too.": np.maximum(
                0, np.maximum(0, F) + x
            ),
            "x itself is rectified before the first convolution: it goes in as it is.": np.maximum(
                0, conv(np.maximum(0, conv(np.maximum(0, x), w1)), w2) + x
            ),
            "The skip goes around the second convolution only: add x, not what lies between.": np.maximum(
                0, F + np.maximum(0, inner)
            ),
        },
    )


# %%
def test_the_projection(residual_block):
    import numpy as np
    from course_utils import convolution
    from course_utils.checks import check_call

    rng = np.random.default_rng(86)
    x, w1, w2 = rng.normal(size=(2, 3, 5, 7)), rng.normal(size=(4, 3, 3, 3)), rng.normal(size=(4, 4, 3, 3))
    projection = rng.normal(size=(4, 3, 1, 1))
    F = convolution.conv2d(np.maximum(0, convolution.conv2d(x, w1, None, 2, 1)), w2, None, 1, 1)
    skip = convolution.conv2d(x, projection, None, 2)
    check_call(
        residual_block,
        x,
        w1,
        w2,
        projection,
        2,
        expected=np.maximum(0, F + skip),
        mistakes={
            "You rectify before the sum, so the block can only add: add first, then ReLU.": np.maximum(0, F)
            + skip,
            "The ReLU at the end is missing.": F + skip,
            "The skip is missing: add the projection of x.": np.maximum(0, F),
            "The projection is rectified: only the sum is.": np.maximum(0, F + np.maximum(0, skip)),
        },
    )


# %%
# HIDDEN
def test_random_blocks_against_torch(residual_block):
    import numpy as np
    import torch
    from torch.nn import functional
    from course_utils.checks import check_call

    rng = np.random.default_rng(712)
    for n, c, k, H, W, stride in (
        (2, 3, 5, 7, 11, 2),
        (1, 2, 3, 4, 5, 1),
        (3, 5, 2, 1, 1, 1),
        (2, 1, 3, 7, 4, 3),
    ):
        x, w1, w2 = (
            rng.normal(size=(n, c, H, W)),
            rng.normal(size=(k, c, 3, 3)),
            rng.normal(size=(k, k, 3, 3)),
        )
        projection = rng.normal(size=(k, c, 1, 1))
        tx, t1, t2, tp = (torch.tensor(part) for part in (x, w1, w2, projection))
        F = functional.conv2d(torch.relu(functional.conv2d(tx, t1, None, stride, 1)), t2, None, 1, 1)
        skip = functional.conv2d(tx, tp, None, stride)
        check_call(
            residual_block,
            x,
            w1,
            w2,
            projection,
            stride,
            expected=torch.relu(F + skip).numpy(),
            mistakes={
                "You rectify before the sum, so the block can only add: add first, then ReLU.": (
                    torch.relu(F) + skip
                ).numpy(),
                "The ReLU at the end is missing.": (F + skip).numpy(),
                "The skip is missing: add the projection of x.": torch.relu(F).numpy(),
                "The projection is rectified: only the sum is.": torch.relu(F + torch.relu(skip)).numpy(),
            },
        )


# %%
# HIDDEN
def test_a_block_whose_filters_are_zero_lets_x_through(residual_block):
    import numpy as np
    from course_utils.checks import check_call

    x, zero = np.abs(np.random.default_rng(722).normal(size=(2, 3, 5, 7))), np.zeros((3, 3, 3, 3))
    check_call(
        residual_block,
        x,
        zero,
        zero,
        expected=x,
        mistakes={"The skip is missing: add x.": np.zeros_like(x)},
    )
    one = np.zeros((1, 1, 3, 3))
    one[0, 0, 1, 1] = 1
    check_call(
        residual_block,
        np.full((1, 1, 1, 1), -2.0),
        -3 * one,
        0.5 * one,
        expected=np.full((1, 1, 1, 1), 1.0),
        mistakes={
            "You rectify before the sum, so the block can only add: add first, then ReLU.": np.full(
                (1, 1, 1, 1), 3.0
            )
        },
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# Two experiments on small digits (14 × 14 pixels). First: freshly initialised nets of 36 layers, without batch norm. How much gradient arrives at each block?


# %%
class Deep(nn.Module):
    """Blocks of two 3 × 3 convolutions on 8 maps, with or without skip connections."""

    def __init__(self, layers, skip, batch_norm=True):
        super().__init__()
        self.skip = skip
        self.stem = nn.Conv2d(1, 8, 3, padding=1)

        def conv():
            norm = nn.BatchNorm2d(8) if batch_norm else nn.Identity()
            return nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), norm)

        self.blocks = nn.ModuleList(nn.Sequential(conv(), nn.ReLU(), conv()) for _ in range(layers // 2 - 1))
        self.head = nn.Linear(8, 10)

    def forward(self, x):
        x = torch.relu(self.stem(x))
        for block in self.blocks:
            x = torch.relu(block(x) + x if self.skip else block(x))
        return self.head(x.mean(dim=(2, 3)))


small_digits = nn.functional.avg_pool2d(torch.tensor(mnist.x_train[:400]), 2)
small_labels = torch.tensor(mnist.y_train[:400])
looks = {False: ("plain", RED, "--", "s"), True: ("residual", BLUE, "-", "o")}
fig, ax = plt.subplots()
for skip, (name, color, style, marker) in looks.items():
    torch.manual_seed(0)
    net = Deep(36, skip, batch_norm=False)
    training.cross_entropy(net, small_digits[:100], small_labels[:100]).backward()
    norms = [block[0][0].weight.grad.norm().item() for block in net.blocks]
    ax.plot(range(1, len(norms) + 1), norms, color=color, ls=style, marker=marker, label=name)
ax.set(
    yscale="log",
    xticks=range(1, 18, 2),
    xlabel="block, counted from the input",
    ylabel="norm of the gradient of its first filters",
    title="Skips carry the gradient to the first block",
)
ax.legend()
plt.show()

# %% [markdown]
# Second: nets of 12 and of 36 layers, now with batch norm after every convolution, as they train.

# %%
fig, ax = plt.subplots()
for skip, (name, color, style, marker) in looks.items():
    for layers, width in ((12, 1.2), (36, 2.5)):
        torch.manual_seed(0)
        net = Deep(layers, skip)
        settings = {"epochs": 4, "batch_size": 25, "learning_rate": 3e-3, "progress": False}
        losses_seen = training.fit(net, training.cross_entropy, (small_digits, small_labels), **settings).loss
        ends = marker if layers == 36 else None
        label = f"{name}, {layers} layers"
        ax.plot(range(1, 5), losses_seen, color=color, ls=style, lw=width, marker=ends, label=label)
ax.set(
    xticks=range(1, 5),
    xlabel="epoch",
    ylabel="training loss",
    title="Plain, more layers train worse; with skips, better",
)
ax.legend(loc="lower left")
plt.show()

# %% [markdown]
# Honest reading: this is one seed, four epochs, 400 digits and tiny nets. With many more epochs the plain nets would get further. But the direction is the paper's. Look at the **training** loss: the plain net of 36 layers can compute all that the one of 12 can, and doesn't find it. With skips, the deeper net is the better one.
#
# ## 7.10 Where it went
#
# Count all five.

# %%
resnet = architectures.summarize(architectures.ResNet152, (3, 224, 224))
lenet5 = architectures.summarize(lambda: architectures.LeNet5(size=32), (1, 32, 32))
history = {  # name: summary, year, layers by the authors' own count, top-5 error (%) that the paper reports
    "LeNet-5": (lenet5, 1998, 5, None),
    "AlexNet": (alexnet, 2012, 8, 15.3),
    "VGG-16": (vgg, 2014, 16, 7.3),
    "GoogLeNet": (googlenet, 2014, 22, 6.7),
    "ResNet-152": (resnet, 2015, 152, 3.6),
}
print(f"{'':11s} year  layers   parameters  of them in linear layers   multiplications  pooling layers")
for name, (summary, year, layers, _) in history.items():
    linear = split(summary)[0][1]
    pools = sum("Pool" in row.kind for row in summary.rows)
    print(
        f"{name:11s} {year} {layers:7d} {summary.parameters:12,} {linear / summary.parameters:25.0%}"
        f" {summary.multiply_adds:17,} {pools:15d}"
    )

fig, axes = plt.subplots(1, 3, figsize=(12, 3.4))
names, colors = list(history), [plotting.PALETTE["black"], RED, ORANGE, GREEN, BLUE]
linear_share = [split(s)[0][1] / s.parameters for s, *_ in history.values()]
bars = axes[0].bar(names, [layers for _, _, layers, _ in history.values()], color=colors)
axes[0].bar_label(bars)
axes[0].set(yscale="log", ylim=(3, 400), ylabel="layers with weights", title="Deeper")
bars = axes[1].bar(names, linear_share, color=colors)
axes[1].bar_label(bars, fmt="{:.0%}")
axes[1].set(ylim=(0, 1.1), ylabel="share of the parameters", title="Away from fully connected layers")
bars = axes[2].bar(names[1:], [error for *_, error in history.values()][1:], color=colors[1:])
axes[2].bar_label(bars, fmt="%.1f")
axes[2].set(ylim=(0, 18), ylabel="top-5 error on ImageNet, %", title="Better")
for ax in axes:
    ax.tick_params(axis="x", rotation=30)
    ax.grid(axis="x", visible=False)
plt.show()

# %% [markdown]
# The errors are those that the papers report for their entries in the ImageNet competition, each an average over several nets. A photograph counts as right if its class is among the five best scores.
#
# - **Smaller filters:** from $11 \times 11$ to $3 \times 3$ and $1 \times 1$. Only the first layer of later nets is larger.
# - **Deeper:** from 5 layers to 152.
# - **Away from fully connected layers:** one mean a map, and one linear layer.
# - **Away from pooling:** ResNet pools once at the start and once at the end; in between, strides make the maps smaller. (GoogLeNet's many pooling layers are mostly ways of its modules that keep the size.)
# - Depth became usable through **ReLU**, **batch norm** and **skips**, more than through larger machines alone.

# %% [markdown]
# ## 7.11 Transfer: borrow what others have learned
#
# You have thirty pictures, not a million. A network that starts from random weights will learn them by heart and understand nothing.
#
# But look at the first layers of any network trained on photographs: they find edges, colours, simple textures. That serves for **every** task. The last layers are the ones that know about poodles and espresso. So keep the early layers, which are a **representation** of pictures, and replace the end:
#
# | your data | what to do |
# |---|---|
# | few pictures | keep everything frozen, train a new last layer only |
# | some more | **fine-tune**: start from the old weights, let the higher layers (or all) learn, slowly |
# | very many, and unlike photographs | fine-tune everything, or train from scratch |
#
# Our borrowed net is **SqueezeNet** (1.2 million parameters, trained on ImageNet). Our task: is this small piece of ground brick, grass or gravel? Training pieces come from the left half of one photograph each, test pieces from the right half.

# %%
GROUNDS = ("brick", "grass", "gravel")


def cut_pieces(half, count, seed, side=32, size=63):
    """Draw ``count`` square pieces of each ground, from one half of its photograph, ready for SqueezeNet."""
    rng, pieces = np.random.default_rng(seed), []
    for name in GROUNDS:
        photograph = data.load_photograph(name)
        middle = photograph.shape[1] // 2
        part = photograph[:, :middle] if half == "left" else photograph[:, middle:]
        for _ in range(count):
            top, left = (int(rng.integers(0, length - side + 1)) for length in part.shape[:2])
            pieces.append(data.preprocess(part[top : top + side, left : left + side].copy(), size))
    return torch.cat(pieces), torch.arange(3).repeat_interleave(count)


def squeezenet(pretrained=True):
    """SqueezeNet as one chain of layers that ends with ``nn.Linear(512, 1000)``."""
    net = data.load_squeezenet()
    if not pretrained:
        for layer in net.modules():
            if isinstance(layer, nn.Conv2d):
                layer.reset_parameters()
    # Its last 1 × 1 convolution, averaged over all places, is a linear layer on the averages.
    last = nn.Linear(512, 1000)
    last.load_state_dict({"weight": net.classifier[0].weight[:, :, 0, 0], "bias": net.classifier[0].bias})
    return nn.Sequential(*net.features, nn.AdaptiveAvgPool2d(1), nn.Flatten(), last)


test_pieces = cut_pieces("right", 100, seed=99)
fig, axes = plt.subplots(3, 8, figsize=(9, 3.8))
for row, name, start in zip(axes, GROUNDS, (0, 100, 200), strict=True):
    for ax, piece in zip(row, test_pieces[0][start : start + 8], strict=True):
        ax.imshow(data.restore(piece))
        ax.set(xticks=[], yticks=[])
        ax.grid(visible=False)
    row[0].set_ylabel(name)
fig.suptitle("Test pieces, 32 × 32 pixels: not all are easy for you, either")
plt.show()

# %% [raw]
# # BEGIN QUESTION
# name: last_layer_only
# points: 4

# %% [markdown]
# ### Exercise 7.13 · last_layer_only · ★★☆ · 10 minutes
#
# `net` is an `nn.Sequential` whose last layer is an `nn.Linear`. Change it and return it:
#
# - nothing that it has learned may change any more: **freeze** all its parameters (`requires_grad = False`);
# - its last layer becomes a **fresh** `nn.Linear` with the same inputs and `classes` outputs, which does learn;
# - put it into **evaluation mode**. A frozen batch norm would otherwise go on averaging over your few pictures, for its running mean and variance are no parameters.
#
# **Worked:** a net that ends with `nn.Linear(512, 1000)`, 3 classes: afterwards it ends with `nn.Linear(512, 3)`, and $(512 + 1) \cdot 3 = 1539$ parameters learn.
#
# <details><summary>Hint 1</summary><code>net[-1]</code> is the last layer; it can be assigned, and it knows its <code>in_features</code>.</details>
# <details><summary>Hint 2</summary>Freeze first, then replace: a fresh layer's parameters learn unless you say otherwise. <code>net.requires_grad_(False)</code> freezes all that is there.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Nothing learns:</b> you froze after replacing.</li>
# <li><b>Features move although the weights are frozen:</b> batch norm is still in training mode: <code>net.eval()</code>.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def last_layer_only(net, classes):
    """Freeze an nn.Sequential, give it a fresh last linear layer with ``classes`` outputs, and return it for evaluation."""
    # BEGIN SOLUTION
    net.requires_grad_(False)
    net[-1] = nn.Linear(net[-1].in_features, classes)
    return net.eval()
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_the_new_last_layer(last_layer_only):
    import torch
    from torch import nn
    from course_utils.checks import check_true, checked_call

    torch.manual_seed(87)
    net = nn.Sequential(
        nn.Conv2d(2, 5, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(5, 11)
    )
    answer = checked_call(last_layer_only, net, 3)
    check_true(
        callable(answer) and hasattr(answer, "state_dict"),
        "Return the network.",
    )
    state = answer.state_dict()
    check_true("0.weight" in state, "Return the whole network, not its last layer.")
    check_true(
        "4.weight" in state and len(state) == 4, "Replace the last layer: don't leave the old one in, or out."
    )
    check_true(
        torch.equal(state["0.weight"], net[0].weight),
        "The early layers lost what they had learned: keep them.",
    )
    scores = checked_call(answer, torch.ones(7, 2, 6, 6))
    check_true(
        tuple(scores.shape) == (7, 3),
        "Your network should return one score for each of the new classes.",
        f"got shape {tuple(scores.shape)}",
    )
    check_true(
        not any(torch.equal(state["4.weight"], net[4].weight[i : i + 3]) for i in range(9)),
        "Your last layer is a piece of the old one: it should be fresh.",
    )


# %%
def test_what_learns(last_layer_only):
    import torch
    from torch import nn
    from course_utils.checks import check_true, checked_call

    torch.manual_seed(88)
    net = nn.Sequential(nn.Linear(3, 7), nn.ReLU(), nn.Linear(7, 5), nn.ReLU(), nn.Linear(5, 11))
    answer = checked_call(last_layer_only, net, 2)
    answer.bfloat16()  # a type that NumPy lacks: such parameters aren't copied, and can be asked
    learns = {name for name, parameter in answer.named_parameters() if parameter.requires_grad}
    said = f"learns: {sorted(learns)}"
    check_true(learns, "Nothing learns: freeze first, then replace the last layer.", said)
    check_true(
        {"4.weight", "4.bias"} <= learns,
        "The new last layer must learn, with its weights and its bias.",
        said,
    )
    check_true(
        learns != {name for name, _ in net.named_parameters()}, "Nothing is frozen: set requires_grad.", said
    )
    check_true(
        learns == {"4.weight", "4.bias"},
        "Some parameters of the old layers still learn: freeze weights and biases of all.",
        said,
    )


# %%
def test_batch_norm_stands_still(last_layer_only):
    import torch
    from torch import nn
    from course_utils.checks import check_true, checked_call

    torch.manual_seed(89)
    net = nn.Sequential(nn.Linear(3, 7), nn.BatchNorm1d(7), nn.ReLU(), nn.Linear(7, 5))
    answer = checked_call(last_layer_only, net, 2)
    checked_call(answer, 5 + torch.randn(11, 3))
    check_true(
        torch.equal(answer.state_dict()["1.running_mean"], torch.zeros(7)),
        "Frozen weights, yet the features changed: batch norm still averages. Put the net into evaluation mode.",
    )


# %%
# HIDDEN
def test_a_net_with_everything(last_layer_only):
    import torch
    from torch import nn
    from course_utils.checks import check_true, checked_call

    for inputs, classes in ((13, 1), (2, 17)):
        torch.manual_seed(inputs)
        net = nn.Sequential(
            nn.Conv2d(3, inputs, 3, bias=False),
            nn.BatchNorm2d(inputs),
            nn.Sequential(nn.ReLU(), nn.Conv2d(inputs, inputs, 1)),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Dropout(0.5),
            nn.Linear(inputs, 5),
        )
        answer = checked_call(last_layer_only, net, classes)
        x = torch.randn(5, 3, 7, 7)
        scores, again = checked_call(answer, x), checked_call(answer, x)
        check_true(
            tuple(scores.shape) == (5, classes), "Your network should return one score for each new class."
        )
        check_true(
            torch.equal(scores, again),
            "Two calls give two answers: dropout or batch norm is still in training mode.",
        )
        state = answer.state_dict()
        check_true(
            all(
                torch.equal(state[name], value) for name, value in net.state_dict().items() if name[0] != "6"
            ),
            "The early layers, or what batch norm has averaged, changed: keep them.",
        )
        with torch.no_grad():
            features = net.eval()[:-1](x)
        wanted = features @ state["6.weight"].T + state["6.bias"]
        check_true(
            torch.allclose(scores, wanted, atol=1e-5), "The new layer should read what the old one has read."
        )
        answer.bfloat16()  # a type that NumPy lacks: such parameters aren't copied, and can be asked
        learns = {name for name, parameter in answer.named_parameters() if parameter.requires_grad}
        check_true(learns, "Nothing learns: freeze first, then replace the last layer.")
        check_true(
            learns == {"6.weight", "6.bias"},
            "The new last layer must learn, with weights and bias, and nothing else.",
        )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# Now the comparison: 2 and 10 training pieces of each ground, each with three different draws of the pieces. Four ways:
#
# - **brightness only**, the baseline: the mean and the spread of a piece's brightness, nearest class wins;
# - **from scratch**: the same net with random weights;
# - **last layer only**. Its features never change, so they are computed once, which makes it very quick;
# - **fine-tuned**: the old weights and a fresh last layer, all of them learning ten times more slowly than from scratch.
#
# Training from scratch and fine-tuning make 10 passes over the pieces, the last layer alone makes 40 cheap ones.


# %%
def learn(net, train, test, rate, epochs, seed):
    """Train a net and return its share of right answers on the test pieces."""
    settings = {"learning_rate": rate, "epochs": epochs, "seed": seed, "batch_size": 15, "progress": False}
    training.fit(net, training.cross_entropy, train, **settings)
    return training.evaluate(net, training.accuracy, test)


def right_by_brightness(train, seed=0):
    def measure(pieces):  # mean and spread of each piece, (n, 2)
        return torch.stack([pieces.mean(dim=(1, 2, 3)), pieces.std(dim=(1, 2, 3))], dim=1)

    known = measure(train[0])
    centres = torch.stack([known[train[1] == label].mean(dim=0) for label in range(3)])
    nearest = torch.cdist(measure(test_pieces[0]), centres).argmin(dim=1)
    return (nearest == test_pieces[1]).float().mean().item()


def from_scratch(train, seed):
    torch.manual_seed(seed)
    net = squeezenet(pretrained=False)
    net[-1] = nn.Linear(512, 3)
    return learn(net, train, test_pieces, 1e-3, 10, seed)


draws = {count: [cut_pieces("left", count, seed) for seed in range(3)] for count in (2, 10)}


def repeat(way):
    """Shares of right answers for each draw, by the number of training pieces a ground."""
    return {count: [way(train, seed) for seed, train in enumerate(trains)] for count, trains in draws.items()}


results = {"brightness only": repeat(right_by_brightness), "from scratch": repeat(from_scratch)}


# %%
def fine_tuned(train, seed):
    torch.manual_seed(seed)
    net = squeezenet()
    net[-1] = nn.Linear(512, 3)
    return learn(net, train, test_pieces, 1e-4, 10, seed)


results["fine-tuned"] = repeat(fine_tuned)


# %%
def of_last_layer(train, seed):
    torch.manual_seed(seed)
    net = last_layer_only(squeezenet(), 3)
    with torch.no_grad():  # nothing below the last layer changes: once is enough
        features, test_features = (net[:-1](pieces) for pieces in (train[0], test_pieces[0]))
    return learn(net[-1], (features, train[1]), (test_features, test_pieces[1]), 1e-2, 40, seed)


if solved(last_layer_only):
    results["last layer only"] = repeat(of_last_layer)

fig, ax = plt.subplots(figsize=(9, 3.8))
for row, by_count in enumerate(results.values()):
    for count, color, marker, shift in ((2, ORANGE, "s", -0.12), (10, BLUE, "o", 0.12)):
        shares = by_count[count]
        ax.plot(shares, [row + shift] * 3, marker, color=color, ls="none", alpha=0.6)
        ax.plot(np.mean(shares), row + shift, "|", color=color, ms=18, mew=3)
        ax.text(1.03, row + shift, f"{np.mean(shares):.0%}", va="center", color=color)
for count, color, marker in ((2, ORANGE, "s"), (10, BLUE, "o")):
    ax.plot([], [], marker, color=color, ls="none", label=f"{count} training pieces a ground")
ax.axvline(1 / 3, color="black", lw=1, ls=":")
ax.text(0.34, -0.55, "guessing", va="center", fontsize=9)
ax.set(
    yticks=range(len(results)),
    yticklabels=list(results),
    xlim=(0.25, 1.1),
    ylim=(len(results) - 0.5, -0.8),
    xlabel="share of 300 test pieces that are right; a dot is a draw, a bar the mean",
    title="With so few pictures, borrowed features win",
)
ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.18), ncols=2)
plt.show()

# %% [markdown]
# Honest reading, in three parts.
#
# - From scratch the net doesn't even reach the baseline. More epochs would help it somewhat: give it 80 and see. Three draws can't rank the two ways that borrow: see how far apart the dots of one colour lie, and draw with other seeds. “Few pictures, last layer only” is a rule of thumb, because that way is quick and has few settings to get wrong.
# - **Look at the baseline.** Two numbers a piece, no network at all, and most pieces are right. Brick, grass and gravel differ in brightness *in these three photographs*. Without the baseline you would credit the network with all of it.
# - The training and the test pieces come from the same photograph, in the same light. That this net knows *grass* is not shown. It knows this lawn.
#
# ### Which layers are worth borrowing?
#
# Take the frozen net, average the maps behind each of its stages, and train a linear layer on those averages alone: 10 pieces a ground, as before.

# %%
depths = (1, 2, 3, 4, 6, 7, 9, 10, 11, 12)  # the first ReLU, the first pooling, then the Fire modules
net = squeezenet().eval()
train = cut_pieces("left", 10, seed=0)
averages = []
with torch.no_grad():
    for pieces in (train[0], test_pieces[0]):
        x, found = pieces, []
        for index, layer in enumerate(net[:13]):
            x = layer(x)
            if index in depths:
                found.append(x.mean(dim=(2, 3)))
        averages.append(found)
shares = []
for own, others in zip(*averages, strict=True):
    centre = own.mean(dim=0)
    scale = (own - centre).std()  # one number for all: each stage has its own size
    own, others = (own - centre) / scale, (others - centre) / scale
    torch.manual_seed(0)
    head = nn.Linear(own.shape[1], 3)
    shares.append(learn(head, (own, train[1]), (others, test_pieces[1]), 1e-2, 40, 0))
fig, ax = plt.subplots()
ax.plot(
    range(1, len(depths) + 1), shares, color=BLUE, ls="-", marker="o", label="linear layer on the averages"
)
ax.axhline(right_by_brightness(train), color=RED, ls="--", label="brightness only")
ax.axhline(1 / 3, color="black", lw=1, ls=":", label="guessing")
ax.set(
    ylim=(0.3, 1.02),
    xticks=range(1, len(depths) + 1),
    xlabel="stage of the frozen net, from the pixels up",
    ylabel="share of the test pieces",
    title="Early layers, trained on other things, already tell the grounds apart",
)
ax.legend(loc="center right", bbox_to_anchor=(1.0, 0.35))
plt.show()

# %% [markdown]
# For telling textures apart you don't need the layers that know poodles: a handful of early features, which nobody trained for this, does it. Early features are **independent of the task**; the last ones belong to ImageNet. For another kind of picture the curve looks different. It costs a few seconds to look.

# %% [raw]
# # BEGIN QUESTION
# name: which_transfer
# points: 4
# manual: true

# %% [markdown]
# ### Question 7.14 · What would you do with these pictures? · ★★☆ · 12 minutes
#
# You have a network trained on a million photographs (ImageNet). Two hospitals ask you to find a rare bone fracture on X-ray pictures, which are grey and look nothing like photographs.
#
# - Hospital A has **150** labelled pictures.
# - Hospital B has **200,000**.
#
# For **each**, say which layers you would freeze, fine-tune or train anew, and why. Then name **one** measurement that would show that the borrowed features are worth something, and **one** way in which a high accuracy on the test set could still mislead. Five to ten sentences.

# %% [raw]
# # BEGIN SOLUTION

# %% [markdown]
# **Rubric (4 points):** one point for each hospital's choice *with its reason*, one for the measurement, one for the pitfall.
#
# - *Hospital A:* freeze most or all, train a new last layer (or a small one on features of an **earlier** stage, since X-rays are unlike photographs). Reason: with 150 pictures, millions of weights would be fitted to noise. Fine-tuning a few higher layers with a small rate and early stopping is acceptable if overfitting is named.
# - *Hospital B:* fine-tune all layers from the old weights, with a smaller rate for early layers, or train from scratch and compare. Reason: enough data to move the features to a domain that differs; old weights still are a better start than random ones.
# - *Measurement:* the same net from random weights, trained with as much care, on the same split; or a baseline of simple features; or accuracy of a linear layer on each depth. It must be a **comparison** on pictures that took no part in training or choosing.
# - *Pitfall:* a rare fracture makes "never a fracture" accurate (look at misses and false alarms); pictures of one patient in both parts; the scanner, a ruler or a label in the picture gives the class away; one hospital's pictures differ from another's.
#
# "Use transfer learning because there is little data" without saying what is frozen earns half a point.

# %% [raw]
# # END SOLUTION

# %% [raw]
# # END QUESTION

# %% [markdown]
# ## 7.12 Read the mail with your own layers
#
# Now put your functions in the place of torch. They take the weights that LeNet has learned above, and read the zip codes from the beginning of this notebook. In each code, what the net is less than 90 % sure of is marked with a question mark and goes to a person.


# %%
def with_own_layers(weights, x, conv, pool):
    """LeNet's scores (n, 10) for windows x (n, 1, 32, 32), and what each layer saw, for the way back."""
    w1, b1, w2, b2, w3, b3, w4, b4, w5, b5 = weights
    seen = [x]
    for w, b in ((w1, b1), (w2, b2)):
        seen.append(np.maximum(0, conv(seen[-1], w, b, 1, 0)))
        seen.append(pool(seen[-1], 2, 2))
    seen.append(np.maximum(0, conv(seen[-1], w3.reshape(120, 16, 5, 5), b3, 1, 0)))
    seen.append(np.maximum(0, seen[-1][:, :, 0, 0] @ w4.T + b4))
    return seen[-1] @ w5.T + b5, seen


weights = [p.detach().cpu().double().numpy() for p in reader.parameters()]
if solved(conv2d_naive, max_pool):
    windows, wanted = (part.numpy() for part in windows_of(zips, zip_digits))
    scores, _ = with_own_layers(weights, windows.astype(float), conv2d_naive, max_pool)
    probability = np.exp(scores - scores.max(axis=1, keepdims=True))
    probability /= probability.sum(axis=1, keepdims=True)
    read, sure = scores.argmax(axis=1).reshape(-1, 5), probability.max(axis=1).reshape(-1, 5) >= 0.9
    fig, axes = plt.subplots(2, 2, figsize=(9, 3.6))
    for ax, picture, digits, certain, right in zip(
        axes.flat, zips[:, 0], read, sure, zip_digits, strict=True
    ):
        ax.imshow(picture, cmap="gray_r")
        text = " ".join(str(d) + ("" if c else "?") for d, c in zip(digits, certain, strict=True))
        ax.set_title(f"read {text}   ({np.sum(digits == right)} of 5 right)")
        ax.set_axis_off()
    fig.suptitle("Convolutions and pooling by you, weights by gradient descent")
    plt.show()

# %%
with torch.no_grad():
    confidence = reader(test_windows[0]).softmax(dim=1).max(dim=1).values.reshape(-1, 5).amin(dim=1)
right = codes_read(reader)
limits = np.linspace(0, 0.999, 200)
kept = [(confidence >= limit).float().mean().item() for limit in limits]
wrong = [((confidence >= limit) & ~right).float().mean().item() for limit in limits]
fig, ax = plt.subplots()
ax.plot(limits, kept, color=BLUE, ls="-", label="sorted by the machine")
ax.plot(limits, wrong, color=RED, ls="--", label="sorted, and sent to the wrong town")
ax.set(
    xlabel="sort it if the least sure digit has at least this probability",
    ylabel="share of 200 letters",
    ylim=(0, 1),
    title="The machine can pass doubtful letters to a person",
)
ax.legend()
plt.show()

# %% [markdown]
# Honest reading: 200 letters, 4,000 training digits, a few epochs. The net of 1998 was trained on sixty thousand digits and did better. But the trade is the real one: how many letters go to a person, against how many go to the wrong town.
#
# And backwards? The gradient of the loss for LeNet's **first** filters has to pass through everything that you wrote. Compare it with torch's.

# %%
if solved(conv2d_naive, conv2d_backward, max_pool, max_pool_backward):
    x, labels = test_windows[0][:7].double().numpy(), test_windows[1][:7].numpy()
    w1, b1, w2, b2, w3, b3, w4, b4, w5, b5 = weights
    scores, (x, a1, p1, a2, p2, a3, a4) = with_own_layers(weights, x, conv2d_naive, max_pool)
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    d = (p - np.eye(10)[labels]) / len(x)  # predicted minus wanted
    d = (d @ w5) * (a4 > 0)
    d = (d @ w4)[:, :, None, None] * (a3 > 0)
    d, _, _ = conv2d_backward(d, p2, w3.reshape(120, 16, 5, 5), 1, 0)
    d = max_pool_backward(d, a2, 2, 2) * (a2 > 0)
    d, _, _ = conv2d_backward(d, p1, w2, 1, 0)
    d = max_pool_backward(d, a1, 2, 2) * (a1 > 0)
    _, yours, _ = conv2d_backward(d, x, w1, 1, 0)

    reader.double().zero_grad()
    training.cross_entropy(reader, torch.tensor(x), torch.tensor(labels)).backward()
    theirs = next(reader.parameters()).grad.numpy()
    print(f"largest entry of torch's gradient: {np.abs(theirs).max():.3g}")
    print(f"largest difference to yours:       {np.abs(yours - theirs).max():.3g}")

# %% [markdown]
# ## Challenge, beyond the grade: read without cutting
#
# LeNet's layers are all convolutions, if you look at them in the right way: a linear layer from 120 numbers is a $1 \times 1$ convolution over 120 maps. So the net needn't see 32 × 32 pixels. Give it the **whole** zip code, 32 × 128, and it answers at 25 places at once, one every 4 pixels. Places 0, 6, 12, 18 and 24 are your five windows.
#
# Why 4 pixels? Where is the work saved? And what would the 20 places in between be good for, if you didn't know where the digits stand?


# %%
def slide(weights, pictures):
    """Return LeNet's scores (n, 10, 25) for zip codes (n, 1, 32, 128), without cutting them.

    weights are the ten arrays w1, b1, …, w5, b5; the library's conv2d and max_pool2d take images of any size.
    """
    ...


if solved(slide):
    at_windows = slide(weights, zips.astype(float))[:, :, ::6].transpose(0, 2, 1).reshape(-1, 10)
    cut, _ = with_own_layers(
        weights,
        windows_of(zips, zip_digits)[0].double().numpy(),
        lambda x, w, b, stride, padding: convolution.conv2d(x, w, b, stride, padding),
        convolution.max_pool2d,
    )
    print("the same scores as from the windows:", np.allclose(at_windows, cut))

# %% [markdown]
# ## What you take with you
#
# - A **filter** is laid on every place. Deep learning's convolution is **correlation**; mathematics turns the filter.
# - Size out: $(W - F + 2P)/S + 1$. If that isn't an integer, say so. Parameters: $(nmR + 1)K$, however large the image is.
# - **im2col** makes a convolution one matrix product. Backwards, everything that is shared **adds up**.
# - **Pooling** learns nothing. The largest of a window gets all of the gradient.
# - LeNet to ResNet: small filters, more layers, fewer fully connected ones. **Skips** let features and gradients through.
# - Few pictures: borrow. Freeze and train the last layer; with more, fine-tune. Compare with a **baseline**, and with pictures from elsewhere.
#
# ## Test yourself
#
# Answer first, then unfold.
#
# <details><summary>1. You swap a library's correlation for convolution in a network and train it again. What changes?</summary>The learned filters come out turned by 180°. What the network can compute, and its loss, stay the same.</details>
# <details><summary>2. A 3 × 3 layer with stride 2 and no padding gets 32 × 32 pixels. What comes out?</summary>Nothing that covers the image: (32 − 3)/2 isn't an integer. One more row and column of zeros on one side would do, or an input of 33 × 33, which gives 16 × 16.</details>
# <details><summary>3. Your image becomes twice as wide and twice as high. What happens to the parameters of a convolutional layer, to its work, and to a fully connected layer on top of it?</summary>The parameters stay. The work is about four times as much. The fully connected layer no longer fits: it would need four times as many weights. A mean over each map avoids that.</details>
# <details><summary>4. Why do two 3 × 3 layers replace one 5 × 5 layer?</summary>They see the same 5 × 5 pixels with 18 weights in place of 25 for each pair of maps, and there is a ReLU between them.</details>
# <details><summary>5. You freeze a network with batch norm, train a new last layer with <code>net.train()</code>, and the test accuracy differs from what you saw in training. Why?</summary>In training mode batch norm used each batch's own statistics and moved its running ones, though no parameter learned. Keep the frozen part in evaluation mode.</details>
#
# **Further reading.** LeCun, Bottou, Bengio and Haffner, *Gradient-Based Learning Applied to Document Recognition* (1998). Krizhevsky, Sutskever and Hinton, *ImageNet Classification with Deep Convolutional Neural Networks* (2012). Simonyan and Zisserman, *Very Deep Convolutional Networks for Large-Scale Image Recognition* (2014). Szegedy and others, *Going Deeper with Convolutions* (2014). He, Zhang, Ren and Sun, *Deep Residual Learning for Image Recognition* (2015). Yosinski, Clune, Bengio and Lipson, *How Transferable Are Features in Deep Neural Networks?* (2014). Dumoulin and Visin, *A Guide to Convolution Arithmetic for Deep Learning* (2016).
#
# ## Hand in
#
# Save the notebook (Ctrl+S), then run this cell. It writes the file that you hand in and shows what isn't done yet.

# %%
grader.hand_in()
