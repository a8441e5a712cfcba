"""What the guide to grades shows is what the code reads and says."""

import json
import re
from dataclasses import fields
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from autograder.cli import app
from autograder.report.class_report import Item, Misunderstanding, summarise
from autograder.report.grades import read_times
from autograder.report.items import Discrimination
from autograder.report.late import Work, deductions, read_policy
from autograder.report.roster import read_roster

GUIDE = (Path(__file__).parents[3] / "docs" / "guides" / "grades.md").read_text(encoding="utf-8")
TOPICS = ("01_regression", "02_classification")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def policy(tmp_path):
    (policy,) = blocks("toml")
    (tmp_path / "late.toml").write_text(policy, encoding="utf-8")
    return read_policy(tmp_path / "late.toml", TOPICS)


def test_its_policy_roster_and_times_can_be_read(policy, tmp_path):
    roster, times, *_ = blocks("text")
    (tmp_path / "roster.csv").write_text(roster, encoding="utf-8")
    (tmp_path / "times.csv").write_text(times, encoding="utf-8")
    people = read_roster(tmp_path / "roster.csv").people
    known = read_times(tmp_path / "times.csv", policy)
    for who in [*policy.extensions, *(student for student, _ in known)]:
        assert any(person.answers_to(who) for person in people)


def test_its_words_for_deductions_are_those_of_the_program(policy):
    due = policy.due[TOPICS[0]]

    def said(days, slip_days=0, max_days=None, marked=False):
        time = None if marked else due + timedelta(days=days)
        rules = type(policy)(per_day=0.1, is_share=True, slip_days=slip_days, max_days=max_days)
        return deductions(rules, [Work("x", due, time, marked, 40, 40)])["x"].words

    shown = {said(2, slip_days=1), said(3, max_days=2), said(0, slip_days=1, marked=True)}
    assert any(set(block.splitlines()) == shown for block in blocks("text"))


def test_it_names_every_key_of_the_data(policy):
    keys = set(json.loads(summarise("x", [], []).to_json()))
    keys |= {field.name for kind in (Item, Misunderstanding, Discrimination) for field in fields(kind)}
    assert keys <= set(re.findall(r"`(\w+)`", GUIDE))


def test_its_commands_have_the_options_that_it_uses():
    for command in re.findall(r"^course (.*)", "".join(blocks("console")), re.MULTILINE):
        name, *words = command.split()
        help_text = CliRunner().invoke(app, [name, "--help"], env={"COLUMNS": "200"}).output
        for option in (word for word in words if word.startswith("--")):
            assert option in help_text, command
