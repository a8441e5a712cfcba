"""A table of what has passed, and what to do next."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from course_utils.checks.record import NewerRecord, Record, read
from course_utils.progress.questions import due
from course_utils.progress.topics import Topic, load_topics


@dataclass(frozen=True)
class Progress:
    """What has passed in each topic, shown as a table.

    Parameters
    ----------
    record
        What the checks wrote down.
    topics
        The topics of the course, by name.
    waiting
        How many questions from earlier topics are due.
    """

    record: Record
    topics: Mapping[str, Topic]
    waiting: int = 0

    def missing(self, topic: Topic) -> list[str]:
        """The numbers of the topics that ``topic`` needs and that aren't done."""
        return [
            self.topics[name].number for name in topic.needs if not self.topics[name].is_done(self.record)
        ]

    def state(self, topic: Topic) -> str:
        """``"done"``, ``"begun"``, ``"open"``, or which topics come first."""
        if topic.is_done(self.record):
            return "done"
        if self.record.exercises.get(topic.name):
            return "begun"
        missing = self.missing(topic)
        return f"after {' and '.join(missing)}" if missing else "open"

    @property
    def next(self) -> tuple[Topic, str] | None:
        """The topic and exercise to do next: in the topic worked on last, else in the first whose needs are met."""
        ready = [
            topic
            for topic in self.topics.values()
            if not topic.is_done(self.record) and not self.missing(topic)
        ]
        if not ready:
            return None
        topic = max(ready, key=self._latest)  # the first of equals
        tried = [(name, self.record.tried(topic.name, name)) for name in topic.exercises]
        return topic, next(name for name, each in tried if each is None or not each.passed)

    def _latest(self, topic: Topic) -> float:
        tried = self.record.exercises.get(topic.name, {})
        return max((each.latest.timestamp() for each in tried.values()), default=0.0)

    def _attempts(self, topic: Topic) -> int:
        return sum(each.attempts for each in self.record.exercises.get(topic.name, {}).values())

    def _advice(self) -> list[str]:
        if self.next is None:
            lines = ["All exercises have passed."]
        else:
            topic, exercise = self.next
            lines = [
                f"Next: {exercise} in {topic.name}.ipynb, about {topic.exercises[exercise]} minutes.",
            ]
        if self.waiting:
            lines.append(
                f"{self.waiting} {'question' if self.waiting == 1 else 'questions'} from earlier topics: run recall()."
            )
        return lines

    def _rows(self) -> list[tuple[str, int, int, int, str]]:
        return [
            (
                f"{topic.number} {topic.title}",
                topic.passed(self.record),
                len(topic.exercises),
                self._attempts(topic),
                self.state(topic),
            )
            for topic in self.topics.values()
        ]

    def __repr__(self) -> str:
        width = max(len(row[0]) for row in self._rows())
        lines = [
            f"{name:<{width}}  {passed:>2} of {count:<2}  {attempts:>3} checks  {state}"
            for name, passed, count, attempts, state in self._rows()
        ]
        return "\n".join([*lines, *self._advice()])

    def _repr_html_(self) -> str:
        left = 'style="text-align:left"'
        rows = "".join(
            f"<tr><th scope='row' {left}>{html.escape(name)}</th>"
            f"<td {left}><progress value='{passed}' max='{count}' aria-label='{passed} of {count} exercises passed'>"
            f"</progress> {passed} of {count}</td><td>{attempts}</td><td {left}>{html.escape(state)}</td></tr>"
            for name, passed, count, attempts, state in self._rows()
        )
        head = "".join(
            f"<th scope='col' {left}>{word}</th>" for word in ("topic", "exercises passed", "checks", "state")
        )
        advice = "".join(f"<p>{html.escape(line)}</p>" for line in self._advice())
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{advice}"


def progress(folder: str | Path = ".") -> Progress | None:
    """What has passed in the notebooks of a folder, and what to do next.

    Parameters
    ----------
    folder
        Where the notebooks are.

    Returns
    -------
    Progress
        Shows itself as a table; ``None``, after a sentence, if a later version of the course wrote the record.

    Examples
    --------
    >>> print(repr(progress("no such folder")).splitlines()[-1])
    Next: mean_of in 00_start_here.ipynb, about 3 minutes.
    """
    try:
        record = read(Path(folder))
    except NewerRecord as error:
        print(error)
        return None
    return Progress(record, load_topics(), len(due(record)))
