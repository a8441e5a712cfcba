"""Images that please a network, and images that deceive it."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from course_utils._arrays import require
from course_utils.attribution.pixels import Target, evaluating, scores_of


def _blur(images: torch.Tensor, sigma: float) -> torch.Tensor:
    """A Gaussian blur of standard deviation ``sigma`` pixels; high frequencies go first."""
    if sigma <= 0:
        return images
    reach = max(1, round(3 * sigma))
    x = torch.arange(-reach, reach + 1, dtype=images.dtype, device=images.device)
    kernel = (-(x**2) / (2 * sigma**2)).exp()
    kernel = (kernel / kernel.sum()).expand(images.shape[1], 1, -1)
    padded = functional.pad(images, (reach,) * 4, mode="replicate")
    rows = functional.conv2d(padded, kernel[:, :, None, :], groups=images.shape[1])
    return functional.conv2d(rows, kernel[:, :, :, None], groups=images.shape[1])


def class_image(
    model: nn.Module,
    target: int,
    shape: tuple[int, int, int],
    *,
    steps: int = 150,
    learning_rate: float = 10.0,
    decay: float = 1e-2,
    blur: float = 1.0,
    blur_every: int = 4,
    clip_small: float = 0.0,
    clip_contribution: float = 0.0,
    device: torch.device | str | None = None,
) -> torch.Tensor:
    """An image that the network takes for a class: start from zeros, and climb on the class's score.

    ``x ← (1 − decay) x + rate · g / mean |g|`` with ``g = ∂f / ∂x``. Without regularisation the result is noise that no
    person would recognise; each regulariser keeps out a part of it.

    Parameters
    ----------
    model
        Gives scores (n, classes).
    target
        The class.
    shape
        (c, h, w) of the image.
    steps, learning_rate
        Of the ascent; the rate in units of the image's values, here of 255 levels.
    decay
        L2: shrinks all pixels a little in each step.
    blur, blur_every
        Standard deviation, in pixels, of a Gaussian blur after so many steps: high frequencies are punished.
    clip_small
        This share of the pixels, the smallest by their norm over channels, is set to 0 where the image is blurred.
    clip_contribution
        The same for pixels that contribute least to the score, by :math:`|Σ_c x_c g_c|`.
    device
        By default the model's.

    Returns
    -------
    tensor
        (1, c, h, w), in the values that the model takes.

    References
    ----------
    Simonyan, Vedaldi and Zisserman, *Deep Inside Convolutional Networks* (2014), section 2; regularisers after Yosinski
    and others, *Understanding Neural Networks Through Deep Visualization* (2015).
    """
    require(steps >= 1, "steps", "at least 1", steps)
    require(len(shape) == 3, "shape", "(c, h, w)", shape)
    require(blur_every >= 1, "blur_every", "at least 1", blur_every)
    for name, value in (
        ("clip_small", clip_small),
        ("clip_contribution", clip_contribution),
        ("decay", decay),
    ):
        require(0 <= value < 1, name, "a number in [0, 1)", value)
    where = next((parameter.device for parameter in model.parameters()), None) if device is None else device
    x = torch.zeros(1, *shape, device=where)
    with evaluating(model):
        for step in range(steps):
            leaf = x.requires_grad_()
            (gradient,) = torch.autograd.grad(scores_of(model, leaf, target).sum(), leaf)
            x = leaf.detach()
            x = (1 - decay) * x + learning_rate * gradient / gradient.abs().mean().clamp(min=1e-12)
            if (step + 1) % blur_every == 0:
                x = _blur(x, blur)
                x = _without_least(x, x.norm(dim=1), clip_small)
                x = _without_least(x, (x * gradient).sum(dim=1).abs(), clip_contribution)
    return x


def _without_least(x: torch.Tensor, importance: torch.Tensor, share: float) -> torch.Tensor:
    if share == 0:
        return x
    return x * (importance >= importance.flatten().quantile(share))[:, None]


def deep_dream(
    features: nn.Module,
    images: torch.Tensor,
    *,
    steps: int = 20,
    learning_rate: float = 2.0,
    octaves: int = 3,
    scale: float = 1.4,
    jitter: int = 8,
    low: float | torch.Tensor | None = None,
    high: float | torch.Tensor | None = None,
    seed: int = 0,
) -> torch.Tensor:
    """Boost whatever features an image already excites: climb on ``½ ‖φ(x)‖²``, on small copies of the image first.

    Parameters
    ----------
    features
        The lower part of a network, up to the layer whose features should grow.
    images
        (n, c, h, w), to begin with.
    steps, learning_rate
        In each octave; the rate in units of the images' values.
    octaves, scale
        How many sizes, and from size to size; large structures grow on small copies.
    jitter
        Images are moved by up to so many pixels in each step, or the layers' grids would show.
    low, high
        Keep values between these, numbers or tensors that broadcast with the images.
    seed
        Of the jitter.

    Returns
    -------
    tensor
        (n, c, h, w).

    References
    ----------
    Mordvintsev, Olah and Tyka, *Inceptionism: Going Deeper into Neural Networks* (2015).
    """
    require(images.ndim == 4, "images", "shape (n, c, h, w)", f"shape {tuple(images.shape)}")
    require(steps >= 1, "steps", "at least 1", steps)
    require(octaves >= 1, "octaves", "at least 1", octaves)
    require(scale > 1, "scale", "a number > 1", scale)
    generator = torch.Generator().manual_seed(seed)
    h, w = images.shape[2:]
    detail: torch.Tensor | None = None
    with evaluating(features):
        for octave in reversed(range(octaves)):
            size = (round(h / scale**octave), round(w / scale**octave))
            base = functional.interpolate(images, size, mode="bilinear", align_corners=False)
            grown = base if detail is None else base + functional.interpolate(detail, size, mode="bilinear")
            for _ in range(steps):
                shift = torch.randint(-jitter, jitter + 1, (2,), generator=generator).tolist()
                leaf = grown.roll(shift, dims=(2, 3)).detach().requires_grad_()
                (gradient,) = torch.autograd.grad(features(leaf).square().sum() / 2, leaf)
                gradient = gradient / gradient.abs().mean(dim=(1, 2, 3), keepdim=True).clamp(min=1e-12)
                grown = (leaf.detach() + learning_rate * gradient).roll([-s for s in shift], dims=(2, 3))
                if low is not None:
                    grown = torch.maximum(grown, torch.as_tensor(low, dtype=grown.dtype, device=grown.device))
                if high is not None:
                    grown = torch.minimum(
                        grown, torch.as_tensor(high, dtype=grown.dtype, device=grown.device)
                    )
            detail = grown - base
    return grown


def fgsm(
    model: nn.Module,
    images: torch.Tensor,
    labels: Target,
    eps: float,
    low: float | torch.Tensor | None = None,
    high: float | torch.Tensor | None = None,
) -> torch.Tensor:
    """The fast gradient sign: ``x + ε sign(∇ₓ L)``; no pixel changes by more than ε, and all push the same way.

    Parameters
    ----------
    model
        Gives scores (n, classes).
    images
        (n, c, h, w).
    labels
        The true classes, one or (n,): their cross-entropy grows.
    eps
        ε >= 0, in units of the images' values.
    low, high
        Keep values between these.

    Returns
    -------
    tensor
        (n, c, h, w).

    References
    ----------
    Goodfellow, Shlens and Szegedy, *Explaining and Harnessing Adversarial Examples* (2015).

    Examples
    --------
    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(1, 2, bias=False))
    >>> model[1].weight.data = torch.tensor([[1.0], [-1.0]])
    >>> fgsm(model, torch.tensor([[[[0.25]]]]), 0, eps=0.5)
    tensor([[[[-0.2500]]]])
    """
    require(eps >= 0, "eps", "a number ≥ 0", eps)
    classes = torch.as_tensor(labels, device=images.device).expand(len(images))
    with evaluating(model):
        leaf = images.detach().clone().requires_grad_()
        scores_of(model, leaf, classes)  # names what doesn't fit
        (gradient,) = torch.autograd.grad(functional.cross_entropy(model(leaf), classes), leaf)
    deceiving = images + eps * gradient.sign()
    if low is not None:
        deceiving = torch.maximum(deceiving, torch.as_tensor(low, dtype=images.dtype, device=images.device))
    if high is not None:
        deceiving = torch.minimum(deceiving, torch.as_tensor(high, dtype=images.dtype, device=images.device))
    return deceiving
