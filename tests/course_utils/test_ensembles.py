"""Ensembles against scikit-learn and against trying every question."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import AdaBoostClassifier, GradientBoostingClassifier, GradientBoostingRegressor
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from course_utils import ensembles as e

seeds = st.integers(0, 2**32 - 1)


def rings(seed, n=120):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    return X, np.where((X[:, :2] ** 2).sum(axis=1) + 0.3 * rng.normal(size=n) > 1.2, 1, -1)


def best_by_trying(X, y, w, signs):
    """The least weighted squared error of any question."""
    least = np.inf
    for feature in range(X.shape[1]):
        values = np.unique(X[:, feature])
        for threshold in [np.inf, *((values[1:] + values[:-1]) / 2)]:
            low = X[:, feature] <= threshold
            total = 0
            for side in (low, ~low):
                if w[side].sum() > 0:
                    answer = np.average(y[side], weights=w[side])
                    answer = (1 if answer >= 0 else -1) if signs else answer
                    total += (w[side] * (y[side] - answer) ** 2).sum()
            least = min(least, total)
    return least


@given(seeds, st.integers(1, 12), st.integers(1, 3), st.booleans(), st.booleans())
def test_a_stump_asks_the_best_question(backend, seed, n, d, signs, ties):
    rng = np.random.default_rng(seed)
    X, w = rng.normal(size=(n, d)), rng.uniform(0.1, 1, n)
    X = X.round() if ties else X
    y = rng.choice([-1.0, 1.0], n) if signs else rng.normal(size=n)
    stump = e.DecisionStump(signs).fit(*(backend.array(array) for array in (X, y, w)))
    answers = backend.numpy(stump.predict(backend.array(X)))
    assert answers.dtype == backend.dtype
    tolerance = 1e-4 if backend.dtype == "float32" else 1e-9
    assert (w * (y - answers) ** 2).sum() <= best_by_trying(X, y, w, signs) + tolerance


def test_samples_without_weight_have_no_say():
    stump = e.DecisionStump().fit([[0.0], [1.0], [2.0]], [5.0, 1.0, 2.0], [0.0, 1.0, 1.0])
    assert stump.threshold == 1.5
    assert (stump.left, stump.right) == (1, 2)


def test_a_stump_is_sklearns_tree_of_depth_one():
    X, y = rings(1)
    w = np.random.default_rng(2).uniform(size=len(y))
    tree = DecisionTreeRegressor(max_depth=1).fit(X, y, w)
    stump = e.DecisionStump().fit(X, y, w)
    assert stump.feature == tree.tree_.feature[0]
    assert stump.threshold == pytest.approx(tree.tree_.threshold[0])
    np.testing.assert_allclose(stump.predict(X), tree.predict(X))


def test_adaboost_is_sklearns(backend):
    X, y = rings(3)
    ours = e.AdaBoost(30).fit(backend.array(X), backend.array(y))
    # Stumps by least weighted error, which scikit-learn's trees don't offer: boost the same stumps there.
    oracle = AdaBoostClassifier(Stump(), n_estimators=30).fit(X, y)
    errors = [1 / (1 + np.exp(2 * alpha)) for alpha in ours.alphas]
    tolerance = 2e-3 if backend.dtype == "float32" else 1e-9
    np.testing.assert_allclose(errors, oracle.estimator_errors_, rtol=tolerance)
    np.testing.assert_array_equal(backend.numpy(ours.predict(backend.array(X))), oracle.predict(X))
    # scikit-learn divides by the sum of its weights, and doubles where there are two classes.
    score = 2 * backend.numpy(ours.scores(backend.array(X))) / sum(ours.alphas)
    np.testing.assert_allclose(score, oracle.decision_function(X), atol=10 * tolerance)


class Stump(DecisionTreeClassifier):
    """Our stump behind scikit-learn's interface."""

    def fit(self, X, y, sample_weight=None):
        super().fit(X, y, sample_weight)
        self.stump = e.DecisionStump(signs=True).fit(X, y, sample_weight)
        return self

    def predict(self, X):
        return self.stump.predict(X)


def test_boosting_learns_what_one_stump_cannot():
    X, y = rings(4, 400)
    new, labels = rings(5, 400)
    staged = np.sign(e.AdaBoost(150).fit(X, y).staged_scores(new)) == labels
    assert staged[1].mean() < 0.75
    assert staged[-1].mean() > 0.85


def test_a_flawless_stump_decides_alone_and_a_useless_one_is_not_taken():
    model = e.AdaBoost(10).fit([[0.0], [1.0]], [-1, 1])
    assert len(model.stumps) == 1
    np.testing.assert_array_equal(model.predict([[0.0], [1.0]]), [-1, 1])
    same = e.AdaBoost(10).fit(np.zeros((4, 2)), [-1, 1, -1, 1])
    assert same.stumps == []
    np.testing.assert_array_equal(same.predict(np.zeros((2, 2))), [1, 1])


def test_gradient_boosting_is_sklearns(backend):
    X, _ = rings(6)
    target = X[:, 0] ** 2 + 0.5 * X[:, 1]
    ours = e.GradientBoosting(40, 0.2).fit(backend.array(X), backend.array(target))
    oracle = GradientBoostingRegressor(
        n_estimators=40, learning_rate=0.2, max_depth=1, criterion="squared_error"
    ).fit(X, target)
    staged = np.stack(list(oracle.staged_predict(X)))
    backend.check(
        ours.staged_scores(backend.array(X))[1:], staged, rtol=2e-2 if backend.dtype == "float32" else 1e-9
    )


def test_boosting_probabilities_lowers_the_loss_as_sklearns_does():
    X, y = rings(7, 300)
    labels = (y + 1) // 2
    ours = e.GradientBoosting(100, 0.5, loss="logistic").fit(X, labels)
    # scikit-learn takes a Newton step in each leaf; the residuals' mean is the plain gradient's answer.
    oracle = GradientBoostingClassifier(n_estimators=100, learning_rate=0.1, max_depth=1).fit(X, labels)
    p, q = ours.predict(X), oracle.predict_proba(X)[:, 1]
    loss = [-np.mean(labels * np.log(r) + (1 - labels) * np.log(1 - r)) for r in (p, q)]
    assert loss[0] < 1.2 * loss[1]
    assert np.mean((p > 0.5) == labels) > 0.85
    assert ours.start == pytest.approx(np.log(labels.mean() / (1 - labels.mean())))


def test_any_learner_can_be_boosted():
    X = np.linspace(-2, 2, 60)[:, None]
    y = np.sin(2 * X[:, 0])
    model = e.GradientBoosting(
        60, 0.3, fit_base=lambda X, r: DecisionTreeRegressor(max_depth=2).fit(X, r)
    ).fit(X, y)
    assert np.mean((model.predict(X) - y) ** 2) < 1e-3


def fit_tree(X, y):
    return DecisionTreeRegressor(random_state=0).fit(X, y)


def test_bagging_lowers_the_variance_of_trees():
    rng = np.random.default_rng(8)
    grid = np.linspace(-1, 1, 50)[:, None]
    single, bagged = [], []
    for seed in range(30):
        X = rng.uniform(-1, 1, (40, 1))
        y = np.sin(3 * X[:, 0]) + 0.4 * rng.normal(size=40)
        single.append(fit_tree(X, y).predict(grid))
        bagged.append(e.Bagging(fit_tree, lambda t, X: t.predict(X), 30, seed=seed).fit(X, y).predict(grid))
    assert np.var(bagged, axis=0).mean() < 0.6 * np.var(single, axis=0).mean()


def test_out_of_bag_answers_come_from_models_that_did_not_see_the_sample():
    X = np.arange(20.0)[:, None]
    bag = e.Bagging(
        lambda X, y: set(y.tolist()), lambda seen, X: np.array([float(x in seen) for x in X[:, 0]]), 40
    )
    bag.fit(X, X[:, 0])
    np.testing.assert_array_equal(bag.out_of_bag, 0)  # had one seen its sample, it would have said 1
    assert 0.5 < bag.predict(X).mean() < 0.75  # 1 − 1/e of all see each


def test_a_sample_that_all_models_saw_has_no_out_of_bag_answer():
    bag = e.Bagging(lambda X, y: None, lambda _, X: X[:, 0], 1, seed=1).fit([[1.0]], [2.0])
    assert np.isnan(bag.out_of_bag).all()


def test_votes_are_counted(backend):
    answers = iter([[0, 1, 2], [0, 2, 2], [1, 2, 0]] * 2)
    bag = e.Bagging(
        lambda X, y: next(answers), lambda labels, X: backend.array(np.array(labels)), 3, vote=True
    )
    X = backend.array(np.zeros((3, 1)))
    bag.fit(X, backend.array(np.zeros(3)))
    np.testing.assert_array_equal(backend.numpy(bag.predict(X)), [0, 2, 2])


def test_averages_of_predictions(backend):
    p = np.random.default_rng(9).dirichlet(np.ones(4), size=(3, 5))
    backend.check(e.average_predictions(backend.array(p)), p.mean(axis=0))


def test_averages_of_parameters_are_torchs_swa():
    torch.manual_seed(0)
    nets = [torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4)) for _ in range(3)]
    averaged = torch.optim.swa_utils.AveragedModel(nets[0])
    for net in nets:
        averaged.update_parameters(net)
    ours = e.average_parameters(nets)
    assert ours is not nets[0]
    for mine, theirs in zip(ours.parameters(), averaged.module.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs)
    assert ours[1].num_batches_tracked.dtype == torch.int64


X, Y = rings(10, 12)
BAD = [
    (lambda: e.DecisionStump().fit(Y, Y), r"X: expected shape \(n, d\)"),
    (lambda: e.DecisionStump().fit(X, Y[:5]), "y: expected as many rows"),
    (lambda: e.DecisionStump().fit(X, Y, Y[:5]), "weights: expected shape"),
    (lambda: e.DecisionStump().fit(X, Y, -np.ones(12)), "weights: expected numbers ≥ 0"),
    (lambda: e.DecisionStump().fit(X[:, 2:], Y).predict(Y), "X: expected shape"),
    (lambda: e.AdaBoost(0), "rounds: expected at least 1"),
    (lambda: e.AdaBoost().fit(X, np.abs(Y)), "y: expected labels −1 and"),
    (lambda: e.GradientBoosting(0), "rounds: expected at least 1"),
    (lambda: e.GradientBoosting(learning_rate=0), "learning_rate: expected a number > 0"),
    (lambda: e.GradientBoosting(loss="hinge"), "loss: expected 'squared'"),
    (lambda: e.GradientBoosting(loss="logistic").fit(X, Y), "y: expected labels 0 and 1"),
    (lambda: e.Bagging(fit_tree, None, 0), "models: expected at least 1"),
    (lambda: e.average_predictions(1.0), "probabilities: expected shape"),
    (lambda: e.average_parameters([]), "models: expected at least one"),
    (lambda: e.average_parameters([{"a": X}, {"b": X}]), "models: expected the same names"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
