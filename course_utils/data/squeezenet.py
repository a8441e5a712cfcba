"""SqueezeNet 1.1 with weights trained on ImageNet, small enough to ship."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import nn

from course_utils._arrays import require
from course_utils.data.images import FILES

# Of blue, green and red, on a scale to 255; what the weights were trained with.
_MEAN = np.array([103.939, 116.779, 123.68], np.float32)[:, None, None]


class Fire(nn.Module):
    """Squeeze the channels with 1 × 1 filters, then expand them with 1 × 1 and 3 × 3 ones side by side.

    Parameters
    ----------
    channels, squeezed, expanded
        Channels that come in, between, and out of each of the two kinds.
    """

    def __init__(self, channels: int, squeezed: int, expanded: int) -> None:
        super().__init__()
        self.squeeze1x1 = nn.Conv2d(channels, squeezed, 1)
        self.expand1x1 = nn.Conv2d(squeezed, expanded, 1)
        self.expand3x3 = nn.Conv2d(squeezed, expanded, 3, padding=1)
        self.relus = nn.ModuleList(nn.ReLU() for _ in range(3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, channels, h, w) to (n, 2 · expanded, h, w)."""
        x = self.relus[0](self.squeeze1x1(x))
        return torch.cat([self.relus[1](self.expand1x1(x)), self.relus[2](self.expand3x3(x))], dim=1)


class SqueezeNet(nn.Module):
    """SqueezeNet 1.1: 1.2 million parameters, as accurate as AlexNet with 61 million.

    Parameters
    ----------
    classes
        How many scores come out.

    Attributes
    ----------
    class_names : tuple of str
        What the scores stand for.

    References
    ----------
    Iandola and others, *SqueezeNet: AlexNet-level accuracy with 50x fewer parameters* (2016), and its release 1.1.
    """

    def __init__(self, classes: int = 1000) -> None:
        super().__init__()
        self.class_names: tuple[str, ...] = ()

        def pool() -> nn.Module:
            return nn.MaxPool2d(3, 2, ceil_mode=True)

        self.features = nn.Sequential(
            nn.Conv2d(3, 64, 3, stride=2), nn.ReLU(), pool(),
            Fire(64, 16, 64), Fire(128, 16, 64), pool(),
            Fire(128, 32, 128), Fire(256, 32, 128), pool(),
            Fire(256, 48, 192), Fire(384, 48, 192), Fire(384, 64, 256), Fire(512, 64, 256),
        )  # fmt: skip
        self.classifier = nn.Sequential(
            nn.Conv2d(512, classes, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores (n, classes) of pictures (n, 3, h, w) that :func:`preprocess` made."""
        scores: torch.Tensor = self.classifier(self.features(x))
        return scores


def load_squeezenet() -> SqueezeNet:
    """The net with its weights, in evaluation mode, and the names of its 1,000 classes.

    Examples
    --------
    >>> from course_utils.data import load_photograph
    >>> net = load_squeezenet()
    >>> net.class_names[int(net(preprocess(load_photograph("coffee"))).argmax())]
    'espresso'
    """
    net = SqueezeNet()
    fires = [index for index, part in enumerate(net.features) if isinstance(part, Fire)]
    places = {"conv1": "features.0", "conv10": "classifier.0"}
    places |= {f"fire{number}": f"features.{index}" for number, index in enumerate(fires, start=2)}
    weights = {}
    for name, array in _weights().items():
        first, rest = name.split(".", 1)
        weights[f"{places[first]}.{rest}"] = torch.tensor(array, dtype=torch.float32)
    net.load_state_dict(weights)
    net.class_names = tuple((FILES / "imagenet_classes.txt").read_text(encoding="utf-8").splitlines())
    return net.eval()


@cache
def _weights() -> dict[str, np.ndarray]:
    with np.load(FILES / "squeezenet.npz", allow_pickle=False) as arrays:
        return dict(arrays)


def preprocess(image: np.ndarray, size: int = 227) -> torch.Tensor:
    """A picture as the net wants it: its middle square, scaled, blue first, less the mean colour.

    Parameters
    ----------
    image
        (h, w, 3) uint8.
    size
        Pixels a side of the result.

    Returns
    -------
    tensor
        (1, 3, size, size) float32.
    """
    from PIL import Image

    right = (
        isinstance(image, np.ndarray) and image.ndim == 3 and image.shape[2] == 3 and image.dtype == np.uint8
    )
    require(
        right,
        "image",
        "a uint8 array of shape (h, w, 3)",
        f"{getattr(image, 'dtype', type(image).__name__)} {np.shape(image)}",
    )
    side = min(image.shape[:2])
    top, left = (image.shape[0] - side) // 2, (image.shape[1] - side) // 2
    square = Image.fromarray(image[top : top + side, left : left + side])
    scaled = np.asarray(square.resize((size, size), Image.Resampling.BILINEAR), dtype=np.float32)
    channels = scaled[:, :, ::-1].transpose(2, 0, 1) - _MEAN
    return torch.from_numpy(np.ascontiguousarray(channels))[None]


def restore(tensor: torch.Tensor) -> np.ndarray:
    """The picture that a tensor (1, 3, h, w) or (3, h, w) for the net shows, (h, w, 3) uint8; the inverse of :func:`preprocess`."""
    require(
        tensor.ndim == 3 or (tensor.ndim == 4 and len(tensor) == 1),
        "tensor",
        "shape (1, 3, h, w)",
        f"shape {tuple(tensor.shape)}",
    )
    channels = tensor.detach().cpu().reshape(tensor.shape[-3:]).numpy() + _MEAN
    picture: np.ndarray = channels[::-1].transpose(1, 2, 0).round().clip(0, 255).astype(np.uint8)
    return picture
