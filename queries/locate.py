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

Int64 = npt.NDArray[np.int64]

SHORTEST = 3  # frames: less is no phrase
LISTEN = 0.01  # seconds over which loudness is measured
SILENT = 10 ** (-35 / 10)  # of the loudest moment's power
MARGIN = 4  # of those moments left on either side
BLUR = 3  # frames by which the ends of several examples may differ


def locate(
    store: Store,
    tokenizer: Tokenizer,
    examples: Sequence[Waveform],
    limit: int = 10,
    recordings: Sequence[Recording] | None = None,
) -> list[Match]:
    """Where the stored recordings say what the examples say.

    Parameters
    ----------
    store : Store
    tokenizer : Tokenizer
        The one that the store was made with.
    examples : sequence of Waveform
        The same phrase, spoken once or by several voices; at the tokenizer's rate.
    limit : int
    recordings : sequence of Recording, optional
        Search these alone.

    Returns
    -------
    list of Match
        Likeliest first, no two overlapping. The score is the mean likeness of the frames, of all
        examples; the
        probability is calibrated on the recordings searched (`audiosearch.calibration`).

    Raises
    ------
    AudioError
        When an example is shorter than 3 frames.
    """
    spoken = tokenizer.encode([trimmed(example) for example in examples])
    if min(codes.n_frames for codes in spoken) < SHORTEST:
        shortest = min(example.duration for example in examples)
        raise AudioError(f"an example of {shortest:.2f} s is too short to be found")
    likenesses = [_likeness(codes, tokenizer) for codes in spoken]
    searched = store.recordings() if recordings is None else recordings
    peaks = [peak for recording in searched for peak in _peaks(store, recording.id, likenesses)]
    background = Background.fit(np.array([peak.score for peak in peaks]))
    peaks.sort(key=lambda peak: -peak.score)
    whole = Segment(0.0, to_seconds(spoken[0].n_frames, spoken[0].frame_rate))
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


def _peaks(store: Store, recording: str, likenesses: list[dict[int, Float32]]) -> list[_Peak]:
    """The best places in a recording, none overlapping another."""
    clips = list(store.codes(recording))
    if not clips:
        return []
    frame = to_seconds(1, clips[0][1].frame_rate)
    times = np.concatenate([clip.segment.start + frame * np.arange(codes.n_frames) for clip, codes in clips])
    codes = np.concatenate([codes.array for _, codes in clips], axis=1)
    paths = [
        warp(np.mean([table[:, codes[layer]] for layer, table in likeness.items()], axis=0))
        for likeness in likenesses
    ]
    scores, starts = fused(paths)
    shortest = min(len(table) for likeness in likenesses for table in likeness.values())
    return [
        _Peak(recording, Segment(float(times[starts[end]]), float(times[end]) + frame), float(scores[end]))
        for end in apart(scores, starts, reach=max(1, shortest // 2))
    ]


def trimmed(example: Waveform) -> Waveform:
    """Without the silence before the first and behind the last sound: it would be looked for, too."""
    size = round(LISTEN * example.sample_rate)
    blocks = example.samples[: len(example.samples) // size * size].reshape(-1, size)
    power = np.square(blocks).mean(axis=1)
    loud = np.flatnonzero(power > power.max() * SILENT) if power.any() else power[:0]
    if len(loud) == 0:
        return example
    first, after = max(0, int(loud[0]) - MARGIN), int(loud[-1]) + 1 + MARGIN
    return Waveform(example.samples[first * size : after * size], example.sample_rate)


def fused(paths: Sequence[tuple[Float32, Int64]]) -> tuple[Float32, Int64]:
    """The paths of several examples that end at about the same frame as one: their mean score.

    Parameters
    ----------
    paths : sequence of (scores, starts)
        As `warp` gives them.

    Returns
    -------
    scores, starts
        Likewise; it starts where the best of them does.
    """
    if len(paths) == 1:
        return paths[0]
    here = np.arange(len(paths[0][0]))
    best, begins = [], []
    for scores, starts in paths:
        padded = np.pad(scores, BLUR, constant_values=-np.inf)
        around = np.lib.stride_tricks.sliding_window_view(padded, 2 * BLUR + 1)
        ends = (here + around.argmax(axis=1) - BLUR).clip(0, len(here) - 1)
        best.append(scores[ends])
        begins.append(np.minimum(starts[ends], here))
    chosen = np.argmax(best, axis=0)
    return np.mean(best, axis=0), np.stack(begins)[chosen, here]


def warp(cosines: Float32) -> tuple[Float32, Int64]:
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


def apart(scores: Float32, starts: Int64, reach: int = 1) -> list[int]:
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
