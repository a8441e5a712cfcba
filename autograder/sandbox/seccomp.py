"""A filter on system calls, for what Landlock leaves open: it is inherited by every child and can't be taken off.

Landlock guards files, TCP, signals and ptrace. What is closed here it knows nothing of: all other sockets (UDP, and the services of a
desktop, that start programs for whoever asks); objects that all processes of a user share and that outlive them; the modes, owners and
times of the user's files; the limits and priorities of the user's other processes; and the parts of the kernel that few programs need
and most attacks begin with.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
from typing import NamedTuple

ALL = 0xFFFFFFFF
# User, mount, process, network, IPC, host name, cgroup: the CLONE_NEW… of sched.h.
NAMESPACES = 0x7E020000
_SET_SECCOMP, _FILTER = 22, 2  # of sys/prctl.h and linux/seccomp.h


class _Call(NamedTuple):
    """Its number on each machine, and the bits of its first argument that may not be set; without them it is refused."""

    x86_64: int | None
    aarch64: int | None
    bits: int | None = None


# A first argument of zero means the process itself.
CALLS = {
    # Sockets other than a pair; io_uring opens them behind a filter's back.
    "socket": _Call(41, 198),
    "io_uring_setup": _Call(425, 425),
    # What a user's processes share, and what is left when they end.
    "shmget": _Call(29, 194),
    "shmat": _Call(30, 196),
    "shmctl": _Call(31, 195),
    "semget": _Call(64, 190),
    "semop": _Call(65, 193),
    "semctl": _Call(66, 191),
    "semtimedop": _Call(220, 192),
    "msgget": _Call(68, 186),
    "msgsnd": _Call(69, 189),
    "msgrcv": _Call(70, 188),
    "msgctl": _Call(71, 187),
    "mq_open": _Call(240, 180),
    "mq_unlink": _Call(241, 181),
    "add_key": _Call(248, 217),
    "request_key": _Call(249, 218),
    "keyctl": _Call(250, 219),
    # Memory that no process is charged with.
    "memfd_create": _Call(319, 279),
    "memfd_secret": _Call(447, 447),
    # What is written about files, wherever they are, and who looks at folders.
    "chmod": _Call(90, None),
    "fchmod": _Call(91, 52),
    "fchmodat": _Call(268, 53),
    "chown": _Call(92, None),
    "fchown": _Call(93, 55),
    "lchown": _Call(94, None),
    "fchownat": _Call(260, 54),
    "setxattr": _Call(188, 5),
    "lsetxattr": _Call(189, 6),
    "fsetxattr": _Call(190, 7),
    "removexattr": _Call(197, 14),
    "lremovexattr": _Call(198, 15),
    "fremovexattr": _Call(199, 16),
    "utime": _Call(132, None),
    "utimes": _Call(235, None),
    "futimesat": _Call(261, None),
    "utimensat": _Call(280, 88),
    "inotify_init": _Call(253, None),
    "inotify_init1": _Call(294, 26),
    "fanotify_init": _Call(300, 262),
    # Limits and priorities of other processes.
    "prlimit64": _Call(302, 261, ALL),
    "sched_setaffinity": _Call(203, 122, ALL),
    "sched_setscheduler": _Call(144, 119, ALL),
    "sched_setparam": _Call(142, 118, ALL),
    "sched_setattr": _Call(314, 274, ALL),
    "migrate_pages": _Call(256, 238, ALL),
    "move_pages": _Call(279, 239, ALL),
    "setpriority": _Call(141, 140),
    "ioprio_set": _Call(251, 30),
    # Parts of the kernel that no notebook needs.
    "unshare": _Call(272, 97),
    "setns": _Call(308, 268),
    "clone": _Call(56, 220, NAMESPACES),
    "bpf": _Call(321, 280),
    "perf_event_open": _Call(298, 241),
    "userfaultfd": _Call(323, 282),
}
_CLONE3 = 435  # its arguments can't be looked at: programs use clone where it is not there
_NEWEST = 450  # newer calls than this list knows are not there either

_MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # of linux/audit.h
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # of linux/filter.h
_NUMBER, _MACHINE, _FIRST_ARGUMENT = 0, 4, 16  # places in struct seccomp_data
_ALLOW, _ERROR, _KILL = 0x7FFF0000, 0x00050000, 0x80000000

_LIBC = ctypes.CDLL(None, use_errno=True)


def knows_this_machine() -> bool:
    """Whether the numbers of this machine's system calls are known here."""
    return platform.machine() in _MACHINES


def forbid() -> None:
    """Put the filter on this thread and all that will come of it; ``no_new_privs`` must be set."""
    code = ctypes.create_string_buffer(program(platform.machine()))
    length = len(code.raw) // 8
    filter_program = struct.pack("@HP", length, ctypes.addressof(code))
    if _LIBC.prctl(_SET_SECCOMP, _FILTER, filter_program, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "no filter on system calls")


def program(machine: str) -> bytes:
    """The filter, in the language of the kernel's packet filters.

    Parameters
    ----------
    machine
        Of :func:`platform.machine`.
    """
    refuse, absent = (_RETURN, 0, 0, _ERROR | errno.EPERM), (_RETURN, 0, 0, _ERROR | errno.ENOSYS)
    allow = (_RETURN, 0, 0, _ALLOW)
    lines = [
        (_LOAD, 0, 0, _MACHINE),
        (_EQUAL, 1, 0, _MACHINES[machine]),
        (_RETURN, 0, 0, _KILL),  # a call in another machine's numbers, which a 64-bit kernel takes too
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 0, 1, _NEWEST + 1),
        absent,
        (_EQUAL, 0, 1, _CLONE3),
        absent,
    ]
    for call in CALLS.values():
        number: int | None = getattr(call, machine)
        if number is None:
            continue
        if call.bits is None:
            lines += [(_EQUAL, 0, 1, number), refuse]
        else:
            lines += [(_EQUAL, 0, 4, number), (_LOAD, 0, 0, _FIRST_ARGUMENT), (_ANY_BIT, 0, 1, call.bits)]
            lines += [refuse, allow]
    return b"".join(struct.pack("=HBBI", *line) for line in [*lines, allow])
