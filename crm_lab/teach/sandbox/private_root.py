"""A root folder of a submission's own: the interpreter and its data to read, one small folder to write into."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import sysconfig
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from crm_lab.teach.sandbox import kernel_calls as kernel

HOME: Final = Path("/home/student")
DEVICES: Final = tuple(Path("/dev", name) for name in ("null", "zero", "full", "random", "urandom"))
_BASE: Final = "/tmp"  # noqa: S108 - a mount point, in a mount namespace of our own
MOST_FILES: Final = 20_000  # that the folder can hold
_LINKS: Final = (Path("/lib"), Path("/lib64"), Path("/usr/lib"), Path("/usr/lib64"))
_PACKAGE: Final = Path(__file__).resolve().parents[2]
_FURTHER: Final = ("/usr/share/zoneinfo", "/usr/share/fonts", "/etc/ld.so.cache")


@cache
def interpreter_places() -> tuple[Path, ...]:
    """What Python, the libraries that are loaded and this package are read from, none beneath another.

    >>> places = interpreter_places()
    >>> Path(os.__file__).is_relative_to(places[0]) or len(places) > 1
    True
    """
    named = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    mapped = {line.split(maxsplit=5)[-1].strip() for line in _maps() if ".so" in line}
    found = {
        _PACKAGE,
        *(Path(name).resolve() for name in named),
        *(Path(name).parent for name in mapped if name.startswith("/")),
        *(Path(entry).resolve() for entry in sys.path if entry.endswith("site-packages")),
        *(Path(name) for name in _FURTHER),
    }
    return tuple(sorted(place for place in found if place.exists() and not found & set(place.parents)))


def is_shown(entry: str) -> bool:
    """Whether a place for modules is among what is shown, or holds the package."""
    places, path = interpreter_places(), Path(entry)
    return path in _PACKAGE.parents or any(path.is_relative_to(place) for place in places)


def _maps() -> list[str]:
    maps = Path("/proc/self/maps")
    return maps.read_text(encoding="utf-8").splitlines() if maps.exists() else []


def enter(
    places: Iterable[Path], readable: Mapping[str, str], writable: Mapping[str, str], owner: int, mb: int
) -> None:
    """Make the new root and go there; nothing else of the file system is left.

    Args:
        places: Shown under their own paths, to read.
        readable: Places outside by their path in the home folder, to read.
        writable: The same, to write into.
        owner: User number of the home folder.
        mb: Its size.

    Raises:
        OSError: If the kernel refuses a step.
    """
    kernel.unshare(kernel.NEW_MOUNT)
    kernel.mount("", "/", "", kernel.RECURSIVE | kernel.PRIVATE)
    views = [(_open(place), place, True) for place in (*places, *DEVICES)]
    views += [(_open(Path(outside)), HOME / inside, True) for inside, outside in readable.items()]
    views += [(_open(Path(outside)), HOME / inside, False) for inside, outside in writable.items()]
    kernel.mount("tmpfs", _BASE, "tmpfs", kernel.NO_SUID | kernel.NO_DEV, "mode=755,size=1m")
    try:
        _folders(owner, mb)
        for descriptor, target, closed in views:
            _show(descriptor, Path(_BASE) / target.relative_to("/"), closed=closed)
        _own_parents({*readable, *writable}, owner)
        _lay_links()
        (Path(_BASE) / ".old").mkdir()
        kernel.change_root(_BASE, f"{_BASE}/.old")
    except OSError:
        kernel.uncover(_BASE)  # what lay there is needed again
        raise
    kernel.mount("", "/", "", kernel.BIND | kernel.REMOUNT | kernel.READ_ONLY | kernel.NO_SUID | kernel.NO_DEV)


def _open(place: Path) -> int:
    return os.open(place, os.O_PATH | os.O_CLOEXEC)


def _folders(owner: int, mb: int) -> None:
    """The home folder with its limits, ``/tmp`` and ``/dev/shm`` inside it, and processes of the own namespace."""
    home = Path(_BASE) / HOME.relative_to("/")
    home.mkdir(parents=True)
    settings = f"mode=700,uid={owner},gid={owner},size={mb}m,nr_inodes={MOST_FILES}"
    kernel.mount("tmpfs", str(home), "tmpfs", kernel.NO_SUID | kernel.NO_DEV, settings)
    for name, place in (("tmp", "tmp"), ("shm", "dev/shm")):
        (home / name).mkdir(mode=0o777)
        (home / name).chmod(0o777)
        target = Path(_BASE) / place
        target.mkdir(parents=True)
        kernel.mount(str(home / name), str(target), "", kernel.BIND)
    proc = Path(_BASE) / "proc"
    proc.mkdir()
    kernel.mount("proc", str(proc), "proc", kernel.NO_SUID | kernel.NO_DEV | kernel.NO_EXEC)


def _show(descriptor: int, target: Path, *, closed: bool) -> None:
    device = stat.S_ISCHR(os.fstat(descriptor).st_mode)
    if stat.S_ISDIR(os.fstat(descriptor).st_mode):
        target.mkdir(parents=True, exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    kernel.mount(f"/proc/self/fd/{descriptor}", str(target), "", kernel.BIND)
    flags = kernel.BIND | kernel.REMOUNT | kernel.kept_flags(descriptor) | kernel.NO_SUID
    flags |= 0 if device else kernel.NO_DEV
    kernel.mount("", str(target), "", flags | (kernel.READ_ONLY if closed and not device else 0))
    os.close(descriptor)


def _own_parents(inside: Iterable[str], owner: int) -> None:
    """Folders that only hold views belong to whoever runs: more may be written beside them."""
    home = Path(_BASE) / HOME.relative_to("/")
    for folder in {parent for path in inside for parent in Path(path).parents} - {Path()}:
        os.chown(home / folder, owner, owner)


def _lay_links() -> None:
    """``/lib`` leads to ``/usr/lib`` where it does so outside."""
    for link in _LINKS:
        inside = Path(_BASE) / link.relative_to("/")
        if link.is_symlink() and not inside.exists():
            with contextlib.suppress(FileNotFoundError):
                inside.symlink_to(link.readlink())
