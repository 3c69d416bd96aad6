"""Where is this phrase said? Find it in everything that is stored, spoken or typed.

    first phrase  -->  the first layer of everything  -->  the best places, and a sample of the others
    all phrases   -->  all layers that tell what is said, there  -->  matches with a probability
    the likely ones are further examples, and all is judged once more

Each phrase (`queries.phrases`) tells how well it fits what ends at each frame. Several are the same
question in several ways (`queries.ways`): several readings of its words, examples by several voices. What
words an example says (`queries.readings`) is another one, and finds places, too, where it is rather sure.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from audiosearch.calibration import Background, likely
from audiosearch.frames import to_seconds
from audiosearch.interfaces import Tokenizer
from audiosearch.types import Float32, Float64, Int64, Match, Segment
from queries.archive import Archive
from queries.phrases import Phrase
from queries.places import Look, Paths, Places
from queries.readings import Reading
from queries.ways import LIKELY, MOST, Way, as_found

BLUR = 3  # frames by which the ends of several phrases may differ
HARDLY = 0.1  # probability up to which nothing more is looked for
SURE = 0.3  # chance of a reading from which on it finds places, too
FEWEST = 300  # peaks that chance has at least: a short recording proves little


def locate(
    archive: Archive,
    tokenizer: Tokenizer,
    phrases: Sequence[Phrase],
    limit: int = 10,
    least: float = 0.0,
    readings: Sequence[Reading] = (),
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
    readings : sequence of Reading
        Which words the phrases may say, as examples that are spoken do (`queries.readings`).

    Returns
    -------
    list of Match
        Likeliest first, no two overlapping. The score is how much better the phrases fit than by
        chance, and the probability is calibrated on the recordings searched: `audiosearch.calibration`.
    """
    if archive.n_frames == 0:
        return []
    peaks: list[Peak] = []
    found: list[Match] = []
    likeliest: list[Segment] = []
    for more, chance in judged(archive, tokenizer, phrases, readings):
        peaks, before = apart([*peaks, *more]), likeliest
        asked = Segment(0.0, to_seconds(phrases[0].usual, tokenizer.frame_rate))
        found = _matches(archive, asked, peaks, chance, limit)
        likeliest = [match.reference for match in found if match.probability >= max(least, HARDLY)]
        if likeliest == before:
            break
    return found


@dataclass(frozen=True, slots=True)
class Peak:
    """A place where a phrase may have been said: from where in its first frame to the end of the last."""

    start: float  # frames of the archive
    end: int
    score: float


@dataclass(frozen=True, slots=True)
class Chances:
    """How well a phrase fits by chance: in each way, in one of several readings, and in all together."""

    each: list[Background]
    read: Background | None
    together: Background

    @classmethod
    def told(cls, look: Look, ways: Sequence[Way]) -> "Chances":
        """By the places of a look where the phrase hardly is."""
        usual = ways[0].phrase.usual
        each = [_chance(look, look.paths(way.phrase)[0], way.phrase.usual, way.phrase.spread) for way in ways]
        n_readings = sum(way.chance is not None for way in ways)
        read = _chance(look, any_of(look, ways, each), usual, 1.0) if n_readings else None
        scores, n_ways = _fused(look, ways, each, read)[0], len(ways) - max(0, n_readings - 1)
        return cls(each, read, _chance(look, scores, usual, n_ways**-0.5))


def judged(
    archive: Archive, tokenizer: Tokenizer, phrases: Sequence[Phrase], readings: Sequence[Reading] = ()
) -> Iterator[tuple[list[Peak], Background]]:
    """Places that may say a phrase, so many at a time, the best first; and how well it fits by chance.

    The likely ones of the first are examples by which all are judged.
    """
    ways = [Way(phrase) for phrase in phrases]
    ways += [Way(reading.words, chance=reading.chance) for reading in readings]
    longest = max(phrase.longest for phrase in phrases)
    chances: Chances | None = None
    sure = [reading.words for reading in readings[:1] if reading.chance >= SURE]
    for places in Places.best_first(archive, [phrases[0], *sure]):
        look = Look.at(archive, places, longest, first=chances is None)
        said = look.said(tokenizer, all(phrase.wide for phrase in phrases))
        if chances is None:
            chances = Chances.told(look, ways)
            surest = _likely(_peaks(look, said, ways, chances), chances.together)
            if further := as_found(archive, tokenizer, surest, phrases, BLUR):
                ways += further
                chances = Chances.told(look, ways)
        yield _peaks(look, said, ways, chances), chances.together


def _likely(peaks: Sequence[Peak], background: Background) -> list[tuple[int, int]]:
    """The first and last frames of the best of all peaks, as far as they are likely."""
    chance = _knowing(background, peaks)
    best = [peak for peak in peaks[:MOST] if _probability(peak, peaks[0], chance) >= LIKELY]
    return [(int(peak.start), peak.end) for peak in best]


def _peaks(look: Look, said: npt.NDArray[np.bool_], ways: Sequence[Way], chances: Chances) -> list[Peak]:
    """The chosen places of a look, best first, none overlapping another.

    Where nothing is said there is no phrase, however much less it fits elsewhere.
    """
    scores, starts, ends = _fused(look, ways, chances.each, chances.read)
    peaks = []
    for block in look.chosen:
        best = block.start + int(scores[block].argmax())
        start = float(starts[best])
        if np.isfinite(scores[best]) and said[int(start) : ends[best] + 1].any():
            begin, end = look.frames[int(start)] + start % 1, look.frames[ends[best]]
            peaks.append(Peak(float(begin), int(end), float(scores[best])))
    return apart(peaks)


def _fused(
    look: Look, ways: Sequence[Way], each: Sequence[Background], read: Background | None
) -> tuple[Float32, Float64, Int64]:
    """The paths of all ways as one; see `fused`. Readings are one way, and do not tell where it starts."""
    asked: list[Paths] = []
    further: list[tuple[Paths, Float32]] = []
    for way, chance in zip(ways, each, strict=True):
        scores, starts = look.paths(way.phrase)
        if way.own:
            further.append(((chance.standard(scores), starts), way.weights(look.frames)))
        elif way.chance is None:
            asked.append((chance.standard(scores), starts))
    if read is not None:
        scores = read.standard(any_of(look, ways, each))
        further.append(((scores, asked[0][1]), np.ones(len(scores), np.float32)))
    return fused(asked, look.bounds, further)


def any_of(look: Look, ways: Sequence[Way], each: Sequence[Background]) -> Float32:
    """How much likelier than by chance one of the readings ends at each frame.

    Standard scores are the logarithms of such ratios; what is none of the readings is as likely as by chance.
    """
    other = 1 - sum(way.chance for way in ways if way.chance is not None)
    ratios = np.full(len(look.frames), _log(other), np.float32)
    for way, chance in zip(ways, each, strict=True):
        if way.chance is not None:
            scores = chance.standard(look.paths(way.phrase)[0])
            ratios = np.logaddexp(ratios, scores + _log(way.chance))
    return ratios


def _log(chance: float) -> np.float32:
    return np.float32(math.log(max(chance, 1e-9)))


def _chance(look: Look, scores: Float32, usual: int, spread: float) -> Background:
    """How well a phrase fits by chance: as in speech, where there is noise.

    Around the best place it may not be chance: paths of a phrase of ``usual`` frames that end there share
    most of their frames.
    """
    highest = np.array([scores[block].max() for block in look.by_chance])
    firsts = np.array([block.start for block in look.by_chance])
    elsewhere = np.abs(firsts - firsts[highest.argmax()]) > usual // 2
    chance = Background.fit(highest[elsewhere & np.isfinite(highest)], look.number)
    return replace(chance, decay=max(chance.decay, spread))


def fused(
    paths: Sequence[Paths], bounds: Int64, further: Sequence[tuple[Paths, Float32]] = ()
) -> tuple[Float32, Float64, Int64]:
    """The paths of several phrases that end at about the same frame as one: their mean score.

    Parameters
    ----------
    paths : sequence of (scores, starts)
        As `Phrase.find` gives them.
    bounds : np.ndarray, shape (n_stretches + 1,), int64
        No path ends in another stretch.
    further : sequence of (path, weights)
        Others, and how much each counts at every frame, where each of the paths counts for 1.

    Returns
    -------
    scores, starts
        Likewise; it starts where the best of the paths does, but for further ones.
    ends : np.ndarray, shape (n_frames,), int64
        And ends there, up to `BLUR` frames from here.
    """
    here = np.arange(len(paths[0][0]))
    if len(paths) + len(further) == 1:
        return *paths[0], here
    stretch = np.pad(np.repeat(np.arange(len(bounds) - 1), np.diff(bounds)), BLUR, constant_values=-1)
    own = sliding_window_view(stretch, 2 * BLUR + 1) == stretch[BLUR : BLUR + len(here), None]
    best, begins, ends = [], [], []
    for scores, starts in [*paths, *(path for path, _ in further)]:
        padded = np.pad(scores, BLUR, constant_values=-np.inf)
        around = np.where(own, sliding_window_view(padded, 2 * BLUR + 1), -np.inf)
        near = (here + around.argmax(axis=1) - BLUR).clip(0, len(here) - 1)
        best.append(around.max(axis=1))
        begins.append(starts[near])
        ends.append(near)
    chosen = np.argmax(best[: len(paths)], axis=0)
    scores, weight = np.sum(best[: len(paths)], axis=0), np.full(len(here), len(paths), np.float32)
    for one, (_, weights) in zip(best[len(paths) :], further, strict=True):
        scores += np.multiply(weights, one, out=np.zeros_like(one), where=weights > 0)
        weight += weights
    return scores / weight, np.stack(begins)[chosen, here], np.stack(ends)[chosen, here]


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
    chance = _knowing(background, peaks)
    hours = archive.n_frames * archive.frame / 3600
    matches = []
    for peak in peaks[:limit]:
        place = archive.segment(peak.start, peak.end)
        matches.append(
            Match(
                recording=archive.recordings[archive.stretch_of(peak.start)],
                query=asked,
                reference=place,
                rate=place.duration / asked.duration,
                score=peak.score,
                probability=_probability(peak, peaks[0], chance),
                false_alarms=chance.expected_false(peak.score) / hours,
            )
        )
    return matches


def _knowing(background: Background, peaks: Sequence[Peak]) -> Background:
    return background.knowing(np.array([peak.score for peak in peaks], np.float32))


def _probability(peak: Peak, best: Peak, chance: Background) -> float:
    """That a peak is true, beside the best of its question."""
    short = max(1.0, FEWEST / chance.n_peaks)
    return likely(short * chance.expected_false(peak.score), short * chance.expected_false(best.score))
