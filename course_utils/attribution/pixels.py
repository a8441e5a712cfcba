"""Which pixels an answer depends on. Each function takes a model, images (n, c, h, w) and a class, and leaves the model as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import nn

from course_utils._arrays import require

Target = int | torch.Tensor


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Evaluation mode, every part's own mode back afterwards, and no gradients left at parameters."""
    modes = [(part, part.training) for part in model.modules()]
    wanted = [(parameter, parameter.requires_grad) for parameter in model.parameters()]
    model.eval()
    for parameter, _ in wanted:
        parameter.requires_grad = False
    try:
        with torch.enable_grad():
            yield
    finally:
        for part, mode in modes:
            part.training = mode
        for parameter, needs in wanted:
            parameter.requires_grad = needs


def scores_of(model: nn.Module, images: torch.Tensor, target: Target) -> torch.Tensor:
    """The score of the target class for each image, (n,)."""
    require(images.ndim == 4, "images", "shape (n, c, h, w)", f"shape {tuple(images.shape)}")
    scores: torch.Tensor = model(images)
    require(scores.ndim == 2, "model", "scores of shape (n, classes)", f"shape {tuple(scores.shape)}")
    classes = torch.as_tensor(target, device=images.device).expand(len(images))
    right = bool(((classes >= 0) & (classes < scores.shape[1])).all())
    require(right, "target", f"classes from 0 to {scores.shape[1] - 1}", target)
    return scores.gather(1, classes[:, None])[:, 0]


def _gradient(model: nn.Module, images: torch.Tensor, target: Target) -> torch.Tensor:
    leaf = images.detach().clone().requires_grad_()
    (gradient,) = torch.autograd.grad(scores_of(model, leaf, target).sum(), leaf)
    return gradient


def saliency(model: nn.Module, images: torch.Tensor, target: Target) -> torch.Tensor:
    """How much a small change of each pixel moves the class's score: ``max_c |∂f / ∂x_c|``.

    Parameters
    ----------
    model
        Gives scores (n, classes).
    images
        (n, c, h, w).
    target
        A class, or one for each image (n,).

    Returns
    -------
    tensor
        (n, h, w), not negative.

    References
    ----------
    Simonyan, Vedaldi and Zisserman, *Deep Inside Convolutional Networks* (2014), section 3.

    Examples
    --------
    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(4, 1, bias=False))
    >>> nn.init.constant_(model[1].weight, -2.0).shape
    torch.Size([1, 4])
    >>> saliency(model, torch.zeros(1, 1, 2, 2), 0)
    tensor([[[2., 2.],
             [2., 2.]]])
    """
    with evaluating(model):
        return _gradient(model, images, target).abs().amax(dim=1)


def gradient_times_input(model: nn.Module, images: torch.Tensor, target: Target) -> torch.Tensor:
    """What each pixel adds to the class's score, to first order: ``Σ_c x_c ∂f / ∂x_c``.

    Parameters
    ----------
    model, images, target
        As in :func:`saliency`.

    Returns
    -------
    tensor
        (n, h, w); negative where a pixel speaks against the class.

    References
    ----------
    Shrikumar, Greenside and Kundaje, *Not Just a Black Box* (2016).
    """
    with evaluating(model):
        return (images * _gradient(model, images, target)).sum(dim=1)


def occlusion(
    model: nn.Module,
    images: torch.Tensor,
    target: Target,
    size: int,
    stride: int,
    fill: float = 0.0,
    batch_size: int = 32,
) -> torch.Tensor:
    """How far the class's score falls when a square of the image is covered, for squares all over it.

    Parameters
    ----------
    model, images, target
        As in :func:`saliency`.
    size, stride
        Side of the square, and from square to square, in pixels.
    fill
        What covers it.
    batch_size
        Covered images at a time; it changes the speed, not the result.

    Returns
    -------
    tensor
        (n, rows, columns): score of the whole image minus score of the covered one.

    References
    ----------
    Zeiler and Fergus, *Visualizing and Understanding Convolutional Networks* (2014), section 4.2.
    """
    n, _, h, w = images.shape
    require(1 <= size <= min(h, w), "size", f"a number from 1 to {min(h, w)}", size)
    require(stride >= 1, "stride", "at least 1", stride)
    tops, lefts = range(0, h - size + 1, stride), range(0, w - size + 1, stride)
    corners = [(top, left) for top in tops for left in lefts]
    classes = torch.as_tensor(target, device=images.device).expand(n)
    falls = []
    with evaluating(model), torch.no_grad():
        for image, label in zip(images, classes, strict=True):
            whole = scores_of(model, image[None], label[None])
            covered = []
            for start in range(0, len(corners), batch_size):
                some = corners[start : start + batch_size]
                batch = image.repeat(len(some), 1, 1, 1)
                for each, (top, left) in zip(batch, some, strict=True):
                    each[:, top : top + size, left : left + size] = fill
                covered.append(scores_of(model, batch, label.expand(len(some))))
            falls.append(whole - torch.cat(covered))
    return torch.stack(falls).reshape(n, len(tops), len(lefts))


Rule = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


class _Rectified(torch.autograd.Function):
    """ReLU with another way back: ``rule(x, upstream)``."""

    @staticmethod
    def forward(context: Any, x: torch.Tensor, rule: Rule) -> torch.Tensor:
        context.save_for_backward(x)
        context.rule = rule
        return x.clamp(min=0)

    @staticmethod
    def backward(context: Any, upstream: torch.Tensor) -> tuple[torch.Tensor, None]:
        (x,) = context.saved_tensors
        return context.rule(x, upstream), None


@contextmanager
def _relus_go_back(model: nn.Module, rule: Rule) -> Iterator[None]:
    """Every ``nn.ReLU`` goes back by another rule meanwhile; what a model calls as a function can't be changed."""
    relus: list[Any] = [part for part in model.modules() if isinstance(part, nn.ReLU)]
    require(bool(relus), "model", "nn.ReLU modules", "none")
    with ExitStack() as stack:
        for relu in relus:
            stack.callback(relu.__dict__.update, relu.__dict__.copy())
            stack.callback(relu.__dict__.pop, "forward", None)
            relu.forward = lambda x: _Rectified.apply(x, rule)  # type: ignore[no-untyped-call]
        yield


def _if_it_excites(_: torch.Tensor, upstream: torch.Tensor) -> torch.Tensor:
    return upstream.clamp(min=0)


def _if_both_excite(x: torch.Tensor, upstream: torch.Tensor) -> torch.Tensor:
    return upstream.clamp(min=0) * (x > 0)


def deconv(model: nn.Module, images: torch.Tensor, target: Target) -> torch.Tensor:
    """The gradient with another rule at each ReLU: only what excites goes back, ``R_i = (R_{i+1} > 0) R_{i+1}``.

    Parameters
    ----------
    model
        As in :func:`saliency`; its ReLUs are modules.
    images, target
        As in :func:`saliency`.

    Returns
    -------
    tensor
        (n, c, h, w).

    References
    ----------
    Zeiler and Fergus, *Visualizing and Understanding Convolutional Networks* (2014), section 2.
    """
    with evaluating(model), _relus_go_back(model, _if_it_excites):
        return _gradient(model, images, target)


def guided_backprop(model: nn.Module, images: torch.Tensor, target: Target) -> torch.Tensor:
    """The gradient with both rules at each ReLU: ``R_i = (f_i > 0) (R_{i+1} > 0) R_{i+1}``. Shows sharp outlines.

    Parameters
    ----------
    model, images, target
        As in :func:`deconv`.

    Returns
    -------
    tensor
        (n, c, h, w).

    References
    ----------
    Springenberg, Dosovitskiy, Brox and Riedmiller, *Striving for Simplicity* (2015), section 3.4.
    """
    with evaluating(model), _relus_go_back(model, _if_both_excite):
        return _gradient(model, images, target)


def layerwise_relevance(
    model: nn.Module, images: torch.Tensor, target: Target, eps: float = 0.25
) -> torch.Tensor:
    """Share out the class's score among the pixels, layer by layer backwards, so that little is lost: the ε rule.

    Through a layer ``z_j = Σ_i w_ji a_i + b_j`` the relevance of input i is ``R_i = a_i Σ_j w_ji R_j / (z_j + ε_j)``, where
    ``ε_j = ε · rms(z) · sign z_j``. That is input times gradient, if each ReLU goes back by ``relu(z) / (z + ε)`` in place of
    its slope; so ``eps=0`` is :func:`gradient_times_input`, and a larger one leaves out what is weak or contradicts itself.
    Without biases and with ``eps=0`` the relevances sum to the score.

    Parameters
    ----------
    model
        As in :func:`deconv`.
    images, target
        As in :func:`saliency`.
    eps
        ε ≥ 0, as a share of the root mean square of what comes into a ReLU.

    Returns
    -------
    tensor
        (n, c, h, w).

    References
    ----------
    Bach and others, *On Pixel-Wise Explanations for Non-Linear Classifier Decisions by Layer-Wise Relevance Propagation*
    (2015); as a gradient: Ancona and others, *Towards Better Understanding of Gradient-based Attribution Methods* (2018).
    """
    require(eps >= 0, "eps", "a number ≥ 0", eps)

    def ratio(z: torch.Tensor, upstream: torch.Tensor) -> torch.Tensor:
        scale = z.square().mean(dim=tuple(range(1, z.ndim)), keepdim=True).sqrt()
        return torch.where(z > 0, upstream * z / (z + eps * scale).clamp(min=1e-30), 0)

    with evaluating(model), _relus_go_back(model, ratio):
        return images * _gradient(model, images, target)
