"""Written answers are found wherever students put them, and nothing in them can act."""

import copy
import re

import hypothesis
import nbformat
import pytest
from hypothesis import strategies as st

from autograder import build
from autograder.written import render
from autograder.written.answers import MAX_IMAGE, MAX_IMAGES, MAX_TEXT, Answer, Part, find_answers

TOPIC = "08_detection"
PLACEHOLDER = "_Type your answer here, replacing this text._"
PNG = "iVBORw0KGgo="


@pytest.fixture(scope="module")
def course():
    root = build.find_root()
    prompts = {rubric.question: rubric.prompt for rubric in build.rubrics(TOPIC, root)}
    return build.student_notebook(TOPIC, root), prompts


@pytest.fixture
def notebook(course):
    return copy.deepcopy(course[0])


@pytest.fixture
def texts(course):
    """The text of each answer in a notebook."""

    def read(notebook):
        found = find_answers(notebook, *course)
        assert list(found) == ["which_detector", "pixels_right"]
        return ["\n".join(part.text for part in answer.parts) for answer in found.values()]

    return read


def slots(notebook):
    return [number for number, cell in enumerate(notebook.cells) if cell.source == PLACEHOLDER]


def test_a_notebook_that_was_not_touched_has_no_answers(notebook, texts):
    assert texts(notebook) == ["", ""]


def test_answers_in_their_cells(notebook, texts):
    for slot, text in zip(slots(notebook), ["A single shot.", "98 %"], strict=True):
        notebook.cells[slot].source = text
    assert texts(notebook) == ["A single shot.", "98 %"]


def test_inserted_and_split_cells_and_code_belong_to_the_answer(notebook, texts):
    first = slots(notebook)[0]
    notebook.cells[first].source = "One."
    notebook.cells.insert(first, nbformat.v4.new_markdown_cell("Before."))
    notebook.cells.insert(first + 2, nbformat.v4.new_code_cell("2 + 2"))
    notebook.cells.insert(first + 3, nbformat.v4.new_raw_cell("Last."))
    assert texts(notebook) == ["Before.\nOne.\n2 + 2\nLast.", ""]


def test_ids_and_metadata_may_be_lost(notebook, texts):
    for slot, text in zip(slots(notebook), ["One.", "Two."], strict=True):
        notebook.cells[slot].source = text
    for cell in notebook.cells:
        cell.pop("id")
        cell.metadata = {}
        cell.source = cell.source.replace("<!-- BEGIN QUESTION -->", "").replace("\n\n", "\n \n")
    assert texts(notebook) == ["One.", "Two."]


def test_an_answer_below_the_prompt_in_its_own_cell_is_found(notebook, texts):
    first = slots(notebook)[0]
    notebook.cells[first - 1].source += "\n\nA pyramid,\nfor bees are small."
    assert texts(notebook) == ["A pyramid,\nfor bees are small.", ""]


def test_without_the_prompt_the_cell_itself_is_taken(notebook, texts):
    first = slots(notebook)[0]
    notebook.cells[first].source = "One."
    del notebook.cells[first - 1]
    assert texts(notebook) == ["One.", ""]


def test_a_deleted_cell_is_an_empty_answer(notebook, texts):
    del notebook.cells[slots(notebook)[0]]
    assert texts(notebook) == ["", ""]


def test_long_answers_and_many_pictures_are_cut(notebook, course):
    cell = notebook.cells[slots(notebook)[0]]
    cell.source = "x" * (MAX_TEXT + 1)
    cell.attachments = {f"{i}.png": {"image/png": PNG} for i in range(MAX_IMAGES + 3)}
    (part,) = find_answers(notebook, *course)["which_detector"].parts
    assert len(part.text) < MAX_TEXT + 100
    assert part.text.endswith("it is cut here.]")
    assert len(part.images) == MAX_IMAGES


@pytest.mark.parametrize(
    "attachments",
    [
        None,
        "x",
        [1],
        {"a": None},
        {"a": {"image/svg+xml": PNG}},
        {"a": {"image/png": '"><script>'}},
        {"a": {"image/png": "A" * (MAX_IMAGE + 1)}},
        {"a": {"image/png": [PNG]}},
    ],
)
def test_what_is_no_small_picture_is_left_out(notebook, course, attachments):
    cell = notebook.cells[slots(notebook)[0]]
    cell.source, cell.attachments = "See.", attachments
    (part,) = find_answers(notebook, *course)["which_detector"].parts
    assert part.images == {}


def test_answers_that_differ_in_white_space_alone_share_a_digest():
    def digest(text, **images):
        return Answer((Part(text, False, images),)).digest

    assert digest("a  b\n") == digest("a b")
    assert digest("a b") != digest("ab")
    assert digest("a", x="data:1") != digest("a", x="data:2")


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<details open ontoggle=alert(1)>",
    "[click](javascript:alert(1))",
    "[click](https://evil.example/)",
    "<https://evil.example/>",
    "[a]\n\n[a]: javascript:alert(1)",
    "![x](https://evil.example/track.png)",
    "![x](data:image/svg+xml;base64,AAAA)",
    '![x" onerror="alert(1)](attachment:a.png)',
    '![x](attachment:b.png "t\\" onerror=alert(1)")',
    "$<img src=x onerror=alert(1)>$",
    "$$\n</div><script>alert(1)</script>\n$$",
    "`</code><script>alert(1)</script>`",
    '```"><script>alert(1)</script>\nx\n```',
    "| <script> |\n|---|\n| <style>*{display:none}</style> |",
    "<!-- --><svg/onload=alert(1)>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
]
_ALLOWED = {
    "p",
    "pre",
    "code",
    "strong",
    "em",
    "del",
    "ul",
    "ol",
    "li",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "blockquote",
    "hr",
    "br",
    "img",
    "span",
    "div",
}
_TAG = re.compile(r"<(/?)([a-z0-9]+)((?:[^>\"]|\"[^\"]*\")*)>")
_ATTRIBUTE = re.compile(r'\s+([a-z-]+)="[^"<>]*"')


_SIGNS = st.sampled_from(
    ["<", ">", "&", '"', "'", "`", "*", "_", "$", "$$", "\\", "[", "]", "(", ")", "!", "!["]
)
_PIECES = st.sampled_from(["\n", "\n\n", " ", "> ", "- ", "| ", "|---|---|\n", "# ", "```", "x", "<!--", "-->", "&lt;", "\0", "\ud800"])  # fmt: skip
_WORDS = st.sampled_from(["<script>", "</p>", "onload=", "javascript:", "attachment:a.png", "data:image/png;base64,AA", "https://evil.example"])  # fmt: skip


def check_harmless(html):
    rest = html
    for match in _TAG.finditer(html):
        assert match[2] in _ALLOWED
        assert not _ATTRIBUTE.sub("", match[3]).strip(), match[0]
        assert set(_ATTRIBUTE.findall(match[3])) <= {"class", "alt", "src", "style", "start"}
        rest = rest.replace(match[0], "")
    assert "<" not in rest
    assert all(source.startswith("data:image/png;base64,") for source in re.findall(r'src="([^"]*)"', html))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_markdown_can_do_nothing(text):
    check_harmless(render.markdown(text, {"a.png": f"data:image/png;base64,{PNG}"}))


@hypothesis.given(st.lists(st.one_of(_SIGNS, _PIECES, _WORDS), max_size=40).map("".join))
def test_no_markdown_at_all_can_do_anything(text):
    check_harmless(render.markdown(text, {"a.png": f"data:image/png;base64,{PNG}"}))


@hypothesis.given(
    st.lists(
        st.fixed_dictionaries(
            {
                "cell_type": st.sampled_from(["markdown", "code", "raw", "other"]),
                "source": st.sampled_from(["", PLACEHOLDER, "\ud800", "\0"]) | st.text(max_size=5),
                "attachments": st.none()
                | st.text(max_size=3)
                | st.dictionaries(st.text(max_size=3), st.none()),
                "id": st.none() | st.just("ad8e6fe5e356"),
            }
        ),
        max_size=6,
    )
)
def test_any_cells_around_a_prompt_are_read(course, cells):
    first = slots(course[0])[0]
    before, after = course[0].cells[first - 1 : first], course[0].cells[first : first + 2]
    notebook = nbformat.from_dict({"cells": [*before, *cells, *after]})
    for answer in find_answers(notebook, *course).values():
        check_harmless(render.answer(answer))
        assert len(answer.digest) == 64


def test_formulas_and_code_stay_as_they_were_written():
    html = render.markdown("Let $a_i * b_i$ and $$\nx_1 * x_2\n$$\n\n`a_b*c*`")
    assert "$a_i * b_i$" in html
    assert "<code>a_b*c*</code>" in html
    assert "<em>" not in html


def test_a_pasted_picture_is_shown_and_headings_are_no_headings_of_the_page():
    data = f"data:image/png;base64,{PNG}"
    html = render.markdown("# Big\n\n![a sketch](attachment:my%20sketch.png)", {"my sketch.png": data})
    assert f'<img alt="a sketch" src="{data}">' in html
    assert "<h1" not in html
