"""Making sequences: by chance, and by looking for the likeliest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from course_utils._arrays import require
from course_utils.recurrent.models import CharacterModel


def sample(
    model: CharacterModel,
    start: Sequence[int] | np.ndarray,
    length: int,
    temperature: float = 1.0,
    seed: int = 0,
) -> np.ndarray:
    """Go on from ``start``, each time drawing the next character from ``softmax(logits / temperature)``.

    Parameters
    ----------
    model
        A model of characters.
    start
        Numbers of at least one character.
    length
        How many to add.
    temperature
        Near 0 always the likeliest; 1 as the model believes; above 1 bolder.
    seed
        Decides the draws.

    Returns
    -------
    array
        (length,) int64.

    Raises
    ------
    ValueError
        If the temperature isn't above 0, or nothing to start from is given.
    """
    require(temperature > 0, "temperature", "a number > 0", temperature)
    require(len(start) > 0, "start", "at least one character", "none")
    require(length >= 0, "length", "a number ≥ 0", length)
    device = next(model.parameters()).device
    generator = torch.Generator().manual_seed(seed)
    tokens = torch.as_tensor(np.asarray(start), device=device)[None]
    state, drawn = None, []
    with torch.no_grad():
        for _ in range(length):
            logits, state = model(tokens, state)
            probabilities = (logits[0, -1] / temperature).softmax(dim=0).cpu()
            drawn.append(int(torch.multinomial(probabilities, 1, generator=generator)))
            tokens = torch.tensor([[drawn[-1]]], device=device)
    return np.array(drawn, dtype=np.int64)


def beam_search(
    step: Callable[[np.ndarray], Any],
    start: Sequence[int],
    width: int,
    length: int,
    end: int | None = None,
) -> list[tuple[list[int], float]]:
    """Likely sequences: of all ways to go on from the ``width`` best so far, keep the ``width`` best.

    ``width = 1`` is greedy. With as many beams as there are sequences it finds the likeliest for certain.

    Parameters
    ----------
    step
        Takes sequences (b, t) int64, all of one length, and returns the log probability of each next token (b, tokens).
    start
        What all begin with.
    width
        Beams to keep.
    length
        Tokens to add at the most.
    end
        A token after which a sequence is finished; it keeps its place among the best while others go on.

    Returns
    -------
    list of (sequence, log probability)
        Without ``start``, the likeliest first, at most ``width``.

    References
    ----------
    Sutskever, Vinyals and Le, *Sequence to Sequence Learning with Neural Networks* (2014), section 3.2.

    Examples
    --------
    >>> table = np.log([[0.4, 0.6], [0.5, 0.5], [0.9, 0.1]])  # 0.4 · 0.9 beats 0.6 · 0.5
    >>> step = lambda sequences: table[[0 if len(s) == 1 else 2 - s[-1] for s in sequences.tolist()]]
    >>> [tokens for tokens, _ in beam_search(step, [0], width=1, length=2)]
    [[1, 0]]
    >>> [tokens for tokens, _ in beam_search(step, [0], width=2, length=2)][0]
    [0, 0]
    """
    require(width >= 1, "width", "at least 1", width)
    require(length >= 0, "length", "a number ≥ 0", length)
    require(len(start) > 0, "start", "at least one token", "none")
    open_: list[tuple[list[int], float]] = [([], 0.0)]
    finished: list[tuple[list[int], float]] = []
    for _ in range(length):
        sequences = np.array([[*start, *tokens] for tokens, _ in open_], dtype=np.int64)
        scores = _to_numpy(step(sequences))
        require(
            scores.ndim == 2 and len(scores) == len(open_),
            "step",
            f"shape ({len(open_)}, tokens)",
            f"shape {scores.shape}",
        )
        totals = scores + np.array([[score] for _, score in open_])
        best = np.argsort(-totals, axis=None, kind="stable")[: 2 * width]
        ways = [
            (open_[row][0] + [token], float(totals[row, token]))
            for row, token in (divmod(int(i), scores.shape[1]) for i in best)
        ]
        finished += [way for way in ways if way[0][-1] == end]
        open_ = [way for way in ways if way[0][-1] != end][:width]
        finished = sorted(finished, key=lambda way: -way[1])[:width]
        # Log probabilities only fall: an open one that is behind now stays behind.
        if len(finished) == width and (not open_ or open_[0][1] <= finished[-1][1]):
            return finished
    return sorted(finished + open_, key=lambda way: -way[1])[:width]


def _to_numpy(scores: Any) -> np.ndarray:
    return scores.detach().cpu().numpy() if isinstance(scores, torch.Tensor) else np.asarray(scores)
