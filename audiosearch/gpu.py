"""Whether a device is there, how much of its memory may be used, and how much was.

Without a GPU, or before torch is loaded, none was.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from audiosearch.errors import UsageError


def require(device: str) -> None:
    """Refuse a device that torch cannot use here; "cpu" always can be, and torch is not loaded for it.

    Raises
    ------
    UsageError
    """
    if device == "cpu":
        return
    import torch

    try:
        with fitting("4 bytes", device):
            torch.zeros(1, device=device).cpu()
    except (RuntimeError, AssertionError) as exc:
        raise UsageError(f"there is no device {device!r} here; use --device cpu") from exc


def limit(device: str, gigabytes: float) -> None:
    """Let torch take no more of a GPU's memory; it is as if the GPU had no more."""
    import torch

    # "cuda" alone is refused by what sets the limit.
    number = torch.device(device).index if ":" in device else torch.cuda.current_device()
    total = torch.cuda.get_device_properties(number).total_memory
    torch.cuda.set_per_process_memory_fraction(min(1.0, gigabytes * 1e9 / total), number)


@contextmanager
def fitting(what: str, device: str) -> Iterator[None]:
    """While things are put into a device's memory.

    Raises
    ------
    UsageError
        When they do not fit.
    """
    import torch

    try:
        yield
    except torch.OutOfMemoryError as exc:
        raise UsageError(no_room(what, device)) from exc


def no_room(what: str, device: str) -> str:
    """A sentence about things that are too large."""
    return (
        f"{what} do not fit into the memory of {device} that may be used; "
        "raise --max-gpu-memory or use --device cpu"
    )


def peak_gigabytes() -> float:
    """The most that tensors took at one time since the program began."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return 0.0
    return float(max(torch.cuda.max_memory_allocated(i) for i in range(torch.cuda.device_count())) / 1e9)


def report() -> str:
    """The end of a sentence about work that is done; empty when no GPU was used."""
    peak = peak_gigabytes()
    return f", at most {peak:.2f} GB of GPU memory" if peak else ""
