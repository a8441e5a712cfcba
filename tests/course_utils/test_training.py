"""The training loop: against plain torch, and what it promises about seeds, weights and stopping."""

import copy
import math

import numpy as np
import pytest
import torch
from torch import nn

from course_utils import training

DEVICES = [
    "cpu",
    pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")),
]


def data(n=101, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3))
    return torch.tensor(x, dtype=torch.float32), torch.tensor((x @ [1.0, -2.0, 0.5] > 0).astype(int))


def net(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, 7), nn.ReLU(), nn.Dropout(0.1), nn.Linear(7, 2))


def fit(model, train, **options):
    return training.fit(model, training.cross_entropy, train, progress=False, device="cpu", **options)


def weights(model):
    return torch.cat([parameter.detach().flatten().cpu() for parameter in model.parameters()])


@pytest.mark.parametrize("where", DEVICES)
def test_a_full_batch_is_plain_torch(where):
    x, y = data()
    ours = nn.Linear(3, 2)
    theirs = copy.deepcopy(ours)
    history = training.fit(
        ours,
        training.cross_entropy,
        (x, y),
        epochs=5,
        batch_size=200,
        learning_rate=0.5,
        optimizer=torch.optim.SGD,
        device=where,
        progress=False,
    )
    optimizer = torch.optim.SGD(theirs.parameters(), lr=0.5)
    losses = []
    for _ in range(5):
        loss = nn.functional.cross_entropy(theirs(x), y)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    np.testing.assert_allclose(history.loss, losses, rtol=1e-5)
    np.testing.assert_allclose(weights(ours), weights(theirs), rtol=1e-4, atol=1e-6)
    assert next(ours.parameters()).device.type == where


def test_the_seed_decides_and_the_callers_random_state_is_left_alone():
    runs = []
    for seed in (1, 1, 2):
        model = net()
        state = torch.get_rng_state()
        fit(model, data(), epochs=2, batch_size=16, seed=seed)
        assert torch.equal(state, torch.get_rng_state())
        runs.append(weights(model))
    assert torch.equal(runs[0], runs[1])
    assert not torch.equal(runs[0], runs[2])


def test_the_best_weights_are_kept_and_patience_ends_the_run():
    scores, seen = iter([0.1, 0.5, 0.4, 0.3, 0.9]), []

    def score(model):
        assert not model.training
        seen.append(weights(model))
        return next(scores)

    model = net()
    history = fit(model, data(), score=score, epochs=5, patience=2)
    assert history.score == [0.1, 0.5, 0.4, 0.3]  # the fifth epoch was never run
    assert history.best_epoch == 1
    assert torch.equal(weights(model), seen[1])
    assert not model.training


def test_the_loss_of_an_epoch_weighs_samples_not_batches():
    x = torch.tensor([[1.0], [1.0], [4.0]])
    history = training.fit(
        nn.Linear(1, 1),
        lambda model, x: (0 * model(x) + x).mean(),
        (x,),
        epochs=1,
        batch_size=2,
        device="cpu",
        progress=False,
    )
    assert history.loss == [pytest.approx(2.0)]


def test_frozen_parameters_stay():
    model = net()
    model[0].requires_grad_(False)
    before = model[0].weight.clone()
    fit(model, data(), epochs=2)
    assert torch.equal(model[0].weight, before)


def test_augmentation_changes_training_batches_only():
    x, y = data()
    seen = []

    def augment(x, y):
        seen.append(len(x))
        return x + 100, y

    model = net()
    loss = lambda model, x, y: nn.functional.cross_entropy(model(x), y) + 0 * (x.mean() - 100).abs()  # noqa: E731
    training.fit(model, loss, (x, y), epochs=1, batch_size=50, augment=augment, device="cpu", progress=False)
    assert seen == [50, 50, 1]
    assert x.abs().max() < 50


def test_gradients_are_clipped_to_the_norm():
    model = nn.Linear(3, 2)
    before = weights(model)
    x, y = data()
    fit(
        model,
        (1000 * x, y),
        epochs=1,
        batch_size=101,
        optimizer=torch.optim.SGD,
        learning_rate=1.0,
        max_norm=0.25,
    )
    assert torch.linalg.vector_norm(weights(model) - before).item() == pytest.approx(0.25, rel=1e-4)


def test_one_cycle_ends_with_almost_no_step():
    rates = []

    class Recorded(torch.optim.SGD):
        def step(self, closure=None):
            rates.append(self.param_groups[0]["lr"])
            return super().step(closure)

    fit(net(), data(), epochs=4, batch_size=11, optimizer=Recorded, learning_rate=0.3, one_cycle=True)
    assert len(rates) == 40
    assert max(rates) == pytest.approx(0.3, rel=0.02)
    assert rates[0] < 0.3 / 10
    assert rates[-1] < 0.3 / 50


@pytest.mark.parametrize("batch_size", [1, 7, 1000])
def test_evaluation_does_not_depend_on_the_batch_size_and_restores_the_mode(batch_size):
    x, y = data()
    model = net().train()
    with torch.no_grad():
        oracle = (model.eval()(x).argmax(1) == y).double().mean().item()
    model.train()
    assert training.evaluate(model, training.accuracy, (x, y), batch_size) == pytest.approx(oracle, rel=1e-6)
    assert model.training


def test_a_bar_shows_loss_and_score(capsys):
    training.fit(net(), training.cross_entropy, data(), score=lambda model: 0.25, epochs=1, device="cpu")
    said = capsys.readouterr().out
    assert "epoch 1/1" in said
    assert "score 0.2500" in said


BAD = [
    (lambda: fit(net(), ()), "train: expected tensors"),
    (
        lambda: fit(net(), (torch.zeros(0, 3), torch.zeros(0))),
        "train: expected tensors with at least one row",
    ),
    (lambda: fit(net(), (torch.zeros(2, 3), torch.zeros(3))), "train: expected tensors of equal length"),
    (lambda: fit(net(), data(), epochs=0), "epochs: expected at least 1"),
    (lambda: fit(net(), data(), batch_size=0), "batch_size: expected at least 1"),
    (
        lambda: fit(net(), data(), optimizer=torch.optim.SGD, learning_rate=math.inf),
        "learning_rate: expected one at which the loss stays finite",
    ),
    (
        lambda: training.evaluate(net(), training.accuracy, (torch.zeros(2, 3), torch.zeros(3))),
        "data: expected",
    ),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
