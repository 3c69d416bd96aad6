"""Where is this phrase said? Find it in everything that is stored, spoken or typed.

    first phrase  -->  the first layer of everything  -->  the best places, and a sample of the others
    all phrases   -->  all layers that tell what is said, there  -->  matches with a probability

Each phrase (`queries.phrases`) tells how well it fits what ends at each frame. Several are the same
question in several ways: several readings of its words, examples by several voices.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from audiosearch.calibration import Background
from audiosearch.frames import to_seconds
from audiosearch.interfaces import Tokenizer
from audiosearch.types import Float32, Match, Segment
from queries.archive import Archive
from queries.paths import IMPOSSIBLE
from queries.phrases import Phrase

Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]

BLUR = 3  # frames by which the ends of several phrases may differ
PLACES = 150  # that are looked at exactly at a time
SAMPLE = 200  # other places, which tell how well the phrases fit by chance
NO_PATH = IMPOSSIBLE / 1000  # a mean over a phrase of so many frames or phones is still less
FEWEST = 1000  # blocks that chance has at least: a short recording proves little
AROUND = 10  # frames on either side of a place that are heard with it


def locate(
    archive: Archive,
    tokenizer: Tokenizer,
    phrases: Sequence[Phrase],
    limit: int = 10,
    least: float = 0.0,
) -> list[Match]:
    """Where recordings say a phrase.

    Parameters
    ----------
    archive : Archive
        The recordings, in the layers that tell what is said.
    tokenizer : Tokenizer
        The one that their codes are of.
    phrases : sequence of Phrase
        The same phrase in one or more ways; the first finds the places that all of them judge.
    limit : int
    least : float
        Probability that is of interest: the search ends where `PLACES` in a row are less likely.

    Returns
    -------
    list of Match
        Likeliest first, no two overlapping. The score is how much better the phrases fit than by
        chance, and the probability is calibrated on the recordings searched: `audiosearch.calibration`.
    """
    if archive.n_frames == 0:
        return []
    asked = Segment(0.0, to_seconds(phrases[0].usual, tokenizer.frame_rate))
    peaks: list[Peak] = []
    found: list[Match] = []
    n_likely = 0
    for places in Places.best_first(archive, phrases[0], tokenizer.codebook_size):
        more, background = judged(archive, phrases, places)
        peaks, before = apart([*peaks, *more]), n_likely
        found = _matches(archive, asked, peaks, places.number, background)
        n_likely = sum(match.probability >= least for match in found)
        if n_likely <= before or n_likely >= limit:
            break
    return found[:limit]


@dataclass(frozen=True, eq=False, slots=True)
class Places:
    """Blocks of frames in which a phrase may end.

    Parameters
    ----------
    block : int
        Frames of each.
    number : int
        How many there are in the archive.
    chosen : np.ndarray, shape (n,), int64
        First frames of those that are looked at.
    others : np.ndarray, shape (m,), int64
        First frames of some where the phrase fits less well than in the `PLACES` best.
    """

    block: int
    number: int
    chosen: Int64
    others: Int64

    @classmethod
    def best_first(cls, archive: Archive, phrase: Phrase, codebook_size: int) -> "Iterator[Places]":
        """All, `PLACES` at a time, as well as the phrase fits the codes of the first layer."""
        every = np.arange(codebook_size, dtype=np.int16)[None]
        scores = phrase.fit(every, archive.codes[0], archive.bounds)
        block = max(1, phrase.shortest)
        highest = np.pad(scores, (0, -len(scores) % block), constant_values=-np.inf)
        blocks = block * np.argsort(-highest.reshape(-1, block).max(axis=1), kind="stable")
        some = np.random.default_rng(0).permutation(blocks[PLACES:])[:SAMPLE]
        for first in range(0, len(blocks), PLACES):
            yield cls(block, len(blocks), blocks[first : first + PLACES], some)


@dataclass(frozen=True, slots=True)
class Peak:
    """A place where a phrase may have been said: from where in its first frame to the end of the last."""

    start: float  # frames of the archive
    end: int
    score: float


def judged(archive: Archive, phrases: Sequence[Phrase], places: Places) -> tuple[list[Peak], Background]:
    """The chosen places, best first, none overlapping another; and how well the phrases fit elsewhere."""
    blocks = np.concatenate([places.chosen, places.others])
    part = np.searchsorted(archive.bounds, blocks, side="right")
    behind = np.minimum(blocks + places.block, archive.bounds[part])  # of the block's stretch
    longest = max(phrase.longest for phrase in phrases)
    first = np.maximum(blocks - longest - AROUND, archive.bounds[part - 1])
    after = np.minimum(behind + AROUND, archive.bounds[part])
    frames = np.concatenate([np.arange(a, b) for a, b in zip(first, after, strict=True)])
    bounds = np.cumsum(np.concatenate([[0], after - first]))
    inside = [
        slice(*pair) for pair in zip(bounds[:-1] + blocks - first, bounds[:-1] + behind - first, strict=True)
    ]
    chosen, others = inside[: len(places.chosen)], inside[len(places.chosen) :]
    codes, rows = archive.codes[:, frames], np.arange(len(frames))
    paths = []
    for phrase in phrases:
        scores, starts = phrase.find(codes, rows, bounds)
        scores = np.where(scores > NO_PATH, scores, np.float32(-np.inf))
        chance = _chance(scores, others or chosen, places.number, phrase.spread)
        paths.append((chance.standard(scores), starts))
    scores, starts = fused(paths)
    peaks = []
    for block, begin in zip(chosen, bounds, strict=False):
        end = block.start + int(scores[block].argmax())
        if np.isfinite(scores[end]):
            start = max(float(starts[end]), float(begin))  # one of several phrases may have ended before
            peaks.append(Peak(float(frames[int(start)] + start % 1), int(frames[end]), float(scores[end])))
    return apart(peaks), _chance(scores, others or chosen, places.number, len(paths) ** -0.5)


def _chance(scores: Float32, blocks: Sequence[slice], number: int, spread: float = 0.0) -> Background:
    """How well a phrase fits by chance: as in `FEWEST` blocks of speech, where there is less or noise."""
    highest = np.array([scores[block].max() for block in blocks])
    chance = Background.fit(highest[np.isfinite(highest)], max(number, FEWEST))
    return replace(chance, decay=max(chance.decay, spread))


def fused(paths: Sequence[tuple[Float32, Float64]]) -> tuple[Float32, Float64]:
    """The paths of several phrases that end at about the same frame as one: their mean score.

    Parameters
    ----------
    paths : sequence of (scores, starts)
        As `Phrase.find` gives them.

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


def apart(peaks: Sequence[Peak]) -> list[Peak]:
    """The peaks that share no frame with a better one, best first (non-maximum suppression)."""
    taken = np.zeros(1 + max((peak.end for peak in peaks), default=0), bool)
    kept: list[Peak] = []
    for peak in sorted(peaks, key=lambda peak: -peak.score):
        frames = taken[int(peak.start) : peak.end + 1]
        if not frames.any():
            frames[:] = True
            kept.append(peak)
    return kept


def _matches(
    archive: Archive, asked: Segment, peaks: Sequence[Peak], n_blocks: int, background: Background
) -> list[Match]:
    """Peaks, best first, as matches."""
    blocks_an_hour = n_blocks / (archive.n_frames * archive.frame / 3600)
    return [
        Match(
            recording=archive.recordings[archive.stretch_of(peak.start)],
            query=asked,
            reference=archive.segment(peak.start, peak.end),
            rate=archive.segment(peak.start, peak.end).duration / asked.duration,
            score=peak.score,
            probability=background.probability(peak.score, better),
            false_alarms=background.expected_false(peak.score) / background.n_peaks * blocks_an_hour,
        )
        for better, peak in enumerate(peaks)
    ]
