"""Alike answers are found whatever is renamed or moved; others are not; nothing that students write stops it."""

import ast
import csv
import io
import tokenize

import nbformat
import pytest
from typer.testing import CliRunner

from autograder import build
from autograder.cli import app
from autograder.demo import replace_answer
from autograder.similar import compare
from autograder.similar.fingerprints import MAX_SOURCE, covered, fingerprints, words
from autograder.wrong_answers import load
from benchmarks.similarity import make_class

ROOT = build.find_root()
TOPIC = "08_detection"
QUESTIONS = ["localisation_loss", "iou", "nms", "average_precision", "roi_pool", "make_anchors", "match_anchors", "decode_grid"]  # fmt: skip


@pytest.fixture(scope="module")
def handed_out():
    return set(build.handed_out(TOPIC, ROOT))


@pytest.fixture(scope="module")
def solution(handed_out):
    return compare.answers(build.solution_notebook(TOPIC, ROOT), handed_out, list(build.test_sources(TOPIC, ROOT)))  # fmt: skip


@pytest.fixture(scope="module")
def likeness(handed_out):
    """How alike two answers are in a class of two."""
    known = compare.starter(handed_out)

    def measure(first, second):
        found = compare.pairs("q", compare.read({"ada": first, "bob": second}, known))
        return found[0].likeness if found else 0.0

    return measure


def renamed(source):
    """Other names for all that is assigned, other numbers and texts, no comments, another layout."""
    tree = ast.parse(source)
    names = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in names:
            node.id += "_of_mine"
        elif isinstance(node, ast.Constant) and type(node.value) is int:
            node.value += 7
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value += "?"
    return "# All my own work.\n" + ast.unparse(tree)


def reordered(source):
    """Every second statement of a function's body changes places with the next."""
    tree = ast.parse(source)
    (function,) = (node for node in tree.body if isinstance(node, ast.FunctionDef))
    body = function.body
    for i in range(1, len(body) - 2, 2):
        body[i], body[i + 1] = body[i + 1], body[i]
    return ast.unparse(tree)


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_renamed_copy_is_wholly_alike(solution, likeness, name):
    assert likeness(solution[name], renamed(solution[name])) == 1.0


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_copy_with_its_statements_in_another_order_is_alike(solution, likeness, name):
    assert likeness(solution[name], reordered(renamed(solution[name]))) > 0.55


def test_a_copy_between_lines_of_ones_own_is_alike(solution, likeness):
    padded = (
        renamed(solution["iou"])
        + "\n\ndef more(a):\n    return [print(b, end='') for b in a if b > len(a)]\n" * 5
    )
    assert likeness(solution["iou"], padded) == 1.0


# The same exercises solved in two ways by two authors: the master's solution, and references or wrong answers of another build.
INDEPENDENT = {
    "iou": """
def iou(first, second):
    result = np.empty((len(first), len(second)))
    for i, (left, top, right, bottom) in enumerate(first):
        for j, other in enumerate(second):
            width = max(0.0, min(right, other[2]) - max(left, other[0]))
            height = max(0.0, min(bottom, other[3]) - max(top, other[1]))
            common = width * height
            union = (right - left) * (bottom - top) + (other[2] - other[0]) * (other[3] - other[1]) - common
            result[i, j] = common / union if union > 0 else 0.0
    return result
""",
    "nms": """
def nms(boxes, scores, threshold):
    chosen, left = [], set(range(len(scores)))
    while left:
        best = max(left, key=lambda index: scores[index])
        chosen.append(best)
        left = {k for k in left if k != best and overlap(boxes[k], boxes[best]) <= threshold}
    return np.asarray(chosen)
""",
    "make_anchors": """
def make_anchors(size, stride, sides, ratios):
    rows, columns = np.indices(size)
    middles = np.stack([columns, rows], axis=-1).reshape(-1, 1, 2) * stride + stride / 2
    shapes = np.array([(s * r**-0.5, s * r**0.5) for s in sides for r in ratios])
    return np.concatenate([middles - shapes / 2, middles + shapes / 2], axis=-1).reshape(-1, 4)
""",
}


@pytest.mark.parametrize("name", INDEPENDENT)
def test_an_independent_solution_is_not_alike(solution, likeness, handed_out, name):
    assert likeness(solution[name], INDEPENDENT[name]) == 0.0  # below what is reported at all
    known = compare.starter(handed_out)
    first, second = (compare.read({"x": s}, known)["x"].marks for s in (solution[name], INDEPENDENT[name]))
    assert len(first.keys() & second.keys()) < 0.1 * min(len(first), len(second))


def test_what_was_handed_out_is_no_likeness(handed_out, likeness):
    stub = build.student_notebook(TOPIC, ROOT)
    questions = list(build.test_sources(TOPIC, ROOT))
    assert set(compare.answers(stub, handed_out, questions).values()) == {""}
    given = max(handed_out, key=len)  # copied into one's answer, under other names
    assert likeness(renamed(given), renamed(given) + "\nx = 1\n") == 0.0


def test_what_many_write_is_no_likeness(solution):
    natural, own = (
        solution["iou"],
        {"ada": solution["make_anchors"], "bob": renamed(solution["make_anchors"])},
    )
    everybody = {f"student{i}": natural for i in range(40)}
    found = compare.pairs("q", compare.read({**everybody, **own}, frozenset()))
    assert [(pair.first, pair.second, pair.likeness) for pair in found] == [("ada", "bob", 1.0)]


def test_a_ring_is_found_in_a_large_class():
    made = make_class(120)["fit_logistic"]
    made["ring_1"] = INDEPENDENT["iou"]
    made["ring_2"] = renamed(INDEPENDENT["iou"])
    found = compare.pairs("fit_logistic", compare.read(made, frozenset()))
    assert ("ring_1", "ring_2") in [(pair.first, pair.second) for pair in found]


def test_wrong_answers_to_one_question_are_not_alike_to_those_of_another(likeness):
    answers = load(ROOT / "tests" / "wrong_answers" / f"{TOPIC}.py")
    first = [answer.source for answer in answers if answer.exercise == "match_anchors"][:5]
    second = [answer.source for answer in answers if answer.exercise == "roi_pool"][:5]
    assert max(likeness(a, b) for a in first for b in second) == 0.0


def test_a_cell_with_several_answers_is_cut_and_helpers_belong_to_the_answer_above():
    cells = [
        "import os",
        "def nms(b):\n    return 1\ndef iou(a):\n    return 2",
        "def help(): 3",
        "def iou(): handed out",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    found = compare.answers(notebook, {"def iou(): handed out", "import os"}, ["iou", "nms", "more"])
    assert found == {"nms": "def nms(b):\n    return 1\n", "iou": "def iou(a):\n    return 2\n\ndef help(): 3", "more": ""}  # fmt: skip


# --- reading code --------------------------------------------------------------------------------------------


def test_code_is_read_as_pythons_own_tokenizer_reads_it():
    for path in sorted((ROOT / "course_utils").glob("*.py")):
        source = path.read_text(encoding="utf-8")
        kept = (tokenize.NAME, tokenize.NUMBER, tokenize.OP)
        tokens = [t.string for t in tokenize.generate_tokens(io.StringIO(source).readline) if t.type in kept]
        code = words(source)
        ours = [source[start:end] for (start, end), kind in zip(code.spans, code.kinds, strict=True) if kind != "s"]  # fmt: skip
        layout = ("(", ")", ";", ",")  # brackets that only group and commas before closing ones are left out
        assert [t for t in ours if t not in layout] == [t for t in tokens if t not in layout], path.name


def test_names_numbers_texts_comments_and_layout_do_not_count():
    one = words('def f(x):\n    """Doc."""\n    y = (x + 1)  # more\n    return np.exp(y), "a"')
    two = words("def g(value): z = value + 2.5e-3; return (np . exp(z), f'''b\n''')")
    assert one.kinds == two.kinds
    assert "exp" in one.kinds
    assert words("np.log(y)").kinds != words("np.exp(y)").kinds
    assert words("self.a + self.b").kinds == words("self.left + self.right").kinds


def test_what_is_shared_is_marked_line_by_line():
    source = "x = 1\ndef f(a, b):\n    # mine\n    return a * b + a - b\n"
    code = words(source)
    marks = fingerprints(code)
    parts = [source[start:end] for start, end in covered(source, code, marks, frozenset(marks))]
    assert "".join(parts).replace(" ", "") in source.replace(" ", "").replace("\n", "").replace("#mine", "")
    assert not any("mine" in part or "\n" in part for part in parts)


HOSTILE = {
    "deep nesting": "(" * 200_000,
    "nul bytes": "x\0=\0(" * 50_000,
    "ten megabytes": "def iou(a, b):\n" + "    x = a + b * 2\n" * 600_000,
    "one long word": "a" * 10_000_000,
    "open quotes": "'''" + '"' * 99_999,
    "backslashes": "'" + "\\" * 200_000,
    "half a surrogate": "def iou(a, b):\n    return '\ud800' + \ud800 + a\n",
    "not Python": "def iou(a, b:\n  ]]) return ::= 3 ¿? 日本 = $$ %magic !ls\n" * 50,
    "digits": "1" * 200_000 + "e+" * 1000,
    "closing": ")" * 50_000,
}


@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_code_is_read_in_bounded_time(source):
    code = words(source)
    assert len(code.kinds) <= MAX_SOURCE
    marks = fingerprints(code)
    covered(source, code, marks, frozenset(marks))


# --- the command ---------------------------------------------------------------------------------------------


@pytest.fixture
def similar(tmp_path):
    def run(notebooks):
        folder = tmp_path / "class"
        folder.mkdir()
        for name, notebook in notebooks.items():
            content = notebook if isinstance(notebook, bytes) else nbformat.writes(notebook).encode(errors="surrogatepass")  # fmt: skip
            (folder / f"{name}.ipynb").write_bytes(content)
        result = CliRunner().invoke(app, ["similar", TOPIC, str(folder), "--out", str(tmp_path / "out")])
        assert result.exit_code == 0, result.output
        with (tmp_path / "out" / "similar.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        return rows, (tmp_path / "out" / "similar.html").read_text()

    return run


def test_a_class_is_compared_and_shown_side_by_side(similar, solution):
    stub = build.student_notebook(TOPIC, ROOT)
    copy = replace_answer(stub, "iou", renamed(solution["iou"]) + "\n# <script>alert(1)</script>")
    helper = nbformat.from_dict(replace_answer(stub, "nms", "def nms(b, s, t):\n    return mine(b, s, t)"))
    place = next(i for i, cell in enumerate(helper.cells) if cell.source.startswith("def nms"))
    helper.cells.insert(place + 1, nbformat.v4.new_code_cell(renamed(solution["nms"]).replace("def nms", "def mine")))  # fmt: skip
    rows, page = similar(
        {
            "ada": replace_answer(replace_answer(stub, "iou", solution["iou"]), "nms", solution["nms"]),
            "bob": copy,
            "cyd": helper,
            "dan": stub,
            "eve": b"{broken",
        }
    )
    found = {(row["question"], row["first"], row["second"]): float(row["likeness"]) for row in rows}
    assert found.keys() == {("iou", "ada", "bob"), ("nms", "ada", "cyd")}
    assert found["iou", "ada", "bob"] == 1.0
    assert "likeness, not guilt" in page
    assert "<mark>" in page
    assert "<script>" not in page
    assert "eve" in page  # and why it was not compared
    assert "dan" not in page


def test_hostile_notebooks_do_not_stop_it(similar):
    stub = build.student_notebook(TOPIC, ROOT)
    notebooks = {
        f"student{i}": replace_answer(stub, "iou", source) for i, source in enumerate(HOSTILE.values())
    }
    rows, _ = similar({**notebooks, "twin": notebooks["student6"]})
    assert {row["question"] for row in rows} <= {"iou"}
