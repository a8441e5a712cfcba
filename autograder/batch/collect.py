"""From what instructors download to a list of submissions. Everything read here may be hostile."""

from __future__ import annotations

import hashlib
import io
import json
import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from pathlib import Path, PurePosixPath

import nbformat
from nbformat import NotebookNode

from course_utils.checks.notebook import MAX_BYTES

MAX_FILE = MAX_BYTES  # of one notebook or archive
MAX_CODE = 4 * 2**20  # characters of its code
MAX_MEMBERS = 20_000  # files in one archive
MAX_NESTING = 3  # archives in archives
MAX_GROWTH = 20  # times its own size that an archive may unpack to, beyond one file
MAX_PARTS = 300_000  # values and names in a notebook: an honest one has some thousands
# A string of JSON, closed or not, or a sign before a value. It never goes back, so that it takes as long as the text is.
_PART = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[{\[,:]', re.DOTALL)
_SKIPPED_FOLDERS = {".ipynb_checkpoints", "__MACOSX", ".git", "__pycache__"}
UNREADABLE = (
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OSError,
    EOFError,
    zlib.error,
    struct.error,
    MemoryError,
)
# Canvas: lastnamefirstname[_LATE]_<user>_<submission>_<file name>[-<attempt>].ipynb
_CANVAS = re.compile(r"(?P<student>[^_]+)(?P<late>_LATE)?_(?P<user>\d+)_\d+_.+")
# Gradescope: one folder for each submission.
GRADESCOPE = re.compile(r"submission_\d+")


@dataclass(frozen=True)
class Submission:
    """What one student handed in.

    Parameters
    ----------
    name
        Unique among the submissions, and safe as a file name.
    content
        The notebook's bytes; empty if there is no reading it.
    reason
        Why it can't be graded, or ``None``.
    student
        What the download says of who it is, before ``name`` was made unique; two files of one student share it.
    late
        Whether Canvas marked it late.
    zip_time
        The time, without a zone, that a bulk download has for the file. What a student zipped has none: its times are the student's.
    """

    name: str
    content: bytes
    reason: str | None = None
    student: str = ""
    late: bool = False
    zip_time: datetime | None = None

    @property
    def digest(self) -> str:
        """A hash of the content."""
        return hashlib.sha256(self.content).hexdigest()


def collect(paths: list[Path]) -> list[Submission]:
    """Every submission in ``paths``: notebooks, folders of them, and zips, in one another too.

    What can't be read becomes a submission with a reason; nothing is dropped in silence and nothing raises. Files that
    are neither notebooks nor zips are passed over, unless they were named themselves.
    """
    found: list[Submission] = []
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            # alice/01_regression is one of alice's folders, as nbgrader keeps them: her name stands outside it.
            is_of_nbgrader = (path / f"{path.name}.ipynb").exists() and len(path.parents) > 1
            start = path.parents[1] if is_of_nbgrader else path
            found += [
                _marked(s, inner.name)
                for inner in _files_below(path)
                for s in _from_file(inner, inner.relative_to(start), named=False)
            ]
        else:
            found += [_marked(s, path.name) for s in _from_file(path, Path(path.name), named=True)]
    return _with_unique_names(found)


def _files_below(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name in _SKIPPED_FOLDERS or path.name.startswith("."):
            continue
        if path.is_dir() and not path.is_symlink():
            yield from _files_below(path)
        else:
            yield path


def _from_file(path: Path, inner: Path, *, named: bool) -> list[Submission]:
    suffix = path.suffix.lower()
    if suffix not in (".ipynb", ".zip") and not named:
        return []
    name = _student(PurePosixPath(inner.as_posix()))
    try:
        # A link could point at anything that the grader may read.
        if path.is_symlink() or not stat.S_ISREG(path.stat().st_mode):
            return [Submission(name, b"", "This is a link or a special file, not a notebook.")]
        if path.stat().st_size > MAX_FILE:
            return [Submission(name, b"", f"The file is larger than {MAX_FILE >> 20} MiB.")]
        content = path.read_bytes()
    except OSError as error:
        return [Submission(name, b"", f"The file can't be read: {error.strerror}.")]
    inner_path = PurePosixPath(inner.as_posix())
    if suffix == ".zip":
        return _from_zip(inner_path, content, 0, _Room(MAX_FILE + MAX_GROWTH * len(content)))
    return _from_bytes(name, inner_path, content)


def _from_bytes(name: str, inner: PurePosixPath, content: bytes) -> list[Submission]:
    if inner.suffix.lower() != ".ipynb":
        return [Submission(name, content, "The file is neither a notebook nor a zip.")]
    return [Submission(name, content)]


@dataclass
class _Room:
    """How many bytes an archive, with all archives in it, may still unpack to."""

    left: int


def _from_zip(outer: PurePosixPath, content: bytes, nesting: int, room: _Room) -> list[Submission]:
    name = _student(outer)
    if nesting >= MAX_NESTING:
        return [Submission(name, b"", "The zip holds zips in zips in zips.")]
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [info for info in archive.infolist() if _is_wanted(info)]
            if len(members) > MAX_MEMBERS:
                return [Submission(name, b"", f"The zip holds more than {MAX_MEMBERS} files.")]
            bulk = len(members) > 1 and nesting == 0
            found = [
                replace(_marked(s, info.filename), zip_time=_time(info) if bulk else s.zip_time)
                for info in members
                for s in _from_member(archive, info, outer, len(members), nesting, room)
            ]
    except UNREADABLE as error:
        return [Submission(name, content, f"The zip can't be read: {_in_words(error)}.")]
    return found or [Submission(name, content, "The zip holds no notebook.")]


def _is_wanted(info: zipfile.ZipInfo) -> bool:
    parts = PurePosixPath(info.filename).parts
    hidden = any(part in _SKIPPED_FOLDERS or part.startswith(".") for part in parts)
    return not hidden and info.filename.lower().endswith((".ipynb", ".zip"))


def _from_member(
    archive: zipfile.ZipFile,
    info: zipfile.ZipInfo,
    outer: PurePosixPath,
    count: int,
    nesting: int,
    room: _Room,
) -> list[Submission]:
    # A zip with one notebook is one student's; in a bulk download the members' own names tell students apart.
    inner = PurePosixPath(info.filename)
    name = _student(outer) if count == 1 else _student(inner)
    if stat.S_ISLNK(info.external_attr >> 16):
        return [Submission(name, b"", "This is a link, not a notebook.")]
    if info.flag_bits & 0x1:
        return [Submission(name, b"", "The zip is encrypted.")]
    if info.compress_type not in (
        zipfile.ZIP_STORED,
        zipfile.ZIP_DEFLATED,
    ):  # others may ask for gigabytes of memory
        return [Submission(name, b"", "The zip is packed in an unusual way: make an ordinary one.")]
    try:
        with archive.open(info) as file:
            # What the header says of the size proves nothing, and many members may be made of the same bytes.
            content = file.read(min(MAX_FILE, room.left) + 1)
    except UNREADABLE as error:
        return [Submission(name, b"", f"The file in the zip can't be read: {_in_words(error)}.")]
    if len(content) > MAX_FILE:
        return [Submission(name, b"", f"The file is larger than {MAX_FILE >> 20} MiB.")]
    if len(content) > room.left:
        room.left = 0  # nor are the others unpacked
        return [Submission(name, b"", "The zip unpacks to far more than its own size.")]
    room.left -= len(content)
    if inner.suffix.lower() == ".zip":
        return _from_zip(inner if count > 1 else outer, content, nesting + 1, room)
    return _from_bytes(name, inner, content)


def _in_words(error: Exception) -> str:
    """What an error says, which may quote the file."""
    return (str(error) or type(error).__name__)[:200].encode(errors="replace").decode()


def _student(path: PurePosixPath) -> str:
    """A name for the submission: the student's, where the download tells it."""
    for part in reversed(path.parts[:-1]):
        if GRADESCOPE.fullmatch(part):
            return part
    if (match := _CANVAS.fullmatch(path.stem)) is not None:
        return _safe(f"{match['student']}_{match['user']}")
    stem = path.stem.removesuffix("-handin")
    if re.fullmatch(r"\d\d_\w+", stem):
        # alice/01_regression.ipynb is alice's, not 01_regression's; so is nbgrader's alice/01_regression/01_regression.ipynb.
        folders = (folder for folder in reversed(path.parts[:-1]) if folder != stem)
        return _safe(next(folders, stem))
    return _safe(stem)


def _safe(name: str) -> str:
    """A name that is a file name everywhere and means nothing to a shell or a spreadsheet."""
    name = unicodedata.normalize("NFC", name)
    name = re.sub(r"[^\w.\- ]", "_", name).strip(" .-")
    return name[:80].encode()[:200].decode(errors="ignore") or "unnamed"


def _marked(submission: Submission, file_name: str) -> Submission:
    """The submission with Canvas's mark, which stands in the file's name, if it was late."""
    match = _CANVAS.fullmatch(PurePosixPath(file_name).stem)
    late = match is not None and match["late"] is not None
    return replace(submission, late=submission.late or late)


def _time(info: zipfile.ZipInfo) -> datetime | None:
    try:
        return datetime(*info.date_time)
    except ValueError:  # a zip can say that it is the 31st of February
        return None


def _with_unique_names(submissions: list[Submission]) -> list[Submission]:
    taken: set[str] = set()
    renamed = []
    for submission in submissions:
        name, number = submission.name, 2
        while name.casefold() in taken:
            name, number = f"{submission.name}_{number}", number + 1
        taken.add(name.casefold())
        renamed.append(replace(submission, name=name, student=submission.name))
    return renamed


def read_notebook(submission: Submission, topic: str) -> NotebookNode | str:
    """The notebook in a submission, or a sentence that says why it can't be graded."""
    if submission.reason is not None:
        return submission.reason
    if not submission.content.strip():
        return "The file is empty."
    try:
        if _has_too_many_parts(submission.content):
            return f"The file is not a notebook that anybody wrote: it has more than {MAX_PARTS:,} parts."
        text = submission.content.decode("utf-8-sig")
        # It is not validated: that takes minutes for what is made for it, and asks for more than grading does.
        document = json.loads(text)
        major, minor = nbformat.reader.get_version(document)
        version = nbformat.versions[major].to_notebook_json(document, minor=minor)
        notebook: NotebookNode = nbformat.convert(version, to_version=4)
        cells = [cell for cell in notebook.cells if isinstance(cell.get("cell_type"), str)]
        sources = ["".join(cell.get("source", "")) for cell in cells]
        code = sum(len(s) for cell, s in zip(cells, sources, strict=True) if cell.cell_type == "code")
        metadata = notebook.metadata.get("otter", {})
    except UnicodeDecodeError:
        return "The file is not text."
    except (json.JSONDecodeError, RecursionError):
        return "The file is not a notebook: it is not JSON."
    except Exception as error:  # nbformat raises whatever its own parts raise on broken input
        return f"The file is not a notebook: {type(error).__name__}."
    if not any(sources):
        return "The notebook has no cells with anything in them."
    if code > MAX_CODE:
        return f"The notebook holds more than {MAX_CODE >> 20} MiB of code."
    assignment = metadata.get("assignment_name") if isinstance(metadata, dict) else None
    if isinstance(assignment, str) and assignment != topic:
        return f"This is a notebook of another assignment: {assignment[:80]}."
    return notebook


def read_class(paths: list[Path], topic: str) -> tuple[dict[str, NotebookNode], dict[str, str]]:
    """The notebooks in ``paths`` that can be read, and why the others can't be, by the submissions' names."""
    read = {submission.name: read_notebook(submission, topic) for submission in collect(paths)}
    notebooks = {name: notebook for name, notebook in read.items() if not isinstance(notebook, str)}
    return notebooks, {name: reason for name, reason in read.items() if isinstance(reason, str)}


def _has_too_many_parts(content: bytes) -> bool:
    return next(islice(_PART.finditer(content), MAX_PARTS, None), None) is not None
