"""Media files for the tests, made with PyAV: any container, codec, rate, layout and start time."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from audiosearch.types import Float32

# suffix: container, codec, rates that the codec takes
FORMATS = {
    "wav": ("wav", "pcm_s16le", 44100),
    "flac": ("flac", "flac", 44100),
    "mp3": ("mp3", "libmp3lame", 44100),
    "m4a": ("ipod", "aac", 44100),
    "ogg": ("ogg", "flac", 44100),
    "opus": ("ogg", "libopus", 48000),
    "webm": ("webm", "libopus", 48000),
    "mkv": ("matroska", "aac", 44100),
    "mp4": ("mp4", "aac", 44100),
    "mov": ("mov", "aac", 48000),
    "amr": ("amr", "libopencore_amrnb", 8000),
    "aiff": ("aiff", "pcm_s16be", 22050),
    "avi": ("avi", "libmp3lame", 44100),
    "wma": ("asf", "wmav2", 44100),
    "ts": ("mpegts", "aac", 48000),
}
VIDEO = {"mkv", "mp4", "mov", "ts"}  # (AVI has no timestamps, so no delays)


def write(
    path: Path,
    samples: Float32,
    rate: int,
    suffix: str | None = None,
    channels: int = 1,
    delay: float = 0.0,
    picture: bool = False,
) -> Path:
    """Write samples, shape (n,), as every channel of a file.

    Parameters
    ----------
    delay : float
        Seconds by which the sound begins later than the picture.
    picture : bool
        Whether there is a video track.
    """
    container, codec, _ = FORMATS[suffix or path.suffix[1:]]
    layout = {1: "mono", 2: "stereo", 6: "5.1"}[channels]
    with av.open(path, "w", format=container) as out:
        film = _film(out, delay + len(samples) / rate) if picture else []
        sound = out.add_stream(codec, rate=rate, layout=layout)
        encoder = sound.codec_context
        encoder.time_base = Fraction(1, rate)
        if codec == "wmav2":
            encoder.bit_rate = 128000
        encoder.open(strict=False)
        for packet in film:
            out.mux(packet)
        size = encoder.frame_size or 1024
        begin = round(delay * rate)
        resampler = av.AudioResampler(format=encoder.format.name, layout=layout, rate=rate)
        for at in range(0, len(samples), size):
            rows = np.tile(samples[at : at + size], (channels, 1)).astype(np.float32)
            frame = av.AudioFrame.from_ndarray(rows, format="fltp", layout=layout)
            frame.sample_rate, frame.pts, frame.time_base = rate, begin + at, Fraction(1, rate)
            for ready in resampler.resample(frame):
                out.mux(sound.encode(ready))
        out.mux(sound.encode(None))
    return path


def _film(out: av.container.OutputContainer, seconds: float) -> list[av.Packet]:
    """A black picture, 10 frames a second."""
    stream = out.add_stream("mpeg4", rate=10)
    stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
    packets = []
    for i in range(round(seconds * 10)):
        frame = av.VideoFrame.from_ndarray(np.zeros((72, 64), np.uint8), format="yuv420p")
        frame.pts, frame.time_base = i, Fraction(1, 10)
        packets += stream.encode(frame)
    return packets + stream.encode(None)
