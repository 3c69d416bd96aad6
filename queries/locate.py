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
from numpy.lib.stride_tricks import sliding_window_view

from audiosearch.calibration import Background, likely
from audiosearch.frames import to_seconds
from audiosearch.interfaces import Speller, Tokenizer
from audiosearch.types import Float32, Float64, Int16, Int64, Match, Segment
from queries.archive import Archive
from queries.paths import IMPOSSIBLE
from queries.phrases import QUIET, Phrase, spelling

BLUR = 3  # frames by which the ends of several phrases may differ
PLACES = 150  # that are looked at exactly at a time, where there is much
LIKELIEST = 10  # one of so many places is not taken for chance, where all are looked at exactly
HARDLY = 0.1  # probability up to which nothing more is looked for
SAMPLE = 250  # other places, which tell how well the phrases fit by chance
NO_PATH = IMPOSSIBLE / 1000  # a mean over a phrase of so many frames or phones is still less
FEWEST = 300  # peaks that chance has at least: a short recording proves little
AT_ONCE = 1 << 15  # frames that are looked at exactly at a time, for memory
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
        Probability that is of interest. The search ends where `PLACES` in a row change nothing about the
        likeliest ones of interest; what is less likely than `HARDLY` is told, but not looked for.

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
    chances: Chances | None = None
    likeliest: list[Segment] = []
    for places in Places.best_first(archive, phrases[0], tokenizer.codebook_size):
        more, chances = judged(archive, tokenizer, phrases, places, chances)
        peaks, before = apart([*peaks, *more]), likeliest
        found = _matches(archive, asked, peaks, chances.together, limit)
        likeliest = [match.reference for match in found if match.probability >= max(least, HARDLY)]
        if likeliest == before:
            break
    return found


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
        First frames of some where the phrase fits less well than in the `PLACES` best; none where all are
        chosen.
    """

    block: int
    number: int
    chosen: Int64
    others: Int64

    @classmethod
    def best_first(cls, archive: Archive, phrase: Phrase, codebook_size: int) -> "Iterator[Places]":
        """All, `PLACES` at a time, as well as the phrase fits the codes of the first layer.

        Where there is little, at once.
        """
        every = np.arange(codebook_size, dtype=np.int16)[None]
        scores = phrase.fit(every, archive.codes[0], archive.bounds)
        # Of a long phrase in a short recording there would be few, which tell little about chance.
        block = max(1, min(phrase.shortest, archive.n_frames // (2 * PLACES)))
        highest = _highest(scores, block)
        number = len(highest)
        if archive.n_frames <= AT_ONCE:
            blocks = block * _best(highest, number)
            yield cls(block, number, blocks, blocks[:0])
            return
        best = _best(highest, PLACES)
        drawn = np.random.default_rng(0).choice(number, min(number, PLACES + SAMPLE), replace=False)
        others = block * drawn[~np.isin(drawn, best)][:SAMPLE]
        yield cls(block, number, block * best, others)
        best = _best(highest, number)  # as a rule the search has ended
        for first in range(PLACES, number, PLACES):
            yield cls(block, number, block * best[first : first + PLACES], others)


def _highest(scores: Float32, block: int) -> Float32:
    """The highest of each block of so many; numpy is slow where a row is short."""
    padded = np.pad(scores, (0, -len(scores) % block), constant_values=-np.inf)
    highest = padded[::block].copy()
    for i in range(1, block):
        np.maximum(highest, padded[i::block], out=highest)
    return highest


def _best(scores: Float32, n: int) -> Int64:
    """Where the ``n`` highest are, the highest first; of equal ones the first."""
    if n >= len(scores):
        return np.argsort(-scores, kind="stable")
    least = np.partition(scores, len(scores) - n)[len(scores) - n]
    higher, equal = np.flatnonzero(scores > least), np.flatnonzero(scores == least)
    chosen = np.concatenate([higher, equal[: n - len(higher)]])
    return chosen[np.argsort(-scores[chosen], kind="stable")]


@dataclass(frozen=True, slots=True)
class Peak:
    """A place where a phrase may have been said: from where in its first frame to the end of the last."""

    start: float  # frames of the archive
    end: int
    score: float


@dataclass(frozen=True, slots=True)
class Chances:
    """How well phrases fit by chance: each, and all together."""

    each: list[Background]
    together: Background


def judged(
    archive: Archive,
    tokenizer: Tokenizer,
    phrases: Sequence[Phrase],
    places: Places,
    chances: Chances | None = None,
) -> tuple[list[Peak], Chances]:
    """The chosen places, best first, none overlapping another; and how well the phrases fit by chance.

    That is told by the other places, once for a search. Where all are chosen, the first tenth tells nothing
    of chance: a word may be said often. Where nothing is said there is no phrase, however much less it fits
    elsewhere.
    """
    blocks = places.chosen if chances else np.concatenate([places.chosen, places.others])
    first, after, inside = _windows(archive, places, blocks, max(phrase.longest for phrase in phrases))
    frames = np.concatenate([np.arange(a, b) for a, b in zip(first, after, strict=True)])
    bounds = np.cumsum(np.concatenate([[0], after - first]))
    chosen, others = inside[: len(places.chosen)], inside[len(places.chosen) :]
    by_chance = others or inside[len(inside) // LIKELIEST :]
    codes, each, paths = archive.codes[:, frames], [], []
    for number, phrase in enumerate(phrases):
        scores, starts = _found(phrase, codes, bounds)
        scores = np.where(scores > NO_PATH, scores, np.float32(-np.inf))
        if chances is None:
            each.append(_chance(scores, by_chance, places.number, phrase.usual, phrase.spread))
        chance = chances.each[number] if chances else each[number]
        paths.append((chance.standard(scores), starts))
    scores, starts, ends = fused(paths, bounds)
    said = _said(codes, tokenizer)
    peaks = []
    for block in chosen:
        best = block.start + int(scores[block].argmax())
        start = float(starts[best])
        if np.isfinite(scores[best]) and said[int(start) : ends[best] + 1].any():
            peaks.append(
                Peak(float(frames[int(start)] + start % 1), int(frames[ends[best]]), float(scores[best]))
            )
    if chances is None:
        usual, spread = phrases[0].usual, len(paths) ** -0.5
        chances = Chances(each, _chance(scores, by_chance, places.number, usual, spread))
    return apart(peaks), chances


def _windows(
    archive: Archive, places: Places, blocks: Int64, longest: int
) -> tuple[Int64, Int64, list[slice]]:
    """Where to look at blocks: each with as many frames before it as a phrase may have, and a little more.

    Where that would be more than there is, everything is looked at once.

    Returns
    -------
    first, after : np.ndarray, shape (n_windows,), int64
        The frames of each.
    inside : list of slice
        Each block in all windows, one behind the other.
    """
    part = np.searchsorted(archive.bounds, blocks, side="right")
    behind = np.minimum(blocks + places.block, archive.bounds[part])  # of the block's stretch
    first = np.maximum(blocks - longest - AROUND, archive.bounds[part - 1])
    after = np.minimum(behind + AROUND, archive.bounds[part])
    offset = np.cumsum(after - first) - after
    if archive.n_frames <= min(AT_ONCE, int((after - first).sum())):
        first, after = archive.bounds[:-1], archive.bounds[1:]
        offset = np.zeros(len(blocks), np.int64)
    inside = [slice(*pair) for pair in zip(blocks + offset, behind + offset, strict=True)]
    return first, after, inside


def _found(phrase: Phrase, codes: Int16, bounds: Int64) -> tuple[Float32, Float64]:
    """What `Phrase.find` finds in the frames themselves, so many windows at a time that memory is bounded."""
    found = []
    first = 0
    while first < len(bounds) - 1:
        after = max(first + 1, int(np.searchsorted(bounds, bounds[first] + AT_ONCE, side="right")) - 1)
        some = codes[:, bounds[first] : bounds[after]]
        scores, starts = phrase.find(
            some, np.arange(some.shape[1]), bounds[first : after + 1] - bounds[first]
        )
        found.append((scores, starts + bounds[first]))
        first = after
    scores, starts = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return scores, starts


def _said(codes: Int16, tokenizer: Tokenizer) -> npt.NDArray[np.bool_]:
    """Whether anything is said in each frame, as far as the tokenizer tells."""
    if not isinstance(tokenizer, Speller):
        return np.ones(codes.shape[1], bool)
    parts = (codes[:, first : first + AT_ONCE] for first in range(0, codes.shape[1], AT_ONCE))
    silent = [spelling(part, tokenizer)[:, :, 0].min(axis=1) for part in parts]
    said: npt.NDArray[np.bool_] = np.concatenate(silent) < np.log(QUIET)
    return said


def _chance(scores: Float32, blocks: Sequence[slice], number: int, usual: int, spread: float) -> Background:
    """How well a phrase fits by chance, in so many blocks: as in speech, where there is noise.

    Around the best place it may not be chance: paths of a phrase of ``usual`` frames that end there share
    most of their frames.
    """
    highest = np.array([scores[block].max() for block in blocks])
    firsts = np.array([block.start for block in blocks])
    elsewhere = np.abs(firsts - firsts[highest.argmax()]) > usual // 2
    chance = Background.fit(highest[elsewhere & np.isfinite(highest)], number)
    return replace(chance, decay=max(chance.decay, spread))


def fused(paths: Sequence[tuple[Float32, Float64]], bounds: Int64) -> tuple[Float32, Float64, Int64]:
    """The paths of several phrases that end at about the same frame as one: their mean score.

    Parameters
    ----------
    paths : sequence of (scores, starts)
        As `Phrase.find` gives them.
    bounds : np.ndarray, shape (n_stretches + 1,), int64
        No path ends in another stretch.

    Returns
    -------
    scores, starts
        Likewise; it starts where the best of them does.
    ends : np.ndarray, shape (n_frames,), int64
        And ends there, up to `BLUR` frames from here.
    """
    here = np.arange(len(paths[0][0]))
    if len(paths) == 1:
        return *paths[0], here
    stretch = np.pad(np.repeat(np.arange(len(bounds) - 1), np.diff(bounds)), BLUR, constant_values=-1)
    own = sliding_window_view(stretch, 2 * BLUR + 1) == stretch[BLUR : BLUR + len(here), None]
    best, begins, ends = [], [], []
    for scores, starts in paths:
        padded = np.pad(scores, BLUR, constant_values=-np.inf)
        around = np.where(own, sliding_window_view(padded, 2 * BLUR + 1), -np.inf)
        near = (here + around.argmax(axis=1) - BLUR).clip(0, len(here) - 1)
        best.append(around.max(axis=1))
        begins.append(starts[near])
        ends.append(near)
    chosen = np.argmax(best, axis=0)
    return np.mean(best, axis=0), np.stack(begins)[chosen, here], np.stack(ends)[chosen, here]


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
    archive: Archive, asked: Segment, peaks: Sequence[Peak], background: Background, limit: int
) -> list[Match]:
    """The best of the peaks as matches; all of them tell how many false ones there are."""
    chance = background.knowing(np.array([peak.score for peak in peaks], np.float32))
    short = max(1.0, FEWEST / chance.n_peaks)
    hours = archive.n_frames * archive.frame / 3600
    matches = []
    for peak in peaks[:limit]:
        place = archive.segment(peak.start, peak.end)
        false, of_best = chance.expected_false(peak.score), chance.expected_false(peaks[0].score)
        matches.append(
            Match(
                recording=archive.recordings[archive.stretch_of(peak.start)],
                query=asked,
                reference=place,
                rate=place.duration / asked.duration,
                score=peak.score,
                probability=likely(short * false, short * of_best),
                false_alarms=false / hours,
            )
        )
    return matches
