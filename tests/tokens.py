"""A tokenizer for tests that need none in particular: quick, exact, without torch."""

from collections.abc import Sequence

import numpy as np

from audiosearch import frames
from audiosearch.types import Codes, Float32, Waveform


class Levels:
    """Codes are the loudness of each frame, in 64 steps, layer by layer with another offset."""

    name = "levels@1"
    sample_rate = 8000
    frame_rate = 12.5
    n_layers = 4
    codebook_size = 64
    speech_layers = range(1)
    sound_layers = range(4)

    def __init__(self, device: str = "cpu") -> None:
        self.batches: list[int] = []

    @property
    def codebooks(self) -> Float32:
        return np.random.default_rng(7).standard_normal((4, 64, 16)).astype(np.float32)

    def encode(self, waveforms: Sequence[Waveform]) -> list[Codes]:
        self.batches.append(len(waveforms))
        return [Codes(self._levels(w.samples), self.frame_rate, self.codebook_size) for w in waveforms]

    def _levels(self, samples: Float32) -> np.ndarray:
        n_frames = frames.count(len(samples), self.sample_rate, self.frame_rate)
        padded = np.pad(samples, (0, n_frames * 640 - len(samples))).reshape(n_frames, 640)
        loud = np.abs(padded).mean(axis=1) * 1000
        return np.stack([(loud * (layer + 1)).astype(np.int64) % 64 for layer in range(4)]).astype(np.int16)
