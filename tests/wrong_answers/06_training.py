"""What students write in 06_training. The name of each function is the mistake."""

import numpy as np

from autograder.wrong_answers import wrong
from course_utils import classification

# --- xavier_normal -------------------------------------------------------------------------------------------


@wrong("xavier_normal", says="you took it as the standard deviation")
def variance_as_deviation(shape, rng):
    return rng.normal(0, 1 / np.prod(shape[1:]), size=shape)


@wrong("xavier_normal", says="yours the outputs")
def fan_out(shape, rng):
    return rng.normal(size=shape) / np.sqrt(shape[0])


@wrong("xavier_normal", says="No weight is negative")
def uniform_from_zero(shape, rng):
    return rng.random(shape) / np.sqrt(np.prod(shape[1:]))


@wrong("xavier_normal", says="Your weights end abruptly")
def uniform_of_the_right_spread(shape, rng):
    a = np.sqrt(3 / np.prod(shape[1:]))
    return rng.uniform(-a, a, size=shape)


@wrong("xavier_normal", says="draw from rng, not from np.random")
def global_generator(shape, rng):
    return np.random.randn(*shape) / np.sqrt(np.prod(shape[1:]))  # noqa: NPY002


@wrong("xavier_normal", says="don't make a generator of your own")
def own_generator(shape, rng):
    return np.random.default_rng(0).normal(size=shape) / np.sqrt(np.prod(shape[1:]))


@wrong("xavier_normal", says="A filter's n counts all its weights")
def second_axis_only(shape, rng):
    return rng.normal(size=shape) / np.sqrt(shape[1])


@wrong("xavier_normal", says="as torch does")
def mean_of_inputs_and_outputs(shape, rng):
    n = np.prod(shape[1:])
    return rng.normal(size=shape) * np.sqrt(2 / (n + shape[0]))


@wrong("xavier_normal", says="Twice the variance is He's")
def he_for_xavier(shape, rng):
    return rng.normal(size=shape) * np.sqrt(2 / np.prod(shape[1:]))


@wrong("xavier_normal", says="You didn't scale the weights")
def unscaled(shape, rng):
    return rng.standard_normal(shape)


# --- he_normal -----------------------------------------------------------------------------------------------


@wrong("he_normal", says="He's 2 is missing")
def xavier_for_he(shape, rng):
    return rng.normal(size=shape) / np.sqrt(np.prod(shape[1:]))


@wrong("he_normal", says="you took it as the standard deviation")
def he_variance_as_deviation(shape, rng):
    return rng.normal(0, 2 / np.prod(shape[1:]), size=shape)


@wrong("he_normal", says="The 2 belongs under the root")
def two_outside_the_root(shape, rng):
    return rng.normal(size=shape) * 2 / np.sqrt(np.prod(shape[1:]))


@wrong("he_normal", says="The root covers n as well")
def root_of_two_alone(shape, rng):
    return rng.normal(size=shape) * np.sqrt(2) / np.prod(shape[1:])


@wrong("he_normal", says="yours the outputs")
def he_fan_out(shape, rng):
    return rng.normal(size=shape) * np.sqrt(2 / shape[0])


@wrong("he_normal", says="You halved the variance")
def half_for_two(shape, rng):
    return rng.normal(size=shape) * np.sqrt(0.5 / np.prod(shape[1:]))


@wrong("he_normal", says="No weight is negative")
def he_from_random(shape, rng):
    return rng.random(shape) * np.sqrt(2 / np.prod(shape[1:]))


@wrong("he_normal", says="draw from rng, not from np.random")
def he_global_generator(shape, rng):
    return np.random.randn(*shape) * np.sqrt(2 / np.prod(shape[1:]))  # noqa: NPY002


# --- batch_norm_forward --------------------------------------------------------------------------------------


@wrong("batch_norm_forward", says="You used the batch's own statistics in evaluation")
def batch_statistics_at_test_time(x, gamma, beta, state, training):
    mean, variance = x.mean(axis=0), x.var(axis=0)
    if training:
        state["mean"] = 0.9 * state["mean"] + 0.1 * mean
        state["variance"] = 0.9 * state["variance"] + 0.1 * x.var(axis=0, ddof=1)
    s = np.sqrt(variance + 1e-5)
    x_hat = (x - mean) / s
    return gamma * x_hat + beta, (x_hat, s, gamma)


@wrong("batch_norm_forward", says="and changed the state")
def ignored_training(x, gamma, beta, state, training):
    mean, variance = x.mean(axis=0), x.var(axis=0)
    state["mean"] = 0.9 * state["mean"] + 0.1 * mean
    state["variance"] = 0.9 * state["variance"] + 0.1 * variance * len(x) / max(1, len(x) - 1)
    s = np.sqrt(variance + 1e-5)
    x_hat = (x - mean) / s
    return gamma * x_hat + beta, (x_hat, s, gamma)


@wrong("batch_norm_forward", says="In evaluation the state must stay as it is")
def state_moves_in_evaluation_too(x, gamma, beta, state, training):
    mean, variance = (x.mean(axis=0), x.var(axis=0)) if training else (state["mean"], state["variance"])
    state["mean"] = 0.9 * state["mean"] + 0.1 * x.mean(axis=0)
    state["variance"] = 0.9 * state["variance"] + 0.1 * x.var(axis=0) * len(x) / max(1, len(x) - 1)
    s = np.sqrt(variance + 1e-5)
    x_hat = (x - mean) / s
    return gamma * x_hat + beta, (x_hat, s, gamma)


@wrong("batch_norm_forward", says="nine times too fast")
def momentum_reversed(x, gamma, beta, state, training):
    if training:
        mean, variance = x.mean(axis=0), x.var(axis=0)
        state["mean"] = 0.1 * state["mean"] + 0.9 * x.mean(axis=0)
        state["variance"] = 0.1 * state["variance"] + 0.9 * x.var(axis=0, ddof=1)
    else:
        mean, variance = state["mean"], state["variance"]
    s = np.sqrt(variance + 1e-5)
    x_hat = (x - mean) / s
    return gamma * x_hat + beta, (x_hat, s, gamma)


@wrong("batch_norm_forward", says="ε stands outside the root")
def epsilon_outside_the_root(x, gamma, beta, state, training):
    if training:
        mean, variance = x.mean(axis=0), x.var(axis=0)
        state["mean"] = 0.9 * state["mean"] + 0.1 * x.mean(axis=0)
        state["variance"] = 0.9 * state["variance"] + 0.1 * x.var(axis=0, ddof=1)
    else:
        mean, variance = state["mean"], state["variance"]
    s = np.sqrt(variance) + 1e-5
    x_hat = (x - mean) / s
    return gamma * x_hat + beta, (x_hat, s, gamma)


@wrong("batch_norm_forward", says="ε is missing")
def no_epsilon(x, gamma, beta, state, training):
    if training:
        mean, variance = x.mean(axis=0), x.var(axis=0)
        state["mean"] = 0.9 * state["mean"] + 0.1 * x.mean(axis=0)
        state["variance"] = 0.9 * state["variance"] + 0.1 * x.var(axis=0, ddof=1)
    else:
        mean, variance = state["mean"], state["variance"]
    s = np.sqrt(variance)
    x_hat = (x - mean) / s
    return gamma * x_hat + beta, (x_hat, s, gamma)


@wrong("batch_norm_forward", says="over the batch, axis 0")
def layer_norm(x, gamma, beta, state, training):
    if training:
        mean, variance = x.mean(axis=1, keepdims=True), x.var(axis=1, keepdims=True)
        state["mean"] = 0.9 * state["mean"] + 0.1 * x.mean(axis=0)
        state["variance"] = 0.9 * state["variance"] + 0.1 * x.var(axis=0, ddof=1)
    else:
        mean, variance = state["mean"], state["variance"]
    s = np.sqrt(variance + 1e-5)
    x_hat = (x - mean) / s
    return gamma * x_hat + beta, (x_hat, s, gamma)


@wrong("batch_norm_forward", says="one variance of the whole array")
def variance_over_all_axes(x, gamma, beta, state, training):
    if training:
        mean, variance = x.mean(axis=0), x.var()
        state["mean"] = 0.9 * state["mean"] + 0.1 * x.mean(axis=0)
        state["variance"] = 0.9 * state["variance"] + 0.1 * x.var(axis=0, ddof=1)
    else:
        mean, variance = state["mean"], state["variance"]
    s = np.sqrt(variance + 1e-5)
    x_hat = (x - mean) / s
    return gamma * x_hat + beta, (x_hat, s, gamma)


@wrong("batch_norm_forward", says="The root is missing")
def divided_by_the_variance(x, gamma, beta, state, training):
    if training:
        mean, variance = x.mean(axis=0), x.var(axis=0)
        state["mean"] = 0.9 * state["mean"] + 0.1 * x.mean(axis=0)
        state["variance"] = 0.9 * state["variance"] + 0.1 * x.var(axis=0, ddof=1)
    else:
        mean, variance = state["mean"], state["variance"]
    s = variance + 1e-5
    x_hat = (x - mean) / s
    return gamma * x_hat + beta, (x_hat, s, gamma)


@wrong("batch_norm_forward", says="takes the batch's variance divided by n − 1")
def running_variance_by_n(x, gamma, beta, state, training):
    if training:
        mean, variance = x.mean(axis=0), x.var(axis=0)
        state["mean"] = 0.9 * state["mean"] + 0.1 * x.mean(axis=0)
        state["variance"] = 0.9 * state["variance"] + 0.1 * variance
    else:
        mean, variance = state["mean"], state["variance"]
    s = np.sqrt(variance + 1e-5)
    x_hat = (x - mean) / s
    return gamma * x_hat + beta, (x_hat, s, gamma)


@wrong("batch_norm_forward", says="n − 1 is for the running average alone")
def normalised_with_n_minus_1(x, gamma, beta, state, training):
    if training:
        mean, variance = x.mean(axis=0), x.var(axis=0, ddof=1)
        state["mean"] = 0.9 * state["mean"] + 0.1 * x.mean(axis=0)
        state["variance"] = 0.9 * state["variance"] + 0.1 * x.var(axis=0, ddof=1)
    else:
        mean, variance = state["mean"], state["variance"]
    s = np.sqrt(variance + 1e-5)
    x_hat = (x - mean) / s
    return gamma * x_hat + beta, (x_hat, s, gamma)


@wrong("batch_norm_forward", says="The state is as it was")
def state_copied_and_lost(x, gamma, beta, state, training):
    state = dict(state)
    if training:
        mean, variance = x.mean(axis=0), x.var(axis=0)
        state["mean"] = 0.9 * state["mean"] + 0.1 * x.mean(axis=0)
        state["variance"] = 0.9 * state["variance"] + 0.1 * x.var(axis=0, ddof=1)
    else:
        mean, variance = state["mean"], state["variance"]
    s = np.sqrt(variance + 1e-5)
    x_hat = (x - mean) / s
    return gamma * x_hat + beta, (x_hat, s, gamma)


@wrong("batch_norm_forward", says="γ and β are swapped")
def gamma_and_beta_swapped(x, gamma, beta, state, training):
    if training:
        mean, variance = x.mean(axis=0), x.var(axis=0)
        state["mean"] = 0.9 * state["mean"] + 0.1 * x.mean(axis=0)
        state["variance"] = 0.9 * state["variance"] + 0.1 * x.var(axis=0, ddof=1)
    else:
        mean, variance = state["mean"], state["variance"]
    s = np.sqrt(variance + 1e-5)
    x_hat = (x - mean) / s
    return beta * x_hat + gamma, (x_hat, s, gamma)


@wrong("batch_norm_forward", says="changes its input `x` in place")
def x_changed_in_place(x, gamma, beta, state, training):
    x -= x.mean(axis=0)
    if training:
        mean, variance = x.mean(axis=0), x.var(axis=0)
        state["mean"] = 0.9 * state["mean"] + 0.1 * x.mean(axis=0)
        state["variance"] = 0.9 * state["variance"] + 0.1 * x.var(axis=0, ddof=1)
    else:
        mean, variance = state["mean"], state["variance"]
    s = np.sqrt(variance + 1e-5)
    x_hat = (x - mean) / s
    return gamma * x_hat + beta, (x_hat, s, gamma)


# --- batch_norm_backward -------------------------------------------------------------------------------------


@wrong("batch_norm_backward", says="both of their ways are missing")
def mean_and_variance_as_constants(dout, cache):
    x_hat, s, gamma = cache
    return gamma / s * dout, (dout * x_hat).sum(axis=0), dout.sum(axis=0)


@wrong("batch_norm_backward", says="the way through the mean is missing")
def mean_forgotten(dout, cache):
    x_hat, s, gamma = cache
    dx = gamma / s * (dout - x_hat * (dout * x_hat).mean(axis=0))
    return dx, (dout * x_hat).sum(axis=0), dout.sum(axis=0)


@wrong("batch_norm_backward", says="The way through the variance is missing")
def variance_forgotten(dout, cache):
    x_hat, s, gamma = cache
    return gamma / s * (dout - dout.mean(axis=0)), (dout * x_hat).sum(axis=0), dout.sum(axis=0)


@wrong("batch_norm_backward", says="γ is missing in dx")
def gamma_forgotten(dout, cache):
    x_hat, s, _ = cache
    dx = (dout - dout.mean(axis=0) - x_hat * (dout * x_hat).mean(axis=0)) / s
    return dx, (dout * x_hat).sum(axis=0), dout.sum(axis=0)


@wrong("batch_norm_backward", says="dγ and dβ are sums over the batch")
def means_for_gamma_and_beta(dout, cache):
    x_hat, s, gamma = cache
    dx = gamma / s * (dout - dout.mean(axis=0) - x_hat * (dout * x_hat).mean(axis=0))
    return dx, (dout * x_hat).mean(axis=0), dout.mean(axis=0)


@wrong("batch_norm_backward", says="You multiplied dx by s")
def multiplied_by_the_scale(dout, cache):
    x_hat, s, gamma = cache
    dx = gamma * s * (dout - dout.mean(axis=0) - x_hat * (dout * x_hat).mean(axis=0))
    return dx, (dout * x_hat).sum(axis=0), dout.sum(axis=0)


@wrong("batch_norm_backward", says="dγ and dβ are swapped")
def gradients_swapped(dout, cache):
    x_hat, s, gamma = cache
    dx = gamma / s * (dout - dout.mean(axis=0) - x_hat * (dout * x_hat).mean(axis=0))
    return dx, dout.sum(axis=0), (dout * x_hat).sum(axis=0)


@wrong("batch_norm_backward", says="dx subtracts means over the batch, not sums")
def sums_inside(dout, cache):
    x_hat, s, gamma = cache
    dx = gamma / s * (dout - dout.sum(axis=0) - x_hat * (dout * x_hat).sum(axis=0))
    return dx, (dout * x_hat).sum(axis=0), dout.sum(axis=0)


# --- dropout -------------------------------------------------------------------------------------------------


@wrong("dropout", says="You keep with the probability of dropping")
def dropped_with_keep(x, keep, rng, training):
    return x * (rng.random(x.shape) > keep) if training else keep * x


@wrong("dropout", says="All samples share one mask")
def one_mask_for_the_batch(x, keep, rng, training):
    return x * (rng.random(x.shape[1:]) < keep) if training else keep * x


@wrong("dropout", says="A sample is kept or dropped as a whole")
def whole_samples(x, keep, rng, training):
    return x * (rng.random((len(x), *[1] * (x.ndim - 1))) < keep) if training else keep * x


@wrong("dropout", says="Evaluation must scale by keep")
def not_scaled_in_evaluation(x, keep, rng, training):
    return x * (rng.random(x.shape) < keep) if training else x


@wrong("dropout", says="scale by what is kept")
def scaled_by_the_drop_probability(x, keep, rng, training):
    return x * (rng.random(x.shape) < keep) if training else (1 - keep) * x


@wrong("dropout", says="one half whatever keep is")
def always_half(x, keep, rng, training):
    return x * (rng.random(x.shape) < keep) if training else 0.5 * x


@wrong("dropout", says="that is inverted dropout")
def inverted_instead(x, keep, rng, training):
    return x * (rng.random(x.shape) < keep) / keep if training else x


@wrong("dropout", says="evaluation scales")
def scaled_in_training_too(x, keep, rng, training):
    return x * (rng.random(x.shape) < keep) * keep if training else keep * x


@wrong("dropout", says="Nothing is dropped in training")
def training_and_evaluation_swapped(x, keep, rng, training):
    return keep * x if training else x * (rng.random(x.shape) < keep)


@wrong("dropout", says="draw from rng, not from np.random")
def mask_from_the_global_generator(x, keep, rng, training):
    return x * (np.random.rand(*x.shape) < keep) if training else keep * x  # noqa: NPY002


# --- inverted_dropout ----------------------------------------------------------------------------------------


@wrong("inverted_dropout", says="What is kept must be divided by keep")
def not_divided(x, keep, rng, training):
    return x * (rng.random(x.shape) < keep) if training else x


@wrong("inverted_dropout", says="once is enough")
def scaled_twice(x, keep, rng, training):
    return x * (rng.random(x.shape) < keep) / keep if training else keep * x


@wrong("inverted_dropout", says="You multiplied by keep")
def multiplied_by_keep(x, keep, rng, training):
    return x * (rng.random(x.shape) < keep) * keep if training else x


@wrong("inverted_dropout", says="You divided by the probability of dropping")
def divided_by_the_drop_probability(x, keep, rng, training):
    return x * (rng.random(x.shape) < keep) / (1 - keep) if training else x


@wrong("inverted_dropout", says="You keep with the probability of dropping")
def inverted_dropped_with_keep(x, keep, rng, training):
    return x * (rng.random(x.shape) > keep) / keep if training else x


@wrong("inverted_dropout", says="All samples share one mask")
def inverted_one_mask(x, keep, rng, training):
    return x * (rng.random(x.shape[-1]) < keep) / keep if training else x


@wrong("inverted_dropout", says="You divided in evaluation as well")
def divided_in_evaluation_too(x, keep, rng, training):
    return x * (rng.random(x.shape) < keep) / keep if training else x / keep


# --- average_predictions -------------------------------------------------------------------------------------


@wrong("average_predictions", says="You counted votes")
def counted_votes(probabilities):
    P = np.asarray(probabilities)
    return np.eye(P.shape[2])[P.argmax(axis=2)].mean(axis=0)


@wrong("average_predictions", says="not scores")
def averaged_scores(probabilities):
    logs = np.log(probabilities).mean(axis=0)
    return np.exp(logs) / np.exp(logs).sum(axis=1, keepdims=True)


@wrong("average_predictions", says="You returned labels")
def returned_labels(probabilities):
    return np.mean(probabilities, axis=0).argmax(axis=1)


@wrong("average_predictions", says="divide by it")
def summed_predictions(probabilities):
    return np.sum(probabilities, axis=0)


@wrong("average_predictions", says="You averaged over classes")
def averaged_over_classes(probabilities):
    return np.mean(probabilities, axis=-1)


@wrong("average_predictions", says="You took the surest model")
def surest_model(probabilities):
    return np.max(probabilities, axis=0)


# --- average_parameters --------------------------------------------------------------------------------------


@wrong("average_parameters", says="You summed")
def summed_parameters(models):
    return {name: sum(model[name] for model in models) for name in models[0]}


@wrong("average_parameters", says="the last model count for half")
def halved_after_each(models):
    average = dict(models[0])
    for model in models[1:]:
        average = {name: (average[name] + model[name]) / 2 for name in average}
    return average


@wrong("average_parameters", says="You averaged the entries of an array as well")
def one_number_for_each_name(models):
    return {name: np.mean([model[name] for model in models]) for name in models[0]}


@wrong("average_parameters", says="changes its input `models` in place")
def added_to_the_first(models):
    average = models[0]
    for model in models[1:]:
        for name in average:
            average[name] = average[name] + model[name]
    return {name: value / len(models) for name, value in average.items()}


@wrong("average_parameters", says="The first model counts twice")
def first_counts_twice(models):
    average = {name: value.copy() for name, value in models[0].items()}
    for model in models:
        average = {name: average[name] + model[name] for name in average}
    return {name: value / len(models) for name, value in average.items()}


@wrong("average_parameters", says="Only the first two models count")
def two_models_only(models):
    return {name: (models[0][name] + models[1][name]) / 2 for name in models[0]}


# --- multitask_loss ------------------------------------------------------------------------------------------


@wrong("multitask_loss", says="Label −1 as an index means the last class")
def minus_one_as_an_index(scores, labels, weights):
    loss, gradients = 0.0, []
    for f, y, w in zip(scores, labels, weights, strict=True):
        known, gradient = np.arange(len(y)), np.zeros(f.shape)
        n = max(1, len(known))
        p = classification.softmax(f)
        loss += w * -np.log(p[known, y[known]]).sum() / n
        gradient[known] = p[known]
        gradient[known, y[known]] -= 1
        gradients.append(w * gradient / n)
    return loss, gradients


@wrong("multitask_loss", says="You divided by the size of the batch")
def divided_by_the_batch(scores, labels, weights):
    loss, gradients = 0.0, []
    for f, y, w in zip(scores, labels, weights, strict=True):
        known, gradient = np.flatnonzero(y >= 0), np.zeros(f.shape)
        n = len(y)
        p = classification.softmax(f)
        loss += w * -np.log(p[known, y[known]]).sum() / n
        gradient[known] = p[known]
        gradient[known, y[known]] -= 1
        gradients.append(w * gradient / n)
    return loss, gradients


@wrong("multitask_loss", says="The weights make no difference")
def weights_ignored(scores, labels, weights):
    loss, gradients = 0.0, []
    for f, y, _ in zip(scores, labels, weights, strict=True):
        known, gradient = np.flatnonzero(y >= 0), np.zeros(f.shape)
        n = max(1, len(known))
        p = classification.softmax(f)
        loss += 1 * -np.log(p[known, y[known]]).sum() / n
        gradient[known] = p[known]
        gradient[known, y[known]] -= 1
        gradients.append(1 * gradient / n)
    return loss, gradients


@wrong("multitask_loss", says="The gradients must be weighted")
def gradients_not_weighted(scores, labels, weights):
    loss, gradients = 0.0, []
    for f, y, w in zip(scores, labels, weights, strict=True):
        known, gradient = np.flatnonzero(y >= 0), np.zeros(f.shape)
        n = max(1, len(known))
        p = classification.softmax(f)
        loss += w * -np.log(p[known, y[known]]).sum() / n
        gradient[known] = p[known]
        gradient[known, y[known]] -= 1
        gradients.append(1 * gradient / n)
    return loss, gradients


@wrong("multitask_loss", says="You averaged over tasks")
def averaged_over_tasks(scores, labels, weights):
    loss, gradients = 0.0, []
    for f, y, w in zip(scores, labels, weights, strict=True):
        known, gradient = np.flatnonzero(y >= 0), np.zeros(f.shape)
        n = max(1, len(known))
        p = classification.softmax(f)
        loss += w / len(weights) * -np.log(p[known, y[known]]).sum() / n
        gradient[known] = p[known]
        gradient[known, y[known]] -= 1
        gradients.append(w / len(weights) * gradient / n)
    return loss, gradients


@wrong("multitask_loss", says="You divided by the sum of the weights")
def normalised_weights(scores, labels, weights):
    loss, gradients = 0.0, []
    for f, y, w in zip(scores, labels, weights, strict=True):
        known, gradient = np.flatnonzero(y >= 0), np.zeros(f.shape)
        n = max(1, len(known))
        p = classification.softmax(f)
        loss += w / sum(weights) * -np.log(p[known, y[known]]).sum() / n
        gradient[known] = p[known]
        gradient[known, y[known]] -= 1
        gradients.append(w / sum(weights) * gradient / n)
    return loss, gradients


@wrong("multitask_loss", says="NaN")
def mean_of_nothing(scores, labels, weights):
    loss, gradients = 0.0, []
    for f, y, w in zip(scores, labels, weights, strict=True):
        known, gradient = np.flatnonzero(y >= 0), np.zeros(f.shape)
        n = np.float64(len(known))
        p = classification.softmax(f)
        loss += w * -np.log(p[known, y[known]]).sum() / n
        gradient[known] = p[known]
        gradient[known, y[known]] -= 1
        gradients.append(w * gradient / n)
    return loss, gradients


@wrong("multitask_loss", says="Samples without a label get a gradient")
def one_hot_of_known_only(scores, labels, weights):
    loss, gradients = 0.0, []
    for f, y, w in zip(scores, labels, weights, strict=True):
        known, gradient = np.flatnonzero(y >= 0), np.zeros(f.shape)
        n = max(1, len(known))
        p = classification.softmax(f)
        loss += w * -np.log(p[known, y[known]]).sum() / n
        gradient[:] = p
        gradient[known, y[known]] -= 1
        gradients.append(w * gradient / n)
    return loss, gradients


# --- repair --------------------------------------------------------------------------------------------------


@wrong("repair", says="The learning rate is innocent")
def raised_the_learning_rate(settings):
    return {**settings, "learning_rate": 1.0}


@wrong("repair", says="The keep probability is innocent")
def kept_everything(settings):
    return {**settings, "keep": 1.0}


@wrong("repair", says="The weight decay is innocent")
def no_decay(settings):
    return {**settings, "weight_decay": 0.0}


@wrong("repair", says="That is Xavier's size")
def xaviers_size(settings):
    return {**settings, "std": settings["width"] ** -0.5}


@wrong("repair", says="Your cure fits one width only")
def right_for_width_100_only(settings):
    return {**settings, "std": 0.1414}


@wrong("repair", says="take its root")
def variance_for_deviation(settings):
    return {**settings, "std": 2 / settings["width"]}


@wrong("repair", says="changes its input `settings` in place")
def changed_the_settings(settings):
    settings["std"] = np.sqrt(2 / settings["width"])
    return settings


@wrong("repair", says="Nothing is different")
def only_copied(settings):
    return dict(settings)


# --- changes to a solution that change nothing ---------------------------------------------------------------

_BOUNDARY = "a uniform number equals keep with probability 2⁻⁵³ or less"
_LENGTHS = "the lists have one length, as the exercise says: nothing is cut off"

EQUIVALENT_MUTANTS = {
    ("dropout", "return x * (rng.random(x.shape) <= keep)"): _BOUNDARY,
    ("inverted_dropout", "return x * (rng.random(x.shape) <= keep) / keep"): _BOUNDARY,
    (
        "average_parameters",
        "return {name: np.mean([model[name] for model in models], axis=0) for name in models[-1]}",
    ): "all models have the same names",
    ("multitask_loss", "for f, y, weight in zip(scores, labels, weights):"): _LENGTHS,
    ("multitask_loss", "for f, y, weight in zip(scores, labels, weights, strict=False):"): _LENGTHS,
}
