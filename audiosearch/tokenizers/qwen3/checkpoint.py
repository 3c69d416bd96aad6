"""A checkpoint of Qwen3-TTS-Tokenizer-12Hz on disk: where it is, what it says, which tensors it holds.

A checkpoint is a directory with ``config.json`` and one or more ``.safetensors`` files. Of its tensors
only those below ``encoder.`` are read here; the decoder's belong to the package qwen-tts.

A safetensors file is a length in 8 bytes, a header in JSON, and the tensors one after the other
(https://huggingface.co/docs/safetensors): names, shapes and the revision come from it without torch.
"""

import hashlib
import json
import math
import mmap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audiosearch.errors import MissingDependencyError, UsageError
from audiosearch.files import is_dir
from audiosearch.hub import reason

MODEL = "Qwen/Qwen3-TTS-Tokenizer-12Hz"
MODEL_TYPE = "qwen3_tts_tokenizer_12hz"
PREFIX = "encoder."
INSIDE_TTS = "speech_tokenizer"  # where the Qwen3-TTS models keep their copy of the tokenizer
LONGEST_HEADER = 100_000_000  # bytes; the format's own limit


@dataclass(frozen=True, eq=False, slots=True)
class Config:
    """What ``config.json`` says that the encoder needs.

    Parameters
    ----------
    encoder : dict
        Of the encoder, as transformers' ``MimiConfig`` takes it.
    sample_rate : int
        In hertz.
    frame_samples : int
        Samples to a token frame.
    n_layers : int
        Quantizers whose codes are given; the encoder has more.
    codebook_size : int
        Codes a layer.
    n_semantic : int
        How many layers, from layer 0 on, tell what is said.
    """

    encoder: dict[str, Any]
    sample_rate: int
    frame_samples: int
    n_layers: int
    codebook_size: int
    n_semantic: int

    @property
    def frame_rate(self) -> float:
        """Frames per second."""
        return self.sample_rate / self.frame_samples


def find(model: str | None) -> Path:
    """The directory of a model, which is downloaded when it is nowhere on this machine.

    Parameters
    ----------
    model : str or None
        A directory, or an id on Hugging Face; None is `MODEL`.

    Raises
    ------
    UsageError
        When there is neither, with the commands that get the weights.
    """
    name = model or MODEL
    folder = Path(name).expanduser()
    if is_dir(folder):
        return folder
    if folder.is_absolute() or name.startswith((".", "~")) or name.count("/") != 1:
        raise UsageError(f"there is no directory {name} with the weights of a tokenizer{how_to_get(name)}")
    return _snapshot(name)


def how_to_get(model: str) -> str:
    """The end of a sentence: the commands that bring the weights here."""
    known = model if _is_id(model) else MODEL
    here = known.rpartition("/")[2]
    return (
        f"; get them with `hf download {known} --local-dir {here}` or "
        f"`modelscope download --model {known} --local_dir {here}`, then use --model {here}"
    )


def _is_id(model: str) -> bool:
    return model.count("/") == 1 and not model.startswith((".", "/", "~"))


def _snapshot(model: str) -> Path:
    try:
        from huggingface_hub import constants, snapshot_download
    except ImportError as exc:
        raise MissingDependencyError(
            "to load weights by their id, huggingface_hub is needed: pip install 'audiosearch[qwen3]'"
        ) from exc
    wanted = ["config.json", "preprocessor_config.json", "*.safetensors"]
    try:
        return Path(snapshot_download(model, allow_patterns=wanted))
    except Exception as exc:  # the hub, its client and the network below it each have errors of their own
        place = Path(constants.HF_HUB_CACHE) / f"models--{model.replace('/', '--')}"
        raise UsageError(
            f"the weights of {model} are not in {place} and could not be downloaded "
            f"({reason(exc)}){how_to_get(model)}"
        ) from exc


def read_config(folder: Path) -> Config:
    """What the checkpoint in a directory is.

    Raises
    ------
    UsageError
        When there is no config, or it is not of a 12 Hz tokenizer.
    """
    path = folder / "config.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"there is no config.json in {folder}{how_to_get(MODEL)}") from None
    except (OSError, ValueError) as exc:
        raise UsageError(f"{path} cannot be read: {exc}") from exc
    if not isinstance(content, dict):
        raise UsageError(f"{path} is not of a 12 Hz tokenizer: it holds no object")
    found = content.get("model_type")
    if found != MODEL_TYPE:
        inner = folder / INSIDE_TTS
        hint = f"; its tokenizer is in {inner}, use that as --model" if inner.is_dir() else ""
        raise UsageError(f"{path} describes a model of type {found}, not {MODEL_TYPE}{hint}")
    try:
        return _config(content)
    except (KeyError, TypeError, ValueError) as exc:
        raise UsageError(f"{path} is not of a 12 Hz tokenizer: {exc}") from exc


def _config(content: dict[str, Any]) -> Config:
    encoder = dict(content["encoder_config"])
    frame_samples = int(content["encode_downsample_rate"])
    hop = math.prod(encoder["upsampling_ratios"])
    if frame_samples != 2 * hop:  # Mimi halves the rate once more before it quantizes
        raise ValueError(f"its encoder makes a frame of {2 * hop} samples, its config says {frame_samples}")
    if not encoder.get("use_causal_conv", True):
        raise ValueError("its convolutions are not causal")
    n_layers = int(content["encoder_valid_num_quantizers"])
    if n_layers > encoder["num_quantizers"]:
        raise ValueError(f"{n_layers} layers are asked of {encoder['num_quantizers']} quantizers")
    n_semantic = int(encoder["num_semantic_quantizers"])
    if n_layers < n_semantic:
        raise ValueError(f"of {n_semantic} semantic layers it has {n_layers}")
    sample_rate = int(content["input_sample_rate"])
    if sample_rate < 1:
        raise ValueError(f"a sample rate of {sample_rate} Hz is none")
    return Config(
        encoder=encoder,
        sample_rate=sample_rate,
        frame_samples=frame_samples,
        n_layers=n_layers,
        codebook_size=int(encoder["codebook_size"]),
        n_semantic=n_semantic,
    )


@dataclass(frozen=True, slots=True)
class Tensor:
    """Where a tensor lies.

    Parameters
    ----------
    file : Path
    begin, end : int
        Its bytes in the file.
    dtype : str
        As safetensors writes it: F32, BF16.
    shape : tuple of int
    """

    file: Path
    begin: int
    end: int
    dtype: str
    shape: tuple[int, ...]


def tensors(folder: Path) -> dict[str, Tensor]:
    """The encoder's tensors, by their names without ``encoder.``, in alphabetical order.

    Raises
    ------
    UsageError
        When there are no weights, or a file of them is cut short.
    """
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise UsageError(f"there is no .safetensors file in {folder}{how_to_get(MODEL)}")
    found = {name: tensor for file in files for name, tensor in _header(file).items()}
    ours = {name.removeprefix(PREFIX): tensor for name, tensor in found.items() if name.startswith(PREFIX)}
    if not ours:
        raise UsageError(f"the weights in {folder} have no tensor whose name begins with {PREFIX}")
    return dict(sorted(ours.items()))


def _header(file: Path) -> dict[str, Tensor]:
    size = file.stat().st_size
    try:
        with file.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            if not 0 < length <= min(LONGEST_HEADER, size - 8):
                raise ValueError("its header is damaged")
            header = json.loads(stream.read(length))
        header.pop("__metadata__", None)
        start = 8 + length
        found = {
            name: Tensor(
                file,
                start + entry["data_offsets"][0],
                start + entry["data_offsets"][1],
                entry["dtype"],
                tuple(entry["shape"]),
            )
            for name, entry in header.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
        raise UsageError(f"{file} is not a whole safetensors file: {exc}") from exc
    missing = max((tensor.end for tensor in found.values()), default=0) - size
    if missing > 0:
        raise UsageError(f"{file} is cut short: {missing} bytes are missing; get it again")
    return found


def revision(config: Config, found: dict[str, Tensor]) -> str:
    """Eight hexadecimal digits that change with the encoder's weights, however they are split into files."""
    settings = (config.encoder, config.n_layers, config.sample_rate, config.frame_samples)
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    maps: dict[Path, mmap.mmap] = {}
    try:
        for name, tensor in found.items():
            if tensor.file not in maps:
                with tensor.file.open("rb") as stream:
                    maps[tensor.file] = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
            digest.update(f"{name} {tensor.dtype} {tensor.shape}".encode())
            digest.update(maps[tensor.file][tensor.begin : tensor.end])
    finally:
        for mapped in maps.values():
            mapped.close()
    return digest.hexdigest()[:8]
