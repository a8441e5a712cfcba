"""What handing in late costs: a small TOML, and pure functions that say in words how they counted.

::

    time_zone = "Europe/Berlin"
    grace = 10            # minutes
    per_day = "10%"       # of the points there are; or a number of points
    max_days = 5          # later than that earns nothing
    slip_days = 4         # free days for each student, spent in the order of the due dates

    [due]
    01_regression = 2026-10-09T23:59:00
    02_classification = 2026-10-23T23:59:00

    [extensions."ann@uni.example"]
    01_regression = 2026-10-16T23:59:00
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_KEYS = {"time_zone", "grace", "per_day", "max_days", "slip_days", "zip_times", "due", "extensions"}


@dataclass(frozen=True)
class Policy:
    """How late work is counted.

    Parameters
    ----------
    due
        Topic → when it is due.
    grace
        So much later still counts as in time; each later day begins so much later too.
    per_day
        What each late day costs: a share of the points there are if ``is_share``, points if not.
    is_share
        See ``per_day``.
    max_days
        Work that is later than this earns nothing; ``None`` for no such limit.
    slip_days
        Free days that each student has, for all topics together.
    extensions
        Student (id, email, login or name, in lower case) → topic → their own due date.
    zone
        Of times that come without one.
    zip_times
        Whether the times in a bulk download's zip are those of handing in.
    """

    due: Mapping[str, datetime] = field(default_factory=dict)
    grace: timedelta = timedelta()
    per_day: float = 0.0
    is_share: bool = False
    max_days: int | None = None
    slip_days: int = 0
    extensions: Mapping[str, Mapping[str, datetime]] = field(default_factory=dict)
    zone: ZoneInfo | None = None
    zip_times: bool = False

    def cost(self, possible: float) -> float:
        """What one day costs of a topic with ``possible`` points."""
        return self.per_day * possible if self.is_share else self.per_day


@dataclass(frozen=True)
class Work:
    """One topic of one student, as far as lateness goes.

    Parameters
    ----------
    topic
        Which.
    due
        When it was due for this student; ``None`` if it never was.
    time
        When it was handed in; ``None`` if not known.
    marked_late
        Whether Canvas marked it late.
    score, possible
        Points earned before any deduction, and points there are.
    extended
        Whether ``due`` is this student's own.
    """

    topic: str
    due: datetime | None
    time: datetime | None
    marked_late: bool
    score: float
    possible: float
    extended: bool = False


@dataclass(frozen=True)
class Deduction:
    """What being late cost.

    Parameters
    ----------
    days_late
        Days begun after the due date, grace left out.
    slip_days
        How many of them were free.
    points
        Taken off, never more than were earned.
    words
        How it was counted; empty for work in time.
    """

    days_late: int = 0
    slip_days: int = 0
    points: float = 0.0
    words: str = ""


def days_late(time: datetime, due: datetime, grace: timedelta = timedelta()) -> int:
    """How many days after ``due`` have begun by ``time``: 0 up to the due date and its grace, then 1 for each day.

    A day ends at the due date's time of day where it was due, also when the clocks change in between.

    >>> due = datetime(2026, 10, 9, 23, 59, tzinfo=UTC)
    >>> [days_late(due + timedelta(hours=h), due) for h in (-5, 0, 1, 24, 25)]
    [0, 0, 1, 1, 2]
    """
    instant = time.astimezone(UTC) - grace
    # Python adds days by the clock on the wall, and the difference of two instants needs one zone.
    days = max(0, (instant - due.astimezone(UTC)).days - 1)
    while (due + timedelta(days=days)).astimezone(UTC) < instant:
        days += 1
    return days


def deductions(policy: Policy, works: Sequence[Work]) -> dict[str, Deduction]:
    """What one student loses, topic by topic; slip days are spent in the order of the due dates.

    Work that is too late for any points spends no slip days.
    """
    left = policy.slip_days
    found = {}
    for work in sorted(works, key=lambda work: _by_due(policy, work)):
        deduction = _deduct(policy, work, left)
        left -= deduction.slip_days
        found[work.topic] = deduction
    return found


def _by_due(policy: Policy, work: Work) -> tuple[bool, datetime, str]:
    due = policy.due.get(work.topic)  # the course's date, so that an extension doesn't change the order
    return due is None, (due or datetime.max.replace(tzinfo=UTC)).astimezone(UTC), work.topic


def _deduct(policy: Policy, work: Work, left: int) -> Deduction:
    if work.due is None:
        return Deduction()
    if work.time is not None:
        days = days_late(work.time, work.due, policy.grace)
        how = f"{_count(days, 'day')} late"
    elif not work.marked_late:
        return Deduction()
    elif work.extended:
        return Deduction(words="Canvas marks it late, but there is an extension and its time is not known")
    else:
        days, how = 1, "Canvas marks it late and its time is not known: 1 day late"
    if days == 0:
        return Deduction()
    if policy.max_days is not None and days > policy.max_days:
        return Deduction(
            days, 0, work.score, f"{how}, more than the {policy.max_days} that are accepted: no points"
        )
    slips = min(days, left)
    paid = days - slips
    points = min(work.score, paid * policy.cost(work.possible))
    parts = [how]
    if slips:
        parts.append(f"{_count(slips, 'slip day')} used")
    if paid and policy.per_day:
        rate = (
            f"{100 * policy.per_day * paid:g} %" if policy.is_share else f"{policy.per_day * paid:g} points"
        )
        capped = (
            f", no more than was earned: −{points:g}" if points < paid * policy.cost(work.possible) else ""
        )
        parts.append(f"−{rate}{capped}")
    return Deduction(days, slips, points, ", ".join(parts))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


# --- reading ---------------------------------------------------------------------------------------------------


def read_policy(path: Path, topics: Sequence[str]) -> Policy:
    """Read a policy.

    Parameters
    ----------
    path
        The TOML file.
    topics
        The course's topics; a due date of another one is a slip of the pen.

    Raises
    ------
    ValueError
        If it can't be read, with the key and what was expected.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        return _policy(table, topics)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from error


def _policy(table: Mapping[str, Any], topics: Sequence[str]) -> Policy:
    if unknown := sorted(set(table) - _KEYS):
        raise ValueError(f"there is no key {', '.join(unknown)}. There are: {', '.join(sorted(_KEYS))}.")
    zone = _zone(table.get("time_zone"))
    per_day, is_share = _rate(table.get("per_day", 0))
    extensions = _table(table, "extensions")
    return Policy(
        due=_dates(_table(table, "due"), "due", topics, zone),
        grace=timedelta(minutes=_number(table, "grace")),
        per_day=per_day,
        is_share=is_share,
        max_days=int(_number(table, "max_days", whole=True)) if "max_days" in table else None,
        slip_days=int(_number(table, "slip_days", whole=True)),
        extensions={
            who.casefold(): _dates(_table(extensions, who), f"extensions.{who}", topics, zone)
            for who in extensions
        },
        zone=zone,
        zip_times=table.get("zip_times", False) is True,
    )


def _zone(name: object) -> ZoneInfo | None:
    if name is None:
        return None
    try:
        return ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"time_zone is {name!r}, not a zone such as 'Europe/Berlin'.") from error


def _rate(value: object) -> tuple[float, bool]:
    if isinstance(value, str) and value.strip().endswith("%"):
        try:
            share = float(value.strip()[:-1]) / 100
        except ValueError:
            share = -1.0
        if 0 <= share <= 1:
            return share, True
    elif isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < float("inf"):
        return float(value), False
    raise ValueError(f'per_day is {value!r}, not a number of points or a share such as "10%".')


def _number(table: Mapping[str, Any], key: str, *, whole: bool = False) -> float:
    value = table.get(key, 0)
    kinds = int if whole else (int, float)
    if not isinstance(value, kinds) or isinstance(value, bool) or not 0 <= value < 10**6:
        raise ValueError(f"{key} is {value!r}, not a {'whole ' if whole else ''}number from 0.")
    return float(value)


def _table(table: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = table.get(key, {})
    if not isinstance(value, dict):
        raise ValueError(f"{key} is {value!r}, not a table.")
    return value


def _dates(
    table: Mapping[str, Any], key: str, topics: Sequence[str], zone: ZoneInfo | None
) -> dict[str, datetime]:
    if unknown := sorted(set(table) - set(topics)):
        raise ValueError(f"{key}: there is no topic {', '.join(unknown)}. There are: {', '.join(topics)}.")
    dates = {}
    for topic, value in table.items():
        if not isinstance(value, datetime):
            raise ValueError(
                f"{key}.{topic} is {value!r}, not a date and a time such as 2026-10-09T23:59:00."
            )
        dates[topic] = with_zone(value, zone, f"{key}.{topic}")
    return dates


def with_zone(time: datetime, zone: ZoneInfo | None, what: str) -> datetime:
    """A time with its zone, which is ``zone`` if it has none of its own.

    Raises
    ------
    ValueError
        If there is neither; ``what`` names the time.
    """
    if time.tzinfo is not None:
        return time
    if zone is None:
        raise ValueError(f'{what} has no time zone: write time_zone = "Europe/Berlin" or end it with +02:00.')
    return time.replace(tzinfo=zone)
