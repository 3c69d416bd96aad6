"""Where the networks learn. Sound is degraded on the CPU, whatever they learn on."""

from dataclasses import dataclass

import torch


@dataclass(frozen=True, slots=True)
class Place:
    """A device, and whether networks run in half precision there.

    Parameters
    ----------
    device : str
        ``cpu`` or ``cuda``.
    bf16 : bool
        Many GPUs are quicker in it, and CPUs with AVX-512 BF16 or AMX.
    """

    device: str = "cpu"
    bf16: bool = False

    def autocast(self) -> torch.autocast:
        """The context to run networks in."""
        return torch.autocast(self.device.split(":")[0], torch.bfloat16, enabled=self.bf16)
