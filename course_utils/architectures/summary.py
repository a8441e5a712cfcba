"""What a network is made of and what it costs, without running it for real."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Any

import torch
from torch import nn

from course_utils._arrays import require


def count_parameters(model: nn.Module, trainable_only: bool = False) -> int:
    """How many numbers a model learns; a parameter that several layers share counts once.

    Parameters
    ----------
    model
        Any module.
    trainable_only
        Leave out those that are frozen.

    Examples
    --------
    >>> count_parameters(nn.Conv2d(3, 96, 11))
    34944
    """
    return sum(p.numel() for p in model.parameters() if p.requires_grad or not trainable_only)


@dataclass(frozen=True)
class Row:
    """One layer that computes something.

    Parameters
    ----------
    name, kind
        Its path in the model, and its class.
    shape
        Of its output, without the batch.
    parameters
        Its own.
    multiply_adds
        For one sample: products in its weights' sums. 0 for layers without weights.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    parameters: int
    multiply_adds: int


@dataclass(frozen=True)
class Summary:
    """Layers in the order in which they run; prints as a table.

    Parameters
    ----------
    model
        The model's class.
    input_shape
        Of one sample.
    rows
        A row for each layer that computes something; one that is used twice has two.
    parameters
        Of the whole model.
    """

    model: str
    input_shape: tuple[int, ...]
    rows: tuple[Row, ...]
    parameters: int

    @property
    def multiply_adds(self) -> int:
        """For one sample, in all layers."""
        return sum(row.multiply_adds for row in self.rows)

    def _cells(self) -> list[tuple[str, ...]]:
        head = ("layer", "kind", "output", "parameters", "multiply-adds")
        body = [
            (row.name, row.kind, _said(row.shape), f"{row.parameters:,}", f"{row.multiply_adds:,}")
            for row in self.rows
        ]
        total = (
            self.model,
            "",
            f"from {_said(self.input_shape)}",
            f"{self.parameters:,}",
            f"{self.multiply_adds:,}",
        )
        return [head, *body, total]

    def __str__(self) -> str:
        cells = self._cells()
        widths = [max(len(row[column]) for row in cells) for column in range(5)]
        lines = [
            "  ".join(
                text.rjust(w) if column > 2 else text.ljust(w)
                for column, (text, w) in enumerate(zip(row, widths, strict=True))
            )
            for row in cells
        ]
        rule = "─" * len(lines[0])
        return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1]])

    def _repr_html_(self) -> str:
        def line(row: tuple[str, ...], tag: str) -> str:
            sides = ("left", "left", "left", "right", "right")
            cells = (
                f'<{tag} style="text-align:{side}">{escape(text)}</{tag}>'
                for text, side in zip(row, sides, strict=True)
            )
            return f"<tr>{''.join(cells)}</tr>"

        head, *body, total = self._cells()
        rows = "".join(line(row, "td") for row in body)
        return f"<table><thead>{line(head, 'th')}</thead><tbody>{rows}</tbody><tfoot>{line(total, 'th')}</tfoot></table>"


def _said(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))


def summarize(model: nn.Module | Callable[[], nn.Module], input_shape: tuple[int, ...]) -> Summary:
    """Each layer's output shape, parameters and multiply-adds.

    Everything runs on torch's meta device, which computes shapes and allocates nothing: a net of any size takes a moment.

    Parameters
    ----------
    model
        A module, or what makes one: ``summarize(VGG16, (3, 224, 224))`` never allocates its weights.
    input_shape
        Of one sample, without the batch.

    Examples
    --------
    >>> print(summarize(nn.Sequential(nn.Conv2d(1, 6, 5), nn.ReLU()), (1, 28, 28)))
    layer       kind    output            parameters  multiply-adds
    ───────────────────────────────────────────────────────────────
    0           Conv2d  6 × 24 × 24              156         86,400
    1           ReLU    6 × 24 × 24                0              0
    ───────────────────────────────────────────────────────────────
    Sequential          from 1 × 28 × 28         156         86,400
    """
    if isinstance(model, nn.Module):
        model = copy.deepcopy(model).to("meta")
    else:
        with torch.device("meta"):
            model = model()
        require(isinstance(model, nn.Module), "model", "a module or what makes one", type(model).__name__)
    rows: list[Row] = []

    def note(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def hook(layer: nn.Module, _: Any, output: Any) -> None:
            shape = tuple(output.shape[1:])
            own = sum(parameter.numel() for parameter in layer.parameters(recurse=False))
            rows.append(Row(name, type(layer).__name__, shape, own, _multiply_adds(layer, shape)))

        return hook

    hooks = [
        layer.register_forward_hook(note(name or type(layer).__name__))
        for name, layer in model.named_modules()
        if not any(True for _ in layer.children()) and not isinstance(layer, nn.Sequential)
    ]
    try:
        model.eval()(torch.zeros(1, *input_shape, device="meta"))
    finally:
        for hook in hooks:
            hook.remove()
    return Summary(type(model).__name__, tuple(input_shape), tuple(rows), count_parameters(model))


def _multiply_adds(layer: nn.Module, shape: tuple[int, ...]) -> int:
    if isinstance(layer, (nn.Conv1d, nn.Conv2d, nn.Conv3d)):
        each = layer.in_channels // layer.groups * math.prod(layer.kernel_size)
        return math.prod(shape) * each
    if isinstance(layer, (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)):
        # Each value that comes in is multiplied with the whole filter.
        sides: Any = zip(shape[1:], layer.kernel_size, layer.stride, layer.padding, strict=True)
        inputs: int = math.prod((n + 2 * p - k) // s + 1 for n, k, s, p in sides)
        kernel = math.prod(layer.kernel_size)
        return inputs * layer.in_channels * layer.out_channels // layer.groups * kernel
    if isinstance(layer, nn.Linear):
        return math.prod(shape) * layer.in_features
    return 0
