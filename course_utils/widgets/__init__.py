"""Interactive figures, each usable in one line."""

from course_utils.widgets.playground import OptimizerPlayground
from course_utils.widgets.ridge import RidgeExplorer

__all__ = ["OptimizerPlayground", "RidgeExplorer"]
