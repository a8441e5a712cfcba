"""Markdown that strangers wrote, as HTML that can do nothing: no raw HTML, no links to follow, no picture from outside."""

from __future__ import annotations

import html
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from mdit_py_plugins.dollarmath import dollarmath_plugin

from autograder.written.answers import Answer


def markdown(text: str, images: Mapping[str, str] | None = None) -> str:
    """Safe HTML for a Markdown text; ``images`` are what ``attachment:`` names stand for."""
    return str(_PARSER.render(text, {"images": images or {}}))


def inline(text: str) -> str:
    """Safe HTML for one line of Markdown, without a paragraph around it."""
    return str(_PARSER.renderInline(text, {"images": {}}))


def answer(answer: Answer) -> str:
    """Safe HTML for all parts of an answer."""
    return "".join(
        f"<pre><code>{html.escape(part.text)}</code></pre>"
        if part.is_code
        else markdown(part.text, part.images)
        for part in answer.parts
    )


def _image(
    _renderer: RendererHTML,
    tokens: Sequence[Token],
    index: int,
    _options: OptionsDict,
    env: MutableMapping[str, Any],
) -> str:
    token = tokens[index]
    source, words = str(token.attrs.get("src", "")), html.escape(token.content or "picture")
    data = (
        env["images"].get(unquote(source.removeprefix("attachment:")))
        if source.startswith("attachment:")
        else None
    )
    return f'<img alt="{words}" src="{data}">' if data else f"[picture: {words}, {html.escape(source[:200])}]"


def _formula(content: str, options: Mapping[str, Any]) -> str:
    sign = "$$" if options["display_mode"] else "$"
    return html.escape(f"{sign}{content.strip()}{sign}")


def _parser() -> MarkdownIt:
    parser = MarkdownIt("js-default", {"html": False, "linkify": False, "maxNesting": 20})
    parser.disable(["link", "autolink", "reference"])
    parser.use(
        dollarmath_plugin, allow_labels=False, allow_space=False, allow_digits=False, renderer=_formula
    )
    parser.add_render_rule("image", _image)
    # Headings of an answer are not headings of the page.
    parser.add_render_rule("heading_open", lambda *_: '<p class="heading">')
    parser.add_render_rule("heading_close", lambda *_: "</p>")
    return parser


_PARSER = _parser()
