"""Pairs of answers that are alike, as a table and as a page that shows them side by side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder import build
from autograder.batch.collect import read_class
from autograder.report.files import write_whole
from autograder.report.pages import template
from autograder.report.table import harmless, table
from autograder.similar.compare import ALWAYS, COMMON, Code, Pair, answers, pairs, read, starter
from autograder.similar.fingerprints import covered

SHOWN = 100  # pairs of students on the page; the table has them all
MAX_SHOWN = 10_000  # characters of one answer on the page


@dataclass(frozen=True)
class Excerpt:
    """An answer as it is shown: stretches of text, each with whether the other answer has it too."""

    submission: str
    parts: tuple[tuple[str, bool], ...]


@dataclass(frozen=True)
class Couple:
    """Two students with alike answers: the questions, and each answer beside the other."""

    first: str
    second: str
    pairs: tuple[Pair, ...]
    excerpts: tuple[tuple[Excerpt, Excerpt], ...]


def main(topic: str, paths: list[Path], out: Path, *, root: Path) -> None:
    """Write ``similar.html`` and ``similar.csv`` to ``out``, and say how many pairs there are."""
    handed_out = set(build.handed_out(topic, root))
    questions = list(build.test_sources(topic, root))
    notebooks, unreadable = read_class(paths, topic)
    written = {who: answers(notebook, handed_out, questions) for who, notebook in notebooks.items()}
    known = starter(handed_out)
    codes = {name: read({who: own[name] for who, own in written.items()}, known) for name in questions}
    found = [pair for name in questions for pair in pairs(name, codes[name])]
    out.mkdir(parents=True, exist_ok=True)
    write_table(found, out / "similar.csv")
    couples = sorted_couples(found, codes)
    page = template("similar.html").render(
        topic=topic,
        couples=couples[:SHOWN],
        more=max(len(couples) - SHOWN, 0),
        compared=len(notebooks),
        unreadable=unreadable,
        common=COMMON,
        always=ALWAYS,
    )
    write_whole(out / "similar.html", page)
    print(f"{len(notebooks)} submissions compared; pairs of students with alike answers: {len(couples)}")
    print(f"similar.html and similar.csv are in {out}. They show likeness, not guilt.")


def write_table(found: Sequence[Pair], path: Path) -> None:
    """Write a row for each pair of answers."""
    rows = [["question", "first", "second", "likeness", "shared_fingerprints"]]
    for pair in found:
        names = map(harmless, (pair.question, pair.first, pair.second))
        rows.append([*names, f"{pair.likeness:.2f}", f"{len(pair.shared)}"])
    write_whole(path, table(rows))


def sorted_couples(found: Sequence[Pair], codes: Mapping[str, Mapping[str, Code]]) -> list[Couple]:
    """Pairs of students, those who share most first; only the first ``SHOWN`` with their answers."""
    of_two: dict[tuple[str, str], list[Pair]] = defaultdict(list)
    for pair in found:
        of_two[pair.first, pair.second].append(pair)
    order = sorted(of_two.items(), key=lambda entry: (-sum(len(p.shared) for p in entry[1]), entry[0]))
    return [
        Couple(
            *names,
            tuple(alike),
            tuple(_side_by_side(p, codes[p.question]) for p in alike) if rank < SHOWN else (),
        )
        for rank, (names, alike) in enumerate(order)
    ]


def _side_by_side(pair: Pair, codes: Mapping[str, Code]) -> tuple[Excerpt, Excerpt]:
    first, second = (Excerpt(name, _parts(codes[name], pair.shared)) for name in (pair.first, pair.second))
    return first, second


def _parts(code: Code, shared: frozenset[int]) -> tuple[tuple[str, bool], ...]:
    source, end = code.source[:MAX_SHOWN], 0
    parts = []
    for start, stop in covered(source, code.words, code.marks, shared):
        parts += [(source[end:start], False), (source[start:stop], True)]
        end = stop
    parts.append((source[end:], False))
    if len(code.source) > MAX_SHOWN:
        parts.append(("\n[It goes on; it is cut here.]", False))
    return tuple((text, alike) for text, alike in parts if text)
