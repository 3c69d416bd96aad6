"""Sounds for the tests whose truth is known."""

import numpy as np

from audiosearch.types import Float32


def noise(seconds: float, rate: int = 16000, seed: int = 0, level: float = 0.1) -> Float32:
    """White noise."""
    return (np.random.default_rng(seed).standard_normal(round(seconds * rate)) * level).astype(np.float32)


def silence(seconds: float, rate: int = 16000) -> Float32:
    """Digital silence."""
    return np.zeros(round(seconds * rate), np.float32)


def click_at(moment: float, seconds: float, rate: int) -> Float32:
    """Silence with a burst of a 1 kHz tone from ``moment`` on, 0.1 s long."""
    samples = silence(seconds, rate)
    begin = round(moment * rate)
    times = np.arange(round(0.1 * rate)) / rate
    samples[begin : begin + len(times)] = 0.5 * np.sin(2 * np.pi * 1000 * times)
    return samples


def ringing(seconds: float, pitches: tuple[int, ...], on: float, off: float, late: float = 0.0) -> Float32:
    """Tones of these pitches, that sound for so long and then pause, at 16 kHz; as a telephone rings."""
    times = np.arange(round(seconds * 16000)) / 16000
    tones = sum(np.sin(2 * np.pi * pitch * times + pitch) for pitch in pitches) / len(pitches)
    gate = ((times + late) % (on + off) < on).astype(float)
    soft = np.hanning(161)
    return (0.3 * tones * np.convolve(gate, soft / soft.sum(), "same")).astype(np.float32)


def onset(samples: Float32, rate: int) -> float:
    """When it first becomes loud, in seconds."""
    return float(np.argmax(np.abs(samples) > 0.1)) / rate


def melody(seconds: float, rate: int = 16000, seed: int = 0) -> Float32:
    """Notes of random pitch, length and timbre: music as far as a fingerprint is concerned."""
    rng = np.random.default_rng(seed)
    parts = []
    total = 0.0
    while total < seconds:
        length = float(rng.uniform(0.12, 0.5))
        times = np.arange(round(length * rate)) / rate
        pitch = 110 * 2 ** (rng.integers(0, 36) / 12)
        partials = sum(
            rng.uniform(0, 1) / k * np.sin(2 * np.pi * k * pitch * times + rng.uniform(0, 6))
            for k in range(1, 9)
        )
        parts.append(0.2 * partials * np.exp(-3 * times) + 0.002 * rng.standard_normal(len(times)))
        total += length
    return np.concatenate(parts)[: round(seconds * rate)].astype(np.float32)
