"""Recurrent networks to train: stacked layers, and a model of text character by character."""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional

from course_utils._arrays import require
from course_utils.recurrent.cells import lstm_forward, rnn_forward

State = list[tuple[torch.Tensor, ...]]


class _Stack(nn.Module):
    """Recurrent layers one upon another: the states of one are the inputs of the next.

    Parameters
    ----------
    inputs, hidden
        Features that come in, and of each layer's state.
    layers
        How many.
    """

    gates = 1

    def __init__(self, inputs: int, hidden: int, layers: int = 1) -> None:
        super().__init__()
        require(layers >= 1, "layers", "at least 1", layers)
        self.hidden, self.layers = hidden, layers
        bound = 1 / math.sqrt(hidden)
        self.W_xh = nn.ParameterList(
            torch.empty(self.gates * hidden, inputs if layer == 0 else hidden).uniform_(-bound, bound)
            for layer in range(layers)
        )
        self.W_hh = nn.ParameterList(
            torch.empty(self.gates * hidden, hidden).uniform_(-bound, bound) for _ in range(layers)
        )
        self.b = nn.ParameterList(torch.zeros(self.gates * hidden) for _ in range(layers))

    def start(self, x: torch.Tensor) -> State:
        """Zeros for every layer."""
        return [
            (x.new_zeros(len(x), self.hidden),) * (1 if self.gates == 1 else 2) for _ in range(self.layers)
        ]

    def step(
        self, x: torch.Tensor, state: tuple[torch.Tensor, ...], layer: int
    ) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
        raise NotImplementedError

    def forward(self, x: torch.Tensor, state: State | None = None) -> tuple[torch.Tensor, State]:
        """The top layer's states (n, T, hidden) for inputs (n, T, d), and every layer's last state, to go on from."""
        state = self.start(x) if state is None else state
        after: State = []
        for layer in range(self.layers):
            x, last = self.step(x, state[layer], layer)
            after.append(last)
        return x, after


class RNN(_Stack):
    """Stacked plain recurrent layers, see :func:`course_utils.recurrent.rnn_forward`.

    Parameters
    ----------
    inputs, hidden, layers
        Features that come in, of each state, and how many layers.

    Examples
    --------
    >>> h, state = RNN(3, 5, layers=2)(torch.zeros(4, 7, 3))
    >>> h.shape, len(state)
    (torch.Size([4, 7, 5]), 2)
    """

    def step(
        self, x: torch.Tensor, state: tuple[torch.Tensor, ...], layer: int
    ) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
        """One layer over all times."""
        h = rnn_forward(x, state[0], self.W_xh[layer], self.W_hh[layer], self.b[layer])
        return h, (h[:, -1],)


class LSTM(_Stack):
    """Stacked LSTM layers, see :func:`course_utils.recurrent.lstm_forward`; forget gates start open, with a bias of 1.

    Parameters
    ----------
    inputs, hidden, layers
        As in :class:`RNN`.

    References
    ----------
    Jozefowicz, Zaremba and Sutskever, *An Empirical Exploration of Recurrent Network Architectures* (2015), for the bias.

    Examples
    --------
    >>> h, state = LSTM(3, 5)(torch.zeros(4, 7, 3))
    >>> h.shape, state[0][1].shape
    (torch.Size([4, 7, 5]), torch.Size([4, 5]))
    """

    gates = 4

    def __init__(self, inputs: int, hidden: int, layers: int = 1) -> None:
        super().__init__(inputs, hidden, layers)
        with torch.no_grad():
            for b in self.b:
                b[hidden : 2 * hidden] = 1

    def step(
        self, x: torch.Tensor, state: tuple[torch.Tensor, ...], layer: int
    ) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
        """One layer over all times."""
        h0, c0 = state
        return lstm_forward(x, h0, c0, self.W_xh[layer], self.W_hh[layer], self.b[layer])


class CharacterModel(nn.Module):
    """Says after each character which comes next.

    Parameters
    ----------
    characters
        How many different ones there are.
    hidden, layers
        Of the recurrent layers.
    cell
        :class:`LSTM` or :class:`RNN`.

    References
    ----------
    Graves, *Generating Sequences With Recurrent Neural Networks* (2013).
    """

    def __init__(
        self, characters: int, hidden: int = 128, layers: int = 1, cell: type[RNN] | type[LSTM] = LSTM
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(characters, min(64, characters))
        self.memory = cell(min(64, characters), hidden, layers)
        self.head = nn.Linear(hidden, characters)

    def forward(self, tokens: torch.Tensor, state: State | None = None) -> tuple[torch.Tensor, State]:
        """Logits (n, T, characters) of what follows each of the tokens (n, T), and the state to go on from."""
        h, state = self.memory(self.embedding(tokens), state)
        return self.head(h), state

    def loss(self, tokens: torch.Tensor) -> torch.Tensor:
        """Mean cross-entropy in nats of each next character of tokens (n, T), from those before it in its row.

        exp(loss) is the perplexity, loss / log 2 bits a character.
        """
        logits, _ = self(tokens[:, :-1])
        return functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())
