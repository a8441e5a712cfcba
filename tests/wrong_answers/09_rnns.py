"""What students write in 09_rnns. The name of each function is the mistake."""

import numpy as np

from autograder.wrong_answers import wrong
from course_utils import recurrent

# --- rnn_step ------------------------------------------------------------------------------------------------


@wrong("rnn_step", says="You squashed the output too")
def tanh_on_the_output(x, h, W_xh, W_hh, W_hy):
    h = np.tanh(x @ W_xh.T + h @ W_hh.T)
    return h, np.tanh(h @ W_hy.T)


@wrong("rnn_step", says="Your output comes from the old state")
def output_from_the_old_state(x, h, W_xh, W_hh, W_hy):
    new = np.tanh(x @ W_xh.T + h @ W_hh.T)
    return new, h @ W_hy.T


@wrong("rnn_step", says="The tanh around the sum is missing")
def forgot_tanh(x, h, W_xh, W_hh, W_hy):
    h = x @ W_xh.T + h @ W_hh.T
    return h, h @ W_hy.T


@wrong("rnn_step", says="W_hh is the wrong way round")
def forgot_a_transpose(x, h, W_xh, W_hh, W_hy):
    h = np.tanh(x @ W_xh.T + h @ W_hh)
    return h, h @ W_hy.T


@wrong("rnn_step", says="raised a ValueError")
def swapped_the_matrices(x, h, W_xh, W_hh, W_hy):
    h = np.tanh(x @ W_hh.T + h @ W_xh.T)
    return h, h @ W_hy.T


@wrong("rnn_step", says="in the reverse order")
def output_first(x, h, W_xh, W_hh, W_hy):
    h = np.tanh(x @ W_xh.T + h @ W_hh.T)
    return h @ W_hy.T, h


@wrong("rnn_step", says="You used the sigmoid")
def sigmoid_state(x, h, W_xh, W_hh, W_hy):
    h = 1 / (1 + np.exp(-(x @ W_xh.T + h @ W_hh.T)))
    return h, h @ W_hy.T


# --- rnn_forward ---------------------------------------------------------------------------------------------


@wrong("rnn_forward", says="Your result ignores h0")
def started_from_zeros(x, h0, W_xh, W_hh, b):
    h, states = np.zeros_like(h0), []
    for t in range(x.shape[1]):
        h = np.tanh(x[:, t] @ W_xh.T + h @ W_hh.T + b)
        states.append(h)
    return np.stack(states, axis=1)


@wrong("rnn_forward", says="Your result ignores h0")
def index_minus_one_at_the_start(x, h0, W_xh, W_hh, b):
    h = np.zeros((*x.shape[:2], len(b)))
    for t in range(x.shape[1]):
        h[:, t] = np.tanh(x[:, t] @ W_xh.T + h[:, t - 1] @ W_hh.T + b)
    return h


@wrong("rnn_forward", says="The state isn't carried on")
def state_not_carried_on(x, h0, W_xh, W_hh, b):
    states = [np.tanh(x[:, t] @ W_xh.T + h0 @ W_hh.T + b) for t in range(x.shape[1])]
    return np.stack(states, axis=1)


@wrong("rnn_forward", says="The bias is missing")
def forgot_the_bias(x, h0, W_xh, W_hh, b):
    return recurrent.rnn_forward(x, h0, W_xh, W_hh, 0 * b)


@wrong("rnn_forward", says="Your axes are (time, batch, features)")
def time_first(x, h0, W_xh, W_hh, b):
    h, states = h0, []
    for t in range(x.shape[1]):
        h = np.tanh(x[:, t] @ W_xh.T + h @ W_hh.T + b)
        states.append(h)
    return np.array(states)


@wrong("rnn_forward", says="Only the last state came back")
def last_state_only(x, h0, W_xh, W_hh, b):
    h = h0
    for t in range(x.shape[1]):
        h = np.tanh(x[:, t] @ W_xh.T + h @ W_hh.T + b)
    return h


@wrong("rnn_forward", says="You carry on the sum before tanh")
def carried_the_sum(x, h0, W_xh, W_hh, b):
    a, states = h0, []
    for t in range(x.shape[1]):
        a = x[:, t] @ W_xh.T + a @ W_hh.T + b
        states.append(np.tanh(a))
    return np.stack(states, axis=1)


# --- deep_rnn_forward ----------------------------------------------------------------------------------------


@wrong("deep_rnn_forward", says="Your second layer reads x")
def layers_side_by_side(x, layers):
    last = []
    for W_xh, W_hh, b in layers:
        h = recurrent.rnn_forward(x, np.zeros((len(x), len(b))), W_xh, W_hh, b)
        last.append(h[:, -1])
    return h, last


@wrong("deep_rnn_forward", says="starts from the last state of the layer below")
def state_handed_up(x, layers):
    state, last = np.zeros((len(x), len(layers[0][2]))), []
    for W_xh, W_hh, b in layers:
        x = recurrent.rnn_forward(x, state, W_xh, W_hh, b)
        state = x[:, -1]
        last.append(state)
    return x, last


@wrong("deep_rnn_forward", says="You returned the top layer's last state alone")
def last_state_of_the_top_only(x, layers):
    for W_xh, W_hh, b in layers:
        x = recurrent.rnn_forward(x, np.zeros((len(x), len(b))), W_xh, W_hh, b)
    return x, [x[:, -1]]


@wrong("deep_rnn_forward", says="Your list holds the states after all steps")
def all_states_of_all_layers(x, layers):
    kept = []
    for W_xh, W_hh, b in layers:
        x = recurrent.rnn_forward(x, np.zeros((len(x), len(b))), W_xh, W_hh, b)
        kept.append(x)
    return x, kept


@wrong("deep_rnn_forward", says="You went through the layers from the top down")
def from_the_top_down(x, layers):
    last = []
    for W_xh, W_hh, b in reversed(layers):
        x = recurrent.rnn_forward(x, np.zeros((len(x), len(b))), W_xh, W_hh, b)
        last.append(x[:, -1])
    return x, last


# --- rnn_backward --------------------------------------------------------------------------------------------


@wrong("rnn_backward", says="Nothing comes back from the step after")
def forgot_the_step_after(dh, x, h, h0, W_xh, W_hh):
    delta = dh * (1 - h**2)
    before = np.concatenate([h0[:, None], h[:, :-1]], axis=1)
    dW_xh = np.einsum("ntk,ntd->kd", delta, x)
    dW_hh = np.einsum("ntk,ntj->kj", delta, before)
    return delta @ W_xh, delta[:, 0] @ W_hh, dW_xh, dW_hh, delta.sum(axis=(0, 1))


@wrong("rnn_backward", says="those of the first step alone")
def overwrote_the_gradients(dh, x, h, h0, W_xh, W_hh):
    dx, back = np.zeros_like(x), np.zeros_like(h0)
    for t in reversed(range(x.shape[1])):
        delta = (dh[:, t] + back) * (1 - h[:, t] ** 2)
        dx[:, t] = delta @ W_xh
        dW_xh = delta.T @ x[:, t]
        dW_hh = delta.T @ (h[:, t - 1] if t > 0 else h0)
        db = delta.sum(axis=0)
        back = delta @ W_hh
    return dx, back, dW_xh, dW_hh, db


@wrong("rnn_backward", says="You divided by 1 − h²")
def divided_by_the_slope(dh, x, h, h0, W_xh, W_hh):
    back, delta = np.zeros_like(h0), np.zeros_like(h)
    for t in reversed(range(x.shape[1])):
        delta[:, t] = (dh[:, t] + back) / (1 - h[:, t] ** 2)
        back = delta[:, t] @ W_hh
    before = np.concatenate([h0[:, None], h[:, :-1]], axis=1)
    dW_xh = np.einsum("ntk,ntd->kd", delta, x)
    dW_hh = np.einsum("ntk,ntj->kj", delta, before)
    return delta @ W_xh, back, dW_xh, dW_hh, delta.sum(axis=(0, 1))


@wrong("rnn_backward", says="Going back, W_hh is the wrong way round")
def went_back_with_the_transpose(dh, x, h, h0, W_xh, W_hh):
    back, delta = np.zeros_like(h0), np.zeros_like(h)
    for t in reversed(range(x.shape[1])):
        delta[:, t] = (dh[:, t] + back) * (1 - h[:, t] ** 2)
        back = delta[:, t] @ W_hh.T
    before = np.concatenate([h0[:, None], h[:, :-1]], axis=1)
    dW_xh = np.einsum("ntk,ntd->kd", delta, x)
    dW_hh = np.einsum("ntk,ntj->kj", delta, before)
    return delta @ W_xh, back, dW_xh, dW_hh, delta.sum(axis=(0, 1))


@wrong("rnn_backward", says="Index −1 is the end of the array")
def read_the_end_at_the_start(dh, x, h, h0, W_xh, W_hh):
    dx, dW_xh, dW_hh = np.zeros_like(x), np.zeros_like(W_xh), np.zeros_like(W_hh)
    db, back = np.zeros(len(W_hh)), np.zeros_like(h0)
    for t in reversed(range(x.shape[1])):
        delta = (dh[:, t] + back) * (1 - h[:, t] ** 2)
        dx[:, t] = delta @ W_xh
        dW_xh += delta.T @ x[:, t]
        dW_hh += delta.T @ h[:, t - 1]
        db += delta.sum(axis=0)
        back = delta @ W_hh
    return dx, back, dW_xh, dW_hh, db


@wrong("rnn_backward", says="pairs δ with the state before the step")
def paired_with_the_state_after(dh, x, h, h0, W_xh, W_hh):
    dx, dW_xh, dW_hh = np.zeros_like(x), np.zeros_like(W_xh), np.zeros_like(W_hh)
    db, back = np.zeros(len(W_hh)), np.zeros_like(h0)
    for t in reversed(range(x.shape[1])):
        delta = (dh[:, t] + back) * (1 - h[:, t] ** 2)
        dx[:, t] = delta @ W_xh
        dW_xh += delta.T @ x[:, t]
        dW_hh += delta.T @ h[:, t]
        db += delta.sum(axis=0)
        back = delta @ W_hh
    return dx, back, dW_xh, dW_hh, db


@wrong("rnn_backward", says="Nothing goes back to h0")
def nothing_for_h0(dh, x, h, h0, W_xh, W_hh):
    dx, dW_xh, dW_hh = np.zeros_like(x), np.zeros_like(W_xh), np.zeros_like(W_hh)
    db, back = np.zeros(len(W_hh)), np.zeros_like(h0)
    for t in reversed(range(x.shape[1])):
        delta = (dh[:, t] + back) * (1 - h[:, t] ** 2)
        dx[:, t] = delta @ W_xh
        dW_xh += delta.T @ x[:, t]
        dW_hh += delta.T @ (h[:, t - 1] if t > 0 else h0)
        db += delta.sum(axis=0)
        back = delta @ W_hh
    return dx, np.zeros_like(h0), dW_xh, dW_hh, db


# --- gradient_norms ------------------------------------------------------------------------------------------


@wrong("gradient_norms", says="You took the Frobenius norm")
def frobenius(W_hh, steps):
    return np.array([np.linalg.norm(np.linalg.matrix_power(W_hh, t)) for t in range(steps + 1)])


@wrong("gradient_norms", says="powers of the largest singular value")
def power_of_the_norm(W_hh, steps):
    return np.linalg.norm(W_hh, 2) ** np.arange(steps + 1)


@wrong("gradient_norms", says="powers of the largest eigenvalue")
def power_of_the_eigenvalue(W_hh, steps):
    return np.abs(np.linalg.eigvals(W_hh)).max() ** np.arange(steps + 1)


@wrong("gradient_norms", says="W ** t raises each entry to a power")
def powers_of_entries(W_hh, steps):
    return np.array([np.linalg.norm(W_hh**t, 2) for t in range(steps + 1)])


@wrong("gradient_norms", says="You begin after one step")
def began_after_one_step(W_hh, steps):
    return np.array([np.linalg.norm(np.linalg.matrix_power(W_hh, t + 1), 2) for t in range(steps + 1)])


@wrong("gradient_norms", says="One value is missing at the end")
def one_value_short(W_hh, steps):
    return np.array([np.linalg.norm(np.linalg.matrix_power(W_hh, t), 2) for t in range(steps)])


# --- clip_gradients ------------------------------------------------------------------------------------------


@wrong("clip_gradients", says="You clipped each array by itself")
def each_array_by_itself(gradients, max_norm):
    norm = np.sqrt(sum(np.sum(g**2) for g in gradients))
    return [g * min(1, max_norm / np.linalg.norm(g.ravel())) for g in gradients], norm


@wrong("clip_gradients", says="You clipped each entry")
def each_entry_by_itself(gradients, max_norm):
    norm = np.sqrt(sum(np.sum(g**2) for g in gradients))
    return [np.clip(g, -max_norm, max_norm) for g in gradients], norm


@wrong("clip_gradients", says="Clipping never makes a gradient longer")
def short_ones_lengthened(gradients, max_norm):
    norm = np.sqrt(sum(np.sum(g**2) for g in gradients))
    return [g * max_norm / norm for g in gradients], norm


@wrong("clip_gradients", says="You added the arrays' norms")
def sum_of_norms(gradients, max_norm):
    norm = sum(np.linalg.norm(g.ravel()) for g in gradients)
    return [g * min(1, max_norm / norm) for g in gradients], norm


@wrong("clip_gradients", says="You forgot the root")
def squared_norm(gradients, max_norm):
    norm = sum(np.sum(g**2) for g in gradients)
    return [g * min(1, max_norm / norm) for g in gradients], norm


@wrong("clip_gradients", says="changes its input `gradients` in place")
def clipped_in_place(gradients, max_norm):
    norm = np.sqrt(sum(np.sum(g**2) for g in gradients))
    for g in gradients:
        g *= min(1, max_norm / norm)
    return gradients, norm


@wrong("clip_gradients", says="division by zero")
def divided_by_a_norm_of_zero(gradients, max_norm):
    norm = np.sqrt(sum(np.sum(g**2) for g in gradients))
    return [g / norm * min(norm, max_norm) for g in gradients], norm


# --- lstm_step -----------------------------------------------------------------------------------------------


@wrong("lstm_step", says="torch's order i, f, g, o")
def order_of_torch(x, h, c, W, b):
    sigma = lambda a: 1 / (1 + np.exp(-a))  # noqa: E731
    i, f, g, o = np.split(np.concatenate([h, x], axis=1) @ W.T + b, 4, axis=1)
    c = sigma(f) * c + sigma(i) * np.tanh(g)
    return sigma(o) * np.tanh(c), c


@wrong("lstm_step", says="You swapped the input gate and the forget gate")
def swapped_input_and_forget(x, h, c, W, b):
    sigma = lambda a: 1 / (1 + np.exp(-a))  # noqa: E731
    f, i, o, g = np.split(np.concatenate([h, x], axis=1) @ W.T + b, 4, axis=1)
    c = sigma(f) * c + sigma(i) * np.tanh(g)
    return sigma(o) * np.tanh(c), c


@wrong("lstm_step", says="You joined [x; h]")
def input_before_state(x, h, c, W, b):
    sigma = lambda a: 1 / (1 + np.exp(-a))  # noqa: E731
    i, f, o, g = np.split(np.concatenate([x, h], axis=1) @ W.T + b, 4, axis=1)
    c = sigma(f) * c + sigma(i) * np.tanh(g)
    return sigma(o) * np.tanh(c), c


@wrong("lstm_step", says="your tanh is missing")
def cell_without_tanh(x, h, c, W, b):
    sigma = lambda a: 1 / (1 + np.exp(-a))  # noqa: E731
    i, f, o, g = np.split(np.concatenate([h, x], axis=1) @ W.T + b, 4, axis=1)
    c = sigma(f) * c + sigma(i) * np.tanh(g)
    return sigma(o) * c, c


@wrong("lstm_step", says="i ⊙ g, not i + g")
def added_the_input_gate(x, h, c, W, b):
    sigma = lambda a: 1 / (1 + np.exp(-a))  # noqa: E731
    i, f, o, g = np.split(np.concatenate([h, x], axis=1) @ W.T + b, 4, axis=1)
    c = sigma(f) * c + sigma(i) + np.tanh(g)
    return sigma(o) * np.tanh(c), c


@wrong("lstm_step", says="The forget gate multiplies the old cell, not the proposal")
def forgot_the_proposal(x, h, c, W, b):
    sigma = lambda a: 1 / (1 + np.exp(-a))  # noqa: E731
    _, f, o, g = np.split(np.concatenate([h, x], axis=1) @ W.T + b, 4, axis=1)
    c = c + sigma(f) * np.tanh(g)
    return sigma(o) * np.tanh(c), c


@wrong("lstm_step", says="The proposal g goes through tanh")
def sigmoid_of_the_proposal(x, h, c, W, b):
    sigma = lambda a: 1 / (1 + np.exp(-a))  # noqa: E731
    i, f, o, g = np.split(sigma(np.concatenate([h, x], axis=1) @ W.T + b), 4, axis=1)
    c = f * c + i * g
    return o * np.tanh(c), c


@wrong("lstm_step", says="the state comes first")
def cell_first(x, h, c, W, b):
    sigma = lambda a: 1 / (1 + np.exp(-a))  # noqa: E731
    i, f, o, g = np.split(np.concatenate([h, x], axis=1) @ W.T + b, 4, axis=1)
    c = sigma(f) * c + sigma(i) * np.tanh(g)
    return c, sigma(o) * np.tanh(c)


# --- perplexity ----------------------------------------------------------------------------------------------


@wrong("perplexity", says="Padding counts in your mean")
def counted_the_padding(log_probs, targets, mask):
    return np.exp(-np.take_along_axis(log_probs, targets[..., None], axis=2).mean())


@wrong("perplexity", says="divide by the number of real tokens")
def divided_by_all_places(log_probs, targets, mask):
    picked = np.take_along_axis(log_probs, targets[..., None], axis=2)[..., 0]
    return np.exp(-np.mean(picked * mask))


@wrong("perplexity", says="You averaged sequence by sequence")
def mean_of_means(log_probs, targets, mask):
    picked = np.take_along_axis(log_probs, targets[..., None], axis=2)[..., 0]
    return np.exp(-np.mean([row[keep].mean() for row, keep in zip(picked, mask, strict=True)]))


@wrong("perplexity", says="You averaged exponentials")
def mean_of_exponentials(log_probs, targets, mask):
    picked = np.take_along_axis(log_probs, targets[..., None], axis=2)[..., 0]
    return np.mean(np.exp(-picked[mask]))


@wrong("perplexity", says="you used 2")
def two_to_the_nats(log_probs, targets, mask):
    picked = np.take_along_axis(log_probs, targets[..., None], axis=2)[..., 0]
    return 2 ** -np.mean(picked[mask])


@wrong("perplexity", says="its exponential is missing")
def loss_instead(log_probs, targets, mask):
    picked = np.take_along_axis(log_probs, targets[..., None], axis=2)[..., 0]
    return -np.mean(picked[mask])


@wrong("perplexity", says="NaN")
def multiplied_by_the_mask(log_probs, targets, mask):
    picked = np.take_along_axis(log_probs, targets[..., None], axis=2)[..., 0]
    return np.exp(-np.sum(picked * mask) / mask.sum())


# --- sample_with_temperature ---------------------------------------------------------------------------------


@wrong("sample_with_temperature", says="T makes no difference in your draws")
def divided_the_probabilities(logits, T, rng):
    p = np.exp(logits - logits.max()) / T
    return rng.choice(len(p), p=p / p.sum())


@wrong("sample_with_temperature", says="You multiplied by T")
def multiplied_by_T(logits, T, rng):
    p = np.exp((logits - logits.max()) * T)
    return rng.choice(len(p), p=p / p.sum())


@wrong("sample_with_temperature", says="You always return the same token")
def always_the_likeliest(logits, T, rng):
    return np.argmax(logits / T)


@wrong("sample_with_temperature", says="Draw with the rng that is passed in")
def drew_elsewhere(logits, T, rng):
    p = np.exp((logits - logits.max()) / T)
    return np.random.default_rng().choice(len(p), p=p / p.sum())


@wrong("sample_with_temperature", says="raised a ValueError")
def overflowed(logits, T, rng):
    p = np.exp(logits / T)
    return rng.choice(len(p), p=p / p.sum())


@wrong("sample_with_temperature", says="All tokens are nearly equally likely")
def ignored_the_logits(logits, T, rng):
    return 3 if T > 5 else rng.integers(len(logits))


@wrong("sample_with_temperature", says="Return one token")
def returned_an_array(logits, T, rng):
    p = np.exp((logits - logits.max()) / T)
    return rng.choice(len(p), size=1, p=p / p.sum())


# --- beam_search ---------------------------------------------------------------------------------------------


@wrong("beam_search", says="Your search is greedy")
def greedy(step, start, width, length):
    tokens, total = [], 0.0
    for _ in range(length):
        scores = step(np.array([[*start, *tokens]]))[0]
        tokens.append(int(np.argmax(scores)))
        total += scores[tokens[-1]]
    return [(tokens, total)]


@wrong("beam_search", says="You go on from too many sequences")
def kept_k_for_each_beam(step, start, width, length):
    beams = [([], 0.0)]
    for _ in range(length):
        scores = step(np.array([[*start, *tokens] for tokens, _ in beams]))
        beams = [
            ([*tokens, int(v)], total + row[v])
            for (tokens, total), row in zip(beams, scores, strict=True)
            for v in np.argsort(-row)[:width]
        ]
    return sorted(beams, key=lambda way: -way[1])[:width]


@wrong("beam_search", says="You began with several copies of the start")
def copies_of_the_start(step, start, width, length):
    beams = [([], 0.0)] * width
    for _ in range(length):
        scores = step(np.array([[*start, *tokens] for tokens, _ in beams]))
        ways = [
            ([*tokens, v], total + row[v])
            for (tokens, total), row in zip(beams, scores, strict=True)
            for v in range(len(row))
        ]
        beams = sorted(ways, key=lambda way: -way[1])[:width]
    return beams


@wrong("beam_search", says="Only the last step counts in your log probability")
def forgot_what_came_before(step, start, width, length):
    beams = [([], 0.0)]
    for _ in range(length):
        scores = step(np.array([[*start, *tokens] for tokens, _ in beams]))
        ways = [
            ([*tokens, v], row[v])
            for (tokens, _), row in zip(beams, scores, strict=True)
            for v in range(len(row))
        ]
        beams = sorted(ways, key=lambda way: -way[1])[:width]
    return beams


@wrong("beam_search", says="add logarithms instead of multiplying probabilities")
def multiplied_probabilities(step, start, width, length):
    beams = [([], 1.0)]
    for _ in range(length):
        scores = step(np.array([[*start, *tokens] for tokens, _ in beams]))
        ways = [
            ([*tokens, v], total * np.exp(row[v]))
            for (tokens, total), row in zip(beams, scores, strict=True)
            for v in range(len(row))
        ]
        beams = sorted(ways, key=lambda way: -way[1])[:width]
    return [(tokens, np.log(total)) for tokens, total in beams]


@wrong("beam_search", says="The likeliest sequence comes first")
def the_worst_first(step, start, width, length):
    return recurrent.beam_search(step, start, width, length)[::-1]


@wrong("beam_search", says="Leave out the start")
def start_left_in(step, start, width, length):
    ways = recurrent.beam_search(step, start, width, length)
    return [([*start, *tokens], total) for tokens, total in ways]


@wrong("beam_search", says="rank all continuations together")
def each_beam_its_own_best(step, start, width, length):
    beams = [([], 0.0)]
    for _ in range(length):
        scores = step(np.array([[*start, *tokens] for tokens, _ in beams]))
        beams = [
            ([*tokens, int(v)], total + row[v])
            for (tokens, total), row in zip(beams, scores, strict=True)
            for v in np.argsort(-row)[: 1 if tokens else width]
        ]
    return sorted(beams, key=lambda way: -way[1])


# --- attention -----------------------------------------------------------------------------------------------


@wrong("attention", says="The √d is missing")
def forgot_the_root(query, keys, values):
    e = np.exp(query @ keys.T)
    weights = e / e.sum(axis=1, keepdims=True)
    return weights @ values, weights


@wrong("attention", says="You divided by d")
def divided_by_d(query, keys, values):
    e = np.exp(query @ keys.T / keys.shape[1])
    weights = e / e.sum(axis=1, keepdims=True)
    return weights @ values, weights


@wrong("attention", says="yours are all 1")
def softmax_over_the_queries(query, keys, values):
    e = np.exp(query @ keys.T / np.sqrt(keys.shape[1]))
    weights = e / e.sum(axis=0, keepdims=True)
    return weights @ values, weights


@wrong("attention", says="NaN")
def overflowing_scores(query, keys, values):
    e = np.exp(query @ keys.T / np.sqrt(keys.shape[1]))
    weights = e / e.sum(axis=1, keepdims=True)
    return weights @ values, weights


@wrong("attention", says="d is the length of a key")
def root_of_the_number_of_places(query, keys, values):
    scores = query @ keys.T / np.sqrt(len(keys))
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    weights = e / e.sum(axis=1, keepdims=True)
    return weights @ values, weights


@wrong("attention", says="The weights are missing")
def context_alone(query, keys, values):
    scores = query @ keys.T / np.sqrt(keys.shape[1])
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True) @ values


@wrong("attention", says="normalised over all queries together")
def one_softmax_for_all(query, keys, values):
    e = np.exp(query @ keys.T / np.sqrt(keys.shape[1]))
    weights = e / e.sum()
    return weights @ values, weights


# --- changes to a solution that change nothing ---------------------------------------------------------------

_LAST_OF_TWO = "the arrays have two axes: the last is the second"
_ONE_LONG = "the axis that take_along_axis leaves is one long: its first entry is its last"

EQUIVALENT_MUTANTS = {
    ("gradient_norms", "power = power @ W_hh"): "powers of one matrix commute",
    ("clip_gradients", "factor = max_norm / norm if norm >= max_norm else 1.0"): (
        "where the norm is exactly max_norm, the factor is 1 either way"
    ),
    ("lstm_step", "k = h.shape[-1]"): _LAST_OF_TWO,
    ("lstm_step", "i, f, o = np.split(gates, 3, axis=-1)"): _LAST_OF_TWO,
    ("lstm_step", "a = np.concatenate([h, x], axis=-1) @ W.T + b"): _LAST_OF_TWO,
    ("perplexity", "picked = np.take_along_axis(log_probs, targets[..., None])[..., 0]"): (
        "the last axis is the default, and the last is axis 2"
    ),
    ("perplexity", "picked = np.take_along_axis(log_probs, targets[..., None], axis=2)[..., -1]"): _ONE_LONG,
    (
        "sample_with_temperature",
        "return rng.choice(len(p), p=p / p.sum())",
    ): "NumPy's own integer is accepted",
    ("beam_search", "scores = step([[*start, *tokens] for tokens, _ in beams])"): (
        "the tests' models take lists of lists too"
    ),
    (
        "beam_search",
        "ways = [([*tokens, v], log_prob + scores[row, v]) for row, (tokens, log_prob) in enumerate(beams) for v in range(scores.shape[-1])]",
    ): _LAST_OF_TWO,
    ("beam_search", "beams = sorted(ways, key=lambda way: way[-1], reverse=True)[:width]"): (
        "a way has two entries: the last is the second"
    ),
    ("attention", "scores = query @ keys.T / np.sqrt(keys.shape[-1])"): _LAST_OF_TWO,
    ("attention", "weights = e / e.sum(axis=-1, keepdims=True)"): _LAST_OF_TWO,
    ("attention", "e = np.exp(scores - scores.max(axis=-1, keepdims=True))"): _LAST_OF_TWO,
}
