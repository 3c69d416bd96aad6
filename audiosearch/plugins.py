"""Tokenizers, segmenters and stores by name: the entry points of installed packages."""

from importlib.metadata import EntryPoint, entry_points
from typing import Any

from audiosearch.errors import UsageError

TOKENIZERS = "audiosearch.tokenizers"
SEGMENTERS = "audiosearch.segmenters"
STORES = "audiosearch.stores"


def names(group: str) -> list[str]:
    """What can be named in a group."""
    return sorted({point.name for point in entry_points(group=group)})


def load(group: str, name: str) -> Any:
    """What an entry point stands for; its module is imported only now.

    Raises
    ------
    UsageError
        When nothing of that name is installed.
    """
    found: list[EntryPoint] = list(entry_points(group=group, name=name))
    if not found:
        kind = group.rpartition(".")[2].removesuffix("s")
        raise UsageError(f"there is no {kind} called {name!r}; there are: {', '.join(names(group))}")
    return found[0].load()
