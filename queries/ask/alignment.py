"""Where a passage sounds like the question: local alignment of its phones (Smith and Waterman 1981).

Phones are laid along the segments of the question. One that is heard where it should be counts for the
logarithm of how much likelier it is there than anywhere in the question; one that is not, against it. A
phone may be skipped, or a segment, at a price. What is best anywhere is the score of the passage, and
the words along that path are the evidence.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from audiosearch.types import Float32, Int64
from queries.ask.phones import Heard
from queries.compiled import compiled

DOUBT = 0.02  # added to how likely a phone is: how often it is heard as any other
SKIP = np.float32(0.5)  # price of a phone or a segment that is left out
BEGIN, NEXT, LEAP, STAY = range(4)  # how a path came here: not at all; a phone on; two on; a segment on


@dataclass(frozen=True, eq=False, slots=True)
class Path:
    """The best alignment of one passage.

    Parameters
    ----------
    score : float
    segments, phones : np.ndarray, shape (n_pairs,), int64
        Which segment was taken for which phone of the passage, in order.
    gains : np.ndarray, shape (n_pairs,), float32
        What each pair adds to the score.
    """

    score: float
    segments: Int64
    phones: Int64
    gains: Float32


def align(heard: Heard, texts: Sequence[Int64]) -> list[Path]:
    """The best path through each passage.

    Parameters
    ----------
    heard : Heard
    texts : sequence of np.ndarray
        The phones of each passage as numbers.
    """
    if not len(heard.likely):
        nothing = np.zeros(0, np.int64)
        return [Path(0.0, nothing, nothing, np.zeros(0, np.float32)) for _ in texts]
    gains = _gains(heard)
    columns, firsts = _laid(texts, gains.shape[1] - 1)
    laid = gains[:, columns]
    scores, moves = _fill(laid)
    return [
        _trace(scores, moves, laid, first, first + len(text))
        for first, text in zip(firsts.tolist(), texts, strict=False)
    ]


def best_scores(heard: Heard, texts: Sequence[Int64]) -> Float32:
    """The scores that `align` gives, shape (n_texts,), without the paths."""
    if not len(heard.likely) or not len(texts):
        return np.zeros(len(texts), np.float32)
    bounds = np.cumsum([0, *(len(text) for text in texts)])
    told: Float32 = _best(_gains(heard), np.concatenate(texts).astype(np.int64), bounds)
    return told


@compiled(parallel=True)
def _best(gains: Float32, phones: Int64, bounds: Int64) -> Float32:
    """The highest score in the table of each text, of which two rows are kept at a time."""
    told = np.zeros(len(bounds) - 1, np.float32)
    for k in numba.prange(len(told)):
        text = phones[bounds[k] : bounds[k + 1]]
        last, here = np.zeros(len(text) + 2, np.float32), np.zeros(len(text) + 2, np.float32)
        highest = np.float32(0)
        for gain in gains:
            for j in range(len(text)):
                score = max(last[j + 1] + gain[text[j]], last[j] + gain[text[j]] - SKIP, last[j + 2] - SKIP)
                here[j + 2] = max(score, np.float32(0))
                highest = max(highest, here[j + 2])
            last, here = here, last
        told[k] = highest
    return told


def _laid(texts: Sequence[Int64], end: int) -> tuple[Int64, Int64]:
    """Texts one behind the other, each with an end that no path passes, and where each begins.

    ::

        x x p p p p x x q q q x x
            0           1
    """
    columns = np.concatenate([[end, end], *(np.append(text, [end, end]) for text in texts)])
    return columns.astype(np.int64), np.cumsum([2, *(len(text) + 2 for text in texts)])


def _gains(heard: Heard) -> Float32:
    """What each phone adds in each segment; the last column is the end of a passage."""
    often = heard.likely.mean(axis=0)
    gains = np.log((heard.likely + DOUBT) / (often + DOUBT)).astype(np.float32)
    return np.pad(gains, ((0, 0), (0, 1)), constant_values=-np.inf)


def _fill(gains: Float32) -> tuple[Float32, npt.NDArray[np.uint8]]:
    """The score of the best path to each segment and phone, and its last move."""
    scores = np.zeros((len(gains) + 1, gains.shape[1] + 2), np.float32)  # two columns of nothing before
    moves = np.zeros(gains.shape, np.uint8)
    for i, gain in enumerate(gains):
        last, best, move = scores[i], scores[i + 1, 2:], moves[i]
        for number, option in (
            (NEXT, last[1:-1] + gain),
            (LEAP, last[:-2] + (gain - SKIP)),
            (STAY, last[2:] - SKIP),
        ):
            better = option > best
            np.copyto(best, option, where=better)
            np.copyto(move, number, where=better)
    return scores[1:, 2:], moves


def _trace(scores: Float32, moves: npt.NDArray[np.uint8], gains: Float32, first: int, after: int) -> Path:
    """Back along the best path that ends between two columns."""
    pairs = list(_back(scores, moves, first, after))[::-1]
    segments = np.array([i for i, _ in pairs], np.int64)
    phones = np.array([j for _, j in pairs], np.int64)
    score = float(scores[:, first:after].max(initial=0.0))
    return Path(score, segments, phones - first, gains[segments, phones])


def _back(scores: Float32, moves: npt.NDArray[np.uint8], first: int, after: int) -> Iterator[tuple[int, int]]:
    if after <= first:
        return
    i, j = divmod(int(scores[:, first:after].argmax()), after - first)
    j += first
    while i >= 0 and moves[i, j] != BEGIN:
        move = moves[i, j]
        if move != STAY:
            yield i, j
            j -= 1 if move == NEXT else 2
        i -= 1
