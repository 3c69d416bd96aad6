"""Token caches as a torch data set for training.

    from torch.utils.data import DataLoader

    data = TokenDataset(["train.safetensors"], crop=125)
    buckets = LengthBuckets(data.lengths, batch_frames=4000)
    for codes, lengths in DataLoader(data, batch_sampler=buckets, collate_fn=pad):
        ...

Recordings are divided into crops of at most ``crop`` frames; in each epoch a long recording is divided
elsewhere. The caches are mapped into memory; a worker process to which a data set is sent opens them itself.
"""

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import Dataset, Sampler

from audiosearch import token_cache
from audiosearch.buckets import buckets
from audiosearch.errors import CacheError, UsageError
from audiosearch.token_cache import Cache

PADDING = -1  # no code


@dataclass(frozen=True, slots=True)
class Crop:
    """A stretch of a recording.

    Parameters
    ----------
    cache : int
        Which one.
    recording : str
    start, stop : int
        Frames, as they lie before they are moved.
    room : int
        By how many frames it may be moved on.
    """

    cache: int
    recording: str
    start: int
    stop: int
    room: int


class TokenDataset(Dataset[torch.Tensor]):
    """Crops of the recordings in token caches.

    Parameters
    ----------
    caches : sequence of path
        Files of one tokenizer.
    crop : int, optional
        Longest item, in frames; by default an item is a whole recording.
    layers : sequence of int, optional
        Which layers an item has; by default all.
    shortest : int
        Recordings of fewer frames are left out.
    seed : int
        Of the places where recordings are divided.

    Raises
    ------
    CacheError
        When a cache cannot be read, or they are of several tokenizers.
    UsageError
        When there is no cache, or a crop has no frame.
    """

    def __init__(
        self,
        caches: Sequence[str | Path],
        crop: int | None = None,
        layers: Sequence[int] | None = None,
        shortest: int = 1,
        seed: int = 0,
    ) -> None:
        if crop is not None and crop < 1:
            raise UsageError(f"a crop must have at least 1 frame, not {crop}")
        self._paths = [Path(path) for path in caches]
        opened = self._caches
        for cache in opened[1:]:
            token_cache.require_tokenizer(cache, opened[0].header.tokenizer)
        self.layers = list(range(opened[0].header.n_layers) if layers is None else layers)
        self._check_layers()
        self.seed, self.epoch = seed, 0
        self.crops = [
            piece
            for number, cache in enumerate(opened)
            for name, n_frames in cache.lengths.items()
            if n_frames >= shortest
            for piece in _crops(number, name, n_frames, crop or max(1, n_frames))
        ]

    def _check_layers(self) -> None:
        for cache in self._caches:
            if wrong := [layer for layer in self.layers if not 0 <= layer < cache.header.n_layers]:
                raise CacheError(f"{cache.path} has no layer {wrong[0]}; it has {cache.header.n_layers}")

    @functools.cached_property
    def _caches(self) -> list[Cache]:
        if not self._paths:
            raise UsageError("a data set needs at least one token cache")
        return [token_cache.open_cache(path) for path in self._paths]

    def __getstate__(self) -> dict[str, object]:
        return {name: value for name, value in self.__dict__.items() if name != "_caches"}

    @property
    def lengths(self) -> list[int]:
        """Frames of each item."""
        return [piece.stop - piece.start for piece in self.crops]

    def set_epoch(self, epoch: int) -> None:
        """Divide long recordings elsewhere."""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.crops)

    def __getitem__(self, index: int) -> torch.Tensor:
        """Codes, shape (n_layers, n_frames), int16."""
        piece = self.crops[index]
        move = int(np.random.default_rng((self.seed, self.epoch, index)).integers(piece.room + 1))
        array = self._caches[piece.cache].read(piece.recording, piece.start + move, piece.stop + move)
        return torch.from_numpy(np.ascontiguousarray(array[self.layers]))


def _crops(cache: int, name: str, n_frames: int, longest: int) -> Iterator[Crop]:
    """Crops of one length, and what is left over as room between them to move in."""
    number = max(1, n_frames // longest)
    length = min(longest, n_frames)
    spare = n_frames - number * length
    for i in range(number):
        before, after = i * spare // number, (i + 1) * spare // number
        start, room = i * length + before, after - before
        yield Crop(cache, name, start, start + length, room)


class LengthBuckets(Sampler[list[int]]):
    """Batches of items of like length, in random order.

    Parameters
    ----------
    lengths : sequence of int
        Frames of each item.
    batch_frames : int
        Frames of a batch with its padding; an item that is longer is a batch of its own.
    seed : int
    """

    def __init__(self, lengths: Sequence[int], batch_frames: int, seed: int = 0) -> None:
        self._lengths = np.asarray(lengths)
        self._batch_frames = batch_frames
        self.seed, self.epoch = seed, 0

    def set_epoch(self, epoch: int) -> None:
        """Another order."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[list[int]]:
        rng = np.random.default_rng((self.seed, self.epoch))
        batches = self._batches(rng)
        return iter([batches[i] for i in rng.permutation(len(batches))])

    def __len__(self) -> int:
        return len(self._batches(np.random.default_rng((self.seed, self.epoch))))

    def _batches(self, rng: np.random.Generator) -> list[list[int]]:
        order = rng.permutation(len(self._lengths))
        order = order[np.argsort(-self._lengths[order], kind="stable")]
        return buckets(order.tolist(), lambda index: int(self._lengths[index]), self._batch_frames)


def pad(items: Sequence[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """Items as one batch.

    Returns
    -------
    codes : Tensor, shape (n_items, n_layers, n_frames of the longest), int16
        `PADDING` behind the shorter ones.
    lengths : Tensor, shape (n_items,), int64
    """
    lengths = torch.tensor([item.shape[1] for item in items])
    codes = torch.full((len(items), items[0].shape[0], int(lengths.max())), PADDING, dtype=torch.int16)
    for row, item in zip(codes, items, strict=True):
        row[:, : item.shape[1]] = item
    return codes, lengths
