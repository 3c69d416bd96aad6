"""Files that are still being written."""

import os
import stat
import time
from io import BufferedReader

POLL = 0.2  # seconds from one look to the next


class Growing:
    """A file read as it grows; its end is where nothing has come for a while.

    Parameters
    ----------
    file : BufferedReader
        An open file or pipe.
    patience : float
        Seconds to wait for more at the end of a file; a pipe ends when its writer has gone.
    """

    def __init__(self, file: BufferedReader, patience: float) -> None:
        self._file = file
        self._patience = 0.0 if stat.S_ISFIFO(os.fstat(file.fileno()).st_mode) else patience
        self._ended = False

    def read(self, size: int) -> bytes:
        """What has come, ``size`` bytes at the most; waits while there is nothing. At the end, none."""
        waited = 0.0
        if self._ended:
            return b""
        while not (data := self._file.read1(size)) and waited < self._patience:
            time.sleep(POLL)
            waited += POLL
        self._ended = not data
        return data
