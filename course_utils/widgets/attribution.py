"""Explorers for notebook 10: what a trained net looks at, wants to see, and falls for."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

import numpy as np
import torch

from course_utils import attribution as looking
from course_utils.data import load_photograph, load_squeezenet, preprocess, restore
from course_utils.widgets.controls import Choice, Slider
from course_utils.widgets.explorer import Explorer
from course_utils.widgets.scene import Panel, Scene, coloured

_PHOTOGRAPHS = ["chelsea", "coffee", "rocket", "astronaut"]
_SIZE = 227


@cache
def _net() -> Any:
    return load_squeezenet()


@cache
def _seen(name: str) -> tuple[torch.Tensor, torch.Tensor]:
    """A photograph as the net wants it, and its probabilities."""
    x = preprocess(load_photograph(name), size=_SIZE)
    with torch.no_grad():
        return x, _net()(x)[0].softmax(dim=0)


def _best(probabilities: torch.Tensor, k: int = 3) -> list[tuple[str, float]]:
    top = probabilities.topk(k)
    return [(_net().class_names[i], float(p)) for p, i in zip(top.values, top.indices.tolist(), strict=True)]


def _picture(title: str, pixels: np.ndarray, describe: str) -> Panel:
    rows, columns = pixels.shape[:2]
    panel = Panel(title, (0, columns), (0, rows), bare=True, width=300, height=318, describe=describe)
    panel.image(pixels, (0, columns), (0, rows), smooth=True)
    return panel


def _opinion(**groups: list[tuple[str, float]]) -> Panel:
    """The likeliest classes of each group, under its heading."""
    rows = sum(len(best) + 1 for best in groups.values())
    told = "; ".join(f"{name} {p:.0%}" for best in groups.values() for name, p in best)
    panel = Panel(
        "what the net sees", (0, 1), (rows, 0), bare=True, width=300, height=30 + 36 * rows, describe=told
    )
    row = 0
    for heading, best in groups.items():
        panel.text([0], [row + 0.6], heading.replace("_", " "), "quiet", anchor="start")
        place = np.arange(len(best)) + row + 1
        panel.bars(np.zeros(len(best)), [p for _, p in best], place + 0.45, place + 0.8, "first", opacity=0.7)
        panel.text(
            np.zeros(len(best)), place + 0.28, [f"{name}, {p:.1%}" for name, p in best], anchor="start"
        )
        row += len(best) + 1
    return panel


@lru_cache(maxsize=16)
def _occluded(name: str, size: int, stride: int) -> np.ndarray:
    x, probabilities = _seen(name)
    return looking.occlusion(_net(), x, int(probabilities.argmax()), size, stride)[0].numpy()


def occlusion_scene(size: int, name: str) -> Scene:
    """How far the score falls for a square of this size at each place."""
    x, probabilities = _seen(name)
    falls = _occluded(name, size, 16)
    pixels = restore(x)
    worst = np.unravel_index(falls.argmax(), falls.shape)
    covered = pixels.copy()
    top, left = 16 * int(worst[0]), 16 * int(worst[1])
    covered[top : top + size, left : left + size] = 124  # the mean colour, for the net's zero
    with torch.no_grad():
        after = _net()(preprocess(covered, size=_SIZE))[0].softmax(dim=0)
    heat = _picture(
        "how far the score falls", coloured(falls), "Where covering a square hurts the score most"
    )
    label, p = _best(probabilities, 1)[0]
    now, q = _best(after, 1)[0]
    says = (
        f"Whole: {label}, {p:.0%}. With the worst {size} × {size} square covered: {now}, {q:.0%}; the score of {label} falls by "
        f"{falls.max():.1f}."
    )
    return Scene([_picture("the worst square", covered, f"The photograph {name}, covered where it hurts most"), heat], says)  # fmt: skip


class OcclusionExplorer(Explorer):
    """Cover a part of a photograph, and see what the net's answer depends on."""

    shows = "Cover a square, and ask again: where the score falls most, there was what the net went by."
    tries = (
        "For the cat, compare a square of 16 with one of 96: what does each tell you, and what does it hide?",
        "Is there a place where covering something raises the score? Why could that be?",
    )
    controls = {
        "size": Slider("side of the square (pixels)", 16, 112, 48, step=16, say="{:d}"),
        "name": Choice("photograph", _PHOTOGRAPHS, "chelsea"),
    }
    scene = staticmethod(occlusion_scene)


_RULES: dict[str, Callable[..., torch.Tensor]] = {
    "saliency": looking.saliency,
    "gradient × input": looking.gradient_times_input,
    "deconv": looking.deconv,
    "guided backprop": looking.guided_backprop,
    "layer-wise relevance": looking.layerwise_relevance,
}
_RANKS = ["the likeliest class", "the second", "the third"]


def saliency_scene(rule: str, name: str, rank: str, contrast: float) -> Scene:
    """What each pixel does to a class's score, by one of five rules."""
    x, probabilities = _seen(name)
    target = int(probabilities.topk(3).indices[_RANKS.index(rank)])
    values = _RULES[rule](_net(), x, target)[0].numpy()
    if values.ndim == 3 and rule == "layer-wise relevance":
        values = values.sum(axis=0)
    limit = float(np.quantile(np.abs(values), 1 - 0.1 ** (1 + contrast))) or 1.0
    pixels = (
        coloured(values.clip(-limit, limit), limit)
        if values.ndim == 2
        else (0.5 + 0.5 * values[::-1].transpose(1, 2, 0) / limit)
    )
    label = _net().class_names[target]
    what = {
        "saliency": "How much the score moves when a pixel moves, in either direction.",
        "gradient × input": "What each pixel adds (red) or takes (blue), to first order.",
        "deconv": "At each ReLU only what excites goes back, whether the unit was on or not.",
        "guided backprop": "At each ReLU only what excites goes back, and only through units that were on.",
        "layer-wise relevance": "The score shared out among the pixels, layer by layer.",
    }[rule]
    return Scene(
        [_picture(name, restore(x), f"The photograph {name}"), _picture(f"{rule}: {label}", pixels, f"{rule} for {label}")],
        f"{what} Class: {label}, {float(probabilities[target]):.1%}.",
    )  # fmt: skip


class SaliencyExplorer(Explorer):
    """Five ways to ask what each pixel does to a score."""

    shows = "One backward pass says what each pixel does to the score; the rule at the ReLUs decides how it looks."
    tries = (
        "Compare saliency with guided backprop: which shows more of the picture, which more of the answer?",
        "Change the class: which rules notice, and which draw the same outlines for any class?",
    )
    controls = {
        "rule": Choice("rule", list(_RULES), "guided backprop"),
        "name": Choice("photograph", _PHOTOGRAPHS, "chelsea"),
        "rank": Choice("class", _RANKS, _RANKS[0]),
        "contrast": Slider("contrast", 0.0, 2.0, 1.5, step=0.5, say="{:.1f}"),
    }
    scene = staticmethod(saliency_scene)


_CLASSES = ["flamingo", "espresso", "goldfish", "strawberry", "pizza", "volcano"]


@lru_cache(maxsize=64)
def _imagined(steps: int, label: str, blur: float, decay: float, small: float, contribution: float) -> Any:
    target = _net().class_names.index(label)
    x = looking.class_image(_net(), target, (3, 128, 128), steps=steps, blur=blur, decay=decay, clip_small=small, clip_contribution=contribution)  # fmt: skip
    with torch.no_grad():
        return x[0].numpy(), _net()(x)[0].softmax(dim=0)


def class_image_scene(
    steps: int, label: str, blur: float, decay: float, small: float, contribution: float
) -> Scene:
    """An image that climbs on a class's score."""
    x, probabilities = _imagined(steps, label, blur, decay, small, contribution)
    centred = (x - x.mean()) / (x.std() + 1e-9)
    pixels = (0.5 + centred[::-1].transpose(1, 2, 0) / 6).clip(0, 1)
    p = float(probabilities[_net().class_names.index(label)])
    rough = float(np.abs(np.diff(x, axis=2)).mean() / (np.abs(x).mean() + 1e-9))
    zero = float((np.abs(x).sum(axis=0) == 0).mean())
    says = (
        f"After {steps} steps the net is {p:.0%} sure that this is: {label}. Roughness {rough:.2f}"
        + (f"; {zero:.0%} of the pixels are zero" if zero > 0.01 else "")
        + "."
    )
    return Scene(
        [
            _picture(f"“{label}”", pixels, f"An image made to please the class {label}"),
            _opinion(in_this_image=_best(probabilities, 5)),
        ],
        says,
    )


class ClassImageExplorer(Explorer):
    """An image made to please one class, with the regularisers on sliders."""

    shows = "Start from nothing and climb on the class's score: the regularisers decide whether you see noise or a thing."
    tries = (
        "Set blur and decay to 0: the net is just as sure. What do you see?",
        "With blur at 1, clip more and more of the small pixels: what is left of the thing?",
    )
    controls = {
        "steps": Slider("steps", 4, 80, 48, step=4, say="{:d}", play=True, pause=30),
        "label": Choice("class", _CLASSES, "flamingo"),
        "blur": Slider("blur (pixels)", 0.0, 2.0, 1.0, step=0.25, say="{:.2f}"),
        "decay": Slider("decay", 0.0, 0.1, 0.01, step=0.01, say="{:.2f}"),
        "small": Slider("clip small pixels (share)", 0.0, 0.8, 0.0, step=0.1, say="{:.1f}"),
        "contribution": Slider("clip small contributions (share)", 0.0, 0.8, 0.0, step=0.1, say="{:.1f}"),
    }
    scene = staticmethod(class_image_scene)


_LAYERS = {"edges (layer 3)": 3, "textures (layer 6)": 6, "parts (layer 9)": 9, "things (layer 13)": 13}


@lru_cache(maxsize=64)
def _dreamt(steps: int, layer: str, name: str, octaves: int) -> np.ndarray:
    x = preprocess(load_photograph(name), size=160)
    features = _net().features[: _LAYERS[layer]]
    if steps:
        x = looking.deep_dream(
            features, x, steps=steps, octaves=octaves, low=-124.0, high=152.0, learning_rate=2.5
        )
    return np.asarray(restore(x))


def deep_dream_scene(steps: int, layer: str, name: str, octaves: int) -> Scene:
    """A photograph in which a layer's features have grown."""
    pixels = _dreamt(steps, layer, name, octaves)
    before = _dreamt(0, layer, name, octaves)
    change = np.abs(pixels.astype(float) - before).mean()
    return Scene(
        [_picture("before", before, f"The photograph {name}"), _picture(f"after {steps} steps in each octave", pixels, "The same, dreamt")],
        f"What {layer} saw has grown; on average a pixel has changed by {change:.0f} of 255 levels.",
    )  # fmt: skip


class DeepDreamExplorer(Explorer):
    """A photograph that shows more and more of what a layer sees in it."""

    shows = "Whatever a layer sees, make more of it: climb on the sum of its squared activations."
    tries = (
        "Compare the four layers on the cat: which of them draws strokes, which eyes?",
        "Set octaves to 1, then to 4: small structures only, or large ones too?",
    )
    controls = {
        "steps": Slider("steps in each octave", 0, 24, 12, step=2, say="{:d}", play=True, pause=30),
        "layer": Choice("features", list(_LAYERS), "parts (layer 9)"),
        "name": Choice("photograph", _PHOTOGRAPHS, "chelsea"),
        "octaves": Slider("octaves", 1, 4, 3, say="{:d}"),
    }
    scene = staticmethod(deep_dream_scene)


@cache
def _sign(name: str) -> torch.Tensor:
    x, probabilities = _seen(name)
    return looking.fgsm(_net(), x, int(probabilities.argmax()), eps=1.0) - x


def adversarial_scene(eps: float, name: str) -> Scene:
    """A photograph, the sign of its gradient, and what the net says about their sum."""
    x, before = _seen(name)
    sign = _sign(name)
    with torch.no_grad():
        after = _net()(x + eps * sign)[0].softmax(dim=0)
    label, p = _best(before, 1)[0]
    now, q = _best(after, 1)[0]
    change = 0.5 + 0.5 * sign[0].flip(0).permute(1, 2, 0).numpy()
    verdict = (
        f"{now}, {q:.0%}: deceived, by a change that nobody sees."
        if now != label and eps <= 2
        else f"{now}, {q:.0%}."
    )
    return Scene(
        [
            _picture("photograph + ε · sign", restore(x + eps * sign), f"The photograph {name}, changed by at most {eps:g} levels"),
            _picture("the sign of the gradient", change, "Each pixel's direction, up or down, in each colour"),
            _opinion(before=_best(before), after=_best(after)),
        ],
        f"Before: {label}, {p:.0%}. After a change of at most {eps:g} of 255 levels: {verdict}",
    )  # fmt: skip


class AdversarialExplorer(Explorer):
    """The fast gradient sign, with ε on a slider."""

    shows = (
        "Every pixel moves by the same tiny ε, each in the direction that hurts; 150,000 tiny pushes add up."
    )
    tries = (
        "For each photograph find the smallest ε that changes the answer. Can you see the difference?",
        "Raise ε further: does the net get more and more wrong, or does it come back?",
    )
    controls = {
        "eps": Slider("ε (levels of 255)", 0.0, 8.0, 1.0, step=0.25, say="{:.2f}"),
        "name": Choice("photograph", _PHOTOGRAPHS, "chelsea"),
    }
    scene = staticmethod(adversarial_scene)
