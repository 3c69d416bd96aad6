"""The networks of the pocket tokenizer: strided convolutions from mel frames to token frames.

 100 Hz   64 bands      conv 5, stride 2
  50 Hz  128 channels   conv 5, stride 2
  25 Hz  192 channels   conv 5, stride 2
12.5 Hz  256 channels   residual blocks, then one linear layer to the embedding
"""

import itertools

import torch
from torch import Tensor, nn

from audiosearch.tokenizers.pocket import features

CHANNELS = (128, 192, 256)
SCALE = 0.4  # brings log-mel values, in nats, to about unit variance
LIMIT = 4.0  # beyond it they are cut: digital silence is 20 nats below speech


class Encoder(nn.Module):
    """Mel features to one vector a token frame.

    Parameters
    ----------
    dim : int
        Length of a vector.
    blocks : int
        Residual blocks at 12.5 Hz; each reaches 1 frame further to both sides.
    """

    def __init__(self, dim: int, blocks: int = 4) -> None:
        super().__init__()
        widths = (features.BANDS, *CHANNELS)
        self.down = nn.Sequential(*(_Down(before, after) for before, after in itertools.pairwise(widths)))
        self.blocks = nn.Sequential(*(_Residual(CHANNELS[-1]) for _ in range(blocks)))
        self.out = nn.Conv1d(CHANNELS[-1], dim, 1)

    def forward(self, mel: Tensor) -> Tensor:
        """Shape (batch, BANDS, 8 * n_frames) to (batch, n_frames, dim), not scaled."""
        scaled = (mel * SCALE).clamp(-LIMIT, LIMIT)
        hidden: Tensor = self.out(self.blocks(self.down(scaled)))
        return hidden.transpose(1, 2)


class _Down(nn.Module):
    """Half the rate: token frame i keeps covering mel frames 8 i to 8 i + 7."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(before, after, 5, stride=2, bias=False)
        self.norm = nn.BatchNorm1d(after)

    def forward(self, x: Tensor) -> Tensor:
        padded = nn.functional.pad(x, (1, 2))
        return torch.relu(self.norm(self.conv(padded)))


class _Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(width, width, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm1d(width)
        self.mix = nn.Conv1d(width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        change: Tensor = self.mix(torch.relu(self.norm(self.conv(x))))
        return x + change
