"""A NumPy array that remembers how it was computed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from course_utils._arrays import require

Backward = Callable[[np.ndarray], np.ndarray]
Number = float | int | np.ndarray


class Tensor:
    """A NumPy array on a tape: each operation notes its inputs and how a gradient flows back to each.

    Parameters
    ----------
    data
        Numbers of any shape; becomes float64 unless it is float32.
    requires_grad
        Whether :meth:`backward` keeps a gradient for it. What is computed from such a tensor needs one too.
    name
        Shown in the graph.

    Attributes
    ----------
    data : np.ndarray
        The value.
    grad : np.ndarray or None
        The gradient, of the value's shape, after :meth:`backward`; gradients of several calls add up.
    op : str
        The operation it came from; empty for what you made yourself.
    parents : tuple of Tensor
        What it was computed from.

    References
    ----------
    Baydin, Pearlmutter, Radul and Siskind, *Automatic Differentiation in Machine Learning: a Survey*, JMLR 18 (2018).

    Examples
    --------
    >>> w = Tensor([1.0, -2.0], requires_grad=True, name="w")
    >>> loss = ((w * 3 + 1) ** 2).sum()
    >>> loss.backward()
    >>> w.grad
    array([ 24., -30.])
    """

    __array_priority__ = 1000  # so that NumPy leaves `array + tensor` to the tensor

    def __init__(self, data: Any, requires_grad: bool = False, name: str = "") -> None:
        data = data.data if isinstance(data, Tensor) else np.asarray(data)
        require(data.dtype.kind in "biuf", "data", "numbers", f"dtype {data.dtype}")
        self.data: np.ndarray = data if data.dtype == np.float32 else data.astype(float)
        self.requires_grad = requires_grad
        self.name = name
        self.grad: np.ndarray | None = None
        self.op = ""
        self.parents: tuple[Tensor, ...] = ()
        self._backwards: tuple[Backward, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """The value's shape."""
        return self.data.shape

    @property
    def ndim(self) -> int:
        """How many axes the value has."""
        return self.data.ndim

    def item(self) -> float:
        """The value of a tensor with one entry."""
        return float(self.data.item())

    def __len__(self) -> int:
        return len(self.data)

    def __repr__(self) -> str:
        end = f", op='{self.op}'" if self.op else ", requires_grad=True" if self.requires_grad else ""
        return f"Tensor({np.array2string(self.data, separator=', ', prefix='Tensor(')}{end})"

    def zero_grad(self) -> None:
        """Forget the gradient, before the next :meth:`backward`."""
        self.grad = None

    def backward(self, gradient: Number | None = None) -> None:
        """Play the tape back: give every tensor that needs it its gradient.

        Parameters
        ----------
        gradient
            Of the loss with respect to this tensor, of its shape; 1 for a tensor with one entry, a loss itself.

        Raises
        ------
        ValueError
            If this tensor has several entries and no ``gradient`` is given, or nothing it came from needs one.
        """
        require(
            self.requires_grad, "self", "a tensor computed from one with requires_grad=True", "no such tensor"
        )
        if gradient is None:
            require(
                self.data.size == 1, "gradient", f"shape {self.shape}: this tensor isn't one number", None
            )
            gradient = 1.0
        upstream = np.broadcast_to(np.asarray(gradient, dtype=self.data.dtype), self.shape)
        waiting = {id(self): upstream}
        for tensor in reversed(list(self.ancestors())):
            upstream = waiting.pop(id(tensor))
            tensor.grad = upstream.copy() if tensor.grad is None else tensor.grad + upstream
            for parent, backward in zip(tensor.parents, tensor._backwards, strict=True):
                if parent.requires_grad:
                    flowing = _unbroadcast(backward(upstream), parent.shape)
                    # A tensor that is used twice gets the sum of what flows back along both ways.
                    waiting[id(parent)] = waiting[id(parent)] + flowing if id(parent) in waiting else flowing

    def ancestors(self) -> Iterator[Tensor]:
        """All tensors that need a gradient and that this one came from, and itself, each after its parents."""
        # Without recursion, for a tape can be longer than Python's stack is deep.
        done: set[int] = set()
        stack: list[tuple[Tensor, bool]] = [(self, False)]
        while stack:
            tensor, ready = stack.pop()
            if ready:
                yield tensor
            elif id(tensor) not in done and tensor.requires_grad:
                done.add(id(tensor))
                stack.append((tensor, True))
                stack.extend((parent, False) for parent in tensor.parents)

    # Each operation: its value, and under it how a gradient g at the result flows back to each input.

    def __add__(self, other: Tensor | Number) -> Tensor:
        other = _tensor(other)
        return _record("+", self.data + other.data, (self, other), (lambda g: g, lambda g: g))

    def __sub__(self, other: Tensor | Number) -> Tensor:
        other = _tensor(other)
        return _record("−", self.data - other.data, (self, other), (lambda g: g, lambda g: -g))

    def __mul__(self, other: Tensor | Number) -> Tensor:
        other = _tensor(other)
        a, b = self.data, other.data
        return _record("×", a * b, (self, other), (lambda g: g * b, lambda g: g * a))

    def __truediv__(self, other: Tensor | Number) -> Tensor:
        other = _tensor(other)
        a, b = self.data, other.data
        return _record("÷", a / b, (self, other), (lambda g: g / b, lambda g: -g * a / b**2))

    def __pow__(self, power: float) -> Tensor:
        require(isinstance(power, (int, float)), "power", "a number", type(power).__name__)
        x = self.data
        return _record(f"^{power:g}", x**power, (self,), (lambda g: g * power * x ** (power - 1),))

    def __matmul__(self, other: Tensor | Number) -> Tensor:
        other = _tensor(other)
        A, B = self.data, other.data
        require(A.ndim > 0 and B.ndim > 0, "other", "arrays with at least one axis", "a single number")
        # A vector is a matrix of one row on the left, of one column on the right; the product loses that axis again.
        rows, columns = A if A.ndim > 1 else A[None, :], B if B.ndim > 1 else B[:, None]

        def restored(g: np.ndarray) -> np.ndarray:
            g = g if B.ndim > 1 else g[..., None]
            return g if A.ndim > 1 else g[..., None, :]

        def to_left(g: np.ndarray) -> np.ndarray:
            dA: np.ndarray = restored(g) @ columns.swapaxes(-1, -2)
            return dA if A.ndim > 1 else dA[..., 0, :]

        def to_right(g: np.ndarray) -> np.ndarray:
            dB: np.ndarray = rows.swapaxes(-1, -2) @ restored(g)
            return dB if B.ndim > 1 else dB[..., 0]

        return _record("@", A @ B, (self, other), (to_left, to_right))

    def __neg__(self) -> Tensor:
        return _record("−", -self.data, (self,), (lambda g: -g,))

    def exp(self) -> Tensor:
        """Exponential; ``d exp x = exp x``."""
        y = np.exp(self.data)
        return _record("exp", y, (self,), (lambda g: g * y,))

    def log(self) -> Tensor:
        """Natural logarithm; ``d log x = 1 / x``."""
        x = self.data
        return _record("log", np.log(x), (self,), (lambda g: g / x,))

    def tanh(self) -> Tensor:
        """Hyperbolic tangent; ``d tanh x = 1 − tanh² x``."""
        y = np.tanh(self.data)
        return _record("tanh", y, (self,), (lambda g: g * (1 - y**2),))

    def sigmoid(self) -> Tensor:
        """Logistic function, safe for any x; ``dσ = σ (1 − σ)``."""
        y = (1 + np.tanh(self.data / 2)) / 2
        return _record("σ", y, (self,), (lambda g: g * y * (1 - y),))

    def relu(self) -> Tensor:
        """``max(0, x)``; its slope is 1 for x > 0, otherwise 0."""
        open_ = self.data > 0
        return _record("relu", self.data * open_, (self,), (lambda g: g * open_,))

    def sum(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Tensor:
        """Sum over axes; each entry that was summed gets the whole gradient."""
        x = self.data
        return _record(
            "sum",
            x.sum(axis=axis, keepdims=keepdims),
            (self,),
            (lambda g: _spread(g, x.shape, axis, keepdims),),
        )

    def mean(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Tensor:
        """Mean over axes; each of n entries gets 1/n of the gradient."""
        x = self.data
        y = x.mean(axis=axis, keepdims=keepdims)
        share = y.size / x.size
        return _record("mean", y, (self,), (lambda g: _spread(g, x.shape, axis, keepdims) * share,))

    def max(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Tensor:
        """Largest entry over axes; it gets the gradient, and of several equal ones each an equal share, as in torch."""
        x = self.data
        y = x.max(axis=axis, keepdims=True)
        largest = (x == y) / (x == y).sum(axis=axis, keepdims=True)
        value = x.max(axis=axis, keepdims=keepdims)
        return _record("max", value, (self,), (lambda g: _spread(g, x.shape, axis, keepdims) * largest,))

    def reshape(self, *shape: int) -> Tensor:
        """The same entries in another shape."""
        before = self.shape
        return _record("reshape", self.data.reshape(shape), (self,), (lambda g: g.reshape(before),))

    def transpose(self, *axes: int) -> Tensor:
        """Axes in another order; all reversed without arguments."""
        back = np.argsort(axes) if axes else None
        return _record(
            "transpose", self.data.transpose(axes or None), (self,), (lambda g: g.transpose(back),)
        )

    @property
    def T(self) -> Tensor:
        """All axes reversed."""
        return self.transpose()

    def __getitem__(self, index: Any) -> Tensor:
        shape = self.shape

        def backward(g: np.ndarray) -> np.ndarray:
            flowing = np.zeros(shape, g.dtype)
            np.add.at(flowing, index, g)  # an entry that was taken twice gets both gradients
            return flowing

        return _record("[ ]", self.data[index], (self,), (backward,))

    __radd__ = __add__
    __rmul__ = __mul__

    def __rsub__(self, other: Number) -> Tensor:
        return _tensor(other) - self

    def __rtruediv__(self, other: Number) -> Tensor:
        return _tensor(other) / self

    def __rmatmul__(self, other: Number) -> Tensor:
        return _tensor(other) @ self

    def _repr_svg_(self) -> str | None:
        """The graph, where a notebook shows a result of operations that is small enough to draw."""
        from course_utils.autograd.drawing import MOST_NODES, draw_graph

        few = sum(1 for _ in zip(range(MOST_NODES + 1), self.ancestors(), strict=False)) <= MOST_NODES
        return draw_graph(self) if self.op and few else None


def _tensor(value: Tensor | Number) -> Tensor:
    return value if isinstance(value, Tensor) else Tensor(value)


def _record(op: str, data: np.ndarray, parents: Sequence[Tensor], backwards: Sequence[Backward]) -> Tensor:
    """A tensor that knows where it came from, if anything there needs a gradient."""
    result = Tensor(data)
    result.requires_grad = any(parent.requires_grad for parent in parents)
    if result.requires_grad:
        result.op, result.parents, result._backwards = op, tuple(parents), tuple(backwards)
    return result


def _spread(
    g: np.ndarray, shape: tuple[int, ...], axis: int | tuple[int, ...] | None, kept: bool
) -> np.ndarray:
    """A gradient at a reduction's result, repeated along the axes that were reduced."""
    return np.broadcast_to(g if kept or axis is None else np.expand_dims(g, axis), shape)


def _unbroadcast(g: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Sum a gradient over the axes along which an input was repeated: it took part that many times."""
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    repeated = tuple(i for i, n in enumerate(shape) if n == 1 and g.shape[i] != 1)
    return g.sum(axis=repeated, keepdims=True) if repeated else g
