"""Random but seeded entries for the store tests."""

from collections.abc import Sequence

import numpy as np

from audiosearch.representations import represent
from audiosearch.types import (
    Clip,
    Codes,
    Document,
    Entry,
    Passage,
    Recording,
    Schema,
    Segment,
    Waveform,
)

LAYERS, SIZE, RATE, DIM = 4, 64, 12.5, 32


def schema(**changes: object) -> Schema:
    plain = {"tokenizer": "made-up@1", "n_layers": LAYERS, "codebook_size": SIZE, "frame_rate": RATE}
    return Schema(**{**plain, "anchor_dim": DIM, **changes})  # type: ignore[arg-type]


class Books:
    """As much of a tokenizer as entries need."""

    name = "made-up@1"
    sample_rate = 8000
    frame_rate = RATE
    n_layers = LAYERS
    codebook_size = SIZE
    speech_layers = range(1)
    sound_layers = range(LAYERS)

    def __init__(self) -> None:
        self.codebooks = np.random.default_rng(7).standard_normal((LAYERS, SIZE, 16)).astype(np.float32)

    def encode(self, waveforms: Sequence[Waveform]) -> list[Codes]:
        raise NotImplementedError


def codes(n_frames: int, seed: int) -> Codes:
    array = np.random.default_rng(seed).integers(0, SIZE, (LAYERS, n_frames)).astype(np.int16)
    return Codes(array, RATE, SIZE)


def entry(
    recording: str, start: float, n_frames: int, seed: int, of: Schema, speech: bool | None = True
) -> Entry:
    clip = Clip(recording, Segment(round(start, 6), round(start + n_frames / RATE, 6)), speech)
    return represent(clip, codes(n_frames, seed), Books(), of)


def entries_of(recording: str, seed: int, of: Schema, n_clips: int = 3, n_frames: int = 55) -> list[Entry]:
    length = n_frames / RATE
    return [entry(recording, i * length, n_frames, 1000 * seed + i, of) for i in range(n_clips)]


def recording(name: str, id: str | None = None) -> Recording:  # noqa: A002
    return Recording(id=id or f"id-of-{name}", name=name, sha256="0" * 64, duration=13.2, n_clips=3)


def document(name: str, n_passages: int = 3) -> Document:
    return Document(
        f"id-of-{name}", name, "1" * 64, f"On {name}", "en-us", "words@1", n_passages, "2026-01-01"
    )


def passages_of(document: Document, seed: int = 1) -> list[Passage]:
    """As many as it says, the first without phones, voices and a vector."""
    rng = np.random.default_rng(seed)

    rich = [
        Passage(
            document.id,
            number,
            "Größe",
            f"twice {number}",
            10 * number,
            ("k ə", "t w", "w ʌ n"),
            rng.standard_normal(8).astype(np.float32),
        )
        for number in range(1, document.n_passages)
    ]
    return [Passage(document.id, 0, "", f"Plain text about “{document.name}”.\nTwo lines.", 1), *rich]
