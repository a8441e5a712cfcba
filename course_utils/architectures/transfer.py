"""Using a trained network for something else: what stays, what goes, and what learns how fast."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import nn

from course_utils._arrays import require


def freeze(model: nn.Module, except_for: Sequence[str] = ()) -> nn.Module:
    """Keep the parameters of a model from learning, in place.

    Frozen batch norm still moves its running statistics in training mode; set ``model.eval()`` to keep those too.

    Parameters
    ----------
    model
        Any module.
    except_for
        Paths of parts that go on learning, such as ``["classifier"]``.

    Returns
    -------
    Module
        The same model.

    Raises
    ------
    ValueError
        If there is no such part.
    """
    for path in except_for:
        require(path in dict(model.named_modules()), "except_for", "paths of parts of the model", repr(path))
    for name, parameter in model.named_parameters():
        parameter.requires_grad = any(name == path or name.startswith(f"{path}.") for path in except_for)
    return model


def fine_tune(
    model: nn.Module,
    classes: int,
    learning_rate: float = 1e-3,
    layers: Sequence[str] = (),
    slower: float = 0.1,
) -> list[dict[str, Any]]:
    """Give a trained model a new last layer, and say what should learn how fast.

    Few pictures: only the last layer learns, ``layers=()``. More: the higher layers follow, slowly, for they are nearly
    right; early ones see edges and colours, which serve for everything.

    Parameters
    ----------
    model
        Changed in place: its last linear or convolutional layer gives ``classes`` scores, everything that isn't named
        is frozen. A ReLU right behind that layer, as in SqueezeNet, is taken out: a class whose fresh scores are all
        negative would get no gradient and never be learned.
    classes
        At least 1.
    learning_rate
        Of the new layer.
    layers
        Paths of other parts that should learn, from the lowest on, such as ``["features.11", "features.12"]``.
    slower
        Each part learns so many times more slowly than the one above it.

    Returns
    -------
    list of dict
        Parameter groups for an optimizer of torch, the new layer's first.

    Raises
    ------
    ValueError
        If there is no layer to replace or a path isn't known.

    References
    ----------
    Yosinski, Clune, Bengio and Lipson, *How transferable are features in deep neural networks?* (2014).

    Examples
    --------
    >>> net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 1000))
    >>> groups = fine_tune(net, classes=5, layers=["0"])
    >>> net[3], [group["lr"] for group in groups]
    (Linear(in_features=8, out_features=5, bias=True), [0.001, 0.0001])
    """
    require(classes >= 1, "classes", "at least 1", classes)
    require(0 < slower <= 1, "slower", "a number in (0, 1]", slower)
    parts = dict(model.named_modules())
    last = [name for name, part in parts.items() if isinstance(part, (nn.Linear, nn.Conv2d))]
    require(bool(last), "model", "a linear or convolutional layer to replace", "none")
    for path in layers:
        require(
            path in parts and path != last[-1], "layers", "paths of parts below the last layer", repr(path)
        )
    freeze(model)
    parent, _, name = last[-1].rpartition(".")
    new = _like(parts[last[-1]], classes)
    setattr(parts[parent], name, new)
    _let_scores_be_negative(parts[parent], name)
    groups: list[dict[str, Any]] = [{"params": list(new.parameters()), "lr": learning_rate}]
    for distance, path in enumerate(reversed(layers), start=1):
        params = list(parts[path].parameters())
        for parameter in params:
            parameter.requires_grad = True
        groups.append({"params": params, "lr": learning_rate * slower**distance})
    return groups


def _let_scores_be_negative(parent: nn.Module, name: str) -> None:
    """Take out the ReLU behind the part ``name`` of a chain of layers."""
    if isinstance(parent, nn.Sequential):
        behind = list(parent)[int(name) + 1 :]
        if behind and isinstance(behind[0], nn.ReLU):
            parent[int(name) + 1] = nn.Identity()


def _like(old: Any, classes: int) -> nn.Module:
    """A fresh layer in place of the old one, with another number of outputs, on its device."""
    where: dict[str, Any] = {"device": old.weight.device, "dtype": old.weight.dtype}
    if isinstance(old, nn.Linear):
        return nn.Linear(old.in_features, classes, old.bias is not None, **where)
    like: Any = old
    return nn.Conv2d(
        old.in_channels,
        classes,
        like.kernel_size,
        like.stride,
        like.padding,
        bias=like.bias is not None,
        **where,
    )
