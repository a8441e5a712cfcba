"""A widget in one function: controls on one side, what is to be seen on the other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import anywidget
import traitlets as t

from course_utils._arrays import require
from course_utils.widgets._face import module, standalone, style
from course_utils.widgets.controls import Control, Slider
from course_utils.widgets.scene import Scene


class Explorer(anywidget.AnyWidget):
    """A figure with controls: each change draws a new scene.

    A subclass names what it ``shows``, two experiments to ``tries``, its ``controls``, and has a method ``scene`` that takes
    their values as keyword arguments and returns a :class:`~course_utils.widgets.scene.Scene`.

    Parameters
    ----------
    **values
        Where controls begin, by name.

    Attributes
    ----------
    values : dict
        What the controls say; follows them, and moves them.

    Raises
    ------
    ValueError
        If a value doesn't fit its control.
    """

    _esm = module("explorer")
    _css = style()

    shows: ClassVar[str] = ""
    tries: ClassVar[tuple[str, str]] = ("", "")
    controls: ClassVar[Mapping[str, Control]] = {}

    values = t.Dict().tag(sync=True)
    _scene = t.Dict().tag(sync=True)
    _about = t.Dict().tag(sync=True)
    _controls = t.Dict().tag(sync=True)
    _recorded = t.Dict().tag(sync=True)

    scene: Callable[..., Scene]

    def __init__(self, **values: Any) -> None:
        for name in values:
            require(name in self.controls, name, f"one of {', '.join(self.controls)}", "an unknown control")
        self._lock = threading.Lock()
        start = {name: control.value for name, control in self.controls.items()} | values
        super().__init__(
            values=start,
            _about={"title": type(self).__name__, "shows": self.shows, "tries": list(self.tries)},
            _controls={name: control.spec() for name, control in self.controls.items()},
        )
        self._redraw(None)
        self.observe(self._redraw, "values")

    @t.validate("values")
    def _legal(self, proposal: t.Bunch) -> dict[str, Any]:
        given: dict[str, Any] = proposal["value"]
        missing = sorted(set(self.controls) ^ set(given))
        require(not missing, "values", f"exactly {', '.join(self.controls)}", ", ".join(missing))
        return {name: control.check(name, given[name]) for name, control in self.controls.items()}

    def _redraw(self, _: Any) -> None:
        with self._lock:  # messages of the browser may come in a thread of their own
            # Numbered, or an equal picture would never arrive, and a player would wait for it.
            turn = self._scene.get("turn", 0) + 1
            self._scene = self.scene(**self.values).spec() | {"turn": turn}

    def standalone(self, dark: bool = False) -> str:
        """An HTML page in which it lives without Python: one slider moves, through scenes computed beforehand."""
        return standalone(self, dark, _recorded=self.recorded())

    def recorded(self) -> dict[str, Any]:
        """The scenes of one slider, the one that plays or else the first, as the face shows them without Python."""
        sliders = {name: each for name, each in self.controls.items() if isinstance(each, Slider)}
        if not sliders:
            return {}
        name = next((name for name, each in sliders.items() if each.play), next(iter(sliders)))
        scenes = [self.scene(**self.values | {name: tick}).spec() for tick in sliders[name].ticks]
        for panels in zip(*(scene["panels"] for scene in scenes), strict=True):
            if all(panel == panels[0] for panel in panels):  # drawn once is enough
                for scene in scenes:
                    scene["panels"] = [None if panel == panels[0] else panel for panel in scene["panels"]]
        return {"control": name, "scenes": scenes}
