"""What gates are for: an LSTM beside a plain recurrent layer of the same size."""

import math
import time

import pytest
import torch
from torch import nn

from course_utils import data
from course_utils.recurrent import LSTM, RNN, CharacterModel
from course_utils.training import fit


class Adder(nn.Module):
    """Reads a sequence, then says a number."""

    def __init__(self, layer):
        super().__init__()
        self.layer, self.head = layer, nn.Linear(layer.hidden, 1)

    def loss(self, x, y):
        return nn.functional.mse_loss(self.head(self.layer(x)[0][:, -1])[:, 0], y)


def trained(net, train, **options):
    start = time.perf_counter()
    fit(
        net,
        lambda net, *batch: net.loss(*batch),
        train,
        one_cycle=True,
        max_norm=1.0,
        device="cpu",
        progress=False,
        **options,
    )
    return time.perf_counter() - start


@pytest.mark.slow
def test_only_an_lstm_remembers_two_numbers_for_fifty_steps():
    train = [torch.tensor(part) for part in data.make_adding_problem(8000, 50, seed=1)]
    x, y = (torch.tensor(part) for part in data.make_adding_problem(1000, 50, seed=2))
    errors = {}
    for cell in (RNN, LSTM):
        torch.manual_seed(0)
        net = Adder(cell(2, 48))
        seconds = trained(net, train, epochs=12, batch_size=64, learning_rate=1e-2)
        with torch.no_grad():
            errors[cell] = float(net.loss(x, y))
        print(f"adding, {cell.__name__}: squared error {errors[cell]:.4f} after {seconds:.0f} s")
    assert errors[LSTM] < 0.01
    assert errors[RNN] > 0.1  # always to say 1 gives 1/6


@pytest.mark.slow
def test_an_lstm_is_less_surprised_by_austen_than_an_rnn():
    text = data.load_austen()
    vocabulary = data.Vocabulary(text)
    tokens, length = torch.tensor(vocabulary.encode(text)), 65
    rows = tokens[: len(tokens) // length * length].reshape(-1, length)
    train, held_out = rows[: len(rows) * 9 // 10], rows[len(rows) * 9 // 10 :]
    perplexity = {}
    for cell, learning_rate in ((RNN, 1e-2), (LSTM, 3e-2)):  # for each the best of seven rates
        torch.manual_seed(0)
        net = CharacterModel(len(vocabulary), hidden=192, cell=cell)
        seconds = trained(net, [train], epochs=6, batch_size=32, learning_rate=learning_rate)
        with torch.no_grad():
            perplexity[cell] = math.exp(net.loss(held_out))
        print(f"Austen, {cell.__name__}: perplexity {perplexity[cell]:.2f} after {seconds:.0f} s")
    assert perplexity[LSTM] < perplexity[RNN] < 5
