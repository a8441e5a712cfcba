"""Which answers of a class are alike: question by question, less what was handed out and what many write."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from nbformat import NotebookNode
from scipy import sparse

from autograder.similar.fingerprints import MAX_SOURCE, Words, all_hashes, fingerprints, words

LEAST = 4  # fingerprints that two answers must share
LIKENESS = 0.5  # the least share of the shorter answer's fingerprints
COMMON = 0.05  # what stands in more than this part of the answers is how one writes it, and says nothing
ALWAYS = 3  # but what so few share says something in the smallest class


@dataclass(frozen=True)
class Code:
    """One student's answer to one question, with its fingerprints less those of the handed-out code."""

    source: str
    words: Words
    marks: Mapping[int, list[int]]


@dataclass(frozen=True)
class Pair:
    """Two answers that are alike.

    Parameters
    ----------
    question, first, second
        Which, and whose.
    likeness
        The share of the shorter answer's fingerprints that the other has too and that few others have, from 0 to 1.
    shared
        Those fingerprints.
    """

    question: str
    first: str
    second: str
    likeness: float
    shared: frozenset[int]


def answers(notebook: NotebookNode, handed_out: set[str], questions: Sequence[str]) -> dict[str, str]:
    """The code that a student wrote for each question.

    A code cell that isn't as it was handed out belongs to the question whose function or class it defines, or else, a helper,
    to that of the cell before. Where one cell defines several, it is cut.
    """
    found: dict[str, list[str]] = {name: [] for name in questions}
    pattern = re.compile(rf"^(?:def|class)[ \t]+({'|'.join(map(re.escape, questions))})\b", re.MULTILINE)
    current = questions[0]
    for cell in notebook.cells:
        source = cell.get("source")
        if cell.get("cell_type") != "code" or not isinstance(source, str):
            continue
        openings = list(pattern.finditer(source))
        cuts = [0, *(match.start() for match in openings[1:]), len(source)]
        names = [match[1] for match in openings] or [current]
        current = names[-1]
        if source.rstrip() not in handed_out:
            for name, start, end in zip(names, cuts[:-1], cuts[1:], strict=True):
                found[name].append(source[start : min(end, start + MAX_SOURCE)])
    return {name: "\n\n".join(parts)[:MAX_SOURCE] for name, parts in found.items()}


def read(sources: Mapping[str, str], starter: frozenset[int]) -> dict[str, Code]:
    """The answers of a class to one question: submission → code."""
    read = {}
    for name, source in sources.items():
        code = words(source)
        marks = {h: positions for h, positions in fingerprints(code).items() if h not in starter}
        read[name] = Code(source, code, marks)
    return read


def starter(handed_out: set[str]) -> frozenset[int]:
    """Hashes of all code that students were given."""
    return frozenset().union(*(all_hashes(words(source)) for source in handed_out))


def pairs(question: str, codes: Mapping[str, Code]) -> list[Pair]:
    """The answers to one question that are alike, the most alike first.

    An index from fingerprints to answers finds them: no two answers are compared that share nothing.
    """
    names = list(codes)
    counts = Counter(h for code in codes.values() for h in code.marks)
    most = max(ALWAYS, math.floor(COMMON * sum(bool(code.marks) for code in codes.values())))
    columns = {h: column for column, h in enumerate(h for h, count in counts.items() if count <= most)}
    own = [frozenset(code.marks.keys() & columns.keys()) for code in codes.values()]
    sizes = [len(code.marks) for code in codes.values()]
    rows = np.repeat(np.arange(len(names)), [len(marks) for marks in own])
    indices = np.array([columns[h] for marks in own for h in marks], int)
    index = sparse.csr_array(
        (np.ones(len(indices), np.int32), (rows, indices)), shape=(len(names), len(columns))
    )
    together = sparse.triu(index @ index.T, k=1).tocoo()
    found = []
    for i, j, count in zip(together.row, together.col, together.data, strict=True):
        likeness = count / min(sizes[i], sizes[j])
        if count >= LEAST and likeness >= LIKENESS:
            found.append(Pair(question, names[i], names[j], float(likeness), own[i] & own[j]))
    return sorted(found, key=lambda pair: (-pair.likeness, -len(pair.shared), pair.first, pair.second))
