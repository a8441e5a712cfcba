"""What students write in 03_bias_variance. The name of each function is the mistake."""

import numpy as np

from autograder.wrong_answers import wrong

# --- bias_variance -------------------------------------------------------------------------------------------


@wrong("bias_variance", says="You squared the bias")
def squared_the_bias(predictions, truth):
    mean = predictions.mean(axis=0)
    return (mean - truth) ** 2, predictions.var(axis=0), np.mean((predictions - truth) ** 2, axis=0)


@wrong("bias_variance", says="Your bias has the wrong sign")
def truth_minus_prediction(predictions, truth):
    mean = predictions.mean(axis=0)
    return truth - mean, predictions.var(axis=0), np.mean((predictions - truth) ** 2, axis=0)


@wrong("bias_variance", says="You took the size of the bias")
def size_of_the_bias(predictions, truth):
    bias = np.abs(predictions.mean(axis=0) - truth)
    return bias, predictions.var(axis=0), np.mean((predictions - truth) ** 2, axis=0)


@wrong("bias_variance", says="Your variance divides by m − 1")
def divided_by_one_less(predictions, truth):
    bias = predictions.mean(axis=0) - truth
    return bias, predictions.var(axis=0, ddof=1), np.mean((predictions - truth) ** 2, axis=0)


@wrong("bias_variance", says="the variance is across models at the same point")
def averaged_over_the_points(predictions, truth):
    return (
        predictions.mean(axis=1) - truth,
        predictions.var(axis=1),
        np.mean((predictions - truth) ** 2, axis=1),
    )


@wrong("bias_variance", says="the spread of one curve along its points")
def spread_along_one_curve(predictions, truth):
    bias = predictions.mean(axis=0) - truth
    return bias, predictions.var(axis=1), np.mean((predictions - truth) ** 2, axis=0)


@wrong("bias_variance", says="Your variance measures from the truth")
def variance_around_the_truth(predictions, truth):
    error = np.mean((predictions - truth) ** 2, axis=0)
    return predictions.mean(axis=0) - truth, error, error


@wrong("bias_variance", says="you added the bias itself")
def added_the_bias_itself(predictions, truth):
    bias, variance = predictions.mean(axis=0) - truth, predictions.var(axis=0)
    return bias, variance, bias + variance


@wrong("bias_variance", says="You returned the standard deviation")
def standard_deviation(predictions, truth):
    mean = predictions.mean(axis=0)
    return mean - truth, predictions.std(axis=0), np.mean((predictions - truth) ** 2, axis=0)


@wrong("bias_variance", says="one number where an array")
def averaged_over_everything(predictions, truth):
    bias = predictions.mean(axis=0) - truth
    return bias.mean(), predictions.var(axis=0).mean(), np.mean((predictions - truth) ** 2)


# --- kfold_indices -------------------------------------------------------------------------------------------


@wrong("kfold_indices", says="Some samples are in no test fold")
def dropped_the_remainder(n, k, rng):
    order, size = rng.permutation(n), n // k
    folds = [order[i * size : (i + 1) * size] for i in range(k)]
    return [(np.setdiff1d(np.arange(n), fold), fold) for fold in folds]


@wrong("kfold_indices", says="Your folds differ in size by more than one")
def remainder_into_the_last_fold(n, k, rng):
    order, size = rng.permutation(n), n // k
    folds = [order[i * size : (i + 1) * size if i < k - 1 else n] for i in range(k)]
    return [(np.setdiff1d(np.arange(n), fold), fold) for fold in folds]


@wrong("kfold_indices", says="shuffle once, before splitting")
def shuffled_for_each_fold(n, k, rng):
    folds = [np.array_split(rng.permutation(n), k)[i] for i in range(k)]
    return [(np.setdiff1d(np.arange(n), fold), fold) for fold in folds]


@wrong("kfold_indices", says="Your folds follow the order of the rows")
def did_not_shuffle(n, k, rng):
    folds = np.array_split(np.arange(n), k)
    return [(np.setdiff1d(np.arange(n), fold), fold) for fold in folds]


@wrong("kfold_indices", says="Samples that are tested are in the training part too")
def trained_on_everything(n, k, rng):
    return [(np.arange(n), fold) for fold in np.array_split(rng.permutation(n), k)]


@wrong("kfold_indices", says="Your training part lacks samples")
def trained_on_the_next_fold_only(n, k, rng):
    folds = np.array_split(rng.permutation(n), k)
    return [(folds[(i + 1) % k], folds[i]) for i in range(k)]


@wrong("kfold_indices", says="Your pairs are swapped")
def test_before_train(n, k, rng):
    folds = np.array_split(rng.permutation(n), k)
    return [(fold, np.setdiff1d(np.arange(n), fold)) for fold in folds]


@wrong("kfold_indices", says="shuffle with rng, not with np.random")
def shuffled_with_the_global_generator(n, k, rng):
    folds = np.array_split(np.random.permutation(n), k)  # noqa: NPY002
    return [(np.setdiff1d(np.arange(n), fold), fold) for fold in folds]


@wrong("kfold_indices", says="shuffle with the rng that you are given")
def seeded_it_myself(n, k, rng):
    folds = np.array_split(np.random.default_rng(0).permutation(n), k)
    return [(np.setdiff1d(np.arange(n), fold), fold) for fold in folds]


@wrong("kfold_indices", says="Return a list of pairs")
def returned_only_the_folds(n, k, rng):
    return np.array_split(rng.permutation(n), k)


# --- cross_validate ------------------------------------------------------------------------------------------


@wrong("cross_validate", says="You fitted one model")
def fitted_once_on_everything(fit, predict, X, y, k, rng):
    model = fit(X, y)
    folds = np.array_split(rng.permutation(len(y)), k)
    return np.array([np.mean((predict(model, X[fold]) - y[fold]) ** 2) for fold in folds])


@wrong("cross_validate", says="The model has seen the sample that it is tested on")
def fitted_on_all_in_each_round(fit, predict, X, y, k, rng):
    folds = np.array_split(rng.permutation(len(y)), k)
    return np.array([np.mean((predict(fit(X, y), X[fold]) - y[fold]) ** 2) for fold in folds])


@wrong("cross_validate", says="scaling belongs into fit")
def scaled_before_splitting(fit, predict, X, y, k, rng):
    X, losses = (X - X.mean(axis=0)) / X.std(axis=0), []
    for fold in np.array_split(rng.permutation(len(y)), k):
        model = fit(np.delete(X, fold, axis=0), np.delete(y, fold))
        losses.append(np.mean((predict(model, X[fold]) - y[fold]) ** 2))
    return np.array(losses)


@wrong("cross_validate", says="not their mean")
def mean_of_the_losses(fit, predict, X, y, k, rng):
    losses = []
    for fold in np.array_split(rng.permutation(len(y)), k):
        model = fit(np.delete(X, fold, axis=0), np.delete(y, fold))
        losses.append(np.mean((predict(model, X[fold]) - y[fold]) ** 2))
    return np.mean(losses)


@wrong("cross_validate", says="You summed over the samples of a fold")
def sum_of_squares(fit, predict, X, y, k, rng):
    losses = []
    for fold in np.array_split(rng.permutation(len(y)), k):
        model = fit(np.delete(X, fold, axis=0), np.delete(y, fold))
        losses.append(np.sum((predict(model, X[fold]) - y[fold]) ** 2))
    return np.array(losses)


@wrong("cross_validate", says="You took the root")
def root_of_the_loss(fit, predict, X, y, k, rng):
    losses = []
    for fold in np.array_split(rng.permutation(len(y)), k):
        model = fit(np.delete(X, fold, axis=0), np.delete(y, fold))
        losses.append(np.sqrt(np.mean((predict(model, X[fold]) - y[fold]) ** 2)))
    return np.array(losses)


@wrong("cross_validate", says="You took the absolute errors")
def absolute_errors(fit, predict, X, y, k, rng):
    losses = []
    for fold in np.array_split(rng.permutation(len(y)), k):
        model = fit(np.delete(X, fold, axis=0), np.delete(y, fold))
        losses.append(np.mean(np.abs(predict(model, X[fold]) - y[fold])))
    return np.array(losses)


@wrong("cross_validate", says="You measured on the training part")
def measured_on_the_training_part(fit, predict, X, y, k, rng):
    losses = []
    for fold in np.array_split(rng.permutation(len(y)), k):
        keep = np.setdiff1d(np.arange(len(y)), fold)
        losses.append(np.mean((predict(fit(X[keep], y[keep]), X[keep]) - y[keep]) ** 2))
    return np.array(losses)


@wrong("cross_validate", says="Your folds follow the order of the rows")
def cross_validated_in_order(fit, predict, X, y, k, rng):
    losses = []
    for fold in np.array_split(np.arange(len(y)), k):
        model = fit(np.delete(X, fold, axis=0), np.delete(y, fold))
        losses.append(np.mean((predict(model, X[fold]) - y[fold]) ** 2))
    return np.array(losses)


@wrong("cross_validate", says="partition all n rows, with the remainder")
def dropped_the_rest_of_the_rows(fit, predict, X, y, k, rng):
    order, size, losses = rng.permutation(len(y)), len(y) // k, []
    for i in range(k):
        fold = order[i * size : (i + 1) * size]
        model = fit(np.delete(X, fold, axis=0), np.delete(y, fold))
        losses.append(np.mean((predict(model, X[fold]) - y[fold]) ** 2))
    return np.array(losses)


# --- one_standard_error --------------------------------------------------------------------------------------


@wrong("one_standard_error", says="You returned the model with the lowest mean")
def lowest_mean(losses):
    return int(losses.mean(axis=1).argmin())


@wrong("one_standard_error", says="You used the standard deviation")
def one_standard_deviation(losses):
    means = losses.mean(axis=1)
    best = losses[means.argmin()]
    return int(np.argmax(means <= best.mean() + best.std(ddof=1)))


@wrong("one_standard_error", says="Your standard deviation divides by k")
def divided_by_k(losses):
    means = losses.mean(axis=1)
    best = losses[means.argmin()]
    return int(np.argmax(means <= best.mean() + best.std() / np.sqrt(len(best))))


@wrong("one_standard_error", says="You took each model's own standard error")
def own_standard_errors(losses):
    means, spread = losses.mean(axis=1), losses.std(axis=1, ddof=1) / np.sqrt(losses.shape[1])
    return int(np.argmax(means - spread <= means.min()))


@wrong("one_standard_error", says="You took the most complex model")
def most_complex_within_the_limit(losses):
    means = losses.mean(axis=1)
    best = losses[means.argmin()]
    return int(np.flatnonzero(means <= best.mean() + best.std(ddof=1) / np.sqrt(len(best)))[-1])


@wrong("one_standard_error", says="use ≤")
def strictly_below_the_limit(losses):
    means = losses.mean(axis=1)
    best = losses[means.argmin()]
    return int(np.argmax(means < best.mean() + best.std(ddof=1) / np.sqrt(len(best))))


# --- bootstrap -----------------------------------------------------------------------------------------------


@wrong("bootstrap", says="Every row appears once")
def without_replacement(X, y, rng):
    rows = rng.permutation(len(X))
    return X[rows], y[rows]


@wrong("bootstrap", says="The targets have come off their rows")
def drew_X_and_y_separately(X, y, rng):
    return rng.choice(X, len(X)), rng.choice(y, len(y))


@wrong("bootstrap", says="The last row is never drawn")
def never_the_last_row(X, y, rng):
    rows = rng.integers(0, max(1, len(X) - 1), len(X))
    return X[rows], y[rows]


@wrong("bootstrap", says="has as many rows as the original")
def two_thirds_of_the_rows(X, y, rng):
    rows = rng.integers(0, len(X), max(1, round(0.632 * len(X))))
    return X[rows], y[rows]


@wrong("bootstrap", says="draw with rng, not with np.random")
def drew_with_the_global_generator(X, y, rng):
    rows = np.random.randint(0, len(X), len(X))  # noqa: NPY002
    return X[rows], y[rows]


@wrong("bootstrap", says="aren't rows of X")
def drew_every_column_separately(X, y, rng):
    rows = rng.integers(0, len(X), X.shape)
    return np.take_along_axis(X, rows, axis=0), y[rows[:, 0]]


@wrong("bootstrap", says="draw with the rng that you are given")
def bootstrapped_with_a_seed_of_my_own(X, y, rng):
    rows = np.random.default_rng(0).integers(0, len(X), len(X))
    return X[rows], y[rows]


# --- bagging_predict -----------------------------------------------------------------------------------------


@wrong("bagging_predict", says="You added the answers")
def added_the_answers(models, X, vote=False):
    return sum(model(X) for model in models)


@wrong("bagging_predict", says="You averaged over the rows")
def averaged_over_the_rows(models, X, vote=False):
    return np.array([model(X) for model in models]).mean(axis=1)


@wrong("bagging_predict", says="You rounded the mean")
def rounded_the_mean(models, X, vote=False):
    mean = np.array([model(X) for model in models]).mean(axis=0)
    return np.round(mean) if vote else mean


@wrong("bagging_predict", says="with vote=True count the votes")
def ignored_the_vote(models, X, vote=False):
    return np.array([model(X) for model in models]).mean(axis=0)


@wrong("bagging_predict", says="You returned the number of votes")
def number_of_votes(models, X, vote=False):
    answers = np.array([model(X) for model in models])
    if not vote:
        return answers.mean(axis=0)
    return np.array([np.sum(answers == label, axis=0) for label in np.unique(answers)]).max(axis=0)


@wrong("bagging_predict", says="the smallest label wins")
def largest_label_wins(models, X, vote=False):
    answers = np.array([model(X) for model in models])
    if not vote:
        return answers.mean(axis=0)
    labels = np.unique(answers)[::-1]
    votes = np.array([np.sum(answers == label, axis=0) for label in labels])
    return labels[votes.argmax(axis=0)]


@wrong("bagging_predict", says="return the label itself")
def place_of_the_label(models, X, vote=False):
    answers = np.array([model(X) for model in models])
    if not vote:
        return answers.mean(axis=0)
    votes = np.array([np.sum(answers == label, axis=0) for label in np.unique(answers)])
    return votes.argmax(axis=0)


@wrong("bagging_predict", says="Only the last model counts")
def only_the_last_model(models, X, vote=False):
    for model in models:
        answer = model(X)
    return answer


# --- adaboost_round ------------------------------------------------------------------------------------------


@wrong("adaboost_round", says="The ½ in front of the logarithm is missing")
def forgot_the_half(weights, y, h):
    error = np.clip(weights[h != y].sum(), 1e-12, 1 - 1e-12)
    alpha = np.log((1 - error) / error)
    new = weights * np.exp(-alpha * y * h)
    return alpha, new / new.sum()


@wrong("adaboost_round", says="The sign of the exponent is wrong")
def wrong_sign_in_the_exponent(weights, y, h):
    error = np.clip(weights[h != y].sum(), 1e-12, 1 - 1e-12)
    alpha = 0.5 * np.log((1 - error) / error)
    new = weights * np.exp(alpha * y * h)
    return alpha, new / new.sum()


@wrong("adaboost_round", says="Your weights are not normalised")
def did_not_normalise(weights, y, h):
    error = np.clip(weights[h != y].sum(), 1e-12, 1 - 1e-12)
    alpha = 0.5 * np.log((1 - error) / error)
    return alpha, weights * np.exp(-alpha * y * h)


@wrong("adaboost_round", says="You counted the mistakes")
def counted_the_mistakes(weights, y, h):
    error = np.clip(np.mean(h != y), 1e-12, 1 - 1e-12)
    alpha = 0.5 * np.log((1 - error) / error)
    new = weights * np.exp(-alpha * y * h)
    return alpha, new / new.sum()


@wrong("adaboost_round", says="ε and 1 − ε are swapped")
def added_the_right_ones(weights, y, h):
    error = np.clip(weights[h == y].sum(), 1e-12, 1 - 1e-12)
    alpha = 0.5 * np.log((1 - error) / error)
    new = weights * np.exp(-alpha * y * h)
    return alpha, new / new.sum()


@wrong("adaboost_round", says="keep ε at 1e-12 or above")
def divided_by_zero(weights, y, h):
    error = weights[h != y].sum()
    alpha = 0.5 * np.log((1 - error) / error)
    new = weights * np.exp(-alpha * y * h)
    return alpha, new / new.sum()


@wrong("adaboost_round", says="The new weights forget the old ones")
def forgot_the_old_weights(weights, y, h):
    error = np.clip(weights[h != y].sum(), 1e-12, 1 - 1e-12)
    alpha = 0.5 * np.log((1 - error) / error)
    new = np.exp(-alpha * y * h)
    return alpha, new / new.sum()


@wrong("adaboost_round", says="You raised the weights of the mistakes only")
def raised_the_mistakes_only(weights, y, h):
    error = np.clip(weights[h != y].sum(), 1e-12, 1 - 1e-12)
    alpha = 0.5 * np.log((1 - error) / error)
    new = np.where(h != y, weights * np.exp(alpha), weights)
    return alpha, new / new.sum()


@wrong("adaboost_round", says="changes its input `weights` in place")
def changed_the_weights_in_place(weights, y, h):
    error = np.clip(weights[h != y].sum(), 1e-12, 1 - 1e-12)
    alpha = 0.5 * np.log((1 - error) / error)
    weights *= np.exp(-alpha * y * h)
    weights /= weights.sum()
    return alpha, weights


# --- fit_adaboost --------------------------------------------------------------------------------------------


@wrong("fit_adaboost", says="The weights never change")
def always_equal_weights(X, y, rounds, fit_stump):
    weights, ensemble = np.full(len(y), 1 / len(y)), []
    for _ in range(rounds):
        h = fit_stump(X, y, weights)
        error = weights[h(X) != y].sum()
        if error >= 0.5:
            break
        ensemble.append((0.5 * np.log((1 - error) / max(error, 1e-12)), h))
        if error == 0:
            break
    return ensemble


@wrong("fit_adaboost", says="Your weights are not normalised")
def never_normalised(X, y, rounds, fit_stump):
    weights, ensemble = np.full(len(y), 1 / len(y)), []
    for _ in range(rounds):
        h = fit_stump(X, y, weights)
        said = h(X)
        error = weights[said != y].sum()
        if error >= 0.5:
            break
        alpha = 0.5 * np.log((1 - error) / max(error, 1e-12))
        ensemble.append((alpha, h))
        if error == 0:
            break
        weights = weights * np.exp(-alpha * y * said)
    return ensemble


@wrong("fit_adaboost", says="Your first weights don't sum to 1")
def started_from_ones(X, y, rounds, fit_stump):
    weights, ensemble = np.ones(len(y)), []
    for _ in range(rounds):
        h = fit_stump(X, y, weights)
        said = h(X)
        error = weights[said != y].sum() / weights.sum()
        if error >= 0.5:
            break
        alpha = 0.5 * np.log((1 - error) / max(error, 1e-12))
        ensemble.append((alpha, h))
        if error == 0:
            break
        weights = weights * np.exp(-alpha * y * said)
    return ensemble


@wrong("fit_adaboost", says="The ½ in front of the logarithm is missing")
def boosted_without_the_half(X, y, rounds, fit_stump):
    weights, ensemble = np.full(len(y), 1 / len(y)), []
    for _ in range(rounds):
        h = fit_stump(X, y, weights)
        said = h(X)
        error = weights[said != y].sum()
        if error >= 0.5:
            break
        alpha = np.log((1 - error) / max(error, 1e-12))
        ensemble.append((alpha, h))
        if error == 0:
            break
        weights = weights * np.exp(-alpha * y * said)
        weights = weights / weights.sum()
    return ensemble


@wrong("fit_adaboost", says="was added: stop, for it is worse than guessing")
def never_stops(X, y, rounds, fit_stump):
    weights, ensemble = np.full(len(y), 1 / len(y)), []
    for _ in range(rounds):
        h = fit_stump(X, y, weights)
        said = h(X)
        error = np.clip(weights[said != y].sum(), 1e-12, 1 - 1e-12)
        alpha = 0.5 * np.log((1 - error) / error)
        ensemble.append((alpha, h))
        weights = weights * np.exp(-alpha * y * said)
        weights = weights / weights.sum()
    return ensemble


@wrong("fit_adaboost", says="A stump without mistakes should be added")
def stopped_before_the_flawless_stump(X, y, rounds, fit_stump):
    weights, ensemble = np.full(len(y), 1 / len(y)), []
    for _ in range(rounds):
        h = fit_stump(X, y, weights)
        said = h(X)
        error = weights[said != y].sum()
        if error >= 0.5 or error == 0:
            break
        alpha = 0.5 * np.log((1 - error) / error)
        ensemble.append((alpha, h))
        weights = weights * np.exp(-alpha * y * said)
        weights = weights / weights.sum()
    return ensemble


@wrong("fit_adaboost", says="The sign of the exponent is wrong")
def rewarded_the_right_ones(X, y, rounds, fit_stump):
    weights, ensemble = np.full(len(y), 1 / len(y)), []
    for _ in range(rounds):
        h = fit_stump(X, y, weights)
        said = h(X)
        error = weights[said != y].sum()
        if error >= 0.5:
            break
        alpha = 0.5 * np.log((1 - error) / max(error, 1e-12))
        ensemble.append((alpha, h))
        if error == 0:
            break
        weights = weights * np.exp(alpha * y * said)
        weights = weights / weights.sum()
    return ensemble


@wrong("fit_adaboost", says="Return a list of pairs")
def returned_the_stumps_only(X, y, rounds, fit_stump):
    weights, stumps = np.full(len(y), 1 / len(y)), []
    for _ in range(rounds):
        h = fit_stump(X, y, weights)
        said = h(X)
        error = weights[said != y].sum()
        if error >= 0.5:
            break
        stumps.append(h)
        if error == 0:
            break
        alpha = 0.5 * np.log((1 - error) / error)
        weights = weights * np.exp(-alpha * y * said)
        weights = weights / weights.sum()
    return stumps


# --- gradient_boost ------------------------------------------------------------------------------------------


@wrong("gradient_boost", says="You fit y again and again")
def fitted_y_again(X, y, rounds, fit_base, lr):
    models = [fit_base(X, y) for _ in range(rounds)]
    return lambda X: y.mean() + lr * sum(h(X) for h in models)


@wrong("gradient_boost", says="Every prediction is off by the mean of y")
def lost_the_mean(X, y, rounds, fit_base, lr):
    models, f = [], np.full(len(y), y.mean())
    for _ in range(rounds):
        models.append(fit_base(X, y - f))
        f = f + lr * models[-1](X)
    return lambda X: np.zeros(len(X)) + sum(lr * h(X) for h in models)


@wrong("gradient_boost", says="The learning rate is left out when predicting")
def no_learning_rate_when_predicting(X, y, rounds, fit_base, lr):
    models, f = [], np.full(len(y), y.mean())
    for _ in range(rounds):
        models.append(fit_base(X, y - f))
        f = f + lr * models[-1](X)
    return lambda X: np.full(len(X), y.mean()) + sum(h(X) for h in models)


@wrong("gradient_boost", says="You add each model in full")
def no_learning_rate_when_fitting(X, y, rounds, fit_base, lr):
    models, f = [], np.full(len(y), y.mean())
    for _ in range(rounds):
        models.append(fit_base(X, y - f))
        f = f + models[-1](X)
    return lambda X: np.full(len(X), y.mean()) + sum(lr * h(X) for h in models)


@wrong("gradient_boost", says="The sign is reversed")
def prediction_minus_target(X, y, rounds, fit_base, lr):
    models, f = [], np.full(len(y), y.mean())
    for _ in range(rounds):
        models.append(fit_base(X, f - y))
        f = f + lr * models[-1](X)
    return lambda X: np.full(len(X), y.mean()) + sum(lr * h(X) for h in models)


@wrong("gradient_boost", says="You start from zero")
def started_from_zero(X, y, rounds, fit_base, lr):
    models, f = [], np.zeros(len(y))
    for _ in range(rounds):
        models.append(fit_base(X, y - f))
        f = f + lr * models[-1](X)
    return lambda X: np.zeros(len(X)) + sum(lr * h(X) for h in models)


@wrong("gradient_boost", says="The residuals never change")
def residuals_never_change(X, y, rounds, fit_base, lr):
    models = [fit_base(X, y - y.mean()) for _ in range(rounds)]
    return lambda X: np.full(len(X), y.mean()) + sum(lr * h(X) for h in models)


@wrong("gradient_boost", says="not the predictions")
def returned_the_predictions(X, y, rounds, fit_base, lr):
    f = np.full(len(y), y.mean())
    for _ in range(rounds):
        f = f + lr * fit_base(X, y - f)(X)
    return f


# --- changes to a solution that change nothing ---------------------------------------------------------------

_SYMMETRIC = "a square doesn't see the sign"
_SIGNS = "dividing by −1 or +1 is multiplying by it"

EQUIVALENT_MUTANTS = {
    ("bias_variance", "variance = np.mean((mean - predictions) ** 2, axis=0)"): _SYMMETRIC,
    ("bias_variance", "error = np.mean((truth - predictions) ** 2, axis=0)"): _SYMMETRIC,
    ("cross_validate", "losses.append(np.mean((y[fold] - predict(model, X[fold])) ** 2))"): _SYMMETRIC,
    ("one_standard_error", "return np.argmax(means <= limit)"): "NumPy's own integer is accepted",
    ("one_standard_error", "means = losses.mean(axis=-1)"): "losses has two axes: the last is the second",
    (
        "bagging_predict",
        "votes = np.array([np.mean(answers == label, axis=0) for label in labels])",
    ): "the label with the most votes has the largest share of them",
    (
        "adaboost_round",
        "error = np.clip(1e-12, weights[h != y].sum(), 1 - 1e-12)",
    ): "the larger of two numbers doesn't depend on their order",
    ("adaboost_round", "new = weights * np.exp(-alpha * y / h)"): _SIGNS,
    ("adaboost_round", "new = weights * np.exp(-alpha / y * h)"): _SIGNS,
    ("fit_adaboost", "weights = weights * np.exp(-alpha * y / said)"): _SIGNS,
    ("fit_adaboost", "weights = weights * np.exp(-alpha / y * said)"): _SIGNS,
}
