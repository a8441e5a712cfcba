"""The ridge widget's model against scikit-learn; its Python side without a browser."""

import shutil
import subprocess

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from course_utils import data
from course_utils.widgets import RidgeExplorer
from course_utils.widgets._face import module
from course_utils.widgets.ridge_model import example_curve, ridge_path


@pytest.fixture
def parts():
    split = data.load_diabetes_split()
    return split.X_train, split.y_train, split.X_test, split.y_test


def test_the_path_is_sklearns_ridge_with_an_intercept(parts):
    X_train, y_train, X_test, y_test = parts
    lams = np.logspace(-1, 4, 7)
    path = ridge_path(*parts, lams)
    for i, lam in enumerate(lams):
        oracle = Ridge(alpha=lam).fit(X_train, y_train)
        np.testing.assert_allclose(path.coefficients[i], oracle.coef_, rtol=1e-8)
        np.testing.assert_allclose(path.predict(X_test)[i], oracle.predict(X_test))
        np.testing.assert_allclose(
            path.test_error[i], np.sqrt(np.mean((oracle.predict(X_test) - y_test) ** 2))
        )


def test_the_example_shows_what_it_is_for():
    path = RidgeExplorer().path
    assert np.all(np.diff(path.training_error) > -1e-12)
    assert path.test_error[0] > 1.2 * path.test_error[path.best] < path.test_error[-1]
    assert 0 < path.best < len(path.lams) - 1


def test_the_sentence_says_on_which_side_of_the_best_one_is():
    path = RidgeExplorer().path
    assert "Overfitting" in path.describe(0)
    assert "Within 2 %" in path.describe(path.best)
    assert "Underfitting" in path.describe(len(path.lams) - 1)


def test_features_of_the_curve_are_standardised_by_the_training_part():
    curve = example_curve()
    features = curve.features(curve.x_train)
    np.testing.assert_allclose(features.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(features.std(axis=0), 1)


def test_lam_follows_the_index_and_the_index_stays_in_range(parts):
    widget = RidgeExplorer(*parts)
    widget.index = 0
    assert widget.lam == pytest.approx(0.1)
    with pytest.raises(ValueError, match="index"):
        widget.index = 81


def test_arrays_travel_as_bytes_not_as_lists(parts):
    widget = RidgeExplorer(*parts, feature_names=list("abcdefghij"))
    assert all(isinstance(value, bytes) for value in widget._arrays.values())
    shown = np.frombuffer(widget._arrays["predicted"], "<f4").reshape(81, -1)
    np.testing.assert_allclose(
        shown[widget.path.best], widget.path.predict(parts[2])[widget.path.best], rtol=1e-5
    )
    assert sum(map(len, widget._arrays.values())) < 100_000


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: p[:2], "all four or none"),
        (lambda p: (p[0], p[1][:-1], p[2], p[3]), "y_train: expected shape"),
        (lambda p: (p[0], p[1], p[2][:, :3], p[3]), "X_test: expected 10 columns"),
        (lambda p: (p[0], p[1], p[2], p[3][:-1]), "y_test: expected shape"),
    ],
)
def test_bad_parts_are_named(parts, change, message):
    with pytest.raises(ValueError, match=message):
        RidgeExplorer(*change(parts))


def test_bad_names_are_named(parts):
    with pytest.raises(ValueError, match="feature_names: expected 10 names"):
        RidgeExplorer(*parts, feature_names=["one"])


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_joined_module_is_javascript(tmp_path):
    path = tmp_path / "ridge.mjs"
    path.write_text(module("ridge"))
    assert "import " not in path.read_text()
    subprocess.run(["node", "--check", path], check=True)
