"""The best way of a phrase through stored frames, ending at each of them: compiled dynamic programming.

All look the frames up in a table with a row for each code (or, to be exact, for each frame), run through
each recording once, and tell for every frame the best path that ends there; and, but the rough one, when it
began.
"""

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


@compiled(parallel=True, fastmath=True)
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
    n_slots, n = table.shape[1], table.shape[2] - 1
    scores = np.full(len(rows), IMPOSSIBLE, np.float32)
    starts = np.zeros(len(rows), np.int64)
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
        begin_later, begin_quiet, begin_entering = begin_first.copy(), begin_first.copy(), begin_first.copy()
        for frame in range(bounds[part], bounds[part + 1]):
            best, begin = IMPOSSIBLE, 0
            for slot in range(n_slots):
                begin_later[0] = (frame - bounds[part]) * n_slots + slot
                evidence = table[rows[frame], slot]
                for i in range(n):
                    rested = quiet[i] + between[i]
                    entering[i + 1] = rested if rested > later[i] else later[i]
                    begin_entering[i + 1] = begin_quiet[i] if rested > later[i] else begin_later[i]
                for i in range(1, n + 1):
                    silent, said, begun = quiet[i], later[i], first[i]
                    quiet[i] = (said if said > silent else silent) + evidence[0]
                    later[i] = (begun if begun > said else said) + evidence[i]
                    first[i] = entering[i] + evidence[i]
                    begin_quiet[i] = begin_later[i] if said > silent else begin_quiet[i]
                    begin_later[i] = begin_first[i] if begun > said else begin_later[i]
                    begin_first[i] = begin_entering[i]
                if later[n] > best:
                    best, begin = later[n], begin_later[n]
            scores[frame] = best
            starts[frame] = bounds[part] * n_slots + begin
    return scores, starts


@compiled(parallel=True, fastmath=True)
def roughly(
    table: Float32,
    gains: Float32,
    pauses: npt.NDArray[np.bool_],
    rows: npt.NDArray[np.integer],
    bounds: Int64,
) -> Float32:
    """Phones in order, each for one slot or longer: the scores of a search through hours of sound.

    Parameters
    ----------
    table, pauses, rows, bounds
        As for `spelled`.
    gains : np.ndarray, shape (n_frames, n_slots), float32
        What is taken off all evidence of each slot.

    Returns
    -------
    np.ndarray, shape (n_frames,), float32
        Evidence along the best path that ends in each frame, summed; ``IMPOSSIBLE`` or less where none can.
    """
    n_slots, n = table.shape[1], table.shape[2] - 1
    scores = np.full(len(rows), IMPOSSIBLE, np.float32)
    between = np.where(pauses, np.float32(0.0), IMPOSSIBLE).astype(np.float32)
    for part in numba.prange(len(bounds) - 1):
        # For each phone, as above: where it is said, and the silence behind it.
        said = np.full(n + 1, IMPOSSIBLE, np.float32)
        quiet, entering = said.copy(), said.copy()
        said[0] = 0.0
        for frame in range(bounds[part], bounds[part + 1]):
            best = IMPOSSIBLE
            for slot in range(n_slots):
                evidence, gain = table[rows[frame], slot], gains[frame, slot]
                for i in range(n):
                    rested = quiet[i] + between[i]
                    entering[i + 1] = rested if rested > said[i] else said[i]
                for i in range(1, n + 1):
                    here = said[i]
                    quiet[i] = (here if here > quiet[i] else quiet[i]) + (evidence[0] - gain)
                    said[i] = (entering[i] if entering[i] > here else here) + (evidence[i] - gain)
                if said[n] > best:
                    best = said[n]
            scores[frame] = best
    return scores


@compiled(parallel=True, fastmath=True)
def anything(table: Float32, rows: npt.NDArray[np.integer], bounds: Int64, change: float) -> Float32:
    """How much the likeliest of all spellings gains in each slot: what any phrase is compared with.

    Parameters
    ----------
    table : np.ndarray, shape (n_rows, n_slots, 1 + n_phones), float32
        Log-probabilities.
    rows, bounds
        As for `spelled`.
    change : float
        What it costs to go from one phone to another, in nats.

    Returns
    -------
    np.ndarray, shape (n_frames, n_slots), float32
        Of each recording, their sum is the log-probability of the likeliest spelling.
    """
    n_slots, n = table.shape[1:]
    gains = np.zeros((len(rows), n_slots), np.float32)
    least = np.float32(-change)
    for part in numba.prange(len(bounds) - 1):
        totals = np.zeros(n, np.float32)  # of the best spelling that ends with each, less the best before
        before = np.float32(0.0)
        for frame in range(bounds[part], bounds[part + 1]):
            for slot in range(n_slots):
                told, best = table[rows[frame], slot], IMPOSSIBLE
                for i in range(n):
                    kept = totals[i] - before
                    totals[i] = (kept if kept > least else least) + told[i]
                    best = max(best, totals[i])
                gains[frame, slot] = before = best
    return gains
