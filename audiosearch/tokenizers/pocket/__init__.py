"""pocket: the tokenizer that is shipped in the package.

16 layers of 2048 codes at 12.5 frames per second, from sound at 16 kHz. Log-mel features of each
frame (see `features`) are projected to their principal components and quantized by residual vector
quantization: layer 0 holds the nearest of 2048 vectors, each further layer the nearest to what is
left. The weights are made by `train` and lie beside this file.

Long sound is encoded in chunks with `CONTEXT` frames on either side, more than a frame's features
reach, so that a part of it has the codes of the whole away from its ends.
"""

import functools
import hashlib
import importlib.resources
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from audiosearch import audio, frames
from audiosearch.errors import UsageError
from audiosearch.types import Codes, Float32, Waveform

if TYPE_CHECKING:
    from torch import Tensor

WEIGHTS = "weights.safetensors"
CHUNK = 375  # token frames: 30 s
CONTEXT = 20  # token frames: 1.6 s


class Pocket:
    """The embedded tokenizer.

    Parameters
    ----------
    device : str
        "cpu" or "cuda", as torch names it.

    Examples
    --------
    >>> silence = Waveform(np.zeros(16000, np.float32), 16000)
    >>> Pocket().encode([silence])[0].array.shape
    (16, 13)
    """

    sample_rate = 16000
    frame_rate = 12.5
    n_layers = 16
    codebook_size = 2048

    def __init__(self, device: str = "cpu") -> None:
        self.device = device
        self.name = f"pocket@{_revision()}"

    @property
    def codebooks(self) -> Float32:
        """Shape (16, 2048, dim)."""
        return _weights()["codebooks"]

    def encode(self, waveforms: Sequence[Waveform]) -> list[Codes]:
        """Codes of each waveform, one after the other: none depends on the rest.

        Parameters
        ----------
        waveforms : sequence of Waveform
            At 16000 Hz.

        Returns
        -------
        list of Codes
            Arrays of shape (16, ceil(n_samples / 1280)).

        Raises
        ------
        AudioError
            For another sample rate.
        """
        audio.require_rate(waveforms, self.sample_rate, self.name)
        return [Codes(self._encode(w.samples), self.frame_rate, self.codebook_size) for w in waveforms]

    def _encode(self, samples: Float32) -> np.ndarray:
        n_frames = frames.count(len(samples), self.sample_rate, self.frame_rate)
        chunks = [
            self._chunk(samples, begin, min(begin + CHUNK, n_frames), n_frames)
            for begin in range(0, n_frames, CHUNK)
        ]
        return np.concatenate(chunks, axis=1) if chunks else np.zeros((self.n_layers, 0), np.int16)

    def _chunk(self, samples: Float32, begin: int, end: int, n_frames: int) -> np.ndarray:
        """Codes of frames ``begin`` to ``end``, heard with what lies around them."""
        import torch

        from audiosearch.tokenizers.pocket import features, quantize

        first, after = max(0, begin - CONTEXT), min(n_frames, end + CONTEXT)
        heard = samples[first * features.SAMPLES : after * features.SAMPLES]
        padded = np.pad(heard, (0, (after - first) * features.SAMPLES - len(heard)))
        with torch.inference_mode():
            mel = features.remove_mean(features.log_mel(torch.from_numpy(padded)[None].to(self.device)))
            per_frame = self._embed(mel)[begin - first : end - first]
            codes = quantize.encode(per_frame, self._tensor("codebooks"))
        return codes.to("cpu", torch.int16).numpy()

    def _embed(self, mel: "Tensor") -> "Tensor":
        """Shape (1, bands, n_mel_frames) to (n_frames, dim)."""
        return stacked(mel)[0] @ self._tensor("projection")

    def _tensor(self, name: str) -> "Tensor":
        return _on_device(name, self.device)


def stacked(mel: "Tensor") -> "Tensor":
    """The mel frames of each token frame in a row: (batch, n_frames, 8 * bands)."""
    batch, bands, n_mel_frames = mel.shape
    return mel.transpose(1, 2).reshape(batch, n_mel_frames // 8, 8 * bands)


def _file() -> bytes:
    return (importlib.resources.files(__package__) / WEIGHTS).read_bytes()


@functools.cache
def _revision() -> str:
    """Eight hexadecimal digits that change with the weights."""
    return hashlib.sha256(_file()).hexdigest()[:8]


@functools.cache
def _weights() -> dict[str, Float32]:
    from safetensors.numpy import load

    return {name: array.astype(np.float32) for name, array in load(_file()).items()}


@functools.cache
def _on_device(name: str, device: str) -> "Tensor":
    import torch

    if device.startswith("cuda") and not torch.cuda.is_available():
        raise UsageError("there is no CUDA device here; use --device cpu")
    return torch.from_numpy(_weights()[name]).to(device)
