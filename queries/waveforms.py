"""The sounds themselves, where they are at hand: of what is asked, and of what is stored.

A store keeps codes alone. But where the file of a recording lies where it was stored from, as it was then, a
line that leads into it can be listened to: do the waveforms agree along it (`audiosearch.coherence`)?
"""

import functools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from audiosearch import audio
from audiosearch.alignment import Line
from audiosearch.coherence import NEAR, RATE, REACH, Asked, Coherence, Trace
from audiosearch.errors import AudioError
from audiosearch.types import Float32, Segment, Waveform

Sound = Callable[[Segment], Float32]  # samples of a stretch at `RATE`, fewer where it ends, or AudioError
FileOf = Callable[[str], Path | None]  # of a recording, by its id, if it is what it was when it was stored
TAPE = 60.0  # seconds
SECTIONS = 8  # of the query that are kept: lines are asked of one after the other


class Waveforms:
    """The sound of a query, and that of recordings.

    Parameters
    ----------
    asked : callable
        Gives the samples of a stretch of the query (`of_file`, `of_waveform`).
    file_of : callable
        Gives the file of a recording, by its id, if it is what it was when it was stored.
    """

    def __init__(self, asked: Sound, file_of: FileOf) -> None:
        self._asked = functools.lru_cache(SECTIONS)(lambda section: Asked(asked(section)))
        self._file_of = functools.cache(file_of)
        self._known: dict[tuple[str, Segment, float, float, bool], Coherence | None] = {}

    def coherence(self, line: Line, section: Segment, far: bool = True) -> Coherence | None:
        """How well a section of the query agrees along a line; None where one of them cannot be heard.

        Of a line that differs by less than a hundredth of a second it knows already.
        """
        key = line.recording, section, round(line.at(section.start), 2), round(line.rate, 3), far
        if key not in self._known:
            pair = self._pair(line, section)
            self._known[key] = pair[0].coherence(pair[1], line.rate, far) if pair else None
        return self._known[key]

    def at_once(self, line: Line, section: Segment, part: Segment) -> Coherence | None:
        """The same, if a part of the section makes it certain; None where more has to be heard."""
        pair = self._pair(line, part, NEAR)
        found = pair[0].certainly(pair[1], line.rate) if pair else None
        if found is None:
            return None
        # Where they agree they run at the same speed, and so they do in the middle of the section.
        later = (section.start + section.end - part.start - part.end) / 2
        return replace(found, lag=found.lag + (1 - line.rate) * later)

    def trace(self, line: Line, section: Segment, known: Segment) -> Trace | None:
        """How well each moment of a section agrees; None where it cannot be heard, or is not the same.

        Parameters
        ----------
        line : Line
        section : Segment
            Of the query.
        known : Segment
            The part of it that is known to agree.
        """
        pair = self._pair(line, section)
        first, last = known.start - section.start, known.end - section.start
        found = pair[0].trace(pair[1], line.rate, first, last) if pair else None
        return replace(found, times=found.times + section.start) if found else None

    def _pair(self, line: Line, section: Segment, reach: float = REACH) -> tuple[Asked, Float32] | None:
        """Of the query, and what lies along a line: from `REACH` before on, but silence beyond ``reach``."""
        path = self._file_of(line.recording)
        if path is None:
            return None
        begin, end = line.at(section.start) - reach, line.at(section.end) + reach
        try:
            asked = self._asked(section)
            reference = of_file(path)(Segment(max(0.0, begin), max(0.0, end)))
        except AudioError:
            return None
        silence = max(0, round((REACH - reach - min(0.0, begin)) * RATE))
        return asked, np.concatenate([np.zeros(silence, np.float32), reference])


def of_file(path: Path) -> Sound:
    """That of a file, which is read where it is asked for."""
    return lambda segment: audio.resample(audio.excerpt(path, segment), RATE).samples


def of_waveform(waveform: Waveform) -> Sound:
    """That of a waveform."""
    resampled = functools.cache(lambda: audio.resample(waveform, RATE).samples)
    return lambda segment: resampled()[round(segment.start * RATE) : round(segment.end * RATE)]


class Tape:
    """The last minute of a stream, of which `Waveforms` can be asked.

    Parameters
    ----------
    sample_rate : int
        Of the stream, in hertz.
    """

    def __init__(self, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._held = np.zeros(0, np.float32)
        self._n_gone = 0  # samples

    def recording(self, blocks: Iterable[Float32]) -> Iterator[Float32]:
        """The same blocks, as they pass."""
        for block in blocks:
            held = np.concatenate([self._held, block])
            gone = max(0, len(held) - round(TAPE * self._sample_rate))
            self._held, self._n_gone = held[gone:], self._n_gone + gone
            yield block

    def __call__(self, segment: Segment) -> Float32:
        """Samples of a stretch at `RATE`.

        Raises
        ------
        AudioError
            When it is not held any more.
        """
        first, after = (
            round(moment * self._sample_rate) - self._n_gone for moment in (segment.start, segment.end)
        )
        if first < 0:
            raise AudioError(f"what was heard at {segment.start:.1f} s is not held any more")
        return audio.resample(Waveform(self._held[first:after], self._sample_rate), RATE).samples
