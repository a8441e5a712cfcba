"""Two small nets, trained by :mod:`course_utils.data.train` and shipped: one that describes scenes, one that writes like Austen."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import torch
from torch import nn

from course_utils.captioning import CaptionModel, Words
from course_utils.data.images import FILES
from course_utils.data.text import Vocabulary, load_austen
from course_utils.recurrent import CharacterModel


def load_caption_model() -> tuple[CaptionModel, Words]:
    """A net that describes scenes of two things, in evaluation mode, and its words.

    Examples
    --------
    >>> from course_utils.data import make_scenes
    >>> net, words = load_caption_model()
    >>> scenes = make_scenes(1, least=2, most=2, seed=5)
    >>> tokens, _ = net.describe(torch.tensor(scenes.images))
    >>> words.decode(tokens[0].tolist()) == scenes.captions[0]
    True
    """
    weights = dict(_arrays("captions.npz"))
    words = Words(weights.pop("words").tolist())
    return _filled(CaptionModel(len(words), channels=48), weights), words


def load_character_model() -> tuple[CharacterModel, Vocabulary]:
    """A net that has read *Pride and Prejudice* character by character, in evaluation mode, and its characters.

    Examples
    --------
    >>> net, vocabulary = load_character_model()
    >>> logits, _ = net(torch.tensor(vocabulary.encode("Mr. Darc"))[None])
    >>> vocabulary.decode(logits[0, -1:].argmax(dim=1).numpy())
    'y'
    """
    vocabulary = Vocabulary(load_austen())
    return _filled(CharacterModel(len(vocabulary), hidden=128), _arrays("characters.npz")), vocabulary


@cache
def _arrays(name: str) -> dict[str, np.ndarray]:
    with np.load(FILES / name, allow_pickle=False) as arrays:
        return dict(arrays)


def _filled(net: Any, weights: dict[str, np.ndarray]) -> Any:
    state: dict[str, torch.Tensor] = {name: torch.as_tensor(array) for name, array in weights.items()}
    assert isinstance(net, nn.Module)
    net.load_state_dict(
        {name: value.float() if value.is_floating_point() else value for name, value in state.items()}
    )
    return net.eval()
