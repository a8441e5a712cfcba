"""Files that are there whole or not at all."""

from __future__ import annotations

from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Write a file at once: whoever looks sees the old one or the new one, even if this process is killed meanwhile.

    Parameters
    ----------
    path
        The file; its folder must be there.
    text
        What is to be in it. Half a character, which a student can write, becomes a question mark.
    """
    part = path.with_name(
        f".{path.name}.part"
    )  # always the same name: a further run clears up after one that was killed
    try:
        part.write_text(text, encoding="utf-8", errors="replace", newline="")
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
