"""Google Colab keeps the notebook in the page, not in a file."""

from __future__ import annotations

import json
import sys
from pathlib import Path

FIRST_LINE = "# Only in Google Colab: install the course. Elsewhere this cell does nothing."


def save_page(path: Path) -> None:
    """In Google Colab write the notebook in the page to ``path``; elsewhere do nothing."""
    if "google.colab" not in sys.modules:
        return
    from google.colab import _message  # type: ignore[import-not-found]

    answer = _message.blocking_request("get_ipynb", timeout_sec=20)
    path.write_text(json.dumps(answer["ipynb"]), encoding="utf-8")
