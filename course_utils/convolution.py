"""Convolution and pooling, forwards and backwards, and what they cost.

Images are (n, channels, height, width). NumPy arrays go through patches and one matrix product, torch tensors through
torch's own kernels.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from course_utils._arrays import Array, as_arrays, require, require_axes

__all__ = [
    "avg_pool2d",
    "avg_pool2d_backward",
    "conv2d",
    "conv2d_backward",
    "conv_output_size",
    "conv_parameter_count",
    "convolve2d",
    "correlate2d",
    "im2col",
    "max_pool2d",
    "max_pool2d_backward",
]


def convolve2d(image: Array, kernel: Array, mode: str = "valid") -> Array:
    """Convolution: ``(h ∗ f)(x, y) = Σᵢⱼ h(i, j) f(x − i, y − j)``, the correlation with the kernel turned half around.

    Parameters
    ----------
    image
        f, (…, height, width); leading axes are separate images.
    kernel
        h, (rows, columns).
    mode
        ``"valid"``: where the kernel lies within the image; ``"same"``: as large as the image, zeros beyond its border;
        ``"full"``: wherever they overlap. As in ``scipy.signal.convolve2d``.

    Examples
    --------
    >>> convolve2d([[0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]], [[1.0, 2.0], [3.0, 4.0]])
    array([[1., 2.],
           [3., 4.]])
    """
    xp, (kernel,) = as_arrays(kernel=kernel)
    require_axes("kernel", kernel, "(rows, columns)")
    rows, columns = kernel.shape
    require(mode in ("valid", "same", "full"), "mode", "'valid', 'same' or 'full'", repr(mode))
    # Of an even kernel SciPy's "same" takes the middle that lies lower right for convolution, upper left for correlation.
    before = (rows // 2, columns // 2)
    return _slide(image, xp.flip(kernel), mode, before)


def correlate2d(image: Array, kernel: Array, mode: str = "valid") -> Array:
    """Correlation: ``Σᵢⱼ h(i, j) f(x + i, y + j)``, which deep learning calls convolution.

    Parameters
    ----------
    image, kernel, mode
        As in :func:`convolve2d`; as in ``scipy.signal.correlate2d``.

    Examples
    --------
    >>> correlate2d([[0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]], [[1.0, 2.0], [3.0, 4.0]])
    array([[4., 3.],
           [2., 1.]])
    """
    _, (kernel,) = as_arrays(kernel=kernel)
    require_axes("kernel", kernel, "(rows, columns)")
    rows, columns = kernel.shape
    require(mode in ("valid", "same", "full"), "mode", "'valid', 'same' or 'full'", repr(mode))
    return _slide(image, kernel, mode, ((rows - 1) // 2, (columns - 1) // 2))


def _slide(image: Array, kernel: Array, mode: str, before: tuple[int, int]) -> Array:
    _, (image, kernel) = as_arrays(image=image, kernel=kernel)
    require(image.ndim >= 2, "image", "shape (…, height, width)", f"shape {tuple(image.shape)}")
    rows, columns = kernel.shape
    fits = image.shape[-2] >= rows and image.shape[-1] >= columns
    require(
        fits or mode != "valid",
        "kernel",
        f"one that fits into the image {tuple(image.shape[-2:])}",
        tuple(kernel.shape),
    )
    if mode == "same":
        pads = [(before[0], rows - 1 - before[0]), (before[1], columns - 1 - before[1])]
    else:
        pads = [(rows - 1, rows - 1), (columns - 1, columns - 1)] if mode == "full" else [(0, 0), (0, 0)]
    (top, bottom), (left, right) = pads
    if not isinstance(image, np.ndarray):
        from torch.nn import functional

        framed = functional.pad(image, (left, right, top, bottom)).reshape(
            -1, 1, image.shape[-2] + top + bottom, image.shape[-1] + left + right
        )
        moved = functional.conv2d(framed, kernel[None, None])
        return moved.reshape(*image.shape[:-2], *moved.shape[-2:])
    padded = np.pad(image, [(0, 0)] * (image.ndim - 2) + pads)
    height, width = padded.shape[-2] - rows + 1, padded.shape[-1] - columns + 1
    result = np.zeros((*image.shape[:-2], height, width), np.result_type(image, kernel))
    for i in range(rows):  # a kernel has few entries, an image many
        for j in range(columns):
            result += kernel[i, j] * padded[..., i : i + height, j : j + width]
    return result


def conv_output_size(W: int, F: int, S: int = 1, P: int = 0) -> int:
    """Width of a convolution's output: ``(W − F + 2P) / S + 1``; the same for its height.

    Parameters
    ----------
    W, F, S, P
        Width of the input, width of the filter, stride, and zeros added on each side.

    Raises
    ------
    ValueError
        If the filter doesn't fit, or the stride doesn't divide W − F + 2P: columns at the border would be left out.

    References
    ----------
    Dumoulin and Visin, *A guide to convolution arithmetic for deep learning* (2016).

    Examples
    --------
    >>> conv_output_size(227, 11, S=4)
    55
    """
    for name, value, lowest in (("W", W, 1), ("F", F, 1), ("S", S, 1), ("P", P, 0)):
        require(value >= lowest, name, f"at least {lowest}", value)
    room = W - F + 2 * P
    require(room >= 0, "F", f"at most W + 2P = {W + 2 * P}", F)
    near = f"S dividing W − F + 2P = {room}, as with W = {W - room % S} or {W - room % S + S}"
    require(room % S == 0, "S", near, f"S = {S}: (W − F + 2P)/S + 1 = {room / S + 1:.4g} is not an integer")
    return room // S + 1


def conv_parameter_count(n: int, m: int, R: int, K: int) -> int:
    """Parameters of K filters of n × m over R maps, each with a bias: ``(n m R + 1) K``. No matter how large the image is.

    Parameters
    ----------
    n, m, R, K
        Height and width of a filter, maps that come in, filters.

    Examples
    --------
    >>> conv_parameter_count(11, 11, 3, 96)  # AlexNet's first layer
    34944
    """
    for name, value in (("n", n), ("m", m), ("R", R), ("K", K)):
        require(value >= 1, name, "at least 1", value)
    return (n * m * R + 1) * K


def im2col(x: Array, F: int | tuple[int, int], S: int = 1, P: int = 0) -> Array:
    """All patches under a filter as columns, so that a convolution is one matrix product.

    Parameters
    ----------
    x
        (n, c, h, w).
    F, S, P
        Side of the filter, or (rows, columns); stride; padding.

    Returns
    -------
    array
        (n, c · F · F, positions): channel by channel, row by row, as ``torch.nn.functional.unfold`` has it.

    Examples
    --------
    >>> im2col(np.arange(9.0).reshape(1, 1, 3, 3), 2)[0, :, 0]
    array([0., 1., 3., 4.])
    """
    xp, (x,) = as_arrays(x=x)
    patches = _patches(x, _pair(F), S, P)  # (n, c, rows, columns, height, width)
    n = x.shape[0]
    return xp.reshape(patches, (n, patches.shape[1] * patches.shape[2] * patches.shape[3], -1))


def _pair(F: int | tuple[int, int]) -> tuple[int, int]:
    return (F, F) if isinstance(F, int) else F


def _patches(x: Any, kernel: tuple[int, int], stride: int, padding: int, fill: float = 0.0) -> Any:
    """What each entry of a kernel sees, (n, c, rows, columns, out height, out width); a view where it can be."""
    require_axes("x", x, "(n, c, h, w)")
    rows, columns = kernel
    height = conv_output_size(x.shape[2], rows, stride, padding)
    width = conv_output_size(x.shape[3], columns, stride, padding)
    if isinstance(x, np.ndarray):
        if padding:
            x = np.pad(x, [(0, 0), (0, 0), (padding, padding), (padding, padding)], constant_values=fill)
        windows = np.lib.stride_tricks.sliding_window_view(x, (rows, columns), axis=(2, 3))
        return windows[:, :, ::stride, ::stride].transpose(0, 1, 4, 5, 2, 3)
    from torch.nn import functional

    x = functional.pad(x, (padding, padding, padding, padding), value=fill)
    windows = x.unfold(2, rows, stride).unfold(3, columns, stride)
    return windows[:, :, :height, :width].permute(0, 1, 4, 5, 2, 3)


def _scatter(columns: np.ndarray, shape: tuple[int, ...], stride: int, padding: int) -> np.ndarray:
    """Add patches back to where they came from: what :func:`_patches` does, backwards."""
    n, c, h, w = shape
    _, _, rows, across, height, width = columns.shape
    x = np.zeros((n, c, h + 2 * padding, w + 2 * padding), columns.dtype)
    for i in range(rows):
        for j in range(across):
            x[:, :, i : i + stride * height : stride, j : j + stride * width : stride] += columns[:, :, i, j]
    return x[:, :, padding : padding + h, padding : padding + w]


def conv2d(x: Array, w: Array, b: Array | None = None, stride: int = 1, padding: int = 0) -> Array:
    """Convolutional layer: at each place the correlation of all maps with each filter, plus its bias.

    ``y[n, k, i, j] = b_k + Σ_{c,u,v} w[k, c, u, v] x[n, c, S i + u − P, S j + v − P]``.

    Parameters
    ----------
    x
        (n, c, h, w).
    w
        Filters (k, c, rows, columns).
    b
        Biases (k,).
    stride, padding
        S and P, the same in both directions.

    Returns
    -------
    array
        (n, k, out height, out width), see :func:`conv_output_size`.

    Raises
    ------
    ValueError
        If shapes don't fit, or the stride doesn't divide: torch would leave out the border without a word.

    References
    ----------
    Goodfellow, Bengio and Courville, *Deep Learning*, section 9.5; arguments as in ``torch.nn.functional.conv2d``.

    Examples
    --------
    >>> conv2d(np.ones((1, 2, 3, 3)), np.ones((1, 2, 3, 3)), [0.5], padding=1)[0, 0]
    array([[ 8.5, 12.5,  8.5],
           [12.5, 18.5, 12.5],
           [ 8.5, 12.5,  8.5]])
    """
    _, (x, w) = as_arrays(x=x, w=w)
    height, width = _conv_sizes(x, w, stride, padding)
    if b is not None:
        _, (b, _) = as_arrays(b=b, x=x)
        require(b.shape == w.shape[:1], "b", f"shape ({w.shape[0]},)", f"shape {tuple(b.shape)}")
    if not isinstance(x, np.ndarray):
        from torch.nn import functional

        return functional.conv2d(x, w, b, stride, padding)
    columns = im2col(x, w.shape[2:], stride, padding)  # (n, c·rows·columns, positions)
    y = (w.reshape(len(w), -1) @ columns).reshape(len(x), len(w), height, width)
    return y if b is None else y + b[:, None, None]


def _conv_sizes(x: Array, w: Array, stride: int, padding: int) -> tuple[int, int]:
    require_axes("x", x, "(n, c, h, w)")
    require_axes("w", w, "(k, c, rows, columns)")
    require(w.shape[1] == x.shape[1], "w", f"filters over {x.shape[1]} maps", f"shape {tuple(w.shape)}")
    return tuple(conv_output_size(x.shape[i], w.shape[i], stride, padding) for i in (2, 3))  # type: ignore[return-value]


def conv2d_backward(
    dy: Array, x: Array, w: Array, stride: int = 1, padding: int = 0
) -> tuple[Array, Array, Array]:
    """Gradients of a loss through :func:`conv2d`.

    ``db_k = Σ dy``; dw correlates x with dy; dx spreads each dy over the patch that it came from, weighted by w.

    Parameters
    ----------
    dy
        Gradient with respect to the output (n, k, out height, out width).
    x, w, stride, padding
        As they went in.

    Returns
    -------
    dx, dw, db
        In the shapes of x, w and b.
    """
    xp, (dy, x, w) = as_arrays(dy=dy, x=x, w=w)
    wanted = (x.shape[0], w.shape[0], *_conv_sizes(x, w, stride, padding))
    require(tuple(dy.shape) == wanted, "dy", f"shape {wanted}", f"shape {tuple(dy.shape)}")
    db = xp.sum(dy, axis=(0, 2, 3))
    if not isinstance(x, np.ndarray):
        from torch.nn.grad import conv2d_input, conv2d_weight

        dx = conv2d_input(x.shape, w, dy, stride, padding)  # type: ignore[no-untyped-call]
        dw = conv2d_weight(x, w.shape, dy, stride, padding)  # type: ignore[no-untyped-call]
        return dx, dw, db
    n, k = dy.shape[:2]
    rows_y, columns = dy.reshape(n, k, -1), im2col(x, w.shape[2:], stride, padding)
    dw = (rows_y @ columns.transpose(0, 2, 1)).sum(axis=0).reshape(w.shape)
    dcolumns = w.reshape(k, -1).T @ rows_y
    patches = dcolumns.reshape(n, *w.shape[1:], *dy.shape[2:])
    return _scatter(patches, x.shape, stride, padding), dw, db


def max_pool2d(x: Array, kernel_size: int, stride: int | None = None, return_indices: bool = False) -> Any:
    """Largest value of each window, for each map; nothing is learnt.

    Parameters
    ----------
    x
        (n, c, h, w).
    kernel_size
        Side of the window.
    stride
        From window to window; by default as large as the window.
    return_indices
        Return beside the result where in its map (row · w + column) each largest value stands, the first of equals.

    Raises
    ------
    ValueError
        If the windows don't cover the maps evenly.

    Examples
    --------
    >>> max_pool2d([[[[1.0, 2.0], [3.0, 0.0]]]], 2, return_indices=True)
    (array([[[[3.]]]]), array([[[[2]]]]))
    """
    _, (x,) = as_arrays(x=x)
    stride = kernel_size if stride is None else stride
    if not isinstance(x, np.ndarray):
        from torch.nn import functional

        _pool_sizes(x, kernel_size, stride)
        pool: Any = functional.max_pool2d_with_indices if return_indices else functional.max_pool2d
        return pool(x, kernel_size, stride)
    windows = _patches(x, (kernel_size, kernel_size), stride, 0)
    if not return_indices:
        largest = windows[:, :, 0, 0]
        for i, j in list(np.ndindex(kernel_size, kernel_size))[1:]:
            largest = np.maximum(largest, windows[:, :, i, j])
        return largest.copy() if kernel_size == 1 else largest
    n, c, _, _, height, width = windows.shape
    flat = windows.reshape(n, c, -1, height, width)
    place = flat.argmax(axis=2)
    row = place // kernel_size + stride * np.arange(height)[:, None]
    column = place % kernel_size + stride * np.arange(width)
    return np.take_along_axis(flat, place[:, :, None], axis=2)[:, :, 0], row * x.shape[3] + column


def _pool_sizes(x: Array, kernel_size: int, stride: int) -> tuple[int, int]:
    require_axes("x", x, "(n, c, h, w)")
    return conv_output_size(x.shape[2], kernel_size, stride), conv_output_size(
        x.shape[3], kernel_size, stride
    )


def max_pool2d_backward(dy: Array, x: Array, kernel_size: int, stride: int | None = None) -> Array:
    """Gradient through :func:`max_pool2d`: the largest value of each window gets all of it, the first of equals.

    Parameters
    ----------
    dy
        Gradient with respect to the output.
    x, kernel_size, stride
        As they went in.

    Returns
    -------
    array
        In the shape of x.
    """
    xp, (dy, x) = as_arrays(dy=dy, x=x)
    y, indices = max_pool2d(x, kernel_size, stride, return_indices=True)
    require(dy.shape == y.shape, "dy", f"shape {tuple(y.shape)}", f"shape {tuple(dy.shape)}")
    n, c, h, w = x.shape
    dx, index, flowing = (xp.reshape(part, (n * c, -1)) for part in (xp.zeros_like(x), indices, dy))
    if isinstance(x, np.ndarray):
        np.add.at(dx, (np.arange(n * c)[:, None], index), flowing)  # windows may overlap
    else:
        dx = dx.scatter_add(1, index, flowing)
    return xp.reshape(dx, (n, c, h, w))


def avg_pool2d(x: Array, kernel_size: int, stride: int | None = None) -> Array:
    """Mean of each window, for each map.

    Parameters
    ----------
    x, kernel_size, stride
        As in :func:`max_pool2d`.

    Examples
    --------
    >>> avg_pool2d([[[[1.0, 2.0], [3.0, 0.0]]]], 2)
    array([[[[1.5]]]])
    """
    _, (x,) = as_arrays(x=x)
    stride = kernel_size if stride is None else stride
    _pool_sizes(x, kernel_size, stride)
    if not isinstance(x, np.ndarray):
        from torch.nn import functional

        return functional.avg_pool2d(x, kernel_size, stride)
    windows = _patches(x, (kernel_size, kernel_size), stride, 0)
    total = sum(windows[:, :, i, j] for i, j in np.ndindex(kernel_size, kernel_size))
    return total / kernel_size**2


def avg_pool2d_backward(dy: Array, x: Array, kernel_size: int, stride: int | None = None) -> Array:
    """Gradient through :func:`avg_pool2d`: each of a window's N values gets 1/N of it.

    Parameters
    ----------
    dy, x, kernel_size, stride
        As in :func:`max_pool2d_backward`.
    """
    xp, (dy, x) = as_arrays(dy=dy, x=x)
    stride = kernel_size if stride is None else stride
    wanted = (*x.shape[:2], *_pool_sizes(x, kernel_size, stride))
    require(tuple(dy.shape) == wanted, "dy", f"shape {wanted}", f"shape {tuple(dy.shape)}")
    dx, share = xp.zeros_like(x), dy / kernel_size**2
    for i, j in np.ndindex(kernel_size, kernel_size):
        dx[:, :, i : i + stride * wanted[2] : stride, j : j + stride * wanted[3] : stride] += share
    return dx
