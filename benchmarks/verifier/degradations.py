"""What happens to the excerpts that the verifier learns from, at a random strength, to some of them twice.

Besides what `benchmarks.how_well.degradations` does, real noises and real rooms, tempo, and pitch.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from audiosearch.playback import faster, sooner
from audiosearch.types import Float32
from benchmarks.how_well.degradations import ALL, RATE, Context, clipped, lowpass, mix, mixed, noise, room

Change = Callable[[Float32], Float32]

WARPED = 0.16  # share of the excerpts whose tempo, pitch or both are changed
AGAIN = 0.25  # share of them to which something else happens, too
WARPS = (0.88, 1.13)  # factors of tempo
SEMITONES = 2.0
ROOM_TAIL = 2.5  # seconds of a room that are heard


@dataclass(frozen=True, eq=False, slots=True)
class Degraded:
    """An excerpt as it is asked: its sound, and reference seconds per query second."""

    samples: Float32
    rate: float
    kinds: tuple[str, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Degrader:
    """Draws what happens.

    Parameters
    ----------
    noises, rooms : sequence of np.ndarray
        Recorded; at `RATE`.
    rng : np.random.Generator
    """

    noises: Sequence[Float32]
    rooms: Sequence[Float32]
    rng: np.random.Generator

    def __call__(self, samples: Float32, other: Float32) -> Degraded:
        """Degrade an excerpt; ``other`` is what may lie on top of it, at least as long."""
        changes = self._changes(other)
        rate, kinds = 1.0, []
        if self.rng.random() < WARPED:
            kind, rate, samples = self._warped(samples)
            kinds.append(kind)
        if not kinds or self.rng.random() < AGAIN:
            kinds.append(self._one_of(list(changes)))
            samples = changes[kinds[-1]](samples)
            if self.rng.random() < AGAIN:
                kinds.append(self._one_of(list(changes)))
                samples = changes[kinds[-1]](samples)
        return Degraded(samples, rate, tuple(kinds))

    def _changes(self, other: Float32) -> dict[str, Change]:
        """What may happen, each with a strength of its own; twice where it is what fails most often."""
        context = Context(self.rng, other)
        reach, direct = float(np.exp(self._uniform(np.log(0.3), np.log(3.0)))), self._uniform(-10, 3)
        named = {
            **{name: ALL[name][0] for name in ("none", "mp3 64k", "opus 16k", "amr 8 kHz")},
            "clipped": clipped,
            "lowpass": lowpass(self._uniform(1500, 5000)),
            **{f"white noise {n}": noise(self._uniform(-6, 12)) for n in (1, 2)},
            **{f"mixed {n}": mix(self._uniform(-3, 8)) for n in (1, 2, 3)},
            "room": room(reach, direct),
        }
        changes = {name: lambda x, change=change: change(x, context) for name, change in named.items()}
        if self.noises:
            changes |= {f"noise {n}": self._noise for n in (1, 2, 3)}
        if self.rooms:
            changes |= {f"recorded room {n}": self._room for n in (1, 2)}
        return changes

    def _noise(self, samples: Float32) -> Float32:
        recorded = self.noises[int(self.rng.integers(len(self.noises)))]
        stretch = np.resize(np.roll(recorded, int(self.rng.integers(len(recorded)))), len(samples))
        return mixed(samples, stretch, self._uniform(-7, 12))

    def _room(self, samples: Float32) -> Float32:
        response = self.rooms[int(self.rng.integers(len(self.rooms)))]
        response = response[int(np.abs(response).argmax()) :][: round(ROOM_TAIL * RATE)]
        n = len(samples) + len(response)
        wet = np.fft.irfft(np.fft.rfft(samples, n) * np.fft.rfft(response, n), n)
        return wet[: len(samples)].astype(np.float32)

    def _warped(self, samples: Float32) -> tuple[str, float, Float32]:
        """At another speed, tempo or pitch; the rate that comes of it."""
        kind, factor = self._one_of(["speed", "tempo", "pitch"]), self._uniform(*WARPS)
        if kind == "speed":
            return kind, factor, np.concatenate(list(faster([samples], factor)))
        if kind == "tempo":
            return kind, factor, np.concatenate(list(sooner([samples], RATE, factor)))
        higher = 2 ** (self._uniform(-SEMITONES, SEMITONES) / 12)
        return kind, 1.0, np.concatenate(list(sooner(faster([samples], higher), RATE, 1 / higher)))

    def _one_of(self, names: list[str]) -> str:
        return names[int(self.rng.integers(len(names)))]

    def _uniform(self, low: float, high: float) -> float:
        return float(self.rng.uniform(low, high))
