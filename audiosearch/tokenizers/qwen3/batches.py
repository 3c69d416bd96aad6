"""Waveforms to batches: long ones in chunks with what was before, those of like length together.

    frames   0           750          1500    1900
    windows  |-----------|
                      |++|-------------|              + heard, but its codes are not kept
                                    |++|-------|

The same waveform gives the same windows whatever else is encoded with it.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from audiosearch import frames
from audiosearch.buckets import buckets
from audiosearch.types import Float32, Waveform

CHUNK = 750  # token frames: 60 s; what is no longer is encoded in one piece
CONTEXT = 125  # token frames: 10 s, as far back as Mimi was trained to look


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of one waveform that is encoded in one piece.

    Parameters
    ----------
    waveform : int
        Which one.
    first : int
        The frame that hearing begins with.
    begin, end : int
        The frames whose codes are kept.
    n_samples : int
        How many are heard, from frame ``first`` on.
    """

    waveform: int
    first: int
    begin: int
    end: int
    n_samples: int


def windows(
    waveforms: Sequence[Waveform],
    frame_rate: float,
    frame_samples: int,
    chunk: int = CHUNK,
    context: int = CONTEXT,
) -> Iterator[Window]:
    """The windows of all waveforms, in order."""
    for number, waveform in enumerate(waveforms):
        n_samples = len(waveform.samples)
        n_frames = frames.count(n_samples, waveform.sample_rate, frame_rate)
        for begin in range(0, n_frames, chunk):
            first, end = max(0, begin - context), min(begin + chunk, n_frames)
            heard = min(end * frame_samples, n_samples) - first * frame_samples
            yield Window(number, first, begin, end, heard)


def batches(found: Sequence[Window], longest: int) -> list[list[Window]]:
    """Windows of like length together, the longest first, so that memory that suffices once suffices.

    None is shorter than half of the longest in its batch: of what a GPU computes, little is padding.

    Parameters
    ----------
    found : sequence of Window
    longest : int
        Samples of a batch with its padding; a window that is longer is a batch of its own.
    """
    longest_first = sorted(found, key=lambda w: (-w.n_samples, w.waveform, w.begin))
    alike = itertools.groupby(longest_first, key=lambda window: window.n_samples.bit_length())
    return [batch for _, group in alike for batch in buckets(group, lambda window: window.n_samples, longest)]


def padded(batch: Sequence[Window], waveforms: Sequence[Waveform], frame_samples: int) -> Float32:
    """What a batch hears, shape (n_windows, n_samples of the longest), zeros behind the shorter ones."""
    samples = np.zeros((len(batch), max(window.n_samples for window in batch)), np.float32)
    for row, window in zip(samples, batch, strict=True):
        start = window.first * frame_samples
        row[: window.n_samples] = waveforms[window.waveform].samples[start : start + window.n_samples]
    return samples
