"""A stream, followed: matches one by one, each as soon as it has ended.

What has been heard is kept for as long as a match that goes on needs it, at most `LONGEST`; a match that
is longer is told in parts, one behind the other. So a stream of any length takes the same memory.

    heard     |-------------------------------------------|
    sections     |====|====|====|====|====|                    searched once, 5 s apart
    a run             |~~~~~~~~~~~~~~|                         ended: no section goes on with it
    kept          |---------------------------------------|
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import numpy as np

from audiosearch.alignment import line_of
from audiosearch.frames import at, to_seconds
from audiosearch.interfaces import Store, Tokenizer
from audiosearch.types import Codes, Float32, Match, Segment
from audiosearch.verdicts import verdict
from queries.edges import as_heard
from queries.listen import encoded
from queries.search import (
    SAME_LINE,
    SECTION,
    STEP,
    Found,
    Judged,
    Search,
    runs,
    span,
    tells_the_same,
    without_overlaps,
)
from queries.waveforms import FileOf, Tape, Waveforms

CHUNK = 10.0  # seconds heard at a time
PATIENCE = SECTION + STEP  # seconds behind a run before it has ended, and its surroundings are heard
LONGEST = 3600.0  # seconds that are kept


def watch(
    store: Store, tokenizer: Tokenizer, blocks: Iterable[Float32], file_of: FileOf | None = None
) -> Iterator[Match]:
    """Stretches of a stream that are in stored recordings.

    Parameters
    ----------
    store : Store
    tokenizer : Tokenizer
        The one that the store was made with.
    blocks : iterable of np.ndarray
        Samples at the tokenizer's rate, as they come.
    file_of : callable, optional
        As `queries.waveforms.Waveforms` takes it: then lines into recordings with a file are listened to.

    Yields
    ------
    Match
        As each ends, up to half a minute later. Of two with one recording that overlap, the one that more
        frames support.
    """
    tape = Tape(tokenizer.sample_rate)
    stream = _Stream(store, tokenizer, (lambda: Waveforms(tape, file_of)) if file_of else None)
    for array in encoded(tape.recording(blocks), tokenizer, CHUNK):
        stream.hear(array)
        stream.search(stream.end - SECTION)
        yield from stream.ended(stream.end - PATIENCE)
    stream.search(max(stream.end - STEP, min(stream.end, STEP)))
    yield from stream.ended(np.inf)


class _Stream:
    """What is known of a stream so far."""

    def __init__(
        self, store: Store, tokenizer: Tokenizer, waveforms: Callable[[], Waveforms] | None = None
    ) -> None:
        self._store = store
        self._tokenizer = tokenizer
        self._waveforms = waveforms  # made for each search: they remember what they were asked
        self._codes = np.zeros((tokenizer.n_layers, 0), np.int16)
        self._start = 0  # frame of the stream at which they begin
        self._next = 0.0  # where the next section begins
        self._judged: list[Judged] = []
        self._held: list[Found] = []  # ended, but one that goes on may tell the same
        self._cut: list[Found] = []  # told in parts: what goes on with one begins where it ends

    @property
    def end(self) -> float:
        """Seconds heard."""
        return to_seconds(self._start + self._codes.shape[1], self._tokenizer.frame_rate)

    def hear(self, array: np.ndarray) -> None:
        """More codes, shape (n_layers, n)."""
        self._codes = np.concatenate([self._codes, array], axis=1)

    def search(self, until: float) -> None:
        """Judge the sections that begin before ``until``."""
        search = self._search()
        while self._next < until:
            section = Segment(self._next, min(self._next + SECTION, self.end))
            self._judged += search.section(section)
            self._next += STEP

    def ended(self, before: float) -> Iterator[Match]:
        """Matches that no section goes on with, and what nothing can tell better any more."""
        search = self._search()
        going: list[list[Judged]] = []
        for run in runs(self._judged):
            judged = span(run)
            ended = judged.end <= before
            if ended or judged.duration >= LONGEST:
                found = self._extended(search, run)
                self._held += found
                if not ended:
                    self._cut += found
            else:
                going.append(run)
        self._judged = [judged for run in going for judged in run]
        current = [found for run in going for found in self._extended(search, run)]
        best = without_overlaps(self._held + current)
        ready = [f for f in best if f in self._held and not self._may_be_told_by(f, current)]
        self._held = [f for f in best if f in self._held and f not in ready]
        matches = [f.match for f in ready]
        if self._waveforms and not self._cut:  # parts of one match must not overlap
            frame = to_seconds(1, self._tokenizer.frame_rate)
            matches = as_heard(matches, self._waveforms(), self.end, frame)
        self._forget(min([before, *(run[0].query.start for run in going)]))
        for match in sorted(matches, key=lambda match: match.query):
            words = verdict(match.probability, match.rate, match.query.duration, whole=False)
            yield replace(match, verdict=words)

    def _extended(self, search: Search, run: list[Judged]) -> list[Found]:
        """What a run tells beyond the parts that it goes on with, if anything."""
        return [left for found in search.extend(run) if (left := self._beyond(found)) is not None]

    def _beyond(self, found: Found) -> Found | None:
        parts = [part for part in self._cut if _goes_on(part.match, found.match)]
        if not parts:
            return found
        last = max(parts, key=lambda part: part.match.query.end)
        return _behind(last, found) if found.match.query.end > last.match.query.end else None

    def _may_be_told_by(self, found: Found, current: list[Found]) -> bool:
        return any(tells_the_same(found.match, other.match) for other in current)

    def _search(self) -> Search:
        codes = Codes(self._codes, self._tokenizer.frame_rate, self._tokenizer.codebook_size)
        start = to_seconds(self._start, self._tokenizer.frame_rate)
        waveforms = None if self._waveforms is None else self._waveforms()
        return Search(self._store, self._tokenizer, codes, start, waveforms=waveforms)

    def _forget(self, needed: float) -> None:
        """Drop the codes further back than a match that begins at ``needed`` can reach."""
        kept_from = at(max(0.0, min(needed, self.end) - SECTION), self._tokenizer.frame_rate)
        if kept_from > self._start:
            self._codes = self._codes[:, kept_from - self._start :]
            self._start = kept_from
        reached = to_seconds(self._start, self._tokenizer.frame_rate)
        self._cut = [part for part in self._cut if part.match.query.end > reached]


def _goes_on(part: Match, match: Match) -> bool:
    """Whether a match lies on the line of one that was cut, and begins before that ends."""
    apart = abs(line_of(part).at(part.query.end) - line_of(match).at(part.query.end))
    return part.recording == match.recording and match.query.start < part.query.end and apart < SAME_LINE


def _behind(part: Found, found: Found) -> Found:
    """What is left of a match behind a part that was told, with the support of both.

    Other lines through the same sound have theirs from where they begin, too.
    """
    match, start = found.match, part.match.query.end
    left = Segment(start, match.query.end)
    reference = replace(match.reference, start=line_of(match).at(start))
    support = part.support + found.support * left.duration / match.query.duration
    return replace(found, match=replace(match, query=left, reference=reference), support=support)
