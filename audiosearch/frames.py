"""Frames to seconds and back: the one place where this arithmetic is done.

Frame ``i`` covers ``i / frame_rate <= t < (i + 1) / frame_rate``.

    time    0.00     0.08     0.16     0.24        at 12.5 frames a second
            |--------|--------|--------|
    frame       0        1        2
"""

import math

from audiosearch.types import ANCHOR_FRAMES


def count(n_samples: int, sample_rate: int, frame_rate: float) -> int:
    """How many frames cover ``n_samples``; the last one may be partly filled.

    A frame rate that is not a whole number of samples is not known to the last bit: a billionth of a frame
    is none.

    >>> count(16000, 16000, 12.5), count(16001, 16000, 12.5), count(0, 16000, 12.5)
    (13, 13, 0)
    """
    return math.ceil(n_samples * frame_rate / sample_rate - 1e-9)


def to_seconds(frame: float, frame_rate: float) -> float:
    """When a frame begins."""
    return frame / frame_rate


def at(seconds: float, frame_rate: float) -> int:
    """The frame in which a moment lies; a moment within 1 us before a frame counts as in it.

    >>> at(0.08, 12.5), at(0.0799, 12.5)
    (1, 0)
    """
    return math.floor((seconds + 1e-6) * frame_rate)


def window_starts(n_frames: int, hop: int) -> range:
    """First frames of the full windows that fit into ``n_frames``.

    >>> list(window_starts(25, hop=10)), list(window_starts(9, hop=10))
    ([0, 10], [])
    """
    if hop < 1:
        raise ValueError(f"a hop must be at least 1 frame, got {hop}")
    return range(0, n_frames - ANCHOR_FRAMES + 1, hop)
