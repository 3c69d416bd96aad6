"""Several rankings as one: standard scores, added up (Montague and Aslam 2001).

What stands out in one ranking counts for more than what is a little better than most in several.
"""

from collections.abc import Sequence

import numpy as np

from audiosearch.types import Float32

POWER = 1.5  # of standard scores above the mean


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
            total += weight * np.maximum((scores - scores.mean()) / spread, 0) ** POWER
    return total
