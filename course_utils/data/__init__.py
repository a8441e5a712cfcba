"""Data sets, generators and a pretrained net, all here: nothing is downloaded.

Each has a card in :data:`CARDS`; ``files/NOTICE.md`` has the licences. What is split is split before anything is learnt from
it, and the training part alone decides what standardises both.
"""

from typing import Any

from course_utils.data.cards import CARDS, Card
from course_utils.data.images import Images, load_digits, load_fashion, load_mnist, make_zip_codes
from course_utils.data.photographs import PHOTOGRAPHS, load_photograph
from course_utils.data.scenes import Scenes, Thing, caption, draw_scenes, make_scenes
from course_utils.data.sequences import make_adding_problem
from course_utils.data.tables import Split, load_breast_cancer_split, load_diabetes_split
from course_utils.data.text import Vocabulary, load_austen, make_dates

_NEED_TORCH = {
    "load_squeezenet": "squeezenet",
    "preprocess": "squeezenet",
    "restore": "squeezenet",
    "load_caption_model": "pretrained",
    "load_character_model": "pretrained",
}

__all__ = [
    "CARDS",
    "PHOTOGRAPHS",
    "Card",
    "Images",
    "Scenes",
    "Split",
    "Thing",
    "Vocabulary",
    "caption",
    "draw_scenes",
    "load_austen",
    "load_breast_cancer_split",
    "load_caption_model",
    "load_character_model",
    "load_diabetes_split",
    "load_digits",
    "load_fashion",
    "load_mnist",
    "load_photograph",
    "load_squeezenet",
    "make_adding_problem",
    "make_dates",
    "make_scenes",
    "make_zip_codes",
    "preprocess",
    "restore",
]


def __getattr__(name: str) -> Any:
    """Import torch only with the names that need it: a notebook on regression shouldn't wait for it."""
    if name in _NEED_TORCH:
        from importlib import import_module

        return getattr(import_module(f"course_utils.data.{_NEED_TORCH[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
