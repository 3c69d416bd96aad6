"""Is this, or a part of it, something we have? Which recording, which range, at which speed.

    fingerprints of the query's clips, found by equality  --+
                                                            +-->  lines  -->  judged by their frames
    anchors of the query's sections, found by cosine, vote --+

A query is taken in sections of 10 s, so that it may hold parts of many recordings. Lines that go on from
one section to the next are joined; each match then reaches as far as the frames agree.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from audiosearch import alignment
from audiosearch.alignment import Judgement, Line, Track
from audiosearch.frames import to_seconds
from audiosearch.interfaces import Segmenter, Store, Tokenizer
from audiosearch.representations import SEPARATOR, anchors
from audiosearch.types import Float32, Match, Segment
from audiosearch.verdicts import verdict
from queries.listen import Heard, listen
from queries.tracks import stored_track, track

SURE = 0.99  # probability from which on a copy needs no second search
HOPELESS = 0.01  # probability below which a line is dropped at once
FEWEST_CODES = 25  # of a fingerprint: 2 s
SAME_LINE = 0.4  # seconds two lines may differ where they meet
EDGE = 1.0  # seconds that may be missing at either end of what is the same recording
END_OF_TIME = 1e9  # seconds
SECTION = 10.0  # seconds of the query that are voted on together
STEP = 5.0  # seconds from one section to the next
HITS = 20  # stored anchors looked at for each of the query's
LINES = 12  # judged for each section


def match(
    store: Store,
    tokenizer: Tokenizer,
    segmenter: Segmenter,
    blocks: Iterable[Float32],
    limit: int = 10,
) -> list[Match]:
    """Stretches of the query that are in stored recordings.

    Parameters
    ----------
    store : Store
    tokenizer : Tokenizer
        The one that the store was made with.
    segmenter : Segmenter
        Best the one that the recordings were cut with: then fingerprints of copies are equal.
    blocks : iterable of np.ndarray
        The query's samples at the tokenizer's rate.
    limit : int

    Returns
    -------
    list of Match
        Surest first. Of two that overlap in the query and in the recording, the surer one.

    Raises
    ------
    AudioError
        When the query holds no sound.
    """
    heard = listen(blocks, tokenizer, segmenter, store.schema)
    search = Search(store, tokenizer, heard)
    copies = list(search.copies())
    judged = copies + [line for section in search.sections(copies) for line in search.section(section)]
    matches = [search.extend(run) for run in _runs(judged)]
    return [search.told(match) for match in _without_overlaps(matches)[:limit]]


@dataclass(frozen=True, slots=True)
class _Judged:
    """A line, with how well the frames of a stretch of the query agree along it."""

    line: Line
    query: Segment
    judgement: Judgement


class Search:
    """One query against one store."""

    def __init__(self, store: Store, tokenizer: Tokenizer, heard: Heard) -> None:
        self._store = store
        self._tokenizer = tokenizer
        self._heard = heard
        self._query = track(heard.codes, tokenizer, tokenizer.sound_layers)
        self._frame = to_seconds(1, heard.codes.frame_rate)
        self._end = heard.codes.duration

    def copies(self) -> Iterator[_Judged]:
        """Clips of the query whose fingerprints are stored and whose frames agree."""
        for segment, fingerprint in self._heard.fingerprints:
            if is_telling(fingerprint):
                for clip in self._store.by_fingerprint(fingerprint):
                    line = Line(clip.recording, 1.0, clip.segment.start - segment.start)
                    yield self._judge(line, segment)

    def sections(self, known: list[_Judged]) -> list[Segment]:
        """Stretches of the query to be voted on: those that no copy covers."""
        starts = np.arange(0, max(STEP, self._end - STEP), STEP).tolist()
        sections = [Segment(start, min(start + SECTION, self._end)) for start in starts]
        covered = [copy.query for copy in known if copy.judgement.probability > SURE]
        return [s for s in sections if sum(s.overlap(c) for c in covered) < 0.5 * s.duration]

    def section(self, section: Segment) -> list[_Judged]:
        """The lines that a section's anchors vote for, judged; without the hopeless ones."""
        return [j for j in self.judged(section) if j.judgement.probability > HOPELESS]

    def judged(self, section: Segment) -> list[_Judged]:
        """The lines that a section's anchors vote for, judged."""
        codes = self._heard.codes
        first, after = (round(t * codes.frame_rate) for t in (section.start, section.end))
        codes = replace(codes, array=codes.array[:, first:after])
        rows = anchors(codes, self._tokenizer, hop=1, dim=self._store.schema.anchor_dim)
        times = [section.start + to_seconds(i, codes.frame_rate) for i in range(len(rows))]
        lines = alignment.vote(times, self._store.by_anchors(rows, HITS), LINES)
        return [self._judge(line, section) for line in lines]

    def extend(self, run: list[_Judged]) -> Match:
        """A match from judged lines that continue each other: as far as its frames agree."""
        best = max(run, key=lambda j: j.judgement.score)
        line = alignment.through([j.line for j in run], [(j.query.start + j.query.end) / 2 for j in run])
        searched = Segment(max(0.0, run[0].query.start - SECTION), run[-1].query.end + SECTION)
        query = self._query.within(searched)
        agreements = alignment.agreement(query, self._reference(line, searched), line)
        stretch = alignment.agreeing(agreements, best.judgement.agreement / 2)
        start = float(query.times[stretch.start])
        end = min(self._end, float(query.times[stretch.stop - 1]) + self._frame)
        return Match(
            recording=line.recording,
            query=Segment(start, end),
            reference=Segment(max(0.0, line.at(start)), max(0.0, line.at(end))),
            rate=line.rate,
            score=best.judgement.score,
            probability=best.judgement.probability,
        )

    def told(self, match: Match) -> Match:
        """The same with its verdict in words."""
        slack = max(EDGE, 0.02 * match.reference.duration)
        missing = (match.query.start, self._end - match.query.end, match.reference.start)
        behind = Segment(match.reference.end + slack, END_OF_TIME)
        whole = max(missing) <= slack and not any(self._store.codes(match.recording, behind))
        words = verdict(match.probability, match.rate, match.query.duration, whole)
        return replace(match, verdict=words)

    def _judge(self, line: Line, section: Segment) -> _Judged:
        query = self._query.within(section)
        reference = self._reference(line, section)
        refined = alignment.refine(query, reference, line)
        agreement = alignment.better_half(alignment.agreement(query, reference, refined))
        return _Judged(refined, section, Judgement(agreement, alignment.sameness(query)))

    def _reference(self, line: Line, section: Segment) -> Track:
        """What is stored where a line leads, and a little around it."""
        begin, end = line.at(section.start) - 1.0, line.at(section.end) + 1.0
        return self._stored(line.recording, Segment(max(0.0, begin), max(0.0, end)))

    def _stored(self, recording: str, within: Segment) -> Track:
        layers = self._tokenizer.sound_layers
        return stored_track(self._store, self._tokenizer, layers, recording, within)


def is_telling(fingerprint: str) -> bool:
    """Whether a fingerprint is long and varied enough to say anything: silence has one too."""
    codes = fingerprint.split(SEPARATOR)
    return len(codes) >= FEWEST_CODES and len(set(codes)) >= len(codes) / 4


def _runs(judged: list[_Judged]) -> Iterator[list[_Judged]]:
    """Judged lines that continue each other, together."""
    waiting = sorted(judged, key=lambda j: (j.line.recording, j.query))
    while waiting:
        run = [waiting.pop(0)]
        for other in list(waiting):
            if _continues(run[-1], other):
                run.append(other)
                waiting.remove(other)
        yield run


def _continues(one: _Judged, other: _Judged) -> bool:
    if one.line.recording != other.line.recording or one.query == other.query:
        return False
    if other.query.start > one.query.end + STEP:
        return False
    between = (one.query.end + other.query.start) / 2
    return abs(one.line.at(between) - other.line.at(between)) < SAME_LINE


def _without_overlaps(matches: list[Match]) -> list[Match]:
    """Surest first; one that tells a part of what a surer one tells is left out."""
    kept: list[Match] = []
    for match in sorted(matches, key=lambda m: (-m.probability, -m.score)):
        if not any(_tells(other, match) for other in kept):
            kept.append(match)
    return kept


def _tells(surer: Match, match: Match) -> bool:
    return (
        surer.recording == match.recording and surer.query.overlap(match.query) > 0.5 * match.query.duration
    )
