"""Linear, ridge and logistic regression.

Samples are rows: ``X`` is (n, d), ``Y`` is (n, k), and a model ``A`` (k, d) predicts ``ŷ = A x``, that is ``X Aᵀ`` for
all samples at once. Every function takes NumPy arrays or torch tensors and returns the same, on the same device.
"""

from __future__ import annotations

import numpy as np

from course_utils._arrays import Array, as_arrays, require, require_axes, require_same_rows

__all__ = [
    "add_bias",
    "binary_cross_entropy",
    "fit_least_squares",
    "fit_line",
    "fit_logistic",
    "fit_ridge",
    "is_positive_definite",
    "is_positive_semidefinite",
    "logistic_gradient",
    "mean_squared_error",
    "polynomial_features",
    "sigmoid",
    "squared_error_gradient",
]


def mean_squared_error(predictions: Array, targets: Array) -> Array:
    """Average squared difference, the empirical risk under squared error: ``(1/N) Σ (ŷᵢ − yᵢ)²``.

    Parameters
    ----------
    predictions, targets
        Two arrays of one shape; N is the number of their entries.

    Returns
    -------
    array
        A 0-d array.

    Raises
    ------
    ValueError
        If the shapes differ: broadcasting would silently compare every prediction with every target.

    References
    ----------
    Hastie, Tibshirani and Friedman, *The Elements of Statistical Learning*, section 2.4.

    Examples
    --------
    >>> float(mean_squared_error([1.0, 2.0, 4.0], [1.0, 3.0, 2.0]))
    1.6666666666666667
    """
    xp, (predictions, targets) = as_arrays(predictions=predictions, targets=targets)
    require(
        targets.shape == predictions.shape,
        "targets",
        f"shape {tuple(predictions.shape)}",
        f"shape {tuple(targets.shape)}",
    )
    return xp.mean((predictions - targets) ** 2)


def add_bias(X: Array) -> Array:
    """Append a column of ones, so that the last weight of a linear model is its intercept.

    Parameters
    ----------
    X
        Samples (n, d).

    Returns
    -------
    array
        (n, d + 1).

    Examples
    --------
    >>> add_bias([[2.0], [5.0]])
    array([[2., 1.],
           [5., 1.]])
    """
    xp, (X,) = as_arrays(X=X)
    require_axes("X", X, "(n, d)")
    return xp.concat([X, xp.ones_like(X[:, :1])], axis=1)


def polynomial_features(x: Array, degree: int) -> Array:
    """Powers ``x, x², …, x^degree`` as columns; without the constant, which :func:`add_bias` appends.

    Parameters
    ----------
    x
        Numbers (n,).
    degree
        The highest power, at least 1.

    Returns
    -------
    array
        (n, degree).

    Examples
    --------
    >>> polynomial_features([2.0, 3.0], 3)
    array([[ 2.,  4.,  8.],
           [ 3.,  9., 27.]])
    """
    xp, (x,) = as_arrays(x=x)
    require_axes("x", x, "(n,)")
    require(degree >= 1, "degree", "at least 1", degree)
    return xp.stack([x**power for power in range(1, degree + 1)], axis=1)


def fit_line(x: Array, y: Array) -> tuple[Array, Array]:
    """Slope and intercept of the straight line with the least squared error.

    ``a = cov(x, y) / var(x)`` and ``b = ȳ − a x̄``, from setting both derivatives of ``Σ (a xᵢ + b − yᵢ)²`` to zero.

    Parameters
    ----------
    x, y
        Inputs and targets (…, n); leading axes are separate data sets, fitted in one call.

    Returns
    -------
    a, b
        Slope and intercept, each of shape (…).

    Raises
    ------
    ValueError
        If the shapes differ, or if all x of a data set are equal: no line is determined.

    References
    ----------
    Hastie, Tibshirani and Friedman, *The Elements of Statistical Learning*, section 3.2.

    Examples
    --------
    >>> a, b = fit_line([0.0, 1.0, 2.0], [1.0, 3.0, 5.0])
    >>> float(a), float(b)
    (2.0, 1.0)
    """
    xp, (x, y) = as_arrays(x=x, y=y)
    require(x.ndim >= 1, "x", "shape (…, n)", "a single number")
    require(y.shape == x.shape, "y", f"shape {tuple(x.shape)}", f"shape {tuple(y.shape)}")
    x_mean, y_mean = xp.mean(x, axis=-1), xp.mean(y, axis=-1)
    dx, dy = x - x_mean[..., None], y - y_mean[..., None]
    variance = xp.mean(dx**2, axis=-1)
    require(
        bool(xp.all(xp.max(x, axis=-1) > xp.min(x, axis=-1))),
        "x",
        "at least two different values",
        "all equal",
    )
    a = xp.mean(dx * dy, axis=-1) / variance
    return a, y_mean - a * x_mean


def fit_least_squares(X: Array, Y: Array) -> Array:
    """Matrix ``A`` with the least squared error ``Σ ‖A xᵢ − yᵢ‖²``; of several, the one of least norm.

    ``A = M_yx M_xx⁻¹`` with ``M_yx = Σ yᵢ xᵢᵀ`` and ``M_xx = Σ xᵢ xᵢᵀ``. The pseudo-inverse of X gives the same without
    squaring its condition number, and still works when M_xx is singular.

    Parameters
    ----------
    X
        Inputs (n, d).
    Y
        Targets (n, k) or (n,).

    Returns
    -------
    array
        (k, d), or (d,) when Y is (n,).

    References
    ----------
    Hastie, Tibshirani and Friedman, *The Elements of Statistical Learning*, section 3.2.4.

    Examples
    --------
    >>> fit_least_squares([[1.0, 0.0], [0.0, 2.0]], [3.0, 4.0])
    array([3., 2.])
    """
    xp, (X, Y) = as_arrays(X=X, Y=Y)
    _require_samples(X, Y)
    return (xp.linalg.pinv(X) @ Y).T


def fit_ridge(X: Array, Y: Array, lam: Array | float) -> Array:
    """Matrix ``A`` that minimises ``Σ ‖A xᵢ − yᵢ‖² + λ Σ Aᵢⱼ²``, for one λ or for many at once.

    ``A = M_yx (M_xx + λI)⁻¹``. M_xx is diagonalised once, so that each further λ costs only a product.
    Every column of X is penalised; centre X and Y first where an intercept should not be.

    Parameters
    ----------
    X
        Inputs (n, d).
    Y
        Targets (n, k) or (n,).
    lam
        λ > 0, a number or an array of any shape L.

    Returns
    -------
    array
        ``(*L, k, d)``, or ``(*L, d)`` when Y is (n,).

    Raises
    ------
    ValueError
        If a λ is not positive: use :func:`fit_least_squares` for λ = 0.

    References
    ----------
    Hoerl and Kennard, *Ridge regression*, Technometrics 12 (1970); *The Elements of Statistical Learning*, section 3.4.1.

    Examples
    --------
    >>> fit_ridge([[1.0, 0.0], [0.0, 2.0]], [3.0, 4.0], 1.0)
    array([1.5, 1.6])
    >>> fit_ridge([[1.0, 0.0], [0.0, 2.0]], [3.0, 4.0], [1.0, 10.0]).shape
    (2, 2)
    """
    xp, (X, Y) = as_arrays(X=X, Y=Y)
    _require_samples(X, Y)
    lam = xp.asarray(lam, dtype=X.dtype, device=X.device)
    require(bool(xp.all(lam > 0)), "lam", "numbers > 0", lam)
    M_xx, M_xy = X.T @ X, X.T @ (Y if Y.ndim == 2 else Y[:, None])  # (d, d), (d, k)
    values, vectors = xp.linalg.eigh(M_xx)
    scale = 1 / (xp.clip(values, min=0) + lam[..., None])  # (*L, d)
    A = xp.matrix_transpose(vectors @ (scale[..., None] * (vectors.T @ M_xy)))  # (*L, k, d)
    return A if Y.ndim == 2 else A[..., 0, :]


def squared_error_gradient(A: Array, X: Array, Y: Array) -> Array:
    """Gradient of the mean squared error ``(1/n) Σ ‖A xᵢ − yᵢ‖²`` with respect to A: ``(2/n) (A Xᵀ − Yᵀ) X``.

    Parameters
    ----------
    A
        Model (k, d).
    X
        Inputs (n, d).
    Y
        Targets (n, k).

    Returns
    -------
    array
        (k, d).

    Examples
    --------
    >>> squared_error_gradient([[1.0]], [[1.0], [2.0]], [[0.0], [0.0]])
    array([[5.]])
    """
    _, (A, X, Y) = as_arrays(A=A, X=X, Y=Y)
    require_axes("A", A, "(k, d)")
    require_axes("Y", Y, "(n, k)")
    _require_samples(X, Y)
    wanted = (Y.shape[1], X.shape[1])
    require(A.shape == wanted, "A", f"shape {wanted}", f"shape {tuple(A.shape)}")
    return 2 / X.shape[0] * (A @ X.T - Y.T) @ X


def is_positive_definite(M: Array, tol: float | None = None) -> bool:
    """Whether M is symmetric with ``vᵀMv > 0`` for every v ≠ 0: all eigenvalues above the tolerance.

    Parameters
    ----------
    M
        Matrix (d, d).
    tol
        Eigenvalues up to ``tol`` count as zero; by default ``d · eps · max |eigenvalue|``, the rounding error of
        the eigenvalues.

    Examples
    --------
    >>> is_positive_definite([[2.0, -1.0], [-1.0, 2.0]]), is_positive_definite([[1.0, 1.0], [1.0, 1.0]])
    (True, False)
    """
    least, tol = _least_eigenvalue(M, tol)
    return least > tol


def is_positive_semidefinite(M: Array, tol: float | None = None) -> bool:
    """Whether M is symmetric with ``vᵀMv ≥ 0`` for every v: no eigenvalue below minus the tolerance.

    Parameters
    ----------
    M, tol
        As in :func:`is_positive_definite`.

    Examples
    --------
    >>> is_positive_semidefinite([[1.0, 1.0], [1.0, 1.0]]), is_positive_semidefinite([[1.0, 2.0], [2.0, 1.0]])
    (True, False)
    """
    least, tol = _least_eigenvalue(M, tol)
    return least >= -tol


def _least_eigenvalue(M: Array, tol: float | None) -> tuple[float, float]:
    """The least eigenvalue and the tolerance; minus infinity for a matrix that isn't symmetric."""
    xp, (M,) = as_arrays(M=M)
    require_axes("M", M, "(d, d)")
    require(M.shape[0] == M.shape[1], "M", "a square matrix", f"shape {tuple(M.shape)}")
    eps = float(xp.finfo(M.dtype).eps)
    if float(xp.max(xp.abs(M - M.T))) > 10 * eps * float(xp.max(xp.abs(M))):
        return float("-inf"), 0.0
    values = xp.linalg.eigvalsh(M)
    return float(xp.min(values)), M.shape[0] * eps * float(xp.max(xp.abs(values))) if tol is None else tol


def sigmoid(z: Array) -> Array:
    """Logistic function ``σ(z) = 1 / (1 + exp(−z))``, without overflow for any z.

    Parameters
    ----------
    z
        Logits of any shape.

    Returns
    -------
    array
        Probabilities of the same shape.

    Examples
    --------
    >>> sigmoid([-1000.0, 0.0, 1000.0])
    array([0. , 0.5, 1. ])
    """
    xp, (z,) = as_arrays(z=z)
    e = xp.exp(-xp.abs(z))  # never overflows
    return xp.where(z >= 0, 1 / (1 + e), e / (1 + e))


def binary_cross_entropy(logits: Array, y: Array, reduction: str = "mean") -> Array:
    """Negative log probability of the labels: ``−[y log σ(z) + (1 − y) log(1 − σ(z))]``, from the logits.

    Computed as ``max(z, 0) − y z + log(1 + exp(−|z|))``, which is exact at logits of ±1000 too.

    Parameters
    ----------
    logits
        z, of any shape.
    y
        Labels of the same shape: 0 or 1, or a probability in between.
    reduction
        ``"mean"``, ``"sum"`` (the negative log probability that every label is right) or ``"none"``.

    Returns
    -------
    array
        0-d, or the shape of ``logits`` with ``reduction="none"``.

    References
    ----------
    Goodfellow, Bengio and Courville, *Deep Learning*, section 6.2.2.2; arguments as in
    ``torch.nn.functional.binary_cross_entropy_with_logits``.

    Examples
    --------
    >>> float(binary_cross_entropy([0.0, 1000.0], [1.0, 1.0], reduction="sum"))
    0.6931471805599453
    """
    xp, (logits, y) = as_arrays(logits=logits, y=y)
    require(y.shape == logits.shape, "y", f"shape {tuple(logits.shape)}", f"shape {tuple(y.shape)}")
    require(bool(xp.all((y >= 0) & (y <= 1))), "y", "labels from 0 to 1", "others")
    require(reduction in ("mean", "sum", "none"), "reduction", "'mean', 'sum' or 'none'", repr(reduction))
    losses = xp.logaddexp(xp.zeros_like(logits), logits) - y * logits
    return losses if reduction == "none" else xp.mean(losses) if reduction == "mean" else xp.sum(losses)


def logistic_gradient(w: Array, X: Array, y: Array) -> Array:
    """Gradient of the mean binary cross-entropy of the logits X w: ``(1/n) Xᵀ (σ(Xw) − y)``.

    Parameters
    ----------
    w
        Weights (d,).
    X
        Inputs (n, d).
    y
        Labels (n,).

    Returns
    -------
    array
        (d,).

    Examples
    --------
    >>> logistic_gradient([0.0], [[1.0], [2.0]], [1.0, 0.0])
    array([0.25])
    """
    _, (w, X, y) = as_arrays(w=w, X=X, y=y)
    require_axes("w", w, "(d,)")
    require_axes("y", y, "(n,)")
    _require_samples(X, y, "y")
    require(w.shape[0] == X.shape[1], "w", f"as many weights as X has columns ({X.shape[1]})", w.shape[0])
    return X.T @ (sigmoid(X @ w) - y) / X.shape[0]


def fit_logistic(X: Array, y: Array, lam: float = 0.0, max_steps: int = 50) -> Array:
    """Weights that minimise the mean binary cross-entropy of the logits X w plus ``(λ/2) ‖w‖²``.

    Newton's method: ``w ← w − H⁻¹ g`` with ``H = (1/n) Xᵀ diag(p (1 − p)) X + λI``, halving a step that would raise the
    loss. No intercept is added; see :func:`add_bias`.

    Parameters
    ----------
    X
        Inputs (n, d).
    y
        Labels 0 or 1, (n,).
    lam
        λ ≥ 0. With λ = 0 on separable data no minimum exists: the loss falls for ever as ``‖w‖`` grows.
    max_steps
        Newton steps to take at the most.

    Returns
    -------
    array
        (d,).

    Raises
    ------
    ValueError
        If the labels are not 0 and 1, or if no minimum is reached: the data are separable or columns depend on one
        another; a λ above 0 mends both.

    References
    ----------
    Hastie, Tibshirani and Friedman, *The Elements of Statistical Learning*, section 4.4.1.

    Examples
    --------
    >>> fit_logistic([[1.0], [1.0], [1.0], [1.0]], [0, 1, 1, 1]).round(6)  # log(3 / 1)
    array([1.098612])
    """
    xp, (X, y) = as_arrays(X=X, y=y)
    require_axes("y", y, "(n,)")
    _require_samples(X, y, "y")
    require(bool(xp.all((y == 0) | (y == 1))), "y", "labels 0 and 1", "others")
    require(lam >= 0, "lam", "a number ≥ 0", lam)
    ridge = lam * xp.eye(X.shape[1], dtype=X.dtype, device=X.device)
    tolerance = (
        float(xp.finfo(X.dtype).eps) ** 0.4
    )  # the error after a Newton step is about the step's square

    def loss(w: Array) -> float:
        return float(binary_cross_entropy(X @ w, y) + lam / 2 * xp.sum(w**2))

    w = xp.zeros_like(X[0])
    for _ in range(max_steps):
        p = sigmoid(X @ w)
        gradient = X.T @ (p - y) / X.shape[0] + lam * w
        S = X * xp.sqrt(p * (1 - p))[:, None]
        H = S.T @ S / X.shape[0] + ridge
        try:
            step = xp.linalg.solve(H, gradient)
        except (np.linalg.LinAlgError, RuntimeError):  # torch's error is a RuntimeError
            break
        before = loss(w)
        while loss(w - step) > before and float(xp.max(xp.abs(step))) > tolerance:
            step = step / 2
        w = w - step
        if float(xp.max(xp.abs(step))) <= tolerance * (1 + float(xp.max(xp.abs(w)))):
            return w
    raise ValueError(
        "X: expected data with a minimum, got separable or dependent columns, on which the weights grow for ever; use lam > 0"
    )


def _require_samples(X: Array, Y: Array, name: str = "Y") -> None:
    require_axes("X", X, "(n, d)")
    require(Y.ndim in (1, 2), name, "shape (n, k) or (n,)", f"shape {tuple(Y.shape)}")
    require_same_rows("X", X, name, Y)
