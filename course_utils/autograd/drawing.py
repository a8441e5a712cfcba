"""The graph of a tensor as an SVG picture: inputs on the left, the result on the right."""

from __future__ import annotations

from html import escape
from itertools import pairwise

import numpy as np

from course_utils._arrays import require
from course_utils.autograd.tensor import Tensor

MOST_NODES = 60
_WIDE, _TALL, _GAP_X, _GAP_Y = 118, 52, 44, 16


def draw_graph(result: Tensor) -> str:
    """Draw what a tensor was computed from, with values, and with gradients once they are there.

    Parameters
    ----------
    result
        The tensor on the right, made of :data:`MOST_NODES` others at the most.

    Returns
    -------
    str
        An SVG document; black on white, or white on black where the reader prefers that.

    Raises
    ------
    ValueError
        If there are more nodes than can be read.

    Examples
    --------
    >>> x = Tensor(3.0, requires_grad=True, name="x")
    >>> draw_graph(x * x).count("<rect")
    2
    """
    nodes = _all_nodes(result)
    columns = _columns(nodes)
    places = {
        id(node): (column * (_WIDE + _GAP_X) + 8, row * (_TALL + _GAP_Y) + 8)
        for column, members in enumerate(columns)
        for row, node in enumerate(members)
    }
    width = len(columns) * (_WIDE + _GAP_X) - _GAP_X + 16
    height = max(map(len, columns)) * (_TALL + _GAP_Y) - _GAP_Y + 16
    edges = "".join(_edge(places[id(parent)], places[id(node)]) for node in nodes for parent in node.parents)
    boxes = "".join(_box(node, *places[id(node)]) for node in nodes)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="Graph of {len(nodes)} tensors">{_STYLE}{edges}{boxes}</svg>'
    )


_STYLE = (
    "<style>"
    "svg{--ink:#1c1e21;--paper:#fff;--leaf:#dcebf7;--line:#6b7280;--grad:#a33a00}"
    "@media(prefers-color-scheme:dark){svg{--ink:#e4e6ea;--paper:#1b1f24;--leaf:#1d3a52;--line:#9aa3ad;--grad:#ffb27a}}"
    "rect{fill:var(--paper);stroke:var(--line)}rect.leaf{fill:var(--leaf)}"
    "path{fill:none;stroke:var(--line);stroke-width:1.3}"
    "text{fill:var(--ink);font:11px system-ui,sans-serif;text-anchor:middle}"
    "text.op{font-weight:600;font-size:13px}text.grad{fill:var(--grad)}"
    "</style>"
)


def _all_nodes(result: Tensor) -> list[Tensor]:
    """Every tensor of the graph, constants too, each after its parents."""
    done: dict[int, Tensor] = {}
    stack = [(result, False)]
    while stack:
        node, ready = stack.pop()
        if ready:
            done.setdefault(id(node), node)
        elif id(node) not in done:
            stack.append((node, True))
            stack.extend((parent, False) for parent in reversed(node.parents))
        require(len(done) <= MOST_NODES, "result", f"a graph of at most {MOST_NODES} tensors", "more")
    return list(done.values())


def _columns(nodes: list[Tensor]) -> list[list[Tensor]]:
    """Nodes by their distance from the inputs; an input stands just before its first use, beside its like."""
    depth = {id(node): 0 for node in nodes}
    for node in nodes:
        for parent in node.parents:
            depth[id(node)] = max(depth[id(node)], depth[id(parent)] + 1)
    for node in reversed(nodes):
        uses = [depth[id(other)] for other in nodes if any(parent is node for parent in other.parents)]
        if not node.parents and uses:
            depth[id(node)] = min(uses) - 1
    columns: list[list[Tensor]] = [[] for _ in range(max(depth.values()) + 1)]
    for node in nodes:
        columns[depth[id(node)]].append(node)
    row = {id(node): float(i) for column in columns for i, node in enumerate(column)}
    for before, column in pairwise(columns):  # fewer crossings: each beside the middle of its parents
        known = {id(node) for node in before}
        for node in column:
            rows = [row[id(parent)] for parent in node.parents if id(parent) in known]
            row[id(node)] = sum(rows) / len(rows) if rows else row[id(node)]
        column.sort(key=lambda node: row[id(node)])
        row |= {id(node): float(i) for i, node in enumerate(column)}
    return columns


def _edge(start: tuple[int, int], end: tuple[int, int]) -> str:
    x0, y0, x1, y1 = start[0] + _WIDE, start[1] + _TALL / 2, end[0], end[1] + _TALL / 2
    bend = min(_GAP_X, (x1 - x0) / 2)
    return f'<path d="M{x0} {y0}C{x0 + bend} {y0} {x1 - bend} {y1} {x1} {y1}"/>'


def _box(node: Tensor, x: int, y: int) -> str:
    kind = ' class="leaf"' if not node.parents else ""
    title = node.name or node.op or "constant"
    lines = [
        ("op", title),
        ("", _said(node.data)),
        ("grad", "" if node.grad is None else f"grad {_said(node.grad)}"),
    ]
    texts = "".join(
        f'<text class="{name}" x="{x + _WIDE / 2}" y="{y + 16 + 15 * i}">{escape(text)}</text>'
        for i, (name, text) in enumerate(lines)
        if text
    )
    return f'<rect{kind} x="{x}" y="{y}" width="{_WIDE}" height="{_TALL}" rx="6"/>{texts}'


def _said(array: np.ndarray) -> str:
    """One number as it is, more by their shape."""
    return f"{array.item():.4g}" if array.size == 1 else "(" + " × ".join(map(str, array.shape)) + ")"
