"""U-Net: down to see what is there, up again to say where, with bridges across."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from course_utils._arrays import require


def _block(inputs: int, outputs: int) -> nn.Sequential:
    """Two 3 × 3 convolutions, each with batch norm and ReLU; the size stays."""
    layers: list[nn.Module] = []
    for channels in (inputs, outputs):
        layers += [nn.Conv2d(channels, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
    return nn.Sequential(*layers)


class UNet(nn.Module):
    """Fully convolutional encoder and decoder whose skip connections join maps of one size.

    Each of ``depth`` steps down halves the maps and doubles the channels; each step up doubles the maps by a transposed
    convolution and concatenates those from the way down.

    Parameters
    ----------
    classes
        Scores for each pixel.
    channels
        Of the input.
    width
        Channels at full size.
    depth
        Steps down, at least 1.

    References
    ----------
    Ronneberger, Fischer and Brox, *U-Net: Convolutional Networks for Biomedical Image Segmentation* (2015); padded, so
    that the output is as large as the input.

    Examples
    --------
    >>> UNet(classes=4)(torch.zeros(2, 3, 64, 64)).shape
    torch.Size([2, 4, 64, 64])
    """

    def __init__(self, classes: int, channels: int = 3, width: int = 16, depth: int = 3) -> None:
        super().__init__()
        require(depth >= 1, "depth", "at least 1", depth)
        widths = [width * 2**level for level in range(depth + 1)]
        self.down = nn.ModuleList(
            _block(inputs, outputs) for inputs, outputs in zip([channels, *widths], widths, strict=False)
        )
        self.larger = nn.ModuleList(nn.ConvTranspose2d(2 * w, w, 2, stride=2) for w in reversed(widths[:-1]))
        self.up = nn.ModuleList(_block(2 * w, w) for w in reversed(widths[:-1]))
        self.head = nn.Conv2d(width, classes, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores (n, classes, h, w) of images (n, channels, h, w); h and w are multiples of 2 to the power of depth."""
        multiple = 2 ** len(self.up)
        fits = x.ndim == 4 and x.shape[2] % multiple == 0 and x.shape[3] % multiple == 0
        require(
            fits, "x", f"shape (n, c, h, w) with h and w multiples of {multiple}", f"shape {tuple(x.shape)}"
        )
        bridges = []
        for level, block in enumerate(self.down):
            x = block(x if level == 0 else functional.max_pool2d(x, 2))
            bridges.append(x)
        bridges.pop()  # the lowest has nobody across
        for larger, block in zip(self.larger, self.up, strict=True):
            x = block(torch.cat([bridges.pop(), larger(x)], dim=1))
        scores: torch.Tensor = self.head(x)
        return scores


def segmentation_loss(scores: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of every pixel plus one minus the soft Dice coefficient, which keeps small things from being ignored.

    Parameters
    ----------
    scores
        (n, classes, h, w).
    targets
        Classes (n, h, w) int64.

    Returns
    -------
    tensor
        0-d.

    References
    ----------
    Milletari, Navab and Ahmadi, *V-Net* (2016), for the soft Dice coefficient.
    """
    probabilities = scores.softmax(dim=1)
    one_hot = functional.one_hot(targets, scores.shape[1]).movedim(-1, 1)
    overlap = (probabilities * one_hot).sum(dim=(0, 2, 3))
    sizes = probabilities.sum(dim=(0, 2, 3)) + one_hot.sum(dim=(0, 2, 3))
    soft_dice = ((2 * overlap + 1) / (sizes + 1)).mean()  # a class that isn't there at all counts as found
    return functional.cross_entropy(scores, targets) + 1 - soft_dice
