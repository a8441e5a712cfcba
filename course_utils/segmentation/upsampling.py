"""Four ways to make small maps large. Images are (n, c, h, w), NumPy arrays or torch tensors."""

from __future__ import annotations

import numpy as np

from course_utils._arrays import Array, as_arrays, require, require_axes


def upsample_nearest(x: Array, scale: int) -> Array:
    """Repeat each value in a square of ``scale`` × ``scale``.

    Parameters
    ----------
    x
        (n, c, h, w).
    scale
        At least 1.

    Returns
    -------
    array
        (n, c, scale · h, scale · w).

    Examples
    --------
    >>> upsample_nearest([[[[1.0, 2.0]]]], 2)
    array([[[[1., 1., 2., 2.],
             [1., 1., 2., 2.]]]])
    """
    xp, (x,) = as_arrays(x=x)
    _require_scale(x, scale)
    return xp.repeat(xp.repeat(x, scale, axis=2), scale, axis=3)


def bed_of_nails(x: Array, scale: int) -> Array:
    """Put each value into the upper left corner of a square of zeros, ``scale`` × ``scale``.

    Parameters
    ----------
    x, scale
        As in :func:`upsample_nearest`.

    Examples
    --------
    >>> bed_of_nails([[[[1.0, 2.0]]]], 2)
    array([[[[1., 0., 2., 0.],
             [0., 0., 0., 0.]]]])
    """
    xp, (x,) = as_arrays(x=x)
    _require_scale(x, scale)
    n, c, h, w = x.shape
    y = xp.zeros((n, c, scale * h, scale * w), dtype=x.dtype, device=x.device)
    y[:, :, ::scale, ::scale] = x
    return y


def _require_scale(x: Array, scale: int) -> None:
    require_axes("x", x, "(n, c, h, w)")
    require(scale >= 1, "scale", "at least 1", scale)


def max_unpool2d(x: Array, indices: Array, output_size: tuple[int, int]) -> Array:
    """Put each value back where :func:`course_utils.convolution.max_pool2d` took it from, and zeros elsewhere.

    Parameters
    ----------
    x
        (n, c, h, w).
    indices
        Places in the large map, row · width + column, (n, c, h, w) integers, as ``return_indices=True`` gives them.
    output_size
        (height, width) of the large map.

    Returns
    -------
    array
        (n, c, height, width).

    Raises
    ------
    ValueError
        If the shapes differ or a place lies outside.

    References
    ----------
    Zeiler and Fergus, *Visualizing and Understanding Convolutional Networks* (2014), section 2.1.

    Examples
    --------
    >>> max_unpool2d([[[[7.0]]]], np.array([[[[2]]]]), (2, 2))
    array([[[[0., 0.],
             [7., 0.]]]])
    """
    xp, (x,) = as_arrays(x=x)
    require_axes("x", x, "(n, c, h, w)")
    indices = xp.asarray(indices, device=x.device)
    require(indices.shape == x.shape, "indices", f"shape {tuple(x.shape)}", f"shape {tuple(indices.shape)}")
    n, c, _, _ = x.shape
    height, width = output_size
    inside = bool(xp.all((indices >= 0) & (indices < height * width)))
    require(inside, "indices", f"places from 0 to {height * width - 1}", "others")
    flat = xp.zeros((n * c, height * width), dtype=x.dtype, device=x.device)
    rows = xp.arange(n * c, device=x.device)[:, None]
    flat[rows, xp.reshape(indices, (n * c, -1))] = xp.reshape(x, (n * c, -1))
    return xp.reshape(flat, (n, c, height, width))


def conv_transpose2d(x: Array, w: Array, b: Array | None = None, stride: int = 1, padding: int = 0) -> Array:
    """Transposed convolution: each value writes its multiple of the filter; where copies overlap they add up.

    ``y[n, k, S i + u − P, S j + v − P] += w[c, k, u, v] x[n, c, i, j]``. It is how the gradient flows back through a
    convolution with the same filters, stride and padding.

    Parameters
    ----------
    x
        (n, c, h, w).
    w
        Filters (c, k, rows, columns), as torch has them: from c maps to k.
    b
        Biases (k,).
    stride, padding
        S, and P: how much is cut off on each side.

    Returns
    -------
    array
        (n, k, (h − 1) S + rows − 2P, (w − 1) S + columns − 2P).

    References
    ----------
    Dumoulin and Visin, *A guide to convolution arithmetic for deep learning* (2016), chapter 4.

    Examples
    --------
    >>> conv_transpose2d([[[[1.0, 2.0]]]], np.ones((1, 1, 1, 3)), stride=2)
    array([[[[1., 1., 3., 2., 2.]]]])
    """
    _, (x, w) = as_arrays(x=x, w=w)
    require_axes("x", x, "(n, c, h, w)")
    require_axes("w", w, "(c, k, rows, columns)")
    require(w.shape[0] == x.shape[1], "w", f"filters from {x.shape[1]} maps", f"shape {tuple(w.shape)}")
    require(stride >= 1, "stride", "at least 1", stride)
    require(padding >= 0, "padding", "at least 0", padding)
    (n, _, h, wide), (_, k, rows, columns) = x.shape, w.shape
    height, width = (h - 1) * stride + rows, (wide - 1) * stride + columns
    room = min(height, width) - 2 * padding
    require(room >= 1, "padding", "one that leaves something of the output", padding)
    if b is not None:
        _, (b, _) = as_arrays(b=b, x=x)
        require(b.shape == (k,), "b", f"shape ({k},)", f"shape {tuple(b.shape)}")
    if not isinstance(x, np.ndarray):
        from torch.nn import functional

        return functional.conv_transpose2d(x, w, b, stride, padding)
    y = np.zeros((n, k, height, width), np.result_type(x, w))
    for u in range(rows):
        for v in range(columns):
            stamp = np.einsum("nchw,ck->nkhw", x, w[:, :, u, v], optimize=True)
            y[:, :, u : u + stride * h : stride, v : v + stride * wide : stride] += stamp
    y = y[:, :, padding : height - padding, padding : width - padding]
    return y if b is None else y + b[:, None, None]
