"""The built book: complete, offline, hiding what must be hidden, readable by everyone, at every width, in both themes."""

import json
import re
import subprocess
import sys
from functools import cache
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from bs4 import BeautifulSoup

from autograder import build
from docs.mathml import mathml

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("book")]

ROOT = Path(__file__).parents[2]
BOOK = ROOT / "dist" / "book"
TOPICS = build.topics(ROOT)
SAMPLE = ["index.html", "where.html", "topics/01_regression.html", "api/course_utils.regression.html"]


@pytest.fixture(scope="module", autouse=True)
def book():
    """The book, built; what is up to date isn't made again."""
    done = subprocess.run([sys.executable, "-m", "docs.book"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-5000:]
    return BOOK


@cache
def soup(path):
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


@cache
def anchors(path):
    return {tag["id"] for tag in soup(path).select("[id]")} | {"top"}


def pages():
    return sorted(path for path in BOOK.rglob("*.html") if "_static" not in path.parts)


def squeezed(text):
    return re.sub(r"\s+", "", text)


def test_every_notebook_is_in_it_with_what_it_printed_and_drew():
    for topic in TOPICS:
        page = soup(BOOK / "topics" / f"{topic}.html")
        notebook = json.loads(build.executed_student(topic, ROOT).read_text(encoding="utf-8"))
        outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
        drawn = sum("image/png" in output.get("data", {}) for output in outputs)
        shown = sum(
            "application/vnd.jupyter.widget-view+json" in output.get("data", {}) for output in outputs
        )
        assert len(page.select("div.cell_output img")) == drawn
        assert len(page.select(".widget-host")) == shown
        printed = squeezed(page.get_text())
        for output in outputs:
            if output.get("name") == "stdout":
                assert squeezed("".join(output["text"])) in printed


def test_neither_solutions_nor_hidden_tests_are_anywhere_in_it():
    written = [
        path
        for path in BOOK.rglob("*")
        if path.suffix in (".html", ".js", ".ipynb") and "_static" not in path.parts
    ]
    text = "\n".join(
        squeezed(soup(path).get_text() if path.suffix == ".html" else path.read_text(encoding="utf-8"))
        for path in written
    )
    secrets = 0
    for topic in TOPICS:
        student = build.student_notebook(topic, ROOT)
        handed_out = squeezed("\n".join(cell.source for cell in student.cells))
        public = squeezed(json.dumps(student.metadata, ensure_ascii=False))
        solved = {
            cell.source for cell in build.solution_notebook(topic, ROOT).cells if cell.cell_type == "code"
        } - build.handed_out(topic, ROOT)
        hidden = [
            case
            for source in build.test_sources(topic, ROOT).values()
            for case in source.split("@test_case")[1:]
            if "hidden=True" in case.split("\n")[0]
        ]
        for source in [*solved, *hidden]:
            whole = squeezed(source)
            assert whole not in text
            for line in source.splitlines():
                piece = squeezed(line)
                if len(piece) > 50 and piece not in handed_out and piece not in public:
                    secrets += 1
                    assert piece not in text, f"{topic}: {line.strip()}"
    assert secrets > 500


def test_every_link_inside_the_book_leads_somewhere():
    for page in pages():
        for link in soup(page).select("a[href]"):
            parts = urlsplit(link["href"])
            if parts.scheme or page.name in ("search.html", "genindex.html"):
                continue
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            assert target.is_file(), f"{page.name}: {link['href']}"
            if parts.fragment and target.suffix == ".html":
                assert unquote(parts.fragment) in anchors(target), f"{page.name}: {link['href']}"


def test_nothing_is_loaded_from_elsewhere():
    for page in pages():
        loaded = [
            *(tag["src"] for tag in soup(page).select("[src]")),
            *(tag["href"] for tag in soup(page).select("link[href]")),
        ]
        for address in loaded:
            parts = urlsplit(address)
            assert not parts.netloc, f"{page.name}: {address}"
            assert parts.scheme == "data" or (page.parent / unquote(parts.path)).exists(), (
                f"{page.name}: {address}"
            )
    for sheet in BOOK.rglob("*.css"):
        for address in re.findall(r"(?:url\(|@import )['\"]?([^'\")]+)", sheet.read_text(encoding="utf-8")):
            assert not urlsplit(address).netloc, f"{sheet.name}: {address}"


def test_headings_are_in_order_under_one_title():
    for page in pages():
        levels = [
            int(tag.name[1])
            for tag in soup(page).select(":is(article, .bd-search-container) :is(h1, h2, h3, h4, h5, h6)")
        ]
        assert levels.count(1) == 1, page
        assert all(below <= above + 1 for above, below in pairwise(levels)), page


def test_every_figure_says_in_words_what_it_shows():
    for page in pages():
        for image in soup(page).select("img"):
            words = image.get("alt", "")
            assert len(words.split()) >= 3, f"{page.name}: {image.get('src')}: {words!r}"
            assert "Figure size" not in words


def test_every_formula_is_set():
    for page in pages():
        for tag in soup(page).select("article :is(p, li, td, th, summary, details, dd)"):
            outside = "".join(
                str(node)
                for node in tag.find_all(string=True)
                if not node.find_parent(["code", "pre", "math"])
            )
            assert not re.search(r"\$[^$ ]+\$|\\frac|\\sum|\\hat", outside), f"{page.name}: {outside[:200]}"
    for topic in TOPICS:
        texts = [c.source for c in build.student_notebook(topic, ROOT).cells if c.cell_type == "markdown"]
        text = re.sub(r"```.*?```|`[^`]*`", "", "\n\n".join(texts), flags=re.DOTALL)
        formulas = re.findall(r"\$\$.+?\$\$|\$.+?\$", text, flags=re.DOTALL)
        assert len(soup(BOOK / "topics" / f"{topic}.html").select("math")) == len(formulas)


@pytest.mark.parametrize(
    ("formula", "has"),
    [
        (r"\hat y_i", "<msub><mover"),  # the index beside the accent
        (r"y \log p", '<mspace width="0.17em" /><mi>log</mi>'),
        (r"y = +1", '<mo form="prefix">+</mo>'),
        (r"\lVert x \rVert", 'stretchy="false"'),
        (r"\underbrace{x}_{\text{seen}}", "<munder><munder>"),
        (r"\frac12", "<mfrac><mn>1</mn><mn>2</mn></mfrac>"),
    ],
)
def test_formulas_are_set_as_tex_would(formula, has):
    assert has in mathml(formula)


def test_a_second_build_reads_nothing_again():
    made = [path for path in pages() if path.name not in ("genindex.html", "search.html")]  # these always are
    before = {path: path.stat().st_mtime_ns for path in made}
    done = subprocess.run([sys.executable, "-m", "docs.book"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0
    assert {path: path.stat().st_mtime_ns for path in made} == before


@pytest.fixture
def reader(page):
    """A page of a browser that is told on whatever it asks from elsewhere."""
    page.asked = []

    def only_from_disk(route):
        if route.request.url.startswith(("file:", "data:")):
            route.continue_()
        else:
            page.asked.append(route.request.url)
            route.abort()

    page.route("**/*", only_from_disk)
    page.on("console", lambda message: page.errors.append(message.text) if message.type == "error" else None)
    return page


@pytest.mark.parametrize("name", ["index.html", "topics/01_regression.html", "topics/05_optimizers.html"])
def test_widgets_play_from_the_disk(reader, name):
    reader.goto((BOOK / name).as_uri())
    hosts = reader.locator(".widget-host")
    for place in range(hosts.count()):
        host = hosts.nth(place)
        host.scroll_into_view_if_needed()
        host.locator("[data-ready]").wait_for()
    slider = hosts.first.locator("input[type=range]:not([disabled])").first
    slider.focus()
    seen = "host => host.innerHTML + [...host.querySelectorAll('canvas')].map(c => c.toDataURL()).join('')"
    reader.keyboard.press("Home")
    before = hosts.first.evaluate(seen)
    reader.keyboard.press("End")
    assert hosts.first.evaluate(seen) != before
    assert reader.errors == []
    assert reader.asked == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", SAMPLE)
def test_no_serious_fault_by_axe(reader, name, theme):
    reader.emulate_media(color_scheme=theme)
    reader.goto((BOOK / name).as_uri())
    assert reader.locator("html").get_attribute("data-theme") == theme
    assert reader.errors == []
    assert reader.asked == []
    report = Axe().run(reader, options={"rules": {"color-contrast": {"enabled": True}}})
    serious = [v for v in report.response["violations"] if v["impact"] in ("serious", "critical")]
    assert not serious, json.dumps(
        [[v["id"], v["nodes"][0]["html"][:200], v["nodes"][0].get("failureSummary", "")] for v in serious],
        indent=1,
    )


@pytest.mark.parametrize("name", [*SAMPLE, "topics/08_detection.html"])
def test_a_phone_scrolls_in_one_direction_only(reader, name):
    reader.set_viewport_size({"width": 390, "height": 800})
    reader.goto((BOOK / name).as_uri())
    assert reader.evaluate("document.documentElement.scrollWidth") <= 390


def test_search_finds_without_a_server(reader):
    reader.goto((BOOK / "search.html").as_uri() + "?q=ridge")
    reader.locator("#search-results li").first.wait_for()
    assert reader.locator("#search-results li a", has_text="Regression").count()
    assert reader.asked == []


def test_print_has_the_text_and_not_the_way_around(reader):
    reader.goto((BOOK / "topics" / "01_regression.html").as_uri())
    reader.emulate_media(media="print")
    assert reader.locator("article h1").is_visible()
    for way in (".bd-header", ".bd-sidebar-primary", ".prev-next-footer"):
        assert not reader.locator(way).first.is_visible()
