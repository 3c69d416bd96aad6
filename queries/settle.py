"""Which of the lines of a section are true, as far as waveforms tell: the likeliest are listened to first.

One that is certain explains others, which need not be heard: lines to the same place of the recording, to
places of it that agree less (a tune comes again), and to other recordings that agree far less.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from audiosearch.alignment import Line
from audiosearch.coherence import UNALTERED, Coherence
from audiosearch.types import Float32, Segment
from queries.waveforms import Waveforms

if TYPE_CHECKING:
    from queries.search import Judged

COMPARED = 12  # lines of a section that are listened to at most
LISTENED = 0.001  # probability from which on the likeliest are
FIRST = 3  # of these
FURTHER = 0.01  # probability from which on others are
UNLIKELY = 0.5  # probability below which what a certain line explains elsewhere is not listened to
LIKELY = 0.9  # probability from which on a part of a long section may tell enough
LONG, PART = 6.0, 1.5  # seconds of one, and of its part
LONGER_PART = 3.0  # of a line that is less likely: a second and a half of two recordings may share a hum
FAR = 4  # lines that are listened to further beside them as well
ASIDE = 0.1  # seconds from a line to where a copy lies from which on that is believed
CERTAIN = 0.99  # probability from which on a line that was heard explains others
SAME_PLACE = 0.4  # seconds
LESS = 0.05  # mean cosine by which other places of a recording agree less
PARTLY = 0.75  # of how well waveforms agree, with which they have only a part in common: other voices sing
FAR_LESS = 0.2  # by which what only resembles does in others


def settled(judged: list["Judged"], waveforms: Waveforms) -> list["Judged"]:
    """Lines of one section, those that were heard with how well their waveforms agree, and where that is.

    Without those that lead to a recording of which another line is certain, unless codes and waveforms agree
    as well, as in one that repeats itself sample by sample, or elsewhere in the section.
    """
    found: list[Judged] = []
    certain: list[Judged] = []
    for place, j in enumerate(sorted(judged, key=lambda j: -j.judgement.score)):
        less = [(sure.line.recording == j.line.recording, _exceeds(sure, j)) for sure in certain]
        here = [by for is_here, by in less if is_here]
        elsewhere = [by for is_here, by in less if not is_here]
        if max(here, default=-1.0) > LESS or any(_is_same_place(sure, j) for sure in certain):
            continue
        probability = j.judgement.probability
        resembles = probability < UNLIKELY and max(elsewhere, default=-1.0) > FAR_LESS
        least = LISTENED if place < FIRST else FURTHER
        if place >= COMPARED or probability <= least or resembles:
            found.append(j)
            continue
        as_well = max(here, default=-1.0) > -LESS
        coherence = None
        if as_well or (j.query.duration > LONG and (certain or probability > LIKELY)):
            seconds = PART if probability > LIKELY else LONGER_PART
            coherence = waveforms.at_once(j.line, j.query, surest_part(j.query, j.agreements, seconds))
        if coherence is None and as_well:
            continue
        coherence = coherence or waveforms.coherence(j.line, j.query, far=place < FAR)
        line = placed(j.line, j.query, coherence) if coherence else j.line
        heard = replace(j, line=line, judgement=replace(j.judgement, coherence=coherence))
        found.append(heard)
        if coherence and heard.judgement.probability > CERTAIN:
            certain.append(heard)
    return [j for j in found if not any(_outdoes(sure, j) for sure in certain)]


def surest_part(section: Segment, agreements: Float32, seconds: float) -> Segment:
    """Where a line agrees best for so many seconds: that tells most, and speech has pauses."""
    step = section.duration / max(1, len(agreements))
    size = round(seconds / step)
    if size >= len(agreements):
        return section
    sums = np.cumsum(np.concatenate([[0.0], agreements]))
    start = section.start + step * int(np.argmax(sums[size:] - sums[:-size]))
    return Segment(start, start + size * step)


def placed(line: Line, section: Segment, coherence: Coherence) -> Line:
    """The line, or that on which the waveforms say that a copy of a section lies, if that is another one."""
    if not coherence.is_placed or (abs(coherence.lag) < ASIDE and abs(line.rate - 1) < UNALTERED):
        return line
    middle = (section.start + section.end) / 2
    return replace(line, rate=1.0, offset=line.at(middle) + coherence.lag - middle)


def _is_same_place(one: "Judged", other: "Judged") -> bool:
    middle = (one.query.start + one.query.end) / 2
    beside = abs(one.line.at(middle) - other.line.at(middle))
    return one.line.recording == other.line.recording and beside < SAME_PLACE


def _outdoes(one: "Judged", other: "Judged") -> bool:
    """Whether codes agree as well elsewhere in the recording, but waveforms far better."""
    if one.line.recording != other.line.recording or abs(_exceeds(one, other)) > LESS:
        return False
    heard, less = one.judgement.coherence, other.judgement.coherence
    return heard is not None and less is not None and 0 < less.strength < PARTLY * heard.strength


def _exceeds(one: "Judged", other: "Judged") -> float:
    """By how much a line agrees better on the frames on which another agrees best, the better half."""
    best = np.argsort(other.agreements)[len(other.agreements) // 2 :]
    return float(one.agreements[best].mean() - other.agreements[best].mean()) if len(best) else -1.0
