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
# A letter comes in. A machine must read the five digits of its zip code and send it to the right city. In 1998 a network did this for real, on millions of envelopes and cheques. Its idea still sees for phones, cars and microscopes: look at small patches, with the same small filters everywhere.
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
# **Time:** about 3½ hours · **Needs:** notebooks 04 and 06 (gradients through layers, batch norm), `torch.nn.Sequential` · **Points:** 56, of which 52 by checks and 4 for a written answer
#
# **How it works.** Write your answer where you see `...`, run the cell, then run the check under it. A check tells you what kind of mistake it sees. Exercises don't depend on each other: where a later cell needs one that you haven't solved, it says so and waits. Hints are folded away: open them when you are stuck, one at a time.

# %%
import time

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn

from course_utils import architectures, convolution, data, plotting, training
from course_utils.checks import Grader, is_stub, solved
from course_utils.device import best_device
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
# Convolution has one property that correlation lacks: order doesn't matter, $h_1 * (h_2 * f) = (h_1 * h_2) * f$. Two filters in a row are one larger filter. A network that stacked filters with nothing between them would gain nothing, which is why a non-linearity follows each.

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
ax.legend(loc="center right")
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

    for W, F, S, P in ((227, 11, 4, 0), (32, 5, 1, 0), (13, 3, 2, 1), (29, 7, 3, 4)):
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
        answer = check_call(
            conv_output_size,
            W,
            F,
            S,
            P,
            expected=right,
            mistakes={
                "One too few: the filter also stops at its start, so add 1.": right - 1,
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
    for W, F, S, P in ((3, 5, 1, 0), (3, 5, 2, 0), (2, 7, 3, 1), (4, 7, 5, 1)):
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
# points: 4

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
# points: 4

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
# points: 4

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
kept = [
    np.mean(pool(spots, 4) == pool(moved, 4)) for pool in (convolution.max_pool2d, convolution.avg_pool2d)
]
for ax, title in zip(axes[0], ("found: 24 × 24", "largest of 4 × 4", "mean of 4 × 4"), strict=True):
    ax.set_title(title)
axes[0, 0].set_ylabel("as it was")
axes[1, 0].set_ylabel("moved by one pixel")
fig.suptitle(
    f"Moved by a pixel, the picture is another; {kept[0]:.0%} of the largest values are the same", x=0.5
)
plt.show()

# %% [raw]
# # BEGIN QUESTION
# name: max_pool
# points: 4

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
                    for i in (0, 3)
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
