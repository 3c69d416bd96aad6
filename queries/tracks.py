"""Stored codes as tracks of frame vectors, ready to be compared with a query's."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from audiosearch.alignment import Track
from audiosearch.frames import to_seconds
from audiosearch.interfaces import Store, Tokenizer
from audiosearch.representations import unit, vectors
from audiosearch.types import Clip, Codes, Segment


def track(codes: Codes, tokenizer: Tokenizer, layers: Iterable[int], start: float = 0.0) -> Track:
    """The frame vectors that some layers of codes stand for; the first frame begins at ``start``."""
    times = start + to_seconds(1, codes.frame_rate) * np.arange(codes.n_frames, dtype=np.float64)
    return Track(times, unit(vectors(codes, tokenizer.codebooks, layers)))


def interleaved(tracks: Sequence[Track]) -> Track:
    """The frames of tracks of the same sound as one."""
    times = np.concatenate([track.times for track in tracks])
    order = np.argsort(times, kind="stable")
    return Track(times[order], np.concatenate([track.vectors for track in tracks])[order])


def stored_track(
    store: Store, tokenizer: Tokenizer, layers: Iterable[int], recording: str, within: Segment
) -> Track:
    """The same for what is stored of a part of a recording: its clips one behind the other."""
    return stored_tracks(store, tokenizer, [layers], recording, within)[0]


def stored_tracks(
    store: Store,
    tokenizer: Tokenizer,
    kinds: Sequence[Iterable[int]],
    recording: str,
    within: Segment,
) -> list[Track]:
    """A track for each kind of layers, of what is read once."""
    parts = [_part(clip, codes, within) for clip, codes in store.codes(recording, within)]
    return [
        joined([track(codes, tokenizer, layers, start) for start, codes in parts], tokenizer)
        for layers in kinds
    ]


def joined(tracks: Sequence[Track], tokenizer: Tokenizer) -> Track:
    """Tracks of one sound, one behind the other."""
    dim = tokenizer.codebooks.shape[2]
    return Track(
        np.concatenate([np.zeros(0), *(t.times for t in tracks)]),
        np.concatenate([np.zeros((0, dim), np.float32), *(t.vectors for t in tracks)]),
    )


def _part(clip: Clip, codes: Codes, within: Segment) -> tuple[float, Codes]:
    """The codes of a clip that lie in a segment, and when they begin."""
    rate = codes.frame_rate
    first = max(0, math.floor((within.start - clip.segment.start) * rate))
    after = max(first, math.ceil((within.end - clip.segment.start) * rate) + 1)
    start = clip.segment.start + to_seconds(first, rate)
    return start, replace(codes, array=codes.array[:, first:after])
