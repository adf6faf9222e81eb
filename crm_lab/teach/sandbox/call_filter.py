"""A seccomp filter: system calls a submission may not make are refused by the kernel, and the keeper hears of each.

A program of the kernel's packet-filter machine looks at the number of every call. Refused ones go to a listener, a
file descriptor that the keeper holds: it writes down which it was and answers that it is not permitted.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import platform
import struct
import sys
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from typing import Final

from crm_lab.teach.sandbox.kernel_calls import checked, syscall

_ARCHITECTURES: Final = {"x86_64": (0, 0xC000003E, 317), "aarch64": (1, 0xC00000B7, 277)}  # column, audit, seccomp
_LAST_KNOWN: Final = 451  # newer calls than the list knows do not exist for a submission
_LOAD, _EQUAL, _ABOVE, _ANY_BIT, _RETURN = 0x20, 0x15, 0x25, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST, _SECOND = 0, 4, 16, 24  # where they stand in what the filter sees
_SIGNALS_OF_FILES: Final = (8, 10, 15)  # F_SETOWN, F_SETSIG, F_SETOWN_EX
ALLOW, _KILL, _NOTIFY, _ERROR = 0x7FFF0000, 0x80000000, 0x7FC00000, 0x00050000
_THREAD: Final = 0x10000
_NEW_NAMESPACES: Final = 0x7E020000
_SET_FILTER, _NEW_LISTENER = 1, 8
_RECEIVE, _SEND = 0xC0502100, 0xC0182101
_NOTICE: Final = 80

Step = tuple[int, int, int, int]  # code, steps to skip if true, if false, value


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_char_p))


@cache
def numbers() -> Mapping[str, Mapping[str, int]]:
    """The refused calls by what they would do, with their numbers on this processor; empty where it is not known."""
    known = _ARCHITECTURES.get(platform.machine())
    if sys.platform != "linux" or known is None:
        return {}
    text = resources.files(__package__).joinpath("refused_calls.toml").read_text(encoding="utf-8")
    return {
        group: {name: both[known[0]] for name, both in calls.items() if both[known[0]] >= 0}
        for group, calls in tomllib.loads(text).items()
    }


@cache
def name_of(number: int) -> str:
    """The name of a refused call.

    >>> name_of(10**6)
    'call 1000000'
    """
    names = {n: name for calls in numbers().values() for name, n in calls.items()}
    return names.get(number, f"call {number}")


def program(own_pid: int, refused: int, *, shared: bool) -> tuple[Step, ...]:
    """The steps of the filter.

    Args:
        own_pid: The process may signal its own threads.
        refused: What to return for a refused call.
        shared: Whether it shares files and processes with others; then more is refused.
    """
    conditional = numbers()["conditional"]
    passed_over = {"conditional"} if shared else {"conditional", "shared"}
    listed = sorted(n for group, calls in numbers().items() if group not in passed_over for n in calls.values())
    audit = _ARCHITECTURES[platform.machine()][1]
    return (
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, audit),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        (_ABOVE, 0, 1, _LAST_KNOWN),
        (_RETURN, 0, 0, _ERROR | errno.ENOSYS),
        *_when(conditional["clone3"], ((_RETURN, 0, 0, _ERROR | errno.ENOSYS),)),  # then the C library takes clone
        *_when(conditional["clone"], _threads_only(refused)),
        *_when(conditional["tgkill"], _first_is(own_pid, refused)),
        *_when(conditional["prlimit64"], _first_is(0, refused)),
        *_when(conditional["fcntl"], _second_is_none_of(_SIGNALS_OF_FILES, refused)),
        *(step for number in listed for step in _when(number, ((_RETURN, 0, 0, refused),))),
        (_RETURN, 0, 0, ALLOW),
    )


def _when(number: int, steps: tuple[Step, ...]) -> tuple[Step, ...]:
    return ((_EQUAL, 0, len(steps), number), *steps)


def _threads_only(refused: int) -> tuple[Step, ...]:
    return (
        (_LOAD, 0, 0, _FIRST),
        (_ANY_BIT, 2, 0, _NEW_NAMESPACES),
        (_ANY_BIT, 0, 1, _THREAD),
        (_RETURN, 0, 0, ALLOW),
        (_RETURN, 0, 0, refused),
    )


def _first_is(value: int, refused: int) -> tuple[Step, ...]:
    return ((_LOAD, 0, 0, _FIRST), (_EQUAL, 0, 1, value), (_RETURN, 0, 0, ALLOW), (_RETURN, 0, 0, refused))


def _second_is_none_of(values: tuple[int, ...], refused: int) -> tuple[Step, ...]:
    checks = tuple(step for value in values for step in ((_EQUAL, 0, 1, value), (_RETURN, 0, 0, refused)))
    return ((_LOAD, 0, 0, _SECOND), *checks, (_RETURN, 0, 0, ALLOW))


def install(own_pid: int, *, shared: bool) -> int:
    """Filter the calls of this process for good.

    Args:
        own_pid: The process itself.
        shared: Whether it shares files and processes with others.

    Returns:
        The listener; -1 where the kernel refuses calls without telling of them.

    Raises:
        OSError: If there can be no filter.
    """
    if not numbers():
        raise OSError(errno.ENOSYS, "no list of system calls for this processor")
    try:
        return _set(program(own_pid, _NOTIFY, shared=shared), _NEW_LISTENER)
    except OSError:
        _set(program(own_pid, _ERROR | errno.EPERM, shared=shared), 0)
        return -1


def _set(steps: Iterable[Step], flags: int) -> int:
    packed = [struct.pack("HBBI", *step) for step in steps]
    made = _Program(len(packed), b"".join(packed))
    number = _ARCHITECTURES[platform.machine()][2]
    return checked(syscall(number, _SET_FILTER, flags, ctypes.byref(made)), "seccomp")


def refuse_next(listener: int) -> str:
    """Answer the next call that waits at a listener with "not permitted".

    Returns:
        Its name; empty where the caller has gone.
    """
    notice = bytearray(_NOTICE)
    try:
        fcntl.ioctl(listener, _RECEIVE, notice)
        id_, number = struct.unpack_from("=Q8xi", notice)
        fcntl.ioctl(listener, _SEND, bytearray(struct.pack("=QqiI", id_, 0, -errno.EPERM, 0)))
    except OSError:
        return ""
    return name_of(number)
