"""What a process does to itself before a student's code runs in it: it gives up every right that it will not need.

Nothing here can be undone, by this process or any that comes of it. It runs beside the student's code, so it imports little.
"""

from __future__ import annotations

import ctypes
import json
import os
import struct
import sys
from dataclasses import dataclass

from autograder.sandbox import seccomp

LIBC = ctypes.CDLL(None, use_errno=True)
_SET_DUMPABLE, _DROP_FROM_BOUNDING_SET, _SET_NO_NEW_PRIVILEGES = 4, 24, 38  # of sys/prctl.h
_AMBIENT, _CLEAR_ALL = 47, 4
_CAPABILITY_VERSION = 0x20080522

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every machine
_ASK_FOR_VERSION, _BENEATH = 1, 1  # of linux/landlock.h, like all below
_EXECUTE, _WRITE, _READ, _LIST, _TRUNCATE = 1, 2, 4, 8, 1 << 14
_MAKE_DEVICE = 1 << 6 | 1 << 11
_TCP, _SCOPES = 3, 3  # bind and connect; abstract sockets and signals
_ALL_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}  # how many rights a version knows; later ones 16
_DEVICES = {"/dev/null": _READ | _WRITE, "/dev/zero": _READ, "/dev/random": _READ, "/dev/urandom": _READ}
_FACTS = ("/proc/self", "/proc/cpuinfo", "/proc/meminfo")


@dataclass(frozen=True)
class Walls:
    """What is left to a process.

    Parameters
    ----------
    folder
        The one that it may write to.
    readable
        Folders and files that it may read.
    user
        The number of the user that it becomes; it stays who it is if ``None``.
    """

    folder: str
    readable: tuple[str, ...]
    user: int | None = None


def give_up_capabilities() -> None:
    """Keep none, and get none by running another program."""
    capability = 0
    while LIBC.prctl(_DROP_FROM_BOUNDING_SET, capability, 0, 0, 0) == 0:
        capability += 1
    check(LIBC.prctl(_AMBIENT, _CLEAR_ALL, 0, 0, 0))
    header, none = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0), (ctypes.c_uint32 * 6)()
    check(LIBC.capset(header, none))
    check(LIBC.prctl(_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0))
    check(LIBC.prctl(_SET_DUMPABLE, 1, 0, 0, 0))  # or its own files in /proc would belong to root


def wall_in(walls: Walls) -> None:
    """Become the other user, give up all capabilities, and let Landlock and a filter on system calls close the rest.

    Raises
    ------
    OSError
        If this machine doesn't allow it, or something that must be readable is not.
    """
    if walls.user is not None:
        os.setgroups([])
        os.setresgid(walls.user, walls.user, walls.user)
        os.setresuid(walls.user, walls.user, walls.user)
    give_up_capabilities()
    _apply_landlock(walls)
    seccomp.forbid()


# --- Landlock ------------------------------------------------------------------------------------------------


def landlock_version() -> int:
    """The version of Landlock's interface that the kernel has; 0 if there is none."""
    version: int = LIBC.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_ASK_FOR_VERSION))
    return max(version, 0)


def _apply_landlock(walls: Walls) -> None:
    version = landlock_version()
    everything = (1 << _ALL_FILE_RIGHTS.get(version, 16)) - 1
    # What is named here is forbidden, but for what a rule allows; older kernels know only the first numbers.
    handled = struct.pack("=QQQ", everything, _TCP, _SCOPES)
    handled = handled[: 24 if version >= 6 else 16 if version >= 4 else 8]
    rules = LIBC.syscall(_CREATE_RULESET, handled, ctypes.c_size_t(len(handled)), ctypes.c_uint32(0))
    check(min(rules, 0))
    for path in walls.readable:
        _allow(rules, path, (_READ | _LIST | _EXECUTE) & everything)
    _allow(rules, walls.folder, everything & ~_MAKE_DEVICE)
    for path, rights in _DEVICES.items():
        _allow(rules, path, (rights | _TRUNCATE if rights & _WRITE else rights) & everything)
    for path in _FACTS:
        _allow(rules, path, _READ | _LIST)
    check(LIBC.syscall(_RESTRICT_SELF, rules, ctypes.c_uint32(0)))
    os.close(rules)


def _allow(rules: int, path: str, rights: int) -> None:
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not os.access(path, os.R_OK):
            raise PermissionError(f"{path} can't be read")
        if not os.path.isdir(path):  # noqa: PTH112
            rights &= _EXECUTE | _WRITE | _READ | _TRUNCATE
        rule = struct.pack("=Qi", rights, place)
        check(LIBC.syscall(_ADD_RULE, rules, _BENEATH, rule, ctypes.c_uint32(0)))
    finally:
        os.close(place)


def check(result: int) -> None:
    """Raise the error that the C library has noted, unless a call's ``result`` is 0."""
    if result != 0:
        raise OSError(number := ctypes.get_errno(), os.strerror(number))


if __name__ == "__main__":
    wall_in(Walls(**json.loads(sys.argv[1])))
