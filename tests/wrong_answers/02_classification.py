"""What students write in 02_classification. The name of each function is the mistake."""

import numpy as np

from autograder.wrong_answers import wrong
from course_utils import classification

# --- fit_naive_bayes -----------------------------------------------------------------------------------------


def _model(X, y, **changed):
    groups = [X[y == c] for c in range(y.max() + 1)]
    return {
        "prior": np.array([len(group) / len(X) for group in groups]),
        "mean": np.array([group.mean(axis=0) for group in groups]),
        "variance": np.array([group.var(axis=0) for group in groups]),
        **changed,
    }


@wrong("fit_naive_bayes", says="You returned standard deviations")
def standard_deviations(X, y):
    return _model(X, y, variance=np.array([X[y == c].std(axis=0) for c in range(y.max() + 1)]))


@wrong("fit_naive_bayes", says="divide by one less than the number of samples")
def sample_variances(X, y):
    groups = [X[y == c] for c in range(y.max() + 1)]
    squares = [((group - group.mean(axis=0)) ** 2).sum(axis=0) / max(len(group) - 1, 1) for group in groups]
    return _model(X, y, variance=np.array(squares))


@wrong("fit_naive_bayes", says="Your priors are counts")
def counts_for_priors(X, y):
    return _model(X, y, prior=np.bincount(y).astype(float))


@wrong("fit_naive_bayes", says="Your priors are all equal")
def equal_priors(X, y):
    return _model(X, y, prior=np.full(y.max() + 1, 1 / (y.max() + 1)))


@wrong("fit_naive_bayes", says="around the mean of all samples")
def variance_around_the_mean_of_all(X, y):
    return _model(
        X,
        y,
        variance=np.array([((X[y == c] - X.mean(axis=0)) ** 2).mean(axis=0) for c in range(y.max() + 1)]),
    )


@wrong("fit_naive_bayes", says="Every class has the same variance")
def one_variance_for_all(X, y):
    return _model(X, y, variance=np.tile(X.var(axis=0), (y.max() + 1, 1)))


@wrong("fit_naive_bayes", says="sums of a class by n")
def divided_by_all_samples(X, y):
    return _model(X, y, mean=np.array([X[y == c].sum(axis=0) / len(X) for c in range(y.max() + 1)]))


# --- log_joint -----------------------------------------------------------------------------------------------


def _parts(model, X):
    """Log priors (k,), the sums of log(2πσ²) (k,) and of squared distances over variances (n, k)."""
    distance = ((X[:, None] - model["mean"]) ** 2 / model["variance"]).sum(axis=2)
    return np.log(model["prior"]), np.log(2 * np.pi * model["variance"]).sum(axis=1), distance


@wrong("log_joint", says="The prior is missing")
def no_prior(model, X):
    _, scale, distance = _parts(model, X)
    return -0.5 * (scale + distance)


@wrong("log_joint", says="You added the probability P(c) to a logarithm")
def prior_without_logarithm(model, X):
    _, scale, distance = _parts(model, X)
    return model["prior"] - 0.5 * (scale + distance)


@wrong("log_joint", says="The term log(2πσ²) is missing")
def no_normalisation(model, X):
    log_prior, _, distance = _parts(model, X)
    return log_prior - 0.5 * distance


@wrong("log_joint", says="The half belongs to log(2πσ²) as well")
def half_of_the_distance_only(model, X):
    log_prior, scale, distance = _parts(model, X)
    return log_prior - scale - 0.5 * distance


@wrong("log_joint", says="You divided by standard deviations")
def divided_by_deviations(model, X):
    log_prior, scale, _ = _parts(model, X)
    return log_prior - 0.5 * (scale + _parts({**model, "variance": np.sqrt(model["variance"])}, X)[2])


@wrong("log_joint", says="(underflow): add logarithms instead")
def product_of_densities(model, X):
    mean, variance = model["mean"], model["variance"]
    densities = np.exp(-((X[:, None] - mean) ** 2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)
    with np.errstate(divide="ignore"):
        return np.log(model["prior"] * densities.prod(axis=2))


@wrong("log_joint", says="These are probabilities: return their logarithms")
def probabilities_returned(model, X):
    log_prior, scale, distance = _parts(model, X)
    return np.exp(log_prior - 0.5 * (scale + distance))


# --- sample_naive_bayes --------------------------------------------------------------------------------------


@wrong("sample_naive_bayes", says="You used the variance as a standard deviation")
def variance_as_deviation(model, n, rng):
    y = rng.choice(len(model["prior"]), size=n, p=model["prior"])
    return rng.normal(model["mean"][y], model["variance"][y]), y


@wrong("sample_naive_bayes", says="You draw all classes equally often")
def equal_classes(model, n, rng):
    y = rng.integers(0, len(model["prior"]), n)
    return rng.normal(model["mean"][y], np.sqrt(model["variance"][y])), y


@wrong("sample_naive_bayes", says="draw a random number for each feature")
def one_number_a_sample(model, n, rng):
    y = rng.choice(len(model["prior"]), size=n, p=model["prior"])
    return model["mean"][y] + rng.normal(size=(n, 1)) * np.sqrt(model["variance"][y]), y


@wrong("sample_naive_bayes", says="draw with rng, not with np.random")
def global_generator(model, n, rng):
    y = np.random.choice(len(model["prior"]), size=n, p=model["prior"])  # noqa: NPY002
    return np.random.normal(model["mean"][y], np.sqrt(model["variance"][y])), y  # noqa: NPY002


@wrong("sample_naive_bayes", says="draw with the rng that you are given")
def own_seed(model, n, rng):
    rng = np.random.default_rng(0)
    y = rng.choice(len(model["prior"]), size=n, p=model["prior"])
    return rng.normal(model["mean"][y], np.sqrt(model["variance"][y])), y


@wrong("sample_naive_bayes", says="Every sample of a class is the same")
def no_noise(model, n, rng):
    y = rng.choice(len(model["prior"]), size=n, p=model["prior"])
    return model["mean"][y], y


@wrong("sample_naive_bayes", says="Your noise has variance 1")
def noise_not_scaled(model, n, rng):
    y = rng.choice(len(model["prior"]), size=n, p=model["prior"])
    return rng.normal(model["mean"][y]), y


@wrong("sample_naive_bayes", says="The labels have come off")
def labels_drawn_apart(model, n, rng):
    y, other = (rng.choice(len(model["prior"]), size=n, p=model["prior"]) for _ in range(2))
    return rng.normal(model["mean"][y], np.sqrt(model["variance"][y])), other


# --- hinge_loss ----------------------------------------------------------------------------------------------


@wrong("hinge_loss", says="You didn't cut off at 0")
def no_cut_off(scores, y):
    return np.mean(1 - y * scores)


@wrong("hinge_loss", says="The sign is reversed")
def plus_sign(scores, y):
    return np.mean(np.maximum(0, 1 + y * scores))


@wrong("hinge_loss", says="Your hinge bends at y f = 0")
def bends_at_zero(scores, y):
    return np.mean(np.maximum(0, -y * scores))


@wrong("hinge_loss", says="You squared the hinge")
def squared_hinge(scores, y):
    return np.mean(np.maximum(0, 1 - y * scores) ** 2)


@wrong("hinge_loss", says="cut off each, then average")
def max_of_the_mean(scores, y):
    return max(0, np.mean(1 - y * scores))


@wrong("hinge_loss", says="You took the labels for 0 and 1")
def labels_mapped_again(scores, y):
    return np.mean(np.maximum(0, 1 - (2 * y - 1) * scores))


@wrong("hinge_loss", says="did you take a sum where a mean is asked?")
def summed_hinges(scores, y):
    return np.sum(np.maximum(0, 1 - y * scores))


# --- soft_margin_gradient ------------------------------------------------------------------------------------


@wrong("soft_margin_gradient", says="the 2 is missing")
def penalty_without_two(w, b, X, y, lam):
    pull = y * (y * (X @ w + b) < 1)
    return lam * w - pull @ X, -np.sum(pull)


@wrong("soft_margin_gradient", says="b moves the wrong way")
def sign_of_b(w, b, X, y, lam):
    pull = y * (y * (X @ w + b) < 1)
    return 2 * lam * w - pull @ X, np.sum(pull)


@wrong("soft_margin_gradient", says="Samples beyond their margin pull too")
def all_samples_pull(w, b, X, y, lam):
    return 2 * lam * w - y @ X, -np.sum(y)


@wrong("soft_margin_gradient", says="those inside the street")
def only_the_wrong_side(w, b, X, y, lam):
    pull = y * (y * (X @ w + b) < 0)
    return 2 * lam * w - pull @ X, -np.sum(pull)


@wrong("soft_margin_gradient", says="You averaged the hinge")
def mean_of_the_hinge(w, b, X, y, lam):
    pull = y * (y * (X @ w + b) < 1) / len(y)
    return 2 * lam * w - pull @ X, -np.sum(pull)


@wrong("soft_margin_gradient", says="You penalised b as well")
def penalised_b(w, b, X, y, lam):
    pull = y * (y * (X @ w + b) < 1)
    return 2 * lam * w - pull @ X, 2 * lam * b - np.sum(pull)


@wrong("soft_margin_gradient", says="The labels are missing")
def labels_left_out(w, b, X, y, lam):
    pull = 1.0 * (y * (X @ w + b) < 1)
    return 2 * lam * w - pull @ X, -np.sum(pull)


@wrong("soft_margin_gradient", says="the condition is y f < 1, not ≤")
def on_the_margin_pays(w, b, X, y, lam):
    pull = y * (y * (X @ w + b) <= 1)
    return 2 * lam * w - pull @ X, -np.sum(pull)


# --- one_vs_rest_predict -------------------------------------------------------------------------------------


@wrong("one_vs_rest_predict", says="You looked along the columns")
def along_the_columns(scores):
    return np.argmax(scores, axis=0)


@wrong("one_vs_rest_predict", says="You took the first positive score")
def first_positive_score(scores):
    return np.argmax(scores > 0, axis=1)


@wrong("one_vs_rest_predict", says="You returned the largest scores")
def scores_returned(scores):
    return np.max(scores, axis=1)


@wrong("one_vs_rest_predict", says="You took the largest magnitude")
def largest_magnitude(scores):
    return np.argmax(np.abs(scores), axis=1)


@wrong("one_vs_rest_predict", says="they count from 0")
def counts_from_one(scores):
    return np.argmax(scores, axis=1) + 1


@wrong("one_vs_rest_predict", says="Of equal scores the lower class wins")
def higher_class_of_a_tie(scores):
    return scores.shape[1] - 1 - np.argmax(scores[:, ::-1], axis=1)


# --- one_vs_one_vote -----------------------------------------------------------------------------------------


def _votes(pair_scores, k, pairs):
    votes = np.zeros((len(pair_scores), k), dtype=int)
    for (i, j), score in zip(pairs, pair_scores.T, strict=True):
        votes[:, i] += score > 0
        votes[:, j] += score <= 0
    return votes


@wrong("one_vs_one_vote", says="Your votes go to the loser")
def votes_for_the_loser(pair_scores, k):
    return _votes(pair_scores, k, [(j, i) for i in range(k) for j in range(i + 1, k)])


@wrong("one_vs_one_vote", says="Your pairs come in another order")
def pairs_column_by_column(pair_scores, k):
    return _votes(pair_scores, k, [(i, j) for j in range(k) for i in range(j)])


@wrong("one_vs_one_vote", says="You count only votes for the first of a pair")
def no_votes_for_the_second(pair_scores, k):
    votes = np.zeros((len(pair_scores), k), dtype=int)
    pairs = [(i, j) for i in range(k) for j in range(i + 1, k)]
    for (i, _), score in zip(pairs, pair_scores.T, strict=True):
        votes[:, i] += score > 0
    return votes


@wrong("one_vs_one_vote", says="You returned the winner")
def winner_returned(pair_scores, k):
    return _votes(pair_scores, k, [(i, j) for i in range(k) for j in range(i + 1, k)]).argmax(axis=1)


@wrong("one_vs_one_vote", says="You added up scores")
def scores_added_up(pair_scores, k):
    votes = np.zeros((len(pair_scores), k))
    pairs = [(i, j) for i in range(k) for j in range(i + 1, k)]
    for (i, j), score in zip(pairs, pair_scores.T, strict=True):
        votes[:, i] += score
        votes[:, j] -= score
    return votes


@wrong("one_vs_one_vote", says="A score of exactly 0 is a vote for the second class")
def zero_for_the_first(pair_scores, k):
    votes = np.zeros((len(pair_scores), k), dtype=int)
    pairs = [(i, j) for i in range(k) for j in range(i + 1, k)]
    for (i, j), score in zip(pairs, pair_scores.T, strict=True):
        votes[:, i] += score >= 0
        votes[:, j] += score < 0
    return votes


@wrong("one_vs_one_vote", says="Your code raised")
def a_class_meets_itself(pair_scores, k):
    return _votes(pair_scores, k, [(i, j) for i in range(k) for j in range(i, k)])


# --- multiclass_hinge ----------------------------------------------------------------------------------------


def _costs(scores, y):
    rows = np.arange(len(y))
    costs = np.maximum(0, 1 - scores[rows, y][:, None] + scores)
    costs[rows, y] = 0
    return costs


@wrong("multiclass_hinge", says="skip the true class")
def true_class_in_the_sum(scores, y):
    true = scores[np.arange(len(y)), y][:, None]
    return np.mean(np.sum(np.maximum(0, 1 - true + scores), axis=1))


@wrong("multiclass_hinge", says="You averaged over classes as well")
def mean_over_all_entries(scores, y):
    return np.mean(_costs(scores, y))


@wrong("multiclass_hinge", says="You took only the worst rival")
def worst_rival_only(scores, y):
    return np.mean(np.max(_costs(scores, y), axis=1))


@wrong("multiclass_hinge", says="The 1 is missing")
def no_margin(scores, y):
    true = scores[np.arange(len(y)), y][:, None]
    return np.mean(np.sum(np.maximum(0, scores - true), axis=1))


@wrong("multiclass_hinge", says="The sign is reversed")
def true_class_behind(scores, y):
    rows = np.arange(len(y))
    costs = np.maximum(0, 1 + scores[rows, y][:, None] - scores)
    costs[rows, y] = 0
    return np.mean(np.sum(costs, axis=1))


@wrong("multiclass_hinge", says="You summed over samples")
def summed_over_samples(scores, y):
    return np.sum(_costs(scores, y))


# --- softmax -------------------------------------------------------------------------------------------------


@wrong("softmax", says="yours do only all together")
def one_sum_for_all(scores):
    exponentials = np.exp(scores)
    return exponentials / exponentials.sum()


@wrong("softmax", says="Your columns sum to 1")
def sum_over_samples(scores):
    exponentials = np.exp(scores)
    return exponentials / exponentials.sum(axis=0)


@wrong("softmax", says="infinity over infinity is NaN")
def overflow(scores):
    with np.errstate(all="ignore"):
        exponentials = np.exp(scores)
        return exponentials / exponentials.sum(axis=1, keepdims=True)


@wrong("softmax", says="so other rows underflow to 0/0")
def one_maximum_for_all(scores):
    with np.errstate(all="ignore"):
        exponentials = np.exp(scores - scores.max())
        return exponentials / exponentials.sum(axis=1, keepdims=True)


@wrong("softmax", says="That is the sigmoid of each score")
def sigmoid_of_each(scores):
    return 1 / (1 + np.exp(-scores))


@wrong("softmax", says="You divided by the largest exponential")
def not_normalised(scores):
    return np.exp(scores - scores.max(axis=1, keepdims=True))


@wrong("softmax", says="Without the exponential")
def shares_of_scores(scores):
    return scores / scores.sum(axis=1, keepdims=True)


# --- cross_entropy_gradient ----------------------------------------------------------------------------------


def _difference(scores, y):
    return classification.softmax(scores) - np.eye(scores.shape[1])[y]


@wrong("cross_entropy_gradient", says="divide by n")
def not_averaged(scores, y):
    return _difference(scores, y)


@wrong("cross_entropy_gradient", says="You divided by the number of entries")
def divided_by_entries(scores, y):
    return _difference(scores, y) / scores.size


@wrong("cross_entropy_gradient", says="The sign is reversed")
def wanted_minus_predicted(scores, y):
    return -_difference(scores, y) / len(y)


@wrong("cross_entropy_gradient", says="subtract them from the probabilities")
def labels_from_scores(scores, y):
    return (scores - np.eye(scores.shape[1])[y]) / len(y)


@wrong("cross_entropy_gradient", says="each row has its own true class")
def whole_columns(scores, y):
    gradient = classification.softmax(scores)
    gradient[:, y] -= 1
    return gradient / len(y)


@wrong("cross_entropy_gradient", says="The labels are missing")
def no_labels(scores, y):
    return classification.softmax(scores) / len(y)


_ROWS = "the array has two axes: the last one is axis 1"
_CHECKED = "the arrays are as long as each other in every valid call"

EQUIVALENT_MUTANTS = {
    (
        "log_joint",
        "for prior, mean, variance in zip(model['prior'], model['mean'], model['variance']):",
    ): _CHECKED,
    (
        "log_joint",
        "for prior, mean, variance in zip(model['prior'], model['mean'], model['variance'], strict=False):",
    ): _CHECKED,
    ("log_joint", "return np.stack(columns, axis=-1)"): _ROWS,
    (
        "log_joint",
        "terms = np.log(2 * np.pi * variance) + (mean - X) ** 2 / variance",
    ): "a square has no sign",
    ("log_joint", "columns.append(np.log(prior) - 0.5 * terms.sum(axis=-1))"): _ROWS,
    (
        "sample_naive_bayes",
        "return (model['mean'][y] - noise * np.sqrt(model['variance'][y]), y)",
    ): "normal noise is symmetric: minus it is as likely",
    ("sample_naive_bayes", "noise = rng.normal(size=(n, model['mean'].shape[-1]))"): _ROWS,
    ("one_vs_rest_predict", "return np.argmax(scores, axis=-1)"): _ROWS,
    ("one_vs_one_vote", "votes = np.zeros((len(pair_scores), k))"): "whole numbers are accepted as floats",
    ("one_vs_one_vote", "for (i, j), score in zip(pairs, pair_scores.T):"): _CHECKED,
    ("one_vs_one_vote", "for (i, j), score in zip(pairs, pair_scores.T, strict=False):"): _CHECKED,
    (
        "one_vs_one_vote",
        "pairs = [(i, j) for i in range(k - 1) for j in range(i + 1, k)]",
    ): "the last class is the first of no pair",
    (
        "one_vs_one_vote",
        "pairs = [(i, j) for i in range(k + 1) for j in range(i + 1, k)]",
    ): "a class beyond the last is the first of no pair",
    ("multiclass_hinge", "return np.mean(np.sum(losses, axis=-1))"): _ROWS,
    ("softmax", "return exponentials / exponentials.sum(axis=-1, keepdims=True)"): _ROWS,
    ("softmax", "exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))"): _ROWS,
}
