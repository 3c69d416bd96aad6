"""What work takes: time, memory, how busy the cores or the GPU were.

On a CPU, memory is what the process held at the most beyond what it held before, and busy is processor
time against the time of all cores. On a GPU, memory is what tensors took at the most, weights included,
and busy is what `nvidia-smi` says ten times a second.
"""

import contextlib
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import torch

STATUS, CLEAR_REFS = Path("/proc/self/status"), Path("/proc/self/clear_refs")
RESET_PEAK = "5"  # proc(5)
ASK = ("nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits", "-lms", "100")


@dataclass
class Meter:
    """Of one way to do the work.

    Parameters
    ----------
    device : str
        "cpu" or "cuda", as torch names it.
    peak : float
        Most bytes at one time.
    """

    device: str
    peak: float = 0.0
    _wall: dict[int, list[float]] = field(default_factory=dict)  # of each part of the work, each time
    _cpu: float = 0.0
    _shares: list[float] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """For all parts of the work, of each the least time: what else the machine does adds to it."""
        return sum(map(min, self._wall.values()))

    @property
    def busy(self) -> float | None:
        """Share of the cores, or of the GPU, that worked; None when nobody can say."""
        if not self.device.startswith("cuda"):
            return self._cpu / sum(map(sum, self._wall.values())) / (os.cpu_count() or 1)
        return sum(self._shares) / len(self._shares) if self._shares else None

    @contextlib.contextmanager
    def running(self, part: int = 0) -> Iterator[None]:
        """While a part of the work is done."""
        with self._memory(), _gpu_shares(self.device, self._shares):
            began, cpu = time.perf_counter(), time.process_time()
            yield
            self._wall.setdefault(part, []).append(time.perf_counter() - began)
            self._cpu += time.process_time() - cpu

    @contextlib.contextmanager
    def _memory(self) -> Iterator[None]:
        on_gpu = self.device.startswith("cuda")
        if on_gpu:
            torch.cuda.reset_peak_memory_stats(self.device)
        else:
            CLEAR_REFS.write_text(RESET_PEAK)
        before = _resident("VmRSS")
        yield
        held = torch.cuda.max_memory_allocated(self.device) if on_gpu else _resident("VmHWM") - before
        self.peak = max(self.peak, held)


def _resident(what: str) -> float:
    """Bytes, as Linux counts them."""
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(f"{what}:"))
    return 1024.0 * int(line.split()[1])


@contextlib.contextmanager
def _gpu_shares(device: str, shares: list[float]) -> Iterator[None]:
    """What nvidia-smi says of the device meanwhile."""
    if not device.startswith("cuda"):
        yield
        return
    number = torch.device(device).index or 0
    with subprocess.Popen([*ASK, f"--id={number}"], stdout=subprocess.PIPE, text=True) as asked:
        assert asked.stdout is not None
        reader = threading.Thread(target=_read, args=(asked.stdout, shares))
        reader.start()
        try:
            yield
        finally:
            asked.terminate()
            reader.join()


def _read(lines: Iterator[str], shares: list[float]) -> None:
    for line in lines:
        if line.strip().isdecimal():
            shares.append(int(line) / 100)
