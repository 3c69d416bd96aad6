"""Codes to what is searched: fingerprints, anchors, histograms.

A fingerprint is a string, found by equality: the instant answer for copies that are equal or nearly
so. Anchors are vectors of short windows, found by cosine: they survive change, and their times vote
for where a match lies. A histogram says which codes a clip is made of, in no order: what it sounds
like.
"""

import functools
from collections.abc import Iterable
from typing import Literal

import numpy as np

from audiosearch import frames
from audiosearch.interfaces import Tokenizer
from audiosearch.types import ANCHOR_FRAMES, Clip, Codes, Entry, Float32, HistogramLayers, Schema

SEPARATOR = "_"
ANCHOR_DIM = 384
COEFFICIENTS = 3  # of the cosine transform over an anchor's frames


def represent(clip: Clip, codes: Codes, tokenizer: Tokenizer, schema: Schema) -> Entry:
    """Everything a store keeps of a clip, made as the store's schema says."""
    return Entry(
        clip=clip,
        codes=codes,
        fingerprint=fingerprint(codes, schema.fingerprint_frames),
        anchors=anchors(codes, tokenizer, schema.anchor_hop, schema.anchor_dim),
        hop=schema.anchor_hop,
        histogram=histogram(
            codes,
            counted(schema.histogram_layers, tokenizer),
            "l1" if schema.histogram_norm == "l1" else "l2",
        ),
    )


def fingerprint(codes: Codes, n_frames: int = 100) -> str:
    """The first layer-0 codes, joined by ``_``; all of them when there are fewer.

    >>> fingerprint(Codes(np.array([[567, 1204, 33]], np.int16), 12.5, 2048), n_frames=2)
    '567_1204'
    """
    return SEPARATOR.join(map(str, codes.array[0, :n_frames].tolist()))


def vectors(codes: Codes, codebooks: Float32, layers: Iterable[int]) -> Float32:
    """What the codes stand for: per frame the sum of some layers' codebook vectors.

    Parameters
    ----------
    codes : Codes
    codebooks : np.ndarray, shape (n_layers, codebook_size, dim), float32
    layers : iterable of int
        Which ones; those that the codes do not have are passed over.

    Returns
    -------
    np.ndarray, shape (n_frames, dim), float32
    """
    total = np.zeros((codes.n_frames, codebooks.shape[2]), np.float32)
    for layer in layers:
        if layer < codes.n_layers:
            total += codebooks[layer].take(codes.array[layer], axis=0)
    return total


def anchors(codes: Codes, tokenizer: Tokenizer, hop: int = 10, dim: int = ANCHOR_DIM) -> Float32:
    """Unit vectors, one per 10-frame window.

    The window's frame vectors (of the layers that tell which sound this is), less what they have in common,
    become the first coefficients of a discrete cosine transform over time: their mean and how they change.
    What changes faster does not survive rooms and noise. More numbers than ``dim`` are projected by a fixed
    random matrix, which keeps angles (Johnson and Lindenstrauss 1984).

    Returns
    -------
    np.ndarray, shape (n_windows, dim), float32
        Row i covers frames [i * hop, i * hop + 10); empty when the clip is shorter than a window.
    """
    layers = tokenizer.sound_layers[: max(0, codes.n_layers - tokenizer.sound_layers.start)]
    books = tokenizer.codebooks[layers.start : layers.stop]
    common = (np.full(books.shape[1], 1 / books.shape[1], np.float32) @ books).sum(axis=0)
    per_frame = vectors(codes, tokenizer.codebooks, layers) - common
    starts = frames.window_starts(codes.n_frames, hop)
    if not starts:
        return np.zeros((0, dim), np.float32)
    slots = np.lib.stride_tricks.sliding_window_view(per_frame, ANCHOR_FRAMES, axis=0)
    windows = slots[starts.start : starts.stop : hop] @ _cosines(ANCHOR_FRAMES)
    flat = windows.reshape(len(starts), -1)
    return unit(flat if flat.shape[1] == dim else flat @ _projection(flat.shape[1], dim))


def unit(rows: Float32) -> Float32:
    """Each row scaled to length 1; a row of zeros stays as it is."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    scaled: Float32 = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
    return scaled


def counted(layers: HistogramLayers, tokenizer: Tokenizer) -> range:
    """The layers whose codes a histogram counts: all, the first, or the first of those for sound."""
    if layers == "all":
        return range(tokenizer.n_layers)
    first = tokenizer.sound_layers.start if layers == "sound" else 0
    return range(first, first + 1)


def histogram(codes: Codes, layers: range = range(1), norm: Literal["counts", "l1", "l2"] = "l2") -> Float32:
    """How often each code occurs.

    Parameters
    ----------
    codes : Codes
    layers : range
        Those that are counted, all into the same bins.
    norm : "counts", "l1" or "l2"
        Plain counts, shares that add up to 1, or a vector of length 1.

    Returns
    -------
    np.ndarray, shape (codebook_size,), float32
    """
    bins = np.bincount(codes.array[layers.start : layers.stop].ravel(), minlength=codes.codebook_size).astype(
        np.float32
    )
    if norm == "counts" or not bins.any():
        return bins
    return bins / np.float32(bins.sum() if norm == "l1" else np.linalg.norm(bins))


def inverse_document_frequency(n_documents: int, containing: Float32) -> Float32:
    """Weight of each code: high where few clips have it.

    ``ln(1 + (n - n_i + 0.5) / (n_i + 0.5))``, as in BM25 (Robertson and Zaragoza 2009) and in Qdrant.

    Parameters
    ----------
    n_documents : int
    containing : np.ndarray, shape (codebook_size,)
        Number of clips that have each code.
    """
    return np.log1p((n_documents - containing + 0.5) / (containing + 0.5)).astype(np.float32)


@functools.cache
def _cosines(n: int) -> Float32:
    """The first columns of the orthonormal transform (DCT-II), shape (n, COEFFICIENTS)."""
    angles = np.pi * (np.arange(n)[:, None] + 0.5) * np.arange(COEFFICIENTS) / n
    basis = np.cos(angles) * np.sqrt(2 / n)
    basis[:, 0] /= np.sqrt(2)
    columns: Float32 = basis.astype(np.float32)
    return columns


@functools.cache
def _projection(n: int, dim: int) -> Float32:
    """Orthonormal columns (where ``dim <= n``), the same on every machine."""
    gaussian = np.random.Generator(np.random.PCG64(20)).standard_normal((n, dim))
    if dim <= n:  # by Cholesky: a QR would take much more memory for the same
        gaussian = np.linalg.solve(np.linalg.cholesky(gaussian.T @ gaussian), gaussian.T).T
    return np.ascontiguousarray(gaussian, np.float32)
