"""The best way of a phrase through stored frames, ending at each of them: compiled dynamic programming.

Both searches look the frames up in a table with a row for each code (or, to be exact, for each frame),
run through each recording once, and tell for every frame the best path that ends there and the frame
in which it began.
"""

from collections.abc import Callable

import numba
import numpy as np
import numpy.typing as npt

from audiosearch.types import Float32, Int64
from queries.compiled import compiled

IMPOSSIBLE = np.float32(-1e9)


@compiled(parallel=True)
def warped(table: Float32, rows: npt.NDArray[np.integer], bounds: Int64) -> tuple[Float32, Int64]:
    """Dynamic time warping of an example (Sakoe and Chiba 1978), anywhere in a recording.

    A path takes every example frame once and moves on in the recording by 1 frame each time, by 2
    (the recording is slower) or by 1 for two example frames (it is faster).

    Parameters
    ----------
    table : np.ndarray, shape (n_rows, n_example_frames), float32
        How alike a stored frame and each frame of the example are.
    rows : np.ndarray, shape (n_frames,)
        The row of each stored frame.
    bounds : np.ndarray, shape (n_recordings + 1,), int64

    Returns
    -------
    scores : np.ndarray, shape (n_frames,), float32
        Mean likeness along the best path; ``IMPOSSIBLE`` or less where none can end.
    starts : np.ndarray, shape (n_frames,), int64
    """
    n = table.shape[1]
    scores = np.full(len(rows), IMPOSSIBLE, np.float32)
    starts = np.zeros(len(rows), np.int64)
    for part in numba.prange(len(bounds) - 1):
        totals = np.full((3, n), IMPOSSIBLE, np.float32)  # of this frame, the last, the one before
        begins = np.zeros((3, n), np.int64)
        for frame in range(bounds[part], bounds[part + 1]):
            here, last, older = frame % 3, (frame - 1) % 3, (frame - 2) % 3
            likeness = table[rows[frame]]
            totals[here, 0], begins[here, 0] = likeness[0], frame
            for i in range(1, n):
                best, begin = totals[last, i - 1], begins[last, i - 1]
                if totals[older, i - 1] > best:
                    best, begin = totals[older, i - 1], begins[older, i - 1]
                if i > 1 and totals[last, i - 2] + likeness[i - 1] > best:
                    best, begin = totals[last, i - 2] + likeness[i - 1], begins[last, i - 2]
                totals[here, i], begins[here, i] = best + likeness[i], begin
            scores[frame], starts[frame] = totals[here, n - 1] / n, begins[here, n - 1]
    return scores, starts


def spelled(
    table: Float32, pauses: npt.NDArray[np.bool_], rows: npt.NDArray[np.integer], bounds: Int64
) -> tuple[Float32, Int64]:
    """Phones in order, each for two slots or longer, with silence where there may be some.

    Parameters
    ----------
    table : np.ndarray, shape (n_rows, n_slots, 1 + n_phones), float32
        For each slot of a frame, the evidence for silence and for each phone of the phrase.
    pauses : np.ndarray, shape (n_phones,), bool
        Before which phones there may be silence.
    rows : np.ndarray, shape (n_frames,)
        The row of each stored frame.
    bounds : np.ndarray, shape (n_recordings + 1,), int64

    Returns
    -------
    scores : np.ndarray, shape (n_frames,), float32
        Evidence along the best path, summed; ``IMPOSSIBLE`` or less where none can end.
    starts : np.ndarray, shape (n_frames,), int64
        The slot in which it began, of all slots of all frames.
    """
    found: tuple[Float32, Int64] = _spelled_traced(table, pauses, rows, bounds)
    return found


def spelled_scores(
    table: Float32, pauses: npt.NDArray[np.bool_], rows: npt.NDArray[np.integer], bounds: Int64
) -> Float32:
    """The scores of `spelled` alone, in a fourth of the time."""
    scores: Float32 = _spelled_scored(table, pauses, rows, bounds)[0]
    return scores


def _compiled(traced: bool) -> Callable[..., tuple[Float32, Int64]]:
    """The search of `spelled`; untraced, without where paths began."""

    @compiled(parallel=True, fastmath=True)
    def search(
        table: Float32, pauses: npt.NDArray[np.bool_], rows: npt.NDArray[np.integer], bounds: Int64
    ) -> tuple[Float32, Int64]:
        n_slots, n = table.shape[1], table.shape[2] - 1
        scores = np.full(len(rows), IMPOSSIBLE, np.float32)
        starts = np.zeros(len(rows) if traced else 0, np.int64)
        between = np.where(pauses, np.float32(0.0), IMPOSSIBLE).astype(np.float32)
        for part in numba.prange(len(bounds) - 1):
            # For each phone, from 1 on: in its first slot, in a later one, in the silence behind it. Index 0
            # is where the phrase begins. Each loop over the phones reads what the one before it wrote: they
            # become vector instructions.
            first = np.full(n + 1, IMPOSSIBLE, np.float32)
            later, quiet, entering = first.copy(), first.copy(), first.copy()
            later[0] = 0.0
            # The slot in which each path began, less the part's first.
            begin_first = np.zeros(n + 1, np.int32)
            begin_later, begin_quiet = begin_first.copy(), begin_first.copy()
            begin_entering = begin_first.copy()
            for frame in range(bounds[part], bounds[part + 1]):
                best, begin = IMPOSSIBLE, 0
                for slot in range(n_slots):
                    begin_later[0] = (frame - bounds[part]) * n_slots + slot
                    evidence = table[rows[frame], slot]
                    for i in range(n):
                        rested = quiet[i] + between[i]
                        entering[i + 1] = rested if rested > later[i] else later[i]
                        if traced:
                            begin_entering[i + 1] = begin_quiet[i] if rested > later[i] else begin_later[i]
                    for i in range(1, n + 1):
                        silent, said, begun = quiet[i], later[i], first[i]
                        quiet[i] = (said if said > silent else silent) + evidence[0]
                        later[i] = (begun if begun > said else said) + evidence[i]
                        first[i] = entering[i] + evidence[i]
                        if traced:
                            begin_quiet[i] = begin_later[i] if said > silent else begin_quiet[i]
                            begin_later[i] = begin_first[i] if begun > said else begin_later[i]
                            begin_first[i] = begin_entering[i]
                    if later[n] > best:
                        best, begin = later[n], begin_later[n]
                scores[frame] = best
                if traced:
                    starts[frame] = bounds[part] * n_slots + begin
        return scores, starts

    return search


_spelled_traced, _spelled_scored = _compiled(traced=True), _compiled(traced=False)


@compiled()
def anything(spelling: Float32, change: float) -> Float32:
    """How much the likeliest of all spellings gains in each slot: what any phrase is compared with.

    Parameters
    ----------
    spelling : np.ndarray, shape (n_slots, 1 + n_phones), float32
        Log-probabilities.
    change : float
        What it costs to go from one phone to another, in nats.

    Returns
    -------
    np.ndarray, shape (n_slots,), float32
        Their sum is the log-probability of the likeliest spelling.
    """
    n_slots, n = spelling.shape
    gains = np.zeros(n_slots, np.float32)
    totals = np.zeros(n, np.float32)  # of the best spelling that ends with each, less that of the best
    for slot in range(n_slots):
        totals = np.maximum(totals, np.float32(-change)) + spelling[slot]
        gains[slot] = totals.max()
        totals -= gains[slot]
    return gains
