"""Files that are still being written."""

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
        Seconds to wait for more at the end; a pipe ends when its writer has gone, whatever this says.
    """

    def __init__(self, file: BufferedReader, patience: float) -> None:
        self._file = file
        self._patience = patience

    def read(self, size: int) -> bytes:
        """What has come, ``size`` bytes at the most; waits while there is nothing. At the end, none."""
        waited = 0.0
        while not (data := self._file.read1(size)) and waited < self._patience:
            time.sleep(POLL)
            waited += POLL
        return data
