"""Derivatives by machine: a tape that remembers what was computed and plays it back, and differences to check it by."""

from course_utils.autograd.differences import jacobian, numerical_gradient, relative_error
from course_utils.autograd.drawing import draw_graph
from course_utils.autograd.tensor import Tensor

__all__ = ["Tensor", "draw_graph", "jacobian", "numerical_gradient", "relative_error"]
