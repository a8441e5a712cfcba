"""The page on which written answers are marked: served to this machine alone, under an address that nobody can guess."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import re
import secrets
import socket
import tempfile
import webbrowser
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.web import Application, HTTPError, RequestHandler

from autograder import build
from autograder.batch.collect import read_class
from autograder.batch.store import Store
from autograder.report.pages import template
from autograder.written import render
from autograder.written.answers import Answer, find_answers
from autograder.written.marking import Group, Marking

_MAX_BODY = 64 * 2**10


def main(topic: str, paths: list[Path], out: Path, *, root: Path, port: int = 0, browser: bool = True) -> int:
    """Serve the page until it is stopped; return 1 if there is nothing to mark, or the port is taken.

    Parameters
    ----------
    topic
        The assignment.
    paths
        Notebooks, folders and zips.
    out
        The folder of ``results.sqlite``, where points are kept.
    root
        The course.
    port
        Where to listen; any free one if 0.
    browser
        Whether a browser window opens.
    """
    rubrics = build.rubrics(topic, root)
    answers, unreadable = read_answers(topic, paths, root)
    for name, reason in unreadable.items():
        print(f"left out: {name}: {reason}")
    if not rubrics or not answers:
        print(f"There is nothing to mark: {len(rubrics)} written questions, {len(answers)} submissions.")
        return 1
    try:
        listening = socket.create_server(("127.0.0.1", port))
    except OSError as error:
        print(f"Port {port} can't be used: {error.strerror}.")
        return 1
    out.mkdir(parents=True, exist_ok=True)
    with contextlib.closing(Store(out / "results.sqlite")) as store, contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(topic, Marking(rubrics, answers, store), listening, browser))
    print(f"\nPoints are in {out / 'results.sqlite'}. Run `course grade` again to put them into the grades.")
    return 0


def read_answers(
    topic: str, paths: list[Path], root: Path
) -> tuple[dict[str, dict[str, Answer]], dict[str, str]]:
    """The answers in every submission, submission → question → answer, and why the others can't be read."""
    prompts = {rubric.question: rubric.prompt for rubric in build.rubrics(topic, root)}
    handed_out = build.student_notebook(topic, root)
    notebooks, unreadable = read_class(paths, topic)
    return {
        name: find_answers(notebook, handed_out, prompts) for name, notebook in notebooks.items()
    }, unreadable


async def _serve(topic: str, marking: Marking, listening: socket.socket, browser: bool) -> None:
    token = secrets.token_urlsafe(32)
    address = f"127.0.0.1:{listening.getsockname()[1]}"
    server = HTTPServer(application(topic, marking, token, address), max_body_size=_MAX_BODY)
    listening.setblocking(False)
    server.add_socket(listening)
    url = f"http://{address}/{token}/"
    print(
        f"Mark the written answers at {url}\nStop with Ctrl+C. Every key that you press there is saved.",
        flush=True,
    )
    # Everybody on this machine can see what a browser is started with; only its owner can read this file.
    with tempfile.NamedTemporaryFile("w", suffix=".html", encoding="utf-8") as door:
        door.write(f'<!doctype html><meta http-equiv="refresh" content="0; url={url}"><title>Marking</title>')
        door.flush()
        if browser:
            webbrowser.open(Path(door.name).as_uri())
        await asyncio.Event().wait()


@dataclass(frozen=True)
class _Site:
    """What every answer of the server needs: whom it serves, under which secret, and its files by name."""

    marking: Marking
    token: str
    address: str
    policy: str
    files: dict[str, tuple[str, bytes]]


def application(topic: str, marking: Marking, token: str, address: str) -> Application:
    """The page as a web application that answers only to ``address`` and below ``/token/``."""
    page = template("rubric.html").render(topic=topic)
    script = resources.files("autograder.report").joinpath("templates/rubric.js").read_bytes()
    files = {"": ("text/html", page.encode()), "rubric.js": ("text/javascript", script)}
    site = {"site": _Site(marking, token, address, _policy(page), files)}
    routes = [
        (r"/([^/]+)/(|rubric\.js)", _File, site),
        (r"/([^/]+)/state", _State, site),
        (r"/([^/]+)/do", _Do, site),
        (r".*", _Nothing, site),
    ]
    return Application(routes, log_function=lambda _: None)


def _policy(page: str) -> str:
    """What the browser may load: this page's own script and styles, and pictures that came with the answers."""
    digests = (
        hashlib.sha256(style.encode()).digest() for style in re.findall(r"(?s)<style>(.*?)</style>", page)
    )
    styles = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    return (
        f"default-src 'none'; script-src 'self'; style-src {styles}; img-src data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


class _Handler(RequestHandler):
    """Answers only who knows the token, asks this machine by its number, and comes from no other site."""

    def initialize(self, site: _Site) -> None:
        self.site = site
        self.set_header("Content-Security-Policy", site.policy)

    def set_default_headers(self) -> None:
        self.clear_header("Server")
        self.set_header("Cache-Control", "no-store")
        self.set_header("Cross-Origin-Opener-Policy", "same-origin")
        self.set_header("Cross-Origin-Resource-Policy", "same-origin")
        self.set_header("Referrer-Policy", "no-referrer")
        self.set_header("X-Content-Type-Options", "nosniff")

    def prepare(self) -> None:
        request, own = self.request, f"http://{self.site.address}"
        # A site that points its own name at 127.0.0.1 sends that name as the host.
        if request.host != self.site.address:
            raise HTTPError(403)
        if not hmac.compare_digest(self.path_args[0].encode(), self.site.token.encode()):
            raise HTTPError(404)
        if request.headers.get("Origin", None if request.method == "POST" else own) != own:
            raise HTTPError(403)
        if request.method == "POST" and request.headers.get("Content-Type") != "application/json":
            raise HTTPError(415)

    def check_xsrf_cookie(self) -> None:
        """There are no cookies: the token in the address and the origin stand for them."""

    def write_error(self, status_code: int, **_: Any) -> None:
        self.set_header("Content-Type", "text/plain")
        self.finish(f"{status_code}")


class _Nothing(_Handler):
    def prepare(self) -> None:
        raise HTTPError(404)


class _File(_Handler):
    def get(self, _: str, name: str) -> None:
        kind, content = self.site.files[name]
        self.set_header("Content-Type", f"{kind}; charset=utf-8")
        self.finish(content)


class _State(_Handler):
    def get(self, _: str) -> None:
        marking = self.site.marking
        self.finish({"questions": [_question(marking, name) for name in marking.rubrics]})


class _Do(_Handler):
    def post(self, _: str) -> None:
        try:
            asked = json.loads(self.request.body)
            at = _do(self.site.marking, **asked)
        except (ValueError, TypeError, KeyError, IndexError, RecursionError) as error:
            self.set_status(400)
            self.finish({"error": str(error)})
            return
        question, number = at or (None, None)
        marks = _marks(self.site.marking, question) if question is not None else None
        self.finish({"question": question, "number": number, "marks": marks})


def _do(
    marking: Marking,
    action: str,
    question: str = "",
    number: int = 0,
    item: str = "",
    comment: str = "",
    points: float = 0.0,
) -> tuple[str, int | None] | None:
    """What a key on the page asks for; returns the question and the answer that changed."""
    if type(number) is not int or number < 0:
        raise ValueError(f"number: {number!r} isn't the number of an answer")
    if action == "undo":
        return marking.undo()
    if action == "toggle":
        marking.toggle(question, number, item)
    elif action == "nothing":
        marking.give_nothing(question, number)
    elif action == "comment":
        marking.comment(question, number, str(comment))
    elif action == "worth":
        marking.set_worth(question, item, points)
        return question, None
    else:
        raise ValueError(f"action: there is no {action!r}")
    return question, number


def _question(marking: Marking, name: str) -> dict[str, Any]:
    rubric = marking.rubrics[name]
    heading, _, prompt = rubric.prompt.partition("\n")
    return {
        "name": name,
        "heading": re.sub(r"^### Question | · ★.*", "", heading),
        "points": rubric.points,
        "prompt": render.markdown(prompt),
        "head": render.markdown(f"**{rubric.points:g} points:** {rubric.head}"),
        "notes": render.markdown(rubric.notes),
        "items": [{"lead": item.lead, "html": render.inline(item.text)} for item in rubric.items],
        "answers": [_answer(group) for group in marking.groups[name]],
        "marks": _marks(marking, name),
    }


def _answer(group: Group) -> dict[str, Any]:
    return {"html": render.answer(group.answer), "copies": len(group.submissions)}


def _marks(marking: Marking, name: str) -> dict[str, Any]:
    marks = [group.mark for group in marking.groups[name]]
    return {
        "worth": marking.worth[name],
        "answers": [
            {
                "items": mark.items,
                "comment": mark.comment,
                "points": marking.points(name, mark.items) if mark.done else None,
            }
            for mark in marks
        ],
    }
