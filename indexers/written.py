"""What a process has written of a recording, and how many clips have each code.

A store on a server can be written by several processes, any of which can end at any moment. What one
of them has put is remembered here until the recording is finished: then the server is asked whether
it holds just that. The document frequencies of the recording are kept beside it, so that the weights
of a tf-idf query can be had without reading the clips.
"""

import base64
import zlib
from collections.abc import Iterable

import numpy as np

from audiosearch.errors import StoreError
from audiosearch.representations import inverse_document_frequency
from audiosearch.types import Entry, Float32
from indexers.payload import anchor_id


class Written:
    """The clips of one recording that were put."""

    def __init__(self) -> None:
        self._clips: dict[str, tuple[int, np.ndarray]] = {}  # id: number of anchors, codes that occur

    def add(self, entry: Entry) -> None:
        """A clip was put; an earlier one of its id is replaced."""
        self._clips[entry.clip.id] = len(entry.anchors), np.flatnonzero(entry.histogram)

    @property
    def clips(self) -> list[str]:
        """Their ids."""
        return list(self._clips)

    @property
    def count(self) -> tuple[int, int]:
        """How many clips and anchors."""
        return len(self._clips), sum(n for n, _ in self._clips.values())

    def require(self, has: tuple[int, int], recording: str, place: str) -> None:
        """Refuse a server that holds more or less of the recording.

        Raises
        ------
        StoreError
        """
        if has != self.count:
            raise StoreError(
                f"the server at {place} holds {has[0]} clips and {has[1]} anchors of recording {recording} "
                f"where {self.count[0]} and {self.count[1]} were written: another process writes or removes "
                "the same recording; run the same command again"
            )

    def anchors(self, clips: Iterable[str]) -> list[str]:
        """Ids of the anchors of some of them."""
        return [anchor_id(clip, i) for clip in clips for i in range(self._clips[clip][0])]

    def frequencies(self, codebook_size: int) -> str:
        """In how many of them each code occurs, packed as text."""
        counts = np.zeros(codebook_size + 1, np.uint32)
        for _, codes in self._clips.values():
            counts[codes] += 1
            counts[-1] += 1
        return base64.b64encode(zlib.compress(counts.tobytes())).decode("ascii")


def weights(packed: Iterable[str], codebook_size: int) -> Float32:
    """Inverse document frequencies over all clips of some recordings.

    Parameters
    ----------
    packed : iterable of str
        The frequencies of each recording.
    codebook_size : int
    """
    total = np.zeros(codebook_size + 1, np.int64)
    for text in packed:
        total += np.frombuffer(zlib.decompress(base64.b64decode(text)), np.uint32)
    return inverse_document_frequency(int(total[-1]), total[:-1].astype(np.float32))
