"""The program that forks agents: it has imported what notebooks import, so that no submission pays for that again.

It runs outside the sandbox, but knows nothing worth stealing, and no student's code: a fork enters the room that bubblewrap has
made before it runs any. In the room it has no capability, sees no process but its own, and holds no descriptor but its
channel's.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import json
import os
import pkgutil
import shutil
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import course_utils
from autograder.sandbox.agent import make_shell, run

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

_LIBC = ctypes.CDLL(None, use_errno=True)
_NAMESPACES = 0x7E020000  # user, mount, process, network, IPC, host name, cgroup: the CLONE_NEW… of sched.h
_SET_DUMPABLE, _DROP_FROM_BOUNDING_SET, _SET_NO_NEW_PRIVILEGES = 4, 24, 38  # of sys/prctl.h
_AMBIENT, _CLEAR_ALL = 47, 4
_CAPABILITY_VERSION = 0x20080522


def main() -> None:
    """Import everything, then fork an agent for each request on the socket whose number is the first argument.

    A request is JSON, the agent's resource limits, with two descriptors: the agent's channel, and one of a process in its room.
    The answer is the agent's process number, or a sentence.
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
        request, descriptors, _, _ = socket.recv_fds(control, 4096, 2)
        if not request:  # whoever started this was killed, and can't clear up
            shutil.rmtree(course, ignore_errors=True)
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


def _bear(control: socket.socket, shell: Any, resources: dict[str, int], channel: int, room: int) -> None:
    """In a first fork: enter the room, fork the agent there, and wait for its end. Never returns.

    A room isn't gone before a parent outside it has taken note of the agent's end, and not every machine's first process does
    that quickly.
    """
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        _check(_LIBC.setns(room, _NAMESPACES))
        if (agent := os.fork()) == 0:  # only a child is in the room's own process tree
            _become_an_agent(shell, resources, channel)
        control.send(str(agent).encode())
        os.closerange(0, os.sysconf("SC_OPEN_MAX"))
        os.waitpid(agent, 0)
    except BaseException as error:
        control.send(f"{type(error).__name__}: {error}".encode()[:1000])
    finally:
        os._exit(0)


def _become_an_agent(shell: Any, resources: dict[str, int], channel: int) -> None:
    """In the room: give up every right, let go of everything, and serve. Never returns."""
    try:
        os.setsid()
        os.chdir("/tmp")
        with Path(os.devnull).open("r+b", buffering=0) as nowhere:
            for standard in (0, 1, 2):
                os.dup2(nowhere.fileno(), standard)
        os.dup2(channel, 3)
        os.closerange(4, os.sysconf("SC_OPEN_MAX"))
        _give_up_all_rights()
        run(socket.socket(fileno=3), shell, resources)
    finally:
        os._exit(1)


def _give_up_all_rights() -> None:
    capability = 0
    while _LIBC.prctl(_DROP_FROM_BOUNDING_SET, capability, 0, 0, 0) == 0:
        capability += 1
    _check(_LIBC.prctl(_AMBIENT, _CLEAR_ALL, 0, 0, 0))
    header, none = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0), (ctypes.c_uint32 * 6)()
    _check(_LIBC.capset(header, none))
    _check(_LIBC.prctl(_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0))
    _check(_LIBC.prctl(_SET_DUMPABLE, 1, 0, 0, 0))  # or its own files in /proc would belong to root


def _check(result: int) -> None:
    if result != 0:
        raise OSError(number := ctypes.get_errno(), os.strerror(number))


if __name__ == "__main__":
    main()
