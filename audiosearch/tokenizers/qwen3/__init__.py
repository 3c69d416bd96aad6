"""qwen3-tts-12hz: Qwen3-TTS-Tokenizer-12Hz, encoded through transformers alone.

16 layers of 2048 codes at 12.5 frames per second, from sound at 24 kHz: these numbers are read from the
checkpoint. Layer 0 says *what is said*; the others add, each to those before it, how it sounds.

The codes of a waveform are those that `Qwen3TTSTokenizer.encode` of qwen-tts gives for it alone, in
float32. On a CPU each waveform is computed by itself. On a GPU several are computed at once; the padding
behind the shorter ones is kept out (see `network`), so that they depend on the others at most by how the
GPU rounds sums in batches of another shape. What is longer than `batches.CHUNK` is encoded in chunks with
`batches.CONTEXT` before them.
"""

import functools
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

import numpy as np

from audiosearch import audio, frames, gpu
from audiosearch.errors import MissingDependencyError, UsageError
from audiosearch.tokenizers.qwen3 import batches, checkpoint
from audiosearch.tokenizers.qwen3.batches import Window
from audiosearch.types import Codes, Float32, Int16, Waveform

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from audiosearch.tokenizers.qwen3.decode import Decoder
    from audiosearch.tokenizers.qwen3.network import Encoder

GPU_BATCH = 240.0  # seconds of sound in a batch; about 40 MB of GPU memory each
GPU_BYTES_PER_SECOND = 40e6  # of sound: the arrays of the first convolutions in float32
EPSILON = 1e-5  # least use of a code, as Mimi divides by it


class Qwen3:
    """Qwen's tokenizer at 12.5 frames a second.

    Parameters
    ----------
    device : str
        "cpu" or "cuda", as torch names it.
    model : str, optional
        Directory of the weights, or their id on Hugging Face; by default Qwen's own.
    max_gpu_memory : float, optional
        Gigabytes of GPU memory that may be used; by default all that is free. For a GPU alone.

    Raises
    ------
    MissingDependencyError
        When transformers is not installed.
    UsageError
        When there are no weights, they are of another model, there is no such device, or a limit for a GPU is
        given without one.
    """

    def __init__(
        self, device: str = "cpu", model: str | None = None, max_gpu_memory: float | None = None
    ) -> None:
        self._transformers = _transformers_version()
        _require_device(device, max_gpu_memory)
        self.device = device
        self.folder: Path = checkpoint.find(model)
        self.config = checkpoint.read_config(self.folder)
        self._tensors = checkpoint.tensors(self.folder)
        self.sample_rate = self.config.sample_rate
        self.frame_rate = self.config.frame_rate
        self.n_layers = self.config.n_layers
        self.codebook_size = self.config.codebook_size
        self.speech_layers = range(self.config.n_semantic)
        self.sound_layers = range(self.config.n_semantic, self.n_layers)
        self.batch_seconds = _batch_seconds(device, max_gpu_memory)

    @functools.cached_property
    def name(self) -> str:
        """With the revision of the weights and the version of transformers, on which codes depend."""
        revision = checkpoint.revision(self.config, self._tensors)
        return f"qwen3-tts-12hz@{revision}/transformers-{self._transformers}"

    @functools.cached_property
    def codebooks(self) -> Float32:
        """Shape (n_layers, codebook_size, dim).

        Layers of the two kinds are vectors of two spaces: one cannot be added to the other.
        """
        return np.stack([self._codebook(layer) for layer in range(self.n_layers)])

    def encode(self, waveforms: Sequence[Waveform]) -> list[Codes]:
        """Codes of each waveform, which do not depend on the others.

        Parameters
        ----------
        waveforms : sequence of Waveform
            At `sample_rate`.

        Returns
        -------
        list of Codes
            Arrays of shape (n_layers, ceil(n_samples / 1920)).

        Raises
        ------
        AudioError
            For another sample rate, no samples, or samples that are not numbers.
        UsageError
            When the weights are not whole, or they or one chunk do not fit into GPU memory.
        """
        return self.encode_layers(waveforms, self.n_layers)

    def encode_layers(self, waveforms: Sequence[Waveform], n_layers: int) -> list[Codes]:
        """The first layers only, which spares the work of the others; otherwise as `encode`."""
        if not self.config.n_semantic <= n_layers <= self.n_layers:
            raise UsageError(
                f"{self.name} has {self.n_layers} layers and gives at least {self.config.n_semantic}, "
                f"not {n_layers}"
            )
        audio.require_waveforms(waveforms, self.sample_rate, self.name)
        arrays = [self._empty(waveform, n_layers) for waveform in waveforms]
        for window, codes in self._encoded(waveforms, n_layers):
            arrays[window.waveform][:, window.begin : window.end] = codes
        return [Codes(array, self.frame_rate, self.codebook_size) for array in arrays]

    def decode(self, codes: Sequence[Codes], layers: Collection[int] | None = None) -> list[Waveform]:
        """The sound of codes, through the decoder of qwen-tts.

        Parameters
        ----------
        codes : sequence of Codes
            Of this tokenizer.
        layers : collection of int, optional
            The layers that are heard; by default all that the codes have.

        Returns
        -------
        list of Waveform
            Each as long as its frames.

        Raises
        ------
        MissingDependencyError
            When qwen-tts is not installed.
        UsageError
            For layers that there are not, or a checkpoint without the decoder's weights.
        """
        from audiosearch.tokenizers.qwen3 import decode

        return decode.decode(self._decoder, codes, layers)

    def _empty(self, waveform: Waveform, n_layers: int) -> Int16:
        n_frames = frames.count(len(waveform.samples), self.sample_rate, self.frame_rate)
        return np.empty((n_layers, n_frames), np.int16)

    def _encoded(self, waveforms: Sequence[Waveform], n_layers: int) -> Iterator[tuple[Window, Int16]]:
        """Every window with the codes of its frames."""
        found = list(batches.windows(waveforms, self.frame_rate, self.config.frame_samples))
        waiting = batches.batches(found, round(self.batch_seconds * self.sample_rate))
        while waiting:
            batch = waiting.pop(0)
            try:
                codes = self._batch(batch, waveforms, n_layers)
            except MemoryError as exc:
                waiting = [*self._smaller(batch, exc), *waiting]
                continue
            for window, array in zip(batch, codes, strict=True):
                kept = slice(window.begin - window.first, window.end - window.first)
                yield window, array[:, kept].astype(np.int16)

    def _smaller(self, batch: list[Window], exc: MemoryError) -> list[list[Window]]:
        """A batch that did not fit, in halves; a window by itself once more, in tiles."""
        seconds = batch[0].n_samples / self.sample_rate
        if len(batch) == 1:
            if self._encoder.tiled:
                raise UsageError(gpu.no_room(f"{seconds:.0f} s of sound", self.device)) from exc
            self._encoder.tiled, self.batch_seconds = True, 0.0
            return [batch]
        middle = (len(batch) + 1) // 2
        self.batch_seconds = min(self.batch_seconds, middle * seconds)
        return [batch[:middle], batch[middle:]]

    def _batch(self, batch: Sequence[Window], waveforms: Sequence[Waveform], n_layers: int) -> "Int16":
        """Codes of a batch, shape (n_windows, n_layers, n_frames).

        Raises
        ------
        MemoryError
            When the GPU has no memory left.
        """
        import torch

        heard = torch.from_numpy(batches.padded(batch, waveforms, self.config.frame_samples))
        lengths = [window.n_samples for window in batch]
        encoder = self._encoder
        try:
            with torch.inference_mode(), _exact():
                codes = encoder(_to(heard, self.device), lengths, n_layers)
                array: Int16 = codes.to(torch.int16).cpu().numpy()
                return array
        except torch.OutOfMemoryError as exc:
            torch.cuda.empty_cache()
            raise MemoryError(str(exc)) from exc

    @functools.cached_property
    def _encoder(self) -> "Encoder":
        from audiosearch.tokenizers.qwen3 import network

        weights = {name: self._read(name) for name in self._tensors}
        encoder = network.load(self.config.encoder, weights, str(self.folder))
        with gpu.fitting("the weights of the encoder", self.device):
            return encoder.place(self.device)

    @functools.cached_property
    def _decoder(self) -> "Decoder":
        from audiosearch.tokenizers.qwen3 import decode

        return decode.load(self.folder, self.device)

    def _codebook(self, layer: int) -> Float32:
        n_semantic = self.config.n_semantic
        kind, number = ("semantic", layer) if layer < n_semantic else ("acoustic", layer - n_semantic)
        begin = f"quantizer.{kind}_residual_vector_quantizer.layers.{number}.codebook."
        summed, used = self._read(begin + "embed_sum"), self._read(begin + "cluster_usage")
        vectors: Float32 = (summed.float() / used.float().clamp(min=EPSILON)[:, None]).numpy()
        return vectors

    def _read(self, name: str) -> "Tensor":
        from safetensors import safe_open

        if name not in self._tensors:
            raise UsageError(f"{self.folder} lacks the tensor {checkpoint.PREFIX}{name}; get it again")
        with safe_open(self._tensors[name].file, framework="pt") as file:
            tensor: Tensor = file.get_tensor(checkpoint.PREFIX + name)
            return tensor


def _transformers_version() -> str:
    try:
        return version("transformers")
    except PackageNotFoundError:
        raise MissingDependencyError(
            "the tokenizer qwen3-tts-12hz needs transformers: pip install 'audiosearch[qwen3]'"
        ) from None


def _require_device(device: str, max_gpu_memory: float | None) -> None:
    gpu.require(device)
    if max_gpu_memory is not None:
        if not device.startswith("cuda"):
            raise UsageError("--max-gpu-memory limits a GPU; it goes with --device cuda")
        gpu.limit(device, max_gpu_memory)


def _batch_seconds(device: str, max_gpu_memory: float | None) -> float:
    """Sound in a batch; on a CPU one window is a batch, which is as fast and wastes nothing on padding."""
    if not device.startswith("cuda"):
        return 0.0
    if max_gpu_memory is None:
        return GPU_BATCH
    return min(GPU_BATCH, max_gpu_memory * 1e9 / GPU_BYTES_PER_SECOND)


def _exact() -> AbstractContextManager[None]:
    """The same sums each time: TF32 rounds to 10 bits, and autotuning picks other kernels on other days."""
    from torch.backends import cudnn

    # What is not named here is set to a default of torch's, which for `enabled` is to do without cuDNN.
    exact: AbstractContextManager[None] = cudnn.flags(
        enabled=cudnn.enabled, benchmark=False, deterministic=True, allow_tf32=False
    )
    return exact


def _to(samples: "Tensor", device: str) -> "Tensor":
    if not device.startswith("cuda"):
        return samples
    return samples.pin_memory().to(device, non_blocking=True)
