"""What a figure says of itself to those who can't see it."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from course_utils.plotting import describe


@pytest.fixture
def figure():
    fig = plt.figure()
    yield fig
    plt.close(fig)


def test_each_panel_has_its_title_axes_and_legend(figure):
    left, right = figure.subplots(1, 2)
    figure.suptitle("Two losses")
    left.plot([1, 2], [2, 1], label="plain")
    left.set(title="training", xlabel="epoch", ylabel="$L$")
    left.legend()
    right.plot([1, 2], [2, 1])
    right.set(title="test", xlabel="epoch")
    assert describe(figure) == "Two losses. training: L against epoch; plain. test: epoch."


def test_pictures_without_words_are_counted(figure):
    for ax in figure.subplots(1, 3):
        ax.imshow(np.eye(2))
    figure.axes[0].set_title("a cat")
    assert describe(figure) == "a cat. 2 more pictures."


def test_equal_panels_are_told_once_and_titles_on_any_side_count(figure):
    for ax in figure.subplots(1, 2):
        ax.plot([0, 1])
        ax.set_title("same", loc="right")
    assert describe(figure).startswith("same.")
    assert describe(figure).count("same") == 1


def test_an_empty_figure_says_so(figure):
    assert describe(figure) == "An empty figure."
