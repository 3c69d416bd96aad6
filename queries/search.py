"""One query against one store: from its sections to judged lines, from lines to matches."""

import functools
import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from threadpoolctl import ThreadpoolController

from audiosearch import alignment, verifier
from audiosearch.alignment import Line, Track
from audiosearch.frames import to_seconds
from audiosearch.interfaces import Store, Tokenizer
from audiosearch.judgement import Judgement, background, better_half, leads, outvotes, repetition, sameness
from audiosearch.representations import SEPARATOR, anchors
from audiosearch.types import Codes, Float32, Float64, Match, Segment
from audiosearch.verifier import Heard
from queries.settle import settled
from queries.tracks import interleaved, stored_tracks, track
from queries.waveforms import Waveforms

SURE = 0.99  # probability from which on nothing need be known of rivals
HOPELESS = 0.005  # probability below which a line is dropped at once
LIKELY = 0.5  # probability from which on the support of a match counts
MAYBE = 0.2  # from which on a line counts as one of many copies, that may hide others which lie better
UNLIKELY = 0.1  # probability below which a match adds nothing to another one
FEWEST_CODES = 25  # of a fingerprint: 2 s
SAME_LINE = 0.4  # seconds two lines may differ where they meet
SECTION = 10.0  # seconds of the query that are voted on together
SHORTEST = 3.0  # seconds of a section that is judged as if it were no shorter
STEP = 5.0  # seconds from one section to the next
DIVIDED = 6.0  # seconds of a section that is judged by its parts, too
UNSETTLED = 0.9  # probability up to which a line may be surer in a part of a section
AGREES = 0.45  # mean cosine in a part from which on that is looked into
FAINT = 0.3  # mean cosine of the better half up to which codes do not tell where a match begins
FILLS = 0.8  # share of a section that a part fills at most: else the whole tells as much
HOPS = 3, 4  # frames from one of the query's anchors to the next: in a section, and in a `FULL` one
FULL = 8.0  # seconds from which on a section has anchors enough
HITS = 20  # stored anchors looked at for each of the query's, where `LINES` are judged
OWN_HITS = 4  # of an anchor, in a recording that holds it
ALIKE = 0.75  # mean cosine of the frames of two stored recordings that are copies there
INSIDE = 0.48  # of its agreement that the frames of a match exceed
BETWEEN = 1.0  # seconds of sound that two matches may leave out where they meet
HOLE = 4.0  # seconds in which nothing agrees, behind which another match begins
SNAP = 0.8  # seconds at an end of the query that belong to a match which begins or ends there
LINES = 12  # judged for each section at least
LINE_SECONDS = 120.0  # together: of short sections more are judged, whose true line has fewer votes
MORE = 4  # times as many hits and lines are looked at where most of the lines were copies
MOST = 768  # lines
REMEMBERED = 64  # stretches of recordings: a line is asked of again when it is extended


@dataclass(frozen=True, slots=True)
class Judged:
    """A line, with how well the frames of a stretch of the query agree along it."""

    line: Line
    query: Segment
    judgement: Judgement
    agreements: Float32  # shape (n_frames,)

    @property
    def inside(self) -> float:
        """What its frames agree where it holds."""
        return better_half(self.agreements)


@dataclass(frozen=True, slots=True)
class Found:
    """A match.

    Parameters
    ----------
    match : Match
    support : float
        What it agrees over time, in seconds: of two lines through a refrain, the true one has more.
    judgement : Judgement
        Of the surest of its lines.
    """

    match: Match
    support: float
    judgement: Judgement


class Search:
    """One query against one store.

    Parameters
    ----------
    store : Store
    tokenizer : Tokenizer
        The one that the store was made with.
    codes : Codes
        Of the query.
    start : float
        When they begin, in seconds of the query.
    ignoring : collection of str
        Recordings that are not looked for.
    late : Codes, optional
        Of the query, with every frame half a frame later.
    verify : bool
        Whether lines are looked at by the network, too, if there is one for the tokenizer.
    waveforms : Waveforms, optional
        Of the query and the recordings: lines that are not hopeless are listened to.
    """

    def __init__(
        self,
        store: Store,
        tokenizer: Tokenizer,
        codes: Codes,
        start: float = 0.0,
        ignoring: Collection[str] = (),
        late: Codes | None = None,
        verify: bool = True,
        waveforms: Waveforms | None = None,
    ) -> None:
        self._store = store
        self._tokenizer = tokenizer
        half = to_seconds(1, codes.frame_rate) / 2
        self._frame_rate = codes.frame_rate
        self._phases = [(start, codes)] if late is None else [(start, codes), (start + half, late)]
        self._ignoring = ignoring
        self._heard = [
            Heard(
                track(part, tokenizer, tokenizer.sound_layers, begin),
                track(part, tokenizer, tokenizer.speech_layers, begin),
            )
            for begin, part in self._phases
        ]
        self._query = interleaved([heard.sound for heard in self._heard])
        self._verifier = verifier.shipped(tokenizer.name) if verify else None
        self._waveforms = waveforms
        self._same: dict[Segment, tuple[float, float]] = {}  # of its sections
        layers = tokenizer.sound_layers, tokenizer.speech_layers
        self._stored = functools.partial(stored_tracks, store, tokenizer, layers)
        self._remembered = functools.lru_cache(REMEMBERED)(self._stored)

    def copies(self, fingerprints: Iterable[tuple[Segment, str]]) -> Iterator[Judged]:
        """Clips whose fingerprints are stored and whose frames agree."""
        for segment, fingerprint in fingerprints:
            if is_telling(fingerprint):
                for clip in self._store.by_fingerprint(fingerprint):
                    if clip.recording not in self._ignoring:
                        line = Line(clip.recording, 1.0, clip.segment.start - segment.start)
                        around = self.around(line, segment)
                        judged = self._judge(line, segment, around.sound)
                        yield from self._settled(self._verified([judged], [around], segment))

    def section(self, section: Segment, divided: bool = True) -> list[Judged]:
        """The lines that a section's anchors vote for, judged; without the hopeless ones.

        What fills only a part of a section is judged by that part, too, if it may be ``divided``.
        """
        judged = self._settled(self.judged(section))
        for part in self._agreeing_parts(section, judged) if divided else []:
            chosen = [replace(j, judgement=replace(j.judgement, chosen=True)) for j in self.judged(part)]
            judged += self._settled(chosen)
        return [j for j in judged if j.judgement.probability > HOPELESS]

    def _settled(self, judged: list[Judged]) -> list[Judged]:
        return settled(judged, self._waveforms) if self._waveforms else judged

    def _agreeing_parts(self, section: Segment, judged: list[Judged]) -> list[Segment]:
        """Parts of a section that agree along a line of which the whole section leaves doubt."""
        parts: list[Segment] = []
        if section.duration < DIVIDED:
            return parts
        times, step = self._query.within(section).times, self._query.step
        settled = [j.agreements for j in judged if j.judgement.probability >= UNSETTLED]
        for j in sorted(judged, key=lambda j: -j.inside):
            if j.judgement.probability >= UNSETTLED:
                continue
            agreeing = alignment.agreeing(j.agreements, INSIDE * j.inside, round(HOLE / step))
            longest = max(agreeing, key=lambda part: part.stop - part.start)
            part = Segment(float(times[longest.start]), float(times[longest.stop - 1]) + step)
            short = SHORTEST <= part.duration <= FILLS * section.duration
            known = any(part.overlap(other) >= 0.5 * part.duration for other in parts)
            agrees = float(j.agreements[longest].mean())
            explained = any(float(other[longest].mean()) >= agrees for other in settled)
            if short and not known and not explained and agrees > AGREES:
                parts.append(part)
        return parts

    def judged(self, section: Segment, limit: int | None = None) -> list[Judged]:
        """The lines that a section's anchors vote for, judged: more of them where most are copies.

        Of a recording that repeats itself most lines are likely, too, and nothing hides behind them.
        """
        limit = limit or n_lines(section)
        while True:
            judged = self._judged(section, limit)
            copies = [j.line.recording for j in judged if j.judgement.probability > MAYBE]
            repeats_itself = len(set(copies)) == 1 and len(copies) < len(judged)
            if len(copies) <= limit / 2 or repeats_itself or limit >= MOST:
                return judged
            limit *= MORE

    def _judged(self, section: Segment, limit: int) -> list[Judged]:
        with _one_thread():
            lines = self.lines(section, limit)
            references = [self.around(line, section) for line in lines]
            judged = [
                self._judge(line, section, reference.sound)
                for line, reference in zip(lines, references, strict=True)
            ]
            behind = background([j.line.recording for j in judged], [j.judgement.agreement for j in judged])
            votes = outvotes([j.line.weight for j in judged])
            compared = [
                replace(j, judgement=replace(j.judgement, background=level, votes=more))
                for j, level, more in zip(judged, behind, votes, strict=True)
            ]
            return self._verified(self._ranked(compared, references, section), references, section)

    def _ranked(self, judged: list[Judged], references: Sequence[Heard], section: Segment) -> list[Judged]:
        """The same, each compared with its rivals: unsure lines, in recordings without a copy of its own."""
        if not judged:
            return []
        query = self._query.within(section)
        lines, stored = [j.line for j in judged], [reference.sound for reference in references]
        unsure = np.array([j.judgement.probability < SURE for j in judged])
        rivals = unsure & ~_same_recordings(lines, alignment.resemblance(query.times, stored, lines) > ALIKE)
        agreements = np.stack([j.agreements for j in judged])
        return [
            replace(j, judgement=replace(j.judgement, lead=lead))
            for j, lead in zip(judged, leads(agreements, rivals), strict=True)
        ]

    def _verified(self, judged: list[Judged], references: Sequence[Heard], section: Segment) -> list[Judged]:
        """The same, with what the network makes of them and of what is stored around them."""
        if self._verifier is None or not judged:
            return judged
        told = np.stack([j.judgement.told for j in judged])
        odds = self._verifier(self.evidence(judged, references, section), told)
        return [
            replace(j, judgement=replace(j.judgement, verified=float(verified)))
            for j, verified in zip(judged, odds, strict=True)
        ]

    def evidence(self, judged: Iterable[Judged], references: Sequence[Heard], section: Segment) -> Float32:
        """How a section agrees with what is stored, frame by frame (`audiosearch.verifier.evidence`)."""
        query = [Heard(heard.sound.within(section), heard.speech.within(section)) for heard in self._heard]
        return verifier.evidence(query, references, [j.line for j in judged])

    def lines(self, section: Segment, limit: int) -> list[Line]:
        """The lines that a section's anchors vote for, so many at the most."""
        times, rows = zip(*self._anchors(section), strict=True)
        looked_at = HITS * limit // LINES + OWN_HITS * len(self._ignoring)
        found = self._store.by_anchors(np.concatenate(rows), looked_at)
        hits = [[hit for hit in row if hit.recording not in self._ignoring] for row in found]
        return alignment.vote(np.concatenate(times).tolist(), hits, limit)

    def _anchors(self, section: Segment) -> Iterator[tuple[Float64, Float32]]:
        """Times and vectors of a section's anchors, of each phase."""
        for start, codes in self._phases:
            ends = section.start - start, section.end - start
            first, after = (max(0, round(seconds * self._frame_rate)) for seconds in ends)
            part = replace(codes, array=codes.array[:, first:after])
            hop = HOPS[section.duration >= FULL]
            rows = anchors(part, self._tokenizer, hop, self._store.schema.anchor_dim)
            frames = first + hop * np.arange(len(rows))
            yield start + to_seconds(1, self._frame_rate) * frames.astype(np.float64), rows

    def extend(self, run: list[Judged]) -> list[Found]:
        """Matches from judged lines that continue each other: as far as their frames agree.

        Where they do not for a while, since something else was put there, one ends and another begins.
        """
        likely = [j for j in run if j.judgement.probability > LIKELY] or run
        level = max(likely, key=lambda j: j.judgement.probability_by_codes).inside
        line = alignment.through(
            [j.line for j in likely],
            [(j.query.start + j.query.end) / 2 for j in likely],
            [j.judgement.probability_by_codes for j in likely],
        )
        around = span(run)
        # Below other sound frames agree so little that others do by chance; but there waveforms have told of
        # any section that holds more of it.
        known = any(j.judgement.coherence and j.judgement.probability > SURE for j in run)
        further = 0.0 if known and level < AGREES else SECTION
        own = self._query.times[0], self._query.times[-1] + self._query.step
        searched = Segment(max(own[0], around.start - further), min(own[1], around.end + further))
        query = self._query.within(searched)
        agreements = alignment.agreement(query, self.around(line, searched).sound, line)
        step = to_seconds(1, self._frame_rate) / len(self._phases)
        if known and level < FAINT:
            parts = [slice(0, len(agreements))]
        else:
            parts = alignment.agreeing(agreements, INSIDE * level, round(HOLE / step))
        return [self._part(run, line, query, agreements, part, step) for part in parts]

    def _part(
        self, run: list[Judged], line: Line, query: Track, agreements: Float32, part: slice, step: float
    ) -> Found:
        first, last = part.start, part.stop - 1
        # At the query's own ends frames have heard less than the recording's.
        if query.times[first] - self._query.times[0] <= SNAP:
            first = 0
        if self._query.times[-1] - query.times[last] <= SNAP:
            last = len(query.times) - 1
        start = float(query.times[first])
        end = float(query.times[last]) + to_seconds(1, self._frame_rate)
        heard = Segment(start, end)
        # The surest of the lines that were heard in this part for the most.
        within = [j for j in run if heard.overlap(j.query) >= 0.5 * j.query.duration]
        best = max(within or run, key=lambda j: (heard.overlap(j.query) > 0, j.judgement.score))
        match = Match(
            recording=line.recording,
            query=heard,
            reference=Segment(max(0.0, line.at(start)), max(0.0, line.at(end))),
            rate=line.rate,
            score=best.judgement.score,
            probability=best.judgement.probability,
        )
        return Found(match, float(agreements[part].sum()) * step, best.judgement)

    def joined(self, found: Iterable[Found]) -> Iterator[Found]:
        """Those that lie on one line as one, where they touch or the recording has no sound between them."""
        last: Found | None = None
        for one in sorted(found, key=lambda f: (f.match.recording, f.match.query)):
            if last is not None and self._goes_on(last.match, one.match):
                last = _together(last, one)
                continue
            if last is not None:
                yield last
            last = one
        if last is not None:
            yield last

    def _goes_on(self, match: Match, later: Match) -> bool:
        unlikely = min(match.probability, later.probability) < UNLIKELY
        if match.recording != later.recording or unlikely:
            return False
        between = (match.query.end + later.query.start) / 2
        apart = abs(alignment.line_of(match).at(between) - alignment.line_of(later).at(between))
        hole = Segment(match.reference.end, max(match.reference.end, later.reference.start))
        sound = (clip.segment.overlap(hole) for clip, _ in self._store.codes(match.recording, hole))
        return apart < SAME_LINE and (hole.duration == 0 or sum(sound) < BETWEEN)

    def _judge(self, line: Line, section: Segment, reference: Track) -> Judged:
        query = self._query.within(section)
        refined = alignment.refine(query, reference, line)
        agreements = alignment.agreement(query, reference, refined)
        agreement = float(agreements.mean()) if len(agreements) else 0.0
        straight = alignment.straightness(query, reference, refined)
        same, repeated = self._alike(section)
        judgement = Judgement(agreement, refined.rate, same, straight, section.duration, repetition=repeated)
        return Judged(refined, section, judgement, agreements)

    def _alike(self, section: Segment) -> tuple[float, float]:
        """Sameness of a section; and repetition in it, with what lies around it where it is short."""
        if section not in self._same:
            more = max(0.0, SECTION - section.duration) / 2
            around = Segment(max(0.0, section.start - more), section.end + more)
            self._same[section] = (
                sameness(self._query.within(section)),
                repetition(self._query.within(around)),
            )
        return self._same[section]

    def around(self, line: Line, section: Segment) -> Heard:
        """What is stored where a line leads, and a little around it, in whole seconds."""
        begin, end = math.floor(line.at(section.start)) - 1.0, math.ceil(line.at(section.end)) + 1.0
        stored = self._remembered if section.duration <= SECTION + STEP else self._stored
        return Heard(*stored(line.recording, Segment(max(0.0, begin), max(0.0, end))))


def _one_thread() -> AbstractContextManager[object]:
    """In which matrices are multiplied by one thread: these are small, and further ones would only wait."""
    limited: AbstractContextManager[object] = _libraries().limit(limits=1, user_api="blas")
    return limited


@functools.cache
def _libraries() -> ThreadpoolController:
    return ThreadpoolController()


def is_telling(fingerprint: str) -> bool:
    """Whether a fingerprint is long and varied enough to say anything: silence has one too."""
    codes = fingerprint.split(SEPARATOR)
    return len(codes) >= FEWEST_CODES and len(set(codes)) >= len(codes) / 4


def _same_recordings(lines: Sequence[Line], copies: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Of each two lines, whether they lie in one recording, or in two of which one holds a copy of the other.

    Music repeats itself: what lies elsewhere in a copy is no other sound either.
    """
    names = np.array([line.recording for line in lines])
    in_recording = names[:, None] == np.unique(names)
    together = in_recording.T.astype(int) @ (copies | (names[:, None] == names)) @ in_recording > 0
    same: npt.NDArray[np.bool_] = together[in_recording.argmax(axis=1)][:, in_recording.argmax(axis=1)]
    return same


def n_lines(section: Segment) -> int:
    """How many lines of a section are judged."""
    return max(LINES, round(LINE_SECONDS / max(section.duration, SHORTEST)))


def sections(start: float, end: float) -> list[Segment]:
    """Stretches of a query to be voted on."""
    starts = np.arange(start, max(start + STEP, end - STEP), STEP).tolist()
    return [Segment(begin, min(begin + SECTION, end)) for begin in starts]


def span(run: Sequence[Judged]) -> Segment:
    """From where the first of some judged lines was judged to where the last was."""
    return Segment(run[0].query.start, max(j.query.end for j in run))


def runs(judged: list[Judged]) -> Iterator[list[Judged]]:
    """Judged lines that continue each other, together."""
    waiting = sorted(judged, key=lambda j: (j.line.recording, j.query, -j.judgement.score))
    taken = [False] * len(waiting)
    for first, one in enumerate(waiting):
        if taken[first]:
            continue
        run, end = [one], one.query.end
        for number in range(first + 1, len(waiting)):
            other = waiting[number]
            if other.line.recording != one.line.recording or other.query.start > end + STEP:
                break
            if not taken[number] and _continues(run[-1], other):
                run.append(other)
                end = max(end, other.query.end)
                taken[number] = True
        yield run


def _continues(one: Judged, other: Judged) -> bool:
    if one.query == other.query:
        return False
    between = (one.query.end + other.query.start) / 2
    return abs(one.line.at(between) - other.line.at(between)) < SAME_LINE


def _together(one: Found, later: Found) -> Found:
    """What two tell that lie on one line."""
    surer = max(one, later, key=lambda f: f.match.probability)
    match = replace(
        surer.match,
        query=Segment(one.match.query.start, max(one.match.query.end, later.match.query.end)),
        reference=Segment(one.match.reference.start, max(one.match.reference.end, later.match.reference.end)),
    )
    return Found(match, one.support + later.support, surer.judgement)


def without_overlaps(found: Iterable[Found]) -> list[Found]:
    """Surest first; of those that tell the same, the one that most frames support, if it is likely."""
    kept: list[Found] = []
    for one in sorted(found, key=lambda f: (f.match.probability < LIKELY, -f.support)):
        if not any(tells_the_same(one.match, other.match) for other in kept):
            kept.append(one)
    return sorted(kept, key=lambda f: (-f.match.probability, -f.match.score))


def tells_the_same(match: Match, other: Match) -> bool:
    """Whether most of the shorter one lies, in the query, within the other, and both name one recording."""
    shorter = min(match.query.duration, other.query.duration)
    return match.recording == other.recording and match.query.overlap(other.query) > 0.5 * shorter
