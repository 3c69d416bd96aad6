"""Passages spoken by a synthetic voice, and compared as sound: histograms of codes, and anchors."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from audiosearch import audio
from audiosearch.espeak import Espeak
from audiosearch.interfaces import Tokenizer
from audiosearch.representations import histogram, inverse_document_frequency, unit, vectors
from audiosearch.types import ANCHOR_FRAMES, Codes, Float32, Passage

HOP = 5  # frames between two windows of a passage


class SpokenPassages:
    """The codes of passages as eSpeak NG speaks them; kept in a file for the next run.

    Parameters
    ----------
    passages : sequence of Passage
    tokenizer : Tokenizer
    kept : Path
        An .npz file.
    """

    def __init__(self, passages: Sequence[Passage], tokenizer: Tokenizer, kept: Path) -> None:
        self._tokenizer = tokenizer
        if not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            voice = Espeak("en-us")
            spoken = [audio.resample(voice.synthesize(p.text), tokenizer.sample_rate) for p in passages]
            codes = [tokenizer.encode([one])[0].array[: tokenizer.speech_layers.stop] for one in spoken]
            np.savez_compressed(kept, *codes)
        with np.load(kept) as file:
            arrays = [file[f"arr_{i}"] for i in range(len(passages))]
        self._codes = [Codes(a, tokenizer.frame_rate, tokenizer.codebook_size) for a in arrays]
        self._histograms = np.stack([histogram(c, norm="counts") for c in self._codes])
        containing = (self._histograms > 0).sum(axis=0).astype(np.float32)
        self._rarity = inverse_document_frequency(len(passages), containing)
        windows = [self._windows(codes)[::HOP] for codes in self._codes]
        self._starts = np.cumsum([0, *(len(w) for w in windows)])[:-1]
        self._anchors = np.concatenate(windows)

    def by_histogram(self, codes: Codes) -> Float32:
        """Cosines of plain histograms, shape (n_passages,)."""
        return unit(self._histograms) @ histogram(codes)

    def by_rare_codes(self, codes: Codes) -> Float32:
        """Cosines of histograms weighted by tf-idf, likewise."""
        asked = unit((histogram(codes, norm="counts") * self._rarity)[None])[0]
        return unit(self._histograms * self._rarity) @ asked

    def by_anchors(self, codes: Codes) -> Float32:
        """For each window of the question the nearest one of a passage, by how rare such nearness is."""
        near = self._anchors @ self._windows(codes).T
        best = np.maximum.reduceat(near, self._starts, axis=0)
        return np.maximum(best - best.mean(axis=0) - best.std(axis=0), 0).sum(axis=1)

    def _windows(self, codes: Codes) -> Float32:
        """Ten frames of what is said, in order, as unit vectors; one at least."""
        heard = vectors(codes, self._tokenizer.codebooks, self._tokenizer.speech_layers)
        padded = np.pad(heard, ((0, max(0, ANCHOR_FRAMES - len(heard))), (0, 0)))
        slots = np.lib.stride_tricks.sliding_window_view(padded, ANCHOR_FRAMES, axis=0)
        return unit(slots.reshape(len(slots), -1).astype(np.float32))
