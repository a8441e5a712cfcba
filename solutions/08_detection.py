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
# name: 08_detection
# init_cell: false
# export_cell: false
# run_tests: false
# generate: true
# tests:
#   files: false
#   ok_format: false

# %% [markdown]
# # 08 · Detection and segmentation
#
# "There is a triangle in this picture." That is what the networks of notebook 07 can say. A robot that should pick the triangle up needs more. *Where* is it? Is there a second one? Which pixels belong to it, and which to the circle that half covers it?
#
# This notebook has **two parts**. Each has its own aims, its own summary, and a natural place to stop. Do them on two days.
#
# | part | you build | exercises and questions | time |
# |---|---|---|---|
# | **A · Detection** | boxes around things: how to guess, compare, clean up and judge them | 8.1–8.12 | about 3 hours |
# | **B · Segmentation** | a class for every pixel: ways to make small maps large again | 8.13–8.18 | about 1½ hours |
#
# **Needs:** notebooks 02 (softmax, cross-entropy) and 07 (convolution, pooling) · **Points:** 60, of which 52 by checks and 8 for two written answers
#
# **How it works.** Write your answer where you see `...`, run the cell, then run the check under it. A check tells you what kind of mistake it sees. Exercises don't depend on each other: where a later cell needs one that you haven't solved, it says so and waits. Hints are folded away: open them when you are stuck, one at a time. Four cells train networks, most of them for less than half a minute.

# %%
import time

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.patches import Rectangle
from torch import nn
from torch.nn import functional

from course_utils import convolution, data, detection, plotting, segmentation
from course_utils.architectures import summarize
from course_utils.checks import Grader, own_or_finished, solved
from course_utils.detection.parts import contrasts
from course_utils.device import best_device
from course_utils.training import fit
from course_utils.widgets import AnchorExplorer, PrecisionExplorer, SuppressionExplorer, UpsamplingExplorer

plotting.use_course_style()
BLUE, ORANGE, GREEN, RED, SKY = (plotting.PALETTE[name] for name in ("blue", "orange", "green", "red", "sky"))
device = best_device()
grader = Grader("08_detection.ipynb")

# %% [markdown]
# How this notebook draws pictures and boxes. You don't need to read it.

# %%
CLASS_COLOURS = (BLUE, ORANGE, GREEN)  # circle, square, triangle
CLASS_STYLES = ("-", "--", "-.")


masks = plt.matplotlib.colors.ListedColormap(["0.9", BLUE, ORANGE, GREEN])  # background first


def show_scene(ax, image, title=""):
    """Draw one picture (3, h, w) without ticks."""
    ax.imshow(np.clip(np.transpose(image, (1, 2, 0)), 0, 1), extent=(0, image.shape[2], image.shape[1], 0))
    ax.set(xticks=[], yticks=[], title=title)
    ax.spines[:].set_visible(True)
    ax.grid(False)


def draw_boxes(ax, boxes, labels, words=None):
    """Draw boxes (n, 4); the class decides colour and line style."""
    for i, (box, label) in enumerate(zip(boxes, labels, strict=True)):
        x1, y1, x2, y2 = box
        for color, style, width in (
            ("white", "-", 3.6),
            (CLASS_COLOURS[label % 3], CLASS_STYLES[label % 3], 2),
        ):
            ax.add_patch(Rectangle((x1, y1), x2 - x1, y2 - y1, fill=False, lw=width, ec=color, ls=style))
        if words is not None:
            above = y1 > 8
            ax.text(
                min(max(x1, 0), 44),
                y1 - 1 if above else y2 + 1,
                words[i],
                va="bottom" if above else "top",
                fontsize=8,
                color="black",
                bbox={"facecolor": "white", "alpha": 0.75, "pad": 0.8, "lw": 0},
            )


# %% [markdown]
# # Part A · Detection
#
# **You will be able to**
#
# - say what separates classification, localisation, detection and the two kinds of segmentation;
# - compare boxes, remove duplicates, and judge a detector by its mean average precision;
# - explain what R-CNN, Fast R-CNN and Faster R-CNN each saved, and count it;
# - make anchors, match them with the truth, and turn offsets into boxes and back;
# - read the output of a single-shot detector, and say what a feature pyramid and focal loss add.
#
# **Time:** about 3 hours. If you want a break in the middle, take it before 8.7.
#
# ## 8.1 Five questions about one picture
#
# The pictures of this notebook are **scenes**: coloured shapes on a grey background. They are drawn by a program, so everything about them is known. Here is one scene and five things that you could ask of it.

# %%
scenes = data.make_scenes(10, least=3, seed=18)
example = 3
there = scenes.labels[example] >= 0
boxes, labels = scenes.boxes[example][there], scenes.labels[example][there]
largest = int(np.argmax(detection.box_area(boxes)))
names = [scenes.shapes[label] for label in labels]

things = plt.matplotlib.colors.ListedColormap(["0.9", SKY, RED, GREEN, ORANGE])
fig, axes = plt.subplots(1, 5, figsize=(14, 3.4))
show_scene(axes[0], scenes.images[example], f"classification:\nthe main thing is a {names[largest]}")
show_scene(axes[1], scenes.images[example], "localisation:\nand where is it?")
draw_boxes(axes[1], boxes[[largest]], labels[[largest]])
show_scene(axes[2], scenes.images[example], "detection:\nwhat is where, all of it?")
draw_boxes(axes[2], boxes, labels, names)
axes[3].imshow(scenes.semantic[example], cmap=masks, vmin=0, vmax=3)
axes[3].set_title("semantic segmentation:\nwhich class is each pixel?")
axes[4].imshow(scenes.instances[example], cmap=things, vmin=0, vmax=4)
axes[4].set_title("instance segmentation:\nwhich thing is each pixel?")
for ax in axes:
    ax.set(xticks=[], yticks=[])
    ax.grid(False)
    ax.title.set_fontsize(10)
plt.show()

# %% [markdown]
# From left to right the answers grow:
#
# - **classification**: one class for the picture;
# - **localisation**: one class and one box, when there is one thing;
# - **detection**: a list of classes and boxes, of a length that nobody knows beforehand;
# - **semantic segmentation**: a class for every pixel; two circles that touch become one blue patch;
# - **instance segmentation**: a class *and* a number for every pixel, so that they stay two.
#
# A box is four numbers $(x_1, y_1, x_2, y_2)$: the left, upper, right and lower **edge**. $x$ points right and $y$ points **down**, in pixels. Pixel 0 spans from 0 to 1, so a box that covers it alone is $(0, 0, 1, 1)$ with area 1. Mind the order: an array is indexed `[row, column]`, so $y$ comes first there, but $x$ comes first in a box.
#
# ## 8.2 One thing: a class and a box
#
# Start with pictures that show exactly one thing. A convolutional network turns the picture into features. On them sit two **heads**:
#
# - the **class head**: $C$ scores, one for each class, as in notebook 07;
# - the **box head**: numbers that say where. This is regression, as in notebook 01.
#
# The box head comes in two kinds. A **class-agnostic** head gives one box, whatever the thing is: 4 numbers. A **per-class** head gives a box for each class: $4C$ numbers. Then only the box of the *true* class learns from a picture, and when predicting you take the box of the class that won.
#
# Both heads learn together, from the sum of two losses.

# %% [raw]
# # BEGIN QUESTION
# name: localisation_loss
# points: 3

# %% [markdown]
# ### Exercise 8.1 · localisation_loss · ★★☆ · 12 minutes
#
# For picture $i$ with scores $s_i$, true class $y_i$ and true box $t_i$, let $b_i$ be the box that has to learn: the only one of a class-agnostic head, or the one of class $y_i$. Compute
#
# $$L = \frac1n \sum_{i=1}^n \left[ -\log \operatorname{softmax}(s_i)_{y_i} + \lambda \sum_{j=1}^{4} (b_{i,j} - t_{i,j})^2 \right].$$
#
# **Shapes:** `scores` $(n, C)$, `boxes` $(n, K, 4)$ with $K = 1$ (class-agnostic) or $K = C$ (per class), `labels` $(n,)$, `truth` $(n, 4)$, `weight` the number $\lambda$ → one number.
#
# **Worked:** one picture, scores $(0, 0)$, true class 1: cross-entropy $\log 2 = 0.6931$. Box $(0.1, 0.2, 0.5, 0.6)$, truth $(0.1, 0.2, 0.5, 0.8)$: squares add up to $0.04$. With $\lambda = 10$ the loss is $0.6931 + 0.4 = 1.0931$.
#
# <details><summary>Hint 1</summary><code>boxes[np.arange(n), labels]</code> picks one box for each picture. With K = 1 use 0 in place of <code>labels</code>.</details>
# <details><summary>Hint 2</summary>log softmax(s) is s minus the largest score, minus the log of the sum of the exponentials of that. Take the true class's entry of each row.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>The box part is 4 times too small:</b> you took a mean over the coordinates; the formula sums them.</li>
# <li><b>Right for one head, wrong for the other:</b> look at K. The box that learns is the true class's, not that of the largest score.</li>
# <li><b>NaN or infinity:</b> subtract each row's largest score before the exponential.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def localisation_loss(scores, boxes, labels, truth, weight):
    """Return the mean cross-entropy plus weight times the squared error of the box that has to learn.

    scores is (n, C), boxes (n, K, 4) with K = 1 or K = C, labels (n,), truth (n, 4).
    """
    # BEGIN SOLUTION
    rows = np.arange(len(scores))
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    own = boxes[rows, labels] if boxes.shape[1] > 1 else boxes[:, 0]
    return np.mean(-log_p[rows, labels] + weight * np.sum((own - truth) ** 2, axis=1))
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_one_box_for_all_classes(localisation_loss):
    import numpy as np
    from course_utils.checks import check_call

    scores = np.array(
        [[1.0, -0.5, 2.0], [0.0, 1.5, 0.3], [0.7, 0.1, -1.0], [2.0, 2.5, 0.0], [-1.0, 0.4, 0.2]]
    )
    boxes = np.array(
        [
            [[0.1, 0.2, 0.5, 0.9]],
            [[0.3, 0.1, 0.8, 0.4]],
            [[0.2, 0.2, 0.4, 0.6]],
            [[0.0, 0.5, 0.3, 1.0]],
            [[0.4, 0.3, 0.9, 0.7]],
        ]
    )
    labels, truth = (
        np.array([2, 1, 0, 0, 1]),
        np.array(
            [
                [0.2, 0.1, 0.6, 0.8],
                [0.3, 0.2, 0.7, 0.7],
                [0.1, 0.2, 0.6, 0.6],
                [0.2, 0.4, 0.4, 0.9],
                [0.3, 0.3, 1.0, 0.6],
            ]
        ),
    )
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    entropy, squares = -np.log(p[np.arange(5), labels]), (boxes[:, 0] - truth) ** 2
    check_call(
        localisation_loss,
        scores,
        boxes,
        labels,
        truth,
        7.0,
        expected=np.mean(entropy) + 7 * squares.sum() / 5,
        mistakes={
            "You took the mean over the four coordinates: the formula sums them.": entropy.mean()
            + 7 * squares.mean(),
            "You summed over the pictures: the loss is their mean.": entropy.sum() + 7 * squares.sum(),
            "The weight belongs to the box, not to the class.": 7 * entropy.mean() + squares.sum() / 5,
            "The weight λ is missing in front of the box's error.": entropy.mean() + squares.sum() / 5,
            "You took absolute errors of the box: the formula squares them.": entropy.mean()
            + 7 * np.sqrt(squares).sum() / 5,
            "The class's part is missing: add its cross-entropy.": 7 * squares.sum() / 5,
            "The box's part is missing: add λ times its squared error.": entropy.mean(),
        },
    )


# %%
def test_a_box_for_each_class(localisation_loss):
    import numpy as np
    from course_utils.checks import check_call

    rng = np.random.default_rng(81)
    scores, boxes, truth = rng.normal(size=(5, 3)), rng.uniform(size=(5, 3, 4)), rng.uniform(size=(5, 4))
    labels, n = np.array([0, 2, 1, 1, 0]), np.arange(5)
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    entropy = -np.log(p[n, labels]).mean()

    def box_error(own):
        return 3 * np.sum((own - truth) ** 2) / 5

    check_call(
        localisation_loss,
        scores,
        boxes,
        labels,
        truth,
        3.0,
        expected=entropy + box_error(boxes[n, labels]),
        mistakes={
            "In training the true class's box learns, not that of the largest score.": entropy
            + box_error(boxes[n, scores.argmax(axis=1)]),
            "You always used the first box: with K > 1 each class has its own.": entropy
            + box_error(boxes[:, 0]),
            "All boxes were made to learn: only the true class's should.": entropy
            + 3 * np.sum((boxes - truth[:, None]) ** 2) / 5,
            "You averaged the boxes of all classes: take the true class's.": entropy
            + box_error(boxes.mean(axis=1)),
        },
    )


# %%
# HIDDEN
def test_both_heads_at_random_sizes(localisation_loss):
    import numpy as np
    import torch
    from course_utils.checks import check_call
    from torch.nn import functional

    rng = np.random.default_rng(108)
    for n, C, K, weight in ((7, 5, 5, 2.5), (11, 3, 1, 0.7), (13, 2, 2, 11.0)):
        scores, boxes, truth = rng.normal(size=(n, C)), rng.normal(size=(n, K, 4)), rng.normal(size=(n, 4))
        labels = rng.integers(0, C, n)
        entropy = functional.cross_entropy(torch.tensor(scores), torch.tensor(labels)).item()
        one_hot = np.eye(C)[labels] if K == C else np.ones((n, 1))
        squares = (np.einsum("nk,nkj->nj", one_hot, boxes) - truth) ** 2
        check_call(
            localisation_loss,
            scores,
            boxes,
            labels,
            truth,
            weight,
            expected=entropy + weight * squares.sum() / n,
            sizes={"n": n},
            mistakes={
                "You took the mean over the four coordinates: the formula sums them.": entropy
                + weight * squares.mean(),
                "The weight belongs to the box, not to the class.": weight * entropy + squares.sum() / n,
            },
        )


# %%
# HIDDEN
def test_one_picture_and_huge_scores(localisation_loss):
    import numpy as np
    from course_utils.checks import check_call

    box, truth = np.array([[[0.1, 0.2, 0.5, 0.6]]]), np.array([[0.1, 0.2, 0.5, 0.8]])
    check_call(localisation_loss, np.zeros((1, 2)), box, np.array([1]), truth, 10.0, expected=np.log(2) + 0.4)
    check_call(
        localisation_loss,
        np.array([[1000.0, 998.0]]),
        box,
        np.array([1]),
        truth,
        0.0,
        expected=2 + np.log1p(np.exp(-2)),
    )
    check_call(
        localisation_loss,
        np.array([[-2000.0, -4000.0], [3.0, 3.0]]),
        np.repeat(box, 2, axis=0),
        np.array([0, 1]),
        np.repeat(truth, 2, axis=0),
        1.0,
        expected=np.log(2) / 2 + 0.04,
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# Does it work? Train both kinds of head for a few seconds on 400 pictures of one thing each, and ask them about pictures that they haven't seen. `detection.Localizer` is such a network; its loss is yours, but for a smooth $L_1$ error of middles and sizes in place of the square.


# %%
def train(net, scenes, epochs, learning_rate, batch_size=16):
    """Train a detector on scenes, and say how long it took."""
    torch.manual_seed(0)
    start = time.perf_counter()
    batch = tuple(torch.tensor(part) for part in (scenes.images, scenes.boxes, scenes.labels))
    history = fit(
        net,
        lambda net, *batch: net.loss(*batch),
        batch,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        one_cycle=True,
        device=device,
        progress=False,
    )
    return history, time.perf_counter() - start


single = data.make_scenes(400, least=1, most=1, seed=3)
single_test = data.make_scenes(200, least=1, most=1, seed=4)
answers = {}
for kind, per_class in (("class-agnostic", False), ("per class", True)):
    torch.manual_seed(0)
    net = detection.Localizer(3, per_class=per_class, width=8)
    train(net, single, epochs=6, learning_rate=4e-3)
    answers[kind] = net.detect(torch.tensor(single_test.images, device=device))

fig, axes = plt.subplots(1, 6, figsize=(13, 2.6))
for i, ax in enumerate(axes):
    show_scene(ax, single_test.images[i])
    draw_boxes(ax, single_test.boxes[i, :1], [0])
    draw_boxes(ax, answers["class-agnostic"][i].boxes.cpu().numpy(), [1])
fig.suptitle("One thing, one box: found (dashed) beside the truth (solid)")
plt.show()
for kind, found in answers.items():
    right = np.mean(
        [int(each.labels[0]) == label[0] for each, label in zip(found, single_test.labels, strict=True)]
    )
    overlap = np.mean(
        [
            float(detection.iou(each.boxes.cpu().numpy(), box)[0, 0])
            for each, box in zip(found, single_test.boxes, strict=True)
        ]
    )
    print(f"{kind:15} class right {right:.0%} (guessing: 33%), mean overlap of box and truth {overlap:.2f}")

# %% [markdown]
# The boxes are good after a few seconds of training; the classes are not much better than guessing. To see *that* something is there is easy. Whether a dozen pixels are a circle or a square takes longer to learn.
#
# Would you say that the per-class head is better? Not from this. The two differ by less than another seed would change. Per class pays when classes have different shapes, such as pedestrians and cars.
#
# But what is "mean overlap"?
#
# ## 8.3 How much do two boxes agree?
#
# Two boxes rarely agree exactly. The measure that everyone uses is **intersection over union**: the area that they share, divided by the area that at least one covers.
#
# $$\operatorname{IoU}(a, b) = \frac{|a \cap b|}{|a \cup b|}, \qquad |a \cup b| = |a| + |b| - |a \cap b|$$
#
# It is 1 for equal boxes and 0 for boxes apart. The size of the picture doesn't matter, and a box that is too large is punished as one that is too small.

# %%
truth = np.array([[20.0, 20.0, 60.0, 50.0]])
others = {
    "shifted by 4": [24, 20, 64, 50],
    "shifted by 10": [30, 20, 70, 50],
    "shifted both ways": [30, 28, 70, 58],
    "half the size": [20, 20, 60, 35],
    "far too large": [5, 8, 75, 62],
}
fig, axes = plt.subplots(1, 5, figsize=(13, 2.6))
for ax, (name, box) in zip(axes, others.items(), strict=True):
    for (x1, y1, x2, y2), color, style in ((truth[0], BLUE, "-"), (box, ORANGE, "--")):
        ax.add_patch(Rectangle((x1, y1), x2 - x1, y2 - y1, fc=color, alpha=0.25))
        ax.add_patch(Rectangle((x1, y1), x2 - x1, y2 - y1, fill=False, ec=color, ls=style, lw=2.2))
    value = detection.iou(truth, np.array([box], dtype=float))[0, 0]
    ax.set(
        xlim=(0, 80), ylim=(70, 0), xticks=[], yticks=[], aspect="equal", title=f"{name}:\nIoU {value:.2f}"
    )
    ax.title.set_fontsize(10)
    ax.grid(False)
fig.suptitle("IoU falls quickly: 0.5 is a better fit than it sounds")
plt.show()

# %% [raw]
# # BEGIN QUESTION
# name: iou
# points: 3
# forbids: [course_utils.detection.iou]

# %% [markdown]
# ### Exercise 8.2 · iou · ★☆☆ · 10 minutes
#
# Compute the IoU of each box of `a` with each box of `b`. Each box has an area larger than 0.
#
# The shared part of two boxes runs from the larger of the two left edges to the smaller of the two right edges, and the same vertically. If that comes out negative, the boxes don't touch: the shared width is 0.
#
# **Shapes:** `a` $(n, 4)$, `b` $(m, 4)$ → $(n, m)$.
#
# **Worked:** $a = (0, 0, 2, 2)$, $b = (1, 0, 3, 2)$: shared width $2 - 1 = 1$, height $2$, so the shared area is $2$. The union is $4 + 4 - 2 = 6$ and the IoU $\frac13$.
#
# <details><summary>Hint 1</summary><code>a[:, None]</code> is (n, 1, 4) and <code>b[None]</code> is (1, m, 4). <code>np.maximum</code> of a part of each gives all pairs at once.</details>
# <details><summary>Hint 2</summary>Clamp width and height <b>separately</b> at 0, then multiply: <code>np.maximum(0, …)</code>.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>More than 0 for boxes apart:</b> two negative lengths make a positive area. Clamp before you multiply.</li>
# <li><b>A little too large everywhere:</b> coordinates are edges, not pixels; no + 1.</li>
# <li><b>Never above ½:</b> the union counts the shared part once: subtract it.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def iou(a, b):
    """Return the (n, m) intersections over union of boxes a (n, 4) with boxes b (m, 4)."""
    # BEGIN SOLUTION
    upper_left = np.maximum(a[:, None, :2], b[None, :, :2])
    lower_right = np.minimum(a[:, None, 2:], b[None, :, 2:])
    width, height = np.moveaxis(np.maximum(0, lower_right - upper_left), 2, 0)
    shared = width * height
    area_a = (a[:, 2] - a[:, 0]) * (a[:, 3] - a[:, 1])
    area_b = (b[:, 2] - b[:, 0]) * (b[:, 3] - b[:, 1])
    return shared / (area_a[:, None] + area_b - shared)
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_boxes_that_overlap(iou):
    import numpy as np
    from course_utils.checks import check_call

    a = np.array([[1.0, 2.0, 8.0, 7.0], [3.0, 0.0, 9.0, 11.0], [2.0, 3.0, 5.0, 5.0]])
    b = np.array([[2.0, 1.0, 6.0, 6.0], [4.0, 4.0, 12.0, 9.0]])
    shared = np.array([[16.0, 12.0], [15.0, 25.0], [6.0, 1.0]])  # counted on squared paper
    areas = np.array([35.0, 66.0, 6.0])[:, None] + np.array([20.0, 40.0])
    least = np.minimum(np.array([35.0, 66.0, 6.0])[:, None], np.array([20.0, 40.0]))
    edges = np.array([[25.0, 20.0], [24.0, 36.0], [12.0, 4.0]])
    areas_1 = np.array([48.0, 84.0, 12.0])[:, None] + np.array([30.0, 54.0])
    right = shared / (areas - shared)
    check_call(
        iou,
        a,
        b,
        expected=right,
        sizes={"n": 3, "m": 2},
        mistakes={
            "The union counts the shared area twice: subtract it once.": shared / areas,
            "Coordinates are edges, not pixels: no + 1.": edges / (areas_1 - edges),
            "You divided by the smaller box: divide by the union.": shared / least,
            "That is the shared area: divide it by the union.": shared,
            "Twice the shared area over the sum of areas is Dice's measure, not IoU.": 2 * shared / areas,
            "Rows are the boxes of a, columns those of b: yours is transposed.": right.T,
        },
    )


# %%
def test_boxes_apart_share_nothing(iou):
    import numpy as np
    from course_utils.checks import check_call

    a = np.array([[0.0, 0.0, 2.0, 3.0]])
    b = np.array([[5.0, 7.0, 9.0, 8.0], [4.0, 1.0, 6.0, 2.0], [1.0, 4.0, 2.0, 9.0]])
    width, height = np.array([-3.0, -2.0, 1.0]), np.array([-4.0, 1.0, -1.0])
    union = 6 + np.array([4.0, 2.0, 5.0])
    shared = width * height
    check_call(
        iou,
        a,
        b,
        expected=np.zeros((1, 3)),
        sizes={"m": 3},
        mistakes={
            "These boxes don't touch: clamp width and height at 0 before you multiply them.": (
                shared / (union - shared)
            )[None],
            "Two negative lengths make a positive area: clamp each at 0 before you multiply, not the product.": (
                np.maximum(0, shared) / (union - np.maximum(0, shared))
            )[None],
            "These boxes don't touch: a length can't be negative, and its absolute value isn't shared.": (
                np.abs(shared) / (union - np.abs(shared))
            )[None],
        },
    )


# %%
# HIDDEN
def test_random_boxes(iou):
    import numpy as np
    from course_utils import detection
    from course_utils.checks import check_call

    rng = np.random.default_rng(208)
    for n, m in ((7, 5), (1, 11), (13, 2)):
        a, b = (
            np.concatenate([corner, corner + rng.uniform(5, 60, (k, 2))], axis=1)
            for k in (n, m)
            for corner in [rng.uniform(-20, 60, (k, 2))]
        )
        check_call(iou, a, b, expected=detection.iou(a, b), sizes={"n": n, "m": m})


# %%
# HIDDEN
def test_equal_nested_and_touching_boxes(iou):
    import numpy as np
    from course_utils.checks import check_call

    a = np.array([[1.0, 2.0, 4.0, 7.0]])
    b = np.array(
        [
            [1.0, 2.0, 4.0, 7.0],
            [2.0, 3.0, 3.0, 6.0],
            [4.0, 2.0, 6.0, 7.0],
            [-50.0, -50.0, 50.0, 50.0],
            [1.5, 2.5, 3.5, 9.0],
        ]
    )
    check_call(
        iou,
        a,
        b,
        expected=np.array([[1.0, 3 / 15, 0.0, 15 / 10000, 9 / 19]]),
        sizes={"m": 5},
        mistakes={
            "You divided by the smaller box: divide by the union.": np.array([[1.0, 1.0, 0.0, 1.0, 9 / 13]])
        },
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# ## 8.4 One box for each thing
#
# A detector asks everywhere, so it finds the same thing many times: once from here, once from a pixel further on. **Non-maximum suppression** cleans up, greedily:
#
# 1. Take the box with the highest score. It stays.
# 2. Drop every box that overlaps it by more than a threshold.
# 3. Go on with the best of the rest, until none is left.
#
# A box that has been dropped drops nobody. And suppression is done **for each class by itself**: a cup may stand in front of a table, and both are right.

# %% [raw]
# # BEGIN QUESTION
# name: nms
# points: 4
# forbids: [course_utils.detection.nms]

# %% [markdown]
# ### Exercise 8.3 · nms · ★★☆ · 12 minutes
#
# Do this for boxes of one class. A box goes when its IoU with a box that **stays** and has a better score is **larger than** the threshold. Of equal scores the one that comes first in the input counts as better. You may use `detection.iou`.
#
# **Shapes:** `boxes` $(n, 4)$, `scores` $(n,)$, `threshold` a number → the numbers of the boxes that stay, best first: an integer array.
#
# **Worked:** boxes $A = (0,0,10,10)$ with score $0.8$, $B = (1,0,11,10)$ with $0.9$, $C = (20,0,30,10)$ with $0.5$; threshold $0.5$. $B$ is best and stays. $A$ overlaps it by $\frac{90}{110} = 0.82$ and goes. $C$ stays. Answer: $(1, 2)$.
#
# <details><summary>Hint 1</summary><code>np.argsort(-scores, kind="stable")</code> gives the numbers from the best to the worst and keeps equal ones in order.</details>
# <details><summary>Hint 2</summary>Go through them in that order with a list <code>kept</code>. A box joins it if its IoU with everything in <code>kept</code> is at most the threshold.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Too few boxes stay:</b> you compare with boxes that have been dropped already.</li>
# <li><b>The worst box wins:</b> argsort sorts upwards.</li>
# <li><b>Right boxes, wrong order:</b> the answer lists them from the best score down, not by number.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def nms(boxes, scores, threshold):
    """Return the numbers of the boxes (n, 4) that stay, best score first."""
    # BEGIN SOLUTION
    overlap = detection.iou(boxes, boxes)
    kept = []
    for i in np.argsort(-scores, kind="stable"):
        if np.all(overlap[i, kept] <= threshold):
            kept.append(i)
    return np.array(kept, dtype=int)
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_a_dropped_box_drops_nobody(nms):
    import numpy as np
    from course_utils.checks import check_call

    # A chain: each overlaps the next by 0.54, and no other.
    boxes = np.array(
        [
            [6.0, 0.0, 16.0, 10.0],
            [0.0, 0.0, 10.0, 10.0],
            [3.0, 0.0, 13.0, 10.0],
            [40.0, 5.0, 45.0, 9.0],
            [9.0, 0.0, 19.0, 10.0],
        ]
    )
    scores = np.array([0.6, 0.95, 0.8, 0.7, 0.3])
    check_call(
        nms,
        boxes,
        scores,
        0.5,
        expected=np.array([1, 3, 0]),
        sizes={"n": 5},
        mistakes={
            "A dropped box drops nobody: compare with those that stay, not with all better ones.": np.array(
                [1, 3]
            ),
            "You began with the lowest score: argsort sorts upwards.": np.array([4, 3, 2]),
            "The right boxes stay, but list them from the best score down.": np.array([0, 1, 3]),
            "Those are the boxes that go: return those that stay.": np.array([2, 4]),
            "These are places in the sorted list: return numbers of the input.": np.array([0, 2, 3]),
            "You dropped boxes that overlap little, and kept those that overlap much.": np.array([1, 2]),
            "Nothing was dropped: you only sorted.": np.array([1, 2, 3, 0, 4]),
        },
    )


# %%
def test_an_overlap_of_just_the_threshold_stays(nms):
    import numpy as np
    from course_utils.checks import check_call

    boxes = np.array(
        [
            [0.0, 0.0, 4.0, 2.0],
            [0.0, 0.0, 4.0, 1.0],
            [0.0, 0.0, 4.0, 1.5],
            [8.0, 0.0, 9.0, 1.0],
            [8.0, 0.0, 9.0, 1.0],
        ]
    )
    scores = np.array([0.5, 0.9, 0.4, 0.2, 0.2])
    check_call(
        nms,
        boxes,
        scores,
        0.5,
        expected=np.array([1, 0, 3]),
        sizes={"n": 5},
        mistakes={
            "A box goes when it overlaps by more than the threshold; at just the threshold it stays.": np.array(
                [1, 3]
            ),
            "Of equal scores the first in the input counts as better: use a stable sort of −scores.": np.array(
                [1, 0, 4]
            ),
        },
    )


# %%
# HIDDEN
def test_random_boxes(nms):
    import numpy as np
    from course_utils import detection
    from course_utils.checks import check_call

    rng = np.random.default_rng(308)
    for n, threshold in ((31, 0.3), (53, 0.6), (17, 0.1)):
        corner = rng.uniform(0, 30, (n, 2))
        boxes, scores = (
            np.concatenate([corner, corner + rng.uniform(8, 30, (n, 2))], axis=1),
            rng.uniform(size=n),
        )
        order, overlap = np.argsort(-scores), detection.iou(boxes, boxes)
        free = [i for k, i in enumerate(order) if not (overlap[i, order[:k]] > threshold).any()]
        right = detection.nms(boxes, scores, threshold)
        check_call(
            nms,
            boxes,
            scores,
            threshold,
            expected=right,
            mistakes={
                "A dropped box drops nobody: compare with those that stay, not with all better ones.": np.array(
                    free
                ),
                "The right boxes stay, but list them from the best score down.": np.sort(right),
            },
        )


# %%
# HIDDEN
def test_many_equal_scores(nms):
    import numpy as np
    from course_utils import detection
    from course_utils.checks import check_call

    rng = np.random.default_rng(318)
    corner = rng.uniform(0, 30, (97, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(8, 30, (97, 2))], axis=1)
    scores = rng.integers(0, 3, 97) / 4
    overlap, kept = detection.iou(boxes, boxes), []
    for i in np.argsort(-scores):
        if np.all(overlap[i, kept] <= 0.4):
            kept.append(i)
    check_call(
        nms,
        boxes,
        scores,
        0.4,
        expected=detection.nms(boxes, scores, 0.4),
        mistakes={
            "Of equal scores the first in the input counts as better: use a stable sort of −scores.": np.array(
                kept
            )
        },
    )


# %%
# HIDDEN
def test_no_box_one_box_and_extreme_thresholds(nms):
    import numpy as np
    from course_utils.checks import check_call

    boxes = np.array([[0.0, 0.0, 4.0, 4.0], [0.0, 0.0, 4.0, 4.0], [3.0, 3.0, 7.0, 7.0]])
    check_call(nms, boxes[:0], np.array([]), 0.5, expected=np.array([], dtype=int))
    check_call(nms, boxes[:1], np.array([-3.0]), 0.5, expected=np.array([0]))
    check_call(nms, boxes, np.array([0.1, 0.3, 0.2]), 1.0, expected=np.array([1, 2, 0]))
    check_call(nms, boxes, np.array([0.1, 0.3, 0.2]), 0.0, expected=np.array([1]))
    check_call(nms, boxes, np.array([7.0, 7.0, 9.0]), 0.05, expected=np.array([2, 0]))


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# Drag the corners of the boxes and see who goes, and why.
#
# 1. Two people stand side by side: drag A and B so that their IoU is 0.6. At which thresholds do you lose one of two right answers?
# 2. Make B overlap A, and C overlap B by more than that, but not A. Raise the threshold until B comes back. What happens to C, and why?

# %%
SuppressionExplorer()

# %% [markdown]
# There is no right threshold. A low one loses things that stand close together; a high one shows the same thing twice.

# %% [markdown]
# ## 8.5 How good is a detector?
#
# Sort all detections, from all pictures, by score. Go down the list and ask of each whether it is **right**: does it overlap a true box of its class by at least 0.5? Each true box can be found **once**. A second detection of the same thing is wrong, however well it fits.
#
# After $k$ detections, $t$ of them right, with $n$ things to be found:
#
# $$\text{precision} = \frac tk, \qquad \text{recall} = \frac tn.$$
#
# Going down, recall can only grow. Precision goes up and down. The **average precision** (AP) is the area under precision against recall. One repair comes first: at each recall take the best precision at that recall *or any higher one*. Nobody would stop just before the curve rises. That is the **envelope**.
#
# The **mean average precision** (mAP) is the mean of AP over the classes. It is given from 0 to 100.

# %%
scores = np.array([0.95, 0.9, 0.8, 0.75, 0.6, 0.5, 0.4, 0.3])
right = np.array([1, 0, 1, 1, 0, 0, 1, 0], dtype=bool)
things = 5
hits = np.cumsum(right)
precision, recall = hits / np.arange(1, 9), hits / things
envelope = np.maximum.accumulate(precision[::-1])[::-1]
fig, ax = plt.subplots(figsize=(7, 3.8))
ax.bar(
    (recall - 0.1)[right],
    envelope[right],
    0.2,
    color=SKY,
    alpha=0.5,
    edgecolor="white",
    label="area: the average precision",
)
ax.plot(recall, precision, color=BLUE, ls="-", marker="o", label="after 1, 2, 3, … detections")
for k in range(8):
    ax.annotate(f"{k + 1}", (recall[k], precision[k]), (6, 6), textcoords="offset points", fontsize=9)
value = detection.average_precision(scores, right, things, points=None)
ax.set(
    xlim=(0, 1.02),
    ylim=(0, 1.12),
    xlabel="recall: share of the 5 things found",
    ylabel="precision: share that is right",
    title=f"AP {value:.0f}: what is never found, on the right, costs too",
)
ax.legend(loc="upper right")
plt.show()

# %% [raw]
# # BEGIN QUESTION
# name: average_precision
# points: 4
# forbids: [course_utils.detection.average_precision, course_utils.detection.mean_average_precision, sklearn.*]

# %% [markdown]
# ### Exercise 8.4 · average_precision · ★★★ · 15 minutes
#
# You get all detections of one class. `matches` says which thing each of them overlaps by at least 0.5: the thing's number, or $-1$ for none. The best-scored detection of each thing is right. Later ones of the same thing count as wrong.
#
# Return the area under the envelope, from 0 to 100. Recall grows by $1/n$ at each right detection and stays at each wrong one, so the area is a sum over the right ones:
#
# $$\text{AP} = 100 \cdot \frac1n \sum_{k \text{ right}} \max_{j \ge k} \text{precision}_j.$$
#
# Of equal scores the one that comes first in the input counts as better.
#
# **Shapes:** `scores` $(k,)$, `matches` $(k,)$ integers, `n_truth` the number $n$ of things → one number.
#
# **Worked:** scores $(0.9, 0.8, 0.7)$, matches $(0, -1, 1)$, $n = 2$. Precisions $1, \frac12, \frac23$. Right are the first and the third: $100 \cdot \frac12 (1 + \frac23) = 83.33$.
#
# <details><summary>Hint 1</summary>Sort <code>matches</code> by falling score. Then <code>np.unique(…, return_index=True)</code> tells you where each value occurs first.</details>
# <details><summary>Hint 2</summary>The envelope is a running maximum from the end: <code>np.maximum.accumulate(precision[::-1])[::-1]</code>.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Above 100:</b> you counted the second detection of a thing as right too.</li>
# <li><b>Too high when things are missed:</b> you averaged precision over the right detections. Divide by <code>n_truth</code>, not by how many were found.</li>
# <li><b>A little too low:</b> the envelope is missing.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def average_precision(scores, matches, n_truth):
    """Return the area under the envelope of precision against recall, from 0 to 100.

    matches (k,) holds the number of the thing that each detection overlaps, −1 for none.
    """
    # BEGIN SOLUTION
    ranked = matches[np.argsort(-scores, kind="stable")]
    right = np.zeros(len(ranked), bool)
    right[np.unique(ranked, return_index=True)[1]] = True
    right[ranked < 0] = False
    precision = np.cumsum(right) / np.arange(1, len(ranked) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return 100 * np.sum(envelope[right]) / n_truth
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_the_area_under_the_envelope(average_precision):
    import numpy as np
    from course_utils.checks import check_call

    scores = np.array([0.3, 0.9, 0.5, 0.8, 0.2, 0.7, 0.6])
    matches = np.array([4, 2, -1, -1, -1, 0, 3])
    # From the best down: 2, −1, 0, 3, −1, 4, −1, of 7 things.
    precision = np.array([1, 1 / 2, 2 / 3, 3 / 4, 3 / 5, 4 / 6, 4 / 7])
    envelope = np.array([1, 3 / 4, 3 / 4, 3 / 4, 2 / 3, 2 / 3, 4 / 7])
    right = np.array([0, 2, 3, 5])

    def unsorted(order):
        hit = matches[order] >= 0
        p = np.cumsum(hit) / np.arange(1, 8)
        return 100 * np.maximum.accumulate(p[::-1])[::-1][hit].sum() / 7

    check_call(
        average_precision,
        scores,
        matches,
        7,
        expected=100 * envelope[right].sum() / 7,
        sizes={"n_truth": 7},
        mistakes={
            "Sort by score first, the best at the top.": unsorted(np.arange(7)),
            "You sorted from the lowest score up: begin with the best.": unsorted(np.argsort(scores)),
            "The envelope is missing: take the best precision at this or any higher recall.": 100
            * precision[right].sum()
            / 7,
            "You averaged over the things that were found: those that were missed count as 0, so divide by n_truth.": 100
            * envelope[right].mean(),
            "You averaged over all detections: only the right ones add area, and n_truth divides.": 100
            * envelope.mean(),
            "The envelope looks ahead, not back: the maximum runs from the end.": 100 * 4 / 7,
            "Give it from 0 to 100: multiply by 100.": envelope[right].sum() / 7,
            "Thing 0 is a thing too: only −1 means none.": 100 * (1 + 1 / 2 + 1 / 2) / 7,
        },
    )


# %%
def test_the_second_detection_of_a_thing_is_wrong(average_precision):
    import numpy as np
    from course_utils.checks import check_call

    scores = np.array([0.2, 0.9, 0.8, 0.7, 0.6])
    matches = np.array([1, 0, 0, 0, 1])
    check_call(
        average_precision,
        scores,
        matches,
        3,
        expected=100 * (1 + 2 / 4) / 3,
        sizes={"n_truth": 3},
        mistakes={
            "You counted every detection of a thing as right: the second one on the same thing is wrong.": 100
            * 5
            / 3,
            "The second detection of a thing isn't left out: it counts as wrong.": 100 * 2 / 3,
            "Of several detections of a thing the best-scored is right: sort before you look for the first.": 100
            * (1 + 2 / 5)
            / 3,
            "Of several detections of a thing the best-scored is right, not the last.": 100
            * (2 / 5 + 2 / 5)
            / 3,
        },
    )


# %%
# HIDDEN
def test_random_detections(average_precision):
    import numpy as np
    from course_utils import detection
    from course_utils.checks import check_call

    rng = np.random.default_rng(408)
    for k, n in ((31, 13), (7, 11), (101, 37)):
        scores, matches = rng.uniform(size=k), rng.integers(-1, n, k)
        scores = np.round(scores, 1) if k == 101 else scores  # many equal ones
        order, seen, new = np.argsort(-scores, kind="stable"), set(), np.zeros(k, bool)
        for i in order:
            new[i] = matches[i] >= 0 and matches[i] not in seen
            seen.add(matches[i])
        expected = detection.average_precision(scores, new, n, points=None)
        every = np.cumsum(matches[order] >= 0) / np.arange(1, k + 1)
        every = np.maximum.accumulate(every[::-1])[::-1][matches[order] >= 0].sum()
        check_call(
            average_precision,
            scores,
            matches,
            n,
            expected=expected,
            sizes={"n_truth": n},
            mistakes={
                "You counted every detection of a thing as right: the second one on the same thing is wrong.": 100
                * every
                / n,
                "You averaged over the things that were found: those that were missed count as 0, so divide by n_truth.": expected
                * n
                / new.sum(),
            },
        )


# %%
# HIDDEN
def test_nothing_found_all_found_and_equal_scores(average_precision):
    import numpy as np
    from course_utils.checks import check_call

    check_call(average_precision, np.array([]), np.array([], dtype=int), 3, expected=0.0)
    check_call(average_precision, np.array([0.9, 0.2]), np.array([-1, -1]), 3, expected=0.0)
    check_call(average_precision, np.array([0.1, 0.9, 0.4]), np.array([2, 0, 1]), 3, expected=100.0)
    check_call(average_precision, np.array([0.5, 0.5, 0.5]), np.array([-1, 0, 1]), 2, expected=100 * 2 / 3)
    check_call(average_precision, np.array([3.0, -5.0]), np.array([0, 0]), 1, expected=100.0)


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# Forty detections of twenty things. Move the threshold along the scores.
#
# 1. As the threshold falls, recall can only grow. Can precision grow too? Find a place.
# 2. Raise the quality to 3. The curve becomes a rectangle. Why does it end at a recall of 0.85?

# %%
PrecisionExplorer()

# %% [markdown]
# "AP at 0.5" asks for an IoU of one half. The COCO benchmark averages AP over the thresholds 0.5, 0.55, …, 0.95: its number is lower, and rewards tight boxes.
#
# ## 8.6 From R-CNN to Faster R-CNN
#
# Now find *many* things. A convolutional network classifies one picture. So cut the picture into candidate **regions** and classify each? Three papers tell that story, and each removes what was slow about the one before.
#
# - **R-CNN** (2014). An outside method proposes some 2,000 regions that might hold something. Each is cut out, scaled to one size and sent through the whole network. A head says which class it is, or background, and how its box should be moved.
# - **Fast R-CNN** (2015). The regions overlap, so the network sees the same pixels again and again. Run it **once** on the whole picture, and cut the regions out of the *feature map*. Testing became about 25 times faster.
# - **Faster R-CNN** (2015). What is slow now is the outside method. Let the network propose the regions itself, from the same features. About 250 times faster than R-CNN, all in all.
#
# With $r$ regions, $M$ multiply-adds for the network on a whole picture, $M_c$ on a crop and $M_h$ for the head:
#
# | | multiply-adds | proposals |
# |---|---|---|
# | R-CNN | $r\,(M_c + M_h)$ | outside |
# | Fast R-CNN | $M + r\,M_h$ | outside |
# | Faster R-CNN | $M + M_\text{proposals} + r\,M_h$ | from the features |
#
# One problem is left for Fast R-CNN. The head is made of linear layers and wants the same number of features from every region, but regions have all sizes. **Region-of-interest pooling** solves it: divide the region into a fixed number of parts, and keep the largest value of each.

# %% [raw]
# # BEGIN QUESTION
# name: roi_pool
# points: 4
# forbids: [course_utils.detection.roi_pool]

# %% [markdown]
# ### Exercise 8.5 · roi_pool · ★★★ · 15 minutes
#
# Pool one region of a feature map to `size` × `size` values in each channel. The box is given in **cells** of the map, as whole numbers: it covers columns $x_1, \dots, x_2 - 1$ and rows $y_1, \dots, y_2 - 1$.
#
# A region $L$ cells long is divided into `size` parts. Part $p = 0, 1, \dots$ runs from the start plus $\left\lfloor \frac{pL}{\text{size}} \right\rfloor$ up to, and not including, the start plus $\left\lceil \frac{(p+1)L}{\text{size}} \right\rceil$. Start rounded down, end rounded up: no cell is lost and no part is empty. Neighbouring parts may share a cell.
#
# **Shapes:** `features` $(c, h, w)$, `box` four integers $(x_1, y_1, x_2, y_2)$ within the map, `size` a number → $(c, \text{size}, \text{size})$.
#
# **Worked:** one row of features, $(4, 1, 7, 2, 3)$, a box of all five cells, size 2. Part 0 runs from $0$ to $\lceil 2.5 \rceil = 3$, part 1 from $\lfloor 2.5 \rfloor = 2$ to $5$: the middle cell is in both. Both maxima are $7$. With only one row, both rows of the answer are $(7, 7)$.
#
# <details><summary>Hint 1</summary>Two loops, over the parts of the rows and of the columns; <code>features[:, top:bottom, left:right].max(axis=(1, 2))</code> pools all channels at once.</details>
# <details><summary>Hint 2</summary>In whole numbers, ⌈a / b⌉ is <code>-(-a // b)</code>.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Rows and columns swapped:</b> boxes say x first, arrays say row first.</li>
# <li><b>Values of another place:</b> add the box's own start to the start of each part.</li>
# <li><b>Error: max of an empty array:</b> round the end of a part up, or parts of a region with fewer cells than <code>size</code> are empty.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def roi_pool(features, box, size):
    """Return the (c, size, size) maxima over the parts of box (x1, y1, x2, y2) in features (c, h, w)."""
    # BEGIN SOLUTION
    x1, y1, x2, y2 = box
    pooled = np.empty((len(features), size, size))
    for p in range(size):
        top, bottom = y1 + p * (y2 - y1) // size, y1 - -(p + 1) * (y2 - y1) // size
        for q in range(size):
            left, right = x1 + q * (x2 - x1) // size, x1 - -(q + 1) * (x2 - x1) // size
            pooled[:, p, q] = features[:, top:bottom, left:right].max(axis=(1, 2))
    return pooled
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_a_region_in_the_middle_of_the_map(roi_pool):
    import numpy as np
    from course_utils.checks import check_call

    rng = np.random.default_rng(85)
    features = rng.normal(size=(2, 13, 11))
    x1, y1, x2, y2 = 3, 2, 10, 13  # 7 wide, 11 high, in 3 × 3 parts

    def pooled(rows, columns, of=features, how=np.max):
        return np.array([[[how(of[c, a:b, d:e]) for d, e in columns] for a, b in rows] for c in range(2)])

    rows, columns = [(2, 6), (5, 10), (9, 13)], [(3, 6), (5, 8), (7, 10)]
    check_call(
        roi_pool,
        features,
        (x1, y1, x2, y2),
        3,
        expected=pooled(rows, columns),
        mistakes={
            "Each part keeps its largest value: you took the mean.": pooled(rows, columns, how=np.mean),
            "The end of a part is rounded up: with both rounded down, cells at the seams are looked at once too seldom.": pooled(
                [(2, 5), (5, 9), (9, 13)], [(3, 5), (5, 7), (7, 10)]
            ),
            "With parts of L // size cells the last cells of the region are lost.": pooled(
                [(2, 5), (5, 8), (8, 11)], [(3, 5), (5, 7), (7, 9)]
            ),
            "Your parts start at the corner of the map: add the box's own start.": pooled(
                [(0, 4), (3, 8), (7, 11)], [(0, 3), (2, 5), (4, 7)]
            ),
            "Your answer is transposed: the first axis counts parts of the rows (y).": np.swapaxes(
                pooled(rows, columns), 1, 2
            ),
            "x and y are swapped: x counts columns, the array's last axis.": pooled(
                [(3, 6), (5, 8), (7, 10)], [(2, 6), (5, 10), (9, 13)]
            ),
            "You pooled the whole map: cut the box out of it.": pooled(
                [(0, 5), (4, 9), (8, 13)], [(0, 4), (3, 8), (7, 11)]
            ),
            "The box ends before x₂ and y₂: it covers x₂ − x₁ columns.": pooled(
                [(2, 6), (6, 10), (10, 14)], [(3, 6), (5, 9), (8, 11)]
            ),
        },
    )


# %%
def test_a_region_of_fewer_cells_than_parts(roi_pool):
    import numpy as np
    from course_utils.checks import check_call

    features = np.arange(30.0).reshape(1, 5, 6)[:, ::-1]
    check_call(
        roi_pool,
        features,
        (1, 3, 3, 4),
        3,
        expected=np.array([[[7.0, 8.0, 8.0]] * 3]),
        mistakes={
            "x and y are swapped: x counts columns, the array's last axis.": np.array(
                [[[21.0] * 3, [21.0] * 3, [15.0] * 3]]
            )
        },
    )


# %%
# HIDDEN
def test_random_regions(roi_pool):
    import numpy as np
    from course_utils import detection
    from course_utils.checks import check_call

    rng = np.random.default_rng(508)
    for c, h, w, size in ((3, 17, 23, 5), (2, 19, 7, 2), (5, 11, 13, 7)):
        features = rng.normal(size=(c, h, w))
        for _ in range(4):
            x1, y1 = int(rng.integers(0, w - 1)), int(rng.integers(0, h - 1))
            x2, y2 = int(rng.integers(x1 + 1, w + 1)), int(rng.integers(y1 + 1, h + 1))
            last = np.array([[x1, y1, x2 - 1, y2 - 1]], dtype=float)  # the reference counts the last cell in
            expected = detection.roi_pool(features[None], last, [0], size)[0]
            check_call(roi_pool, features, (x1, y1, x2, y2), size, expected=expected)


# %%
# HIDDEN
def test_one_part_one_cell_and_negative_features(roi_pool):
    import numpy as np
    import torch
    from course_utils.checks import check_call
    from torch.nn import functional

    features = -1 - np.abs(np.random.default_rng(518).normal(size=(3, 7, 5)))
    check_call(roi_pool, features, (0, 0, 5, 7), 1, expected=features.max(axis=(1, 2), keepdims=True))
    check_call(
        roi_pool,
        features,
        (4, 6, 5, 7),
        2,
        expected=np.repeat(np.repeat(features[:, 6:, 4:], 2, axis=1), 2, axis=2),
    )
    adaptive = functional.adaptive_max_pool2d(torch.tensor(features[:, 1:6, 0:3]), 2).numpy()
    check_call(roi_pool, features, (0, 1, 3, 6), 2, expected=adaptive)


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# Rounding to whole cells shifts regions by up to half a cell: 8 pixels of the picture where a cell stands for 16, as in the papers. *RoI align* (2017) samples between the cells instead. `detection.FasterRCNN` does that.
#
# Now count. The five detectors below share their backbone, and none has been trained: the work is the same. (The last two come in 8.8 and 8.9.) The proposals of the first two come from a cheap rule here (`contrasts`, windows that differ from their surroundings) and there are 24 a picture at most, not 2,000.

# %%
probe = torch.tensor(data.make_scenes(10, seed=8).images, device=device)
torch.manual_seed(0)
family = {
    "R-CNN": detection.RCNN(3),
    "Fast R-CNN": detection.FastRCNN(3),
    "Faster R-CNN": detection.FasterRCNN(3),
    "single shot": detection.SingleShotDetector(3),
    "RetinaNet": detection.RetinaNet(3),
}
costs = detection.costs({name: net.to(device) for name, net in family.items()}, probe, runs=3)
fig, (left, right) = plt.subplots(1, 2, figsize=(11, 3.4), sharey=True)
for ax, values, unit in (
    (left, [cost.multiply_adds / 1e6 for cost in costs], "million multiply-adds a picture"),
    (right, [1000 * cost.seconds for cost in costs], "milliseconds a picture, here"),
):
    bars = ax.barh([cost.name for cost in costs], values, color=[RED, ORANGE, GREEN, BLUE, SKY])
    ax.bar_label(bars, fmt="%.1f", padding=3)
    ax.set(xlabel=unit, xlim=(0, 1.18 * max(values)))
    ax.grid(axis="y", visible=False)
left.invert_yaxis()
left.set_title("One network for the whole picture saves most")
plt.show()
slow = costs[0]
for cost in costs[1:]:
    print(
        f"{cost.name:13} {slow.multiply_adds / cost.multiply_adds:5.1f} × fewer products than R-CNN, {slow.seconds / cost.seconds:4.1f} × faster here"
    )
whole, crop = (summarize(family["R-CNN"].backbone, (3, side, side)).multiply_adds for side in (64, 32))
head, large_head = (
    summarize(family[name].head, (64, k, k)).multiply_adds for name, k in (("R-CNN", 4), ("Fast R-CNN", 5))
)
r = np.mean([len(regions) for regions in contrasts(probe)])
print(
    f"by the formulas, r = {r:.0f}: R-CNN {r * (crop + head) / 1e6:.1f} million, Fast R-CNN {(whole + r * large_head) / 1e6:.1f} million"
)
start = time.perf_counter()
contrasts(probe)
outside = (time.perf_counter() - start) / len(probe)
print(
    f"finding proposals outside the network: {1000 * outside:.1f} ms, {outside / costs[1].seconds:.0%} of Fast R-CNN's time"
)

# %% [markdown]
# Read the left panel first. Products don't depend on the machine: R-CNN pays for each of its 24 crops, the others run their network once. With 2,000 crops of 227 pixels a side its bar would be thousands of times as long. Fast R-CNN's would grow far less: one more region only costs it one more run of the small head.
#
# Times on a busy machine wobble, but they tell the same story as the papers. Fast R-CNN saves most of the products and far less of the time, for what is left is work *outside* the network: the last line says how much finding the proposals takes. Faster R-CNN does that with convolutions too, and there the time goes down.
#
# ## 8.7 Anchors: guesses to be corrected
#
# How can a network propose boxes? Not out of nothing. Lay fixed **anchor** boxes over the picture, several sizes and shapes around the middle of each cell of the feature map. A **region proposal network** slides a small window over the map and says of each of the $N$ anchors at each place:
#
# - **objectness**: is there something here? One score (or two, for yes and no).
# - **offsets**: how should the anchor be moved and stretched to fit? Four numbers.
#
# So $N$ scores and $4N$ offsets a cell, from $1 \times 1$ convolutions. Everything below takes anchors apart into four small functions: make them, encode a box relative to an anchor, decode, and match anchors with the truth.

# %% [raw]
# # BEGIN QUESTION
# name: make_anchors
# points: 3
# forbids: [course_utils.detection.make_anchors]

# %% [markdown]
# ### Exercise 8.6 · make_anchors · ★★☆ · 12 minutes
#
# For every cell of a feature map, every side $s$ and every ratio $r$, make a box around the **middle** of the cell. Cell $(\text{row}, \text{column})$ has its middle at $x = (\text{column} + \frac12) \cdot \text{stride}$, $y = (\text{row} + \frac12) \cdot \text{stride}$. The ratio is height over width, and the area is $s^2$ whatever the ratio:
#
# $$w = \frac{s}{\sqrt r}, \qquad h = s \sqrt r.$$
#
# **Shapes:** `size` = (rows, columns) of the map; `stride` pixels a cell; `sides` and `ratios` lists → (rows · columns · len(sides) · len(ratios), 4). Order: row by row, in each row cell by cell, for each cell side by side, for each side all ratios.
#
# **Worked:** size $(1, 2)$, stride $8$, sides $[4]$, ratios $[1]$: middles $(4, 4)$ and $(12, 4)$, boxes $(2, 2, 6, 6)$ and $(10, 2, 14, 6)$. With ratio $4$ the first would be $2$ wide and $8$ high: $(3, 0, 5, 8)$.
#
# <details><summary>Hint 1</summary>Four nested loops in the order of the text, and a list that grows. Clear first, quick later.</details>
# <details><summary>Hint 2</summary>A box around (x, y): <code>[x - w / 2, y - h / 2, x + w / 2, y + h / 2]</code>.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Shifted by half a cell:</b> you used the cell's corner.</li>
# <li><b>Areas change with the ratio:</b> it enters under a square root, on both sides.</li>
# <li><b>Flat where high is asked:</b> the ratio is height over width.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def make_anchors(size, stride, sides, ratios):
    """Return boxes (rows · columns · len(sides) · len(ratios), 4) around the middle of each cell of a map of size (rows, columns)."""
    # BEGIN SOLUTION
    anchors = []
    for row in range(size[0]):
        for column in range(size[1]):
            x, y = (column + 0.5) * stride, (row + 0.5) * stride
            for side in sides:
                for ratio in ratios:
                    w, h = side / np.sqrt(ratio), side * np.sqrt(ratio)
                    anchors.append([x - w / 2, y - h / 2, x + w / 2, y + h / 2])
    return np.array(anchors)
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_one_cell_and_its_shapes(make_anchors):
    import numpy as np
    from course_utils.checks import check_call

    def boxes(x, y, shapes):
        return np.array([[x - w / 2, y - h / 2, x + w / 2, y + h / 2] for w, h in shapes])

    check_call(
        make_anchors,
        (1, 1),
        10,
        [6.0, 12.0],
        [0.25, 1.0, 4.0],
        expected=boxes(5, 5, [(12, 3), (6, 6), (3, 12), (24, 6), (12, 12), (6, 24)]),
        mistakes={
            "The ratio is height over width: yours is upside down.": boxes(
                5, 5, [(3, 12), (6, 6), (12, 3), (6, 24), (12, 12), (24, 6)]
            ),
            "The ratio changes the area: it enters as a square root, on both sides.": boxes(
                5, 5, [(24, 1.5), (6, 6), (1.5, 24), (48, 3), (12, 12), (3, 48)]
            ),
            "Only the height follows the ratio: the width shrinks by its root, so that the area stays.": boxes(
                5, 5, [(6, 1.5), (6, 6), (6, 24), (12, 3), (12, 12), (12, 48)]
            ),
            "Anchors stand around the middle of a cell: you used its corner.": boxes(
                0, 0, [(12, 3), (6, 6), (3, 12), (24, 6), (12, 12), (6, 24)]
            ),
            "Your boxes are twice too large: half the side goes to each side of the middle.": boxes(
                5, 5, [(24, 6), (12, 12), (6, 24), (48, 12), (24, 24), (12, 48)]
            ),
            "The order is side by side, and for each side all ratios.": boxes(
                5, 5, [(12, 3), (24, 6), (6, 6), (12, 12), (3, 12), (6, 24)]
            ),
            "Return edges (x₁, y₁, x₂, y₂), not middle and size.": np.array(
                [[5, 5, w, h] for w, h in [(12, 3), (6, 6), (3, 12), (24, 6), (12, 12), (6, 24)]], dtype=float
            ),
        },
    )


# %%
def test_cells_go_row_by_row(make_anchors):
    import numpy as np
    from course_utils.checks import check_call

    def boxes(middles):
        return np.array([[x - 1.5, y - 1.5, x + 1.5, y + 1.5] for x, y in middles])

    check_call(
        make_anchors,
        (2, 3),
        4,
        [3.0],
        [1.0],
        expected=boxes([(2, 2), (6, 2), (10, 2), (2, 6), (6, 6), (10, 6)]),
        mistakes={
            "The order is row by row: x changes first, then y.": boxes(
                [(2, 2), (2, 6), (6, 2), (6, 6), (10, 2), (10, 6)]
            ),
            "size is (rows, columns): yours swaps them.": boxes(
                [(2, 2), (6, 2), (2, 6), (6, 6), (2, 10), (6, 10)]
            ),
            "x and y are swapped: columns count along x.": boxes(
                [(2, 2), (2, 6), (2, 10), (6, 2), (6, 6), (6, 10)]
            ),
            "Anchors stand around the middle of a cell: you used its corner.": boxes(
                [(0, 0), (4, 0), (8, 0), (0, 4), (4, 4), (8, 4)]
            ),
            "The middle lies half a cell further, not half a pixel: multiply column + ½ by the stride.": boxes(
                [(0.5, 0.5), (4.5, 0.5), (8.5, 0.5), (0.5, 4.5), (4.5, 4.5), (8.5, 4.5)]
            ),
        },
    )


# %%
# HIDDEN
def test_random_maps(make_anchors):
    from course_utils import detection
    from course_utils.checks import check_call

    for size, stride, sides, ratios in (
        ((3, 5), 16, [7.0, 32.0], [0.5, 1.0, 2.0]),
        ((7, 2), 5, [11.0], [3.0, 0.7]),
        ((1, 11), 8, [3.0, 5.0, 13.0], [1.0]),
    ):
        check_call(
            make_anchors,
            size,
            stride,
            sides,
            ratios,
            expected=detection.make_anchors(size, stride, sides, ratios),
        )


# %%
# HIDDEN
def test_every_anchor_has_the_area_of_its_side(make_anchors):
    import numpy as np
    from course_utils.checks import check_true, checked_call

    anchors = checked_call(make_anchors, (5, 3), 2, [2.0, 7.0], [0.3, 1.0, 5.0])
    check_true(
        np.shape(anchors) == (90, 4), "There should be one row of four numbers for each cell, side and ratio."
    )
    areas = (anchors[:, 2] - anchors[:, 0]) * (anchors[:, 3] - anchors[:, 1])
    check_true(
        np.allclose(areas, np.tile(np.repeat([4.0, 49.0], 3), 15)),
        "The area of an anchor is its side squared, whatever the ratio.",
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# ### From a box to four numbers, and back
#
# A network shouldn't answer in pixels. Two pixels are nothing for a bus and everything for a button. So it answers **relative to the anchor**. With middles $(x, y)$ and sizes $(w, h)$, and the anchor's $x_a, y_a, w_a, h_a$:
#
# $$t_x = \frac{x - x_a}{w_a}, \quad t_y = \frac{y - y_a}{h_a}, \quad t_w = \log\frac{w}{w_a}, \quad t_h = \log\frac{h}{h_a}.$$
#
# The logarithm makes twice as wide and half as wide equally far from 0, and no answer can lead to a negative width. An anchor that fits needs $(0, 0, 0, 0)$.

# %% [raw]
# # BEGIN QUESTION
# name: encode_boxes
# points: 3
# forbids: [course_utils.detection.encode_boxes]

# %% [markdown]
# ### Exercise 8.7 · encode_boxes · ★☆☆ · 8 minutes
#
# Encode each box relative to the anchor in the same row.
#
# **Shapes:** `boxes` $(n, 4)$ and `anchors` $(n, 4)$, as edges → offsets $(t_x, t_y, t_w, t_h)$, $(n, 4)$.
#
# **Worked:** anchor $(0, 0, 4, 4)$: middle $(2, 2)$, size $4 \times 4$. Box $(1, 1, 9, 5)$: middle $(5, 3)$, size $8 \times 4$. Offsets: $\frac{3}{4}, \frac14, \log 2 = 0.6931, 0$.
#
# <details><summary>Hint 1</summary>Sizes: <code>boxes[:, 2:] - boxes[:, :2]</code> is (n, 2), width and height. Middles: half the sum of the same parts.</details>
# <details><summary>Hint 2</summary><code>np.concatenate([…, …], axis=1)</code> puts two (n, 2) arrays side by side.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>t_x, t_y wrong only when sizes differ:</b> you compared corners instead of middles.</li>
# <li><b>Offsets in pixels:</b> divide by the <i>anchor's</i> size.</li>
# <li><b>t_w is 2 where log 2 is asked:</b> the logarithm is missing.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def encode_boxes(boxes, anchors):
    """Return the offsets (n, 4) that lead from anchors (n, 4) to boxes (n, 4)."""
    # BEGIN SOLUTION
    size, anchor_size = boxes[:, 2:] - boxes[:, :2], anchors[:, 2:] - anchors[:, :2]
    middle, anchor_middle = (boxes[:, :2] + boxes[:, 2:]) / 2, (anchors[:, :2] + anchors[:, 2:]) / 2
    return np.concatenate([(middle - anchor_middle) / anchor_size, np.log(size / anchor_size)], axis=1)
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_offsets_by_hand(encode_boxes):
    import numpy as np
    from course_utils.checks import check_call

    boxes = np.array([[1.0, 1.0, 9.0, 5.0], [10.0, 20.0, 13.0, 29.0], [4.0, 2.0, 11.0, 7.0]])
    anchors = np.array([[0.0, 0.0, 4.0, 4.0], [8.0, 21.0, 14.0, 24.0], [2.0, 1.0, 7.0, 9.0]])
    size, a_size = boxes[:, 2:] - boxes[:, :2], anchors[:, 2:] - anchors[:, :2]
    move, log = (boxes[:, :2] + boxes[:, 2:] - anchors[:, :2] - anchors[:, 2:]) / 2, np.log(size / a_size)

    def joined(first, second):
        return np.concatenate([first, second], axis=1)

    check_call(
        encode_boxes,
        boxes,
        anchors,
        expected=joined(move / a_size, log),
        sizes={"n": 3},
        mistakes={
            "Widths and heights are compared by the logarithm of their ratio: it is missing.": joined(
                move / a_size, size / a_size
            ),
            "Compare middles, not corners.": joined((boxes[:, :2] - anchors[:, :2]) / a_size, log),
            "Divide the move of the middle by the anchor's size.": joined(move, log),
            "You divided by the box's size: the anchor's is the yardstick.": joined(move / size, log),
            "The way leads from the anchor to the box: your signs are reversed.": joined(
                -move / a_size, -log
            ),
            "The ratio is the box's size over the anchor's: yours is upside down.": joined(
                move / a_size, -log
            ),
            "The middle is half the sum of the edges: a factor ½ is missing.": joined(2 * move / a_size, log),
            "You took the difference of the sizes: take the logarithm of their ratio.": joined(
                move / a_size, (size - a_size) / a_size
            ),
        },
    )


# %%
# HIDDEN
def test_random_pairs(encode_boxes):
    import numpy as np
    from course_utils import detection
    from course_utils.checks import check_call

    rng = np.random.default_rng(608)
    for n in (7, 31):
        boxes, anchors = (
            np.concatenate([c, c + rng.uniform(2, 70, (n, 2))], axis=1)
            for c in rng.uniform(-30, 90, (2, n, 2))
        )
        check_call(
            encode_boxes, boxes, anchors, expected=detection.encode_boxes(boxes, anchors), sizes={"n": n}
        )


# %%
# HIDDEN
def test_a_box_like_its_anchor_and_tiny_boxes(encode_boxes):
    import numpy as np
    from course_utils.checks import check_call

    anchors = np.array([[-3.0, 5.0, 4.0, 7.0]])
    check_call(
        encode_boxes,
        anchors,
        anchors,
        expected=np.zeros((1, 4)),
        mistakes={
            "Widths and heights are compared by the logarithm of their ratio: it is missing.": np.array(
                [[0.0, 0.0, 1.0, 1.0]]
            )
        },
    )
    check_call(
        encode_boxes,
        np.array([[0.0, 0.0, 1e-3, 1.0]]),
        np.array([[0.0, 0.0, 1.0, 1e3]]),
        expected=np.array([[-0.4995, -0.4995, -3 * np.log(10), -3 * np.log(10)]]),
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [raw]
# # BEGIN QUESTION
# name: decode_boxes
# points: 3
# forbids: [course_utils.detection.decode_boxes]

# %% [markdown]
# ### Exercise 8.8 · decode_boxes · ★☆☆ · 8 minutes
#
# The way back: turn offsets and anchors into boxes, so that `decode_boxes(encode_boxes(boxes, anchors), anchors)` is `boxes` again. Solve the four formulas for $x, y, w, h$, then make edges of them.
#
# **Shapes:** `offsets` $(n, 4)$, `anchors` $(n, 4)$ → boxes $(n, 4)$, as edges.
#
# **Worked:** anchor $(0, 0, 4, 4)$, offsets $(0.5, 0, \log 2, 0)$: middle $(2 + 0.5 \cdot 4,\ 2) = (4, 2)$, size $8 \times 4$, box $(0, 0, 8, 4)$.
#
# <details><summary>Hint 1</summary>x = x_a + t_x · w_a and w = w_a · exp(t_w).</details>
# <details><summary>Hint 2</summary>The edges are half a width to each side of the middle.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Right size, wrong place:</b> the offset moves the middle of the anchor, not its corner.</li>
# <li><b>Negative widths:</b> the exponential is missing.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def decode_boxes(offsets, anchors):
    """Return the boxes (n, 4) that lie at offsets (n, 4) from anchors (n, 4)."""
    # BEGIN SOLUTION
    anchor_size = anchors[:, 2:] - anchors[:, :2]
    middle = (anchors[:, :2] + anchors[:, 2:]) / 2 + offsets[:, :2] * anchor_size
    half = anchor_size * np.exp(offsets[:, 2:]) / 2
    return np.concatenate([middle - half, middle + half], axis=1)
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_boxes_by_hand(decode_boxes):
    import numpy as np
    from course_utils.checks import check_call

    anchors = np.array([[0.0, 0.0, 4.0, 4.0], [8.0, 21.0, 14.0, 24.0], [2.0, 1.0, 7.0, 9.0]])
    offsets = np.array([[0.5, 0.25, np.log(2), -0.1], [-0.3, 0.7, 0.4, np.log(0.5)], [0.1, -0.2, -0.6, 0.3]])
    size, centre = anchors[:, 2:] - anchors[:, :2], (anchors[:, :2] + anchors[:, 2:]) / 2
    middle, new = centre + offsets[:, :2] * size, size * np.exp(offsets[:, 2:])

    def box(middle, new):
        return np.concatenate([middle - new / 2, middle + new / 2], axis=1)

    corner = anchors[:, :2] + offsets[:, :2] * size
    check_call(
        decode_boxes,
        offsets,
        anchors,
        expected=box(middle, new),
        sizes={"n": 3},
        mistakes={
            "The last two offsets are logarithms: take the exponential.": box(middle, size * offsets[:, 2:]),
            "The offset moves the middle of the anchor, not its corner.": np.concatenate(
                [corner, corner + new], axis=1
            ),
            "You moved the corners by the offsets: x₁, y₁ and x₂, y₂ follow from the middle and the size.": anchors
            + offsets * np.tile(size, 2),
            "Multiply the move by the anchor's size: it isn't in pixels.": box(centre + offsets[:, :2], new),
            "Multiply the move by the anchor's size, not by that of the new box.": box(
                centre + offsets[:, :2] * new, new
            ),
            "Half the size goes to each side of the middle: your boxes are twice too large.": box(
                middle, 2 * new
            ),
            "Return edges (x₁, y₁, x₂, y₂), not middle and size.": np.concatenate([middle, new], axis=1),
            "The exponential stands for the ratio of sizes: multiply it by the anchor's size.": box(
                middle, np.exp(offsets[:, 2:])
            ),
            "The middle of the new box is the anchor's plus the move: you left the anchor's out.": box(
                offsets[:, :2] * size, new
            ),
        },
    )


# %%
# HIDDEN
def test_random_offsets(decode_boxes):
    import numpy as np
    from course_utils import detection
    from course_utils.checks import check_call

    rng = np.random.default_rng(708)
    for n in (5, 23):
        corner = rng.uniform(-30, 90, (n, 2))
        anchors = np.concatenate([corner, corner + rng.uniform(2, 70, (n, 2))], axis=1)
        offsets = rng.normal(size=(n, 4))
        check_call(
            decode_boxes, offsets, anchors, expected=detection.decode_boxes(offsets, anchors), sizes={"n": n}
        )


# %%
# HIDDEN
def test_it_undoes_encoding(decode_boxes):
    import numpy as np
    from course_utils import detection
    from course_utils.checks import check_call

    boxes = np.array([[3.0, 5.0, 10.0, 41.0], [-7.0, 2.0, -6.0, 3.0]])
    anchors = np.array([[0.0, 0.0, 16.0, 16.0], [-20.0, -4.0, 12.0, 12.0]])
    check_call(decode_boxes, detection.encode_boxes(boxes, anchors), anchors, expected=boxes, rtol=1e-9)
    check_call(decode_boxes, np.zeros((1, 4)), anchors[:1], expected=anchors[:1])


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# ### Which anchor should find what?
#
# To train, every anchor needs an answer. The rule goes by IoU with the true boxes:
#
# - an anchor that overlaps its best true box by at least `high` should find **that box**;
# - one that overlaps nothing by `low` or more is **background**, $-1$;
# - one in between is **ignored**, $-2$: it would be unfair to call it either.
#
# One more rule, or small and odd-shaped things are never learnt: the best anchor of *each true box* should find that box in any case, whatever its IoU.

# %% [raw]
# # BEGIN QUESTION
# name: match_anchors
# points: 4
# forbids: [course_utils.detection.match_anchors]

# %% [markdown]
# ### Exercise 8.9 · match_anchors · ★★★ · 15 minutes
#
# Return for each anchor the number of the true box that it should find, $-1$ for background or $-2$ for ignored. A true box that no anchor touches (IoU 0 with all) stays without one. There may be no true boxes at all: then everything is background. You may use `detection.iou`.
#
# **Shapes:** `anchors` $(n, 4)$, `truth` $(m, 4)$, `high` and `low` numbers with low ≤ high → $(n,)$ integers.
#
# **Worked:** one true box $(0, 0, 4, 4.2)$ and three anchors. $(0,0,4,4)$ has IoU $\frac{16}{16.8} = 0.95$: finds box 0. $(0,0,4,2)$ has $\frac{8}{16.8} = 0.48$: between $0.4$ and $0.5$, ignored. $(8,8,9,9)$ has $0$: background. Answer: $(0, -2, -1)$.
#
# <details><summary>Hint 1</summary><code>overlap = detection.iou(anchors, truth)</code> is (n, m). Along axis 1, <code>max</code> gives each anchor's best IoU and <code>argmax</code> says with which box.</details>
# <details><summary>Hint 2</summary>Do the rule for anchors first. Then go through the true boxes: column j's largest entry is at the anchor that must find box j.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>A small thing has no anchor:</b> the second rule is missing, or it runs before the first and is overwritten.</li>
# <li><b>Error: argmax of an empty sequence:</b> handle m = 0 first.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def match_anchors(anchors, truth, high=0.5, low=0.4):
    """Return for each anchor (n, 4) the number of the box in truth (m, 4) to find, −1 for background, −2 for ignored."""
    # BEGIN SOLUTION
    if len(truth) == 0:
        return np.full(len(anchors), -1)
    overlap = detection.iou(anchors, truth)
    best = overlap.max(axis=1)
    matched = np.where(best >= high, overlap.argmax(axis=1), np.where(best >= low, -2, -1))
    for j, column in enumerate(overlap.T):
        if column.max() > 0:
            matched[column.argmax()] = j
    return matched
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_found_ignored_and_background(match_anchors):
    import numpy as np
    from course_utils.checks import check_call

    # IoU with the one true box: 1, 0.8, 0.6, 0.5, 0.3, 0.2, 0.
    truth = np.array([[0.0, 0.0, 10.0, 10.0]])
    anchors = np.array([[0.0, 0.0, 10.0, h] for h in (10, 8, 6, 5, 3, 2)] + [[20.0, 0.0, 30.0, 10.0]])
    check_call(
        match_anchors,
        anchors,
        truth,
        0.6,
        0.3,
        expected=np.array([0, 0, 0, -2, -2, -1, -1]),
        sizes={"n": 7},
        mistakes={
            "An IoU of just `high` or just `low` is enough: compare with >=.": np.array(
                [0, 0, -2, -2, -1, -1, -1]
            ),
            "Background is −1, ignored is −2: yours are swapped.": np.array([0, 0, 0, -1, -1, -2, -2]),
            "Between `low` and `high` an anchor is ignored, not background.": np.array(
                [0, 0, 0, -1, -1, -1, -1]
            ),
            "You used 0.5 and 0.4: the thresholds are arguments.": np.array([0, 0, 0, 0, -1, -1, -1]),
            "Below `low` an anchor is background: yours finds a box, or is ignored.": np.array(
                [0, 0, 0, -2, -2, -2, -2]
            ),
            "Every anchor found its best box: below `high` it shouldn't.": np.zeros(7, dtype=int),
            "Only the best anchor of the box found it: all from `high` up do.": np.array(
                [0, -2, -2, -2, -2, -1, -1]
            ),
        },
    )


# %%
def test_every_box_has_an_anchor(match_anchors):
    import numpy as np
    from course_utils.checks import check_call

    anchors = np.array(
        [
            [0.0, 0.0, 8.0, 8.0],
            [8.0, 0.0, 16.0, 8.0],
            [0.0, 8.0, 8.0, 16.0],
            [8.0, 8.0, 16.0, 16.0],
            [0.0, 0.0, 16.0, 16.0],
        ]
    )
    truth = np.array(
        [[1.0, 0.0, 8.0, 8.0], [10.0, 10.0, 13.0, 14.0], [40.0, 40.0, 44.0, 47.0], [1.0, 1.0, 14.0, 16.0]]
    )
    check_call(
        match_anchors,
        anchors,
        truth,
        expected=np.array([0, -1, -1, 1, 3]),
        sizes={"n": 5, "m": 4},
        mistakes={
            "A small box was left without an anchor: the best anchor of each box finds it in any case.": np.array(
                [0, -1, -1, -1, 3]
            ),
            "A box that no anchor touches stays without one: look whether its best IoU is above 0.": np.array(
                [2, -1, -1, 1, 3]
            ),
            "You return whether an anchor finds something: return the number of the box.": np.array(
                [1, -1, -1, 1, 1]
            ),
        },
    )


# %%
# HIDDEN
def test_random_scenes(match_anchors):
    import numpy as np
    from course_utils import detection
    from course_utils.checks import check_call

    anchors = detection.make_anchors((5, 7), 8, [11.0, 19.0], [0.6, 1.3])
    rng = np.random.default_rng(802)
    for m, high, low in ((3, 0.5, 0.4), (2, 0.45, 0.2), (1, 0.9, 0.3)):
        corner = rng.uniform(0, 30, (m, 2)) + 9 * np.arange(m)[:, None] % 20
        truth = np.concatenate([corner, corner + rng.uniform(3, 24, (m, 2))], axis=1)
        overlap = detection.iou(anchors, truth)
        plain = np.where(
            overlap.max(axis=1) >= high, overlap.argmax(axis=1), np.where(overlap.max(axis=1) >= low, -2, -1)
        )
        check_call(
            match_anchors,
            anchors,
            truth,
            high,
            low,
            expected=detection.match_anchors(anchors, truth, high, low),
            mistakes={
                "A small box was left without an anchor: the best anchor of each box finds it in any case.": plain
            },
        )


# %%
# HIDDEN
def test_no_box_one_anchor_and_the_defaults(match_anchors):
    import numpy as np
    from course_utils.checks import check_call

    anchors = np.array(
        [
            [0.0, 0.0, 10.0, 10.0],
            [0.0, 0.0, 10.0, 5.0],
            [0.0, 0.0, 10.0, 4.5],
            [0.0, 0.0, 10.0, 4.0],
            [0.0, 0.0, 10.0, 3.9],
        ]
    )
    check_call(match_anchors, anchors, np.zeros((0, 4)), expected=np.full(5, -1))
    check_call(match_anchors, anchors, anchors[:1], expected=np.array([0, 0, -2, -2, -1]))
    check_call(match_anchors, anchors[4:], anchors[:1], 0.9, 0.9, expected=np.array([0]))
    check_call(match_anchors, anchors, np.array([[50.0, 50.0, 60.0, 61.0]]), expected=np.full(5, -1))
    check_call(
        match_anchors,
        anchors[[0, 3]],
        np.array([[0.0, 0.0, 10.0, 4.2], [0.0, 0.0, 10.0, 10.0]]),
        0.3,
        0.2,
        expected=np.array([1, 0]),
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# Lay anchors over a map and drag the true box.
#
# 1. Make the true box long and flat. How many anchors match with the ratio 1, how many with ½, 1, 2?
# 2. Make it very small. How many match now? What would happen without the second rule?

# %%
AnchorExplorer()

# %% [markdown]
# ## 8.8 One shot
#
# If every cell can say "something is here, and roughly so large", why have a second stage at all? A **single-shot detector** lets every cell of a grid answer completely. In a 7 × 7 grid, with $B$ base boxes a cell and $C$ classes, the network's output is one array of
#
# $$7 \times 7 \times (5B + C)$$
#
# numbers: for each base box an offset, $(dx, dy, dh, dw)$, and a **confidence**; for each cell $C$ class probabilities, which its boxes share. One pass, no proposals, no crops.
#
# With anchors as base boxes, your `decode_boxes` reads the offsets. The first YOLO (2016) did it more simply, without anchors, and that is what you decode now.

# %% [raw]
# # BEGIN QUESTION
# name: decode_grid
# points: 4

# %% [markdown]
# ### Exercise 8.10 · decode_grid · ★★☆ · 12 minutes
#
# In each cell the first $5B$ numbers describe $B$ boxes, five each: $(x, y, w, h, \text{confidence})$. The last $C$ are the cell's class probabilities.
#
# - $(x, y)$ is where in **its cell** the middle of the box lies, from 0 to 1. So in shares of the whole picture the middle is at $\left(\frac{\text{column} + x}{\text{columns}}, \frac{\text{row} + y}{\text{rows}}\right)$.
# - $(w, h)$ is the box's size in shares of the whole picture.
# - The score of a box for a class is its confidence times the class's probability.
#
# Return boxes as edges in shares of the picture, and their scores. Order: row by row, cell by cell, box by box.
#
# **Shapes:** `output` (rows, columns, $5B + C$) → boxes (rows · columns · $B$, 4) and scores (rows · columns · $B$, $C$).
#
# **Worked:** a 7 × 7 grid, $B = 1$, $C = 2$; the cell in row 3, column 5 says $(0.5, 0.5, 0.2, 0.4, 0.8,\ 0.25, 0.75)$. Middle $(\frac{5.5}{7}, \frac{3.5}{7}) = (0.7857, 0.5)$, box $(0.6857, 0.3, 0.8857, 0.7)$, scores $0.8 \cdot (0.25, 0.75) = (0.2, 0.6)$.
#
# <details><summary>Hint 1</summary>Three loops: rows, columns, and the B boxes of a cell. <code>output[row, column, 5 * k : 5 * k + 5]</code> are the five numbers of box k.</details>
# <details><summary>Hint 2</summary>The class probabilities of a cell are <code>output[row, column, 5 * B :]</code>, the same for all its boxes.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>All boxes in the upper left corner:</b> add the cell's own place.</li>
# <li><b>Mirrored along the diagonal:</b> x goes with the column, y with the row.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def decode_grid(output, B, C):
    """Return boxes (rows · columns · B, 4) in shares of the picture, and scores (rows · columns · B, C).

    output is (rows, columns, 5B + C): x, y, w, h and confidence of each box, then the cell's class probabilities.
    """
    # BEGIN SOLUTION
    rows, columns, _ = output.shape
    boxes, scores = [], []
    for row in range(rows):
        for column in range(columns):
            cell = output[row, column]
            for x, y, w, h, confidence in cell[: 5 * B].reshape(B, 5):
                x, y = (column + x) / columns, (row + y) / rows
                boxes.append([x - w / 2, y - h / 2, x + w / 2, y + h / 2])
                scores.append(confidence * cell[-C:])
    return np.array(boxes), np.array(scores)
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_one_box_a_cell(decode_grid):
    import numpy as np
    from course_utils.checks import check_call

    output = np.random.default_rng(88).uniform(0.1, 0.9, (2, 3, 7))
    x, y, w, h, confidence = output[..., :5].reshape(6, 5).T
    row, column = np.divmod(np.arange(6), 3)
    classes = output[..., 5:].reshape(6, 2)

    def answer(x, y, w=w, h=h, scores=confidence[:, None] * classes):
        return np.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], axis=1), scores

    at = (column + x) / 3, (row + y) / 2
    check_call(
        decode_grid,
        output,
        1,
        2,
        expected=answer(*at),
        mistakes={
            "Add the cell's own place: all your boxes lie in one cell.": answer(x / 3, y / 2),
            "All your boxes lie near the upper left corner: add the cell's place and divide by the number of cells.": answer(
                x, y
            ),
            "x goes with the column and y with the row: yours are swapped.": answer(
                (row + x) / 3, (column + y) / 2
            ),
            "Divide x by the number of columns and y by that of rows.": answer(
                (column + x) / 2, (row + y) / 3
            ),
            "w and h are shares of the whole picture, not of a cell.": answer(*at, w / 3, h / 2),
            "Divide by the number of cells: boxes are in shares of the picture.": answer(column + x, row + y),
            "(x, y) is counted from the cell's corner: no half cell is added.": answer(
                (column + 0.5 + x) / 3, (row + 0.5 + y) / 2
            ),
            "A score is the confidence times the class's probability: the confidence is missing.": answer(
                *at, scores=classes
            ),
            "(x, y) is the middle of the box: half the size goes to each side.": (
                np.stack([at[0], at[1], at[0] + w, at[1] + h], axis=1),
                confidence[:, None] * classes,
            ),
        },
    )


# %%
def test_several_boxes_share_the_classes_of_their_cell(decode_grid):
    import numpy as np
    from course_utils.checks import check_call

    output = np.random.default_rng(98).uniform(0.1, 0.9, (1, 2, 13))  # B = 2, C = 3
    x, y, w, h, confidence = output[..., :10].reshape(4, 5).T
    column = np.array([0, 0, 1, 1])
    x = (column + x) / 2
    boxes = np.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], axis=1)
    scores = confidence[:, None] * output[0, column, 10:]
    order = [0, 2, 1, 3]
    check_call(
        decode_grid,
        output,
        2,
        3,
        expected=(boxes, scores),
        mistakes={
            "The order is cell by cell: both boxes of the first cell come first.": (
                boxes[order],
                scores[order],
            ),
            "The classes stand at the end of the cell, after 5B numbers.": (
                boxes,
                confidence[:, None] * output[0, column, 5:8],
            ),
            "Each box has its own confidence: you used that of the first for all.": (
                boxes,
                confidence[[0, 0, 2, 2], None] * output[0, column, 10:],
            ),
        },
    )


# %%
# HIDDEN
def test_grids_of_all_sizes(decode_grid):
    import numpy as np
    from course_utils import detection
    from course_utils.checks import check_call

    rng = np.random.default_rng(908)
    for rows, columns, B, C in ((7, 7, 2, 3), (5, 3, 3, 2), (2, 11, 1, 5)):
        output = rng.uniform(0.05, 0.95, (rows, columns, 5 * B + C))
        # Another way: offsets from anchors of one cell, in cells.
        anchors = np.repeat(detection.make_anchors((rows, columns), 1, [1.0]), B, axis=0)
        five = output[..., : 5 * B].reshape(-1, 5)
        offsets = np.concatenate([five[:, :2] - 0.5, np.log(five[:, 2:4] * (columns, rows))], axis=1)
        boxes = detection.decode_boxes(offsets, anchors) / (columns, rows, columns, rows)
        scores = five[:, 4:] * np.repeat(output[..., 5 * B :].reshape(-1, C), B, axis=0)
        check_call(
            decode_grid,
            output,
            B,
            C,
            expected=(boxes, scores),
            mistakes={
                "A score is the confidence times the class's probability: the confidence is missing.": (
                    boxes,
                    scores / five[:, 4:],
                )
            },
        )


# %%
# HIDDEN
def test_one_cell_and_one_class(decode_grid):
    import numpy as np
    from course_utils.checks import check_call

    output = np.array([[[0.5, 0.25, 1.0, 0.5, 0.8, 1.0]]])
    check_call(decode_grid, output, 1, 1, expected=(np.array([[0.0, 0.0, 1.0, 0.5]]), np.array([[0.8]])))
    check_call(
        decode_grid,
        np.zeros((1, 2, 7)),
        1,
        2,
        expected=(np.array([[0.0] * 4, [0.5, 0.0, 0.5, 0.0]]), np.zeros((2, 2))),
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# Now train one. `detection.SingleShotDetector` has $B = 2$ base boxes a cell, squares of 13 and 24 pixels, on an 8 × 8 grid. It learns from 800 scenes for ten epochs.

# %%
train_scenes, test_scenes = data.make_scenes(800, seed=1), data.make_scenes(200, seed=2)
test_images = torch.tensor(test_scenes.images, device=device)
test_truth = [
    detection.Detections(box[label >= 0], label[label >= 0])
    for box, label in zip(test_scenes.boxes, test_scenes.labels, strict=True)
]
torch.manual_seed(0)
shot = detection.SingleShotDetector(3, width=8)
history, seconds = train(shot, train_scenes, epochs=10, learning_rate=6e-3, batch_size=8)
found = shot.detect(test_images)
shot_map = detection.mean_average_precision(found, test_truth)
coco_map = detection.mean_average_precision(found, test_truth, detection.COCO_THRESHOLDS)
print(f"trained in {seconds:.0f} s: mAP {shot_map:.1f} at IoU 0.5, {coco_map:.1f} averaged from 0.5 to 0.95")

fig, axes = plt.subplots(2, 6, figsize=(13, 4.9))
for i, ax in enumerate(axes.flat):
    show_scene(ax, test_scenes.images[i])
    sure = found[i].scores > 0.4
    words = [
        f"{test_scenes.shapes[label]} {score:.2f}"
        for label, score in zip(found[i].labels[sure].tolist(), found[i].scores[sure].tolist(), strict=True)
    ]
    draw_boxes(ax, found[i].boxes[sure].cpu().numpy(), found[i].labels[sure].tolist(), words)
fig.suptitle("What the single shot finds in scenes it has not seen (scores above 0.4)")
plt.show()

# %% [markdown]
# The library's own test trains a net twice as wide on 1,500 scenes for twelve epochs, several times the work, and asks of it an mAP of at least 85. Compare that with the number above: most of the way takes seconds, the rest takes minutes.
#
# Look at the second number too. Asking for tighter boxes costs a lot: it finds things better than it measures them.
#
# ## 8.9 RetinaNet: large and small, hard and easy
#
# Single-shot detectors used to be quick and not quite as good. RetinaNet (2017) found two reasons.
#
# **Small things are lost on coarse maps.** A deep map knows *what* is there but only roughly *where*; an early map the reverse. A **feature pyramid** has both: maps of several sizes, and from the top down each level adds, upsampled, what the one above it understood. The same heads sit on every level; large anchors on the coarse maps, small ones on the fine.

# %%
example = 1
there = test_scenes.labels[example] >= 0
truth = test_scenes.boxes[example][there].astype(float)
fig, axes = plt.subplots(1, 4, figsize=(13, 3.6))
show_scene(axes[0], test_scenes.images[example], "the scene and its boxes")
draw_boxes(axes[0], truth, test_scenes.labels[example][there])
levels = list(zip((4, 8, 16), detection.RetinaNet.sides, strict=True))
anchors = [detection.make_anchors((64 // stride,) * 2, stride, sides) for stride, sides in levels]
matched = np.split(
    detection.match_anchors(np.concatenate(anchors), truth), np.cumsum([len(a) for a in anchors])[:-1]
)
for ax, (stride, sides), boxes, match in zip(axes[1:], levels, anchors, matched, strict=True):
    show_scene(ax, 0.5 + test_scenes.images[example] / 2)
    ax.set_xticks(range(0, 65, stride), [])
    ax.set_yticks(range(0, 65, stride), [])
    ax.grid(True, alpha=0.5)
    for x1, y1, x2, y2 in boxes[match >= 0]:
        ax.add_patch(Rectangle((x1, y1), x2 - x1, y2 - y1, fill=False, ec=RED, lw=1.6))
    cells = 64 // stride
    ax.set_title(
        f"{cells} × {cells} cells, sides {sides[0]:.0f} and {sides[1]:.0f}:\n{int((match >= 0).sum())} of {len(boxes)} anchors match"
    )
    ax.title.set_fontsize(10)
fig.suptitle("Each level of the pyramid finds the things of its size")
plt.show()

# %% [markdown]
# **Nearly all anchors are background, and nearly all of those are easy.** Count above: a few matches among 672 anchors. Each easy one costs little, but together they drown the few that matter. The **focal loss** turns down what is easy already:
#
# $$\text{FL} = -\alpha_t\,(1 - p_t)^\gamma \log p_t$$
#
# where $p_t$ is the probability of the *true* answer: $p_t = \sigma(z)$ where there is something, $1 - \sigma(z)$ where there is nothing. A sure and right answer has $p_t$ near 1, and $(1 - p_t)^\gamma$ all but deletes it. $\gamma = 0$ is plain cross-entropy. $\alpha_t$ weighs the classes: $\alpha$ for objects, $1 - \alpha$ for background.

# %% [raw]
# # BEGIN QUESTION
# name: focal_loss
# points: 3
# forbids: [course_utils.detection.focal_loss, torch.*]

# %% [markdown]
# ### Exercise 8.11 · focal_loss · ★★☆ · 10 minutes
#
# Compute the mean focal loss of logits. (RetinaNet divides the sum by the number of objects instead; take the mean here.) It must stay finite for any logit: $\log \sigma(z) = -\log(1 + e^{-z})$, and `np.logaddexp(0, -z)` is that logarithm without overflow.
#
# **Shapes:** `logits` $(n,)$, `targets` $(n,)$ with 0 and 1, `gamma` and `alpha` numbers → one number.
#
# **Worked:** logits $(0, 0)$, targets $(1, 0)$, $\gamma = 2$, $\alpha = 0.25$. Both times $p_t = \frac12$, $(1-p_t)^2 = \frac14$ and $-\log p_t = 0.6931$. Losses $0.25 \cdot \frac14 \cdot 0.6931 = 0.0433$ and $0.75 \cdot \frac14 \cdot 0.6931 = 0.1300$; mean $0.0866$.
#
# <details><summary>Hint 1</summary>The logit of the true answer is z for target 1 and −z for target 0, because 1 − σ(z) = σ(−z).</details>
# <details><summary>Hint 2</summary>With that logit t: <code>log_p = -np.logaddexp(0, -t)</code>, and p is its exponential.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Larger than the cross-entropy:</b> you used the logit as a probability. Focal loss can only make it smaller.</li>
# <li><b>Objects and background weighed the wrong way round:</b> α belongs to targets of 1.</li>
# <li><b>inf or NaN at −1000:</b> log(0). Use logaddexp.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def focal_loss(logits, targets, gamma, alpha):
    """Return the mean focal loss of logits (n,) for targets (n,) of 0 and 1."""
    # BEGIN SOLUTION
    log_p = -np.logaddexp(0, np.where(targets == 1, -logits, logits))
    weight = np.where(targets == 1, alpha, 1 - alpha)
    return np.mean(-weight * (1 - np.exp(log_p)) ** gamma * log_p)
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_the_formula(focal_loss):
    import numpy as np
    from course_utils.checks import check_call

    z, y = np.array([0.4, -1.3, 2.2, 0.9, -0.6]), np.array([1.0, 0.0, 1.0, 0.0, 1.0])
    gamma, alpha = 3.0, 0.3
    p = np.where(y == 1, 1 / (1 + np.exp(-z)), 1 / (1 + np.exp(z)))
    a, entropy = np.where(y == 1, alpha, 1 - alpha), -np.log(p)
    check_call(
        focal_loss,
        z,
        y,
        gamma,
        alpha,
        expected=np.mean(a * (1 - p) ** gamma * entropy),
        sizes={"n": 5},
        mistakes={
            "γ is an exponent of 1 − p: you multiplied by it.": np.mean(a * (1 - p) * gamma * entropy),
            "α belongs to the objects, 1 − α to the background: yours are swapped.": np.mean(
                (1 - a) * (1 - p) ** gamma * entropy
            ),
            "The background is weighed by 1 − α: it has no weight in yours.": np.mean(
                np.where(y == 1, alpha, 1) * (1 - p) ** gamma * entropy
            ),
            "α weighs objects and background differently: you used α for both.": np.mean(
                alpha * (1 - p) ** gamma * entropy
            ),
            "α is missing.": np.mean((1 - p) ** gamma * entropy),
            "The factor is (1 − p)^γ, which forgets what is easy: p^γ forgets what is hard.": np.mean(
                a * p**gamma * entropy
            ),
            "p is the probability of the true answer: for target 0 that is 1 − σ(z).": np.mean(
                a * (1 - 1 / (1 + np.exp(-z))) ** gamma * -np.log(1 / (1 + np.exp(-z)))
            ),
            "The loss is positive: the sign in front is missing.": -np.mean(a * (1 - p) ** gamma * entropy),
            "That is the weighted cross-entropy: the factor (1 − p)^γ is missing.": np.mean(a * entropy),
            "Take the mean over all logits, not their sum.": np.sum(a * (1 - p) ** gamma * entropy),
        },
    )


# %%
def test_gamma_zero_is_cross_entropy(focal_loss):
    import numpy as np
    from course_utils.checks import check_call

    z, y = np.array([0.7, -1.1, 3.0]), np.array([1.0, 1.0, 0.0])
    entropy = np.log1p(np.exp(np.where(y == 1, -z, z)))
    check_call(
        focal_loss,
        z,
        y,
        0.0,
        0.5,
        expected=entropy.mean() / 2,
        sizes={"n": 3},
        mistakes={
            "With γ = 0 the factor (1 − p)^γ is 1: you multiplied by γ.": 0.0,
            "The logit isn't a probability: use σ(z).": np.mean(
                -0.5 * np.log(np.abs(np.where(y == 1, z, 1 - z)))
            ),
        },
    )


# %%
# HIDDEN
def test_random_logits(focal_loss):
    import numpy as np
    from course_utils import detection
    from course_utils.checks import check_call

    rng = np.random.default_rng(118)
    for n, gamma, alpha in ((11, 2.0, 0.25), (101, 0.5, 0.6), (7, 5.0, 0.9)):
        z, y = rng.normal(0, 2, n), rng.integers(0, 2, n).astype(float)
        expected = float(detection.focal_loss(z, y, gamma, alpha))
        swapped = float(detection.focal_loss(z, y, gamma, 1 - alpha))
        check_call(
            focal_loss,
            z,
            y,
            gamma,
            alpha,
            expected=expected,
            sizes={"n": n},
            mistakes={"α belongs to the objects, 1 − α to the background: yours are swapped.": swapped},
        )


# %%
# HIDDEN
def test_huge_logits(focal_loss):
    import numpy as np
    from course_utils.checks import check_call

    check_call(focal_loss, np.array([-1000.0]), np.array([1.0]), 2.0, 0.25, expected=250.0)
    check_call(focal_loss, np.array([1000.0, 800.0]), np.array([0.0, 1.0]), 2.0, 0.25, expected=375.0)
    check_call(focal_loss, np.array([1000.0, -1000.0]), np.array([1.0, 0.0]), 2.0, 0.25, expected=0.0)
    check_call(focal_loss, np.array([0.0]), np.array([0.0]), 1.0, 0.25, expected=0.75 * 0.5 * np.log(2))


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# What does that do in your trained detector? Take its confidences on the test scenes. Call an anchor easy when the detector gives the right answer a probability above 0.8. How much of the loss comes from easy ones?

# %%
with torch.no_grad():
    shot_anchors, confidence, offsets, class_scores = shot(test_images)
shot_anchors = shot_anchors.cpu().numpy().astype(float)
matched = np.stack(
    [detection.match_anchors(shot_anchors, np.asarray(t.boxes, dtype=float)) for t in test_truth]
)
logits, objects = confidence.cpu().numpy().astype(float)[matched >= -1], matched[matched >= -1] >= 0

p = np.linspace(0.005, 0.995, 200)
fig, (left, right) = plt.subplots(1, 2, figsize=(11, 3.8))
gammas = (0.0, 0.5, 1.0, 2.0, 5.0)
for gamma, color, style in zip(
    gammas, (BLUE, ORANGE, GREEN, RED, SKY), ("-", "--", "-.", ":", (0, (5, 1))), strict=True
):
    left.plot(p, -((1 - p) ** gamma) * np.log(p), color=color, ls=style, label=f"γ = {gamma:g}")
left.set(
    xlabel="probability of the true answer, $p_t$",
    ylabel="loss, without α",
    ylim=(0, 3),
    title="Focal loss forgets what is easy",
)
left.legend()
p_true = 1 / (1 + np.exp(np.where(objects, -logits, logits)))
easy = p_true > 0.8
shares = []
for gamma in gammas:
    losses = detection.focal_loss(logits, objects.astype(float), gamma, 0.5, reduction="none")
    shares.append(100 * losses[easy].sum() / losses.sum())
bars = right.bar([f"{gamma:g}" for gamma in gammas], shares, color="0.7", width=0.6)
right.bar_label(bars, fmt="%.1f %%", padding=2)
right.grid(axis="x", visible=False)
right.set(
    xlabel="γ",
    ylabel="share of the whole loss, %",
    ylim=(0, 1.15 * max(shares)),
    title="The say of the easy anchors",
)
plt.show()
print(
    f"{len(logits):,} anchors in 200 scenes: {objects.mean():.1%} hold something, {easy.mean():.1%} are easy ($p_t$ > 0.8)".replace(
        "$", ""
    )
)
if solved(focal_loss):
    print(
        "yours agrees at γ = 2:",
        np.isclose(
            focal_loss(logits, objects.astype(float), 2.0, 0.25),
            detection.focal_loss(logits, objects.astype(float)),
        ),
    )

# %% [markdown]
# Nearly all anchors are background and easy. One costs next to nothing, but there are so many that under cross-entropy they still have a say: the detector goes on polishing what it knows. As γ grows, their say vanishes.
#
# The single shot above has another cure for the same illness: it trains only on the *hardest* background anchors, three for each object. Focal loss needs no such choice.

# %% [markdown]
# ## 8.10 Judge it with your own functions
#
# Everything is ready. The cell below takes the raw output of the trained detector and does the rest with **your** code: anchors, decoding, suppression, overlap, average precision. It sweeps the threshold of the suppression, and compares with the library.

# %%
if solved(make_anchors, decode_boxes, nms, iou, average_precision):
    probabilities = (
        (confidence.sigmoid()[..., None] * class_scores.softmax(dim=2)).cpu().numpy().astype(float)
    )
    moves = offsets.cpu().numpy().astype(float)
    mine = make_anchors((8, 8), 8, [13.0, 24.0], [1.0])

    def my_map(threshold):
        """Your average precision for each class, after your suppression."""
        listed = {label: ([], []) for label in range(3)}
        for image, truth in enumerate(test_truth):
            boxes = np.clip(decode_boxes(moves[image], mine), 0, 64)
            said = probabilities[image].argmax(axis=1)
            best = probabilities[image].max(axis=1)
            for label in range(3):
                rows = np.flatnonzero((said == label) & (best > 0.05))
                kept = rows[nms(boxes[rows], best[rows], threshold).astype(int)]
                there = np.flatnonzero(truth.labels == label)
                number = np.full(len(kept), -1)
                if len(there) and len(kept):
                    overlap = iou(boxes[kept], truth.boxes[there].astype(float))
                    number = np.where(
                        overlap.max(axis=1) >= 0.5, 4 * image + there[overlap.argmax(axis=1)], -1
                    )
                listed[label][0].extend(best[kept])
                listed[label][1].extend(number)
        counts = np.bincount(test_scenes.labels[test_scenes.labels >= 0], minlength=3)
        return [
            average_precision(np.array(s), np.array(m), counts[label]) for label, (s, m) in listed.items()
        ]

    thresholds = np.array([0.05, 0.2, 0.35, 0.45, 0.55, 0.7, 0.85, 1.0])
    curves = np.array([my_map(threshold) for threshold in thresholds])
    fig, ax = plt.subplots()
    for label, marker in enumerate("os^"):
        ax.plot(
            thresholds,
            curves[:, label],
            color=CLASS_COLOURS[label],
            ls=CLASS_STYLES[label],
            marker=marker,
            label=test_scenes.shapes[label],
        )
    ax.plot(thresholds, curves.mean(axis=1), color="black", ls="-", lw=2.5, label="mean: mAP")
    ax.set(
        xlabel="IoU threshold of the suppression",
        ylabel="average precision",
        ylim=(0, 100),
        title="Suppression is worth many points, its exact threshold few",
    )
    ax.legend()
    plt.show()
    print(f"with your functions, threshold 0.45: mAP {curves[3].mean():.1f}")
    print(
        f"with the library's:                  mAP {detection.mean_average_precision(found, test_truth, points=None):.1f}"
    )

# %% [markdown]
# A wide range of thresholds does equally well here, since things in scenes rarely overlap by much. Without suppression (threshold 1) the second and third box of every thing count as wrong, and precision falls.
#
# Your number and the library's agree, though they match detections to things by slightly different rules: yours looks at the thing with the largest overlap, the library's (and COCO's) at the best one that is still free.

# %% [markdown]
# ### Real handwriting
#
# Scenes are drawn by a program. The digits below were written by people: each page holds one to four of MNIST's handwritten digits. Can the same network, with ten classes, say where each is and which? The test pages show digits that it has not seen.
#
# A convolutional detector doesn't care how large the picture is. So let it read zip codes as well, 128 pixels wide, although it has never seen more than two digits in a row.

# %%
mnist = data.load_mnist()


def make_pages(n, x, y, seed):
    """n pages of 64 × 64 pixels with 1 to 4 digits, in the corners of a square that lies anywhere, not quite straight."""
    rng = np.random.default_rng(seed)
    images, boxes = np.zeros((n, 3, 64, 64), np.float32), np.zeros((n, 4, 4), np.float32)
    labels = np.full((n, 4), -1)
    for page in range(n):
        square = rng.integers(0, 11, 2)
        for k, corner in enumerate(rng.permutation(4)[: rng.integers(1, 5)]):
            i = rng.integers(len(y))
            top, left = np.clip(square + 26 * np.array(divmod(corner, 2)) + rng.integers(-2, 3, 2), 0, 36)
            spot = images[page, :, top : top + 28, left : left + 28]
            np.maximum(spot, x[i, 0], out=spot)
            rows, columns = np.nonzero(x[i, 0] > 0.3)
            boxes[page, k] = (
                left + columns.min(),
                top + rows.min(),
                left + columns.max() + 1,
                top + rows.max() + 1,
            )
            labels[page, k] = y[i]
    return data.Scenes(images, [], boxes, labels, None, None, [], tuple("0123456789"))


pages, test_pages = (
    make_pages(500, mnist.x_train, mnist.y_train, 1),
    make_pages(200, mnist.x_test, mnist.y_test, 2),
)
torch.manual_seed(0)
reader = detection.SingleShotDetector(10, width=8)
_, seconds = train(reader, pages, epochs=10, learning_rate=8e-3, batch_size=8)
read = reader.detect(torch.tensor(test_pages.images, device=device))
page_truth = [
    detection.Detections(b[t >= 0], t[t >= 0])
    for b, t in zip(test_pages.boxes, test_pages.labels, strict=True)
]
print(
    f"trained in {seconds:.0f} s: mAP {detection.mean_average_precision(read, page_truth):.1f} on 200 pages of other digits"
)

codes, digits = data.make_zip_codes(200, part="test", seed=3)
as_read = reader.detect(torch.tensor(np.repeat(codes, 3, axis=1), device=device))
suppress = own_or_finished(nms, detection.nms)


def surest(detections, across_classes):
    """Boxes and digits with scores above 0.3, from left to right."""
    boxes, labels, scores = (part.cpu().numpy() for part in detections)
    rows = np.flatnonzero(scores > 0.3)
    if across_classes:
        rows = rows[np.asarray(suppress(boxes[rows].astype(float), scores[rows], 0.3), dtype=int)]
    rows = rows[np.argsort(boxes[rows, 0])]
    return boxes[rows], labels[rows].tolist()


for across_classes, words in ((False, "suppressed class by class"), (True, "suppressed across classes")):
    answers = [surest(each, across_classes)[1] for each in as_read]
    whole = np.mean([answer == list(code) for answer, code in zip(answers, digits, strict=True)])
    five = np.mean([len(answer) == 5 for answer in answers])
    print(f"zip codes, {words}: five digits found in {five:.0%}, all five right in {whole:.0%}")

fig, axes = plt.subplots(2, 6, figsize=(13, 4), height_ratios=(2, 1))
for i, ax in enumerate(axes[0]):
    show_scene(ax, 1 - test_pages.images[i])
    boxes, labels = surest(read[i], across_classes=True)
    draw_boxes(ax, boxes, [0] * len(boxes), [str(label) for label in labels])
for i, ax in enumerate(axes[1]):
    show_scene(ax, 1 - np.repeat(codes[i], 3, axis=0), "read as " + "".join(map(str, answers[i])))
    ax.title.set_fontsize(10)
fig.suptitle("Above: test pages. Below: zip codes, a kind of picture it has never been trained on")
plt.show()

# %% [markdown]
# Honest reading: on pages like those it was trained on, it finds nearly all digits and reads most of them, after less than a minute of training.
#
# Zip codes are harder. Look at the two lines printed. Suppressed class by class, one blurred 5 may stay as a 5 *and* as a 9. In scenes a circle may lie on a square; on paper a digit is one thing. So here suppression should go across classes, and that one change helps a lot. Still it reads only a minority of the codes without a mistake. Five digits must *all* be right: at 80 % a digit, $0.8^5 = 33$ % of codes are left. And digits in a code stand closer than any it was trained on.

# %% [raw]
# # BEGIN QUESTION
# name: which_detector
# points: 4
# manual: true

# %% [markdown]
# ### Question 8.12 · Which detector would you build? · ★★☆ · 12 minutes
#
# A beekeeper points a camera at the entrance of a hive. A small computer without a graphics card should count the bees that come and go, 20 pictures a second. Bees crowd at the entrance, climb over one another, and are about 15 pixels long in a picture of 640 × 480.
#
# 1. R-CNN, Faster R-CNN, a single shot on one coarse map, or a single shot with a feature pyramid: which would you build, and why? (1 point)
# 2. What does non-maximum suppression do where bees climb over one another? What would you change, and what does that cost? (2 points)
# 3. Is mAP at IoU 0.5 the number to judge it by? What would you measure? (1 point)
#
# Four to ten sentences.

# %% [raw]
# # BEGIN SOLUTION

# %% [markdown]
# **Rubric (4 points):** one for each part, two for the second.
#
# - [1] **1 · Detector.** A single shot: one pass, no crops, and 20 pictures a second without a graphics card rules out R-CNN and makes two stages hard. With a pyramid, or at least a fine map: bees of 15 pixels cover less than one cell of a map at stride 16 or 32, and several would share a cell. Half a point for a single shot without a word about size.
# - [2] **2 · Suppression.** One point: two bees that overlap by more than the threshold lose one, so crowds are counted too low. One point for a change *with its cost*: a higher threshold (the same bee is found twice); lowering scores of overlapping boxes instead of dropping them (another knob, slower); boxes along the bee's direction, or bodies' middles instead of boxes (other labels are needed); masks (dearer).
# - [1] **3 · Measure.** mAP is about ranking and overlap. The keeper wants counts: the error of the count a picture or a minute, in the crowd and when it is quiet. Earns the point too: recall at a fixed precision, with a lower IoU since tight boxes don't matter; judged on other days and other light than it was trained on.

# %% [raw]
# # END SOLUTION

# %% [raw]
# # END QUESTION

# %% [markdown]
# ## What you take from Part A
#
# - A box is four **edges**. Boxes are compared by **IoU**; clamp before you multiply.
# - **NMS**: the best stays, and drops what overlaps it. For each class by itself. A dropped box drops nobody.
# - **Average precision**: the area under the envelope; a second hit is a false one; what is never found counts as 0.
# - R-CNN runs a network on each region, Fast R-CNN once on the picture, Faster R-CNN lets it propose too, a **single shot** drops the second stage.
# - Networks answer relative to **anchors**, with sizes as logarithms. Every true box gets at least one anchor.
# - A **pyramid** finds things of every size; the **focal loss** keeps the easy background from deciding.
#
# **This is a good place to stop.** Save the notebook. When you come back, run the first two code cells and go on with Part B: it needs nothing else from Part A.

# %% [markdown]
# # Part B · Segmentation
#
# **You will be able to**
#
# - say what three ways to classify every pixel cost, and count it;
# - make a small map large in four ways, and say what each loses;
# - explain what the skip connections of a U-Net carry, and measure it;
# - judge a segmentation by its mean IoU, and say why the share of right pixels misleads.
#
# **Time:** about 1½ hours
#
# ## 8.11 A class for every pixel
#
# To say whether a pixel is part of a circle, a network must see what is around it. There are three ways to arrange that.
#
# 1. **Patch by patch.** Cut a patch around every pixel and classify it, as in notebook 07. Neighbouring patches are nearly the same, so nearly all work is done again and again.
# 2. **One fully convolutional network at full size.** No pooling, no linear layer, and every pixel gets its scores in one pass. But each 3 × 3 layer lets a pixel see only one pixel further. To see far takes many layers, all at full size: expensive.
# 3. **Down and up again.** Make the maps smaller inside the network, see far cheaply, and make them large again at the end.
#
# Compare three networks that see about as far: 45 pixels for the first two, 44 for the third. The first two are even *the same* network and give the same numbers.

# %%
torch.manual_seed(0)
layers = [layer for k in range(22) for layer in (nn.Conv2d(3 if k == 0 else 16, 16, 3), nn.ReLU())]
full_size = nn.Sequential(*layers, nn.Conv2d(16, 4, 1)).eval()
unet = segmentation.UNet(4, width=16, depth=2).eval()
picture = torch.tensor(data.make_scenes(1, seed=7).images)
padded = functional.pad(picture, (22,) * 4)
windows = padded.unfold(2, 45, 1).unfold(3, 45, 1)[0]  # (3, 64, 64, 45, 45): a patch for each pixel


def seconds_of(net, x):
    with torch.no_grad():
        start = time.perf_counter()
        net(x)
        return time.perf_counter() - start


some = windows[:, 20, 10:42].movedim(1, 0)  # 32 of the 4,096 patches
with torch.no_grad():
    print(
        "patches and the whole agree:",
        torch.allclose(full_size(some)[..., 0, 0].T, full_size(padded)[0, :, 20, 10:42], atol=1e-5),
    )
ways = {
    "patch by patch": (
        4096 * summarize(full_size, (3, 45, 45)).multiply_adds,
        128 * seconds_of(full_size, some),
    ),
    "whole picture, full size": (
        summarize(full_size, (3, 108, 108)).multiply_adds,
        seconds_of(full_size, padded),
    ),
    "down and up: U-Net": (summarize(unet, (3, 64, 64)).multiply_adds, seconds_of(unet, picture)),
}
fig, axes = plt.subplots(1, 2, figsize=(11, 2.8), sharey=True)
for ax, k, unit, words in (
    (axes[0], 0, "multiply-adds for one picture", "{:.1e}"),
    (axes[1], 1, "seconds for one picture, here", "{:.2g}"),
):
    bars = ax.barh(list(ways), [way[k] for way in ways.values()], color=[RED, ORANGE, GREEN])
    ax.bar_label(bars, labels=[words.format(way[k]) for way in ways.values()], padding=3)
    ax.set(xscale="log", xlabel=unit)
    ax.set_xlim(right=30 * ax.get_xlim()[1])
    ax.grid(axis="y", visible=False)
axes[0].invert_yaxis()
axes[0].set_title("The same question, at three prices")
plt.show()

# %% [markdown]
# The axes are logarithmic. Patch by patch costs hundreds of times as much as the whole picture at once, for the same answer. (Its time is measured on 32 of 4,096 patches and multiplied.) The U-Net is cheaper again, although its inner maps have two and four times as many channels.
#
# What is missing is the way up.
#
# ## 8.12 Ways up
#
# Pooling makes a map of half the size. What could the reverse be? Information is gone, so there is more than one answer.
#
# - **Nearest neighbour**: repeat each value.
# - **Bed of nails**: put each value in one corner of its square, zeros elsewhere.
# - **Max unpooling**: remember where each maximum came from, and put the value back *there*.
# - **Transposed convolution**: multiply each value by a filter, put it down, and add up where copies overlap. The filter is learnt.

# %% [raw]
# # BEGIN QUESTION
# name: upsample_nearest
# points: 2
# forbids: [course_utils.segmentation.upsample_nearest, torch.*]

# %% [markdown]
# ### Exercise 8.13 · upsample_nearest · ★☆☆ · 5 minutes
#
# Repeat each value in a square of `scale` × `scale`.
#
# **Shapes:** `x` $(n, c, h, w)$ → $(n, c, \text{scale}\cdot h, \text{scale}\cdot w)$.
#
# **Worked:** one map, $(1\ \ 2)$, scale 2 → $\begin{pmatrix}1&1&2&2\\1&1&2&2\end{pmatrix}$.
#
# <details><summary>Hint 1</summary><code>np.repeat(x, scale, axis=…)</code> repeats along one axis. You need two.</details>
# <details><summary>Hint 2</summary>Height is axis 2 and width axis 3.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>1 2 1 2 instead of 1 1 2 2:</b> that is <code>tile</code>: it repeats the map, not the values.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def upsample_nearest(x, scale):
    """Return x (n, c, h, w) with each value repeated in a square of scale × scale."""
    # BEGIN SOLUTION
    return np.kron(x, np.ones((scale, scale)))
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_each_value_becomes_a_square(upsample_nearest):
    import numpy as np
    from course_utils.checks import check_call

    x = np.array([[[[1.0, 2.0, 5.0], [3.0, 7.0, 4.0]]]])
    a = x[0, 0]
    right = a.repeat(2, 0).repeat(2, 1)
    nails = np.zeros((4, 6))
    nails[::2, ::2] = a
    check_call(
        upsample_nearest,
        x,
        2,
        expected=right[None, None],
        mistakes={
            "You repeated the map, not each value: 1 1 2 2, not 1 2 1 2.": np.tile(x, (1, 1, 2, 2)),
            "You stretched the width alone: repeat along the height too.": a.repeat(2, 1)[None, None],
            "You stretched the height alone: repeat along the width too.": a.repeat(2, 0)[None, None],
            "Zeros belong to the bed of nails: here each value fills its square.": nails[None, None],
            "You shared each value out: each copy keeps the whole value.": right[None, None] / 4,
        },
    )


# %%
# HIDDEN
def test_random_maps_and_scales(upsample_nearest):
    import numpy as np
    from course_utils import segmentation
    from course_utils.checks import check_call

    rng = np.random.default_rng(128)
    for shape, scale in (((2, 3, 5, 7), 3), ((1, 5, 2, 3), 2), ((3, 1, 1, 1), 5), ((2, 2, 3, 2), 1)):
        x = rng.normal(size=shape)
        wrong = np.tile(x, (1, 1, scale, scale))
        check_call(
            upsample_nearest,
            x,
            scale,
            expected=segmentation.upsample_nearest(x, scale),
            mistakes={"You repeated the map, not each value: 1 1 2 2, not 1 2 1 2.": wrong},
        )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [raw]
# # BEGIN QUESTION
# name: bed_of_nails
# points: 2
# forbids: [course_utils.segmentation.bed_of_nails, torch.*]

# %% [markdown]
# ### Exercise 8.14 · bed_of_nails · ★☆☆ · 5 minutes
#
# Put each value in the **upper left** corner of a `scale` × `scale` square of zeros.
#
# **Shapes:** `x` $(n, c, h, w)$ → $(n, c, \text{scale}\cdot h, \text{scale}\cdot w)$.
#
# **Worked:** one map, $(1\ \ 2)$, scale 2 → $\begin{pmatrix}1&0&2&0\\0&0&0&0\end{pmatrix}$.
#
# <details><summary>Hint 1</summary>Start from zeros of the large shape, then write into every scale-th row and column.</details>
# <details><summary>Hint 2</summary><code>y[:, :, ::scale, ::scale]</code> can stand on the left of an assignment.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>No zeros:</b> that is nearest neighbour.</li>
# <li><b>Two axes short:</b> batch and channels stay in front.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def bed_of_nails(x, scale):
    """Return zeros with each value of x (n, c, h, w) in the upper left corner of its scale × scale square."""
    # BEGIN SOLUTION
    n, c, h, w = x.shape
    large = np.zeros((n, c, scale * h, scale * w))
    large[:, :, ::scale, ::scale] = x
    return large
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_one_corner_holds_the_value(bed_of_nails):
    import numpy as np
    from course_utils.checks import check_call

    x = np.array([[[[1.0, 2.0, 5.0], [3.0, 7.0, 4.0]]]])

    def nails(row, column):
        y = np.zeros((1, 1, 4, 6))
        y[:, :, row::2, column::2] = x
        return y

    padded = np.zeros((1, 1, 4, 6))
    padded[:, :, :2, :3] = x
    check_call(
        bed_of_nails,
        x,
        2,
        expected=nails(0, 0),
        mistakes={
            "Each value stands once, with zeros around it: you repeated it.": x.repeat(2, axis=2).repeat(
                2, axis=3
            ),
            "The value stands in the upper left corner of its square.": nails(1, 1),
            "The value stands in the upper left corner: yours is upper right.": nails(0, 1),
            "The value stands in the upper left corner: yours is lower left.": nails(1, 0),
            "Each value has a square of its own: you put the whole map into one corner.": padded,
        },
    )


# %%
# HIDDEN
def test_random_maps_and_scales(bed_of_nails):
    import numpy as np
    from course_utils import segmentation
    from course_utils.checks import check_call

    rng = np.random.default_rng(138)
    for shape, scale in (((2, 3, 5, 7), 3), ((1, 5, 2, 3), 2), ((3, 1, 1, 1), 5), ((2, 2, 3, 2), 1)):
        x = rng.normal(size=shape)
        expected = segmentation.bed_of_nails(x, scale)
        repeated = x.repeat(scale, axis=2).repeat(scale, axis=3)
        check_call(
            bed_of_nails,
            x,
            scale,
            expected=expected,
            mistakes={"Each value stands once, with zeros around it: you repeated it.": repeated},
        )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [raw]
# # BEGIN QUESTION
# name: max_unpool
# points: 3
# forbids: [course_utils.segmentation.max_unpool2d, torch.*]

# %% [markdown]
# ### Exercise 8.15 · max_unpool · ★★☆ · 10 minutes
#
# Max pooling can say where each maximum stood: `convolution.max_pool2d(x, 2, return_indices=True)` returns the pooled values and their **places** in the large map, counted row by row: place = row · width + column. Put each value back at its place, zeros elsewhere.
#
# Where pooling windows overlap, two values may come from one place. They are the same value then: it stands there **once**.
#
# **Shapes:** `values` $(n, c, h, w)$, `places` $(n, c, h, w)$ integers, `size` = (rows, columns) of the large map → $(n, c, \text{rows}, \text{columns})$.
#
# **Worked:** one value $7$ with place $2$ and size $(2, 2)$: row $1$, column $0$. Answer $\begin{pmatrix}0&0\\7&0\end{pmatrix}$.
#
# <details><summary>Hint 1</summary>Think of each large map as one long row of rows · columns numbers: a place is a position in it.</details>
# <details><summary>Hint 2</summary><code>np.put_along_axis(flat, places, values, axis=2)</code> with everything in shape (n, c, −1). Then reshape.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Right for square maps only:</b> the width of the <i>large</i> map turns places into rows and columns.</li>
# <li><b>Some values doubled:</b> assign, don't add.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def max_unpool(values, places, size):
    """Return maps (n, c, *size) with values (n, c, h, w) at their places, row · columns + column, and zeros elsewhere."""
    # BEGIN SOLUTION
    n, c, _, _ = values.shape
    flat = np.zeros((n, c, size[0] * size[1]))
    np.put_along_axis(flat, places.reshape(n, c, -1), values.reshape(n, c, -1), axis=2)
    return flat.reshape(n, c, *size)
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_maxima_go_back_to_where_they_came_from(max_unpool):
    import numpy as np
    from course_utils import convolution
    from course_utils.checks import check_call

    x = np.random.default_rng(148).permutation(48).reshape(1, 2, 4, 6) + 1.0
    values, places = convolution.max_pool2d(x, 2, return_indices=True)
    c = np.arange(2)[:, None]
    flat = places.reshape(2, 6)

    def put(rows, columns):
        y = np.zeros((1, 2, 4, 6))
        y[0, c, rows % 4, columns % 6] = values.reshape(2, 6)
        return y

    nails = np.zeros((1, 2, 4, 6))
    nails[:, :, ::2, ::2] = values
    check_call(
        max_unpool,
        values,
        places,
        (4, 6),
        expected=put(flat // 6, flat % 6),
        mistakes={
            "You put every value into the first corner of its window: it goes back to its own place.": nails,
            "A place is row · columns + column of the large map: you divided by its number of rows.": put(
                flat // 4, flat % 4
            ),
            "A place is counted in the large map: you divided by the width of the small one.": put(
                flat // 3, flat % 3
            ),
            "Row and column are swapped: a place counts row by row.": np.swapaxes(
                put(flat // 6, flat % 6).reshape(1, 2, 6, 4), 2, 3
            ),
            "You repeated the values: zeros stand where no maximum was.": values.repeat(2, axis=2).repeat(
                2, axis=3
            ),
        },
    )


# %%
def test_a_value_found_twice_stands_once(max_unpool):
    import numpy as np
    from course_utils.checks import check_call

    values, places = np.array([[[[4.0, 9.0, 9.0]]]]), np.array([[[[0, 7, 7]]]])
    right = np.zeros((1, 1, 2, 5))
    right[0, 0, 0, 0], right[0, 0, 1, 2] = 4, 9
    added = right.copy()
    added[0, 0, 1, 2] = 18
    check_call(
        max_unpool,
        values,
        places,
        (2, 5),
        expected=right,
        mistakes={"Two windows found the same maximum: it stands there once. Assign, don't add.": added},
    )


# %%
# HIDDEN
def test_random_maps(max_unpool):
    import numpy as np
    from course_utils import convolution, segmentation
    from course_utils.checks import check_call

    rng = np.random.default_rng(158)
    for shape, kernel, stride in (((2, 3, 6, 10), 2, 2), ((1, 5, 9, 7), 3, 2), ((3, 2, 5, 15), 5, 5)):
        x = rng.normal(size=shape)
        values, places = convolution.max_pool2d(x, kernel, stride, return_indices=True)
        size = shape[2:]
        check_call(max_unpool, values, places, size, expected=segmentation.max_unpool2d(values, places, size))


# %%
# HIDDEN
def test_one_value_and_a_larger_map_than_pooling_saw(max_unpool):
    import numpy as np
    from course_utils.checks import check_call

    check_call(
        max_unpool,
        np.array([[[[7.0]]]]),
        np.array([[[[2]]]]),
        (2, 2),
        expected=np.array([[[[0.0, 0.0], [7.0, 0.0]]]]),
    )
    expected = np.zeros((1, 1, 3, 7))
    expected[0, 0, 2, 6], expected[0, 0, 0, 3] = -5, 2
    check_call(
        max_unpool, np.array([[[[-5.0], [2.0]]]]), np.array([[[[20], [3]]]]), (3, 7), expected=expected
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [raw]
# # BEGIN QUESTION
# name: conv_transpose
# points: 4
# forbids: [course_utils.segmentation.conv_transpose2d, torch.*, torch.conv_transpose2d]

# %% [markdown]
# ### Exercise 8.16 · conv_transpose · ★★★ · 15 minutes
#
# A convolution *gathers*: each output looks at a window of inputs. A transposed convolution *scatters*: each input stamps the whole filter, times its value, onto the output. Where stamps overlap they add up:
#
# $$y_{n,k,\,S i + u,\,S j + v} \mathrel{+}= \sum_c x_{n,c,i,j}\; w_{c,k,u,v}.$$
#
# The filter isn't flipped. The stride $S$ is the distance between stamps in the output. No padding, no bias.
#
# **Shapes:** `x` $(n, c, h, w)$, filters `w` $(c, k, U, V)$ as torch has them, from $c$ maps to $k$; `stride` $S$ → $(n, k, (h-1)S + U, (w-1)S + V)$.
#
# **Worked:** one row $(1\ \ 2)$, filter $(1\ \ 1\ \ 1)$, stride 2: the stamps $(1\ 1\ 1)$ at 0 and $(2\ 2\ 2)$ at 2 overlap in one place. Answer $(1\ \ 1\ \ 3\ \ 2\ \ 2)$.
#
# <details><summary>Hint 1</summary>Start from zeros. Two loops over i and j; each adds one stamp of shape (n, k, U, V) to a window of the output.</details>
# <details><summary>Hint 2</summary><code>np.einsum("nc,ckuv->nkuv", x[:, :, i, j], w)</code> is the stamp: it sums over the input's channels.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Too small where stamps overlap:</b> <code>+=</code>, not <code>=</code>.</li>
# <li><b>Right for filters of ones, wrong otherwise:</b> yours is mirrored; you gather as a convolution does.</li>
# <li><b>Shapes don't fit:</b> in torch's order the input's channels come first in w.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def conv_transpose(x, w, stride):
    """Return the transposed convolution of x (n, c, h, w) with filters w (c, k, U, V)."""
    # BEGIN SOLUTION
    n, _, height, width = x.shape
    _, k, U, V = w.shape
    y = np.zeros((n, k, (height - 1) * stride + U, (width - 1) * stride + V))
    for i in range(height):
        for j in range(width):
            stamp = np.einsum("nc,ckuv->nkuv", x[:, :, i, j], w)
            y[:, :, i * stride : i * stride + U, j * stride : j * stride + V] += stamp
    return y
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_stamps_add_up_where_they_overlap(conv_transpose):
    import numpy as np
    from course_utils.checks import check_call

    x = np.array([[[[1.0, 2.0, -1.0], [3.0, 0.5, 4.0]]]])
    w = np.array([[[[1.0, 2.0, 0.5], [-1.0, 3.0, 4.0]]]])

    def stamped(w, S, add=True, size=None):
        y = np.zeros((1, 1, S + 2, 2 * S + 3) if size is None else size)
        for i in range(2):
            for j in range(3):
                window = y[0, 0, S * i : S * i + 2, S * j : S * j + 3]
                window[:] = add * window + (x[0, 0, i, j] * w[0, 0])[: window.shape[0], : window.shape[1]]
        return y

    check_call(
        conv_transpose,
        x,
        w,
        2,
        expected=stamped(w, 2),
        mistakes={
            "Where stamps overlap they add up: the later one overwrote the earlier.": stamped(
                w, 2, add=False
            ),
            "Each input stamps the whole filter as it is: yours is mirrored.": stamped(
                w[:, :, ::-1, ::-1], 2
            ),
            "The stride is the distance between stamps: yours lie one apart.": stamped(w, 1),
            "Your output has the right size, but the stamps lie one apart: the stride is their distance.": stamped(
                w, 1, size=(1, 1, 4, 7)
            ),
            "The last stamps are cut off: the output has (h − 1) S + U rows and (w − 1) S + V columns.": stamped(
                w, 2, size=(1, 1, 4, 6)
            ),
        },
    )


# %%
def test_channels_are_summed(conv_transpose):
    import numpy as np
    from course_utils.checks import check_call

    rng = np.random.default_rng(168)
    x, w = rng.normal(size=(2, 3, 1, 1)), rng.normal(size=(3, 3, 2, 5))
    check_call(
        conv_transpose,
        x,
        w,
        3,
        expected=np.einsum("nc,ckuv->nkuv", x[:, :, 0, 0], w),
        sizes={"c": 3},
        mistakes={
            "w is (from, to, …): you summed over the wrong one of its two channel axes.": np.einsum(
                "nk,ckuv->ncuv", x[:, :, 0, 0], w
            ),
            "The contributions of the input's channels are summed, not averaged.": np.einsum(
                "nc,ckuv->nkuv", x[:, :, 0, 0], w
            )
            / 3,
            "Only one channel of the input has a say in yours: sum over all.": np.einsum(
                "n,kuv->nkuv", x[:, 0, 0, 0], w[0]
            ),
            "Each input stamps the whole filter as it is: yours is mirrored.": np.einsum(
                "nc,ckuv->nkuv", x[:, :, 0, 0], w
            )[:, :, ::-1, ::-1],
        },
    )


# %%
# HIDDEN
def test_random_shapes(conv_transpose):
    import numpy as np
    from course_utils import segmentation
    from course_utils.checks import check_call

    rng = np.random.default_rng(178)
    for (n, c, h, wide), (k, U, V), stride in (
        ((2, 3, 5, 2), (7, 3, 2), 2),
        ((1, 2, 3, 5), (3, 5, 3), 3),
        ((3, 5, 2, 3), (2, 2, 2), 5),
        ((2, 1, 4, 3), (1, 3, 3), 1),
    ):
        x, w = rng.normal(size=(n, c, h, wide)), rng.normal(size=(c, k, U, V))
        check_call(conv_transpose, x, w, stride, expected=segmentation.conv_transpose2d(x, w, stride=stride))


# %%
# HIDDEN
def test_it_is_how_a_gradient_flows_back(conv_transpose):
    import numpy as np
    import torch
    from course_utils.checks import check_call
    from torch.nn import functional

    rng = np.random.default_rng(188)
    image = torch.tensor(rng.normal(size=(2, 2, 7, 9)), requires_grad=True)
    filters = torch.tensor(rng.normal(size=(3, 2, 3, 5)))
    sent = torch.tensor(rng.normal(size=(2, 3, 3, 3)))
    functional.conv2d(image, filters, stride=2).backward(sent)
    check_call(conv_transpose, sent.numpy(), filters.numpy(), 2, expected=image.grad.numpy())


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# Why "transposed"? Write a convolution as one large matrix $M$, so that it maps a long vector $x$ to $Mx$. The transposed convolution multiplies by $M^\top$. It is also how the gradient flows back through a convolution.
#
# It isn't the *inverse*. See what each way makes of a photograph that has been pooled to a quarter of its height and width, and what the explorer makes of numbers.

# %%
photograph = data.load_photograph("chelsea").astype(float).mean(axis=2)[40:200, 90:250] / 255
small, places = convolution.max_pool2d(photograph[None, None], 4, return_indices=True)
tent = np.outer(*[1 - np.abs(np.arange(-3, 4)) / 4] * 2)[None, None]  # a filter that blends neighbours
largers = {
    "before: 160 × 160": photograph,
    "max pooled: 40 × 40": small[0, 0],
    "nearest neighbour": segmentation.upsample_nearest(small, 4)[0, 0],
    "bed of nails": segmentation.bed_of_nails(small, 4)[0, 0],
    "max unpooling": segmentation.max_unpool2d(small, places, (160, 160))[0, 0],
    "transposed convolution,\na 7 × 7 tent as filter": segmentation.conv_transpose2d(
        small, tent, stride=4, padding=1
    )[0, 0],
}
mine = {
    "nearest neighbour": (upsample_nearest, (small, 4)),
    "bed of nails": (bed_of_nails, (small, 4)),
    "max unpooling": (max_unpool, (small, places, (160, 160))),
}
if solved(upsample_nearest, bed_of_nails, max_unpool):
    for name, (function, arguments) in mine.items():
        print(f"your {name:17} agrees:", np.allclose(function(*arguments)[0, 0], largers[name]))
fig, axes = plt.subplots(1, 6, figsize=(14, 3))
for ax, (name, image) in zip(axes, largers.items(), strict=True):
    ax.imshow(image, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    ax.set(xticks=[], yticks=[], title=name)
    ax.title.set_fontsize(10)
    ax.grid(False)
fig.suptitle("What pooling took away, no way up brings back")
plt.show()

# %% [markdown]
# 1. Set all cells to 1 and use the transposed convolution with a filter of 3. Why isn't the answer flat? Which filter sizes give a flat one?
# 2. With max unpooling: which of the sixteen numbers can you change without changing the answer?

# %%
UpsamplingExplorer()

# %% [markdown]
# ## 8.13 The U-Net
#
# Down and up has a price. After two poolings the network knows *what* is there, but only within 4 pixels *where*. No way up can invent the outline again.
#
# The **U-Net** (2015) keeps what the way down knew. On the way up it puts the maps of the same size from the way down beside the upsampled ones, as further channels: a **skip connection**, or bridge. The next convolutions combine both: what from below, where from across.
#
# ```
# picture ─ block ───────────── across ──────────── block ─ scores
#              └ pool ─ block ─ across ── block ─ up ┘
#                          └ pool ─ block ─ up ┘
# ```
#
# In the original network convolutions have no padding, so the map from across is larger than the upsampled one, and its **middle** is cut out to fit.

# %% [raw]
# # BEGIN QUESTION
# name: unet_block
# points: 3

# %% [markdown]
# ### Exercise 8.17 · unet_block · ★★☆ · 12 minutes
#
# Write one step of the way up, in torch:
#
# 1. enlarge the map from below: `grow(below)`;
# 2. cut the middle out of the map from across, as large as the enlarged one (the differences in height and width are even numbers, perhaps 0);
# 3. join the two along the channels: the one from **across first**;
# 4. send the result through `mix` and return what comes out.
#
# **Shapes:** `below` $(n, c, h, w)$, `across` $(n, c', h', w')$; `grow` and `mix` are functions (or modules) from tensor to tensor. `grow(below)` is $(n, c'', H, W)$ with $H \le h'$, $W \le w'$; `mix` gets $(n, c' + c'', H, W)$.
#
# **Worked:** `grow(below)` is $(1, 3, 4, 4)$ and `across` $(1, 5, 6, 8)$. Rows $1, \dots, 4$ and columns $2, \dots, 5$ of `across` are its middle. `mix` gets 8 channels: 5 from across, then 3.
#
# <details><summary>Hint 1</summary>The middle starts at (h' − H) // 2 and is H long.</details>
# <details><summary>Hint 2</summary><code>torch.cat([…, …], dim=1)</code> joins along the channels.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Sizes don't match:</b> cut first, then join, and cut both axes.</li>
# <li><b>Half the channels:</b> you added the maps; a U-Net keeps both, side by side.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def unet_block(below, across, grow, mix):
    """Return mix of the middle of across (n, c', h', w') joined with grow(below) along the channels."""
    # BEGIN SOLUTION
    larger = grow(below)
    height, width = larger.shape[2:]
    top, left = (across.shape[2] - height) // 2, (across.shape[3] - width) // 2
    middle = across[:, :, top : top + height, left : left + width]
    return mix(torch.cat([middle, larger], dim=1))
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_what_comes_from_across_is_joined_with_what_was_enlarged(unet_block):
    import numpy as np
    import torch
    from course_utils.checks import check_call

    rng = np.random.default_rng(198)
    below, across = torch.tensor(rng.normal(size=(2, 3, 2, 5))), torch.tensor(rng.normal(size=(2, 3, 4, 10)))

    def grow(x):
        return 3 * x.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)

    def mix(x):
        return x**2 + x

    joined = torch.cat([across, grow(below)], dim=1)
    check_call(
        unet_block,
        below,
        across,
        grow,
        mix,
        expected=mix(joined),
        mistakes={
            "What comes from across stands first, then what was enlarged.": mix(
                torch.cat([grow(below), across], dim=1)
            ),
            "A U-Net joins the channels side by side: you added the maps.": mix(across + grow(below)),
            "Send the joined maps through `mix`: it is missing.": joined,
            "The way across is missing: you only used what was enlarged.": mix(grow(below)),
            "`mix` comes last: you mixed before you joined.": torch.cat([across, mix(grow(below))], dim=1),
            "Join along the channels, axis 1: you stacked the batch.": mix(
                torch.cat([across, grow(below)], dim=0)
            ),
            "Join along the channels, axis 1: you joined the rows.": mix(
                torch.cat([across, grow(below)], dim=2)
            ),
        },
    )


# %%
def test_the_middle_of_a_larger_map(unet_block):
    import numpy as np
    import torch
    from course_utils.checks import check_call

    rng = np.random.default_rng(208)
    below, across = torch.tensor(rng.normal(size=(1, 2, 3, 5))), torch.tensor(rng.normal(size=(1, 5, 9, 7)))

    def grow(x):
        return x + 1

    def mix(x):
        return 2 * x

    def answer(part):
        return mix(torch.cat([part, grow(below)], dim=1))

    check_call(
        unet_block,
        below,
        across,
        grow,
        mix,
        expected=answer(across[:, :, 3:6, 1:6]),
        mistakes={
            "Cut out the middle: you took the upper left corner.": answer(across[:, :, :3, :5]),
            "Cut out the middle: you took the lower right corner.": answer(across[:, :, 6:, 2:]),
            "You shrank the map from across: cut its middle out.": answer(
                torch.nn.functional.interpolate(across, size=(3, 5))
            ),
        },
    )


# %%
# HIDDEN
def test_random_shapes_with_real_layers(unet_block):
    import numpy as np
    import torch
    from course_utils.checks import check_call
    from torch.nn import functional

    rng = np.random.default_rng(218)
    for n, c, k, (h, wide), (up, down) in (
        (2, 5, 3, (3, 4), (2, 6)),
        (1, 2, 7, (5, 2), (0, 0)),
        (3, 1, 2, (2, 3), (4, 0)),
    ):
        below = torch.tensor(rng.normal(size=(n, c, h, wide)))
        across = torch.tensor(rng.normal(size=(n, k, 2 * h + up, 2 * wide + down)))
        bigger, filters = (
            torch.tensor(rng.normal(size=(c, 3, 2, 2))),
            torch.tensor(rng.normal(size=(5, k + 3, 3, 3))),
        )

        def grow(x, w=bigger):
            return functional.conv_transpose2d(x, w, stride=2)

        def mix(x, w=filters):
            return functional.conv2d(x, w, padding=1).relu()

        padded = functional.pad(grow(below), (down // 2, down // 2, up // 2, up // 2), value=float("nan"))
        both = torch.cat([across, padded], dim=1)[
            :, :, up // 2 : up // 2 + 2 * h, down // 2 : down // 2 + 2 * wide
        ]
        check_call(unet_block, below, across, grow, mix, expected=mix(both))


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# Train a U-Net on 500 scenes of 48 × 48 pixels, with four classes: background, circle, square, triangle. The loss is the cross-entropy of every pixel, plus a term that keeps small things from being ignored (`segmentation_loss`).
#
# How do you judge it? The share of right pixels is a bad measure: say "background" everywhere and you are right most of the time. **Mean IoU** asks each class by itself: pixels that both maps call so, over pixels that either does.

# %%
masks_train, masks_test = data.make_scenes(500, size=48, seed=1), data.make_scenes(200, size=48, seed=2)
targets = torch.tensor(masks_test.semantic)
torch.manual_seed(0)
unet = segmentation.UNet(4, width=8, depth=2)
start = time.perf_counter()
fit(
    unet,
    lambda net, x, y: segmentation.segmentation_loss(net(x), y),
    (torch.tensor(masks_train.images), torch.tensor(masks_train.semantic)),
    epochs=10,
    batch_size=8,
    learning_rate=1e-2,
    one_cycle=True,
    device=device,
    progress=False,
)
print(f"trained in {time.perf_counter() - start:.0f} s")
inputs = torch.tensor(masks_test.images, device=device)
with torch.no_grad():
    answer = unet(inputs).argmax(dim=1).cpu()
for name, said in (("always background", torch.zeros_like(targets)), ("the U-Net", answer)):
    print(
        f"{name:18} right pixels {(said == targets).float().mean():.1%}, mean IoU {segmentation.mean_iou(said, targets, 4):.3f}"
    )

# %% [markdown]
# The library's own test trains a net half as wide again on 800 scenes for 25 epochs, several times the work, and asks of it a mean IoU of at least 0.90. Compare that with yours.
#
# And what do the bridges carry? Put **your** block into the trained network, in place of its own. Then blur what comes across: average it over squares of 2, 4 and 8 pixels of the picture, so that it still says what is there, but no longer exactly where.


# %%
def run_unet(net, x, block, blur=1):
    """The network's own layers, with the given block on the way up; what comes across is averaged over blur × blur pixels."""
    bridges = []
    for level, down in enumerate(net.down):
        x = down(x if level == 0 else functional.max_pool2d(x, 2))
        bridges.append(x)
    x = bridges[2]
    for level, grow, mix in zip((1, 0), net.larger, net.up, strict=True):
        cells = max(1, blur // 2**level)
        across = functional.interpolate(functional.avg_pool2d(bridges[level], cells), scale_factor=cells)
        x = block(x, across, grow, mix)
    return net.head(x)


if solved(unet_block):
    blurs = {"sharp bridges": 1, "blurred over 2 pixels": 2, "over 4 pixels": 4, "over 8 pixels": 8}
    with torch.no_grad():
        ways = {
            name: run_unet(unet, inputs, unet_block, blur).argmax(dim=1).cpu() for name, blur in blurs.items()
        }
    print("the same classes as the network's own:", bool((ways["sharp bridges"] == answer).all()))
    fig, axes = plt.subplots(3, 6, figsize=(13, 6.6))
    for row, i in zip(axes, (0, 3, 8), strict=True):
        show_scene(row[0], masks_test.images[i])
        for ax, picture in zip(row[1:], [targets[i], *(way[i] for way in ways.values())], strict=True):
            ax.imshow(picture.numpy(), cmap=masks, vmin=0, vmax=3)
            ax.set(xticks=[], yticks=[])
            ax.grid(False)
    for ax, name in zip(axes[0], ["scene", "truth", *ways], strict=True):
        ax.set_title(name, fontsize=10)
    fig.suptitle("The bridges carry where (grey: background, blue: circle, orange: square, green: triangle)")
    plt.show()
    for name, way in ways.items():
        print(f"{name:22} mean IoU {segmentation.mean_iou(way, targets, 4):.3f}")

# %% [markdown]
# The things are still found, but their outlines dissolve into blocks: *what* comes from below, *where* from across.
#
# One caution. This network was trained with sharp bridges, so the comparison isn't fair to a network that has to do without: that one would use its lowest maps differently. The fair experiment trains a second network. Try it if you have a few minutes: subclass `segmentation.UNet`, or write your own with `unet_block` and zeros across.

# %% [markdown]
# ## 8.14 Out of the scenes
#
# A fully convolutional network takes pictures of any size. So try yours on what it hasn't been made for: a larger and fuller scene, and two real photographs. Before you run the cell, write down what you expect for each.

# %%
crowd = data.make_scenes(1, size=96, least=5, most=5, seed=11)
coffee = data.load_photograph("coffee")[4:212:2, 60:268:2].transpose(2, 0, 1)[None] / 255
rocket = data.load_photograph("rocket")[0:208:2, 60:268:2].transpose(2, 0, 1)[None] / 255
pictures = {"a scene of 96 × 96, five things": crowd.images, "coffee": coffee, "rocket": rocket}
fig, axes = plt.subplots(2, 3, figsize=(10, 6.6))
for (above, below), (name, picture) in zip(axes.T, pictures.items(), strict=True):
    with torch.no_grad():
        classes = unet(torch.tensor(picture, dtype=torch.float32, device=device)).argmax(dim=1).cpu()[0]
    show_scene(above, picture[0], name)
    below.imshow(classes.numpy(), cmap=masks, vmin=0, vmax=3)
    shares = np.bincount(classes.numpy().ravel(), minlength=4) / classes.numel()
    below.set(
        xticks=[],
        yticks=[],
        title=f"background {shares[0]:.0%}, circle {shares[1]:.0%},\nsquare {shares[2]:.0%}, triangle {shares[3]:.0%}",
    )
    below.title.set_fontsize(10)
    below.grid(False)
fig.suptitle("A network answers every question with the classes it knows")
plt.show()
print(
    f"mean IoU on the larger scene: {segmentation.mean_iou(unet(torch.tensor(crowd.images, device=device)).argmax(dim=1).cpu(), torch.tensor(crowd.semantic), 4):.2f}"
)

# %% [markdown]
# The larger scene shows what a convolutional network does *not* generalise over. It doesn't mind another place or another size of *picture*. But a *thing* nearly twice as large as any it was trained on is something new: inside the large triangle it sees patterns that no training scene held, and guesses. Convolutions carry over to other places, not to other sizes.
#
# On photographs it is worse than wrong: it is sure. A softmax over four classes has no place for "I have never seen anything like it". Whoever uses such a network must check that the pictures are of the kind it was trained on.

# %% [raw]
# # BEGIN QUESTION
# name: pixels_right
# points: 4
# manual: true

# %% [markdown]
# ### Question 8.18 · "97 % of pixels are right" · ★★☆ · 12 minutes
#
# A start-up segments brain tumours in scans. "97 % of pixels are right," it writes, "on 400 slices of 20 patients, chosen at random." Tumours cover 2 % of the pixels.
#
# 1. Why does 97 % say next to nothing? Give a number that shows it. (1 point)
# 2. Which measure would you ask for, and of what: pixels, slices or patients? (1 point)
# 3. The 400 slices were split at random into training and test slices. What is wrong with that? (1 point)
# 4. Their network finds tumours, but the outlines are blurred by about 8 pixels. Name one likely cause in the network, and one change. (1 point)
#
# Four to ten sentences.

# %% [raw]
# # BEGIN SOLUTION

# %% [markdown]
# **Rubric (4 points):** one for each part.
#
# - [1] **1 · Baseline.** Always saying "no tumour" is right for 98 % of the pixels, more than they reach. Full marks need the comparison with 98 %.
# - [1] **2 · Measure.** IoU (or Dice) of the tumour class, or its precision and recall; computed for each patient and then averaged, or at least given by patient, so that one large tumour doesn't decide. Half a point for the measure without the unit.
# - [1] **3 · Split.** Neighbouring slices of one patient are nearly the same: the test is seen in training. Split by patient. (And 20 patients give a wide interval.)
# - [1] **4 · Outlines.** The maps are brought up from a coarse one without the fine maps of the way down: missing (or too few) skip connections; one large upsampling by 8 at the end, nearest or bilinear. Change: join the encoder's maps on the way up, go up in steps with learnt filters, pool less. "Train longer" alone earns nothing.

# %% [raw]
# # END SOLUTION

# %% [raw]
# # END QUESTION

# %% [markdown]
# ## Challenge, beyond the grade: instances from boxes and masks
#
# You have boxes from Part A, one for each thing, and classes for pixels from Part B. Together they nearly give **instance segmentation**. Give each pixel of a class the number of a box that has that class and holds the pixel's middle (at column + ½, row + ½). Where several do, take the smallest. Where none does, the pixel gets 0. Numbers count from 1, in the order of the boxes.
#
# Then find scenes where this goes wrong, and say why it must.


# %%
def instance_masks(semantic, boxes, labels):
    """Return (h, w) numbers of things, from semantic (h, w) with 0 for background and 1 + label, boxes (m, 4) and labels (m,)."""
    ...


# %%
if solved(instance_masks):
    shares = []
    for i in range(200):
        there = masks_test.labels[i] >= 0
        mine = instance_masks(masks_test.semantic[i], masks_test.boxes[i][there], masks_test.labels[i][there])
        thing = masks_test.instances[i] > 0
        shares.append(np.mean(mine[thing] == masks_test.instances[i][thing]))
    print(
        f"with true boxes and true masks, {np.mean(shares):.1%} of the things' pixels go to the right thing"
    )
    print("worst scenes:", np.argsort(shares)[:5])

# %% [markdown]
# ## What you take from Part B
#
# - A class for every pixel: not patch by patch, not all at full size, but **down and up**.
# - Four ways up. **Max unpooling** remembers where; a **transposed convolution** stamps a learnt filter and adds up overlaps. None of them brings back what pooling took away.
# - A **U-Net** joins the maps of the way down with those of the way up: *where* from across, *what* from below.
# - **Mean IoU**, not right pixels. And a network knows no class "none of these" that nobody taught it.
#
# ## Test yourself
#
# Answer first, then unfold.
#
# <details><summary>1. Two boxes of the same size overlap so that each covers half of the other. What is their IoU?</summary>Shared ½, union 1 + 1 − ½ = 1½: the IoU is ⅓.</details>
# <details><summary>2. A detector finds 8 of 10 things, and nothing else, with the right 8 at the top. What is its AP?</summary>80: precision is 1 up to a recall of 0.8, and 0 after.</details>
# <details><summary>3. Why does Fast R-CNN's time hardly depend on how many pixels its regions cover together?</summary>The convolutions run once for the picture. A region costs pooling and the head, on a fixed number of cells, whatever its size.</details>
# <details><summary>4. A 7 × 7 grid, two boxes a cell, twenty classes: how many numbers does the network give?</summary>7 · 7 · (5 · 2 + 20) = 1,470.</details>
# <details><summary>5. A 5 × 9 map goes through a transposed convolution with a 4 × 4 filter and stride 2, without padding. How large is the output?</summary>(5 − 1) · 2 + 4 = 12 rows and (9 − 1) · 2 + 4 = 20 columns.</details>
#
# **Further reading.** Girshick and others, *Rich Feature Hierarchies for Accurate Object Detection and Semantic Segmentation* (2014). Girshick, *Fast R-CNN* (2015). Ren, He, Girshick and Sun, *Faster R-CNN* (2015). Redmon, Divvala, Girshick and Farhadi, *You Only Look Once* (2016). Liu and others, *SSD: Single Shot MultiBox Detector* (2016). Lin and others, *Feature Pyramid Networks for Object Detection* (2017). Lin and others, *Focal Loss for Dense Object Detection* (2017). He, Gkioxari, Dollár and Girshick, *Mask R-CNN* (2017). Long, Shelhamer and Darrell, *Fully Convolutional Networks for Semantic Segmentation* (2015). Ronneberger, Fischer and Brox, *U-Net* (2015). Everingham and others, *The PASCAL Visual Object Classes Challenge* (2010).
#
# ## Hand in
#
# Save the notebook (Ctrl+S), then run this cell. It writes the file that you hand in and shows what isn't done yet.

# %%
grader.hand_in()
