"""What to do next and what to recall follow from what was passed, and from nothing else."""

from datetime import UTC, datetime, timedelta

import matplotlib.pyplot as plt
import pytest

from course_utils.checks import record
from course_utils.checks.record import Recalled, Record, Tried, note_checks, read
from course_utils.progress import answer, draw_map, progress, recall
from course_utils.progress.overview import Progress
from course_utils.progress.questions import DAYS, Question, due, load_questions
from course_utils.progress.topics import load_topics

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
TOPICS = load_topics()


@pytest.fixture
def clock(monkeypatch):
    """Set the time."""
    import course_utils.progress.questions as module

    def set_it(days):
        for each in (record, module):
            monkeypatch.setattr(each, "now", lambda: START + timedelta(days=days))

    set_it(0)
    return set_it


def passed(*names, at=START):
    """A record in which whole topics, or exercises as topic/exercise, have passed."""
    exercises = {}
    for name in names:
        topic, _, exercise = name.partition("/")
        chosen = [exercise] if exercise else TOPICS[topic].exercises
        exercises.setdefault(topic, {}).update({each: Tried(2, at, at, True) for each in chosen})
    return Record(exercises)


# --- topics and what comes next ---


def test_every_topic_needs_only_earlier_ones():
    names = list(TOPICS)
    for name, topic in TOPICS.items():
        assert all(names.index(before) < names.index(name) for before in topic.needs)
    assert TOPICS["07_cnns"].needs == ("04_backpropagation", "06_training")
    assert all(minutes > 0 for topic in TOPICS.values() for minutes in topic.exercises.values())


@pytest.mark.parametrize(
    ("record", "topic", "exercise"),
    [
        (Record(), "00_start_here", "mean_of"),
        (passed("00_start_here"), "01_regression", "empirical_risk"),
        (passed("01_regression/empirical_risk"), "01_regression", "fit_line"),
        (passed("01_regression/fit_line"), "01_regression", "empirical_risk"),
        (
            passed("02_classification", "04_backpropagation/jacobian"),
            "04_backpropagation",
            "numerical_gradient",
        ),
        (passed("00_start_here", "01_regression"), "02_classification", "fit_naive_bayes"),
        (passed("06_training/xavier_normal"), "00_start_here", "mean_of"),  # needs 04 and 05
    ],
)
def test_what_comes_next(record, topic, exercise):
    assert [Progress(record, TOPICS).next[0].name, Progress(record, TOPICS).next[1]] == [topic, exercise]


def test_after_the_last_exercise_nothing_comes():
    shown = Progress(passed(*TOPICS), TOPICS)
    assert shown.next is None
    assert "All exercises have passed." in repr(shown)


def test_a_topic_says_what_must_come_first():
    shown = Progress(passed("05_optimizers"), TOPICS)
    assert shown.state(TOPICS["05_optimizers"]) == "done"
    assert shown.state(TOPICS["06_training"]) == "after 04"
    assert shown.state(TOPICS["07_cnns"]) == "after 04 and 06"
    assert shown.state(TOPICS["01_regression"]) == "open"


def test_the_table_counts_in_words_and_in_html(tmp_path):
    note_checks(tmp_path, "01_regression", {"fit_line": False})
    note_checks(tmp_path, "01_regression", {"fit_line": True, "<b>": True})
    shown = progress(tmp_path)
    (row,) = [line for line in repr(shown).splitlines() if line.startswith("01 Regression")]
    assert row.split("  ", 1)[1].split() == ["1", "of", "9", "3", "checks", "begun"]
    page = shown._repr_html_()
    assert page.count("<tr>") == len(TOPICS) + 1
    assert "aria-label='1 of 9 exercises passed'" in page
    assert "<b>" not in page


def test_a_record_of_a_later_version_is_a_sentence(tmp_path, capsys):
    (tmp_path / "progress.json").write_text('{"version": 2}')
    assert progress(tmp_path) is None
    assert "later version" in capsys.readouterr().out


def test_the_map_holds_every_topic_that_another_needs_or_that_needs_one(tmp_path):
    figure = draw_map(tmp_path)
    words = " ".join(text.get_text() for text in figure.axes[0].texts)
    plt.close(figure)
    assert [number for number in map("{:02}".format, range(11)) if f"{number} " in words] == [
        f"{number:02}" for number in range(1, 11)
    ]


# --- questions ---


@pytest.mark.parametrize("question", load_questions().values(), ids=lambda question: question.name)
def test_a_question_names_an_exercise_and_accepts_its_own_answer(question):
    assert question.exercise in TOPICS[question.topic].exercises
    assert question.ask.endswith(("?", "."))
    assert question.why.endswith(".")
    assert question.is_right(question.answer)
    assert len(set(question.options)) == len(question.options) != 1


def test_there_are_at_least_three_questions_a_topic():
    for name in list(TOPICS)[1:]:
        assert sum(question.topic == name for question in load_questions().values()) >= 3


def test_a_question_comes_two_days_after_its_exercise_has_passed(clock):
    record = passed("01_regression/fit_line")
    clock(1.9)
    assert due(record) == []
    clock(2)
    assert [question.name for question in due(record)] == ["numpy-cov"]
    assert due(Record({"01_regression": {"fit_line": Tried(1, START, START, False)}})) == []


def test_right_answers_move_it_away_and_a_wrong_one_brings_it_back(clock, tmp_path):
    note_checks(tmp_path, "01_regression", {"fit_line": True})
    day = 2
    for box in (1, 2, 3, 4, 5):
        clock(day)
        assert "numpy-cov" in repr(recall(tmp_path))
        reply = answer("numpy-cov", "b", tmp_path)
        assert (reply.right, reply.days) == (True, DAYS[min(box, 4)])
        clock(day + reply.days - 0.1)
        assert recall(tmp_path).questions == ()
        day += reply.days
    clock(day)
    reply = answer("numpy-cov", "a", tmp_path)
    assert repr(reply).startswith("✗ Not right. np.cov divides by n − 1")
    assert repr(reply).endswith("It comes again tomorrow.")
    assert read(tmp_path).recalled["numpy-cov"].box == 0


def test_an_answer_before_its_time_moves_nothing_away(clock, tmp_path):
    note_checks(tmp_path, "01_regression", {"fit_line": True})
    for _ in range(3):
        answer("numpy-cov", "b", tmp_path)
    assert read(tmp_path).recalled["numpy-cov"] == Recalled(1, START)


def test_three_questions_at_once_those_that_waited_longest_first(clock, tmp_path):
    clock(30)
    late = {"numpy-cov": Recalled(0, START), "sigmoid-zero": Recalled(0, START + timedelta(days=1))}
    record.update(tmp_path, lambda _: Record(passed("01_regression", at=START).exercises, late))
    asked = recall(tmp_path).questions
    assert len(asked) == 3
    assert asked[0].name == "numpy-cov"
    assert "answer(&quot;numpy-cov&quot;, …)" in recall(tmp_path)._repr_html_()


def test_when_nothing_is_due_it_says_when_something_will_be(clock, tmp_path):
    note_checks(tmp_path, "01_regression", {"fit_line": True})
    assert repr(recall(tmp_path)) == "No question is due. The next comes on 04 March."


@pytest.mark.parametrize(
    ("expected", "options", "given", "right"),
    [
        (0.5, (), 0.5, True),
        (0.3333333, (), 1 / 3, True),
        (0.5, (), 0.52, False),
        (0, (), 0, True),
        (45, (), 45.0, True),
        (True, (), True, True),
        (True, (), False, False),
        ("b", ("x", "y"), " B ", True),
        ("b", ("x", "y"), "a", False),
    ],
)
def test_answers(expected, options, given, right):
    assert Question("q", "t", "e", "?", expected, ".", options).is_right(given) is right


@pytest.mark.parametrize(
    ("expected", "options", "given", "message"),
    [
        (0.5, (), "a", "given: expected a number"),
        (1, (), True, "given: expected a number"),
        (True, (), 1, "given: expected True or False"),
        ("b", ("x", "y"), "c", "one of the letters a, b"),
        ("b", ("x", "y"), 2, "one of the letters a, b"),
    ],
)
def test_an_answer_of_the_wrong_kind_is_refused(expected, options, given, message):
    with pytest.raises(ValueError, match=message):
        Question("q", "t", "e", "?", expected, ".", options).is_right(given)


def test_before_its_exercise_has_passed_an_answer_is_judged_and_not_kept(tmp_path):
    reply = answer("numpy-cov", "a", tmp_path)
    assert repr(reply).endswith("Its turn comes once fit_line has passed.")
    assert read(tmp_path) == Record()


def test_an_unknown_question_is_refused(tmp_path):
    with pytest.raises(ValueError, match="name: expected the name of a question"):
        answer("nothing", 1, tmp_path)


def test_where_nothing_can_be_written_an_answer_is_still_judged(tmp_path):
    (tmp_path / "progress.json").mkdir()
    assert answer("sigmoid-zero", 0.5, tmp_path).right
