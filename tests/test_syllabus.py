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
    "01_regression": "risk linreg multivariate gradient psd ridge logistic bce",
    "02_classification": "gen-disc naive-bayes margin hinge soft-margin ovr ovo multiclass-hinge softmax",
    "03_bias_variance": "bias-var over-under regularise kfold bagging boosting adaboost gradient-boost",
    "04_backpropagation": "jacobians reverse-mode grad-check autograd sigmoid tanh relu leaky prelu elu maxout tensors",
    "05_optimizers": "gd sgd newton landscape momentum nesterov adagrad rmsprop adam hyperparams",
    "06_training": "init batchnorm dropout inverted-dropout ensembles snapshots multitask",
    "07_cnns": "convolution correlation conv-size conv-params conv-layer pooling lenet alexnet vgg googlenet resnet trends transfer",
    "08_detection": "tasks sem-seg upsampling unet localisation iou nms map rcnn anchors rpn single-shot retinanet",
    "09_rnns": "rnn seq-shapes deep-rnn vanishing lstm char-lm beam captioning",
    "10_visualization": "tsne dbscan what-nets-learn occlusion saliency class-image deconv guided deep-dream adversarial relevance",
}


def text_of(topic, kind):
    return "\n".join(
        cell.source for cell in build.student_notebook(topic, ROOT).cells if cell.cell_type == kind
    )


def test_every_concept_of_the_syllabus_has_its_entry():
    assert {topic: list(concepts) for topic, concepts in INDEX.items()} == {
        topic: concepts.split() for topic, concepts in CONCEPTS.items()
    }


def named(entry, what):
    """What an entry names: one name or a list of them."""
    names = entry.get(what, [])
    return names if isinstance(names, list) else [names]


@pytest.mark.parametrize(("topic", "concept", "entry"), ENTRIES)
def test_what_an_entry_names_exists(topic, concept, entry):
    assert set(entry) <= {"title", "section", "exercise", "reference", "widget", "figure"}
    assert f"## {entry['section']}\n" in text_of(topic, "markdown")
    assert set(named(entry, "exercise")) <= set(build.test_sources(topic, ROOT))
    for reference in named(entry, "reference"):
        module, name = reference.split(".")
        assert callable(getattr(importlib.import_module(f"course_utils.{module}"), name))
    for widget in named(entry, "widget"):
        assert hasattr(importlib.import_module("course_utils.widgets"), widget)
        assert f"{widget}(" in text_of(topic, "code")
    for words in named(entry, "figure"):
        assert words in text_of(topic, "code")


@pytest.mark.parametrize("topic", INDEX)
def test_every_exercise_serves_a_concept_of_the_index(topic):
    indexed = {name for entry in INDEX[topic].values() for name in named(entry, "exercise")}
    assert indexed == set(build.test_sources(topic, ROOT))
