"""Something to hear a short example in: noise as loud in each band as speech is on average.

A tokenizer hears a sound against what surrounds it (`pocket` removes each band's mean over 3 s). A word
that was cut out has nothing around it, so that its own spectrum would be taken for that of the
microphone, and vanish.
"""

import numpy as np

from audiosearch.types import Float32, Segment, Waveform

# Levels of speech in third octaves, in dB by hertz: both sexes, 12 languages (Byrne et al. 1994, table II).
SPEECH = {
    100: 54.4,
    125: 57.7,
    160: 56.8,
    200: 60.2,
    250: 60.3,
    315: 59.0,
    400: 62.1,
    500: 62.1,
    630: 60.5,
    800: 56.8,
    1000: 53.7,
    1250: 53.0,
    1600: 52.0,
    2000: 48.7,
    2500: 48.1,
    3150: 46.8,
    4000: 45.6,
    5000: 44.5,
    6300: 44.3,
    8000: 43.7,
}
LENGTH = 1.5  # seconds of noise on either side
GAP = 0.05  # seconds of silence between noise and example
BELOW = 20.0  # dB by which the noise is fainter than the example
REACH = 3.0  # seconds of its own recording that are heard on either side of an example


def surrounded(example: Waveform) -> tuple[Waveform, Segment]:
    """An example between speech-shaped noise, and where it lies there."""
    rate = example.sample_rate
    power = np.sum(example.samples**2) / max(1, len(example.samples))
    level = np.sqrt(power) * 10 ** (-BELOW / 20)
    before, after = np.split(level * speech_shaped(2 * round(LENGTH * rate), rate), 2)
    gap = np.zeros(round(GAP * rate), np.float32)
    whole = np.concatenate([before, gap, example.samples, gap, after]).astype(np.float32)
    start = (len(before) + len(gap)) / rate
    return Waveform(whole, rate), Segment(start, start + example.duration)


def within(recording: Waveform, part: Segment) -> tuple[Waveform, Segment]:
    """An example that is part of a recording, with what surrounds it there, and where it lies in that."""
    rate = recording.sample_rate
    first = max(0, round((part.start - REACH) * rate))
    heard = recording.samples[first : round((part.end + REACH) * rate)]
    start = part.start - first / rate
    end = min(part.end - first / rate, len(heard) / rate)
    return Waveform(heard, rate), Segment(start, max(start, end))


def speech_shaped(n_samples: int, sample_rate: int) -> Float32:
    """Noise with the long-term average spectrum of speech, always the same; its root mean square is 1."""
    drawn = np.random.default_rng(0).standard_normal(n_samples)
    centres = np.array([*SPEECH])
    density = np.array([*SPEECH.values()]) - 10 * np.log10(centres)  # wider ones hold more
    frequencies = np.fft.rfftfreq(n_samples, 1 / sample_rate).clip(centres[0], centres[-1])
    gains = 10 ** (np.interp(np.log(frequencies), np.log(centres), density) / 20)
    shaped = np.fft.irfft(np.fft.rfft(drawn) * gains, n_samples)
    noise: Float32 = (shaped / np.sqrt(np.mean(shaped**2))).astype(np.float32)
    return noise
