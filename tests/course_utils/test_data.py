"""Data sets and generators: what they promise, checked from the pictures and numbers themselves."""

import datetime
import math
import re
import subprocess
import sys

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from course_utils import data
from course_utils.data.scenes import COLOURS, SHAPES, VISIBLE, _coverage


@pytest.mark.parametrize(
    ("load", "per_class", "score"), [("load_mnist", (400, 100), 0.85), ("load_fashion", (600, 100), 0.78)]
)
def test_pictures_and_labels_belong_together(load, per_class, score):
    images = getattr(data, load)()
    for y, n in ((images.y_train, per_class[0]), (images.y_test, per_class[1])):
        np.testing.assert_array_equal(np.bincount(y), [n] * 10)
        assert np.any(np.diff(y[:100]) < 0)  # not sorted
    assert images.x_train.dtype == np.float32
    assert images.x_train.min() == 0
    assert images.x_train.max() == 1
    flat, other = (
        images.x_train.reshape(len(images.x_train), -1),
        images.x_test.reshape(len(images.x_test), -1),
    )
    assert (
        LogisticRegression(max_iter=60, tol=1e-3)
        .fit(flat[:2000], images.y_train[:2000])
        .score(other, images.y_test)
        > score
    )
    train = {row.tobytes() for row in flat}
    assert not any(row.tobytes() in train for row in other)


def test_small_digits_are_scikit_learns():
    images = data.load_digits()
    assert images.x_train.shape == (1347, 1, 8, 8)
    assert images.x_test.shape == (450, 1, 8, 8)
    assert images.x_train.max() == 1


@pytest.mark.filterwarnings("ignore:lbfgs failed")
class TestZipCodes:
    def test_each_digit_stands_in_its_place(self):
        images, digits = data.make_zip_codes(200, seed=1)
        mnist = data.load_mnist()
        model = LogisticRegression(max_iter=60, tol=1e-3).fit(
            mnist.x_train[:2000].reshape(2000, -1), mnist.y_train[:2000]
        )
        found = 0
        for place in range(5):
            cuts = images[:, 0, 2:30, 24 * place + 2 : 24 * place + 30].reshape(200, -1)
            found += np.mean(model.predict(cuts) == digits[:, place]) / 5
        assert found > 0.5  # of ten classes; digits are moved, and neighbours look in

    def test_parts_share_no_digit(self):
        mnist = data.load_mnist()
        images, _ = data.make_zip_codes(50, part="test", seed=2)
        known = {image.tobytes() for image in mnist.x_train[:, 0]}
        cuts = [images[i, 0, t : t + 28, s : s + 28] for i in range(50) for t in range(5) for s in range(5)]
        assert not any(np.ascontiguousarray(cut).tobytes() in known for cut in cuts)

    def test_the_seed_decides(self):
        first, again, other = (data.make_zip_codes(3, seed=seed)[0] for seed in (1, 1, 2))
        np.testing.assert_array_equal(first, again)
        assert not np.array_equal(first, other)


class TestScenes:
    @pytest.fixture(scope="class")
    def scenes(self):
        return data.make_scenes(150, seed=3)

    def test_boxes_are_tight_around_what_is_visible(self, scenes):
        for i, things in enumerate(scenes.things):
            for j in range(len(things)):
                rows, columns = np.nonzero(scenes.instances[i] == j + 1)
                expected = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
                np.testing.assert_array_equal(scenes.boxes[i, j], expected)
            assert np.all(scenes.boxes[i, len(things) :] == 0)
            assert np.all(scenes.labels[i, len(things) :] == -1)

    def test_masks_and_labels_say_the_same(self, scenes):
        for i, things in enumerate(scenes.things):
            names = ["background", *(thing.shape for thing in things)]
            for number, name in enumerate(names):
                classes = np.unique(scenes.semantic[i][scenes.instances[i] == number])
                assert list(classes) == [0 if number == 0 else 1 + SHAPES.index(name)]
            assert [scenes.shapes[label] for label in scenes.labels[i] if label >= 0] == names[1:]

    def test_pixels_of_a_thing_have_its_colour(self, scenes):
        for i, things in enumerate(scenes.things):
            for j, thing in enumerate(things):
                colour = np.median(scenes.images[i][:, scenes.instances[i] == j + 1], axis=1)
                np.testing.assert_allclose(colour, COLOURS[thing.colour], atol=0.06)

    def test_areas_are_those_of_the_shapes(self):
        for shape, area in (("circle", math.pi), ("square", 2.0), ("triangle", 3 * math.sqrt(3) / 4)):
            for angle in (0.0, 0.7, 2.1):
                cover = _coverage(data.Thing(shape, "red", 13.3, angle, (31.2, 30.4)), 64)
                assert cover.sum() == pytest.approx(area * 13.3**2, rel=0.01)
                rows, columns = np.indices((64, 64)) + 0.5
                assert np.average(columns, weights=cover) == pytest.approx(31.2, abs=0.1)
                assert np.average(rows, weights=cover) == pytest.approx(30.4, abs=0.1)

    def test_most_of_each_thing_is_visible_and_all_of_it_in_the_picture(self, scenes):
        for i, things in enumerate(scenes.things):
            for j, thing in enumerate(things):
                whole = _coverage(thing, 64).sum()
                assert (scenes.instances[i] == j + 1).sum() > (
                    VISIBLE - 0.08
                ) * whole  # pixels against shares of them
                assert thing.radius < min(*thing.centre, *(64 - c for c in thing.centre))

    def test_captions_follow_from_the_picture(self):
        scenes = data.make_scenes(200, least=1, most=2, seed=5)
        looks = r"a (small|large) (\w+) (circle|square|triangle)"
        for i, sentence in enumerate(scenes.captions):
            boxes = scenes.boxes[i]
            one = re.fullmatch(looks, sentence)
            if one:
                assert len(scenes.things[i]) == 1
                continue
            size, colour, shape, relation, size2, colour2, shape2 = re.fullmatch(
                f"{looks} (left of|above) {looks}", sentence
            ).groups()
            axis = 0 if relation == "left of" else 1
            centres = boxes[:, axis] + boxes[:, axis + 2]
            first, second = (scenes.things[i][j] for j in np.argsort(centres))
            assert (first.colour, first.shape, second.colour, second.shape) == (
                colour,
                shape,
                colour2,
                shape2,
            )
            assert [thing.radius > 0.145 * 64 for thing in (first, second)] == [
                s == "large" for s in (size, size2)
            ]

    def test_three_things_are_told_from_the_left(self):
        things = [
            data.Thing("circle", c, 6, 0, (x, 20)) for c, x in (("red", 50), ("blue", 10), ("green", 30))
        ]
        assert data.caption(things) == "a small blue circle, a small green circle and a small red circle"

    def test_the_seed_decides(self):
        first, again, other = (data.make_scenes(5, seed=seed) for seed in (1, 1, 2))
        np.testing.assert_array_equal(first.images, again.images)
        assert first.things == again.things
        assert not np.array_equal(first.images, other.images)

    def test_counts_run_from_least_to_most(self):
        counts = {len(things) for things in data.make_scenes(60, least=2, most=5, size=80).things}
        assert counts == {2, 3, 4, 5}

    def test_what_is_drawn_later_lies_in_front(self):
        back, front = (
            data.Thing("square", "red", 20, 0, (32, 32)),
            data.Thing("circle", "blue", 10, 0, (32, 32)),
        )
        scene = data.draw_scenes([[back, front]])
        assert scene.instances[0, 32, 32] == 2
        np.testing.assert_allclose(scene.images[0, :, 32, 32], COLOURS["blue"], atol=0.1)


def test_the_novel_is_whole_and_plain():
    text = data.load_austen()
    assert len(text) == 683_909
    assert len(set(text)) == 74
    assert text.isascii()
    assert "Mr. Darcy" in text
    assert text.endswith("uniting them.\n")


def test_a_vocabulary_goes_there_and_back():
    text = data.load_austen()[:500]
    vocabulary = data.Vocabulary(text)
    numbers = vocabulary.encode(text)
    assert numbers.dtype == np.int64
    assert numbers.max() == len(vocabulary) - 1
    assert vocabulary.decode(numbers) == text


def test_dates_mean_one_day_each():
    pairs = data.make_dates(700, seed=1)
    forms = [
        ("%d %B %Y", r"\d+ [A-Z]\w+ \d{4}"), ("%B %d, %Y", r"[A-Z]\w+ \d+, \d{4}"), ("%d.%m.%Y", r"\d+\.\d+\.\d{4}"),
        ("%d/%m/%Y", r"\d\d/\d\d/\d{4}"), ("%d %b %y", r"\d+ [A-Z]\w\w \d\d"), ("%b %d %Y", r"[A-Z]\w\w \d+ \d{4}"),
        ("the %d of %B, %Y", r"the \d+ of [A-Z]\w+, \d{4}"),
    ]  # fmt: skip
    used = set()
    for written, iso in pairs:
        plain = re.sub(r"(\d)(st|nd|rd|th)\b", r"\1", written)
        matching = [form for form, pattern in forms if re.fullmatch(pattern, plain)]
        days = {datetime.datetime.strptime(plain, form).date() for form in matching if _parses(plain, form)}
        # strptime takes years of two digits from 1969 on; here they are from 1950 on.
        days = {day.replace(year=day.year - 100) if day.year > 2049 else day for day in days}
        assert days == {datetime.date.fromisoformat(iso)}, written
        used.update(matching[:1])
    assert len(used) >= 6


def _parses(text, form):
    try:
        datetime.datetime.strptime(text, form)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("length", [2, 7, 50])
def test_the_adding_problem_marks_one_number_in_each_half(length):
    x, y = data.make_adding_problem(300, length, seed=4)
    assert x.dtype == y.dtype == np.float32
    marks = x[..., 1]
    np.testing.assert_array_equal(marks[:, : length // 2].sum(axis=1), 1)
    np.testing.assert_array_equal(marks[:, length // 2 :].sum(axis=1), 1)
    np.testing.assert_allclose((x[..., 0] * marks).sum(axis=1), y, rtol=1e-6)
    if length == 50:
        assert np.mean((y - 1) ** 2) == pytest.approx(1 / 6, rel=0.2)


@pytest.mark.parametrize("name", data.PHOTOGRAPHS)
def test_photographs_are_colour_pictures(name):
    picture = data.load_photograph(name)
    assert picture.dtype == np.uint8
    assert picture.ndim == 3
    assert 256 <= max(picture.shape) <= 360
    assert picture.std() > 10


class TestSqueezeNet:
    @pytest.fixture(scope="class")
    def net(self):
        return data.load_squeezenet()

    @pytest.mark.parametrize(("name", "words"), [("coffee", "espresso"), ("chelsea", "cat")])
    def test_it_knows_what_it_sees(self, net, name, words):
        scores = net(data.preprocess(data.load_photograph(name)))[0]
        best = [net.class_names[i] for i in scores.topk(3).indices]
        assert any(words in label for label in best), best

    def test_its_size_is_the_published_one(self, net):
        assert sum(parameter.numel() for parameter in net.parameters()) == 1_235_496
        assert len(net.class_names) == 1000
        assert not net.training

    def test_a_picture_comes_back(self):
        picture = data.load_photograph("coffee")
        square = picture[:, 53:266]
        np.testing.assert_array_equal(data.restore(data.preprocess(picture, size=213)), square)


def test_each_data_set_has_a_card():
    assert set(data.CARDS) == {
        "diabetes", "breast_cancer", "digits", "mnist", "fashion", "zip_codes", "scenes", "austen", "dates",
        "adding_problem", "photographs", "squeezenet", "caption_model", "character_model",
    }  # fmt: skip
    for card in data.CARDS.values():
        assert all(vars(card).values())


def test_each_shipped_file_is_in_the_notice():
    from course_utils.data.images import FILES

    notice = (FILES / "NOTICE.md").read_text()
    files = {path.name for path in FILES.iterdir()} - {"NOTICE.md"}
    assert files == set(re.findall(r"`([\w.]+\.(?:xz|npz|txt|jpg))`", notice))
    assert sum(path.stat().st_size for path in FILES.iterdir()) < 10e6


def test_data_need_no_torch_unless_the_net_is_asked_for():
    code = "import sys; from course_utils import data; data.make_scenes(1); print('torch' in sys.modules, 'sklearn' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "False False"


def test_every_name_that_is_offered_is_there():
    assert all(hasattr(data, name) for name in data.__all__)
    with pytest.raises(AttributeError, match="no attribute 'load_cifar'"):
        _ = data.load_cifar


THING = data.Thing("circle", "red", 5, 0, (9, 9))
BAD = [
    (lambda: data.make_scenes(0), "n: expected at least 1"),
    (lambda: data.make_scenes(1, size=16), "size: expected at least 32"),
    (lambda: data.make_scenes(1, least=3, most=2), "least, most: expected numbers"),
    (lambda: data.draw_scenes([]), "things: expected at least one"),
    (lambda: data.draw_scenes([[]]), "things: expected at least one"),
    (lambda: data.draw_scenes([[THING, THING]], most=1), "most: expected room"),
    (lambda: data.draw_scenes([[data.Thing("star", "red", 5, 0, (9, 9))]]), "shape: expected one of"),
    (lambda: data.draw_scenes([[data.Thing("circle", "pink", 5, 0, (9, 9))]]), "colour: expected one of"),
    (lambda: data.make_zip_codes(0), "n: expected at least 1"),
    (lambda: data.make_zip_codes(1, part="all"), "part: expected 'train' or 'test'"),
    (lambda: data.Vocabulary(""), "text: expected at least one"),
    (lambda: data.Vocabulary("ab").encode("abc"), "text: expected characters among 'ab', got 'c'"),
    (lambda: data.make_dates(0), "n: expected at least 1"),
    (lambda: data.make_adding_problem(0, 5), "n: expected at least 1"),
    (lambda: data.make_adding_problem(1, 1), "length: expected at least 2"),
    (lambda: data.load_photograph("dog"), "name: expected one of"),
    (lambda: data.preprocess(np.zeros((4, 4, 3))), "image: expected a uint8 array"),
    (lambda: data.preprocess("coffee"), "image: expected a uint8 array"),
    (
        lambda: data.restore(data.preprocess(np.zeros((9, 9, 3), np.uint8), 9).expand(2, 3, 9, 9)),
        "tensor: expected shape",
    ),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
