"""Weights that other packages load, from a directory or by their id on Hugging Face."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from audiosearch.errors import UsageError


@contextmanager
def loading(model: str, *silenced: str) -> Iterator[None]:
    """While another package loads weights, which says nothing meanwhile of how often it tries.

    Parameters
    ----------
    model : str
        What is loaded.
    silenced : str
        Packages that do not tell either what they think of it.

    Raises
    ------
    UsageError
        In one sentence, whatever goes wrong.
    """
    logs = [logging.getLogger(name) for name in ("huggingface_hub", *silenced)]
    levels = [log.level for log in logs]
    for log in logs:
        log.setLevel(logging.ERROR)
    try:
        yield
    except Exception as exc:  # the hub, its client and the network below it each have errors of their own
        raise UsageError(f"the weights {model} cannot be loaded: {reason(exc)}") from exc
    finally:
        for log, level in zip(logs, levels, strict=True):
            log.setLevel(level)


def reason(error: Exception) -> str:
    r"""What an error says in its first line; below it stands advice.

    >>> reason(OSError("The hub cannot be reached.\nCheck your connection."))
    'The hub cannot be reached'
    """
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
