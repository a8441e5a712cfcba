"""The program that forks agents: it has imported what notebooks import, so that no submission pays for that again.

It runs outside the sandbox, but knows nothing worth stealing, and no student's code: before a fork runs any, it enters the room that
bubblewrap has made, or walls itself in. Then it has no capability, and holds no descriptor but its channel's.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any, NoReturn

import psutil

import course_utils
from autograder.sandbox import folder
from autograder.sandbox.agent import make_shell, offer_to_the_oom_killer, run
from autograder.sandbox.restrict import LIBC, Walls, check, give_up_capabilities, wall_in
from autograder.sandbox.seccomp import NAMESPACES

# What the notebooks import, directly or not. A module that isn't there is left to the notebook.
_LIBRARIES = (
    "anywidget",
    "ipywidgets",
    "matplotlib.backends.backend_agg",
    "matplotlib.pyplot",
    "numpy",
    "PIL.Image",
    "scipy.signal",
    "scipy.spatial",
    "scipy.stats",
    "sklearn.datasets",
    "sklearn.neighbors",
    "torch",
)

_BECOME_SUBREAPER = 36  # of sys/prctl.h
_REQUEST = 1 << 17  # bytes that one may have


def main() -> None:
    """Import everything, then fork an agent for each request on the socket whose number is the first argument.

    A request is JSON: the agent's resource limits and, where it is to wall itself in, its walls. Two descriptors come with it: the
    agent's channel, and one of a process in its room, or else a pipe by which the judge says that all is to end. The answer is two
    process numbers, of the agent and of its parent, or a sentence.
    """
    control, course = socket.socket(fileno=int(sys.argv[1])), os.environ["HOME"]
    _import_everything()
    shell = make_shell()
    os.environ.update(HOME="/tmp", MPLCONFIGDIR="/tmp/matplotlib")
    sys.argv = [""]
    gc.collect()
    gc.freeze()  # a collection in a fork would copy all these objects' pages
    if (count := len(list(Path("/proc/self/task").iterdir()))) > 1:
        raise RuntimeError(f"{count} threads run here, and only one would be in a fork")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how a child has ended
    control.send(b"ready")
    while True:
        request, descriptors, _, _ = socket.recv_fds(control, _REQUEST, 2)
        if not request:  # whoever started this was killed, and can't clear up
            folder.remove(course)
            return
        if os.fork() == 0:
            _bear(control, shell, json.loads(request), *descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def _import_everything() -> None:
    course = [module.name for module in pkgutil.walk_packages(course_utils.__path__, "course_utils.")]
    for name in (*_LIBRARIES, *course):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    if (torch := sys.modules.get("torch")) is not None:
        torch.set_num_threads(1)


def _bear(control: socket.socket, shell: Any, request: dict[str, Any], channel: int, other: int) -> NoReturn:
    """In a first fork: fork the agent, and stay as its parent until all is over."""
    try:
        walls = Walls(**request["walls"]) if request["walls"] else None
        if walls is None:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            check(LIBC.setns(other, NAMESPACES))  # only a child is in the room's own process tree
        else:
            check(LIBC.prctl(_BECOME_SUBREAPER, 1, 0, 0, 0))
            if walls.user is not None:
                os.chown(walls.folder, walls.user, walls.user)
        if (agent := os.fork()) == 0:
            _become_an_agent(shell, request["resources"], channel, walls)
        control.send(f"{agent} {os.getpid()}".encode())
        os.dup2(other, 0)
        os.closerange(1, os.sysconf("SC_OPEN_MAX"))
        if walls is None:
            # A room isn't gone before a parent outside it has taken note of the agent's end, and not every machine's
            # first process does that quickly.
            os.waitpid(agent, 0)
        else:
            _await_the_judge()
            _end_all()
            folder.remove(walls.folder)  # the judge may have been killed
    except BaseException as error:
        with contextlib.suppress(OSError):
            control.send(f"{type(error).__name__}: {error}".encode()[:1000])
    finally:
        os._exit(0)


def _await_the_judge() -> None:
    """Until it says so, or has ended itself."""
    poll = select.poll()
    poll.register(0, select.POLLIN)
    poll.poll()


def _end_all() -> None:
    """End all that has come of the agent: stop it first, so that none starts another."""
    this = psutil.Process()
    while children := this.children(recursive=True):
        stopped: set[psutil.Process] = set()
        while new := {*children} - stopped:
            _send(signal.SIGSTOP, new)
            stopped |= new
            children = this.children(recursive=True)
        _send(signal.SIGKILL, stopped)


def _send(number: signal.Signals, processes: set[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.send_signal(number)


def _become_an_agent(shell: Any, resources: dict[str, int], channel: int, walls: Walls | None) -> NoReturn:
    """In the room: give up every right, let go of everything, and serve."""
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        offer_to_the_oom_killer()
        with Path(os.devnull).open("r+b", buffering=0) as nowhere:
            for standard in (0, 1, 2):
                os.dup2(nowhere.fileno(), standard)
        os.dup2(channel, 3)
        os.closerange(4, os.sysconf("SC_OPEN_MAX"))
        if walls is None:
            os.chdir("/tmp")
            give_up_capabilities()
        else:
            wall_in(walls)
            os.chdir(walls.folder)
            os.environ.update(
                HOME=walls.folder, TMPDIR=walls.folder, MPLCONFIGDIR=f"{walls.folder}/matplotlib"
            )
            tempfile.tempdir = None
        run(socket.socket(fileno=3), shell, resources)
    finally:
        os._exit(1)


if __name__ == "__main__":
    main()
