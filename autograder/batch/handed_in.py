"""Who handed in what, and when, as far as the download says. Everything read here may be hostile."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from autograder.batch.collect import GRADESCOPE, MAX_FILE, UNREADABLE, Submission

_METADATA = "submission_metadata.yml"
_WANTED = {":submitters", ":created_at", ":history"}


@dataclass(frozen=True)
class Submitter:
    """A person as Gradescope knows them."""

    name: str
    id: str
    email: str


@dataclass(frozen=True)
class HandedIn:
    """What the download says of one submission, beside its content.

    Parameters
    ----------
    submission
        Its name.
    student
        The part of the file's name that says whose it is.
    content
        The digest of what was handed in.
    late
        Whether Canvas marked it late.
    time
        When it was handed in, with its zone; ``None`` if the download doesn't say.
    zip_time
        The time of the file in a bulk download, without a zone; ``None`` if there is none.
    submitters
        Who handed it in, where Gradescope says so; a group has several.
    attempts
        How many times they handed in, where Gradescope says so.
    """

    submission: str
    student: str
    content: str
    late: bool = False
    time: datetime | None = None
    zip_time: datetime | None = None
    submitters: tuple[Submitter, ...] = ()
    attempts: int | None = None

    def to_json(self) -> str:
        """What is to be stored, beside the name and the content."""
        facts = asdict(self) | {"time": _iso(self.time), "zip_time": _iso(self.zip_time)}
        return json.dumps({key: facts[key] for key in facts if key not in ("submission", "content")})

    @classmethod
    def from_json(cls, submission: str, content: str, text: str) -> HandedIn:
        """The inverse of :meth:`to_json`."""
        facts = json.loads(text)
        for key in ("time", "zip_time"):
            facts[key] = datetime.fromisoformat(facts[key]) if facts[key] else None
        facts["submitters"] = tuple(Submitter(**person) for person in facts["submitters"])
        return cls(submission, content=content, **facts)


def _iso(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()


def handed_in(submissions: list[Submission], paths: list[Path]) -> list[HandedIn]:
    """What is known of each submission, from its file and from Gradescope's metadata in ``paths``."""
    metadata: dict[str, dict[str, Any]] = {}
    for text in _metadata_files(paths):
        metadata |= read_metadata(text)
    return [
        HandedIn(s.name, s.student, s.digest, s.late, zip_time=s.zip_time, **metadata.get(s.student, {}))
        for s in submissions
    ]


def _metadata_files(paths: list[Path]) -> Iterator[str]:
    for path in paths:
        if path.is_dir():
            for found in sorted(path.rglob(_METADATA)):
                of_export = _is_of_the_export(found.relative_to(path).as_posix())
                if of_export and not found.is_symlink() and found.stat().st_size <= MAX_FILE:
                    yield found.read_text(encoding="utf-8", errors="replace")
        elif path.suffix.lower() == ".zip":
            yield from _from_zip(path)


def _from_zip(path: Path) -> Iterator[str]:
    # Only in the archive that the instructor names: a zip in it is a student's, who could write such a file too.
    try:
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                if PurePosixPath(info.filename).name == _METADATA and _is_of_the_export(info.filename):
                    with archive.open(info) as file:
                        yield file.read(MAX_FILE).decode(errors="replace")
    except UNREADABLE:
        return  # what is wrong with it is said where its notebooks are read


def _is_of_the_export(path: str) -> bool:
    """Whether the file lies beside the folders of the submissions, not in one of them."""
    return not any(GRADESCOPE.fullmatch(part) for part in PurePosixPath(path).parts[:-1])


def read_metadata(text: str) -> dict[str, dict[str, Any]]:
    """Gradescope's ``submission_metadata.yml``: submission → ``time``, ``submitters`` and ``attempts``.

    Of what students could write into it, such as their program's output, nothing is parsed.
    """
    kept = "\n".join(_wanted_lines(text))
    try:
        # The C loader can be crashed by deep nesting; of the short lines that are kept, this one is quick enough.
        loaded = yaml.load(kept, Loader=_Plain)
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}
    if not isinstance(loaded, dict):
        return {}
    return {name: _facts(entry) for name, entry in loaded.items() if isinstance(entry, dict)}


def _wanted_lines(text: str) -> Iterator[str]:
    """The lines of the keys that are wanted, of history only how many entries it has."""
    key = ""
    for line in text.splitlines():
        if (match := re.match(r"  (:?\w+):", line)) is not None:
            key = match[1]
            if key == ":history":
                yield "  :history:"
                continue
        elif re.match(r"\S", line):
            key = ""
            if re.fullmatch(r"submission_\d+:\s*", line):
                yield line
            continue
        if key == ":history" and line.startswith("  - "):
            yield "  - 1"
        elif key in _WANTED - {":history"}:
            yield line


class _Plain(yaml.SafeLoader):
    """Reads Ruby's own types as plain values."""


def _untagged(loader: yaml.SafeLoader, _: str, node: yaml.Node) -> Any:
    return loader.construct_mapping(node) if isinstance(node, yaml.MappingNode) else None


_Plain.add_multi_constructor("!", _untagged)


def _facts(entry: dict[str, Any]) -> dict[str, Any]:
    people, time, history = entry.get(":submitters"), entry.get(":created_at"), entry.get(":history")
    if isinstance(time, dict):  # Rails's own type for a time, with the zone beside it
        time = time.get("utc")
    return {
        "time": time if isinstance(time, datetime) and time.tzinfo is not None else None,
        "submitters": tuple(_submitter(person) for person in people if isinstance(person, dict))
        if isinstance(people, list)
        else (),
        "attempts": len(history) + 1 if isinstance(history, list) else 1,
    }


def _submitter(person: dict[str, Any]) -> Submitter:
    return Submitter(*(str(person.get(key) or "")[:200] for key in (":name", ":sid", ":email")))
