"""LeNet-5, AlexNet and VGG-16: convolutions and pooling, then fully connected layers.

Each is a list of layers that can be read from top to bottom; shapes stand at the end of the line.
"""

from __future__ import annotations

import torch
from torch import nn

from course_utils._arrays import require


class LeNet5(nn.Module):
    """LeNet-5, which read handwritten digits on letters and cheques.

    Parameters
    ----------
    classes, channels
        Scores that come out, and maps of the input.
    size
        Pixels a side: 28, which is padded to 32 as MNIST's digits were, or 32.

    References
    ----------
    LeCun, Bottou, Bengio and Haffner, *Gradient-Based Learning Applied to Document Recognition* (1998). All maps of the
    third layer see all of the second's, pooling takes the largest value, and units are rectified, as has become usual.

    Examples
    --------
    >>> LeNet5()(torch.zeros(2, 1, 28, 28)).shape
    torch.Size([2, 10])
    """

    def __init__(self, classes: int = 10, channels: int = 1, size: int = 28) -> None:
        super().__init__()
        require(size in (28, 32), "size", "28 or 32", size)
        self.features = nn.Sequential(
            nn.Conv2d(channels, 6, 5, padding=(32 - size) // 2), nn.ReLU(),  # 6 × 28 × 28
            nn.MaxPool2d(2),  # 6 × 14 × 14
            nn.Conv2d(6, 16, 5), nn.ReLU(),  # 16 × 10 × 10
            nn.MaxPool2d(2),  # 16 × 5 × 5
            nn.Conv2d(16, 120, 5), nn.ReLU(),  # 120 × 1 × 1
        )  # fmt: skip
        self.classifier = nn.Sequential(nn.Flatten(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, classes))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores (n, classes) of images (n, channels, size, size)."""
        scores: torch.Tensor = self.classifier(self.features(x))
        return scores


class AlexNet(nn.Module):
    """AlexNet, which won ImageNet in 2012: deeper and wider, rectified, with dropout, on two GPUs.

    Groups of 2 keep apart what ran on different GPUs; the first layer has 96 filters of 11 × 11, 34,944 parameters.

    Parameters
    ----------
    classes
        Scores that come out.

    References
    ----------
    Krizhevsky, Sutskever and Hinton, *ImageNet Classification with Deep Convolutional Neural Networks* (2012); the
    input is 227 × 227, with which the sizes in the paper come out.
    """

    def __init__(self, classes: int = 1000) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 96, 11, stride=4), nn.ReLU(),  # 96 × 55 × 55
            nn.MaxPool2d(3, 2), nn.LocalResponseNorm(5, k=2.0),  # 96 × 27 × 27
            nn.Conv2d(96, 256, 5, padding=2, groups=2), nn.ReLU(),
            nn.MaxPool2d(3, 2), nn.LocalResponseNorm(5, k=2.0),  # 256 × 13 × 13
            nn.Conv2d(256, 384, 3, padding=1), nn.ReLU(),
            nn.Conv2d(384, 384, 3, padding=1, groups=2), nn.ReLU(),
            nn.Conv2d(384, 256, 3, padding=1, groups=2), nn.ReLU(),
            nn.MaxPool2d(3, 2),  # 256 × 6 × 6
        )  # fmt: skip
        self.classifier = nn.Sequential(
            nn.Flatten(),
            nn.Dropout(0.5), nn.Linear(256 * 6 * 6, 4096), nn.ReLU(),
            nn.Dropout(0.5), nn.Linear(4096, 4096), nn.ReLU(),
            nn.Linear(4096, classes),
        )  # fmt: skip

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores (n, classes) of images (n, 3, 227, 227)."""
        scores: torch.Tensor = self.classifier(self.features(x))
        return scores


class VGG16(nn.Module):
    """VGG-16: nothing but 3 × 3 convolutions, stacked, and three fully connected layers that hold most parameters.

    Parameters
    ----------
    classes
        Scores that come out.

    References
    ----------
    Simonyan and Zisserman, *Very Deep Convolutional Networks for Large-Scale Image Recognition* (2014),
    configuration D: 138,357,544 parameters.
    """

    def __init__(self, classes: int = 1000) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs = 3
        for convolutions, maps in ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512)):
            for _ in range(convolutions):
                layers += [nn.Conv2d(inputs, maps, 3, padding=1), nn.ReLU()]
                inputs = maps
            layers.append(nn.MaxPool2d(2))  # 224 → 112 → 56 → 28 → 14 → 7
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(
            nn.Flatten(),
            nn.Linear(512 * 7 * 7, 4096), nn.ReLU(), nn.Dropout(0.5),
            nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout(0.5),
            nn.Linear(4096, classes),
        )  # fmt: skip

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores (n, classes) of images (n, 3, 224, 224)."""
        scores: torch.Tensor = self.classifier(self.features(x))
        return scores
