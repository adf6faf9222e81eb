"""The kernel's own calls that Python has no function for, each with an error that says what was refused."""

from __future__ import annotations

import ctypes
import os
import struct
from functools import cache
from typing import Final

NEW_MOUNT, NEW_UTS, NEW_IPC, NEW_USER, NEW_PID, NEW_NET = 0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 1 << 30
READ_ONLY, NO_SUID, NO_DEV, NO_EXEC, REMOUNT, BIND, RECURSIVE, PRIVATE = 1, 2, 4, 8, 32, 4096, 16384, 1 << 18
_RELATIME_SEEN, _RELATIME = 4096, 1 << 21  # as statvfs says it, as mount takes it
_DETACH: Final = 2
_PARENT_DEATH_SIGNAL, _DUMPABLE, _DROP_CAPABILITY, _SUBREAPER, NO_NEW_PRIVILEGES = 1, 4, 24, 36, 38
_CAPABILITIES: Final = 64
_CAPABILITY_VERSION: Final = 0x20080522
_EINVAL: Final = 22


@cache
def libc() -> ctypes.CDLL:
    """The C library, with its error numbers kept."""
    return ctypes.CDLL(None, use_errno=True)


def checked(result: int, what: str) -> int:
    """The result of a call.

    Raises:
        OSError: If it failed; `what` says which.

    >>> checked(3, "open")
    3
    """
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def syscall(number: int, *given: object) -> int:
    """A call by its number; -1 where it failed."""
    return int(libc().syscall(ctypes.c_long(number), *given))


def unshare(flags: int) -> None:
    """Leave namespaces for new ones.

    Raises:
        OSError: If the kernel, or a filter around this process, does not allow it.
    """
    checked(libc().unshare(flags), "unshare")


def mount(source: str, target: str, kind: str, flags: int, settings: str = "") -> None:
    """Mount.

    Raises:
        OSError: If it is refused.
    """
    done = libc().mount(
        source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), settings.encode() or None
    )
    checked(done, f"mount on {target}")


def kept_flags(descriptor: int) -> int:
    """The mount flags of a place, which a bind mount has to keep."""
    seen = os.fstatvfs(descriptor).f_flag
    return seen & (READ_ONLY | NO_SUID | NO_DEV | NO_EXEC) | (_RELATIME if seen & _RELATIME_SEEN else 0)


def change_root(new: str, old: str) -> None:
    """Make a mount the root and let go of the old one.

    Raises:
        OSError: If it is refused.
    """
    checked(libc().pivot_root(new.encode(), old.encode()), "pivot_root")
    os.chdir("/")
    inside = old.removeprefix(new)
    checked(libc().umount2(inside.encode(), _DETACH), "umount")
    os.rmdir(inside)  # noqa: PTH106 - the root has just changed


def uncover(place: str) -> None:
    """Take a mount away, whatever still uses it."""
    libc().umount2(place.encode(), _DETACH)


def control_process(option: int, value: int) -> None:
    """Set one property of this process (`prctl`).

    Raises:
        OSError: If it is refused.
    """
    zero = ctypes.c_ulong(0)
    checked(libc().prctl(option, ctypes.c_ulong(value), zero, zero, zero), f"prctl {option}")


def die_with_parent() -> None:
    """Have this process killed when its parent ends."""
    control_process(_PARENT_DEATH_SIGNAL, 9)


def readable_by_itself() -> None:
    """Let this process read its own ``/proc`` entries after it has changed its user."""
    control_process(_DUMPABLE, 1)


def adopt_orphans() -> None:
    """Become the parent of all below whose own parent ends."""
    control_process(_SUBREAPER, 1)


def drop_capabilities() -> None:
    """Give up every right of an administrator, for good.

    Raises:
        OSError: If the kernel does not take them.
    """
    for capability in range(_CAPABILITIES):
        if libc().prctl(_DROP_CAPABILITY, ctypes.c_ulong(capability)) and ctypes.get_errno() == _EINVAL:
            break  # the kernel knows no more of them
    header = struct.pack("Ii", _CAPABILITY_VERSION, 0)
    checked(libc().capset(header, bytes(24)), "capset")
    control_process(NO_NEW_PRIVILEGES, 1)
