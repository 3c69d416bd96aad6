"""Whether a device is there, and how much GPU memory was used.

Without a GPU, or before torch is loaded, none was.
"""

import sys

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
        torch.zeros(1, device=device).cpu()
    except (RuntimeError, AssertionError) as exc:
        raise UsageError(f"there is no device {device!r} here; use --device cpu") from exc


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
