"""What students write in 05_optimizers. The name of each function is the mistake."""

import numpy as np

from autograder.wrong_answers import wrong

# --- sgd -----------------------------------------------------------------------------------------------------


@wrong("sgd", says="You climb")
def added_the_gradient(w, gradient, state, *, learning_rate=0.1):
    return w + learning_rate * gradient(w), state


@wrong("sgd", says="The learning rate makes no difference")
def forgot_the_learning_rate(w, gradient, state, *, learning_rate=0.1):
    return w - gradient(w), state


@wrong("sgd", says="raised a TypeError")
def did_not_call_the_gradient(w, gradient, state, *, learning_rate=0.1):
    return w - learning_rate * gradient, state


@wrong("sgd", says="Return two things")
def forgot_the_state(w, gradient, state, *, learning_rate=0.1):
    return w - learning_rate * gradient(w)


@wrong("sgd", says="changes its input `w` in place")
def changed_the_weights_in_place(w, gradient, state, *, learning_rate=0.1):
    w -= learning_rate * gradient(w)
    return w, state


@wrong("sgd", says="You kept only the sign")
def sign_of_the_gradient(w, gradient, state, *, learning_rate=0.1):
    return w - learning_rate * np.sign(gradient(w)), state


@wrong("sgd", says="divided the gradient by its length")
def normalised_the_gradient(w, gradient, state, *, learning_rate=0.1):
    g = gradient(w)
    return w - learning_rate * g / np.linalg.norm(g), state


# --- minibatches ---------------------------------------------------------------------------------------------


@wrong("minibatches", says="the last, shorter batch belongs to the pass too")
def dropped_the_short_batch(n, m, rng):
    order = rng.permutation(n)
    return [order[i * m : (i + 1) * m] for i in range(n // m)]


@wrong("minibatches", says="shuffle, instead of drawing with replacement")
def drew_with_replacement(n, m, rng):
    return [rng.integers(0, n, min(m, n - first)) for first in range(0, n, m)]


@wrong("minibatches", says="shuffle, instead of drawing with replacement")
def drew_each_batch_anew(n, m, rng):
    return [rng.choice(n, min(m, n - first), replace=False) for first in range(0, n, m)]


@wrong("minibatches", says="The rows come in the order of the data")
def did_not_shuffle(n, m, rng):
    return [np.arange(first, min(first + m, n)) for first in range(0, n, m)]


@wrong("minibatches", says="You shuffle the batches")
def shuffled_the_batches_only(n, m, rng):
    batches = [np.arange(first, min(first + m, n)) for first in range(0, n - n % m, m)]
    rest = [np.arange(n - n % m, n)] if n % m else []
    return [batches[i] for i in rng.permutation(len(batches))] + rest


@wrong("minibatches", says="You shuffle within each batch only")
def shuffled_within_batches_only(n, m, rng):
    return [rng.permutation(np.arange(first, min(first + m, n))) for first in range(0, n, m)]


@wrong("minibatches", says="All batches but the last have m numbers")
def equal_parts(n, m, rng):
    return np.array_split(rng.permutation(n), -(-n // m))


@wrong("minibatches", says="There is an empty batch")
def empty_batch_at_the_end(n, m, rng):
    order = rng.permutation(n)
    return [order[i * m : (i + 1) * m] for i in range(n // m + 1)]


@wrong("minibatches", says="draw from `rng`, not from NumPy's global generator")
def used_the_global_generator(n, m, rng):
    order = np.random.permutation(n)  # noqa: NPY002
    return [order[first : first + m] for first in range(0, n, m)]


@wrong("minibatches", says="Every pass has the same order")
def seeded_its_own_generator(n, m, rng):
    order = np.random.default_rng(0).permutation(n)
    return [order[first : first + m] for first in range(0, n, m)]


@wrong("minibatches", says="Row numbers run from 0 to n − 1")
def counted_from_one(n, m, rng):
    order = rng.permutation(n) + 1
    return [order[first : first + m] for first in range(0, n, m)]


# --- newton --------------------------------------------------------------------------------------------------


@wrong("newton", says="1/H entry by entry is no inverse")
def inverted_entry_by_entry(w, gradient, state, *, hessian, learning_rate=1.0):
    return w - learning_rate * (1 / hessian(w)) @ gradient(w), state


@wrong("newton", says="You climb")
def added_the_step(w, gradient, state, *, hessian, learning_rate=1.0):
    return w + learning_rate * np.linalg.solve(hessian(w), gradient(w)), state


@wrong("newton", says="by the diagonal of H alone")
def divided_by_the_diagonal(w, gradient, state, *, hessian, learning_rate=1.0):
    return w - learning_rate * gradient(w) / np.diag(hessian(w)), state


@wrong("newton", says="You multiplied by H")
def multiplied_by_the_hessian(w, gradient, state, *, hessian, learning_rate=1.0):
    return w - learning_rate * hessian(w) @ gradient(w), state


@wrong("newton", says="The learning rate makes no difference")
def always_full_steps(w, gradient, state, *, hessian, learning_rate=1.0):
    return w - np.linalg.solve(hessian(w), gradient(w)), state


@wrong("newton", says="that is gradient descent")
def ignored_the_hessian(w, gradient, state, *, hessian, learning_rate=1.0):
    return w - learning_rate * gradient(w), state


@wrong("newton", says="Your weights change their shape")
def column_of_weights(w, gradient, state, *, hessian, learning_rate=1.0):
    step = np.linalg.solve(hessian(w), gradient(w).reshape(-1, 1))
    return w.reshape(-1, 1) - learning_rate * step, state


# --- momentum ------------------------------------------------------------------------------------------------


@wrong("momentum", says="there is no 1 − μ in this convention")
def averaged_gradients(w, gradient, state, *, learning_rate=0.1, mu=0.9):
    p = mu * state.get("p", 0.0) - (1 - mu) * learning_rate * gradient(w)
    return w + p, {"p": p}


@wrong("momentum", says="Your velocity isn't kept")
def velocity_not_returned(w, gradient, state, *, learning_rate=0.1, mu=0.9):
    p = mu * state.get("p", 0.0) - learning_rate * gradient(w)
    return w + p, state


@wrong("momentum", says="You climb")
def velocity_with_the_gradient(w, gradient, state, *, learning_rate=0.1, mu=0.9):
    p = mu * state.get("p", 0.0) + learning_rate * gradient(w)
    return w + p, {"p": p}


@wrong("momentum", says="μ brakes the old velocity only")
def braked_the_gradient_too(w, gradient, state, *, learning_rate=0.1, mu=0.9):
    p = mu * (state.get("p", 0.0) - learning_rate * gradient(w))
    return w + p, {"p": p}


@wrong("momentum", says="The velocity doesn't fade")
def forgot_mu(w, gradient, state, *, learning_rate=0.1, mu=0.9):
    p = state.get("p", 0.0) - learning_rate * gradient(w)
    return w + p, {"p": p}


@wrong("momentum", says="changes its input `state` in place")
def changed_the_state_in_place(w, gradient, state, *, learning_rate=0.1, mu=0.9):
    state["p"] = mu * state.get("p", 0.0) - learning_rate * gradient(w)
    return w + state["p"], state


@wrong("momentum", says="the velocity of the step before")
def moved_with_the_old_velocity(w, gradient, state, *, learning_rate=0.1, mu=0.9):
    old = state.get("p", 0.0)
    return w + old, {"p": mu * old - learning_rate * gradient(w)}


# --- nesterov ------------------------------------------------------------------------------------------------


@wrong("nesterov", says="That is plain momentum")
def gradient_where_it_stands(w, gradient, state, *, learning_rate=0.1, mu=0.9):
    p = mu * state.get("p", 0.0) - learning_rate * gradient(w)
    return w + p, {"p": p}


@wrong("nesterov", says="You look ahead by p")
def looked_too_far_ahead(w, gradient, state, *, learning_rate=0.1, mu=0.9):
    p = state.get("p", 0.0)
    p = mu * p - learning_rate * gradient(w + p)
    return w + p, {"p": p}


@wrong("nesterov", says="You look back")
def looked_back(w, gradient, state, *, learning_rate=0.1, mu=0.9):
    p = mu * state.get("p", 0.0)
    new = p - learning_rate * gradient(w - p)
    return w + new, {"p": new}


@wrong("nesterov", says="You move twice by μp")
def stayed_at_the_look_ahead(w, gradient, state, *, learning_rate=0.1, mu=0.9):
    p = mu * state.get("p", 0.0)
    w = w + p
    p = p - learning_rate * gradient(w)
    return w + p, {"p": p}


@wrong("nesterov", says="Your velocity isn't kept")
def forgot_to_keep_the_velocity(w, gradient, state, *, learning_rate=0.1, mu=0.9):
    p = mu * state.get("p", 0.0)
    p = p - learning_rate * gradient(w + p)
    return w + p, {}


@wrong("nesterov", says="asks for the gradient more than once")
def asked_twice(w, gradient, state, *, learning_rate=0.1, mu=0.9):
    p = mu * state.get("p", 0.0) - learning_rate * gradient(w)
    p = mu * state.get("p", 0.0) - learning_rate * gradient(w + p)
    return w + p, {"p": p}


# --- adagrad -------------------------------------------------------------------------------------------------


@wrong("adagrad", says="ε stands inside your root")
def adagrad_epsilon_inside_the_root(w, gradient, state, *, learning_rate=0.5, eps=1e-8):
    g = gradient(w)
    c = state.get("c", 0.0) + g**2
    return w - learning_rate * g / np.sqrt(c + eps), {"c": c}


@wrong("adagrad", says="The root is missing")
def adagrad_without_the_root(w, gradient, state, *, learning_rate=0.5, eps=1e-8):
    g = gradient(w)
    c = state.get("c", 0.0) + g**2
    return w - learning_rate * g / (c + eps), {"c": c}


@wrong("adagrad", says="c isn't kept")
def squares_not_added_up(w, gradient, state, *, learning_rate=0.5, eps=1e-8):
    g = gradient(w)
    c = g**2
    return w - learning_rate * g / (np.sqrt(c) + eps), {"c": c}


@wrong("adagrad", says="You climb")
def adagrad_uphill(w, gradient, state, *, learning_rate=0.5, eps=1e-8):
    g = gradient(w)
    c = state.get("c", 0.0) + g**2
    return w + learning_rate * g / (np.sqrt(c) + eps), {"c": c}


@wrong("adagrad", says="You divide by the old c")
def divided_by_the_old_sum(w, gradient, state, *, learning_rate=0.5, eps=1e-8):
    g, c = gradient(w), state.get("c", 0.0)
    return w - learning_rate * g / (np.sqrt(c) + eps), {"c": c + g**2}


@wrong("adagrad", says="All weights share one c")
def one_sum_for_all_weights(w, gradient, state, *, learning_rate=0.5, eps=1e-8):
    g = gradient(w)
    c = state.get("c", 0.0) + np.sum(g**2)
    return w - learning_rate * g / (np.sqrt(c) + eps), {"c": c}


@wrong("adagrad", says="add their squares")
def added_up_the_sizes(w, gradient, state, *, learning_rate=0.5, eps=1e-8):
    g = gradient(w)
    c = state.get("c", 0.0) + np.abs(g)
    return w - learning_rate * g / (c + eps), {"c": c}


@wrong("adagrad", says="you divide 0 by 0")
def adagrad_without_epsilon(w, gradient, state, *, learning_rate=0.5, eps=1e-8):
    g = gradient(w)
    c = state.get("c", 0.0) + g**2
    return w - learning_rate * g / np.sqrt(c), {"c": c}


# --- rmsprop -------------------------------------------------------------------------------------------------


@wrong("rmsprop", says="β and 1 − β are exchanged")
def exchanged_beta(w, gradient, state, *, learning_rate=0.05, beta=0.9, eps=1e-8):
    g = gradient(w)
    s = (1 - beta) * state.get("s", 0.0) + beta * g**2
    return w - learning_rate * g / (np.sqrt(s) + eps), {"s": s}


@wrong("rmsprop", says="1 − β is missing")
def forgot_one_minus_beta(w, gradient, state, *, learning_rate=0.05, beta=0.9, eps=1e-8):
    g = gradient(w)
    s = beta * state.get("s", 0.0) + g**2
    return w - learning_rate * g / (np.sqrt(s) + eps), {"s": s}


@wrong("rmsprop", says="ε stands inside your root")
def rmsprop_epsilon_inside_the_root(w, gradient, state, *, learning_rate=0.05, beta=0.9, eps=1e-8):
    g = gradient(w)
    s = beta * state.get("s", 0.0) + (1 - beta) * g**2
    return w - learning_rate * g / np.sqrt(s + eps), {"s": s}


@wrong("rmsprop", says="s isn't kept")
def average_not_kept(w, gradient, state, *, learning_rate=0.05, beta=0.9, eps=1e-8):
    g = gradient(w)
    s = beta * state.get("s", 0.0) + (1 - beta) * g**2
    return w - learning_rate * g / (np.sqrt(s) + eps), state


@wrong("rmsprop", says="average their squares")
def averaged_the_sizes(w, gradient, state, *, learning_rate=0.05, beta=0.9, eps=1e-8):
    g = gradient(w)
    s = beta * state.get("s", 0.0) + (1 - beta) * np.abs(g)
    return w - learning_rate * g / (s + eps), {"s": s}


@wrong("rmsprop", says="The root is missing")
def rmsprop_without_the_root(w, gradient, state, *, learning_rate=0.05, beta=0.9, eps=1e-8):
    g = gradient(w)
    s = beta * state.get("s", 0.0) + (1 - beta) * g**2
    return w - learning_rate * g / (s + eps), {"s": s}


@wrong("rmsprop", says="That is AdaGrad")
def added_up_the_squares(w, gradient, state, *, learning_rate=0.05, beta=0.9, eps=1e-8):
    g = gradient(w)
    s = state.get("s", 0.0) + g**2
    return w - learning_rate * g / (np.sqrt(s) + eps), {"s": s}


@wrong("rmsprop", says="that is Adam's idea")
def corrected_like_adam(w, gradient, state, *, learning_rate=0.05, beta=0.9, eps=1e-8):
    g, t = gradient(w), state.get("t", 0) + 1
    s = beta * state.get("s", 0.0) + (1 - beta) * g**2
    return w - learning_rate * g / (np.sqrt(s / (1 - beta**t)) + eps), {"s": s, "t": t}


# --- adam ----------------------------------------------------------------------------------------------------


@wrong("adam", says="The averages start at zero and are too small at first")
def no_correction(w, gradient, state, *, learning_rate=0.1, beta1=0.9, beta2=0.999, eps=1e-8):
    g = gradient(w)
    p = beta1 * state.get("p", 0.0) + (1 - beta1) * g
    s = beta2 * state.get("s", 0.0) + (1 - beta2) * g**2
    return w - learning_rate * p / (np.sqrt(s) + eps), {"p": p, "s": s}


@wrong("adam", says="Your steps are counted from 0")
def counted_steps_from_zero(w, gradient, state, *, learning_rate=0.1, beta1=0.9, beta2=0.999, eps=1e-8):
    g, t = gradient(w), state.get("t", 0)
    p = beta1 * state.get("p", 0.0) + (1 - beta1) * g
    s = beta2 * state.get("s", 0.0) + (1 - beta2) * g**2
    p_hat, s_hat = p / (1 - beta1**t), s / (1 - beta2**t)
    return w - learning_rate * p_hat / (np.sqrt(s_hat) + eps), {"p": p, "s": s, "t": t + 1}


@wrong("adam", says="You kept the corrected averages")
def kept_the_corrected_averages(w, gradient, state, *, learning_rate=0.1, beta1=0.9, beta2=0.999, eps=1e-8):
    g, t = gradient(w), state.get("t", 0) + 1
    p = (beta1 * state.get("p", 0.0) + (1 - beta1) * g) / (1 - beta1**t)
    s = (beta2 * state.get("s", 0.0) + (1 - beta2) * g**2) / (1 - beta2**t)
    return w - learning_rate * p / (np.sqrt(s) + eps), {"p": p, "s": s, "t": t}


@wrong("adam", says="β₁ and β₂ are exchanged")
def exchanged_the_betas(w, gradient, state, *, learning_rate=0.1, beta1=0.9, beta2=0.999, eps=1e-8):
    g, t = gradient(w), state.get("t", 0) + 1
    p = beta2 * state.get("p", 0.0) + (1 - beta2) * g
    s = beta1 * state.get("s", 0.0) + (1 - beta1) * g**2
    p_hat, s_hat = p / (1 - beta2**t), s / (1 - beta1**t)
    return w - learning_rate * p_hat / (np.sqrt(s_hat) + eps), {"p": p, "s": s, "t": t}


@wrong("adam", says="ε stands inside your root")
def adam_epsilon_inside_the_root(w, gradient, state, *, learning_rate=0.1, beta1=0.9, beta2=0.999, eps=1e-8):
    g, t = gradient(w), state.get("t", 0) + 1
    p = beta1 * state.get("p", 0.0) + (1 - beta1) * g
    s = beta2 * state.get("s", 0.0) + (1 - beta2) * g**2
    p_hat, s_hat = p / (1 - beta1**t), s / (1 - beta2**t)
    return w - learning_rate * p_hat / np.sqrt(s_hat + eps), {"p": p, "s": s, "t": t}


@wrong("adam", says="Your count of steps stays at 1")
def count_not_kept(w, gradient, state, *, learning_rate=0.1, beta1=0.9, beta2=0.999, eps=1e-8):
    g, t = gradient(w), 1
    p = beta1 * state.get("p", 0.0) + (1 - beta1) * g
    s = beta2 * state.get("s", 0.0) + (1 - beta2) * g**2
    p_hat, s_hat = p / (1 - beta1**t), s / (1 - beta2**t)
    return w - learning_rate * p_hat / (np.sqrt(s_hat) + eps), {"p": p, "s": s}


@wrong("adam", says="Only p is corrected")
def corrected_p_only(w, gradient, state, *, learning_rate=0.1, beta1=0.9, beta2=0.999, eps=1e-8):
    g, t = gradient(w), state.get("t", 0) + 1
    p = beta1 * state.get("p", 0.0) + (1 - beta1) * g
    s = beta2 * state.get("s", 0.0) + (1 - beta2) * g**2
    return w - learning_rate * p / (1 - beta1**t) / (np.sqrt(s) + eps), {"p": p, "s": s, "t": t}


@wrong("adam", says="1 − β₁ is missing")
def sum_of_gradients(w, gradient, state, *, learning_rate=0.1, beta1=0.9, beta2=0.999, eps=1e-8):
    g, t = gradient(w), state.get("t", 0) + 1
    p = beta1 * state.get("p", 0.0) + g
    s = beta2 * state.get("s", 0.0) + (1 - beta2) * g**2
    p_hat, s_hat = p / (1 - beta1**t), s / (1 - beta2**t)
    return w - learning_rate * p_hat / (np.sqrt(s_hat) + eps), {"p": p, "s": s, "t": t}


# --- random_search -------------------------------------------------------------------------------------------


def _search(train, space, rounds, rng, samples, draw, narrow, best_first=True):
    low, high = np.log(list(space.values())).T
    bounds, trials = (low, high), []
    for number in range(rounds):
        latest = []
        for values in draw(rng, bounds, samples):
            setting = dict(zip(space, values.tolist(), strict=True))
            score = train(**setting)
            latest.append((-np.inf if np.isnan(score) else score, setting))
        trials += latest
        bounds = narrow(low, high, number, trials, latest)
    return sorted(trials, key=lambda trial: trial[0], reverse=True) if best_first else trials


def _log_uniform(rng, bounds, samples):
    return np.exp(rng.uniform(*bounds, (samples, len(bounds[0]))))


def _around(trials, low, high, reach, clip=True):
    centre = np.log(list(max(trials, key=lambda trial: trial[0])[1].values()))
    if not clip:
        return centre - reach, centre + reach
    return np.maximum(low, centre - reach), np.minimum(high, centre + reach)


def _halved(low, high, number, trials, latest):
    return _around(trials, low, high, (high - low) / 2 ** (number + 2))


@wrong("random_search", says="draw the exponent uniformly, not the value")
def uniform_not_log_uniform(train, space, rounds, rng, samples=10):
    def draw(rng, bounds, samples):
        return rng.uniform(*np.exp(bounds), (samples, len(bounds[0])))

    return _search(train, space, rounds, rng, samples, draw, _halved)


@wrong("random_search", says="as on a grid")
def grid_search(train, space, rounds, rng, samples=10):
    def draw(rng, bounds, samples):
        side = max(2, round(samples ** (1 / len(bounds[0]))))
        axes = [np.linspace(a, b, side) for a, b in zip(*bounds, strict=True)]
        grid = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, len(axes))
        return np.exp(np.resize(grid, (samples, len(axes))))

    return _search(train, space, rounds, rng, samples, draw, _halved)


@wrong("random_search", says="All hyperparameters move together")
def one_number_for_all(train, space, rounds, rng, samples=10):
    def draw(rng, bounds, samples):
        return np.exp(bounds[0] + rng.random((samples, 1)) * (bounds[1] - bounds[0]))

    return _search(train, space, rounds, rng, samples, draw, _halved)


@wrong("random_search", says="The second round is as wide as the first")
def never_narrowed(train, space, rounds, rng, samples=10):
    return _search(
        train,
        space,
        rounds,
        rng,
        samples,
        _log_uniform,
        lambda low, high, number, trials, latest: (low, high),
    )


@wrong("random_search", says="Round 3 looks around the best of round 2")
def best_of_the_last_round(train, space, rounds, rng, samples=10):
    return _search(
        train,
        space,
        rounds,
        rng,
        samples,
        _log_uniform,
        lambda low, high, number, trials, latest: _around(
            latest, low, high, (high - low) / 2 ** (number + 2)
        ),
    )


@wrong("random_search", says="Later rounds leave the limits of the space")
def not_cut_off(train, space, rounds, rng, samples=10):
    return _search(
        train,
        space,
        rounds,
        rng,
        samples,
        _log_uniform,
        lambda low, high, number, trials, latest: _around(
            trials, low, high, (high - low) / 2 ** (number + 2), clip=False
        ),
    )


@wrong("random_search", says="sort them, the best first")
def order_of_training(train, space, rounds, rng, samples=10):
    return _search(train, space, rounds, rng, samples, _log_uniform, _halved, best_first=False)


@wrong("random_search", says="sort by score, the highest first")
def worst_first(train, space, rounds, rng, samples=10):
    return _search(train, space, rounds, rng, samples, _log_uniform, _halved)[::-1]


@wrong("random_search", says="NaN counts as minus infinity")
def nan_wins(train, space, rounds, rng, samples=10):
    low, high = np.log(list(space.values())).T
    centre, reach, trials = (low + high) / 2, (high - low) / 2, []
    for _ in range(rounds):
        bounds = np.maximum(low, centre - reach), np.minimum(high, centre + reach)
        for values in np.exp(rng.uniform(*bounds, (samples, len(space)))):
            setting = dict(zip(space, values.tolist(), strict=True))
            trials.append((train(**setting), setting))
        best = max(trials, key=lambda trial: trial[0])[1]
        centre, reach = np.log(list(best.values())), reach / 2
    return sorted(trials, key=lambda trial: trial[0], reverse=True)


@wrong("random_search", says="Return all trials of all rounds")
def only_the_best_of_each_round(train, space, rounds, rng, samples=10):
    return _search(train, space, rounds, rng, samples, _log_uniform, _halved)[:rounds]


@wrong("random_search", says="Return a list of pairs")
def only_the_best_setting(train, space, rounds, rng, samples=10):
    return _search(train, space, rounds, rng, samples, _log_uniform, _halved)[0][1]


@wrong("random_search", says="Round 2 should search half the width")
def quartered(train, space, rounds, rng, samples=10):
    return _search(
        train,
        space,
        rounds,
        rng,
        samples,
        _log_uniform,
        lambda low, high, number, trials, latest: _around(
            trials, low, high, (high - low) / 4 ** (number + 1.5)
        ),
    )


# --- update_ratio --------------------------------------------------------------------------------------------


@wrong("update_ratio", says="not after it")
def divided_by_the_new_weights(w_before, w_after):
    return np.linalg.norm(w_after - w_before) / np.linalg.norm(w_after)


@wrong("update_ratio", says="take the length of the difference")
def difference_of_lengths(w_before, w_after):
    a, b = np.linalg.norm(w_after), np.linalg.norm(w_before)
    return abs(a - b) / b


@wrong("update_ratio", says="You averaged the ratios")
def mean_of_ratios(w_before, w_after):
    return np.mean(np.abs((w_after - w_before) / w_before))


@wrong("update_ratio", says="That is the largest singular value")
def spectral_norm(w_before, w_after):
    if w_before.ndim != 2:
        return np.linalg.norm(w_after - w_before) / np.linalg.norm(w_before)
    return np.linalg.norm(w_after - w_before, 2) / np.linalg.norm(w_before, 2)


@wrong("update_ratio", says="That is the ratio of the lengths")
def forgot_to_subtract(w_before, w_after):
    return np.linalg.norm(w_after) / np.linalg.norm(w_before)


@wrong("update_ratio", says="The root is missing")
def squares_without_the_root(w_before, w_after):
    return np.sum((w_after - w_before) ** 2) / np.sum(w_before**2)


# --- changes to a solution that change nothing ---------------------------------------------------------------

_SAME_LENGTH = "there is one value for each name: a check of the lengths never fires"

EQUIVALENT_MUTANTS = {
    (
        "random_search",
        "best = max(trials, key=lambda trial: trial[0])[-1]",
    ): "a trial is a pair: the last is the second",
    ("random_search", "setting = dict(zip(space, values.tolist()))"): _SAME_LENGTH,
    ("random_search", "setting = dict(zip(space, values.tolist(), strict=False))"): _SAME_LENGTH,
    (
        "random_search",
        "setting = dict(zip(space, values, strict=True))",
    ): "NumPy's numbers are accepted as Python's",
    (
        "update_ratio",
        "return np.linalg.norm(w_before - w_after) / np.linalg.norm(w_before)",
    ): "a length doesn't see the sign",
}
