"""GoogLeNet: filters of several sizes side by side, made cheap by 1 × 1 bottlenecks."""

from __future__ import annotations

import torch
from torch import nn


class Inception(nn.Module):
    """Four ways side by side, joined along the channels: 1 × 1, 3 × 3, 5 × 5, and pooling.

    Before the large filters, and after pooling, 1 × 1 convolutions reduce the channels.

    Parameters
    ----------
    inputs
        Channels that come in.
    one, three, five, pooled
        Channels that each way gives.
    to_three, to_five
        Channels left for the 3 × 3 and the 5 × 5 filters.

    Examples
    --------
    >>> Inception(192, 64, 96, 128, 16, 32, 32)(torch.zeros(1, 192, 28, 28)).shape
    torch.Size([1, 256, 28, 28])
    """

    def __init__(
        self, inputs: int, one: int, to_three: int, three: int, to_five: int, five: int, pooled: int
    ) -> None:
        super().__init__()
        self.one = nn.Sequential(nn.Conv2d(inputs, one, 1), nn.ReLU())
        self.three = nn.Sequential(
            nn.Conv2d(inputs, to_three, 1), nn.ReLU(), nn.Conv2d(to_three, three, 3, padding=1), nn.ReLU()
        )
        self.five = nn.Sequential(
            nn.Conv2d(inputs, to_five, 1), nn.ReLU(), nn.Conv2d(to_five, five, 5, padding=2), nn.ReLU()
        )
        self.pooled = nn.Sequential(nn.MaxPool2d(3, 1, padding=1), nn.Conv2d(inputs, pooled, 1), nn.ReLU())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, inputs, h, w) to (n, one + three + five + pooled, h, w)."""
        return torch.cat([self.one(x), self.three(x), self.five(x), self.pooled(x)], dim=1)


class GoogLeNet(nn.Module):
    """GoogLeNet: 22 layers deep, and with no large fully connected layers a twentieth of VGG's parameters.

    The two auxiliary classifiers, which helped gradients in training and were thrown away after it, are left out.

    Parameters
    ----------
    classes
        Scores that come out.

    References
    ----------
    Szegedy and others, *Going Deeper with Convolutions* (2014), table 1.
    """

    def __init__(self, classes: int = 1000) -> None:
        super().__init__()

        def pool() -> nn.Module:
            return nn.MaxPool2d(3, 2, ceil_mode=True)

        self.features = nn.Sequential(
            nn.Conv2d(3, 64, 7, stride=2, padding=3), nn.ReLU(), pool(), nn.LocalResponseNorm(5),  # 64 × 56 × 56
            nn.Conv2d(64, 64, 1), nn.ReLU(),
            nn.Conv2d(64, 192, 3, padding=1), nn.ReLU(), nn.LocalResponseNorm(5), pool(),  # 192 × 28 × 28
            Inception(192, 64, 96, 128, 16, 32, 32),
            Inception(256, 128, 128, 192, 32, 96, 64), pool(),  # 480 × 14 × 14
            Inception(480, 192, 96, 208, 16, 48, 64),
            Inception(512, 160, 112, 224, 24, 64, 64),
            Inception(512, 128, 128, 256, 24, 64, 64),
            Inception(512, 112, 144, 288, 32, 64, 64),
            Inception(528, 256, 160, 320, 32, 128, 128), pool(),  # 832 × 7 × 7
            Inception(832, 256, 160, 320, 32, 128, 128),
            Inception(832, 384, 192, 384, 48, 128, 128),  # 1024 × 7 × 7
        )  # fmt: skip
        self.classifier = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.4), nn.Linear(1024, classes)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores (n, classes) of images (n, 3, 224, 224)."""
        scores: torch.Tensor = self.classifier(self.features(x))
        return scores
