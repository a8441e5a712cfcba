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
# name: 09_rnns
# init_cell: false
# export_cell: false
# run_tests: false
# generate: true
# tests:
#   files: false
#   ok_format: false

# %% [markdown]
# # 09 · Recurrent networks
#
# *It is a truth universally acknowledged, that a single man in possession of a good f*. Which letter comes next?
#
# You know, because you have read what came before. The networks you have built so far can't: they take an input of one fixed size, answer, and forget. A **recurrent** network reads one letter after another and carries a **state** along. In this notebook you build one, find out why it forgets, repair it, let it write like Jane Austen, and teach it to look at a picture while it describes it.
#
# **You will be able to**
#
# - write a recurrent layer and send a gradient backwards through time;
# - say from a matrix whether gradients will vanish or explode, and what helps against which;
# - explain every gate of an LSTM, and run a trained one in plain NumPy;
# - judge a model of text by its perplexity, and sample from it at any temperature;
# - search for likely sequences with beams, and let a decoder attend to what it needs.
#
# **Time:** about 4 hours · **Needs:** the chain rule (notebook 04), softmax and cross-entropy (notebook 02) · **Points:** 48, of which 44 by checks and 4 for a written answer
#
# **How it works.** Write your answer where you see `...`, run the cell, then run the check under it. A check tells you what kind of mistake it sees. Exercises don't depend on each other: where a later cell needs one that you haven't solved, it says so and waits. Hints are folded away: open them when you are stuck, one at a time.

# %%
import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn
from torch.nn import functional

from course_utils import captioning, data, plotting, recurrent, training
from course_utils.autograd import numerical_gradient
from course_utils.checks import Grader, solved
from course_utils.widgets import (
    AttentionExplorer,
    BeamExplorer,
    GatesExplorer,
    ThroughTimeExplorer,
    UnrolledExplorer,
)

plotting.use_course_style()
BLUE, ORANGE, GREEN, RED = (plotting.PALETTE[name] for name in ("blue", "orange", "green", "red"))
grader = Grader("09_rnns.ipynb")

# %% [markdown]
# ## 9.1 A state that is carried along
#
# A recurrent unit reads $x_1, x_2, \dots, x_T$, one at a time. After each it has a **state** $h_t$: all that it remembers. The new state is made from the old one and from what has just been read, and the output from the new state:
#
# $$h_t = \tanh(W_{hh} h_{t-1} + W_{xh} x_t), \qquad y_t = W_{hy} h_t.$$
#
# The same three matrices serve at every step. So one network reads sequences of any length, and what it learns at one place it knows at all.

# %% [raw]
# # BEGIN QUESTION
# name: rnn_step
# points: 4
# forbids: [course_utils.recurrent.rnn_forward, torch.*, torch.rnn_tanh_cell]

# %% [markdown]
# ### Exercise 9.1 · rnn_step · ★☆☆ · 6 minutes
#
# Take one step for a batch of $n$ sequences: return the new state and the output.
#
# **Shapes:** `x` $(n, d)$, `h` $(n, k)$, `W_xh` $(k, d)$, `W_hh` $(k, k)$, `W_hy` $(m, k)$ → new state $(n, k)$, output $(n, m)$.
#
# **Worked:** one unit, $h = 0.5$, $x = 1$, $W_{hh} = 0.8$, $W_{xh} = 0.4$, $W_{hy} = 2$: the sum is $0.4 + 0.4 = 0.8$, the new state $\tanh 0.8 = 0.664$, the output $1.328$.
#
# <details><summary>Hint 1</summary>The formula is written for one column. Here every row is a sample, so <i>W h</i> becomes <code>h @ W.T</code>.</details>
# <details><summary>Hint 2</summary>Compute the new state first; the output uses the new one, and no tanh.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>matmul complains about sizes:</b> a transpose is missing, or two matrices are swapped.</li>
# <li><b>The state is right, the output isn't:</b> you used the old state, or squashed the output.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def rnn_step(x, h, W_xh, W_hh, W_hy):
    """Return the new state (n, k) and the output (n, m) for inputs x (n, d) and states h (n, k)."""
    # BEGIN SOLUTION
    h = np.tanh(x @ W_xh.T + h @ W_hh.T)
    return h, h @ W_hy.T
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_one_step(rnn_step):
    import numpy as np
    from course_utils.checks import check_call

    rng = np.random.default_rng(1)
    x, h = rng.normal(size=(2, 3)), rng.normal(size=(2, 5))
    W_xh, W_hh, W_hy = rng.normal(size=(5, 3)), rng.normal(size=(5, 5)) / 2, rng.normal(size=(7, 5))
    a = x @ W_xh.T + h @ W_hh.T
    new = np.tanh(a)
    turned, alone = np.tanh(x @ W_xh.T + h @ W_hh), np.tanh(x @ W_xh.T)
    added, squashed = np.tanh(x @ W_xh.T) + h @ W_hh.T, 1 / (1 + np.exp(-a))
    check_call(
        rnn_step,
        x,
        h,
        W_xh,
        W_hh,
        W_hy,
        expected=(new, new @ W_hy.T),
        sizes={"n": 2, "d": 3, "k": 5},
        mistakes={
            "You squashed the output too: tanh is for the state alone.": (new, np.tanh(new @ W_hy.T)),
            "Your output comes from the old state: use the new one.": (new, h @ W_hy.T),
            "The tanh around the sum is missing.": (a, a @ W_hy.T),
            "W_hh is the wrong way round: with samples in rows it is h @ W_hh.T.": (turned, turned @ W_hy.T),
            "Your new state ignores the old one: add what W_hh makes of it.": (alone, alone @ W_hy.T),
            "tanh goes around the whole sum, not around one part of it.": (added, added @ W_hy.T),
            "You used the sigmoid: this state is squashed by tanh.": (squashed, squashed @ W_hy.T),
        },
    )


# %%
# HIDDEN
def test_random_sizes(rnn_step):
    import numpy as np
    from course_utils import recurrent
    from course_utils.checks import check_call

    rng = np.random.default_rng(901)
    for n, d, k, m in ((5, 2, 3, 7), (1, 7, 2, 1), (3, 1, 5, 2), (2, 3, 1, 5)):
        x, h = rng.normal(size=(n, d)), rng.normal(size=(n, k))
        W_xh, W_hh, W_hy = rng.normal(size=(k, d)), rng.normal(size=(k, k)), rng.normal(size=(m, k))
        new = recurrent.rnn_forward(x[:, None], h, W_xh, W_hh, np.zeros(k))[:, 0]
        check_call(
            rnn_step,
            x,
            h,
            W_xh,
            W_hh,
            W_hy,
            expected=(new, np.einsum("nk,mk->nm", new, W_hy)),
            sizes={"n": n, "d": d, "k": k},
            mistakes={
                "You squashed the output too: tanh is for the state alone.": (new, np.tanh(new @ W_hy.T)),
                "Your output comes from the old state: use the new one.": (new, h @ W_hy.T),
            },
        )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# Take the step $T$ times and you have **unrolled** the network: a deep network with one layer for each time, all with the same weights. From here on the sum has a bias $b$ as well, as every layer you have met.

# %% [raw]
# # BEGIN QUESTION
# name: rnn_forward
# points: 4
# forbids: [course_utils.recurrent.rnn_forward, torch.*]

# %% [markdown]
# ### Exercise 9.2 · rnn_forward · ★★☆ · 10 minutes
#
# Run a recurrent layer over whole sequences, from the state $h_0$:
#
# $$h_t = \tanh(W_{xh} x_t + W_{hh} h_{t-1} + b), \qquad t = 1, \dots, T.$$
#
# Return the states after every step.
#
# **Shapes:** `x` $(n, T, d)$, `h0` $(n, k)$, `W_xh` $(k, d)$, `W_hh` $(k, k)$, `b` $(k,)$ → $(n, T, k)$.
#
# **Worked:** one unit, all weights $1$, $b = 0$, $h_0 = 0$, $x = (1, 0)$: $h_1 = \tanh 1 = 0.762$, $h_2 = \tanh(0 + 0.762) = 0.642$.
#
# <details><summary>Hint 1</summary>Start with <code>h = h0</code>. Inside the loop <code>x[:, t]</code> is (n, d), and <code>h</code> is overwritten by the new state.</details>
# <details><summary>Hint 2</summary>Collect the states in a list. <code>np.stack(states, axis=1)</code> puts time second.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Right at the first step, wrong after it:</b> the state isn't carried on.</li>
# <li><b>Wrong at the first step only for some h0:</b> you began with zeros, or read <code>states[-1]</code> of an array, which is its end.</li>
# <li><b>Shape (T, n, k):</b> you stacked along axis 0.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def rnn_forward(x, h0, W_xh, W_hh, b):
    """Return the states (n, T, k) of a recurrent layer for inputs x (n, T, d) and first state h0 (n, k)."""
    # BEGIN SOLUTION
    h, states = h0, []
    for t in range(x.shape[1]):
        h = np.tanh(x[:, t] @ W_xh.T + h @ W_hh.T + b)
        states.append(h)
    return np.stack(states, axis=1)
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_a_short_sequence(rnn_forward):
    import numpy as np
    from course_utils.checks import check_call

    rng = np.random.default_rng(2)
    x, h0, b = rng.normal(size=(2, 5, 3)), rng.normal(size=(2, 7)), rng.normal(size=7)
    W_xh, W_hh = rng.normal(size=(7, 3)), rng.normal(size=(7, 7)) / 3

    def run(h0=h0, W_hh=W_hh, b=b, carry=True, squash_carried=True):
        h, states = h0, []
        for t in range(5):
            a = x[:, t] @ W_xh.T + (h if carry else h0) @ W_hh.T + b
            h = np.tanh(a) if squash_carried else a
            states.append(np.tanh(a))
        return np.stack(states, axis=1)

    right = run()
    check_call(
        rnn_forward,
        x,
        h0,
        W_xh,
        W_hh,
        b,
        expected=right,
        sizes={"n": 2, "T": 5, "d": 3, "k": 7},
        mistakes={
            "Your result ignores h0: the first step starts from it.": run(h0=np.zeros((2, 7))),
            "The state isn't carried on: every step of yours starts from h0.": run(carry=False),
            "The bias is missing.": run(b=np.zeros(7)),
            "W_hh is the wrong way round: with samples in rows it is h @ W_hh.T.": run(W_hh=W_hh.T),
            "You carry on the sum before tanh: carry on the state.": run(squash_carried=False),
            "Your axes are (time, batch, features): stack along axis 1.": right.transpose(1, 0, 2),
            "Only the last state came back: return the states after all steps.": right[:, -1],
            "h0 itself stands among your states: begin with the state after the first step.": np.concatenate(
                [h0[:, None], right], axis=1
            ),
        },
    )


# %%
# HIDDEN
def test_random_sizes(rnn_forward):
    import numpy as np
    from course_utils import recurrent
    from course_utils.checks import check_call

    rng = np.random.default_rng(902)
    for n, T, d, k in ((3, 7, 2, 5), (1, 11, 5, 3), (5, 2, 1, 1), (2, 1, 3, 7)):
        x, h0, b = rng.normal(size=(n, T, d)), rng.normal(size=(n, k)), rng.normal(size=k)
        W_xh, W_hh = rng.normal(size=(k, d)), rng.normal(size=(k, k))
        right = recurrent.rnn_forward(x, h0, W_xh, W_hh, b)
        zero = recurrent.rnn_forward(x, 0 * h0, W_xh, W_hh, b)
        check_call(
            rnn_forward,
            x,
            h0,
            W_xh,
            W_hh,
            b,
            expected=right,
            sizes={"n": n, "T": T, "d": d, "k": k},
            mistakes={
                "Your result ignores h0: the first step starts from it.": zero,
                "The bias is missing.": recurrent.rnn_forward(x, h0, W_xh, W_hh, 0 * b),
                "Your axes are (time, batch, features): stack along axis 1.": right.transpose(1, 0, 2),
            },
        )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# Clap once into a canyon. Below, a layer of your own hears a single 1 at the first step and silence after it. What you see is its memory:

# %%
if solved(rnn_forward):
    rng = np.random.default_rng(3)
    clap = np.zeros((1, 30, 1))
    clap[0, 0] = 1
    turn = np.linalg.qr(rng.normal(size=(20, 20)))[0]  # a rotation: its eigenvalues have size 1
    fig, axes = plt.subplots(1, 2, figsize=(11, 3.6), sharey=True)
    for ax, scale in zip(axes, (0.7, 0.95), strict=True):
        echo = rnn_forward(clap, np.zeros((1, 20)), rng.normal(size=(20, 1)), scale * turn, np.zeros(20))
        ax.plot(np.arange(1, 31), echo[0, :, :6], lw=1.5)
        ax.set(xlabel="step", title=f"$W_{{hh}}$ = {scale} × a rotation")
    axes[0].set_ylabel("state of six units")
    fig.suptitle("An echo of the first input: the larger $W_{hh}$, the longer it lasts")
    plt.show()

# %% [markdown]
# Now play one unit through eight steps, forwards and then backwards. The numbers at the top, in the second half, are the gradients that section 9.4 is about.
#
# **Try:**
#
# 1. Play it through with $w_{hh} = 0.6$, then with $1$. How much of the first input is left in the last state?
# 2. Set $w_{hh}$ to $-1$. What happens to the signs, and why?

# %%
UnrolledExplorer()

# %% [markdown]
# ## 9.2 Five shapes of sequences
#
# A state lets you choose when to read and when to speak. Five shapes cover nearly everything:


# %%
def draw_shape(ax, left, title, reads, speaks):
    steps = max(reads + speaks) + 1
    for t in range(steps):
        ax.plot(left + t, 1, "s", ms=17, mfc="white", mec="black", mew=1.5)
        if t:
            ax.annotate("", (left + t - 0.28, 1), (left + t - 0.72, 1), arrowprops={"arrowstyle": "->"})
        if t in reads:
            ax.plot(left + t, 0, "o", ms=14, color=BLUE)
            ax.annotate("", (left + t, 0.72), (left + t, 0.2), arrowprops={"arrowstyle": "->", "color": BLUE})
        if t in speaks:
            ax.plot(left + t, 2, "D", ms=12, color=ORANGE)
            ax.annotate("", (left + t, 1.8), (left + t, 1.28), arrowprops={"arrowstyle": "->", "color": RED})
    ax.text(left + (steps - 1) / 2, 2.5, title, ha="center", fontsize=10)
    return left + steps + 1


fig, ax = plt.subplots(figsize=(12, 3.2))
left = 0
for title, reads, speaks in (
    ("one to one\na class of a picture", [0], [0]),
    ("one to many\na caption", [0], [0, 1, 2]),
    ("many to one\nsentiment", [0, 1, 2], [2]),
    ("many to many, in step\na label for each frame", [0, 1, 2], [0, 1, 2]),
    ("many to many\na translation", [0, 1, 2], [3, 4, 5]),
):
    left = draw_shape(ax, left, title, reads, speaks)
ax.set(xlim=(-1.2, left - 0.8), ylim=(-0.5, 3.3))
ax.axis("off")
ax.set_title("Circles are inputs, squares states, diamonds outputs")
plt.show()

# %% [markdown]
# **One to one.** No time at all: a digit in, a class out. This is every network up to notebook 08.

# %%
mnist = data.load_mnist()
x, y = torch.tensor(mnist.x_train), torch.tensor(mnist.y_train)
x_test, y_test = torch.tensor(mnist.x_test), torch.tensor(mnist.y_test)
torch.manual_seed(0)
net = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
training.fit(net, training.cross_entropy, (x, y), epochs=3, learning_rate=3e-3, progress=False)
print("input", tuple(x[:1].shape), "→ output", tuple(net.cpu()(x[:1]).shape))
print(f"test accuracy {training.evaluate(net, training.accuracy, (x_test, y_test)):.1%}")

# %% [markdown]
# **One to many.** A picture in, a sentence out, as long as it takes. A network that comes with the course does it; section 9.10 takes it apart.

# %%
caption_net, words = data.load_caption_model()
scenes = data.make_scenes(400, least=2, most=2, seed=77)
tokens, looked = caption_net.describe(torch.tensor(scenes.images[8:9]))
print("input", scenes.images[8:9].shape, "→ output", tuple(tokens.shape), tokens[0].tolist())
print(words.decode(tokens[0].tolist()))

# %% [markdown]
# **Many to one.** A review in, one number out: is it praise? Each made-up review below has seven words. One of them is *good* or *bad*, sometimes with a *not* before it. Only the state after the last word counts.

# %%
lexicon = ["the", "film", "it", "was", "so", "a", "plot", "i", "found", "good", "bad", "not"]


def make_reviews(n, seed):
    rng = np.random.default_rng(seed)
    tokens, good = rng.integers(0, 9, (n, 7)), rng.random(n) < 0.5
    negated, place = rng.random(n) < 0.5, rng.integers(1, 6, n)
    tokens[np.arange(n), place] = np.where(good, 9, 10)
    tokens[np.flatnonzero(negated), place[negated] - 1] = 11
    return torch.tensor(tokens), torch.tensor((good ^ negated).astype(np.int64))


class Sentiment(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(12, 16)
        self.memory = recurrent.RNN(16, 16)
        self.head = nn.Linear(16, 2)

    def forward(self, tokens):
        h, _ = self.memory(self.embedding(tokens))
        return self.head(h[:, -1])  # the last state alone


torch.manual_seed(0)
sentiment = Sentiment()
training.fit(
    sentiment,
    training.cross_entropy,
    make_reviews(1500, 0),
    epochs=15,
    learning_rate=1e-2,
    max_norm=1.0,
    progress=False,
)
accuracy = training.evaluate(sentiment.cpu(), training.accuracy, make_reviews(500, 1))
fig, ax = plt.subplots(figsize=(8, 3.4))
for review, color, marker in (
    ("it was a good film i found", BLUE, "o"),
    ("it was not good the film i", ORANGE, "s"),
):
    numbers = torch.tensor([[lexicon.index(word) for word in review.split()]])
    with torch.no_grad():
        praise = [float(sentiment(numbers[:, : t + 1]).softmax(dim=1)[0, 1]) for t in range(7)]
    ax.plot(range(7), praise, color=color, marker=marker, label=review)
    for t, word in enumerate(review.split()):
        ax.text(t, -0.22 if marker == "o" else -0.34, word, ha="center", color=color, fontsize=10)
ax.set(
    xticks=range(7),
    xticklabels=[],
    ylim=(-0.05, 1.05),
    ylabel="P(praise) if it ended here",
    title=f"Many to one: {accuracy:.0%} of 500 new reviews judged right",
)
ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
plt.show()

# %% [markdown]
# It was trained on whole reviews alone, so what it says after one or two words means little. What counts is that *not* is still felt when *good* comes, and that the verdict outlives the words after it.
#
# **Many to many, in step.** An output for every input: a label for each frame of a video, or here, for each letter, a guess at the next. The network has read all of *Pride and Prejudice*; you meet it again in section 9.7.

# %%
austen_net, vocabulary = data.load_character_model()
sentence = "It is a truth universally acknowledged, that a single man"
with torch.no_grad():
    scores, _ = austen_net(torch.tensor(vocabulary.encode(sentence))[None])
bits = -scores[0].log_softmax(dim=1).numpy() / np.log(2)
surprise = bits[np.arange(len(sentence) - 1), vocabulary.encode(sentence[1:])]
first = np.array([letter == " " for letter in sentence[:-1]])
begins, goes_on = surprise[first].mean(), surprise[~first].mean()
print("input", (1, len(sentence)), "→ output", tuple(scores.shape))
print("reads  ", sentence)
print("guesses", " " + vocabulary.decode(scores[0].argmax(dim=1).numpy()).replace("\n", " ")[:-1])
fig, ax = plt.subplots(figsize=(12, 2.8))
ax.bar(
    range(1, len(sentence)),
    surprise,
    color=np.where(first, ORANGE, BLUE),
)
ax.set_xticks(range(len(sentence)), list(sentence))
ax.set(
    ylabel="surprise, bits",
    xlabel="letter (orange: the first of a word)",
    xlim=(-1, len(sentence)),
    title=f"Surprise at the first letter of a word: {begins:.1f} bits on average; at others: {goes_on:.1f}",
)
ax.grid(axis="x", visible=False)
plt.show()

# %% [markdown]
# **Many to many, a translation.** Read everything, then write. Dates come in seven ways of writing and must go out in one: *the 8th of March, 2001* → *2001-03-08*. A first LSTM reads; its last state is where a second one starts, which writes. (LSTM cells are explained in section 9.6. The writer may also look back at what the reader noted, with the attention of section 9.9, where you see its `weights`.) Training takes about fifteen seconds.


# %%
class Translator(nn.Module):
    def __init__(self, characters, hidden=64):
        super().__init__()
        self.embedding = nn.Embedding(characters, hidden)
        self.reader = recurrent.LSTM(hidden, hidden)
        self.writer = recurrent.LSTM(hidden, hidden)
        self.question, self.key = nn.Linear(hidden, hidden), nn.Linear(hidden, hidden)
        self.head = nn.Linear(2 * hidden, characters)

    def forward(self, source, written):
        notes, state = self.reader(self.embedding(source))  # what it noted at each letter
        h, _ = self.writer(self.embedding(written), state)
        context, weights = captioning.attend(self.question(h), self.key(notes), notes)
        return self.head(torch.cat([h, context], dim=2)), weights


def next_letter_loss(net, source, target):
    scores, _ = net(source, target[:, :-1])
    return functional.cross_entropy(scores.flatten(0, 1), target[:, 1:].flatten())


def as_tensors(pairs):
    """Letters as numbers: sources filled up from the left to 28, targets begun with a caret."""
    sources = [date_letters.encode(source.rjust(28)) for source, _ in pairs]
    targets = [date_letters.encode("^" + target) for _, target in pairs]
    return torch.tensor(np.array(sources)), torch.tensor(np.array(targets))


dates, new_dates = data.make_dates(4000, seed=0), data.make_dates(500, seed=1)
date_letters = data.Vocabulary("^ " + "".join(source + target for source, target in dates))
torch.manual_seed(0)
translator = Translator(len(date_letters))
training.fit(
    translator,
    next_letter_loss,
    as_tensors(dates),
    epochs=9,
    batch_size=50,
    learning_rate=1e-2,
    one_cycle=True,
    max_norm=1.0,
    progress=False,
)
translator.cpu()
source, target = as_tensors(new_dates)
written_dates = target[:, :1]
with torch.no_grad():
    for _ in range(10):  # each letter it writes is the next one that it reads
        scores, looked_back = translator(source, written_dates)
        written_dates = torch.cat([written_dates, scores[:, -1:].argmax(dim=2)], dim=1)
print(f"{(written_dates == target).all(dim=1).float().mean():.1%} of 500 new dates are right in every digit")
for row in range(5):
    print(f"{new_dates[row][0]:>28}  →  {date_letters.decode(written_dates[row, 1:])}")

# %% [markdown]
# ## 9.3 Layers upon layers
#
# A recurrent layer turns a sequence into a sequence of states. So a second layer can read the states of the first as its inputs, and a third those of the second. Information now moves in two directions: up through the layers, and on through time.

# %%
fig, ax = plt.subplots(figsize=(8, 3.6))
for t in range(5):
    ax.plot(t, 0, "o", ms=16, color=BLUE)
    ax.text(t, -0.45, f"$x_{t + 1}$", ha="center")
    ax.annotate("", (t, 0.72), (t, 0.22), arrowprops={"arrowstyle": "->", "color": BLUE})
    for layer in (1, 2, 3):
        ax.plot(t, layer, "s", ms=19, mfc="white", mec=(BLUE, ORANGE, GREEN)[layer - 1], mew=2)
        if t:
            ax.annotate("", (t - 0.16, layer), (t - 0.84, layer), arrowprops={"arrowstyle": "->", "lw": 1.5})
        if layer < 3:
            ax.annotate("", (t, layer + 0.74), (t, layer + 0.26), arrowprops={"arrowstyle": "->", "ls": "--"})
for layer in (1, 2, 3):
    ax.text(-0.45, layer, f"layer {layer}", ha="right", va="center")
ax.set(xlim=(-1.4, 4.5), ylim=(-0.7, 3.6), title="Up through the layers (dashed), on through time (solid)")
ax.axis("off")
plt.show()
for layers in (1, 2, 3):
    deep = recurrent.RNN(50, 100, layers=layers)
    h, state = deep(torch.zeros(2, 7, 50))
    count = sum(parameter.numel() for parameter in deep.parameters())
    print(f"{layers} layers: {count:>6,} parameters, top states {tuple(h.shape)}, {len(state)} last states")

# %% [raw]
# # BEGIN QUESTION
# name: deep_rnn_forward
# points: 4
# forbids: [course_utils.recurrent.rnn_forward, torch.*]

# %% [markdown]
# ### Exercise 9.3 · deep_rnn_forward · ★★☆ · 12 minutes
#
# Run a stack of recurrent layers over whole sequences. With $h^{(0)}_t = x_t$ for what the lowest layer reads,
#
# $$h^{(\ell)}_t = \tanh\left(W^{(\ell)}_{xh}\, h^{(\ell-1)}_t + W^{(\ell)}_{hh}\, h^{(\ell)}_{t-1} + b^{(\ell)}\right), \qquad h^{(\ell)}_0 = 0.$$
#
# Return the top layer's states after every step, and a list of every layer's **last** state, from the lowest up: with them you could go on reading later. Layers may differ in size. You may call your `rnn_forward` or `recurrent.rnn_forward` for one layer.
#
# **Shapes:** `x` $(n, T, d)$, `layers` a list of tuples `(W_xh, W_hh, b)` with shapes $(k_\ell, k_{\ell-1})$, $(k_\ell, k_\ell)$, $(k_\ell,)$ and $k_0 = d$ → states $(n, T, k_L)$, list of arrays $(n, k_\ell)$.
#
# **Worked:** two layers of one unit, all weights $1$, biases $0$, $x = (1)$: the first state is $\tanh 1 = 0.762$, the second $\tanh 0.762 = 0.642$. So the states are $[[[0.642]]]$, and the last states $[[[0.762]], [[0.642]]]$.
#
# <details><summary>Hint 1</summary>Finish one layer for all times, then let its states take the place of <code>x</code>.</details>
# <details><summary>Hint 2</summary>Each layer starts from zeros of its own size: <code>np.zeros((len(x), len(b)))</code>.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Sizes don't fit:</b> the second layer reads the states of the first, not x.</li>
# <li><b>All layers but the first are wrong:</b> a layer started from the last state of the one below it.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def deep_rnn_forward(x, layers):
    """Return the top layer's states (n, T, k_L) and a list of each layer's last state (n, k_l).

    x is (n, T, d), layers a list of tuples (W_xh, W_hh, b), the lowest first.
    """
    # BEGIN SOLUTION
    last = []
    for W_xh, W_hh, b in layers:
        h, states = np.zeros((len(x), len(b))), []
        for t in range(x.shape[1]):
            h = np.tanh(x[:, t] @ W_xh.T + h @ W_hh.T + b)
            states.append(h)
        x = np.stack(states, axis=1)
        last.append(h)
    return x, last
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_layers_of_one_size(deep_rnn_forward):
    import numpy as np
    from course_utils.checks import check_call

    rng = np.random.default_rng(3)
    x = rng.normal(size=(2, 5, 3))
    layers = [(rng.normal(size=(3, 3)), rng.normal(size=(3, 3)), rng.normal(size=3)) for _ in range(2)]

    def run(sequence, layer, h=0.0):
        W_xh, W_hh, b = layer
        h, states = np.zeros((2, 3)) + h, []
        for t in range(5):
            h = np.tanh(sequence[:, t] @ W_xh.T + h @ W_hh.T + b)
            states.append(h)
        return np.stack(states, axis=1)

    first = run(x, layers[0])
    second = run(first, layers[1])
    beside, handed = run(x, layers[1]), run(first, layers[1], first[:, -1])
    again, down = run(first, layers[0]), run(run(x, layers[1]), layers[0])
    check_call(
        deep_rnn_forward,
        x,
        layers,
        expected=(second, [first[:, -1], second[:, -1]]),
        sizes={"n": 2, "T": 5, "d": 3},
        mistakes={
            "Your second layer reads x: it should read the states of the layer below.": (
                beside,
                [first[:, -1], beside[:, -1]],
            ),
            "A layer of yours starts from the last state of the layer below: each starts from zeros.": (
                handed,
                [first[:, -1], handed[:, -1]],
            ),
            "You used the weights of the first layer for all: each layer has its own.": (
                again,
                [first[:, -1], again[:, -1]],
            ),
            "You went through the layers from the top down: the first in the list is the lowest.": (
                down,
                [beside[:, -1], down[:, -1]],
            ),
            "Your last states are the first ones: take the state after the last step.": (
                second,
                [first[:, 0], second[:, 0]],
            ),
            "Your list holds the states after all steps: only the last of each layer is asked.": (
                second,
                [first, second],
            ),
            "You returned the top layer's last state alone: the list has one for each layer.": (
                second,
                [second[:, -1]],
            ),
        },
    )


# %%
def test_layers_of_different_sizes(deep_rnn_forward):
    import numpy as np
    from course_utils import recurrent
    from course_utils.checks import check_call

    rng = np.random.default_rng(4)
    x, h, last, layers = rng.normal(size=(3, 4, 2)), None, [], []
    for below, k in ((2, 5), (5, 3), (3, 7)):
        layers.append((rng.normal(size=(k, below)), rng.normal(size=(k, k)) / 2, rng.normal(size=k)))
        h = recurrent.rnn_forward(x if h is None else h, np.zeros((3, k)), *layers[-1])
        last.append(h[:, -1])
    check_call(deep_rnn_forward, x, layers, expected=(h, last), sizes={"n": 3, "T": 4})


# %%
# HIDDEN
def test_against_torch(deep_rnn_forward):
    import numpy as np
    import torch
    from course_utils.checks import check_call

    rng = np.random.default_rng(903)
    for n, T, d, k, depth in ((2, 7, 3, 5, 3), (5, 3, 2, 3, 2), (1, 11, 5, 2, 5)):
        x, layers = rng.normal(size=(n, T, d)), []
        net = torch.nn.RNN(d, k, num_layers=depth, batch_first=True, dtype=torch.float64)
        with torch.no_grad():
            for layer in range(depth):
                below = k if layer else d
                arrays = rng.normal(size=(k, below)), rng.normal(size=(k, k)), rng.normal(size=k)
                for name, array in zip(("weight_ih", "weight_hh", "bias_ih"), arrays, strict=True):
                    getattr(net, f"{name}_l{layer}").copy_(torch.tensor(array))
                getattr(net, f"bias_hh_l{layer}").zero_()
                layers.append(arrays)
            h, last = net(torch.tensor(x))
        check_call(
            deep_rnn_forward,
            x,
            layers,
            expected=(h.numpy(), list(last.numpy())),
            sizes={"n": n, "T": T, "k": k},
        )


# %%
# HIDDEN
def test_one_layer_one_step_one_sample(deep_rnn_forward):
    import numpy as np
    from course_utils import recurrent
    from course_utils.checks import check_call

    rng = np.random.default_rng(913)
    for n, T, d, k in ((1, 1, 3, 2), (5, 1, 1, 3), (1, 7, 2, 1)):
        x, layer = (
            rng.normal(size=(n, T, d)),
            (rng.normal(size=(k, d)), rng.normal(size=(k, k)), rng.normal(size=k)),
        )
        h = recurrent.rnn_forward(x, np.zeros((n, k)), *layer)
        check_call(deep_rnn_forward, x, [layer], expected=(h, [h[:, -1]]), sizes={"n": n, "T": T})


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# ## 9.4 Backwards through time
#
# Unrolled, the network is a deep one, and you know how to send a gradient through it: backwards, layer by layer, here step by step. This is **backpropagation through time**. Two things are new.
#
# - A state is used twice: by the loss at its own time, and by the next step. Both send a gradient back, and the two **add up**.
# - The same weights are used at every step. Their gradient is the **sum** over all steps.
#
# Write $a_t = W_{xh} x_t + W_{hh} h_{t-1} + b$ for the sum inside the tanh, and $\delta_t = \partial L / \partial a_t$. Because $\tanh' = 1 - \tanh^2$,
#
# $$\delta_t = \Big(\underbrace{\frac{\partial L}{\partial h_t}}_{\text{seen at time } t} + \underbrace{W_{hh}^\top \delta_{t+1}}_{\text{from the step after}}\Big) \odot (1 - h_t^2), \qquad \delta_{T+1} = 0.$$

# %% [raw]
# # BEGIN QUESTION
# name: rnn_backward
# points: 4
# forbids: [course_utils.recurrent.rnn_backward, torch.*]

# %% [markdown]
# ### Exercise 9.4 · rnn_backward · ★★★ · 25 minutes
#
# The loss looks at the states directly: `dh[:, t]` is $\partial L/\partial h_t$ *as if the later states didn't depend on* $h_t$ (the first of the two parts above). From the last step to the first, compute $\delta_t$, and from it
#
# $$\frac{\partial L}{\partial x_t} = W_{xh}^\top \delta_t, \quad \frac{\partial L}{\partial h_0} = W_{hh}^\top \delta_1, \quad \frac{\partial L}{\partial W_{xh}} = \sum_t \delta_t x_t^\top, \quad \frac{\partial L}{\partial W_{hh}} = \sum_t \delta_t h_{t-1}^\top, \quad \frac{\partial L}{\partial b} = \sum_t \delta_t,$$
#
# the last three summed over the batch as well. The states `h` of the forward pass are given. Return `dx, dh0, dW_xh, dW_hh, db`.
#
# **Shapes:** `dh` $(n, T, k)$, `x` $(n, T, d)$, `h` $(n, T, k)$, `h0` $(n, k)$, `W_xh` $(k, d)$, `W_hh` $(k, k)$ → the shapes of `x`, `h0`, `W_xh`, `W_hh` and $(k,)$.
#
# **Worked:** one unit, $W_{xh} = 1$, $W_{hh} = 0.5$, $h_0 = 0$, $x = (1, 0)$. Forwards $h = (0.762, 0.363)$. The loss is the last state, so `dh` is $(0, 1)$. Backwards $\delta_2 = 1 - 0.363^2 = 0.868$ and $\delta_1 = 0.5 \cdot 0.868 \cdot (1 - 0.762^2) = 0.182$. So $\partial L/\partial x = (0.182, 0.868)$, $\partial L/\partial W_{hh} = 0.868 \cdot 0.762 = 0.661$, $\partial L/\partial b = 1.050$.
#
# <details><summary>Hint 1</summary>Keep a variable for what comes from the step after: <code>back = np.zeros_like(h0)</code> at the end, and <code>back = delta @ W_hh</code> after each step. With samples in rows, <i>Wᵀδ</i> is <code>delta @ W</code>.</details>
# <details><summary>Hint 2</summary>The state before step t is <code>h[:, t - 1] if t > 0 else h0</code>. Without the condition, t = 0 reads index −1: the end.</details>
# <details><summary>Hint 3</summary>The sum over the batch of <i>δ xᵀ</i> is <code>delta.T @ x[:, t]</code>. Add with <code>+=</code>.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Right at the last step, wrong before it:</b> nothing comes back from the step after, or W_hh is the wrong way round.</li>
# <li><b>The weights' gradients are those of one step:</b> <code>=</code> where <code>+=</code> belongs.</li>
# <li><b>Huge numbers:</b> you divided by 1 − h². tanh′ multiplies.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def rnn_backward(dh, x, h, h0, W_xh, W_hh):
    """Return dx, dh0, dW_xh, dW_hh and db for a recurrent layer with inputs x (n, T, d) and states h (n, T, k).

    dh (n, T, k) is what the loss sends to each state directly.
    """
    # BEGIN SOLUTION
    dx, dW_xh, dW_hh = np.zeros_like(x), np.zeros_like(W_xh), np.zeros_like(W_hh)
    db, back = np.zeros(len(W_hh)), np.zeros_like(h0)
    for t in reversed(range(x.shape[1])):
        delta = (dh[:, t] + back) * (1 - h[:, t] ** 2)
        before = h[:, t - 1] if t > 0 else h0
        dx[:, t] = delta @ W_xh
        dW_xh += delta.T @ x[:, t]
        dW_hh += delta.T @ before
        db += delta.sum(axis=0)
        back = delta @ W_hh
    return dx, back, dW_xh, dW_hh, db
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_one_unit_two_steps(rnn_backward):
    import numpy as np
    from course_utils.checks import check_call

    x, h0, dh = np.array([[[1.0], [0.5]]]), np.array([[0.3]]), np.array([[[0.4], [1.5]]])
    W_xh, W_hh = np.array([[0.7]]), np.array([[-0.6]])
    h1 = np.tanh(0.7 * 1.0 - 0.6 * 0.3)
    h2 = np.tanh(0.7 * 0.5 - 0.6 * h1)
    s1, s2 = 1 - h1**2, 1 - h2**2

    def answer(d1, d2, before=(0.3, h1)):
        return (
            np.array([[[0.7 * d1], [0.7 * d2]]]),
            np.array([[-0.6 * d1]]),
            np.array([[d1 * 1.0 + d2 * 0.5]]),
            np.array([[d1 * before[0] + d2 * before[1]]]),
            np.array([d1 + d2]),
        )

    d2 = 1.5 * s2
    d1 = (0.4 - 0.6 * d2) * s1
    check_call(
        rnn_backward,
        dh,
        x,
        np.array([[[h1], [h2]]]),
        h0,
        W_xh,
        W_hh,
        expected=answer(d1, d2),
        mistakes={
            "Nothing comes back from the step after: add W_hhᵀδ of the next step before tanh′.": answer(
                0.4 * s1, d2
            ),
            "What comes from the step after passes tanh′ too: multiply the sum of both parts.": answer(
                0.4 * s1 - 0.6 * d2, d2
            ),
            "You divided by 1 − h²: tanh′ multiplies.": answer((0.4 - 0.6 * 1.5 / s2) / s1, 1.5 / s2),
            "tanh′ is missing: multiply by 1 − h².": answer(0.4 - 0.6 * 1.5, 1.5),
            "You dropped what the loss sends to this state itself: add dh of this step.": answer(
                -0.6 * d2 * s1, d2
            ),
            "The gradient of W_hh pairs δ with the state before the step, not after it.": answer(
                d1, d2, (h1, h2)
            ),
            "Index −1 is the end of the array: the state before the first step is h0.": answer(
                d1, d2, (h2, h1)
            ),
            "Your gradient of W_hh ignores h0: it is the state before the first step.": answer(
                d1, d2, (0.0, h1)
            ),
        },
    )


# %%
def test_a_batch(rnn_backward):
    import numpy as np
    from course_utils import recurrent
    from course_utils.checks import check_call

    rng = np.random.default_rng(5)
    x, h0, b = rng.normal(size=(2, 5, 3)), rng.normal(size=(2, 7)), rng.normal(size=7)
    W_xh, W_hh, dh = rng.normal(size=(7, 3)), rng.normal(size=(7, 7)) / 2, rng.normal(size=(2, 5, 7))
    h = recurrent.rnn_forward(x, h0, W_xh, W_hh, b)
    right = recurrent.rnn_backward(dh, x, h0, W_xh, W_hh, b)

    def run(turn=False, only=None):
        back, total, dx = np.zeros((2, 7)), [0.0, 0.0, 0.0], np.zeros_like(x)
        for t in reversed(range(5)):
            delta = (dh[:, t] + back) * (1 - h[:, t] ** 2)
            back = delta @ (W_hh.T if turn else W_hh)
            dx[:, t] = delta @ W_xh
            if only in (None, t):
                before = h[:, t - 1] if t else h0
                parts = delta.T @ x[:, t], delta.T @ before, delta.sum(axis=0)
                total = [own + part for own, part in zip(total, parts, strict=True)]
        return dx, back, *total

    by_sample = [
        recurrent.rnn_backward(dh[i : i + 1], x[i : i + 1], h0[i : i + 1], W_xh, W_hh, b) for i in range(2)
    ]
    check_call(
        rnn_backward,
        dh,
        x,
        h,
        h0,
        W_xh,
        W_hh,
        expected=right,
        sizes={"n": 2, "T": 5, "d": 3, "k": 7},
        mistakes={
            "Going back, W_hh is the wrong way round: with samples in rows it is delta @ W_hh.": run(True),
            "Your weights' gradients are those of the first step alone: add up over all steps.": run(only=0),
            "Your weights' gradients are those of the last step alone: add up over all steps.": run(only=4),
            "Your gradient of W_hh is transposed: rows belong to δ.": (*right[:3], right[3].T, right[4]),
            "Nothing goes back to h0: it receives W_hhᵀδ of the first step.": (
                right[0],
                0 * h0,
                *right[2:],
            ),
            "You averaged the weights' gradients over the batch: they are sums.": (
                *right[:2],
                *(part / 2 for part in right[2:]),
            ),
            "Your gradient of b has a row for each sample: sum over the batch as well.": (
                *right[:4],
                np.stack([alone[4] for alone in by_sample]),
            ),
        },
    )


# %%
# HIDDEN
def test_random_sizes_against_torch(rnn_backward):
    import numpy as np
    import torch
    from course_utils.checks import check_call

    rng = np.random.default_rng(904)
    for n, T, d, k in ((3, 7, 2, 5), (5, 3, 1, 3), (2, 11, 5, 2)):
        arrays = (
            rng.normal(size=(n, T, d)),
            rng.normal(size=(n, k)),
            rng.normal(size=(k, d)),
            rng.normal(size=(k, k)),
            rng.normal(size=k),
        )
        dh = rng.normal(size=(n, T, k))
        leaves = [torch.tensor(array, requires_grad=True) for array in arrays]
        x, state, W_xh, W_hh, b = leaves
        states = []
        for t in range(T):
            state = torch.tanh(x[:, t] @ W_xh.T + state @ W_hh.T + b)
            states.append(state)
        h = torch.stack(states, dim=1)
        gradients = torch.autograd.grad(h, leaves, torch.tensor(dh))
        x, h0, W_xh, W_hh, b = arrays
        check_call(
            rnn_backward,
            dh,
            x,
            h.detach().numpy(),
            h0,
            W_xh,
            W_hh,
            expected=tuple(gradient.numpy() for gradient in gradients),
            sizes={"n": n, "T": T, "d": d, "k": k},
        )


# %%
# HIDDEN
def test_one_step_one_unit_and_a_loss_at_the_end(rnn_backward):
    import numpy as np
    from course_utils import recurrent
    from course_utils.checks import check_call

    rng = np.random.default_rng(914)
    for n, T, d, k in ((1, 1, 3, 1), (3, 1, 2, 5), (1, 5, 1, 1), (2, 7, 3, 2)):
        x, h0, b = rng.normal(size=(n, T, d)), rng.normal(size=(n, k)), rng.normal(size=k)
        W_xh, W_hh, dh = rng.normal(size=(k, d)), rng.normal(size=(k, k)), np.zeros((n, T, k))
        dh[:, -1] = rng.normal(size=(n, k))
        h = recurrent.rnn_forward(x, h0, W_xh, W_hh, b)
        right = recurrent.rnn_backward(dh, x, h0, W_xh, W_hh, b)
        check_call(rnn_backward, dh, x, h, h0, W_xh, W_hh, expected=right, sizes={"n": n, "T": T})


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# Check it against centred differences, as you check every gradient:

# %%
if solved(rnn_backward):
    rng = np.random.default_rng(6)
    x, h0, b = rng.normal(size=(2, 6, 3)), rng.normal(size=(2, 4)), rng.normal(size=4)
    W_xh, W_hh, aim = rng.normal(size=(4, 3)), rng.normal(size=(4, 4)), rng.normal(size=(2, 6, 4))

    def loss_of(W_hh):
        return 0.5 * np.sum((recurrent.rnn_forward(x, h0, W_xh, W_hh, b) - aim) ** 2)

    h = recurrent.rnn_forward(x, h0, W_xh, W_hh, b)
    yours = rnn_backward(h - aim, x, h, h0, W_xh, W_hh)[3]
    print(
        "largest difference from centred differences:",
        np.abs(yours - numerical_gradient(loss_of, W_hh)).max(),
    )

# %% [markdown]
# ## 9.5 Why it forgets
#
# A loss at time $T$ speaks to an input at time $t$ only through all the steps between. Each one multiplies by $W_{hh}$ and by slopes of tanh, which are at most 1:
#
# $$\frac{\partial h_T}{\partial h_t} = \prod_{s=t+1}^{T} \operatorname{diag}(1 - h_s^2)\, W_{hh}.$$
#
# Leave the slopes out, and what is left is a power of one matrix: $W_{hh}^{\,T-t}$. Its size decides.
#
# - If the largest **singular value** of $W_{hh}$ is below 1, every step makes every gradient shorter: it **vanishes**, with tanh even faster.
# - If the largest absolute **eigenvalue** is above 1, the power grows without bound: the gradient can **explode**.
# - Between the two (a singular value above 1, all eigenvalues below) it can grow for a while and still vanish in the end.

# %% [raw]
# # BEGIN QUESTION
# name: gradient_norms
# points: 4
# forbids: [course_utils.recurrent.gradient_norms, torch.*]

# %% [markdown]
# ### Exercise 9.5 · gradient_norms · ★★☆ · 10 minutes
#
# By how much can a gradient be longer after going back $t$ steps? That is the largest singular value of $W_{hh}^{\,t}$, written $\lVert W_{hh}^{\,t} \rVert_2$. Return it for $t = 0, 1, \dots,$ `steps`.
#
# **Shapes:** `W_hh` $(k, k)$, `steps` a whole number $\ge 0$ → $(\text{steps} + 1,)$.
#
# **Worked:** $W = \begin{pmatrix}0.5 & 0\\0 & 0.1\end{pmatrix}$, 2 steps: $1,\ 0.5,\ 0.25$. And $W = \begin{pmatrix}0.5 & 1\\0 & 0.5\end{pmatrix}$, both eigenvalues $0.5$, 3 steps: $1,\ 1.207,\ 1.059,\ 0.770$. It grows before it falls.
#
# <details><summary>Hint 1</summary><code>np.linalg.norm(M, 2)</code> is the largest singular value of a matrix. Without the 2 you get the root of the sum of all squares.</details>
# <details><summary>Hint 2</summary>Start with <code>np.eye(k)</code>, and multiply by <code>W_hh</code> with <code>@</code> once a step.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>√k instead of 1 at t = 0:</b> that is the Frobenius norm.</li>
# <li><b>Powers of one number:</b> the norm of a power isn't the power of the norm.</li>
# <li><b><code>W ** t</code></b> raises every entry to the power t. It isn't a matrix power.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def gradient_norms(W_hh, steps):
    """Return the largest singular value of W_hh to the power of t, for t = 0, …, steps: (steps + 1,)."""
    # BEGIN SOLUTION
    power, norms = np.eye(len(W_hh)), []
    for _ in range(steps + 1):
        norms.append(np.linalg.norm(power, 2))
        power = W_hh @ power
    return np.array(norms)
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_a_diagonal_matrix(gradient_norms):
    import numpy as np
    from course_utils.checks import check_call

    W = np.diag([0.5, 0.1, -0.7])
    check_call(
        gradient_norms,
        W,
        3,
        expected=np.array([1.0, 0.7, 0.49, 0.343]),
        mistakes={
            "You took the Frobenius norm: the longest that a gradient can get is the largest singular value.": np.sqrt(
                np.array([3.0, 0.75, 0.3026, 0.133275])
            ),
            "You took the largest entry, and signs count there: take the largest singular value.": np.array(
                [1.0, 0.5, 0.49, 0.125]
            ),
            "You begin after one step: at zero steps the norm is that of the identity.": np.array(
                [0.7, 0.49, 0.343]
            ),
            "One value is missing at the end: zero steps and all the others make steps + 1.": np.array(
                [1.0, 0.7, 0.49]
            ),
        },
    )


# %%
def test_a_matrix_that_grows_first(gradient_norms):
    import numpy as np
    from course_utils.checks import check_call

    W = np.array([[0.6, 1.1, -0.2], [0.1, -0.5, 0.7], [0.3, 0.2, 0.4]])
    powers = [np.linalg.matrix_power(W, t) for t in range(7)]
    right = np.array([np.linalg.svd(power)[1][0] for power in powers])
    radius = np.abs(np.linalg.eigvals(W)).max()
    t = np.arange(6)
    check_call(
        gradient_norms,
        W,
        5,
        expected=right[:6],
        sizes={"k": 3},
        mistakes={
            "You took the Frobenius norm: the longest that a gradient can get is the largest singular value.": np.array(
                [np.linalg.norm(power) for power in powers[:6]]
            ),
            "These are powers of the largest singular value: take the norm of the power, not the power of the norm.": right[
                1
            ]
            ** t,
            "These are powers of the largest eigenvalue: that is where it ends, not how it gets there.": radius
            ** t,
            "W ** t raises each entry to a power: multiply matrices with @.": np.array(
                [np.linalg.norm(W**s, 2) for s in t]
            ),
            "You begin after one step: at zero steps the norm is that of the identity.": right[1:],
            "One value is missing at the end: zero steps and all the others make steps + 1.": right[:5],
            "You took the largest column sum: the largest singular value is np.linalg.norm(M, 2).": np.array(
                [np.linalg.norm(power, 1) for power in powers[:6]]
            ),
            "You took the smallest singular value: the largest is asked.": np.array(
                [np.linalg.svd(power)[1][-1] for power in powers[:6]]
            ),
        },
    )


# %%
# HIDDEN
def test_random_matrices(gradient_norms):
    import numpy as np
    from course_utils import recurrent
    from course_utils.checks import check_call

    rng = np.random.default_rng(905)
    for k, steps in ((2, 7), (5, 11), (7, 3)):
        W = rng.normal(size=(k, k)) / np.sqrt(k)
        check_call(
            gradient_norms,
            W,
            steps,
            expected=recurrent.gradient_norms(W, steps),
            sizes={"k": k},
            mistakes={
                "These are powers of the largest singular value: take the norm of the power, not the power of the norm.": np.linalg.norm(
                    W, 2
                )
                ** np.arange(steps + 1),
                "You begin after one step: at zero steps the norm is that of the identity.": recurrent.gradient_norms(
                    W, steps + 1
                )[1:],
            },
        )


# %%
# HIDDEN
def test_one_unit_no_steps_and_a_nilpotent_matrix(gradient_norms):
    import numpy as np
    from course_utils.checks import check_call

    check_call(
        gradient_norms,
        np.array([[-2.0]]),
        4,
        expected=np.array([1.0, 2, 4, 8, 16]),
        mistakes={"A norm is never negative.": np.array([1.0, -2, 4, -8, 16])},
    )
    check_call(gradient_norms, np.array([[0.3, 0.1], [2.0, 0.7]]), 0, expected=np.array([1.0]))
    check_call(
        gradient_norms,
        np.array([[0.0, 3.0, 0.0], [0.0, 0.0, 5.0], [0.0, 0.0, 0.0]]),
        3,
        expected=np.array([1.0, 5.0, 15.0, 0.0]),
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
if solved(gradient_norms):
    rng = np.random.default_rng(7)
    W = rng.normal(size=(24, 24))
    W = W / np.abs(np.linalg.eigvals(W)).max()  # largest absolute eigenvalue 1
    matrices = {
        "largest |eigenvalue| 1.2": (1.2 * W, RED, "-"),
        "a rotation: all |eigenvalues| 1": (np.linalg.qr(W)[0], "black", ":"),
        "largest |eigenvalue| 0.8": (0.8 * W, BLUE, "--"),
        "eigenvalues 0.9, far from normal": (np.array([[0.9, 4.0], [0.0, 0.9]]), ORANGE, "-."),
    }
    fig, ax = plt.subplots()
    for label, (matrix, color, style) in matrices.items():
        ax.plot(gradient_norms(matrix, 60), color=color, ls=style, label=label)
    ax.set(
        yscale="log",
        xlabel="steps back in time",
        ylabel=r"longest gradient, $\Vert W_{hh}^{\,t}\Vert_2$",
        title="Sixty steps back: far too long, or gone",
    )
    ax.legend()
    plt.show()

# %% [markdown]
# There is no safe size: 0.9 and 1.1 differ by a factor of $(1.1/0.9)^{60} \approx 170{,}000$ after sixty steps. See it for matrices of your choice.
#
# **Try:**
#
# 1. Find the size at which the gradient neither dies nor explodes. How exactly must you hit it?
# 2. Switch tanh on at size 1.3. Its slopes are below 1: what do they do to the explosion?
# 3. Switch clipping on at 1.4, then at 0.7. Where does it help?

# %%
ThroughTimeExplorer()

# %% [markdown]
# ### A gradient that explodes: clip it
#
# What does an explosion look like in the loss? Take one unit, $h_t = \tanh(w\,h_{t-1} + 0.2)$, start at $h_0 = -0.9$ and ask for $h_{40} = 0.8$. As a function of $w$ the loss has a **cliff**: on one side of it forty steps end at a positive state, on the other at a negative one.
#
# At the edge the slope is in the hundreds. Most runs of gradient descent step over it; one that happens to land there is thrown far away. The **direction** was right, the **length** was nonsense. So keep the one and limit the other: if the gradient is longer than a threshold $\tau$, shorten it to $\tau$.


# %%
def loss_and_slope(w):
    h, dh_dw = -0.9, 0.0
    for _ in range(40):
        after = np.tanh(w * h + 0.2)
        h, dh_dw = after, (1 - after**2) * (h + w * dh_dw)
    return (h - 0.8) ** 2, 2 * (h - 0.8) * dh_dw


def descend(w, rate, longest):
    path, slopes = [w], []
    for _ in range(25):
        slope = loss_and_slope(w)[1]
        slopes.append(slope)
        w = w - rate * np.clip(slope, -longest, longest)
        path.append(w)
    return np.array(path), np.array(slopes)


grid = np.linspace(-0.5, 2.6, 3001)
fig, axes = plt.subplots(1, 2, figsize=(11, 3.8), sharey=True)
for ax, longest, title in ((axes[0], np.inf, "as it comes"), (axes[1], 1.0, "clipped to length 1")):
    path, slopes = descend(1.9, 0.2, longest)
    ax.plot(grid, loss_and_slope(grid)[0], color="black", ls="-", lw=1.5)
    inside = (path > grid[0]) & (path < grid[-1])
    ax.plot(path[inside], loss_and_slope(path[inside])[0], "o", color=RED, ms=6, label="gradient descent")
    ax.plot(path[0], loss_and_slope(path[0])[0], "s", color=BLUE, ms=9, label="start")
    ax.set(xlabel="weight w", title=f"{title}: ends at w = {path[-1]:.1f}".replace("-", "−"))
    ax.legend(loc="center left")
axes[0].set_ylabel("loss")
fig.suptitle("At the cliff one step decides: thrown off the map, or down into the valley")
plt.show()
starts = np.linspace(1.5, 2.5, 1001)
for name, longest in (("as it comes", np.inf), ("clipped", 1.0)):
    ends = descend(starts, 0.2, longest)[0][-1]
    print(f"{name}: {np.sum(np.abs(ends) > 3)} of 1,001 starts are thrown beyond ±3")

# %% [raw]
# # BEGIN QUESTION
# name: clip_gradients
# points: 4
# forbids: [course_utils.recurrent.clip_gradients, torch.*]

# %% [markdown]
# ### Exercise 9.6 · clip_gradients · ★★☆ · 10 minutes
#
# A network has many weight arrays, so its gradient is a list of arrays. Its length is that of **all entries together**:
#
# $$\lVert g \rVert = \sqrt{\textstyle\sum_j \sum g_j^2}, \qquad g_j \leftarrow g_j \cdot \min\left(1, \frac{\tau}{\lVert g \rVert}\right).$$
#
# One factor serves for all arrays, so the direction stays. Return a list of new arrays, and the norm before clipping.
#
# **Shapes:** `gradients` a list of arrays of any shapes, `max_norm` $= \tau > 0$ → list of arrays of the same shapes, number.
#
# **Worked:** $g = [(3), (4)]$, $\tau = 1$: the norm is $5$, the factor $\frac15$, the result $[(0.6), (0.8)]$ and $5$.
#
# <details><summary>Hint 1</summary>Add up <code>np.sum(g ** 2)</code> over the arrays, and take the root once.</details>
# <details><summary>Hint 2</summary>Only a gradient that is too long is changed. Mind a norm of 0 before you divide by it.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>The direction changed:</b> you clipped each array, or each entry, by itself.</li>
# <li><b>Short gradients grew:</b> you scaled them to max_norm too. Clipping never lengthens.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def clip_gradients(gradients, max_norm):
    """Return a list of the arrays shortened to a common norm of max_norm at the most, and the norm before."""
    # BEGIN SOLUTION
    norm = np.sqrt(sum(np.sum(g**2) for g in gradients))
    factor = max_norm / norm if norm > max_norm else 1.0
    return [g * factor for g in gradients], norm
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_one_factor_for_all(clip_gradients):
    import numpy as np
    from course_utils.checks import check_call

    gradients = [np.array([[3.0, -1.0, 2.0], [0.5, 4.0, -2.5]]), np.array([0.2, -0.7, 0.4, 0.1, 1.3])]
    norms = [np.linalg.norm(g.ravel()) for g in gradients]
    norm = np.hypot(*norms)
    right = [g * 2 / norm for g in gradients]
    squared, added = norm**2, sum(norms)
    means = np.sqrt(sum(np.mean(g**2) for g in gradients))
    check_call(
        clip_gradients,
        gradients,
        2.0,
        expected=(right, norm),
        mistakes={
            "You clipped each array by itself, so the direction changed: one factor for all.": (
                [g * min(1, 2 / own) for g, own in zip(gradients, norms, strict=True)],
                norm,
            ),
            "You clipped each entry, so the direction changed: shorten the whole gradient by one factor.": (
                [np.clip(g, -2, 2) for g in gradients],
                norm,
            ),
            "You forgot the root: the norm is the root of the sum of the squares.": (
                [g * 2 / squared for g in gradients],
                squared,
            ),
            "You added the arrays' norms: add their squares, then take the root.": (
                [g * 2 / added for g in gradients],
                added,
            ),
            "You took the largest array's norm: all entries of all arrays count.": (
                [g * 2 / max(norms) for g in gradients],
                max(norms),
            ),
            "The norm is a sum of squares, not a mean.": ([g * 2 / means for g in gradients], means),
            "You returned the norm after clipping: the one before is asked.": (right, 2.0),
            "You divided by the norm and left out max_norm.": ([g / norm for g in gradients], norm),
            "Nothing was shortened: return the new arrays.": (gradients, norm),
        },
    )


# %%
def test_short_gradients_stay(clip_gradients):
    import numpy as np
    from course_utils.checks import check_call

    gradients = [np.array([0.3, -0.4]), np.array([[1.2]])]
    norm = 1.3
    check_call(
        clip_gradients,
        gradients,
        5.0,
        expected=(gradients, norm),
        mistakes={
            "Clipping never makes a gradient longer: leave short ones as they are.": (
                [g * 5 / norm for g in gradients],
                norm,
            ),
            "You returned max_norm: the norm before clipping is asked.": (gradients, 5.0),
        },
    )


# %%
# HIDDEN
def test_random_arrays_against_torch(clip_gradients):
    import numpy as np
    import torch
    from course_utils.checks import check_call

    rng = np.random.default_rng(906)
    for shapes, max_norm in (([(3, 5), (7,), (2, 3, 5)], 1.5), ([(11,)], 0.2), ([(2, 2), (1,)], 100.0)):
        gradients = [3 * rng.normal(size=shape) for shape in shapes]
        parameters = [torch.zeros(shape, dtype=torch.float64, requires_grad=True) for shape in shapes]
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = torch.tensor(gradient)
        norm = float(torch.nn.utils.clip_grad_norm_(parameters, max_norm))
        check_call(
            clip_gradients,
            gradients,
            max_norm,
            expected=([parameter.grad.numpy() for parameter in parameters], norm),
            rtol=1e-5,  # torch adds 1e-6 to the norm
            mistakes={
                "You clipped each array by itself, so the direction changed: one factor for all.": (
                    [g * min(1, max_norm / np.linalg.norm(g.ravel())) for g in gradients],
                    norm,
                ),
                "Clipping never makes a gradient longer: leave short ones as they are.": (
                    [g * max_norm / norm for g in gradients],
                    norm,
                ),
            },
        )


# %%
# HIDDEN
def test_zeros_and_an_explosion(clip_gradients):
    import numpy as np
    from course_utils.checks import check_call

    zeros = [np.zeros((2, 3)), np.zeros(5)]
    check_call(clip_gradients, zeros, 1.0, expected=(zeros, 0.0))
    check_call(
        clip_gradients,
        [np.array([3e8, 0.0]), np.array([-4e8])],
        10.0,
        expected=([np.array([6.0, 0.0]), np.array([-8.0])], 5e8),
    )
    check_call(
        clip_gradients,
        [np.array([0.06]), np.array([0.08])],
        0.05,
        expected=([np.array([0.03]), np.array([0.04])], 0.1),
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# Clipping cures explosions. It can't cure vanishing: what has become zero has no direction left to keep. For that the cell itself must change.
#
# ## 9.6 The LSTM: a memory with gates
#
# A **long short-term memory** has two states. The **cell** $c_t$ remembers; $h_t$ is what it shows. Three **gates**, numbers between 0 and 1 for each unit, decide what happens to the cell:
#
# - **forget** $f$: how much of the old cell stays;
# - **input** $i$: how much of the new proposal $g$ goes in;
# - **output** $o$: how much of the cell is shown.
#
# All are computed from the last state and the new input:
#
# $$\begin{pmatrix} i \\ f \\ o \end{pmatrix} = \sigma(\cdot), \quad g = \tanh(\cdot) \quad\text{of}\quad W \begin{pmatrix} h_{t-1} \\ x_t \end{pmatrix} + b, \qquad c_t = f \odot c_{t-1} + i \odot g, \qquad h_t = o \odot \tanh(c_t).$$
#
# Look at the cell. From $c_t$ to $c_{t-1}$ there is no matrix and no tanh, only a factor $f$. Where the network holds a forget gate near 1, the gradient passes nearly unchanged, for as long as it likes. (The gates depend on $h_{t-1}$ as well, so there are other, shorter-lived paths beside this one.)

# %%
rng = np.random.default_rng(8)
n, T, d, k = 16, 60, 5, 32
x, zero = rng.normal(size=(n, T, d)), np.zeros((n, k))
at_the_end = np.zeros((n, T, k))
at_the_end[:, -1] = rng.normal(size=(n, k))
W_xh, W_hh = rng.normal(size=(4 * k, d)) / np.sqrt(d), rng.normal(size=(4 * k, k)) / np.sqrt(k)
lines = {
    "plain, $W_{hh}$ of size 0.9": (
        recurrent.rnn_backward(at_the_end, x, zero, W_xh[:k], 0.9 * W_hh[:k], np.zeros(k))[0],
        RED,
        "-",
    )
}
for open_by, color, style in ((0, ORANGE, "--"), (2, BLUE, "-."), (5, GREEN, ":")):
    b = np.zeros(4 * k)
    b[k : 2 * k] = open_by  # the forget gates
    dx = recurrent.lstm_backward(at_the_end, x, zero, zero, 0.5 * W_xh, 0.5 * W_hh, b)[0]
    lines[f"LSTM, forget bias {open_by} (f ≈ {1 / (1 + np.exp(-open_by)):.2f})"] = dx, color, style
fig, ax = plt.subplots()
for label, (dx, color, style) in lines.items():
    length = np.sqrt((dx**2).mean(axis=(0, 2)))
    ax.plot(np.arange(T)[::-1], length / length[-1], color=color, ls=style, label=label)
ax.set(
    yscale="log",
    ylim=(1e-16, 30),
    xlabel="steps before the loss",
    ylabel="gradient at the input, relative",
    title="Open forget gates carry the gradient back",
)
ax.legend(loc="lower left")
plt.show()

# %% [raw]
# # BEGIN QUESTION
# name: lstm_step
# points: 4
# forbids: [course_utils.recurrent.lstm_forward, torch.*, torch.lstm_cell]

# %% [markdown]
# ### Exercise 9.7 · lstm_step · ★★☆ · 15 minutes
#
# Take one step of an LSTM: return the new state and the new cell.
#
# **Layout.** The columns of $W$ meet $[h; x]$: the first $k$ belong to $h$, the last $d$ to $x$. Its $4k$ rows, and those of $b$, are the blocks of $i$, $f$, $o$ and $g$, in this order, $k$ rows each.
#
# **Shapes:** `x` $(n, d)$, `h` and `c` $(n, k)$, `W` $(4k, k + d)$, `b` $(4k,)$ → $h$ $(n, k)$, $c$ $(n, k)$.
#
# **Worked:** one unit, $W = 0$, $b = (0, \log 3, 0, 0)$, $c = 2$: $i = \frac12$, $f = \frac34$, $o = \frac12$, $g = 0$. So the new cell is $\frac34 \cdot 2 + \frac12 \cdot 0 = 1.5$, and the new state $\frac12 \tanh 1.5 = 0.453$.
#
# <details><summary>Hint 1</summary><code>np.concatenate([h, x], axis=1) @ W.T + b</code> is (n, 4k).</details>
# <details><summary>Hint 2</summary><code>np.split(a, 4, axis=1)</code> gives the four blocks. Three go through σ, the last through tanh.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Nothing fits:</b> the order of the blocks, or of h and x. Other libraries use other orders; torch's is i, f, g, o.</li>
# <li><b>The cell is right, the state isn't:</b> the state is o ⊙ tanh of the <i>new</i> cell.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def lstm_step(x, h, c, W, b):
    """Return the new state and cell, (n, k) each, for inputs x (n, d).

    W (4k, k + d) meets [h; x]; its blocks of rows, and those of b (4k,), are i, f, o, g.
    """
    # BEGIN SOLUTION
    a = np.concatenate([h, x], axis=1) @ W.T + b
    k = h.shape[1]
    gates = 1 / (1 + np.exp(-a[:, : 3 * k]))
    i, f, o = np.split(gates, 3, axis=1)
    g = np.tanh(a[:, 3 * k :])
    c = f * c + i * g
    return o * np.tanh(c), c
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_gates_by_hand(lstm_step):
    import numpy as np
    from course_utils.checks import check_call

    b = np.log([4.0, 3.0, 1.5, 2.0])  # σ(log a) = a / (1 + a), tanh(log 2) = 0.6
    cell = 0.75 * 2.0 + 0.8 * 0.6
    check_call(
        lstm_step,
        np.array([[5.0, 7.0, -1.0]]),
        np.array([[0.3]]),
        np.array([[2.0]]),
        np.zeros((4, 4)),
        b,
        expected=(np.array([[0.6 * np.tanh(cell)]]), np.array([[cell]])),
        mistakes={
            "The state is o ⊙ tanh(c): your tanh is missing.": (np.array([[0.6 * cell]]), np.array([[cell]])),
            "The old cell is forgotten altogether: add f ⊙ c.": (
                np.array([[0.6 * np.tanh(0.48)]]),
                np.array([[0.48]]),
            ),
            "You returned the cell first: the state comes first.": (
                np.array([[cell]]),
                np.array([[0.6 * np.tanh(cell)]]),
            ),
        },
    )


# %%
def test_one_step(lstm_step):
    import numpy as np
    from course_utils.checks import check_call

    rng = np.random.default_rng(9)
    x, h, c = rng.normal(size=(2, 3)), rng.normal(size=(2, 5)), rng.normal(size=(2, 5))
    W, b = rng.normal(size=(20, 8)) / 2, rng.normal(size=20)

    def sigma(a):
        return 1 / (1 + np.exp(-a))

    def step(order="ifog", flip=False, b=b):
        blocks = np.split(np.concatenate([x, h] if flip else [h, x], axis=1) @ W.T + b, 4, axis=1)
        a = dict(zip(order, blocks, strict=True))
        i, f, o, g = sigma(a["i"]), sigma(a["f"]), sigma(a["o"]), np.tanh(a["g"])
        return i, f, o, g, a

    i, f, o, g, a = step()
    new = f * c + i * g

    def shown(cell, gate=o):
        return gate * np.tanh(cell), cell

    def of(i, f, o, g, _):
        return shown(f * c + i * g, o)

    check_call(
        lstm_step,
        x,
        h,
        c,
        W,
        b,
        expected=(o * np.tanh(new), new),
        sizes={"n": 2, "d": 3, "k": 5},
        mistakes={
            "Your blocks are in torch's order i, f, g, o: here it is i, f, o, g.": of(*step("ifgo")),
            "You swapped the input gate and the forget gate: the first block is i, the second f.": of(
                *step("fiog")
            ),
            "You joined [x; h]: the first columns of W meet h.": of(*step(flip=True)),
            "The bias is missing.": of(*step(b=0.0)),
            "The state is o ⊙ tanh(c): your tanh is missing.": (o * new, new),
            "The output gate is missing: the state is o ⊙ tanh(c).": (np.tanh(new), new),
            "Your state shows the old cell: use the new one.": (o * np.tanh(c), new),
            "The proposal g goes through tanh, not through the sigmoid.": shown(f * c + i * sigma(a["g"])),
            "The input gate multiplies the proposal: i ⊙ g, not i + g.": shown(f * c + i + g),
            "The old cell is forgotten altogether: add f ⊙ c.": shown(i * g),
            "The forget gate is missing: the old cell is multiplied by f.": shown(c + i * g),
            "The forget gate multiplies the old cell, not the proposal.": shown(c + f * g),
            "You tied the gates: here f is a gate of its own, not 1 − i.": shown((1 - i) * c + i * g),
            "You returned the cell first: the state comes first.": (new, o * np.tanh(new)),
        },
    )


# %%
# HIDDEN
def test_random_sizes(lstm_step):
    import numpy as np
    from course_utils import recurrent
    from course_utils.checks import check_call

    rng = np.random.default_rng(907)
    for n, d, k in ((3, 2, 5), (1, 7, 1), (5, 1, 3), (2, 3, 2)):
        x, h, c = rng.normal(size=(n, d)), rng.normal(size=(n, k)), rng.normal(size=(n, k))
        W, b = rng.normal(size=(4 * k, k + d)), rng.normal(size=4 * k)
        rows = np.r_[0 : 2 * k, 3 * k : 4 * k, 2 * k : 3 * k]  # course_utils: i, f, g, o
        _, right = recurrent.lstm_forward(x[:, None], h, c, W[rows, k:], W[rows, :k], b[rows])
        _, torch_order = recurrent.lstm_forward(x[:, None], h, c, W[:, k:], W[:, :k], b)
        check_call(
            lstm_step,
            x,
            h,
            c,
            W,
            b,
            expected=right,
            sizes={"n": n, "d": d, "k": k},
            mistakes={
                "Your blocks are in torch's order i, f, g, o: here it is i, f, o, g.": torch_order,
            },
        )


# %%
# HIDDEN
def test_gates_wide_open_and_shut(lstm_step):
    import numpy as np
    from course_utils.checks import check_call

    c = np.array([[1.7, -0.4], [0.2, 3.1]])
    x, h, W = np.ones((2, 3)), np.zeros((2, 2)), np.zeros((8, 5))
    shut, wide = np.full(2, -50.0), np.full(2, 50.0)
    keeps = np.concatenate([shut, wide, wide, [0.9, -0.9]])
    check_call(lstm_step, x, h, c, W, keeps, expected=(np.tanh(c), c))
    replaces = np.concatenate([wide, shut, shut, [0.9, -0.9]])
    check_call(
        lstm_step, x, h, c, W, replaces, expected=(np.zeros((2, 2)), np.tanh([[0.9, -0.9], [0.9, -0.9]]))
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# Does it pay? The **adding problem** asks for memory and nothing else. A sequence of random numbers, two of them marked; the answer is the sum of those two. Who always says 1 has a mean squared error of $\frac16$. Both networks below see the same 3,000 sequences of 30 numbers.


# %%
class Adder(nn.Module):
    def __init__(self, cell):
        super().__init__()
        self.memory = cell(2, 32)
        self.head = nn.Linear(32, 1)

    def forward(self, x):
        h, _ = self.memory(x)
        return self.head(h[:, -1])[:, 0]


def squared_error(net, x, y):
    return ((net(x) - y) ** 2).mean()


train = [torch.tensor(part) for part in data.make_adding_problem(3000, 30, seed=0)]
test = [torch.tensor(part) for part in data.make_adding_problem(500, 30, seed=1)]
fig, ax = plt.subplots()
for cell, color, style in ((recurrent.RNN, RED, "--"), (recurrent.LSTM, BLUE, "-")):
    torch.manual_seed(0)
    history = training.fit(
        Adder(cell),
        squared_error,
        train,
        score=lambda net: -training.evaluate(net, squared_error, test),
        epochs=14,
        batch_size=50,
        learning_rate=1e-2,
        one_cycle=True,
        max_norm=1.0,
        progress=False,
    )
    errors = -np.array(history.score)
    ax.plot(range(1, 15), errors, color=color, ls=style, marker="o", label=cell.__name__)
    print(f"{cell.__name__}: mean squared error {errors[-1]:.4f} on 500 new sequences")
ax.axhline(1 / 6, color="black", lw=1, ls=":", label="always 1")
ax.set(
    yscale="log",
    xlabel="epoch",
    ylabel="mean squared error, new sequences",
    title="The adding problem over 30 steps: who remembers?",
)
ax.legend()
plt.show()

# %% [markdown]
# Same data, same size of state, same optimizer. (The LSTM has four times the weights, but it isn't size that the plain network lacks: it would have to carry a number over up to 29 steps unharmed.) Plain networks *can* learn this, with orthogonal weights, care and luck. The LSTM doesn't need the luck.
#
# What do gates do in a network that has learned something? Below are the 128 units of the network that has read Austen.
#
# **Try:**
#
# 1. Run through the units. Find one that forgets at every space, and one that hardly forgets at all.
# 2. Choose the sentence with quotation marks. Is there a unit that changes where the speech begins?

# %%
GatesExplorer()

# %% [markdown]
# ## 9.7 A model of text
#
# Give a network a text one letter at a time and ask at each for the next: the text is its own label. The loss is the cross-entropy, the mean of $-\log p(\text{the letter that came})$.
#
# A mean in nats is hard to picture. Its exponential isn't: the **perplexity**
#
# $$\operatorname{PP} = \exp\left(-\frac1N \sum_{j=1}^N \log p_j\right)$$
#
# is the number of letters among which the model hesitates, on average. Guessing evenly among 74 letters gives 74; knowing the text by heart gives 1. Its base-2 logarithm is the number of **bits** that one letter costs.

# %% [raw]
# # BEGIN QUESTION
# name: perplexity
# points: 4
# forbids: [torch.*]

# %% [markdown]
# ### Exercise 9.8 · perplexity · ★★☆ · 10 minutes
#
# Compute the perplexity of a batch. Sequences are of different lengths, so the shorter ones are padded: `mask` is `True` at real tokens, and $N$ counts those alone. What stands at padded places may be anything, even $-\infty$.
#
# **Shapes:** `log_probs` $(n, T, V)$, natural logarithms of the probabilities of all $V$ tokens; `targets` $(n, T)$, the tokens that came; `mask` $(n, T)$, booleans → one number.
#
# **Worked:** three real tokens had the probabilities $\frac12, \frac14, \frac18$. The mean of $-\log p$ is $\frac{1 + 2 + 3}{3}\log 2 = 2 \log 2$, and $\operatorname{PP} = 4$.
#
# <details><summary>Hint 1</summary><code>np.take_along_axis(log_probs, targets[..., None], axis=2)[..., 0]</code> picks the logarithms of what came, (n, T).</details>
# <details><summary>Hint 2</summary>Index with the mask, <code>picked[mask]</code>, and average what is left. Multiplying by the mask isn't enough: −∞ times 0 is NaN.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Too small or too large by little:</b> padding counts, or you averaged sequence by sequence: short ones would weigh as much as long ones.</li>
# <li><b>Much too large:</b> the exponential is taken once, of the mean. The mean of exponentials is ruled by the worst letter.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def perplexity(log_probs, targets, mask):
    """Return exp of the mean of −log p(target) over the places where mask is True.

    log_probs is (n, T, V), targets (n, T) integers, mask (n, T) booleans.
    """
    # BEGIN SOLUTION
    picked = np.take_along_axis(log_probs, targets[..., None], axis=2)[..., 0]
    return np.exp(-np.mean(picked[mask]))
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_two_sequences_by_hand(perplexity):
    import numpy as np
    from course_utils.checks import check_call

    p = np.array([[[0.5, 0.3, 0.2], [0.25, 0.25, 0.5]], [[0.6, 0.125, 0.275], [0.05, 0.05, 0.9]]])
    targets, mask = np.array([[0, 1], [1, 2]]), np.array([[True, True], [True, False]])
    check_call(
        perplexity,
        np.log(p),
        targets,
        mask,
        expected=4.0,  # the cube root of 2 · 4 · 8
        mistakes={
            "Padding counts in your mean: keep the places where the mask is True.": (64 / 0.9) ** 0.25,
            "You set padding to zero but divided by all places: divide by the number of real tokens.": 64
            ** 0.25,
            "You averaged exponentials: take the mean first, and exp once, at the end.": 14 / 3,
            "That is the mean loss: its exponential is missing.": 2 * np.log(2),
            "The sign is missing: it is exp of minus the mean log probability.": 0.25,
            "You summed: the exponent is a mean.": 64.0,
        },
    )


# %%
def test_sequences_of_different_lengths(perplexity):
    import numpy as np
    from course_utils.checks import check_call

    rng = np.random.default_rng(10)
    scores = rng.normal(size=(3, 5, 7))
    log_probs = scores - np.log(np.exp(scores).sum(axis=2, keepdims=True))
    targets = rng.integers(0, 7, (3, 5))
    mask = np.arange(5) < np.array([[5], [2], [3]])
    picked = np.take_along_axis(log_probs, targets[..., None], axis=2)[..., 0]
    real, rows = picked[mask], [row[keep] for row, keep in zip(picked, mask, strict=True)]
    mean = -real.mean()
    check_call(
        perplexity,
        log_probs,
        targets,
        mask,
        expected=np.exp(mean),
        mistakes={
            "Padding counts in your mean: keep the places where the mask is True.": np.exp(-picked.mean()),
            "You set padding to zero but divided by all places: divide by the number of real tokens.": np.exp(
                -real.sum() / 15
            ),
            "You averaged sequence by sequence, so short ones count too much: average over all real tokens.": np.exp(
                -np.mean([row.mean() for row in rows])
            ),
            "You averaged the perplexities of the sequences: take one mean over all real tokens.": np.mean(
                [np.exp(-row.mean()) for row in rows]
            ),
            "You averaged exponentials: take the mean first, and exp once, at the end.": np.exp(-real).mean(),
            "The logarithms are natural, so the base is e: you used 2.": 2**mean,
            "That is the mean loss: its exponential is missing.": mean,
            "The sign is missing: it is exp of minus the mean log probability.": np.exp(-mean),
            "You summed: the exponent is a mean.": np.exp(-real.sum()),
            "You averaged the probabilities: average their logarithms.": 1 / np.exp(real).mean(),
            "You took the likeliest token's probability: take that of the token that came.": np.exp(
                -log_probs.max(axis=2)[mask].mean()
            ),
        },
    )


# %%
# HIDDEN
def test_against_torch_with_anything_in_the_padding(perplexity):
    import numpy as np
    import torch
    from course_utils.checks import check_call

    rng = np.random.default_rng(908)
    for n, T, V in ((2, 7, 3), (5, 3, 11), (1, 13, 2)):
        scores, targets = rng.normal(0, 2, (n, T, V)), rng.integers(0, V, (n, T))
        mask = np.arange(T) < rng.integers(1, T + 1, (n, 1))
        log_probs = torch.tensor(scores).log_softmax(dim=2).numpy()
        wanted = torch.tensor(np.where(mask, targets, -1)).flatten()
        loss = torch.nn.functional.cross_entropy(torch.tensor(scores).flatten(0, 1), wanted, ignore_index=-1)
        check_call(
            perplexity,
            np.where(mask[..., None], log_probs, -np.inf),
            targets,
            mask,
            expected=float(loss.exp()),
        )


# %%
# HIDDEN
def test_one_token_certainty_and_no_idea(perplexity):
    import numpy as np
    from course_utils.checks import check_call

    everywhere = np.ones((2, 3), bool)
    even = np.full((2, 3, 5), -np.log(5.0))
    check_call(perplexity, even, np.array([[0, 4, 2], [1, 1, 3]]), everywhere, expected=5.0)
    with np.errstate(divide="ignore"):
        sure = np.log(np.eye(5)[[[0, 4, 2], [1, 1, 3]]])
    check_call(perplexity, sure, np.array([[0, 4, 2], [1, 1, 3]]), everywhere, expected=1.0)
    check_call(
        perplexity, np.log([[[0.2, 0.8]]]), np.array([[0]]), np.array([[True]]), expected=5.0, sizes={"V": 2}
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# Now train one, on the first nine tenths of *Pride and Prejudice*: an LSTM of 128 units, two passes, about twenty seconds. The last tenth of the novel is the test. As it reads rows of 65 letters, the gradient goes back 64 steps and no further; this is called **truncated** backpropagation through time.

# %%
text = data.load_austen()
novel = torch.tensor(vocabulary.encode(text))
cut = len(novel) * 9 // 10
rows = novel[: cut // 65 * 65].reshape(-1, 65)
unread = novel[cut:]
unread = unread[: len(unread) // 101 * 101].reshape(-1, 101)


def letter_loss(net, rows):
    return net.loss(rows)


torch.manual_seed(0)
young_net = recurrent.CharacterModel(len(vocabulary), hidden=128)
history = training.fit(
    young_net,
    letter_loss,
    (rows,),
    epochs=2,
    batch_size=20,
    learning_rate=1e-2,
    one_cycle=True,
    max_norm=1.0,
    progress=False,
)
young_net.cpu()

counts = np.bincount(novel[:cut], minlength=len(vocabulary)) + 1.0
pairs = np.ones((len(vocabulary), len(vocabulary)))
np.add.at(pairs, (novel[: cut - 1].numpy(), novel[1:cut].numpy()), 1)
first, second = unread[:, :-1].numpy(), unread[:, 1:].numpy()
perplexities = {
    "even guessing": len(vocabulary),
    "how common each letter is": np.exp(-np.log(counts / counts.sum())[second].mean()),
    "the same, given the letter before": np.exp(
        -np.log(pairs / pairs.sum(axis=1, keepdims=True))[first, second].mean()
    ),
    "your LSTM, two passes": np.exp(training.evaluate(young_net, letter_loss, (unread,))),
    "the course's LSTM (has read the test too)": np.exp(
        training.evaluate(austen_net, letter_loss, (unread,))
    ),
}
fig, ax = plt.subplots(figsize=(8, 3.2))
bars = ax.barh(list(perplexities), list(perplexities.values()), color=["0.7", "0.7", "0.7", BLUE, ORANGE])
ax.bar_label(
    bars, labels=[f"{value:.1f}  ({np.log2(value):.2f} bits)" for value in perplexities.values()], padding=4
)
ax.invert_yaxis()
ax.grid(axis="y", visible=False)
ax.set(
    xscale="log",
    xlim=(1, 250),
    xlabel="perplexity, last tenth of the novel",
    title="The further it can look back, the less it hesitates",
)
plt.show()
if solved(perplexity):
    with torch.no_grad():
        log_probs = young_net(unread[:50, :-1])[0].log_softmax(dim=2).numpy().astype(float)
    everywhere = np.ones((50, 100), bool)
    print(
        f"your perplexity function, on 50 rows: {perplexity(log_probs, unread[:50, 1:].numpy(), everywhere):.2f}"
    )

# %% [markdown]
# Honest reading: the two LSTMs can't be compared fairly. The course's network was trained with the last tenth included and for longer, so its number is a training result. Yours is a test result. Both would improve with more units and more passes.
#
# ### Letting it write
#
# Draw a letter from what the network predicts, feed it back in, draw the next. A **temperature** $T$ says how boldly:
#
# $$p_j = \frac{e^{z_j / T}}{\sum_l e^{z_l / T}}.$$
#
# As $T \to 0$ the largest logit takes all; $T = 1$ is what the model believes; as $T \to \infty$ all letters are equally likely.

# %%
with torch.no_grad():
    logits = austen_net(torch.tensor(vocabulary.encode("said Mr. "))[None])[0][0, -1]
likely = logits.argsort(descending=True)[:8]
fig, axes = plt.subplots(1, 3, figsize=(11, 3), sharey=True)
for ax, temperature, color in zip(axes, (0.3, 1.0, 3.0), (BLUE, GREEN, ORANGE), strict=True):
    chances = (logits / temperature).softmax(dim=0)
    ax.bar(range(8), chances[likely], color=color)
    ax.set_xticks(range(8), list(vocabulary.decode(likely)))
    ax.set(title=f"T = {temperature:g}: others {1 - chances[likely].sum():.0%}", xlabel="next letter")
    ax.grid(axis="x", visible=False)
axes[0].set_ylabel("probability")
fig.suptitle("After “said Mr. ”: the colder, the surer")
plt.show()

# %% [raw]
# # BEGIN QUESTION
# name: sample_with_temperature
# points: 4
# forbids: [course_utils.recurrent.sample]

# %% [markdown]
# ### Exercise 9.9 · sample_with_temperature · ★★☆ · 10 minutes
#
# Draw one token from $\operatorname{softmax}(z/T)$, with the random generator `rng` that is passed in. It must work for logits of $\pm 1000$ and for small temperatures.
#
# **Shapes:** `logits` $z$ $(V,)$, `T` $> 0$, `rng` a `np.random.Generator` → one integer from $0$ to $V - 1$.
#
# **Worked:** $z = (2, 1, 0)$. At $T = 1$ the probabilities are $0.665, 0.245, 0.090$; at $T = 0.5$ they are $0.867, 0.117, 0.016$; at $T = 2$, $0.506, 0.307, 0.186$.
#
# <details><summary>Hint 1</summary>Divide by T, subtract the largest entry, and only then take exponentials.</details>
# <details><summary>Hint 2</summary><code>rng.choice(len(p), p=p)</code> draws an index with the probabilities p.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>T makes no difference:</b> dividing the <i>probabilities</i> by T and normalising again cancels T. It belongs inside the exponential.</li>
# <li><b>Cold is wild and hot is tame:</b> you multiplied by T.</li>
# <li><b>Probabilities contain NaN:</b> the exponential overflowed. Subtract the maximum first.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def sample_with_temperature(logits, T, rng):
    """Return one token, drawn by rng from softmax(logits / T); logits is (V,)."""
    # BEGIN SOLUTION
    scaled = logits / T
    p = np.exp(scaled - scaled.max())
    return int(rng.choice(len(p), p=p / p.sum()))
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_cold_is_nearly_greedy(sample_with_temperature):
    import numpy as np
    from course_utils.checks import check_true, checked_call

    logits = np.zeros(20)
    logits[13] = 3.0  # T = ½ makes it 19 times as likely as all others together
    draws = [checked_call(sample_with_temperature, logits, 0.5, np.random.default_rng(s)) for s in range(120)]
    check_true(
        all(np.ndim(token) == 0 and token == int(token) for token in draws),
        "Return one token: a whole number, not an array.",
    )
    check_true(
        all(0 <= token < 20 for token in draws), "Your token is no index of the logits: count from zero."
    )
    share = np.mean([token == 13 for token in draws])
    seen = f"share of the likeliest token in 120 draws: {share:.2f}"
    weight = np.exp(logits)
    check_true(
        abs(share - weight[13] / weight.sum()) > 0.15,
        "T makes no difference in your draws: divide the logits by T, inside the exponential.",
        seen,
    )
    weight = np.exp(logits * 0.5)
    check_true(
        abs(share - weight[13] / weight.sum()) > 0.12,
        "You multiplied by T: a low temperature must make the draws nearly greedy, so divide.",
        seen,
    )
    check_true(share > 0.75, "At a low temperature the largest logit should nearly always win.", seen)


# %%
def test_hot_is_bolder(sample_with_temperature):
    import numpy as np
    from course_utils.checks import check_true, checked_call

    logits = np.zeros(10)
    logits[3] = 5.0  # at T = 2.5 it has a share of 0.45
    draws = [checked_call(sample_with_temperature, logits, 2.5, np.random.default_rng(s)) for s in range(150)]
    share = np.mean([token == 3 for token in draws])
    seen = f"share of the likeliest token in 150 draws: {share:.2f}, expected about 0.45"
    check_true(len(set(draws)) > 1, "You always return the same token: draw it, with rng.", seen)
    again = [checked_call(sample_with_temperature, logits, 2.5, np.random.default_rng(s)) for s in range(20)]
    check_true(again == draws[:20], "Draw with the rng that is passed in: from one state it draws one token.")
    check_true(
        share > 0.2, "All tokens are nearly equally likely in your draws: a larger logit is likelier.", seen
    )
    check_true(share < 0.7, "At a high temperature the largest logit should win less often.", seen)


# %%
# HIDDEN
def test_the_shares_of_three_tokens(sample_with_temperature):
    import numpy as np
    from course_utils.checks import check_true, checked_call

    shares = np.array([0.12, 0.6, 0.28])
    for T in (1.0, 3.0):
        logits = T * np.log(shares) + 7.0
        draws = [
            checked_call(sample_with_temperature, logits, T, np.random.default_rng([909, s]))
            for s in range(95)
        ]
        found = np.bincount(np.array(draws, int), minlength=3) / 95
        check_true(
            np.abs(found - shares).max() < 0.24, "Your draws don't follow the softmax of the logits over T."
        )


# %%
# HIDDEN
def test_large_logits_and_cold(sample_with_temperature):
    import numpy as np
    from course_utils.checks import check_true, checked_call

    for logits, T, best in (
        (np.array([-1000.0, 1000.0, 0.0]), 1.0, 1),
        (np.array([1000.0, 990.0, -5.0, 3.0]), 0.1, 0),
        (np.array([1.0, 2.0, 3.0, 2.5]), 1e-3, 2),
        (np.array([-1000.0, -2000.0]), 0.7, 0),
        (np.array([4.2]), 1.3, 0),
    ):
        for seed in range(5):
            token = checked_call(sample_with_temperature, logits, T, np.random.default_rng(seed))
            check_true(token == best, "One logit is far above all others: it should be drawn for certain.")


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# The network that you have just trained, at four temperatures. All start from "Mr. ".

# %%
for temperature in (0.3, 0.7, 1.0, 1.5):
    drawn = recurrent.sample(young_net, vocabulary.encode("Mr. "), 150, temperature, seed=4)
    print(f"T = {temperature}: Mr. {' '.join(vocabulary.decode(drawn).split())}\n")

# %% [markdown]
# Too cold repeats itself, too hot can't spell. In between you get words, commas, and now and then a turn of phrase; you don't get sense.
#
# And now without torch. A trained LSTM is nothing but its matrices and **your** `lstm_step`. The course's network keeps $W_{xh}$ and $W_{hh}$ apart and has torch's order i, f, g, o, so put them together and reorder the rows first.


# %%
def as_one_matrix(W_xh, W_hh, b):
    """W (4k, k + d) and b for lstm_step from torch's layout: [h; x], and rows i, f, o, g."""
    i, f, g, o = np.split(np.arange(len(b)), 4)
    order = np.concatenate([i, f, o, g])
    return np.hstack([W_hh, W_xh])[order], b[order]


if solved(lstm_step, sample_with_temperature):
    letters, out = austen_net.embedding.weight, austen_net.head
    memory = austen_net.memory
    parts = letters, memory.W_xh[0], memory.W_hh[0], memory.b[0], out.weight, out.bias
    letters, W_xh, W_hh, b, W_out, b_out = (part.detach().numpy().astype(float) for part in parts)
    W, b = as_one_matrix(W_xh, W_hh, b)
    rng = np.random.default_rng(0)
    h, c, written = np.zeros((1, 128)), np.zeros((1, 128)), "Mr. Darcy "
    for t in range(300):
        number = vocabulary.encode(written[t])
        h, c = lstm_step(letters[number], h, c, W, b)
        if t + 1 == len(written):
            written += vocabulary.decode([sample_with_temperature((h @ W_out.T + b_out)[0], 0.6, rng)])
    print(" ".join(written.split()))
    with torch.no_grad():
        scores, _ = austen_net(torch.tensor(vocabulary.encode(written[:300]))[None])
    last = scores[0, -1].numpy()
    print("the same logits as torch's:", np.allclose((h @ W_out.T + b_out)[0], last, atol=1e-2))

# %% [markdown]
# ## 9.8 The likeliest sequence: beam search
#
# Sometimes you don't want variety. A translation or a caption should be the **likeliest** sequence,
#
# $$\arg\max_{s_1 \dots s_L} \sum_{t=1}^{L} \log p(s_t \mid s_1, \dots, s_{t-1}).$$
#
# There are $V^L$ of them: too many to try. Taking the likeliest token each time (**greedy**) is fast, and can walk into a trap: a good first step with only poor ones after it. **Beam search** keeps the $k$ best sequences so far. At each step it continues each of them in all $V$ ways, and of these $kV$ keeps the $k$ best **in total**.

# %%
tree = {"a": (0.5, {"a": 0.3, "b": 0.36, "c": 0.34}), "b": (0.4, {"a": 0.9, "b": 0.06, "c": 0.04}), "c": (0.1, {"a": 0.2, "b": 0.5, "c": 0.3})}  # fmt: skip
fig, ax = plt.subplots(figsize=(9, 4.2))
everything = {one + two: p * q for one, (p, following) in tree.items() for two, q in following.items()}
ranks = sorted(everything, key=everything.get, reverse=True)
for row, (one, (p, following)) in enumerate(tree.items()):
    kept = row < 2
    ax.plot([0, 1], [-4, -1 - 3 * row], color=BLUE if kept else "0.75", ls="-" if kept else "--")
    ax.text(
        0.97, (-0.72, -3.72, -7.45)[row], f"{one}  {p:g}", ha="right", weight="bold" if kept else "normal"
    )
    for column, two in enumerate(following):
        y, best = -3 * row - column, one + two in ranks[:2]
        ax.plot([1, 2], [-1 - 3 * row, y], color=BLUE if best else "0.75", ls="-" if best else "--")
        mark = (
            "  ← the likeliest"
            if one + two == ranks[0]
            else "  ← greedy ends here"
            if one + two == "ab"
            else ""
        )
        ax.text(
            2.04,
            y,
            f"{one}{two}  {everything[one + two]:.3g}{mark}",
            va="center",
            weight="bold" if best else "normal",
        )
ax.set(
    xlim=(-0.1, 3.2), ylim=(-8.6, 0.6), title="Width 2 (solid): the second best first step wins in the end"
)
ax.axis("off")
plt.show()

# %% [raw]
# # BEGIN QUESTION
# name: beam_search
# points: 4
# forbids: [course_utils.recurrent.beam_search]

# %% [markdown]
# ### Exercise 9.10 · beam_search · ★★★ · 25 minutes
#
# Search for likely sequences of `length` tokens after `start`. You are given a function `step`: it takes an array of $b$ sequences so far, $(b, t)$, each beginning with `start`, and returns the log probabilities of every next token, $(b, V)$.
#
# Begin with one empty sequence of log probability 0. Then `length` times: ask `step`, add, and of all continuations keep the `width` best (all, if there are fewer). Return a list of tuples `(tokens, log_prob)`, the likeliest first; `tokens` is a list of integers **without** `start`, `log_prob` the sum over its tokens.
#
# **Shapes:** `start` a list of at least one token, `width` and `length` whole numbers $\ge 1$ → list of at most `width` tuples.
#
# **Worked:** in the picture, with tokens a, b, c = 0, 1, 2, width 2, length 2: after one step the beams are $[0]$ with $\log 0.5$ and $[1]$ with $\log 0.4$. Their best continuations are $[1, 0]$ with $\log 0.36$ and $[0, 1]$ with $\log 0.18$, and that is the answer.
#
# <details><summary>Hint 1</summary>Keep a list <code>beams = [([], 0.0)]</code>. What <code>step</code> needs is <code>np.array([start + tokens for tokens, _ in beams])</code>: one call for all beams.</details>
# <details><summary>Hint 2</summary>Build the list of all continuations, <code>(tokens + [v], log_prob + scores[row, v])</code>, sort it by the second entry, largest first, and cut it off.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>The same sequence several times:</b> you began with <code>width</code> copies of the start.</li>
# <li><b>It is greedy at heart:</b> you keep the best for each beam, or forget to add up.</li>
# <li><b>Zero or −∞ for long sequences:</b> add logarithms. Products of probabilities underflow.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def beam_search(step, start, width, length):
    """Return the likeliest continuations of start as a list of (tokens, log probability), best first.

    step takes sequences (b, t) and returns log probabilities (b, V); width beams are kept at each of length steps.
    """
    # BEGIN SOLUTION
    beams = [([], 0.0)]
    for _ in range(length):
        scores = step(np.array([[*start, *tokens] for tokens, _ in beams]))
        ways = [
            ([*tokens, v], log_prob + scores[row, v])
            for row, (tokens, log_prob) in enumerate(beams)
            for v in range(scores.shape[1])
        ]
        beams = sorted(ways, key=lambda way: way[1], reverse=True)[:width]
    return beams
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_the_second_best_first_step_wins(beam_search):
    import numpy as np
    from course_utils.checks import check_call, check_true, checked_call

    table = np.log(
        [[0.3, 0.36, 0.34], [0.9, 0.06, 0.04], [0.2, 0.5, 0.3], [0.5, 0.4, 0.1]]  # after a, b, c, the start
    )
    asked = []

    def step(sequences):
        asked.append(len(sequences))
        return table[np.asarray(sequences)[:, -1]]

    a, b = np.log([0.36, 0.18])
    check_call(
        beam_search,
        step,
        [3],
        2,
        2,
        expected=[([1, 0], a), ([0, 1], b)],
        mistakes={
            "You went on from the best beam alone: keep the width best.": [
                ([0, 1], b),
                ([0, 2], np.log(0.17)),
            ],
            "Your search is greedy: it returns one sequence.": [([0, 1], b)],
            "Leave out the start: return the new tokens alone.": [([3, 1, 0], a), ([3, 0, 1], b)],
            "The likeliest sequence comes first.": [([0, 1], b), ([1, 0], a)],
            "These are probabilities: return their logarithms.": [([1, 0], 0.36), ([0, 1], 0.18)],
            "You began with several copies of the start, so a sequence comes twice: begin with one.": [
                ([0, 1], b),
                ([0, 1], b),
            ],
            "Only the last step counts in your log probability: add it to that of the sequence so far.": [
                ([1, 0], np.log(0.9)),
                ([0, 1], np.log(0.36)),
            ],
        },
    )
    asked.clear()
    checked_call(beam_search, step, [3], 2, 4)
    check_true(
        sum(asked) <= 7,
        "You go on from too many sequences: after each step keep the width best of all, and no more.",
        f"width 2, length 4: sequences that step was asked about: {asked}; expected [1, 2, 2, 2]",
    )


# %%
def test_four_steps(beam_search):
    import numpy as np
    from course_utils import recurrent
    from course_utils.checks import check_call

    rng = np.random.default_rng(11)
    scores = 2 * rng.normal(size=(5, 5, 5))
    table = scores - np.log(np.exp(scores).sum(axis=2, keepdims=True))  # after the last two tokens

    def step(sequences):
        sequences = np.asarray(sequences)
        return table[sequences[:, -2], sequences[:, -1]]

    def search(copies=1, add=True, each=False):
        beams = [([], 0.0)] * copies
        for _ in range(4):
            ways = []
            for tokens, total in beams:
                row = step(np.array([[2, 4, *tokens]]))[0]
                own = [([*tokens, v], total * add + float(row[v])) for v in range(5)]
                ways += sorted(own, key=lambda way: -way[1])[: 1 if each and tokens else 5]
            beams = sorted(ways, key=lambda way: -way[1])[:3]
        return beams

    check_call(
        beam_search,
        step,
        [2, 4],
        3,
        4,
        expected=recurrent.beam_search(step, [2, 4], 3, 4),
        mistakes={
            "You began with several copies of the start, so a sequence comes twice: begin with one.": search(
                3
            ),
            "Only the last step counts in your log probability: add it to that of the sequence so far.": search(
                add=False
            ),
            "Each beam kept its own best way on: rank all continuations together.": search(each=True),
        },
    )


# %%
# HIDDEN
def test_random_models(beam_search):
    import numpy as np
    from course_utils import recurrent
    from course_utils.checks import check_call, check_true

    rng = np.random.default_rng(910)
    for V, width, length, start in ((3, 2, 7, [0]), (7, 5, 3, [6, 1]), (2, 3, 5, [1, 1, 0]), (11, 1, 4, [5])):
        scores = rng.normal(0, 2, size=(97, V))
        table = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        asked = []

        def step(sequences, table=table, asked=asked):
            sequences = np.asarray(sequences)
            asked.append(len(sequences))
            places = 1 + np.arange(sequences.shape[1])
            return table[(sequences * places**2 + places).sum(axis=1) % 97]  # the whole history counts

        expected = recurrent.beam_search(step, start, width, length)
        asked.clear()
        check_call(beam_search, step, start, width, length, expected=expected, sizes={"V": V})
        check_true(
            sum(asked) <= 1 + width * (length - 1),
            "You go on from too many sequences: after each step keep the width best of all, and no more.",
        )


# %%
# HIDDEN
def test_everything_kept_long_sequences_and_one_step(beam_search):
    import numpy as np
    from course_utils.checks import check_call

    table = np.log([[0.5, 0.3, 0.2], [0.1, 0.33, 0.57], [0.45, 0.15, 0.4]])

    def step(sequences):
        return table[np.asarray(sequences)[:, -1]]

    every = [([u, v], table[1, u] + table[u, v]) for u in range(3) for v in range(3)]
    every.sort(key=lambda way: -way[1])
    check_call(beam_search, step, [1], 100, 2, expected=every)
    check_call(beam_search, step, [2], 2, 1, expected=[([0], np.log(0.45)), ([2], np.log(0.4))])

    def unlikely(sequences):
        return np.tile([-30.0, -41.0], (len(sequences), 1))

    check_call(
        beam_search,
        unlikely,
        [0],
        1,
        37,
        expected=[([0] * 37, -1110.0)],
        mistakes={
            "Your log probability is minus infinity: add logarithms instead of multiplying probabilities.": [
                ([0] * 37, -np.inf)
            ]
        },
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# Watch it at work on the network that has read Austen.
#
# **Try:**
#
# 1. Set the width to 1: that is greed. Widen until the winner changes. How much likelier is it?
# 2. Follow a dashed branch. At which step was it dropped, and which beams took its place?

# %%
BeamExplorer()

# %% [markdown]
# Is the likeliest text a good text? Search for the next 40 letters with your own function:


# %%
def austen_step(sequences):
    with torch.no_grad():
        scores, _ = austen_net(torch.as_tensor(np.asarray(sequences)))
    return scores[:, -1].log_softmax(dim=1).numpy().astype(float)


if solved(beam_search):
    start = vocabulary.encode("Elizabeth ").tolist()
    for width in (1, 3, 10, 30):
        tokens, log_prob = beam_search(austen_step, start, width, 40)[0]
        print(f"width {width:>2}: log probability {log_prob:6.2f}  Elizabeth {vocabulary.decode(tokens)!r}")
    drawn = recurrent.sample(austen_net, start, 40, 1.0, seed=1)
    drawn_log_prob = sum(austen_step([start + drawn[:t].tolist()])[0, drawn[t]] for t in range(40))
    print(f"drawn:    log probability {drawn_log_prob:6.2f}  Elizabeth {vocabulary.decode(drawn)!r}")

# %% [markdown]
# A wider beam usually finds something likelier, though no law says that it must: a sequence kept by a narrow beam can be crowded out of a wider one and come back too late. And the likeliest text is rarely the most interesting: people don't write the most predictable letter each time. Beams are for tasks with one right answer, sampling for tasks with many.
#
# ## 9.9 Attention: look where it matters
#
# A translator that reads *the 8th of March, 2001* has to press all of it into one last state. **Attention** lets the writer look back instead. At each step it asks a question, the **query** $q$. Each place $j$ of the input offers a **key** $k_j$, by which it is found, and a **value** $v_j$, which is what it has to say:
#
# $$w_j = \operatorname{softmax}_j\left(\frac{q \cdot k_j}{\sqrt d}\right), \qquad \text{context} = \sum_j w_j v_j.$$
#
# The context is a weighted mean of the values. (The $\sqrt d$ keeps the softmax from saturating: the dot product of two random vectors of length $d$ has a standard deviation of $\sqrt d$.)
#
# Look again at the translator of section 9.2. Each row is a digit that it writes, each column a letter of the date as it was written.

# %%
fig, axes = plt.subplots(1, 3, figsize=(13, 4.4))
chosen = [
    next(i for i, (text_, _) in enumerate(new_dates) if pattern in text_) for pattern in ("the ", "/", ", ")
]
for ax, row in zip(axes, chosen, strict=True):
    given, made = new_dates[row][0], date_letters.decode(written_dates[row, 1:])
    ax.imshow(looked_back[row, :, -len(given) :], cmap="cividis", vmin=0, vmax=1, aspect="auto")
    ax.set_xticks(range(len(given)), list(given), fontsize=9)
    ax.set_yticks(range(10), list(made))
    ax.set(xlabel="read", title=made)
    ax.grid(visible=False)
axes[0].set_ylabel("written")
fig.suptitle("Bright: where the translator looks before it writes a digit")
plt.show()

# %% [markdown]
# Nobody told it which letters belong to which digit. The picture isn't always tidy. A note at one letter knows of the letters before it, so the translator may as well look one letter further on; and what it needs may already be in the last state, or in the letter that it has just written.

# %% [raw]
# # BEGIN QUESTION
# name: attention
# points: 4
# forbids: [course_utils.captioning.attend, torch.*, torch.nn.functional.scaled_dot_product_attention]

# %% [markdown]
# ### Exercise 9.11 · attention · ★★☆ · 12 minutes
#
# Answer $m$ queries at once:
#
# $$A = \operatorname{softmax}\left(\frac{Q K^\top}{\sqrt d}\right), \qquad C = A V,$$
#
# with the softmax over the places, so that each **row** of $A$ sums to 1. Return the contexts $C$ and the weights $A$. Scores may be as large as 1000.
#
# **Shapes:** `query` $(m, d)$, `keys` $(n, d)$, `values` $(n, k)$ → $(m, k)$, $(m, n)$.
#
# **Worked:** one query $(1, 0)$, keys $(1, 0)$ and $(0, 1)$, values $3$ and $6$: scores $0.707$ and $0$, weights $0.670$ and $0.330$, context $0.670 \cdot 3 + 0.330 \cdot 6 = 3.991$.
#
# <details><summary>Hint 1</summary>The scores of all queries with all keys are <code>query @ keys.T</code>, (m, n).</details>
# <details><summary>Hint 2</summary>Subtract each row's maximum before <code>np.exp</code>, and divide by the row's sum; <code>keepdims=True</code> keeps rows as rows.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>All weights are 1 for a single query:</b> the softmax runs over the queries. It belongs over the places.</li>
# <li><b>Too sharp:</b> the √d is missing. <b>Too flat:</b> you divided by d.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def attention(query, keys, values):
    """Return contexts (m, k) and weights (m, n) for queries (m, d), keys (n, d) and values (n, k)."""
    # BEGIN SOLUTION
    scores = query @ keys.T / np.sqrt(keys.shape[1])
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    weights = e / e.sum(axis=1, keepdims=True)
    return weights @ values, weights
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_two_queries_five_places(attention):
    import numpy as np
    from course_utils.checks import check_call

    rng = np.random.default_rng(12)
    query, keys, values = rng.normal(size=(2, 3)), rng.normal(size=(5, 3)), rng.normal(size=(5, 7))
    scores = query @ keys.T

    def answer(scores, axis=1):
        e = np.exp(scores)
        weights = e / e.sum(axis=axis, keepdims=True)
        return weights @ values, weights

    root = scores / np.sqrt(3)
    hard = np.eye(5)[root.argmax(axis=1)]
    check_call(
        attention,
        query,
        keys,
        values,
        expected=answer(root),
        sizes={"m": 2, "n": 5, "d": 3, "k": 7},
        mistakes={
            "The √d is missing: divide the scores by it.": answer(scores),
            "You divided by d: divide by its root.": answer(scores / 3),
            "You multiplied by √d: divide.": answer(scores * np.sqrt(3)),
            "You took the root of the number of places: d is the length of a key.": answer(
                scores / np.sqrt(5)
            ),
            "Your weights sum to 1 over the queries: they must over the places, in each row.": answer(
                root, 0
            ),
            "You normalised over all queries together: each row sums to 1.": answer(root, (0, 1)),
            "The scores themselves are your weights: take their softmax.": (root @ values, root),
            "Your weights don't sum to 1: divide by the row's sum.": (np.exp(root) @ values, np.exp(root)),
            "You took the best place alone: the context is a mean of all values.": (hard @ values, hard),
            "You returned the weights first: the contexts come first.": answer(root)[::-1],
            "The weights are missing: return contexts and weights.": answer(root)[0],
            "The contexts are missing: return contexts and weights.": answer(root)[1],
        },
    )


# %%
def test_one_query(attention):
    import numpy as np
    from course_utils.checks import check_call

    query, keys = np.array([[1.0, -2.0]]), np.array([[0.5, 0.2], [-1.0, 1.0], [2.0, -0.3]])
    values = np.array([[3.0, 1.0], [-1.0, 4.0], [0.5, 0.7]])
    e = np.exp(query @ keys.T / np.sqrt(2))
    weights = e / e.sum()
    check_call(
        attention,
        query,
        keys,
        values,
        expected=(weights @ values, weights),
        sizes={"n": 3},
        mistakes={
            "Weights over places must sum to 1; yours are all 1: the softmax runs over the wrong axis.": (
                np.ones((1, 3)) @ values,
                np.ones((1, 3)),
            ),
            "You averaged the keys: the context is a mean of the values.": (weights @ keys, weights),
            "The √d is missing: divide the scores by it.": (
                np.exp(query @ keys.T) / np.exp(query @ keys.T).sum() @ values,
                np.exp(query @ keys.T) / np.exp(query @ keys.T).sum(),
            ),
        },
    )


# %%
# HIDDEN
def test_random_sizes_against_torch(attention):
    import numpy as np
    import torch
    from course_utils.checks import check_call

    rng = np.random.default_rng(911)
    for m, n, d, k in ((3, 7, 2, 5), (1, 11, 5, 1), (5, 1, 3, 2), (7, 5, 1, 3)):
        query, keys, values = rng.normal(size=(m, d)), rng.normal(size=(n, d)), rng.normal(size=(n, k))
        tensors = [torch.tensor(array)[None] for array in (query, keys, values)]
        contexts = torch.nn.functional.scaled_dot_product_attention(*tensors)[0].numpy()
        weights = torch.nn.functional.scaled_dot_product_attention(*tensors[:2], torch.eye(n)[None].double())
        check_call(
            attention,
            query,
            keys,
            values,
            expected=(contexts, weights[0].numpy()),
            sizes={"m": m, "n": n, "d": d, "k": k},
        )


# %%
# HIDDEN
def test_large_scores(attention):
    import numpy as np
    from course_utils import captioning
    from course_utils.checks import check_call

    query = np.array([[40.0, 3.0, -20.0], [-30.0, 50.0, 1.0], [-40.0, -40.0, -40.0]])
    keys = np.array([[30.0, -10.0, 2.0], [-4.0, 25.0, 20.0]])
    values = np.array([[1.0, 2.0, 3.0, 4.0, 5.0], [-1.0, 0.5, 7.0, 0.0, 2.0]])
    check_call(attention, query, keys, values, expected=captioning.attend(query, keys, values))
    check_call(attention, -query, keys, values, expected=captioning.attend(-query, keys, values))


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# The places needn't be letters. Cut a feature map into its $8 \times 8$ places, and a network can attend to parts of a **picture** while it describes it.
#
# **Try:**
#
# 1. Play it. When does it look at the first thing, when at the second, and when nowhere in particular?
# 2. Take other scenes until it makes a mistake. Did it look at the wrong place, or say the wrong word about the right one?

# %%
AttentionExplorer()

# %% [markdown]
# ## 9.10 Describe a picture
#
# Now take the caption network apart and run its decoder with **your** functions. Four convolutions have made a map of features; each of its 64 places has a key and a value. Before each word the LSTM's state asks a question, your `attention` answers it, and your `beam_search` decides which sentences to keep.
#
# Two details. Sentences begin and end with token 0. And your search has no idea of an end, so `step` gives it one: after a 0 only another 0 can follow, at no cost.


# %%
class Describer:
    """Captions of one picture, by the student's attention and beam search; remembers where it looked."""

    def __init__(self, image):
        with torch.no_grad():
            keys, values = caption_net.look(torch.tensor(image)[None])
        self.keys, self.values = keys[0].numpy().astype(float), values[0].numpy().astype(float)

    def step(self, sequences):
        sequences = np.asarray(sequences)
        with torch.no_grad():
            said = caption_net.embedding(torch.tensor(sequences))
            picture = torch.tensor(self.values.mean(axis=0)).float().expand_as(said)
            h, _ = caption_net.memory(torch.cat([said, picture], dim=2))
            question = caption_net.question(torch.cat([h, said], dim=2))[:, -1].numpy().astype(float)
            context, self.looked = attention(question, self.keys, self.values)
            answer = torch.tensor(context).float()
            logits = caption_net.head(torch.cat([h[:, -1], answer, said[:, -1]], dim=1))
        log_probs = logits.log_softmax(dim=1).numpy().astype(float)
        ended = (sequences[:, 1:] == 0).any(axis=1)
        log_probs[ended] = np.where(np.arange(len(words)) == 0, 0.0, -np.inf)
        return log_probs

    def describe(self, width):
        return beam_search(self.step, [0], width, 11)


if solved(attention, beam_search):
    describer = Describer(scenes.images[8])
    captions = describer.describe(3)
    for tokens, log_prob in captions:
        print(f"{np.exp(log_prob):7.2%}  {words.decode(tokens)}")
    best = [0, *captions[0][0]]
    fig, axes = plt.subplots(2, 5, figsize=(12, 5.4))
    picture = scenes.images[8].transpose(1, 2, 0)
    for t, ax in enumerate(axes.flat):
        describer.step([best[: t + 1]])
        place = describer.looked[0].reshape(8, 8)
        ax.imshow(0.35 * picture + 0.65 * picture * np.kron(place / place.max(), np.ones((8, 8)))[..., None])
        word = words.words[best[t + 1]] or "(end)"
        ax.set(title=word, xticks=[], yticks=[])
        ax.title.set_ha("center")
        ax.title.set_position((0.5, 1))
    fig.suptitle("Where it looks before each word: bright places count most")
    plt.show()

# %% [markdown]
# How often is it right? Count a caption only if every word is, on 400 scenes that it has never seen. Then show it something that it was never taught: scenes of three things.

# %%
tokens, _ = caption_net.describe(torch.tensor(scenes.images))
said = [words.decode(row.tolist()) for row in tokens]
exact = [mine == truth for mine, truth in zip(said, scenes.captions, strict=True)]
crowded = data.make_scenes(3, least=3, most=3, seed=5)
said_of_three = [words.decode(row.tolist()) for row in caption_net.describe(torch.tensor(crowded.images))[0]]
hardest = np.argsort(exact)[:3]  # its mistakes first
fig, axes = plt.subplots(2, 3, figsize=(12, 6.6))
shown = [(scenes.images[i], said[i], scenes.captions[i]) for i in hardest]
shown += [(image, mine, "") for image, mine in zip(crowded.images, said_of_three, strict=True)]
for ax, (image, mine, truth) in zip(axes.flat, shown, strict=True):
    ax.imshow(image.transpose(1, 2, 0))
    ax.set(xticks=[], yticks=[], xlabel=f"in truth: {truth}" if truth else "three things: not in its world")
    ax.set_title(mine, fontsize=9)
    ax.xaxis.label.set_fontsize(9)
fig.suptitle(
    f"{np.mean(exact):.0%} of 400 captions are right in every word. Above: its mistakes. Below: three things"
)
plt.show()

# %% [markdown]
# Honest reading: in its little world it is nearly perfect, because that world has two things in it, six colours and three shapes, and 8,000 examples were drawn from it. Show it three things and it describes two, or mixes them, in the same fluent tone. It has no way to say that it doesn't know. Real photographs are harder by far; the mechanism is the same.

# %% [raw]
# # BEGIN QUESTION
# name: two_failed_runs
# points: 4
# manual: true

# %% [markdown]
# ### Question 9.12 · Two runs that failed · ★★☆ · 10 minutes
#
# Two colleagues train plain recurrent networks to predict the next word.
#
# - **A's** loss falls for 700 steps. Then it jumps up a hundredfold within one step, and soon it is NaN.
# - **B's** loss falls smoothly and stays where a model that sees only the last ten words would be. The test sentences need words from forty steps before.
#
# For **each**, name the likely cause and say what you would measure to be sure. For **each**, name one remedy and say why it helps. Then say why A's remedy wouldn't help B. Five to ten sentences.

# %% [raw]
# # BEGIN SOLUTION

# %% [markdown]
# **Rubric (4 points):** half a point for each of the two causes, half for each fitting measurement, half for each remedy with its reason, and one point for why A's remedy wouldn't help B.
#
# - [0.5] *A, cause:* exploding gradient: a cliff in the loss, the recurrent matrix has a norm (or eigenvalue) above 1.
# - [0.5] *A, measure:* the gradient's norm at each step, which shoots up just before the jump; or the singular values of $W_{hh}$.
# - [0.5] *A, remedy:* clip the gradient's norm: the direction stays, the step is bounded. (A smaller learning rate helps too, at a price; half the credit without a reason.)
# - [0.5] *B, cause:* vanishing gradient: the product of Jacobians over forty steps is near zero.
# - [0.5] *B, measure:* the norm of the loss's gradient with respect to states (or inputs) $t$ steps back, for $t = 1 \dots 40$; or shuffle words more than ten steps back and see that the loss doesn't change.
# - [0.5] *B, remedy:* an LSTM (or GRU): along the cell the gradient is multiplied only by the forget gate, which can be near 1; initialise its bias to 1 or more. Attention to earlier states, or an orthogonal $W_{hh}$, also earn it with a reason.
# - [1] *Why clipping wouldn't help B:* it only shortens long gradients. B's are short, and what comes from far back is lost in what comes from near. Scaling the whole gradient up wouldn't help either: near and far parts keep their ratio.
#
# A truncated backpropagation of ten steps also explains B: full credit for that cause, if the remedy is a longer window.

# %% [raw]
# # END SOLUTION

# %% [raw]
# # END QUESTION

# %% [markdown]
# ## Challenge, beyond the grade: one step back through an LSTM
#
# A loss sends $\partial L/\partial h_t$ and $\partial L/\partial c_t$ to a step of your `lstm_step`. Send them on to $x_t$, $h_{t-1}$ and $c_{t-1}$. Work backwards through the three formulas. Mind that $c_t$ is used twice: by the next step and by $h_t$. At the end, the columns of $W$ that met $h$ send a gradient to $h$, and those that met $x$ to $x$.


# %%
def lstm_step_backward(dh, dc, x, h, c, W, b):
    """Return dx (n, d), dh_before (n, k) and dc_before (n, k); the arguments of the step as they went in."""
    ...


# %%
if solved(lstm_step_backward, lstm_step):
    rng = np.random.default_rng(13)
    x, h, c = rng.normal(size=(2, 3)), rng.normal(size=(2, 5)), rng.normal(size=(2, 5))
    W, b, dh, dc = (
        rng.normal(size=(20, 8)),
        rng.normal(size=20),
        rng.normal(size=(2, 5)),
        rng.normal(size=(2, 5)),
    )

    def loss_of(x, h, c):
        after, cell = lstm_step(x, h, c, W, b)
        return np.sum(dh * after) + np.sum(dc * cell)

    numerical = (
        numerical_gradient(lambda v: loss_of(v, h, c), x),
        numerical_gradient(lambda v: loss_of(x, v, c), h),
        numerical_gradient(lambda v: loss_of(x, h, v), c),
    )
    yours = lstm_step_backward(dh, dc, x, h, c, W, b)
    print(
        "agrees with centred differences:",
        [bool(np.allclose(a, b_, atol=1e-7)) for a, b_ in zip(yours, numerical, strict=True)],
    )

# %% [markdown]
# ## What you take with you
#
# - A recurrent network applies **one function** at every step and carries a state. Unrolled, it is a deep network with shared weights.
# - Backwards, a state's gradients **add up** from the loss and from the next step; the weights' gradients add up over time.
# - Powers of $W_{hh}$ make gradients **vanish or explode**. Clipping cures explosions only. The LSTM's **cell** passes gradients on, multiplied by the forget gate alone.
# - **Perplexity** is the exponential of the mean loss over real tokens. **Temperature** divides logits.
# - **Beam search** keeps the best sequences so far, in total and in logarithms.
# - **Attention** is a weighted mean of values; the weights are a softmax of $q \cdot k / \sqrt d$ over the places.
#
# ## Test yourself
#
# Answer first, then unfold.
#
# <details><summary>1. A layer of 100 units reads vectors of 50 numbers over 1,000 steps. How many parameters has the plain layer, and how many the LSTM?</summary>100·50 + 100·100 + 100 = 15,100, whatever the number of steps. The LSTM has four such blocks: 60,400.</details>
# <details><summary>2. All eigenvalues of W_hh are 0.9. Can a gradient grow on its way back?</summary>For a while, yes, if the largest singular value is above 1. In the end it shrinks like 0.9 to the power of the steps.</details>
# <details><summary>3. What is the derivative of c_t with respect to c_{t−1} along the cell, and what is it if f = 1?</summary>The forget gate f, for each unit. With f = 1 it is 1: the gradient passes unchanged.</details>
# <details><summary>4. One model has a perplexity of 8, another of 16. How many bits a letter do they cost?</summary>3 and 4: the logarithm to base 2.</details>
# <details><summary>5. All keys are equal. What is the context?</summary>All scores are equal, so all weights are 1/n: the context is the plain mean of the values.</details>
#
# **Further reading.** Hochreiter and Schmidhuber, *Long Short-Term Memory* (1997). Bengio, Simard and Frasconi, *Learning Long-Term Dependencies with Gradient Descent is Difficult* (1994). Pascanu, Mikolov and Bengio, *On the difficulty of training recurrent neural networks* (2013), the source of the cliff. Graves, *Generating Sequences With Recurrent Neural Networks* (2013). Sutskever, Vinyals and Le, *Sequence to Sequence Learning with Neural Networks* (2014). Bahdanau, Cho and Bengio, *Neural Machine Translation by Jointly Learning to Align and Translate* (2015). Xu and others, *Show, Attend and Tell* (2015). Vaswani and others, *Attention Is All You Need* (2017).
#
# ## Hand in
#
# Save the notebook (Ctrl+S), then run this cell. It writes the file that you hand in and shows what isn't done yet.

# %%
grader.hand_in()
