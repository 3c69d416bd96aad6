r"""Is a line true? A small network looks at how two sounds agree along it, and beside it.

It is told of every frame of the query how well its sound, and what is said in it, agrees with the reference
on the line and up to half a second before and behind it, and how well frames agree that lie on no line:

    cosine |        .
           |       / \            what is the same sound agrees on the line, and nowhere beside it;
           |  ____/   \____       the same words in another voice agree before it here, behind it there, and
           +--------|-------- lag   in what is said more than in how it sounds
                  line

Frames are judged with their neighbours (two convolutions), then together: their mean, their deviation, and
those that tell the most (attention; Bahdanau et al. 2015). `benchmarks.verifier` trains it, for one
tokenizer: others are judged without it.
"""

import functools
import importlib.resources
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from safetensors.numpy import load

from audiosearch.alignment import Line, Track, between
from audiosearch.types import Float32, Float64

FILE = "verifier.safetensors"
LAGS = np.arange(-12, 13) * 0.04  # seconds from the line
ON_THE_LINE = len(LAGS) // 2
CHANNELS = (
    2 * len(LAGS) + 9
)  # two profiles; mean and deviation of four kinds of cosines; whether there is sound
HEADS, WIDE = 4, 8  # of the attention, and of what each attends to
LEAST_DEVIATION = 0.03
STANDARD = 0.3  # brings standard scores to the size of cosines


@dataclass(frozen=True, eq=False, slots=True)
class Heard:
    """The same frames by how they sound, and by what is said in them."""

    sound: Track
    speech: Track


def evidence(query: Sequence[Heard], references: Sequence[Heard], lines: Sequence[Line]) -> Float32:
    """What the network is told of each frame on each line.

    Parameters
    ----------
    query : sequence of Heard
        Its hearings, one on each grid of frames.
    references : sequence of Heard
        What is stored around each line.
    lines : sequence of Line

    Returns
    -------
    np.ndarray, shape (n_lines, n_frames, CHANNELS), float32
        The frames of all hearings, one behind the other, with an empty frame behind each.
    """
    parts = []
    for heard in query:
        part = np.zeros((len(lines), len(heard.sound.times) + 1, CHANNELS), np.float32)
        part[:, :-1] = _of_hearing(heard, references, lines)
        parts.append(part)
    return np.concatenate(parts, axis=1)


def _of_hearing(heard: Heard, references: Sequence[Heard], lines: Sequence[Line]) -> Float32:
    n_frames, n_lags = len(heard.sound.times), len(LAGS)
    frames = np.arange(n_frames)
    told = np.zeros((len(lines), n_frames, CHANNELS), np.float32)
    beside = [
        between(line.rate * heard.sound.times + line.offset + LAGS[:, None], reference.sound)
        if len(reference.sound.times) > 1
        else None
        for line, reference in zip(lines, references, strict=True)
    ]
    kinds = [(heard.sound, [r.sound for r in references]), (heard.speech, [r.speech for r in references])]
    for number, (query, stored) in enumerate(kinds):
        cosines = [query.vectors @ reference.vectors.T for reference in stored]
        anything = np.concatenate(cosines, axis=1)
        if not anything.size:
            continue
        told[:, :, 2 * n_lags + 2 * number : 2 * n_lags + 2 * number + 2] = _spread(anything, axis=1)
        for row, cosine, places in zip(told, cosines, beside, strict=True):
            if places is None:
                continue
            left, share, inside = places
            profile = (1 - share) * cosine[frames, left] + share * cosine[frames, left + 1]
            row[:, number * n_lags : (number + 1) * n_lags] = (inside * profile).T
            at = left[ON_THE_LINE]
            row[:, 2 * n_lags + 4 + 2 * number : 2 * n_lags + 6 + 2 * number] = _spread(cosine, axis=0)[at]
            row[:, -1] = inside[ON_THE_LINE]
    return told


def _spread(cosines: Float32, axis: int) -> Float32:
    """Mean and deviation along an axis, shape (n, 2)."""
    mean = cosines.mean(axis=axis)
    squares = np.einsum("ij,ij->i" if axis else "ij,ij->j", cosines, cosines) / cosines.shape[axis]
    return np.stack([mean, np.sqrt(np.maximum(squares - mean**2, 0))], axis=1)


def inputs(evidence: Float32) -> Float32:
    """The same with both profiles in standard scores, too: how far they exceed what anything agrees.

    Returns
    -------
    np.ndarray, shape (n_lines, n_frames, CHANNELS + 2 * len(LAGS)), float32
    """
    n_lags = len(LAGS)
    scores = [
        (evidence[..., number * n_lags : (number + 1) * n_lags] - evidence[..., mean, None])
        / (evidence[..., mean + 1, None] + LEAST_DEVIATION)
        for number, mean in enumerate((2 * n_lags, 2 * n_lags + 2))
    ]
    return np.concatenate([evidence, *(STANDARD * score for score in scores)], axis=-1, dtype=np.float32)


def is_frame(evidence: Float32) -> Float32:
    """1 for each frame, 0 for the empty ones; shape (n_lines, n_frames, 1)."""
    return np.asarray(np.any(evidence != 0, axis=-1, keepdims=True), np.float32)


class Verifier:
    """The network, as it is shipped.

    Parameters
    ----------
    weights : dict of str to np.ndarray
        As `benchmarks.verifier.network.Network` names them.
    """

    def __init__(self, weights: dict[str, Float32]) -> None:
        self._weights = weights

    def __call__(self, evidence: Float32, told: Float32) -> Float64:
        """Log-odds that each line is true; not calibrated.

        Parameters
        ----------
        evidence : np.ndarray, shape (n_lines, n_frames, CHANNELS)
        told : np.ndarray, shape (n_lines, n_told)
            Of each line as a whole (`audiosearch.judgement.Judgement.told`).

        Returns
        -------
        np.ndarray, shape (n_lines,), float64
        """
        present = is_frame(evidence)
        hidden = _relu(self._linear("first", inputs(evidence))) * present
        hidden = _relu(self._convolved("second", hidden)) * present
        hidden = hidden + _relu(self._convolved("third", hidden)) * present
        n = np.maximum(present.sum(axis=1), 1)
        mean: Float32 = hidden.sum(axis=1) / n
        variance: Float32 = ((hidden - mean[:, None]) ** 2 * present).sum(axis=1) / n
        weights = self._linear("attention", hidden) - 1e4 * (1 - present)
        weights = np.exp(weights - weights.max(axis=1, keepdims=True))
        weights /= weights.sum(axis=1, keepdims=True)
        values = self._linear("values", hidden).reshape(*hidden.shape[:2], HEADS, WIDE)
        attended = np.einsum("lth,lthw->lhw", weights, values).reshape(len(evidence), -1)
        together = np.concatenate([mean, np.sqrt(variance + 1e-4), attended, told], axis=1)
        odds: Float64 = self._linear("last", _relu(self._linear("joined", together)))[:, 0].astype(np.float64)
        return odds

    def _linear(self, name: str, x: Float32) -> Float32:
        product: Float32 = x @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]
        return product

    def _convolved(self, name: str, x: Float32) -> Float32:
        """Of three neighbours each; nothing lies before the first and behind the last."""
        weight = self._weights[f"{name}.weight"]  # (width, width, 3)
        padded = np.pad(x, ((0, 0), (1, 1), (0, 0)))
        taps = (padded[:, tap : tap + x.shape[1]] @ weight[:, :, tap].T for tap in range(3))
        total: Float32 = np.sum(list(taps), axis=0) + self._weights[f"{name}.bias"]
        return total


def _relu(x: Float32) -> Float32:
    return np.maximum(x, 0)


def shipped(tokenizer: str) -> Verifier | None:
    """The verifier in the package, if it was trained for the tokenizer of that name."""
    verifier, made_for = _shipped()
    return verifier if tokenizer == made_for else None


@functools.cache
def _shipped() -> tuple[Verifier, str]:
    content = (importlib.resources.files(__package__) / FILE).read_bytes()
    size = int.from_bytes(content[:8], "little")
    return Verifier(load(content)), json.loads(content[8 : 8 + size])["__metadata__"]["tokenizer"]
