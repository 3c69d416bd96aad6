"""The weights as they are shipped: matrices in 8 bits, with one scale a row; safetensors, gzipped.

A matrix ``name`` is stored as ``name`` (int8) and ``name.scale`` (float32, one for each index of the
first axis); everything else as it is. What training computed the weights from, and the phones that the
spelling layer spells, stand in the file's metadata.
"""

import functools
import gzip
import hashlib
import importlib.resources
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load, save

from audiosearch.types import Float32

FILE = "weights.safetensors.gz"
SCALE = ".scale"


def write(path: Path, weights: Mapping[str, Float32], origin: Mapping[str, str]) -> None:
    """Write weights, rounded to 8 bits.

    Parameters
    ----------
    path : Path
    weights : mapping of str to np.ndarray
    origin : mapping of str to str
        The command, commit and data that they came from.
    """
    stored: dict[str, npt.NDArray[np.generic]] = {}
    for name, array in weights.items():
        if array.ndim < 2:
            stored[name] = array.astype(np.float32)
            continue
        axes = tuple(range(1, array.ndim))
        scale = np.maximum(np.abs(array).max(axis=axes, keepdims=True) / 127, 1e-12)
        stored[name] = np.round(array / scale).astype(np.int8)
        stored[name + SCALE] = scale.ravel().astype(np.float32)
    path.write_bytes(gzip.compress(save(stored, metadata=dict(origin)), mtime=0))


def read(content: bytes) -> dict[str, Float32]:
    """The weights in a file's content, as float32."""
    stored = load(gzip.decompress(content))
    weights = {}
    for name, array in stored.items():
        if name.endswith(SCALE):
            continue
        weights[name] = array.astype(np.float32)
        if name + SCALE in stored:
            weights[name] *= stored[name + SCALE].reshape(-1, *(1,) * (array.ndim - 1))
    return weights


def shipped(file: str = FILE) -> dict[str, Float32]:
    """The weights in the package; read anew each time, since what uses them keeps them."""
    return read(_content(file))


@functools.cache
def metadata(file: str = FILE) -> dict[str, str]:
    """What is said of the weights in the package."""
    content = gzip.decompress(_content(file))
    size = int.from_bytes(content[:8], "little")
    told: dict[str, str] = json.loads(content[8 : 8 + size])["__metadata__"]
    return told


@functools.cache
def revision() -> str:
    """Eight hexadecimal digits that change with the weights that codes are made by."""
    return hashlib.sha256(_content()).hexdigest()[:8]


def _content(file: str = FILE) -> bytes:
    return (importlib.resources.files(__package__) / file).read_bytes()
