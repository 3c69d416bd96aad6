"""Sound to clips: where a recording is cut, and which pieces hold speech.

Every moment of a recording lies in exactly one clip. Cuts are made where the *content* says, so that
copies of a recording are cut at the same moments although their clocks differ:

- a pause longer than `LONG_PAUSE` is a clip of its own, not speech;
- what lies between is speech, with its shorter pauses; a clip begins where a stretch of speech begins;
- what is longer than a clip may be is cut at its longest pause, or without any at its quietest moment.

    speech     |~~~~~~~|  |~~~~|   |~~~~~~~~|                    |~~~~~~~~~|
    clips   |--|--------------------------------|----------------|-----------|
             ^ not speech       at most 30 s        not speech

Recordings are read as a stream: `cut` holds `WINDOW` seconds and what is left of its last clip.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from audiosearch.errors import UsageError
from audiosearch.frames import count
from audiosearch.interfaces import Segmenter, Tokenizer
from audiosearch.types import Codes, Float32, Segment, Waveform

LONGEST = 30.0  # seconds
SHORTEST_SHARE = 1 / 3  # of LONGEST: no cut is looked for before it
LONG_PAUSE = 1.0  # seconds
WINDOW = 60.0  # seconds segmented at a time
AROUND = 2.0  # seconds on either side of a clip that are heard with it: as far as the tokenizer pocket hears
QUIET = 0.2  # seconds over which loudness is averaged in the search of a quiet moment
QUIET_STEP = 0.02  # seconds


@dataclass(frozen=True, eq=False, slots=True)
class Piece:
    """A clip's sound with its place in the recording.

    Parameters
    ----------
    segment : Segment
        In seconds of the recording.
    speech : bool or None
        None when nobody looked.
    waveform : Waveform
    before, after : np.ndarray, shape (n_samples,), float32
        What is heard around it, up to `AROUND` seconds on either side.
    """

    segment: Segment
    speech: bool | None
    waveform: Waveform
    before: Float32
    after: Float32


def encode(pieces: Sequence[Piece], tokenizer: Tokenizer) -> list[Codes]:
    """Codes of each clip, heard with what lies around it.

    The codes at a clip's ends are then those of the recording, wherever it was cut. Frames begin where
    the clip does, so that a copy which is cut at the same sounds has the same codes.
    """
    rate, frame_rate = tokenizer.sample_rate, tokenizer.frame_rate
    leads = [int(len(piece.before) * frame_rate / rate + 1e-9) for piece in pieces]  # whole frames
    heard = []
    for piece, lead in zip(pieces, leads, strict=True):
        before = piece.before[len(piece.before) - round(lead * rate / frame_rate) :]
        heard.append(Waveform(np.concatenate([before, piece.waveform.samples, piece.after]), rate))
    sizes = [count(len(piece.waveform.samples), rate, frame_rate) for piece in pieces]
    return [
        replace(codes, array=codes.array[:, lead : lead + size])
        for codes, lead, size in zip(tokenizer.encode(heard), leads, sizes, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class Cutting:
    """How recordings are cut.

    Parameters
    ----------
    longest : float
        Seconds that no clip exceeds.
    long_pause : float
        Seconds from which on a pause is a clip of its own.
    speech_only : bool
        Leave out what holds no speech.
    """

    longest: float = LONGEST
    long_pause: float = LONG_PAUSE
    speech_only: bool = False

    def __post_init__(self) -> None:
        if self.longest < 1:
            raise UsageError(f"clips must be allowed at least 1 s, got {self.longest}")
        if self.long_pause <= 0:
            raise UsageError(f"a long pause must be longer than 0 s, got {self.long_pause}")


def cut(
    blocks: Iterable[Float32], sample_rate: int, segmenter: Segmenter, cutting: Cutting
) -> Iterator[Piece]:
    """The clips of a recording, in order.

    Parameters
    ----------
    blocks : iterable of np.ndarray
        The samples of the recording, in pieces of any length.
    sample_rate : int
    segmenter : Segmenter
    cutting : Cutting
    """
    size = round(max(WINDOW, 2 * cutting.longest) * sample_rate)
    around = round(AROUND * sample_rate)
    held, fresh = np.zeros(0, np.float32), list[Float32]()
    past = held  # what was heard before what is held
    origin = 0  # samples before those that are held
    for block, is_last in _marked_last(blocks):
        fresh.append(block)
        if len(held) + sum(map(len, fresh)) < size and not is_last:
            continue
        held, fresh = np.concatenate([held, *fresh]), []
        waveform = Waveform(held, sample_rate)
        spans = plan(waveform, segmenter.segment(waveform), cutting)
        # The last clip may go on behind what is held.
        for begin, end, speech in spans if is_last else spans[:-1]:
            if speech is not False or not cutting.speech_only:
                times = [round((origin + sample) / sample_rate, 6) for sample in (begin, end)]
                segment = Segment(*times)
                before = (
                    np.concatenate([past, held[:begin]]) if begin < around else held[begin - around : begin]
                )
                after = held[end : end + around]
                yield Piece(segment, speech, Waveform(held[begin:end], sample_rate), before[-around:], after)
        rest = spans[-1][0]
        past = np.concatenate([past, held[:rest]])[-around:]
        held, origin = held[rest:], origin + rest


Span = tuple[int, int, bool | None]  # first sample, sample after the last, speech


def plan(waveform: Waveform, speech: list[Segment] | None, cutting: Cutting) -> list[Span]:
    """Where to cut: spans that cover the waveform without gaps, none longer than allowed.

    Parameters
    ----------
    waveform : Waveform
    speech : list of Segment or None
        As a segmenter gives it.
    cutting : Cutting
    """
    n_samples, rate = len(waveform.samples), waveform.sample_rate
    longest = round(cutting.longest * rate)
    spans: list[Span] = []
    for begin, end, is_speech, pauses in _stretches(n_samples, rate, speech, cutting):
        while end - begin > longest:
            split = _split(waveform, begin, begin + longest, pauses)
            spans.append((begin, split, is_speech))
            begin = split
        spans.append((begin, end, is_speech))
    return spans


Pause = tuple[int, int]  # samples


def _stretches(
    n_samples: int, rate: int, speech: list[Segment] | None, cutting: Cutting
) -> Iterator[tuple[int, int, bool | None, list[Pause]]]:
    """Speech with its short pauses, and what lies between, in turn."""
    if speech is None:
        yield 0, n_samples, None, []
        return
    runs = [(round(s.start * rate), min(n_samples, round(s.end * rate))) for s in speech]
    ends = [0, *(end for _, end in runs)]
    begins = [*(begin for begin, _ in runs), n_samples]
    gaps = list(zip(ends, begins, strict=True))  # before the first, between, behind the last
    long_pause = round(cutting.long_pause * rate)
    breaks = [0, *(i for i in range(1, len(runs)) if gaps[i][1] - gaps[i][0] >= long_pause), len(runs)]
    at = 0
    for first, after in itertools.pairwise(breaks):
        if first == after:
            continue
        begin = runs[first][0]
        tail = gaps[after]
        end = tail[1] if tail[1] - tail[0] < long_pause else tail[0]
        if at < begin:
            yield at, begin, False, []
        yield begin, end, True, [gap for gap in gaps[first + 1 : after] if gap[0] < gap[1]]
        at = end
    if at < n_samples or not n_samples:
        yield at, n_samples, False, []


def _split(waveform: Waveform, begin: int, latest: int, pauses: list[Pause]) -> int:
    """Where to cut a stretch that is too long: behind a pause, or where it is quiet."""
    earliest = begin + round((latest - begin) * SHORTEST_SHARE)
    within = [pause for pause in pauses if earliest < pause[1] <= latest]
    if within:
        return max(within, key=lambda pause: pause[1] - pause[0])[1]
    return earliest + _quietest(waveform.samples[earliest:latest], waveform.sample_rate)


def _quietest(samples: Float32, rate: int) -> int:
    """The sample in the middle of the quietest `QUIET` seconds."""
    step = round(QUIET_STEP * rate)
    n_steps = len(samples) // step
    energy = np.square(samples[: n_steps * step].reshape(n_steps, step)).mean(axis=1)
    width = min(n_steps, round(QUIET / QUIET_STEP))
    loudness = np.convolve(energy, np.ones(width) / width, mode="valid")
    return int((np.argmin(loudness) + width / 2) * step)


def _marked_last(blocks: Iterable[Float32]) -> Iterator[tuple[Float32, bool]]:
    """Each block, and whether it is the last one."""
    blocks = iter(blocks)
    before = next(blocks, None)
    if before is None:
        return
    for block in blocks:
        yield before, False
        before = block
    yield before, True
