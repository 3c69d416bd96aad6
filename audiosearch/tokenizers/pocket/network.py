"""The networks of the pocket tokenizer: strided convolutions from mel frames to token frames.

    100 Hz   64 bands      conv 5, stride 2
     50 Hz  128 channels   residual blocks (for speech, whose phones are short), conv 5, stride 2
     25 Hz  192 channels   residual blocks (more for speech), conv 5, stride 2
   12.5 Hz  256 channels   residual blocks, then one linear layer to the embedding

In training, batch normalization follows each convolution; `fold` moves it into the convolution's own
weights, which is what is shipped.
"""

import itertools
from collections.abc import Sequence

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
    dilations : sequence of int
        One residual block at 12.5 Hz for each; it reaches so many frames further to both sides.
    early : int
        Residual blocks at 25 Hz.
    fine : int
        Residual blocks at 50 Hz.
    trained : bool
        Without batch normalization, for weights that `fold` made.
    """

    def __init__(
        self, dim: int, dilations: Sequence[int], early: int = 0, fine: int = 0, trained: bool = False
    ) -> None:
        super().__init__()
        first, second, last = (
            _Down(before, after, trained) for before, after in itertools.pairwise((features.BANDS, *CHANNELS))
        )
        at_50, at_25, _ = CHANNELS
        self.down = nn.Sequential(
            first,
            *(_Residual(at_50, 1, trained) for _ in range(fine)),
            second,
            *(_Residual(at_25, 1, trained) for _ in range(early)),
            last,
        )
        self.blocks = nn.Sequential(*(_Residual(CHANNELS[-1], dilation, trained) for dilation in dilations))
        self.out = nn.Conv1d(CHANNELS[-1], dim, 1)

    def forward(self, mel: Tensor) -> Tensor:
        """Shape (batch, BANDS, 8 * n_frames) to (batch, n_frames, dim), not scaled."""
        scaled = (mel * SCALE).clamp(-LIMIT, LIMIT)
        hidden: Tensor = self.out(self.blocks(self.down(scaled)))
        return hidden.transpose(1, 2)


class _Down(nn.Module):
    """Half the rate: token frame i keeps covering mel frames 8 i to 8 i + 7."""

    def __init__(self, before: int, after: int, trained: bool) -> None:
        super().__init__()
        self.conv = nn.Conv1d(before, after, 5, stride=2, bias=trained)
        self.norm = nn.Identity() if trained else nn.BatchNorm1d(after)

    def forward(self, x: Tensor) -> Tensor:
        padded = nn.functional.pad(x, (1, 2))
        return torch.relu(self.norm(self.conv(padded)))


class _Residual(nn.Module):
    def __init__(self, width: int, dilation: int, trained: bool) -> None:
        super().__init__()
        self.conv = nn.Conv1d(width, width, 3, padding=dilation, dilation=dilation, bias=trained)
        self.norm = nn.Identity() if trained else nn.BatchNorm1d(width)
        self.mix = nn.Conv1d(width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        change: Tensor = self.mix(torch.relu(self.norm(self.conv(x))))
        return x + change


def fold(encoder: Encoder) -> dict[str, Tensor]:
    """The weights of the same encoder without batch normalization."""
    folded = {}
    for name, module in encoder.named_modules():
        if isinstance(module, _Down | _Residual) and isinstance(module.norm, nn.BatchNorm1d):
            conv, norm = module.conv, module.norm
            assert norm.running_mean is not None and norm.running_var is not None
            gain = norm.weight / (norm.running_var + norm.eps).sqrt()
            folded[f"{name}.conv.weight"] = conv.weight * gain[:, None, None]
            folded[f"{name}.conv.bias"] = norm.bias - norm.running_mean * gain
        elif isinstance(module, nn.Conv1d) and module.bias is not None:
            folded[f"{name}.weight"], folded[f"{name}.bias"] = module.weight, module.bias
    return {name: tensor.detach().contiguous() for name, tensor in folded.items()}
