"""Residual networks: layers that only add to what they get, so that features and gradients pass straight through."""

from __future__ import annotations

import torch
from torch import nn

from course_utils._arrays import require


def _conv(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Sequential:
    """A convolution without bias, for the batch norm after it has one."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False), nn.BatchNorm2d(outputs)
    )


class _Residual(nn.Module):
    """``relu(F(x) + x)``; where F changes the shape, a 1 × 1 convolution changes x too."""

    def __init__(self, inputs: int, outputs: int, stride: int, layers: nn.Sequential) -> None:
        super().__init__()
        self.layers = layers
        same = inputs == outputs and stride == 1
        self.shortcut = nn.Sequential() if same else _conv(inputs, outputs, 1, stride)
        self.relu = nn.ReLU()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.relu(self.layers(x) + self.shortcut(x))
        return y


class BasicBlock(_Residual):
    """Two 3 × 3 convolutions beside the shortcut.

    Parameters
    ----------
    inputs, maps, stride
        Channels that come in, filters of each convolution, and the stride of the first.
    """

    expansion = 1

    def __init__(self, inputs: int, maps: int, stride: int = 1) -> None:
        super().__init__(
            inputs,
            maps,
            stride,
            nn.Sequential(_conv(inputs, maps, 3, stride), nn.ReLU(), _conv(maps, maps, 3)),
        )


class Bottleneck(_Residual):
    """1 × 1 down, 3 × 3, and 1 × 1 up to four times as many maps: as cheap as a basic block, and deeper.

    Parameters
    ----------
    inputs, maps, stride
        As in :class:`BasicBlock`; the stride is the 3 × 3 convolution's.
    """

    expansion = 4

    def __init__(self, inputs: int, maps: int, stride: int = 1) -> None:
        layers = nn.Sequential(
            _conv(inputs, maps, 1),
            nn.ReLU(),
            _conv(maps, maps, 3, stride),
            nn.ReLU(),
            _conv(maps, 4 * maps, 1),
        )
        super().__init__(inputs, 4 * maps, stride, layers)


_DEPTHS: dict[int, tuple[type[BasicBlock] | type[Bottleneck], tuple[int, int, int, int]]] = {
    18: (BasicBlock, (2, 2, 2, 2)),
    34: (BasicBlock, (3, 4, 6, 3)),
    50: (Bottleneck, (3, 4, 6, 3)),
    101: (Bottleneck, (3, 4, 23, 3)),
    152: (Bottleneck, (3, 8, 36, 3)),
}


class ResNet(nn.Module):
    """ResNet of 18, 34, 50, 101 or 152 layers with weights: batch norm after every convolution, no dropout.

    Parameters
    ----------
    depth
        One of these.
    classes
        Scores that come out.

    References
    ----------
    He, Zhang, Ren and Sun, *Deep Residual Learning for Image Recognition* (2015); strides in the 3 × 3 convolutions of
    bottlenecks, as in torchvision.

    Examples
    --------
    >>> ResNet(18, classes=10)(torch.zeros(1, 3, 64, 64)).shape
    torch.Size([1, 10])
    """

    def __init__(self, depth: int, classes: int = 1000) -> None:
        super().__init__()
        require(depth in _DEPTHS, "depth", f"one of {', '.join(map(str, _DEPTHS))}", depth)
        block, repeats = _DEPTHS[depth]
        self.stem = nn.Sequential(
            _conv(3, 64, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, padding=1)
        )  # 64 × 56 × 56
        stages, inputs = [], 64
        for stage, count in enumerate(repeats):
            maps = 64 * 2**stage  # 56 → 28 → 14 → 7
            blocks = [block(inputs, maps, 1 if stage == 0 else 2)]
            inputs = maps * block.expansion
            blocks += [block(inputs, maps) for _ in range(count - 1)]
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.Sequential(*stages)
        self.classifier = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, classes))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores (n, classes) of images (n, 3, h, w), 224 × 224 in the paper."""
        scores: torch.Tensor = self.classifier(self.stages(self.stem(x)))
        return scores


class ResNet18(ResNet):
    """:class:`ResNet` of depth 18: 11,689,512 parameters for 1,000 classes."""

    def __init__(self, classes: int = 1000) -> None:
        super().__init__(18, classes)


class ResNet34(ResNet):
    """:class:`ResNet` of depth 34: 21,797,672 parameters for 1,000 classes."""

    def __init__(self, classes: int = 1000) -> None:
        super().__init__(34, classes)


class ResNet50(ResNet):
    """:class:`ResNet` of depth 50: 25,557,032 parameters for 1,000 classes."""

    def __init__(self, classes: int = 1000) -> None:
        super().__init__(50, classes)


class ResNet101(ResNet):
    """:class:`ResNet` of depth 101: 44,549,160 parameters for 1,000 classes."""

    def __init__(self, classes: int = 1000) -> None:
        super().__init__(101, classes)


class ResNet152(ResNet):
    """:class:`ResNet` of depth 152: 60,192,808 parameters for 1,000 classes."""

    def __init__(self, classes: int = 1000) -> None:
        super().__init__(152, classes)
