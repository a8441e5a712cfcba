"""A slider for λ: fit, coefficients, and both errors move together."""

from __future__ import annotations

from collections.abc import Sequence

import anywidget
import numpy as np
import traitlets as t

from course_utils._arrays import require
from course_utils.widgets._face import floats, module, style
from course_utils.widgets.ridge_model import RidgePath, example_curve, ridge_path

_LAMS = 81


class RidgeExplorer(anywidget.AnyWidget):
    """Ridge regression with a slider for λ.

    Without arguments a polynomial of degree 12 is fitted to 15 noisy points. With a training and a test part, the
    first panel shows predicted against true for the test samples.

    The whole path is computed when the widget is made, so that the slider answers at once, also where no Python is
    running behind it.

    Parameters
    ----------
    X_train, y_train, X_test, y_test
        Features (n, d), standardised, and targets (n,); all four or none.
    feature_names
        One for each column.

    Attributes
    ----------
    index : int
        Which of the λ is shown; follows the slider, and moves it.
    lam : float
        The λ shown.

    Examples
    --------
    >>> widget = RidgeExplorer()
    >>> widget.index = 0
    >>> f"{widget.lam:.0e}"
    '1e-06'
    """

    _esm = module("ridge")
    _css = style()

    index = t.Int(0).tag(sync=True)
    _sizes = t.Dict().tag(sync=True)
    _arrays = t.Dict().tag(sync=True)
    _names = t.List(t.Unicode()).tag(sync=True)
    _sentences = t.List(t.Unicode()).tag(sync=True)

    def __init__(
        self,
        X_train: np.ndarray | None = None,
        y_train: np.ndarray | None = None,
        X_test: np.ndarray | None = None,
        y_test: np.ndarray | None = None,
        *,
        feature_names: Sequence[str] | None = None,
    ) -> None:
        given = [part is not None for part in (X_train, y_train, X_test, y_test)]
        require(
            all(given) or not any(given),
            "X_train, y_train, X_test, y_test",
            "all four or none",
            f"{sum(given)} of them",
        )
        if X_train is None or y_train is None or X_test is None or y_test is None:
            curve = example_curve()
            parts = (curve.features(curve.x_train), curve.y_train, curve.features(curve.x_test), curve.y_test)
            self.path = ridge_path(*parts, np.logspace(-6, 3, _LAMS))
            grid = np.linspace(-1, 1, 121)
            picture = {
                "x_train": curve.x_train,
                "y_train": curve.y_train,
                "x_test": curve.x_test,
                "y_test": curve.y_test,
                "grid": grid,
                "curves": self.path.predict(curve.features(grid)),
            }
            names = [f"x{_superscript(power)}" for power in range(1, curve.degree + 1)]
        else:
            self.path = ridge_path(X_train, y_train, X_test, y_test, np.logspace(-1, 5, _LAMS))
            picture = {"y_test": y_test, "predicted": self.path.predict(X_test)}
            names = list(feature_names or (f"feature {i + 1}" for i in range(X_train.shape[1])))
            require(len(names) == X_train.shape[1], "feature_names", f"{X_train.shape[1]} names", len(names))
        super().__init__(
            index=_LAMS // 4,
            _sizes={"lams": _LAMS, "features": self.path.coefficients.shape[1], "best": self.path.best},
            _arrays={name: floats(array) for name, array in (_path_arrays(self.path) | picture).items()},
            _names=names,
            _sentences=[self.path.describe(i) for i in range(_LAMS)],
        )

    @t.validate("index")
    def _within_range(self, proposal: t.Bunch) -> int:
        value = int(proposal["value"])
        require(0 <= value < _LAMS, "index", f"0 to {_LAMS - 1}", value)
        return value

    @property
    def lam(self) -> float:
        """The λ shown."""
        return float(self.path.lams[self.index])


def _path_arrays(path: RidgePath) -> dict[str, np.ndarray]:
    return {
        "lams": path.lams,
        "coefficients": path.coefficients,
        "training_error": path.training_error,
        "test_error": path.test_error,
    }


def _superscript(power: int) -> str:
    return "" if power == 1 else str(power).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
