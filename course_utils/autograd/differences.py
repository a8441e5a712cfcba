"""Derivatives from centred differences; slow and nearly right: what every backward pass is checked by."""

from __future__ import annotations

from collections.abc import Callable

from course_utils._arrays import Array, as_arrays, require


def numerical_gradient(f: Callable[[Array], Array | float], x: Array, h: float | None = None) -> Array:
    """Gradient of a function that returns one number: ``(f(x + h eᵢ) − f(x − h eᵢ)) / 2h`` for every entry of x.

    Parameters
    ----------
    f
        Takes an array like ``x``, returns a number; called twice for each entry, and never given ``x`` itself.
    x
        Where, an array of any shape.
    h
        Half the distance; by default ``∛eps · max(1, |xᵢ|)`` for each entry, which balances the error of the formula,
        of order h², against that of rounding, of order eps / h.

    Returns
    -------
    array
        The shape of x.

    Raises
    ------
    ValueError
        If ``f`` returns more than one number.

    References
    ----------
    Press, Teukolsky, Vetterling and Flannery, *Numerical Recipes*, section 5.7.

    Examples
    --------
    >>> numerical_gradient(lambda x: (x**3).sum(), [1.0, 2.0]).round(6)
    array([ 3., 12.])
    """
    _, (x,) = as_arrays(x=x)
    slopes = jacobian(f, x, h)
    require(
        slopes.shape == x.shape,
        "f",
        "a function that returns one number",
        f"shape {tuple(slopes.shape[: -x.ndim or None])}",
    )
    return slopes


def jacobian(f: Callable[[Array], Array | float], x: Array, h: float | None = None) -> Array:
    """All partial derivatives ``∂f_j / ∂x_i`` by centred differences.

    Parameters
    ----------
    f
        Takes an array like ``x`` and returns an array of shape S, always the same.
    x, h
        As in :func:`numerical_gradient`.

    Returns
    -------
    array
        ``(*S, *x.shape)``: one derivative for each output and input.

    References
    ----------
    As for :func:`numerical_gradient`.

    Examples
    --------
    >>> jacobian(lambda x: x[0] * x, [2.0, 5.0]).round(6)
    array([[4., 0.],
           [5., 2.]])
    """
    xp, (x,) = as_arrays(x=x)
    require(h is None or h > 0, "h", "a number > 0", h)
    flat = xp.reshape(x, (-1,))
    cube_root = float(xp.finfo(x.dtype).eps) ** (1 / 3)
    columns = []
    for i in range(flat.shape[0]):
        step = cube_root * max(1.0, abs(float(flat[i]))) if h is None else h
        ahead, behind = (xp.asarray(flat, copy=True) for _ in range(2))
        ahead[i] += step
        behind[i] -= step
        distance = ahead[i] - behind[i]  # as it is after rounding
        ends = [
            xp.asarray(f(xp.reshape(moved, x.shape)), dtype=x.dtype, device=x.device)
            for moved in (ahead, behind)
        ]
        columns.append((ends[0] - ends[1]) / distance)
    J = xp.stack(columns, axis=-1)
    return xp.reshape(J, (*J.shape[:-1], *x.shape))


def relative_error(a: Array, b: Array) -> float:
    """How far two gradients differ at the most: ``max |a − b| / max(1e-8, |a| + |b|)`` over all entries.

    Below 1e-7 a double-precision gradient is right; above 1e-2 it is wrong; in between, look for a kink in the function.

    Parameters
    ----------
    a, b
        Arrays of one shape.

    Examples
    --------
    >>> relative_error([1.0, 2.0], [1.0, 2.0002]) < 1e-4
    True
    """
    xp, (a, b) = as_arrays(a=a, b=b)
    require(b.shape == a.shape, "b", f"shape {tuple(a.shape)}", f"shape {tuple(b.shape)}")
    return float(xp.max(xp.abs(a - b) / xp.clip(xp.abs(a) + xp.abs(b), min=1e-8)))
