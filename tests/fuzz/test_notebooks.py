"""Notebooks: any bytes are a notebook or a sentence, and of any notebook it can be told what is to be run."""

import json
import pickle

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.batch.collect import Submission, read_notebook
from autograder.batch.store import Result
from autograder.judge.cells import Cell, to_run
from autograder.judge.needed import needed
from autograder.judge.result import Judged
from autograder.report.feedback import feedback_page

TOPIC = "01_regression"

# --- JSON as nobody writes it: NaN, halves of characters, names twice, numbers of any length --------------------

texts = st.text(st.characters(), max_size=8).map(json.dumps) | st.sampled_from(
    [r'"\ud800"', r'"\udfff x"', '"\\u0000"', '"' + "#" * 60 + '"', '"x = 1\\n"', '"= 1"']
)
atoms = texts | st.sampled_from(
    ["null", "true", "NaN", "-Infinity", "1e999", "-0", "9" * 5000, "0", "3", "4", "5", "4.5", "[]", "{}"]
)
words = "cells cell_type source input metadata otter assignment_name outputs id text level nbformat nbformat_minor"
more_words = "worksheets attachments output_type data language execution_count"
names = st.sampled_from([*words.split(), *more_words.split()]).map(json.dumps)


def listed(inner):
    return st.lists(inner, max_size=5).map(lambda items: f"[{','.join(items)}]")


def named(inner):
    pairs = st.tuples(names | texts, inner).map(":".join)
    return st.lists(pairs, max_size=6).map(lambda pairs: f"{{{','.join(pairs)}}}")


values = st.recursive(atoms, lambda inner: listed(inner) | named(inner), max_leaves=12)
kinds = st.sampled_from(['"code"', '"markdown"', '"raw"', '"heading"', "7", "null"])
cells = st.builds(
    lambda kind, source, more: (
        f'{{"cell_type":{kind},"source":{source},"input":{source},"metadata":{{}},"more":{more}}}'
    ),
    kinds,
    texts | listed(texts) | values,
    values,
)
notebooks = st.builds(
    lambda major, minor, metadata, cells, more: (
        f'{{"nbformat":{major},"nbformat_minor":{minor},"metadata":{metadata},"cells":{cells},'
        f'"worksheets":[{{"cells":{cells},"metadata":{{}}}}],"more":{more}}}'
    ),
    st.sampled_from(["4", "4", "4", "3", "2", "1", "5", "-1", '"4"', "null"]),
    st.sampled_from(["5", "4", "0", "99", "null"]),
    values | st.just('{"otter":{"assignment_name":"01_regression"}}'),
    listed(cells | values) | values,
    values,
)


def is_part(chosen, found):
    """Whether some cells are among others, in the same order."""
    rest = iter(found)
    return all(any(cell is other for other in rest) for cell in chosen)


def check(content):
    """Do with a submission what grading does, up to the sandbox's door."""
    notebook = read_notebook(Submission("x", content), TOPIC)
    if isinstance(notebook, str):
        notebook.encode()
        assert len(notebook) < 300
        return
    found = list(to_run(notebook))
    for cell in found:
        str(cell).encode()
    pickle.loads(pickle.dumps([cell.source for cell in found]))
    chosen = needed(found, {"x = 1", *(cell.source.rstrip() for cell in found[1::2])}, {"f"})
    assert is_part(chosen, found)
    feedback_page(TOPIC, Result.of("x", Judged((), tuple(map(str, found)), 0.0))).encode()


@given(st.binary(max_size=200) | values.map(str.encode) | notebooks.map(str.encode))
def test_any_json_is_read(bounded, content):
    with bounded(2, 20):
        check(content)


VALID = nbformat.writes(
    nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell("# Title", id="a"),
            nbformat.v4.new_code_cell("import numpy as np\n%matplotlib inline", id="b"),
            nbformat.v4.new_code_cell('# a comment\ngrader.check("f")', id="c"),
            nbformat.v4.new_code_cell("def f(x):\n    return [x, np.sin(x)]", id="d"),
        ],
        metadata={"otter": {"assignment_name": TOPIC}},
    )
).encode()
pieces = st.sampled_from(
    [b'"', b"{", b"}", b"[", b"]", b",", b":", b"\\", b"\\ud800", b"NaN", b"\xff", b"\0", b"4", b""]
)
changes = st.tuples(st.integers(0, len(VALID)), st.integers(0, 40), pieces | st.binary(max_size=4))


@given(st.lists(changes, min_size=1, max_size=6))
def test_a_damaged_notebook_is_read(bounded, edits):
    content = VALID
    for place, length, piece in edits:
        content = content[:place] + piece + content[place + length :]
    with bounded(2, 20):
        check(content)


# --- code -----------------------------------------------------------------------------------------------------

signs = st.sampled_from(
    [
        *"# \n x=()[]:,\\\x00�é\x0c\r*@1.",
        "    ",
        "grader.check('f')",
        "grader.hand_in()",
        "%pip x",
        "!pip",
        "def f(x):",
        "return",
        "lambda:",
        "f'{",
        "}'",
        '"""',
        "import os",
    ]
)


@given(st.lists(signs, max_size=60).map("".join), st.lists(signs, max_size=10).map("".join))
def test_any_code_is_looked_at(bounded, source, other):
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(text) for text in ("import numpy as np", source, other)]
    )
    with bounded(2, 20):
        found = list(to_run(notebook))
        chosen = needed(found, {other.rstrip()}, {"f"})
    assert is_part(chosen, found)


def notebook_of(cells, more=b""):
    return b'{"nbformat":4,"nbformat_minor":5,"metadata":{},' + more + b'"cells":[' + cells + b"]}"


CELL = b'{"cell_type":"code","metadata":{},"outputs":[],"source":"x"}'
OLD = b'{"nbformat":3,"nbformat_minor":0,"metadata":{},"worksheets":[{"cells":[%s]}]}'
BOMBS = {
    "nested lists": b"[" * 2**20,
    "nested in a cell": notebook_of(b"[" * 50_000 + b"]" * 50_000),
    "many empty cells": notebook_of(b"{}," * 400_000 + b"{}"),
    "many cells": notebook_of((CELL + b",") * 50_000 + CELL),
    "five thousand cells": notebook_of((CELL + b",") * 5_000 + CELL),
    "five thousand cells of an old format": OLD % ((b'{"cell_type":"code","input":"x"},') * 5_000 + CELL),
    "many lists elsewhere": notebook_of(CELL, b'"more":[' + b"[]," * 400_000 + b"[]],"),
    "a string that is not closed": b'"' + b'\\"' * 2**20,
    "many strings": notebook_of(CELL, b'"more":[' + b'"",' * 400_000 + b'""],'),
    "a long number": notebook_of(CELL, b'"more":' + b"9" * 2**20 + b","),
    "one name many times": notebook_of(CELL, b'"a":1,' * 50_000),
    "a long line of signs": notebook_of(CELL.replace(b'"x"', b'"' + b"#" * 2**20 + b'"')),
    "comments before no check": notebook_of(CELL.replace(b'"x"', b'"' + b"#\\n" * 2**18 + b'grader.chec"')),
}


@pytest.mark.parametrize("content", BOMBS.values(), ids=BOMBS)
def test_a_notebook_that_is_a_bomb_is_read_within_bounds(bounded, content):
    with bounded(10, 150):
        check(content)


CODE_BOMBS = {
    "sums": "1" + "+1" * 45_000,
    "signs": "-" * 90_000 + "1",
    "attributes": "a" + ".b" * 45_000,
    "calls": "a" + "()" * 45_000,
    "brackets": "(" * 90_000,
    "choices": "if a: pass\n" + "elif a: pass\n" * 7_000,
    "lambdas": "lambda:" * 12_000 + "1",
    "statements": "a;" * 45_000,
    "assignments": "a=" * 45_000 + "1",
    "functions": "".join(" " * i + "def f():\n" for i in range(99)) + " " * 99 + "pass",
    "classes": "class a: pass\n" * 7_000,
    "more than is read": "a;" * 400_000,
}


@pytest.mark.parametrize("source", CODE_BOMBS.values(), ids=CODE_BOMBS)
def test_code_that_is_a_bomb_is_looked_at_within_bounds(bounded, source):
    cells = [Cell(1, "import numpy as np"), Cell(2, "x = 1"), Cell(3, source)]
    with bounded(20, 400):
        assert cells[2] in needed(cells, {"x = 1"}, {"f"})
