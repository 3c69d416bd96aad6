"""What is done to the recordings that are searched."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audiosearch import audio
from audiosearch.tokenizers.pocket.training.corpus import is_held_out
from audiosearch.types import Float32
from benchmarks.how_well.degradations import Context, codec, mixed, room
from benchmarks.where_said.archive import RATE


@dataclass(frozen=True, eq=False, slots=True)
class Materials:
    """Noises and impulse responses that the training never heard; empty lists where there are none."""

    noises: list[Float32]
    rooms: list[Float32]


Condition = Callable[[Float32, Materials, np.random.Generator], Float32]


def materials(folder: Path, holdout: float) -> Materials:
    """From the manifest's rows of kind "noise", and of kind "rir" that are rooms."""
    lines = map(json.loads, (folder / "manifest.jsonl").read_text().splitlines())
    kept = [row for row in lines if is_held_out(row.get("speaker") or row["path"], holdout)]
    noises = [row for row in kept if row["kind"] == "noise"]
    rooms = [row for row in kept if row["kind"] == "rir" and row.get("rir_type", "room") == "room"]
    return Materials(
        [audio.load(folder / row["path"], RATE).samples for row in noises],
        [from_peak(audio.load(folder / row["path"], RATE).samples) for row in rooms],
    )


def from_peak(response: Float32) -> Float32:
    """An impulse response without the time that the direct sound takes: it would shift all times."""
    return response[int(np.abs(response).argmax()) :]


def clean(x: Float32, materials: Materials, rng: np.random.Generator) -> Float32:
    """As it is."""
    return x


def noisy(snr: float) -> Condition:
    """Recorded noises, one behind the other, so many dB below the speech; white noise if there are none."""

    def degrade(x: Float32, materials: Materials, rng: np.random.Generator) -> Float32:
        if not materials.noises:
            return mixed(x, rng.standard_normal(len(x)).astype(np.float32), snr)
        parts: list[Float32] = []
        while sum(map(len, parts)) < len(x):
            noise = materials.noises[int(rng.integers(len(materials.noises)))]
            parts.append(noise / (np.sqrt(np.square(noise).mean()) + 1e-9))
        return mixed(x, np.concatenate(parts)[: len(x)], snr)

    return degrade


def in_a_room(x: Float32, materials: Materials, rng: np.random.Generator) -> Float32:
    """With a recorded impulse response, or a made one of .6 s where there is none."""
    if not materials.rooms:
        return room(0.6, 0)(x, Context(rng, x))
    response = materials.rooms[int(rng.integers(len(materials.rooms)))]
    n = len(x) + len(response)
    wet = np.fft.irfft(np.fft.rfft(x, n) * np.fft.rfft(response, n), n)[: len(x)]
    return (wet * np.sqrt(np.square(x).mean() / np.square(wet).mean())).astype(np.float32)


def telephone(x: Float32, materials: Materials, rng: np.random.Generator) -> Float32:
    """At 8 kHz through G.711 mu-law or AMR, by FFmpeg."""
    line = rng.choice(["mu-law", "amr"])
    codecs = {
        "mu-law": codec("wav", "pcm_mulaw", 8000, 64000),
        "amr": codec("amr", "libopencore_amrnb", 8000, 12200),
    }
    return np.resize(codecs[line](x, Context(rng, x)), len(x)).astype(np.float32)


ALL: dict[str, Condition] = {
    "clean": clean,
    "noise 10 dB": noisy(10),
    "noise 0 dB": noisy(0),
    "room": in_a_room,
    "telephone": telephone,
}
