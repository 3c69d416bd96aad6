"""Baselines that know no words: MFCC by dynamic time warping, and equal codes."""

from collections.abc import Sequence
from pathlib import Path

import numba
import numpy as np
import torch
import torchaudio

from audiosearch import Library, audio
from audiosearch.frames import to_seconds
from audiosearch.types import Float32, Waveform
from benchmarks.where_said.archive import RATE, trimmed
from benchmarks.where_said.figures import Answer
from benchmarks.where_said.systems import LIMIT, Asked, best_apart, place, spoken_by_voices, standardized

HOP = 320  # samples: 20 ms


class Mfcc:
    """Subsequence dynamic time warping of 39 MFCC, normalised for each recording (Sakoe and Chiba 1978)."""

    name = "MFCC, DTW"
    key = "mfcc"

    def __init__(self, library: Library) -> None:
        self._library = library
        self._mfcc = torchaudio.transforms.MFCC(
            RATE, 13, melkwargs={"n_fft": 512, "hop_length": HOP, "n_mels": 40}
        )
        self._stored: dict[str, Float32] = {}

    def prepare(self, folder: Path, asked: Sequence[Asked]) -> None:
        self._stored = {
            path.stem: self._features(audio.load(path, RATE).samples) for path in sorted(folder.glob("*.wav"))
        }

    def find(self, asked: Asked) -> list[Answer]:
        heard = [audio.resample(e, RATE).samples for e in spoken_by_voices(asked, self._library)]
        examples = [self._features(trimmed(samples)) for samples in heard]
        answers, background = [], []
        for name in asked.within:
            paths = [warped(example, self._stored[name]) for example in examples]
            scores = np.stack([scores for scores, _ in paths])
            best = scores.argmax(0)
            starts = np.stack([starts for _, starts in paths])[best, np.arange(scores.shape[1])]
            scores = scores.max(0)
            background.append(scores[np.isfinite(scores)])
            for end in best_apart(scores, starts):
                answers.append(Answer(name, place(starts[end], end, HOP / RATE), float(scores[end])))
        answers.sort(key=lambda answer: -answer.score)
        return standardized(answers[:LIMIT], np.concatenate(background))

    def _features(self, samples: Float32) -> Float32:
        """Shape (n_frames, 39), unit vectors."""
        cepstra = self._mfcc(torch.from_numpy(samples)[None])
        deltas = torchaudio.functional.compute_deltas(cepstra)
        stacked = torch.cat([cepstra, deltas, torchaudio.functional.compute_deltas(deltas)], 1)[0].T.numpy()
        stacked = (stacked - stacked.mean(0)) / (stacked.std(0) + 1e-5)
        return (stacked / np.linalg.norm(stacked, axis=1, keepdims=True)).astype(np.float32)


def warped(example: Float32, stored: Float32) -> tuple[Float32, np.ndarray]:
    """Mean cosine along the best path that ends at each stored frame, and where that path begins."""
    return _warped(example @ stored.T)


@numba.njit(cache=True)
def _warped(cosines: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Steps of 1 and 1, 1 and 2, 2 and 1 frames; all example frames are used."""
    n, m = cosines.shape
    nowhere = np.float32(-np.inf)
    older = np.full(m, nowhere, np.float32)
    old = cosines[0].copy()
    older_starts = np.arange(m)
    old_starts = np.arange(m)
    for i in range(1, n):
        new = np.full(m, nowhere, np.float32)
        starts = np.arange(m)
        for j in range(1, m):
            best, start = old[j - 1], old_starts[j - 1]
            if j >= 2 and old[j - 2] > best:
                best, start = old[j - 2], old_starts[j - 2]
            both = older[j - 1] + cosines[i - 1, j]
            if both > best:
                best, start = both, older_starts[j - 1]
            new[j] = best + cosines[i, j]
            starts[j] = start
        older, older_starts = old, old_starts
        old, old_starts = new, starts
    return old / np.float32(n), old_starts


class Pairs:
    """Equal pairs of neighbouring layer-0 codes, counted in stretches as long as the example."""

    name = "equal token pairs"

    def __init__(self, library: Library) -> None:
        self.key = f"pairs-{library.tokenizer.name}"
        self._library = library
        self._stored: dict[str, np.ndarray] = {}

    def prepare(self, folder: Path, asked: Sequence[Asked]) -> None:
        tokenizer = self._library.tokenizer
        for path in sorted(folder.glob("*.wav")):
            codes = tokenizer.encode([audio.load(path, tokenizer.sample_rate)])[0]
            self._stored[path.stem] = as_pairs(codes.array[0])
        pairs, counts = np.unique(np.concatenate(list(self._stored.values())), return_counts=True)
        self._weights = dict(zip(pairs.tolist(), np.log(counts.sum() / counts).tolist(), strict=True))

    def find(self, asked: Asked) -> list[Answer]:
        tokenizer = self._library.tokenizer
        heard = [audio.resample(e, RATE) for e in spoken_by_voices(asked, self._library)]
        bare = [Waveform(trimmed(w.samples), w.sample_rate) for w in heard]
        spoken = tokenizer.encode([audio.resample(w, tokenizer.sample_rate) for w in bare])
        wanted = [as_pairs(codes.array[0]) for codes in spoken]
        length = max(2, int(np.mean([len(pairs) for pairs in wanted])))
        frame = to_seconds(1, tokenizer.frame_rate)
        pairs = np.unique(np.concatenate(wanted))
        answers = []
        for name in asked.within:
            stored = self._stored[name]
            hits = np.where(np.isin(stored, pairs), [self._weights[p] for p in stored.tolist()], 0.0)
            scores = np.convolve(hits, np.ones(length))[: len(hits)]
            starts = np.maximum(0, np.arange(len(hits)) - length + 1)
            for end in best_apart(np.where(scores > 0, scores, -np.inf), starts):
                answers.append(Answer(name, place(starts[end], end + 1, frame), float(scores[end]) / length))
        return sorted(answers, key=lambda answer: -answer.score)[:LIMIT]


def as_pairs(codes: np.ndarray) -> np.ndarray:
    """Each code with its next, as one number."""
    wide = codes.astype(np.int64)
    return wide[:-1] * 4096 + wide[1:]
