"""The demonstration class gets what it deserves."""

from pathlib import Path

import pytest

from autograder.demo import main, make_class
from autograder.sandbox import Level, best_level

ROOT = Path(__file__).parents[2]


def test_there_are_twelve_with_different_files():
    pupils = make_class(ROOT)
    assert len({pupil.name for pupil in pupils}) == len({pupil.content for pupil in pupils}) == 12


@pytest.mark.slow
@pytest.mark.skipif(best_level() is Level.NONE, reason=str(Level.BUBBLEWRAP.problem))
def test_everyone_gets_what_they_deserve(tmp_path, capsys):
    assert main(tmp_path, workers=2, root=ROOT, level=best_level()) == 0
    assert (tmp_path / "graded" / "report.html").exists()
    assert "no" not in [
        line.split("│")[-2].strip() for line in capsys.readouterr().out.split("\n") if line.startswith("│")
    ]
