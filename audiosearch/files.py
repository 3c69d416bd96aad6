"""What lies at a path; nothing, where nobody may look or no name can be so long."""

from pathlib import Path


def exists(path: Path) -> bool:
    """Whether there is anything."""
    try:
        return path.exists()
    except OSError:
        return False


def is_file(path: Path) -> bool:
    """Whether there is a file."""
    try:
        return path.is_file()
    except OSError:
        return False


def is_dir(path: Path) -> bool:
    """Whether there is a directory."""
    try:
        return path.is_dir()
    except OSError:
        return False
