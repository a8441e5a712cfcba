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
# name: 10_visualization
# init_cell: false
# export_cell: false
# run_tests: false
# generate: true
# tests:
#   files: false
#   ok_format: false

# %% [markdown]
# # 10 · Visualization
#
# A network looks at a photograph of a cup and says: espresso, 99 %. Which part of the picture made it say so? What would it have liked to see? And how little must change before it says something else?
#
# A trained network is a million numbers, and none of them is a reason. In this notebook you learn to ask it questions. You look at single pixels first, then at whole images that the network makes up, and at last at the space in which it compares things.
#
# **You will be able to**
#
# - find out what an answer depends on, by covering parts of a picture and by gradients;
# - say what a heat map shows, and what it doesn't;
# - make images that please a network, and images that deceive it, and explain why both are easy;
# - draw a map of many dimensions with t-SNE, find clusters with DBSCAN, and read both with care.
#
# **Time:** about 4 hours · **Needs:** notebook 07 (convolutional networks), gradients, a little PyTorch · **Points:** 52, of which 44 by checks and 8 for written answers
#
# **How it works.** Write your answer where you see `...`, run the cell, then run the check under it. A check tells you what kind of mistake it sees. Hints are folded away: open them one at a time. Exercises that take a network get a PyTorch module in evaluation mode; the checks use tiny ones.

# %%
import copy

import matplotlib.pyplot as plt
import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from torch import nn

from course_utils import attribution, data, embedding, plotting
from course_utils.checks import Grader, solved
from course_utils.widgets import (
    AdversarialExplorer,
    ClassImageExplorer,
    DbscanExplorer,
    DeepDreamExplorer,
    OcclusionExplorer,
    SaliencyExplorer,
    TsneExplorer,
)

plotting.use_course_style()
BLUE, ORANGE, GREEN, RED = (plotting.PALETTE[name] for name in ("blue", "orange", "green", "red"))
grader = Grader("10_visualization.ipynb")

# %% [markdown]
# ## 10.1 Someone to question
#
# **SqueezeNet** has 1.2 million weights and was trained on 1.3 million photographs of 1,000 kinds of things. It takes a picture as a tensor of shape $(1, 3, h, w)$ and gives 1,000 **scores**, one a class; softmax turns them into probabilities.
#
# `data.preprocess` makes the tensor: blue first, then green and red, in levels from 0 to 255, less the mean colour. So a pixel of 0 has the mean colour, a dull grey. `data.restore` goes back.

# %%
net = data.load_squeezenet()
photos = {
    name: data.preprocess(data.load_photograph(name)) for name in ("coffee", "chelsea", "rocket", "astronaut")
}


def best(image, k=3):
    """The k likeliest classes of an image (1, 3, h, w): their names and probabilities."""
    with torch.no_grad():
        top = net(image)[0].softmax(dim=0).topk(k)
    return [(net.class_names[i], p) for i, p in zip(top.indices.tolist(), top.values.tolist(), strict=True)]


labels = {name: net.class_names.index(best(image)[0][0]) for name, image in photos.items()}
fig, axes = plt.subplots(2, 4, figsize=(12, 4.6), height_ratios=[2, 1])
for image, top, bottom in zip(photos.values(), *axes, strict=True):
    top.imshow(data.restore(image))
    top.axis("off")
    names, p = zip(*best(image), strict=True)
    bottom.barh(range(3), p, color=BLUE, alpha=0.4)
    for row, (word, share) in enumerate(zip(names, p, strict=True)):
        bottom.text(0.02, row, f"{word}, {share:.0%}", va="center", fontsize=9)
    bottom.set(xlim=(0, 1), xlabel="probability", yticks=[])
    bottom.invert_yaxis()
    bottom.grid(visible=False)
fig.suptitle("Sure of the cup, torn between cats, and lost with the astronaut")
plt.show()

# %% [markdown]
# The cup is an espresso, with hardly a doubt. The cat is a cat; which kind is the question. The rocket becomes a lighthouse, which is tall, white and alone too; *missile* and *space shuttle* are among the 1,000 classes, and the net doesn't choose them. An astronaut isn't among them, and the low probabilities show it.
#
# ## 10.2 What do nets learn?
#
# Start where it is easy: at the first layer. Its 64 filters look at the pixels themselves, so each can be drawn as a picture of 3 × 3 pixels. Elsewhere a filter looks at the maps of the layer before, and its weights mean nothing to the eye.

# %%
filters = attribution.filter_images(net.features[0].weight)[..., [2, 1, 0]]  # red first, for the picture
fig, axes = plt.subplots(4, 16, figsize=(9, 2.8))
for ax, picture in zip(axes.flat, filters, strict=True):
    ax.imshow(picture)
    ax.axis("off")
fig.suptitle("The first layer looks for edges and spots, and for colours that meet")
plt.show()

# %% [markdown]
# Many filters treat the three colours nearly alike: they find edges in some direction, bright or dark spots. The others compare colours, blue against orange, red against green. Nets trained on photographs find such filters again and again, whatever else they are to learn.
#
# For a unit deeper in, ask instead: **which patches excite it most?** Show the net many pictures, note where the unit answers loudest, and cut out what it saw there. How much it sees is its *receptive field*. Here are tiles cut from seven photographs, and four units behind the second Fire module and its pooling. Each of them sees 31 × 31 pixels.

# %%
side, tiles, source = 72, [], []
for number, name in enumerate(data.PHOTOGRAPHS):
    picture = data.load_photograph(name)
    for top in range(0, picture.shape[0] - side + 1, side):
        for left in range(0, picture.shape[1] - side + 1, side):
            tiles.append(data.preprocess(picture[top : top + side, left : left + side], size=side))
            source.append(number)
tiles, source = torch.cat(tiles), np.array(source)

size, stride, _ = attribution.receptive_field(net.features[:6])
print(
    f"{len(tiles)} tiles; a unit sees {size} × {size} pixels, its neighbour the same {stride} pixels further"
)
units = (33, 81, 97, 110)
fig, axes = plt.subplots(len(units), 10, figsize=(9, 3.9))
for row, unit in zip(axes, units, strict=True):
    for ax, patch in zip(
        row, attribution.top_patches(net.features[:6], tiles, unit, k=10).patches, strict=True
    ):
        ax.imshow(data.restore(patch))
        ax.set(xticks=[], yticks=[])
    row[0].set_ylabel(f"unit {unit}", rotation=0, ha="right", va="center")
fig.suptitle("Each row: the ten patches that one unit likes best (grey: beyond the tile's edge)")
plt.show()

# %% [markdown]
# A unit rarely has one meaning. Look for what the patches of a row share, then for the one that doesn't fit: a story that explains seven of ten patches is a guess, not a fact. With seven photographs the guess is weak; with a million pictures it would be a better one.
#
# The last layers no longer look like anything. But you can ask which pictures they hold for *similar*. Average the last 512 maps over the picture: every tile becomes a point in 512 dimensions, the **representation space**. Two tiles are near there if the net sees the same in them, even when no pixel agrees.

# %%
with torch.no_grad():
    features = net.features(tiles).mean(dim=(2, 3)).double().numpy()  # (n, 512)


def nearest(X):
    D = embedding.pairwise_squared_distances(X)
    np.fill_diagonal(D, np.inf)
    return D.argmin(axis=1)


pixels = tiles.flatten(1).double().numpy()
same = {
    space: np.mean(source[nearest(X)] == source) for space, X in (("pixels", pixels), ("features", features))
}
count = np.bincount(source)
chance = np.sum(count * (count - 1)) / (len(source) * (len(source) - 1))
print("Nearest neighbour from the same photograph: ", end="")
print(f"{same['pixels']:.0%} by pixels, {same['features']:.0%} by features, {chance:.0%} by chance")

chosen = [
    next(i for i in np.flatnonzero(source == s) if nearest(pixels)[i] != nearest(features)[i])
    for s in (1, 2, 3, 6)
]
fig, axes = plt.subplots(3, 4, figsize=(6.5, 5))
for column, i in zip(axes.T, chosen, strict=True):
    for ax, j in zip(column, (i, nearest(pixels)[i], nearest(features)[i]), strict=True):
        ax.imshow(data.restore(tiles[j]))
        ax.set(xticks=[], yticks=[])
for ax, words in zip(axes[:, 0], ("a tile", "nearest\nby pixels", "nearest\nby features"), strict=True):
    ax.set_ylabel(words, rotation=0, ha="right", va="center")
fig.suptitle("By pixels, alike in light and dark; by features, more often alike in kind")
plt.show()

# %% [markdown]
# Pixels compare what lies at the same place. Features compare what is there, wherever it lies. They can err too: find the column in which the net takes lines for lines, on two quite different things. In section 10.10 you will draw a map of such a space.
#
# ## 10.3 Cover a part, and ask again
#
# The most honest question needs no mathematics. Cover a square of the picture, and see how far the score falls:
#
# $$M_{ij} = f(x) - f(x \text{ with square } (i, j) \text{ covered})$$
#
# Where $M$ is large, the net went by what was there. Where it is negative, that part spoke *against* the class. This works with any model, even one you can't look into. Its price: one forward pass for each square.

# %% [raw]
# # BEGIN QUESTION
# name: occlusion_map
# points: 4
# forbids: [course_utils.attribution.occlusion]

# %% [markdown]
# ### Exercise 10.1 · occlusion_map · ★☆☆ · 12 minutes
#
# Slide a square of `size` pixels over the image in steps of `stride` and return how far the score falls for each place. Cover with 0, in every channel. Squares lie wholly inside the image: the first at the top left corner, the last where one more step would leave the image.
#
# **Shapes:** `score` is a function that takes an image $(c, h, w)$ and returns a number; `image` $(c, h, w)$, a NumPy array → $(r, q)$ with $r = \lfloor (h - \text{size}) / \text{stride} \rfloor + 1$, and $q$ the same for $w$.
#
# **Worked:** one channel, image $\begin{pmatrix}1&2&3\\4&5&6\end{pmatrix}$, score = sum of all pixels, size 2, stride 1: the whole has the score 21. Covering the left square leaves $3 + 6 = 9$, covering the right one $1 + 4 = 5$. The map is $(12, 16)$.
#
# <details><summary>Hint 1</summary>Two loops, over <code>range(0, h - size + 1, stride)</code> and the same for the width.</details>
# <details><summary>Hint 2</summary>Start from a fresh copy for each square: <code>covered = image.copy()</code>, then <code>covered[:, top : top + size, left : left + size] = 0</code>.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Bright where nothing is:</b> you return the score of the covered image. Return what was lost.</li>
# <li><b>The map grows towards the end:</b> the squares add up, because you cover the same copy again.</li>
# <li><b>A row or column too many:</b> your last squares hang over the edge.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def occlusion_map(score, image, size, stride):
    """Return how far score(image) falls for each covered square, (rows, columns).

    The image is (c, h, w); score takes such an array and returns a number.
    """
    # BEGIN SOLUTION
    _, h, w = image.shape
    tops, lefts = range(0, h - size + 1, stride), range(0, w - size + 1, stride)
    falls = np.zeros((len(tops), len(lefts)))
    whole = score(image)
    for i, top in enumerate(tops):
        for j, left in enumerate(lefts):
            covered = image.copy()
            covered[:, top : top + size, left : left + size] = 0
            falls[i, j] = whole - score(covered)
    return falls
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_the_worked_example(occlusion_map):
    import numpy as np
    from course_utils.checks import check_call

    check_call(
        occlusion_map,
        lambda image: float(np.sum(image)),
        np.array([[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]),
        2,
        1,
        expected=np.array([[12.0, 16.0]]),
        mistakes={
            "That is the score of what is left: important places should be bright, so return original minus covered.": np.array(
                [[9.0, 5.0]]
            ),
            "The sign is reversed: it is original minus covered.": np.array([[-12.0, -16.0]]),
            "Your squares add up: start from a fresh copy of the image for each.": np.array([[12.0, 21.0]]),
        },
    )


# %%
def test_a_weighted_score_on_a_wide_image(occlusion_map):
    import numpy as np
    from course_utils.checks import check_call

    rng = np.random.default_rng(1)
    image, weights = rng.normal(size=(2, 7, 11)), rng.normal(size=(2, 7, 11))
    part = weights * image

    def squares(values, size=3, stride=2):
        tops, lefts = range(0, 7 - size + 1, stride), range(0, 11 - size + 1, stride)
        return np.array([[values[:, t : t + size, u : u + size].sum() for u in lefts] for t in tops])

    falls = squares(part)
    filled = squares(weights * (image - 1))
    whole = part.sum()
    check_call(
        occlusion_map,
        lambda picture: float(np.sum(weights * picture)),
        image,
        3,
        2,
        expected=falls,
        mistakes={
            "That is the score of what is left: important places should be bright, so return original minus covered.": whole
            - falls,
            "The sign is reversed: it is original minus covered.": -falls,
            "You cover one channel only: a covered pixel loses all its colours.": squares(part[:1]),
            "You cover with 1: cover with 0.": filled,
            "You cover with the mean of the image: cover with 0.": squares(weights * (image - image.mean())),
            "A negative fall is an answer too: don't cut it off at 0.": np.maximum(falls, 0),
            "A negative fall is an answer too: keep the sign.": np.abs(falls),
            "Your squares move on by their size: move on by the stride.": squares(part, stride=3),
            "Your squares move pixel by pixel: move on by the stride.": squares(part, stride=1),
            "You swapped size and stride.": squares(part, size=2, stride=3),
            "The last squares are missing: the range ends at h − size + 1, which it leaves out itself.": falls[
                :-1, :-1
            ],
            "Your last squares hang over the edge: they lie wholly inside the image.": np.array(
                [[part[:, t : t + 3, u : u + 3].sum() for u in range(0, 11, 2)] for t in range(0, 7, 2)]
            ),
            "Your map is transposed: rows of squares go down, columns go across.": falls.T,
        },
    )


# %%
# HIDDEN
def test_random_nets(occlusion_map):
    import numpy as np
    import torch
    from course_utils import attribution
    from course_utils.checks import check_call
    from torch import nn

    for c, h, w, size, stride in ((3, 7, 11, 3, 2), (1, 11, 5, 2, 3), (2, 5, 13, 5, 4)):
        torch.manual_seed(c)
        net = nn.Sequential(
            nn.Conv2d(c, 5, 2), nn.Tanh(), nn.Flatten(), nn.Linear(5 * (h - 1) * (w - 1), 3)
        ).double()
        image = torch.randn(1, c, h, w).double()

        def score(picture, net=net):
            with torch.no_grad():
                return net(torch.from_numpy(np.ascontiguousarray(picture))[None])[0, 1].item()

        falls = attribution.occlusion(net, image, 1, size, stride)[0].numpy()
        check_call(
            occlusion_map,
            score,
            image[0].numpy(),
            size,
            stride,
            expected=falls,
            mistakes={
                "That is the score of what is left: important places should be bright, so return original minus covered.": score(
                    image[0].numpy()
                )
                - falls,
                "The sign is reversed: it is original minus covered.": -falls,
                "A negative fall is an answer too: don't cut it off at 0.": np.maximum(falls, 0),
            },
        )


# %%
# HIDDEN
def test_the_whole_image_and_single_pixels(occlusion_map):
    import numpy as np
    from course_utils.checks import check_call

    rng = np.random.default_rng(2)
    image = rng.normal(size=(3, 5, 5))
    check_call(
        occlusion_map, lambda x: float(np.sum(x**2) + 3), image, 5, 2, expected=np.array([[np.sum(image**2)]])
    )
    check_call(occlusion_map, lambda x: float(np.sum(x**3)), image, 1, 1, expected=np.sum(image**3, axis=0))


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# Now ask SqueezeNet. The square is dull grey, the mean colour.

# %%
if solved(occlusion_map):
    fig, axes = plt.subplots(2, 3, figsize=(10, 6.2))
    for (top, bottom), name in zip(axes.T, ("coffee", "chelsea", "rocket"), strict=True):
        image, label = photos[name], labels[name]

        def score(picture, label=label):
            with torch.no_grad():
                return net(torch.from_numpy(picture)[None])[0, label].item()

        falls = occlusion_map(score, image[0].numpy(), 48, 24)
        i, j = np.unravel_index(falls.argmax(), falls.shape)
        covered = image.clone()
        covered[:, :, 24 * i : 24 * i + 48, 24 * j : 24 * j + 48] = 0
        top.imshow(data.restore(covered))
        word, p = best(covered, 1)[0]
        top.set_title(f"now: {word}, {p:.0%}", fontsize=10)
        limit = np.abs(falls).max()
        drawn = bottom.imshow(falls, cmap="RdBu_r", vmin=-limit, vmax=limit)
        bottom.set_title(f"fall of “{net.class_names[label]}”", fontsize=10)
        fig.colorbar(drawn, ax=bottom, shrink=0.8)
        for ax in (top, bottom):
            ax.set(xticks=[], yticks=[])
    fig.suptitle("Top: the square that hurts most. Bottom: how far the score falls, square by square")
    plt.show()

# %% [markdown]
# Compare the pictures with what you expected. Two cautions. A square can only show what *one* square does: where two parts each suffice, covering either changes nothing. And the grey square is itself something to see; with another colour the map may differ.

# %%
OcclusionExplorer()

# %% [markdown]
# **Try:**
#
# - For the cat, compare a square of 16 pixels with one of 96. What does each tell you, and what does it hide?
# - Is there a place where covering something *raises* the score? Why could that be?

# %% [markdown]
# ## 10.4 Saliency: one backward pass
#
# Covering took 65 forward passes. A gradient takes one backward pass and answers for every pixel at once: by how much does the class's score $f$ move when pixel $x_{cij}$ moves a little? Of the three colours keep the largest:
#
# $$S_{ij} = \max_c \left| \frac{\partial f}{\partial x_{cij}} \right|$$
#
# That is the **saliency map**. Take $f$ to be the *score*, before the softmax. When a net is sure, its probability is flat at 1: the gradient of the probability vanishes, and what is left of it speaks of the other classes too.

# %% [raw]
# # BEGIN QUESTION
# name: saliency
# points: 4
# forbids: [course_utils.attribution.saliency]

# %% [markdown]
# ### Exercise 10.2 · saliency · ★☆☆ · 10 minutes
#
# Return the saliency map of one class for one image.
#
# **Shapes:** `net` takes images $(1, c, h, w)$ and returns scores $(1, k)$; `image` $(1, c, h, w)$; `label` an integer → tensor $(h, w)$, never negative.
#
# **Worked:** two channels, one pixel, $f = 3 x_1 - 5 x_2$: the derivatives are $3$ and $-5$, so the pixel's saliency is $5$, whatever the image.
#
# <details><summary>Hint 1</summary>The image needs a gradient: <code>x = image.clone().requires_grad_()</code>. Then <code>torch.autograd.grad(score, x)</code> returns a tuple with one tensor of the shape of x.</details>
# <details><summary>Hint 2</summary>The score of the class is <code>net(x)[0, label]</code>. First the magnitude, then the maximum over the channels: <code>.abs().amax(dim=...)</code>.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Almost zero everywhere, for a sure net:</b> you differentiated the probability. Take the score.</li>
# <li><b>Negative values:</b> take the magnitude before the maximum, or a pixel of −5 and 3 counts as 3.</li>
# <li><b>Axes left over:</b> the answer is (h, w), without batch and channels.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def saliency(net, image, label):
    """Return max over channels of |∂score/∂pixel| for the class label, a tensor (h, w); the image is (1, c, h, w)."""
    # BEGIN SOLUTION
    x = image.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(net(x)[0, label], x)
    return gradient[0].abs().amax(dim=0)
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_a_linear_net_has_its_weights_as_gradient(saliency):
    import torch
    from course_utils.checks import check_call
    from torch import nn

    torch.manual_seed(1)
    net = nn.Sequential(nn.Flatten(), nn.Linear(30, 7)).double()
    image = torch.randn(1, 2, 3, 5).double()
    w = net[1].weight.detach().reshape(7, 2, 3, 5)
    check_call(
        saliency,
        net,
        image,
        4,
        expected=w[4].abs().amax(dim=0),
        sizes={"h": 3, "w": 5},
        mistakes={
            "Take the magnitude first, then the maximum: a strongly negative channel counts too.": w[4].amax(
                dim=0
            ),
            "The sign is lost or kept at the wrong place: take each derivative's magnitude, then the maximum.": w[
                4
            ]
            .amax(dim=0)
            .abs(),
            "You added the channels: keep the largest.": w[4].abs().sum(dim=0),
            "You averaged the channels: keep the largest.": w[4].abs().mean(dim=0),
            "You took the smallest channel: keep the largest.": w[4].abs().amin(dim=0),
            "You left the channels in: keep the largest of each pixel.": w[4].abs(),
            "You left the batch in: the answer is (h, w).": w[4].abs().amax(dim=0)[None],
            "You differentiate the sum of all scores: take the score of the label alone.": w.sum(dim=0)
            .abs()
            .amax(dim=0),
            "You multiply by the image: saliency is the gradient alone.": (w[4] * image[0]).abs().amax(dim=0),
        },
    )


# %%
def test_a_net_that_is_sure(saliency):
    import torch
    from course_utils.checks import check_call
    from torch import nn

    torch.manual_seed(2)
    net = nn.Sequential(nn.Conv2d(3, 5, 2), nn.Tanh(), nn.Flatten(), nn.Linear(5 * 4 * 6, 3)).double()
    with torch.no_grad():
        net[3].weight *= 3
    image = torch.randn(1, 3, 5, 7).double()

    def largest(f):
        x = image.clone().requires_grad_()
        return torch.autograd.grad(f(net(x)[0]), x)[0][0].abs().amax(dim=0)

    check_call(
        saliency,
        net,
        image,
        2,
        expected=largest(lambda scores: scores[2]),
        sizes={"h": 5, "w": 7},
        mistakes={
            "That is the gradient of the probability, which is flat for a sure net: take the score before the softmax.": largest(
                lambda s: s.softmax(dim=0)[2]
            ),
            "That is the gradient of the loss: take the score of the class.": largest(
                lambda s: -s.log_softmax(dim=0)[2]
            ),
            "You differentiate the sum of all scores: take the score of the label alone.": largest(
                lambda s: s.sum()
            ),
            "You take the score of the likeliest class: take that of the label.": largest(lambda s: s.max()),
        },
    )


# %%
# HIDDEN
def test_random_nets(saliency):
    import torch
    from course_utils import attribution
    from course_utils.checks import check_call
    from torch import nn

    for c, h, w, k in ((3, 5, 7, 2), (1, 11, 3, 5), (2, 3, 3, 7)):
        torch.manual_seed(c)
        net = nn.Sequential(
            nn.Conv2d(c, 3, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(3 * h * w, k)
        ).double()
        image = torch.randn(1, c, h, w).double()
        for label in (0, k - 1):

            def largest(f):
                x = image.clone().requires_grad_()
                return torch.autograd.grad(f(net(x)[0]), x)[0][0].abs().amax(dim=0)

            check_call(
                saliency,
                net,
                image,
                label,
                expected=attribution.saliency(net, image, label)[0],
                sizes={"h": h, "w": w},
                mistakes={
                    "That is the gradient of the probability, which is flat for a sure net: take the score before the softmax.": largest(
                        lambda s: s.softmax(dim=0)[label]
                    ),
                    "You differentiate the sum of all scores: take the score of the label alone.": largest(
                        lambda s: s.sum()
                    ),
                },
            )


# %%
# HIDDEN
def test_one_pixel_and_a_constant_score(saliency):
    import torch
    from course_utils.checks import check_call
    from torch import nn

    net = nn.Sequential(nn.Flatten(), nn.Linear(2, 1)).double()
    with torch.no_grad():
        net[1].weight.copy_(torch.tensor([[3.0, -5.0]]))
    image = torch.zeros(1, 2, 1, 1).double()
    check_call(saliency, net, image, 0, expected=torch.tensor([[5.0]]).double())
    off = nn.Sequential(nn.Conv2d(2, 1, 1), nn.ReLU(), nn.Flatten()).double()
    with torch.no_grad():
        off[0].bias.fill_(-100)
    check_call(saliency, off, image, 0, expected=torch.zeros(1, 1).double())


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
if solved(saliency):
    fig, axes = plt.subplots(2, 3, figsize=(9, 6))
    for (top, bottom), name in zip(axes.T, ("coffee", "chelsea", "rocket"), strict=True):
        top.imshow(data.restore(photos[name]))
        values = saliency(net, photos[name], labels[name])
        bottom.imshow(values, vmax=np.quantile(values, 0.99))
        bottom.set_title(net.class_names[labels[name]], fontsize=10)
        for ax in (top, bottom):
            ax.set(xticks=[], yticks=[])
    fig.suptitle("Bright: a small change of this pixel moves the score (brightest 1 % cut off)")
    plt.show()

# %% [markdown]
# The bright dots gather: at the cup and its spoon, at the rocket and the two towers beside it. On the cat they are spread widely. The net was only ever told the *names* of things, and still its gradient knows roughly where they are. But these are dots, not shapes. A saliency map doesn't say "this pixel made it a cat". It says "changing this pixel would change the score most", up or down. Next come two ways to make it clearer, each with its price.
#
# ## 10.5 Backward through a ReLU, three ways
#
# On its way back the gradient passes the ReLUs. Let $x$ be what came in on the way forward, $f = \max(0, x)$ what went out, and $R^{l+1}$ what comes back from above. Three rules say what to pass on:
#
# | rule | passes on | in words |
# |---|---|---|
# | plain | $R^l = (f > 0) \cdot R^{l+1}$ | if the unit was on: the true gradient |
# | deconv | $R^l = (R^{l+1} > 0) \cdot R^{l+1}$ | if the signal is positive |
# | guided | $R^l = (f > 0) \cdot (R^{l+1} > 0) \cdot R^{l+1}$ | if both |
#
# A positive $R$ belongs to a unit that **excites** the class: more of it, higher score. A negative one **inhibits**. The gradient mixes the two, and they largely cancel into grey noise. Deconv and guided throw the inhibitors away at every layer, and follow only what excites.

# %% [raw]
# # BEGIN QUESTION
# name: relu_backward
# points: 4
# forbids: [course_utils.attribution.deconv, course_utils.attribution.guided_backprop]

# %% [markdown]
# ### Exercise 10.3 · relu_backward · ★★☆ · 10 minutes
#
# Send `dout` back through a ReLU by one of the three rules. In NumPy. A unit with $x = 0$ is off.
#
# **Shapes:** `dout` and `x` have one shape, any; `rule` is `"plain"`, `"deconv"` or `"guided"` → the same shape.
#
# **Worked:** $x = (3, 3, -3, -3)$, dout $= (2, -2, 2, -2)$. Plain gives $(2, -2, 0, 0)$, deconv $(2, 0, 2, 0)$, guided $(2, 0, 0, 0)$.
#
# <details><summary>Hint 1</summary>A comparison is a mask: <code>dout * (x &gt; 0)</code>.</details>
# <details><summary>Hint 2</summary>Guided is both masks at once. Deconv doesn't look at x at all.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Guided looks like deconv:</b> the forward mask is missing.</li>
# <li><b>Deconv and guided are swapped:</b> guided is the stricter one.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def relu_backward(dout, x, rule):
    """Return what goes back through a ReLU with input x; the rule is "plain", "deconv" or "guided"."""
    # BEGIN SOLUTION
    was_on, excites = x > 0, dout > 0
    if rule == "plain":
        return dout * was_on
    if rule == "deconv":
        return dout * excites
    return dout * was_on * excites
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_the_plain_rule(relu_backward):
    import numpy as np
    from course_utils.checks import check_call

    rng = np.random.default_rng(3)
    dout, x = rng.normal(size=(5, 7)), rng.normal(size=(5, 7))
    check_call(
        relu_backward,
        dout,
        x,
        "plain",
        expected=np.where(x > 0, dout, 0),
        mistakes={
            "Plain passes negative signals on as well: mask by x only.": np.where(
                (x > 0) & (dout > 0), dout, 0
            ),
            "Plain asks whether the unit was on, not whether the signal is positive.": np.maximum(dout, 0),
            "You applied the ReLU to x again: pass dout on where x is positive.": np.maximum(x, 0),
            "You multiplied by the activation: its slope is 1 where it is on.": dout * np.maximum(x, 0),
            "The mask alone went back: multiply it by dout.": (x > 0).astype(float),
            "The mask is the wrong way round: a unit is on where x is positive.": np.where(x <= 0, dout, 0),
        },
    )


# %%
def test_deconv_and_guided(relu_backward):
    import numpy as np
    from course_utils.checks import check_call

    rng = np.random.default_rng(4)
    dout, x = rng.normal(size=(3, 11)), rng.normal(size=(3, 11))
    plain, deconv, guided = dout * (x > 0), np.maximum(dout, 0), np.maximum(dout, 0) * (x > 0)
    check_call(
        relu_backward,
        dout,
        x,
        "deconv",
        expected=deconv,
        mistakes={
            "You swapped deconv and guided: deconv doesn't look at x.": guided,
            "That is the plain gradient: deconv masks by the sign of the signal that comes back.": plain,
            "Deconv passes the positive signals on, not the negative ones.": np.minimum(dout, 0),
            "The sign of the signal is lost: positive ones pass, negative ones become 0.": np.abs(dout),
        },
    )
    check_call(
        relu_backward,
        dout,
        x,
        "guided",
        expected=guided,
        mistakes={
            "Guided needs both masks: the unit was on, and the signal is positive.": deconv,
            "That is the plain gradient: guided also needs a positive signal.": plain,
            "Guided needs both masks at once: and, not or.": dout * ((x > 0) | (dout > 0)),
            "You added the two rules: the masks multiply.": plain + deconv,
        },
    )


# %%
# HIDDEN
def test_zeros_and_axes(relu_backward):
    import numpy as np
    from course_utils.checks import check_call

    x = np.array([0.0, 0.0, 2.0, -1.0, 3.0, 0.0])
    dout = np.array([1.5, -2.0, -0.5, 4.0, 0.0, 0.0])
    at_zero = "A ReLU whose input is 0 is off."
    check_call(
        relu_backward,
        dout,
        x,
        "plain",
        expected=np.array([0, 0, -0.5, 0, 0, 0]),
        mistakes={at_zero: dout * (x >= 0)},
    )
    check_call(relu_backward, dout, x, "deconv", expected=np.array([1.5, 0, 0, 4, 0, 0]))
    check_call(
        relu_backward,
        dout,
        x,
        "guided",
        expected=np.zeros(6),
        mistakes={at_zero: np.maximum(dout, 0) * (x >= 0)},
    )
    rng = np.random.default_rng(5)
    dout, x = rng.normal(size=(2, 3, 5, 7)), rng.normal(size=(2, 3, 5, 7))
    for rule, mask in (("plain", x > 0), ("deconv", dout > 0), ("guided", (x > 0) & (dout > 0))):
        check_call(relu_backward, dout, x, rule, expected=np.where(mask, dout, 0))


# %%
# HIDDEN
def test_inside_a_net(relu_backward):
    import numpy as np
    import torch
    from course_utils import attribution
    from course_utils.checks import check_call, check_true
    from torch import nn

    torch.manual_seed(6)
    net = nn.Sequential(nn.Flatten(), nn.Linear(30, 11), nn.ReLU(), nn.Linear(11, 3)).double()
    image = torch.randn(1, 2, 3, 5).double()
    first, last = net[1].weight.detach().numpy(), net[3].weight.detach().numpy()
    x = net[1](image.flatten(1)).detach().numpy()[0]
    rules = {
        "plain": lambda *a: attribution.gradient_times_input(*a)[0].numpy(),
        "deconv": lambda *a: attribution.deconv(*a)[0].numpy(),
        "guided": lambda *a: attribution.guided_backprop(*a)[0].numpy(),
    }
    for rule, reference in rules.items():
        dout = last[1].copy()
        back = check_call(
            relu_backward,
            dout,
            x,
            rule,
            expected=dout * {"plain": x > 0, "deconv": dout > 0, "guided": (x > 0) & (dout > 0)}[rule],
        )
        picture = (np.asarray(back) @ first).reshape(2, 3, 5)
        if rule == "plain":
            picture = (picture * image[0].numpy()).sum(axis=0)
        check_true(
            np.allclose(picture, reference(net, image, 1)), "Inside a net your rule gives another picture."
        )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# Put your rule into SqueezeNet. The class below is a ReLU that goes forward as always and comes back through your function.


# %%
def with_rule(net, rule):
    """A copy of the net in which every ReLU goes back through your relu_backward."""

    class Rectified(torch.autograd.Function):
        @staticmethod
        def forward(context, x):
            context.save_for_backward(x)
            return x.clamp(min=0)

        @staticmethod
        def backward(context, dout):
            (x,) = context.saved_tensors
            return torch.as_tensor(relu_backward(dout.numpy(), x.numpy(), rule))

    other = copy.deepcopy(net)
    for part in other.modules():
        if isinstance(part, nn.ReLU):
            part.forward = Rectified.apply
    return other


if solved(relu_backward):
    fig, axes = plt.subplots(2, 4, figsize=(12, 6))
    for row, name in zip(axes, ("chelsea", "coffee"), strict=True):
        row[0].imshow(data.restore(photos[name]))
        for ax, rule in zip(row[1:], ("plain", "deconv", "guided"), strict=True):
            x = photos[name].clone().requires_grad_()
            (signal,) = torch.autograd.grad(with_rule(net, rule)(x)[0, labels[name]], x)
            signal = signal[0].flip(0).permute(1, 2, 0).numpy()  # red first
            ax.imshow((0.5 + signal / (2 * np.quantile(np.abs(signal), 0.995))).clip(0, 1))
            ax.set_title(rule, fontsize=11)
        for ax in row:
            ax.set(xticks=[], yticks=[])
    fig.suptitle("What comes back to the pixels: noise by the true gradient, outlines by the guided rule")
    plt.show()

# %% [markdown]
# Guided backpropagation draws the sharpest picture, and it is tempting to trust the sharpest picture. But it is no longer the gradient of anything. Does it depend on the *question*? Ask for three different classes and compare the pictures with each other.

# %%
image = photos["chelsea"]
others = [labels["chelsea"], net.class_names.index("espresso"), net.class_names.index("lighthouse")]
signals = {
    "gradient": [
        torch.cat([torch.autograd.grad(net(x)[0, k], x)[0] for x in [image.clone().requires_grad_()]])
        for k in others
    ],
    "guided backprop": [attribution.guided_backprop(net, image, k) for k in others],
}
fig, axes = plt.subplots(2, 3, figsize=(8, 5.6))
for row, (rule, pictures) in zip(axes, signals.items(), strict=True):
    maps = [p[0].abs().amax(dim=0) for p in pictures]
    for ax, values, k in zip(row, maps, others, strict=True):
        ax.imshow(values, vmax=np.quantile(values, 0.99))
        ax.set(xticks=[], yticks=[])
        ax.set_title(net.class_names[k], fontsize=10)
    row[0].set_ylabel(rule)
    agree = [np.corrcoef(maps[0].flatten(), other.flatten())[0, 1] for other in maps[1:]]
    print(f"{rule}: correlation with the map of the first class {agree[0]:.2f} and {agree[1]:.2f}")
fig.suptitle("The same cat, asked about three classes: outlines stay, whatever you ask")
plt.show()

# %% [markdown]
# The guided pictures of three quite different classes look much alike. They show what the lower layers see in *this photograph*; they say little about why *this class*. Keep that in mind for the written question. The explorer has these rules and the ones of the next section.

# %%
SaliencyExplorer()

# %% [markdown]
# **Try:**
#
# - Compare saliency with guided backprop: which shows more of the picture, which more of the answer?
# - Change the class from the likeliest to the third. Which rules notice, and which draw the same outlines?
#
# ## 10.6 Who made the score what it is?
#
# A gradient says what a *change* would do. Another question is how much each pixel *has contributed*. For a linear score $f = \sum_i w_i x_i$ the answer is clear: pixel $i$ contributed $w_i x_i$, and the contributions add up to the score. For a net, take the slope at this image in place of $w$. That is **gradient × input**,
#
# $$R_{ij} = \sum_c x_{cij} \frac{\partial f}{\partial x_{cij}}.$$
#
# The sign counts now: positive pixels speak for the class, negative ones against it. If the net consists of linear layers without biases, ReLUs and max pooling, then doubling the image doubles the score, and the contributions add up to the score exactly.

# %% [raw]
# # BEGIN QUESTION
# name: gradient_times_input
# points: 4
# forbids: [course_utils.attribution.gradient_times_input]

# %% [markdown]
# ### Exercise 10.4 · gradient_times_input · ★☆☆ · 8 minutes
#
# Return what each pixel contributes to the class's score, its channels added.
#
# **Shapes:** `net`, `image` $(1, c, h, w)$ and `label` as for `saliency` → tensor $(h, w)$, of either sign.
#
# **Worked:** two channels, one pixel, $f = 3x_1 - 5x_2$ at $x = (2, 1)$: contributions $6$ and $-5$, so the pixel contributes $1$, and that is the score.
#
# <details><summary>Hint 1</summary>The gradient as in saliency, then multiply by the image, entry by entry.</details>
# <details><summary>Hint 2</summary>Contributions add up, so the channels do: <code>.sum(dim=0)</code>, no magnitude.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>No negative values:</b> you took a magnitude. What speaks against the class should be negative.</li>
# <li><b>The sum isn't the score:</b> right for a net with biases. Without them, check that you took the score of the label.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def gradient_times_input(net, image, label):
    """Return Σ_c x_c ∂score/∂x_c for the class label, a tensor (h, w); the image is (1, c, h, w)."""
    # BEGIN SOLUTION
    x = image.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(net(x)[0, label], x)
    return (image * gradient)[0].sum(dim=0)
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_a_linear_net(gradient_times_input):
    import torch
    from course_utils.checks import check_call
    from torch import nn

    torch.manual_seed(7)
    net = nn.Sequential(nn.Flatten(), nn.Linear(42, 5)).double()
    image = torch.randn(1, 2, 3, 7).double()
    w = net[1].weight.detach().reshape(5, 2, 3, 7)
    parts = w[3] * image[0]
    check_call(
        gradient_times_input,
        net,
        image,
        3,
        expected=parts.sum(dim=0),
        sizes={"h": 3, "w": 7, "channels": 2},
        mistakes={
            "That is the gradient alone: multiply it by the image.": w[3].sum(dim=0),
            "Keep the signs: what speaks against the class is negative.": parts.abs().sum(dim=0),
            "Add the channels first and keep the sign: what speaks against the class is negative.": parts.sum(
                dim=0
            ).abs(),
            "You kept the largest channel: contributions add up.": parts.amax(dim=0),
            "You averaged the channels: contributions add up.": parts.mean(dim=0),
            "You left the channels in: add them up.": parts,
            "Multiply first, then add the channels: each colour has its own slope.": w[3].sum(dim=0)
            * image[0].sum(dim=0),
            "You multiply by the magnitude of the gradient: keep its sign.": (w[3].abs() * image[0]).sum(
                dim=0
            ),
            "You add up the contributions to all classes: take the score of the label alone.": (
                w.sum(dim=0) * image[0]
            ).sum(dim=0),
        },
    )


# %%
def test_contributions_add_up_to_the_score(gradient_times_input):
    import torch
    from course_utils.checks import check_call, check_true, checked_call
    from torch import nn

    torch.manual_seed(8)
    net = nn.Sequential(
        nn.Conv2d(3, 5, 2, bias=False),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(5 * 2 * 3, 3, bias=False),
    ).double()
    image = torch.randn(1, 3, 5, 7).double()
    answer = checked_call(gradient_times_input, net, image, 1)
    check_true(
        isinstance(answer, torch.Tensor) and answer.shape == (5, 7), "Return a tensor of shape (h, w)."
    )
    score = net(image)[0, 1].item()
    check_true(
        abs(answer.sum().item() - score) < 1e-9,
        "This net has no biases: your contributions should add up to its score.",
        f"sum {answer.sum().item():.6f}, score {score:.6f}",
    )

    def parts(f):
        x = image.clone().requires_grad_()
        return (image * torch.autograd.grad(f(net(x)[0]), x)[0])[0].sum(dim=0)

    check_call(
        gradient_times_input,
        net,
        image,
        1,
        expected=parts(lambda s: s[1]),
        mistakes={
            "That is the gradient of the probability: take the score before the softmax.": parts(
                lambda s: s.softmax(dim=0)[1]
            )
        },
    )


# %%
# HIDDEN
def test_random_nets(gradient_times_input):
    import torch
    from course_utils import attribution
    from course_utils.checks import check_call
    from torch import nn

    for c, h, w, k in ((3, 5, 7, 2), (1, 11, 3, 5), (2, 3, 3, 7)):
        torch.manual_seed(c + 10)
        net = nn.Sequential(
            nn.Conv2d(c, 3, 3, padding=1), nn.Tanh(), nn.Flatten(), nn.Linear(3 * h * w, k)
        ).double()
        image = torch.randn(1, c, h, w).double() + 0.3

        def parts(f):
            x = image.clone().requires_grad_()
            return (image * torch.autograd.grad(f(net(x)[0]), x)[0])[0].sum(dim=0)

        for label in (0, k - 1):
            check_call(
                gradient_times_input,
                net,
                image,
                label,
                expected=attribution.gradient_times_input(net, image, label)[0],
                mistakes={
                    "That is the gradient of the probability: take the score before the softmax.": parts(
                        lambda s: s.softmax(dim=0)[label]
                    ),
                    "That is the gradient of the loss: take the score of the class.": parts(
                        lambda s: -s.log_softmax(dim=0)[label]
                    ),
                    "You add up the contributions to all classes: take the score of the label alone.": parts(
                        lambda s: s.sum()
                    ),
                },
            )


# %%
# HIDDEN
def test_one_pixel_and_a_dark_image(gradient_times_input):
    import torch
    from course_utils.checks import check_call
    from torch import nn

    net = nn.Sequential(nn.Flatten(), nn.Linear(2, 1)).double()
    with torch.no_grad():
        net[1].weight.copy_(torch.tensor([[3.0, -5.0]]))
    check_call(
        gradient_times_input,
        net,
        torch.tensor([[[[2.0]], [[1.0]]]]).double(),
        0,
        expected=torch.ones(1, 1).double(),
    )
    check_call(
        gradient_times_input, net, torch.zeros(1, 2, 1, 1).double(), 0, expected=torch.zeros(1, 1).double()
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# **Layer-wise relevance** shares the score out step by step. Start with the score at the output. Where a unit $j$ was formed by $z_j = \sum_i w_{ji} a_i + b_j$, give each of its inputs its share of $R_j$:
#
# $$R_i = a_i \sum_j \frac{w_{ji}}{z_j + \varepsilon_j} R_j$$
#
# The small $\varepsilon_j$, of the sign of $z_j$, keeps the division from exploding; what it takes away is lost. It is ε times the root mean square of the layer's $z$. With $\varepsilon = 0$ and ReLUs this is exactly gradient × input. With a larger $\varepsilon$, units that were formed by terms that nearly cancel pass little on, and the picture gets calmer. `attribution.layerwise_relevance` does it.

# %%
fig, axes = plt.subplots(1, 4, figsize=(12, 3.4))
axes[0].imshow(data.restore(photos["chelsea"]))
axes[0].set_title(f"score {net(photos['chelsea'])[0, labels['chelsea']].item():.1f}", fontsize=11)
for ax, eps in zip(axes[1:], (0.0, 0.25, 2.0), strict=True):
    relevance = (
        attribution.layerwise_relevance(net, photos["chelsea"], labels["chelsea"], eps)[0].sum(dim=0).numpy()
    )
    limit = np.quantile(np.abs(relevance), 0.995)
    ax.imshow(relevance, cmap="RdBu_r", vmin=-limit, vmax=limit)
    ax.set_title(f"ε = {eps:g}; sum {relevance.sum():.1f}", fontsize=11)
for ax in axes:
    ax.set(xticks=[], yticks=[])
fig.suptitle(
    "Relevance: red speaks for the class, blue against it; a larger ε keeps less, and keeps it calmer"
)
plt.show()

if solved(gradient_times_input):
    mine = gradient_times_input(net, photos["chelsea"], labels["chelsea"])
    theirs = attribution.layerwise_relevance(net, photos["chelsea"], labels["chelsea"], 0.0)[0].sum(dim=0)
    print("your gradient × input is the relevance with ε = 0:", torch.allclose(mine, theirs, atol=1e-4))

# %% [markdown]
# Read the sums above the pictures. SqueezeNet has biases, so even with ε = 0 they need not equal the score: the rest belongs to the biases, not to any pixel. A larger ε loses most of the score, or nearly all of it. Each picture has its own colour scale, so what is left looks as strong as before.

# %% [raw]
# # BEGIN QUESTION
# name: heat_map
# points: 4
# manual: true

# %% [markdown]
# ### Question 10.5 · What does a heat map prove? · ★★☆ · 10 minutes
#
# A company sells a network that finds pneumonia in X-ray pictures. Its brochure shows guided-backpropagation pictures: the outlines of the ribs and the lungs, crisp and convincing. "You see that it looks at the lungs."
#
# Why does this picture not prove it? Name **two** experiments that would tell you more, and say for each what result would speak against the company's claim. Four to eight sentences.

# %% [raw]
# # BEGIN SOLUTION

# %% [markdown]
# **Rubric (4 points):** two points for why the picture proves little, one for each experiment with the result that would speak against the claim.
#
# - [2] *Why.* Guided backpropagation shows outlines for almost any class and picture, because it passes on whatever excites and drops what inhibits; it is not the gradient of the score (1). So the outlines come with the image and the lower layers, not with the answer; "looks at" is not "decides by" (1).
# - [1] *Other class.* Draw the same for another class, or for a net with random upper layers. If the picture stays, it says nothing about the answer.
# - [1] *Occlusion.* Cover the lungs, then something beside them: a marker of the hospital, the corners. If the score falls with the marker and not with the lungs, the net goes by the marker.
# - [1] *Data.* Test on another hospital, or on pictures with the lungs blanked out. If the accuracy stays high without lungs, or falls elsewhere, it goes by something else.
# - [1] *Shown pictures.* Ask for pictures that weren't chosen by the company, wrong answers among them.
#
# An experiment without the result that would refute the claim earns half a point.

# %% [raw]
# # END SOLUTION

# %% [raw]
# # END QUESTION

# %% [markdown]
# ## 10.7 What would it like to see?
#
# So far the image was given. Turn the question round: which image does the net take most surely for a flamingo? Freeze the weights and climb on the *pixels*.
#
# 1. Start from zeros, a plain grey image.
# 2. Go forward to the scores.
# 3. Set the gradient of the scores to one-hot: 1 for the class, 0 for all others. Go back to the pixels: that is $g = \partial f / \partial x$.
# 4. Step up: $x \leftarrow x + \alpha\, g / \overline{|g|}$. Go to 2.
#
# Dividing by the mean magnitude of $g$ makes every step change the pixels by α on average, whatever the size of the gradient.

# %% [raw]
# # BEGIN QUESTION
# name: class_image
# points: 4
# forbids: [course_utils.attribution.class_image]

# %% [markdown]
# ### Exercise 10.6 · class_image · ★★☆ · 15 minutes
#
# Climb on the score of `label` for so many steps, beginning at `start`:
#
# $$x \leftarrow \operatorname{tame}\left(x + \alpha \, \frac{g}{\operatorname{mean} |g|},\; g\right), \qquad g = \frac{\partial f}{\partial x}$$
#
# `tame` is a function that takes the new image and the gradient and returns a better-behaved image. It is called after each step; if it is `None`, leave it out. Add nothing to the division: no gradient here is zero.
#
# **Shapes:** `net` as before; `start` $(1, c, h, w)$; `label`, `steps` integers; `rate` is α → tensor $(1, c, h, w)$ without a gradient.
#
# **Worked:** two pixels, $f = 3x_1 - x_2$, start $(0, 0)$, α $= 4$: $g = (3, -1)$, mean $|g| = 2$, so after one step $x = (6, -2)$, after two $(12, -4)$.
#
# <details><summary>Hint 1</summary>In each step a new leaf: <code>x = x.detach().requires_grad_()</code>. Differentiating one score is the same as going back with a one-hot gradient.</details>
# <details><summary>Hint 2</summary>After <code>torch.autograd.grad</code>, go on with <code>x.detach()</code>, or the graph grows from step to step.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>The class gets less likely:</b> you descend. There is no loss here; climb.</li>
# <li><b>Steps get longer and longer:</b> with <code>backward()</code> gradients add up in <code>x.grad</code>. Use <code>torch.autograd.grad</code>, or set it to None.</li>
# <li><b>All pictures are flat:</b> you divide by the sum of |g| instead of its mean.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def class_image(net, label, start, steps, rate, tame=None):
    """Return the image, (1, c, h, w), that steps of gradient ascent on the score of label make of start.

    Each step has mean magnitude rate; tame(image, gradient), if given, is called after it.
    """
    # BEGIN SOLUTION
    x = start
    for _ in range(steps):
        x = x.detach().requires_grad_()
        (g,) = torch.autograd.grad(net(x)[0, label], x)
        x = x.detach() + rate * g / g.abs().mean()
        if tame is not None:
            x = tame(x, g)
    return x
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_a_linear_net(class_image):
    import torch
    from course_utils.checks import check_call
    from torch import nn

    torch.manual_seed(11)
    net = nn.Sequential(nn.Flatten(), nn.Linear(30, 3)).double()
    w = net[1].weight.detach().reshape(3, 2, 3, 5)
    g = w[2:]
    step = 4 * g / g.abs().mean()

    def climb(f):
        x = torch.zeros(1, 2, 3, 5).double().requires_grad_()
        (slope,) = torch.autograd.grad(f(net(x)[0]), x)
        return 4 * slope / slope.abs().mean()

    check_call(
        class_image,
        net,
        2,
        torch.zeros(1, 2, 3, 5).double(),
        1,
        4.0,
        expected=step,
        mistakes={
            "Your image makes the class less likely: climb, add the gradient.": -step,
            "The gradient isn't normalised: divide it by the mean of its magnitudes.": 4 * g,
            "You divide by the sum of the magnitudes: divide by their mean.": step / 30,
            "You divide by the largest magnitude: divide by the mean of the magnitudes.": 4
            * g
            / g.abs().max(),
            "You divide by the norm of the gradient: divide by the mean of its magnitudes.": 4 * g / g.norm(),
            "You divide by the mean of the gradient: take magnitudes first.": 4 * g / g.mean(),
            "You took the sign of the gradient: keep its proportions.": 4 * g.sign(),
            "You climb on the probability: take the score before the softmax.": climb(
                lambda s: s.log_softmax(dim=0)[2]
            ),
            "You climb on all scores together: take the one of the label.": climb(lambda s: s.sum()),
            "You took no step.": 0 * step,
        },
    )


# %%
def test_several_steps_and_tame(class_image):
    import torch
    from course_utils.checks import check_call
    from torch import nn

    torch.manual_seed(12)
    net = nn.Sequential(nn.Conv2d(2, 3, 2), nn.Tanh(), nn.Flatten(), nn.Linear(3 * 2 * 4, 5)).double()
    start = 0.1 * torch.randn(1, 2, 3, 5).double()

    def tame(x, g):
        return 0.9 * x - 0.01 * g

    def climb(steps, first=start, tamed="after", fresh=True, swapped=False, up=1.0):
        x, total = first, 0
        for _ in range(steps):
            leaf = x.clone().requires_grad_()
            (g,) = torch.autograd.grad(net(leaf)[0, 3], leaf)
            total = g if fresh else total + g
            move = up * 0.3 * total / total.abs().mean()
            if tamed == "before":
                x = tame(x, g) + move
            else:
                x = x + move
                x = tame(g, x) if swapped else tame(x, g) if tamed == "after" else x
        return x

    check_call(
        class_image,
        net,
        3,
        start,
        7,
        0.3,
        expected=climb(7, tamed="never"),
        mistakes={
            "Your image makes the class less likely: climb, add the gradient.": climb(
                7, tamed="never", up=-1.0
            ),
            "You take one step too few.": climb(6, tamed="never"),
            "You take one step too many.": climb(8, tamed="never"),
            "Each step starts again from the first image: go on from the step before.": climb(
                1, tamed="never"
            ),
            "You begin at zero: begin at start.": climb(7, 0 * start, "never"),
            "Your gradients add up from step to step: clear x.grad, or use torch.autograd.grad.": climb(
                7, tamed="never", fresh=False
            ),
        },
    )
    x = climb(4, tamed="never").requires_grad_()
    (g,) = torch.autograd.grad(net(x)[0, 3], x)
    check_call(
        class_image,
        net,
        3,
        start,
        5,
        0.3,
        tame,
        expected=climb(5),
        mistakes={
            "You never call tame: let it return a better image after each step.": climb(5, tamed="never"),
            "You tame the image before the step: step first, then tame.": climb(5, tamed="before"),
            "You call tame once, at the end: call it after each step.": tame(climb(5, tamed="never"), g),
            "You swapped the arguments of tame: first the image, then the gradient.": climb(5, swapped=True),
        },
    )


# %%
# HIDDEN
def test_random_nets(class_image):
    import torch
    from course_utils import attribution
    from course_utils.checks import check_call, check_true
    from torch import nn

    for c, h, w, k in ((3, 5, 7, 2), (1, 7, 3, 5)):
        torch.manual_seed(c + 20)
        net = nn.Sequential(nn.Conv2d(c, 3, 3, padding=1), nn.Tanh(), nn.Flatten(), nn.Linear(3 * h * w, k))
        for label, steps, rate in ((0, 1, 0.5), (k - 1, 11, 0.05)):
            made = attribution.class_image(
                net, label, (c, h, w), steps=steps, learning_rate=rate, decay=0, blur=0
            )
            answer = check_call(
                class_image,
                net,
                label,
                torch.zeros(1, c, h, w),
                steps,
                rate,
                expected=made,
                rtol=1e-4,
                atol=1e-5,
                mistakes={"Your image makes the class less likely: climb, add the gradient.": -made},
            )
            check_true(not answer.requires_grad, "Your image still carries a graph: return it detached.")


# %%
# HIDDEN
def test_no_step_and_a_tame_that_clears(class_image):
    import torch
    from course_utils.checks import check_call, check_true
    from torch import nn

    torch.manual_seed(23)
    net = nn.Sequential(nn.Conv2d(1, 3, 2), nn.Sigmoid(), nn.Flatten(), nn.Linear(3 * 2 * 4, 2)).double()
    start = torch.randn(1, 1, 3, 5).double()
    check_call(
        class_image,
        net,
        1,
        start,
        0,
        0.7,
        expected=start,
        mistakes={"With steps = 0 the image stays at start.": 0 * start},
    )
    calls = []

    def count(x, g):
        calls.append((tuple(x.shape), tuple(g.shape)))
        return torch.zeros_like(x)

    check_call(class_image, net, 0, start, 3, 0.7, count, expected=0 * start)
    check_true(
        calls == [((1, 1, 3, 5), (1, 1, 3, 5))] * 3,
        "Call tame after each step, once, with the image and its gradient.",
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION


# %%
def shown(x):
    """A made image, (c, h, w), as a picture: its mean in the middle, three standard deviations each way."""
    x = np.asarray(x)
    return (0.5 + ((x - x.mean()) / x.std())[::-1].transpose(1, 2, 0) / 6).clip(0, 1)


flamingo = net.class_names.index("flamingo")
blank = torch.zeros(1, 3, 128, 128)
if solved(class_image):
    made = class_image(net, flamingo, blank, 40, 10.0)
    name, p = best(made, 1)[0]
    fig, axes = plt.subplots(1, 2, figsize=(8, 3.9))
    axes[0].imshow(shown(made[0]))
    axes[1].imshow(shown(made[0])[8:56, 56:104])
    axes[0].set_title("the image", fontsize=11)
    axes[1].set_title("48 × 48 pixels of it", fontsize=11)
    for ax in axes:
        ax.set(xticks=[], yticks=[])
    fig.suptitle(f"The net says: {name}, {p:.1%}")
    plt.show()

# %% [markdown]
# The net could hardly be surer. You see noise, perhaps with a hint of a bend. Among all images that raise the score, almost none is a photograph, and the gradient has no reason to prefer those that are.
#
# So **regularise**: keep out what no photograph contains. Four ways, each with one number to set:
#
# - **L2**: shrink all pixels a little, $x \leftarrow (1 - \lambda)\, x$. No pixel runs away.
# - **Blur**: a Gaussian of σ pixels on each channel. It punishes high frequencies, the noise from pixel to pixel.
# - **Clip small pixels**: a pixel whose norm over the channels, $\sqrt{\sum_c x_c^2}$, is among the smallest becomes 0. What isn't needed stays grey.
# - **Clip small contributions**: the same for pixels with the smallest $|\sum_c x_c g_c|$. You know that number: gradient × input.

# %% [raw]
# # BEGIN QUESTION
# name: regularise
# points: 4

# %% [markdown]
# ### Exercise 10.7 · regularise · ★★★ · 20 minutes
#
# Apply the four, in this order:
#
# 1. $x \leftarrow (1 - \text{decay})\, x$.
# 2. Blur each channel by itself: `gaussian_filter` from SciPy with `sigma` in both directions and `mode="nearest"`.
# 3. Set to 0 every pixel, in all its channels, whose norm over the channels is below the `small` quantile of these norms.
# 4. Set to 0 every pixel whose $|\sum_c x_c g_c|$, with $x$ as it is after step 3, is below the `contribution` quantile of these numbers.
#
# The quantile is `np.quantile(values, share)`: with a share of 0 nothing is below it. In NumPy; the input stays as it is.
#
# **Shapes:** `x`, `g` $(c, h, w)$ → $(c, h, w)$.
#
# **Worked:** one channel, one row, $x = (1, -4, 3)$, $g = (5, 1, 1)$, no decay, no blur. With small = 0.5 the norms are $1, 4, 3$, their median 3, so $(0, -4, 3)$. With contribution = 0.5 instead: $5, 4, 3$, median 4, so $(1, -4, 0)$.
#
# <details><summary>Hint 1</summary>A sigma for each axis: <code>gaussian_filter(x, (0, sigma, sigma), mode="nearest")</code>. The 0 keeps the colours apart.</details>
# <details><summary>Hint 2</summary>A mask (h, w) multiplies (c, h, w) directly: <code>x * (norm &gt;= np.quantile(norm, small))</code>.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Everything turns grey:</b> you blur across the channels too.</li>
# <li><b>Single colours vanish:</b> a pixel is kept or dropped as a whole. Take the norm over channels first.</li>
# <li><b>The large pixels vanish:</b> the mask is the wrong way round.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def regularise(x, g, decay=0.0, sigma=0.0, small=0.0, contribution=0.0):
    """Return the image x, (c, h, w), shrunk, blurred, and without its least pixels and contributions; g is its gradient."""
    # BEGIN SOLUTION
    x = gaussian_filter((1 - decay) * x, (0, sigma, sigma), mode="nearest")
    norm = np.sqrt(np.sum(x**2, axis=0))
    x = x * (norm >= np.quantile(norm, small))
    share = np.abs(np.sum(x * g, axis=0))
    return x * (share >= np.quantile(share, contribution))
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_decay_and_blur(regularise):
    import numpy as np
    from course_utils.checks import check_call
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(24)
    x, g = rng.normal(size=(3, 7, 11)), rng.normal(size=(3, 7, 11))
    check_call(
        regularise,
        x,
        g,
        0.2,
        expected=0.8 * x,
        mistakes={
            "You kept the share that should go: multiply by 1 − decay.": 0.2 * x,
            "The pixels grow: L2 shrinks them, multiply by 1 − decay.": 1.2 * x,
            "You subtract decay itself, and bright and dark pixels shift alike: multiply by 1 − decay.": x
            - 0.2,
            "Your decay does nothing.": x,
            "You shrink along the gradient: L2 shrinks the image.": x - 0.2 * g,
        },
    )
    check_call(
        regularise,
        x,
        g,
        0.0,
        1.3,
        expected=gaussian_filter(x, (0, 1.3, 1.3), mode="nearest"),
        mistakes={
            "You blur across the channels too, and the colours run together: use sigma 0 for their axis.": gaussian_filter(
                x, 1.3, mode="nearest"
            ),
            'At the border go on with the nearest pixel: mode="nearest".': gaussian_filter(x, (0, 1.3, 1.3)),
            "You blur in one direction only: give sigma to both axes of the picture.": gaussian_filter(
                x, (0, 0, 1.3), mode="nearest"
            ),
            "You blur in one direction only, so give sigma to both axes.": gaussian_filter(
                x, (0, 1.3, 0), mode="nearest"
            ),
            "You blur the gradient: blur the image.": gaussian_filter(g, (0, 1.3, 1.3), mode="nearest"),
            "Your blur does nothing.": x,
        },
    )


# %%
def test_small_pixels(regularise):
    import numpy as np
    from course_utils.checks import check_call

    rng = np.random.default_rng(25)
    x, g = rng.normal(size=(3, 5, 7)), rng.normal(size=(3, 5, 7))
    norm = np.linalg.norm(x, axis=0)
    kept = norm >= np.quantile(norm, 0.3)
    value = np.abs(x)
    check_call(
        regularise,
        x,
        g,
        0.0,
        0.0,
        0.3,
        expected=x * kept,
        mistakes={
            "You dropped the large pixels: drop those below the quantile.": x * ~kept,
            "You dropped single colours: take the norm over the channels, a pixel goes as a whole.": x
            * (value >= np.quantile(value, 0.3)),
            "You compare with the share itself: compare with the quantile of the norms.": x * (norm >= 0.3),
            "You kept only the share that should go.": x * (norm >= np.quantile(norm, 0.7)),
            "You added the channels: use their norm, or opposite colours cancel.": x
            * (np.abs(x.sum(axis=0)) >= np.quantile(np.abs(x.sum(axis=0)), 0.3)),
            "You measure by contributions in place of norms.": x
            * (np.abs((x * g).sum(axis=0)) >= np.quantile(np.abs((x * g).sum(axis=0)), 0.3)),
            "Nothing was dropped.": x,
        },
    )


# %%
def test_small_contributions(regularise):
    import numpy as np
    from course_utils.checks import check_call

    rng = np.random.default_rng(26)
    x, g = rng.normal(size=(3, 5, 7)), rng.normal(size=(3, 5, 7))

    def keep(values, share=0.4):
        return x * (values >= np.quantile(values, share))

    parts = (x * g).sum(axis=0)
    check_call(
        regularise,
        x,
        g,
        contribution=0.4,
        expected=keep(np.abs(parts)),
        mistakes={
            "A large negative contribution is large: take the magnitude.": keep(parts),
            "Contributions are image times gradient: you used the gradient alone.": keep(
                np.linalg.norm(g, axis=0)
            ),
            "You measure by norms in place of contributions.": keep(np.linalg.norm(x, axis=0)),
            "Add the channels first, then take the magnitude.": keep(np.abs(x * g).sum(axis=0)),
            "You dropped the large contributions: drop those below the quantile.": x - keep(np.abs(parts)),
            "Nothing was dropped.": x,
        },
    )


# %%
# HIDDEN
def test_all_four_in_order(regularise):
    import numpy as np
    from course_utils.checks import check_call

    def blurred(x, sigma):
        reach = int(4 * sigma + 0.5)
        kernel = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * sigma**2))
        kernel /= kernel.sum()
        padded = np.pad(x, ((0, 0), (reach, reach), (reach, reach)), mode="edge")
        rows = sum(k * padded[:, i : i + x.shape[1]] for i, k in enumerate(kernel))
        return sum(k * rows[:, :, i : i + x.shape[2]] for i, k in enumerate(kernel))

    def dropped(x, values, share):
        return np.where(values < np.quantile(values, share), 0, x)

    def norms(x):
        return np.linalg.norm(x, axis=0)

    def parts(x, g):
        return np.abs(np.einsum("chw,chw->hw", x, g))

    rng = np.random.default_rng(27)
    for c, h, w, decay, sigma, small, contribution in (
        (3, 11, 7, 0.1, 0.8, 0.5, 0.7),
        (1, 5, 13, 0.3, 1.1, 0.2, 0.5),
    ):
        x, g = rng.normal(size=(c, h, w)), rng.normal(size=(c, h, w))
        soft = blurred((1 - decay) * x, sigma)
        first = dropped(soft, norms(soft), small)
        last = dropped(soft, parts(soft, g), contribution)
        check_call(
            regularise,
            x,
            g,
            decay,
            sigma,
            small,
            contribution,
            expected=dropped(first, parts(first, g), contribution),
            mistakes={
                "You drop contributions before small pixels: the order is small pixels, then contributions.": dropped(
                    last, norms(last), small
                ),
                "Contributions use the image after the small pixels went, not the image at the beginning.": dropped(
                    first, parts(x, g), contribution
                ),
                "Norms use the image after the blur, not before.": dropped(
                    dropped(soft, norms(x), small), parts(dropped(soft, norms(x), small), g), contribution
                ),
            },
        )


# %%
# HIDDEN
def test_nothing_to_do_and_equal_pixels(regularise):
    import numpy as np
    from course_utils.checks import check_call

    x = np.array([[[1.0, -4.0, 3.0]]])
    g = np.array([[[5.0, 1.0, 1.0]]])
    check_call(regularise, x, g, expected=x)
    check_call(regularise, x, g, 0.0, 0.0, 0.5, expected=np.array([[[0.0, -4.0, 3.0]]]))
    check_call(regularise, x, g, 0.0, 0.0, 0.0, 0.5, expected=np.array([[[1.0, -4.0, 0.0]]]))
    flat = np.full((2, 3, 5), 2.0)
    check_call(
        regularise,
        flat,
        flat,
        0.0,
        1.5,
        0.0,
        0.0,
        expected=flat,
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
recipes = {
    "nothing": {},
    "L2": {"decay": 0.1},
    "L2, blur": {"decay": 0.01, "sigma": 0.6},
    "L2, blur, small pixels": {"decay": 0.03, "sigma": 0.6, "small": 0.5},
    "L2, blur, contributions": {"decay": 0.02, "sigma": 0.6, "contribution": 0.5},
}
if solved(class_image, regularise):
    fig, axes = plt.subplots(2, 5, figsize=(12, 5.6))
    for row, name in zip(axes, ("flamingo", "goldfish"), strict=True):
        label = net.class_names.index(name)
        for ax, (words, recipe) in zip(row, recipes.items(), strict=True):

            def tame(x, g, recipe=recipe):
                return torch.from_numpy(regularise(x[0].numpy(), g[0].numpy(), **recipe))[None]

            made = class_image(net, label, blank, 40, 10.0, tame)
            with torch.no_grad():
                p = net(made)[0].softmax(dim=0)[label].item()
            ax.imshow(shown(made[0]))
            ax.set(xticks=[], yticks=[])
            ax.set_title(f"{words}\n{p:.0%} {name}", fontsize=10)
    fig.suptitle("Regularisers turn noise into parts: a bent neck, an eye, a fin")
    plt.show()

# %% [markdown]
# The net was sure of the noise already: the number above a picture says nothing about how much *you* recognise. What you begin to recognise there is what it goes by: necks with a bend, eyes in a ring. Note what is missing, too. There is no whole bird and no whole fish, and parts come more than once. The score only asks whether the parts are there.

# %%
ClassImageExplorer()

# %% [markdown]
# **Try:**
#
# - Set blur and decay to 0. Does the net become less sure? What do you see?
# - With blur at 1, clip more and more of the small pixels. What is left of the thing?
#
# ## 10.8 Deep Dream
#
# Now don't name a class. Take a photograph, choose a layer with activations $\varphi(x)$, and boost *whatever it already sees*: climb on $\tfrac12 \lVert \varphi(x) \rVert^2$. The gradient at the layer is then $\varphi(x)$ itself. A unit that is a little excited gets a little push, one that is very excited a large one. What looks a bit like an eye turns into an eye.
#
# Pooling and strides look at the image on a fixed grid, and that grid would soon show. So the image is moved by a few pixels before each step, and back after it.

# %% [raw]
# # BEGIN QUESTION
# name: deep_dream_step
# points: 4
# forbids: [course_utils.attribution.deep_dream]

# %% [markdown]
# ### Exercise 10.8 · deep_dream_step · ★★☆ · 12 minutes
#
# Return the image after one step:
#
# 1. Move it: roll it by `shift` $= (s_1, s_2)$ pixels, down and to the right; what leaves at one side comes in at the other.
# 2. With $g$ the gradient of $\tfrac12 \lVert \varphi(x) \rVert^2$ at the moved image, add $\alpha\, g / \operatorname{mean} |g|$.
# 3. Move it back.
#
# **Shapes:** `features` is a module, the lower part of a net; `image` $(1, c, h, w)$; `rate` is α; `shift` two integers → $(1, c, h, w)$.
#
# **Worked:** $\varphi(x) = x$, two pixels $(3, -1)$, no shift, α $= 2$: $g = (3, -1)$, mean $|g| = 2$; the result is $(6, -2)$. Bright gets brighter, dark gets darker.
#
# <details><summary>Hint 1</summary><code>image.roll(shift, dims=(2, 3))</code> moves; the opposite shift moves back.</details>
# <details><summary>Hint 2</summary><code>(features(x) ** 2).sum() / 2</code> is the number to differentiate.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>The image wanders from step to step:</b> you didn't move it back.</li>
# <li><b>Every unit grows alike:</b> you climb on the sum of the activations. The square makes strong ones count more.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def deep_dream_step(features, image, rate, shift=(0, 0)):
    """Return the image (1, c, h, w) after one step up ½‖features(image)‖², taken on the image moved by shift."""
    # BEGIN SOLUTION
    x = image.roll(shift, dims=(2, 3)).requires_grad_()
    (g,) = torch.autograd.grad((features(x) ** 2).sum() / 2, x)
    x = x.detach() + rate * g / g.abs().mean()
    return x.roll((-shift[0], -shift[1]), dims=(2, 3))
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_one_step(deep_dream_step):
    import torch
    from course_utils.checks import check_call
    from torch import nn

    torch.manual_seed(31)
    features = nn.Sequential(nn.Conv2d(2, 5, 2), nn.ReLU()).double()
    image = torch.randn(1, 2, 5, 7).double()

    def step(f, up=1.5, size=lambda g: g.abs().mean()):
        x = image.clone().requires_grad_()
        (g,) = torch.autograd.grad(f(features(x)), x)
        return image + up * g / size(g)

    def half_square(a):
        return (a**2).sum() / 2

    check_call(
        deep_dream_step,
        features,
        image,
        1.5,
        expected=step(half_square),
        mistakes={
            "You climb on the sum of the activations: on the sum of their squares, strong ones count more.": step(
                lambda a: a.sum()
            ),
            "The features shrink: climb, add the gradient.": step(half_square, -1.5),
            "The gradient isn't normalised: divide it by the mean of its magnitudes.": step(
                half_square, size=lambda g: 1
            ),
            "You divide by the norm of the gradient: divide by the mean of its magnitudes.": step(
                half_square, size=lambda g: g.norm()
            ),
            "You divide by the largest magnitude: divide by the mean of the magnitudes.": step(
                half_square, size=lambda g: g.abs().max()
            ),
            "You divide by the mean of the gradient: take magnitudes first.": step(
                half_square, size=lambda g: g.mean()
            ),
            "You boost the strongest unit alone: every unit that is excited counts.": step(lambda a: a.max()),
            "You returned the step alone: add it to the image.": step(half_square) - image,
        },
    )


# %%
def test_the_image_moves_and_comes_back(deep_dream_step):
    import torch
    from course_utils.checks import check_call
    from torch import nn

    torch.manual_seed(32)
    features = nn.Sequential(nn.Conv2d(1, 3, 3, stride=2), nn.ReLU()).double()
    image = torch.randn(1, 1, 7, 11).double()

    def grown(shift):
        x = image.roll(shift, dims=(2, 3)).requires_grad_()
        (g,) = torch.autograd.grad((features(x) ** 2).sum() / 2, x)
        return x.detach() + 0.4 * g / g.abs().mean()

    moved = grown((2, -3))
    check_call(
        deep_dream_step,
        features,
        image,
        0.4,
        (2, -3),
        expected=moved.roll((-2, 3), dims=(2, 3)),
        mistakes={
            "You didn't move the image back after the step.": moved,
            "You moved the image on instead of back: turn both signs round.": moved.roll(
                (2, -3), dims=(2, 3)
            ),
            "You didn't move the image before the step.": grown((0, 0)),
            "You swapped the two shifts: the first is down, the second to the right.": grown((-3, 2)).roll(
                (3, -2), dims=(2, 3)
            ),
            "You moved the image back without having moved it.": grown((0, 0)).roll((-2, 3), dims=(2, 3)),
            "You move the image the other way: roll it by shift, and back after the step.": grown(
                (-2, 3)
            ).roll((2, -3), dims=(2, 3)),
        },
    )


# %%
# HIDDEN
def test_random_layers(deep_dream_step):
    import torch
    from course_utils import attribution
    from course_utils.checks import check_call, check_true
    from torch import nn

    for c, h, w in ((3, 7, 5), (1, 13, 11)):
        torch.manual_seed(c + 40)
        features = nn.Sequential(nn.Conv2d(c, 3, 3, padding=1), nn.Tanh(), nn.Conv2d(3, 2, 2)).double()
        image = torch.randn(1, c, h, w).double()
        grown = attribution.deep_dream(features, image, steps=1, learning_rate=0.3, octaves=1, jitter=0)
        answer = check_call(
            deep_dream_step,
            features,
            image,
            0.3,
            expected=grown,
            mistakes={"The features shrink: climb, add the gradient.": 2 * image - grown},
        )
        check_true(not answer.requires_grad, "Your image still carries a graph: return it detached.")


# %%
# HIDDEN
def test_worked_numbers_and_a_shift_that_does_not_matter(deep_dream_step):
    import torch
    from course_utils.checks import check_call
    from torch import nn

    pixels = torch.tensor([[[[3.0, -1.0]]]]).double()
    check_call(deep_dream_step, nn.Identity(), pixels, 2.0, expected=torch.tensor([[[[6.0, -2.0]]]]).double())
    image = torch.arange(1.0, 36.0).double().reshape(1, 1, 5, 7)
    grown = image + 3 * image / image.mean()
    check_call(
        deep_dream_step,
        nn.Identity(),
        image,
        3.0,
        (4, 2),
        expected=grown,
        mistakes={"You didn't move the image back after the step.": grown.roll((4, 2), dims=(2, 3))},
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
if solved(deep_dream_step):
    black, white = (data.preprocess(np.full((8, 8, 3), level, np.uint8), size=1) for level in (0, 255))
    small = data.preprocess(data.load_photograph("chelsea"), size=160)
    fig, axes = plt.subplots(1, 4, figsize=(12, 3.4))
    axes[0].imshow(data.restore(small))
    axes[0].set_title("the photograph", fontsize=11)
    for ax, (words, layers) in zip(
        axes[1:], {"layer 3": 3, "layer 7": 7, "layer 12": 12}.items(), strict=True
    ):
        rng, dream = np.random.default_rng(0), small
        for _ in range(25):
            shift = tuple(int(s) for s in rng.integers(-8, 9, 2))
            dream = deep_dream_step(net.features[:layers], dream, 2.5, shift)
            dream = torch.clamp(dream, black, white)  # levels from 0 to 255
        ax.imshow(data.restore(dream))
        ax.set_title(f"up to {words}", fontsize=11)
    for ax in axes:
        ax.set(xticks=[], yticks=[])
    fig.suptitle("The same cat, dreamt by three depths: strokes, then rings like eyes, then fur")
    plt.show()

# %% [markdown]
# A layer can only boost what it has units for. Early ones have strokes. Later ones were shaped by a thousand classes, of which more than a hundred are dogs: no wonder that eyes turn up where there are none.
#
# Large structures grow only on small copies of the image, because a unit sees a fixed number of pixels. The explorer therefore starts small and enlarges: *octaves*.

# %%
DeepDreamExplorer()

# %% [markdown]
# **Try:**
#
# - Compare the four layers on the cat. Which of them draws strokes, which eyes?
# - Set the octaves to 1, then to 4. Small structures only, or large ones too?

# %% [markdown]
# ## 10.9 Deceiving a net
#
# Go the other way: change a photograph as little as possible, and make the answer wrong. Let $L$ be the cross-entropy of the true class. To first order, $L(x + \eta) \approx L(x) + \eta^\top \nabla_x L$. If no pixel may change by more than ε, the best $\eta$ takes the whole ε in every pixel, with the sign that hurts. That is the **fast gradient sign method**:
#
# $$x' = x + \varepsilon \operatorname{sign}(\nabla_x L)$$
#
# The result must still be a picture, so its values are cut to the range of a picture.

# %% [raw]
# # BEGIN QUESTION
# name: fgsm
# points: 4
# forbids: [course_utils.attribution.fgsm]

# %% [markdown]
# ### Exercise 10.9 · fgsm · ★★☆ · 10 minutes
#
# Return $x'$, cut to the range from `low` to `high`.
#
# **Shapes:** `net` as before; `image` $(1, c, h, w)$; `label` an integer, `epsilon` a number; `low` and `high` two numbers, or two tensors $(1, c, 1, 1)$ → tensor $(1, c, h, w)$.
#
# **Worked:** one pixel, scores $(x, -x)$, label 0, $x = 0.25$: the loss grows when $x$ falls. With ε $= 0.1$ the result is $0.15$. With ε $= 0.5$ it would be $-0.25$, which is cut to `low` $= 0$.
#
# <details><summary>Hint 1</summary><code>nn.functional.cross_entropy(net(x), torch.tensor([label]))</code> is the loss.</details>
# <details><summary>Hint 2</summary><code>torch.clamp(tensor, low, high)</code> takes two numbers or two tensors.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>The net gets surer:</b> you walk down the loss, or up the score.</li>
# <li><b>Nothing happens:</b> the sign is missing. Gradients are tiny; their signs aren't.</li>
# <li><b>Pixels leave the range:</b> cut the image, not the change.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def fgsm(net, image, label, epsilon, low=0.0, high=1.0):
    """Return the image, (1, c, h, w), changed by epsilon in each pixel so that the loss of label grows, within [low, high]."""
    # BEGIN SOLUTION
    x = image.clone().requires_grad_()
    loss = nn.functional.cross_entropy(net(x), torch.tensor([label]))
    (gradient,) = torch.autograd.grad(loss, x)
    return torch.clamp(image + epsilon * gradient.sign(), low, high)
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_a_linear_net(fgsm):
    import torch
    from course_utils.checks import check_call
    from torch import nn

    torch.manual_seed(51)
    net = nn.Sequential(nn.Flatten(), nn.Linear(42, 5)).double()
    image = 0.3 + 0.4 * torch.rand(1, 2, 3, 7).double()
    w = net[1].weight.detach().reshape(5, 2, 3, 7)
    p = net(image)[0].softmax(dim=0).detach()
    gradient = torch.einsum("k,kchw->chw", p, w)[None] - w[3]  # of the cross-entropy: Σ p_k w_k − w_label
    best = int(p.argmax())
    guess = torch.einsum("k,kchw->chw", p, w)[None] - w[best]
    check_call(
        fgsm,
        net,
        image,
        3,
        0.03,
        expected=image + 0.03 * gradient.sign(),
        mistakes={
            "The loss falls: add, the loss should grow.": image - 0.03 * gradient.sign(),
            "The sign is missing: every pixel moves by exactly epsilon.": image + 0.03 * gradient,
            "You normalised the gradient by its norm: take the sign of each entry.": image
            + 0.03 * gradient / gradient.norm(),
            "You walk up the score of the class: the loss should grow, so the net gets less sure.": image
            + 0.03 * w[3].sign(),
            "You walk down the score of the class alone: take the gradient of the cross-entropy.": image
            - 0.03 * w[3].sign(),
            "You return the change alone: add it to the image.": 0.03 * gradient.sign(),
            "You took the loss of the likeliest class: take that of the label.": image + 0.03 * guess.sign(),
            "You took the sign of the image: take the sign of the gradient.": image + 0.03 * image.sign(),
            "The image hasn't changed.": image,
        },
    )


# %%
def test_the_result_is_a_picture(fgsm):
    import torch
    from course_utils.checks import check_call
    from torch import nn

    torch.manual_seed(52)
    net = nn.Sequential(nn.Conv2d(3, 5, 2), nn.Tanh(), nn.Flatten(), nn.Linear(5 * 2 * 4, 3)).double()
    image = torch.rand(1, 3, 3, 5).double()
    x = image.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(nn.functional.cross_entropy(net(x), torch.tensor([1])), x)
    change = 0.3 * gradient.sign()
    low, high = (
        torch.tensor([0.1, 0.2, 0.0]).double()[None, :, None, None],
        torch.tensor([0.9, 0.8, 0.7]).double()[None, :, None, None],
    )
    for bounds in ((0.0, 1.0), (low, high)):
        check_call(
            fgsm,
            net,
            image,
            1,
            0.3,
            *bounds,
            expected=torch.clamp(image + change, *bounds),
            mistakes={
                "The result isn't cut to the range of a picture: pixels lie outside low and high.": image
                + change,
                "You cut the change: cut the changed image.": image + torch.clamp(change, *bounds),
                "You cut to the range from 0 to 1: cut to low and high.": torch.clamp(image + change, 0, 1),
                "You cut at the bottom only.": torch.maximum(image + change, torch.as_tensor(bounds[0])),
                "You cut at the top only.": torch.minimum(image + change, torch.as_tensor(bounds[1])),
                "The loss falls: add, the loss should grow.": torch.clamp(image - change, *bounds),
            },
        )


# %%
# HIDDEN
def test_random_nets(fgsm):
    import torch
    from course_utils import attribution
    from course_utils.checks import check_call
    from torch import nn

    for c, h, w, k in ((3, 5, 7, 2), (1, 11, 3, 5)):
        torch.manual_seed(c + 60)
        net = nn.Sequential(
            nn.Conv2d(c, 3, 3, padding=1), nn.Tanh(), nn.Flatten(), nn.Linear(3 * h * w, k)
        ).double()
        image = 5 * torch.randn(1, c, h, w).double()
        for label, epsilon in ((0, 0.7), (k - 1, 0.0), (1, 9.0)):
            made = attribution.fgsm(net, image, label, epsilon, -6.0, 7.0)
            check_call(
                fgsm,
                net,
                image,
                label,
                epsilon,
                -6.0,
                7.0,
                expected=made,
                mistakes={
                    "The result isn't cut to the range of a picture: pixels lie outside low and high.": attribution.fgsm(
                        net, image, label, epsilon
                    )
                },
            )


# %%
# HIDDEN
def test_pixels_that_do_not_matter_stay(fgsm):
    import torch
    from course_utils.checks import check_call
    from torch import nn

    net = nn.Sequential(nn.Flatten(), nn.Linear(3, 2, bias=False)).double()
    with torch.no_grad():
        net[1].weight.copy_(torch.tensor([[1.0, 0.0, -2.0], [-1.0, 0.0, 5.0]]))
    image = torch.tensor([[[[0.25, 0.5, 0.75]]]]).double()
    for epsilon, expected in ((0.125, [0.125, 0.5, 0.875]), (0.5, [0.0, 0.5, 1.0])):
        check_call(
            fgsm,
            net,
            image,
            0,
            epsilon,
            expected=torch.tensor([[[expected]]]).double(),
            mistakes={
                "A pixel with gradient 0 doesn't matter: leave it where it is.": torch.tensor(
                    [[[[expected[0], 0.5 + epsilon, expected[2]]]]]
                ).double()
            },
        )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# Attack the cup. ε is one level of 255: the smallest change that a picture file can hold. (The search at the end tries fractions of a level as well. A tensor can hold those, a file can't.)

# %%
black, white = (data.preprocess(np.full((8, 8, 3), level, np.uint8), size=1) for level in (0, 255))
if solved(fgsm):
    image = photos["coffee"]
    deceiving = fgsm(net, image, labels["coffee"], 1.0, black, white)
    before, after = data.restore(image), data.restore(deceiving)
    fig, axes = plt.subplots(1, 3, figsize=(11, 4))
    axes[0].imshow(before)
    axes[1].imshow(128 + 127 * (after.astype(int) - before))
    axes[2].imshow(after)
    word, p = best(image, 1)[0]
    axes[0].set_title(f"{word}, {p:.1%}", fontsize=11)
    axes[1].set_title("the change, 127 times", fontsize=11)
    word, p = best(deceiving, 1)[0]
    axes[2].set_title(f"{word}, {p:.1%}", fontsize=11)
    for ax in axes:
        ax.axis("off")
    fig.suptitle("One level of 255 turns an espresso into clear soup (consomme)")
    plt.show()
    print("largest change of a pixel in the picture file:", np.abs(after.astype(int) - before).max(), "level")
    for name, image in photos.items():
        for epsilon in (0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 4.0):
            word, p = best(fgsm(net, image, labels[name], epsilon, black, white), 1)[0]
            if word != net.class_names[labels[name]]:
                print(f"{name}: “{net.class_names[labels[name]]}” becomes “{word}” at ε = {epsilon:g} levels")
                break

# %% [markdown]
# ### Why so little is enough
#
# It is tempting to blame some wild curve in the net. The opposite is true: the net is **too linear**. Take a linear score $f(x) = w^\top x$ with $n$ weights of mean magnitude $m$. The change $\eta = \varepsilon \operatorname{sign}(w)$ moves it by
#
# $$w^\top \eta = \varepsilon \sum_i |w_i| = \varepsilon\, m\, n.$$
#
# No pixel changes visibly, but with three colours each they are $n \approx 150{,}000$ numbers, and all push the same way. A *random* change of the same size pushes to and fro; most of it cancels, and what remains grows like $\sqrt n$ only.
#
# Is SqueezeNet linear enough for this story? Walk from the photograph along the sign of the gradient and along random signs, and watch the lead of espresso over consomme. The dashed line is what linearity predicts.

# %%
image, espresso, soup = photos["coffee"], labels["coffee"], net.class_names.index("consomme")
direction = attribution.fgsm(net, image, espresso, 1.0) - image
rng = np.random.default_rng(0)
random = torch.tensor(rng.choice([-1.0, 1.0], image.shape), dtype=torch.float32)


def lead(x):
    scores = net(x)[0]
    return scores[espresso] - scores[soup]


x = image.clone().requires_grad_()
(slope,) = torch.autograd.grad(lead(x), x)
steps = np.linspace(-2, 4, 31)
with torch.no_grad():
    along, beside = ([lead(image + float(e) * d).item() for e in steps] for d in (direction, random))
    start = lead(image).item()
fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4))
left.plot(steps, along, color=RED, ls="-", label="along the sign of the gradient")
left.plot(steps, beside, color=BLUE, ls="-.", label="along random signs")
near = np.abs(steps) <= 0.6
left.plot(
    steps[near],
    start + steps[near] * (slope * direction).sum().item(),
    color="black",
    ls="--",
    lw=1.5,
    label="linear prediction",
)
left.axhline(0, color="0.5", lw=1, ls="-")
left.set(
    xlabel="ε, levels of 255",
    ylabel="score of espresso − score of consomme",
    title="Linear at first, and that is enough",
)
left.legend(fontsize=9)

sizes = np.array([10, 100, 1000, 10_000, 100_000])
aligned, noise = [], []
for n in sizes:
    w = rng.normal(size=n) / np.sqrt(1000)
    aligned.append(np.abs(w).sum() / 255)
    noise.append(np.mean([abs(w @ rng.choice([-1.0, 1.0], n)) for _ in range(20)]) / 255)
right.loglog(sizes, aligned, "o-", color=RED, label="all push the same way")
right.loglog(sizes, noise, "s--", color=BLUE, label="random signs")
right.set(
    xlabel="number of pixels n",
    ylabel="change of a linear score, ε = 1/255",
    title="Many tiny pushes: n against √n",
)
right.legend()
plt.show()
print(
    f"slope along the sign {(slope * direction).sum().item():.1f} a level, along random signs {(slope * random).sum().item():+.2f}"
)

# %% [markdown]
# The curve bends soon, but by then the lead is gone. The random change has the same size in every pixel, and the net hardly notices. The difference isn't how much you change but whether all of it pulls together.
#
# What follows, and what doesn't: a net that is right on test photographs can be wrong right beside each of them. Test accuracy says nothing about someone who *wants* it to fail. And such pictures often deceive other nets too, trained on the same task, for these have learnt similar directions.

# %%
AdversarialExplorer()

# %% [markdown]
# **Try:**
#
# - For each photograph find the smallest ε that changes the answer. Can you see the difference?
# - Raise ε further: does the net get more and more wrong, or does it come back? What has that to do with the curve above?
#
# ## 10.10 A map of many dimensions: t-SNE
#
# Back to the representation space. It has 512 dimensions, the screen has two. No flat map can keep all distances, so choose which to keep. **Stochastic neighbour embedding** keeps the *near* ones: what is similar should end up near.
#
# It works with probabilities. Stand at $x_i$ and pick a neighbour, near ones more likely, by a Gaussian:
#
# $$p_{j|i} = \frac{e^{-\beta_i \lVert x_i - x_j \rVert^2}}{\sum_{k \ne i} e^{-\beta_i \lVert x_i - x_k \rVert^2}}, \qquad p_{i|i} = 0$$
#
# How wide should the Gaussian be? In dense places narrow, in sparse ones wide. So give everybody the same *number of neighbours*: choose each $\beta_i$ such that the entropy of row $i$ is the logarithm of the **perplexity**,
#
# $$H_i = -\sum_j p_{j|i} \ln p_{j|i} = \ln(\text{perplexity}).$$
#
# If the probability were spread evenly over 20 neighbours, the perplexity would be 20. At last make it symmetric, $p_{ij} = (p_{j|i} + p_{i|j}) / 2n$. All $p_{ij}$ together sum to 1.

# %%
rng = np.random.default_rng(3)
X = np.concatenate([rng.normal(0, 0.4, (40, 2)), rng.normal(4, 1.5, (40, 2))])
D = embedding.pairwise_squared_distances(X)
fig, axes = plt.subplots(1, 3, figsize=(12, 3.9), sharex=True, sharey=True)
for ax, perplexity in zip(axes, (2, 10, 40), strict=True):
    P = embedding.affinities(X, perplexity)
    i, j = np.triu_indices(len(X), 1)
    for a, b, p in zip(i, j, P[i, j] / P.max(), strict=True):
        if p > 0.02:
            ax.plot(X[[a, b], 0], X[[a, b], 1], color=BLUE, ls="-", lw=1.5, alpha=float(p))
    ax.scatter(*X.T, s=12, color="black", zorder=3)
    ax.set(xlabel="$x_1$", title=f"perplexity {perplexity}", aspect="equal")
axes[0].set_ylabel("$x_2$")
fig.suptitle("Who counts as a neighbour: the same number in the dense cloud and in the sparse one")
plt.show()

# %% [raw]
# # BEGIN QUESTION
# name: pairwise_affinities
# points: 4
# forbids: [course_utils.embedding.affinities, sklearn.*]

# %% [markdown]
# ### Exercise 10.10 · pairwise_affinities · ★★★ · 25 minutes
#
# Return the matrix of $p_{ij}$. Find each $\beta_i$ by bisection on $\ln \beta$: begin with the bounds $-50$ and $50$; where the entropy is too large, the Gaussian is too wide, so raise the lower bound to the middle; elsewhere lower the upper one. A hundred halvings are enough. You can do all rows at once, with bounds of shape $(n, 1)$.
#
# **Shapes:** `X` $(n, d)$, `perplexity` between 1 and $n - 1$ → $(n, n)$, symmetric, zeros on the diagonal, sum 1.
#
# **Worked:** three points at the corners of an equilateral triangle: from each, the two others are equally likely, $p_{j|i} = \tfrac12$, with entropy $\ln 2$: perplexity 2, whatever β. So $p_{ij} = (\tfrac12 + \tfrac12) / 6 = \tfrac16$ off the diagonal.
#
# <details><summary>Hint 1</summary>Squared distances with infinity on the diagonal make <code>np.exp(-beta * D)</code> exactly 0 there.</details>
# <details><summary>Hint 2</summary>A large β makes a whole row underflow to 0. Subtract from each row of D its smallest distance first: the probabilities stay the same, and the nearest neighbour always has the weight 1.</details>
# <details><summary>Hint 3</summary>0 · ln 0 is 0 here. <code>np.log(np.maximum(P, 1e-300))</code> avoids the NaN.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Everybody is everybody's neighbour:</b> you compare the entropy with the perplexity, not with its logarithm.</li>
# <li><b>Too many or too few neighbours:</b> natural and binary logarithms are mixed.</li>
# <li><b>The sum is n:</b> each row sums to 1; divide by 2n when you make it symmetric.</li>
# <li><b>NaN:</b> hint 2 and hint 3.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def pairwise_affinities(X, perplexity):
    """Return P, (n, n): symmetric, zero on the diagonal, sum 1; every row of X, (n, d), has so many neighbours."""
    # BEGIN SOLUTION
    n = len(X)
    D = np.sum((X[:, None] - X) ** 2, axis=2)
    np.fill_diagonal(D, np.inf)
    D = D - np.min(D, axis=1)[:, None]
    low, high = np.full((n, 1), -50.0), np.full((n, 1), 50.0)
    for _ in range(100):
        middle = (low + high) / 2
        P = np.exp(-np.exp(middle) * D)
        P = P / np.sum(P, axis=1)[:, None]
        H = -np.sum(P * np.log(np.maximum(P, 1e-300)), axis=1)[:, None]
        wide = np.log(perplexity) < H
        low, high = np.where(wide, middle, low), np.where(wide, high, middle)
    return (P + P.T) / (2 * n)
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_seven_points(pairwise_affinities):
    import numpy as np
    from course_utils.checks import check_call
    from scipy.optimize import brentq

    X = np.array([[0.0, 1.0], [0.5, 2.5], [3.0, 0.2], [4.0, 4.5], [7.0, 1.5], [2.2, 6.0], [9.0, 3.0]])
    n, perplexity = 7, 3.0

    def conditional(D, target=1.0986122886681098, with_self=False):  # ln 3
        """Row by row, β by SciPy's root finder."""
        P = np.zeros((n, n))
        for i in range(n):
            others = np.array([with_self or j != i for j in range(n)])

            def row(log_beta, d=D[i, others]):
                p = np.exp(-np.exp(log_beta) * (d - d.min()))
                return p / p.sum()

            def gap(log_beta, row=row):
                p = row(log_beta)
                return -np.sum(p * np.log(np.maximum(p, 1e-300))) - target

            P[i, others] = row(brentq(gap, -12, 6, xtol=1e-14))
        return P

    D = ((X[:, None] - X) ** 2).sum(axis=2)
    C = conditional(D)
    P = (C + C.T) / (2 * n)

    def symmetric(C):
        return (C + C.T) / (2 * n)

    fixed = np.exp(-D / 2) * (1 - np.eye(n))
    even = (1 - np.eye(n)) / (n * (n - 1))
    check_call(
        pairwise_affinities,
        X,
        perplexity,
        expected=P,
        rtol=1e-5,
        sizes={"n": n},
        mistakes={
            "You left out the symmetry: a point can be near to another that has nearer ones. Take (P + Pᵀ) / 2n.": C
            / n,
            "Those are the conditional probabilities, one row a point: take (P + Pᵀ) / 2n.": C,
            "Your matrix sums to n: each row sums to one, so divide by 2n.": (C + C.T) / 2,
            "Your matrix sums to two: divide by 2n, not by n.": (C + C.T) / n,
            "Your entropy is in nats, your logarithm of the perplexity in bits: use ln for both.": symmetric(
                conditional(D, np.log2(perplexity))
            ),
            "Your entropy is in bits, your logarithm of the perplexity in nats: use ln for both.": symmetric(
                conditional(D, np.log(perplexity) * np.log(2))
            ),
            "A point is not its own neighbour: leave the diagonal out of the sums.": symmetric(
                conditional(D, with_self=True)
            ),
            "Square the distances.": symmetric(conditional(np.sqrt(D))),
            "Your Gaussian has one width for all: choose each β so that the entropy fits.": symmetric(
                fixed / fixed.sum(axis=1, keepdims=True)
            ),
            "Everybody is everybody's neighbour: compare the entropy with the logarithm of the perplexity.": even,
        },
    )


# %%
def test_properties(pairwise_affinities):
    import numpy as np
    from course_utils.checks import check_true, checked_call

    rng = np.random.default_rng(71)
    X = rng.normal(size=(13, 5)) * 30
    P = np.asarray(checked_call(pairwise_affinities, X, 4.0))
    check_true(P.shape == (13, 13), "Return a matrix of shape (n, n).", f"its shape is {P.shape}")
    check_true(
        np.isfinite(P).all(),
        "There is NaN or infinity in your matrix: subtract each row's smallest distance before you exponentiate.",
    )
    check_true(np.allclose(np.diag(P), 0), "A point is not its own neighbour: the diagonal should be zero.")
    check_true(np.allclose(P, P.T), "Your matrix isn't symmetric.")
    check_true(
        np.isclose(P.sum(), 1), "Your matrix should sum to one over all pairs.", f"its sum is {P.sum():.4f}"
    )


# %%
# HIDDEN
def test_random_clouds(pairwise_affinities):
    import numpy as np
    from course_utils import embedding
    from course_utils.checks import check_call

    rng = np.random.default_rng(72)
    for n, d, perplexity, scale in ((11, 2, 3.0, 1.0), (31, 7, 5.0, 0.01), (53, 3, 20.0, 300.0)):
        X = scale * rng.normal(size=(n, d)) * rng.uniform(0.5, 3, (n, 1))
        check_call(
            pairwise_affinities,
            X,
            perplexity,
            expected=embedding.affinities(X, perplexity),
            rtol=1e-5,
            sizes={"n": n},
            mistakes={
                "Your entropy is in nats, your logarithm of the perplexity in bits: use ln for both.": embedding.affinities(
                    X, np.exp(np.log2(perplexity)) if np.exp(np.log2(perplexity)) < n - 1 else perplexity
                ),
            },
        )


# %%
# HIDDEN
def test_a_triangle_and_points_far_apart(pairwise_affinities):
    import numpy as np
    from course_utils import embedding
    from course_utils.checks import check_call

    triangle = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, np.sqrt(0.75)]])
    check_call(pairwise_affinities, triangle, 2.0, expected=(1 - np.eye(3)) / 6, rtol=1e-4, atol=1e-6)
    rng = np.random.default_rng(73)
    X = np.concatenate(
        [
            rng.normal(size=(7, 3)),
            500 + rng.normal(size=(6, 3)),
            50 * rng.normal(size=(4, 3)),
            [[3e3, -1e3, 500.0]],
        ]
    )
    check_call(pairwise_affinities, X, 3.0, expected=embedding.affinities(X, 3.0), rtol=1e-5)


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# On the map, points $y_i$ pick neighbours too, but with a heavier tail, the Student $t$ distribution with one degree of freedom:
#
# $$q_{ij} = \frac{w_{ij}}{\sum_{k \ne l} w_{kl}}, \qquad w_{ij} = \frac{1}{1 + \lVert y_i - y_j \rVert^2}, \qquad w_{ii} = 0$$
#
# Why heavier? In 512 dimensions a point has room for many neighbours at one distance; in two it hasn't. The heavy tail lets those of middling distance move far apart at little cost, so that the near ones find room.
#
# Now move the points so that $q$ becomes like $p$. The measure is the Kullback-Leibler divergence $\sum_{ij} p_{ij} \ln (p_{ij} / q_{ij})$. It punishes neighbours that are torn apart ($p$ large, $q$ small), and hardly minds strangers that end up close. Its gradient is
#
# $$\frac{\partial\, \mathrm{KL}}{\partial y_i} = 4 \sum_j (p_{ij} - q_{ij})\, w_{ij}\, (y_i - y_j).$$
#
# Read it as springs: where $p > q$, the descent pulls $y_i$ towards $y_j$; where $p < q$, it pushes. Every pair has a spring, so a step costs $O(n^2)$.

# %%
d = np.linspace(0, 5, 201)
fig, ax = plt.subplots()
ax.plot(d, np.exp(-(d**2)), color=BLUE, ls="-", label="Gaussian, $e^{-d^2}$")
ax.plot(d, 1 / (1 + d**2), color=ORANGE, ls="--", label="Student t, $1 / (1 + d^2)$")
for p in (0.3, 0.05):
    near, far = np.sqrt(-np.log(p)), np.sqrt(1 / p - 1)
    ax.annotate("", (far, p), (near, p), arrowprops={"arrowstyle": "->", "color": "0.4"})
    ax.text(far + 0.08, p + 0.02, f"{near:.1f} → {far:.1f}", color="0.3", fontsize=10)
ax.set(
    xlabel="distance d", ylabel="weight", title="For the same weight, middling neighbours may move far apart"
)
ax.legend()
plt.show()

# %% [raw]
# # BEGIN QUESTION
# name: tsne_gradient
# points: 4
# forbids: [course_utils.embedding.tsne, course_utils.embedding.TSNE, sklearn.*, torch.*]

# %% [markdown]
# ### Exercise 10.11 · tsne_gradient · ★★☆ · 15 minutes
#
# Return the gradient of the divergence with respect to every $y_i$.
#
# **Shapes:** `P` $(n, n)$, symmetric with sum 1; `Y` $(n, 2)$ → $(n, 2)$.
#
# **Worked:** three points in a row, $Y = ((0, 0), (1, 0), (2, 0))$, with $p_{12} = p_{23} = p_{13} = \tfrac16$, likewise the mirrored ones. $w_{12} = w_{23} = \tfrac12$, $w_{13} = \tfrac15$; the sum over all six is $2.4$. So $q_{12} = 0.2083$, $q_{13} = 0.0833$. For the first point: $4\,[(\tfrac16 - 0.2083) \cdot \tfrac12 \cdot (-1) + (\tfrac16 - 0.0833) \cdot \tfrac15 \cdot (-2)] = -0.05$. Descent goes the other way, to the right: nearer to the third point, which is too far away.
#
# <details><summary>Hint 1</summary>All differences at once: <code>Y[:, None] - Y</code> has shape (n, n, 2).</details>
# <details><summary>Hint 2</summary>Give <code>(P - Q) * W</code> a last axis, <code>[:, :, None]</code>, multiply by the differences and sum over j.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>A quarter:</b> the 4 is missing.</li>
# <li><b>q doesn't sum to 1:</b> the diagonal of w must be 0 before you add up; and one sum for all pairs, not one for each row.</li>
# <li><b>Points fly apart:</b> P and Q are the wrong way round.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def tsne_gradient(P, Y):
    """Return the gradient, (n, 2), of KL(P‖Q) with respect to the map Y, (n, 2); P is (n, n)."""
    # BEGIN SOLUTION
    differences = Y[:, None] - Y  # (n, n, 2)
    W = 1 / (1 + np.sum(differences**2, axis=2))
    np.fill_diagonal(W, 0)
    Q = W / np.sum(W)
    return 4 * np.sum(((P - Q) * W)[:, :, None] * differences, axis=1)
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_seven_points_on_a_map(tsne_gradient):
    import numpy as np
    from course_utils.checks import check_call

    rng = np.random.default_rng(81)
    n = 7
    P, Y = rng.uniform(size=(n, n)), rng.normal(size=(n, 2))
    P = (P + P.T) * (1 - np.eye(n))
    P /= P.sum()
    differences = Y[:, None] - Y
    D = (differences**2).sum(axis=2)
    W = 1 / (1 + D)
    off = 1 - np.eye(n)

    def gradient(Q, W, factor=4.0):
        return factor * np.einsum("ij,ijk->ik", (P - Q) * W, differences)

    Q = W * off / (W * off).sum()
    G = np.exp(-D) * off
    right = gradient(Q, W)
    check_call(
        tsne_gradient,
        P,
        Y,
        expected=right,
        sizes={"n": n},
        mistakes={
            "Your gradient is four times too small: the factor in front is missing.": right / 4,
            "Your gradient is half of the right one: the factor in front is 4.": right / 2,
            "You used a Gaussian on the map: there it is Student's t.": gradient(
                G / G.sum(), np.ones((n, n))
            ),
            "The factor w in each term is missing: far pairs pull less.": gradient(Q, np.ones((n, n))),
            "The diagonal of w counts in your sum: a point is not its own neighbour.": gradient(
                W / W.sum(), W
            ),
            "Normalise over all pairs, not row by row.": gradient(
                W * off / (W * off).sum(axis=1, keepdims=True), W
            ),
            "You forgot to normalise: q is w over the sum of all w.": gradient(W * off, W),
            "You took distances that aren't squared.": gradient(
                off / (1 + np.sqrt(D)) / (off / (1 + np.sqrt(D))).sum(), 1 / (1 + np.sqrt(D))
            ),
            "The sign is reversed: p minus q, and y_i minus y_j.": -right,
            "You left out q: without it nothing pushes points apart.": gradient(0 * Q, W),
        },
    )


# %%
def test_a_map_that_fits_has_no_gradient(tsne_gradient):
    import numpy as np
    from course_utils.checks import check_call

    Y = np.array([[0.0, 1.0], [2.0, -1.0], [0.3, 4.0], [-3.0, 0.5], [1.5, 1.0]])
    D = ((Y[:, None] - Y) ** 2).sum(axis=2)
    W = (1 - np.eye(5)) / (1 + D)
    check_call(tsne_gradient, W / W.sum(), Y, expected=np.zeros((5, 2)), atol=1e-12)


# %%
# HIDDEN
def test_random_maps(tsne_gradient):
    import numpy as np
    import torch
    from course_utils.checks import check_call

    rng = np.random.default_rng(82)
    for n, scale in ((5, 1.0), (13, 0.1), (31, 20.0)):
        P = rng.uniform(size=(n, n)) ** 3
        P = (P + P.T) * (1 - np.eye(n))
        P /= P.sum()
        Y = torch.tensor(scale * rng.normal(size=(n, 2)), requires_grad=True)
        i, j = np.triu_indices(n, 1)
        W = 1 / (1 + ((Y[i] - Y[j]) ** 2).sum(dim=1))
        p = torch.tensor(P[i, j])
        loss = 2 * torch.sum(p * torch.log(p / (W / (2 * W.sum()))))
        (gradient,) = torch.autograd.grad(loss, Y)
        check_call(
            tsne_gradient,
            P,
            Y.detach().numpy(),
            expected=gradient.numpy(),
            sizes={"n": n},
            mistakes={
                "Your gradient is four times too small: the factor in front is missing.": gradient.numpy()
                / 4,
                "The sign is reversed: p minus q, and y_i minus y_j.": -gradient.numpy(),
            },
        )


# %%
# HIDDEN
def test_points_on_one_place(tsne_gradient):
    import numpy as np
    from course_utils.checks import check_call

    P = (1 - np.eye(3)) / 6
    check_call(tsne_gradient, P, np.array([[1.0, 2.0]] * 3), expected=np.zeros((3, 2)), atol=1e-12)
    Y = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]])
    check_call(tsne_gradient, P, Y, expected=np.array([[-0.05, 0.0], [0.0, 0.0], [0.05, 0.0]]), atol=1e-12)


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# Run it. The loop below is gradient descent with momentum and two tricks. In the first quarter $P$ is multiplied by 12, **early exaggeration**: neighbours pull hard while the map is small, and groups find together. And each coordinate has a *gain* that grows while its direction stays the same. The data: 400 handwritten digits, 64 pixels each. The labels only give the colours.

# %%
digits = data.load_digits()
picked = np.random.default_rng(0).choice(len(digits.x_train), 400, replace=False)
X_digits, y_digits = digits.x_train[picked].reshape(400, -1).astype(float), digits.y_train[picked]


def descend(P, gradient, steps=500, rate=50, seed=0):
    """A map (n, 2) for the affinities P."""
    Y = 1e-4 * np.random.default_rng(seed).normal(size=(len(P), 2))
    velocity, gains = np.zeros_like(Y), np.ones_like(Y)
    for step in range(steps):
        early = step < steps // 4
        slope = gradient(12 * P if early else P, Y)
        gains = np.where(slope * velocity > 0, 0.8 * gains, gains + 0.2).clip(0.01)
        velocity = (0.5 if early else 0.8) * velocity - rate * gains * slope
        Y = Y + velocity
    return Y - Y.mean(axis=0)


def draw_digits(ax, Y, labels):
    for digit in range(10):
        ax.scatter(*Y[labels == digit].T, s=34, color=plt.cm.tab10(digit), marker=f"${digit}$", lw=0.5)
    ax.set(xticks=[], yticks=[])
    ax.set_aspect("equal", adjustable="datalim")
    ax.grid(visible=False)


if solved(pairwise_affinities, tsne_gradient):
    map_digits = descend(pairwise_affinities(X_digits, 20.0), tsne_gradient)
    fig, (left, right) = plt.subplots(1, 2, figsize=(12, 5.4))
    draw_digits(left, embedding.pca(X_digits, 2).scores, y_digits)
    draw_digits(right, map_digits, y_digits)
    left.set_title("two principal components: the long distances")
    right.set_title("your t-SNE: the short distances")
    plt.show()
    shares = {
        "64 pixels": X_digits,
        "principal components": embedding.pca(X_digits, 2).scores,
        "t-SNE": map_digits,
    }
    for space, Z in shares.items():
        print(
            f"nearest neighbour of the same digit, {space}: {np.mean(y_digits[nearest(Z)] == y_digits):.0%}"
        )

# %% [markdown]
# Principal components keep the directions in which the digits vary most, and lay many digits on top of each other. t-SNE keeps who is next to whom.
#
# And here is the space that you set out for: the tiles of section 10.2, in SqueezeNet's 512 features, by your functions.

# %%
if solved(pairwise_affinities, tsne_gradient):
    map_tiles = descend(pairwise_affinities(features, 8.0), tsne_gradient, rate=5)  # few points, short steps
    half = 0.022 * np.ptp(map_tiles, axis=0).max()
    fig, ax = plt.subplots(figsize=(7.5, 6.5))
    for tile, (u, v) in zip(tiles, map_tiles, strict=True):
        ax.imshow(data.restore(tile), extent=(u - half, u + half, v - half, v + half))
    (left, bottom), (right, top) = map_tiles.min(axis=0) - 2 * half, map_tiles.max(axis=0) + 2 * half
    ax.set(xlim=(left, right), ylim=(bottom, top), xticks=[], yticks=[], aspect="equal")
    ax.grid(visible=False)
    ax.set_title("What the net holds for similar: bricks with bricks, fur with fur, sky with sky")
    plt.show()

# %% [markdown]
# No tile's photograph was told to the net or to the map.
#
# ### What the map doesn't say
#
# The islands look like clusters with sizes and distances. Look at what happens to data whose truth you know, because it is in two dimensions already.

# %%
rng = np.random.default_rng(4)
truths = {
    "two small groups near,\none wide and far": np.concatenate(
        [rng.normal((0, 0), 0.2, (60, 2)), rng.normal((2, 0), 0.2, (60, 2)), rng.normal((20, 0), 3, (60, 2))]
    ),
    "one cloud, nothing in it": rng.normal(size=(180, 2)),
}
fig, axes = plt.subplots(2, 4, figsize=(12, 6.2))
for row, (words, X) in zip(axes, truths.items(), strict=True):
    colours = [BLUE] * 60 + [ORANGE] * 60 + [GREEN] * 60 if "two" in words else "0.35"
    for ax, perplexity in zip(row, (None, 3, 30, 90), strict=True):
        Y = X if perplexity is None else embedding.tsne(X, perplexity, steps=400).embedding
        ax.scatter(*Y.T, s=9, c=colours)
        ax.set(
            xticks=[],
            yticks=[],
            title="the data" if perplexity is None else f"perplexity {perplexity}",
        )
        ax.set_aspect("equal", adjustable="datalim")
    row[0].set_ylabel(words)
fig.suptitle("Sizes and distances on the map mean little, and a small perplexity finds groups in nothing")
plt.show()

# %% [markdown]
# The wide group gets about as much room as the narrow ones. At perplexity 30 the gaps don't tell who was near and who was far. In the cloud without structure, a small perplexity draws clumps. t-SNE **doesn't cluster**; it places. Whether islands are real is a question for another method, on the data and not on the map.

# %%
TsneExplorer()

# %% [markdown]
# **Try:**
#
# - Play it. What changes when exaggeration ends?
# - Try perplexity 3, then 60. What does each do to small groups? Would you call them clusters?
#
# ## 10.11 Clusters by density: DBSCAN
#
# What is a cluster? **DBSCAN** answers: a region where points are dense, with sparse regions around it. Two numbers say what dense means, a radius ε and a count.
#
# - A **core point** has at least `min_points` points within ε, *itself included*.
# - Core points within ε of each other belong to the same cluster, and so on from core to core.
# - A point that isn't core but lies within ε of a core point is a **border point**: it joins that cluster, but it doesn't recruit others.
# - Everything else is **noise**, −1.
#
# You don't say how many clusters there are, and they may have any shape.

# %%
rng = np.random.default_rng(5)
turn = rng.uniform(0, np.pi, (2, 90))
upper = np.stack([np.cos(turn[0]), np.sin(turn[0])], axis=1)
lower = np.stack([1 - np.cos(turn[1]), 0.5 - np.sin(turn[1])], axis=1)
moons = np.concatenate([upper, lower]) + rng.normal(0, 0.07, (180, 2))
moons = np.concatenate([moons, rng.uniform((-1.5, -1), (2.5, 1.5), (15, 2))])
fig, axes = plt.subplots(1, 3, figsize=(12, 3.6), sharex=True, sharey=True)
for ax, eps in zip(axes, (0.08, 0.25, 0.45), strict=True):
    found = embedding.dbscan(moons, eps, 5)
    core = (embedding.pairwise_squared_distances(moons) <= eps**2).sum(axis=1) >= 5
    for label in range(found.max() + 1):
        own, colour = found == label, list(plotting.PALETTE.values())[label % 6]
        ax.scatter(*moons[own & core].T, s=22, color=colour)
        ax.scatter(*moons[own & ~core].T, s=22, facecolor="white", edgecolor=colour)
    ax.scatter(*moons[found == -1].T, s=22, color="0.5", marker="x")
    ax.set(
        xlabel="$x_1$",
        aspect="equal",
        title=f"ε = {eps}; clusters: {found.max() + 1}, noise: {(found == -1).sum()}",
    )
axes[0].set_ylabel("$x_2$")
fig.suptitle("Full: core points. Hollow: border points. Crosses: noise. ε decides what is dense")
plt.show()

# %% [raw]
# # BEGIN QUESTION
# name: dbscan
# points: 4
# forbids: [course_utils.embedding.dbscan, sklearn.*]

# %% [markdown]
# ### Exercise 10.12 · dbscan · ★★★ · 25 minutes
#
# Return a label for each point: 0, 1, … for the clusters, −1 for noise. Go through the points in order; at each core point that has no label yet, start the next cluster and let it grow: core points hand the label on to all their neighbours within ε that have none, border points only receive it. So a border point between two clusters belongs to the one that was found first.
#
# A distance of exactly ε is within ε.
#
# **Shapes:** `X` $(n, d)$, `eps` a number, `min_points` an integer → integers $(n,)$.
#
# **Worked:** points $0, 1, 2, 9$ on a line, ε $= 1$, min_points $= 3$. Within 1 of the point 1 lie $0, 1, 2$: core. The points 0 and 2 have two each: border. The point 9 is noise. Labels $(0, 0, 0, -1)$.
#
# <details><summary>Hint 1</summary>One matrix says who is near: <code>near = D &lt;= eps ** 2</code>, with itself. Core: <code>near.sum(axis=1) &gt;= min_points</code>.</details>
# <details><summary>Hint 2</summary>Keep a list of core points whose neighbours still have to be asked. Take one out, label its unlabelled neighbours, and put those that are core into the list.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Two clusters run into one:</b> a border point has recruited.</li>
# <li><b>Everything is noise:</b> you don't count the point itself, or ask for more than min_points.</li>
# <li><b>Border points stay noise:</b> you visited them before their core point and never came back.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def dbscan(X, eps, min_points):
    """Return labels (n,) of the points X, (n, d): clusters from 0 in the order in which they are found, −1 for noise."""
    # BEGIN SOLUTION
    near = np.sum((X[:, None] - X) ** 2, axis=2) <= eps**2
    core = np.sum(near, axis=1) >= min_points
    labels = np.full(len(X), -1)
    cluster = 0
    for start in range(len(X)):
        if core[start] and labels[start] == -1:
            labels[start] = cluster
            waiting = [start]
            while waiting:
                for other in np.flatnonzero(near[waiting.pop()] & (labels == -1)):
                    labels[other] = cluster
                    if core[other]:
                        waiting.append(other)
            cluster += 1
    return labels
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_core_border_and_noise(dbscan):
    import numpy as np
    from course_utils.checks import check_call

    X = np.array([0.0, 0.5, 1.0, 5.0, 9.0, 9.4, 9.8, 20.0])[:, None]
    check_call(
        dbscan,
        X,
        0.6,
        3,
        expected=np.array([0, 0, 0, -1, 1, 1, 1, -1]),
        mistakes={
            "A point counts among its own neighbours, and min_points of them are enough: here you find no core point.": np.full(
                8, -1
            ),
            "Noise is −1 and clusters count from 0.": np.array([1, 1, 1, 0, 2, 2, 2, 0]),
            "Noise is −1, not 0: a cluster has that number.": np.array([0, 0, 0, 0, 1, 1, 1, 0]),
            "Clusters count from 0.": np.array([1, 1, 1, -1, 2, 2, 2, -1]),
            "Border points join the cluster of a core point near them, they aren't noise.": np.array(
                [-1, 0, -1, -1, -1, 1, -1, -1]
            ),
            "You visited a border point before its core point and left it as noise: it still joins.": np.array(
                [-1, 0, 0, -1, -1, 1, 1, -1]
            ),
            "All your clusters have one number: count on when you start the next.": np.array(
                [0, 0, 0, -1, 0, 0, 0, -1]
            ),
        },
    )


# %%
def test_border_points_do_not_recruit(dbscan):
    import numpy as np
    from course_utils.checks import check_call

    chain = np.arange(11.0)[:, None]
    check_call(
        dbscan,
        chain,
        1.0,
        2,
        expected=np.zeros(11, int),
        mistakes={
            "A distance of exactly eps is within eps.": np.full(11, -1),
            "You stop after the neighbours of the first core point: from core to core a cluster goes on.": np.array(
                [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5]
            ),
        },
    )
    x = np.array([0.0, 0.3, 0.6, 0.9, 1.8, 2.7, 3.0, 3.3, 3.6])
    check_call(
        dbscan,
        np.stack([x, np.ones(9)], axis=1),
        1.0,
        4,
        expected=np.array([0, 0, 0, 0, 0, 1, 1, 1, 1]),
        mistakes={
            "The point between the clusters is no core: it joins but doesn't recruit.": np.zeros(9, int),
            "A border point between two clusters belongs to the one that was found first.": np.array(
                [0, 0, 0, 0, 1, 1, 1, 1, 1]
            ),
            "Border points join the cluster of a core point near them, they aren't noise.": np.array(
                [0, 0, 0, 0, -1, 1, 1, 1, 1]
            ),
        },
    )


# %%
# HIDDEN
def test_random_clouds(dbscan):
    import numpy as np
    from course_utils import embedding
    from course_utils.checks import check_call

    rng = np.random.default_rng(92)
    for n, d, eps, count in ((61, 2, 0.5, 4), (83, 3, 0.9, 5), (47, 1, 0.08, 3), (53, 2, 0.7, 7)):
        X = rng.normal(size=(n, d)) + 3 * rng.integers(0, 2, (n, 1))
        right = embedding.dbscan(X, eps, count)
        check_call(
            dbscan,
            X,
            eps,
            count,
            expected=right,
            mistakes={
                "A point counts among its own neighbours, and min_points of them are enough.": embedding.dbscan(
                    X, eps, count + 1
                ),
                "Noise is −1 and clusters count from 0.": right + 1,
                "You compare squared distances with eps: square it.": embedding.dbscan(
                    X, np.sqrt(eps), count
                ),
            },
        )


# %%
# HIDDEN
def test_single_points_and_equal_ones(dbscan):
    import numpy as np
    from course_utils.checks import check_call

    check_call(dbscan, np.array([[1.0, 2.0, 3.0]]), 0.5, 1, expected=np.array([0]))
    check_call(dbscan, np.array([[1.0, 2.0, 3.0]]), 0.5, 2, expected=np.array([-1]))
    check_call(dbscan, np.ones((5, 2)), 0.1, 5, expected=np.zeros(5, int))
    corners = np.array([[0.0, 0.0], [3.0, 4.0], [40.0, 0.0], [43.0, -4.0]])
    squares = {
        "Two points at exactly this distance are neighbours: compare squared distances with the square of eps.": np.full(
            4, -1
        )
    }
    check_call(dbscan, corners, 5.0, 2, expected=np.array([0, 0, 1, 1]), mistakes=squares)


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
DbscanExplorer()

# %% [markdown]
# **Try:**
#
# - Find the range of ε in which the two moons are two clusters. What happens below, and above?
# - Choose *unequal density*. Is there an ε that finds both groups and calls the rest noise?
#
# ## 10.12 Ten digits, found without a label?
#
# Now both together, with your own functions: t-SNE draws a map of the 400 digits, DBSCAN looks for dense places. Once on the map, once in the 64 dimensions themselves, for a whole range of ε. The labels come in only at the end, to judge. **Purity** is the share of the clustered points that have their cluster's commonest label.


# %%
def purity(labels, truth):
    hits = [np.bincount(truth[labels == c]).max() for c in range(labels.max() + 1)]
    return sum(hits) / np.sum(labels >= 0) if hits else np.nan


if solved(pairwise_affinities, tsne_gradient, dbscan):
    spaces = {
        "on the map": (map_digits, np.linspace(1, 6, 41)),
        "in 64 dimensions": (X_digits, np.linspace(0.7, 2.2, 41)),
    }
    fig, axes = plt.subplots(1, 2, figsize=(11, 4.2))
    for ax, (words, (Z, radii)) in zip(axes, spaces.items(), strict=True):
        runs = [dbscan(Z, eps, 5) for eps in radii]
        ax.plot(radii, [run.max() + 1 for run in runs], color=BLUE, ls="-", label="clusters")
        ax.axhline(10, color="black", lw=1, ls=":")
        ax.set(xlabel="ε", ylabel="clusters", title=words, ylim=(0, 42))
        other = ax.twinx()
        other.plot(radii, [np.mean(run == -1) for run in runs], color=ORANGE, ls="--", label="noise")
        other.plot(radii, [purity(run, y_digits) for run in runs], color=GREEN, ls="-.", label="purity")
        other.set(ylim=(0, 1.05), ylabel="share of the points")
        other.grid(visible=False)
        lines = ax.get_lines()[:1] + other.get_lines()
        where = "center" if words == "on the map" else "upper right"
        ax.legend(lines, [line.get_label() for line in lines], fontsize=9, loc=where)
        fair = [(run, eps) for run, eps in zip(runs, radii, strict=True) if np.mean(run == -1) <= 0.1]
        if not fair:
            print(f"{words}: more than 10 % noise at every ε")
            continue
        run, eps = min(fair, key=lambda pair: pair[1])
        print(
            f"{words}: the least ε with at most 10 % noise is {eps:.2f}: {run.max() + 1} clusters, purity {purity(run, y_digits):.0%}"
        )
    plt.show()

# %% [markdown]
# Honest reading. On the map there is a range of ε with ten to twenty clusters that are nearly pure: without any label, the digits fall into groups that people would name. Some digits come in two groups, because people write them in two ways; the method can't know that both mean the same.
#
# In 64 dimensions it is much harder. An ε that leaves little noise already joins digits of different kinds: with one radius for all, sparse and dense digits can't both be right. t-SNE has evened out the densities, which is what DBSCAN needs. But the same evening out made clumps from nothing in section 10.10. So the map gives a *guess*, and the labels here confirmed it. Without labels you would need another check: another seed, another perplexity, other data.

# %% [raw]
# # BEGIN QUESTION
# name: island_claims
# points: 4
# manual: true

# %% [markdown]
# ### Question 10.13 · Three islands · ★★☆ · 10 minutes
#
# A colleague measures 5,000 cells, draws one t-SNE map with perplexity 5, sees three islands and writes: "There are three types of cells. Type A is the most varied, for its island is the largest. Types A and B are closely related, for their islands touch; type C is far from both."
#
# Which of these four claims (three types; A most varied; A and B related; C far) does the map support? Say for each why or why not, and what you would do on the data to test it. Four to eight sentences.

# %% [raw]
# # BEGIN SOLUTION

# %% [markdown]
# **Rubric (4 points):** one point for each claim: the verdict with its reason (½) and a test on the data (½).
#
# - [1] *Three types.* Weak. A small perplexity makes clumps even from one cloud, and one run is one run. Repeat with other seeds and perplexities; cluster the original data (DBSCAN, with its noise); see whether known markers, or a second sample, agree with the groups.
# - [1] *A most varied.* Not supported: the width of the Gaussian adapts to the density, so sizes of islands are evened out. Compare variances, or mean distances to the centre, in the original space.
# - [1] *A and B related.* Not supported, or hardly: the divergence minds torn neighbours, but hardly minds strangers that end up side by side; positions of islands depend on the start. Compare distances between group means, or nearest neighbours across groups, in the original space.
# - [1] *C far.* Not supported, for the same reason: long distances aren't kept. Measure them on the data, or look at principal components.
#
# An answer that only says "t-SNE is unreliable" earns no point for a claim.

# %% [raw]
# # END SOLUTION

# %% [raw]
# # END QUESTION

# %% [markdown]
# ## Challenge, beyond the grade: any answer you like
#
# `fgsm` makes the net say *something else*. Make it say what *you* want. Take several small steps **down** the loss of a class of your choice, and after each, cut the image back so that no pixel differs from the photograph by more than ε, and so that it stays a picture. With ε of two levels: can you turn the cup into a goldfish? How sure can you make the net?


# %%
def targeted_attack(net, image, target, epsilon, steps, low, high):
    """Return an image within epsilon of image, and within [low, high], that the net takes for target."""
    ...


if solved(targeted_attack):
    goldfish = net.class_names.index("goldfish")
    made = targeted_attack(net, photos["coffee"], goldfish, 2.0, 20, black, white)
    print(best(made), "largest change:", (made - photos["coffee"]).abs().max().item())

# %% [markdown]
# ## What you take with you
#
# - **Occlusion** asks the model itself and needs no gradient. It is slow, and honest about what it asked.
# - **Saliency** is the gradient of the *score*: what a change would do. **Gradient × input** and **relevance** say what each pixel has contributed.
# - At a ReLU, plain masks by $f > 0$, deconv by $R > 0$, guided by both. Sharp outlines are not explanations.
# - A net can be sure of noise. **Class images** need regularisers; **Deep Dream** boosts what is already there.
# - **Adversarial** pictures exist because nets are nearly linear in very many dimensions: tiny pushes of the same sign add up.
# - **t-SNE** keeps near neighbours, and nothing else for certain. **DBSCAN** finds dense regions of any shape; one ε must fit them all.
#
# ## Test yourself
#
# Answer first, then unfold.
#
# <details><summary>1. You cover either eye of a cat, and the score hardly falls. Does the net not use the eyes?</summary>It may: one eye may be enough. Cover both at once to find out.</details>
# <details><summary>2. The saliency map of a very sure net is almost 0 everywhere. What has gone wrong?</summary>You probably differentiated the probability. The softmax is flat there; take the score before it.</details>
# <details><summary>3. x = −2 came into a ReLU, R = 5 comes back. What do the three rules pass on?</summary>Plain 0, deconv 5, guided 0.</details>
# <details><summary>4. Twice as many pixels in each direction, the same mean weight, the same ε. How much stronger is the push of the gradient sign on a linear score?</summary>Four times: it grows with the number of pixels, ε·m·n. The push of random signs only doubles.</details>
# <details><summary>5. You double all coordinates of your data. What happens to t-SNE's affinities, and to DBSCAN's clusters at the same ε?</summary>The affinities stay: each β becomes a quarter. For DBSCAN all distances have doubled: at the same ε the points are sparser, more of them are noise; its ε must double too.</details>
#
# **Further reading.** Zeiler and Fergus, *Visualizing and Understanding Convolutional Networks* (2014). Simonyan, Vedaldi and Zisserman, *Deep Inside Convolutional Networks* (2014). Springenberg and others, *Striving for Simplicity: The All Convolutional Net* (2015). Yosinski and others, *Understanding Neural Networks Through Deep Visualization* (2015). Mordvintsev, Olah and Tyka, *Inceptionism: Going Deeper into Neural Networks* (2015). Bach and others, *On Pixel-Wise Explanations for Non-Linear Classifier Decisions by Layer-Wise Relevance Propagation* (2015). Goodfellow, Shlens and Szegedy, *Explaining and Harnessing Adversarial Examples* (2015). Adebayo and others, *Sanity Checks for Saliency Maps* (2018). Van der Maaten and Hinton, *Visualizing Data using t-SNE* (2008). Wattenberg, Viégas and Johnson, *How to Use t-SNE Effectively* (2016). Ester, Kriegel, Sander and Xu, *A Density-Based Algorithm for Discovering Clusters* (1996).
#
# ## Hand in
#
# Save the notebook (Ctrl+S), then run this cell. It writes the file that you hand in and shows what isn't done yet.

# %%
grader.hand_in()
