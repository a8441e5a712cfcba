"""Formulas as MathML, made when the book is built: no script, no network, and read out by screen readers."""

from __future__ import annotations

import re
from itertools import zip_longest
from typing import Any
from xml.etree import ElementTree

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx

# What docutils doesn't know, or sets wrongly, in words that it does.
_SAID_OTHERWISE = [
    (re.compile(r"\\dots(?![a-zA-Z])"), r"\\ldots"),
    (re.compile(r"\\texttt(?![a-zA-Z])"), r"\\mathtt"),
    (re.compile(r"\\mathrel\{(.)\}="), r"\1="),
    (re.compile(r"\\([dt]?frac)\s*([0-9])\s*([0-9])"), r"\\\1{\2}{\3}"),
    (re.compile(r"\\(big|Big)(?=[\[(])"), r"\\\1l"),
    (re.compile(r"\\(big|Big)(?=[\])])"), r"\\\1r"),
]
_SPACE = "http://www.w3.org/1998/Math/MathML"
_APPLY = "\u2061"  # stands, unseen, between a function and its argument
_ACCENTS = ("ˆ", "ˉ", "~", "_")
_OPENS = ("(", "[", "{", "|", "‖", ",", ".", "=", ")")
_CLOSES = (")", "]", "}", "|", "‖", "!")
ElementTree.register_namespace("", _SPACE)


def mathml(formula: str, block: bool = False) -> str:
    r"""A formula of LaTeX as MathML.

    Raises
    ------
    docutils.utils.math.MathError
        If it uses what isn't known here.

    Examples
    --------
    >>> mathml(r"\hat y_i")  # doctest: +ELLIPSIS
    '<math xmlns="..."><msub><mover accent="true"><mi>y</mi><mo stretchy="false">ˆ</mo></mover><mi>i</mi></msub></math>'
    """
    for pattern, instead in _SAID_OTHERWISE:
        formula = pattern.sub(instead, formula)
    text = tex2mathml(formula, as_block=block).replace("&ApplyFunction;", _APPLY)
    tree = ElementTree.fromstring(re.sub(r"\n\s*", "", text))
    for node in list(tree.iter()):
        _stack(node)
        _space(node)
    return ElementTree.tostring(tree, encoding="unicode")


def _stack(row: ElementTree.Element) -> None:
    """Set the index of an accented letter beside it, the label of a brace below it, and lengthen a line over several letters."""
    kind = _name(row)
    if kind == "msub" and _name(row[0]) == "munder":
        row.tag = f"{{{_SPACE}}}munder"
    elif kind == "munderover" and (row[2].text or "") in _ACCENTS:
        letter, index, accent = row
        row[:] = [ElementTree.Element(f"{{{_SPACE}}}mover", accent="true"), index]
        row[0].extend([letter, accent])
        row.tag = f"{{{_SPACE}}}msub"
    elif kind == "mover" and row[1].text == "_":
        row[1].text = "¯"  # the sign that stretches


def _space(row: ElementTree.Element) -> None:
    """Set the bars, signs, full stops and named functions that stand directly in ``row`` as far apart as TeX would."""
    before, inside = None, list(row)
    for node, after in zip_longest(inside, inside[1:]):
        text = node.text or ""
        if _name(node) == "mo" and text in ("|", "‖", "."):
            node.attrib |= {"lspace": "0", "rspace": "0"}
            if text == "‖":
                node.set("stretchy", "false")
        opening = before is None or (_name(before) == "mo" and (before.text or "") not in _CLOSES)
        if _name(node) == "mo" and text in ("+", "−", "±") and opening:
            node.set("form", "prefix")
        word = _first(node)
        if word is not None and len(word.text or "") > 1:
            bracket = after is None or (_first(after, deep=True).text or "") in _OPENS
            beside = before is not None and _name(before) != "mo"
            if _name(word) == "mo":
                word.attrib |= {"lspace": "0.17em" if beside else "0", "rspace": "0" if bracket else "0.17em"}
            elif beside:
                _gap(row, node)
        if text == _APPLY and after is not None and (_first(after, deep=True).text or "") not in _OPENS:
            _gap(row, after)
        before = node


def _gap(row: ElementTree.Element, node: ElementTree.Element) -> None:
    row.insert(list(row).index(node), ElementTree.Element(f"{{{_SPACE}}}mspace", width="0.17em"))


def _name(node: ElementTree.Element) -> str:
    return node.tag.removeprefix(f"{{{_SPACE}}}")


def _first(node: ElementTree.Element, deep: bool = False) -> Any:
    """The sign that ``node`` is about, without its indices; None for a row or fraction unless ``deep``."""
    while len(node) and (deep or _name(node) in ("msub", "msup", "msubsup", "munder", "mover", "munderover")):
        node = node[0]
    return node if deep or _name(node) in ("mi", "mo") else None


def _visit_math(writer: Any, node: nodes.math) -> None:
    writer.body.append(mathml(node.astext()))
    raise nodes.SkipNode


def _visit_math_block(writer: Any, node: nodes.math_block) -> None:
    writer.body.append(f'<div class="formula">{mathml(node.astext(), block=True)}</div>')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer ``mathml``."""
    app.add_html_math_renderer("mathml", (_visit_math, None), (_visit_math_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
