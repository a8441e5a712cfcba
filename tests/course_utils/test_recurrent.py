"""Recurrent layers against torch's and its autograd, generation against trying everything."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from course_utils import recurrent as r
from course_utils.autograd import numerical_gradient

seeds = st.integers(0, 2**32 - 1)
sizes = st.tuples(seeds, st.integers(1, 3), st.integers(1, 5), st.integers(1, 3), st.integers(1, 4))


def arrays(case, gates):
    seed, n, T, d, k = case
    rng = np.random.default_rng(seed)
    shapes = [(n, T, d), *[(n, k)] * (1 if gates == 1 else 2), (gates * k, d), (gates * k, k), (gates * k,)]
    return [rng.normal(size=shape) for shape in shapes], rng.normal(size=(n, T, k))


def oracle(kind, case, given_arrays, dh):
    """nn.RNN or nn.LSTM with these weights: its outputs, and the gradients of all arrays."""
    leaves = [torch.tensor(array, requires_grad=True) for array in given_arrays]
    x, *state, W_xh, W_hh, b = leaves
    net = getattr(torch.nn, kind)(case[3], case[4], batch_first=True).double()
    weights = {"weight_ih_l0": W_xh, "weight_hh_l0": W_hh, "bias_ih_l0": b, "bias_hh_l0": 0 * b}
    state = [part[None] for part in state]
    h, last = torch.func.functional_call(net, weights, (x, state[0] if kind == "RNN" else tuple(state)))
    h.backward(torch.tensor(dh))
    return h, last, [leaf.grad for leaf in leaves]


@given(sizes)
def test_the_plain_layer_and_its_gradients_are_torchs(backend, case):
    given_arrays, dh = arrays(case, 1)
    h, _, gradients = oracle("RNN", case, given_arrays, dh)
    ours = [backend.array(array) for array in given_arrays]
    backend.check(r.rnn_forward(*ours), h, rtol=10 * backend.rtol)
    for got, expected in zip(r.rnn_backward(backend.array(dh), *ours), gradients, strict=True):
        backend.check(got, expected, rtol=10 * backend.rtol)


@given(sizes)
def test_the_lstm_and_its_gradients_are_torchs(backend, case):
    given_arrays, dh = arrays(case, 4)
    h, (h_last, c_last), gradients = oracle("LSTM", case, given_arrays, dh)
    ours = [backend.array(array) for array in given_arrays]
    states, (last, cell) = r.lstm_forward(*ours)
    backend.check(states, h, rtol=10 * backend.rtol)
    backend.check(last, h_last[0], rtol=10 * backend.rtol)
    backend.check(cell, c_last[0], rtol=10 * backend.rtol)
    for got, expected in zip(r.lstm_backward(backend.array(dh), *ours), gradients, strict=True):
        backend.check(got, expected, rtol=10 * backend.rtol)


@pytest.mark.parametrize(
    ("gates", "forward", "backward"),
    [(1, r.rnn_forward, r.rnn_backward), (4, lambda *a: r.lstm_forward(*a)[0], r.lstm_backward)],
)
def test_gradients_through_time_are_those_of_differences(gates, forward, backward):
    given_arrays, dh = arrays((3, 2, 4, 3, 2), gates)
    for number, got in enumerate(backward(dh, *given_arrays)):

        def loss(changed, number=number):
            return (forward(*given_arrays[:number], changed, *given_arrays[number + 1 :]) * dh).sum()

        np.testing.assert_allclose(got, numerical_gradient(loss, given_arrays[number]), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(("cell", "kind"), [(r.RNN, torch.nn.RNN), (r.LSTM, torch.nn.LSTM)])
@pytest.mark.parametrize("layers", [1, 3])
def test_stacks_are_torchs_and_go_on_where_they_stopped(cell, kind, layers):
    torch.manual_seed(0)
    ours, theirs = cell(3, 5, layers), kind(3, 5, layers, batch_first=True)
    with torch.no_grad():
        for layer in range(layers):
            getattr(theirs, f"weight_ih_l{layer}").copy_(ours.W_xh[layer])
            getattr(theirs, f"weight_hh_l{layer}").copy_(ours.W_hh[layer])
            getattr(theirs, f"bias_ih_l{layer}").copy_(ours.b[layer])
            getattr(theirs, f"bias_hh_l{layer}").zero_()
    x = torch.randn(2, 7, 3)
    h, _ = ours(x)
    torch.testing.assert_close(h, theirs(x)[0])
    first, state = ours(x[:, :4])
    second, _ = ours(x[:, 4:], state)
    torch.testing.assert_close(torch.cat([first, second], dim=1), h)
    h.sum().backward()
    assert all(parameter.grad is not None for parameter in ours.parameters())


@given(seeds, st.floats(0.1, 10))
def test_clipping_is_torchs(backend, seed, max_norm):
    rng = np.random.default_rng(seed)
    gradients = [rng.normal(size=s) for s in [(3,), (2, 4), (1,)]]
    leaves = [torch.zeros(g.shape, dtype=torch.float64, requires_grad=True) for g in gradients]
    for leaf, gradient in zip(leaves, gradients, strict=True):
        leaf.grad = torch.tensor(gradient)
    norm = torch.nn.utils.clip_grad_norm_(leaves, max_norm)
    ours, before = r.clip_gradients([backend.array(g) for g in gradients], max_norm)
    assert before == pytest.approx(float(norm), rel=1e-4)
    for got, leaf in zip(ours, leaves, strict=True):
        backend.check(got, leaf.grad, rtol=1e-4)


def test_no_gradient_is_no_trouble():
    ((zero,), norm) = r.clip_gradients([np.zeros(3)], 1.0)
    np.testing.assert_array_equal(zero, 0)
    assert norm == 0


def test_norms_of_powers_are_scipys_and_follow_the_largest_eigenvalue(backend):
    W = np.random.default_rng(1).normal(size=(6, 6)) / 2
    expected = [np.linalg.norm(np.linalg.matrix_power(W, t), 2) for t in range(9)]
    backend.check(
        r.gradient_norms(backend.array(W), 8), expected, rtol=1e-3 if backend.dtype == "float32" else 1e-9
    )
    far = r.gradient_norms(W, 400)
    assert (far[400] / far[300]) ** (1 / 100) == pytest.approx(np.abs(np.linalg.eigvals(W)).max(), rel=1e-3)


def model(characters=5):
    torch.manual_seed(1)
    return r.CharacterModel(characters, hidden=8)


def test_the_loss_is_that_of_the_next_character():
    net, tokens = model(), torch.tensor([[0, 3, 1, 4], [2, 2, 0, 1]])
    logits, _ = net(tokens)
    log_p = logits.log_softmax(dim=2)
    expected = -np.mean([log_p[i, t, tokens[i, t + 1]].item() for i in range(2) for t in range(3)])
    assert net.loss(tokens).item() == pytest.approx(expected, rel=1e-5)


class TestSampling:
    def test_the_seed_decides(self):
        first, again, other = (r.sample(model(), [1, 2], 30, seed=seed) for seed in (1, 1, 2))
        np.testing.assert_array_equal(first, again)
        assert not np.array_equal(first, other)
        assert first.dtype == np.int64

    def test_cold_samples_are_the_likeliest_and_warm_ones_follow_the_probabilities(self):
        net = model()
        with torch.no_grad():
            p = net(torch.tensor([[1, 2]]))[0][0, -1].softmax(dim=0).numpy()
        assert r.sample(net, [1, 2], 1, temperature=1e-6)[0] == p.argmax()
        counts = (
            np.bincount([r.sample(net, [1, 2], 1, seed=seed)[0] for seed in range(600)], minlength=5) / 600
        )
        np.testing.assert_allclose(counts, p, atol=0.07)

    def test_it_remembers_all_that_came_before(self):
        net = model()
        drawn = r.sample(net, [3], 6, temperature=1e-6)
        text = [3]
        for _ in range(6):
            with torch.no_grad():
                text.append(int(net(torch.tensor([text]))[0][0, -1].argmax()))
        np.testing.assert_array_equal(drawn, text[1:])


def chain(seed, tokens):
    """Log probabilities that depend on the last token and the length."""
    rng = np.random.default_rng(seed)
    table = np.log(rng.dirichlet(np.ones(tokens), size=(8, tokens)))
    return lambda sequences: table[sequences.shape[1] - 1, sequences[:, -1]]


def all_sequences(step, start, length, tokens, end):
    """Every finished sequence and every one of full length, with its log probability."""
    for size in range(1, length + 1):
        for ways in itertools.product(range(tokens), repeat=size):
            ended = end is not None and ways[-1] == end
            if (end is not None and end in ways[:-1]) or (size < length and not ended):
                continue
            score = sum(step(np.array([[*start, *ways[:t]]]))[0, token] for t, token in enumerate(ways))
            yield list(ways), score


@given(seeds, st.integers(2, 4), st.integers(1, 4), st.sampled_from([None, 0]))
def test_a_beam_wide_enough_finds_the_likeliest(seed, tokens, length, end):
    step = chain(seed, tokens)
    everything = sorted(all_sequences(step, [1], length, tokens, end), key=lambda way: -way[1])
    found = r.beam_search(step, [1], width=tokens**length, length=length, end=end)
    assert found[0][0] == everything[0][0]
    np.testing.assert_allclose(
        [score for _, score in found], [score for _, score in everything][: len(found)]
    )


@given(seeds, st.integers(2, 5), st.integers(1, 4))
def test_one_beam_is_greedy(seed, tokens, length):
    step, text = chain(seed, tokens), [1]
    for _ in range(length):
        text.append(int(step(np.array([text]))[0].argmax()))
    ((found, _),) = r.beam_search(step, [1], width=1, length=length)
    assert found == text[1:]


def test_scores_may_be_tensors_and_nothing_may_be_asked_for():
    step = chain(1, 3)
    as_tensor = r.beam_search(lambda s: torch.tensor(step(s)), [0], 2, 3)
    assert [way for way, _ in as_tensor] == [way for way, _ in r.beam_search(step, [0], 2, 3)]
    assert r.beam_search(step, [0], 2, 0) == [([], 0.0)]


X, H, W, V, B = (np.ones(s) for s in [(2, 3, 1), (2, 2), (2, 1), (2, 2), (2,)])
BAD = [
    (lambda: r.rnn_forward(X[0], H, W, V, B), r"x: expected shape \(n, T, d\)"),
    (lambda: r.rnn_forward(X, H[:1], W, V, B), r"h0: expected shape \(2, 2\)"),
    (lambda: r.rnn_forward(X, H, W.T, V, B), r"W_xh: expected shape \(2, 1\)"),
    (lambda: r.rnn_forward(X, H, W, W, B), r"W_hh: expected shape \(2, 2\)"),
    (lambda: r.rnn_forward(X, H, W, V, B[:1]), r"b: expected shape \(2,\)"),
    (lambda: r.rnn_backward(X, X, H, W, V, B), r"dh: expected shape \(2, 3, 2\)"),
    (lambda: r.lstm_forward(X, H, H, W, V, B), r"W_xh: expected shape \(8, 1\)"),
    (lambda: r.lstm_forward(X, H, H[:1], np.ones((8, 1)), np.ones((8, 2)), np.ones(8)), "c0: expected shape"),
    (lambda: r.lstm_backward(X, X, H, H, np.ones((8, 1)), np.ones((8, 2)), np.ones(8)), "dh: expected shape"),
    (lambda: r.clip_gradients([B], 0), "max_norm: expected a number > 0"),
    (lambda: r.clip_gradients([], 1), "gradients: expected at least one"),
    (lambda: r.gradient_norms(W, 3), "W_hh: expected a square matrix"),
    (lambda: r.gradient_norms(V, -1), "steps: expected"),
    (lambda: r.RNN(2, 3, 0), "layers: expected at least 1"),
    (lambda: r.sample(model(), [1], 3, temperature=0), "temperature: expected a number > 0"),
    (lambda: r.sample(model(), [], 3), "start: expected at least one"),
    (lambda: r.sample(model(), [1], -1), "length: expected"),
    (lambda: r.beam_search(chain(1, 2), [0], 0, 1), "width: expected at least 1"),
    (lambda: r.beam_search(chain(1, 2), [], 1, 1), "start: expected at least one"),
    (lambda: r.beam_search(chain(1, 2), [0], 1, -1), "length: expected"),
    (lambda: r.beam_search(lambda s: np.zeros(2), [0], 1, 1), "step: expected|step: "),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
