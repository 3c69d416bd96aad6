"""Where is this phrase said? Find a spoken example in everything that is stored.

The example's frames are laid along the stored ones by dynamic time warping (Sakoe and Chiba 1978), the
example as a whole anywhere in a recording: every frame of it is used once, and the recording may run
at half to twice its pace. What is found is judged against everything else that is stored.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from audiosearch.calibration import Background
from audiosearch.errors import AudioError
from audiosearch.frames import to_seconds
from audiosearch.interfaces import Store, Tokenizer
from audiosearch.representations import unit
from audiosearch.types import Codes, Float32, Match, Recording, Segment, Waveform

SHORTEST = 3  # frames: less is no phrase


def locate(
    store: Store,
    tokenizer: Tokenizer,
    waveform: Waveform,
    limit: int = 10,
    recordings: Sequence[Recording] | None = None,
) -> list[Match]:
    """Where the stored recordings say what the example says.

    Parameters
    ----------
    store : Store
    tokenizer : Tokenizer
        The one that the store was made with.
    waveform : Waveform
        The phrase, spoken, without long silence before or behind it; at the tokenizer's rate.
    limit : int
    recordings : sequence of Recording, optional
        Search these alone.

    Returns
    -------
    list of Match
        Likeliest first, no two overlapping. The score is the mean likeness of the frames; the
        probability is calibrated on the recordings searched (`audiosearch.calibration`).

    Raises
    ------
    AudioError
        When the example is shorter than 3 frames.
    """
    codes = tokenizer.encode([waveform])[0]
    if codes.n_frames < SHORTEST:
        raise AudioError(f"an example of {waveform.duration:.2f} s is too short to be found")
    likeness = _likeness(codes, tokenizer)
    searched = store.recordings() if recordings is None else recordings
    peaks = [peak for recording in searched for peak in _peaks(store, recording.id, likeness)]
    background = Background.fit(np.array([peak.score for peak in peaks]))
    peaks.sort(key=lambda peak: -peak.score)
    whole = Segment(0.0, to_seconds(codes.n_frames, codes.frame_rate))
    return [
        Match(
            recording=peak.recording,
            query=whole,
            reference=peak.segment,
            rate=peak.segment.duration / whole.duration,
            score=peak.score,
            probability=background.probability(peak.score),
        )
        for peak in peaks[:limit]
    ]


@dataclass(frozen=True, slots=True)
class _Peak:
    recording: str
    segment: Segment
    score: float


def _likeness(example: Codes, tokenizer: Tokenizer) -> dict[int, Float32]:
    """For each layer of speech, how alike each frame of the example is to each code.

    Arrays of shape (n_example_frames, codebook_size): cosines of what the codes stand for.
    """
    likeness = {}
    for layer in tokenizer.speech_layers:
        codebook = unit(tokenizer.codebooks[layer])
        likeness[layer] = codebook[example.array[layer]] @ codebook.T
    return likeness


def _peaks(store: Store, recording: str, likeness: dict[int, Float32]) -> list[_Peak]:
    """The best places in a recording, none overlapping another."""
    clips = list(store.codes(recording))
    if not clips:
        return []
    frame = to_seconds(1, clips[0][1].frame_rate)
    times = np.concatenate([clip.segment.start + frame * np.arange(codes.n_frames) for clip, codes in clips])
    codes = np.concatenate([codes.array for _, codes in clips], axis=1)
    per_layer = [table[:, codes[layer]] for layer, table in likeness.items()]
    scores, starts = warp(np.mean(per_layer, axis=0))
    return [
        _Peak(recording, Segment(float(times[starts[end]]), float(times[end]) + frame), float(scores[end]))
        for end in apart(scores, starts, reach=max(1, len(per_layer[0]) // 2))
    ]


def warp(cosines: Float32) -> tuple[Float32, npt.NDArray[np.int64]]:
    """The best path that ends at each stored frame.

    A path takes every example frame once and moves on in the recording by 1 frame each time, by 2
    (the recording is slower) or by 1 for two example frames (it is faster).

    Parameters
    ----------
    cosines : np.ndarray, shape (n_example_frames, n_stored_frames)

    Returns
    -------
    scores : np.ndarray, shape (n_stored_frames,), float32
        Mean cosine along the best path; -inf where no path can end.
    starts : np.ndarray, shape (n_stored_frames,), int64
        The stored frame in which that path begins.
    """
    n_example, n_stored = cosines.shape
    nowhere = np.full(n_stored, -np.inf, np.float32)
    here = np.arange(n_stored)
    rows = [(nowhere, here), (cosines[0], here)]  # the row before the last, the last
    for i in range(1, n_example):
        (before_last, their_starts), (last, starts) = rows
        options = [
            (_shift(last, 1), _shift(starts, 1)),
            (_shift(last, 2), _shift(starts, 2)),
            (_shift(before_last, 1) + cosines[i - 1], _shift(their_starts, 1)),
        ]
        totals = np.stack([total for total, _ in options])
        chosen = totals.argmax(axis=0)
        begins = np.stack([begin for _, begin in options])[chosen, here]
        rows = [rows[1], (totals[chosen, here] + cosines[i], begins)]
    totals, starts = rows[1]
    return (totals / n_example).astype(np.float32), starts


def apart(scores: Float32, starts: npt.NDArray[np.int64], reach: int = 1) -> list[int]:
    """Ends of the best paths that share no frame, best first (non-maximum suppression).

    Parameters
    ----------
    scores : np.ndarray, shape (n_stored_frames,)
    starts : np.ndarray, shape (n_stored_frames,)
    reach : int
        Frames that every path covers at least: of so many ends in a row one alone is looked at.
    """
    taken = np.zeros(len(scores), bool)
    chosen: list[int] = []
    padded = np.pad(scores, (0, -len(scores) % reach), constant_values=-np.inf).reshape(-1, reach)
    ends = padded.argmax(axis=1) + reach * np.arange(len(padded))
    for end in ends[np.argsort(-scores[ends], kind="stable")].tolist():
        if not np.isfinite(scores[end]):
            break
        if not taken[starts[end] : end + 1].any():
            taken[starts[end] : end + 1] = True
            chosen.append(end)
    return chosen


def _shift(row: np.ndarray, by: int) -> np.ndarray:
    """Moved to the right; what enters from the left is -inf, or 0 in a row of integers."""
    moved = np.full_like(row, -np.inf if row.dtype.kind == "f" else 0)
    moved[by:] = row[:-by] if by < len(row) else row[:0]
    return moved
