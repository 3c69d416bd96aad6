"""Codes of many recordings in one file, to be read by training programs and by `audiosearch tokens`.

A cache is a ``.safetensors`` or ``.pt`` file. Each recording is an int16 array, shape
(n_layers, n_frames), under the whole path that it was read from: 1.4 MB an hour for 16 layers at 12.5
frames a second. Beside them stand the tokenizer's name with its revision, and the versions of the libraries
that computed them. A cache belongs to one tokenizer. Reading maps the file into memory: what is not asked for
is not read.
"""

import functools
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from audiosearch import locks
from audiosearch.errors import CacheError, UsageError
from audiosearch.files import is_file
from audiosearch.types import Codes, Int16

if TYPE_CHECKING:
    from audiosearch.interfaces import Tokenizer

FORMAT = "audiosearch-tokens-1"
SUFFIXES = (".safetensors", ".pt")
LIBRARIES = ("audiosearch", "torch", "transformers", "numpy", "av", "soxr")


@dataclass(frozen=True, slots=True)
class Header:
    """What a cache says of itself.

    Parameters
    ----------
    tokenizer : str
        Name, with its revision.
    n_layers, codebook_size : int
    frame_rate : float
        Frames per second.
    sample_rate : int
        That the tokenizer heard, in hertz.
    versions : str
        Of the libraries that computed the codes: "torch 2.11.0, transformers 4.57.3, ...".
    sources : mapping of str to str
        What tells whether the file of a recording, by its name, has changed since: its size and time.
    """

    tokenizer: str
    n_layers: int
    codebook_size: int
    frame_rate: float
    sample_rate: int
    versions: str
    sources: Mapping[str, str] = field(default_factory=dict)


class Cache:
    """An open cache.

    Parameters
    ----------
    path : Path
    header : Header
    lengths : dict of str to int
        Frames of each recording, by its name.
    """

    def __init__(self, path: Path, header: Header, lengths: dict[str, int]) -> None:
        self.path = path
        self.header = header
        self.lengths = lengths

    def read(self, name: str, start: int = 0, stop: int | None = None) -> Int16:
        """Frames ``start`` to ``stop`` of a recording, shape (n_layers, n_frames).

        Raises
        ------
        CacheError
            When the cache does not hold it.
        """
        if name not in self.lengths:
            raise CacheError(f"{self.path} holds no recording called {name}")
        start, stop, _ = slice(start, stop).indices(self.lengths[name])
        if start >= stop:  # safetensors takes it for an error
            return np.zeros((self.header.n_layers, 0), np.int16)
        array: Int16
        if self.path.suffix == ".pt":
            array = self._file["codes"][name][:, start:stop].numpy().copy()
        else:
            array = self._file.get_slice(name)[:, start:stop]
        return array

    @functools.cached_property
    def _file(self) -> Any:
        """The file, mapped into memory."""
        if self.path.suffix == ".pt":
            import torch

            return torch.load(self.path, mmap=True, weights_only=True)
        from safetensors import safe_open

        return safe_open(self.path, framework="numpy")

    def codes(self, name: str) -> Codes:
        """All of a recording."""
        return Codes(self.read(name), self.header.frame_rate, self.header.codebook_size)

    def __iter__(self) -> Iterator[str]:
        return iter(self.lengths)


def header_of(tokenizer: "Tokenizer", n_layers: int | None = None) -> Header:
    """What the cache of a tokenizer says of itself; ``n_layers`` where only the first are kept."""
    return Header(
        tokenizer.name,
        n_layers or tokenizer.n_layers,
        tokenizer.codebook_size,
        tokenizer.frame_rate,
        tokenizer.sample_rate,
        versions(),
    )


def versions() -> str:
    """The installed libraries that codes depend on."""
    found = []
    for library in LIBRARIES:
        try:
            found.append(f"{library} {version(library)}")
        except PackageNotFoundError:
            continue
    return ", ".join(found)


def require_suffix(path: Path) -> None:
    """Refuse a name that tells no format.

    Raises
    ------
    UsageError
    """
    if path.suffix not in SUFFIXES:
        raise UsageError(f"{path} must end in {' or '.join(SUFFIXES)}")


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """While a cache is added to: what two processes added at once, one of them would lose.

    Raises
    ------
    CacheError
        When another process adds to it, or nothing can be written there.
    """
    lock = path.with_name(f".{path.name}.lock")
    try:
        file = locks.take(lock)
    except locks.HeldError as exc:
        raise CacheError(
            f"{path} is in use by process {exc.holder}; wait for it to end or give another --out"
        ) from exc
    except locks.RemovedError as exc:
        raise CacheError(f"{path} was in use until now; run the same command again") from exc
    except OSError as exc:
        raise CacheError(f"{path} cannot be written: {exc.strerror or exc}") from exc
    with file:
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)


def _beside(path: Path) -> Path:
    """Where a cache lies while it is written."""
    return path.with_name(f".{path.name}.{os.getpid()}")


def require_tokenizer(cache: Cache, name: str) -> None:
    """Refuse a cache of another tokenizer.

    Raises
    ------
    CacheError
    """
    if cache.header.tokenizer != name:
        raise CacheError(f"{cache.path} was made with {cache.header.tokenizer}, not {name}")


def write(path: Path, header: Header, arrays: Mapping[str, Int16]) -> None:
    """Write a cache; one that is there is replaced when the new one is whole.

    Raises
    ------
    CacheError
        When it cannot be written.
    """
    require_suffix(path)
    metadata = {"format": FORMAT, **{key: json.dumps(value) for key, value in asdict(header).items()}}
    beside = _beside(path)
    try:
        with beside.open("wb") as file:
            save = _save_pt if path.suffix == ".pt" else _save_safetensors
            save(file, metadata, arrays)
        beside.replace(path)
    except OSError as exc:
        raise CacheError(f"{path} cannot be written: {exc.strerror or exc}") from exc
    finally:
        beside.unlink(missing_ok=True)


def open_cache(path: Path) -> Cache:
    """Read what a cache holds, not yet the codes.

    Raises
    ------
    CacheError
        When it is not there, or is no cache.
    """
    require_suffix(path)
    if not is_file(path):
        raise CacheError(f"there is no token cache at {path}; audiosearch tokens encode makes one")
    try:
        metadata, lengths = _pt_content(path) if path.suffix == ".pt" else _safetensors_content(path)
        if metadata.pop("format", None) != FORMAT:
            raise ValueError("it holds something else")
        header = Header(**{key: json.loads(value) for key, value in metadata.items()})
    except Exception as exc:  # each format has errors of its own
        raise CacheError(f"{path} is no token cache: {exc}") from exc
    return Cache(path, header, lengths)


def _safetensors_content(path: Path) -> tuple[dict[str, str], dict[str, int]]:
    from safetensors import safe_open

    with safe_open(path, framework="numpy") as file:
        lengths = {name: int(file.get_slice(name).get_shape()[1]) for name in file.keys()}  # noqa: SIM118
        return dict(file.metadata() or {}), lengths


def _pt_content(path: Path) -> tuple[dict[str, str], dict[str, int]]:
    import torch

    content = torch.load(path, mmap=True, weights_only=True)
    return dict(content["metadata"]), {name: int(c.shape[1]) for name, c in content["codes"].items()}


def _save_pt(file: BinaryIO, metadata: dict[str, str], arrays: Mapping[str, Int16]) -> None:
    import torch

    codes = {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in arrays.items()}
    torch.save({"metadata": metadata, "codes": codes}, file)


def _save_safetensors(file: BinaryIO, metadata: dict[str, str], arrays: Mapping[str, Int16]) -> None:
    from safetensors.numpy import save

    file.write(save({name: np.ascontiguousarray(array) for name, array in arrays.items()}, metadata))
