"""Architectures by their published counts, costs by torch's own counter."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from course_utils import architectures as a
from course_utils import data
from course_utils.recurrent import LSTM
from course_utils.segmentation import UNet

# For 1,000 classes; from the papers and torchvision's model zoo, GoogLeNet's from summing the paper's table 1 by hand.
PUBLISHED = {
    "AlexNet": (a.AlexNet, 227, 60_965_224),
    "VGG-16": (a.VGG16, 224, 138_357_544),
    "GoogLeNet": (a.GoogLeNet, 224, 6_998_552),
    "ResNet-18": (a.ResNet18, 224, 11_689_512),
    "ResNet-34": (a.ResNet34, 224, 21_797_672),
    "ResNet-50": (a.ResNet50, 224, 25_557_032),
    "ResNet-101": (a.ResNet101, 224, 44_549_160),
    "ResNet-152": (a.ResNet152, 224, 60_192_808),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_net_has_the_published_number_of_parameters(name):
    make, size, count = PUBLISHED[name]
    summary = a.summarize(make, (3, size, size))
    assert summary.parameters == count
    assert sum(row.parameters for row in summary.rows) == count
    assert summary.rows[-1].shape == (1000,)


def inception_by_hand(inputs, one, to_three, three, to_five, five, pooled):
    return (
        (inputs + 1) * (one + to_three + to_five + pooled)
        + (9 * to_three + 1) * three
        + (25 * to_five + 1) * five
    )


def test_an_inception_module_has_what_its_formula_says():
    sizes = (480, 192, 96, 208, 16, 48, 64)
    assert a.count_parameters(a.Inception(*sizes)) == inception_by_hand(*sizes)


@pytest.mark.parametrize("name", PUBLISHED)
def test_multiply_adds_are_half_of_torchs_flops(name):
    make, size, _ = PUBLISHED[name]
    with torch.device("meta"):
        net = make().eval()
    with FlopCounterMode(display=False) as counter:
        net(torch.zeros(1, 3, size, size, device="meta"))
    assert a.summarize(net, (3, size, size)).multiply_adds == counter.get_total_flops() // 2


def test_transposed_convolutions_count_as_in_torch():
    net = UNet(classes=3, width=4, depth=2)
    with FlopCounterMode(display=False) as counter:
        net(torch.zeros(1, 3, 16, 24))
    assert a.summarize(net, (3, 16, 24)).multiply_adds == counter.get_total_flops() // 2


def test_alexnets_first_layer_is_the_one_in_the_notes():
    first = a.summarize(a.AlexNet, (3, 227, 227)).rows[0]
    assert (first.shape, first.parameters) == ((96, 55, 55), 34_944)
    assert first.multiply_adds == 55 * 55 * 96 * 11 * 11 * 3


@pytest.mark.parametrize(("size", "channels"), [(28, 1), (32, 3)])
def test_lenet_takes_both_sizes_of_digits(size, channels):
    net = a.LeNet5(classes=7, channels=channels, size=size)
    assert net(torch.zeros(3, channels, size, size)).shape == (3, 7)
    shapes = [row.shape for row in a.summarize(net, (channels, size, size)).rows if row.kind == "Conv2d"]
    assert shapes == [(6, 28, 28), (16, 10, 10), (120, 1, 1)]
    if channels == 1:
        assert a.summarize(net, (1, size, size)).rows[0].parameters == 156


def test_a_residual_block_passes_its_input_on():
    block = a.resnet.BasicBlock(8, 8).eval()
    nn.init.zeros_(block.layers[2][1].weight)
    x = torch.rand(2, 8, 5, 5)
    torch.testing.assert_close(block(x), x)
    narrow = a.resnet.Bottleneck(8, 4, stride=2)
    assert narrow(x).shape == (2, 16, 3, 3)


def test_a_summary_leaves_the_model_alone_and_prints():
    net = nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten(), nn.Linear(72, 5)
    ).train()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    summary = a.summarize(net, (1, 8, 8))
    assert net.training
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert not any(part._forward_hooks for part in net.modules())
    text, html = str(summary), summary._repr_html_()
    for said in ("BatchNorm2d", "2 × 6 × 6", f"{72 * 5:,}", f"{summary.parameters:,}"):
        assert said in text
        assert said in html


def test_large_nets_take_no_memory():
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    a.summarize(lambda: nn.Linear(200_000, 200_000), (200_000,))  # 160 GB, were it allocated
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


def test_a_layer_used_twice_has_two_rows_and_is_counted_once():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(4, 4)

        def forward(self, x):
            return self.layer(self.layer(x))

    summary = a.summarize(Twice(), (4,))
    assert [row.multiply_adds for row in summary.rows] == [16, 16]
    assert summary.parameters == 20


def test_freezing_keeps_all_but_the_named_parts():
    net = a.LeNet5()
    a.freeze(net, except_for=["classifier.3"])
    assert [name for name, p in net.named_parameters() if p.requires_grad] == [
        "classifier.3.weight",
        "classifier.3.bias",
    ]
    assert a.count_parameters(net, trainable_only=True) == 850
    assert a.count_parameters(net) == 61_706


class TestFineTuning:
    def test_only_the_new_layer_learns_by_default(self):
        net = data.load_squeezenet()
        groups = a.fine_tune(net, classes=3, learning_rate=0.01)
        assert net(torch.zeros(2, 3, 64, 64)).shape == (2, 3)
        learning = [name for name, p in net.named_parameters() if p.requires_grad]
        assert learning == ["classifier.0.weight", "classifier.0.bias"]
        assert len(groups) == 1
        assert groups[0]["lr"] == 0.01

    def test_lower_parts_follow_more_slowly(self):
        net = a.LeNet5()
        groups = a.fine_tune(
            net, classes=4, learning_rate=1.0, layers=["features.6", "classifier.1"], slower=0.5
        )
        assert [group["lr"] for group in groups] == [1.0, 0.5, 0.25]
        assert groups[1]["params"][0] is net.classifier[1].weight
        frozen = [name for name, p in net.named_parameters() if not p.requires_grad]
        assert frozen == ["features.0.weight", "features.0.bias", "features.3.weight", "features.3.bias"]

    def test_fresh_scores_can_be_negative(self):
        net = data.load_squeezenet()
        a.fine_tune(net, classes=7)
        assert net(torch.randn(5, 3, 64, 64)).min() < 0

    def test_pretrained_features_beat_starting_over(self):
        from course_utils.training import accuracy, cross_entropy, evaluate, fit

        rng = np.random.default_rng(0)
        patches, labels = [], []
        for label, name in enumerate(("brick", "grass", "gravel")):
            photograph = data.load_photograph(name)
            for _ in range(20):
                top, left = rng.integers(0, 256 - 64, 2)
                patches.append(data.preprocess(photograph[top : top + 64, left : left + 64], 64)[0])
                labels.append(label)
        x, y = torch.stack(patches), torch.tensor(labels)
        order = torch.randperm(60, generator=torch.Generator().manual_seed(1))
        train, test = order[:30], order[30:]
        net = data.load_squeezenet()
        a.fine_tune(net, classes=3)
        torch.manual_seed(0)
        fit(
            net,
            cross_entropy,
            (x[train], y[train]),
            epochs=30,
            batch_size=5,
            learning_rate=1e-3,
            device="cpu",
            progress=False,
        )
        assert evaluate(net, accuracy, (x[test], y[test])) > 0.85


BAD = [
    (lambda: a.ResNet(20), "depth: expected one of 18, 34"),
    (lambda: a.LeNet5(size=64), "size: expected 28 or 32"),
    (lambda: a.summarize(lambda: 3, (1,)), "model: expected a module"),
    (lambda: a.freeze(a.LeNet5(), ["head"]), "except_for: expected paths"),
    (lambda: a.fine_tune(a.LeNet5(), 0), "classes: expected at least 1"),
    (lambda: a.fine_tune(a.LeNet5(), 3, slower=2), "slower: expected"),
    (lambda: a.fine_tune(a.LeNet5(), 3, layers=["head"]), "layers: expected paths"),
    (lambda: a.fine_tune(a.LeNet5(), 3, layers=["classifier.3"]), "layers: expected paths of parts below"),
    (lambda: a.fine_tune(LSTM(2, 3), 3), "model: expected a linear"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
