"""How much GPU memory was used; without a GPU, or before torch is loaded, none."""

import sys


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
