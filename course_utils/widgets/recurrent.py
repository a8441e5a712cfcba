"""Explorers for notebook 09: an unrolled net, gradients through time, gates, beams, attention."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any

import numpy as np

from course_utils.recurrent import beam_search, gradient_norms
from course_utils.widgets.controls import Again, Choice, Slider, Toggle
from course_utils.widgets.explorer import Explorer
from course_utils.widgets.scene import Panel, Scene, coloured

_INPUTS = np.array([1.0, 0.0, 0.0, -0.5, 0.0, 0.0, 0.0, 0.0])


def unrolled_scene(step: int, w_hh: float, w_xh: float) -> Scene:
    """One unit with a memory, drawn once for each time, forwards and then backwards."""
    T = len(_INPUTS)
    h = [0.0]
    for x in _INPUTS:
        h.append(float(np.tanh(w_hh * h[-1] + w_xh * x)))
    gradient = [0.0] * T  # of L = h_T with respect to each sum
    back = 1.0
    for t in range(T, 0, -1):
        gradient[t - 1] = back * (1 - h[t] ** 2)
        back = gradient[t - 1] * w_hh
    forwards, returned = min(step, T), max(0, step - T)
    panel = Panel("the same unit, eight times", (-0.1, T + 0.4), (-0.2, 3.1), bare=True, width=680, height=220,
                  describe="The unit at each time, with input, state and gradient")  # fmt: skip
    where = np.arange(T) + 0.5
    panel.text(where, np.full(T, 0.05), [f"x = {x:g}".replace("-", "−") for x in _INPUTS], "quiet")
    panel.segments(where, np.full(T, 0.3), where, np.full(T, 1.02), "quiet", arrow=True)
    panel.bars(where - 0.33, where + 0.33, np.full(T, 1.05), np.full(T, 1.85), "ink", fill=False, width=1)
    panel.segments(where[:-1] + 0.33, np.full(T - 1, 1.45), where[1:] - 0.36, np.full(T - 1, 1.45), "ink", arrow=True)  # fmt: skip
    done = slice(0, forwards)
    panel.text(where[done], np.full(forwards, 1.45), [f"{value:.3f}".replace("-", "−") for value in h[1 : forwards + 1]], "first", bold=True)  # fmt: skip
    if returned:
        late = slice(T - returned, T)
        panel.text(where[late], np.full(returned, 2.75), [f"{value:.3f}".replace("-", "−") for value in gradient[late]], "second", bold=True)  # fmt: skip
        panel.segments(where[late] + 0.3, np.full(returned, 2.4), where[late] - 0.3, np.full(returned, 2.4), "second", dash="4 2", arrow=True)  # fmt: skip
    bars = Panel("what the last state remembers", (0.5, T + 0.5), (-0.2, 1.2), "time of the input", "∂h₈ / ∂sum", width=680, height=190,
                 describe="The gradient of the last state with respect to each time's sum")  # fmt: skip
    times = np.arange(1, T + 1)
    seen = times > T - returned
    bars.bars(times[seen] - 0.35, times[seen] + 0.35, np.zeros(returned), np.array(gradient)[seen].clip(-0.2, 1.2), "second", opacity=0.8)  # fmt: skip
    told = (
        "The state begins at 0." if step == 0
        else f"Forwards, time {step}: h = tanh({w_hh:g} · {h[step - 1]:.3f} + {w_xh:g} · {_INPUTS[step - 1]:g}) = {h[step]:.3f}." if step <= T
        else f"Backwards, time {T - returned + 1}: the gradient is {gradient[T - returned]:.3g}; every step multiplies it with w_hh · (1 − h²)."
    ).replace("-", "−")  # fmt: skip
    return Scene([panel, bars], told)


class UnrolledExplorer(Explorer):
    """A recurrent unit through eight steps, forwards and back."""

    shows = "The same function with the same two weights at every time; going back through it multiplies the gradient by w_hh each time."
    tries = (
        "Play it through with w_hh = 0.6, then with 1: how much of the first input is left in the last state?",
        "Set w_hh to −1: what happens to the signs?",
    )
    controls = {
        "step": Slider("step", 0, 16, 16, say="{:d}", play=True, pause=500),
        "w_hh": Slider("w_hh", -1.5, 1.5, 0.8, step=0.1, say="{:.1f}"),
        "w_xh": Slider("w_xh", -2, 2, 1.0, step=0.25, say="{:.2f}"),
    }
    scene = staticmethod(unrolled_scene)


_STEPS, _UNITS = 60, 24


@lru_cache(maxsize=128)
def _through_time(radius: float, squash: bool) -> tuple[np.ndarray, np.ndarray]:
    """Norms of a gradient that goes back through 60 steps, and the eigenvalues of W_hh."""
    rng = np.random.default_rng(1)
    W = rng.normal(size=(_UNITS, _UNITS))
    W = radius * W / np.abs(np.linalg.eigvals(W)).max()
    if not squash:
        return np.asarray(gradient_norms(W, _STEPS)), np.linalg.eigvals(W)
    h, slopes = np.zeros(_UNITS), []
    for _ in range(_STEPS):
        h = np.tanh(W @ h + 0.5 * rng.normal(size=_UNITS))
        slopes.append(1 - h**2)
    product, norms = np.eye(_UNITS), [1.0]
    for slope in reversed(slopes):
        product = product @ (slope[:, None] * W)
        norms.append(float(np.linalg.norm(product, 2)))
    return np.array(norms), np.linalg.eigvals(W)


def through_time_scene(radius: float, squash: bool, clip: bool) -> Scene:
    """Eigenvalues in the plane, and the size of the gradient so many steps back."""
    norms, eigenvalues = _through_time(radius, squash)
    shown = np.minimum(norms, 5.0) if clip else norms
    plane = Panel("eigenvalues of W_hh", (-1.6, 1.6), (-1.6, 1.6), "real", "imaginary", height=310, describe="Eigenvalues and the unit circle")  # fmt: skip
    turn = np.linspace(0, 2 * np.pi, 121)
    plane.line(np.cos(turn), np.sin(turn), "quiet", dash="4 3", name="unit circle")
    outside = np.abs(eigenvalues) > 1
    plane.dots(
        eigenvalues.real[~outside], eigenvalues.imag[~outside], "first", size=7, name="inside: dies out"
    )
    plane.dots(eigenvalues.real[outside], eigenvalues.imag[outside], "second", shape="square", size=8, name="outside: grows")  # fmt: skip
    panel = Panel("the gradient, so many steps back", (0, _STEPS), (1e-10, 1e10), "steps back in time", "largest factor", ylog=True, height=310,
                  describe="Norm of the product of Jacobians against steps")  # fmt: skip
    panel.line(range(len(norms)), norms.clip(1e-12, 1e12), "first", name="as it comes" if clip else "")
    if clip:
        panel.line(range(len(norms)), shown, "second", dash="7 3", name="clipped to norm 5")
    panel.line([0, _STEPS], [1, radius**_STEPS], "quiet", dash="2 3", name="largest eigenvalue to the power of the steps")  # fmt: skip
    end = norms[-1]
    kind = "vanished" if end < 1e-3 else "exploded" if end > 1e3 else "about as large as it was"
    says = f"After {_STEPS} steps back the gradient can be {end:.1e} times as large: {kind}." + (" Clipping helps against explosion; nothing brings back what has vanished." if clip else "")  # fmt: skip
    return Scene([plane, panel], says)


class ThroughTimeExplorer(Explorer):
    """Why plain recurrent nets forget: powers of a matrix."""

    shows = "Each step back multiplies the gradient with W_hh; its largest eigenvalue decides whether sixty steps are nothing or too much."
    tries = (
        "Find the size at which the gradient neither dies nor explodes. How exactly must you hit it?",
        "Switch tanh on at size 1.3: its slopes are below 1, and hold the explosion back for a while.",
    )
    controls = {
        "radius": Slider("largest |eigenvalue|", 0.5, 1.5, 1.2, step=0.05, say="{:.2f}"),
        "squash": Toggle("with tanh"),
        "clip": Toggle("clip the gradient"),
    }
    scene = staticmethod(through_time_scene)


_SENTENCES = [
    "It is a truth universally acknowledged, that a single man",
    '"My dear Mr. Bennet," said his lady to him one day, "have',
    "Elizabeth was walking in the park when she saw Mr. Darcy.",
]


@cache
def _characters() -> Any:
    from course_utils.data.pretrained import load_character_model

    return load_character_model()


@lru_cache(maxsize=8)
def gates(sentence: str) -> dict[str, np.ndarray]:
    """Gates and cells of the shipped character model at each character of a text: (characters, 128) each."""
    import torch

    net, vocabulary = _characters()
    with torch.no_grad():
        x = net.embedding(torch.tensor(vocabulary.encode(sentence)))
        W_xh, W_hh, b = (part[0] for part in (net.memory.W_xh, net.memory.W_hh, net.memory.b))
        h = c = torch.zeros(W_hh.shape[1])
        kept: dict[str, list[Any]] = {name: [] for name in ("input i", "forget f", "output o", "cell c")}
        for row in x:
            i, f, g, o = (W_xh @ row + W_hh @ h + b).chunk(4)
            i, f, o, g = i.sigmoid(), f.sigmoid(), o.sigmoid(), g.tanh()
            c = f * c + i * g
            h = o * c.tanh()
            for name, value in zip(kept, (i, f, o, c), strict=True):
                kept[name].append(value)
    return {name: torch.stack(values).numpy() for name, values in kept.items()}


def gates_scene(unit: int, sentence: str) -> Scene:
    """One unit's gates along a sentence, and all units' cells."""
    values = gates(sentence)
    n = len(sentence)
    panel = Panel(f"unit {unit} along the sentence", (0, n), (-0.6, 4.2), bare=True, width=800, height=230,
                  describe="Gates and cell of one unit at each character")  # fmt: skip
    panel.text(np.arange(n) + 0.5, np.full(n, -0.3), list(sentence), size=13, bold=True)
    for row, (name, signal) in enumerate(values.items()):
        own = signal[:, unit]
        bottom = 3.1 - row
        reach = max(1.0, float(np.abs(own).max())) if name == "cell c" else 1.0
        middle = bottom + (0.42 if name == "cell c" else 0)
        height = own / reach * (0.42 if name == "cell c" else 0.85)
        panel.bars(np.arange(n) + 0.1, np.arange(n) + 0.9, np.minimum(middle, middle + height), np.maximum(middle, middle + height), ("first", "third", "fourth", "second")[row], opacity=0.85, name=name)  # fmt: skip
        panel.segments([0], [middle], [n], [middle], "quiet", width=0.6)
    cells = values["cell c"].T
    order = np.argsort(-np.abs(np.diff(cells, axis=1)).mean(axis=1) + 0.4 * np.abs(cells).mean(axis=1))
    everyone = Panel("all 128 cells; the steadiest on top", (0, n), (0, 128), "character", "unit", width=800, height=240, yticks=[],
                     xticks=[(i + 0.5, ch) for i, ch in enumerate(sentence)], describe="Cells of all units at each character")  # fmt: skip
    everyone.image(coloured(np.tanh(cells[order[::-1]] / 1.5), 1.0), (0, n), (0, 128))
    f = values["forget f"][:, unit]
    where = int(f.argmin())
    says = (
        f"Unit {unit} forgets most at “{sentence[where]}” (f = {f[where]:.2f}); on average it keeps {f.mean():.0%} of its cell from one "
        f"character to the next."
    )
    return Scene([panel, everyone], says)


class GatesExplorer(Explorer):
    """The gates of an LSTM that has read Austen, along a sentence."""

    shows = "At each character the gates decide what a cell forgets (f), takes in (i) and shows (o); c is what it remembers."
    tries = (
        "Run through the units: find one that forgets at every space, and one that hardly forgets at all.",
        "Choose the sentence with quotation marks: is there a unit that changes where the speech begins?",
    )
    controls = {
        "unit": Slider("unit", 0, 127, 0, say="{:d}", play=True, pause=300),
        "sentence": Choice("sentence", _SENTENCES, _SENTENCES[0]),
    }
    scene = staticmethod(gates_scene)


_STARTS = ["Mr. D", "the ", "she wa", "Eliz"]


@lru_cache(maxsize=64)
def _log_probabilities(text: str) -> np.ndarray:
    import torch

    net, vocabulary = _characters()
    with torch.no_grad():
        logits, _ = net(torch.tensor(vocabulary.encode(text))[None])
        return logits[0, -1].log_softmax(dim=0).numpy()  # type: ignore[no-any-return]


def beam_scene(length: int, width: int, start: str) -> Scene:
    """The tree of what was kept, step by step, and the likeliest texts in the end."""
    _, vocabulary = _characters()

    def step(sequences: np.ndarray) -> np.ndarray:
        return np.stack([_log_probabilities(vocabulary.decode(row)) for row in sequences])

    first = vocabulary.encode(start).tolist()
    levels = [beam_search(step, first, width, steps) for steps in range(length + 1)]
    panel = Panel(f"after “{start}”", (-1.0, length + 2.2), (width - 0.4, -0.6), bare=True, width=760, height=60 + 34 * width,
                  describe="Tree of the beams kept at each step")  # fmt: skip
    final = levels[-1]
    for depth in range(1, length + 1):
        above = {tuple(tokens): row for row, (tokens, _) in enumerate(levels[depth - 1])}
        for row, (tokens, score) in enumerate(levels[depth]):
            parent = above[tuple(tokens[:-1])]
            lives = any(kept[:depth] == tokens for kept, _ in final)
            color, thick = ("first", 2.5) if lives else ("quiet", 1.0)
            panel.segments([depth - 1 + 0.2], [parent], [depth - 0.25], [row], color, width=thick, dash="" if lives else "4 3")  # fmt: skip
            letter = vocabulary.decode(tokens[-1:]).replace(" ", "␣").replace("\n", "⏎")
            panel.text([depth], [row], letter, "ink" if lives else "quiet", size=16, bold=lives, dy=2)
            panel.text([depth], [row], f"{np.exp(score):.2g}", "quiet", size=8, dy=13)
    panel.text([0.05], [0], start.replace(" ", "␣"), anchor="end", size=13, bold=True)
    for row, (tokens, _) in enumerate(final):
        panel.text([length + 0.5], [row], f"“{start}{vocabulary.decode(tokens)}”".replace("\n", "⏎"), anchor="start", bold=row == 0)  # fmt: skip
    greedy = beam_search(step, first, 1, length)[0]
    best = final[0]
    gain = float(np.exp(best[1] - greedy[1]))
    says = (
        f"The best of {width} beams, “{vocabulary.decode(best[0])}”, has probability {np.exp(best[1]):.2g}"
        + (
            f", {gain:.1f} times that of the greedy “{vocabulary.decode(greedy[0])}”."
            if best[0] != greedy[0]
            else ", the same that greed finds."
        )
    ).replace("\n", "⏎")
    return Scene([panel], says)


class BeamExplorer(Explorer):
    """Beam search over the next characters of a net that has read Austen."""

    shows = "Keep the likeliest texts so far, not the likeliest next character: what looks second best now may win later."
    tries = (
        "Set the width to 1: that is greed. Widen until the winner changes. How much likelier is it?",
        "Follow a dashed branch: at which step was it dropped, and by whom?",
    )
    controls = {
        "length": Slider("characters to add", 1, 8, 6, say="{:d}", play=True, pause=600),
        "width": Slider("beams", 1, 6, 4, say="{:d}"),
        "start": Choice("start", _STARTS, "she wa"),
    }
    scene = staticmethod(beam_scene)


@lru_cache(maxsize=32)
def _described(seed: int) -> tuple[np.ndarray, list[str], np.ndarray, str]:
    """A scene's picture, the words said about it, the attention before each, and what is there."""
    import torch

    from course_utils.data import make_scenes
    from course_utils.data.pretrained import load_caption_model

    scenes = make_scenes(1, least=2, most=2, seed=1000 + seed)
    net, words = load_caption_model()
    tokens, weights = net.describe(torch.tensor(scenes.images))
    said = words.decode(tokens[0].tolist()).split()
    return scenes.images[0].transpose(1, 2, 0), said, weights[0].numpy(), scenes.captions[0]


def attention_scene(word: int, seed: int) -> Scene:
    """Where the model looks before it says a word."""
    picture, said, weights, truth = _described(seed)
    now = min(word, len(said)) - 1
    side = picture.shape[0]
    plain = Panel("the picture", (0, side), (0, side), bare=True, width=320, height=338, describe="The scene")
    plain.image(picture, (0, side), (0, side))
    looked = Panel(f"before “{said[now]}”", (0, side), (0, side), bare=True, width=320, height=338, describe="The scene, bright where the model looks")  # fmt: skip
    looked.image(picture * 0.35, (0, side), (0, side))
    map_ = weights[now] / weights[now].max()
    glow = np.concatenate(
        [np.broadcast_to([1.0, 0.85, 0.25], (*map_.shape, 3)), map_[..., None] * 0.85], axis=2
    )
    looked.image(glow, (0, side), (0, side), smooth=True)
    place = np.cumsum([0, *(len(each) + 1.2 for each in said)])
    line = Panel("what it says", (0, max(place[-1], 40)), (0, 1), bare=True, width=700, height=64, describe="The caption, word by word")  # fmt: skip
    line.text(place[:-1], np.full(len(said), 0.5), ["" if i == now else each if i < now else "…" for i, each in enumerate(said)], anchor="start", size=14)  # fmt: skip
    line.text([place[now]], [0.5], said[now], "second", anchor="start", size=14, bold=True)
    row, column = np.unravel_index(weights[now].argmax(), weights[now].shape)
    rows, columns = ("top", "middle", "bottom"), ("left", "centre", "right")
    where = f"{rows[3 * int(row) // len(map_)]} {columns[3 * int(column) // len(map_)]}"
    right = "That is right." if " ".join(said) == truth else f"In truth: “{truth}”."
    return Scene(
        [plain, looked, line],
        f"Before “{said[now]}” it looks most at the {where}. It says “{' '.join(said)}”. {right}",
    )


class AttentionExplorer(Explorer):
    """Where a caption model looks before each word."""

    shows = "Before each word the model asks a question of every place in the picture, and looks where the answer fits."
    tries = (
        "Play it: when does it look at the first thing, when at the second, and when nowhere in particular?",
        "Take other scenes until it makes a mistake: did it look at the wrong place, or say the wrong word about the right one?",
    )
    controls = {
        "word": Slider("word", 1, 10, 3, say="{:d}", play=True, pause=700),
        "seed": Again("another scene"),
    }
    scene = staticmethod(attention_scene)
