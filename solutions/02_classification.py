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
# name: 02_classification
# init_cell: false
# export_cell: false
# run_tests: false
# generate: true
# tests:
#   files: false
#   ok_format: false

# %% [markdown]
# # 02 · Classification
#
# A lump is benign or malignant. A picture shows a sneaker or an ankle boot. A scribble is one of ten digits. The answer is a **class**, not a number.
#
# There are two ways to get there. Describe each class so well that you could draw new samples of it. Or don't care what the classes look like, and learn only where one ends and the next begins. You build both here, and find out when to use which.
#
# **You will be able to**
#
# - say what a generative and a discriminative model learn, and which of them needs fewer samples;
# - fit a Gaussian naive Bayes model, score with it without underflow, and sample new data from it;
# - explain the margin, the hinge loss and what λ does to a support vector machine;
# - make a decision among many classes from two-class scores;
# - compute a softmax that never overflows, and the gradient that trains every classifier in this course.
#
# **Time:** about 3 hours · **Needs:** notebook 01, probabilities of independent events, the normal distribution · **Points:** 44, of which 40 by checks and 4 for a written answer
#
# **How it works.** Write your answer where you see `...`, run the cell, then run the check under it. A check tells you what kind of mistake it sees. Exercises don't depend on each other: where a later cell needs one that you haven't solved, it says so and waits. Hints are folded away: open them when you are stuck, one at a time.

# %%
import matplotlib.pyplot as plt
import numpy as np

from course_utils import classification, data, embedding, plotting, regression
from course_utils.autograd import numerical_gradient
from course_utils.checks import Grader, own_or_finished, solved
from course_utils.widgets import LearningCurvesExplorer, MarginExplorer

plotting.use_course_style()
BLUE, ORANGE, GREEN, RED = (plotting.PALETTE[name] for name in ("blue", "orange", "green", "red"))
grader = Grader("02_classification.ipynb")

# %% [markdown]
# ## 2.1 Two ways to learn
#
# You want $P(Y \mid X)$: how likely is each class, given what was measured?
#
# - A **generative** model learns the joint distribution $P(X, Y) = P(Y)\,P(X \mid Y)$: how common each class is, and what its members look like. Bayes' rule turns that around:
# $$P(Y = c \mid x) = \frac{P(Y = c)\,P(x \mid Y = c)}{\sum_{c'} P(Y = c')\,P(x \mid Y = c')}.$$
# Because it knows what a class looks like, it can **make new samples**.
# - A **discriminative** model learns $P(Y \mid X)$ alone, or only the boundary. Logistic regression is one. It spends nothing on what the classes look like far from where they meet.
#
# Both, on the same biopsies and two of their measurements:

# %%
cancer = data.load_breast_cancer_split()
columns = [cancer.feature_names.index(name) for name in ("mean radius", "mean texture")]
two, is_malignant = cancer.X_train[:, columns], cancer.y_train.astype(int)
bayes = classification.GaussianNaiveBayes().fit(two, is_malignant)
weights = regression.fit_logistic(regression.add_bias(two), cancer.y_train)
U, V = np.meshgrid(np.linspace(-2.2, 4, 120), np.linspace(-2.4, 4, 120))
grid = np.column_stack([U.ravel(), V.ravel()])


def show_biopsies(ax):
    for label, color, marker in ((0, BLUE, "o"), (1, RED, "s")):
        own = two[is_malignant == label]
        ax.scatter(*own.T, s=10, color=color, marker=marker, alpha=0.6, label=cancer.target_names[label])
    ax.set(
        xlabel="mean radius, standardised",
        ylabel="mean texture, standardised",
        xlim=(-2.2, 4),
        ylim=(-2.4, 4),
    )


fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4.6), sharey=True)
for ax in (left, right):
    show_biopsies(ax)
for label, color in ((0, BLUE), (1, RED)):
    density = np.exp(
        -0.5
        * ((grid - bayes.mean[label]) ** 2 / bayes.variance[label] + np.log(bayes.variance[label])).sum(
            axis=1
        )
    )
    left.contour(U, V, density.reshape(U.shape), levels=4, colors=color, linestyles="-", linewidths=1.2)
left.set(title="Generative: what does each class look like?")
probability = regression.sigmoid(regression.add_bias(grid) @ weights).reshape(U.shape)
contours = right.contour(
    U, V, probability, levels=[0.1, 0.5, 0.9], colors="black", linestyles=["--", "-", "--"]
)
right.legend(contours.legend_elements()[0], ["10% malignant", "50%", "90%"], loc="upper right", frameon=True)
right.set(title="Discriminative: where does one end and the other begin?", ylabel="")
left.legend(loc="upper right")
plt.show()

# %% [markdown]
# The price of the left picture is an **assumption** about the shape of each class. If it holds, it is worth a lot of data. If it doesn't, no amount of data makes up for it.
#
# ## 2.2 Naive Bayes: describe each class
#
# The simplest generative model is called *naive* because it assumes that, within a class, the features are independent. In **Gaussian** naive Bayes each feature of each class follows a normal distribution:
#
# $$P(x \mid Y = c) = \prod_{i=1}^d \mathcal N(x_i;\ \mu_{ci}, \sigma^2_{ci}), \qquad \mathcal N(x; \mu, \sigma^2) = \frac{1}{\sqrt{2\pi\sigma^2}} \exp\left(-\frac{(x - \mu)^2}{2\sigma^2}\right).$$
#
# That is why the ellipses above don't tilt. To fit the model you count and average: there is nothing to search for.

# %% [raw]
# # BEGIN QUESTION
# name: fit_naive_bayes
# points: 3

# %% [markdown]
# ### Exercise 2.1 · fit_naive_bayes · ★☆☆ · 10 minutes
#
# Estimate, for each class $c = 0 \dots k-1$ with $n_c$ samples,
#
# $$P(c) = \frac{n_c}{n}, \qquad \mu_{ci} = \frac1{n_c}\sum_{j:\,y_j = c} x_{ji}, \qquad \sigma^2_{ci} = \frac1{n_c}\sum_{j:\,y_j = c} (x_{ji} - \mu_{ci})^2.$$
#
# Return a dict with the entries `"prior"`, `"mean"` and `"variance"`.
#
# **Shapes:** `X` $(n, d)$, `y` $(n,)$ with integers $0 \dots k-1$, each at least once → `prior` $(k,)$, `mean` $(k, d)$, `variance` $(k, d)$.
#
# **Worked:** $x = (1, 3, 10)$ with labels $(0, 0, 1)$: priors $\frac23, \frac13$; means $2$ and $10$; variances $1$ and $0$.
#
# <details><summary>Hint 1</summary><code>X[y == c]</code> are the rows of class c.</details>
# <details><summary>Hint 2</summary><code>.mean(axis=0)</code> and <code>.var(axis=0)</code> of these rows give one number for each feature.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Variances n/(n − 1) times too large:</b> <code>ddof=1</code> divides by one less. The likeliest variance divides by the number of samples of the class.</li>
# <li><b>The priors don't sum to 1:</b> they are shares, not counts.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def fit_naive_bayes(X, y):
    """Return {"prior": (k,), "mean": (k, d), "variance": (k, d)} of the samples X (n, d) with labels y (n,)."""
    # BEGIN SOLUTION
    groups = [X[y == c] for c in range(y.max() + 1)]
    return {
        "prior": np.array([len(group) / len(X) for group in groups]),
        "mean": np.array([group.mean(axis=0) for group in groups]),
        "variance": np.array([group.var(axis=0) for group in groups]),
    }
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_two_classes(fit_naive_bayes):
    import numpy as np
    from course_utils.checks import check_call

    X = np.array([[1.0, 20.0], [3.0, 26.0], [10.0, 5.0], [4.0, 21.0], [13.0, 9.0], [7.0, 30.0], [19.0, 1.0]])
    y = np.array([0, 0, 1, 0, 1, 0, 1])
    zero, one = X[y == 0], X[y == 1]
    prior, mean = np.array([4 / 7, 3 / 7]), np.array([zero.mean(0), one.mean(0)])
    variance = np.array([zero.var(0), one.var(0)])
    right = {"prior": prior, "mean": mean, "variance": variance}
    check_call(
        fit_naive_bayes,
        X,
        y,
        expected=right,
        sizes={"n": 7},
        mistakes={
            "You returned standard deviations: the model holds variances, their squares.": right
            | {"variance": np.sqrt(variance)},
            "Your variances divide by one less than the number of samples: divide by the number itself.": right
            | {"variance": np.array([zero.var(0, ddof=1), one.var(0, ddof=1)])},
            "Your priors are counts: divide by the number of samples.": right | {"prior": 7 * prior},
            "Your priors are all equal: count how often each class occurs.": right
            | {"prior": np.array([0.5, 0.5])},
            "Your variances are taken around the mean of all samples: use the mean of the class.": right
            | {"variance": np.array([((zero - X.mean(0)) ** 2).mean(0), ((one - X.mean(0)) ** 2).mean(0)])},
            "Every class has the same variance in your answer: take it within each class.": right
            | {"variance": np.array([X.var(0), X.var(0)])},
            "You divided the sums of a class by n: divide by the number of its own samples.": right
            | {"mean": np.array([zero.sum(0), one.sum(0)]) / 7},
        },
    )


# %%
# HIDDEN
def test_random_classes(fit_naive_bayes):
    import numpy as np
    from course_utils.checks import check_call
    from course_utils.classification import GaussianNaiveBayes

    rng = np.random.default_rng(201)
    for n, d, k in ((23, 3, 5), (31, 7, 2), (41, 2, 3)):
        y = np.concatenate([np.arange(k), rng.integers(0, k, n - k)])
        X = rng.normal(size=(n, d)) * (1 + y[:, None]) + 3 * y[:, None]
        model = GaussianNaiveBayes(smoothing=0).fit(X, y)
        right = {"prior": model.prior, "mean": model.mean, "variance": model.variance}
        counts = np.bincount(y)[:, None]
        check_call(
            fit_naive_bayes,
            X,
            y,
            expected=right,
            sizes={"n": n},
            mistakes={
                "You returned standard deviations: the model holds variances, their squares.": right
                | {"variance": np.sqrt(model.variance)},
                "Your variances divide by one less than the number of samples: divide by the number itself.": right
                | {"variance": model.variance * counts / np.maximum(counts - 1, 1)},
                "Your priors are counts: divide by the number of samples.": right
                | {"prior": n * model.prior},
                "Your priors are all equal: count how often each class occurs.": right
                | {"prior": np.full(k, 1 / k)},
            },
        )


# %%
# HIDDEN
def test_one_sample_of_a_class_and_one_feature(fit_naive_bayes):
    import numpy as np
    from course_utils.checks import check_call

    check_call(
        fit_naive_bayes,
        np.array([[5.0], [-2.0], [9.0]]),
        np.array([1, 0, 1]),
        expected={
            "prior": np.array([1 / 3, 2 / 3]),
            "mean": np.array([[-2.0], [7.0]]),
            "variance": np.array([[0.0], [4.0]]),
        },
        sizes={"n": 3},
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [raw]
# # BEGIN QUESTION
# name: log_joint
# points: 4

# %% [markdown]
# ### Exercise 2.2 · log_joint · ★★☆ · 15 minutes
#
# To classify $x$, compare $P(c)\,P(x \mid c)$ across classes; the denominator of Bayes' rule is the same for all. With many features the product underflows: 400 factors of 0.1 are $10^{-400}$, and float64 ends near $10^{-324}$. So add logarithms:
#
# $$\log P(c, x) = \log P(c) - \frac12 \sum_{i=1}^d \left[\log(2\pi\sigma^2_{ci}) + \frac{(x_i - \mu_{ci})^2}{\sigma^2_{ci}}\right].$$
#
# The predicted class is the one with the largest entry in its row.
#
# **Shapes:** `model` as in exercise 2.1, `X` $(n, d)$ → $(n, k)$.
#
# **Worked:** one feature, one class with prior $1$, $\mu = 2$, $\sigma^2 = 4$. At $x = 4$: $0 - \frac12\left[\log(8\pi) + \frac{4}{4}\right] = -2.1121$.
#
# <details><summary>Hint 1</summary>Work on one class at a time: <code>X - model["mean"][c]</code> is (n, d). Sum over features with <code>axis=1</code>.</details>
# <details><summary>Hint 2</summary><code>np.stack(columns, axis=1)</code> puts k arrays of shape (n,) side by side.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>−inf everywhere:</b> you multiplied densities and took the logarithm at the end. Take logarithms first, then add.</li>
# <li><b>All off by the same row:</b> the prior is missing, or its logarithm is.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def log_joint(model, X):
    """Return log P(c, x) of each sample and class, (n, k), for a model of fit_naive_bayes and X (n, d)."""
    # BEGIN SOLUTION
    columns = []
    for prior, mean, variance in zip(model["prior"], model["mean"], model["variance"], strict=True):
        terms = np.log(2 * np.pi * variance) + (X - mean) ** 2 / variance
        columns.append(np.log(prior) - 0.5 * terms.sum(axis=1))
    return np.stack(columns, axis=1)
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_each_term_counts(log_joint):
    import numpy as np
    from course_utils.checks import check_call

    model = {
        "prior": np.array([0.2, 0.5, 0.3]),
        "mean": np.array([[0.0, 3.0], [2.0, -1.0], [5.0, 1.0]]),
        "variance": np.array([[0.25, 4.0], [9.0, 1.5], [2.0, 0.5]]),
    }
    X = np.array([[0.5, 2.0], [3.0, -2.0], [4.0, 1.5], [-1.0, 0.3], [2.2, 2.7]])
    distance = ((X[:, None] - model["mean"]) ** 2 / model["variance"]).sum(2)
    scale, log_prior = np.log(2 * np.pi * model["variance"]).sum(1), np.log(model["prior"])
    deviation = ((X[:, None] - model["mean"]) ** 2 / np.sqrt(model["variance"])).sum(2)
    check_call(
        log_joint,
        model,
        X,
        expected=log_prior - 0.5 * (scale + distance),
        sizes={"n": 5, "d": 2, "k": 3},
        mistakes={
            "The prior is missing: add log P(c).": -0.5 * (scale + distance),
            "You added the probability P(c) to a logarithm: add log P(c).": model["prior"]
            - 0.5 * (scale + distance),
            "The term log(2πσ²) is missing: it differs from class to class.": log_prior - 0.5 * distance,
            "The half belongs to log(2πσ²) as well.": log_prior - scale - 0.5 * distance,
            "You forgot the ½ in front of the sum.": log_prior - (scale + distance),
            "You divided by standard deviations: the model holds variances, use them as they are.": log_prior
            - 0.5 * (scale + deviation),
            "These are probabilities: return their logarithms.": np.exp(log_prior - 0.5 * (scale + distance)),
        },
    )


# %%
def test_many_features_do_not_underflow(log_joint):
    import numpy as np
    from course_utils.checks import check_call

    rng = np.random.default_rng(21)
    mean = rng.normal(size=(2, 499))
    model = {"prior": np.array([0.4, 0.6]), "mean": mean, "variance": np.full((2, 499), 2.0)}
    X = mean[:1] + rng.normal(0, 3, size=(3, 499))
    right = np.log([0.4, 0.6]) - 0.5 * (np.log(4 * np.pi) + (X[:, None] - mean) ** 2 / 2).sum(2)
    check_call(
        log_joint,
        model,
        X,
        expected=right,
        mistakes={
            "Your products of densities are all 0 (underflow): add logarithms instead.": np.full(
                (3, 2), -np.inf
            )
        },
    )


# %%
# HIDDEN
def test_random_models(log_joint):
    import numpy as np
    from course_utils.checks import check_call
    from scipy.stats import norm

    rng = np.random.default_rng(202)
    for n, d, k in ((7, 3, 5), (11, 1, 2), (1, 5, 3)):
        prior = rng.dirichlet(np.ones(k))
        model = {"prior": prior, "mean": rng.normal(0, 3, (k, d)), "variance": rng.uniform(0.2, 5, (k, d))}
        X = rng.normal(0, 3, (n, d))
        densities = norm.logpdf(X[:, None], model["mean"], np.sqrt(model["variance"])).sum(2)
        scale = np.log(2 * np.pi * model["variance"]).sum(1)
        check_call(
            log_joint,
            model,
            X,
            expected=np.log(prior) + densities,
            mistakes={
                "The prior is missing: add log P(c).": densities,
                "You added the probability P(c) to a logarithm: add log P(c).": prior + densities,
                "The term log(2πσ²) is missing: it differs from class to class.": np.log(prior)
                + densities
                + 0.5 * scale,
            },
        )


# %%
# HIDDEN
def test_far_away_and_nearly_certain(log_joint):
    import numpy as np
    from course_utils.checks import check_call

    model = {
        "prior": np.array([1e-12, 1 - 1e-12]),
        "mean": np.array([[0.0], [1.0]]),
        "variance": np.array([[1e-6], [1e6]]),
    }
    X = np.array([[1e3], [0.0], [-50.0]])
    right = np.log(model["prior"]) - 0.5 * (
        np.log(2 * np.pi * np.array([1e-6, 1e6])) + (X - np.array([0.0, 1.0])) ** 2 / np.array([1e-6, 1e6])
    )
    check_call(log_joint, model, X, expected=right)


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [raw]
# # BEGIN QUESTION
# name: sample_naive_bayes
# points: 4

# %% [markdown]
# ### Exercise 2.3 · sample_naive_bayes · ★★☆ · 12 minutes
#
# A generative model can make new samples. Draw $n$ of them: first a class from the prior, then each feature from the normal distribution of that class,
#
# $$y_j \sim P(c), \qquad x_{ji} \sim \mathcal N\left(\mu_{y_j i},\ \sigma^2_{y_j i}\right).$$
#
# All randomness must come from `rng`, a NumPy generator. Then the same seed makes the same samples, and your result can be repeated.
#
# **Shapes:** `model` as in exercise 2.1, `n` a number → `X` $(n, d)$ and `y` $(n,)$, integers.
#
# **Worked:** with priors $(0.25, 0.75)$, about 250 of 1,000 samples have the label 0. With $\mu = 5$ and $\sigma^2 = 4$ a feature comes out as $5 + 2z$, where $z$ is standard normal: the *standard deviation* multiplies.
#
# <details><summary>Hint 1</summary><code>rng.choice(k, size=n, p=prior)</code> draws the classes.</details>
# <details><summary>Hint 2</summary><code>model["mean"][y]</code> has the shape (n, d): the mean of each sample's class. Add <code>rng.normal(size=...)</code> times the root of the variances, picked in the same way.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>The spread is wrong:</b> a normal number with variance σ² is μ + σz, with the root.</li>
# <li><b>Features move together:</b> draw a number of its own for every feature, n × d of them.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def sample_naive_bayes(model, n, rng):
    """Return n new samples X (n, d) and their labels y (n,), drawn from a model of fit_naive_bayes with rng."""
    # BEGIN SOLUTION
    y = rng.choice(len(model["prior"]), size=n, p=model["prior"])
    noise = rng.normal(size=(n, model["mean"].shape[1]))
    return model["mean"][y] + noise * np.sqrt(model["variance"][y]), y
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_twenty_thousand_samples_look_like_the_model(sample_naive_bayes):
    import numpy as np
    from course_utils.checks import check_true, checked_call

    model = {
        "prior": np.array([0.2, 0.5, 0.3]),
        "mean": np.array([[-3.0, 1.0], [2.0, 5.0], [7.0, -4.0]]),
        "variance": np.array([[0.25, 4.0], [9.0, 2.0], [2.25, 0.16]]),
    }
    answer = checked_call(sample_naive_bayes, model, 20_000, np.random.default_rng(5))
    check_true(isinstance(answer, tuple) and len(answer) == 2, "Return the pair X, y.")
    X, y = (np.asarray(part) for part in answer)
    check_true(
        X.shape == (20_000, 2),
        "X should have one row a sample and one column a feature.",
        f"its shape is {X.shape}",
    )
    check_true(
        y.shape == (20_000,) and y.dtype.kind in "iu",
        "y should hold n integers, the classes from 0 to k − 1.",
    )
    shares = np.bincount(y, minlength=3) / 20_000
    told = f"shares of the classes: {np.round(shares, 3)}, priors: {model['prior']}"
    check_true(shares.shape == (3,), "Your labels go beyond k − 1: classes count from 0.", told)
    check_true(
        not np.allclose(shares, 1 / 3, atol=0.015),
        "You draw all classes equally often: draw them from the prior.",
        told,
    )
    check_true(
        np.allclose(shares, model["prior"], atol=0.02),
        "Your classes don't occur as often as the prior says.",
        told,
    )
    means = np.array([X[y == c].mean(axis=0) for c in range(3)])
    check_true(
        not np.allclose(means, model["prior"] @ model["mean"], atol=0.3),
        "The labels have come off: samples labelled c don't come from class c.",
    )
    check_true(
        np.allclose(means, model["mean"], atol=0.25),
        "The means of your samples aren't those of their classes.",
    )
    spread = np.array([X[y == c].std(axis=0) for c in range(3)])
    check_true(not np.allclose(spread, 0), "Every sample of a class is the same: add normal noise.")
    check_true(
        not np.allclose(spread, model["variance"], rtol=0.06),
        "You used the variance as a standard deviation: multiply the noise by its root.",
    )
    check_true(
        not np.allclose(spread, 1, atol=0.05),
        "Your noise has variance 1: scale it to the variance of the class.",
    )
    check_true(
        np.allclose(spread, np.sqrt(model["variance"]), rtol=0.06),
        "The spread of your samples isn't that of the model.",
    )
    together = np.corrcoef(X[y == 1].T)[0, 1]
    check_true(
        abs(together) < 0.1,
        "Your features move together: draw a random number for each feature, not one for each sample.",
        f"correlation within a class: {together:.2f}",
    )


# %%
def test_all_chance_comes_from_rng(sample_naive_bayes):
    import numpy as np
    from course_utils.checks import check_true, checked_call

    model = {
        "prior": np.array([0.5, 0.5]),
        "mean": np.array([[0.0], [9.0]]),
        "variance": np.array([[1.0], [4.0]]),
    }
    first, again, other = (
        checked_call(sample_naive_bayes, model, 31, np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    check_true(
        np.array_equal(first[0], again[0]) and np.array_equal(first[1], again[1]),
        "The same seed gave other samples: draw with rng, not with np.random.",
    )
    check_true(
        not np.array_equal(first[0], other[0]),
        "Another seed gave the same samples: draw with the rng that you are given.",
    )


# %%
# HIDDEN
def test_random_models(sample_naive_bayes):
    import numpy as np
    from course_utils.checks import check_true, checked_call
    from scipy.stats import kstest

    rng = np.random.default_rng(203)
    for k, d in ((2, 5), (5, 3), (3, 1)):
        prior = np.arange(1, k + 1) / np.arange(1, k + 1).sum()
        model = {"prior": prior, "mean": rng.normal(0, 5, (k, d)), "variance": rng.uniform(0.1, 9, (k, d))}
        X, y = checked_call(sample_naive_bayes, model, 6000, np.random.default_rng(k))
        check_true(np.shape(X) == (6000, d), "X should have one row a sample and one column a feature.")
        shares = np.bincount(y, minlength=k) / 6000
        check_true(
            np.allclose(shares, prior, atol=0.04), "Your classes don't occur as often as the prior says."
        )
        z = (X - model["mean"][y]) / np.sqrt(model["variance"][y])
        for column in z.T:
            check_true(
                kstest(column, "norm").pvalue > 1e-6,
                "Your features aren't normal with the mean and variance of their class.",
            )
        if d > 1:
            together = np.corrcoef(z.T) - np.eye(d)
            check_true(
                np.abs(together).max() < 0.1,
                "Your features move together: draw a random number for each feature, not one for each sample.",
            )


# %%
# HIDDEN
def test_no_samples_and_a_certain_class(sample_naive_bayes):
    import numpy as np
    from course_utils.checks import check_true, checked_call

    model = {
        "prior": np.array([0.0, 1.0]),
        "mean": np.array([[1.0, 2.0], [3.0, 4.0]]),
        "variance": np.zeros((2, 2)),
    }
    X, y = checked_call(sample_naive_bayes, model, 3, np.random.default_rng(0))
    check_true(np.array_equal(y, [1, 1, 1]), "A class with prior 0 was drawn.")
    check_true(np.array_equal(X, [[3.0, 4.0]] * 3), "With variance 0 every sample is the mean of its class.")
    X, y = checked_call(sample_naive_bayes, model, 0, np.random.default_rng(0))
    check_true(
        np.shape(X) == (0, 2) and np.shape(y) == (0,), "With n = 0 return arrays of shapes (0, d) and (0,)."
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# What has your model understood? Fit it to small pictures of handwritten digits, 64 pixels each, and let it draw. Nothing shows its assumption more plainly.

# %%
digits = data.load_digits()
pixels, digit = digits.x_train.reshape(-1, 64).astype(float), digits.y_train
if solved(fit_naive_bayes, sample_naive_bayes):
    model = fit_naive_bayes(pixels, digit)
    drawn, of_class = sample_naive_bayes(model, 2000, np.random.default_rng(3))
    rows = {
        "real": [pixels[digit == c][0] for c in range(10)],
        "mean": list(model["mean"]),
        "drawn": [drawn[of_class == c][0] for c in range(10)],
    }
    fig, axes = plt.subplots(3, 10, figsize=(11, 3.6))
    for row, (name, pictures) in zip(axes, rows.items(), strict=True):
        for ax, picture in zip(row, pictures, strict=True):
            ax.imshow(picture.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
            ax.set(xticks=[], yticks=[])
        row[0].set_ylabel(name, rotation=0, ha="right", va="center")
    fig.suptitle("Real digits, the mean of each class, and what your model draws")
    plt.show()

# %% [markdown]
# The drawings have the right ink in the right places *on average*. But in a real digit neighbouring pixels go together, and in the drawing each decides for itself. That is what "independent given the class" means.
#
# Naive Bayes can still **classify** well. For that the probabilities need not be right, only the order of the classes:

# %%
if solved(fit_naive_bayes, log_joint):
    for name, (X, y, X_test, y_test) in {
        "biopsies, 30 measurements": (cancer.X_train, is_malignant, cancer.X_test, cancer.y_test),
        "digits, 64 pixels": (pixels, digit, digits.x_test.reshape(-1, 64).astype(float), digits.y_test),
    }.items():
        model = fit_naive_bayes(X, y)
        model["variance"] = model["variance"] + 0.01  # a pixel that is always white has variance 0
        right = np.mean(np.argmax(log_joint(model, X_test), axis=1) == y_test)
        print(
            f"{name}: {right:.1%} right; always the commonest class: {np.mean(y_test == np.argmax(np.bincount(y))):.1%}"
        )

# %% [markdown]
# ## 2.3 Which learns faster?
#
# Assumptions are worth data. A generative model needs few samples to find its means and variances, and then it is done: **more data doesn't cure a wrong assumption**. A discriminative model starts worse and ends better. Ng and Jordan (2002) showed that this is the rule, not an accident.
#
# Here both learn the same problem with more and more samples. The slider sets how far the naive assumption is from the truth.
#
# 1. Set the correlation to 0. Which model is ahead everywhere, and why may it be?
# 2. Raise it step by step. Read off where the curves cross. Where does naive Bayes end up with 1,000 samples?

# %%
LearningCurvesExplorer()

# %% [markdown]
# At the end of the notebook you draw these curves yourself, on photographs of shoes.
#
# ## 2.4 The margin
#
# Now the other way: no model of the classes, only a boundary. Give each sample a **score**
#
# $$f(x) = w^\top x + b$$
#
# and call it class $y = +1$ if $f(x) > 0$ and $y = -1$ otherwise. The boundary is $f(x) = 0$, a line in two dimensions. Many lines separate the same data. Which one would you trust with the next sample? The one that keeps clear of both classes.
#
# Fix the scale of $w$ so that the samples nearest to the boundary have $f(x) = \pm 1$. These two lines are the **margins**. The distance between them is $\frac{2}{\lVert w \rVert}$: going from $f = -1$ to $f = 1$ takes a step $\Delta x$ along $w$ with $w^\top \Delta x = 2$. So the widest street between the classes is the one with the smallest $\lVert w \rVert$ that still satisfies
#
# $$y_i f(x_i) \ge 1 \quad\text{for all } i.$$
#
# That is a **support vector machine**. The samples on the margins hold it in place: the support vectors.

# %%
rng = np.random.default_rng(8)
points = np.vstack([rng.normal((1.6, 1.4), 0.75, (20, 2)), rng.normal((-1.5, -1.3), 0.75, (20, 2))])
side = np.repeat([1.0, -1.0], 20)


def show_street(ax, w, b):
    """Both classes, the boundary and the margins."""
    for label, color, marker in ((1, BLUE, "o"), (-1, ORANGE, "s")):
        ax.scatter(*points[side == label].T, s=22, color=color, marker=marker, label=f"y = {label:+d}")
    across = np.linspace(-4, 4, 2)
    for level, style in ((-1, "--"), (0, "-"), (1, "--")):
        ax.plot(across, (level - b - w[0] * across) / w[1], color="black", ls=style, lw=1.3)
    ax.set(xlim=(-3.7, 3.7), ylim=(-3.7, 3.7), xlabel="$x_1$", ylabel="$x_2$", aspect="equal")


w, b = classification.fit_svm(points, side, lam=1e-3)
fig, ax = plt.subplots(figsize=(5.4, 5.4))
show_street(ax, w, b)
foot = -b * w / (w @ w)
ax.annotate(
    "", foot + w / (w @ w), foot - w / (w @ w), arrowprops={"arrowstyle": "<->", "color": RED, "lw": 2}
)
ax.text(-3.5, 3.2, f"width 2/‖w‖ = {2 / np.linalg.norm(w):.2f}", color=RED, bbox={"color": "white", "pad": 2})
on = np.abs(side * (points @ w + b) - 1) < 0.01
ax.scatter(*points[on].T, s=140, facecolors="none", edgecolors="black", label="support vectors")
ax.legend(loc="lower right", frameon=True, framealpha=1)
ax.set(title="The widest street between two classes")
plt.show()

# %% [markdown]
# Take the points into your own hands. The right panel shows where each stands on the **hinge**, which is the next section.
#
# 1. Drag a point that isn't a support vector. How far can you take it before anything moves?
# 2. Drag one point deep into the other class. Then raise λ. What does the street do with that point?

# %%
MarginExplorer()

# %% [markdown]
# ## 2.5 The hinge loss
#
# Real classes overlap, and then no line satisfies every constraint. So measure *how much* each sample violates its own:
#
# $$\ell(y, f) = \max(0,\ 1 - y f).$$
#
# It is 0 for a sample beyond its margin, and grows in a straight line on the way to the wrong side. The product $y f$ is positive when the sign of the score is right. For that the labels must be $-1$ and $+1$: with 0 and 1 every sample of class 0 would cost 1 wherever it is.

# %% [raw]
# # BEGIN QUESTION
# name: hinge_loss
# points: 3

# %% [markdown]
# ### Exercise 2.4 · hinge_loss · ★☆☆ · 8 minutes
#
# Return the mean hinge loss
#
# $$L = \frac1n \sum_{i=1}^n \max(0,\ 1 - y_i f_i).$$
#
# **Shapes:** `scores` $(n,)$, `y` $(n,)$ with $-1$ and $+1$ → one number.
#
# **Worked:** scores $(2,\ 0.5,\ 0.5)$, labels $(+1, +1, -1)$: losses $0$, $0.5$, $1.5$; mean $0.6667$.
#
# <details><summary>Hint 1</summary><code>np.maximum(0, a)</code> works entry by entry; <code>np.max</code> finds one largest number.</details>
# <details><summary>Hint 2</summary>Build <code>1 - y * scores</code>, cut it off at 0, average.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Negative:</b> samples far on the right side pay nothing, they don't earn anything. Cut off at 0 before averaging.</li>
# <li><b>Small where it should be large:</b> a sign. A score on the wrong side has y f &lt; 0, so 1 − y f is above 1.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def hinge_loss(scores, y):
    """Return the mean of max(0, 1 − y f) over samples; scores and y are (n,), y is −1 or +1."""
    # BEGIN SOLUTION
    return np.mean(np.maximum(0, 1 - y * scores))
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_inside_outside_and_wrong_side(hinge_loss):
    import numpy as np
    from course_utils.checks import check_call

    scores = np.array([9.0, 0.5, 0.25, -3.0, -0.2, 1.7, -1.4])
    y = np.array([1.0, 1.0, -1.0, -1.0, 1.0, -1.0, 1.0])
    losses = np.maximum(0, 1 - y * scores)
    check_call(
        hinge_loss,
        scores,
        y,
        expected=losses.mean(),
        sizes={"n": 7},
        mistakes={
            "You didn't cut off at 0: a sample beyond its margin pays nothing.": np.mean(1 - y * scores),
            "The sign is reversed: a score on the right side (y f > 0) must lower the loss.": np.mean(
                np.maximum(0, 1 + y * scores)
            ),
            "Your hinge bends at y f = 0: it must bend at the margin, y f = 1.": np.mean(
                np.maximum(0, -y * scores)
            ),
            "You squared the hinge: this one is a straight line.": np.mean(losses**2),
            "You took the largest loss: average over samples.": losses.max(),
            "You averaged before cutting off, so samples beyond their margin pay for others: cut off each, then average.": max(
                0, np.mean(1 - y * scores)
            ),
            "You counted the samples that pay: add up how much they pay.": np.mean(losses > 0),
            "You took the labels for 0 and 1: they are −1 and +1 already.": np.mean(
                np.maximum(0, 1 - (2 * y - 1) * scores)
            ),
            "The loss of class −1 is missing.": np.mean((y > 0) * losses),
        },
    )


# %%
# HIDDEN
def test_random_scores(hinge_loss):
    import numpy as np
    from course_utils import classification
    from course_utils.checks import check_call

    rng = np.random.default_rng(204)
    for n in (5, 13, 31):
        scores, y = rng.normal(0, 2, n), rng.choice([-1.0, 1.0], n)
        check_call(
            hinge_loss,
            scores,
            y,
            expected=float(classification.hinge_loss(scores, y)),
            sizes={"n": n},
            mistakes={
                "You didn't cut off at 0: a sample beyond its margin pays nothing.": np.mean(1 - y * scores),
                "The sign is reversed: a score on the right side (y f > 0) must lower the loss.": np.mean(
                    np.maximum(0, 1 + y * scores)
                ),
                "You squared the hinge: this one is a straight line.": np.mean(
                    np.maximum(0, 1 - y * scores) ** 2
                ),
            },
        )


# %%
# HIDDEN
def test_on_the_margin_one_sample_and_whole_labels(hinge_loss):
    import numpy as np
    from course_utils.checks import check_call

    check_call(hinge_loss, np.array([1.0, -1.0, 5e3]), np.array([1.0, -1.0, 1.0]), expected=0.0)
    check_call(
        hinge_loss,
        np.array([-2e3]),
        np.array([1.0]),
        expected=2001.0,
        mistakes={"The sign is reversed: a score on the right side (y f > 0) must lower the loss.": 0.0},
    )
    check_call(hinge_loss, np.array([0.0, 0.5]), np.array([1, -1]), expected=1.25)


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# Two things to see. On the left, the hinge beside the loss you would like (count mistakes) and the one of logistic regression. On the right, a weakness: the classes are separable, so **multiply $w$ and $b$ by a larger and larger number**. The boundary stays where it is, and not one prediction changes. The loss falls to 0 all the same.

# %%
agreement = np.linspace(-2.5, 4, 300)
fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4))
left.plot(agreement, np.maximum(0, 1 - agreement), color=BLUE, ls="-", label="hinge")
left.plot(
    agreement, np.logaddexp(0, -agreement) / np.log(2), color=ORANGE, ls="--", label="cross-entropy, in bits"
)
left.plot(agreement, (agreement < 0).astype(float), color="black", ls=":", label="mistakes")
left.set(xlabel="y f(x)", ylabel="loss of one sample", title="Both losses lie above the count of mistakes")
left.legend()
w, b = 0.35 * w, 0.35 * b
factors = np.logspace(-0.5, 1.3, 60)
losses = [np.maximum(0, 1 - side * (factor * (points @ w + b))).mean() for factor in factors]
right.plot(factors * np.linalg.norm(w), losses, color=BLUE, ls="-", label="mean hinge loss")
right.plot(
    factors * np.linalg.norm(w),
    0 * factors + np.mean(side * (points @ w + b) < 0),
    color="black",
    ls=":",
    label="share of mistakes",
)
right.set(
    xscale="log", xlabel="‖w‖", ylabel="on 40 samples", title="Longer weights, the same boundary, less loss"
)
right.legend()
plt.show()

# %% [markdown]
# A loss that can be lowered by shouting needs a counterweight.
#
# ## 2.6 The soft margin
#
# Make long weights expensive:
#
# $$L(w, b) = \sum_{i=1}^n \max\left(0,\ 1 - y_i f(x_i)\right) + \lambda \lVert w \rVert^2.$$
#
# The sum pulls samples out of the street; the penalty widens it, because its width is $2 / \lVert w \rVert$. λ sets the balance. Here the losses are **added up**, not averaged, as the formula is usually written. The intercept $b$ isn't penalised: moving the street sideways should cost nothing.
#
# The hinge has a kink, where it has no derivative. On either side it is a straight line, and that is enough. A sample with $y_i f(x_i) < 1$ contributes $-y_i x_i$ to the gradient for $w$. All others contribute nothing, those exactly on the margin included.

# %% [raw]
# # BEGIN QUESTION
# name: soft_margin_gradient
# points: 6

# %% [markdown]
# ### Exercise 2.5 · soft_margin_gradient · ★★☆ · 15 minutes
#
# Return the gradients of $L$ with respect to $w$ and $b$:
#
# $$\nabla_w L = 2\lambda w - \sum_{i:\ y_i f(x_i) < 1} y_i x_i, \qquad \frac{\partial L}{\partial b} = - \sum_{i:\ y_i f(x_i) < 1} y_i.$$
#
# **Shapes:** `w` $(d,)$, `b` a number, `X` $(n, d)$, `y` $(n,)$ with $-1$ and $+1$, `lam` a number → a pair: $(d,)$ and a number.
#
# **Worked:** $w = (1, 0)$, $b = 0$, $\lambda = 0.5$ and two samples: $x = (3, 1)$ with $y = 1$ (score 3, content) and $x = (0.5, 2)$ with $y = -1$ (score 0.5, $y f = -0.5$, violates). $\nabla_w L = (1, 0) + (0.5, 2) = (1.5, 2)$; $\partial L/\partial b = 1$.
#
# <details><summary>Hint 1</summary>A mask of the samples that violate their margin: <code>y * (X @ w + b) &lt; 1</code>.</details>
# <details><summary>Hint 2</summary><code>(y * mask) @ X</code> is the sum of yᵢxᵢ over the samples in the mask.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>w shrinks too slowly:</b> the derivative of λ‖w‖² is 2λw.</li>
# <li><b>b runs away:</b> its gradient is −Σy, with a minus.</li>
# <li><b>Samples far away still pull:</b> only those with y f &lt; 1 count.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def soft_margin_gradient(w, b, X, y, lam):
    """Return the gradients (d,) and number of Σ max(0, 1 − y f(x)) + λ‖w‖² for w and b."""
    # BEGIN SOLUTION
    pull = y * (y * (X @ w + b) < 1)
    return 2 * lam * w - pull @ X, -np.sum(pull)
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_samples_inside_and_beyond_the_margin(soft_margin_gradient):
    import numpy as np
    from course_utils.checks import check_call

    w, b, lam = np.array([0.5, -0.3, 0.8]), 0.2, 0.7
    X = np.array(
        [
            [2.0, 1.0, 3.0],
            [0.1, 2.0, -0.5],
            [-1.0, 0.5, 0.3],
            [-3.0, 1.5, -2.0],
            [1.2, -0.4, 0.1],
            [0.3, 0.9, 1.1],
            [2.2, -1.7, 0.6],
        ]
    )
    y = np.array([1.0, 1.0, -1.0, -1.0, 1.0, -1.0, 1.0])
    f = X @ w + b

    def gradients(pull, penalty=2 * lam * w):
        return penalty - pull @ X, -pull.sum()

    pull = y * (y * f < 1)
    right = gradients(pull)
    check_call(
        soft_margin_gradient,
        w,
        b,
        X,
        y,
        lam,
        expected=right,
        sizes={"n": 7, "d": 3},
        mistakes={
            "The derivative of λ‖w‖² is 2λw: the 2 is missing.": gradients(pull, lam * w),
            "The penalty is missing: add 2λw.": gradients(pull, 0 * w),
            "Your penalty pushes w to grow: its gradient is + 2λw.": gradients(pull, -2 * lam * w),
            "b moves the wrong way: the loss holds −y·b.": (right[0], pull.sum()),
            "Samples beyond their margin pull too: only those with y f < 1 count.": gradients(y),
            "Only samples on the wrong side count in your answer: those inside the street (0 < y f < 1) do too.": gradients(
                y * (y * f < 0)
            ),
            "Your condition is reversed: the samples with y f < 1 are the ones that pay.": gradients(
                y * (y * f >= 1)
            ),
            "You compare f with 1 instead of y f: samples of class −1 lie on the other side.": gradients(
                y * (f < 1)
            ),
            "You averaged the hinge: here the losses are added up.": (
                2 * lam * w - pull @ X / 7,
                -pull.sum() / 7,
            ),
            "You penalised b as well: moving the street sideways costs nothing.": (
                right[0],
                right[1] + 2 * lam * b,
            ),
            "The labels are missing: a sample of class −1 pulls the other way.": gradients(1.0 * (y * f < 1)),
            "The samples push the wrong way: each contributes −y x.": (2 * lam * w + pull @ X, pull.sum()),
        },
    )


# %%
# HIDDEN
def test_against_differences_of_the_loss(soft_margin_gradient):
    import numpy as np
    from course_utils import classification
    from course_utils.autograd import numerical_gradient
    from course_utils.checks import check_call

    rng = np.random.default_rng(205)
    for n, d, lam in ((11, 3, 0.4), (5, 2, 2.5), (23, 7, 0.05)):
        w, b, X, y = rng.normal(size=d), rng.normal(), rng.normal(size=(n, d)), rng.choice([-1.0, 1.0], n)

        def loss(theta):
            scores = X @ theta[:-1] + theta[-1]
            return classification.hinge_loss(scores, y, "sum") + lam * np.sum(theta[:-1] ** 2)

        gradient = numerical_gradient(loss, np.append(w, b))
        pull = y * (y * (X @ w + b) < 1)
        check_call(
            soft_margin_gradient,
            w,
            b,
            X,
            y,
            lam,
            expected=(gradient[:-1], gradient[-1]),
            rtol=1e-5,
            atol=1e-6,
            sizes={"n": n, "d": d},
            mistakes={
                "The derivative of λ‖w‖² is 2λw: the 2 is missing.": (lam * w - pull @ X, -pull.sum()),
                "b moves the wrong way: the loss holds −y·b.": (2 * lam * w - pull @ X, pull.sum()),
                "Samples beyond their margin pull too: only those with y f < 1 count.": (
                    2 * lam * w - y @ X,
                    -y.sum(),
                ),
            },
        )


# %%
# HIDDEN
def test_on_the_margin_and_with_no_penalty(soft_margin_gradient):
    import numpy as np
    from course_utils.checks import check_call

    on_the_margin = {
        "A sample exactly on its margin pays nothing: the condition is y f < 1, not ≤.": (
            np.array([-1.0, 3.0]),
            0.0,
        )
    }
    X, y = np.array([[1.0, 0.0], [0.0, 3.0], [4.0, 2.0]]), np.array([1.0, -1.0, 1.0])
    check_call(
        soft_margin_gradient,
        np.array([1.0, 0.0]),
        0.0,
        X,
        y,
        0.0,
        expected=(np.array([0.0, 3.0]), 1.0),
        mistakes=on_the_margin,
    )
    check_call(
        soft_margin_gradient,
        np.array([1.0, 0.0]),
        0.0,
        X[:1],
        y[:1],
        0.25,
        expected=(np.array([0.5, 0.0]), 0.0),
        mistakes={
            "A sample exactly on its margin pays nothing: the condition is y f < 1, not ≤.": (
                np.array([-0.5, 0.0]),
                -1.0,
            )
        },
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# Descend along your gradient for three values of λ. Because of the kinks the steps must shrink as you go.


# %%
def descend(X, y, lam, steps=2000):
    """Follow soft_margin_gradient with steps that shrink like 1/t."""
    w, b = np.zeros(X.shape[1]), 0.0
    for t in range(steps):
        dw, db = soft_margin_gradient(w, b, X, y, lam)
        rate = 1 / (2 * lam * (t + 10) + 10)
        w, b = w - rate * dw, b - rate * db
    return w, b


if solved(soft_margin_gradient):
    points[0] = (-0.7, -0.9)  # one sample strays into the other class
    fig, axes = plt.subplots(1, 3, figsize=(12, 4.3), sharey=True)
    for ax, lam in zip(axes, (0.1, 3, 30), strict=True):
        w, b = descend(points, side, lam)
        show_street(ax, w, b)
        pays = np.sum(side * (points @ w + b) < 1)
        ax.set(
            title=f"λ = {lam}: width {2 / np.linalg.norm(w):.1f}, {pays} samples pay",
            ylabel="$x_2$" if lam == 0.1 else "",
        )
    axes[0].legend(loc="upper left", frameon=True, framealpha=1)
    plt.show()
    exact, _ = classification.fit_svm(points, side, lam=30)
    print(f"λ = 30: your ‖w‖ = {np.linalg.norm(w):.3f}, the exact minimum has {np.linalg.norm(exact):.3f}")

# %% [markdown]
# A small λ gives a narrow street that bends to the stray. A large one gives a wide street that lets many samples stand in it. As in ridge regression, λ trades variance for bias.
#
# ## 2.7 Many classes from two
#
# You have machines that tell two classes apart. Ten digits need a decision among ten. Two ways:
#
# - **One against the rest**: $k$ functions, one a class, each trained to tell its class from all others. Predict the class whose function is largest. The scores needn't be positive; they only have to be compared.
# - **One against one**: a function for each **pair** of classes, $\frac{k(k-1)}{2}$ of them, each trained on two classes only. Each casts a vote. Predict the class with the most votes.

# %% [raw]
# # BEGIN QUESTION
# name: one_vs_rest_predict
# points: 2

# %% [markdown]
# ### Exercise 2.6 · one_vs_rest_predict · ★☆☆ · 5 minutes
#
# Given the scores $f_c(x_i)$ of all $k$ functions, return the predicted class of each sample,
#
# $$\hat y_i = \arg\max_c f_c(x_i).$$
#
# If two scores are equal, the lower class wins.
#
# **Shapes:** `scores` $(n, k)$ → $(n,)$, integers from $0$ to $k-1$.
#
# **Worked:** $\begin{pmatrix}0.2 & 1.5 & -3\\-4 & -2 & -1\end{pmatrix}$ → $(1, 2)$. In the second row every function says "not mine"; the least negative one wins.
#
# <details><summary>Hint 1</summary>You want the <i>position</i> of the largest number, not the number.</details>
# <details><summary>Hint 2</summary><code>np.argmax(..., axis=1)</code> looks along each row.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>k answers for n:</b> the wrong axis.</li>
# <li><b>Class 0 whenever all scores are negative:</b> you took the first positive score. Take the largest, positive or not.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def one_vs_rest_predict(scores):
    """Return the class (n,) with the largest score in each row of scores (n, k)."""
    # BEGIN SOLUTION
    return np.argmax(scores, axis=1)
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_the_largest_score_of_each_row(one_vs_rest_predict):
    import numpy as np
    from course_utils.checks import check_call

    scores = np.array(
        [[0.2, 1.5, -3.0], [-4.0, -2.0, -1.0], [0.3, 0.1, 2.0], [5.0, 0.4, 4.0], [-0.5, -9.0, -0.7]]
    )
    check_call(
        one_vs_rest_predict,
        scores,
        expected=np.array([1, 2, 2, 0, 0]),
        sizes={"n": 5, "k": 3},
        mistakes={
            "You looked along the columns: each row is a sample, so use axis=1.": np.argmax(scores, axis=0),
            "You took the first positive score: take the largest, positive or not.": np.argmax(
                scores > 0, axis=1
            ),
            "You took the smallest score.": np.argmin(scores, axis=1),
            "You took the largest magnitude: a very negative score says 'surely not'.": np.argmax(
                np.abs(scores), axis=1
            ),
            "You returned the largest scores: return which class has them.": scores.max(axis=1),
            "Your classes count from 1: they count from 0.": np.argmax(scores, axis=1) + 1,
            "You looked for the largest score of all samples together: decide for each row.": np.argmax(
                scores
            ),
        },
    )


# %%
# HIDDEN
def test_random_scores_and_ties(one_vs_rest_predict):
    import numpy as np
    from course_utils.checks import check_call

    rng = np.random.default_rng(206)
    for n, k in ((11, 3), (3, 7), (1, 5)):
        scores = rng.normal(-1, 2, (n, k))
        right = np.array([max(range(k), key=lambda c, row=row: row[c]) for row in scores])
        check_call(
            one_vs_rest_predict,
            scores,
            expected=right,
            sizes={"n": n, "k": k},
            mistakes={"You took the smallest score.": np.argmin(scores, axis=1)},
        )
    tie = {"Of equal scores the lower class wins.": np.array([2, 2])}
    check_call(
        one_vs_rest_predict,
        np.array([[1.0, 1.0, 1.0], [0.0, 3.0, 3.0]]),
        expected=np.array([0, 1]),
        mistakes=tie,
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [raw]
# # BEGIN QUESTION
# name: one_vs_one_vote
# points: 4

# %% [markdown]
# ### Exercise 2.7 · one_vs_one_vote · ★★☆ · 12 minutes
#
# Count the votes. The columns of `pair_scores` are the pairs in the order $(0,1), (0,2), \dots, (0,k{-}1), (1,2), \dots, (k{-}2,k{-}1)$. A score above 0 in the column of $(i, j)$ is a vote for $i$; any other is a vote for $j$.
#
# **Shapes:** `pair_scores` $(n, k(k-1)/2)$ → votes $(n, k)$, integers. Each row adds up to $k(k-1)/2$.
#
# **Worked:** $k = 3$, scores $(0.5, -1, 2)$ for $(0,1), (0,2), (1,2)$: votes for 0, for 2, for 1. The row is $(1, 1, 1)$.
#
# <details><summary>Hint 1</summary>Two loops make the pairs in the right order: <code>for i in range(k): for j in range(i + 1, k)</code>.</details>
# <details><summary>Hint 2</summary>A mask counts as 0 and 1: <code>votes[:, i] += score &gt; 0</code>, and the opposite for j.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>IndexError:</b> there are k(k − 1)/2 pairs: a class doesn't meet itself.</li>
# <li><b>The losers win:</b> above 0 is a vote for the <i>first</i> class of the pair.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def one_vs_one_vote(pair_scores, k):
    """Return how many votes (n, k) each class gets from pair_scores (n, k(k − 1)/2); above 0 is for the first of a pair."""
    # BEGIN SOLUTION
    votes = np.zeros((len(pair_scores), k), dtype=int)
    pairs = [(i, j) for i in range(k) for j in range(i + 1, k)]
    for (i, j), score in zip(pairs, pair_scores.T, strict=True):
        votes[:, i] += score > 0
        votes[:, j] += score <= 0
    return votes
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_three_classes(one_vs_one_vote):
    import numpy as np
    from course_utils.checks import check_call

    pair_scores = np.array(
        [[0.5, -1.0, 2.0], [1.0, 2.0, 3.0], [-1.0, -0.5, -2.0], [-0.1, 4.0, 0.2], [2.5, -0.4, -0.6]]
    )
    right = np.array([[1, 1, 1], [2, 1, 0], [0, 1, 2], [1, 2, 0], [1, 0, 2]])
    check_call(
        one_vs_one_vote,
        pair_scores,
        3,
        expected=right,
        sizes={"n": 5, "k": 3},
        mistakes={
            "Your votes go to the loser: a score above 0 is a vote for the first class of the pair.": 2
            - right,
            "You count only votes for the first of a pair: a score of 0 or less is a vote for the second.": np.array(
                [[1, 1, 0], [2, 1, 0], [0, 0, 0], [1, 1, 0], [1, 0, 0]]
            ),
            "You returned the winner: return the votes of every class.": right.argmax(axis=1),
            "You added up scores: each pair has one vote, however sure it is.": np.stack(
                [
                    pair_scores[:, 0] + pair_scores[:, 1],
                    -pair_scores[:, 0] + pair_scores[:, 2],
                    -pair_scores[:, 1] - pair_scores[:, 2],
                ],
                axis=1,
            ),
        },
    )


# %%
def test_the_order_of_the_pairs(one_vs_one_vote):
    import numpy as np
    from course_utils.checks import check_call

    pair_scores = np.array([[1.0, -1.0, 1.0, 1.0, -1.0, 1.0], [-1.0, -1.0, -1.0, 1.0, 1.0, -1.0]])
    column_order = np.array([[2, 1, 2, 1], [1, 2, 2, 1]])
    check_call(
        one_vs_one_vote,
        pair_scores,
        4,
        expected=np.array([[2, 1, 2, 1], [0, 3, 1, 2]]),
        sizes={"n": 2, "k": 4},
        mistakes={
            "Your pairs come in another order: first all pairs with 0, then those of 1 with 2, 3, …": column_order,
        },
    )


# %%
# HIDDEN
def test_random_votes(one_vs_one_vote):
    import numpy as np
    from course_utils import classification
    from course_utils.checks import check_call

    rng = np.random.default_rng(207)
    for n, k in ((7, 5), (11, 3), (3, 7)):
        pair_scores = rng.normal(size=(n, k * (k - 1) // 2))
        # The reference trains its functions: let each look up the score of its own pair.
        order = iter(range(k * (k - 1) // 2))
        votes = classification.one_vs_one(
            lambda X, y: (np.eye(pair_scores.shape[1])[next(order)], 0.0),
            np.zeros((k, pair_scores.shape[1])),
            np.arange(k),
        )
        right = votes(pair_scores).astype(int)
        check_call(
            one_vs_one_vote,
            pair_scores,
            k,
            expected=right,
            sizes={"n": n, "k": k},
            mistakes={
                "Your votes go to the loser: a score above 0 is a vote for the first class of the pair.": k
                - 1
                - right
            },
        )


# %%
# HIDDEN
def test_two_classes_and_a_score_of_zero(one_vs_one_vote):
    import numpy as np
    from course_utils.checks import check_call

    zero = {
        "A score of exactly 0 is a vote for the second class of the pair.": np.array([[1, 0], [1, 0], [0, 1]])
    }
    check_call(
        one_vs_one_vote,
        np.array([[0.0], [2.0], [-2.0]]),
        2,
        expected=np.array([[0, 1], [1, 0], [0, 1]]),
        mistakes=zero,
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# Three classes in a row show where the two ways differ. No straight line has the middle class on one side and both others on the other side, so one of the $k$ functions has a hopeless task. Each *pair*, though, is easy.

# %%
rng = np.random.default_rng(6)
row = np.vstack([rng.normal((centre, 0), (0.55, 0.8), (60, 2)) for centre in (-3, 0, 3)])
which = np.repeat([0, 1, 2], 60)
if solved(one_vs_rest_predict, one_vs_one_vote):
    rest = classification.one_vs_rest(classification.fit_svm, row, which)
    machines = [
        classification.fit_svm(
            row[(which == i) | (which == j)], np.where(which[(which == i) | (which == j)] == i, 1.0, -1.0)
        )
        for i, j in ((0, 1), (0, 2), (1, 2))
    ]

    def by_pairs(X):
        return one_vs_one_vote(np.column_stack([X @ w + b for w, b in machines]), 3).argmax(axis=1)

    A, B = np.meshgrid(np.linspace(-5, 5, 200), np.linspace(-3, 3, 120))
    places = np.column_stack([A.ravel(), B.ravel()])
    ways = {"One against the rest": lambda X: one_vs_rest_predict(rest(X)), "One against one": by_pairs}
    fig, axes = plt.subplots(1, 2, figsize=(11, 3.8), sharey=True)
    for ax, (name, predict) in zip(axes, ways.items(), strict=True):
        regions = predict(places).reshape(A.shape)
        ax.contourf(A, B, regions, levels=[-0.5, 0.5, 1.5, 2.5], colors=[BLUE, ORANGE, GREEN], alpha=0.25)
        for c, (color, marker) in enumerate(zip((BLUE, ORANGE, GREEN), "os^", strict=True)):
            ax.scatter(*row[which == c].T, s=14, color=color, marker=marker, label=f"class {c}")
        ax.set(title=f"{name}: {np.mean(predict(row) == which):.0%} right", xlabel="$x_1$")
    axes[0].set_ylabel("$x_2$")
    axes[1].legend(loc="upper right", ncols=3)
    plt.show()

# %% [markdown]
# One against one needs more functions, 45 for ten digits, but each is trained on a fifth of the data and has an easier question.
#
# ## 2.8 A hinge for many classes
#
# Why train $k$ separate machines at all? One loss can ask what you really want: **the score of the true class $i$ should beat every other score by 1**. Each one that comes too close costs:
#
# $$\ell = \sum_{j \ne i} \max\left(0,\ 1 - f_i(x) + f_j(x)\right).$$

# %% [raw]
# # BEGIN QUESTION
# name: multiclass_hinge
# points: 4

# %% [markdown]
# ### Exercise 2.8 · multiclass_hinge · ★★☆ · 12 minutes
#
# Return the mean over samples of the multi-class hinge loss above.
#
# **Shapes:** `scores` $(n, k)$, `y` $(n,)$ with integers $0 \dots k-1$ → one number.
#
# **Worked:** scores $(3, 1, 2.5)$, true class 0: class 1 stays 2 below and costs nothing; class 2 is only 0.5 below and costs 0.5. With true class 1: $\max(0, 1 - 1 + 3) + \max(0, 1 - 1 + 2.5) = 3 + 2.5 = 5.5$.
#
# <details><summary>Hint 1</summary><code>scores[np.arange(n), y]</code> picks the score of the true class from each row.</details>
# <details><summary>Hint 2</summary>Compute the whole (n, k) array first, set the entries of the true classes to 0, then sum over each row.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>Exactly 1 too large:</b> the true class is in the sum. There max(0, 1 − f + f) is 1.</li>
# <li><b>Wrong shapes when subtracting:</b> the true scores are (n,), the scores (n, k): add an axis with <code>[:, None]</code>.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def multiclass_hinge(scores, y):
    """Return the mean over samples of Σ_{j≠i} max(0, 1 − f_i + f_j); scores (n, k), true classes y (n,)."""
    # BEGIN SOLUTION
    rows = np.arange(len(y))
    losses = np.maximum(0, 1 - scores[rows, y][:, None] + scores)
    losses[rows, y] = 0
    return np.mean(np.sum(losses, axis=1))
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_equal_scores_cost_k_minus_one(multiclass_hinge):
    import numpy as np
    from course_utils.checks import check_call

    check_call(
        multiclass_hinge,
        np.zeros((2, 5)),
        np.array([3, 1]),
        expected=4.0,
        mistakes={
            "With all scores equal the loss is k − 1, not k: skip the true class.": 5.0,
            "With all scores equal every other class costs 1: add them up, don't average.": 0.8,
        },
    )


# %%
def test_three_classes(multiclass_hinge):
    import numpy as np
    from course_utils.checks import check_call

    scores = np.array(
        [[3.0, 1.0, 2.5], [0.2, -1.0, 0.7], [-2.0, 0.5, 4.0], [1.0, 1.3, -0.2], [0.4, 2.0, 1.9]]
    )
    y = np.array([0, 2, 1, 1, 0])
    rows = np.arange(5)
    true = scores[rows, y][:, None]
    costs = np.maximum(0, 1 - true + scores)
    costs[rows, y] = 0
    check_call(
        multiclass_hinge,
        scores,
        y,
        expected=costs.sum() / 5,
        sizes={"n": 5, "k": 3},
        mistakes={
            "The true class is in your sum, where it costs 1: skip it.": costs.sum() / 5 + 1,
            "The sign is reversed: the true class must be ahead, so its score lowers the loss.": (
                np.maximum(0, 1 + true - scores).sum() - 5
            )
            / 5,
            "The 1 is missing: another score must stay a whole 1 below.": np.maximum(0, scores - true).sum()
            / 5,
            "You took only the worst rival: add up all of them.": costs.max(axis=1).mean(),
            "You averaged over classes as well: sum over classes, average over samples.": costs.mean(),
            "You averaged over the k − 1 other classes: add them up.": costs.sum() / 10,
            "You didn't cut off at 0: a rival far below costs nothing.": (1 - true + scores).sum() / 5 - 1,
            "You summed over samples: average over them.": costs.sum(),
        },
    )


# %%
# HIDDEN
def test_random_scores(multiclass_hinge):
    import numpy as np
    from course_utils import classification
    from course_utils.checks import check_call

    rng = np.random.default_rng(208)
    for n, k in ((7, 3), (13, 5), (3, 11)):
        scores, y = rng.normal(0, 2, (n, k)), rng.integers(0, k, n)
        right = float(classification.multiclass_hinge_loss(scores, y))
        check_call(
            multiclass_hinge,
            scores,
            y,
            expected=right,
            sizes={"n": n, "k": k},
            mistakes={"The true class is in your sum, where it costs 1: skip it.": right + 1},
        )


# %%
# HIDDEN
def test_one_sample_two_classes_and_large_scores(multiclass_hinge):
    import numpy as np
    from course_utils.checks import check_call

    check_call(multiclass_hinge, np.array([[0.3, -0.4]]), np.array([1]), expected=1.7)
    check_call(multiclass_hinge, np.array([[1e6, 0.0, -1e6]]), np.array([0]), expected=0.0)
    check_call(multiclass_hinge, np.array([[2.0, 1.0, 1.0]]), np.array([0]), expected=0.0)


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %%
lead = np.linspace(-3, 5, 300)
rivals = np.stack([lead, 0 * lead, 0 * lead - 1], axis=1)
fig, ax = plt.subplots()
hinge = np.maximum(0, 1 - lead) + np.maximum(0, 1 - lead - 1)
ax.plot(lead, hinge, color=BLUE, ls="-", label="multi-class hinge")
ax.plot(
    lead,
    classification.cross_entropy(rivals, 0 * lead, "none"),
    color=ORANGE,
    ls="--",
    label="cross-entropy of softmax",
)
ax.axvline(1, color="black", lw=1, ls=":")
ax.set(
    xlabel="score of the true class; the others have 0 and −1",
    ylabel="loss of one sample",
    title="The hinge is content with a lead of 1, the cross-entropy never is",
)
ax.legend()
plt.show()

# %% [markdown]
# ## 2.9 Softmax
#
# Scores become probabilities with the **softmax**: exponentiate, so that all are positive, then divide by the sum, so that they add up to 1:
#
# $$P_j(x) = \frac{\exp f_j(x)}{\sum_{m} \exp f_m(x)}.$$
#
# For two classes it is the sigmoid of the difference $f_1 - f_0$. Adding the same number to all scores changes nothing. That isn't only a curiosity: it keeps the exponentials from overflowing.

# %% [raw]
# # BEGIN QUESTION
# name: softmax
# points: 4

# %% [markdown]
# ### Exercise 2.9 · softmax · ★★☆ · 10 minutes
#
# Return the softmax of each row. It must be right for scores of $\pm 1000$ too, where `np.exp` overflows. So take the largest score of the row off first: the largest exponent is then $e^0 = 1$.
#
# **Shapes:** `scores` $(n, k)$ → $(n, k)$; each row sums to 1.
#
# **Worked:** $(0, \log 3)$ → $(\frac14, \frac34)$, and so does $(1000, 1000 + \log 3)$.
#
# <details><summary>Hint 1</summary><code>scores.max(axis=1, keepdims=True)</code> has the shape (n, 1), which subtracts from each row.</details>
# <details><summary>Hint 2</summary>Divide by the sum over <code>axis=1</code>, again with <code>keepdims=True</code>.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>NaN:</b> infinity divided by infinity. Subtract the maximum before exponentiating.</li>
# <li><b>NaN in one row only:</b> you subtracted the maximum of the whole array. In a row far below it every exponential is 0.</li>
# <li><b>All entries together sum to 1:</b> the sum lacks its axis.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def softmax(scores):
    """Return the probabilities (n, k) of scores (n, k); each row sums to 1."""
    # BEGIN SOLUTION
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_each_row_sums_to_one(softmax):
    import numpy as np
    from course_utils.checks import check_call

    scores = np.array(
        [[0.0, 1.0, -2.0], [2.0, 0.5, 3.0], [-1.0, -2.0, 0.3], [0.1, 0.2, 0.7], [1.5, -0.6, 0.4]]
    )
    e = np.exp(scores)
    check_call(
        softmax,
        scores,
        expected=e / e.sum(1, keepdims=True),
        sizes={"n": 5, "k": 3},
        mistakes={
            "Each row must sum to 1; yours do only all together: sum over axis=1.": e / e.sum(),
            "Your columns sum to 1: rows are samples, so sum over axis=1.": e / e.sum(0),
            "Yours don't sum to 1: divide by the sum of the row.": e,
            "You divided by the number of classes: divide by the sum of the row.": e / 3,
            "Without the exponential scores can be negative, and probabilities can't.": scores
            / scores.sum(1, keepdims=True),
            "You divided by the largest exponential: divide by their sum.": e / e.max(1, keepdims=True),
            "That is the sigmoid of each score: divide by the sum over classes.": e / (1 + e),
            "You returned logarithms of the probabilities.": np.log(e / e.sum(1, keepdims=True)),
        },
    )


# %%
def test_huge_scores(softmax):
    import numpy as np
    from course_utils.checks import check_call

    scores = np.array(
        [[1000.0, 1000.0 + np.log(3), 0.0], [-1000.0, -1000.0, -1000.0 + np.log(2)], [0.0, 1.0, 2.0]]
    )
    small = np.exp([0.0, 1.0, 2.0])
    right = np.array([[0.25, 0.75, 0.0], [0.25, 0.25, 0.5], small / small.sum()])
    with np.errstate(all="ignore"):
        overflowed = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
        shifted = np.exp(scores - scores.max())
        underflowed = shifted / shifted.sum(1, keepdims=True)
    check_call(
        softmax,
        scores,
        expected=right,
        mistakes={
            "np.exp(1000) is infinity, and infinity over infinity is NaN: take each row's largest score off first.": overflowed,
            "You took the largest score of the whole array off, so other rows underflow to 0/0: use each row's own.": underflowed,
        },
    )


# %%
# HIDDEN
def test_random_scores(softmax):
    import numpy as np
    from course_utils.checks import check_call
    from scipy.special import softmax as reference

    rng = np.random.default_rng(209)
    for n, k, scale in ((7, 3, 1), (3, 11, 300), (1, 5, 20), (13, 2, 5)):
        scores = rng.normal(0, scale, (n, k))
        check_call(softmax, scores, expected=reference(scores, axis=1), sizes={"n": n, "k": k})


# %%
# HIDDEN
def test_one_class_and_one_far_ahead(softmax):
    import numpy as np
    from course_utils.checks import check_call

    check_call(softmax, np.array([[3.0], [-700.0]]), expected=np.ones((2, 1)))
    check_call(softmax, np.array([[0.0, -800.0, 5000.0]]), expected=np.array([[0.0, 0.0, 1.0]]))


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# The loss is the cross-entropy: the negative log probability of the true class $i$,
#
# $$\ell = -\log P_i(x) = \log \sum_m \exp f_m(x) - f_i(x).$$
#
# Its gradient with respect to the scores is the reason everybody uses it. Differentiate the right-hand side by $f_j$: the first term gives $P_j$, the second gives $-1$ if $j$ is the true class. So
#
# $$\frac{\partial \ell}{\partial f_j} = P_j - [j = i].$$
#
# Predicted minus wanted, as in logistic regression.

# %% [raw]
# # BEGIN QUESTION
# name: cross_entropy_gradient
# points: 6

# %% [markdown]
# ### Exercise 2.10 · cross_entropy_gradient · ★★★ · 12 minutes
#
# Return the gradient of the **mean** cross-entropy of $n$ samples with respect to all scores,
#
# $$\frac{\partial L}{\partial f_{sj}} = \frac1n \left(P_{sj} - [j = y_s]\right).$$
#
# You may call `classification.softmax(scores)`, the finished version of exercise 2.9.
#
# **Shapes:** `scores` $(n, k)$, `y` $(n,)$ with integers $0 \dots k-1$ → $(n, k)$. Each row sums to 0: what the true class gains, the others lose.
#
# **Worked:** one sample with scores $(0, \log 3)$ and true class 0: $P = (\frac14, \frac34)$, gradient $(-\frac34, \frac34)$. In a batch of two, halve it.
#
# <details><summary>Hint 1</summary>Start with the probabilities and subtract 1 at the true class of each row: <code>gradient[np.arange(n), y] -= 1</code>.</details>
# <details><summary>Hint 2</summary>Divide by the number of samples, not by the number of entries.</details>
# <details><summary>When it goes wrong</summary>
# <ul><li><b>n times too large:</b> the loss is a mean over samples.</li>
# <li><b>Rows don't sum to 0:</b> you subtracted the one-hot labels from scores instead of probabilities, or from the wrong place.</li></ul></details>

# %% [raw]
# # BEGIN SOLUTION


# %%
def cross_entropy_gradient(scores, y):
    """Return the gradient (n, k) of the mean cross-entropy with respect to scores (n, k); true classes y (n,)."""
    # BEGIN SOLUTION
    gradient = classification.softmax(scores)
    gradient[np.arange(len(y)), y] -= 1
    return gradient / len(y)
    # END SOLUTION


# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS


# %%
def test_predicted_minus_wanted(cross_entropy_gradient):
    import numpy as np
    from course_utils import classification
    from course_utils.checks import check_call

    scores = np.array(
        [
            [0.0, 1.0, -1.0],
            [2.0, 0.5, 3.0],
            [-1.0, -2.0, 0.3],
            [0.1, 0.2, 0.7],
            [1.5, -0.6, 0.4],
            [0.9, 0.3, 1.2],
            [2.2, 1.1, 0.6],
        ]
    )
    y = np.array([1, 0, 2, 2, 0, 1, 1])
    p, hot = classification.softmax(scores), np.eye(3)[y]
    right = (p - hot) / 7
    check_call(
        cross_entropy_gradient,
        scores,
        y,
        expected=right,
        sizes={"n": 7, "k": 3},
        mistakes={
            "The loss is a mean over samples: divide by n.": 7 * right,
            "You divided by the number of entries: divide by the number of samples.": right / 3,
            "The sign is reversed: predicted minus wanted.": -right,
            "The labels are missing: subtract 1 at the true class.": p / 7,
            "You subtracted the labels from the scores: subtract them from the probabilities.": (scores - hot)
            / 7,
            "Only the true class has a gradient in your answer: the others must go down.": hot * right,
            "You subtracted 1 from the columns of all true classes: each row has its own true class.": (p - 1)
            / 7,
            "You divided only the 1 by n, or only the probabilities: the whole difference is averaged.": p
            - hot / 7,
        },
    )


# %%
# HIDDEN
def test_against_differences_of_the_loss(cross_entropy_gradient):
    import numpy as np
    from course_utils import classification
    from course_utils.autograd import numerical_gradient
    from course_utils.checks import check_call

    rng = np.random.default_rng(210)
    for n, k in ((5, 3), (3, 7), (11, 2)):
        scores, y = rng.normal(0, 2, (n, k)), rng.integers(0, k, n)
        right = numerical_gradient(lambda s, y=y: classification.cross_entropy(s, y), scores)
        check_call(
            cross_entropy_gradient,
            scores,
            y,
            expected=right,
            rtol=1e-6,
            atol=1e-8,
            sizes={"n": n, "k": k},
            mistakes={
                "The loss is a mean over samples: divide by n.": n * right,
                "You divided by the number of entries: divide by the number of samples.": right / k,
            },
        )


# %%
# HIDDEN
def test_one_sample_and_certain_answers(cross_entropy_gradient):
    import numpy as np
    from course_utils.checks import check_call

    scores = np.array([[1000.0, 0.0], [1000.0, 0.0]])
    check_call(cross_entropy_gradient, scores, np.array([0, 1]), expected=np.array([[0.0, 0.0], [0.5, -0.5]]))
    check_call(
        cross_entropy_gradient,
        np.array([[0.0, np.log(3.0), 0.0]]),
        np.array([2]),
        expected=np.array([[0.2, 0.6, -0.8]]),
        sizes={"k": 3},
    )


# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [markdown]
# Check it as you did in notebook 01, and watch what the gradient does to three scores when you follow it:

# %%
if solved(cross_entropy_gradient, softmax):
    scores, true_class = np.array([[1.0, 2.0, -0.5]]), np.array([0])
    numerical = numerical_gradient(lambda s: classification.cross_entropy(s, true_class), scores)
    print("yours:    ", cross_entropy_gradient(scores, true_class)[0])
    print("numerical:", numerical[0])
    path = []
    for _ in range(60):
        path.append(softmax(scores)[0])
        scores = scores - 0.2 * cross_entropy_gradient(scores, true_class)
    fig, ax = plt.subplots()
    for c, style in enumerate(("-", "--", ":")):
        ax.plot(
            np.array(path)[:, c],
            ls=style,
            color=(BLUE, ORANGE, GREEN)[c],
            label=f"class {c}" + (", the true one" if c == 0 else ""),
        )
    ax.set(
        xlabel="steps",
        ylabel="probability",
        ylim=(0, 1),
        title="Down the gradient: the strongest rival gives way first",
    )
    ax.legend()
    plt.show()

# %% [markdown]
# ## 2.10 Which would you use?
#
# ### Sneaker or ankle boot?
#
# Time for your own learning curves. The data are photographs of 28 × 28 pixels, described here by 30 numbers each (their *principal components*, which notebook 10 explains). Give both models 10 samples, then more, up to 1,000, and judge each on 200 pictures that neither has seen.
#
# For a fair race both should draw straight boundaries. So let your naive Bayes share one variance between the classes, the average of the two. Logistic regression is a softmax with two classes, trained by gradient descent with your gradient. Where you haven't solved the exercises, the finished versions step in, and the cell says so.


# %%
bayes_fit = own_or_finished(
    fit_naive_bayes, lambda X, y: vars(classification.GaussianNaiveBayes(smoothing=0).fit(X, y))
)
gradient_of = own_or_finished(
    cross_entropy_gradient,
    lambda scores, y: (classification.softmax(scores) - np.eye(scores.shape[1])[y]) / len(y),
)


def fit_softmax(X, y, k, rate=0.5, steps=300):
    """Weights (d + 1, k) by gradient descent on the mean cross-entropy."""
    X = regression.add_bias(X)
    W = np.zeros((X.shape[1], k))
    for _ in range(steps):
        W = W - rate * X.T @ gradient_of(X @ W, y)
    return W


shoes = data.load_fashion()
is_shoe, is_test_shoe = (np.isin(labels, (7, 9)) for labels in (shoes.y_train, shoes.y_test))
pictures, test_pictures = shoes.x_train[is_shoe].reshape(-1, 784), shoes.x_test[is_test_shoe].reshape(-1, 784)
found = embedding.pca(pictures.astype(float), 30)  # found on training pictures alone
X, X_test = (
    (part - found.mean) @ found.components.T / np.sqrt(found.variance) for part in (pictures, test_pictures)
)
y, y_test = (shoes.y_train[is_shoe] == 9).astype(int), (shoes.y_test[is_test_shoe] == 9).astype(int)
sizes, repeats = (10, 20, 50, 100, 200, 500, 1000), 20
errors = np.zeros((2, len(sizes), repeats))
rng = np.random.default_rng(0)
for column, n in enumerate(sizes):
    for repeat in range(repeats):
        chosen = np.concatenate([rng.choice(np.flatnonzero(y == c), n // 2, replace=False) for c in (0, 1)])
        model = bayes_fit(X[chosen], y[chosen])
        shared = np.mean(model["variance"], axis=0)
        distances = ((X_test[:, None] - model["mean"]) ** 2 / shared).sum(axis=2)
        W = fit_softmax(X[chosen], y[chosen], 2)
        guesses = np.argmin(distances, axis=1), np.argmax(regression.add_bias(X_test) @ W, axis=1)
        errors[:, column, repeat] = [np.mean(guess != y_test) for guess in guesses]
fig, ax = plt.subplots()
for error, name, color, marker, style in zip(
    errors,
    ("naive Bayes (generative)", "logistic regression (discriminative)"),
    (BLUE, ORANGE),
    "os",
    ("-", "--"),
    strict=True,
):
    middle, spread = error.mean(axis=1), error.std(axis=1) / np.sqrt(repeats)
    ax.errorbar(sizes, middle, 2 * spread, color=color, marker=marker, ls=style, capsize=3, label=name)
ax.set(
    xscale="log",
    xlabel="training samples",
    ylabel="error on 200 test pictures",
    ylim=(0, None),
    title="Sneaker or ankle boot: the curves cross",
)
ax.set_xticks(sizes, [str(n) for n in sizes])
ax.minorticks_off()
ax.legend()
plt.show()
print(
    "error with 10 samples:    naive Bayes {:.1%}, logistic regression {:.1%}".format(
        *errors[:, 0].mean(axis=1)
    )
)
print(
    "error with 1,000 samples: naive Bayes {:.1%}, logistic regression {:.1%}".format(
        *errors[:, -1].mean(axis=1)
    )
)

# %% [markdown]
# Bars show two standard errors of the mean of 20 draws. With a handful of samples the assumption pays; with hundreds it costs. Naive Bayes is done learning after 100 samples: what is left is its bias.
#
# ### Handwritten digits
#
# Now ten classes and 784 pixels. Train the softmax with your gradient on 4,000 digits, and look at what it has learned: the weights of a class, drawn as a picture.

# %%
mnist = data.load_mnist()
X, X_test = (part.reshape(-1, 784).astype(float) for part in (mnist.x_train, mnist.x_test))
W = fit_softmax(X, mnist.y_train, 10, rate=0.3, steps=200)
probabilities = classification.softmax(regression.add_bias(X_test) @ W)
guess = probabilities.argmax(axis=1)
print(f"softmax regression: {np.mean(guess == mnist.y_test):.1%} of 1,000 test digits right")
model = classification.GaussianNaiveBayes(smoothing=0.1).fit(X, mnist.y_train)
print(f"naive Bayes:        {np.mean(model.predict(X_test) == mnist.y_test):.1%}")
print(f"guessing:           {1 / 10:.1%}")
fig, axes = plt.subplots(2, 10, figsize=(12, 3.2))
limit = np.abs(W[:-1]).max()
for c, ax in enumerate(axes[0]):
    ax.imshow(W[:-1, c].reshape(28, 28), cmap="PuOr", vmin=-limit, vmax=limit)
    ax.set(title=f"{c}", xticks=[], yticks=[])
    ax.title.set_ha("center")
surest = np.argsort(-probabilities.max(axis=1) * (guess != mnist.y_test))[:10]
for ax, i in zip(axes[1], surest, strict=True):
    ax.imshow(mnist.x_test[i, 0], cmap="gray_r")
    ax.set(title=f"{mnist.y_test[i]} read as {guess[i]}", xticks=[], yticks=[])
    ax.title.set_fontsize(9)
fig.suptitle("Above: weights (orange against, purple for a class). Below: the surest mistakes")
plt.show()

# %% [markdown]
# A linear classifier has one template a class. It cannot know that a 4 stays a 4 when you move it two pixels to the right. Notebook 07 gives it that.

# %% [raw]
# # BEGIN QUESTION
# name: which_model
# points: 4
# manual: true

# %% [markdown]
# ### Question 2.11 · Which model would you choose? · ★★☆ · 10 minutes
#
# A clinic has measured 12 blood values of **30 patients** with a rare disease and of **30 without**. It wants a classifier now, and expects to have 5,000 patients in three years. Some of the values are missing for some patients.
#
# Would you start with naive Bayes or with logistic regression? Would you still choose it in three years? Give **two** reasons for today's choice and **one** for the later one, and name **one** way to find out, from the data, whether you are right. Four to eight sentences.

# %% [raw]
# # BEGIN SOLUTION

# %% [markdown]
# **Rubric (4 points):** one point for each of two good reasons today, one for the later choice with its reason, one for the test.
#
# - *Few samples:* naive Bayes estimates only a mean and a variance a feature, and comes near its best error with few samples; logistic regression with 12 features and 60 samples overfits or needs strong regularisation.
# - *Missing values:* a generative model can leave a missing feature out of the product; a discriminative one needs it filled in.
# - *The rate of the disease:* 30 and 30 isn't how common it is. With naive Bayes the prior can be set to the true rate afterwards. (Shifting the intercept of logistic regression does the same: worth the point if said.)
# - *In three years:* with 5,000 samples the assumption of independence (blood values are correlated) costs more than it saves: logistic regression, lower asymptotic error. An answer that keeps naive Bayes because a check showed near-independence earns the point too.
# - *A test:* cross-validate both; draw learning curves on parts of the data and see whether they cross; look at the correlation of features within each class.
#
# An answer that only names "fewer assumptions" or "is better with more data" without saying which assumption earns half a point.

# %% [raw]
# # END SOLUTION

# %% [raw]
# # END QUESTION

# %% [markdown]
# ## Challenge, beyond the grade: naive Bayes *is* a linear classifier
#
# Let two classes share one variance a feature, $\sigma_i^2$. Then the log-odds $\log \frac{P(1 \mid x)}{P(0 \mid x)}$ are a linear function $w^\top x + b$, the same form as in logistic regression. Find $w$ and $b$ from the model, then prove that nothing is left of the squares $x_i^2$.


# %%
def naive_bayes_as_line(model):
    """Return w (d,) and b with log P(1|x)/P(0|x) = wᵀx + b; both rows of model["variance"] are equal."""
    ...


# %%
if solved(naive_bayes_as_line, fit_naive_bayes, log_joint):
    model = fit_naive_bayes(two, is_malignant)
    model["variance"] = np.tile(model["variance"].mean(axis=0), (2, 1))
    w, b = naive_bayes_as_line(model)
    joint = log_joint(model, two)
    print("the same log-odds:", np.allclose(two @ w + b, joint[:, 1] - joint[:, 0]))

# %% [markdown]
# ## What you take with you
#
# - **Generative** models describe $P(X, Y)$: they can make samples, and need few of them. **Discriminative** ones describe $P(Y \mid X)$: fewer assumptions, a lower error in the end.
# - Probabilities of many features are added as **logarithms**.
# - A **margin** is $2/\lVert w \rVert$ wide. The **hinge** asks each sample to stay beyond it, and $\lambda\lVert w \rVert^2$ stops it from being satisfied by long weights.
# - Many classes: $k$ functions (one against the rest), $k(k-1)/2$ (one against one), or one loss over all scores.
# - **Softmax**: take off the largest score, exponentiate, normalise. The gradient of its cross-entropy is predicted minus wanted.
#
# ## Test yourself
#
# Answer first, then unfold.
#
# <details><summary>1. Your naive Bayes gives −inf for every class on long documents. What has happened?</summary>Densities were multiplied, and the product underflowed to 0 before the logarithm was taken. Add logarithms.</details>
# <details><summary>2. You multiply w and b by 10. What happens to the predictions, the hinge loss and the margin?</summary>Predictions stay. The hinge loss falls on samples that are on the right side and grows on the others. The margin 2/‖w‖ is ten times narrower.</details>
# <details><summary>3. How many functions need 26 letters, one against the rest and one against one?</summary>26 and 26·25/2 = 325.</details>
# <details><summary>4. All ten scores of a sample are 0. What are its multi-class hinge loss and its cross-entropy?</summary>9 (each of the nine rivals costs 1) and log 10 ≈ 2.303.</details>
# <details><summary>5. Why may you subtract the largest score before the softmax, but not the mean of each column?</summary>Softmax doesn't change when all scores of a sample move together. Subtracting something from one class in every sample changes the differences between its classes.</details>
#
# **Further reading.** Ng and Jordan, *On Discriminative vs. Generative Classifiers* (2002). Cortes and Vapnik, *Support-Vector Networks* (1995). Weston and Watkins, *Support Vector Machines for Multi-Class Pattern Recognition* (1999). Domingos and Pazzani, *On the Optimality of the Simple Bayesian Classifier under Zero-One Loss* (1997). Bishop, *Pattern Recognition and Machine Learning* (2006), chapter 4.
#
# ## Hand in
#
# Save the notebook (Ctrl+S), then run this cell. It writes the file that you hand in and shows what isn't done yet.

# %%
grader.hand_in()
