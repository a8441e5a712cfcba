"""How pages are made: templates with everything escaped, one style, nothing fetched."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import jinja2
from markupsafe import Markup, escape

if TYPE_CHECKING:
    from autograder.judge import QuestionResult


@cache
def template(name: str) -> jinja2.Template:
    """The template of that name."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("autograder.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["points"] = lambda value: f"{value:g}"
    environment.filters["code"] = _code
    environment.filters["state"] = _state
    return environment.get_template(name)


def _code(sentence: str | None) -> Markup:
    """The sentence with what stands between backticks as code."""
    parts = str(escape(sentence or "")).split("`")
    return Markup("").join(Markup(f"<code>{part}</code>" if i % 2 else part) for i, part in enumerate(parts))


def _state(question: QuestionResult) -> tuple[str, str, str]:
    """A sign, a colour and a word for how an answer went."""
    if question.score == question.possible:
        return "✓", "good", "all points"
    if all(outcome.kind == "not_started" for outcome in question.outcomes):
        return "○", "quiet", "not started"
    return ("◐", "warn", "some points") if question.score else ("✗", "bad", "no points")
