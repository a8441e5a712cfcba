"""Each check of `course doctor` finds what it is there to find, and says what to do."""

import collections
import shutil
import sys
from importlib import metadata

import psutil
import pytest
from typer.testing import CliRunner

from autograder import doctor
from autograder.cli import app


def found(what):
    return doctor.examine(what, doctor.CHECKS[what])


@pytest.mark.parametrize("what", doctor.CHECKS)
def test_here_nothing_that_is_needed_is_broken(what):
    finding = found(what)
    assert finding.what == what
    assert finding.says
    if what != "sandbox":  # that may be missing where this runs
        assert not finding.broken, finding


def test_a_python_that_is_too_old(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 9, 2, "final", 0))
    finding = found("Python")
    assert finding.broken
    assert "3.9.2" in finding.says
    assert finding.cure.startswith("install Python >=3.11")


def test_a_course_that_was_never_installed(monkeypatch):
    monkeypatch.setattr(doctor, "_PROJECT", "no-such-project")
    for what in ("Python", "packages"):
        assert found(what).broken
        assert "pip install" in found(what).cure


@pytest.mark.parametrize(
    ("required", "says"),
    [
        ("no-such-package>=1", "no-such-package is not installed"),
        ("numpy>=99", f"numpy is {metadata.version('numpy')}, not >=99"),
        ("numpy==1; python_version<'3'", None),
        ("pillow", None),
    ],
)
def test_a_package_that_is_missing_or_old(monkeypatch, required, says):
    monkeypatch.setattr(metadata, "requires", lambda _: [required, "typer>=0.1"])
    finding = found("packages")
    assert finding.broken == (says is not None)
    assert says is None or (says in finding.says and "pip install" in finding.cure)


def test_a_package_that_is_there_but_does_not_work(monkeypatch):
    monkeypatch.setitem(sys.modules, "jupytext", None)
    finding = found("packages")
    assert "jupytext can't be imported" in finding.says
    assert finding.broken


def test_a_device_that_does_not_compute(monkeypatch):
    import torch

    monkeypatch.setattr(
        torch, "ones", lambda *_, device: (_ for _ in ()).throw(RuntimeError("no kernel image"))
    )
    finding = found("torch")
    assert "no kernel image" in finding.says
    assert "CUDA_VISIBLE_DEVICES" in finding.cure
    assert finding.broken


@pytest.mark.parametrize("other", [None, "/opt/other/bin/python"])
def test_a_kernel_that_is_missing_or_of_another_python(monkeypatch, other):
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel

    def get(self, name):
        if other is None:
            raise NoSuchKernel(name)
        return KernelSpec(argv=[other, "-m", "ipykernel_launcher"])

    monkeypatch.setattr(KernelSpecManager, "get_kernel_spec", get)
    finding = found("JupyterLab")
    assert (other or "there is no kernel") in finding.says
    assert "-m ipykernel install" in finding.cure
    assert finding.broken


def test_a_lab_without_the_widgets_extension(monkeypatch, tmp_path):
    monkeypatch.setattr("jupyter_core.paths.jupyter_path", lambda _: [str(tmp_path)])
    finding = found("widgets")
    assert "extension anywidget" in finding.says
    assert "pip install --force-reinstall anywidget" in finding.cure
    assert finding.broken


def test_a_widget_without_its_face(monkeypatch):
    from course_utils import widgets

    def lost(name):
        raise FileNotFoundError("static/explorer.js")

    monkeypatch.setattr(widgets, "__all__", ["LostExplorer"])
    monkeypatch.setattr(widgets, "__getattr__", lost)
    finding = found("widgets")
    assert "explorer.js" in finding.says
    assert finding.broken


def test_a_list_of_fonts_that_can_not_be_kept(monkeypatch, tmp_path):
    monkeypatch.setattr("matplotlib.get_cachedir", lambda: str(tmp_path / "none"))
    finding = found("plots")
    assert "set MPLCONFIGDIR" in finding.cure
    assert not finding.broken


def test_a_full_disk(monkeypatch):
    usage = collections.namedtuple("usage", "free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(2**28))
    finding = found("disk")
    assert finding.says.startswith("0.2 GiB free")
    assert finding.cure.startswith("make room")


def test_little_memory(monkeypatch):
    memory = collections.namedtuple("memory", "total")
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory(2**31))
    assert "--workers 1" in found("machine").cure


@pytest.mark.parametrize(
    ("landlock", "says", "broken"),
    [(None, "Landlock: students' code can't read", False), ("Get Linux 6.12.", "Get Linux 6.12.", True)],
)
def test_a_machine_without_bubblewrap(monkeypatch, landlock, says, broken):
    monkeypatch.setattr("autograder.sandbox.bubblewrap.available", lambda: "Get bubblewrap.")
    monkeypatch.setattr("autograder.sandbox.landlock.available", lambda: landlock)
    finding = found("sandbox")
    assert says in finding.says
    assert (finding.cure, finding.broken, finding.whom) == ("Get bubblewrap.", broken, doctor.INSTRUCTORS)


@pytest.mark.parametrize(
    ("finding", "mark", "status"),
    [
        (doctor.Finding("it", "is well"), "ok", 0),
        (doctor.Finding("it", "could be better", "rest"), "note", 0),
        (doctor.Finding("it", "is [not] there", "get it", needed=True), "broken", 1),
    ],
)
def test_what_is_printed_and_the_exit_status(monkeypatch, finding, mark, status):
    monkeypatch.setattr(doctor, "CHECKS", {"it": lambda: finding})
    done = CliRunner().invoke(app, ["doctor"])
    assert done.exit_code == status
    assert done.stdout.split()[:2] == [mark, "it"]
    assert finding.says in done.stdout
    assert f"cure: {finding.cure}" in done.stdout or not finding.cure
