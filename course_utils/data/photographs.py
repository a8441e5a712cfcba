"""A few photographs to look at nets with; who took them stands in ``files/NOTICE.md``."""

from __future__ import annotations

import numpy as np

from course_utils._arrays import require
from course_utils.data.images import FILES

PHOTOGRAPHS = ("astronaut", "brick", "chelsea", "coffee", "grass", "gravel", "rocket")


def load_photograph(name: str) -> np.ndarray:
    """One of :data:`PHOTOGRAPHS`, (h, w, 3) uint8; the longer side has 256 to 360 pixels.

    Examples
    --------
    >>> load_photograph("coffee").shape
    (213, 320, 3)
    """
    from PIL import Image

    require(name in PHOTOGRAPHS, "name", f"one of {', '.join(PHOTOGRAPHS)}", repr(name))
    return np.asarray(Image.open(FILES / f"{name}.jpg").convert("RGB"))
