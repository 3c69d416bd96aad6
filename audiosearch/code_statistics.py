"""What the codes of a recording are like, layer by layer; and codes as a lossy line would deliver them."""

from dataclasses import dataclass

import numpy as np

from audiosearch.types import Codes

SHOWN = 12  # first codes of a layer


@dataclass(frozen=True, eq=False)
class LayerStatistics:
    """What the codes of a layer are like.

    Parameters
    ----------
    layer : int
    entropy : float
        Of how often each code occurs, in bits a frame.
    used : int
        How many different codes occur.
    first : list of int
        The first codes.
    """

    layer: int
    entropy: float
    used: int
    first: list[int]


def statistics(codes: Codes) -> list[LayerStatistics]:
    """Entropy and use of each layer.

    >>> two = Codes(np.array([[0, 1, 0, 1], [7, 7, 7, 7]], np.int16), 12.5, 8)
    >>> [(layer.entropy, layer.used) for layer in statistics(two)]
    [(1.0, 2), (0.0, 1)]
    """
    found = []
    for layer, row in enumerate(codes.array):
        counts = np.unique(row, return_counts=True)[1]
        shares = counts / max(1, counts.sum())
        entropy = abs(float(-(shares * np.log2(shares)).sum()))
        found.append(LayerStatistics(layer, entropy, len(counts), row[:SHOWN].tolist()))
    return found


def lose_frames(codes: Codes, share: float, seed: int = 0) -> Codes:
    """Codes where frames are lost at random; each lost one is replaced by the last that was not.

    Of what is lost at the beginning, the first frame is kept.
    """
    lost = np.random.default_rng(seed).random(codes.n_frames) < share
    heard = np.where(lost, 0, np.arange(codes.n_frames))
    return Codes(codes.array[:, np.maximum.accumulate(heard)], codes.frame_rate, codes.codebook_size)
