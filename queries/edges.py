"""Where a match begins and ends within a query, heard once more around these places.

A code hears about a second of what lies around it. So frames of a match agree less and less towards its end,
in music more so than in speech, and where agreement ends is up to a second off. Therefore the sound around an
end is cut at several places, and each time heard between its own mirror image and the match:

    agreement      |            ________
    of the first   |           /            cut within the match, they agree as all others do; before it,
    frames behind  |   _______/             the less, the more of them is something else
    a cut          +----------|--------  cut
                           begins

Where the waveforms are at hand and agree, they tell it to a tenth of a second: how far they do.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from audiosearch import alignment
from audiosearch.alignment import Line
from audiosearch.frames import to_seconds
from audiosearch.interfaces import Store, Tokenizer
from audiosearch.types import Float32, Float64, Match, Segment, Waveform
from queries.search import Found
from queries.speeds import Reader
from queries.tracks import stored_track, track
from queries.waveforms import Waveforms

LEAST = 0.5  # probability of a match from which on it is worth the time
CUTS = np.arange(-6, 7) * 0.2  # seconds from where an end seems to lie
PLACES = np.arange(-30, 31) * 0.04  # seconds likewise, where it may lie
FALL = 0.9  # seconds before an end from which on nothing agrees
FIRST = 12  # frames behind a cut that are compared
HEARD = 30  # frames that are heard with it
MIRRORED = 18  # frames of their mirror image
FLAT = 1e-9  # a rise of less is none
WITHIN = 3.0, 8.0  # seconds inside of an end in which waveforms are compared, one after the other
WITHOUT = 1.5  # seconds outside of it
KNOWN = 2.1  # seconds of them that are believed to lie within the match
AGREES, CHANCE = 6.0, 2.5  # standard deviations that stretches count for at most, and that chance reaches
FAINT = 0.125  # of what they agree within the match, that chance reaches at most
OVERHANG = 0.05  # seconds by which a stretch still agrees that does not lie within the match
CLEAR = 0.3  # of what frames agree within a match: by so much an end shows at least


@dataclass(frozen=True, slots=True)
class _End:
    """One end of a match: which match, when, and whether it is where it begins (1) or ends (-1)."""

    match: int
    seconds: float
    side: int

    def around(self, frame: float) -> Segment:
        """What has to be heard of the query; ``frame`` is the length of one."""
        reach = float(CUTS.max())
        before, behind = (reach, reach + HEARD * frame)[:: self.side]
        return Segment(max(0.0, self.seconds - before), self.seconds + behind)


def sharpened(
    found: Sequence[Found],
    read: Reader,
    duration: float,
    tokenizer: Tokenizer,
    store: Store,
    waveforms: Waveforms | None = None,
) -> list[Found]:
    """The same matches with ends that are right to about a quarter of a second.

    Parameters
    ----------
    found : sequence of Found
        In the query as it is.
    read : callable
        Gives the query's samples at the tokenizer's rate in blocks, from its beginning; not called where all
        ends are the query's own.
    duration : float
        Of the query, in seconds.
    tokenizer : Tokenizer
    store : Store
    waveforms : Waveforms, optional
    """
    matches = [one.match for one in found]
    ends = _ends(matches, duration, to_seconds(1, tokenizer.frame_rate))
    if not ends:
        return list(found)
    unclear = _heard_in_waveforms(matches, ends, waveforms) if waveforms else ends
    for end, segment, samples in _heard(unclear, read(), tokenizer) if unclear else ():
        line = alignment.line_of(found[end.match].match)
        cuts, agreements = _agreements(end, segment, samples, line, tokenizer, store)
        matches[end.match] = _moved(matches[end.match], end, _knee(cuts, agreements), line)
    return [replace(one, match=match) for one, match in zip(found, matches, strict=True)]


def as_heard(matches: Iterable[Match], waveforms: Waveforms, duration: float, frame: float) -> list[Match]:
    """The same matches with their ends where waveforms cease to agree, as far as these tell.

    Parameters
    ----------
    matches : iterable of Match
    waveforms : Waveforms
    duration : float
        Of what was heard, in seconds.
    frame : float
        The length of one, in seconds.
    """
    moved = list(matches)
    _heard_in_waveforms(moved, _ends(moved, duration, frame), waveforms)
    return moved


def _ends(matches: Sequence[Match], duration: float, frame: float) -> list[_End]:
    """Those of likely matches, but not the query's own."""
    return [
        _End(number, seconds, side)
        for number, match in enumerate(matches)
        for seconds, side in ((match.query.start, 1), (match.query.end, -1))
        if match.probability >= LEAST and frame < seconds < duration - frame
    ]


def _heard_in_waveforms(matches: list[Match], ends: Iterable[_End], waveforms: Waveforms) -> list[_End]:
    """Move the ends of matches of which waveforms tell; the others."""
    lines = [alignment.line_of(match) for match in matches]
    unclear = []
    for end in ends:
        by = _by_waveform(matches[end.match], end, waveforms)
        if by is None:
            unclear.append(end)
        else:
            matches[end.match] = _moved(matches[end.match], end, by, lines[end.match])
    return unclear


def _by_waveform(match: Match, end: _End, waveforms: Waveforms) -> float | None:
    """By how much an end has to be moved inwards; None where the waveforms do not tell."""
    for within in WITHIN:
        by = _within(min(within, match.query.duration / 2 + 1.0), match, end, waveforms)
        if by is not None:
            return by
    return None


def _within(seconds: float, match: Match, end: _End, waveforms: Waveforms) -> float | None:
    """The same, where the end lies outside of what lies so many seconds further inside."""
    furthest = end.seconds + end.side * seconds, end.seconds - end.side * WITHOUT
    section = Segment(max(0.0, min(furthest)), max(furthest))
    known = Segment(*sorted((end.seconds + end.side * max(FALL, seconds - KNOWN), furthest[0])))
    found = waveforms.trace(alignment.line_of(match), section, known)
    if found is None:
        return None
    # Outwards from within: as far as what agrees outweighs what does not.
    agreements, times = found.agreements[:: -end.side], found.times[:: -end.side]
    inside = (times >= known.start) & (times <= known.end)
    chance = max(CHANCE, FAINT * float(np.median(agreements[inside]))) if inside.any() else CHANCE
    gains = np.where(agreements == 0, 0, np.minimum(agreements, AGREES) - chance)
    if gains[inside].sum() <= 0:
        return None
    last = float(times[int(np.argmax(np.cumsum(gains)))])
    return end.side * (last - end.seconds) + OVERHANG


def _moved(match: Match, end: _End, by: float, line: Line) -> Match:
    """The match with one of its ends moved inwards by so many seconds."""
    start, stop = match.query.start, match.query.end
    if end.side == 1:
        start += by
    else:
        stop -= by
    if stop - start < FALL:
        return match
    reference = Segment(max(0.0, line.at(start)), max(0.0, line.at(stop)))
    return replace(match, query=Segment(start, stop), reference=reference)


def _heard(
    ends: Iterable[_End], blocks: Iterable[Float32], tokenizer: Tokenizer
) -> Iterator[tuple[_End, Segment, Float32]]:
    """The samples around each end, read as a stream; with what they are of."""
    rate, frame = tokenizer.sample_rate, to_seconds(1, tokenizer.frame_rate)
    waiting = sorted(ends, key=lambda end: end.around(frame))
    held, start = np.zeros(0, np.float32), 0  # samples, and the number of the first of them
    for block in itertools.chain(blocks, [None]):
        if block is not None:
            held = np.concatenate([held, block])
        while waiting:
            segment = waiting[0].around(frame)
            first, after = round(segment.start * rate), round(segment.end * rate)
            if block is not None and after > start + len(held):
                break
            yield waiting.pop(0), segment, held[max(0, first - start) : after - start]
        if not waiting:
            return
        needed = round(waiting[0].around(frame).start * rate)
        held, start = held[max(0, needed - start) :], max(start, min(needed, start + len(held)))


def _agreements(
    end: _End, segment: Segment, samples: Float32, line: Line, tokenizer: Tokenizer, store: Store
) -> tuple[Float64, Float64]:
    """Cuts, in seconds towards the inside of the match, and what the first frames inside of each agree."""
    rate, frame = tokenizer.sample_rate, to_seconds(1, tokenizer.frame_rate)
    size = round(HEARD * frame * rate)
    cuts, pieces, starts = [], [], []
    for cut in CUTS.tolist():
        at = end.seconds + end.side * cut
        first = round((at - segment.start) * rate) - (0 if end.side == 1 else size)
        if first >= 0 and first + size <= len(samples):
            mirrored = round(MIRRORED * frame * rate)
            pad = (mirrored, 0)[:: end.side]
            pieces.append(Waveform(np.pad(samples[first : first + size], pad, mode="symmetric"), rate))
            starts.append(segment.start + first / rate)
            cuts.append(cut)
    reference = stored_track(
        store,
        tokenizer,
        tokenizer.sound_layers,
        line.recording,
        Segment(max(0.0, line.at(segment.start) - 1.0), max(0.0, line.at(segment.end) + 1.0)),
    )
    inside = slice(MIRRORED, MIRRORED + FIRST) if end.side == 1 else slice(HEARD - FIRST, HEARD)
    agreements = []
    for codes, start in zip(tokenizer.encode(pieces), starts, strict=True):
        begins = start - (MIRRORED * frame if end.side == 1 else 0.0)
        heard = track(codes, tokenizer, tokenizer.sound_layers, begins)
        agreements.append(float(alignment.agreement(heard, reference, line)[inside].mean()))
    return np.array(cuts), np.array(agreements)


def _knee(cuts: Float64, agreements: Float64) -> float:
    """Where agreement ceases to rise: least squares; 0 where it does not rise clearly."""
    best, place = np.inf, 0.0
    for tried in PLACES.tolist() if len(cuts) > 2 else ():
        rise = np.clip(1 - (tried - cuts) / FALL, 0, 1)
        if np.ptp(rise) < FLAT:
            continue  # no cut lies where it rises, so that any level would be one
        design = np.stack([np.ones_like(rise), rise], axis=1)
        levels = np.linalg.lstsq(design, agreements, rcond=None)[0]
        error = float(((agreements - design @ levels) ** 2).sum())
        if levels[1] >= CLEAR * agreements.max() and error < best:
            best, place = error, tried
    return place
