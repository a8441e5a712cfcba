"""The index of the syllabus names only what exists, and names every exercise's concept."""

import importlib
import tomllib
from pathlib import Path

import pytest

from autograder import build

ROOT = Path(__file__).parents[1]
INDEX = tomllib.loads((ROOT / "solutions" / "syllabus.toml").read_text())
ENTRIES = [
    (topic, concept, entry) for topic, concepts in INDEX.items() for concept, entry in concepts.items()
]
CONCEPTS = {
    "01_regression": ["risk", "linreg", "multivariate", "gradient", "psd", "ridge", "logistic", "bce"]
}


def text_of(topic, kind):
    return "\n".join(
        cell.source for cell in build.student_notebook(topic, ROOT).cells if cell.cell_type == kind
    )


def test_every_concept_of_the_syllabus_has_its_entry():
    assert {topic: list(concepts) for topic, concepts in INDEX.items()} == CONCEPTS


@pytest.mark.parametrize(("topic", "concept", "entry"), ENTRIES)
def test_what_an_entry_names_exists(topic, concept, entry):
    assert set(entry) <= {"title", "section", "exercise", "reference", "widget", "figure"}
    assert f"## {entry['section']}\n" in text_of(topic, "markdown")
    if "exercise" in entry:
        assert entry["exercise"] in build.test_sources(topic, ROOT)
    if "reference" in entry:
        module, name = entry["reference"].split(".")
        assert callable(getattr(importlib.import_module(f"course_utils.{module}"), name))
    if "widget" in entry:
        assert hasattr(importlib.import_module("course_utils.widgets"), entry["widget"])
        assert f"{entry['widget']}(" in text_of(topic, "code")
    if "figure" in entry:
        assert entry["figure"] in text_of(topic, "code")


@pytest.mark.parametrize("topic", build.topics(ROOT))
def test_every_exercise_is_in_the_index_or_serves_a_concept_that_is(topic):
    indexed = {entry.get("exercise") for entry in INDEX[topic].values()}
    assert set(build.test_sources(topic, ROOT)) - indexed <= {"sigmoid"}  # a part of logistic regression
