"""Give memory back to the system that a process holds but does not need.

Long recordings are read and stored as a stream; what would still grow are buffers that the C library keeps
for later, and pages of mapped files, which the system counts as this process's until someone else
needs the room. All of it is Linux alone; elsewhere nothing happens.
"""

import ctypes
from collections.abc import Callable
from pathlib import Path

MAPS = Path("/proc/self/maps")
DONT_NEED, PAGE_OUT = 4, 21  # advice to madvise(2)
_libc = ctypes.CDLL(None)


def trim() -> None:
    """Free what glibc keeps of freed memory."""
    if hasattr(_libc, "malloc_trim"):
        _libc.malloc_trim(0)


def release_files(folder: Path) -> None:
    """Let go of the pages of files below a folder that are mapped as shared; nothing of them is lost."""
    below = f"{folder.resolve()}/"
    _advise(DONT_NEED, lambda rights, path: rights.endswith("s") and path.startswith(below))


def release_libraries(part: str) -> None:
    """Let go of the code of shared libraries whose path has ``part`` in it, until it is run again."""
    _advise(PAGE_OUT, lambda rights, path: "w" not in rights and part in path and ".so" in path)


def _advise(advice: int, wanted: Callable[[str, str], bool]) -> None:
    if not MAPS.exists() or not hasattr(_libc, "madvise"):
        return
    for line in MAPS.read_text(errors="replace").splitlines():
        span, rights, *_, path = line.split(maxsplit=5) if line.count(" ") > 5 else (line, "", "")
        if path.startswith("/") and wanted(rights, path):
            begin, end = (int(address, 16) for address in span.split("-"))
            _libc.madvise(ctypes.c_void_p(begin), ctypes.c_size_t(end - begin), advice)
