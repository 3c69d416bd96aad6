"""Directories that commands write into."""

from pathlib import Path

from audiosearch.errors import UsageError


def make(folder: Path) -> None:
    """Make a directory, with those above it, unless it is there.

    Raises
    ------
    UsageError
        When it cannot be made, or a file is in the way.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise UsageError(f"the directory {folder} cannot be made: {exc.strerror}") from exc
