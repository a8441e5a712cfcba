"""Sentences about pictures: attention over the places of a feature map, and a model that looks where each word asks."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from course_utils._arrays import Array, as_arrays, require
from course_utils.classification import softmax
from course_utils.recurrent import LSTM, beam_search

__all__ = ["CaptionModel", "Words", "attend"]


def attend(query: Array, keys: Array, values: Array) -> tuple[Array, Array]:
    """Scaled dot-product attention: ``softmax(q Kᵀ / √d) V``, a mean of values weighted by how well their keys answer.

    Parameters
    ----------
    query
        What is asked (…, m, d): m questions.
    keys
        What each place offers (…, n, d).
    values
        What each place says (…, n, k).

    Returns
    -------
    context, weights
        Answers (…, m, k), and how much each place counts (…, m, n): rows that sum to 1.

    References
    ----------
    Vaswani and others, *Attention Is All You Need* (2017), equation 1.

    Examples
    --------
    >>> context, weights = attend([[0.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]], [[2.0], [4.0]])
    >>> context, weights
    (array([[3.]]), array([[0.5, 0.5]]))
    """
    xp, (query, keys, values) = as_arrays(query=query, keys=keys, values=values)
    require(query.ndim >= 2, "query", "shape (…, m, d)", f"shape {tuple(query.shape)}")
    fits = keys.ndim >= 2 and keys.shape[-1] == query.shape[-1]
    require(fits, "keys", f"shape (…, n, {query.shape[-1]})", f"shape {tuple(keys.shape)}")
    fits = values.ndim >= 2 and values.shape[-2] == keys.shape[-2]
    require(fits, "values", f"shape (…, {keys.shape[-2]}, k)", f"shape {tuple(values.shape)}")
    weights = softmax(query @ xp.matrix_transpose(keys) / math.sqrt(query.shape[-1]))
    return weights @ values, weights


class Words:
    """The words of captions, numbered; 0 stands before the first word and after the last.

    Parameters
    ----------
    captions
        Every word that will be needed must be in one of them.

    Examples
    --------
    >>> words = Words(["a red circle", "a square"])
    >>> words.encode(["a square"], length=4)
    tensor([[0, 1, 4, 0]])
    >>> words.decode([1, 3, 2, 0])
    'a red circle'
    """

    def __init__(self, captions: Sequence[str]) -> None:
        require(len(captions) > 0, "captions", "at least one", "none")
        self.words = ("", *sorted({word for caption in captions for word in caption.split()}))
        self._numbers = {word: number for number, word in enumerate(self.words)}

    def __len__(self) -> int:
        return len(self.words)

    def encode(self, captions: Sequence[str], length: int | None = None) -> torch.Tensor:
        """Numbers (n, length) int64: 0, the words, and 0 until the end; as long as the longest by default."""
        split = [caption.split() for caption in captions]
        unknown = next((word for words in split for word in words if word not in self._numbers), None)
        require(unknown is None, "captions", "known words", repr(unknown))
        longest = max(map(len, split)) + 2
        length = longest if length is None else length
        require(length >= longest, "length", f"at least {longest}", length)
        tokens = torch.zeros(len(split), length, dtype=torch.long)
        for row, words in enumerate(split):
            tokens[row, 1 : len(words) + 1] = torch.tensor([self._numbers[word] for word in words])
        return tokens

    def decode(self, numbers: Sequence[int] | np.ndarray) -> str:
        """The words up to the first 0."""
        kept = []
        for number in numbers:
            if number == 0:
                break
            kept.append(self.words[int(number)])
        return " ".join(kept)


class CaptionModel(nn.Module):
    """An encoder that keeps places apart, and a decoder that looks at some of them before each word.

    Four convolutions make a map of features; to each place its coordinates are added, so that "left of" can be
    told. Before each word the LSTM's state asks a question, :func:`attend` answers it from the map, and word and answer
    together decide the next word.

    Parameters
    ----------
    words
        How many words there are, the end included.
    size
        Pixels a side of the pictures, a multiple of 8.
    channels
        Of the feature map.
    hidden
        Of the LSTM.

    References
    ----------
    Xu and others, *Show, Attend and Tell* (2015).
    """

    def __init__(self, words: int, size: int = 64, channels: int = 64, hidden: int = 128) -> None:
        super().__init__()
        require(size % 8 == 0, "size", "a multiple of 8", size)
        self.encoder = nn.Sequential(
            nn.Conv2d(3, channels // 2, 5, stride=2, padding=2, bias=False), nn.BatchNorm2d(channels // 2), nn.ReLU(),
            nn.Conv2d(channels // 2, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels), nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels), nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels), nn.ReLU(),
        )  # fmt: skip
        self.side = size // 8
        self.keys = nn.Linear(channels + 2, hidden)
        self.values = nn.Linear(channels + 2, hidden)
        self.embedding = nn.Embedding(words, hidden)
        self.memory = LSTM(2 * hidden, hidden)
        self.question = nn.Linear(2 * hidden, hidden)
        self.head = nn.Sequential(nn.Linear(3 * hidden, hidden), nn.ReLU(), nn.Linear(hidden, words))

    def look(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Keys and values (n, places, hidden) of images (n, 3, size, size)."""
        features = self.encoder(images).flatten(2).transpose(1, 2)  # (n, places, channels)
        steps = torch.linspace(-1, 1, self.side, device=images.device)
        places = torch.stack(torch.meshgrid(steps, steps, indexing="xy"), dim=-1).reshape(1, -1, 2)
        features = torch.cat([features, places.expand(len(features), -1, -1)], dim=2)
        return self.keys(features), self.values(features)

    def forward(self, images: torch.Tensor, tokens: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits (n, T, words) of what follows each of the tokens (n, T), and where it looked (n, T, side, side).

        The question before a word comes from the words so far, all of which are known in training: all steps are
        answered at once.
        """
        keys, values = self.look(images)
        return self._say(keys, values, tokens)

    def _say(
        self, keys: torch.Tensor, values: torch.Tensor, tokens: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        words = self.embedding(tokens)
        picture = values.mean(dim=1, keepdim=True).expand(-1, tokens.shape[1], -1)
        h, _ = self.memory(torch.cat([words, picture], dim=2))
        context, weights = attend(self.question(torch.cat([h, words], dim=2)), keys, values)
        logits = self.head(torch.cat([h, context, words], dim=2))
        return logits, weights.unflatten(2, (self.side, self.side))

    def loss(self, images: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        """Mean cross-entropy of each next word of tokens (n, T), the first end included, what follows it not."""
        logits, _ = self(images, tokens[:, :-1])
        targets = tokens[:, 1:].clone()
        after_end = (targets == 0).cumsum(dim=1) > 1
        targets[after_end] = -100
        return functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=-100)

    def describe(self, images: torch.Tensor, length: int = 12) -> tuple[torch.Tensor, torch.Tensor]:
        """The likeliest word after each word, for images (n, 3, size, size).

        Returns
        -------
        tokens, weights
            (n, length) int64, zeros after the end; and where it looked before each (n, length, side, side).
        """
        with torch.no_grad():
            keys, values = self.look(images)
            tokens = torch.zeros(len(images), 1, dtype=torch.long, device=images.device)
            for _ in range(length):
                logits, weights = self._say(keys, values, tokens)
                following = logits[:, -1].argmax(dim=1)
                ended = (tokens[:, 1:] == 0).any(dim=1)
                tokens = torch.cat([tokens, following.masked_fill(ended, 0)[:, None]], dim=1)
        return tokens[:, 1:], weights

    def describe_with_beams(
        self, image: torch.Tensor, width: int = 3, length: int = 12
    ) -> list[tuple[list[int], float]]:
        """The likeliest captions of one image (3, size, size) with their log probabilities, see :func:`beam_search`."""
        with torch.no_grad():
            keys, values = self.look(image[None])

            def step(sequences: np.ndarray) -> torch.Tensor:
                tokens = torch.as_tensor(sequences, device=image.device)
                several = (len(tokens), -1, -1)
                logits, _ = self._say(keys.expand(several), values.expand(several), tokens)
                return logits[:, -1].log_softmax(dim=1)

            return beam_search(step, [0], width, length, end=0)
