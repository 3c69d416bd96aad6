"""The encoder of Qwen3-TTS-Tokenizer-12Hz: parts of transformers' Mimi, put together without its decoder.

    samples --convolutions--> 25 vectors a second --transformer--> --halved--> 12.5 --quantizers--> codes

The names of the parts are those of the checkpoint, so that its tensors fit by name whatever the version
of transformers.

Two things are done otherwise than there, with the same results:

- On a CPU, and on a GPU without room for more, the first convolutions, whose arrays are large, run over
  `TILE` samples at a time, which stay in the processor's cache. Every tile begins early enough to hear all
  that its outputs depend on:

      |--context--|------------tile------------|
                  |--context--|------------tile------------|

- In a batch, what lies behind the end of a shorter clip is kept as the padding of that clip alone would
  be: zeros before each convolution that lowers the rate, the last vector before the halving. Without
  that the last frame of a clip would depend on how long the others are.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from transformers import MimiConfig
from transformers.models.mimi import modeling_mimi

from audiosearch.errors import UsageError
from audiosearch.tokenizers.qwen3.checkpoint import PREFIX

if TYPE_CHECKING:
    from torch import Tensor

TILE = 38400  # samples: 1.6 s at 24 kHz; as quick as 0.4 s on one core, with fewer waits on several
TILED_STRIDES = 2  # tiles go through the layers up to the second that lowers the rate


class Encoder(nn.Module):
    """Samples to codes.

    Parameters
    ----------
    settings : dict
        The ``encoder_config`` of a checkpoint.
    """

    def __init__(self, settings: dict[str, Any]) -> None:
        super().__init__()
        config = _mimi_config(settings)
        self.encoder = modeling_mimi.MimiEncoder(config)
        self.encoder_transformer = modeling_mimi.MimiTransformerModel(config)
        self.downsample = modeling_mimi.MimiConv1d(
            config,
            config.hidden_size,
            config.hidden_size,
            kernel_size=4,
            stride=2,
            bias=False,
            pad_mode="replicate",
        )
        self.quantizer = modeling_mimi.MimiSplitResidualVectorQuantizer(config)
        strided = [i for i, layer in enumerate(self.encoder.layers) if _stride(layer) > 1]
        self._n_tiled = strided[TILED_STRIDES - 1] + 1
        self._hop, self._context = _reach(self.encoder.layers[: self._n_tiled])
        self._tile = TILE // self._hop * self._hop
        self.tiled = True

    def place(self, device: str) -> "Encoder":
        """Move the weights; the numbers that padding is computed from stay, or each layer would wait."""
        self.to(device)
        self.tiled = device == "cpu"
        for module in self.modules():
            if isinstance(module, modeling_mimi.MimiConv1d):
                for name in ("stride", "kernel_size", "padding_total"):
                    setattr(module, name, getattr(module, name).cpu())
        return self.eval()

    def forward(self, samples: "Tensor", lengths: Sequence[int], n_layers: int) -> "Tensor":
        """Codes of a batch.

        Parameters
        ----------
        samples : Tensor, shape (n_clips, n_samples)
            Each clip is followed by zeros.
        lengths : sequence of int
            Samples of each clip.
        n_layers : int
            Quantizers to run.

        Returns
        -------
        Tensor, shape (n_clips, n_layers, n_frames), int64
            Of a clip, the frames that cover its samples count.
        """
        ragged = None if min(lengths) == samples.shape[1] else torch.tensor(lengths, device=samples.device)
        hidden, ragged = self._convolve(samples[:, None], ragged)
        hidden = self.encoder_transformer(hidden.transpose(1, 2))[0].transpose(1, 2)
        if ragged is not None:
            hidden = _repeat_last(hidden, ragged)
        codes: Tensor = self.quantizer.encode(self.downsample(hidden), n_layers)
        return codes.transpose(0, 1)

    def _convolve(self, hidden: "Tensor", ragged: "Tensor | None") -> "tuple[Tensor, Tensor | None]":
        if ragged is None and self.tiled:
            hidden = _through(self.encoder.layers[self._n_tiled :], self._tiled(hidden))
            return hidden, None
        for layer in self.encoder.layers:
            stride = _stride(layer)
            if ragged is not None and stride > 1:
                hidden = _silence_after(hidden, ragged)
                ragged = (ragged + stride - 1).div(stride, rounding_mode="floor")
            hidden = layer(hidden)
        return hidden, ragged

    def _tiled(self, samples: "Tensor") -> "Tensor":
        layers = self.encoder.layers[: self._n_tiled]
        parts = []
        for begin in range(0, samples.shape[-1], self._tile):
            first = max(0, begin - self._context)
            part = _through(layers, samples[..., first : begin + self._tile])
            parts.append(part[..., (begin - first) // self._hop :])
        return torch.cat(parts, dim=-1)


def _mimi_config(settings: dict[str, Any]) -> MimiConfig:
    config = MimiConfig(**settings)
    config._attn_implementation = "sdpa"
    # qwen-tts is bound to a transformers whose Mimi looks back without end. Later versions look back
    # `sliding_window` vectors only (transformers pull request 43971): widened, they agree.
    config.sliding_window = config.max_position_embeddings
    return config


def _through(layers: "nn.ModuleList", hidden: "Tensor") -> "Tensor":
    for layer in layers:
        hidden = layer(hidden)
    return hidden


def _stride(layer: nn.Module) -> int:
    return int(layer.conv.stride[0]) if isinstance(layer, modeling_mimi.MimiConv1d) else 1


def _reach(layers: "nn.ModuleList") -> tuple[int, int]:
    """Samples to one output of the layers, and how many samples before it they hear (in whole outputs)."""
    hop, reach = 1, 0
    for module in layers.modules():
        if isinstance(module, modeling_mimi.MimiConv1d):
            reach += int(module.padding_total) * hop
            hop *= _stride(module)
    return hop, math.ceil(reach / hop) * hop


def _silence_after(hidden: "Tensor", lengths: "Tensor") -> "Tensor":
    inside = torch.arange(hidden.shape[-1], device=hidden.device) < lengths[:, None]
    return hidden * inside[:, None]


def _repeat_last(hidden: "Tensor", lengths: "Tensor") -> "Tensor":
    positions = torch.arange(hidden.shape[-1], device=hidden.device).minimum(lengths[:, None] - 1)
    return hidden.gather(2, positions[:, None].expand_as(hidden))


def load(settings: dict[str, Any], weights: dict[str, "Tensor"], where: str) -> Encoder:
    """An encoder with weights.

    Parameters
    ----------
    settings : dict
        The ``encoder_config`` of a checkpoint.
    weights : dict of str to Tensor
        Its tensors below ``encoder.``.
    where : str
        What to call the checkpoint in a complaint.

    Raises
    ------
    UsageError
        When tensors are missing or have other shapes than the config says, or it says nonsense.
    """
    try:
        encoder = Encoder(settings)
    except Exception as exc:  # each version of transformers has other errors for a config it cannot use
        raise UsageError(f"the config.json of {where} does not describe a Mimi encoder: {exc}") from exc
    wanted = encoder.state_dict()
    if missing := sorted(set(wanted) - set(weights)):
        raise UsageError(f"{where} lacks {some([PREFIX + name for name in missing])}; get it again")
    other = [
        f"{PREFIX}{name} {tuple(weights[name].shape)} for {tuple(tensor.shape)}"
        for name, tensor in wanted.items()
        if weights[name].shape != tensor.shape
    ]
    if other:
        raise UsageError(f"{where} does not fit its config.json: {some(other)}")
    encoder.load_state_dict({name: weights[name].float() for name in wanted})
    return encoder


def some(tensors: list[str]) -> str:
    """The first five of them.

    >>> some(["a"]), some(["a", "b"]), some(list("abcdefg"))
    ('the tensor a', 'the tensors a, b', 'the tensors a, b, c, d, e and 2 more')
    """
    shown = ", ".join(tensors[:5]) + (f" and {len(tensors) - 5} more" if len(tensors) > 5 else "")
    return f"the tensor {shown}" if len(tensors) == 1 else f"the tensors {shown}"
