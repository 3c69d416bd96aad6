"""The codes of all that is searched, one recording behind the other."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from audiosearch.frames import to_seconds
from audiosearch.interfaces import Speller, Store
from audiosearch.types import Float32, Int16, Int64, Recording, Segment


@dataclass(frozen=True, eq=False, slots=True)
class Archive:
    """Frames of many recordings: what is said lies within one stretch of them.

    Parameters
    ----------
    recordings : list of str
        Of each stretch without a gap, the id of its recording; most recordings are one stretch.
    bounds : np.ndarray, shape (n_stretches + 1,), int64
        The frames of stretch i are ``bounds[i]`` to ``bounds[i + 1]``.
    codes : np.ndarray, shape (n_layers, n_frames), int16
    times : np.ndarray, shape (n_frames,), float64
        Where each frame begins in its recording, in seconds.
    frame : float
        Length of a frame, in seconds.
    gains : dict
        By tokenizer: what `queries.phrases` takes off the evidence of any phrase, kept for the next one.
    """

    recordings: list[str]
    bounds: Int64
    codes: Int16
    times: npt.NDArray[np.float64]
    frame: float
    gains: dict[Speller, Float32] = field(default_factory=dict)

    @classmethod
    def of(cls, store: Store, recordings: Sequence[Recording], layers: range) -> "Archive":
        """What is stored of some recordings, of some layers."""
        frame = to_seconds(1, store.schema.frame_rate)
        owners: list[str] = []
        sizes = [0]
        codes: list[Int16] = [np.zeros((len(layers), 0), np.int16)]
        times: list[np.ndarray] = [np.zeros(0)]
        for recording in recordings:
            end = -np.inf
            for clip, clip_codes in store.codes(recording.id):
                if clip.segment.start > end + frame:
                    owners.append(recording.id)
                    sizes.append(0)
                sizes[-1] += clip_codes.n_frames
                codes.append(clip_codes.array[layers.start : layers.stop])
                times.append(clip.segment.start + frame * np.arange(clip_codes.n_frames))
                end = clip.segment.end
        return cls(owners, np.cumsum(sizes), np.concatenate(codes, axis=1), np.concatenate(times), frame)

    @property
    def n_frames(self) -> int:
        """Of all recordings."""
        return len(self.times)

    def stretch_of(self, frame: float) -> int:
        """The number of the stretch that a frame belongs to."""
        return int(np.searchsorted(self.bounds, frame, side="right")) - 1

    def segment(self, first: float, last: int) -> Segment:
        """From the beginning of one frame, or so far into it, to the end of another."""
        start = float(self.times[int(first)]) + first % 1 * self.frame
        return Segment(start, float(self.times[last]) + self.frame)
