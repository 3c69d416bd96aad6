"""What may happen to an excerpt. Real codecs (FFmpeg); noise, rooms and filters as named."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
import soxr

from audiosearch.playback import sooner
from audiosearch.types import Float32

RATE = 16000  # Hz
QUIETEST = 1e-6  # peak of what is not silence


@dataclass(frozen=True, eq=False, slots=True)
class Context:
    """What a degradation may use besides the excerpt."""

    rng: np.random.Generator
    other: Float32  # sound of another recording, as long


Degradation = Callable[[Float32, Context], Float32]


def codec(container: str, name: str, rate: int, bit_rate: int) -> Degradation:
    """Through a lossy codec and back. The codec's delay is left in, as in a file that is uploaded."""

    def degrade(x: Float32, _: Context) -> Float32:
        coded = io.BytesIO()
        x = soxr.resample(x, RATE, rate).astype(np.float32)
        with av.open(coded, "w", format=container) as out:
            stream = out.add_stream(name, rate=rate, layout="mono")
            stream.codec_context.bit_rate = bit_rate
            stream.codec_context.open(strict=False)
            size = stream.codec_context.frame_size or 1024
            convert = av.AudioResampler(stream.codec_context.format.name, "mono", rate)
            for begin in range(0, len(x), size):
                frame = av.AudioFrame.from_ndarray(x[None, begin : begin + size], "flt", "mono")
                frame.sample_rate, frame.pts, frame.time_base = rate, begin, Fraction(1, rate)
                for ready in convert.resample(frame):
                    out.mux(stream.encode(ready))
            out.mux(stream.encode(None))
        coded.seek(0)
        with av.open(coded) as source:
            back = av.AudioResampler("flt", "mono", RATE)
            parts = [r.to_ndarray()[0] for f in source.decode(audio=0) for r in back.resample(f)]
        return np.concatenate(parts).astype(np.float32)

    return degrade


def noise(snr: float) -> Degradation:
    """White noise, so many dB below the excerpt."""

    def degrade(x: Float32, context: Context) -> Float32:
        return mixed(x, context.rng.standard_normal(len(x)).astype(np.float32), snr)

    return degrade


def mix(snr: float) -> Degradation:
    """Another recording on top."""
    return lambda x, context: mixed(x, context.other[: len(x)], snr)


def mixed(x: Float32, y: Float32, snr: float) -> Float32:
    """``x`` with ``y`` added, ``snr`` dB below it."""
    gain = np.sqrt((x**2).mean() / max((y**2).mean(), 1e-12)) * 10 ** (-snr / 20)
    return (x + gain * y).astype(np.float32)


def room(seconds: float, direct: float) -> Degradation:
    """Exponentially decaying noise behind the direct sound: RT60 in seconds, direct-to-reverberant in dB."""

    def degrade(x: Float32, context: Context) -> Float32:
        times = np.arange(round(seconds * RATE)) / RATE
        tail = context.rng.standard_normal(len(times)) * 10 ** (-3 * times / seconds)
        tail /= np.sqrt((tail**2).sum())
        tail[0] += 10 ** (direct / 20)
        n = len(x) + len(tail)
        return np.fft.irfft(np.fft.rfft(x, n) * np.fft.rfft(tail, n), n)[: len(x)].astype(np.float32)

    return degrade


def speed(factor: float) -> Degradation:
    """Played faster or slower, tempo and pitch together."""
    return lambda x, _: soxr.resample(x, RATE * factor, RATE).astype(np.float32)


def tempo(factor: float) -> Degradation:
    """Faster or slower, at the same pitch (FFmpeg's `atempo`)."""
    return lambda x, _: np.concatenate(list(sooner(iter([x]), RATE, factor)))


def pitch(semitones: float) -> Degradation:
    """Higher or lower, at the same tempo."""
    higher = 2 ** (semitones / 12)
    return lambda x, context: tempo(1 / higher)(speed(higher)(x, context), context)


def lowpass(cutoff: float) -> Degradation:
    """Nothing above ``cutoff`` Hz."""

    def degrade(x: Float32, _: Context) -> Float32:
        spectrum = np.fft.rfft(x)
        frequencies = np.fft.rfftfreq(len(x), 1 / RATE)
        return np.fft.irfft(spectrum / np.sqrt(1 + (frequencies / cutoff) ** 16), len(x)).astype(np.float32)

    return degrade


def clipped(x: Float32, _: Context) -> Float32:
    """Overdriven by 12 dB."""
    return (np.clip(x / max(np.abs(x).max(), QUIETEST) * 4, -1, 1) * 0.9).astype(np.float32)


def gain(decibels: float) -> Degradation:
    """Softer."""
    return lambda x, _: (x * 10 ** (decibels / 20)).astype(np.float32)


# name: the degradation, and reference seconds per query second
ALL: dict[str, tuple[Degradation, float]] = {
    "none": (lambda x, _: x, 1.0),
    "mp3 64k": (codec("mp3", "libmp3lame", 44100, 64000), 1.0),
    "opus 16k": (codec("ogg", "libopus", 48000, 16000), 1.0),
    "amr 8 kHz": (codec("amr", "libopencore_amrnb", 8000, 7950), 1.0),
    "gain -20 dB": (gain(-20), 1.0),
    "clipped +12 dB": (clipped, 1.0),
    "lowpass 3 kHz": (lowpass(3000), 1.0),
    "white noise 10 dB": (noise(10), 1.0),
    "white noise 0 dB": (noise(0), 1.0),
    "mixed 5 dB": (mix(5), 1.0),
    "mixed 0 dB": (mix(0), 1.0),
    "room .6 s": (room(0.6, 0), 1.0),
    "room 1.5 s": (room(1.5, -5), 1.0),
    "speed -10 %": (speed(0.9), 0.9),
    "speed -5 %": (speed(0.95), 0.95),
    "speed +5 %": (speed(1.05), 1.05),
    "speed +10 %": (speed(1.1), 1.1),
    "tempo -10 %": (tempo(0.9), 0.9),
    "tempo +5 %": (tempo(1.05), 1.05),
    "pitch -2 semitones": (pitch(-2), 1.0),
    "pitch +1 semitone": (pitch(1), 1.0),
}
NEGATIVE = ("none", "white noise 0 dB", "opus 16k")  # of recordings that are not in the index
