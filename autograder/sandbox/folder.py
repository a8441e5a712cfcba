"""A private folder, in which a student's code leaves what it likes."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

_BLOCK = 4096  # bytes that even an empty file counts for


def make() -> Path:
    """A new folder."""
    return Path(tempfile.mkdtemp(prefix="submission-"))


def size(folder: Path, processes: Iterable[int], enough: int) -> int:
    """Bytes on disk below a folder, and of files that are in no folder any more but open.

    Parameters
    ----------
    folder
        Where to look.
    processes
        The numbers of those that may hold such files.
    enough
        The count ends when it is above this.
    """
    total, waiting, lost = 0, [os.fspath(folder)], set[tuple[int, int]]()
    while waiting and total <= enough:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    total += max(512 * entry.stat(follow_symlinks=False).st_blocks, _BLOCK)
                    if total > enough:
                        break
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:  # so deep that nobody could look
                return enough + 1
    for process in processes:
        with contextlib.suppress(OSError):
            for descriptor in os.scandir(f"/proc/{process}/fd"):
                file = os.stat(descriptor.path)  # noqa: PTH116
                if (
                    file.st_nlink == 0
                    and stat.S_ISREG(file.st_mode)
                    and (file.st_dev, file.st_ino) not in lost
                ):
                    lost.add((file.st_dev, file.st_ino))
                    total += 512 * file.st_blocks
    return total


def remove(folder: str | os.PathLike[str]) -> None:
    """Remove it, however deep and strange it is: that is more than :func:`shutil.rmtree` can."""
    if os.path.exists(folder):  # noqa: PTH110
        subprocess.run(["rm", "-rf", "--", folder], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
