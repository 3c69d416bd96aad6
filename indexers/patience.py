"""Waiting for a server that is away for a while."""

import time
from collections.abc import Callable
from typing import TypeVar

from audiosearch.errors import StoreUnavailableError

FIRST_PAUSE = 0.2  # seconds; each further one is twice as long
LONGEST_PAUSE = 5.0

T = TypeVar("T")


def patiently(work: Callable[[], T], seconds: float) -> T:
    """What the work gives; it is tried again while the server is away, for so long in all.

    The work must be such that doing it twice is as good as once.

    Raises
    ------
    StoreUnavailableError
        The last one, when patience has run out.
    """
    end = time.monotonic() + seconds
    pause = FIRST_PAUSE
    while True:
        try:
            return work()
        except StoreUnavailableError:
            if time.monotonic() + pause > end:
                raise
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)
