"""Train the two small nets that are shipped: ``python -m course_utils.data.train`` (about five minutes on two cores)."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from course_utils.captioning import CaptionModel, Words
from course_utils.data.images import FILES
from course_utils.data.scenes import make_scenes
from course_utils.data.text import Vocabulary, load_austen
from course_utils.recurrent import CharacterModel
from course_utils.training import fit


def save(net: nn.Module, name: str, **more: np.ndarray) -> None:
    """Weights in half precision: what rounding changes is far below what training leaves open."""
    weights = {key: value.cpu().numpy() for key, value in net.state_dict().items()}
    halved = {
        key: value.astype(np.float16) if value.dtype == np.float32 else value
        for key, value in weights.items()
    }
    np.savez_compressed(FILES / name, **halved, **more)  # type: ignore[arg-type]


def train_captions() -> None:
    """A caption model for scenes of two things."""
    scenes = make_scenes(8000, least=2, most=2, seed=1)
    words = Words(scenes.captions)
    torch.manual_seed(0)
    net = CaptionModel(len(words), channels=48)
    fit(
        net,
        lambda net, x, tokens: net.loss(x, tokens),
        (torch.tensor(scenes.images), words.encode(scenes.captions)),
        epochs=10,
        batch_size=32,
        learning_rate=2.5e-3,
        one_cycle=True,
        max_norm=1.0,
    )
    save(net, "captions.npz", words=np.array(words.words[1:]))


def train_characters() -> None:
    """A character model of Austen."""
    text = load_austen()
    vocabulary = Vocabulary(text)
    tokens = torch.tensor(vocabulary.encode(text))
    rows = tokens[: len(tokens) // 101 * 101].reshape(-1, 101)
    torch.manual_seed(0)
    net = CharacterModel(len(vocabulary), hidden=128)
    fit(
        net,
        lambda net, rows: net.loss(rows),
        (rows,),
        epochs=12,
        batch_size=32,
        learning_rate=1e-2,
        one_cycle=True,
        max_norm=1.0,
    )
    save(net, "characters.npz")


if __name__ == "__main__":
    train_captions()
    train_characters()
