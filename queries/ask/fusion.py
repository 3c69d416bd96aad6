"""Several rankings as one: scores of unit variance, added up (Montague and Aslam 2001)."""

from collections.abc import Sequence

import numpy as np

from audiosearch.types import Float32


def fused(rankings: Sequence[tuple[float, Float32]]) -> Float32:
    """One score for each passage.

    Parameters
    ----------
    rankings : sequence of (float, np.ndarray of shape (n_passages,))
        Each with its weight. One in which all passages are equal counts for nothing.
    """
    total = np.zeros(len(rankings[0][1]), np.float32)
    for weight, scores in rankings:
        spread = float(np.std(scores))
        if spread > 0:
            total += weight * scores / spread
    return total
