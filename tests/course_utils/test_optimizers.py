"""Optimizers against torch.optim, surfaces against autograd and their published minima."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from course_utils.optimizers import OPTIMIZERS, SCHEDULES, gradient_descent, newton, trajectory
from course_utils.surfaces import SURFACES, model_surface

DEVICES = [
    "cpu",
    pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")),
]
STEPS = 25
TORCH = {
    "gradient descent": (lambda p: torch.optim.SGD(p, lr=0.01), {"learning_rate": 0.01}),
    "momentum": (lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.8), {"learning_rate": 0.01, "mu": 0.8}),
    "adagrad": (lambda p: torch.optim.Adagrad(p, lr=0.3, eps=1e-8), {"learning_rate": 0.3}),
    "rmsprop": (lambda p: torch.optim.RMSprop(p, lr=0.02, alpha=0.8), {"learning_rate": 0.02, "beta": 0.8}),
    "adam": (
        lambda p: torch.optim.Adam(p, lr=0.2, betas=(0.8, 0.95)),
        {"learning_rate": 0.2, "beta1": 0.8, "beta2": 0.95},
    ),
    "adamw": (
        lambda p: torch.optim.AdamW(p, lr=0.2, betas=(0.8, 0.95), weight_decay=0.3),
        {"learning_rate": 0.2, "beta1": 0.8, "beta2": 0.95, "weight_decay": 0.3},
    ),
}


def torch_path(make, surface, start):
    w = torch.tensor(start, requires_grad=True)
    optimizer, path = make([w]), [w.detach().clone()]
    for _ in range(STEPS):
        optimizer.zero_grad()
        surface(w).sum().backward()
        optimizer.step()
        path.append(w.detach().clone())
    return torch.stack(path).numpy()


@pytest.mark.parametrize("name", TORCH)
@pytest.mark.parametrize("where", DEVICES)
def test_the_path_is_that_of_torch(name, where):
    make, hyper = TORCH[name]
    surface = SURFACES["Himmelblau"]
    start = np.random.default_rng(1).uniform(-2, 2, (7, 2))
    oracle = torch_path(make, surface, start)
    ours = trajectory(OPTIMIZERS[name], surface.gradient, start, STEPS, **hyper)
    np.testing.assert_allclose(ours, oracle, rtol=1e-9)
    tensor = trajectory(OPTIMIZERS[name], surface.gradient, torch.tensor(start, device=where), STEPS, **hyper)
    assert tensor.device.type == where
    np.testing.assert_allclose(tensor.cpu().numpy(), oracle, rtol=1e-9)


def test_nesterov_is_torchs_seen_from_the_point_ahead():
    # torch keeps the weights at w + μp; from there the two walk the same path.
    mu, rate, surface, start = 0.8, 0.01, SURFACES["Booth"], np.array([[0.5, -1.0]])
    oracle = torch_path(lambda p: torch.optim.SGD(p, lr=rate, momentum=mu, nesterov=True), surface, start)
    w, state, ahead = start, {}, [start]
    for _ in range(STEPS):
        w, state = OPTIMIZERS["nesterov"](w, surface.gradient, state, learning_rate=rate, mu=mu)
        ahead.append(w + mu * state["p"])
    np.testing.assert_allclose(np.stack(ahead), oracle, rtol=1e-9)


@given(st.integers(0, 2**32 - 1))
def test_newton_reaches_the_minimum_of_a_quadratic_in_one_step(seed):
    rng = np.random.default_rng(seed)
    B, minimum = rng.normal(size=(3, 3)), rng.normal(size=3)
    H = B @ B.T + np.eye(3)
    start = rng.normal(size=(4, 3))
    path = trajectory(
        newton, lambda w: (w - minimum) @ H, start, 1, hessian=lambda w: np.broadcast_to(H, (4, 3, 3))
    )
    np.testing.assert_allclose(path[1], np.broadcast_to(minimum, (4, 3)), atol=1e-8)


def test_newton_is_drawn_into_a_saddle_that_descent_leaves():
    saddle = SURFACES["saddle"]
    start = np.array([0.5, 0.3])
    np.testing.assert_allclose(
        trajectory(newton, saddle.gradient, start, 20, hessian=saddle.hessian)[-1], 0, atol=1e-6
    )
    end = trajectory(gradient_descent, saddle.gradient, start, 200, learning_rate=0.1)[-1]
    np.testing.assert_allclose(end, [0, 2], atol=1e-6)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_many_starts_at_once_are_the_single_ones(name):
    surface = SURFACES["Booth"]
    hyper = {"hessian": surface.hessian} if name == "newton" else {"learning_rate": 0.01}
    starts = np.random.default_rng(2).normal(size=(3, 5, 2))
    together = trajectory(OPTIMIZERS[name], surface.gradient, starts, 6, **hyper)
    assert together.shape == (7, 3, 5, 2)
    alone = trajectory(OPTIMIZERS[name], surface.gradient, starts[1, 4], 6, **hyper)
    np.testing.assert_allclose(together[:, 1, 4], alone, rtol=1e-12)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_step_leaves_weights_and_state_alone(name):
    surface = SURFACES["bowl"]
    hyper = {"hessian": surface.hessian} if name == "newton" else {}
    w, state = OPTIMIZERS[name](np.array([1.0, 2.0]), surface.gradient, {}, **hyper)
    kept = {key: np.copy(value) for key, value in state.items()}, w.copy()
    OPTIMIZERS[name](w, surface.gradient, state, **hyper)
    np.testing.assert_array_equal(w, kept[1])
    for key, value in state.items():
        np.testing.assert_array_equal(value, kept[0][key])


@pytest.mark.parametrize("surface", SURFACES.values(), ids=SURFACES)
class TestSurfaces:
    def points(self, surface, count=20):
        low, high = np.array(surface.bounds).reshape(2, 2).T
        return np.random.default_rng(3).uniform(low, high, (count, 2))

    def test_gradient_and_hessian_are_autograds(self, surface):
        w = torch.tensor(self.points(surface))
        for point in w:
            leaf = point.clone().requires_grad_()
            (gradient,) = torch.autograd.grad(surface(leaf), leaf)
            torch.testing.assert_close(surface.gradient(point), gradient, rtol=1e-9, atol=1e-9)
            H = torch.autograd.functional.hessian(surface, point)
            torch.testing.assert_close(surface.hessian(point), H, rtol=1e-4, atol=1e-4)

    def test_minima_are_flat_curved_upward_and_lowest(self, surface):
        for minimum in surface.minima:
            np.testing.assert_allclose(surface.gradient(minimum), 0, atol=2e-4)
            assert np.linalg.eigvalsh(surface.hessian(minimum)).min() > 0
            assert surface(minimum) <= surface(self.points(surface, 5000)).min() + 1e-6

    def test_saddles_are_flat_and_no_minima(self, surface):
        for saddle in surface.saddles:
            np.testing.assert_allclose(surface.gradient(saddle), 0, atol=2e-4)
            assert np.linalg.eigvalsh(surface.hessian(saddle)).min() < 1e-3

    def test_numpy_and_torch_agree(self, surface):
        w = self.points(surface)
        np.testing.assert_allclose(surface(w), surface(torch.tensor(w)).numpy(), rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("constant", lambda o: torch.optim.lr_scheduler.ConstantLR(o, 1.0)),
        ("step", lambda o: torch.optim.lr_scheduler.StepLR(o, step_size=5, gamma=0.5)),
        ("cosine", lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, T_max=20)),
    ],
)
def test_schedules_are_those_of_torch(name, make):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = make(optimizer)
    for number in range(20):
        assert SCHEDULES[name](number / 20) == pytest.approx(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()


def test_warm_up_rises_to_one_and_falls_to_zero():
    rates = [SCHEDULES["warm-up"](done) for done in (0, 0.05, 0.1, 0.55, 1)]
    np.testing.assert_allclose(rates, [0, 0.5, 1, 0.5, 0], atol=1e-12)


def test_a_schedule_scales_each_step_and_noise_joins_each_gradient():
    noise = np.array([[1.0], [2.0], [-5.0], [0.5]])
    path = trajectory(
        gradient_descent,
        lambda w: 0 * w,
        [0.0],
        4,
        schedule=lambda done: done,
        noise=noise,
        learning_rate=2.0,
    )
    np.testing.assert_allclose(np.diff(path[:, 0]), [0, -2 * 0.25 * 2, 2 * 0.5 * 5, -2 * 0.75 * 0.5])


def test_there_are_ten_surfaces_and_more():
    assert len(SURFACES) >= 10


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: SURFACES["bowl"]([1.0, 2.0, 3.0]), "w: expected points of shape"),
        (
            lambda: trajectory(gradient_descent, lambda w: w, [1.0], -1),
            "steps: expected a number ≥ 0, got -1",
        ),
        (
            lambda: trajectory(lambda w, g, s: (w[:1], s), lambda w: w, [1.0, 2.0], 1),
            "step: expected weights of shape",
        ),
        (
            lambda: trajectory(gradient_descent, lambda w: w, [1.0], 2, noise=np.zeros((3, 1))),
            "noise: expected 2 entries, got 3",
        ),
        (
            lambda: trajectory(gradient_descent, lambda w: w, [1.0], 2, schedule=SCHEDULES["step"]),
            "learning_rate: expected a number beside a schedule",
        ),
        (
            lambda: newton(np.ones(2), lambda w: w, {}, hessian=lambda w: np.ones(2)),
            "hessian: expected shape",
        ),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_networks_loss_over_two_weights_is_the_networks():
    torch.manual_seed(0)
    x, y = torch.randn(30, 2, dtype=torch.float64), torch.randn(30, 1, dtype=torch.float64)
    net = torch.nn.Sequential(torch.nn.Linear(2, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1)).double()
    loss = torch.nn.functional.mse_loss
    surface = model_surface(net, loss, (x, y), [("0.weight", 5), ("2.bias", 0)])
    pairs = np.random.default_rng(0).normal(size=(3, 2, 2))
    heights, gradients = surface(pairs), surface.gradient(torch.tensor(pairs))
    kept = {name: value.clone() for name, value in net.state_dict().items()}
    for i, pair in np.ndenumerate(pairs[..., 0]):
        net.load_state_dict(kept)
        with torch.no_grad():
            net[0].weight[2, 1], net[2].bias[0] = pair, pairs[i][1]
        net.zero_grad()
        value = loss(net(x), y)
        value.backward()
        assert heights[i] == pytest.approx(value.item())
        expected = [net[0].weight.grad[2, 1], net[2].bias.grad[0]]
        torch.testing.assert_close(gradients[i], torch.stack(expected))
    net.load_state_dict(kept)
    x0, x1, _, _ = surface.bounds
    assert (x0 + x1) / 2 == pytest.approx(kept["0.weight"][2, 1].item())
    path = trajectory(OPTIMIZERS["adam"], surface.gradient, pairs[0], 60, learning_rate=0.05)
    assert (surface(path[-1]) < surface(path[0])).all()


@pytest.mark.parametrize(
    "weights", [[("0.weight", 0)], [("weight", 0), ("weight", 9)], [("weight", 0), ("bias", 0)]]
)
def test_weights_that_the_network_lacks_are_named(weights):
    net, x = torch.nn.Linear(2, 1, bias=False), torch.ones(3, 2)
    with pytest.raises(ValueError, match="weights"):
        model_surface(net, torch.nn.functional.mse_loss, (x, x[:, :1]), weights)
