"""From one store into another, recording by recording.

A recording that the target holds is passed over, so a copy that was cut short is simply run again.
Afterwards both are read and compared: clip by clip what is kept exactly, by checksum; vectors within
the precision that stores keep them in.
"""

import dataclasses
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np

from audiosearch.interfaces import Store
from audiosearch.types import Entry, Recording
from indexers.batches import batches

CLIPS_AT_ONCE = 64
TOLERANCE = 4e-3  # of a number in a vector: half precision, and once more normalised


@dataclass(frozen=True, slots=True)
class Contents:
    """What a store holds of some recordings.

    Parameters
    ----------
    recordings, clips, anchors : int
        How many.
    checksum : str
        SHA-256 over names, times, codes and fingerprints, hexadecimal.
    """

    recordings: int
    clips: int
    anchors: int
    checksum: str


def copy(source: Store, target: Store) -> Iterator[tuple[Recording, bool]]:
    """Copy what the target does not hold.

    Yields
    ------
    Recording, bool
        Each recording of the source as it is done, and whether it had to be copied.
    """
    there = {recording.id: recording for recording in target.recordings()}
    for recording in source.recordings():
        is_new = there.get(recording.id) != recording
        if is_new:
            for some in batches(source.entries(recording.id), CLIPS_AT_ONCE):
                target.put(some)
            target.finish(recording)
        yield recording, is_new


def compare(source: Store, target: Store) -> tuple[Contents, Contents, list[str]]:
    """Read the recordings of the source in both stores.

    Returns
    -------
    source, target : Contents
    different : list of str
        Names of the recordings that are not the same in both.
    """
    there = {recording.id: recording for recording in target.recordings()}
    ours, theirs = _Reading(), _Reading()
    different = []
    for recording in source.recordings():
        other = there.get(recording.id)
        same = _same(source, target, recording, ours, theirs)
        if recording != other or not same:
            different.append(recording.name)
        ours.add_recording(recording)
        if other is not None:
            theirs.add_recording(other)
    return ours.contents(), theirs.contents(), different


class _Reading:
    """Counts and checksum of what has been read so far."""

    def __init__(self) -> None:
        self._recordings = self._clips = self._anchors = 0
        self._sum = hashlib.sha256()

    def add_recording(self, recording: Recording) -> None:
        self._recordings += 1
        self._sum.update(repr(dataclasses.astuple(recording)).encode())

    def add(self, entry: Entry) -> None:
        self._clips += 1
        self._anchors += len(entry.anchors)
        self._sum.update(repr((entry.clip, entry.fingerprint, entry.hop, entry.anchors.shape)).encode())
        self._sum.update(np.ascontiguousarray(entry.codes.array).tobytes())

    def contents(self) -> Contents:
        return Contents(self._recordings, self._clips, self._anchors, self._sum.hexdigest())


def _same(source: Store, target: Store, recording: Recording, ours: _Reading, theirs: _Reading) -> bool:
    same = True
    for mine, other in zip_longest(source.entries(recording.id), target.entries(recording.id)):
        if mine is not None:
            ours.add(mine)
        if other is not None:
            theirs.add(other)
        same = same and mine is not None and other is not None and _equal(mine, other)
    return same


def _equal(one: Entry, other: Entry) -> bool:
    return (
        one.clip == other.clip
        and one.fingerprint == other.fingerprint
        and np.array_equal(one.codes.array, other.codes.array)
        and one.anchors.shape == other.anchors.shape
        and np.allclose(one.anchors, other.anchors, atol=TOLERANCE)
        and np.allclose(one.histogram, other.histogram, atol=TOLERANCE)
    )
