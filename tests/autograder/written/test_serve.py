"""The server answers only the page that it handed out itself."""

import json
import socket
import tempfile
from pathlib import Path

import nbformat
from tornado.httpclient import HTTPRequest
from tornado.testing import AsyncHTTPTestCase
from typer.testing import CliRunner

from autograder import build
from autograder.batch.store import Store
from autograder.build import Item, Rubric
from autograder.cli import app
from autograder.written.answers import Answer, Part
from autograder.written.marking import Marking
from autograder.written.serve import application

TOKEN = "secret"
RUBRIC = Rubric("why", "### Question 1.2 · Why? · ★☆☆", 4.0, "", (Item("Reason", "*Reason.* It is.", 3.0),), "")  # fmt: skip


class TestServer(AsyncHTTPTestCase):
    def get_app(self):
        self.folder = tempfile.TemporaryDirectory()
        self.store = Store(Path(self.folder.name, "results.sqlite"))
        self.address = f"127.0.0.1:{self.get_http_port()}"
        answer = {"why": Answer((Part("<b>Because</b>", False, {}),))}
        return application("01_x", Marking([RUBRIC], {"ada": answer}, self.store), TOKEN, self.address)

    def tearDown(self):
        super().tearDown()
        self.store.close()
        self.folder.cleanup()

    def ask(self, path, *, method="GET", body=None, **headers):
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        url = f"http://{self.address}{path}"
        return self.fetch(url, method=method, body=body, headers=names)

    def do(self, **asked):
        headers = {"Content_Type": "application/json", "Origin": f"http://{self.address}"}
        return self.ask(f"/{TOKEN}/do", method="POST", body=json.dumps(asked), **headers)

    def test_the_page_comes_with_a_policy_that_lets_nothing_else_in(self):
        answer = self.ask(f"/{TOKEN}/")
        assert answer.code == 200
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'sha256-")
        assert "unsafe" not in policy
        assert answer.headers["Referrer-Policy"] == "no-referrer"

    def test_names_of_students_are_not_on_the_page(self):
        state = self.ask(f"/{TOKEN}/state").body
        assert b"Because" in state
        assert b"ada" not in state
        assert b"<b>" not in state

    def test_without_the_token_there_is_nothing(self):
        for path in ("/", "/guess/", "/guess/state", f"/{TOKEN}x/", f"/{TOKEN}/../../etc/passwd", f"/{TOKEN}/rubric.html"):  # fmt: skip
            answer = self.ask(path)
            assert answer.code == 404, path
            assert TOKEN not in answer.body.decode()

    def test_another_name_for_this_machine_is_refused(self):
        for host in ("evil.example", f"evil.example:{self.get_http_port()}", "127.0.0.1"):
            assert self.ask(f"/{TOKEN}/", Host=host).code == 403

    def test_a_change_must_come_from_the_page_itself(self):
        body = json.dumps({"action": "toggle", "question": "why", "number": 0, "item": "Reason"})
        kind, own = {"Content_Type": "application/json"}, {"Origin": f"http://{self.address}"}
        ask = {"path": f"/{TOKEN}/do", "method": "POST", "body": body}
        assert self.ask(**ask, **kind).code == 403
        assert self.ask(**ask, **kind, Origin="http://evil.example").code == 403
        assert self.ask(**ask, **kind, Origin="null").code == 403
        assert self.ask(**ask, **own, Content_Type="text/plain").code == 415
        assert self.store.written_points() == {}
        assert self.ask(**ask, **kind, **own).code == 200
        assert self.store.written_points() == {"ada": {"why": 3.0}}

    def test_another_site_may_not_read(self):
        assert self.ask(f"/{TOKEN}/state", Origin="http://evil.example").code == 403

    def test_what_makes_no_sense_changes_nothing(self):
        for asked in (
            {},
            {"action": "drop"},
            {"action": "toggle", "question": "who", "number": 0, "item": "Reason"},
            {"action": "toggle", "question": "why", "number": 1, "item": "Reason"},
            {"action": "toggle", "question": "why", "number": -1, "item": "Reason"},
            {"action": "toggle", "question": ["why"], "number": 0, "item": "Reason"},
            {"action": "toggle", "question": "why", "number": 0, "item": "None such"},
            {"action": "worth", "question": "why", "item": "Reason", "points": 1e9},
            {"action": "worth", "question": "why", "item": "Reason", "points": "all"},
            {"action": "comment", "question": "why", "number": True, "comment": "x"},
            {"action": "nothing", "question": "why", "number": 0, "more": 1},
        ):
            answer = self.do(**asked)
            assert answer.code == 400, asked
            assert json.loads(answer.body)["error"]
        assert self.store.written() == []

    def test_a_change_is_answered_with_all_marks_of_its_question(self):
        answer = json.loads(self.do(action="comment", question="why", number=0, comment="Good.").body)
        assert answer["marks"]["answers"] == [{"items": {}, "comment": "Good.", "points": None}]
        assert json.loads(self.do(action="undo").body)["number"] == 0
        assert json.loads(self.do(action="undo").body) == {"question": None, "number": None, "marks": None}

    def test_a_flood_is_refused(self):
        request = HTTPRequest(f"http://{self.address}/{TOKEN}/do", method="POST", body="[" * 60_000, headers={"Content-Type": "application/json", "Origin": f"http://{self.address}"})  # fmt: skip
        assert self.io_loop.run_sync(lambda: self.http_client.fetch(request, raise_error=False)).code == 400


def rubric(tmp_path, *words):
    return CliRunner().invoke(app, ["rubric", "01_regression", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--no-browser", *words])  # fmt: skip


def test_what_cant_be_read_is_named_and_nothing_to_mark_ends_with_1(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "eve.ipynb").write_text("{broken")
    result = rubric(tmp_path)
    assert result.exit_code == 1
    assert "left out: eve: The file is not a notebook" in result.output
    assert "There is nothing to mark" in result.output
    assert not (tmp_path / "out").exists()


def test_a_port_that_is_taken_is_said(tmp_path):
    (tmp_path / "in").mkdir()
    nbformat.write(build.student_notebook("01_regression", build.find_root()), tmp_path / "in" / "ada.ipynb")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = rubric(tmp_path, "--port", str(port))
    assert result.exit_code == 1
    assert f"Port {port} can't be used" in result.output
