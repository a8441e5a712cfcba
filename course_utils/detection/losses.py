"""What detectors are trained with."""

from __future__ import annotations

from course_utils._arrays import Array, as_arrays, require


def focal_loss(
    logits: Array, targets: Array, gamma: float = 2.0, alpha: float = 0.25, reduction: str = "mean"
) -> Array:
    """Cross-entropy that forgets what is easy: ``−α_t (1 − p_t)^γ log p_t``.

    ``p_t`` is the probability of the true answer, ``α_t`` is α for positives and 1 − α for negatives. Thousands of easy
    background boxes no longer drown a few objects. γ = 0 and α = ½ is half the binary cross-entropy.

    Parameters
    ----------
    logits
        Of any shape.
    targets
        0 or 1, of the same shape.
    gamma
        γ >= 0.
    alpha
        α from 0 to 1.
    reduction
        ``"mean"``, ``"sum"`` or ``"none"``.

    References
    ----------
    Lin, Goyal, Girshick, He and Dollár, *Focal Loss for Dense Object Detection* (2017).

    Examples
    --------
    >>> focal_loss([0.0, 5.0], [1.0, 1.0], reduction="none").round(6)
    array([0.043322, 0.      ])
    """
    xp, (logits, targets) = as_arrays(logits=logits, targets=targets)
    require(
        targets.shape == logits.shape,
        "targets",
        f"shape {tuple(logits.shape)}",
        f"shape {tuple(targets.shape)}",
    )
    require(bool(xp.all((targets == 0) | (targets == 1))), "targets", "0 and 1", "others")
    require(gamma >= 0, "gamma", "a number ≥ 0", gamma)
    require(0 <= alpha <= 1, "alpha", "a number from 0 to 1", alpha)
    require(reduction in ("mean", "sum", "none"), "reduction", "'mean', 'sum' or 'none'", repr(reduction))
    toward = xp.where(targets == 1, logits, -logits)  # logit of the true answer
    log_p = -xp.logaddexp(xp.zeros_like(toward), -toward)
    losses = -(alpha * targets + (1 - alpha) * (1 - targets)) * (-xp.expm1(log_p)) ** gamma * log_p
    return losses if reduction == "none" else xp.mean(losses) if reduction == "mean" else xp.sum(losses)
