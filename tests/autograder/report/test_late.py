"""What being late costs: counted in the zone where it was due, never more than was earned, and told in words."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.report.late import Policy, Work, days_late, deductions, read_policy

TOPICS = ["01_regression", "02_classification", "03_bias_variance"]
BERLIN = ZoneInfo("Europe/Berlin")
DUE = datetime(2026, 10, 9, 23, 59, tzinfo=BERLIN)
moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))
graces = st.integers(0, 3000).map(lambda minutes: timedelta(minutes=minutes))


def works(*days, score=8.0, possible=10.0):
    return [
        Work(topic, DUE + timedelta(weeks=i), DUE + timedelta(weeks=i, days=late), False, score, possible)
        for i, (topic, late) in enumerate(zip(TOPICS, days, strict=False))
    ]


def policy(**changes):
    due = {topic: DUE + timedelta(weeks=i) for i, topic in enumerate(TOPICS)}
    return Policy(due=due, **({"per_day": 0.1, "is_share": True} | changes))


@given(moments, graces)
def test_days_are_the_fewest_that_would_have_been_enough(time, grace):
    days = days_late(time, DUE, grace)
    late_by = time - grace
    assert late_by <= (DUE + timedelta(days=days)).astimezone(UTC)
    assert days == 0 or late_by > (DUE + timedelta(days=days - 1)).astimezone(UTC)


@given(moments, st.timedeltas(timedelta(), timedelta(days=40)), graces)
def test_later_is_never_fewer_days_and_grace_never_more(time, more, grace):
    assert days_late(time + more, DUE) >= days_late(time, DUE) >= days_late(time, DUE, grace)


@given(moments, st.integers(-12, 14))
def test_only_the_instant_counts_not_the_zone_it_is_written_in(time, hours):
    elsewhere = time.astimezone(ZoneInfo(f"Etc/GMT{-hours:+d}"))
    assert days_late(elsewhere, DUE) == days_late(time, DUE)


def test_a_day_on_which_the_clocks_change_ends_at_the_same_time_of_day():
    due = datetime(2026, 10, 24, 23, 59, tzinfo=BERLIN)  # the next day has 25 hours
    assert days_late(datetime(2026, 10, 25, 23, 58, tzinfo=BERLIN), due) == 1
    assert days_late(due.astimezone(UTC) + timedelta(hours=25), due) == 1
    assert days_late(due.astimezone(UTC) + timedelta(hours=25, seconds=1), due) == 2


rates = st.one_of(
    st.tuples(st.floats(0, 1), st.just(True)),
    st.tuples(st.floats(0, 20), st.just(False)),
)
some_works = st.lists(st.integers(-3, 12), min_size=1, max_size=3).map(lambda days: works(*days))


@given(some_works, rates, st.none() | st.integers(0, 8), st.integers(0, 10))
def test_nobody_loses_more_than_was_earned_or_spends_more_days_than_there_are(
    handed_in, rate, most, slip_days
):
    rules = policy(per_day=rate[0], is_share=rate[1], max_days=most, slip_days=slip_days)
    found = deductions(rules, handed_in)
    assert set(found) == {work.topic for work in handed_in}
    assert sum(deduction.slip_days for deduction in found.values()) <= slip_days
    for work in handed_in:
        deduction = found[work.topic]
        assert 0 <= deduction.points <= work.score
        assert 0 <= deduction.slip_days <= deduction.days_late
        assert bool(deduction.words) == (deduction.days_late > 0)
        assert deduction.days_late or deduction.points == 0


@given(some_works, rates, st.integers(0, 10))
def test_more_slip_days_never_cost_more(handed_in, rate, slip_days):
    rules = [policy(per_day=rate[0], is_share=rate[1], slip_days=n) for n in (slip_days, slip_days + 1)]
    fewer, more = (sum(d.points for d in deductions(rule, handed_in).values()) for rule in rules)
    assert more <= fewer + 1e-9


@given(some_works, st.integers(0, 10), st.randoms(use_true_random=False))
def test_slip_days_go_by_due_date_not_by_the_order_of_grading(handed_in, slip_days, random):
    shuffled = random.sample(handed_in, len(handed_in))
    rules = policy(slip_days=slip_days)
    assert deductions(rules, shuffled) == deductions(rules, handed_in)


def test_slip_days_are_spent_in_order_and_the_words_add_up():
    found = deductions(policy(slip_days=3), works(2, 2, 0))
    assert [(d.days_late, d.slip_days, d.points) for d in found.values()] == [(2, 2, 0), (2, 1, 1), (0, 0, 0)]
    assert [d.words for d in found.values()] == [
        "2 days late, 2 slip days used",
        "2 days late, 1 slip day used, −10 %",
        "",
    ]


def test_points_a_day_and_what_can_not_be_lost_twice():
    (found,) = deductions(policy(per_day=3.0, is_share=False), works(4)).values()
    assert (found.points, found.words) == (8, "4 days late, −12 points, no more than was earned: −8")


def test_too_late_earns_nothing_and_spends_no_slip_days():
    first, second = deductions(policy(max_days=2, slip_days=2), works(3, 1)).values()
    assert (first.points, first.slip_days) == (8, 0)
    assert first.words == "3 days late, more than the 2 that are accepted: no points"
    assert (second.points, second.slip_days) == (0, 1)


def test_canvas_mark_counts_as_a_day_unless_there_is_an_extension():
    marked = Work(TOPICS[0], DUE, None, True, 8.0, 10.0)
    (found,) = deductions(policy(), [marked]).values()
    assert (found.days_late, found.points) == (1, 1)
    assert "its time is not known" in found.words
    extended = Work(TOPICS[0], DUE, None, True, 8.0, 10.0, extended=True)
    (found,) = deductions(policy(), [extended]).values()
    assert found.points == 0
    assert "extension" in found.words


def test_without_a_due_date_or_a_time_nothing_is_late():
    assert deductions(policy(), [Work(TOPICS[0], None, DUE, True, 8.0, 10.0)])[TOPICS[0]].points == 0
    assert deductions(policy(), [Work(TOPICS[0], DUE, None, False, 8.0, 10.0)])[TOPICS[0]].points == 0


def read(tmp_path, text):
    (tmp_path / "late.toml").write_text(text)
    return read_policy(tmp_path / "late.toml", TOPICS)


def test_a_policy_is_read_with_zone_share_and_extensions(tmp_path):
    found = read(
        tmp_path,
        """
        time_zone = "Europe/Berlin"
        grace = 10
        per_day = "12.5%"
        max_days = 5
        slip_days = 4
        [due]
        01_regression = 2026-10-09T23:59:00
        02_classification = 2026-10-16T21:59:00Z
        [extensions."Ann@uni.example"]
        01_regression = 2026-10-12T23:59:00
        """,
    )
    assert (found.grace, found.per_day, found.is_share) == (timedelta(minutes=10), 0.125, True)
    assert (found.max_days, found.slip_days) == (5, 4)
    assert found.due["01_regression"] == DUE
    assert found.due["02_classification"].utcoffset() == timedelta(0)
    assert found.extensions["ann@uni.example"]["01_regression"] == DUE + timedelta(days=3)
    assert read(tmp_path, "per_day = 2").cost(10) == 2
    assert read(tmp_path, 'per_day = "10%"').cost(40) == 4


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("graze = 3", "there is no key graze"),
        ("grace = -1", "grace is -1"),
        ("grace = true", "grace is True"),
        ("max_days = 1.5", "max_days is 1.5, not a whole number"),
        ('slip_days = "4"', "slip_days is '4'"),
        ('per_day = "150%"', "per_day is '150%', not a number of points or a share such as \"10%\""),
        ('per_day = "ten"', "per_day is 'ten'"),
        ("per_day = inf", "per_day is inf"),
        ('time_zone = "Europe/Atlantis"', "time_zone is 'Europe/Atlantis'"),
        ('time_zone = "../../etc/passwd"', "time_zone is"),
        ("due = 3", "due is 3, not a table"),
        ("[due]\n04_magic = 2026-10-09T23:59:00Z", "due: there is no topic 04_magic"),
        ("[due]\n01_regression = 2026-10-09", "due.01_regression is"),
        ("[due]\n01_regression = 2026-10-09T23:59:00", "due.01_regression has no time zone"),
        ("[extensions.ann]\n9_x = 2026-10-09T23:59:00Z", "extensions.ann: there is no topic 9_x"),
        ("[extensions]\nann = 3", "ann is 3, not a table"),
        ("grace =", "late.toml"),
    ],
)
def test_a_slip_of_the_pen_is_named(tmp_path, text, says):
    with pytest.raises(ValueError, match=r"late\.toml") as error:
        read(tmp_path, text)
    assert says in str(error.value)
