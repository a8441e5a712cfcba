"""What single units look for: first-layer weights as pictures, and the patches that excite a unit most."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from course_utils._arrays import require
from course_utils.attribution.pixels import evaluating
from course_utils.data.squeezenet import Fire


def filter_images(weight: torch.Tensor) -> torch.Tensor:
    """A first layer's filters as pictures, each stretched to the range from 0 to 1.

    Parameters
    ----------
    weight
        (k, c, rows, columns).

    Returns
    -------
    tensor
        (k, rows, columns, c), or (k, rows, columns) with one channel.

    Examples
    --------
    >>> filter_images(torch.tensor([[[[-1.0, 0.0], [1.0, 3.0]]]]))
    tensor([[[0.0000, 0.2500],
             [0.5000, 1.0000]]])
    """
    require(weight.ndim == 4, "weight", "shape (k, c, rows, columns)", f"shape {tuple(weight.shape)}")
    w = weight.detach().movedim(1, -1)
    low, high = w.amin(dim=(1, 2, 3), keepdim=True), w.amax(dim=(1, 2, 3), keepdim=True)
    pictures = (w - low) / (high - low).clamp(min=1e-12)
    return pictures[..., 0] if pictures.shape[-1] == 1 else pictures


def receptive_field(features: nn.Module) -> tuple[int, int, int]:
    """How much of the image a unit sees: ``(size, stride, start)``.

    Unit (i, j) of the last map sees the pixels from ``start + stride · i`` on, ``size`` of them; ``start`` is negative where
    padding is seen. Layer by layer ``size ← size + (k − 1) · stride``, ``start ← start − p · stride``, ``stride ← stride · s``.

    Parameters
    ----------
    features
        An ``nn.Sequential`` of square convolutions, pooling, Fire modules, and layers that look at one place only.

    References
    ----------
    Araujo, Norris and Sim, *Computing Receptive Fields of Convolutional Neural Networks* (2019).

    Examples
    --------
    >>> receptive_field(nn.Sequential(nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5)))
    (14, 2, 0)
    """
    size, stride, start = 1, 1, 0
    for layer in _steps(features):
        if isinstance(layer, (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d)):
            kernel, step, padding = (
                _one(value) for value in (layer.kernel_size, layer.stride, layer.padding)
            )
            reach = (kernel - 1) * (_one(layer.dilation) if isinstance(layer, nn.Conv2d) else 1)
            size, start, stride = size + reach * stride, start - padding * stride, stride * step
    return size, stride, start


_POINTWISE = (nn.ReLU, nn.LeakyReLU, nn.ELU, nn.Tanh, nn.Sigmoid, nn.BatchNorm2d, nn.Dropout, nn.Identity)


def _steps(features: nn.Module) -> list[nn.Module]:
    if isinstance(features, nn.Sequential):
        return [step for part in features for step in _steps(part)]
    if isinstance(features, Fire):
        return [features.squeeze1x1, features.expand3x3]  # the branch that sees more
    known = isinstance(features, (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d, *_POINTWISE))
    require(
        known,
        "features",
        "a Sequential of convolutions, pooling and pointwise layers",
        type(features).__name__,
    )
    return [features]


def _one(value: object) -> int:
    """A number, or the one that a pair holds twice."""
    numbers = set(value) if isinstance(value, tuple) else {value}
    require(len(numbers) == 1, "features", "square kernels, strides and padding", value)
    (number,) = numbers
    require(isinstance(number, int), "features", "padding by numbers", value)
    assert isinstance(number, int)
    return number


@dataclass(frozen=True)
class Patches:
    """What excites a unit most.

    Parameters
    ----------
    patches
        Cut out of the images, (k, c, size, size); zeros beyond the border.
    activations
        Of the unit at each, (k,), the largest first.
    image
        Which image each is of, (k,).
    corners
        (top, left) of each in its image, (k, 2); negative at the border.
    """

    patches: torch.Tensor
    activations: torch.Tensor
    image: torch.Tensor
    corners: torch.Tensor


def top_patches(features: nn.Sequential, images: torch.Tensor, unit: int, k: int = 9) -> Patches:
    """The k patches that excite one unit (a channel of the last map) most, at most one from each image.

    Parameters
    ----------
    features
        As in :func:`receptive_field`.
    images
        (n, c, h, w).
    unit
        Number of the channel.
    k
        From 1 to n.

    References
    ----------
    Zeiler and Fergus, *Visualizing and Understanding Convolutional Networks* (2014), section 4.
    """
    require(images.ndim == 4, "images", "shape (n, c, h, w)", f"shape {tuple(images.shape)}")
    require(1 <= k <= len(images), "k", f"a number from 1 to {len(images)}", k)
    size, stride, start = receptive_field(features)
    with evaluating(features), torch.no_grad():
        maps = torch.cat([features(some) for some in torch.split(images, 64)])
    require(0 <= unit < maps.shape[1], "unit", f"a number from 0 to {maps.shape[1] - 1}", unit)
    best, place = maps[:, unit].flatten(1).max(dim=1)
    activations, image = best.topk(k)
    rows, columns = place[image] // maps.shape[3], place[image] % maps.shape[3]
    corners = start + stride * torch.stack([rows, columns], dim=1)
    padded = nn.functional.pad(images, (size,) * 4)
    patches = [
        padded[i, :, top + size : top + 2 * size, left + size : left + 2 * size]
        for i, (top, left) in zip(image.tolist(), corners.tolist(), strict=True)
    ]
    return Patches(torch.stack(patches), activations, image, corners)
