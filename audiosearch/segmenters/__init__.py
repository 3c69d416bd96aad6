r"""Finding speech: from a probability per frame to stretches of speech.

One file per detector; what they share is the decision, made here. Speech begins where the
probability rises to ``onset`` and ends where it falls below ``offset`` (hysteresis); pauses shorter
than ``min_silence`` are closed, then speech shorter than ``min_speech`` is dropped, then each stretch
is widened by ``pad``. The defaults are those of silero-vad.

    probability   ____/~~~~\_/~~~~~~\________/~\____
    speech            |-------------|         too short: dropped
                            ^ a pause shorter than min_silence
"""

from dataclasses import dataclass

import numpy as np

from audiosearch.errors import UsageError
from audiosearch.types import Float32, Segment


@dataclass(frozen=True, slots=True)
class Decision:
    """When sound counts as speech; probabilities and seconds.

    Parameters
    ----------
    onset, offset : float
        Probability at which speech begins, and below which it ends.
    min_speech, min_silence, pad : float
        Seconds.
    """

    onset: float = 0.5
    offset: float = 0.35
    min_speech: float = 0.25
    min_silence: float = 0.1
    pad: float = 0.03

    def __post_init__(self) -> None:
        if not 0 <= self.offset <= self.onset <= 1:
            raise UsageError(
                f"voice activity needs 0 <= offset <= onset <= 1, got {self.offset} and {self.onset}"
            )
        for seconds in (self.min_speech, self.min_silence, self.pad):
            if not seconds >= 0:
                raise UsageError(
                    f"minimum speech, minimum silence and padding must be 0 s or more, got {seconds}"
                )


def decide(probabilities: Float32, frame: float, duration: float, decision: Decision) -> list[Segment]:
    """Stretches of speech, in order and apart.

    Parameters
    ----------
    probabilities : np.ndarray, shape (n_frames,)
        That each frame holds speech.
    frame : float
        Length of a frame in seconds.
    duration : float
        Of the sound in seconds; nothing reaches beyond it.
    decision : Decision
    """
    runs = [Segment(a * frame, min(b * frame, duration)) for a, b in _hysteresis(probabilities, decision)]
    joined = merge(runs, decision.min_silence)
    long_enough = [run for run in joined if run.duration >= decision.min_speech]
    padded = [
        Segment(max(0.0, run.start - decision.pad), min(duration, run.end + decision.pad))
        for run in long_enough
    ]
    return merge(padded, 0.0)


def merge(segments: list[Segment], pause: float) -> list[Segment]:
    """The segments, in order, with those joined that lie less than ``pause`` apart or overlap.

    >>> merge([Segment(0, 1), Segment(1.05, 2), Segment(3, 4)], pause=0.1)
    [Segment(start=0, end=2), Segment(start=3, end=4)]
    """
    merged: list[Segment] = []
    for segment in sorted(segments):
        if merged and (segment.start - merged[-1].end < pause or segment.start <= merged[-1].end):
            merged[-1] = Segment(merged[-1].start, max(merged[-1].end, segment.end))
        else:
            merged.append(segment)
    return merged


def _hysteresis(probabilities: Float32, decision: Decision) -> list[tuple[int, int]]:
    """First frame and the frame after the last of each run that rose to onset."""
    alive = np.concatenate([[False], probabilities >= decision.offset, [False]])
    edges = np.flatnonzero(np.diff(alive.astype(np.int8)))
    risen = np.flatnonzero(probabilities >= decision.onset)
    runs = []
    for begin, end in edges.reshape(-1, 2):
        at = np.searchsorted(risen, begin)
        if at < len(risen) and risen[at] < end:
            runs.append((int(risen[at]), int(end)))
    return runs
