"""Files to sound: decoding with FFmpeg (PyAV), resampling with soxr.

Sound is read as a stream of mono blocks, so that a file of any length takes the same memory. Samples
are placed by their presentation timestamps: sample ``i`` of what comes out lies ``i / sample_rate``
seconds after the moment at which a player begins to play the file. Where packets are damaged or
missing there is silence of the same length, so that nothing behind them moves.

    container start     audio begins          damaged
    |                   |                     |    |
    |-- silence --------|~~~~~~~~~~~~~~~~~~~~~|----|~~~~~~~~~~~~|
    0 s                 first timestamp
"""

import contextlib
import functools
import itertools
import math
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import av
import numpy as np
import soxr
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer

from audiosearch.errors import AudioError
from audiosearch.files import is_dir
from audiosearch.types import Float32, Segment, Waveform

BLOCK = 10.0  # seconds handed on at a time
CANCELLED = 0.01  # of the channels' energy: in their mean they cancel each other out
TOLERANCE = 0.04  # seconds a timestamp may be off before it is believed: half a token frame
LONGEST_GAP = 600.0  # seconds; a jump beyond it is a clock that was set anew, not lost sound
LONGEST_OVERLAP = 1.0  # seconds; a jump back beyond it is a clock that restarts, where files were joined
RUN_UP = 0.5  # seconds that a decoder is given before the stretch that is wanted
END_OF_TIME = 1e9  # seconds
FILES = 1000  # of which is known what they are
PLAIN = {"probesize": "32768"}  # bytes; FFmpeg looks for a codec in far more of them
JOINABLE = frozenset({"flac", "mpeg", "mpegts", "ogg"})  # FFmpeg's formats that can be joined end to end

AUDIO_SUFFIXES = frozenset(
    {
        *(".3ga", ".aac", ".ac3", ".aif", ".aifc", ".aiff", ".amr", ".ape", ".au", ".awb", ".caf", ".dts"),
        *(".eac3", ".flac", ".gsm", ".m4a", ".m4b", ".mka", ".mp1", ".mp2", ".mp3", ".mpc", ".oga", ".ogg"),
        *(".opus", ".ra", ".snd", ".spx", ".tta", ".voc", ".w64", ".wav", ".wma", ".wv"),
    }
)
VIDEO_SUFFIXES = frozenset(
    {
        *(".3g2", ".3gp", ".asf", ".avi", ".f4v", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg"),
        *(".mpg", ".mts", ".mxf", ".ogv", ".rm", ".ts", ".vob", ".webm", ".wmv"),
    }
)
MEDIA_SUFFIXES = AUDIO_SUFFIXES | VIDEO_SUFFIXES


@dataclass(slots=True)
class Media:
    """What a file says of itself, and what was found out while it was read.

    Parameters
    ----------
    path : Path
    codec : str
        FFmpeg's name of the audio codec.
    sample_rate, channels : int
        Of the audio track that is read.
    duration : float or None
        Seconds, as the container claims; None when it does not say.
    metadata : dict of str to str
        Title, artist and so on.
    damaged : int
        Packets that could not be decoded so far.
    lost : float
        Seconds that were missing so far and are silence now.
    """

    path: Path
    codec: str
    sample_rate: int
    channels: int
    duration: float | None
    metadata: dict[str, str] = field(default_factory=dict)
    damaged: int = 0
    lost: float = 0.0


class Readable(Protocol):
    """What sound can be read from as it comes: ``read`` waits for more, and gives nothing at the end."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes."""
        ...


def find_media(
    paths: Iterable[Path], unreadable: Callable[[Path, str], None] | None = None
) -> Iterator[Path]:
    """Files to read: those named, and those below a named directory that have a media suffix.

    Directories are walked in alphabetical order; hidden files are passed over, and links to
    directories are not followed. A named file is given as it is, whatever it is called.

    Parameters
    ----------
    paths : iterable of Path
    unreadable : callable, optional
        Told of each directory below that cannot be listed, with the reason.
    """

    def complain(error: OSError) -> None:
        if unreadable is not None:
            unreadable(Path(error.filename), error.strerror or str(error))

    for path in paths:
        if not is_dir(path):
            yield path
            continue
        for folder, folders, files in os.walk(path, onerror=complain):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(files):
                if not name.startswith(".") and Path(name).suffix.lower() in MEDIA_SUFFIXES:
                    yield Path(folder, name)


def load(path: Path, sample_rate: int) -> Waveform:
    """A whole file as one waveform; for what is known to be short.

    Raises
    ------
    AudioError
        As `stream`.
    """
    _, blocks = stream(path, sample_rate)
    return Waveform(np.concatenate(list(blocks)), sample_rate)


def stream(path: Path, sample_rate: int, block: float = BLOCK) -> tuple[Media, Iterator[Float32]]:
    """The audio track of a file as mono blocks of ``block`` seconds (the last one shorter).

    Parameters
    ----------
    path : Path
        Anything FFmpeg reads. Of several audio tracks the one FFmpeg deems best is taken.
    sample_rate : int
        Of what comes out, in hertz.
    block : float
        Seconds.

    Raises
    ------
    AudioError
        At once when the file cannot be opened or has no audio track; from the iterator when no
        sample of it can be decoded or one is not a number.
    """
    return _streamed(_open(path), path, sample_rate, block)


def live(file: Readable, name: str, sample_rate: int) -> tuple[Media, Iterator[Float32]]:
    """The same of what comes through a pipe or grows: read once, from its beginning on.

    Parameters
    ----------
    file : Readable
    name : str
        What it is called in errors.
    sample_rate
        As above.

    Raises
    ------
    AudioError
        Likewise; and for formats that can only be read with their end at hand (most MP4).
    """
    try:
        container = av.open(file, "r", metadata_errors="replace")
    except (av.FFmpegError, OSError) as exc:
        raise AudioError(
            f"{name} is not sound that FFmpeg can read as it comes; send WAV, MP3, Ogg or MPEG-TS"
        ) from exc
    media, blocks = _streamed(container, Path(name), sample_rate, BLOCK)
    return media, _indexed(blocks, media) if "mp4" in container.format.name else blocks


def _indexed(blocks: Iterator[Float32], media: Media) -> Iterator[Float32]:
    """The blocks of an MP4, whose sound has gone by where its index lies behind it."""
    try:
        yield from blocks
    except AudioError as exc:
        if not media.damaged:
            raise
        raise AudioError(
            f"{media.path} is an MP4 with its index at its end, which cannot be read as it comes; "
            "read it as a file, or send WAV, MP3, Ogg or MPEG-TS"
        ) from exc


def _streamed(
    container: InputContainer, path: Path, sample_rate: int, block: float
) -> tuple[Media, Iterator[Float32]]:
    track, media = _described(container, path)
    return media, _read(container, track, media, sample_rate, block)


def _described(container: InputContainer, path: Path) -> tuple[AudioStream, Media]:
    """The audio track to read, and what the file says of it."""
    track = container.streams.best("audio")
    if not isinstance(track, AudioStream):
        container.close()
        raise AudioError(f"{path} has no audio track")
    context = track.codec_context
    return track, Media(
        path=path,
        codec=context.name,
        sample_rate=context.sample_rate,
        channels=context.layout.nb_channels,
        duration=container.duration / av.time_base if container.duration else None,
        metadata={**container.metadata, **track.metadata},
    )


def excerpt(path: Path, segment: Segment) -> Waveform:
    """A stretch of a file, at the file's own rate; what lies beyond its end is left out.

    The file is not read from its beginning, so it may be hours long; unless its clock restarts.

    Raises
    ------
    AudioError
        As `stream`, and when there is no sound in that stretch.
    """
    seen = _seen(path, _changed(path))
    heard = None if seen.restarts else _stretch(path, segment, seen, seek=True)
    if heard is None:
        heard = _stretch(path, segment, seen, seek=False)
    if heard is None or not len(heard.samples):
        raise AudioError(f"{path} has no sound from {segment.start:.1f} to {segment.end:.1f} s")
    require_sound(heard.samples, path)
    return heard


def _changed(path: Path) -> int:
    """When a file was changed, in nanoseconds; 0 where nobody knows."""
    try:
        return path.stat().st_mtime_ns
    except (OSError, ValueError):
        return 0


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is known of a file that was opened before.

    Parameters
    ----------
    restarts : bool
        Whether timestamps go back on the way, so that several places of the file have the same one.
    is_plain : bool
        Whether it is a WAV file with samples as they are: then no codec need be looked for when it is opened
        again. In other containers what the samples are may be told further inside.
    """

    restarts: bool
    is_plain: bool


@functools.lru_cache(FILES)
def _seen(path: Path, changed: int) -> _Seen:
    """What is known of a file; one that was ``changed`` is looked at anew.

    Timestamps go back where files or songs were joined end to end. Packets are read without being decoded,
    and only in formats that can be joined so.
    """
    with _open(path) as container:
        track, media = _described(container, path)
        restarts = container.format.name in JOINABLE and _goes_back(container, track)
        is_plain = container.format.name == "wav" and media.codec.startswith("pcm_")
        return _Seen(restarts, is_plain)


def _goes_back(container: InputContainer, track: AudioStream) -> bool:
    latest: float = -math.inf
    most = LONGEST_OVERLAP / float(track.time_base or 1)  # in its ticks
    with contextlib.suppress(av.FFmpegError):  # cut off there
        for packet in container.demux(track):
            if (pts := packet.pts) is not None:
                if pts < latest - most:
                    return True
                latest = max(latest, pts)
    return False


def _stretch(path: Path, segment: Segment, seen: _Seen, seek: bool) -> Waveform | None:
    """What is heard there; None where a seek leads behind it, or nobody knows where."""
    with _open(path, PLAIN if seen.is_plain else None) as container:
        track, media = _described(container, path)
        origin = (container.start_time or 0) / av.time_base
        since = origin + segment.start - RUN_UP if seek else -math.inf
        frames = _decoded(container, track, media, since)
        clock = 0.0
        if seek:
            # What cannot be sought in is read from its beginning.
            with contextlib.suppress(av.FFmpegError):
                if since > origin:
                    container.seek(round(since * av.time_base))
            first = next(frames, None)
            moment = first.time if first else None
            if first is None or moment is None or moment - origin > segment.start:
                return None
            clock = moment - origin
            frames = itertools.chain([first], frames)
        rate = media.sample_rate
        pieces = _resampled(_placed(frames, container, media, clock), rate)
        edges = (segment.start - clock, segment.end - clock)
        begin, end = (round(min(edge, END_OF_TIME) * rate) for edge in edges)
        return Waveform(_between(pieces, begin, end), rate)


def _between(pieces: Iterable[Float32], begin: int, end: int) -> Float32:
    """Samples ``begin`` to ``end`` of all that the pieces hold."""
    taken = [np.zeros(0, np.float32)]
    passed = 0
    for piece in pieces:
        if passed >= end:
            break
        taken.append(piece[max(0, begin - passed) : end - passed])
        passed += len(piece)
    return np.concatenate(taken)


def resample(waveform: Waveform, sample_rate: int) -> Waveform:
    """The same sound at another rate; time zero stays where it is."""
    if waveform.sample_rate == sample_rate:
        return waveform
    samples = soxr.resample(waveform.samples, waveform.sample_rate, sample_rate, quality="HQ")
    return Waveform(samples.astype(np.float32, copy=False), sample_rate)


def require_waveforms(waveforms: Sequence[Waveform], sample_rate: int, name: str) -> None:
    """Refuse waveforms of any rate but the one that ``name`` needs, and those without sound."""
    for number, waveform in enumerate(waveforms):
        if waveform.sample_rate != sample_rate:
            raise AudioError(
                f"{name} needs {sample_rate} Hz, got {waveform.sample_rate} Hz; call audio.resample first"
            )
        require_sound(waveform.samples, f"waveform {number} of {len(waveforms)}")


def require_sound(samples: Float32, what: object) -> None:
    """Refuse no samples, and samples that are not numbers."""
    if not len(samples):
        raise AudioError(f"{what} holds no sound")
    if not np.isfinite(samples).all():
        raise AudioError(f"{what} holds samples that are not numbers (NaN or infinite)")


def require_file(path: Path, may_be_empty: bool = False) -> None:
    """Refuse what is no file with something in it.

    Raises
    ------
    AudioError
        Naming what it is instead.
    """
    try:
        status = path.stat()
    except FileNotFoundError:
        raise AudioError(f"{path} does not exist") from None
    except OSError as exc:
        raise AudioError(f"{path} cannot be read: {exc.strerror}") from exc
    if stat.S_ISDIR(status.st_mode):
        raise AudioError(f"{path} is a directory, not a file")
    if not stat.S_ISREG(status.st_mode):
        raise AudioError(f"{path} is a device or a pipe, not a file")
    if status.st_size == 0 and not may_be_empty:
        raise AudioError(f"{path} is empty (0 bytes)")
    if not os.access(path, os.R_OK):
        raise AudioError(f"{path} cannot be read: permission denied")


def _open(path: Path, options: dict[str, str] | None = None) -> InputContainer:
    require_file(path)
    try:
        # "file:" keeps FFmpeg from reading a name like "http:x" or "concat:x" as a protocol.
        return av.open(f"file:{path}", metadata_errors="replace", options=options)
    except (av.FFmpegError, OSError) as exc:
        raise AudioError(f"{path} is not sound or video that FFmpeg can read{_guess(path)}") from exc


def _guess(path: Path) -> str:
    """Why a file could not be opened, as far as its first bytes tell."""
    with path.open("rb") as file:
        head = file.read(4096)
    if all(byte >= 0x20 or byte in b"\t\n\r\f" for byte in head):
        return ": it holds plain text"
    if head[:4] in (b"RIFF", b"fLaC", b"OggS", b"\x1aE\xdf\xa3", b"FORM", b"caff") or head[4:8] == b"ftyp":
        return ": its header is damaged or cut off"
    return ""


def _read(
    container: InputContainer, track: AudioStream, media: Media, sample_rate: int, block: float
) -> Iterator[Float32]:
    with container:
        pieces = _resampled(_placed(_decoded(container, track, media), container, media), sample_rate)
        n_samples = 0
        for samples in _blocks(pieces, round(block * sample_rate)):
            require_sound(samples, media.path)
            n_samples += len(samples)
            yield samples
    if n_samples == 0:
        why = f": {media.damaged} damaged packets" if media.damaged else ""
        raise AudioError(f"{media.path} has an audio track ({media.codec}) but no samples in it{why}")


def _decoded(
    container: InputContainer, track: AudioStream, media: Media, since: float = -math.inf
) -> Iterator[AudioFrame]:
    """Every frame that can be decoded; damaged packets are counted and passed over.

    So are packets that end before ``since``, in seconds of the container, where each tells all of its sound.
    """
    packets = container.demux(track)
    wanted = since / float(track.time_base or 1) if track.codec_context.codec.intra_only else -math.inf
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except av.FFmpegError:
            media.damaged += 1  # FFmpeg cannot find the next packet: the file is cut off here
            return
        if packet.pts is not None and packet.duration and packet.pts + packet.duration <= wanted:
            continue
        try:
            yield from packet.decode()
        except av.FFmpegError:
            media.damaged += 1


def _placed(
    frames: Iterable[AudioFrame], container: InputContainer, media: Media, clock: float = 0.0
) -> Iterator[tuple[int, Float32]]:
    """Mono pieces with their rates, silence where timestamps leave room, overlaps cut away.

    ``clock`` is where the first of them begins, in seconds of the file.
    """
    origin = container.start_time / av.time_base if container.start_time is not None else None
    usual_rate = None
    for frame in frames:
        rate, samples = frame.sample_rate, _mono(frame)
        usual_rate = usual_rate or rate
        # Where the rate changes (chained Ogg), FFmpeg goes on counting in the first one: not believed.
        moment = frame.time
        if moment is not None and rate == usual_rate:
            origin = moment - clock if origin is None else origin
            gap = moment - origin - clock
            if not -LONGEST_OVERLAP <= gap <= LONGEST_GAP:
                origin = moment - clock
            elif gap > TOLERANCE:
                media.lost += gap if clock else 0.0
                for silence in _silence(round(gap * rate), rate):
                    clock += len(silence) / rate
                    yield rate, silence
            elif gap < -TOLERANCE:
                samples = samples[round(-gap * rate) :]
        clock += len(samples) / rate
        yield rate, samples


def _silence(n_samples: int, rate: int) -> Iterator[Float32]:
    """In pieces of at most a second."""
    for begin in range(0, n_samples, rate):
        yield np.zeros(min(rate, n_samples - begin), np.float32)


def _mono(frame: AudioFrame) -> Float32:
    """Mean of the channels, full scale -1 to 1; the first where they cancel each other out."""
    if frame.format.name == "fltp" and frame.layout.nb_channels == 1:  # quicker so, and often so
        plane: Any = frame.planes[0]  # a buffer, which its type does not tell
        return np.frombuffer(plane, np.float32, frame.samples).copy()
    array = frame.to_ndarray()
    if array.dtype == np.uint8:
        array = (array.astype(np.float32) - 128) / 128
    elif array.dtype.kind == "i":
        array = array.astype(np.float32) / 2.0 ** (8 * array.dtype.itemsize - 1)
    channels = frame.layout.nb_channels
    if frame.format.is_packed and channels > 1:
        array = array.reshape(-1, channels).T
    if channels == 1:
        return np.asarray(array[0], dtype=np.float32)
    mono = array.mean(axis=0, dtype=np.float32)
    if np.square(mono).sum() < CANCELLED * np.square(array).mean(axis=0).sum():
        mono = array[0]
    return np.asarray(mono, dtype=np.float32)


def _resampled(pieces: Iterable[tuple[int, Float32]], sample_rate: int) -> Iterator[Float32]:
    """The pieces at one rate; the rate of a file may change on its way (chained Ogg)."""
    for rate, run in itertools.groupby(pieces, key=lambda piece: piece[0]):
        if rate == sample_rate:
            yield from (samples for _, samples in run)
            continue
        resampler = soxr.ResampleStream(rate, sample_rate, 1, dtype="float32", quality="HQ")
        for _, samples in run:
            yield resampler.resample_chunk(samples)
        yield resampler.resample_chunk(np.zeros(0, np.float32), last=True)


def _blocks(pieces: Iterable[Float32], size: int) -> Iterator[Float32]:
    """The same samples in blocks of ``size``, the last one shorter."""
    waiting: list[Float32] = []
    n_waiting = 0
    for piece in pieces:
        waiting.append(piece)
        n_waiting += len(piece)
        if n_waiting >= size:
            joined = np.concatenate(waiting)
            full = n_waiting - n_waiting % size
            yield from np.split(joined[:full], full // size)
            waiting, n_waiting = [joined[full:]], n_waiting - full
    if n_waiting:
        yield np.concatenate(waiting)
