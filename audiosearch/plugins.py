"""Tokenizers, segmenters and stores by name: the entry points of installed packages."""

import inspect
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any

from audiosearch.errors import UsageError

if TYPE_CHECKING:
    from audiosearch.interfaces import Tokenizer

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


def load_tokenizer(
    name: str, device: str = "cpu", model: str | None = None, max_gpu_memory: float | None = None
) -> "Tokenizer":
    """A tokenizer by name.

    Parameters
    ----------
    name : str
    device : str
        Where it runs, as torch names it.
    model : str, optional
        Directory or id of its weights.
    max_gpu_memory : float, optional
        Gigabytes of GPU memory that it may use.

    Raises
    ------
    UsageError
        When there is none of that name, or it does not take one of the options.
    """
    make = load(TOKENIZERS, name)
    given = {"model": model, "max_gpu_memory": max_gpu_memory}
    options = {option: value for option, value in given.items() if value is not None}
    taken = inspect.signature(make).parameters
    for option in options:
        if option not in taken and not any(p.kind is p.VAR_KEYWORD for p in taken.values()):
            raise UsageError(f"the tokenizer {name} has no option --{option.replace('_', '-')}")
    tokenizer: Tokenizer = make(device=device, **options)
    return tokenizer
