"""Codes of qwen3-tts-12hz back to sound: the decoder of the package qwen-tts.

A layer that is not to be heard is silenced by taking its codebook for zeros: the decoder begins by adding
the vectors of all layers.
"""

import contextlib
import io
import warnings
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from audiosearch import gpu
from audiosearch.errors import MissingDependencyError, UsageError
from audiosearch.hub import loading
from audiosearch.tokenizers.qwen3.network import some
from audiosearch.types import Codes, Waveform


@dataclass(frozen=True, eq=False, slots=True)
class Decoder:
    """The decoder's network.

    Parameters
    ----------
    network : torch.nn.Module
        ``Qwen3TTSTokenizerV2Decoder``.
    device : str
    n_layers : int
        That it takes.
    frame_samples : int
        Samples that it makes of a frame.
    sample_rate : int
        Of its sound, in hertz.
    """

    network: Any
    device: str
    n_layers: int
    frame_samples: int
    sample_rate: int


def load(folder: Path, device: str) -> Decoder:
    """The decoder of a checkpoint.

    Raises
    ------
    MissingDependencyError
        When qwen-tts is not installed.
    UsageError
        When the checkpoint has none, lacks tensors of it, or they do not fit into GPU memory.
    """
    load_model = _model_class().from_pretrained
    with loading(str(folder), "transformers"):
        model, told = load_model(str(folder), output_loading_info=True, dtype=torch.float32)
    if missing := sorted(name for name in told["missing_keys"] if name.startswith("decoder.")):
        raise UsageError(f"{folder} lacks {some(missing)}; get it again")
    with gpu.fitting("the weights of the decoder", device):
        network = model.decoder.to(device).eval()
    return Decoder(
        network,
        device,
        model.config.decoder_config.num_quantizers,
        model.config.decode_upsample_rate,
        model.config.output_sample_rate,
    )


def _model_class() -> Any:
    try:
        # It prints on standard output what is not installed, and its imports warn.
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from qwen_tts.core import Qwen3TTSTokenizerV2Model
    except ImportError as exc:
        raise MissingDependencyError(
            f"to turn tokens of qwen3-tts-12hz into sound, qwen-tts is needed ({exc}): "
            "pip install 'audiosearch[qwen-tts]'"
        ) from exc
    return Qwen3TTSTokenizerV2Model


def decode(decoder: Decoder, codes: Sequence[Codes], layers: Collection[int] | None) -> list[Waveform]:
    """Sound of codes, one after the other; see `Qwen3.decode`."""
    return [_decode(decoder, one, range(one.n_layers) if layers is None else layers) for one in codes]


def _decode(decoder: Decoder, codes: Codes, layers: Collection[int]) -> Waveform:
    if wrong := [layer for layer in layers if not 0 <= layer < min(codes.n_layers, decoder.n_layers)]:
        raise UsageError(f"there is no layer {wrong[0]}; the codes have {codes.n_layers}, counted from 0")
    array = np.zeros((decoder.n_layers, codes.n_frames), np.int64)
    array[: codes.n_layers] = codes.array
    fitting = gpu.fitting(f"{codes.duration:.0f} s of sound", decoder.device)
    with torch.inference_mode(), _only(decoder, layers), fitting:
        sound = decoder.network.chunked_decode(torch.from_numpy(array)[None].to(decoder.device))
    samples = sound[0, 0, : codes.n_frames * decoder.frame_samples].float().cpu().numpy()
    return Waveform(samples, decoder.sample_rate)


@contextlib.contextmanager
def _only(decoder: Decoder, layers: Collection[int]) -> Iterator[None]:
    """Silence all other layers for a while."""
    quantizer = decoder.network.quantizer
    books = [layer._codebook for layer in [*quantizer.rvq_first.vq.layers, *quantizer.rvq_rest.vq.layers]]
    silent = [book for number, book in enumerate(books) if number not in layers]
    kept = [book.embedding_sum.data for book in silent]
    try:
        for book in silent:
            book.embedding_sum.data = torch.zeros_like(book.embedding_sum)
        yield
    finally:
        for book, data in zip(silent, kept, strict=True):
            book.embedding_sum.data = data
