"""Train a network and judge it: one loop for every notebook, on CPU, CUDA or MPS."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from course_utils._arrays import require
from course_utils.device import best_device

Data = Sequence[torch.Tensor]
Loss = Callable[..., torch.Tensor]


@dataclass
class History:
    """What happened in a training run, an entry an epoch.

    Parameters
    ----------
    loss
        Mean training loss, measured while the weights change.
    score
        What ``score`` returned after the epoch; empty when none was given.
    seconds
        Wall time since the start.
    best_epoch
        From which epoch the weights are that the model has now, counted from 0.
    """

    loss: list[float] = field(default_factory=list)
    score: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    best_epoch: int = -1


def fit(
    model: nn.Module,
    loss: Loss,
    train: Data,
    *,
    score: Callable[[nn.Module], float] | None = None,
    epochs: int = 10,
    batch_size: int = 64,
    learning_rate: float = 1e-3,
    optimizer: Callable[..., torch.optim.Optimizer] = torch.optim.Adam,
    one_cycle: bool = False,
    max_norm: float | None = None,
    augment: Callable[..., Data] | None = None,
    patience: int | None = None,
    seed: int = 0,
    device: torch.device | str | None = None,
    progress: bool = True,
) -> History:
    """Train in mini-batches; stop early when nothing improves, and keep the best weights.

    Parameters
    ----------
    model
        Trained in place; moved to ``device`` and left there. Parameters that need no gradient stay as they are.
    loss
        Takes the model and a batch, ``loss(model, *batch)``, and returns the batch's mean loss (0-d).
    train
        Tensors of equal length, such as inputs and targets; a batch holds the same rows of each.
    score
        Takes the model in evaluation mode after each epoch; higher is better. Without it the training loss decides
        which weights are best.
    epochs
        Passes over ``train`` at the most.
    batch_size, learning_rate, optimizer
        ``optimizer`` is a class of ``torch.optim`` or a function like one.
    one_cycle
        Warm the learning rate up and anneal it to almost 0 (Smith, *Super-Convergence*, 2018).
    max_norm
        Clip the gradients' norm to this.
    augment
        Takes a batch's tensors and returns them changed; applied to training batches only.
    patience
        Stop after this many epochs without a better score.
    seed
        Decides the order of batches and everything random in the model; the same seed gives the same weights on the
        same machine. The caller's random state is left as it was.
    device
        By default the fastest there is.
    progress
        Show a bar.

    Returns
    -------
    History
        Losses, scores and times of the epochs; the model has the weights of ``best_epoch``.

    Raises
    ------
    ValueError
        If ``train`` is empty or of unequal lengths, or the loss stops being finite.

    Examples
    --------
    >>> x = torch.linspace(-1, 1, 64)[:, None]
    >>> model = nn.Linear(1, 1)
    >>> mean_squared = lambda model, x, y: ((model(x) - y) ** 2).mean()
    >>> history = fit(model, mean_squared, (x, 3 * x), batch_size=16, epochs=50, learning_rate=0.1, progress=False)
    >>> round(model.weight.item(), 2)
    3.0
    """
    _require_data("train", train)
    require(epochs >= 1, "epochs", "at least 1", epochs)
    require(batch_size >= 1, "batch_size", "at least 1", batch_size)
    device = torch.device(device) if device is not None else best_device()
    history, best, best_weights, start = History(), -math.inf, None, time.perf_counter()
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices), _Bar(epochs, progress) as advance:
        torch.manual_seed(seed)
        model.to(device)
        data = [part.to(device) for part in train]
        trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
        steps = optimizer(trained, lr=learning_rate)
        schedule = _one_cycle(steps, learning_rate, epochs * math.ceil(len(data[0]) / batch_size), one_cycle)
        for epoch in range(epochs):
            model.train()
            total = 0.0
            for batch in batches(data, batch_size, shuffle=True):
                value = loss(model, *(augment(*batch) if augment else batch))
                steps.zero_grad(set_to_none=True)
                value.backward()  # type: ignore[no-untyped-call]
                if max_norm is not None:
                    nn.utils.clip_grad_norm_(trained, max_norm)
                steps.step()
                if schedule:
                    schedule.step()
                total += value.item() * len(batch[0])
            history.loss.append(total / len(data[0]))
            require(
                math.isfinite(history.loss[-1]),
                "learning_rate",
                f"one at which the loss stays finite (epoch {epoch + 1})",
                learning_rate,
            )
            model.eval()
            if score:
                with torch.no_grad():
                    history.score.append(float(score(model)))
            history.seconds.append(time.perf_counter() - start)
            latest = history.score[-1] if score else -history.loss[-1]
            if latest > best:
                best, history.best_epoch, best_weights = latest, epoch, copy.deepcopy(model.state_dict())
            advance(history)
            if patience is not None and epoch - history.best_epoch >= patience:
                break
        if best_weights is not None:
            model.load_state_dict(best_weights)
    model.eval()
    return history


def evaluate(model: nn.Module, measure: Loss, data: Data, batch_size: int = 256) -> float:
    """Mean of a measure over all samples, in evaluation mode and without gradients.

    Parameters
    ----------
    model
        Its mode (training or evaluation) is restored.
    measure
        ``measure(model, *batch)``: the batch's mean (0-d), or a value for each sample (n,); a loss or
        :func:`accuracy`, for example.
    data
        Tensors of equal length; moved to the model's device.
    batch_size
        Samples at a time; the result doesn't depend on it.

    Examples
    --------
    >>> constant = lambda model, x, y: (y == 1).float()
    >>> evaluate(nn.Identity(), constant, (torch.zeros(4, 2), torch.tensor([1, 1, 0, 1])))
    0.75
    """
    _require_data("data", data)
    parameter = next(model.parameters(), None)
    device = parameter.device if parameter is not None else data[0].device
    was_training, total = model.training, 0.0
    model.eval()
    try:
        with torch.no_grad():
            for batch in batches(data, batch_size):
                value = measure(model, *(part.to(device) for part in batch))
                total += value.mean().item() * len(batch[0])
    finally:
        model.train(was_training)
    return total / len(data[0])


def accuracy(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Share of samples whose largest score is at their label; a measure for :func:`evaluate`.

    Examples
    --------
    >>> accuracy(nn.Identity(), torch.tensor([[2.0, 1.0], [2.0, 1.0]]), torch.tensor([0, 1]))
    tensor(0.5000)
    """
    scores: torch.Tensor = model(x)
    return (scores.argmax(dim=1) == y).float().mean()


def cross_entropy(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Mean cross-entropy of the model's scores (n, k, …) for labels (n, …); a loss for :func:`fit`."""
    return nn.functional.cross_entropy(model(x), y)


def batches(data: Data, batch_size: int, shuffle: bool = False) -> Iterator[tuple[torch.Tensor, ...]]:
    """Yield the same rows of each tensor, ``batch_size`` at a time; the last batch may be smaller.

    Examples
    --------
    >>> [len(x) for (x,) in batches([torch.zeros(5, 2)], 2)]
    [2, 2, 1]
    """
    _require_data("data", data)
    n = len(data[0])
    order = torch.randperm(n).to(data[0].device) if shuffle else None
    for start in range(0, n, batch_size):
        rows: Any = slice(start, start + batch_size) if order is None else order[start : start + batch_size]
        yield tuple(part[rows] for part in data)


def _require_data(name: str, data: Data) -> None:
    lengths = [len(part) for part in data]
    require(bool(lengths) and lengths[0] > 0, name, "tensors with at least one row", lengths)
    require(len(set(lengths)) == 1, name, "tensors of equal length", lengths)


def _one_cycle(
    optimizer: torch.optim.Optimizer, highest: float, steps: int, wanted: bool
) -> torch.optim.lr_scheduler.OneCycleLR | None:
    # Two steps at least: torch divides by their number less one.
    if not wanted:
        return None
    return torch.optim.lr_scheduler.OneCycleLR(optimizer, highest, total_steps=max(2, steps + 1))


class _Bar:
    """A bar of epochs that shows the newest loss and score."""

    def __init__(self, epochs: int, shown: bool) -> None:
        self.epochs, self.shown = epochs, shown

    def __enter__(self) -> Callable[[History], None]:
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self.progress = Progress(
            TextColumn("epoch {task.completed}/{task.total}"),
            BarColumn(),
            TextColumn("{task.fields[said]}"),
            TimeRemainingColumn(),
            disable=not self.shown,
        )
        task = self.progress.add_task("", total=self.epochs, said="")
        self.progress.start()

        def advance(history: History) -> None:
            said = f"loss {history.loss[-1]:.4f}"
            if history.score:
                said += f", score {history.score[-1]:.4f}"
            self.progress.update(task, advance=1, said=said)

        return advance

    def __exit__(self, *_: object) -> None:
        self.progress.stop()
