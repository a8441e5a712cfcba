"""Who is in the class, and whose submission is whose."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autograder.batch.handed_in import HandedIn, Submitter

# A course's own roster, and the gradebook that Canvas exports, which serves as one too.
_OWN = {key: key for key in ("name", "email", "id", "canvas_id", "login", "section")}
_CANVAS = {
    "Student": "name",
    "ID": "canvas_id",
    "SIS User ID": "id",
    "SIS Login ID": "login",
    "Section": "section",
}


@dataclass(frozen=True)
class Person:
    """Someone in the class.

    Parameters
    ----------
    name, email, id
        As the roster has them; any may be empty, but not all.
    canvas_id, login, section
        What Canvas knows them by; empty if not given.
    more
        The roster's other columns.
    """

    name: str
    email: str = ""
    id: str = ""
    canvas_id: str = ""
    login: str = ""
    section: str = ""
    more: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What they are told apart by."""
        return self.id or self.email or self.canvas_id or self.login or self.name

    @property
    def first_and_last(self) -> tuple[str, str]:
        """First and last name of one that is written ``Last, First`` or ``First Last``."""
        last, comma, first = self.name.partition(",")
        if not comma:
            first, _, last = self.name.rpartition(" ")
        return first.strip(), last.strip()

    def answers_to(self, word: str) -> bool:
        """Whether ``word`` is one of their identifiers, upper and lower case alike."""
        return word.casefold() in {w.casefold() for w in (self.id, self.email, self.login, self.name) if w}


@dataclass(frozen=True)
class Roster:
    """A class.

    Parameters
    ----------
    people
        In the roster's order.
    columns
        The names of the columns that are the roster's own; of a gradebook of Canvas, its assignments.
    from_canvas
        Whether it is a gradebook that Canvas exported.
    """

    people: tuple[Person, ...]
    columns: tuple[str, ...] = ()
    from_canvas: bool = False


def read_roster(path: Path) -> Roster:
    """Read a roster: a CSV with ``name``, ``email`` or ``id``, or the gradebook that Canvas exports.

    Raises
    ------
    ValueError
        If it has none of these columns, a line names nobody, or two people share an ``id``, ``email`` or ``canvas_id``.
    """
    header, rows = read_table(path)
    from_canvas = {"Student", "ID", "Section"} <= set(header)
    names = _CANVAS if from_canvas else {n: _OWN[n.lower()] for n in header if n.lower() in _OWN}
    if not {"name", "email", "id"} & set(names.values()):
        raise ValueError(f"{path}: the first line must name columns: name, email or id, or all three.")
    columns = tuple(name for name in header if name and name not in names)
    people = []
    for line, cells in rows:
        if from_canvas and _is_not_a_person(cells):
            continue
        known = {field: cells.get(name, "") for name, field in names.items()}
        if not any(cells.values()):
            continue
        person = Person(
            **({"name": ""} | known), more={} if from_canvas else {name: cells[name] for name in columns}
        )
        if not person.key:
            raise ValueError(f"{path}, line {line}: there is neither name nor email nor id.")
        people.append(person)
    _check_unique(people, path)
    return Roster(tuple(people), columns, from_canvas)


def read_table(path: Path) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """Read a CSV as spreadsheets write them: the header, and each row with the number of its line.

    Raises
    ------
    ValueError
        If it is not a CSV in UTF-8.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        first = text.partition("\n")[0]
        # Spreadsheets write semicolons where the comma is the decimal sign.
        delimiter = ";" if first.count(";") > first.count(",") else ","
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
        header = [(name or "").strip() for name in reader.fieldnames or []]
        reader.fieldnames = header
        rows = [(reader.line_num, {name: (row.get(name) or "").strip() for name in header}) for row in reader]
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not in UTF-8: save it as “CSV UTF-8”.") from error
    except csv.Error as error:
        raise ValueError(f"{path} is not a CSV: {error}.") from error
    return header, rows


def _is_not_a_person(cells: Mapping[str, str]) -> bool:
    """Whether a line of a gradebook of Canvas is its line of points, or of how grades are posted."""
    return not cells.get("Student") or "Points Possible" in cells["Student"] or not cells.get("ID")


def _check_unique(people: Sequence[Person], path: Path) -> None:
    for name in ("id", "email", "canvas_id", "key"):
        seen: dict[str, Person] = {}
        for person in people:
            value = getattr(person, name).casefold()
            if value and value in seen:
                raise ValueError(
                    f"{path}: {seen[value].name} and {person.name} have the same {name}, {value}."
                    if name != "key"
                    else f"{path}: there are two people called {person.key}: give ids or emails."
                )
            seen[value] = person


@dataclass(frozen=True)
class Match:
    """Whose each submission is.

    Parameters
    ----------
    owners
        Submission → its people; a group has several.
    unmatched
        Submission → why it is nobody's, in words.
    """

    owners: Mapping[str, tuple[Person, ...]]
    unmatched: Mapping[str, str]

    def submissions(self) -> dict[str, set[str]]:
        """Key of a person → the names of what they handed in."""
        found: dict[str, set[str]] = defaultdict(set)
        for submission, people in self.owners.items():
            for person in people:
                found[person.key].add(submission)
        return found


def match(roster: Roster, found: Iterable[HandedIn]) -> Match:
    """Find the people of each submission; where a name fits two of them, it is nobody's rather than a guess.

    Gradescope says who handed in. Elsewhere the file's name does: Canvas's ``lastnamefirstname_userid``, or an id, an email or a name.
    """
    index = _Index(roster.people)
    owners: dict[str, tuple[Person, ...]] = {}
    unmatched: dict[str, str] = {}
    for entry in found:
        if entry.submitters:
            answers = [index.submitter(submitter) for submitter in entry.submitters]
        else:
            answers = [index.file(entry.student)]
        people = tuple(answer for answer in answers if isinstance(answer, Person))
        reasons = [answer for answer in answers if isinstance(answer, str)]
        if people:
            owners[entry.submission] = tuple({person.key: person for person in people}.values())
        if reasons:
            unmatched[entry.submission] = " ".join(reasons)
    return Match(owners, unmatched)


def without_roster(found: Iterable[HandedIn]) -> tuple[Roster, Match]:
    """A class of those who handed in, as the download names them."""
    people: dict[str, Person] = {}
    owners: dict[str, tuple[Person, ...]] = {}
    for entry in found:
        named = [Person(s.name, s.email, s.id) for s in entry.submitters if s.name or s.email or s.id]
        for person in named or [_from_file(entry.student)]:
            owner = people.setdefault(person.key, person)
            owners[entry.submission] = (*owners.get(entry.submission, ()), owner)
    return Roster(tuple(people.values())), Match(owners, {})


def _from_file(student: str) -> Person:
    canvas = re.fullmatch(r"(?P<name>[^_]+)_(?P<user>\d+)", student)
    return Person(canvas["name"], canvas_id=canvas["user"]) if canvas else Person(student)


class _Index:
    """Looks people up, by what is theirs alone first."""

    def __init__(self, people: Sequence[Person]) -> None:
        self.canvas_ids = {person.canvas_id: person for person in people if person.canvas_id}
        self.sure: dict[str, list[Person]] = defaultdict(list)
        self.names: dict[str, list[Person]] = defaultdict(list)
        for person in people:
            for word in {_plain(w) for w in (person.id, person.email, person.login)} - {""}:
                self.sure[word].append(person)
            for word in _name_forms(person) - {""}:
                self.names[word].append(person)

    def submitter(self, submitter: Submitter) -> Person | str:
        words = [submitter.id, submitter.email]
        answer = self._look_up([_plain(w) for w in words], [_plain(submitter.name)])
        return answer or f"{submitter.name or submitter.email or submitter.id} is not in the roster."

    def file(self, student: str) -> Person | str:
        canvas = re.fullmatch(r"(?P<name>[^_]+)_(?P<user>\d+)", student)
        if canvas and canvas["user"] in self.canvas_ids:
            return self.canvas_ids[canvas["user"]]
        names = [_plain(student), *([_plain(canvas["name"])] if canvas else [])]
        return self._look_up([_plain(student)], names) or "Nobody in the roster has this name, id or email."

    def _look_up(self, sure: list[str], names: list[str]) -> Person | str | None:
        for index, words in ((self.sure, sure), (self.names, names)):
            for word in words:
                people = index.get(word, [])
                if len(people) == 1:
                    return people[0]
                if people:
                    return f"It could be {' or '.join(person.key for person in people)}."
        return None


def _plain(word: str) -> str:
    """Letters and digits alone, without case and accents: all that is sure to be left of a word in a file's name."""
    decomposed = unicodedata.normalize("NFKD", word.casefold())
    return "".join(c for c in decomposed if c.isalnum())


def _name_forms(person: Person) -> set[str]:
    """How a name may be written in a file's name: both orders of its parts, and the email's first part."""
    first, last = person.first_and_last
    local = person.email.partition("@")[0]
    return {_plain(person.name), _plain(first + last), _plain(last + first), _plain(local)}
