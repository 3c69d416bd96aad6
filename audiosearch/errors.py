"""What can go wrong, each with the exit code that the command line gives it.

Every message is one sentence that names the value at fault and, where there is one, the way out.
"""

from typing import ClassVar

NOTHING_FOUND, SOME_FAILED = 1, 5  # exit codes of what is no error as a whole


class AudioSearchError(Exception):
    """Anything this package raises on purpose."""

    exit_code: ClassVar[int] = 2


class UsageError(AudioSearchError):
    """The request itself cannot be met: an unknown name, options that contradict each other."""


class MissingDependencyError(AudioSearchError):
    """An optional package or program is not installed; the message says which and how to get it."""


class AudioError(AudioSearchError):
    """A file or waveform cannot be read as sound."""

    exit_code = 3


class DocumentError(AudioSearchError):
    """A file cannot be read as a text."""

    exit_code = 3


class CacheError(AudioSearchError):
    """A token cache cannot be read or written, or is of another tokenizer."""

    exit_code = 4


class StoreError(AudioSearchError):
    """A store cannot be opened, reached, read or written."""

    exit_code = 4


class StoreNotFoundError(StoreError):
    """There is no store at that place."""


class StoreLockedError(StoreError):
    """Another process has the store open."""


class StoreMismatchError(StoreError):
    """The store was made with another tokenizer, other options or another version."""


class StoreUnavailableError(StoreError):
    """The server of a store does not answer, or not in time; it may later."""


class StoreFullError(StoreError):
    """The disk has no room left; what was stored before is intact."""
