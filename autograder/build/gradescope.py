"""From a master to the zip that Gradescope makes a container of."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

from autograder.build.assign import assign
from autograder.build.masters import master_path, questions, read_cells

# uv brings a Python that is new enough, whichever the image has, and PyTorch without its gigabytes of CUDA.
_SETUP = """\
#!/usr/bin/env bash
# Runs once, as root, when Gradescope makes the container's image.
set -euo pipefail
cd "${AUTOGRADER_ROOT:-/autograder}"

export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends bubblewrap python3-venv

python3 -m venv installer
installer/bin/pip install --quiet --disable-pip-version-check uv
export UV_PYTHON_INSTALL_DIR="$PWD/python" UV_LINK_MODE=copy
installer/bin/uv venv --quiet --python 3.11 venv
installer/bin/uv pip install --quiet --no-cache --python venv/bin/python --torch-backend cpu \\
    -c source/constraints.txt -r source/requirements.txt
rm -rf installer

chmod 600 source/assignment.json  # the hidden tests
"""

_RUN = """\
#!/usr/bin/env bash
# Runs for each submission: grades submission/ and writes results/results.json.
root="${AUTOGRADER_ROOT:-/autograder}"
cd "$root/source" && exec "$root/venv/bin/python" -m autograder.gradescope "$root"
"""


def gradescope_members(topic: str, root: Path) -> dict[str, bytes]:
    """The files of the zip: what Gradescope runs, the course's packages, the versions they need, and the tests of ``topic``."""
    made = assign(topic, root)
    text = master_path(topic, root).read_text(encoding="utf-8")
    assignment = {
        "topic": topic,
        "tests": made.tests,
        "handed_out": sorted(cell.source for cell in made.student.cells if cell.cell_type == "code"),
        "written": {q.name: q.points for q in questions(read_cells(text)) if q.manual},
    }
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    files = {
        "setup.sh": _SETUP,
        "run_autograder": _RUN,
        "assignment.json": json.dumps(assignment, ensure_ascii=False, indent=1),
        "requirements.txt": "\n".join(project["project"]["dependencies"]) + "\n",
    }
    return {
        **{name: text.encode() for name, text in files.items()},
        **{path.relative_to(root).as_posix(): path.read_bytes() for path in _course(root)},
    }


def _course(root: Path) -> list[Path]:
    packages = [path for name in ("course_utils", "autograder") for path in (root / name).rglob("*")]
    return [
        root / "constraints.txt",
        *(path for path in packages if path.is_file() and "__pycache__" not in path.parts),
    ]
