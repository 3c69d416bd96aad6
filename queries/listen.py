"""A query, listened to once: its codes from end to end, and the fingerprints of its clips.

The query is cut as recordings are cut when they are stored, so that a copy's clips begin where the
original's do and their fingerprints can be equal. Its codes as a whole are made apart from that, so
that windows may lie across the cuts. Sound is read as a stream; what is kept of an hour is a megabyte.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from audiosearch.clips import Cutting, Piece, cut, encode
from audiosearch.errors import AudioError
from audiosearch.frames import count, to_seconds
from audiosearch.interfaces import Segmenter, Tokenizer
from audiosearch.representations import fingerprint
from audiosearch.types import Codes, Float32, Schema, Segment, Waveform

CHUNK = 60.0  # seconds encoded at a time; a multiple of a frame
CONTEXT = 4.0  # seconds encoded with it on either side: further than a code hears
SHORT = 4.0  # seconds of a query up to which most of what its codes would hear is missing
TWICE = 8.0  # seconds of a query up to which it is also heard half a frame later
MIRRORED = 1.5  # seconds of its own mirror image that take the place of that, on either side


@dataclass(frozen=True, eq=False, slots=True)
class Hearing:
    """The codes of a whole query.

    Parameters
    ----------
    codes : Codes
    late : Codes, optional
        With every frame half a frame later. Nobody knows how the query lies against the frames of what is
        stored, and two tellings of the same are surer than one.
    """

    codes: Codes
    late: Codes | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Heard:
    """What a query holds.

    Parameters
    ----------
    hearings : list of Hearing
        As it is; and where it is short, also between its mirror images: it was cut out of something, and
        what surrounded it there is more like them than like silence.
    fingerprints : list of (Segment, str)
        Of each clip.
    duration : float
        In seconds; the last frame may end later.
    """

    hearings: list[Hearing]
    fingerprints: list[tuple[Segment, str]]
    duration: float


def listen(blocks: Iterable[Float32], tokenizer: Tokenizer, segmenter: Segmenter, schema: Schema) -> Heard:
    """Codes and fingerprints of a query.

    Parameters
    ----------
    blocks : iterable of np.ndarray
        Samples at the tokenizer's rate.
    tokenizer : Tokenizer
    segmenter : Segmenter
    schema : Schema
        Of the store that will be asked.

    Raises
    ------
    AudioError
        When there is no sound.
    """
    fingerprints: list[tuple[Segment, str]] = []
    rate = tokenizer.sample_rate
    kept = round(TWICE * rate)
    head: list[Float32] = []
    n_samples = 0
    print_samples = round(schema.fingerprint_frames / tokenizer.frame_rate * rate)

    def passing() -> Iterator[Float32]:
        nonlocal n_samples
        for piece in cut(blocks, rate, segmenter, Cutting()):
            n_samples += len(piece.waveform.samples)
            fingerprints.append((piece.segment, _fingerprint(piece, print_samples, tokenizer, schema)))
            if sum(map(len, head)) < kept:
                head.append(piece.waveform.samples)
            yield piece.waveform.samples

    chunks = list(encoded(passing(), tokenizer))
    if not chunks:
        raise AudioError("the query holds no sound")
    codes = Codes(np.concatenate(chunks, axis=1), tokenizer.frame_rate, tokenizer.codebook_size)
    samples = np.concatenate(head)
    if len(samples) >= kept:
        return Heard([Hearing(codes)], fingerprints, n_samples / rate)
    hearings = [Hearing(codes, _late(samples, tokenizer) if codes.n_frames > 1 else None)]
    if len(samples) < round(SHORT * rate):
        hearings.append(_mirrored(samples, tokenizer))
    return Heard(hearings, fingerprints, n_samples / rate)


def _late(samples: Float32, tokenizer: Tokenizer) -> Codes:
    """Codes of sound whose frames begin half a frame late."""
    half = round(tokenizer.sample_rate / tokenizer.frame_rate / 2)
    return tokenizer.encode([Waveform(samples[half:], tokenizer.sample_rate)])[0]


def _mirrored(samples: Float32, tokenizer: Tokenizer) -> Hearing:
    """A short sound between its mirror images."""
    rate = tokenizer.sample_rate
    n_frames = round(MIRRORED * tokenizer.frame_rate)
    padded = np.pad(samples, round(n_frames / tokenizer.frame_rate * rate), mode="symmetric")
    after = n_frames + count(len(samples), rate, tokenizer.frame_rate)
    codes, late = tokenizer.encode([Waveform(padded, rate)])[0], _late(padded, tokenizer)
    inside, inside_late = (replace(c, array=c.array[:, n_frames:after]) for c in (codes, late))
    return Hearing(inside, inside_late)


def _fingerprint(piece: Piece, n_samples: int, tokenizer: Tokenizer, schema: Schema) -> str:
    """As it would be stored: the codes behind the fingerprint's end have been heard too."""
    context = round(CONTEXT * tokenizer.sample_rate)
    head = np.concatenate([piece.waveform.samples, piece.after])[: n_samples + context]
    shortened = replace(
        piece,
        waveform=Waveform(piece.waveform.samples[:n_samples], tokenizer.sample_rate),
        after=head[min(n_samples, len(piece.waveform.samples)) :],
    )
    return fingerprint(encode([shortened], tokenizer)[0], schema.fingerprint_frames)


def encoded(pieces: Iterable[Float32], tokenizer: Tokenizer, seconds: float = CHUNK) -> Iterator[np.ndarray]:
    """Codes in chunks of so many seconds; each chunk is heard with what lies around it.

    held    |-- context --|------- chunk -------|-- context --|
    codes                 |~~~~~~~~~~~~~~~~~~~~~|
    """
    rate, frame_rate = tokenizer.sample_rate, tokenizer.frame_rate
    size, context = round(seconds * frame_rate), round(CONTEXT * frame_rate)  # frames

    def sample(frame: int) -> int:
        return round(to_seconds(frame, frame_rate) * rate)

    held, start, first = (
        np.zeros(0, np.float32),
        0,
        0,
    )  # what is held begins with `start`, the chunk with `first`
    for piece in pieces:
        held = np.concatenate([held, piece])
        while start + len(held) >= sample(first + size + context):
            before = min(first, context)
            codes = tokenizer.encode([Waveform(held[: sample(first + size + context) - start], rate)])[0]
            yield codes.array[:, before : before + size]
            first += size
            begin = sample(max(0, first - context))
            held, start = held[begin - start :], begin
    if start + len(held) > sample(first):
        before = min(first, context)
        last = count(start + len(held), rate, frame_rate)
        codes = tokenizer.encode([Waveform(held, rate)])[0]
        yield codes.array[:, before : before + last - first]
