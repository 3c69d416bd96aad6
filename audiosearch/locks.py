"""Files that one process holds at a time; they say which."""

import contextlib
import fcntl
import os
from pathlib import Path
from typing import TextIO


class HeldError(Exception):
    """Another process holds the lock.

    Parameters
    ----------
    holder : str
        Its number; "?" where it has not written that yet.
    """

    def __init__(self, holder: str) -> None:
        super().__init__(f"held by process {holder}")
        self.holder = holder


class RemovedError(Exception):
    """What held the lock has removed it just now."""


def take(path: Path) -> TextIO:
    """The lock, held until the file is closed or the process ends.

    Raises
    ------
    HeldError, RemovedError
    OSError
        When it cannot be written.
    """
    file = path.open("a+", encoding="ascii")
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            file.seek(0)
            raise HeldError(file.read().strip() or "?") from exc
        if not os.fstat(file.fileno()).st_nlink:
            raise RemovedError
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
    except BaseException:
        with contextlib.suppress(OSError):  # what is still to be written may not fit on the disk
            file.close()
        raise
    return file
