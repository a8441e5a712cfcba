"""All optimizers, and the student's own, racing over one surface."""

from __future__ import annotations

import ast
import base64
import io
import math
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

import anywidget
import numpy as np
import traitlets as t

from course_utils._arrays import require
from course_utils.device import best_device
from course_utils.optimizers import OPTIMIZERS, Step
from course_utils.surfaces import SURFACES, Surface
from course_utils.widgets import playground_model as model
from course_utils.widgets._face import floats, module, style
from course_utils.widgets.playground_model import MINE, Basins, Path, Settings, Verdict

_OWN = "your surface"
_GRID = 141


class OptimizerPlayground(anywidget.AnyWidget):
    """Watch optimizers race: the library's, and your own.

    Parameters
    ----------
    mine
        Your step function, ``step(w, gradient, state, …) -> (w, state)``; it walks beside the others as "yours", with
        ``learning_rate`` if it takes an argument of that name. An error in it is shown, and the others go on.
    surface
        A name from :data:`course_utils.surfaces.SURFACES`, a :class:`~course_utils.surfaces.Surface`, a function of x
        and y that works on arrays, or an expression of x and y such as ``"x**2 + 3*sin(y)**2"``.
    start
        Where all begin; by default a point from which there is something to see.
    bounds
        (x_min, x_max, y_min, y_max) of a surface of your own; −3 to 3 by default.
    shown
        Which optimizers race; by default five of them, and yours.
    basin
        Colour the picture by where this optimizer ends.
    **settings
        ``steps``, ``factor``, ``rates``, ``schedule``, ``mu``, ``beta``, ``beta1``, ``beta2``, ``eps``,
        ``weight_decay``, ``noise``, ``seed`` of :class:`~course_utils.widgets.playground_model.Settings`.

    Attributes
    ----------
    settings : dict
        What the controls say; follows them, and moves them.

    Raises
    ------
    ValueError
        If a name or a setting isn't known, or the surface isn't finite within its window.

    Examples
    --------
    >>> playground = OptimizerPlayground(surface="ravine", steps=30, shown=["adam", "newton"])
    >>> [(row.name, row.steps) for row in playground.verdicts()]
    [('adam', 26), ('newton', 1)]
    """

    _esm = module("playground")
    _css = style()

    settings = t.Dict().tag(sync=True)
    _about = t.Dict().tag(sync=True)
    _defaults = t.Dict().tag(sync=True)
    _has_mine = t.Bool(False).tag(sync=True)
    _recorded = t.Dict().tag(sync=True)
    _heights = t.Bytes(b"").tag(sync=True)

    def __init__(
        self,
        mine: Step | None = None,
        *,
        surface: str | Surface | Callable[[Any, Any], Any] = "ravine",
        start: Sequence[float] | None = None,
        bounds: Sequence[float] = (-3, 3, -3, 3),
        shown: Sequence[str] | None = None,
        basin: str | None = None,
        **settings: Any,
    ) -> None:
        self._mine, self._lock = mine, threading.Lock()
        chosen = surface if isinstance(surface, Surface) else _surface(surface, bounds)
        self._surfaces: dict[str, Surface] = SURFACES | {chosen.name: chosen}
        with np.errstate(all="ignore"):
            heights = chosen(model.window_grid(chosen, _GRID))
        require(bool(np.isfinite(heights).all()), "surface", "finite heights within its window", "others")
        known = {field.name for field in fields(Settings)} - {"start"}
        for name in settings:
            require(name in known, name, f"one of {', '.join(sorted(known))}", "an unknown argument")
        names = [*OPTIMIZERS, *([MINE] if mine else [])]
        if shown is None:
            shown = [name for name in names if name not in ("nesterov", "adamw", "newton")]
        for name in shown:
            require(name in (*OPTIMIZERS, MINE), "shown", f"some of {', '.join(names)}", name)
        require(basin is None or basin in OPTIMIZERS, "basin", f"one of {', '.join(OPTIMIZERS)}", basin)
        first = Settings(tuple(map(float, model.home(chosen) if start is None else start)), **settings)  # type: ignore[arg-type]
        about = {name: _about(each) for name, each in self._surfaces.items()}
        super().__init__(
            settings=asdict(first) | {"surface": chosen.name, "shown": list(shown), "basin": basin},
            _about=about,
            _defaults=asdict(Settings(model.home(chosen))),
            _has_mine=mine is not None,
            _heights=b"" if about[chosen.name]["twin"] else floats(heights),
        )
        alone = chosen.name in SURFACES  # then the face computes all but the student's
        self._recorded = _as_lists(
            {name: path for name, path in self.race().items() if name == MINE or not alone}
        )
        self.on_msg(self._answer)

    @t.validate("settings")
    def _legal(self, proposal: t.Bunch) -> dict[str, Any]:
        value: dict[str, Any] = proposal["value"]
        require(
            value.get("surface") in self._surfaces,
            "surface",
            f"one of {', '.join(self._surfaces)}",
            value.get("surface"),
        )
        _settings(value)
        return value

    @property
    def surface(self) -> Surface:
        """The surface shown."""
        return self._surfaces[self.settings["surface"]]

    def race(self) -> dict[str, Path]:
        """The paths of all optimizers shown, as the settings stand."""
        names = [name for name in OPTIMIZERS if name in self.settings["shown"]]
        mine = self._mine if MINE in self.settings["shown"] else None
        return model.race(self.surface, _settings(self.settings), names, mine)

    def verdicts(self) -> list[Verdict]:
        """What came of each path, as in the table."""
        return model.verdicts(self.surface, _settings(self.settings), self.race())

    def basins(self, name: str, n: int = 256) -> Basins:
        """Where ``name`` leads from each of n × n starts; on the GPU when there is one."""
        return self._basins(self.surface, name, self.settings, n)

    def _basins(self, surface: Surface, name: str, settings: Mapping[str, Any], n: int) -> Basins:
        # A function of one's own may know NumPy only.
        device = best_device().type if SURFACES.get(surface.name) is surface else "cpu"
        return model.basins(surface, name, _settings(settings), n, None if device == "cpu" else device)

    def _answer(self, _widget: object, message: Mapping[str, Any], _buffers: object) -> None:
        # Messages arrive on a thread of their own, and a student's function isn't made for two at once.
        with self._lock:
            reply, parts = getattr(self, f"_on_{message.get('kind')}", _ignored)(message)
            self.send(reply | {"kind": message.get("kind"), "rev": message.get("rev")}, parts)

    def _on_hello(self, _: Mapping[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        return {}, []

    def _on_race(self, message: Mapping[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        asked = message["settings"]
        names, settings = message["names"], _settings(asked)
        surface = self._surfaces[asked["surface"]]
        paths = model.race(
            surface, settings, [n for n in OPTIMIZERS if n in names], self._mine if MINE in names else None
        )
        reply: dict[str, Any] = {}
        parts: list[bytes] = []
        for name, path in paths.items():
            reply[name] = {"buffer": len(parts), "outcome": path.outcome, "message": path.message}
            parts += [floats(path.points), floats(path.losses)]
        return {"paths": reply}, parts

    def _on_basins(self, message: Mapping[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        asked, n = message["settings"], 256
        found = self._basins(self._surfaces[asked["surface"]], asked["basin"], asked, n)
        return {"key": message["key"], "n": n}, [
            part.astype("<i2").tobytes() for part in (found.end, found.steps)
        ]

    def _on_gif(self, message: Mapping[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        return {}, [gif([base64.b64decode(frame) for frame in message["frames"]])]


def _ignored(_: Mapping[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
    return {}, []


def _settings(values: Mapping[str, Any]) -> Settings:
    known = {field.name for field in fields(Settings)}
    chosen = {name: value for name, value in values.items() if name in known}
    return Settings(**chosen | {"start": tuple(map(float, chosen["start"]))})


def _as_lists(paths: Mapping[str, Path]) -> dict[str, Any]:
    """Paths as they are stored in a notebook, for where no Python is running: those that the face can't compute."""
    return {
        name: {
            "points": path.points.ravel().tolist(),
            "losses": path.losses.tolist(),
            "outcome": path.outcome,
            "message": path.message,
        }
        for name, path in paths.items()
    }


def _about(surface: Surface) -> dict[str, Any]:
    marks = model.landmarks_of(surface)
    return {
        "name": surface.name,
        "twin": SURFACES.get(surface.name) is surface,
        "bounds": list(map(float, surface.bounds)),
        "minima": marks.minima.tolist(),
        "lowest": marks.lowest,
        "slope": float(np.linalg.norm(surface.gradient(model.home(surface)))),
        "rates": model.suggested_rates(surface),
        "shows": surface.shows,
        "home": list(model.home(surface)),
        "labels": ["w₁", "w₂"],
    }


def _surface(given: str | Callable[[Any, Any], Any], bounds: Sequence[float]) -> Surface:
    """A surface by name, from an expression, or from a function; gradients of one's own by centred differences."""
    if isinstance(given, str) and given in SURFACES:
        return SURFACES[given]
    x0, x1, y0, y1 = map(float, bounds)
    require(x0 < x1 and y0 < y1, "bounds", "(x_min, x_max, y_min, y_max)", tuple(bounds))
    function = expression(given) if isinstance(given, str) else given
    h = 1e-5 * max(x1 - x0, y1 - y0)

    def height(x: Any, y: Any) -> Any:
        return function(x, y) + 0 * x  # a constant becomes an array

    def slope(x: Any, y: Any) -> tuple[Any, Any]:
        return (height(x + h, y) - height(x - h, y)) / (2 * h), (height(x, y + h) - height(x, y - h)) / (
            2 * h
        )

    shows = given if isinstance(given, str) else "A surface of your own."
    return Surface(_OWN, height, slope, (x0, x1, y0, y1), (), (), shows)


_ALLOWED = (
    ast.Expression, ast.BinOp, ast.UnaryOp, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.USub, ast.UAdd,
    ast.Constant, ast.Name, ast.Load, ast.Call,
)  # fmt: skip
_FUNCTIONS = {name: getattr(np, name) for name in ("sin", "cos", "tan", "exp", "log", "sqrt", "abs", "tanh")}


def expression(text: str) -> Callable[[Any, Any], Any]:
    """A function of x and y from text: numbers, ``+ - * / **``, and sin cos tan exp log sqrt abs tanh, pi and e.

    Raises
    ------
    ValueError
        If there is anything else in it.

    Examples
    --------
    >>> float(expression("x**2 + 2*y")(3.0, 1.0))
    11.0
    """
    names = {**_FUNCTIONS, "pi": math.pi, "e": math.e}
    try:
        tree = ast.parse(text.replace("^", "**"), mode="eval")
    except SyntaxError as error:
        raise ValueError(
            f"surface: expected an expression of x and y, or one of {', '.join(SURFACES)}, got {text!r}"
        ) from error
    for node in ast.walk(tree):
        known = not isinstance(node, ast.Name) or node.id in {"x", "y", *names}
        require(
            isinstance(node, _ALLOWED) and known,
            "surface",
            f"an expression of x and y, or one of {', '.join(SURFACES)}",
            repr(text),
        )
    code = compile(tree, "surface", "eval")
    return lambda x, y: eval(code, {"__builtins__": {}}, {**names, "x": x, "y": y})


def gif(frames: list[bytes], seconds: float = 4.0) -> bytes:
    """Join pictures to a GIF that repeats; one palette from the last frame, which has all colours."""
    from PIL import Image

    pictures = [Image.open(io.BytesIO(frame)).convert("RGB") for frame in frames]
    palette = pictures[-1].quantize(128)
    steps = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]
    out = io.BytesIO()
    steps[0].save(
        out, "GIF", save_all=True, append_images=steps[1:], duration=int(1000 * seconds / len(steps)), loop=0
    )
    return out.getvalue()
