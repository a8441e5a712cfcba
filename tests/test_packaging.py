"""The files that describe the project agree with one another."""

import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CONDA_NAME = {"torch": "pytorch"}


def split(requirement: str) -> tuple[str, str]:
    name, specifier = re.fullmatch(r"([\w.-]+)(.*)", requirement).groups()
    return name.lower(), specifier.strip()


def test_environment_yml_lists_the_dependencies_of_pyproject():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    conda = [entry for entry in environment["dependencies"] if isinstance(entry, str)]
    from_pip = next(entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict))
    listed = dict(split(entry) for entry in [*conda, *from_pip] if not entry.startswith("-"))
    wanted = {CONDA_NAME.get(name, name): spec for name, spec in map(split, PROJECT["dependencies"])}
    wanted |= {"python": PROJECT["requires-python"], "pip": ""}
    assert listed == wanted


def test_constraints_pin_every_dependency_within_its_range():
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = {
        canonicalize_name(name): version
        for name, version in (line.split("==") for line in lines if not line.startswith("#"))
    }
    everything = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]]
    for requirement in map(Requirement, everything):
        assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)]), requirement


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_committed_notebooks_hold_no_outputs(path):
    cells = json.loads(path.read_text())["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert code
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
