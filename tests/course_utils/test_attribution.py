"""Attributions against gradients by hand, finite differences, loops and NumPy; and models are left as they were."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from course_utils import attribution as a
from course_utils import data

F = torch.nn.functional
seeds = st.integers(0, 2**32 - 1)


def small_net(bias=True, seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1, bias=bias),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(4 * 3 * 3, 6, bias=bias),
        nn.ReLU(),
        nn.Linear(6, 3, bias=bias),
    ).double()


def pictures(seed, n=2):
    return torch.tensor(np.random.default_rng(seed).normal(size=(n, 2, 6, 6)))


METHODS = [
    a.saliency,
    a.gradient_times_input,
    a.deconv,
    a.guided_backprop,
    a.layerwise_relevance,
    lambda *args: a.occlusion(*args, size=2, stride=2),
    lambda *args: a.fgsm(*args, eps=0.1),
    lambda model, x, target: a.class_image(model, int(target), tuple(x.shape[1:]), steps=3),
    lambda model, x, target: a.deep_dream(model[:3], x, steps=2, octaves=1, jitter=1),
    lambda model, x, target: a.top_patches(model[:3], x, int(target), k=1).patches,
]


@pytest.mark.parametrize("method", METHODS)
def test_models_and_images_are_left_as_they_were(method):
    model = small_net().float().train()
    model[1].eval()
    model[4].weight.requires_grad_(False)
    x = pictures(0).float()
    before = x.clone(), {name: value.clone() for name, value in model.state_dict().items()}
    with torch.no_grad():
        first = method(model, x, 1)
    assert not first.requires_grad
    torch.testing.assert_close(method(model, x, 1), first)  # nothing random
    assert torch.equal(x, before[0])
    assert all(torch.equal(value, before[1][name]) for name, value in model.state_dict().items())
    assert [part.training for part in model] == [True, False, *[True] * 5]
    assert [p.requires_grad for p in model.parameters()] == [True, True, False, True, True, True]
    assert all(p.grad is None for p in model.parameters())
    assert all("forward" not in part.__dict__ for part in model)


@given(seeds, st.integers(0, 2))
def test_saliency_and_gradient_times_input_are_the_finite_differences(seed, target):
    model, x = small_net(seed=seed % 7), pictures(seed, n=1)
    steps = 1e-6 * torch.eye(x.numel(), dtype=torch.float64).reshape(-1, *x.shape[1:])
    with torch.no_grad():
        slopes = ((model(x + steps) - model(x - steps))[:, target] / 2e-6).reshape(x.shape)
    torch.testing.assert_close(a.saliency(model, x, target), slopes.abs().amax(dim=1), rtol=1e-4, atol=1e-6)
    expected = (slopes * x).sum(dim=1)
    torch.testing.assert_close(a.gradient_times_input(model, x, target), expected, rtol=1e-4, atol=1e-6)


def test_each_image_may_have_a_class_of_its_own():
    model, x = small_net(), pictures(1, n=3)
    together = a.saliency(model, x, torch.tensor([2, 0, 1]))
    one_by_one = [a.saliency(model, x[i : i + 1], target)[0] for i, target in enumerate((2, 0, 1))]
    torch.testing.assert_close(together, torch.stack(one_by_one))


@given(seeds, st.integers(1, 6), st.integers(1, 4), st.integers(1, 5))
def test_occlusion_is_the_loop(seed, size, stride, batch_size):
    model, x = small_net(), pictures(seed)
    got = a.occlusion(model, x, 1, size, stride, fill=0.5, batch_size=batch_size)
    side = (6 - size) // stride + 1
    assert got.shape == (2, side, side)
    for i in range(side):
        for j in range(side):
            covered = x.clone()
            covered[:, :, i * stride : i * stride + size, j * stride : j * stride + size] = 0.5
            with torch.no_grad():
                torch.testing.assert_close(got[:, i, j], (model(x) - model(covered))[:, 1])


def by_hand(weights, x, target, rule):
    """Back through a fully connected ReLU net in NumPy, ``rule(z, upstream)`` at each ReLU."""
    inputs = [x]
    for w in weights[:-1]:
        inputs.append(np.maximum(w @ inputs[-1], 0))
    upstream = weights[-1][target]
    for w, z in zip(weights[-2::-1], (w @ v for w, v in zip(weights[-2::-1], inputs[-2::-1], strict=True)), strict=True):  # fmt: skip
        upstream = w.T @ rule(z, upstream)
    return upstream


RULES = {
    a.deconv: lambda z, up: np.where(up > 0, up, 0),
    a.guided_backprop: lambda z, up: np.where((up > 0) & (z > 0), up, 0),
}


@pytest.mark.parametrize("method", RULES, ids=lambda method: method.__name__)
@given(seed=seeds)
def test_the_other_ways_back_through_a_relu(method, seed):
    rng = np.random.default_rng(seed)
    weights = [rng.normal(size=shape) for shape in ((5, 4), (6, 5), (3, 6))]
    x = rng.normal(size=4)
    model = fully_connected(weights)
    got = method(model, torch.tensor(x).reshape(1, 1, 2, 2), 2).numpy().ravel()
    np.testing.assert_allclose(got, by_hand(weights, x, 2, RULES[method]), atol=1e-12)


def fully_connected(weights):
    layers = [nn.Flatten()]
    for w in weights:
        layers += [nn.Linear(w.shape[1], w.shape[0], bias=False), nn.ReLU()]
        layers[-2].weight.data = torch.tensor(w)
    return nn.Sequential(*layers[:-1])


@given(seeds, st.sampled_from([0.01, 0.25, 1.0]))
def test_relevance_is_shared_out_layer_by_layer(seed, eps):
    rng = np.random.default_rng(seed)
    weights = [rng.normal(size=shape) for shape in ((5, 4), (6, 5), (3, 6))]
    x = rng.normal(size=4)
    activations, sums = [x], []
    for w in weights:
        sums.append(w @ activations[-1])
        activations.append(np.maximum(sums[-1], 0))
    relevance = np.eye(3)[1] * sums[-1]
    for layer in (2, 1, 0):
        z, incoming = sums[layer], activations[layer]
        absorbed = 0 if layer == 2 else eps * np.sqrt(np.mean(z**2))
        messages = weights[layer] * incoming  # (out, in): what each input adds to each sum
        stabilised = z + absorbed * np.where(z < 0, -1, 1)
        share = np.divide(relevance, stabilised, out=np.zeros_like(z), where=relevance != 0)
        relevance = (messages * share[:, None]).sum(0)
    got = a.layerwise_relevance(fully_connected(weights), torch.tensor(x).reshape(1, 1, 2, 2), 1, eps)
    np.testing.assert_allclose(got.numpy().ravel(), relevance, atol=1e-10)


@given(seeds)
def test_without_biases_no_relevance_is_lost(seed):
    model, x = small_net(bias=False), pictures(seed)
    with torch.no_grad():
        scores = model(x)[:, 0]
    relevance = a.layerwise_relevance(model, x, 0, eps=0)
    torch.testing.assert_close(relevance.sum(dim=(1, 2, 3)), scores)
    torch.testing.assert_close(relevance.sum(dim=1), a.gradient_times_input(model, x, 0))


def test_relevance_of_an_image_does_not_depend_on_its_batch():
    model, x = small_net(), pictures(3, n=3)
    together = a.layerwise_relevance(model, x, 0)
    torch.testing.assert_close(together[1:2], a.layerwise_relevance(model, x[1:2], 0))


@given(seeds, st.floats(0, 0.5))
def test_fast_gradient_signs_stay_within_eps_and_raise_the_loss(seed, eps):
    model, x, y = small_net(), pictures(seed), torch.tensor([0, 2])
    deceiving = a.fgsm(model, x, y, eps)
    assert (deceiving - x).abs().max() <= eps + 1e-12
    leaf = x.clone().requires_grad_()
    F.cross_entropy(model(leaf), y).backward()
    torch.testing.assert_close(deceiving, x + eps * leaf.grad.sign())
    clipped = a.fgsm(model, x, y, eps, low=-0.1, high=torch.tensor(0.1))
    torch.testing.assert_close(clipped, deceiving.clamp(-0.1, 0.1))


def test_a_class_image_earns_its_class_a_higher_score_than_any_photograph():
    net = data.load_squeezenet()
    flamingo = net.class_names.index("flamingo")
    image = a.class_image(net, flamingo, (3, 128, 128), steps=40)
    photographs = [data.preprocess(data.load_photograph(name), size=128) for name in data.PHOTOGRAPHS]
    with torch.no_grad():
        assert net(image).argmax() == flamingo
        best = max(float(net(photograph)[0, flamingo]) for photograph in photographs)
        assert net(image)[0, flamingo] > best


def test_on_a_linear_score_the_climb_is_a_geometric_series():
    model = nn.Sequential(nn.Flatten(), nn.Linear(72, 3))
    slope = model[1].weight[2].detach().reshape(1, 2, 6, 6)
    x = a.class_image(model, 2, (2, 6, 6), steps=9, learning_rate=0.5, decay=0.1, blur=0)
    series = (1 - 0.9**9) / 0.1
    torch.testing.assert_close(x, 0.5 * series * slope / slope.abs().mean())


def test_regularisers_do_what_they_say():
    model = nn.Sequential(nn.Flatten(), nn.Linear(72, 3))

    def roughness(image):
        return float(image.diff(dim=2).abs().mean() / image.abs().mean())

    plain = a.class_image(model, 0, (2, 6, 6), steps=8, decay=0, blur=0)
    assert roughness(a.class_image(model, 0, (2, 6, 6), steps=8, decay=0, blur=2.0)) < roughness(plain)
    for option in ("clip_small", "clip_contribution"):
        clipped = a.class_image(model, 0, (2, 6, 6), steps=8, blur=0, **{option: 0.5})
        assert float((clipped.abs().sum(dim=1) == 0).float().mean()) == pytest.approx(0.5, abs=0.1)


def test_dreams_excite_the_layer_more_and_stay_in_range():
    net = data.load_squeezenet()
    x = data.preprocess(data.load_photograph("coffee"), size=96)
    lower = net.features[:6]
    dream = a.deep_dream(lower, x, steps=4, octaves=2, low=-100.0, high=torch.tensor(120.0))
    assert dream.shape == x.shape
    assert dream.min() >= -100
    assert dream.max() <= 120
    with torch.no_grad():
        assert lower(dream).square().sum() > 1.2 * lower(x).square().sum()


def test_a_photograph_is_misread_after_a_change_too_small_to_see():
    net = data.load_squeezenet()
    x = data.preprocess(data.load_photograph("coffee"))
    with torch.no_grad():
        label = int(net(x).argmax())
        assert int(net(a.fgsm(net, x, label, eps=1.0)).argmax()) != label  # of 255 levels


NETS = [
    lambda: nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 4, 3, stride=2, padding=1)),
    lambda: nn.Sequential(nn.Conv2d(3, 4, 5, dilation=2), nn.Sequential(nn.AvgPool2d(3, 2)), nn.Conv2d(4, 2, 2)),
    lambda: data.load_squeezenet().features[:7],
]  # fmt: skip


@pytest.mark.parametrize("make", NETS)
def test_the_receptive_field_is_where_the_gradient_reaches(make):
    features = make().double().eval()
    for parameter in features.parameters():
        parameter.data = parameter.data.abs() + 0.1  # nothing cancels, no ReLU is off
    x = torch.rand(1, 3, 79, 79, dtype=torch.float64, requires_grad=True)
    size, stride, start = a.receptive_field(features)
    soft = nn.Sequential(*[smoothed(part) for part in features])
    maps = soft(x)
    place = maps.shape[2] // 2
    (gradient,) = torch.autograd.grad(maps[0, :, place, place].sum(), x)
    reached = gradient.abs().sum(dim=(0, 1, 2)).nonzero().ravel()
    assert (int(reached[0]), len(reached)) == (start + stride * place, size)


def smoothed(part):
    """The same place and size, but every pixel counts, not only the largest."""
    if isinstance(part, nn.MaxPool2d):
        return nn.AvgPool2d(part.kernel_size, part.stride, part.padding, ceil_mode=part.ceil_mode)
    return part


def test_top_patches_are_cut_where_the_unit_is_excited():
    torch.manual_seed(0)
    features = nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 5, 3, padding=1)
    )
    images = torch.rand(70, 3, 16, 16)
    found = a.top_patches(features, images, unit=2, k=6)
    with torch.no_grad():
        maps = features(images)[:, 2]
    best = sorted(maps.amax(dim=(1, 2)).tolist(), reverse=True)[:6]
    np.testing.assert_allclose(found.activations.numpy(), best, rtol=1e-6)
    size, _, _ = a.receptive_field(features)
    assert found.patches.shape == (6, 3, size, size)
    for patch, i, (top, left) in zip(found.patches, found.image, found.corners.tolist(), strict=True):
        for y in range(size):
            for x in range(size):
                row, column = top + y, left + x
                inside = 0 <= row < 16 and 0 <= column < 16
                expected = images[i, :, row, column] if inside else torch.zeros(3)
                assert torch.equal(patch[:, y, x], expected)


def test_filters_become_pictures_from_0_to_1():
    pictures_of = a.filter_images(torch.randn(7, 3, 5, 4))
    assert pictures_of.shape == (7, 5, 4, 3)
    assert torch.equal(pictures_of.amin(dim=(1, 2, 3)), torch.zeros(7))
    torch.testing.assert_close(pictures_of.amax(dim=(1, 2, 3)), torch.ones(7))
    assert torch.isfinite(a.filter_images(torch.ones(2, 1, 3, 3))).all()


X, MODEL = pictures(0), small_net()
BAD = [
    (lambda: a.saliency(MODEL, X[0], 0), "images"),
    (lambda: a.saliency(MODEL, X, 3), "target"),
    (lambda: a.saliency(MODEL, X, torch.tensor([0, -1])), "target"),
    (lambda: a.saliency(MODEL[:3], X, 0), "model"),
    (lambda: a.deconv(nn.Sequential(nn.Flatten(), nn.Linear(72, 3)).double(), X, 0), "model"),
    (lambda: a.layerwise_relevance(MODEL, X, 0, eps=-1.0), "eps"),
    (lambda: a.occlusion(MODEL, X, 0, size=7, stride=1), "size"),
    (lambda: a.occlusion(MODEL, X, 0, size=2, stride=0), "stride"),
    (lambda: a.class_image(MODEL, 0, (6, 6)), "shape"),
    (lambda: a.class_image(MODEL, 0, (2, 6, 6), steps=0), "steps"),
    (lambda: a.class_image(MODEL, 0, (2, 6, 6), blur_every=0), "blur_every"),
    (lambda: a.class_image(MODEL, 0, (2, 6, 6), decay=1.0), "decay"),
    (lambda: a.class_image(MODEL, 0, (2, 6, 6), clip_small=-0.1), "clip_small"),
    (lambda: a.class_image(MODEL, 0, (2, 6, 6), clip_contribution=1.5), "clip_contribution"),
    (lambda: a.deep_dream(MODEL[:3], X[0]), "images"),
    (lambda: a.deep_dream(MODEL[:3], X, steps=0), "steps"),
    (lambda: a.deep_dream(MODEL[:3], X, octaves=0), "octaves"),
    (lambda: a.deep_dream(MODEL[:3], X, scale=1.0), "scale"),
    (lambda: a.fgsm(MODEL, X, 0, eps=-0.1), "eps"),
    (lambda: a.fgsm(MODEL, X, 5, eps=0.1), "target"),
    (lambda: a.filter_images(torch.zeros(3, 3)), "weight"),
    (lambda: a.receptive_field(MODEL), "features"),
    (lambda: a.receptive_field(nn.Conv2d(1, 1, (3, 5))), "features"),
    (lambda: a.receptive_field(nn.Conv2d(1, 1, 3, padding="same")), "features"),
    (lambda: a.top_patches(MODEL[:3], X[0], 0), "images"),
    (lambda: a.top_patches(MODEL[:3], X, 4, k=1), "unit"),
    (lambda: a.top_patches(MODEL[:3], X, 0, k=3), "k"),
]


@pytest.mark.parametrize(("call", "argument"), BAD)
def test_errors_name_the_argument(call, argument):
    with pytest.raises(ValueError, match=rf"^`?{argument}\b"):
        call()
